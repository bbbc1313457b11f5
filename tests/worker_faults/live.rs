//! The seam in the Worker: what D1 says, and when, is told, tried again and logged as `src/store/fault.rs` has it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use ureq::http::{self, HeaderMap};
use ureq::{Agent, Body};

use support::client::{TOKEN, get};
use support::face::Face::{self, Keycard, LiteGraph, Postern};
use support::http::server;
use support::tenant::{Own, Subject, Tenant, post_by_root, text};

const UNREACHED: &str = "Cannot resolve D1 DB due to transient issue on remote node.";
const OVERLOADED: &str = "D1 DB is overloaded. Too many requests queued.";
const LOST: &str = "Network connection lost.";
const TIMEOUT: &str = "D1 DB storage operation exceeded timeout which caused object to be reset.";

/// A request that says how the database fails meanwhile. The one of `worker::server` knows no 503.
struct Failing<'a> {
    method: &'static str,
    path: &'a str,
    token: Option<&'a str>,
    headers: &'a [(&'a str, &'a str)],
    body: &'a Value,
}

/// What it was answered.
#[derive(Debug)]
struct Told {
    status: u16,
    headers: HeaderMap,
    text: String,
}

fn given(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: `make test` starts a Worker and runs this"))
}

impl Failing<'_> {
    fn send(&self, faults: &Value) -> Told {
        let config = Agent::config_builder().http_status_as_error(false).max_idle_connections(0);
        let mut request = http::Request::builder()
            .method(self.method)
            .uri(format!("{}{}", given("POSTERN_URL"), self.path))
            .header("x-fault-for-tests", faults.to_string());
        if let Some(token) = self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in self.headers {
            request = request.header(*name, *value);
        }
        let agent = config.build().new_agent();
        let answer = match self.body {
            Value::Null => agent.run(request.body(()).expect("a request")),
            // A form.
            Value::String(form) => {
                let request = request.header("content-type", "application/x-www-form-urlencoded");
                agent.run(request.body(form.as_str()).expect("a request"))
            }
            body => {
                let request = request.header("content-type", "application/json");
                agent.run(request.body(body.to_string()).expect("a request"))
            }
        };
        let mut answer: http::Response<Body> =
            answer.unwrap_or_else(|error| panic!("{} {} was never answered: {error}", self.method, self.path));
        let text = answer.body_mut().read_to_string().expect("text");
        Told { status: answer.status().as_u16(), headers: answer.headers().clone(), text }
    }
}

impl Told {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("ASCII"))
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// Round trips to the database.
    fn trips(&self) -> u64 {
        let timing = self.header("server-timing").expect("Server-Timing");
        let trips = timing.split_once("trips=").and_then(|(_, rest)| rest.split_once(' '));
        trips.and_then(|(trips, _)| trips.parse().ok()).unwrap_or_else(|| panic!("no trips: {timing}"))
    }

    /// 503, after so many trips. `unknown`: it may have been done.
    #[track_caller]
    fn is_503(&self, face: Face, unknown: bool, trips: u64) {
        assert_eq!((self.status, self.trips(), self.header("retry-after")), (503, trips, Some("1")), "{self:?}");
        let told = match face {
            Face::Coactive => "made, or not",
            Postern => "outcome_unknown",
            LiteGraph | Keycard => "did not say whether",
        };
        assert_eq!(self.text.contains(told), unknown, "{self:?}");
        assert_eq!(self.header("x-should-retry"), (face == Keycard && unknown).then_some("false"), "{self:?}");
    }
}

/// A tenant, and in it a credential that every face reaches.
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

    fn read(&self, face: Face, faults: &Value) -> Told {
        let path = self.tenant.one(face, self.subject.id);
        Failing { method: "GET", path: &path, token: Some(&self.tenant.admin), headers: &[], body: &Value::Null }
            .send(faults)
    }

    fn rename(&self, face: Face, name: &str, faults: &Value) -> Told {
        let (path, body) = (self.tenant.one(face, self.subject.id), self.tenant.naming(face, name));
        Failing { method: face.update(), path: &path, token: Some(&self.tenant.admin), headers: &[], body: &body }
            .send(faults)
    }

    /// Its name and revision, from a database that does not fail.
    fn state(&self) -> (String, u64) {
        let reply = self.tenant.read(Postern, self.subject.id);
        (text(&reply.json()["name"]), reply.revision())
    }

    fn create(&self, key: &str, body: &Value, faults: &Value) -> Told {
        let path = self.tenant.all(Postern);
        let headers = [("idempotency-key", key)];
        Failing { method: "POST", path: &path, token: Some(&self.tenant.admin), headers: &headers, body }.send(faults)
    }

    fn count(&self) -> usize {
        get(self.tenant.all(Postern)).token(&self.tenant.admin).send(server()).expect(200).items().len()
    }
}

