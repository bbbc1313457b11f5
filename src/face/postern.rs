//! Our own face. So far it answers the paths that are no other face's: with RFC 9457 problem details.

use serde_json::json;

use super::{Asked, Face, Scope, Shown, json};
use crate::answer::Answer;
use crate::caller::{Caller, Rank};
use crate::credential::field::{Field, Meaning, Noun, Said, Verb};
use crate::credential::id::Id;
use crate::credential::validate::Dialect;
use crate::refusal::Refusal;
use crate::request::Request;
use crate::route::Operation;

/// The face.
pub struct Postern;

impl Dialect for Postern {
    fn word(&self, _noun: Noun, _verb: Verb, _field: Field) -> Option<&'static str> {
        None
    }

    fn exception(&self, _verb: Verb, _field: Field, _said: &Said) -> Option<Meaning> {
        None
    }

    fn read_id(&self, text: &str) -> Option<Id> {
        Id::parse(text)
    }
}

impl Face for Postern {
    fn scope(
        &self,
        _request: &Request<'_>,
        _operation: Operation,
        _caller: &Caller,
        _segments: &[String],
    ) -> Result<Scope, Refusal> {
        Err(Refusal::NoRoute)
    }

    fn need(&self, _operation: Operation) -> Rank {
        Rank::Admin
    }

    fn show(&self, _asked: &Asked<'_>, _shown: &Shown<'_>) -> Answer {
        self.fail(&Refusal::NoRoute)
    }

    fn fail(&self, refusal: &Refusal) -> Answer {
        let (status, code, title, detail) = match refusal {
            Refusal::Misconfigured(setting) => (503, "misconfigured", "The service is not configured", setting.words()),
            Refusal::Unavailable => (503, "unavailable", "The database does not answer", "Try again.".to_owned()),
            Refusal::Broken(_) => (500, "internal", "Something failed on our side", "It has been logged.".to_owned()),
            // No route leads here yet, so there is nothing else to refuse.
            Refusal::NoRoute
            | Refusal::MethodNotAllowed { .. }
            | Refusal::MediaType
            | Refusal::TooLarge
            | Refusal::Unreadable(_)
            | Refusal::Unauthenticated
            | Refusal::Inactive
            | Refusal::Forbidden
            | Refusal::TenantNotNamed
            | Refusal::Missing(_)
            | Refusal::Stale
            | Refusal::PreconditionRequired
            | Refusal::TooMany
            | Refusal::Invalid(_)
            | Refusal::ForbiddenChange
            | Refusal::NoRoles
            | Refusal::Conflict(_) => (
                404,
                "no_route",
                "There is no such route",
                "docs/COMPATIBILITY.md lists the routes there are.".to_owned(),
            ),
        };
        Answer::new(status, json(&json!({ "status": status, "code": code, "title": title, "detail": detail })))
    }

    fn content_type(&self, status: u16) -> &'static str {
        if status < 400 { "application/json" } else { "application/problem+json" }
    }
}
