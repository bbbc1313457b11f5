//! Trusts of a credential: bodies and representations.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::means::{EXPIRES_AT, read_end, stored};
use super::reading::{Members, parsed, text};
use super::views::{List, Time, one};
use crate::answer::Answer;
use crate::credential::field::{Kind, Rule};
use crate::credential::id::Id;
use crate::credential::means::{created, end};
use crate::credential::validate::whole;
use crate::face;
use crate::jwt::claims::Claims;
use crate::jwt::fault::Fault;
use crate::jwt::issuer::Issuer;
use crate::jwt::set::Set;
use crate::jwt::subject::Subject;
use crate::jwt::trust::{TOKEN_SECONDS, audience, member};
use crate::operation::{Handler, MeansRow, NewMeans, ReadMeans, Render, RenderContext};
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

/// Adds a trust.
pub(crate) const ADD_TRUST: Handler<(ReadMeans, Render<MeansRow>)> = Handler((read_trust, trust));
/// Lists the trusts of a credential.
pub(crate) const LIST_TRUSTS: Handler<Render<Vec<MeansRow>>> = Handler(trusts);

/// Reads `{issuer, subject, audience?, claims?, jwks?, once?, token_seconds?, expires_at?}`.
fn read_trust(request: &Request<'_>, settings: &Settings) -> Result<NewMeans, Refusal> {
    let mut body = Members::of_body(request.object_of(&[JSON])?);
    let development = settings.development_issuer.as_deref();
    let issuer = body.required(member::ISSUER, parsed(|text| Issuer::parse(text, development)));
    let subject = body.required(member::SUBJECT, parsed(Subject::parse));
    let no_audience = || Fault::whole("must be given, since this service has no POSTERN_ISSUER").into();
    let audience = body.read(member::AUDIENCE, settings.issuer.clone().ok_or_else(no_audience), parsed(audience));
    let claims = body.read(member::CLAIMS, Ok(Claims::default()), |value| Claims::read(&value));
    let keys = body.optional(member::JWKS, |value| Set::read_sent(&value));
    if let Some(pins) = issuer.as_ref().zip(claims.as_ref()).and_then(|(issuer, claims)| issuer.missing_pin(claims)) {
        body.wrong(&format!("/{}", member::CLAIMS), Rule::Unpinned(pins).into());
    }
    if keys.is_some() && issuer.as_ref().is_some_and(Issuer::is_shared) {
        let wants = "must be omitted: this issuer's keys are fetched, since many organizations share it";
        body.wrong(&format!("/{}", member::JWKS), Fault::whole(wants).into());
    }
    let once = body.optional(member::ONCE, |value| value.as_bool().ok_or(Rule::Type(Kind::Boolean)));
    let seconds =
        body.optional(member::TOKEN_SECONDS, |value| whole(&value, *TOKEN_SECONDS.start(), *TOKEN_SECONDS.end()));
    let end = body.optional(EXPIRES_AT, read_end);
    // Only a dry run has one: a trust has no place for it.
    let sample = if request.is_set("dry_run") { body.optional(TOKEN, text) } else { None };
    let keys = keys.map(|keys| keys.into_iter().map(Value::from).collect::<Vec<_>>());
    let members = stored([
        (member::ISSUER, issuer.map(|issuer| issuer.as_str().into())),
        (member::SUBJECT, subject.map(|subject| subject.as_str().into())),
        (member::AUDIENCE, audience.map(Value::from)),
        (member::CLAIMS, claims.filter(|claims| !claims.is_empty()).map(Value::from)),
        (member::JWKS, keys.map(|keys| json!({ "keys": keys }))),
        (member::ONCE, once.filter(|once| *once).map(Value::from)),
        (member::TOKEN_SECONDS, seconds.map(Value::from)),
        (EXPIRES_AT, end.map(Value::from)),
    ]);
    Ok(NewMeans { members, sample: sample.map(Zeroizing::new), violations: body.finish(&MEMBERS) })
}

fn trust(context: &RenderContext<'_>, row: &MeansRow) -> Answer {
    Answer { status: 201, ..one(context, &Trust::new(context, row)) }
}

#[expect(clippy::ptr_arg, reason = "the type of every renderer of means")]
fn trusts(context: &RenderContext<'_>, rows: &Vec<MeansRow>) -> Answer {
    let items = rows.iter().map(|row| Trust::new(context, row)).collect();
    Answer::new(200, face::json(&List { items, next: None }))
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
