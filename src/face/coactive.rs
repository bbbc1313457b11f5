//! Coactive's System Credentials API. The contract: docs/COMPATIBILITY.md, "Coactive".

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Face, Revealed, View, by_words, json, word_in};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::credential::access::Access;
use crate::credential::field::{Draft, Field, Given, Kind, Location, Meaning, Noun, Rule, Verb, Violation};
use crate::credential::id::Id;
use crate::credential::role::Role;
use crate::credential::secret::Token;
use crate::credential::time::Micros;
use crate::credential::validate::{Dialect, read_context};
use crate::credential::{Credential, role};
use crate::operation::{Handler, LogIn, LogInBy, ReadLogIn, ReadNothing, ReadPage, Render, RenderContext};
use crate::refusal::{Parameter, Refusal, Unreadable};
use crate::request::{Request, TAGS_MAX};
use crate::settings::Settings;
use crate::store::command::{AccessOfRoles, Order, Page, SortKey};
use crate::store::list::PAGE_MAX;

/// The header in which the root token names a tenant.
pub const TENANT_HEADER: &str = "x-postern-tenant";

const ROLES_CONTEXT: &str = "roles_context";

const WORDS: &[(Field, &str)] = &[(Field::Name, "name"), (Field::Roles, "roles"), (Field::RolesContext, ROLES_CONTEXT)];

/// Coactive's words for fields.
pub struct Coactive;

impl Dialect for Coactive {
    fn word(&self, _noun: Noun, verb: Verb, field: Field) -> Option<&'static str> {
        let has = field != Field::RolesContext || verb == Verb::Replace;
        word_in(WORDS, field).filter(|_| has)
    }

    fn exception(&self, verb: Verb, field: Field, _given: &Given) -> Option<Meaning> {
        // "name absent or null on PUT: keeps the name". "No roles (absent, null or []) means full access."
        let keeps = (verb, field) == (Verb::Replace, Field::Name);
        if keeps { Some(Meaning::Keep) } else { (field == Field::Roles).then_some(Meaning::Clear) }
    }

    fn read_id(&self, text: &str) -> Option<Id> {
        Id::parse_client(text)
    }

    fn spell_id(&self, id: Id) -> String {
        id.client()
    }

    fn read_time(&self, text: &str) -> Option<Micros> {
        Micros::parse(text)
    }
}

/// Coactive's face.
pub static COACTIVE: Face = Face {
    dialect: &Coactive,
    read_body,
    render_error,
    tenants: None,
    principals: None,
    credentials: Some(&View {
        one: |context, Revealed { credential, secret }| {
            let status = if context.creates() { 201 } else { 200 };
            Answer::new(status, json(&Client::new(credential, secret.as_ref())))
        },
        list: |_, listed, _| {
            let clients = listed.items.iter().map(|item| Client::new(&item.credential, None));
            Answer::new(200, json(&clients.collect::<Vec<_>>()))
        },
    }),
    deleted: (200, "null"),
    prefixes: &["/api"],
    ignores_final_slash: false,
    preflight: None,
    request_id_header: None,
    token_header: None,
    is_oauth: false,
    tenant_header: Some(TENANT_HEADER),
    takes_labels: false,
    is_strict: false,
    takes_idempotency_keys: false,
    reveals_secrets: false,
    lists_secrets: false,
    // "Roles are the access of a client; without roles it has full access."
    access_of_roles: Some(&AccessOfRoles {
        full: Access::Admin,
        roles: &[("admin", Access::Admin), ("editor", Access::Edit), ("viewer", Access::Read)],
    }),
    says_active: false,
    delete_is_idempotent: false,
    error_type: "application/json",
    correlation_header: None,
    headers: &[],
};

