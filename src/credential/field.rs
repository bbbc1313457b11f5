//! What a body said of each field, and the rules that it breaks.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

pub use super::table::{Field, Noun, Verb};

/// What a body said of one field. Absent and null are two things, always. A value may be a secret: Debug does not show it.
#[derive(Clone, Default, PartialEq)]
pub enum Given {
    /// Nothing: the member was not there.
    #[default]
    Absent,
    /// `null`, aloud.
    Null,
    /// A value, not checked yet.
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

/// A body, field by field, before any rule.
#[derive(Clone, Default)]
pub struct Draft {
    given: BTreeMap<Field, Given>,
    /// The violations that reading it found: members that the face does not know, where it refuses them.
    pub unknown: Vec<Violation>,
    /// Members that only read, by the names of their columns: they have to be as they are.
    pub asserted: serde_json::Map<String, Value>,
}

impl Draft {
    /// Notes what the body said of a field.
    pub fn set(&mut self, field: Field, given: Given) {
        self.given.insert(field, given);
    }

    /// What the body said of a field.
    #[must_use]
    pub fn given(&self, field: Field) -> &Given {
        self.given.get(&field).unwrap_or(&Given::Absent)
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
    pub location: Location,
    /// The rule that it breaks.
    pub rule: Rule,
}

/// Where in a field a violation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// The field as a whole.
    Whole,
    /// The role at this index of the body's list.
    Role(usize),
    /// A member of the role at this index.
    Member(usize, RoleMember),
    /// The member of this name, which no role has, of the role at this index.
    UnknownMember(usize, String),
    /// The item at this index of a list.
    Item(usize),
    /// The member of this name: of an object, or of the body itself where it is no field.
    Key(String),
}

impl Location {
    /// What places sort by: the field as a whole, then role by role.
    #[must_use]
    pub fn order(&self) -> (usize, Option<RoleMember>, &str) {
        match self {
            Self::Whole => (0, None, ""),
            Self::Role(index) | Self::Item(index) => (index + 1, None, ""),
            Self::Member(index, member) => (index + 1, Some(*member), ""),
            Self::UnknownMember(index, name) => (index + 1, Some(RoleMember::Instance), name),
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
            .field("given", &self.given)
            .field("unknown", &self.unknown)
            .field("asserted", &asserted)
            .finish()
    }
}
