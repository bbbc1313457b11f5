//! Tests of the checker: it accepts every correct recording and detects each fault injected into one.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::check::{Entry, What, check};
use super::load::{Mix, Tenant};
use super::model::{Answer, Credential, Event, Kind, Op, step};
use super::random::Random;
use support::face::Face;

/// The recording of a correct server, into which a test may inject a fault.
struct Recording {
    states: Vec<(String, Option<Credential>)>,
    ops: Vec<Op>,
    events: Vec<Entry>,
    admin: String,
}

impl Recording {
    fn new(admin: &str) -> Self {
        let mut recording = Self { states: Vec::new(), ops: Vec::new(), events: Vec::new(), admin: admin.to_owned() };
        let event = Event { action: "created", secret: None, revision: 1, changes: json!({}), widened: false };
        recording.record("of-the-admin", admin, event);
        recording
    }

    fn record(&mut self, request: &str, id: &str, event: Event) {
        let (seq, by, noun) = (self.events.len() as u64 + 1, self.admin.clone(), "credential".to_owned());
        self.events.push(Entry { seq, request: request.to_owned(), noun, id: id.to_owned(), by, event });
    }

    /// Executes the operation now and sets its answer.
    fn answer(&mut self, op: &mut Op) {
        let id = op.target.clone().expect("a credential");
        let made = format!("secret{}", self.ops.len());
        if matches!(op.kind, Kind::Create(..) | Kind::Rotate(_)) {
            let body = json!({ "secret": format!("pstn_{made}_") });
            op.answer = Some(Answer { status: 0, etag: None, body });
        }
        let at = self.states.iter().position(|(known, _)| *known == id).unwrap_or_else(|| {
            self.states.push((id.clone(), None));
            self.states.len() - 1
        });
        let done = step(self.states[at].1.as_ref(), op, Some(&made));
        for event in done.events {
            self.record(&op.requests[0], &id, event);
        }
        self.states[at].1 = done.state;
        op.answer = Some(done.answer);
    }

    /// Records an operation on the only credential, from its call to its return.
    fn call(&mut self, kind: Kind, invoked: u64, returned: u64) {
        let (requests, target) = (vec![format!("request-{}", self.ops.len())], Some("id".to_owned()));
        let mut op = Op { requests, target, kind, if_match: None, invoked, returned, answer: None };
        self.answer(&mut op);
        self.ops.push(op);
    }

    /// Removes events, and renumbers the rest.
    fn remove_events(&mut self, which: impl Fn(&Entry) -> bool) {
        self.events.retain(|entry| !which(entry));
        self.number();
    }

    fn number(&mut self) {
        for (seq, entry) in (1..).zip(&mut self.events) {
            entry.seq = seq;
        }
    }

    fn found(&self) -> Vec<What> {
        check(&self.ops, &self.events, &self.admin).into_iter().map(|(what, _)| what).collect()
    }
}

/// Random operations, each executed at an instant between its call and its return, which are at most `wide` apart.
fn random(seed: u64, wide: usize) -> Recording {
    let mut random = Random::of(seed, 0);
    let tenant = Tenant::imagined(&mut random, 2);
    let mut recording = Recording::new(&tenant.admin);
    for number in 0..300 {
        let mut op = tenant.plan(&mut random, Mix::Everything);
        let instant = 1_000 + number * 10;
        (op.invoked, op.returned) = (instant - random.below(wide + 1) as u64, instant + random.below(wide + 1) as u64);
        // Half of the operations without an answer are executed.
        let lost = wide > 0 && random.percent(5);
        if !lost || random.percent(50) {
            recording.answer(&mut op);
        }
        if lost {
            (op.answer, op.returned) = (None, u64::MAX);
        }
        tenant.note(op.clone());
        recording.ops.push(op);
    }
    recording
}

const SEEDS: u64 = 24;

#[test]
fn correct_concurrent_histories_are_accepted() {
    let (mut actions, mut statuses) = (BTreeSet::new(), BTreeSet::new());
    for (seed, wide) in (0..SEEDS).zip([0, 15, 100].into_iter().cycle()) {
        let recording = random(seed, wide);
        assert_eq!(check(&recording.ops, &recording.events, &recording.admin), [], "{seed}, {wide}");
        actions.extend(recording.events.iter().map(|entry| entry.event.action));
        statuses.extend(recording.ops.iter().filter_map(|op| Some(op.answer.as_ref()?.status)));
    }
    // The recording is not trivial: it has events of each kind, and errors.
    let all = ["created", "deleted", "secret_created", "secret_ended", "secret_updated", "updated"];
    assert_eq!((Vec::from_iter(actions), Vec::from_iter(statuses)), (all.into(), vec![200, 204, 401, 404, 409, 412]));
}

