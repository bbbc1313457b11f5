//! Replicas of the database near the client, which may be behind it.

use super::plain::Plain;
use super::sql::Sql;
use super::{Cost, Database, Fault, Parameter, Store};
use crate::credential::time::Micros;
use crate::refusal::Refusal;

/// A replica, for verifications only: nothing else accepts it, and it has no function that writes.
pub struct Near<'a, D>(Store<'a, D>);

impl<'a, D: Database> Near<'a, D> {
    /// Returns a replica without cost or fault.
    pub fn new(database: &'a D) -> Self {
        Self(Store::new(database))
    }

    /// Returns the cost so far.
    pub fn cost(&self) -> Cost {
        self.0.cost()
    }

    /// Returns the last fault. The request then reads the primary.
    pub fn fault(&self) -> Option<Fault> {
        self.0.fault()
    }

    pub(super) fn store(&self) -> &Store<'a, D> {
        &self.0
    }
}

/// Writes the heartbeat into the primary. `now` is from before.
///
/// # Errors
/// `Unavailable` or `Broken`.
pub async fn beat<D: Database>(store: &Store<'_, D>, now: Micros) -> Result<(), Refusal> {
    let now = now.0.to_string();
    store.batch(&[Sql::Plain(Plain::Beat).text()], &[Parameter::Text(&now)], true).await.map(drop)
}
