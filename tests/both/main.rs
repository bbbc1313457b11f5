//! What holds on both transports: in process on SQLite, and, with `POSTERN_URL` set, over HTTP on the running Worker. Plain
//! `cargo test` runs the former, `make test` both.

mod recorded;
mod refusals;
