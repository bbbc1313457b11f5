//! What this face's clients see. Every member is always there, null where there is nothing, so that GET, edit, PUT works.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::answer::Answer;
use crate::credential;
use crate::credential::field::Verb;
use crate::credential::id::Id;
use crate::credential::role::Role;
use crate::credential::secret::Token;
use crate::credential::time::Micros;
use crate::face::{Asked, Shown, cursor, json};
use crate::route::Operation;
use crate::store::credential::Dry;
use crate::store::history::Events;
use crate::store::list::{Item, Listed};
use crate::store::question::Page;
use crate::store::verify::Subject;
use crate::store::{history, principal, tenant};

/// The answer that shows it; `None` for what this face has no route for.
pub(super) fn show(asked: &Asked<'_>, shown: &Shown<'_>) -> Option<Answer> {
    let status = if matches!(asked.operation, Operation::Write(_, Verb::Create)) { 201 } else { 200 };
    Some(match shown {
        Shown::Credential(credential, secret) => Answer::new(status, json(&Credential::of(credential, *secret))),
        Shown::Credentials(listed, page) => {
            list(listed, page, |(credential, _)| credential, |(credential, _)| Credential::of(credential, None))
        }
        Shown::Dry(dry) => Answer::new(200, json(&Difference::of(dry))),
        Shown::Principal(principal) => {
            Answer::new(status, json(&Principal::of(principal))).with("etag", etag(principal.id, principal.revision))
        }
        Shown::Principals(listed, page) => list(listed, page, |principal| principal, Principal::of),
        Shown::Tenant(tenant) => {
            Answer::new(status, json(&Tenant::of(tenant))).with("etag", etag(tenant.id, tenant.revision))
        }
        Shown::Tenants(listed, page) => list(listed, page, |tenant| tenant, Tenant::of),
        Shown::Deleted => Answer::new(204, String::new()),
        Shown::Verified(subject, allowed) => Answer::new(200, json(&Verified::of(*subject, *allowed, asked))),
        Shown::History(events) => Answer::new(200, json(&List::of_events(events))),
        Shown::Roles(_) | Shown::Access(_) | Shown::Metadata => return None,
    })
}

fn etag(id: Id, revision: i64) -> String {
    format!("\"{id}.{revision}\"")
}

/// A page, and the cursor of the next.
fn list<'a, S, I: Item + 'a, T: Serialize>(
    listed: &'a Listed<S>,
    page: &Page,
    item: impl Fn(&'a S) -> &'a I,
    show: impl Fn(&'a S) -> T,
) -> Answer {
    let last = listed.items.last().filter(|_| listed.more);
    let stopped = listed.resume.as_ref().map(|edge| cursor::at(&edge.place(), page.order.by));
    let next = last.map(|last| cursor::at(&item(last).place(), page.order.by)).or(stopped);
    Answer::new(200, json(&List { items: listed.items.iter().map(show).collect(), next }))
}

/// A time, as every answer of this face tells it: RFC 3339, in UTC, with six digits.
struct Time(Micros);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.microseconds())
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
    items: Vec<T>,
    /// The `cursor` of the next page; null on the last one.
    next: Option<String>,
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
    fn of(credential: &'a credential::Credential, secret: Option<&'a Token>) -> Self {
        let (revoked_at, reason) =
            credential.revoked.as_ref().map_or((None, None), |(at, why)| (Some(*at), why.as_deref()));
        Self {
            id: credential.id,
            tenant: credential.tenant,
            principal: credential.principal,
            name: &credential.name,
            description: credential.description.as_deref(),
            enabled: credential.enabled,
            roles: credential.roles.as_deref(),
            expires_at: credential.expires_at.map(Time),
            metadata: &credential.metadata,
            revision: credential.revision,
            created_at: Time(credential.created_at),
            updated_at: Time(credential.updated_at),
            last_used_at: credential.last_used_at.map(Time),
            revoked_at: revoked_at.map(Time),
            revoked_reason: reason,
            secrets: credential.secrets.iter().map(Secret::of).collect(),
            secret: secret.map(Token::reveal),
        }
    }
}

impl<'a> Secret<'a> {
    fn of(secret: &'a credential::Secret) -> Self {
        Self {
            id: secret.id,
            hint: &secret.hint,
            created_at: Time(secret.created_at),
            expires_at: secret.expires_at.map(Time),
            last_used_at: secret.last_used_at.map(Time),
        }
    }
}

/// What a change would do.
#[derive(Serialize, JsonSchema)]
pub(super) struct Difference {
    /// The members that it would change.
    changes: BTreeMap<String, BeforeAndAfter>,
    /// Whether it would widen access: a role more, or none at all, another end or none, or enabled again.
    widens_access: bool,
}

/// A member, before a change and after it.
#[derive(Serialize, Deserialize, JsonSchema)]
struct BeforeAndAfter {
    /// What it is.
    before: Value,
    /// What it would be.
    after: Value,
}

