//! Tenants: create, find, update.

use serde::Deserialize;

use super::idempotency::{Made, once};
use super::question::{Act, On, Question};
use super::sql::Sql;
use super::verdict::{Outcome, one, read, state};
use super::{Database, Row, Store};
use crate::credential::field::Violation;
use crate::credential::id::Id;
use crate::credential::time::Micros;
use crate::refusal::Refusal;

/// A tenant, as it is shown.
#[derive(Debug)]
pub struct Tenant {
    /// Its id.
    pub id: Id,
    /// Its label: a slug of the name, numbered where that was taken.
    pub label: String,
    /// Its name.
    pub name: String,
    /// Whether its credentials may be used.
    pub enabled: bool,
    /// Whether its credentials may be given roles.
    pub rbac: bool,
    /// Whether changes require If-Match.
    pub preconditions: bool,
    /// The names of the roles that it knows.
    pub role_names: Vec<String>,
    /// Counts its changes from 1.
    pub revision: i64,
    /// When it was made.
    pub created_at: Micros,
    /// When it was changed last.
    pub updated_at: Micros,
}

#[derive(Deserialize)]
struct Stored {
    id: Id,
    label: String,
    state: String,
    revision: i64,
    created_at: Micros,
    updated_at: Micros,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    name: String,
    enabled: bool,
    rbac: bool,
    preconditions: bool,
    role_names: Vec<String>,
}

impl Tenant {
    pub(super) fn from_row(row: &Row) -> Result<Self, Refusal> {
        let Stored { id, label, state: text, revision, created_at, updated_at } = read(row)?;
        let State { name, enabled, rbac, preconditions, role_names } = state(&text)?;
        Ok(Self { id, label, name, enabled, rbac, preconditions, role_names, revision, created_at, updated_at })
    }
}

/// Creates a tenant with its default principal. `question.label` has the slug, and the number to begin with: 1 for the bare slug.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn create<D: Database>(
    store: &Store<'_, D>,
    question: &Question,
    violations: Vec<Violation>,
) -> Result<Outcome<Made<Tenant>>, Refusal> {
    once(store, question, &[], violations, Tenant::from_row).await
}

/// Finds a tenant.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn find<D: Database>(store: &Store<'_, D>, question: &Question) -> Result<Outcome<Tenant>, Refusal> {
    let read = Sql::Read { on: On::Tenant, secrets: false };
    one(store, question, read, Vec::new(), Tenant::from_row).await
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
    let change = Sql::Change { on: On::Tenant, act: Act::Change, secrets: false };
    one(store, question, change, violations, Tenant::from_row).await
}
