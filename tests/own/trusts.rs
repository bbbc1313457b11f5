//! Trusts of a credential: what a token of an issuer must say to let the credential in.

mod bodies;
mod dry_run;
mod fetches;

use postern::credential::means::Means;
use postern::credential::secret::Keys;
use postern::jwt::issuer::ISSUER_MAX;
use serde_json::{Value, json};
use support::jwt::Signer;
use support::world::List;
use support::{ROOT, Reply, text};

use crate::keyless::{ISSUER, Keyless, OTHER};

/// With a trust whose issuer publishes its keys.
fn fetched() -> Keyless {
    let keyless = Keyless::of(Means::Trust, Signer::ed25519(), json!({ "issuer": OTHER, "subject": "job" }));
    publish(&keyless, &[&keyless.signer]);
    keyless
}

fn publish(keyless: &Keyless, signers: &[&Signer]) {
    let keys: Vec<_> = signers.iter().map(|signer| Value::from(signer.key(None))).collect();
    keyless.world.issuers.serve(OTHER, &keys.into());
}

/// Logs in by a new token.
fn log_in(keyless: &Keyless) -> Reply {
    keyless.exchange(&keyless.assertion(&keyless.claims()), "")
}

/// With these members in place of those of the claims.
fn claims(keyless: &Keyless, members: &Value) -> Value {
    let mut claims = keyless.claims();
    for (name, value) in members.as_object().expect("an object") {
        claims[name] = value.clone();
    }
    claims
}

#[test]
fn token_of_an_issuer_lets_the_credential_in_by_both_spellings() {
    let keyless = fetched();
    let token = keyless.assertion(&keyless.claims());
    let first = keyless.exchange(&token, "").expect(200);
    assert_eq!(keyless.world.issuers.asked().len(), 2, "the description of the issuer, and its keys");
    assert_eq!(first.cost.trips, 3, "the client, the turn to fetch, the keys");
    let second = keyless.grant(&token).expect(200);
    assert_eq!((second.cost.trips, keyless.world.issuers.asked().len()), (1, 0), "the keys are known");
    for reply in [first, second] {
        let body = reply.json();
        assert_eq!((&body["token_type"], &body["scope"]), (&json!("Bearer"), &json!("editor")));
        let access = text(&body, "access_token");
        assert!(keyless.is_valid(&access));
        let headers = [("authorization", format!("Bearer {access}")), ("idempotency-key", "k".to_owned())];
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        for (step, body) in [("rotate", json!({ "grace_seconds": 300 })), ("revoke", json!({}))] {
            keyless.world.send("POST", &format!("/v1/self/{step}"), &headers, body.to_string().as_bytes()).expect(403);
        }
    }
}

/// An access token ends with the token that was exchanged, or after the seconds of the trust; at most after an hour, and never
/// after the trust.
#[test]
fn access_token_of_a_trust_ends_when_the_trust_says() {
    for (members, exp, lasts) in [
        (json!({}), 300, 300),
        (json!({}), 86_400, 3600),
        (json!({ "token_seconds": 60 }), 300, 60),
        (json!({ "token_seconds": 3600 }), 300, 3600),
        (json!({ "token_seconds": 3600, "expires_at": "2026-11-21T00:10:00Z" }), 300, 600),
    ] {
        let signer = Signer::ed25519();
        let mut body = json!({ "issuer": OTHER, "subject": "job", "jwks": { "keys": [signer.jwk()] } });
        body.as_object_mut().expect("an object").extend(members.as_object().expect("an object").clone());
        let keyless = Keyless::of(Means::Trust, signer, body);
        let exp = keyless.seconds() + exp;
        let reply = keyless.exchange(&keyless.assertion(&claims(&keyless, &json!({ "exp": exp }))), "").expect(200);
        let told = reply.json()["expires_in"].as_i64().expect("a number");
        assert!((lasts - 2..=lasts).contains(&told), "{members}: {told}");
        let access = text(&reply.json(), "access_token");
        keyless.world.pass((lasts - 2) * 1_000_000);
        assert!(keyless.is_valid(&access), "{members}");
        keyless.world.pass(3_000_000);
        assert!(!keyless.is_valid(&access), "{members}");
    }
}

