//! Keys of a credential: log-ins by assertions that it signs (RFC 7523), and what ends them.

use std::cell::Cell;

use postern::credential::id::Id;
use postern::credential::means::Means;
use postern::jwt::jwk::Algorithm;
use postern::store::{Batch, Database, Fault, Statement};
use serde_json::{Map, Value, json};
use support::jwt::{Signer, signed};
use support::world::List;
use support::{ACME, ROOT, START, text};

use crate::keyless::{ISSUER, Keyless, OTHER};
use crate::stage::{MINUTE, SECOND, time};

#[test]
fn credential_logs_in_by_each_kind_of_key() {
    for signer in [Signer::rsa_2048(), Signer::rsa_4096(), Signer::p256(), Signer::ed25519()] {
        let keyless = Keyless::new(signer);
        let reply = keyless.exchange(&keyless.assertion(&keyless.claims()), "").expect(200);
        assert_eq!(reply.cost.trips, 1);
        let body = reply.json();
        assert_eq!(
            (&body["expires_in"], &body["token_type"], &body["scope"]),
            (&json!(3600), &json!("Bearer"), &json!("editor"))
        );
        let token = text(&body, "access_token");
        assert!(keyless.is_valid(&token));
        let own = keyless.world.get("/v1/self", &token).expect(200).json();
        assert_eq!(own["id"], keyless.id.to_string());
        let verified = keyless.world.call("POST", "/v1/verify", ROOT, &json!({ "token": token })).json();
        assert_eq!((&verified["credential"], verified.get("secret")), (&own["id"], None));
        // An access token may neither take the credential over nor end it.
        let headers = [("authorization", format!("Bearer {token}")), ("idempotency-key", "k".to_owned())];
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        for (step, body) in [("rotate", json!({ "grace_seconds": 300 })), ("revoke", json!({}))] {
            keyless.world.send("POST", &format!("/v1/self/{step}"), &headers, body.to_string().as_bytes()).expect(403);
        }
        // It is valid for an hour.
        keyless.world.pass(3_601_000_000);
        assert!(!keyless.is_valid(&token));
    }
}

/// Ends what an access token was given for.
type End = fn(&Keyless);

/// When a key or trust that has an end expires.
const END: i64 = START + MINUTE;

