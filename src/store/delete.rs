//! Deletion.

use serde::Deserialize;

use super::command::Command;
use super::sql::{DELETE_STEP, Sql};
use super::verdict::{Outcome, first, judge, no_row, read};
use super::{Database, Store};
use crate::refusal::Refusal;

/// The maximum number of credentials, and of principals, that one request deletes.
pub const DELETE_MAX: u32 = 10_000;

/// The maximum number of batches: for the credentials, the principals, and as many again that are created meanwhile.
const BATCHES_MAX: u32 = 4 * DELETE_MAX / DELETE_STEP;

#[derive(Deserialize)]
struct Step {
    is_last: u8,
}

/// Deletes the command's target: one credential; every credential of a tenant or a principal; a principal or a tenant
/// with everything that belongs to it.
///
/// A batch is atomic and has its own verdict. More than a thousand resources take several batches, of which only
/// the last deletes the caller, the principal or the tenant: a deletion that was interrupted is continued by repeating
/// the request.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or `Broken`; a refusal is in the outcome.
pub async fn delete<D: Database>(store: &Store<'_, D>, command: &Command) -> Result<Outcome<()>, Refusal> {
    for _ in 0..BATCHES_MAX {
        let (outcome, rows) = judge(store, command, &[Sql::Delete(command.target)], Vec::new()).await?;
        let Step { is_last } = read(first(&rows, 0).ok_or_else(no_row)?)?;
        if is_last == 1 {
            return Ok(outcome);
        }
    }
    // Other requests create as fast as this one deletes.
    Err(Refusal::Unavailable)
}
