//! Random operations on a tenant's credentials, and what clients know from the responses.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use postern::credential::id::Id;
use serde_json::{Map, Value, json};

use super::check::{Violation, What, check};
use super::client::{Server, clock, text, without_instants};
use super::model::{Answer, DEFAULT, Fields, Kind, Op};
use super::random::Random;
use support::client::{Call, call};
use support::face::Face::{self, Coactive, Keycard, LiteGraph, Postern};
use support::tenant::credentials;

/// The mix of operations.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mix {
    /// Every operation, on credentials with known ids.
    Everything,
    /// The same, and credentials are created with ids that the server chooses.
    Making,
    /// Mostly operations that replace secrets.
    Secrets,
}

/// A tenant, and the operations in it.
pub struct Tenant {
    pub id: String,
    label: String,
    /// The service account of its credentials.
    account: String,
    /// The calling credential.
    pub admin: String,
    /// The calling credential's secret.
    pub token: String,
    known: Mutex<Known>,
    numbers: AtomicU64,
}

#[derive(Default)]
struct Known {
    /// What responses reported about each credential, by id; the newest last.
    credentials: Vec<(String, Memory)>,
    ops: Vec<Op>,
}

#[derive(Clone, Default)]
struct Memory {
    is_there: bool,
    /// The id was used, and is not used again after a deletion.
    is_used: bool,
    etags: Vec<String>,
    tokens: Vec<String>,
}

/// The number of operations, and the violations.
#[derive(Default)]
pub struct Sum {
    pub operations: usize,
    /// The number of acknowledged changes.
    pub changes: usize,
    pub unanswered: usize,
    /// The number of unacknowledged operations that had an effect.
    pub done: usize,
    pub credentials: usize,
    pub violations: Vec<Violation>,
}

impl Sum {
    pub fn add(&mut self, other: Self) {
        self.operations += other.operations;
        self.changes += other.changes;
        self.unanswered += other.unanswered;
        self.done += other.done;
        self.credentials += other.credentials;
        self.violations.extend(other.violations);
    }

    /// The number of violations of this kind.
    pub fn count(&self, what: What) -> usize {
        self.violations.iter().filter(|violation| violation.0 == what).count()
    }

    /// Fails with the first violation, if any.
    pub fn fail(&self, seed: u64) {
        let words = |(what, words): &Violation| format!("{what:?}: {words}");
        let some: Vec<_> = self.violations.iter().take(5).map(words).collect();
        assert!(some.is_empty(), "{} violations; POSTERN_SEED={seed}\n{}", self.violations.len(), some.join("\n"));
    }
}

impl Memory {
    fn learn(&mut self, op: &Op) {
        let Some(answer) = &op.answer else { return };
        match (&op.kind, answer.status) {
            (Kind::Verify(_) | Kind::ReadBy(_), _) => return,
            (Kind::Delete(_), 200 | 204) | (_, 404) => self.is_there = false,
            // The credential exists or existed.
            (Kind::Create(..), 409) => self.is_used = true,
            (_, 200 | 201 | 409 | 412) => (self.is_there, self.is_used) = (true, true),
            _ => {}
        }
        if let Some(etag) = answer.etag.as_ref().filter(|etag| !self.etags.contains(etag)) {
            self.etags.push(etag.clone());
        }
        for member in ["secret", "client_secret", "BearerToken"] {
            if let Some(token) = answer.body[member].as_str().filter(|token| !token.is_empty())
                && !self.tokens.iter().any(|known| known == token)
            {
                self.tokens.push(token.to_owned());
            }
        }
    }
}

impl Tenant {
    /// Creates a tenant, whose clients know so many ids.
    pub fn new(server: &Server, random: &mut Random, ids: usize) -> Self {
        let made = server.made("/v1/tenants", &json!({ "name": "Torture" }));
        let (id, label) = (text(&made, "id"), text(&made, "label"));
        let path = format!("/v1/tenants/{id}");
        let account = text(&server.made(&format!("{path}/principals"), &json!({ "name": "account" })), "id");
        let body = json!({ "name": "admin", "roles": [], "access": "admin" });
        let made = server.made(&format!("{path}/credentials"), &body);
        let (admin, token) = (text(&made, "id"), text(&made, "secret"));
        Self { id, label, account, admin, token, ..Self::imagined(random, ids) }
    }

    /// A tenant that no server has.
    pub fn imagined(random: &mut Random, ids: usize) -> Self {
        let known =
            Known { credentials: (0..ids).map(|_| (new_id(random), Memory::default())).collect(), ops: Vec::new() };
        let [id, account, admin] = [(); 3].map(|()| new_id(random));
        let numbers = AtomicU64::new(0);
        Self { id, label: String::new(), account, admin, token: String::new(), known: Mutex::new(known), numbers }
    }