/// Injects a fault into recordings; `fault` returns whether it found a place for it. Each fault must be detected, in
/// many cases.
fn assert_detected(wide: usize, fault: impl Fn(&mut Recording, &mut Random) -> bool) {
    let mut made = 0;
    for seed in 0..SEEDS {
        let (mut recording, mut random) = (random(seed, wide), Random::of(seed, 1));
        if fault(&mut recording, &mut random) {
            assert_ne!(recording.found(), [], "{seed}");
            made += 1;
        }
    }
    assert!(made > SEEDS / 2, "{made}");
}

#[test]
fn missing_event_is_detected() {
    assert_detected(50, |recording, random| {
        let at = 1 + random.below(recording.events.len() - 1);
        recording.events.remove(at);
        true
    });
    // Also if no later event shows the gap: an event of the only credential, half of a change.
    assert_detected(50, |recording, random| {
        let at = 1 + random.below(recording.events.len() - 1);
        recording.events.remove(at);
        recording.number();
        true
    });
}

#[test]
fn duplicate_event_is_detected() {
    assert_detected(50, |recording, random| {
        let at = 1 + random.below(recording.events.len() - 1);
        recording.events.insert(at, recording.events[at].clone());
        recording.number();
        true
    });
}

#[test]
fn event_with_wrong_contents_is_detected() {
    assert_detected(50, |recording, random| {
        let at = 1 + random.below(recording.events.len() - 1);
        let entry = &mut recording.events[at];
        match random.below(4) {
            0 => entry.event.revision += 1,
            1 => entry.event.widened = !entry.event.widened,
            2 => entry.by = "console".to_owned(),
            _ => {
                let first = entry.event.changes.as_object_mut().and_then(|changes| changes.values_mut().next());
                first.expect("a change")["before"] = json!("another");
            }
        }
        true
    });
}

#[test]
fn lost_update_is_detected() {
    // The change was acknowledged, and then the next one wrote what it had read before.
    assert_detected(0, |recording, _| {
        let changes: Vec<_> =
            recording.events.iter().filter(|entry| entry.event.action == "updated").cloned().collect();
        let Some(lost) = changes.iter().rev().find(|entry| entry.event.changes.get("name").is_some()) else {
            return false;
        };
        recording.remove_events(|entry| entry.request == lost.request);
        true
    });
    // The very last change: only its own answer shows it.
    let mut recording = Recording::new("admin");
    made(&mut recording);
    recording.call(Kind::Change(Face::Keycard, [("name", json!("b"))].into()), 20, 30);
    assert_eq!(recording.found(), []);
    recording.remove_events(|entry| entry.event.action == "updated");
    assert_eq!(recording.found(), [What::Lost]);
    // A deletion that had no effect.
    let mut recording = Recording::new("admin");
    made(&mut recording);
    recording.call(Kind::Delete(Face::Postern), 20, 30);
    recording.remove_events(|entry| entry.request == "request-1");
    assert_eq!(recording.found(), [What::Lost]);
}

#[test]
fn stale_read_is_detected() {
    assert_detected(0, |recording, random| {
        let reads = |op: &Op| matches!(op.kind, Kind::Read(_) | Kind::ReadBy(_));
        let shown = |op: &Op| reads(op) && op.answer.as_ref().is_some_and(|answer| answer.status == 200);
        let all: Vec<_> = (0..recording.ops.len()).filter(|at| shown(&recording.ops[*at])).collect();
        let of = |at: usize| (recording.ops[at].target.clone(), recording.ops[at].answer.clone());
        let older_than = |late: usize| {
            let (target, now) = of(late);
            let is_older = |early: &&usize| {
                let (other, answer) = of(**early);
                target == other && answer.map(|answer| answer.etag) != now.as_ref().map(|now| now.etag.clone())
            };
            all.iter().take_while(|early| **early < late).find(is_older).map(|early| (late, of(*early).1))
        };
        let from = all.len() / 2 + random.below(all.len() / 2);
        let Some((late, answer)) = all[from..].iter().find_map(|late| older_than(*late)) else { return false };
        recording.ops[late].answer = answer;
        true
    });
}

/// Creates a credential; returns the token of its only secret.
fn made(recording: &mut Recording) -> String {
    let fields = [("principal", json!("account")), ("name", json!("a")), ("token", json!("t"))];
    recording.call(Kind::Create(Face::LiteGraph, fields.into()), 0, 10);
    "t".to_owned()
}

