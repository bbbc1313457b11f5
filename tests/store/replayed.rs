//! The history is whole: whatever was done, through the faces and at the console, replaying the events gives the rows.

use std::collections::{BTreeMap, BTreeSet};

use postern::credential::id::Id;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::deleted::assert_whole;
use support::{CLIENTS, ROOT, Reply, World, client_url, text};

const TENANTS: [(&str, &str); 2] = [("acme", "00000000000000000000000000"), ("other", "00000000000000000000000001")];
const STEPS: &str = "create on Coactive, create on LiteGraph, create on Keycard, create on our own, PUT on our own, \
    PATCH on our own, POST a rotation, POST the end of a rotation, POST a rotation back, POST a revocation, \
    POST a restoration, delete on our own, delete the user on our own, PUT on Coactive, PUT on LiteGraph, \
    PATCH on Keycard, delete on Coactive, delete on LiteGraph, delete on Keycard, delete all on LiteGraph, \
    delete a user's on LiteGraph, delete the user, delete the tenant, make tenant and user again, \
    create again on LiteGraph, edit at the console, end a secret at the console, delete at the console";

/// What to do, to which of those that were made, with which of a few values: so that some steps change nothing, some
/// are refused, and some meet what was deleted.
fn steps() -> impl Strategy<Value = Vec<(&'static str, usize, u8)>> {
    prop::collection::vec((prop::sample::select(STEPS.split(", ").collect::<Vec<_>>()), 0..4_usize, 0..3_u8), 1..20)
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
        run.make_user(0);
        run.make_user(1);
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
        // The default user, or the other one; so that a credential moves, or its user is not there any more.
        let user = [Id::ZERO, user()][at % 2].guid();
        let litegraph = json!({"UserGUID": user, "Name": name, "Active": value != 1, "BearerToken": token});
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
            "create on our own" => {
                let made = self.send(new, "POST", &our_path(new), &json!({"name": name, "roles": roles}));
                self.made(new, &made, |body| Id::parse(&text(body, "id")));
            }
            "PUT on our own" => {
                let (whom, end) = ([Id::ZERO, self::user()][at % 2], [None, Some("2027-01-01T00:00:00Z")][at % 2]);
                let body = json!({"principal": whom, "name": name, "enabled": value != 1,
                    "roles": roles, "expires_at": end, "metadata": {"a": name}});
                self.send(tenant, "PUT", &format!("{}/{id}", our_path(tenant)), &body);
            }
            "PATCH on our own" => {
                let bodies = [
                    json!({"metadata": {"b": "2"}}),
                    json!({"metadata": {"a": null, "b": "3"}, "enabled": false}),
                    json!({"metadata": null, "expires_at": null}),
                ];
                self.send(tenant, "PATCH", &format!("{}/{id}", our_path(tenant)), &bodies[value]);
            }
            step if step.starts_with("POST") => {
                let (way, body) = match step {
                    "POST a rotation" => ("rotate", json!({"grace_seconds": value * 30})),
                    "POST the end of a rotation" => ("rotate/finish", Value::Null),
                    "POST a rotation back" => ("rotate/cancel", Value::Null),
                    "POST a revocation" => {
                        ("revoke", [json!({}), json!({"reason": name}), json!({"reason": ""})][value].clone())
                    }
                    _ => ("restore", Value::Null),
                };
                self.send(tenant, "POST", &format!("{}/{id}/{way}", our_path(tenant)), &body);
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
            "create again on LiteGraph" => {
                // Where it is still there, a conflict; else its second life, or its third.
                let mut again = litegraph;
                again["GUID"] = id.guid().into();
                self.send(tenant, "PUT", &litegraph_path(tenant), &again);
            }
            "make tenant and user again" => {
                let body = json!({"GUID": Id::parse(TENANTS[1].1).unwrap().guid(), "Name": TENANTS[1].0});
                self.send(1, "PUT", "/v1.0/tenants", &body);
                self.make_user(0);
                self.make_user(1);
            }
            step if step.starts_with("delete") && !step.ends_with("console") => self.delete(step, tenant, id, &user),
            other => self.at_the_console(other, id, value),
        }
    }

    fn make_user(&self, tenant: usize) {
        self.send(tenant, "PUT", &users_path(tenant), &json!({"GUID": user().guid()}));
    }

    fn delete(&self, step: &str, tenant: usize, id: Id, user: &str) {
        let of = litegraph_path(tenant);
        let url = match step {
            "delete on Coactive" => client_url(&id.client()),
            "delete on LiteGraph" => format!("{of}/{}", id.guid()),
            "delete on Keycard" => format!("{}/{id}", keycard_path(tenant)),
            "delete on our own" => format!("{}/{id}", our_path(tenant)),
            "delete the user on our own" => {
                our_path(tenant).replace("/credentials", &format!("/principals/{}", self::user()))
            }
            "delete all on LiteGraph" => of,
            "delete a user's on LiteGraph" => format!("{of}/{user}/credentials"),
            "delete the user" => format!("{}/{}", users_path(tenant), self::user().guid()),
            _ => format!("{}?force", litegraph_path(1).trim_end_matches("/credentials")),
        };
        let reply = self.send(tenant, "DELETE", &url, &Value::Null);
        assert!([200, 204, 404].contains(&reply.status), "{step}: {}", reply.text);
    }

    fn made(&mut self, tenant: usize, reply: &Reply, read: fn(&Value) -> Option<Id>) {
        if reply.status < 300 {
            self.made.push((tenant, read(&reply.json()).unwrap()));
        }
    }

    fn at_the_console(&self, step: &str, id: Id, value: usize) {
        let edits = [
            "name = 'by hand', enabled = 1, metadata = '{\"by\":\"hand\"}'",
            "expires_at = 5, revoked_at = 7, revoked_reason = 'by hand'",
            "expires_at = NULL, roles = NULL, revoked_reason = NULL, revoked_at = NULL",
        ];
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

fn our_path(tenant: usize) -> String {
    format!("/v1/tenants/{}/credentials", TENANTS[tenant].1)
}

fn users_path(tenant: usize) -> String {
    litegraph_path(tenant).replace("/credentials", "/users")
}

/// The user that each tenant has besides the default one.
fn user() -> Id {
    Id::from_bits(77)
}

/// Under the default principal, which every tenant has.
fn keycard_path(tenant: usize) -> String {
    format!("/organizations/{}/service-accounts/{}/credentials", TENANTS[tenant].0, Id::ZERO)
}

/// The histories of an id, one a life, oldest first: each found by a walk from its end, which is a deletion or now.
fn lives(world: &World, id: Id) -> Vec<Vec<Value>> {
    let ends = world.db.query(
        "SELECT tenant, seq AS at FROM events WHERE credential = ?1 AND action = 'deleted'
         UNION ALL SELECT tenant, event FROM credentials WHERE id = ?1 ORDER BY at",
        &[&id.to_string()],
    );
    let walk = |end: &Value| {
        let mut events = Vec::new();
        let mut next = end["at"].as_i64();
        while let Some(seq) = next {
            let sql = "SELECT * FROM events WHERE tenant = ?1 AND seq = ?2";
            let mut event = world.db.query(sql, &[&end["tenant"].as_str(), &seq]).remove(0);
            event["changes"] = serde_json::from_str(event["changes"].as_str().unwrap()).unwrap();
            next = event["previous"].as_i64();
            events.insert(0, event);
        }
        events
    };
    ends.iter().map(walk).collect()
}

/// The credential's columns, and its secrets with their ends, as its events tell them; nothing once it is deleted.
fn replay(history: &[Value]) -> Option<(Map<String, Value>, BTreeMap<String, Value>)> {
    let (mut columns, mut secrets, mut alive) = (Map::new(), BTreeMap::new(), false);
    for event in history {
        let changes = event["changes"].as_object().unwrap();
        match event["action"].as_str().unwrap() {
            action @ ("created" | "updated" | "deleted") => {
                alive = action != "deleted";
                if action == "created" {
                    // Nothing is born revoked, so that is not told.
                    columns.extend(["revoked_at", "revoked_reason"].map(|field| (field.to_owned(), Value::Null)));
                }
                // When it was made is told at its end alone: no change could have moved it.
                for (field, change) in changes.iter().filter(|(field, _)| *field != "created_at") {
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
    let sql = "SELECT principal, name, description, enabled, roles, expires_at, metadata, revoked_at, revoked_reason \
               FROM credentials WHERE id = ?1";
    let mut row = world.db.query(sql, &[&id]).pop()?;
    row["enabled"] = (row["enabled"] == 1).into();
    row["metadata"] = serde_json::from_str(row["metadata"].as_str().unwrap()).unwrap();
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
            // The count of each tenant's credentials is the real one, and no row waits to be deleted.
            assert_whole(&run.world);
        }
        for (tenant, (_, id)) in TENANTS.iter().enumerate() {
            let events = run.world.db.query("SELECT seq, credential FROM events WHERE tenant = ?1 ORDER BY seq", &[id]);
            let numbers: Vec<_> = events.iter().filter_map(|event| event["seq"].as_i64()).collect();
            prop_assert_eq!(&numbers, &(1..).take(numbers.len()).collect::<Vec<i64>>(), "numbered without gaps");
            let own: BTreeSet<_> = run.made.iter().filter(|(of, _)| *of == tenant).map(|(_, id)| id.to_string()).collect();
            prop_assert_eq!(&events.iter().map(|event| text(event, "credential")).collect::<BTreeSet<_>>(), &own);
        }
        for (_, id) in &run.made {
            let lives = lives(&run.world, *id);
            let all = run.world.db.query("SELECT seq FROM events WHERE credential = ?1 ORDER BY seq", &[&id.to_string()]);
            prop_assert_eq!(lives.iter().flatten().map(|event| &event["seq"]).collect::<Vec<_>>(), all.iter().map(|event| &event["seq"]).collect::<Vec<_>>());
            let (last, before) = lives.split_last().unwrap();
            for life in before {
                prop_assert_eq!(replay(life), None);
            }
            prop_assert_eq!(replay(last), stored(&run.world, *id));
            if let Some(revision) = run.revision(*id) {
                prop_assert_eq!(last.last().unwrap()["revision"].as_i64(), Some(revision));
            }
        }
    }
}
