//! An id from a path, as a member of the command.

use serde::{Serialize, Serializer};

use crate::credential::id::Id;

/// An id from a path. `None` is one that cannot be parsed: it is serialized as an empty text, which no row has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(pub Option<Id>);

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(id) => id.serialize(serializer),
            None => serializer.serialize_str(""),
        }
    }
}
