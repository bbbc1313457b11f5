//! What the schema holds by itself, against whoever writes to it: at the database's console too.

mod common;

#[path = "store/console.rs"]
mod console;

#[path = "store/checks.rs"]
mod checks;
#[path = "store/deleted.rs"]
mod deleted;
#[path = "store/deletion.rs"]
mod deletion;
#[path = "store/events.rs"]
mod events;
#[path = "store/refused.rs"]
mod refused;
#[path = "store/replayed.rs"]
mod replayed;
#[path = "store/sent.rs"]
mod sent;
#[path = "store/statements.rs"]
mod statements;
#[path = "store/widened.rs"]
mod widened;
#[path = "store/work.rs"]
mod work;
