//! Each operation of each face, as its contract has it.

use postern::credential::id::Id;
use serde_json::{Value, json};
use support::{CLIENTS, ROOT, Reply, World, ZERO, client_url, litegraph_url, text};

mod coactive;

mod bounds;

mod deletes;

mod litegraph;

mod litegraph_lists;

mod litegraph_tenants;

mod keycard;

mod keycard_lists;

mod paging;

#[test]
fn the_cost_of_a_request_is_told_and_adds_up() {
    let world = World::new();
    let (id, _) = world.client(&json!({"name": "n"}));
    let cost = |body: Value| {
        let reply = world.call("PUT", &client_url(&id), ROOT, &body);
        let told = format!(
            "d1;desc=\"trips={} rows_read={} rows_written={}\"",
            reply.cost.trips, reply.cost.rows_read, reply.cost.rows_written
        );
        assert_eq!(reply.header("server-timing"), Some(told.as_str()));
        (reply.cost.trips, reply.cost.rows_read, reply.cost.rows_written)
    };
    // Read here are the rows that came back: the verdict with the credential as it then is.
    assert_eq!(cost(json!({"name": "changed"})), (1, 1, 3), "the credential, its event, and its place among the names");
    assert_eq!(cost(json!({"name": "changed"})), (1, 1, 0));
    assert_eq!(
        cost(json!({"name": "changed", "roles": [{"role_id": "admin"}]})),
        (1, 1, 2),
        "the credential and its event"
    );
    assert_eq!(world.send("PUT", &client_url(&id), &[], b"{}").cost.trips, 0);
}

/// Made through one face, PUT through a second, read through a third: what a face cannot say is kept by it.
#[test]
fn one_credential_through_every_face() {
    let world = World::new();
    let (account, url) = world.service_account();
    let made = world.call("POST", &url, ROOT, &json!({"name": "made by Keycard", "description": "kept"})).json();
    let id = Id::parse(&text(&made, "id")).unwrap();
    let put = world.call(
        "PUT",
        &litegraph_url(&id),
        ROOT,
        &json!({"UserGUID": Id::parse(&account).unwrap().guid(), "Name": "put by LiteGraph"}),
    );
    assert_eq!(put.status, 200, "{}", put.text);
    let read = world.get(&client_url(&id.client()), ROOT);
    assert_eq!(
        read.json(),
        json!({"client_id": id.client(), "client_secret": "", "name": "put by LiteGraph", "roles": [{"role_id": "viewer"}]})
    );
    let again = world.get(&format!("{url}/{id}"), &text(&made, "client_secret"));
    assert_eq!(
        (again.json()["name"].as_str(), again.json()["description"].as_str()),
        (Some("put by LiteGraph"), Some("kept"))
    );
    let renamed = world.call(
        "PUT",
        &client_url(&id.client()),
        ROOT,
        &json!({"name": "put by Coactive", "roles": [{"role_id": "editor"}]}),
    );
    assert_eq!(renamed.status, 200);
    let last = world.get(&litegraph_url(&id), ROOT).json();
    assert_eq!(
        (last["Name"].as_str(), last["UserGUID"].as_str()),
        (Some("put by Coactive"), Some(&*Id::parse(&account).unwrap().guid()))
    );
    assert_eq!(world.get(&format!("{url}/{id}"), ROOT).json()["description"], "kept");
}
