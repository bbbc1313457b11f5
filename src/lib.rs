//! Postern: a credential service at the edge.
//!
//! It makes, shows and updates the credentials of machines, through three APIs that already have clients (Coactive,
//! LiteGraph, Keycard), over one store with one validation module. The modules stand in the order in which a request
//! passes them; docs/ARCHITECTURE.md draws its way. Only [`worker`](https://docs.rs/worker)'s folder names the platform: everything else compiles, and is
//! tested, natively.

#[cfg(target_arch = "wasm32")]
mod worker;

pub mod settings;

pub mod request;

pub mod route;

pub mod service;

pub mod caller;

pub mod face;

pub mod credential;

pub mod store;

pub mod refusal;

pub mod answer;
