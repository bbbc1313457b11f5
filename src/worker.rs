//! The platform: Cloudflare Workers. Only here is it named: the fetch event, D1, secrets, clock, randomness.

mod d1;
mod glue;
mod turns;

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use worker::js_sys::{Array, Date, Promise, Reflect, Uint8Array};
use worker::worker_sys::Context;
use worker::{Env, console_error, event, web_sys};
use zeroize::Zeroizing;

use crate::answer::Answer;
use crate::credential::time::Micros;
use crate::face::coactive::TENANT_HEADER;
use crate::refusal::Misconfigured;
use crate::request::origin::origin;
use crate::request::{BODY_MAX, Body, Headers, Method, Request};
use crate::service::{Failed, Service};
use crate::settings::Settings;
use crate::store::{Store, after, idempotency};
use d1::D1;
use turns::settled;

/// The binding of the database, as `wrangler.toml` names it.
const DATABASE: &str = "DB";

/// The limits on failed authentications, as `wrangler.toml` names them.
const BY_ADDRESS: &str = "FAILURES_BY_ADDRESS";
const BY_CREDENTIAL: &str = "FAILURES_BY_CREDENTIAL";

/// The headers that most requests are asked for. They come in one crossing; any other takes one of its own.
const USUAL: [&str; 7] =
    ["authorization", "content-length", "content-type", "if-match", "if-none-match", "x-request-id", TENANT_HEADER];

/// The most bytes of a too large body that are let go by.
const DISCARDED_MAX: usize = 4 * 1024 * 1024;

thread_local! {
    /// [`USUAL`], as JavaScript has it.
    static USUAL_NAMES: JsValue = USUAL.map(JsValue::from_str).iter().collect::<Array>().into();
    /// The settings of this isolate's version of the Worker, with the keys derived; a change of them is another version.
    static SETTINGS: RefCell<Option<Rc<Settings>>> = const { RefCell::new(None) };
}

#[event(start)]
fn start() {
    console_error_panic_hook::set_once();
}

/// The fetch event: the answer, or a promise of it. `#[event(fetch)]` would have the same run by an executor.
#[wasm_bindgen]
pub fn fetch(request: web_sys::Request, env: Env, context: Context) -> JsValue {
    turns::run(async move { answered(&request, &env, &context).await.into() })
}

async fn answered(request: &web_sys::Request, env: &Env, context: &Context) -> web_sys::Response {
    let told = Zeroizing::new(USUAL_NAMES.with(|names| glue::read(request, names)));
    let mut lines = told.split('\n');
    let (method, url) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let headers = JsHeaders { usual: lines.collect(), all: request };
    let (path, query) = path_and_query(url);
    let origin = origin(url).unwrap_or_default();
    // A body that breaks off is read as an empty one: no face takes that for anything.
    let body = body(request, Method::from_name(method), &headers).await.unwrap_or_else(|_| Body::Bytes(Vec::new()));
    let settings = settings(env);
    let now = now();
    let database = D1::new(env, DATABASE, wait(&settings));
    let service =
        Service { store: Store::new(&database), settings: settings.as_deref(), now, clock: &self::now, random };
    let request = Request { method: Method::from_name(method), origin: &origin, path, query, headers: &headers, body };
    let mut done = service.answer(&request).await;
    if let Some(failed) = done.failed.take()
        && is_over(env, &failed).await
    {
        done.answer = failed.instead;
    }
    #[cfg(feature = "panic-for-tests")]
    assert!(headers.get("x-panic-for-tests").is_none(), "asked for by tests/panics");
    if let Some(log) = done.log {
        console_error!("{log}");
    }
    if let Some(left) = done.after {
        let written = turns::run(async move {
            let store = Store::new(&database);
            if after::write(&store, &left).await.is_err()
                && let Some(fault) = store.fault()
            {
                console_error!("request {}: after the answer: {}", left.request, fault.text());
            }
            JsValue::UNDEFINED
        });
        // It fails only for what is no promise.
        let _ = context.wait_until(&Promise::resolve(&written));
    }
    respond(&done.answer, method == "HEAD")
}

/// The scheduled event, once an hour (`wrangler.toml`): what was kept for idempotent requests is forgotten after a day.
#[wasm_bindgen]
pub fn scheduled(_event: JsValue, env: Env, _context: JsValue) -> JsValue {
    turns::run(async move {
        let database = D1::new(&env, DATABASE, wait(&settings(&env)));
        if let Err(refusal) = idempotency::forget(&Store::new(&database), now()).await {
            console_error!("forgetting old idempotency keys: {refusal:?}");
        }
        JsValue::UNDEFINED
    })
}

/// How long to wait for the database: for what is not configured there is none.
fn wait(settings: &Result<Rc<Settings>, Misconfigured>) -> u32 {
    settings.as_ref().map_or(0, |settings| settings.database_wait)
}

