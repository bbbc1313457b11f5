//! The laws of update, as properties, on every face that has the verbs: whatever the credential, the principal or the
//! tenant, whatever the body.
//!
//! A face is a few closures here; each law is written once for credentials, and once for what they belong to.

mod common;

#[path = "laws/said.rs"]
mod said;

#[path = "laws/credentials.rs"]
mod credentials;
#[path = "laws/merge.rs"]
mod merge;
#[path = "laws/parents.rs"]
mod parents;
#[path = "laws/put_and_patch.rs"]
mod put_and_patch;
