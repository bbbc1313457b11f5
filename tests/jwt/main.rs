//! Tokens that a workload signs: the reader, keys and trusts, with the cryptography of a library (`support::jwt`).

mod keys;
mod reader;
mod round_trip;
mod signatures;
mod trusts;

use postern::credential::time::Micros;
use postern::jwt::jwk::Jwk;
use postern::jwt::jws::{Jws, TRUST_LIFETIME_MAX};
use postern::jwt::signature::signer;
use serde_json::{Value, json};
use support::jwt::Ring;

/// In seconds since 1970.
const NOW: i64 = 1_795_219_200;

fn now() -> Micros {
    Micros(NOW * 1_000_000)
}

/// The claims of a valid token.
fn claims() -> Value {
    json!({"iss": "https://issuer.example", "sub": "job:1", "aud": "https://postern.example", "iat": NOW - 1, "exp": NOW + 60})
}

/// What accepts a token: reader, times, signature. Returns the `kid` of the key that signed it, or why it is rejected.
fn accept(token: &str, keys: &[Jwk]) -> Result<String, &'static str> {
    let token = Jws::parse(token).map_err(|rejection| rejection.problem)?;
    token.judge_times(now(), TRUST_LIFETIME_MAX).map_err(|rejection| rejection.problem)?;
    let key = pollster::block_on(signer(&token, keys, &Ring)).ok_or("is not signed by any of the keys")?;
    Ok(key.kid().to_owned())
}
