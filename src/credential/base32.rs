//! Lower-case Crockford base32 for digests, seals and the random part of tokens. The alphabet is that of [`super::id`].
//! Padding bits are at the end here, and at the start of an id.

use crc::{CRC_32_ISO_HDLC, Crc, NoTable};

use super::id::{ALPHABET, digit};

/// Encodes bytes from the first bit on, five bits a letter. The last letter is padded with zero bits.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            text.push(letter(bits >> count));
        }
    }
    if count > 0 {
        text.push(letter(bits << (5 - count)));
    }
    text
}

/// Returns the CRC-32 of a short text, as gzip computes it. Without a table, which would be 16 kB more to load.
pub(crate) fn checksum(text: &str) -> String {
    encode(&Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC).checksum(text.as_bytes()).to_be_bytes())
}

fn letter(bits: u32) -> char {
    ALPHABET.get((bits & 31) as usize).copied().map(char::from).unwrap_or_default()
}

/// Decodes a text. Returns `None` unless [`encode`] could have returned it.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.bytes() {
        bits = bits << 5 | u32::from(digit(byte)?);
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 255) as u8);
        }
    }
    (count < 5 && bits & ((1 << count) - 1) == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};
    use proptest::prelude::*;

    #[test]
    fn encoding_matches_another_implementation() {
        let mut specification = data_encoding::Specification::new();
        specification.symbols.push_str("0123456789abcdefghjkmnpqrstvwxyz");
        let other = specification.encoding().unwrap();
        for length in 0..70 {
            let bytes: Vec<u8> = (0..length).map(|index: u8| index.wrapping_mul(37) ^ 0xa5).collect();
            assert_eq!(encode(&bytes), other.encode(&bytes), "{length}");
        }
    }

    proptest! {
        #[test]
        fn decoding_reverses_the_encoding(bytes: Vec<u8>, text in "[0-9a-z]{0,12}") {
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
            if let Some(bytes) = decode(&text) {
                prop_assert_eq!(encode(&bytes), text, "one text for each value");
            }
        }
    }
}
