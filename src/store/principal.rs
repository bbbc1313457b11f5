//! Principals: create, find, update.

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

/// A principal.
#[derive(Debug, Deserialize)]
pub struct Principal {
    /// Who owns it.
    pub tenant: Id,
    /// Its id.
    pub id: Id,
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

/// The stored document of a principal. A key without a value is absent, and an unknown key is an error.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Its name.
    pub name: String,
    /// Its description, if any.
    pub description: Option<String>,
    /// Whether its credentials may be used.
    pub enabled: bool,
    /// A user's first name, where a face says one.
    pub first_name: Option<String>,
    /// A user's last name, where a face says one.
    pub last_name: Option<String>,
    /// A user's address, where a face says one.
    pub email: Option<String>,
}

/// Creates a principal, of the id that the command has for it.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn create<D: Database>(
    store: &Store<'_, D>,
    command: &Command,
    violations: Vec<Violation>,
) -> Result<Outcome<Made<Principal>>, Refusal> {
    once(store, command, &[], violations, read).await
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
    let change = Sql::Change { target: Target::Principal, act: Act::Change, secrets: false };
    one(store, command, change, violations, read).await
}
