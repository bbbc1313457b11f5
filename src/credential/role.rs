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

    /// Returns the bytes of its texts.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        text(&self.resource) + text(&self.resource_instance) + self.role_id.len()
    }
}

impl Role {
    /// Returns whether a credential with these roles has this one; `None` is full access, which covers every role. A role
    /// without a resource instance covers every instance, and one without a resource covers every resource.
    #[must_use]
    pub fn is_held(&self, roles: Option<&[Self]>) -> bool {
        let covers = |has: &Option<String>, needs: &Option<String>| has.is_none() || has == needs;
        let grants = |role: &Self| {
            role.role_id == self.role_id
                && covers(&role.resource, &self.resource)
                && covers(&role.resource_instance, &self.resource_instance)
        };
        roles.is_none_or(|roles| roles.iter().any(grants))
    }
}

/// The maximum number of roles in [`Needs`].
pub const NEEDS_MAX: usize = 16;

/// The roles that a token must have. Neither list is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Every one of the roles.
    All(Vec<Role>),
    /// At least one of the roles.
    Any(Vec<Role>),
}

impl Needs {
    /// Returns the roles for which a token does not meet the needs, by whether it has a role: for `All` each role that it
    /// lacks, for `Any` all of them if it has none. No roles means that it meets the needs.
    pub fn failed(&self, has: impl Fn(&Role) -> bool) -> Vec<&Role> {
        match self {
            Self::All(roles) => roles.iter().filter(|role| !has(role)).collect(),
            Self::Any(roles) if roles.iter().any(&has) => Vec::new(),
            Self::Any(roles) => roles.iter().collect(),
        }
    }
}

/// Returns the scope of a credential (RFC 6749 §3.3): the roles that it has on every resource. `roles` are its own; `None`
/// is full access, which is every role of its tenant's catalogue. An empty scope is `None`: it is never reported.
#[must_use]
pub fn scope(roles: Option<&[Role]>, catalogue: &[String]) -> Option<String> {
    let names: Vec<&str> = match roles {
        None => catalogue.iter().map(String::as_str).collect(),
        Some(roles) => roles.iter().filter(|role| role.resource.is_none()).map(|role| role.role_id.as_str()).collect(),
    };
    (!names.is_empty()).then(|| names.join(" "))
}

/// Returns whether two scopes are the same set of words.
#[must_use]
pub fn is_same_scope(one: &str, other: &str) -> bool {
    [(one, other), (other, one)].iter().all(|(words, of)| {
        words.split_ascii_whitespace().all(|word| of.split_ascii_whitespace().any(|one| one == word))
    })
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
