//! Limits on SQL text: how much of each limit the largest statement and migration use.

use rusqlite::limits::Limit;

use support::sent::SENT;
use support::sqlite::{LIMITS, Sqlite};

/// What a limit bounds.
fn name(limit: Limit) -> &'static str {
    match limit {
        Limit::SQLITE_LIMIT_SQL_LENGTH => "bytes of a statement",
        Limit::SQLITE_LIMIT_COMPOUND_SELECT => "terms of a compound SELECT",
        Limit::SQLITE_LIMIT_EXPR_DEPTH => "levels of an expression",
        Limit::SQLITE_LIMIT_FUNCTION_ARG => "arguments of a function",
        Limit::SQLITE_LIMIT_VARIABLE_NUMBER => "number of a parameter",
        Limit::SQLITE_LIMIT_COLUMN => "columns",
        // Limits on values, patterns and triggers apply at run time; the length of a program is tested below.
        _ => "",
    }
}

#[test]
fn largest_statement_and_migration_are_within_the_limits() {
    let db = Sqlite::migrated();
    let statements: Vec<&str> = SENT.keys().map(String::as_str).collect();
    assert!(statements.len() > 70, "every statement: {}", statements.len());
    let mut largest = Vec::new();
    for (limit, most) in LIMITS.into_iter().filter(|(limit, _)| !name(*limit).is_empty()) {
        let (sent, migrated) = (db.least(limit, &statements), Sqlite::least_to_migrate(limit, most));
        largest.push(format!("{} {} of {most}", name(limit), sent.max(migrated)));
    }
    let longest = statements.iter().map(|sql| db.program(sql)).max().unwrap_or_default();
    largest.push(format!("instructions of a program {longest} of 25000"));
    crate::print_lines(&largest);
    // The memory for a program doubles as it grows, and the limit applies to the memory.
    assert!(longest < 25_000 / 2, "{longest}");
}
