//! A database that fails as it is told to; a tenant; and a request of each operation of each face, to be sent over it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use data_encoding::BASE64;
use postern::credential::id::Id;
use postern::credential::time::Micros;
use postern::request::{Body, Headers, Method, Request};
use postern::service::{Done, Failed, Service};
use postern::store::after::After as Left;
use postern::store::{Batch, Database, Fault, Statement, Store};
use serde_json::{Value, json};

use support::sqlite::Sqlite;
use support::{ACME, ROOT, Reply, World, ZERO, text};

/// How a batch fails, by the message that D1 would give.
#[derive(Clone, Copy, Debug)]
pub enum Fails {
    /// It is not run.
    Before(&'static str),
    /// It is run, and its answer lost.
    After(&'static str),
}

/// A database that fails as a script says: an item for each batch, in order. What is past its end is run as ever.
pub struct Faulty<'a> {
    to: &'a Sqlite,
    script: RefCell<VecDeque<Option<Fails>>>,
    pub batches: Cell<u64>,
}

impl<'a> Faulty<'a> {
    pub fn new(to: &'a Sqlite, script: &[Option<Fails>]) -> Self {
        Self { to, script: RefCell::new(script.iter().copied().collect()), batches: Cell::default() }
    }
}

impl Database for Faulty<'_> {
    async fn batch(&self, statements: &[Statement<'_>]) -> Result<Batch, Fault> {
        self.batches.set(self.batches.get() + 1);
        let fails = self.script.borrow_mut().pop_front().flatten();
        let fault = |message: &str| Err(Fault::of(format!("D1_ERROR: {message}")));
        match fails {
            None => self.to.batch(statements).await,
            Some(Fails::Before(message)) => fault(message),
            Some(Fails::After(message)) => {
                self.to.batch(statements).await?;
                fault(message)
            }
        }
    }
}

/// What an operation does to what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Reads,
    Writes,
}

/// An operation of a face: a request of the tenant's admin, or of who its `by` says. `{…}` in it stands for what the stage has.
pub struct Operation {
    pub face: &'static str,
    pub kind: Kind,
    /// What is done before it to the credential, on our own face; or nothing.
    first: &'static str,
    pub by: &'static str,
    /// The method and the path.
    pub asks: &'static str,
    pub body: &'static str,
}

const fn reads(face: &'static str, by: &'static str, asks: &'static str, body: &'static str) -> Operation {
    Operation { face, kind: Kind::Reads, first: "", by, asks, body }
}

const fn writes(face: &'static str, by: &'static str, asks: &'static str, body: &'static str) -> Operation {
    Operation { face, kind: Kind::Writes, first: "", by, asks, body }
}

const fn steps(first: &'static str, asks: &'static str, body: &'static str) -> Operation {
    Operation { face: "postern", kind: Kind::Writes, first, by: "admin", asks, body }
}

const GRANT: &str = r#"{"grant_type":"client_credentials"}"#;
const WHOLE: &str = r#"{"principal":"{account}","name":"renamed","description":null,"enabled":true,"roles":[{"role_id":"editor"}],"expires_at":null,"metadata":{"a":"1"}}"#;

