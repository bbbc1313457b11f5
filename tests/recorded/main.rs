//! The vendors' own clients, as they were recorded, replayed in process.

use std::collections::BTreeMap;
use std::io::Write;

use data_encoding::BASE64;
use postern::credential::id::Id;
use serde_json::json;
use support::recorded::{check_shape, sessions};
use support::{ROOT, World, text};

#[test]
fn every_recorded_request_is_answered_as_the_table_says() {
    let count = sessions(&BTreeMap::new()).len();
    let mut told = Vec::new();
    for index in 0..count {
        // A tenant of its own for each client; ids do not depend on the index.
        let world = World::new();
        let session = &sessions(&names(&world))[index];
        for recorded in &session.requests {
            let headers: Vec<_> =
                recorded.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let reply = world.send(&recorded.method, &recorded.url, &headers, recorded.body.as_bytes());
            told.push(format!("{} {}, got {}", session.name, recorded.line, reply.status));
            assert_eq!(reply.status, recorded.status, "{}\n{}", told.join("\n"), reply.text);
            // The Worker leaves out the body of an answer to HEAD: tests/worker/recorded.rs.
            if recorded.method != "HEAD" {
                check_shape(recorded, &reply.text);
            }
        }
    }
    // Past the harness, which swallows what a passing test prints.
    let size = format!("matrix recorded requests in process: {} cells, none skipped", told.len());
    writeln!(std::io::stderr(), "\n{}\n{size}", told.join("\n")).expect("told");
}

/// What stands for a recorded id or token.
fn names(world: &World) -> BTreeMap<&'static str, String> {
    let (client, secret) = world.client(&json!({"name": "recorded"}));
    let (account, url) = world.service_account();
    let credential = world.call("POST", &url, ROOT, &json!({"name": "recorded", "description": "d"})).json();
    let id = |text: &str| Id::parse(text).expect("an id");
    // The all-zero credential of LiteGraph's first run.
    let zero = json!({"GUID": support::ZERO, "UserGUID": support::ZERO});
    assert_eq!(world.call("PUT", &format!("/v1.0/tenants/{}/credentials", support::ZERO), ROOT, &zero).status, 200);
    let pair = format!("{client}:{secret}");
    let basic = BASE64.encode(pair.as_bytes());
    let access = world.send("POST", "/api/v1/login", &[("authorization", &format!("Basic {basic}"))], b"");
    BTreeMap::from([
        ("root", ROOT.to_owned()),
        ("admin", world.caller(&["admin"])),
        ("access", text(&access.json(), "access_token")),
        ("guid", id(&text(&credential, "id")).guid()),
        ("user", id(&account).guid()),
        ("credential", text(&credential, "id")),
        ("pair", pair),
        ("basic", basic),
        ("client", client),
        ("account", account),
    ])
}
