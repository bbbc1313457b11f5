//! The OpenAPI 3.1 document of our own face, generated from the code, so that the two cannot differ: paths from the
//! table of routes, response schemas from the types of the views, request schemas from the table of fields.
//! tests/description adds examples that it has executed, and writes docs/openapi/postern.json.

#![expect(clippy::indexing_slicing, reason = "into objects that are built here; no request runs this code")]

mod answers;
mod body;
mod means;
mod operations;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json as value};

use super::{problem, read};
use crate::credential::field::{Noun, Verb};
use crate::credential::id::Id;
use crate::credential::role::NEEDS_MAX;
use crate::credential::table::STALENESS_MAX;
use crate::face::oauth;
use crate::request::Method;
use crate::route::{Operation, ROUTES, Route};
use operations::{described, is_ours, reference};

/// Returns the OpenAPI 3.1 document of our own face and of the OAuth endpoints, without examples.
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
    components.insert(body::OWN_ROTATION.to_owned(), body::own_rotation());
    components.extend(body::inquiries());
    components.extend(means::new_key());
    components.extend(means::new_trust());
    value!({
        "openapi": "3.1.0",
        "info": {
            "title": "Postern",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Issue, update, rotate, revoke and verify API credentials.",
            "description": INTRODUCTION,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "The server of this document" }],
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
A *credential* authenticates a machine. It belongs to a *tenant* and authenticates as a *principal*. It can have *roles*, *access* and an \
expiry, and it has a *secret*, which only the response that creates it contains.\n\n\
**Updates.** PUT replaces the whole resource. Fields whose absence would grant more access are required: `principal`, `enabled`, \
`roles`, `access`, `expires_at`. PATCH is a JSON Merge Patch (RFC 7396). You can edit what GET returns and send it back: read-only members \
are accepted at their current values. An update that changes nothing keeps the revision.\n\n\
**Versions.** Responses have an `ETag`. Send it as `If-Match`, and the change is made only if the resource has not changed since; \
otherwise the response is a 412. `?dry_run=true` on PUT or PATCH of a credential reports what would change and whether the change \
widens access, and changes nothing.\n\n\
**Roles** are for the tenant's own APIs, which learn them from `/v1/verify`. `null` is full access to these APIs and must be sent \
explicitly; `[]` is no role. Roles give no rights in Postern.\n\n\
**Access** is what the credential can do in Postern: `none`, `verify`, `verify_all`, `read`, `edit` or `admin`.\n\n\
**Bodies** are strict JSON in UTF-8: at most 64 KiB, nested at most 32 levels deep, without duplicate members. Unknown members are \
rejected. An error is a problem document (RFC 9457) that lists every violation.";

const TAGS: [(&str, &str); 9] = [
    ("credentials", "API credentials of machines."),
    ("rotation", "Replace a secret. The old one stays valid for a grace period."),
    ("keyless", "Keys and trusts, by which a credential logs in without a secret."),
    ("self-service", "What a credential may do with itself, whatever its access."),
    ("history", "The audit log: every change, and the caller that made it."),
    ("principals", "Services, persons or teams, which credentials authenticate as."),
    ("tenants", "Organizations, which own principals and credentials."),
    ("verification", "Check whether a token is valid, its owner, and its roles."),
    ("health", "Check whether the service runs, and whether it can serve requests."),
];

/// The bodies whose members are fields.
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
    let mut operation = value!({ "operationId": id, "tags": [tag], "summary": summary, "description": description });
    let mut parameters: Vec<Value> = route.query.iter().map(|name| query_parameter(name, route.operation)).collect();
    let one = route.path.ends_with('}') || route.names().nth(1).is_some() && route.method == Method::Post;
    let takes_key = matches!(route.operation, Operation::Write(_, Verb::Create | Verb::Rotate));
    if one {
        parameters.push(reference("parameters/If-Match"));
        parameters.push(reference("parameters/If-None-Match"));
    }
    if takes_key && route.is_own() {
        let mut key = request_headers()["Idempotency-Key"].take();
        key["required"] = true.into();
        parameters.push(key);
    } else if takes_key {
        parameters.push(reference("parameters/Idempotency-Key"));
    }
    if matches!(route.operation, Operation::Authorize(_)) {
        parameters.push(reference("parameters/Postern-Verifier"));
    }
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    let has_body = described.body.is_some();
    if let Some(body) = described.body {
        operation["requestBody"] = body;
    }
    if matches!(route.operation, Operation::LogIn(_)) {
        operation["security"] = value!([{ "client": [] }, {}]);
    } else if matches!(route.operation, Operation::Ready(_)) {
        operation["security"] = value!([{ "bearer": [] }, {}]);
    } else if matches!(route.operation, Operation::Metadata(_) | Operation::Alive(_)) {
        operation["security"] = value!([]);
    }
    let schema = described.schema.map(|schema| schema(schemas));
    let dry = (route.dry_run.is_some() && described.status == "201").then(|| operations::dry_run(schemas));
    operation["responses"] = answers::responses(route, (described.status, described.about, schema), has_body, one);
    if let Some(dry) = dry {
        operation["responses"]["200"] = dry;
    }
    operation
}

