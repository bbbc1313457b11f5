//! Which JWKs are public keys for signatures, and what is kept of them.

use postern::jwt::jwk::{Algorithm, Jwk};
use postern::jwt::set::Set;
use serde_json::{Value, json};
use support::jwt::Signer;

/// A JWK with some members replaced, or removed where the value is null.
fn with(mut jwk: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().expect("an object") {
        if value.is_null() {
            jwk.as_object_mut().expect("an object").remove(name);
        } else {
            jwk[name] = value.clone();
        }
    }
    jwk
}

fn pointers(jwk: &Value) -> Vec<String> {
    Jwk::from_json(jwk).err().unwrap_or_default().into_iter().map(|fault| fault.pointer).collect()
}

/// The examples of RFC 7638 §3.1 and RFC 8037 A.3.
#[test]
fn kid_is_the_thumbprint_unless_given() {
    let rsa = json!({
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        "e": "AQAB",
        "alg": "RS256",
    });
    let ed25519 = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    for (jwk, thumbprint) in
        [(rsa, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"), (ed25519, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")]
    {
        let key = Jwk::from_json(&jwk).expect("a key");
        assert_eq!((key.kid(), &*key.thumbprint()), (thumbprint, thumbprint));
        let named = Jwk::from_json(&with(jwk, &json!({"kid": "mine"}))).expect("a key");
        assert_eq!((named.kid(), &*named.thumbprint()), ("mine", thumbprint));
    }
}

#[test]
fn key_is_stored_with_its_public_members_only_and_read_back_as_the_same_key() {
    let extra =
        json!({"kid": "k", "use": "sig", "key_ops": ["verify"], "x5c": ["MIIB"], "x5t": "a", "ext": true, "iat": 1});
    for (signer, alg, public) in [
        (Signer::rsa_2048(), Some("PS256"), ["e", "kty", "n"].as_slice()),
        (Signer::rsa_4096(), None, &["e", "kty", "n"]),
        (Signer::p256(), Some("ES256"), &["crv", "kty", "x", "y"]),
        (Signer::ed25519(), Some("Ed25519"), &["crv", "kty", "x"]),
    ] {
        let key = Jwk::from_json(&with(with(signer.jwk(), &extra), &json!({"alg": alg}))).expect("a key");
        assert_eq!(key.algorithms().len(), if alg.is_none() { 2 } else { 1 });
        let text: Value = serde_json::from_str(&key.public_text()).expect("JSON");
        assert_eq!(text, signer.jwk());
        let stored = Value::from(key.clone());
        assert_eq!(Jwk::from_json(&stored).expect("a key"), key);
        let members: Vec<_> = stored.as_object().expect("an object").keys().map(String::as_str).collect();
        let others: Vec<_> = members.into_iter().filter(|name| !public.contains(name)).collect();
        assert_eq!(others, if alg.is_some() { vec!["alg", "kid"] } else { vec!["kid"] });
    }
    for broken in [json!(null), json!({}), json!({"kty": "RSA", "kid": "k"})] {
        assert!(Jwk::from_json(&broken).is_err(), "{broken}");
    }
}

