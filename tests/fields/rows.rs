//! `FIELDS`, row by row: validation follows the row, for any value in a body.

use std::collections::{BTreeMap, BTreeSet};

use postern::credential::field::{Draft, Given, Kind, Location, Meaning, RoleMember, Rule};
use postern::credential::id::Id;
use postern::credential::role::Context;
use postern::credential::table::{
    Destination, FIELDS, Field, FieldRow, GRACE_MAX, Initial, METADATA_SENT_MAX, Noun, Null, ROLES_MAX, Required,
    Right, Shape, Verb,
};
use postern::credential::time::Micros;
use postern::credential::validate::{Change, Dialect, NewSecret, validate};
use postern::face::postern::Postern;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::subject::routes;
use support::fields::default;

/// A face that has every field under its key, or one that has no field; neither is a contract of its own.
struct Plain {
    has_fields: bool,
}

impl Dialect for Plain {
    fn word(&self, _noun: Noun, _verb: Verb, field: Field) -> Option<&'static str> {
        field.row().filter(|_| self.has_fields).map(|row| row.key)
    }

    fn exception(&self, _verb: Verb, _field: Field, _said: &Given) -> Option<Meaning> {
        None
    }

    fn read_id(&self, text: &str) -> Option<Id> {
        Id::parse(text)
    }

    fn spell_id(&self, id: Id) -> String {
        id.to_string()
    }

    fn read_time(&self, text: &str) -> Option<Micros> {
        Micros::parse(text)
    }
}

/// A value and its result: its canonical form, or the first rule that it violates, with the location.
type Case = (Value, Result<Value, (Location, Rule)>);

fn fine(value: &Value, canonical: &Value) -> Case {
    (value.clone(), Ok(canonical.clone()))
}

fn same(value: &Value) -> Case {
    fine(value, value)
}

fn wrong(value: Value, rule: Rule) -> Case {
    (value, Err((Location::Whole, rule)))
}

fn within(value: Value, place: Location, rule: Rule) -> Case {
    (value, Err((place, rule)))
}

/// One value of each JSON type but null, with the type that a shape takes left out.
fn others(kind: Kind) -> Vec<Case> {
    let each = [
        (Kind::Text, json!("x")),
        (Kind::Boolean, json!(true)),
        (Kind::Number, json!(5)),
        (Kind::List, json!(["x"])),
        (Kind::Object, json!({"x": "x"})),
    ];
    let other = each.into_iter().filter(|(of, _)| *of != kind);
    other.map(|(_, value)| wrong(value, Rule::Type(kind))).chain([wrong(json!(1.5), Rule::Type(kind))]).collect()
}

/// Strings around both bounds, in one byte a code point and in four, and those with a control character.
fn strings(min: usize, max: usize) -> Vec<(String, Option<Rule>)> {
    let lengths = BTreeSet::from([0, min.saturating_sub(1), min, min + 1, max - 1, max, max + 1]);
    let of_length = |length: usize| {
        let rule = match length {
            _ if length < min => Some(Rule::TooShort { min }),
            _ if length > max => Some(Rule::TooLong { max }),
            _ => None,
        };
        ["x", "\u{1f600}"].map(|letter| (letter.repeat(length), rule.clone()))
    };
    let controls = ["\0", "\n", "\u{7f}", "\u{85}"].map(|control| (format!("a{control}b"), Some(Rule::Control)));
    lengths.into_iter().flat_map(of_length).chain(controls).chain([(" x ".to_owned(), None)]).collect()
}

fn texts(min: usize, max: usize) -> Vec<Case> {
    let case = |(text, rule): (String, Option<Rule>)| match rule {
        None => same(&text.into()),
        Some(rule) => wrong(text.into(), rule),
    };
    strings(min, max).into_iter().map(case).chain(others(Kind::Text)).collect()
}

/// Members of an object, each with strings around its bounds, and one that is not a string.
fn members(min: usize, max: usize, place: &Location, of: impl Fn(Value) -> Value) -> Vec<Case> {
    let broken = strings(min, max).into_iter().filter_map(|(text, rule)| Some((text.into(), rule?)));
    broken
        .chain([(json!(5), Rule::Type(Kind::Text))])
        .map(|(value, rule)| within(of(value), place.clone(), rule))
        .collect()
}

