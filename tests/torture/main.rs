//! Long-running tests against the Worker in workerd, on D1: many concurrent clients, and servers that are killed.
//! Recorded responses are checked against a model of a credential (`torture/check.rs`). Operations are random; the
//! seed is printed. `make test` runs a short form (plain `cargo test` skips it).
//!
//! | variable | meaning and default |
//! |---|---|
//! | `POSTERN_RACE_OPERATIONS` | number of operations of the races: 4,000 |
//! | `POSTERN_KILLS` | number of kills: 3 |
//! | `POSTERN_SEED` | seed printed by an earlier run |

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
