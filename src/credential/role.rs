//! Roles: what a credential may do, and on which resources.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A role. Roles are ordered by `resource` (absent first), `resource_instance` and `role_id`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Role {
    /// Limits the role to one kind of resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Limits the role to one resource of that kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_instance: Option<String>,
    /// The name of the role, from the tenant's `role_names`.
    pub role_id: String,
}

impl Role {
    /// Returns the role as a JSON object, with the members in the order of the struct.
    #[must_use]
    pub fn into_json(self) -> Value {
        let mut members = Map::new();
        let parts = [("resource", self.resource), ("resource_instance", self.resource_instance)];
        let present = parts.into_iter().filter_map(|(name, part)| Some((name.to_owned(), part?.into())));
        members.extend(present);
        members.insert("role_id".to_owned(), self.role_id.into());
        members.into()
    }
}

/// The part of a credential's roles that a body replaces (Coactive's `roles_context`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Context {
    /// The resource; `None` for roles on the whole system.
    pub resource: Option<String>,
    /// The instance of the resource.
    pub resource_instance: Option<String>,
}

impl Context {
    /// Returns whether a role is in this context.
    #[must_use]
    pub fn contains(&self, role: &Role) -> bool {
        role.resource == self.resource && role.resource_instance == self.resource_instance
    }
}
