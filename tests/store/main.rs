//! Guarantees of the schema itself, also for writes at the database console.

mod console;

mod checks;
mod commands;
mod deleted;
mod deletion;
mod differences;
mod documents;
mod editors;
mod events;
mod large_deletions;
mod no_change;
mod refused;
mod replayed;
mod samples;
mod schema;
mod statements;
mod widened;
mod work;
