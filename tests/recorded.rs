//! The vendors' own clients, as they were recorded, replayed in process.

mod common;

use std::collections::BTreeMap;

use common::recorded::{check_shape, sessions};
use common::{ROOT, World, text};
use serde_json::json;

#[test]
fn every_recorded_request_is_answered_as_the_table_says() {
    let count = sessions(&BTreeMap::new()).len();
    for index in 0..count {
        // A tenant of its own for each client; ids do not depend on the index.
        let world = World::new();
        let (client, secret) = world.client(&json!({"name": "recorded"}));
        let (account, url) = world.service_account();
        let credential =
            text(&world.call("POST", &url, ROOT, &json!({"name": "recorded", "description": "d"})).json(), "id");
        // The all-zero credential of LiteGraph's first run.
        let zero = json!({"GUID": common::ZERO, "UserGUID": common::ZERO});
        assert_eq!(world.call("PUT", &format!("/v1.0/tenants/{}/credentials", common::ZERO), ROOT, &zero).status, 200);
        let names = BTreeMap::from([
            ("root", ROOT.to_owned()),
            ("admin", world.caller(&["admin"])),
            ("pair", format!("{client}:{secret}")),
            ("client", client),
            ("account", account),
            ("credential", credential),
        ]);
        for recorded in &sessions(&names)[index].requests {
            let headers: Vec<_> =
                recorded.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let reply = world.send(&recorded.method, &recorded.url, &headers, recorded.body.as_bytes());
            assert_eq!(reply.status, recorded.status, "{}: {}", recorded.line, reply.text);
            if recorded.method != "HEAD" {
                check_shape(recorded, &reply.members());
            }
        }
    }
}
