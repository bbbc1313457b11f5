//! Statements without a verdict that return at most one row.

use serde::Serialize;

use super::plain::Plain;
use super::sql::Sql;
use super::{Database, Parameter, Row, Store};
use crate::refusal::Refusal;

/// Runs one with a document, and returns its row.
pub(super) async fn row<D: Database>(
    store: &Store<'_, D>,
    plain: Plain,
    document: &impl Serialize,
    writes: bool,
) -> Result<Option<Row>, Refusal> {
    let text = serde_json::to_string(document).unwrap_or_default();
    let mut rows = store.batch(&[Sql::Plain(plain).text()], &[Parameter::Text(&text)], writes).await?;
    Ok(rows.pop().and_then(|rows| rows.into_iter().next()))
}
