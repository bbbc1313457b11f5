//! Keys of a credential: log-ins by assertions that it signs (RFC 7523), and what ends them.

use postern::credential::id::Id;
use postern::jwt::jwk::Algorithm;
use serde_json::{Map, Value, json};
use support::jwt::{Signer, signed};
use support::{ACME, ROOT, Reply, World, text};

const ISSUER: &str = "https://postern.example";

/// A credential with a key.
struct Keyed {
    world: World,
    signer: Signer,
    id: Id,
    secret: String,
    principal: String,
    key: String,
}

impl Keyed {
    fn new(signer: Signer) -> Self {
        let mut world = World::new();
        world.settings.as_mut().expect("settings").issuer = Some(ISSUER.to_owned());
        let principals = format!("/v1/tenants/{ACME}/principals");
        let principal = world.call("POST", &principals, ROOT, &json!({ "name": "p" })).expect(201).json();
        let principal = text(&principal, "id");
        let body =
            json!({ "name": "ci", "principal": principal, "roles": [{ "role_id": "editor" }], "self_rotate": true });
        let made = world.call("POST", &format!("/v1/tenants/{ACME}/credentials"), ROOT, &body).expect(201).json();
        let id = Id::parse(&text(&made, "id")).expect("an id");
        let mut keyed = Self { world, signer, id, secret: text(&made, "secret"), principal, key: String::new() };
        keyed.key = keyed.add(&json!({ "jwk": keyed.signer.jwk() }));
        keyed
    }

    fn url(&self, rest: &str) -> String {
        format!("/v1/tenants/{ACME}/credentials/{}{rest}", self.id)
    }

    /// Adds a key, and returns its id.
    fn add(&self, body: &Value) -> String {
        text(&self.world.call("POST", &self.url("/keys"), ROOT, body).expect(201).json(), "id")
    }

    fn seconds(&self) -> i64 {
        self.world.now.get() / 1_000_000
    }

    /// Claims that are accepted.
    fn claims(&self) -> Value {
        let (client, now) = (self.id.client(), self.seconds());
        json!({ "iss": client, "sub": client, "aud": ISSUER, "iat": now, "exp": now + 300 })
    }

    fn assertion(&self, claims: &Value) -> String {
        let alg = match self.signer {
            Signer::Rsa(_) => "RS256",
            Signer::P256(_) => "ES256",
            Signer::Ed25519(_) => "EdDSA",
        };
        self.signer.token(alg, None, claims)
    }

    fn exchange(&self, assertion: &str, more: &str) -> Reply {
        let form = format!(
            "grant_type=client_credentials&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer\
            &client_assertion={assertion}{more}"
        );
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.world.send("POST", "/oauth/token", &headers, form.as_bytes())
    }

    /// Logs in, and returns the access token.
    fn log_in(&self) -> String {
        text(&self.exchange(&self.assertion(&self.claims()), "").expect(200).json(), "access_token")
    }

    /// Whether an access token is valid: as its own caller, and for one who verifies it.
    fn is_valid(&self, token: &str) -> bool {
        let verified = self.world.call("POST", "/v1/verify", ROOT, &json!({ "token": token })).expect(200).json();
        let own = self.world.get("/v1/self", token).status;
        assert_eq!(verified["active"] == true, own == 200, "{verified} {own}");
        assert!([200, 401].contains(&own), "{own}");
        own == 200
    }
}

#[test]
fn credential_logs_in_by_each_kind_of_key() {
    for signer in [Signer::rsa_2048(), Signer::rsa_4096(), Signer::p256(), Signer::ed25519()] {
        let keyed = Keyed::new(signer);
        let reply = keyed.exchange(&keyed.assertion(&keyed.claims()), "").expect(200);
        assert_eq!(reply.cost.trips, 1);
        let body = reply.json();
        assert_eq!(
            (&body["expires_in"], &body["token_type"], &body["scope"]),
            (&json!(3600), &json!("Bearer"), &json!("editor"))
        );
        let token = text(&body, "access_token");
        assert!(keyed.is_valid(&token));
        let own = keyed.world.get("/v1/self", &token).expect(200).json();
        assert_eq!(own["id"], keyed.id.to_string());
        let verified = keyed.world.call("POST", "/v1/verify", ROOT, &json!({ "token": token })).json();
        assert_eq!((&verified["credential"], verified.get("secret")), (&own["id"], None));
        // An access token may neither take the credential over nor end it.
        let headers = [("authorization", format!("Bearer {token}")), ("idempotency-key", "k".to_owned())];
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        for (step, body) in [("rotate", json!({ "grace_seconds": 300 })), ("revoke", json!({}))] {
            keyed.world.send("POST", &format!("/v1/self/{step}"), &headers, body.to_string().as_bytes()).expect(403);
        }
        // It is valid for an hour.
        keyed.world.pass(3_601_000_000);
        assert!(!keyed.is_valid(&token));
    }
}

