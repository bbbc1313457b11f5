//! Writes deferred until after the response, in a trip of their own: the last use of a secret, at most once a minute,
//! and the moves of secrets to the current master key when they are used.

use std::fmt;

use serde::Serialize;

use super::plain::Plain;
use super::sql::Sql;
use super::{Database, Parameter, Store};
use crate::credential::id::Id;
use crate::credential::time::Micros;
use crate::refusal::Refusal;

/// The deferred writes of a request.
#[derive(Debug, Serialize)]
pub struct After {
    /// The time of the request.
    pub now: Micros,
    /// The secrets whose use must be recorded.
    pub used: Vec<Id>,
    /// The tenants and ids of credentials whose use by a key or a trust must be recorded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<(Id, Id)>,
    /// The moves of secrets that are still under the previous master key.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rekeyed: Vec<Rekey>,
    /// The unique stamp of the request. Without a new stamp, the trigger would report the move as made at the console.
    pub change: Id,
    /// The calling credential, or `root`.
    pub by: String,
    /// The request's id, recorded in events.
    pub request: String,
}

/// The move of a secret to the current master key. Debug prints only its ids.
#[derive(Serialize)]
pub struct Rekey {
    /// The secret's id under the previous key.
    pub from: Id,
    /// The secret's new id. It differs only for a token that a client chose.
    pub id: Id,
    /// The digest under the current key.
    pub digest: String,
    /// The current key's id.
    pub key: String,
    /// The value encrypted under the current key, if it was sealed before.
    pub sealed: Option<String>,
}

impl fmt::Debug for Rekey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Rekey({} to {})", self.from, self.id)
    }
}

impl After {
    /// Returns whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.used.is_empty() && self.owners.is_empty() && self.rekeyed.is_empty()
    }
}

/// Runs the deferred writes.
///
/// # Errors
/// `Unavailable` or `Broken`. The client does not see them: the response has been sent.
pub async fn write<D: Database>(store: &Store<'_, D>, after: &After) -> Result<(), Refusal> {
    if after.is_empty() {
        return Ok(());
    }
    let parts: [(bool, &[Plain]); 3] = [
        (!after.used.is_empty(), &[Plain::NoteCredential, Plain::NoteSecret]),
        (!after.owners.is_empty(), &[Plain::NoteOwner]),
        // The moves are last, since the notes find a secret by its previous id.
        (!after.rekeyed.is_empty(), &[Plain::Rekey]),
    ];
    let statements = parts.into_iter().filter(|(is_due, _)| *is_due).flat_map(|(_, statements)| statements);
    let texts: Vec<_> = statements.map(|plain| Sql::Plain(*plain).text()).collect();
    let text = serde_json::to_string(after).unwrap_or_default();
    store.batch(&texts, &[Parameter::Text(&text)], true).await.map(drop)
}
