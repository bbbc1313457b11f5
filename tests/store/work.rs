//! The work of a request does not grow with its tenant. It is counted in steps of the SQLite virtual machine, which
//! include triggers and foreign keys.

use postern::credential::id::Id;
use postern::credential::time::Micros;
use postern::store::Store;
use postern::store::idempotency::forget;
use postern::store::list::Position;
use serde_json::{Value, json};

use support::cursors::{cursor, event_cursor};
use support::{ACME, ROOT, Reply, START, World, ZERO, client_url, text};

/// The path of the tenant on our own face.
const TENANT: &str = "/v1/tenants/00000000000000000000000000";

const FEW: u32 = 2400;
const MANY: u32 = 3600;
const ORDERS: [(&str, &str); 6] = [
    ("CreatedAscending", "created_at"),
    ("CreatedDescending", "created_at DESC"),
    ("NameAscending", "name"),
    ("NameDescending", "name DESC"),
    ("GuidAscending", "id"),
    ("GuidDescending", "id DESC"),
];

/// The credential in the middle of an order: more than a thousand come before and after it.
fn middle(world: &World, order: &str) -> (Id, i64) {
    let sql = format!(
        "SELECT id, created_at FROM credentials ORDER BY {order} LIMIT 1 OFFSET (SELECT count(*) / 2 FROM credentials)"
    );
    let row = world.db.query(&sql, &[]).remove(0);
    (Id::parse(&text(&row, "id")).unwrap(), row["created_at"].as_i64().unwrap())
}

/// The steps of each request.
fn work(world: &World, round: u32) -> Vec<(String, i64)> {
    let mut work = Vec::new();
    let mut send = |method: &str, url: &str, body: &Value| {
        let reply = world.call(method, url, ROOT, body);
        assert!(reply.status < 300, "{method} {url}: {}", reply.text);
        assert_eq!(reply.cost.trips, 1);
        work.push((format!("{method} {url}"), world.db.steps.get()));
        reply
    };
    let litegraph = format!("/v1.0/tenants/{ZERO}");
    for (order, sql) in ORDERS {
        let url = format!("/v2.0/tenants/{ZERO}/credentials?max-keys=100&order={order}");
        assert_eq!(send("GET", &url, &Value::Null).json()["Objects"].as_array().map(Vec::len), Some(100));
        let further = send("GET", &format!("{url}&token={}", middle(world, sql).0.guid()), &Value::Null).json();
        assert_eq!(further["RecordsRemaining"], 1000, "the count stops at a thousand");
    }
    let keycard = format!("/organizations/acme/service-accounts/{ACME}/credentials");
    let (id, at) = middle(world, "created_at");
    let middle = cursor(&keycard, &Position { created_at: Micros(at), name: "", id });
    for query in ["limit=100".to_owned(), format!("limit=100&after={middle}"), format!("limit=100&before={middle}")] {
        let page = send("GET", &format!("{keycard}?{query}"), &Value::Null).json();
        assert_eq!(page["items"].as_array().map(Vec::len), Some(100));
    }
    send("GET", &format!("{litegraph}/credentials?guids={}", id.guid()), &Value::Null);
    send("POST", "/organizations/acme/service-accounts", &json!({"name": "an account"}));
    let token = format!("token-{round}");
    let made =
        send("PUT", &format!("{litegraph}/credentials"), &json!({"UserGUID": ZERO, "BearerToken": token})).json();
    let url = format!("{litegraph}/credentials/{}", text(&made, "GUID"));
    send("GET", &url, &Value::Null);
    send("GET", &format!("/v1.0/credentials/bearer/{token}"), &Value::Null);
    send("PUT", &url, &json!({"UserGUID": ZERO, "Name": "renamed"}));
    send("PUT", &url, &json!({"UserGUID": ZERO, "Name": "renamed", "BearerToken": format!("{token}-new")}));
    let client = client_url(&Id::parse_guid(&text(&made, "GUID")).unwrap().client());
    send("PUT", &client, &json!({"name": "again"}));
    send("DELETE", &client, &Value::Null);
    let user = text(&send("PUT", &format!("{litegraph}/users"), &json!({"FirstName": "a"})).json(), "GUID");
    send("PUT", &format!("{litegraph}/users/{user}"), &json!({"FirstName": "b"}));
    send("DELETE", &format!("{litegraph}/users/{user}/credentials"), &Value::Null);
    // Deleting the user itself reads the tenant's credentials, for the foreign key (docs/COSTS.md, "Deletion").
    our_lists(world, &mut send);
    our_changes(round, &mut send);
    work
}

