//! Trusts of a credential: what a token of an issuer must say to let the credential in, and where the issuer's keys come from.

use postern::credential::means::Means;
use postern::credential::secret::Keys;
use postern::jwt::issuer::ISSUER_MAX;
use serde_json::{Value, json};
use support::jwt::Signer;
use support::world::List;
use support::{ACME, ROOT, Reply, text};

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

#[test]
fn trust_that_has_the_keys_accepts_a_token_although_the_issuer_does_not_answer() {
    let keyless = fetched();
    keyless.world.issuers.stop();
    keyless.world.pass(1_000_000);
    log_in(&keyless).expect(503);
    keyless.add(&json!({ "issuer": OTHER, "subject": "job", "jwks": { "keys": [keyless.signer.jwk()] } }));
    log_in(&keyless).expect(200);
    let forged = Signer::ed25519().token("EdDSA", None, &keyless.claims());
    keyless.exchange(&forged, "").expect(503);
}

/// A trust in an issuer that many organizations share requires an id of one of them, and nobody else gives the issuer's keys.
#[test]
fn shared_issuer_without_a_pin_is_refused() {
    let keyless = Keyless::with(Means::Trust, Signer::ed25519());
    let add = |body: &Value| keyless.world.call("POST", &keyless.list(), ROOT, body);
    for (issuer, pins) in [
        ("https://token.actions.githubusercontent.com", &["repository_owner_id", "repository_id"][..]),
        ("https://token.actions.githubusercontent.com/octo", &["repository_owner_id", "repository_id"]),
        ("https://gitlab.com", &["namespace_id", "project_id"]),
        ("https://agent.buildkite.com", &["organization_id", "pipeline_id"]),
        ("https://app.terraform.io", &["terraform_organization_id"]),
        ("https://app.eu.terraform.io", &["terraform_organization_id"]),
        (
            "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc",
            &["workspaceUuid", "repositoryUuid"],
        ),
        ("https://oidc.vercel.com/acme", &["owner_id", "project_id"]),
        ("https://oidc.fly.io/acme", &["org_id", "app_id"]),
        ("https://oidc.circleci.com", &["oidc.circleci.com/org-id", "oidc.circleci.com/project-id"]),
        ("https://oidc.circleci.com/", &["oidc.circleci.com/org-id", "oidc.circleci.com/project-id"]),
        ("https://accounts.google.com", &["sub"]),
    ] {
        for claims in [Value::Null, json!({}), json!({ "ref": "main" }), json!({ pins[0]: "" })] {
            let refused = add(&json!({ "issuer": issuer, "subject": "job", "claims": claims })).expect(422);
            assert!(refused.text.contains("\"unpinned\""), "{issuer} {claims}: {}", refused.text);
            for pin in pins {
                assert!(refused.text.contains(pin), "{issuer}: {}", refused.text);
            }
        }
        for pin in pins {
            let made = add(&json!({ "issuer": issuer, "subject": "job", "claims": { *pin: "74" } })).expect(201).json();
            let url = format!("{}/{}", keyless.list(), text(&made, "id"));
            keyless.world.call("DELETE", &url, ROOT, &Value::Null).expect(204);
        }
        let jwks = json!({ "keys": [keyless.signer.jwk()] });
        let body = json!({ "issuer": issuer, "subject": "job", "claims": { pins[0]: "74" }, "jwks": jwks });
        assert!(add(&body).expect(422).text.contains("/jwks"), "{issuer}");
    }
}

#[test]
fn body_of_a_trust_is_refused_with_every_violation() {
    let keyless = Keyless::with(Means::Trust, Signer::ed25519());
    let add = |body: &Value| keyless.world.call("POST", &keyless.list(), ROOT, body);
    let private =
        json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "d": "secret" });
    let refused = add(&json!({
        "issuer": "http://issuer.example", "subject": "*", "audience": "", "claims": { "a": null, "b": [1] },
        "jwks": { "keys": [private] }, "once": "yes", "token_seconds": 59, "expires_at": 7, "name": "n",
    }));
    let body = refused.expect(422).json();
    let pointers: Vec<_> =
        body["violations"].as_array().expect("a list").iter().map(|one| text(one, "pointer")).collect();
    let expected = [
        "/issuer",
        "/subject",
        "/audience",
        "/claims/a",
        "/claims/b",
        "/jwks/keys/0/d",
        "/jwks/keys",
        "/once",
        "/token_seconds",
        "/expires_at",
        "/name",
    ];
    assert_eq!(
        pointers.iter().collect::<std::collections::BTreeSet<_>>(),
        expected.map(str::to_owned).iter().collect(),
        "{body}"
    );
    assert!(!body.to_string().contains("secret"));
    let pointers = |body: &Value| add(body).expect(422).text;
    assert!(pointers(&json!({})).contains("/issuer") && pointers(&json!({})).contains("/subject"));
    assert!(pointers(&json!({ "issuer": 7, "subject": 7 })).contains("type"));
    add(&json!([])).expect(400);
    let again = add(&keyless.body).expect(409);
    assert!(again.text.contains("taken_means"), "{}", again.text);
}

