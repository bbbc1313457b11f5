//! Ids and times, in every spelling: what is read is spelled the same again, and nothing reads as two.
#![no_main]

use libfuzzer_sys::fuzz_target;
use postern::credential::id::Id;
use postern::credential::time::Micros;
use postern_fuzz::independent::id_bits;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    own(&text);
    guid(&text);
    either(&text);
    time(&text);
    let mut bits = [0; 16];
    for (to, from) in bits.iter_mut().zip(data) {
        *to = *from;
    }
    written(Id::from_bits(u128::from_be_bytes(bits)));
});

fn own(text: &str) {
    let read = Id::parse(text);
    assert_eq!(read, id_bits(text).map(Id::from_bits), "another reader says another id");
    if let Some(id) = read {
        assert_eq!(id.to_string(), text);
    }
    let client = Id::parse_client(text);
    assert_eq!(client, text.strip_prefix("client_").and_then(Id::parse));
    if let Some(id) = client {
        assert_eq!(id.client(), text);
    }
}

/// A GUID may be written in some forms; all that differs between them is no part of the number.
fn guid(text: &str) {
    let Some(id) = Id::parse_guid(text) else { return };
    let text = text.to_ascii_lowercase();
    let bare = text.strip_prefix("urn:uuid:").unwrap_or(&text);
    let bare = bare.strip_prefix('{').and_then(|bare| bare.strip_suffix('}')).unwrap_or(bare);
    let digits = bare.replace('-', "");
    assert_eq!(digits, id.guid().replace('-', ""), "a GUID is its 32 digits");
    assert!(matches!(bare.len(), 32 | 36), "with four hyphens or none");
}

/// Where either spelling is taken, a text has one meaning.
fn either(text: &str) {
    let (own, guid) = (Id::parse(text), Id::parse_guid(text));
    assert!(own.is_none() || guid.is_none());
    assert_eq!(Id::parse_either(text), own.or(guid));
    assert!(Id::parse_client(text).is_none() || Id::parse_either(text).is_none());
    let json = serde_json::Value::from(text);
    assert_eq!(serde_json::from_value::<Id>(json).ok(), own, "in a row of the database it is the own spelling alone");
}

/// A time, once it was cut to microseconds, is read back from its spelling.
fn time(text: &str) {
    let Some(time) = Micros::parse(text) else { return };
    assert!((0..=Micros::MAX.0).contains(&time.0));
    assert_eq!(Micros::parse(&time.to_rfc3339_micros()), Some(time));
    assert_eq!(Micros::parse(&time.to_rfc3339_millis()), Some(Micros(time.0 / 1000 * 1000)));
    assert_eq!(time.to_http_date().len(), "Fri, 27 Dec 2024 18:12:38 GMT".len());
}

fn written(id: Id) {
    let (own, guid) = (id.to_string(), id.guid());
    assert_eq!(Id::parse(&own), Some(id));
    assert_eq!(Id::parse_client(&id.client()), Some(id));
    for guid in [guid.to_uppercase(), guid.replace('-', ""), format!("{{{guid}}}"), guid] {
        assert_eq!(Id::parse_guid(&guid), Some(id));
    }
    // What is neither an id nor a label that reads as one.
    assert_eq!(Id::parse(&own.to_uppercase()).is_some(), own.bytes().all(|byte| byte.is_ascii_digit()));
}
