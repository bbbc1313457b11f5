//! A model of a credential: for each operation its response, its effect and its event.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use postern::credential::access::ACCESS;
use support::face::Face::{self, Coactive, Keycard, LiteGraph, Postern};

/// The default principal's id. Coactive's credentials belong to it, and Keycard's face does not list them.
pub const DEFAULT: &str = "00000000000000000000000000";

/// The fields of a write. LiteGraph's `Active` is `enabled`, its `BearerToken` is `token`.
pub type Fields = BTreeMap<&'static str, Value>;

#[derive(Clone, Debug)]
pub enum Kind {
    Create(Face, Fields),
    /// A PUT or PATCH. On our own face, absent fields are kept, and `metadata` is merged.
    Change(Face, Fields),
    /// The PUT of our own face.
    Replace(Fields),
    /// A rotation, with so many seconds of grace.
    Rotate(u32),
    Finish,
    Cancel,
    Revoke(Option<String>),
    Restore,
    Delete(Face),
    Read(Face),
    /// `GET /v1/self`, with this secret of the credential.
    ReadBy(String),
    Verify(String),
}

/// An operation, its time and its result.
#[derive(Clone, Debug)]
pub struct Op {
    /// The ids of its requests: several if it was sent again.
    pub requests: Vec<String>,
    /// The credential; unknown for a creation until it is answered.
    pub target: Option<String>,
    pub kind: Kind,
    pub if_match: Option<String>,
    /// Nanoseconds since the test began.
    pub invoked: u64,
    /// The same, for the return. Without an answer, the maximum: the operation may take effect at any time, or never.
    pub returned: u64,
    /// None for a 5xx or no answer.
    pub answer: Option<Answer>,
}

/// In a [`Step`], `body` has only the members that are compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub etag: Option<String>,
    pub body: Value,
}

/// The compared parts of an event. Instants are replaced by the text `set`.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub action: &'static str,
    pub secret: Option<String>,
    pub revision: u64,
    pub changes: Value,
    pub widened: bool,
}

/// A credential that exists or existed.
#[derive(Clone, Debug)]
pub struct Credential {
    id: String,
    fields: Fields,
    revision: u64,
    /// Deleted. The id is not used again.
    gone: bool,
    /// The newest last.
    secrets: Vec<Secret>,
}

#[derive(Clone, Debug)]
struct Secret {
    id: String,
    /// None if the answer with the token was lost.
    token: Option<String>,
    /// Whether LiteGraph's face returns it.
    sealed: bool,
    end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Never,
    /// In an hour, after the test.
    Later,
    /// Expired immediately. The secret is invalid, and its row is deleted by the next step.
    Passed,
}

/// The effect of an operation on a state.
pub struct Step {
    pub answer: Answer,
    pub events: Vec<Event>,
    pub state: Option<Credential>,
}

/// Executes an operation on a credential. `made` is the id of the secret that the operation creates, if any.
pub fn step(state: Option<&Credential>, op: &Op, made: Option<&str>) -> Step {
    let before = state;
    let stays = |answer| Step { answer, events: Vec::new(), state: before.cloned() };
    let state = before.filter(|it| !it.gone);
    let refused = |status| stays(Answer { status, etag: None, body: json!({}) });
    match (&op.kind, state) {
        (Kind::Verify(token), _) => stays(Answer { status: 200, etag: None, body: verified(state, token) }),
        (Kind::ReadBy(token), _) => match state.filter(|it| it.fault(token).is_none()) {
            Some(credential) => stays(credential.shown_to_itself()),
            None => refused(401),
        },
        (Kind::Create(..), _) if before.is_some() => refused(409),
        (Kind::Create(face, given), _) => create(*face, given, op, made.unwrap_or_default()),
        (Kind::Delete(LiteGraph), None) => refused(200),
        (_, None) => refused(404),
        (Kind::Change(Keycard, _) | Kind::Delete(Keycard) | Kind::Read(Keycard), Some(it)) if it.is_defaults() => {
            refused(404)
        }
        (kind, Some(it)) => {
            if op.if_match.as_ref().is_some_and(|tag| *tag != it.etag()) {
                return refused(412);
            }
            match kind {
                Kind::Read(face) => stays(it.shown(*face, 200)),
                Kind::Delete(face) => delete(it, *face),
                _ => match it.changed(op, made) {
                    Ok((next, events, face)) => Step { answer: next.answer(op, face), events, state: Some(next) },
                    Err(status) => refused(status),
                },
            }
        }
    }
}

