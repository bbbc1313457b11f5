//! What this face's clients see. Every member is always there, null where there is nothing, so that GET, edit, PUT works.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use crate::answer::Answer;
use crate::credential;
use crate::credential::end::Ends;
use crate::credential::id::Id;
use crate::credential::role::Role;
use crate::credential::secret::Token;
use crate::credential::time::Micros;
use crate::face::{cursor, json};
use crate::operation::RenderContext;
use crate::store::command::Page;
use crate::store::list::{Item, Listed};
use crate::store::{principal, tenant};

pub(super) fn one(context: &RenderContext<'_>, shown: &impl Serialize) -> Answer {
    Answer::new(if context.creates() { 201 } else { 200 }, json(shown))
}

pub(super) fn etag(id: Id, revision: i64) -> String {
    format!("\"{id}.{revision}\"")
}

/// A page, and the cursor of the next.
pub(super) fn list<'a, S, I: Item + 'a, T: Serialize>(
    listed: &'a Listed<S>,
    page: &Page,
    item: impl Fn(&'a S) -> &'a I,
    show: impl Fn(&'a S) -> T,
) -> Answer {
    let last = listed.items.last().filter(|_| listed.more);
    let stopped = listed.resume.as_ref().map(|edge| cursor::at(&edge.position(), page.order.key));
    let next = last.map(|last| cursor::at(&item(last).position(), page.order.key)).or(stopped);
    Answer::new(200, json(&List { items: listed.items.iter().map(show).collect(), next }))
}

/// A time, as every answer of this face tells it: RFC 3339, in UTC, with six digits.
pub(super) struct Time(pub Micros);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_rfc3339_micros())
    }
}

impl JsonSchema for Time {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// A page of a list.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "{T}Page")]
pub(super) struct List<T> {
    /// What is on it. It may be short, or empty, and have a next one all the same.
    pub items: Vec<T>,
    /// The `cursor` of the next page; null on the last one.
    pub next: Option<String>,
}

/// What a machine shows to be let in: a name, what it may do, until when, and its secrets.
#[derive(Serialize, JsonSchema)]
pub(super) struct Credential<'a> {
    /// Its id. It never changes.
    id: Id,
    /// Who owns it.
    tenant: Id,
    /// Whom it speaks for.
    principal: Id,
    /// Its name, for people. Names may repeat.
    name: &'a str,
    /// More about it, for people.
    description: Option<&'a str>,
    /// Whether it may be used at all.
    enabled: bool,
    /// What it may do; null is full access.
    roles: Option<&'a [Role]>,
    /// When it ends; null is never.
    expires_at: Option<Time>,
    /// What clients note beside it, ordered by key.
    metadata: &'a BTreeMap<String, String>,
    /// Counts its changes from 1; part of the `ETag`.
    revision: i64,
    /// When it was made.
    created_at: Time,
    /// When it was changed last.
    updated_at: Time,
    /// When it was used last, to the minute.
    last_used_at: Option<Time>,
    /// Since when it is revoked; null: it is not.
    revoked_at: Option<Time>,
    /// Why it is revoked.
    revoked_reason: Option<&'a str>,
    /// Its secrets that hold: one, or two while it is rotated, the newest last.
    secrets: Vec<Secret<'a>>,
    /// The secret itself. In the answer that makes it, and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    secret: Option<&'a str>,
}

/// What is told of a secret.
#[derive(Serialize, JsonSchema)]
struct Secret<'a> {
    /// Its id, which is a part of the secret itself.
    id: Id,
    /// Four characters of it, to tell it from others: those before its last part.
    hint: &'a str,
    /// When it was made.
    created_at: Time,
    /// Until when it holds, if it is being replaced.
    expires_at: Option<Time>,
    /// When it was used last, to the minute.
    last_used_at: Option<Time>,
}

