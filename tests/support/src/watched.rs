//! A request whose side effects are recorded: headers read, SQL sent, log lines, deferred writes. The database can be
//! made to fail.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Write;

use postern::request::Headers;
use postern::service::Done;
use postern::store::{Batch, Database, Fault, Statement};

use crate::client::Reply;
use crate::sqlite::Sqlite;
use crate::world::{List, World};

/// A database that records its statements, or one that fails.
pub struct Wire<'a> {
    to: Result<&'a Sqlite, Fault>,
    /// Every statement with its parameters.
    pub queries: RefCell<String>,
}

impl<'a> Wire<'a> {
    pub fn to(database: &'a Sqlite) -> Self {
        Self { to: Ok(database), queries: RefCell::default() }
    }

    pub fn failing(fault: Fault) -> Self {
        Self { to: Err(fault), queries: RefCell::default() }
    }
}

impl Database for Wire<'_> {
    async fn batch(&self, statements: &[Statement<'_>]) -> Result<Batch, Fault> {
        for Statement { sql, parameters } in statements {
            // Unescaped: escaping the SQL takes longer than running it.
            writeln!(self.queries.borrow_mut(), "{sql} {parameters:?}").expect("to a text");
        }
        match &self.to {
            Ok(database) => database.batch(statements).await,
            Err(fault) => Err(fault.clone()),
        }
    }
}

/// Headers that record which of them are read.
pub struct Noted<'a> {
    headers: &'a [(&'a str, &'a str)],
    pub read: RefCell<BTreeSet<String>>,
}

impl<'a> Noted<'a> {
    pub fn of(headers: &'a [(&'a str, &'a str)]) -> Self {
        Self { headers, read: RefCell::default() }
    }
}

impl Headers for Noted<'_> {
    fn get(&self, name: &str) -> Option<String> {
        self.read.borrow_mut().insert(name.to_owned());
        List(self.headers).get(name)
    }
}

impl World {
    /// Sends a request like [`World::send`], over this database, and returns everything it produces.
    pub fn watch(&self, wire: &Wire<'_>, method: &str, url: &str, headers: &Noted<'_>, body: &[u8]) -> Done {
        let (done, _) = self.answer(wire, method, url, headers, body);
        if let Some(later) = &done.later {
            self.finish(wire, later);
        }
        done
    }
}

impl From<Done> for Reply {
    fn from(done: Done) -> Self {
        Self::of(done.answer, postern::store::Cost::default())
    }
}
