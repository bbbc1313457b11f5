//! The fields that a body can speak of, and what it said of each.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

/// What a request can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noun {
    /// Who owns everything below: an organization.
    Tenant,
    /// Whom a credential speaks for: a user, a service account.
    Principal,
    /// A credential.
    Credential,
}

impl Noun {
    /// Whether it has such a field.
    #[must_use]
    pub fn has(self, field: Field) -> bool {
        use Field::{
            CreatedAt, Description, Email, Enabled, ExpiresAt, FirstName, GraceSeconds, Id, LastName, Metadata, Name,
            Preconditions, Principal, Rbac, Reason, RoleNames, Roles, RolesContext, Secret, UpdatedAt,
        };
        match field {
            Field::Other => false,
            Id | Name | Enabled | CreatedAt | UpdatedAt => true,
            Description => self != Self::Tenant,
            Principal | Roles | RolesContext | ExpiresAt | Metadata | Secret | GraceSeconds | Reason => {
                self == Self::Credential
            }
            FirstName | LastName | Email => self == Self::Principal,
            Rbac | Preconditions | RoleNames => self == Self::Tenant,
        }
    }
}

/// A field of a credential, a principal or a tenant, as a body can name it. In this order violations are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// Its own id; said only on create, and only on a face that lets its client choose.
    Id,
    /// Whom the credential speaks for.
    Principal,
    /// The name shown to people.
    Name,
    /// A principal's first name, on a face that has users.
    FirstName,
    /// A principal's last name, on a face that has users.
    LastName,
    /// A principal's address, on a face that has users.
    Email,
    /// A longer text for people.
    Description,
    /// Whether it may be used.
    Enabled,
    /// What it may do; none at all is full access.
    Roles,
    /// The part of the roles that a body speaks of.
    RolesContext,
    /// When it ends; none is never.
    ExpiresAt,
    /// What clients note beside it: flat, string to string.
    Metadata,
    /// The secret itself, where a client may choose it.
    Secret,
    /// Whether a tenant's credentials may be given roles.
    Rbac,
    /// Whether a tenant requires If-Match.
    Preconditions,
    /// The names of the roles that a tenant knows.
    RoleNames,
    /// How long the secret that a rotation replaces lives on, in seconds.
    GraceSeconds,
    /// Why a credential is revoked.
    Reason,
    /// When it was made, where a client may say so.
    CreatedAt,
    /// When it was changed last, where a client may say so.
    UpdatedAt,
    /// A member that is no field: one that only reads, or one that the face does not know.
    Other,
}

impl Field {
    /// Every field, in the order of reports.
    pub const ALL: [Self; 20] = [
        Self::Id,
        Self::Principal,
        Self::Name,
        Self::FirstName,
        Self::LastName,
        Self::Email,
        Self::Description,
        Self::Enabled,
        Self::Roles,
        Self::RolesContext,
        Self::ExpiresAt,
        Self::Metadata,
        Self::Secret,
        Self::Rbac,
        Self::Preconditions,
        Self::RoleNames,
        Self::GraceSeconds,
        Self::Reason,
        Self::CreatedAt,
        Self::UpdatedAt,
    ];
}

/// What a body is for: it decides what an absent field means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Makes something new.
    Create,
    /// Says the whole (PUT).
    Replace,
    /// Says the difference (PATCH).
    Merge,
    /// Begins the rotation of a credential's secret.
    Rotate,
    /// Revokes a credential.
    Revoke,
}

/// What a body said of one field. Absent and null are two things, always. A value may be a secret: Debug does not show it.
#[derive(Clone, Default, PartialEq)]
pub enum Said {
    /// Nothing: the member was not there.
    #[default]
    Absent,
    /// `null`, aloud.
    Null,
    /// A value, not checked yet.
    Value(Value),
}

impl fmt::Debug for Said {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Absent => "Absent",
            Self::Null => "Null",
            Self::Value(_) => "Value",
        })
    }
}

impl From<Option<Value>> for Said {
    fn from(member: Option<Value>) -> Self {
        match member {
            None => Self::Absent,
            Some(Value::Null) => Self::Null,
            Some(value) => Self::Value(value),
        }
    }
}

/// A body, field by field, before any rule.
#[derive(Clone, Default)]
pub struct Draft {
    said: BTreeMap<Field, Said>,
    /// The violations that reading it found: members that the face does not know, where it refuses them.
    pub unknown: Vec<Violation>,
    /// Members that only read, by the names of their columns: they have to be as they are.
    pub asserted: serde_json::Map<String, Value>,
}

impl Draft {
    /// Notes what the body said of a field.
    pub fn say(&mut self, field: Field, said: Said) {
        self.said.insert(field, said);
    }

