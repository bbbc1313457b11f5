//! The seam on SQLite: one batch is one transaction, and every number is bound as REAL, as D1 does.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use postern::store::{Batch, Database, Fault, Parameter, Row, Statement};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, StatementStatus, ToSql};
use serde_json::Value;

pub struct Sqlite {
    connection: RefCell<Connection>,
    pub batches: Cell<u64>,
    /// Every text that was sent through the seam, once.
    pub sent: RefCell<BTreeSet<String>>,
    /// The steps of SQLite's machine that the last batch took, those of triggers included: the work of it, whatever the clock
    /// says. A row that is read takes some.
    pub steps: Cell<i64>,
}

impl Sqlite {
    /// A database in memory with all migrations run, in the order of their names.
    pub fn migrated() -> Self {
        let connection = Connection::open_in_memory().expect("SQLite");
        connection.pragma_update(None, "foreign_keys", true).expect("foreign keys are always on, as on D1");
        // D1's own limits, which SQLite would not hold us to. (SQL text, compound SELECT, expression depth, function
        // arguments, LIKE pattern, bound values, columns, trigger depth.)
        for (limit, most) in [
            (Limit::SQLITE_LIMIT_SQL_LENGTH, 100_000),
            (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 5),
            (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
            (Limit::SQLITE_LIMIT_FUNCTION_ARG, 32),
            (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50),
            (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 100),
            (Limit::SQLITE_LIMIT_COLUMN, 100),
            (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 10),
        ] {
            connection.set_limit(limit, most).expect("a limit");
        }
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let mut files: Vec<_> =
            std::fs::read_dir(folder).expect("migrations").map(|file| file.unwrap().path()).collect();
        files.sort();
        for file in files {
            connection
                .execute_batch(&std::fs::read_to_string(&file).unwrap())
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        }
        // More than the statements of one request, so that the next one of its kind finds them.
        connection.set_prepared_statement_cache_capacity(64);
        Self {
            connection: RefCell::new(connection),
            batches: Cell::default(),
            sent: RefCell::default(),
            steps: Cell::default(),
        }
    }

    /// Runs a statement, as someone at the database's console would.
    pub fn try_execute(&self, sql: &str, parameters: &[&dyn ToSql]) -> Result<usize, String> {
        self.connection.borrow().execute(sql, parameters).map_err(|error| error.to_string())
    }

    pub fn execute(&self, sql: &str, parameters: &[&dyn ToSql]) {
        self.try_execute(sql, parameters).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    pub fn query(&self, sql: &str, parameters: &[&dyn ToSql]) -> Vec<Value> {
        let connection = self.connection.borrow();
        let mut statement = connection.prepare(sql).unwrap();
        rows(&mut statement, parameters).unwrap().into_iter().map(Value::Object).collect()
    }

    /// One number.
    pub fn count(&self, sql: &str) -> i64 {
        self.connection.borrow().query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

impl Database for Sqlite {
    async fn batch(&self, statements: &[Statement<'_>]) -> Result<Batch, Fault> {
        self.batches.set(self.batches.get() + 1);
        let failed = |error: rusqlite::Error| Fault::Failed(error.to_string());
        let mut connection = self.connection.borrow_mut();
        let transaction = connection.transaction().map_err(failed)?;
        let mut batch = Batch::default();
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
            batch.rows.push(rows(&mut statement, &bound).map_err(failed)?);
            self.steps.set(self.steps.get() + i64::from(statement.reset_status(StatementStatus::VmStep)));
            // What D1 counts as read SQLite does not tell: here it is the rows that came back.
            batch.rows_read += batch.rows.last().map_or(0, |rows| rows.len() as u64);
            batch.rows_written += transaction.total_changes() - before;
        }
        transaction.commit().map_err(failed)?;
        Ok(batch)
    }
}

fn rows(statement: &mut rusqlite::Statement<'_>, parameters: &[&dyn ToSql]) -> rusqlite::Result<Vec<Row>> {
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
        all.push(names.iter().enumerate().map(column).collect::<rusqlite::Result<Row>>()?);
    }
    Ok(all)
}
