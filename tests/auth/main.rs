//! Authorization: every caller on every route, the order of errors, and that a rejected request writes nothing.

mod challenges;
mod lifetimes;
mod matrix;
mod missing;
mod order;
mod presented;
mod rights;
