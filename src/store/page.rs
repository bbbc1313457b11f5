//! The page of a list, as a member of the command.

use serde::{Deserialize, Serialize};

use super::Row;
use super::key::Key;
use crate::credential::id::Id;
use crate::credential::table::Noun;
use crate::credential::time::Micros;

/// The size of a page in bytes of its rows, so that a response stays below 1 MiB. A page is cut before the row with which
/// it would be larger, and has at least one.
pub const PAGE_BYTES_MAX: usize = 900 * 1024;

/// Returns how many of these rows a page has: at most `limit`.
pub(super) fn fitting(rows: &[Row], limit: usize) -> usize {
    let mut bytes = 0;
    let is_first_too_many = |(index, row): (usize, &Row)| {
        bytes += row.text().len();
        index > 0 && bytes > PAGE_BYTES_MAX
    };
    rows.iter().enumerate().position(is_first_too_many).unwrap_or(rows.len()).min(limit)
}

/// What a list is ordered by. Items with the same key are ordered by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortKey {
    /// `created_at`.
    Creation,
    /// `name`, byte by byte.
    Name,
    /// `id`.
    Id,
}

/// The order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Order {
    /// The sort key.
    pub key: SortKey,
    /// Whether the order is descending.
    pub descending: bool,
}

/// The sort keys of an item.
pub struct Position<'a> {
    /// For [`SortKey::Creation`].
    pub created_at: Micros,
    /// For [`SortKey::Name`].
    pub name: &'a str,
    /// Breaks ties.
    pub id: Id,
}

/// A position of a list: of the last credential that a filtered page examined, or of a cursor.
#[derive(Debug, Deserialize)]
pub struct Edge {
    /// The creation; 0 in the order of names.
    pub created_at: Micros,
    /// The name; empty in other orders.
    pub name: String,
    /// Breaks ties.
    pub id: Id,
}

impl Edge {
    /// Returns it as the position of an item.
    #[must_use]
    pub fn position(&self) -> Position<'_> {
        Position { created_at: self.created_at, name: &self.name, id: self.id }
    }
}

/// Conditions on the credentials of a page, all of which must be true. An absent one is true.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Filter {
    /// Whether the credential is enabled.
    pub enabled: Option<bool>,
    /// The credential's principal.
    pub principal: Option<Id>,
    /// A `role_id` that the credential has, on any resource.
    pub role: Option<String>,
    /// The inclusive start of a range of names. A prefix is such a range.
    pub name_from: Option<String>,
    /// The exclusive end of that range.
    pub name_to: Option<String>,
    /// The credential expires before this time.
    pub expires_before: Option<Micros>,
    /// The credential was not used since this time.
    pub unused_since: Option<Micros>,
    /// No secret of the credential was created since this time.
    pub unrotated_since: Option<Micros>,
}

/// The exclusive end of a range in the order of creation.
#[derive(Clone, Debug, Serialize)]
pub struct Until {
    /// `created_at` of the item after the range.
    pub at: Micros,
    /// Its id.
    pub id: Id,
}

/// A page of a list or a history: where it starts, what it contains, and how long it is.
#[derive(Clone, Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent options")]
pub struct Page {
    /// Selects the statement, and is not part of the document.
    #[serde(skip)]
    pub order: Order,
    /// The maximum number of items.
    pub limit: u32,
    /// The number of items to skip after the start.
    pub skip: u32,
    /// `created_at` of the item before the page, in the order of creation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Micros>,
    /// The name of the item before the page, in the order of names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The id of the item before the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// Where the list ends, before its last item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Until>,
    /// In a list, the credential before the page, even if it has been deleted. In a history, the resource whose history
    /// it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Key>,
    /// In a history, the noun; absent for the whole tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noun: Option<Noun>,
    /// The conditions on a list of credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// The ids to return instead of a page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<Id>>,
    /// Whether to read each credential's newest secret, so that it can be revealed.
    pub secrets: bool,
    /// Whether to return the ids, hints and times of secrets.
    #[serde(skip_serializing_if = "is_false")]
    pub lists_secrets: bool,
    /// Whether to check for an item before the page.
    #[serde(skip)]
    pub checks_previous: bool,
    /// Whether to count the items after the page.
    #[serde(skip)]
    pub counts: bool,
}

impl Page {
    /// Returns the first page in an order.
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

    /// Starts the page after a position in its order.
    pub fn begin(&mut self, Edge { created_at, name, id }: Edge) {
        self.id = Some(id);
        match self.order.key {
            SortKey::Creation => self.at = Some(created_at),
            SortKey::Name => self.name = Some(name),
            SortKey::Id => {}
        }
    }

    /// Returns whether the page starts after an item.
    #[must_use]
    pub fn is_further(&self) -> bool {
        self.id.is_some() || self.from.is_some()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}