    /// Sends each unanswered creation again under its key. The credential was created before or is created now, and
    /// the response stays the same.
    pub fn send_again(&self, server: &Server) {
        let lost: Vec<_> = self.known().ops.extract_if(.., |op| op.answer.is_none() && has_key(op)).collect();
        for mut op in lost {
            op.requests.push(self.request_id());
            let op = self.send(server, op);
            assert_eq!(op.answer.as_ref().map(|answer| answer.status), Some(201), "sent again: {op:?}");
            let once_more = self.send(server, op.clone());
            assert_eq!(once_more.answer, op.answer, "one answer to one key: {op:?}");
            self.note(op);
        }
    }

    /// Reads each credential through each face, and verifies each of its tokens.
    pub fn look(&self, server: &Server) {
        let credentials = self.known().credentials.clone();
        for (id, Memory { tokens, .. }) in credentials {
            let reads = Face::ALL.map(Kind::Read).into_iter();
            let newest = tokens.iter().last().cloned().map(Kind::ReadBy);
            for kind in reads.chain(tokens.into_iter().map(Kind::Verify)).chain(newest) {
                self.note(self.send(server, op(self.request_id(), Some(id.clone()), kind)));
            }
        }
    }

    /// Checks all operations against the history.
    pub fn check(&self, server: &Server) -> Sum {
        let events = server.events(&self.token, &self.id);
        let ops = std::mem::take(&mut self.known().ops);
        let unanswered: Vec<_> = ops.iter().filter(|op| op.answer.is_none()).collect();
        let is_done = |op: &&&Op| events.iter().any(|entry| op.requests.contains(&entry.request));
        Sum {
            operations: ops.len(),
            changes: ops.iter().filter(|op| op.is_acknowledged_change()).count(),
            unanswered: unanswered.len(),
            done: unanswered.iter().filter(is_done).count(),
            credentials: self.known().credentials.len(),
            violations: check(&ops, &events, &self.admin),
        }
    }

