//! Every kind of response of every face, complete: status, headers and body, compared with the files of this folder. A
//! response that differs or has no snapshot fails. `INSTA_UPDATE=always cargo test --test snapshots` rewrites the
//! files.

mod keyless;
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

/// Every situation that a response can be about. A face that cannot get into a situation has no snapshot of it.
fn situations() -> Vec<&'static str> {
    SCENES.iter().flat_map(stage::Scene::situations).collect()
}

/// The situation with a snapshot of this error. A new error must be listed here, and a scene must have the situation.
fn situation_of(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Misconfigured(_) => "misconfigured",
        Refusal::NoRoute => "no route",
        Refusal::MethodNotAllowed { .. } => "unsupported method",
        Refusal::ContentCoding => "unsupported coding",
        Refusal::MediaType => "unsupported media type",
        Refusal::TooLarge => "too large",
        Refusal::Unreadable(Unreadable::Incomplete) => "broken off",
        Refusal::Unreadable(Unreadable::NotUtf8) => "not UTF-8",
        Refusal::Unreadable(Unreadable::NotJson { .. }) => "not JSON",
        Refusal::Unreadable(Unreadable::TooDeep) => "too deep",
        Refusal::Unreadable(Unreadable::TooManyValues) => "too many values",
        Refusal::Unreadable(Unreadable::DuplicateMember) => "duplicate member",
        Refusal::Unreadable(Unreadable::NotAnObject) => "not an object",
        Refusal::Unreadable(Unreadable::ClientRequestId) => "client request id",
        Refusal::Unreadable(Unreadable::IdempotencyKey) => "idempotency key",
        Refusal::Unreadable(Unreadable::TooManyTags(_)) => "too many ETags",
        Refusal::Unreadable(Unreadable::Parameters(_)) => "bad query",
        Refusal::Unreadable(Unreadable::UnknownParameter(_)) => "unknown parameter",
        Refusal::Unreadable(Unreadable::GrantType) => "unsupported grant",
        Refusal::Unreadable(Unreadable::Scope) => "unsupported scope",
        Refusal::Unreadable(Unreadable::Form) => "bad form",
        Refusal::Unreadable(Unreadable::Assertion) => "bad assertion",
        Refusal::Unreadable(Unreadable::GrantAssertion) => "grant without an assertion",
        Refusal::Unreadable(Unreadable::Grant) => "grant refused",
        Refusal::NoIssuerKeys => "issuer without keys",
        Refusal::Unauthenticated => "no token",
        Refusal::Verifier => "without a verifier",
        Refusal::TooManyFailures => "too many failures",
        Refusal::Inactive => "inactive",
        Refusal::Forbidden => "forbidden",
        Refusal::TenantNotNamed => "tenant not named",
        Refusal::Missing(Noun::Tenant) => "no such tenant",
        Refusal::Missing(Noun::Principal) => "no such principal",
        Refusal::Missing(Noun::Credential) => "no such credential",
        Refusal::MissingMeans => "no such key",
        Refusal::Stale => "stale",
        Refusal::PreconditionRequired => "without If-Match",
        Refusal::KeyReused => "key reused",
        Refusal::TooMany => "too many",
        Refusal::Invalid(_) => "violations",
        Refusal::NoRoles => "no RBAC",
        Refusal::Conflict(Conflict::Id) => "id taken",
        Refusal::Conflict(Conflict::Means) => "key taken",
        Refusal::Conflict(Conflict::Secret) => "token taken",
        Refusal::Conflict(Conflict::Revoked) => "enabled while revoked",
        Refusal::Conflict(Conflict::Rotating) => "rotating",
        Refusal::Conflict(Conflict::NotRotating) => "not rotating",
        Refusal::Conflict(Conflict::DefaultPrincipal) => "default principal",
        Refusal::Conflict(Conflict::NotEmpty) => "tenant not empty",
        Refusal::NotReady(_) => "not ready",
        Refusal::Unavailable => "database unavailable",
        Refusal::OutcomeUnknown => "outcome unknown",
        Refusal::ForbiddenChange => "forbidden change",
        Refusal::Broken(_) => "bug in Postern",
    }
}

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots");

/// A response: its situation, the name of its snapshot, and its text.
struct Shown {
    situation: &'static str,
    name: String,
    text: String,
    /// The operation, if the situation is a success.
    done: Option<Operation>,
}

/// Every response of every face, produced once.
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
fn coactive_responses_match_their_snapshots() {
    compare("coactive");
}

#[test]
fn litegraph_responses_match_their_snapshots() {
    compare("litegraph");
}

#[test]
fn keycard_responses_match_their_snapshots() {
    compare("keycard");
}

#[test]
fn postern_responses_match_their_snapshots() {
    compare("postern");
}

#[test]
fn oauth_responses_match_their_snapshots() {
    compare("oauth");
}