#[test]
fn what_did_not_reach_the_database_is_asked_once_more() {
    let scene = Scene::new();
    for (number, face) in Face::ALL.into_iter().enumerate() {
        let revision = scene.state().1;
        let read = scene.read(face, &json!([{ "before": UNREACHED }]));
        assert_eq!((read.status, read.trips()), (200, 2), "{read:?}");
        let name = format!("unreached {number}");
        let written = scene.rename(face, &name, &json!([{ "before": UNREACHED }]));
        assert_eq!((written.status, written.trips()), (200, 2), "{written:?}");
        assert_eq!(scene.state(), (name.clone(), revision + 1), "written once");
        let twice = json!([{ "before": UNREACHED }, { "before": UNREACHED }]);
        scene.read(face, &twice).is_503(face, false, 2);
        scene.rename(face, "never", &twice).is_503(face, false, 2);
        assert_eq!(scene.state(), (name, revision + 1));
    }
}

#[test]
fn what_was_lost_is_asked_once_more_if_it_reads_and_told_as_unknown_if_it_writes() {
    let scene = Scene::new();
    for (number, face) in Face::ALL.into_iter().enumerate() {
        let (before, revision) = scene.state();
        for lost in [json!([{ "before": LOST }]), json!([{ "after": LOST }])] {
            let read = scene.read(face, &lost);
            assert_eq!((read.status, read.trips()), (200, 2), "{read:?}");
            assert!(read.text.contains(&before), "{read:?}");
        }
        scene.read(face, &json!([{ "after": LOST }, { "after": LOST }])).is_503(face, false, 2);
        scene.rename(face, "never", &json!([{ "before": LOST }])).is_503(face, true, 1);
        assert_eq!(scene.state(), (before, revision), "nothing");
        let name = format!("lost {number}");
        for times in ["first", "sent again"] {
            scene.rename(face, &name, &json!([{ "after": LOST }])).is_503(face, true, 1);
            assert_eq!(scene.state(), (name.clone(), revision + 1), "all of it: {times}");
        }
    }
}

#[test]
fn what_the_database_has_no_time_for_is_not_asked_again() {
    let scene = Scene::new();
    let (name, revision) = scene.state();
    for face in Face::ALL {
        for (message, unknown) in [(OVERLOADED, false), (TIMEOUT, true)] {
            scene.read(face, &json!([{ "before": message }])).is_503(face, false, 1);
            scene.rename(face, "never", &json!([{ "before": message }])).is_503(face, unknown, 1);
        }
        assert_eq!(scene.state(), (name.clone(), revision));
        // A bug of ours is no reason to come back.
        let broken = scene.rename(face, "never", &json!([{ "before": "no such table: x: SQLITE_ERROR" }]));
        assert_eq!((broken.status, broken.trips(), broken.header("retry-after")), (500, 1, None), "{broken:?}");
    }
    let after = scene.rename(Postern, "there", &json!([{ "after": TIMEOUT }]));
    after.is_503(Postern, true, 1);
    assert_eq!(scene.state(), ("there".to_owned(), revision + 1));
}

#[test]
fn what_was_made_and_not_told_is_told_to_who_asks_again_under_the_same_key() {
    let scene = Scene::new();
    let body = json!({ "name": "once", "roles": [{ "role_id": "viewer" }] });
    let before = scene.count();
    scene.create("k", &body, &json!([{ "after": LOST }])).is_503(Postern, true, 1);
    assert_eq!(scene.count(), before + 1);
    let answers = [(); 2].map(|()| {
        let told = scene.create("k", &body, &json!([]));
        assert_eq!((told.status, told.trips()), (201, 1), "{told:?}");
        told.json()
    });
    assert_eq!(answers[0], answers[1]);
    assert_eq!(scene.tenant.verify(&text(&answers[0]["secret"])).json()["active"], true);
    assert_eq!(scene.count(), before + 1, "made once");
}

#[test]
fn a_write_sent_again_with_its_if_match_is_refused_if_it_was_made() {
    let scene = Scene::new();
    let Own { path, .. } = &scene.tenant.own(json!({}));
    let tag = get(path.as_str()).token(&scene.tenant.admin).send(server()).expect(200).etag().to_owned();
    let headers = [("if-match", tag.as_str())];
    let (token, body) = (Some(scene.tenant.admin.as_str()), &json!({ "name": "renamed" }));
    let patch = Failing { method: "PATCH", path, token, headers: &headers, body };
    patch.send(&json!([{ "after": LOST }])).is_503(Postern, true, 1);
    assert_eq!(patch.send(&json!([])).status, 412);
    assert_eq!(get(path.as_str()).token(&scene.tenant.admin).send(server()).expect(200).revision(), 2);
}

/// `POSTERN_DATABASE_WAIT_MS` is 2000 here: what is not slow on purpose keeps within it on a busy machine too.
#[test]
fn what_takes_longer_than_the_wait_is_told_as_unknown_and_may_be_there_later() {
    let scene = Scene::new();
    let (name, revision) = scene.state();
    for face in Face::ALL {
        scene.read(face, &json!([{ "slow": 6000 }])).is_503(face, false, 1);
    }
    // Within it all is well.
    assert_eq!(scene.read(Postern, &json!([{ "slow": 50 }])).status, 200);
    let slow = scene.rename(Postern, "later", &json!([{ "slow": 6000 }]));
    slow.is_503(Postern, true, 1);
    assert_eq!(scene.state(), (name, revision), "not yet");
    let later = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        scene.state() == ("later".to_owned(), revision + 1)
    });
    assert!(later, "{:?}", scene.state());
}

