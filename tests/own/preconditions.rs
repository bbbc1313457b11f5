//! If-Match, If-None-Match, and a tenant that asks for them.

use serde_json::{Value, json};

use crate::stage::*;

/// Whether a header refuses a write, and what it writes when it does not.
fn writes(world: &World, url: &str, headers: &[(&str, &str)], body: &Value) -> [u16; 2] {
    ["PATCH", "DELETE"].map(|method| send(world, method, url, ROOT, headers, body).status)
}

#[test]
fn a_write_happens_only_to_the_state_that_if_match_names() {
    let world = World::new();
    let made = plain(&world);
    let stale = made.etag.clone();
    assert_eq!(world.call("PATCH", &made.url, ROOT, &json!({ "name": "b" })).status, 200);
    let now = world.get(&made.url, ROOT).etag().to_owned();
    assert_ne!(now, stale);
    let other = plain(&world).etag;
    let before = world.stored();
    let list = format!("{stale}, {other}");
    for tag in [stale.as_str(), &format!("W/{stale}"), &list, &other, "\"\"", "\"nonsense\""] {
        for (method, url, body) in [
            ("PATCH", made.url.clone(), json!({ "name": "c" })),
            ("PATCH", made.url.clone(), json!({})),
            ("PUT", made.url.clone(), whole(json!({}))),
            ("DELETE", made.url.clone(), Value::Null),
            ("POST", made.under("rotate"), json!({ "grace_seconds": 60 })),
            ("POST", made.under("rotate/finish"), Value::Null),
            ("POST", made.under("rotate/cancel"), Value::Null),
            ("POST", made.under("revoke"), Value::Null),
            ("POST", made.under("restore"), Value::Null),
        ] {
            let reply = send(&world, method, &url, ROOT, &[("if-match", tag)], &body);
            is(&reply, 412, "stale");
            one_trip(&reply);
        }
    }
    assert_eq!(world.stored(), before);
    // Stale comes before what is wrong with the body.
    is(&world.call_if_match("PATCH", &made.url, ROOT, &stale, &json!({ "name": 7 })), 412, "stale");
    for tag in [now.clone(), format!("W/{now}"), format!("{other}, W/{now}"), "*".to_owned()] {
        let reply = world.call_if_match("PATCH", &made.url, ROOT, &tag, &json!({ "name": "b" }));
        assert_eq!(
            (reply.status, reply.etag()),
            (200, now.as_str()),
            "{tag}: a change that changes nothing keeps the ETag"
        );
    }
    assert_eq!(world.stored(), before);
}

#[test]
fn tenants_and_principals_have_preconditions_too() {
    let world = World::new();
    let principal = text(&world.call("POST", PRINCIPALS, ROOT, &json!({ "name": "p" })).json(), "id");
    for url in [format!("{PRINCIPALS}/{principal}"), TENANT.to_owned()] {
        let stale = world.get(&url, ROOT).etag().to_owned();
        assert_eq!(world.call_if_match("PATCH", &url, ROOT, &stale, &json!({ "name": "q" })).status, 200);
        let before = world.stored();
        assert_eq!(writes(&world, &url, &[("if-match", &stale)], &json!({ "name": "r" })), [412, 412]);
        let now = world.get(&url, ROOT).etag().to_owned();
        assert_ne!(now, stale);
        assert_eq!(writes(&world, &url, &[("if-none-match", &now)], &json!({ "name": "r" })), [412, 412]);
        assert_eq!(world.stored(), before);
        let same = world.call("PATCH", &url, ROOT, &json!({ "name": "q" }));
        assert_eq!((same.status, same.etag()), (200, now.as_str()));
        assert_eq!(world.call_if_match("PATCH", &url, ROOT, &now, &json!({ "name": "r" })).status, 200);
    }
}

/// The write is answered with what it wrote, also where it takes the caller's own right away.
#[test]
fn who_turns_its_own_principal_off_is_told_so() {
    let world = World::new();
    let principal = text(&world.call("POST", PRINCIPALS, ROOT, &json!({ "name": "p" })).json(), "id");
    let admin = make(&world, &json!({ "name": "a", "roles": null, "principal": principal }));
    let url = format!("{PRINCIPALS}/{principal}");
    let reply = world.call("PATCH", &url, &admin.secret, &json!({ "enabled": false }));
    assert_eq!((reply.status, &reply.json()["enabled"]), (200, &json!(false)));
    is(&world.get(&url, &admin.secret), 401, "inactive");
}

#[test]
fn who_takes_its_own_right_away_is_told_so() {
    let world = World::new();
    for body in [
        json!({ "enabled": false }),
        json!({ "roles": [{ "role_id": "viewer" }] }),
        json!({ "expires_at": time(START) }),
    ] {
        let admin = make(&world, &json!({ "name": "a", "roles": null }));
        let reply = world.call("PATCH", &admin.url, &admin.secret, &body);
        assert_eq!((reply.status, &reply.json()["revision"]), (200, &json!(2)), "{body}");
    }
    let admin = make(&world, &json!({ "name": "a", "roles": null }));
    let reply = world.call("POST", &admin.under("revoke"), &admin.secret, &Value::Null);
    assert_eq!((reply.status, reply.json()["revoked_at"].is_string()), (200, true));
    let admin = make(&world, &json!({ "name": "a", "roles": null }));
    let reply = world.call("POST", &admin.under("rotate"), &admin.secret, &json!({ "grace_seconds": 0 }));
    assert_eq!((reply.status, reply.json()["secrets"].as_array().unwrap().len()), (200, 1));
    assert!(holds(&world, &text(&reply.json(), "secret")) && !holds(&world, &admin.secret));
    let admin = make(&world, &json!({ "name": "a", "roles": null }));
    assert_eq!(world.call("DELETE", &admin.url, &admin.secret, &Value::Null).status, 204);
}

