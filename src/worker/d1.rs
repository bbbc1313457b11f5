//! [`Database`] on D1. A batch crosses the boundary to JavaScript once in each direction (`glue.js`), and the texts of
//! the statements stay in JavaScript: the binding of the `worker` crate converts each row by itself, at some
//! microseconds per column.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::result::Result;

use wasm_bindgen::prelude::{JsCast, JsValue};
use worker::Env;
use worker::js_sys::{self, Reflect};

use super::glue;
use super::turns::settled;
use crate::store::{Batch, Database, Fault, Parameter, Statement};

thread_local! {
    /// The statements' texts as JavaScript strings, by address. Addresses are stable, since the texts are `'static`.
    static TEXTS: RefCell<BTreeMap<*const u8, JsValue>> = const { RefCell::new(BTreeMap::new()) };
}

/// How many milliseconds a replica has. Then the primary is asked.
const NEAR_WAIT: u32 = 1000;

/// A D1 database.
pub struct D1 {
    binding: JsValue,
    /// Whether a replica may answer.
    near: bool,
    wait: u32,
    /// Whether a batch was sent before.
    is_used: Cell<bool>,
}

impl D1 {
    /// Creates a handle on the database bound to this name. `wait` is the timeout in milliseconds. A missing binding is
    /// not checked here: reading the settings reports it.
    pub fn new(env: &Env, name: &str, wait: u32) -> Self {
        Self {
            binding: Reflect::get(env, &JsValue::from_str(name)).unwrap_or_default(),
            wait,
            near: false,
            is_used: Cell::new(false),
        }
    }

    /// The same database, of which the nearest replica may answer.
    pub fn near(&self) -> Self {
        Self { binding: self.binding.clone(), near: true, wait: self.wait.min(NEAR_WAIT), is_used: Cell::new(false) }
    }

    async fn run(&self, statements: &[Statement<'_>]) -> Result<String, JsValue> {
        let texts = statements.iter().map(|statement| text(statement.sql)).collect();
        // All statements of a batch have the same parameters (`Store::batch`).
        let parameters = statements.first().map(|statement| statement.parameters).unwrap_or_default();
        let values = parameters.iter().map(|parameter| match parameter {
            Parameter::Text(text) => JsValue::from_str(text),
            Parameter::Number(number) => JsValue::from_f64(*number),
        });
        let further = self.is_used.replace(true);
        let lines =
            settled(glue::batch(&self.binding, &texts, &values.collect(), self.wait, further, self.near)).await?;
        lines.as_string().ok_or(lines)
    }
}

fn text(sql: &'static str) -> JsValue {
    TEXTS.with_borrow_mut(|texts| texts.entry(sql.as_ptr()).or_insert_with(|| JsValue::from_str(sql)).clone())
}

impl Database for D1 {
    async fn batch(&self, statements: &[Statement<'_>]) -> Result<Batch, Fault> {
        let lines = self.run(statements).await.map_err(|error| {
            let message = error.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message()));
            Fault::from_message(message.unwrap_or_else(|| "no error".to_owned()))
        })?;
        Batch::from_lines(&lines)
            .ok_or_else(|| Fault::Unavailable("D1 returned a response that cannot be parsed".to_owned()))
    }
}
