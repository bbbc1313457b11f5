//! The texts of all statements: static SQL from `sql/`, with named blanks (`{name}`) filled from constants. No text is made of
//! anything that a request says, so there is a bounded number of them.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::command::{Act, Target};
use super::rules;
use super::shape::Shape;
use super::text::{compact, fill, secrets_listed};
use crate::credential::table::{
    Destination, FIELDS, METADATA_BYTES_MAX, METADATA_MAX, Noun, ROLES_MAX, Right, STATE_BYTES_MAX,
};

/// A statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sql {
    /// The verdict only.
    Judge(Target, Act),
    /// The verdict, and the names of the roles that the tenant knows.
    Roles,
    /// The verdict, and the thing.
    Read {
        /// What it is.
        target: Target,
        /// Whether the secrets of a credential are listed.
        secrets: bool,
    },
    /// The verdict, and the thing as it is after it was created or changed.
    Change {
        /// What it is.
        target: Target,
        /// Whether it is created or changed.
        act: Act,
        /// Whether the secrets of a credential are listed.
        secrets: bool,
    },
    /// The verdict, and what a change of a credential would do.
    DryRun,
    /// The verdict, after which what is to be deleted is stamped.
    Delete(Target),
    /// The verdict, and a page of a list.
    List(Shape),
    /// The verdict, and events: of one thing of this noun, or of the tenant.
    Events(Option<Noun>),
    /// The verdict, and the roles of the caller, which logs in.
    LogIn,
    /// The verdict, and whose a token is.
    Verify,
    /// A statement that follows a write in the same batch, by its stamp; or one that needs no verdict.
    Plain(Plain),
}

/// A statement without a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Plain {
    SecretAdd,
    SecretEndOthers,
    SecretRetire,
    SecretFinish,
    SecretCancel,
    SecretsRead,
    SecretDeleteEnded,
    SecretsEnd,
    SecretsDelete,
    CredentialsDelete,
    PrincipalsDelete,
    IdempotencyForget,
    NoteCredential,
    NoteSecret,
    Rekey,
}

impl Sql {
    /// Returns the text, without comments. It is assembled at first use and kept: as a constant of the binary, the verdict would be
    /// in it once for each statement.
    pub(super) fn text(self) -> &'static str {
        static TEXTS: Mutex<BTreeMap<Sql, &'static str>> = Mutex::new(BTreeMap::new());
        let mut texts = TEXTS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        texts.entry(self).or_insert_with(|| Box::leak(compact(&self.assemble()).into_boxed_str()))
    }

    fn assemble(self) -> String {
        match self {
            Self::Judge(target, act) => after_verdict(target, act, "SELECT {judged} FROM verdict"),
            Self::Roles => {
                let sql = verdict(Target::Tenant, Act::Read) + "SELECT {judged} FROM verdict";
                fill(&sql, &[("judged", &judged(", 'role_names', json(role_names)"))])
            }
            Self::LogIn => {
                let more = ", 'roles', iif(c.unrestricted, NULL, json(c.roles)), 'role_names', json(role_names)";
                let sql = verdict(Target::Caller, Act::Read) + include_str!("sql/log_in.sql");
                fill(&sql, &[("judged", &judged(more))])
            }
            Self::Read { target, secrets } => {
                let columns = match (is_of_credential(target), secrets) {
                    (false, _) => String::new(),
                    (true, false) => ", last_used_at, newest, sealing_key, sealed".to_owned(),
                    (true, true) => {
                        let listed = secrets_listed("verdict.tenant", "verdict.id");
                        format!(
                            ", last_used_at, newest, sealing_key, sealed, iif(code = 'go', {listed}, NULL) AS secrets"
                        )
                    }
                };
                after_verdict(target, Act::Read, &fill(include_str!("sql/thing_read.sql"), &[("columns", &columns)]))
            }
            Self::Change { target, act, secrets } => after_verdict(target, act, &change(target, act, secrets)),
            Self::DryRun => {
                let blanks = [("before", "document"), ("after", "to_document")];
                let (diff, widened) = (include_str!("sql/diff.sql"), include_str!("sql/widened.sql"));
                let (diff, widened) = (fill(diff, &blanks), fill(widened, &blanks));
                let sql = fill(include_str!("sql/credential_dry_run.sql"), &[("diff", &diff), ("widened", &widened)]);
                after_verdict(Target::Credential, Act::Change, &sql)
            }
            Self::Delete(target) => {
                let id = if is_of_credential(target) && target != Target::Credentials { "id" } else { "NULL" };
                let blanks = [("view", view(target, Act::Delete)), ("id", id)];
                after_verdict(target, Act::Delete, &fill(include_str!("sql/thing_delete.sql"), &blanks))
            }
            Self::List(shape) => after_verdict(shape.on(), Act::Read, &shape.text()),
            Self::Events(noun) => after_verdict(Target::Events, Act::Read, &events(noun)),
            Self::Verify => {
                let subject = fill(include_str!("sql/caller.sql"), &[("caller", "subject")]);
                let sql = fill(include_str!("sql/verify.sql"), &[("subject", &subject)]);
                after_verdict(Target::Caller, Act::Read, &sql)
            }
            Self::Plain(plain) => plain.assemble(),
        }
    }
}

