//! Attacks on signatures and on the choice of the key.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use postern::jwt::jwk::{Algorithm, Jwk};
use postern::jwt::jws::{CANDIDATES_MAX, Jws};
use postern::jwt::signature::{Signatures, signer};
use serde_json::json;
use sha2::Sha256;
use std::cell::RefCell;
use std::future::ready;
use std::pin::Pin;
use support::jwt::{Signer, signed};

use crate::reader::{Attacked, UNSIGNED};
use crate::{accept, claims};

/// The verifier's public key is known to everyone, so it must never be used as the key of an HMAC.
#[test]
fn hmac_with_a_public_key_is_rejected() {
    for signer in [Signer::rsa_2048(), Signer::p256(), Signer::ed25519()] {
        let key = signer.key(None);
        let jwk = signer.jwk();
        let member =
            |name: &str| jwk[name].as_str().map(|text| BASE64URL_NOPAD.decode(text.as_bytes()).expect("base64url"));
        let secrets = [Some(key.public_text().into_bytes()), member("n"), member("x"), member("y"), Some(Vec::new())];
        for secret in secrets.into_iter().flatten() {
            for (alg, problem) in [("HS256", "alg"), ("RS256", UNSIGNED), ("ES256", UNSIGNED), ("EdDSA", UNSIGNED)] {
                let signed = signed(&format!(r#"{{"alg":"{alg}"}}"#), &claims().to_string());
                let mut mac = Hmac::<Sha256>::new_from_slice(&secret).expect("any length");
                mac.update(signed.as_bytes());
                let token = format!("{signed}.{}", BASE64URL_NOPAD.encode(&mac.finalize().into_bytes()));
                assert_eq!(
                    accept(&token, std::slice::from_ref(&key)).err().map(|why| why.contains(problem)),
                    Some(true)
                );
            }
        }
    }
}

#[test]
fn key_is_never_taken_from_the_token() {
    let attacked = Attacked::new();
    let stranger = Signer::p256();
    let mut jwk = stranger.jwk();
    jwk["kid"] = "own".into();
    for header in [
        json!({"alg": "ES256", "jwk": jwk}),
        json!({"alg": "ES256", "kid": "own", "jwk": jwk}),
        json!({"alg": "ES256", "kid": "own", "jku": "https://attacker.example/keys"}),
        json!({"alg": "ES256", "kid": "own", "x5u": "https://attacker.example/chain"}),
        json!({"alg": "ES256", "kid": "own", "x5c": ["MIIB"], "x5t": "a", "x5t#S256": "b"}),
        json!({"alg": "ES256", "kid": "own"}),
        json!({"alg": "ES256"}),
    ] {
        let token = stranger.token_of(Algorithm::Es256, &header.to_string(), &claims().to_string());
        attacked.rejects("another key's signature", &token, UNSIGNED);
        attacked.accepts("ignored members", &header.to_string(), &claims().to_string());
    }
}

#[test]
fn key_of_another_type_or_name_is_never_used() {
    let (rsa, ec, okp) = (Signer::rsa_2048(), Signer::p256(), Signer::ed25519());
    let keys = [rsa.key(Some("rsa")), ec.key(Some("ec")), okp.key(Some("okp"))];
    let claims = claims();
    let rejects = |token: String, attack: &str| assert_eq!(accept(&token, &keys), Err(UNSIGNED), "{attack}");
    for (signer, alg, own) in
        [(&rsa, "RS256", "rsa"), (&rsa, "PS256", "rsa"), (&ec, "ES256", "ec"), (&okp, "EdDSA", "okp")]
    {
        assert_eq!(accept(&signer.token(alg, Some(own), &claims), &keys), Ok(own.to_owned()));
        for kid in ["rsa", "ec", "okp", "none", "", "rsa ", "RSA", "../rsa", "' OR 1=1 --"] {
            if kid != own {
                rejects(signer.token(alg, Some(kid), &claims), "the kid of another key");
            }
        }
        for other in
            Algorithm::NAMES.into_iter().filter(|other| *other != alg && !(own == "okp" && *other == "Ed25519"))
        {
            let token = signer.token_of(
                Algorithm::from_name(alg).expect("an algorithm"),
                &format!(r#"{{"alg":"{other}","kid":"{own}"}}"#),
                &claims.to_string(),
            );
            rejects(token, "a signature of another algorithm, PS256 for RS256 included");
        }
    }
    let only_rs256 = {
        let mut jwk = rsa.jwk();
        jwk["alg"] = "RS256".into();
        [Jwk::from_json(&jwk).expect("a key")]
    };
    assert!(accept(&rsa.token("RS256", None, &claims), &only_rs256).is_ok());
    assert_eq!(accept(&rsa.token("PS256", None, &claims), &only_rs256), Err(UNSIGNED), "the key's alg is another");
    assert_eq!(accept(&rsa.token("RS256", None, &claims), &[]), Err(UNSIGNED), "no keys");
    assert_eq!(accept(&rsa.token("RS256", None, &claims), &[Signer::other_rsa_2048().key(None)]), Err(UNSIGNED));
}

/// Counts the signatures that reach the cryptography. None is valid.
#[derive(Default)]
struct Counted(RefCell<Vec<usize>>);

impl Signatures for Counted {
    fn is_valid<'a>(
        &'a self,
        _: &'a Jwk,
        _: Algorithm,
        _: &'a [u8],
        signature: &'a [u8],
    ) -> Pin<Box<dyn Future<Output = bool> + 'a>> {
        self.0.borrow_mut().push(signature.len());
        Box::pin(ready(false))
    }
}

#[test]
fn signature_of_another_length_never_reaches_the_cryptography() {
    let keys = [
        Signer::rsa_2048().key(None),
        Signer::rsa_4096().key(None),
        Signer::p256().key(None),
        Signer::ed25519().key(None),
    ];
    for (alg, right) in [("RS256", vec![256, 512]), ("PS256", vec![256, 512]), ("ES256", vec![64]), ("EdDSA", vec![64])]
    {
        let counted = Counted::default();
        for length in 0..600 {
            let signed = signed(&format!(r#"{{"alg":"{alg}"}}"#), &claims().to_string());
            let token = format!("{signed}.{}", BASE64URL_NOPAD.encode(&vec![1; length]));
            let token = Jws::parse(&token).map_err(|rejection| rejection.problem).expect("readable");
            assert!(pollster::block_on(signer(&token, &keys, &counted)).is_none());
        }
        assert_eq!(counted.0.take(), right, "{alg}");
    }
}

#[test]
fn at_most_five_keys_are_tried() {
    let signers: Vec<_> = (0..50).map(|_| Signer::p256()).collect();
    let mut keys: Vec<_> = signers.iter().map(|signer| signer.key(None)).collect();
    keys.push(Signer::ed25519().key(None));
    let (counted, last) = (Counted::default(), signers.last().expect("a key"));
    let token = last.token("ES256", None, &claims());
    let read = Jws::parse(&token).map_err(|rejection| rejection.problem).expect("readable");
    assert!(pollster::block_on(signer(&read, &keys, &counted)).is_none());
    assert_eq!(counted.0.take().len(), CANDIDATES_MAX);
    assert_eq!(accept(&token, &keys), Err(UNSIGNED));
    let kid = keys[49].kid().to_owned();
    assert_eq!(accept(&last.token("ES256", Some(&kid), &claims()), &keys), Ok(kid), "with its name, the key is found");
}

/// `r` and `s` of ES256 as X.509 spells them.
fn der(signature: &[u8]) -> Vec<u8> {
    let integer = |bytes: &[u8]| {
        let minimal: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
        let sign = if minimal[0] > 127 { vec![0] } else { vec![] };
        [vec![2, u8::try_from(sign.len() + minimal.len()).expect("short")], sign, minimal].concat()
    };
    let integers = [integer(&signature[..32]), integer(&signature[32..])].concat();
    [vec![0x30, u8::try_from(integers.len()).expect("short")], integers].concat()
}

/// The same number in the second half of an Ed25519 signature, spelt otherwise: with the order of the curve added (little-endian).
fn malleated(signature: &[u8]) -> Vec<u8> {
    let order = HEXLOWER.decode(b"edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").expect("hex");
    let mut carry = 0;
    let add = |(one, other): (&u8, &u8)| {
        let sum = u16::from(*one) + u16::from(*other) + carry;
        carry = sum >> 8;
        sum.to_le_bytes()[0]
    };
    let sum = signature[32..].iter().zip(&order).map(add).collect();
    [signature[..32].to_vec(), sum].concat()
}

#[test]
fn malformed_signatures_are_rejected() {
    let order = HEXLOWER.decode(b"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551").expect("hex");
    let zero = [0; 32];
    let edited = |alg: &str, signature: &[u8]| match alg {
        "ES256" => vec![
            ("DER", der(signature)),
            ("r = 0", [&zero, &signature[32..]].concat()),
            ("s = 0", [&signature[..32], &zero].concat()),
            ("r = s = 0", vec![0; 64]),
            ("r is the order", [&order, &signature[32..]].concat()),
            ("s is the order", [&signature[..32], &order].concat()),
            ("r and s exchanged", [&signature[32..], &signature[..32]].concat()),
        ],
        "EdDSA" => vec![
            ("all zero", vec![0; 64]),
            ("the identity and zero", [vec![1], vec![0; 63]].concat()),
            ("the order added to the second half", malleated(signature)),
        ],
        _ => vec![
            ("all zero", vec![0; signature.len()]),
            ("1", [vec![0; signature.len() - 1], vec![1]].concat()),
            ("all ones", vec![255; signature.len()]),
            ("a leading zero", [&[0], signature].concat()),
            ("a byte less", signature[1..].to_vec()),
        ],
    };
    for (alg, signer) in [
        ("ES256", Signer::p256()),
        ("EdDSA", Signer::ed25519()),
        ("RS256", Signer::rsa_2048()),
        ("PS256", Signer::rsa_2048()),
    ] {
        let text = signed(&format!(r#"{{"alg":"{alg}"}}"#), &claims().to_string());
        let signature = signer.sign(Algorithm::from_name(alg).expect("an algorithm"), text.as_bytes());
        let accepted =
            |signature: &[u8]| accept(&format!("{text}.{}", BASE64URL_NOPAD.encode(signature)), &[signer.key(None)]);
        assert!(accepted(&signature).is_ok(), "{alg}");
        for (name, signature) in edited(alg, &signature) {
            assert_eq!(accepted(&signature), Err(UNSIGNED), "{alg}: {name}");
        }
    }
}
