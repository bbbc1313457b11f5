//! Checks of signatures. The cryptography is the platform's.

use std::pin::Pin;

use super::jwk::{Algorithm, Jwk};
use super::jws::Jws;

/// Cryptography: `WebCrypto` in the Worker, a library in tests.
pub trait Signatures {
    /// Returns whether the key made the signature of these bytes. A key that the library refuses has made none.
    ///
    /// The algorithm is one of the key's, and the signature has its length.
    fn is_valid<'a>(
        &'a self,
        key: &'a Jwk,
        algorithm: Algorithm,
        signed: &'a [u8],
        signature: &'a [u8],
    ) -> Pin<Box<dyn Future<Output = bool> + 'a>>;
}

/// Returns the key that signed the token.
pub async fn signer<'k>(token: &Jws<'_>, keys: &'k [Jwk], signatures: &dyn Signatures) -> Option<&'k Jwk> {
    for key in token.candidates(keys) {
        if signatures.is_valid(key, token.algorithm(), token.signed(), token.signature()).await {
            return Some(key);
        }
    }
    None
}
