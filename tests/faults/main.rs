//! A database that fails: what is asked of it again, what a client is told, what is written, and what is logged. And failed
//! authentications: which count, and as whose. `tests/worker_faults` shows both on the running Worker.

mod stage;

mod again;
mod failed;
mod matrix;
mod never;
