//! `Database` on SQLite: a batch is a transaction, every number is bound as REAL, and the limits of D1 are enforced.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::mem::replace;
use std::sync::{Mutex, PoisonError};

use postern::store::{Batch, Database, Fault, Parameter, Row, Statement};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, StatementStatus, ToSql};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The limits of D1 that SQLite can enforce: documented by Cloudflare, or set in the source of workerd (program
/// length, ATTACH, trigger depth). Local D1 does not enforce all of them.
pub const LIMITS: [(Limit, i32); 11] = [
    (Limit::SQLITE_LIMIT_LENGTH, 2_000_000),
    (Limit::SQLITE_LIMIT_SQL_LENGTH, 100_000),
    (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 5),
    (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
    (Limit::SQLITE_LIMIT_FUNCTION_ARG, 32),
    (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50),
    (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 100),
    (Limit::SQLITE_LIMIT_COLUMN, 100),
    (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 10),
    (Limit::SQLITE_LIMIT_VDBE_OP, 25_000),
    (Limit::SQLITE_LIMIT_ATTACHED, 0),
];

/// The maximum size of a row and of a text, in bytes.
pub const VALUE_MAX: usize = 2_000_000;

/// The maximum number of statements of a request on the free plan, deferred writes included.
pub const STATEMENTS_MAX: usize = 50;

/// The maxima observed so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Most {
    /// Statements of one request.
    pub statements: usize,
    /// Values bound to a statement.
    pub parameters: usize,
    /// Bytes of one such value.
    pub value: usize,
    /// Bytes of one returned row.
    pub row: usize,
    /// Bytes of the SQL and the parameters of one batch.
    pub sent_bytes: usize,
    /// Bytes of all rows returned by one batch.
    pub answered: usize,
}

pub struct Sqlite {
    connection: RefCell<Connection>,
    is_reused: bool,
    /// The change id of the latest request, and the number of statements it has sent so far.
    request: RefCell<(Option<String>, usize)>,
    pub most: Cell<Most>,
    pub batches: Cell<u64>,
    /// Every distinct statement sent through `Database::batch`.
    pub sent: RefCell<BTreeSet<String>>,
    /// Virtual machine steps of the last batch, triggers included: a measure of its work that does not depend on the
    /// clock.
    pub steps: Cell<i64>,
}

/// Idle connections, each to an empty migrated database. They are reused because migrating and preparing statements
/// takes longer than most tests.
static IDLE: Mutex<Vec<Connection>> = Mutex::new(Vec::new());

impl Sqlite {
    /// Returns a new, empty, migrated database.
    pub fn migrated() -> Self {
        Self::over(migrated(&LIMITS), false)
    }

    /// Returns an empty, migrated database on a reused connection. It is always inside a transaction, which is rolled
    /// back on drop, so tests must not change its pragmas.
    pub fn reused() -> Self {
        let idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = idle.unwrap_or_else(|| migrated(&LIMITS));
        connection.execute_batch("BEGIN").expect("begun");
        Self::over(connection, true)
    }

    fn over(connection: Connection, is_reused: bool) -> Self {
        Self {
            connection: RefCell::new(connection),
            is_reused,
            request: RefCell::default(),
            most: Cell::default(),
            batches: Cell::default(),
            sent: RefCell::default(),
            steps: Cell::default(),
        }
    }

    /// Runs a statement, as a user of the database console would.
    pub fn try_execute(&self, sql: &str, parameters: &[&dyn ToSql]) -> Result<usize, String> {
        let connection = self.connection.borrow();
        let run = connection.prepare_cached(sql).and_then(|mut statement| statement.execute(parameters));
        run.map_err(|error| error.to_string())
    }

    pub fn execute(&self, sql: &str, parameters: &[&dyn ToSql]) {
        self.try_execute(sql, parameters).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    pub fn query(&self, sql: &str, parameters: &[&dyn ToSql]) -> Vec<Value> {
        let connection = self.connection.borrow();
        let mut statement = connection.prepare_cached(sql).unwrap();
        rows(&mut statement, parameters).unwrap().into_iter().map(Value::Object).collect()
    }

    /// The smallest value of a limit under which these statements can be prepared.
    pub fn least(&self, limit: Limit, statements: &[&str]) -> i32 {
        let connection = self.connection.borrow();
        let before = connection.limit(limit).expect("a limit");
        let least = bisect(before, |most| {
            connection.set_limit(limit, most).expect("a limit");
            statements.iter().all(|sql| connection.prepare(sql).is_ok())
        });
        connection.set_limit(limit, before).expect("a limit");
        least
    }

    /// The smallest value of a limit under which the migrations run.
    pub fn least_to_migrate(limit: Limit, most: i32) -> i32 {
        bisect(most, |most| {
            let connection = Connection::open_in_memory().expect("SQLite");
            connection.set_limit(limit, most).expect("a limit");
            migrate(&connection).is_ok()
        })
    }

    /// The number of instructions of a statement's longest program: its own, or that of a trigger.
    pub fn program(&self, sql: &str) -> i64 {
        let connection = self.connection.borrow();
        let mut statement = connection.prepare(&format!("EXPLAIN {sql}")).expect("a statement");
        let rows = statement.query_map([Value::Null.to_string()], |row| row.get::<_, i64>("addr")).expect("a program");
        rows.map(|address| address.expect("an address") + 1).max().unwrap_or_default()
    }

    /// Runs a query that returns one number.
    pub fn count(&self, sql: &str) -> i64 {
        self.connection.borrow().query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

/// Returns a migrated database in memory with these limits. Foreign keys are on, as always on D1.
pub fn migrated(limits: &[(Limit, i32)]) -> Connection {
    let connection = Connection::open_in_memory().expect("SQLite");
    connection.pragma_update(None, "foreign_keys", true).expect("foreign keys");
    for (limit, most) in limits {
        connection.set_limit(*limit, *most).expect("a limit");
    }
    migrate(&connection).unwrap_or_else(|error| panic!("{error}"));
    // Larger than the number of statements, so that each is prepared once.
    connection.set_prepared_statement_cache_capacity(1024);
    connection
}

/// Runs all migrations, in the order of their names.
fn migrate(connection: &Connection) -> Result<(), String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");
    let mut files: Vec<_> = std::fs::read_dir(folder).expect("migrations").map(|file| file.unwrap().path()).collect();
    files.sort();
    files.iter().try_for_each(|file| {
        let sql = std::fs::read_to_string(file).unwrap();
        connection.execute_batch(&sql).map_err(|error| format!("{}: {error}", file.display()))
    })
}

/// The id that all statements of a request share, deferred writes included.
#[derive(Deserialize)]
struct Stamp {
    change: String,
}

impl Sqlite {
    /// Counts the statements of a batch. Fails above D1's limit per request, which spans batches.
    fn count_statements(&self, statements: &[Statement<'_>]) -> Result<(), Fault> {
        let stamp = statements.first().and_then(|first| match first.parameters.first() {
            Some(Parameter::Text(text)) => serde_json::from_str::<Stamp>(text).ok().map(|stamp| stamp.change),
            _ => None,
        });
        let mut request = self.request.borrow_mut();
        let before = if stamp.is_some() && request.0 == stamp { request.1 } else { 0 };
        *request = (stamp, before + statements.len());
        let mut most = self.most.get();
        most.statements = most.statements.max(request.1);
        let mut sent = 0;
        for Statement { sql, parameters } in statements {
            most.parameters = most.parameters.max(parameters.len());
            let bytes = |parameter: &Parameter<'_>| match parameter {
                Parameter::Text(text) => text.len(),
                Parameter::Number(_) => size_of::<f64>(),
            };
            most.value = parameters.iter().map(bytes).max().unwrap_or_default().max(most.value);
            sent += sql.len() + parameters.iter().map(bytes).sum::<usize>();
        }
        most.sent_bytes = most.sent_bytes.max(sent);
        self.most.set(most);
        if request.1 > STATEMENTS_MAX {
            return Err(Fault::Failed(format!("more than {STATEMENTS_MAX} statements in a request: {}", request.1)));
        }
        Ok(())
    }

    /// Records the sizes of the returned rows. Fails for a row above D1's limit.
    fn count_answered(&self, rows: &[usize]) -> Result<(), Fault> {
        let (largest, all) = (rows.iter().copied().max().unwrap_or_default(), rows.iter().sum());
        let Most { row, answered, .. } = self.most.get();
        self.most.set(Most { row: row.max(largest), answered: answered.max(all), ..self.most.get() });
        if largest > VALUE_MAX {
            return Err(Fault::Failed(format!("a row of more than {VALUE_MAX} bytes: {largest}")));
        }
        Ok(())
    }
}

impl Database for Sqlite {
    async fn batch(&self, statements: &[Statement<'_>]) -> Result<Batch, Fault> {
        self.batches.set(self.batches.get() + 1);
        self.count_statements(statements)?;
        let failed = |error: rusqlite::Error| Fault::Failed(error.to_string());
        let mut connection = self.connection.borrow_mut();
        let transaction = connection.savepoint().map_err(failed)?;
        let (mut batch, mut bytes) = (Batch::default(), Vec::new());
        self.steps.set(0);
        for Statement { sql, parameters } in statements {
            if !self.sent.borrow().contains(*sql) {
                self.sent.borrow_mut().insert((*sql).to_owned());
            }
            let bound: Vec<Box<dyn ToSql>> = parameters
                .iter()
                .map(|parameter| match parameter {
                    Parameter::Text(text) => Box::new((*text).to_owned()) as Box<dyn ToSql>,
                    Parameter::Number(number) => Box::new(*number),
                })
                .collect();
            let bound: Vec<&dyn ToSql> = bound.iter().map(AsRef::as_ref).collect();
            let mut statement = transaction.prepare_cached(sql).map_err(failed)?;
            let before = transaction.total_changes();
            statement.reset_status(StatementStatus::VmStep);
            let rows = rows(&mut statement, &bound).map_err(failed)?;
            bytes.extend(
                rows.iter().map(|row| row.values().map(|value| value.as_str().map_or(8, str::len)).sum::<usize>()),
            );
            batch.rows.push(rows.iter().map(|row| Row::from_columns(row).expect("JSON")).collect());
            self.steps.set(self.steps.get() + i64::from(statement.reset_status(StatementStatus::VmStep)));
            // SQLite does not report rows read, so the returned rows are counted.
            batch.rows_read += batch.rows.last().map_or(0, |rows| rows.len() as u64);
            batch.rows_written += transaction.total_changes() - before;
        }
        self.count_answered(&bytes)?;
        transaction.commit().map_err(failed)?;
        Ok(batch)
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        if !self.is_reused {
            return;
        }
        let none = Connection::open_in_memory().expect("SQLite");
        let connection = replace(self.connection.get_mut(), none);
        if connection.execute_batch("ROLLBACK").is_ok() {
            IDLE.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
    }
}

/// The smallest number from 1 to `most` for which a monotonic predicate is true.
fn bisect(most: i32, is_true: impl Fn(i32) -> bool) -> i32 {
    let (mut low, mut high) = (1, most);
    assert!(is_true(high), "more than {most}");
    while low < high {
        let middle = low.midpoint(high);
        if is_true(middle) { high = middle } else { low = middle + 1 }
    }
    low
}

/// Runs a statement and returns its rows by column name.
pub fn rows(
    statement: &mut rusqlite::Statement<'_>,
    parameters: &[&dyn ToSql],
) -> rusqlite::Result<Vec<Map<String, Value>>> {
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query(parameters)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let column = |(index, name): (usize, &String)| {
            let value = match row.get_ref(index)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => number.into(),
                ValueRef::Real(number) => number.into(),
                ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
                ValueRef::Blob(_) => unreachable!("no blobs: on D1 they travel as lists of numbers"),
            };
            Ok((name.clone(), value))
        };
        all.push(names.iter().enumerate().map(column).collect::<rusqlite::Result<_>>()?);
    }
    Ok(all)
}
