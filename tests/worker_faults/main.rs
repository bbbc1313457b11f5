//! A database that fails, and callers that fail to say who they are, on the running Worker: in workerd, on D1, with its limits.
//! `make test` starts it with `tests/faults/front.mjs` in front, and a short wait for the database, and runs this target alone
//! (plain `cargo test` skips it). What each fault means to each operation is tested natively (`tests/faults`).

#[allow(dead_code, reason = "this target uses a part of it")]
#[path = "../worker"]
mod worker {
    pub mod face;
    pub mod server;
    pub mod tenant;
}

mod limited;
mod live;