/// What ends an access token of a key or a trust: time, or a request by root.
fn ends() -> [(&'static str, End); 10] {
    [
        ("it expires", |keyless| keyless.world.now.set(END)),
        ("it expires, and is removed and added again", |keyless| {
            keyless.world.now.set(END);
            keyless.remove();
            let mut body = keyless.body.clone();
            body["expires_at"] = Value::Null;
            assert_eq!(keyless.add(&body), keyless.means_id);
        }),
        ("it is removed", Keyless::remove),
        ("it is removed and added again", |keyless| {
            keyless.remove();
            assert_eq!(keyless.add(&keyless.body), keyless.means_id);
        }),
        ("the credential expires", |keyless| {
            keyless
                .world
                .call("PATCH", &keyless.url(""), ROOT, &json!({ "expires_at": "2026-11-21T00:00:01Z" }))
                .expect(200);
            keyless.world.pass(1_000_000);
        }),
        ("the credential is disabled", |keyless| {
            keyless.world.call("PATCH", &keyless.url(""), ROOT, &json!({ "enabled": false })).expect(200);
        }),
        ("the credential is revoked", |keyless| {
            keyless.world.call("POST", &keyless.url("/revoke"), ROOT, &json!({})).expect(200);
        }),
        ("the credential is deleted", |keyless| {
            keyless.world.call("DELETE", &keyless.url(""), ROOT, &Value::Null).expect(204);
        }),
        ("the principal is disabled", |keyless| {
            let url = format!("/v1/tenants/{ACME}/principals/{}", keyless.principal);
            keyless.world.call("PATCH", &url, ROOT, &json!({ "enabled": false })).expect(200);
        }),
        ("the tenant is disabled", |keyless| {
            keyless.world.call("PATCH", &format!("/v1/tenants/{ACME}"), ROOT, &json!({ "enabled": false })).expect(200);
        }),
    ]
}

/// With a key or a trust, for an end of the matrix; `once` is a member of a trust.
fn ending(means: Means, what: &str, once: bool) -> Keyless {
    let signer = Signer::ed25519();
    let mut body = match means {
        Means::Key => json!({ "jwk": signer.jwk() }),
        Means::Trust => json!({ "issuer": OTHER, "subject": "job", "jwks": { "keys": [signer.jwk()] }, "once": once }),
    };
    if what.starts_with("it expires") {
        body["expires_at"] = time(END).into();
    }
    Keyless::of(means, signer, body)
}

#[test]
fn access_token_of_a_key_or_a_trust_is_invalid_as_soon_as_what_it_was_given_for_is() {
    for (means, (what, end)) in Means::ALL.into_iter().flat_map(|means| ends().map(|end| (means, end))) {
        let keyless = ending(means, what, false);
        let token = keyless.log_in();
        assert!(keyless.is_valid(&token), "{means:?}, before {what}");
        end(&keyless);
        assert!(!keyless.is_valid(&token), "{means:?}, after {what}");
        let again = keyless.exchange(&keyless.assertion(&keyless.claims()), "").status;
        assert_eq!(again, if what.ends_with("again") { 200 } else { 401 }, "{means:?}, {what}");
    }
}

#[test]
fn credential_shows_the_ids_of_its_keys_and_trusts_and_a_put_cannot_change_them() {
    for means in Means::ALL {
        let keyless = Keyless::with(means, Signer::ed25519());
        let mut another = keyless.body.clone();
        match means {
            Means::Key => another["jwk"] = Signer::p256().jwk(),
            Means::Trust => another["subject"] = "another".into(),
        }
        let mut ids = [keyless.means_id.clone(), keyless.add(&another)];
        ids.sort_unstable();
        let mut shown = keyless.world.get(&keyless.url(""), ROOT).expect(200).json();
        let other = if means == Means::Key { "trusts" } else { "keys" };
        assert_eq!((&shown[means.member()], &shown[other]), (&json!(ids), &json!([])));
        let put = |body: &Value| keyless.world.call("PUT", &keyless.url(""), ROOT, body);
        put(&shown).expect(200);
        for (member, ids) in [(means.member(), json!([ids[0]])), (other, json!(ids))] {
            let unchanged = shown[member].take();
            shown[member] = ids;
            let violations = put(&shown).expect(422).json()["violations"].take();
            assert_eq!(
                (&violations[0]["pointer"], &violations[0]["code"]),
                (&json!(format!("/{member}")), &json!("read_only"))
            );
            shown[member] = unchanged;
        }
    }
}

/// A database, and what happens elsewhere after a trip to it.
struct Meanwhile<'a> {
    keyless: &'a Keyless,
    trips: Cell<usize>,
    after: usize,
    end: End,
}

impl Database for Meanwhile<'_> {
    async fn batch(&self, statements: &[Statement<'_>]) -> Result<Batch, Fault> {
        let batch = self.keyless.world.db.batch(statements).await;
        self.trips.set(self.trips.get() + 1);
        if self.trips.get() == self.after {
            (self.end)(self.keyless);
        }
        batch
    }
}

/// Whatever an exchange had read before its key or trust ended, no token of it is valid afterwards.
#[test]
fn exchange_that_races_with_an_end_leaves_no_valid_token() {
    for (means, (what, end)) in Means::ALL.into_iter().flat_map(|means| ends().map(|end| (means, end))) {
        for (after, jti) in [(1, false), (1, true), (2, true)] {
            let keyless = ending(means, what, jti);
            let mut claims = keyless.claims();
            if jti {
                claims["jti"] = "one".into();
            }
            let form = keyless.form(&keyless.assertion(&claims), "");
            let database = Meanwhile { keyless: &keyless, trips: Cell::new(0), after, end };
            let headers = List(&[("content-type", "application/x-www-form-urlencoded")]);
            let (done, _) = keyless.world.answer(&database, "POST", "/oauth/token", &headers, form.as_bytes());
            assert_eq!(database.trips.get(), if jti { 2 } else { 1 }, "{means:?}: {what}");
            // Nothing expires before the time at which a request began.
            if jti && after == 1 && !what.ends_with("expires") {
                assert_eq!(done.answer.status, 401, "{means:?}, {what}: judged again where it is used once");
                continue;
            }
            let answer: Value = serde_json::from_str(&done.answer.body).expect("JSON");
            assert!(!keyless.is_valid(&text(&answer, "access_token")), "{means:?}, {what} after trip {after}");
        }
    }
}

