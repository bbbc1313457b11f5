//! Access tokens: issued for a client's id and secret, accepted as Bearer only, and invalid as soon as that secret is.

use std::iter::once;

use postern::credential::field::Verb;
use postern::credential::id::Id;
use postern::route::{Operation, ROUTES};
use serde_json::{Value, json};
use support::client::{OAUTH_TOKEN, TOKEN};
use support::face::Face::{self, Coactive, Keycard, LiteGraph, Postern};
use support::face::{oauth_error, roles};
use support::routes::{self, PathIds};
use support::scene::deletes;
use support::tenant::{Own, Tenant, read_id, text};
use support::{Call, Client, Reply, ZERO, call, client, get};

const LOG_INS: [&str; 4] = ["/api/v0/login", "/api/v1/login", TOKEN, OAUTH_TOKEN];
const GRANT: &str = "grant_type=client_credentials";

/// A log-in at a path, as its clients send it, without the client's id and secret.
fn log_in(path: &str) -> Call {
    if [TOKEN, OAUTH_TOKEN].contains(&path) {
        call("POST", path).form(GRANT)
    } else {
        call("POST", path).json(&json!({ "grant_type": "client_credentials" }))
    }
}

fn access(to: &dyn Client, id: Id, secret: &str) -> String {
    issued(&log_in(TOKEN).basic(&format!("{}:{secret}", id.client())).send(to))
}

/// The access token of a reply, which took one trip.
#[track_caller]
fn issued(reply: &Reply) -> String {
    assert_eq!((reply.status, reply.cost.trips, reply.cost.rows_written), (200, 1, 0), "{reply:?}");
    let mut members = vec!["access_token", "token_type", "expires_in"];
    members.extend(reply.json().get("scope").map(|_| "scope"));
    reply.expect_members(&members);
    let body = reply.json();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(3600)));
    let token = text(&body["access_token"]);
    assert!(token.starts_with("pstn_at_"), "{token}");
    token
}

fn admin(tenant: &Tenant) -> Own {
    tenant.own(json!({ "roles": roles(&["admin"]) }))
}

#[test]
fn access_token_from_every_form_of_log_in_works_on_every_face() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let subject = tenant.subject();
    let own = admin(&tenant);
    let (id, secret) = (own.id.client(), &own.secret);
    let pair = format!("{id}:{secret}");
    let form = format!("client_secret={secret}&{GRANT}&client_id={id}&scope=admin&resource=");
    let mut calls: Vec<_> = LOG_INS.into_iter().map(|path| log_in(path).basic(&pair)).collect();
    for path in &LOG_INS[..2] {
        let json = |body: &str| call("POST", *path).basic(&pair).bytes(body);
        calls.push(call("POST", *path).basic(&pair));
        calls.push(call("POST", *path).basic(&pair).header("content-type", "application/json"));
        calls.push(json("{\"scope\":\"x\",\"grant_type\":\"client_credentials\"}"));
    }
    for path in &LOG_INS[2..] {
        let media = "application/x-www-form-urlencoded; charset=utf-8";
        calls.push(call("POST", *path).form(&form));
        calls.push(call("POST", *path).basic(&pair).bytes(GRANT));
        calls.push(call("POST", *path).basic(&pair).header("content-type", media).bytes(GRANT));
        calls.push(call("POST", *path).basic(&pair).form("scope=+admin+&grant_type=client%5Fcredentials"));
    }
    for call in calls {
        let token = issued(&call.send(&*client));
        for face in Face::ALL {
            let one = tenant.one(face, subject.id);
            let read = get(&one).token(&token).send(&*client).expect(200);
            assert_eq!((read.json(), read.cost.trips), (tenant.read(face, subject.id).json(), 1));
            let x_token = get(&one).header("x-token", token.as_str()).send(&*client);
            x_token.expect(if face == LiteGraph { 200 } else { 401 });
        }
        tenant.update(Keycard, subject.id).json(&json!({})).send(&*client).expect(200);
    }
}