#[test]
fn each_fault_of_a_key_is_reported_where_it_is() {
    let (rsa, ec, okp) = (Signer::rsa_2048().jwk(), Signer::p256().jwk(), Signer::ed25519().jwk());
    let n = rsa["n"].as_str().expect("n");
    let x = ec["x"].as_str().expect("x");
    let bytes = |count: usize, first: u8| {
        let bytes: Vec<u8> = std::iter::once(first).chain(std::iter::repeat_n(255, count - 1)).collect();
        data_encoding::BASE64URL_NOPAD.encode(&bytes)
    };
    let cases = [
        (&rsa, json!({}), vec![]),
        (&rsa, json!({"use": "sig", "key_ops": ["sign", "verify"], "alg": "RS256", "kid": "é".repeat(255)}), vec![]),
        (&ec, json!({"use": "jwt-svid", "alg": "ES256"}), vec![]),
        (&okp, json!({"alg": "EdDSA"}), vec![]),
        (&okp, json!({"alg": "Ed25519"}), vec![]),
        (&rsa, json!({"n": bytes(256, 128)}), vec![]),
        (&rsa, json!({"n": bytes(256, 127)}), vec!["/n"]),
        (&rsa, json!({"n": bytes(512, 255)}), vec![]),
        (&rsa, json!({"n": bytes(513, 1)}), vec!["/n"]),
        (&rsa, json!({"n": bytes(257, 0)}), vec!["/n"]),
        (&rsa, json!({"n": bytes(128, 255)}), vec!["/n"]),
        (&rsa, json!({"n": ""}), vec!["/n"]),
        (&rsa, json!({"n": format!("{n}=")}), vec!["/n"]),
        (&rsa, json!({"n": format!("{n} ")}), vec!["/n"]),
        (&rsa, json!({"n": n.replace(['-', '_'], "+")}), vec!["/n"]),
        (&rsa, json!({"n": [n]}), vec!["/n"]),
        (&rsa, json!({"n": 1}), vec!["/n"]),
        (&rsa, json!({"e": "Aw"}), vec!["/e"]),
        (&rsa, json!({"e": "AAEAAQ"}), vec!["/e"]),
        (&rsa, json!({"e": "aqab"}), vec!["/e"]),
        (&rsa, json!({"e": "AQ"}), vec!["/e"]),
        (&rsa, json!({"e": 65537}), vec!["/e"]),
        (&rsa, json!({"n": null, "e": null}), vec!["/e", "/n"]),
        (&ec, json!({"crv": "P-384"}), vec!["/crv"]),
        (&ec, json!({"crv": "secp256k1"}), vec!["/crv"]),
        (&ec, json!({"crv": "p-256"}), vec!["/crv"]),
        (&ec, json!({"crv": null}), vec!["/crv"]),
        (&ec, json!({"y": null}), vec!["/y"]),
        (&ec, json!({"x": bytes(31, 1), "y": bytes(33, 0)}), vec!["/x", "/y"]),
        // The last letter has two bits that are not part of the 32 bytes.
        (&ec, json!({"x": format!("{}{}", &x[..42], if x.ends_with('A') { 'B' } else { 'D' })}), vec!["/x"]),
        (&okp, json!({"crv": "Ed448"}), vec!["/crv"]),
        (&okp, json!({"crv": "X25519"}), vec!["/crv"]),
        (&okp, json!({"x": bytes(33, 1)}), vec!["/x"]),
        (&rsa, json!({"kty": "rsa"}), vec!["/kty"]),
        (&rsa, json!({"kty": null}), vec!["/kty"]),
        (&rsa, json!({"kty": "EC"}), vec!["/crv", "/x", "/y"]),
        (&okp, json!({"kty": "oct", "k": "c2VjcmV0"}), vec!["/k", "/kty"]),
        (&rsa, json!({"use": "enc"}), vec!["/use"]),
        (&rsa, json!({"use": ["sig"]}), vec!["/use"]),
        (&rsa, json!({"key_ops": ["encrypt"]}), vec!["/key_ops"]),
        (&rsa, json!({"key_ops": "verify"}), vec!["/key_ops"]),
        (&rsa, json!({"alg": "RS512"}), vec!["/alg"]),
        (&rsa, json!({"alg": "HS256"}), vec!["/alg"]),
        (&rsa, json!({"alg": "none"}), vec!["/alg"]),
        (&rsa, json!({"alg": "ES256"}), vec!["/alg"]),
        (&ec, json!({"alg": "RS256"}), vec!["/alg"]),
        (&ec, json!({"alg": "EdDSA"}), vec!["/alg"]),
        (&okp, json!({"alg": "ES256"}), vec!["/alg"]),
        (&okp, json!({"alg": ["EdDSA"]}), vec!["/alg"]),
        (&rsa, json!({"kid": ""}), vec!["/kid"]),
        (&rsa, json!({"kid": "a\u{0}"}), vec!["/kid"]),
        (&rsa, json!({"kid": "\u{9a}"}), vec!["/kid"]),
        (&rsa, json!({"kid": "a".repeat(256)}), vec!["/kid"]),
        (&rsa, json!({"kid": 1}), vec!["/kid"]),
        (
            &rsa,
            json!({"n": 1, "e": 2, "alg": 3, "use": 4, "key_ops": 5, "kid": 6}),
            vec!["/e", "/n", "/alg", "/use", "/key_ops", "/kid"],
        ),
    ];
    for (jwk, changes, expected) in cases {
        assert_eq!(pointers(&with(jwk.clone(), &changes)), expected, "{changes}");
    }
    // Null is not the same as absent.
    for name in ["use", "key_ops", "alg", "kid"] {
        let mut jwk = okp.clone();
        jwk[name] = Value::Null;
        assert_eq!(pointers(&jwk), [format!("/{name}")]);
    }
    for other in [json!(null), json!("key"), json!([okp]), json!(1)] {
        assert_eq!(pointers(&other), [""], "{other}");
    }
}

