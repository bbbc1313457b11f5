//! Helpers shared by all test targets: see tests/README.md.

pub mod client;
pub mod cursors;
pub mod face;
pub mod fields;
pub mod history;
pub mod http;
pub mod issuers;
pub mod jwt;
pub mod recorded;
pub mod refusals;
pub mod routes;
pub mod scene;
pub mod sent;
pub mod shape;
pub mod sqlite;
pub mod stored;
pub mod table;
pub mod tenant;
pub mod watched;
pub mod world;

pub use client::{Call, Client, Reply, call, client, get};
pub use world::*;
