//! Differences that a change made or would make, from the store's report (`src/store/sql/diff.sql`) to this face's
//! members.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::credential::role::Role;
use crate::credential::time::Micros;

/// The differences by member. [`Difference`] is the schema of each.
pub(super) struct Changes(Map<String, Value>);

/// A difference with its members in reading order: before, then after.
struct InOrder<'a>(&'a Value);

impl Serialize for Changes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, difference)| (name, InOrder(difference))))
    }
}

impl Serialize for InOrder<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let sides = ["before", "after", "added", "removed"];
        serializer.collect_map(sides.iter().filter_map(|side| Some((side, self.0.get(side)?))))
    }
}

/// How a member differs: by its value, or as a set.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "for the description")]
pub(super) enum Difference {
    Value(ValueChange),
    Set(SetChange),
}

/// The change of a member with one value. For `metadata`, `keys` and `trusts`, both sides have only the members that differ.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "for the description")]
pub(super) struct ValueChange {
    /// The value before the change, or null.
    before: Value,
    /// The value after the change, or null.
    after: Value,
}

/// The change of a set: `role_names`, and `roles` if neither side is full access.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "for the description")]
pub(super) struct SetChange {
    /// The items that the change adds.
    #[schemars(schema_with = "items")]
    added: Vec<Value>,
    /// The items that the change removes.
    #[schemars(schema_with = "items")]
    removed: Vec<Value>,
}

/// The schema of the items of a set: roles in `roles`, names in `role_names`.
fn items(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": { "anyOf": [generator.subschema_for::<Role>(), { "type": "string" }] } })
}

/// Reads the store's report.
pub(super) fn read(text: &str) -> Changes {
    let mut changes: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
    // Times are RFC 3339 everywhere on this face.
    for (name, difference) in &mut changes {
        for side in difference.as_object_mut().into_iter().flat_map(Map::values_mut) {
            if name.ends_with("_at") {
                spell_time(side);
            } else if matches!(name.as_str(), "keys" | "trusts") {
                let members =
                    side.as_object_mut().into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut);
                members.flatten().filter(|(name, _)| name.ends_with("_at")).for_each(|(_, time)| spell_time(time));
            }
        }
    }
    // This face renders full access as `roles: null`, and so the side on which the credential does not exist.
    if let Some(unrestricted) = changes.remove("unrestricted") {
        let mut roles = changes.remove("roles").unwrap_or_default();
        let mut side = |side, items| {
            let listed = unrestricted.get(side) == Some(&Value::Bool(false));
            let items = roles.get_mut(items).filter(|_| listed);
            items.map_or_else(|| if listed { json!([]) } else { Value::Null }, Value::take)
        };
        let roles = json!({ "before": side("before", "removed"), "after": side("after", "added") });
        changes.insert("roles".to_owned(), roles);
    }
    if let Some(preconditions) = changes.remove("preconditions") {
        changes.insert("require_if_match".to_owned(), preconditions);
    }
    Changes(changes)
}

/// Replaces a stored time by this face's form of it.
fn spell_time(time: &mut Value) {
    if let Some(micros) = time.as_i64() {
        *time = Micros(micros).to_rfc3339_micros().into();
    }
}
