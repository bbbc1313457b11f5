//! Deletion, in one batch. The first statement stamps what to delete while the caller can still be checked; the
//! others delete what has the stamp, secrets first, with an event for each.

use super::command::{Command, Target};
use super::plain::Plain;
use super::sql::Sql;
use super::verdict::{Outcome, judge};
use super::{Database, Store};
use crate::refusal::Refusal;

/// The maximum number of credentials that one request deletes.
pub const DELETE_MAX: u32 = 10_000;

/// Deletes the command's target: one credential; every credential of a tenant or a principal; a principal or a tenant
/// with everything that belongs to it.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn delete<D: Database>(store: &Store<'_, D>, command: &Command) -> Result<Outcome<()>, Refusal> {
    let mut statements = vec![
        Sql::Delete(command.target),
        Sql::Plain(Plain::SecretsEnd),
        Sql::Plain(Plain::SecretsDelete),
        Sql::Plain(Plain::CredentialsDelete),
    ];
    if matches!(command.target, Target::Tenant | Target::Principal) {
        // A trigger deletes the tenant with its default principal.
        statements.push(Sql::Plain(Plain::PrincipalsDelete));
    }
    judge(store, command, &statements, Vec::new()).await.map(|(outcome, _)| outcome)
}
