//! Each operation of each face, with each message of D1: the number of tries, the response, and what is written.

use crate::stage::Fails::{After, Before};
use crate::stage::Kind::{Reads, Writes};
use crate::stage::{Ended, OPERATIONS, Operation, Stage};

/// The meaning of a message. It follows D1's documentation and repeats the table of the code on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Means {
    /// The batch did not reach D1: nothing is done, and any batch may be sent again.
    Unreached,
    /// D1 rejected the batch: nothing is done, and an immediate retry adds to the load.
    Overloaded,
    /// The batch may have been applied; a retry is likely to succeed.
    Lost,
    /// The batch may have been applied; a retry may take as long.
    Unknown,
    /// A bug in Postern: nothing is done.
    Ours,
}

use Means::{Lost, Ours, Overloaded, Unknown, Unreached};

const MESSAGES: [(Means, &str); 19] = [
    (Unreached, "Cannot resolve D1 DB due to transient issue on remote node."),
    (Overloaded, "D1 DB is overloaded. Requests queued for too long."),
    (Overloaded, "D1 DB is overloaded. Too many requests queued."),
    (Lost, "Network connection lost."),
    (Lost, "Internal error in D1 DB storage caused object to be reset."),
    (Lost, "Internal error while starting up D1 DB storage caused object to be reset."),
    (Lost, "D1 DB reset because its code was updated."),
    (Unknown, "D1 DB storage operation exceeded timeout which caused object to be reset."),
    (Unknown, "D1 DB's isolate exceeded its memory limit and was reset."),
    (Unknown, "D1 DB exceeded its CPU time limit and was reset."),
    (Unknown, "Can't read from request stream because client disconnected."),
    (Unknown, "Exceeded maximum DB size."),
    (Unknown, "no answer of the database in time"),
    (Unknown, "a text that nobody has seen"),
    (Ours, "UNIQUE constraint failed: secrets.id: SQLITE_CONSTRAINT"),
    (Ours, "near \"SELEC\": syntax error at offset 0: SQLITE_ERROR"),
    (Ours, "no such table: credentials: SQLITE_ERROR"),
    (Ours, "Wrong number of parameter bindings for SQL query."),
    (Ours, "D1_TYPE_ERROR: Type 'undefined' not supported for value 'undefined'"),
];

const UNREACHED: &str = MESSAGES[0].1;
const OVERLOADED: &str = MESSAGES[1].1;
const LOST: &str = MESSAGES[3].1;
const LATE: &str = MESSAGES[12].1;
const CONSTRAINT: &str = MESSAGES[14].1;

/// How a failed request is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Report {
    /// Nothing was done.
    Unavailable,
    /// All of it was done, or nothing.
    Unknown,
    /// The fault is Postern's.
    Broken,
}

impl Report {
    fn body(self, face: &str) -> &'static str {
        match (face, self) {
            ("coactive", Self::Unavailable) => r#"{"detail":"Service Unavailable: try again"}"#,
            ("coactive", Self::Unknown) => {
                r#"{"detail":"Service Unavailable: the outcome of this change is unknown. Read the client before you send the change again"}"#
            }
            ("coactive", Self::Broken) => r#"{"detail":"Internal Server Error"}"#,
            ("litegraph", Self::Unavailable) => {
                r#"{"Error":"InternalError","Message":"An internal error has been encountered.","StatusCode":503,"Description":"The database is unavailable. Try again."}"#
            }
            ("litegraph", Self::Unknown) => {
                r#"{"Error":"InternalError","Message":"An internal error has been encountered.","StatusCode":503,"Description":"The outcome of this change is unknown. Read the resource before you send the change again."}"#
            }
            ("litegraph", Self::Broken) => {
                r#"{"Error":"InternalError","Message":"An internal error has been encountered.","StatusCode":500}"#
            }
            ("keycard", Self::Unavailable) => {
                r#"{"message":"The database is unavailable. Try again.","code":"unavailable","status":503}"#
            }
            ("keycard", Self::Unknown) => {
                r#"{"message":"The outcome of this change is unknown. Read the resource before you send the change again.","code":"unavailable","status":503}"#
            }
            ("keycard", Self::Broken) => r#"{"message":"Internal error.","code":"internal_error","status":500}"#,
            ("oauth", Self::Broken) => r#"{"error":"server_error","error_description":"Internal error."}"#,
            ("oauth", _) => {
                r#"{"error":"temporarily_unavailable","error_description":"The database is unavailable. Try again."}"#
            }
            ("postern", Self::Unavailable) => {
                r#"{"type":"urn:postern:problem:unavailable","title":"The database is unavailable","status":503,"code":"unavailable","detail":"Nothing was changed. Try again."}"#
            }
            ("postern", Self::Unknown) => {
                r#"{"type":"urn:postern:problem:outcome_unknown","title":"The outcome of this change is unknown","status":503,"code":"outcome_unknown","detail":"The change was made completely or not at all; a deletion of many, perhaps in part. Send it again with the same If-Match or Idempotency-Key, or read the resource first."}"#
            }
            ("postern", Self::Broken) => {
                r#"{"type":"urn:postern:problem:internal","title":"Internal error","status":500,"code":"internal","detail":"The error was logged. Report the X-Request-Id of this response to the operator."}"#
            }
            (face, report) => panic!("{report:?} on {face}?"),
        }
    }
}

