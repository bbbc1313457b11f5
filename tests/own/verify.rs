//! Verification: whether a token holds, whose it is, what it may do, and how fresh that is.

use serde_json::{Value, json};

use crate::stage::*;

fn verify(world: &World, by: &str, token: &str) -> Value {
    let reply = world.call("POST", "/v1/verify", by, &json!({ "token": token }));
    assert_eq!(reply.status, 200, "{}", reply.text);
    one_trip(&reply);
    reply.json()
}

fn form(world: &World, url: &str, by: Option<&str>, body: &str) -> Reply {
    let bearer = by.map(|by| format!("Bearer {by}"));
    let mut headers = vec![("content-type", "application/x-www-form-urlencoded"), ("host", "postern.example")];
    headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
    world.send("POST", url, &headers, body.as_bytes())
}

fn access_token(world: &World, made: &Made) -> String {
    let client = postern::credential::id::Id::parse(&made.id).unwrap().client();
    let body = format!("grant_type=client_credentials&client_id={client}&client_secret={}", made.secret);
    let reply = form(world, "/oauth/token", None, &body);
    assert_eq!(reply.status, 200, "{}", reply.text);
    one_trip(&reply);
    assert_eq!((&reply.json()["token_type"], &reply.json()["expires_in"]), (&json!("Bearer"), &json!(3600)));
    text(&reply.json(), "access_token")
}

#[test]
fn a_token_that_holds_is_told_whole() {
    let world = World::new();
    let admin = world.caller(&["admin"]);
    let viewer = world.caller(&["viewer"]);
    let roles = json!([{ "role_id": "editor", "resource": "r" }, { "role_id": "viewer" }]);
    let made = make(&world, &json!({ "name": "asked", "roles": roles, "expires_at": time(START + DAY) }));
    for by in [&admin, &viewer, &made.secret] {
        // An access token ends an hour after its second began, though its credential lives on.
        for (token, end) in [(made.secret.clone(), START + DAY), (access_token(&world, &made), START + HOUR)] {
            let told = verify(&world, by, &token);
            assert_eq!(
                told,
                json!({
                    "active": true, "tenant": ACME, "principal": ACME, "credential": made.id, "name": "asked",
                    "roles": read(&world, &made.url)["roles"], "expires_at": time(end),
                    "checked_at": told["checked_at"], "max_staleness_seconds": 0,
                })
            );
        }
    }
    // The very time at which it was judged.
    assert_eq!(verify(&world, &admin, &made.secret)["checked_at"], time(world.now.get()));
    // A secret that is being replaced ends sooner than its credential.
    assert_eq!(world.call("POST", &made.under("rotate"), ROOT, &json!({ "grace_seconds": 60 })).status, 200);
    let deadline = world.now.get() + MINUTE;
    assert_eq!(verify(&world, &admin, &made.secret)["expires_at"], time(deadline));
}

/// Root asks about any tenant's: it may do everything, and has no tenant of its own.
#[test]
fn root_verifies_too() {
    let world = World::new();
    let made = plain(&world);
    let told = verify(&world, ROOT, &made.secret);
    assert_eq!((&told["active"], &told["credential"]), (&json!(true), &json!(made.id)));
    let stranger = other_tenant(&world);
    assert_eq!(verify(&world, ROOT, &stranger)["tenant"], OTHER);
    let told = form(&world, "/oauth/introspect", Some(ROOT), &format!("token={}", made.secret));
    assert_eq!((told.status, &told.json()["active"]), (200, &json!(true)));
}

#[test]
fn one_that_does_not_hold_is_told_with_its_reason() {
    let world = World::new();
    let admin = world.caller(&["admin"]);
    let reason = |token: &str| {
        let told = verify(&world, &admin, token);
        assert_eq!(told["active"], false);
        text(&told, "reason")
    };
    let made = plain(&world);
    let access = access_token(&world, &made);
    let both = |expected: &str| {
        assert_eq!((reason(&made.secret), reason(&access)), (expected.to_owned(), expected.to_owned()));
        assert_eq!(verify(&world, &admin, &made.secret)["credential"], made.id);
    };
    let patch = |body: Value| assert_eq!(world.call("PATCH", &made.url, ROOT, &body).status, 200);
    patch(json!({ "expires_at": time(START) }));
    both("expired");
    patch(json!({ "expires_at": null, "enabled": false }));
    both("inactive");
    assert_eq!(world.call("POST", &made.under("revoke"), ROOT, &Value::Null).status, 200);
    both("revoked");
    assert_eq!(world.call("POST", &made.under("restore"), ROOT, &Value::Null).status, 200);
    let principal = text(&world.call("POST", PRINCIPALS, ROOT, &json!({ "name": "p" })).json(), "id");
    patch(json!({ "enabled": true, "principal": principal }));
    assert_eq!(verify(&world, &admin, &made.secret)["active"], true);
    assert_eq!(
        world.call("PATCH", &format!("{PRINCIPALS}/{principal}"), ROOT, &json!({ "enabled": false })).status,
        200
    );
    both("inactive");
    // A secret that was replaced, while it is still there; then it is none of ours any more.
    let rotated = plain(&world);
    assert_eq!(world.call("POST", &rotated.under("rotate"), ROOT, &json!({ "grace_seconds": 10 })).status, 200);
    assert_eq!(verify(&world, &admin, &rotated.secret)["active"], true);
    world.pass(10 * SECOND);
    assert_eq!(reason(&rotated.secret), "expired");
    assert_eq!(world.call("POST", &rotated.under("rotate"), ROOT, &json!({ "grace_seconds": 0 })).status, 200);
    assert_eq!(reason(&rotated.secret), "unknown");
    // A tenant that is off has no callers; root still may ask.
    let stranger = other_tenant(&world);
    assert_eq!(world.call("PATCH", &format!("{TENANTS}/{OTHER}"), ROOT, &json!({ "enabled": false })).status, 200);
    is(&world.call("POST", "/v1/verify", &stranger, &json!({ "token": stranger })), 401, "inactive");
    let told = world.call("POST", "/v1/verify", ROOT, &json!({ "token": stranger }));
    assert_eq!((told.status, &told.json()["reason"]), (200, &json!("inactive")), "{}", told.text);
}

