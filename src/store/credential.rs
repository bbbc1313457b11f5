//! Credentials: find, create, update. Each is one batch.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::idempotency::{Made, once};
use super::question::{Question, Rotation};
use super::verdict::{JUDGE, Outcome, first, judge, read};
use super::{Database, Sql, Store};
use crate::credential::Credential;
use crate::credential::field::Violation;
use crate::credential::id::Id;
use crate::credential::secret::Sealed;
use crate::credential::time::Micros;
use crate::refusal::Refusal;

const UPDATE: Sql = Sql::judged_by(include_str!("update.sql"));
const CREATE: Sql = Sql::judged_by(include_str!("create.sql"));
const SECRET_ADD: Sql = Sql::judged_by(include_str!("secret_add.sql"));
const SECRET_END_OTHERS: Sql = Sql::judged_by(include_str!("secret_end_others.sql"));
const SECRET_DELETE_ENDED: Sql = Sql::judged_by(include_str!("secret_delete_ended.sql"));
const SECRET_RETIRE: Sql = Sql::judged_by(include_str!("secret_retire.sql"));
const SECRET_FINISH: Sql = Sql::judged_by(include_str!("secret_finish.sql"));
const SECRET_CANCEL: Sql = Sql::judged_by(include_str!("secret_cancel.sql"));
const DRY_RUN: Sql = Sql::judged_by(include_str!("dry_run.sql"));
const READ: Sql = Sql::judged_by(include_str!("read_credential.sql"));

/// Finds a credential.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn find<D: Database>(store: &Store<'_, D>, question: &Question) -> Result<Outcome<Credential>, Refusal> {
    run(store, question, &[JUDGE], false, Vec::new()).await
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
) -> Result<Outcome<Made<Credential>>, Refusal> {
    let (statements, gives): (&[_], _) =
        if question.tells_secrets { (&[CREATE, SECRET_ADD, READ], 2) } else { (&[CREATE, SECRET_ADD], 0) };
    once(store, question, statements, gives, violations, |row| read::<Stored>(row)?.into_credential(None)).await
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
    let statements: &[_] = match (question.invalid, question.rotation, &question.secret) {
        // It will be refused, but a stranger gets 401 and not a lesson about the body.
        (true, ..) => &[JUDGE],
        (false, None, None) => &[UPDATE],
        (false, None, Some(_)) => &[UPDATE, SECRET_ADD, SECRET_END_OTHERS],
        (false, Some(Rotation::Start), _) => &[UPDATE, SECRET_ADD, SECRET_RETIRE],
        (false, Some(Rotation::Finish), _) => &[UPDATE, SECRET_FINISH],
        (false, Some(Rotation::Cancel), _) => &[UPDATE, SECRET_CANCEL],
    };
    let ends = !question.invalid && (question.rotation.is_some() || question.secret.is_some());
    run(store, question, statements, ends, violations).await
}

/// What a change would do: the credential as it is and as it would be, and whether that widens access.
pub struct Dry {
    /// As it is.
    pub before: Credential,
    /// As it would be.
    pub after: Credential,
    /// Whether the change widens access.
    pub widened: bool,
}

/// Judges a change, and tells what it would do. Writes nothing.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn dry_run<D: Database>(
    store: &Store<'_, D>,
    question: &Question,
    violations: Vec<Violation>,
) -> Result<Outcome<Dry>, Refusal> {
    #[derive(Deserialize)]
    struct Widened {
        widened: Option<u8>,
    }
    let statements: &[_] = if question.invalid { &[JUDGE] } else { &[JUDGE, DRY_RUN] };
    let (Outcome { judged, result }, rows) = judge(store, question, statements, violations).await?;
    let result = result.and_then(|()| {
        let row = |statement| first(&rows, statement).ok_or_else(|| Refusal::Broken("no row".to_owned()));
        let credential = |row| read::<Stored>(row)?.into_credential(None);
        let Widened { widened } = read(row(1)?)?;
        Ok(Dry { before: credential(row(0)?)?, after: credential(row(1)?)?, widened: widened == Some(1) })
    });
    Ok(Outcome { judged, result })
}

/// `ends`: whether the statements may have stamped secrets that are to go.
async fn run<D: Database>(
    store: &Store<'_, D>,
    question: &Question,
    statements: &[Sql],
    ends: bool,
    violations: Vec<Violation>,
) -> Result<Outcome<Credential>, Refusal> {
    let read_it: &[Sql] = if question.tells_secrets { &[READ] } else { &[] };
    let end: &[Sql] = if ends { &[SECRET_DELETE_ENDED] } else { &[] };
    let (Outcome { judged, result }, rows) =
        judge(store, question, &[statements, read_it, end].concat(), violations).await?;
    let result = result.and_then(|()| {
        let judged: Stored = read(first(&rows, 0).ok_or_else(|| Refusal::Broken("no verdict".to_owned()))?)?;
        let sealed = judged.sealed_after(question);
        let now = if question.tells_secrets { first(&rows, statements.len()) } else { None };
        now.map_or(Ok(judged), read)?.into_credential(sealed)
    });
    Ok(Outcome { judged, result })
}

/// A row of `credentials`, and of its newest secret where that is asked for.
#[derive(Deserialize)]
pub(super) struct Stored {
    tenant: Id,
    id: Id,
    principal: Id,
    name: String,
    description: Option<String>,
    enabled: u8,
    roles: Option<String>,
    expires_at: Option<Micros>,
    metadata: String,
    revoked_at: Option<Micros>,
    revoked_reason: Option<String>,
    secrets: Option<String>,
    revision: i64,
    created_at: Micros,
    updated_at: Micros,
    last_used_at: Option<Micros>,
    newest: Option<String>,
    sealing_key: Option<String>,
    sealed: Option<String>,
}

impl Stored {
    /// The sealed value of the newest secret.
    pub(super) fn sealed(&self) -> Option<Sealed> {
        let (text, key) = self.sealed.as_ref().zip(self.sealing_key.as_ref())?;
        Some(Sealed { key: key.clone(), text: text.clone() })
    }

    /// The sealed value of the secret that is the newest once the change is made.
    fn sealed_after(&self, question: &Question) -> Option<Sealed> {
        match &question.secret {
            Some(new) if !new.proofs.iter().any(|proof| self.newest.as_ref() == Some(&proof.id.to_string())) => {
                new.sealed.clone().map(|text| Sealed { key: new.key.clone(), text })
            }
            _ => self.sealed(),
        }
    }

    pub(super) fn into_credential(self, sealed: Option<Sealed>) -> Result<Credential, Refusal> {
        fn parsed<T: DeserializeOwned>(text: &str, what: &str) -> Result<T, Refusal> {
            serde_json::from_str(text).map_err(|_| Refusal::Broken(format!("{what} that cannot be read")))
        }
        Ok(Credential {
            tenant: self.tenant,
            id: self.id,
            principal: self.principal,
            name: self.name,
            description: self.description,
            enabled: self.enabled == 1,
            roles: self.roles.map(|roles| parsed(&roles, "roles")).transpose()?,
            expires_at: self.expires_at,
            metadata: parsed(&self.metadata, "metadata")?,
            revoked: self.revoked_at.map(|at| (at, self.revoked_reason)),
            revision: self.revision,
            created_at: self.created_at,
            updated_at: self.updated_at,
            last_used_at: self.last_used_at,
            secrets: self.secrets.map_or(Ok(Vec::new()), |secrets| parsed(&secrets, "secrets"))?,
            sealed,
        })
    }
}
