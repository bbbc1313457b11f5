//! The description of this face (OpenAPI 3.1), made from what it describes, so that it cannot say anything else: the routes from
//! the table of routes, the answers from the types that are shown, and the bodies by asking the rules themselves what they take.
//! tests/description adds examples that it has executed, and keeps docs/openapi/postern.json.

#![expect(clippy::indexing_slicing, reason = "into objects that are made here, and on no request's way")]

mod answers;
mod body;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json as value};

use super::{problem, read};
use crate::credential::field::{Noun, Verb};
use crate::credential::id::Id;
use crate::face::oauth;
use crate::request::Method;
use crate::route::{Operation, ROUTES, Route};

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
        item[route.method.name().split(',').next().unwrap_or_default().to_lowercase()] = operation(route, &mut schemas);
    }
    let problem = schemas.subschema_for::<problem::Problem>();
    let error = schemas.subschema_for::<oauth::Error>();
    let mut components = schemas.take_definitions(true);
    for (noun, verb) in BODIES {
        let mut schema = body::of(noun, verb);
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

fn is_ours(route: &Route) -> bool {
    ["/v1/", "/oauth/", "/.well-known/"].iter().any(|prefix| route.path.starts_with(prefix))
}

fn path_parameters(route: &Route) -> Value {
    let id = Id::json_schema(&mut SchemaGenerator::default());
    route.names()
        .map(|name| value!({ "name": name, "in": "path", "required": true, "description": format!("The id of the {name}."), "schema": id }))
        .collect()
}

/// An operation's id, tag, and what it is, in few words and in more.
#[rustfmt::skip]
fn words(operation: Operation) -> [&'static str; 4] {
    use Noun::{Credential, Principal, Tenant};
    use Verb::{Create, Merge, Replace, Revoke, Rotate};
    match operation {
        Operation::Write(Tenant, Create) => ["create_tenant", "tenants", "Make a tenant", "For the root token alone."],
        Operation::Page(Tenant) => ["list_tenants", "tenants", "List tenants", "The root token sees all of them, anyone else its own."],
        Operation::Read(Tenant) => ["get_tenant", "tenants", "Show a tenant", "Shows it, and its ETag."],
        Operation::Write(Tenant, Replace) => ["replace_tenant", "tenants", "Replace a tenant",
            "All of its switches have to be said. The root token alone turns it off or on."],
        Operation::Write(Tenant, Merge) => ["update_tenant", "tenants", "Update a tenant", MERGE],
        Operation::Delete(Tenant) => ["delete_tenant", "tenants", "Delete a tenant",
            "For the root token alone. With all that it has, if `force` says so; its history stays."],
        Operation::Write(Principal, Create) => ["create_principal", "principals", "Make a principal", "For administrators."],
        Operation::Page(Principal) => ["list_principals", "principals", "List principals", "A page of them, in the order in which they were made."],
        Operation::Read(Principal) => ["get_principal", "principals", "Show a principal", "Shows it, and its ETag."],
        Operation::Write(Principal, Replace) => ["replace_principal", "principals", "Replace a principal",
            "`enabled` has to be said. Editors change name and description."],
        Operation::Write(Principal, Merge) => ["update_principal", "principals", "Update a principal", MERGE],
        Operation::Delete(Principal) => ["delete_principal", "principals", "Delete a principal", "With its credentials. The default one stays."],
        Operation::Write(Credential, Create) => ["create_credential", "credentials", "Make a credential",
            "Its secret is in this answer, and in no other. `roles` has to be said; without `principal` it is the default one's. \
            Made by a caller with an end, without a word on its own, it ends with its caller."],
        Operation::Page(Credential) => ["list_credentials", "credentials", "List credentials",
            "A page of them. Filters narrow it; however few pass, a page looks at a bounded number of credentials, and so may be \
            short, or empty, and have a `next` all the same."],
        Operation::Read(Credential) => ["get_credential", "credentials", "Show a credential",
            "Shows it, and its ETag. The secret is never shown again."],
        Operation::Write(Credential, Replace) => ["replace_credential", "credentials", "Replace a credential",
            "What would widen access by being left out has to be said, null aloud: `principal`, `enabled`, `roles`, `expires_at`. \
            The secrets stay."],
        Operation::Write(Credential, Merge) => ["update_credential", "credentials", "Update a credential",
            "A JSON Merge Patch (RFC 7396): what is not said stays, null clears, `metadata` is merged member by member."],
        Operation::Delete(Credential) => ["delete_credential", "credentials", "Delete a credential", "For good. Its history stays."],
        Operation::Write(Credential, Rotate) => ["rotate_credential", "rotation", "Begin a rotation",
            "Makes a new secret, shown in this answer alone. The old one holds for the grace period, and never longer than the \
            credential. Meanwhile, answers to who still calls with it have `Deprecation` and `Sunset`."],
        Operation::FinishRotation => ["finish_rotation", "rotation", "Finish a rotation", "The old secret ends now."],
        Operation::CancelRotation => ["cancel_rotation", "rotation", "Cancel a rotation", "The new secret ends now, and the old one stays."],
        Operation::Write(Credential, Revoke) => ["revoke_credential", "credentials", "Revoke a credential",
            "Beside `enabled`: no face but this one can lift it."],
        Operation::Restore => ["restore_credential", "credentials", "Restore a revoked credential",
            "Lifts the revocation; `enabled` is as it was."],
        Operation::History => ["list_events", "history", "Show the history",
            "Every change, newest first: who, when, in which request, which members before and after, and whether it widened \
            access. It outlives what it tells of."],
        Operation::Verify => ["verify", "verification", "Verify a token",
            "Is it good, whose is it, and may it do this? A token of another tenant is an unknown one. Nothing is kept anywhere, \
            so the answer is as fresh as it says."],
        Operation::LogIn => ["log_in", "verification", "Log in",
            "The client credentials grant (RFC 6749 §4.4). Without Basic authentication, the body says `client_id` and `client_secret`."],
        Operation::Metadata => ["server_metadata", "verification", "What this server is", "For OAuth clients (RFC 8414)."],
        // Of other faces.
        Operation::Write(..) | Operation::DeleteAll | Operation::List(_) | Operation::FindByToken | Operation::Roles => [""; 4],
    }
}

const MERGE: &str = "A JSON Merge Patch (RFC 7396): what is not said stays.";

fn operation(route: &Route, schemas: &mut SchemaGenerator) -> Value {
    let is_oauth = !route.path.starts_with("/v1/");
    let [_, tag, summary, description] = words(route.operation);
    let id = operation_id(route);
    let mut told = value!({ "operationId": id, "tags": [tag], "summary": summary, "description": description });
    let mut parameters: Vec<Value> =
        read::parameters(route.operation).iter().map(|name| query_parameter(name, route.operation)).collect();
    let one = route.path.ends_with('}') || route.names().nth(1).is_some() && route.method == Method::Post;
    let makes = matches!(route.operation, Operation::Write(_, Verb::Create));
    if one {
        parameters.push(reference("parameters/If-Match"));
        parameters.push(reference("parameters/If-None-Match"));
    }
    if makes && !is_oauth {
        parameters.push(reference("parameters/Idempotency-Key"));
    }
    if !parameters.is_empty() {
        told["parameters"] = parameters.into();
    }
    if let Some(body) = request_body(route, is_oauth) {
        told["requestBody"] = body;
    }
    if route.operation == Operation::LogIn {
        told["security"] = value!([{ "client": [] }, {}]);
    } else if route.operation == Operation::Metadata {
        told["security"] = value!([]);
    }
    told["responses"] = answers::of(route, schemas, one, is_oauth);
    told
}

fn reference(to: &str) -> Value {
    value!({ "$ref": format!("#/components/{to}") })
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
        "cursor" => (text(), "The `next` of the page before. It holds for the same `sort` alone."),
        "sort" if operation == Operation::Page(Noun::Credential) => (
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

fn operation_id(route: &Route) -> &'static str {
    match route.path {
        "/oauth/introspect" => "introspect",
        path if route.operation == Operation::History && path.contains("/credentials/") => "list_credential_events",
        _ => words(route.operation)[0],
    }
}

fn request_body(route: &Route, is_oauth: bool) -> Option<Value> {
    let content = |types: &[&str], schema: &Value| {
        let types =
            types.iter().map(|media| ((*media).to_owned(), value!({ "schema": schema }))).collect::<Map<_, _>>();
        Value::from(types)
    };
    let form = "application/x-www-form-urlencoded";
    Some(match route.operation {
        Operation::Write(noun, verb) => {
            let schema = reference(&format!("schemas/{}", body::name(noun, verb)));
            let types: &[&str] = if verb == Verb::Merge {
                &["application/merge-patch+json", "application/json"]
            } else {
                &["application/json"]
            };
            value!({ "required": verb != Verb::Revoke, "content": content(types, &schema) })
        }
        Operation::Verify if is_oauth => {
            let members = value!({
                "token": { "type": "string", "description": "The token." },
                "token_type_hint": { "type": "string", "description": "Not needed, and not looked at." },
            });
            let schema = value!({ "type": "object", "required": ["token"], "properties": members });
            value!({ "required": true, "content": content(&[form], &schema) })
        }
        Operation::Verify => {
            value!({ "required": true, "content": content(&["application/json"], &reference("schemas/Inquiry")) })
        }
        Operation::LogIn => {
            let members = value!({
                "grant_type": { "type": "string", "enum": ["client_credentials"] },
                "client_id": { "type": "string", "description": "`client_` and the credential's id." },
                "client_secret": { "type": "string", "description": "The credential's secret." },
            });
            let schema = value!({ "type": "object", "required": ["grant_type"], "properties": members });
            value!({ "required": true, "content": content(&[form], &schema) })
        }
        _ => return None,
    })
}
