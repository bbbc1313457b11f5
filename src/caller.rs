//! From what a request presents to a proof of who calls. Whether the proof holds is judged in the verdict, with the rest.

use std::collections::BTreeMap;

use base64ct::{Base64, Encoding};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::credential::id::Id;
use crate::credential::secret::{Access, Keyring, Proof, Token, same};
use crate::credential::time::Micros;
use crate::refusal::{Refusal, Unreadable};
use crate::request::{Headers, form_decoded};
use crate::settings::Settings;

/// Who calls: root, a secret and its digest, or a secret that a signed access token names. There is no fourth case.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Caller {
    /// The root token, compared here.
    Root {
        /// Always true: how the command says it.
        root: bool,
    },
    /// A secret, to be found by its id and compared by its digest.
    Secret {
        /// The proofs of which one has to hold.
        proofs: Vec<Proof>,
        /// The credential that the secret has to belong to, where the caller named it.
        #[serde(skip_serializing_if = "Option::is_none")]
        client: Option<Id>,
    },
    /// An access token, its signature and its end verified here.
    Access {
        /// The secret that it was issued for.
        access: Id,
        /// When that was made: a client's own token may have been given again since.
        made: Micros,
        /// When it ends: judged here, so the statements do not need it.
        #[serde(skip)]
        end: Micros,
    },
}

impl Caller {
    /// Whether the root token calls.
    #[must_use]
    pub fn is_root(&self) -> bool {
        matches!(self, Self::Root { .. })
    }

    /// The end that an access token carries; `None` for any other caller.
    #[must_use]
    pub fn access_end(&self) -> Option<Micros> {
        match self {
            Self::Access { end, .. } => Some(*end),
            Self::Root { .. } | Self::Secret { .. } => None,
        }
    }

    /// The credential that the caller says it is, or else the secret that it says it has; not judged, so not to be trusted.
    #[must_use]
    pub fn named(&self) -> Option<Id> {
        match self {
            Self::Root { .. } => None,
            Self::Secret { client: Some(client), .. } => Some(*client),
            Self::Secret { proofs, .. } => proofs.first().map(|proof| proof.id),
            Self::Access { access, .. } => Some(*access),
        }
    }

    /// Reads who calls: `Authorization: Bearer` with a secret, an access token or `client_id:client_secret`, or `Basic` with the
    /// latter; the scheme in any case. Without `Authorization`, the header named by `other` (LiteGraph's `x-token`).
    ///
    /// # Errors
    /// `Unauthenticated` for nothing, and for garbage: it costs no trip.
    pub fn read(headers: &dyn Headers, other: Option<&str>, settings: &Settings, now: Micros) -> Result<Self, Refusal> {
        let presented = |header: &str| headers.get(header).map(Zeroizing::new);
        let Some(authorization) = presented("authorization") else {
            let token = other.and_then(presented).ok_or(Refusal::Unauthenticated)?;
            return Self::bearer(token.trim(), settings, now);
        };
        let (scheme, rest) = scheme(&authorization)?;
        if scheme.eq_ignore_ascii_case("bearer") {
            return Self::bearer(rest, settings, now);
        }
        Self::basic(headers, settings)
    }

    /// Reads how a client authenticates at an OAuth endpoint (RFC 6749 §2.3): by `client_id` and `client_secret` in the form, or
    /// as `presented` in `Authorization`. A `client_id` next to a client's `Authorization` has to be the same.
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
            Self::Secret { client: None, .. } | Self::Root { .. } | Self::Access { .. } => false,
        };
        if is_another { Err(Refusal::Unreadable(Unreadable::Form)) } else { Ok(caller) }
    }

    /// Reads a client's id and secret from `Authorization: Basic` (RFC 7617), and from nothing else. RFC 6749 §2.3.1 form-encodes
    /// both, and many clients do not. So where decoding makes a difference, the secret as it stands is proved first, then the decoded one.
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
        // Nothing that was made here has one of these. No id has a colon, encoded or not.
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
        let at = proofs.iter().position(|proof| proof.id == found)?;
        proofs.get(at - at % keys.len())
    }

    /// Reads a token that somebody asks about: a secret or an access token. `None` for the root token, and for what is none.
    #[must_use]
    pub fn presented(text: &str, settings: &Settings, now: Micros) -> Option<Self> {
        Self::bearer(text, settings, now).ok().filter(|caller| !caller.is_root())
    }

    fn bearer(text: &str, settings: &Settings, now: Micros) -> Result<Self, Refusal> {
        if same(text, &settings.root_token) {
            return Ok(Self::Root { root: true });
        }
        if text.starts_with("client_") && text.contains(':') {
            let (client, proofs) = read_pair(text, settings).ok_or(Refusal::Unauthenticated)?;
            return Ok(Self::Secret { proofs, client: Some(client) });
        }
        if let Some(Access { secret, made, end }) = settings.keys.read_access(text, &settings.token_prefix, now) {
            return Ok(Self::Access { access: secret, made, end });
        }
        let token = Token::read(text, &settings.token_prefix).map_err(|_| Refusal::Unauthenticated)?;
        Ok(Self::Secret { proofs: settings.keys.prove(&token), client: None })
    }

    /// Reads a client's id and its secret: never an access token, which could otherwise be exchanged for a younger one.
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

/// The same of `id:secret`.
fn read_pair(pair: &str, settings: &Settings) -> Option<(Id, Vec<Proof>)> {
    let (id, secret) = pair.split_once(':')?;
    read_client(id, secret, settings)
}

/// A client's id, and the proofs of its secret, if they can be such.
fn read_client(id: &str, secret: &str, settings: &Settings) -> Option<(Id, Vec<Proof>)> {
    let (client, token) = (Id::parse_client(id)?, Token::read(secret, &settings.token_prefix).ok()?);
    Some((client, settings.keys.prove(&token)))
}

/// The scheme and the rest of an `Authorization` header.
fn scheme(authorization: &str) -> Result<(&str, &str), Refusal> {
    let (scheme, rest) = authorization.trim().split_once(' ').ok_or(Refusal::Unauthenticated)?;
    Ok((scheme, rest.trim()))
}

/// What a caller may do, each including what is before it (docs/ARCHITECTURE.md, "Rights").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Nothing: what roles it has are limited to a resource, or are the tenant's own.
    Anyone = 0,
    /// Reads.
    Viewer = 1,
    /// Changes names and descriptions.
    Editor = 2,
    /// Does everything within its tenant.
    Admin = 3,
    /// Does everything.
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
