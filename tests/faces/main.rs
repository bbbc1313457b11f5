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

/// The schema rejects such a row; without its triggers, each list returns the others, and reports how many it omits.
#[test]
fn list_omits_and_counts_a_row_that_cannot_be_read() {
    let world = World::new();
    let ids = [world.client(&json!({"name": "a"})).0, world.client(&json!({"name": "b"})).0];
    world.client(&json!({"name": "c"}));
    let account = format!("/organizations/acme/service-accounts/{}", "0".repeat(26));
    let lists = [
        (CLIENTS.to_owned(), ""),
        (format!("/v1.0/tenants/{ZERO}/credentials"), ""),
        (format!("/v2.0/tenants/{ZERO}/credentials"), "Objects"),
        (format!("{account}/credentials"), "items"),
        (format!("/v1/tenants/{}/credentials", "0".repeat(26)), "items"),
    ];
    world.db.execute("DROP TRIGGER credentials_items_updated", &[]);
    let spoil = "UPDATE credentials SET state = json_set(state, '$.roles', json('[{\"role_id\":5}]'), '$.unrestricted', json('false')) \
        WHERE 'client_' || id = ?1";
    world.db.execute(spoil, &[&ids[1]]);
    for (url, member) in lists {
        let headers = List(&[("authorization", &format!("Bearer {ROOT}")), ("x-postern-tenant", "acme")]);
        let (done, _) = world.answer(&world.db, "GET", &url, &headers, b"");
        assert_eq!(done.answer.status, 200, "{url}: {}", done.answer.body);
        let body: Value = serde_json::from_str(&done.answer.body).unwrap();
        let items = if member.is_empty() { &body } else { &body[member] };
        assert_eq!(items.as_array().map(Vec::len), Some(2), "{url}");
        let counted = done.answer.headers.iter().find(|(name, _)| *name == "x-unreadable-items");
        assert_eq!(counted.map(|(_, count)| count.as_str()), Some("1"), "{url}");
        assert!(done.log.is_some_and(|log| log.ends_with(": 1 rows of a list cannot be read")), "{url}");
    }
    assert!(world.get(&format!("{CLIENTS}/{}", ids[0]), ROOT).header("x-unreadable-items").is_none());
}
