//! The responses of operations: success, with the schema of its view, and errors.

#![expect(clippy::indexing_slicing, reason = "into objects that are built here; no request runs this code")]

use serde_json::{Map, Value, json as value};

use super::operations::{described, is_oauth, is_ours, reference};
use crate::request::Method;
use crate::route::{Operation, ROUTES, Route};

/// Returns the responses of a route. The tuple is the success: its status, its description and its schema. `one` is
/// whether the route is on one resource.
pub(super) fn responses(
    route: &Route,
    (status, about, schema): (&str, &str, Option<Value>),
    has_body: bool,
    one: bool,
) -> Value {
    let mut responses = Map::new();
    let is_oauth = is_oauth(route);
    let mut success = value!({ "description": about });
    if let Some(schema) = schema {
        success["content"] = value!({ "application/json": { "schema": schema } });
        let headers: &[_] =
            if one || status == "201" { &["ETag", "Deprecation", "Sunset"] } else { &["Deprecation", "Sunset"] };
        success = with_headers(success, headers);
        if status == "201" {
            success = with_headers(success, &["Location"]);
        }
    }
    let authorizes = matches!(route.operation, Operation::Authorize(_));
    if authorizes {
        success = with_headers(
            success,
            &["Postern-Tenant", "Postern-Principal", "Postern-Credential", "Deprecation", "Sunset"],
        );
    }
    if status == "201" {
        success["links"] = links(route);
    }
    responses.insert(status.to_owned(), success);
    let writes = route.method != Method::Get && !is_oauth && !matches!(route.operation, Operation::Verify(_));
    let mut may = |status: u16, condition: bool| {
        if condition {
            let kind = if is_oauth { "oauth-" } else { "" };
            responses.insert(status.to_string(), reference(&format!("responses/{kind}{status}")));
        }
    };
    let metadata = matches!(route.operation, Operation::Metadata(_));
    let public = metadata || matches!(route.operation, Operation::Alive(_) | Operation::Ready(_));
    if one && route.method == Method::Get {
        may(304, true);
    }
    may(400, !metadata);
    may(401, !public);
    may(403, !public && !matches!(route.operation, Operation::LogIn(_)));
    may(404, route.names().next().is_some());
    may(409, writes);
    may(412, one);
    may(413, has_body);
    may(415, has_body);
    may(422, has_body && !is_oauth);
    may(428, one && writes && route.path.contains("/credentials/"));
    may(429, !public && !authorizes);
    may(503, !matches!(route.operation, Operation::Alive(_)));
    if authorizes {
        for (status, about) in [
            ("401", "The request has no valid token. The body is empty."),
            ("403", "The token is of another tenant, or lacks a needed role. The body is empty."),
        ] {
            let response = with_headers(value!({ "description": about }), &["WWW-Authenticate"]);
            responses.insert(status.to_owned(), response);
        }
    }
    responses.into()
}

/// Returns the links from a response that creates a resource to the operations that take the new id.
fn links(route: &Route) -> Value {
    let is_below = |other: &Route| other.path.strip_prefix(route.path).is_some_and(|rest| rest.starts_with("/{"));
    let takes_id = |other: &Route| other.names().count() == route.names().count() + 1 && is_ours(other);
    let linked = ROUTES.iter().filter(|other| is_below(other) && takes_id(other));
    let parameters = |other: &Route| {
        let last = other.names().count() - 1;
        let name = |(index, name)| {
            let member = if index == last { "id" } else { name };
            (name.to_owned(), value!(format!("$response.body#/{member}")))
        };
        Value::from(other.names().enumerate().map(name).collect::<Map<_, _>>())
    };
    let link = |other: &Route| {
        let [id, ..] = described(other).words;
        (id.to_owned(), value!({ "operationId": id, "parameters": parameters(other) }))
    };
    Value::from(linked.map(link).collect::<Map<_, _>>())
}

/// Returns the headers of responses.
pub(super) fn headers() -> Value {
    let text = value!({ "type": "string" });
    let header = |about: &str| value!({ "required": true, "description": about, "schema": text });
    let mut headers = value!({
        "ETag": header("The current version: the id and the revision."),
        "WWW-Authenticate": header("The supported authentication schemes."),
        "Location": header("The path of what was created."),
        "Accept-Encoding": header("`identity`, if the body had a `Content-Encoding`: send it uncompressed."),
        "Accept-Patch": header("The media types that PATCH accepts, if the body has another media type."),
        "Retry-After": header("After how many seconds to try again."),
        "Postern-Tenant": header("The id of the tenant that owns the token."),
        "Postern-Principal": header("The id of the principal that the token authenticates as."),
        "Postern-Credential": header("The id of the token's credential."),
        "X-Request-Id": header("The id of the request: the client's, if it sent a valid one. Events contain it."),
        "Deprecation": header("When the rotation of the caller's secret began (RFC 9745). Present only during a rotation."),
        "Sunset": header("When the caller's secret expires (RFC 8594). Present only during a rotation."),
    });
    // Some responses lack these.
    for name in ["Deprecation", "Sunset", "Retry-After", "Accept-Encoding", "Accept-Patch"] {
        headers[name]["required"] = false.into();
    }
    headers
}

fn with_headers(mut response: Value, names: &[&str]) -> Value {
    for name in names.iter().chain(&["X-Request-Id"]) {
        response["headers"][*name] = reference(&format!("headers/{name}"));
    }
    response
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

/// Returns the error responses that operations refer to.
pub(super) fn refusals(problem: &Value, error: &Value) -> Value {
    let errors = [
        (400, "The body or the query cannot be read."),
        (401, "Authentication failed, or the caller is disabled."),
        (403, "The caller lacks permission for this operation or change."),
        (404, "The resource does not exist. Resources of other tenants look the same."),
        (409, "The request conflicts with the current state."),
        (412, "A precondition failed: the resource has changed."),
        (413, "The body is too large."),
        (
            415,
            "The media type of the body is not supported, or it has a `Content-Encoding`; a header lists what is accepted.",
        ),
        (422, "Validation failed, or the Idempotency-Key was used with another body."),
        (428, "The tenant requires `If-Match`."),
        (429, "Too many failed authentications from this address or of this credential."),
        (
            503,
            "The database is unavailable, the service is not configured or not ready, or `Postern-Verifier` was not accepted.",
        ),
    ];
    let mut responses = Map::new();
    let unchanged = value!({ "description": "The resource still has the version in `If-None-Match`." });
    responses.insert("304".to_owned(), with_headers(unchanged, &["ETag"]));
    for (status, about) in errors {
        let content = value!({ "application/problem+json": { "schema": problem } });
        let response = value!({ "description": about, "content": content });
        responses.insert(status.to_string(), with_headers(response, headers_of(status, true)));
    }
    for (status, about) in errors.iter().filter(|(status, _)| [400, 401, 403, 413, 415, 429, 503].contains(status)) {
        let content = value!({ "application/json": { "schema": error } });
        let response = value!({ "description": about, "content": content });
        responses.insert(format!("oauth-{status}"), with_headers(response, headers_of(*status, false)));
    }
    responses.into()
}
