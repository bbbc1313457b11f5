//! Two tests of what a client may rely on, against the Worker in workerd, on D1: many clients that race, and servers that
//! are killed. What they recorded is held against a model of one credential, change by change (`torture/check.rs`). Of
//! random operations, by a seed that is printed. `make test` runs the short form of it (plain `cargo test` leaves it out).
//!
//! | variable | |
//! |---|---|
//! | `POSTERN_RACE_OPERATIONS` | how many operations the races make: 4,000 |
//! | `POSTERN_KILLS` | how often a server is killed: 3 |
//! | `POSTERN_SEED` | the number that a run before has printed |

mod broken;
mod check;
mod client;
mod kills;
mod load;
mod model;
mod races;
mod random;

/// One test at a time: each takes the machine.
fn alone() -> std::sync::MutexGuard<'static, ()> {
    static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
