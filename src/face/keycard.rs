//! Keycard's API of service account credentials. The contract: docs/COMPATIBILITY.md, "Keycard".

use serde::Serialize;
use serde_json::{Value, json};

use super::{Face, Revealed, View, by_words, cursor, json, sentences, word_in};
use crate::answer::Answer;
use crate::credential::Credential;
use crate::credential::field::{Field, Given, Meaning, Noun, Verb};
use crate::credential::id::Id;
use crate::credential::secret::Token;
use crate::credential::time::Micros;
use crate::credential::validate::Dialect;
use crate::operation::{Handler, Operation, ReadPage, RenderContext};
use crate::refusal::{Conflict, Parameter, Refusal, Unreadable};
use crate::request::Request;
use crate::store::command::{Order, Page, SortKey, Until};
use crate::store::list::{Edge, Item, Listed, Position};
use crate::store::principal::Principal;
use crate::store::tenant::Tenant;

const WORDS: &[(Field, &str)] = &[(Field::Name, "name"), (Field::Description, "description")];

/// Keycard's words for fields.
pub struct Keycard;

impl Dialect for Keycard {
    fn word(&self, _noun: Noun, _verb: Verb, field: Field) -> Option<&'static str> {
        word_in(WORDS, field)
    }

    fn exception(&self, _verb: Verb, _field: Field, _given: &Given) -> Option<Meaning> {
        None
    }

    fn read_id(&self, text: &str) -> Option<Id> {
        Id::parse(text)
    }

    fn spell_id(&self, id: Id) -> String {
        id.to_string()
    }

    fn read_time(&self, text: &str) -> Option<Micros> {
        Micros::parse(text)
    }
}

/// Keycard's face.
pub static KEYCARD: Face = Face {
    dialect: &Keycard,
    read_body: |noun, verb, mut body| by_words(&Keycard, noun, verb, &mut body),
    render_error,
    tenants: Some(&View {
        one: |context, tenant| one(context, &Organization::new(tenant, permissions(context, Noun::Tenant))),
        list: |context, listed, page| {
            let may = permissions(context, Noun::Tenant);
            one(context, &List::new(context, listed, page, may, Tenant::position, Organization::new))
        },
    }),
    principals: Some(&View {
        one: |context, principal| one(context, &ServiceAccount::new(principal, permissions(context, Noun::Principal))),
        list: |context, listed, page| {
            let may = permissions(context, Noun::Principal);
            one(context, &List::new(context, listed, page, may, Principal::position, ServiceAccount::new))
        },
    }),
    credentials: Some(&View {
        one: |context, Revealed { credential, secret }| {
            let may = permissions(context, Noun::Credential);
            one(context, &ServiceAccountCredential::new(credential, secret.as_ref(), may))
        },
        list: |context, listed, page| {
            let may = permissions(context, Noun::Credential);
            let list = List::new(
                context,
                listed,
                page,
                may,
                |item| item.credential.position(),
                |item, may| ServiceAccountCredential::new(&item.credential, None, may),
            );
            one(context, &list)
        },
    }),
    deleted: (204, ""),
    prefixes: &["/organizations", "/service-account-token"],
    ignores_final_slash: false,
    preflight: None,
    // "X-Client-Request-ID: optional UUID; anything else is 400."
    request_id_header: Some("x-client-request-id"),
    token_header: None,
    is_oauth: false,
    tenant_header: None,
    // "organization_id is an id or a label".
    takes_labels: true,
    is_strict: false,
    takes_idempotency_keys: false,
    reveals_secrets: false,
    lists_secrets: false,
    access_of_roles: None,
    says_active: false,
    delete_is_idempotent: false,
    error_type: "application/json",
    correlation_header: None,
    headers: &[],
};

/// Lists by pages.
pub(crate) const PAGE: Handler<ReadPage> = Handler(read_page);

fn read_page(request: &Request<'_>, _noun: Noun) -> Result<Page, Refusal> {
    let mut wrong = Vec::new();
    let mut wants = |name, wants| wrong.push(Parameter { name, wants });
    let limit = request.query_value(&["limit"]).map_or(Some(LIMIT), |limit| limit.parse().ok());
    let limit = limit.filter(|limit| (1..=LIMIT_MAX).contains(limit)).unwrap_or_else(|| {
        wants("limit", "must be a whole number from 1 to 100");
        LIMIT
    });
    let list = listed_at(request);
    let mut edge = |name: &'static str| {
        let cursor = request.query_value(&[name])?;
        let edge = cursor::follow(&list, &cursor);
        if edge.is_none() {
            wants(name, "is not a cursor of this list");
        }
        edge
    };
    let (after, before) = (edge("after"), edge("before"));
    let descending = after.is_none() && before.is_some();
    let mut page = Page::first(Order { descending, ..OLDEST_FIRST }, limit);
    page.checks_previous = true;
    match (after, before) {
        // Both: the range between them.
        (Some(after), before) => {
            page.begin(after);
            page.until = before.map(|Edge { created_at, id, .. }| Until { at: created_at, id });
        }
        (None, Some(before)) => page.begin(before),
        (None, None) => {}
    }
    if wrong.is_empty() { Ok(page) } else { Err(Refusal::Unreadable(Unreadable::Parameters(wrong))) }
}

