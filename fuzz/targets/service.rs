//! The whole service: a sequence of requests, and invariants of every response.
#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use postern::answer::Answer;
use postern::caller::Caller;
use postern::credential::field::{Noun, Verb};
use postern::credential::id::Id;
use postern::credential::time::Micros;
use postern::face::Face;
use postern::operation::Handler;
use postern::refusal::Refusal;
use postern::request::{DEPTH_MAX, JSON, Method};
use postern::route::{self, Found, Operation};
use postern_fuzz::independent::faults;
use postern_fuzz::scene::{Outcome, Scene, request};
use postern_fuzz::script::{self, Step};
use postern_fuzz::{List, ROOT, check_shape, mutate};
use serde_json::Value;

thread_local!(static SCENE: Scene = Scene::new());

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate::write(data, size, max_size, |bytes| mutate::requests(bytes, seed))
        .unwrap_or_else(|| libfuzzer_sys::fuzzer_mutate(data, size, max_size))
});

fuzz_target!(|data: &[u8]| SCENE.with(|scene| {
    scene.reset();
    let mut owners = BTreeSet::new();
    let mut is_changed = false;
    for step in script::read(data) {
        let (step, used) = step.filled(&scene.names.borrow());
        owners.extend(used.iter().filter_map(|name| secret_of(name)));
        pass(scene, &step);
        let other_before = if is_changed { 0 } else { scene.count(OTHER) };
        let outcome = scene.send(&step);
        check_format(&step, &outcome.answer);
        assert_eq!(outcome.log, None, "a request was logged as a failure");
        if let Some(instead) = &outcome.instead {
            assert!(matches!(outcome.answer.status, 401 | 409) && instead.status == 429);
            check_format(&step, instead);
        }
        check_cost(scene, &step, &outcome);
        check_secrets(scene, &owners, &outcome, is_changed);
        if !is_changed {
            // Nothing was changed before, so the rights of each caller are known.
            let calls = |names: &[&str]| names.iter().any(|name| owners.contains(*name));
            let may_write = calls(&["root", "admin", "full", "retiring", "editor", "other"]);
            assert!(may_write || outcome.cost.rows_written == 0, "a caller without the right wrote: {owners:?}");
            assert!(calls(&["root", "other"]) || scene.count(OTHER) == other_before, "another tenant: {owners:?}");
        }
        is_changed |= outcome.cost.rows_written > 0;
        name(scene, &outcome);
    }
    if is_changed {
        assert_eq!(scene.count(WRONG), 0, "the tables are inconsistent");
    }
}));

const OTHER: &str = "SELECT count(*) FROM events WHERE tenant = '00000000000000000000000001'";

/// Rows that contradict derived data, or that a deletion left behind.
const WRONG: &str = "SELECT
    (SELECT count(*) FROM tenants AS t WHERE t.credentials <> (SELECT count(*) FROM credentials AS c WHERE c.tenant = t.id))
  + (SELECT count(*) FROM credentials AS c WHERE NOT EXISTS
      (SELECT 1 FROM credentials_by_name AS n WHERE n.tenant = c.tenant AND n.name = c.name AND n.id = c.id))
  + (SELECT count(*) FROM credentials AS c WHERE NOT EXISTS
      (SELECT 1 FROM credentials_of_principal AS p
       WHERE p.tenant = c.tenant AND p.principal = c.principal AND p.created_at = c.created_at AND p.id = c.id))
  + (SELECT abs((SELECT count(*) FROM credentials) - (SELECT count(*) FROM credentials_by_name)))
  + (SELECT abs((SELECT count(*) FROM credentials) - (SELECT count(*) FROM credentials_of_principal)))
  + (SELECT count(*) FROM credentials WHERE ending) + (SELECT count(*) FROM secrets WHERE ending)
  + (SELECT count(*) FROM principals WHERE ending) + (SELECT count(*) FROM tenants WHERE ending)
  + (SELECT count(*) FROM credentials AS c WHERE NOT EXISTS
      (SELECT 1 FROM events AS e WHERE e.tenant = c.tenant AND e.seq = c.event AND e.noun = 'credential' AND e.id = c.id))
  + (SELECT count(*) FROM pragma_foreign_key_check)";

/// The owner of the secret that a name refers to; none for an id.
fn secret_of(name: &str) -> Option<String> {
    let (owner, what) = name.split_once('.').unwrap_or((name, ""));
    let is_secret = matches!(what, "" | "basic" | "access" | "secret");
    let ids = ["acme", "account", "zero", "nothing", "cred", "made", "etag", "cursor"];
    (is_secret && !ids.contains(&name)).then(|| owner.to_owned())
}