/// The values that a shape is tested with.
fn corpus(shape: Shape) -> Vec<Case> {
    match shape {
        Shape::Text { min, max } => texts(min, max),
        Shape::TextOrNull { max } => {
            let empty_is_null = |case: Case| if case.0 == "" { fine(&case.0, &Value::Null) } else { case };
            texts(0, max).into_iter().map(empty_is_null).collect()
        }
        Shape::Choice(of) => {
            let others = ["", "Admin", "admin ", "owner"].map(|text| wrong(text.into(), Rule::NotAChoice { of }));
            let of = of.iter().map(|one| same(&(*one).into()));
            of.chain(others).chain(self::others(Kind::Text)).collect()
        }
        Shape::Flag => [true, false].map(|flag| same(&flag.into())).into_iter().chain(others(Kind::Boolean)).collect(),
        Shape::Whole { min, max } => {
            let bounds = [min, min + 1, max - 1, max].map(|number| same(&number.into()));
            let outside = [min - 1, max + 1].map(|number| wrong(number.into(), Rule::NotInRange { min, max }));
            bounds.into_iter().chain(outside).chain(others(Kind::Number)).collect()
        }
        Shape::Time => {
            let time = |text: &str, micros: i64| fine(&text.into(), &micros.into());
            let no_time = |text: &str| wrong(text.into(), Rule::NotATime);
            let cases = [
                time("1970-01-01T00:00:00Z", 0),
                time("1970-01-01T02:00:00+02:00", 0),
                time("1970-01-01T00:00:00.0000019Z", 1),
                time("2255-06-05T23:47:34.740991Z", Micros::MAX.0),
                no_time("1969-12-31T23:59:59.999999Z"),
                no_time("1969-12-31T23:59:59.9999999Z"),
                no_time("1970-01-01T00:00:00"),
                no_time("2255-06-05T23:47:34.740992Z"),
                no_time("yesterday"),
                wrong("".into(), Rule::TooShort { min: 1 }),
                wrong("1970-01-01T00:00:00Z\0".into(), Rule::Control),
            ];
            cases.into_iter().chain(others(Kind::Text)).collect()
        }
        Shape::Id => {
            let cases = [
                same(&Id::from_bits(7).to_string().into()),
                wrong("another".into(), Rule::NotAnId),
                wrong("".into(), Rule::TooShort { min: 1 }),
            ];
            cases.into_iter().chain(others(Kind::Text)).collect()
        }
        Shape::Names => names(),
        Shape::Roles => roles(),
        Shape::Context => {
            let cases = [
                same(&json!("system")),
                same(&json!("dataset:d")),
                same(&format!("dataset:{}", "x".repeat(255)).into()),
                wrong(format!("dataset:{}", "x".repeat(256)).into(), Rule::NotAContext),
                wrong(json!("dataset:"), Rule::NotAContext),
                wrong(json!("another"), Rule::NotAContext),
                wrong(json!(""), Rule::TooShort { min: 1 }),
            ];
            cases.into_iter().chain(others(Kind::Text)).collect()
        }
        Shape::Metadata => metadata(),
        Shape::Secret => {
            let cases = [
                same(&json!("a token of 1 to 512".replace(' ', "-"))),
                same(&"x".repeat(512).into()),
                wrong("x".repeat(513).into(), Rule::NotAToken),
                wrong(json!(""), Rule::NotAToken),
                wrong(json!("a b"), Rule::NotAToken),
                wrong(json!("pstn_x"), Rule::Checksum),
                wrong(json!("client_a:b"), Rule::LooksLikeAClient),
            ];
            cases.into_iter().chain(others(Kind::Text)).collect()
        }
    }
}

