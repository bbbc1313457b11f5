//! What the verdict's code means. The codes are those of `verdict/code.sql`, and nothing is judged a second time here.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::question::Question;
use super::{Database, Parameter, Row, Sql, Store};
use crate::caller::Rank;
use crate::credential::field::{Field, Noun, Place, RoleMember, Rule, Violation};
use crate::credential::id::Id;
use crate::credential::time::Micros;
use crate::credential::validate::{self, METADATA_BYTES_MAX, METADATA_MAX, ROLES_MAX};
use crate::refusal::{Conflict, Refusal};

/// What came of a batch: what was judged, and what is now there, or why not.
pub struct Outcome<T> {
    /// Who called, whatever the verdict.
    pub judged: Judged,
    /// What was asked for, or the refusal.
    pub result: Result<T, Refusal>,
}

/// The first row of every batch: the verdict, and what the words of a refusal need.
#[derive(Debug, Deserialize)]
pub struct Judged {
    code: String,
    /// The calling credential, or `root`.
    pub caller: Option<String>,
    /// The caller's rank.
    pub rank: Option<Rank>,
    /// The caller's tenant; root has none.
    pub caller_tenant: Option<Id>,
    /// The secret that the caller presented.
    pub caller_secret: Option<Id>,
    /// When that was made.
    pub secret_made: Option<Micros>,
    /// The id of the key that it is under.
    pub caller_key: Option<String>,
    /// Its sealed value, if it has one.
    pub caller_sealed: Option<String>,
    /// How many credentials the tenant has.
    pub total: Option<u64>,
    /// The names of the roles that the tenant knows, a JSON list.
    pub role_names: Option<String>,
    unnoted: Option<u8>,
    unknown_roles: Option<String>,
    too_many_roles: Option<u8>,
    last_role: Option<u8>,
    unknown_principal: Option<u8>,
    read_only: Option<String>,
    too_many_metadata: Option<u8>,
    too_large_metadata: Option<u8>,
    /// When the caller's secret ends, where a rotation replaces it.
    pub retires_at: Option<Micros>,
    /// Since when that is so.
    pub retires_since: Option<Micros>,
}

impl Judged {
    /// The verdict: go on, or the refusal. `violations` are those that were found before; the database adds its own.
    ///
    /// # Errors
    /// The refusal.
    pub fn verdict(&self, violations: Vec<Violation>, question: &Question) -> Result<(), Refusal> {
        Err(match self.code.as_str() {
            // What was made before, under the same key, is given back (store/idempotency.rs).
            "go" | "replay" => return Ok(()),
            "unauthenticated" => Refusal::Unauthenticated,
            "inactive" => Refusal::Inactive,
            "forbidden" => Refusal::Forbidden,
            "missing_tenant" => Refusal::Missing(Noun::Tenant),
            "missing_principal" => Refusal::Missing(Noun::Principal),
            "missing_credential" => Refusal::Missing(Noun::Credential),
            "stale" => Refusal::Stale,
            "unconditional" => Refusal::PreconditionRequired,
            "invalid" => Refusal::Invalid(self.violations(violations, question)),
            "forbidden_change" => Refusal::ForbiddenChange,
            "no_rbac" => Refusal::NoRoles,
            "key_reused" => Refusal::KeyReused,
            "too_many" => Refusal::TooMany,
            "taken_id" => Refusal::Conflict(Conflict::Id),
            "taken_secret" => Refusal::Conflict(Conflict::Secret),
            "revoked" => Refusal::Conflict(Conflict::Revoked),
            "rotating" => Refusal::Conflict(Conflict::Rotating),
            "not_rotating" => Refusal::Conflict(Conflict::NotRotating),
            "default_principal" => Refusal::Conflict(Conflict::DefaultPrincipal),
            "not_empty" => Refusal::Conflict(Conflict::NotEmpty),
            other => Refusal::Broken(format!("no meaning for the verdict {other}")),
        })
    }

    /// Whether the same was made before, under the same key.
    #[must_use]
    pub fn is_replay(&self) -> bool {
        self.code == "replay"
    }

