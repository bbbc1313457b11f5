//! The platform, Cloudflare Workers: events, D1, settings, clock and randomness. No code outside of this folder names
//! it.

mod d1;
mod fetch;
mod glue;
mod signatures;
mod turns;

use std::alloc::System;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::LazyLock;

use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use worker::js_sys::{Array, Date, Promise, Reflect, Uint8Array};
use worker::worker_sys::Context;
use worker::{Env, console_error, event, web_sys};
use zeroize::Zeroizing;
use zeroizing_alloc::ZeroAlloc;

use crate::answer::Answer;
use crate::credential::time::Micros;
use crate::face::coactive::TENANT_HEADER;
use crate::refusal::Misconfigured;
use crate::request::origin::origin;
use crate::request::{BODY_MAX, Body, Headers, Method, Request};
use crate::service::{Failed, MEMORY_MAX, Memory, Readiness, Service};
use crate::settings::Settings;
use crate::store::near::{Near, beat};
use crate::store::{Store, idempotency, issuers};
use d1::D1;
use fetch::Network;
use signatures::WebCrypto;
use turns::settled;

/// The binding of the database in `wrangler.toml`.
const DATABASE: &str = "DB";

/// The bindings of the limits on failed authentications in `wrangler.toml`.
const BY_ADDRESS: &str = "FAILURES_BY_ADDRESS";
const BY_CREDENTIAL: &str = "FAILURES_BY_CREDENTIAL";

/// The headers that most requests need. One call to JavaScript reads them all; any other header costs another call.
const COMMON_HEADERS: [&str; 8] = [
    "authorization",
    "content-encoding",
    "content-length",
    "content-type",
    "if-match",
    "if-none-match",
    "x-request-id",
    TENANT_HEADER,
];

/// The maximum bytes that are read and discarded of a body that is too large.
const DISCARDED_MAX: usize = 4 * 1024 * 1024;

/// Wipes memory when it is freed, so that nothing of a token stays in it, whichever library copied it.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

static READINESS: Readiness = Readiness::new();
static MEMORY: LazyLock<Memory> = LazyLock::new(|| Memory::new(MEMORY_MAX));

thread_local! {
    /// [`COMMON_HEADERS`] as a JavaScript array.
    static COMMON_NAMES: JsValue = COMMON_HEADERS.map(JsValue::from_str).iter().collect::<Array>().into();
    /// Whether the request that just began is a log-in, which ends even if its client disconnects: it may have the turn to fetch the
    /// keys of an issuer, or may have used up an assertion.
    static IS_LOG_IN: Cell<bool> = const { Cell::new(false) };
    /// The settings and derived keys. Changed settings are a new version of the Worker, which runs in a new isolate.
    static SETTINGS: RefCell<Option<Rc<Settings>>> = const { RefCell::new(None) };
}

#[event(start)]
fn start() {
    console_error_panic_hook::set_once();
}

/// Handles the fetch event. Returns the response or a promise of it. `#[event(fetch)]` would run this on an executor.
#[wasm_bindgen]
pub fn fetch(request: web_sys::Request, env: Env, context: Context) -> JsValue {
    let continues: Context = AsRef::<JsValue>::as_ref(&context).clone().unchecked_into();
    let response = turns::run(async move { respond_to(&request, &env, &context).await.into() });
    if IS_LOG_IN.take() {
        // Fails only if its argument is not a promise.
        let _ = continues.wait_until(&Promise::resolve(&response));
    }
    response
}

async fn respond_to(request: &web_sys::Request, env: &Env, context: &Context) -> web_sys::Response {
    let text = Zeroizing::new(COMMON_NAMES.with(|names| glue::read(request, names)));
    let mut lines = text.split('\n');
    let (method, url) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let headers = JsHeaders { common: lines.collect(), all: request };
    let (path, query) = path_and_query(url);
    let origin = origin(url).unwrap_or_default();
    // The paths of the token endpoint, `/oauth/token` and `/service-account-token`.
    IS_LOG_IN.set(path.ends_with("token"));
    let body = body(request, Method::from_name(method), &headers).await.unwrap_or(Body::Incomplete);
    let settings = settings(env);
    let now = now();
    let database = D1::new(env, DATABASE, wait(&settings));
    let has_near = settings.as_ref().is_ok_and(|settings| settings.near.is_some());
    let replica = has_near.then(|| database.near());
    let service = Service {
        store: Store::new(&database),
        near: replica.as_ref().map(Near::new),
        settings: settings.as_deref(),
        now,
        clock: &self::now,
        random,
        signatures: &WebCrypto,
        fetch: &Network,
        readiness: &READINESS,
        memory: &MEMORY,
    };
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
    if let Some(later) = done.later {
        let written = turns::run(async move {
            let store = Store::new(&database);
            if later.run(&store, &MEMORY, &self::now).await.is_err()
                && let Some(fault) = store.fault()
            {
                console_error!("request {}: after its response: {}", later.request, fault.text());
            }
            JsValue::UNDEFINED
        });
        // `wait_until` fails only if its argument is not a promise.
        let _ = context.wait_until(&Promise::resolve(&written));
    }
    respond(&done.answer, method == "HEAD")
}

