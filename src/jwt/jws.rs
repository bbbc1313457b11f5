//! A signed token in compact form (RFC 7515 §7.1, RFC 7519), read strictly. Nothing here checks the signature.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Map, Value};

use super::jwk::{Algorithm, Jwk};
use crate::credential::time::Micros;
use crate::request::json;

/// The longest token, in bytes.
pub const LENGTH_MAX: usize = 16 * 1024;
/// The longest `jti`, in characters.
pub const ID_MAX: usize = 255;
/// How much the issuer's clock may be ahead of our clock.
pub const SKEW_SECONDS: i64 = 60;
/// The longest lifetime of a token that a credential's own key signs: `exp` minus `iat`, in seconds.
pub const KEY_LIFETIME_MAX: i64 = 3600;
/// The longest lifetime of an issuer's token, in seconds.
pub const TRUST_LIFETIME_MAX: i64 = 24 * 3600;
/// The largest number of keys that are tried for one token.
pub const CANDIDATES_MAX: usize = 5;

/// Why a token is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// As the rest of a sentence that starts with "The token". It has no part of the token.
    pub problem: &'static str,
}

fn reject<T>(problem: &'static str) -> Result<T, Rejection> {
    Err(Rejection { problem })
}

/// A token that is well-formed, not judged yet. It has no Debug: with its signature, a token is a secret.
pub struct Jws<'a> {
    signed: &'a str,
    signature: Vec<u8>,
    algorithm: Algorithm,
    kid: Option<String>,
    is_client_authentication: bool,
    claims: Value,
    audience: String,
    expires_at: Micros,
    issued_at: Micros,
    not_before: Option<Micros>,
}

impl<'a> Jws<'a> {
    /// Reads a token. The work is bounded by [`LENGTH_MAX`].
    ///
    /// Header members that name a key or where to get one (`jku`, `x5u`, `jwk`, `x5c`) are ignored.
    ///
    /// # Errors
    /// The first problem.
    pub fn parse(text: &'a str) -> Result<Self, Rejection> {
        if text.len() > LENGTH_MAX {
            return reject("is longer than 16 KiB");
        }
        let parts =
            text.rsplit_once('.').and_then(|(signed, signature)| Some((signed, signed.split_once('.')?, signature)));
        let Some((signed, (header, payload), signature)) = parts else {
            return reject("does not have three parts separated by dots");
        };
        // A fourth part is a dot in the second one, which is not base64url.
        let decoded = [header, payload, signature].map(|part| Base64UrlUnpadded::decode_vec(part).ok());
        let [Some(header), Some(payload), Some(signature)] = decoded else {
            return reject("has a part that is not base64url without padding");
        };
        let object = |bytes: &[u8]| json::object_of_plain_integers(bytes).ok();
        let (Some(header), Some(claims)) = (object(&header), object(&payload)) else {
            return reject(
                "has a header or payload that is not a JSON object, is nested too deeply, or has a duplicate member",
            );
        };
        let algorithm = header.get("alg").and_then(Value::as_str).and_then(Algorithm::from_name);
        let Some(algorithm) = algorithm else {
            return reject("has an alg other than RS256, PS256, ES256, EdDSA or Ed25519");
        };
        if ["crit", "b64", "zip"].iter().any(|name| header.contains_key(*name)) {
            return reject("has crit, b64 or zip in its header");
        }
        let is_client_authentication = match header.get("typ").map(|typ| typ.as_str().map(str::to_ascii_lowercase)) {
            None => false,
            Some(Some(typ)) if typ == "jwt" || typ == "jose" => false,
            Some(Some(typ)) if typ == "client-authentication+jwt" => true,
            Some(_) => return reject("has a typ other than JWT, JOSE or client-authentication+jwt"),
        };
        let Ok(kid) = text_or_absent(&header, "kid") else { return reject("has a kid that is not text") };
        let kid = kid.map(str::to_owned);
        if claims.contains_key("cnf") {
            return reject("is bound to a key by cnf, which Postern does not support");
        }
        if !["iss", "sub"].iter().all(|name| claims.get(*name).is_some_and(Value::is_string)) {
            return reject("lacks iss or sub, or has one that is not text");
        }
        let audience = match claims.get("aud") {
            Some(Value::Array(list)) if list.len() == 1 => list.first(),
            other => other,
        };
        let Some(audience) = audience.and_then(Value::as_str).map(str::to_owned) else {
            return reject("must have exactly one aud, a text");
        };
        let (Some(expires_at), Some(issued_at)) = (time(&claims, "exp"), time(&claims, "iat")) else {
            return reject("lacks exp or iat, or has one that is not an integer of seconds since 1970");
        };
        let not_before = time(&claims, "nbf");
        if not_before.is_none() && claims.contains_key("nbf") {
            return reject("has an nbf that is not an integer of seconds since 1970");
        }
        let is_id = |id: Option<&str>| id.is_none_or(|id| (1..=ID_MAX).contains(&id.chars().count()));
        if !text_or_absent(&claims, "jti").is_ok_and(is_id) {
            return reject("has a jti that is not text of 1 to 255 characters");
        }
        let claims = claims.into();
        Ok(Self {
            signed,
            signature,
            algorithm,
            kid,
            is_client_authentication,
            claims,
            audience,
            expires_at,
            issued_at,
            not_before,
        })
    }

