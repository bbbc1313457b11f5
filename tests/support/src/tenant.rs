//! A tenant for one test, and helpers that create resources in it.

use postern::credential::id::Id;
use serde_json::{Value, json};

use crate::client::{Call, Client, OAUTH_TOKEN, Reply, call, get};
use crate::face::Face::{self, Coactive, Keycard, LiteGraph, Postern};
use crate::face::{access_of, roles};
use crate::world::CLIENTS;

/// A tenant with a service account and an admin.
pub struct Tenant<'a> {
    /// The transport.
    pub client: &'a dyn Client,
    pub id: Id,
    pub label: String,
    /// The service account (LiteGraph: user).
    pub account: Id,
    /// The secret of a credential with the role `admin`.
    pub admin: String,
}

/// A credential created on the Postern face.
#[derive(Clone)]
pub struct Own {
    pub id: Id,
    pub path: String,
    pub secret: String,
    /// The response to its creation, without the secret.
    pub shown: Value,
}

impl Own {
    /// The path of `rotate`, `revoke`, `events` and so on.
    pub fn under(&self, step: &str) -> String {
        format!("{}/{step}", self.path)
    }

    /// Its `ETag` after creation.
    pub fn etag(&self) -> String {
        format!("\"{}.1\"", self.id)
    }
}

/// A credential under the tenant's service account, with the role `viewer` and a description: every face reaches it.
#[derive(Clone)]
pub struct Subject {
    pub id: Id,
    pub secret: String,
    pub name: String,
}

impl<'a> Tenant<'a> {
    /// Creates a tenant. Its label is unique.
    pub fn new(client: &'a dyn Client) -> Self {
        Self::named(client, "Test")
    }

    pub fn named(client: &'a dyn Client, name: &str) -> Self {
        let made =
            call("POST", "/organizations").by_root().json(&json!({ "name": name })).send(client).expect(201).json();
        Self::of(client, read_id(&made["id"]), text(&made["label"]))
    }

    /// Adds a service account and an admin to an existing tenant.
    pub fn of(client: &'a dyn Client, id: Id, label: String) -> Self {
        let mut tenant = Self { client, id, label, account: Id::ZERO, admin: String::new() };
        tenant.admin = tenant.caller(&["admin"]);
        tenant.account = tenant.account();
        tenant
    }

    /// Creates a service account.
    pub fn account(&self) -> Id {
        let accounts = format!("/organizations/{}/service-accounts", self.label);
        let made = call("POST", accounts).token(&self.admin).json(&json!({ "name": "account" })).send(self.client);
        read_id(&made.expect(201).json()["id"])
    }

    /// Creates a client on Coactive's face, as root; returns its client id and secret.
    pub fn client(&self, body: &Value) -> (String, String) {
        let made = call("POST", CLIENTS).root(&self.label).json(body).send(self.client).expect(201).json();
        (text(&made["client_id"]), text(&made["client_secret"]))
    }

    /// Creates a credential with these roles; returns its secret.
    pub fn caller(&self, names: &[&str]) -> String {
        self.client(&json!({ "name": "caller", "roles": roles(names) })).1
    }

    pub fn subject(&self) -> Subject {
        let Own { id, secret, .. } = self.own(json!({ "name": "subject", "description": "described" }));
        Subject { id, secret, name: "subject".to_owned() }
    }

    /// Creates a credential on the Postern face, as the admin. `members` override the defaults: the role `viewer`, and
    /// the access that Coactive's face would give to its roles.
    pub fn own(&self, members: Value) -> Own {
        let mut body = json!({ "name": "own", "principal": self.account, "roles": roles(&["viewer"]) });
        let Value::Object(members) = members else { panic!("members") };
        let body_members = body.as_object_mut().expect("an object");
        body_members.extend(members);
        if !body_members.contains_key("access") {
            body_members.insert("access".to_owned(), access_of(&body_members["roles"]).into());
        }
        let mut shown =
            call("POST", self.all(Postern)).token(&self.admin).json(&body).send(self.client).expect(201).json();
        let secret = shown.as_object_mut().and_then(|shown| shown.remove("secret")).expect("a secret");
        let id = read_id(&shown["id"]);
        Own { id, path: self.one(Postern, id), secret: text(&secret), shown }
    }

    /// A path below the tenant on the Postern face.
    pub fn at(&self, rest: &str) -> String {
        format!("/v1/tenants/{}{rest}", self.id)
    }

    /// Sends a request as the admin; null means no body.
    pub fn send(&self, method: &str, path: impl Into<String>, body: &Value) -> Reply {
        self.send_by(&self.admin, method, path, body)
    }

    pub fn send_by(&self, token: &str, method: &str, path: impl Into<String>, body: &Value) -> Reply {
        let call = call(method, path).token(token);
        if body.is_null() { call } else { call.json(body) }.send(self.client)
    }

