//! The schema rejects statements that would change rows without an event, or columns that never change.

use serde_json::json;

use crate::console::{Console, STAMP as STAMPED, patch};
use support::{ACME, World};

const TAKEN: &str = "this id is taken";
const TENANT_TAKEN: &str = "tenants: this id is taken";
const APPEND_ONLY: &str = "append-only";
const FIXED: &str = "fixed";
const STAMP: &str = "stamp the ending";
const UNSTAMPED: &str = "before you delete";
const DEFAULT_STAYS: &str = "the default principal stays";
const REFERENCED: &str = "FOREIGN KEY";

fn refused(statements: &[(&str, &str)]) {
    let console = Console::new();
    console.another();
    console.world.service_account();
    for (sql, words) in statements {
        console.is_refused(sql, words);
    }
}

/// REPLACE deletes without firing a trigger, so the replaced row would have no event.
#[test]
fn sql_replace_cannot_bypass_the_triggers() {
    refused(&[
        ("INSERT OR REPLACE INTO credentials $CREDENTIALS WHERE id = $ID", TAKEN),
        ("REPLACE INTO credentials $CREDENTIALS", TAKEN),
        ("INSERT OR IGNORE INTO credentials $CREDENTIALS WHERE id = $ID", TAKEN),
        ("INSERT INTO credentials $CREDENTIALS WHERE true ON CONFLICT DO UPDATE SET state = '{}'", TAKEN),
        (
            "INSERT OR REPLACE INTO principals SELECT tenant, id, state, 1, 0, 0, 'c', 0, 'b', 'r', 0, 0 FROM principals",
            TAKEN,
        ),
        (
            "INSERT OR REPLACE INTO tenants SELECT id, 'other', state, 1, 0, 0, 0, 'c', 0, 'b', 'r', 0, 0, 0 FROM tenants",
            TENANT_TAKEN,
        ),
        ("INSERT OR REPLACE INTO secrets SELECT * FROM secrets WHERE id = $SECRET", TAKEN),
        ("REPLACE INTO secrets SELECT * FROM secrets", TAKEN),
        (
            "INSERT INTO secrets SELECT * FROM secrets WHERE true ON CONFLICT DO UPDATE SET digest = excluded.digest",
            TAKEN,
        ),
        ("INSERT OR REPLACE INTO events SELECT * FROM events WHERE seq = 1", APPEND_ONLY),
        ("REPLACE INTO events SELECT * FROM events", APPEND_ONLY),
        // The label of another tenant.
        (
            "INSERT OR REPLACE INTO tenants SELECT '00000000000000000000000009', label, state, 1, 0, 0, 0, 'c', 0, 'b', 'r', 0, 0, 0 FROM tenants",
            REFERENCED,
        ),
        ("UPDATE OR REPLACE credentials SET id = (SELECT id FROM credentials WHERE id <> $ID) WHERE id = $ID", FIXED),
        ("UPDATE OR REPLACE secrets SET id = (SELECT id FROM secrets WHERE id <> $SECRET) WHERE id = $SECRET", FIXED),
        (
            "UPDATE OR REPLACE secrets SET key = 'other', id = (SELECT id FROM secrets WHERE id <> $SECRET) WHERE id = $SECRET",
            FIXED,
        ),
        ("UPDATE OR REPLACE events SET seq = 1 WHERE seq = 2", APPEND_ONLY),
    ]);
}

#[test]
fn events_are_append_only() {
    refused(&[
        ("UPDATE events SET by = 'nobody'", APPEND_ONLY),
        ("UPDATE OR IGNORE events SET changes = '{}' WHERE seq = 1", APPEND_ONLY),
        ("DELETE FROM events", APPEND_ONLY),
        ("DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)", APPEND_ONLY),
    ]);
}

#[test]
fn rows_without_a_deletion_stamp_cannot_be_deleted() {
    refused(&[
        ("DELETE FROM credentials WHERE id = $ID", UNSTAMPED),
        ("DELETE FROM secrets WHERE id = $SECRET", UNSTAMPED),
        ("DELETE FROM secrets", UNSTAMPED),
        ("DELETE FROM principals WHERE id <> '00000000000000000000000000'", UNSTAMPED),
        ("DELETE FROM tenants", UNSTAMPED),
        ("UPDATE tenants SET ending = 1", STAMP),
        ("UPDATE principals SET ending = 1", STAMP),
        ("UPDATE principals SET ending = 1, changed_by = 'x', changed_at = 1, changed_request = 'x'", STAMP),
        ("UPDATE credentials SET ending = 1", STAMP),
        ("UPDATE credentials SET ending = 1, changed_by = 'x', changed_at = 1, changed_request = 'x'", STAMP),
        ("UPDATE OR IGNORE credentials SET ending = 1, change = change", STAMP),
        ("UPDATE secrets SET ending = 1", STAMP),
        ("UPDATE secrets SET ending = 1, changed_by = 'x', changed_at = 1, changed_request = 'x'", STAMP),
    ]);
}

#[test]
fn credential_with_secrets_cannot_be_deleted() {
    let console = Console::new();
    console.run(&format!("UPDATE credentials SET {STAMPED}"));
    console.is_refused("DELETE FROM credentials WHERE id = $ID", REFERENCED);
    console.is_refused("UPDATE credentials SET ending = 0 WHERE id = $ID", STAMP);
}