#[rustfmt::skip]
pub const OPERATIONS: &[Operation] = &[
    reads("coactive", "admin", "GET /api/v1/auth-management/clients", ""),
    reads("coactive", "admin", "GET /api/v1/auth-management/clients/{client}", ""),
    reads("coactive", "admin", "GET /api/v1/auth-management/roles", ""),
    reads("coactive", "basic", "POST /api/v1/login", GRANT),
    writes("coactive", "admin", "POST /api/v1/auth-management/clients", r#"{"name":"new"}"#),
    writes("coactive", "admin", "PUT /api/v1/auth-management/clients/{client}", r#"{"name":"renamed","roles":[{"role_id":"editor"}]}"#),
    writes("coactive", "admin", "DELETE /api/v1/auth-management/clients/{client}", ""),

    reads("litegraph", "admin", "GET /v1.0/tenants/{zero}/credentials", ""),
    reads("litegraph", "admin", "GET /v1.0/tenants/{zero}/credentials/{guid}", ""),
    reads("litegraph", "admin", "GET /v1.0/credentials/bearer/{token}", ""),
    reads("litegraph", "admin", "GET /v2.0/tenants/{zero}/credentials", ""),
    reads("litegraph", "admin", "GET /v1.0/tenants/{zero}/users", ""),
    reads("litegraph", "admin", "GET /v1.0/tenants", ""),
    writes("litegraph", "admin", "PUT /v1.0/tenants/{zero}/credentials", r#"{"UserGUID":"{accountguid}"}"#),
    writes("litegraph", "admin", "PUT /v1.0/tenants/{zero}/credentials/{guid}", r#"{"UserGUID":"{accountguid}","Name":"renamed","BearerToken":"a-token-of-its-own"}"#),
    writes("litegraph", "admin", "DELETE /v1.0/tenants/{zero}/credentials/{guid}", ""),
    writes("litegraph", "admin", "DELETE /v1.0/tenants/{zero}/users/{accountguid}/credentials", ""),
    writes("litegraph", "admin", "PUT /v1.0/tenants/{zero}/users", r#"{"FirstName":"Ada","Email":"ada@example.com"}"#),
    writes("litegraph", "admin", "PUT /v1.0/tenants/{zero}/users/{accountguid}", r#"{"FirstName":"Ada","Email":"ada@example.com"}"#),
    writes("litegraph", "admin", "DELETE /v1.0/tenants/{zero}/users/{accountguid}", ""),
    writes("litegraph", "root", "PUT /v1.0/tenants", r#"{"Name":"new"}"#),
    writes("litegraph", "root", "PUT /v1.0/tenants/{zero}", r#"{"Name":"renamed"}"#),
    writes("litegraph", "root", "DELETE /v1.0/tenants/{zero}?force", ""),

    reads("keycard", "admin", "GET /organizations/acme/service-accounts/{account}/credentials", ""),
    reads("keycard", "admin", "GET /organizations/acme/service-accounts/{account}/credentials/{id}", ""),
    reads("keycard", "admin", "GET /organizations/acme/service-accounts", ""),
    reads("keycard", "admin", "GET /organizations/acme", ""),
    writes("keycard", "admin", "POST /organizations/acme/service-accounts/{account}/credentials", r#"{"name":"new"}"#),
    writes("keycard", "admin", "PATCH /organizations/acme/service-accounts/{account}/credentials/{id}", r#"{"name":"renamed"}"#),
    writes("keycard", "admin", "DELETE /organizations/acme/service-accounts/{account}/credentials/{id}", ""),
    writes("keycard", "admin", "POST /organizations/acme/service-accounts", r#"{"name":"new"}"#),
    writes("keycard", "admin", "PATCH /organizations/acme/service-accounts/{account}", r#"{"name":"renamed"}"#),
    writes("keycard", "admin", "DELETE /organizations/acme/service-accounts/{account}", ""),
    writes("keycard", "root", "POST /organizations", r#"{"name":"new"}"#),
    writes("keycard", "admin", "PATCH /organizations/acme", r#"{"name":"renamed"}"#),

    reads("oauth", "form", "POST /service-account-token", "grant_type=client_credentials&client_id={adminclient}&client_secret={admin}"),
    reads("oauth", "form", "POST /oauth/token", "grant_type=client_credentials&client_id={adminclient}&client_secret={admin}"),
    reads("oauth", "introspector", "POST /oauth/introspect", "token={token}"),

    reads("postern", "admin", "GET /v1/tenants/{acme}/credentials?limit=2", ""),
    reads("postern", "admin", "GET /v1/tenants/{acme}/credentials/{id}", ""),
    reads("postern", "admin", "PATCH /v1/tenants/{acme}/credentials/{id}?dry_run=true", r#"{"name":"renamed"}"#),
    reads("postern", "admin", "GET /v1/tenants/{acme}/credentials/{id}/events", ""),
    reads("postern", "admin", "GET /v1/tenants/{acme}/principals/{account}", ""),
    reads("postern", "admin", "GET /v1/tenants/{acme}", ""),
    reads("postern", "admin", "POST /v1/verify", r#"{"token":"{token}"}"#),
    writes("postern", "admin", "POST /v1/tenants/{acme}/credentials", r#"{"name":"new","roles":null}"#),
    writes("postern", "keyed", "POST /v1/tenants/{acme}/credentials", r#"{"name":"new","roles":null}"#),
    writes("postern", "if-match", "PUT /v1/tenants/{acme}/credentials/{id}", WHOLE),
    writes("postern", "admin", "PATCH /v1/tenants/{acme}/credentials/{id}", r#"{"name":"renamed","metadata":{"a":"1"}}"#),
    writes("postern", "admin", "DELETE /v1/tenants/{acme}/credentials/{id}", ""),
    writes("postern", "admin", "POST /v1/tenants/{acme}/credentials/{id}/rotate", r#"{"grace_seconds":3600}"#),
    steps("rotate", "POST /v1/tenants/{acme}/credentials/{id}/rotate/finish", ""),
    steps("rotate", "POST /v1/tenants/{acme}/credentials/{id}/rotate/cancel", ""),
    writes("postern", "admin", "POST /v1/tenants/{acme}/credentials/{id}/revoke", r#"{"reason":"lost"}"#),
    steps("revoke", "POST /v1/tenants/{acme}/credentials/{id}/restore", ""),
    writes("postern", "admin", "POST /v1/tenants/{acme}/principals", r#"{"name":"new"}"#),
    writes("postern", "keyed", "POST /v1/tenants/{acme}/principals", r#"{"name":"new"}"#),
    writes("postern", "admin", "PATCH /v1/tenants/{acme}/principals/{account}", r#"{"name":"renamed"}"#),
    writes("postern", "admin", "DELETE /v1/tenants/{acme}/principals/{account}", ""),
    writes("postern", "keyed root", "POST /v1/tenants", r#"{"name":"new"}"#),
    writes("postern", "admin", "PATCH /v1/tenants/{acme}", r#"{"name":"renamed"}"#),
    writes("postern", "root", "DELETE /v1/tenants/{acme}?force=true", ""),
];

/// A tenant with an account, and under it a credential; and an admin. Two stages to which the same was done hold the same.
pub struct Stage {
    pub world: World,
    pub account: Id,
    pub id: Id,
    /// The credential's token.
    pub token: String,
    /// The admin's client id and secret.
    pub admin: (String, String),
    random: Cell<u8>,
}

/// What a request ended in.
pub struct Ended {
    pub reply: Reply,
    pub log: Option<String>,
    pub failed: Option<Failed>,
    pub left: Option<Left>,
    pub batches: u64,
}

pub struct List<'a>(pub &'a [(&'a str, &'a str)]);

impl Headers for List<'_> {
    fn get(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(header, _)| *header == name).map(|(_, value)| (*value).to_owned())
    }
}

impl Stage {
    pub fn new() -> Self {
        let world = World::new();
        let account = Id::parse(&world.service_account().0).expect("an id");
        let url = format!("/v1.0/tenants/{ZERO}/credentials");
        let made = world.call("PUT", &url, ROOT, &json!({"UserGUID": account.guid(), "Name": "subject"})).json();
        let id = Id::parse_guid(&text(&made, "GUID")).expect("an id");
        let admin = world.client(&json!({"name": "admin", "roles": [{"role_id": "admin"}]}));
        Self { world, account, id, token: text(&made, "BearerToken"), admin, random: Cell::default() }
    }

    /// A stage on which the operation can be done.
    pub fn set_for(operation: &Operation) -> Self {
        let stage = Self::new();
        let body = if operation.first == "rotate" { json!({"grace_seconds": 3600}) } else { Value::Null };
        if !operation.first.is_empty() {
            let done = stage.world.call("POST", &stage.fill(&format!("{OURS}/{}", operation.first)), ROOT, &body);
            assert_eq!(done.status, 200, "{}", done.text);
        }
        stage
    }

    pub fn fill(&self, text: &str) -> String {
        let (client, secret) = &self.admin;
        let mut filled = text.to_owned();
        for (name, value) in [
            ("{client}", self.id.client().as_str()),
            ("{id}", &self.id.to_string()),
            ("{guid}", &self.id.guid()),
            ("{account}", &self.account.to_string()),
            ("{accountguid}", &self.account.guid()),
            ("{token}", &self.token),
            ("{admin}", secret),
            ("{adminclient}", client),
            ("{zero}", ZERO),
            ("{acme}", ACME),
        ] {
            filled = filled.replace(name, value);
        }
        filled
    }

    /// Sends a request over a database that fails as the script says.
    pub fn send(&self, script: &[Option<Fails>], asks: &str, headers: &[(&str, &str)], body: &str) -> Ended {
        self.world.pass(1000);
        let (method, url) = asks.split_once(' ').expect("a method and a path");
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let body = Body::Bytes(body.as_bytes().to_vec());
        let request = Request { method: Method::of(method), path, query, headers: &List(headers), body };
        let database = Faulty::new(&self.world.db, script);
        let service = Service {
            store: Store::new(&database),
            settings: self.world.settings.as_ref(),
            now: Micros(self.world.now.get()),
            clock: &|| Micros(self.world.now.get()),
            random: |buffer: &mut [u8]| {
                // Other bytes than those of the world.
                self.random.set(self.random.get() + 1);
                buffer.fill(self.random.get());
            },
        };
        let Done { answer, after, log, failed } = pollster::block_on(service.answer(&request));
        let cost = service.store.cost();
        let batches = database.batches.get();
        assert_eq!(cost.trips, batches, "each is told");
        let reply = Reply::of(answer, cost);
        Ended { reply, log, failed, left: after, batches }
    }

    /// Does the operation over a database that fails as the script says.
    pub fn run(&self, operation: &Operation, script: &[Option<Fails>]) -> Ended {
        self.run_with(operation, script, &[])
    }

    /// The same with more headers.
    pub fn run_with(&self, operation: &Operation, script: &[Option<Fails>], more: &[(&str, &str)]) -> Ended {
        let Operation { by, asks, body, .. } = operation;
        let (client, secret) = &self.admin;
        let (bearer, root) = (format!("Bearer {secret}"), format!("Bearer {ROOT}"));
        let basic = format!("Basic {}", BASE64.encode(format!("{client}:{secret}").as_bytes()));
        let tag = format!("\"{}.1\"", self.id);
        let form = ("content-type", "application/x-www-form-urlencoded");
        let headers: &[(&str, &str)] = match *by {
            "admin" => &[("authorization", &bearer)],
            "root" => &[("authorization", &root)],
            "keyed" => &[("authorization", &bearer), ("idempotency-key", "once")],
            "keyed root" => &[("authorization", &root), ("idempotency-key", "once")],
            "if-match" => &[("authorization", &bearer), ("if-match", &tag)],
            "basic" => &[("authorization", &basic)],
            "form" => &[form],
            "introspector" => &[("authorization", &bearer), form],
            by => panic!("by {by}?"),
        };
        self.send(script, &self.fill(asks), &[headers, more].concat(), &self.fill(body))
    }

    /// No secret of the stage, nor one that begins as those made here do.
    pub fn holds_no_secret(&self, text: &str) {
        for secret in [&self.token, &self.admin.1, ROOT, "pstn_", "a-token-of-its-own"] {
            assert!(!text.contains(secret), "a secret in: {text}");
        }
    }
}

/// The credential's path, on our own face.
pub const OURS: &str = "/v1/tenants/{acme}/credentials/{id}";
