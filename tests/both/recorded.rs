//! Recorded requests of the vendors' own clients, replayed in the tenant `acme`: `tests/recorded/`.

use std::collections::BTreeMap;
use std::io::Write;

use data_encoding::BASE64;
use postern::credential::id::Id;
use serde_json::json;
use support::face::Face::LiteGraph;
use support::recorded::{Recorded, check_shape, sessions};
use support::tenant::{Tenant, read_id, text};
use support::{Client, Reply, ZERO, call, client};

#[test]
fn every_recorded_request_gets_the_expected_response() {
    let client = client();
    let count = sessions(&BTreeMap::new()).len();
    let mut lines = Vec::new();
    // One after another, since all of them create a credential with the same token.
    for index in 0..count {
        let session = &sessions(&names(&*client))[index];
        let mut made = Vec::new();
        for recorded in &session.requests {
            let reply = send(&*client, recorded);
            lines.push(format!("{} {}, got {}", session.name, recorded.line, reply.status));
            assert_eq!(reply.status, recorded.status, "{}\n{reply:?}", lines.join("\n"));
            if recorded.method == "HEAD" {
                assert_eq!(reply.text, "", "{}", recorded.line);
            } else {
                check_shape(recorded, &reply.text);
            }
            if recorded.body.contains("\"foobar\"") {
                made.push(read_id(&reply.json()["GUID"]));
            }
        }
        // Delete the credential with the recorded token, since the next client creates one with it.
        for id in made {
            let path = format!("/v1.0/tenants/{ZERO}/credentials/{}", id.guid());
            call("DELETE", path).by_root().send(&*client).expect(200);
        }
    }
    // To stderr, since the test harness captures what a passing test prints.
    let size = format!("matrix recorded requests: {} cells, none skipped", lines.len());
    writeln!(std::io::stderr(), "\n{}\n{size}", lines.join("\n")).expect("stderr");
}

/// New ids and tokens in place of the recorded ones, in the tenant of the recordings.
fn names(to: &dyn Client) -> BTreeMap<&'static str, String> {
    let tenant = Tenant::of(to, Id::ZERO, "acme".to_owned());
    let (client, secret) = tenant.client(&json!({ "name": "recorded" }));
    let credential = tenant.subject().id;
    // Replaces the all-zero credential of LiteGraph's first run, which the sessions delete: ids are never reused.
    let first = json!({ "UserGUID": ZERO });
    let first = call("PUT", tenant.all(LiteGraph)).token(&tenant.admin).json(&first).send(to).expect(200).json();
    let pair = format!("{client}:{secret}");
    let access = call("POST", "/api/v1/login").basic(&pair).send(to).expect(200).json();
    BTreeMap::from([
        ("first", text(&first["GUID"])),
        ("root", to.root_token().to_owned()),
        ("credential", credential.to_string()),
        ("guid", credential.guid()),
        ("access", text(&access["access_token"])),
        ("basic", BASE64.encode(pair.as_bytes())),
        ("pair", pair),
        ("client", client),
        ("user", tenant.account.guid()),
        ("account", tenant.account.to_string()),
        ("admin", tenant.admin),
    ])
}

fn send(to: &dyn Client, recorded: &Recorded) -> Reply {
    let request = call(&*recorded.method, &*recorded.url);
    let request = recorded.headers.iter().fold(request, |request, (name, value)| request.header(&**name, &**value));
    if recorded.body.is_empty() { request.send(to) } else { request.bytes(&*recorded.body).send(to) }
}
