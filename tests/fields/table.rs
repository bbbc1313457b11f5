//! Reads `fields.txt`: the notation of its values and cells.

use std::collections::BTreeMap;

use postern::credential::field::Field;
use postern::credential::table::{Destination, Shape};
use serde_json::{Map, Value};

/// The value of a row's member, and of the other members in the row.
pub struct Given {
    /// None leaves the member out.
    pub value: Option<Value>,
    pub others: Map<String, Value>,
}

/// Reads a row's value and replaces the `names` of values that the test has created.
pub fn read_value(cell: &str, names: &BTreeMap<&str, String>) -> Given {
    let (value, with) = cell.split_once(" with ").map_or((cell, None), |(value, with)| (value, Some(with)));
    let others = with.map(|with| with.split_once(' ').expect("a member and its value"));
    Given {
        value: (value != "-").then(|| json(value, names)),
        others: others.into_iter().map(|(member, value)| (member.to_owned(), json(value, names))).collect(),
    }
}

/// JSON, in which each `<…>` is spelled out.
pub fn json(text: &str, names: &BTreeMap<&str, String>) -> Value {
    let text = spelled_out(text, names);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A text, in which each `<…>` is spelled out.
pub fn spelled_out(text: &str, names: &BTreeMap<&str, String>) -> String {
    let mut parts = text.split('<');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (short, rest) = part.split_once('>').unwrap_or_else(|| panic!("{text}: `<` without `>`"));
        out += &spell(short, names);
        out += rest;
    }
    out
}

