//! The command: one JSON document, the `?1` of every statement in a batch.
//!
//! One document instead of twenty values distinguishes absent, null and present members, keeps integers whole (D1
//! binds every number as REAL), and crosses the boundary to JavaScript once.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

pub use super::form::{Act, Form, Target};
pub use super::key::Key;
pub use super::page::{Filter, Order, Page, SortKey, Until};
use crate::caller::{Caller, Claim, Rank};
use crate::credential::access::Access;
use crate::credential::id::Id;
use crate::credential::means::Means;
use crate::credential::role::Context;
use crate::credential::secret::Proof;
use crate::credential::time::Micros;

/// The tenant that a request names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TenantRef {
    /// The id, from the path or a header, or of a new tenant.
    Id(Key),
    /// The label, on faces that accept one.
    Label(String),
}

/// A step of a rotation. Both secrets are valid from its start until it is finished or cancelled, or the old secret
/// ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Rotation {
    /// Adds a secret, and sets the end of the old one.
    Start,
    /// Keeps only the new secret.
    Finish,
    /// Keeps only the old secret.
    Cancel,
}

/// A secret to be stored. Debug prints only its id.
#[derive(Clone, Serialize)]
pub struct NewRow {
    /// Unique over all tenants; derived from the digest if the client chose the token.
    pub id: Id,
    /// HMAC of the value under the current master key.
    pub digest: String,
    /// Proofs under every configured key, since the same secret may be stored under the previous one.
    pub proofs: Vec<Proof>,
    /// The id of the current master key.
    pub key: String,
    /// The encrypted value, where a face reveals it again.
    pub sealed: Option<String>,
    /// The last four characters of the random part; empty for a token that the client chose.
    pub hint: String,
}

impl fmt::Debug for NewRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "NewRow({})", self.id)
    }
}

/// An Idempotency-Key and its request, as keyed digests: both are texts of the client.
#[derive(Clone, Debug, Serialize)]
pub struct Idempotency {
    /// Digest of the path and the key.
    pub id: String,
    /// Digest of the body.
    pub body: String,
    /// The new secret, encrypted, so that a repeated request gets it again.
    pub sealed: Option<String>,
}

/// The times that a client may choose on one face. The history does not use them.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Times {
    /// Used on creation only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Micros>,
    /// Used on creation only; a change sets the time itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Micros>,
}

/// How to find the label of a new tenant: `slug`, then `slug-2`, `slug-3` and so on; the first free one is used.
#[derive(Clone, Debug, Serialize)]
pub struct Label {
    /// Lower-case letters, digits and hyphens, made from the name.
    pub slug: String,
    /// The first number to try. 1 means the slug without a number.
    pub first: u32,
}

/// The access that roles give, on a face whose contract has no access but roles.
#[derive(Debug, Serialize)]
pub struct AccessOfRoles {
    /// Of full access.
    pub full: Access,
    /// By the name of a role that is not limited to a resource, the highest first. Other roles give none.
    pub roles: &'static [(&'static str, Access)],
}

/// The key or trust that a change adds or removes.
#[derive(Clone, Debug, Serialize)]
pub struct MeansChange {
    /// Whether it is added, not removed.
    pub adds: bool,
    /// Its path in the document of the credential.
    pub path: String,
    /// The path of all of its kind.
    pub list: String,
    /// How many of its kind a credential may have.
    pub max: usize,
}

impl MeansChange {
    /// Returns the change of the means with this id.
    #[must_use]
    pub fn new(means: Means, id: &str, adds: bool) -> Self {
        let list = format!("$.{}", means.member());
        Self { adds, path: format!("{list}.{id}"), list, max: means.max() }
    }
}