impl Difference {
    fn of(dry: &Dry) -> Self {
        let members = |credential| match serde_json::to_value(Credential::of(credential, None)) {
            Ok(Value::Object(members)) => members,
            _ => Map::new(),
        };
        let (before, mut after) = (members(&dry.before), members(&dry.after));
        let both = before.into_iter().map(|(name, before)| {
            let after = after.remove(&name).unwrap_or_default();
            (name, BeforeAndAfter { before, after })
        });
        Self { changes: both.filter(|(_, both)| both.before != both.after).collect(), widens_access: dry.widened }
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
    fn of(principal: &'a principal::Principal) -> Self {
        Self {
            id: principal.id,
            tenant: principal.tenant,
            name: &principal.name,
            description: principal.description.as_deref(),
            enabled: principal.enabled,
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
    fn of(tenant: &'a tenant::Tenant) -> Self {
        Self {
            id: tenant.id,
            label: &tenant.label,
            name: &tenant.name,
            enabled: tenant.enabled,
            rbac: tenant.rbac,
            require_if_match: tenant.preconditions,
            role_names: serde_json::from_str(&tenant.role_names).unwrap_or_default(),
            revision: tenant.revision,
            created_at: Time(tenant.created_at),
            updated_at: Time(tenant.updated_at),
        }
    }
}

/// Whether a token holds, and how fresh that is: as of this answer, with nothing kept anywhere.
#[derive(Serialize, JsonSchema)]
pub(super) struct Verified<'a> {
    /// Whether it holds.
    active: bool,
    /// Why not: `unknown` (also of another tenant), `expired`, `revoked` or `inactive`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    reason: Option<&'a str>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    of: Option<Whose<'a>>,
    /// Whether it may do what was asked for; not there if nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    allowed: Option<bool>,
    /// When this was judged.
    checked_at: Time,
    /// How old what was judged by may have been: nothing is kept anywhere, so 0.
    max_staleness_seconds: u32,
}

/// Whose a token is; not there where it is unknown.
#[derive(Serialize, JsonSchema)]
struct Whose<'a> {
    /// Who owns the credential.
    tenant: Id,
    /// Whom it speaks for.
    principal: Id,
    /// The credential.
    credential: Id,
    /// The credential's name.
    name: &'a str,
    /// What it may do; null is full access.
    roles: Option<&'a [Role]>,
    /// When the token ends by what is known now; null is never.
    expires_at: Option<Time>,
}

impl<'a> Verified<'a> {
    fn of(subject: Option<&'a Subject>, allowed: Option<bool>, asked: &Asked<'_>) -> Self {
        let of = subject.map(|subject| Whose {
            tenant: subject.tenant,
            principal: subject.principal,
            credential: subject.credential,
            name: &subject.name,
            roles: subject.roles.as_deref(),
            expires_at: subject.expires_at.map(Time),
        });
        let reason = subject.map_or(Some("unknown"), |subject| subject.fault.as_deref());
        Self { active: reason.is_none(), reason, of, allowed, checked_at: Time(asked.began), max_staleness_seconds: 0 }
    }
}

/// One change of a credential, or of a secret of it. It never holds a secret.
#[derive(Serialize, JsonSchema)]
pub(super) struct Event<'a> {
    /// Its number: they count from 1 in each tenant.
    seq: i64,
    /// When.
    at: Time,
    /// What was done.
    action: &'a str,
    /// The credential.
    credential: Id,
    /// The secret, if it is an event of one.
    secret: Option<Id>,
    /// The credential's revision after it.
    revision: i64,
    /// Who: a credential's id, `root`, or `console` for a change made in the database.
    by: &'a str,
    /// In which request: the answer's `X-Request-Id`.
    request_id: &'a str,
    /// The members that it changed.
    changes: BTreeMap<String, BeforeAndAfter>,
    /// Whether it widened access.
    widened_access: bool,
}

impl<'a> List<Event<'a>> {
    fn of_events(events: &'a Events) -> Self {
        let items = events.items.iter().map(Event::of).collect();
        Self { items, next: events.next.map(|seq| seq.to_string()) }
    }
}

impl<'a> Event<'a> {
    fn of(event: &'a history::Event) -> Self {
        let mut changes: BTreeMap<String, BeforeAndAfter> = serde_json::from_str(&event.changes).unwrap_or_default();
        // Times are told as they are everywhere here.
        for (_, both) in changes.iter_mut().filter(|(name, _)| name.ends_with("_at")) {
            for told in [&mut both.before, &mut both.after] {
                if let Some(micros) = told.as_i64() {
                    *told = Micros(micros).microseconds().into();
                }
            }
        }
        Self {
            seq: event.seq,
            at: Time(event.at),
            action: &event.action,
            credential: event.credential,
            secret: event.secret,
            revision: event.revision,
            by: &event.by,
            request_id: &event.request,
            changes,
            widened_access: event.widened == 1,
        }
    }
}
