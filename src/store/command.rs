//! The command that a batch is asked: one JSON document, the `?1` of every statement.
//!
//! One text instead of twenty values: an absent, a null and a set member stay three things, numbers stay whole (a bound one
//! is a REAL in D1), and the boundary to JavaScript is crossed once.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

pub use super::key::Key;
pub use super::page::{Filter, Order, Page, SortKey, Until};
use crate::caller::{Caller, Rank};
use crate::credential::field::Noun;
use crate::credential::id::Id;
use crate::credential::role::Context;
use crate::credential::secret::Proof;
use crate::credential::time::Micros;

/// The tenant that a request names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TenantRef {
    /// By id.
    Id(Key),
    /// By label.
    Label(String),
}

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// The caller itself: it logs in.
    Caller,
    /// All tenants, or one to be made.
    Tenants,
    /// One tenant.
    Tenant,
    /// The principals of a tenant, or one to be made.
    Principals,
    /// One principal.
    Principal,
    /// The history of a tenant, or of a credential of it.
    Events,
    /// The credentials of a tenant or of a principal, or one to be made.
    Credentials,
    /// One credential.
    Credential,
}

impl Target {
    /// The kind of thing that is written.
    pub(super) fn noun(self) -> Noun {
        match self {
            Self::Tenants | Self::Tenant => Noun::Tenant,
            Self::Principals | Self::Principal => Noun::Principal,
            Self::Caller | Self::Events | Self::Credentials | Self::Credential => Noun::Credential,
        }
    }
}

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// Reads one or several.
    Read,
    /// Makes one.
    Create,
    /// Replaces or merges one.
    Change,
    /// Deletes one or several, with all that belongs to them.
    Delete,
}

/// A step of a rotation: two secrets hold from its start to its end, which is its deadline unless it is finished or cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Rotation {
    /// A new secret, and a deadline for the one that there was.
    Start,
    /// The new one alone.
    Finish,
    /// The old one alone.
    Cancel,
}

/// A secret as it will be stored. Debug shows its id alone.
#[derive(Clone, Serialize)]
pub struct NewRow {
    /// Its id.
    pub id: Id,
    /// Its keyed digest.
    pub digest: String,
    /// Its proofs under every key: a secret that is there may still be under the previous one.
    pub proofs: Vec<Proof>,
    /// The id of the key.
    pub key: String,
    /// Its sealed value, where a face shows it on reads.
    pub sealed: Option<String>,
    /// Its last characters, or nothing.
    pub hint: String,
}

impl fmt::Debug for NewRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "NewRow({})", self.id)
    }
}

/// An Idempotency-Key, and what it is asked for with: digests, since both are the client's own texts.
#[derive(Clone, Debug, Serialize)]
pub struct Idempotency {
    /// Of the path and the key.
    pub id: String,
    /// Of the body.
    pub body: String,
    /// The secret that will be shown, sealed, so that it can be shown again.
    pub sealed: Option<String>,
}

/// When something was created and changed last, where a client says so.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Times {
    /// When it was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Micros>,
    /// When it was changed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Micros>,
}

/// The label of a new tenant: the slug if the number is 1, else the slug and the number; the first that is free.
#[derive(Clone, Debug, Serialize)]
pub struct Label {
    /// Lower-case letters, digits and hyphens.
    pub slug: String,
    /// The number to begin with.
    pub first: u32,
}

/// The document. What each member decides stands in `sql/` and `rules.rs`.
#[derive(Clone, Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a member of the document, and decides on its own")]
pub struct Command {
    /// The time of the request.
    pub now: Micros,
    /// Who calls.
    pub caller: Caller,
    /// The tenant; none is the caller's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantRef>,
    /// The principal: of the path, where it has one, or the one to be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<Key>,
    /// The credential: of the path, or the one to be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<Key>,
    /// The proofs of a token: the credential is the one that has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bearer: Option<Vec<Proof>>,
    /// Whose token is asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Caller>,
    /// The number of the event that a page of the history begins at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<i64>,
    /// What it is about: it selects the statements.
    #[serde(skip)]
    pub target: Target,
    /// What it does: it selects the statements.
    #[serde(skip)]
    pub act: Act,
    /// The least rank that may do it.
    pub required_right: Rank,
    /// The tags of If-Match; none without the header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub if_match: Option<Vec<String>>,
    /// The tags of If-None-Match; none without the header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub if_none_match: Option<Vec<String>>,
    /// Members that only read, as they are said to be.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub asserted: Map<String, Value>,
    /// Whether `set` says the difference: metadata is merged member by member.
    #[serde(skip_serializing_if = "is_false")]
    pub merges: bool,
    /// Whether `enabled` is said as "active": neither disabled nor revoked.
    #[serde(skip_serializing_if = "is_false")]
    pub active: bool,
    /// A step of a rotation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Rotation>,
    /// How long a secret that a rotation replaces lives on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grace_seconds: Option<i64>,
    /// Whether secrets are told of: their ids and times.
    #[serde(skip)]
    pub lists_secrets: bool,
    /// The key under which something is made once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency: Option<Idempotency>,
    /// The page of a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<Page>,
    /// More credentials than this are too many for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bound: Option<u32>,
    /// Whether a tenant is deleted with all that it has.
    #[serde(skip_serializing_if = "is_false")]
    pub force: bool,
    /// Whether it is only told what the change would do.
    #[serde(skip)]
    pub dry: bool,
    /// Whether the body breaks a rule already.
    pub invalid: bool,
    /// The keys of the stored document that are set: null removes one.
    pub set: Map<String, Value>,
    /// When it was created and changed, where a client may say so.
    pub times: Times,
    /// The label of a tenant that is created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Label>,
    /// The part of the roles that `set` speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Context>,
    /// The `role_id`s to compare with the catalogue, each with its index in the body. The document has the names, each once.
    #[serde(serialize_with = "names")]
    pub role_names: Vec<(usize, String)>,
    /// The secret to be stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<NewRow>,
    /// The unique stamp of the change.
    pub change: Id,
    /// The request's id.
    pub request: String,
}

#[expect(clippy::ptr_arg, reason = "serde passes the field's own type")]
fn names<S: Serializer>(indexed: &Vec<(usize, String)>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(indexed.iter().map(|(_, name)| name).collect::<BTreeSet<_>>())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

impl Command {
    /// A command of this caller, about nothing yet.
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
            bearer: None,
            subject: None,
            seq: None,
            target,
            act,
            required_right,
            if_match: None,
            if_none_match: None,
            asserted: Map::new(),
            merges: false,
            active: false,
            rotation: None,
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

    /// Whether it may write: what breaks a rule already, and a dry run, is judged alone.
    pub(super) fn writes(&self) -> bool {
        self.act != Act::Read && !self.invalid && !self.dry
    }

    /// Says full access as the stored document does: by a key of its own, with an empty list of roles. So a key that is lost never opens
    /// anything. In a context, an empty list says nothing of it.
    pub(crate) fn set_unrestricted(&mut self) {
        let unrestricted = match self.set.get_mut("roles") {
            Some(roles @ Value::Null) => {
                *roles = Value::Array(Vec::new());
                true
            }
            Some(Value::Array(roles)) if !roles.is_empty() => false,
            _ => return,
        };
        self.set.insert("unrestricted".to_owned(), unrestricted.into());
    }

    /// The document's text.
    pub(crate) fn text(&self) -> String {
        // Only a map with keys that are not strings fails; there is none here.
        serde_json::to_string(self).unwrap_or_default()
    }
}
