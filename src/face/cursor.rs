//! Cursors: a place in a list, as a client hands it back. An id and what the list is ordered by, so that a page is found though
//! its first neighbour has gone.

use base64ct::{Base64UrlUnpadded, Encoding};

use crate::credential::id::Id;
use crate::credential::time::Micros;
use crate::store::command::{Page, SortKey};
use crate::store::list::Position;

/// The cursor of this place, in a list of this order: URL-safe, at most 1400 characters.
pub(super) fn at(position: &Position<'_>, key: SortKey) -> String {
    let Position { id, created_at, name } = position;
    match key {
        SortKey::Creation => format!("{id}{:x}", created_at.0),
        SortKey::Name => format!("{id}n{}", Base64UrlUnpadded::encode_string(name.as_bytes())),
        SortKey::Id => id.to_string(),
    }
}

/// Lets a page begin behind a cursor's place. Whether it is one of ours, and of the page's order.
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
