//! The domain: what a credential is, and what a change of one is. Pure: no platform, no SQL, no HTTP.

mod base32;
pub mod end;
pub mod field;
pub mod id;
pub mod role;
pub mod secret;
mod shape;
pub mod table;
pub mod time;
pub mod validate;

use std::collections::BTreeMap;

use id::Id;
use role::Role;
use secret::Sealed;
use serde::Deserialize;
use time::Micros;

/// A credential as it is stored, for showing. Nothing of its secret is in it but what was sealed to be shown.
#[derive(Debug, Clone)]
pub struct Credential {
    /// Who owns it.
    pub tenant: Id,
    /// Its id.
    pub id: Id,
    /// Its stored document.
    pub state: State,
    /// Counts its changes from 1.
    pub revision: i64,
    /// When it was made.
    pub created_at: Micros,
    /// When it was changed last.
    pub updated_at: Micros,
    /// When it was used last; moves at most once a minute.
    pub last_used_at: Option<Micros>,
    /// Its secrets that hold, oldest first; only where they were asked for.
    pub secrets: Vec<Secret>,
    /// Its newest secret, where that can be shown again.
    pub sealed: Option<Sealed>,
}

/// The stored document of a credential. A key without a value is absent, and an unknown key is an error.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The principal that the credential authenticates as.
    pub principal: Id,
    /// Its name.
    pub name: String,
    /// Its description, if any.
    pub description: Option<String>,
    /// Whether it may be used.
    pub enabled: bool,
    roles: Vec<Role>,
    unrestricted: bool,
    /// When it expires, if ever.
    pub expires_at: Option<Micros>,
    /// Notes of the clients, by name.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// When it was revoked, if it is.
    pub revoked_at: Option<Micros>,
    /// Why it was revoked. The schema refuses a reason without `revoked_at`.
    pub revoked_reason: Option<String>,
}

impl State {
    /// The roles; `None` is full access.
    #[must_use]
    pub fn roles(&self) -> Option<&[Role]> {
        (!self.unrestricted).then_some(&*self.roles)
    }
}

/// What can be told of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Secret {
    /// Its id.
    pub id: Id,
    /// Its last characters, where they give nothing away; else empty.
    pub hint: String,
    /// When it was made.
    pub created_at: Micros,
    /// When it ends, where a rotation replaces it.
    pub expires_at: Option<Micros>,
    /// When it was used last; moves at most once a minute.
    pub last_used_at: Option<Micros>,
}

impl Credential {
    /// Whether it is enabled and not revoked: what faces mean that know one word for both.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.state.enabled && self.state.revoked_at.is_none()
    }

    /// The entity tag of its stored state, the same on every face: `"<id>.<revision>"` (RFC 9110 §8.8.3).
    #[must_use]
    pub fn etag(&self) -> String {
        format!("\"{}.{}\"", self.id, self.revision)
    }
}
