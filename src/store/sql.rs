//! The texts of all statements: SQL from `sql/`, whose placeholders (`{name}`) are replaced by constants and other
//! texts.
//!
//! No text contains anything that a request sent, so the number of texts is bounded. In the skeletons below, `…`
//! omits SQL, and `{name}` is a placeholder or the result of the function of that name.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::change::{change, view, weighed};
use super::command::{Act, Form, Target};
use super::plain::Plain;
use super::rules;
use super::shape::Shape;
use super::text::{compacted, fill, of_means, of_secret, secrets_listed, sql};
use crate::credential::table::Noun;

/// The maximum number of credentials, and of principals, that one batch deletes. While a batch runs, the database
/// answers no other request.
pub(super) const DELETE_STEP: u32 = 1000;

/// A statement. Its first row has the verdict, except for `Plain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sql {
    /// The verdict only.
    Judge(Target, Act),
    /// The verdict, and the tenant's catalogue of role names.
    Roles,
    /// The verdict, and the resource: a tenant, a principal or a credential.
    Read {
        target: Target,
        /// Whether the secrets of a credential are listed.
        secrets: bool,
    },
    /// The verdict, and the resource after the write.
    Change {
        /// `act` is `Create` or `Change`.
        form: Form,
        /// Whether the secrets of a credential are listed.
        secrets: bool,
    },
    /// The verdict, and what a change of a credential would do.
    DryRun,
    /// The verdict, and whether nothing remains to be deleted.
    Delete(Target),
    /// The verdict, and a page of a list.
    List(Shape),
    /// The verdict, and the events of one resource of this noun, or of the whole tenant.
    Events(Option<Noun>),
    /// The verdict, and the roles of the caller, for a log-in.
    LogIn,
    /// The verdict, and the owners of tokens.
    Verify(Reads),
    /// A statement without a verdict.
    Plain(Plain),
    /// The same, on the caller's own credential.
    PlainOwn(Plain),
}

/// What a verification also reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reads {
    /// Nothing: the answer will not be remembered.
    Nothing,
    /// The bounds of the tenants on the age of verifications, and the positions in their histories.
    Bounds,
    /// The same, and the heartbeat.
    Heartbeat,
}