/// A form can carry a token with any character, percent-encoded.
#[test]
fn form_is_decoded_as_browsers_encode_it() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let body = json!({ "UserGUID": ZERO, "Name": "n", "BearerToken": format!("a+b/c%20d=&{}", tenant.id) });
    let made = call("PUT", tenant.all(LiteGraph)).token(&tenant.admin).json(&body).send(&*client).expect(200);
    let (id, end) = (read_id(&made.json()["GUID"]).client(), tenant.id);
    let send = |form: String| call("POST", TOKEN).form(&form).send(&*client);
    issued(&send(format!("client_secret=a%2Bb%2Fc%2520d%3D%26{end}&scope=%76iewer&{GRANT}&client%5Fid={id}")));
    // A plus is a space.
    send(format!("client_secret=a+b%2Fc%2520d%3D%26{end}&{GRANT}&client_id={id}")).expect(401);
}

/// A client without a role logs in too: its token's rights are checked where the token is used.
#[test]
fn access_token_has_the_rights_of_its_client() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let subject = tenant.subject();
    for path in LOG_INS {
        let token = issued(&log_in(path).basic(&format!("{}:{}", subject.id.client(), subject.secret)).send(&*client));
        for face in Face::ALL {
            let reply = get(tenant.one(face, subject.id)).token(&token).send(&*client);
            reply.expect(if matches!(face, Keycard | Postern) { 200 } else { face.forbidden().0 });
        }
    }
}

#[test]
fn access_token_is_accepted_only_as_bearer() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let subject = tenant.subject();
    let own = admin(&tenant);
    let token = access(&*client, own.id, &own.secret);
    let pair = format!("{}:{token}", own.id.client());
    for face in Face::ALL {
        let one = || get(tenant.one(face, subject.id));
        for call in [
            one().token(&pair),
            one().token(&format!("{token}x")),
            one().basic(&pair),
            one().basic(&token),
            one().header("authorization", &*token),
        ] {
            let reply = call.send(&*client).expect(401);
            assert_eq!((&*face.error(&reply), reply.cost.trips), (face.unauthenticated(), 0));
        }
    }
    // An access token cannot be exchanged for a newer one.
    for path in LOG_INS {
        let mut calls: Vec<_> = [pair.as_str(), &token].map(|by| log_in(path).basic(by)).into();
        calls.extend([pair.as_str(), &token].map(|by| log_in(path).token(by)));
        if [TOKEN, OAUTH_TOKEN].contains(&path) {
            let form = format!("{GRANT}&client_id={}&client_secret={token}", own.id.client());
            calls.push(call("POST", path).form(&form));
        }
        for call in calls {
            assert_eq!(call.send(&*client).expect(401).cost.trips, 0, "{path}");
        }
    }
    // No credential can have it as its BearerToken.
    let body = json!({ "UserGUID": tenant.account.guid(), "Name": "n", "BearerToken": token });
    for path in [tenant.all(LiteGraph), tenant.one(LiteGraph, subject.id), tenant.one(LiteGraph, own.id)] {
        let reply = call("PUT", path).token(&token).json(&body).send(&*client).expect(400);
        assert_eq!((LiteGraph.error(&reply).as_str(), reply.cost.rows_written), ("BadRequest", 0));
        assert!(text(&reply.json()["Description"]).starts_with("BearerToken "), "{reply:?}");
    }
    get(format!("/v1.0/credentials/bearer/{token}")).by_root().send(&*client).expect(404);
}

