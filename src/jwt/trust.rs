//! A trust: an issuer, and what a token of it must say to be accepted instead of a secret.

use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::claims::Claims;
use super::fault::Fault;
use super::is_text;
use super::jws::{Jws, Rejection, TRUST_LIFETIME_MAX};
use super::set::Set;
use super::signature::{Signatures, signer};
use super::subject::Subject;
use crate::credential::means::has_expired;
use crate::credential::time::Micros;

/// The names of the members of a stored trust.
pub mod member {
    /// The issuer: its tokens' `iss`.
    pub const ISSUER: &str = "issuer";
    /// The accepted subjects.
    pub const SUBJECT: &str = "subject";
    /// The audience.
    pub const AUDIENCE: &str = "audience";
    /// The required claims.
    pub const CLAIMS: &str = "claims";
    /// The keys of the issuer, if they are not fetched.
    pub const JWKS: &str = "jwks";
    /// There, and true, if a token is accepted only once.
    pub const ONCE: &str = "once";
    /// For how many seconds an access token is valid.
    pub const TOKEN_SECONDS: &str = "token_seconds";
}

/// The bounds of `token_seconds`.
pub const TOKEN_SECONDS: RangeInclusive<i64> = 60..=3600;
/// The longest audience, in characters.
pub const AUDIENCE_MAX: usize = 512;

/// Reads an audience.
///
/// # Errors
/// What is wrong.
pub fn audience(text: &str) -> Result<String, Fault> {
    let is_right = is_text(text, 1..=AUDIENCE_MAX);
    let wrong = || Fault::whole("must be 1 to 512 characters, without control characters");
    is_right.then(|| text.to_owned()).ok_or_else(wrong)
}

/// A member that a trust requires of a token.
#[derive(Clone, Serialize, JsonSchema)]
pub struct Member {
    /// Its name in the token, or the JSON pointer of a claim.
    pub name: String,
    /// What the trust requires.
    pub required: Value,
    /// What the token has; of a claim that is a list, an object or absent, that word.
    pub found: Value,
    /// Whether that is accepted.
    pub matches: bool,
}

/// How a token compares with a trust.
#[derive(Default)]
pub struct Comparison {
    /// Why the token is rejected other than for a member, as the rest of a sentence that starts with "The token".
    pub problem: Option<&'static str>,
    /// Each member that the trust requires.
    pub members: Vec<Member>,
}

impl Comparison {
    /// Returns whether the trust accepts the token, if the issuer signed it.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.problem.is_none() && self.members.iter().all(|member| member.matches)
    }
}

/// A stored trust.
#[derive(Clone, Copy)]
pub struct Trust<'m>(pub &'m Map<String, Value>);

impl Trust<'_> {
    /// Compares what a token says with what the trust requires of it at a time. Not checked here: the signature, and whether the
    /// token was used before. A trust that cannot be read accepts nothing.
    ///
    /// `service` is the issuer of access tokens, if the token may also be for its token endpoint.
    #[must_use]
    pub fn compare(self, token: &Jws<'_>, now: Micros, service: Option<&str>) -> Comparison {
        let text = |name: &str, required: &str, found: &str, matches| Member {
            name: name.to_owned(),
            required: required.into(),
            found: found.into(),
            matches,
        };
        let [issuer, subject, audience] =
            [member::ISSUER, member::SUBJECT, member::AUDIENCE].map(|name| self.text(name));
        let is_subject = Subject::parse(subject).is_ok_and(|subject| subject.matches(token.subject()));
        // RFC 7523 §3, where the trust has the default audience.
        let is_endpoint = service == Some(audience) && token.audience().strip_prefix(audience) == Some("/oauth/token");
        let mut members = vec![
            text("iss", issuer, token.issuer(), token.issuer() == issuer),
            text("sub", subject, token.subject(), is_subject),
            text("aud", audience, token.audience(), token.audience() == audience || is_endpoint),
        ];
        let mut problem = self.problem(token, now);
        match self.0.get(member::CLAIMS).map_or_else(|| Ok(Claims::default()), Claims::read) {
            Ok(claims) => members.extend(claims.compare(token.claims()).map(|compared| Member {
                name: compared.name.to_owned(),
                required: compared.expected.clone(),
                found: compared.found().cloned().unwrap_or_else(|| compared.kind().into()),
                matches: compared.matches(),
            })),
            Err(_) => problem = problem.or(Some("is compared with claims that cannot be read")),
        }
        Comparison { problem, members }
    }

    fn problem(self, token: &Jws<'_>, now: Micros) -> Option<&'static str> {
        if let Err(Rejection { problem }) = token.judge_times(now, TRUST_LIFETIME_MAX) {
            return Some(problem);
        }
        if token.is_client_authentication() {
            return Some("has a typ that only a client's own key may sign");
        }
        if has_expired(self.0, now) {
            return Some("is presented after the trust has expired (expires_at)");
        }
        if self.is_once() && token.id().is_none() {
            return Some("has no jti, which a trust with once requires");
        }
        None
    }

    /// Returns whether the keys of the trust signed a token; `None` if the issuer's keys are fetched.
    pub async fn has_signed(self, token: &Jws<'_>, signatures: &dyn Signatures) -> Option<bool> {
        let set = self.0.get(member::JWKS)?;
        let keys = Set::read(set).map(|set| set.keys).unwrap_or_default();
        Some(signer(token, &keys, signatures).await.is_some())
    }

    /// Returns whether a token is accepted only once.
    #[must_use]
    pub fn is_once(self) -> bool {
        self.0.contains_key(member::ONCE)
    }

    /// Returns when an access token for a token that is exchanged now ends, in whole seconds: with the token, or after the
    /// seconds of the trust.
    #[must_use]
    pub fn access_end(self, token: &Jws<'_>, now: Micros) -> Micros {
        let seconds = self.0.get(member::TOKEN_SECONDS).and_then(Value::as_i64);
        let after = |seconds| Micros((now.0 / 1_000_000 + seconds) * 1_000_000);
        seconds.map_or(token.expires_at(), after)
    }

    fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}
