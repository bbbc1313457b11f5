//! Tests of `secret.rs`.

use super::{ACCESS_SECONDS, Access, AccessOf, Keyring, Keys, NotAToken, Token, same};
use crate::credential::base32::{self, checksum};
use crate::credential::id::Id;
use crate::credential::time::Micros;
use proptest::prelude::*;

const PREFIX: &str = "pstn_";

fn token() -> Token {
    Token::make(PREFIX, Id::from_bits(7), &[0xab; 32])
}

fn keys() -> Keyring {
    Keyring { current: Keys::from_master_key(&[1; 32]), previous: None }
}

#[test]
fn generated_token_parses_and_contains_its_id() {
    let made = token();
    let read = Token::read(made.reveal(), PREFIX).ok();
    assert_eq!(read.as_ref().and_then(|read| read.embedded_id), Some(Id::from_bits(7)));
    assert_eq!(made.reveal().len(), 5 + 26 + 1 + 52 + 1 + 7);
    assert_eq!(made.hint().len(), 4);
    assert!(made.reveal().rsplit('_').nth(1).is_some_and(|random| random.ends_with(made.hint())));
}

#[test]
fn checksum_detects_any_changed_character() {
    let made = token();
    for index in 5..made.reveal().len() {
        let mut bytes = made.reveal().as_bytes().to_vec();
        bytes[index] = if bytes[index] == b'0' { b'1' } else { b'0' };
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(Token::read(&text, PREFIX).err(), Some(NotAToken::Checksum), "{index}");
    }
}

#[test]
fn client_chosen_token_is_identified_by_its_hmac_and_has_no_hint() {
    let keys = Keys::from_master_key(&[1; 32]);
    let own = Token::read("default", PREFIX).ok().unwrap();
    let proof = keys.prove(&own);
    let digest = base32::decode(&proof.digest).unwrap();
    assert_eq!(proof.id, Id::from_bits(u128::from_be_bytes(digest[..16].try_into().unwrap())), "its first 128 bits");
    assert_ne!(proof.digest, Keys::from_master_key(&[2; 32]).prove(&own).digest, "another key, another digest");
    assert_eq!(own.hint(), "");
}

#[test]
fn malformed_tokens_are_rejected() {
    for text in ["", " ", "a b", "ä", "a\n", &"x".repeat(513)] {
        assert_eq!(Token::read(text, PREFIX).err(), Some(NotAToken::Characters), "{text}");
    }
    assert!(Token::read(&"x".repeat(512), PREFIX).is_ok());
    for text in ["pstn_", "pstn_x", "pstn___", "pstn_00000000000000000000000000_x_y"] {
        assert_eq!(Token::read(text, PREFIX).err(), Some(NotAToken::Checksum), "{text}");
    }
    // The checksum is valid, and the random part is not 256 bits.
    for random in ["", "x", "0000", &"0".repeat(51), &"0".repeat(53), &"z".repeat(52), &"u".repeat(52)] {
        let body = format!("pstn_{}_{random}", Id::from_bits(7));
        let text = format!("{body}_{}", checksum(&body));
        assert_eq!(Token::read(&text, PREFIX).err(), Some(NotAToken::Checksum), "{text}");
    }
}

#[test]
fn sealed_token_opens_only_for_its_credential_and_key() {
    let (keys, tenant, credential) = (Keys::from_master_key(&[1; 32]), Id::from_bits(1), Id::from_bits(2));
    let sealed = keys.seal(&token(), tenant, credential, [9; 12]).unwrap();
    let open =
        |keys: &Keys, tenant, credential| keys.open(&sealed, tenant, credential).map(|token| token.reveal().to_owned());
    assert_eq!(open(&keys, tenant, credential).as_deref(), Some(token().reveal()));
    assert_eq!(open(&keys, tenant, Id::from_bits(3)), None);
    assert_eq!(open(&keys, Id::from_bits(3), credential), None);
    assert_eq!(open(&Keys::from_master_key(&[2; 32]), tenant, credential), None);
    assert!(!format!("{sealed:?} {:?}", keys.prove(&token())).contains(token().reveal()));
}

#[test]
fn access_token_is_valid_until_it_expires_and_only_under_its_key() {
    let keyring = |current, previous: Option<u8>| Keyring {
        current: Keys::from_master_key(&[current; 32]),
        previous: previous.map(|key| Keys::from_master_key(&[key; 32])),
    };
    let (secret, now) = (Id::from_bits(7), Micros(1_795_219_200_000_000));
    let made = Micros(5);
    let read = |keyring: Keyring, text: &str, later: i64| keyring.read_access(text, PREFIX, Micros(now.0 + later));
    let last = i64::from(ACCESS_SECONDS) * 1_000_000 - 1;
    let given = Access { of: AccessOf::Secret { id: secret, made }, end: Micros(now.0 + last + 1) };
    let issued = keyring(1, None).current.issue_access(PREFIX, given);
    assert_eq!(read(keyring(1, None), issued.reveal(), last), Some(given));
    assert_eq!(read(keyring(2, Some(1)), issued.reveal(), 0), Some(given), "under the previous key");
    assert_eq!(read(keyring(1, None), issued.reveal(), last + 1), None, "expired");
    assert_eq!(read(keyring(2, None), issued.reveal(), 0), None, "under a key that is not configured");
    // A secret is not an access token, nor the reverse.
    assert_eq!(read(keyring(1, None), token().reveal(), 0), None);
    assert_eq!(Token::read(issued.reveal(), PREFIX).err(), Some(NotAToken::Checksum));
    // Another secret, creation or end, with a corrected checksum, fails the signature.
    for (from, to) in [
        (secret.to_string(), Id::from_bits(8).to_string()),
        ("1795222800".into(), "1995222800".into()),
        ("_5_".into(), "_6_".into()),
    ] {
        let (body, _) = issued.reveal().rsplit_once('_').unwrap();
        let body = body.replace(&from, &to);
        assert_ne!(body, issued.reveal().rsplit_once('_').unwrap().0);
        assert_eq!(read(keyring(1, None), &format!("{body}_{}", checksum(&body)), 0), None);
    }
}

proptest! {
    #[test]
    fn token_reader_never_panics(text in "\\PC*", tail in "[ -~]{0,40}") {
        let _ = Token::read(&text, PREFIX);
        let _ = Token::read(&format!("{PREFIX}{tail}"), PREFIX);
        let _ = keys().read_access(&format!("{PREFIX}at_{tail}"), PREFIX, Micros(0));
        let body = format!("{PREFIX}at_{tail}");
        let _ = keys().read_access(&format!("{body}_{}", checksum(&body)), PREFIX, Micros(0));
    }

    #[test]
    fn constant_time_comparison_agrees_with_equality(left in "[ab]{0,4}", right in "[ab]{0,4}") {
        prop_assert_eq!(same(&left, &right), left == right);
    }
}
