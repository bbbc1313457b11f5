//! The limits of fields.

/// The maximum code points of a name, and of each member of a role.
pub const NAME_MAX: usize = 255;
/// The maximum code points of a description.
pub const DESCRIPTION_MAX: usize = 500;
/// The maximum roles of a credential, and of a tenant's catalogue: as sent, with duplicates, and after merging.
pub const ROLES_MAX: usize = 100;
/// The maximum members of metadata, after merging.
pub const METADATA_MAX: usize = 16;
/// The maximum members of metadata as sent: enough to remove every stored member and add as many new ones.
pub const METADATA_SENT_MAX: usize = 2 * METADATA_MAX;
/// The maximum bytes of metadata as JSON, after merging.
pub const METADATA_BYTES_MAX: usize = 4096;
/// The maximum bytes of a stored document as JSON.
pub const STATE_BYTES_MAX: usize = 32 * 1024;
/// The longest grace period of a rotation, in seconds: 90 days.
pub const GRACE_MAX: i64 = 90 * 24 * 3600;
/// The shortest grace period of a rotation by the credential itself, in seconds: time for its other instances to follow.
pub const OWN_GRACE_MIN: i64 = 300;
/// The greatest bound on the age of a verification, in seconds.
pub const STALENESS_MAX: i64 = 300;
