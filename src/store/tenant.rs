//! Tenants: create, find, update. Each is one batch.

use serde::Deserialize;

use super::command::{Command, Target};
use super::idempotency::{Made, create_once};
use super::sql::Sql;
use super::verdict::{Outcome, document, one, read};
use super::{Database, Store};
use crate::credential::field::Violation;
use crate::credential::id::Id;
use crate::credential::time::Micros;
use crate::refusal::Refusal;

/// A tenant: the owner of principals and credentials, such as an organization.
#[derive(Debug, Deserialize)]
pub struct Tenant {
    /// Unique, and never used again.
    pub id: Id,
    /// A slug of the name, with a number if it was taken. It never changes.
    pub label: String,
    /// What clients may set.
    #[serde(deserialize_with = "document")]
    pub state: State,
    /// 1 on creation, plus 1 for each change.
    pub revision: i64,
    /// When it was created.
    pub created_at: Micros,
    /// When it was last changed.
    pub updated_at: Micros,
}

/// The stored document of a tenant. A key without a value is absent, and an unknown key is an error.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// At most 255 characters.
    pub name: String,
    /// Whether its credentials may be used.
    pub enabled: bool,
    /// Whether its credentials may be given roles.
    pub rbac: bool,
    /// Whether changing or deleting a credential requires If-Match (`require_if_match` on our own face).
    pub preconditions: bool,
    /// The catalogue of role names, at most 100.
    pub role_names: Vec<String>,
    /// How old the answer to a verification of its tokens, or by its credentials, may be.
    pub verify_staleness_seconds: i64,
}

/// Creates a tenant and its default principal, with a label found by `command.label`.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn create<D: Database>(
    store: &Store<'_, D>,
    command: &Command,
    violations: Vec<Violation>,
) -> Result<Outcome<Made<Tenant>>, Refusal> {
    create_once(store, command, &[], violations, read).await
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
    let change = Sql::Change { form: command.form(), secrets: false };
    one(store, command, change, violations, read).await
}
