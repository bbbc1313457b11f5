//! A tenant with a credential, and a request on each face for each situation.

use data_encoding::BASE64;
use postern::credential::field::Noun;
use postern::credential::id::Id;
use postern::store::Fault;
use serde_json::{Value, json};

use crate::{keyless, listed, parents, refused, rotating, shown, verified, violations};
use support::watched::{Noted, Wire};
use support::{ACME, CLIENTS, ROOT, Reply, START, World, ZERO, client_url, litegraph_url, text};

/// The tenant `acme`, on our own face.
pub const OURS: &str = "/v1/tenants/00000000000000000000000000";

/// A request, in the parts that are redacted, and its response.
pub struct Exchange {
    pub method: &'static str,
    pub url: String,
    pub reply: Reply,
    /// The time after the response.
    pub now: i64,
}

pub struct Request {
    pub method: &'static str,
    pub url: String,
    authorization: Option<String>,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Request {
    pub fn new(method: &'static str, url: &str, body: &Value) -> Self {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let headers = vec![("content-type", "application/json".to_owned()), ("x-postern-tenant", "acme".to_owned())];
        Self { method, url: url.to_owned(), authorization: None, headers, body }.by(ROOT)
    }

    pub fn get(url: &str) -> Self {
        Self::new("GET", url, &Value::Null)
    }

    pub fn delete(url: &str) -> Self {
        Self::new("DELETE", url, &Value::Null)
    }

    pub fn by(self, token: &str) -> Self {
        Self { authorization: Some(format!("Bearer {token}")), ..self }
    }

    pub fn by_basic(self, client: &str, secret: &str) -> Self {
        let pair = BASE64.encode(format!("{client}:{secret}").as_bytes());
        Self { authorization: Some(format!("Basic {pair}")), ..self }
    }

    pub fn by_nobody(self) -> Self {
        Self { authorization: None, ..self }
    }

    pub fn at(self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self }
    }

    pub fn method(self, method: &'static str) -> Self {
        Self { method, ..self }
    }

    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    pub fn json(self, body: &Value) -> Self {
        self.body(body.to_string())
    }

    pub fn query(self, query: &str) -> Self {
        Self { url: format!("{}?{query}", self.url), ..self }
    }

    pub fn with(self, name: &'static str, value: &str) -> Self {
        let mut request = self.without(name);
        request.headers.push((name, value.to_owned()));
        request
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(header, _)| *header != name);
        self
    }

    /// The same request for another id, in either spelling: the last digit differs.
    pub fn of_another(self) -> Self {
        let url = format!("{}{}", &self.url[..self.url.len() - 1], u8::from(self.url.ends_with('0')));
        Self { url, ..self }
    }
}

pub struct Stage {
    pub world: World,
    /// A user, who is a service account.
    pub user: Id,
    /// The path of the user's credentials on Keycard's face.
    pub credentials: String,
    /// One of these credentials.
    pub id: Id,
    /// The credential's token; the credential is a viewer.
    pub own: String,
    /// An admin's client id and secret.
    pub admin: (String, String),
    pub fault: Option<Fault>,
    /// Whether the rate limiter reports too many failures.
    pub over: bool,
}

/// Related situations: their names, and the request of a face that leads to one, if the face can get into it.
pub struct Scene {
    /// Separated by commas.
    pub situations: &'static str,
    pub request: fn(&mut Stage, face: &str, situation: &str) -> Option<Request>,
}

impl Scene {
    pub fn situations(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.situations.split(", ")
    }
}

pub const SCENES: [Scene; 8] = [
    shown::SCENE,
    rotating::SCENE,
    verified::SCENE,
    listed::SCENE,
    parents::SCENE,
    refused::SCENE,
    violations::SCENE,
    keyless::SCENE,
];

