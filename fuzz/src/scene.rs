//! The service on SQLite in memory, with the Worker's SQL and migrations: two tenants, and callers of every kind.
//! Every input starts from the same scene, because its changes are rolled back.

use std::cell::{Cell, RefCell};

use data_encoding::BASE64;
use postern::answer::Answer;
use postern::credential::id::Id;
use postern::credential::time::Micros;
use postern::request::{BODY_MAX, Body, Method, Request};
use postern::service::{Done, MEMORY_MAX, Memory, Readiness, Service};
use postern::settings::Settings;
use postern::store::{Batch, Cost, Database, Fault, Parameter, Row, Statement, Store};
use rusqlite::{Connection, ToSql};
use serde_json::{Value, json};
use support::sqlite;

use crate::script::{Names, Step};
use crate::{List, ROOT, settings};

/// The scene.
pub struct Scene {
    connection: RefCell<Connection>,
    pub settings: Settings,
    /// The values that a request can refer to.
    pub names: RefCell<Names>,
    pub now: Cell<i64>,
    random: Cell<u64>,
}

/// The result of a request.
pub struct Outcome {
    pub answer: Answer,
    pub log: Option<String>,
    /// The 429 that replaces the response after too many failed authentications.
    pub instead: Option<Answer>,
    /// The cost without the writes deferred until after the response.
    pub cost: Cost,
}

const START: i64 = 1_795_219_200_000_000;
const ACME: Id = Id::ZERO;

impl Scene {
    /// Creates the scene through the faces.
    ///
    /// # Panics
    /// If the service does not create it.
    #[must_use]
    pub fn new() -> Self {
        let connection = sqlite::migrated(&[]);
        let scene = Self {
            connection: RefCell::new(connection),
            settings: settings(),
            names: RefCell::default(),
            now: Cell::new(START),
            random: Cell::new(1),
        };
        let other = Id::from_bits(1);
        for (id, label) in [(ACME, "acme"), (other, "other")] {
            let sql = "INSERT INTO tenants (id, label, state, revision, created_at, updated_at, change, changed_at, changed_by,
                   changed_request, event)
                 VALUES (?1, ?2, json_object('name', ?2, 'enabled', json('true'), 'rbac', json('true'), 'preconditions', json('false'),
                   'role_names', json('[\"admin\",\"auditor\",\"editor\",\"viewer\"]'), 'verify_staleness_seconds', 0), 1, 0, 0, 'made', 0, 'root', 'made', 1)";
            scene.connection.borrow().execute(sql, [&id.to_string(), label]).expect("a tenant");
            scene.name_id(label, id);
        }
        scene.name("root", ROOT);
        scene.name("zero", &Id::ZERO.guid());
        scene.name("nothing", "nobody-has-this");
        let account = scene.made(&format!("/v1/tenants/{ACME}/principals"), &json!({"name": "sa"}));
        scene.name_id("account", id_of(&account));
        for (name, tenant, roles) in [
            ("admin", ACME, json!([{"role_id": "admin"}])),
            ("editor", ACME, json!([{"role_id": "editor"}])),
            ("viewer", ACME, json!([{"role_id": "viewer"}, {"role_id": "admin", "resource": "dataset"}])),
            ("full", ACME, Value::Null),
            ("retiring", ACME, json!([{"role_id": "admin"}])),
            ("retired", ACME, json!([{"role_id": "admin"}])),
            ("revoked", ACME, json!([{"role_id": "admin"}])),
            ("disabled", ACME, json!([{"role_id": "admin"}])),
            ("other", other, json!([{"role_id": "admin"}])),
        ] {
            let of_tenant = format!("/v1/tenants/{tenant}/credentials");
            let made = scene.made(&of_tenant, &json!({"name": name, "roles": roles}));
            scene.name_caller(name, id_of(&made), made["secret"].as_str().expect("a secret"));
            let url = format!("{of_tenant}/{}", id_of(&made));
            match name {
                "retiring" => drop(scene.made(&format!("{url}/rotate"), &json!({"grace_seconds": 3600}))),
                "retired" => drop(scene.made(&format!("{url}/rotate"), &json!({"grace_seconds": 0}))),
                "revoked" => drop(scene.made(&format!("{url}/revoke"), &json!({"reason": "lost"}))),
                "disabled" => drop(scene.root("PATCH", &url, &json!({"enabled": false}))),
                _ => {}
            }
        }
        // Through LiteGraph's face, which returns secrets again, so this secret is stored sealed.
        let user = Id::parse(&scene.names.borrow()["account"]).expect("an id").guid();
        let url = format!("/v1.0/tenants/{}/credentials", ACME.guid());
        let cred = scene.root("PUT", &url, &json!({"UserGUID": user, "Name": "cred"}));
        scene.name_id("cred", Id::parse_guid(cred["GUID"].as_str().expect("a GUID")).expect("an id"));
        scene.name("cred.secret", cred["BearerToken"].as_str().expect("a token"));
        scene.connection.borrow().execute_batch("SAVEPOINT input").expect("begun");
        scene
    }

    /// Rolls back everything since the scene was created, or since the last call.
    ///
    /// # Panics
    /// If SQLite fails.
    pub fn reset(&self) {
        self.connection.borrow().execute_batch("ROLLBACK TO input").expect("taken back");
        self.now.set(START + 1_000_000);
        self.random.set(1 << 40);
        self.names.borrow_mut().retain(|name, _| !name.starts_with("made") && name != "etag" && name != "cursor");
    }

    /// Sends a request as the Worker does, with the deferred write after the response.
    ///
    /// # Panics
    /// If the deferred write fails.
    pub fn send(&self, step: &Step) -> Outcome {
        self.now.set(self.now.get() + 1000);
        let headers = List(&step.headers);
        let request = request(step, &headers);
        let (memory, clock) = (Memory::new(MEMORY_MAX), || Micros(self.now.get()));
        let service = Service {
            store: Store::new(self),
            near: None,
            settings: Ok(&self.settings),
            now: Micros(self.now.get()),
            clock: &clock,
            random: |buffer: &mut [u8]| self.fill(buffer),
            signatures: &support::jwt::Ring,
            fetch: &support::issuers::Issuers::default(),
            readiness: &Readiness::new(),
            memory: &memory,
        };
        let Done { answer, later, log, failed } = pollster::block_on(service.answer(&request));
        let cost = service.store.cost();
        if let Some(later) = later {
            pollster::block_on(later.run(&Store::new(self), &memory, &clock)).expect("what is left is done");
        }
        Outcome { answer, log, instead: failed.map(|failed| failed.instead), cost }
    }

    /// Queries a number from the database.
    ///
    /// # Panics
    /// If SQLite fails.
    pub fn count(&self, sql: &str) -> i64 {
        self.connection.borrow().prepare_cached(sql).and_then(|mut sql| sql.query_row([], |row| row.get(0))).expect(sql)
    }

    /// Names a value that requests can refer to.
    pub fn name(&self, name: &str, value: &str) {
        self.names.borrow_mut().insert(name.to_owned(), value.to_owned());
    }

    /// Names an id, in each spelling.
    pub fn name_id(&self, name: &str, id: Id) {
        self.name(name, &id.to_string());
        self.name(&format!("{name}.guid"), &id.guid());
        self.name(&format!("{name}.client"), &id.client());
    }

    fn name_caller(&self, name: &str, id: Id, secret: &str) {
        self.name_id(name, id);
        self.name(&format!("{name}.id"), &id.to_string());
        self.name(name, secret);
        let pair = BASE64.encode(format!("{}:{secret}", id.client()).as_bytes());
        let step = Step {
            method: "POST".to_owned(),
            path: "/api/v1/login".to_owned(),
            headers: vec![("authorization".to_owned(), format!("Basic {pair}"))],
            ..Step::default()
        };
        let body: Value = serde_json::from_str(&self.send(&step).answer.body).expect("JSON");
        self.name(&format!("{name}.basic"), &pair);
        self.name(&format!("{name}.access"), body["access_token"].as_str().expect("an access token"));
    }

    fn made(&self, path: &str, body: &Value) -> Value {
        self.root("POST", path, body)
    }

    fn root(&self, method: &str, path: &str, body: &Value) -> Value {
        let step = Step {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: vec![("authorization".to_owned(), format!("Bearer {ROOT}"))],
            body: body.to_string().into_bytes(),
            ..Step::default()
        };
        let Answer { status, body, .. } = self.send(&step).answer;
        assert!((200..300).contains(&status), "{method} {path}: {status} {body}");
        serde_json::from_str(&body).expect("JSON")
    }

    fn fill(&self, buffer: &mut [u8]) {
        // SplitMix64: enough for ids that differ.
        for byte in buffer {
            self.random.set(self.random.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
            let word = self.random.get();
            let word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            *byte = ((word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb) >> 56) as u8;
        }
    }
}