/// Handles the scheduled event, once an hour (`wrangler.toml`): deletes the records of idempotent requests and the keys of unused issuers
/// after a day, and writes the heartbeat if replicas are read.
#[wasm_bindgen]
pub fn scheduled(_event: JsValue, env: Env, _context: JsValue) -> JsValue {
    turns::run(async move {
        let settings = settings(&env);
        let database = D1::new(&env, DATABASE, wait(&settings));
        if let Err(refusal) = idempotency::forget(&Store::new(&database), now()).await {
            console_error!("deleting old idempotency keys failed: {refusal:?}");
        }
        if let Err(refusal) = issuers::forget(&Store::new(&database), now()).await {
            console_error!("deleting the keys of issuers that are not used failed: {refusal:?}");
        }
        if settings.is_ok_and(|settings| settings.near.is_some())
            && let Err(refusal) = beat(&Store::new(&database), now()).await
        {
            console_error!("writing the heartbeat failed: {refusal:?}");
        }
        JsValue::UNDEFINED
    })
}

/// Returns how many milliseconds to wait for the database; 0 without valid settings, since the database is then not
/// used.
fn wait(settings: &Result<Rc<Settings>, Misconfigured>) -> u32 {
    settings.as_ref().map_or(0, |settings| settings.database_wait)
}

/// Counts a failed authentication. Returns whether it exceeds a limit; `false` if no limits are bound.
async fn is_over(env: &Env, failed: &Failed) -> bool {
    let by_address = failed.by_address.iter().map(|key| (BY_ADDRESS, key));
    let counted = by_address.chain(failed.by_credential.iter().map(|key| (BY_CREDENTIAL, key)));
    let mut over = false;
    for (binding, key) in counted {
        let limiter = Reflect::get(env, &JsValue::from_str(binding)).ok().filter(JsValue::is_object);
        if let Some(limiter) = limiter {
            over |= settled(glue::over(&limiter, key)).await.is_ok_and(|over| over.is_truthy());
        }
    }
    over
}

/// Returns the settings, which are read once per isolate.
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

/// Returns the path and the query of a URL, neither decoded nor normalized, without the fragment.
fn path_and_query(url: &str) -> (&str, &str) {
    let after = url.split_once("://").map_or(url, |(_, after)| after);
    let target = after.find('/').and_then(|at| after.get(at..)).unwrap_or("/");
    let target = target.split_once('#').map_or(target, |(target, _)| target);
    target.split_once('?').unwrap_or((target, ""))
}

/// Reads the body, if the method has one.
async fn body(request: &web_sys::Request, method: Method, headers: &JsHeaders<'_>) -> Result<Body, JsValue> {
    if !matches!(method, Method::Post | Method::Put | Method::Patch) {
        return Ok(Body::Bytes(Vec::new()));
    }
    let length = headers.get("content-length").and_then(|length| length.parse::<usize>().ok());
    match length {
        // One read suffices. The length is measured again: with `Transfer-Encoding`, Content-Length has no meaning (RFC
        // 9112 §6.3).
        Some(length) if length <= BODY_MAX => {
            let bytes = Uint8Array::new(&settled(request.array_buffer()?).await?);
            Ok(if bytes.length() as usize > BODY_MAX { Body::TooLarge } else { Body::Bytes(bytes.to_vec()) })
        }
        Some(length) if length > DISCARDED_MAX => Ok(Body::TooLarge),
        _ => {
            let stream = request.body();
            let body = if let Some(stream) = stream { chunks(&stream).await? } else { Body::Bytes(Vec::new()) };
            Ok(if length.is_some() { Body::TooLarge } else { body })
        }
    }
}

/// Reads a body of unknown length, or one that is too large, chunk by chunk. Bytes past the limit are read and
/// discarded, up to [`DISCARDED_MAX`]: a client whose connection is cut while it sends may not see the response.
/// Cancelling the stream would also break a connection that the proxy of `wrangler dev` reuses, and so fail another
/// client's request.
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
    /// For each of [`COMMON_HEADERS`], its value after a colon; empty if the request lacks it (`glue.js`).
    common: Vec<&'a str>,
    all: &'a web_sys::Request,
}

impl Headers for JsHeaders<'_> {
    fn get(&self, name: &str) -> Option<String> {
        match COMMON_HEADERS.iter().position(|common| *common == name) {
            Some(index) => self.common.get(index)?.strip_prefix(':').map(str::to_owned),
            None => self.all.headers().get(name).ok().flatten(),
        }
    }
}

/// Fills a buffer from the Web Crypto API.
#[expect(
    clippy::expect_used,
    reason = "a request without randomness must not continue, and for 32 bytes the API does not fail"
)]
fn random(buffer: &mut [u8]) {
    getrandom::fill(buffer).expect("randomness");
}

fn respond(answer: &Answer, head: bool) -> web_sys::Response {
    let mut headers = String::new();
    for (name, value) in &answer.headers {
        // No name or value contains a line feed: Postern wrote it, or read it from a header.
        headers.extend([name, "\n", value, "\n"]);
    }
    // A 204 must not have a body, not even an empty one.
    let body = Some(answer.body.as_str()).filter(|body| !head && !body.is_empty());
    glue::respond(answer.status, &headers, body)
}
