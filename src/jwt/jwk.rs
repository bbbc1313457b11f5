//! A public key as a JSON Web Key (RFC 7517, RFC 7518 §6, RFC 8037).

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::fault::Fault;

/// An algorithm of signatures. There is none without a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256, and a salt of 32 bytes.
    Ps256,
    /// ECDSA on P-256 with SHA-256. A signature is `r` and `s`, 32 bytes each.
    Es256,
    /// Ed25519: `EdDSA` (RFC 8037), or `Ed25519` (RFC 9864).
    Ed25519,
}

impl Algorithm {
    /// The names that are accepted as `alg`.
    pub const NAMES: [&str; 5] = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"];

    /// Returns the algorithm of a name, which is case-sensitive (RFC 7515 §4.1.1).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            "ES256" => Some(Self::Es256),
            "EdDSA" | "Ed25519" => Some(Self::Ed25519),
            _ => None,
        }
    }

    /// Returns the name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::Ed25519 => "EdDSA",
        }
    }
}

/// The members of private and symmetric keys (RFC 7518 §6).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
/// Why a private member is refused.
pub(super) const IS_PRIVATE: &str = "is part of a private key, which Postern must never have. Replace this key, and send only the public members of the new one";

const COORDINATE: &str = "must be 32 bytes in base64url without padding";
/// The longest `kid`, in characters.
pub const KID_MAX: usize = 255;

/// A public key that can verify signatures. It has no member except those that define the key, and `kid`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct Jwk {
    kid: String,
    algorithms: &'static [Algorithm],
    signature_length: usize,
    /// The members that define the key, in the order of their names, as in RFC 7638 §3.2.
    public: Map<String, Value>,
}

impl Jwk {
    /// Reads a key. Members that are not about a public key for signatures, such as `x5c`, are ignored.
    ///
    /// # Errors
    /// Every fault that is found.
    pub fn from_json(value: &Value) -> Result<Self, Vec<Fault>> {
        let Value::Object(members) = value else { return Err(vec![Fault::whole("must be an object")]) };
        let private = PRIVATE.iter().filter(|name| members.contains_key(**name));
        let mut faults: Vec<Fault> = private.map(|name| Fault::member(name, IS_PRIVATE)).collect();
        let mut check = |name: &str, is_right: bool, wants: &'static str| {
            if !is_right {
                faults.push(Fault::member(name, wants));
            }
        };
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        let bytes =
            |name: &str| text(name).and_then(|text| Base64UrlUnpadded::decode_vec(text).ok()).unwrap_or_default();
        let is_coordinate = |name: &str| bytes(name).len() == 32;

        let mut signature_length = 64;
        let (all, required): (&'static [Algorithm], &[&str]) = match text("kty") {
            Some("RSA") => {
                let modulus = bytes("n");
                signature_length = modulus.len();
                let bits = modulus.len() * 8 - modulus.first().map_or(0, |first| first.leading_zeros() as usize);
                let is_minimal = modulus.first().is_some_and(|first| *first != 0);
                check(
                    "n",
                    is_minimal && (2048..=4096).contains(&bits),
                    "must be 2048 to 4096 bits, without leading zero bytes, in base64url without padding",
                );
                check("e", text("e") == Some("AQAB"), "must be AQAB (65537)");
                (&[Algorithm::Rs256, Algorithm::Ps256], &["e", "kty", "n"])
            }
            Some("EC") => {
                check("crv", text("crv") == Some("P-256"), "must be P-256");
                check("x", is_coordinate("x"), COORDINATE);
                check("y", is_coordinate("y"), COORDINATE);
                (&[Algorithm::Es256], &["crv", "kty", "x", "y"])
            }
            Some("OKP") => {
                check("crv", text("crv") == Some("Ed25519"), "must be Ed25519");
                check("x", is_coordinate("x"), COORDINATE);
                (&[Algorithm::Ed25519], &["crv", "kty", "x"])
            }
            _ => {
                check("kty", false, "must be RSA, EC or OKP");
                (&[], &[])
            }
        };
        // The only algorithm, if the key names one.
        let only = text("alg").and_then(Algorithm::from_name);
        let only = all.iter().find(|algorithm| Some(**algorithm) == only).map(std::slice::from_ref);
        check(
            "alg",
            only.is_some() || all.is_empty() || !members.contains_key("alg"),
            "must be omitted, or RS256 or PS256 for RSA, ES256 for EC, EdDSA or Ed25519 for OKP",
        );
        let is_for_signatures = matches!(text("use"), Some("sig" | "jwt-svid")) || !members.contains_key("use");
        check("use", is_for_signatures, "must be omitted, sig or jwt-svid");
        let verifies = |operations: &Value| operations.as_array().is_some_and(|list| list.contains(&"verify".into()));
        check("key_ops", members.get("key_ops").is_none_or(verifies), "must be omitted, or a list with verify");
        let is_kid = |kid: &str| (1..=KID_MAX).contains(&kid.chars().count());
        check(
            "kid",
            text("kid").map_or(!members.contains_key("kid"), is_kid),
            "must be omitted, or text of 1 to 255 characters",
        );
        if !faults.is_empty() {
            return Err(faults);
        }
        let public =
            required.iter().filter_map(|name| Some(((*name).to_owned(), members.get(*name)?.clone()))).collect();
        let mut key = Self { kid: String::new(), algorithms: only.unwrap_or(all), signature_length, public };
        key.kid = text("kid").map_or_else(|| key.thumbprint(), str::to_owned);
        Ok(key)
    }

    /// Returns the key's name: the one that it was given, or its thumbprint.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Returns `kty`: `RSA`, `EC` or `OKP`. Each has one curve at most.
    #[must_use]
    pub fn key_type(&self) -> &str {
        self.public.get("kty").and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns the algorithms that the key may be used with.
    #[must_use]
    pub fn algorithms(&self) -> &'static [Algorithm] {
        self.algorithms
    }

    /// Returns the length in bytes of every signature by this key.
    #[must_use]
    pub fn signature_length(&self) -> usize {
        self.signature_length
    }

    /// Returns the JSON text of only `kty` and the members that define the key, for the import into a cryptographic library.
    #[must_use]
    pub fn public_text(&self) -> String {
        Value::from(self.public.clone()).to_string()
    }

    /// Returns the thumbprint of RFC 7638 with SHA-256, in base64url.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        Base64UrlUnpadded::encode_string(&Sha256::digest(self.public_text()))
    }
}

/// The form in which a key is stored and shown: what [`Jwk::from_json`] reads as the same key.
impl From<Jwk> for Value {
    fn from(key: Jwk) -> Self {
        let mut members = key.public;
        // The only algorithm of its type needs no name.
        if let ([algorithm], Some("RSA")) = (key.algorithms, members.get("kty").and_then(Self::as_str)) {
            members.insert("alg".to_owned(), algorithm.name().into());
        }
        members.insert("kid".to_owned(), key.kid.into());
        members.into()
    }
}

impl TryFrom<Value> for Jwk {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        Self::from_json(&value).map_err(|_| "not a public key")
    }
}
