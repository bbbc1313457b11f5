//! Lists, paged by keyset. A page starts after a position in an index: it reads only its own rows however deep it is,
//! and inserts and deletions do not shift it (docs/decisions/0007).

use serde::Deserialize;
use serde_json::Value;

use super::command::Command;
use super::credential::from_row;
pub use super::page::PAGE_BYTES_MAX;
use super::page::fitting;
pub use super::page::{Edge, Position};
use super::principal::Principal;
pub use super::shape::PAGE_MAX;
use super::shape::{Extra, Shape};
use super::sql::Sql;
use super::tenant::Tenant;
use super::verdict::{Outcome, judge, no_row, read};
use super::{Database, Row, Store};
use crate::credential::Credential;
use crate::refusal::Refusal;

/// The maximum number of items in a list without pages.
pub const LIST_MAX: u32 = 10_000;

/// The maximum size of a list without pages, in bytes of its rows. An isolate has 128 MB for everything.
pub const LIST_BYTES_MAX: usize = 12 * 1024 * 1024;

/// The items of a page, and what follows or precedes them.
#[derive(Debug)]
pub struct Listed<T> {
    /// The items in the requested order.
    pub items: Vec<T>,
    /// The number of rows that cannot be read, which are omitted.
    pub unreadable: usize,
    /// The size of the rows in bytes.
    pub bytes: usize,
    /// Whether the list continues after the page.
    pub more: bool,
    /// Whether an item precedes the page; `false` unless `Page::checks_previous`.
    pub has_previous: bool,
    /// The number of credentials of the tenant.
    pub total: u64,
    /// The number of items after the page, up to [`PAGE_MAX`]. Meaningful on the first page of a tenant's
    /// credentials, or with `Page::counts`.
    pub remaining: u64,
    /// Where a filtered page stopped, if it did not reach the end of the list.
    pub resume: Option<Edge>,
}

impl<T> Listed<T> {
    /// Converts each item.
    ///
    /// # Errors
    /// The first error of `convert`.
    pub fn try_map<U>(self, convert: impl FnMut(T) -> Result<U, Refusal>) -> Result<Listed<U>, Refusal> {
        let Self { items, unreadable, bytes, more, has_previous, total, remaining, resume } = self;
        let items = items.into_iter().map(convert).collect::<Result<_, _>>()?;
        Ok(Listed { items, unreadable, bytes, more, has_previous, total, remaining, resume })
    }
}

/// An item of a list. The command's target must be of the same kind.
pub trait Item: Sized {
    /// Returns the position of the item in any order.
    fn position(&self) -> Position<'_>;

    /// Parses a row.
    ///
    /// # Errors
    /// `Broken` for a row of another kind.
    fn from_row(row: &Row) -> Result<Self, Refusal>;
}

impl Item for Credential {
    fn position(&self) -> Position<'_> {
        Position { created_at: self.created_at, name: &self.state.name, id: self.id }
    }

    fn from_row(row: &Row) -> Result<Self, Refusal> {
        from_row(row)
    }
}

impl Item for Principal {
    fn position(&self) -> Position<'_> {
        Position { created_at: self.created_at, name: &self.state.name, id: self.id }
    }

    fn from_row(row: &Row) -> Result<Self, Refusal> {
        read(row)
    }
}

impl Item for Tenant {
    fn position(&self) -> Position<'_> {
        Position { created_at: self.created_at, name: &self.state.name, id: self.id }
    }

    fn from_row(row: &Row) -> Result<Self, Refusal> {
        read(row)
    }
}

/// Returns a page of a tenant's or a principal's credentials, of a tenant's principals, or of tenants. Root lists all
/// tenants; any other caller only its own.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn page<D: Database, T: Item>(
    store: &Store<'_, D>,
    command: &Command,
) -> Result<Outcome<Listed<T>>, Refusal> {
    let page = command.page.as_ref().ok_or_else(|| Refusal::Broken("a list without a page".to_owned()))?;
    let shape = Shape::new(command, page);
    let (Outcome { judged, result }, rows) = judge(store, command, &[Sql::List(shape)], Vec::new()).await?;
    let result = result.and_then(|()| {
        let limit = page.limit as usize;
        let (verdict, found) = rows.first().and_then(|rows| rows.split_first()).ok_or_else(no_row)?;
        let extra = read::<ExtraColumn>(verdict)?.extra;
        let fitting = fitting(found, limit);
        let items: Vec<T> = found.iter().take(fitting).filter_map(|row| T::from_row(row).ok()).collect();
        let (more, total) = (found.len() > fitting, judged.total.unwrap_or_default());
        if more && page.ids.is_some() {
            return Err(Refusal::TooMany);
        }
        // The schema rejects rows that cannot be read. Without it, one such row must not take the others along.
        let unreadable = fitting - items.len();
        if more && items.is_empty() {
            return Err(Refusal::Broken("a page of rows that cannot be read".to_owned()));
        }
        let bytes = found.iter().map(|row| row.text().len()).sum();
        // No item precedes the first page, and the tenant's total tells how many follow it.
        let mut remaining = total.saturating_sub(u64::from(page.skip) + fitting as u64).min(u64::from(PAGE_MAX));
        let (mut has_previous, mut resume) = (false, None);
        match shape.extra {
            Extra::Nothing => {}
            Extra::Previous => has_previous = extra.is_some(),
            Extra::Remaining => {
                let after_page = extra.and_then(|count| count.as_u64()).unwrap_or_default();
                let cut = (found.len().min(limit) - fitting) as u64;
                remaining = (after_page + cut).min(u64::from(PAGE_MAX));
            }
            Extra::Edge => {
                let edge = extra.as_ref().and_then(Value::as_str).filter(|_| !more);
                resume = edge.map(|edge| read(&Row::new(edge))).transpose()?;
            }
        }
        Ok(Listed { items, unreadable, bytes, more, has_previous, total, remaining, resume })
    });
    Ok(Outcome { judged, result })
}

#[derive(Deserialize)]
struct ExtraColumn {
    extra: Option<Value>,
}
