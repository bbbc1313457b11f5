//! Keycard: service account credentials. Its contract: docs/COMPATIBILITY.md, "Keycard".

use serde::Serialize;
use serde_json::{Value, json};

use super::{Face, Scope, Shown, json, sentences};
use crate::answer::Answer;
use crate::caller::{Caller, Rank};
use crate::credential::field::{Field, Meaning, Said, Verb};
use crate::credential::id::Id;
use crate::credential::secret::Token;
use crate::credential::time::Micros;
use crate::credential::validate::Dialect;
use crate::refusal::{Conflict, Noun, Refusal, Unreadable};
use crate::request::Request;
use crate::store::principal::Principal;
use crate::store::question::{Key, TenantRef};
use crate::store::tenant::Tenant;

/// The face.
pub struct Keycard;

impl Dialect for Keycard {
    fn word(&self, _verb: Verb, field: Field) -> Option<&'static str> {
        match field {
            Field::Name => Some("name"),
            Field::Description => Some("description"),
            Field::Id
            | Field::Principal
            | Field::Enabled
            | Field::Roles
            | Field::RolesContext
            | Field::Secret
            | Field::CreatedAt
            | Field::UpdatedAt => None,
        }
    }

    fn exception(&self, _verb: Verb, _field: Field, _said: &Said) -> Option<Meaning> {
        None
    }

    fn read_id(&self, text: &str) -> Option<Id> {
        Id::parse(text)
    }
}

impl Face for Keycard {
    fn scope(&self, _request: &Request<'_>, _caller: &Caller, segments: &[String]) -> Result<Scope, Refusal> {
        let mut segments = segments.iter();
        // "organization_id is an id or a label".
        let tenant = segments.next().map(|segment| {
            Id::parse(segment).map_or_else(|| TenantRef::Label(segment.clone()), |id| TenantRef::Id(Key(Some(id))))
        });
        let mut keys = segments.map(|segment| Key(Id::parse(segment)));
        Ok(Scope { tenant, principal: keys.next(), credential: keys.next() })
    }

    fn need(&self, verb: Option<Verb>) -> Rank {
        match verb {
            None => Rank::Viewer,
            Some(Verb::Replace | Verb::Merge) => Rank::Editor,
            Some(Verb::Create) => Rank::Admin,
        }
    }

    fn request_id(&self, request: &Request<'_>) -> Result<Option<String>, Refusal> {
        // "X-Client-Request-ID: optional UUID; anything else is 400."
        match request.headers.get("x-client-request-id") {
            None => Ok(request.own_id()),
            Some(id) if id.len() == 36 && Id::parse_guid(&id).is_some() => Ok(Some(id)),
            Some(_) => Err(Refusal::Unreadable(Unreadable::ClientRequestId)),
        }
    }

    fn show(&self, verb: Option<Verb>, shown: &Shown<'_>) -> Answer {
        let credential = shown.credential;
        let body = ServiceAccountCredential {
            id: credential.id,
            client_id: credential.id.client(),
            client_secret: shown.secret.map(Token::reveal),
            created_at: credential.created_at.milliseconds(),
            name: &credential.name,
            description: credential.description.as_deref(),
            last_used_at: credential.last_used_at.map(Micros::milliseconds),
            permissions: shown.permissions.map(permissions),
        };
        Answer::new(if verb == Some(Verb::Create) { 201 } else { 200 }, json(&body))
    }

    fn asks_permissions(&self, request: &Request<'_>) -> bool {
        let expand = request.query_values(&["expand", "expand[]"]);
        expand.iter().flat_map(|value| value.split(',')).any(|value| value == "permissions")
    }

    fn show_tenant(&self, tenant: &Tenant) -> Answer {
        let Tenant { id, label, name, created_at, updated_at } = tenant;
        let (created_at, updated_at) = (created_at.milliseconds(), updated_at.milliseconds());
        // "sso_enabled: false; zone_id: the organisation's id".
        let body = Organization { id: *id, created_at, label, name, sso_enabled: false, updated_at, zone_id: *id };
        Answer::new(201, json(&body))
    }

    fn show_principal(&self, principal: &Principal) -> Answer {
        let Principal { id, name, description, created_at, updated_at } = principal;
        let (created_at, updated_at) = (created_at.milliseconds(), updated_at.milliseconds());
        Answer::new(
            201,
            json(&ServiceAccount { id: *id, created_at, name, updated_at, description: description.as_deref() }),
        )
    }

    fn fail(&self, refusal: &Refusal) -> Answer {
        let (status, code, message) = match refusal {
            Refusal::Misconfigured(setting) => (503, "unavailable", setting.words()),
            Refusal::NoRoute => (404, "not_found", "There is no such route.".to_owned()),
            Refusal::MethodNotAllowed { allow } => (405, "method_not_allowed", format!("This route takes {allow}.")),
            Refusal::MediaType => {
                (415, "unsupported_media_type", "The Content-Type has to be application/json.".to_owned())
            }
            Refusal::TooLarge => (413, "too_large", "The body is larger than 64 KiB.".to_owned()),
            Refusal::Unreadable(reason) => (400, "bad_request", reason.words()),
            Refusal::Unauthenticated | Refusal::Inactive => {
                (401, "unauthorized", "The credentials were not accepted.".to_owned())
            }
            Refusal::Forbidden | Refusal::TenantNotNamed => (403, "forbidden", "You may not do this.".to_owned()),
            Refusal::Missing(Noun::Tenant) => (404, "not_found", "There is no such organization.".to_owned()),
            Refusal::Missing(Noun::Principal) => (404, "not_found", "There is no such service account.".to_owned()),
            Refusal::Missing(Noun::Credential) => (404, "not_found", "There is no such credential.".to_owned()),
            Refusal::Stale => {
                (412, "precondition_failed", "The credential was changed since: If-Match does not hold.".to_owned())
            }
            Refusal::PreconditionRequired => {
                (428, "precondition_required", "This organization requires If-Match.".to_owned())
            }
            Refusal::Invalid(violations) => (400, "bad_request", sentences(self, violations)),
            Refusal::ForbiddenChange => (403, "forbidden", "You may not make this change.".to_owned()),
            Refusal::NoRoles => (403, "forbidden", "This organization is not RBAC-enabled.".to_owned()),
            Refusal::Conflict(Conflict::Id | Conflict::Secret) => (409, "conflict", "It exists already.".to_owned()),
            Refusal::Unavailable => (503, "unavailable", "The database does not answer: try again.".to_owned()),
            Refusal::Broken(_) => (500, "internal_error", "Something failed on our side.".to_owned()),
        };
        let answer = Answer::new(status, json(&ApiError { message, code, status }));
        // The SDKs try a 409 three times; these conflicts do not go away by themselves.
        if status == 409 { answer.with("x-should-retry", "false") } else { answer }
    }
}

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

#[derive(Serialize)]
struct Organization<'a> {
    id: Id,
    created_at: String,
    label: &'a str,
    name: &'a str,
    sso_enabled: bool,
    updated_at: String,
    zone_id: Id,
}

#[derive(Serialize)]
struct ServiceAccount<'a> {
    id: Id,
    created_at: String,
    name: &'a str,
    updated_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
}

#[derive(Serialize)]
struct ApiError {
    message: String,
    code: &'static str,
    status: u16,
}

fn permissions(rank: Rank) -> Value {
    json!({ "credentials": { "read": rank >= Rank::Viewer, "update": rank >= Rank::Editor, "delete": rank >= Rank::Admin } })
}
