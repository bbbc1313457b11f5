//! The Worker's CPU time, of which the free plan allows 10 ms per request. A clock would depend on the machine, so the
//! time is compared with that of a reference in the same process: reading and rewriting the same data, and hashing a
//! little. Both sides take the minimum of several rounds, because a busy machine only makes rounds longer. Quadratic
//! work, or a hundred thousand hashes, would exceed the bound by far.

use std::cell::{Cell, RefCell};
use std::hint::black_box;
use std::time::{Duration, Instant};

use postern::answer::Answer;
use postern::credential::id::Id;
use postern::credential::secret::Keys;
use postern::store::{Batch, Database, Fault, Row, Statement};
use serde_json::{Value, json};

use crate::largest::{CATALOGUE, ROLES, encoded, litegraph, metadata, role_name, roles, tenant, token, wide};
use support::sqlite::Sqlite;
use support::{ACME, CLIENTS, List, ROOT, World};

/// The maximum ratio to the reference. Measured ratios are 0.2 to 1.7.
const BOUND: f64 = 15.0;

/// The minimum number of rounds, and the maximum if the ratio is slightly above the bound.
const ROUNDS: [usize; 2] = [3, 40];

/// The bytes hashed by the reference: dozens of times as many as a request needs.
const HASHED: usize = 16 * 1024;

/// A database that records its results as the text that `glue.js` makes of D1's.
struct Recorder<'a> {
    to: &'a Sqlite,
    answers: RefCell<Vec<String>>,
}

impl Database for Recorder<'_> {
    async fn batch(&self, statements: &[Statement<'_>]) -> Result<Batch, Fault> {
        let batch = self.to.batch(statements).await?;
        let lines = |rows: &Vec<Row>| {
            let head = format!("{} 0 0", rows.len());
            std::iter::once(head).chain(rows.iter().map(|row| row.text().to_owned())).collect::<Vec<_>>()
        };
        self.answers.borrow_mut().push(batch.rows.iter().flat_map(lines).collect::<Vec<_>>().join("\n"));
        Ok(batch)
    }
}

/// A database that returns recorded results, whatever the statement, and parses them as `src/worker/d1.rs` does.
struct Canned<'a> {
    answers: &'a [String],
    next: Cell<usize>,
}

impl Database for Canned<'_> {
    async fn batch(&self, _statements: &[Statement<'_>]) -> Result<Batch, Fault> {
        Ok(Batch::from_lines(&self.answers[self.next.replace(self.next.get() + 1)]).expect("lines"))
    }
}

/// A request by root that is sent repeatedly.
struct Sent {
    method: &'static str,
    url: String,
    body: Vec<u8>,
}

