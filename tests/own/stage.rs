//! Helpers of this folder: times, and the clock of the service in process.

pub use support::tenant::Tenant;
pub use support::{InProcess, ROOT, START, ZERO};

pub const SECOND: i64 = 1_000_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// A time as our own face returns it.
pub fn time(micros: i64) -> String {
    postern::credential::time::Micros(micros).to_rfc3339_micros()
}

/// The time of the last request, as our own face returns it.
pub fn now(service: &InProcess) -> String {
    time(service.world().now.get())
}
