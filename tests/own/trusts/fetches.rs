//! Where the issuer's keys come from, how often they are fetched, and how long they are used.

use serde_json::{Value, json};
use support::ACME;
use support::jwt::Signer;

use super::{fetched, log_in, publish};
use crate::keyless::{ISSUER, Keyless, OTHER};

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
