//! What an isolate remembers of verifications: callers and owners of tokens, each with its evidence, `as_of`: every change
//! that was committed before that time is reflected. An answer from memory is as good as one from the database that is at most
//! as old as the bound; `tests/laws/staleness.rs` checks that for every answer.
//!
//! An entry has no lifetime: each request compares the age of its evidence with the bound. Only valid tokens are remembered, so
//! that tokens that do not exist need no memory. The key is the keyed digest of a token, never the token.

use std::mem::size_of;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use super::lease::{Due, LeaseId, Leases};
use crate::caller::Caller;
use crate::credential::id::Id;
use crate::credential::role::Role;
use crate::credential::secret::AccessOf;
use crate::credential::time::Micros;
use crate::refusal::Refusal;
use crate::store::lease::{Since, since};
use crate::store::verdict::Judged;
use crate::store::verify::{Position, Subject};
use crate::store::{Database, Store};

/// The maximum bytes of the entries of an isolate, which has 128 MB for everything.
pub const MEMORY_MAX: usize = 8 * 1024 * 1024;
/// What an entry costs in addition to its texts, in bytes: estimated from above.
const ENTRY_COST: usize = 256;
/// How far the clock must go back to have been set back: requests may begin in another order than their times.
const SET_BACK: Micros = Micros(1_000_000);

/// The memory of one isolate.
pub struct Memory(Mutex<Entries>);

struct Entries {
    of: LruCache<Key, Leased>,
    leases: Leases,
    bytes: usize,
    limit: usize,
    /// The latest time that a request of this era had.
    latest: Micros,
    era: Era,
}

/// The number of times that the clock was set back. The time between two readings is known only within one era.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Era(u64);

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    kind: Kind,
    token: TokenKey,
    /// The credential that the request names beside the token.
    client: Option<Id>,
}

/// What the token is in the request: the caller's own, or one to be verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Caller,
    Subject,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum TokenKey {
    /// The digest of a secret under the current master key.
    Secret(String),
    /// What an access token was issued for.
    Access(AccessOf),
}

impl Key {
    /// Returns the key of a token. `keys` is the number of master keys. Some tokens have none: the root token needs no
    /// database, and where Basic has two readings, the first does not identify the second.
    pub fn new(kind: Kind, caller: &Caller, keys: usize) -> Option<Self> {
        match caller {
            Caller::Secret { proofs, client } if proofs.len() == keys => {
                Some(Self { kind, token: TokenKey::Secret(proofs.first()?.digest.clone()), client: *client })
            }
            Caller::Access(access) => Some(Self { kind, token: TokenKey::Access(access.of), client: None }),
            Caller::Root { .. } | Caller::Secret { .. } => None,
        }
    }
}

/// A valid token, as the database had it.
#[derive(Clone)]
pub(super) enum Remembered {
    Caller(Box<Judged>),
    Subject(Box<Subject>),
}

impl Remembered {
    fn tenant(&self) -> Option<Id> {
        match self {
            Self::Caller(judged) => judged.caller_tenant,
            Self::Subject(subject) => Some(subject.tenant),
        }
    }

    fn credential(&self) -> Option<Id> {
        match self {
            Self::Caller(judged) => Id::parse(judged.caller.as_deref()?),
            Self::Subject(subject) => Some(subject.credential),
        }
    }
}

/// A valid token, with the time for which that is known.
#[derive(Clone)]
pub(super) struct Entry {
    pub as_of: Micros,
    pub value: Remembered,
}

/// An entry, and what extends its evidence.
struct Leased {
    entry: Entry,
    lease: Option<LeaseId>,
}

impl Entry {
    fn bytes(&self) -> usize {
        let texts = match &self.value {
            Remembered::Caller(judged) => size_of::<Judged>() + judged.caller.as_ref().map_or(0, String::len),
            Remembered::Subject(subject) => {
                let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
                let role = |role: &Role| size_of::<Role>() + role.bytes();
                let roles: usize = subject.roles.iter().flatten().map(role).sum();
                size_of::<Subject>() + subject.name.len() + subject.label.len() + text(&subject.scope) + roles
            }
        };
        ENTRY_COST + texts
    }
}

