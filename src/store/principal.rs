//! Principals: create, find, update.

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

/// A principal, as it is shown.
#[derive(Debug)]
pub struct Principal {
    /// Who owns it.
    pub tenant: Id,
    /// Its id.
    pub id: Id,
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
    /// Counts its changes from 1.
    pub revision: i64,
    /// When it was made.
    pub created_at: Micros,
    /// When it was changed last.
    pub updated_at: Micros,
}

#[derive(Deserialize)]
struct Stored {
    tenant: Id,
    id: Id,
    state: String,
    revision: i64,
    created_at: Micros,
    updated_at: Micros,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    name: String,
    description: Option<String>,
    enabled: bool,
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
}

impl Principal {
    pub(super) fn from_row(row: &Row) -> Result<Self, Refusal> {
        let Stored { tenant, id, state: text, revision, created_at, updated_at } = read(row)?;
        let State { name, description, enabled, first_name, last_name, email } = state(&text)?;
        Ok(Self {
            tenant,
            id,
            name,
            description,
            enabled,
            first_name,
            last_name,
            email,
            revision,
            created_at,
            updated_at,
        })
    }
}

/// Creates a principal, of the id that the question has for it.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn create<D: Database>(
    store: &Store<'_, D>,
    question: &Question,
    violations: Vec<Violation>,
) -> Result<Outcome<Made<Principal>>, Refusal> {
    once(store, question, &[], violations, Principal::from_row).await
}

/// Finds a principal.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn find<D: Database>(store: &Store<'_, D>, question: &Question) -> Result<Outcome<Principal>, Refusal> {
    let read = Sql::Read { on: On::Principal, secrets: false };
    one(store, question, read, Vec::new(), Principal::from_row).await
}

/// Updates a principal.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn update<D: Database>(
    store: &Store<'_, D>,
    question: &Question,
    violations: Vec<Violation>,
) -> Result<Outcome<Principal>, Refusal> {
    let change = Sql::Change { on: On::Principal, act: Act::Change, secrets: false };
    one(store, question, change, violations, Principal::from_row).await
}
