//! The store: one batch a request, one seam of one method to whatever runs it. All SQL is static text in `store/`.

pub mod after;
pub mod credential;
pub mod delete;
pub mod history;
pub mod idempotency;
pub mod list;
pub mod principal;
pub mod question;
pub mod tenant;
pub mod verdict;
pub mod verify;

use std::borrow::Cow;
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
    /// Its text, made of nothing that a request said.
    pub sql: &'a str,
    /// The values of `?1`, `?2`, …
    pub parameters: &'a [Parameter<'a>],
}

/// What every judged statement begins with.
const VERDICT: &str = include_str!("store/verdict.sql");

/// The text of a statement of ours.
#[derive(Clone, Debug)]
pub(crate) struct Sql {
    /// Whether the verdict's text comes before it.
    judged: bool,
    text: Cow<'static, str>,
}

impl Sql {
    /// A statement that reads the verdict.
    pub(crate) const fn judged_by(text: &'static str) -> Self {
        Self { judged: true, text: Cow::Borrowed(text) }
    }

    /// The same, put together as it is needed.
    pub(crate) fn judged(text: String) -> Self {
        Self { judged: true, text: Cow::Owned(text) }
    }

    /// A statement that needs no verdict.
    pub(crate) const fn plain(text: &'static str) -> Self {
        Self { judged: false, text: Cow::Borrowed(text) }
    }

    // Put together here, and not when compiled: the verdict would be in the binary once a statement.
    fn text(&self) -> Cow<'_, str> {
        if self.judged { Cow::Owned([VERDICT, &self.text].concat()) } else { Cow::Borrowed(&self.text) }
    }
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
    async fn batch(&self, statements: &[Sql], parameters: &[Parameter<'_>]) -> Result<Vec<Vec<Row>>, Refusal> {
        let texts: Vec<_> = statements.iter().map(Sql::text).collect();
        let statements: Vec<_> = texts.iter().map(|sql| Statement { sql, parameters }).collect();
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
