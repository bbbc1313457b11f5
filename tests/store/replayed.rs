//! The history is whole: whatever was done, through the faces and at the console, replaying the events gives the rows.

use std::collections::{BTreeMap, BTreeSet};

use postern::credential::id::Id;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::common::{CLIENTS, ROOT, Reply, World, client_url, text};

const TENANTS: [(&str, &str); 2] = [("acme", "00000000000000000000000000"), ("other", "00000000000000000000000001")];
const STEPS: [&str; 9] = [
    "create on Coactive",
    "create on LiteGraph",
    "create on Keycard",
    "PUT on Coactive",
    "PUT on LiteGraph",
    "PATCH on Keycard",
    "edit at the console",
    "end a secret at the console",
    "delete at the console",
];

/// What to do, to which of those that were made, with which of a few values: so that some steps change nothing, some
/// are refused, and some meet what was deleted.
fn steps() -> impl Strategy<Value = Vec<(&'static str, usize, u8)>> {
    prop::collection::vec((prop::sample::select(&STEPS[..]), 0..4_usize, 0..3_u8), 1..16)
}

struct Run {
    world: World,
    /// Tenant by its place in TENANTS, and id.
    made: Vec<(usize, Id)>,
}

impl Run {
    fn new() -> Self {
        let world = World::new();
        world.tenant(TENANTS[1].1, TENANTS[1].0);
        let mut run = Self { world, made: Vec::new() };
        run.step("create on LiteGraph", 0, 0);
        run
    }

    fn send(&self, tenant: usize, method: &str, url: &str, body: &Value) -> Reply {
        let authorization = format!("Bearer {ROOT}");
        let headers = [("authorization", &*authorization), ("x-postern-tenant", TENANTS[tenant].0)];
        self.world.send(method, url, &headers, body.to_string().as_bytes())
    }

    fn step(&mut self, step: &str, at: usize, value: u8) {
        let name = format!("name {value}");
        let value = usize::from(value);
        let roles =
            &[json!(null), json!([{"role_id": "admin"}]), json!([{"role_id": "admin"}, {"role_id": "viewer"}])][value];
        // One for all is taken, where it is another's.
        let token = &[json!(null), json!("token"), json!(format!("token-{at}"))][value];
        let litegraph = json!({"UserGUID": Id::ZERO.guid(), "Name": name, "Active": value != 1, "BearerToken": token});
        let new = at % TENANTS.len();
        let (tenant, id) = self.made.get(at % self.made.len().max(1)).copied().unwrap_or((new, Id::ZERO));
        match step {
            "create on Coactive" => {
                let made = self.send(new, "POST", CLIENTS, &json!({"name": name, "roles": roles}));
                self.made(new, &made, |body| Id::parse_client(&text(body, "client_id")));
            }
            "create on LiteGraph" => {
                let made = self.send(new, "PUT", &litegraph_path(new), &litegraph);
                self.made(new, &made, |body| Id::parse_guid(&text(body, "GUID")));
            }
            "create on Keycard" => {
                let made = self.send(new, "POST", &keycard_path(new), &json!({"name": name}));
                self.made(new, &made, |body| Id::parse(&text(body, "id")));
            }
            "PUT on Coactive" => {
                self.send(tenant, "PUT", &client_url(&id.client()), &json!({"name": name, "roles": roles}));
            }
            "PUT on LiteGraph" => {
                self.send(tenant, "PUT", &format!("{}/{}", litegraph_path(tenant), id.guid()), &litegraph);
            }
            "PATCH on Keycard" => {
                let bodies = [json!({}), json!({"description": "text"}), json!({"name": name, "description": null})];
                self.send(tenant, "PATCH", &format!("{}/{id}", keycard_path(tenant)), &bodies[value]);
            }
            other => self.at_the_console(other, id, value),
        }
    }

    fn made(&mut self, tenant: usize, reply: &Reply, read: fn(&Value) -> Option<Id>) {
        if reply.status < 300 {
            self.made.push((tenant, read(&reply.json()).unwrap()));
        }
    }

    fn at_the_console(&self, step: &str, id: Id, value: usize) {
        let edits = ["name = 'by hand', enabled = 1", "expires_at = 5", "expires_at = NULL, roles = NULL"];
        let stamp = "ending = 1, change = 'end', changed_at = 5, changed_by = 'hand', changed_request = 'end'";
        let statements = match step {
            "edit at the console" => vec![format!("UPDATE credentials SET {} WHERE id = ?1", edits[value])],
            "end a secret at the console" => vec!["UPDATE secrets SET expires_at = 5 WHERE credential = ?1".to_owned()],
            "delete at the console" => vec![
                format!("UPDATE secrets SET {stamp} WHERE credential = ?1"),
                "DELETE FROM secrets WHERE credential = ?1".to_owned(),
                format!("UPDATE credentials SET {stamp} WHERE id = ?1"),
                "DELETE FROM credentials WHERE id = ?1".to_owned(),
            ],
            other => panic!("what is it to {other}?"),
        };
        for sql in statements {
            self.world.db.execute(&sql, &[&id.to_string()]);
        }
    }

