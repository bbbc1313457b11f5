//! A trust: an issuer, and what a token of it must say to be accepted instead of a secret.

use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::claims::Claims;
use super::fault::Fault;
use super::is_text;
use super::jwk::Jwk;
use super::jws::Jws;
use super::set::Set;
use super::subject::Subject;
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

/// A stored trust.
#[derive(Clone, Copy)]
pub struct Trust<'m>(pub &'m Map<String, Value>);

impl Trust<'_> {
    /// Returns whether it accepts what a token says. Not checked here: the signature and the times of the token, and whether
    /// the trust itself has expired. A trust that cannot be read accepts nothing.
    ///
    /// `audience` is the token's, or the one that it stands for.
    #[must_use]
    pub fn accepts(self, token: &Jws<'_>, audience: &str) -> bool {
        let has_claims = || match self.0.get(member::CLAIMS) {
            None => true,
            Some(claims) => Claims::read(claims).is_ok_and(|claims| claims.matches(token.claims())),
        };
        // Only a client's own key signs a token of this type.
        self.accepts_issuer(token)
            && !token.is_client_authentication()
            && self.accepts_audience(audience)
            && self.accepts_subject(token)
            && has_claims()
    }

    /// Returns what a token must have, and what it has. All members match exactly where [`Self::accepts`] accepts the token for its own
    /// audience.
    #[must_use]
    pub fn compare(self, token: &Jws<'_>) -> Vec<Member> {
        let text = |name: &str, required: &str, found: &str, matches| Member {
            name: name.to_owned(),
            required: required.into(),
            found: found.into(),
            matches,
        };
        let [issuer, audience] = [member::ISSUER, member::AUDIENCE].map(|name| self.text(name));
        let texts = [
            text("iss", issuer, token.issuer(), self.accepts_issuer(token)),
            text("sub", self.text(member::SUBJECT), token.subject(), self.accepts_subject(token)),
            text("aud", audience, token.audience(), self.accepts_audience(token.audience())),
        ];
        let claims = self.0.get(member::CLAIMS).and_then(|claims| Claims::read(claims).ok()).unwrap_or_default();
        let claims = claims.compare(token.claims()).map(|compared| Member {
            name: compared.name.to_owned(),
            required: compared.expected.clone(),
            found: compared.found().cloned().unwrap_or_else(|| compared.kind().into()),
            matches: compared.matches(),
        });
        texts.into_iter().chain(claims).collect()
    }

    fn accepts_issuer(self, token: &Jws<'_>) -> bool {
        token.issuer() == self.text(member::ISSUER)
    }

    fn accepts_audience(self, audience: &str) -> bool {
        audience == self.text(member::AUDIENCE)
    }

    fn accepts_subject(self, token: &Jws<'_>) -> bool {
        Subject::parse(self.text(member::SUBJECT)).is_ok_and(|of| of.matches(token.subject()))
    }

    /// Returns the keys of the issuer; `None` if they are fetched.
    #[must_use]
    pub fn keys(self) -> Option<Vec<Jwk>> {
        self.0.get(member::JWKS).map(|set| Set::read(set).map(|set| set.keys).unwrap_or_default())
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
