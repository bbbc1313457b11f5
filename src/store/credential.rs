//! Credentials: find, create, update. Each is one batch.

use serde::Deserialize;

use super::command::{Command, Rotation, Target};
use super::idempotency::{Made, create_once, kept};
use super::plain::Plain;
use super::sql::Sql;
use super::verdict::{Outcome, document, first, judge, no_row, one, read};
use super::{Database, Row, Store};
use crate::credential::field::Violation;
use crate::credential::id::Id;
use crate::credential::secret::Sealed;
use crate::credential::time::Micros;
use crate::credential::{Credential, State};
use crate::refusal::Refusal;

/// Finds a credential.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn find<D: Database>(store: &Store<'_, D>, command: &Command) -> Result<Outcome<Credential>, Refusal> {
    let read = Sql::Read { target: command.target, secrets: command.lists_secrets };
    one(store, command, read, Vec::new(), from_row).await
}

/// Returns only the verdict. For one tenant, it includes the catalogue of role names.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn judged<D: Database>(store: &Store<'_, D>, command: &Command) -> Result<Outcome<()>, Refusal> {
    let statement = if command.target == Target::Tenant {
        Sql::Roles
    } else if command.target == Target::Caller {
        Sql::LogIn
    } else {
        Sql::Judge(command.target, command.act)
    };
    judge(store, command, &[statement], Vec::new()).await.map(|(outcome, _)| outcome)
}

/// Creates a credential, and its secret if it gets one.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn create<D: Database>(
    store: &Store<'_, D>,
    command: &Command,
    violations: Vec<Violation>,
) -> Result<Outcome<Made<Credential>>, Refusal> {
    let following: &[_] = if command.secret.is_some() { &[Sql::Plain(Plain::SecretAdd)] } else { &[] };
    create_once(store, command, following, violations, without_sealed).await
}

/// Updates a credential: every change on every face, including rotation, revocation and restoration. Only a rotation may
/// have an Idempotency-Key.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn update<D: Database>(
    store: &Store<'_, D>,
    command: &Command,
    violations: Vec<Violation>,
) -> Result<Outcome<Made<Credential>>, Refusal> {
    let is_own = command.target == Target::Own;
    // Of the caller's own credential, only the secrets change, or all of it is revoked.
    let changes_secrets = command.rotation.is_some() || is_own;
    let listed = command.lists_secrets && !changes_secrets;
    let mut statements = vec![Sql::Change { form: command.form(), secrets: listed }];
    // An invalid change still gets a verdict: an unauthenticated caller gets 401, and learns nothing about the body.
    if !command.invalid {
        let following: &[Plain] = match (command.rotation, &command.secret) {
            (None, None) if is_own => &[Plain::SecretEndOwn, Plain::SecretsRead, Plain::SecretDeleteEnded],
            (None, None) => &[],
            (None, Some(_)) => &[Plain::SecretAdd, Plain::SecretEndOthers, Plain::SecretDeleteEnded],
            (Some(Rotation::Start), _) => {
                &[Plain::SecretAdd, Plain::SecretRetire, Plain::SecretsRead, Plain::SecretDeleteEnded]
            }
            (Some(Rotation::Finish), _) => &[Plain::SecretFinish, Plain::SecretsRead, Plain::SecretDeleteEnded],
            (Some(Rotation::Cancel), _) => &[Plain::SecretCancel, Plain::SecretsRead, Plain::SecretDeleteEnded],
        };
        statements.extend(following.iter().copied().map(if is_own { Sql::PlainOwn } else { Sql::Plain }));
    }
    let (Outcome { judged, result }, rows) = judge(store, command, &statements, violations).await?;
    let result = result.and_then(|()| {
        let row = first(&rows, 0).ok_or_else(no_row)?;
        if judged.is_replay() {
            return kept(row, without_sealed);
        }
        let mut stored: Stored = read(row)?;
        if changes_secrets {
            // SecretsRead, before SecretDeleteEnded.
            let secrets_read = statements.len() - 2;
            stored.secrets = read::<Listed>(first(&rows, secrets_read).ok_or_else(no_row)?)?.secrets;
        }
        let sealed = stored.sealed_after(command);
        Ok(Made { made: stored.into_credential(sealed)?, replayed: None })
    });
    Ok(Outcome { judged, result })
}

/// The effect that a change would have.
pub struct Dry {
    /// The credential that would change.
    pub id: Id,
    /// The current revision, which a dry run keeps.
    pub revision: i64,
    /// A JSON object of the differences, as an event would report them.
    pub changes: String,
    /// Whether the change widens access.
    pub widened: bool,
}

/// Returns the effect that a change would have, without writing.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn dry_run<D: Database>(
    store: &Store<'_, D>,
    command: &Command,
    violations: Vec<Violation>,
) -> Result<Outcome<Dry>, Refusal> {
    #[derive(Deserialize)]
    struct Row {
        id: Id,
        revision: i64,
        changes: String,
        widened: u8,
    }
    one(store, command, Sql::DryRun, violations, |row| {
        let Row { id, revision, changes, widened } = read(row)?;
        Ok(Dry { id, revision, changes, widened: widened == 1 })
    })
    .await
}

#[derive(Deserialize)]
struct Listed {
    secrets: Option<String>,
}

/// A row of `credentials`, with the newest secret where the statement reads it.
#[derive(Deserialize)]
struct Stored {
    tenant: Id,
    id: Id,
    #[serde(deserialize_with = "document")]
    state: State,
    secrets: Option<String>,
    revision: i64,
    created_at: Micros,
    updated_at: Micros,
    last_used_at: Option<Micros>,
    newest: Option<String>,
    sealing_key: Option<String>,
    sealed: Option<String>,
}

/// Parses a credential, with its newest sealed secret where the statement reads it.
pub(super) fn from_row(row: &Row) -> Result<Credential, Refusal> {
    let stored: Stored = read(row)?;
    let sealed = stored.sealed();
    stored.into_credential(sealed)
}

/// Parses a credential without its sealed secret.
fn without_sealed(row: &Row) -> Result<Credential, Refusal> {
    read::<Stored>(row)?.into_credential(None)
}

impl Stored {
    /// Returns the sealed value of the newest secret before the change.
    fn sealed(&self) -> Option<Sealed> {
        let (text, key) = self.sealed.as_ref().zip(self.sealing_key.as_ref())?;
        Some(Sealed { key: key.clone(), text: text.clone() })
    }

    /// Returns the sealed value of the newest secret after the change.
    fn sealed_after(&self, command: &Command) -> Option<Sealed> {
        match &command.secret {
            Some(new) if !new.proofs.iter().any(|proof| self.newest.as_ref() == Some(&proof.id.to_string())) => {
                new.sealed.clone().map(|text| Sealed { key: new.key.clone(), text })
            }
            _ => self.sealed(),
        }
    }

    fn into_credential(self, sealed: Option<Sealed>) -> Result<Credential, Refusal> {
        let unreadable = |_| Refusal::Broken("secrets that cannot be read".to_owned());
        let secrets = self.secrets.map(|secrets| serde_json::from_str(&secrets)).transpose().map_err(unreadable)?;
        Ok(Credential {
            tenant: self.tenant,
            id: self.id,
            state: self.state,
            revision: self.revision,
            created_at: self.created_at,
            updated_at: self.updated_at,
            last_used_at: self.last_used_at,
            secrets: secrets.unwrap_or_default(),
            sealed,
        })
    }
}
