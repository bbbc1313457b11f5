//! Each operation of each face, as its contract has it.

use postern::credential::id::Id;
use postern::settings::ServerTiming;
use serde_json::{Value, json};
use support::{CLIENTS, List, ROOT, Reply, World, ZERO, client_url, litegraph_url, text};

mod bounds;

mod litegraph_tenants;

mod paging;

#[test]
fn server_timing_reports_the_cost_of_a_request() {
    let world = World::new();
    let (id, _) = world.client(&json!({"name": "n"}));
    let cost = |body: Value| {
        let reply = world.call("PUT", &client_url(&id), ROOT, &body);
        let expected = format!(
            "d1;desc=\"trips={} rows_read={} rows_written={}\"",
            reply.cost.trips, reply.cost.rows_read, reply.cost.rows_written
        );
        assert_eq!(reply.header("server-timing"), Some(expected.as_str()));
        (reply.cost.trips, reply.cost.rows_read, reply.cost.rows_written)
    };
    // One row is read: the verdict with the credential as it is afterwards.
    assert_eq!(cost(json!({"name": "changed"})), (1, 1, 3), "the credential, its event, and its name in the list key");
    assert_eq!(cost(json!({"name": "changed"})), (1, 1, 0));
    assert_eq!(
        cost(json!({"name": "changed", "roles": [{"role_id": "admin"}]})),
        (1, 1, 2),
        "the credential and its event"
    );
    assert_eq!(world.send("PUT", &client_url(&id), &[], b"{}").cost.trips, 0);
}

/// The rows that a request reads would reveal whether something of another tenant exists.
#[test]
fn server_timing_for_root_is_on_no_other_response() {
    let mut world = World::new();
    let admin = world.caller(&["admin"]);
    for (setting, of_root, of_admin) in
        [(ServerTiming::All, true, true), (ServerTiming::Root, true, false), (ServerTiming::Off, false, false)]
    {
        world.settings.as_mut().unwrap().server_timing = setting;
        for (token, status, expected) in [(ROOT, 200, of_root), (&admin, 200, of_admin), ("unknown", 401, of_admin)] {
            let authorization = format!("Bearer {token}");
            let headers = List(&[("authorization", &authorization)]);
            let (done, _) = world.answer(&world.db, "GET", "/v1/tenants", &headers, b"");
            let reports = done.answer.headers.iter().any(|(name, _)| *name == "server-timing");
            assert_eq!((done.answer.status, reports), (status, expected), "{setting:?}");
        }
    }
}