/// Where the tenant or the request accepts older answers, an isolate that saw the token before reports it for no longer than the bound,
/// and not at all after the key or trust itself has expired.
#[test]
fn access_token_of_a_key_or_a_trust_is_reported_as_valid_no_longer_than_the_bound() {
    for (means, (what, end)) in Means::ALL.into_iter().flat_map(|means| ends().map(|end| (means, end))) {
        for of_request in [None, Some(30)] {
            let keyless = ending(means, what, false);
            let bound = json!({ "verify_staleness_seconds": 60 });
            keyless.world.call("PATCH", &format!("/v1/tenants/{ACME}"), ROOT, &bound).expect(200);
            let token = keyless.log_in();
            let verified = || {
                let body = json!({ "token": token, "max_staleness_seconds": of_request });
                let reply = keyless.world.call("POST", "/v1/verify", ROOT, &body).expect(200);
                (reply.cost.trips, reply.json()["active"] == true)
            };
            assert_eq!([verified(), verified()], [(1, true), (0, true)], "{means:?}: it is remembered");
            end(&keyless);
            if what.starts_with("it expires") {
                assert!(!verified().1, "{means:?}: as soon as {what}");
            }
            keyless.world.pass(of_request.unwrap_or(60) * SECOND);
            assert!(!verified().1, "{means:?}: {of_request:?} after {what}");
        }
    }
}

/// From memory, too: an answer says how old it is, but an end that is known needs no change to be noticed.
#[test]
fn access_token_ends_with_its_key_or_trust_to_the_microsecond() {
    for (means, is_remembered) in Means::ALL.into_iter().flat_map(|means| [(means, false), (means, true)]) {
        let keyless = ending(means, "it expires", false);
        let bound = json!({ "verify_staleness_seconds": if is_remembered { 300 } else { 0 } });
        keyless.world.call("PATCH", &format!("/v1/tenants/{ACME}"), ROOT, &bound).expect(200);
        let token = keyless.log_in();
        assert!(keyless.is_valid(&token));
        // A request begins a millisecond later.
        let at = |now: i64, path: &str| {
            keyless.world.now.set(now - 1000);
            let reply = match path {
                "/oauth/introspect" => {
                    let headers = [
                        ("authorization", &*format!("Bearer {ROOT}")),
                        ("content-type", "application/x-www-form-urlencoded"),
                    ];
                    keyless.world.send("POST", path, &headers, format!("token={token}").as_bytes())
                }
                _ => keyless.world.call("POST", path, ROOT, &json!({ "token": token })),
            };
            (reply.cost.trips, reply.expect(200).json()["active"] == true)
        };
        for path in ["/v1/verify", "/oauth/introspect"] {
            assert!(at(END - 2 * SECOND, path).1);
            assert_eq!(at(END - 1, path), (u64::from(!is_remembered), true), "{means:?} {path}");
            assert!(!at(END, path).1, "{means:?} {path}");
        }
        for (now, status) in [(END - 1, 200), (END, 401)] {
            keyless.world.now.set(now - 1000);
            assert_eq!(keyless.world.get("/v1/self", &token).status, status, "{means:?}");
            keyless.world.now.set(now - 1000);
            assert_eq!(keyless.exchange(&keyless.assertion(&keyless.claims()), "").status, status, "{means:?}");
        }
    }
}

#[test]
fn rotation_and_restoration_leave_keys_and_trusts_alone_and_an_expired_one_lets_nobody_in() {
    Means::ALL.into_iter().for_each(rotation_and_restoration_leave_it_alone);
}

fn rotation_and_restoration_leave_it_alone(means: Means) {
    let keyless = Keyless::with(means, Signer::ed25519());
    let token = keyless.log_in();
    for (step, body) in [("rotate", json!({ "grace_seconds": 0 })), ("revoke", json!({})), ("restore", Value::Null)] {
        keyless.world.call("POST", &keyless.url(&format!("/{step}")), ROOT, &body).expect(200);
    }
    assert!(keyless.is_valid(&token) && !keyless.is_valid(&keyless.secret));
    let litegraph = "/v1.0/tenants/00000000-0000-0000-0000-000000000000";
    let principal = Id::parse(&keyless.principal).expect("an id").guid();
    let body = json!({ "UserGUID": principal, "Name": "ci", "BearerToken": "chosen" });
    let url = format!("{litegraph}/credentials/{}", keyless.id.guid());
    keyless.world.call("PUT", &url, ROOT, &body).expect(200);
    assert!(keyless.is_valid(&token) && keyless.is_valid("chosen"), "setting a secret leaves it alone, too");
    keyless.remove();
    let mut body = keyless.body.clone();
    body["expires_at"] = "2026-11-21T00:10:00Z".into();
    keyless.add(&body);
    let mut claims = keyless.claims();
    claims["exp"] = (keyless.seconds() + 3600).into();
    let reply = keyless.exchange(&keyless.assertion(&claims), "").expect(200).json();
    assert!(reply["expires_in"].as_i64().is_some_and(|seconds| (590..=600).contains(&seconds)), "{reply}");
    let token = text(&reply, "access_token");
    assert!(keyless.is_valid(&token));
    keyless.world.pass(600_000_000);
    assert!(!keyless.is_valid(&token));
    keyless.exchange(&keyless.assertion(&keyless.claims()), "").expect(401);
}

