//! Deletion through the faces: what is deleted, what stays, and its events.

use std::collections::BTreeSet;

use postern::credential::id::Id;
use serde_json::{Value, json};

use support::watched::{Noted, Wire};
use support::{ACME, ROOT, Reply, World, ZERO, client_url, text};

const OTHER: &str = "00000000000000000000000001";

/// Two tenants with equal contents: a user with two credentials, one of which has two secrets; a credential of the
/// default principal; and an admin, who calls. Resources are identified by their names.
struct Scene {
    world: World,
    /// The users of the first and the second tenant.
    users: [Id; 2],
    /// The first tenant's credential `one`.
    one: Id,
    /// The admin of the first tenant: its id and its secret.
    admin: (Id, String),
}

/// Every request that deletes, and the names of what it deletes.
const WAYS: [(&str, &str, &[&str]); 14] = [
    ("DELETE", "/api/v1/auth-management/clients/client_{one}", &["one"]),
    ("DELETE", "/v1.0/tenants/{TENANT}/credentials/{ONE}", &["one"]),
    ("DELETE", "/organizations/{tenant}/service-accounts/{user}/credentials/{one}", &["one"]),
    ("DELETE", "/v1.0/tenants/{TENANT}/credentials", &["one", "two", "default", "admin"]),
    ("DELETE", "/v1.0/tenants/{TENANT}/users/{USER}/credentials", &["one", "two"]),
    ("DELETE", "/v1.0/tenants/{TENANT}/credentials/{USER}/credentials", &["one", "two"]),
    ("DELETE", "/v1.0/tenants/{TENANT}/users/{ZERO}/credentials", &["default", "admin"]),
    ("DELETE", "/v1.0/tenants/{TENANT}/users/{USER}", &["one", "two", "the user"]),
    ("DELETE", "/organizations/{tenant}/service-accounts/{user}", &["one", "two", "the user"]),
    ("DELETE", "/v1.0/tenants/{TENANT}?force", &["one", "two", "default", "admin", "the user", "the tenant"]),
    ("DELETE", "/v1.0/tenants/{TENANT}?force=true", &["one", "two", "default", "admin", "the user", "the tenant"]),
    ("DELETE", "/v1/tenants/{ID}/credentials/{one}", &["one"]),
    ("DELETE", "/v1/tenants/{ID}/principals/{user}", &["one", "two", "the user"]),
    ("DELETE", "/v1/tenants/{ID}?force=true", &["one", "two", "default", "admin", "the user", "the tenant"]),
];

impl Scene {
    fn new() -> Self {
        let world = World::new();
        world.tenant(OTHER, "other");
        let made = |tenant: &str| {
            let url = format!("/v1.0/tenants/{}", Id::parse(tenant).unwrap().guid());
            let (user, _) = world.put(&format!("{url}/users"), &json!({"FirstName": "the user"}));
            for (name, user) in [("one", user.guid()), ("two", user.guid()), ("default", ZERO.to_owned())] {
                world.put(&format!("{url}/credentials"), &json!({"Name": name, "UserGUID": user}));
            }
            user
        };
        let users = [made(ACME), made(OTHER)];
        // A rotating credential: the old secret is still stored.
        world.db.execute(
            "INSERT INTO secrets SELECT printf('%026d', row_number() OVER ()), s.tenant, s.credential, s.digest, s.key, s.sealed, s.hint, s.created_at - 1,
               s.expires_at, s.last_used_at, s.change, s.changed_at, s.changed_by, s.changed_request, 0
             FROM secrets AS s JOIN credentials AS c ON c.tenant = s.tenant AND c.id = s.credential WHERE c.name = 'one'",
            &[],
        );
        let admin = ["acme", "other"].map(|label| world.client_in(label, &json!({"name": "admin", "roles": null})));
        let [(id, secret), _] = admin;
        let admin = (Id::parse_client(&id).unwrap(), secret);
        let one = world.db.query("SELECT id FROM credentials WHERE tenant = ?1 AND name = 'one'", &[&ACME]).remove(0);
        Self { users, one: Id::parse(&text(&one, "id")).unwrap(), admin, world }
    }

