//! Values from the table `FIELDS`, for tests that cover every field.

use postern::credential::field::{Noun, Verb};
use postern::credential::table::{FIELDS, FieldRow, Initial, Shape};
use postern::credential::validate::Dialect;
use postern::face::postern::Postern;
use serde_json::{Map, Value, json};

/// The fields of a noun that a PUT on the Postern face sets, each with its member.
pub fn of_our_face(noun: Noun) -> impl Iterator<Item = (&'static FieldRow, &'static str)> {
    let rows = FIELDS.iter().filter(move |row| noun.has(row.field));
    rows.filter_map(move |row| Some((row, Postern.word(noun, Verb::Replace, row.field)?)))
}

/// The members of a noun in a response of the Postern face, in order: its fields between the given read-only members.
pub fn shown(before: &[&'static str], noun: Noun, after: &[&'static str]) -> Vec<&'static str> {
    let fields = of_our_face(noun).map(|(_, member)| member);
    before.iter().copied().chain(fields).chain(after.iter().copied()).collect()
}

/// The default of a field on create; `None` if the service or the store chooses it.
pub fn default(row: &FieldRow) -> Option<Value> {
    match row.default {
        Initial::Null => Some(Value::Null),
        Initial::Text(text) => Some(text.into()),
        Initial::Flag(flag) => Some(flag.into()),
        Initial::Whole(number) => Some(number.into()),
        Initial::Id(id) => Some(id.to_string().into()),
        Initial::Roles(roles) => Some(roles.iter().map(|role| json!({ "role_id": role })).collect()),
        Initial::Names(names) => Some(names.into()),
        Initial::Secret | Initial::Absent => None,
    }
}

/// The defaults of a noun's fields by the members of the Postern face; the default of metadata is null.
pub fn default_members(noun: Noun) -> Map<String, Value> {
    of_our_face(noun).map(|(row, member)| (member.to_owned(), default(row).unwrap_or_default())).collect()
}

/// A valid value other than the default, in the Postern face's spelling; `principal` is the value of an id.
pub fn other(row: &FieldRow, principal: &str) -> Value {
    match row.shape {
        Shape::Text { .. } | Shape::TextOrNull { .. } => json!("another"),
        Shape::Flag => (row.default != Initial::Flag(true)).into(),
        Shape::Choice(of) => of.iter().rfind(|one| row.default != Initial::Text(one)).copied().into(),
        Shape::Whole { max, .. } => max.into(),
        Shape::Time => json!("2250-01-01T00:00:00Z"),
        Shape::Id => principal.into(),
        Shape::Names => json!(["another"]),
        Shape::Roles => json!([{"role_id": "editor"}]),
        Shape::Context => json!("system"),
        Shape::Metadata => json!({"a": "b"}),
        Shape::Secret => json!("another-token"),
    }
}