impl Sql {
    /// Returns the text. It is assembled at first use and kept: as constants, the texts would put
    /// the verdict into the binary once for each statement.
    pub(super) fn text(self) -> &'static str {
        static TEXTS: Mutex<BTreeMap<Sql, &'static str>> = Mutex::new(BTreeMap::new());
        let mut texts = TEXTS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        texts.entry(self).or_insert_with(|| Box::leak(self.assemble().into_boxed_str()))
    }

    /// Assembles the text. After the WITH clause of [`verdict`] come:
    ///
    /// ```sql
    /// SELECT {judged} FROM verdict                                  -- Judge, Roles
    /// SELECT {judged}, tenant, id, …, state, … FROM verdict         -- Read
    /// INSERT INTO {view} SELECT {judged}, … FROM verdict
    ///   RETURNING judged, tenant, id, …, state, …                   -- Change
    /// SELECT {judged}, id, revision, … AS changes, … AS widened FROM verdict                      -- DryRun
    /// INSERT INTO {view} SELECT {judged}, …, {is_last}, … FROM verdict RETURNING judged, is_last  -- Delete
    /// , subject AS (…) SELECT v.judged, subject.* FROM (… verdict) AS v LEFT JOIN subject         -- Verify
    /// ```
    ///
    /// `List` is shown at [`Shape::text`], `Events` at [`events`].
    fn assemble(self) -> String {
        match self {
            Self::Judge(target, act) => after_verdict(Form::plain(target, act), "SELECT {judged} FROM verdict"),
            Self::Roles => {
                let sql = verdict(Form::plain(Target::Tenant, Act::Read)) + "SELECT {judged} FROM verdict";
                fill(&sql, &[("judged", &judged(", 'role_names', json(role_names)"))])
            }
            Self::LogIn => {
                let more = ", 'roles', iif(c.unrestricted, NULL, json(c.roles)), 'role_names', json(role_names)";
                let sql = verdict(Form::plain(Target::Caller, Act::Read)) + sql!("log_in");
                fill(&sql, &[("judged", &judged(more))])
            }
            Self::Read { target, secrets } => {
                let columns = match (target.is_of_credential(), secrets) {
                    (false, _) => String::new(),
                    (true, false) => ", last_used_at, newest, sealing_key, sealed".to_owned(),
                    (true, true) => {
                        let listed = secrets_listed("verdict.tenant", "verdict.id");
                        format!(
                            ", last_used_at, newest, sealing_key, sealed, iif(code = 'go', {listed}, NULL) AS secrets"
                        )
                    }
                };
                after_verdict(Form::plain(target, Act::Read), &fill(sql!("thing_read"), &[("columns", &columns)]))
            }
            Self::Change { form, secrets } => after_verdict(form, &change(form, secrets)),
            Self::DryRun => {
                let blanks = [("before", "document"), ("after", "to_document")];
                let (diff, widened) = (sql!("diff"), sql!("widened"));
                let diff = fill(diff, &blanks);
                let [before, after] = blanks;
                let widened = fill(widened, &[before, after, ("tenant", "verdict.tenant"), ("now", "?1 ->> '$.now'")]);
                let sql = fill(sql!("credential_dry_run"), &[("diff", &diff), ("widened", &widened)]);
                after_verdict(Form::plain(Target::Credential, Act::Change), &sql)
            }
            Self::Delete(target) => {
                let id = if target == Target::Credential { "id" } else { "NULL" };
                let is_last = match target {
                    Target::Tenant => sql!("delete_tenant_is_last"),
                    Target::Principal | Target::Credentials => sql!("delete_credentials_is_last"),
                    Target::Caller
                    | Target::Tenants
                    | Target::Principals
                    | Target::Events
                    | Target::Credential
                    | Target::Own => "1",
                };
                let step = DELETE_STEP.to_string();
                let is_last = fill(is_last, &[("step", &step)]);
                let blanks = [("view", view(target, Act::Delete)), ("id", id), ("step", &step), ("is_last", &is_last)];
                after_verdict(Form::plain(target, Act::Delete), &fill(sql!("thing_delete"), &blanks))
            }
            Self::List(shape) => after_verdict(Form::plain(shape.target(), Act::Read), &shape.text()),
            Self::Events(noun) => after_verdict(Form::plain(Target::Events, Act::Read), &events(noun)),
            Self::Verify(reads) => {
                let staleness =
                    ", 'staleness', (SELECT verify_staleness_seconds FROM tenants WHERE id = caller_tenant)";
                let caller = match reads {
                    Reads::Nothing => "",
                    Reads::Bounds => staleness,
                    Reads::Heartbeat => &format!("{staleness}, 'heartbeat', (SELECT at FROM heartbeat)"),
                };
                let position = match reads {
                    Reads::Nothing => "",
                    Reads::Bounds | Reads::Heartbeat => {
                        ", subject.bound AS staleness, (SELECT json_array(max(seq), at) FROM events WHERE tenant = subject.tenant) AS position"
                    }
                };
                let means = of_means(sql!("verify_means"));
                let sql = fill(&of_secret(sql!("verify")), &[("of_means", &means)]);
                let sql = verdict(Form::plain(Target::Caller, Act::Read)) + &sql;
                fill(&sql, &[("judged", &judged(caller)), ("position", position)])
            }
            Self::Plain(plain) => plain.assemble(compacted!("= ?1 ->> '$.credential'")),
            Self::PlainOwn(plain) => plain.assemble(sql!("own_credential")),
        }
    }
}

