//! A public key as a JSON Web Key (RFC 7517, RFC 7518 §6, RFC 8037).

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::fault::Fault;
use super::is_text;

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

/// The longest `kid`, in characters.
pub const KID_MAX: usize = 255;

/// A type of keys.
#[derive(Debug, PartialEq, Eq)]
struct Kind {
    name: &'static str,
    algorithms: &'static [Algorithm],
    /// The members that define a key, in the order of their names, as in RFC 7638 §3.2.
    members: &'static [(&'static str, Shape)],
}

/// What a member of a key must be.
#[derive(Debug, PartialEq, Eq)]
enum Shape {
    /// This text.
    Is(&'static str),
    /// 32 bytes.
    Coordinate,
    /// The modulus of RSA.
    Modulus,
}

static KINDS: [Kind; 3] = [
    Kind {
        name: "RSA",
        algorithms: &[Algorithm::Rs256, Algorithm::Ps256],
        members: &[("e", Shape::Is("AQAB")), ("kty", Shape::Is("RSA")), ("n", Shape::Modulus)],
    },
    Kind {
        name: "EC",
        algorithms: &[Algorithm::Es256],
        members: &[
            ("crv", Shape::Is("P-256")),
            ("kty", Shape::Is("EC")),
            ("x", Shape::Coordinate),
            ("y", Shape::Coordinate),
        ],
    },
    Kind {
        name: "OKP",
        algorithms: &[Algorithm::Ed25519],
        members: &[("crv", Shape::Is("Ed25519")), ("kty", Shape::Is("OKP")), ("x", Shape::Coordinate)],
    },
];

impl Shape {
    /// Returns whether a text is right.
    fn is(&self, text: &str) -> bool {
        let bytes = || Base64UrlUnpadded::decode_vec(text).unwrap_or_default();
        match self {
            Self::Is(expected) => text == *expected,
            Self::Coordinate => bytes().len() == 32,
            Self::Modulus => {
                let bytes = bytes();
                let zeros = bytes.first().map_or(8, |first| first.leading_zeros() as usize);
                zeros < 8 && (2048..=4096).contains(&(bytes.len() * 8 - zeros))
            }
        }
    }

    fn wants(&self) -> &'static str {
        match self {
            Self::Is("AQAB") => "must be AQAB (65537)",
            Self::Is(_) => "must be P-256 for EC, Ed25519 for OKP",
            Self::Coordinate => {
                "must be 32 bytes in base64url without padding; a shorter coordinate needs zero bytes in front"
            }
            Self::Modulus => "must be 2048 to 4096 bits, without leading zero bytes, in base64url without padding",
        }
    }
}

/// A public key that can verify signatures. It has no member except those that define the key, `kid`, and `alg`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwk {
    /// An object that [`Jwk::from_json`] reads as the same key: the form in which a key is stored and shown.
    members: Map<String, Value>,
    kind: &'static Kind,
    algorithms: &'static [Algorithm],
}

impl Jwk {
    /// Reads a key. Members that are not about a public key for signatures, such as `x5c`, are ignored.
    ///
    /// # Errors
    /// Every fault that is found.
    pub fn from_json(value: &Value) -> Result<Self, Vec<Fault>> {
        let Value::Object(members) = value else { return Err(vec![Fault::whole("must be an object")]) };
        let text = |name| members.get(name).and_then(Value::as_str).unwrap_or_default();
        let is_absent = |name| !members.contains_key(name);
        let mut faults = Vec::new();
        let mut check = |name, is_right: bool, wants| {
            if !is_right {
                faults.push(Fault::member(name, wants));
            }
        };
        for name in PRIVATE {
            check(name, is_absent(name), IS_PRIVATE);
        }
        let kind = KINDS.iter().find(|kind| kind.name == text("kty"));
        check("kty", kind.is_some(), "must be RSA, EC or OKP");
        let (all, own) = kind.map(|kind| (kind.algorithms, kind.members)).unwrap_or_default();
        for (name, shape) in own {
            check(name, shape.is(text(name)), shape.wants());
        }
        // The only algorithm, if the key names one.
        let only = Algorithm::from_name(text("alg"));
        let only = all.iter().find(|algorithm| Some(**algorithm) == only).map(std::slice::from_ref);
        let verifies =
            |operations: &Value| operations.as_array().is_some_and(|list| list.iter().any(|one| one == "verify"));
        for (name, is_right, wants) in [
            (
                "alg",
                only.is_some() || all.is_empty(),
                "must be omitted, or RS256 or PS256 for RSA, ES256 for EC, EdDSA or Ed25519 for OKP",
            ),
            ("use", matches!(text("use"), "sig" | "jwt-svid"), "must be omitted, sig or jwt-svid"),
            ("key_ops", members.get("key_ops").is_some_and(verifies), "must be omitted, or a list with verify"),
            (
                "kid",
                is_text(text("kid"), 1..=KID_MAX),
                "must be omitted, or text of 1 to 255 characters without control characters",
            ),
        ] {
            check(name, is_right || is_absent(name), wants);
        }
        let Some(kind) = kind.filter(|_| faults.is_empty()) else { return Err(faults) };
        let mut key = Self { members: Map::new(), kind, algorithms: only.unwrap_or(all) };
        for name in own.iter().map(|(name, _)| *name).chain(["alg", "kid"]) {
            if let Some(value) = members.get(name) {
                key.members.insert(name.to_owned(), value.clone());
            }
        }
        if is_absent("kid") {
            key.members.insert("kid".to_owned(), key.thumbprint().into());
        }
        Ok(key)
    }

    /// Returns the key's name: the one that it was given, or its thumbprint.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.text("kid")
    }

    /// Returns `kty`: `RSA`, `EC` or `OKP`. Each has one curve at most.
    #[must_use]
    pub fn key_type(&self) -> &'static str {
        self.kind.name
    }

    /// Returns the algorithms that the key may be used with.
    #[must_use]
    pub fn algorithms(&self) -> &'static [Algorithm] {
        self.algorithms
    }

    /// Returns the length in bytes of every signature by this key.
    #[must_use]
    pub fn signature_length(&self) -> usize {
        // An RSA signature is as long as the modulus: six bits a letter.
        if self.key_type() == "RSA" { self.text("n").len() * 6 / 8 } else { 64 }
    }

    /// Returns the JSON text of only `kty` and the members that define the key, for the import into a cryptographic library.
    #[must_use]
    pub fn public_text(&self) -> String {
        // No value needs an escape.
        let members = self.kind.members.iter().map(|(name, _)| ["\"", name, "\":\"", self.text(name), "\""].concat());
        ["{", &members.collect::<Vec<_>>().join(","), "}"].concat()
    }

    fn text(&self, name: &str) -> &str {
        self.members.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns the thumbprint of RFC 7638 with SHA-256, in base64url.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        Base64UrlUnpadded::encode_string(&Sha256::digest(self.public_text()))
    }
}

impl From<Jwk> for Value {
    fn from(key: Jwk) -> Self {
        key.members.into()
    }
}
