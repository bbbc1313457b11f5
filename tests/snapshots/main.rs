//! Every kind of answer of every face, whole: status, headers and body, as `snapshots/` has them. An answer that is
//! another, or that has no snapshot, fails; `INSTA_UPDATE=always cargo test --test snapshots` writes them anew.

mod listed;
mod parents;
mod redacted;
mod refused;
mod rotating;
mod shown;
mod stage;
mod verified;
mod violations;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use postern::credential::field::{Kind, Rule};
use postern::refusal::{Conflict, Noun, Refusal, Unreadable};
use postern::request::Method;
use postern::route::{Operation, ROUTES, Route, find};
use redacted::{Redacted, assert_no_secret};
use serde_json::Value;
use stage::{SCENES, Stage};
use support::refusals::{refusals, rules_of_our_own_face};
use support::text;

const FACES: [&str; 5] = ["coactive", "litegraph", "keycard", "oauth", "postern"];

/// What an answer can be about. A face that has no such answer has no snapshot of it.
fn situations() -> Vec<&'static str> {
    SCENES.iter().flat_map(stage::Scene::situations).collect()
}

/// The situation that shows a refusal. A new one says here which that is; a scene has it.
fn situation_of(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Misconfigured(_) => "misconfigured",
        Refusal::NoRoute => "no route",
        Refusal::MethodNotAllowed { .. } => "another method",
        Refusal::MediaType => "another media type",
        Refusal::TooLarge => "too large",
        Refusal::Unreadable(Unreadable::NotUtf8) => "not UTF-8",
        Refusal::Unreadable(Unreadable::NotJson { .. }) => "not JSON",
        Refusal::Unreadable(Unreadable::TooDeep) => "too deep",
        Refusal::Unreadable(Unreadable::TooManyValues) => "too many values",
        Refusal::Unreadable(Unreadable::DuplicateMember) => "member twice",
        Refusal::Unreadable(Unreadable::NotAnObject) => "no object",
        Refusal::Unreadable(Unreadable::ClientRequestId) => "client request id",
        Refusal::Unreadable(Unreadable::IdempotencyKey) => "idempotency key",
        Refusal::Unreadable(Unreadable::TooManyTags(_)) => "too many ETags",
        Refusal::Unreadable(Unreadable::Parameters(_)) => "bad query",
        Refusal::Unreadable(Unreadable::UnknownParameter(_)) => "unknown parameter",
        Refusal::Unreadable(Unreadable::GrantType) => "another grant",
        Refusal::Unreadable(Unreadable::Scope) => "another scope",
        Refusal::Unreadable(Unreadable::Form) => "bad form",
        Refusal::Unauthenticated => "no token",
        Refusal::TooManyFailures => "too many failures",
        Refusal::Inactive => "inactive",
        Refusal::Forbidden => "forbidden",
        Refusal::TenantNotNamed => "tenant not named",
        Refusal::Missing(Noun::Tenant) => "no such tenant",
        Refusal::Missing(Noun::Principal) => "no such principal",
        Refusal::Missing(Noun::Credential) => "no such credential",
        Refusal::Stale => "stale",
        Refusal::PreconditionRequired => "without If-Match",
        Refusal::KeyReused => "key reused",
        Refusal::TooMany => "too many",
        Refusal::Invalid(_) => "violations",
        Refusal::NoRoles => "no RBAC",
        Refusal::Conflict(Conflict::Id) => "id taken",
        Refusal::Conflict(Conflict::Secret) => "token taken",
        Refusal::Conflict(Conflict::Revoked) => "made active while it is revoked",
        Refusal::Conflict(Conflict::Rotating) => "rotating",
        Refusal::Conflict(Conflict::NotRotating) => "not rotating",
        Refusal::Conflict(Conflict::DefaultPrincipal) => "default principal",
        Refusal::Conflict(Conflict::NotEmpty) => "tenant not empty",
        Refusal::Unavailable => "database away",
        Refusal::OutcomeUnknown => "outcome unknown",
        Refusal::ForbiddenChange => "forbidden change",
        Refusal::Broken(_) => "bug of ours",
    }
}

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots");

