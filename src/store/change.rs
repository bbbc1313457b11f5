//! The texts of writes, after the verdict, and the CTEs that evaluate a change for it.

use super::command::{Act, Target};
use super::text::{compacted, fill, secrets_listed, sql};
use crate::credential::table::{
    Destination, FIELDS, METADATA_BYTES_MAX, METADATA_MAX, Noun, ROLES_MAX, Right, STATE_BYTES_MAX,
};

/// Returns the CTEs of the document after the change, and of what the change would do:
///
/// ```sql
/// patched AS (SELECT found.*, json_patch({base}, {set}) AS patched FROM found),
/// merged AS (SELECT *, {to_document} AS to_document FROM patched),
/// weighed AS (
///   SELECT merged.*, … AS differs, … AS restricted, … AS outlives, … AS live, … AS resecret, … AS adds_roles,
///     … AS violations
///   FROM merged
/// )
/// ```
///
/// `outlives`, `live`, `resecret` and `adds_roles` exist for credentials only. Two blanks remain for [`with_access`].
pub(super) fn weighed(target: Target) -> String {
    let (roles_max, metadata_max) = (ROLES_MAX.to_string(), METADATA_MAX.to_string());
    let (metadata_bytes_max, state_bytes_max) = (METADATA_BYTES_MAX.to_string(), STATE_BYTES_MAX.to_string());
    let (base, set, columns, violations) = if target.is_of_credential() {
        (sql!("credential_base"), sql!("credential_set"), sql!("credential_weighed"), sql!("credential_violations"))
    } else {
        (compacted!("coalesce(document, '{}')"), compacted!("coalesce(given -> '$.set', '{}')"), "", "")
    };
    let free = editable_paths(target);
    let blanks = [
        ("base", base),
        ("set", set),
        // A secret that is being replaced revokes itself, not the credential.
        (
            "own",
            if target == Target::Own {
                compacted!(
                    ", iif(caller_secret <> newest, '$.revoked_at', '$.-'), iif(caller_secret <> newest, '$.revoked_reason', '$.-')"
                )
            } else {
                ""
            },
        ),
        ("weighed", columns),
        ("violations", violations),
        ("free", &free),
        ("roles_max", &roles_max),
        ("metadata_max", &metadata_max),
        ("metadata_bytes_max", &metadata_bytes_max),
        ("state_bytes_max", &state_bytes_max),
    ];
    fill(sql!("weighed"), &blanks)
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

/// Fills the blanks of [`weighed`] that differ on a face where roles give access: the document after the change, from the
/// `patched` one, has that access.
pub(super) fn with_access(sql: &str, maps_roles: bool) -> String {
    if !maps_roles {
        return fill(sql, &[("to_document", "patched"), ("unrestricted", "")]);
    }
    let access_of = |document| fill(sql!("access_of_roles"), &[("document", document)]);
    let (before, after) = (access_of("document"), access_of("patched"));
    let blanks = [("access_before", before.as_str()), ("access_after", &after)];
    let to_document = fill(sql!("credential_to_document"), &blanks);
    fill(sql, &[("to_document", &to_document), ("unrestricted", sql!("credential_unrestricted"))])
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
pub(super) fn change(target: Target, act: Act, secrets: bool) -> String {
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
    let made = fill(sql!("idempotency_made"), &[("keyed_tenant", keyed_tenant)]);
    let made = if creates || matches!(target, Target::Credential | Target::Own) { made.as_str() } else { "NULL" };
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
        ("made", made),
        ("writes", writes),
    ];
    fill(sql!("thing_change"), &blanks)
}