impl Plain {
    fn assemble(self) -> String {
        let newest = "(SELECT s.id FROM secrets AS s WHERE s.tenant = credentials.tenant AND s.credential = credentials.id \
            ORDER BY s.created_at DESC, s.id DESC LIMIT 1)";
        let text = match self {
            Self::SecretAdd => include_str!("sql/secret_add.sql"),
            Self::SecretEndOthers => include_str!("sql/secret_end_others.sql"),
            Self::SecretRetire => include_str!("sql/secret_retire.sql"),
            Self::SecretFinish => return fill(include_str!("sql/secret_finish.sql"), &[("newest", newest)]),
            Self::SecretCancel => return fill(include_str!("sql/secret_cancel.sql"), &[("newest", newest)]),
            Self::SecretsRead => {
                return fill(include_str!("sql/secrets_read.sql"), &[("secrets", &secrets_listed("c.tenant", "c.id"))]);
            }
            Self::SecretDeleteEnded => include_str!("sql/secret_delete_ended.sql"),
            Self::SecretsEnd => include_str!("sql/secrets_end.sql"),
            Self::SecretsDelete => include_str!("sql/secrets_delete.sql"),
            Self::CredentialsDelete => include_str!("sql/credentials_delete.sql"),
            Self::PrincipalsDelete => include_str!("sql/principals_delete.sql"),
            Self::IdempotencyForget => include_str!("sql/idempotency_forget.sql"),
            Self::NoteCredential => include_str!("sql/credential_note_use.sql"),
            Self::NoteSecret => include_str!("sql/secret_note_use.sql"),
            Self::Rekey => include_str!("sql/secret_rekey.sql"),
        };
        text.to_owned()
    }
}

fn is_of_credential(target: Target) -> bool {
    matches!(target, Target::Credentials | Target::Credential)
}

/// A statement after the text of the verdict.
fn after_verdict(target: Target, act: Act, sql: &str) -> String {
    let more = if is_write(act) { ", 'violations', json(violations)" } else { "" };
    verdict(target, act) + &fill(sql, &[("judged", &judged(more))])
}

fn is_write(act: Act) -> bool {
    matches!(act, Act::Create | Act::Change)
}

fn judged(more: &str) -> String {
    fill(include_str!("sql/judged.sql"), &[("more", more)])
}

