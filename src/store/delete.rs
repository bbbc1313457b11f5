//! Deletion: one batch. What is to go is stamped while the caller can still be judged, and is then deleted by its stamp, its
//! secrets first, with an event for each (migrations/0002 and 0003).

use super::question::{On, Question};
use super::verdict::{JUDGE, Outcome, judge};
use super::{Database, Sql, Store};
use crate::refusal::Refusal;

/// The most credentials that one deletion takes with it.
pub const DELETE_MAX: u32 = 10_000;

/// Stamps credentials; those of the tenant that `$which` says.
macro_rules! end_credentials {
    ($which:literal) => {
        Sql::judged_by(concat!(include_str!("end_credentials.sql"), $which))
    };
}

/// Stamps rows of a table that has no history.
macro_rules! end {
    ($table:literal, $which:literal) => {
        Sql::judged_by(concat!(
            "UPDATE ",
            $table,
            " SET ending = ?1 ->> '$.change' FROM verdict WHERE verdict.code = 'go' AND ",
            $table,
            ".",
            $which
        ))
    };
}

/// Deletes what bears the stamp.
macro_rules! delete {
    ($table:literal, $stamped:literal) => {
        Sql::plain(concat!(
            "DELETE FROM ",
            $table,
            " INDEXED BY ",
            $table,
            "_ending WHERE ",
            $stamped,
            " = ?1 ->> '$.change'"
        ))
    };
}

const END_ONE: Sql = end_credentials!(
    "WHERE verdict.code = 'go' AND credentials.tenant = verdict.place AND credentials.id = verdict.id"
);
const END_OF_PRINCIPAL: Sql = end_credentials!(
    "WHERE verdict.code = 'go' AND (credentials.tenant, credentials.id) IN (
      SELECT o.tenant, o.id FROM (SELECT place, whom FROM verdict) CROSS JOIN credentials_of_principal AS o
        ON o.tenant = place AND o.principal = whom)"
);
const END_ALL: Sql = end_credentials!("WHERE verdict.code = 'go' AND credentials.tenant = verdict.place");
const END_SECRETS: Sql = Sql::plain(include_str!("end_secrets.sql"));
const END_PRINCIPAL: Sql = end!("principals", "tenant = verdict.place AND principals.id = verdict.whom");
const END_PRINCIPALS: Sql = end!("principals", "tenant = verdict.place");
const END_TENANT: Sql = end!("tenants", "id = verdict.place");
const DELETE_SECRETS: Sql = Sql::plain(include_str!("delete_secrets.sql"));
const DELETE_CREDENTIALS: Sql = delete!("credentials", "ending AND change");
const DELETE_PRINCIPALS: Sql = delete!("principals", "ending");

/// Deletes what the question is on: a credential; all of a tenant or of a principal; a principal or a tenant with all that
/// belongs to it.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn delete<D: Database>(store: &Store<'_, D>, question: &Question) -> Result<Outcome<()>, Refusal> {
    let statements: &[Sql] = match question.on {
        On::Credentials if question.principal.is_none() => {
            &[JUDGE, END_ALL, END_SECRETS, DELETE_SECRETS, DELETE_CREDENTIALS]
        }
        On::Credentials => &[JUDGE, END_OF_PRINCIPAL, END_SECRETS, DELETE_SECRETS, DELETE_CREDENTIALS],
        On::Principal | On::Principals => &[
            JUDGE,
            END_PRINCIPAL,
            END_OF_PRINCIPAL,
            END_SECRETS,
            DELETE_SECRETS,
            DELETE_CREDENTIALS,
            DELETE_PRINCIPALS,
        ],
        On::Tenant | On::Tenants => &[
            JUDGE,
            END_TENANT,
            END_PRINCIPALS,
            END_ALL,
            END_SECRETS,
            DELETE_SECRETS,
            DELETE_CREDENTIALS,
            // With its default principal goes the tenant (migrations/0003).
            DELETE_PRINCIPALS,
        ],
        On::Credential | On::Caller | On::Events => &[JUDGE, END_ONE, END_SECRETS, DELETE_SECRETS, DELETE_CREDENTIALS],
    };
    judge(store, question, statements, Vec::new()).await.map(|(outcome, _)| outcome)
}
