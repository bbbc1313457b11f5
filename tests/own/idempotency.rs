//! `Idempotency-Key`: what is made under one is made once, and answered the same for a day.

use serde_json::{Value, json};

use crate::stage::*;

fn post(world: &World, url: &str, token: &str, key: &str, body: &Value) -> Reply {
    send(world, "POST", url, token, &[("idempotency-key", key)], body)
}

fn ids(world: &World) -> Vec<Value> {
    world.db.query("SELECT id FROM credentials ORDER BY id", &[])
}

#[test]
fn the_same_key_and_body_gives_the_same_answer_byte_for_byte() {
    let world = World::new();
    let body = json!({ "name": "ci", "roles": [{ "role_id": "viewer" }], "expires_at": "2027-01-01T00:00:00Z", "metadata": { "b": "1", "a": "2" } });
    let first = post(&world, CREDENTIALS, ROOT, "k", &body);
    assert_eq!(first.status, 201, "{}", first.text);
    one_trip(&first);
    assert_eq!(first.cost.rows_written, 8 + 2, "the credential's, and the key's twice");
    let made = first.json();
    let (id, secret) = (text(&made, "id"), text(&made, "secret"));
    let url = format!("{CREDENTIALS}/{id}");
    let again = |what: &str| {
        let stored = world.stored_but_last_use();
        let reply = post(&world, CREDENTIALS, ROOT, "k", &body);
        assert_eq!(
            (reply.status, reply.text.as_str(), reply.etag()),
            (201, first.text.as_str(), first.etag()),
            "{what}"
        );
        one_trip(&reply);
        assert_eq!(world.stored_but_last_use(), stored, "{what}: nothing is made");
    };
    again("at once");
    assert!(holds(&world, &secret), "a use of it");
    again("used since");
    assert_eq!(world.call("PATCH", &url, ROOT, &json!({ "name": "x", "roles": null })).status, 200);
    again("changed since");
    assert_eq!(world.call("POST", &format!("{url}/rotate"), ROOT, &json!({ "grace_seconds": 0 })).status, 200);
    again("rotated since");
    assert_eq!(world.call("PATCH", TENANT, ROOT, &json!({ "rbac": false })).status, 200);
    again("with other rules since");
    assert_eq!(world.call("DELETE", &url, ROOT, &Value::Null).status, 204);
    world.pass(DAY - MINUTE);
    again("deleted since");
    // A day later the key is new: and the tenant has no roles by now.
    world.pass(MINUTE);
    is(&post(&world, CREDENTIALS, ROOT, "k", &body), 403, "no_rbac");
    let plain = json!({ "name": "ci", "roles": null });
    let later = post(&world, CREDENTIALS, ROOT, "k", &plain);
    assert_eq!(later.status, 201);
    assert_ne!(text(&later.json(), "id"), id);
    assert_eq!(post(&world, CREDENTIALS, ROOT, "k", &plain).text, later.text);
}

#[test]
fn principals_and_tenants_are_made_once_too() {
    let world = World::new();
    for url in [PRINCIPALS, TENANTS] {
        let body = json!({ "name": "once" });
        let first = post(&world, url, ROOT, "k", &body);
        one_trip(&first);
        let changed = format!("{url}/{}", text(&first.json(), "id"));
        assert_eq!(world.call("PATCH", &changed, ROOT, &json!({ "name": "renamed" })).status, 200);
        let before = world.stored();
        let second = post(&world, url, ROOT, "k", &body);
        assert_eq!((second.status, &second.text, second.etag()), (201, &first.text, first.etag()));
        assert_eq!(world.stored(), before);
        is(&post(&world, url, ROOT, "k", &json!({ "name": "other" })), 422, "key_reused");
        // What only our own face says is kept as well.
    }
    let body = json!({ "name": "t", "enabled": false, "rbac": false, "require_if_match": true, "role_names": ["z"] });
    let first = post(&world, TENANTS, ROOT, "t", &body);
    assert_eq!(first.status, 201, "{}", first.text);
    assert_eq!(post(&world, TENANTS, ROOT, "t", &body).text, first.text);
}

#[test]
fn another_body_is_refused_and_another_caller_path_or_key_is_apart() {
    let world = World::new();
    let admin = world.caller(&["admin"]);
    let body = json!({ "name": "ci", "roles": null });
    let first = post(&world, CREDENTIALS, &admin, "k", &body);
    let count = ids(&world).len();
    let before = world.stored();
    for other in [json!({ "name": "cj", "roles": null }), json!({ "roles": null, "name": "" }), json!({})] {
        let reply = post(&world, CREDENTIALS, &admin, "k", &other);
        is(&reply, 422, "key_reused");
        one_trip(&reply);
        assert!(!reply.text.contains("pstn_"), "nothing of the first answer");
    }
    assert_eq!(world.stored(), before);
    other_tenant(&world);
    let elsewhere = format!("{TENANTS}/{OTHER}/credentials");
    let answers = [
        first,
        post(&world, CREDENTIALS, ROOT, "k", &body),
        post(&world, CREDENTIALS, &world.caller(&["admin"]), "k", &body),
        post(&world, CREDENTIALS, &admin, "K", &body),
        post(&world, CREDENTIALS, &admin, "k2", &body),
        post(&world, &elsewhere, ROOT, "k", &body),
        world.call("POST", CREDENTIALS, &admin, &body),
        world.call("POST", CREDENTIALS, &admin, &body),
    ];
    let mut made: Vec<_> = answers.iter().map(|reply| text(&reply.json(), "id")).collect();
    made.sort();
    made.dedup();
    assert_eq!(made.len(), answers.len(), "each its own");
    assert_eq!(ids(&world).len(), count + answers.len() - 1 + 2, "and the two callers that were made for this");
    assert_eq!(post(&world, PRINCIPALS, &admin, "k", &json!({ "name": "p" })).status, 201, "another path");
}

