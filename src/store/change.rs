//! The texts of writes, after the verdict, and the CTEs that evaluate a change for it.

use super::command::{Act, Form, Target};
use super::text::{compacted, fill, secrets_listed, sql};
use super::violations::violations;
use crate::credential::table::{Destination, FIELDS, Noun, Right};

/// Returns the CTEs of the document after the write, and of what the write would do:
///
/// ```sql
/// merged AS (SELECT found.*, json_patch({base}, {set}) AS to_document FROM found),
/// weighed AS (SELECT merged.*, … AS differs, … AS restricted, … AS outlives, … AS live, … AS resecret, … AS adds_roles,
///   … AS violations FROM merged)
/// ```
///
/// A creation has no stored document, and so neither `differs`, `restricted` nor `live`. `outlives`, `live`, `resecret` and `adds_roles`
/// exist for credentials only. Where roles give access, `merged` has a step more (`merged_with_access.sql`).
pub(super) fn weighed(Form { target, act, maps_roles, .. }: Form) -> String {
    let (creates, is_of_credential) = (act == Act::Create, target.is_of_credential());
    let set = compacted!("coalesce(given -> '$.set', '{}')");
    let (base, set) = match (is_of_credential, creates) {
        (false, true) => ("'{}'", set),
        (false, false) => (compacted!("coalesce(document, '{}')"), set),
        (true, true) => ("'{}'", sql!("credential_set_created")),
        (true, false) => (sql!("credential_base"), sql!("credential_set")),
    };
    let own = if target == Target::Own {
        // A secret that is being replaced revokes itself, not the credential.
        compacted!(
            ", iif(caller_secret <> newest, '$.revoked_at', '$.-'), iif(caller_secret <> newest, '$.revoked_reason', '$.-')"
        )
    } else {
        ""
    };
    let unrestricted = if maps_roles { sql!("credential_unrestricted") } else { "" };
    let set = fill(set, &[("own", own), ("unrestricted", unrestricted)]);
    let weighed = match (is_of_credential, creates) {
        (false, true) => String::new(),
        (false, false) => sql!("change_weighed").to_owned(),
        (true, true) => [sql!("credential_outlives"), sql!("credential_weighed_created")].concat(),
        (true, false) => [sql!("change_weighed"), sql!("credential_outlives"), sql!("credential_weighed")].concat(),
    };
    let blanks = [
        ("merged", &*merged(creates, maps_roles)),
        ("base", base),
        ("set", &set),
        ("weighed", &weighed),
        ("free", &editable_paths(target)),
        ("violations", &violations(target, act)),
    ];
    fill(sql!("weighed"), &blanks)
}

/// Returns the CTEs of the document after the write.
fn merged(creates: bool, maps_roles: bool) -> String {
    if !maps_roles {
        return sql!("merged").to_owned();
    }
    let access_of = |document| fill(sql!("access_of_roles"), &[("document", document)]);
    let if_changed = if creates { "" } else { sql!("roles_changed") };
    let if_changed = fill(if_changed, &[("access_before", &access_of("document"))]);
    fill(sql!("merged_with_access"), &[("if_changed", &if_changed), ("access_after", &access_of("patched"))])
}

/// Returns the arguments of `json_remove` for what an editor may change. The first path, which no document has, keeps
/// the list from being empty.
///
/// ```sql
/// '$.-', '$.name', '$.description'
/// ```
fn editable_paths(target: Target) -> String {
    let rows = FIELDS
        .iter()
        .filter(|row| row.destination == Destination::Document && row.right(target.noun()) == Some(Right::Editor));
    rows.fold("'$.-'".to_owned(), |paths, row| format!("{paths},'{}'", row.path()))
}

/// Returns the view that a write inserts into. Its INSTEAD OF triggers write the rows (`migrations/`).
pub(super) fn view(target: Target, act: Act) -> &'static str {
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

/// Returns the statement, after the verdict, that creates or changes a resource:
///
/// ```sql
/// INSERT INTO {view}
/// SELECT {judged}, {tenant} AS tenant, {id} AS id, …, to_document AS state, …, {secrets} AS secrets, {made} AS made, …
/// FROM (SELECT *, code = 'go' AND ({writes}) AS writes FROM verdict) AS verdict WHERE 1
/// RETURNING judged, tenant, id, …, state, …, secrets, made, …
/// ```
pub(super) fn change(Form { target, act, keyed, .. }: Form, secrets: bool) -> String {
    let creates = act == Act::Create;
    let (tenant, id) = match target {
        Target::Tenants => ("?1 ->> '$.tenant.id'", "?1 ->> '$.tenant.id'"),
        Target::Tenant | Target::Caller | Target::Events => ("verdict.tenant", "verdict.tenant"),
        Target::Principals | Target::Principal => ("verdict.tenant", "?1 ->> '$.principal'"),
        Target::Credentials | Target::Credential => ("verdict.tenant", compacted!("?1 ->> '$.credential'")),
        Target::Own => ("verdict.tenant", "verdict.id"),
    };
    let label = if target == Target::Tenants { sql!("tenant_label") } else { "label" };
    let if_credential = |column| if target.is_of_credential() { column } else { "NULL" };
    let listed = secrets_listed("verdict.tenant", id);
    let secrets = match (target.is_of_credential() && secrets, creates) {
        (false, _) => "NULL",
        // The secret that the next statement adds.
        (true, true) => sql!("secrets_created"),
        (true, false) => &listed,
    };
    let keyed_tenant = if target == Target::Tenants { "''" } else { "verdict.tenant" };
    let made = fill(if keyed { sql!("idempotency_made") } else { "NULL" }, &[("keyed_tenant", keyed_tenant)]);
    let writes = match target {
        // Also where the caller ends only its own secret.
        Target::Own => "differs OR resecret OR caller_secret <> newest",
        Target::Credentials | Target::Credential => "differs OR resecret OR live IS NOT NULL",
        Target::Caller | Target::Tenants | Target::Tenant | Target::Principals | Target::Principal | Target::Events => {
            "differs"
        }
    };
    let blanks = [
        ("view", view(target, act)),
        ("tenant", tenant),
        ("id", id),
        ("label", label),
        ("last_used_at", if_credential("last_used_at")),
        ("newest", if_credential("newest")),
        ("sealing_key", if_credential("sealing_key")),
        ("sealed", if_credential("sealed")),
        ("secrets", secrets),
        ("made", &made),
        ("writes", writes),
    ];
    fill(if creates { sql!("thing_create") } else { sql!("thing_change") }, &blanks)
}
