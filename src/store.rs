//! The store: one batch a request, one seam of one method to whatever runs it. All SQL is static text in `store/sql/`.

pub mod after;
pub mod command;
pub mod credential;
pub mod delete;
mod fault;
pub mod history;
pub mod idempotency;
mod key;
pub mod list;
mod page;
pub mod principal;
mod rules;
mod shape;
mod sql;
pub mod tenant;
mod text;
pub mod verdict;
pub mod verify;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;

use serde_json::{Map, Value};

pub use fault::Fault;

use crate::refusal::Refusal;

/// A value bound to a statement. D1 gets every number from JavaScript, so every number is a REAL there; so it is in tests.
#[derive(Clone, Copy, Debug)]
pub enum Parameter<'a> {
    /// TEXT.
    Text(&'a str),
    /// REAL.
    Number(f64),
}

/// One statement of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'a> {
    /// Its text: one of a bounded number, none made of anything that a request said.
    pub sql: &'static str,
    /// The values of `?1`, `?2`, …
    pub parameters: &'a [Parameter<'a>],
}

/// A row: a JSON object, its columns by name. It is read once it is known as what; Debug shows none of it.
pub struct Row(Box<str>);

impl Row {
    /// A row whose JSON text this is.
    pub(crate) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// A row of these columns, as a database gives it that speaks no JSON.
    ///
    /// # Errors
    /// None that a text or a number has.
    pub fn from_columns(columns: &Map<String, Value>) -> serde_json::Result<Self> {
        serde_json::to_string(columns).map(|text| Self(text.into()))
    }

    /// Its JSON text.
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

/// What a batch gives back: the rows of each statement, and what they cost.
#[derive(Debug, Default)]
pub struct Batch {
    /// For each statement, its rows.
    pub rows: Vec<Vec<Row>>,
    /// Rows read.
    pub rows_read: u64,
    /// Rows written, those of triggers and indexes included.
    pub rows_written: u64,
}

impl Batch {
    /// Reads what `glue.js` makes of D1's answer: for each statement a line of how many rows it gave, read and wrote, then a line
    /// of JSON for each that it gave. `None` for anything else.
    #[must_use]
    pub fn from_lines(text: &str) -> Option<Self> {
        let mut batch = Self::default();
        let mut lines = text.split('\n');
        while let Some(line) = lines.next() {
            let mut numbers = line.split(' ').map(str::parse::<u64>);
            let mut number = || numbers.next()?.ok();
            let (given, read, written) = (number()?, number()?, number()?);
            batch.rows.push((0..given).map(|_| lines.next().map(Row::new)).collect::<Option<_>>()?);
            batch.rows_read += read;
            batch.rows_written += written;
        }
        Some(batch)
    }
}

/// The seam to the database: D1 in the Worker, SQLite in tests.
pub trait Database {
    /// Runs the statements in order, as one transaction, in one round trip.
    fn batch(&self, statements: &[Statement<'_>]) -> impl Future<Output = Result<Batch, Fault>>;
}

/// What a request cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Round trips.
    pub trips: u64,
    /// Rows read.
    pub rows_read: u64,
    /// Rows written.
    pub rows_written: u64,
}

/// A database, and the tally of what one request asked of it.
pub struct Store<'a, D> {
    database: &'a D,
    cost: Cell<Cost>,
    fault: RefCell<Option<Fault>>,
}

impl<'a, D: Database> Store<'a, D> {
    /// A store with an empty tally.
    pub fn new(database: &'a D) -> Self {
        Self { database, cost: Cell::default(), fault: RefCell::default() }
    }

    /// What was asked of the database so far.
    pub fn cost(&self) -> Cost {
        self.cost.get()
    }

    /// How the database failed last, even where it then answered.
    pub fn fault(&self) -> Option<Fault> {
        self.fault.borrow().clone()
    }

    /// Runs one batch in which every statement is given the same parameters. A batch that may have been written is not run again, one
    /// that only reads is, and so is any that did not reach the database; once.
    async fn batch(
        &self,
        statements: &[&'static str],
        parameters: &[Parameter<'_>],
        writes: bool,
    ) -> Result<Vec<Vec<Row>>, Refusal> {
        let statements: Vec<_> = statements.iter().map(|sql| Statement { sql, parameters }).collect();
        let mut result = self.run(&statements).await;
        if result.as_ref().is_err_and(|fault| fault.may_be_asked_again(writes)) {
            result = self.run(&statements).await;
        }
        result.map_err(|fault| match fault {
            Fault::Failed(text) => Refusal::Broken(text),
            fault if writes && fault.may_have_run() => Refusal::OutcomeUnknown,
            Fault::Unreached(_) | Fault::Overloaded(_) | Fault::Lost(_) | Fault::Unavailable(_) => Refusal::Unavailable,
        })
    }

    /// Runs a batch, and adds to the tally.
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
    fn an_answer_is_read_by_lines() {
        let batch = Batch::from_lines("2 28 0\n{\"a\":1}\n{\"a\":\"\\n\"}\n0 1 3\n1 0 0\n{}").unwrap();
        let texts: Vec<Vec<_>> = batch.rows.iter().map(|rows| rows.iter().map(super::Row::text).collect()).collect();
        assert_eq!(texts, [vec!["{\"a\":1}", "{\"a\":\"\\n\"}"], vec![], vec!["{}"]]);
        assert_eq!((batch.rows_read, batch.rows_written), (29, 3));
    }

    #[test]
    fn what_is_no_answer_is_none() {
        for text in ["", "[]", "1 2", "1 2 3", "2 0 0\n{}", "0 0 undefined", "0 0 0\n", "-1 0 0"] {
            assert!(Batch::from_lines(text).is_none(), "{text}");
        }
    }
}
