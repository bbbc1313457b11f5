//! The table of fields, one row per field. Validation, each noun's fields, required members and the OpenAPI schemas of
//! bodies are derived from it.

use serde::{Deserialize, Serialize};

use super::access::ACCESS;
use super::id::Id;
pub use super::limits::*;
pub use super::row::*;

/// The kinds of resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Noun {
    /// An organization, which owns principals and credentials.
    Tenant,
    /// A user or service account, which credentials authenticate as.
    Principal,
    /// An API credential.
    Credential,
}

impl Noun {
    /// All nouns.
    pub const ALL: [Self; 3] = [Self::Tenant, Self::Principal, Self::Credential];

    /// Returns the name that events use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Principal => "principal",
            Self::Credential => "credential",
        }
    }

    /// Returns whether the noun has the field.
    #[must_use]
    pub fn has(self, field: Field) -> bool {
        field.row().is_some_and(|row| row.right(self).is_some())
    }
}

/// The roles in every tenant's catalogue.
pub const USUAL_ROLES: [&str; 3] = ["admin", "editor", "viewer"];

/// A row of the table. No member has a default, so an incomplete row does not compile.
#[derive(Debug)]
pub struct FieldRow {
    /// The field that the row describes.
    pub field: Field,
    /// The field's documentation here and in the OpenAPI document of our own face.
    pub about: &'static str,
    /// The key in the stored document. Parameters of a request have one too, but are not stored under it.
    pub key: &'static str,
    /// The least right to change the field of an existing tenant; `None` if tenants do not have the field.
    pub tenant: Option<Right>,
    /// The same of principals.
    pub principal: Option<Right>,
    /// The same of credentials.
    pub credential: Option<Right>,
    /// Which values are valid, and their canonical form.
    pub shape: Shape,
    /// The value of an absent field on create; and on PUT, where the field is not required.
    pub default: Initial,
    /// What null does.
    pub null: Null,
    /// Which bodies must have the field.
    pub required: Required,
    /// Where the value goes.
    pub destination: Destination,
}

impl FieldRow {
    /// Returns the JSON path of the key in the stored document, for SQL.
    #[must_use]
    pub fn path(&self) -> String {
        ["$.", self.key].concat()
    }

    /// Returns the least right to change the field of a noun; `None` if the noun does not have the field.
    #[must_use]
    pub const fn right(&self, noun: Noun) -> Option<Right> {
        match noun {
            Noun::Tenant => self.tenant,
            Noun::Principal => self.principal,
            Noun::Credential => self.credential,
        }
    }
}

impl Field {
    /// Returns the field's row; `None` for [`Field::Other`].
    #[must_use]
    pub fn row(self) -> Option<&'static FieldRow> {
        FIELDS.get(self as usize)
    }

    /// Returns the field's key in the stored document; for [`Field::Other`] the empty string, which is no key.
    #[must_use]
    pub fn key(self) -> &'static str {
        self.row().map_or("", |row| row.key)
    }
}

/// Defines [`Field`] and [`FIELDS`] from the same rows, so that they cannot differ.
macro_rules! fields {
    ($($field:ident: $about:literal { $($member:tt)* })*) => {
        /// A field of a credential, a principal or a tenant. Violations are reported in this order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Field {
            $(#[doc = $about] $field,)*
            /// A member that is not a field: read-only, or unknown to the face.
            Other,
        }

        impl Field {
            /// All fields, in the order of reports.
            pub const ALL: [Self; Self::Other as usize] = [$(Self::$field),*];
        }

        /// The rows, in the order of [`Field`].
        pub static FIELDS: [FieldRow; Field::Other as usize] =
            [$(FieldRow { field: Field::$field, about: $about, $($member)* }),*];
    };
}

use Required::{Everywhere, No, OnOurFace};
use Right::{Admin, Editor, Nobody, Root};

