//! What is written once the answer is ready, in a trip of its own: when a secret was used last, at most once a
//! minute, and the move of a secret to the current master key, as it is used.

use std::fmt;

use serde::Serialize;

use super::sql::{Plain, Sql};
use super::{Database, Parameter, Store};
use crate::credential::id::Id;
use crate::credential::time::Micros;
use crate::refusal::Refusal;

/// What is left to write after a request.
#[derive(Debug, Serialize)]
pub struct After {
    /// The time of the request.
    pub now: Micros,
    /// The secrets that were used, as far as it is time to note it.
    pub used: Vec<Id>,
    /// The secret that is still under the previous key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rekey: Option<Rekey>,
    /// The unique stamp of the request: what moves was not written by it, so it is a new one to that row.
    pub change: Id,
    /// The calling credential, or `root`.
    pub by: String,
    /// The request's id.
    pub request: String,
}

/// A secret's move to the current key. Debug shows its ids alone.
#[derive(Serialize)]
pub struct Rekey {
    /// Its id so far.
    pub from: Id,
    /// Its id from now on: another one only for a client's own token.
    pub id: Id,
    /// Its digest under the current key.
    pub digest: String,
    /// The current key's id.
    pub key: String,
    /// Its value sealed under the current key, if it was sealed.
    pub sealed: Option<String>,
}

impl fmt::Debug for Rekey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Rekey({} to {})", self.from, self.id)
    }
}

impl After {
    /// Whether anything is left to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.used.is_empty() && self.rekey.is_none()
    }
}

/// Writes it.
///
/// # Errors
/// `Unavailable` or `Broken`, of which the caller of the request learns nothing: its answer has gone out.
pub async fn write<D: Database>(store: &Store<'_, D>, after: &After) -> Result<(), Refusal> {
    const NOTE_SECRET: Sql = Sql::Plain(Plain::NoteSecret);
    const NOTE_CREDENTIAL: Sql = Sql::Plain(Plain::NoteCredential);
    const REKEY: Sql = Sql::Plain(Plain::Rekey);
    let statements: &[_] = match (after.used.is_empty(), &after.rekey) {
        (true, None) => return Ok(()),
        // The move last: the notes find the secret by the id that it had.
        (false, None) => &[NOTE_CREDENTIAL, NOTE_SECRET],
        (false, Some(_)) => &[NOTE_CREDENTIAL, NOTE_SECRET, REKEY],
        (true, Some(_)) => &[REKEY],
    };
    let text = serde_json::to_string(after).unwrap_or_default();
    let texts: Vec<_> = statements.iter().map(|sql| sql.text()).collect();
    store.batch(&texts, &[Parameter::Text(&text)], true).await.map(drop)
}
