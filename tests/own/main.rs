//! Our own face, `/v1`: updates that one can trust, rotation, verification, and a history.

mod stage;

mod dry_run;
mod ends;
mod history;
mod idempotency;
mod lists;
mod outlived;
mod rotation;
mod verify;
