//! The seam on D1: statements in, rows out, in one call each way. `worker`'s own binding turns every row into a Rust value
//! by itself, some microseconds a column; here the whole answer of a batch crosses the boundary once, as text.

use std::result::Result;

use serde::Deserialize;
use wasm_bindgen::prelude::{JsCast, JsValue, wasm_bindgen};
use worker::Env;
use worker::js_sys::{self, Array, JSON, Promise, Reflect};
use worker::wasm_bindgen_futures::JsFuture;

use crate::store::{Batch, Database, Fault, Parameter, Row, Statement};

#[wasm_bindgen]
extern "C" {
    type Binding;
    type Prepared;

    #[wasm_bindgen(method, catch)]
    fn prepare(this: &Binding, sql: &str) -> Result<Prepared, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn batch(this: &Binding, statements: &Array) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, variadic)]
    fn bind(this: &Prepared, values: &Array) -> Result<Prepared, JsValue>;
}

/// A D1 database.
pub struct D1(Binding);

impl D1 {
    /// The database bound to this name. That there is one is for the settings to see to.
    pub fn of(env: &Env, name: &str) -> Self {
        Self(Reflect::get(env, &JsValue::from_str(name)).unwrap_or_default().unchecked_into())
    }

    async fn run(&self, statements: &[Statement<'_>]) -> Result<String, JsValue> {
        let batch = Array::new();
        for Statement { sql, parameters } in statements {
            let values = Array::new();
            for parameter in *parameters {
                values.push(&match parameter {
                    Parameter::Text(text) => JsValue::from_str(text),
                    Parameter::Number(number) => JsValue::from_f64(*number),
                });
            }
            batch.push(&self.0.prepare(sql)?.bind(&values)?.into());
        }
        let results = JsFuture::from(self.0.batch(&batch)?).await?;
        JSON::stringify(&results).map(String::from)
    }
}

/// One statement's result, as D1 gives it.
#[derive(Deserialize)]
struct Answered {
    results: Vec<Row>,
    meta: Meta,
}

#[derive(Deserialize)]
struct Meta {
    rows_read: u64,
    rows_written: u64,
}

impl Database for D1 {
    async fn batch(&self, statements: &[Statement<'_>]) -> Result<Batch, Fault> {
        let text = self.run(statements).await.map_err(|error| fault(&error))?;
        let answered: Vec<Answered> =
            serde_json::from_str(&text).map_err(|_| Fault::Failed("an answer of D1 that cannot be read".to_owned()))?;
        let mut batch = Batch::default();
        for Answered { results, meta } in answered {
            batch.rows.push(results);
            batch.rows_read += meta.rows_read;
            batch.rows_written += meta.rows_written;
        }
        Ok(batch)
    }
}

/// What a failed batch means. D1 tells by its message alone; what a constraint or a statement of ours caused is a bug, and
/// all else (lost, overloaded, resetting) is the database not answering now.
fn fault(error: &JsValue) -> Fault {
    let message =
        error.dyn_ref::<js_sys::Error>().map_or_else(|| "no error".to_owned(), |error| String::from(error.message()));
    let ours = [
        "SQLITE_ERROR",
        "SQLITE_CONSTRAINT",
        "SQLITE_MISMATCH",
        "constraint failed",
        "syntax error",
        "no such",
        "parameter",
    ];
    if ours.iter().any(|part| message.contains(part)) { Fault::Failed(message) } else { Fault::Unavailable(message) }
}
