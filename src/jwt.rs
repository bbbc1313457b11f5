//! Signed JSON Web Tokens that a workload presents instead of a secret: the reader, keys, and what a trust requires.
//!
//! Pure: the signature itself is checked behind [`signature::Signatures`], and nothing here reads a clock, the database or
//! the network. A token passes [`jws::Jws::parse`], then [`jws::Jws::judge_times`], then [`signature::signer`]; a trust also
//! checks what it says ([`trust::Trust::compare`]). Which keys count is the caller's decision.

pub mod claims;
pub mod fault;
pub mod fetch;
pub mod issuer;
pub mod jwk;
pub mod jws;
pub mod set;
pub mod signature;
pub mod subject;
pub mod trust;

use std::ops::RangeInclusive;

/// Returns whether a text has one of these lengths, in characters, and no control characters, which the database does not store.
fn is_text(text: &str, lengths: RangeInclusive<usize>) -> bool {
    lengths.contains(&text.chars().count()) && !text.contains(char::is_control)
}