#[test]
fn a_read_of_what_is_known_is_304_and_a_write_of_it_412() {
    let world = World::new();
    let made = plain(&world);
    let tag = made.etag.as_str();
    let listed = format!("\"x\", W/{tag}");
    for known in [tag, &format!("W/{tag}"), &listed, "*"] {
        for method in ["GET", "HEAD"] {
            let reply = send(&world, method, &made.url, ROOT, &[("if-none-match", known)], &Value::Null);
            assert_eq!((reply.status, reply.text.as_str(), reply.etag()), (304, "", tag), "{known}");
            assert_eq!(reply.header("content-type"), None);
            assert_eq!(reply.header("cache-control"), Some("no-store, no-transform"));
            one_trip(&reply);
        }
        let before = world.stored();
        assert_eq!(writes(&world, &made.url, &[("if-none-match", known)], &json!({ "name": "x" })), [412, 412]);
        assert_eq!(world.stored(), before);
    }
    let reply = send(&world, "GET", &made.url, ROOT, &[("if-none-match", "\"x\"")], &Value::Null);
    assert_eq!((reply.status, reply.json()["id"].as_str()), (200, Some(made.id.as_str())));
    // One who may not read it learns nothing of its state.
    let stranger = other_tenant(&world);
    is(&send(&world, "GET", &made.url, &stranger, &[("if-none-match", tag)], &Value::Null), 404, "no_tenant");
    for url in [TENANT.to_owned(), format!("{PRINCIPALS}/{ACME}")] {
        let tag = world.get(&url, ROOT).etag().to_owned();
        let reply = send(&world, "GET", &url, ROOT, &[("if-none-match", &tag)], &Value::Null);
        assert_eq!((reply.status, reply.text.as_str()), (304, ""));
    }
}

#[test]
fn a_tenant_may_require_if_match_on_every_face() {
    let world = World::new();
    let made = plain(&world);
    assert_eq!(world.call("PATCH", TENANT, ROOT, &json!({ "require_if_match": true })).status, 200);
    let before = world.stored();
    let keycard = format!("/organizations/acme/service-accounts/{ACME}/credentials/{}", made.id);
    let litegraph = json!({ "UserGUID": support::ZERO, "Name": "x", "Active": true });
    let requests = [
        ("PUT", made.url.clone(), whole(json!({}))),
        ("PATCH", made.url.clone(), json!({ "name": "x" })),
        ("PATCH", made.url.clone(), json!({})),
        ("DELETE", made.url.clone(), Value::Null),
        ("POST", made.under("rotate"), json!({ "grace_seconds": 60 })),
        ("POST", made.under("revoke"), Value::Null),
        ("POST", made.under("restore"), Value::Null),
        ("PUT", made.coactive(), json!({ "name": "x" })),
        ("DELETE", made.coactive(), Value::Null),
        ("PUT", made.litegraph(), litegraph.clone()),
        ("DELETE", made.litegraph(), Value::Null),
        ("PATCH", keycard.clone(), json!({ "name": "x" })),
        ("DELETE", keycard, Value::Null),
    ];
    for (method, url, body) in requests {
        let reply = world.call(method, &url, ROOT, &body);
        assert_eq!(reply.status, 428, "{method} {url}: {}", reply.text);
        one_trip(&reply);
    }
    assert_eq!(world.stored(), before);
    is(&world.call("PATCH", &made.url, ROOT, &json!({ "name": 7 })), 428, "precondition_required");
    // Reads and what is new need none; a dry run is asked as the change would be.
    assert_eq!(world.get(&made.url, ROOT).status, 200);
    is(&world.call("PATCH", &format!("{}?dry_run=true", made.url), ROOT, &json!({})), 428, "precondition_required");
    let put = world.call_if_match("PUT", &made.litegraph(), ROOT, &made.etag, &litegraph);
    assert_eq!(put.status, 200, "the ETag is the same on every face: {}", put.text);
    let tag = world.get(&made.coactive(), ROOT).etag().to_owned();
    assert_eq!(world.call_if_match("PATCH", &made.url, ROOT, &tag, &json!({ "name": "y" })).status, 200);
    assert_eq!(plain(&world).body["revision"], 1);
}

#[test]
fn of_two_who_read_the_same_state_one_alone_writes() {
    let world = World::new();
    let made = plain(&world);
    let first = world.call_if_match("PATCH", &made.url, ROOT, &made.etag, &json!({ "name": "first" }));
    let second = world.call_if_match("PATCH", &made.url, ROOT, &made.etag, &json!({ "name": "second" }));
    assert_eq!((first.status, second.status), (200, 412));
    assert_eq!(read(&world, &made.url)["name"], "first");
}
