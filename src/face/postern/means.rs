//! Keys of a credential: bodies and representations.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::reading::{Members, text};
use super::views::{List, Time, one};
use crate::answer::Answer;
use crate::credential::field::Rule;
use crate::credential::id::Id;
use crate::credential::means::{created, end};
use crate::credential::time::Micros;
use crate::face::json;
use crate::jwt::jwk::Jwk;
use crate::operation::{Handler, MeansRow, NewMeans, ReadMeans, Render, RenderContext};
use crate::refusal::Refusal;
use crate::request::{JSON, Request};
use crate::settings::Settings;

/// Adds a key.
pub(crate) const ADD_KEY: Handler<(ReadMeans, Render<MeansRow>)> = Handler((read_key, key));
/// Lists the keys of a credential.
pub(crate) const LIST_KEYS: Handler<Render<Vec<MeansRow>>> = Handler(keys);

/// Reads `{jwk, expires_at?}`.
fn read_key(request: &Request<'_>, _: &Settings) -> Result<NewMeans, Refusal> {
    let mut body = Members::of_body(request.object_of(&[JSON])?);
    let key = body.required(JWK, |value| Jwk::from_json(&value));
    let end = body.optional(EXPIRES_AT, read_end);
    let members = stored([(JWK, key.map(Value::from)), (EXPIRES_AT, end.map(Value::from))]);
    Ok(NewMeans { members, sample: None, violations: body.finish(&[JWK, EXPIRES_AT]) })
}

const JWK: &str = "jwk";
pub(super) const EXPIRES_AT: &str = "expires_at";

/// Reads a time; returns its microseconds.
pub(super) fn read_end(value: Value) -> Result<i64, Rule> {
    Micros::parse(&text(value)?).map(|end| end.0).ok_or(Rule::NotATime)
}

/// Returns the members that a key or a trust has.
pub(super) fn stored<const N: usize>(members: [(&str, Option<Value>); N]) -> Map<String, Value> {
    let mut stored = Map::new();
    // `collect` would sort first, which takes 3 kB of the gzipped wasm.
    stored.extend(members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    stored
}

fn key(context: &RenderContext<'_>, row: &MeansRow) -> Answer {
    Answer { status: 201, ..one(context, &Key::new(row)) }
}

#[expect(clippy::ptr_arg, reason = "the type of every renderer of means")]
fn keys(_: &RenderContext<'_>, rows: &Vec<MeansRow>) -> Answer {
    Answer::new(200, json(&List { items: rows.iter().map(Key::new).collect(), next: None }))
}

/// A public key by which a credential signs its own assertions.
#[derive(Serialize, JsonSchema)]
pub(super) struct Key {
    /// The id.
    id: Id,
    /// The key, without members that do not define it. `kid` is the given one, or else the thumbprint (RFC 7638).
    jwk: Map<String, Value>,
    /// When it was added.
    created_at: Time,
    /// When it expires; null is never.
    expires_at: Option<Time>,
}

impl Key {
    fn new(MeansRow { id, members }: &MeansRow) -> Self {
        let jwk = members.get(JWK).and_then(Value::as_object).cloned().unwrap_or_default();
        Self { id: *id, jwk, created_at: Time(created(members)), expires_at: end(members).map(Time) }
    }
}
