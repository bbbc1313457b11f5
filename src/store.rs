//! The store: one batch a request, one seam of one method to whatever runs it. All SQL is static text in `store/`.

/// A statement of a batch that is judged: the verdict's text, then its own.
macro_rules! judged {
    ($file:literal $(, $more:literal)*) => { concat!(include_str!("verdict.sql"), include_str!($file) $(, $more)*) };
}

pub mod after;
pub mod credential;
pub mod principal;
pub mod question;
pub mod tenant;
pub mod verdict;

use std::cell::Cell;
use std::future::Future;

use serde_json::{Map, Value};

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
    /// Static text.
    pub sql: &'static str,
    /// The values of `?1`, `?2`, …
    pub parameters: &'a [Parameter<'a>],
}

/// A row: its columns by name.
pub type Row = Map<String, Value>;

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

/// Why a batch gave nothing back. Nothing of it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The database does not answer now: lost, overloaded, resetting.
    Unavailable(String),
    /// A statement failed: a bug of ours.
    Failed(String),
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
}

impl<'a, D: Database> Store<'a, D> {
    /// A store with an empty tally.
    pub fn new(database: &'a D) -> Self {
        Self { database, cost: Cell::default() }
    }

    /// What was asked of the database so far.
    pub fn cost(&self) -> Cost {
        self.cost.get()
    }

    /// Runs one batch in which every statement is given the same parameters.
    async fn batch(&self, statements: &[&'static str], parameters: &[Parameter<'_>]) -> Result<Vec<Vec<Row>>, Refusal> {
        let statements: Vec<_> = statements.iter().map(|sql| Statement { sql, parameters }).collect();
        let result = self.database.batch(&statements).await;
        let Cost { trips, rows_read, rows_written } = self.cost.get();
        match result {
            Ok(batch) => {
                self.cost.set(Cost {
                    trips: trips + 1,
                    rows_read: rows_read + batch.rows_read,
                    rows_written: rows_written + batch.rows_written,
                });
                Ok(batch.rows)
            }
            Err(fault) => {
                self.cost.set(Cost { trips: trips + 1, rows_read, rows_written });
                Err(match fault {
                    Fault::Unavailable(_) => Refusal::Unavailable,
                    Fault::Failed(text) => Refusal::Broken(text),
                })
            }
        }
    }
}
