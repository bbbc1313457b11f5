//! The rules by which the database refuses a request, one per line, in the order in which they are checked.
//!
//! The verdict's CASE is built from these lines ([`code`]), and `verdict.rs` finds the refusal of the returned code in them.

use super::command::Act::{self, Change, Create, Delete, Read};
use super::command::Form;
use super::command::Target::{self, Credential, Credentials, Events, Own, Principal, Principals, Tenant, Tenants};
use super::text::{compacted, fill, sql};
use crate::refusal::{Conflict, Noun, Refusal};

pub(super) struct Rule {
    /// The code of the verdict where the rule applies. Several rules may have the same code.
    pub code: &'static str,
    /// The refusal; `None` if the request gets the response that is kept for its Idempotency-Key.
    pub refusal: Option<Refusal>,
    /// The requests to which the rule applies.
    pub targets: &'static [Target],
    pub acts: &'static [Act],
    /// The condition, on the columns of `verdict_of`. `{etag}` is the resource's entity tag without its quotes,
    /// `{keyed_tenant}` the tenant to which an Idempotency-Key belongs.
    pub when: &'static str,
}

pub(super) const ALL: &[Target] =
    &[Target::Caller, Tenants, Tenant, Principals, Principal, Events, Credentials, Credential, Own];
const EVERY: &[Act] = &[Read, Create, Change, Delete];
const IN_TENANT: &[Target] = &[Tenant, Principals, Principal, Events, Credentials, Credential];
const UNDER_PRINCIPAL: &[Target] = &[Principal, Credentials, Credential];
const ONE: &[Target] = &[Tenant, Principal, Credential, Own];
pub(super) const OF_CREDENTIALS: &[Target] = &[Credentials, Credential];
pub(super) const WRITES: &[Act] = &[Create, Change];
/// The targets of requests that may have an Idempotency-Key: creations, and the rotation of a credential.
const KEYED: &[Target] = &[Tenants, Principals, Credentials, Credential, Own];

macro_rules! rules {
    ($($code:literal $refusal:expr, $targets:expr, $acts:expr, $when:expr;)*) => {
        &[$(Rule { code: $code, refusal: $refusal, targets: $targets, acts: $acts, when: compacted!($when) }),*]
    };
}

