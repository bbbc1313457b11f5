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
    /// The newest position that an entry was read at, at least that of the lease. If it is not in the history any more, the
    /// database was restored.
    newest: Position,
    /// Every change that was committed before is at the position or earlier.
    as_of: Micros,
    /// When the history was last asked for.
    asked: Micros,
}

/// A tenant whose history is to be read, and the lease that this will extend.
#[derive(Clone, Copy, Debug)]
pub struct Due {
    pub(super) lease: LeaseId,
    position: Position,
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
        // One that has extended nothing for so long may be ahead of a database that was restored.
        self.of.retain(|lease| lease.tenant != tenant || as_of.0 <= lease.as_of.0.saturating_add(EXTENDED_MAX));
        if let Some(lease) = self.of.iter_mut().find(|lease| lease.tenant == tenant) {
            if position == lease.position {
                // Nothing changed from there to this time.
                lease.as_of = lease.as_of.max(as_of);
            }
            if position.0 > lease.newest.0 {
                lease.newest = position;
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
        self.of.push(Lease { id, tenant, position, newest: position, as_of, asked: as_of });
        Some(id)
    }

    /// Returns the lease to extend for an entry that was read as of a time, if evidence of a later time than `from` helps it, and if
    /// the tenant's history was not asked for in the last second; now it is.
    pub fn due(&mut self, id: LeaseId, as_of: Micros, from: Micros, now: Micros) -> Option<Due> {
        let lease = self.of.iter_mut().find(|lease| lease.id == id)?;
        let is_helped = lease.as_of < from.min(Micros(as_of.0.saturating_add(EXTENDED_MAX)));
        if !is_helped || now.0 < lease.asked.0.saturating_add(PAUSE) {
            return None;
        }
        lease.asked = now;
        let (position, Position(newest, at)) = (lease.position, lease.newest);
        Some(Due { lease: id, position, known: Known { tenant: lease.tenant, seq: position.0, newest, at } })
    }

    /// Extends a lease to a position that was read as of a time. Returns whether it did: not if it was dropped or extended since.
    pub fn extend(&mut self, due: Due, position: Position, as_of: Micros) -> bool {
        let is_same = |lease: &&mut Lease| lease.id == due.lease && lease.position == due.position;
        let Some(lease) = self.of.iter_mut().find(is_same) else {
            return false;
        };
        lease.position = position;
        if position.0 > lease.newest.0 {
            lease.newest = position;
        }
        lease.as_of = lease.as_of.max(as_of);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{Due, LEASES_MAX, LeaseId, Leases, PAUSE};
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

    /// The lease, to be extended from its position.
    fn due(leases: &mut Leases, lease: LeaseId, now: Micros) -> Due {
        leases.due(lease, now, now, now).unwrap()
    }

    #[test]
    fn entry_that_was_read_before_the_position_of_the_lease_is_refused() {
        let mut leases = Leases::new();
        let lease = leases.admit(TENANT, position(5), at(5)).unwrap();
        assert_eq!(leases.admit(TENANT, position(7), at(7)), Some(lease), "later");
        let read = due(&mut leases, lease, at(8));
        assert!(leases.extend(read, position(7), at(8)));
        assert_eq!(leases.admit(TENANT, position(6), at(6)), None, "what changed from 6 to 7 was reported before");
        assert_eq!(leases.admit(TENANT, position(7), at(8)), Some(lease));
    }

    /// Two readings at once, and the first is answered last.
    #[test]
    fn reading_since_an_earlier_position_extends_nothing() {
        for read in [7, 9, 11] {
            let mut leases = Leases::new();
            let lease = leases.admit(TENANT, position(5), at(5)).unwrap();
            let (first, second) = (due(&mut leases, lease, at(6)), due(&mut leases, lease, at(7)));
            assert!(leases.extend(second, position(9), at(9)));
            assert!(!leases.extend(first, position(read), at(12)));
            assert_eq!(leases.evidence(lease, at(5)), at(9));
            assert_eq!(leases.admit(TENANT, position(8), at(8)), None);
        }
    }

    #[test]
    fn lease_that_was_dropped_extends_no_entry_and_is_not_extended() {
        let mut leases = Leases::new();
        let lease = leases.admit(TENANT, position(5), at(5)).unwrap();
        let read = due(&mut leases, lease, at(6));
        leases.drop(lease);
        let next = leases.admit(TENANT, position(5), at(8)).unwrap();
        assert_ne!(next, lease);
        assert!(!leases.extend(read, position(9), at(9)));
        assert_eq!(leases.evidence(lease, at(5)), at(5));
        leases.drop(lease);
        assert_eq!(leases.admit(TENANT, position(8), at(8)), Some(next), "it is another one");
    }

    /// An entry may be ahead of the lease. A database that was restored to before the entry, not to before the lease, is noticed.
    #[test]
    fn newest_position_that_an_entry_was_read_at_is_the_one_that_must_be_known() {
        let mut leases = Leases::new();
        let lease = leases.admit(TENANT, position(5), at(5)).unwrap();
        leases.admit(TENANT, position(8), at(8));
        leases.admit(TENANT, position(6), at(6));
        let read = due(&mut leases, lease, at(9));
        assert_eq!((read.known.seq, read.known.newest, read.known.at), (5, 8, at(8)));
        assert!(leases.extend(read, position(7), at(9)));
        assert_eq!(due(&mut leases, lease, at(11)).known.newest, 8);
    }

    /// Otherwise a tenant would never be remembered again.
    #[test]
    fn lease_that_is_ahead_of_a_restored_database_is_replaced_after_a_minute() {
        let mut leases = Leases::new();
        let lease = leases.admit(TENANT, position(5), at(5)).unwrap();
        assert_eq!(leases.admit(TENANT, position(4), at(65)), None);
        assert!(leases.admit(TENANT, position(4), at(66)).is_some_and(|next| next != lease));
    }

    #[test]
    fn history_is_asked_for_at_most_once_in_a_second_and_only_if_that_helps() {
        let mut leases = Leases::new();
        let lease = leases.admit(TENANT, position(5), at(5)).unwrap();
        let is_due = |leases: &mut Leases, read, from, micros| {
            leases.due(lease, at(read), at(from), Micros(at(5).0 + micros)).is_some()
        };
        assert!(!is_due(&mut leases, 5, 5, 9 * PAUSE), "the evidence is as new as wanted");
        assert!(!is_due(&mut leases, -60, 9, 9 * PAUSE), "it was read a minute before");
        let asked = [PAUSE - 1, PAUSE, PAUSE + 1, 2 * PAUSE].map(|micros| is_due(&mut leases, 5, 6, micros));
        assert_eq!(asked, [false, true, false, true]);
    }

    #[test]
    fn leases_are_bounded_and_the_one_asked_for_least_recently_goes() {
        let mut leases = Leases::new();
        let numbers = (0..=LEASES_MAX as u128).zip(at(5).0..);
        let made: Vec<_> = numbers
            .map(|(number, now)| leases.admit(Id::from_bits(number), position(5), Micros(now)).unwrap())
            .collect();
        assert_eq!(leases.of.len(), LEASES_MAX);
        assert!(leases.due(made[0], at(9), at(9), at(9)).is_none());
        assert!(leases.due(made[LEASES_MAX], at(9), at(9), at(9)).is_some());
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
