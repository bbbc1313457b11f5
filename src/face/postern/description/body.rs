//! The schemas of request bodies, generated from the table of fields.

#![expect(clippy::indexing_slicing, reason = "into objects that are built here; no request runs this code")]

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json as value};

use super::super::{Postern, inquiry, read};
use crate::credential::field::{Given, Meaning, Noun, RoleMember, Verb};
use crate::credential::id::Id;
use crate::credential::role::NEEDS_MAX;
use crate::credential::table::{
    DESCRIPTION_MAX, FIELDS, METADATA_MAX, NAME_MAX, Null, OWN_GRACE_MIN, ROLES_MAX, STALENESS_MAX, Shape,
};
use crate::credential::validate::{Dialect, default_meaning};
use crate::face::STALENESS;

/// Returns the name of a body's schema.
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

/// Returns the schema of a body: the rows of the table for which the face has a word, and the read-only members.
pub(super) fn schema(noun: Noun, verb: Verb) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for row in FIELDS.iter().filter(|row| row.right(noun).is_some()) {
        let Some(word) = Postern.word(noun, verb, row.field) else { continue };
        let exception = Postern.exception(verb, row.field, &Given::Absent);
        if exception.unwrap_or_else(|| default_meaning(verb, row.field, &Given::Absent)) == Meaning::Missing {
            required.push(word);
        }
        let mut schema = shape_schema(row.shape);
        if row.null == Null::Clears {
            schema = or_null(schema);
        }
        schema["description"] = row.about.into();
        properties.insert(word.to_owned(), schema);
    }
    if matches!(verb, Verb::Replace | Verb::Merge) {
        for name in read::read_only(noun) {
            let about = "Read-only: accepted at its current value.";
            properties.insert((*name).to_owned(), value!({ "readOnly": true, "description": about }));
        }
    }
    object(&properties, &required)
}

/// The name of the schema of a rotation by the credential itself.
pub(super) const OWN_ROTATION: &str = "OwnRotation";

pub(super) fn own_rotation() -> Value {
    let mut schema = schema(Noun::Credential, Verb::Rotate);
    schema["properties"]["grace_seconds"]["minimum"] = OWN_GRACE_MIN.into();
    schema["required"] = value!(["grace_seconds"]);
    schema
}

/// Replaces the parts of a body's schema that get their own name by references, and returns these parts.
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
        part["description"] = "Key-value pairs: strings by name, not nested.".into();
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

/// Returns the schema of a value of a shape.
fn shape_schema(shape: Shape) -> Value {
    match shape {
        Shape::Text { min, max } => text_schema(min, max),
        Shape::TextOrNull { max } => or_null(text_schema(0, max)),
        Shape::Flag => value!({ "type": "boolean" }),
        Shape::Choice(of) => value!({ "type": "string", "enum": of }),
        Shape::Whole { min, max } => value!({ "type": "integer", "minimum": min, "maximum": max }),
        Shape::Time => value!({ "type": "string", "format": "date-time" }),
        Shape::Id => Id::json_schema(&mut SchemaGenerator::default()).to_value(),
        Shape::Names => {
            let mut name = text_schema(1, NAME_MAX);
            name["pattern"] = r"^[!#-\[\]-~]+$".into();
            value!({ "type": "array", "items": name, "maxItems": ROLES_MAX })
        }
        Shape::Roles => value!({ "type": "array", "items": role(), "maxItems": ROLES_MAX }),
        Shape::Metadata => {
            let mut names = text_schema(1, NAME_MAX);
            if let Some(names) = names.as_object_mut() {
                names.remove("type");
            }
            let member = or_null(text_schema(0, DESCRIPTION_MAX));
            value!({ "type": "object", "additionalProperties": member, "propertyNames": names, "maxProperties": METADATA_MAX })
        }
        Shape::Context | Shape::Secret => value!({ "type": "string", "minLength": 1 }),
    }
}

/// Returns the schema of a string without control characters.
fn text_schema(min: usize, max: usize) -> Value {
    let mut schema = value!({ "type": "string", "maxLength": max, "pattern": r"^[^\x00-\x1f\x7f-\x9f]*$" });
    if min > 0 {
        schema["minLength"] = min.into();
    }
    schema
}

/// Returns the schema of a role in a body.
fn role() -> Value {
    let mut properties = Map::new();
    for member in RoleMember::ALL {
        let (text, about) = match member {
            RoleMember::RoleId => (text_schema(1, NAME_MAX), "The name of the role: one of the tenant's `role_names`."),
            RoleMember::Resource => (
                or_null(text_schema(1, NAME_MAX)),
                "Limits the role to one kind of resource. Without it, the role is on everything.",
            ),
            RoleMember::Instance => (
                or_null(text_schema(1, NAME_MAX)),
                "Limits the role to one resource of that kind. Requires `resource`.",
            ),
        };
        let mut schema = text;
        schema["description"] = about.into();
        properties.insert(member.name().to_owned(), schema);
    }
    object(&properties, &[RoleMember::RoleId.name()])
}

/// Returns the schemas of verifications, by name.
/// Returns the schema of the bound on the age of an answer.
pub(super) fn staleness() -> Value {
    value!({
        "type": "integer", "minimum": 0, "maximum": STALENESS_MAX,
        "description": "How many seconds old the answer may be, at most. With 0 it comes from the database. The tenants' \
            `verify_staleness_seconds` limit it, and apply without it.",
    })
}

pub(super) fn inquiries() -> Map<String, Value> {
    let reference = |name: &str| value!({ "$ref": format!("#/components/schemas/{name}") });
    let list = |items: &str, max: usize, about: &str| value!({ "type": "array", "items": reference(items), "minItems": 1, "maxItems": max, "description": about });
    let [all, any] = inquiry::ALL_OR_ANY;
    let needs = value!({
        "anyOf": [reference("NeedsAll"), reference("NeedsAny"), { "type": "null" }],
        "description": "The roles that the token must have: `all` of them, or at least one of them (`any`).",
    });
    let text = value!({ "type": "string", "minLength": 1, "description": "The token: a secret, or an access token." });
    let staleness = or_null(staleness());
    let schema = |members: &[(&str, Value)], required: &str| {
        object(&members.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect(), &[required])
    };
    let schemas = [
        ("NeedsAll", schema(&[(all, list("NewRole", NEEDS_MAX, "The roles, of which every one is needed."))], all)),
        ("NeedsAny", schema(&[(any, list("NewRole", NEEDS_MAX, "The roles, of which one is needed."))], any)),
        (
            "Inquiry",
            schema(&[("token", text.clone()), ("needs", needs.clone()), (STALENESS, staleness.clone())], "token"),
        ),
        ("InquiryItem", schema(&[("token", text), ("needs", needs)], "token")),
        (
            "InquiryBatch",
            schema(
                &[("items", list("InquiryItem", inquiry::ITEMS_MAX, "The tokens to verify.")), (STALENESS, staleness)],
                "items",
            ),
        ),
    ];
    schemas.map(|(name, schema)| (name.to_owned(), schema)).into_iter().collect()
}
