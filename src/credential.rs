//! The domain: credentials and changes to them. Pure: no platform, no SQL, no HTTP.

pub mod access;
pub(crate) mod base32;
pub mod end;
pub mod field;
pub mod id;
mod limits;
pub mod means;
pub mod role;
mod row;
pub mod secret;
mod shape;
pub mod table;
pub mod time;
pub mod validate;

use std::collections::BTreeMap;

use access::Access;
use id::Id;
use means::Means;
use role::Role;
use secret::Sealed;
use serde::Deserialize;
use time::Micros;

/// A stored credential, as views render it. Its only form of the secret is the sealed one.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The owning tenant.
    pub tenant: Id,
    /// Unique over all tenants.
    pub id: Id,
    /// The stored document.
    pub state: State,
    /// The number of changes, creation included.
    pub revision: i64,
    /// When the credential was created.
    pub created_at: Micros,
    /// When the credential was last changed.
    pub updated_at: Micros,
    /// When the credential was last used; updated at most once a minute.
    pub last_used_at: Option<Micros>,
    /// The valid secrets, oldest first. Empty unless the route lists them.
    pub secrets: Vec<Secret>,
    /// The newest secret, if it was sealed to be revealed again.
    pub sealed: Option<Sealed>,
}

/// The stored document of a credential. A key without a value is absent, and an unknown key is an error.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The principal that the credential authenticates as.
    pub principal: Id,
    /// For people; not unique.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// Whether the credential may be used.
    pub enabled: bool,
    roles: Vec<Role>,
    unrestricted: bool,
    /// What it may do in Postern.
    pub access: Access,
    /// Whether it may rotate its own secret.
    pub self_rotate: bool,
    /// When the credential expires; `None` is never.
    pub expires_at: Option<Micros>,
    /// Key-value pairs of the client, which Postern does not interpret.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// When the credential was revoked; `None` if it is not.
    pub revoked_at: Option<Micros>,
    /// Why the credential was revoked. The schema rejects a reason without `revoked_at`.
    pub revoked_reason: Option<String>,
    #[serde(default)]
    keys: means::Stored,
    #[serde(default)]
    trusts: means::Stored,
}

impl State {
    /// Returns the means of a kind, by which the credential logs in without a secret.
    #[must_use]
    pub fn means(&self, means: Means) -> &means::Stored {
        match means {
            Means::Key => &self.keys,
            Means::Trust => &self.trusts,
        }
    }

    /// Returns the roles; `None` is full access.
    #[must_use]
    pub fn roles(&self) -> Option<&[Role]> {
        (!self.unrestricted).then_some(&*self.roles)
    }
}

/// The public properties of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Secret {
    /// The secret's id.
    pub id: Id,
    /// The last four characters of a token's random part; empty for a token that the client chose.
    pub hint: String,
    /// When the secret was created.
    pub created_at: Micros,
    /// When the secret expires, if a rotation replaces it.
    pub expires_at: Option<Micros>,
    /// When the secret was last used; updated at most once a minute.
    pub last_used_at: Option<Micros>,
}

impl Credential {
    /// Returns whether the credential is enabled and not revoked, for faces with one flag for both.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.state.enabled && self.state.revoked_at.is_none()
    }

    /// Returns the entity tag of the stored state, the same on every face: `"<id>.<revision>"` (RFC 9110 §8.8.3).
    #[must_use]
    pub fn etag(&self) -> String {
        format!("\"{}.{}\"", self.id, self.revision)
    }
}
