//! LiteGraph: Credentials. Its contract: docs/COMPATIBILITY.md, "LiteGraph".

mod page;
mod views;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Face, View, by_words, json, sentences, word_in};
use crate::answer::Answer;
use crate::credential::field::{Draft, Field, Given, Meaning, Noun, Verb};
use crate::credential::id::Id;
use crate::credential::validate::Dialect;
use crate::operation::{Handler, ReadPage};
use crate::refusal::{Conflict, Refusal};
use views::{Credential, Tenant, User, array, ok};

const WORDS: &[(Field, &str)] = &[
    (Field::Id, "GUID"),
    (Field::Principal, "UserGUID"),
    (Field::Name, "Name"),
    (Field::FirstName, "FirstName"),
    (Field::LastName, "LastName"),
    (Field::Email, "Email"),
    (Field::Enabled, "Active"),
    (Field::Secret, "BearerToken"),
    (Field::CreatedAt, "CreatedUtc"),
    (Field::UpdatedAt, "LastUpdateUtc"),
];

/// Its words.
pub struct LiteGraph;

impl Dialect for LiteGraph {
    fn word(&self, noun: Noun, verb: Verb, field: Field) -> Option<&'static str> {
        // Read-only after creation: ignored then, whatever they hold.
        let create_only = matches!(field, Field::Id | Field::CreatedAt | Field::UpdatedAt);
        // A user has its name in parts.
        let in_parts = noun == Noun::Principal && field == Field::Name;
        word_in(WORDS, field).filter(|_| !in_parts && (!create_only || verb == Verb::Create))
    }

    fn exception(&self, verb: Verb, field: Field, given: &Given) -> Option<Meaning> {
        let (creates, absent) = (verb == Verb::Create, *given == Given::Absent);
        if field == Field::Secret {
            // A BearerToken is made here if it is absent, null or empty; on update, "absent, null or empty keeps the token".
            Some(if creates { Meaning::Default } else { Meaning::Keep })
        } else if field == Field::Principal && absent {
            // "UserGUID is required", on create and update.
            Some(Meaning::Missing)
        } else {
            // "Name (default unnamed)".
            (field == Field::Name && creates && absent).then_some(Meaning::Default)
        }
    }

    fn read_id(&self, text: &str) -> Option<Id> {
        Id::parse_guid(text)
    }
}

/// The face.
pub static LITEGRAPH: Face = Face {
    dialect: &LiteGraph,
    read_body,
    render_error,
    tenants: Some(&View { one: |_, tenant| ok(&Tenant::new(tenant)), list: |_, listed, _| array(listed, Tenant::new) }),
    principals: Some(&View { one: |_, user| ok(&User::new(user)), list: |_, listed, _| array(listed, User::new) }),
    credentials: Some(&View { one: |_, revealed| ok(&Credential::new(revealed)), list: views::credentials }),
    deleted: (200, ""),
    prefixes: &["/v1.0", "/v2.0"],
    ignores_final_slash: true,
    preflight: Some(&[
        ("access-control-allow-methods", "GET, HEAD, POST, PUT, DELETE, OPTIONS"),
        // The star does not stand for Authorization (Fetch, "CORS non-wildcard request-header name").
        ("access-control-allow-headers", "*, Authorization, Content-Type, X-Token, X-Request-ID, If-Match"),
        ("access-control-max-age", "86400"),
    ]),
    request_id_header: None,
    token_header: Some("x-token"),
    is_oauth: false,
    tenant_header: None,
    takes_labels: false,
    is_strict: false,
    takes_idempotency_keys: false,
    reveals_secrets: true,
    lists_secrets: false,
    says_active: true,
    delete_is_idempotent: true,
    error_type: "application/json",
    correlation_header: Some("x-correlation-id"),
    headers: &[
        // Its clients in browsers send their token themselves, so any origin may: there is no cookie to steal.
        ("access-control-allow-origin", "*"),
        ("access-control-expose-headers", "ETag, Retry-After, X-Request-ID, X-Correlation-ID, Server-Timing"),
    ],
};

/// Lists all there are, or those of some GUIDs.
pub(crate) const LIST: Handler<ReadPage> = Handler(page::read_many);
/// Lists by pages.
pub(crate) const PAGE: Handler<ReadPage> = Handler(page::enumerate);

fn read_body(noun: Noun, verb: Verb, mut body: Map<String, Value>) -> Draft {
    let mut draft = by_words(&LiteGraph, noun, verb, &mut body);
    // What a credential without a sealed secret shows, and what keeps it.
    if matches!(draft.given(Field::Secret), Given::Value(Value::String(token)) if token.is_empty()) {
        draft.set(Field::Secret, Given::Absent);
    }
    draft
}

