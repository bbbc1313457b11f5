//! Principals: create.

use serde::Deserialize;

use super::question::Question;
use super::verdict::{Outcome, make};
use super::{Database, Store};
use crate::credential::field::Violation;
use crate::credential::id::Id;
use crate::credential::time::Micros;
use crate::refusal::Refusal;

/// A principal, as it is shown.
#[derive(Debug, Deserialize)]
pub struct Principal {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// Its description, if any.
    pub description: Option<String>,
    /// When it was made.
    pub created_at: Micros,
    /// When it was changed last.
    pub updated_at: Micros,
}

/// Creates a principal. `question.set` has `id`, `name` and `description`.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn create<D: Database>(
    store: &Store<'_, D>,
    question: &Question,
    violations: Vec<Violation>,
) -> Result<Outcome<Principal>, Refusal> {
    make(store, question, judged!("create_principal.sql"), violations).await
}