/// The document. Its members are used in `sql/` and `rules.rs`.
#[derive(Clone, Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent members of the document")]
pub struct Command {
    /// The time of the request.
    pub now: Micros,
    /// The caller's proof of identity.
    pub caller: Caller,
    /// The tenant that the request names; absent for the caller's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantRef>,
    /// The principal that the path names, or the id of a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<Key>,
    /// The credential that the path names, or the id of a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<Key>,
    /// The key or trust of the credential that the path names. The statements use `means`.
    #[serde(skip)]
    pub member: Option<Key>,
    /// The proofs of a token in the path, by which a credential is found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bearer: Option<Vec<Proof>>,
    /// What the database finds the tokens to be verified by, in the order of the items.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<Claim>,
    /// The number of the first event on a page of the history.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<i64>,
    /// Selects the statements, and is not part of the document.
    #[serde(skip)]
    pub target: Target,
    /// Selects the statements, and is not part of the document.
    #[serde(skip)]
    pub act: Act,
    /// The lowest rank that the route accepts.
    pub required_right: Rank,
    /// The tags of If-Match; `None` without the header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub if_match: Option<Vec<String>>,
    /// The tags of If-None-Match on a write; `None` without the header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub if_none_match: Option<Vec<String>>,
    /// Read-only members that the body repeats: a value that differs from the stored one is a violation.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub asserted: Map<String, Value>,
    /// Whether metadata is merged member by member (PATCH) instead of replaced.
    #[serde(skip_serializing_if = "is_false")]
    pub merges: bool,
    /// Whether the face has "active" in place of `enabled`: neither disabled nor revoked.
    #[serde(skip_serializing_if = "is_false")]
    pub active: bool,
    /// The access that roles give, on a face whose contract has no access.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_of_roles: Option<&'static AccessOfRoles>,
    /// The step of a rotation that a change makes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Rotation>,
    /// The key or trust that a change adds or removes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub means: Option<MeansChange>,
    /// How many seconds the old secret of a rotation stays valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grace_seconds: Option<i64>,
    /// Whether a credential is returned with its secrets' ids, hints and times.
    #[serde(skip)]
    pub lists_secrets: bool,
    /// The Idempotency-Key of a creation or a rotation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency: Option<Idempotency>,
    /// The page of a list or a history.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<Page>,
    /// The maximum number of credentials that the request may list or delete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bound: Option<u32>,
    /// Whether to delete a tenant that is not empty.
    #[serde(skip_serializing_if = "is_false")]
    pub force: bool,
    /// Whether the request is a dry run.
    #[serde(skip)]
    pub dry: bool,
    /// Whether validation found violations before the database was asked.
    pub invalid: bool,
    /// The merge patch of the stored document: null removes a key.
    pub set: Map<String, Value>,
    /// Times chosen by the client.
    pub times: Times,
    /// How to label a new tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Label>,
    /// The resource whose roles `set` replaces; roles on other resources are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Context>,
    /// The `role_id`s to compare with the tenant's catalogue, each with its index in the body. The document has each
    /// name once.
    #[serde(serialize_with = "serialize_role_names")]
    pub role_names: Vec<(usize, String)>,
    /// The secret to be stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<NewRow>,
    /// The unique stamp of the change, by which later statements of the batch find its rows.
    pub change: Id,
    /// The request's id, recorded in events.
    pub request: String,
}

#[expect(clippy::ptr_arg, reason = "serde passes the field's own type")]
fn serialize_role_names<S: Serializer>(indexed: &Vec<(usize, String)>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(indexed.iter().map(|(_, name)| name))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

impl Command {
    /// Returns a command that names no resource and sets nothing.
    #[must_use]
    pub fn new(
        now: Micros,
        caller: Caller,
        (target, act, required_right): (Target, Act, Rank),
        change: Id,
        request: String,
    ) -> Self {
        Self {
            now,
            caller,
            tenant: None,
            principal: None,
            credential: None,
            member: None,
            bearer: None,
            claims: Vec::new(),
            seq: None,
            target,
            act,
            required_right,
            if_match: None,
            if_none_match: None,
            asserted: Map::new(),
            merges: false,
            active: false,
            access_of_roles: None,
            rotation: None,
            means: None,
            grace_seconds: None,
            lists_secrets: false,
            idempotency: None,
            page: None,
            bound: None,
            force: false,
            dry: false,
            invalid: false,
            set: Map::new(),
            times: Times::default(),
            label: None,
            context: None,
            role_names: Vec::new(),
            secret: None,
            change,
            request,
        }
    }

    /// Returns what decides the text of its verdict.
    pub(super) fn form(&self) -> Form {
        Form {
            target: self.target,
            act: self.act,
            keyed: self.idempotency.is_some(),
            maps_roles: self.access_of_roles.is_some(),
        }
    }

    /// Returns whether the batch may write. An invalid change and a dry run only get a verdict.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.act != Act::Read && !self.invalid && !self.dry
    }

    /// Replaces null roles, which mean full access, by what the document stores: no roles, and the key
    /// `unrestricted`. So a lost key never grants anything. The empty list of one context is left alone: it does not
    /// decide full access.
    pub(crate) fn set_unrestricted(&mut self) {
        let unrestricted = match self.set.get_mut("roles") {
            Some(roles @ Value::Null) => {
                *roles = Value::Array(Vec::new());
                true
            }
            Some(Value::Array(roles)) if !roles.is_empty() || self.context.is_none() => false,
            _ => return,
        };
        self.set.insert("unrestricted".to_owned(), unrestricted.into());
    }

    /// Serializes the document.
    pub(crate) fn text(&self) -> String {
        // Serialization fails only for maps with keys that are not strings.
        serde_json::to_string(self).unwrap_or_default()
    }
}