/// Pages of our own face, with and without filters, from the start and from the middle; and histories.
fn our_lists(world: &World, send: &mut impl FnMut(&str, &str, &Value) -> Reply) {
    let all = format!("{TENANT}/credentials");
    let (id, at) = middle(world, "created_at");
    let (named, _) = middle(world, "name");
    let name = text(&world.db.query("SELECT name FROM credentials WHERE id = ?1", &[&named.to_string()])[0], "name");
    let time = "2026-11-21T00:00:00Z";
    for (sort, id) in [("created", id), ("-created", id), ("name", named), ("-name", named)] {
        for further in [false, true] {
            for (filter, found) in [
                (String::new(), 100),
                ("&enabled=true&role=viewer".to_owned(), 100),
                (format!("&principal={ACME}"), 100),
                // No match: the page examines as many rows as it may.
                ("&enabled=false".to_owned(), 0),
                (format!("&expires_before={time}&unused_since={time}"), 0),
                (format!("&principal={ACME}&unrotated_since=1970-01-01T00:00:00Z&role=nobody"), 0),
            ] {
                let list = format!("{all}?limit=100&sort={sort}{filter}");
                let position = Position { created_at: Micros(at), name: &name, id };
                let from = if further { format!("&cursor={}", cursor(&list, &position)) } else { String::new() };
                let page = send("GET", &format!("{list}{from}"), &Value::Null).json();
                assert_eq!(page["items"].as_array().map(Vec::len), Some(found));
                assert!(page["next"].is_string(), "there is more");
            }
        }
    }
    send("GET", &format!("{all}?limit=100&name_prefix=zzz"), &Value::Null);
    for url in [format!("{TENANT}/principals?limit=1"), format!("{all}/{id}/events")] {
        send("GET", &url, &Value::Null);
    }
    let seq = world.db.count("SELECT max(seq) / 2 FROM events");
    let cursor = event_cursor(&format!("{TENANT}/events"), seq);
    for query in ["limit=100".to_owned(), format!("limit=100&cursor={cursor}")] {
        let page = send("GET", &format!("{TENANT}/events?{query}"), &Value::Null).json();
        assert_eq!(page["items"].as_array().map(Vec::len), Some(100));
    }
}

/// Every change of a credential on our own face.
fn our_changes(round: u32, send: &mut impl FnMut(&str, &str, &Value) -> Reply) {
    let all = format!("{TENANT}/credentials");
    let made = send("POST", &all, &json!({"name": format!("made {round}"), "roles": null})).json();
    let (url, token) = (format!("{all}/{}", text(&made, "id")), text(&made, "secret"));
    let whole = json!({"principal": ACME, "name": "whole", "enabled": true, "roles": null, "access": "none", "expires_at": null});
    send("PUT", &format!("{url}?dry_run=true"), &whole);
    send("PUT", &url, &whole);
    send("PATCH", &url, &json!({"metadata": {"team": "search"}, "roles": [{"role_id": "viewer"}]}));
    send("POST", "/v1/verify", &json!({"token": token, "needs": {"all": [{"role_id": "viewer"}]}}));
    for (step, body) in [
        ("rotate", json!({"grace_seconds": 60})),
        ("rotate/cancel", Value::Null),
        ("rotate", json!({"grace_seconds": 60})),
        ("rotate/finish", Value::Null),
        ("revoke", json!({"reason": "lost"})),
        ("restore", Value::Null),
    ] {
        send("POST", &format!("{url}/{step}"), &body);
    }
    send("GET", &format!("{url}/events"), &Value::Null);
    send("DELETE", &url, &Value::Null);
    send("GET", &format!("{url}/events"), &Value::Null);
    send("PATCH", TENANT, &json!({"name": format!("tenant {round}")}));
}

#[test]
fn sql_work_does_not_grow_with_the_tenant() {
    let world = World::new();
    world.many_credentials(ACME, ACME, 0..FEW);
    let few = work(&world, 1);
    world.many_credentials(ACME, ACME, FEW..MANY);
    let many = work(&world, 2);
    assert!(few.len() == many.len() && few.len() > 90 && few.iter().all(|(_, steps)| *steps > 100), "{few:?}");
    let grown: Vec<_> = few
        .iter()
        .zip(&many)
        .filter(|((_, few), (_, many))| (few - many).abs() * 50 > *few)
        .map(|((request, few), (_, many))| format!("{request}: {few} steps with {FEW} credentials, {many} with {MANY}"))
        .collect();
    assert!(grown.is_empty(), "{grown:#?}");
}

/// Kept responses are found by their key, and by their age.
#[test]
fn sql_work_does_not_grow_with_kept_responses() {
    let world = World::new();
    let keep = |numbers: std::ops::Range<u32>| {
        world.db.execute(
            "INSERT INTO idempotency (tenant, caller, id, body, change, created_at, made)
             WITH RECURSIVE many (n) AS (SELECT ?1 UNION ALL SELECT n + 1 FROM many WHERE n + 1 < ?2)
             SELECT ?3, 'root', printf('%052d', n), printf('%052d', n), n, ?4 + n, '{}' FROM many",
            &[&numbers.start, &numbers.end, &ACME, &START],
        );
    };
    let steps = |key: &str| {
        let headers = [("authorization", &*format!("Bearer {ROOT}")), ("idempotency-key", key)];
        let mut steps = Vec::new();
        // Created, then repeated.
        for _ in 0..2 {
            let body = json!({"name": "once", "roles": null}).to_string();
            let reply = world.send("POST", &format!("{TENANT}/credentials"), &headers, body.as_bytes());
            assert_eq!((reply.status, reply.cost.trips), (201, 1), "{}", reply.text);
            steps.push(world.db.steps.get());
        }
        let store = Store::new(&world.db);
        pollster::block_on(forget(&store, Micros(START + 86_400_000_000))).expect("forgotten");
        steps.push(world.db.steps.get());
        steps
    };
    keep(1..10);
    let few = steps("few");
    keep(10..2000);
    let many = steps("many");
    assert_eq!(world.db.count("SELECT count(*) FROM idempotency"), 1999 + 2);
    assert!(few.iter().zip(&many).all(|(few, many)| (few - many).abs() * 50 <= *few), "{few:?} {many:?}");
}

/// The steps of an unbounded read grow with the table.
#[test]
fn growing_sql_work_is_detected() {
    let world = World::new();
    world.many_credentials(ACME, ACME, 0..500);
    let steps = || {
        assert_eq!(world.get(support::CLIENTS, ROOT).status, 200);
        world.db.steps.get()
    };
    let few = steps();
    world.many_credentials(ACME, ACME, 500..1000);
    assert!(steps() > few * 3 / 2, "an unpaged list reads every row");
}
