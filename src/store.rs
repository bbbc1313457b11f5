//! The store: one database batch for each request.
//!
//! [`Database::batch`] is the only connection to a database. All SQL is static text from `store/sql/`.

pub mod after;
mod change;
pub mod command;
pub mod credential;
pub mod delete;
pub mod exchange;
mod fault;
mod form;
pub mod history;
pub mod idempotency;
pub mod issuers;
mod key;
pub mod lease;
pub mod list;
pub mod near;
mod page;
mod plain;
pub mod principal;
pub mod ready;
mod row;
mod rules;
mod shape;
mod sql;
pub mod tenant;
mod text;
pub mod verdict;
pub mod verify;
mod violations;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;

use serde_json::{Map, Value};

pub use fault::Fault;

use crate::refusal::Refusal;

/// A value bound to a statement.
///
/// There is no integer: D1 receives numbers from JavaScript and binds each as REAL. SQLite in the tests does the same.
#[derive(Clone, Copy, Debug)]
pub enum Parameter<'a> {
    /// Bound as TEXT.
    Text(&'a str),
    /// Bound as REAL.
    Number(f64),
}

/// One statement of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'a> {
    /// One of a bounded number of texts. No text contains anything that a request sent.
    pub sql: &'static str,
    /// The values of `?1`, `?2`, …
    pub parameters: &'a [Parameter<'a>],
}

/// A row as JSON text: an object with a member for each column.
///
/// It is parsed once the expected type is known. Debug prints only its length, since it may contain sealed secrets.
pub struct Row(Box<str>);

impl Row {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// Converts the columns of a database that does not return JSON.
    ///
    /// # Errors
    /// Serialization errors, which texts and numbers do not cause.
    pub fn from_columns(columns: &Map<String, Value>) -> serde_json::Result<Self> {
        serde_json::to_string(columns).map(|text| Self(text.into()))
    }

    /// Returns the JSON object.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Row({} bytes)", self.text().len())
    }
}

/// The result of a batch, and its cost.
#[derive(Debug, Default)]
pub struct Batch {
    /// The rows of each statement, in order.
    pub rows: Vec<Vec<Row>>,
    /// Rows read, as D1 bills them.
    pub rows_read: u64,
    /// Rows written, including those of triggers and indexes.
    pub rows_written: u64,
}

impl Batch {
    /// Parses the text that `glue.js` makes of D1's result. Returns `None` for any other text.
    ///
    /// Each statement has a line `<rows returned> <rows read> <rows written>`, then a line of JSON per returned row.
    #[must_use]
    pub fn from_lines(text: &str) -> Option<Self> {
        let mut batch = Self::default();
        let mut lines = text.split('\n');
        while let Some(line) = lines.next() {
            let mut numbers = line.split(' ').map(str::parse::<u64>);
            let mut number = || numbers.next()?.ok();
            let (returned, read, written) = (number()?, number()?, number()?);
            batch.rows.push((0..returned).map(|_| lines.next().map(Row::new)).collect::<Option<_>>()?);
            batch.rows_read += read;
            batch.rows_written += written;
        }
        Some(batch)
    }
}

/// A database: D1 in the Worker, SQLite in tests.
pub trait Database {
    /// Runs the statements in order, as one transaction and in one round trip.
    fn batch(&self, statements: &[Statement<'_>]) -> impl Future<Output = Result<Batch, Fault>>;
}

/// The database cost of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Round trips, including failed ones.
    pub trips: u64,
    /// Rows read by batches that succeeded.
    pub rows_read: u64,
    /// Rows written by batches that succeeded.
    pub rows_written: u64,
}

impl std::ops::Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            trips: self.trips + other.trips,
            rows_read: self.rows_read + other.rows_read,
            rows_written: self.rows_written + other.rows_written,
        }
    }
}

/// A database, with the cost and the last fault of one request.
pub struct Store<'a, D> {
    database: &'a D,
    cost: Cell<Cost>,
    fault: RefCell<Option<Fault>>,
}

impl<'a, D: Database> Store<'a, D> {
    /// Returns a store without cost or fault.
    pub fn new(database: &'a D) -> Self {
        Self { database, cost: Cell::default(), fault: RefCell::default() }
    }

    /// Returns the cost so far.
    pub fn cost(&self) -> Cost {
        self.cost.get()
    }

    /// Returns the last fault, even if the retry succeeded.
    pub fn fault(&self) -> Option<Fault> {
        self.fault.borrow().clone()
    }

    /// Runs one batch with the same parameters for every statement.
    ///
    /// A batch that failed is retried once if it did not reach the database, or if it only reads and the connection was
    /// lost. A write that may have been committed is never retried.
    async fn batch(
        &self,
        statements: &[&'static str],
        parameters: &[Parameter<'_>],
        writes: bool,
    ) -> Result<Vec<Vec<Row>>, Refusal> {
        let statements: Vec<_> = statements.iter().map(|sql| Statement { sql, parameters }).collect();
        let mut result = self.run(&statements).await;
        if result.as_ref().is_err_and(|fault| fault.may_retry(writes)) {
            result = self.run(&statements).await;
        }
        result.map_err(|fault| match fault {
            Fault::Failed(text) => Refusal::Broken(text),
            fault if writes && fault.may_have_run() => Refusal::OutcomeUnknown,
            Fault::Unreached(_) | Fault::Overloaded(_) | Fault::Lost(_) | Fault::Unavailable(_) => Refusal::Unavailable,
        })
    }

    /// Runs a batch once, and records its cost and fault.
    async fn run(&self, statements: &[Statement<'_>]) -> Result<Vec<Vec<Row>>, Fault> {
        let result = self.database.batch(statements).await;
        let Cost { trips, rows_read, rows_written } = self.cost.get();
        let (read, written) = result.as_ref().map_or((0, 0), |batch| (batch.rows_read, batch.rows_written));
        self.cost.set(Cost { trips: trips + 1, rows_read: rows_read + read, rows_written: rows_written + written });
        result.map(|batch| batch.rows).inspect_err(|fault| {
            self.fault.replace(Some(fault.clone()));
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Batch;

    #[test]
    fn batch_is_read_line_by_line() {
        let batch = Batch::from_lines("2 28 0\n{\"a\":1}\n{\"a\":\"\\n\"}\n0 1 3\n1 0 0\n{}").unwrap();
        let texts: Vec<Vec<_>> = batch.rows.iter().map(|rows| rows.iter().map(super::Row::text).collect()).collect();
        assert_eq!(texts, [vec!["{\"a\":1}", "{\"a\":\"\\n\"}"], vec![], vec!["{}"]]);
        assert_eq!((batch.rows_read, batch.rows_written), (29, 3));
    }

    #[test]
    fn malformed_batches_are_rejected() {
        for text in ["", "[]", "1 2", "1 2 3", "2 0 0\n{}", "0 0 undefined", "0 0 0\n", "-1 0 0"] {
            assert!(Batch::from_lines(text).is_none(), "{text}");
        }
    }
}
