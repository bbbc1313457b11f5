//! Tokens, their digests and seals, and the keys for both. To prevent leaks, no type here prints or serialises a token.

use std::fmt;
use std::iter;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use serde::Serialize;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::base32;
use super::id::Id;
use super::time::Micros;

/// The text of a secret, presented or just made. It has no Debug, Display or Serialize. [`Token::reveal`] is the only
/// access, to digest the text, to seal it, or to show it to its owner.
#[derive(Clone)]
pub struct Token {
    text: Zeroizing<String>,
    /// The secret's id in a token made by Postern; `None` for a token that the client chose.
    embedded_id: Option<Id>,
}

/// Why a text is not a token. It has nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAToken {
    /// Not 1 to 512 visible ASCII characters.
    Characters,
    /// The text has Postern's prefix but an invalid checksum.
    Checksum,
}

impl Token {
    /// Makes a token: `<prefix><secret id>_<256 random bits>_<checksum>`.
    ///
    /// The checksum (CRC-32 of the text before it) rejects garbage without the database, and lets secret scanners
    /// recognise Postern's tokens.
    #[must_use]
    pub fn make(prefix: &str, id: Id, random: &[u8; 32]) -> Self {
        let body = format!("{prefix}{id}_{}", base32::encode(random));
        Self { text: Zeroizing::new(format!("{body}_{}", base32::checksum(&body))), embedded_id: Some(id) }
    }

    /// Reads a presented token.
    ///
    /// # Errors
    /// [`NotAToken`] for a text that cannot be a token. It is rejected without the database.
    pub fn read(text: &str, prefix: &str) -> Result<Self, NotAToken> {
        if text.is_empty() || text.len() > 512 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(NotAToken::Characters);
        }
        let embedded_id = match text.strip_prefix(prefix) {
            None => None,
            Some(rest) => Some(read_issued(text, rest).ok_or(NotAToken::Checksum)?),
        };
        Ok(Self { text: Zeroizing::new(text.to_owned()), embedded_id })
    }

    /// Returns the text, to digest it, to seal it, or to show it to its owner.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// Returns the last four characters of the random part of a token that was made here.
    #[must_use]
    pub fn hint(&self) -> &str {
        let random = self.embedded_id.and_then(|_| self.text.rsplit('_').nth(1));
        random.and_then(|random| random.get(random.len().saturating_sub(4)..)).unwrap_or_default()
    }
}

/// Returns the secret's id in a token with Postern's prefix, if the checksum is valid.
fn read_issued(text: &str, rest: &str) -> Option<Id> {
    let (body, sum) = text.rsplit_once('_')?;
    let valid: bool = base32::checksum(body).as_bytes().ct_eq(sum.as_bytes()).into();
    let (id, random) = rest.rsplit_once('_')?.0.split_once('_')?;
    // A shorter random part could be guessed from the id, which viewers see.
    let is_random = base32::decode(random).is_some_and(|bytes| bytes.len() == 32);
    (valid && is_random).then(|| Id::parse(id))?
}

/// The lifetime of an access token, in seconds. An access token is invalid as soon as its secret is.
pub const ACCESS_SECONDS: u32 = 3600;

/// Returns the end that an access token issued now carries. It has whole seconds, rounded up: the token is valid for no
/// less than [`ACCESS_SECONDS`].
#[must_use]
pub fn access_end(now: Micros) -> Micros {
    Micros((now.0 + 999_999) / 1_000_000 * 1_000_000 + i64::from(ACCESS_SECONDS) * 1_000_000)
}

/// Follows the token prefix in an access token.
const ACCESS: &str = "at_";

/// What the database finds and compares a secret by: id and keyed digest. Without the key the digest reveals nothing.
#[derive(Clone, serde::Serialize)]
pub struct Proof {
    /// The secret's id.
    pub id: Id,
    /// HMAC-SHA-256 of the token, 52 characters of base32.
    pub digest: String,
}

impl fmt::Debug for Proof {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Proof({})", self.id)
    }
}

/// A token encrypted with AES-256-GCM.
#[derive(Clone)]
pub struct Sealed {
    /// The id of the master key.
    pub key: String,
    /// Base32 of nonce and ciphertext.
    pub text: String,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Sealed(key {})", self.key)
    }
}

