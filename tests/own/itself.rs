//! Self-service: what a credential may do with itself, and with which of its secrets.

use serde_json::{Value, json};
use support::client::{Call, Reply, call};
use support::face::Face::{LiteGraph, Postern};
use support::tenant::{Own, text};
use support::watched::{Noted, Wire};

use crate::stage::*;

struct Scene<'a> {
    tenant: Tenant<'a>,
    own: Own,
}

impl<'a> Scene<'a> {
    fn new(service: &'a InProcess, members: Value) -> Self {
        let tenant = Tenant::new(service);
        let own = tenant.own(members);
        Self { tenant, own }
    }

    fn rotate(&self, token: &str, key: &str, body: &Value) -> Reply {
        let call = call("POST", "/v1/self/rotate").token(token).header("idempotency-key", key);
        call.json(body).send(self.tenant.client)
    }

    fn send(&self, call: Call, token: &str) -> Reply {
        call.token(token).send(self.tenant.client)
    }

    fn accepts(&self, token: &str) -> bool {
        self.tenant.accepts(token)
    }
}

fn grace() -> Value {
    json!({ "grace_seconds": 300 })
}

#[test]
fn every_credential_reads_itself_without_what_only_people_read() {
    let service = InProcess::new();
    let members =
        json!({ "access": "none", "metadata": { "a": "b" }, "description": "d", "expires_at": "2200-01-01T00:00:00Z" });
    let Scene { tenant, own } = Scene::new(&service, members);
    let access = tenant.access(own.id, &own.secret);
    for token in [&own.secret, &access] {
        let shown = call("GET", "/v1/self").token(token).send(&service).expect(200);
        assert_eq!(shown.etag(), own.etag());
        let mut secrets = own.shown["secrets"].clone();
        secrets[0]["last_used_at"] = shown.json()["secrets"][0]["last_used_at"].clone();
        let expected = json!({
            "id": own.id, "tenant": tenant.id, "principal": tenant.account, "name": "own", "roles": own.shown["roles"],
            "access": "none", "self_rotate": false, "expires_at": "2200-01-01T00:00:00.000000Z", "revoked_at": null,
            "secrets": secrets,
        });
        assert_eq!(shown.json(), expected);
    }
    call("GET", "/v1/self").by_root().send(&service).refused(403, "forbidden");
}

#[test]
fn newest_secret_rotates_itself_where_it_may_and_has_its_successor_again_for_ten_minutes() {
    let service = InProcess::new();
    let scene = Scene::new(&service, json!({ "access": "none", "self_rotate": true }));
    let (old, tenant) = (&scene.own.secret, &scene.tenant);
    for (body, error) in [
        (json!({}), "/grace_seconds missing"),
        (json!({ "grace_seconds": 299 }), "/grace_seconds not_in_range"),
        (json!({ "grace_seconds": 300, "roles": null }), "/roles unknown_member"),
    ] {
        scene.rotate(old, "k", &body).refused(422, error);
    }
    scene.send(call("POST", "/v1/self/rotate").json(&grace()), old).refused(400, "bad_idempotency_key");

    let first = scene.rotate(old, "k", &json!({ "grace_seconds": 3600 })).expect(200);
    assert_eq!((first.cost.trips, first.json()["secrets"].as_array().map(Vec::len)), (1, Some(2)));
    let new = text(&first.json()["secret"]);
    assert!(scene.accepts(old) && scene.accepts(&new));
    // The secret that replaced itself may repeat the request; no other request of it, and no other secret.
    for _ in 0..2 {
        assert_eq!(scene.rotate(old, "k", &json!({ "grace_seconds": 3600 })).expect(200).text, first.text);
    }
    scene.rotate(old, "k", &grace()).refused(422, "key_reused");
    scene.rotate(old, "other", &grace()).refused(403, "forbidden_change");
    scene.rotate(&new, "k", &json!({ "grace_seconds": 3600 })).refused(409, "rotating");
    service.world().pass(599 * SECOND);
    assert_eq!(scene.rotate(old, "k", &json!({ "grace_seconds": 3600 })).expect(200).text, first.text);
    service.world().pass(SECOND);
    scene.rotate(old, "k", &json!({ "grace_seconds": 3600 })).refused(403, "forbidden_change");
    // The next rotation is the new secret's, once the old one has ended.
    service.world().pass(HOUR);
    assert!(!scene.accepts(old));
    let second = scene.rotate(&new, "k", &grace()).expect(200).json();
    assert_ne!(text(&second["secret"]), new);
    let kinds: Vec<_> = tenant.events(&scene.own).iter().map(|event| text(&event["by"])).collect();
    assert!(kinds.iter().filter(|by| **by == scene.own.id.to_string()).count() >= 4, "{kinds:?}");
}

