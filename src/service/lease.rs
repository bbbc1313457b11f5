//! Leases: how the evidence of all remembered tokens of a tenant is extended at once. A lease knows a position in the tenant's history.
//! Every entry under it was read at that position or later, or has not changed until then; reading how the history went on
//! extends the evidence of those that did not change, and drops the others. Nothing relies on a message that arrives.

use crate::credential::id::Id;
use crate::credential::time::Micros;
use crate::store::lease::Known;
use crate::store::verify::Position;

/// The maximum number of leases of an isolate. Then the one that was asked for least recently goes.
const LEASES_MAX: usize = 256;
/// For how long leases extend the evidence of an entry. Then it is read again, whatever the history says.
const EXTENDED_MAX: i64 = 60_000_000;
/// How long after a reading of the history began the next one may begin.
const PAUSE: i64 = 1_000_000;

/// The lease that an entry is under. A lease that was dropped is never found again, and its entries keep the evidence that they have
/// themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LeaseId(u64);

struct Lease {
    id: LeaseId,
    tenant: Id,
    position: Position,
    /// Every change that was committed before is at the position or earlier.
    as_of: Micros,
    /// When the history was last asked for.
    asked: Micros,
}

/// A tenant whose history is to be read, and the lease that this will extend.
#[derive(Clone, Copy, Debug)]
pub struct Due {
    pub(super) lease: LeaseId,
    pub(super) known: Known,
}

/// The leases of an isolate, at most one for each tenant.
pub(super) struct Leases {
    of: Vec<Lease>,
    made: u64,
}

impl Leases {
    pub fn new() -> Self {
        Self { of: Vec::new(), made: 0 }
    }

    /// Drops every lease.
    pub fn clear(&mut self) {
        self.of.clear();
    }

    /// Drops a lease.
    pub fn drop(&mut self, id: LeaseId) {
        self.of.retain(|lease| lease.id != id);
    }

    /// Returns the evidence of an entry that was read as of a time.
    pub fn evidence(&self, id: LeaseId, as_of: Micros) -> Micros {
        let lease = self.of.iter().find(|lease| lease.id == id);
        let until = Micros(as_of.0.saturating_add(EXTENDED_MAX));
        lease.map_or(as_of, |lease| as_of.max(lease.as_of.min(until)))
    }

    /// Returns the lease for an entry that was read at a position, as of a time. `None` if the lease is further: changes between
    /// the two would be missing from the entry, and no reading reports them again.
    pub fn admit(&mut self, tenant: Id, position: Position, as_of: Micros) -> Option<LeaseId> {
        if let Some(lease) = self.of.iter_mut().find(|lease| lease.tenant == tenant) {
            if position == lease.position {
                // Nothing changed from there to this time.
                lease.as_of = lease.as_of.max(as_of);
            }
            return (position.0 >= lease.position.0).then_some(lease.id);
        }
        if self.of.len() >= LEASES_MAX
            && let Some(least) = self.of.iter().min_by_key(|lease| lease.asked).map(|lease| lease.id)
        {
            self.drop(least);
        }
        self.made += 1;
        let id = LeaseId(self.made);
        self.of.push(Lease { id, tenant, position, as_of, asked: as_of });
        Some(id)
    }

    /// Returns the lease to extend if a tenant's history was not asked for in the last second; now it is.
    pub fn due(&mut self, id: LeaseId, now: Micros) -> Option<Due> {
        let lease = self.of.iter_mut().find(|lease| lease.id == id)?;
        if now.0 < lease.asked.0.saturating_add(PAUSE) {
            return None;
        }
        lease.asked = now;
        let Position(seq, at) = lease.position;
        Some(Due { lease: id, known: Known { tenant: lease.tenant, seq, at } })
    }

    /// Extends a lease to a position that was read as of a time. Returns whether it did: not if it was dropped, or is already
    /// further.
    pub fn extend(&mut self, id: LeaseId, position: Position, as_of: Micros) -> bool {
        let Some(lease) = self.of.iter_mut().find(|lease| lease.id == id) else {
            return false;
        };
        if position.0 < lease.position.0 {
            return false;
        }
        lease.position = position;
        lease.as_of = lease.as_of.max(as_of);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{Leases, PAUSE};
    use crate::credential::id::Id;
    use crate::credential::time::Micros;
    use crate::store::verify::Position;

    const TENANT: Id = Id::ZERO;
    const START: i64 = 1_700_000_000_000_000;

    fn at(seconds: i64) -> Micros {
        Micros(START + seconds * 1_000_000)
    }

    /// The position of the event with a number, which was committed at that second.
    fn position(seq: i64) -> Position {
        Position(seq, at(seq))
    }

    #[test]
    fn entry_that_was_read_before_the_position_of_the_lease_is_refused() {
        let mut leases = Leases::new();
        let lease = leases.admit(TENANT, position(5), at(5)).unwrap();
        assert_eq!(leases.admit(TENANT, position(7), at(7)), Some(lease), "later");
        assert!(leases.extend(lease, position(7), at(8)));
        assert_eq!(leases.admit(TENANT, position(6), at(6)), None, "what changed from 6 to 7 was reported before");
        assert_eq!(leases.admit(TENANT, position(7), at(8)), Some(lease));
    }

    /// Two readings at once, and the first is answered last.
    #[test]
    fn reading_of_an_earlier_position_extends_nothing() {
        let mut leases = Leases::new();
        let lease = leases.admit(TENANT, position(5), at(5)).unwrap();
        assert!(leases.extend(lease, position(9), at(9)));
        assert!(!leases.extend(lease, position(7), at(10)));
        assert_eq!(leases.evidence(lease, at(5)), at(9));
        assert_eq!(leases.admit(TENANT, position(8), at(8)), None);
    }

    #[test]
    fn lease_that_was_dropped_extends_no_entry_and_is_not_extended() {
        let mut leases = Leases::new();
        let lease = leases.admit(TENANT, position(5), at(5)).unwrap();
        leases.drop(lease);
        let next = leases.admit(TENANT, position(8), at(8)).unwrap();
        assert_ne!(next, lease);
        assert!(!leases.extend(lease, position(9), at(9)));
        assert_eq!(leases.evidence(lease, at(5)), at(5));
        leases.drop(lease);
        assert_eq!(leases.admit(TENANT, position(8), at(8)), Some(next), "it is another one");
    }

    #[test]
    fn history_is_asked_for_at_most_once_in_a_second() {
        let mut leases = Leases::new();
        let lease = leases.admit(TENANT, position(5), at(5)).unwrap();
        let due = |leases: &mut Leases, micros| leases.due(lease, Micros(at(5).0 + micros)).is_some();
        assert_eq!(
            [PAUSE - 1, PAUSE, PAUSE + 1, 2 * PAUSE].map(|micros| due(&mut leases, micros)),
            [false, true, false, true]
        );
    }

    #[test]
    fn reading_at_the_position_of_the_lease_extends_it_and_one_further_does_not() {
        let mut leases = Leases::new();
        let lease = leases.admit(TENANT, position(5), at(5)).unwrap();
        for (seq, read, evidence) in [(5, 8, 8), (6, 9, 8), (5, 7, 8)] {
            leases.admit(TENANT, position(seq), at(read));
            assert_eq!(leases.evidence(lease, at(5)), at(evidence));
        }
        // The number was given out again after the database was restored.
        leases.admit(TENANT, Position(5, at(9)), at(10));
        assert_eq!(leases.evidence(lease, at(5)), at(8));
    }
}
