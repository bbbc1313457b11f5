//! The schemas of bodies, made by asking the rules that read them: what they say to values that are wrong tells what is right.

#![expect(clippy::indexing_slicing, reason = "into objects that are made here, and on no request's way")]

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json as value};

use super::super::{Postern, read};
use crate::credential::field::{Draft, Field, Kind, Noun, Place, RoleMember, Rule, Said, Verb};
use crate::credential::id::Id;
use crate::credential::validate::{Dialect, METADATA_MAX, validate};

/// The name of its schema.
pub(super) fn name(noun: Noun, verb: Verb) -> String {
    let noun = match noun {
        Noun::Tenant => "Tenant",
        Noun::Principal => "Principal",
        Noun::Credential => "Credential",
    };
    match verb {
        Verb::Create => format!("New{noun}"),
        Verb::Replace => format!("Whole{noun}"),
        Verb::Merge => format!("{noun}Patch"),
        Verb::Rotate => "Rotation".to_owned(),
        Verb::Revoke => "Revocation".to_owned(),
    }
}

/// What a member of a body is for.
fn about(field: Field) -> &'static str {
    match field {
        Field::Principal => "Whom it speaks for. In a POST, the default principal if it is left out.",
        Field::Name => "Its name, for people. Not trimmed; names may repeat.",
        Field::Description => "More about it, for people; null is none.",
        Field::Enabled => "Whether it may be used. In a POST, true if it is left out.",
        Field::Roles => "What it may do; null is full access. A set: order and duplicates say nothing.",
        Field::ExpiresAt => {
            "When it ends (RFC 3339, 1970 to 2255); null is never. Nobody says a later end than its own."
        }
        Field::Metadata => {
            "Notes beside it. Of all that there is after it, at most 4096 bytes of JSON. In a PATCH, null takes a member away."
        }
        Field::Rbac => "Whether credentials may be given roles.",
        Field::Preconditions => "Whether to change or delete a credential takes If-Match, on every face.",
        Field::RoleNames => "The roles that there are; `admin`, `editor` and `viewer` are always among them.",
        Field::GraceSeconds => "How long the old secret holds on, in seconds.",
        Field::Reason => "Why, for people.",
        // Of other faces.
        Field::Id
        | Field::FirstName
        | Field::LastName
        | Field::Email
        | Field::RolesContext
        | Field::Secret
        | Field::CreatedAt
        | Field::UpdatedAt
        | Field::Other => "",
    }
}

/// The schema of a body: what the rules say when they are asked.
pub(super) fn of(noun: Noun, verb: Verb) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in Field::ALL.into_iter().filter(|field| noun.has(*field)) {
        let Some(word) = Postern.word(noun, verb, field) else { continue };
        let ask = |said: Said| {
            let mut draft = Draft::default();
            draft.say(field, said);
            let (_, violations) = validate(&draft, noun, verb, &Postern, "pstn_");
            let of_it = violations.into_iter().filter(|violation| violation.field == field);
            of_it.map(|violation| (violation.place, violation.rule)).collect::<Vec<_>>()
        };
        if ask(Said::Absent).iter().any(|(_, rule)| *rule == Rule::Missing) {
            required.push(word);
        }
        let mut schema = of_field(&|value| ask(Said::Value(value)));
        if ask(Said::Null).is_empty() {
            schema = or_null(schema);
        }
        schema["description"] = about(field).into();
        properties.insert(word.to_owned(), schema);
    }
    if matches!(verb, Verb::Replace | Verb::Merge) {
        for name in read::read_only(noun) {
            let about = "Only reads: it may be left in, as it is.";
            properties.insert((*name).to_owned(), value!({ "readOnly": true, "description": about }));
        }
    }
    object(&properties, &required)
}

/// Takes out of a body's schema what is to have a name of its own, and refers to it.
pub(super) fn named_parts(schema: &mut Value) -> Map<String, Value> {
    let mut parts = Map::new();
    if let Some(items) = schema.pointer_mut("/properties/roles/items") {
        let reference = value!({ "$ref": "#/components/schemas/NewRole" });
        parts.insert("NewRole".to_owned(), std::mem::replace(items, reference));
    }
    if let Some(metadata) = schema.pointer_mut("/properties/metadata") {
        let reference = value!({ "$ref": "#/components/schemas/NewMetadata" });
        let about = metadata["description"].take();
        let whole = value!({ "anyOf": [reference, { "type": "null" }], "description": about });
        let mut part = std::mem::replace(metadata, whole);
        part["type"] = "object".into();
        part["description"] = "Notes: flat, string to string.".into();
        parts.insert("NewMetadata".to_owned(), part);
    }
    parts
}

fn object(properties: &Map<String, Value>, required: &[&str]) -> Value {
    let mut schema = value!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    schema
}

fn or_null(mut schema: Value) -> Value {
    if let Some(kind) = schema.get("type").cloned() {
        schema["type"] = value!([kind, "null"]);
    }
    schema
}

/// Longer than anything may be, and a number larger than any.
const LONG: usize = 10_000;

