//! The history: events of a tenant or of a credential, newest first, by pages.

use serde::Deserialize;

use super::question::Question;
use super::verdict::{JUDGE, Outcome, judge, read};
use super::{Database, Row, Sql, Store};
use crate::credential::id::Id;
use crate::credential::time::Micros;
use crate::refusal::Refusal;

const OF_CREDENTIAL: Sql = Sql::judged_by(include_str!("history.sql"));
const OF_TENANT: Sql = Sql::judged_by(
    "SELECT e.* FROM verdict CROSS JOIN events AS e ON e.tenant = verdict.place \
     AND e.seq <= coalesce(?1 ->> '$.seq', 9007199254740991) WHERE verdict.code = 'go' \
     ORDER BY e.seq DESC LIMIT (?1 ->> '$.page.limit') + 1",
);

/// An event: one change of a credential, or of a secret of it. It never holds a secret.
#[derive(Debug, Deserialize)]
pub struct Event {
    /// Its number within the tenant.
    pub seq: i64,
    /// The credential.
    pub credential: Id,
    /// The secret's id, where it is an event of one.
    pub secret: Option<Id>,
    /// The event before it of the same credential.
    pub previous: Option<i64>,
    /// What was done.
    pub action: String,
    /// The credential's revision after it.
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

/// Reads a page: of the credential that the page names, else of the tenant.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn page<D: Database>(store: &Store<'_, D>, question: &Question) -> Result<Outcome<Events>, Refusal> {
    let page = question.page.as_ref();
    let of_credential = page.is_some_and(|page| page.from.is_some());
    let statement = if of_credential { OF_CREDENTIAL } else { OF_TENANT };
    let (Outcome { judged, result }, rows) = judge(store, question, &[JUDGE, statement], Vec::new()).await?;
    let result = result.and_then(|()| {
        let rows: &[Row] = rows.get(1).map(Vec::as_slice).unwrap_or_default();
        let mut items = rows.iter().map(read).collect::<Result<Vec<Event>, _>>()?;
        let more = items.len() > page.map_or(0, |page| page.limit as usize);
        let next = items.pop_if(|_| more).map(|event| event.seq);
        Ok(Events { items, next })
    });
    Ok(Outcome { judged, result })
}
