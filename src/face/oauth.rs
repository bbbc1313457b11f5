//! The token endpoint of OAuth 2.0, client credentials grant (RFC 6749 §4.4): for Keycard's clients, which log in at a path
//! of their own and parse the errors of §5.2.

use serde::Serialize;

use super::{Asked, Face, Scope, Shown, json, show_access};
use crate::answer::Answer;
use crate::caller::{Caller, Rank};
use crate::credential::field::{Field, Meaning, Noun, Said, Verb};
use crate::credential::id::Id;
use crate::credential::validate::Dialect;
use crate::refusal::{Refusal, Unreadable};
use crate::request::Request;
use crate::route::Operation;
use crate::settings::Settings;

/// The face.
pub struct OAuth;

impl Dialect for OAuth {
    fn word(&self, _noun: Noun, _verb: Verb, _field: Field) -> Option<&'static str> {
        None
    }

    fn exception(&self, _verb: Verb, _field: Field, _said: &Said) -> Option<Meaning> {
        None
    }

    fn read_id(&self, text: &str) -> Option<Id> {
        Id::parse_client(text)
    }
}

impl Face for OAuth {
    fn challenge(&self) -> &'static str {
        // "MUST … include the WWW-Authenticate response header field matching the authentication scheme" (RFC 6749 §5.2).
        "Bearer, Basic realm=\"postern\""
    }

    fn scope(
        &self,
        _request: &Request<'_>,
        _operation: Operation,
        _caller: &Caller,
        _segments: &[String],
    ) -> Result<Scope, Refusal> {
        Ok(Scope::default())
    }

    fn need(&self, _operation: Operation) -> Rank {
        Rank::Stranger
    }

    fn log_in(&self, request: &Request<'_>, settings: &Settings) -> Result<Caller, Refusal> {
        let form = request.form()?;
        match form.get("grant_type").map(|grant| grant.as_str()) {
            Some("client_credentials") => {}
            Some(_) => return Err(Refusal::Unreadable(Unreadable::GrantType)),
            None => return Err(Refusal::Unreadable(Unreadable::Form)),
        }
        match (form.get("client_id"), form.get("client_secret")) {
            (None, None) => Caller::basic(request.headers, settings),
            // "The client MUST NOT use more than one authentication method in each request" (RFC 6749 §2.3).
            _ if request.headers.get("authorization").is_some() => Err(Refusal::Unreadable(Unreadable::Form)),
            (Some(id), Some(secret)) => Caller::client(id, secret, settings),
            _ => Err(Refusal::Unauthenticated),
        }
    }

    fn show(&self, _asked: &Asked<'_>, shown: &Shown<'_>) -> Answer {
        match shown {
            Shown::Access(token) => show_access(token),
            _ => self.fail(&Refusal::NoRoute),
        }
    }

    fn fail(&self, refusal: &Refusal) -> Answer {
        let (status, error, description) = match refusal {
            Refusal::Unreadable(Unreadable::GrantType) => {
                (400, "unsupported_grant_type", Unreadable::GrantType.words())
            }
            Refusal::Unreadable(reason) => (400, "invalid_request", reason.words()),
            Refusal::MediaType => {
                (415, "invalid_request", "The Content-Type has to be application/x-www-form-urlencoded.".to_owned())
            }
            Refusal::TooLarge => (413, "invalid_request", "The body is larger than 64 KiB.".to_owned()),
            Refusal::MethodNotAllowed { allow } => (405, "invalid_request", format!("This route takes {allow}.")),
            Refusal::Misconfigured(setting) => (503, "temporarily_unavailable", setting.words()),
            Refusal::Unavailable => {
                (503, "temporarily_unavailable", "The database does not answer: try again.".to_owned())
            }
            Refusal::Broken(_) => (500, "server_error", "Something failed on our side.".to_owned()),
            Refusal::Unauthenticated | Refusal::Inactive => {
                (401, "invalid_client", "The client's id and secret were not accepted.".to_owned())
            }
            // Who logs in is judged, and nothing else.
            Refusal::NoRoute
            | Refusal::Forbidden
            | Refusal::TenantNotNamed
            | Refusal::Missing(_)
            | Refusal::Stale
            | Refusal::PreconditionRequired
            | Refusal::TooMany
            | Refusal::Invalid(_)
            | Refusal::ForbiddenChange
            | Refusal::NoRoles
            | Refusal::Conflict(_) => (400, "invalid_request", "There is no such request.".to_owned()),
        };
        Answer::new(status, json(&Error { error, error_description: description }))
    }
}

#[derive(Serialize)]
struct Error {
    error: &'static str,
    error_description: String,
}
