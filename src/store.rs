//! The store: one batch a request, one seam of one method to whatever runs it. All SQL is static text in `store/`.

pub mod after;
pub mod credential;
pub mod delete;
mod fault;
pub mod history;
pub mod idempotency;
pub mod list;
pub mod principal;
pub mod question;
mod sql;
pub mod tenant;
pub mod verdict;
pub mod verify;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

pub use fault::Fault;
pub(crate) use sql::Sql;

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

/// A row as it came: a JSON object, its columns by name. It is read once it is known as what; Debug shows none of it.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct Row(Box<RawValue>);

impl Row {
    /// A row of these columns, as a database gives it that speaks no JSON.
    ///
    /// # Errors
    /// None that a text or a number has.
    pub fn of(columns: &Map<String, Value>) -> serde_json::Result<Self> {
        serde_json::value::to_raw_value(columns).map(Self)
    }

    /// Its JSON text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.get()
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

    /// Runs one batch in which every statement is given the same parameters. `weighs` and `writes` are of the
    /// question: a batch that may have been written is not run again, one that only reads is, and so is any that did not reach the
    /// database; once.
    async fn batch(
        &self,
        statements: &[Sql],
        parameters: &[Parameter<'_>],
        weighs: bool,
        writes: bool,
    ) -> Result<Vec<Vec<Row>>, Refusal> {
        let statement = |sql: &Sql| Statement { sql: sql.text(weighs), parameters };
        let statements: Vec<_> = statements.iter().map(statement).collect();
        let mut result = self.run(&statements).await;
        if result.as_ref().is_err_and(|fault| fault.may_be_asked_again(writes)) {
            result = self.run(&statements).await;
        }
        result.map_err(|fault| match fault {
            Fault::Failed(text) => Refusal::Broken(text),
            fault if writes && fault.may_have_run() => Refusal::OutcomeUnknown,
            _ => Refusal::Unavailable,
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