/// The keys derived from a master key (HKDF-SHA-256, RFC 5869), with a label for each purpose.
#[derive(Clone)]
pub struct Keys {
    id: String,
    digest: Hmac<Sha256>,
    access: Hmac<Sha256>,
    seal: Aes256Gcm,
}

impl Keys {
    /// Derives the keys of a master key.
    #[must_use]
    pub fn from_master_key(master: &[u8; 32]) -> Self {
        Self {
            id: base32::encode(&*derive::<5>(master, "id")),
            digest: mac(&derive(master, "digest")),
            access: mac(&derive(master, "access")),
            seal: Aes256Gcm::new(&(*derive::<32>(master, "seal")).into()),
        }
    }

    /// Returns the master key's id, which every row of a secret names. It reveals nothing of the key.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the proof of a token, which is stored and compared. The id of a client's own token is the first 128 bits
    /// of its digest.
    #[must_use]
    pub fn prove(&self, token: &Token) -> Proof {
        let digest = self.digest.clone().chain_update(token.reveal().as_bytes()).finalize().into_bytes();
        let (first, _) = digest.split_at(16);
        let derived_id = first.iter().fold(0, |bits: u128, byte| bits << 8 | u128::from(*byte));
        Proof { id: token.embedded_id.unwrap_or_else(|| Id::from_bits(derived_id)), digest: base32::encode(&digest) }
    }

    /// Issues an access token: `<prefix>at_<of>_<end, s>_<HMAC-SHA-256>_<checksum>`. `<of>` is `<secret id>_<its creation, µs>`, or
    /// `<credential id>_<id of a key or trust>.<its creation, µs>`.
    ///
    /// The id makes the access token invalid as soon as what it was issued for is. The time of creation is needed because
    /// a client can choose the same token again later, for another credential: the secret then has the same id. A key that is
    /// added again has the same id, too.
    #[must_use]
    pub fn issue_access(&self, prefix: &str, Access { of, end }: Access) -> Token {
        let end = end.0 / 1_000_000;
        let of = match of {
            AccessOf::Secret { id, made } => format!("{id}_{}", made.0),
            AccessOf::Means { credential, means, made } => format!("{credential}_{means}.{}", made.0),
        };
        let given = format!("{prefix}{ACCESS}{of}_{end}");
        let signature = self.access.clone().chain_update(given.as_bytes()).finalize().into_bytes();
        let body = format!("{given}_{}", base32::encode(&signature));
        Token { text: Zeroizing::new(format!("{body}_{}", base32::checksum(&body))), embedded_id: None }
    }

    fn signed_access(&self, given: &str, signature: &[u8]) -> bool {
        // `verify_slice` compares in constant time.
        self.access.clone().chain_update(given.as_bytes()).verify_slice(signature).is_ok()
    }

    /// Returns a keyed digest of a text, as 52 characters of base32. It differs by purpose.
    #[must_use]
    pub fn digest(&self, purpose: &str, text: &[u8]) -> String {
        let digest = self.digest.clone().chain_update(purpose).chain_update([0]).chain_update(text);
        base32::encode(&digest.finalize().into_bytes())
    }

    /// Encrypts a token so that a face can reveal it again. It can only be decrypted for the same tenant and credential.
    #[must_use]
    pub fn seal(&self, token: &Token, tenant: Id, credential: Id, nonce: [u8; 12]) -> Option<Sealed> {
        let aad = format!("{tenant}.{credential}");
        let payload = Payload { msg: token.reveal().as_bytes(), aad: aad.as_bytes() };
        let sealed = self.seal.encrypt(&Nonce::from(nonce), payload).ok()?;
        let text = base32::encode(&[nonce.as_slice(), &sealed].concat());
        Some(Sealed { key: self.id.clone(), text })
    }

    /// Decrypts a token; `None` if it was sealed under another key or for another credential.
    #[must_use]
    pub fn open(&self, sealed: &Sealed, tenant: Id, credential: Id) -> Option<Token> {
        let bytes = base32::decode(&sealed.text)?;
        let (nonce, text) = bytes.split_at_checked(12)?;
        let aad = format!("{tenant}.{credential}");
        let nonce = <[u8; 12]>::try_from(nonce).ok()?;
        let open = self.seal.decrypt(&Nonce::from(nonce), Payload { msg: text, aad: aad.as_bytes() }).ok()?;
        Some(Token { text: Zeroizing::new(String::from_utf8(open).ok()?), embedded_id: None })
    }
}

