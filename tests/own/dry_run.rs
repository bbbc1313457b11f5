//! A dry run tells what a change would do, in the change's own words, and does nothing.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::stage::*;

fn dry(world: &World, method: &str, url: &str, token: &str, body: &Value) -> Reply {
    world.call(method, &format!("{url}?dry_run=true"), token, body)
}

#[test]
fn it_tells_field_by_field_and_writes_nothing() {
    let world = World::new();
    let made =
        make(&world, &json!({ "name": "n", "roles": [{ "role_id": "viewer" }], "expires_at": "2027-01-01T00:00:00Z" }));
    let before = world.stored();
    let reply =
        dry(&world, "PATCH", &made.url, ROOT, &json!({ "name": "m", "expires_at": null, "metadata": { "a": "1" } }));
    assert_eq!(
        (reply.status, reply.etag(), reply.header("content-type")),
        (200, made.etag.as_str(), Some("application/json"))
    );
    one_trip(&reply);
    assert_eq!(reply.cost.rows_written, 0);
    assert_eq!(reply.members(), ["changes", "widens_access"]);
    assert_eq!(
        reply.json(),
        json!({
            "changes": {
                "name": { "before": "n", "after": "m" },
                "expires_at": { "before": "2027-01-01T00:00:00.000000Z", "after": null },
                "metadata": { "before": {}, "after": { "a": "1" } },
            },
            "widens_access": true,
        })
    );
    let put = dry(&world, "PUT", &made.url, ROOT, &read(&world, &made.url));
    assert_eq!(put.json(), json!({ "changes": {}, "widens_access": false }));
    assert_eq!(world.stored(), before);
    assert_eq!(
        world.call("PATCH", &format!("{}?dry_run=false", made.url), ROOT, &json!({ "name": "m" })).json()["name"],
        "m"
    );
}

#[test]
fn it_is_refused_as_the_change_would_be() {
    let world = World::new();
    let made = plain(&world);
    let [viewer, editor] = ["viewer", "editor"].map(|role| world.caller(&[role]));
    let ending = make(&world, &json!({ "name": "ending", "roles": null, "expires_at": time(START + DAY) })).secret;
    let stranger = other_tenant(&world);
    let nowhere = format!("{CREDENTIALS}/01arz3ndektsv4rrffq69g5fav");
    let before = world.stored_but_last_use();
    for (url, token, body) in [
        (&made.url, viewer.as_str(), json!({})),
        (&made.url, &editor, json!({ "enabled": false })),
        (&made.url, &editor, json!({ "metadata": { "a": "1" } })),
        (&made.url, &ending, json!({ "expires_at": time(START + 2 * DAY) })),
        (&made.url, ROOT, json!({ "name": "", "roles": [], "nmae": 1, "revision": 7 })),
        (&made.url, ROOT, json!({ "roles": [{ "role_id": "nobody" }] })),
        (&made.url, &stranger, json!({})),
        (&nowhere, ROOT, json!({})),
        (&made.url, "pstn_garbage", json!({})),
    ] {
        let told = dry(&world, "PATCH", url, token, &body);
        let does = world.call("PATCH", url, token, &body);
        assert!(does.status >= 400, "{body}");
        assert_eq!((told.status, told.text), (does.status, does.text), "{body}");
    }
    let url = format!("{}?dry_run=true", made.url);
    is(&world.call_if_match("PATCH", &url, ROOT, "\"stale\"", &json!({})), 412, "stale");
    assert_eq!(world.call_if_match("PATCH", &url, ROOT, &made.etag, &json!({})).status, 200);
    assert_eq!(violations(&dry(&world, "PUT", &made.url, ROOT, &json!({ "name": "x" }))).len(), 4);
    assert_eq!(world.stored_but_last_use(), before);
}

