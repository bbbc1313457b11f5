//! Cursors: positions in lists, which clients send back. A cursor contains an id and the sort key, so it stays usable
//! after the item at its position was deleted, and a checksum over both and the list, so no other list accepts it.

use base64ct::{Base64UrlUnpadded, Encoding};

use crate::credential::base32;
use crate::credential::id::Id;
use crate::credential::time::Micros;
use crate::store::command::{Filter, Order, SortKey};
use crate::store::list::{Edge, Position};

/// The characters of the checksum: a CRC-32 in base32.
const CHECKSUM: usize = 7;

/// The list that a cursor belongs to. Nothing is signed: a forged cursor only selects another page of a list that its
/// sender may read.
#[derive(Clone, Copy)]
pub struct List<'a> {
    path: &'a str,
    order: Order,
    filter: Option<&'a Filter>,
}

impl<'a> List<'a> {
    /// Returns the list at a path, in an order, with a filter.
    #[must_use]
    pub fn new(path: &'a str, order: Order, filter: Option<&'a Filter>) -> Self {
        Self { path, order, filter }
    }

    /// Returns the history at a path, newest first.
    #[must_use]
    pub fn history(path: &'a str) -> Self {
        Self::new(path, Order { key: SortKey::Id, descending: true }, None)
    }

    /// Renders a cursor.
    fn cursor(&self, position: &str) -> String {
        let Self { path, order: Order { descending, .. }, filter } = self;
        let filter = filter.map(super::json).unwrap_or_default();
        let direction = if *descending { " - " } else { " + " };
        // The form of the position differs by sort key.
        let list = [path, direction, filter.as_str(), " ", position].concat();
        base32::checksum(&list) + position
    }
}

/// Renders the cursor of a position in a list: URL-safe, at most 1400 characters.
#[must_use]
pub fn at(list: &List<'_>, position: &Position<'_>) -> String {
    let Position { id, created_at, name } = position;
    list.cursor(&match list.order.key {
        SortKey::Creation => format!("{id}{:x}", created_at.0),
        SortKey::Name => format!("{id}n{}", Base64UrlUnpadded::encode_string(name.as_bytes())),
        SortKey::Id => id.to_string(),
    })
}

/// Reads the position of a cursor of this list; `None` for any other text.
#[must_use]
pub fn follow(list: &List<'_>, cursor: &str) -> Option<Edge> {
    let (_, position) = cursor.split_at_checked(CHECKSUM)?;
    let (id, value) = position.split_at_checked(26)?;
    let mut edge = Edge { created_at: Micros(0), name: String::new(), id: Id::parse(id)? };
    match list.order.key {
        SortKey::Creation => edge.created_at = Micros(i64::from_str_radix(value, 16).ok()?),
        SortKey::Name => {
            let name = Base64UrlUnpadded::decode_vec(value.strip_prefix('n')?).ok()?;
            edge.name = String::from_utf8(name).ok()?;
        }
        SortKey::Id => {}
    }
    (at(list, &edge.position()) == cursor).then_some(edge)
}

/// The cursor of an event in a history, by its number.
#[must_use]
pub fn at_event(history: &List<'_>, seq: i64) -> String {
    history.cursor(&seq.to_string())
}

/// Reads the number of the event of a cursor of this history; `None` for any other text.
#[must_use]
pub fn follow_event(history: &List<'_>, cursor: &str) -> Option<i64> {
    let (_, seq) = cursor.split_at_checked(CHECKSUM)?;
    let seq = i64::from(seq.parse::<u32>().ok()?);
    (at_event(history, seq) == cursor).then_some(seq)
}
