//! Invalid input: rejected in the face's shape, never with a 5xx (see `server`).

use serde_json::json;

use postern::route::ROUTES;
use postern::store::Cost;
use support::client::{Call, call, get};
use support::face::Face::{self, Coactive, Keycard, Postern};
use support::http::server;
use support::routes::{PathIds, body, form, method, permitted, step_before, title};
use support::tenant::Tenant;

const LIMIT: usize = 64 * 1024;

#[test]
fn body_above_64_kib_is_413_with_and_without_content_length() {
    let tenant = Tenant::new(server());
    let subject = tenant.subject();
    for face in Face::ALL {
        let body = |name: &str, size: usize| {
            let mut body = tenant.naming(face, name).to_string();
            body.push_str(&" ".repeat(size - body.len()));
            body
        };
        let update = || tenant.update(face, subject.id);
        for reply in [
            update().bytes(body("large", LIMIT + 1)).send(server()),
            update().chunked(body("large", LIMIT + 1)).send(server()),
            update().chunked(body("large", 2 * LIMIT)).send(server()),
        ] {
            let reply = reply.expect(413);
            assert_eq!((face.error(&reply).as_str(), reply.cost), (face.too_large(), Cost::default()));
        }
        // A client that sends the whole body before it reads also gets the response, not a closed connection.
        for _ in 0..8 {
            assert_eq!(
                face.error(&update().bytes(body("larger", 32 * LIMIT)).send(server()).expect(413)),
                face.too_large()
            );
        }
        update().bytes(body("whole", LIMIT)).send(server()).expect(200);
        let chunked = update().chunked(body("chunked", LIMIT)).send(server()).expect(200);
        assert_eq!(chunked.json()[face.name()], "chunked");
    }
}

#[test]
fn non_ascii_headers_are_handled_like_any_other() {
    let tenant = Tenant::new(server());
    let subject = tenant.subject();
    for face in Face::ALL {
        for bytes in [&b"\xff"[..], b"\xc3\xa9", b"a\xe9b"] {
            let read = || get(tenant.one(face, subject.id));
            let with = |name, value: &[u8]| read().token(&tenant.admin).header(name, value).send(server());
            let id = with("x-request-id", bytes).expect(200);
            assert_eq!(id.header("x-request-id").map(str::len), Some(26), "a new one");
            with("x-postern-tenant", bytes).expect(200);
            with("user-agent", bytes).expect(200);
            let stale = tenant.update(face, subject.id).header("if-match", [b"\"", bytes, b"\""].concat());
            stale.json(&tenant.naming(face, "n")).send(server()).expect(412);
            for scheme in [&b"Bearer "[..], b"Basic ", b""] {
                let reply = server().send_raw(&read().header("authorization", [scheme, bytes].concat())).expect(401);
                assert_eq!((face.error(&reply).as_str(), reply.cost), (face.unauthenticated(), Cost::default()));
            }
        }
    }
    let bad = get(tenant.one(Keycard, subject.id)).token(&tenant.admin).header("x-client-request-id", &b"\xe9"[..]);
    assert_eq!(Keycard.error(&bad.send(server()).expect(400)), "bad_request");
    let unknown = call("POST", support::CLIENTS).root("\u{e9}").bytes("{\"name\":\"n\"}");
    assert_eq!(Coactive.error(&unknown.send(server()).expect(404)), "Organization not found");
}

