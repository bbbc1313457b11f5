//! The service in process: on SQLite in memory, with the Worker's SQL and migrations, and a clock and randomness that
//! the test controls. `tests/worker` shows that D1 behaves the same.

use std::cell::{Cell, RefCell};
use std::sync::{Mutex, MutexGuard, PoisonError};

use postern::caller::{Caller, Rank};
use postern::credential::id::Id;
use postern::credential::time::Micros;
use postern::refusal::{Misconfigured, Refusal};
use postern::request::origin::origin;
use postern::request::{BODY_MAX, Body, Headers, Method, Request};
use postern::service::{Done, Later, MEMORY_MAX, Memory, Readiness, Service};
use postern::settings::{Settings, name};
use postern::store::command::{Act, Command, Key, Target, TenantRef};
use postern::store::{Cost, Database, Store};
use serde_json::{Value, json};

use crate::client::{Call, Client, Reply, Sent};
use crate::issuers::Issuers;
use crate::sqlite::Sqlite;

pub const ROOT: &str = "root_0123456789abcdef0123456789abcdef";
pub const MASTER_KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
pub const ACME: &str = "00000000000000000000000000";
pub const ZERO: &str = "00000000-0000-0000-0000-000000000000";

/// The clock's first reading: 2026-11-21T00:00:00Z.
pub const START: i64 = 1_795_219_200_000_000;

pub struct World {
    pub db: Sqlite,
    pub settings: Result<Settings, Misconfigured>,
    pub now: Cell<i64>,
    pub readiness: Readiness,
    pub memory: Memory,
    pub issuers: Issuers,
    random: RefCell<u64>,
}

/// Headers. Values of the same name are joined, as the platform does.
pub struct List<'a>(pub &'a [(&'a str, &'a str)]);

impl Headers for List<'_> {
    fn get(&self, name: &str) -> Option<String> {
        let values: Vec<_> =
            self.0.iter().filter(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| *value).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }
}

/// Settings with this master key and the previous one.
pub fn settings(master_key: &str, previous: Option<&str>) -> Result<Settings, Misconfigured> {
    Settings::read(|setting| match setting {
        name::ROOT_TOKEN => Some(ROOT.to_owned()),
        name::MASTER_KEY => Some(master_key.to_owned()),
        name::MASTER_KEY_PREVIOUS => previous.map(str::to_owned),
        name::SERVER_TIMING => Some("all".to_owned()),
        _ => None,
    })
}

impl World {
    /// A database with only the tenant `acme`, whose id is zero.
    pub fn new() -> Self {
        let settings = settings(MASTER_KEY, None);
        let world = Self {
            db: Sqlite::reused(),
            settings,
            now: Cell::new(START),
            readiness: Readiness::new(),
            memory: Memory::new(MEMORY_MAX),
            issuers: Issuers::default(),
            random: RefCell::new(1),
        };
        world.tenant(ACME, "acme");
        world
    }

    pub fn tenant(&self, id: &str, label: &str) {
        let state = json!({"name": label, "enabled": true, "rbac": true, "preconditions": false, "role_names": ["admin", "editor", "viewer"], "verify_staleness_seconds": 0});
        let sql = "INSERT INTO tenants (id, label, state, revision, created_at, updated_at, change, changed_at, changed_by, \
            changed_request, event) VALUES (?1, ?2, ?3, 1, 0, 0, 'made', 0, 'root', 'made', 1)";
        self.db.execute(sql, &[&id, &label, &state.to_string()]);
    }

    /// Merges a patch into the state of a tenant, principal or credential, as at the database console.
    pub fn patch(&self, table: &str, id: &str, patch: &Value) {
        self.patch_where(table, &format!("id = '{id}'"), patch);
    }

    /// [`World::patch`] for all rows that match a condition.
    pub fn patch_where(&self, table: &str, condition: &str, patch: &Value) {
        let sql = format!("UPDATE {table} SET state = json_patch(state, ?1) WHERE {condition}");
        self.db.execute(&sql, &[&patch.to_string()]);
    }

