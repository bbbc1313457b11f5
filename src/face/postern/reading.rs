//! Reads a body whose members are not fields: collects its violations, each with the JSON pointer to its place.

use serde_json::{Map, Value};

use super::problem::within;
use super::read::{READ_MAX, near};
use crate::credential::field::{Field, Kind, Location, Rule, Violation};
use crate::credential::validate::reported;
use crate::jwt::fault::Fault;

/// The violations so far.
#[derive(Default)]
pub(super) struct Reading {
    violations: Vec<Violation>,
}

impl Reading {
    pub fn wrong(&mut self, pointer: String, rule: Rule) {
        if self.violations.len() < READ_MAX {
            self.violations.push(Violation { field: Field::Other, location: Location::Pointer(pointer), rule });
        }
    }

    /// Adds a violation for each fault of the member with this name.
    pub fn faults(&mut self, name: &str, faults: &[Fault]) {
        for Fault { pointer, wants } in faults {
            self.wrong(format!("/{name}{pointer}"), Rule::Means(wants));
        }
    }

    /// Removes a text from a body, and parses it. Adds a violation if it is missing, not text, or wrong.
    pub fn parsed<T>(
        &mut self,
        body: &mut Map<String, Value>,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        let rule = match body.remove(name) {
            None | Some(Value::Null) => Rule::Missing,
            Some(Value::String(text)) => return parse(&text).map_err(|fault| self.faults(name, &[fault])).ok(),
            Some(_) => Rule::Type(Kind::Text),
        };
        self.wrong(format!("/{name}"), rule);
        None
    }

    /// Adds a violation for each member that remains of the object at a place, which has the known ones.
    pub fn unknown(&mut self, place: &str, members: &Map<String, Value>, known: &[&'static str]) {
        for name in members.keys().take(READ_MAX) {
            let location = Location::Key(name.clone());
            self.wrong(format!("{place}{}", within(&location)), Rule::Unknown(near(name, known.iter().copied())));
        }
    }

    pub fn violations(self) -> Vec<Violation> {
        reported(self.violations)
    }
}
