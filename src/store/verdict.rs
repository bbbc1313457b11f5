//! What the verdict's code means. The codes are those of `verdict.sql`, and nothing is judged a second time here.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Row;
use crate::credential::field::{Field, Place, Rule, RoleMember, Violation};
use crate::credential::id::Id;
use crate::credential::validate::{self, ROLES_MAX};
use crate::refusal::{Conflict, Noun, Refusal};

/// The first row of every batch: the verdict, and what the words of a refusal need.
#[derive(Debug, Deserialize)]
pub struct Judged {
    code: String,
    /// The calling credential, or `root`.
    pub caller: Option<String>,
    /// The caller's rank ([`crate::caller::Rank`]).
    pub rank: Option<u8>,
    /// The secret that the caller presented.
    pub caller_secret: Option<Id>,
    /// Whether its last use is more than a minute ago.
    pub unnoted: Option<u8>,
    unknown_roles: Option<String>,
    too_many_roles: Option<u8>,
    last_role: Option<u8>,
    unknown_principal: Option<u8>,
}

impl Judged {
    /// The verdict: go on, or the refusal. `violations` are those that were found before; the database adds its own.
    ///
    /// # Errors
    /// The refusal.
    pub fn verdict(&self, violations: Vec<Violation>, principal: Option<Id>) -> Result<(), Refusal> {
        Err(match self.code.as_str() {
            "go" => return Ok(()),
            "unauthenticated" => Refusal::Unauthenticated,
            "inactive" => Refusal::Inactive,
            "forbidden" => Refusal::Forbidden,
            "missing_tenant" => Refusal::Missing(Noun::Tenant),
            "missing_principal" => Refusal::Missing(Noun::Principal),
            "missing_credential" => Refusal::Missing(Noun::Credential),
            "stale" => Refusal::Stale,
            "unconditional" => Refusal::PreconditionRequired,
            "invalid" => Refusal::Invalid(self.violations(violations, principal)),
            "forbidden_change" => Refusal::ForbiddenChange,
            "no_rbac" => Refusal::NoRoles,
            "taken_id" => Refusal::Conflict(Conflict::Id),
            "taken_secret" => Refusal::Conflict(Conflict::Secret),
            other => Refusal::Broken(format!("no meaning for the verdict {other}")),
        })
    }

    /// The secret whose use is to be noted after the answer, if it is time.
    #[must_use]
    pub fn to_note(&self) -> Option<Id> {
        self.caller_secret.filter(|_| self.unnoted == Some(1) && !matches!(self.code.as_str(), "unauthenticated" | "inactive"))
    }

    fn violations(&self, mut violations: Vec<Violation>, principal: Option<Id>) -> Vec<Violation> {
        let mut add = |field, place, rule| violations.push(Violation { field, place, rule });
        if let (Some(1), Some(principal)) = (self.unknown_principal, principal) {
            add(Field::Principal, Place::Whole, Rule::UnknownPrincipal(principal));
        }
        let unknown: Vec<usize> = self.unknown_roles.as_deref().and_then(|list| serde_json::from_str(list).ok()).unwrap_or_default();
        for index in unknown {
            add(Field::Roles, Place::Member(index, RoleMember::RoleId), Rule::UnknownRole);
        }
        if self.too_many_roles == Some(1) {
            add(Field::Roles, Place::Whole, Rule::TooMany { max: ROLES_MAX });
        }
        if self.last_role == Some(1) {
            add(Field::Roles, Place::Whole, Rule::LastRole);
        }
        validate::sort(&mut violations);
        violations.dedup();
        violations
    }
}

/// The first row of a statement, if it gave one.
pub(super) fn first(rows: &[Vec<Row>], statement: usize) -> Option<&Row> {
    rows.get(statement).and_then(|rows| rows.first())
}

/// A row as a type of ours.
pub(super) fn read<T: DeserializeOwned>(row: &Row) -> Result<T, Refusal> {
    T::deserialize(Value::Object(row.clone())).map_err(|error| Refusal::Broken(format!("a row that cannot be read: {error}")))
}
