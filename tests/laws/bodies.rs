//! Strategies for request bodies: valid and invalid values of each field.

use std::collections::BTreeSet;

use postern::credential::field::{Noun, Verb};
use postern::credential::table::{Destination, FIELDS, FieldRow, Null, Shape};
use postern::credential::time::Micros;
use postern::face::Face;
use postern::face::{coactive::COACTIVE, keycard::KEYCARD, litegraph::LITEGRAPH, postern::POSTERN};
use proptest::prelude::*;
use proptest::strategy::Union;
use serde_json::{Map, Value, json};

use support::{ACME, ZERO};

pub fn config() -> ProptestConfig {
    ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() }
}

pub fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z ]{1,8}", "\\PC{1,40}", Just("é".repeat(255)), Just(" ".to_owned())]
}

/// A description, or none.
pub fn description() -> impl Strategy<Value = Option<String>> {
    proptest::option::of("\\PC{0,20}")
}

pub fn role() -> impl Strategy<Value = Value> {
    let id = prop_oneof![Just("admin"), Just("editor"), Just("viewer")];
    (id, proptest::option::of("[a-c]"), proptest::option::of("\\PC{1,3}")).prop_map(|(id, resource, instance)| {
        let mut role = json!({"role_id": id});
        if let Some(resource) = resource {
            role["resource"] = resource.into();
            if let Some(instance) = instance {
                role["resource_instance"] = instance.into();
            }
        }
        role
    })
}

pub fn roles() -> impl Strategy<Value = Value> {
    proptest::collection::vec(role(), 0..6).prop_map(Value::from)
}

/// Roles as our own face has them: no roles is an explicit null.
pub fn own_roles() -> impl Strategy<Value = Value> {
    prop_oneof![4 => roles(), 1 => Just(Value::Null)]
}

/// A list of roles as it is stored and returned: a set.
pub fn as_set(roles: &Value) -> Value {
    let mut roles = roles.as_array().unwrap().clone();
    let parts = ["resource", "resource_instance", "role_id"];
    roles.sort_by_key(|role| parts.map(|part| role[part].as_str().map(str::to_owned)));
    roles.dedup();
    roles.into()
}

/// A future expiry, or none.
pub fn end() -> impl Strategy<Value = Value> {
    let time = (support::START + 1_000_000_000_000..=Micros::MAX.0).prop_map(|time| Micros(time).to_rfc3339_micros());
    proptest::option::of(time).prop_map(Value::from)
}

/// A name in metadata: some are repeated, others are arbitrary, with quotes.
pub fn key() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-d]", 1 => "\\PC{1,6}", 1 => Just("a.b[0]$\"\\'/~".to_owned()), 1 => Just("x".repeat(255))]
}

/// Any valid metadata.
pub fn metadata() -> impl Strategy<Value = Value> {
    proptest::collection::btree_map(key(), "\\PC{0,8}", 0..5).prop_map(|members| json!(members))
}

/// A change of metadata: null removes a member.
pub fn metadata_patch() -> impl Strategy<Value = Value> {
    let value = prop_oneof![2 => "\\PC{0,8}".prop_map(Value::from), 1 => Just(Value::Null)];
    prop_oneof![
        6 => proptest::collection::btree_map(key(), value, 0..5).prop_map(|members| json!(members)),
        1 => Just(Value::Null),
    ]
}

/// A value of any kind: valid for some fields, invalid for most.
pub fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => name().prop_map(Value::from),
        2 => roles(),
        1 => end(),
        1 => metadata_patch(),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i32>().prop_map(Value::from),
        1 => Just(json!({})),
        1 => Just(json!({"a": 5, "b": {}, "c": "x".repeat(501)})),
        1 => Just(json!("x".repeat(501))),
        1 => Just(json!("")),
        1 => Just(json!("a\u{0}b")),
        1 => Just(json!([{"role_id": "nobody"}, 7])),
        1 => Just(json!(["deployer", ""])),
        1 => Just(json!(ZERO)),
        1 => Just(json!(ACME)),
        1 => Just(json!("01arz3ndektsv4rrffq69g5fav")),
        1 => Just(json!("dataset:a")),
        1 => Just(json!(1.5)),
    ]
}

/// A valid value of a field, as our own face has it.
fn value(row: &FieldRow) -> BoxedStrategy<Value> {
    match (row.shape, row.null) {
        (Shape::Text { .. } | Shape::TextOrNull { .. }, Null::Clears) => description().prop_map(Value::from).boxed(),
        (Shape::Text { .. } | Shape::TextOrNull { .. }, Null::Refused) => name().prop_map(Value::from).boxed(),
        (Shape::Flag, _) => any::<bool>().prop_map(Value::from).boxed(),
        (Shape::Choice(_), _) => {
            prop::sample::select(vec!["none", "verify", "read", "edit", "admin"]).prop_map(Value::from).boxed()
        }
        (Shape::Whole { min, max }, _) => (min..=max).prop_map(Value::from).boxed(),
        (Shape::Time, _) => end().boxed(),
        (Shape::Id, _) => Just(json!(ACME)).boxed(),
        (Shape::Names, _) => {
            let item = prop_oneof!["[a-c]", "[!#-\\[\\]-~]{1,3}", Just("admin".to_owned())];
            proptest::collection::vec(item, 0..4).prop_map(Value::from).boxed()
        }
        (Shape::Roles, _) => own_roles().boxed(),
        (Shape::Metadata, _) => metadata().boxed(),
        (Shape::Context | Shape::Secret, _) => unreachable!("our own face does not have it"),
    }
}

/// A body with every field that a face has.
pub fn whole(face: &Face, noun: Noun, verb: Verb) -> BoxedStrategy<Value> {
    let rows = FIELDS.iter().filter(|row| noun.has(row.field));
    let members = rows.filter_map(|row| Some((face.dialect.word(noun, verb, row.field)?.to_owned(), value(row))));
    let (names, values): (Vec<_>, Vec<_>) = members.unzip();
    values.prop_map(move |values| names.iter().cloned().zip(values).collect()).boxed()
}

/// The columns of the fields that a face has.
pub fn columns(face: &Face, noun: Noun, verb: Verb) -> Vec<&'static str> {
    let rows = FIELDS.iter().filter(|row| row.destination == Destination::Document && noun.has(row.field));
    rows.filter(|row| face.dialect.word(noun, verb, row.field).is_some()).map(|row| row.key).collect()
}

/// A body with any members that the faces know, and some unknown ones.
pub fn any_body() -> impl Strategy<Value = Value> {
    let faces = [&COACTIVE, &LITEGRAPH, &KEYCARD, &POSTERN];
    let of = |face: &'static Face| Noun::ALL.map(|noun| [Verb::Replace, Verb::Merge].map(|verb| (face, noun, verb)));
    let ways = faces.into_iter().flat_map(of).flatten();
    let words = ways
        .flat_map(|(face, noun, verb)| FIELDS.iter().filter_map(move |row| face.dialect.word(noun, verb, row.field)));
    let others = ["revision", "secrets", "Password", "GUID", "TenantGUID", "client_id", "unknown"];
    let members: BTreeSet<_> = words.chain(others).collect();
    let member = Union::new(members.into_iter().map(Just)).prop_map(str::to_owned);
    proptest::collection::btree_map(member, any_value(), 0..7)
        .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>()))
}

/// Some of the members of a body.
pub fn some_of(body: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    (body, any::<u32>()).prop_map(|(mut body, bits)| {
        let members = body.as_object_mut().unwrap();
        let mut place = 0;
        members.retain(|_, _| {
            place += 1;
            bits >> place & 1 == 1
        });
        body
    })
}