fn render_error(refusal: &Refusal) -> Answer {
    use Error::{
        AuthenticationFailed, AuthorizationFailed, BadRequest, Conflicting, Inactive, InternalError, NotFound, TooLarge,
    };
    let (kind, status, description) = match refusal {
        Refusal::Misconfigured(setting) => (InternalError, 503, Some(setting.words())),
        Refusal::NoRoute => (BadRequest, 400, Some("Unknown URL.".to_owned())),
        Refusal::MethodNotAllowed { allow } => (BadRequest, 405, Some(format!("This URL takes {allow}."))),
        Refusal::MediaType => (BadRequest, 415, Some("The Content-Type has to be application/json.".to_owned())),
        Refusal::TooLarge => (TooLarge, 413, None),
        Refusal::Unreadable(reason) => (BadRequest, 400, Some(reason.words())),
        Refusal::Unauthenticated => (AuthenticationFailed, 401, None),
        Refusal::TooManyFailures => {
            (BadRequest, 429, Some("Too many failed authentications: try again in a minute.".to_owned()))
        }
        Refusal::Inactive => (Inactive, 401, None),
        Refusal::Forbidden | Refusal::TenantNotNamed => (AuthorizationFailed, 401, None),
        Refusal::Missing(Noun::Tenant | Noun::Principal | Noun::Credential) => (NotFound, 404, None),
        Refusal::Stale => {
            (Conflicting, 412, Some("If-Match, or If-None-Match, does not hold.".to_owned()))
        }
        Refusal::PreconditionRequired => (BadRequest, 428, Some("This tenant requires If-Match.".to_owned())),
        Refusal::KeyReused => (BadRequest, 400, None),
        Refusal::TooMany => (
            BadRequest,
            400,
            Some(
                "More than 10,000: too many for one request. List them page by page: GET /v2.0/tenants/{guid}/credentials. \
                 Delete them one by one, or user by user."
                    .to_owned(),
            ),
        ),
        Refusal::Invalid(violations) => (BadRequest, 400, Some(sentences(&LiteGraph, violations))),
        Refusal::ForbiddenChange => (AuthorizationFailed, 401, Some("You may not make this change.".to_owned())),
        Refusal::NoRoles => (AuthorizationFailed, 401, Some("This tenant is not RBAC-enabled.".to_owned())),
        Refusal::Conflict(Conflict::Id) => {
            (Conflicting, 409, Some("An object with this GUID exists.".to_owned()))
        }
        Refusal::Conflict(Conflict::DefaultPrincipal) => {
            (Conflicting, 409, Some("The default user is neither deleted nor disabled.".to_owned()))
        }
        Refusal::Conflict(Conflict::Revoked) => (
            Conflicting,
            409,
            Some("The credential is revoked: only Postern's own API restores it. Active: false leaves it so.".to_owned()),
        ),
        // Of requests that this face does not have.
        Refusal::Conflict(Conflict::Rotating | Conflict::NotRotating) => (Conflicting, 409, None),
        Refusal::Conflict(Conflict::NotEmpty) => {
            (Conflicting, 409, Some("The tenant has credentials or users: to delete them with it, add ?force.".to_owned()))
        }
        Refusal::Conflict(Conflict::Secret) => {
            (Conflicting, 409, Some("This BearerToken cannot be used.".to_owned()))
        }
        Refusal::Unavailable => (InternalError, 503, Some("The database does not answer: try again.".to_owned())),
        Refusal::OutcomeUnknown => (
            InternalError,
            503,
            Some("The database did not say whether this was done: read it before you send it again.".to_owned()),
        ),
        Refusal::Broken(_) => (InternalError, 500, None),
    };
    Answer::new(status, json(&ApiError { error: kind, message: kind.message(), status_code: status, description }))
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ApiError {
    error: Error,
    message: &'static str,
    status_code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

/// The SDKs parse this as an enumeration: there is no other.
#[derive(Clone, Copy, Serialize)]
#[expect(clippy::enum_variant_names, reason = "the names are the contract's")]
enum Error {
    AuthenticationFailed,
    AuthorizationFailed,
    Inactive,
    BadRequest,
    #[serde(rename = "Conflict")]
    Conflicting,
    NotFound,
    TooLarge,
    InternalError,
}

impl Error {
    fn message(self) -> &'static str {
        match self {
            Self::AuthenticationFailed => "Your authentication material was not accepted.",
            Self::AuthorizationFailed => {
                "Your authentication material was accepted, but you are not authorized to perform this request."
            }
            Self::Inactive => "Your account, credentials, or the requested resource are marked as inactive.",
            Self::BadRequest => {
                "We were unable to discern your request.  Please check your URL, query, and request body."
            }
            Self::Conflicting => "Operation failed as it would create a conflict with an existing resource.",
            Self::NotFound => "The requested resource was not found.",
            Self::TooLarge => "The size of your request exceeds the maximum allowed: 64 KiB.",
            Self::InternalError => "An internal error has been encountered.",
        }
    }
}
