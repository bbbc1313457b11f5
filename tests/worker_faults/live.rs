//! Database failures in the Worker: each message of D1 is reported, retried and logged as `src/store/fault.rs` defines.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use support::client::{Call, Reply, TOKEN, call, get};
use support::face::Face::{self, Keycard, LiteGraph, Postern};
use support::http::{given, server};
use support::tenant::{Own, Subject, Tenant, post_by_root, text};

const UNREACHED: &str = "Cannot resolve D1 DB due to transient issue on remote node.";
const OVERLOADED: &str = "D1 DB is overloaded. Too many requests queued.";
const LOST: &str = "Network connection lost.";
const TIMEOUT: &str = "D1 DB storage operation exceeded timeout which caused object to be reset.";

/// Sends a request while the database fails with these faults.
fn send(call: Call, faults: &Value) -> Reply {
    call.header("x-fault-for-tests", faults.to_string()).attempt(server()).expect("a response")
}

/// Expects 503 after this many trips. With `unknown`, the change may have been made.
#[track_caller]
fn is_503(reply: &Reply, face: Face, unknown: bool, trips: u64) {
    assert_eq!((reply.status, reply.cost.trips, reply.header("retry-after")), (503, trips, Some("1")), "{reply:?}");
    let words = face.of(["change is unknown", "change is unknown", "change is unknown", "outcome_unknown"]);
    assert_eq!(reply.text.contains(words), unknown, "{reply:?}");
    assert_eq!(reply.header("x-should-retry"), (face == Keycard && unknown).then_some("false"), "{reply:?}");
}

/// A tenant with a credential that is reachable on every face.
struct Scene {
    tenant: Tenant<'static>,
    subject: Subject,
}

impl Scene {
    fn new() -> Self {
        let tenant = Tenant::new(server());
        let subject = tenant.subject();
        Self { tenant, subject }
    }

    fn read(&self, face: Face, faults: &Value) -> Reply {
        send(get(self.tenant.one(face, self.subject.id)).token(&self.tenant.admin), faults)
    }

    fn rename(&self, face: Face, name: &str, faults: &Value) -> Reply {
        send(self.tenant.update(face, self.subject.id).json(&self.tenant.naming(face, name)), faults)
    }

    /// The credential's name and revision, read without faults.
    fn state(&self) -> (String, u64) {
        let reply = self.tenant.read(Postern, self.subject.id);
        (text(&reply.json()["name"]), reply.revision())
    }

    fn create(&self, key: &str, body: &Value, faults: &Value) -> Reply {
        let call = call("POST", self.tenant.all(Postern)).token(&self.tenant.admin);
        send(call.header("idempotency-key", key).json(body), faults)
    }

    fn count(&self) -> usize {
        get(self.tenant.all(Postern)).token(&self.tenant.admin).send(server()).expect(200).items().len()
    }
}

#[test]
fn batch_that_never_reached_the_database_is_retried_once() {
    let scene = Scene::new();
    for (number, face) in Face::ALL.into_iter().enumerate() {
        let revision = scene.state().1;
        let read = scene.read(face, &json!([{ "before": UNREACHED }]));
        assert_eq!((read.status, read.cost.trips), (200, 2), "{read:?}");
        let name = format!("unreached {number}");
        let written = scene.rename(face, &name, &json!([{ "before": UNREACHED }]));
        assert_eq!((written.status, written.cost.trips), (200, 2), "{written:?}");
        assert_eq!(scene.state(), (name.clone(), revision + 1), "written once");
        let twice = json!([{ "before": UNREACHED }, { "before": UNREACHED }]);
        is_503(&scene.read(face, &twice), face, false, 2);
        is_503(&scene.rename(face, "never", &twice), face, false, 2);
        assert_eq!(scene.state(), (name, revision + 1));
    }
}

#[test]
fn lost_read_is_retried_and_lost_write_is_reported_as_unknown() {
    let scene = Scene::new();
    for (number, face) in Face::ALL.into_iter().enumerate() {
        let (before, revision) = scene.state();
        for lost in [json!([{ "before": LOST }]), json!([{ "after": LOST }])] {
            let read = scene.read(face, &lost);
            assert_eq!((read.status, read.cost.trips), (200, 2), "{read:?}");
            assert!(read.text.contains(&before), "{read:?}");
        }
        is_503(&scene.read(face, &json!([{ "after": LOST }, { "after": LOST }])), face, false, 2);
        is_503(&scene.rename(face, "never", &json!([{ "before": LOST }])), face, true, 1);
        assert_eq!(scene.state(), (before, revision), "nothing");
        let name = format!("lost {number}");
        for times in ["first", "sent again"] {
            is_503(&scene.rename(face, &name, &json!([{ "after": LOST }])), face, true, 1);
            assert_eq!(scene.state(), (name.clone(), revision + 1), "the whole change: {times}");
        }
    }
}

