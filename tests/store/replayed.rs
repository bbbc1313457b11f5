//! The history is complete: replaying the events gives the current rows, after any changes through the faces and at
//! the console.

use std::collections::{BTreeMap, BTreeSet};

use postern::credential::id::Id;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::console::STAMP;
use crate::deleted::assert_whole;
use support::{CLIENTS, ROOT, Reply, World, client_url, text};

const TENANTS: [(&str, &str); 2] = [("acme", "00000000000000000000000000"), ("other", "00000000000000000000000001")];
const STEPS: &str = "create on Coactive, create on LiteGraph, create on Keycard, create on our own, PUT on our own, \
    PATCH on our own, POST a rotation, POST the end of a rotation, POST a rotation back, POST a revocation, \
    POST a restoration, delete on our own, delete the user on our own, PUT on Coactive, PUT on LiteGraph, \
    PATCH on Keycard, delete on Coactive, delete on LiteGraph, delete on Keycard, delete all on LiteGraph, \
    delete a user's on LiteGraph, delete the user, delete the tenant, make tenant and user again, \
    create again on LiteGraph, PATCH the tenant, PATCH the user on our own, PUT the user on LiteGraph, edit at the console, \
    edit the tenant at the console, edit the user at the console, end a secret at the console, delete at the console";

/// Steps: an operation, the index of its resource, and one of a few values. So some steps change nothing, some are
/// rejected, and some meet a deleted resource, which is not created again.
fn steps() -> impl Strategy<Value = Vec<(&'static str, usize, u8)>> {
    prop::collection::vec((prop::sample::select(STEPS.split(", ").collect::<Vec<_>>()), 0..4_usize, 0..3_u8), 1..20)
}

