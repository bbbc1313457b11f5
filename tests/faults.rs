//! A database that fails: what is asked of it again, what a client is told, what is written, and what is logged. And failed
//! authentications: which count, and as whose. `tests/worker_faults.rs` shows both on the running Worker.

mod common;

#[path = "faults/stage.rs"]
mod stage;

#[path = "faults/again.rs"]
mod again;
#[path = "faults/failed.rs"]
mod failed;
#[path = "faults/matrix.rs"]
mod matrix;
#[path = "faults/never.rs"]
mod never;