/// Unreadable requests are rejected before the database is used, and all invalid parameters are reported together.
#[test]
fn unreadable_requests_on_the_postern_face_cost_no_trip() {
    let tenant = Tenant::new(server());
    let subject = tenant.subject();
    let (all, one) = (tenant.all(Postern), tenant.one(Postern, subject.id));
    let of_tenant = |what: &str| format!("/v1/tenants/{}/{what}", tenant.id);
    let refused = |call: Call, status: u16, expected: &str| {
        let reply = call.token(&tenant.admin).send(server()).expect(status);
        assert_eq!((&*Postern.error(&reply), reply.cost), (expected, Cost::default()), "{reply:?}");
    };
    for (query, expected) in [
        ("limit=0", "limit parameter"),
        ("limit=101", "limit parameter"),
        ("limit=1.0", "limit parameter"),
        ("sort=id", "sort parameter"),
        ("sort=--name", "sort parameter"),
        ("cursor=x", "cursor parameter"),
        ("cursor=", "cursor parameter"),
        ("sort=name&cursor=0000000000000000000000000000", "cursor parameter"),
        ("enabled=yes", "enabled parameter"),
        ("principal=x", "principal parameter"),
        ("expires_before=soon", "expires_before parameter"),
        ("unused_since=5", "unused_since parameter"),
        ("unrotated_since=", "unrotated_since parameter"),
        ("dry_run=true", "unknown_parameter"),
        ("Limit=5", "unknown_parameter"),
        (
            "limit=x&enabled=x&principal=x&expires_before=x&sort=x&cursor=x",
            "limit parameter, enabled parameter, principal parameter, expires_before parameter, sort parameter, cursor parameter",
        ),
    ] {
        refused(get(format!("{all}?{query}")), 400, expected);
    }
    // Principals and tenants have no index of names; a history has neither an order nor a filter.
    for path in [of_tenant("principals"), "/v1/tenants".to_owned()] {
        refused(get(format!("{path}?sort=name")), 400, "sort parameter");
        refused(get(format!("{path}?limit=0&cursor=x")), 400, "limit parameter, cursor parameter");
    }
    for path in [of_tenant("events"), format!("{one}/events")] {
        refused(get(format!("{path}?limit=0&cursor=x")), 400, "limit parameter, cursor parameter");
        refused(get(format!("{path}?cursor=-1")), 400, "cursor parameter");
    }
    // A dry run of an operation without one must not be executed.
    let body = tenant.naming(Postern, "n");
    for (method, path) in [("POST", &all), ("DELETE", &one), ("GET", &one), ("POST", &format!("{one}/rotate"))] {
        refused(call(method, format!("{path}?dry_run=true")).json(&body), 400, "unknown_parameter");
    }
    for value in ["1", "yes", "TRUE", ""] {
        refused(call("PATCH", format!("{one}?dry_run={value}")).json(&body), 400, "dry_run parameter");
    }
    let long = "k".repeat(256);
    for key in [&b""[..], b"a b", b"\xc3\xa9", b"\xff", long.as_bytes()] {
        for path in [&all, &of_tenant("principals")] {
            refused(call("POST", path).header("idempotency-key", key).json(&body), 400, "bad_idempotency_key");
        }
    }
    // Other patch formats would be misread as merge patches, and only PATCH accepts merge patches.
    for (method, path, content_type) in [
        ("PATCH", &one, "application/json-patch+json"),
        ("PATCH", &one, "text/plain"),
        ("PUT", &one, "application/merge-patch+json"),
        ("POST", &all, "application/merge-patch+json"),
        ("POST", &all, "application/x-www-form-urlencoded"),
        ("POST", &format!("{one}/rotate"), "text/json"),
        ("POST", &format!("{one}/revoke"), "text/plain"),
    ] {
        let call = call(method, path).header("content-type", content_type).bytes(body.to_string());
        refused(call, 415, "unsupported_media_type");
    }
    for path in [&format!("{one}/rotate"), &format!("{one}/revoke"), &all] {
        refused(call("POST", path).bytes("["), 400, "unreadable");
        refused(call("POST", path).bytes(" ".repeat(LIMIT + 1)), 413, "too_large");
    }
    assert_eq!(tenant.read(Postern, subject.id).revision(), 1);
    let patch = call("PATCH", &*one).token(&tenant.admin).header("content-type", "application/merge-patch+json");
    patch.bytes("{}").send(server()).expect(200);
    // The longest valid key.
    let key = "k".repeat(255);
    let made = call("POST", &all)
        .token(&tenant.admin)
        .header("idempotency-key", key)
        .json(&json!({ "name": "n", "roles": null }));
    made.send(server()).expect(201);
}

/// What has arrived could be a complete body, or an empty one, which some routes accept.
#[test]
fn broken_off_body_changes_nothing_on_any_route() {
    let tenant = Tenant::new(server());
    let events =
        || get(format!("/v1/tenants/{}/events?limit=1", tenant.id)).by_root().send(server()).expect(200).items();
    let mut sent = 0;
    for route in ROUTES.iter().filter(|route| ["POST", "PUT", "PATCH"].contains(&method(route))) {
        let place = PathIds::new(&tenant);
        if let Some((step, body)) = step_before(route) {
            let step = format!("{}/{step}", tenant.one(Postern, place.credential));
            call("POST", step).token(&tenant.admin).json(&body).send(server()).succeeded();
        }
        let before = events();
        let all = permitted(route, &place);
        let text = body(route, &place).map(|body| body.to_string()).or(form(route, &place.token)).unwrap_or_default();
        for cut in
            [all.clone().bytes(&*text), all.clone().bytes(""), all.chunked(if text.is_empty() { " " } else { &text })]
        {
            let status = cut.cut_off(server());
            assert!(matches!(status, None | Some(400 | 422)), "{}: {status:?}", title(route));
            sent += 1;
        }
        assert_eq!(events(), before, "{}", title(route));
    }
    assert!(sent > 60, "{sent}");
}
