//! The answers: what an operation shows, by the types that are shown, and how it refuses.

#![expect(clippy::indexing_slicing, reason = "into objects that are made here, and on no request's way")]

use serde_json::{Map, Value, json as value};

use super::operations::{described, is_oauth, is_ours, reference};
use crate::request::Method;
use crate::route::{Operation, ROUTES, Route};

/// The answers of a route. A success: its status, what it shows in words, and the schema of that. `one`: whether the route is on one thing.
pub(super) fn responses(
    route: &Route,
    (status, about, schema): (&str, &str, Option<Value>),
    has_body: bool,
    one: bool,
) -> Value {
    let mut told = Map::new();
    let is_oauth = is_oauth(route);
    let mut done = value!({ "description": about });
    if let Some(schema) = schema {
        done["content"] = value!({ "application/json": { "schema": schema } });
        let tagged = one || status == "201";
        done = with_headers(done, if tagged { &["ETag", "Deprecation", "Sunset"] } else { &["Deprecation", "Sunset"] });
        if status == "201" {
            done = with_headers(done, &["Location"]);
        }
    }
    if status == "201" {
        done["links"] = links(route);
    }
    told.insert(status.to_owned(), done);
    let writes = route.method != Method::Get && !is_oauth && !matches!(route.operation, Operation::Verify(_));
    let mut may = |status: u16, if_so: bool| {
        if if_so {
            let kind = if is_oauth { "oauth-" } else { "" };
            told.insert(status.to_string(), reference(&format!("responses/{kind}{status}")));
        }
    };
    let metadata = matches!(route.operation, Operation::Metadata(_));
    if one && route.method == Method::Get {
        may(304, true);
    }
    may(400, !metadata);
    may(401, !metadata);
    may(403, !metadata && !matches!(route.operation, Operation::LogIn(_)));
    may(404, route.names().next().is_some());
    may(409, writes);
    may(412, one);
    may(413, has_body);
    may(415, has_body);
    may(422, has_body && !is_oauth);
    may(428, one && writes && route.path.contains("/credentials/"));
    may(429, !metadata);
    may(503, true);
    told.into()
}

/// From what makes something, to all that its id is for.
fn links(route: &Route) -> Value {
    let own = |of: &Route| of.path.strip_prefix(route.path).is_some_and(|rest| rest.starts_with("/{"));
    let one = |of: &Route| of.names().count() == route.names().count() + 1 && is_ours(of);
    let followed = ROUTES.iter().filter(|of| own(of) && one(of));
    let parameters = |of: &Route| {
        let last = of.names().count() - 1;
        let name = |(index, name)| {
            let member = if index == last { "id" } else { name };
            (name.to_owned(), value!(format!("$response.body#/{member}")))
        };
        Value::from(of.names().enumerate().map(name).collect::<Map<_, _>>())
    };
    let link = |of: &Route| {
        let [id, ..] = described(of).words;
        (id.to_owned(), value!({ "operationId": id, "parameters": parameters(of) }))
    };
    Value::from(followed.map(link).collect::<Map<_, _>>())
}

/// The headers of answers that are told of.
pub(super) fn headers() -> Value {
    let text = value!({ "type": "string" });
    let header = |about: &str| value!({ "required": true, "description": about, "schema": text });
    let mut headers = value!({
        "ETag": header("Its version: its id and its revision."),
        "WWW-Authenticate": header("How to say who calls."),
        "Location": header("The path of what was created."),
        "Accept-Encoding": header("`identity`, if the body had a `Content-Encoding`: send it uncompressed."),
        "Accept-Patch": header("What PATCH takes, if the body is of another media type."),
        "Retry-After": header("In how many seconds to try again."),
        "X-Request-Id": header("The request's id: the caller's own, if it is a sane one. Events tell it."),
        "Deprecation": header("Since when the caller's secret is being replaced (RFC 9745), if it is."),
        "Sunset": header("Until when the caller's secret holds (RFC 8594), if it is being replaced."),
    });
    // Not on each.
    for name in ["Deprecation", "Sunset", "Retry-After", "Accept-Encoding", "Accept-Patch"] {
        headers[name]["required"] = false.into();
    }
    headers
}

fn with_headers(mut told: Value, names: &[&str]) -> Value {
    for name in names.iter().chain(&["X-Request-Id"]) {
        told["headers"][*name] = reference(&format!("headers/{name}"));
    }
    told
}

fn headers_of(status: u16, is_ours: bool) -> &'static [&'static str] {
    match status {
        401 => &["WWW-Authenticate"],
        415 if is_ours => &["Accept-Encoding", "Accept-Patch"],
        415 => &["Accept-Encoding"],
        429 | 503 => &["Retry-After"],
        _ => &[],
    }
}

/// The refusals that operations refer to.
pub(super) fn refusals(problem: &Value, error: &Value) -> Value {
    let told = [
        (400, "It cannot be read: the body, or the query."),
        (401, "Who calls is not known, or may not be let in."),
        (403, "The caller may not do this, or not make this change."),
        (404, "There is no such thing, or it is another tenant's."),
        (409, "It does not fit what is there."),
        (412, "It was changed since."),
        (413, "The body is too large."),
        (415, "The body is of another media type, or has a `Content-Encoding`; a header says what is taken."),
        (422, "The body breaks rules, or the Idempotency-Key was used for another."),
        (428, "The tenant requires `If-Match`."),
        (429, "Too many authentications failed, from this address or of this credential."),
        (503, "The database does not answer, or the service is not configured."),
    ];
    let mut responses = Map::new();
    responses
        .insert("304".to_owned(), with_headers(value!({ "description": "It is at that version still." }), &["ETag"]));
    for (status, about) in told {
        let content = value!({ "application/problem+json": { "schema": problem } });
        let told = value!({ "description": about, "content": content });
        responses.insert(status.to_string(), with_headers(told, headers_of(status, true)));
    }
    for (status, about) in told.iter().filter(|(status, _)| [400, 401, 403, 413, 415, 429, 503].contains(status)) {
        let content = value!({ "application/json": { "schema": error } });
        let told = value!({ "description": about, "content": content });
        responses.insert(format!("oauth-{status}"), with_headers(told, headers_of(*status, false)));
    }
    responses.into()
}
