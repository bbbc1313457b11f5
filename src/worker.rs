//! The platform: Cloudflare Workers. Only here is it named: the fetch event, D1, secrets, clock, randomness.

mod d1;

use wasm_bindgen::JsCast;
use wasm_bindgen::JsValue;
use worker::{Context, Env, Error, Response, Result, event, web_sys};

use crate::answer::Answer;
use crate::credential::time::Micros;
use crate::refusal::{Misconfigured, Refusal};
use crate::request::{BODY_MAX, Body, Headers, Method, Request};
use crate::service::Service;
use crate::settings::Settings;
use crate::store::{Store, usage};
use d1::D1;

/// The binding of the database, as `wrangler.toml` names it.
const DATABASE: &str = "DB";

#[event(start)]
fn start() {
    console_error_panic_hook::set_once();
}

#[event(fetch)]
async fn fetch(request: worker::Request, env: Env, context: Context) -> Result<Response> {
    let raw = request.inner();
    let (method, url) = (raw.method(), raw.url());
    let (path, query) = path_and_query(&url);
    let body = body(&request, Method::of(&method)).await?;
    let headers = JsHeaders(raw.headers());
    let settings = settings(&env);
    let now = Micros((worker::js_sys::Date::now() * 1000.0) as i64);
    let database = D1::of(&env, DATABASE)?;
    let service = Service { store: Store::new(&database), settings: &settings, now, random };
    let request = Request { method: Method::of(&method), path, query, headers: &headers, body };
    let done = service.answer(&request).await;
    if let Some(log) = done.log {
        worker::console_error!("{log}");
    }
    if let Some(secret) = done.to_note {
        context.wait_until(async move {
            if let Err(Refusal::Broken(text)) = usage::note(&Store::new(&database), secret, now).await {
                worker::console_error!("noting a use: {text}");
            }
        });
    }
    respond(done.answer, method == "HEAD")
}

/// Reads the settings anew for each request: an isolate may outlive a change of them.
fn settings(env: &Env) -> std::result::Result<Settings, Misconfigured> {
    Settings::read(|setting| {
        let value = worker::js_sys::Reflect::get(env, &JsValue::from_str(setting)).ok()?;
        value.as_string()
    })
}

/// Both as they came, without what is before the path and behind a `#`.
fn path_and_query(url: &str) -> (&str, &str) {
    let after = url.split_once("://").map_or(url, |(_, after)| after);
    let target = after.find('/').and_then(|at| after.get(at..)).unwrap_or("/");
    let target = target.split_once('#').map_or(target, |(target, _)| target);
    target.split_once('?').unwrap_or((target, ""))
}

/// Reads the body once, and no more of it than may be used.
async fn body(request: &worker::Request, method: Method) -> Result<Body> {
    let raw = request.inner();
    if !matches!(method, Method::Post | Method::Put | Method::Patch) {
        return Ok(Body::Bytes(Vec::new()));
    }
    let Some(stream) = raw.body() else { return Ok(Body::Bytes(Vec::new())) };
    let length = raw.headers().get("content-length").ok().flatten().and_then(|length| length.parse::<usize>().ok());
    match length {
        Some(length) if length > BODY_MAX => Ok(Body::TooLarge),
        // Of a known length: one read.
        Some(_) => {
            let buffer = worker::wasm_bindgen_futures::JsFuture::from(raw.array_buffer()?).await?;
            Ok(Body::Bytes(worker::js_sys::Uint8Array::new(&buffer).to_vec()))
        }
        None => chunks(&stream).await,
    }
}

/// Reads a body of unknown length, chunk by chunk, up to the limit.
async fn chunks(stream: &web_sys::ReadableStream) -> Result<Body> {
    let reader: web_sys::ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    let mut bytes = Vec::new();
    loop {
        let read = worker::wasm_bindgen_futures::JsFuture::from(reader.read()).await?;
        if worker::js_sys::Reflect::get(&read, &"done".into())?.is_truthy() {
            return Ok(Body::Bytes(bytes));
        }
        let chunk = worker::js_sys::Uint8Array::new(&worker::js_sys::Reflect::get(&read, &"value".into())?);
        if bytes.len() + chunk.length() as usize > BODY_MAX {
            drop(reader.cancel());
            return Ok(Body::TooLarge);
        }
        bytes.extend(chunk.to_vec());
    }
}

struct JsHeaders(web_sys::Headers);

impl Headers for JsHeaders {
    fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).ok().flatten()
    }
}

fn random(buffer: &mut [u8]) {
    // Of the Web Crypto API, which does not fail for buffers this small.
    let filled = getrandom::fill(buffer);
    debug_assert!(filled.is_ok());
}

fn respond(answer: Answer, head: bool) -> Result<Response> {
    let headers = web_sys::Headers::new()?;
    for (name, value) in &answer.headers {
        headers.set(name, value)?;
    }
    let init = web_sys::ResponseInit::new();
    init.set_status(answer.status);
    init.set_headers(&headers);
    let body = (!head).then_some(answer.body.as_str());
    let response = web_sys::Response::new_with_opt_str_and_init(body, &init).map_err(Error::from)?;
    Ok(response.into())
}
