//! The violations that only the database finds, one per line.

use super::command::Act::{self, Change, Create};
use super::command::Target;
use super::rules::{ALL, OF_CREDENTIALS, WRITES};
use super::text::{compacted, fill, sql};
use crate::credential::table::{METADATA_BYTES_MAX, METADATA_MAX, ROLES_MAX, STATE_BYTES_MAX};

struct Violation {
    /// As `verdict.rs` reads it.
    name: &'static str,
    targets: &'static [Target],
    acts: &'static [Act],
    /// An expression on the columns of `merged`: the details of the violation, or 1 if it has none; null if the write has no such violation.
    details: &'static str,
}

macro_rules! violations {
    ($($name:literal $targets:expr, $acts:expr, $details:expr;)*) => {
        &[$(Violation { name: $name, targets: $targets, acts: $acts, details: compacted!($details) }),*]
    };
}

#[rustfmt::skip]
static VIOLATIONS: &[Violation] = violations! {
    "unknown_principal"        OF_CREDENTIALS, WRITES, "iif(json_type(given, '$.set.principal') IS NOT NULL AND NOT EXISTS (SELECT 1 FROM principals AS p WHERE p.tenant = merged.tenant AND p.id = given ->> '$.set.principal'), 1, NULL)";
    "unknown_roles"            OF_CREDENTIALS, &[Create], sql!("violation_unknown_roles_created");
    "unknown_roles"            OF_CREDENTIALS, &[Change], sql!("violation_unknown_roles");
    "not_of_default_principal" OF_CREDENTIALS, WRITES, "iif(to_document ->> '$.access' = 'verify_all' AND to_document ->> '$.principal' <> '00000000000000000000000000', 1, NULL)";
    "too_many_roles"           OF_CREDENTIALS, WRITES, "iif(json_array_length(to_document, '$.roles') > {roles_max}, 1, NULL)";
    "last_role"                OF_CREDENTIALS, &[Change], "iif(json_type(given, '$.context') IS NOT NULL AND json_array_length(to_document, '$.roles') = 0 AND json_array_length(document, '$.roles') > 0, 1, NULL)";
    "too_many_metadata"        OF_CREDENTIALS, WRITES, "iif(json_type(given, '$.set.metadata') IS NOT NULL AND (SELECT count(*) FROM json_each(to_document, '$.metadata')) > {metadata_max}, 1, NULL)";
    "too_large_metadata"       OF_CREDENTIALS, WRITES, "iif(length(CAST(to_document -> '$.metadata' AS BLOB)) > {metadata_bytes_max}, 1, NULL)";
    // Of the kind that the change adds to.
    "too_many_means"           OF_CREDENTIALS, &[Change], "iif(given ->> '$.means.adds' AND (SELECT count(*) FROM json_each(to_document, given ->> '$.means.list')) > given ->> '$.means.max', 1, NULL)";
    "too_large"                ALL, WRITES, "iif(length(CAST(to_document AS BLOB)) > {state_bytes_max}, 1, NULL)";
    "read_only"                ALL, &[Change], sql!("violation_read_only");
};

/// Returns the arguments of `json_object` for the violations of a write.
///
/// ```sql
/// 'unknown_principal', {details}, 'unknown_roles', {details}, …
/// ```
pub(super) fn violations(target: Target, act: Act) -> String {
    let [roles_max, metadata_max, metadata_bytes_max, state_bytes_max] =
        [ROLES_MAX, METADATA_MAX, METADATA_BYTES_MAX, STATE_BYTES_MAX].map(|max| max.to_string());
    let blanks = [
        ("roles_max", &*roles_max),
        ("metadata_max", &metadata_max),
        ("metadata_bytes_max", &metadata_bytes_max),
        ("state_bytes_max", &state_bytes_max),
    ];
    let found = VIOLATIONS.iter().filter(|one| one.targets.contains(&target) && one.acts.contains(&act));
    let arguments = found.map(|Violation { name, details, .. }| format!("'{name}',{}", fill(details, &blanks)));
    arguments.collect::<Vec<_>>().join(",")
}