#[test]
fn what_is_not_the_callers_to_know_is_unknown() {
    let world = World::new();
    let admin = world.caller(&["admin"]);
    let stranger = other_tenant(&world);
    let deleted = plain(&world);
    assert_eq!(world.call("DELETE", &deleted.url, ROOT, &Value::Null).status, 204);
    let forged = deleted.secret.replace(&deleted.id[20..], "");
    for token in
        [stranger.as_str(), ROOT, &deleted.secret, &forged, "x", "pstn_x", &"x".repeat(5000), "\u{0}", "client_x:y"]
    {
        let told = verify(&world, &admin, token);
        let expected = json!({ "active": false, "reason": "unknown", "checked_at": told["checked_at"], "max_staleness_seconds": 0 });
        assert_eq!(told, expected, "{token}");
    }
    // An access token outlives neither its hour nor its secret.
    let made = plain(&world);
    let access = access_token(&world, &made);
    assert_eq!(verify(&world, &admin, &access)["active"], true);
    world.pass(HOUR);
    assert_eq!(verify(&world, &admin, &access)["reason"], "unknown");
    let access = access_token(&world, &made);
    assert_eq!(world.call("POST", &made.under("rotate"), ROOT, &json!({ "grace_seconds": 0 })).status, 200);
    assert_eq!(verify(&world, &admin, &access)["active"], false);
    // Who has only scoped roles may not ask; a stranger learns nothing.
    let scoped = make(&world, &json!({ "name": "s", "roles": [{ "role_id": "admin", "resource": "r" }] })).secret;
    is(&world.call("POST", "/v1/verify", &scoped, &json!({ "token": admin })), 403, "forbidden");
    is(&world.call("POST", "/v1/verify", "x", &json!({})), 401, "unauthenticated");
}

#[test]
fn may_it_do_this() {
    let world = World::new();
    let admin = world.caller(&["admin"]);
    let needs = [
        ("viewer", None, None),
        ("viewer", Some("r"), None),
        ("viewer", Some("r"), Some("i")),
        ("viewer", Some("r"), Some("j")),
        ("viewer", Some("q"), None),
        ("editor", Some("r"), Some("i")),
        ("nobody", None, None),
    ];
    // Which of those a credential of these roles may.
    #[rustfmt::skip]
    let table = [
        (json!(null),                                                                             [1, 1, 1, 1, 1, 1, 1]),
        (json!([{ "role_id": "viewer" }]),                                                        [1, 1, 1, 1, 1, 0, 0]),
        (json!([{ "role_id": "viewer", "resource": "r" }]),                                       [0, 1, 1, 1, 0, 0, 0]),
        (json!([{ "role_id": "viewer", "resource": "r", "resource_instance": "i" }]),             [0, 0, 1, 0, 0, 0, 0]),
        (json!([{ "role_id": "editor" }, { "role_id": "viewer", "resource": "q" }]),              [0, 0, 0, 0, 1, 1, 0]),
    ];
    for (roles, expected) in table {
        let made = make(&world, &json!({ "name": "x", "roles": roles }));
        let ask = |(role_id, resource, instance): (&str, Option<&str>, Option<&str>)| {
            let mut body = json!({ "token": made.secret, "role_id": role_id });
            for (member, value) in [("resource", resource), ("resource_instance", instance)] {
                if let Some(value) = value {
                    body[member] = json!(value);
                }
            }
            let reply = world.call("POST", "/v1/verify", &admin, &body);
            one_trip(&reply);
            reply.json()["allowed"].as_bool().map(i32::from)
        };
        assert_eq!(needs.map(ask), expected.map(Some), "{roles}");
        assert_eq!(world.call("POST", &made.under("revoke"), ROOT, &Value::Null).status, 200);
        assert_eq!(needs.map(ask), [Some(0); 7], "what does not hold may do nothing");
    }
    let wrong = |body: Value| violations(&world.call("POST", "/v1/verify", &admin, &body));
    assert_eq!(wrong(json!({})), pairs(&[("/token", "missing")]));
    assert_eq!(wrong(json!({ "token": 7 })), pairs(&[("/token", "type")]));
    assert_eq!(wrong(json!({ "token": "x", "resource": "r" })), pairs(&[("/role_id", "missing")]));
    assert_eq!(
        wrong(json!({ "token": "x", "role_id": "r", "resource_instance": "i" })),
        pairs(&[("/resource_instance", "instance_alone")])
    );
    assert_eq!(wrong(json!({ "token": "x", "tokn": "y" })), pairs(&[("/tokn", "unknown_member")]));
    assert_eq!(verify(&world, &admin, "x").get("allowed"), None, "where nothing was asked for");
}

