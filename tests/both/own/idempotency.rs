//! `Idempotency-Key`: a request under a key creates once, and gets the same response each time. How long, and what is
//! stored, is tested in `tests/own/idempotency.rs`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use support::face::Face::Postern;
use support::face::roles;
use support::tenant::{Tenant, text};
use support::{Client, Reply, call, client};

fn post(client: &dyn Client, path: &str, token: &str, key: &str, body: &Value) -> Reply {
    call("POST", path).token(token).header("idempotency-key", key).json(body).send(client)
}

#[test]
fn same_key_and_body_return_the_first_response_whatever_changed_since() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let body = json!({ "name": "ci", "roles": roles(&["viewer"]), "expires_at": "2200-01-01T00:00:00Z", "metadata": { "b": "1", "a": "2" } });
    let ask = || post(&*client, &tenant.at("/credentials"), &tenant.admin, "k", &body);
    let first = ask().expect(201);
    let (path, secret) =
        (tenant.at(&format!("/credentials/{}", text(&first.json()["id"]))), text(&first.json()["secret"]));
    let again = |what: &str| {
        let reply = ask().expect(201);
        assert_eq!((&reply.text, reply.etag(), reply.cost.rows_written), (&first.text, first.etag(), 0), "{what}");
    };
    again("at once");
    assert!(tenant.accepts(&secret), "a use of the secret");
    again("used since");
    tenant.send("PATCH", &path, &json!({ "name": "x", "roles": null })).expect(200);
    again("changed since");
    tenant.send("POST", format!("{path}/rotate"), &json!({ "grace_seconds": 0 })).expect(200);
    again("rotated since");
    tenant.send("PATCH", tenant.at(""), &json!({ "rbac": false })).expect(200);
    again("after the rules changed");
    tenant.send("DELETE", &path, &Value::Null).expect(204);
    again("deleted since");
}

/// Whatever changed since, except for the existence of the credential, and also with the If-Match that the first request
/// made stale.
#[test]
fn rotation_under_a_key_happens_once_and_returns_the_first_response() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let own = tenant.own(json!({ "roles": null, "metadata": { "a": "1" } }));
    assert!(tenant.accepts(&own.secret), "a use that the response reports");
    tenant.send("PATCH", tenant.at(""), &json!({ "require_if_match": true })).expect(200);
    let etag = tenant.read(Postern, own.id).etag().to_owned();
    let ask = |body: &Value| {
        let call = call("POST", own.under("rotate")).token(&tenant.admin).header("idempotency-key", "k");
        call.header("if-match", &*etag).json(body).send(&*client)
    };
    let body = json!({ "grace_seconds": 3600 });
    let first = ask(&body).expect(200);
    let secret = text(&first.json()["secret"]);
    assert_eq!(first.json()["secrets"].as_array().map(Vec::len), Some(2));
    let again = |what: &str| {
        let reply = ask(&body).expect(200);
        assert_eq!((&reply.text, reply.etag()), (&first.text, first.etag()), "{what}");
        assert_eq!((reply.cost.rows_written, reply.cost.trips), (0, 1), "{what}");
    };
    again("at once");
    assert!(tenant.accepts(&own.secret) && tenant.accepts(&secret), "both secrets are valid");
    again("used since");
    let send = |method: &str, path: String, body: &Value| {
        let call = call(method, path).token(&tenant.admin).header("if-match", "*");
        if body.is_null() { call } else { call.json(body) }.send(&*client)
    };
    send("PATCH", own.path.clone(), &json!({ "name": "x", "roles": roles(&["viewer"]) })).expect(200);
    again("changed since");
    send("POST", own.under("rotate/finish"), &Value::Null).expect(200);
    again("finished since");
    send("POST", own.under("rotate"), &json!({ "grace_seconds": 0 })).expect(200);
    again("rotated since");
    assert!(!tenant.accepts(&secret), "the response is repeated; its secret stays ended");
    send("POST", own.under("revoke"), &Value::Null).expect(200);
    again("revoked since");
    let reused = ask(&json!({ "grace_seconds": 0 })).refused(422, "key_reused");
    assert!(!reused.text.contains("pstn_"), "no secret of the first response");
    send("DELETE", own.path.clone(), &Value::Null).expect(204);
    ask(&body).refused(404, "no_credential");
}

#[test]
fn principals_and_tenants_are_created_once_per_key() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let key = tenant.id.to_string();
    let root = client.root_token();
    // Fields that only our own face has are kept as well.
    let whole = json!({ "name": "t", "enabled": false, "rbac": false, "require_if_match": true, "role_names": ["z"] });
    for (path, body, key) in [
        (tenant.at("/principals"), json!({ "name": "once" }), key.clone()),
        ("/v1/tenants".to_owned(), json!({ "name": "once" }), key.clone()),
        ("/v1/tenants".to_owned(), whole, format!("{key}-whole")),
    ] {
        let first = post(&*client, &path, root, &key, &body).expect(201);
        let made = format!("{path}/{}", text(&first.json()["id"]));
        call("PATCH", made).by_root().json(&json!({ "name": "renamed" })).send(&*client).expect(200);
        let second = post(&*client, &path, root, &key, &body).expect(201);
        assert_eq!((&second.text, second.etag(), second.cost.rows_written), (&first.text, first.etag(), 0));
        post(&*client, &path, root, &key, &json!({ "name": "other" })).refused(422, "key_reused");
    }
}