/// Lists clients, all in one response.
pub(crate) const PAGE: Handler<ReadPage> = Handler(read_page);
/// Issues an access token.
pub(crate) const LOG_IN: Handler<ReadLogIn> = Handler(read_log_in);
/// Lists the roles of the tenant.
pub(crate) const ROLES: Handler<(ReadNothing, Render<Vec<String>>)> = Handler((check_roles_context, render_roles));

fn read_body(noun: Noun, verb: Verb, mut body: Map<String, Value>) -> Draft {
    let mut draft = by_words(&Coactive, noun, verb, &mut body);
    // `[]` means the same as null: full access.
    if matches!(draft.given(Field::Roles), Given::Value(Value::Array(roles)) if roles.is_empty()) {
        draft.set(Field::Roles, Given::Null);
    }
    draft
}

/// Returns the whole list, in the order of creation ("no parameters, no paging").
#[expect(clippy::unnecessary_wraps, reason = "the type of every reader of a page")]
fn read_page(_request: &Request<'_>, _noun: Noun) -> Result<Page, Refusal> {
    Ok(Page::first(Order { key: SortKey::Creation, descending: false }, PAGE_MAX))
}

fn check_roles_context(request: &Request<'_>) -> Result<(), Refusal> {
    if request.query_value(&[ROLES_CONTEXT]).is_none_or(|context| read_context(&context).is_ok()) {
        return Ok(());
    }
    let parameter = Parameter { name: ROLES_CONTEXT, wants: "must be 'system' or 'dataset:{dataset_id}'" };
    Err(Refusal::Unreadable(Unreadable::Parameters(vec![parameter])))
}

fn read_log_in(request: &Request<'_>, settings: &Settings) -> Result<LogIn, Refusal> {
    // "JSON body {"grant_type": "client_credentials"} or no body at all."
    if request.has_body() {
        let grant = request.object()?.remove("grant_type");
        if grant.is_none_or(|grant| grant != "client_credentials") {
            return Err(Refusal::Unreadable(Unreadable::GrantType));
        }
    }
    Ok(LogIn { by: LogInBy::Secret(Caller::basic(request.headers, settings)?), scope: None })
}

#[expect(clippy::ptr_arg, reason = "the type of every renderer of roles")]
fn render_roles(context: &RenderContext<'_>, names: &Vec<String>) -> Answer {
    Answer::new(200, json(&Roles::new(context.request, names)))
}