    fn url(&self, way: &str) -> String {
        let (one, user) = (self.one, self.users[0]);
        [
            ("{tenant}", "acme".to_owned()),
            ("{TENANT}", ZERO.to_owned()),
            ("{ID}", ACME.to_owned()),
            ("{ZERO}", ZERO.to_owned()),
            ("{one}", one.to_string()),
            ("{ONE}", one.guid()),
            ("{user}", user.to_string()),
            ("{USER}", user.guid()),
        ]
        .iter()
        .fold(way.to_owned(), |url, (from, to)| url.replace(from, to))
    }

    /// Sends a deletion by the admin, or by root where only root may.
    fn delete(&self, method: &str, way: &str) -> (Reply, String) {
        let by = if way.contains("?force") { ROOT } else { &self.admin.1 };
        let authorization = format!("Bearer {by}");
        let headers = [("authorization", &*authorization), ("x-request-id", "the-request")];
        let reply = self.world.send(method, &self.url(way), &headers, b"");
        (reply, if by == ROOT { "root".to_owned() } else { self.admin.0.to_string() })
    }

    /// The names of the resources of a tenant.
    fn names(&self, tenant: &str) -> BTreeSet<String> {
        let rows = self.world.db.query(
            "SELECT name FROM credentials WHERE tenant = ?1
             UNION ALL SELECT 'the user' FROM principals WHERE tenant = ?1 AND id <> '00000000000000000000000000'
             UNION ALL SELECT 'the tenant' FROM tenants WHERE id = ?1",
            &[&tenant],
        );
        rows.iter().map(|row| text(row, "name")).collect()
    }
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Checks that counts, references and stamps are consistent.
pub fn assert_whole(world: &World) {
    let wrong = |sql: &str| assert_eq!(world.db.count(sql), 0, "{sql}");
    wrong(
        "SELECT count(*) FROM tenants WHERE credentials <> (SELECT count(*) FROM credentials WHERE tenant = tenants.id)",
    );
    // The keys of lists match the rows.
    for (keys, columns) in
        [("credentials_by_name", "tenant, name, id"), ("credentials_of_principal", "tenant, principal, created_at, id")]
    {
        for (some, others) in [(keys, "credentials"), ("credentials", keys)] {
            wrong(&format!(
                "SELECT count(*) FROM (SELECT {columns} FROM {some} EXCEPT SELECT {columns} FROM {others})"
            ));
        }
    }
    wrong("SELECT count(*) FROM secrets WHERE ending");
    wrong("SELECT count(*) FROM credentials WHERE ending");
    wrong("SELECT count(*) FROM principals WHERE ending");
    wrong("SELECT count(*) FROM tenants WHERE ending");
    // Every row refers to its newest event.
    for (table, tenant, noun) in
        [("tenants", "id", "tenant"), ("principals", "tenant", "principal"), ("credentials", "tenant", "credential")]
    {
        wrong(&format!(
            "SELECT count(*) FROM {table} AS t WHERE event IS NOT (
               SELECT max(seq) FROM events WHERE tenant = t.{tenant} AND noun = '{noun}' AND id = t.id)"
        ));
    }
    wrong("SELECT count(*) FROM pragma_foreign_key_check");
    wrong("SELECT count(*) FROM (SELECT max(seq) - count(*) AS gap FROM events GROUP BY tenant) WHERE gap <> 0");
    wrong(
        "SELECT count(*) FROM tenants AS t WHERE NOT EXISTS (SELECT 1 FROM principals WHERE tenant = t.id AND id = '00000000000000000000000000')",
    );
}

