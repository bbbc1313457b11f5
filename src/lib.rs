//! Postern: a credential service at the edge.
//!
//! Postern issues, updates, rotates, verifies and revokes API credentials. It implements three vendors' APIs (Coactive,
//! LiteGraph, Keycard) and one of its own over one store, with one validation module. docs/ARCHITECTURE.md shows how
//! the modules fit together. Only [`worker`](https://docs.rs/worker)'s folder names the platform: everything else
//! compiles, and is tested, natively.

// A panic can fail other requests in flight, so code outside of tests must not panic.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::panic,
        clippy::todo,
        clippy::unimplemented,
        clippy::unreachable
    )
)]

#[cfg(target_arch = "wasm32")]
mod worker;

pub mod settings;

pub mod request;

pub mod operation;

pub mod route;

pub mod service;

pub mod caller;

pub mod face;

pub mod credential;

pub mod jwt;

pub mod store;

pub mod refusal;

pub mod answer;
