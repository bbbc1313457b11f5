//! Checks values against the shapes of [`super::table`] and returns their canonical form.

use std::collections::BTreeSet;

use serde_json::Value;

use super::field::{Kind, Location, RoleMember, Rule};
use super::role::{Context, NEEDS_MAX, Role};
use super::secret::{NotAToken, Token};
use super::table::{DESCRIPTION_MAX, METADATA_SENT_MAX, NAME_MAX, ROLES_MAX, USUAL_ROLES};

/// Every rule that a value breaks, each with its location in the field.
pub(super) struct Broken(pub Vec<(Location, Rule)>);

impl From<Rule> for Broken {
    fn from(rule: Rule) -> Self {
        Self(vec![(Location::Whole, rule)])
    }
}

/// Returns the value that was read, or the broken rules if there are any.
fn ok_or_broken<T>(read: T, broken: Vec<(Location, Rule)>) -> Result<T, Broken> {
    if broken.is_empty() { Ok(read) } else { Err(Broken(broken)) }
}

/// Reads a string of `min` to `max` code points, as JSON Schema and SQLite count them, without control characters.
pub(super) fn text(value: &Value, min: usize, max: usize) -> Result<&str, Rule> {
    bounded(value.as_str().ok_or(Rule::Type(Kind::Text))?, min, max)
}

fn bounded(text: &str, min: usize, max: usize) -> Result<&str, Rule> {
    let length = text.chars().count();
    if length < min {
        Err(Rule::TooShort { min })
    } else if length > max {
        Err(Rule::TooLong { max })
    } else if text.chars().any(char::is_control) {
        Err(Rule::Control)
    } else {
        Ok(text)
    }
}

pub(super) fn flag(value: &Value) -> Result<bool, Rule> {
    value.as_bool().ok_or(Rule::Type(Kind::Boolean))
}

/// Reads one of the strings `of`.
pub(super) fn choice(value: &Value, of: &'static [&'static str]) -> Result<&'static str, Rule> {
    let text = value.as_str().ok_or(Rule::Type(Kind::Text))?;
    of.iter().find(|one| **one == text).copied().ok_or(Rule::NotAChoice { of })
}

/// Checks a whole number.
///
/// # Errors
/// The rule that it breaks.
pub fn whole(value: &Value, min: i64, max: i64) -> Result<i64, Rule> {
    let number = value.as_i64().filter(|number| (min..=max).contains(number));
    let is_whole = value.as_f64().is_some_and(|number| number.fract() == 0.0);
    number.ok_or(if is_whole { Rule::NotInRange { min, max } } else { Rule::Type(Kind::Number) })
}

/// Checks the number of items in a body, before any of them is read.
fn check_count(items: usize, max: usize) -> Result<(), Rule> {
    if items > max { Err(Rule::TooManySent { max }) } else { Ok(()) }
}

/// Reads metadata: names of 1 to 255 code points, each with a string of at most 500 code points, or null to remove it.
pub(super) fn metadata(value: &Value) -> Result<Value, Broken> {
    let members = value.as_object().ok_or(Rule::Type(Kind::Object))?;
    check_count(members.len(), METADATA_SENT_MAX)?;
    let mut broken = Vec::new();
    for (name, value) in members {
        let checked_name = bounded(name, 1, NAME_MAX).map(drop);
        let checked_value = || if value.is_null() { Ok(()) } else { text(value, 0, DESCRIPTION_MAX).map(drop) };
        if let Err(rule) = checked_name.and_then(|()| checked_value()) {
            broken.push((Location::Key(name.clone()), rule));
        }
    }
    // Canonical already: serde_json sorts the members of an object by name.
    ok_or_broken(value, broken).cloned()
}

/// Reads the role names of a tenant's catalogue, and adds the three usual ones.
pub(super) fn names(value: &Value) -> Result<Value, Broken> {
    let items = value.as_array().ok_or(Rule::Type(Kind::List))?;
    check_count(items.len(), ROLES_MAX)?;
    let (mut names, mut broken) = (BTreeSet::from(USUAL_ROLES), Vec::new());
    for (index, item) in items.iter().enumerate() {
        match text(item, 1, NAME_MAX).and_then(scope_token) {
            Ok(name) => drop(names.insert(name)),
            Err(rule) => broken.push((Location::Item(index), rule)),
        }
    }
    if names.len() > ROLES_MAX {
        broken.push((Location::Whole, Rule::TooMany { max: ROLES_MAX }));
    }
    ok_or_broken(names, broken).map(|names| names.into_iter().collect())
}

