//! Requests made from the table of routes, so that a test of every route is one of a new route too.

use postern::credential::field::{Noun, Verb};
use postern::credential::id::Id;
use postern::route::{Operation, ROUTES, Route};
use serde_json::{Value, json};

use crate::client::{Call, OAUTH_TOKEN, Reply, TOKEN, call};
use crate::face::Face::{self, Coactive, Keycard, LiteGraph, Postern};
use crate::face::roles;
use crate::tenant::{Tenant, nobody, read_id, text};

/// What the variable segments of a path stand for.
#[derive(Clone)]
pub struct PathIds<'a> {
    pub tenant: &'a Tenant<'a>,
    pub account: Id,
    pub credential: Id,
    /// The credential's BearerToken.
    pub token: String,
}

impl<'a> PathIds<'a> {
    /// A new service account, and a new credential of it that each face reaches and that LiteGraph finds by its token.
    pub fn new(tenant: &'a Tenant<'a>) -> Self {
        let account = tenant.account();
        let body = json!({ "UserGUID": account.guid(), "Name": "place" });
        let made =
            call("PUT", tenant.all(LiteGraph)).token(&tenant.admin).json(&body).send(tenant.client).expect(200).json();
        Self { tenant, account, credential: read_id(&made["GUID"]), token: text(&made["BearerToken"]) }
    }

    /// Where nothing is, in a tenant.
    pub fn missing(tenant: &'a Tenant<'a>) -> Self {
        Self { tenant, account: nobody(), credential: nobody(), token: "of-nobody".to_owned() }
    }
}

/// A route's method, which for a GET is HEAD as well.
pub fn method(route: &Route) -> &'static str {
    route.method.name().split(',').next().expect("a method")
}

/// What the table has for a route: its method and its path.
pub fn title(route: &Route) -> String {
    format!("{} {}", method(route), route.path)
}

/// The face whose tests a route is for. Those of OAuth are in a house of their own; Keycard's clients log in at one of them.
pub fn face(route: &Route) -> Face {
    match route.path.split('/').nth(1) {
        Some("api") => Coactive,
        Some("v1.0" | "v2.0") => LiteGraph,
        Some("v1") => Postern,
        _ => Keycard,
    }
}

/// Whether a route changes nothing. To log in is none of them: what it shows is new.
pub fn reads(route: &Route) -> bool {
    use Operation::{
        CancelRotation, Delete, DeleteAll, FindByToken, FinishRotation, History, List, LogIn, Metadata, Page, Read,
        Restore, Roles, Verify, Write,
    };
    match route.operation {
        Read(_) | List(..) | Page(..) | FindByToken | Roles(_) | History(_) | Verify(_) | Metadata(_) => true,
        Write(..) | Delete(_) | DeleteAll | FinishRotation | CancelRotation | Restore | LogIn(_) => false,
    }
}

/// Whether a route asks who calls, and so the database. One does not: what this server is, is no secret.
pub fn asks(route: &Route) -> bool {
    !matches!(route.operation, Operation::Metadata(_))
}

/// Whether the route's body is a form, and its refusals are those of OAuth.
pub fn takes_form(route: &Route) -> bool {
    [TOKEN, OAUTH_TOKEN, "/oauth/introspect"].contains(&route.path)
}

/// The query that says that a tenant goes with all that it has.
pub fn forced(route: &Route) -> &'static str {
    match (route.operation, face(route)) {
        (Operation::Delete(Noun::Tenant), Postern) => "?force=true",
        (Operation::Delete(Noun::Tenant), _) => "?force",
        _ => "",
    }
}

/// What has to be done to a credential before a route can end it: the step of our own face, and its body.
pub fn step_before(route: &Route) -> Option<(&'static str, Value)> {
    match route.operation {
        Operation::FinishRotation | Operation::CancelRotation => Some(("rotate", json!({ "grace_seconds": 3600 }))),
        Operation::Restore => Some(("revoke", json!({}))),
        _ => None,
    }
}

/// An id as the route's face spells it.
pub fn spell(route: &Route, id: Id) -> String {
    face(route).spell(id)
}

/// A route's path that leads to a place.
pub fn path(route: &Route, place: &PathIds) -> String {
    route.url(|name| match name {
        "tenant" if face(route) == Keycard => place.tenant.label.clone(),
        "tenant" => spell(route, place.tenant.id),
        "principal" => spell(route, place.account),
        "credential" => spell(route, place.credential),
        _ => place.token.clone(),
    })
}