/// Advances the clock if a request says so.
fn pass(scene: &Scene, step: &Step) {
    let later = step.headers.iter().find(|(name, _)| name == "later").and_then(|(_, value)| value.parse::<u32>().ok());
    scene.now.set(scene.now.get() + i64::from(later.unwrap_or_default()) * 1_000_000);
}

/// Status, headers and body of a response have the form of the face.
fn check_format(step: &Step, answer: &Answer) {
    assert!(answer.status < 500, "{}: {}", answer.status, answer.body);
    for (name, value) in &answer.headers {
        assert!(value.bytes().all(|byte| (32..=126).contains(&byte)), "{name}: {value:?}");
    }
    let header =
        |wanted: &str| answer.headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.as_str());
    assert_eq!(header("cache-control"), Some("no-store, no-transform"));
    assert!(header("x-request-id").is_some());
    let challenges = header("www-authenticate").is_some();
    assert!(if challenges { matches!(answer.status, 401 | 403) } else { answer.status != 401 }, "{}", answer.status);
    let Found { face, route } = route::find(Method::from_name(&step.method), &step.path);
    let deletes =
        route.as_ref().is_ok_and(|found| matches!(found.route.operation, Operation::Delete(_) | Operation::DeleteAll));
    if answer.body.is_empty() {
        assert!(matches!(answer.status, 204 | 304) || deletes && answer.status == 200, "{}", answer.status);
        return;
    }
    assert!(!matches!(answer.status, 204 | 304), "{}", answer.status);
    let body: Value = serde_json::from_str(&answer.body).expect("JSON");
    if body.is_object() {
        assert!(faults(answer.body.as_bytes(), DEPTH_MAX, usize::MAX).is_empty(), "a duplicate member");
    }
    assert_eq!(header("content-type"), Some(if answer.status < 400 { JSON } else { face.error_type }));
    let Some(of) = face_name(face) else { panic!("an unknown face") };
    if answer.status >= 400 {
        let is_text = |value: &Value| value.is_string();
        let fits = match of {
            "coactive" => {
                let item = |item: &Value| item["loc"].is_array() && is_text(&item["msg"]) && is_text(&item["type"]);
                is_text(&body["detail"]) || body["detail"].as_array().is_some_and(|items| items.iter().all(item))
            }
            "oauth" => is_text(&body["error"]) && is_text(&body["error_description"]),
            "postern" => body["status"] == answer.status && is_text(&body["code"]) && is_text(&body["title"]),
            "litegraph" => body["StatusCode"] == answer.status && check_shape("litegraph-error", &answer.body).is_ok(),
            _ => body["status"] == answer.status && check_shape("keycard-error", &answer.body).is_ok(),
        };
        assert!(fits, "{of}: {}", answer.body);
        return;
    }
    let Some(shape) = route.ok().and_then(|found| shape(of, found.route.operation)) else { return };
    if !step.query.contains("expand") {
        check_shape(shape, &answer.body).unwrap_or_else(|wrong| panic!("{shape}: {wrong}: {}", answer.body));
    }
}

/// The name of a face, by the format of its errors.
fn face_name(face: &Face) -> Option<&'static str> {
    let refused: Value = serde_json::from_str(&(face.render_error)(&Refusal::NoRoute).body).ok()?;
    let kinds = [
        ("type", "postern"),
        ("detail", "coactive"),
        ("Error", "litegraph"),
        ("message", "keycard"),
        ("error", "oauth"),
    ];
    kinds.into_iter().find(|(member, _)| refused.get(member).is_some()).map(|(_, face)| face)
}

fn shape(face: &str, operation: Operation) -> Option<&'static str> {
    Some(match (face, operation) {
        ("coactive", Operation::Read(_) | Operation::Write(..)) => "coactive-client",
        ("coactive", Operation::List(..)) => "coactive-list",
        ("coactive", Operation::Delete(_)) => "null",
        (_, Operation::LogIn(_)) => "oauth-token",
        (
            "litegraph",
            Operation::Read(Noun::Credential) | Operation::Write(Noun::Credential, _) | Operation::FindByToken,
        ) => "litegraph-credential",
        ("litegraph", Operation::List(Noun::Credential, _)) => "litegraph-list",
        ("litegraph", Operation::Page(Noun::Credential, _)) => "litegraph-enumeration",
        ("keycard", Operation::Read(Noun::Tenant) | Operation::Write(Noun::Tenant, _)) => "keycard-organization",
        ("keycard", Operation::Read(Noun::Principal) | Operation::Write(Noun::Principal, _)) => "keycard-account",
        ("keycard", Operation::Write(Noun::Credential, Verb::Create)) => "keycard-created",
        ("keycard", Operation::Read(Noun::Credential) | Operation::Write(Noun::Credential, _)) => "keycard-credential",
        ("keycard", Operation::Page(Noun::Credential, _)) => "keycard-list",
        _ => return None,
    })
}

