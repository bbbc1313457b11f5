//! No secret in what the running Worker leaves behind: the files of D1, its write-ahead log included, and the Worker's log.

use std::path::Path;

use serde_json::json;

use super::face::Face::{Keycard, LiteGraph};
use super::server::{call, get};
use super::tenant::Tenant;

const CANARY: &str = "canary-7f3d91c2-that-must-not-be-found";

/// How many files hold one of these texts, of how many.
fn found(place: &Path, texts: &[&str]) -> (Vec<String>, usize) {
    if place.is_file() {
        let bytes = std::fs::read(place).expect("a file that the Worker left");
        let holds = |text: &&&str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        return (texts.iter().filter(holds).map(|text| format!("{text} in {}", place.display())).collect(), 1);
    }
    let inside =
        std::fs::read_dir(place).expect("a folder").map(|entry| found(&entry.expect("an entry").path(), texts));
    inside.fold((Vec::new(), 0), |(mut all, files), (some, more)| {
        all.extend(some);
        (all, files + more)
    })
}

#[test]
fn no_secret_is_found_in_the_database_files_or_the_log() {
    let given = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `make test`"));
    let tenant = Tenant::new();
    // As a token that a client chose, sealed and shown again; as one that is known by each way to present it.
    let body = json!({ "UserGUID": tenant.account.guid(), "Name": "canary", "BearerToken": CANARY });
    let made = call("PUT", tenant.all(LiteGraph)).token(&tenant.admin).json(&body).send().expect(200).json();
    assert_eq!(made["BearerToken"], CANARY);
    let url = format!("{}/{}", tenant.all(LiteGraph), made["GUID"].as_str().expect("a GUID"));
    get(&url).token(CANARY).send().expect(401);
    get(&url).header("x-token", CANARY).send().expect(401);
    // In a URL, where LiteGraph's clients put one; as a header and a body that nothing reads or that cannot be read.
    get(format!("/v1.0/credentials/bearer/{CANARY}?token={CANARY}")).token(&tenant.admin).send().expect(400);
    get(format!("{url}{CANARY}")).token(&tenant.admin).header("x-request-id", format!("<{CANARY}>")).send().expect(404);
    call("PUT", &url).token(&tenant.admin).bytes(format!("{{\"BearerToken\":\"{CANARY}\"")).send().expect(400);
    let name = format!("unread-{}", tenant.id);
    call("PATCH", tenant.one(Keycard, tenant.subject().id))
        .token(&tenant.admin)
        .json(&json!({ "name": name, CANARY: CANARY }))
        .send()
        .expect(200);

    let (state, log) = (given("POSTERN_STATE"), given("POSTERN_LOG"));
    let secrets = [CANARY, tenant.admin.as_str(), super::server::root_token()];
    let (leaks, files) = found(Path::new(&state), &secrets);
    assert!(leaks.is_empty() && files > 0, "{files} files: {leaks:?}");
    assert!(found(Path::new(&log), &secrets).0.is_empty(), "in the log");
    // That it would be found: the name, which is no secret, is.
    assert!(!found(Path::new(&state), &[&name]).0.is_empty(), "nothing is found at all");
}