fn spell(short: &str, names: &BTreeMap<&str, String>) -> String {
    if let Some(name) = names.get(short) {
        return name.clone();
    }
    if let Some((text, times)) = short.rsplit_once('*') {
        return text.repeat(times.parse().expect("how often"));
    }
    let role = |id: &str, dataset: &str| {
        format!(r#"{{"role_id":"{id}","resource":"dataset","resource_instance":"{dataset}"}}"#)
    };
    let range = |range: &str| {
        let (first, last) = range.split_once(" to ")?;
        Some(first.parse::<u32>().ok()?..=last.parse::<u32>().ok()?)
    };
    if let Some(keys) = short.strip_prefix("keys ").and_then(range) {
        return keys.map(|key| format!(r#""k{key}":"{key}""#)).collect::<Vec<_>>().join(",");
    }
    if let Some(names) = short.strip_prefix("names ").and_then(range) {
        return names.map(|name| format!(r#""n{name}""#)).collect::<Vec<_>>().join(",");
    }
    match short.split_once(" of ") {
        None => format!(r#"{{"role_id":"{short}"}}"#),
        Some((id, datasets)) => match range(datasets) {
            None => role(id, datasets),
            Some(datasets) => datasets.map(|dataset| role(id, &dataset.to_string())).collect::<Vec<_>>().join(","),
        },
    }
}

/// The cells of a row; `same` repeats the cell before.
pub fn cells(row: &[String]) -> Vec<&str> {
    let mut cells: Vec<&str> = Vec::new();
    for cell in row {
        let before = cells.last().copied();
        cells.push(if cell == "same" { before.expect("a cell before") } else { cell });
    }
    cells
}

const EVERY: [&str; 3] = ["absent", "null", "valid"];
const CONTROL: [&str; 5] = ["NUL", "U+0001", "U+007F", "U+0085", "newline"];
const LENGTHS: [&str; 5] = ["empty", "longest", "longest in many bytes", "too long", "too long in many bytes"];
const NO_TEXT: [&str; 4] = ["number", "boolean", "list", "object"];
const NO_BOOLEAN: [&str; 4] = ["string", "number", "list", "object"];
const NO_LIST: [&str; 4] = ["string", "number", "boolean", "object"];
const NO_OBJECT: [&str; 4] = ["string", "number", "boolean", "list"];
const NO_NUMBER: [&str; 4] = ["string", "boolean", "list", "object"];
/// The cases of a read-only member: it has one type, so the values of the other types differ from it.
pub const READS: [&str; 9] = ["absent", "null", "the same", "another", "string", "number", "boolean", "list", "object"];

/// The cases that a field needs on a face, by its shape.
pub fn needed(face: &str, field: Field) -> Vec<String> {
    let text = || [&EVERY[..], &NO_TEXT, &LENGTHS, &CONTROL].concat();
    let unread = if face == "Postern" { "not an id" } else { "not a GUID" };
    let id = || [&EVERY[..], &NO_TEXT, &CONTROL, &["empty", unread]].concat();
    let time = || [&EVERY[..], &NO_TEXT, &CONTROL, &["empty", "not a time", "1969", "2256"]].concat();
    let row = field.row().expect("a field");
    let cases = match row.shape {
        Shape::Id if row.destination == Destination::Id => [&id()[..], &["taken"]].concat(),
        Shape::Id => [&id()[..], &["unknown"]].concat(),
        Shape::Text { .. } | Shape::TextOrNull { .. } => [&text()[..], &["shortest", "spaces around"]].concat(),
        Shape::Flag => [&EVERY[..], &NO_BOOLEAN, &["false"]].concat(),
        Shape::Choice(_) => [&EVERY[..], &NO_TEXT, &["empty", "another case", "any other", "the same"]].concat(),
        Shape::Roles => return roles(face),
        Shape::Context => {
            let spellings = ["system", "dataset", "another case", "dataset alone", "dataset without id", "any other"];
            [&text()[..], &spellings].concat().into_iter().filter(|case| *case != "valid").collect()
        }
        Shape::Secret => {
            let ours = ["ours", "ours with a bad checksum", "client_ with a colon", "client_ without a colon", "taken"];
            let characters = ["shortest", "empty", "longest", "too long", "space", "not ASCII"];
            [&EVERY[..], &NO_TEXT, &CONTROL, &characters, &ours].concat()
        }
        Shape::Time if row.destination == Destination::Document => {
            [&time()[..], &["first", "last", "just past the last", "with offset", "without offset"]].concat()
        }
        Shape::Time => time(),
        Shape::Metadata => {
            let whole = ["empty", "merged", "sixteen", "seventeen", "4096 bytes", "4097 bytes", "4098 bytes in fewer"];
            let whole = [&EVERY[..], &NO_OBJECT, &whole].concat();
            let value = [&["null"][..], &NO_TEXT, &LENGTHS, &CONTROL].concat();
            let name = [&LENGTHS[..], &CONTROL].concat();
            return with_members(&whole, &[("member", value), ("name", name)]);
        }
        Shape::Names => {
            let whole = [&EVERY[..], &NO_LIST, &["empty", "duplicates", "a hundred", "a hundred and one"]].concat();
            let no_token = ["space", "quotation mark", "backslash", "not ASCII"];
            return with_members(
                &whole,
                &[("item", [&["null"][..], &NO_TEXT, &LENGTHS, &CONTROL, &no_token].concat())],
            );
        }
        Shape::Whole { .. } => {
            let numbers =
                ["least", "most", "too little", "too much", "fraction", "far too much", "zero fraction", "exponent"];
            [&EVERY[..], &NO_NUMBER, &numbers].concat()
        }
    };
    cases.into_iter().map(str::to_owned).collect()
}

/// The cases of a whole, then those of each kind of member that it has.
fn with_members(whole: &[&str], members: &[(&str, Vec<&str>)]) -> Vec<String> {
    let of =
        |(member, cases): &(&str, Vec<&str>)| cases.iter().map(|case| format!("{member} {case}")).collect::<Vec<_>>();
    whole.iter().map(|case| (*case).to_owned()).chain(members.iter().flat_map(of)).collect()
}

fn roles(face: &str) -> Vec<String> {
    let text = [&["absent", "null"][..], &NO_TEXT, &LENGTHS, &CONTROL].concat();
    let mut whole = vec![
        "unknown members",
        "instance without resource",
        "instance with null resource",
        "duplicates",
        "another order",
        "a hundred",
        "a hundred and one",
    ];
    if face == "Coactive" {
        whole.extend(["inside the context", "outside the context"]);
    }
    let whole = [&EVERY[..], &NO_LIST, &["empty", "role_id unknown", "item null"], &whole].concat();
    let members = ROLE_MEMBERS.map(|member| (member, text.clone()));
    with_members(&whole, &[&[("item", NO_OBJECT.to_vec())], &members[..]].concat())
}

const ROLE_MEMBERS: [&str; 3] = ["role_id", "resource", "resource_instance"];

/// Whether a row's value fits the name of its case, as far as the name says it.
pub fn fits(case: &str, value: Option<&Value>, field: Field) -> bool {
    let Some(value) = value else { return case == "absent" || case.ends_with(" absent") };
    if field == Field::Metadata {
        let (name, value) = value.as_object().and_then(|members| members.iter().next()).unzip();
        if let Some(case) = case.strip_prefix("member ") {
            return value.is_some_and(|value| is(case, value, Field::Description));
        }
        if let Some(case) = case.strip_prefix("name ") {
            return name.is_some_and(|name| is(case, &Value::from(name.as_str()), Field::Name));
        }
    }
    for member in ROLE_MEMBERS {
        if let Some(case) = case.strip_prefix(&format!("{member} ")) {
            return value[0].get(member).map_or(case == "absent", |value| is(case, value, field));
        }
    }
    case.strip_prefix("item ").map_or_else(|| is(case, value, field), |case| is(case, &value[0], field))
}

fn is(case: &str, value: &Value, field: Field) -> bool {
    let most = match field.row().map(|row| row.shape) {
        Some(Shape::Text { max, .. } | Shape::TextOrNull { max }) => max,
        Some(Shape::Secret) => 512,
        Some(
            Shape::Flag
            | Shape::Choice(_)
            | Shape::Whole { .. }
            | Shape::Time
            | Shape::Id
            | Shape::Names
            | Shape::Roles
            | Shape::Context
            | Shape::Metadata,
        )
        | None => 255,
    };
    // The limit applies to the id of a context, not to the whole context.
    let text = value.as_str().map(|text| text.strip_prefix("dataset:").unwrap_or(text));
    let length = text.map(|text| text.chars().count());
    let bytes = text.map(str::len);
    let has = |control| text.is_some_and(|text| text.contains(control));
    let items = value.as_array().map(Vec::len);
    // Of metadata, its stored form: the number of members, the bytes of JSON, and whether there are as many characters.
    let kept = value.as_object().map(|members| {
        let kept = members.iter().filter(|(_, value)| !value.is_null());
        kept.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>()
    });
    let members = kept.as_ref().map(Map::len);
    let json = kept.map(|kept| Value::Object(kept).to_string()).unwrap_or_default();
    let whole = (json.len(), Some(json.is_ascii()));
    match case {
        "absent" => false,
        "null" => value.is_null(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "list" => value.is_array(),
        "object" => value.is_object(),
        "empty" => *value == "" || *value == Value::Array(Vec::new()) || *value == Value::Object(Map::new()),
        "shortest" => length == Some(1),
        "longest" => length == Some(most) && bytes == length,
        "longest in many bytes" => length == Some(most) && bytes > length,
        "too long" => length == Some(most + 1) && bytes == length,
        "too long in many bytes" => length == Some(most + 1) && bytes > length,
        "NUL" => has('\0'),
        "U+0001" => has('\u{1}'),
        "U+007F" => has('\u{7f}'),
        "U+0085" => has('\u{85}'),
        "newline" => has('\n'),
        "quotation mark" => has('"'),
        "backslash" => has('\\'),
        // A tenant has three more roles by default.
        "a hundred" => items == Some(if field == Field::RoleNames { 97 } else { 100 }),
        "a hundred and one" => items == Some(if field == Field::RoleNames { 98 } else { 101 }),
        "sixteen" => members == Some(16),
        "seventeen" => members == Some(17),
        "4096 bytes" => whole == (4096, Some(true)),
        "4097 bytes" => whole == (4097, Some(true)),
        "4098 bytes in fewer" => whole == (4098, Some(false)),
        _ => true,
    }
}
