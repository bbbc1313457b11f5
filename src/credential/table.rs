//! The table of fields: one row a field. Validation, the nouns that have a field, what is required, and the OpenAPI
//! description of bodies are read from it.

use serde::{Deserialize, Serialize};

use super::id::Id;

/// What a request can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Noun {
    /// Who owns everything below: an organization.
    Tenant,
    /// Whom a credential speaks for: a user, a service account.
    Principal,
    /// A credential.
    Credential,
}

impl Noun {
    /// Every noun.
    pub const ALL: [Self; 3] = [Self::Tenant, Self::Principal, Self::Credential];

    /// The name that events give it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Principal => "principal",
            Self::Credential => "credential",
        }
    }

    /// Whether the noun has such a field.
    #[must_use]
    pub fn has(self, field: Field) -> bool {
        field.row().is_some_and(|row| row.right(self).is_some())
    }
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

impl Verb {
    /// Every verb.
    pub const ALL: [Self; 5] = [Self::Create, Self::Replace, Self::Merge, Self::Rotate, Self::Revoke];
}

/// The most code points of a name and of each part of a role.
pub const NAME_MAX: usize = 255;
/// The most code points of a description.
pub const DESCRIPTION_MAX: usize = 500;
/// The most roles of a credential, and of a tenant's catalogue: as sent, duplicates counted, and after merging.
pub const ROLES_MAX: usize = 100;
/// The most members of metadata, after merging.
pub const METADATA_MAX: usize = 16;
/// The most members of metadata as sent: as many as replace every member that is stored, each by another name.
pub const METADATA_SENT_MAX: usize = 2 * METADATA_MAX;
/// The most bytes of metadata's JSON text, after merging.
pub const METADATA_BYTES_MAX: usize = 4096;
/// The most bytes of the state of a thing: all keys of its document, as JSON.
pub const STATE_BYTES_MAX: usize = 32 * 1024;
/// The longest time that a secret may live on after its rotation began, in seconds: 90 days.
pub const GRACE_MAX: i64 = 90 * 24 * 3600;
/// The roles that every tenant's catalogue has: rights are made of them.
pub const USUAL_ROLES: [&str; 3] = ["admin", "editor", "viewer"];

/// One row of the table. No member has a default, so that an incomplete row does not compile.
#[derive(Debug)]
pub struct FieldRow {
    /// The field.
    pub field: Field,
    /// What the field is for: its documentation, and its description in the OpenAPI document of our own face.
    pub about: &'static str,
    /// Its key in the stored document. A parameter of the request is not stored under it.
    pub key: &'static str,
    /// Who may change it on a tenant that exists; `None` if tenants do not have it.
    pub tenant: Option<Right>,
    /// The same of principals.
    pub principal: Option<Right>,
    /// The same of credentials.
    pub credential: Option<Right>,
    /// Which values are valid, and their canonical form.
    pub shape: Shape,
    /// Its value when something is created and the body does not give one.
    pub default: Initial,
    /// What null does.
    pub null: Null,
    /// Where a body has to give it.
    pub required: Required,
    /// Where its value goes.
    pub destination: Destination,
}

impl FieldRow {
    /// The path of the key in the stored document, as SQL names it.
    #[must_use]
    pub fn path(&self) -> String {
        ["$.", self.key].concat()
    }

    /// The least right that changes the field of a noun; `None` if the noun does not have the field.
    #[must_use]
    pub const fn right(&self, noun: Noun) -> Option<Right> {
        match noun {
            Noun::Tenant => self.tenant,
            Noun::Principal => self.principal,
            Noun::Credential => self.credential,
        }
    }
}

/// The least right that changes a field of something that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// The field is given on create only.
    Nobody,
    /// An editor.
    Editor,
    /// An admin of the tenant.
    Admin,
    /// The root token.
    Root,
}

/// Which values are valid. Each has one canonical form: equal meaning is equal JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A string of so many code points, without control characters.
    Text {
        /// The least code points.
        min: usize,
        /// The most code points.
        max: usize,
    },
    /// A string of at most so many code points, without control characters. The empty one becomes null.
    TextOrNull {
        /// The most code points.
        max: usize,
    },
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Whole {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
    },
    /// An RFC 3339 time from 1970 to 2255. Canonical: whole microseconds since 1970.
    Time,
    /// An id, as the face spells it. Canonical: 26 characters of base32.
    Id,
    /// Names of roles; the three usual ones are added. Canonical: sorted, each once.
    Names,
    /// Roles. Canonical: sorted, each once, members in the order of [`super::role::Role`].
    Roles,
    /// The part of the roles that a body is about: `system`, or `dataset:{id}`.
    Context,
    /// Strings by name; null removes one. Canonical: sorted by name.
    Metadata,
    /// A token that the client chose.
    Secret,
}

