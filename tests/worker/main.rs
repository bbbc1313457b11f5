//! Tests that need workerd and D1, over HTTP. `make test` starts the Worker on a fresh database and runs this target
//! (plain `cargo test` skips it). Each test creates its own tenant, so all tests run concurrently.

mod adversarial;
mod bad_input;
mod bounded;
mod canary;
mod cost;
mod filters;
mod races;
mod rotation;
mod scale;
mod scheduled;
mod seeded;
mod staleness;
