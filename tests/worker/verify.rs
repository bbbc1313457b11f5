//! Verification, and what OAuth has for it: is this token good, whose is it, may it do this.

use postern::credential::time::Micros;
use serde_json::{Value, json};

use postern::store::Cost;
use support::client::{Call, Client, OAUTH_TOKEN, call, get};
use support::face::Face::Postern;
use support::face::{oauth_error, roles};
use support::http::server;
use support::tenant::{Own, Tenant, text};

const INTROSPECT: &str = "/oauth/introspect";
const METADATA: &str = "/.well-known/oauth-authorization-server";

fn introspect(token: &str) -> Call {
    call("POST", INTROSPECT).form(&format!("token={token}&token_type_hint=access_token"))
}

fn access(own: &Own) -> String {
    let form = format!("grant_type=client_credentials&client_id={}&client_secret={}", own.id.client(), own.secret);
    text(&call("POST", OAUTH_TOKEN).form(&form).send(server()).expect(200).json()["access_token"])
}

#[test]
fn a_token_is_told_whole_in_one_trip() {
    let tenant = Tenant::new(server());
    let held = json!([{ "role_id": "viewer" }, { "resource": "dataset", "role_id": "editor" }]);
    let own = tenant.own(json!({ "roles": held, "expires_at": "2200-01-01T00:00:00Z" }));
    let time = |told: &Value| Micros::parse(&text(told)).expect("a time").0;
    let checked = || time(&tenant.verify("of-nobody").json()["checked_at"]) / 1_000_000;
    let (before, token, after) = (checked(), access(&own), checked());
    // An access token ends by itself an hour after it was given.
    let end = time(&tenant.verify(&token).json()["expires_at"]);
    assert!((before..=after).contains(&(end / 1_000_000 - 3600)), "{before} {after}: {end}");
    for (token, end) in [(own.secret.clone(), 7_258_118_400_000_000), (token, end)] {
        for by in [&tenant.admin, &own.secret, server().root_token()] {
            let ask = |body: &Value| {
                let reply = call("POST", "/v1/verify").token(by).json(body).send(server()).expect(200);
                assert_eq!((reply.cost.trips, reply.cost.rows_written), (1, 0));
                reply.json()
            };
            let told = ask(&json!({ "token": token }));
            assert_eq!(
                told,
                json!({
                    "active": true, "tenant": tenant.id, "principal": tenant.account, "credential": own.id, "name": "own",
                    "roles": held, "expires_at": Micros(end).microseconds(), "checked_at": told["checked_at"],
                    "max_staleness_seconds": 0,
                })
            );
            let may = |role: &str, on: Option<&str>| {
                let mut body = json!({ "token": token, "role_id": role });
                if let Some(on) = on {
                    body["resource"] = json!(on);
                }
                ask(&body)["allowed"].clone()
            };
            assert_eq!(
                [may("viewer", None), may("editor", Some("dataset")), may("editor", None), may("admin", None)],
                [true, true, false, false].map(Value::from)
            );
            // The same by RFC 7662.
            let reply = introspect(&token).token(by).send(server()).expect(200);
            assert_eq!((reply.cost.trips, reply.cost.rows_written), (1, 0));
            assert_eq!(
                reply.json(),
                json!({
                    "active": true, "client_id": own.id.client(), "sub": tenant.account, "username": "own",
                    "token_type": "Bearer", "exp": end / 1_000_000, "scope": "viewer",
                })
            );
        }
    }
    // Who asks may come by Basic, as OAuth's clients do.
    let pair = format!("{}:{}", own.id.client(), own.secret);
    assert_eq!(introspect(&own.secret).basic(&pair).send(server()).expect(200).json()["active"], true);
}

