//! A failing database and failing callers on the running Worker: in workerd, on D1, with its rate limits. `make test`
//! starts it behind `tests/faults/front.mjs`, with a short database timeout, and runs only this target (plain `cargo
//! test` skips it). The effect of each fault on each operation is tested natively (`tests/faults`).

mod limited;
mod live;