/// The current keys, and the previous ones while secrets move to the current ones.
#[derive(Clone)]
pub struct Keyring {
    /// The keys for writes.
    pub current: Keys,
    /// For reads of secrets that are not under the current keys yet.
    pub previous: Option<Keys>,
}

/// The content of an access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Access {
    /// What it was issued for.
    pub of: AccessOf,
    /// When the access token expires, in whole seconds. It is checked here, so SQL does not need it.
    #[serde(skip)]
    pub end: Micros,
}

/// What an access token was issued for. As soon as that is invalid, the access token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
pub enum AccessOf {
    /// A secret.
    Secret {
        /// Its id.
        id: Id,
        /// When it was created. A client may since have chosen the same token for another secret.
        made: Micros,
    },
    /// A key or a trust.
    Means {
        /// The credential that has it.
        credential: Id,
        /// Its id.
        means: Id,
        /// When it was added.
        made: Micros,
    },
}

impl Keyring {
    /// Returns how many keys there are: [`Keyring::prove`] makes a proof under each.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is always the current key")]
    pub fn len(&self) -> usize {
        self.keys().count()
    }

    /// Returns the proofs of a token under all keys, the current one's first.
    #[must_use]
    pub fn prove(&self, token: &Token) -> Vec<Proof> {
        self.keys().map(|keys| keys.prove(token)).collect()
    }

    /// Decrypts a token with the keys that sealed it; `None` if they are not configured.
    #[must_use]
    pub fn open(&self, sealed: &Sealed, tenant: Id, credential: Id) -> Option<Token> {
        self.keys().find(|keys| keys.id == sealed.key)?.open(sealed, tenant, credential)
    }

    /// Reads an access token. Returns `None` if it is malformed, expired, or signed by a key that is not configured.
    #[must_use]
    pub fn read_access(&self, text: &str, prefix: &str, now: Micros) -> Option<Access> {
        let (body, sum) = text.rsplit_once('_')?;
        let valid: bool = base32::checksum(body).as_bytes().ct_eq(sum.as_bytes()).into();
        let (given, signature) = body.rsplit_once('_').filter(|_| valid)?;
        let (id, times) = given.strip_prefix(prefix)?.strip_prefix(ACCESS)?.split_once('_')?;
        let (made, end) = times.split_once('_')?;
        let (id, end) = (Id::parse(id)?, end.parse::<i64>().ok()?);
        let time = |text: &str| text.parse().ok().map(Micros);
        let of = match made.split_once('.') {
            Some((means, made)) => AccessOf::Means { credential: id, means: Id::parse(means)?, made: time(made)? },
            None => AccessOf::Secret { id, made: time(made)? },
        };
        let signature = base32::decode(signature)?;
        let signed = self.keys().any(|keys| keys.signed_access(given, &signature));
        let end = Micros(end.checked_mul(1_000_000)?);
        (signed && now.0 / 1_000_000 < end.0 / 1_000_000).then_some(Access { of, end })
    }

    fn keys(&self) -> impl Iterator<Item = &Keys> {
        iter::once(&self.current).chain(&self.previous)
    }
}

fn derive<const LENGTH: usize>(master: &[u8; 32], label: &str) -> Zeroizing<[u8; LENGTH]> {
    let mut key = Zeroizing::new([0; LENGTH]);
    let expanded = Hkdf::<Sha256>::new(None, master).expand(format!("postern {label}").as_bytes(), &mut *key);
    debug_assert!(expanded.is_ok(), "HKDF-SHA-256 expands to at most 8160 bytes");
    key
}

fn mac(key: &[u8; 32]) -> Hmac<Sha256> {
    <Hmac<Sha256> as KeyInit>::new(&{
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        for (to, from) in block.iter_mut().zip(key) {
            *to = *from;
        }
        block
    })
}

/// Compares two texts of any length in constant time, for the root token.
#[must_use]
pub fn same(left: &str, right: &str) -> bool {
    // Digests, because `ct_eq` of slices of different lengths returns early.
    let digest = |text: &str| <Sha256 as sha2::Digest>::digest(text.as_bytes());
    digest(left).ct_eq(&digest(right)).into()
}

#[cfg(test)]
mod tests;
