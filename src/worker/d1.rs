//! The seam on D1: statements in, rows out, in one call each way. `worker`'s own binding turns every row into a Rust value
//! by itself, some microseconds a column; here a batch crosses the boundary once each way (`glue.js`), and the texts of the
//! statements stay on the other side.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::result::Result;

use wasm_bindgen::prelude::{JsCast, JsValue};
use worker::Env;
use worker::js_sys::{self, Reflect};

use super::glue;
use super::turns::settled;
use crate::store::{Batch, Database, Fault, Parameter, Statement};

thread_local! {
    /// The texts of the statements as JavaScript has them, by where they are: there they stay as long as the isolate lives.
    static TEXTS: RefCell<BTreeMap<*const u8, JsValue>> = const { RefCell::new(BTreeMap::new()) };
}

/// A D1 database.
pub struct D1 {
    binding: JsValue,
    wait: u32,
}

impl D1 {
    /// The database bound to this name, and how many milliseconds to wait for it. That there is one is for the settings to see to.
    pub fn new(env: &Env, name: &str, wait: u32) -> Self {
        Self { binding: Reflect::get(env, &JsValue::from_str(name)).unwrap_or_default(), wait }
    }

    async fn run(&self, statements: &[Statement<'_>]) -> Result<String, JsValue> {
        let texts = statements.iter().map(|statement| text(statement.sql)).collect();
        // All statements of a batch are given the same values (`Store::batch`).
        let parameters = statements.first().map(|statement| statement.parameters).unwrap_or_default();
        let values = parameters.iter().map(|parameter| match parameter {
            Parameter::Text(text) => JsValue::from_str(text),
            Parameter::Number(number) => JsValue::from_f64(*number),
        });
        let told = settled(glue::batch(&self.binding, &texts, &values.collect(), self.wait)).await?;
        told.as_string().ok_or(told)
    }
}

fn text(sql: &'static str) -> JsValue {
    TEXTS.with_borrow_mut(|texts| texts.entry(sql.as_ptr()).or_insert_with(|| JsValue::from_str(sql)).clone())
}

impl Database for D1 {
    async fn batch(&self, statements: &[Statement<'_>]) -> Result<Batch, Fault> {
        let told = self.run(statements).await.map_err(|error| {
            let message = error.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message()));
            Fault::from_message(message.unwrap_or_else(|| "no error".to_owned()))
        })?;
        Batch::from_lines(&told).ok_or_else(|| Fault::Unavailable("an answer of D1 that cannot be read".to_owned()))
    }
}
