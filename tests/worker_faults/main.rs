//! A database that fails, and callers that fail to say who they are, on the running Worker: in workerd, on D1, with its limits.
//! `make test` starts it with `tests/faults/front.mjs` in front, and a short wait for the database, and runs this target alone
//! (plain `cargo test` skips it). What each fault means to each operation is tested natively (`tests/faults`).

mod limited;
mod live;