#[test]
fn a_token_that_does_not_hold_is_told_why_to_its_own_tenant_and_to_nobody_else() {
    let (tenant, other) = (Tenant::new(server()), Tenant::new(server()));
    let own = tenant.own(json!({}));
    let token = access(&own);
    let told = |reason: &str| {
        for token in [&own.secret, &token] {
            let seen = tenant.verify(token).json();
            assert_eq!(
                (&seen["active"], &seen["reason"], &seen["credential"]),
                (&json!(false), &json!(reason), &json!(own.id))
            );
            // RFC 7662 tells nothing of a token that is not active; another tenant learns nothing at all.
            assert_eq!(
                introspect(token).token(&tenant.admin).send(server()).expect(200).json(),
                json!({ "active": false })
            );
            let reply = other.verify(token);
            reply.expect_members(&["active", "reason", "checked_at", "max_staleness_seconds"]);
            let seen = reply.json();
            assert_eq!((&seen["active"], &seen["reason"]), (&json!(false), &json!("unknown")));
            get(&own.path).token(token).send(server()).expect(401);
        }
    };
    let patch =
        |body: Value| drop(call("PATCH", &own.path).token(&tenant.admin).json(&body).send(server()).expect(200));
    assert_eq!(other.verify(&own.secret).json()["reason"], "unknown", "while it holds, too");
    patch(json!({ "enabled": false }));
    told("inactive");
    patch(json!({ "enabled": true, "expires_at": "2020-01-01T00:00:00Z" }));
    told("expired");
    patch(json!({ "expires_at": null }));
    tenant.step(&own, "revoke", &json!({ "reason": "leaked" })).expect(200);
    told("revoked");
    tenant.step(&own, "restore", &json!({})).expect(200);
    assert_eq!(tenant.verify(&token).json()["active"], true);
    for unknown in ["of-nobody", "pstn_garbage", "two words", "", &"t".repeat(5000)] {
        let reply = call("POST", "/v1/verify").token(&tenant.admin).json(&json!({ "token": unknown })).send(server());
        if unknown.is_empty() {
            assert_eq!(Postern.error(&reply.expect(422)), "/token too_short");
        } else {
            assert_eq!(reply.expect(200).json()["reason"], "unknown");
        }
    }
}

/// Asks about a token in one of the ways there are.
type Ask = fn(&Tenant, &str) -> Cost;