/// The value of a field that the body does not give, on create; and on PUT, where it is not required.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initial {
    /// Null.
    Null,
    /// This string.
    Text(&'static str),
    /// This flag.
    Flag(bool),
    /// This number.
    Whole(i64),
    /// This id.
    Id(Id),
    /// These roles, without a resource.
    Roles(&'static [&'static str]),
    /// These names.
    Names(&'static [&'static str]),
    /// A secret that is made here.
    Secret,
    /// Absent from the change: the service or the store chooses it.
    Absent,
}

/// What null does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Null {
    /// It clears the field.
    Clears,
    /// It is a violation.
    Refused,
}

/// Where a body has to give a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Required {
    /// Nowhere.
    No,
    /// On every face, on create and PUT, unless the face's contract says otherwise.
    Everywhere,
    /// On our own face, in bodies of these verbs.
    OnOurFace(&'static [Verb]),
}

impl Required {
    /// Whether a body of this verb has to give the field on our own face, beyond what every face requires.
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
    /// Into the stored document, under the row's key.
    Document,
    /// Parameter: the id of what is created.
    Id,
    /// Parameter: when it was created.
    CreatedAt,
    /// Parameter: when it was changed last.
    UpdatedAt,
    /// Parameter: the part of the roles that the body is about.
    Context,
    /// Parameter: the secret.
    Secret,
    /// Parameter: how long the old secret remains valid.
    GraceSeconds,
    /// Parameter: why the credential is revoked.
    Reason,
}

impl Field {
    /// The field's row; [`Field::Other`] has none.
    #[must_use]
    pub fn row(self) -> Option<&'static FieldRow> {
        FIELDS.get(self as usize)
    }

    /// The field's key in the stored document; [`Field::Other`] has none, and the empty key is in no document.
    #[must_use]
    pub fn key(self) -> &'static str {
        self.row().map_or("", |row| row.key)
    }
}

/// Makes [`Field`] and [`FIELDS`] from the same rows, so that neither can lack one.
macro_rules! fields {
    ($($field:ident: $about:literal { $($member:tt)* })*) => {
        /// A field of a credential, a principal or a tenant, as a body can name it. Violations are reported in this order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Field {
            $(#[doc = $about] $field,)*
            /// A member that is not a field: one that is read-only, or that the face does not know.
            Other,
        }

        impl Field {
            /// Every field, in the order of reports.
            pub const ALL: [Self; Self::Other as usize] = [$(Self::$field),*];
        }

        /// Every field, in the order of [`Field`].
        pub static FIELDS: [FieldRow; Field::Other as usize] =
            [$(FieldRow { field: Field::$field, about: $about, $($member)* }),*];
    };
}

use Required::{Everywhere, No, OnOurFace};
use Right::{Admin, Editor, Nobody, Root};

