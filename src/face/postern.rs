//! Our own face, `/v1`: PUT that cannot widen access by omission, PATCH by RFC 7396, preconditions, dry runs, rotation,
//! revocation. The contract: docs/COMPATIBILITY.md, "Our own".

mod changes;
pub mod description;
pub(crate) mod inquiry;
pub(crate) mod means;
pub(crate) mod one_off;
mod problem;
mod read;
mod reading;
pub(crate) mod trusts;
mod views;

use super::{Face, Revealed, View};
use crate::credential::field::{Field, Given, Meaning, Noun, Verb};
use crate::credential::id::Id;
use crate::credential::table::Destination;
use crate::credential::time::Micros;
use crate::credential::validate::Dialect;
use crate::operation::{Handler, ReadPage};
use views::{Credential, OwnCredential, Principal, Tenant, etag, list, one};

/// Our own face's words for fields.
pub struct Postern;

impl Dialect for Postern {
    fn word(&self, noun: Noun, verb: Verb, field: Field) -> Option<&'static str> {
        // Only LiteGraph has the parts of a user's name.
        if matches!(field, Field::FirstName | Field::LastName | Field::Email) {
            return None;
        }
        let row = field.row()?;
        let has = match verb {
            // The service chooses ids, times and secrets.
            Verb::Create => matches!(row.destination, Destination::Document | Destination::MakesSecret),
            Verb::Replace | Verb::Merge => row.destination == Destination::Document,
            Verb::Rotate => noun == Noun::Credential && row.destination == Destination::GraceSeconds,
            Verb::Revoke => noun == Noun::Credential && row.destination == Destination::Reason,
        };
        let others = [(Field::Preconditions, "require_if_match"), (Field::MakesSecret, "secret")];
        let other = others.into_iter().find(|(other, _)| *other == field);
        has.then_some(other.map_or(row.key, |(_, word)| word))
    }

    fn exception(&self, verb: Verb, field: Field, given: &Given) -> Option<Meaning> {
        // Fields whose absence would widen access or move the credential are required.
        let required = *given == Given::Absent && field.row().is_some_and(|row| row.required.on_our_face(verb));
        required.then_some(Meaning::Missing)
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

/// Our own face.
pub static POSTERN: Face = Face {
    dialect: &Postern,
    read_body: |noun, verb, body| read::strictly(&Postern, noun, verb, body),
    render_error: |refusal| problem::render(&Postern, refusal),
    tenants: Some(&View {
        one: |context, tenant| one(context, &Tenant::new(tenant)).with("etag", etag(tenant.id, tenant.revision)),
        list: |context, listed, page| list(context, listed, page, |tenant| tenant, Tenant::new),
    }),
    principals: Some(&View {
        one: |context, principal| {
            one(context, &Principal::new(principal)).with("etag", etag(principal.id, principal.revision))
        },
        list: |context, listed, page| list(context, listed, page, |principal| principal, Principal::new),
    }),
    credentials: Some(&View {
        one: |context, Revealed { credential, secret }| {
            if context.is_own {
                one(context, &OwnCredential::new(credential, secret.as_ref()))
            } else {
                one(context, &Credential::new(credential, secret.as_ref()))
            }
        },
        list: |context, listed, page| {
            list(context, listed, page, |item| &item.credential, |item| Credential::new(&item.credential, None))
        },
    }),
    deleted: (204, ""),
    prefixes: &["/v1", "/healthz", "/readyz"],
    ignores_final_slash: false,
    preflight: None,
    request_id_header: None,
    token_header: None,
    is_oauth: false,
    tenant_header: None,
    takes_labels: false,
    is_strict: true,
    takes_idempotency_keys: true,
    reveals_secrets: false,
    lists_secrets: true,
    access_of_roles: None,
    says_active: false,
    delete_is_idempotent: false,
    error_type: "application/problem+json",
    correlation_header: None,
    headers: &[],
};

/// Lists by pages.
pub(crate) const PAGE: Handler<ReadPage> = Handler(read::page);
/// The query parameters of a page of credentials.
pub(crate) const FILTERS: &[&str] = &[
    "limit",
    "cursor",
    "sort",
    "enabled",
    "principal",
    "role",
    "name_prefix",
    "expires_before",
    "unused_since",
    "unrotated_since",
];
