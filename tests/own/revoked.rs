//! Revoked is a state of its own: whoever can only say enabled or active cannot lift it.

use serde_json::{Value, json};

use crate::stage::*;

fn revoke(world: &World, made: &Made, body: &Value) -> Reply {
    let reply = world.call("POST", &made.under("revoke"), ROOT, body);
    assert_eq!(reply.status, 200, "{}", reply.text);
    one_trip(&reply);
    reply
}

#[test]
fn a_revoked_credential_is_no_caller_until_it_is_restored() {
    let world = World::new();
    let made = make(&world, &json!({ "name": "a", "roles": null }));
    let access = access_token(&world, &made);
    assert!(holds(&world, &made.secret) && holds(&world, &access));
    let revoked = revoke(&world, &made, &json!({ "reason": "leaked" })).json();
    let at = time(world.now.get());
    assert_eq!((&revoked["revoked_at"], &revoked["revoked_reason"]), (&json!(at), &json!("leaked")));
    assert_eq!((&revoked["enabled"], &revoked["revision"]), (&json!(true), &json!(2)));
    for secret in [&made.secret, &access] {
        is(&world.get(&made.url, secret), 401, "unauthenticated");
    }
    is(&world.call("POST", &made.under("restore"), &made.secret, &Value::Null), 401, "unauthenticated");
    // A second time changes nothing but the reason.
    world.pass(HOUR);
    let again = revoke(&world, &made, &json!({ "reason": "sold" })).json();
    assert_eq!(
        (&again["revoked_at"], &again["revoked_reason"], &again["revision"]),
        (&json!(at), &json!("sold"), &json!(3))
    );
    let same = revoke(&world, &made, &json!({ "reason": "sold" }));
    assert_eq!(same.json()["revision"], 3);
    // Neither PUT nor PATCH of our own lifts it.
    let mut body = read(&world, &made.url);
    body["revoked_at"] = Value::Null;
    assert_eq!(violations(&world.call("PUT", &made.url, ROOT, &body)), pairs(&[("/revoked_at", "read_only")]));
    assert_eq!(world.call("PATCH", &made.url, ROOT, &json!({ "enabled": true, "name": "b" })).json()["revoked_at"], at);
    assert!(!holds(&world, &made.secret));
    let restored = world.call("POST", &made.under("restore"), ROOT, &Value::Null);
    one_trip(&restored);
    let restored = restored.json();
    assert_eq!((&restored["revoked_at"], &restored["revoked_reason"]), (&Value::Null, &Value::Null));
    assert!(holds(&world, &made.secret) && holds(&world, &access_token(&world, &made)));
    let events = world.history(&made.id).len();
    let again = world.call("POST", &made.under("restore"), ROOT, &Value::Null);
    assert_eq!((again.status, again.json()["revision"] == restored["revision"]), (200, true));
    assert_eq!(world.history(&made.id).len(), events);
    let told: Vec<_> = world
        .history(&made.id)
        .into_iter()
        .filter(|event| event["changes"].get("revoked_reason").is_some())
        .map(|event| (event["changes"]["revoked_reason"].clone(), event["widened"].clone()))
        .collect();
    assert_eq!(
        told,
        [
            (json!({ "before": null, "after": "leaked" }), json!(0)),
            (json!({ "before": "leaked", "after": "sold" }), json!(0)),
            (json!({ "before": "sold", "after": null }), json!(1)),
        ]
    );
}

fn access_token(world: &World, made: &Made) -> String {
    let client = postern::credential::id::Id::parse(&made.id).unwrap().client();
    let form = format!("grant_type=client_credentials&client_id={client}&client_secret={}", made.secret);
    let reply =
        world.send("POST", "/oauth/token", &[("content-type", "application/x-www-form-urlencoded")], form.as_bytes());
    assert_eq!(reply.status, 200, "{}", reply.text);
    text(&reply.json(), "access_token")
}

