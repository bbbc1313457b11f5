//! What the schema holds by itself, against whoever writes to it: at the database's console too.

mod console;

mod checks;
mod deleted;
mod deletion;
mod events;
mod refused;
mod replayed;
mod statements;
mod widened;
mod work;