/// A stolen access token, a secret that is being replaced, or a credential without the right: none takes it over.
#[test]
fn access_tokens_and_credentials_without_the_right_do_not_rotate_themselves() {
    let service = InProcess::new();
    let scene = Scene::new(&service, json!({ "access": "admin" }));
    let secret = &scene.own.secret;
    scene.rotate(secret, "k", &grace()).refused(403, "forbidden_change");
    scene.tenant.send("PATCH", &scene.own.path, &json!({ "self_rotate": true })).expect(200);
    let access = scene.tenant.access(scene.own.id, secret);
    scene.rotate(&access, "k", &grace()).refused(403, "forbidden");
    scene.send(call("POST", "/v1/self/revoke"), &access).refused(403, "forbidden");
    for path in ["/v1/self/rotate", "/v1/self/revoke"] {
        let by_root = call("POST", path).by_root().header("idempotency-key", "k").json(&grace());
        by_root.send(&service).refused(403, "forbidden");
    }
    let new = text(&scene.tenant.step(&scene.own, "rotate", &grace()).expect(200).json()["secret"]);
    scene.rotate(secret, "k", &grace()).refused(403, "forbidden_change");
    scene.rotate(&new, "k", &grace()).refused(409, "rotating");
}

#[test]
fn giving_a_credential_self_rotation_widens_its_access() {
    let service = InProcess::new();
    let Scene { tenant, own } = Scene::new(&service, json!({}));
    for (value, widened) in [(true, true), (false, false)] {
        tenant.send("PATCH", &own.path, &json!({ "self_rotate": value })).expect(200);
        assert_eq!(tenant.events(&own)[0]["widened_access"], widened);
    }
}

#[test]
fn newest_secret_revokes_the_credential_and_a_retiring_one_ends_only_itself() {
    let service = InProcess::new();
    let scene = Scene::new(&service, json!({ "access": "none" }));
    let old = &scene.own.secret;
    let new =
        text(&scene.tenant.step(&scene.own, "rotate", &json!({ "grace_seconds": 3600 })).expect(200).json()["secret"]);
    let ended =
        scene.send(call("POST", "/v1/self/revoke").json(&json!({ "reason": "found in a log" })), old).expect(200);
    assert_eq!((ended.cost.trips, &ended.json()["revoked_at"]), (1, &Value::Null));
    assert_eq!(ended.json()["secrets"].as_array().map(Vec::len), Some(1));
    assert_eq!((scene.accepts(old), scene.accepts(&new)), (false, true));
    assert_eq!(scene.tenant.look(&scene.own.path)["revoked_reason"], Value::Null);

    let revoked = scene.send(call("POST", "/v1/self/revoke").json(&json!({ "reason": "leaked" })), &new).expect(200);
    assert!(revoked.json()["revoked_at"].is_string());
    let shown = scene.tenant.look(&scene.own.path);
    assert_eq!((scene.accepts(&new), &shown["revoked_reason"]), (false, &json!("leaked")));
    scene.send(call("POST", "/v1/self/revoke"), &new).refused(401, "unauthenticated");
}

/// Also a token that a client chose, and one whose digest is still under the previous master key.
#[test]
fn chosen_tokens_rotate_themselves_and_are_not_revealed_afterwards() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    let chosen = format!("chosen+by%20{}", tenant.id);
    let body = json!({ "UserGUID": tenant.account.guid(), "Name": "n", "BearerToken": chosen });
    let made = call("PUT", tenant.all(LiteGraph)).token(&tenant.admin).json(&body).send(&service).expect(200).json();
    let id = support::tenant::read_id(&made["GUID"]);
    tenant.send("PATCH", tenant.one(Postern, id), &json!({ "self_rotate": true })).expect(200);
    let rotate = || {
        let call = call("POST", "/v1/self/rotate").basic(&format!("{}:{chosen}", id.client()));
        call.header("idempotency-key", "k").json(&grace()).send(&service).expect(200)
    };
    let first = rotate();
    assert_eq!(rotate().text, first.text);
    assert!(tenant.accepts(&text(&first.json()["secret"])));
    assert_eq!(tenant.read(LiteGraph, id).json()["BearerToken"], "");
}

/// The new secret is sealed, and the database is asked once.
#[test]
fn own_rotation_leaves_no_secret_in_the_database() {
    let service = InProcess::new();
    let scene = Scene::new(&service, json!({ "self_rotate": true }));
    let world = service.world();
    let wire = Wire::to(&world.db);
    let authorization = format!("Bearer {}", scene.own.secret);
    let headers =
        [("authorization", &*authorization), ("idempotency-key", "a-key"), ("content-type", "application/json")];
    let done = world.watch(&wire, "POST", "/v1/self/rotate", &Noted::of(&headers), grace().to_string().as_bytes());
    let shown: Value = serde_json::from_str(&done.answer.body).expect("JSON");
    let (new, queries) = (text(&shown["secret"]), wire.queries.take());
    for secret in [new.as_str(), &scene.own.secret, "a-key"] {
        let random = secret.rsplit('_').nth(1).unwrap_or(secret);
        assert!(!queries.contains(random), "{random}");
        assert!(!format!("{:?}", world.stored()).contains(random));
    }
}
