//! What a panic does: to its own request, to those beside it, and to those after it. `make test` serves a Worker that is
//! built with the feature `panic-for-tests` and runs this target alone (plain `cargo test` skips it).
//!
//! What happens beside it is a matter of who is where at that instant: it is counted and printed, not pinned.

use std::sync::{Barrier, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use ureq::{Agent, Body, http};

/// The header that makes such a build panic, once the answer is made and before it is given.
const PANICS: (&str, &str) = ("x-panic-for-tests", "please");
const THIRTY: usize = 30;

struct Server {
    url: String,
    token: String,
    agent: Agent,
}

/// One test at a time: the panics of one would be beside the requests of the other.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Server {
    fn new() -> Self {
        let given = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `make test`"));
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(30))) // a request that is never answered fails the test
            .max_idle_connections(0);
        Self { url: given("POSTERN_URL"), token: given("POSTERN_ROOT_TOKEN"), agent: config.build().new_agent() }
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> http::Response<Body> {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("authorization", format!("Bearer {}", self.token));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = match body {
            Value::Null => self.agent.run(request.body(()).expect("a request")),
            body => {
                let request = request.header("content-type", "application/json");
                self.agent.run(request.body(body.to_string()).expect("a request"))
            }
        };
        answer.unwrap_or_else(|error| panic!("{method} {path} was never answered: {error}"))
    }

    fn made(&self, path: &str, body: &Value) -> Value {
        let mut answer = self.send("POST", path, &[], body);
        let text = answer.body_mut().read_to_string().expect("text");
        assert_eq!(answer.status(), 201, "{text}");
        serde_json::from_str(&text).expect("JSON")
    }

    /// The path of a new credential.
    fn credential(&self) -> String {
        let organizations = "/organizations";
        let organization = &self.made(organizations, &json!({ "name": "Panics" }))["label"];
        let accounts = format!("{organizations}/{}/service-accounts", organization.as_str().expect("a label"));
        let account = &self.made(&accounts, &json!({ "name": "account" }))["id"];
        let credentials = format!("{accounts}/{}/credentials", account.as_str().expect("an id"));
        let credential = &self.made(&credentials, &json!({ "name": "before", "description": "kept" }))["id"];
        format!("{credentials}/{}", credential.as_str().expect("an id"))
    }

    fn name(&self, credential: &str) -> String {
        let mut answer = self.send("GET", credential, &[], &Value::Null);
        let text = answer.body_mut().read_to_string().expect("text");
        assert_eq!(answer.status(), 200, "{text}");
        serde_json::from_str::<Value>(&text).expect("JSON")["name"].as_str().expect("a name").to_owned()
    }

    /// Every request after a panic is answered.
    fn goes_on(&self, credential: &str) {
        for number in 0..THIRTY {
            let name = format!("after {number}");
            assert_eq!(self.send("PATCH", credential, &[], &json!({ "name": name })).status(), 200, "{name}");
            assert_eq!(self.name(credential), name);
        }
    }
}

/// One at a time: only the request that panics fails, at whichever point of its way that is.
#[test]
fn a_panic_fails_its_own_request_and_none_after_it() {
    let _alone = alone();
    let server = Server::new();
    let credential = server.credential();
    // Before anything was waited for; after the database has answered a read.
    for path in ["/no/such/route", credential.as_str()] {
        let mut answer = server.send("GET", path, &[PANICS], &Value::Null);
        assert_eq!(answer.status(), 500);
        // The runtime's own words, in no face's shape, and none of ours.
        let text = answer.body_mut().read_to_string().expect("text");
        assert!(serde_json::from_str::<Value>(&text).is_err() && !text.contains("asked for"), "{text}");
        server.goes_on(&credential);
    }
    // After the database has written. What was written stays written, though the client got a 500.
    assert_eq!(server.send("PATCH", &credential, &[PANICS], &json!({ "name": "written" })).status(), 500);
    assert_eq!(server.name(&credential), "written");
    server.goes_on(&credential);
}

/// Thirty beside it: each is answered, or fails as the one that panics does; and whatever comes after them is answered.
#[test]
#[expect(clippy::print_stdout, reason = "`make test` shows the line in its summary")]
fn a_panic_may_fail_those_beside_it_and_none_after_it() {
    let _alone = alone();
    let server = Server::new();
    let credential = server.credential();
    let mut failed = Vec::new();
    for _ in 0..5 {
        let start = Barrier::new(THIRTY + 1);
        let send = |headers: &[(&str, &str)]| {
            start.wait();
            server.send("GET", &credential, headers, &Value::Null).status().as_u16()
        };
        let (own, beside) = std::thread::scope(|scope| {
            let beside: Vec<_> = (0..THIRTY).map(|_| scope.spawn(|| send(&[]))).collect();
            let own = send(&[PANICS]);
            (own, beside.into_iter().map(|one| one.join().expect("an answer")).collect::<Vec<_>>())
        });
        assert_eq!(own, 500);
        assert!(beside.iter().all(|status| [200, 500].contains(status)), "{beside:?}");
        failed.push(beside.iter().filter(|status| **status == 500).count());
        server.goes_on(&credential);
    }
    println!("beside a panic: of {THIRTY} requests at once, {failed:?} failed in {} rounds", failed.len());
}
