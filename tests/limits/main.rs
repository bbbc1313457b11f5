//! Limits of D1 and Workers, some of which local D1 does not enforce: no request comes near them.

use std::io::Write;

mod answers;
mod largest;
mod refused;
mod statements;
mod work;

/// Prints lines of the summary to stderr, since the test harness captures what a passing test prints.
fn print_lines(largest: &[String]) {
    let line = format!("limits: {}\n", largest.join(", "));
    std::io::stdout().write_all(line.as_bytes()).expect("stderr");
}
