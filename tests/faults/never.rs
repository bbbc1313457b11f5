//! A failing database never leads to a positive result from memory, or to a failure of a response that was sent
//! already.

use postern::credential::time::Micros;
use postern::store::Store;
use postern::store::after::{After as Left, write};
use serde_json::json;

use crate::stage::Fails::{After, Before};
use crate::stage::{Faulty, Operation, Stage};
use support::{ROOT, World};

const UNREACHED: &str = "Cannot resolve D1 DB due to transient issue on remote node.";
const LOST: &str = "Network connection lost.";
/// One of each kind.
const MESSAGES: [&str; 5] = [
    UNREACHED,
    LOST,
    "D1 DB is overloaded. Too many requests queued.",
    "no answer of the database in time",
    "no such table: x",
];

#[test]
fn verify_never_reports_active_while_the_database_fails() {
    for verify in ["POST /v1/verify", "POST /oauth/introspect"] {
        let (stage, verify) = (Stage::new(), Operation::named(verify));
        assert_eq!(stage.run(verify, &[]).reply.json()["active"], true);
        stage.world.call("POST", &stage.ours("/revoke"), ROOT, &json!(null)).expect(200);
        for message in MESSAGES {
            for fails in [Before(message), After(message)] {
                let reply = stage.run(verify, &[Some(fails); 2]).reply;
                assert!(reply.status >= 500 && reply.json().get("active").is_none(), "{fails:?}: {}", reply.text);
            }
        }
        // After a retry, the response reflects the current state.
        assert_eq!(stage.run(verify, &[Some(Before(LOST))]).reply.json()["active"], false);
    }
}

/// Nor is a valid caller rejected, or counted as a failed authentication.
#[test]
fn no_caller_is_accepted_or_rejected_while_the_database_fails() {
    let stage = Stage::new();
    let (login, read) = (Operation::named("POST /api/v1/login"), Operation::named("GET /v1/tenants/{tenant}"));
    let form = Operation::named("POST /oauth/token Form");
    for known in [true, false] {
        if !known {
            stage.world.patch_where("credentials", "name = 'admin'", &json!({"enabled": false}));
        }
        for operation in [login, read, form] {
            for message in MESSAGES {
                let ended = stage.run(operation, &[Some(Before(message)); 2]);
                assert!(ended.reply.status >= 500, "{message}: {}", ended.reply.text);
                assert!(ended.failed.is_none() && ended.left.is_none());
            }
            assert_eq!(stage.run(operation, &[]).reply.status, if known { 200 } else { 401 });
        }
    }
}

fn last_used(world: &World) -> i64 {
    world.db.count("SELECT count(*) FROM secrets WHERE last_used_at IS NOT NULL")
}

/// The response is sent before the deferred write. If the write fails, the next use is recorded.
#[test]
fn failed_deferred_write_does_not_affect_the_response() {
    let read = Operation::named("GET /v1/tenants/{tenant}");
    for message in MESSAGES {
        let stage = Stage::new();
        let answered = stage.run(read, &[None, Some(Before(message))]);
        assert_eq!((answered.reply.status, answered.batches, &answered.log), (200, 1, &None));
        let left = answered.left.expect("a use to record");
        let database = Faulty::new(&stage.world.db, &[Some(Before(message)); 2]);
        assert!(pollster::block_on(write(&Store::new(&database), &left)).is_err(), "{message}");
        assert_eq!(database.batches.get(), if message == UNREACHED { 2 } else { 1 }, "{message}");
        assert_eq!(last_used(&stage.world), 0, "{message}");
        let next = stage.run(read, &[]).left.expect("the use is still to be recorded");
        note(&stage, &next);
        assert_eq!(last_used(&stage.world), 1);
        assert!(stage.run(read, &[]).left.is_none(), "once a minute");
    }
}

fn note(stage: &Stage, left: &Left) {
    let database = Faulty::new(&stage.world.db, &[Some(Before(UNREACHED))]);
    pollster::block_on(write(&Store::new(&database), left)).expect("written at the second try");
    assert_eq!(left.now, Micros(stage.world.now.get()));
}