/// Ends what an access token was given for.
type End = fn(&Keyed);

/// What ends an access token of a key: each as a request by root.
#[test]
fn access_token_of_a_key_is_invalid_as_soon_as_what_it_was_given_for_is() {
    let ends: [(&str, End); 7] = [
        ("the key is removed", |keyed| {
            keyed.world.call("DELETE", &keyed.url(&format!("/keys/{}", keyed.key)), ROOT, &Value::Null).expect(204);
        }),
        ("the key is removed and added again", |keyed| {
            keyed.world.call("DELETE", &keyed.url(&format!("/keys/{}", keyed.key)), ROOT, &Value::Null).expect(204);
            assert_eq!(keyed.add(&json!({ "jwk": keyed.signer.jwk() })), keyed.key);
        }),
        ("the credential is disabled", |keyed| {
            keyed.world.call("PATCH", &keyed.url(""), ROOT, &json!({ "enabled": false })).expect(200);
        }),
        ("the credential is revoked", |keyed| {
            keyed.world.call("POST", &keyed.url("/revoke"), ROOT, &json!({})).expect(200);
        }),
        ("the credential is deleted", |keyed| {
            keyed.world.call("DELETE", &keyed.url(""), ROOT, &Value::Null).expect(204);
        }),
        ("the principal is disabled", |keyed| {
            let url = format!("/v1/tenants/{ACME}/principals/{}", keyed.principal);
            keyed.world.call("PATCH", &url, ROOT, &json!({ "enabled": false })).expect(200);
        }),
        ("the tenant is disabled", |keyed| {
            keyed.world.call("PATCH", &format!("/v1/tenants/{ACME}"), ROOT, &json!({ "enabled": false })).expect(200);
        }),
    ];
    for (what, end) in ends {
        let keyed = Keyed::new(Signer::ed25519());
        let token = keyed.log_in();
        assert!(keyed.is_valid(&token), "before {what}");
        end(&keyed);
        assert!(!keyed.is_valid(&token), "after {what}");
        let again = keyed.exchange(&keyed.assertion(&keyed.claims()), "").status;
        assert_eq!(again, if what.ends_with("again") { 200 } else { 401 }, "{what}");
    }
}

#[test]
fn rotation_and_restoration_leave_keys_alone_and_an_expired_key_lets_nobody_in() {
    let keyed = Keyed::new(Signer::ed25519());
    let token = keyed.log_in();
    for (step, body) in [("rotate", json!({ "grace_seconds": 0 })), ("revoke", json!({})), ("restore", Value::Null)] {
        keyed.world.call("POST", &keyed.url(&format!("/{step}")), ROOT, &body).expect(200);
    }
    assert!(keyed.is_valid(&token) && !keyed.is_valid(&keyed.secret));
    keyed.world.call("DELETE", &keyed.url(&format!("/keys/{}", keyed.key)), ROOT, &Value::Null).expect(204);
    keyed.add(&json!({ "jwk": keyed.signer.jwk(), "expires_at": "2026-11-21T00:10:00Z" }));
    let reply = keyed.exchange(&keyed.assertion(&keyed.claims()), "").expect(200).json();
    assert!(reply["expires_in"].as_i64().is_some_and(|seconds| (590..=600).contains(&seconds)), "{reply}");
    let token = text(&reply, "access_token");
    assert!(keyed.is_valid(&token));
    keyed.world.pass(600_000_000);
    assert!(!keyed.is_valid(&token));
    keyed.exchange(&keyed.assertion(&keyed.claims()), "").expect(401);
}