#[test]
fn key_with_another_body_is_rejected_and_keys_are_scoped_to_caller_and_path() {
    let client = client();
    let (tenant, other) = (Tenant::new(&*client), Tenant::new(&*client));
    let (path, admin, second) = (tenant.at("/credentials"), &tenant.admin, tenant.caller(&["admin"]));
    let body = json!({ "name": "ci", "roles": null });
    let key = tenant.id.to_string();
    let first = post(&*client, &path, admin, &key, &body).expect(201);
    for another in [json!({ "name": "cj", "roles": null }), json!({ "roles": null, "name": "" }), json!({})] {
        let reply = post(&*client, &path, admin, &key, &another).refused(422, "key_reused");
        assert!(!reply.text.contains("pstn_"), "no secret of the first response");
    }
    let root = client.root_token();
    let answers = [
        first,
        post(&*client, &path, root, &key, &body),
        post(&*client, &path, &second, &key, &body),
        post(&*client, &path, admin, &key.to_uppercase(), &body),
        post(&*client, &path, admin, "k2", &body),
        post(&*client, &other.at("/credentials"), root, &key, &body),
        tenant.send("POST", &path, &body),
        tenant.send("POST", &path, &body),
    ];
    let made: BTreeSet<_> = answers.iter().map(|reply| text(&reply.json()["id"])).collect();
    assert_eq!(made.len(), answers.len(), "every response has its own credential");
    post(&*client, &tenant.at("/principals"), admin, &key, &json!({ "name": "p" })).expect(201);
    // Each rotation has its own path, so it is separate from the creation and from the other credential's rotation.
    let grace = json!({ "grace_seconds": 60 });
    let [one, two] = [tenant.own(json!({})), tenant.own(json!({}))].map(|own| own.under("rotate"));
    let secrets =
        [&one, &two].map(|path| text(&post(&*client, path, admin, &key, &grace).expect(200).json()["secret"]));
    assert_ne!(secrets[0], secrets[1]);
    for (caller, key) in [(root, &*key), (&second, &key), (admin, "k2")] {
        let reply = post(&*client, &one, caller, key, &grace).refused(409, "rotating");
        assert!(!reply.text.contains("pstn_"), "no secret of another caller's response");
    }
    // Two callers may use the same key for different bodies.
    let callers = [root, admin, &second];
    let ask =
        |at: usize| post(&*client, &path, callers[at], "shared", &json!({ "name": format!("of {at}"), "roles": null }));
    let first = [0, 1, 2].map(|at| ask(at).expect(201).text);
    assert_eq!([0, 1, 2].map(|at| ask(at).text), first);
}

#[test]
fn rejected_request_does_not_use_up_its_key() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let (path, body) = (tenant.at("/credentials"), json!({ "name": "ci", "roles": null }));
    let ask = |by: &str, key: &str, body: &Value| post(&*client, &path, by, key, body);
    let admin = &tenant.admin;
    ask(admin, "k", &json!({ "name": "ci" })).refused(422, "/roles missing");
    let unknown = json!({ "name": "ci", "roles": roles(&["nobody"]) });
    ask(admin, "k", &unknown).refused(422, "/roles/0/role_id unknown_role");
    ask(&tenant.caller(&["viewer"]), "k", &body).refused(403, "forbidden");
    ask("pstn_x", "k", &body).refused(401, "unauthenticated");
    ask(admin, "k", &body).expect(201); // The key is still free.
    let own = tenant.own(json!({}));
    let rotate = || post(&*client, &own.under("rotate"), admin, "k", &json!({ "grace_seconds": 60 }));
    tenant.step(&own, "rotate", &json!({ "grace_seconds": 60 })).expect(200);
    rotate().refused(409, "rotating");
    tenant.step(&own, "rotate/cancel", &Value::Null).expect(200);
    assert_eq!(rotate().expect(200).text, rotate().expect(200).text, "the key was still free");
    // A caller that lost the right to create does not get the response again.
    let own = tenant.own(json!({ "roles": null }));
    ask(&own.secret, "k", &body).expect(201);
    tenant.allow(own.id, "read");
    ask(&own.secret, "k", &body).refused(403, "forbidden");
    for key in ["", "a b", "\u{e9}", &"k".repeat(256)] {
        let call = call("POST", &path).token(admin).header("idempotency-key", key).json(&body);
        assert_eq!(call.send(&*client).refused(400, "bad_idempotency_key").cost.trips, 0);
    }
    ask(admin, &"k".repeat(255), &body).expect(201);
}