/// Returns a statement that reads the verdict in `sql`:
///
/// ```sql
/// WITH …, verdict AS (…) {sql}
/// ```
fn after_verdict(form: Form, sql: &str) -> String {
    let mut members = if is_write(form.act) { compacted!(", 'violations', json(violations)") } else { "" }.to_owned();
    if is_felt_later(form.act) {
        members += compacted!(", 'stale', json(stale)");
    }
    verdict(form) + &fill(sql, &[("judged", &judged(&members))])
}

fn is_write(act: Act) -> bool {
    matches!(act, Act::Create | Act::Change)
}

/// Returns whether verifications may reflect what a request does only later: they answer from memory within a bound.
fn is_felt_later(act: Act) -> bool {
    matches!(act, Act::Change | Act::Delete)
}

/// Returns the column of the verdict, read as `Judged` (`verdict.rs`). `members` are further arguments of
/// `json_object`.
///
/// ```sql
/// json_object('code', code, 'caller', caller, 'rank', rank, … {members}) AS judged
/// ```
fn judged(members: &str) -> String {
    fill(sql!("judged"), &[("more", members)])
}

/// Returns the WITH clause that checks a request against every rule. The CTE `verdict` has one row:
///
/// ```sql
/// WITH caller AS (SELECT … AS tenant, … AS id, … AS rank, … AS state, … FROM …),  -- caller.sql
///   found AS (SELECT caller.…, tenant.…, principal.…, … FROM caller LEFT JOIN …),  -- found.sql
///   merged AS (…), weighed AS (…),                                                 -- weighed.sql, only for a write
///   verdict AS (SELECT verdict_of.*, CASE WHEN … THEN 'forbidden' … ELSE 'go' END AS code FROM weighed AS verdict_of)
/// ```
///
/// Each step has one row, and is read by the next one only: SQLite expands a CTE wherever it is named, so a tree of steps would
/// exceed its limits. Each step ends in `LIMIT 0,1`. SQLite does not merge a subquery that has an OFFSET into its reader, which would
/// repeat its expressions, but runs it as a co-routine. MATERIALIZED would prevent the merge, too, by a temporary table, whose rows D1
/// counts. NOT MATERIALIZED is for the steps before a verdict that is read more than once.
fn verdict(form: Form) -> String {
    let caller = of_secret(sql!("caller"));
    let (found, code) = (found(form.target, form.act), rules::code(form));
    let (weighed, last) =
        if is_write(form.act) { (format!("{},", weighed(form)), "weighed") } else { (String::new(), "found") };
    format!(
        "WITH caller AS NOT MATERIALIZED ({caller}),{found},{weighed}\
        verdict AS (SELECT verdict_of.*,{code} AS code FROM {last} AS verdict_of LIMIT 0,1) "
    )
}

