//! LiteGraph's API of credentials, users and tenants. The contract: docs/COMPATIBILITY.md, "LiteGraph".

mod page;
mod views;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Face, View, by_words, json, sentences, word_in};
use crate::answer::Answer;
use crate::credential::field::{Draft, Field, Given, Meaning, Noun, Verb};
use crate::credential::id::Id;
use crate::credential::time::Micros;
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

/// LiteGraph's words for fields.
pub struct LiteGraph;

impl Dialect for LiteGraph {
    fn word(&self, noun: Noun, verb: Verb, field: Field) -> Option<&'static str> {
        // Clients set these on creation; later values are ignored.
        let create_only = matches!(field, Field::Id | Field::CreatedAt | Field::UpdatedAt);
        // The name of a user consists of FirstName, LastName and Email.
        let in_parts = noun == Noun::Principal && field == Field::Name;
        word_in(WORDS, field).filter(|_| !in_parts && (!create_only || verb == Verb::Create))
    }

    fn exception(&self, verb: Verb, field: Field, given: &Given) -> Option<Meaning> {
        let (creates, absent) = (verb == Verb::Create, *given == Given::Absent);
        if field == Field::Secret {
            // Create without a BearerToken (absent, null or empty) generates one; on update, "absent, null or empty
            // keeps the token".
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

    fn spell_id(&self, id: Id) -> String {
        id.guid()
    }

    fn read_time(&self, text: &str) -> Option<Micros> {
        // The contract asks for no offset: Python's times have none unless they are made with one.
        Micros::parse_or_utc(text)
    }
}

/// LiteGraph's face.
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
        // The wildcard does not cover Authorization (Fetch, "CORS non-wildcard request-header name").
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
    access_of_roles: None,
    says_active: true,
    delete_is_idempotent: true,
    error_type: "application/json",
    correlation_header: Some("x-correlation-id"),
    headers: &[
        // Any origin is allowed: clients in browsers send their token in a header, so there is no cookie to steal.
        ("access-control-allow-origin", "*"),
        ("access-control-expose-headers", "ETag, Retry-After, X-Request-ID, X-Correlation-ID, Server-Timing"),
    ],
};

/// Lists all items, or those with the given GUIDs.
pub(crate) const LIST: Handler<ReadPage> = Handler(page::read_many);
/// Lists by pages.
pub(crate) const PAGE: Handler<ReadPage> = Handler(page::enumerate);

fn read_body(noun: Noun, verb: Verb, mut body: Map<String, Value>) -> Draft {
    let mut draft = by_words(&LiteGraph, noun, verb, &mut body);
    // Credentials without a sealed secret are rendered with an empty BearerToken; sending that back keeps the secret.
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
        Refusal::MethodNotAllowed { allow } => (BadRequest, 405, Some(format!("This URL accepts {allow}."))),
        Refusal::ContentCoding => {
            (BadRequest, 415, Some("The Content-Encoding is not supported: send the body uncompressed.".to_owned()))
        }
        Refusal::MediaType => (BadRequest, 415, Some("The Content-Type must be application/json.".to_owned())),
        Refusal::TooLarge => (TooLarge, 413, None),
        Refusal::Unreadable(reason) => (BadRequest, 400, Some(reason.words())),
        Refusal::Unauthenticated => (AuthenticationFailed, 401, None),
        Refusal::TooManyFailures => {
            (BadRequest, 429, Some("Too many failed authentications, or too many tokens set: try again in a minute.".to_owned()))
        }
        Refusal::Inactive => (Inactive, 401, None),
        Refusal::Forbidden | Refusal::TenantNotNamed => (AuthorizationFailed, 401, None),
        Refusal::Missing(Noun::Tenant | Noun::Principal | Noun::Credential) | Refusal::MissingMeans => (NotFound, 404, None),
        Refusal::Stale => {
            (Conflicting, 412, Some("If-Match or If-None-Match does not match. Read the resource again and send its current ETag.".to_owned()))
        }
        Refusal::PreconditionRequired => (BadRequest, 428, Some("This tenant requires If-Match. Send the ETag of the credential.".to_owned())),
        Refusal::KeyReused => (BadRequest, 400, None),
        Refusal::TooMany => (
            BadRequest,
            400,
            Some(
                "More than 10,000 items or 12 MiB, too much for one request. List credentials in pages with GET /v2.0/tenants/{guid}/credentials. \
                 Delete them one by one or user by user."
                    .to_owned(),
            ),
        ),
        Refusal::Invalid(violations) => (BadRequest, 400, Some(sentences(&LiteGraph, violations))),
        Refusal::ForbiddenChange => (AuthorizationFailed, 401, Some("You lack permission for this change.".to_owned())),
        Refusal::NoRoles => (AuthorizationFailed, 401, Some("This tenant is not RBAC-enabled.".to_owned())),
        Refusal::Conflict(Conflict::Id) => {
            (Conflicting, 409, Some("This GUID is in use or was used before. Choose another.".to_owned()))
        }
        Refusal::Conflict(Conflict::DefaultPrincipal) => {
            (Conflicting, 409, Some("The default user cannot be deleted or disabled.".to_owned()))
        }
        Refusal::Conflict(Conflict::Revoked) => (
            Conflicting,
            409,
            Some("The credential is revoked, and only Postern's own API restores it. Send Active: false to change its other members.".to_owned()),
        ),
        // Conflicts of operations that this face does not have.
        Refusal::Conflict(Conflict::Rotating | Conflict::NotRotating | Conflict::Means) => (Conflicting, 409, None),
        Refusal::Conflict(Conflict::NotEmpty) => {
            (Conflicting, 409, Some("The tenant has credentials or users. Add ?force to delete them too.".to_owned()))
        }
        Refusal::Conflict(Conflict::Secret) => {
            (Conflicting, 409, Some("This BearerToken cannot be used. Choose another.".to_owned()))
        }
        Refusal::NotReady(_) | Refusal::Verifier | Refusal::Unavailable | Refusal::NoIssuerKeys => (InternalError, 503, Some("The database is unavailable. Try again.".to_owned())),
        Refusal::OutcomeUnknown => (
            InternalError,
            503,
            Some("The outcome of this change is unknown. Read the resource before you send the change again.".to_owned()),
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

/// The SDKs parse this as an enumeration, so there are no other values.
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