/// In the order of precedence: the first rule that applies decides.
#[rustfmt::skip]
pub(super) static RULES: &[Rule] = rules! {
    "unauthenticated"    Some(Refusal::Unauthenticated),                        ALL, EVERY, "caller_state IN ('unauthenticated', 'expired', 'revoked')";
    "inactive"           Some(Refusal::Inactive),                               ALL, EVERY, "caller_state <> 'go'";
    "forbidden"          Some(Refusal::Forbidden),                              ALL, EVERY, "rank < ?1 ->> '$.required_right'";
    // A stolen access token may neither take the credential over nor end it.
    "forbidden"          Some(Refusal::Forbidden),                              &[Own], &[Change], "?1 ->> '$.caller.made' IS NOT NULL";
    "missing_tenant"     Some(Refusal::Missing(Noun::Tenant)),                  IN_TENANT, EVERY, "verdict_of.tenant IS NULL";
    "missing_principal"  Some(Refusal::Missing(Noun::Principal)),               UNDER_PRINCIPAL, EVERY, "?1 ->> '$.principal' IS NOT NULL AND verdict_of.principal IS NULL";
    "missing_principal"  Some(Refusal::Missing(Noun::Principal)),               &[Events], &[Read], sql!("rule_history_of_principal");
    "missing_credential" Some(Refusal::Missing(Noun::Credential)),              &[Credential], EVERY, "id IS NULL";
    "missing_means"      Some(Refusal::MissingMeans),                           &[Credential], &[Change], "?1 ->> '$.means.adds' = 0 AND json_type(document, ?1 ->> '$.means.path') IS NULL";
    "missing_credential" Some(Refusal::Missing(Noun::Credential)),              &[Credentials, Events], &[Read], sql!("rule_page_from");
    // This caller used the key within the last day (`kept_for`): the same body gets the same response, another body an error. Before
    // the preconditions, since the first request changed the revision that a repeated one names in If-Match.
    "replay"             None,                                                  KEYED, WRITES, sql!("rule_replay");
    "key_reused"         Some(Refusal::KeyReused),                              KEYED, WRITES, sql!("rule_key_reused");
    "stale"              Some(Refusal::Stale),                                  ONE, EVERY, "json_type(?1, '$.if_match') IS NOT NULL AND NOT EXISTS (SELECT 1 FROM json_each(?1, '$.if_match') AS tag WHERE tag.value IN ('*', {etag}))";
    // A read gets 304 instead (RFC 9110 §13.1.2), in `service.rs`.
    "stale"              Some(Refusal::Stale),                                  ONE, &[Change, Delete], "json_type(?1, '$.if_none_match') IS NOT NULL AND EXISTS (SELECT 1 FROM json_each(?1, '$.if_none_match') AS tag WHERE tag.value IN ('*', {etag}))";
    "unconditional"      Some(Refusal::PreconditionRequired),                   &[Credential], &[Change, Delete], "json_type(?1, '$.if_match') IS NULL AND preconditions";
    // More items than one list or one deletion may have. The credentials of a principal are counted only if the tenant's
    // total is above the bound.
    "too_many"           Some(Refusal::TooMany),                                &[Credentials, Principal], &[Read, Delete], sql!("rule_too_many");
    "too_many"           Some(Refusal::TooMany),                                &[Tenant], &[Delete], sql!("rule_too_many_in_tenant");
    "invalid"            Some(Refusal::Invalid(Vec::new())),                    ALL, &[Read, Delete], "?1 ->> '$.invalid'";
    "invalid"            Some(Refusal::Invalid(Vec::new())),                    ALL, WRITES, "?1 ->> '$.invalid' OR violations <> '{}'";
    "forbidden_change"   Some(Refusal::ForbiddenChange),                        &[Credential], &[Change], "rank < 4 AND (restricted OR resecret)";
    // A secret that is being replaced may end itself only.
    "forbidden_change"   Some(Refusal::ForbiddenChange),                        &[Own], &[Change], "?1 ->> '$.rotation' = 'start' AND (caller_secret <> newest OR NOT document ->> '$.self_rotate')";
    "forbidden_change"   Some(Refusal::ForbiddenChange),                        &[Credentials], &[Create], "outlives";
    "forbidden_change"   Some(Refusal::ForbiddenChange),                        &[Credential], &[Change], sql!("rule_outlives");
    // Only root may change a credential that verifies tokens of every tenant, or give that access.
    "forbidden_change"   Some(Refusal::ForbiddenChange),                        &[Credentials], &[Create], "rank < 5 AND to_document ->> '$.access' = 'verify_all'";
    "forbidden_change"   Some(Refusal::ForbiddenChange),                        &[Credential], &[Change], sql!("rule_verifies_all");
    "forbidden_change"   Some(Refusal::ForbiddenChange),                        &[Principal], &[Change], "rank < 4 AND restricted";
    // Some of its credentials may expire later than the caller.
    "forbidden_change"   Some(Refusal::ForbiddenChange),                        &[Principal], &[Change], "caller_ends_at IS NOT NULL AND to_document ->> '$.enabled' > document ->> '$.enabled'";
    // Only root may disable or enable a tenant.
    "forbidden_change"   Some(Refusal::ForbiddenChange),                        &[Tenant], &[Change], "rank < 5 AND to_document -> '$.enabled' <> document -> '$.enabled'";
    // Applies to roles in the body only: the role that a face assigns by default is not a use of RBAC.
    "no_rbac"            Some(Refusal::NoRoles),                                OF_CREDENTIALS, WRITES, "adds_roles";
    // No id is used twice, even after deletion. A credential's id is unique over all tenants.
    "taken_id"           Some(Refusal::Conflict(Conflict::Id)),                 &[Credentials], &[Create], sql!("rule_taken_credential");
    "taken_id"           Some(Refusal::Conflict(Conflict::Id)),                 &[Principals], &[Create], sql!("rule_taken_principal");
    "taken_id"           Some(Refusal::Conflict(Conflict::Id)),                 &[Tenants], &[Create], "verdict_of.tenant IS NOT NULL OR EXISTS (SELECT 1 FROM events AS e WHERE e.tenant = ?1 ->> '$.tenant.id')";
    "taken_means"        Some(Refusal::Conflict(Conflict::Means)),              &[Credential], &[Change], "?1 ->> '$.means.adds' AND json_type(document, ?1 ->> '$.means.path') IS NOT NULL";
    "revoked"            Some(Refusal::Conflict(Conflict::Revoked)),            &[Credential], &[Change], "?1 ->> '$.active' AND document ->> '$.revoked_at' IS NOT NULL AND ?1 ->> '$.set.enabled'";
    // Limits guesses at other tenants' tokens by setting one: each miss leaves an event. Root may provision.
    "too_many_tokens"    Some(Refusal::TooManyFailures),                        OF_CREDENTIALS, WRITES, sql!("rule_too_many_tokens");
    "taken_secret"       Some(Refusal::Conflict(Conflict::Secret)),             OF_CREDENTIALS, WRITES, "resecret AND EXISTS (SELECT 1 FROM json_each(?1, '$.secret.proofs') AS proof CROSS JOIN secrets AS s ON s.id = proof.value ->> 'id')";
    "rotating"           Some(Refusal::Conflict(Conflict::Rotating)),           &[Credential, Own], &[Change], "live > 1 AND ?1 ->> '$.rotation' = 'start'";
    "not_rotating"       Some(Refusal::Conflict(Conflict::NotRotating)),        &[Credential], &[Change], "live < 2 AND ?1 ->> '$.rotation' IN ('finish', 'cancel')";
    // The default principal can be neither deleted nor disabled.
    "default_principal"  Some(Refusal::Conflict(Conflict::DefaultPrincipal)),   &[Principal], &[Change], "verdict_of.principal = '00000000000000000000000000' AND ?1 ->> '$.set.enabled' = 0";
    "default_principal"  Some(Refusal::Conflict(Conflict::DefaultPrincipal)),   &[Principal], &[Delete], "verdict_of.principal = '00000000000000000000000000'";
    // A tenant with credentials or further principals is deleted only with `force`.
    "not_empty"          Some(Refusal::Conflict(Conflict::NotEmpty)),           &[Tenant], &[Delete], "NOT coalesce(?1 ->> '$.force', 0) AND (total > 0 OR EXISTS (SELECT 1 FROM principals AS p WHERE p.tenant = verdict_of.tenant AND p.id > '00000000000000000000000000'))";
};