impl Sent {
    fn answer(&self, world: &World, database: &impl Database) -> Answer {
        let root = format!("Bearer {ROOT}");
        let headers = [("authorization", root.as_str()), ("x-postern-tenant", ACME)];
        world.answer(database, self.method, &self.url, &List(&headers), &self.body).0.answer
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let began = Instant::now();
    black_box(work());
    began.elapsed()
}

/// The ratio of a request's time to the reference's.
fn ratio(world: &World, sent: &Sent) -> f64 {
    world.pass(1_000_000);
    let recorder = Recorder { to: &world.db, answers: RefCell::default() };
    let answer = sent.answer(world, &recorder);
    assert!(answer.status < 300, "{} {}: {}", sent.method, sent.url, answer.body);
    let answers = recorder.answers.into_inner();
    let keys = Keys::from_master_key(&[7; 32]);
    let once = || {
        let texts = answers.iter().flat_map(|lines| lines.split('\n')).map(str::as_bytes).chain([&*sent.body]);
        let read = texts.filter_map(|text| serde_json::from_slice::<Value>(text).ok());
        let written: usize = read.map(|value| value.to_string().len()).sum();
        (written, keys.digest("as much as this", &[0; HASHED]))
    };
    let canned = || sent.answer(world, &Canned { answers: &answers, next: Cell::default() });
    let (mut own, mut other) = (Duration::MAX, Duration::MAX);
    let mut ratio = f64::MAX;
    for round in 1..=ROUNDS[1] {
        own = own.min(timed(canned));
        other = other.min(timed(once));
        ratio = own.as_secs_f64() / other.as_secs_f64();
        if round >= ROUNDS[0] && !(BOUND..4.0 * BOUND).contains(&ratio) {
            break;
        }
    }
    ratio
}

/// The heaviest request of each kind.
fn heaviest(id: &str, secret: &str) -> Vec<(&'static str, String, Value)> {
    let url = tenant(&format!("/credentials/{id}"));
    let end = "2099-01-01T00:00:00Z";
    let whole = json!({
        "name": wide(3, 255), "principal": ACME, "enabled": true, "roles": roles(1, ROLES), "access": "read",
        "expires_at": end,
        "metadata": metadata(3), "description": wide(3, 500),
    });
    let guids = (0..1000).map(|number| Id::from_bits(number).guid()).collect::<Vec<_>>().join(",");
    vec![
        ("GET", CLIENTS.to_owned(), Value::Null),
        ("GET", format!("/v2.0/tenants/{}/credentials?order=NameAscending", Id::ZERO.guid()), Value::Null),
        ("GET", litegraph(&format!("/credentials?guids={guids}")), Value::Null),
        ("GET", tenant(&format!("/credentials?limit=100&role=viewer&name_prefix={}", encoded("name"))), Value::Null),
        ("GET", tenant("/events?limit=100"), Value::Null),
        ("GET", url.clone(), Value::Null),
        ("POST", tenant("/credentials"), whole.clone()),
        (
            "PUT",
            litegraph("/credentials"),
            json!({"UserGUID": Id::ZERO.guid(), "Name": wide(4, 255), "BearerToken": token(4)}),
        ),
        ("PUT", format!("{url}?dry_run=true"), whole.clone()),
        ("PUT", url.clone(), whole),
        ("PATCH", url.clone(), json!({"metadata": metadata(5), "roles": roles(2, ROLES)})),
        (
            "PUT",
            tenant(""),
            json!({"name": "n", "enabled": true, "rbac": true, "require_if_match": false,
            "role_names": (0..CATALOGUE).map(role_name).collect::<Vec<_>>()}),
        ),
        ("POST", "/v1/verify".to_owned(), json!({"token": secret, "needs": {"all": [{"role_id": "viewer"}]}})),
        ("POST", format!("{url}/rotate"), json!({"grace_seconds": 60})),
        ("POST", format!("{url}/revoke"), json!({"reason": wide(0, 500)})),
        ("DELETE", url, Value::Null),
    ]
}

#[test]
fn worker_time_is_about_that_of_reading_and_writing_the_data_once() {
    let world = World::new();
    let catalogue: Vec<_> = (0..CATALOGUE).map(role_name).collect();
    assert_eq!(world.call("PATCH", &tenant(""), ROOT, &json!({"role_names": catalogue})).status, 200);
    let made =
        world.call("POST", &tenant("/credentials"), ROOT, &json!({"name": "one", "roles": roles(0, ROLES)})).json();
    let (id, secret) = (made["id"].as_str().unwrap_or_default(), made["secret"].as_str().unwrap_or_default());
    world.many_credentials(ACME, ACME, 0..9_000);
    let (mut past, mut most) = (Vec::new(), 0.0_f64);
    for (method, url, body) in heaviest(id, secret) {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let sent = Sent { method, url, body };
        let ratio = ratio(&world, &sent);
        most = most.max(ratio);
        if ratio > BOUND {
            past.push(format!("{method} {}: {ratio:.1}", sent.url));
        }
    }
    crate::print_lines(&[format!("work of the Worker {most:.1} times reading and writing once, of {BOUND}")]);
    assert!(past.is_empty(), "more than {BOUND} times as much as to read and to write it once: {past:#?}");
}