/// The verdict: one row, in which everything that can refuse a request is judged. A chain of steps, each of one row, each read by the
/// next one only: SQLite expands a CTE anew wherever it is named, and a tree of them grows past its limits.
fn verdict(target: Target, act: Act) -> String {
    let caller = fill(include_str!("sql/caller.sql"), &[("caller", "caller")]);
    let (found, code) = (found(target, act), rules::code(target, act));
    let (weighed, last) =
        if is_write(act) { (format!("{},", weighed(target)), "weighed") } else { (String::new(), "found") };
    format!(
        "WITH caller AS MATERIALIZED ({caller}), {found}, {weighed}
        verdict AS MATERIALIZED (SELECT verdict_of.*, {code} AS code FROM {last} AS verdict_of) "
    )
}

fn found(target: Target, act: Act) -> String {
    let thing = match target {
        Target::Tenants | Target::Tenant => "tenant",
        Target::Principals | Target::Principal => "principal",
        Target::Credentials | Target::Credential => "target",
        Target::Caller | Target::Events => "",
    };
    // A list reads no single thing.
    let has_thing = !thing.is_empty()
        && (is_write(act) || matches!(target, Target::Tenant | Target::Principal | Target::Credential));
    let mut columns = String::new();
    if has_thing {
        columns = format!(
            ", {thing}.id AS id, {thing}.state AS document, {thing}.revision AS revision, {thing}.created_at AS created_at, \
            {thing}.updated_at AS updated_at"
        );
    }
    if has_thing && is_of_credential(target) {
        columns += ", target.last_used_at, newest.id AS newest, newest.digest AS newest_digest, newest.key AS sealing_key, newest.sealed";
    }
    if is_write(act) {
        // What the change may read of the request: all of it, or nothing for a caller without the required right. So a list that a
        // caller sends is expanded only after the caller's rights are known.
        columns += ", iif(caller.state = 'go' AND caller.rank >= ?1 ->> '$.required_right', ?1, '{}') AS given";
    }
    // Only a read finds a credential by one of its tokens.
    let by_token = act == Act::Read && target == Target::Credential;
    let (tenant_of_token, credential) = if by_token {
        (include_str!("sql/tenant_of_token.sql"), include_str!("sql/credential_of_token.sql"))
    } else {
        ("", "?1 ->> '$.credential'")
    };
    let target = if has_thing && is_of_credential(target) {
        fill(include_str!("sql/found_credential.sql"), &[("credential", credential)])
    } else {
        String::new()
    };
    let blanks = [("columns", columns.as_str()), ("tenant_of_token", tenant_of_token), ("target", &target)];
    fill(include_str!("sql/found.sql"), &blanks)
}

fn weighed(target: Target) -> String {
    let (roles_max, metadata_max) = (ROLES_MAX.to_string(), METADATA_MAX.to_string());
    let (metadata_bytes_max, state_bytes_max) = (METADATA_BYTES_MAX.to_string(), STATE_BYTES_MAX.to_string());
    let (base, set, more, violations) = if is_of_credential(target) {
        (
            include_str!("sql/credential_base.sql"),
            include_str!("sql/credential_set.sql"),
            include_str!("sql/credential_weighed.sql"),
            include_str!("sql/credential_violations.sql"),
        )
    } else {
        ("coalesce(document, '{}')", "coalesce(given -> '$.set', '{}')", "", "")
    };
    let free = free(target);
    let blanks = [
        ("base", base),
        ("set", set),
        ("weighed", more),
        ("violations", violations),
        ("free", &free),
        ("roles_max", &roles_max),
        ("metadata_max", &metadata_max),
        ("metadata_bytes_max", &metadata_bytes_max),
        ("state_bytes_max", &state_bytes_max),
    ];
    fill(include_str!("sql/weighed.sql"), &blanks)
}

/// The paths of what an editor may change, after one that no document has.
fn free(target: Target) -> String {
    let free = FIELDS
        .iter()
        .filter(|row| row.destination == Destination::Document && row.right(target.noun()) == Some(Right::Editor));
    free.fold("'$.-'".to_owned(), |paths, row| format!("{paths}, '{}'", row.path()))
}

