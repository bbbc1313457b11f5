//! The description of this face (OpenAPI 3.1), made from what it describes, so that it cannot say anything else: the routes from
//! the table of routes, the answers from the types that are shown, and the bodies by asking the rules themselves what they take.
//! tests/description adds examples that it has executed, and keeps docs/openapi/postern.json.

#![expect(clippy::indexing_slicing, reason = "into objects that are made here, and on no request's way")]

mod answers;
mod body;
mod operations;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json as value};

use super::{problem, read};
use crate::credential::field::{Noun, Verb};
use crate::credential::id::Id;
use crate::face::oauth;
use crate::request::Method;
use crate::route::{Operation, ROUTES, Route};
use operations::{described, is_ours, reference};

/// The description: an OpenAPI 3.1 document of our own face and of its OAuth endpoints, without examples.
#[must_use]
pub fn openapi() -> Value {
    let mut settings = SchemaSettings::draft2020_12().for_serialize();
    settings.definitions_path = "/components/schemas".into();
    let mut schemas = settings.into_generator();
    let mut paths = Map::new();
    for route in ROUTES.iter().filter(|route| is_ours(route)) {
        let item =
            paths.entry(route.path.to_owned()).or_insert_with(|| value!({ "parameters": path_parameters(route) }));
        item[route.method.allow().split(',').next().unwrap_or_default().to_lowercase()] =
            operation(route, &mut schemas);
    }
    let problem = schemas.subschema_for::<problem::Problem>();
    let error = schemas.subschema_for::<oauth::Error>();
    let mut components = schemas.take_definitions(true);
    for (noun, verb) in BODIES {
        let mut schema = body::schema(noun, verb);
        components.extend(body::named_parts(&mut schema));
        components.insert(body::name(noun, verb), schema);
    }
    components.insert("Inquiry".to_owned(), body::inquiry());
    value!({
        "openapi": "3.1.0",
        "info": {
            "title": "Postern",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Make, show, update, rotate, revoke and verify the credentials of machines.",
            "description": INTRODUCTION,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "Where this description was read" }],
        "security": [{ "bearer": [] }],
        "tags": TAGS.map(|(name, about)| value!({ "name": name, "description": about })),
        "paths": paths,
        "components": {
            "schemas": components,
            "parameters": request_headers(),
            "headers": answers::headers(),
            "responses": answers::refusals(&problem.to_value(), &error.to_value()),
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "description": "A secret, or an access token of `/oauth/token`." },
                "client": { "type": "http", "scheme": "basic", "description": "A client id and its secret." },
            },
        },
    })
}

const INTRODUCTION: &str = "\
A *credential* is what a machine shows to be let in. It belongs to a *tenant*, speaks for a *principal*, may have *roles* and an \
end, and has a *secret*: shown once, when it is made.\n\n\
**Updates.** PUT replaces, and has to say whatever would widen access by being left out: `principal`, `enabled`, `roles`, \
`expires_at`. PATCH is a JSON Merge Patch (RFC 7396). What is read can be edited and put back: members that only read may be left \
in, at the values that they have. A change that changes nothing leaves the revision as it is.\n\n\
**Versions.** Answers have an `ETag`. Send it as `If-Match`, and a change is made only if nobody else made one since; else it is a \
412. `?dry_run=true` tells what a PUT or PATCH of a credential would change, and whether it widens access; nothing is changed.\n\n\
**Roles.** `null` is full access, and has to be said. An administrator has the role `admin` on everything, or full access; an \
`editor` changes names and descriptions, a `viewer` reads.\n\n\
**Bodies** are strict JSON in UTF-8: 64 KiB at most, nested 32 deep at most, no member twice. A member that is not known is \
refused. A refusal is a problem document (RFC 9457) that lists every violation.";

const TAGS: [(&str, &str); 6] = [
    ("credentials", "What machines show to be let in."),
    ("rotation", "A new secret, with the old one for a while beside it."),
    ("history", "What was changed, by whom."),
    ("principals", "Whom credentials speak for."),
    ("tenants", "Who owns everything below."),
    ("verification", "Whose a token is, whether it holds, and what it may do."),
];

/// The bodies that are read by fields.
const BODIES: [(Noun, Verb); 11] = [
    (Noun::Tenant, Verb::Create),
    (Noun::Tenant, Verb::Replace),
    (Noun::Tenant, Verb::Merge),
    (Noun::Principal, Verb::Create),
    (Noun::Principal, Verb::Replace),
    (Noun::Principal, Verb::Merge),
    (Noun::Credential, Verb::Create),
    (Noun::Credential, Verb::Replace),
    (Noun::Credential, Verb::Merge),
    (Noun::Credential, Verb::Rotate),
    (Noun::Credential, Verb::Revoke),
];

