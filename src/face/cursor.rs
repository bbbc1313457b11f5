//! Cursors: positions in a list, which clients send back. A cursor contains an id and the sort key, so that it stays
//! usable after the item at its position was deleted.

use base64ct::{Base64UrlUnpadded, Encoding};

use crate::credential::id::Id;
use crate::credential::time::Micros;
use crate::store::command::{Page, SortKey};
use crate::store::list::Position;

/// Renders the cursor of a position in a list with this sort key: URL-safe, at most 1400 characters.
pub(super) fn at(position: &Position<'_>, key: SortKey) -> String {
    let Position { id, created_at, name } = position;
    match key {
        SortKey::Creation => format!("{id}{:x}", created_at.0),
        SortKey::Name => format!("{id}n{}", Base64UrlUnpadded::encode_string(name.as_bytes())),
        SortKey::Id => id.to_string(),
    }
}

/// Starts a page after a cursor's position. Returns whether the cursor is valid for the page's sort key.
pub(super) fn follow(page: &mut Page, cursor: &str) -> bool {
    let key = page.order.key;
    let mut read = || {
        let (id, value) = cursor.split_at_checked(26)?;
        page.id = Some(Id::parse(id)?);
        match key {
            SortKey::Creation => page.at = Some(Micros(i64::from_str_radix(value, 16).ok()?)),
            SortKey::Name => {
                let name = Base64UrlUnpadded::decode_vec(value.strip_prefix('n')?).ok()?;
                page.name = Some(String::from_utf8(name).ok()?);
            }
            SortKey::Id => {}
        }
        let position = Position {
            id: page.id?,
            created_at: page.at.unwrap_or(Micros(0)),
            name: page.name.as_deref().unwrap_or_default(),
        };
        (at(&position, key) == cursor).then_some(())
    };
    read().is_some()
}
