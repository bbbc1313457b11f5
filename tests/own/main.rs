//! Our own face, `/v1`: updates that one can trust, rotation, verification, and a history.

mod stage;

mod dry_run;
mod ends;
mod faces;
mod history;
mod idempotency;
mod lists;
mod nobody_has;
mod patch;
mod preconditions;
mod put;
mod resources;
mod revoked;
mod rotation;
mod unsaid;
mod verify;
