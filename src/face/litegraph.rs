//! LiteGraph: Credentials. Its contract: docs/COMPATIBILITY.md, "LiteGraph".

use serde::Serialize;
use serde_json::Value;

use super::{Face, Scope, Shown, json, sentences};
use crate::answer::Answer;
use crate::caller::{Caller, Rank};
use crate::credential::field::{Draft, Field, Meaning, Said, Verb};
use crate::credential::id::Id;
use crate::credential::secret::Token;
use crate::credential::validate::Dialect;
use crate::refusal::{Conflict, Noun, Refusal};
use crate::request::Request;
use crate::store::question::{Key, TenantRef};

/// The face.
pub struct LiteGraph;

impl Dialect for LiteGraph {
    fn word(&self, verb: Verb, field: Field) -> Option<&'static str> {
        // Honoured on create; read-only ever after, so ignored, whatever they hold.
        let at_birth = |word| (verb == Verb::Create).then_some(word);
        match field {
            Field::Id => at_birth("GUID"),
            Field::Principal => Some("UserGUID"),
            Field::Name => Some("Name"),
            Field::Enabled => Some("Active"),
            Field::Secret => Some("BearerToken"),
            Field::CreatedAt => at_birth("CreatedUtc"),
            Field::UpdatedAt => at_birth("LastUpdateUtc"),
            Field::Description | Field::Roles | Field::RolesContext => None,
        }
    }

    fn exception(&self, verb: Verb, field: Field, said: &Said) -> Option<Meaning> {
        match (verb, field, said) {
            // "UserGUID is required", on create and update.
            (_, Field::Principal, Said::Absent) => Some(Meaning::Missing),
            // "Name (default unnamed)" and a BearerToken that is made here; null or empty is as absent.
            (Verb::Create, Field::Name, Said::Absent) | (Verb::Create, Field::Secret, _) => Some(Meaning::Default),
            // "BearerToken absent, null or empty keeps the token that is stored."
            (_, Field::Secret, _) => Some(Meaning::Keep),
            _ => None,
        }
    }

    fn read_id(&self, text: &str) -> Option<Id> {
        Id::parse_guid(text)
    }
}

impl Face for LiteGraph {
    fn ignores_final_slash(&self) -> bool {
        true
    }

    fn token_header(&self) -> Option<&'static str> {
        Some("x-token")
    }

    fn scope(&self, _request: &Request<'_>, _caller: &Caller, segments: &[String]) -> Result<Scope, Refusal> {
        let mut keys = segments.iter().map(|segment| Key(Id::parse_guid(segment)));
        Ok(Scope { tenant: keys.next().map(TenantRef::Id), principal: None, credential: keys.next() })
    }

    fn need(&self, _verb: Option<Verb>) -> Rank {
        Rank::Admin
    }

    fn shows_secrets(&self) -> bool {
        true
    }

    fn reread(&self, draft: &mut Draft) {
        // What a credential without a sealed secret shows, and what keeps it.
        if matches!(draft.said(Field::Secret), Said::Value(Value::String(token)) if token.is_empty()) {
            draft.say(Field::Secret, Said::Absent);
        }
    }

    fn show(&self, _verb: Option<Verb>, shown: &Shown<'_>) -> Answer {
        let credential = shown.credential;
        let body = Credential {
            guid: credential.id.guid(),
            tenant_guid: credential.tenant.guid(),
            user_guid: credential.principal.guid(),
            name: &credential.name,
            bearer_token: shown.secret.map_or("", Token::reveal),
            active: credential.enabled,
            created_utc: credential.created_at.microseconds(),
            last_update_utc: credential.updated_at.microseconds(),
        };
        Answer::new(200, json(&body))
    }

    fn fail(&self, refusal: &Refusal) -> Answer {
        use Error::{
            AuthenticationFailed, AuthorizationFailed, BadRequest, Conflicting, Inactive, InternalError, NotFound,
            TooLarge,
        };
        let (kind, status, description) = match refusal {
            Refusal::Misconfigured(setting) => (InternalError, 503, Some(setting.words())),
            Refusal::NoRoute => (BadRequest, 400, Some("Unknown URL.".to_owned())),
            Refusal::MethodNotAllowed { allow } => (BadRequest, 405, Some(format!("This URL takes {allow}."))),
            Refusal::MediaType => (BadRequest, 415, Some("The Content-Type has to be application/json.".to_owned())),
            Refusal::TooLarge => (TooLarge, 413, None),
            Refusal::Unreadable(reason) => (BadRequest, 400, Some(reason.words())),
            Refusal::Unauthenticated => (AuthenticationFailed, 401, None),
            Refusal::Inactive => (Inactive, 401, None),
            Refusal::Forbidden | Refusal::TenantNotNamed => (AuthorizationFailed, 401, None),
            Refusal::Missing(Noun::Tenant | Noun::Principal | Noun::Credential) => (NotFound, 404, None),
            Refusal::Stale => {
                (Conflicting, 412, Some("The credential was changed since: If-Match does not hold.".to_owned()))
            }
            Refusal::PreconditionRequired => (BadRequest, 428, Some("This tenant requires If-Match.".to_owned())),
            Refusal::Invalid(violations) => (BadRequest, 400, Some(sentences(self, violations))),
            Refusal::ForbiddenChange => (AuthorizationFailed, 401, Some("You may not make this change.".to_owned())),
            Refusal::NoRoles => (AuthorizationFailed, 401, Some("This tenant is not RBAC-enabled.".to_owned())),
            Refusal::Conflict(Conflict::Id) => {
                (Conflicting, 409, Some("A credential with this GUID exists.".to_owned()))
            }
            Refusal::Conflict(Conflict::Secret) => {
                (Conflicting, 409, Some("This BearerToken cannot be used.".to_owned()))
            }
            Refusal::Unavailable => (InternalError, 503, Some("The database does not answer: try again.".to_owned())),
            Refusal::Broken(_) => (InternalError, 500, None),
        };
        Answer::new(status, json(&ApiError { error: kind, message: kind.message(), status_code: status, description }))
    }

    fn finish(&self, answer: Answer, request_id: &str) -> Answer {
        answer.with("x-correlation-id", request_id)
    }
}

/// All members, always, in this order: the Python SDK invents a value for one that is left out.
#[derive(Serialize)]
struct Credential<'a> {
    #[serde(rename = "GUID")]
    guid: String,
    #[serde(rename = "TenantGUID")]
    tenant_guid: String,
    #[serde(rename = "UserGUID")]
    user_guid: String,
    #[serde(rename = "Name")]
    name: &'a str,
    #[serde(rename = "BearerToken")]
    bearer_token: &'a str,
    #[serde(rename = "Active")]
    active: bool,
    #[serde(rename = "CreatedUtc")]
    created_utc: String,
    #[serde(rename = "LastUpdateUtc")]
    last_update_utc: String,
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