    /// Whether who called is known, and may call.
    #[must_use]
    pub fn is_authenticated(&self) -> bool {
        !matches!(self.code.as_str(), "unauthenticated" | "inactive")
    }

    /// Whether the last noted use of the caller's secret is more than a minute ago.
    #[must_use]
    pub fn is_unnoted(&self) -> bool {
        self.unnoted == Some(1)
    }

    fn violations(&self, mut violations: Vec<Violation>, question: &Question) -> Vec<Violation> {
        let mut add = |field, place, rule| violations.push(Violation { field, place, rule });
        let principal = question.set.get("principal").and_then(|id| id.as_str()).and_then(Id::parse);
        if let (Some(1), Some(principal)) = (self.unknown_principal, principal) {
            add(Field::Principal, Place::Whole, Rule::UnknownPrincipal(principal));
        }
        let unknown: BTreeSet<String> =
            self.unknown_roles.as_deref().and_then(|list| serde_json::from_str(list).ok()).unwrap_or_default();
        for (index, _) in question.role_names.iter().filter(|(_, name)| unknown.contains(name)) {
            add(Field::Roles, Place::Member(*index, RoleMember::RoleId), Rule::UnknownRole);
        }
        if self.too_many_roles == Some(1) {
            add(Field::Roles, Place::Whole, Rule::TooMany { max: ROLES_MAX });
        }
        if self.last_role == Some(1) {
            add(Field::Roles, Place::Whole, Rule::LastRole);
        }
        if self.too_many_metadata == Some(1) {
            add(Field::Metadata, Place::Whole, Rule::TooMany { max: METADATA_MAX });
        }
        if self.too_large_metadata == Some(1) {
            add(Field::Metadata, Place::Whole, Rule::TooLarge { max: METADATA_BYTES_MAX });
        }
        let read_only = self.read_only.as_deref().and_then(|list| serde_json::from_str::<Vec<String>>(list).ok());
        for column in read_only.unwrap_or_default() {
            add(Field::Other, Place::Key(column), Rule::ReadOnly);
        }
        validate::reported(violations)
    }
}

/// The statement that gives the verdict: the first of every batch that is judged.
pub(super) const JUDGE: Sql = Sql::judged_by(include_str!("judge.sql"));

/// Runs a batch whose first statement gives the verdict: what was judged, and the rows.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub(super) async fn judge<D: Database>(
    store: &Store<'_, D>,
    question: &Question,
    statements: &[Sql],
    violations: Vec<Violation>,
) -> Result<(Outcome<()>, Vec<Vec<Row>>), Refusal> {
    let rows = store.batch(statements, &[Parameter::Text(&question.text())], question.act, question.writes()).await?;
    let judged: Judged = read(first(&rows, 0).ok_or_else(|| Refusal::Broken("no verdict".to_owned()))?)?;
    let result = judged.verdict(violations, question);
    Ok((Outcome { judged, result }, rows))
}

/// Runs a batch whose last statement gives back the tenant or the principal that it is about.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub(super) async fn one<D: Database, T: DeserializeOwned>(
    store: &Store<'_, D>,
    question: &Question,
    statements: &[Sql],
    violations: Vec<Violation>,
) -> Result<Outcome<T>, Refusal> {
    let statements = if question.invalid { &[JUDGE] } else { statements };
    let (Outcome { judged, result }, rows) = judge(store, question, statements, violations).await?;
    let last = rows.last().and_then(|rows| rows.first());
    let result = result.and_then(|()| read(last.ok_or_else(|| Refusal::Broken("no row".to_owned()))?));
    Ok(Outcome { judged, result })
}

/// The first row of a statement, if it gave one.
pub(super) fn first(rows: &[Vec<Row>], statement: usize) -> Option<&Row> {
    rows.get(statement).and_then(|rows| rows.first())
}

/// A row as a type of ours. The error names the type and nothing of the row.
pub(super) fn read<T: DeserializeOwned>(row: &Row) -> Result<T, Refusal> {
    let unreadable = |_| Refusal::Broken(format!("a row that cannot be read as {}", std::any::type_name::<T>()));
    serde_json::from_str(row.text()).map_err(unreadable)
}
