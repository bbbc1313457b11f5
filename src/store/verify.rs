//! Verification: the owner of a token, whether it is valid, and what it may do.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::command::Command;
use super::sql::Sql;
use super::verdict::{Outcome, first, judge, no_row, read};
use super::{Database, Store};
use crate::caller::Caller;
use crate::credential::end::Ends;
use crate::credential::field::Violation;
use crate::credential::id::Id;
use crate::credential::role::{Role, scope};
use crate::credential::time::Micros;
use crate::refusal::Refusal;

/// A token of the caller's tenant, or of any tenant for root.
pub struct Subject {
    /// The tenant of its credential.
    pub tenant: Id,
    /// The principal of its credential.
    pub principal: Id,
    /// The credential that it authenticates.
    pub credential: Id,
    /// The credential's name.
    pub name: String,
    /// The credential's roles; `None` is full access.
    pub roles: Option<Vec<Role>>,
    /// The scope of its credential, if it is not empty.
    pub scope: Option<String>,
    /// What ends it, as far as is known now.
    pub ends: Ends,
    /// Why the token is not valid: `expired`, `revoked` or `inactive`.
    pub fault: Option<String>,
    /// The secret, if its use must be recorded.
    pub used: Option<Id>,
}

impl Subject {
    /// Returns whether the token is valid and has a role on a resource. A role without a resource instance covers every
    /// instance, and one without a resource covers every resource. Full access covers every role.
    #[must_use]
    pub fn may(&self, needed: &Role) -> bool {
        let grants = |role: &Role| {
            let covers = |has: &Option<String>, needs: &Option<String>| has.is_none() || has == needs;
            role.role_id == needed.role_id
                && covers(&role.resource, &needed.resource)
                && covers(&role.resource_instance, &needed.resource_instance)
        };
        self.fault.is_none() && self.roles.as_ref().is_none_or(|roles| roles.iter().any(grants))
    }
}

#[derive(Deserialize)]
struct Row {
    tenant: Id,
    id: Id,
    status: String,
    secret: Id,
    unnoted: u8,
    principal: Id,
    name: String,
    roles: String,
    unrestricted: u8,
    role_names: String,
    expires_at: Option<Micros>,
}

/// Read before the rest: the row is null where the token is unknown or of another tenant.
#[derive(Deserialize)]
struct Found {
    secret: Option<Id>,
}

/// Parses the roles of a row.
fn stored<T: DeserializeOwned>(text: &str) -> Result<T, Refusal> {
    serde_json::from_str(text).map_err(|_| Refusal::Broken("roles that cannot be read".to_owned()))
}

/// Finds the owner of a token. `None` if the token is unknown or belongs to another tenant.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn verify<D: Database>(
    store: &Store<'_, D>,
    command: &Command,
    violations: Vec<Violation>,
) -> Result<Outcome<Option<Subject>>, Refusal> {
    let (Outcome { judged, result }, rows) = judge(store, command, &[Sql::Verify], violations).await?;
    let result = result.and_then(|()| {
        let row = first(&rows, 0).ok_or_else(no_row)?;
        if read::<Found>(row)?.secret.is_none() {
            return Ok(None);
        }
        let row: Row = read(row)?;
        let Row { tenant, id, status, secret, unnoted, principal, name, roles, unrestricted, role_names, .. } = row;
        let access = command.subject.as_ref().and_then(Caller::access_end);
        let roles = Some(stored::<Vec<Role>>(&roles)?).filter(|_| unrestricted == 0);
        Ok(Some(Subject {
            tenant,
            principal,
            credential: id,
            name,
            scope: scope(roles.as_deref(), &stored::<Vec<String>>(&role_names)?),
            roles,
            ends: Ends { credential: row.expires_at, secret: None, access },
            used: (status == "go" && unnoted == 1).then_some(secret),
            fault: (status != "go").then_some(status),
        }))
    });
    Ok(Outcome { judged, result })
}
