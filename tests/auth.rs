//! Who may do what: every caller on every route, the order of refusals, and what refusals leave behind, which is nothing.

mod common;

#[path = "auth/scene.rs"]
mod scene;

#[path = "auth/matrix.rs"]
mod matrix;
#[path = "auth/missing.rs"]
mod missing;
#[path = "auth/order.rs"]
mod order;
#[path = "auth/presented.rs"]
mod presented;
#[path = "auth/rights.rs"]
mod rights;
