//! Verification: whose a token is, whether it holds, and what it may do.

use std::sync::LazyLock;

use serde::Deserialize;

use super::question::Question;
use super::sql::WHO;
use super::verdict::{JUDGE, Outcome, first, judge, read};
use super::{Database, Sql, Store};
use crate::credential::field::Violation;
use crate::credential::id::Id;
use crate::credential::role::Role;
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
    /// The names of the roles that its tenant knows.
    pub role_names: Vec<String>,
    /// When it ends by what is known now, if ever: its own end, its secret's or its credential's.
    pub expires_at: Option<Micros>,
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
    state: String,
    secret: Id,
    unnoted: u8,
    principal: Id,
    name: String,
    roles: Option<String>,
    role_names: String,
    expires_at: Option<Micros>,
}

/// Finds whose a token is; nothing for one that is nobody's, or another tenant's.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn verify<D: Database>(
    store: &Store<'_, D>,
    question: &Question,
    violations: Vec<Violation>,
) -> Result<Outcome<Option<Subject>>, Refusal> {
    let (Outcome { judged, result }, rows) = judge(store, question, &[JUDGE, FIND.clone()], violations).await?;
    let result = result.and_then(|()| {
        let Some(row) = first(&rows, 1) else { return Ok(None) };
        let Row { tenant, id, state, secret, unnoted, principal, name, roles, role_names, expires_at } = read(row)?;
        let unread = |_| Refusal::Broken("roles that cannot be read".to_owned());
        let roles = roles.map(|roles| serde_json::from_str(&roles)).transpose();
        Ok(Some(Subject {
            tenant,
            principal,
            credential: id,
            name,
            roles: roles.map_err(unread)?,
            role_names: serde_json::from_str(&role_names).map_err(unread)?,
            expires_at,
            used: (state == "go" && unnoted == 1).then_some(secret),
            fault: (state != "go").then_some(state),
        }))
    });
    Ok(Outcome { judged, result })
}

/// The statement: the verdict's own text of who calls, asked of the token.
static FIND: LazyLock<Sql> = LazyLock::new(|| {
    let caller = WHO.split_once("caller AS MATERIALIZED (").and_then(|(_, rest)| rest.split_once("\n),\n"));
    let subject = caller.map_or_else(String::new, |(text, _)| text.replace("'$.caller.", "'$.subject."));
    Sql::judged(include_str!("verify.sql").replace("{subject}", &subject))
});
