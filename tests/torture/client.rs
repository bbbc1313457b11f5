//! The server, asked over HTTP by one who notes that no answer came instead of failing.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::Request;

use super::check::Told;
use super::model::{Answer, Event};

pub struct Server {
    pub url: String,
    pub root: String,
    agent: Agent,
}

/// A request's path and what else it says.
pub struct Call {
    pub method: &'static str,
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Value,
}

/// Nanoseconds since the first time that it was asked.
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
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(30)))
            // A connection that the server closes while it is idle would fail the next request.
            .max_idle_connections(0);
        Self { url, root, agent: config.build().new_agent() }
    }

    /// None: a 5xx, or no answer. It may be done or not.
    pub fn send(&self, token: &str, call: &Call) -> Option<Answer> {
        let mut request = Request::builder()
            .method(call.method)
            .uri(format!("{}{}", self.url, call.path))
            .header("authorization", format!("Bearer {token}"));
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        let answered = match &call.body {
            Value::Null => self.agent.run(request.body(()).expect("a request")),
            body => {
                let request = request.header("content-type", "application/json");
                self.agent.run(request.body(body.to_string()).expect("a request"))
            }
        };
        let mut answered = answered.ok().filter(|answered| answered.status().as_u16() < 500)?;
        let text = answered.body_mut().read_to_string().ok()?;
        let etag = answered.headers().get("etag").and_then(|etag| etag.to_str().ok()).map(str::to_owned);
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).ok()? };
        Some(Answer { status: answered.status().as_u16(), etag, body })
    }

    /// What has to be answered: with this status.
    pub fn must(&self, token: &str, method: &'static str, path: &str, status: u16, body: Value) -> Value {
        let call = Call { method, path: path.to_owned(), headers: Vec::new(), body };
        match self.send(token, &call) {
            Some(answer) if answer.status == status => answer.body,
            other => panic!("{method} {path}: {other:?} instead of {status}"),
        }
    }

    /// All of a list of our own face.
    pub fn list(&self, token: &str, path: &str) -> Vec<Value> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let mut page = self.must(token, "GET", &format!("{path}?limit=100{cursor}"), 200, Value::Null);
            items.append(page["items"].as_array_mut().expect("items"));
            let Some(next) = page["next"].as_str() else { return items };
            cursor = format!("&cursor={next}");
        }
    }

    /// All events of a tenant.
    pub fn events(&self, token: &str, tenant: &str) -> Vec<Told> {
        self.list(token, &format!("/v1/tenants/{tenant}/events")).iter().map(told).collect()
    }
}

fn told(item: &Value) -> Told {
    let actions = ["created", "updated", "deleted", "secret_created", "secret_updated", "secret_ended"];
    let action = actions.into_iter().find(|action| item["action"] == *action);
    let mut changes = item["changes"].clone();
    for (name, change) in changes.as_object_mut().expect("changes") {
        for at in ["before", "after"] {
            without_instants(name, &mut change[at]);
        }
    }
    Told {
        seq: item["seq"].as_u64().expect("a number"),
        request: text(item, "request_id"),
        credential: text(item, "credential"),
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

/// Puts `set` in place of a member that is an instant.
pub fn without_instants(name: &str, value: &mut Value) {
    if ["created_at", "expires_at", "revoked_at"].contains(&name) && !value.is_null() {
        *value = json!("set");
    }
}
