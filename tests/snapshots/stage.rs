//! A tenant with a credential in it, and a request of each face for each situation.

use postern::credential::id::Id;
use postern::request::BODY_MAX;
use postern::settings::Settings;
use postern::store::Fault;
use serde_json::{Value, json};

use crate::common::redacted::CHOSEN;
use crate::common::watched::{Noted, Wire};
use crate::common::{CLIENTS, ROOT, Reply, World, ZERO, client_url, litegraph_url, settings, text};

/// A request, as the redactor wants to see it, and what came back.
pub struct Exchange {
    pub method: &'static str,
    pub url: String,
    pub reply: Reply,
}

struct Request {
    method: &'static str,
    url: String,
    token: Option<String>,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Request {
    fn new(method: &'static str, url: &str, body: &Value) -> Self {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let headers = vec![("content-type", "application/json".to_owned()), ("x-postern-tenant", "acme".to_owned())];
        Self { method, url: url.to_owned(), token: Some(ROOT.to_owned()), headers, body }
    }

    fn by(self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self }
    }

    fn saying(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(header, _)| *header != name);
        self.headers.push((name, value.to_owned()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(header, _)| *header != name);
        self
    }
}

pub struct Stage {
    pub world: World,
    credentials: String,
    id: Id,
    /// The credential's own token; it is a viewer.
    own: String,
    admin: String,
    fault: Option<Fault>,
}

impl Stage {
    pub fn new() -> Self {
        let world = World::new();
        let (account, credentials) = world.service_account();
        let admin = world.caller(&["admin"]);
        let user = Id::parse(&account).unwrap().guid();
        let url = format!("/v1.0/tenants/{ZERO}/credentials");
        let made = world.call("PUT", &url, ROOT, &json!({"UserGUID": user, "Name": "the credential"})).json();
        let id = Id::parse_guid(&text(&made, "GUID")).unwrap();
        let described = json!({"description": "about it"});
        assert_eq!(world.call("PATCH", &format!("{credentials}/{id}"), ROOT, &described).status, 200);
        Self { world, credentials, id, own: text(&made, "BearerToken"), admin, fault: None }
    }

    /// What a face answers in a situation, if it can come into it.
    pub fn exchange(mut self, face: &str, situation: &str) -> Option<Exchange> {
        let request = self.request(face, situation)?;
        let Request { method, url, token, headers, body } = request;
        let authorization = token.map(|token| format!("Bearer {token}"));
        let mut headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        headers.extend(authorization.iter().map(|authorization| ("authorization", authorization.as_str())));
        let wire = self.fault.take().map_or_else(|| Wire::to(&self.world.db), Wire::failing);
        let reply = self.world.watch(&wire, method, &url, &Noted::of(&headers), &body).into();
        Some(Exchange { method, url, reply })
    }

    fn account(&self) -> String {
        self.credentials.split('/').nth(4).unwrap().to_owned()
    }

    fn user(&self) -> String {
        Id::parse(&self.account()).unwrap().guid()
    }

    fn create(&self, face: &str) -> Option<Request> {
        Some(match face {
            "coactive" => Request::new("POST", CLIENTS, &json!({"name": "new"})),
            "litegraph" => {
                let url = format!("/v1.0/tenants/{ZERO}/credentials");
                Request::new("PUT", &url, &json!({"UserGUID": self.user()}))
            }
            "keycard" => Request::new("POST", &self.credentials, &json!({"name": "new"})),
            _ => return None,
        })
    }

    /// The path of the credential, and a method that is its own on this face.
    fn update(&self, face: &str) -> Option<Request> {
        Some(match face {
            "coactive" => {
                let scoped = json!({"role_id": "editor", "resource": "dataset", "resource_instance": "d"});
                let roles = json!({"name": "renamed", "roles": [scoped, {"role_id": "viewer"}]});
                Request::new("PUT", &client_url(&self.id.client()), &roles)
            }
            "litegraph" => {
                let body = json!({"UserGUID": self.user(), "Name": "renamed", "Active": false});
                Request::new("PUT", &litegraph_url(&self.id), &body)
            }
            "keycard" => {
                let url = format!("{}/{}", self.credentials, self.id);
                Request::new("PATCH", &url, &json!({"name": "renamed", "description": null}))
            }
            _ => return None,
        })
    }

    fn read(&self, face: &str) -> Option<Request> {
        self.update(face).map(|update| Request { method: "GET", body: Vec::new(), ..update })
    }