struct Run {
    world: World,
    /// The created credentials: the tenant's index in TENANTS, and the id.
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
        // The token "token" is shared, so another credential may have it.
        let token = &[json!(null), json!("token"), json!(format!("token-{at}"))][value];
        // The default user or the other one, so that a credential moves, or its user does not exist.
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
                // A conflict, even after a deletion.
                let mut again = litegraph;
                again["GUID"] = id.guid().into();
                let made = self.send(tenant, "PUT", &litegraph_path(tenant), &again);
                assert!([400, 404, 409].contains(&made.status), "{}", made.text);
            }
            "PATCH the tenant" | "PATCH the user on our own" | "PUT the user on LiteGraph" => {
                self.change_parent(step, tenant, value, &name);
            }
            "make tenant and user again" => {
                let body = json!({"GUID": Id::parse(TENANTS[1].1).unwrap().guid(), "Name": TENANTS[1].0});
                self.send(1, "PUT", "/v1.0/tenants", &body);
                self.make_user(0);
                self.make_user(1);
            }
            step if step.starts_with("delete") && !step.ends_with("console") => self.delete(step, tenant, id, &user),
            other => self.at_the_console(other, (tenant, id), value),
        }
    }

    /// Changes a tenant or its user.
    fn change_parent(&self, step: &str, tenant: usize, value: usize, name: &str) {
        let own = our_path(tenant);
        let (method, url, bodies) = match step {
            "PATCH the tenant" => (
                "PATCH",
                own.trim_end_matches("/credentials").to_owned(),
                [
                    json!({"name": name, "role_names": ["deployer"]}),
                    json!({"role_names": [], "require_if_match": false}),
                    json!({"role_names": ["deployer", "auditor"], "enabled": true}),
                ],
            ),
            "PATCH the user on our own" => (
                "PATCH",
                own.replace("/credentials", &format!("/principals/{}", user())),
                [json!({"name": name}), json!({"description": name}), json!({"description": null, "enabled": false})],
            ),
            _ => (
                "PUT",
                format!("{}/{}", users_path(tenant), user().guid()),
                [json!({"FirstName": name, "Active": true}), json!({"Email": name, "Active": false}), json!({})],
            ),
        };
        let reply = self.send(tenant, method, &url, &bodies[value]);
        assert!([200, 404].contains(&reply.status), "{step}: {}", reply.text);
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

    fn at_the_console(&self, step: &str, (tenant, id): (usize, Id), value: usize) {
        let credential = [
            json!({"name": "by-hand", "enabled": true, "metadata": {"by": "hand"}}),
            json!({"expires_at": 5, "revoked_at": 7, "revoked_reason": "by-hand"}),
            json!({
                "expires_at": null, "roles": [], "unrestricted": true, "revoked_reason": null, "revoked_at": null,
                "metadata": {"a": null, "c": "d"},
            }),
        ];
        let of_tenant = [
            json!({"name": "by-hand", "rbac": false}),
            json!({"role_names": ["admin", "by-hand"], "rbac": true}),
            json!({"role_names": [], "enabled": true}),
        ];
        let of_user = [
            json!({"name": "by-hand", "email": "by@hand"}),
            json!({"last_name": "hand", "enabled": false}),
            json!({"last_name": null, "first_name": null, "description": "by-hand", "enabled": true}),
        ];
        let (id, tenant) = (id.to_string(), TENANTS[tenant].1);
        let run = |sql: &str| self.world.db.execute(sql, &[&id]);
        match step {
            "edit at the console" => self.world.patch("credentials", &id, &credential[value]),
            "edit the tenant at the console" => self.world.patch("tenants", tenant, &of_tenant[value]),
            // The user of both tenants.
            "edit the user at the console" => self.world.patch("principals", &user().to_string(), &of_user[value]),
            "end a secret at the console" => run("UPDATE secrets SET expires_at = 5 WHERE credential = ?1"),
            "delete at the console" => {
                run(&format!("UPDATE secrets SET {STAMP} WHERE credential = ?1"));
                run("DELETE FROM secrets WHERE credential = ?1");
                run(&format!("UPDATE credentials SET {STAMP} WHERE id = ?1"));
                run("DELETE FROM credentials WHERE id = ?1");
            }
            other => panic!("unknown step {other}"),
        }
    }

    /// The sum of all revisions.
    fn revisions(&self) -> i64 {
        let sum = |table: &str| format!("(SELECT coalesce(sum(revision), 0) FROM {table})");
        self.world.db.count(&format!("SELECT {} + {} + {}", sum("tenants"), sum("principals"), sum("credentials")))
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

/// The second user of each tenant, next to the default one.
fn user() -> Id {
    Id::from_bits(77)
}

/// The path of credentials of the default principal, which every tenant has.
fn keycard_path(tenant: usize) -> String {
    format!("/organizations/{}/service-accounts/{}/credentials", TENANTS[tenant].0, Id::ZERO)
}

/// The tenant, principal or credential of an event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Subject {
    tenant: String,
    noun: String,
    id: String,
}

/// All resources in the history.
fn subjects(world: &World) -> Vec<Subject> {
    let rows = world.db.query("SELECT DISTINCT tenant, noun, id FROM events ORDER BY tenant, noun, id", &[]);
    let subject = |row: &Value| Subject { tenant: text(row, "tenant"), noun: text(row, "noun"), id: text(row, "id") };
    rows.iter().map(subject).collect()
}

impl Subject {
    /// Its row, if it exists.
    fn row(&self, world: &World) -> Option<Value> {
        let (table, tenant) = match self.noun.as_str() {
            "tenant" => ("tenants", "id"),
            "principal" => ("principals", "tenant"),
            _ => ("credentials", "tenant"),
        };
        let sql = format!("SELECT state, revision, event FROM {table} WHERE {tenant} = ?1 AND id = ?2");
        world.db.query(&sql, &[&self.tenant, &self.id]).pop()
    }

    /// The events of a resource, oldest first, found by a walk back from the newest one: a deletion, or the row's.
    fn history(&self, world: &World) -> Vec<Value> {
        let last = self.row(world).map_or_else(
            || {
                let sql = "SELECT seq FROM events WHERE tenant = ?1 AND noun = ?2 AND id = ?3 AND action = 'deleted'";
                let deleted = world.db.query(sql, &[&self.tenant, &self.noun, &self.id]);
                assert_eq!(deleted.len(), 1, "deleted once: {self:?}");
                deleted[0]["seq"].as_i64()
            },
            |row| row["event"].as_i64(),
        );
        let mut events = Vec::new();
        let mut next = last;
        while let Some(seq) = next {
            let sql = "SELECT * FROM events WHERE tenant = ?1 AND seq = ?2";
            let mut event = world.db.query(sql, &[&self.tenant, &seq]).remove(0);
            event["changes"] = serde_json::from_str(event["changes"].as_str().unwrap()).unwrap();
            next = event["previous"].as_i64();
            assert!(next.is_none_or(|previous| previous < seq), "{event}");
            events.insert(0, event);
        }
        events
    }

    /// The row in the form of a replay: sets in the order of texts, and absent metadata as an empty object.
    fn stored(&self, world: &World) -> Option<Known> {
        let row = self.row(world)?;
        let mut state: Map<String, Value> = serde_json::from_str(row["state"].as_str().unwrap()).unwrap();
        for key in SETS {
            if let Some(Value::Array(items)) = state.get_mut(key) {
                items.sort_by_key(Value::to_string);
            }
        }
        if self.noun == "credential" {
            state.entry("metadata").or_insert(json!({}));
        }
        let of_it = if self.noun == "credential" { &self.id } else { "" };
        let secrets = world.db.query("SELECT id, expires_at FROM secrets WHERE credential = ?1", &[&of_it]);
        let secrets = secrets.iter().map(|secret| (text(secret, "id"), secret["expires_at"].clone())).collect();
        Some((state, secrets))
    }
}

/// The state of a resource, and its secrets with their expiry.
type Known = (Map<String, Value>, BTreeMap<String, Value>);

/// The keys for which events report the items added and removed.
const SETS: [&str; 2] = ["roles", "role_names"];

/// Applies an event's change of one key. The value before the change must be the known one.
fn apply(state: &mut Map<String, Value>, key: &str, change: &Value, event: &Value) {
    if SETS.contains(&key) {
        let mut items = state.remove(key).map_or_else(Vec::new, |items| items.as_array().unwrap().clone());
        for removed in change["removed"].as_array().unwrap() {
            let at = items.iter().position(|item| item == removed);
            items.remove(at.unwrap_or_else(|| panic!("{removed} was missing before {event}")));
        }
        for added in change["added"].as_array().unwrap() {
            assert!(!items.contains(added), "{added} was present before {event}");
            items.push(added.clone());
        }
        items.sort_by_key(Value::to_string);
        state.insert(key.to_owned(), items.into());
    } else if key == "metadata" {
        let members = state.entry(key).or_insert(json!({})).as_object_mut().unwrap();
        let (before, after) = (change["before"].as_object().unwrap(), change["after"].as_object().unwrap());
        for (name, value) in before {
            assert_eq!(members.remove(name).as_ref(), Some(value), "{name}: a change is missing before {event}");
        }
        for (name, value) in after {
            assert_eq!(members.insert(name.clone(), value.clone()), None, "{name}: a change is missing before {event}");
        }
    } else {
        let before = state.remove(key).unwrap_or_default();
        assert_eq!(before, change["before"], "{key}: a change is missing before {event}");
        if !change["after"].is_null() {
            state.insert(key.to_owned(), change["after"].clone());
        }
    }
}

/// The state of a resource and its secrets according to its events; none after its deletion.
fn replay(history: &[Value]) -> Option<Known> {
    let (mut state, mut secrets, mut alive) = (Map::new(), BTreeMap::new(), false);
    for event in history {
        let changes = event["changes"].as_object().unwrap();
        match event["action"].as_str().unwrap() {
            action @ ("created" | "updated" | "deleted") => {
                assert_eq!(alive, action != "created", "{event}");
                alive = action != "deleted";
                if event["noun"] == "credential" && action == "created" {
                    state.insert("metadata".to_owned(), json!({}));
                }
                // Only the deletion reports the time of creation, which no change can move.
                for (key, change) in changes.iter().filter(|(key, _)| *key != "created_at") {
                    apply(&mut state, key, change, event);
                }
                if !alive {
                    // Nothing is left of the resource.
                    state.retain(|_, value| *value != json!([]) && *value != json!({}));
                    assert_eq!(state, Map::new(), "{event}");
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
    alive.then_some((state, secrets))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn history_of_any_sequence_of_steps_has_no_gap(steps in steps()) {
        let mut run = Run::new();
        for (step, at, value) in steps {
            let count = |run: &Run| run.world.db.count("SELECT count(*) FROM events");
            let (revisions, events) = (run.revisions(), count(&run));
            run.step(step, at, value);
            // A request that changes a resource adds one to its revision and leaves an event, and no other request
            // does.
            if step.starts_with('P') {
                prop_assert_eq!(run.revisions() - revisions, i64::from(count(&run) > events), "{}", step);
            }
            // The count of each tenant's credentials is correct, and no row is stamped for deletion.
            assert_whole(&run.world);
        }
        for (_, tenant) in TENANTS {
            let events = run.world.db.query("SELECT seq FROM events WHERE tenant = ?1 ORDER BY seq", &[&tenant]);
            let numbers: Vec<_> = events.iter().filter_map(|event| event["seq"].as_i64()).collect();
            prop_assert_eq!(&numbers, &(1..).take(numbers.len()).collect::<Vec<i64>>(), "numbered without gaps");
        }
        let subjects = subjects(&run.world);
        let of = |noun: &str| subjects.iter().filter(|subject| subject.noun == noun).map(|subject| subject.id.clone()).collect::<BTreeSet<_>>();
        prop_assert_eq!(of("credential"), run.made.iter().map(|(_, id)| id.to_string()).collect());
        prop_assert_eq!(of("principal"), BTreeSet::from([Id::ZERO, user()].map(|id| id.to_string())));
        prop_assert_eq!(of("tenant"), BTreeSet::from(TENANTS.map(|(_, id)| id.to_owned())));
        let mut walked = 0;
        for subject in &subjects {
            let history = subject.history(&run.world);
            let of_it = |event: &Value| event["noun"] == *subject.noun && event["id"] == *subject.id;
            prop_assert!(history.iter().all(of_it), "{:?}", subject);
            prop_assert!(history.is_sorted_by_key(|event| event["seq"].as_i64()), "{:?}", subject);
            prop_assert_eq!(replay(&history), subject.stored(&run.world), "{:?}", subject);
            if let Some(row) = subject.row(&run.world) {
                prop_assert_eq!(&history.last().unwrap()["revision"], &row["revision"], "{:?}", subject);
            }
            walked += history.len();
        }
        prop_assert_eq!(i64::try_from(walked).unwrap(), run.world.db.count("SELECT count(*) FROM events"), "the walks meet every event");
    }
}
