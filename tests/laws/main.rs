//! The laws of update, as properties, on every face that has the verbs: whatever the credential, the principal or the
//! tenant, whatever the body.
//!
//! A face is a few closures here; each law is written once for credentials, and once for what they belong to.

mod said;

mod credentials;
mod merge;
mod parents;
mod put_and_patch;
