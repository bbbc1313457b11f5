//! Verification, also by OAuth introspection: whether a token is valid, its owner, and its rights. Expiry is tested in
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
fn verify_and_introspect_describe_a_valid_token() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let viewer = tenant.caller(&["viewer"]);
    let (host, reply_issuer) = host_and_issuer();
    let held = json!([{ "role_id": "viewer" }, { "resource": "dataset", "role_id": "editor" }]);
    let own = tenant.own(json!({ "roles": held, "expires_at": "2200-01-01T00:00:00Z" }));
    let time = |reported: &Value| Micros::parse(&text(reported)).expect("a time").0;
    let checked = || time(&tenant.verify("of-nobody").json()["checked_at"]) / 1_000_000;
    let (before, token, after) = (checked(), tenant.access(own.id, &own.secret), checked());
    // An access token expires an hour after the end of the second it was issued in, although its credential does not.
    let end = time(&tenant.verify(&token).json()["expires_at"]);
    assert!((before..=after + 1).contains(&(end / 1_000_000 - 3600)), "{before} {after}: {end}");
    for (token, end) in [(own.secret.clone(), 7_258_118_400_000_000), (token.clone(), end)] {
        // Root may verify tokens of any tenant: it has every right, and no tenant of its own.
        for by in [&tenant.admin, &viewer, &own.secret, client.root_token()] {
            let reply = tenant.send_by(by, "POST", "/v1/verify", &json!({ "token": token })).expect(200);
            assert_eq!(reply.cost.rows_written, 0);
            let reported = reply.json();
            assert_eq!(
                reported,
                json!({
                    "active": true, "tenant": tenant.id, "principal": tenant.account, "credential": own.id, "name": "own",
                    "roles": held, "access": "read", "secret": { "id": own.shown["secrets"][0]["id"], "retiring": false, "expires_at": null }, "expires_at": Micros(end).to_rfc3339_micros(), "checked_at": reported["checked_at"],
                    "max_staleness_seconds": 0, "age_seconds": 0.0, "source": "primary",
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
                    "checked_at": reply.json()["checked_at"], "max_staleness_seconds": 0,
                })
            );
        }
    }
    // The caller may authenticate by Basic, as OAuth's clients do.
    let pair = format!("{}:{}", own.id.client(), own.secret);
    assert_eq!(introspect(&own.secret).basic(&pair).send(&*client).expect(200).json()["active"], true);
    // A retiring secret expires before its credential.
    let begun = tenant.step(&own, "rotate", &json!({ "grace_seconds": 60 })).expect(200).json();
    let [old, new] = &begun["secrets"].as_array().expect("secrets")[..] else { panic!("{begun}") };
    assert_ne!(old["expires_at"], "2200-01-01T00:00:00.000000Z");
    let retiring = json!({ "id": old["id"], "retiring": true, "expires_at": old["expires_at"] });
    for (token, secret, end) in [
        (&*own.secret, retiring.clone(), &old["expires_at"]),
        (&token, retiring, &old["expires_at"]),
        (
            begun["secret"].as_str().expect("a secret"),
            json!({ "id": new["id"], "retiring": false, "expires_at": null }),
            &begun["expires_at"],
        ),
    ] {
        let seen = tenant.verify(token).json();
        assert_eq!((&seen["secret"], &seen["expires_at"]), (&secret, end));
    }
}

/// `scope` has the roles that apply to everything: all roles for full access, and none for a role on one resource.
#[test]
fn introspection_scope_lists_only_roles_without_a_resource() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let of_resource = json!({ "role_id": "editor", "resource": "r" });
    for (roles, scope) in [
        (Value::Null, Value::from("admin editor viewer")),
        (json!([of_resource]), Value::Null),
        (json!([of_resource, { "role_id": "editor" }, { "role_id": "viewer" }]), "editor viewer".into()),
    ] {
        let own = tenant.own(json!({ "roles": roles }));
        let reported = introspect(&own.secret).token(&tenant.admin).send(&*client).expect(200).json();
        // Absent, not null and not empty.
        assert_eq!(
            (reported.get("scope"), reported.get("exp")),
            (Some(&scope).filter(|scope| scope.is_string()), None)
        );
    }
}

