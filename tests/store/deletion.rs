//! Deletion at the console takes two steps, a stamp and the DELETE. Its events are kept.

use std::collections::BTreeSet;

use postern::credential::field::Noun;
use serde_json::{Value, json};

use crate::console::{Console, STAMP};
use crate::differences::difference;
use crate::documents::keys;
use crate::samples::Document;
use support::{ACME, text};

const TAKEN: &str = "this id is taken, or was used before";

fn delete(console: &Console) {
    console.run(&format!("UPDATE secrets SET {STAMP} WHERE credential = $ID"));
    console.run("DELETE FROM secrets WHERE credential = $ID AND ending");
    console.run(&format!("UPDATE credentials SET {STAMP} WHERE id = $ID"));
    console.run("DELETE FROM credentials WHERE id = $ID AND ending");
}

#[test]
fn deletion_at_the_console_records_actor_time_and_request() {
    let console = Console::new();
    let before = console.history().len();
    let mut last = console.state();
    assert_eq!(last.keys().cloned().collect::<BTreeSet<_>>(), keys(Some(Noun::Credential)), "every key has a value");
    // The position in lists by creation, for a token that names the deleted credential.
    last.insert("created_at".to_owned(), console.count("SELECT created_at FROM credentials").into());
    delete(&console);
    let ends = console.history().split_off(before);
    assert_eq!(ends.iter().map(|event| text(event, "action")).collect::<Vec<_>>(), ["secret_ended", "deleted"]);
    for event in &ends {
        assert_eq!((&event["by"], &event["at"], &event["request"]), (&json!("somebody"), &json!(7), &json!("request")));
    }
    assert_eq!(ends[0]["secret"], console.secret.as_str());
    assert_eq!(ends[0]["changes"], json!({"expires_at": {"before": null, "after": null}}));
    assert_eq!(ends[1]["changes"], difference(&last, &Document::new()));
    // The notation of an event for a value, for a set and for metadata.
    let literal = [
        ("name", json!({"before": "name", "after": null})),
        ("roles", json!({"added": [], "removed": [{"role_id": "viewer"}]})),
        ("metadata", json!({"before": {"a": "b"}, "after": {}})),
    ];
    for (key, change) in literal {
        assert_eq!(ends[1]["changes"][key], change);
    }
    assert_eq!(ends.iter().map(|event| event["widened"].as_i64()).collect::<Vec<_>>(), [Some(0), Some(0)]);
}

/// Every event before the deletion can still be reached, and only events are left.
#[test]
fn events_outlive_the_resource_they_describe() {
    let console = Console::new();
    let before = console.history();
    delete(&console);
    assert_eq!(console.history()[..before.len()], before);
    assert_eq!(console.count("SELECT count(*) FROM credentials WHERE id = $ID"), 0);
    assert_eq!(console.count("SELECT count(*) FROM secrets WHERE credential = $ID"), 0);
    assert_eq!(console.count("SELECT count(*) FROM pragma_foreign_key_list('events')"), 0, "events reference nothing");
}

#[test]
fn deleted_resources_are_found_by_index() {
    let console = Console::new();
    delete(&console);
    // With an explicit index: without statistics, SQLite prefers to read all events of the tenant.
    let sql = "SELECT by FROM events INDEXED BY events_of_deleted WHERE tenant = ?1 AND id = ?2 AND action = 'deleted'";
    assert_eq!(console.world.db.query(sql, &[&ACME, &console.id]), [json!({"by": "somebody"})]);
    let plan = console.world.db.query(&format!("EXPLAIN QUERY PLAN {sql}"), &[&ACME, &console.id]);
    let plan: Vec<_> = plan.iter().map(|step| text(step, "detail")).collect();
    assert_eq!(plan, ["SEARCH events USING INDEX events_of_deleted (id=? AND tenant=?)"]);
}

/// Deleted resources cannot return: ids are never reused, at the console either. (For the faces, see deleted.rs.)
#[test]
fn deleted_id_cannot_be_inserted_again() {
    let console = Console::new();
    let insert = |table: &str, keys: &str, ending: &str| {
        let columns = "state, revision, created_at, updated_at, change, changed_at, changed_by, changed_request, event";
        let rows = console.world.db.query(&format!("SELECT {keys}, {columns} FROM {table} WHERE {ending}"), &[]);
        let all = format!("{keys}, {columns}");
        let values: Vec<_> = all.split(", ").map(|column| literal(&rows[0][column])).collect();
        format!("INSERT INTO {table} ({all}) VALUES ({})", values.join(", "))
    };
    console.run(&format!(
        "INSERT INTO principals (tenant, id, state, revision, created_at, updated_at, change, changed_at, changed_by, changed_request, event)
         VALUES ('{ACME}', '00000000000000000000000009', '{{\"name\":\"p\",\"enabled\":true}}', 1, 0, 0, 'c', 0, 'b', 'r', 0)"
    ));
    let principal = insert("principals", "tenant, id", "id = '00000000000000000000000009'");
    let credential = insert("credentials", "tenant, id", "true");
    let tenant = insert("tenants", "id, label", "true");
    // Another id with the same state is accepted.
    console.run(&credential.replace(&console.id, "00000000000000000000000008"));
    // A credential's id is unique over all tenants: while the credential exists, and within one statement.
    let other = "00000000000000000000000001";
    console.world.tenant(other, "other");
    let elsewhere = |id: &str| {
        let values = credential.split_once(" VALUES ").unwrap();
        let row = values.1.replace(&format!("'{ACME}', '{}'", console.id), &format!("'{other}', '{id}'"));
        (values.0.to_owned() + " VALUES ", row)
    };
    let (into, row) = elsewhere(&console.id);
    console.is_refused(&format!("{into}{row}"), TAKEN);
    let (_, seven) = elsewhere("00000000000000000000000007");
    console.is_refused(
        &format!("{into}{seven}, {}", seven.replace(&format!("'{other}', '0"), &format!("'{ACME}', '0"))),
        TAKEN,
    );
    delete(&console);
    console.is_refused(&credential, TAKEN);
    console.is_refused(&format!("{into}{row}"), TAKEN);
    console.run(&format!("UPDATE principals SET {STAMP} WHERE id = '00000000000000000000000009'"));
    console.run("DELETE FROM principals WHERE ending");
    console.is_refused(&principal, TAKEN);
    // A principal's id is unique within its tenant only.
    console.run(&principal.replace(&format!("'{ACME}', '0"), &format!("'{other}', '0")));
    console.run(&format!("UPDATE credentials SET {STAMP} WHERE tenant = '{ACME}'"));
    console.run("DELETE FROM credentials WHERE ending");
    for table in ["tenants", "principals"] {
        let key = if table == "tenants" { "id" } else { "tenant" };
        console.run(&format!("UPDATE {table} SET {STAMP} WHERE {key} = '{ACME}'"));
    }
    console.run("DELETE FROM principals WHERE ending");
    assert_eq!(console.count("SELECT count(*) FROM tenants"), 1, "with its default principal");
    console.is_refused(&tenant, &format!("tenants: {TAKEN}"));
}

fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => format!("'{text}'"),
        Value::Null => "NULL".to_owned(),
        other => other.to_string(),
    }
}