// An editor may change names and descriptions of principals and credentials. Changes of other keys are refused
// (`restricted` in `store/sql/change_weighed.sql`). Routes of tenants and LiteGraph's require an admin.
// Our own face requires fields whose absence would grant more access or move the credential, and a tenant's switches.
fields! {
    Id: "The id of the new resource, on a face whose clients choose ids." {
        key: "id", tenant: Some(Nobody), principal: Some(Nobody), credential: Some(Nobody),
        shape: Shape::Id, default: Initial::Absent, null: Null::Clears, required: No, destination: Destination::Id,
    }
    Principal: "The id of the principal that the credential authenticates as. POST without it uses the default principal." {
        key: "principal", tenant: None, principal: None, credential: Some(Admin),
        shape: Shape::Id, default: Initial::Id(Id::ZERO), null: Null::Refused,
        required: OnOurFace(&[Verb::Replace]), destination: Destination::Document,
    }
    Name: "A display name. It is not trimmed and need not be unique." {
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
    Description: "A description, for people; null if there is none." {
        key: "description", tenant: None, principal: Some(Editor), credential: Some(Editor),
        shape: Shape::Text { min: 0, max: DESCRIPTION_MAX }, default: Initial::Null, null: Null::Clears,
        required: No, destination: Destination::Document,
    }
    Enabled: "Whether it can be used. POST without it means true." {
        key: "enabled", tenant: Some(Root), principal: Some(Admin), credential: Some(Admin),
        shape: Shape::Flag, default: Initial::Flag(true), null: Null::Refused,
        required: OnOurFace(&[Verb::Replace]), destination: Destination::Document,
    }
    Roles: "The roles of the credential in the tenant's own APIs; null is full access, an empty list none. A set: order and duplicates have no meaning." {
        key: "roles", tenant: None, principal: None, credential: Some(Admin),
        shape: Shape::Roles, default: Initial::Roles(&["viewer"]), null: Null::Clears,
        required: OnOurFace(&[Verb::Create, Verb::Replace]), destination: Destination::Document,
    }
    RolesContext: "The part of the roles that the body replaces." {
        key: "roles_context", tenant: None, principal: None, credential: Some(Admin),
        shape: Shape::Context, default: Initial::Absent, null: Null::Clears, required: No, destination: Destination::Context,
    }
    Access: "What the credential may do in Postern itself: `none` (use itself), `verify` (verify tokens of its tenant), `verify_all` (verify tokens of every tenant; only the root token gives it), `read` (also read), `edit` (also change names and descriptions), `admin` (everything in its tenant). POST without it means `none`." {
        key: "access", tenant: None, principal: None, credential: Some(Admin),
        shape: Shape::Choice(&ACCESS), default: Initial::Text("none"), null: Null::Refused,
        required: OnOurFace(&[Verb::Replace]), destination: Destination::Document,
    }
    SelfRotate: "Whether the credential may replace its own secret, with its newest one. POST and PUT without it mean false." {
        key: "self_rotate", tenant: None, principal: None, credential: Some(Admin),
        shape: Shape::Flag, default: Initial::Flag(false), null: Null::Refused, required: No, destination: Destination::Document,
    }
    // A credential created without `expires_at` gets its creator's (`store/sql/credential_set_created.sql`).
    ExpiresAt: "When the credential expires (RFC 3339, 1970 to 2255); null is never. A caller that expires cannot set a later time than its own." {
        key: "expires_at", tenant: None, principal: None, credential: Some(Admin),
        shape: Shape::Time, default: Initial::Absent, null: Null::Clears,
        required: OnOurFace(&[Verb::Replace]), destination: Destination::Document,
    }
    Metadata: "Key-value pairs of the client. After merging, at most 4096 bytes of JSON. In a PATCH, null removes a member." {
        key: "metadata", tenant: None, principal: None, credential: Some(Admin),
        shape: Shape::Metadata, default: Initial::Null, null: Null::Clears, required: No, destination: Destination::Document,
    }
    Secret: "The secret, on a face whose clients can choose it." {
        key: "secret", tenant: None, principal: None, credential: Some(Admin),
        shape: Shape::Secret, default: Initial::Secret, null: Null::Refused, required: No, destination: Destination::Secret,
    }
    MakesSecret: "Whether the credential gets a secret. Without one it logs in by its keys and trusts only, until a rotation gives it one. POST without it means true." {
        key: "makes_secret", tenant: None, principal: None, credential: Some(Admin),
        shape: Shape::Flag, default: Initial::Flag(true), null: Null::Refused, required: No, destination: Destination::MakesSecret,
    }
    Rbac: "Whether credentials of the tenant can have roles." {
        key: "rbac", tenant: Some(Admin), principal: None, credential: None,
        shape: Shape::Flag, default: Initial::Flag(true), null: Null::Refused,
        required: OnOurFace(&[Verb::Replace]), destination: Destination::Document,
    }
    Preconditions: "Whether changing or deleting a credential requires If-Match, on every face." {
        key: "preconditions", tenant: Some(Admin), principal: None, credential: None,
        shape: Shape::Flag, default: Initial::Flag(false), null: Null::Refused,
        required: OnOurFace(&[Verb::Replace]), destination: Destination::Document,
    }
    RoleNames: "The roles of the tenant, which always include `admin`, `editor` and `viewer`." {
        key: "role_names", tenant: Some(Admin), principal: None, credential: None,
        shape: Shape::Names, default: Initial::Names(&USUAL_ROLES), null: Null::Refused,
        required: OnOurFace(&[Verb::Replace]), destination: Destination::Document,
    }
    VerifyStaleness: "How many seconds old the answer to a verification may be. With 0, every answer comes from the database; with more, \
            a change can take as long to reach every verifier. POST and PUT without it mean 0." {
        key: "verify_staleness_seconds", tenant: Some(Admin), principal: None, credential: None,
        shape: Shape::Whole { min: 0, max: STALENESS_MAX }, default: Initial::Whole(0), null: Null::Refused,
        required: No, destination: Destination::Document,
    }
    GraceSeconds: "How long the old secret stays valid, in seconds." {
        key: "grace_seconds", tenant: None, principal: None, credential: Some(Admin),
        shape: Shape::Whole { min: 0, max: GRACE_MAX }, default: Initial::Whole(0), null: Null::Refused,
        required: OnOurFace(&[Verb::Rotate]), destination: Destination::GraceSeconds,
    }
    Reason: "Why the credential is revoked, for people." {
        key: "reason", tenant: None, principal: None, credential: Some(Admin),
        shape: Shape::Text { min: 0, max: DESCRIPTION_MAX }, default: Initial::Null, null: Null::Clears,
        required: No, destination: Destination::Reason,
    }
    CreatedAt: "When the resource was created, on a face whose clients can set this time." {
        key: "created_at", tenant: Some(Nobody), principal: Some(Nobody), credential: Some(Nobody),
        shape: Shape::Time, default: Initial::Absent, null: Null::Clears, required: No, destination: Destination::CreatedAt,
    }
    UpdatedAt: "When the resource was last changed, on a face whose clients can set this time." {
        key: "updated_at", tenant: Some(Nobody), principal: Some(Nobody), credential: Some(Nobody),
        shape: Shape::Time, default: Initial::Absent, null: Null::Clears, required: No, destination: Destination::UpdatedAt,
    }
}
