//! Deletion: one batch. What is to be deleted is stamped while the caller can still be judged, and is then deleted by its stamp,
//! secrets first, with an event for each.

use super::command::{Command, Target};
use super::sql::{Plain, Sql};
use super::verdict::{Outcome, judge};
use super::{Database, Store};
use crate::refusal::Refusal;

/// The most credentials that one deletion takes with it.
pub const DELETE_MAX: u32 = 10_000;

/// Deletes what the command is on: a credential; all of a tenant or of a principal; a principal or a tenant with all that
/// belongs to it.
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
        // With its default principal the tenant is deleted (the schema's triggers).
        statements.push(Sql::Plain(Plain::PrincipalsDelete));
    }
    judge(store, command, &statements, Vec::new()).await.map(|(outcome, _)| outcome)
}