#[test]
fn every_deletion_event_states_actor_time_and_request() {
    for (method, way, gone) in WAYS {
        let scene = Scene::new();
        let world = &scene.world;
        let before = set(&["one", "two", "default", "admin", "the user", "the tenant"]);
        assert_eq!((scene.names(ACME), scene.names(OTHER)), (before.clone(), before.clone()));
        let credentials = world.db.query(
            "SELECT id, name, principal, created_at, revision,
               (SELECT json_group_array(id) FROM (SELECT id FROM secrets WHERE tenant = c.tenant AND credential = c.id ORDER BY id)) AS secrets
             FROM credentials AS c WHERE tenant = ?1",
            &[&ACME],
        );
        let (first, elsewhere) =
            (world.db.count("SELECT max(seq) FROM events WHERE tenant = '00000000000000000000000000'"), others(world));

        let (reply, by) = scene.delete(method, way);
        assert!([200, 204].contains(&reply.status), "{way}: {}", reply.text);
        assert_eq!(reply.cost.trips, 1, "{way}");
        let gone = set(gone);
        assert_eq!(scene.names(ACME), before.difference(&gone).cloned().collect(), "{way}");
        assert_eq!(others(world), elsewhere, "{way}: another tenant changed");
        assert_whole(world);

        let mut reported = 0;
        let says_who = |event: &Value| {
            assert_eq!(
                (text(event, "by"), event["at"].as_i64(), text(event, "request")),
                (by.clone(), Some(world.now.get()), "the-request".to_owned()),
                "{way}: {event}"
            );
            assert_eq!(event["widened"].as_i64(), Some(0), "{way}: {event}");
        };
        // A deleted principal and tenant have one last event.
        let ends = world.db.query(
            "SELECT * FROM events WHERE tenant = ?1 AND seq > ?2 AND noun <> 'credential' ORDER BY seq",
            &[&ACME, &first],
        );
        ends.iter().for_each(says_who);
        let ended: BTreeSet<_> =
            ends.iter().map(|event| ["noun", "id", "action"].map(|column| text(event, column))).collect();
        let mut expected = Vec::new();
        if gone.contains("the user") {
            expected.push(("principal", scene.users[0].to_string()));
        }
        if gone.contains("the tenant") {
            expected.extend([("principal", ACME.to_owned()), ("tenant", ACME.to_owned())]);
        }
        assert_eq!(ends.len(), expected.len(), "{way}");
        let deleted = |(noun, id): (&str, String)| [noun.to_owned(), id, "deleted".to_owned()];
        assert_eq!(ended, expected.into_iter().map(deleted).collect(), "{way}");
        reported += ends.len();
        for credential in credentials.iter().filter(|credential| gone.contains(&text(credential, "name"))) {
            let id = text(credential, "id");
            let sql =
                "SELECT * FROM events WHERE tenant = ?1 AND noun = 'credential' AND id = ?2 AND seq > ?3 ORDER BY seq";
            let events = world.db.query(sql, &[&ACME, &id, &first]);
            reported += events.len();
            for event in &events {
                says_who(event);
                assert_eq!(event["revision"], credential["revision"], "{way}: {event}");
            }
            let (last, secrets) = events.split_last().unwrap();
            assert_eq!(text(last, "action"), "deleted", "{way}: the last event");
            let changes: Value = serde_json::from_str(&text(last, "changes")).unwrap();
            for field in ["name", "principal", "created_at"] {
                assert_eq!(changes[field], json!({"before": credential[field], "after": null}), "{way}: {field}");
            }
            let ended: BTreeSet<_> =
                secrets.iter().map(|event| (text(event, "action"), text(event, "secret"))).collect();
            let had: Vec<String> = serde_json::from_str(&text(credential, "secrets")).unwrap();
            assert_eq!(had.len(), if credential["name"] == "one" { 2 } else { 1 });
            assert_eq!(ended, had.into_iter().map(|secret| ("secret_ended".to_owned(), secret)).collect(), "{way}");
            // All events are reached from the last one.
            let history = world.history(&id);
            assert_eq!(history.last().map(|event| &event["seq"]), Some(&last["seq"]));
            assert_eq!(history[0]["action"], "created", "{way}");
        }
        let all = world.db.count(&format!("SELECT count(*) FROM events WHERE tenant = '{ACME}' AND seq > {first}"));
        assert_eq!(i64::try_from(reported).unwrap(), all, "{way}: an event of something else");
        if gone.contains("admin") {
            world.get(&format!("/v1.0/tenants/{ZERO}"), &scene.admin.1).expect(401);
        }
    }
}

/// Every row of the other tenant, without times of last use.
fn others(world: &World) -> Value {
    let of = |table: &str, key: &str| {
        Value::from(world.db.query(&format!("SELECT * FROM {table} WHERE {key} = ?1"), &[&OTHER]))
    };
    json!([
        of("tenants", "id"),
        of("principals", "tenant"),
        of("credentials", "tenant"),
        of("secrets", "tenant"),
        of("events", "tenant")
    ])
}