/// For each: what the trust requires, what the token has, and whether that is accepted.
#[test]
fn token_is_accepted_only_if_its_subject_and_every_claim_are_exactly_as_required() {
    let nested = json!({ "kubernetes.io": { "namespace": "prod", "a/b": 1 } });
    for (trust, token, accepted) in [
        (json!({ "subject": "job" }), json!({ "sub": "job" }), true),
        (json!({ "subject": "job" }), json!({ "sub": "job2" }), false),
        (json!({ "subject": "job" }), json!({ "sub": "jo" }), false),
        (json!({ "subject": "job" }), json!({ "sub": "Job" }), false),
        (json!({ "subject": "job:*" }), json!({ "sub": "job:main" }), true),
        (json!({ "subject": "job:*" }), json!({ "sub": "job:" }), true),
        (json!({ "subject": "job:*" }), json!({ "sub": "job" }), false),
        (json!({ "subject": "job:*" }), json!({ "sub": "xjob:main" }), false),
        (json!({ "subject": "job" }), json!({ "sub": ["job"] }), false),
        (json!({ "claims": { "ref": "main" } }), json!({ "ref": "main" }), true),
        (json!({ "claims": { "ref": "main" } }), json!({}), false),
        (json!({ "claims": { "ref": "main" } }), json!({ "ref": "main2" }), false),
        (json!({ "claims": { "ref": "main" } }), json!({ "ref": "mai" }), false),
        (json!({ "claims": { "ref": "main" } }), json!({ "ref": ["main"] }), false),
        (json!({ "claims": { "ref": "main" } }), json!({ "ref": { "ref": "main" } }), false),
        (json!({ "claims": { "ref": "main" } }), json!({ "ref": null }), false),
        (json!({ "claims": { "id": 7 } }), json!({ "id": 7 }), true),
        (json!({ "claims": { "id": 7 } }), json!({ "id": "7" }), false),
        (json!({ "claims": { "id": "7" } }), json!({ "id": 7 }), false),
        (json!({ "claims": { "id": 7 } }), json!({ "id": 7.5 }), false),
        (json!({ "claims": { "protected": true } }), json!({ "protected": true }), true),
        (json!({ "claims": { "protected": true } }), json!({ "protected": "true" }), false),
        (json!({ "claims": { "protected": true } }), json!({ "protected": 1 }), false),
        (json!({ "claims": { "/kubernetes.io/namespace": "prod" } }), nested.clone(), true),
        (json!({ "claims": { "/kubernetes.io/a~1b": 1 } }), nested.clone(), true),
        (json!({ "claims": { "/kubernetes.io/namespace": "other" } }), nested.clone(), false),
        (json!({ "claims": { "/kubernetes.io/namespace/x": "prod" } }), nested.clone(), false),
        (json!({ "claims": { "/list/0": "prod" } }), json!({ "list": ["prod"] }), false),
        (json!({ "claims": { "ref": "main", "id": 7 } }), json!({ "ref": "main" }), false),
        (json!({ "claims": { "ref": "main", "id": 7 } }), json!({ "ref": "main", "id": 7 }), true),
        (json!({ "audience": "https://other.example" }), json!({ "aud": "https://other.example" }), true),
        (json!({ "audience": "https://other.example" }), json!({ "aud": ISSUER }), false),
    ] {
        let signer = Signer::ed25519();
        let mut body = json!({ "issuer": OTHER, "subject": "job", "jwks": { "keys": [signer.jwk()] } });
        body.as_object_mut().expect("an object").extend(trust.as_object().expect("an object").clone());
        let keyless = Keyless::of(Means::Trust, signer, body);
        let assertion = keyless.assertion(&claims(&keyless, &token));
        let status = keyless.exchange(&assertion, "").status;
        assert_eq!(status, if accepted { 200 } else { 401 }, "{trust} {token}");
        assert_eq!(keyless.grant(&assertion).status, if accepted { 200 } else { 400 }, "{trust} {token}");
    }
}