fn names() -> Vec<Case> {
    let numbered = |count: usize| (0..count).map(|number| format!("n{number:03}")).collect::<Vec<_>>();
    let usual = json!(["admin", "editor", "viewer"]);
    let full = [vec!["admin".to_owned(), "editor".to_owned()], numbered(97), vec!["viewer".to_owned()]].concat();
    let mut cases = vec![
        fine(&json!([]), &usual),
        fine(&json!(["viewer", "b", "a", "b"]), &json!(["a", "admin", "b", "editor", "viewer"])),
        fine(&json!(numbered(97)), &json!(full)),
        wrong(json!(numbered(98)), Rule::TooMany { max: ROLES_MAX }),
        fine(&json!(vec!["admin"; 100]), &usual),
        wrong(json!(vec!["admin"; 101]), Rule::TooManySent { max: ROLES_MAX }),
        within(json!(["a", null]), Location::Item(1), Rule::Type(Kind::Text)),
    ];
    let no_token = ["a b", " x ", "a\"b", "a\\b", "é", "\u{1f600}"];
    cases.extend(no_token.map(|name| within(json!(["a", name]), Location::Item(1), Rule::NotAScopeToken)));
    cases.push(fine(&json!(["!#[]~"]), &json!(["!#[]~", "admin", "editor", "viewer"])));
    cases.extend(members(1, 255, &Location::Item(0), |item| json!([item])));
    cases.extend(others(Kind::List));
    cases
}

fn roles() -> Vec<Case> {
    let limited =
        |number: usize| json!({"resource": "dataset", "resource_instance": format!("d{number:03}"), "role_id": "a"});
    let many = |count: usize| Value::from((0..count).map(limited).collect::<Vec<_>>());
    let reversed = Value::from((0..100).rev().map(limited).collect::<Vec<_>>());
    let mut cases = vec![
        fine(&json!([]), &json!([])),
        fine(
            &json!([{"role_id": "b", "resource": null}, {"role_id": "a", "resource": "r"}, {"role_id": "b"}]),
            &json!([{"role_id": "b"}, {"resource": "r", "role_id": "a"}]),
        ),
        fine(&reversed, &many(100)),
        wrong(many(101), Rule::TooManySent { max: ROLES_MAX }),
        within(json!([null]), Location::Role(0), Rule::Type(Kind::Object)),
        within(json!([{}]), Location::Member(0, RoleMember::RoleId), Rule::Missing),
        within(
            json!([{"role_id": "a", "resource_instance": "i"}]),
            Location::Member(0, RoleMember::Instance),
            Rule::InstanceAlone,
        ),
    ];
    for member in RoleMember::ALL {
        let of = |value| {
            let mut role = json!({"role_id": "a", "resource": "r"});
            role[member.name()] = value;
            json!([role])
        };
        cases.extend(members(1, 255, &Location::Member(0, member), of));
    }
    cases.extend(others(Kind::List));
    cases
}

fn metadata() -> Vec<Case> {
    let many = |count: usize| {
        Value::from(
            (0..count)
                .map(|key| (format!("k{key}"), json!("v")))
                .collect::<BTreeMap<_, _>>()
                .into_iter()
                .collect::<serde_json::Map<_, _>>(),
        )
    };
    let mut cases = vec![
        same(&json!({})),
        same(&json!({"b": "", "a": null})),
        same(&many(METADATA_SENT_MAX)),
        wrong(many(METADATA_SENT_MAX + 1), Rule::TooManySent { max: METADATA_SENT_MAX }),
    ];
    cases.extend(members(0, 500, &Location::Key("k".to_owned()), |value| json!({ "k": value })));
    for (name, rule) in strings(1, 255) {
        let value = json!({ &name: "v" });
        cases.push(match rule {
            None => same(&value),
            Some(rule) => within(value, Location::Key(name), rule),
        });
    }
    cases.extend(others(Kind::Object));
    cases
}

/// The value of a field in a change; none if the change does not set it.
fn held(row: &FieldRow, change: &Change) -> Option<Value> {
    let time = |time: Option<Micros>| time.map(|time| time.0.into());
    match row.destination {
        Destination::Document => change.set.get(row.key).cloned(),
        Destination::Id => change.id.map(|id| id.to_string().into()),
        Destination::CreatedAt => time(change.created_at),
        Destination::UpdatedAt => time(change.updated_at),
        Destination::Context => change.context.as_ref().map(|Context { resource_instance, .. }| {
            resource_instance.as_ref().map_or(json!("system"), |instance| format!("dataset:{instance}").into())
        }),
        Destination::Secret => change.secret.as_ref().map(|secret| match secret {
            NewSecret::Made => json!({"made": true}),
            NewSecret::Chosen(token) => token.reveal().into(),
        }),
        Destination::MakesSecret => change.makes_secret.map(Value::from),
        Destination::GraceSeconds => change.grace_seconds.map(Value::from),
        Destination::Reason => change.reason.clone().map(Value::from),
    }
}

