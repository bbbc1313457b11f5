//! Access tokens: given for a client's id and secret, taken as Bearer alone, and dead with what they were given for.

use data_encoding::BASE64;
use postern::credential::id::Id;
use serde_json::json;

use postern::store::Cost;
use support::client::{Call, OAUTH_TOKEN, Reply, TOKEN, call, get};
use support::face::Face::{self, Coactive, Keycard, LiteGraph, Postern};
use support::face::{oauth_error, roles};
use support::http::server;
use support::tenant::{Tenant, read_id, text};

const LOG_INS: [&str; 4] = ["/api/v0/login", "/api/v1/login", TOKEN, OAUTH_TOKEN];
const GRANT: &str = "grant_type=client_credentials";

/// A log in at a path, as its clients send it; who logs in is to be added.
fn log_in(path: &'static str) -> Call {
    if [TOKEN, OAUTH_TOKEN].contains(&path) {
        call("POST", path).form(GRANT)
    } else {
        call("POST", path).json(&json!({ "grant_type": "client_credentials" }))
    }
}

fn access(pair: &str) -> String {
    text(&log_in(TOKEN).basic(pair).send(server()).expect(200).json()["access_token"])
}

#[test]
fn a_client_logs_in_in_every_form_and_its_token_calls_every_face() {
    let tenant = Tenant::new(server());
    let subject = tenant.subject();
    let (id, secret) = tenant.client(&json!({ "name": "admin", "roles": roles(&["admin"]) }));
    let pair = format!("{id}:{secret}");
    let form = format!("client_secret={secret}&{GRANT}&client_id={id}&scope=all&resource=");
    let mut answers: Vec<_> = LOG_INS.into_iter().map(|path| log_in(path).basic(&pair).send(server())).collect();
    answers.extend([
        // "JSON body … or no body at all."
        call("POST", "/api/v0/login").basic(&pair).send(server()),
        // "By HTTP Basic or in the form body."
        call("POST", TOKEN).form(&form).send(server()),
        call("POST", TOKEN).basic(&pair).bytes(GRANT).send(server()),
        call("POST", OAUTH_TOKEN).form(&form).send(server()),
        call("POST", OAUTH_TOKEN).basic(&pair).bytes(GRANT).send(server()),
    ]);
    for reply in answers {
        let reply = reply.expect(200);
        reply.expect_members(&["access_token", "token_type", "expires_in"]);
        let told = reply.json();
        assert_eq!((&told["token_type"], &told["expires_in"]), (&json!("Bearer"), &json!(3600)));
        assert_eq!((reply.cost.trips, reply.cost.rows_written), (1, 0));
        let token = text(&told["access_token"]);
        assert!(token.starts_with("pstn_at_"), "{token}");
        for face in Face::ALL {
            let one = tenant.one(face, subject.id);
            let read = get(&one).token(&token).send(server()).expect(200);
            assert_eq!((read.json(), read.cost.trips), (tenant.read(face, subject.id).json(), 1));
            let x_token = get(&one).header("x-token", token.as_str()).send(server());
            x_token.expect(if face == LiteGraph { 200 } else { 401 });
        }
        tenant.update(Keycard, subject.id).json(&json!({})).send(server()).expect(200);
    }
}

/// Who is no admin logs in all the same: what its token may do is judged where it is used.
#[test]
fn a_token_may_do_what_its_client_may() {
    let tenant = Tenant::new(server());
    let subject = tenant.subject();
    for path in LOG_INS {
        let reply =
            log_in(path).basic(&format!("{}:{}", subject.id.client(), subject.secret)).send(server()).expect(200);
        let token = text(&reply.json()["access_token"]);
        for face in Face::ALL {
            let reply = get(tenant.one(face, subject.id)).token(&token).send(server());
            reply.expect(if matches!(face, Keycard | Postern) { 200 } else { face.forbidden().0 });
        }
    }
}

