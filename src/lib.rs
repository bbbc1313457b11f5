//! Postern: a credential service at the edge.
//!
//! It makes, shows, lists, updates and deletes the credentials of machines, through three APIs that already have clients (Coactive,
//! LiteGraph, Keycard), over one store with one validation module. The modules stand in the order in which a request
//! passes them; docs/ARCHITECTURE.md draws its way. Only [`worker`](https://docs.rs/worker)'s folder names the platform: everything else compiles, and is
//! tested, natively.

// A panic fails a request that could have been answered: nothing outside of tests may ask for one.
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

pub mod store;

pub mod refusal;

pub mod answer;
