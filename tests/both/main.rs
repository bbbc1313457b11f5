//! Tests for both transports: in process on SQLite, and, with `POSTERN_URL` set, over HTTP on the running Worker.
//! `cargo test` runs the former, `make test` both.

mod authorize;
mod callers;
mod coactive;
mod deletes;
mod every_answer;
mod isolation;
mod keycard;
mod keycard_lists;
mod lists;
mod litegraph;
mod litegraph_lists;
mod log_in;
mod oauth;
mod own;
mod parents;
mod preconditions;
mod recorded;
mod refusals;
mod rotation;
mod verify;

use std::rc::Rc;

use postern::credential::id::Id;
use serde_json::{Value, json};
use support::tenant::{post_by_root, read_id, text};
use support::{Client, Reply, call, client, get};

/// Whether this run has a database of its own.
fn in_process() -> bool {
    std::env::var_os("POSTERN_URL").is_none()
}

/// A tenant without credentials, called by root.
struct Organization {
    client: Rc<dyn Client>,
    id: Id,
    label: String,
}

impl Organization {
    fn new() -> Self {
        Self::of(Rc::from(client()))
    }

    /// Another organization in the same database.
    fn other(&self) -> Self {
        Self::of(Rc::clone(&self.client))
    }

    fn of(client: Rc<dyn Client>) -> Self {
        let made = post_by_root(&*client, "/organizations", &json!({ "name": "Organization" })).expect(201).json();
        Self { id: read_id(&made["id"]), label: text(&made["label"]), client }
    }

    /// Sends JSON as root.
    fn send(&self, method: &str, path: &str, body: &Value) -> Reply {
        call(method, path).root(&self.label).json(body).send(&*self.client)
    }

    /// Reads as root.
    fn get(&self, path: &str) -> Reply {
        get(path).root(&self.label).send(&*self.client)
    }

    /// Sets a switch of the tenant.
    fn switch(&self, body: &Value) {
        self.send("PATCH", &format!("/v1/tenants/{}", self.id), body).expect(200);
    }

    /// The path of the credentials on LiteGraph's face.
    fn litegraph(&self) -> String {
        format!("/v1.0/tenants/{}/credentials", self.id.guid())
    }

    /// The events of a credential, newest first.
    fn events(&self, id: Id) -> Vec<Value> {
        self.get(&format!("/v1/tenants/{}/credentials/{id}/events", self.id)).expect(200).items()
    }
}
