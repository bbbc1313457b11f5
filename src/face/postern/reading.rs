//! Reads a body whose members are not fields: collects its violations, each with the JSON pointer to its place.

use serde_json::{Map, Value};

use super::problem::within;
use super::read::{READ_MAX, near};
use crate::credential::field::{Field, Location, Rule, Violation};
use crate::credential::validate::reported;

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
