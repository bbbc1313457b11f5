//! The rules that the schema holds a second time, for whoever writes past the Worker: each at its edge and one past it.

use crate::console::Console;

/// A value in SQL.
fn text(letter: &str, length: usize) -> String {
    format!("'{}'", letter.repeat(length))
}

fn roles(count: usize) -> String {
    let roles: Vec<_> = (0..count).map(|number| format!(r#"{{"resource":"{number}","role_id":"viewer"}}"#)).collect();
    format!("'[{}]'", roles.join(","))
}

/// Metadata of so many bytes.
fn metadata(length: usize) -> String {
    format!(r#"'{{"k":"{}"}}'"#, "m".repeat(length - r#"{"k":""}"#.len()))
}

const TIMES: [(&str, [&str; 2], [&str; 4]); 8] = [
    ("credentials", ["updated_at", "last_used_at"], ["-1", "9007199254740992", "1.5", "'x'"]),
    ("credentials", ["expires_at", "expires_at"], ["-1", "9007199254740992", "1.5", "'x'"]),
    ("secrets", ["expires_at", "last_used_at"], ["-1", "9007199254740992", "1.5", "'x'"]),
    ("principals", ["created_at", "updated_at"], ["-1", "9007199254740992", "1.5", "NULL"]),
    ("tenants", ["created_at", "updated_at"], ["-1", "9007199254740992", "1.5", "NULL"]),
    ("credentials", ["revision", "revision"], ["0", "-1", "1.5", "NULL"]),
    // One is the end of another: a reason is only told of what is revoked.
    ("credentials", ["revoked_at", "revoked_reason = NULL, revoked_at"], ["-1", "9007199254740992", "1.5", "'x'"]),
    ("idempotency", ["created_at", "created_at"], ["1.5", "'x'", "NULL", "x'00'"]),
];

#[test]
fn every_column_has_its_range() {
    let console = Console::new();
    let name = ["''".to_owned(), text("é", 256), "NULL".to_owned(), "x'00'".to_owned()];
    let flag = ["2".to_owned(), "-1".to_owned(), "NULL".to_owned(), "'true'".to_owned()];
    let not_roles = [
        "'[]'".to_owned(),
        "'{}'".to_owned(),
        "'\"viewer\"'".to_owned(),
        "'viewer'".to_owned(),
        "''".to_owned(),
        roles(101),
    ];
    let description = [text("é", 501), "x'00'".to_owned()];
    let catalogue = ["'{}'".to_owned(), "NULL".to_owned(), "'admin'".to_owned()];
    let digest = [text("0", 51), text("0", 53), "NULL".to_owned()];
    let not_metadata =
        ["NULL", "'[]'", "'\"text\"'", "'text'", "''", "x'00'"].map(str::to_owned).into_iter().chain([metadata(8193)]);
    let not_metadata: Vec<_> = not_metadata.collect();
    let revision = ["0", "-1", "1.5", "NULL", "'x'"].map(str::to_owned);
    let none = ["NULL".to_owned()];
    for (table, column, wrong) in [
        ("tenants", "label", &name[..]),
        ("tenants", "name", &name),
        ("tenants", "enabled", &flag),
        ("tenants", "rbac", &flag),
        ("tenants", "preconditions", &flag),
        ("tenants", "role_names", &catalogue),
        ("principals", "name", &name),
        ("principals", "description", &description),
        ("principals", "enabled", &flag),
        ("credentials", "name", &name),
        ("credentials", "description", &description),
        ("credentials", "enabled", &flag),
        ("credentials", "roles", &not_roles),
        ("credentials", "metadata", &not_metadata),
        ("credentials", "revoked_reason", &description),
        // Only a revocation has a reason.
        ("credentials", "revoked_at", &none),
        ("credentials", "revoked_reason = 'why', revoked_at", &none),
        ("tenants", "revision", &revision),
        ("principals", "revision", &revision),
        ("idempotency", "id", &digest),
        ("idempotency", "body", &digest),
        ("idempotency", "caller", &none),
        ("idempotency", "tenant", &none),
        ("idempotency", "change", &none),
        ("credentials", "change = 'stamped', ending", &flag),
        ("secrets", "digest", &digest),
        ("secrets", "change = 'stamped', ending", &flag),
    ] {
        for value in wrong {
            console.breaks_a_rule(&format!("UPDATE {table} SET {column} = {value}"));
        }
    }
    for (table, columns, wrong) in TIMES {
        for (column, value) in columns.iter().flat_map(|column| wrong.map(|value| (column, value))) {
            console.breaks_a_rule(&format!("UPDATE {table} SET {column} = {value}"));
        }
    }
}

#[test]
fn the_edges_themselves_are_in() {
    let console = Console::new();
    for (table, column, right) in [
        ("tenants", "name", vec![text("é", 1), text("é", 255)]),
        ("credentials", "name", vec![text("é", 1), text("é", 255)]),
        ("credentials", "description", vec!["NULL".to_owned(), "''".to_owned(), text("é", 500)]),
        ("credentials", "roles", vec!["NULL".to_owned(), roles(1), roles(100)]),
        ("credentials", "metadata", vec!["'{}'".to_owned(), metadata(8192)]),
        ("credentials", "revoked_reason", vec!["NULL".to_owned(), "''".to_owned(), text("é", 500)]),
        ("credentials", "revoked_at", vec!["0".to_owned(), "9007199254740991".to_owned()]),
        ("credentials", "revoked_reason = NULL, revoked_at", vec!["NULL".to_owned()]),
        ("tenants", "revision", vec!["1".to_owned(), "9007199254740991".to_owned()]),
        ("principals", "revision", vec!["1".to_owned()]),
        ("idempotency", "id", vec![text("0", 52)]),
        ("idempotency", "made = NULL, key = NULL, sealed", vec!["NULL".to_owned()]),
        ("credentials", "enabled", vec!["0".to_owned(), "1".to_owned()]),
        ("credentials", "expires_at", vec!["NULL".to_owned(), "0".to_owned(), "9007199254740991".to_owned()]),
        ("secrets", "expires_at", vec!["NULL".to_owned(), "0".to_owned(), "9007199254740991".to_owned()]),
    ] {
        for value in right {
            console.run(&format!("UPDATE {table} SET {column} = {value}"));
        }
    }
}

#[test]
fn a_new_row_is_held_to_them_too() {
    let console = Console::new();
    let credential = |id: &str, roles: &str| {
        format!(
            "INSERT INTO credentials (tenant, id, principal, name, enabled, roles, revision, created_at, updated_at, change, changed_at, changed_by, changed_request, event)
             SELECT id, '{id}', '00000000000000000000000000', 'n', 1, {roles}, 1, 0, 0, 'c', 0, 'b', 'r', 0 FROM tenants"
        )
    };
    console.breaks_a_rule(&credential("00000000000000000000000009", "'[]'"));
    console.breaks_a_rule(&credential("9", "NULL"));
    console.run(&credential("00000000000000000000000009", "NULL"));
    let secret = |created_at: &str| {
        format!(
            "INSERT INTO secrets SELECT '00000000000000000000000009', tenant, credential, digest, key, sealed, hint, {created_at}, expires_at, \
             last_used_at, change, changed_at, changed_by, changed_request, 0 FROM secrets WHERE id = $SECRET"
        )
    };
    console.breaks_a_rule(&secret("9007199254740992"));
    console.run(&secret("9007199254740991"));
    let event = |action: &str, changes: &str, widened: i64| {
        format!(
            "INSERT INTO events VALUES ('t', 1, 'c', NULL, NULL, '{action}', 1, 0, 'b', 'r', '{changes}', {widened})"
        )
    };
    console.breaks_a_rule(&event("renamed", "{}", 0));
    console.breaks_a_rule(&event("created", "[]", 0));
    console.breaks_a_rule(&event("created", "{}", 2));
    console.is_refused("INSERT INTO tenants (id, label, name, created_at, updated_at) VALUES ('00000000000000000000000009', 'acme', 'n', 0, 0)", "UNIQUE");
}
