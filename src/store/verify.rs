//! Verification: whose a token is, whether it holds, and what it may do.

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

/// What is found of a token that is the caller's to ask about.
pub struct Subject {
    /// Who owns its credential.
    pub tenant: Id,
    /// Whom it speaks for.
    pub principal: Id,
    /// The credential.
    pub credential: Id,
    /// The credential's name.
    pub name: String,
    /// Its roles; none is full access.
    pub roles: Option<Vec<Role>>,
    /// The scope of its credential, if it is not empty.
    pub scope: Option<String>,
    /// What ends it, by what is known now.
    pub ends: Ends,
    /// Why it does not hold, if so: `expired`, `revoked` or `inactive`.
    pub fault: Option<String>,
    /// The secret, if it is time to note its use.
    pub used: Option<Id>,
}

impl Subject {
    /// Whether it holds, and has a role on a thing: a role on a whole kind of thing holds for each, one without a resource for
    /// all; no roles is full access.
    #[must_use]
    pub fn may(&self, needed: &Role) -> bool {
        let holds = |role: &Role| {
            let whole = |has: &Option<String>, needs: &Option<String>| has.is_none() || has == needs;
            role.role_id == needed.role_id
                && whole(&role.resource, &needed.resource)
                && whole(&role.resource_instance, &needed.resource_instance)
        };
        self.fault.is_none() && self.roles.as_ref().is_none_or(|roles| roles.iter().any(holds))
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
    retires_at: Option<Micros>,
}

/// The row of a token that nobody has, or that is not the caller's to ask about.
#[derive(Deserialize)]
struct Found {
    secret: Option<Id>,
}

/// Reads the roles of a row.
fn stored<T: DeserializeOwned>(text: &str) -> Result<T, Refusal> {
    serde_json::from_str(text).map_err(|_| Refusal::Broken("roles that cannot be read".to_owned()))
}

/// Finds whose a token is; nothing for one that is nobody's, or another tenant's.
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
            ends: Ends { credential: row.expires_at, secret: row.retires_at, access },
            used: (status == "go" && unnoted == 1).then_some(secret),
            fault: (status != "go").then_some(status),
        }))
    });
    Ok(Outcome { judged, result })
}
