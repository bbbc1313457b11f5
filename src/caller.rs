//! Reads authentication from a request. Whether the proof is valid is part of the verdict, in SQL.

use std::collections::BTreeMap;

use base64ct::{Base64, Encoding};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::credential::id::Id;
use crate::credential::secret::{Access, AccessOf, Keyring, Proof, Token, same};
use crate::credential::time::Micros;
use crate::refusal::{Refusal, Unreadable};
use crate::request::{Headers, form_decoded};
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
        /// For each reading of the secret (Basic has up to two) one proof per configured key, the current key's first.
        proofs: Vec<Proof>,
        /// The credential that the secret must belong to, if the caller gave a client id.
        #[serde(skip_serializing_if = "Option::is_none")]
        client: Option<Id>,
    },
    /// An access token, whose signature and end are already verified.
    Access(Access),
}

/// What the database finds a token to be verified by: one of the readings of the token of an item.
#[derive(Clone, Debug, Serialize)]
pub struct Claim {
    /// The index of the item.
    pub item: usize,
    /// What identifies the token.
    #[serde(flatten)]
    pub claimed: Claimed,
    /// The credential that the secret must belong to, if the token has a client id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<Id>,
    /// The proof of the same secret under the current master key, if this one is under the previous key.
    #[serde(skip)]
    pub current: Option<Proof>,
}

/// The token that a [`Claim`] is about.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Claimed {
    /// A secret.
    Secret(Proof),
    /// An access token, whose signature and end are already verified.
    Access(Access),
}

impl Claim {
    /// Returns the end that an access token carries.
    #[must_use]
    pub fn access_end(&self) -> Option<Micros> {
        match self.claimed {
            Claimed::Secret(_) => None,
            Claimed::Access(access) => Some(access.end),
        }
    }
}

impl Caller {
    /// Returns the claims of a token to be verified, for the item at this index. The root token has none. `keys` is the number of
    /// master keys.
    #[must_use]
    pub fn claims(self, item: usize, keys: usize) -> Vec<Claim> {
        match self {
            Self::Root { .. } => Vec::new(),
            Self::Secret { proofs, client } => {
                // Each reading has one proof per key, the current key's first.
                let of_reading = |reading: &[Proof]| {
                    let current = reading.first().cloned();
                    let claim = |(index, proof): (usize, &Proof)| {
                        let current = current.clone().filter(|_| index > 0);
                        Claim { item, claimed: Claimed::Secret(proof.clone()), client, current }
                    };
                    reading.iter().enumerate().map(claim).collect::<Vec<_>>()
                };
                proofs.chunks(keys).flat_map(of_reading).collect()
            }
            Self::Access(access) => {
                vec![Claim { item, claimed: Claimed::Access(access), client: None, current: None }]
            }
        }
    }

    /// Returns whether the caller has the root token.
    #[must_use]
    pub fn is_root(&self) -> bool {
        matches!(self, Self::Root { .. })
    }

    /// Returns the end that an access token carries; `None` for any other caller.
    #[must_use]
    pub fn access_end(&self) -> Option<Micros> {
        match self {
            Self::Access(access) => Some(access.end),
            Self::Root { .. } | Self::Secret { .. } => None,
        }
    }

    /// Returns the id of the claimed credential, or else of the claimed secret. Not verified: do not trust it.
    #[must_use]
    pub fn claimed_id(&self) -> Option<Id> {
        match self {
            Self::Root { .. } => None,
            Self::Secret { client: Some(client), .. } => Some(*client),
            Self::Secret { proofs, .. } => proofs.first().map(|proof| proof.id),
            Self::Access(Access {
                of: AccessOf::Secret { id, .. } | AccessOf::Means { credential: id, .. }, ..
            }) => Some(*id),
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

    /// Reads how a client authenticates at an OAuth endpoint (RFC 6749 §2.3): by `client_id` and `client_secret` in the
    /// form, or as `presented` in `Authorization`. A `client_id` next to a client's `Authorization` must be the same.
    ///
    /// # Errors
    /// As [`Caller::read`]; `Unreadable` for two methods in one request, or two clients.
    pub fn oauth(
        form: &BTreeMap<String, Zeroizing<String>>,
        headers: &dyn Headers,
        settings: &Settings,
        presented: Result<Self, Refusal>,
    ) -> Result<Self, Refusal> {
        let id = form.get("client_id");
        if let Some(secret) = form.get("client_secret") {
            if headers.get("authorization").is_some() {
                return Err(Refusal::Unreadable(Unreadable::Form));
            }
            return Self::client(id.ok_or(Refusal::Unauthenticated)?, secret, settings);
        }
        let caller = presented?;
        let is_another = match &caller {
            Self::Secret { client: Some(client), .. } => id.is_some_and(|id| Id::parse_client(id) != Some(*client)),
            Self::Secret { client: None, .. } | Self::Root { .. } | Self::Access(_) => false,
        };
        if is_another { Err(Refusal::Unreadable(Unreadable::Form)) } else { Ok(caller) }
    }

    /// Reads a client's id and secret from `Authorization: Basic` (RFC 7617) only. RFC 6749 §2.3.1 form-encodes both, and
    /// many clients do not: where decoding makes a difference, the secret is tried as it was sent, then decoded.
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
        let mut read = read_pair(pair, settings);
        // A token made by Postern has neither, so this concerns chosen secrets only. In both readings the first colon
        // ends the id.
        if pair.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
            let decoded = Zeroizing::new(form_decoded(pair));
            if let Some((client, proofs)) = read_pair(&decoded, settings) {
                read.get_or_insert((client, Vec::new())).1.extend(proofs);
            }
        }
        let (client, proofs) = read.ok_or(Refusal::Unauthenticated)?;
        Ok(Self::Secret { proofs, client: Some(client) })
    }