impl Default for Scene {
    fn default() -> Self {
        Self::new()
    }
}

fn id_of(made: &Value) -> Id {
    made["id"].as_str().and_then(Id::parse).expect("an id")
}

/// The HTTP request of a step.
#[must_use]
pub fn request<'a>(step: &'a Step, headers: &'a List<'a>) -> Request<'a> {
    let body = if step.body.len() > BODY_MAX { Body::TooLarge } else { Body::Bytes(step.body.clone()) };
    Request {
        method: Method::from_name(&step.method),
        origin: "https://postern.example",
        path: &step.path,
        query: &step.query,
        headers,
        body,
    }
}

impl Database for Scene {
    // Like `support::sqlite`, but with a savepoint: there, a batch cannot be rolled back.
    async fn batch(&self, statements: &[Statement<'_>]) -> Result<Batch, Fault> {
        let mut connection = self.connection.borrow_mut();
        let failed = |error: rusqlite::Error| Fault::Failed(error.to_string());
        let savepoint = connection.savepoint().map_err(failed)?;
        let before = savepoint.total_changes();
        let mut batch = Batch::default();
        for Statement { sql, parameters } in statements {
            let bound: Vec<&dyn ToSql> = parameters
                .iter()
                .map(|parameter| match parameter {
                    Parameter::Text(text) => text as &dyn ToSql,
                    Parameter::Number(number) => number,
                })
                .collect();
            let mut statement = savepoint.prepare_cached(sql).map_err(failed)?;
            let rows = sqlite::rows(&mut statement, &bound).map_err(failed)?;
            batch.rows.push(rows.iter().map(|row| Row::from_columns(row).expect("JSON")).collect());
        }
        batch.rows_written = savepoint.total_changes() - before;
        savepoint.commit().map_err(failed)?;
        Ok(batch)
    }
}