/// Checks that a text can be an item of OAuth's `scope`, a list with spaces between its items (RFC 6749 §3.3).
fn scope_token(text: &str) -> Result<&str, Rule> {
    let is_one = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\');
    if is_one { Ok(text) } else { Err(Rule::NotAScopeToken) }
}

/// A body's roles, each with its index in the body.
pub(super) type Listed = Vec<(usize, Role)>;

/// Reads a list of roles. Reads every item, and adds every valid `role_id` to `named`, for the check of the catalogue.
pub(super) fn roles(value: &Value, named: &mut Vec<(usize, String)>) -> Result<Listed, Broken> {
    let items = value.as_array().ok_or(Rule::Type(Kind::List))?;
    check_count(items.len(), ROLES_MAX)?;
    listed_roles(items, named)
}

/// Reads the roles that a token must have: from 1 to [`NEEDS_MAX`].
///
/// # Errors
/// Every rule that the list breaks, each with its location in the list.
pub fn needs(value: &Value) -> Result<Vec<Role>, Vec<(Location, Rule)>> {
    let items = value.as_array().ok_or_else(|| vec![(Location::Whole, Rule::Type(Kind::List))])?;
    if !(1..=NEEDS_MAX).contains(&items.len()) {
        return Err(vec![(Location::Whole, Rule::ItemCount { min: 1, max: NEEDS_MAX })]);
    }
    let listed = listed_roles(items, &mut Vec::new());
    listed.map(|roles| roles.into_iter().map(|(_, role)| role).collect()).map_err(|Broken(rules)| rules)
}

/// Reads the items of a list of roles.
fn listed_roles(items: &[Value], named: &mut Vec<(usize, String)>) -> Result<Listed, Broken> {
    let mut broken = Vec::new();
    let mut roles = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let Some(members) = item.as_object() else {
            broken.push((Location::Role(index), Rule::Type(Kind::Object)));
            continue;
        };
        let mut member = |name: RoleMember, required: bool| match members.get(name.name()) {
            None | Some(Value::Null) if !required => None,
            None => {
                broken.push((Location::Member(index, name), Rule::Missing));
                None
            }
            Some(value) => text(value, 1, NAME_MAX)
                .map_err(|rule| broken.push((Location::Member(index, name), rule)))
                .ok()
                .map(str::to_owned),
        };
        let role_id = member(RoleMember::RoleId, true);
        let resource = member(RoleMember::Resource, false);
        let resource_instance = member(RoleMember::Instance, false);
        if let Some(role_id) = &role_id {
            named.push((index, role_id.clone()));
        }
        let has_resource = members.get(RoleMember::Resource.name()).is_some_and(|value| !value.is_null());
        if resource_instance.is_some() && !has_resource {
            broken.push((Location::Member(index, RoleMember::Instance), Rule::InstanceAlone));
        }
        roles.extend(role_id.map(|role_id| (index, Role { resource, resource_instance, role_id })));
    }
    ok_or_broken(roles, broken)
}

/// Reads a context: `system`, or `dataset:{id}` (Coactive's contract).
///
/// # Errors
/// `NotAContext` for anything else.
pub fn read_context(given: &str) -> Result<Context, Rule> {
    if given == "system" {
        return Ok(Context { resource: None, resource_instance: None });
    }
    let instance = given.strip_prefix("dataset:").ok_or(Rule::NotAContext)?;
    if instance.is_empty() || instance.chars().count() > NAME_MAX {
        return Err(Rule::NotAContext);
    }
    Ok(Context { resource: Some("dataset".to_owned()), resource_instance: Some(instance.to_owned()) })
}

/// Reads a secret that the client chose. `client_…:…` is rejected: a caller presents a client id and its secret so.
pub(super) fn secret(value: &Value, prefix: &str) -> Result<Token, Rule> {
    let given = value.as_str().ok_or(Rule::Type(Kind::Text))?;
    if given.starts_with("client_") && given.contains(':') {
        return Err(Rule::LooksLikeAClient);
    }
    Token::read(given, prefix).map_err(|error| match error {
        NotAToken::Characters => Rule::NotAToken,
        NotAToken::Checksum => Rule::Checksum,
    })
}