/// Every refusal of a spelling has the same body, whatever the reason, costs at most one trip, and fetches nothing.
#[test]
fn token_that_is_not_exactly_right_is_refused_without_telling_why() {
    let keyless = Keyless::with(Means::Trust, Signer::ed25519());
    let now = keyless.seconds();
    let with = |members: Value| keyless.assertion(&claims(&keyless, &members));
    let good = keyless.claims();
    let without = |name: &str| {
        let mut claims = keyless.claims();
        claims.as_object_mut().expect("an object").remove(name);
        keyless.assertion(&claims)
    };
    let typed = |typ: &str| {
        let header = json!({ "alg": "EdDSA", "typ": typ }).to_string();
        let algorithm = postern::jwt::jwk::Algorithm::Ed25519;
        keyless.signer.token_of(algorithm, &header, &good.to_string())
    };
    let client = keyless.id.client();
    let refused = [
        ("not a token", "a.b.c".to_owned()),
        ("the key of nobody", Signer::ed25519().token("EdDSA", None, &good)),
        ("a kid of nobody", keyless.signer.token("EdDSA", Some("another"), &good)),
        ("another issuer", with(json!({ "iss": "https://other.example" }))),
        ("an issuer that is not one", with(json!({ "iss": "issuer" }))),
        ("an issuer that is too long", with(json!({ "iss": format!("https://{}.example", "a".repeat(ISSUER_MAX)) }))),
        ("the same issuer with a slash", with(json!({ "iss": format!("{OTHER}/") }))),
        ("another audience", with(json!({ "aud": "https://other.example" }))),
        ("two audiences", with(json!({ "aud": [ISSUER, "https://other.example"] }))),
        ("no audience", without("aud")),
        ("no end", without("exp")),
        ("an end that has passed", with(json!({ "exp": now - 1 }))),
        ("a lifetime above a day", with(json!({ "exp": now + 86_401 }))),
        ("made in the future", with(json!({ "iat": now + 90 }))),
        ("not yet valid", with(json!({ "nbf": now + 200 }))),
        ("bound to a key of the holder", with(json!({ "cnf": { "jkt": "x" } }))),
        ("only for the client's own key", typed("client-authentication+jwt")),
        ("of another type", typed("at+jwt")),
        ("as if it was the client", with(json!({ "iss": client, "sub": client }))),
    ];
    let (by_client, by_grant) = (keyless.exchange("x", "").expect(401).text, keyless.grant("x").expect(400).text);
    assert!(by_client.contains("invalid_client") && by_grant.contains("invalid_grant"), "{by_client} {by_grant}");
    for (what, assertion) in refused {
        let (client, grant) = (keyless.exchange(&assertion, ""), keyless.grant(&assertion));
        assert_eq!(
            (client.status, &client.text, grant.status, &grant.text),
            (401, &by_client, 400, &by_grant),
            "{what}"
        );
        assert!(client.cost.trips <= 1 && grant.cost.trips <= 1, "{what}");
    }
    assert_eq!(keyless.world.issuers.asked().len(), 0);
    // As a grant, a token may be for the token endpoint (RFC 7523 §3).
    let endpoint = with(json!({ "aud": format!("{ISSUER}/oauth/token") }));
    keyless.exchange(&endpoint, "").expect(401);
    keyless.grant(&endpoint).expect(200);
    // So it may where that is the audience of the trust.
    let own = json!({ "issuer": OTHER, "subject": "another", "audience": format!("{ISSUER}/oauth/token"), "jwks": { "keys": [keyless.signer.jwk()] } });
    keyless.add(&own);
    let own = with(json!({ "sub": "another", "aud": own["audience"] }));
    keyless.exchange(&own, "").expect(200);
    keyless.grant(&own).expect(200);
    // One authentication in a request.
    let good = keyless.assertion(&good);
    let grant = "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer";
    for form in [
        format!("{grant}&client_id={client}"),
        format!("{grant}&assertion={good}&client_id={client}&client_secret=x"),
        format!("{grant}&assertion={good}&client_id={client}&client_assertion=x"),
    ] {
        let reply = keyless.world.send("POST", "/oauth/token", &[("content-type", FORM)], form.as_bytes()).expect(400);
        assert!(reply.text.contains("invalid_request"), "{form}: {}", reply.text);
    }
    keyless.exchange(&good, "").expect(200);
    keyless.exchange(&good, "&scope=admin").expect(400);
}

