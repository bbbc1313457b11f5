//! Verification, and what OAuth has for it: is this token good, whose is it, may it do this. The clock of it is in
//! `tests/own/verify.rs`.

use postern::credential::id::Id;
use postern::credential::time::Micros;
use postern::store::Cost;
use serde_json::{Value, json};

use support::client::OAUTH_TOKEN;
use support::face::{oauth_error, roles};
use support::tenant::{Tenant, text};
use support::{Call, Reply, call, client, get};

const INTROSPECT: &str = "/oauth/introspect";
const METADATA: &str = "/.well-known/oauth-authorization-server";

fn introspect(token: &str) -> Call {
    call("POST", INTROSPECT).form(&format!("token={token}&token_type_hint=access_token"))
}

fn ask(tenant: &Tenant, body: &Value) -> Reply {
    tenant.send("POST", "/v1/verify", body)
}

#[test]
fn a_token_that_holds_is_told_whole() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let viewer = tenant.caller(&["viewer"]);
    let (host, reply_issuer) = host_and_issuer();
    let held = json!([{ "role_id": "viewer" }, { "resource": "dataset", "role_id": "editor" }]);
    let own = tenant.own(json!({ "roles": held, "expires_at": "2200-01-01T00:00:00Z" }));
    let time = |told: &Value| Micros::parse(&text(told)).expect("a time").0;
    let checked = || time(&tenant.verify("of-nobody").json()["checked_at"]) / 1_000_000;
    let (before, token, after) = (checked(), tenant.access(own.id, &own.secret), checked());
    // An access token ends by itself an hour after its second ended, though its credential lives on.
    let end = time(&tenant.verify(&token).json()["expires_at"]);
    assert!((before..=after + 1).contains(&(end / 1_000_000 - 3600)), "{before} {after}: {end}");
    for (token, end) in [(own.secret.clone(), 7_258_118_400_000_000), (token, end)] {
        // Root asks about any tenant's: it may do everything, and has no tenant of its own.
        for by in [&tenant.admin, &viewer, &own.secret, client.root_token()] {
            let reply = tenant.send_by(by, "POST", "/v1/verify", &json!({ "token": token })).expect(200);
            assert_eq!(reply.cost.rows_written, 0);
            let told = reply.json();
            assert_eq!(
                told,
                json!({
                    "active": true, "tenant": tenant.id, "principal": tenant.account, "credential": own.id, "name": "own",
                    "roles": held, "expires_at": Micros(end).to_rfc3339_micros(), "checked_at": told["checked_at"],
                    "max_staleness_seconds": 0,
                })
            );
            // The same by RFC 7662.
            let reply = introspect(&token).header("host", &*host).token(by).send(&*client).expect(200);
            assert_eq!((reply.cost.trips, reply.cost.rows_written), (1, 0));
            assert_eq!(
                reply.json(),
                json!({
                    "active": true, "iss": reply_issuer, "client_id": own.id.client(), "sub": own.id.client(),
                    "tenant": tenant.id, "principal": tenant.account, "username": "own", "token_type": "Bearer", "exp": end / 1_000_000, "scope": "viewer",
                })
            );
        }
    }
    // Who asks may come by Basic, as OAuth's clients do.
    let pair = format!("{}:{}", own.id.client(), own.secret);
    assert_eq!(introspect(&own.secret).basic(&pair).send(&*client).expect(200).json()["active"], true);
    // A secret that is being replaced ends sooner than its credential.
    let begun = tenant.step(&own, "rotate", &json!({ "grace_seconds": 60 })).expect(200).json();
    assert_eq!(tenant.verify(&own.secret).json()["expires_at"], begun["secrets"][0]["expires_at"]);
    assert_ne!(begun["secrets"][0]["expires_at"], "2200-01-01T00:00:00.000000Z");
}