#[test]
fn trust_is_listed_as_it_was_added_with_warnings() {
    let keyless = fetched();
    let add = |body: &Value| keyless.world.call("POST", &keyless.list(), ROOT, body).expect(201).json();
    let first = keyless.world.get(&keyless.list(), ROOT).expect(200).json()["items"][0].clone();
    assert_eq!(
        (
            &first["audience"],
            &first["claims"],
            &first["jwks"],
            &first["once"],
            &first["token_seconds"],
            &first["warnings"]
        ),
        (&json!(ISSUER), &json!({}), &Value::Null, &json!(false), &Value::Null, &json!([]))
    );
    for (audience, subject, warnings) in [
        ("https://postern.example/x", "a:*", json!([])),
        ("https://postern.example.evil", "a:*", json!(["shared_audience"])),
        ("sts.example", "repo:org*", json!(["shared_audience", "open_prefix"])),
    ] {
        let made = add(
            &json!({ "issuer": OTHER, "subject": subject, "audience": audience, "once": true, "claims": { "a": 1 } }),
        );
        assert_eq!((&made["warnings"], &made["audience"]), (&warnings, &json!(audience)));
        let listed = keyless.world.get(&keyless.list(), ROOT).expect(200).json();
        assert!(listed["items"].as_array().expect("a list").contains(&made), "{listed}");
    }
}

#[test]
fn adding_a_trust_widens_access_and_a_credential_has_at_most_ten() {
    let keyless = fetched();
    let newest = || keyless.world.get(&keyless.url("/events?limit=1"), ROOT).json()["items"][0].clone();
    let event = newest();
    assert_eq!(
        (&event["widened_access"], &event["changes"]["trusts"]["after"][&keyless.means_id]["issuer"]),
        (&json!(true), &json!(OTHER))
    );
    let body = |number: usize| json!({ "issuer": OTHER, "subject": format!("job{number}") });
    for number in 1..10 {
        keyless.add(&body(number));
    }
    let refused = keyless.world.call("POST", &keyless.list(), ROOT, &body(10)).expect(422);
    assert!(refused.text.contains("too_many"), "{}", refused.text);
    keyless.remove();
    assert_eq!(newest()["widened_access"], false);
    keyless.add(&body(10));
}

/// One fetch a minute, by any client; the keys are used for ten minutes, and for an hour if no fetch succeeds.
#[test]
fn keys_of_an_issuer_are_fetched_seldom_and_forgotten_after_an_hour() {
    let keyless = fetched();
    let asked = || keyless.world.issuers.asked().len();
    let passes = |minutes: i64| keyless.world.pass(minutes * 60_000_000);
    log_in(&keyless).expect(200);
    assert_eq!(asked(), 2);
    passes(9);
    log_in(&keyless).expect(200);
    assert_eq!(asked(), 0, "after nine minutes");
    passes(2);
    log_in(&keyless).expect(200);
    assert_eq!(asked(), 2, "after eleven");
    keyless.world.issuers.stop();
    passes(11);
    for _ in 0..5 {
        log_in(&keyless).expect(200);
    }
    assert_eq!(asked(), 1, "the issuer does not answer: the known keys go on, and it is asked once a minute");
    keyless.world.pass(58_000_000);
    log_in(&keyless).expect(200);
    assert_eq!(asked(), 0, "before a minute has passed");
    passes(1);
    log_in(&keyless).expect(200);
    assert_eq!(asked(), 1);
    passes(48);
    let refused = log_in(&keyless).expect(503);
    assert_eq!(refused.header("retry-after"), Some("60"), "an hour after the last keys");
    assert!(refused.text.contains("temporarily_unavailable"), "{}", refused.text);
    log_in(&keyless).expect(503);
    assert_eq!(asked(), 1);
    publish(&keyless, &[&keyless.signer]);
    passes(1);
    log_in(&keyless).expect(200);
}