#[test]
fn those_beside_a_slow_one_are_answered() {
    let scene = Scene::new();
    let over = AtomicBool::new(false);
    let beside = std::thread::scope(|scope| {
        let slow = scope.spawn(|| {
            let told = scene.read(Postern, &json!([{ "slow": 9000 }]));
            over.store(true, Ordering::SeqCst);
            told
        });
        let mut answered = 0;
        while !over.load(Ordering::SeqCst) {
            assert_eq!(scene.read(Postern, &json!([])).status, 200);
            scene.tenant.read(Keycard, scene.subject.id);
            answered += usize::from(!over.load(Ordering::SeqCst));
        }
        slow.join().expect("an answer").is_503(Postern, false, 1);
        answered
    });
    assert!(beside > 0, "none was answered before the slow one was");
}

#[test]
fn nobody_is_told_active_or_given_a_token_while_the_database_fails() {
    let scene = Scene::new();
    let own = scene.tenant.own(json!({}));
    let question = json!({ "token": own.secret });
    let form = json!(format!("token={}", own.secret));
    let log_in =
        json!(format!("grant_type=client_credentials&client_id={}&client_secret={}", own.id.client(), own.secret));
    for (path, body, told_well) in
        [("/v1/verify", &question, "active"), ("/oauth/introspect", &form, "active"), (TOKEN, &log_in, "access_token")]
    {
        // The token endpoint takes one way of authentication alone.
        let token = (path != TOKEN).then_some(scene.tenant.admin.as_str());
        let send = |faults: &Value| Failing { method: "POST", path, token, headers: &[], body }.send(faults);
        let yes =
            |told: &Told| told.status == 200 && !matches!(told.json()[told_well], Value::Null | Value::Bool(false));
        assert!(yes(&send(&json!([]))), "{path}");
        for message in [OVERLOADED, LOST, TIMEOUT, UNREACHED] {
            for moment in ["before", "after"] {
                // Two that never ran, or two that did.
                let told = send(&json!([{ moment: message }, { moment: message }]));
                assert_eq!((told.status, told.header("retry-after")), (503, Some("1")), "{told:?}");
                assert_eq!(told.json().get(told_well), None, "{told:?}");
            }
        }
        assert!(yes(&send(&json!([{ "after": LOST }]))), "asked again: {path}");
    }
}

/// When a secret was used last is written after the answer. That may fail: the next use is noted.
#[test]
fn what_fails_after_the_answer_fails_nothing_but_itself() {
    let scene = Scene::new();
    let Own { path, secret, .. } = &scene.tenant.own(json!({}));
    let used =
        || get(path.as_str()).token(&scene.tenant.admin).send(server()).expect(200).json()["last_used_at"].clone();
    let read = Failing { method: "GET", path, token: Some(secret), headers: &[], body: &Value::Null };
    for message in [LOST, OVERLOADED, "no such table: x"] {
        let told = read.send(&json!([null, { "before": message }]));
        assert_eq!((told.status, told.trips()), (200, 1), "{told:?}");
        std::thread::sleep(Duration::from_millis(100));
        assert_eq!(used(), Value::Null, "{message}");
    }
    assert_eq!(read.send(&json!([])).status, 200);
    let noted = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        used() != Value::Null
    });
    assert!(noted, "its use is noted in the end");
}

#[test]
fn each_fault_is_logged_with_the_request_that_it_was_of_and_no_secret() {
    let scene = Scene::new();
    let told = [
        scene.read(Postern, &json!([{ "before": LOST }])),
        scene.rename(LiteGraph, "logged", &json!([{ "after": TIMEOUT }])),
        scene.rename(Keycard, "logged", &json!([{ "before": "near \"x\": syntax error: SQLITE_ERROR" }])),
        scene.read(Keycard, &json!([{ "slow": 6000 }])),
    ];
    let messages = [LOST, TIMEOUT, "near \"x\": syntax error: SQLITE_ERROR", "no answer of the database in time"];
    for (told, message) in told.iter().zip(messages) {
        let line = format!("request {}: ", told.header("x-request-id").expect("an id"));
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

/// Thirty that fail at once, each in its way, and then thirty that do not.
#[test]
fn after_all_faults_it_answers_as_ever() {
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
        let told = scene.rename(Postern, &name, &json!([]));
        assert_eq!((told.status, told.trips()), (200, 1), "{told:?}");
        assert_eq!(scene.state().0, name);
    }
    let made = post_by_root(server(), "/organizations", &json!({ "name": "after all" })).expect(201);
    assert_eq!(made.cost.trips, 1);
}
