//! Credentials: find, create, update. Each is one batch.

use serde::Deserialize;

use super::question::Question;
use super::verdict::{JUDGE, Outcome, first, judge, read};
use super::{Database, Row, Sql, Store};
use crate::credential::Credential;
use crate::credential::field::Violation;
use crate::credential::id::Id;
use crate::credential::role::Role;
use crate::credential::secret::Sealed;
use crate::credential::time::Micros;
use crate::refusal::Refusal;

const UPDATE: Sql = Sql::judged_by(include_str!("update.sql"));
const CREATE: Sql = Sql::judged_by(include_str!("create.sql"));
const SECRET_ADD: Sql = Sql::judged_by(include_str!("secret_add.sql"));
const SECRET_END_OTHERS: Sql = Sql::judged_by(include_str!("secret_end_others.sql"));
const SECRET_DELETE_ENDED: Sql = Sql::judged_by(include_str!("secret_delete_ended.sql"));

/// Finds a credential.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn find<D: Database>(store: &Store<'_, D>, question: &Question) -> Result<Outcome<Credential>, Refusal> {
    run(store, question, &[JUDGE], Vec::new()).await
}

/// Judges a request, and does nothing else.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn judged<D: Database>(store: &Store<'_, D>, question: &Question) -> Result<Outcome<()>, Refusal> {
    judge(store, question, &[JUDGE], Vec::new()).await.map(|(outcome, _)| outcome)
}

/// Creates a credential and its secret.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn create<D: Database>(
    store: &Store<'_, D>,
    question: &Question,
    violations: Vec<Violation>,
) -> Result<Outcome<Credential>, Refusal> {
    let statements: &[_] = if question.invalid { &[JUDGE] } else { &[JUDGE, CREATE, SECRET_ADD] };
    run(store, question, statements, violations).await
}

/// Updates a credential, for PUT and PATCH, on every face.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn update<D: Database>(
    store: &Store<'_, D>,
    question: &Question,
    violations: Vec<Violation>,
) -> Result<Outcome<Credential>, Refusal> {
    let statements: &[_] = match (question.invalid, &question.secret) {
        // It will be refused, but a stranger gets 401 and not a lesson about the body.
        (true, _) => &[JUDGE],
        (false, None) => &[JUDGE, UPDATE],
        (false, Some(_)) => &[JUDGE, UPDATE, SECRET_ADD, SECRET_END_OTHERS, SECRET_DELETE_ENDED],
    };
    run(store, question, statements, violations).await
}

async fn run<D: Database>(
    store: &Store<'_, D>,
    question: &Question,
    statements: &[Sql],
    violations: Vec<Violation>,
) -> Result<Outcome<Credential>, Refusal> {
    let (Outcome { judged, result }, rows) = judge(store, question, statements, violations).await?;
    let result = result.and_then(|()| {
        let before = first(&rows, 0).ok_or_else(|| Refusal::Broken("no verdict".to_owned()))?;
        let sealed = shown_again(before, question)?;
        // No row back from the write: nothing changed, and the row as it was is the row as it is.
        let stored: Stored = read(first(&rows, 1).unwrap_or(before))?;
        stored.into_credential(sealed)
    });
    Ok(Outcome { judged, result })
}

/// The sealed value of the secret that is now the newest.
fn shown_again(before: &Row, question: &Question) -> Result<Option<Sealed>, Refusal> {
    match &question.secret {
        Some(new) if !new.proofs.iter().any(|proof| before.get("newest") == Some(&proof.id.to_string().into())) => {
            Ok(new.sealed.clone().map(|text| Sealed { key: new.key.clone(), text }))
        }
        _ => newest(before),
    }
}

/// The sealed value of the newest secret of a row.
pub(super) fn newest(row: &Row) -> Result<Option<Sealed>, Refusal> {
    let Newest { sealing_key, sealed } = read(row)?;
    Ok(sealed.zip(sealing_key).map(|(text, key)| Sealed { key, text }))
}

#[derive(Deserialize)]
struct Newest {
    sealing_key: Option<String>,
    sealed: Option<String>,
}

/// A row of `credentials`.
#[derive(Deserialize)]
pub(super) struct Stored {
    tenant: Id,
    id: Id,
    principal: Id,
    name: String,
    description: Option<String>,
    enabled: u8,
    roles: Option<String>,
    revision: i64,
    created_at: Micros,
    updated_at: Micros,
    last_used_at: Option<Micros>,
}

impl Stored {
    pub(super) fn into_credential(self, sealed: Option<Sealed>) -> Result<Credential, Refusal> {
        let Self {
            tenant,
            id,
            principal,
            name,
            description,
            enabled,
            roles,
            revision,
            created_at,
            updated_at,
            last_used_at,
        } = self;
        let roles: Option<Vec<Role>> = roles
            .map(|roles| serde_json::from_str(&roles))
            .transpose()
            .map_err(|_| Refusal::Broken("roles that cannot be read".to_owned()))?;
        let enabled = enabled == 1;
        Ok(Credential {
            tenant,
            id,
            principal,
            name,
            description,
            enabled,
            roles,
            revision,
            created_at,
            updated_at,
            last_used_at,
            sealed,
        })
    }
}
