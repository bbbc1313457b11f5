//! LiteGraph: Credentials. Its contract: docs/COMPATIBILITY.md, "LiteGraph".

mod page;
mod shown;

use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::{Asked, Face, Scope, Shown, json, sentences};
use crate::answer::Answer;
use crate::caller::{Caller, Rank};
use crate::credential::field::{Draft, Field, Meaning, Noun, Said, Verb};
use crate::credential::id::Id;
use crate::credential::validate::Dialect;
use crate::refusal::{Conflict, Refusal};
use crate::request::Request;
use crate::route::Operation;
use crate::store::question::{Key, Page, TenantRef};

/// The face.
pub struct LiteGraph;

impl Dialect for LiteGraph {
    fn word(&self, noun: Noun, verb: Verb, field: Field) -> Option<&'static str> {
        // Honoured on create; read-only ever after, so ignored, whatever they hold.
        let at_birth = |word| (verb == Verb::Create).then_some(word);
        match field {
            Field::Id => at_birth("GUID"),
            Field::Principal => Some("UserGUID"),
            // A user has its name in parts.
            Field::Name => (noun != Noun::Principal).then_some("Name"),
            Field::FirstName => Some("FirstName"),
            Field::LastName => Some("LastName"),
            Field::Email => Some("Email"),
            Field::Enabled => Some("Active"),
            Field::Secret => Some("BearerToken"),
            Field::CreatedAt => at_birth("CreatedUtc"),
            Field::UpdatedAt => at_birth("LastUpdateUtc"),
            Field::Description
            | Field::Roles
            | Field::RolesContext
            | Field::ExpiresAt
            | Field::Metadata
            | Field::Rbac
            | Field::Preconditions
            | Field::RoleNames
            | Field::GraceSeconds
            | Field::Reason
            | Field::Other => None,
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

    fn preflight(&self) -> Option<Answer> {
        let answer = Answer::new(204, String::new());
        Some(
            answer
                .with("access-control-allow-methods", "GET, HEAD, POST, PUT, DELETE, OPTIONS")
                // The star does not stand for Authorization (Fetch, "CORS non-wildcard request-header name").
                .with("access-control-allow-headers", "*, Authorization, Content-Type, X-Token, X-Request-ID, If-Match")
                .with("access-control-max-age", "86400"),
        )
    }

    fn scope(
        &self,
        _request: &Request<'_>,
        operation: Operation,
        _caller: &Caller,
        segments: &[String],
    ) -> Result<Scope, Refusal> {
        let mut segments = segments.iter();
        if operation == Operation::FindByToken {
            return Ok(Scope { token: segments.next().map(|token| Zeroizing::new(token.clone())), ..Scope::default() });
        }
        let mut keys = segments.map(|segment| Key(Id::parse_guid(segment)));
        let tenant = keys.next().map(TenantRef::Id);
        let one = keys.next();
        let of_principal = matches!(
            operation,
            Operation::Read(Noun::Principal)
                | Operation::Write(Noun::Principal, _)
                | Operation::Delete(Noun::Principal)
                // One of its SDKs writes `credentials` where the path has `users`: what follows is a user's GUID.
                | Operation::DeleteAll
        );
        let (principal, credential) = if of_principal { (one, None) } else { (None, one) };
        Ok(Scope { tenant, principal, credential, token: None })
    }

    fn need(&self, operation: Operation) -> Rank {
        match operation {
            Operation::Write(Noun::Tenant, Verb::Create) | Operation::Delete(Noun::Tenant) => Rank::Root,
            _ => Rank::Admin,
        }
    }

    fn says_active(&self) -> bool {
        true
    }

    fn deletes_missing(&self) -> bool {
        true
    }

    fn forces(&self, request: &Request<'_>) -> bool {
        request.query_value(&["force"]).is_some_and(|force| !force.eq_ignore_ascii_case("false"))
    }

    fn page(&self, request: &Request<'_>, operation: Operation) -> Result<Page, Refusal> {
        page::read(request, operation)
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

    fn show(&self, asked: &Asked<'_>, shown: &Shown<'_>) -> Answer {
        shown::show(asked, shown).map_or_else(|| self.fail(&Refusal::NoRoute), |body| Answer::new(200, body))
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
            Refusal::Invalid(violations) => (BadRequest, 400, Some(sentences(self, violations))),
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

    fn finish(&self, answer: Answer, request_id: &str) -> Answer {
        answer
            .with("x-correlation-id", request_id)
            // Its clients in browsers send their token themselves, so any origin may: there is no cookie to steal.
            .with("access-control-allow-origin", "*")
            .with("access-control-expose-headers", "ETag, Retry-After, X-Request-ID, X-Correlation-ID, Server-Timing")
    }
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