const FORM: &str = "application/x-www-form-urlencoded";

/// In both spellings, also where the keys cannot be fetched: that reveals that the token fits a trust.
#[test]
fn refused_tokens_are_counted_as_failed_authentications_of_the_client() {
    let keyless = fetched();
    let counted = |form: &str| {
        let headers = List(&[("content-type", FORM)]);
        let (done, _) = keyless.world.answer(&keyless.world.db, "POST", "/oauth/token", &headers, form.as_bytes());
        (done.answer.status, done.failed.and_then(|failed| failed.by_credential))
    };
    let client = Some(keyless.id.to_string());
    let good = keyless.assertion(&keyless.claims());
    assert_eq!(counted(&keyless.grant_form(&good)), (200, None));
    for (what, token) in
        [("not a token", "x".to_owned()), ("of nobody", Signer::ed25519().token("EdDSA", None, &keyless.claims()))]
    {
        assert_eq!(counted(&keyless.grant_form(&token)), (400, client.clone()), "{what}");
        assert_eq!(counted(&keyless.form(&token, "")), (401, client.clone()), "{what}");
    }
    keyless.world.issuers.stop();
    keyless.world.pass(3_700_000_000);
    let good = keyless.assertion(&keyless.claims());
    assert_eq!(counted(&keyless.grant_form(&good)), (503, client));
}

/// A client that cannot send its id gets a token whose audience has it.
#[test]
fn audience_may_name_the_client() {
    let keyless = fetched();
    let client = keyless.id.client();
    let form = |assertion: &str| {
        let form = format!(
            "grant_type=client_credentials&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_assertion={assertion}"
        );
        keyless.world.send("POST", "/oauth/token", &[("content-type", FORM)], form.as_bytes())
    };
    let token = |audience: &str| keyless.assertion(&claims(&keyless, &json!({ "aud": audience, "sub": "agent" })));
    let named = format!("{ISSUER}/{client}");
    form(&token(&named)).expect(401);
    let made = json!({ "issuer": OTHER, "subject": "agent", "audience": named });
    let made = keyless.world.call("POST", &keyless.list(), ROOT, &made).expect(201).json();
    assert_eq!(made["warnings"], json!([]));
    assert!(keyless.is_valid(&text(&form(&token(&named)).expect(200).json(), "access_token")));
    keyless.exchange(&token(&named), "").expect(200);
    for other in [
        ISSUER.to_owned(),
        format!("{ISSUER}/{}", keyless.id),
        format!("https://other.example/{client}"),
        format!("{named}/"),
    ] {
        form(&token(&other)).expect(401);
    }
}