/// Every refusal has the same body, whatever the reason, and at most two trips.
#[test]
fn assertion_that_is_not_exactly_right_is_refused_without_telling_why() {
    let keyed = Keyed::new(Signer::ed25519());
    let with = |name: &str, value: Value| {
        let mut claims = keyed.claims();
        claims[name] = value;
        keyed.assertion(&claims)
    };
    let without = |name: &str| {
        let mut claims = keyed.claims();
        claims.as_object_mut().expect("an object").remove(name);
        keyed.assertion(&claims)
    };
    let now = keyed.seconds();
    let (claims, stranger) = (keyed.claims(), Signer::ed25519());
    let good = keyed.assertion(&claims);
    let refused = [
        ("not a token", "a.b.c".to_owned()),
        ("the key of nobody", stranger.token("EdDSA", None, &claims)),
        ("another alg", Signer::p256().token("ES256", None, &claims)),
        ("no signature", format!("{}.", signed(r#"{"alg":"none"}"#, &claims.to_string()))),
        ("a kid of nobody", keyed.signer.token("EdDSA", Some("another"), &claims)),
        ("another audience", with("aud", json!("https://other.example"))),
        ("the token endpoint as the audience", with("aud", json!(format!("{ISSUER}/oauth/token")))),
        ("two audiences", with("aud", json!([ISSUER, "https://other.example"]))),
        ("no audience", without("aud")),
        ("another issuer", with("iss", json!("https://other.example"))),
        ("another subject", with("sub", json!(Id::ZERO.client()))),
        ("another client", keyed.assertion(&json!({ "iss": Id::ZERO.client(), "sub": Id::ZERO.client(), "aud": ISSUER, "iat": now, "exp": now + 60 }))),
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
    let body = keyed.exchange("x", "").expect(401).text;
    for (what, assertion) in refused {
        let reply = keyed.exchange(&assertion, "");
        assert_eq!((reply.status, &reply.text), (401, &body), "{what}");
        assert!(reply.cost.trips <= 1, "{what}");
    }
    // The same assertion is right for its own client only.
    assert_eq!(keyed.exchange(&good, &format!("&client_id={}", Id::ZERO.client())).expect(401).text, body);
    keyed.exchange(&good, &format!("&client_id={}", keyed.id.client())).expect(200);
    keyed.exchange(&good, "").expect(200);
    keyed.exchange(&good, "&client_secret=x").expect(400);
    keyed.exchange(&good, "&scope=admin").expect(400);
}

#[test]
fn assertion_with_an_id_is_used_once() {
    let keyed = Keyed::new(Signer::ed25519());
    let mut claims = keyed.claims();
    claims["jti"] = "one".into();
    let reply = keyed.exchange(&keyed.assertion(&claims), "").expect(200);
    assert_eq!(reply.cost.trips, 2);
    keyed.exchange(&keyed.assertion(&claims), "").expect(401);
    claims["jti"] = "another".into();
    keyed.exchange(&keyed.assertion(&claims), "").expect(200);
}

#[test]
fn log_in_by_a_key_needs_the_issuer_setting() {
    let mut keyed = Keyed::new(Signer::ed25519());
    let assertion = keyed.assertion(&keyed.claims());
    keyed.world.settings.as_mut().expect("settings").issuer = None;
    let refused = keyed.exchange(&assertion, "").expect(503);
    assert!(refused.text.contains("POSTERN_ISSUER"), "{}", refused.text);
}

#[test]
fn adding_a_key_widens_access_and_a_credential_has_at_most_five() {
    let keyed = Keyed::new(Signer::ed25519());
    let newest = || keyed.world.get(&keyed.url("/events?limit=1"), ROOT).json()["items"][0].clone();
    let event = newest();
    assert_eq!(
        (&event["widened_access"], &event["changes"]["keys"]["after"][&keyed.key]["jwk"]["kty"]),
        (&json!(true), &json!("OKP"))
    );
    let more: Vec<_> = (0..4).map(|_| keyed.add(&json!({ "jwk": Signer::p256().jwk() }))).collect();
    let sixth = json!({ "jwk": Signer::p256().jwk() });
    let refused = keyed.world.call("POST", &keyed.url("/keys"), ROOT, &sixth).expect(422);
    assert!(refused.text.contains("too_many"), "{}", refused.text);
    keyed.world.call("DELETE", &keyed.url(&format!("/keys/{}", more[0])), ROOT, &Value::Null).expect(204);
    let event = newest();
    assert_eq!(
        (&event["widened_access"], event["changes"]["keys"]["before"].as_object().map(Map::len)),
        (&json!(false), Some(1))
    );
    keyed.world.call("POST", &keyed.url("/keys"), ROOT, &sixth).expect(201);
}

#[test]
fn use_by_a_key_is_recorded_at_most_once_a_minute() {
    let keyed = Keyed::new(Signer::ed25519());
    let used = || keyed.world.get(&keyed.url(""), ROOT).json()["last_used_at"].clone();
    assert_eq!(used(), Value::Null);
    let token = keyed.log_in();
    let first = used();
    assert_ne!(first, Value::Null);
    keyed.world.get("/v1/self", &token).expect(200);
    assert_eq!(used(), first);
    keyed.world.pass(61_000_000);
    keyed.world.get("/v1/self", &token).expect(200);
    assert_ne!(used(), first);
    let second = used();
    keyed.world.pass(61_000_000);
    keyed.world.call("POST", "/v1/verify", ROOT, &json!({ "token": token })).expect(200);
    assert_ne!(used(), second);
}

#[test]
fn signature_of_another_algorithm_of_the_same_key_type_is_refused() {
    let keyed = Keyed::new(Signer::rsa_2048());
    let payload = keyed.claims().to_string();
    let confused = keyed.signer.token_of(Algorithm::Ps256, r#"{"alg":"RS256"}"#, &payload);
    keyed.exchange(&confused, "").expect(401);
    keyed.exchange(&keyed.signer.token_of(Algorithm::Ps256, r#"{"alg":"PS256"}"#, &payload), "").expect(200);
}
