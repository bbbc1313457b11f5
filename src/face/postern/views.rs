//! The representations of our own face. Every member but `secret` is always present, null if it has no value, so that
//! clients can GET, edit and PUT.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use crate::answer::Answer;
use crate::credential;
use crate::credential::access::Access;
use crate::credential::end::Ends;
use crate::credential::id::Id;
use crate::credential::means::Means;
use crate::credential::role::Role;
use crate::credential::secret::Token;
use crate::credential::time::Micros;
use crate::face::{cursor, json};
use crate::operation::RenderContext;
use crate::store::command::Page;
use crate::store::list::{Item, Listed};
use crate::store::{principal, tenant};

pub(super) fn one(context: &RenderContext<'_>, view: &impl Serialize) -> Answer {
    Answer::new(if context.creates() { 201 } else { 200 }, json(view))
}

pub(super) fn etag(id: Id, revision: i64) -> String {
    format!("\"{id}.{revision}\"")
}

/// Renders a page of a list with the cursor of the next page.
pub(super) fn list<'a, S, I: Item + 'a, T: Serialize>(
    context: &RenderContext<'_>,
    listed: &'a Listed<S>,
    page: &Page,
    item: impl Fn(&'a S) -> &'a I,
    view: impl Fn(&'a S) -> T,
) -> Answer {
    let listing = cursor::List::new(context.request.path, page.order, page.filter.as_ref());
    let last = listed.items.last().filter(|_| listed.more);
    let stopped = listed.resume.as_ref().map(|edge| cursor::at(&listing, &edge.position()));
    let next = last.map(|last| cursor::at(&listing, &item(last).position())).or(stopped);
    Answer::new(200, json(&List { items: listed.items.iter().map(view).collect(), next }))
}

/// A time as this face renders it: RFC 3339, in UTC, with six fractional digits.
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
    /// The items. A page may have fewer than `limit`, or none, and still have a next page.
    pub items: Vec<T>,
    /// The `cursor` of the next page; null on the last one.
    pub next: Option<String>,
}

/// An API credential: its roles, its expiry and its secrets.
#[derive(Serialize, JsonSchema)]
pub(super) struct Credential<'a> {
    /// The id. It never changes.
    id: Id,
    /// The id of the tenant that owns the credential.
    tenant: Id,
    /// The id of the principal that the credential authenticates as.
    principal: Id,
    /// A display name. It need not be unique.
    name: &'a str,
    /// A description, for people.
    description: Option<&'a str>,
    /// Whether the credential can be used.
    enabled: bool,
    /// The roles in the tenant's own APIs; null is full access, an empty list none.
    roles: Option<&'a [Role]>,
    /// What the credential may do in Postern itself.
    access: Access,
    /// Whether the credential may replace its own secret.
    self_rotate: bool,
    /// When the credential expires; null is never.
    expires_at: Option<Time>,
    /// Key-value pairs of the client, ordered by key.
    metadata: &'a BTreeMap<String, String>,
    /// The number of the current version, from 1. It is part of the `ETag`.
    revision: i64,
    /// When it was created.
    created_at: Time,
    /// When it was last changed.
    updated_at: Time,
    /// When it was last used, to the minute; null is never.
    last_used_at: Option<Time>,
    /// When the credential was revoked; null if it is not revoked.
    revoked_at: Option<Time>,
    /// Why the credential is revoked.
    revoked_reason: Option<&'a str>,
    /// The valid secrets: one, or two during a rotation, the newest last.
    secrets: Vec<Secret<'a>>,
    /// The ids of the public keys by which it logs in without a secret. `…/keys` has the keys.
    keys: Vec<Id>,
    /// The ids of the trusts by which workloads log in as it. `…/trusts` has the trusts.
    trusts: Vec<Id>,
    /// The secret. Only the response that creates it, and its repetition under the same `Idempotency-Key`, has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    secret: Option<&'a str>,
}

/// A credential as it reads itself: without what only people read.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Self")]
pub(super) struct OwnCredential<'a> {
    /// The id.
    id: Id,
    /// The id of the tenant that owns the credential.
    tenant: Id,
    /// The id of the principal that the credential authenticates as.
    principal: Id,
    /// The display name.
    name: &'a str,
    /// The roles in the tenant's own APIs; null is full access, an empty list none.
    roles: Option<&'a [Role]>,
    /// What the credential may do in Postern itself.
    access: Access,
    /// Whether the credential may replace its own secret.
    self_rotate: bool,
    /// When the credential expires; null is never.
    expires_at: Option<Time>,
    /// When the credential was revoked; null if it is not revoked.
    revoked_at: Option<Time>,
    /// The valid secrets: one, or two during a rotation, the newest last.
    secrets: Vec<Secret<'a>>,
    /// The new secret. Only the response to a rotation, and its repetition under the same `Idempotency-Key`, has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    secret: Option<&'a str>,
}