#[test]
fn coactive_log_in_errors_have_coactives_format() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let (id, secret) = tenant.client(&json!({ "name": "n" }));
    let other = tenant.client(&json!({ "name": "other" })).0;
    let (pair, root) = (format!("{id}:{secret}"), client.root_token());
    for path in &LOG_INS[..2] {
        let post = || call("POST", *path);
        let error = |call: Call, status| {
            let reply = call.send(&*client).expect(status);
            (Coactive.error(&reply), reply.cost.trips)
        };
        let wrong = ["refresh_token", "password", "", "CLIENT_CREDENTIALS"].map(Value::from).into_iter();
        let wrong = wrong.chain([json!(5), json!(null), json!(["client_credentials"])]);
        let bodies = wrong.map(|grant| json!({ "grant_type": grant })).chain(once(json!({})));
        for body in bodies {
            // A malformed request is rejected before the caller is looked up.
            for call in [post().json(&body), post().basic(&pair).json(&body)] {
                assert_eq!(error(call, 400), ("grant_type must be client_credentials.".to_owned(), 0), "{body}");
            }
        }
        for body in ["{", "[", "[]", "null", "{\"a\":1,\"a\":1}"] {
            let (word, trips) = error(post().basic(&pair).bytes(body), 422);
            assert_eq!((word.split(' ').next(), trips), (Some("body"), 0), "{body}");
        }
        assert_eq!(error(post().basic(&pair).form(GRANT), 415).1, 0);
        assert_eq!(error(post().basic(&pair).header("content-type", "text/plain").bytes("{}"), 415).1, 0);
        for (call, trips) in [
            (post().basic(&format!("{id}:of-nobody")), 1),
            (post().basic(&format!("{id}:{root}")), 1),
            (post().basic(&format!("{other}:{secret}")), 1),
            (post(), 0),
            (post().basic(&id), 0),
            (post().basic(&format!("client_x:{secret}")), 0),
            (post().token(&pair), 0),
            (post().token(&secret), 0),
            (post().by_root(), 0),
            (post().header("authorization", "Basic x"), 0),
            (post().header("authorization", format!("Basic {}=", data_encoding::BASE64.encode(pair.as_bytes()))), 0),
        ] {
            assert_eq!(error(call, 401), (Coactive.unauthenticated().to_owned(), trips));
        }
    }
}

/// "Errors of RFC 6749 §5.2."
#[test]
fn token_endpoint_errors_follow_rfc_6749() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let (id, secret) = tenant.client(&json!({ "name": "n" }));
    let key = read_id(&id.clone().into());
    let (pair, wrong) = (format!("{id}:{secret}"), format!("{id}:of-nobody"));
    let keys = format!("client_id={id}&client_secret={secret}");
    let with = |rest: &str| format!("{GRANT}&{rest}");
    let (request, grant, who) = ("invalid_request", "unsupported_grant_type", "invalid_client");
    for path in [TOKEN, OAUTH_TOKEN] {
        let form = |body: &str| call("POST", path).form(body);
        let mut cases = Vec::new();
        for (body, error) in [
            ("grant_type=refresh_token&refresh_token=x", grant),
            ("grant_type=password", grant),
            // A parameter without a value counts as omitted.
            ("grant_type=", request),
            ("grant_type=%ff%fe&%", grant),
            ("scope=x", request),
            ("", request),
            ("Grant_Type=client_credentials", request),
            // A parameter twice, the same or not, known or not.
            (&with(GRANT), request),
            (&with("scope=a&scope=b"), request),
            // "The client MUST NOT use more than one authentication method in each request."
            (&with(&keys), request),
            (&with(&format!("client_secret={secret}")), request),
        ] {
            cases.push((form(body).basic(&pair), 400, error, 0));
        }
        cases.extend([
            (form(&with(&keys)).basic(&wrong), 400, request, 0),
            (form(&with(&keys)).token(&secret), 400, request, 0),
            (form(&format!("grant_type=password&{keys}")), 400, grant, 0),
            (form(&keys), 400, request, 0),
            (form(&with(&format!("{keys}&client_secret={secret}"))), 400, request, 0),
            (form(&with(&format!("{keys}&client_id={id}"))), 400, request, 0),
            (call("POST", path).basic(&pair).json(&json!({ "grant_type": "client_credentials" })), 415, request, 0),
            (form(&with(&format!("x={}", "x".repeat(64 * 1024)))).basic(&pair), 413, request, 0),
            (call("GET", path), 405, request, 0),
            (call("DELETE", path), 405, request, 0),
            (form(GRANT), 401, who, 0),
            (form(GRANT).basic(&wrong), 401, who, 1),
            (form(GRANT).basic(&format!("{key}:{secret}")), 401, who, 0),
            (form(GRANT).basic(&format!("{id}:")), 401, who, 0),
            (form(GRANT).token(&secret), 401, who, 0),
            (form(GRANT).token(&pair), 401, who, 0),
            (form(GRANT).by_root(), 401, who, 0),
            (form(&with(&format!("client_id={id}&client_secret=of-nobody"))), 401, who, 1),
            (form(&with(&format!("client_id={id}"))), 401, who, 0),
            (form(&with(&format!("client_secret={secret}"))), 401, who, 0),
            (form(&with(&format!("client_id=&client_secret={secret}"))), 401, who, 0),
            (form(&with(&format!("client_id=of-nobody&client_secret={secret}"))), 401, who, 0),
            (form(&with(&format!("client_id={}&client_secret={secret}", key.guid()))), 401, who, 0),
        ]);
        for (call, status, error, trips) in cases {
            let reply = call.send(&*client).expect(status);
            assert_eq!((oauth_error(&reply).as_str(), reply.cost.trips), (error, trips), "{reply:?}");
        }
    }
}