/// The view that a write goes through.
fn view(target: Target, act: Act) -> &'static str {
    match (act, target.noun()) {
        (Act::Create, Noun::Tenant) => "create_tenant",
        (Act::Create, Noun::Principal) => "create_principal",
        (Act::Create, Noun::Credential) => "create_credential",
        (Act::Change, Noun::Tenant) => "change_tenant",
        (Act::Change, Noun::Principal) => "change_principal",
        (Act::Change, Noun::Credential) => "change_credential",
        (Act::Delete, Noun::Tenant) => "delete_tenant",
        (Act::Delete, Noun::Principal) => "delete_principal",
        (Act::Delete, Noun::Credential) if target == Target::Credentials => "delete_credentials",
        (Act::Delete, Noun::Credential) => "delete_credential",
        (Act::Read, _) => "changes",
    }
}

fn change(target: Target, act: Act, secrets: bool) -> String {
    let creates = act == Act::Create;
    let (tenant, id) = match target {
        Target::Tenants => ("?1 ->> '$.tenant.id'", "?1 ->> '$.tenant.id'"),
        Target::Tenant | Target::Caller | Target::Events => ("verdict.tenant", "verdict.tenant"),
        Target::Principals | Target::Principal => ("verdict.tenant", "?1 ->> '$.principal'"),
        Target::Credentials | Target::Credential => ("verdict.tenant", "?1 ->> '$.credential'"),
    };
    let label = if target == Target::Tenants { include_str!("sql/tenant_label.sql") } else { "label" };
    let of_credential = |column| if is_of_credential(target) { column } else { "NULL" };
    let listed = secrets_listed("verdict.tenant", id);
    let secrets = match (is_of_credential(target) && secrets, creates) {
        (false, _) => "NULL",
        // The one that is added with it.
        (true, true) => include_str!("sql/secrets_created.sql"),
        (true, false) => &listed,
    };
    let made = |column| match (creates, target) {
        (false, _) => "NULL".to_owned(),
        (true, target) => {
            let tenant = if target == Target::Tenants { "''" } else { "verdict.tenant" };
            let of = [("column", column), ("keyed_tenant", tenant)];
            fill(include_str!("sql/idempotency_made.sql"), &of)
        }
    };
    let (made, made_key, made_sealed) = (made("made"), made("key"), made("sealed"));
    let writes =
        if is_of_credential(target) { "differs OR resecret OR ?1 ->> '$.rotation' IS NOT NULL" } else { "differs" };
    let blanks = [
        ("view", view(target, act)),
        ("tenant", tenant),
        ("id", id),
        ("label", label),
        ("last_used_at", of_credential("last_used_at")),
        ("newest", of_credential("newest")),
        ("sealing_key", of_credential("sealing_key")),
        ("sealed", of_credential("sealed")),
        ("secrets", secrets),
        ("made", &made),
        ("made_key", &made_key),
        ("made_sealed", &made_sealed),
        ("writes", writes),
    ];
    fill(include_str!("sql/thing_change.sql"), &blanks)
}

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
        None => (include_str!("sql/events_of_tenant.sql"), ""),
        Some(noun) => (include_str!("sql/events_of_thing.sql"), noun.name()),
    };
    fill(sql, &[("newest", newest), ("noun", name), ("event", EVENT), ("event_nulls", EVENT_NULLS)])
}

/// The columns of an event, and as many nulls for the row of the verdict.
const EVENT: &str =
    "e.seq, e.noun, e.id, e.secret, e.previous, e.action, e.revision, e.at, e.by, e.request, e.changes, e.widened";
const EVENT_NULLS: &str = "NULL AS seq, NULL AS noun, NULL AS id, NULL AS secret, NULL AS previous, NULL AS action, NULL AS revision, \
    NULL AS at, NULL AS by, NULL AS request, NULL AS changes, NULL AS widened";