fn render_error(refusal: &Refusal) -> Answer {
    let detail = |status, text: &str| Answer::new(status, json(&json!({ "detail": text })));
    match refusal {
        Refusal::Unreadable(reason @ Unreadable::GrantType) => detail(400, &reason.words()),
        Refusal::Unreadable(Unreadable::Parameters(parameters)) => {
            unprocessable(&parameters.iter().map(Detail::from_query).collect::<Vec<_>>())
        }
        Refusal::Unreadable(Unreadable::TooManyTags(header)) => {
            let msg = format!("Value error, more than {TAGS_MAX} ETags: send at most {TAGS_MAX}");
            let loc = vec!["header".into(), header.to_ascii_lowercase().into()];
            unprocessable(&[Detail { loc, msg, kind: "value_error" }])
        }
        Refusal::Unreadable(reason) => {
            unprocessable(&[Detail { loc: vec!["body".into()], msg: reason.words(), kind: "json_invalid" }])
        }
        Refusal::Invalid(violations) => unprocessable(&violations.iter().map(Detail::new).collect::<Vec<_>>()),
        Refusal::Misconfigured(setting) => detail(503, &setting.words()),
        Refusal::NoRoute => detail(404, "Not Found"),
        Refusal::MethodNotAllowed { .. } => detail(405, "Method Not Allowed"),
        Refusal::ContentCoding => detail(415, "Unsupported Content-Encoding: send the body uncompressed"),
        Refusal::MediaType => detail(415, "Unsupported Media Type: send application/json"),
        Refusal::TooLarge => detail(413, "Request body too large: send at most 64 KiB"),
        Refusal::Unauthenticated | Refusal::Inactive => detail(401, "Invalid authentication credentials"),
        Refusal::TooManyFailures => detail(429, "Too many failed authentications: try again in a minute"),
        Refusal::Forbidden => detail(403, "Only a system administrator may manage system credentials"),
        Refusal::TenantNotNamed => {
            detail(403, "The root token must name an organization in the X-Postern-Tenant header")
        }
        Refusal::Missing(Noun::Tenant) => detail(404, "Organization not found"),
        Refusal::Missing(Noun::Principal | Noun::Credential) | Refusal::MissingMeans => detail(404, "Client not found"),
        Refusal::Stale => {
            detail(412, "If-Match or If-None-Match does not match: read the client again and send its current ETag")
        }
        Refusal::PreconditionRequired => {
            detail(428, "This organization requires If-Match: send the ETag of the client")
        }
        Refusal::ForbiddenChange => detail(403, "You lack permission for this change"),
        Refusal::NoRoles => detail(403, "Roles are only available to organizations that are RBAC-enabled"),
        Refusal::KeyReused => detail(422, "This Idempotency-Key was already used with another body"),
        Refusal::TooMany => detail(
            400,
            "More than 10,000 clients or 12 MiB, too much for one response. Page through them at /v1/tenants/{tenant}/credentials",
        ),
        Refusal::Conflict(_) => detail(409, "The client already exists"),
        Refusal::NotReady(_) | Refusal::Verifier | Refusal::Unavailable | Refusal::NoIssuerKeys => {
            detail(503, "Service Unavailable: try again")
        }
        Refusal::OutcomeUnknown => detail(
            503,
            "Service Unavailable: the outcome of this change is unknown. Read the client before you send the change again",
        ),
        Refusal::Broken(_) => detail(500, "Internal Server Error"),
    }
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the members' names are the contract's")]
struct Client<'a> {
    client_id: String,
    client_secret: &'a str,
    name: &'a str,
    roles: Vec<RoleView<'a>>,
}

impl<'a> Client<'a> {
    fn new(credential: &'a Credential, secret: Option<&'a Token>) -> Self {
        let roles = credential.state.roles().unwrap_or_default();
        Self {
            client_id: credential.id.client(),
            client_secret: secret.map_or("", Token::reveal),
            name: &credential.state.name,
            roles: roles.iter().map(RoleView::new).collect(),
        }
    }
}

/// The tenant's roles, on the resource that the query names.
#[derive(Serialize)]
struct Roles<'a> {
    roles: Vec<TenantRole<'a>>,
}

#[derive(Serialize)]
struct TenantRole<'a> {
    role_id: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
}

impl<'a> Roles<'a> {
    fn new(request: &Request<'_>, names: &'a [String]) -> Self {
        let context = request.query_value(&[ROLES_CONTEXT]).and_then(|context| read_context(&context).ok());
        let resource = context.and_then(|role::Context { resource, .. }| resource);
        let role = |name: &'a String| TenantRole { role_id: name, name, resource: resource.clone() };
        Self { roles: names.iter().map(role).collect() }
    }
}

#[derive(Serialize)]
struct RoleView<'a> {
    role_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_instance: Option<&'a str>,
}

impl<'a> RoleView<'a> {
    fn new(role: &'a Role) -> Self {
        let Role { resource, resource_instance, role_id } = role;
        Self { role_id, resource: resource.as_deref(), resource_instance: resource_instance.as_deref() }
    }
}

/// One item of a 422, in the format of FastAPI.
#[derive(Serialize)]
struct Detail {
    loc: Vec<Value>,
    msg: String,
    #[serde(rename = "type")]
    kind: &'static str,
}

fn unprocessable(details: &[Detail]) -> Answer {
    Answer::new(422, json(&json!({ "detail": details })))
}