/// The request failed, with an error in the face's format and a line in the log.
#[track_caller]
fn is_reported(stage: &Stage, operation: &Operation, ended: &Ended, report: Report, message: &str, batches: u64) {
    let what = format!("{} {}, {message}: {}", operation.face, operation.name(), ended.reply.text);
    let reply = &ended.reply;
    assert_eq!(ended.batches, batches, "{what}");
    assert_eq!(reply.text, report.body(operation.face), "{what}");
    assert_eq!(reply.status, if report == Report::Broken { 500 } else { 503 }, "{what}");
    assert_eq!(reply.header("retry-after"), (report != Report::Broken).then_some("1"), "{what}");
    // Keycard's client retries a 503 by itself, which is wrong in this case only: it sends no Idempotency-Key.
    let alone = operation.face == "keycard" && report == Report::Unknown;
    assert_eq!(reply.header("x-should-retry"), alone.then_some("false"), "{what}");
    assert_eq!(reply.header("etag"), None, "{what}");
    assert!(ended.failed.is_none(), "not counted as a failed authentication: {what}");
    is_logged(stage, ended, message);
}

/// The log line has the request id and the database's message, and no secret.
#[track_caller]
fn is_logged(stage: &Stage, ended: &Ended, message: &str) {
    let log = ended.log.as_deref().expect("a line of the log");
    let id = ended.reply.header("x-request-id").expect("the request's id");
    assert!(log.starts_with(&format!("request {id}: ")) && log.ends_with(&format!("D1_ERROR: {message}")), "{log}");
    stage.holds_no_secret(log);
}

/// The stage and the result of an operation without failures.
fn unfailing(operation: &Operation) -> (Stage, Ended) {
    let stage = Stage::set_for(operation);
    let before = stage.world.stored_but_last_use();
    let ended = stage.run(operation, &[]);
    let what = format!("{} {}: {}", operation.face, operation.name(), ended.reply.text);
    assert!((200..300).contains(&ended.reply.status), "{what}");
    assert_eq!((ended.batches, ended.log.as_deref(), ended.failed.is_none()), (1, None, true), "{what}");
    assert_eq!(stage.world.stored_but_last_use() != before, operation.kind == Writes, "{what}");
    (stage, ended)
}

#[test]
fn batch_that_never_ran_writes_nothing_and_is_reported_by_its_message() {
    for operation in &*OPERATIONS {
        let stage = Stage::set_for(operation);
        let before = stage.world.stored_but_last_use();
        for (means, message) in MESSAGES {
            let ended = stage.run(operation, &[Some(Before(message)); 3]);
            let (report, batches) = match (means, operation.kind) {
                (Unreached, _) | (Lost, Reads) => (Report::Unavailable, 2),
                (Overloaded, _) | (Unknown, Reads) => (Report::Unavailable, 1),
                (Lost | Unknown, Writes) => (Report::Unknown, 1),
                (Ours, _) => (Report::Broken, 1),
            };
            is_reported(&stage, operation, &ended, report, message, batches);
            assert!(ended.left.is_none(), "no use to record of an unauthenticated caller: {}", operation.name());
            assert_eq!(stage.world.stored_but_last_use(), before, "{}: {message}", operation.name());
        }
    }
}

#[test]
fn write_with_a_lost_response_is_applied_once_and_reported_as_unknown() {
    for operation in OPERATIONS.iter().filter(|operation| operation.kind == Writes) {
        let written = unfailing(operation).0.world.stored_but_last_use();
        for message in [LOST, LATE] {
            let stage = Stage::set_for(operation);
            let ended = stage.run(operation, &[Some(After(message))]);
            is_reported(&stage, operation, &ended, Report::Unknown, message, 1);
            assert_eq!(stage.world.stored_but_last_use(), written, "{}: {message}", operation.name());
        }
    }
}

