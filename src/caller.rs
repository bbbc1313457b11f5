//! Reads authentication from a request. Whether the proof is valid is part of the verdict, in SQL.

use base64ct::{Base64, Encoding};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::credential::id::Id;
use crate::credential::secret::{Access, Proof, Token, same};
use crate::credential::time::Micros;
use crate::refusal::Refusal;
use crate::request::Headers;
use crate::settings::Settings;

/// A caller's proof: the root token, a secret's digest, or a signed access token.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Caller {
    /// The root token, which is already verified.
    Root {
        /// Always true: marks root in the command's JSON.
        root: bool,
    },
    /// A secret, which the database finds by id and compares by digest.
    Secret {
        /// One proof per configured key; any of them may match.
        proofs: Vec<Proof>,
        /// The credential that the secret must belong to, if the caller gave a client id.
        #[serde(skip_serializing_if = "Option::is_none")]
        client: Option<Id>,
    },
    /// An access token, whose signature and end are already verified.
    Access {
        /// The secret that the access token was issued for.
        access: Id,
        /// When the secret was created. A client may since have chosen the same token for another secret.
        made: Micros,
        /// When the access token expires.
        end: Micros,
    },
}

impl Caller {
    /// Returns whether the caller has the root token.
    #[must_use]
    pub fn is_root(&self) -> bool {
        matches!(self, Self::Root { .. })
    }

    /// Returns the id of the claimed credential, or else of the claimed secret. Not verified: do not trust it.
    #[must_use]
    pub fn claimed_id(&self) -> Option<Id> {
        match self {
            Self::Root { .. } => None,
            Self::Secret { client: Some(client), .. } => Some(*client),
            Self::Secret { proofs, .. } => proofs.first().map(|proof| proof.id),
            Self::Access { access, .. } => Some(*access),
        }
    }

    /// Reads the caller from `Authorization`: `Bearer` with a secret, an access token or `client_id:client_secret`, or
    /// `Basic` with `client_id:client_secret`; the scheme in any case. Without `Authorization`, reads the token from
    /// the header `token_header` (LiteGraph's `x-token`).
    ///
    /// # Errors
    /// `Unauthenticated` for missing or malformed authentication, without a round trip.
    pub fn read(
        headers: &dyn Headers,
        token_header: Option<&str>,
        settings: &Settings,
        now: Micros,
    ) -> Result<Self, Refusal> {
        let presented = |header: &str| headers.get(header).map(Zeroizing::new);
        let Some(authorization) = presented("authorization") else {
            let token = token_header.and_then(presented).ok_or(Refusal::Unauthenticated)?;
            return Self::bearer(token.trim(), settings, now);
        };
        let (scheme, rest) = scheme(&authorization)?;
        if scheme.eq_ignore_ascii_case("bearer") {
            return Self::bearer(rest, settings, now);
        }
        Self::basic(headers, settings)
    }

    /// Reads a client's id and secret from `Authorization: Basic` (RFC 7617) only.
    ///
    /// # Errors
    /// As [`Caller::read`].
    pub fn basic(headers: &dyn Headers, settings: &Settings) -> Result<Self, Refusal> {
        let authorization = headers.get("authorization").map(Zeroizing::new).ok_or(Refusal::Unauthenticated)?;
        let (scheme, rest) = scheme(&authorization)?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(Refusal::Unauthenticated);
        }
        let bytes = Base64::decode_vec(rest).map(Zeroizing::new).map_err(|_| Refusal::Unauthenticated)?;
        let pair = std::str::from_utf8(&bytes).map_err(|_| Refusal::Unauthenticated)?;
        Self::pair(pair, settings)
    }

    /// Reads a token to verify: a secret or an access token. `None` for the root token and for malformed tokens.
    #[must_use]
    pub fn presented(text: &str, settings: &Settings, now: Micros) -> Option<Self> {
        Self::bearer(text, settings, now).ok().filter(|caller| !caller.is_root())
    }

    fn bearer(text: &str, settings: &Settings, now: Micros) -> Result<Self, Refusal> {
        if same(text, &settings.root_token) {
            return Ok(Self::Root { root: true });
        }
        if text.starts_with("client_") && text.contains(':') {
            return Self::pair(text, settings);
        }
        if let Some(Access { secret, made, end }) = settings.keys.read_access(text, &settings.token_prefix, now) {
            return Ok(Self::Access { access: secret, made, end });
        }
        Self::secret(text, None, settings)
    }

    fn pair(pair: &str, settings: &Settings) -> Result<Self, Refusal> {
        let (id, secret) = pair.split_once(':').ok_or(Refusal::Unauthenticated)?;
        Self::client(id, secret, settings)
    }

    /// Reads a client's id and secret. An access token is rejected as a secret: it could be renewed forever otherwise.
    ///
    /// # Errors
    /// As [`Caller::read`].
    pub fn client(id: &str, secret: &str, settings: &Settings) -> Result<Self, Refusal> {
        let id = Id::parse_client(id).ok_or(Refusal::Unauthenticated)?;
        Self::secret(secret, Some(id), settings)
    }

    fn secret(text: &str, client: Option<Id>, settings: &Settings) -> Result<Self, Refusal> {
        let token = Token::read(text, &settings.token_prefix).map_err(|_| Refusal::Unauthenticated)?;
        Ok(Self::Secret { proofs: settings.keys.prove(&token), client })
    }
}

/// Splits an `Authorization` header into scheme and credentials.
fn scheme(authorization: &str) -> Result<(&str, &str), Refusal> {
    let (scheme, rest) = authorization.trim().split_once(' ').ok_or(Refusal::Unauthenticated)?;
    Ok((scheme, rest.trim()))
}

/// What a caller may do. Each rank includes those below it (docs/ARCHITECTURE.md, "Rights").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// May log in only: all roles are limited to a resource, or are the tenant's own.
    Anyone = 0,
    /// May read and verify.
    Viewer = 1,
    /// May change names and descriptions.
    Editor = 2,
    /// May do everything else in its tenant.
    Admin = 3,
    /// May do everything, in every tenant.
    Root = 4,
}

impl<'de> Deserialize<'de> for Rank {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ranks = [Self::Anyone, Self::Viewer, Self::Editor, Self::Admin, Self::Root];
        let number = usize::deserialize(deserializer)?;
        ranks.get(number).copied().ok_or_else(|| serde::de::Error::custom("not a rank"))
    }
}

impl Serialize for Rank {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(*self as u8)
    }
}
