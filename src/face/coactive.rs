//! Coactive: System Credentials. Its contract: docs/COMPATIBILITY.md, "Coactive".

use serde::Serialize;
use serde_json::{Value, json};

use super::{Face, Scope, Shown, json};
use crate::answer::Answer;
use crate::caller::{Caller, Rank};
use crate::credential::field::{Draft, Field, Kind, Meaning, Place, Rule, Said, Verb, Violation};
use crate::credential::id::Id;
use crate::credential::role::Role;
use crate::credential::secret::Token;
use crate::credential::validate::Dialect;
use crate::refusal::{Conflict, Noun, Refusal};
use crate::request::Request;
use crate::store::question::{Key, TenantRef};

/// The header by which root names a tenant.
pub const TENANT_HEADER: &str = "x-postern-tenant";

/// The face.
pub struct Coactive;

impl Dialect for Coactive {
    fn word(&self, verb: Verb, field: Field) -> Option<&'static str> {
        match field {
            Field::Name => Some("name"),
            Field::Roles => Some("roles"),
            Field::RolesContext => (verb == Verb::Replace).then_some("roles_context"),
            Field::Id
            | Field::Principal
            | Field::Description
            | Field::Enabled
            | Field::Secret
            | Field::CreatedAt
            | Field::UpdatedAt => None,
        }
    }

    fn exception(&self, verb: Verb, field: Field, _said: &Said) -> Option<Meaning> {
        match (verb, field) {
            // "name absent or null on PUT: keeps the name".
            (Verb::Replace, Field::Name) => Some(Meaning::Keep),
            // "No roles (absent, null or []) means full access."
            (_, Field::Roles) => Some(Meaning::Clear),
            _ => None,
        }
    }

    fn read_id(&self, _text: &str) -> Option<Id> {
        None
    }
}

impl Face for Coactive {
    fn scope(&self, request: &Request<'_>, caller: &Caller, segments: &[String]) -> Result<Scope, Refusal> {
        let tenant = if caller.is_root() {
            let named = request.headers.get(TENANT_HEADER).ok_or(Refusal::TenantNotNamed)?;
            Some(Id::parse_either(&named).map_or(TenantRef::Label(named), |id| TenantRef::Id(Key(Some(id)))))
        } else {
            None
        };
        let credential = segments.first().map(|segment| Key(Id::parse_client(segment)));
        Ok(Scope { tenant, principal: None, credential })
    }

    fn need(&self, _verb: Option<Verb>) -> Rank {
        Rank::Admin
    }

    fn reread(&self, draft: &mut Draft) {
        // `[]` says what null says: full access.
        if matches!(draft.said(Field::Roles), Said::Value(Value::Array(roles)) if roles.is_empty()) {
            draft.say(Field::Roles, Said::Null);
        }
    }

    fn show(&self, verb: Option<Verb>, shown: &Shown<'_>) -> Answer {
        let roles = shown.credential.roles.as_deref().unwrap_or_default();
        let body = Client {
            client_id: shown.credential.id.client(),
            client_secret: shown.secret.map_or("", Token::reveal),
            name: &shown.credential.name,
            roles: roles.iter().map(ShownRole::of).collect(),
        };
        Answer::new(if verb == Some(Verb::Create) { 201 } else { 200 }, json(&body))
    }

    fn fail(&self, refusal: &Refusal) -> Answer {
        let detail = |status, text: &str| Answer::new(status, json(&json!({ "detail": text })));
        match refusal {
            Refusal::Unreadable(reason) => {
                unprocessable(&[Detail { loc: vec!["body".into()], msg: reason.words(), kind: "json_invalid" }])
            }
            Refusal::Invalid(violations) => unprocessable(&violations.iter().map(Detail::of).collect::<Vec<_>>()),
            Refusal::Misconfigured(setting) => detail(503, &setting.words()),
            Refusal::NoRoute => detail(404, "Not Found"),
            Refusal::MethodNotAllowed { .. } => detail(405, "Method Not Allowed"),
            Refusal::MediaType => detail(415, "Unsupported Media Type: send application/json"),
            Refusal::TooLarge => detail(413, "Request body too large: 64 KiB at most"),
            Refusal::Unauthenticated | Refusal::Inactive => detail(401, "Invalid authentication credentials"),
            Refusal::Forbidden => detail(403, "Only a system administrator may manage system credentials"),
            Refusal::TenantNotNamed => {
                detail(403, "The root token has to name an organization in the header X-Postern-Tenant")
            }
            Refusal::Missing(Noun::Tenant) => detail(404, "Organization not found"),
            Refusal::Missing(Noun::Principal | Noun::Credential) => detail(404, "Client not found"),
            Refusal::Stale => detail(412, "The client was changed since: If-Match does not hold"),
            Refusal::PreconditionRequired => detail(428, "This organization requires If-Match"),
            Refusal::ForbiddenChange => detail(403, "You may not change this"),
            Refusal::NoRoles => detail(403, "Roles are only available to organizations that are RBAC-enabled"),
            Refusal::Conflict(Conflict::Id | Conflict::Secret) => detail(409, "The client exists already"),
            Refusal::Unavailable => detail(503, "Service Unavailable: try again"),
            Refusal::Broken(_) => detail(500, "Internal Server Error"),
        }
    }
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the members' names are the contract's")]
struct Client<'a> {
    client_id: String,
    client_secret: &'a str,
    name: &'a str,
    roles: Vec<ShownRole<'a>>,
}

#[derive(Serialize)]
struct ShownRole<'a> {
    role_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_instance: Option<&'a str>,
}

impl<'a> ShownRole<'a> {
    fn of(role: &'a Role) -> Self {
        let Role { resource, resource_instance, role_id } = role;
        Self { role_id, resource: resource.as_deref(), resource_instance: resource_instance.as_deref() }
    }
}

/// One item of a 422, shaped as FastAPI shapes it.
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
    fn of(violation: &Violation) -> Self {
        let Violation { field, place, rule } = violation;
        // A violation is only of a field that the face has a word for.
        let word = Coactive.word(Verb::Replace, *field).unwrap_or_default();
        let mut loc: Vec<Value> = vec!["body".into(), word.into()];
        match place {
            Place::Whole => {}
            Place::Role(index) => loc.push((*index).into()),
            Place::Member(index, member) => loc.extend([(*index).into(), member.name().into()]),
        }
        let (kind, msg) = words(rule);
        Self { loc, msg, kind }
    }
}

/// A rule in pydantic's type and words, where it has them.
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
        Rule::TooMany { max } => ("too_long", format!("List should have at most {max} items")),
        Rule::Control => value_error("control characters are not allowed"),
        Rule::UnknownRole => value_error("this organization has no role of this id"),
        Rule::InstanceAlone => value_error("a resource_instance needs its resource"),
        Rule::OutsideContext => value_error("this role lies outside of the roles_context"),
        Rule::LastRole => value_error(
            "this would take the last role away, and no role means full access: to grant that, leave roles_context out",
        ),
        Rule::NotAContext => value_error("roles_context is 'system' or 'dataset:{dataset_id}'"),
        Rule::NotAnId | Rule::UnknownPrincipal(_) => value_error("unknown id"),
        Rule::NotATime => value_error("not a time"),
        Rule::NotAToken | Rule::Checksum | Rule::LooksLikeAClient => value_error("not a token"),
    }
}