#[test]
fn read_with_a_lost_response_is_reported_as_unavailable() {
    for operation in OPERATIONS.iter().filter(|operation| operation.kind == Reads) {
        let stage = Stage::set_for(operation);
        for (means, message) in MESSAGES.into_iter().filter(|(means, _)| matches!(means, Lost | Unknown)) {
            let ended = stage.run(operation, &[Some(After(message)); 3]);
            is_reported(&stage, operation, &ended, Report::Unavailable, message, if means == Lost { 2 } else { 1 });
        }
    }
}

/// One more try than without failures: the response is the same to the byte, and so is what is stored.
#[test]
fn retried_batch_has_the_response_and_writes_of_an_undisturbed_one() {
    for operation in &*OPERATIONS {
        let (twin, expected) = unfailing(operation);
        let cases = [(Before(UNREACHED), UNREACHED), (Before(LOST), LOST), (After(LOST), LOST)];
        for (fails, message) in cases.into_iter().take(if operation.kind == Reads { 3 } else { 1 }) {
            let stage = Stage::set_for(operation);
            let ended = stage.run(operation, &[Some(fails)]);
            let what = format!("{} {}: {fails:?}", operation.face, operation.name());
            assert_eq!(ended.batches, 2, "{what}");
            assert_eq!(ended.reply.status, expected.reply.status, "{what}: {}", ended.reply.text);
            assert_eq!(ended.reply.text, expected.reply.text, "{what}");
            let headers = |ended: &Ended| {
                let headers = ended.reply.headers.iter().filter(|(name, _)| *name != "server-timing");
                headers.cloned().collect::<Vec<_>>()
            };
            assert_eq!(headers(&ended), headers(&expected), "{what}");
            assert_eq!(stage.world.stored_but_last_use(), twin.world.stored_but_last_use(), "{what}");
            assert_eq!(ended.left.is_some(), expected.left.is_some(), "{what}");
            is_logged(&stage, &ended, message);
        }
    }
}

/// The result of the second try counts, and there is no third.
#[test]
fn batch_that_fails_twice_is_reported_by_its_second_failure() {
    for operation in &*OPERATIONS {
        let (first, unknown) = match operation.kind {
            Reads => (Some(Before(LOST)), Report::Unavailable),
            Writes => (Some(Before(UNREACHED)), Report::Unknown),
        };
        // The first request of its stage, so that a second stage shows what is written.
        let stage = Stage::set_for(operation);
        let ended = stage.run(operation, &[first, Some(After(LOST))]);
        is_reported(&stage, operation, &ended, unknown, LOST, 2);
        let written = unfailing(operation).0.world.stored_but_last_use();
        assert_eq!(stage.world.stored_but_last_use(), written, "{}", operation.name());

        let stage = Stage::set_for(operation);
        let before = stage.world.stored_but_last_use();
        for (message, report) in [(OVERLOADED, Report::Unavailable), (CONSTRAINT, Report::Broken), (LOST, unknown)] {
            let ended = stage.run(operation, &[first, Some(Before(message))]);
            is_reported(&stage, operation, &ended, report, message, 2);
            assert_eq!(stage.world.stored_but_last_use(), before, "{}: {message}", operation.name());
        }
    }
}

/// A list of more than a thousand items takes a trip per thousand; each trip may be retried.
#[test]
fn list_continues_after_one_of_its_batches_is_retried() {
    let list = Operation::named("GET /api/v1/auth-management/clients");
    let (stage, twin) = (Stage::new(), Stage::new());
    for stage in [&stage, &twin] {
        stage.world.many_credentials(support::ACME, support::ACME, 1..2400);
    }
    let expected = twin.run(list, &[]);
    assert_eq!((expected.batches, expected.reply.status), (3, 200));
    let ended = stage.run(list, &[None, Some(After(LOST)), None, Some(Before(UNREACHED))]);
    assert_eq!((ended.batches, ended.reply.status), (5, 200), "{}", ended.log.unwrap_or_default());
    assert_eq!(ended.reply.text, expected.reply.text);
    // A partial list is never returned.
    let ended = stage.run(list, &[None, Some(Before(OVERLOADED))]);
    is_reported(&stage, list, &ended, Report::Unavailable, OVERLOADED, 2);
}
