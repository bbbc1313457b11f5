//! Caller tokens: every accepted token is written back unchanged, and none is accepted that the keys did not sign.
#![no_main]

use data_encoding::BASE64;
use libfuzzer_sys::fuzz_target;
use postern::caller::Caller;
use postern::credential::id::Id;
use postern::credential::secret::{Access, AccessOf, Proof, Sealed, Token};
use postern::credential::time::Micros;
use postern::settings::Settings;
use postern_fuzz::independent::{checksum, id_bits};
use postern_fuzz::{One, PREFIX, ROOT, settings};
use std::sync::LazyLock;

static SETTINGS: LazyLock<Settings> = LazyLock::new(settings);

const NOW: Micros = Micros(1_795_219_200_000_000);
const END: Micros = Micros(NOW.0 + 3_600_000_000);
const SECRET: Id = Id::ZERO;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    // As it is; with a correct checksum; and as an access token with a correct checksum.
    present(&text);
    let issued = format!("{PREFIX}{text}");
    present(&format!("{issued}_{}", checksum(&issued)));
    let access = format!("{PREFIX}at_{text}");
    present(&format!("{access}_{}", checksum(&access)));
    present(&altered(data));
    header("authorization", &text);
    header("authorization", &format!("Basic {}", BASE64.encode(data)));
    header("x-token", &text);
    seal(&text);
});

/// A valid access token with one character replaced, and a correct checksum.
fn altered(data: &[u8]) -> String {
    const GIVEN: Access = Access { of: AccessOf::Secret { id: SECRET, made: Micros(5) }, end: END };
    static GOOD: LazyLock<String> =
        LazyLock::new(|| SETTINGS.keys.current.issue_access(PREFIX, GIVEN).reveal().to_owned());
    let [at, byte, ..] = data else { return GOOD.clone() };
    let (body, _) = GOOD.rsplit_once('_').unwrap_or_default();
    let mut body = body.as_bytes().to_vec();
    let at = usize::from(*at) % body.len();
    body[at] = byte & 127;
    let body = String::from_utf8(body).unwrap_or_default();
    format!("{body}_{}", checksum(&body))
}

/// Whether a text is 256 bits in base32.
fn is_random(text: &str) -> bool {
    text.len() == 52 && text.bytes().all(|byte| LETTERS.contains(&byte)) && matches!(text.as_bytes()[51], b'0' | b'g')
}

const LETTERS: &[u8] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A token on its own.
fn present(text: &str) {
    let read = Token::read(text, PREFIX);
    let (body, sum) = text.rsplit_once('_').unwrap_or_default();
    let is_visible = (1..=512).contains(&text.len()) && text.bytes().all(|byte| (33..=126).contains(&byte));
    let holds = || {
        let (id, random) = body.strip_prefix(PREFIX)?.split_once('_')?;
        (sum == checksum(body) && is_random(random)).then(|| id_bits(id))?
    };
    let carries = holds();
    assert_eq!(read.is_ok(), is_visible && (carries.is_some() || !text.starts_with(PREFIX)), "{text}");
    if let Ok(token) = &read {
        assert_eq!(token.reveal(), text);
        assert!(token.hint().len() <= 4 && (carries.is_some() || token.hint().is_empty()));
        let [Proof { id, digest }] = &SETTINGS.keys.prove(token)[..] else { panic!("one key, one proof") };
        assert!(digest.len() == 52 && carries.is_none_or(|bits| *id == Id::from_bits(bits)));
    }
    if let Some(access @ Access { end, .. }) = SETTINGS.keys.read_access(text, PREFIX, NOW) {
        // The holder of the key would have issued exactly this token.
        let issued = SETTINGS.keys.current.issue_access(PREFIX, access);
        assert_eq!(issued.reveal(), text, "a forged access token");
        assert!(end > NOW);
        assert!(read.is_err(), "an access token is not a secret");
        assert_eq!(SETTINGS.keys.read_access(text, PREFIX, end), None, "it ends");
    }
    // Only the root token has no claims: no verification finds it.
    if let Ok(caller) = Caller::bearer(text, &SETTINGS, NOW) {
        let is_root = caller.is_root();
        assert_eq!(is_root, caller.claims(0, SETTINGS.keys.len()).is_empty(), "{text}");
    }
}

/// A token in a header: the caller is root, or what the header spells.
fn header(name: &'static str, value: &str) {
    let headers = One(name, value);
    let other = (name == "x-token").then_some(name);
    let Ok(caller) = Caller::read(&headers, other, &SETTINGS, NOW) else { return };
    let value = value.trim();
    let (scheme, rest) = if other.is_some() { ("bearer", value) } else { value.split_once(' ').unwrap_or_default() };
    let rest = rest.trim();
    let presented = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => rest.to_owned(),
        "basic" => {
            let pair = BASE64.decode(rest.as_bytes()).expect("accepted, so it is canonical base64");
            String::from_utf8(pair).expect("accepted, so it is UTF-8")
        }
        other => panic!("accepted by the scheme {other}"),
    };
    match caller {
        Caller::Root { root } => assert!(root && presented == ROOT && !scheme.eq_ignore_ascii_case("basic")),
        Caller::Access(_) => {
            assert!(SETTINGS.keys.read_access(&presented, PREFIX, NOW).is_some())
        }
        Caller::Secret { proofs, client } => {
            let secret = match client {
                None => presented.as_str(),
                Some(client) => presented.strip_prefix(&format!("{}:", client.client())).expect("the id and a colon"),
            };
            let digests =
                |proofs: &[Proof]| proofs.iter().map(|proof| (proof.id, proof.digest.clone())).collect::<Vec<_>>();
            let proofs = digests(&proofs);
            let as_sent = Token::read(secret, PREFIX).map(|token| digests(&SETTINGS.keys.prove(&token)));
            let as_sent = as_sent.unwrap_or_default();
            assert!(proofs.starts_with(&as_sent), "the proof is of another token");
            // Only Basic has a second reading: with the secret form-decoded.
            let is_encoded = scheme.eq_ignore_ascii_case("basic") && presented.contains(['%', '+']);
            assert!(!proofs.is_empty() && (proofs.len() == as_sent.len() || is_encoded), "a proof of no token");
        }
    }
}

/// A sealed value opens unchanged, and nothing else opens.
fn seal(text: &str) {
    let keys = &SETTINGS.keys;
    let (tenant, credential) = (Id::from_bits(1), Id::from_bits(2));
    let forged = Sealed { key: keys.current.id().to_owned(), text: text.to_owned() };
    if let Some(opened) = keys.open(&forged, tenant, credential) {
        let again = keys.current.seal(&opened, tenant, credential, [0; 12]);
        assert!(again.is_some_and(|again| again.text == text), "forged: the seeds have only this nonce");
    }
    if let Ok(token) = Token::read(text, PREFIX) {
        let sealed = keys.current.seal(&token, tenant, credential, [0; 12]).expect("sealed");
        let open = |tenant, credential| keys.open(&sealed, tenant, credential);
        assert!(open(tenant, credential).is_some_and(|opened| opened.reveal() == text));
        assert!(open(credential, tenant).is_none(), "opened for another credential or tenant");
    }
}
