//! What a row of the table of fields consists of.

use super::id::Id;

/// What a body does. It decides what an absent field means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Creates a resource.
    Create,
    /// Replaces the whole resource (PUT).
    Replace,
    /// Changes the given fields (PATCH).
    Merge,
    /// Starts the rotation of a credential's secret.
    Rotate,
    /// Revokes a credential.
    Revoke,
}

impl Verb {
    /// All verbs.
    pub const ALL: [Self; 5] = [Self::Create, Self::Replace, Self::Merge, Self::Rotate, Self::Revoke];
}

/// The least right to change a field of an existing resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// The field can only be set on create.
    Nobody,
    /// An editor of the tenant.
    Editor,
    /// An admin of the tenant.
    Admin,
    /// The root token.
    Root,
}

/// Which values are valid. Each has one canonical form: values with the same meaning have the same JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A string without control characters, not trimmed.
    Text {
        /// In code points.
        min: usize,
        /// In code points.
        max: usize,
    },
    /// A string without control characters. The empty string becomes null.
    TextOrNull {
        /// In code points.
        max: usize,
    },
    /// `true` or `false`.
    Flag,
    /// One of these strings.
    Choice(&'static [&'static str]),
    /// An integer.
    Whole {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// An RFC 3339 time from 1970 to 2255. Canonical: integer microseconds since 1970.
    Time,
    /// An id, as the face spells it. Canonical: 26 characters of base32.
    Id,
    /// Role names; [`super::table::USUAL_ROLES`] are added. Canonical: sorted, without duplicates.
    Names,
    /// Roles. Canonical: sorted, without duplicates, members in the order of [`super::role::Role`].
    Roles,
    /// The part of the roles that a body replaces: `system`, or `dataset:{id}`.
    Context,
    /// Strings by name; null removes a member. Canonical: sorted by name.
    Metadata,
    /// A token that the client chose.
    Secret,
}

/// The value of a field that the body does not have, on create; and on PUT, where the field is not required.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initial {
    /// Null.
    Null,
    /// A string.
    Text(&'static str),
    /// A boolean.
    Flag(bool),
    /// An integer.
    Whole(i64),
    /// An id.
    Id(Id),
    /// Roles by `role_id`, without a resource.
    Roles(&'static [&'static str]),
    /// Role names.
    Names(&'static [&'static str]),
    /// A new secret.
    Secret,
    /// Absent from the change: the service or the store chooses the value.
    Absent,
}

/// What null does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Null {
    /// Null clears the field.
    Clears,
    /// Null is a violation.
    Refused,
}

/// Which bodies must have a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Required {
    /// No body.
    No,
    /// Create and PUT on every face, unless the face's contract differs.
    Everywhere,
    /// Bodies of these verbs, on our own face only.
    OnOurFace(&'static [Verb]),
}

impl Required {
    /// Returns whether our own face requires the field in a body of this verb, beyond what every face requires.
    #[must_use]
    pub fn on_our_face(self, verb: Verb) -> bool {
        match self {
            Self::No | Self::Everywhere => false,
            Self::OnOurFace(verbs) => verbs.contains(&verb),
        }
    }
}

/// Where the value of a field goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// The stored document, under the row's key.
    Document,
    /// Parameter: the id of the new resource.
    Id,
    /// Parameter: when the resource was created.
    CreatedAt,
    /// Parameter: when the resource was last changed.
    UpdatedAt,
    /// Parameter: the part of the roles that the body replaces.
    Context,
    /// Parameter: the secret.
    Secret,
    /// Parameter: whether there is a secret.
    MakesSecret,
    /// Parameter: how long the old secret remains valid.
    GraceSeconds,
    /// Parameter: why the credential is revoked.
    Reason,
}