    fn revision(&self, id: Id) -> Option<i64> {
        self.world.db.query("SELECT revision FROM credentials WHERE id = ?1", &[&id.to_string()]).first()?["revision"]
            .as_i64()
    }
}

fn litegraph_path(tenant: usize) -> String {
    format!("/v1.0/tenants/{}/credentials", Id::parse(TENANTS[tenant].1).unwrap().guid())
}

/// Under the default principal, which every tenant has.
fn keycard_path(tenant: usize) -> String {
    format!("/organizations/{}/service-accounts/{}/credentials", TENANTS[tenant].0, Id::ZERO)
}

/// The credential's columns, and its secrets with their ends, as its events tell them; nothing once it is deleted.
fn replay(history: &[Value]) -> Option<(Map<String, Value>, BTreeMap<String, Value>)> {
    let (mut columns, mut secrets, mut alive) = (Map::new(), BTreeMap::new(), false);
    for event in history {
        let changes = event["changes"].as_object().unwrap();
        match event["action"].as_str().unwrap() {
            action @ ("created" | "updated" | "deleted") => {
                alive = action != "deleted";
                for (field, change) in changes {
                    let before = columns.insert(field.clone(), change["after"].clone()).unwrap_or_default();
                    assert_eq!(before, change["before"], "{field}: no change is missing before {event}");
                }
            }
            "secret_ended" => assert!(secrets.remove(event["secret"].as_str().unwrap()).is_some(), "{event}"),
            _ => {
                let end = changes.get("expires_at").map(|change| change["after"].clone());
                let kept = secrets.get(event["secret"].as_str().unwrap()).cloned();
                secrets.insert(text(event, "secret"), end.or(kept).unwrap());
            }
        }
    }
    alive.then_some((columns, secrets))
}

/// The same of the rows.
fn stored(world: &World, id: Id) -> Option<(Map<String, Value>, BTreeMap<String, Value>)> {
    let id = id.to_string();
    let sql = "SELECT principal, name, description, enabled, roles, expires_at FROM credentials WHERE id = ?1";
    let mut row = world.db.query(sql, &[&id]).pop()?;
    row["enabled"] = (row["enabled"] == 1).into();
    row["roles"] = row["roles"].as_str().map_or(Value::Null, |roles| serde_json::from_str(roles).unwrap());
    let secrets = world.db.query("SELECT id, expires_at FROM secrets WHERE credential = ?1", &[&id]);
    let secrets = secrets.iter().map(|secret| (text(secret, "id"), secret["expires_at"].clone())).collect();
    Some((row.as_object().unwrap().clone(), secrets))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_history_of_any_steps_has_no_gap(steps in steps()) {
        let mut run = Run::new();
        for (step, at, value) in steps {
            let target = run.made[at % run.made.len()].1;
            let count = |run: &Run| run.world.db.count("SELECT count(*) FROM events");
            let (revision, events) = (run.revision(target), count(&run));
            run.step(step, at, value);
            // A request that changes a credential moves its revision by one, and leaves an event; and only so.
            if step.starts_with('P') {
                let moved = run.revision(target).zip(revision).map_or(0, |(after, before)| after - before);
                prop_assert_eq!(moved, i64::from(count(&run) > events), "{}", step);
            }
        }
        for (tenant, (_, id)) in TENANTS.iter().enumerate() {
            let events = run.world.db.query("SELECT seq, credential FROM events WHERE tenant = ?1 ORDER BY seq", &[id]);
            let numbers: Vec<_> = events.iter().filter_map(|event| event["seq"].as_i64()).collect();
            prop_assert_eq!(&numbers, &(1..).take(numbers.len()).collect::<Vec<i64>>(), "numbered without gaps");
            let own: BTreeSet<_> = run.made.iter().filter(|(of, _)| *of == tenant).map(|(_, id)| id.to_string()).collect();
            prop_assert_eq!(&events.iter().map(|event| text(event, "credential")).collect::<BTreeSet<_>>(), &own);
        }
        for (_, id) in &run.made {
            let history = run.world.history(&id.to_string());
            let all = run.world.db.query("SELECT seq FROM events WHERE credential = ?1 ORDER BY seq", &[&id.to_string()]);
            prop_assert_eq!(history.iter().map(|event| &event["seq"]).collect::<Vec<_>>(), all.iter().map(|event| &event["seq"]).collect::<Vec<_>>());
            prop_assert_eq!(replay(&history), stored(&run.world, *id));
            let newest = history.last().unwrap();
            if let Some(revision) = run.revision(*id) {
                prop_assert_eq!(newest["revision"].as_i64(), Some(revision));
            }
        }
    }
}
