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
/// How much the issuer's clock may be ahead of the clock of Postern.
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
    header: Map<String, Value>,
    claims: Value,
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
        let parts = text.rsplit_once('.').and_then(|(signed, last)| Some((signed, signed.split_once('.')?, last)));
        let Some((signed, (first, second), third)) = parts else {
            return reject("does not have three parts separated by dots");
        };
        // A fourth part is a dot in the second one, which is not base64url.
        let decoded = [first, second, third].map(|part| Base64UrlUnpadded::decode_vec(part).ok());
        let [Some(header), Some(payload), Some(signature)] = decoded else {
            return reject("has a part that is not base64url without padding");
        };
        let objects = [header, payload].map(|bytes| json::object_of_plain_integers(&bytes).ok());
        let [Some(header), Some(claims)] = objects else {
            return reject(
                "has a header or payload that is not a JSON object, is nested too deeply, or has a duplicate member",
            );
        };
        let claims = claims.into();
        let algorithm = read_header(&header)?;
        check_claims(&claims)?;
        Ok(Self { signed, signature, algorithm, header, claims })
    }

    /// Checks the times. A clock that is up to [`SKEW_SECONDS`] ahead is accepted.
    ///
    /// # Errors
    /// The first problem.
    pub fn judge_times(&self, now: Micros, lifetime_max: i64) -> Result<(), Rejection> {
        let ahead = now.0.saturating_add(SKEW_SECONDS * 1_000_000);
        let (expires_at, issued_at) = (self.expires_at(), self.time("iat"));
        let lifetime = expires_at.0 - issued_at.0;
        if expires_at <= now {
            return reject("has expired (exp)");
        }
        if issued_at.0 > ahead {
            return reject("was issued more than 60 s in the future (iat)");
        }
        if self.time("nbf").0 > ahead {
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
                && self.kid().is_none_or(|kid| kid == key.kid())
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
        self.header.get("kid").and_then(Value::as_str)
    }

    /// Returns whether `typ` is `client-authentication+jwt`: only the client's own key may sign such a token.
    #[must_use]
    pub fn is_client_authentication(&self) -> bool {
        self.header.get("typ").and_then(Value::as_str).is_some_and(is_client_authentication)
    }

    /// Returns `iss`.
    #[must_use]
    pub fn issuer(&self) -> &str {
        text(&self.claims, "iss").unwrap_or_default()
    }

    /// Returns `sub`.
    #[must_use]
    pub fn subject(&self) -> &str {
        text(&self.claims, "sub").unwrap_or_default()
    }

    /// Returns the one value of `aud`.
    #[must_use]
    pub fn audience(&self) -> &str {
        audience(&self.claims).unwrap_or_default()
    }

    /// Returns `exp`.
    #[must_use]
    pub fn expires_at(&self) -> Micros {
        self.time("exp")
    }

    /// Returns `jti`.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        text(&self.claims, "jti")
    }

    /// Returns all claims: an object.
    #[must_use]
    pub fn claims(&self) -> &Value {
        &self.claims
    }

    /// Returns a time; 1970 if the token has none.
    fn time(&self, name: &str) -> Micros {
        self.claims.get(name).and_then(time).unwrap_or(Micros(0))
    }
}

/// Checks the header, and returns its algorithm.
fn read_header(header: &Map<String, Value>) -> Result<Algorithm, Rejection> {
    let text = |name| header.get(name).map(|value: &Value| value.as_str().unwrap_or_default());
    let Some(algorithm) = text("alg").and_then(Algorithm::from_name) else {
        return reject("has an alg other than RS256, PS256, ES256, EdDSA or Ed25519");
    };
    if ["crit", "b64", "zip"].iter().any(|name| header.contains_key(*name)) {
        return reject("has crit, b64 or zip in its header");
    }
    let is_plain = |typ: &str| typ.eq_ignore_ascii_case("JWT") || typ.eq_ignore_ascii_case("JOSE");
    if !text("typ").is_none_or(|typ| is_plain(typ) || is_client_authentication(typ)) {
        return reject("has a typ other than JWT, JOSE or client-authentication+jwt");
    }
    if header.get("kid").is_some_and(|kid| !kid.is_string()) {
        return reject("has a kid that is not text");
    }
    Ok(algorithm)
}

/// Checks the types of the claims that every token has or may have.
fn check_claims(claims: &Value) -> Result<(), Rejection> {
    let is_time = |name| claims.get(name).is_some_and(|value| time(value).is_some());
    let is_absent = |name| claims.get(name).is_none();
    let is_id = |id: &str| (1..=ID_MAX).contains(&id.chars().count());
    if !is_absent("cnf") {
        return reject("is bound to a key by cnf, which Postern does not support");
    }
    if text(claims, "iss").is_none() || text(claims, "sub").is_none() {
        return reject("lacks iss or sub, or has one that is not text");
    }
    if audience(claims).is_none() {
        return reject("must have exactly one aud, a text");
    }
    if !is_time("exp") || !is_time("iat") {
        return reject("lacks exp or iat, or has one that is not an integer of seconds since 1970");
    }
    if !is_time("nbf") && !is_absent("nbf") {
        return reject("has an nbf that is not an integer of seconds since 1970");
    }
    if !text(claims, "jti").map_or(is_absent("jti"), is_id) {
        return reject("has a jti that is not text of 1 to 255 characters");
    }
    Ok(())
}

fn is_client_authentication(typ: &str) -> bool {
    typ.eq_ignore_ascii_case("client-authentication+jwt")
}

fn text<'v>(claims: &'v Value, name: &str) -> Option<&'v str> {
    claims.get(name).and_then(Value::as_str)
}

/// Returns the only audience.
fn audience(claims: &Value) -> Option<&str> {
    let value = claims.get("aud")?;
    let only = match value.as_array().map(Vec::as_slice) {
        Some([only]) => only,
        _ => value,
    };
    only.as_str()
}

/// Returns an integer of seconds as a time, from 1970 to the last one that Postern can represent.
fn time(value: &Value) -> Option<Micros> {
    let seconds = value.as_i64()?;
    (0..=Micros::MAX.0 / 1_000_000).contains(&seconds).then(|| Micros(seconds * 1_000_000))
}