    /// Advances the clock.
    pub fn pass(&self, micros: i64) {
        self.now.set(self.now.get() + micros);
    }

    pub(crate) fn fill(&self, buffer: &mut [u8]) {
        // SplitMix64 is enough for distinct ids.
        for byte in buffer {
            let mut state = self.random.borrow_mut();
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut word = *state;
            word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (word >> 56) as u8;
        }
    }

    /// A change in the tenant [`ACME`], for the store: by the caller of a token, by the least right of an editor, and with a stamp of
    /// its own.
    ///
    /// # Errors
    /// The token is malformed.
    pub fn change(&self, token: &str, target: Target) -> Result<Command, Refusal> {
        self.pass(1000);
        let now = Micros(self.now.get());
        let authorization = format!("Bearer {token}");
        let headers = [("authorization", authorization.as_str())];
        let caller = Caller::read(&List(&headers), None, self.settings.as_ref().expect("settings"), now)?;
        let right = (target, Act::Change, Rank::Editor);
        let mut command = Command::new(now, caller, right, Id::new(now.0, 0, [0; 10]), "request".to_owned());
        command.tenant = Some(TenantRef::Id(Key(Id::parse(ACME))));
        command.merges = true;
        Ok(command)
    }

    /// Answers a request over this database, without its deferred writes. Also returns the cost.
    pub fn answer(
        &self,
        database: &impl Database,
        method: &str,
        url: &str,
        headers: &dyn Headers,
        body: &[u8],
    ) -> (Done, Cost) {
        self.pass(1000);
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let body = match body {
            CUT => Body::Incomplete,
            _ if body.len() > BODY_MAX => Body::TooLarge,
            _ => Body::Bytes(body.to_vec()),
        };
        let service = Service {
            store: Store::new(database),
            near: None,
            settings: self.settings.as_ref(),
            now: Micros(self.now.get()),
            clock: &|| Micros(self.now.get()),
            random: |buffer: &mut [u8]| self.fill(buffer),
            signatures: &crate::jwt::Ring,
            fetch: &self.issuers,
            readiness: &self.readiness,
            memory: &self.memory,
        };
        let host = headers.get("host").unwrap_or_else(|| "postern.example".to_owned());
        let origin = origin(&format!("https://{host}")).unwrap_or_default();
        let request = Request { method: Method::from_name(method), origin: &origin, path, query, headers, body };
        (pollster::block_on(service.answer(&request)), service.store.cost())
    }

    /// Does the work deferred until after a response.
    pub fn finish<D: Database>(&self, database: &D, later: &Later) {
        let clock = || Micros(self.now.get());
        pollster::block_on(later.run(&Store::new(database), &self.memory, &clock)).expect("done");
    }

    /// Sends a request as the Worker would, its deferred writes included.
    pub fn send(&self, method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let (done, cost) = self.answer(&self.db, method, url, &List(headers), body);
        assert_eq!(done.log, None, "no request may log a failure");
        if let Some(later) = &done.later {
            self.finish(&self.db, later);
        }
        let mut reply = Reply::of(done.answer, cost);
        assert_ne!(reply.status, 500, "no request may get a 500: {}", reply.text);
        // The platform removes the body of a response to HEAD.
        if method == "HEAD" {
            reply.text.clear();
        }
        reply.checked(method, url, headers.iter().map(|(name, value)| (*name, value.as_bytes())))
    }

    /// Sends JSON with a Bearer token.
    pub fn call(&self, method: &str, url: &str, token: &str, body: &Value) -> Reply {
        let authorization = format!("Bearer {token}");
        let headers = [
            ("authorization", authorization.as_str()),
            ("content-type", "application/json"),
            ("x-postern-tenant", "acme"),
        ];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(method, url, &headers, body.as_bytes())
    }

    pub fn get(&self, url: &str, token: &str) -> Reply {
        self.call("GET", url, token, &Value::Null)
    }

    /// Creates a resource on LiteGraph's face, as root; returns its id and the response.
    pub fn put(&self, url: &str, body: &Value) -> (Id, Value) {
        let made = self.call("PUT", url, ROOT, body).expect(200).json();
        (Id::parse_guid(&text(&made, "GUID")).expect("a GUID"), made)
    }

