//! One id, three spellings (docs/MODEL.md, "Ids").

use std::fmt;

/// An identifier of 128 bits. Ids made by Postern are UUIDv7, so they sort by creation time.
///
/// The canonical spelling ([`fmt::Display`], [`Id::parse`]) is 26 characters of lower-case base32, the suffix of a
/// TypeID. [`Id::guid`] and [`Id::client`] are the spellings of other faces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(u128);

/// Crockford's alphabet in lower case: no i, l, o, u. It is in ASCII order, so texts sort as their bits do.
pub(super) const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH: usize = 26;
const CLIENT_PREFIX: &str = "client_";

/// The value of each ASCII byte in [`ALPHABET`].
#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "evaluated at compile time, where a fault is an error"
)]
static DIGITS: [Option<u8>; 128] = {
    let mut digits = [None; 128];
    let mut digit = 0;
    while digit < ALPHABET.len() {
        digits[ALPHABET[digit] as usize] = Some(digit as u8);
        digit += 1;
    }
    digits
};

/// Returns the five bits of a letter.
pub(super) fn digit(letter: u8) -> Option<u8> {
    DIGITS.get(usize::from(letter)).copied().flatten()
}

/// The largest shard number: ten bits.
pub const SHARD_MAX: u16 = 0x3ff;

impl Id {
    /// The all-zero id, which every tenant's default principal has.
    pub const ZERO: Self = Self(0);

    /// Returns a new UUIDv7 (RFC 9562 §5.7) of a shard.
    ///
    /// `now` is in microseconds since 1970. `shard`, at most [`SHARD_MAX`], fills the first ten bits of `rand_a`;
    /// `random` fills the remaining 64 bits. The shard number lets data be spread over several databases later.
    #[must_use]
    pub fn new(now: i64, shard: u16, mut random: [u8; 10]) -> Self {
        let millis = u64::try_from(now / 1000).unwrap_or_default();
        let [high, low] = (shard << 2).to_be_bytes();
        (random[0], random[1]) = (high, low | random[1] & 0b11);
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().as_u128())
    }

    /// Returns the id with these bits.
    #[must_use]
    pub fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    /// Parses the 26-character spelling: lower case only, at most 128 bits.
    ///
    /// ```
    /// use postern::credential::id::Id;
    /// assert_eq!(Id::parse("00000000000000000000000000"), Some(Id::ZERO));
    /// assert_eq!(Id::parse("80000000000000000000000000"), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // 26 characters are 130 bits: the upper two bits of the first character must be zero.
        if text.len() != LENGTH || text.as_bytes().first().is_none_or(|first| *first > b'7') {
            return None;
        }
        let mut bits = 0;
        for byte in text.bytes() {
            bits = bits << 5 | u128::from(digit(byte)?);
        }
        Some(Self(bits))
    }

    /// Returns the hyphenated lower-case GUID, LiteGraph's spelling.
    #[must_use]
    pub fn guid(self) -> String {
        uuid::Uuid::from_u128(self.0).hyphenated().to_string()
    }

    /// Parses a GUID with or without hyphens or braces, in either case.
    #[must_use]
    pub fn parse_guid(text: &str) -> Option<Self> {
        uuid::Uuid::parse_str(text).ok().map(|uuid| Self(uuid.as_u128()))
    }

    /// Returns `client_` and the 26 characters: a client id of Coactive and Keycard.
    #[must_use]
    pub fn client(self) -> String {
        format!("{CLIENT_PREFIX}{self}")
    }

    /// Parses the spelling of [`Id::client`].
    #[must_use]
    pub fn parse_client(text: &str) -> Option<Self> {
        text.strip_prefix(CLIENT_PREFIX).and_then(Self::parse)
    }

    /// Parses either spelling of a tenant's id: the 26 characters or a GUID. A tenant's label must not parse as one.
    #[must_use]
    pub fn parse_either(text: &str) -> Option<Self> {
        Self::parse(text).or_else(|| Self::parse_guid(text))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut letters, mut bits) = ([0; LENGTH], self.0);
        for letter in letters.iter_mut().rev() {
            *letter = ALPHABET.get((bits & 31) as usize).copied().unwrap_or_default();
            bits >>= 5;
        }
        formatter.write_str(std::str::from_utf8(&letters).unwrap_or_default())
    }
}

impl schemars::JsonSchema for Id {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Id".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[0-7][0-9a-hjkmnp-tv-z]{25}$" })
    }
}

impl serde::Serialize for Id {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Id {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not an id"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Id, SHARD_MAX};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_spelling_parses_to_the_same_id(bits: u128) {
            let id = Id::from_bits(bits);
            prop_assert_eq!(Id::parse(&id.to_string()), Some(id));
            prop_assert_eq!(Id::parse_guid(&id.guid()), Some(id));
            prop_assert_eq!(Id::parse_guid(&id.guid().to_uppercase()), Some(id));
            prop_assert_eq!(Id::parse_guid(&id.guid().replace('-', "")), Some(id));
            prop_assert_eq!(Id::parse_guid(&format!("{{{}}}", id.guid())), Some(id));
            prop_assert_eq!(Id::parse_client(&id.client()), Some(id));
            prop_assert_eq!(Id::parse_either(&id.guid()), Some(id));
            prop_assert_eq!(Id::parse_either(&id.to_string()), Some(id));
        }

        #[test]
        fn text_order_is_numeric_order(a: u128, b: u128) {
            prop_assert_eq!(a.cmp(&b), Id::from_bits(a).to_string().cmp(&Id::from_bits(b).to_string()));
        }

        #[test]
        fn parsing_accepts_only_the_canonical_text(text in "[0-7][0-9a-z]{25}") {
            if let Some(id) = Id::parse(&text) {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn non_canonical_ids_are_rejected() {
        let good = Id::from_bits(u128::MAX).to_string();
        assert_eq!(good, "7zzzzzzzzzzzzzzzzzzzzzzzzz");
        for bad in
            ["", "7zzz", "8zzzzzzzzzzzzzzzzzzzzzzzzz", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ", "7zzzzzzzzzzzzzzzzzzzzzzzzzz"]
        {
            assert_eq!(Id::parse(bad), None, "{bad}");
        }
        assert_eq!(Id::parse("0000000000000000000000000l"), None);
        assert_eq!(Id::parse("é000000000000000000000000"), None);
        assert_eq!(Id::parse_client(&good), None);
    }

    #[test]
    fn new_id_is_a_version_7_uuid() {
        let id = Id::new(1_700_000_000_123_456, SHARD_MAX, [0xff; 10]);
        assert_eq!(id.guid(), "018bcfe5-687b-7fff-bfff-ffffffffffff");
    }

    #[test]
    fn new_id_has_ten_shard_bits_and_64_random_bits() {
        for shard in [0, 1, 5, 512, SHARD_MAX] {
            let bits = |byte| u128::from_str_radix(&Id::new(1, shard, [byte; 10]).guid().replace('-', ""), 16).unwrap();
            let (least, most) = (bits(0), bits(0xff));
            for id in [least, most] {
                assert_eq!(id >> 66 & 0x3ff, u128::from(shard), "{id:032x}");
                assert_eq!((id >> 76 & 0xf, id >> 62 & 0b11), (7, 0b10), "version and variant");
            }
            assert_eq!((least ^ most).count_ones(), 64, "random bits");
        }
    }
}
