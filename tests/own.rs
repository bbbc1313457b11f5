//! Our own face, `/v1`: updates that one can trust, rotation, verification, and a history.

mod common;

#[path = "own/stage.rs"]
mod stage;

#[path = "own/dry_run.rs"]
mod dry_run;
#[path = "own/ends.rs"]
mod ends;
#[path = "own/faces.rs"]
mod faces;
#[path = "own/history.rs"]
mod history;
#[path = "own/idempotency.rs"]
mod idempotency;
#[path = "own/lists.rs"]
mod lists;
#[path = "own/nobody_has.rs"]
mod nobody_has;
#[path = "own/patch.rs"]
mod patch;
#[path = "own/preconditions.rs"]
mod preconditions;
#[path = "own/put.rs"]
mod put;
#[path = "own/resources.rs"]
mod resources;
#[path = "own/revoked.rs"]
mod revoked;
#[path = "own/rotation.rs"]
mod rotation;
#[path = "own/unsaid.rs"]
mod unsaid;
#[path = "own/verify.rs"]
mod verify;