    /// Returns the proof, under the current key, of the token whose proof has this id: a caller may present two.
    #[must_use]
    pub fn current_proof(&self, found: Id, keys: &Keyring) -> Option<&Proof> {
        let Self::Secret { proofs, .. } = self else { return None };
        // Each reading has as many proofs as there are keys.
        let at = proofs.iter().position(|proof| proof.id == found)?;
        proofs.get(at - at % keys.len())
    }

    /// Reads a token as it stands after `Bearer`.
    ///
    /// # Errors
    /// `Unauthenticated` for a malformed token.
    pub fn bearer(text: &str, settings: &Settings, now: Micros) -> Result<Self, Refusal> {
        if same(text, &settings.root_token) {
            return Ok(Self::Root { root: true });
        }
        if text.starts_with("client_") && text.contains(':') {
            let (client, proofs) = read_pair(text, settings).ok_or(Refusal::Unauthenticated)?;
            return Ok(Self::Secret { proofs, client: Some(client) });
        }
        if let Some(access) = settings.keys.read_access(text, &settings.token_prefix, now) {
            return Ok(Self::Access(access));
        }
        let token = Token::read(text, &settings.token_prefix).map_err(|_| Refusal::Unauthenticated)?;
        Ok(Self::Secret { proofs: settings.keys.prove(&token), client: None })
    }

    /// Reads a client's id and secret. An access token is rejected as a secret: it could be renewed forever otherwise.
    ///
    /// # Errors
    /// As [`Caller::read`].
    pub fn client(id: &str, secret: &str, settings: &Settings) -> Result<Self, Refusal> {
        let (client, proofs) = read_client(id, secret, settings).ok_or(Refusal::Unauthenticated)?;
        Ok(Self::Secret { proofs, client: Some(client) })
    }

    /// Returns whether a request presents a Bearer token, or one in the header named by `other`.
    #[must_use]
    pub fn presents_token(headers: &dyn Headers, other: Option<&str>) -> bool {
        match headers.get("authorization").map(Zeroizing::new) {
            Some(authorization) => scheme(&authorization)
                .is_ok_and(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()),
            None => {
                other.and_then(|other| headers.get(other)).map(Zeroizing::new).is_some_and(|token| !token.is_empty())
            }
        }
    }
}

/// Reads `id:secret` as [`read_client`] does.
fn read_pair(pair: &str, settings: &Settings) -> Option<(Id, Vec<Proof>)> {
    let (id, secret) = pair.split_once(':')?;
    read_client(id, secret, settings)
}

/// Returns a client's id and the proofs of its secret; `None` if either is malformed.
fn read_client(id: &str, secret: &str, settings: &Settings) -> Option<(Id, Vec<Proof>)> {
    let (client, token) = (Id::parse_client(id)?, Token::read(secret, &settings.token_prefix).ok()?);
    Some((client, settings.keys.prove(&token)))
}

/// Splits an `Authorization` header into scheme and credentials.
fn scheme(authorization: &str) -> Result<(&str, &str), Refusal> {
    let (scheme, rest) = authorization.trim().split_once(' ').ok_or(Refusal::Unauthenticated)?;
    Ok((scheme, rest.trim()))
}

/// What a caller may do. Each rank includes those below it (docs/MODEL.md, "Rights").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// May use itself only.
    Anyone = 0,
    /// May verify tokens.
    Verifier = 1,
    /// May read.
    Reader = 2,
    /// May change names and descriptions.
    Editor = 3,
    /// May do everything else in its tenant.
    Admin = 4,
    /// May do everything, in every tenant.
    Root = 5,
}

impl<'de> Deserialize<'de> for Rank {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ranks = [Self::Anyone, Self::Verifier, Self::Reader, Self::Editor, Self::Admin, Self::Root];
        let number = usize::deserialize(deserializer)?;
        ranks.get(number).copied().ok_or_else(|| serde::de::Error::custom("not a rank"))
    }
}

impl Serialize for Rank {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(*self as u8)
    }
}
