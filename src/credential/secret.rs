//! Secrets: made, read, digested, sealed. The types make a leak hard: none of them can be printed or serialised whole.

use std::fmt;
use std::iter;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::base32;
use super::id::Id;
use super::time::Micros;

/// A secret's value, presented or just made. It has no Debug, Display or Serialize; [`Token::reveal`] is the one way out,
/// and stands where a secret is digested, sealed, or shown once to whom it belongs.
#[derive(Clone)]
pub struct Token {
    text: Zeroizing<String>,
    /// The id that a token made here carries; a client's own has none.
    carries: Option<Id>,
}

/// Why a text is no token. It says nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAToken {
    /// Not 1 to 512 visible ASCII characters.
    Characters,
    /// It wears the prefix of tokens made here and fails their checksum.
    Checksum,
}

impl Token {
    /// Makes a token: `<prefix><secret id>_<256 random bits>_<checksum>`.
    ///
    /// The checksum (CRC-32 of all before it) lets garbage be refused without the database, and lets scanners of leaked
    /// secrets tell ours from anything else.
    #[must_use]
    pub fn make(prefix: &str, id: Id, random: &[u8; 32]) -> Self {
        let body = format!("{prefix}{id}_{}", base32::encode(random));
        Self { text: Zeroizing::new(format!("{body}_{}", checksum(&body))), carries: Some(id) }
    }

    /// Reads a token as presented.
    ///
    /// # Errors
    /// [`NotAToken`] for what cannot be one: it is refused without asking the database.
    pub fn read(text: &str, prefix: &str) -> Result<Self, NotAToken> {
        if text.is_empty() || text.len() > 512 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(NotAToken::Characters);
        }
        let carries = match text.strip_prefix(prefix) {
            None => None,
            Some(rest) => Some(read_issued(text, rest).ok_or(NotAToken::Checksum)?),
        };
        Ok(Self { text: Zeroizing::new(text.to_owned()), carries })
    }

    /// The value itself: to digest, to seal, or to show it to whom it belongs.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// The last four characters of the random part; nothing of a client's own token, which may be short.
    #[must_use]
    pub fn hint(&self) -> &str {
        let random = self.carries.and_then(|_| self.text.rsplit('_').nth(1));
        random.and_then(|random| random.get(random.len().saturating_sub(4)..)).unwrap_or_default()
    }
}

/// The secret id of a token that wears our prefix, if its checksum holds.
fn read_issued(text: &str, rest: &str) -> Option<Id> {
    let (body, sum) = text.rsplit_once('_')?;
    let holds: bool = checksum(body).as_bytes().ct_eq(sum.as_bytes()).into();
    let (id, random) = rest.split_once('_')?;
    (holds && random.len() > sum.len() + 1).then(|| Id::parse(id))?
}

fn checksum(body: &str) -> String {
    base32::encode(&crc32fast::hash(body.as_bytes()).to_be_bytes())
}

/// How long an access token holds, in seconds. What ends before it, ends it: it is judged like its secret, each time.
pub const ACCESS_SECONDS: u32 = 3600;

/// The end that an access token issued now carries. It carries whole seconds, so the current second counts as begun after
/// `now`: the token is valid for no less than [`ACCESS_SECONDS`].
#[must_use]
pub fn access_end(now: Micros) -> Micros {
    Micros((now.0 + 999_999) / 1_000_000 * 1_000_000 + i64::from(ACCESS_SECONDS) * 1_000_000)
}

/// What an access token has where a secret has its id.
const ACCESS: &str = "at_";

/// How a secret is found and compared: its id and its keyed digest. The digest says nothing without the key.
#[derive(Clone, serde::Serialize)]
pub struct Proof {
    /// The secret's id.
    pub id: Id,
    /// HMAC-SHA-256 of the value, 52 characters of base32.
    pub digest: String,
}

impl fmt::Debug for Proof {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Proof({})", self.id)
    }
}

/// A secret's value under AES-256-GCM: base32 of nonce and ciphertext, and the id of the key.
#[derive(Clone)]
pub struct Sealed {
    /// Which master key.
    pub key: String,
    /// Nonce and ciphertext.
    pub text: String,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Sealed(key {})", self.key)
    }
}

/// The keys made of one master key (HKDF-SHA-256, RFC 5869): a label each, so that none serves two purposes.
#[derive(Clone)]
pub struct Keys {
    id: String,
    digest: Hmac<Sha256>,
    access: Hmac<Sha256>,
    seal: Aes256Gcm,
}

impl Keys {
    /// Makes the keys of a master key.
    #[must_use]
    pub fn from_master_key(master: &[u8; 32]) -> Self {
        Self {
            id: base32::encode(&*derive::<5>(master, "id")),
            digest: mac(&derive(master, "digest")),
            access: mac(&derive(master, "access")),
            seal: Aes256Gcm::new(&(*derive::<32>(master, "seal")).into()),
        }
    }

    /// The master key's id, kept in each row: it tells which key a row is under, and nothing of the key.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The proof of a token: what is stored of it, and what a caller is compared by. A client's own token carries no id, so
    /// the first 128 bits of its HMAC are its id.
    #[must_use]
    pub fn prove(&self, token: &Token) -> Proof {
        let digest = self.digest.clone().chain_update(token.reveal().as_bytes()).finalize().into_bytes();
        let (first, _) = digest.split_at(16);
        let own = first.iter().fold(0, |bits: u128, byte| bits << 8 | u128::from(*byte));
        Proof { id: token.carries.unwrap_or_else(|| Id::from_bits(own)), digest: base32::encode(&digest) }
    }

