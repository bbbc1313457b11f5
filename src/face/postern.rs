//! Our own face, `/v1`: full PUT that cannot widen access by omission, PATCH by RFC 7396, preconditions, dry runs, rotation,
//! revocation. Its contract: docs/COMPATIBILITY.md, "Our own".

pub mod description;
mod problem;
mod read;
mod shown;

use serde_json::{Map, Value};

use super::{Asked, Face, Inquiry, Scope, Shown};
use crate::answer::Answer;
use crate::caller::{Caller, Rank};
use crate::credential::field::{Draft, Field, Meaning, Noun, Said, Verb};
use crate::credential::id::Id;
use crate::credential::validate::Dialect;
use crate::refusal::Refusal;
use crate::request::Request;
use crate::route::Operation;
use crate::store::question::{Key, Page, TenantRef};

/// The face.
pub struct Postern;

impl Dialect for Postern {
    fn word(&self, noun: Noun, verb: Verb, field: Field) -> Option<&'static str> {
        let writes = matches!(verb, Verb::Create | Verb::Replace | Verb::Merge);
        let of = |is: bool, word| is.then_some(word);
        match field {
            Field::Name => of(writes, "name"),
            Field::Description => of(writes, "description"),
            Field::Enabled => of(writes, "enabled"),
            Field::Principal => of(writes, "principal"),
            Field::Roles => of(writes, "roles"),
            Field::ExpiresAt => of(writes, "expires_at"),
            Field::Metadata => of(writes, "metadata"),
            Field::Rbac => of(writes, "rbac"),
            Field::Preconditions => of(writes, "require_if_match"),
            Field::RoleNames => of(writes, "role_names"),
            Field::GraceSeconds => of(verb == Verb::Rotate && noun == Noun::Credential, "grace_seconds"),
            Field::Reason => of(verb == Verb::Revoke && noun == Noun::Credential, "reason"),
            // What identifies and times a thing is made here; a secret is made here too.
            Field::Id
            | Field::FirstName
            | Field::LastName
            | Field::Email
            | Field::RolesContext
            | Field::Secret
            | Field::CreatedAt
            | Field::UpdatedAt
            | Field::Other => None,
        }
    }

    fn exception(&self, verb: Verb, field: Field, said: &Said) -> Option<Meaning> {
        match (verb, field, said) {
            // What would widen access, or move the credential, by being left out has to be said, null aloud.
            (Verb::Replace, Field::Principal | Field::Enabled | Field::Roles | Field::ExpiresAt, Said::Absent)
            | (Verb::Create, Field::Roles, Said::Absent)
            | (Verb::Rotate, Field::GraceSeconds, Said::Absent) => Some(Meaning::Missing),
            // A tenant that is replaced says all of its switches.
            (Verb::Replace, Field::Rbac | Field::Preconditions | Field::RoleNames, Said::Absent) => {
                Some(Meaning::Missing)
            }
            _ => None,
        }
    }

    fn read_id(&self, text: &str) -> Option<Id> {
        Id::parse(text)
    }
}

impl Face for Postern {
    fn scope(
        &self,
        _request: &Request<'_>,
        operation: Operation,
        _caller: &Caller,
        segments: &[String],
    ) -> Result<Scope, Refusal> {
        let mut keys = segments.iter().map(|segment| Key(Id::parse(segment)));
        let tenant = keys.next().map(TenantRef::Id);
        let of_principal = matches!(
            operation,
            Operation::Read(Noun::Principal)
                | Operation::Write(Noun::Principal, _)
                | Operation::Delete(Noun::Principal)
        );
        let one = keys.next();
        let (principal, credential) = if of_principal { (one, None) } else { (None, one) };
        Ok(Scope { tenant, principal, credential, token: None })
    }

    fn need(&self, operation: Operation) -> Rank {
        match operation {
            Operation::Write(Noun::Tenant, Verb::Create) | Operation::Delete(Noun::Tenant) => Rank::Root,
            Operation::Read(_) | Operation::Page(_) | Operation::History | Operation::Verify => Rank::Viewer,
            Operation::Write(Noun::Principal | Noun::Credential, Verb::Replace | Verb::Merge) => Rank::Editor,
            _ => Rank::Admin,
        }
    }

    fn tells_secrets(&self) -> bool {
        true
    }

    fn forces(&self, request: &Request<'_>) -> bool {
        request.query_value(&["force"]).is_some_and(|force| force == "true")
    }

    fn is_dry(&self, request: &Request<'_>) -> bool {
        request.query_value(&["dry_run"]).is_some_and(|dry| dry == "true")
    }

    fn check_query(&self, request: &Request<'_>, operation: Operation) -> Result<(), Refusal> {
        read::check_query(request, operation)
    }

    fn object(&self, request: &Request<'_>, verb: Verb) -> Result<Map<String, Value>, Refusal> {
        // RFC 7396 has its own type; a patch of another kind, such as RFC 6902's, would be read for what it is not.
        let takes = |essence: &str| {
            essence == "application/json" || (verb == Verb::Merge && essence == "application/merge-patch+json")
        };
        if request.essence().is_some_and(|essence| !takes(&essence)) {
            return Err(Refusal::MediaType);
        }
        request.object()
    }

    fn read(&self, noun: Noun, verb: Verb, body: Map<String, Value>) -> Draft {
        read::strictly(self, noun, verb, body)
    }

    fn idempotency_key(&self, request: &Request<'_>) -> Result<Option<String>, Refusal> {
        read::idempotency_key(request)
    }

    fn history_page(&self, request: &Request<'_>) -> Result<(u32, Option<i64>), Refusal> {
        read::history_page(request)
    }

    fn inquiry(&self, request: &Request<'_>) -> Result<Inquiry, Refusal> {
        self.object(request, Verb::Create).map(read::inquiry)
    }

    fn page(&self, request: &Request<'_>, operation: Operation) -> Result<Page, Refusal> {
        let noun = if let Operation::Page(noun) = operation { noun } else { Noun::Credential };
        read::page(request, noun)
    }

    fn show(&self, asked: &Asked<'_>, shown: &Shown<'_>) -> Answer {
        shown::show(asked, shown).unwrap_or_else(|| self.fail(&Refusal::NoRoute))
    }

    fn fail(&self, refusal: &Refusal) -> Answer {
        problem::of(self, refusal)
    }

    fn content_type(&self, status: u16) -> &'static str {
        if status < 400 { "application/json" } else { "application/problem+json" }
    }
}