/// What a value has to be, by what is wrong with some that it is not.
fn of_field(ask: &dyn Fn(Value) -> Vec<(Place, Rule)>) -> Value {
    let whole = |value: Value| {
        let rules = ask(value).into_iter().filter(|(place, _)| *place == Place::Whole);
        rules.map(|(_, rule)| rule).collect::<Vec<_>>()
    };
    match kind(&whole) {
        Kind::List => {
            let at = |value: Value, is: &dyn Fn(&Place) -> bool| {
                let rules = ask(value!([value])).into_iter().filter(|(place, _)| is(place));
                rules.map(|(_, rule)| rule).collect::<Vec<_>>()
            };
            let item = |value: Value| at(value, &|place| matches!(place, Place::Item(0) | Place::Role(0)));
            let items = match kind(&item) {
                Kind::Object => role(&|value, member| at(value, &|place| *place == Place::Member(0, member))),
                _ => of_text(&item),
            };
            let mut schema = value!({ "type": "array", "items": items });
            if whole(value!([])).contains(&Rule::Empty) {
                schema["minItems"] = 1.into();
            }
            let many = |index: usize| match kind(&item) {
                Kind::Object => value!({ "role_id": index.to_string() }),
                _ => index.to_string().into(),
            };
            bounded(&mut schema, &whole((0..LONG).map(many).collect()));
            schema
        }
        Kind::Object => {
            let at = |name: &str, value: Value| {
                let rules = ask(value!({ name: value }));
                rules.into_iter().map(|(_, rule)| rule).collect::<Vec<_>>()
            };
            let member = or_null(of_text(&|value| at("name", value)));
            let mut names = of_text(&|value| at(value.as_str().unwrap_or("name"), "".into()));
            if let Some(names) = names.as_object_mut() {
                names.remove("type");
            }
            value!({ "type": "object", "additionalProperties": member, "propertyNames": names, "maxProperties": METADATA_MAX })
        }
        Kind::Boolean => value!({ "type": "boolean" }),
        Kind::Number => {
            let mut schema = value!({ "type": "integer" });
            bounded(&mut schema, &whole(i64::MAX.into()));
            schema
        }
        Kind::Text => of_text(&whole),
    }
}

/// The JSON type that is wanted: what is said to whom brings another.
fn kind(ask: &dyn Fn(Value) -> Vec<Rule>) -> Kind {
    let told = |value: Value| {
        ask(value).into_iter().find_map(|rule| if let Rule::Type(kind) = rule { Some(kind) } else { None })
    };
    told(value!([])).or_else(|| told(value!(true))).unwrap_or(Kind::List)
}

/// A text: an id, a time, or one of a length.
fn of_text(ask: &dyn Fn(Value) -> Vec<Rule>) -> Value {
    let long = ask("a".repeat(LONG).into());
    if long.contains(&Rule::NotAnId) {
        return Id::json_schema(&mut SchemaGenerator::default()).to_value();
    }
    if long.contains(&Rule::NotATime) {
        return value!({ "type": "string", "format": "date-time" });
    }
    let mut schema = value!({ "type": "string" });
    bounded(&mut schema, &long);
    bounded(&mut schema, &ask("".into()));
    if ask("\u{7}".into()).contains(&Rule::Control) {
        schema["pattern"] = r"^[^\x00-\x1f\x7f-\x9f]*$".into();
    }
    schema
}

/// The bounds that rules name.
fn bounded(schema: &mut Value, rules: &[Rule]) {
    for rule in rules {
        match rule {
            Rule::TooLong { max } => schema["maxLength"] = (*max).into(),
            Rule::TooShort { min } => schema["minLength"] = (*min).into(),
            Rule::TooMany { max } | Rule::TooManySent { max } => schema["maxItems"] = (*max).into(),
            Rule::NotInRange { min, max } => {
                schema["minimum"] = (*min).into();
                schema["maximum"] = (*max).into();
            }
            _ => {}
        }
    }
}

/// A role, as a body says it.
fn role(ask: &dyn Fn(Value, RoleMember) -> Vec<Rule>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for member in RoleMember::ALL {
        let name = member.name();
        if ask(value!({}), member).contains(&Rule::Missing) {
            required.push(name);
        }
        let mut schema = of_text(&|value| ask(value!({ "role_id": "a", name: value }), member));
        if ask(value!({ "role_id": "a", name: null }), member).is_empty() {
            schema = or_null(schema);
        }
        schema["description"] = match member {
            RoleMember::RoleId => "Which role: one of the tenant's `role_names`.",
            RoleMember::Resource => "Limits it to one kind of thing; without it, the role is on everything.",
            RoleMember::Instance => "Limits it to one thing of that kind; needs `resource`.",
        }
        .into();
        properties.insert(name.to_owned(), schema);
    }
    object(&properties, &required)
}

/// The schema of a question about a token, by asking.
pub(super) fn inquiry() -> Value {
    let ask = |name: &str, said: Option<Value>| {
        let mut body: Map<String, Value> = Map::new();
        body.insert("token".to_owned(), "a".into());
        body.insert("role_id".to_owned(), "a".into());
        body.insert("resource".to_owned(), "a".into());
        body.remove(name);
        body.extend(said.map(|said| (name.to_owned(), said)));
        let of_it = |place: &Place| *place == Place::Key(name.to_owned());
        let violations = read::inquiry(body).violations.into_iter().filter(|violation| of_it(&violation.place));
        violations.map(|violation| violation.rule).collect::<Vec<_>>()
    };
    let mut properties = Map::new();
    for name in read::INQUIRY {
        let mut schema = of_text(&|value| ask(name, Some(value)));
        if name != "token" {
            schema = or_null(schema);
        }
        schema["description"] = match name {
            "token" => "The token: a secret, or an access token.",
            "role_id" => "The role that it would need.",
            "resource" => "On which kind of thing; needs `role_id`.",
            _ => "On which thing of that kind; needs `resource`.",
        }
        .into();
        properties.insert(name.to_owned(), schema);
    }
    object(&properties, &["token"])
}