#[test]
fn reason_for_an_invalid_token_is_reported_only_within_its_tenant() {
    let client = client();
    let (tenant, other) = (Tenant::new(&*client), Tenant::new(&*client));
    let own = tenant.own(json!({}));
    let token = tenant.access(own.id, &own.secret);
    let unknown = |tenant: &Tenant, token: &str| {
        let reported = tenant.verify(token).json();
        let checked_at = &reported["checked_at"];
        let expected = json!({ "active": false, "reason": "unknown", "checked_at": checked_at, "max_staleness_seconds": 0, "age_seconds": 0.0, "source": "primary" });
        assert_eq!(reported, expected, "{token}");
    };
    let inactive = |token: &str| {
        // RFC 7662 responses have no details about a token that is not active.
        let reported = introspect(token).token(&tenant.admin).send(&*client).expect(200);
        assert_eq!(reported.json(), json!({ "active": false }));
    };
    let is_reported_as = |reason: &str| {
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
    is_reported_as("inactive");
    patch(&own.path, json!({ "enabled": true, "expires_at": "2020-01-01T00:00:00Z" }));
    is_reported_as("expired");
    patch(&own.path, json!({ "expires_at": null, "enabled": false }));
    tenant.step(&own, "revoke", &json!({ "reason": "leaked" })).expect(200);
    is_reported_as("revoked");
    tenant.step(&own, "restore", &json!({})).expect(200);
    is_reported_as("inactive");
    patch(&own.path, json!({ "enabled": true }));
    holds();
    let principal = tenant.at(&format!("/principals/{}", tenant.account));
    for enabled in [false, true] {
        patch(&principal, json!({ "enabled": enabled }));
        if enabled { holds() } else { is_reported_as("inactive") }
    }
    // No caller of a disabled tenant authenticates, but root may still verify.
    let switch = |enabled: bool| {
        call("PATCH", tenant.at("")).by_root().json(&json!({ "enabled": enabled })).send(&*client).expect(200);
    };
    switch(false);
    ask(&tenant, &json!({ "token": own.secret })).refused(401, "inactive");
    let by_root = call("POST", "/v1/verify").by_root().json(&json!({ "token": own.secret })).send(&*client);
    assert_eq!(by_root.expect(200).json()["reason"], "inactive");
    switch(true);
    // A replaced secret is reported as expired while it is stored, and so are its access tokens; then both are
    // unknown.
    tenant.step(&own, "rotate", &json!({ "grace_seconds": 0 })).expect(200);
    is_reported_as("expired");
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
fn verify_reports_whether_the_token_has_all_or_any_of_the_needed_roles() {
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
    // The rights that a credential with these roles has.
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
        // Whether the token has all of the roles, or any, and the roles that it lacks.
        let asked = |token: &str, word: &str, roles: &[Value]| {
            let told = ask(&tenant, &json!({ "token": token, "needs": { word: roles } })).expect(200).json();
            let failed = told["failed_needs"].as_array().expect("a list").clone();
            assert_eq!(told["allowed"], failed.is_empty(), "{told}");
            failed
        };
        let may = |token: &str| {
            let has: Vec<_> =
                needs.iter().map(|need| asked(token, "all", std::slice::from_ref(need)).is_empty()).collect();
            let lacks: Vec<_> =
                needs.iter().zip(&has).filter(|(_, has)| !**has).map(|(need, _)| need.clone()).collect();
            assert_eq!(asked(token, "all", &needs), lacks, "each role that it lacks");
            let none = if has.contains(&true) { Vec::new() } else { needs.to_vec() };
            assert_eq!(asked(token, "any", &needs), none, "all of them, unless it has one");
            for pair in needs.windows(2) {
                let failed = asked(token, "any", pair);
                assert!(
                    failed.is_empty() || failed == *pair && pair.iter().all(|need| lacks.contains(need)),
                    "{failed:?}"
                );
            }
            <[bool; 7]>::try_from(has).expect("an answer for each").map(i32::from)
        };
        let access = tenant.access(own.id, &own.secret);
        assert_eq!([may(&own.secret), may(&access)], [expected; 2], "{roles}");
        tenant.step(&own, "revoke", &Value::Null).expect(200);
        assert_eq!(may(&own.secret), [0; 7], "an invalid token has no roles");
        assert_eq!(may("of-nobody"), [0; 7], "nor does an unknown one");
    }
    for body in [json!({ "token": "x" }), json!({ "token": "x", "needs": null })] {
        let told = ask(&tenant, &body).expect(200).json();
        assert_eq!((told.get("allowed"), told.get("failed_needs")), (None, None), "without needs");
    }
}

/// Each item as by a request of its own, whatever the others are.
#[test]
fn batch_reports_each_token_as_verify_does_in_one_trip() {
    let client = client();
    let (tenant, other) = (Tenant::new(&*client), Tenant::new(&*client));
    let roles = json!([{ "role_id": "editor", "resource": "r" }, { "role_id": "viewer" }]);
    let own = tenant.own(json!({ "roles": roles, "expires_at": "2200-01-01T00:00:00Z" }));
    let [access, retiring] = [tenant.access(own.id, &own.secret), tenant.caller(&["viewer"])];
    let [disabled, revoked] = [json!({ "enabled": false }), json!({})].map(|with| tenant.own(with));
    tenant.step(&revoked, "revoke", &Value::Null).expect(200);
    let pair = format!("{}:{}", own.id.client(), own.secret);
    let another = format!("{}:{}", disabled.id.client(), own.secret);
    let long = "t".repeat(5000);
    let tokens = [
        &*own.secret,
        "of-nobody",
        &access,
        &disabled.secret,
        &revoked.secret,
        &other.admin,
        client.root_token(),
        &pair,
        &another,
        &retiring,
        "two words",
        "\u{0}",
        &long,
        &own.secret,
        &tenant.admin,
    ];
    let needs = [
        Value::Null,
        json!({ "all": [{ "role_id": "viewer" }, { "role_id": "editor" }] }),
        json!({ "any": [{ "role_id": "editor", "resource": "r", "resource_instance": "i" }, { "role_id": "admin" }] }),
    ];
    let mut items: Vec<Value> = tokens
        .iter()
        .flat_map(|token| needs.each_ref().map(|needs| json!({ "token": token, "needs": needs })))
        .collect();
    let batch = |by: &str, items: &[Value]| {
        let reply = tenant.send_by(by, "POST", "/v1/verify/batch", &json!({ "items": items })).expect(200);
        assert_eq!((reply.cost.trips, reply.cost.rows_written), (1, 0));
        reply.expect_members(&["items"]);
        reply.json()["items"].as_array().expect("a list").clone()
    };
    let unchecked = |mut told: Value| {
        assert!(told.as_object_mut().is_some_and(|told| told.remove("checked_at").is_some()), "{told}");
        told
    };
    for by in [&*tenant.admin, &*other.admin, client.root_token()] {
        let one = |item: &Value| tenant.send_by(by, "POST", "/v1/verify", item).expect(200).json();
        let expected: Vec<_> = items.iter().map(|item| unchecked(one(item))).collect();
        let told = batch(by, &items);
        assert!(told.iter().all(|item| item["checked_at"] == told[0]["checked_at"]), "of one moment");
        assert_eq!(told.into_iter().map(unchecked).collect::<Vec<_>>(), expected);
        let active = expected.iter().filter(|told| told["active"] == true).count();
        assert!((2..30).contains(&active), "{active}");
        items.rotate_left(7);
    }
    // One and fifty items.
    assert_eq!(batch(&tenant.admin, &items[..1]).len(), 1);
    let many: Vec<_> = items.iter().cycle().take(50).cloned().collect();
    assert_eq!(batch(&tenant.admin, &many).len(), 50);
}

#[test]
fn batch_reports_every_violation_with_its_item() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let role = json!({ "role_id": "r", "resource": "r", "resource_instance": "i" });
    let largest = json!({ "token": "x", "needs": { "all": vec![role; 16] } });
    let many = |items: usize| json!({ "items": vec![json!({ "token": "x" }); items] });
    let wrong = |items: usize| json!({ "items": vec![json!({ "token": 5 }); items] });
    let listed =
        |items: usize| (0..items).map(|item| format!("/items/{item}/token type")).collect::<Vec<_>>().join(", ");
    for (body, status, words) in [
        (many(50), 200, String::new()),
        (json!({ "items": vec![largest; 50] }), 200, String::new()),
        (many(0), 422, "/items item_count".to_owned()),
        (many(51), 422, "/items item_count".to_owned()),
        (json!({}), 422, "/items missing".to_owned()),
        (json!({ "items": null, "token": "x" }), 422, "/items missing, /token unknown_member".to_owned()),
        (json!({ "items": { "token": "x" } }), 422, "/items type".to_owned()),
        (wrong(50), 422, listed(50)),
        (
            json!({ "items": [
                { "token": "x" }, 7, { "needs": { "all": [] } }, { "token": "", "needs": { "any": [{ "role": "r" }] }, "tokn": 1 },
            ] }),
            422,
            "/items/1 type, /items/2/token missing, /items/2/needs/all item_count, /items/3/token too_short, \
                /items/3/needs/any/0/role_id missing, /items/3/needs/any/0/role unknown_member, /items/3/tokn unknown_member"
                .to_owned(),
        ),
    ] {
        let reply = tenant.send("POST", "/v1/verify/batch", &body);
        assert_eq!(reply.cost.trips, 1);
        if status == 200 { reply.expect(200) } else { reply.refused(status, &words) };
    }
    // Three violations an item: a hundred are listed.
    let three = json!({ "token": 5, "needs": 7, "x": 1 });
    let reply = tenant.send("POST", "/v1/verify/batch", &json!({ "items": vec![three; 50] })).expect(422);
    let violations = reply.json()["violations"].as_array().expect("a list").clone();
    assert_eq!((violations.len(), &violations[100]["code"]), (101, &json!("too_many_violations")));
    // Only a caller with the right learns of them.
    let scoped = tenant.own(json!({ "roles": [{ "role_id": "viewer", "resource": "r" }] }));
    for (by, status, word) in [("of-nobody", 401, "unauthenticated"), (&scoped.secret, 403, "forbidden")] {
        tenant.send_by(by, "POST", "/v1/verify/batch", &wrong(1)).refused(status, word);
    }
}

