//! Failed authentications above the limits of `wrangler.toml`: 100 per minute and address, 30 per minute and
//! credential. The limiter counts by clock minute, so each test keeps its requests within one.

use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;

use support::CLIENTS;
use support::client::{Call, OAUTH_TOKEN, Reply, TOKEN, call, get};
use support::face::roles;
use support::http::server;
use support::tenant::{Own, Tenant, text};

const BY_ADDRESS: usize = 100;
const BY_CREDENTIAL: usize = 30;

/// The most seconds that a test here may need.
const NEEDS: u64 = 25;

/// The time since 1970.
fn clock() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970")
}

/// Runs `what` within one clock minute, and again if the minute ended too soon. So it must use new addresses and
/// credentials each time, and leave assertions to the caller, on its result.
fn in_one_minute<T>(what: impl Fn() -> T) -> T {
    let print_line = |why: String| std::io::stdout().write_all(format!("{why}\n").as_bytes()).expect("stderr");
    for _ in 0..5 {
        let left = 60 - clock().as_secs() % 60;
        if left < NEEDS {
            print_line(format!("{left} s are left of this minute, too little: waiting for the next"));
            std::thread::sleep(Duration::from_secs(left));
        }
        let minute = clock().as_secs() / 60;
        let done = what();
        if clock().as_secs() / 60 == minute {
            return done;
        }
        print_line("The minute ended too soon: running again".to_owned());
    }
    panic!("not done within a minute in five tries");
}

/// A number that is unique among these tests, and among runs against the same server.
fn unique() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    u64::try_from(clock().as_micros()).expect("small") << 8 | NEXT.fetch_add(1, Ordering::Relaxed) & 0xff
}

/// An unused IPv4 address.
fn address() -> String {
    let [.., a, b, c] = (unique() ^ unique() >> 20).to_be_bytes();
    Ipv4Addr::new(10, a, b, c).to_string()
}

/// The address with this number in a network of the size that a site gets.
fn neighbour(network: u64, number: u64) -> String {
    Ipv6Addr::from(u128::from(network) << 64 | u128::from(number)).to_string()
}

fn at(call: Call, address: &str) -> Call {
    call.header("cf-connecting-ip", address)
}

/// A request of each face, without a caller.
fn anything() -> [Call; 5] {
    let introspect = call("POST", "/oauth/introspect").form("token=x");
    let coactive = get(CLIENTS).header("x-postern-tenant", "acme");
    [coactive, get("/v1.0/tenants"), get("/organizations"), introspect, get("/v1/tenants")]
}

/// The complete 429 of each face.
const TOO_MANY: [&str; 5] = [
    r#"{"detail":"Too many failed authentications: try again in a minute"}"#,
    r#"{"Error":"BadRequest","Message":"We were unable to discern your request.  Please check your URL, query, and request body.","StatusCode":429,"Description":"Too many failed authentications, or too many tokens set: try again in a minute."}"#,
    r#"{"message":"Too many failed authentications: try again in a minute.","code":"rate_limited","status":429}"#,
    r#"{"error":"temporarily_unavailable","error_description":"Too many failed authentications: try again in a minute."}"#,
    r#"{"type":"urn:postern:problem:too_many_failures","title":"Too many failed authentications","status":429,"code":"too_many_failures","detail":"Wait for the seconds in Retry-After. Requests with a valid secret are still accepted."}"#,
];

#[track_caller]
fn is_too_many(reply: &Reply, text: &str) {
    assert_eq!((reply.status, reply.header("retry-after"), reply.text.as_str()), (429, Some("60"), text), "{reply:?}");
}

fn statuses(replies: &[Reply]) -> Vec<u16> {
    replies.iter().map(|reply| reply.status).collect()
}

/// Adds an invalid caller, of a different kind for each number, that names no credential.
fn garbage(number: usize, call: Call) -> Call {
    match number % 3 {
        0 => call,
        1 => call.token("pstn_garbage"),
        _ => call.basic("nobody:nothing"),
    }
}