impl<'a> Credential<'a> {
    pub fn new(credential: &'a credential::Credential, secret: Option<&'a Token>) -> Self {
        let state = &credential.state;
        Self {
            id: credential.id,
            tenant: credential.tenant,
            principal: state.principal,
            name: &state.name,
            description: state.description.as_deref(),
            enabled: state.enabled,
            roles: state.roles(),
            expires_at: state.expires_at.map(Time),
            metadata: &state.metadata,
            revision: credential.revision,
            created_at: Time(credential.created_at),
            updated_at: Time(credential.updated_at),
            last_used_at: credential.last_used_at.map(Time),
            revoked_at: state.revoked_at.map(Time),
            revoked_reason: state.revoked_reason.as_deref(),
            secrets: credential.secrets.iter().map(|secret| Secret::new(secret, state.expires_at)).collect(),
            secret: secret.map(Token::reveal),
        }
    }
}

impl<'a> Secret<'a> {
    fn new(secret: &'a credential::Secret, credential: Option<Micros>) -> Self {
        // A secret without a deadline of its own is not being replaced: it ends with the credential, which says so.
        let ends = secret.expires_at.map(|deadline| Ends { credential, secret: Some(deadline), access: None });
        Self {
            id: secret.id,
            hint: &secret.hint,
            created_at: Time(secret.created_at),
            expires_at: ends.and_then(Ends::earliest).map(Time),
            last_used_at: secret.last_used_at.map(Time),
        }
    }
}

/// Whom credentials speak for: a service, a person, a team.
#[derive(Serialize, JsonSchema)]
pub(super) struct Principal<'a> {
    /// Its id. It never changes; that of the tenant's default principal is all zeros.
    id: Id,
    /// Who owns it.
    tenant: Id,
    /// Its name, for people.
    name: &'a str,
    /// More about it, for people.
    description: Option<&'a str>,
    /// Whether its credentials may be used.
    enabled: bool,
    /// Counts its changes from 1; part of the `ETag`.
    revision: i64,
    /// When it was made.
    created_at: Time,
    /// When it was changed last.
    updated_at: Time,
}

impl<'a> Principal<'a> {
    pub fn new(principal: &'a principal::Principal) -> Self {
        Self {
            id: principal.id,
            tenant: principal.tenant,
            name: &principal.state.name,
            description: principal.state.description.as_deref(),
            enabled: principal.state.enabled,
            revision: principal.revision,
            created_at: Time(principal.created_at),
            updated_at: Time(principal.updated_at),
        }
    }
}

/// Who owns everything below. Nothing crosses it.
#[derive(Serialize, JsonSchema)]
pub(super) struct Tenant<'a> {
    /// Its id. It never changes.
    id: Id,
    /// Another name for it, made once: for `X-Postern-Tenant`, and for URLs of Keycard's clients.
    label: &'a str,
    /// Its name, for people.
    name: &'a str,
    /// Whether its credentials may be used.
    enabled: bool,
    /// Whether its credentials may be given roles.
    rbac: bool,
    /// Whether to change or delete one of its credentials takes If-Match, on every face.
    require_if_match: bool,
    /// The roles that there are. `admin`, `editor` and `viewer` are always among them.
    role_names: Vec<String>,
    /// Counts its changes from 1; part of the `ETag`.
    revision: i64,
    /// When it was made.
    created_at: Time,
    /// When it was changed last.
    updated_at: Time,
}

impl<'a> Tenant<'a> {
    pub fn new(tenant: &'a tenant::Tenant) -> Self {
        Self {
            id: tenant.id,
            label: &tenant.label,
            name: &tenant.state.name,
            enabled: tenant.state.enabled,
            rbac: tenant.state.rbac,
            require_if_match: tenant.state.preconditions,
            role_names: tenant.state.role_names.clone(),
            revision: tenant.revision,
            created_at: Time(tenant.created_at),
            updated_at: Time(tenant.updated_at),
        }
    }
}