    fn request(&mut self, face: &str, situation: &str) -> Option<Request> {
        let only = |name: &str, request: Request| (face == name).then_some(request);
        let updating = |body: &[u8]| self.update(face).map(|update| update.saying(body));
        match situation {
            "created" => self.create(face),
            "created with everything" => self.create_whole(face),
            "read" => self.read(face),
            "read with permissions" => {
                self.world.get(&format!("{}/{}", self.credentials, self.id), &self.own);
                let url = format!("{}/{}?expand[]=permissions", self.credentials, self.id);
                only("keycard", Request::new("GET", &url, &Value::Null).by(&self.own))
            }
            "updated" => self.update(face),
            "organization created" => only("keycard", organization()),
            "service account created" => only("keycard", accounts("acme")),
            "no route" => {
                let url = match face {
                    "coactive" => "/api/v1/nothing",
                    "litegraph" => "/v1.0/nothing",
                    "keycard" => "/organizations/acme/nothing",
                    _ => "/nothing",
                };
                Some(Request::new("GET", url, &Value::Null))
            }
            "another method" => self.read(face).map(|read| Request { method: "TRACE", ..read }),
            "another media type" => self.update(face).map(|update| update.with("content-type", "text/plain")),
            "too large" => updating(&vec![b' '; BODY_MAX + 1]),
            "not UTF-8" => updating(b"{\"name\":\"\xff\"}"),
            "not JSON" => updating(b"{\n  \"name\": }"),
            "too deep" => updating("[".repeat(33).as_bytes()),
            "member twice" => updating(br#"{"name":"a","name":"b"}"#),
            "no object" => updating(b"[]"),
            "client request id" => only("keycard", self.update(face)?.with("x-client-request-id", "not one")),
            "no token" => self.read(face).map(|read| Request { token: None, ..read }),
            "unknown token" => self.read(face).map(|read| read.by("nobody-has-this")),
            "inactive" => {
                self.world.db.execute("UPDATE credentials SET enabled = 0", &[]);
                self.read(face).map(|read| read.by(&self.admin))
            }
            "forbidden" => self.update(face).map(|update| update.by(&self.own)),
            "root alone" => only("keycard", organization().by(&self.admin)),
            "tenant not named" => only("coactive", self.read(face)?.without("x-postern-tenant")),
            "no such tenant" => match face {
                "coactive" => self.read(face).map(|read| read.with("x-postern-tenant", "nobody")),
                "keycard" => Some(accounts("nobody")),
                _ => self.create(face).map(|create| Request { url: create.url.replacen("0000", "aaaa", 1), ..create }),
            },
            "no such principal" => only("keycard", {
                let url = self.credentials.replace(&self.account(), "0000000000000000000000000a");
                Request { url, ..self.create(face)? }
            }),
            "no such credential" => self.read(face).map(|read| {
                // The last digit of either spelling.
                let url = format!("{}{}", &read.url[..read.url.len() - 1], u8::from(read.url.ends_with('0')));
                Request { url, ..read }
            }),
            "stale" => self.update(face).map(|update| update.with("if-match", &format!("\"{}.9\"", self.id))),
            "without If-Match" => {
                self.world.db.execute("UPDATE tenants SET preconditions = 1", &[]);
                self.update(face)
            }
            "violations" => self.violations(face),
            "unknown user" => only("litegraph", {
                let body = json!({"UserGUID": "aaaaaaaa-0000-0000-0000-00000000000a", "Name": "renamed"});
                self.update(face)?.saying(body.to_string())
            }),
            "no RBAC" => {
                self.world.db.execute("UPDATE tenants SET rbac = 0", &[]);
                only("coactive", self.update(face)?)
            }
            "id taken" => only("litegraph", {
                let body = json!({"GUID": self.id.guid(), "UserGUID": ZERO});
                self.create(face)?.saying(body.to_string())
            }),
            "token taken" => only("litegraph", {
                let body = json!({"UserGUID": ZERO, "BearerToken": self.own});
                self.create(face)?.saying(body.to_string())
            }),
            "misconfigured" => {
                self.world.settings = Settings::read(|_| None);
                self.read(face).or_else(|| Some(Request::new("GET", "/v1/tenants", &Value::Null)))
            }
            "a key that is none" => {
                self.world.settings = settings("abcd", None);
                only("postern", Request::new("GET", "/v1/tenants", &Value::Null))
            }
            "sealed under another key" => {
                self.world.settings = settings(&"ab".repeat(32), None);
                only("litegraph", self.read(face)?)
            }
            "database away" => {
                self.fault = Some(Fault::Unavailable("the network, at 10.0.0.1".to_owned()));
                self.read(face)
            }
            "bug of ours" => {
                self.fault = Some(Fault::Failed("near \"SELEC\": syntax error".to_owned()));
                self.read(face)
            }
            other => panic!("what is {other}?"),
        }
    }

    fn create_whole(&self, face: &str) -> Option<Request> {
        let create = self.create(face)?;
        let body = match face {
            "coactive" => json!({"name": "new \u{1f511} \"key\"", "roles": [
                {"role_id": "viewer", "resource": "dataset"},
                {"role_id": "editor", "resource": "dataset", "resource_instance": "d"},
                {"role_id": "admin", "resource": null},
            ]}),
            "litegraph" => {
                json!({"GUID": "AAAAAAAA-0000-7000-8000-000000000001", "UserGUID": self.user(),
                "Name": "new \u{1f511} \"key\"", "BearerToken": CHOSEN, "Active": false,
                "CreatedUtc": "2026-11-21T00:00:00.000001", "LastUpdateUtc": "2026-11-21T00:00:00Z"})
            }
            _ => json!({"name": "new \u{1f511} \"key\"", "description": "line, \u{e9}"}),
        };
        Some(create.saying(body.to_string()))
    }

    fn violations(&self, face: &str) -> Option<Request> {
        let body = match face {
            "coactive" => json!({
                "name": "n".repeat(256), "roles_context": "dataset:",
                "roles": [{}, {"role_id": 7}, "x", {"role_id": "owner"}, {"role_id": "admin", "resource_instance": "i"},
                    {"role_id": "", "resource": "\u{0}"}, {"role_id": null, "resource": "r".repeat(256)}],
            }),
            "litegraph" => json!({"Name": "", "Active": "yes", "BearerToken": "a b"}),
            _ => json!({"name": null, "description": "d".repeat(501)}),
        };
        Some(self.update(face)?.saying(body.to_string()))
    }
}

fn organization() -> Request {
    Request::new("POST", "/organizations", &json!({"name": "New Co."}))
}

fn accounts(label: &str) -> Request {
    let url = format!("/organizations/{label}/service-accounts");
    Request::new("POST", &url, &json!({"name": "robots", "description": "about them"}))
}