    /// GETs a path as the admin.
    pub fn look(&self, path: impl Into<String>) -> Value {
        self.send("GET", path, &Value::Null).expect(200).json()
    }

    /// Creates a principal on the Postern face; returns its path.
    pub fn principal(&self) -> String {
        let made = self.send("POST", self.at("/principals"), &json!({ "name": "p" })).expect(201).json();
        self.at(&format!("/principals/{}", read_id(&made["id"])))
    }

    /// The complete PUT body of a default [`Own`]. `members` override its values.
    pub fn whole(&self, members: Value) -> Value {
        let mut body = json!({
            "principal": self.account, "name": "own", "description": null, "enabled": true,
            "roles": roles(&["viewer"]), "access": "read", "expires_at": null, "metadata": {},
        });
        let Value::Object(members) = members else { panic!("members") };
        body.as_object_mut().expect("an object").extend(members);
        body
    }

    /// The events of a credential, newest first.
    pub fn events(&self, own: &Own) -> Vec<Value> {
        get(own.under("events?limit=100")).token(&self.admin).send(self.client).expect(200).items()
    }

    /// Logs in; returns an access token.
    pub fn access(&self, id: Id, secret: &str) -> String {
        let form = format!("grant_type=client_credentials&client_id={}&client_secret={secret}", id.client());
        let issued = call("POST", OAUTH_TOKEN).form(&form).send(self.client).expect(200).json();
        assert_eq!(issued["token_type"], "Bearer");
        assert!(issued["expires_in"].as_u64().is_some_and(|seconds| (1..=3600).contains(&seconds)), "{issued}");
        text(&issued["access_token"])
    }

    /// Whether a token authenticates, whatever rights it has.
    pub fn accepts(&self, token: &str) -> bool {
        self.send_by(token, "POST", "/v1/verify", &json!({ "token": "of-nobody" })).status != 401
    }

    /// POSTs a step of a credential (`rotate`, `revoke` and so on) as the admin.
    pub fn step(&self, own: &Own, step: &str, body: &Value) -> Reply {
        self.send("POST", own.under(step), body)
    }

    /// Verifies a token as the admin.
    pub fn verify(&self, token: &str) -> Reply {
        call("POST", "/v1/verify").token(&self.admin).json(&json!({ "token": token })).send(self.client).expect(200)
    }

    /// Gives a credential access, as the admin.
    pub fn allow(&self, id: Id, access: &str) {
        self.send("PATCH", self.one(Postern, id), &json!({ "access": access })).expect(200);
    }

    /// The path of the credentials on a face.
    pub fn all(&self, face: Face) -> String {
        credentials(face, self.id, &self.label, self.account)
    }

    /// The path of a credential on a face.
    pub fn one(&self, face: Face, id: Id) -> String {
        format!("{}/{}", self.all(face), face.spell(id))
    }

    /// A body that creates a credential with this name (of any JSON type), or that changes only the name of a
    /// [`Subject`].
    pub fn naming(&self, face: Face, name: impl Into<Value>) -> Value {
        let name: Value = name.into();
        match face {
            Coactive | Postern => json!({ "name": name, "roles": roles(&["viewer"]) }),
            LiteGraph => json!({ "UserGUID": self.account.guid(), "Name": name }),
            Keycard => json!({ "name": name }),
        }
    }

    /// Reads a credential as the admin.
    pub fn read(&self, face: Face, id: Id) -> Reply {
        get(self.one(face, id)).token(&self.admin).send(self.client).expect(200)
    }

    /// An unsent update of a credential by the admin.
    pub fn update(&self, face: Face, id: Id) -> Call {
        call(face.update(), self.one(face, id)).token(&self.admin)
    }
}

/// The path of a tenant's credentials on a face; on Keycard's face, of an account's.
pub fn credentials(face: Face, tenant: Id, label: &str, account: Id) -> String {
    match face {
        Coactive => CLIENTS.to_owned(),
        LiteGraph => format!("/v1.0/tenants/{}/credentials", tenant.guid()),
        Keycard => format!("/organizations/{label}/service-accounts/{account}/credentials"),
        Postern => format!("/v1/tenants/{tenant}/credentials"),
    }
}

pub fn post_by_root(client: &dyn Client, path: &str, body: &Value) -> Reply {
    call("POST", path).by_root().json(body).send(client)
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a string: {value}")).to_owned()
}

/// Parses an id in any spelling.
pub fn read_id(value: &Value) -> Id {
    let text = text(value);
    Id::parse_client(&text).or_else(|| Id::parse_either(&text)).unwrap_or_else(|| panic!("not an id: {value}"))
}

/// An id that does not exist.
pub fn nobody() -> Id {
    Id::from_bits(u128::MAX / 3)
}
