//! Principals: create, find, update. Each is one batch.

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

/// A principal: what a credential speaks for, such as a user or a service.
#[derive(Debug, Deserialize)]
pub struct Principal {
    /// The tenant that owns it.
    pub tenant: Id,
    /// Unique within the tenant.
    pub id: Id,
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

/// The stored document of a principal. A key without a value is absent, and an unknown key is an error.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// At most 255 characters.
    pub name: String,
    /// At most 500 characters.
    pub description: Option<String>,
    /// Whether its credentials may be used.
    pub enabled: bool,
    /// A user's first name, on faces that have one.
    pub first_name: Option<String>,
    /// A user's last name, on faces that have one.
    pub last_name: Option<String>,
    /// A user's email address, on faces that have one.
    pub email: Option<String>,
}

/// Creates a principal with the id in `command.principal`.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn create<D: Database>(
    store: &Store<'_, D>,
    command: &Command,
    violations: Vec<Violation>,
) -> Result<Outcome<Made<Principal>>, Refusal> {
    create_once(store, command, &[], violations, read).await
}

/// Finds a principal.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn find<D: Database>(store: &Store<'_, D>, command: &Command) -> Result<Outcome<Principal>, Refusal> {
    let statement = Sql::Read { target: Target::Principal, secrets: false };
    one(store, command, statement, Vec::new(), read).await
}

/// Updates a principal.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn update<D: Database>(
    store: &Store<'_, D>,
    command: &Command,
    violations: Vec<Violation>,
) -> Result<Outcome<Principal>, Refusal> {
    let change = Sql::Change { form: command.form(), secrets: false };
    one(store, command, change, violations, read).await
}