impl Stage {
    pub fn new() -> Self {
        let world = World::new();
        // The tenant is as old as the test, and so is its default principal.
        world.db.execute("UPDATE tenants SET created_at = ?1, updated_at = ?1", &[&START]);
        world.db.execute("UPDATE principals SET created_at = ?1, updated_at = ?1", &[&START]);
        let described = |url: &str, members: Value| {
            assert_eq!(world.call("PATCH", url, ROOT, &members).status, 200);
        };
        let user = json!({"FirstName": "Ada", "LastName": "Lovelace", "Email": "ada@example.com"});
        let (user, _) = world.put(&format!("/v1.0/tenants/{ZERO}/users"), &user);
        let account = format!("/organizations/acme/service-accounts/{user}");
        described(&account, json!({"description": "about it"}));
        let credentials = format!("{account}/credentials");
        let admin = world.client(&json!({"name": "caller", "roles": [{"role_id": "admin"}]}));
        let url = format!("/v1.0/tenants/{ZERO}/credentials");
        let (id, body) = world.put(&url, &json!({"UserGUID": user.guid(), "Name": "the credential"}));
        described(&format!("{OURS}/credentials/{id}"), json!({"description": "about it", "access": "read"}));
        Self { user, credentials, id, own: text(&body, "BearerToken"), admin, fault: None, over: false, world }
    }

    /// The exchange of a face in a situation, if the face can get into it.
    pub fn exchange(mut self, face: &str, situation: &str) -> Option<Exchange> {
        let scene = SCENES.into_iter().find(|scene| scene.situations().any(|name| name == situation));
        let request =
            (scene.unwrap_or_else(|| panic!("unknown situation {situation}")).request)(&mut self, face, situation)?;
        let wire = self.fault.take().map_or_else(|| Wire::to(&self.world.db), Wire::failing);
        let reply = self.over(&wire, &request);
        let Request { method, url, .. } = request;
        Some(Exchange { method, url, reply, now: self.world.now.get() })
    }

    /// Sends a request in preparation of the one in the snapshot.
    pub fn send(&self, request: &Request) -> Reply {
        self.over(&Wire::to(&self.world.db), request)
    }

    fn over(&self, wire: &Wire<'_>, request: &Request) -> Reply {
        let Request { method, url, authorization, headers, body } = request;
        let mut headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        headers.extend(authorization.iter().map(|authorization| ("authorization", authorization.as_str())));
        let mut done = self.world.watch(wire, method, url, &Noted::of(&headers), body);
        if let Some(failed) = done.failed.take_if(|_| self.over) {
            done.answer = failed.instead;
        }
        done.into()
    }

    pub fn create(&self, face: &str) -> Option<Request> {
        Some(match face {
            "coactive" => Request::new("POST", CLIENTS, &json!({"name": "new"})),
            "litegraph" => {
                let url = format!("/v1.0/tenants/{ZERO}/credentials");
                Request::new("PUT", &url, &json!({"UserGUID": self.user.guid()}))
            }
            "keycard" => Request::new("POST", &self.credentials, &json!({"name": "new"})),
            "postern" => {
                let body = json!({"name": "new", "roles": [{"role_id": "viewer"}]});
                Request::new("POST", &format!("{OURS}/credentials"), &body)
            }
            _ => return None,
        })
    }

    /// An update of the credential, with a method of the face.
    pub fn update(&self, face: &str) -> Option<Request> {
        Some(match face {
            "coactive" => {
                let scoped = json!({"role_id": "editor", "resource": "dataset", "resource_instance": "d"});
                let roles = json!({"name": "renamed", "roles": [scoped, {"role_id": "viewer"}]});
                Request::new("PUT", &client_url(&self.id.client()), &roles)
            }
            "litegraph" => {
                let body = json!({"UserGUID": self.user.guid(), "Name": "renamed", "Active": false});
                Request::new("PUT", &litegraph_url(&self.id), &body)
            }
            "keycard" => {
                let url = format!("{}/{}", self.credentials, self.id);
                Request::new("PATCH", &url, &json!({"name": "renamed", "description": null}))
            }
            "postern" => Request::new("PUT", &self.ours(""), &self.whole()),
            _ => return None,
        })
    }