/// `scope` has the roles that are on everything: full access is every role there is, a role on one resource is none of them.
#[test]
fn introspection_tells_the_roles_that_are_on_everything() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let of_resource = json!({ "role_id": "editor", "resource": "r" });
    for (roles, scope) in [
        (Value::Null, Value::from("admin editor viewer")),
        (json!([of_resource]), Value::Null),
        (json!([of_resource, { "role_id": "editor" }, { "role_id": "viewer" }]), "editor viewer".into()),
    ] {
        let own = tenant.own(json!({ "roles": roles }));
        let told = introspect(&own.secret).token(&tenant.admin).send(&*client).expect(200).json();
        // Absent, not null and not empty.
        assert_eq!((told.get("scope"), told.get("exp")), (Some(&scope).filter(|scope| scope.is_string()), None));
    }
}

#[test]
fn a_token_that_does_not_hold_is_told_why_to_its_own_tenant_and_to_nobody_else() {
    let client = client();
    let (tenant, other) = (Tenant::new(&*client), Tenant::new(&*client));
    let own = tenant.own(json!({}));
    let token = tenant.access(own.id, &own.secret);
    let unknown = |tenant: &Tenant, token: &str| {
        let told = tenant.verify(token).json();
        let checked_at = &told["checked_at"];
        let expected =
            json!({ "active": false, "reason": "unknown", "checked_at": checked_at, "max_staleness_seconds": 0 });
        assert_eq!(told, expected, "{token}");
    };
    let inactive = |token: &str| {
        // RFC 7662 tells nothing of a token that is not active.
        let told = introspect(token).token(&tenant.admin).send(&*client).expect(200);
        assert_eq!(told.json(), json!({ "active": false }));
    };
    let told = |reason: &str| {
        for token in [&own.secret, &token] {
            let seen = tenant.verify(token).json();
            assert_eq!(
                [&seen["active"], &seen["reason"], &seen["credential"]],
                [&json!(false), &json!(reason), &json!(own.id)]
            );
            inactive(token);
            unknown(&other, token);
            get(&own.path).token(token).send(&*client).expect(401);
        }
    };
    let holds = || assert_eq!(tenant.verify(&token).json()["active"], true);
    let patch = |path: &str, body: Value| drop(tenant.send("PATCH", path, &body).expect(200));
    unknown(&other, &own.secret);
    patch(&own.path, json!({ "enabled": false }));
    told("inactive");
    patch(&own.path, json!({ "enabled": true, "expires_at": "2020-01-01T00:00:00Z" }));
    told("expired");
    patch(&own.path, json!({ "expires_at": null, "enabled": false }));
    tenant.step(&own, "revoke", &json!({ "reason": "leaked" })).expect(200);
    told("revoked");
    tenant.step(&own, "restore", &json!({})).expect(200);
    told("inactive");
    patch(&own.path, json!({ "enabled": true }));
    holds();
    let principal = tenant.at(&format!("/principals/{}", tenant.account));
    for enabled in [false, true] {
        patch(&principal, json!({ "enabled": enabled }));
        if enabled { holds() } else { told("inactive") }
    }
    // A tenant that is off has no callers; root still may ask.
    let switch = |enabled: bool| {
        call("PATCH", tenant.at("")).by_root().json(&json!({ "enabled": enabled })).send(&*client).expect(200);
    };
    switch(false);
    ask(&tenant, &json!({ "token": own.secret })).refused(401, "inactive");
    let by_root = call("POST", "/v1/verify").by_root().json(&json!({ "token": own.secret })).send(&*client);
    assert_eq!(by_root.expect(200).json()["reason"], "inactive");
    switch(true);
    // A secret that was replaced is expired while it is still there, and so is what was given for it; then both are none.
    tenant.step(&own, "rotate", &json!({ "grace_seconds": 0 })).expect(200);
    told("expired");
    tenant.step(&own, "rotate", &json!({ "grace_seconds": 0 })).expect(200);
    let deleted = tenant.own(json!({}));
    tenant.send("DELETE", &deleted.path, &Value::Null).expect(204);
    let forged = deleted.secret.replace(&deleted.id.to_string()[20..], "");
    for unknown_here in [&own.secret, &token, &deleted.secret, &forged, &other.admin, client.root_token()] {
        unknown(&tenant, unknown_here);
        inactive(unknown_here);
    }
    for garbage in ["x", "of-nobody", "pstn_x", "two words", "client_x:y", "\u{0}", &"t".repeat(5000)] {
        unknown(&tenant, garbage);
    }
    inactive("garbage");
}

