//! `WWW-Authenticate`, the same on every face (RFC 9110 §11.6.1, RFC 6750 §3).

use crate::caller::Caller;
use crate::face::Face;
use crate::refusal::Refusal;
use crate::request::Headers;

/// Returns the challenge of an error with this status, if it has one. It has an `error` only for a caller that presented something:
/// `invalid_token` for a Bearer token that was not accepted, `insufficient_scope` for a right that is missing.
pub(super) fn challenge(face: &Face, headers: &dyn Headers, refusal: &Refusal, status: u16) -> Option<String> {
    let lacks_a_right = matches!(refusal, Refusal::Forbidden | Refusal::ForbiddenChange);
    let error = if lacks_a_right {
        ", error=\"insufficient_scope\""
    } else if status != 401 {
        return None;
    } else if matches!(refusal, Refusal::Unauthenticated | Refusal::Inactive)
        && Caller::presents_token(headers, face.token_header)
    {
        ", error=\"invalid_token\""
    } else {
        ""
    };
    // "MUST … include the WWW-Authenticate response header field matching the authentication scheme" (RFC 6749 §5.2).
    let other = if face.is_oauth { ", Basic realm=\"postern\"" } else { "" };
    Some(format!("Bearer realm=\"postern\"{error}{other}"))
}
