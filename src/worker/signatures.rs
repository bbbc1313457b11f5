//! [`Signatures`] by Web Crypto.

use std::pin::Pin;

use super::glue;
use super::turns::settled;
use crate::jwt::jwk::{Algorithm, Jwk};
use crate::jwt::signature::Signatures;

/// The platform's cryptography.
pub struct WebCrypto;

impl Signatures for WebCrypto {
    fn is_valid<'a>(
        &'a self,
        key: &'a Jwk,
        algorithm: Algorithm,
        signed: &'a [u8],
        signature: &'a [u8],
    ) -> Pin<Box<dyn Future<Output = bool> + 'a>> {
        let checked = glue::is_signed(&key.public_text(), algorithm.name(), signed, signature);
        Box::pin(async { settled(checked).await.is_ok_and(|is_valid| is_valid.is_truthy()) })
    }
}
