//! Reads verifications: the bodies of `/v1/verify` and `/v1/verify/batch`, and the query of `/v1/authorize`.

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::one_off;
use super::problem::within;
use super::read::{READ_MAX, unknown_members};
use super::reading::Reading;
use crate::credential::field::{Field, Kind, Rule, Violation};
use crate::credential::role::{NEEDS_MAX, Needs};
use crate::credential::table::STALENESS_MAX;
use crate::credential::validate::{needs, ordered, whole};
use crate::face::STALENESS;
use crate::operation::{
    Authorization, Authorized, Handler, Inquiries, Inquiry, ReadAuthorization, ReadInquiry, Render, RenderVerified,
};
use crate::refusal::{Parameter, Refusal, Unreadable};
use crate::request::{JSON, Request};

/// The members of an inquiry.
const MEMBERS: [&str; 2] = ["token", "needs"];
/// The members of `needs`, of which a body has one.
pub(super) const NEEDS: [&str; 2] = ["all", "any"];

/// Verifies a token.
pub(crate) const VERIFY: Handler<(ReadInquiry, RenderVerified)> =
    Handler((|request| request.object_of(&[JSON]).map(one), one_off::verified));

/// Verifies several tokens.
pub(crate) const VERIFY_BATCH: Handler<(ReadInquiry, RenderVerified)> =
    Handler((|request| request.object_of(&[JSON]).map(batch), one_off::verified_batch));

/// Answers a proxy.
pub(crate) const AUTHORIZE: Handler<(ReadAuthorization, Render<Authorized>)> =
    Handler((authorization, one_off::authorized));

/// Reads `{token, needs?, max_staleness_seconds?}`.
pub(super) fn one(mut body: Map<String, Value>) -> Inquiries {
    let mut reading = Reading::default();
    let staleness = reading.staleness(&mut body);
    let items = vec![reading.inquiry("", body)];
    reading.finish(items, staleness)
}

/// The maximum number of items in a batch. D1 reads at most 15 rows for each.
pub(super) const ITEMS_MAX: usize = 50;

/// Reads `{items: [{token, needs?}, …], max_staleness_seconds?}`.
pub(super) fn batch(mut body: Map<String, Value>) -> Inquiries {
    let mut reading = Reading::default();
    let staleness = reading.staleness(&mut body);
    let items = match body.remove("items") {
        None | Some(Value::Null) => Err(Rule::Missing),
        Some(Value::Array(items)) if (1..=ITEMS_MAX).contains(&items.len()) => Ok(items),
        Some(Value::Array(_)) => Err(Rule::ItemCount { min: 1, max: ITEMS_MAX }),
        Some(_) => Err(Rule::Type(Kind::List)),
    };
    let items = items.map_err(|rule| reading.wrong("/items".to_owned(), rule)).unwrap_or_default();
    let mut inquiries = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        let place = format!("/items/{index}");
        match item {
            Value::Object(members) => inquiries.push(reading.inquiry(&place, members)),
            _ => reading.wrong(place, Rule::Type(Kind::Object)),
        }
    }
    reading.unknown("", &body, &["items", STALENESS]);
    reading.finish(inquiries, staleness)
}

/// The query parameters of `/v1/authorize`.
pub(super) const PARAMETERS: &[&str] = &["all", "any", "authenticated", "tenant", STALENESS];

