//! Reading `fields.txt`: what its values and cells stand for.

use std::collections::BTreeMap;

use postern::credential::field::Field;
use serde_json::{Map, Value};

/// What a row says of its member, and of others beside it.
pub struct Said {
    /// None leaves the member out.
    pub value: Option<Value>,
    pub beside: Map<String, Value>,
}

/// Reads a row's value, with `names` put in for what the test has made.
pub fn said(cell: &str, names: &BTreeMap<&str, String>) -> Said {
    let (value, with) = cell.split_once(" with ").map_or((cell, None), |(value, with)| (value, Some(with)));
    let beside = with.map(|with| with.split_once(' ').expect("a member and its value"));
    Said {
        value: (value != "-").then(|| json(value, names)),
        beside: beside.into_iter().map(|(member, value)| (member.to_owned(), json(value, names))).collect(),
    }
}

/// JSON, with what stands in `<>` spelled out.
pub fn json(text: &str, names: &BTreeMap<&str, String>) -> Value {
    let text = spelled_out(text, names);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A text in which what stands in `<>` is spelled out.
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
    match short.split_once(" of ") {
        None => format!(r#"{{"role_id":"{short}"}}"#),
        Some((id, datasets)) => match datasets.split_once(" to ") {
            None => role(id, datasets),
            Some((first, last)) => {
                let (first, last): (u32, u32) = (first.parse().expect("a number"), last.parse().expect("a number"));
                (first..=last).map(|dataset| role(id, &dataset.to_string())).collect::<Vec<_>>().join(",")
            }
        },
    }
}

/// The cells of a row, `same` being as in the cell before.
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
const NO_OBJECT: [&str; 5] = ["item string", "item number", "item boolean", "item list", "item null"];

/// The cases that a field needs. A new field says here which those are.
pub fn needed(field: Field) -> Vec<String> {
    let text = || [&EVERY[..], &NO_TEXT, &LENGTHS, &CONTROL].concat();
    let id = || [&EVERY[..], &NO_TEXT, &CONTROL, &["empty", "not a GUID"]].concat();
    let time = || [&EVERY[..], &NO_TEXT, &CONTROL, &["empty", "not a time", "1969", "2256"]].concat();
    let cases = match field {
        Field::Id => [&id()[..], &["taken"]].concat(),
        Field::Principal => [&id()[..], &["unknown"]].concat(),
        Field::Name | Field::FirstName | Field::LastName | Field::Email | Field::Description => {
            [&text()[..], &["shortest", "spaces around"]].concat()
        }
        Field::Enabled => [&EVERY[..], &NO_BOOLEAN, &["false"]].concat(),
        Field::Roles => return roles(),
        Field::RolesContext => {
            let spellings = ["system", "dataset", "another case", "dataset alone", "dataset without id", "any other"];
            [&text()[..], &spellings].concat().into_iter().filter(|case| *case != "valid").collect()
        }
        Field::Secret => {
            let ours = ["ours", "ours with a bad checksum", "client_ with a colon", "client_ without a colon", "taken"];
            let characters = ["shortest", "empty", "longest", "too long", "space", "not ASCII"];
            [&EVERY[..], &NO_TEXT, &CONTROL, &characters, &ours].concat()
        }
        Field::CreatedAt | Field::UpdatedAt => time(),
    };
    cases.into_iter().map(str::to_owned).collect()
}

fn roles() -> Vec<String> {
    let of = |member: &'static str, cases: Vec<&str>| {
        cases.into_iter().map(move |case| format!("{member} {case}")).collect::<Vec<_>>()
    };
    let text = [&["absent", "null"][..], &NO_TEXT, &LENGTHS, &CONTROL].concat();
    let whole = [
        "unknown members",
        "instance without resource",
        "instance with null resource",
        "duplicates",
        "another order",
        "a hundred",
        "a hundred and one",
        "inside the context",
        "outside the context",
    ];
    let mut cases: Vec<_> = [&EVERY[..], &NO_LIST, &NO_OBJECT, &["empty", "role_id unknown"], &whole]
        .concat()
        .into_iter()
        .map(str::to_owned)
        .collect();
    cases.extend(["role_id", "resource", "resource_instance"].into_iter().flat_map(|member| of(member, text.clone())));
    cases
}

/// Whether a row's value is what the name of its case says, as far as the name says it.
pub fn fits(case: &str, value: Option<&Value>, field: Field) -> bool {
    let Some(value) = value else { return case == "absent" || case.ends_with(" absent") };
    for member in ["role_id", "resource", "resource_instance"] {
        if let Some(case) = case.strip_prefix(&format!("{member} ")) {
            return value[0].get(member).map_or(case == "absent", |value| is(case, value, field));
        }
    }
    case.strip_prefix("item ").map_or_else(|| is(case, value, field), |case| is(case, &value[0], field))
}

fn is(case: &str, value: &Value, field: Field) -> bool {
    let most = match field {
        Field::Description => 500,
        Field::Secret => 512,
        _ => 255,
    };
    // A context's id has the limit, not the whole of it.
    let text = value.as_str().map(|text| text.strip_prefix("dataset:").unwrap_or(text));
    let length = text.map(|text| text.chars().count());
    let bytes = text.map(str::len);
    let holds = |control| text.is_some_and(|text| text.contains(control));
    match case {
        "absent" => false,
        "null" => value.is_null(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "list" => value.is_array(),
        "object" => value.is_object(),
        "empty" => *value == "" || *value == Value::Array(Vec::new()),
        "shortest" => length == Some(1),
        "longest" => length == Some(most) && bytes == length,
        "longest in many bytes" => length == Some(most) && bytes > length,
        "too long" => length == Some(most + 1) && bytes == length,
        "too long in many bytes" => length == Some(most + 1) && bytes > length,
        "NUL" => holds('\0'),
        "U+0001" => holds('\u{1}'),
        "U+007F" => holds('\u{7f}'),
        "U+0085" => holds('\u{85}'),
        "newline" => holds('\n'),
        "a hundred" => value.as_array().is_some_and(|roles| roles.len() == 100),
        "a hundred and one" => value.as_array().is_some_and(|roles| roles.len() == 101),
        _ => true,
    }
}
