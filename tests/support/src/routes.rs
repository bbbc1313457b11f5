//! Requests made from `ROUTES`, so that a test of every route includes new routes.

use data_encoding::BASE64URL_NOPAD;
use postern::credential::field::{Noun, Verb};
use postern::credential::id::Id;
use postern::credential::means::{Means, id};
use postern::jwt::jwk::Jwk;
use postern::route::{Operation, ROUTES, Route};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::client::{Call, OAUTH_TOKEN, Reply, TOKEN, call};
use crate::face::Face::{self, Coactive, Keycard, LiteGraph, Postern};
use crate::face::roles;
use crate::tenant::{Tenant, nobody, read_id, text};

/// Values for the variable segments of a path.
#[derive(Clone)]
pub struct PathIds<'a> {
    pub tenant: &'a Tenant<'a>,
    pub account: Id,
    pub credential: Id,
    /// The credential's BearerToken.
    pub token: String,
}

impl<'a> PathIds<'a> {
    /// Creates a service account and a credential that every face reaches, and that LiteGraph finds by its token.
    pub fn new(tenant: &'a Tenant<'a>) -> Self {
        let account = tenant.account();
        let body = json!({ "UserGUID": account.guid(), "Name": "place" });
        let made =
            call("PUT", tenant.all(LiteGraph)).token(&tenant.admin).json(&body).send(tenant.client).expect(200).json();
        Self { tenant, account, credential: read_id(&made["GUID"]), token: text(&made["BearerToken"]) }
    }

    /// Ids that do not exist in the tenant.
    pub fn missing(tenant: &'a Tenant<'a>) -> Self {
        Self { tenant, account: nobody(), credential: nobody(), token: "of-nobody".to_owned() }
    }
}

/// The method of a route; GET for a route that also accepts HEAD.
pub fn method(route: &Route) -> &'static str {
    route.method.allow().split(',').next().expect("a method")
}

/// Method and path of a route.
pub fn title(route: &Route) -> String {
    format!("{} {}", method(route), route.path)
}

/// Whether a path has the segments of a pattern, whose variable segments match any.
pub fn fits(pattern: &str, path: &str) -> bool {
    let segments = |path: &str| path.split('/').count();
    let fits = |(one, given): (&str, &str)| one == given || one.starts_with('{');
    segments(pattern) == segments(path) && pattern.split('/').zip(path.split('/')).all(fits)
}

/// The face whose tests cover a route. OAuth's routes count as Keycard's, whose clients log in at one of them.
pub fn face(route: &Route) -> Face {
    match route.path.split('/').nth(1) {
        Some("api") => Coactive,
        Some("v1.0" | "v2.0") => LiteGraph,
        Some("v1" | "healthz" | "readyz") => Postern,
        _ => Keycard,
    }
}

/// Whether a route changes nothing: a GET, or a question by POST. Logging in issues a token, so it is not a read.
pub fn reads(route: &Route) -> bool {
    method(route) == "GET" || matches!(route.operation, Operation::Page(..) | Operation::Verify(_))
}

/// Whether a route authenticates its caller, and so uses the database in every request. The OAuth metadata and the health are
/// public.
pub fn uses_database(route: &Route) -> bool {
    !matches!(route.operation, Operation::Metadata(_) | Operation::Alive(_) | Operation::Ready(_))
}

/// Whether the route takes a form and returns errors of OAuth.
pub fn takes_form(route: &Route) -> bool {
    [TOKEN, OAUTH_TOKEN, "/oauth/introspect"].contains(&route.path)
}

/// The query that deletes a tenant with its contents, or that asks only for a valid token; empty for other routes.
pub fn forced(route: &Route) -> &'static str {
    match (route.operation, face(route)) {
        (Operation::Authorize(_), _) => "?authenticated=1",
        (Operation::Delete(Noun::Tenant), Postern) => "?force=true",
        (Operation::Delete(Noun::Tenant), _) => "?force",
        _ => "",
    }
}