#[test]
fn stale_acceptance_of_a_secret_is_detected() {
    let ends = [
        Kind::Revoke(None),
        Kind::Delete(Face::Coactive),
        Kind::Rotate(0),
        Kind::Change(Face::Postern, [("enabled", json!(false))].into()),
        Kind::Change(Face::LiteGraph, [("enabled", json!(true)), ("token", json!("another"))].into()),
    ];
    for end in ends {
        // A verification called after the end of the secret must fail; a concurrent one may succeed.
        for (invoked, found) in [(31, vec![What::StaleYes]), (29, vec![])] {
            let mut recording = Recording::new("admin");
            let token = made(&mut recording);
            recording.call(Kind::Verify(token.clone()), 11, 12);
            let yes = recording.ops[1].answer.clone();
            recording.call(end.clone(), 20, 30);
            recording.call(Kind::Verify(token), invoked, 40);
            assert_eq!(recording.found(), [], "{end:?}");
            recording.ops[3].answer = yes;
            assert_eq!(recording.found(), found, "{end:?}");
        }
    }
}

#[test]
fn non_monotonic_reads_are_detected() {
    // Two reads during a change: the first sees it, and the second does not.
    let mut recording = Recording::new("admin");
    made(&mut recording);
    recording.call(Kind::Read(Face::Postern), 35, 40);
    recording.call(Kind::Change(Face::Keycard, [("name", json!("b"))].into()), 20, 100);
    recording.call(Kind::Read(Face::Postern), 45, 50);
    assert_eq!(recording.found(), []);
    let old = recording.ops[1].answer.clone();
    recording.ops[1].answer = recording.ops[3].answer.clone();
    recording.ops[3].answer = old;
    assert_eq!(recording.found(), [What::Unexplained]);
    // Correct if the reads overlap.
    recording.ops[3].invoked = 39;
    assert_eq!(recording.found(), []);
}

#[test]
fn history_that_contradicts_real_time_is_detected() {
    let mut recording = Recording::new("admin");
    made(&mut recording);
    recording.call(Kind::Change(Face::Keycard, [("name", json!("b"))].into()), 50, 60);
    recording.call(Kind::Change(Face::Keycard, [("name", json!("c"))].into()), 55, 70);
    assert_eq!(recording.found(), []);
    (recording.ops[2].invoked, recording.ops[2].returned) = (20, 30);
    assert_eq!(recording.found(), [What::History]);
}

#[test]
fn partially_applied_change_is_detected() {
    let halves = ["secret_created", "secret_ended", "updated"];
    for half in halves {
        let mut recording = Recording::new("admin");
        made(&mut recording);
        let fields = [("name", json!("b")), ("enabled", json!(true)), ("token", json!("other"))];
        recording.call(Kind::Change(Face::LiteGraph, fields.into()), 20, 30);
        // Whether its answer arrived or not.
        (recording.ops[1].answer, recording.ops[1].returned) = (None, u64::MAX);
        assert_eq!(recording.found(), []);
        recording.remove_events(|entry| entry.request == "request-1" && entry.event.action == half);
        assert_eq!(recording.found(), [What::History], "{half}");
    }
}

#[test]
fn duplicate_creation_under_one_idempotency_key_is_detected() {
    let mut recording = Recording::new("admin");
    made(&mut recording);
    recording.ops[0].requests.push("again".to_owned());
    assert_eq!(recording.found(), []);
    for entry in recording.events.clone().iter().filter(|entry| entry.request == "request-0") {
        recording.record("again", "another", entry.event.clone());
    }
    assert_eq!(recording.found().first(), Some(&What::History));
}

#[test]
fn reused_id_is_detected() {
    let mut recording = Recording::new("admin");
    made(&mut recording);
    recording.call(Kind::Delete(Face::Postern), 20, 30);
    let again = Kind::Create(Face::LiteGraph, [("principal", json!("account")), ("name", json!("b"))].into());
    recording.call(again.clone(), 40, 50);
    assert_eq!(recording.ops[2].answer.as_ref().map(|answer| answer.status), Some(409));
    assert_eq!(recording.found(), []);
    // As if the credential had not existed before.
    recording.states.clear();
    recording.call(again, 60, 70);
    assert_eq!(recording.found(), [What::History]);
}

#[test]
fn unrequested_change_is_detected() {
    let mut recording = Recording::new("admin");
    made(&mut recording);
    let event = recording.events[1].event.clone();
    recording.record("of-nobody", "id", event);
    assert_eq!(recording.found(), [What::History]);
    // A rejected request that had an effect.
    let mut recording = Recording::new("admin");
    made(&mut recording);
    recording.call(Kind::Change(Face::Keycard, [("name", json!("b"))].into()), 20, 30);
    recording.ops[1].answer = Some(Answer { status: 412, etag: None, body: Value::Null });
    assert_eq!(recording.found(), [What::Unexplained]);
}
