//! Independent implementations of the crate's parsing rules, for comparison.

use std::collections::BTreeSet;

use json_event_parser::{JsonEvent, SliceJsonParser};

/// Why a text is not a strict JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    NotUtf8,
    Syntax,
    Twice,
    TooDeep,
    TooMany,
    NotAnObject,
}

/// The faults of a body that are found before a syntax error ends the parse; none for a strict JSON object.
#[must_use]
pub fn faults(bytes: &[u8], depth_max: usize, values_max: usize) -> BTreeSet<Fault> {
    let mut faults = BTreeSet::new();
    let Ok(text) = std::str::from_utf8(bytes) else { return BTreeSet::from([Fault::NotUtf8]) };
    // RFC 8259 allows a parser to ignore a byte order mark, as this one does, or not to, as Postern's.
    if text.starts_with('\u{feff}') {
        return BTreeSet::from([Fault::Syntax]);
    }
    let mut parser = SliceJsonParser::new(bytes);
    // The names of each open object; a list has none.
    let mut open: Vec<BTreeSet<String>> = Vec::new();
    let mut is_first = true;
    // The body itself does not count as a value.
    let mut values = 0_usize;
    loop {
        let Ok(event) = parser.parse_next() else {
            faults.insert(Fault::Syntax);
            return faults;
        };
        if is_first && event != JsonEvent::StartObject {
            faults.insert(Fault::NotAnObject);
        }
        if !is_first
            && !matches!(event, JsonEvent::ObjectKey(_) | JsonEvent::EndObject | JsonEvent::EndArray | JsonEvent::Eof)
        {
            values += 1;
        }
        faults.extend((values > values_max).then_some(Fault::TooMany));
        is_first = false;
        match event {
            JsonEvent::StartObject | JsonEvent::StartArray => open.push(BTreeSet::new()),
            JsonEvent::EndObject | JsonEvent::EndArray => drop(open.pop()),
            JsonEvent::ObjectKey(name) => {
                let is_new = open.last_mut().is_some_and(|names| names.insert(name.into_owned()));
                faults.extend((!is_new).then_some(Fault::Twice));
            }
            // A number that no double can hold is a fault.
            JsonEvent::Number(text) if text.parse::<f64>().is_ok_and(f64::is_infinite) => {
                faults.insert(Fault::Syntax);
                return faults;
            }
            JsonEvent::Eof => return faults,
            _ => {}
        }
        if open.len() > depth_max {
            faults.insert(Fault::TooDeep);
        }
    }
}

/// Decodes a percent-encoded text, byte by byte.
#[must_use]
pub fn percent_decoded(text: &str) -> String {
    let digit = |at: usize| text.as_bytes().get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let (mut bytes, mut at) = (Vec::new(), 0);
    while let Some(byte) = text.as_bytes().get(at) {
        if let (b'%', Some(high), Some(low)) = (byte, digit(at + 1), digit(at + 2)) {
            bytes.extend(u8::try_from(high * 16 + low));
            at += 3;
        } else {
            bytes.push(*byte);
            at += 1;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// CRC-32 (IEEE), computed bit by bit, in the spelling of tokens.
#[must_use]
pub fn checksum(body: &str) -> String {
    let crc = body.bytes().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    });
    // Five bits per letter; the last letter is filled up with zeros.
    let bits = u64::from(!crc) << 3;
    (0..7).rev().map(|place| LETTERS[(bits >> (5 * place) & 31) as usize]).map(char::from).collect()
}

const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The bits of an id in its own spelling, by arithmetic only.
#[must_use]
pub fn id_bits(text: &str) -> Option<u128> {
    let digits: Option<Vec<u128>> =
        text.bytes().map(|byte| LETTERS.iter().position(|letter| *letter == byte).map(|digit| digit as u128)).collect();
    let digits = digits.filter(|digits| digits.len() == 26)?;
    digits.iter().try_fold(0_u128, |bits, digit| bits.checked_mul(32)?.checked_add(*digit))
}