#[test]
fn identity_columns_are_immutable() {
    refused(&[
        ("UPDATE credentials SET tenant = '00000000000000000000000001' WHERE id = $ID", FIXED),
        ("UPDATE credentials SET id = '00000000000000000000000009' WHERE id = $ID", FIXED),
        ("UPDATE credentials SET created_at = created_at + 1 WHERE id = $ID", FIXED),
        ("UPDATE principals SET id = '00000000000000000000000009'", FIXED),
        ("UPDATE tenants SET id = '00000000000000000000000009'", FIXED),
        ("UPDATE tenants SET label = 'other'", FIXED),
        ("UPDATE OR REPLACE tenants SET label = 'other', change = 'c'", FIXED),
        ("UPDATE secrets SET id = '00000000000000000000000009' WHERE id = $SECRET", FIXED),
        ("UPDATE secrets SET tenant = '00000000000000000000000001' WHERE id = $SECRET", FIXED),
        ("UPDATE secrets SET credential = (SELECT id FROM credentials WHERE id <> $ID) WHERE id = $SECRET", FIXED),
        ("UPDATE secrets SET created_at = created_at + 1 WHERE id = $SECRET", FIXED),
    ]);
}

#[test]
fn foreign_keys_are_enforced() {
    let another = "00000000000000000000000009";
    refused(&[
        (&patch(&json!({ "principal": another })), REFERENCED),
        (
            &format!("INSERT INTO principals (tenant, id, state, revision, created_at, updated_at, change, changed_at, changed_by, changed_request, event)
              VALUES ('{another}', '{another}', '{{\"name\":\"n\",\"enabled\":true}}', 1, 0, 0, 'c', 0, 'b', 'r', 0)"),
            REFERENCED,
        ),
        (
            "INSERT INTO secrets SELECT '00000000000000000000000009', tenant, '00000000000000000000000009', digest, key, sealed, hint, created_at, \
          expires_at, last_used_at, change, changed_at, changed_by, changed_request, 0 FROM secrets WHERE id = $SECRET",
            REFERENCED,
        ),
    ]);
    let console = Console::new();
    let (principal, _) = console.world.service_account();
    console.patch(&json!({ "principal": principal }));
    console.run(&format!("UPDATE principals SET {STAMPED} WHERE id = '{principal}'"));
    console.is_refused("DELETE FROM principals WHERE ending", REFERENCED);
    console.run(&format!("UPDATE tenants SET {STAMPED}"));
    console.is_refused("DELETE FROM tenants", REFERENCED);
}

mod the_default_principal {
    use super::*;

    const ANOTHER: &str = "00000000000000000000000009";

    fn with_another_principal() -> Console {
        let console = Console::new();
        console.run(&insert("INSERT", ANOTHER));
        console
    }

    fn insert(how: &str, id: &str) -> String {
        format!(
            "{how} INTO principals (tenant, id, state, revision, created_at, updated_at, change, changed_at, changed_by, changed_request, event)
             VALUES ('{ACME}', '{id}', '{{\"name\":\"another\",\"enabled\":false}}', 1, 0, 0, 'c', 0, 'b', 'r', 0)"
        )
    }

    #[test]
    fn new_tenant_has_a_default_principal() {
        let world = World::new();
        world.tenant("00000000000000000000000001", "other");
        let born = world.db.query("SELECT tenant, id, state FROM principals ORDER BY tenant", &[]);
        let expected = [ACME, "00000000000000000000000001"]
            .map(|tenant| json!({"tenant": tenant, "id": ACME, "state": r#"{"name":"default","enabled":true}"#}));
        assert_eq!(born, expected);
    }

    #[test]
    fn default_principal_may_be_renamed_but_not_disabled_or_deleted() {
        let console = with_another_principal();
        console.world.patch("principals", ACME, &json!({"name": "renamed", "description": "d"}));
        let update = |set: &str| format!("UPDATE principals SET {set} WHERE id = '{ACME}'");
        console.is_refused(&update(r"state = json_set(state, '$.enabled', json('false'))"), DEFAULT_STAYS);
        console.is_refused(&update("id = '00000000000000000000000008'"), FIXED);
        console.run(&update(STAMPED));
        console.is_refused("DELETE FROM principals WHERE ending", DEFAULT_STAYS);
    }

    #[test]
    fn default_principal_cannot_be_disabled_by_insert_or_replace() {
        with_another_principal().is_refused(&insert("INSERT OR REPLACE", ACME), TAKEN);
    }

    #[test]
    fn default_principal_cannot_be_replaced_by_another() {
        let console = with_another_principal();
        console.is_refused(&format!("UPDATE OR REPLACE principals SET id = '{ACME}' WHERE id = '{ANOTHER}'"), FIXED);
    }

    #[test]
    fn default_principal_cannot_move_to_another_tenant() {
        let world = World::new();
        world.tenant("00000000000000000000000001", "other");
        let moved = world.db.try_execute(
            "UPDATE OR REPLACE principals SET tenant = '00000000000000000000000001' WHERE tenant = '00000000000000000000000000'",
            &[],
        );
        assert!(moved.is_err(), "{moved:?}");
        assert_eq!(world.db.count("SELECT count(*) FROM principals"), 2);
    }
}