/// Whether a proxy asks by this route about the request of its client. A refused caller is then a 503.
pub fn authorizes(route: &Route) -> bool {
    matches!(route.operation, Operation::Authorize(_))
}

/// The step on the Postern face that must precede this route, and its body.
pub fn step_before(route: &Route) -> Option<(&'static str, Value)> {
    match route.operation {
        Operation::FinishRotation | Operation::CancelRotation => Some(("rotate", json!({ "grace_seconds": 3600 }))),
        Operation::Restore => Some(("revoke", json!({}))),
        Operation::RemoveMeans(means) => Some((means.member(), means_body(means, "to be removed"))),
        _ => None,
    }
}

/// An id in the spelling of the route's face.
pub fn spell(route: &Route, id: Id) -> String {
    face(route).spell(id)
}

/// The path of a route for these ids.
pub fn path(route: &Route, ids: &PathIds) -> String {
    route.url(|name| match name {
        "tenant" if face(route) == Keycard => ids.tenant.label.clone(),
        "tenant" => spell(route, ids.tenant.id),
        "principal" => spell(route, ids.account),
        "credential" => spell(route, ids.credential),
        "key" => means_id(Means::Key),
        "trust" => means_id(Means::Trust),
        _ => ids.token.clone(),
    })
}

/// A valid, unauthenticated request of a route. Pages have a limit of one item; a tenant is deleted with its contents.
pub fn request(route: &Route, ids: &PathIds) -> Call {
    let path = path(route, ids);
    let query = match (route.operation, face(route)) {
        (Operation::Page(..), Keycard | Postern) | (Operation::History(_), _) => "?limit=1",
        (Operation::Page(..), _) if method(route) == "GET" => "?max-keys=1",
        _ => forced(route),
    };
    let mut request = call(method(route), format!("{path}{query}"));
    if requires_key(route) {
        request = request.header("idempotency-key", "once");
    }
    if authorizes(route) {
        request = request.asking_about(&ids.token);
    }
    match body(route, ids) {
        Some(body) => request.json(&body),
        None => form(route, &ids.token).map_or(request.clone(), |form| request.form(&form)),
    }
}

pub fn body(route: &Route, ids: &PathIds) -> Option<Value> {
    // Every name is different, so that tenants' labels get no number.
    body_of(route, &format!("{} {}", title(route), ids.credential), ids.account, &ids.token)
}

/// The form of a route for this token; `None` if the route takes no form.
pub fn form(route: &Route, token: &str) -> Option<String> {
    takes_form(route).then(|| match route.operation {
        Operation::Verify(_) => format!("token={token}"),
        _ => "grant_type=client_credentials".to_owned(),
    })
}

/// The JSON body of a route with this name, account or token; `None` if the route takes no JSON.
pub fn body_of(route: &Route, name: &str, account: Id, token: &str) -> Option<Value> {
    match (route.operation, face(route)) {
        (Operation::Write(Noun::Credential, _), LiteGraph) => Some(json!({ "UserGUID": account.guid(), "Name": name })),
        (Operation::Write(Noun::Principal, _), LiteGraph) => Some(json!({ "FirstName": name })),
        (Operation::Write(Noun::Tenant, _), LiteGraph) => Some(json!({ "Name": name })),
        (Operation::Write(noun, verb), Postern) => Some(postern_body(noun, verb, name, account)),
        (Operation::Write(..), _) => Some(json!({ "name": name })),
        (Operation::AddMeans(means, _), _) => Some(means_body(means, name)),
        (Operation::Verify(_), Postern) => Some(inquiry(route, &json!({ "token": token }))),
        (Operation::LogIn(_), Coactive) => Some(json!({ "grant_type": "client_credentials" })),
        (Operation::Page(..), _) if method(route) == "POST" => Some(json!({ "MaxResults": 1 })),
        _ => None,
    }
}

