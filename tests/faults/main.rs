//! A database that fails: which batches are sent again, and what is reported, written and logged. Also failed
//! authentications: which are counted, and by what. `tests/worker_faults` tests both on the running Worker.

mod stage;

mod again;
mod failed;
mod matrix;
mod never;