#[test]
fn new_key_of_an_issuer_is_found_at_once_and_a_withdrawn_one_ends_with_the_next_fetch() {
    let mut keyless = fetched();
    log_in(&keyless).expect(200);
    let old = std::mem::replace(&mut keyless.signer, Signer::ed25519());
    let token = |keyless: &Keyless, signer: &Signer| {
        let kid = signer.key(None).kid().to_owned();
        signer.token("EdDSA", Some(&kid), &keyless.claims())
    };
    publish(&keyless, &[&keyless.signer]);
    // The last fetch was less than a minute ago.
    keyless.exchange(&token(&keyless, &keyless.signer), "").expect(401);
    keyless.exchange(&token(&keyless, &old), "").expect(200);
    keyless.world.pass(61_000_000);
    keyless.world.issuers.asked();
    keyless.exchange(&token(&keyless, &keyless.signer), "").expect(200);
    assert_eq!(keyless.world.issuers.asked().len(), 2);
    keyless.exchange(&token(&keyless, &old), "").expect(401);
    keyless.world.pass(61_000_000);
    keyless.exchange(&token(&keyless, &old), "").expect(401);
    // Ten thousand names of keys cost one fetch a minute.
    keyless.world.issuers.asked();
    for number in 0..200 {
        let forged = keyless.signer.token("EdDSA", Some(&number.to_string()), &keyless.claims());
        let reply = keyless.exchange(&forged, "");
        assert!(reply.status == 401 && reply.cost.trips <= 3, "{} {:?}", reply.status, reply.cost);
    }
    assert!(keyless.world.issuers.asked().len() <= 2);
}