fn path_parameters(route: &Route) -> Value {
    let id = Id::json_schema(&mut SchemaGenerator::default());
    route.names()
        .map(|name| value!({ "name": name, "in": "path", "required": true, "description": format!("The id of the {name}."), "schema": id }))
        .collect()
}

fn operation(route: &Route, schemas: &mut SchemaGenerator) -> Value {
    let described = described(route);
    let [id, tag, summary, description] = described.words;
    let mut told = value!({ "operationId": id, "tags": [tag], "summary": summary, "description": description });
    let mut parameters: Vec<Value> = route.query.iter().map(|name| query_parameter(name, route.operation)).collect();
    let one = route.path.ends_with('}') || route.names().nth(1).is_some() && route.method == Method::Post;
    let makes = matches!(route.operation, Operation::Write(_, Verb::Create));
    if one {
        parameters.push(reference("parameters/If-Match"));
        parameters.push(reference("parameters/If-None-Match"));
    }
    if makes {
        parameters.push(reference("parameters/Idempotency-Key"));
    }
    if !parameters.is_empty() {
        told["parameters"] = parameters.into();
    }
    let has_body = described.body.is_some();
    if let Some(body) = described.body {
        told["requestBody"] = body;
    }
    if matches!(route.operation, Operation::LogIn(_)) {
        told["security"] = value!([{ "client": [] }, {}]);
    } else if matches!(route.operation, Operation::Metadata(_)) {
        told["security"] = value!([]);
    }
    let schema = described.schema.map(|schema| schema(schemas));
    told["responses"] = answers::responses(route, (described.status, described.about, schema), has_body, one);
    told
}

fn query_parameter(name: &str, operation: Operation) -> Value {
    let text = || value!({ "type": "string" });
    let flag = || value!({ "type": "boolean" });
    let time = || value!({ "type": "string", "format": "date-time" });
    let (schema, about) = match name {
        "limit" => {
            let schema =
                value!({ "type": "integer", "minimum": 1, "maximum": read::LIMIT_MAX, "default": read::LIMIT });
            (schema, "At most so many.")
        }
        "cursor" => {
            (text(), "The `next` of the page before. It belongs to this list, with the same `sort` and filters.")
        }
        "sort" if matches!(operation, Operation::Page(Noun::Credential, _)) => (
            value!({ "type": "string", "enum": ["created", "-created", "name", "-name"] }),
            "`created` is usual; `name` is with a `name_prefix`. A minus is backward.",
        ),
        "sort" => {
            (value!({ "type": "string", "enum": ["created", "-created"] }), "`created` is usual. A minus is backward.")
        }
        "enabled" => (flag(), "Enabled ones, or those that are not."),
        "principal" => (Id::json_schema(&mut SchemaGenerator::default()).to_value(), "Those of this principal."),
        "role" => (text(), "Those with this role, on whatever. Full access is no role."),
        "name_prefix" => (text(), "Those whose names begin so."),
        "expires_before" => (time(), "Those that end before this (1970 to 2255)."),
        "unused_since" => (time(), "Those not used since then, or never (1970 to 2255)."),
        "unrotated_since" => (time(), "Those without a secret made since then (1970 to 2255)."),
        "force" => (flag(), "With its principals and credentials."),
        "dry_run" => (flag(), "Tells what would change, and changes nothing."),
        // Without words: tests/description finds it.
        _ => (value!({}), ""),
    };
    value!({ "name": name, "in": "query", "description": about, "schema": schema })
}

fn request_headers() -> Value {
    let tags = "One ETag or several, with commas between; or `*`.";
    value!({
        "If-Match": {
            "name": "If-Match", "in": "header", "schema": { "type": "string" },
            "description": format!("Only if it is at this version (RFC 9110 §13.1.1). {tags}"),
        },
        "If-None-Match": {
            "name": "If-None-Match", "in": "header", "schema": { "type": "string" },
            "description": format!("Only if it is at none of these versions (RFC 9110 §13.1.2); a GET is answered 304 then. {tags}"),
        },
        "Idempotency-Key": {
            "name": "Idempotency-Key", "in": "header", "schema": { "type": "string", "pattern": "^[!-~]{1,255}$" },
            "description": "Made once for this key: the same key and body gets the same answer, the secret too, for 24 hours.",
        },
    })
}
