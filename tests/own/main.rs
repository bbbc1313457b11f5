//! The Postern face, `/v1`: tests that need the database or a controlled clock.

mod stage;

mod access;
mod chosen_tokens;
mod dominance;
mod dry_run;
mod ends;
mod health;
mod history;
mod idempotency;
mod itself;
mod keyless;
mod keys;
mod leases;
mod lists;
mod outlived;
mod recipes;
mod rotation;
mod staleness;
mod strangers;
mod trusts;
mod verify;
