//! The forms of requests, which select the statements.

use crate::credential::field::Noun;

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// No resource: the caller logs in, or verifies a token.
    Caller,
    /// All tenants, or a new one.
    Tenants,
    /// An existing tenant.
    Tenant,
    /// The principals of a tenant, or a new one.
    Principals,
    /// An existing principal.
    Principal,
    /// The history of a tenant, or of one of its principals or credentials.
    Events,
    /// The credentials of a tenant or of a principal, or a new one.
    Credentials,
    /// An existing credential.
    Credential,
    /// The caller's own credential.
    Own,
}

impl Target {
    /// Returns whether it is one credential or all of them.
    pub(super) fn is_of_credential(self) -> bool {
        matches!(self, Self::Credentials | Self::Credential | Self::Own)
    }

    /// Returns the noun that a write changes.
    pub(super) fn noun(self) -> Noun {
        match self {
            Self::Tenants | Self::Tenant => Noun::Tenant,
            Self::Principals | Self::Principal => Noun::Principal,
            Self::Caller | Self::Events | Self::Credentials | Self::Credential | Self::Own => Noun::Credential,
        }
    }
}

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// Writes nothing.
    Read,
    /// Creates one resource.
    Create,
    /// Replaces, merges, rotates, revokes or restores one resource.
    Change,
    /// Deletes resources with everything that belongs to them.
    Delete,
}

/// What decides the text of a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Form {
    /// What it is about.
    pub target: Target,
    /// What it does.
    pub act: Act,
    /// Whether a write has an Idempotency-Key.
    pub keyed: bool,
    /// Whether roles give access.
    pub maps_roles: bool,
}

impl Form {
    /// Returns the form of a request without a key, on a face where roles give no access.
    pub(super) fn plain(target: Target, act: Act) -> Self {
        Self { target, act, keyed: false, maps_roles: false }
    }
}