#[test]
fn two_callers_may_use_the_same_key_for_different_bodies() {
    let world = World::new();
    let callers = [ROOT.to_owned(), world.caller(&["admin"]), world.caller(&["admin"])];
    let body = |at: usize| json!({ "name": format!("of {at}"), "roles": null });
    let ask = |at: usize| post(&world, CREDENTIALS, &callers[at], "k", &body(at));
    let first = [0, 1, 2].map(ask);
    for (at, first) in first.iter().enumerate() {
        let again = ask(at);
        assert_eq!((again.status, &again.text), (201, &first.text), "{at}");
    }
}

#[test]
fn a_refused_request_keeps_nothing() {
    let world = World::new();
    let kept = || world.db.count("SELECT count(*) FROM idempotency");
    let viewer = world.caller(&["viewer"]);
    let body = json!({ "name": "ci", "roles": null });
    assert_eq!(
        violations(&post(&world, CREDENTIALS, ROOT, "k", &json!({ "name": "ci" }))),
        pairs(&[("/roles", "missing")])
    );
    let unknown = json!({ "name": "ci", "roles": [{ "role_id": "nobody" }] });
    assert_eq!(violations(&post(&world, CREDENTIALS, ROOT, "k", &unknown)).len(), 1);
    is(&post(&world, CREDENTIALS, &viewer, "k", &body), 403, "forbidden");
    is(&post(&world, CREDENTIALS, "pstn_x", "k", &body), 401, "unauthenticated");
    assert_eq!(kept(), 0);
    assert_eq!(post(&world, CREDENTIALS, ROOT, "k", &body).status, 201, "the key is still free");
    assert_eq!(kept(), 1);
    // Who may no longer make anything is not given the answer again.
    let admin = make(&world, &json!({ "name": "a", "roles": null }));
    assert_eq!(post(&world, CREDENTIALS, &admin.secret, "k", &body).status, 201);
    assert_eq!(world.call("PATCH", &admin.url, ROOT, &json!({ "roles": [{ "role_id": "viewer" }] })).status, 200);
    is(&post(&world, CREDENTIALS, &admin.secret, "k", &body), 403, "forbidden");
    for key in ["", "a b", "\u{e9}", &"k".repeat(256)] {
        let reply = post(&world, CREDENTIALS, ROOT, key, &body);
        is(&reply, 400, "bad_idempotency_key");
        assert_eq!(reply.cost.trips, 0);
    }
    assert_eq!(post(&world, CREDENTIALS, ROOT, &"k".repeat(255), &body).status, 201);
}

#[test]
fn at_rest_there_is_no_secret_and_no_key_in_clear() {
    let world = World::new();
    let key = "a-key-that-a-client-chose";
    let made = post(&world, CREDENTIALS, ROOT, key, &json!({ "name": "ci", "roles": null })).json();
    let secret = text(&made, "secret");
    let random = secret.split('_').nth(2).unwrap();
    let stored = Value::from(world.stored()).to_string();
    assert!(stored.contains(&text(&made, "id")));
    for clear in [secret.as_str(), random, key, ROOT] {
        assert!(!stored.contains(clear), "{clear}");
    }
    let row = &world.db.query("SELECT * FROM idempotency", &[])[0];
    assert!(row["sealed"].is_string() && row["made"].is_string(), "{row}");
    // Sealed anew each time it is sealed, and for its own credential: another's does not open.
    let sealed = |row: &Value| text(row, "sealed");
    let other = post(&world, CREDENTIALS, ROOT, "other", &json!({ "name": "ci", "roles": null }));
    assert_eq!(other.status, 201);
    let rows = world.db.query("SELECT sealed FROM idempotency", &[]);
    assert_ne!(sealed(&rows[0]), sealed(&rows[1]));
    let id = postern::credential::id::Id::parse(&text(&made, "id")).expect("an id");
    // What was sealed for an answer is not shown by any face that shows tokens.
    let shown = world.get(&support::litegraph_url(&id), ROOT).json();
    assert!(!shown.to_string().contains(random), "{shown}");
}

#[test]
fn what_is_older_than_a_day_is_forgotten_and_nothing_else() {
    let world = World::new();
    let body = json!({ "name": "ci", "roles": null });
    assert_eq!(post(&world, CREDENTIALS, ROOT, "old", &body).status, 201);
    let made = world.now.get();
    world.pass(HOUR);
    let young = post(&world, CREDENTIALS, ROOT, "young", &body);
    let mut before = world.stored();
    let forget = |now: i64| {
        let store = postern::store::Store::new(&world.db);
        let now = postern::credential::time::Micros(now);
        pollster::block_on(postern::store::idempotency::forget(&store, now)).expect("forgotten");
    };
    forget(made + DAY - 1);
    assert_eq!(world.stored(), before);
    forget(made + DAY);
    assert_eq!(world.db.count("SELECT count(*) FROM idempotency"), 1);
    let kept = before.remove("idempotency").unwrap();
    let mut after = world.stored();
    let left = after.remove("idempotency").unwrap();
    assert!(kept.as_array().unwrap().contains(&left[0]));
    assert_eq!(after, before, "nothing else");
    assert_eq!(post(&world, CREDENTIALS, ROOT, "young", &body).text, young.text);
}