/// Whichever of its statements fails, a deletion writes nothing.
#[test]
fn deletion_is_all_or_nothing() {
    const OF_ONE: [&str; 6] = [
        "UPDATE OF ending ON credentials",
        "UPDATE OF ending ON secrets",
        "DELETE ON secrets",
        "DELETE ON credentials",
        "INSERT ON events WHEN NEW.action = 'deleted'",
        "UPDATE OF credentials ON tenants",
    ];
    const OF_A_USER: [&str; 2] = ["UPDATE OF ending ON principals", "DELETE ON principals"];
    const OF_A_TENANT: [&str; 2] = ["UPDATE OF ending ON tenants", "DELETE ON tenants"];
    for (way, more) in [(1, vec![]), (3, vec![]), (7, vec![OF_A_USER]), (9, vec![OF_A_USER, OF_A_TENANT])] {
        let (method, way, _) = WAYS[way];
        let scene = Scene::new();
        let world = &scene.world;
        // Used just now, so that no use is recorded after the response.
        world.db.execute("UPDATE secrets SET last_used_at = 9007199254740991", &[]);
        let before = world.stored();
        let by = if way.contains("?force") { ROOT } else { &scene.admin.1 };
        let authorization = format!("Bearer {by}");
        for at in OF_ONE.iter().chain(more.iter().flatten()) {
            world.db.execute(&format!("CREATE TRIGGER fails AFTER {at} BEGIN SELECT RAISE(ABORT, 'full'); END"), &[]);
            let headers = [("authorization", &*authorization)];
            let done = world.watch(&Wire::to(&world.db), method, &scene.url(way), &Noted::of(&headers), b"");
            assert_eq!(done.answer.status, 500, "{way}: {at}");
            assert!(done.log.is_some_and(|log| log.ends_with("full")), "{way}: {at}");
            assert_eq!(world.stored(), before, "{way}: {at}");
            world.db.execute("DROP TRIGGER fails", &[]);
        }
        assert!([200, 204].contains(&scene.delete(method, way).0.status), "{way}: without a failure it succeeds");
    }
}

/// Ids are never reused, so a client that remembers an id never reaches another resource. Names and tokens of deleted
/// resources can be reused.
#[test]
fn deleted_credential_guid_cannot_be_reused() {
    let world = World::new();
    world.tenant(OTHER, "other");
    let tenant = |id: &str| format!("/v1.0/tenants/{}", Id::parse(id).unwrap().guid());
    let (first, other) = (format!("{}/credentials", tenant(ACME)), format!("{}/credentials", tenant(OTHER)));
    let guid = "aaaaaaaa-0000-0000-0000-000000000001";
    let body = json!({"GUID": guid, "UserGUID": ZERO, "Name": "first", "BearerToken": "the-token"});
    let (one, id) = (format!("{first}/{guid}"), Id::parse_guid(guid).unwrap());
    world.call("PUT", &first, ROOT, &body).expect(200);
    // While the credential exists and afterwards; in its tenant and in another one, since the id is unique over all
    // tenants.
    for deleted in [false, true] {
        if deleted {
            world.call("DELETE", &one, ROOT, &Value::Null).expect(200);
            assert_eq!((world.get(&one, ROOT).status, world.get(&one, "the-token").status), (404, 401));
        }
        let before = world.stored();
        for url in [&first, &other, &first] {
            let again = json!({"GUID": guid, "UserGUID": ZERO, "Name": "again", "BearerToken": "another-token"});
            world.call("PUT", url, ROOT, &again).expect(409);
        }
        assert_eq!(world.stored(), before, "nothing is written");
    }
    assert_whole(&world);
    let history = world.history(&id.to_string());
    let actions: Vec<_> = history.iter().map(|event| text(event, "action")).collect();
    assert_eq!(actions, ["created", "secret_created", "secret_ended", "deleted"]);
    world.call("PUT", &first, ROOT, &json!({"UserGUID": ZERO, "BearerToken": "the-token"})).expect(200);
}