/// At most one trip, none for garbage, and no write where nothing may change.
fn check_cost(scene: &Scene, step: &Step, outcome: &Outcome) {
    let Outcome { answer, cost, .. } = outcome;
    let headers = List(&step.headers);
    let request = request(step, &headers);
    let Found { face, route } = route::find(request.method, request.path);
    assert!(cost.trips <= 1, "{} trips", cost.trips);
    let may_be_dry = route.as_ref().is_ok_and(|found| found.route.dry_run.is_some());
    let is_dry = may_be_dry && request.query_value(&["dry_run"]).is_some_and(|dry| dry == "true");
    let reads = request.method == Method::Get || is_dry;
    if answer.status >= 400 || reads {
        assert_eq!(cost.rows_written, 0, "{} {}", answer.status, answer.body);
    }
    let now = Micros(scene.now.get());
    let mut caller = Caller::read(&headers, face.token_header, &scene.settings, now);
    if let (true, Ok(form)) = (face.is_oauth, request.form()) {
        caller = Caller::oauth(&form, &headers, &scene.settings, caller);
    }
    let is_garbage = match route.map(|found| found.route.operation) {
        Err(_) | Ok(Operation::Metadata(_) | Operation::Alive(_)) => true,
        // It needs no caller.
        Ok(Operation::Ready(_)) => false,
        Ok(Operation::LogIn(Handler(read))) => read(&request, &scene.settings).is_err(),
        Ok(Operation::Write(_, verb)) => {
            let bare = verb == Verb::Revoke && !request.has_body();
            caller.is_err() || !bare && face.object(&request, verb).is_err()
        }
        Ok(_) => caller.is_err(),
    };
    if is_garbage {
        assert_eq!(cost.trips, 0, "garbage: {} {}", answer.status, answer.body);
    }
}

/// No response has a secret of the scene that its caller may not know.
fn check_secrets(scene: &Scene, owners: &BTreeSet<String>, outcome: &Outcome, is_changed: bool) {
    let sent = |name: &str| owners.contains(name);
    let shown = |secret: &str| {
        outcome.answer.body.contains(secret) || outcome.answer.headers.iter().any(|(_, value)| value.contains(secret))
    };
    assert!(sent("root") || !shown(ROOT), "the root token");
    if is_changed {
        return;
    }
    let names = scene.names.borrow();
    for secret_name in
        ["admin", "editor", "viewer", "full", "retiring", "retired", "revoked", "disabled", "other", "cred.secret"]
    {
        let admins: &[&str] =
            if secret_name == "other" { &["root", "other"] } else { &["root", "admin", "full", "retiring"] };
        let owner = secret_name.split('.').next().unwrap_or_default();
        let may_know = sent(owner) || admins.iter().any(|name| sent(name));
        assert!(may_know || !shown(&names[secret_name]), "the secret of {secret_name}");
    }
}

/// Names the values that the next request may refer to.
fn name(scene: &Scene, outcome: &Outcome) {
    if let Some((_, etag)) = outcome.answer.headers.iter().find(|(name, _)| *name == "etag") {
        scene.name("etag", etag);
    }
    let Ok(body) = serde_json::from_str::<Value>(&outcome.answer.body) else { return };
    let text = |names: &[&str]| names.iter().find_map(|name| body[name].as_str()).filter(|text| !text.is_empty());
    if let Some(secret) = text(&["secret", "client_secret", "BearerToken", "access_token"]) {
        scene.name("made.secret", secret);
    }
    let id = |text: &str| Id::parse_either(text).or_else(|| Id::parse_client(text));
    if let Some(id) = text(&["id", "client_id", "GUID"]).and_then(id) {
        scene.name_id("made", id);
    }
    if let Some(cursor) = text(&["next", "ContinuationToken"]).or_else(|| body["page_info"]["end_cursor"].as_str()) {
        scene.name("cursor", cursor);
    }
}
