//! A deletion is two steps, a stamp and then the DELETE; what was deleted can be told for ever.

use serde_json::{Value, json};

use crate::console::Console;
use support::{ACME, text};

const STAMP: &str =
    "ending = 1, change = 'the end', changed_at = 7, changed_by = 'somebody', changed_request = 'request'";

fn delete(console: &Console) {
    console.run(&format!("UPDATE secrets SET {STAMP} WHERE credential = $ID"));
    console.run("DELETE FROM secrets WHERE credential = $ID AND ending");
    console.run(&format!("UPDATE credentials SET {STAMP} WHERE id = $ID"));
    console.run("DELETE FROM credentials WHERE id = $ID AND ending");
}

#[test]
fn the_events_of_a_deletion_say_who_when_and_in_which_request() {
    let console = Console::new();
    let before = console.history().len();
    let created_at = console.count("SELECT created_at FROM credentials");
    delete(&console);
    let ends = console.history().split_off(before);
    assert_eq!(ends.iter().map(|event| text(event, "action")).collect::<Vec<_>>(), ["secret_ended", "deleted"]);
    for event in &ends {
        assert_eq!((&event["by"], &event["at"], &event["request"]), (&json!("somebody"), &json!(7), &json!("request")));
    }
    assert_eq!(ends[0]["secret"], console.secret.as_str());
    assert_eq!(ends[0]["changes"], json!({"expires_at": {"before": null, "after": null}}));
    assert_eq!(
        ends[1]["changes"],
        json!({
            "principal": {"before": ACME, "after": null},
            "name": {"before": "name", "after": null},
            "description": {"before": "text", "after": null},
            "enabled": {"before": true, "after": null},
            "roles": {"before": [{"role_id": "viewer"}], "after": null},
            "expires_at": {"before": 2_000_000_000_000_000_i64, "after": null},
            "metadata": {"before": {"team": "search"}, "after": null},
            "revoked_at": {"before": 1_900_000_000_000_000_i64, "after": null},
            "revoked_reason": {"before": "lost", "after": null},
            // Where it stood in a list: for a token that names it.
            "created_at": {"before": created_at, "after": null},
        })
    );
    assert_eq!(ends.iter().map(|event| event["widened"].as_i64()).collect::<Vec<_>>(), [Some(0), Some(0)]);
}

/// Every event before the deletion is still reached, and nothing is left but events.
#[test]
fn events_outlive_what_they_tell_of() {
    let console = Console::new();
    let before = console.history();
    delete(&console);
    assert_eq!(console.history()[..before.len()], before);
    assert_eq!(console.count("SELECT count(*) FROM credentials WHERE id = $ID"), 0);
    assert_eq!(console.count("SELECT count(*) FROM secrets WHERE credential = $ID"), 0);
    assert_eq!(console.count("SELECT count(*) FROM pragma_foreign_key_list('events')"), 0, "they reference nothing");
}

#[test]
fn what_was_deleted_is_found_by_its_index() {
    let console = Console::new();
    delete(&console);
    // By its name: without statistics, SQLite would rather read all events of the tenant.
    let sql = "SELECT by FROM events INDEXED BY events_of_deleted WHERE tenant = ?1 AND credential = ?2 AND action = 'deleted'";
    assert_eq!(console.world.db.query(sql, &[&ACME, &console.id]), [json!({"by": "somebody"})]);
    let plan = console.world.db.query(&format!("EXPLAIN QUERY PLAN {sql}"), &[&ACME, &console.id]);
    let plan: Vec<_> = plan.iter().map(|step| text(step, "detail")).collect();
    assert_eq!(plan, ["SEARCH events USING INDEX events_of_deleted (tenant=? AND credential=?)"]);
}

/// An id that was deleted may be made again, and its history begins anew.
#[test]
fn a_second_life_has_its_own_history() {
    let console = Console::new();
    let row = console.world.db.query("SELECT * FROM credentials", &[]).remove(0);
    delete(&console);
    let columns: Vec<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
    let values: Vec<String> = row.as_object().unwrap().values().map(literal).collect();
    console.run(&format!("INSERT INTO credentials ({}) VALUES ({})", columns.join(", "), values.join(", ")));
    let born = console.world.db.query("SELECT * FROM events ORDER BY seq DESC LIMIT 1", &[]).remove(0);
    assert_eq!((text(&born, "action"), &born["previous"]), ("created".to_owned(), &Value::Null));
    assert_eq!(console.count("SELECT event FROM credentials"), born["seq"].as_i64().unwrap());
}

fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => format!("'{text}'"),
        Value::Null => "NULL".to_owned(),
        other => other.to_string(),
    }
}