/// Returns the expression of the code: a CASE of the rules for this form of request.
///
/// ```sql
/// CASE WHEN {when} THEN 'unauthenticated' WHEN {when} THEN 'inactive' … ELSE 'go' END
/// ```
pub(super) fn code(Form { target, act, keyed, .. }: Form) -> String {
    let etag = if target == Tenant {
        "verdict_of.tenant || '.' || verdict_of.revision"
    } else {
        "verdict_of.id || '.' || verdict_of.revision"
    };
    let keyed_tenant = if target == Tenants { "''" } else { "verdict_of.tenant" };
    // A day, in microseconds; ten minutes for a secret that replaced itself, which may have been stolen.
    let kept_for = if target == Own { "600000000" } else { "86400000000" };
    let rules = RULES.iter().filter(|rule| rule.targets.contains(&target) && rule.acts.contains(&act));
    let rules = rules.filter(|rule| keyed || !matches!(rule.refusal, None | Some(Refusal::KeyReused)));
    let cases = rules.map(|Rule { code, when, .. }| {
        let when = fill(when, &[("etag", etag), ("keyed_tenant", keyed_tenant), ("kept_for", kept_for)]);
        format!("WHEN {when} THEN '{code}' ")
    });
    format!("CASE {}ELSE 'go' END", cases.collect::<String>())
}
