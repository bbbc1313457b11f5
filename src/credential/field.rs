//! A body field by field, and the violations of its rules.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

pub use super::table::{Field, Noun, Verb};

/// A field in a body. Absent and null are always distinct. Debug does not print the value, which may be a secret.
#[derive(Clone, Default, PartialEq)]
pub enum Given {
    /// The body has no such member.
    #[default]
    Absent,
    /// An explicit `null`.
    Null,
    /// A value, not validated yet.
    Value(Value),
}

impl fmt::Debug for Given {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Absent => "Absent",
            Self::Null => "Null",
            Self::Value(_) => "Value",
        })
    }
}

impl From<Option<Value>> for Given {
    fn from(member: Option<Value>) -> Self {
        match member {
            None => Self::Absent,
            Some(Value::Null) => Self::Null,
            Some(value) => Self::Value(value),
        }
    }
}

/// A body, field by field, before validation.
#[derive(Clone, Default)]
pub struct Draft {
    given: BTreeMap<Field, Given>,
    /// The violations found by the reader: members unknown to a face that rejects them.
    pub unknown: Vec<Violation>,
    /// Read-only members in the body, by column. Their values must equal the stored ones.
    pub asserted: serde_json::Map<String, Value>,
}

impl Draft {
    /// Sets a field.
    pub fn set(&mut self, field: Field, given: Given) {
        self.given.insert(field, given);
    }

    /// Returns a field; `Absent` unless it was set.
    #[must_use]
    pub fn given(&self, field: Field) -> &Given {
        self.given.get(&field).unwrap_or(&Given::Absent)
    }
}

/// What an absent or null member means. [`super::validate::default_meaning`] applies unless a face's contract differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The stored value is kept.
    Keep,
    /// The field is set to its default.
    Default,
    /// The field is cleared; a violation if it cannot be null.
    Clear,
    /// A violation: the field is required.
    Missing,
    /// A violation: the field cannot be null.
    Refuse,
}

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// [`Field::Other`] for a member that is not a field.
    pub field: Field,
    /// Where in the field.
    pub location: Location,
    /// The rule that is broken.
    pub rule: Rule,
}

/// The location of a violation in a field. Indexes are those of the body's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// The field as a whole.
    Whole,
    /// The role at an index.
    Role(usize),
    /// A member of the role at an index.
    Member(usize, RoleMember),
    /// An unknown member, by name, of the role at an index.
    UnknownMember(usize, String),
    /// The item at an index of any other list.
    Item(usize),
    /// A member of an object, by name; for [`Field::Other`], a member of the body.
    Key(String),
    /// A place in a body whose members are not fields, as a JSON pointer (RFC 6901). Such violations are reported in the
    /// order in which they were found.
    Pointer(String),
}

impl Location {
    /// Returns the sort key of locations: the field as a whole first, then by index.
    #[must_use]
    pub fn order(&self) -> (usize, Option<RoleMember>, &str) {
        match self {
            Self::Whole | Self::Pointer(_) => (0, None, ""),
            Self::Role(index) | Self::Item(index) => (index + 1, None, ""),
            Self::Member(index, member) => (index + 1, Some(*member), ""),
            Self::UnknownMember(index, name) => (index + 1, Some(RoleMember::Instance), name),
            Self::Key(name) => (1, None, name),
        }
    }
}

/// The members of a role, which have the same names on every face.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RoleMember {
    /// The role's name in the tenant's catalogue.
    RoleId,
    /// The kind of resource that the role is limited to.
    Resource,
    /// The one resource of that kind that the role is limited to.
    Instance,
}

impl RoleMember {
    /// All members.
    pub const ALL: [Self; 3] = [Self::RoleId, Self::Resource, Self::Instance];

    /// Returns the member's name in a body.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RoleId => "role_id",
            Self::Resource => "resource",
            Self::Instance => "resource_instance",
        }
    }
}

/// A validation rule. Each face has its own text for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The field is required.
    Missing,
    /// The field cannot be null.
    NotNull,
    /// The value must be of this JSON type.
    Type(Kind),
    /// The text has too few code points.
    TooShort {
        /// In code points.
        min: usize,
    },
    /// The text has too many code points.
    TooLong {
        /// In code points.
        max: usize,
    },
    /// The text has a control character.
    Control,
    /// A role name with a space, a quotation mark, a backslash or a character that is not ASCII (RFC 6749 §3.3).
    NotAScopeToken,
    /// Not an id in the face's spelling.
    NotAnId,
    /// Not a key, or not a trust: how to fix it.
    Means(&'static str),
    /// A trust in an issuer that many organizations share requires none of these claims, which tell them apart.
    Unpinned(&'static [&'static str]),
    /// Not an RFC 3339 time from 1970 to 2255.
    NotATime,
    /// The field has too many items, without duplicates and after merging.
    TooMany {
        /// The maximum number of items.
        max: usize,
    },
    /// The body lists too many items, duplicates included.
    TooManySent {
        /// The maximum number of items.
        max: usize,
    },
    /// The body has more violations than are reported. It is the last one reported, and belongs to no field.
    TooManyViolations {
        /// The number of violations that are reported.
        max: usize,
    },
    /// The tenant has no role of this name.
    UnknownRole,
    /// A resource instance without its resource.
    InstanceAlone,
    /// The role is outside the context that the request names.
    OutsideContext,
    /// The change would remove the last role, and no roles would mean full access.
    LastRole,
    /// Neither `system` nor `dataset:{id}`.
    NotAContext,
    /// The tenant has no principal of this id.
    UnknownPrincipal(super::id::Id),
    /// Not 1 to 512 visible ASCII characters.
    NotAToken,
    /// The token has Postern's prefix but an invalid checksum.
    Checksum,
    /// None of the strings that the field may have.
    NotAChoice {
        /// These strings.
        of: &'static [&'static str],
    },
    /// `verify_all` for a credential of another principal than the default one, which cannot be disabled.
    NotOfDefaultPrincipal,
    /// The list has too few or too many items.
    ItemCount {
        /// The smallest number of items.
        min: usize,
        /// The largest number of items.
        max: usize,
    },
    /// Not exactly one of these members.
    ExactlyOne(&'static [&'static str]),
    /// The number is out of range.
    NotInRange {
        /// The smallest allowed.
        min: i64,
        /// The largest allowed.
        max: i64,
    },
    /// The JSON text is too large after merging.
    TooLarge {
        /// In bytes.
        max: usize,
    },
    /// The member is read-only, and differs from the stored value.
    ReadOnly,
    /// The face has no such member. The value is the most similar name, if any.
    Unknown(Option<&'static str>),
    /// The token starts with `client_` and has a colon, so it would be read as a client id and its secret.
    LooksLikeAClient,
}

/// The JSON types that a rule can require.
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
    /// An integer.
    Number,
}

impl fmt::Debug for Draft {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asserted = self.asserted.keys().collect::<Vec<_>>();
        formatter
            .debug_struct("Draft")
            .field("given", &self.given)
            .field("unknown", &self.unknown)
            .field("asserted", &asserted)
            .finish()
    }
}
