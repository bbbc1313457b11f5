//! What only one operation shows: what a change would do, the history, and what is known of a token.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::changes::{self, Changes, Difference};
use super::views::{List, Time, etag};
use crate::answer::Answer;
use crate::credential::id::Id;
use crate::credential::role::Role;
use crate::credential::time::Micros;
use crate::face::json;
use crate::operation::{self, RenderContext};
use crate::store::credential::Dry;
use crate::store::history::{self, Events};

pub(super) fn dry_run(_: &RenderContext<'_>, dry: &Dry) -> Answer {
    let told = DryRun { changes: changes::read(&dry.changes), widens_access: dry.widened };
    Answer::new(200, json(&told)).with("etag", etag(dry.id, dry.revision))
}

pub(super) fn history(_: &RenderContext<'_>, events: &Events) -> Answer {
    let items = events.items.iter().map(Event::new).collect();
    Answer::new(200, json(&List { items, next: events.next.map(|seq| seq.to_string()) }))
}

pub(super) fn verified(context: &RenderContext<'_>, verified: &operation::Verified) -> Answer {
    Answer::new(200, json(&Verified::new(verified, context.began)))
}

/// What a change would do.
#[derive(Serialize, JsonSchema)]
pub(super) struct DryRun {
    /// The members that it would change.
    #[schemars(with = "BTreeMap<String, Difference>")]
    changes: Changes,
    /// Whether it would widen access: a role more, or none at all, another end or none, or enabled again.
    widens_access: bool,
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
    fn new(verified: &'a operation::Verified, checked_at: Micros) -> Self {
        let subject = verified.subject.as_ref();
        let of = subject.map(|subject| Whose {
            tenant: subject.tenant,
            principal: subject.principal,
            credential: subject.credential,
            name: &subject.name,
            roles: subject.roles.as_deref(),
            expires_at: subject.ends.earliest().map(Time),
        });
        let reason = subject.map_or(Some("unknown"), |subject| subject.fault.as_deref());
        Self {
            active: reason.is_none(),
            reason,
            of,
            allowed: verified.allowed,
            checked_at: Time(checked_at),
            max_staleness_seconds: 0,
        }
    }
}

/// One change of a tenant, a principal or a credential, or of a secret of a credential. It never holds a secret.
#[derive(Serialize, JsonSchema)]
pub(super) struct Event<'a> {
    /// Its number: they count from 1 in each tenant.
    seq: i64,
    /// When.
    at: Time,
    /// What was done.
    action: &'a str,
    /// What it is of: `tenant`, `principal` or `credential`.
    noun: &'static str,
    /// The id of the tenant, principal or credential.
    id: Id,
    /// The secret, if it is an event of a secret of the credential.
    secret: Option<Id>,
    /// The revision after it.
    revision: i64,
    /// Who: a credential's id, `root`, or `console` for a change made in the database.
    by: &'a str,
    /// In which request: the answer's `X-Request-Id`.
    request_id: &'a str,
    /// The members that it changed.
    #[schemars(with = "BTreeMap<String, Difference>")]
    changes: Changes,
    /// Whether it widened access.
    widened_access: bool,
}

impl<'a> Event<'a> {
    fn new(event: &'a history::Event) -> Self {
        Self {
            seq: event.seq,
            at: Time(event.at),
            action: &event.action,
            noun: event.noun.name(),
            id: event.id,
            secret: event.secret,
            revision: event.revision,
            by: &event.by,
            request_id: &event.request,
            changes: changes::read(&event.changes),
            widened_access: event.widened == 1,
        }
    }
}
