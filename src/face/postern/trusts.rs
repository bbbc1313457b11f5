//! Trusts of a credential: bodies and representations.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::means::{EXPIRES_AT, read_end};
use super::reading::Reading;
use super::views::{List, Time, one};
use crate::answer::Answer;
use crate::credential::field::{Kind, Rule};
use crate::credential::id::Id;
use crate::credential::means::{created, end};
use crate::credential::validate::whole;
use crate::face::json;
use crate::jwt::claims::Claims;
use crate::jwt::fault::Fault;
use crate::jwt::issuer::Issuer;
use crate::jwt::set::Set;
use crate::jwt::subject::Subject;
use crate::jwt::trust::{TOKEN_SECONDS, audience, member};
use crate::operation::{MeansRow, NewMeans, RenderContext};
use crate::refusal::Refusal;
use crate::request::{JSON, Request};
use crate::settings::Settings;

/// The members of a body.
const MEMBERS: [&str; 8] = [
    member::ISSUER,
    member::SUBJECT,
    member::AUDIENCE,
    member::CLAIMS,
    member::JWKS,
    member::ONCE,
    member::TOKEN_SECONDS,
    EXPIRES_AT,
];

/// A sample token, in a dry run.
const TOKEN: &str = "token";

/// Reads `{issuer, subject, audience?, claims?, jwks?, once?, token_seconds?, expires_at?}`.
pub(super) fn read_trust(request: &Request<'_>, settings: &Settings) -> Result<NewMeans, Refusal> {
    let mut body = request.object_of(&[JSON])?;
    let (mut reading, mut members) = (Reading::default(), Map::new());
    let mut keep = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));

    let development = settings.development_issuer.as_deref();
    let issuer = reading.parsed(&mut body, member::ISSUER, |text| Issuer::parse(text, development));
    let subject = reading.parsed(&mut body, member::SUBJECT, Subject::parse);
    let audience = if body.get(member::AUDIENCE).is_some_and(|given| !given.is_null()) {
        reading.parsed(&mut body, member::AUDIENCE, audience)
    } else {
        body.remove(member::AUDIENCE);
        if settings.issuer.is_none() {
            reading
                .faults(member::AUDIENCE, &[Fault::whole("must be given, since this service has no POSTERN_ISSUER")]);
        }
        settings.issuer.clone()
    };
    let claims = match body.remove(member::CLAIMS) {
        None | Some(Value::Null) => Some(Claims::default()),
        Some(value) => Claims::read(&value).map_err(|faults| reading.faults(member::CLAIMS, &faults)).ok(),
    };
    let keys = match body.remove(member::JWKS) {
        None | Some(Value::Null) => None,
        Some(value) => Set::read_sent(&value).map_err(|faults| reading.faults(member::JWKS, &faults)).ok(),
    };
    if let Some(issuer) = &issuer {
        if let Some(pins) = claims.as_ref().and_then(|claims| issuer.missing_pin(claims)) {
            reading.wrong(format!("/{}", member::CLAIMS), Rule::Unpinned(pins));
        }
        if keys.is_some() && issuer.is_shared() {
            let wants = "must be omitted: this issuer's keys are fetched, since many organizations share it";
            reading.faults(member::JWKS, &[Fault::whole(wants)]);
        }
        keep(member::ISSUER, issuer.as_str().into());
    }
    if let Some(subject) = subject {
        keep(member::SUBJECT, subject.as_str().into());
    }
    if let Some(audience) = audience {
        keep(member::AUDIENCE, audience.into());
    }
    if let Some(claims) = claims.filter(|claims| !claims.is_empty()) {
        keep(member::CLAIMS, claims.into());
    }
    if let Some(keys) = keys {
        let keys: Vec<Value> = keys.into_iter().map(Value::from).collect();
        keep(member::JWKS, serde_json::json!({ "keys": keys }));
    }
    match body.remove(member::ONCE) {
        None | Some(Value::Null | Value::Bool(false)) => {}
        Some(Value::Bool(true)) => keep(member::ONCE, true.into()),
        Some(_) => reading.wrong(format!("/{}", member::ONCE), Rule::Type(Kind::Boolean)),
    }
    match body.remove(member::TOKEN_SECONDS) {
        None | Some(Value::Null) => {}
        Some(value) => match whole(&value, *TOKEN_SECONDS.start(), *TOKEN_SECONDS.end()) {
            Ok(seconds) => keep(member::TOKEN_SECONDS, seconds.into()),
            Err(rule) => reading.wrong(format!("/{}", member::TOKEN_SECONDS), rule),
        },
    }
    read_end(&mut reading, &mut body, &mut members);
    // Only a dry run has one: a trust has no place for it.
    let sample = if request.is_set("dry_run") { body.remove(TOKEN) } else { None };
    let sample = match sample {
        None | Some(Value::Null) => None,
        Some(Value::String(token)) => Some(Zeroizing::new(token)),
        Some(_) => {
            reading.wrong(format!("/{TOKEN}"), Rule::Type(Kind::Text));
            None
        }
    };
    reading.unknown("", &body, &MEMBERS);
    Ok(NewMeans { members, sample, violations: reading.violations() })
}

