//! Helpers of this folder: times, the clock of the service in process, and the secrets of a response.

use std::collections::BTreeSet;

use serde_json::Value;

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

/// Collects every secret in a response.
pub fn secrets(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if ["secret", "client_secret", "BearerToken"].contains(&name.as_str()) => {
                        found.extend(Some(text).filter(|text| !text.is_empty()).cloned());
                    }
                    member => secrets(member, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| secrets(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
