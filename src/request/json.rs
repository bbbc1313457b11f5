//! Strict JSON on top of serde_json: no duplicate members, bounded depth, bounded number of values.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::limits::{DEPTH_MAX, VALUES_MAX};
use crate::refusal::Unreadable;

/// Parses a JSON object.
///
/// # Errors
/// The first fault.
pub fn object(bytes: &[u8]) -> Result<Map<String, Value>, Unreadable> {
    strict(bytes, integer)
}

/// Parses a JSON object as [`object`] does, except that `60.0` and `6e1` stay numbers that are not integers: for formats that
/// allow only the digits.
///
/// # Errors
/// The first fault.
pub fn object_of_plain_integers(bytes: &[u8]) -> Result<Map<String, Value>, Unreadable> {
    strict(bytes, |_| None)
}

/// `integer` returns the integer that a number with a fraction or an exponent is read as, if any.
fn strict(bytes: &[u8], integer: fn(f64) -> Option<i64>) -> Result<Map<String, Value>, Unreadable> {
    let text = std::str::from_utf8(bytes).map_err(|_| Unreadable::NotUtf8)?;
    let (fault, values) = (Cell::new(None), Cell::new(0));
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Strict { depth: 0, fault: &fault, values: &values, integer }
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value));
    match value {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(Unreadable::NotAnObject),
        Err(error) => Err(fault.take().unwrap_or(Unreadable::NotJson { line: error.line(), column: error.column() })),
    }
}

/// Reads one value. Sets `fault` for the checks of this module, because a serde error carries only text.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: usize,
    fault: &'a Cell<Option<Unreadable>>,
    /// The number of values read so far, at all depths.
    values: &'a Cell<usize>,
    integer: fn(f64) -> Option<i64>,
}

impl Strict<'_> {
    fn fail<T, E: Error>(self, fault: Unreadable) -> Result<T, E> {
        self.fault.set(Some(fault));
        Err(E::custom("refused"))
    }

    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH_MAX {
            self.fail(Unreadable::TooDeep)
        } else {
            Ok(Self { depth: self.depth + 1, ..self })
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        // The body itself does not count, so the comparison is with the number before this value.
        if self.values.replace(self.values.get() + 1) > VALUES_MAX {
            return self.fail(Unreadable::TooManyValues);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok((self.integer)(value).map_or_else(|| value.into(), Value::from))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(inner)?;
            if object.insert(name, value).is_some() {
                return self.fail(Unreadable::DuplicateMember);
            }
        }
        Ok(object.into())
    }
}

/// The largest number below which every integer is a double of its own: 2^53 - 1 (RFC 8259 §6).
const INTEGER_MAX: f64 = 9_007_199_254_740_991.0;

/// Returns the integer that a number with a fraction or an exponent is: `60.0`, `6e1` and `-0.0` are integers
/// (JSON Schema 2020-12 §4.2.3). No reader of a body has to know how its client spells them.
fn integer(value: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "an integer within 53 bits")]
    (value.fract() == 0.0 && value.abs() <= INTEGER_MAX).then_some(value as i64)
}

#[cfg(test)]
mod tests {
    use super::{DEPTH_MAX, VALUES_MAX, object, object_of_plain_integers};
    use crate::refusal::Unreadable;
    use proptest::prelude::*;