#[test]
fn failing_address_gets_429_on_every_face_but_a_valid_secret_is_accepted() {
    let tenant = Tenant::new(server());
    let (failed, good, over, elsewhere) = in_one_minute(|| {
        let (here, elsewhere) = (address(), address());
        let good = || at(get("/v1/tenants").token(&tenant.admin), &here).send(server());
        let mut accepted = Vec::new();
        let mut failed = Vec::new();
        for number in 0..BY_ADDRESS {
            let call = garbage(number, anything()[number % 5].clone());
            failed.push(at(call, &here).send(server()));
            if number % 20 == 0 {
                accepted.push(good());
            }
        }
        let mut over = Vec::new();
        for (number, call) in anything().into_iter().enumerate() {
            over.push(at(garbage(number, call), &here).send(server()));
            accepted.push(good());
        }
        (failed, accepted, over, at(get("/v1/tenants"), &elsewhere).send(server()))
    });
    assert_eq!(statuses(&failed), [401; BY_ADDRESS], "none of the first hundred");
    assert_eq!(statuses(&good), [200; 10], "valid secrets before and above the limit");
    for (reply, text) in over.iter().zip(TOO_MANY) {
        is_too_many(reply, text);
    }
    assert_eq!(elsewhere.status, 401, "another address");
}

#[test]
fn ipv6_addresses_of_one_network_share_a_limit() {
    let (failed, over, elsewhere) = in_one_minute(|| {
        let network = 0x2001_0db8 << 32 | unique() & 0xffff_fffe;
        let fail =
            |network: u64, number: usize| at(get("/v1/tenants"), &neighbour(network, 7 * number as u64)).send(server());
        let failed: Vec<_> = (0..BY_ADDRESS).map(|number| fail(network, number)).collect();
        (failed, fail(network, BY_ADDRESS), fail(network + (1 << 16), 0))
    });
    assert_eq!(statuses(&failed), [401; BY_ADDRESS]);
    is_too_many(&over, TOO_MANY[4]);
    assert_eq!(elsewhere.status, 401, "another network");
}

#[test]
fn failures_from_many_networks_of_one_site_share_a_limit() {
    let (failed, over) = in_one_minute(|| {
        // 1 << 16 networks of 64 bits are one of 48.
        let site = (0x2001_0db8 << 32 | unique() & 0xffff_0000) + (1 << 17);
        let fail = |number: usize| at(get("/v1/tenants"), &neighbour(site + number as u64, 0)).send(server());
        let failed: Vec<_> = (0..BY_ADDRESS).map(fail).collect();
        (failed, fail(BY_ADDRESS))
    });
    assert_eq!(statuses(&failed), [401; BY_ADDRESS]);
    is_too_many(&over, TOO_MANY[4]);
}

#[test]
fn failures_for_one_tenant_from_many_addresses_share_a_limit() {
    let tenant = Tenant::new(server());
    let (failed, over, good) = in_one_minute(|| {
        let tenant = Tenant::new(server());
        let (own, litegraph) = (tenant.at(""), format!("/v1.0/tenants/{}", tenant.id.guid()));
        let fail = |path: &str| at(get(path).token(&format!("guess-{}", unique())), &address()).send(server());
        let failed: Vec<_> = (0..BY_ADDRESS).map(|number| fail([&own, &litegraph][number % 2])).collect();
        let good = at(get(&*own).token(&tenant.admin), &address()).send(server());
        (failed, fail(&own), good)
    });
    assert_eq!(statuses(&failed), [401; BY_ADDRESS]);
    is_too_many(&over, TOO_MANY[4]);
    assert_eq!(good.status, 200, "a valid secret is accepted");
    let elsewhere = at(get(tenant.at("")).token("a-guess"), &address()).send(server());
    assert_eq!(elsewhere.status, 401, "another tenant");
}

#[test]
fn guessed_credential_gets_429_but_its_valid_secret_is_accepted() {
    let tenant = Tenant::new(server());
    // From a different address each time, or from an unknown one.
    for addressed in [true, false] {
        let (failed, good, over, other) = in_one_minute(|| {
            let [Own { id, secret, .. }, other] = [tenant.own(json!({})), tenant.own(json!({}))];
            let from = |call: Call| if addressed { at(call, &address()) } else { call };
            let guess =
                |client: &str, call: Call| from(call.basic(&format!("{client}:{}", tenant.admin))).send(server());
            let good = || from(get("/v1/tenants").basic(&format!("{}:{secret}", id.client()))).send(server());
            let mut accepted = vec![good()];
            let failed: Vec<_> =
                (0..BY_CREDENTIAL).map(|number| guess(&id.client(), anything()[number % 5].clone())).collect();
            accepted.push(good());
            let mut over: Vec<_> = anything().into_iter().map(|call| guess(&id.client(), call)).collect();
            let log_in = |path: &str| call("POST", path).form("grant_type=client_credentials");
            over.push(guess(&id.client(), log_in(TOKEN)));
            over.push(guess(&id.client(), log_in(OAUTH_TOKEN)));
            let json = call("POST", "/api/v1/login").json(&json!({ "grant_type": "client_credentials" }));
            over.push(guess(&id.client(), json));
            accepted.push(good());
            accepted.push(from(log_in(TOKEN).basic(&format!("{}:{secret}", id.client()))).send(server()));
            (failed, accepted, over, guess(&other.id.client(), get("/v1/tenants")))
        });
        assert_eq!(statuses(&failed), [401; BY_CREDENTIAL], "none of the first thirty");
        assert_eq!(statuses(&good), [200; 4], "before, during, and to log in");
        let texts = TOO_MANY.into_iter().chain([TOO_MANY[3], TOO_MANY[3], TOO_MANY[0]]);
        for (reply, text) in over.iter().zip(texts) {
            is_too_many(reply, text);
        }
        assert_eq!(other.status, 401, "another credential");
    }
}