#[test]
fn a_use_is_noted_once_a_minute_and_after_the_answer() {
    let world = World::new();
    let admin = world.caller(&["admin"]);
    let made = plain(&world);
    let used = || {
        world.db.query("SELECT last_used_at FROM secrets WHERE credential = ?1", &[&made.id])[0]["last_used_at"].clone()
    };
    assert_eq!(used(), Value::Null);
    let reply = world.call("POST", "/v1/verify", &admin, &json!({ "token": made.secret }));
    assert_eq!((reply.cost.trips, reply.cost.rows_written), (1, 0), "in the caller's time nothing is written");
    let first = world.now.get();
    assert_eq!(used(), first);
    assert_eq!(read(&world, &made.url)["secrets"][0]["last_used_at"], time(first));
    world.now.set(first + MINUTE - 1000);
    verify(&world, &admin, &made.secret);
    assert_eq!(used(), first, "a minute is not over");
    verify(&world, &admin, &made.secret);
    assert_eq!(used(), first + MINUTE + 1000);
    let (revision, events) = (read(&world, &made.url)["revision"].clone(), world.history(&made.id).len());
    assert_eq!((revision, events), (json!(1), 2), "a use is no change");
    // What does not hold is not used.
    world.pass(HOUR);
    assert_eq!(world.call("POST", &made.under("revoke"), ROOT, &Value::Null).status, 200);
    verify(&world, &admin, &made.secret);
    assert_eq!(used(), first + MINUTE + 1000);
}

#[test]
fn introspection_tells_what_rfc_7662_asks_for() {
    let world = World::new();
    let admin = world.caller(&["admin"]);
    let roles = json!([{ "role_id": "editor", "resource": "r" }, { "role_id": "editor" }, { "role_id": "viewer" }]);
    let made = make(&world, &json!({ "name": "asked", "roles": roles, "expires_at": time(START + DAY) }));
    let told =
        form(&world, "/oauth/introspect", Some(&admin), &format!("token={}&token_type_hint=access_token", made.secret));
    one_trip(&told);
    let client = postern::credential::id::Id::parse(&made.id).unwrap().client();
    assert_eq!(
        (told.status, told.json()),
        (
            200,
            json!({
                "active": true, "client_id": client, "sub": ACME, "username": "asked", "token_type": "Bearer",
                "exp": (START + DAY) / SECOND, "scope": "editor viewer",
            })
        )
    );
    assert_eq!(world.call("POST", &made.under("revoke"), ROOT, &Value::Null).status, 200);
    for token in [made.secret.as_str(), "garbage", &other_tenant(&world)] {
        let told = form(&world, "/oauth/introspect", Some(&admin), &format!("token={token}"));
        assert_eq!((told.status, told.json()), (200, json!({ "active": false })), "and no more");
    }
    // Full access is every role there is; what is on one resource alone is none of them.
    let of_resource = json!([{ "role_id": "editor", "resource": "r" }]);
    for (roles, scope) in [(Value::Null, "admin editor viewer"), (of_resource, "")] {
        let made = make(&world, &json!({ "name": "scoped", "roles": roles }));
        let told = form(&world, "/oauth/introspect", Some(&admin), &format!("token={}", made.secret));
        assert_eq!((&told.json()["scope"], &told.json()["exp"]), (&json!(scope), &Value::Null));
        let access = access_token(&world, &made);
        let told = form(&world, "/oauth/introspect", Some(&admin), &format!("token={access}"));
        assert_eq!(told.json()["exp"], (START + HOUR) / SECOND);
    }
    assert_eq!(form(&world, "/oauth/introspect", None, "token=x").status, 401);
    assert_eq!(form(&world, "/oauth/introspect", Some(&admin), "tokn=x").status, 400);
}

#[test]
fn the_metadata_of_rfc_8414_needs_no_caller_and_no_trip() {
    let world = World::new();
    let reply = world.send("GET", "/.well-known/oauth-authorization-server", &[("host", "postern.example")], b"");
    assert_eq!((reply.status, reply.cost.trips), (200, 0));
    assert_eq!(
        reply.json(),
        json!({
            "issuer": "https://postern.example", "token_endpoint": "https://postern.example/oauth/token",
            "introspection_endpoint": "https://postern.example/oauth/introspect", "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"], "response_types_supported": [],
        })
    );
}
