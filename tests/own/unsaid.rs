//! What a vendor's face does to what it cannot say: docs/COMPATIBILITY.md, "What each face can say".

use postern::credential::id::Id;
use serde_json::{Value, json};

use crate::stage::*;
use support::{CLIENTS, ZERO};

fn by_keycard(id: &str) -> String {
    format!("/organizations/acme/service-accounts/{ACME}/credentials/{id}")
}

#[test]
fn a_vendors_face_reads_neither_a_dry_run_nor_an_idempotency_key() {
    let world = World::new();
    let made = plain(&world);
    let litegraph = json!({ "UserGUID": ZERO, "Name": "by litegraph" });
    for (method, url, body, name) in [
        ("PATCH", by_keycard(&made.id), json!({ "name": "by keycard" }), "by keycard"),
        ("PUT", made.litegraph(), litegraph.clone(), "by litegraph"),
        ("PUT", made.coactive(), json!({ "name": "by coactive" }), "by coactive"),
    ] {
        assert_eq!(world.call(method, &format!("{url}?dry_run=true"), ROOT, &body).status, 200);
        assert_eq!(read(&world, &made.url)["name"], name, "it is done");
    }
    for (method, url, body) in [
        ("POST", CLIENTS.to_owned(), json!({ "name": "x" })),
        ("PUT", format!("/v1.0/tenants/{ZERO}/credentials"), litegraph),
        ("POST", by_keycard("").trim_end_matches('/').to_owned(), json!({ "name": "x" })),
    ] {
        let before = world.db.count("SELECT count(*) FROM credentials");
        for _ in 0..2 {
            assert!(send(&world, method, &url, ROOT, &[("idempotency-key", "k")], &body).status < 300);
        }
        assert_eq!(world.db.count("SELECT count(*) FROM credentials"), before + 2, "{url}: made again");
    }
}

#[test]
fn preconditions_hold_on_every_face_on_tenants_and_principals_too() {
    let world = World::new();
    let made = plain(&world);
    for url in [made.coactive(), made.litegraph(), by_keycard(&made.id)] {
        let known = send(&world, "GET", &url, ROOT, &[("if-none-match", &made.etag)], &Value::Null);
        assert_eq!((known.status, known.text.as_str(), known.etag()), (304, "", made.etag.as_str()), "{url}");
    }
    let principal = text(&world.call("POST", PRINCIPALS, ROOT, &json!({ "name": "p" })).json(), "id");
    let user = format!("/v1.0/tenants/{ZERO}/users/{}", Id::parse(&principal).unwrap().guid());
    let account = format!("/organizations/acme/service-accounts/{principal}");
    let principal = format!("{PRINCIPALS}/{principal}");
    for (ours, method, url, body) in [
        (TENANT, "PATCH", "/organizations/acme", json!({ "name": "n" })),
        (TENANT, "PUT", &format!("/v1.0/tenants/{ZERO}"), json!({ "Name": "m" })),
        (&principal, "PATCH", &account, json!({ "name": "q" })),
        (&principal, "PUT", &user, json!({ "FirstName": "r" })),
    ] {
        let tag = world.get(ours, ROOT).etag().to_owned();
        let done = world.call_if_match(method, url, ROOT, &tag, &body);
        assert_eq!((done.status, done.header("etag")), (200, None), "{url}: {}", done.text);
        assert_eq!(world.call_if_match(method, url, ROOT, &tag, &body).status, 412, "{url}");
    }
}

#[test]
fn litegraphs_put_enables_by_silence_and_its_active_says_nothing_of_an_end() {
    let world = World::new();
    let made = make(&world, &json!({ "name": "a", "roles": null, "enabled": false, "expires_at": time(START) }));
    assert_eq!(world.get(&made.litegraph(), ROOT).json()["Active"], false);
    let put = world.call("PUT", &made.litegraph(), ROOT, &json!({ "UserGUID": ZERO, "Name": "a" }));
    assert_eq!((put.status, &put.json()["Active"]), (200, &json!(true)), "though it is past its end");
    let now = read(&world, &made.url);
    assert_eq!((&now["enabled"], &now["expires_at"]), (&json!(true), &json!(time(START))));
    let event = world.get(&format!("{}?limit=1", made.under("events")), ROOT).json()["items"][0].clone();
    assert_eq!(event["widened_access"], true);
    assert!(!holds(&world, &made.secret));
}