fn create(face: Face, given: &Fields, op: &Op, made: &str) -> Step {
    let mut fields: Fields = [
        ("principal", json!(DEFAULT)),
        ("name", Value::Null),
        ("description", Value::Null),
        ("enabled", json!(true)),
        ("roles", if face == Coactive { Value::Null } else { json!([{ "role_id": "viewer" }]) }),
        ("access", json!("none")),
        ("self_rotate", json!(false)),
        ("expires_at", Value::Null),
        ("metadata", json!({})),
    ]
    .into();
    fields.extend(given.iter().filter(|(name, _)| **name != "token").map(|(name, value)| (*name, value.clone())));
    if face == Coactive {
        fields.insert("access", access_of_roles(&fields["roles"]));
    }
    let stored = fields.iter().filter(|(name, value)| is_stored(name, value));
    let changes = stored.map(|(name, value)| ((*name).to_owned(), difference(name, &Value::Null, value))).collect();
    let revision = 1;
    let created = Event { action: "created", secret: None, revision, changes, widened: false };
    fields.extend([("revoked_at", Value::Null), ("revoked_reason", Value::Null)]);
    let mut credential =
        Credential { id: op.target.clone().unwrap_or_default(), fields, revision, gone: false, secrets: Vec::new() };
    let second = credential.add(made, op.token(), face == LiteGraph);
    let status = if face == LiteGraph { 200 } else { 201 };
    Step { answer: credential.shown(face, status), events: vec![created, second], state: Some(credential) }
}

fn delete(credential: &Credential, face: Face) -> Step {
    let mut events: Vec<_> = credential.secrets.iter().map(|secret| credential.ended(secret)).collect();
    let mut fields = credential.fields.clone();
    fields.insert("created_at", json!("set"));
    let stored = fields.iter().filter(|(name, value)| is_stored(name, value));
    let changes = stored.map(|(name, value)| ((*name).to_owned(), difference(name, value, &Value::Null))).collect();
    let revision = credential.revision;
    events.push(Event { action: "deleted", secret: None, revision, changes, widened: false });
    let status = if matches!(face, Coactive | LiteGraph) { 200 } else { 204 };
    let gone = Credential { gone: true, ..credential.clone() };
    Step { answer: Answer { status, etag: None, body: json!({}) }, events, state: Some(gone) }
}

/// The access that Coactive's face gives with the roles of these tests.
fn access_of_roles(roles: &Value) -> Value {
    match roles[0]["role_id"].as_str() {
        Some("viewer") => json!("read"),
        Some("editor") => json!("edit"),
        _ => json!("admin"),
    }
}

/// Whether a field has a value. `roles` always does: null is full access.
fn is_stored(name: &str, value: &Value) -> bool {
    name == "roles" || !value.is_null() && *value != json!({})
}

/// A change of a field, as an event reports it: roles as added and removed, unless either side is full access or does
/// not exist; of metadata only the members that differ.
fn difference(name: &str, before: &Value, after: &Value) -> Value {
    match (name, before.as_array(), after.as_array()) {
        ("roles", Some(before), Some(after)) => {
            let without = |left: &[Value], right: &[Value]| -> Vec<Value> {
                left.iter().filter(|role| !right.contains(role)).cloned().collect()
            };
            json!({ "added": without(after, before), "removed": without(before, after) })
        }
        ("metadata", ..) => {
            let without = |left: &Value, right: &Value| -> Map<String, Value> {
                let members = left.as_object().into_iter().flatten();
                let differ = members.filter(|(key, value)| right.get(key) != Some(value));
                differ.map(|(key, value)| (key.clone(), value.clone())).collect()
            };
            both(&without(before, after).into(), &without(after, before).into())
        }
        _ => both(before, after),
    }
}

fn both(before: &Value, after: &Value) -> Value {
    json!({ "before": before, "after": after })
}

fn verified(state: Option<&Credential>, token: &str) -> Value {
    match state.map(|it| (it, it.fault(token))) {
        None | Some((_, Some("unknown"))) => json!({ "active": false, "reason": "unknown" }),
        Some((it, Some(fault))) => json!({ "active": false, "reason": fault, "credential": it.id }),
        Some((it, None)) => {
            let [name, roles, access] = ["name", "roles", "access"].map(|name| &it.fields[name]);
            json!({ "active": true, "credential": it.id, "name": name, "roles": roles, "access": access })
        }
    }
}

impl Op {
    /// Whether the answer acknowledged a change. (The change may have had no effect.)
    pub fn is_acknowledged_change(&self) -> bool {
        let reads = matches!(self.kind, Kind::Read(_) | Kind::ReadBy(_) | Kind::Verify(_));
        !reads && self.answer.as_ref().is_some_and(|answer| answer.status < 300)
    }

    /// The secret that the operation set or created, as its client knows it.
    /// Whether the client chooses the token. Root sends these: any other caller may do so 600 times a minute.
    pub fn chooses_token(&self) -> bool {
        match &self.kind {
            Kind::Create(_, given) | Kind::Change(_, given) => given.get("token").is_some_and(Value::is_string),
            _ => false,
        }
    }

