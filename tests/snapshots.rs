//! Every kind of answer of every face, whole: status, headers and body, as `snapshots/` has them. An answer that is
//! another, or that has no snapshot, fails; `INSTA_UPDATE=always cargo test --test snapshots` writes them anew.

mod common;

#[path = "snapshots/stage.rs"]
mod stage;

use std::collections::BTreeSet;

use common::redacted::{Redacted, assert_no_secret};
use postern::refusal::{Conflict, Misconfigured, Noun, Refusal, Unreadable};
use stage::Stage;

const FACES: [&str; 4] = ["coactive", "litegraph", "keycard", "postern"];

/// What an answer can be about. A face that has no such answer has no snapshot of it.
const SITUATIONS: [&str; 38] = [
    "created",
    "created with everything",
    "read",
    "read with permissions",
    "updated",
    "organization created",
    "service account created",
    "no route",
    "another method",
    "another media type",
    "too large",
    "not UTF-8",
    "not JSON",
    "too deep",
    "member twice",
    "no object",
    "client request id",
    "no token",
    "unknown token",
    "inactive",
    "forbidden",
    "root alone",
    "tenant not named",
    "no such tenant",
    "no such principal",
    "no such credential",
    "stale",
    "without If-Match",
    "violations",
    "unknown user",
    "no RBAC",
    "id taken",
    "token taken",
    "misconfigured",
    "a key that is none",
    "sealed under another key",
    "database away",
    "bug of ours",
];

/// The situation that shows a refusal. A new one says here which that is; [`SITUATIONS`] has them all.
fn situation_of(refusal: &Refusal) -> Option<&'static str> {
    Some(match refusal {
        Refusal::Misconfigured(_) => "misconfigured",
        Refusal::NoRoute => "no route",
        Refusal::MethodNotAllowed { .. } => "another method",
        Refusal::MediaType => "another media type",
        Refusal::TooLarge => "too large",
        Refusal::Unreadable(Unreadable::NotUtf8) => "not UTF-8",
        Refusal::Unreadable(Unreadable::NotJson { .. }) => "not JSON",
        Refusal::Unreadable(Unreadable::TooDeep) => "too deep",
        Refusal::Unreadable(Unreadable::DuplicateMember) => "member twice",
        Refusal::Unreadable(Unreadable::NotAnObject) => "no object",
        Refusal::Unreadable(Unreadable::ClientRequestId) => "client request id",
        Refusal::Unauthenticated => "no token",
        Refusal::Inactive => "inactive",
        Refusal::Forbidden => "forbidden",
        Refusal::TenantNotNamed => "tenant not named",
        Refusal::Missing(Noun::Tenant) => "no such tenant",
        Refusal::Missing(Noun::Principal) => "no such principal",
        Refusal::Missing(Noun::Credential) => "no such credential",
        Refusal::Stale => "stale",
        Refusal::PreconditionRequired => "without If-Match",
        Refusal::Invalid(_) => "violations",
        Refusal::NoRoles => "no RBAC",
        Refusal::Conflict(Conflict::Id) => "id taken",
        Refusal::Conflict(Conflict::Secret) => "token taken",
        Refusal::Unavailable => "database away",
        // Editors reach Keycard's face alone, which cannot say what they may not change.
        Refusal::ForbiddenChange => return None,
        Refusal::Broken(_) => "bug of ours",
    })
}

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots");

/// Every answer of a face: the name of its snapshot, and its text.
fn answers(face: &'static str) -> Vec<(String, String)> {
    let answer = |situation: &&str| {
        let stage = Stage::new();
        let now = stage.world.now.get() + 1000;
        let exchange = stage.exchange(face, situation)?;
        let text = Redacted::at(now).text(exchange.method, &exchange.url, &exchange.reply);
        let name = situation.replace(' ', "-").to_lowercase();
        Some((format!("{face}-{}-{name}", exchange.reply.status), text))
    };
    SITUATIONS.iter().filter_map(answer).collect()
}

fn compare(face: &'static str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(FOLDER);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for (name, text) in answers(face) {
            insta::assert_snapshot!(name, text);
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
fn every_refusal_is_shown_by_a_face_that_has_it() {
    let misconfigured = Misconfigured { setting: "", problem: "" };
    let all = [
        Refusal::Misconfigured(misconfigured),
        Refusal::NoRoute,
        Refusal::MethodNotAllowed { allow: String::new() },
        Refusal::MediaType,
        Refusal::TooLarge,
        Refusal::Unreadable(Unreadable::NotUtf8),
        Refusal::Unreadable(Unreadable::NotJson { line: 0, column: 0 }),
        Refusal::Unreadable(Unreadable::TooDeep),
        Refusal::Unreadable(Unreadable::DuplicateMember),
        Refusal::Unreadable(Unreadable::NotAnObject),
        Refusal::Unreadable(Unreadable::ClientRequestId),
        Refusal::Unauthenticated,
        Refusal::Inactive,
        Refusal::Forbidden,
        Refusal::TenantNotNamed,
        Refusal::Missing(Noun::Tenant),
        Refusal::Missing(Noun::Principal),
        Refusal::Missing(Noun::Credential),
        Refusal::Stale,
        Refusal::PreconditionRequired,
        Refusal::Invalid(Vec::new()),
        Refusal::ForbiddenChange,
        Refusal::NoRoles,
        Refusal::Conflict(Conflict::Id),
        Refusal::Conflict(Conflict::Secret),
        Refusal::Unavailable,
        Refusal::Broken(String::new()),
    ];
    for refusal in all {
        let Some(situation) = situation_of(&refusal) else { continue };
        assert!(SITUATIONS.contains(&situation), "{refusal:?}");
        let shown = FACES.iter().any(|face| Stage::new().exchange(face, situation).is_some());
        assert!(shown, "{situation}: no face has it");
    }
}

#[test]
fn no_snapshot_is_left_of_an_answer_that_is_no_more_and_none_holds_a_secret() {
    let made: BTreeSet<_> = FACES.into_iter().flat_map(answers).map(|(name, _)| format!("{name}.snap")).collect();
    let files = std::fs::read_dir(FOLDER).unwrap().map(|file| file.unwrap().path());
    let mut kept = BTreeSet::new();
    for file in files.filter(|file| file.extension().is_some_and(|end| end == "snap")) {
        assert_no_secret(&std::fs::read_to_string(&file).unwrap());
        kept.insert(file.file_name().unwrap().to_string_lossy().into_owned());
    }
    let apart: Vec<_> = kept.symmetric_difference(&made).collect();
    assert!(apart.is_empty(), "either a file or an answer, and not both: {apart:?}");
}