#[test]
fn verify_and_introspect_reject_unauthorized_callers_and_invalid_requests() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let own = tenant.own(json!({}));
    let scoped = tenant.own(json!({ "roles": [{ "role_id": "admin", "resource": "dataset" }] }));
    let verify = |body: &str| call("POST", "/v1/verify").bytes(body.to_owned());
    let by_admin = |body: &str| verify(body).token(&tenant.admin);
    let needing =
        |many: usize| json!({ "token": "x", "needs": { "all": vec![json!({ "role_id": "r" }); many] } }).to_string();
    let question = json!({ "token": own.secret }).to_string();
    for (call, status, word, trips) in [
        (verify(&question), 401, "unauthenticated", 0),
        (verify(&question).token("of-nobody"), 401, "unauthenticated", 1),
        (verify(&question).token(&scoped.secret), 403, "forbidden", 1),
        (by_admin("{"), 400, "unreadable", 0),
        (by_admin(&question).header("content-type", "text/plain"), 415, "unsupported_media_type", 0),
        (verify("{}").token("of-nobody"), 401, "unauthenticated", 1),
        (by_admin("{}"), 422, "/token missing", 1),
        (by_admin("{\"token\":\"\"}"), 422, "/token too_short", 1),
        (by_admin("{\"token\":5,\"zone\":1}"), 422, "/token type, /zone unknown_member", 1),
        (by_admin(r#"{"token":"x","role_id":"r"}"#), 422, "/role_id unknown_member", 1),
        (by_admin(r#"{"token":"x","needs":[]}"#), 422, "/needs type", 1),
        (by_admin(r#"{"token":"x","needs":{}}"#), 422, "/needs exactly_one", 1),
        (
            by_admin(r#"{"needs":{"all":null,"any":[],"one":1}}"#),
            422,
            "/token missing, /needs/one unknown_member, /needs exactly_one",
            1,
        ),
        (by_admin(r#"{"token":"x","needs":{"all":null}}"#), 422, "/needs/all type", 1),
        (by_admin(r#"{"token":"x","needs":{"any":[]}}"#), 422, "/needs/any item_count", 1),
        (by_admin(&needing(16)), 200, "", 1),
        (by_admin(&needing(17)), 422, "/needs/all item_count", 1),
        (
            by_admin(r#"{"token":"x","needs":{"all":[{"role_id":"","resource_instance":"i","resourse":"r"},7,{}]}}"#),
            422,
            "/needs/all/0/role_id too_short, /needs/all/0/resource_instance instance_alone, \
                /needs/all/0/resourse unknown_member, /needs/all/1 type, /needs/all/2/role_id missing",
            1,
        ),
    ] {
        let reply = call.send(&*client);
        let reply = if status == 200 { reply.expect(200) } else { reply.refused(status, word) };
        assert_eq!(reply.cost.trips, trips, "{word}");
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

/// A use is recorded after the response, in a trip of its own, at most once a minute.
#[test]
fn verifying_a_token_records_its_use_after_the_response_once_a_minute() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let read = |id: Id| tenant.read(support::face::Face::Postern, id);
    for what in ["verify", "batch", "introspect"] {
        let ask = |token: &str| match what {
            "verify" => tenant.verify(token).cost,
            "batch" => {
                let items = json!({ "items": [{ "token": "of-nobody" }, { "token": token }, { "token": token }] });
                tenant.send("POST", "/v1/verify/batch", &items).expect(200).cost
            }
            _ => introspect(token).token(&tenant.admin).send(&*client).expect(200).cost,
        };
        let own = tenant.own(json!({}));
        let before = read(own.id);
        assert_eq!((&before.json()["last_used_at"], before.revision()), (&Value::Null, 1));
        let first = ask(&own.secret);
        assert_eq!((first.trips, first.rows_written), (1, 0), "{what}");
        let noted = (0..500).map(|_| read(own.id)).find(|reply| reply.json()["last_used_at"].is_string());
        let noted = noted.expect("a recorded use");
        let reported = noted.json();
        assert_eq!(
            (noted.etag(), &reported["updated_at"]),
            (before.etag(), &before.json()["updated_at"]),
            "a use is not a change"
        );
        assert_eq!(reported["secrets"][0]["last_used_at"], reported["last_used_at"], "{what}: also per secret");
        // Within the minute it does not move, however often the token is used. An invalid token records no use.
        let off = tenant.own(json!({ "enabled": false }));
        ask(&off.secret);
        for _ in 0..20 {
            assert_eq!(ask(&own.secret).rows_written, 0);
            get(&own.path).token(&own.secret).send(&*client).expect(200);
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
        assert_eq!(read(own.id).json(), reported, "{what}");
        assert_eq!(read(off.id).json()["last_used_at"], Value::Null, "{what}");
    }
}

/// The host that requests are sent to, and the issuer that follows from it.
fn host_and_issuer() -> (String, String) {
    let url = std::env::var("POSTERN_URL").unwrap_or_else(|_| "https://postern.example".to_owned());
    (url.split("://").nth(1).expect("a host").to_owned(), url)
}

/// RFC 8414: the endpoints, for clients that know only the host. The route neither authenticates nor uses the
/// database.
#[test]
fn server_metadata_needs_no_authentication_and_no_trip() {
    let client = client();
    let (host, issuer) = host_and_issuer();
    let reply = get(METADATA).header("host", &*host).send(&*client).expect(200);
    assert_eq!(reply.cost, Cost::default());
    assert_eq!(
        reply.json(),
        json!({
            "issuer": issuer, "token_endpoint": issuer.clone() + OAUTH_TOKEN, "introspection_endpoint": issuer.clone() + INTROSPECT,
            "authorization_endpoint": issuer.clone() + "/oauth/authorize",
            "grant_types_supported": ["client_credentials", "urn:ietf:params:oauth:grant-type:jwt-bearer"],
            "response_types_supported": ["none"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"],
            "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "Bearer"],
        })
    );
    for path in [OAUTH_TOKEN, INTROSPECT] {
        // The endpoint exists: it rejects a request without a client.
        let refused = call("POST", path).form("grant_type=client_credentials&token=x").send(&*client).expect(401);
        assert_eq!(oauth_error(&refused), "invalid_client");
    }
    // A client that logs in there can call every route that its roles allow.
    let tenant = Tenant::new(&*client);
    let own = tenant.own(json!({ "roles": roles(&["viewer"]) }));
    get(&own.path).token(&tenant.access(own.id, &own.secret)).send(&*client).expect(200);
}
