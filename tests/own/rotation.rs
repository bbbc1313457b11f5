//! Rotation: random steps compared with a model of which secret is valid when, and deadlines to the microsecond. The
//! steps themselves are tested in `tests/both/rotation.rs`.

use postern::credential::time::Micros;
use proptest::prelude::*;
use serde_json::{Value, json};
use support::client::{call, get};
use support::face::Face::LiteGraph;
use support::tenant::{Own, read_id, text};

use crate::stage::*;

/// A secret in the model.
struct Known {
    value: String,
    /// The time until which the secret is valid: none has no deadline, and a time in the past is expired.
    until: Option<i64>,
}

#[derive(Clone, Debug)]
enum Step {
    Start(i64),
    Finish,
    Cancel,
    Pass(i64),
    /// LiteGraph's PUT with a BearerToken chosen by the client.
    Put,
    /// Sets the credential's expiry to so many seconds from now, or removes it.
    End(Option<i64>),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => prop_oneof![Just(0), Just(1), 1..200i64].prop_map(Step::Start),
        2 => Just(Step::Finish),
        2 => Just(Step::Cancel),
        3 => (1..150i64).prop_map(Step::Pass),
        1 => Just(Step::Put),
        1 => proptest::option::of(20..400i64).prop_map(Step::End),
    ];
    proptest::collection::vec(step, 1..14)
}

struct Model {
    /// Oldest first.
    known: Vec<Known>,
    revision: i64,
    /// The credential's expiry.
    end: Option<i64>,
    sealed: bool,
}

impl Model {
    /// The secrets that are valid at a time, unless their credential is not.
    fn living(&self, now: i64) -> Vec<usize> {
        let known = self.known.iter().enumerate();
        known.filter(|(_, one)| one.until.is_none_or(|until| now < until)).map(|(at, _)| at).collect()
    }

    /// Sends a step's request. Checks the error that the model predicts, or applies the step to the model.
    fn step(&mut self, tenant: &Tenant, own: &Own, step: &Step, now: i64) -> Result<(), TestCaseError> {
        let alive = self.living(now);
        let (verb, body, refused) = match step {
            Step::Pass(_) => return Ok(()),
            Step::End(seconds) => {
                let to = seconds.map(|seconds| now + seconds * SECOND);
                self.revision += i64::from(to != self.end);
                self.end = to;
                tenant.send("PATCH", &own.path, &json!({ "expires_at": to.map(time) })).expect(200);
                return Ok(());
            }
            Step::Put => {
                let chosen = format!("own-token-{:020}", self.known.len());
                let body = json!({ "UserGUID": tenant.account.guid(), "Name": "own", "BearerToken": chosen });
                tenant.update(LiteGraph, own.id).json(&body).send(tenant.client).expect(200);
                // Setting a token ends every other secret. The token is sealed, like all tokens of LiteGraph's face.
                for one in &mut self.known {
                    one.until = Some(one.until.map_or(now, |until| until.min(now)));
                }
                self.known.push(Known { value: chosen, until: None });
                (self.sealed, self.revision) = (true, self.revision + 1);
                return Ok(());
            }
            Step::Start(grace) => {
                ("rotate", json!({ "grace_seconds": grace }), (alive.len() > 1).then_some("rotating"))
            }
            Step::Finish => ("rotate/finish", Value::Null, (alive.len() < 2).then_some("not_rotating")),
            Step::Cancel => ("rotate/cancel", Value::Null, (alive.len() < 2).then_some("not_rotating")),
        };
        let reply = tenant.step(own, verb, &body);
        if let Some(code) = refused {
            reply.refused(409, code);
            return Ok(());
        }
        self.revision += 1;
        let shown = reply.expect(200).json();
        prop_assert_eq!(&shown["id"], &json!(own.id), "the id stays");
        prop_assert_eq!(shown.get("secret").is_some(), verb == "rotate", "shown once");
        match step {
            Step::Start(grace) => {
                // Never beyond the credential's expiry.
                let deadline = now + grace * SECOND;
                self.known[alive[0]].until = Some(self.end.map_or(deadline, |end| deadline.min(end)));
                self.known.push(Known { value: text(&shown["secret"]), until: None });
            }
            Step::Finish => self.known[alive[0]].until = Some(now),
            _ => {
                self.known[alive[1]].until = Some(now);
                self.known[alive[0]].until = None;
            }
        }
        Ok(())
    }

