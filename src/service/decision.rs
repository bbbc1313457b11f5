//! What a decision returns: the result or the refusal, and what the verdict told of the caller.

use crate::caller::Rank;
use crate::credential::Credential;
use crate::credential::id::Id;
use crate::credential::time::Micros;
use crate::refusal::Refusal;
use crate::store::after::After;

/// What the verdict told of the caller, whatever the response is.
#[derive(Default)]
pub(super) struct Known {
    /// The caller's rank.
    pub rank: Option<Rank>,
    /// Since when and until when the caller's secret is being replaced, if it is.
    pub retiring: Option<(Micros, Micros)>,
    /// When the caller's secret stops being valid, if it does.
    pub ends_at: Option<Micros>,
    /// Writes deferred until after the response.
    pub deferred: Option<After>,
    /// The credential or secret that the caller named: a failed authentication is counted against it.
    pub named: Option<Id>,
}

impl Known {
    /// Whether a credential is valid for longer than the caller: its secret is not revealed to the caller then.
    pub fn is_outlived_by(&self, credential: &Credential) -> bool {
        self.ends_at.is_some_and(|end| credential.state.expires_at.is_none_or(|other| other > end))
    }
}

/// What the database decided.
pub(super) struct Decided<T> {
    pub known: Box<Known>,
    pub result: Result<T, Refusal>,
}

impl<T> Decided<T> {
    /// Makes another result of this one.
    pub fn and_then<U>(self, next: impl FnOnce(&mut Known, T) -> Result<U, Refusal>) -> Decided<U> {
        let Self { mut known, result } = self;
        let result = result.and_then(|result| next(&mut known, result));
        Decided { known, result }
    }
}

impl<T> From<Result<T, Refusal>> for Decided<T> {
    /// What needed no verdict.
    fn from(result: Result<T, Refusal>) -> Self {
        Self { known: Box::default(), result }
    }
}