/// In whichever direction a page is read, its cursors are those of one list.
const OLDEST_FIRST: Order = Order { key: SortKey::Creation, descending: false };

fn listed_at<'a>(request: &Request<'a>) -> cursor::List<'a> {
    cursor::List::new(request.path, OLDEST_FIRST, None)
}

fn one(context: &RenderContext<'_>, shown: &impl Serialize) -> Answer {
    Answer::new(if context.creates() { 201 } else { 200 }, json(shown))
}

fn render_error(refusal: &Refusal) -> Answer {
    let (status, code, message) = match refusal {
        Refusal::Misconfigured(setting) => (503, "unavailable", setting.words()),
        Refusal::NoRoute => (404, "not_found", "No route has this path.".to_owned()),
        Refusal::MethodNotAllowed { allow } => (405, "method_not_allowed", format!("This route accepts {allow}.")),
        Refusal::ContentCoding => (
            415,
            "unsupported_media_type",
            "The Content-Encoding is not supported: send the body uncompressed.".to_owned(),
        ),
        Refusal::MediaType => (415, "unsupported_media_type", "The Content-Type must be application/json.".to_owned()),
        Refusal::TooLarge => (413, "too_large", "The body is larger than 64 KiB.".to_owned()),
        Refusal::Unreadable(reason) => (400, "bad_request", reason.words()),
        Refusal::Unauthenticated | Refusal::Inactive => {
            (401, "unauthorized", "The credentials were not accepted.".to_owned())
        }
        Refusal::TooManyFailures => {
            (429, "rate_limited", "Too many failed authentications: try again in a minute.".to_owned())
        }
        Refusal::Forbidden | Refusal::TenantNotNamed => {
            (403, "forbidden", "You lack permission for this operation.".to_owned())
        }
        Refusal::Missing(Noun::Tenant) => (404, "not_found", "Organization not found.".to_owned()),
        Refusal::Missing(Noun::Principal) => (404, "not_found", "Service account not found.".to_owned()),
        Refusal::Missing(Noun::Credential) | Refusal::MissingMeans => {
            (404, "not_found", "Credential not found.".to_owned())
        }
        Refusal::Stale => (
            412,
            "precondition_failed",
            "If-Match or If-None-Match does not match. Read the resource again and send its current ETag.".to_owned(),
        ),
        Refusal::PreconditionRequired => (
            428,
            "precondition_required",
            "This organization requires If-Match. Send the ETag of the credential.".to_owned(),
        ),
        Refusal::Invalid(violations) => (400, "bad_request", sentences(&Keycard, violations)),
        Refusal::ForbiddenChange => (403, "forbidden", "You lack permission for this change.".to_owned()),
        Refusal::NoRoles => (403, "forbidden", "This organization is not RBAC-enabled.".to_owned()),
        Refusal::KeyReused => {
            (400, "bad_request", "This Idempotency-Key was already used with another body.".to_owned())
        }
        Refusal::TooMany => {
            (400, "bad_request", "More than 10,000 credentials would be deleted. Delete some of them first.".to_owned())
        }
        Refusal::Conflict(Conflict::DefaultPrincipal) => {
            (409, "conflict", "The default service account cannot be deleted or disabled.".to_owned())
        }
        Refusal::Conflict(_) => (409, "conflict", "The resource already exists.".to_owned()),
        Refusal::NotReady(_) | Refusal::Verifier | Refusal::Unavailable | Refusal::NoIssuerKeys => {
            (503, "unavailable", "The database is unavailable. Try again.".to_owned())
        }
        Refusal::OutcomeUnknown => (
            503,
            "unavailable",
            "The outcome of this change is unknown. Read the resource before you send the change again.".to_owned(),
        ),
        Refusal::Broken(_) => (500, "internal_error", "Internal error.".to_owned()),
    };
    let answer = Answer::new(status, json(&ApiError { message, code, status }));
    // On 409 and 503, the SDKs send a request up to three times, POST included. These conflicts persist, and a change
    // that may have been made must not be made twice.
    if status == 409 || *refusal == Refusal::OutcomeUnknown { answer.with("x-should-retry", "false") } else { answer }
}

