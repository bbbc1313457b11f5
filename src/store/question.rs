//! The question that a batch is asked: one JSON document, the `?1` of every statement.
//!
//! One text instead of twenty values: an absent, a null and a set member stay three things, numbers stay whole (a bound one
//! is a REAL in D1), and the boundary to JavaScript is crossed once.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::caller::{Caller, Rank};
use crate::credential::id::Id;
use crate::credential::role::Context;
use crate::credential::secret::Proof;
use crate::credential::time::Micros;

/// An id of a path. One that cannot be read is one that nothing has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(pub Option<Id>);

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(id) => id.serialize(serializer),
            None => serializer.serialize_str(""),
        }
    }
}

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum On {
    /// All tenants: it makes one.
    Tenants,
    /// The principals of a tenant: it makes one.
    Principals,
    /// The credentials of a tenant: it makes one.
    Credentials,
    /// One credential.
    Credential,
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

/// The document. What each member decides stands in `verdict.sql`.
#[derive(Clone, Debug, Serialize)]
pub struct Question {
    /// The time of the request.
    pub now: Micros,
    /// Who calls.
    pub caller: Caller,
    /// The tenant; none is the caller's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantRef>,
    /// The principal of the path, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<Key>,
    /// The credential: of the path, or the one to be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<Key>,
    /// What it is about.
    pub on: On,
    /// Whether it writes.
    pub writes: bool,
    /// The least rank that may do it.
    pub need: Rank,
    /// The tags of If-Match; none without the header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub if_match: Option<Vec<String>>,
    /// Whether the body breaks a rule already.
    pub invalid: bool,
    /// The fields that are set.
    pub set: Map<String, Value>,
    /// The part of the roles that `set` speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Context>,
    /// The `role_id`s to compare with the catalogue, each with its index in the body.
    pub role_names: Vec<(usize, String)>,
    /// The secret to be stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<NewRow>,
    /// The unique stamp of the change.
    pub change: Id,
    /// The request's id.
    pub request: String,
}

impl Question {
    /// The document's text.
    pub(crate) fn text(&self) -> String {
        // Only a map with keys that are not strings fails; there is none here.
        serde_json::to_string(self).unwrap_or_default()
    }
}
