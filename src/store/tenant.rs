//! Tenants: create, find, update.

use serde::Deserialize;

use super::idempotency::{Made, once};
use super::principal::flag;
use super::question::Question;
use super::verdict::{JUDGE, Outcome, one, read};
use super::{Database, Sql, Store};
use crate::credential::field::Violation;
use crate::credential::id::Id;
use crate::credential::time::Micros;
use crate::refusal::Refusal;

const CREATE: Sql = Sql::judged_by(include_str!("create_tenant.sql"));
const UPDATE: Sql = Sql::judged_by(include_str!("update_tenant.sql"));
const READ: Sql = Sql::judged_by(include_str!("read_tenant.sql"));

/// A tenant, as it is shown.
#[derive(Debug, Deserialize)]
pub struct Tenant {
    /// Its id.
    pub id: Id,
    /// Its label: a slug of the name, numbered where that was taken.
    pub label: String,
    /// Its name.
    pub name: String,
    /// Whether its credentials may be used.
    #[serde(deserialize_with = "flag")]
    pub enabled: bool,
    /// Whether its credentials may be given roles.
    #[serde(deserialize_with = "flag")]
    pub rbac: bool,
    /// Whether changes require If-Match.
    #[serde(deserialize_with = "flag")]
    pub preconditions: bool,
    /// The names of the roles that it knows, a JSON list.
    pub role_names: String,
    /// Counts its changes from 1.
    pub revision: i64,
    /// When it was made.
    pub created_at: Micros,
    /// When it was changed last.
    pub updated_at: Micros,
}

/// Creates a tenant with its default principal, RBAC on. `question.set` has `slug` and `first` besides the tenant's fields: the
/// number to begin with, 1 for the bare slug.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn create<D: Database>(
    store: &Store<'_, D>,
    question: &Question,
    violations: Vec<Violation>,
) -> Result<Outcome<Made<Tenant>>, Refusal> {
    once(store, question, &[CREATE], 0, violations, read).await
}

/// Finds a tenant.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn find<D: Database>(store: &Store<'_, D>, question: &Question) -> Result<Outcome<Tenant>, Refusal> {
    one(store, question, &[JUDGE, READ], Vec::new()).await
}

/// Updates a tenant.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn update<D: Database>(
    store: &Store<'_, D>,
    question: &Question,
    violations: Vec<Violation>,
) -> Result<Outcome<Tenant>, Refusal> {
    one(store, question, &[JUDGE, UPDATE, READ], violations).await
}