#[test]
fn overload_and_timeout_are_not_retried() {
    let scene = Scene::new();
    let (name, revision) = scene.state();
    for face in Face::ALL {
        for (message, unknown) in [(OVERLOADED, false), (TIMEOUT, true)] {
            is_503(&scene.read(face, &json!([{ "before": message }])), face, false, 1);
            is_503(&scene.rename(face, "never", &json!([{ "before": message }])), face, unknown, 1);
        }
        assert_eq!(scene.state(), (name.clone(), revision));
        // A bug in Postern has no Retry-After.
        let broken = scene.rename(face, "never", &json!([{ "before": "no such table: x: SQLITE_ERROR" }]));
        assert_eq!((broken.status, broken.cost.trips, broken.header("retry-after")), (500, 1, None), "{broken:?}");
    }
    let after = scene.rename(Postern, "there", &json!([{ "after": TIMEOUT }]));
    is_503(&after, Postern, true, 1);
    assert_eq!(scene.state(), ("there".to_owned(), revision + 1));
}

#[test]
fn retry_under_the_same_key_returns_the_lost_response() {
    let scene = Scene::new();
    let body = json!({ "name": "once", "roles": [{ "role_id": "viewer" }] });
    let before = scene.count();
    is_503(&scene.create("k", &body, &json!([{ "after": LOST }])), Postern, true, 1);
    assert_eq!(scene.count(), before + 1);
    let answers = [(); 2].map(|()| {
        let reply = scene.create("k", &body, &json!([]));
        assert_eq!((reply.status, reply.cost.trips), (201, 1), "{reply:?}");
        reply.json()
    });
    assert_eq!(answers[0], answers[1]);
    assert_eq!(scene.tenant.verify(&text(&answers[0]["secret"])).json()["active"], true);
    assert_eq!(scene.count(), before + 1, "made once");
}

#[test]
fn retry_with_if_match_is_rejected_if_the_write_was_applied() {
    let scene = Scene::new();
    let Own { path, .. } = &scene.tenant.own(json!({}));
    let tag = get(path.as_str()).token(&scene.tenant.admin).send(server()).expect(200).etag().to_owned();
    let patch = call("PATCH", path).token(&scene.tenant.admin).header("if-match", tag);
    let patch = patch.json(&json!({ "name": "renamed" }));
    is_503(&send(patch.clone(), &json!([{ "after": LOST }])), Postern, true, 1);
    assert_eq!(send(patch, &json!([])).status, 412);
    assert_eq!(get(path.as_str()).token(&scene.tenant.admin).send(server()).expect(200).revision(), 2);
}

/// `POSTERN_DATABASE_WAIT_MS` is 2000 here, so undelayed requests do not time out on a busy machine.
#[test]
fn batch_past_the_timeout_is_503_and_may_be_applied_later() {
    let scene = Scene::new();
    let (name, revision) = scene.state();
    for face in Face::ALL {
        is_503(&scene.read(face, &json!([{ "slow": 6000 }])), face, false, 1);
    }
    // A delay below the timeout has no effect.
    assert_eq!(scene.read(Postern, &json!([{ "slow": 50 }])).status, 200);
    let slow = scene.rename(Postern, "later", &json!([{ "slow": 6000 }]));
    is_503(&slow, Postern, true, 1);
    assert_eq!(scene.state(), (name, revision), "not yet");
    let later = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        scene.state() == ("later".to_owned(), revision + 1)
    });
    assert!(later, "{:?}", scene.state());
}

#[test]
fn requests_concurrent_with_a_slow_one_are_answered() {
    let scene = Scene::new();
    let over = AtomicBool::new(false);
    let beside = std::thread::scope(|scope| {
        let slow = scope.spawn(|| {
            let reply = scene.read(Postern, &json!([{ "slow": 9000 }]));
            over.store(true, Ordering::SeqCst);
            reply
        });
        let mut answered = 0;
        while !over.load(Ordering::SeqCst) {
            assert_eq!(scene.read(Postern, &json!([])).status, 200);
            scene.tenant.read(Keycard, scene.subject.id);
            answered += usize::from(!over.load(Ordering::SeqCst));
        }
        is_503(&slow.join().expect("an answer"), Postern, false, 1);
        answered
    });
    assert!(beside > 0, "none was answered before the slow one was");
}

