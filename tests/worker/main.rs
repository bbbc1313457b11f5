//! The running thing: the Worker in workerd, on D1, over HTTP. `make test` starts it on a fresh database and runs this
//! target alone (plain `cargo test` skips it). Each test makes a tenant of its own, so all of them run at once.

mod bad_input;
mod bounded;
mod canary;
mod cost;
mod filters;
mod nasty;
mod races;
mod rotation;
mod scale;
mod scheduled;
mod seeded;