impl<'a> OwnCredential<'a> {
    pub fn new(credential: &'a credential::Credential, secret: Option<&'a Token>) -> Self {
        let state = &credential.state;
        Self {
            id: credential.id,
            tenant: credential.tenant,
            principal: state.principal,
            name: &state.name,
            roles: state.roles(),
            access: state.access,
            self_rotate: state.self_rotate,
            expires_at: state.expires_at.map(Time),
            revoked_at: state.revoked_at.map(Time),
            secrets: credential.secrets.iter().map(|secret| Secret::new(secret, state.expires_at)).collect(),
            secret: secret.map(Token::reveal),
        }
    }
}

/// A secret of a credential, without its value.
#[derive(Serialize, JsonSchema)]
struct Secret<'a> {
    /// The id. A secret made by Postern contains it.
    id: Id,
    /// The last four characters of the random part, to recognize the secret by; empty if the client chose it.
    hint: &'a str,
    /// When it was created.
    created_at: Time,
    /// When the secret expires, if a rotation is replacing it.
    expires_at: Option<Time>,
    /// When it was last used, to the minute; null is never.
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
            access: state.access,
            self_rotate: state.self_rotate,
            expires_at: state.expires_at.map(Time),
            metadata: &state.metadata,
            revision: credential.revision,
            created_at: Time(credential.created_at),
            updated_at: Time(credential.updated_at),
            last_used_at: credential.last_used_at.map(Time),
            revoked_at: state.revoked_at.map(Time),
            revoked_reason: state.revoked_reason.as_deref(),
            secrets: credential.secrets.iter().map(|secret| Secret::new(secret, state.expires_at)).collect(),
            keys: state.means(Means::Key).keys().copied().collect(),
            trusts: state.means(Means::Trust).keys().copied().collect(),
            secret: secret.map(Token::reveal),
        }
    }
}

impl<'a> Secret<'a> {
    fn new(secret: &'a credential::Secret, credential: Option<Micros>) -> Self {
        Self {
            id: secret.id,
            hint: &secret.hint,
            created_at: Time(secret.created_at),
            expires_at: secret_end(credential, secret.expires_at).map(Time),
            last_used_at: secret.last_used_at.map(Time),
        }
    }
}

/// Returns when a secret ends, by the expiry time of its credential and its own deadline. A secret without a deadline is
/// not being replaced: it ends with the credential, which says so.
pub(super) fn secret_end(credential: Option<Micros>, deadline: Option<Micros>) -> Option<Micros> {
    deadline.and_then(|deadline| Ends { credential, secret: Some(deadline), access: None }.earliest())
}

/// What credentials authenticate as: a service, a person or a team.
#[derive(Serialize, JsonSchema)]
pub(super) struct Principal<'a> {
    /// The id. It never changes; the id of the tenant's default principal is all zeros.
    id: Id,
    /// The id of the tenant that owns the principal.
    tenant: Id,
    /// A display name.
    name: &'a str,
    /// A description, for people.
    description: Option<&'a str>,
    /// Whether the principal's credentials can be used.
    enabled: bool,
    /// The number of the current version, from 1. It is part of the `ETag`.
    revision: i64,
    /// When it was created.
    created_at: Time,
    /// When it was last changed.
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

/// An organization, which owns principals and credentials. Tenants are isolated from each other.
#[derive(Serialize, JsonSchema)]
pub(super) struct Tenant<'a> {
    /// The id. It never changes.
    id: Id,
    /// A unique name that never changes, for `X-Postern-Tenant` and for the URLs of Keycard's clients.
    label: &'a str,
    /// A display name.
    name: &'a str,
    /// Whether the tenant's credentials can be used.
    enabled: bool,
    /// Whether the tenant's credentials can have roles.
    rbac: bool,
    /// Whether changing or deleting one of its credentials requires If-Match, on every face.
    require_if_match: bool,
    /// The roles of the tenant, which always include `admin`, `editor` and `viewer`.
    role_names: Vec<String>,
    /// How many seconds old the answer to a verification may be.
    verify_staleness_seconds: i64,
    /// The number of the current version, from 1. It is part of the `ETag`.
    revision: i64,
    /// When it was created.
    created_at: Time,
    /// When it was last changed.
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
            verify_staleness_seconds: tenant.state.verify_staleness_seconds,
            revision: tenant.revision,
            created_at: Time(tenant.created_at),
            updated_at: Time(tenant.updated_at),
        }
    }
}