/// The value of an absent member where absence means the default.
fn initial(row: &FieldRow) -> Option<Value> {
    if row.default == Initial::Secret { Some(json!({"made": true})) } else { default(row) }
}

/// Null in the document; a null parameter is absent.
fn empty(row: &FieldRow, value: Option<Value>) -> Option<Value> {
    value.filter(|value| row.destination == Destination::Document || !value.is_null())
}

/// The value that a body with only this field sets, and the rules that it violates.
fn outcome(
    row: &FieldRow,
    noun: Noun,
    verb: Verb,
    dialect: &dyn Dialect,
    given: Given,
) -> (Option<Value>, Vec<(Location, Rule)>) {
    let mut draft = Draft::default();
    draft.set(row.field, given);
    let (change, violations) = validate(&draft, noun, verb, dialect, "pstn_");
    let keys: Vec<_> = FIELDS
        .iter()
        .filter(|row| row.destination == Destination::Document && noun.has(row.field))
        .map(|row| row.key)
        .collect();
    assert!(change.set.keys().all(|key| keys.contains(&key.as_str())), "{noun:?}: {:?}", change.set);
    let broken = violations.into_iter().filter(|violation| violation.field == row.field);
    (held(row, &change), broken.map(|violation| (violation.location, violation.rule)).collect())
}

fn each() -> impl Iterator<Item = (&'static FieldRow, Noun, Verb)> {
    let nouns = |row: &'static FieldRow| {
        Noun::ALL.into_iter().filter(|noun| row.right(*noun).is_some()).map(move |noun| (row, noun))
    };
    FIELDS.iter().flat_map(nouns).flat_map(|(row, noun)| Verb::ALL.map(|verb| (row, noun, verb)))
}

#[test]
fn validation_of_each_value_follows_its_row() {
    let has_fields = Plain { has_fields: true };
    for (row, noun, verb) in each() {
        for (value, expected) in corpus(row.shape) {
            let of = format!("{verb:?} {noun:?}, {:?}: {:.80}", row.field, value.to_string());
            let (held, broken) = outcome(row, noun, verb, &has_fields, Given::Value(value));
            match expected {
                Ok(canonical) => {
                    assert_eq!((held, broken), (empty(row, Some(canonical)), vec![]), "{of}");
                }
                Err(rule) => assert_eq!((held, broken), (None, vec![rule]), "{of}"),
            }
        }
    }
}

#[test]
fn absent_and_null_fields_mean_what_their_row_says() {
    let (has_fields, mute) = (Plain { has_fields: true }, Plain { has_fields: false });
    for (row, noun, verb) in each() {
        let of = format!("{verb:?} {noun:?}, {:?}", row.field);
        let missing = (None, vec![(Location::Whole, Rule::Missing)]);
        let (kept, default) = ((None, vec![]), (empty(row, initial(row)), vec![]));
        let absent = match (verb, row.required) {
            (Verb::Merge, _) => kept.clone(),
            (_, Required::Everywhere) => missing.clone(),
            (_, Required::No | Required::OnOurFace(_)) => default.clone(),
        };
        assert_eq!(outcome(row, noun, verb, &has_fields, Given::Absent), absent, "{of}");
        let null = match row.null {
            Null::Clears => (empty(row, Some(Value::Null)), vec![]),
            Null::Refused => (None, vec![(Location::Whole, Rule::NotNull)]),
        };
        assert_eq!(outcome(row, noun, verb, &has_fields, Given::Null), null, "{of}");
        // A field that a face cannot set is kept, or has its default on create, whatever the body has.
        let unsettable = if verb == Verb::Create { &default } else { &kept };
        for given in [Given::Absent, Given::Null, Given::Value(json!(5))] {
            assert_eq!(&outcome(row, noun, verb, &mute, given), unsettable, "{of}");
        }
        // Our own face, if it has the field.
        if Postern.word(noun, verb, row.field).is_some() {
            let required = matches!(row.required, Required::OnOurFace(verbs) if verbs.contains(&verb));
            let absent = if required { missing } else { absent };
            assert_eq!(outcome(row, noun, verb, &Postern, Given::Absent), absent, "{of}, on our own face");
            assert_eq!(outcome(row, noun, verb, &Postern, Given::Null), null, "{of}, on our own face");
        }
    }
}

