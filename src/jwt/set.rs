//! A set of public keys (RFC 7517 §5): the keys of an issuer, fetched or sent by a client.

use serde_json::Value;

use super::fault::Fault;
use super::jwk::{IS_PRIVATE, Jwk};

/// The largest number of keys in a set, unusable ones included.
pub const KEYS_MAX: usize = 50;

/// The usable keys of a set, and why the others are not usable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set {
    /// No two have both the same `kid` and the same type.
    pub keys: Vec<Jwk>,
    /// By a pointer from the set, such as `/keys/3/alg`.
    pub unusable: Vec<Fault>,
}

impl Set {
    /// Reads a set that was fetched. A key that is not usable is skipped; of several with the same `kid` and type, all are.
    ///
    /// # Errors
    /// The value is not a set, or has more than [`KEYS_MAX`] keys.
    pub fn read(value: &Value) -> Result<Self, Fault> {
        let list = value.get("keys").and_then(Value::as_array);
        let list = list.ok_or_else(|| Fault::whole("must be an object whose member keys is a list of keys"))?;
        if list.len() > KEYS_MAX {
            return Err(Fault::member("keys", "has more than 50 keys"));
        }
        let mut set = Self::default();
        for (index, item) in list.iter().enumerate() {
            match Jwk::from_json(item) {
                Ok(key) if set.keys.contains(&key) => {}
                Ok(key) => set.keys.push(key),
                Err(faults) => {
                    let pointer = format!("/keys/{index}");
                    set.unusable.extend(faults.into_iter().map(|fault| fault.under(&pointer)));
                }
            }
        }
        let all = set.keys.clone();
        let is_same = |one: &Jwk, other: &Jwk| one.kid() == other.kid() && one.key_type() == other.key_type();
        set.keys.retain(|key| all.iter().filter(|other| is_same(key, other)).count() == 1);
        if set.keys.len() < all.len() {
            set.unusable
                .push(Fault::member("keys", "has several keys of the same kid and type, and none of them is used"));
        }
        Ok(set)
    }

    /// Reads a set that a client sent: it must have a usable key, and nothing of a private one.
    ///
    /// # Errors
    /// Every fault that is found.
    pub fn read_sent(value: &Value) -> Result<Vec<Jwk>, Vec<Fault>> {
        let Self { keys, mut unusable } = Self::read(value).map_err(|fault| vec![fault])?;
        if keys.is_empty() {
            unusable.push(Fault::member("keys", "must have at least one usable key"));
        } else {
            unusable.retain(|fault| fault.wants == IS_PRIVATE);
        }
        if unusable.is_empty() { Ok(keys) } else { Err(unusable) }
    }
}