/// A request of a route, with a body that it takes and no caller; of a page, one that asks for one item; of a tenant's
/// deletion, one that takes all with it.
pub fn request(route: &Route, place: &PathIds) -> Call {
    let path = path(route, place);
    let query = match (route.operation, face(route)) {
        (Operation::Page(..), Keycard | Postern) | (Operation::History(_), _) => "?limit=1",
        (Operation::Page(..), _) if method(route) == "GET" => "?max-keys=1",
        _ => forced(route),
    };
    let request = call(method(route), format!("{path}{query}"));
    match body(route, place) {
        Some(body) => request.json(&body),
        None => form(route, &place.token).map_or(request.clone(), |form| request.form(&form)),
    }
}

pub fn body(route: &Route, place: &PathIds) -> Option<Value> {
    // Of no two the same, so that no tenant's label is numbered.
    body_of(route, &format!("{} {}", title(route), place.credential), place.account, &place.token)
}

/// The form that a route takes, about this token.
pub fn form(route: &Route, token: &str) -> Option<String> {
    takes_form(route).then(|| match route.operation {
        Operation::Verify(_) => format!("token={token}"),
        _ => "grant_type=client_credentials".to_owned(),
    })
}

/// The JSON that a route takes, which gives this name, account or token.
pub fn body_of(route: &Route, name: &str, account: Id, token: &str) -> Option<Value> {
    match (route.operation, face(route)) {
        (Operation::Write(Noun::Credential, _), LiteGraph) => Some(json!({ "UserGUID": account.guid(), "Name": name })),
        (Operation::Write(Noun::Principal, _), LiteGraph) => Some(json!({ "FirstName": name })),
        (Operation::Write(Noun::Tenant, _), LiteGraph) => Some(json!({ "Name": name })),
        (Operation::Write(noun, verb), Postern) => Some(ours(noun, verb, name, account)),
        (Operation::Write(..), _) => Some(json!({ "name": name })),
        (Operation::Verify(_), Postern) => Some(json!({ "token": token })),
        (Operation::LogIn(_), Coactive) => Some(json!({ "grant_type": "client_credentials" })),
        (Operation::Page(..), _) if method(route) == "POST" => Some(json!({ "MaxResults": 1 })),
        _ => None,
    }
}

/// A body of our own face, which wants all said that a PUT could lose.
fn ours(noun: Noun, verb: Verb, name: &str, account: Id) -> Value {
    match (noun, verb) {
        (_, Verb::Rotate) => json!({ "grace_seconds": 60 }),
        (_, Verb::Revoke) => json!({ "reason": name }),
        (Noun::Credential, Verb::Create) => json!({ "name": name, "roles": roles(&["viewer"]) }),
        (Noun::Credential, Verb::Replace) => json!({
            "name": name, "principal": account, "enabled": true, "roles": roles(&["viewer"]), "expires_at": null,
        }),
        (Noun::Principal, Verb::Replace) => json!({ "name": name, "enabled": true }),
        (Noun::Tenant, Verb::Replace) => json!({
            "name": name, "enabled": true, "rbac": true, "require_if_match": false, "role_names": ["admin", "viewer"],
        }),
        _ => json!({ "name": name }),
    }
}

/// The same, by who may do it: the tenant's admin, or root where it alone may, or the credential that logs in.
pub fn permitted(route: &Route, place: &PathIds) -> Call {
    let request = request(route, place);
    match route.operation {
        Operation::Write(Noun::Tenant, Verb::Create) | Operation::Delete(Noun::Tenant) => request.by_root(),
        Operation::LogIn(_) => request.basic(&format!("{}:{}", place.credential.client(), place.token)),
        _ => request.token(&place.tenant.admin),
    }
}

/// What it is answered where all is well.
pub fn status(route: &Route) -> u16 {
    match (route.operation, face(route)) {
        (Operation::Write(_, Verb::Create), face) => face.created(),
        (Operation::Delete(_), Keycard | Postern) => 204,
        _ => 200,
    }
}

/// Sends it, and gives the answer that is expected. What ends something is sent once that has begun.
pub fn done(route: &Route, place: &PathIds) -> Reply {
    if let Some((step, body)) = step_before(route) {
        let path = format!("{}/{step}", place.tenant.one(Postern, place.credential));
        call("POST", path).token(&place.tenant.admin).json(&body).send(place.tenant.client).expect(200);
    }
    permitted(route, place).send(place.tenant.client).expect(status(route))
}

/// The routes that read.
pub fn reading() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(|route| reads(route))
}