/// The response to a token on each face, in one trip each: the status, and the error code.
fn answers(tenant: &Tenant, token: &str) -> [(u16, String); 4] {
    Face::ALL.map(|face| {
        let reply = get(tenant.all(face)).token(token).send(tenant.client);
        assert_eq!(reply.cost.trips, 1, "{reply:?}");
        (reply.status, if reply.status < 400 { String::new() } else { face.error(&reply) })
    })
}

#[track_caller]
fn lives(tenant: &Tenant, token: &str) {
    assert_eq!(answers(tenant, token), Face::ALL.map(|_| (200, String::new())));
}

const UNKNOWN: [&str; 4] =
    ["Invalid authentication credentials", "AuthenticationFailed", "unauthorized", "unauthenticated"];
const INACTIVE: [&str; 4] = ["Invalid authentication credentials", "Inactive", "unauthorized", "inactive"];

/// An admin's secret and access token are valid on every face before an action and invalid after it, and the admin
/// cannot log in.
#[track_caller]
fn becomes_invalid(of: &str, words: [&str; 4], action: impl FnOnce(&Tenant, &Own)) {
    let client = client();
    let tenant = Tenant::new(&*client);
    let own = admin(&tenant);
    let token = access(&*client, own.id, &own.secret);
    let tokens = [&token, &own.secret];
    for token in tokens {
        lives(&tenant, token);
    }
    action(&tenant, &own);
    for token in tokens {
        assert_eq!(answers(&tenant, token), words.map(|word| (401, word.to_owned())), "{of}");
    }
    for path in LOG_INS {
        log_in(path).basic(&format!("{}:{}", own.id.client(), own.secret)).send(&*client).expect(401);
    }
}

fn place<'a>(tenant: &'a Tenant<'a>, own: &Own) -> PathIds<'a> {
    PathIds { tenant, account: tenant.account, credential: own.id, token: own.secret.clone() }
}

#[test]
fn access_token_is_invalid_after_every_deletion_of_its_credential() {
    for route in ROUTES.iter().filter(|route| deletes(route)) {
        becomes_invalid(&routes::title(route), UNKNOWN, |tenant, own| {
            let reply = routes::request(route, &place(tenant, own)).root(&tenant.label).send(tenant.client);
            assert!(matches!(reply.status, 200 | 204), "{reply:?}");
        });
    }
    becomes_invalid("deleted by itself", UNKNOWN, |tenant, own| {
        let token = access(tenant.client, own.id, &own.secret);
        call("DELETE", tenant.one(LiteGraph, own.id)).token(&token).send(tenant.client).expect(200);
    });
}

