//! The vendors' own clients, as they were recorded, replayed against the running Worker: `tests/recorded/`. They name the
//! tenant `acme`, all zero, which the harness makes, and no other test uses.

use std::collections::BTreeMap;
use std::io::Write;

use data_encoding::BASE64;
use postern::credential::id::Id;
use serde_json::json;

use support::face::Face::LiteGraph;
use support::server::{Reply, call, root_token};
use support::tenant::{Tenant, ZERO, post_by_root, read_id, text};

use support::recorded::{Recorded, check_shape, sessions};

#[test]
fn every_recorded_request_is_answered_as_the_table_says() {
    let count = sessions(&BTreeMap::new()).len();
    let mut told = Vec::new();
    // One after another: they all make a credential with the same token.
    for index in 0..count {
        let session = &sessions(&names())[index];
        let mut made = Vec::new();
        for recorded in &session.requests {
            let reply = send(recorded);
            let Recorded { method, url, status, .. } = recorded;
            told.push(format!("{} {method} {url}: expected {status}, got {}", session.name, reply.status));
            assert_eq!(reply.status, *status, "{}\n{reply:?}", told.join("\n"));
            if method == "HEAD" {
                assert_eq!(reply.text, "", "{}", recorded.line);
            } else {
                check_shape(recorded, &reply.text);
            }
            if recorded.body.contains("\"foobar\"") {
                made.push(read_id(&reply.json()["GUID"]));
            }
        }
        made.into_iter().for_each(delete);
    }
    // Past the harness, which swallows what a passing test prints.
    let size = format!("matrix recorded requests × the Worker: {} cells, none skipped", told.len());
    writeln!(std::io::stderr(), "\n{}\n{size}", told.join("\n")).expect("told");
}

/// What stands for a recorded id or token, made anew in the tenant that the recordings name.
fn names() -> BTreeMap<&'static str, String> {
    let account = post_by_root("/organizations/acme/service-accounts", &json!({ "name": "recorded" })).expect(201);
    let account = read_id(&account.json()["id"]);
    let tenant = Tenant { id: read_id(&ZERO.into()), label: "acme".to_owned(), account, admin: String::new() };
    let (client, secret) = tenant.client(&json!({ "name": "recorded" }));
    let tenant = Tenant { admin: tenant.caller(&["admin"]), ..tenant };
    let credential = tenant.subject().id;
    // The all-zero credential of LiteGraph's first run.
    if call("GET", tenant.one(LiteGraph, Id::ZERO)).token(&tenant.admin).send().status == 404 {
        let zero = json!({ "GUID": ZERO, "UserGUID": ZERO });
        call("PUT", tenant.all(LiteGraph)).token(&tenant.admin).json(&zero).send().expect(200);
    }
    let pair = format!("{client}:{secret}");
    let access = call("POST", "/api/v1/login").basic(&pair).send().expect(200).json();
    BTreeMap::from([
        ("root", root_token().to_owned()),
        ("credential", credential.to_string()),
        ("guid", credential.guid()),
        ("admin", tenant.admin),
        ("access", text(&access["access_token"])),
        ("basic", BASE64.encode(pair.as_bytes())),
        ("pair", pair),
        ("client", client),
        ("user", account.guid()),
        ("account", account.to_string()),
    ])
}

fn send(recorded: &Recorded) -> Reply {
    // The few names of a table that is replayed once are kept to the end.
    let kept = |text: &str| -> &'static str { text.to_owned().leak() };
    let mut call = call(kept(&recorded.method), recorded.url.as_str());
    for (name, value) in &recorded.headers {
        call = call.header(kept(name), value.as_str());
    }
    if recorded.body.is_empty() { call.send() } else { call.bytes(recorded.body.as_str()).send() }
}

/// Deletes what has the recorded token, if it is still there: the next client makes one with it too.
fn delete(id: Id) {
    let path = format!("/v1.0/tenants/{ZERO}/credentials/{}", id.guid());
    call("DELETE", path).token(root_token()).send().expect(200);
}
