//! What the tests of this folder say often: a credential of our own face, a request with headers, what a refusal told.
#![allow(dead_code, reason = "each module uses its own part of this")]

use postern::credential::id::Id;
use serde_json::{Value, json};

pub use support::{ACME, ROOT, Reply, START, World, text};

pub const TENANTS: &str = "/v1/tenants";
/// The tenant `acme`, its principals and its credentials.
pub const TENANT: &str = "/v1/tenants/00000000000000000000000000";
pub const PRINCIPALS: &str = "/v1/tenants/00000000000000000000000000/principals";
pub const CREDENTIALS: &str = "/v1/tenants/00000000000000000000000000/credentials";
/// Another tenant, once [`other_tenant`] has made it.
pub const OTHER: &str = "00000000000000000000000001";

pub const SECOND: i64 = 1_000_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// A credential made on our own face.
pub struct Made {
    pub id: String,
    pub url: String,
    pub secret: String,
    pub etag: String,
    pub body: Value,
}

impl Made {
    pub fn under(&self, step: &str) -> String {
        format!("{}/{step}", self.url)
    }

    /// The credential as LiteGraph's clients name it.
    pub fn litegraph(&self) -> String {
        let id = Id::parse(&self.id).expect("an id");
        support::litegraph_url(&id)
    }

    /// The credential as Coactive's clients name it.
    pub fn coactive(&self) -> String {
        support::client_url(&Id::parse(&self.id).expect("an id").client())
    }
}

/// A request with these headers besides the caller's token.
pub fn send(world: &World, method: &str, url: &str, token: &str, headers: &[(&str, &str)], body: &Value) -> Reply {
    let authorization = format!("Bearer {token}");
    let mut all = vec![("authorization", authorization.as_str()), ("x-postern-tenant", "acme")];
    all.extend(headers);
    let body = if body.is_null() { String::new() } else { body.to_string() };
    world.send(method, url, &all, body.as_bytes())
}

/// Makes a credential in `acme`.
pub fn make(world: &World, body: &Value) -> Made {
    make_by(world, ROOT, body)
}

pub fn make_by(world: &World, token: &str, body: &Value) -> Made {
    let reply = world.call("POST", CREDENTIALS, token, body);
    assert_eq!(reply.status, 201, "{}", reply.text);
    let body = reply.json();
    let id = text(&body, "id");
    Made { url: format!("{CREDENTIALS}/{id}"), id, secret: text(&body, "secret"), etag: reply.etag().to_owned(), body }
}

/// A credential with a viewer's role.
pub fn plain(world: &World) -> Made {
    make(world, &json!({ "name": "plain", "roles": [{ "role_id": "viewer" }] }))
}

/// Its body as it now is.
pub fn read(world: &World, url: &str) -> Value {
    let reply = world.get(url, ROOT);
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()
}

/// The whole of what PUT has to say, with these members in place of the usual ones.
pub fn whole(members: Value) -> Value {
    let mut body = json!({
        "principal": ACME, "name": "plain", "description": null, "enabled": true,
        "roles": [{ "role_id": "viewer" }], "expires_at": null, "metadata": {},
    });
    let Value::Object(members) = members else { panic!("members") };
    for (name, value) in members {
        body[name] = value;
    }
    body
}

/// A body without one member.
pub fn without(body: &Value, member: &str) -> Value {
    let mut body = body.clone();
    body.as_object_mut().expect("an object").remove(member).unwrap_or_else(|| panic!("no {member}"));
    body
}

/// What a 422 told: pointers and codes, in their order.
pub fn violations(reply: &Reply) -> Vec<(String, String)> {
    assert_eq!(reply.status, 422, "{}", reply.text);
    assert_eq!(reply.header("content-type"), Some("application/problem+json"));
    let told = reply.json();
    let list = told["violations"].as_array().unwrap_or_else(|| panic!("no violations in {told}"));
    list.iter().map(|one| (text(one, "pointer"), text(one, "code"))).collect()
}

pub fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(pointer, code)| ((*pointer).to_owned(), (*code).to_owned())).collect()
}

/// The status and the code of a refusal.
pub fn refusal(reply: &Reply) -> (u16, String) {
    (reply.status, text(&reply.json(), "code"))
}

pub fn is(reply: &Reply, status: u16, code: &str) {
    assert_eq!(refusal(reply), (status, code.to_owned()), "{}", reply.text);
}

/// The answer came in one trip to the database.
pub fn one_trip(reply: &Reply) {
    assert_eq!(reply.cost.trips, 1, "{}", reply.text);
}

/// A second tenant, `other`, and an admin of it.
pub fn other_tenant(world: &World) -> String {
    world.tenant(OTHER, "other");
    world.client_in("other", &json!({ "name": "stranger" })).1
}

/// A time as our own face tells it.
pub fn time(micros: i64) -> String {
    postern::credential::time::Micros(micros).microseconds()
}

/// Whether a secret is a caller at all: it may at least ask for what it may not do.
pub fn holds(world: &World, secret: &str) -> bool {
    let reply = world.call("POST", "/v1/verify", secret, &json!({ "token": "nothing" }));
    assert!([200, 401, 403].contains(&reply.status), "{}", reply.text);
    reply.status != 401
}