    /// Compares the service with the model.
    fn agrees(&self, service: &InProcess, tenant: &Tenant, own: &Own) -> Result<(), TestCaseError> {
        let shown = tenant.look(&own.path);
        prop_assert_eq!(&shown["revision"], &json!(self.revision), "each change adds one");
        let alive = self.living(service.world().now.get());
        prop_assert!(alive.len() <= 2);
        let ends = shown["secrets"].as_array().expect("secrets").iter().map(|secret| secret["expires_at"].clone());
        // A deadline is reported as the earlier of itself and the credential's end, which may have been moved to before it.
        let reported = |until: i64| self.end.map_or(until, |end| end.min(until));
        let expected = alive.iter().map(|at| json!(self.known[*at].until.map(|until| time(reported(until)))));
        prop_assert_eq!(ends.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
        let seen = tenant.read(LiteGraph, own.id).json();
        let newest = alive.last().filter(|_| self.sealed).map_or("", |at| self.known[*at].value.as_str());
        prop_assert_eq!(seen["BearerToken"].as_str(), Some(newest), "{}", seen);
        for (at, one) in self.known.iter().enumerate() {
            let called = tenant.send_by(&one.value, "POST", "/v1/verify", &json!({ "token": one.value }));
            let now = service.world().now.get();
            let holds = one.until.is_none_or(|until| now < until) && self.end.is_none_or(|end| now < end);
            prop_assert_eq!(called.status, if holds { 200 } else { 401 }, "secret {}: {}", at, called.text);
            let date = one.until.filter(|_| holds).map(|until| Micros(reported(until)).to_http_date());
            prop_assert_eq!(called.header("sunset"), date.as_deref(), "{:?}", called);
            prop_assert!(!holds || called.json()["active"] == true);
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 50, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rotation_follows_its_state_machine(sealed in any::<bool>(), steps in steps()) {
        let service = InProcess::new();
        let tenant = Tenant::new(&service);
        let mut own = tenant.own(json!({ "roles": null }));
        if sealed {
            let made = call("PUT", tenant.all(LiteGraph)).token(&tenant.admin).json(&tenant.naming(LiteGraph, "own"));
            let made = made.send(&service).expect(200).json();
            own.id = read_id(&made["GUID"]);
            own.path = tenant.at(&format!("/credentials/{}", own.id));
            own.secret = text(&made["BearerToken"]);
            service.world().patch("credentials", &own.id.to_string(), &json!({ "access": "verify" }));
        }
        let known = vec![Known { value: own.secret.clone(), until: None }];
        let mut model = Model { known, revision: 1, end: None, sealed };
        for step in steps {
            if let Step::Pass(seconds) = step {
                service.world().pass(seconds * SECOND);
            }
            // Each request takes a millisecond, and is checked against the time at its end.
            let now = service.world().now.get() + 1000;
            model.step(&tenant, &own, &step, now)?;
            model.agrees(&service, &tenant, &own)?;
        }
    }
}

#[test]
fn retiring_secret_is_invalid_at_its_deadline() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    let own = tenant.own(json!({}));
    tenant.step(&own, "rotate", &json!({ "grace_seconds": 3600 })).expect(200);
    let since = service.world().now.get();
    let read = || get(&own.path).token(&own.secret).send(&service);
    let set = |now: i64| service.world().now.set(now - 1000);
    set(since + HOUR - 1);
    assert_eq!(read().expect(200).header("sunset"), Some("Sat, 21 Nov 2026 01:00:00 GMT"));
    set(since + HOUR);
    let late = read().refused(401, "unauthenticated");
    assert_eq!(late.header("sunset"), None);
    assert_eq!(tenant.look(&own.path)["secrets"].as_array().map(Vec::len), Some(1));
}

/// `min(now + grace, own expiry)`: no response gives a retiring secret a deadline after the credential's expiry.
#[test]
fn grace_period_ends_no_later_than_the_credential() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    let end = START + HOUR;
    let own = tenant.own(json!({ "expires_at": time(end) }));
    let begun = tenant.step(&own, "rotate", &json!({ "grace_seconds": 2 * 3600 })).expect(200).json();
    assert_eq!(begun["secrets"][0]["expires_at"], time(end));
    let read = get(&own.path).token(&own.secret).send(&service).expect(200);
    assert_eq!(read.header("sunset"), Some("Sat, 21 Nov 2026 01:00:00 GMT"));
    service.world().now.set(end);
    assert!(!tenant.accepts(&own.secret) && !tenant.accepts(&text(&begun["secret"])));
}

#[test]
fn last_use_is_recorded_per_secret() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    let own = tenant.own(json!({}));
    let second = text(&tenant.step(&own, "rotate", &json!({ "grace_seconds": 600 })).expect(200).json()["secret"]);
    let uses = [&own.secret, &second].map(|secret| {
        assert!(tenant.accepts(secret));
        json!(now(&service))
    });
    let secrets = tenant.look(&own.path)["secrets"].clone();
    assert_eq!([0, 1].map(|at| secrets[at]["last_used_at"].clone()), uses);
}

#[test]
fn newest_secret_is_the_last_created_even_if_the_clock_runs_behind() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    let own = tenant.own(json!({}));
    // Another location handles the next request, with a clock three seconds slow.
    service.world().pass(-3 * SECOND);
    let new = text(&tenant.step(&own, "rotate", &json!({ "grace_seconds": 60 })).expect(200).json()["secret"]);
    tenant.step(&own, "rotate/finish", &Value::Null).expect(200);
    assert_eq!((tenant.accepts(&own.secret), tenant.accepts(&new)), (false, true));
    service.world().pass(120 * SECOND);
    assert!(tenant.accepts(&new), "the new secret has no deadline");
}