#[test]
fn private_key_is_refused_and_never_printed() {
    for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        for value in
            [json!("c2VjcmV0LXZhbHVl"), json!(["c2VjcmV0LXZhbHVl"]), json!({"r": "c2VjcmV0LXZhbHVl"}), json!("")]
        {
            for signer in [Signer::rsa_2048(), Signer::p256(), Signer::ed25519()] {
                let mut jwk = signer.jwk();
                jwk[name] = value.clone();
                let faults = Jwk::from_json(&jwk).expect_err("refused");
                assert_eq!(faults[0].pointer, format!("/{name}"));
                assert!(faults[0].wants.contains("private"));
                assert!(!format!("{faults:?}").contains("c2VjcmV0"), "{faults:?}");
                // In a set that a client sends, next to a usable key.
                let set = json!({"keys": [Signer::p256().jwk(), jwk]});
                let faults = Set::read_sent(&set).expect_err("refused");
                assert_eq!(faults[0].pointer, format!("/keys/1/{name}"));
            }
        }
    }
}

#[test]
fn algorithm_of_a_key_is_one_that_its_type_has() {
    for (signer, algorithms) in [
        (Signer::rsa_2048(), [Algorithm::Rs256, Algorithm::Ps256].as_slice()),
        (Signer::p256(), &[Algorithm::Es256]),
        (Signer::ed25519(), &[Algorithm::Ed25519]),
    ] {
        assert_eq!(signer.key(None).algorithms(), algorithms);
    }
    for name in Algorithm::NAMES {
        let algorithm = Algorithm::from_name(name).expect(name);
        assert_eq!(Algorithm::from_name(algorithm.name()), Some(algorithm), "{name}");
    }
}

#[test]
fn set_has_its_usable_keys_only() {
    let named = |signer: Signer, kid: &str| with(signer.jwk(), &json!({"kid": kid}));
    let usable = named(Signer::p256(), "a");
    let set = json!({"keys": [
        usable,
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA"},
        with(Signer::rsa_2048().jwk(), &json!({"use": "enc", "alg": "RSA-OAEP"})),
        // The same `kid` as the first, but another type.
        named(Signer::ed25519(), "a"),
        named(Signer::p256(), "b"),
        named(Signer::p256(), "b"),
        "not a key",
        null,
    ], "other": 1});
    let set = Set::read(&set).expect("a set");
    let keys: Vec<_> = set.keys.iter().map(|key| (key.kid(), key.key_type())).collect();
    assert_eq!(keys, [("a", "EC"), ("a", "OKP")]);
    let unusable: Vec<_> = set.unusable.iter().map(|fault| fault.pointer.as_str()).collect();
    let expected =
        ["/keys/1/k", "/keys/1/kty", "/keys/2/kty", "/keys/3/alg", "/keys/3/use", "/keys/7", "/keys/8", "/keys"];
    assert_eq!(unusable, expected);
}

#[test]
fn set_has_at_most_fifty_keys() {
    let key = Signer::p256().jwk();
    let set = |count: usize| {
        let keys: Vec<_> = (0..count).map(|kid| with(key.clone(), &json!({"kid": kid.to_string()}))).collect();
        json!({"keys": keys})
    };
    assert_eq!(Set::read(&set(50)).map(|set| set.keys.len()), Ok(50));
    for count in [51, 10_000] {
        assert_eq!(Set::read(&set(count)).expect_err("refused").pointer, "/keys", "{count}");
    }
}

#[test]
fn set_that_a_client_sends_has_a_usable_key() {
    let usable = Signer::ed25519().jwk();
    let encryption = with(Signer::rsa_2048().jwk(), &json!({"use": "enc"}));
    assert_eq!(Set::read_sent(&json!({"keys": [usable, encryption]})).map(|keys| keys.len()), Ok(1));
    assert_eq!(Set::read_sent(&json!({"keys": [usable, usable]})).map(|keys| keys.len()), Ok(1), "one key, twice");
    // Two keys of one name and type.
    let (same, encrypted) = (|key: &Value| with(key.clone(), &json!({"kid": "same"})), Signer::ed25519().jwk());
    for (set, pointers) in [
        (json!({"keys": []}), vec!["/keys"]),
        (json!({"keys": [encryption]}), vec!["/keys/0/use", "/keys"]),
        (json!({"keys": [same(&usable), same(&encrypted)]}), vec!["/keys", "/keys"]),
        (json!({"keys": usable}), vec![""]),
        (json!({}), vec![""]),
        (json!([usable]), vec![""]),
        (json!(null), vec![""]),
    ] {
        let faults = Set::read_sent(&set).expect_err("refused");
        assert_eq!(faults.iter().map(|fault| fault.pointer.as_str()).collect::<Vec<_>>(), pointers, "{set}");
    }
}
