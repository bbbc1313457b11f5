//! Work deferred until after the response, in trips of its own.

use super::lease::Due;
use super::memory::Memory;
use crate::credential::time::Micros;
use crate::refusal::Refusal;
use crate::store::after::{After, write};
use crate::store::near::beat;
use crate::store::{Database, Store};

/// Work deferred until after the response.
#[derive(Debug)]
pub struct Later {
    /// The request's id.
    pub request: String,
    /// Writes.
    pub writes: Option<After>,
    /// Leases to extend.
    pub(super) due: Vec<Due>,
    /// Whether to write the heartbeat.
    pub(super) beats: bool,
}

impl Later {
    /// Does it.
    ///
    /// # Errors
    /// `Unavailable` or `Broken`. The client does not see them: the response has been sent. The rest is done nevertheless.
    pub async fn run<D: Database>(
        &self,
        store: &Store<'_, D>,
        memory: &Memory,
        clock: &dyn Fn() -> Micros,
    ) -> Result<(), Refusal> {
        let extended = if self.due.is_empty() { Ok(()) } else { memory.extend(store, &self.due, clock).await };
        let written = match &self.writes {
            Some(writes) => write(store, writes).await,
            None => Ok(()),
        };
        let beaten = if self.beats { beat(store, clock()).await } else { Ok(()) };
        written.and(extended).and(beaten)
    }
}
