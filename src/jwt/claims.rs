//! Which claims a trust requires. Each is compared with one value and its type: nothing in a list ever matches.

use serde_json::{Map, Value};

use super::fault::Fault;
use super::is_text;

/// The largest number of claims.
pub const CLAIMS_MAX: usize = 20;
/// The longest name of a claim, in characters.
pub const NAME_MAX: usize = 255;
/// The longest text that a claim is compared with, in characters.
pub const TEXT_MAX: usize = 512;
/// The largest integer that a claim is compared with: every JSON library reads it exactly (RFC 8259 §6).
const INTEGER_MAX: u64 = 9_007_199_254_740_991;

/// The required claims, by name. A name that starts with `/` is a JSON pointer (RFC 6901) into nested objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims(Map<String, Value>);

impl Claims {
    /// Reads an object of texts, integers and booleans.
    ///
    /// # Errors
    /// Every fault that is found.
    pub fn read(value: &Value) -> Result<Self, Vec<Fault>> {
        let Value::Object(members) = value else { return Err(vec![Fault::whole("must be an object")]) };
        if members.len() > CLAIMS_MAX {
            return Err(vec![Fault::whole("must have at most 20 claims")]);
        }
        let mut faults = Vec::new();
        for (name, value) in members {
            let mut refuse = |wants| faults.push(Fault::member(&name.replace('~', "~0").replace('/', "~1"), wants));
            if !is_text(name, 1..=NAME_MAX) {
                refuse("must have a name of 1 to 255 characters, without control characters");
            } else if name.starts_with('/') && name.split('~').skip(1).any(|rest| !rest.starts_with(['0', '1'])) {
                refuse("must have a name that is a JSON pointer (RFC 6901), since the name starts with /");
            }
            let is_right = match value {
                Value::String(text) => is_text(text, 0..=TEXT_MAX),
                Value::Number(number) => number.as_i64().is_some_and(|number| number.unsigned_abs() <= INTEGER_MAX),
                Value::Bool(_) => true,
                Value::Null | Value::Array(_) | Value::Object(_) => false,
            };
            if !is_right {
                refuse(
                    "must be text of at most 512 characters, without control characters, or an integer below 2^53, or a boolean",
                );
            }
        }
        if faults.is_empty() { Ok(Self(members.clone())) } else { Err(faults) }
    }

    /// Returns whether nothing is required.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Compares each required claim with those of a token.
    pub fn compare<'a>(&'a self, claims: &'a Value) -> impl Iterator<Item = Compared<'a>> {
        self.0.iter().map(|(name, expected)| Compared { name, expected, found: find(claims, name) })
    }

    /// Returns whether one of these claims is required to have one particular value.
    #[must_use]
    pub fn pins(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.0.get(*name).is_some_and(|value| value.as_str() != Some("")))
    }
}

impl From<Claims> for Value {
    fn from(claims: Claims) -> Self {
        claims.0.into()
    }
}

/// A required claim, and what a token has there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compared<'a> {
    /// The name or JSON pointer.
    pub name: &'a str,
    /// The required value.
    pub expected: &'a Value,
    found: Option<&'a Value>,
}

impl<'a> Compared<'a> {
    /// Returns whether the token has the required value, of the same type.
    #[must_use]
    pub fn matches(&self) -> bool {
        self.found == Some(self.expected)
    }

    /// Returns what the token has: `absent`, or the type of its value.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.found {
            None => "absent",
            Some(Value::String(_)) => "text",
            Some(Value::Bool(_)) => "boolean",
            Some(Value::Number(number)) if number.is_f64() => "number",
            Some(Value::Number(_)) => "integer",
            Some(Value::Null) => "null",
            Some(Value::Array(_)) => "list",
            Some(Value::Object(_)) => "object",
        }
    }

    /// Returns the token's value, unless it is a list or an object.
    #[must_use]
    pub fn found(&self) -> Option<&'a Value> {
        self.found.filter(|value| !value.is_array() && !value.is_object())
    }
}

/// Returns the claim of a name or JSON pointer. A pointer does not lead into a list.
fn find<'v>(claims: &'v Value, name: &str) -> Option<&'v Value> {
    let Some(pointer) = name.strip_prefix('/') else { return claims.get(name) };
    pointer.split('/').try_fold(claims, |value, member| value.get(member.replace("~1", "/").replace("~0", "~")))
}
