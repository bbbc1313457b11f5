//! The context of a request: its external dependencies, and its route.

use std::ops::Deref;

use super::memory::Memory;
use super::ready::Readiness;
use crate::caller::Rank;
use crate::credential::id::Id;
use crate::credential::time::Micros;
use crate::face::Face;
use crate::jwt::fetch::Fetch;
use crate::jwt::signature::Signatures;
use crate::operation::Operation;
use crate::refusal::Misconfigured;
use crate::request::Request;
use crate::route::Route;
use crate::settings::Settings;
use crate::store::near::Near;
use crate::store::{Cost, Database, Store};

/// Everything that one request needs from outside: clock, randomness, settings, database.
pub struct Service<'a, D, R> {
    /// The database, with the cost of this request.
    pub store: Store<'a, D>,
    /// A replica of the database, if verifications may read one.
    pub near: Option<Near<'a, D>>,
    /// The settings, or the first error in them.
    pub settings: Result<&'a Settings, &'a Misconfigured>,
    /// The time of the request.
    pub now: Micros,
    /// Returns the current time, which has advanced after a trip.
    pub clock: &'a dyn Fn() -> Micros,
    /// Fills a buffer with random bytes.
    pub random: R,
    /// Checks signatures.
    pub signatures: &'a dyn Signatures,
    /// Gets documents of issuers.
    pub fetch: &'a dyn Fetch,
    /// The last checks of readiness, which outlive the request.
    pub readiness: &'a Readiness,
    /// What earlier verifications of this isolate found.
    pub memory: &'a Memory,
}

impl<D: Database, R> Service<'_, D, R> {
    /// Returns the cost so far, in the primary and in a replica.
    pub fn cost(&self) -> Cost {
        self.near.as_ref().map_or_else(|| self.store.cost(), |near| self.store.cost() + near.cost())
    }
}

impl<D, R: Fn(&mut [u8])> Service<'_, D, R> {
    pub(super) fn new_id(&self) -> Id {
        Id::new(self.now.0, self.settings.map_or(0, |settings| settings.shard), self.random_bytes())
    }

    pub(super) fn random_bytes<const LENGTH: usize>(&self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        (self.random)(&mut bytes);
        bytes
    }
}

/// A request whose route was found. It dereferences to its [`Service`].
pub(super) struct RequestContext<'a, D, R> {
    pub service: &'a Service<'a, D, R>,
    pub request: &'a Request<'a>,
    pub route: &'static Route,
    pub face: &'static Face,
    pub settings: &'a Settings,
    /// The variable segments of the path, by name.
    pub segments: &'a [(&'static str, String)],
    /// Returns the right that an operation of the face requires.
    pub required_right: &'a dyn Fn(Operation) -> Option<Rank>,
    /// The request's id: the client's, or a new one.
    pub id: &'a str,
    /// The unique stamp of the request's change.
    pub change: Id,
}

impl<'a, D, R> Deref for RequestContext<'a, D, R> {
    type Target = Service<'a, D, R>;

    fn deref(&self) -> &Self::Target {
        self.service
    }
}
