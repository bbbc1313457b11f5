//! What holds on both transports: in process on SQLite, and, with `POSTERN_URL` set, over HTTP on the running Worker. Plain
//! `cargo test` runs the former, `make test` both.

mod callers;
mod coactive;
mod keycard_lists;
mod lists;
mod litegraph_lists;
mod log_in;
mod recorded;
mod refusals;

/// Whether this run has a database of its own.
fn in_process() -> bool {
    std::env::var_os("POSTERN_URL").is_none()
}