pub(super) fn trust(context: &RenderContext<'_>, row: &MeansRow) -> Answer {
    Answer { status: 201, ..one(context, &Trust::new(context, row)) }
}

#[expect(clippy::ptr_arg, reason = "the type of every renderer of means")]
pub(super) fn trusts(context: &RenderContext<'_>, rows: &Vec<MeansRow>) -> Answer {
    let items = rows.iter().map(|row| Trust::new(context, row)).collect();
    Answer::new(200, json(&List { items, next: None }))
}

/// An issuer whose tokens a credential accepts instead of a secret, and what they must say.
#[derive(Serialize, JsonSchema)]
pub(super) struct Trust {
    /// The id.
    id: Id,
    /// The issuer: `iss` of its tokens.
    issuer: String,
    /// The subject: `sub` of accepted tokens; a final `*` accepts every subject that starts with the text before it.
    subject: String,
    /// The audience: the one `aud` of accepted tokens.
    audience: String,
    /// Further claims that a token must have, by name or JSON pointer, each with this value.
    claims: Map<String, Value>,
    /// The keys that sign the tokens; null if they are fetched from the issuer.
    jwks: Option<Jwks>,
    /// Whether each token is accepted only once, by its `jti`.
    once: bool,
    /// How many seconds access tokens are valid; null is as long as the token that was exchanged, at most an hour.
    token_seconds: Option<i64>,
    /// When it was added.
    created_at: Time,
    /// When it expires; null is never.
    expires_at: Option<Time>,
    /// `shared_audience`: tokens for another service are accepted here, so that service could use them here, too. `open_prefix`: the
    /// subject's prefix ends within a name, so that subjects with longer names are accepted, too.
    warnings: Vec<&'static str>,
}

/// A set of public keys (RFC 7517 §5).
#[derive(Serialize, JsonSchema)]
struct Jwks {
    /// The keys.
    keys: Vec<TrustedKey>,
}

/// A public key, as that of a credential is shown.
#[derive(Serialize, JsonSchema)]
#[serde(transparent)]
struct TrustedKey(Map<String, Value>);

impl Trust {
    fn new(context: &RenderContext<'_>, MeansRow { id, members }: &MeansRow) -> Self {
        let text = |name| members.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let object = |value: &Value| value.as_object().cloned().unwrap_or_default();
        let keys = |set: &Value| Jwks {
            keys: set["keys"].as_array().into_iter().flatten().map(object).map(TrustedKey).collect(),
        };
        let audience = text(member::AUDIENCE);
        let is_open = |subject: &str| {
            subject.strip_suffix('*').is_some_and(|prefix| prefix.ends_with(|last: char| last.is_ascii_alphanumeric()))
        };
        let is_own = audience.strip_prefix(context.issuer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        Self {
            id: *id,
            issuer: text(member::ISSUER),
            subject: text(member::SUBJECT),
            audience,
            claims: members.get(member::CLAIMS).map(object).unwrap_or_default(),
            jwks: members.get(member::JWKS).map(keys),
            once: members.contains_key(member::ONCE),
            token_seconds: members.get(member::TOKEN_SECONDS).and_then(Value::as_i64),
            created_at: Time(created(members)),
            expires_at: end(members).map(Time),
            warnings: [(!is_own, "shared_audience"), (is_open(&text(member::SUBJECT)), "open_prefix")]
                .into_iter()
                .filter_map(|(is_so, warning)| is_so.then_some(warning))
                .collect(),
        }
    }
}