    #[test]
    fn json_object_is_read_completely() {
        let read = object(br#"{"a":[1,-2,1e308,"\u00e9"],"b":{"c":null,"d":true}}"#).map(serde_json::Value::from);
        assert_eq!(read, Ok(serde_json::json!({"a": [1, -2, 1e308, "é"], "b": {"c": null, "d": true}})));
    }

    #[test]
    fn each_json_error_is_reported_by_its_kind() {
        let nested = |depth: usize| format!("{{\"a\":{}1{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        assert!(object(nested(DEPTH_MAX).as_bytes()).is_ok());
        assert_eq!(object(nested(DEPTH_MAX + 1).as_bytes()), Err(Unreadable::TooDeep));
        assert_eq!(object(&b"[".repeat(60_000)), Err(Unreadable::TooDeep));
        let many = |values: usize| format!("{{\"a\":[{}]}}", vec!["{}"; values - 1].join(","));
        assert!(object(many(VALUES_MAX).as_bytes()).is_ok());
        assert_eq!(object(many(VALUES_MAX + 1).as_bytes()), Err(Unreadable::TooManyValues));
        assert_eq!(object(br#"{"a":1,"a":1}"#), Err(Unreadable::DuplicateMember));
        assert_eq!(object(br#"{"a":{"b":1,"\u0062":2}}"#), Err(Unreadable::DuplicateMember));
        assert_eq!(object(b"{\"a\":\"\xff\"}"), Err(Unreadable::NotUtf8));
        for other in ["[]", "null", "1", "\"a\"", "true"] {
            assert_eq!(object(other.as_bytes()), Err(Unreadable::NotAnObject), "{other}");
        }
        let broken = [
            "",
            " ",
            "{",
            "{}x",
            "{}{}",
            "{'a':1}",
            "{\"a\":1,}",
            "{\"a\":01}",
            "{\"a\":1e999}",
            "{\"a\":NaN}",
            "{\"a\":\"\\ud800\"}",
            "{\"a\":\"\u{1}\"}",
            "\u{feff}{}",
            "{\"a\":\"\\u0000\"",
            "{a:1}",
        ];
        for broken in broken {
            assert!(matches!(object(broken.as_bytes()), Err(Unreadable::NotJson { .. })), "{broken:?}");
        }
    }

    #[test]
    fn a_number_that_is_no_integer_or_too_large_for_one_stays_as_it_is() {
        for number in ["0.5", "60.00000000000001", "-1.5e0", "15e-1", "9007199254740992.0", "1e16", "-1e300"] {
            let read = object(format!("{{\"a\":{number}}}").as_bytes()).expect(number);
            assert_eq!((read["a"].as_i64(), read["a"].as_f64()), (None, number.parse().ok()), "{number}");
        }
    }

    #[test]
    fn plain_integers_are_digits_only() {
        for (number, plain) in
            [("60", true), ("-1", true), ("60.0", false), ("6e1", false), ("-0.0", false), ("1e9", false)]
        {
            let body = format!("{{\"a\":[{number}]}}");
            let read = object_of_plain_integers(body.as_bytes()).expect(number);
            assert_eq!(read["a"][0].as_i64().is_some(), plain, "{number}");
            assert_eq!(read["a"][0].as_f64(), number.parse().ok(), "{number}");
        }
        assert_eq!(object_of_plain_integers(br#"{"a":1,"a":1}"#), Err(Unreadable::DuplicateMember));
    }

    proptest! {
        #[test]
        fn integers_are_read_in_every_spelling_at_every_depth(
            integer in prop_oneof![-1000_i64..1000, -1_000_000_000_i64..1_000_000_000],
            zeros in 0_usize..4,
        ) {
            let some = "0".repeat(zeros);
            let shifted = if integer == 0 { "0".to_owned() } else { format!("{integer}{some}") };
            let spellings = [
                format!("{integer}"),
                format!("{integer}.0{some}"),
                format!("{shifted}e-{zeros}"),
                format!("{integer}.0E+0{some}"),
            ];
            for spelling in spellings {
                let body = format!("{{\"a\":{spelling},\"b\":[{{\"c\":{spelling}}}]}}");
                let read = object(body.as_bytes()).expect("an object");
                let expected = serde_json::json!({"a": integer, "b": [{"c": integer}]});
                prop_assert_eq!(serde_json::Value::from(read), expected, "{}", spelling);
            }
        }

        #[test]
        fn json_reader_never_panics(bytes: Vec<u8>, text in "[\\[\\]{}\",:a0\\\\u ]{0,60}") {
            let _ = object(&bytes);
            let _ = object(text.as_bytes());
        }
    }
}
