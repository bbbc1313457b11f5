//! Keys that sign tokens, and the check of signatures by a library.

use std::future::ready;
use std::pin::Pin;

use data_encoding::BASE64URL_NOPAD;
use postern::jwt::jwk::{Algorithm, Jwk};
use postern::jwt::signature::Signatures;
use ring::rand::{self, SystemRandom};
use ring::signature::{
    self, ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
    RsaKeyPair, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::{Value, json};

/// The cryptography of `ring`.
pub struct Ring;

impl Signatures for Ring {
    fn is_valid<'a>(
        &'a self,
        key: &'a Jwk,
        algorithm: Algorithm,
        signed: &'a [u8],
        signature: &'a [u8],
    ) -> Pin<Box<dyn Future<Output = bool> + 'a>> {
        let key: Value = serde_json::from_str(&key.public_text()).expect("JSON");
        let bytes = |name: &str| {
            let text = key[name].as_str().unwrap_or_else(|| panic!("{key} has no {name}"));
            BASE64URL_NOPAD.decode(text.as_bytes()).expect("base64url")
        };
        let rsa = |parameters| {
            RsaPublicKeyComponents { n: bytes("n"), e: bytes("e") }.verify(parameters, signed, signature).is_ok()
        };
        Box::pin(ready(match algorithm {
            Algorithm::Rs256 => rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
            Algorithm::Ps256 => rsa(&signature::RSA_PSS_2048_8192_SHA256),
            Algorithm::Es256 => {
                let point = [vec![4], bytes("x"), bytes("y")].concat();
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature).is_ok()
            }
            Algorithm::Ed25519 => UnparsedPublicKey::new(&ED25519, bytes("x")).verify(signed, signature).is_ok(),
        }))
    }
}

/// A key pair.
pub enum Signer {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Signer {
    fn rsa(der: &[u8]) -> Self {
        Self::Rsa(RsaKeyPair::from_der(der).expect("an RSA key"))
    }

    /// Always the same key, since generating one takes long.
    pub fn rsa_2048() -> Self {
        Self::rsa(include_bytes!("../keys/rsa-2048.der"))
    }

    /// Another one, always the same.
    pub fn other_rsa_2048() -> Self {
        Self::rsa(include_bytes!("../keys/rsa-2048-other.der"))
    }

    /// Always the same key.
    pub fn rsa_4096() -> Self {
        Self::rsa(include_bytes!("../keys/rsa-4096.der"))
    }

    /// A new key.
    pub fn p256() -> Self {
        let pkcs8 =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &SystemRandom::new());
        Self::P256(pair.expect("a P-256 key"))
    }

    /// A new key.
    pub fn ed25519() -> Self {
        Self::ed25519_of(&rand::generate(&SystemRandom::new()).expect("random bytes").expose())
    }

    /// The key of a seed.
    pub fn ed25519_of(seed: &[u8; 32]) -> Self {
        Self::Ed25519(Ed25519KeyPair::from_seed_unchecked(seed).expect("an Ed25519 key"))
    }

    /// The public key as a JWK with only the members that are required.
    pub fn jwk(&self) -> Value {
        let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        match self {
            Self::Rsa(pair) => {
                let RsaPublicKeyComponents::<Vec<u8>> { n, e } = pair.public().into();
                json!({"kty": "RSA", "n": text(&n), "e": text(&e)})
            }
            Self::P256(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({"kty": "EC", "crv": "P-256", "x": text(x), "y": text(y)})
            }
            Self::Ed25519(pair) => json!({"kty": "OKP", "crv": "Ed25519", "x": text(pair.public_key().as_ref())}),
        }
    }

    /// The public key, with this name or its thumbprint.
    pub fn key(&self, kid: Option<&str>) -> Jwk {
        let mut jwk = self.jwk();
        if let Some(kid) = kid {
            jwk["kid"] = kid.into();
        }
        Jwk::from_json(&jwk).expect("a key")
    }

    /// The signature of these bytes. The algorithm matters for RSA only.
    pub fn sign(&self, algorithm: Algorithm, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Rsa(pair) => {
                let padding: &dyn signature::RsaEncoding = match algorithm {
                    Algorithm::Ps256 => &signature::RSA_PSS_SHA256,
                    Algorithm::Rs256 | Algorithm::Es256 | Algorithm::Ed25519 => &signature::RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(padding, &SystemRandom::new(), bytes, &mut signature).expect("a signature");
                signature
            }
            Self::P256(pair) => pair.sign(&SystemRandom::new(), bytes).expect("a signature").as_ref().to_vec(),
            Self::Ed25519(pair) => pair.sign(bytes).as_ref().to_vec(),
        }
    }

    /// A token with this header and payload, as they are.
    pub fn token_of(&self, algorithm: Algorithm, header: &str, payload: &str) -> String {
        let signed = signed(header, payload);
        let signature = BASE64URL_NOPAD.encode(&self.sign(algorithm, signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    /// A token with these claims, of the algorithm with this name. `kid` is omitted if `None`.
    pub fn token(&self, alg: &str, kid: Option<&str>, claims: &Value) -> String {
        let mut header = json!({"alg": alg, "typ": "JWT"});
        if let Some(kid) = kid {
            header["kid"] = kid.into();
        }
        let algorithm = Algorithm::from_name(alg).expect("an algorithm");
        self.token_of(algorithm, &header.to_string(), &claims.to_string())
    }
}

/// The part of a token that is signed.
pub fn signed(header: &str, payload: &str) -> String {
    format!("{}.{}", BASE64URL_NOPAD.encode(header.as_bytes()), BASE64URL_NOPAD.encode(payload.as_bytes()))
}
