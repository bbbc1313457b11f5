//! Who may do what: every caller on every route, the order of refusals, and what refusals leave behind, which is nothing.

mod challenges;
mod lifetimes;
mod matrix;
mod missing;
mod order;
mod presented;
mod rights;