#[test]
fn failing_database_never_yields_active_or_an_access_token() {
    let scene = Scene::new();
    let own = scene.tenant.own(json!({}));
    let by_admin = |path: &str| call("POST", path).token(&scene.tenant.admin);
    let log_in = format!("grant_type=client_credentials&client_id={}&client_secret={}", own.id.client(), own.secret);
    for (request, member) in [
        (by_admin("/v1/verify").json(&json!({ "token": own.secret })), "active"),
        (by_admin("/oauth/introspect").form(&format!("token={}", own.secret)), "active"),
        (call("POST", TOKEN).form(&log_in), "access_token"),
    ] {
        let send = |faults: &Value| send(request.clone(), faults);
        let yes =
            |reply: &Reply| reply.status == 200 && !matches!(reply.json()[member], Value::Null | Value::Bool(false));
        assert!(yes(&send(&json!([]))), "{member}");
        for message in [OVERLOADED, LOST, TIMEOUT, UNREACHED] {
            for moment in ["before", "after"] {
                // Both tries never ran, or both did.
                let reply = send(&json!([{ moment: message }, { moment: message }]));
                assert_eq!((reply.status, reply.header("retry-after")), (503, Some("1")), "{reply:?}");
                assert_eq!(reply.json().get(member), None, "{reply:?}");
            }
        }
        assert!(yes(&send(&json!([{ "after": LOST }]))), "retried: {member}");
    }
}

/// The time of the last use is written after the response. If that fails, the next use is recorded.
#[test]
fn failed_deferred_write_does_not_affect_the_response() {
    let scene = Scene::new();
    let Own { path, secret, .. } = &scene.tenant.own(json!({}));
    let used =
        || get(path.as_str()).token(&scene.tenant.admin).send(server()).expect(200).json()["last_used_at"].clone();
    let read = |faults: &Value| send(get(path.as_str()).token(secret), faults);
    for message in [LOST, OVERLOADED, "no such table: x"] {
        let reply = read(&json!([null, { "before": message }]));
        assert_eq!((reply.status, reply.cost.trips), (200, 1), "{reply:?}");
        std::thread::sleep(Duration::from_millis(100));
        assert_eq!(used(), Value::Null, "{message}");
    }
    assert_eq!(read(&json!([])).status, 200);
    let recorded = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        used() != Value::Null
    });
    assert!(recorded, "a later use is recorded");
}

#[test]
fn every_fault_is_logged_with_its_request_id_and_no_secret() {
    let scene = Scene::new();
    let reply = [
        scene.read(Postern, &json!([{ "before": LOST }])),
        scene.rename(LiteGraph, "logged", &json!([{ "after": TIMEOUT }])),
        scene.rename(Keycard, "logged", &json!([{ "before": "near \"x\": syntax error: SQLITE_ERROR" }])),
        scene.read(Keycard, &json!([{ "slow": 6000 }])),
    ];
    let messages = [LOST, TIMEOUT, "near \"x\": syntax error: SQLITE_ERROR", "no answer of the database in time"];
    for (reply, message) in reply.iter().zip(messages) {
        let line = format!("request {}: ", reply.header("x-request-id").expect("an id"));
        let log = || std::fs::read_to_string(given("POSTERN_LOG")).expect("the log");
        let logged = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(20));
            log().lines().any(|logged| logged.contains(&line) && logged.contains(message))
        });
        assert!(logged, "not in the log: {line}{message}");
        for secret in [&scene.tenant.admin, &scene.subject.secret] {
            assert!(!log().contains(secret.as_str()), "a secret in the log");
        }
    }
}

/// Thirty concurrent requests that each fail, then thirty without faults.
#[test]
fn service_recovers_after_all_faults() {
    let scene = Scene::new();
    let faults: Vec<_> = (0..30)
        .map(|number| match number % 5 {
            0 => json!([{ "before": LOST }, { "before": LOST }]),
            1 => json!([{ "after": TIMEOUT }]),
            2 => json!([{ "slow": 6000 }]),
            3 => json!([{ "before": OVERLOADED }]),
            _ => json!([{ "before": "no such table: x" }]),
        })
        .collect();
    let statuses = support::http::at_once(faults, |faults| scene.read(Postern, &faults).status);
    assert!(statuses.iter().all(|status| [500, 503].contains(status)), "{statuses:?}");
    for number in 0..30 {
        let name = format!("after {number}");
        let reply = scene.rename(Postern, &name, &json!([]));
        assert_eq!((reply.status, reply.cost.trips), (200, 1), "{reply:?}");
        assert_eq!(scene.state().0, name);
    }
    let made = post_by_root(server(), "/organizations", &json!({ "name": "after all" })).expect(201);
    assert_eq!(made.cost.trips, 1);
}
