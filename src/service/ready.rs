//! The last checks of readiness. No caller is needed for them, so their result is kept for a second: clients cause at most one
//! trip a second, however often they ask.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::credential::time::Micros;
use crate::refusal::Checks;

/// How long a result is kept, in microseconds.
const KEPT: u64 = 1_000_000;

/// The last checks of one isolate.
pub struct Readiness(Mutex<Last>);

struct Last {
    began: Option<Micros>,
    /// `None` until the first check has finished.
    checks: Option<Checks>,
}

impl Readiness {
    /// Returns a state without checks.
    #[must_use]
    pub const fn new() -> Self {
        Self(Mutex::new(Last { began: None, checks: None }))
    }

    fn lock(&self) -> MutexGuard<'_, Last> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the result of the last check that has finished.
    pub(super) fn last(&self) -> Option<Checks> {
        self.lock().checks
    }

    /// Keeps the result of a check.
    pub(super) fn keep(&self, checks: Checks) {
        self.lock().checks = Some(checks);
    }

    /// Returns whether a second has passed since a check began. If so, the caller has to check.
    pub(super) fn begin(&self, now: Micros) -> bool {
        let mut last = self.lock();
        let is_due = last.began.is_none_or(|began| now.0.abs_diff(began.0) >= KEPT);
        if is_due {
            last.began = Some(now);
        }
        is_due
    }
}

impl Default for Readiness {
    fn default() -> Self {
        Self::new()
    }
}