    /// An access token for a secret: `<prefix>at_<secret id>_<when the secret was made, in microseconds>_<end, in
    /// seconds>_<HMAC-SHA-256>_<checksum>`. It names the secret, so that whatever ends the secret ends it too; and when that was
    /// made, since a client's own token may be given again, to another credential, and has the same id then.
    #[must_use]
    pub fn issue_access(&self, prefix: &str, secret: Id, made: Micros, now: Micros) -> Token {
        let end = access_end(now).0 / 1_000_000;
        let given = format!("{prefix}{ACCESS}{secret}_{}_{end}", made.0);
        let signature = self.access.clone().chain_update(given.as_bytes()).finalize().into_bytes();
        let body = format!("{given}_{}", base32::encode(&signature));
        Token { text: Zeroizing::new(format!("{body}_{}", checksum(&body))), carries: None }
    }

    fn signed_access(&self, given: &str, signature: &[u8]) -> bool {
        // Compared in constant time by the crate.
        self.access.clone().chain_update(given.as_bytes()).verify_slice(signature).is_ok()
    }

    /// A keyed digest of any text, for one purpose: 52 characters of base32. Two purposes give two digests of one text.
    #[must_use]
    pub fn digest(&self, purpose: &str, text: &[u8]) -> String {
        let digest = self.digest.clone().chain_update(purpose).chain_update([0]).chain_update(text);
        base32::encode(&digest.finalize().into_bytes())
    }

    /// Seals a token so that a face can show it again. It opens for this tenant's credential and no other.
    #[must_use]
    pub fn seal(&self, token: &Token, tenant: Id, credential: Id, nonce: [u8; 12]) -> Option<Sealed> {
        let aad = format!("{tenant}.{credential}");
        let payload = Payload { msg: token.reveal().as_bytes(), aad: aad.as_bytes() };
        let sealed = self.seal.encrypt(&Nonce::from(nonce), payload).ok()?;
        let text = base32::encode(&[nonce.as_slice(), &sealed].concat());
        Some(Sealed { key: self.id.clone(), text })
    }

    /// Opens what [`Keys::seal`] made; `None` when it was made under another key or for another credential.
    #[must_use]
    pub fn open(&self, sealed: &Sealed, tenant: Id, credential: Id) -> Option<Token> {
        let bytes = base32::decode(&sealed.text)?;
        let (nonce, text) = bytes.split_at_checked(12)?;
        let aad = format!("{tenant}.{credential}");
        let nonce = <[u8; 12]>::try_from(nonce).ok()?;
        let open = self.seal.decrypt(&Nonce::from(nonce), Payload { msg: text, aad: aad.as_bytes() }).ok()?;
        Some(Token { text: Zeroizing::new(String::from_utf8(open).ok()?), carries: None })
    }
}

/// The key in force, and the one before it while rows move from one to the other.
#[derive(Clone)]
pub struct Keyring {
    /// What is written is under this one.
    pub current: Keys,
    /// What is read may still be under this one.
    pub previous: Option<Keys>,
}

/// What an access token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The secret that it was issued for.
    pub secret: Id,
    /// When that was made.
    pub made: Micros,
    /// When the token ends.
    pub end: Micros,
}

impl Keyring {
    /// Returns how many keys there are: [`Keyring::prove`] makes a proof under each.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is always the current key")]
    pub fn len(&self) -> usize {
        self.keys().count()
    }

    /// The proofs of a token under every key, the current one's first.
    #[must_use]
    pub fn prove(&self, token: &Token) -> Vec<Proof> {
        self.keys().map(|keys| keys.prove(token)).collect()
    }

    /// Opens a sealed value with the key that sealed it; `None` when that is neither of these.
    #[must_use]
    pub fn open(&self, sealed: &Sealed, tenant: Id, credential: Id) -> Option<Token> {
        self.keys().find(|keys| keys.id == sealed.key)?.open(sealed, tenant, credential)
    }

    /// Reads an access token: the id of the secret that it was issued for, and when that was made. `None` for any other text, for one that neither
    /// key signed, and for one whose end has come.
    #[must_use]
    pub fn read_access(&self, text: &str, prefix: &str, now: Micros) -> Option<Access> {
        let (body, sum) = text.rsplit_once('_')?;
        let holds: bool = checksum(body).as_bytes().ct_eq(sum.as_bytes()).into();
        let (given, signature) = body.rsplit_once('_').filter(|_| holds)?;
        let (id, times) = given.strip_prefix(prefix)?.strip_prefix(ACCESS)?.split_once('_')?;
        let (made, end) = times.split_once('_')?;
        let (id, made, end) = (Id::parse(id)?, Micros(made.parse().ok()?), end.parse::<i64>().ok()?);
        let signature = base32::decode(signature)?;
        let signed = self.keys().any(|keys| keys.signed_access(given, &signature));
        let end = Micros(end.checked_mul(1_000_000)?);
        (signed && now.0 / 1_000_000 < end.0 / 1_000_000).then_some(Access { secret: id, made, end })
    }

    fn keys(&self) -> impl Iterator<Item = &Keys> {
        iter::once(&self.current).chain(&self.previous)
    }
}

fn derive<const LENGTH: usize>(master: &[u8; 32], label: &str) -> Zeroizing<[u8; LENGTH]> {
    let mut key = Zeroizing::new([0; LENGTH]);
    let expanded = Hkdf::<Sha256>::new(None, master).expand(format!("postern {label}").as_bytes(), &mut *key);
    debug_assert!(expanded.is_ok(), "at most 8160 bytes can be asked for");
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

/// Compares two texts in constant time, whatever their lengths: for the root token.
#[must_use]
pub fn same(left: &str, right: &str) -> bool {
    // Of digests, since comparing slices of other lengths returns at once.
    let digest = |text: &str| <Sha256 as sha2::Digest>::digest(text.as_bytes());
    digest(left).ct_eq(&digest(right)).into()
}

#[cfg(test)]
mod tests;