/// An answer: what it is about, the name of its snapshot, and its text.
struct Shown {
    situation: &'static str,
    name: String,
    text: String,
    /// What was done, where it was.
    done: Option<Operation>,
}

/// Every answer of every face, brought about once.
static ANSWERS: LazyLock<Vec<(&str, Vec<Shown>)>> =
    LazyLock::new(|| FACES.into_iter().map(|face| (face, answers(face))).collect());

fn answers(face: &'static str) -> Vec<Shown> {
    let answer = |situation: &'static str| {
        let exchange = Stage::new().exchange(face, situation)?;
        let text = Redacted::of(face, exchange.now).text(exchange.method, &exchange.url, &exchange.reply);
        let name = format!("{face}-{}-{}", exchange.reply.status, situation.replace(' ', "-").to_lowercase());
        let path = exchange.url.split('?').next().unwrap_or_default();
        let found = find(Method::from_name(exchange.method), path).route.ok().filter(|_| exchange.reply.status < 300);
        Some(Shown { situation, name, text, done: found.map(|found| found.route.operation) })
    };
    situations().into_iter().filter_map(answer).collect()
}

fn compare(face: &'static str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(FOLDER);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        let (_, answers) = ANSWERS.iter().find(|(of, _)| *of == face).expect("a face");
        for Shown { name, text, .. } in answers {
            insta::assert_snapshot!(name.as_str(), text);
        }
    });
}

#[test]
fn every_answer_of_coactive_is_as_it_was() {
    compare("coactive");
}

#[test]
fn every_answer_of_litegraph_is_as_it_was() {
    compare("litegraph");
}

#[test]
fn every_answer_of_keycard_is_as_it_was() {
    compare("keycard");
}

#[test]
fn every_answer_of_our_own_face_is_as_it_was() {
    compare("postern");
}

#[test]
fn every_answer_of_the_token_endpoint_is_as_it_was() {
    compare("oauth");
}

#[test]
fn every_operation_of_every_face_is_shown() {
    for Route { path, operation, .. } in ROUTES {
        let face = match path.split('/').nth(1) {
            Some("api") => "coactive",
            Some("v1.0" | "v2.0") => "litegraph",
            Some("organizations") => "keycard",
            Some("service-account-token" | "oauth" | ".well-known") => "oauth",
            Some("v1") => "postern",
            _ => panic!("{path}: whose is it?"),
        };
        let (_, answers) = ANSWERS.iter().find(|(of, _)| *of == face).expect("a face");
        assert!(answers.iter().any(|answer| answer.done == Some(*operation)), "{face}: {operation:?}");
    }
}

#[test]
fn every_refusal_is_shown_by_a_face_that_has_it() {
    let situations = situations();
    for refusal in refusals() {
        let situation = situation_of(&refusal);
        assert!(situations.contains(&situation), "{refusal:?}");
    }
    let shown: BTreeSet<_> = ANSWERS.iter().flat_map(|(_, answers)| answers).map(|answer| answer.situation).collect();
    for situation in situations {
        assert!(shown.contains(situation), "{situation}: no face has it");
    }
}

