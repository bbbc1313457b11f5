//! Bindings of `glue.js`, which documents the functions.

use wasm_bindgen::prelude::{JsValue, wasm_bindgen};
use worker::js_sys::{Array, Promise};
use worker::web_sys::{Request, Response};

#[wasm_bindgen(module = "/src/worker/glue.js")]
extern "C" {
    pub fn read(request: &Request, names: &JsValue) -> String;
    pub fn drive(awaited: &JsValue, turn: JsValue) -> Promise;
    pub fn batch(database: &JsValue, texts: &Array, values: &Array, wait: u32, further: bool, near: bool) -> Promise;
    pub fn over(limiter: &JsValue, key: &str) -> Promise;
    pub fn get(url: &str, max: u32) -> Promise;
    pub fn pause(milliseconds: u32) -> Promise;
    pub fn is_signed(jwk: &str, algorithm: &str, signed: &[u8], signature: &[u8]) -> Promise;
    pub fn respond(status: u16, headers: &str, body: Option<&str>) -> Response;
}