#[test]
fn may_it_do_this() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let needs = [
        json!({ "role_id": "viewer" }),
        json!({ "role_id": "viewer", "resource": "r" }),
        json!({ "role_id": "viewer", "resource": "r", "resource_instance": "i" }),
        json!({ "role_id": "viewer", "resource": "r", "resource_instance": "j" }),
        json!({ "role_id": "viewer", "resource": "q" }),
        json!({ "role_id": "editor", "resource": "r", "resource_instance": "i" }),
        json!({ "role_id": "nobody" }),
    ];
    // Which of those a credential of these roles may.
    #[rustfmt::skip]
    let table = [
        (json!(null),                                                                [1, 1, 1, 1, 1, 1, 1]),
        (json!([{ "role_id": "viewer" }]),                                           [1, 1, 1, 1, 1, 0, 0]),
        (json!([{ "role_id": "viewer", "resource": "r" }]),                          [0, 1, 1, 1, 0, 0, 0]),
        (json!([{ "role_id": "viewer", "resource": "r", "resource_instance": "i" }]), [0, 0, 1, 0, 0, 0, 0]),
        (json!([{ "role_id": "editor" }, { "role_id": "viewer", "resource": "q" }]), [0, 0, 0, 0, 1, 1, 0]),
    ];
    for (roles, expected) in table {
        let own = tenant.own(json!({ "roles": roles }));
        let may = |token: &str| {
            needs.each_ref().map(|need| {
                let mut body = need.clone();
                body["token"] = json!(token);
                ask(&tenant, &body).expect(200).json()["allowed"].as_bool().map(i32::from)
            })
        };
        let access = tenant.access(own.id, &own.secret);
        assert_eq!([may(&own.secret), may(&access)], [expected.map(Some); 2], "{roles}");
        tenant.step(&own, "revoke", &Value::Null).expect(200);
        assert_eq!(may(&own.secret), [Some(0); 7], "what does not hold may do nothing");
    }
    assert_eq!(ask(&tenant, &json!({ "token": "x" })).json().get("allowed"), None, "where nothing was asked for");
}

#[test]
fn who_may_ask_and_what_is_no_question() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let own = tenant.own(json!({}));
    let scoped = tenant.own(json!({ "roles": [{ "role_id": "admin", "resource": "dataset" }] }));
    let verify = |body: &str| call("POST", "/v1/verify").bytes(body.to_owned());
    let asked = |body: &str| verify(body).token(&tenant.admin);
    let question = json!({ "token": own.secret }).to_string();
    for (call, status, word, trips) in [
        (verify(&question), 401, "unauthenticated", 0),
        (verify(&question).token("of-nobody"), 401, "unauthenticated", 1),
        (verify(&question).token(&scoped.secret), 403, "forbidden", 1),
        (asked("{"), 400, "unreadable", 0),
        (asked(&question).header("content-type", "text/plain"), 415, "unsupported_media_type", 0),
        (verify("{}").token("of-nobody"), 401, "unauthenticated", 1),
        (asked("{}"), 422, "/token missing", 1),
        (asked("{\"token\":\"\"}"), 422, "/token too_short", 1),
        (asked("{\"token\":5,\"zone\":1}"), 422, "/token type, /zone unknown_member", 1),
        (asked("{\"token\":\"x\",\"resource\":\"r\"}"), 422, "/role_id missing", 1),
        (
            asked("{\"token\":\"x\",\"role_id\":\"r\",\"resource_instance\":\"i\"}"),
            422,
            "/resource_instance instance_alone",
            1,
        ),
    ] {
        assert_eq!(call.send(&*client).refused(status, word).cost.trips, trips, "{word}");
    }
    let ask = || introspect(&own.secret);
    let post = || call("POST", INTROSPECT).token(&tenant.admin);
    for (call, status, word, trips) in [
        (ask(), 401, "invalid_client", 0),
        (ask().token("of-nobody"), 401, "invalid_client", 1),
        (ask().basic(&format!("{}:of-nobody", own.id.client())), 401, "invalid_client", 1),
        (ask().token(&scoped.secret), 403, "insufficient_scope", 1),
        (post().form(""), 400, "invalid_request", 0),
        (post().form("tokn=x"), 400, "invalid_request", 0),
        (post().form("token=a&token=b"), 400, "invalid_request", 0),
        (post().json(&json!({ "token": "a" })), 415, "invalid_request", 0),
        (post().form(&"t".repeat(64 * 1024 + 1)), 413, "invalid_request", 0),
        (get(INTROSPECT).token(&tenant.admin), 405, "invalid_request", 0),
        (call("POST", METADATA), 405, "invalid_request", 0),
    ] {
        let reply = call.send(&*client).expect(status);
        assert_eq!((&*oauth_error(&reply), reply.cost.trips), (word, trips), "{reply:?}");
    }
}

