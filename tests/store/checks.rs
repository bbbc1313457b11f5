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

/// Tables and columns, and values that each refuses. The end of another assignment may be a column: some rules are of two.
const REFUSED: [(&str, &str); 19] = [
    ("tenants.label tenants.name principals.name credentials.name", "'' {256} NULL x'00'"),
    ("tenants.enabled tenants.rbac tenants.preconditions principals.enabled credentials.enabled", "2 -1 NULL 'true'"),
    ("tenants.role_names", "'{}' NULL 'admin'"),
    ("principals.description credentials.description credentials.revoked_reason", "{501} x'00'"),
    ("credentials.roles", r#"'[]' '{}' '"viewer"' 'viewer' '' {roles}"#),
    ("credentials.metadata", r#"NULL '[]' '"text"' 'text' '' x'00' {metadata}"#),
    // Only a revocation has a reason.
    ("credentials.revoked_at credentials.revoked_reason='why',revoked_at", "NULL"),
    ("tenants.revision principals.revision", "0 -1 1.5 NULL 'x'"),
    ("credentials.revision", "0 -1 1.5 NULL"),
    ("idempotency.id idempotency.body secrets.digest", "{51} {53} NULL"),
    ("idempotency.caller idempotency.tenant idempotency.change", "NULL"),
    ("credentials.change='stamped',ending secrets.change='stamped',ending", "2 -1 NULL 'true'"),
    ("credentials.updated_at credentials.last_used_at", "-1 9007199254740992 1.5 'x'"),
    ("credentials.expires_at", "-1 9007199254740992 1.5 'x'"),
    ("secrets.expires_at secrets.last_used_at", "-1 9007199254740992 1.5 'x'"),
    ("principals.created_at principals.updated_at", "-1 9007199254740992 1.5 NULL"),
    ("tenants.created_at tenants.updated_at", "-1 9007199254740992 1.5 NULL"),
    ("credentials.revoked_at credentials.revoked_reason=NULL,revoked_at", "-1 9007199254740992 1.5 'x'"),
    ("idempotency.created_at", "1.5 'x' NULL x'00'"),
];

/// And values that each takes.
const TAKEN: [(&str, &str); 13] = [
    ("tenants.name credentials.name", "{1} {255}"),
    ("credentials.description", "NULL '' {500}"),
    ("credentials.roles", "NULL {role} {100roles}"),
    ("credentials.metadata", "'{}' {8192bytes}"),
    ("credentials.revoked_reason", "NULL '' {500}"),
    ("credentials.revoked_at", "0 9007199254740991"),
    ("credentials.revoked_reason=NULL,revoked_at", "NULL"),
    ("tenants.revision", "1 9007199254740991"),
    ("principals.revision", "1"),
    ("idempotency.id", "{52}"),
    ("idempotency.made=NULL,key=NULL,sealed", "NULL"),
    ("credentials.enabled", "0 1"),
    ("credentials.expires_at secrets.expires_at", "NULL 0 9007199254740991"),
];

/// Every statement that a table is about.
fn updates(table: &[(&str, &str)]) -> Vec<String> {
    let value = |word: &str| match word {
        "{roles}" => roles(101),
        "{metadata}" => metadata(8193),
        "{role}" => roles(1),
        "{100roles}" => roles(100),
        "{8192bytes}" => metadata(8192),
        _ => {
            match word.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).and_then(|length| length.parse().ok())
            {
                // A digest is of ASCII.
                Some(length @ 51..=53) => text("0", length),
                Some(length) => text("é", length),
                None => word.to_owned(),
            }
        }
    };
    let of_row = |(columns, values): &(&str, &str)| {
        let columns = columns.split(' ').map(|column| column.split_once('.').expect("a table and a column"));
        let pairs = columns.flat_map(|column| values.split(' ').map(move |word| (column, value(word))));
        pairs.map(|((table, column), value)| format!("UPDATE {table} SET {column} = {value}")).collect::<Vec<_>>()
    };
    table.iter().flat_map(of_row).collect()
}

#[test]
fn every_column_has_its_range() {
    let console = Console::new();
    for update in updates(&REFUSED) {
        console.breaks_a_rule(&update);
    }
}

#[test]
fn the_edges_themselves_are_in() {
    let console = Console::new();
    for update in updates(&TAKEN) {
        console.run(&update);
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