/// Without the id of a credential, each secret is counted separately.
#[test]
fn each_invalid_secret_is_counted_separately() {
    let tenant = Tenant::new(server());
    let (failed, over, other) = in_one_minute(|| {
        let gone = [(); 2].map(|()| {
            let own = tenant.own(json!({}));
            call("DELETE", own.path.as_str()).token(&tenant.admin).send(server()).expect(204);
            own.secret
        });
        let fail = |secret: &str| at(get("/v1/tenants").token(secret), &address()).send(server());
        let failed: Vec<_> = (0..BY_CREDENTIAL).map(|_| fail(&gone[0])).collect();
        (failed, fail(&gone[0]), fail(&gone[1]))
    });
    assert_eq!(statuses(&failed), [401; BY_CREDENTIAL]);
    is_too_many(&over, TOO_MANY[4]);
    assert_eq!(other.status, 401);
}

/// Without an address and an id there is nothing to count by.
#[test]
fn failures_without_address_and_credential_are_not_limited() {
    let tenant = Tenant::new(server());
    let failed: Vec<_> =
        (0..BY_ADDRESS + 20).map(|number| garbage(number, get("/v1/tenants")).send(server())).collect();
    assert!(statuses(&failed).iter().all(|status| *status == 401), "{:?}", statuses(&failed));
    get("/v1/tenants").token(&tenant.admin).send(server()).expect(200);
}

/// Successful requests, and requests that are rejected for another reason, are not failed authentications, however
/// many.
#[test]
fn only_failed_authentications_are_counted() {
    let tenant = Tenant::new(server());
    let (done, failed) = in_one_minute(|| {
        let here = address();
        let viewer = tenant.caller(&["viewer"]);
        let inactive = tenant.own(json!({ "enabled": false, "roles": roles(&["admin"]) }));
        let done: Vec<_> = (0..30)
            .flat_map(|_| {
                [
                    at(get("/v1/tenants").token(&viewer), &here),
                    at(call("DELETE", inactive.path.as_str()).token(&viewer), &here),
                    at(get("/v1/tenants/zz").token(&viewer), &here),
                    at(get("/v1/tenants").token(&inactive.secret), &here),
                ]
                .map(|call| call.send(server()).status)
            })
            .collect();
        (done, at(get("/v1/tenants").token("pstn_x"), &here).send(server()))
    });
    assert_eq!(done, [200, 403, 404, 401].repeat(30));
    assert_eq!(failed.status, 401, "the first failure");
}

/// A conflict on a token reveals that somebody uses the token. A caller that causes too many gets 429, and may still
/// create.
#[test]
fn probing_for_taken_tokens_is_limited() {
    let tenant = Tenant::new(server());
    let (taken, over, made) = in_one_minute(|| {
        let admin = tenant.caller(&["admin"]);
        let token = format!("a-token-of-{}", unique());
        let path = format!("/v1.0/tenants/{}/credentials", tenant.id.guid());
        let create = |token: &str| {
            let body = json!({ "UserGUID": tenant.account.guid(), "BearerToken": token });
            call("PUT", path.as_str()).token(&admin).json(&body).send(server())
        };
        assert_eq!(text(&create(&token).expect(200).json()["BearerToken"]), token);
        let failed: Vec<_> = (0..BY_CREDENTIAL).map(|_| create(&token)).collect();
        (failed, create(&token), create(&format!("another-of-{}", unique())))
    });
    assert_eq!(statuses(&taken), [409; BY_CREDENTIAL]);
    is_too_many(&over, TOO_MANY[1]);
    assert_eq!(made.status, 200, "{made:?}");
}
