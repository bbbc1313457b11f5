//! What D1 and Workers take at most, which local D1 does not all hold us to: nothing that is sent comes near it, and what does
//! is seen.

use std::io::Write;

mod largest;
mod refused;
mod statements;
mod work;

/// A line of the table of what is the largest: shown also where no test fails, which `println!` is not.
fn tell(largest: &[String]) {
    let line = format!("limits: {}\n", largest.join(", "));
    std::io::stdout().write_all(line.as_bytes()).expect("told");
}
