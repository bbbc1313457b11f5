//! The test database enforces the limits of D1: what exceeds one is rejected.

use postern::store::{Database, Fault, Parameter, Statement};
use serde_json::json;

use support::sqlite::{STATEMENTS_MAX, Sqlite, VALUE_MAX};

/// Sends so many statements in a request; returns the error, if any.
fn send(db: &Sqlite, sql: &str, times: usize, value: &str) -> Result<(), String> {
    let parameters = [Parameter::Text(value)];
    // The store keeps its statements for the life of the process, too.
    let sql: &'static str = sql.to_owned().leak();
    let used = if sql.contains("?1") { &parameters[..] } else { &[] };
    let batch = vec![Statement { sql, parameters: used }; times];
    match pollster::block_on(db.batch(&batch)) {
        Ok(_) => Ok(()),
        Err(Fault::Failed(text)) => Err(text),
        Err(other) => Err(format!("{other:?}")),
    }
}

fn many(of: &str, times: usize, between: &str) -> String {
    vec![of; times].join(between)
}

#[test]
fn statement_limits_accept_the_maximum_and_reject_more() {
    let db = Sqlite::migrated();
    let calls = |arguments| format!("SELECT json_array({})", many("1", arguments, ", "));
    let likes = |bytes| format!("SELECT 'x' LIKE '{}'", many("x", bytes, ""));
    let globs = |bytes| format!("SELECT 'x' GLOB '{}'", many("x", bytes, ""));
    let columns = |number| format!("SELECT {}", many("1", number, ", "));
    let unions = |terms| many("SELECT 1", terms, " UNION ALL ");
    let deep = |depth| format!("SELECT {}1{}", many("-(", depth, ""), many(")", depth, ""));
    let levels = |depth| format!("SELECT {}", many("1", depth, " + "));
    let long = |bytes: usize| format!("SELECT 1 --{}", many("x", bytes - "SELECT 1 --".len(), ""));
    // The number of a parameter counts, even if lower ones are unused.
    let bound = |number| format!("SELECT iif(0, ?{number}, 1)");
    let text = |bytes| format!("SELECT zeroblob({bytes}) IS NULL");
    // Each scan of two tables takes ten instructions or more, and each column has 50 of them.
    let program = |columns| format!("SELECT {}", many(&many("(SELECT 1 FROM events,secrets)", 50, "+"), columns, ","));
    for (at, past, refusal) in [
        (calls(32), calls(33), "too many arguments on function json_array"),
        (likes(50), likes(51), "LIKE or GLOB pattern too complex"),
        (globs(50), globs(51), "LIKE or GLOB pattern too complex"),
        (columns(100), columns(101), "too many columns in result set"),
        (unions(5), unions(6), "too many terms in compound SELECT"),
        (deep(90), deep(100), "Expression tree is too large (maximum depth 100)"),
        (levels(100), levels(101), "Expression tree is too large (maximum depth 100)"),
        (long(100_000), long(100_001), "statement too long"),
        (bound(1), bound(101), "variable number must be between ?1 and ?100"),
        (text(VALUE_MAX), text(VALUE_MAX + 1), "string or blob too big"),
        // SQLite's message for a program that is too long.
        (program(10), program(45), "out of memory"),
    ] {
        assert_eq!(send(&db, &at, 1, "x"), Ok(()), "{}", &at[..at.len().min(200)]);
        let refused = send(&db, &past, 1, "x").expect_err(&past[..past.len().min(200)]);
        assert!(refused.contains(refusal), "{refused} for {}", &past[..past.len().min(200)]);
    }
    assert!(db.try_execute("ATTACH ':memory:' AS other", &[]).is_err_and(|error| error.contains("too many attached")));
}

#[test]
fn statement_limits_apply_inside_triggers() {
    let db = Sqlite::migrated();
    let trigger = |name: &str, arguments| {
        let call = many("1", arguments, ", ");
        format!("CREATE TRIGGER {name} AFTER INSERT ON tenants BEGIN SELECT json_array({call}); END")
    };
    assert_eq!(db.try_execute(&trigger("at", 32), &[]), Ok(0));
    let refused = db.try_execute(&trigger("past", 33), &[]).expect_err("33 arguments");
    assert!(refused.contains("too many arguments on function json_array"), "{refused}");
    // A trigger that fires itself, one level deeper each time.
    db.execute("CREATE TABLE depths (depth INTEGER)", &[]);
    db.execute("PRAGMA recursive_triggers = ON", &[]);
    db.execute(
        "CREATE TRIGGER deeper AFTER INSERT ON depths WHEN NEW.depth > 1 BEGIN
           INSERT INTO depths VALUES (NEW.depth - 1); END",
        &[],
    );
    assert_eq!(db.try_execute("INSERT INTO depths VALUES (10)", &[]), Ok(1));
    let refused = db.try_execute("INSERT INTO depths VALUES (12)", &[]).expect_err("12 deep");
    assert!(refused.contains("triggers nested too deep"), "{refused}");
}

#[test]
fn statement_count_is_limited_per_request_across_batches() {
    let db = Sqlite::migrated();
    let stamp = |change: &str| json!({ "change": change }).to_string();
    let refused = Err("more than 50 statements in a request: 51".to_owned());
    assert_eq!(send(&db, "SELECT ?1", STATEMENTS_MAX, &stamp("one")), Ok(()));
    assert_eq!(send(&db, "SELECT ?1", STATEMENTS_MAX + 1, &stamp("two")), refused);
    assert_eq!(send(&db, "SELECT ?1", 25, &stamp("three")), Ok(()));
    assert_eq!(send(&db, "SELECT ?1", 25, &stamp("three")), Ok(()), "in two batches");
    assert_eq!(send(&db, "SELECT ?1", 1, &stamp("three")), refused);
    assert_eq!(send(&db, "SELECT ?1", 50, &stamp("four")), Ok(()), "the next request has its own");
}

#[test]
fn rows_above_the_size_limit_are_rejected() {
    let db = Sqlite::migrated();
    let half = many("x", VALUE_MAX / 2, "");
    assert_eq!(send(&db, "SELECT ?1, ?1 AS again", 1, &half), Ok(()));
    let refused = send(&db, "SELECT ?1, ?1 AS again, 'x' AS more", 1, &half);
    assert_eq!(refused, Err("a row of more than 2000000 bytes: 2000001".to_owned()));
}
