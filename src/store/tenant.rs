//! Tenants: create, find, update.

use serde::Deserialize;

use super::command::{Act, Command, Target};
use super::idempotency::{Made, once};
use super::sql::Sql;
use super::verdict::{Outcome, document, one, read};
use super::{Database, Store};
use crate::credential::field::Violation;
use crate::credential::id::Id;
use crate::credential::time::Micros;
use crate::refusal::Refusal;

/// A tenant.
#[derive(Debug, Deserialize)]
pub struct Tenant {
    /// Its id.
    pub id: Id,
    /// Its label: a slug of the name, numbered where that was taken.
    pub label: String,
    /// Its stored document.
    #[serde(deserialize_with = "document")]
    pub state: State,
    /// Counts its changes from 1.
    pub revision: i64,
    /// When it was made.
    pub created_at: Micros,
    /// When it was changed last.
    pub updated_at: Micros,
}

/// The stored document of a tenant. An unknown key is an error.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
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
}

/// Creates a tenant with its default principal. `command.label` has the slug, and the number to begin with: 1 for the bare slug.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn create<D: Database>(
    store: &Store<'_, D>,
    command: &Command,
    violations: Vec<Violation>,
) -> Result<Outcome<Made<Tenant>>, Refusal> {
    once(store, command, &[], violations, read).await
}

/// Finds a tenant.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn find<D: Database>(store: &Store<'_, D>, command: &Command) -> Result<Outcome<Tenant>, Refusal> {
    let statement = Sql::Read { target: Target::Tenant, secrets: false };
    one(store, command, statement, Vec::new(), read).await
}

/// Updates a tenant.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn update<D: Database>(
    store: &Store<'_, D>,
    command: &Command,
    violations: Vec<Violation>,
) -> Result<Outcome<Tenant>, Refusal> {
    let change = Sql::Change { target: Target::Tenant, act: Act::Change, secrets: false };
    one(store, command, change, violations, read).await
}
