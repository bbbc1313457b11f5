//! Reads an object of a body whose members are not fields: member by member, with a violation for each that is wrong.

use serde_json::{Map, Value};

use super::problem::within;
use super::read::{READ_MAX, near};
use crate::credential::field::{Field, Kind, Location, Rule, Violation};
use crate::credential::validate::reported;
use crate::jwt::fault::Fault;

/// The members of an object that were not read yet, and the violations so far.
pub(super) struct Members {
    /// The JSON pointer to the object.
    place: String,
    unread: Map<String, Value>,
    violations: Vec<Violation>,
}

/// Why a member is invalid: a rule, or the faults of what it contains.
pub(super) enum Wrong {
    Rule(Rule),
    Faults(Vec<Fault>),
}

impl From<Rule> for Wrong {
    fn from(rule: Rule) -> Self {
        Self::Rule(rule)
    }
}

impl From<Fault> for Wrong {
    fn from(fault: Fault) -> Self {
        Self::Faults(vec![fault])
    }
}

impl From<Vec<Fault>> for Wrong {
    fn from(faults: Vec<Fault>) -> Self {
        Self::Faults(faults)
    }
}

impl Members {
    /// The members of a body.
    pub fn of_body(members: Map<String, Value>) -> Self {
        Self::at(String::new(), members)
    }

    /// The members of an object within this one, at a JSON pointer from it.
    pub fn inner(&self, pointer: &str, members: Map<String, Value>) -> Self {
        Self::at(format!("{}{pointer}", self.place), members)
    }

    fn at(place: String, unread: Map<String, Value>) -> Self {
        Self { place, unread, violations: Vec::new() }
    }

    /// Removes a member. Null is a value here.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.unread.remove(name)
    }

    /// Removes a member that is not null.
    fn given(&mut self, name: &str) -> Option<Value> {
        self.take(name).filter(|value| !value.is_null())
    }

    /// Reads a member that has the value `absent` if it is absent or null. Returns `None` if it is wrong.
    pub fn read<T, W: Into<Wrong>>(
        &mut self,
        name: &str,
        absent: Result<T, Wrong>,
        read: impl FnOnce(Value) -> Result<T, W>,
    ) -> Option<T> {
        match self.given(name) {
            Some(value) => self.valid(name, read(value)),
            None => self.valid(name, absent),
        }
    }

    /// Reads a required member.
    pub fn required<T, W: Into<Wrong>>(&mut self, name: &str, read: impl FnOnce(Value) -> Result<T, W>) -> Option<T> {
        self.read(name, Err(Rule::Missing.into()), read)
    }

    /// Reads a member that may be absent or null.
    pub fn optional<T, W: Into<Wrong>>(&mut self, name: &str, read: impl FnOnce(Value) -> Result<T, W>) -> Option<T> {
        let value = self.given(name)?;
        self.valid(name, read(value))
    }

    fn valid<T, W: Into<Wrong>>(&mut self, name: &str, read: Result<T, W>) -> Option<T> {
        read.map_err(|wrong| self.wrong(&["/", name].concat(), wrong.into())).ok()
    }

    /// Adds violations at a JSON pointer from the object.
    pub fn wrong(&mut self, pointer: &str, wrong: Wrong) {
        match wrong {
            Wrong::Rule(rule) => self.add(pointer, rule),
            Wrong::Faults(faults) => {
                for Fault { pointer: rest, wants } in faults {
                    self.add(&[pointer, &rest].concat(), Rule::Means(wants));
                }
            }
        }
    }

    fn add(&mut self, pointer: &str, rule: Rule) {
        if self.violations.len() < READ_MAX {
            let location = Location::Pointer([&self.place, pointer].concat());
            self.violations.push(Violation { field: Field::Other, location, rule });
        }
    }

    /// Adds the violations of an object within this one.
    pub fn extend(&mut self, violations: Vec<Violation>) {
        self.violations.extend(violations);
    }

    /// Returns the violations, with one for each member that was not read. `known` are the members that an object may have.
    pub fn finish(mut self, known: &[&'static str]) -> Vec<Violation> {
        for name in std::mem::take(&mut self.unread).keys().take(READ_MAX) {
            let rule = Rule::Unknown(near(name, known.iter().copied()));
            self.add(&within(&Location::Key(name.clone())), rule);
        }
        reported(self.violations)
    }
}

pub(super) fn text(value: Value) -> Result<String, Rule> {
    let Value::String(text) = value else { return Err(Rule::Type(Kind::Text)) };
    Ok(text)
}

pub(super) fn object(value: Value) -> Result<Map<String, Value>, Rule> {
    let Value::Object(members) = value else { return Err(Rule::Type(Kind::Object)) };
    Ok(members)
}

/// Returns a reader that parses a string.
pub(super) fn parsed<T>(parse: impl FnOnce(&str) -> Result<T, Fault>) -> impl FnOnce(Value) -> Result<T, Wrong> {
    |value| Ok(parse(&text(value)?)?)
}