    /// A summary of the tenant's contents, to be compared with a later one.
    pub fn contents(&self, server: &Server) -> Vec<String> {
        let items = server.list(&self.token, &format!("/v1/tenants/{}/credentials", self.id));
        let secrets = |item: &Value| -> Vec<_> {
            item["secrets"].as_array().into_iter().flatten().map(|secret| text(secret, "id")).collect()
        };
        let words = |item: &Value| format!("{} {} {:?}", item["id"], item["revision"], secrets(item));
        let mut there: Vec<_> = items.iter().map(words).collect();
        there.push(format!("{} events", server.events(&self.token, &self.id).len()));
        there
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn request_id(&self) -> String {
        format!("torture-{}", self.numbers.fetch_add(1, Relaxed))
    }

    /// Sends a random operation. Returns whether it was answered.
    pub fn act(&self, server: &Server, random: &mut Random, mix: Mix) -> bool {
        let op = self.send(server, self.plan(random, mix));
        let answered = op.answer.is_some();
        self.note(op);
        answered
    }

    /// Plans a random operation.
    pub fn plan(&self, random: &mut Random, mix: Mix) -> Op {
        let request = self.request_id();
        if mix == Mix::Making && random.percent(15) {
            let face = *random.pick(&[Coactive, Keycard, Postern]);
            let mut fields = self.fields_of(face, random, &request);
            if face == Keycard {
                // Given by the path.
                fields.insert("principal", json!(self.account));
            }
            return op(request, None, Kind::Create(face, fields));
        }
        let (id, memory) = {
            let mut known = self.known();
            // Prefer the newest credentials.
            let newest = known.credentials.len().saturating_sub(8);
            let picked = random.pick(&known.credentials[newest..]).clone();
            let is_deleted = picked.1.is_used && !picked.1.is_there;
            if is_deleted && random.percent(70) {
                // Or a credential that was not created yet.
                let unused = known.credentials[newest..].iter().find(|(_, memory)| !memory.is_used).cloned();
                unused.unwrap_or_else(|| {
                    let fresh = (new_id(random), Memory::default());
                    known.credentials.push(fresh.clone());
                    fresh
                })
            } else {
                picked
            }
        };
        let kind = self.kind(random, mix, &memory, &request);
        let is_change = !matches!(kind, Kind::Create(..) | Kind::Read(_) | Kind::ReadBy(_) | Kind::Verify(_));
        let mut planned = op(request, Some(id), kind);
        if is_change && random.percent(35) {
            let old = if random.percent(20) { random.below(3) } else { 0 };
            planned.if_match = memory.etags.iter().rev().nth(old).cloned();
        }
        planned
    }

    /// Sends an operation, under a new id if it was sent before.
    fn send(&self, server: &Server, mut op: Op) -> Op {
        let by = match &op.kind {
            Kind::ReadBy(token) => token,
            _ if op.chooses_token() => &server.root,
            _ => &self.token,
        };
        op.answer = server.send(by, self.call(&op));
        if let Some(answer) = &mut op.answer {
            op.returned = clock();
            // Above the limit of failures, a 401 becomes a 429.
            if answer.status == 429 {
                answer.status = 401;
            }
            op.target = op.target.or_else(|| named(answer));
            if answer.body["secrets"].is_array() {
                answer.body["secrets"] =
                    answer.body["secrets"].as_array().into_iter().flatten().map(|of| of["id"].clone()).collect();
            }
            for (name, value) in answer.body.as_object_mut().into_iter().flatten() {
                without_instants(name, value);
            }
        }
        op
    }

    /// Records what the answer of an operation revealed.
    pub fn note(&self, op: Op) {
        let mut known = self.known();
        if let Some(target) = &op.target {
            let at = known.credentials.iter().position(|(id, _)| id == target);
            let at = at.unwrap_or_else(|| {
                known.credentials.push((target.clone(), Memory::default()));
                known.credentials.len() - 1
            });
            known.credentials[at].1.learn(&op);
        }
        known.ops.push(op);
    }

    /// A random operation on a credential, of which this is known.
    fn kind(&self, random: &mut Random, mix: Mix, memory: &Memory, request: &str) -> Kind {
        let face = *random.pick(&Face::ALL);
        let a_token = |random: &mut Random| {
            let newest = memory.tokens.len().saturating_sub(4);
            if memory.tokens.is_empty() {
                "of-nobody".to_owned()
            } else {
                random.pick(&memory.tokens[newest..]).clone()
            }
        };
        if !memory.is_there && random.percent(60) {
            return Kind::Create(LiteGraph, self.fields_of(LiteGraph, random, request));
        }
        if mix == Mix::Secrets {
            let token = json!(format!("chosen-{}-{request}", self.id));
            let fields = [("principal", json!(self.account)), ("name", json!("again")), ("enabled", json!(true))];
            let renew = fields.into_iter().chain([("token", token)]).collect();
            let kinds =
                [Kind::Rotate(3600), Kind::Finish, Kind::Cancel, Kind::Change(LiteGraph, renew), Kind::Read(Postern)];
            return random.pick(&kinds).clone();
        }
        match random.below(100) {
            0..36 => Kind::Change(face, self.fields_of(face, random, request)),
            36..38 => Kind::Change(Postern, [("metadata", json!({ "of": null, "more": request }))].into()),
            38..43 => {
                let mut fields = self.whole(random, request);
                fields.insert("expires_at", Value::Null);
                Kind::Replace(fields)
            }
            43..51 => Kind::Rotate(if random.percent(25) { 0 } else { 3600 }),
            51..56 => Kind::Finish,
            56..60 => Kind::Cancel,
            60..65 => Kind::Revoke(random.percent(50).then(|| format!("because of {request}"))),
            65..71 => Kind::Restore,
            71..74 => Kind::Delete(face),
            74..75 => Kind::Create(LiteGraph, self.fields_of(LiteGraph, random, request)),
            75..83 => Kind::Read(face),
            83..95 => Kind::Verify(a_token(random)),
            _ => Kind::ReadBy(a_token(random)),
        }
    }

    /// All fields of our own face; a tenth of the values are repeated.
    fn whole(&self, random: &mut Random, request: &str) -> Fields {
        let a_text = |random: &mut Random| if random.percent(10) { "again".to_owned() } else { request.to_owned() };
        let role = *random.pick(&["viewer", "editor", "admin", ""]);
        [
            ("principal", json!(if random.percent(5) { DEFAULT } else { &self.account })),
            ("name", json!(a_text(random))),
            ("description", if random.percent(10) { Value::Null } else { json!(a_text(random)) }),
            ("enabled", json!(random.percent(80))),
            ("roles", if role.is_empty() { Value::Null } else { json!([{ "role_id": role }]) }),
            ("access", json!(random.pick(&["none", "verify", "read", "edit", "admin"]))),
            ("metadata", json!({ "of": a_text(random) })),
        ]
        .into()
    }

    /// The fields of a write on a face.
    fn fields_of(&self, face: Face, random: &mut Random, request: &str) -> Fields {
        let mut fields = self.whole(random, request);
        let some = random.next();
        match face {
            Coactive => fields.retain(|name, _| ["name", "roles"].contains(name)),
            Keycard => fields.retain(|name, _| *name == "name" || *name == "description" && some & 1 == 0),
            LiteGraph => {
                fields.retain(|name, _| ["principal", "name", "enabled"].contains(name));
                if some.is_multiple_of(5) {
                    fields.insert("token", json!(format!("chosen-{}-{request}", self.id)));
                }
            }
            // A subset, always with those that a creation requires.
            Postern => fields.retain(|name, _| ["name", "roles"].contains(name) || some >> name.len() & 1 == 0),
        }
        if fields.get("description") == Some(&Value::Null) && face == Keycard {
            fields.remove("description");
        }
        fields
    }

    fn call(&self, op: &Op) -> Call {
        let id = op.target.as_deref().and_then(Id::parse);
        let [tenant, account] = [&self.id, &self.account].map(|id| Id::parse(id).expect("an id"));
        let all = |face| credentials(face, tenant, &self.label, account);
        let one = |face: Face| format!("{}/{}", all(face), face.spell(id.expect("a credential")));
        let step = |step: &str| format!("{}/{step}", one(Postern));
        let (method, path, body) = match &op.kind {
            Kind::Create(face, fields) => {
                let mut body = body(*face, fields);
                if *face == LiteGraph {
                    body["GUID"] = json!(id.expect("an id").guid());
                }
                (if *face == LiteGraph { "PUT" } else { "POST" }, all(*face), body)
            }
            Kind::Change(face, fields) => {
                let method = if matches!(face, Coactive | LiteGraph) { "PUT" } else { "PATCH" };
                (method, one(*face), body(*face, fields))
            }
            Kind::Replace(fields) => ("PUT", one(Postern), body(Postern, fields)),
            Kind::Rotate(grace) => ("POST", step("rotate"), json!({ "grace_seconds": grace })),
            Kind::Finish => ("POST", step("rotate/finish"), Value::Null),
            Kind::Cancel => ("POST", step("rotate/cancel"), Value::Null),
            Kind::Revoke(None) => ("POST", step("revoke"), Value::Null),
            Kind::Revoke(Some(reason)) => ("POST", step("revoke"), json!({ "reason": reason })),
            Kind::Restore => ("POST", step("restore"), Value::Null),
            Kind::Delete(face) => ("DELETE", one(*face), Value::Null),
            Kind::Read(face) => ("GET", one(*face), Value::Null),
            Kind::ReadBy(_) => ("GET", "/v1/self".to_owned(), Value::Null),
            Kind::Verify(token) => ("POST", "/v1/verify".to_owned(), json!({ "token": token })),
        };
        let mut sent = call(method, path).header("x-request-id", op.requests.last().expect("one").as_str());
        if let Some(tag) = &op.if_match {
            sent = sent.header("if-match", tag.as_str());
        }
        if has_key(op) {
            sent = sent.header("idempotency-key", op.requests[0].as_str());
        }
        if body.is_null() { sent } else { sent.json(&body) }
    }
}

/// A new operation that is called now.
fn op(request: String, target: Option<String>, kind: Kind) -> Op {
    Op { requests: vec![request], target, kind, if_match: None, invoked: clock(), returned: u64::MAX, answer: None }
}

/// Whether the operation has an `Idempotency-Key`, which only our own face supports.
fn has_key(op: &Op) -> bool {
    matches!(op.kind, Kind::Create(Postern, _))
}

/// The body of a face for these fields.
fn body(face: Face, fields: &Fields) -> Value {
    let guid = |id: &Value| json!(id.as_str().and_then(Id::parse).expect("an id").guid());
    let member = |(name, value): (&&str, &Value)| match (face, *name) {
        (LiteGraph, "principal") => ("UserGUID".to_owned(), guid(value)),
        (LiteGraph, "name") => ("Name".to_owned(), value.clone()),
        (LiteGraph, "enabled") => ("Active".to_owned(), value.clone()),
        (LiteGraph, "token") => ("BearerToken".to_owned(), value.clone()),
        (_, name) => (name.to_owned(), value.clone()),
    };
    let in_path = |name| face == Keycard && name == "principal";
    fields.iter().filter(|(name, _)| !in_path(**name)).map(member).collect::<Map<_, _>>().into()
}

/// The id in an answer.
fn named(answer: &Answer) -> Option<String> {
    let id = answer.body.get("client_id").or(answer.body.get("id"))?.as_str()?;
    Id::parse_client(id).or_else(|| Id::parse(id)).map(|id| id.to_string())
}

fn new_id(random: &mut Random) -> String {
    // Not the largest ids, whose first character would differ.
    Id::from_bits((u128::from(random.next()) << 64 | u128::from(random.next())) >> 1).to_string()
}