impl Detail {
    fn from_query(parameter: &Parameter) -> Self {
        let loc = vec!["query".into(), parameter.name.into()];
        Self { loc, msg: format!("Value error, {} {}", parameter.name, parameter.wants), kind: "value_error" }
    }

    fn new(violation: &Violation) -> Self {
        let Violation { field, location, rule } = violation;
        // A violation is on a field for which the face has a word, or on the body as a whole.
        let word = Coactive.word(Noun::Credential, Verb::Replace, *field);
        let mut loc: Vec<Value> = std::iter::once("body").chain(word).map(Value::from).collect();
        match location {
            Location::Whole => {}
            Location::Role(index) | Location::Item(index) => loc.push((*index).into()),
            Location::Member(index, member) => loc.extend([(*index).into(), member.name().into()]),
            Location::UnknownMember(index, name) => loc.extend([(*index).into(), name.as_str().into()]),
            Location::Key(name) => loc.push(name.as_str().into()),
            // Bodies of this face have no such place.
            Location::Pointer(pointer) => loc.push(pointer.as_str().into()),
        }
        let (kind, msg) = words(rule);
        Self { loc, msg, kind }
    }
}

/// Returns the type and message of a violated rule: pydantic's, if it has such a rule.
fn words(rule: &Rule) -> (&'static str, String) {
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let value_error = |text: &str| ("value_error", format!("Value error, {text}"));
    match rule {
        Rule::Missing => ("missing", "Field required".to_owned()),
        Rule::NotNull | Rule::Type(Kind::Text) => ("string_type", "Input should be a valid string".to_owned()),
        Rule::Type(Kind::Boolean) => ("bool_type", "Input should be a valid boolean".to_owned()),
        Rule::Type(Kind::List) => ("list_type", "Input should be a valid list".to_owned()),
        Rule::Type(Kind::Object) => {
            ("model_attributes_type", "Input should be a valid dictionary or object to extract fields from".to_owned())
        }
        Rule::TooShort { min } => {
            ("string_too_short", format!("String should have at least {min} character{}", plural(*min)))
        }
        Rule::TooLong { max } => ("string_too_long", format!("String should have at most {max} characters")),
        Rule::TooMany { max } | Rule::TooManySent { max } => {
            ("too_long", format!("List should have at most {max} items"))
        }
        Rule::Control => value_error("control characters are not allowed"),
        Rule::UnknownRole => value_error("this organization has no role with this id"),
        Rule::InstanceAlone => value_error("resource_instance requires resource in the same role"),
        Rule::OutsideContext => value_error("this role is outside roles_context"),
        Rule::LastRole => value_error(
            "this would remove the last role, and no roles means full access: to grant full access, omit roles_context",
        ),
        Rule::NotAContext => value_error("roles_context must be 'system' or 'dataset:{dataset_id}'"),
        Rule::TooLarge { max } => value_error(&format!("must have at most {max} bytes of JSON after merging")),
        Rule::TooManyViolations { max } => (
            "value_error",
            format!("Value error, more than {max} errors: fix the first {max}, listed here, and send the body again"),
        ),
        // Rules on fields that this face does not have.
        Rule::NotAnId | Rule::UnknownPrincipal(_) => value_error("unknown id"),
        Rule::Means(wants) => value_error(wants),
        Rule::Unpinned(_) => value_error("must require an id of one organization"),
        Rule::NotATime => value_error("not an RFC 3339 time from 1970 to 2255"),
        Rule::NotAToken | Rule::Checksum | Rule::LooksLikeAClient => value_error("not a token"),
        Rule::Type(Kind::Number) | Rule::NotInRange { .. } => value_error("not a number within its bounds"),
        Rule::NotAChoice { .. }
        | Rule::NotOfDefaultPrincipal
        | Rule::ItemCount { .. }
        | Rule::ExactlyOne(_)
        | Rule::NotAScopeToken
        | Rule::ReadOnly
        | Rule::Unknown(_) => value_error("not allowed here"),
    }
}
