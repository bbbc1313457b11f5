//! What a decision returns: the result or the refusal, and what the verdict reports about the caller.

use super::lease::Due;
use crate::caller::Rank;
use crate::credential::access::Access;
use crate::credential::id::Id;
use crate::credential::time::Micros;
use crate::refusal::Refusal;
use crate::store::after::After;

/// What the verdict reports about the caller, also for a refusal.
#[derive(Default)]
pub(super) struct Known {
    /// `None` for a caller that is not authenticated.
    pub rank: Option<Rank>,
    /// Whether the caller verifies tokens of every tenant.
    pub spans_tenants: bool,
    /// If a rotation is replacing the caller's secret: since when, and when the secret ends.
    pub retiring: Option<(Micros, Micros)>,
    /// When the caller's secret stops being valid, if it does.
    pub ends_at: Option<Micros>,
    /// Writes deferred until after the response.
    pub deferred: Option<After>,
    /// Leases to extend after the response.
    pub due: Vec<Due>,
    /// Whether to write the heartbeat after the response.
    pub beats: bool,
    /// When every verification reflects the change that the request made, if not immediately.
    pub effective_by: Option<Micros>,
    /// The number of rows of a list that cannot be read.
    pub unreadable: usize,
    /// The credential or secret that the caller named, for which a failed authentication is counted.
    pub named: Option<Id>,
}

impl Known {
    /// Whether a credential with this access and end exceeds the caller: it is valid for longer, or verifies tokens of every
    /// tenant, which only root may give. Its secret is not revealed to the caller then.
    pub fn is_exceeded_by(&self, access: Access, expires_at: Option<Micros>) -> bool {
        let outlives = self.ends_at.is_some_and(|end| expires_at.is_none_or(|other| other > end));
        outlives || (access == Access::VerifyAll && self.rank != Some(Rank::Root))
    }
}

/// The decision of the database.
pub(super) struct Decided<T> {
    pub known: Box<Known>,
    pub result: Result<T, Refusal>,
}

impl<T> Decided<T> {
    /// Transforms the result.
    pub fn and_then<U>(self, next: impl FnOnce(&mut Known, T) -> Result<U, Refusal>) -> Decided<U> {
        let Self { mut known, result } = self;
        let result = result.and_then(|result| next(&mut known, result));
        Decided { known, result }
    }
}

impl<T> From<Result<T, Refusal>> for Decided<T> {
    /// Returns a decision without a verdict.
    fn from(result: Result<T, Refusal>) -> Self {
        Self { known: Box::default(), result }
    }
}
