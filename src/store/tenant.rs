//! Tenants: create.

use serde::Deserialize;

use super::question::Question;
use super::verdict::{Outcome, make};
use super::{Database, Store};
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
    make(store, question, judged!("create_tenant.sql"), violations).await
}
