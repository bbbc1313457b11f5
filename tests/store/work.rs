//! The work of a request is the same however large its tenant is: counted in steps of SQLite's machine, which tells those of
//! triggers and of foreign keys, too.

use postern::credential::id::Id;
use serde_json::{Value, json};

use crate::common::{ACME, ROOT, World, ZERO, client_url, text};

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

/// The credential in the middle of an order: more than a thousand come before it, and behind it.
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
        assert_eq!(further["RecordsRemaining"], 1000, "and more, which nobody counts");
    }
    let keycard = format!("/organizations/acme/service-accounts/{ACME}/credentials");
    let (id, at) = middle(world, "created_at");
    for query in ["limit=100".to_owned(), format!("limit=100&after={id}{at:x}"), format!("limit=100&before={id}{at:x}")]
    {
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
    // To delete the user itself reads the tenant's credentials, for the foreign key (docs/ARCHITECTURE.md, "Deletion").
    work
}

#[test]
fn is_the_same_however_large_the_tenant() {
    let world = World::new();
    world.many_credentials(ACME, ACME, 0..FEW);
    let few = work(&world, 1);
    world.many_credentials(ACME, ACME, FEW..MANY);
    let many = work(&world, 2);
    assert!(few.len() == many.len() && few.len() > 20 && few.iter().all(|(_, steps)| *steps > 100), "{few:?}");
    let grown: Vec<_> = few
        .iter()
        .zip(&many)
        .filter(|((_, few), (_, many))| (few - many).abs() * 50 > *few)
        .map(|((request, few), (_, many))| format!("{request}: {few} steps with {FEW} credentials, {many} with {MANY}"))
        .collect();
    assert!(grown.is_empty(), "{grown:#?}");
}

/// The steps tell a whole table: where nothing bounds what is read, they grow.
#[test]
fn that_grows_is_seen() {
    let world = World::new();
    world.many_credentials(ACME, ACME, 0..500);
    let steps = || {
        assert_eq!(world.get(crate::common::CLIENTS, ROOT).status, 200);
        world.db.steps.get()
    };
    let few = steps();
    world.many_credentials(ACME, ACME, 500..1000);
    assert!(steps() > few * 3 / 2, "a list that is not paged reads what there is");
}
