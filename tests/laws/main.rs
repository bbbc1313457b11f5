//! Laws of updates, as property tests: they are true for every face with the verb, every stored state and every body.
//!
//! Each law is written once for credentials, and once for principals and tenants. A face is reduced to a few closures.

mod bodies;

mod credentials;
mod merge;
mod parents;
mod put_and_patch;
#[path = "../torture/random.rs"]
mod random;
mod staleness;