fn query_parameter(name: &str, operation: Operation) -> Value {
    let text = || value!({ "type": "string" });
    let flag = || value!({ "type": "boolean" });
    let needs = || value!({ "type": "array", "items": { "type": "string", "minLength": 1 }, "minItems": 1, "maxItems": NEEDS_MAX });
    let time = || value!({ "type": "string", "format": "date-time" });
    let (schema, about) = match name {
        "limit" => {
            let schema =
                value!({ "type": "integer", "minimum": 1, "maximum": read::LIMIT_MAX, "default": read::LIMIT });
            (schema, "The maximum number of items.")
        }
        "cursor" => (
            text(),
            "The `next` of the previous page. It is valid only for this list, with the same `sort` and filters.",
        ),
        "sort" if matches!(operation, Operation::Page(Noun::Credential, _)) => (
            value!({ "type": "string", "enum": ["created", "-created", "name", "-name"] }),
            "The default is `created`, or `name` with a `name_prefix`. A minus reverses the order.",
        ),
        "sort" => {
            let schema = value!({ "type": "string", "enum": ["created", "-created"] });
            (schema, "The default is `created`. A minus reverses the order.")
        }
        "enabled" => (flag(), "Only enabled credentials, or only disabled ones."),
        "principal" => {
            (Id::json_schema(&mut SchemaGenerator::default()).to_value(), "Only credentials of this principal.")
        }
        "role" => {
            (text(), "Only credentials with this role on any resource. Credentials with full access do not match.")
        }
        "name_prefix" => (text(), "Only credentials whose name begins with this text."),
        "expires_before" => (time(), "Only credentials that expire before this time (1970 to 2255)."),
        "unused_since" => (time(), "Only credentials not used since this time, or never (1970 to 2255)."),
        "unrotated_since" => (time(), "Only credentials without a secret created since this time (1970 to 2255)."),
        "force" => (flag(), "Also delete the tenant's principals and credentials."),
        "all" => (
            needs(),
            "The token must have all of these roles: each a role, or a role, a resource and an instance, separated by one space.",
        ),
        "any" => (needs(), "The token must have one of these roles, spelled as in `all`."),
        "authenticated" => {
            (value!({ "type": "string", "enum": ["1"] }), "The token must be valid, whatever its roles.")
        }
        "tenant" => (
            value!({ "type": "string", "minLength": 1 }),
            "The id or the label of the tenant that the token must belong to.",
        ),
        "max_staleness_seconds" => (
            value!({ "type": "integer", "minimum": 0, "maximum": STALENESS_MAX }),
            "How many seconds old the answer may be, at most.",
        ),
        "dry_run" => (flag(), "Report what would change, and change nothing."),
        // tests/description fails on a parameter without a description.
        _ => (value!({}), ""),
    };
    let mut parameter = value!({ "name": name, "in": "query", "description": about, "schema": schema });
    if parameter["schema"]["type"] == "array" {
        // Repeated, one value each.
        parameter["style"] = "form".into();
        parameter["explode"] = true.into();
    }
    parameter
}

fn request_headers() -> Value {
    let tags = "One or more ETags, separated by commas; or `*`.";
    value!({
        "If-Match": {
            "name": "If-Match", "in": "header", "schema": { "type": "string" },
            "description": format!("Succeed only if the current version is one of these (RFC 9110 §13.1.1). {tags}"),
        },
        "If-None-Match": {
            "name": "If-None-Match", "in": "header", "schema": { "type": "string" },
            "description": format!("Succeed only if the current version is none of these (RFC 9110 §13.1.2); otherwise a GET returns 304. {tags}"),
        },
        "Postern-Verifier": {
            "name": "Postern-Verifier", "in": "header", "required": true, "schema": { "type": "string" },
            "description": "The proxy's own credential, as it would stand after `Bearer`: with access `verify`, sent once.",
        },
        "Idempotency-Key": {
            "name": "Idempotency-Key", "in": "header", "schema": { "type": "string", "pattern": "^[!-~]{1,255}$" },
            "description": "Makes a retry safe: for 24 hours, the same key and body return the same response, including the secret.",
        },
    })
}