#[test]
fn litegraph_shows_the_newest_token_of_a_rotation_and_ends_both_by_a_third() {
    let world = World::new();
    let put = json!({ "UserGUID": ZERO, "Name": "lg", "BearerToken": "first-0123456789" });
    let first = world.call("PUT", &format!("/v1.0/tenants/{ZERO}/credentials"), ROOT, &put).json();
    let id = Id::parse_guid(&text(&first, "GUID")).unwrap();
    let (url, litegraph) = (format!("{CREDENTIALS}/{id}"), support::litegraph_url(&id));
    let rotated = world.call("POST", &format!("{url}/rotate"), ROOT, &json!({ "grace_seconds": 600 })).json();
    let new = text(&rotated, "secret");
    for token in ["first-0123456789", &new] {
        let found = world.get(&format!("/v1.0/credentials/bearer/{token}"), ROOT);
        assert_eq!((found.status, &found.json()["BearerToken"]), (200, &json!(new)), "found by both");
    }
    let secrets = || read(&world, &url)["secrets"].clone();
    let before = secrets();
    let put = |token: Option<&str>| {
        let body = json!({ "UserGUID": ZERO, "Name": "lg", "BearerToken": token });
        world.call("PUT", &litegraph, ROOT, &body).status
    };
    assert_eq!((put(None), put(Some(&new)), put(Some("first-0123456789"))), (200, 200, 409));
    assert_eq!(secrets(), before, "it rotates on");
    assert_eq!(put(Some("third-0123456789")), 200);
    assert_eq!(secrets().as_array().unwrap().len(), 1, "another token ends both");
}

#[test]
fn a_role_that_the_catalogue_has_lost_stays_with_who_has_it_and_nobody_gets_it() {
    let world = World::new();
    let names = |names: &[&str]| world.call("PATCH", TENANT, ROOT, &json!({ "role_names": names })).status;
    assert_eq!(names(&["deploy"]), 200);
    let made = make(&world, &json!({ "name": "a", "roles": [{ "role_id": "deploy" }] }));
    assert_eq!(names(&[]), 200);
    let shown = read(&world, &made.url);
    assert_eq!(shown["roles"], json!([{ "role_id": "deploy" }]));
    let put = world.call("PUT", &made.url, ROOT, &shown);
    assert_eq!((put.status, put.json()), (200, shown.clone()), "what it has may be said again");
    for roles in [
        json!([{ "role_id": "deploy", "resource": "r" }]),
        json!([{ "role_id": "deploy" }, { "role_id": "deploy", "resource": "r" }]),
    ] {
        let reply = world.call("PATCH", &made.url, ROOT, &json!({ "roles": roles }));
        assert!(
            violations(&reply).contains(&("/roles/0/role_id".to_owned(), "unknown_role".to_owned())),
            "on another thing"
        );
    }
    let other = plain(&world);
    let reply = world.call("PATCH", &other.url, ROOT, &json!({ "roles": shown["roles"] }));
    assert_eq!(violations(&reply), pairs(&[("/roles/0/role_id", "unknown_role")]), "by another credential");
    assert_eq!(world.call("PATCH", &made.url, ROOT, &json!({ "name": "b" })).json()["roles"], shown["roles"]);
}

#[test]
fn what_is_revoked_may_be_rotated_and_calls_no_sooner_for_that() {
    let world = World::new();
    let made = plain(&world);
    assert_eq!(world.call("POST", &made.under("revoke"), ROOT, &Value::Null).status, 200);
    let rotated = world.call("POST", &made.under("rotate"), ROOT, &json!({ "grace_seconds": 0 }));
    let new = text(&rotated.json(), "secret");
    assert!(!holds(&world, &new) && !holds(&world, &made.secret));
    assert_eq!(world.call("POST", &made.under("restore"), ROOT, &Value::Null).status, 200);
    assert!(holds(&world, &new) && !holds(&world, &made.secret));
}
