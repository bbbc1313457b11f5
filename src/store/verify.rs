//! Verification: the owners of tokens, whether each token is valid, and the roles that it has.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::command::Command;
use super::near::Near;
pub use super::sql::Reads;
use super::sql::Sql;
use super::verdict::{Outcome, judge, read};
use super::{Database, Store};
use crate::caller::Claim;
use crate::credential::access::Access;
use crate::credential::end::Ends;
use crate::credential::field::Violation;
use crate::credential::id::Id;
use crate::credential::role::{Role, scope};
use crate::credential::secret::Proof;
use crate::credential::time::Micros;
use crate::refusal::Refusal;

/// A position in the history of a tenant: the number of its newest event, and the time of that event. A database that was restored
/// may give the number to another event, but not at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Position(pub i64, pub Micros);

/// A token of the caller's tenant, or of any tenant for root and access `verify_all`.
#[derive(Clone)]
pub struct Subject {
    /// The tenant of its credential.
    pub tenant: Id,
    /// The label of the tenant.
    pub label: String,
    /// The principal of its credential.
    pub principal: Id,
    /// The credential that it authenticates.
    pub credential: Id,
    /// The credential's name.
    pub name: String,
    /// The credential's roles; `None` is full access.
    pub roles: Option<Vec<Role>>,
    /// What it may do in Postern.
    pub access: Access,
    /// The scope of its credential, if it is not empty.
    pub scope: Option<String>,
    /// The secret: itself, or for an access token the one that it was issued for; `None` for one of a key or a trust.
    pub secret: Option<Id>,
    /// What ends it, as far as is known now.
    pub ends: Ends,
    /// Why the token is not valid: `expired`, `revoked` or `inactive`.
    pub fault: Option<String>,
    /// Whether its use must be recorded.
    pub is_unnoted: bool,
    /// The bound of its tenant on the age of verifications, in seconds; 0 if the statement did not read it.
    pub staleness: i64,
    /// The position in the history of its tenant; `None` if the statement did not read it.
    pub position: Option<Position>,
    /// Set if the token is a valid secret that is still under the previous master key.
    pub under_previous: Option<UnderPrevious>,
}

/// A secret that is still under the previous master key.
#[derive(Clone)]
pub struct UnderPrevious {
    /// Its proof under the current key.
    pub current: Proof,
    /// Its value as it was sealed under the previous key, if a face reveals it again.
    pub sealed: Option<String>,
}

impl Subject {
    /// Returns whether its tenant has this id or label.
    #[must_use]
    pub fn is_of(&self, tenant: &str) -> bool {
        Id::parse(tenant).map_or(self.label == tenant, |id| id == self.tenant)
    }

    /// Returns what is worth remembering of it.
    #[must_use]
    pub fn remembered(&self) -> Self {
        Self { under_previous: None, is_unnoted: false, ..self.clone() }
    }

    /// Returns whether the token is valid and has a role.
    #[must_use]
    pub fn has(&self, role: &Role) -> bool {
        self.fault.is_none() && role.is_held(self.roles.as_deref())
    }
}

/// The row of a claim that was found.
#[derive(Deserialize)]
struct Row {
    tenant: Id,
    label: String,
    principal: Id,
    id: Id,
    name: String,
    roles: String,
    unrestricted: u8,
    access: Access,
    role_names: String,
    status: String,
    secret: Option<Id>,
    secret_expires_at: Option<Micros>,
    expires_at: Option<Micros>,
    unnoted: u8,
    staleness: Option<i64>,
    position: Option<String>,
    /// The index of the claim.
    claim: usize,
    sealed: Option<String>,
}

/// Read before the rest, which is null if no claim was found.
#[derive(Deserialize)]
struct Found {
    item: Option<usize>,
    /// Whether the caller may know about the token.
    visible: Option<u8>,
}

/// Parses JSON in a column. The error contains nothing from it.
pub(super) fn stored<T: DeserializeOwned>(text: &str) -> Result<T, Refusal> {
    let unreadable = |_| Refusal::Broken(format!("a column that cannot be read as {}", std::any::type_name::<T>()));
    serde_json::from_str(text).map_err(unreadable)
}

impl Row {
    fn into_subject(self, command: &Command) -> Result<Subject, Refusal> {
        let claim = command.claims.get(self.claim);
        let current = claim.and_then(|claim| claim.current.clone());
        let roles = Some(stored::<Vec<Role>>(&self.roles)?).filter(|_| self.unrestricted == 0);
        let is_valid = self.status == "go";
        Ok(Subject {
            tenant: self.tenant,
            label: self.label,
            principal: self.principal,
            credential: self.id,
            name: self.name,
            scope: scope(roles.as_deref(), &stored::<Vec<String>>(&self.role_names)?),
            roles,
            access: self.access,
            secret: self.secret,
            ends: Ends {
                credential: self.expires_at,
                secret: self.secret_expires_at,
                access: claim.and_then(Claim::access_end),
            },
            is_unnoted: is_valid && self.unnoted == 1,
            fault: (!is_valid).then_some(self.status),
            staleness: self.staleness.unwrap_or_default(),
            position: self.position.as_deref().map(stored).transpose()?,
            under_previous: current.filter(|_| is_valid).map(|current| UnderPrevious { current, sealed: self.sealed }),
        })
    }
}

/// The database that a verification reads.
#[derive(Clone, Copy)]
pub enum Of<'a, 'b, D> {
    /// The primary.
    Primary(&'a Store<'b, D>),
    /// A replica.
    Near(&'a Near<'b, D>),
}

/// Finds the owners of the tokens of so many items, in one trip. `None` for a token that is unknown or belongs to another
/// tenant.
///
/// # Errors
/// `Unavailable` or `Broken`; a refusal is in the outcome.
pub async fn verify<D: Database>(
    of: Of<'_, '_, D>,
    command: &Command,
    items: usize,
    reads: Reads,
    violations: Vec<Violation>,
) -> Result<Outcome<Vec<Option<Subject>>>, Refusal> {
    let store = match of {
        Of::Primary(store) => store,
        Of::Near(near) => near.store(),
    };
    let (Outcome { judged, result }, rows) = judge(store, command, &[Sql::Verify(reads)], violations).await?;
    let result = result.and_then(|()| {
        // A token that was chosen twice, under two keys, has one owner: the first row of an item decides.
        let mut subjects: Vec<Option<Option<Subject>>> = (0..items).map(|_| None).collect();
        for row in rows.first().into_iter().flatten() {
            let Found { item: Some(item), visible } = read(row)? else { continue };
            let Some(subject @ None) = subjects.get_mut(item) else { continue };
            let found = if visible == Some(1) { Some(read::<Row>(row)?.into_subject(command)?) } else { None };
            *subject = Some(found);
        }
        Ok(subjects.into_iter().map(Option::flatten).collect())
    });
    Ok(Outcome { judged, result })
}
