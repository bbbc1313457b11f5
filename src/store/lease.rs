//! How the history of a tenant went on since a position in it.

use serde::{Deserialize, Serialize};

use super::plain::{CHANGES_MAX, Plain};
use super::sql::Sql;
use super::verdict::read;
use super::verify::{Position, stored};
use super::{Database, Parameter, Store};
use crate::credential::id::Id;
use crate::credential::time::Micros;
use crate::refusal::Refusal;

/// The maximum number of tenants that one statement asks about.
pub const TENANTS_MAX: usize = 32;

/// A tenant, and the position in its history that is known.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Known {
    /// The tenant.
    pub tenant: Id,
    /// The number of the event since which changes are reported.
    pub seq: i64,
    /// The number of the newest event that is known.
    pub newest: i64,
    /// The time of that event.
    #[serde(skip)]
    pub at: Micros,
}

/// What changed in a tenant since a position.
pub struct Since {
    /// The tenant.
    pub tenant: Id,
    /// The position now.
    pub position: Position,
    /// The credentials that changed; `None` if anything else did, or more than 256 times, or if the newest known event is
    /// not in this history, since the database was restored.
    pub changed: Option<Vec<Id>>,
}

/// Reads what changed in tenants, in one trip. A tenant that does not exist is missing from the result.
///
/// # Errors
/// `Unavailable` or `Broken`.
pub async fn since<D: Database>(store: &Store<'_, D>, known: &[Known]) -> Result<Vec<Since>, Refusal> {
    #[derive(Deserialize)]
    struct Found {
        tenant: Id,
        was: Option<Micros>,
        position: String,
        changed: String,
    }
    let text = serde_json::to_string(known).unwrap_or_default();
    let rows = store.batch(&[Sql::Plain(Plain::HistorySince).text()], &[Parameter::Text(&text)], false).await?;
    let mut found = Vec::new();
    for (row, known) in rows.first().into_iter().flatten().zip(known) {
        let Found { tenant, was, position, changed } = read(row)?;
        // Without any event the position is null, and the tenant does not exist.
        let Some(position) = stored::<Option<Position>>(&position).ok().flatten() else { continue };
        let changed = stored::<Vec<Option<Id>>>(&changed)?;
        let is_known = was == Some(known.at) && changed.len() <= CHANGES_MAX;
        let changed = if is_known { changed.into_iter().collect() } else { None };
        found.push(Since { tenant, position, changed });
    }
    Ok(found)
}
