//! Secrets are compared in two places only: in SQL, as keyed digests found by an id that is not secret; and in
//! `src/credential/secret.rs`, in constant time. So response times reveal nothing about a token that is nearly right.
//! Most types that hold a secret have no comparison; these tests read the source for the rest.

mod flow;
mod source;
mod sql;
mod types;