/// No row contradicts itself, and no two rows have the same key.
#[test]
fn rows_of_fields_are_consistent() {
    assert_eq!(FIELDS.iter().map(|row| row.key).collect::<BTreeSet<_>>().len(), FIELDS.len());
    assert_eq!(FIELDS.each_ref().map(|row| row.field), Field::ALL);
    for row in &FIELDS {
        assert!(Noun::ALL.iter().any(|noun| noun.has(row.field)), "{:?}: no noun has this field", row.field);
        assert!(
            row.default != Initial::Null || row.null == Null::Clears,
            "{:?}: null is rejected and the default",
            row.field
        );
        let default = initial(row).filter(|value| !value.is_null() && row.default != Initial::Secret);
        for (noun, value) in Noun::ALL.into_iter().filter(|noun| noun.has(row.field)).zip(default) {
            let given = outcome(row, noun, Verb::Merge, &Plain { has_fields: true }, Given::Value(value.clone()));
            assert_eq!(given, (Some(value), vec![]), "{:?}: the default violates the rule", row.field);
        }
    }
    assert!(!Noun::ALL.iter().any(|noun| noun.has(Field::Other)));
    assert_eq!(GRACE_MAX, 7_776_000, "90 days");
}

/// A field that cannot change after creation has no member in the bodies of updates.
#[test]
fn create_only_fields_cannot_be_sent_in_an_update() {
    let mut count = 0;
    for (face, op, route) in routes().into_iter().filter(|(_, op, _)| op.updates()) {
        for row in FIELDS.iter().filter(|row| row.right(op.noun) == Some(Right::Nobody)) {
            assert_eq!(op.word(route.face, row.field), None, "{face} {}: {:?}", op.column(), row.field);
            count += 1;
        }
    }
    assert!(count > 20);
}

/// A value of any kind, small enough to be valid now and then.
fn any_value() -> impl Strategy<Value = Value> {
    let text = || prop_oneof![Just("admin".to_owned()), Just("system".to_owned()), "[ab]{0,2}", "\\PC{0,4}"];
    let role = (text(), proptest::option::of(text()), proptest::option::of(text())).prop_map(
        |(id, resource, instance)| json!({"role_id": id, "resource": resource, "resource_instance": instance}),
    );
    prop_oneof![
        2 => text().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i32>().prop_map(Value::from),
        2 => proptest::collection::vec(text(), 0..5).prop_map(Value::from),
        4 => proptest::collection::vec(role, 1..5).prop_map(Value::from),
        2 => proptest::collection::btree_map(text(), proptest::option::of(text()), 0..4).prop_map(|members| json!(members)),
        1 => Just(json!(Id::from_bits(9).to_string())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Values with equal meaning have equal JSON text: the order and duplicates of a list do not matter, and a
    /// canonical form is its own canonical form.
    #[test]
    fn equal_values_have_equal_canonical_text(value in any_value()) {
        let has_fields = Plain { has_fields: true };
        for (row, noun, verb) in each().filter(|(row, ..)| row.destination == Destination::Document) {
            let (first, broken) = outcome(row, noun, verb, &has_fields, Given::Value(value.clone()));
            prop_assert_eq!(first.is_none(), !broken.is_empty());
            let Some(first) = first else { continue };
            let mut again = value.clone();
            if let Value::Array(items) = &mut again {
                items.extend(items.clone().into_iter().rev());
            }
            let (twice, _) = outcome(row, noun, verb, &has_fields, Given::Value(again));
            prop_assert_eq!(twice.map(|value| value.to_string()), Some(first.to_string()), "{:?}", row.field);
            // A time is stored as a number and given as text.
            if row.shape != Shape::Time {
                let (again, _) = outcome(row, noun, verb, &has_fields, Given::from(Some(first.clone())));
                prop_assert_eq!(again.map(|value| value.to_string()), Some(first.to_string()), "{:?}", row.field);
            }
        }
    }
}
