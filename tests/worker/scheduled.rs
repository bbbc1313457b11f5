//! The Worker's scheduled event: responses kept for retries are deleted after a day.

use std::process::Command;

use serde_json::{Value, json};

/// Runs a Worker of its own in tests/worker/scheduled.mjs, since a scheduled event cannot be sent over HTTP.
#[test]
fn scheduled_event_deletes_only_responses_older_than_a_day() {
    let ran = Command::new("node").arg("tests/worker/scheduled.mjs").output().expect("node");
    let text = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{text}{}", String::from_utf8_lossy(&ran.stderr));
    let printed: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(printed["before"], json!(["older than a day", "nearly a day old", "new"]));
    assert_eq!((&printed["outcome"], &printed["left"]), (&json!("ok"), &json!(["nearly a day old", "new"])));
    assert_eq!(printed["others"], true, "no other table lost or changed a row");
    // Kept responses are still returned; deleted ones are not, so the request creates again.
    assert_eq!(printed["replayed"], json!({ "older than a day": false, "nearly a day old": true, "new": true }));
}