/// A principal's id is unique within its tenant.
#[test]
fn deleted_user_guid_can_be_reused_only_in_another_tenant() {
    let world = World::new();
    world.tenant(OTHER, "other");
    let users = |id: &str| format!("/v1.0/tenants/{}/users", Id::parse(id).unwrap().guid());
    let body = json!({"GUID": "aaaaaaaa-0000-0000-0000-000000000001", "FirstName": "a"});
    let one = format!("{}/{}", users(ACME), text(&body, "GUID"));
    world.call("PUT", &users(ACME), ROOT, &body).expect(200);
    world.call("PUT", &users(ACME), ROOT, &body).expect(409);
    world.call("DELETE", &one, ROOT, &Value::Null).expect(200);
    let before = world.stored();
    world.call("PUT", &users(ACME), ROOT, &body).expect(409);
    assert_eq!(world.stored(), before, "nothing is written");
    world.get(&one, ROOT).expect(404);
    world.call("PUT", &users(OTHER), ROOT, &body).expect(200);
    assert_whole(&world);
}

/// An entity tag is an id and a revision, and no id has two lives.
#[test]
fn etag_of_a_deleted_resource_never_matches_again() {
    let world = World::new();
    let url = format!("/v1.0/tenants/{ZERO}/credentials");
    let body = json!({"GUID": "0198f000-0000-7000-8000-000000000001", "UserGUID": ZERO, "Name": "first"});
    let one = format!("{url}/{}", text(&body, "GUID"));
    let ours = format!("/v1/tenants/{ACME}/credentials/{}", Id::parse_guid(&text(&body, "GUID")).unwrap());
    let mut seen = vec![world.call("PUT", &url, ROOT, &body).expect(200).etag().to_owned()];
    for name in ["second", "third"] {
        seen.push(
            world.call("PUT", &one, ROOT, &json!({"UserGUID": ZERO, "Name": name})).expect(200).etag().to_owned(),
        );
    }
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), seen.len(), "{seen:?}");
    world.call("DELETE", &one, ROOT, &Value::Null).expect(200);
    let before = world.stored();
    for tag in &seen {
        world.call("PUT", &url, ROOT, &body).expect(409);
        world.call_if_match("PUT", &one, ROOT, tag, &json!({"UserGUID": ZERO, "Name": "first"})).expect(404);
        world.call_if_match("DELETE", &ours, ROOT, tag, &Value::Null).expect(404);
    }
    assert_eq!(world.stored(), before, "nothing is written");
}

#[test]
fn deleted_tenant_id_cannot_be_reused_and_its_history_has_ended() {
    let scene = Scene::new();
    let world = &scene.world;
    let tenant = format!("/v1.0/tenants/{ZERO}");
    world.call("DELETE", &format!("{tenant}?force"), ROOT, &Value::Null).expect(200);
    let before = world.stored();
    world.call("PUT", "/v1.0/tenants", ROOT, &json!({"GUID": ZERO, "Name": "acme"})).expect(409);
    assert_eq!(world.stored(), before, "nothing is written");
    world.get(&tenant, &scene.admin.1).expect(401);
    world.get(&tenant, ROOT).expect(404);
    let last = "SELECT action FROM events WHERE tenant = ?1 AND noun = 'tenant' ORDER BY seq DESC LIMIT 1";
    assert_eq!(world.db.query(last, &[&ACME]), [json!({"action": "deleted"})]);
    // Its name and label are free again.
    let (id, _) = world.put("/v1.0/tenants", &json!({"Name": "acme"}));
    assert_ne!(id, Id::ZERO);
    assert_eq!(world.db.count(&format!("SELECT count(*) FROM tenants WHERE id = '{id}' AND label = 'acme'")), 1);
    assert_whole(world);
}

/// Stamps of a deletion, in a batch that is altered at the console.
mod at_the_console {
    use super::*;
    use crate::console::{Console, STAMP};

