//! Lists: pages by keyset. A page begins behind a place in an index, so it reads its own rows wherever it stands, and stays
//! right while rows come and go.

use serde::Deserialize;
use serde_json::Value;

use super::command::Command;
use super::credential::from_row;
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

/// The most that a list which is not paged shows.
pub const LIST_MAX: u32 = 10_000;

/// A page.
#[derive(Debug)]
pub struct Listed<T> {
    /// Its items, in the order asked for.
    pub items: Vec<T>,
    /// Whether more come after them.
    pub more: bool,
    /// Whether some come before them. Known where the page looks back.
    pub has_previous: bool,
    /// How many credentials the tenant has.
    pub total: u64,
    /// How many come after the page, up to [`PAGE_MAX`]. Known where the page counts.
    pub remaining: u64,
    /// Where a filtered page stopped looking, if before the end of the list.
    pub resume: Option<Edge>,
}

/// What a list can be of. What the target of the command has to be the same.
pub trait Item: Sized {
    /// Where it stands in a list.
    fn position(&self) -> Position<'_>;

    /// Reads it from its row.
    ///
    /// # Errors
    /// `Broken` for a row of something else.
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

/// A page of credentials (a tenant's, or a principal's), of a tenant's principals, or of tenants: root's are all of them,
/// anyone else's its own.
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
        let extra = read::<With>(verdict)?.extra;
        let items = found.iter().take(limit).map(T::from_row).collect::<Result<Vec<_>, _>>()?;
        let (more, total) = (found.len() > limit, judged.total.unwrap_or_default());
        // Nothing precedes the first page, and how many items follow it is known from the tenant's count.
        let mut remaining = total.saturating_sub(u64::from(page.skip) + items.len() as u64).min(u64::from(PAGE_MAX));
        let (mut has_previous, mut resume) = (false, None);
        match shape.extra {
            Extra::Nothing => {}
            Extra::Previous => has_previous = extra.is_some(),
            Extra::Remaining => remaining = extra.and_then(|count| count.as_u64()).unwrap_or_default(),
            Extra::Edge => {
                let edge = extra.as_ref().and_then(Value::as_str).filter(|_| !more);
                resume = edge.map(|edge| read(&Row::new(edge))).transpose()?;
            }
        }
        Ok(Listed { items, more, has_previous, total, remaining, resume })
    });
    Ok(Outcome { judged, result })
}

/// What the row of the verdict says besides.
#[derive(Deserialize)]
struct With {
    extra: Option<Value>,
}
