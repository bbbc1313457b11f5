//! The history: pages of the events of a tenant, a principal or a credential, newest first.

use serde::Deserialize;

use super::command::Command;
use super::page::fitting;
use super::sql::Sql;
use super::verdict::{Outcome, judge, read};
use super::{Database, Row, Store};
use crate::credential::field::Noun;
use crate::credential::id::Id;
use crate::credential::time::Micros;
use crate::refusal::Refusal;

/// An event: one change of a tenant, a principal, a credential or a credential's secret. It never contains a secret.
#[derive(Debug, Deserialize)]
pub struct Event {
    /// The number of the event within its tenant.
    pub seq: i64,
    /// The noun of the resource that changed.
    pub noun: Noun,
    /// The resource's id.
    pub id: Id,
    /// The secret's id, for an event of a secret.
    pub secret: Option<Id>,
    /// The number of the previous event of the same resource.
    pub previous: Option<i64>,
    /// `created`, `updated`, `deleted`, `secret_created`, `secret_updated` or `secret_ended`.
    pub action: String,
    /// The resource's revision after the change.
    pub revision: i64,
    /// When the change was made.
    pub at: Micros,
    /// The caller: a credential's id, `root` or `console`.
    pub by: String,
    /// The id of the request, or `console`.
    pub request: String,
    /// A JSON object of the fields that differ, each with its value before and after.
    pub changes: String,
    /// 1 if the change widened access, else 0.
    pub widened: u8,
}

/// A page of the history.
#[derive(Debug)]
pub struct Events {
    /// The events, newest first.
    pub items: Vec<Event>,
    /// The number of the first event on the next page, if there is one.
    pub next: Option<i64>,
}

/// Returns a page of the history of the resource that `Page::noun` and `Page::from` name, or of the whole tenant.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn page<D: Database>(store: &Store<'_, D>, command: &Command) -> Result<Outcome<Events>, Refusal> {
    let page = command.page.as_ref();
    let statement = Sql::Events(page.and_then(|page| page.noun));
    let (Outcome { judged, result }, rows) = judge(store, command, &[statement], Vec::new()).await?;
    let result = result.and_then(|()| {
        let events: &[Row] = rows.first().and_then(|rows| rows.get(1..)).unwrap_or_default();
        let (events, left) = events.split_at(fitting(events, page.map_or(0, |page| page.limit as usize)));
        let items = events.iter().map(read).collect::<Result<Vec<Event>, _>>()?;
        let next = left.first().map(read::<Event>).transpose()?.map(|event| event.seq);
        Ok(Events { items, next })
    });
    Ok(Outcome { judged, result })
}
