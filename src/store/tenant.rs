//! Tenants: create.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::question::Question;
use super::verdict::{Judged, Outcome, first, read};
use super::{Database, Parameter, Row, Store};
use crate::credential::field::Violation;
use crate::credential::id::Id;
use crate::credential::time::Micros;
use crate::refusal::Refusal;

/// A tenant, as it is shown.
#[derive(Debug, Deserialize)]
pub struct Tenant {
    /// Its id.
    pub id: Id,
    /// Its label: a slug of the name, numbered where that was taken.
    pub label: String,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: Micros,
    /// When it was changed last.
    pub updated_at: Micros,
}

/// Creates a tenant with its default principal, RBAC on. `question.set` has `name`, `slug` and `first`: the number to
/// begin with, 1 for the bare slug.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn create<D: Database>(
    store: &Store<'_, D>,
    question: &Question,
    violations: Vec<Violation>,
) -> Result<Outcome<Tenant>, Refusal> {
    let judge = concat!(include_str!("verdict.sql"), include_str!("judge.sql"));
    let create = concat!(include_str!("verdict.sql"), include_str!("create_tenant.sql"));
    let statements: &[_] = if question.invalid { &[judge] } else { &[judge, create] };
    made(&store.batch(statements, &[Parameter::Text(&question.text())]).await?, violations)
}

/// The verdict, then the row that the second statement made.
pub(super) fn made<T: DeserializeOwned>(rows: &[Vec<Row>], violations: Vec<Violation>) -> Result<Outcome<T>, Refusal> {
    let missing = |what: &str| Refusal::Broken(format!("no {what}"));
    let judged: Judged = read(first(rows, 0).ok_or_else(|| missing("verdict"))?)?;
    let result =
        judged.verdict(violations, None).and_then(|()| read(first(rows, 1).ok_or_else(|| missing("row made"))?));
    Ok(Outcome { judged, result })
}
