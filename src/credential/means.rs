//! Means of logging in without a secret (RFC 7523): keys, by which a credential signs its own assertions, and trusts, by which
//! it accepts those of an issuer.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::id::Id;
use super::time::Micros;

/// The kinds of means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// A public key.
    Key,
    /// An issuer, with what its tokens must say.
    Trust,
}

impl Means {
    /// All kinds.
    pub const ALL: [Self; 2] = [Self::Key, Self::Trust];

    /// Returns the name of one.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Trust => "trust",
        }
    }

    /// Returns the key of the document of a credential that has them.
    #[must_use]
    pub fn member(self) -> &'static str {
        match self {
            Self::Key => "keys",
            Self::Trust => "trusts",
        }
    }

    /// Returns the maximum number of a credential.
    #[must_use]
    pub fn max(self) -> usize {
        match self {
            Self::Key => 5,
            Self::Trust => 10,
        }
    }
}

/// Means by their ids, as the document of a credential has them: times are in microseconds since 1970.
pub type Stored = BTreeMap<Id, Map<String, Value>>;

/// Returns when a means expires; `None` is never.
#[must_use]
pub fn end(members: &Map<String, Value>) -> Option<Micros> {
    members.get("expires_at").and_then(Value::as_i64).map(Micros)
}

/// Returns whether a means has expired.
#[must_use]
pub fn has_expired(members: &Map<String, Value>, now: Micros) -> bool {
    end(members).is_some_and(|end| end <= now)
}

/// Returns when a means was added, which every stored one has.
#[must_use]
pub fn created(members: &Map<String, Value>) -> Micros {
    Micros(members.get("created_at").and_then(Value::as_i64).unwrap_or_default())
}

/// Returns the id of a means: the first 128 bits of the SHA-256 of its text, without its times. So nothing is there twice.
#[must_use]
pub fn id(members: &Map<String, Value>) -> Id {
    let mut lasting = members.clone();
    lasting.retain(|name, _| !name.ends_with("_at"));
    let digest = Sha256::digest(Value::from(lasting).to_string());
    Id::from_bits(digest.iter().take(16).fold(0, |bits: u128, byte| bits << 8 | u128::from(*byte)))
}