/// Reads `?all={role}&any={role}&authenticated=1&tenant={tenant}&max_staleness_seconds={seconds}`. At least one of the first three is required: a proxy that
/// passes on the query of its client must not let every request pass.
pub(super) fn authorization(request: &Request<'_>) -> Result<Authorization, Refusal> {
    let (mut read, mut wrong) = (Vec::new(), Vec::new());
    let mut wants = |name, wants| wrong.push(Parameter { name, wants });
    let [all, any] = NEEDS.map(|name| request.query_values(&[name]));
    let authenticated = request.query_value(&["authenticated"]);
    if all.is_empty() && any.is_empty() && authenticated.is_none() {
        wants("all", "or any is required, or authenticated=1");
    }
    for (name, roles, of) in [("all", all, Needs::All as fn(_) -> _), ("any", any, Needs::Any)] {
        if roles.is_empty() {
            continue;
        }
        match needs(&roles.iter().map(|role| role_of(role)).collect()) {
            Ok(roles) => read.push(of(roles)),
            Err(_) => {
                wants(
                    name,
                    "must be 1 to 16 roles: each a name, or a name, a resource and perhaps an instance, separated by one space",
                );
            }
        }
    }
    if authenticated.is_some_and(|authenticated| authenticated != "1") {
        wants("authenticated", "must be 1");
    }
    let tenant = request.query_value(&["tenant"]);
    if tenant.as_ref().is_some_and(String::is_empty) {
        wants("tenant", "must be the id or the label of a tenant");
    }
    let staleness = request.query_value(&[STALENESS]).map(|text| super::super::staleness(&text));
    if let Some(Err(must)) = staleness {
        wants(STALENESS, must);
    }
    if wrong.is_empty() {
        Ok(Authorization { needs: read, tenant, staleness: staleness.and_then(Result::ok) })
    } else {
        Err(Refusal::Unreadable(Unreadable::Parameters(wrong)))
    }
}

/// Splits a role at its first two spaces into its name, the resource and the instance, as in a body.
fn role_of(text: &str) -> Value {
    let mut members = Map::new();
    for (name, part) in ["role_id", "resource", "resource_instance"].into_iter().zip(text.splitn(3, ' ')) {
        members.insert(name.to_owned(), part.into());
    }
    members.into()
}

impl Reading {
    fn finish(self, items: Vec<Inquiry>, staleness: Option<i64>) -> Inquiries {
        Inquiries { items, staleness, violations: self.violations() }
    }

    /// Reads the bound on the age of every answer.
    fn staleness(&mut self, body: &mut Map<String, Value>) -> Option<i64> {
        let value = body.remove(STALENESS).filter(|value| !value.is_null())?;
        whole(&value, 0, STALENESS_MAX).map_err(|rule| self.wrong(format!("/{STALENESS}"), rule)).ok()
    }

    /// Reads the inquiry at a place.
    fn inquiry(&mut self, place: &str, mut members: Map<String, Value>) -> Inquiry {
        let token = match members.remove("token") {
            None | Some(Value::Null) => Err(Rule::Missing),
            Some(Value::String(text)) if text.is_empty() => Err(Rule::TooShort { min: 1 }),
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(Rule::Type(Kind::Text)),
        };
        let token = token.map_err(|rule| self.wrong(format!("{place}/token"), rule)).unwrap_or_default();
        let needs = match members.remove("needs") {
            None | Some(Value::Null) => None,
            Some(Value::Object(needs)) => self.needs(&format!("{place}/needs"), needs),
            Some(_) => {
                self.wrong(format!("{place}/needs"), Rule::Type(Kind::Object));
                None
            }
        };
        self.unknown(place, &members, &MEMBERS);
        Inquiry { token: Zeroizing::new(token), needs: needs.into_iter().collect() }
    }

    /// Reads `{all}` or `{any}`.
    fn needs(&mut self, place: &str, mut members: Map<String, Value>) -> Option<Needs> {
        let [all, any] = NEEDS.map(|name| members.remove(name));
        self.unknown(place, &members, &NEEDS);
        let (name, value, of): (_, _, fn(_) -> _) = match (all, any) {
            (Some(all), None) => ("all", all, Needs::All),
            (None, Some(any)) => ("any", any, Needs::Any),
            (None, None) | (Some(_), Some(_)) => {
                self.wrong(place.to_owned(), Rule::ExactlyOne(&NEEDS));
                return None;
            }
        };
        let (roles, broken) = match needs(&value) {
            Ok(roles) => (Some(roles), Vec::new()),
            Err(broken) => (None, broken),
        };
        let of_roles = |(location, rule)| Violation { field: Field::Roles, location, rule };
        let mut broken: Vec<_> = broken.into_iter().map(of_roles).collect();
        if let Some(items) = value.as_array().filter(|items| items.len() <= NEEDS_MAX) {
            let unknown = items.iter().enumerate().flat_map(|(index, role)| unknown_members(index, role));
            broken.extend(unknown.take(READ_MAX));
        }
        for Violation { location, rule, .. } in ordered(broken) {
            self.wrong(format!("{place}/{name}{}", within(&location)), rule);
        }
        roles.map(of)
    }
}
