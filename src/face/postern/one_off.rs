//! Representations that only one operation returns: dry runs, events and the result of verification.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::changes::{self, Changes, Difference};
use super::read;
use super::views::{List, Time, etag, secret_end};
use crate::answer::Answer;
use crate::credential::access::Access;
use crate::credential::id::Id;
use crate::credential::role::Role;
use crate::face::{cursor, json};
use crate::jwt::trust::Member;
use crate::operation::{
    self, Authorized, Evidence, Handler, ReadHistory, Render, RenderContext, RenderDry, Sample, Source,
};
use crate::refusal::Checks;
use crate::store::credential::Dry;
use crate::store::history::{self, Events};

/// Renders what a change would do.
pub(crate) const DRY_RUN: Handler<RenderDry> = Handler(dry_run);

fn dry_run(_: &RenderContext<'_>, dry: &Dry, sample: Option<&Sample>) -> Answer {
    let token = sample.map(Compared::new);
    let view = DryRun { changes: changes::read(&dry.changes), widens_access: dry.widened, token };
    Answer::new(200, json(&view)).with("etag", etag(dry.id, dry.revision))
}

/// Lists events.
pub(crate) const HISTORY: Handler<(ReadHistory, Render<Events>)> = Handler((read::history_page, history));

fn history(context: &RenderContext<'_>, events: &Events) -> Answer {
    let items = events.items.iter().map(Event::new).collect();
    let list = cursor::List::history(context.request.path);
    Answer::new(200, json(&List { items, next: events.next.map(|seq| cursor::at_event(&list, seq)) }))
}

/// Renders the verification of one token.
pub(super) fn verified(_: &RenderContext<'_>, verified: &[operation::Verified]) -> Answer {
    Answer::new(200, json(&verified.first().map(Verified::new)))
}

/// Renders the verifications of a batch.
pub(super) fn verified_batch(_: &RenderContext<'_>, verified: &[operation::Verified]) -> Answer {
    let items = verified.iter().map(Verified::new).collect();
    Answer::new(200, json(&VerifiedBatch { items }))
}

/// Renders that requests can be served.
pub(crate) const READY: Handler<Render<operation::Ready>> = Handler(ready);

fn ready(_: &RenderContext<'_>, ready: &operation::Ready) -> Answer {
    Answer::new(200, json(&Ready { status: "ready", checks: ready.checks.as_ref().map(ChecksView::new) }))
}

/// The body while the Worker runs.
pub(crate) const ALIVE: &str = r#"{"status":"ok"}"#;

/// The service runs.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "the body is a constant; only its schema is generated")]
pub(super) struct Alive {
    /// `ok`.
    status: &'static str,
}

/// The service can serve requests.
#[derive(Serialize, JsonSchema)]
pub(super) struct Ready {
    /// `ready`.
    status: &'static str,
    /// The checks; only for the root token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ChecksView")]
    checks: Option<ChecksView>,
}

/// The checks of readiness: for each, `ok`, or what is wrong and what to do.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Checks")]
pub(super) struct ChecksView {
    /// When the checks were made: at most once a second.
    checked_at: Time,
    /// Whether the database responds.
    database: &'static str,
    /// Whether the database has the schema that the service needs, or a newer one.
    schema: &'static str,
    /// Whether a configured master key is that of stored secrets, or none are stored.
    master_key: &'static str,
}

impl ChecksView {
    pub(super) fn new(checks: &Checks) -> Self {
        let Checks { at, database, schema, master_key } = *checks;
        let [database, schema, master_key] = [database, schema, master_key].map(|wrong| wrong.unwrap_or("ok"));
        Self { checked_at: Time(at), database, schema, master_key }
    }
}

/// Renders the answer to a proxy: a status, and on success who the request is from.
pub(super) fn authorized(_: &RenderContext<'_>, authorized: &Authorized) -> Answer {
    match authorized {
        Authorized::Granted(subject) => Answer::new(200, String::new())
            .with("postern-tenant", subject.tenant.to_string())
            .with("postern-principal", subject.principal.to_string())
            .with("postern-credential", subject.credential.to_string()),
        Authorized::Unauthenticated => Answer::new(401, String::new()),
        Authorized::Denied => Answer::new(403, String::new()),
    }
}

/// What a change would do.
#[derive(Serialize, JsonSchema)]
pub(super) struct DryRun {
    /// The members that would change.
    #[schemars(with = "BTreeMap<String, Difference>")]
    changes: Changes,
    /// Whether the credential could do something after the change that it could not do before.
    widens_access: bool,
    /// How the sample token compares with the trust; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Compared")]
    token: Option<Compared>,
}

/// How a token compares with a trust.
#[derive(Serialize, JsonSchema)]
pub(super) struct Compared {
    /// Whether an exchange of it as a grant would succeed now by this trust, as far as is known: if `signature` is `not_checked`,
    /// except for its signature; with `once`, unless it was used before.
    accepted: bool,
    /// Why it is rejected other than for a member or its signature; null if it is not.
    problem: Option<String>,
    /// `valid` or `invalid` by the keys of the trust, or `not_checked`: the issuer's keys are fetched only for an exchange.
    signature: &'static str,
    /// Each member that the trust requires.
    members: Vec<Member>,
}

