//! The history: events of a tenant or of a credential, newest first, by pages.

use serde::Deserialize;

use super::command::Command;
use super::sql::Sql;
use super::verdict::{Outcome, judge, read};
use super::{Database, Row, Store};
use crate::credential::field::Noun;
use crate::credential::id::Id;
use crate::credential::time::Micros;
use crate::refusal::Refusal;

/// An event: one change of a tenant, a principal or a credential, or of a secret of a credential. It never holds a secret.
#[derive(Debug, Deserialize)]
pub struct Event {
    /// Its number within the tenant.
    pub seq: i64,
    /// What kind of thing it is of.
    pub noun: Noun,
    /// The thing's id.
    pub id: Id,
    /// The secret's id, where it is an event of one.
    pub secret: Option<Id>,
    /// The previous event of the same thing.
    pub previous: Option<i64>,
    /// What was done.
    pub action: String,
    /// The thing's revision after it.
    pub revision: i64,
    /// When.
    pub at: Micros,
    /// Who: a credential's id, `root`, or `console`.
    pub by: String,
    /// In which request.
    pub request: String,
    /// The fields, each before and after: a JSON object.
    pub changes: String,
    /// Whether it widened access.
    pub widened: u8,
}

/// A page of the history, and where the next begins.
#[derive(Debug)]
pub struct Events {
    /// The events, newest first.
    pub items: Vec<Event>,
    /// The number of the next event, if there is one.
    pub next: Option<i64>,
}

/// Reads a page: of the thing that the page names, else of the tenant.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn page<D: Database>(store: &Store<'_, D>, command: &Command) -> Result<Outcome<Events>, Refusal> {
    let page = command.page.as_ref();
    let statement = Sql::Events(page.and_then(|page| page.noun));
    let (Outcome { judged, result }, rows) = judge(store, command, &[statement], Vec::new()).await?;
    let result = result.and_then(|()| {
        let events: &[Row] = rows.first().and_then(|rows| rows.get(1..)).unwrap_or_default();
        let mut items = events.iter().map(read).collect::<Result<Vec<Event>, _>>()?;
        let more = items.len() > page.map_or(0, |page| page.limit as usize);
        let next = items.pop_if(|_| more).map(|event| event.seq);
        Ok(Events { items, next })
    });
    Ok(Outcome { judged, result })
}
