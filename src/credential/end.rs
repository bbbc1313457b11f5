//! When a token ends. Several things end it; every response reports the earliest of them, and nothing else.

use super::time::Micros;

/// Everything that ends a token. Each member is `None` where there is no such end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The expiry time of the credential.
    pub credential: Option<Micros>,
    /// The deadline of the secret, while a rotation replaces it. An access token inherits that of its secret.
    pub secret: Option<Micros>,
    /// The end that an access token carries.
    pub access: Option<Micros>,
}

impl Ends {
    /// Returns the earliest end: the token is invalid from then on. `None` means never, as far as is known now.
    #[must_use]
    pub fn earliest(self) -> Option<Micros> {
        let earlier = |one: Option<Micros>, other: Option<Micros>| {
            one.zip(other).map_or(one.or(other), |(one, other)| Some(one.min(other)))
        };
        earlier(earlier(self.credential, self.secret), self.access)
    }

    /// Returns whether one of them is at `now` or before.
    #[must_use]
    pub fn is_over(self, now: Micros) -> bool {
        self.earliest().is_some_and(|end| end <= now)
    }

    /// Returns the whole seconds from `now` to the earliest end: 0 after it, and at most `max`.
    #[must_use]
    pub fn seconds_left(self, now: Micros, max: u32) -> u32 {
        let left = |end: Micros| u32::try_from(end.0.saturating_sub(now.0).max(0) / 1_000_000).unwrap_or(max);
        self.earliest().map_or(max, left).min(max)
    }
}

#[cfg(test)]
mod tests {
    use super::{Ends, Micros};

    /// Every combination of ends, each on either side of every other.
    #[test]
    fn the_earliest_end_is_reported_in_whole_seconds_and_never_more_than_is_left() {
        let now = Micros(1_795_219_200_999_999);
        let ends = [None, Some(-1), Some(0), Some(999_999), Some(1_000_000), Some(59_999_999), Some(7_200_000_000)];
        let ends = ends.map(|after| after.map(|after| Micros(now.0 + after)));
        for credential in ends {
            for secret in ends {
                for access in ends {
                    let ends = Ends { credential, secret, access };
                    let earliest = ends.earliest();
                    for end in [credential, secret, access].into_iter().flatten() {
                        assert!(earliest.is_some_and(|earliest| earliest <= end), "{ends:?}");
                    }
                    assert!(earliest.is_none() || [credential, secret, access].contains(&earliest), "{ends:?}");
                    let left = i64::from(ends.seconds_left(now, 3600));
                    let exact = earliest.map_or(3_600_000_000, |end| (end.0 - now.0).clamp(0, 3_600_000_000));
                    assert!(left * 1_000_000 <= exact && exact < (left + 1) * 1_000_000, "{ends:?}: {left}");
                }
            }
        }
    }
}