impl Compared {
    fn new(sample: &Sample) -> Self {
        let Sample { comparison, is_signed } = sample;
        Self {
            accepted: comparison.is_accepted() && *is_signed != Some(false),
            problem: comparison.problem.map(|problem| format!("The token {problem}.")),
            signature: match is_signed {
                None => "not_checked",
                Some(true) => "valid",
                Some(false) => "invalid",
            },
            members: comparison.members.clone(),
        }
    }
}

/// Whether a token is valid, and the owner of the token.
#[derive(Serialize, JsonSchema)]
pub(super) struct Verified<'a> {
    /// Whether the token is valid.
    active: bool,
    /// Why the token is not valid: `unknown` (also for a token of another tenant), `expired`, `revoked` or `inactive`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    reason: Option<&'a str>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    owner: Option<Owner<'a>>,
    /// Whether the token is valid and has the needed roles; absent if the request has no `needs`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    allowed: Option<bool>,
    /// The roles of `needs` that the token does not have: for `any` all of them, or none if it has one. Absent if the
    /// request has no `needs`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<Role>")]
    failed_needs: Option<&'a [Role]>,
    /// Every change that was committed before this time is reflected.
    checked_at: Time,
    /// The bound in force, in seconds: a token reported as valid was valid at some time at most so long before the request.
    /// A token that is not valid is always looked up in the database.
    max_staleness_seconds: i64,
    /// How old the answer was when it was made, in seconds.
    age_seconds: f64,
    /// Where the answer comes from.
    source: Source,
}

/// The results of a batch of verifications.
#[derive(Serialize, JsonSchema)]
pub(super) struct VerifiedBatch<'a> {
    /// The results, in the order of the request. Those from the database are of the same moment.
    items: Vec<Verified<'a>>,
}

/// The owner of a token; absent if the token is unknown.
#[derive(Serialize, JsonSchema)]
struct Owner<'a> {
    /// The id of the tenant that owns the credential.
    tenant: Id,
    /// The id of the principal that the credential authenticates as.
    principal: Id,
    /// The id of the credential.
    credential: Id,
    /// The credential's name.
    name: &'a str,
    /// The credential's roles; null is full access.
    roles: Option<&'a [Role]>,
    /// What the credential may do in Postern itself.
    access: Access,
    /// The secret: the token itself, or for an access token the secret that it was issued for. Absent for an access token of a
    /// key or a trust.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Secret")]
    secret: Option<Secret>,
    /// When the token expires, unless it is revoked or changed before: the earliest of the ends of the credential, of the
    /// secret and of an access token; null is never.
    expires_at: Option<Time>,
}

/// The secret of a verified token, without its value.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "VerifiedSecret")]
struct Secret {
    /// The id of the secret.
    id: Id,
    /// Whether a rotation is replacing it.
    retiring: bool,
    /// When the secret expires, if a rotation is replacing it.
    expires_at: Option<Time>,
}

impl<'a> Verified<'a> {
    fn new(verified: &'a operation::Verified) -> Self {
        let Evidence { as_of, age, bound, source } = verified.evidence;
        let subject = verified.subject.as_ref();
        let owner = subject.map(|subject| Owner {
            tenant: subject.tenant,
            principal: subject.principal,
            credential: subject.credential,
            name: &subject.name,
            roles: subject.roles.as_deref(),
            access: subject.access,
            secret: subject.secret.map(|id| Secret {
                id,
                retiring: subject.ends.secret.is_some(),
                expires_at: secret_end(subject.ends.credential, subject.ends.secret).map(Time),
            }),
            expires_at: subject.ends.earliest().map(Time),
        });
        let reason = subject.map_or(Some("unknown"), |subject| subject.fault.as_deref());
        Self {
            active: reason.is_none(),
            reason,
            owner,
            allowed: verified.failed.as_ref().map(Vec::is_empty),
            failed_needs: verified.failed.as_deref(),
            checked_at: Time(as_of),
            max_staleness_seconds: bound,
            age_seconds: age.seconds(),
            source,
        }
    }
}

/// One change of a tenant, a principal, a credential or a secret of a credential. It never contains the value of a
/// secret.
#[derive(Serialize, JsonSchema)]
pub(super) struct Event<'a> {
    /// The number of the event, from 1 in each tenant.
    seq: i64,
    /// When the change was made.
    at: Time,
    /// What was done.
    action: &'a str,
    /// What was changed: `tenant`, `principal` or `credential`.
    noun: &'static str,
    /// The id of the tenant, principal or credential.
    id: Id,
    /// The id of the secret, if a secret of the credential was changed.
    secret: Option<Id>,
    /// The revision after the change.
    revision: i64,
    /// The caller that made the change: a credential's id, `root`, or `console` for a change made in the database.
    by: &'a str,
    /// The `X-Request-Id` of the request that made the change.
    request_id: &'a str,
    /// The members that were changed.
    #[schemars(with = "BTreeMap<String, Difference>")]
    changes: Changes,
    /// Whether the change widened access.
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