    #[test]
    fn deletion_stamp_cannot_be_removed() {
        let console = Console::new();
        console.run(&format!("UPDATE credentials SET {STAMP} WHERE id = $ID"));
        console.run(&format!("UPDATE secrets SET {STAMP} WHERE id = $SECRET"));
        console.run(&format!("UPDATE principals SET {STAMP}"));
        console.run(&format!("UPDATE tenants SET {STAMP}"));
        for table in ["credentials", "secrets", "principals", "tenants"] {
            console.is_refused(&format!("UPDATE {table} SET ending = 0"), "stamp the ending");
            console
                .is_refused(&format!("UPDATE OR IGNORE {table} SET ending = 0, change = change"), "stamp the ending");
        }
    }

    /// A tenant cannot be stamped, lose its default principal, and be unstamped: one of these steps fails.
    #[test]
    fn no_tenant_exists_without_its_default_principal() {
        let world = World::new();
        for sql in [
            &format!("UPDATE tenants SET {STAMP}"),
            &format!("UPDATE principals SET {STAMP}"),
            "DELETE FROM principals",
            "UPDATE tenants SET ending = 0, change = 'another'",
        ] {
            drop(world.db.try_execute(sql, &[]));
        }
        let left = world.db.count("SELECT count(*) FROM tenants");
        let principals = world.db.count("SELECT count(*) FROM principals");
        assert_eq!(left, principals, "the remaining tenants and their default principals");
    }

    #[test]
    fn default_principal_is_deleted_only_with_its_tenant() {
        let world = World::new();
        world.tenant(OTHER, "other");
        let refused = |sql: &str| {
            let error = world.db.try_execute(sql, &[]).unwrap_err();
            assert!(error.contains("the default principal stays"), "{error}: {sql}");
        };
        world.db.execute(&format!("UPDATE principals SET {STAMP}"), &[]);
        refused("DELETE FROM principals");
        refused(&format!("DELETE FROM principals WHERE tenant = '{ACME}'"));
        // A principal's own stamp is not its tenant's, and another tenant's stamp has no effect.
        world.db.execute(&format!("UPDATE tenants SET {STAMP} WHERE id = '{OTHER}'"), &[]);
        refused(&format!("DELETE FROM principals WHERE tenant = '{ACME}'"));
        assert_eq!(world.db.try_execute(&format!("DELETE FROM principals WHERE tenant = '{OTHER}'"), &[]), Ok(1));
        assert_eq!(world.db.count(&format!("SELECT count(*) FROM tenants WHERE id = '{OTHER}'")), 0, "the tenant, too");
        assert_eq!(world.get(&format!("/v1.0/tenants/{ZERO}/users/{ZERO}"), ROOT).status, 200);
    }

    /// A tenant that is not empty cannot be deleted unless its rows are stamped, too.
    #[test]
    fn referenced_rows_cannot_be_deleted() {
        let console = Console::new();
        for table in ["tenants", "credentials", "secrets"] {
            console.is_refused(&format!("DELETE FROM {table}"), "before you delete");
        }
        for table in ["tenants", "principals", "credentials"] {
            console.run(&format!("UPDATE {table} SET {STAMP}"));
        }
        for table in ["tenants", "principals", "credentials"] {
            console.is_refused(&format!("DELETE FROM {table}"), "FOREIGN KEY");
        }
    }
}

/// Unauthorized callers do not learn the number of a tenant's credentials.
#[test]
fn rejected_deletions_change_nothing() {
    let scene = Scene::new();
    let world = &scene.world;
    let one = scene.one;
    let other_admin = world.client_in("other", &json!({"name": "admin", "roles": null})).1;
    let viewer = world.caller(&["viewer"]);
    let before = world.stored_but_last_use();
    let mut refused = 0;
    for (method, way, _) in WAYS {
        for token in [&*other_admin, &viewer, "no-such-token", "pstn_garbage"] {
            let reply = world.call(method, &scene.url(way), token, &Value::Null);
            // On LiteGraph, deleting a missing resource succeeds, and another tenant's resource looks missing.
            assert!(reply.status >= 400, "{way}: {} {}", reply.status, reply.text);
            refused += 1;
        }
    }
    world.call_if_match("DELETE", &client_url(&one.client()), ROOT, &format!("\"{one}.2\""), &Value::Null).expect(412);
    assert_eq!(world.stored_but_last_use(), before);
    assert_eq!(refused, WAYS.len() * 4);
}