    /// What the body said of a field.
    #[must_use]
    pub fn said(&self, field: Field) -> &Said {
        self.said.get(&field).unwrap_or(&Said::Absent)
    }
}

/// What an absent or a null member means. [`crate::credential::validate`] has the meanings that hold unless a face's contract says
/// otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// What is stored stays.
    Keep,
    /// The field takes its default.
    Default,
    /// The field is emptied; a violation where it cannot be empty.
    Clear,
    /// A violation: the field has to be said.
    Missing,
    /// A violation: the field cannot be null.
    Refuse,
}

/// What a rule found wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The field.
    pub field: Field,
    /// Where in it.
    pub place: Place,
    /// The rule that it breaks.
    pub rule: Rule,
}

/// Where in a field a violation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The field as a whole.
    Whole,
    /// The role at this index of the body's list.
    Role(usize),
    /// A member of the role at this index.
    Member(usize, RoleMember),
    /// The member of this name, which no role has, of the role at this index.
    Stranger(usize, String),
    /// The item at this index of a list.
    Item(usize),
    /// The member of this name: of an object, or of the body itself where it is no field.
    Key(String),
}

impl Place {
    /// What places sort by: the field as a whole, then role by role.
    #[must_use]
    pub fn order(&self) -> (usize, Option<RoleMember>, &str) {
        match self {
            Self::Whole => (0, None, ""),
            Self::Role(index) | Self::Item(index) => (index + 1, None, ""),
            Self::Member(index, member) => (index + 1, Some(*member), ""),
            Self::Stranger(index, name) => (index + 1, Some(RoleMember::Instance), name),
            Self::Key(name) => (1, None, name),
        }
    }
}

/// The members of a role, by the names that every face gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RoleMember {
    /// Which role.
    RoleId,
    /// The kind of thing that it is limited to.
    Resource,
    /// The one thing of that kind that it is limited to.
    Instance,
}

impl RoleMember {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::RoleId, Self::Resource, Self::Instance];

    /// The member's name in a body.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RoleId => "role_id",
            Self::Resource => "resource",
            Self::Instance => "resource_instance",
        }
    }
}

/// A rule, without words: each face words it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// It has to be said.
    Missing,
    /// It cannot be null.
    NotNull,
    /// It is of another JSON type.
    Type(Kind),
    /// It has fewer code points.
    TooShort {
        /// The least allowed.
        min: usize,
    },
    /// It has more code points.
    TooLong {
        /// The most allowed.
        max: usize,
    },
    /// It holds a control character.
    Control,
    /// It cannot be read as an id of this face.
    NotAnId,
    /// It cannot be read as a time from 1970 to 2255.
    NotATime,
    /// It has more items, after duplicates collapse and with what is kept.
    TooMany {
        /// The most allowed.
        max: usize,
    },
    /// The body lists more items than are read, duplicates counted.
    TooManySent {
        /// The most allowed.
        max: usize,
    },
    /// The body has more violations than are reported. Not of one field: it follows the last violation that is.
    TooManyViolations {
        /// How many are reported.
        max: usize,
    },
    /// The tenant has no role of this name.
    UnknownRole,
    /// A resource instance without its resource.
    InstanceAlone,
    /// The role lies outside of the context that the body names.
    OutsideContext,
    /// The change would take the last role away, and no role is full access.
    LastRole,
    /// It is neither `system` nor `dataset:{id}`.
    NotAContext,
    /// The tenant has no principal of this id.
    UnknownPrincipal(super::id::Id),
    /// It is not 1 to 512 visible ASCII characters.
    NotAToken,
    /// It wears the prefix of tokens made here and fails their checksum.
    Checksum,
    /// It has no items: to say that there are none, null has to be said.
    Empty,
    /// It is not a whole number in these bounds.
    NotInRange {
        /// The least allowed.
        min: i64,
        /// The most allowed.
        max: i64,
    },
    /// It is larger, in bytes of its JSON text, after merging.
    TooLarge {
        /// The most bytes.
        max: usize,
    },
    /// It only reads, and is not what it was said to be.
    ReadOnly,
    /// The face has no such member; the nearest name that it has.
    Unknown(Option<&'static str>),
    /// It begins with `client_` and holds a colon, so it would be read as a client id and its secret.
    LooksLikeAClient,
}

/// The JSON types that a rule asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A string.
    Text,
    /// `true` or `false`.
    Boolean,
    /// An array.
    List,
    /// An object.
    Object,
    /// A whole number.
    Number,
}

impl fmt::Debug for Draft {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asserted = self.asserted.keys().collect::<Vec<_>>();
        formatter
            .debug_struct("Draft")
            .field("said", &self.said)
            .field("unknown", &self.unknown)
            .field("asserted", &asserted)
            .finish()
    }
}