/// For each: what the issuer publishes. None of it lets anybody in.
#[test]
fn issuer_that_does_not_publish_what_it_should_lets_nobody_in() {
    let key = |keyless: &Keyless| json!({ "keys": [Value::from(keyless.signer.key(None))] }).to_string();
    let discovery = |issuer: &str, uri: &str| json!({ "issuer": issuer, "jwks_uri": uri }).to_string();
    let described = format!("{OTHER}/.well-known/openid-configuration");
    for (what, description, uri) in [
        (
            "another issuer",
            discovery("https://other.example", "https://issuer.example/jwks"),
            "https://issuer.example/jwks",
        ),
        ("no issuer", json!({ "jwks_uri": "https://issuer.example/jwks" }).to_string(), "https://issuer.example/jwks"),
        (
            "two issuers",
            format!(r#"{{"issuer": "x", "issuer": "{OTHER}", "jwks_uri": "{OTHER}/jwks"}}"#),
            "https://issuer.example/jwks",
        ),
        ("not JSON", "<html>".to_owned(), "https://issuer.example/jwks"),
        ("a list", "[]".to_owned(), "https://issuer.example/jwks"),
        ("plain http", discovery(OTHER, "http://issuer.example/jwks"), "http://issuer.example/jwks"),
        ("another port", discovery(OTHER, "https://issuer.example:8443/jwks"), "https://issuer.example:8443/jwks"),
        ("an address", discovery(OTHER, "https://192.0.2.1/jwks"), "https://192.0.2.1/jwks"),
        ("a name without a dot", discovery(OTHER, "https://localhost/jwks"), "https://localhost/jwks"),
        ("a name of the network", discovery(OTHER, "https://metadata.internal/jwks"), "https://metadata.internal/jwks"),
        ("with a user", discovery(OTHER, "https://a@issuer.example/jwks"), "https://a@issuer.example/jwks"),
        ("this service", discovery(OTHER, &format!("{ISSUER}/jwks")), &format!("{ISSUER}/jwks")),
        ("a number", json!({ "issuer": OTHER, "jwks_uri": 7 }).to_string(), "https://issuer.example/jwks"),
    ] {
        let keyless = fetched();
        keyless.world.issuers.stop();
        keyless.world.issuers.set(&described, &description);
        keyless.world.issuers.set(uri, &key(&keyless));
        let reply = log_in(&keyless);
        assert_eq!(reply.status, 503, "{what}: {}", reply.text);
        let asked = keyless.world.issuers.asked();
        assert_eq!(asked, std::slice::from_ref(&described), "{what}: nothing else is asked for");
    }
    // A key elsewhere is allowed, and a set of 51 keys, or one that is no set, is not.
    for (keys, status) in [(1, 200), (50, 200), (51, 503)] {
        let keyless = fetched();
        let mut list = vec![Value::from(keyless.signer.key(None))];
        list.extend((1..keys).map(|_| Value::from(Signer::ed25519().key(None))));
        keyless.world.issuers.set(&described, &discovery(OTHER, "https://keys.example/set?of=issuer"));
        keyless.world.issuers.set("https://keys.example/set?of=issuer", &json!({ "keys": list }).to_string());
        assert_eq!(log_in(&keyless).status, status, "{keys}");
    }
}

/// A request that finds another one's fetch waits for its keys.
#[test]
fn request_waits_while_another_one_fetches_the_keys() {
    let keyless = fetched();
    let now = keyless.world.now.get();
    let claim = format!("INSERT INTO issuers (issuer, tenant, tried_at) VALUES ('{OTHER}', '{ACME}', {now})");
    keyless.world.db.query(&claim, &[]);
    let refused = log_in(&keyless).expect(503);
    assert!(keyless.world.issuers.pauses() > 0 && refused.cost.trips <= 12, "{:?}", refused.cost);
    assert_eq!(keyless.world.issuers.asked().len(), 0);
    let keys = json!([Value::from(keyless.signer.key(None))]);
    keyless.world.db.query(&format!("UPDATE issuers SET fetched_at = {now}, keys = '{keys}'"), &[]);
    log_in(&keyless).expect(200);
}

/// No tenants use up the fetches that another one needs: 60 issuers without keys a minute, but always the first of a tenant; and 20
/// known ones of each tenant.
#[test]
fn fetches_are_limited_by_tenant_and_in_all() {
    let insert = |keyless: &Keyless, number: usize, tenant: &str| {
        let now = keyless.world.now.get();
        let row = format!("('https://n{number}.example', '{tenant}', {now})");
        keyless.world.db.query(&format!("INSERT INTO issuers (issuer, tenant, tried_at) VALUES {row}"), &[]);
    };
    let other = "01m7xpe601e01b91vf5ajx1bq2";
    for (others, own, status) in [(59, 1, 503), (59, 0, 200), (60, 0, 200), (58, 1, 200), (0, 20, 503), (0, 19, 200)] {
        let keyless = fetched();
        (0..others).for_each(|number| insert(&keyless, number, other));
        (others..others + own).for_each(|number| insert(&keyless, number, ACME));
        assert_eq!(log_in(&keyless).status, status, "{others} and {own}");
        assert_eq!(keyless.world.issuers.asked().len(), if status == 200 { 2 } else { 0 }, "{others} and {own}");
        keyless.world.pass(61_000_000);
        // Of those of a tenant, all are counted until they are forgotten.
        assert_eq!(log_in(&keyless).status, if own == 20 { 503 } else { 200 }, "{others} and {own}, a minute later");
    }
    // A known issuer is not a new one.
    let keyless = fetched();
    log_in(&keyless).expect(200);
    keyless.world.pass(11 * 60_000_000);
    (0..60).for_each(|number| insert(&keyless, number, other));
    (60..80).for_each(|number| insert(&keyless, number, ACME));
    keyless.world.issuers.asked();
    log_in(&keyless).expect(200);
    assert_eq!(keyless.world.issuers.asked().len(), 2);
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

/// A dry run says why a token would be refused, and keeps neither the trust nor the token.
#[test]
fn dry_run_compares_a_token_with_a_trust_that_is_not_stored() {
    let keyless = fetched();
    let tries = format!("{}?dry_run=true", keyless.list());
    let before = keyless.world.get(&keyless.url(""), ROOT).etag().to_owned();
    let trust = json!({ "issuer": OTHER, "subject": "job:*", "claims": { "ref": "main", "/a/b": 7 } });
    let ask = |trust: &Value, token: &str| {
        let mut body = trust.clone();
        body["token"] = token.into();
        let reply = keyless.world.call("POST", &tries, ROOT, &body).expect(200);
        assert_eq!((reply.cost.trips, reply.etag()), (1, &*before));
        assert!(!reply.text.contains(token), "the token is not returned");
        reply.json()["token"].clone()
    };
    let token = |members: Value| keyless.assertion(&claims(&keyless, &members));
    let good = token(json!({ "sub": "job:1", "ref": "main", "a": { "b": 7 } }));
    let told = ask(&trust, &good);
    assert_eq!(
        (&told["accepted"], &told["problem"], &told["signature"]),
        (&json!(true), &Value::Null, &json!("not_checked"))
    );
    let told = ask(&trust, &token(json!({ "sub": "other", "ref": ["main"], "aud": "x" })));
    assert_eq!(told["accepted"], false);
    let found: Vec<_> = told["members"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (&one["name"], &one["found"], &one["matches"]))
        .collect();
    let (yes, no) = (json!(true), json!(false));
    assert_eq!(
        found,
        [
            (&json!("iss"), &json!(OTHER), &yes),
            (&json!("sub"), &json!("other"), &no),
            (&json!("aud"), &json!("x"), &no),
            (&json!("/a/b"), &json!("absent"), &no),
            (&json!("ref"), &json!("list"), &no),
        ]
    );
    let mut inline = trust.clone();
    for (keys, signature) in [(&keyless.signer, "valid"), (&Signer::ed25519(), "invalid")] {
        inline["jwks"] = json!({ "keys": [keys.jwk()] });
        let told = ask(&inline, &good);
        assert_eq!((&told["signature"], &told["accepted"]), (&json!(signature), &json!(signature == "valid")));
    }
    for (token, problem) in [
        ("a.b.c".to_owned(), "The token has a part that is not base64url without padding."),
        (token(json!({ "exp": keyless.seconds() - 1 })), "The token has expired (exp)."),
    ] {
        let told = ask(&trust, &token);
        assert_eq!((&told["accepted"], &told["problem"]), (&json!(false), &json!(problem)));
    }
    // Without a token, what would change; without a dry run, no token.
    let dry = keyless.world.call("POST", &tries, ROOT, &trust).expect(200).json();
    assert_eq!((&dry["widens_access"], dry.get("token")), (&json!(true), None));
    let mut body = trust.clone();
    body["token"] = good.into();
    keyless.world.call("POST", &keyless.list(), ROOT, &body).expect(422);
    assert_eq!(keyless.world.get(&keyless.list(), ROOT).json()["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(keyless.world.issuers.asked().len(), 0, "nothing is fetched");
}

/// For trusts of each kind, and tokens that are right or wrong in one way each.
#[test]
fn dry_run_accepts_exactly_the_tokens_that_an_exchange_accepts() {
    let (signer, other) = (Signer::ed25519(), Signer::ed25519());
    let endpoint = format!("{ISSUER}/oauth/token");
    let trusts = [
        json!({}),
        json!({ "jwks": null }),
        json!({ "jwks": { "keys": [other.jwk()] } }),
        json!({ "once": true }),
        json!({ "once": true, "jwks": null }),
        json!({ "subject": "jo*" }),
        json!({ "subject": "other" }),
        json!({ "audience": endpoint }),
        json!({ "audience": "https://other.example" }),
        json!({ "claims": { "ref": "main", "/a/b": 7 } }),
        json!({ "token_seconds": 60 }),
        json!({ "expires_at": "2026-11-21T00:10:00Z" }),
        json!({ "expires_at": "2026-11-20T00:00:00Z" }),
    ];
    let tokens = [
        json!({}),
        json!({ "sub": "job2" }),
        json!({ "sub": "other" }),
        json!({ "iss": "https://other.example" }),
        json!({ "iss": format!("{OTHER}/") }),
        json!({ "aud": endpoint }),
        json!({ "aud": [endpoint] }),
        json!({ "aud": format!("{endpoint}/") }),
        json!({ "aud": format!("{ISSUER}/") }),
        json!({ "aud": [ISSUER, endpoint] }),
        json!({ "aud": "https://other.example" }),
        json!({ "ref": "main", "a": { "b": 7 } }),
        json!({ "ref": "main", "a": { "b": "7" } }),
        json!({ "jti": "" }),
        json!({ "jti": 7 }),
        json!({ "cnf": { "jkt": "x" } }),
        json!({ "nbf": 9_999_999_999_i64 }),
        json!({ "iat": 9_999_999_999_i64, "exp": 10_000_000_000_i64 }),
        json!({ "exp": 1_795_219_100 }),
        json!({ "exp": 9_999_999_999_i64 }),
        json!({ "exp": "1795219500" }),
    ];
    let headers = [
        json!({}),
        json!({ "typ": "client-authentication+jwt" }),
        json!({ "kid": "unknown" }),
        json!({ "zip": "DEF" }),
    ];
    let mut verdicts = [0, 0];
    for trust in trusts {
        let mut body = json!({ "issuer": OTHER, "subject": "job", "jwks": { "keys": [signer.jwk()] } });
        body.as_object_mut().expect("an object").extend(trust.as_object().expect("an object").clone());
        let keyless = Keyless::of(Means::Trust, Signer::ed25519(), json!({ "issuer": OTHER, "subject": "none" }));
        let tries = format!("{}?dry_run=true", keyless.list());
        keyless.world.issuers.serve(OTHER, &json!([Value::from(signer.key(None))]));
        let mut number = 0;
        let mut token = |members: &Value, header: &Value, by: &Signer, has_id: bool| {
            number += 1;
            let mut payload = claims(&keyless, members);
            if has_id && payload.get("jti").is_none() {
                payload["jti"] = number.to_string().into();
            }
            let mut first = json!({ "alg": "EdDSA" });
            first.as_object_mut().expect("an object").extend(header.as_object().expect("an object").clone());
            by.token_of(postern::jwt::jwk::Algorithm::Ed25519, &first.to_string(), &payload.to_string())
        };
        let changed = tokens.iter().map(|members| (members, &headers[0], &signer));
        let headed = headers.iter().map(|header| (&tokens[0], header, &signer));
        let all: Vec<_> = changed.chain(headed).chain([(&tokens[0], &headers[0], &other)]).collect();
        let dry: Vec<_> = all
            .iter()
            .flat_map(|(members, header, by)| [true, false].map(|has_id| (*members, *header, *by, has_id)))
            .map(|(members, header, by, has_id)| {
                let mut asked = body.clone();
                asked["token"] = token(members, header, by, has_id).into();
                let told = keyless.world.call("POST", &tries, ROOT, &asked).expect(200).json()["token"].take();
                // The only thing that a dry run does not know.
                let is_signed = told["signature"] != "not_checked"
                    || std::ptr::eq(by, &raw const signer) && header.get("kid").is_none();
                ((members, header, by, has_id), told["accepted"] == true && is_signed, told)
            })
            .collect();
        keyless.add(&body);
        for ((members, header, by, has_id), is_accepted, told) in dry {
            verdicts[usize::from(is_accepted)] += 1;
            let grant = keyless.grant(&token(members, header, by, has_id));
            assert_eq!(
                grant.status,
                if is_accepted { 200 } else { 400 },
                "{trust} {members} {header}: {told} {}",
                grant.text
            );
            let client = keyless.exchange(&token(members, header, by, has_id), "").status;
            // As a grant, a token may also be for the token endpoint.
            let is_both =
                is_accepted && (trust["audience"] == endpoint || !members["aud"].to_string().contains(&endpoint));
            assert_eq!(client, if is_both { 200 } else { 401 }, "{trust} {members} {header}: {told}");
        }
    }
    assert!(verdicts.iter().all(|count| *count > 50), "{verdicts:?}");
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

#[test]
fn trust_without_an_audience_needs_the_issuer_setting() {
    let mut keyless = fetched();
    keyless.world.settings.as_mut().expect("settings").issuer = None;
    let body = json!({ "issuer": OTHER, "subject": "another" });
    let refused = keyless.world.call("POST", &keyless.list(), ROOT, &body).expect(422);
    assert!(refused.text.contains("POSTERN_ISSUER") && refused.text.contains("/audience"), "{}", refused.text);
    let body = json!({ "issuer": OTHER, "subject": "another", "audience": "x" });
    keyless.world.call("POST", &keyless.list(), ROOT, &body).expect(201);
    assert!(log_in(&keyless).expect(503).text.contains("POSTERN_ISSUER"));
}