/// Counts a failed authentication: whether it was one too many. Where no limits are bound, none is.
async fn is_over(env: &Env, failed: &Failed) -> bool {
    let counted = [(BY_ADDRESS, &failed.address), (BY_CREDENTIAL, &failed.credential)];
    let mut over = false;
    for (binding, key) in counted {
        let limiter = Reflect::get(env, &JsValue::from_str(binding)).ok().filter(JsValue::is_object);
        if let (Some(key), Some(limiter)) = (key, limiter) {
            over |= settled(glue::over(&limiter, key)).await.is_ok_and(|over| over.is_truthy());
        }
    }
    over
}

/// The settings, read and derived once an isolate.
fn settings(env: &Env) -> Result<Rc<Settings>, Misconfigured> {
    if let Some(settings) = SETTINGS.with_borrow(Clone::clone) {
        return Ok(settings);
    }
    let read =
        |setting: &str| Reflect::get(env, &JsValue::from_str(setting)).ok().filter(|value| !value.is_undefined());
    if read(DATABASE).is_none() {
        return Err(Misconfigured {
            setting: DATABASE,
            problem: "is missing: bind a D1 database to it in wrangler.toml",
        });
    }
    let settings = Rc::new(Settings::read(|setting| read(setting)?.as_string())?);
    SETTINGS.set(Some(Rc::clone(&settings)));
    Ok(settings)
}

fn now() -> Micros {
    #[expect(clippy::cast_possible_truncation, reason = "whole milliseconds, far below 2^53")]
    Micros(Date::now() as i64 * 1000)
}

/// Both as they came, without what is before the path and behind a `#`.
fn path_and_query(url: &str) -> (&str, &str) {
    let after = url.split_once("://").map_or(url, |(_, after)| after);
    let target = after.find('/').and_then(|at| after.get(at..)).unwrap_or("/");
    let target = target.split_once('#').map_or(target, |(target, _)| target);
    target.split_once('?').unwrap_or((target, ""))
}

/// Reads the body once, and no more of it than may be used.
async fn body(request: &web_sys::Request, method: Method, headers: &JsHeaders<'_>) -> Result<Body, JsValue> {
    if !matches!(method, Method::Post | Method::Put | Method::Patch) {
        return Ok(Body::Bytes(Vec::new()));
    }
    let length = headers.get("content-length").and_then(|length| length.parse::<usize>().ok());
    match length {
        // Of a known length: one read. Beside `Transfer-Encoding` a length says nothing (RFC 9112 §6.3), so what came is measured.
        Some(length) if length <= BODY_MAX => {
            let bytes = Uint8Array::new(&settled(request.array_buffer()?).await?);
            Ok(if bytes.length() as usize > BODY_MAX { Body::TooLarge } else { Body::Bytes(bytes.to_vec()) })
        }
        Some(length) if length > DISCARDED_MAX => Ok(Body::TooLarge),
        _ => {
            let stream = request.body();
            let came = if let Some(stream) = stream { chunks(&stream).await? } else { Body::Bytes(Vec::new()) };
            Ok(if length.is_some() { Body::TooLarge } else { came })
        }
    }
}

/// Reads a body of unknown length, or too large a one, chunk by chunk. What is past the limit is let go by, up to a bound: a client that
/// is cut off while it sends may not see the answer, and to cancel the stream would break a connection that `wrangler dev`'s
/// proxy uses again, and fail somebody else's request.
async fn chunks(stream: &web_sys::ReadableStream) -> Result<Body, JsValue> {
    let reader: web_sys::ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    let (mut bytes, mut length) = (Vec::new(), 0);
    while length <= DISCARDED_MAX {
        let read = settled(reader.read()).await?;
        if Reflect::get(&read, &"done".into())?.is_truthy() {
            break;
        }
        let chunk = Uint8Array::new(&Reflect::get(&read, &"value".into())?);
        length += chunk.length() as usize;
        if length <= BODY_MAX {
            bytes.extend(chunk.to_vec());
        }
    }
    Ok(if length <= BODY_MAX { Body::Bytes(bytes) } else { Body::TooLarge })
}

struct JsHeaders<'a> {
    /// What `glue.js` tells of each of [`USUAL`].
    usual: Vec<&'a str>,
    all: &'a web_sys::Request,
}

impl Headers for JsHeaders<'_> {
    fn get(&self, name: &str) -> Option<String> {
        match USUAL.iter().position(|usual| *usual == name) {
            Some(at) => self.usual.get(at)?.strip_prefix(':').map(str::to_owned),
            None => self.all.headers().get(name).ok().flatten(),
        }
    }
}

/// Random bytes of the Web Crypto API.
#[expect(
    clippy::expect_used,
    reason = "a request without randomness must not go on, and for 32 bytes it does not fail"
)]
fn random(buffer: &mut [u8]) {
    getrandom::fill(buffer).expect("randomness");
}

fn respond(answer: &Answer, head: bool) -> web_sys::Response {
    let mut headers = String::new();
    for (name, value) in &answer.headers {
        // No name and no value holds a line feed: they are ours, or were read from a header.
        headers.extend([name, "\n", value, "\n"]);
    }
    // A 204 takes no body, not even an empty one.
    let body = Some(answer.body.as_str()).filter(|body| !head && !body.is_empty());
    glue::respond(answer.status, &headers, body)
}