/// Every refusal has the same body, whatever the reason, and at most two trips.
#[test]
fn assertion_that_is_not_exactly_right_is_refused_without_telling_why() {
    let keyless = Keyless::new(Signer::ed25519());
    let with = |name: &str, value: Value| {
        let mut claims = keyless.claims();
        claims[name] = value;
        keyless.assertion(&claims)
    };
    let without = |name: &str| {
        let mut claims = keyless.claims();
        claims.as_object_mut().expect("an object").remove(name);
        keyless.assertion(&claims)
    };
    let now = keyless.seconds();
    let (claims, stranger) = (keyless.claims(), Signer::ed25519());
    let good = keyless.assertion(&claims);
    let refused = [
        ("not a token", "a.b.c".to_owned()),
        ("the key of nobody", stranger.token("EdDSA", None, &claims)),
        ("another alg", Signer::p256().token("ES256", None, &claims)),
        ("no signature", format!("{}.", signed(r#"{"alg":"none"}"#, &claims.to_string()))),
        ("a kid of nobody", keyless.signer.token("EdDSA", Some("another"), &claims)),
        ("another audience", with("aud", json!("https://other.example"))),
        ("the token endpoint as the audience", with("aud", json!(format!("{ISSUER}/oauth/token")))),
        ("two audiences", with("aud", json!([ISSUER, "https://other.example"]))),
        ("no audience", without("aud")),
        ("another issuer", with("iss", json!("https://other.example"))),
        ("another subject", with("sub", json!(Id::ZERO.client()))),
        ("another client", keyless.assertion(&json!({ "iss": Id::ZERO.client(), "sub": Id::ZERO.client(), "aud": ISSUER, "iat": now, "exp": now + 60 }))),
        ("an end that has passed", with("exp", json!(now - 1))),
        ("a lifetime above an hour", with("exp", json!(now + 3601))),
        ("no end", without("exp")),
        ("made in the future", with("iat", json!(now + 90))),
        ("no time", without("iat")),
        ("not yet valid", with("nbf", json!(now + 200))),
        ("bound to a key of the holder", with("cnf", json!({ "jkt": "x" }))),
        ("an altered payload", good.replacen('.', ".A", 1)),
        ("an end as text", with("exp", json!((now + 60).to_string()))),
    ];
    let body = keyless.exchange("x", "").expect(401).text;
    for (what, assertion) in refused {
        let reply = keyless.exchange(&assertion, "");
        assert_eq!((reply.status, &reply.text), (401, &body), "{what}");
        assert!(reply.cost.trips <= 1, "{what}");
    }
    // The same assertion is right for its own client only.
    assert_eq!(keyless.exchange(&good, &format!("&client_id={}", Id::ZERO.client())).expect(401).text, body);
    keyless.exchange(&good, &format!("&client_id={}", keyless.id.client())).expect(200);
    keyless.exchange(&good, "").expect(200);
    keyless.exchange(&with("aud", json!(format!("{ISSUER}/"))), "").expect(200);
    keyless.exchange(&with("aud", json!(format!("{ISSUER}//"))), "").expect(401);
    keyless.exchange(&good, "&client_secret=x").expect(400);
    keyless.exchange(&good, "&scope=admin").expect(400);
}

#[test]
fn assertion_with_an_id_is_used_once() {
    let keyless = Keyless::new(Signer::ed25519());
    let mut claims = keyless.claims();
    claims["jti"] = "one".into();
    let reply = keyless.exchange(&keyless.assertion(&claims), "").expect(200);
    assert_eq!(reply.cost.trips, 2);
    keyless.exchange(&keyless.assertion(&claims), "").expect(401);
    claims["jti"] = "another".into();
    keyless.exchange(&keyless.assertion(&claims), "").expect(200);
}

#[test]
fn assertion_that_was_used_stays_used_when_its_key_or_trust_is_replaced() {
    for means in Means::ALL {
        let signer = Signer::ed25519();
        let body = match means {
            Means::Key => json!({ "jwk": signer.jwk() }),
            Means::Trust => {
                json!({ "issuer": OTHER, "subject": "job", "jwks": { "keys": [signer.jwk()] }, "once": true })
            }
        };
        let keyless = Keyless::of(means, signer, body);
        let mut claims = keyless.claims();
        claims["jti"] = "one".into();
        let assertion = keyless.assertion(&claims);
        keyless.exchange(&assertion, "").expect(200);
        let mut another = keyless.body.clone();
        match means {
            Means::Key => another["jwk"]["kid"] = "another".into(),
            Means::Trust => another["token_seconds"] = 120.into(),
        }
        keyless.add(&another);
        keyless.remove();
        keyless.exchange(&assertion, "").expect(401);
        claims["jti"] = "another".into();
        keyless.exchange(&keyless.assertion(&claims), "").expect(200);
    }
}

#[test]
fn credential_without_a_secret_logs_in_by_its_key_until_a_rotation_gives_it_one() {
    let keyless = Keyless::new(Signer::ed25519());
    let create = |key: &[(&str, &str)]| {
        let authorization = format!("Bearer {ROOT}");
        let headers = [&[("authorization", &*authorization), ("content-type", "application/json")], key].concat();
        let body = json!({ "name": "ci", "roles": [], "secret": false }).to_string();
        let url = format!("/v1/tenants/{ACME}/credentials");
        keyless.world.send("POST", &url, &headers, body.as_bytes()).expect(201).json()
    };
    let made = create(&[]);
    assert_eq!((&made["secrets"], made.get("secret")), (&json!([]), None));
    // The same with an Idempotency-Key, sent twice.
    let key = [("idempotency-key", "once")];
    assert_eq!(create(&key), create(&key));
    let (id, url) = (text(&made, "id"), format!("/v1/tenants/{ACME}/credentials/{}", text(&made, "id")));
    let count = format!("SELECT count(*) FROM secrets WHERE credential = '{id}'");
    assert_eq!(keyless.world.db.count(&count), 0);
    keyless.world.call("POST", &format!("{url}/keys"), ROOT, &json!({ "jwk": keyless.signer.jwk() })).expect(201);
    let client = format!("client_{id}");
    let mut claims = keyless.claims();
    (claims["iss"], claims["sub"]) = (client.as_str().into(), client.as_str().into());
    let access = text(&keyless.exchange(&keyless.assertion(&claims), "").expect(200).json(), "access_token");
    assert!(keyless.is_valid(&access));
    for (path, members) in [("", "secrets"), ("/events", "items")] {
        keyless.world.get(&format!("{url}{path}"), ROOT).expect(200).json()[members].as_array().expect("a list");
    }
    let guid = Id::parse(&id).expect("an id").guid();
    let other =
        keyless.world.get(&format!("/v1.0/tenants/00000000-0000-0000-0000-000000000000/credentials/{guid}"), ROOT);
    assert_eq!(other.expect(200).json()["BearerToken"], "");
    keyless.world.call("PATCH", &url, ROOT, &json!({ "description": "changed" })).expect(200);
    for step in ["finish", "cancel"] {
        keyless.world.call("POST", &format!("{url}/rotate/{step}"), ROOT, &Value::Null).expect(409);
    }
    let rotated =
        keyless.world.call("POST", &format!("{url}/rotate"), ROOT, &json!({ "grace_seconds": 60 })).expect(200).json();
    assert_eq!(rotated["secrets"].as_array().map(Vec::len), Some(1));
    assert!(keyless.is_valid(&text(&rotated, "secret")) && keyless.is_valid(&access));
    keyless.world.call("POST", &format!("{url}/rotate"), ROOT, &json!({ "grace_seconds": 60 })).expect(200);
    keyless.world.call("DELETE", &url, ROOT, &Value::Null).expect(204);
    assert!(!keyless.is_valid(&access));
}

/// Adding one counts as giving a secret.
#[test]
fn caller_that_expires_adds_a_key_or_a_trust_only_to_what_expires_no_later() {
    for means in Means::ALL {
        let keyless = Keyless::with(means, Signer::ed25519());
        let credentials = format!("/v1/tenants/{ACME}/credentials");
        let admin = json!({ "name": "admin", "roles": [], "access": "admin", "expires_at": "2026-11-22T00:00:00Z" });
        let admin = keyless.world.call("POST", &credentials, ROOT, &admin).expect(201).json();
        let admin = text(&admin, "secret");
        let mut body = keyless.body.clone();
        body["expires_at"] = "2026-11-21T12:00:00Z".into();
        keyless.remove();
        let refused = keyless.world.call("POST", &keyless.list(), &admin, &body).expect(403);
        assert!(refused.text.contains("forbidden_change"), "{means:?}: {}", refused.text);
        keyless
            .world
            .call("PATCH", &keyless.url(""), ROOT, &json!({ "expires_at": "2026-11-22T00:00:00Z" }))
            .expect(200);
        keyless.world.call("POST", &keyless.list(), &admin, &body).expect(201);
    }
}

#[test]
fn log_in_by_a_key_needs_the_issuer_setting() {
    let mut keyless = Keyless::new(Signer::ed25519());
    let assertion = keyless.assertion(&keyless.claims());
    keyless.world.settings.as_mut().expect("settings").issuer = None;
    let refused = keyless.exchange(&assertion, "").expect(503);
    assert!(refused.text.contains("POSTERN_ISSUER"), "{}", refused.text);
}

#[test]
fn adding_a_key_widens_access_and_a_credential_has_at_most_five() {
    let keyless = Keyless::new(Signer::ed25519());
    let newest = || keyless.world.get(&keyless.url("/events?limit=1"), ROOT).json()["items"][0].clone();
    let event = newest();
    assert_eq!(
        (&event["widened_access"], &event["changes"]["keys"]["after"][&keyless.means_id]["jwk"]["kty"]),
        (&json!(true), &json!("OKP"))
    );
    let more: Vec<_> = (0..4).map(|_| keyless.add(&json!({ "jwk": Signer::p256().jwk() }))).collect();
    let sixth = json!({ "jwk": Signer::p256().jwk() });
    let refused = keyless.world.call("POST", &keyless.url("/keys"), ROOT, &sixth).expect(422);
    assert!(refused.text.contains("too_many"), "{}", refused.text);
    keyless.world.call("DELETE", &keyless.url(&format!("/keys/{}", more[0])), ROOT, &Value::Null).expect(204);
    let event = newest();
    assert_eq!(
        (&event["widened_access"], event["changes"]["keys"]["before"].as_object().map(Map::len)),
        (&json!(false), Some(1))
    );
    keyless.world.call("POST", &keyless.url("/keys"), ROOT, &sixth).expect(201);
}

#[test]
fn use_by_a_key_is_recorded_at_most_once_a_minute() {
    let keyless = Keyless::new(Signer::ed25519());
    let used = || keyless.world.get(&keyless.url(""), ROOT).json()["last_used_at"].clone();
    assert_eq!(used(), Value::Null);
    let token = keyless.log_in();
    let first = used();
    assert_ne!(first, Value::Null);
    keyless.world.get("/v1/self", &token).expect(200);
    assert_eq!(used(), first);
    keyless.world.pass(61_000_000);
    keyless.world.get("/v1/self", &token).expect(200);
    assert_ne!(used(), first);
    let second = used();
    keyless.world.pass(61_000_000);
    keyless.world.call("POST", "/v1/verify", ROOT, &json!({ "token": token })).expect(200);
    assert_ne!(used(), second);

    // The use is written after the response, so the use at the log-in may be lost.
    let check = json!({ "token": token });
    for (method, url, caller, body) in
        [("GET", "/v1/self", token.as_str(), &Value::Null), ("POST", "/v1/verify", ROOT, &check)]
    {
        keyless.world.db.execute("UPDATE credentials SET last_used_at = NULL", &[]);
        keyless.world.call(method, url, caller, body).expect(200);
        assert_ne!(used(), Value::Null, "{url}");
    }
}

#[test]
fn signature_of_another_algorithm_of_the_same_key_type_is_refused() {
    let keyless = Keyless::new(Signer::rsa_2048());
    let payload = keyless.claims().to_string();
    let confused = keyless.signer.token_of(Algorithm::Ps256, r#"{"alg":"RS256"}"#, &payload);
    keyless.exchange(&confused, "").expect(401);
    keyless.exchange(&keyless.signer.token_of(Algorithm::Ps256, r#"{"alg":"PS256"}"#, &payload), "").expect(200);
}