/// Never to be taken for a change that was not made: what has no dry run is not done when one is asked for.
#[test]
fn what_has_no_dry_run_is_refused_and_not_done() {
    let world = World::new();
    let made = plain(&world);
    let revoked = plain(&world);
    assert_eq!(world.call("POST", &revoked.under("revoke"), ROOT, &Value::Null).status, 200);
    let rotating = plain(&world);
    assert_eq!(world.call("POST", &rotating.under("rotate"), ROOT, &json!({ "grace_seconds": 60 })).status, 200);
    let principal = text(&world.call("POST", PRINCIPALS, ROOT, &json!({ "name": "p" })).json(), "id");
    let principal = format!("{PRINCIPALS}/{principal}");
    let before = world.stored();
    let mut done = Vec::new();
    for (method, url, body) in [
        ("POST", CREDENTIALS.to_owned(), json!({ "name": "x", "roles": null })),
        ("POST", PRINCIPALS.to_owned(), json!({ "name": "x" })),
        ("POST", TENANTS.to_owned(), json!({ "name": "x" })),
        ("PATCH", TENANT.to_owned(), json!({ "name": "x" })),
        ("PATCH", principal.clone(), json!({ "name": "x" })),
        ("PUT", principal.clone(), json!({ "name": "x", "enabled": true })),
        ("POST", made.under("rotate"), json!({ "grace_seconds": 60 })),
        ("POST", made.under("revoke"), Value::Null),
        ("POST", rotating.under("rotate/finish"), Value::Null),
        ("POST", rotating.under("rotate/cancel"), Value::Null),
        ("POST", revoked.under("restore"), Value::Null),
        ("DELETE", made.url.clone(), Value::Null),
        ("DELETE", principal, Value::Null),
        ("DELETE", TENANT.to_owned(), Value::Null),
    ] {
        let reply = world.call(method, &format!("{url}?dry_run=true"), ROOT, &body);
        if refusal_or_none(&reply) != Some((400, "unknown_parameter".to_owned())) || world.stored() != before {
            done.push(format!("{method} {url}: {}", reply.status));
        }
    }
    assert!(done.is_empty(), "{}", done.join("\n"));
    for value in ["", "yes", "1", "TRUE"] {
        let reply = world.call("PATCH", &format!("{}?dry_run={value}", made.url), ROOT, &json!({ "name": "x" }));
        is(&reply, 400, "bad_parameters");
        assert_eq!(reply.json()["violations"][0]["parameter"], "dry_run");
    }
    assert_eq!(world.stored(), before);
}

fn refusal_or_none(reply: &Reply) -> Option<(u16, String)> {
    (reply.status >= 400).then(|| refusal(reply))
}

fn roles() -> impl Strategy<Value = Value> {
    let role = prop_oneof![
        Just(json!({ "role_id": "admin" })),
        Just(json!({ "role_id": "viewer" })),
        Just(json!({ "role_id": "viewer", "resource": "r" })),
        Just(json!({ "role_id": "editor", "resource": "r", "resource_instance": "i" })),
    ];
    prop_oneof![1 => Just(Value::Null), 4 => proptest::collection::vec(role, 1..4).prop_map(Value::from)]
}

fn end() -> impl Strategy<Value = Value> {
    let ends = ["2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "2027-01-01T00:00:00.5Z", "2030-06-01T00:00:00+02:00"];
    prop_oneof![Just(Value::Null), proptest::sample::select(ends.to_vec()).prop_map(Value::from)]
}

/// A body that says some of the fields.
fn members() -> impl Strategy<Value = Map<String, Value>> {
    let metadata = proptest::collection::btree_map("[abc]", prop_oneof![Just("1"), Just("2")], 0..3);
    let fields = (
        proptest::option::of(prop_oneof![Just("n"), Just("m"), Just("\u{e9}\"\\")]),
        proptest::option::of(proptest::option::of("[ab]{0,2}")),
        proptest::option::of(any::<bool>()),
        proptest::option::of(roles()),
        proptest::option::of(end()),
        proptest::option::of(metadata),
    );
    fields.prop_map(|(name, description, enabled, roles, expires_at, metadata)| {
        let all = [
            ("name", name.map(Value::from)),
            ("description", description.map(|text| json!(text))),
            ("enabled", enabled.map(Value::from)),
            ("roles", roles),
            ("expires_at", expires_at),
            ("metadata", metadata.map(|metadata| json!(metadata))),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// What the dry run says of a change is what the change's event says of it.
    #[test]
    fn it_agrees_with_the_event_of_the_change(first in members(), changes in proptest::collection::vec((any::<bool>(), members()), 1..5)) {
        let world = World::new();
        let mut body = json!({ "name": "n", "roles": null });
        body.as_object_mut().unwrap().extend(first);
        let made = make(&world, &body);
        for (replaces, said) in changes {
            let (method, body) = if replaces { ("PUT", whole(said.into())) } else { ("PATCH", said.into()) };
            let before = world.stored();
            let told = dry(&world, method, &made.url, ROOT, &body);
            prop_assert_eq!(told.status, 200, "{}", told.text);
            prop_assert_eq!(world.stored(), before);
            let events = world.history(&made.id).len();
            let done = world.call(method, &made.url, ROOT, &body);
            prop_assert_eq!(done.status, 200);
            let history = world.get(&format!("{}?limit=1", made.under("events")), ROOT).json();
            let event = &history["items"][0];
            let told = told.json();
            let wrote = world.history(&made.id).len() - events;
            prop_assert_eq!(wrote, usize::from(told["changes"] != json!({})));
            if wrote == 1 {
                prop_assert_eq!(&told["changes"], &event["changes"], "{} {}", method, body);
                prop_assert_eq!(&told["widens_access"], &event["widened_access"], "{} {}", method, body);
                for (name, change) in told["changes"].as_object().unwrap() {
                    prop_assert_eq!(&change["after"], &done.json()[name]);
                }
            } else {
                prop_assert_eq!(&told["widens_access"], &json!(false));
            }
        }
    }
}