// What an editor may change: names and descriptions of principals and credentials. Every other key of a document is refused
// (`restricted` in `store/sql/weighed.sql`). Routes to tenants need an admin, as do LiteGraph's, the only ones that give the parts
// of a user's name.
//
// Required on our own face: what would grant more access, or move the credential, if it were left out, and the switches of
// a tenant.
fields! {
    Id: "Its own id, on a face whose clients choose it." {
        key: "id", tenant: Some(Nobody), principal: Some(Nobody), credential: Some(Nobody),
        shape: Shape::Id, default: Initial::Absent, null: Null::Clears, required: No, destination: Destination::Id,
    }
    Principal: "Whom it speaks for. In a POST, the default principal if it is left out." {
        key: "principal", tenant: None, principal: None, credential: Some(Admin),
        shape: Shape::Id, default: Initial::Id(Id::ZERO), null: Null::Refused,
        required: OnOurFace(&[Verb::Replace]), destination: Destination::Document,
    }
    Name: "Its name, for people. Not trimmed; names may repeat." {
        key: "name", tenant: Some(Admin), principal: Some(Editor), credential: Some(Editor),
        shape: Shape::Text { min: 1, max: NAME_MAX }, default: Initial::Text("unnamed"), null: Null::Refused,
        required: Everywhere, destination: Destination::Document,
    }
    FirstName: "The first name of a principal, on a face that has users." {
        key: "first_name", tenant: None, principal: Some(Admin), credential: None,
        shape: Shape::TextOrNull { max: NAME_MAX }, default: Initial::Null, null: Null::Clears,
        required: No, destination: Destination::Document,
    }
    LastName: "The last name of a principal, on a face that has users." {
        key: "last_name", tenant: None, principal: Some(Admin), credential: None,
        shape: Shape::TextOrNull { max: NAME_MAX }, default: Initial::Null, null: Null::Clears,
        required: No, destination: Destination::Document,
    }
    Email: "The email address of a principal, on a face that has users." {
        key: "email", tenant: None, principal: Some(Admin), credential: None,
        shape: Shape::TextOrNull { max: NAME_MAX }, default: Initial::Null, null: Null::Clears,
        required: No, destination: Destination::Document,
    }
    Description: "More about it, for people; null is none." {
        key: "description", tenant: None, principal: Some(Editor), credential: Some(Editor),
        shape: Shape::Text { min: 0, max: DESCRIPTION_MAX }, default: Initial::Null, null: Null::Clears,
        required: No, destination: Destination::Document,
    }
    Enabled: "Whether it may be used. In a POST, true if it is left out." {
        key: "enabled", tenant: Some(Root), principal: Some(Admin), credential: Some(Admin),
        shape: Shape::Flag, default: Initial::Flag(true), null: Null::Refused,
        required: OnOurFace(&[Verb::Replace]), destination: Destination::Document,
    }
    Roles: "What it may do; null is full access. A set: order and duplicates say nothing." {
        key: "roles", tenant: None, principal: None, credential: Some(Admin),
        shape: Shape::Roles, default: Initial::Roles(&["viewer"]), null: Null::Clears,
        required: OnOurFace(&[Verb::Create, Verb::Replace]), destination: Destination::Document,
    }
    RolesContext: "The part of the roles that the body is about." {
        key: "roles_context", tenant: None, principal: None, credential: Some(Admin),
        shape: Shape::Context, default: Initial::Absent, null: Null::Clears, required: No, destination: Destination::Context,
    }
    // What is created without an end ends with its creator (`store/sql/credential_set.sql`).
    ExpiresAt: "When it ends (RFC 3339, 1970 to 2255); null is never. Nobody says a later end than its own." {
        key: "expires_at", tenant: None, principal: None, credential: Some(Admin),
        shape: Shape::Time, default: Initial::Absent, null: Null::Clears,
        required: OnOurFace(&[Verb::Replace]), destination: Destination::Document,
    }
    Metadata: "Notes beside it. Of all that there is after it, at most 4096 bytes of JSON. In a PATCH, null takes a member away." {
        key: "metadata", tenant: None, principal: None, credential: Some(Admin),
        shape: Shape::Metadata, default: Initial::Null, null: Null::Clears, required: No, destination: Destination::Document,
    }
    Secret: "The secret itself, on a face whose clients may choose it." {
        key: "secret", tenant: None, principal: None, credential: Some(Admin),
        shape: Shape::Secret, default: Initial::Secret, null: Null::Refused, required: No, destination: Destination::Secret,
    }
    Rbac: "Whether credentials may be given roles." {
        key: "rbac", tenant: Some(Admin), principal: None, credential: None,
        shape: Shape::Flag, default: Initial::Flag(true), null: Null::Refused,
        required: OnOurFace(&[Verb::Replace]), destination: Destination::Document,
    }
    Preconditions: "Whether to change or delete a credential takes If-Match, on every face." {
        key: "preconditions", tenant: Some(Admin), principal: None, credential: None,
        shape: Shape::Flag, default: Initial::Flag(false), null: Null::Refused,
        required: OnOurFace(&[Verb::Replace]), destination: Destination::Document,
    }
    RoleNames: "The roles that there are; `admin`, `editor` and `viewer` are always among them." {
        key: "role_names", tenant: Some(Admin), principal: None, credential: None,
        shape: Shape::Names, default: Initial::Names(&USUAL_ROLES), null: Null::Refused,
        required: OnOurFace(&[Verb::Replace]), destination: Destination::Document,
    }
    GraceSeconds: "How long the old secret holds on, in seconds." {
        key: "grace_seconds", tenant: None, principal: None, credential: Some(Admin),
        shape: Shape::Whole { min: 0, max: GRACE_MAX }, default: Initial::Whole(0), null: Null::Refused,
        required: OnOurFace(&[Verb::Rotate]), destination: Destination::GraceSeconds,
    }
    Reason: "Why, for people." {
        key: "reason", tenant: None, principal: None, credential: Some(Admin),
        shape: Shape::Text { min: 0, max: DESCRIPTION_MAX }, default: Initial::Null, null: Null::Clears,
        required: No, destination: Destination::Reason,
    }
    CreatedAt: "When it was made, on a face whose clients may say so." {
        key: "created_at", tenant: Some(Nobody), principal: Some(Nobody), credential: Some(Nobody),
        shape: Shape::Time, default: Initial::Absent, null: Null::Clears, required: No, destination: Destination::CreatedAt,
    }
    UpdatedAt: "When it was changed last, on a face whose clients may say so." {
        key: "updated_at", tenant: Some(Nobody), principal: Some(Nobody), credential: Some(Nobody),
        shape: Shape::Time, default: Initial::Absent, null: Null::Clears, required: No, destination: Destination::UpdatedAt,
    }
}
