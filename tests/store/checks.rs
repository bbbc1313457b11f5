//! CHECK constraints, for writes that bypass the Worker: each at its bound and one past it.

use crate::console::Console;
use support::ACME;

/// A value in SQL.
fn text(letter: &str, length: usize) -> String {
    format!("'{}'", letter.repeat(length))
}

/// Tables and columns, and values that each rejects. Another column may be assigned too, since some rules are about
/// two. (For the keys of the state, see documents.rs.)
const REFUSED: [(&str, &str); 12] = [
    ("tenants.state principals.state credentials.state", "NULL '' 'text' 'null' '1' '[]' '\"text\"' '{' x'7b7d'"),
    ("tenants.credentials", "-1 1.5 NULL 'x'"),
    ("tenants.revision principals.revision credentials.revision", "0 -1 1.5 NULL 'x'"),
    ("tenants.event principals.event credentials.event", "1.5 NULL 'x'"),
    ("tenants.change principals.change credentials.change secrets.change", "NULL x'00'"),
    ("tenants.changed_at principals.changed_at credentials.changed_at secrets.changed_at", "NULL 'x' 1.5"),
    (
        "tenants.changed_by principals.changed_by credentials.changed_request secrets.changed_request idempotency.caller \
         idempotency.tenant idempotency.change",
        "NULL",
    ),
    ("idempotency.id idempotency.body secrets.digest", "{51} {53} NULL"),
    (
        "tenants.change='stamped',ending principals.change='stamped',ending credentials.change='stamped',ending \
         secrets.change='stamped',ending",
        "2 -1 NULL 'true'",
    ),
    ("tenants.updated_at principals.updated_at credentials.updated_at", "-1 9007199254740992 1.5 'x' NULL"),
    ("credentials.last_used_at secrets.expires_at secrets.last_used_at", "-1 9007199254740992 1.5 'x'"),
    ("idempotency.created_at", "1.5 'x' NULL x'00'"),
];

/// Values that each accepts.
const TAKEN: [(&str, &str); 6] = [
    ("tenants.credentials", "0 10000"),
    ("tenants.revision principals.revision credentials.revision", "1 9007199254740991"),
    ("tenants.updated_at principals.updated_at credentials.updated_at", "0 9007199254740991"),
    ("credentials.last_used_at secrets.expires_at secrets.last_used_at", "NULL 0 9007199254740991"),
    ("idempotency.id", "{52}"),
    ("idempotency.key=NULL,sealed", "NULL"),
];

/// Every statement of a table of values.
fn updates(table: &[(&str, &str)]) -> Vec<String> {
    let value = |word: &str| {
        match word.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).and_then(|length| length.parse().ok()) {
            // A digest is ASCII.
            Some(length @ 51..=53) => text("0", length),
            Some(length) => text("é", length),
            None => word.to_owned(),
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
fn column_checks_reject_values_out_of_range() {
    let console = Console::new();
    for update in updates(&REFUSED) {
        console.breaks_a_rule(&update);
    }
}

#[test]
fn column_checks_accept_the_bounds() {
    let console = Console::new();
    for update in updates(&TAKEN) {
        console.run(&update);
    }
}

/// Too short, too long, above 128 bits, and with a letter that Crockford's alphabet lacks.
const NOT_IDS: [&str; 5] =
    ["", "9", "000000000000000000000000009", "80000000000000000000000000", "0000000000000000000000000u"];

/// Returns the statement that inserts a row with this id and creation time.
type Insert<'a> = dyn Fn(&str, &str) -> String + 'a;

#[test]
fn column_checks_apply_to_inserts() {
    let console = Console::new();
    let (id, other) = ("00000000000000000000000009", "00000000000000000000000008");
    let stamp = "'c', 0, 'b', 'r', 0";
    let stamped = "change, changed_at, changed_by, changed_request, event";
    let tenant = |id: &str, created_at: &str| {
        format!(
            "INSERT INTO tenants (id, label, state, revision, created_at, updated_at, {stamped})
             SELECT '{id}', 'label {id}', state, 1, {created_at}, 0, {stamp} FROM tenants WHERE id = '{ACME}'"
        )
    };
    let principal = |id: &str, created_at: &str| {
        format!(
            "INSERT INTO principals (tenant, id, state, revision, created_at, updated_at, {stamped})
             SELECT tenant, '{id}', state, 1, {created_at}, 0, {stamp} FROM principals WHERE id = '{ACME}'"
        )
    };
    let credential = |id: &str, created_at: &str| {
        format!(
            "INSERT INTO credentials (tenant, id, state, revision, created_at, updated_at, {stamped})
             SELECT tenant, '{id}', state, 1, {created_at}, 0, {stamp} FROM credentials WHERE id = $ID"
        )
    };
    let secret = |id: &str, created_at: &str| {
        format!(
            "INSERT INTO secrets SELECT '{id}', tenant, credential, digest, key, sealed, hint, {created_at}, expires_at, \
             last_used_at, change, changed_at, changed_by, changed_request, 0 FROM secrets WHERE id = $SECRET"
        )
    };
    let inserts: [&Insert<'_>; 4] = [&credential, &secret, &principal, &tenant];
    for insert in inserts {
        for id in NOT_IDS {
            console.breaks_a_rule(&insert(id, "0"));
        }
        for created_at in ["-1", "9007199254740992", "1.5", "'x'", "NULL"] {
            console.breaks_a_rule(&insert(id, created_at));
        }
        console.run(&insert(id, "9007199254740991"));
        console.run(&insert(other, "0"));
    }
    let event_of = |id: &str, secret: &str, at: &str| {
        format!(
            "INSERT INTO events VALUES ('t', 1, 'tenant', '{id}', {secret}, NULL, 'created', 1, {at}, 'b', 'r', '{{}}', 0)"
        )
    };
    for not_id in NOT_IDS {
        console.breaks_a_rule(&event_of(not_id, "NULL", "0"));
        console.breaks_a_rule(&event_of(id, &format!("'{not_id}'"), "0"));
    }
    for at in ["9007199254740992", "-1"] {
        console.breaks_a_rule(&event_of(id, "NULL", at));
    }
    let event = |noun: &str, action: &str, changes: &str, widened: i64| {
        format!(
            "INSERT INTO events VALUES ('t', 1, '{noun}', '{id}', NULL, NULL, '{action}', 1, 0, 'b', 'r', '{changes}', {widened})"
        )
    };
    console.breaks_a_rule(&event("secret", "created", "{}", 0));
    console.breaks_a_rule(&event("tenant", "renamed", "{}", 0));
    console.breaks_a_rule(&event("tenant", "created", "[]", 0));
    console.breaks_a_rule(&event("tenant", "created", "{}", 2));
    console.run(&event("tenant", "created", "{}", 0));
    let labelled = |label: &str| {
        let id = "00000000000000000000000007";
        tenant(id, "0").replace(&format!("'label {id}'"), label)
    };
    for label in ["''", &text("é", 256), "NULL", "x'00'"] {
        console.breaks_a_rule(&labelled(label));
    }
    console.is_refused(&labelled("'acme'"), "UNIQUE");
    console.run(&labelled(&text("é", 255)));
}
