//! What the schema holds by itself, against whoever writes to it: at the database's console too.

mod console;

mod checks;
mod commands;
mod deleted;
mod deletion;
mod differences;
mod documents;
mod events;
mod no_change;
mod refused;
mod replayed;
mod samples;
mod schema;
mod statements;
mod widened;
mod work;
