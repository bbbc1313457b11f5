//! A request's future, driven by JavaScript: it runs until it waits for a promise, which `glue.js` awaits, and then goes on with
//! what came of it. Nothing of ours waits for two things at once, so there is no executor and no waker: the usual ones cost a
//! promise, two closures and some microtasks for each thing that is waited for (bench/README.md).

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::task::{Context, Poll, Waker};

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::{Closure, JsValue};
use worker::js_sys::Promise;

use super::glue;

/// What a promise was fulfilled with, or rejected with.
type Settled = Result<JsValue, JsValue>;

thread_local! {
    /// What the future that runs now waits for …
    static AWAITED: Cell<Option<Promise>> = const { Cell::new(None) };
    /// … and what came of it.
    static SETTLED: Cell<Option<Settled>> = const { Cell::new(None) };
}

/// Waits for a promise. Only a future that [`run`] runs may.
pub async fn settled(promise: Promise) -> Settled {
    AWAITED.set(Some(promise));
    poll_fn(|_| SETTLED.take().map_or(Poll::Pending, Poll::Ready)).await
}

/// Runs a future: its output, or a promise of that. Where nobody waits for it any more, since the client has hung up, the
/// future goes with the closure that holds it, once JavaScript finds that nothing refers to that.
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
    let turn = move |kept: bool, value: JsValue| turn(Some(if kept { Ok(value) } else { Err(value) }));
    glue::drive(&first, Closure::<dyn FnMut(bool, JsValue) -> JsValue>::own_aborting(turn).into_js_value()).into()
}