/// A rule's code in a problem of our own face, and words of its own that it says; nothing for one of fields that the face does
/// not have.
fn told_of(rule: &Rule) -> Option<(&'static str, &'static str)> {
    match rule {
        Rule::Missing => Some(("missing", "has to be said")),
        Rule::NotNull => Some(("not_null", "cannot be null")),
        Rule::Type(Kind::Text) => Some(("type", "a string")),
        Rule::Type(Kind::Boolean) => Some(("type", "true or false")),
        Rule::Type(Kind::List) => Some(("type", "an array")),
        Rule::Type(Kind::Object) => Some(("type", "an object")),
        Rule::Type(Kind::Number) => Some(("type", "a whole number")),
        Rule::TooShort { .. } => Some(("too_short", "at least 1 character")),
        Rule::TooLong { .. } => Some(("too_long", "at most 255 characters")),
        Rule::TooMany { .. } => Some(("too_many", "at most 16 items")),
        Rule::TooManySent { .. } => Some(("too_many", "Send at most")),
        Rule::TooManyViolations { .. } => Some(("too_many_violations", "more than 100 violations")),
        Rule::TooLarge { .. } => Some(("too_large", "at most 4096 bytes")),
        Rule::NotInRange { .. } => Some(("not_in_range", "from 0 to")),
        Rule::Control => Some(("control_character", "control characters")),
        Rule::NotAnId => Some(("not_an_id", "an id")),
        Rule::NotATime => Some(("not_a_time", "RFC 3339")),
        Rule::Empty => Some(("empty", "null for full access")),
        Rule::UnknownRole => Some(("unknown_role", "role_names")),
        Rule::UnknownPrincipal(_) => Some(("unknown_principal", "no principal")),
        Rule::InstanceAlone => Some(("instance_alone", "its resource")),
        Rule::ReadOnly => Some(("read_only", "leave it out")),
        Rule::Unknown(None) => Some(("unknown_member", "leave it out")),
        Rule::Unknown(Some(_)) => Some(("unknown_member", "did you mean")),
        Rule::OutsideContext
        | Rule::LastRole
        | Rule::NotAContext
        | Rule::NotAToken
        | Rule::Checksum
        | Rule::LooksLikeAClient => None,
    }
}

#[test]
fn every_rule_that_our_own_face_has_is_shown_with_its_place() {
    let all = rules_of_our_own_face();
    let (_, answers) = ANSWERS.iter().find(|(of, _)| *of == "postern").expect("a face");
    let bodies = answers.iter().filter_map(|answer| answer.text.split("\n\n").last());
    let told: Vec<(String, String, String)> = bodies
        .filter_map(|body| serde_json::from_str::<Value>(body).ok())
        .flat_map(|body| body["violations"].as_array().cloned().unwrap_or_default())
        .filter(|told| told.get("parameter").is_none())
        .map(|told| (text(&told, "code"), text(&told, "detail"), text(&told, "pointer")))
        .collect();
    for rule in &all {
        let (code, words) = told_of(rule).expect("it is the face's");
        let shown = |(of, detail, _): &&(String, String, String)| of == code && detail.contains(words);
        assert!(told.iter().any(|told| shown(&told)), "{rule:?}");
    }
    // Each says where, and as what the list above knows.
    let codes: BTreeSet<_> = all.iter().filter_map(told_of).map(|(code, _)| code).collect();
    for (code, detail, pointer) in &told {
        assert!(
            codes.contains(code.as_str())
                && (pointer.starts_with('/') || code == "too_many_violations")
                && detail.ends_with(['.', '?']),
            "{code} {pointer}"
        );
    }
    assert!(told.len() > 60, "{}", told.len());
}

#[test]
fn no_snapshot_is_left_of_an_answer_that_is_no_more_and_none_holds_a_secret() {
    let made: BTreeSet<_> =
        ANSWERS.iter().flat_map(|(_, answers)| answers).map(|answer| format!("{}.snap", answer.name)).collect();
    let files = std::fs::read_dir(FOLDER).unwrap().map(|file| file.unwrap().path());
    let mut kept = BTreeSet::new();
    for file in files.filter(|file| file.extension().is_some_and(|end| end == "snap")) {
        assert_no_secret(&std::fs::read_to_string(&file).unwrap());
        kept.insert(file.file_name().unwrap().to_string_lossy().into_owned());
    }
    let apart: Vec<_> = kept.symmetric_difference(&made).collect();
    assert!(apart.is_empty(), "either a file or an answer, and not both: {apart:?}");
}