    /// Sends JSON with a Bearer token and If-Match.
    pub fn call_if_match(&self, method: &str, url: &str, token: &str, tag: &str, body: &Value) -> Reply {
        let authorization = format!("Bearer {token}");
        let headers = [("authorization", authorization.as_str()), ("if-match", tag), ("x-postern-tenant", "acme")];
        self.send(method, url, &headers, body.to_string().as_bytes())
    }

    /// Creates a credential on Coactive's face in the tenant with this label; returns its client id and secret.
    pub fn client_in(&self, label: &str, body: &Value) -> (String, String) {
        let authorization = format!("Bearer {ROOT}");
        let headers = [("authorization", authorization.as_str()), ("x-postern-tenant", label)];
        let reply = self.send("POST", CLIENTS, &headers, body.to_string().as_bytes()).expect(201);
        let client = reply.json();
        (text(&client, "client_id"), text(&client, "client_secret"))
    }

    pub fn client(&self, body: &Value) -> (String, String) {
        self.client_in("acme", body)
    }

    /// Creates a credential with these roles; returns its secret.
    pub fn caller(&self, roles: &[&str]) -> String {
        let roles: Vec<_> = roles.iter().map(|role| json!({ "role_id": role })).collect();
        self.client(&json!({ "name": "caller", "roles": roles })).1
    }

    /// Creates a service account; returns its id and the path of its credentials.
    pub fn service_account(&self) -> (String, String) {
        let made = self.call("POST", "/organizations/acme/service-accounts", ROOT, &json!({ "name": "sa" }));
        let id = text(&made.json(), "id");
        let credentials = format!("/organizations/acme/service-accounts/{id}/credentials");
        (id, credentials)
    }

    /// The events of a credential, oldest first, found by following `previous` from the newest.
    pub fn history(&self, credential: &str) -> Vec<Value> {
        let mut events = Vec::new();
        let mut next = self.db.query(
            "SELECT tenant, event AS previous FROM credentials WHERE id = ?1
             UNION ALL SELECT tenant, seq FROM events WHERE id = ?1 AND action = 'deleted' AND noun = 'credential'",
            &[&credential],
        );
        while let Some(at) = next.pop() {
            let Some(seq) = at["previous"].as_i64() else { break };
            next =
                self.db.query("SELECT * FROM events WHERE tenant = ?1 AND seq = ?2", &[&at["tenant"].as_str(), &seq]);
            let mut event = next.last().cloned().expect("the event that was named");
            event["changes"] = serde_json::from_str(event["changes"].as_str().unwrap()).unwrap();
            assert!(event["previous"].as_i64().is_none_or(|previous| previous < seq), "the chain goes back: {event}");
            events.insert(0, event);
        }
        events
    }
}

/// Stands for a body that breaks off, in process.
pub const CUT: &[u8] = b"\xffbroken off";

pub const CLIENTS: &str = "/api/v1/auth-management/clients";

pub fn client_url(client_id: &str) -> String {
    format!("{CLIENTS}/{client_id}")
}

pub fn litegraph_url(id: &Id) -> String {
    format!("/v1.0/tenants/{ZERO}/credentials/{}", id.guid())
}

pub fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_else(|| panic!("no {member} in {value}")).to_owned()
}

/// The service in process as a [`Client`], which several threads may call one at a time.
pub struct InProcess(Mutex<World>);

impl InProcess {
    pub fn new() -> Self {
        Self(Mutex::new(World::new()))
    }

    /// Locks the world, for its database and its clock. Requests wait while the guard is alive.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Client for InProcess {
    fn root_token(&self) -> &str {
        ROOT
    }

    fn exchange(&self, call: &Call) -> Reply {
        let headers: Vec<_> =
            call.headers.iter().map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value))).collect();
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, &**value)).collect();
        let body = match &call.body {
            Sent::Nothing => &[],
            Sent::Sized(body) | Sent::Chunked(body) => &**body,
        };
        self.world().send(&call.method, &call.path, &headers, body)
    }
}
