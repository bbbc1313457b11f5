//! Idempotency keys. A creation or a rotation with a key happens once, and the same request gets the same response for a
//! day. The batch of the write stores the response (the view `kept`), and returns it where the verdict is `replay`.

use serde::Deserialize;

use super::command::Command;
use super::plain::Plain;
use super::sql::Sql;
use super::verdict::{Outcome, document, first, judge, no_row, read};
use super::{Database, Parameter, Row, Store};
use crate::credential::access::Access;
use crate::credential::field::Violation;
use crate::credential::secret::Sealed;
use crate::credential::time::Micros;
use crate::refusal::Refusal;

/// What a request that may have a key returns.
pub struct Made<T> {
    /// The resource as this request, or an earlier one with the same key, wrote it.
    pub made: T,
    /// `Some` if an earlier request wrote the resource.
    pub replayed: Option<Replayed>,
}

/// What a repeated request needs beside the response to the first one.
pub struct Replayed {
    /// The sealed secret of that response, if it had one.
    pub sealed: Option<Sealed>,
    /// The access and the end of the credential now; `None` if it was deleted.
    pub now: Option<(Access, Option<Micros>)>,
    /// Whether it is the caller's own rotation, of the last ten minutes. The secret that rotated may have its successor again.
    pub is_own: bool,
}

/// Creates a resource, or returns the one that an earlier request with the same key created. The statements
/// `following` find their rows by the stamp.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub(super) async fn create_once<D: Database, T>(
    store: &Store<'_, D>,
    command: &Command,
    following: &[Sql],
    violations: Vec<Violation>,
    read_made: impl FnOnce(&Row) -> Result<T, Refusal>,
) -> Result<Outcome<Made<T>>, Refusal> {
    let create = Sql::Change { form: command.form(), secrets: command.lists_secrets };
    let following = if command.invalid { &[] } else { following };
    let statements = [&[create], following].concat();
    let (Outcome { judged, result }, rows) = judge(store, command, &statements, violations).await?;
    let result = result.and_then(|()| {
        let row = first(&rows, 0).ok_or_else(no_row)?;
        if judged.is_replay() { kept(row, read_made) } else { Ok(Made { made: read_made(row)?, replayed: None }) }
    });
    Ok(Outcome { judged, result })
}

/// Reads the response that is kept for the key from the row of a replay.
pub(super) fn kept<T>(row: &Row, read_made: impl FnOnce(&Row) -> Result<T, Refusal>) -> Result<Made<T>, Refusal> {
    #[derive(Deserialize)]
    struct Replay {
        #[serde(deserialize_with = "document")]
        made: Kept,
    }
    #[derive(Deserialize)]
    struct Kept {
        row: String,
        key: Option<String>,
        sealed: Option<String>,
        access: Option<Access>,
        expires_at: Option<Micros>,
        own: Option<u8>,
    }
    let Replay { made: Kept { row, key, sealed, access, expires_at, own } } = read(row)?;
    let sealed = sealed.zip(key).map(|(text, key)| Sealed { key, text });
    let now = access.map(|access| (access, expires_at));
    Ok(Made { made: read_made(&Row::new(&row))?, replayed: Some(Replayed { sealed, now, is_own: own == Some(1) }) })
}

/// The number of responses that one batch deletes. It is the LIMIT of `idempotency_forget.sql`: other requests get their
/// turn between the batches.
const FORGET_MAX: usize = 1000;

/// The number of batches of one run. The next run continues.
const FORGET_BATCHES_MAX: usize = 200;

/// Deletes the responses that are older than a day.
///
/// # Errors
/// `Unavailable` or `Broken`.
pub async fn forget<D: Database>(store: &Store<'_, D>, now: Micros) -> Result<(), Refusal> {
    #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
    let now = now.0 as f64;
    for _ in 0..FORGET_BATCHES_MAX {
        let statement = [Sql::Plain(Plain::IdempotencyForget).text()];
        let deleted = store.batch(&statement, &[Parameter::Number(now)], true).await?;
        if deleted.first().is_none_or(|rows| rows.len() < FORGET_MAX) {
            break;
        }
    }
    Ok(())
}
