//! Reads verifications: the bodies of `/v1/verify` and `/v1/verify/batch`, and the query of `/v1/authorize`.

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::one_off;
use super::problem::within;
use super::read::{READ_MAX, unknown_members};
use super::reading::{Members, object, text};
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

const TOKEN: &str = "token";
const NEEDS: &str = "needs";
/// The members of `needs`, of which a body has one.
pub(super) const ALL_OR_ANY: [&str; 2] = ["all", "any"];

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
pub(super) fn one(body: Map<String, Value>) -> Inquiries {
    let mut body = Members::of_body(body);
    let staleness = staleness(&mut body);
    let items = vec![inquiry(&mut body)];
    Inquiries { items, staleness, violations: body.finish(&[TOKEN, NEEDS, STALENESS]) }
}

/// The maximum number of items in a batch. D1 reads at most 15 rows for each.
pub(super) const ITEMS_MAX: usize = 50;

/// Reads `{items: [{token, needs?}, …], max_staleness_seconds?}`.
pub(super) fn batch(body: Map<String, Value>) -> Inquiries {
    let mut body = Members::of_body(body);
    let staleness = staleness(&mut body);
    let given = body.required("items", |value| match value {
        Value::Array(items) if (1..=ITEMS_MAX).contains(&items.len()) => Ok(items),
        Value::Array(_) => Err(Rule::ItemCount { min: 1, max: ITEMS_MAX }),
        _ => Err(Rule::Type(Kind::List)),
    });
    let mut items = Vec::new();
    for (index, item) in given.into_iter().flatten().enumerate() {
        let pointer = format!("/items/{index}");
        match object(item) {
            Ok(members) => {
                let mut item = body.inner(&pointer, members);
                items.push(inquiry(&mut item));
                body.extend(item.finish(&[TOKEN, NEEDS]));
            }
            Err(rule) => body.wrong(&pointer, rule.into()),
        }
    }
    Inquiries { items, staleness, violations: body.finish(&["items", STALENESS]) }
}

/// Reads the bound on the age of every answer.
fn staleness(body: &mut Members) -> Option<i64> {
    body.optional(STALENESS, |value| whole(&value, 0, STALENESS_MAX))
}

/// Reads `{token, needs?}`.
fn inquiry(members: &mut Members) -> Inquiry {
    let token = members.required(TOKEN, |value| match text(value)? {
        text if text.is_empty() => Err(Rule::TooShort { min: 1 }),
        text => Ok(text),
    });
    let needs = members.optional(NEEDS, object).and_then(|needs| read_needs(members, needs));
    Inquiry { token: Zeroizing::new(token.unwrap_or_default()), needs: needs.into_iter().collect() }
}

/// Reads `{all}` or `{any}`.
fn read_needs(inquiry: &mut Members, given: Map<String, Value>) -> Option<Needs> {
    let mut members = inquiry.inner(&format!("/{NEEDS}"), given);
    let given = ALL_OR_ANY.map(|name| members.take(name));
    inquiry.extend(members.finish(&ALL_OR_ANY));
    let (name, value, of): (_, _, fn(_) -> _) = match given {
        [Some(all), None] => ("all", all, Needs::All),
        [None, Some(any)] => ("any", any, Needs::Any),
        [None, None] | [Some(_), Some(_)] => {
            inquiry.wrong(&format!("/{NEEDS}"), Rule::ExactlyOne(&ALL_OR_ANY).into());
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
        inquiry.wrong(&format!("/{NEEDS}/{name}{}", within(&location)), rule.into());
    }
    roles.map(of)
}

/// The query parameters of `/v1/authorize`.
pub(crate) const PARAMETERS: &[&str] = &["all", "any", "authenticated", "tenant", STALENESS];

/// Reads `?all={role}&any={role}&authenticated=1&tenant={tenant}&max_staleness_seconds={seconds}`. At least one of the first three is required: a proxy that
/// passes on the query of its client must not let every request pass.
pub(super) fn authorization(request: &Request<'_>) -> Result<Authorization, Refusal> {
    let (mut read, mut wrong) = (Vec::new(), Vec::new());
    let mut wants = |name, wants| wrong.push(Parameter { name, wants });
    let [all, any] = ALL_OR_ANY.map(|name| request.query_values(&[name]));
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
