//! Secrets are compared in two places alone: in SQL, as keyed digests, found by an id that is no secret; and in
//! `src/credential/secret.rs`, in constant time, by a crate that is made for it. So no answer comes sooner for a token that is
//! nearly right. The types see to most of it, since they cannot be compared; the rest is read in the source.

mod flow;
mod source;
mod sql;
mod types;
