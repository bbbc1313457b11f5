//! `Idempotency-Key`: how long and in which form a response is kept. More in `tests/both/own/idempotency.rs`.

use serde_json::{Value, json};
use support::Reply;
use support::tenant::text;

use crate::stage::*;

fn post(tenant: &Tenant, key: &str, body: &Value) -> Reply {
    let call = support::call("POST", tenant.at("/credentials")).token(&tenant.admin).header("idempotency-key", key);
    call.json(body).send(tenant.client)
}

#[test]
fn idempotency_key_expires_after_a_day() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    let kept = || service.world().db.count("SELECT count(*) FROM idempotency");
    let body = json!({ "name": "ci", "roles": [{ "role_id": "viewer" }] });
    let ask = |body: &Value| post(&tenant, "k", body);
    let first = ask(&body).expect(201);
    assert_eq!(first.cost.rows_written, 8 + 1, "the credential's rows, and the key's");
    service.world().pass(DAY - MINUTE);
    let again = ask(&body);
    assert_eq!((again.text, again.cost.rows_written, kept()), (first.text, 0, 1), "nothing is created");
    tenant.send("PATCH", tenant.at(""), &json!({ "rbac": false })).expect(200);
    // After a day the key is new. The tenant has no roles any more, so the request is rejected, and a rejected request
    // keeps nothing.
    service.world().pass(MINUTE);
    ask(&body).refused(403, "no_rbac");
    assert_eq!(kept(), 1);
    let plain = json!({ "name": "ci", "roles": null });
    let later = ask(&plain).expect(201);
    assert_eq!((ask(&plain).text, kept()), (later.text, 1));
}

#[test]
fn kept_responses_contain_no_secret_and_no_key_in_plain_text() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    let key = "a-key-that-a-client-chose";
    let made = post(&tenant, key, &json!({ "name": "ci", "roles": null })).json();
    let secret = text(&made["secret"]);
    let random = secret.split('_').nth(2).unwrap();
    let stored = Value::from(service.world().stored()).to_string();
    assert!(stored.contains(&text(&made["id"])));
    for clear in [secret.as_str(), random, key, ROOT] {
        assert!(!stored.contains(clear), "{clear}");
    }
    let row = service.world().db.query("SELECT * FROM idempotency", &[]).remove(0);
    assert!(row["sealed"].is_string() && row["made"].is_string(), "{row}");
    // The same for the secret of a rotation.
    let rotate = tenant.at(&format!("/credentials/{}/rotate", text(&made["id"])));
    let rotate = support::call("POST", rotate).token(&tenant.admin).header("idempotency-key", key);
    let rotated = text(&rotate.json(&json!({ "grace_seconds": 60 })).send(&service).expect(200).json()["secret"]);
    let stored = Value::from(service.world().stored()).to_string();
    for clear in [rotated.as_str(), rotated.split('_').nth(2).unwrap(), key] {
        assert!(!stored.contains(clear), "{clear}");
    }
    let sealed = "SELECT count(*) FROM idempotency WHERE sealed IS NOT NULL";
    assert_eq!(service.world().db.count(sealed), 2);
    // Each seal is different and bound to its credential: another credential's seal does not open.
    let sealed = |row: &Value| text(&row["sealed"]);
    let other = post(&tenant, "other", &json!({ "name": "ci", "roles": null }));
    assert_eq!(other.status, 201);
    let rows = service.world().db.query("SELECT sealed FROM idempotency", &[]);
    assert_ne!(sealed(&rows[0]), sealed(&rows[1]));
    // A secret that was sealed for a kept response is not returned by the face that returns tokens.
    let shown = tenant.read(support::face::Face::LiteGraph, support::tenant::read_id(&made["id"])).json();
    assert!(!shown.to_string().contains(random), "{shown}");
}

#[test]
fn only_responses_older_than_a_day_are_deleted() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    let body = json!({ "name": "ci", "roles": null });
    post(&tenant, "old", &body).expect(201);
    let made = service.world().now.get();
    service.world().pass(HOUR);
    let young = post(&tenant, "young", &body);
    let world = service.world();
    let mut before = world.stored();
    let forget = |now: i64| {
        let store = postern::store::Store::new(&world.db);
        let now = postern::credential::time::Micros(now);
        pollster::block_on(postern::store::idempotency::forget(&store, now)).expect("forgotten");
    };
    forget(made + DAY - 1);
    assert_eq!(world.stored(), before);
    forget(made + DAY);
    assert_eq!(world.db.count("SELECT count(*) FROM idempotency"), 1);
    let kept = before.remove("idempotency").unwrap();
    let mut after = world.stored();
    let left = after.remove("idempotency").unwrap();
    assert!(kept.as_array().unwrap().contains(&left[0]));
    assert_eq!(after, before, "nothing else");
    drop(world);
    assert_eq!(post(&tenant, "young", &body).text, young.text);
}

/// A backlog is deleted in batches, between which other requests get their turn.
#[test]
fn backlog_of_old_responses_is_deleted_in_batches_of_a_thousand() {
    let service = InProcess::new();
    let world = service.world();
    world.db.execute(
        "WITH RECURSIVE many (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < 2500)
         INSERT INTO idempotency (tenant, caller, id, body, change, created_at, made)
         SELECT '', 'root', printf('%052d', n), printf('%052d', n), 'c', n, '{}' FROM many",
        &[],
    );
    let store = postern::store::Store::new(&world.db);
    let now = postern::credential::time::Micros(world.now.get());
    pollster::block_on(postern::store::idempotency::forget(&store, now)).expect("forgotten");
    assert_eq!(world.db.count("SELECT count(*) FROM idempotency"), 0);
    assert_eq!(store.cost().trips, 3, "a thousand, a thousand, and the rest");
}