/// The note is made when the answer is out, in a trip that is not the caller's, and at most once a minute.
#[test]
fn a_verified_token_is_noted_as_used_after_the_answer_and_once_a_minute() {
    let tenant = Tenant::new(server());
    let asked: [(&str, Ask); 2] = [
        ("verify", |tenant, token| tenant.verify(token).cost),
        ("introspect", |tenant, token| introspect(token).token(&tenant.admin).send(server()).expect(200).cost),
    ];
    for (what, ask) in asked {
        let own = tenant.own(json!({}));
        let read = || tenant.read(Postern, own.id);
        let before = read();
        assert_eq!((&before.json()["last_used_at"], before.revision()), (&Value::Null, 1));
        let first = ask(&tenant, &own.secret);
        assert_eq!((first.trips, first.rows_written), (1, 0), "{what}");
        let noted = (0..500).map(|_| read()).find(|reply| reply.json()["last_used_at"].is_string());
        let noted = noted.expect("a use that is noted");
        assert_eq!(
            (noted.etag(), noted.json()["updated_at"].clone()),
            (before.etag(), before.json()["updated_at"].clone())
        );
        assert_eq!(
            noted.json()["secrets"][0]["last_used_at"],
            noted.json()["last_used_at"],
            "{what}: of its secret too"
        );
        // Within the minute it does not move, however often it is used.
        for _ in 0..20 {
            assert_eq!(ask(&tenant, &own.secret).rows_written, 0);
            get(&own.path).token(&own.secret).send(server()).expect(200);
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
        assert_eq!(read().json(), noted.json(), "{what}");
        // What does not hold is not used.
        let off = tenant.own(json!({ "enabled": false }));
        ask(&tenant, &off.secret);
        std::thread::sleep(std::time::Duration::from_millis(200));
        assert_eq!(tenant.read(Postern, off.id).json()["last_used_at"], Value::Null, "{what}");
    }
}

#[test]
fn who_may_ask_and_what_is_no_question() {
    let tenant = Tenant::new(server());
    let own = tenant.own(json!({}));
    let scoped = tenant.own(json!({ "roles": [{ "role_id": "admin", "resource": "dataset" }] }));
    let verify = |body: &str| call("POST", "/v1/verify").bytes(body.to_owned());
    let question = json!({ "token": own.secret }).to_string();
    for (call, status, word, trips) in [
        (verify(&question), 401, "unauthenticated", 0),
        (verify(&question).token("of-nobody"), 401, "unauthenticated", 1),
        (verify(&question).token(&scoped.secret), 403, "forbidden", 1),
        (verify("{").token(&tenant.admin), 400, "unreadable", 0),
        (verify(&question).token(&tenant.admin).header("content-type", "text/plain"), 415, "unsupported_media_type", 0),
        (verify("{}").token("of-nobody"), 401, "unauthenticated", 1),
        (verify("{}").token(&tenant.admin), 422, "/token missing", 1),
        (verify("{\"token\":5,\"zone\":1}").token(&tenant.admin), 422, "/token type, /zone unknown_member", 1),
    ] {
        let reply = call.send(server()).expect(status);
        assert_eq!((&*Postern.error(&reply), reply.cost.trips), (word, trips), "{reply:?}");
    }
    let ask = || introspect(&own.secret);
    for (call, status, word, trips) in [
        (ask(), 401, "invalid_client", 0),
        (ask().token("of-nobody"), 401, "invalid_client", 1),
        (ask().basic(&format!("{}:of-nobody", own.id.client())), 401, "invalid_client", 1),
        (ask().token(&scoped.secret), 403, "insufficient_scope", 1),
        (call("POST", INTROSPECT).token(&tenant.admin).form(""), 400, "invalid_request", 0),
        (call("POST", INTROSPECT).token(&tenant.admin).form("token=a&token=b"), 400, "invalid_request", 0),
        (call("POST", INTROSPECT).token(&tenant.admin).json(&json!({ "token": "a" })), 415, "invalid_request", 0),
        (call("POST", INTROSPECT).token(&tenant.admin).form(&"t".repeat(64 * 1024 + 1)), 413, "invalid_request", 0),
        (get(INTROSPECT).token(&tenant.admin), 405, "invalid_request", 0),
        (call("POST", METADATA), 405, "invalid_request", 0),
    ] {
        let reply = call.send(server()).expect(status);
        assert_eq!((&*oauth_error(&reply), reply.cost.trips), (word, trips), "{reply:?}");
    }
}

/// RFC 8414: where what is, for clients that know nothing but the host. It asks nobody who they are, and no database.
#[test]
fn the_metadata_of_oauth_names_endpoints_that_are_there() {
    let host = std::env::var("POSTERN_URL").expect("run `make test`").replace("http://", "");
    let reply = get(METADATA).send(server()).expect(200);
    assert_eq!(reply.cost, Cost::default());
    let told = reply.json();
    let issuer = text(&told["issuer"]);
    assert_eq!(issuer, format!("https://{host}"));
    for (member, path) in [("token_endpoint", OAUTH_TOKEN), ("introspection_endpoint", INTROSPECT)] {
        assert_eq!(told[member], format!("{issuer}{path}"));
        // Without a client it refuses: so it is there.
        let refused = call("POST", path).form("grant_type=client_credentials&token=x").send(server()).expect(401);
        assert_eq!(oauth_error(&refused), "invalid_client");
    }
    assert_eq!(told["grant_types_supported"], json!(["client_credentials"]));
    assert_eq!(told["token_endpoint_auth_methods_supported"], json!(["client_secret_basic", "client_secret_post"]));
    assert_eq!(told["response_types_supported"], json!([]));
    // What it is for: a client that logs in there calls every route that its roles allow.
    let tenant = Tenant::new(server());
    let own = tenant.own(json!({ "roles": roles(&["viewer"]) }));
    get(&own.path).token(&access(&own)).send(server()).expect(200);
}