#[test]
fn access_token_is_inactive_while_its_credential_principal_or_tenant_is_disabled() {
    for route in ROUTES {
        let member = match (route.operation, routes::face(route)) {
            (Operation::Write(_, Verb::Replace), LiteGraph) => "Active",
            (Operation::Write(_, Verb::Replace | Verb::Merge), Postern) => "enabled",
            _ => continue,
        };
        becomes_invalid(&routes::title(route), INACTIVE, |tenant, own| {
            let place = place(tenant, own);
            let mut body = routes::body(route, &place).expect("a body");
            body[member] = false.into();
            let path = routes::path(route, &place);
            call(routes::method(route), path).by_root().json(&body).send(tenant.client).expect(200);
        });
    }
}

fn replace(tenant: &Tenant, id: Id, token: &str) {
    let body = json!({ "UserGUID": tenant.account.guid(), "Name": "n", "BearerToken": token });
    tenant.update(LiteGraph, id).json(&body).send(tenant.client).expect(200);
}

#[test]
fn access_token_is_valid_exactly_as_long_as_its_secret() {
    let step = |tenant: &Tenant, own: &Own, step: &str| tenant.step(own, step, &json!({})).expect(200);
    let rotate = |tenant: &Tenant, own: &Own, seconds: u32| {
        text(&tenant.step(own, "rotate", &json!({ "grace_seconds": seconds })).expect(200).json()["secret"])
    };
    becomes_invalid("revoked", UNKNOWN, |tenant, own| drop(step(tenant, own, "revoke")));
    becomes_invalid("rotated without grace", UNKNOWN, |tenant, own| drop(rotate(tenant, own, 0)));
    becomes_invalid("finished", UNKNOWN, |tenant, own| {
        rotate(tenant, own, 3600);
        step(tenant, own, "rotate/finish");
    });
    becomes_invalid("replaced", UNKNOWN, |tenant, own| {
        let next = format!("next-{}", own.id);
        replace(tenant, own.id, &next);
        lives(tenant, &next);
        lives(tenant, &access(tenant.client, own.id, &next));
    });
    let client = client();
    let tenant = Tenant::new(&*client);
    let own = admin(&tenant);
    let token = access(&*client, own.id, &own.secret);
    step(&tenant, &own, "revoke");
    step(&tenant, &own, "restore");
    lives(&tenant, &token);
    for active in [false, true] {
        let body = json!({ "UserGUID": tenant.account.guid(), "Name": "n", "Active": active });
        call("PUT", tenant.one(LiteGraph, own.id)).by_root().json(&body).send(&*client).expect(200);
    }
    lives(&tenant, &token);
    lives(&tenant, &own.secret);
    // While both secrets are valid, so are the tokens of both.
    let newer = access(&*client, own.id, &rotate(&tenant, &own, 3600));
    lives(&tenant, &token);
    lives(&tenant, &newer);
    step(&tenant, &own, "rotate/cancel");
    lives(&tenant, &token);
    assert_eq!(answers(&tenant, &newer), UNKNOWN.map(|word| (401, word.to_owned())));
}

/// The id of a client-chosen secret is derived from its value. A later owner of the same value is another client.
#[test]
fn access_token_stays_invalid_when_another_credential_gets_its_secret() {
    let client = client();
    for (elsewhere, deleted) in [(false, false), (false, true), (true, false), (true, true)] {
        let tenant = Tenant::new(&*client);
        let (own, chosen) = (admin(&tenant), format!("chosen-{}", tenant.id));
        replace(&tenant, own.id, &chosen);
        let token = access(&*client, own.id, &chosen);
        let read = |status| drop(get("/organizations").token(&token).send(&*client).expect(status));
        read(200);
        if deleted {
            call("DELETE", tenant.one(LiteGraph, own.id)).by_root().send(&*client).expect(200);
        } else {
            replace(&tenant, own.id, &format!("next-{}", tenant.id));
        }
        read(401);
        let heir = if elsewhere { Tenant::new(&*client) } else { tenant };
        let body = json!({ "UserGUID": ZERO, "Name": "n", "BearerToken": chosen });
        call("PUT", heir.all(LiteGraph)).by_root().json(&body).send(&*client).expect(200);
        read(401);
    }
}
