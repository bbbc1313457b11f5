//! Principals: create, find, update.

use serde::{Deserialize, Deserializer};

use super::idempotency::{Made, once};
use super::question::Question;
use super::verdict::{JUDGE, Outcome, one, read};
use super::{Database, Sql, Store};
use crate::credential::field::Violation;
use crate::credential::id::Id;
use crate::credential::time::Micros;
use crate::refusal::Refusal;

const CREATE: Sql = Sql::judged_by(include_str!("create_principal.sql"));
const UPDATE: Sql = Sql::judged_by(include_str!("update_principal.sql"));
const READ: Sql = Sql::judged_by(include_str!("read_principal.sql"));

/// A principal, as it is shown.
#[derive(Debug, Deserialize)]
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
    #[serde(deserialize_with = "flag")]
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

/// A column that is 0 or 1.
pub(super) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    u8::deserialize(deserializer).map(|number| number == 1)
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
    once(store, question, &[CREATE], 0, violations, read).await
}

/// Finds a principal.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn find<D: Database>(store: &Store<'_, D>, question: &Question) -> Result<Outcome<Principal>, Refusal> {
    one(store, question, &[JUDGE, READ], Vec::new()).await
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
    one(store, question, &[JUDGE, UPDATE, READ], violations).await
}