    /// Checks the times. A clock that is up to [`SKEW_SECONDS`] ahead of our clock is accepted.
    ///
    /// # Errors
    /// The first problem.
    pub fn judge_times(&self, now: Micros, lifetime_max: i64) -> Result<(), Rejection> {
        let ahead = Micros(now.0.saturating_add(SKEW_SECONDS * 1_000_000));
        let lifetime = self.expires_at.0 - self.issued_at.0;
        if self.expires_at <= now {
            return reject("has expired (exp)");
        }
        if self.issued_at > ahead {
            return reject("was issued more than 60 s in the future (iat)");
        }
        if self.not_before.is_some_and(|start| start > ahead) {
            return reject("is not valid yet (nbf)");
        }
        if lifetime <= 0 || lifetime > lifetime_max.saturating_mul(1_000_000) {
            return reject("has too long a lifetime, or ends before it starts (exp, iat)");
        }
        Ok(())
    }

    /// Returns the keys that may have signed the token: of the token's algorithm, of the length of its signature, and of
    /// its `kid` if it has one. At most [`CANDIDATES_MAX`].
    pub fn candidates<'k>(&self, keys: &'k [Jwk]) -> impl Iterator<Item = &'k Jwk> {
        let fits = |key: &&Jwk| {
            key.algorithms().contains(&self.algorithm)
                && key.signature_length() == self.signature.len()
                && self.kid.as_ref().is_none_or(|kid| kid == key.kid())
        };
        keys.iter().filter(fits).take(CANDIDATES_MAX)
    }

    /// Returns the bytes that are signed.
    #[must_use]
    pub fn signed(&self) -> &[u8] {
        self.signed.as_bytes()
    }

    /// Returns the signature.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Returns `alg`.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns the `kid` of the header.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Returns whether `typ` is `client-authentication+jwt`: only the client's own key may sign such a token.
    #[must_use]
    pub fn is_client_authentication(&self) -> bool {
        self.is_client_authentication
    }

    /// Returns `iss`.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.text("iss").unwrap_or_default()
    }

    /// Returns `sub`.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.text("sub").unwrap_or_default()
    }

    /// Returns the one value of `aud`.
    #[must_use]
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// Returns `exp`.
    #[must_use]
    pub fn expires_at(&self) -> Micros {
        self.expires_at
    }

    /// Returns `jti`.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.text("jti")
    }

    /// Returns all claims: an object.
    #[must_use]
    pub fn claims(&self) -> &Value {
        &self.claims
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str)
    }
}

/// Returns a member that must be text if it is there.
fn text_or_absent<'v>(members: &'v Map<String, Value>, name: &str) -> Result<Option<&'v str>, ()> {
    members.get(name).map(|value| value.as_str().ok_or(())).transpose()
}

/// Returns a member that is an integer of seconds, from 1970 to the last time that Postern can represent.
fn time(members: &Map<String, Value>, name: &str) -> Option<Micros> {
    let seconds = members.get(name)?.as_i64()?;
    (0..=Micros::MAX.0 / 1_000_000).contains(&seconds).then_some(Micros(seconds * 1_000_000))
}
