//! Access: what a credential may do in Postern itself. Its roles are for the tenant's own APIs, and give no access.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a credential may do in its own tenant. Except for `VerifyAll`, each level includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Use itself: log in.
    None,
    /// Also verify tokens.
    Verify,
    /// As `Verify`, for the tokens of every tenant. Only root gives it.
    VerifyAll,
    /// Also read and list credentials, principals, the tenant and the history.
    Read,
    /// Also change names and descriptions.
    Edit,
    /// Everything in the tenant.
    Admin,
}

/// The names of the levels, in the order of [`Access`].
pub const ACCESS: [&str; 6] = ["none", "verify", "verify_all", "read", "edit", "admin"];