#[test]
fn every_operation_of_every_face_has_a_snapshot() {
    for Route { path, operation, .. } in ROUTES {
        let face = match path.split('/').nth(1) {
            Some("api") => "coactive",
            Some("v1.0" | "v2.0") => "litegraph",
            Some("organizations") => "keycard",
            Some("service-account-token" | "oauth" | ".well-known") => "oauth",
            Some("v1" | "healthz" | "readyz") => "postern",
            _ => panic!("{path} belongs to no face"),
        };
        let (_, answers) = ANSWERS.iter().find(|(of, _)| *of == face).expect("a face");
        assert!(answers.iter().any(|answer| answer.done == Some(*operation)), "{face}: {operation:?}");
    }
}

#[test]
fn every_refusal_has_a_snapshot() {
    let situations = situations();
    for refusal in refusals() {
        let situation = situation_of(&refusal);
        assert!(situations.contains(&situation), "{refusal:?}");
    }
    let shown: BTreeSet<_> = ANSWERS.iter().flat_map(|(_, answers)| answers).map(|answer| answer.situation).collect();
    for situation in situations {
        assert!(shown.contains(situation), "{situation}: no face has a snapshot");
    }
}

/// The code of a rule on our own face, and a part of its detail; none for rules of fields that the face does not have.
fn code_and_detail(rule: &Rule) -> Option<(&'static str, &'static str)> {
    match rule {
        Rule::Missing => Some(("missing", "Required")),
        Rule::NotNull => Some(("not_null", "Cannot be null")),
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
        Rule::NotAScopeToken => Some(("invalid_role_name", "visible ASCII")),
        Rule::NotAnId => Some(("not_an_id", "an id")),
        Rule::Means(_) => Some(("key_or_trust", "must be")),
        Rule::Unpinned(_) => Some(("unpinned", "no other organization")),
        Rule::NotATime => Some(("not_a_time", "RFC 3339")),
        Rule::NotAChoice { .. } => Some(("not_a_choice", "one of none, verify")),
        Rule::NotOfDefaultPrincipal => Some(("not_default_principal", "default principal")),
        Rule::ItemCount { .. } => Some(("item_count", "1 to 16 items")),
        Rule::ExactlyOne(_) => Some(("exactly_one", "exactly one of all and any")),
        Rule::UnknownRole => Some(("unknown_role", "role_names")),
        Rule::UnknownPrincipal(_) => Some(("unknown_principal", "no principal")),
        Rule::InstanceAlone => Some(("instance_alone", "Requires resource")),
        Rule::ReadOnly => Some(("read_only", "Omit it")),
        Rule::Unknown(None) => Some(("unknown_member", "Omit it")),
        Rule::Unknown(Some(_)) => Some(("unknown_member", "Did you mean")),
        Rule::OutsideContext
        | Rule::LastRole
        | Rule::NotAContext
        | Rule::NotAToken
        | Rule::Checksum
        | Rule::LooksLikeAClient => None,
    }
}

#[test]
fn every_rule_of_the_postern_face_has_a_snapshot_with_its_location() {
    let all = rules_of_our_own_face();
    let (_, answers) = ANSWERS.iter().find(|(of, _)| *of == "postern").expect("a face");
    let bodies = answers.iter().filter_map(|answer| answer.text.split("\n\n").last());
    let reported: Vec<(String, String, String)> = bodies
        .filter_map(|body| serde_json::from_str::<Value>(body).ok())
        .flat_map(|body| body["violations"].as_array().cloned().unwrap_or_default())
        .filter(|reported| reported.get("parameter").is_none())
        .map(|reported| (text(&reported, "code"), text(&reported, "detail"), text(&reported, "pointer")))
        .collect();
    for rule in &all {
        let (code, words) = code_and_detail(rule).expect("a rule of the face");
        let shown = |(of, detail, _): &&(String, String, String)| of == code && detail.contains(words);
        assert!(reported.iter().any(|reported| shown(&reported)), "{rule:?}");
    }
    // Each has a location, and a code that the list above knows.
    let codes: BTreeSet<_> = all.iter().filter_map(code_and_detail).map(|(code, _)| code).collect();
    for (code, detail, pointer) in &reported {
        assert!(
            codes.contains(code.as_str())
                && (pointer.starts_with('/') || code == "too_many_violations")
                && detail.ends_with(['.', '?']),
            "{code} {pointer}"
        );
    }
    assert!(reported.len() > 60, "{}", reported.len());
}

#[test]
fn no_snapshot_is_stale_and_none_contains_a_secret() {
    let made: BTreeSet<_> =
        ANSWERS.iter().flat_map(|(_, answers)| answers).map(|answer| format!("{}.snap", answer.name)).collect();
    let files = std::fs::read_dir(FOLDER).unwrap().map(|file| file.unwrap().path());
    let mut kept = BTreeSet::new();
    for file in files.filter(|file| file.extension().is_some_and(|end| end == "snap")) {
        assert_no_secret(&std::fs::read_to_string(&file).unwrap());
        kept.insert(file.file_name().unwrap().to_string_lossy().into_owned());
    }
    let apart: Vec<_> = kept.symmetric_difference(&made).collect();
    assert!(apart.is_empty(), "a file without a response, or a response without a file: {apart:?}");
}
