//! One store, four faces: what a vendor's face does to a credential shows here, and the other way round.

use postern::credential::id::Id;
use serde_json::{Value, json};

use crate::stage::*;
use support::{CLIENTS, ZERO};

#[test]
fn what_is_made_on_a_vendors_face_is_whole_here() {
    let world = World::new();
    let client = world.call(
        "POST",
        CLIENTS,
        ROOT,
        &json!({ "name": "by coactive", "description": "d", "roles": [{ "role_id": "editor" }] }),
    );
    let client = client.json();
    let user = world.call(
        "PUT",
        &format!("/v1.0/tenants/{ZERO}/credentials"),
        ROOT,
        &json!({ "UserGUID": ZERO, "Name": "by litegraph", "Active": false }),
    );
    let (account, credentials) = world.service_account();
    let keycard = world.call("POST", &credentials, ROOT, &json!({ "name": "by keycard" })).json();
    let viewer = json!([{ "role_id": "viewer" }]);
    for (id, name, roles, enabled, principal) in [
        (Id::parse_client(&text(&client, "client_id")), "by coactive", json!([{ "role_id": "editor" }]), true, ACME),
        (Id::parse_guid(&text(&user.json(), "GUID")), "by litegraph", viewer.clone(), false, ACME),
        (Id::parse(&text(&keycard, "id")), "by keycard", viewer.clone(), true, account.as_str()),
    ] {
        let shown = read(&world, &format!("{CREDENTIALS}/{}", id.expect("an id")));
        assert_eq!((&shown["name"], &shown["roles"], &shown["enabled"]), (&json!(name), &roles, &json!(enabled)));
        assert_eq!(
            (&shown["principal"], &shown["metadata"], &shown["expires_at"]),
            (&json!(principal), &json!({}), &Value::Null)
        );
        assert_eq!((shown["secrets"].as_array().unwrap().len(), shown.get("secret")), (1, None));
    }
}

#[test]
fn what_is_changed_here_shows_there_and_back() {
    let world = World::new();
    let (account, credentials) = world.service_account();
    let body = json!({ "name": "ours", "description": "d", "principal": account, "roles": [{ "role_id": "editor" }],
        "expires_at": "2027-01-01T00:00:00Z", "metadata": { "team": "a" } });
    let made = make(&world, &body);
    let keycard = format!("{credentials}/{}", made.id);
    let etag = |url: &str| world.get(url, ROOT).etag().to_owned();
    for url in [&made.coactive(), &made.litegraph(), &keycard] {
        assert_eq!(etag(url), made.etag, "{url}: one state, one ETag");
    }
    let seen = (
        world.get(&made.coactive(), ROOT).json(),
        world.get(&made.litegraph(), ROOT).json(),
        world.get(&keycard, ROOT).json(),
    );
    assert_eq!((&seen.0["name"], &seen.1["Name"], &seen.2["name"]), (&json!("ours"), &json!("ours"), &json!("ours")));
    assert_eq!((&seen.0["roles"][0]["role_id"], &seen.1["Active"]), (&json!("editor"), &json!(true)));
    assert_eq!(world.call("PATCH", &made.url, ROOT, &json!({ "name": "renamed", "enabled": false })).status, 200);
    assert_eq!(world.get(&made.litegraph(), ROOT).json()["Active"], false);
    assert_eq!(world.get(&keycard, ROOT).json()["name"], "renamed");
    // Each vendor's write changes what it names, and keeps what it cannot say.
    let guid = Id::parse(&account).unwrap().guid();
    let litegraph = json!({ "UserGUID": guid, "Name": "by litegraph", "Active": true });
    for (method, url, body, name) in [
        ("PUT", made.litegraph(), litegraph, "by litegraph"),
        ("PATCH", keycard, json!({ "name": "by keycard" }), "by keycard"),
        (
            "PUT",
            made.coactive(),
            json!({ "name": "by coactive", "description": "d", "roles": [{ "role_id": "editor" }] }),
            "by coactive",
        ),
    ] {
        let reply = world.call(method, &url, ROOT, &body);
        assert_eq!(reply.status, 200, "{}", reply.text);
        let now = read(&world, &made.url);
        let mut expected = without(&made.body, "secret");
        expected["name"] = json!(name);
        for moved in ["revision", "updated_at", "secrets", "last_used_at"] {
            expected[moved] = now[moved].clone();
        }
        assert_eq!(now, expected, "{url}");
        let event = &world.get(&format!("{}?limit=1", made.under("events")), ROOT).json()["items"][0];
        assert_eq!(event["changes"]["name"]["after"], name, "and its history tells it");
    }
    // Deleted there, it is gone here.
    assert_eq!(world.call("DELETE", &made.coactive(), ROOT, &Value::Null).status, 200);
    is(&world.get(&made.url, ROOT), 404, "no_credential");
}

#[test]
fn a_token_that_litegraph_sets_is_a_secret_here_and_a_rotation_here_shows_there() {
    let world = World::new();
    let made = plain(&world);
    let put = json!({ "UserGUID": ZERO, "Name": "plain", "BearerToken": "chosen-by-a-client-0123456789" });
    assert_eq!(world.call("PUT", &made.litegraph(), ROOT, &put).status, 200);
    assert!(!holds(&world, &made.secret), "a new token ends every other");
    let shown = read(&world, &made.url);
    assert_eq!((&shown["revision"], shown["secrets"].as_array().unwrap().len()), (&json!(2), 1));
    let rotated = world.call("POST", &made.under("rotate"), ROOT, &json!({ "grace_seconds": 60 })).json();
    assert_eq!(
        world.get(&made.litegraph(), ROOT).json()["BearerToken"],
        rotated["secret"],
        "sealed as the one before was"
    );
    assert_eq!(world.call("POST", &made.under("rotate/cancel"), ROOT, &Value::Null).status, 200);
    assert_eq!(world.get(&made.litegraph(), ROOT).json()["BearerToken"], "chosen-by-a-client-0123456789");
}

#[test]
fn tenants_and_principals_are_the_same_everywhere() {
    let world = World::new();
    let tenant = world.call("POST", TENANTS, ROOT, &json!({ "name": "New" })).json();
    let (id, label) = (text(&tenant, "id"), text(&tenant, "label"));
    let principal = world
        .call("POST", &format!("{TENANTS}/{id}/principals"), ROOT, &json!({ "name": "Ada", "description": "d" }))
        .json();
    let principal = text(&principal, "id");
    assert_eq!(world.get(&format!("/organizations/{label}"), ROOT).json()["id"], json!(id));
    let account = world.get(&format!("/organizations/{label}/service-accounts/{principal}"), ROOT).json();
    assert_eq!(account["name"], "Ada");
    let guid = |id: &str| Id::parse(id).unwrap().guid();
    let user = format!("/v1.0/tenants/{}/users/{}", guid(&id), guid(&principal));
    assert_eq!(world.get(&user, ROOT).status, 200);
    let patch = world.call(
        "PATCH",
        &format!("/organizations/{label}/service-accounts/{principal}"),
        ROOT,
        &json!({ "name": "Eve" }),
    );
    assert_eq!(patch.status, 200, "{}", patch.text);
    let url = format!("{TENANTS}/{id}/principals/{principal}");
    assert_eq!(read(&world, &url)["name"], "Eve");
    assert_eq!(read(&world, &url)["revision"], 2);
    assert_eq!(world.call("DELETE", &user, ROOT, &Value::Null).status, 200);
    is(&world.get(&url, ROOT), 404, "no_principal");
}