#[test]
fn token_of_a_trust_that_accepts_each_once_is_accepted_once() {
    let signer = Signer::ed25519();
    let body = json!({ "issuer": OTHER, "subject": "job", "jwks": { "keys": [signer.jwk()] }, "once": true });
    let keyless = Keyless::of(Means::Trust, signer, body);
    log_in(&keyless).expect(401);
    let one = keyless.assertion(&claims(&keyless, &json!({ "jti": "one" })));
    assert_eq!(keyless.exchange(&one, "").expect(200).cost.trips, 2);
    keyless.exchange(&one, "").expect(401);
    keyless.grant(&one).expect(400);
    let another = keyless.assertion(&claims(&keyless, &json!({ "jti": "another" })));
    keyless.exchange(&another, "&scope=admin").expect(400);
    keyless.exchange(&another, "").expect(200);
    // Nor under another master key.
    let mut keyless = keyless;
    let keys = &mut keyless.world.settings.as_mut().expect("settings").keys;
    keys.previous = Some(std::mem::replace(&mut keys.current, Keys::from_master_key(&[7; 32])));
    keyless.exchange(&one, "").expect(401);
    keyless.exchange(&keyless.assertion(&claims(&keyless, &json!({ "jti": "third" }))), "").expect(200);
}

/// Keys in a trust serve that trust only.
#[test]
fn keys_in_a_trust_do_not_let_anybody_in_elsewhere() {
    let keyless = fetched();
    let stranger = Signer::ed25519();
    let inline = json!({ "issuer": OTHER, "subject": "other", "jwks": { "keys": [stranger.jwk()] } });
    keyless.add(&inline);
    let forged = |sub: &str| stranger.token("EdDSA", None, &claims(&keyless, &json!({ "sub": sub })));
    keyless.exchange(&forged("other"), "").expect(200);
    keyless.exchange(&forged("job"), "").expect(401);
    log_in(&keyless).expect(200);
    // Nor in another credential, of another tenant.
    let reply = keyless.world.call("POST", "/v1/tenants", ROOT, &json!({ "name": "Other" })).expect(201).json();
    let credentials = format!("/v1/tenants/{}/credentials", text(&reply, "id"));
    let made = keyless.world.call("POST", &credentials, ROOT, &json!({ "name": "n", "roles": [] })).expect(201).json();
    let trusts = format!("{credentials}/{}/trusts", text(&made, "id"));
    keyless
        .world
        .call(
            "POST",
            &trusts,
            ROOT,
            &json!({ "issuer": OTHER, "subject": "job", "jwks": { "keys": [stranger.jwk()] } }),
        )
        .expect(201);
    keyless.exchange(&forged("job"), "").expect(401);
    log_in(&keyless).expect(200);
}

/// Several trusts may accept a token: the oldest one whose keys signed it decides, and nothing else is tried.
#[test]
fn oldest_trust_whose_keys_signed_the_token_decides() {
    let signer = Signer::ed25519();
    let trust = |keys: &Signer, seconds: i64, once: bool| json!({ "issuer": OTHER, "subject": "job", "jwks": { "keys": [keys.jwk()] }, "token_seconds": seconds, "once": once });
    let old = trust(&Signer::ed25519(), 60, false);
    let second = trust(&signer, 120, true);
    let third = trust(&signer, 180, false);
    let keyless = Keyless::of(Means::Trust, signer, old);
    keyless.add(&second);
    keyless.world.pass(1_000_000);
    keyless.add(&third);
    let token = keyless.assertion(&claims(&keyless, &json!({ "jti": "one" })));
    let reply = keyless.exchange(&token, "").expect(200).json();
    assert!((118..=120).contains(&reply["expires_in"].as_i64().expect("a number")), "{reply}");
    // What was used once is not accepted by a younger trust that does not ask.
    keyless.exchange(&token, "").expect(401);
}

/// A token without `jti` is not for a trust that accepts each token once, and a younger one may accept it.
#[test]
fn trust_with_once_does_not_keep_tokens_without_jti_from_another_trust() {
    let signer = Signer::ed25519();
    let trust =
        |once: bool| json!({ "issuer": OTHER, "subject": "job", "jwks": { "keys": [signer.jwk()] }, "once": once });
    let (old, young) = (trust(true), trust(false));
    let keyless = Keyless::of(Means::Trust, signer, old);
    log_in(&keyless).expect(401);
    keyless.world.pass(1_000_000);
    keyless.add(&young);
    log_in(&keyless).expect(200);
}