/// The note is made when the answer is out, in a trip that is not the caller's, and at most once a minute.
#[test]
fn a_verified_token_is_noted_as_used_after_the_answer_and_once_a_minute() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let read = |id: Id| tenant.read(support::face::Face::Postern, id);
    for what in ["verify", "introspect"] {
        let ask = |token: &str| match what {
            "verify" => tenant.verify(token).cost,
            _ => introspect(token).token(&tenant.admin).send(&*client).expect(200).cost,
        };
        let own = tenant.own(json!({}));
        let before = read(own.id);
        assert_eq!((&before.json()["last_used_at"], before.revision()), (&Value::Null, 1));
        let first = ask(&own.secret);
        assert_eq!((first.trips, first.rows_written), (1, 0), "{what}");
        let noted = (0..500).map(|_| read(own.id)).find(|reply| reply.json()["last_used_at"].is_string());
        let noted = noted.expect("a use that is noted");
        let told = noted.json();
        assert_eq!(
            (noted.etag(), &told["updated_at"]),
            (before.etag(), &before.json()["updated_at"]),
            "a use is no change"
        );
        assert_eq!(told["secrets"][0]["last_used_at"], told["last_used_at"], "{what}: of its secret too");
        // Within the minute it does not move, however often it is used. What does not hold is not used.
        let off = tenant.own(json!({ "enabled": false }));
        ask(&off.secret);
        for _ in 0..20 {
            assert_eq!(ask(&own.secret).rows_written, 0);
            get(&own.path).token(&own.secret).send(&*client).expect(200);
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
        assert_eq!(read(own.id).json(), told, "{what}");
        assert_eq!(read(off.id).json()["last_used_at"], Value::Null, "{what}");
    }
}

/// The host that requests are sent to, and the issuer that follows from it.
fn host_and_issuer() -> (String, String) {
    let url = std::env::var("POSTERN_URL").unwrap_or_else(|_| "https://postern.example".to_owned());
    (url.split("://").nth(1).expect("a host").to_owned(), url)
}

/// RFC 8414: where what is, for clients that know nothing but the host. It asks nobody who they are, and no database.
#[test]
fn the_metadata_of_rfc_8414_needs_no_caller_and_no_trip() {
    let client = client();
    let (host, issuer) = host_and_issuer();
    let reply = get(METADATA).header("host", &*host).send(&*client).expect(200);
    assert_eq!(reply.cost, Cost::default());
    assert_eq!(
        reply.json(),
        json!({
            "issuer": issuer, "token_endpoint": issuer.clone() + OAUTH_TOKEN, "introspection_endpoint": issuer.clone() + INTROSPECT,
            "grant_types_supported": ["client_credentials"], "response_types_supported": ["none"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "Bearer"],
        })
    );
    for path in [OAUTH_TOKEN, INTROSPECT] {
        // Without a client it refuses: so it is there.
        let refused = call("POST", path).form("grant_type=client_credentials&token=x").send(&*client).expect(401);
        assert_eq!(oauth_error(&refused), "invalid_client");
    }
    // What it is for: a client that logs in there calls every route that its roles allow.
    let tenant = Tenant::new(&*client);
    let own = tenant.own(json!({ "roles": roles(&["viewer"]) }));
    get(&own.path).token(&tenant.access(own.id, &own.secret)).send(&*client).expect(200);
}