impl Memory {
    /// Returns an empty memory of at most so many bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self(Mutex::new(Entries {
            of: LruCache::unbounded(),
            leases: Leases::new(),
            bytes: 0,
            limit,
            latest: Micros(0),
            era: Era(0),
        }))
    }

    /// Returns the estimated bytes of all entries.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the era of a request that begins at a time. A new one begins without entries: how old they are is not known.
    pub(super) fn era(&self, now: Micros) -> Era {
        let mut entries = self.lock();
        if now.0 < entries.latest.0.saturating_sub(SET_BACK.0) {
            entries.of.clear();
            entries.leases.clear();
            (entries.bytes, entries.latest, entries.era) = (0, now, Era(entries.era.0 + 1));
        }
        entries.latest = entries.latest.max(now);
        entries.era
    }

    /// Returns an entry, with the evidence that its lease extends. The caller checks it.
    pub(super) fn get(&self, key: &Key) -> Option<Entry> {
        let Entries { of, leases, .. } = &mut *self.lock();
        let Leased { entry, lease } = of.get(key)?;
        let as_of = lease.map_or(entry.as_of, |lease| leases.evidence(lease, entry.as_of));
        Some(Entry { as_of, ..entry.clone() })
    }

    /// Returns the lease of an entry, if it is to be extended now to a time later than `from`.
    pub(super) fn due(&self, key: &Key, from: Micros, now: Micros) -> Option<Due> {
        let Entries { of, leases, .. } = &mut *self.lock();
        let Leased { entry, lease } = of.peek(key)?;
        leases.due((*lease)?, entry.as_of, from, now)
    }

    /// Remembers a valid token, unless newer evidence is there, or the clock was set back since the request began.
    ///
    /// `position` is that in the history of its tenant, if it was read. If the tenant's lease is further, nothing is remembered.
    pub(super) fn keep(&self, era: Era, key: Key, entry: Entry, position: Option<Position>) {
        let entries = &mut *self.lock();
        if entries.era != era || entries.of.peek(&key).is_some_and(|kept| kept.entry.as_of > entry.as_of) {
            return;
        }
        let lease = match entry.value.tenant().zip(position) {
            Some((tenant, position)) => match entries.leases.admit(tenant, position, entry.as_of) {
                None => return,
                lease => lease,
            },
            None => None,
        };
        entries.bytes += entry.bytes();
        if let Some((_, replaced)) = entries.of.push(key, Leased { entry, lease }) {
            entries.bytes -= replaced.entry.bytes();
        }
        while entries.bytes > entries.limit
            && let Some((_, dropped)) = entries.of.pop_lru()
        {
            entries.bytes -= dropped.entry.bytes();
        }
    }

    /// Extends leases by how the histories of their tenants went on, in one trip.
    ///
    /// # Errors
    /// `Unavailable` or `Broken`: then nothing is extended.
    pub(super) async fn extend<D: Database>(
        &self,
        store: &Store<'_, D>,
        due: &[Due],
        clock: &dyn Fn() -> Micros,
    ) -> Result<(), Refusal> {
        // From before the batch: what is committed before is in its answer.
        let as_of = clock();
        let known: Vec<_> = due.iter().map(|due| due.known).collect();
        let found = since(store, &known).await?;
        let entries = &mut *self.lock();
        for due in due {
            entries.extend(*due, found.iter().find(|since| since.tenant == due.known.tenant), as_of);
        }
        Ok(())
    }

    /// Forgets a token that is not valid as of a time, unless newer evidence is there, or the caller may not see the token: then
    /// the database said nothing about it.
    pub(super) fn forget(&self, key: &Key, as_of: Micros, judged: &Judged) {
        let mut entries = self.lock();
        let is_seen = |entry: &Entry| match &entry.value {
            Remembered::Caller(_) => true,
            Remembered::Subject(subject) => judged.may_see(subject.tenant),
        };
        if entries.of.peek(key).is_some_and(|kept| kept.entry.as_of <= as_of && is_seen(&kept.entry))
            && let Some(dropped) = entries.of.pop(key)
        {
            entries.bytes -= dropped.entry.bytes();
        }
    }
}

impl Entries {
    /// Extends a lease, and drops the entries of the credentials that changed. If that is not known, drops the lease.
    fn extend(&mut self, due: Due, since: Option<&Since>, as_of: Micros) {
        let Some(Since { tenant, position, changed: Some(changed) }) = since else {
            self.leases.drop(due.lease);
            return;
        };
        if self.leases.extend(due, *position, as_of) && !changed.is_empty() {
            let is_changed = |Entry { value, .. }: &Entry| {
                value.tenant() == Some(*tenant)
                    && value.credential().is_some_and(|credential| changed.contains(&credential))
            };
            let keys: Vec<_> =
                self.of.iter().filter(|(_, leased)| is_changed(&leased.entry)).map(|(key, _)| key.clone()).collect();
            for key in keys {
                self.bytes -= self.of.pop(&key).map_or(0, |dropped| dropped.entry.bytes());
            }
        }
    }
}