#[test]
fn an_access_token_is_taken_as_bearer_alone() {
    let tenant = Tenant::new(server());
    let subject = tenant.subject();
    let (id, secret) = tenant.client(&json!({ "name": "admin", "roles": roles(&["admin"]) }));
    let token = access(&format!("{id}:{secret}"));
    let pair = format!("{id}:{token}");
    for face in Face::ALL {
        let one = || get(tenant.one(face, subject.id));
        for call in
            [one().token(&pair), one().basic(&pair), one().basic(&token), one().header("authorization", &*token)]
        {
            assert_eq!(face.error(&call.send(server()).expect(401)), face.unauthenticated());
        }
    }
    // It is not exchanged for a younger one.
    for path in LOG_INS {
        log_in(path).basic(&pair).send(server()).expect(401);
        let bearer = log_in(path).token(&token).send(server()).expect(401);
        assert_eq!(bearer.cost, Cost::default(), "{path}");
    }
    for path in [TOKEN, OAUTH_TOKEN] {
        call("POST", path).form(&format!("{GRANT}&client_id={id}&client_secret={token}")).send(server()).expect(401);
    }
    // And no credential has it for its own.
    let body = json!({ "UserGUID": tenant.account.guid(), "Name": "n", "BearerToken": token });
    let put = tenant.update(LiteGraph, subject.id).json(&body).send(server()).expect(400);
    assert_eq!(LiteGraph.error(&put), "BadRequest");
    get(format!("/v1.0/credentials/bearer/{token}")).token(&tenant.admin).send(server()).expect(404);
}

/// What ends a credential of a tenant, or what was known of it.
type Ends<'a> = Box<dyn Fn(&Tenant, Id) + 'a>;

#[test]
fn a_token_dies_at_once_with_what_it_was_given_for() {
    let tenant = Tenant::new(server());
    let user = tenant.account.guid();
    let put =
        |body| move |tenant: &Tenant, id| drop(tenant.update(LiteGraph, id).json(&body).send(server()).expect(200));
    let delete = |face: Face| {
        move |tenant: &Tenant, id| {
            drop(call("DELETE", tenant.one(face, id)).token(&tenant.admin).send(server()).expect(face.deleted()));
        }
    };
    let ends: [(&str, Ends); 6] = [
        ("disabled", Box::new(put(json!({ "UserGUID": user, "Name": "n", "Active": false })))),
        (
            "another secret",
            Box::new(|tenant, id| {
                let body = json!({ "UserGUID": user, "Name": "n", "BearerToken": format!("new-{id}") });
                tenant.update(LiteGraph, id).json(&body).send(server()).expect(200);
            }),
        ),
        ("deleted by Coactive", Box::new(delete(Coactive))),
        ("deleted by LiteGraph", Box::new(delete(LiteGraph))),
        ("deleted by Keycard", Box::new(delete(Keycard))),
        (
            "deleted with its user",
            Box::new(|tenant, _| {
                let path = format!("/v1.0/tenants/{}/users/{user}", tenant.id.guid());
                call("DELETE", path).token(&tenant.admin).send(server()).expect(200);
            }),
        ),
    ];
    for (what, end) in ends {
        let subject = tenant.subject();
        let pair = format!("{}:{}", subject.id.client(), subject.secret);
        let token = access(&pair);
        let read = || get(format!("/organizations/{}", tenant.label)).token(&token).send(server());
        read().expect(200);
        end(&tenant, subject.id);
        let dead = read().expect(401);
        assert_eq!((Keycard.error(&dead), dead.cost.trips), ("unauthorized".to_owned(), 1), "{what}");
        for path in LOG_INS {
            log_in(path).basic(&pair).send(server()).expect(401);
        }
    }
}