/// The default number of items on a page.
pub const LIMIT: u32 = 20;
/// The maximum number of items on a page.
pub const LIMIT_MAX: u32 = 100;

#[derive(Serialize)]
struct ServiceAccountCredential<'a> {
    id: Id,
    client_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<&'a str>,
    created_at: String,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions: Option<Value>,
}

impl<'a> ServiceAccountCredential<'a> {
    fn new(credential: &'a Credential, secret: Option<&'a Token>, permissions: Option<Value>) -> Self {
        Self {
            id: credential.id,
            client_id: credential.id.client(),
            client_secret: secret.map(Token::reveal),
            created_at: credential.created_at.to_rfc3339_millis(),
            name: &credential.state.name,
            description: credential.state.description.as_deref(),
            last_used_at: credential.last_used_at.map(Micros::to_rfc3339_millis),
            permissions,
        }
    }
}

#[derive(Serialize)]
struct Organization<'a> {
    id: Id,
    created_at: String,
    label: &'a str,
    name: &'a str,
    sso_enabled: bool,
    updated_at: String,
    zone_id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions: Option<Value>,
}

impl<'a> Organization<'a> {
    fn new(tenant: &'a Tenant, permissions: Option<Value>) -> Self {
        Self {
            id: tenant.id,
            created_at: tenant.created_at.to_rfc3339_millis(),
            label: &tenant.label,
            name: &tenant.state.name,
            // "sso_enabled: false; zone_id: the organisation's id".
            sso_enabled: false,
            updated_at: tenant.updated_at.to_rfc3339_millis(),
            zone_id: tenant.id,
            permissions,
        }
    }
}

#[derive(Serialize)]
struct ServiceAccount<'a> {
    id: Id,
    created_at: String,
    name: &'a str,
    updated_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions: Option<Value>,
}

impl<'a> ServiceAccount<'a> {
    fn new(principal: &'a Principal, permissions: Option<Value>) -> Self {
        Self {
            id: principal.id,
            created_at: principal.created_at.to_rfc3339_millis(),
            name: &principal.state.name,
            updated_at: principal.updated_at.to_rfc3339_millis(),
            description: principal.state.description.as_deref(),
            permissions,
        }
    }
}

#[derive(Serialize)]
struct List<T> {
    items: Vec<T>,
    page_info: PageInfo,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions: Option<Value>,
}

#[derive(Serialize)]
struct PageInfo {
    has_next_page: bool,
    has_prev_page: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_cursor: Option<String>,
}

impl<T> List<T> {
    /// The page, oldest first, whichever way it was read. What the caller may do is the same for each item.
    fn new<'a, S>(
        context: &RenderContext<'_>,
        listed: &'a Listed<S>,
        page: &Page,
        permissions: Option<Value>,
        position: impl Fn(&S) -> Position<'_>,
        item: impl Fn(&'a S, Option<Value>) -> T,
    ) -> Self {
        let listing = listed_at(context.request);
        let cursor_of = |item: Option<&S>| item.map(|item| cursor::at(&listing, &position(item)));
        let (first, last) = (cursor_of(listed.items.first()), cursor_of(listed.items.last()));
        let mut items: Vec<T> = listed.items.iter().map(|one| item(one, permissions.clone())).collect();
        let page_info = if page.order.descending {
            items.reverse();
            PageInfo {
                has_next_page: listed.has_previous,
                has_prev_page: listed.more,
                end_cursor: first,
                start_cursor: last,
            }
        } else {
            PageInfo {
                has_next_page: listed.more,
                has_prev_page: listed.has_previous,
                end_cursor: last,
                start_cursor: first,
            }
        };
        Self { items, page_info, permissions }
    }
}

#[derive(Serialize)]
struct ApiError {
    message: String,
    code: &'static str,
    status: u16,
}

/// Returns what the caller may do with resources of this noun, if the request asks for it (`expand`).
fn permissions(context: &RenderContext<'_>, noun: Noun) -> Option<Value> {
    let expand = context.request.query_values(&["expand", "expand[]"]);
    let asks = expand.iter().flat_map(|value| value.split(',')).any(|value| value == "permissions");
    let rank = context.rank.filter(|_| asks)?;
    let may = |operation| (context.required_right)(operation).is_some_and(|right| rank >= right);
    let what = match noun {
        Noun::Tenant => "organizations",
        Noun::Principal => "service_accounts",
        Noun::Credential => "credentials",
    };
    Some(json!({ what: {
        "read": may(Operation::Read(noun)),
        "update": may(Operation::Write(noun, Verb::Merge)),
        "delete": may(Operation::Delete(noun)),
    } }))
}
