//! Keys of a credential: bodies and representations.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::reading::Reading;
use super::views::{List, Time, one};
use crate::answer::Answer;
use crate::credential::field::{Kind, Rule};
use crate::credential::id::Id;
use crate::credential::means::{created, end};
use crate::credential::time::Micros;
use crate::face::json;
use crate::jwt::jwk::Jwk;
use crate::operation::{MeansRow, NewMeans, RenderContext};
use crate::refusal::Refusal;
use crate::request::{JSON, Request};
use crate::settings::Settings;

/// Reads `{jwk, expires_at?}`.
pub(super) fn read_key(request: &Request<'_>, _: &Settings) -> Result<NewMeans, Refusal> {
    let mut body = request.object_of(&[JSON])?;
    let (mut reading, mut members) = (Reading::default(), Map::new());
    match body.remove("jwk") {
        None | Some(Value::Null) => reading.wrong("/jwk".to_owned(), Rule::Missing),
        Some(value) => match Jwk::from_json(&value) {
            Ok(key) => {
                members.insert("jwk".to_owned(), key.into());
            }
            Err(faults) => reading.faults("jwk", &faults),
        },
    }
    read_end(&mut reading, &mut body, &mut members);
    reading.unknown("", &body, &["jwk", EXPIRES_AT]);
    Ok(NewMeans { members, sample: None, violations: reading.violations() })
}

pub(super) const EXPIRES_AT: &str = "expires_at";

/// Reads `expires_at`.
pub(super) fn read_end(reading: &mut Reading, body: &mut Map<String, Value>, members: &mut Map<String, Value>) {
    let end = match body.remove(EXPIRES_AT) {
        None | Some(Value::Null) => return,
        Some(Value::String(text)) => Micros::parse(&text).ok_or(Rule::NotATime),
        Some(_) => Err(Rule::Type(Kind::Text)),
    };
    match end {
        Ok(end) => {
            members.insert(EXPIRES_AT.to_owned(), end.0.into());
        }
        Err(rule) => reading.wrong(format!("/{EXPIRES_AT}"), rule),
    }
}

pub(super) fn key(context: &RenderContext<'_>, row: &MeansRow) -> Answer {
    Answer { status: 201, ..one(context, &Key::new(row)) }
}

#[expect(clippy::ptr_arg, reason = "the type of every renderer of means")]
pub(super) fn keys(_: &RenderContext<'_>, rows: &Vec<MeansRow>) -> Answer {
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
        let jwk = members.get("jwk").and_then(Value::as_object).cloned().unwrap_or_default();
        Self { id: *id, jwk, created_at: Time(created(members)), expires_at: end(members).map(Time) }
    }
}
