//! The page of a list, as a member of the command.

use serde::{Deserialize, Serialize};

use super::key::Key;
use crate::credential::id::Id;
use crate::credential::table::Noun;
use crate::credential::time::Micros;

/// What the items of a list are ordered by; of equals, by their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortKey {
    /// When they were made.
    Creation,
    /// Their names.
    Name,
    /// Their ids.
    Id,
}

/// An order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Order {
    /// By what.
    pub key: SortKey,
    /// Whether the last comes first.
    pub descending: bool,
}

/// Where an item stands: what lists are ordered by.
pub struct Position<'a> {
    /// When it was made.
    pub created_at: Micros,
    /// Its name.
    pub name: &'a str,
    /// Its id.
    pub id: Id,
}

/// A place in a list of credentials: what of it the list is ordered by, and its id.
#[derive(Debug, Deserialize)]
pub struct Edge {
    /// When the credential there was made, in that order.
    pub created_at: Micros,
    /// Its name, in that order.
    pub name: String,
    /// Its id.
    pub id: Id,
}

impl Edge {
    /// The place.
    #[must_use]
    pub fn position(&self) -> Position<'_> {
        Position { created_at: self.created_at, name: &self.name, id: self.id }
    }
}

/// What the credentials of a page have to be. Times are those before which, or since when.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Filter {
    /// Enabled, or not.
    pub enabled: Option<bool>,
    /// Of this principal.
    pub principal: Option<Id>,
    /// With this role, on whatever.
    pub role: Option<String>,
    /// The names from this one on …
    pub name_from: Option<String>,
    /// … and before this one: a prefix is a range.
    pub name_to: Option<String>,
    /// Ending before.
    pub expires_before: Option<Micros>,
    /// Not used since.
    pub unused_since: Option<Micros>,
    /// Without a secret made since.
    pub unrotated_since: Option<Micros>,
}

/// The end of a range of items in the order of creation: it is before the one that was made at this time and has this id.
#[derive(Clone, Debug, Serialize)]
pub struct Until {
    /// When it was made.
    pub at: Micros,
    /// Its id.
    pub id: Id,
}

/// A page of a list.
#[derive(Clone, Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each says what one face shows; no two exclude each other")]
pub struct Page {
    /// The order.
    #[serde(skip)]
    pub order: Order,
    /// The most items.
    pub limit: u32,
    /// How many to pass over first.
    pub skip: u32,
    /// It begins behind the item that was made at this time …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Micros>,
    /// … or has this name …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// … and has this id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// It has nothing from this item on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Until>,
    /// It begins behind this credential, there or once there; a history is the history of this thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Key>,
    /// What kind of thing a history is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noun: Option<Noun>,
    /// It is of those alone that pass this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// It is these, and no others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<Id>>,
    /// Whether secrets are shown.
    pub secrets: bool,
    /// Whether secrets are told of: their ids and times.
    #[serde(skip_serializing_if = "is_false")]
    pub lists_secrets: bool,
    /// Whether to tell if something is before it.
    #[serde(skip)]
    pub checks_previous: bool,
    /// Whether to count what is behind it.
    #[serde(skip)]
    pub counts: bool,
}

impl Page {
    /// The first page in an order.
    #[must_use]
    pub fn first(order: Order, limit: u32) -> Self {
        Self {
            order,
            limit,
            skip: 0,
            at: None,
            name: None,
            id: None,
            until: None,
            from: None,
            noun: None,
            filter: None,
            ids: None,
            secrets: false,
            lists_secrets: false,
            checks_previous: false,
            counts: false,
        }
    }

    /// Begins the page after this position in its order.
    pub fn begin(&mut self, Edge { created_at, name, id }: Edge) {
        self.id = Some(id);
        match self.order.key {
            SortKey::Creation => self.at = Some(created_at),
            SortKey::Name => self.name = Some(name),
            SortKey::Id => {}
        }
    }

    /// Whether it begins somewhere.
    #[must_use]
    pub fn is_further(&self) -> bool {
        self.id.is_some() || self.from.is_some()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}
