//! What a decision returns: the result or the refusal, and what the verdict reports about the caller.

use crate::caller::Rank;
use crate::credential::id::Id;
use crate::credential::time::Micros;
use crate::refusal::Refusal;
use crate::store::after::After;

/// What the verdict reports about the caller, also for a refusal.
#[derive(Default)]
pub(super) struct Known {
    /// `None` for a caller that is not authenticated.
    pub rank: Option<Rank>,
    /// If a rotation is replacing the caller's secret: since when, and when the secret ends.
    pub retiring: Option<(Micros, Micros)>,
    /// Writes deferred until after the response.
    pub deferred: Option<After>,
    /// The credential or secret that the caller named, for which a failed authentication is counted.
    pub named: Option<Id>,
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