    /// The path of the credential on our own face, followed by `step`.
    pub fn ours(&self, step: &str) -> String {
        format!("{OURS}/credentials/{}{step}", self.id)
    }

    /// A complete credential of our own face.
    pub fn whole(&self) -> Value {
        json!({
            "principal": self.user, "name": "renamed", "description": null, "enabled": false,
            "roles": [{"role_id": "editor", "resource": "dataset", "resource_instance": "d"}, {"role_id": "viewer"}],
            "access": "read", "expires_at": "2027-01-01T00:00:00Z", "metadata": {"team": "search", "cost centre": "4711"},
        })
    }

    /// The same, enabled.
    pub fn whole_and_enabled(&self) -> Value {
        let mut whole = self.whole();
        whole["enabled"] = true.into();
        whole
    }

    /// Root changes the credential on our own face: by a PATCH with a body, or by a step.
    pub fn change(&self, step: &str, body: &Value) -> Value {
        let method = if step.is_empty() { "PATCH" } else { "POST" };
        let changed = self.world.call(method, &self.ours(step), ROOT, body);
        assert!([200, 201].contains(&changed.status), "{}", changed.text);
        changed.json()
    }

    pub fn read(&self, face: &str) -> Option<Request> {
        self.update(face).map(|update| update.method("GET").body(""))
    }

    /// The request for an access token, with a client's id and secret.
    pub fn log_in(&self, face: &str) -> Option<Request> {
        let (client, secret) = &self.admin;
        Some(match face {
            "coactive" => {
                let grant = json!({"grant_type": "client_credentials"});
                Request::new("POST", "/api/v1/login", &grant).by_basic(client, secret)
            }
            "oauth" => {
                let request = Request::new("POST", "/service-account-token", &Value::Null).by_basic(client, secret);
                let form = request.body("grant_type=client_credentials");
                form.with("content-type", "application/x-www-form-urlencoded")
            }
            _ => return None,
        })
    }

    /// The path of all resources of a noun on a face, in the tenant or of the user, and the id of the existing one.
    pub fn place(&self, face: &str, noun: Noun) -> Option<[String; 2]> {
        let (all, one) = match (face, noun) {
            ("coactive", Noun::Credential) => (CLIENTS.to_owned(), self.id.client()),
            ("litegraph", Noun::Credential) => (format!("/v1.0/tenants/{ZERO}/credentials"), self.id.guid()),
            ("litegraph", Noun::Principal) => (format!("/v1.0/tenants/{ZERO}/users"), self.user.guid()),
            ("litegraph", Noun::Tenant) => ("/v1.0/tenants".to_owned(), ZERO.to_owned()),
            ("keycard", Noun::Credential) => (self.credentials.clone(), self.id.to_string()),
            ("keycard", Noun::Principal) => ("/organizations/acme/service-accounts".to_owned(), self.user.to_string()),
            ("keycard", Noun::Tenant) => ("/organizations".to_owned(), ACME.to_owned()),
            ("postern", Noun::Credential) => (format!("{OURS}/credentials"), self.id.to_string()),
            ("postern", Noun::Principal) => (format!("{OURS}/principals"), self.user.to_string()),
            ("postern", Noun::Tenant) => ("/v1/tenants".to_owned(), ACME.to_owned()),
            _ => return None,
        };
        let one = format!("{all}/{one}");
        Some([all, one])
    }

    /// A read of the existing resource.
    pub fn one(&self, face: &str, noun: Noun) -> Option<Request> {
        self.place(face, noun).map(|[_, one]| Request::get(&one))
    }

    pub fn delete(&self, face: &str, noun: Noun) -> Option<Request> {
        self.place(face, noun).map(|[_, one]| Request::delete(&one))
    }
}