    fn token(&self) -> Option<String> {
        let given = match &self.kind {
            Kind::Create(_, given) | Kind::Change(_, given) => given.get("token"),
            _ => None,
        };
        let returned = self.answer.as_ref().and_then(|answer| {
            ["secret", "client_secret", "BearerToken"].iter().find_map(|member| answer.body.get(member))
        });
        given.or(returned).and_then(Value::as_str).map(str::to_owned)
    }
}

impl Credential {
    fn etag(&self) -> String {
        format!("\"{}.{}\"", self.id, self.revision)
    }

    fn is_defaults(&self) -> bool {
        self.fields["principal"] == DEFAULT
    }

    fn is_revoked(&self) -> bool {
        !self.fields["revoked_at"].is_null()
    }

    /// Why a token is invalid, in the order of the checks.
    fn fault(&self, token: &str) -> Option<&'static str> {
        // A generated secret contains its id. If the answer with the secret was lost, a read through LiteGraph's face
        // may have returned it.
        let is_it =
            |secret: &&Secret| secret.token.as_deref().map_or_else(|| token.contains(&secret.id), |it| it == token);
        let Some(secret) = self.secrets.iter().find(is_it) else {
            return Some("unknown");
        };
        match () {
            () if secret.end == End::Passed => Some("expired"),
            () if self.is_revoked() => Some("revoked"),
            () if self.fields["enabled"] == false => Some("inactive"),
            () => None,
        }
    }

    fn add(&mut self, id: &str, token: Option<String>, sealed: bool) -> Event {
        self.secrets.push(Secret { id: id.to_owned(), token, sealed, end: End::Never });
        self.of_secret("secret_created", id, End::Never, End::Never)
    }

    fn ended(&self, secret: &Secret) -> Event {
        self.of_secret("secret_ended", &secret.id, secret.end, End::Never)
    }

    fn of_secret(&self, action: &'static str, id: &str, before: End, after: End) -> Event {
        let time = |end| if end == End::Never { Value::Null } else { json!("set") };
        let changes = json!({ "expires_at": both(&time(before), &time(after)) });
        let widened = action == "secret_updated" && before != End::Never && after == End::Never;
        Event { action, secret: Some(id.to_owned()), revision: self.revision, changes, widened }
    }

    fn live(&self) -> usize {
        self.secrets.iter().filter(|secret| secret.end != End::Passed).count()
    }

    /// The credential after a change, its events, and the face of its answer; or the status of the error.
    fn changed(&self, op: &Op, made: Option<&str>) -> Result<(Self, Vec<Event>, Face), u16> {
        let mut next = self.clone();
        match &op.kind {
            Kind::Change(face, given) => {
                if *face == LiteGraph && self.is_revoked() && given["enabled"] == true {
                    return Err(409);
                }
                for (name, value) in given.iter().filter(|(name, _)| **name != "token") {
                    let value = match (*name, face) {
                        ("metadata", _) => merged(&self.fields["metadata"], value),
                        ("enabled", LiteGraph) if self.is_revoked() => continue,
                        _ => value.clone(),
                    };
                    next.fields.insert(name, value);
                }
                if *face == Coactive && self.fields["access"] == access_of_roles(&self.fields["roles"]) {
                    next.fields.insert("access", access_of_roles(&next.fields["roles"]));
                }
                let mut events = next.turned(self, given.contains_key("token"));
                if given.contains_key("token") {
                    let ended: Vec<_> = next.secrets.drain(..).collect();
                    events.extend(ended.iter().map(|secret| next.ended(secret)));
                    events.push(next.add(made.unwrap_or_default(), op.token(), true));
                }
                Ok((next, events, *face))
            }
            Kind::Replace(given) => {
                next.fields.extend(given.iter().map(|(name, value)| (*name, value.clone())));
                let events = next.turned(self, false);
                Ok((next, events, Postern))
            }
            Kind::Revoke(reason) => {
                next.fields.extend([("revoked_at", json!("set")), ("revoked_reason", json!(reason))]);
                let events = next.turned(self, false);
                Ok((next, events, Postern))
            }
            Kind::Restore => {
                next.fields.extend([("revoked_at", Value::Null), ("revoked_reason", Value::Null)]);
                let events = next.turned(self, false);
                Ok((next, events, Postern))
            }
            kind => {
                let begins = matches!(kind, Kind::Rotate(_));
                if begins == (self.live() > 1) {
                    return Err(409);
                }
                let events = next.rotated(op, made);
                Ok((next, events, Postern))
            }
        }
    }

    /// Adds one to the revision if something differs, or if it must, and returns the events.
    fn turned(&mut self, before: &Self, anyhow: bool) -> Vec<Event> {
        let differs = self.fields != before.fields;
        if differs || anyhow {
            self.revision += 1;
        }
        if !differs {
            return Vec::new();
        }
        let changes = before.fields.iter().filter(|(name, value)| self.fields[*name] != **value);
        let changes =
            changes.map(|(name, value)| ((*name).to_owned(), difference(name, value, &self.fields[name]))).collect();
        let is_active = |it: &Self| it.fields["enabled"] == true && !it.is_revoked();
        let covers = |wide: &Value, narrow: &Value| {
            let same = |key| wide[key].is_null() || wide[key] == narrow[key];
            wide["role_id"] == narrow["role_id"] && same("resource") && same("resource_instance")
        };
        let contained = match [&before.fields["roles"], &self.fields["roles"]].map(Value::as_array) {
            [None, _] => true,
            [_, None] => false,
            [Some(before), Some(after)] => after.iter().all(|role| before.iter().any(|wide| covers(wide, role))),
        };
        let level = |it: &Self| ACCESS.iter().position(|level| it.fields["access"] == *level);
        let contained = contained && level(self) <= level(before);
        let widened = is_active(self) && !(is_active(before) && contained);
        vec![Event { action: "updated", secret: None, revision: self.revision, changes, widened }]
    }

    /// A step of a rotation.
    fn rotated(&mut self, op: &Op, made: Option<&str>) -> Vec<Event> {
        self.revision += 1;
        let mut events = Vec::new();
        let newest = self.secrets.last().map(|secret| (secret.id.clone(), secret.sealed)).unwrap_or_default();
        let after = |secret: &Secret| match op.kind {
            _ if secret.end == End::Passed => None,
            Kind::Rotate(0) => Some(End::Passed),
            Kind::Rotate(_) => Some(End::Later),
            Kind::Finish => (secret.id == newest.0).then_some(secret.end),
            _ => (secret.id != newest.0).then_some(End::Never),
        };
        let mut kept = Vec::new();
        for secret in std::mem::take(&mut self.secrets) {
            match after(&secret) {
                None => events.push(self.ended(&secret)),
                Some(end) => {
                    if end != secret.end {
                        events.push(self.of_secret("secret_updated", &secret.id, secret.end, end));
                    }
                    kept.push(Secret { end, ..secret });
                }
            }
        }
        self.secrets = kept;
        if matches!(op.kind, Kind::Rotate(_)) {
            events.push(self.add(made.unwrap_or_default(), op.token(), newest.1));
        }
        events
    }

    /// The answer to a change, with a secret that was created.
    fn answer(&self, op: &Op, face: Face) -> Answer {
        let mut answer = self.shown(face, 200);
        if let (Kind::Rotate(_), Some(newest)) = (&op.kind, self.secrets.last())
            && let Some(token) = &newest.token
        {
            answer.body["secret"] = json!(token);
        }
        answer
    }

    fn shown(&self, face: Face, status: u16) -> Answer {
        let of = |name: &str| self.fields[name].clone();
        let body = match face {
            Coactive => {
                let roles = of("roles");
                json!({ "name": of("name"), "roles": if roles.is_null() { json!([]) } else { roles } })
            }
            Keycard => json!({ "id": self.id, "name": of("name"), "description": of("description") }),
            LiteGraph => {
                let active = of("enabled") == true && !self.is_revoked();
                let mut body = json!({ "Name": of("name"), "Active": active });
                match self.secrets.last() {
                    Some(Secret { sealed: true, token: None, .. }) | None => {}
                    Some(Secret { sealed, token, .. }) => {
                        body["BearerToken"] = json!(token.as_ref().filter(|_| *sealed).map_or("", String::as_str));
                    }
                }
                body
            }
            Postern => {
                let mut body: Map<_, _> =
                    self.fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
                let live = self.secrets.iter().filter(|secret| secret.end != End::Passed);
                body.insert("secrets".to_owned(), live.map(|secret| json!(secret.id)).collect());
                body.insert("id".to_owned(), json!(self.id));
                body.insert("revision".to_owned(), json!(self.revision));
                body.into()
            }
        };
        Answer { status, etag: Some(self.etag()), body }
    }

    fn shown_to_itself(&self) -> Answer {
        let mut answer = self.shown(Postern, 200);
        let hidden = ["description", "enabled", "metadata", "revision", "revoked_reason"];
        if let Some(members) = answer.body.as_object_mut() {
            members.retain(|name, _| !hidden.contains(&name.as_str()));
        }
        answer
    }
}

/// RFC 7396, of flat objects.
fn merged(before: &Value, given: &Value) -> Value {
    let mut after = before.clone();
    for (key, value) in given.as_object().into_iter().flatten() {
        match (value, after.as_object_mut()) {
            (Value::Null, Some(after)) => drop(after.remove(key)),
            _ => after[key] = value.clone(),
        }
    }
    after
}