#[test]
fn the_reason_may_be_left_out_and_keeps_its_bounds() {
    let world = World::new();
    let made = plain(&world);
    for (body, pointer, code) in [
        (json!({ "reason": 7 }), "/reason", "type"),
        (json!({ "reason": "r".repeat(501) }), "/reason", "too_long"),
        (json!({ "reason": "\u{0}" }), "/reason", "control_character"),
        (json!({ "resaon": "x" }), "/resaon", "unknown_member"),
    ] {
        let reply = world.call("POST", &made.under("revoke"), ROOT, &body);
        assert_eq!(violations(&reply), pairs(&[(pointer, code)]));
    }
    assert_eq!(read(&world, &made.url)["revoked_at"], Value::Null);
    for body in [Value::Null, json!({}), json!({ "reason": null })] {
        let made = plain(&world);
        assert_eq!(revoke(&world, &made, &body).json()["revoked_reason"], Value::Null);
        assert!(!holds(&world, &made.secret));
    }
    assert_eq!(revoke(&world, &made, &json!({ "reason": "r".repeat(500) })).status, 200);
    for role in ["viewer", "editor"] {
        let caller = world.caller(&[role]);
        for step in ["revoke", "restore"] {
            is(&world.call("POST", &made.under(step), &caller, &Value::Null), 403, "forbidden");
        }
    }
}

#[test]
fn litegraph_shows_it_as_not_active_and_cannot_lift_it() {
    let world = World::new();
    let made = plain(&world);
    revoke(&world, &made, &json!({ "reason": "leaked" }));
    let url = made.litegraph();
    assert_eq!(world.get(&url, ROOT).json()["Active"], false);
    let whole = |active: Option<bool>, name: &str| {
        let mut body = json!({ "UserGUID": support::ZERO, "Name": name });
        if let Some(active) = active {
            body["Active"] = json!(active);
        }
        body
    };
    let before = world.stored();
    for active in [Some(true), None] {
        let reply = world.call("PUT", &url, ROOT, &whole(active, "renamed"));
        assert_eq!(reply.status, 409, "{}", reply.text);
    }
    // Not by a new token either.
    let mut token = whole(Some(true), "renamed");
    token["BearerToken"] = json!("a-token-of-its-own-0123456789");
    assert_eq!(world.call("PUT", &url, ROOT, &token).status, 409);
    assert_eq!(world.stored(), before);
    // What it says besides is made; enabled stays as it is, whichever it is.
    for enabled in [true, false] {
        assert_eq!(world.call("PATCH", &made.url, ROOT, &json!({ "enabled": enabled })).status, 200);
        let name = format!("renamed {enabled}");
        let reply = world.call("PUT", &url, ROOT, &whole(Some(false), &name));
        assert_eq!((reply.status, &reply.json()["Active"]), (200, &json!(false)), "{}", reply.text);
        let now = read(&world, &made.url);
        assert_eq!(
            (&now["enabled"], &now["name"], now["revoked_at"].is_string()),
            (&json!(enabled), &json!(name), true)
        );
    }
    // Restored, it is as enabled as it was.
    assert_eq!(world.call("POST", &made.under("restore"), ROOT, &Value::Null).json()["enabled"], false);
    assert_eq!(world.call("PUT", &url, ROOT, &whole(Some(true), "on")).json()["Active"], true);
    assert!(holds(&world, &made.secret));
}

#[test]
fn coactive_and_keycard_cannot_lift_it() {
    let world = World::new();
    let made = plain(&world);
    revoke(&world, &made, &Value::Null);
    let at = read(&world, &made.url)["revoked_at"].clone();
    let keycard = format!("/organizations/acme/service-accounts/{ACME}/credentials/{}", made.id);
    for (method, url, body) in [
        ("PUT", made.coactive(), json!({ "name": "by coactive", "roles": null })),
        ("PATCH", keycard, json!({ "name": "by keycard" })),
    ] {
        let reply = world.call(method, &url, ROOT, &body);
        assert_eq!(reply.status, 200, "{}", reply.text);
        let now = read(&world, &made.url);
        assert_eq!((&now["revoked_at"], &now["name"]), (&at, &body["name"]));
        assert!(!holds(&world, &made.secret));
    }
}
