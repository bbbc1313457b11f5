//! Retries by a client whose request got no definite outcome: sending the same request again does nothing twice.

use postern::credential::field::Noun;
use postern::route::Operation::Write;
use serde_json::json;

use crate::stage::Fails::{After, Before};
use crate::stage::{Ended, OPERATIONS, Operation, Stage, With};
use support::{ROOT, text};

const LOST: &str = "Network connection lost.";
const LATE: &str = "no answer of the database in time";

/// The matching operations, each with a stage on which the operation was done and its response lost.
fn lost(of: impl Fn(&Operation) -> bool) -> Vec<(&'static Operation, Stage)> {
    let found = OPERATIONS.iter().filter(|operation| of(operation)).map(|operation| {
        let stage = Stage::set_for(operation);
        assert_eq!(stage.run(operation, &[Some(After(LATE))]).reply.status, 503, "{}", operation.name());
        (operation, stage)
    });
    found.collect()
}

/// The repeated operation has this status, and changes nothing.
#[track_caller]
fn changes_nothing(operation: &Operation, stage: &Stage, more: &[(&str, &str)], status: u16) -> Ended {
    let before = stage.world.stored_but_last_use();
    let ended = stage.run_with(operation, &[], more);
    assert_eq!(ended.reply.status, status, "{} {}: {}", operation.face, operation.name(), ended.reply.text);
    assert_eq!(stage.world.stored_but_last_use(), before, "{} {}", operation.face, operation.name());
    ended
}

#[test]
fn retry_with_an_idempotency_key_creates_or_rotates_once_and_returns_the_secret() {
    let keyed = lost(|operation| operation.with == With::Key);
    assert_eq!(keyed.len(), 4, "a tenant, a principal, a credential, a rotation");
    for (operation, stage) in keyed {
        let first = Stage::set_for(operation).run(operation, &[]).reply;
        for _ in 0..2 {
            let again = changes_nothing(operation, &stage, &[], first.status).reply;
            assert_eq!(
                (&again.text, again.header("etag")),
                (&first.text, first.header("etag")),
                "{}",
                operation.name()
            );
        }
        if let Some(secret) = first.json()["secret"].as_str() {
            let verified = stage.world.call("POST", "/v1/verify", ROOT, &json!({ "token": secret })).json();
            assert_eq!(verified["active"], true, "{verified}");
        }
        // If nothing was written, the retry is the first time.
        let stage = Stage::set_for(operation);
        let there = || stage.world.db.count("SELECT count(*) FROM tenants, principals, credentials, events");
        let before = there();
        assert_eq!(stage.run(operation, &[Some(Before(LOST))]).reply.status, 503);
        assert_eq!(there(), before);
        assert_eq!(stage.run(operation, &[]).reply.status, first.status);
        changes_nothing(operation, &stage, &[], first.status);
    }
}

#[test]
fn idempotency_key_expires_after_exactly_one_day() {
    const DAY: i64 = 24 * 3600 * 1_000_000;
    for operation in OPERATIONS.iter().filter(|operation| operation.with == With::Key) {
        let stage = Stage::set_for(operation);
        let first = stage.run(operation, &[]).reply;
        let made = stage.world.now.get();
        // A request takes 1 ms.
        let at = |now: i64| {
            stage.world.now.set(now - 1000);
            stage.run(operation, &[]).reply
        };
        assert_eq!(at(made + DAY - 1).text, first.text, "{}", operation.name());
        let later = at(made + DAY).expect(first.status);
        assert_ne!(later.text, first.text, "{}", operation.name());
    }
}

#[test]
fn retried_update_changes_nothing_more() {
    // Updates with If-Match are tested below.
    let updates = lost(|operation| operation.updates() && operation.with != With::IfMatch);
    let mut faces: Vec<_> = updates.iter().map(|(operation, _)| operation.face).collect();
    faces.dedup();
    assert_eq!((updates.len(), faces), (14, vec!["coactive", "litegraph", "keycard", "postern"]));
    for (operation, stage) in updates {
        let first = Stage::set_for(operation).run(operation, &[]).reply;
        let again = changes_nothing(operation, &stage, &[], 200).reply;
        assert_eq!(again.header("etag"), first.header("etag"), "the same revision: {}", operation.name());
    }
}

#[test]
fn retried_update_with_its_old_if_match_is_412() {
    let of_a_credential = |operation: &&Operation| {
        let noun = matches!(operation.route.operation, Write(Noun::Credential, _));
        operation.updates() && operation.with == With::Nothing && noun
    };
    let updates = OPERATIONS.iter().filter(of_a_credential);
    assert_eq!(updates.clone().count(), 5, "one per face, two on our own");
    for operation in updates {
        let stage = Stage::set_for(operation);
        let (first, second) = (format!("\"{}.1\"", stage.id), format!("\"{}.2\"", stage.id));
        assert_eq!(stage.run_with(operation, &[Some(After(LOST))], &[("if-match", &first)]).reply.status, 503);
        changes_nothing(operation, &stage, &[("if-match", &first)], 412);
        let read = stage.world.get(&stage.ours(""), ROOT);
        assert_eq!((read.etag(), read.json()["name"].as_str()), (second.as_str(), Some("changed")), "{}", read.text);
    }
}

#[test]
fn retried_deletion_deletes_nothing_more() {
    let deletions = lost(|operation| operation.name().starts_with("DELETE"));
    assert_eq!(deletions.len(), 14);
    for (operation, stage) in deletions {
        changes_nothing(operation, &stage, &[], if operation.face == "litegraph" { 200 } else { 404 });
    }
}

#[test]
fn retried_rotation_or_revocation_step_is_applied_once() {
    let steps = lost(|operation| operation.name().contains("{credential}/r") && operation.with == With::Nothing);
    assert_eq!(steps.len(), 5);
    for (operation, stage) in steps {
        let status = if operation.name().contains("rotate") { 409 } else { 200 };
        changes_nothing(operation, &stage, &[], status);
    }
}

/// The new secret is lost: the old one is valid, and the rotation is cancelled and started again.
#[test]
fn rotation_whose_secret_was_lost_can_be_cancelled_and_restarted() {
    let rotate = |operation: &Operation| operation.name().ends_with("/rotate");
    let (operation, stage) = lost(rotate).remove(0);
    let active = |token: &str| {
        let verified = stage.world.call("POST", "/v1/verify", ROOT, &json!({ "token": token }));
        verified.json()["active"] == true
    };
    assert!(active(&stage.token));
    stage.world.call("POST", &stage.ours("/rotate/cancel"), ROOT, &json!(null)).expect(200);
    let rotated = stage.run(operation, &[]).reply.expect(200);
    assert!(active(&stage.token) && active(&text(&rotated.json(), "secret")));
}