/// A body that adds a key or a trust, another for each name.
pub fn means_body(means: Means, name: &str) -> Value {
    match means {
        Means::Key => {
            json!({ "jwk": { "kty": "OKP", "crv": "Ed25519", "x": BASE64URL_NOPAD.encode(digest(&SHA256, name.as_bytes()).as_ref()) } })
        }
        Means::Trust => {
            json!({ "issuer": "https://issuer.example", "subject": name, "audience": "https://postern.example" })
        }
    }
}

/// The id of the key or trust that `step_before` adds.
pub fn means_id(means: Means) -> String {
    let mut body = means_body(means, "to be removed");
    if let Some(jwk) = body.get_mut("jwk") {
        *jwk = Jwk::from_json(jwk).expect("a key").into();
    }
    id(body.as_object().expect("an object")).to_string()
}

/// The body that verifies one token, on this route of the Postern face.
pub fn inquiry(route: &Route, one: &Value) -> Value {
    if route.path.ends_with("/batch") { json!({ "items": [one] }) } else { one.clone() }
}

/// A body of the Postern face. A PUT has every required member.
fn postern_body(noun: Noun, verb: Verb, name: &str, account: Id) -> Value {
    match (noun, verb) {
        (_, Verb::Rotate) => json!({ "grace_seconds": 300 }),
        (_, Verb::Revoke) => json!({ "reason": name }),
        (Noun::Credential, Verb::Create) => json!({ "name": name, "roles": roles(&["viewer"]) }),
        (Noun::Credential, Verb::Replace) => json!({
            "name": name, "principal": account, "enabled": true, "roles": roles(&["viewer"]), "access": "read",
            "expires_at": null,
        }),
        (Noun::Principal, Verb::Replace) => json!({ "name": name, "enabled": true }),
        (Noun::Tenant, Verb::Replace) => json!({
            "name": name, "enabled": true, "rbac": true, "require_if_match": false, "role_names": ["admin", "viewer"],
        }),
        _ => json!({ "name": name }),
    }
}

/// Whether a route requires an `Idempotency-Key`.
pub fn requires_key(route: &Route) -> bool {
    route.is_own() && matches!(route.operation, Operation::Write(_, Verb::Rotate))
}

/// [`request`] by a caller with the required right: the tenant's admin, root if only root may, or the credential that
/// logs in or is the caller's own.
pub fn permitted(route: &Route, ids: &PathIds) -> Call {
    let request = request(route, ids);
    match route.operation {
        Operation::Write(Noun::Tenant, Verb::Create) | Operation::Delete(Noun::Tenant) => request.by_root(),
        Operation::LogIn(_) => request.basic(&format!("{}:{}", ids.credential.client(), ids.token)),
        _ if route.is_own() => request.token(&ids.token),
        _ => request.token(&ids.tenant.admin),
    }
}

/// The status of a successful response.
pub fn status(route: &Route) -> u16 {
    match (route.operation, face(route)) {
        (Operation::Write(_, Verb::Create), face) => face.created(),
        (Operation::AddMeans(..), _) => 201,
        (Operation::RemoveMeans(_), _) | (Operation::Delete(_), Keycard | Postern) => 204,
        _ => 200,
    }
}

/// Sends [`permitted`], after the steps that must precede it, and asserts success.
pub fn done(route: &Route, ids: &PathIds) -> Reply {
    prepare(route, ids);
    permitted(route, ids).send(ids.tenant.client).expect(status(route))
}

/// Sends the steps that must precede [`permitted`].
pub fn prepare(route: &Route, ids: &PathIds) {
    if let Some((step, body)) = step_before(route) {
        let path = format!("{}/{step}", ids.tenant.one(Postern, ids.credential));
        call("POST", path).token(&ids.tenant.admin).json(&body).send(ids.tenant.client).succeeded();
    }
    if requires_key(route) {
        let one = ids.tenant.one(Postern, ids.credential);
        ids.tenant.send("PATCH", one, &json!({ "self_rotate": true })).expect(200);
    }
}

/// The routes that only read.
pub fn reading() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(|route| reads(route))
}
