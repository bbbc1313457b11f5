//! What no other credential service has, each by its name in PEERS.md's last paragraph.

use serde_json::{Value, json};

use crate::stage::*;

#[test]
fn etag_and_if_match_on_credentials() {
    let world = World::new();
    let made = plain(&world);
    assert_eq!(made.etag, format!("\"{}.1\"", made.id));
    let first = world.call_if_match("PUT", &made.url, ROOT, &made.etag, &whole(json!({ "name": "first" })));
    assert_eq!((first.status, first.etag()), (200, format!("\"{}.2\"", made.id).as_str()));
    is(&world.call_if_match("PUT", &made.url, ROOT, &made.etag, &whole(json!({ "name": "second" }))), 412, "stale");
    assert_eq!(read(&world, &made.url)["name"], "first");
    let known = send(&world, "GET", &made.url, ROOT, &[("if-none-match", first.etag())], &Value::Null);
    assert_eq!((known.status, known.text.as_str()), (304, ""));
}

/// RFC 7396, appendix A, as far as its examples are of objects that a credential can be.
#[test]
fn rfc_7396_patch() {
    let world = World::new();
    for (original, patch, result) in [
        (json!({ "a": "b" }), json!({ "a": "c" }), json!({ "a": "c" })),
        (json!({ "a": "b" }), json!({ "b": "c" }), json!({ "a": "b", "b": "c" })),
        (json!({ "a": "b" }), json!({ "a": null }), json!({})),
        (json!({ "a": "b", "b": "c" }), json!({ "a": null }), json!({ "b": "c" })),
        (json!({}), json!({ "a": null }), json!({})),
        (json!({ "e": "f" }), json!({ "a": "1" }), json!({ "a": "1", "e": "f" })),
    ] {
        let made = make(&world, &json!({ "name": "n", "description": "d", "roles": null, "metadata": original }));
        let body = json!({ "metadata": patch, "description": null });
        let merge = [("content-type", "application/merge-patch+json")];
        let reply = send(&world, "PATCH", &made.url, ROOT, &merge, &body);
        assert_eq!((reply.status, &reply.json()["metadata"]), (200, &result), "{original} and {patch}");
        assert_eq!((&reply.json()["description"], &reply.json()["name"]), (&Value::Null, &json!("n")));
    }
    let made = plain(&world);
    let other = send(&world, "PATCH", &made.url, ROOT, &[("content-type", "application/json-patch+json")], &json!([]));
    assert_eq!((other.status, other.header("accept-patch").is_some()), (415, true));
}

#[test]
fn a_dry_run_says_this_widens_access() {
    let world = World::new();
    let made = make(
        &world,
        &json!({ "name": "n", "roles": [{ "role_id": "viewer" }], "enabled": false, "expires_at": "2027-01-01T00:00:00Z" }),
    );
    let before = world.stored();
    for (body, widens) in [
        (json!({ "roles": null }), true),
        (json!({ "roles": [{ "role_id": "viewer" }, { "role_id": "editor" }] }), true),
        (json!({ "roles": [{ "role_id": "editor" }] }), true),
        (json!({ "enabled": true }), true),
        (json!({ "expires_at": null }), true),
        (json!({ "expires_at": "2027-01-02T00:00:00Z" }), true),
        (json!({ "expires_at": "2026-12-31T00:00:00Z" }), false),
        (json!({ "roles": [{ "role_id": "viewer", "resource": "r" }] }), true),
        (json!({ "name": "m", "description": "d", "metadata": { "a": "b" } }), false),
        (json!({}), false),
    ] {
        let reply = world.call("PATCH", &format!("{}?dry_run=true", made.url), ROOT, &body);
        assert_eq!((reply.status, &reply.json()["widens_access"]), (200, &json!(widens)), "{body}");
    }
    assert_eq!(world.stored(), before);
}

#[test]
fn rotation_with_start_finish_cancel_deadline_and_last_use_of_each_secret() {
    let world = World::new();
    let made = make(&world, &json!({ "name": "n", "roles": null }));
    let step = |step: &str, body: &Value| world.call("POST", &made.under(&format!("rotate{step}")), ROOT, body);
    let start = || text(&step("", &json!({ "grace_seconds": 600 })).json(), "secret");
    let second = start();
    assert!(holds(&world, &made.secret));
    let old_use = world.now.get();
    assert!(holds(&world, &second));
    let secrets = read(&world, &made.url)["secrets"].clone();
    let uses: Vec<_> = secrets.as_array().unwrap().iter().map(|secret| secret["last_used_at"].clone()).collect();
    assert_eq!(uses, [time(old_use), time(old_use + 1000)].map(Value::from), "each its own");
    is(&step("", &json!({ "grace_seconds": 1 })), 409, "rotating");
    // Taken back: the old one alone, for good.
    assert_eq!(step("/cancel", &Value::Null).json()["secrets"][0]["expires_at"], Value::Null);
    assert!(holds(&world, &made.secret) && !holds(&world, &second));
    is(&step("/cancel", &Value::Null), 409, "not_rotating");
    // Finished: the new one alone.
    let third = start();
    assert_eq!(step("/finish", &Value::Null).status, 200);
    assert!(!holds(&world, &made.secret) && holds(&world, &third));
    is(&step("/finish", &Value::Null), 409, "not_rotating");
    // Left alone: the deadline ends it, with nothing that runs.
    let fourth = start();
    world.pass(600 * SECOND - 2000);
    assert!(holds(&world, &third) && holds(&world, &fourth));
    assert!(!holds(&world, &third) && holds(&world, &fourth));
    let now = read(&world, &made.url);
    assert_eq!((&now["id"], now["secrets"].as_array().unwrap().len()), (&json!(made.id), 1));
}

#[test]
fn a_verify_answer_states_its_own_freshness() {
    let world = World::new();
    let admin = world.caller(&["admin"]);
    let made = plain(&world);
    let verify = || world.call("POST", "/v1/verify", &admin, &json!({ "token": made.secret })).json();
    let told = verify();
    assert_eq!((&told["active"], &told["max_staleness_seconds"]), (&json!(true), &json!(0)));
    assert_eq!(told["checked_at"], time(world.now.get()));
    // And it is true: what was changed a millisecond ago is known.
    assert_eq!(world.call("PATCH", &made.url, ROOT, &json!({ "enabled": false })).status, 200);
    assert_eq!(verify()["active"], false);
}

#[test]
fn field_level_before_and_after_in_the_same_transaction() {
    let world = World::new();
    let made = plain(&world);
    assert_eq!(world.call("PATCH", &made.url, ROOT, &json!({ "name": "b", "enabled": false })).status, 200);
    let event = world.get(&format!("{}?limit=1", made.under("events")), ROOT).json()["items"][0].clone();
    let changes = json!({ "name": { "before": "plain", "after": "b" }, "enabled": { "before": true, "after": false } });
    assert_eq!((&event["changes"], &event["revision"]), (&changes, &json!(2)));
    // Where the event cannot be written, the change is not made either.
    world.db.execute("CREATE TRIGGER no_events BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no'); END", &[]);
    let before = world.stored();
    let headers = [("authorization", format!("Bearer {ROOT}"))];
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (wire, noted) = (support::watched::Wire::to(&world.db), support::watched::Noted::of(&headers));
    let done = world.watch(&wire, "PATCH", &made.url, &noted, br#"{"name":"c"}"#);
    assert!(done.answer.status >= 500 && done.log.is_some());
    assert_eq!(world.stored(), before);
}
