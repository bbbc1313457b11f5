//! A token that a key signed is accepted, and no other text is.

use proptest::prelude::*;
use serde_json::json;
use support::jwt::Signer;

use crate::{accept, claims};

fn signers() -> Vec<(&'static str, Signer)> {
    vec![
        ("RS256", Signer::rsa_2048()),
        ("PS256", Signer::rsa_2048()),
        ("RS256", Signer::rsa_4096()),
        ("PS256", Signer::rsa_4096()),
        ("ES256", Signer::p256()),
        ("EdDSA", Signer::ed25519()),
        ("Ed25519", Signer::ed25519()),
    ]
}

#[test]
fn token_of_each_algorithm_is_accepted_with_and_without_a_kid() {
    for (alg, signer) in signers() {
        let keys = [Signer::other_rsa_2048().key(Some("other")), signer.key(Some("own")), Signer::p256().key(None)];
        for kid in [Some("own"), None] {
            assert_eq!(accept(&signer.token(alg, kid, &claims()), &keys), Ok("own".to_owned()), "{alg} {kid:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// For every algorithm, at any position, to any character.
    #[test]
    fn token_with_one_byte_changed_is_rejected(at: prop::sample::Index, other in any::<u8>()) {
        for (alg, signer) in signers() {
            let token = signer.token(alg, None, &claims());
            let at = at.index(token.len());
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == other { other ^ 1 } else { other };
            let changed = String::from_utf8_lossy(&bytes);
            prop_assert!(accept(&changed, &[signer.key(None)]).is_err(), "{} became {}", token, changed);
        }
    }

    #[test]
    fn claims_are_read_as_they_were_signed(sub in ".{0,40}", jti in ".{1,255}", nested in "[^\"\\\\\\p{C}]{0,20}") {
        let mut all = claims();
        all["sub"] = sub.clone().into();
        all["jti"] = jti.clone().into();
        all["nested"] = json!({"list": [1, nested, null]});
        let signer = Signer::ed25519();
        let token = signer.token("EdDSA", None, &all);
        let read = postern::jwt::jws::Jws::parse(&token).map_err(|rejection| TestCaseError::fail(rejection.problem))?;
        prop_assert_eq!((read.subject(), read.id(), read.claims()), (&*sub, Some(&*jti), &all));
        prop_assert!(accept(&token, &[signer.key(None)]).is_ok());
    }
}
