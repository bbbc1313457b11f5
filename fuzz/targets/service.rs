//! The whole service: some requests, one after another, and what no answer may be.
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
use postern_fuzz::scene::{Came, Scene, request};
use postern_fuzz::script::{self, Step};
use postern_fuzz::{List, ROOT, check_shape, mutate};
use serde_json::Value;

thread_local!(static SCENE: Scene = Scene::new());

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate::write(data, size, max_size, |bytes| mutate::requests(bytes, seed))
        .unwrap_or_else(|| libfuzzer_sys::fuzzer_mutate(data, size, max_size))
});

fuzz_target!(|data: &[u8]| SCENE.with(|scene| {
    scene.again();
    let mut said = BTreeSet::new();
    let mut is_changed = false;
    for step in script::read(data) {
        let (step, used) = step.filled(&scene.names.borrow());
        said.extend(used.iter().filter_map(|name| secret_of(name)));
        pass(scene, &step);
        let other_before = if is_changed { 0 } else { scene.count(OTHER) };
        let came = scene.send(&step);
        told(&step, &came.answer);
        assert_eq!(came.log, None, "nothing that is sent is logged as a failure");
        if let Some(instead) = &came.instead {
            assert!(matches!(came.answer.status, 401 | 409) && instead.status == 429);
            told(&step, instead);
        }
        asked(scene, &step, &came);
        kept_secret(scene, &said, &came, is_changed);
        if !is_changed {
            // Nothing was changed before: what may be done is known.
            let calls = |names: &[&str]| names.iter().any(|name| said.contains(*name));
            let may_write = calls(&["root", "admin", "full", "retiring", "editor", "other"]);
            assert!(may_write || came.cost.rows_written == 0, "someone wrote who may not: {said:?}");
            assert!(calls(&["root", "other"]) || scene.count(OTHER) == other_before, "another tenant: {said:?}");
        }
        is_changed |= came.cost.rows_written > 0;
        name(scene, &came);
    }
    if is_changed {
        assert_eq!(scene.count(WRONG), 0, "the tables do not agree with each other");
    }
}));

const OTHER: &str = "SELECT count(*) FROM events WHERE tenant = '00000000000000000000000001'";

/// Rows that what is kept beside them does not agree with, or that a deletion left behind.
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

/// Whose secret a name puts in; none, for an id.
fn secret_of(name: &str) -> Option<String> {
    let (whose, what) = name.split_once('.').unwrap_or((name, ""));
    let is_secret = matches!(what, "" | "basic" | "access" | "secret");
    let ids = ["acme", "account", "zero", "nothing", "cred", "made", "etag", "cursor"];
    (is_secret && !ids.contains(&name)).then(|| whose.to_owned())
}

/// Lets time pass, where a request says so.
fn pass(scene: &Scene, step: &Step) {
    let later = step.headers.iter().find(|(name, _)| name == "later").and_then(|(_, value)| value.parse::<u32>().ok());
    scene.now.set(scene.now.get() + i64::from(later.unwrap_or_default()) * 1_000_000);
}

/// Status, headers and body of an answer are what a client of its face reads.
fn told(step: &Step, answer: &Answer) {
    assert!(answer.status < 500, "{}: {}", answer.status, answer.body);
    for (name, value) in &answer.headers {
        assert!(value.bytes().all(|byte| (32..=126).contains(&byte)), "{name}: {value:?}");
    }
    let header =
        |wanted: &str| answer.headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.as_str());
    assert_eq!(header("cache-control"), Some("no-store, no-transform"));
    assert!(header("x-request-id").is_some());
    assert_eq!(answer.status == 401, header("www-authenticate").is_some());
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
        assert!(faults(answer.body.as_bytes(), DEPTH_MAX, usize::MAX).is_empty(), "no member twice");
    }
    assert_eq!(header("content-type"), Some(if answer.status < 400 { JSON } else { face.error_type }));
    let Some(of) = whose(face) else { panic!("a face of no kind") };
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

/// Which face this is, by how it words a refusal.
fn whose(face: &Face) -> Option<&'static str> {
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

/// What the database was asked: once at most, not at all for garbage; and it wrote nothing where nothing was to change.
fn asked(scene: &Scene, step: &Step, came: &Came) {
    let Came { answer, cost, .. } = came;
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
        Err(_) | Ok(Operation::Metadata(_)) => true,
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

/// No answer has a secret of the scene that its caller may not know.
fn kept_secret(scene: &Scene, said: &BTreeSet<String>, came: &Came, is_changed: bool) {
    let said = |name: &str| said.contains(name);
    let shown = |secret: &str| {
        came.answer.body.contains(secret) || came.answer.headers.iter().any(|(_, value)| value.contains(secret))
    };
    assert!(said("root") || !shown(ROOT), "the root token");
    if is_changed {
        return;
    }
    let names = scene.names.borrow();
    for whose in
        ["admin", "editor", "viewer", "full", "retiring", "retired", "revoked", "disabled", "other", "cred.secret"]
    {
        let admins: &[&str] =
            if whose == "other" { &["root", "other"] } else { &["root", "admin", "full", "retiring"] };
        let whose_own = whose.split('.').next().unwrap_or_default();
        let may_know = said(whose_own) || admins.iter().any(|name| said(name));
        assert!(may_know || !shown(&names[whose]), "the secret of {whose}");
    }
}

/// Gives names to what the next request may be about.
fn name(scene: &Scene, came: &Came) {
    if let Some((_, etag)) = came.answer.headers.iter().find(|(name, _)| *name == "etag") {
        scene.name("etag", etag);
    }
    let Ok(body) = serde_json::from_str::<Value>(&came.answer.body) else { return };
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
