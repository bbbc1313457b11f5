//! Runs a request's future from JavaScript. The future runs until it awaits a promise; `glue.js` awaits that promise
//! and resumes the future with the outcome. Postern never awaits two promises at the same time, so it needs no executor
//! and no waker. The usual executor costs a promise, two closures and some microtasks for each awaited promise
//! (bench/README.md).

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::task::{Context, Poll, Waker};

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::{Closure, JsValue};
use worker::js_sys::Promise;

use super::glue;

/// The value that a promise was fulfilled or rejected with.
type Settled = Result<JsValue, JsValue>;

thread_local! {
    /// The promise that the current future awaits.
    static AWAITED: Cell<Option<Promise>> = const { Cell::new(None) };
    /// The outcome of the awaited promise, for the future that is resumed.
    static SETTLED: Cell<Option<Settled>> = const { Cell::new(None) };
}

/// Awaits a promise. Call it only in a future that [`run`] runs.
pub async fn settled(promise: Promise) -> Settled {
    AWAITED.set(Some(promise));
    poll_fn(|_| SETTLED.take().map_or(Poll::Pending, Poll::Ready)).await
}

/// Runs a future. Returns its output, or a promise of the output. If the client disconnects, JavaScript's garbage
/// collector frees the closure, and with it the future.
pub fn run(future: impl Future<Output = JsValue> + 'static) -> JsValue {
    let mut running = Some(Box::pin(future));
    let mut turn = move |settled: Option<Settled>| {
        SETTLED.set(settled);
        let poll = running.as_mut().map(|future| future.as_mut().poll(&mut Context::from_waker(Waker::noop())));
        match poll {
            Some(Poll::Ready(output)) => {
                running = None;
                output
            }
            Some(Poll::Pending) => AWAITED.take().map(JsValue::from).unwrap_or_default(),
            None => JsValue::UNDEFINED,
        }
    };
    let first = turn(None);
    if !first.has_type::<Promise>() {
        return first;
    }
    let turn = move |fulfilled: bool, value: JsValue| turn(Some(if fulfilled { Ok(value) } else { Err(value) }));
    glue::drive(&first, Closure::<dyn FnMut(bool, JsValue) -> JsValue>::own_aborting(turn).into_js_value()).into()
}