#[test]
fn coactive_refuses_to_log_in_in_its_own_words() {
    let tenant = Tenant::new(server());
    let (id, secret) = tenant.client(&json!({ "name": "n" }));
    let pair = format!("{id}:{secret}");
    for path in ["/api/v0/login", "/api/v1/login"] {
        let told = |call: Call, status| {
            let reply = call.send(server()).expect(status);
            (Coactive.error(&reply), reply.cost.trips)
        };
        let grant = |grant: serde_json::Value| call("POST", path).json(&json!({ "grant_type": grant }));
        for other in [json!("refresh_token"), json!("password"), json!(""), json!(5), json!(null)] {
            // Unreadable is told before who calls.
            let (detail, trips) = told(grant(other.clone()), 400);
            assert!(detail.contains("client_credentials") && trips == 0, "{other}: {detail}");
        }
        assert_eq!(told(call("POST", path).basic(&pair).bytes("{"), 422), (Coactive.unreadable().1.to_owned(), 0));
        let form = call("POST", path).basic(&pair).form(GRANT);
        assert_eq!(told(form, 415).1, 0);
        let unknown = (Coactive.unauthenticated().to_owned(), 1);
        assert_eq!(told(call("POST", path).basic(&format!("{id}:of-nobody")), 401), unknown);
        let silent = (Coactive.unauthenticated().to_owned(), 0);
        for call in [
            call("POST", path),
            call("POST", path).basic(&id),
            call("POST", path).token(&pair),
            call("POST", path).by_root(),
            call("POST", path).header("authorization", format!("Basic {}=", BASE64.encode(pair.as_bytes()))),
        ] {
            assert_eq!(told(call, 401), silent);
        }
    }
}

/// "Errors of RFC 6749 §5.2."
#[test]
fn the_token_endpoint_refuses_in_the_words_of_oauth() {
    let tenant = Tenant::new(server());
    let (id, secret) = tenant.client(&json!({ "name": "n" }));
    let pair = format!("{id}:{secret}");
    let (keys, twice) = (format!("client_id={id}&client_secret={secret}"), format!("{GRANT}&{GRANT}"));
    for path in [TOKEN, OAUTH_TOKEN] {
        let post = || call("POST", path);
        for (call, status, error, trips) in [
            (post().basic(&pair).form("grant_type=refresh_token"), 400, "unsupported_grant_type", 0),
            (post().basic(&pair).form("grant_type="), 400, "unsupported_grant_type", 0),
            (post().basic(&pair).form("scope=x"), 400, "invalid_request", 0),
            (post().basic(&pair).form(""), 400, "invalid_request", 0),
            (post().basic(&pair).form(&twice), 400, "invalid_request", 0),
            (post().basic(&pair).form("grant_type=%ff%fe&%"), 400, "unsupported_grant_type", 0),
            // "The client MUST NOT use more than one authentication method in each request."
            (post().basic(&pair).form(&format!("{GRANT}&{keys}")), 400, "invalid_request", 0),
            (post().basic(&pair).json(&json!({ "grant_type": "client_credentials" })), 415, "invalid_request", 0),
            (post().basic(&pair).form(&format!("{GRANT}&x={}", "x".repeat(64 * 1024))), 413, "invalid_request", 0),
            (call("GET", path), 405, "invalid_request", 0),
            (call("DELETE", path), 405, "invalid_request", 0),
            (post().form(GRANT), 401, "invalid_client", 0),
            (post().token(&secret).form(GRANT), 401, "invalid_client", 0),
            (post().form(&format!("{GRANT}&client_id={id}")), 401, "invalid_client", 0),
            (post().form(&format!("{GRANT}&client_id=of-nobody&client_secret={secret}")), 401, "invalid_client", 0),
            (post().basic(&format!("{id}:of-nobody")).form(GRANT), 401, "invalid_client", 1),
            (post().form(&format!("{GRANT}&client_id={id}&client_secret=of-nobody")), 401, "invalid_client", 1),
        ] {
            let reply: Reply = call.send(server()).expect(status);
            assert_eq!((oauth_error(&reply).as_str(), reply.cost.trips), (error, trips), "{reply:?}");
        }
    }
    // What was given there calls, and is no client's.
    let token = access(&pair);
    let made = call("POST", tenant.all(Keycard)).token(&token).json(&json!({ "name": "n" })).send(server()).expect(201);
    read_id(&made.json()["id"]);
}
