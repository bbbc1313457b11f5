//! An HTTP client that records a missing response instead of failing.

use std::sync::OnceLock;
use std::time::Instant;

use serde_json::{Value, json};

use support::client::{Call, call, get};
use support::http::Http;

use super::check::Entry;
use super::model::{Answer, Event};

pub struct Server {
    pub root: String,
    http: Http,
}

/// Nanoseconds since the first call of this function.
pub fn clock() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    u64::try_from(START.get_or_init(Instant::now).elapsed().as_nanos()).expect("centuries")
}

/// The text of a member.
pub fn text(of: &Value, member: &str) -> String {
    of[member].as_str().unwrap_or_else(|| panic!("no {member} in {of}")).to_owned()
}

impl Server {
    pub fn new(url: String, root: String) -> Self {
        Self { http: Http::new(url, root.clone()), root }
    }

    /// Sends a request. Returns none for a 5xx or no response: the request may have had an effect.
    pub fn send(&self, token: &str, call: Call) -> Option<Answer> {
        let reply = call.token(token).attempt(&self.http).filter(|reply| reply.status < 500)?;
        let body = if reply.text.is_empty() { Value::Null } else { serde_json::from_str(&reply.text).ok()? };
        Some(Answer { status: reply.status, etag: reply.header("etag").map(str::to_owned), body })
    }

    /// Sends a request that must get this status.
    fn must(&self, token: &str, what: &str, status: u16, call: Call) -> Value {
        match self.send(token, call) {
            Some(answer) if answer.status == status => answer.body,
            other => panic!("{what}: {other:?} instead of {status}"),
        }
    }

    pub fn get(&self, token: &str, path: &str) -> Value {
        self.must(token, path, 200, get(path))
    }

    /// Creates a resource as root.
    pub fn made(&self, path: &str, body: &Value) -> Value {
        self.must(&self.root, path, 201, call("POST", path).json(body))
    }

    /// Reads all pages of a list on our own face.
    pub fn list(&self, token: &str, path: &str) -> Vec<Value> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let mut page = self.get(token, &format!("{path}?limit=100{cursor}"));
            items.append(page["items"].as_array_mut().expect("items"));
            let Some(next) = page["next"].as_str() else { return items };
            cursor = format!("&cursor={next}");
        }
    }

    /// Reads all events of a tenant.
    pub fn events(&self, token: &str, tenant: &str) -> Vec<Entry> {
        self.list(token, &format!("/v1/tenants/{tenant}/events")).iter().map(entry).collect()
    }
}

fn entry(item: &Value) -> Entry {
    let actions = ["created", "updated", "deleted", "secret_created", "secret_updated", "secret_ended"];
    let action = actions.into_iter().find(|action| item["action"] == *action);
    let mut changes = item["changes"].clone();
    for (name, change) in changes.as_object_mut().expect("changes") {
        for value in change.as_object_mut().expect("a difference").values_mut() {
            without_instants(name, value);
        }
    }
    Entry {
        seq: item["seq"].as_u64().expect("a number"),
        request: text(item, "request_id"),
        noun: text(item, "noun"),
        id: text(item, "id"),
        by: text(item, "by"),
        event: Event {
            action: action.unwrap_or_else(|| panic!("no action: {item}")),
            secret: item["secret"].as_str().map(str::to_owned),
            revision: item["revision"].as_u64().expect("a number"),
            changes,
            widened: item["widened_access"] == true,
        },
    }
}

/// Replaces a member that is an instant by `set`.
pub fn without_instants(name: &str, value: &mut Value) {
    if ["created_at", "expires_at", "revoked_at"].contains(&name) && !value.is_null() {
        *value = json!("set");
    }
}