/// Returns the CTE of the caller and of what the request names, in one row:
///
/// ```sql
/// found AS (
///   SELECT caller.id AS caller, caller.rank, …, tenant.id AS tenant, …, principal.id AS principal,
///     target.id AS id, target.state AS document, …,              -- the resource, if the request is on one
///     iif(…, ?1, '{}') AS given                                   -- only for a write
///   FROM caller LEFT JOIN tenants AS tenant ON … LEFT JOIN principals AS principal ON …
///     LEFT JOIN credentials AS target ON … LEFT JOIN secrets AS newest ON …  -- only on a credential
/// )
/// ```
fn found(target: Target, act: Act) -> String {
    let thing = match target {
        Target::Tenants | Target::Tenant => "tenant",
        Target::Principals | Target::Principal => "principal",
        Target::Credentials | Target::Credential | Target::Own => "target",
        Target::Caller | Target::Events => "",
    };
    // Neither a list nor a creation reads a single resource.
    let has_thing = matches!(target, Target::Tenant | Target::Principal | Target::Credential | Target::Own);
    let mut columns = String::new();
    if has_thing {
        columns =
            format!(",{thing}.id,{thing}.state AS document,{thing}.revision,{thing}.created_at,{thing}.updated_at");
    }
    if has_thing && target.is_of_credential() {
        columns += compacted!(
            ", target.last_used_at, newest.id AS newest, newest.digest AS newest_digest, newest.key AS sealing_key, newest.sealed"
        );
    }
    if is_write(act) {
        // The change reads the body from `given`, which is empty for a caller without the required right: no list
        // from the body is expanded before the caller's rights are known.
        columns +=
            compacted!(", iif(caller.state = 'go' AND caller.rank >= ?1 ->> '$.required_right', ?1, '{}') AS given");
    }
    // They are computed from the document, so only where a rule or a response needs them.
    if target.is_of_credential() && act != Act::Read {
        columns += compacted!(", tenant.rbac, tenant.preconditions, tenant.role_names");
    } else if act == Act::Read && matches!(target, Target::Tenant | Target::Caller) {
        columns += ", tenant.role_names";
    }
    if is_felt_later(act) {
        columns += compacted!(", json_array(tenant.verify_staleness_seconds, tenant.stale_until) AS stale");
    }
    // Only a read finds a credential by one of its tokens.
    let by_token = act == Act::Read && target == Target::Credential;
    let (tenant_of_token, credential) = if by_token {
        (sql!("tenant_of_token"), sql!("credential_of_token"))
    } else if target == Target::Own {
        ("", "caller.id")
    } else {
        ("", compacted!("?1 ->> '$.credential'"))
    };
    let target = if has_thing && target.is_of_credential() {
        fill(sql!("found_credential"), &[("credential", credential)])
    } else {
        String::new()
    };
    let blanks = [("columns", columns.as_str()), ("tenant_of_token", tenant_of_token), ("target", &target)];
    fill(sql!("found"), &blanks)
}

/// Returns the statement, after the verdict, of the row of the verdict and the events, newest first, one more than
/// the page has:
///
/// ```sql
/// -- of the tenant
/// SELECT {judged}, {EVENT_NULLS} FROM verdict
/// UNION ALL SELECT NULL, {EVENT} FROM (SELECT e.* FROM verdict CROSS JOIN events AS e … ORDER BY … LIMIT …) AS e
/// -- of one resource: `walk` follows events.previous from the newest event
/// , walk AS (SELECT e.* FROM verdict … UNION ALL SELECT e.* FROM walk CROSS JOIN events AS e … LIMIT …)
/// SELECT {judged}, {EVENT_NULLS} FROM verdict UNION ALL SELECT NULL, {EVENT} FROM walk AS e
/// ```
fn events(noun: Option<Noun>) -> String {
    let newest = match noun {
        None | Some(Noun::Tenant) => "(SELECT t.event FROM tenants AS t WHERE t.id = verdict.tenant)",
        Some(Noun::Principal) => {
            "(SELECT p.event FROM principals AS p WHERE p.tenant = verdict.tenant AND p.id = ?1 ->> '$.page.from')"
        }
        Some(Noun::Credential) => {
            "(SELECT c.event FROM credentials AS c WHERE c.tenant = verdict.tenant AND c.id = ?1 ->> '$.page.from')"
        }
    };
    let (sql, name) = match noun {
        None => (sql!("events_of_tenant"), ""),
        Some(noun) => (sql!("events_of_thing"), noun.name()),
    };
    fill(sql, &[("newest", newest), ("noun", name), ("event", EVENT), ("event_nulls", EVENT_NULLS)])
}

/// The columns of an event. `EVENT_NULLS` has the same columns for the row of the verdict.
const EVENT: &str =
    "e.seq, e.noun, e.id, e.secret, e.previous, e.action, e.revision, e.at, e.by, e.request, e.changes, e.widened";
const EVENT_NULLS: &str = "NULL AS seq, NULL AS noun, NULL AS id, NULL AS secret, NULL AS previous, NULL AS action, NULL AS revision, \
    NULL AS at, NULL AS by, NULL AS request, NULL AS changes, NULL AS widened";
