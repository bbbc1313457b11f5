//! The resources, whole: what each answer shows, what it costs, and who may ask for it.

use serde_json::{Value, json};

use crate::stage::*;

const CREDENTIAL_MEMBERS: [&str; 16] = [
    "id",
    "tenant",
    "principal",
    "name",
    "description",
    "enabled",
    "roles",
    "expires_at",
    "metadata",
    "revision",
    "created_at",
    "updated_at",
    "last_used_at",
    "revoked_at",
    "revoked_reason",
    "secrets",
];

#[test]
fn a_credential_is_shown_whole_and_its_secret_once() {
    let world = World::new();
    let reply = world.call("POST", CREDENTIALS, ROOT, &json!({ "name": "ci", "roles": null }));
    assert_eq!(reply.status, 201);
    one_trip(&reply);
    assert_eq!(reply.members(), [CREDENTIAL_MEMBERS.as_slice(), &["secret"]].concat());
    let made = reply.json();
    let (id, secret, now) = (text(&made, "id"), text(&made, "secret"), time(START + 1000));
    let parts: Vec<_> = secret.split('_').collect();
    assert_eq!(reply.etag(), format!("\"{id}.1\""));
    let mut expected = json!({
        "id": id, "tenant": ACME, "principal": ACME, "name": "ci", "description": null, "enabled": true, "roles": null,
        "expires_at": null, "metadata": {}, "revision": 1, "created_at": now, "updated_at": now, "last_used_at": null,
        "revoked_at": null, "revoked_reason": null, "secrets": [{
            "id": parts[1], "hint": parts[2][parts[2].len() - 4..], "created_at": now, "expires_at": null, "last_used_at": null,
        }],
    });
    assert_eq!(without(&made, "secret"), expected);
    let url = format!("{CREDENTIALS}/{id}");
    for method in ["GET", "HEAD"] {
        let shown = world.call(method, &url, ROOT, &Value::Null);
        one_trip(&shown);
        assert_eq!((shown.status, shown.etag()), (200, reply.etag()), "{method}");
        if method == "GET" {
            assert_eq!(shown.json(), expected);
            assert_eq!(shown.members(), CREDENTIAL_MEMBERS);
        }
    }
    let body = json!({
        "principal": ACME, "name": "ci 2", "description": "d", "enabled": false, "expires_at": "2027-01-01T00:00:00Z",
        "roles": [{ "role_id": "viewer" }, { "role_id": "editor", "resource": "r", "resource_instance": "i" }],
        "metadata": { "b": "2", "a": "1" },
    });
    let put = world.call("PUT", &url, ROOT, &body);
    one_trip(&put);
    for (member, value) in body.as_object().unwrap() {
        expected[member] = value.clone();
    }
    expected["expires_at"] = json!("2027-01-01T00:00:00.000000Z");
    expected["revision"] = json!(2);
    expected["updated_at"] = json!(time(START + 4000));
    assert_eq!((put.status, put.json(), put.etag()), (200, expected.clone(), format!("\"{id}.2\"").as_str()));
    assert!(put.text.contains(r#""metadata":{"a":"1","b":"2"}"#), "ordered by key: {}", put.text);
    let patched = world.call("PATCH", &url, ROOT, &json!({ "name": "ci 3" }));
    one_trip(&patched);
    expected["name"] = json!("ci 3");
    expected["revision"] = json!(3);
    expected["updated_at"] = json!(time(START + 5000));
    assert_eq!((patched.status, patched.json(), read(&world, &url)), (200, expected.clone(), expected));
    let deleted = world.call("DELETE", &url, ROOT, &Value::Null);
    one_trip(&deleted);
    assert_eq!((deleted.status, deleted.text.as_str(), deleted.header("content-type")), (204, "", None));
    for method in ["GET", "DELETE"] {
        is(&world.call(method, &url, ROOT, &Value::Null), 404, "no_credential");
    }
    assert!(!holds(&world, &secret));
}

#[test]
fn a_principal_is_made_shown_replaced_merged_and_deleted() {
    let world = World::new();
    let made = world.call("POST", PRINCIPALS, ROOT, &json!({ "name": "billing" }));
    let members = ["id", "tenant", "name", "description", "enabled", "revision", "created_at", "updated_at"];
    assert_eq!(made.members(), members);
    let id = text(&made.json(), "id");
    let url = format!("{PRINCIPALS}/{id}");
    let mut expected = json!({
        "id": id, "tenant": ACME, "name": "billing", "description": null, "enabled": true, "revision": 1,
        "created_at": time(START + 1000), "updated_at": time(START + 1000),
    });
    assert_eq!((made.status, made.json(), made.etag()), (201, expected.clone(), format!("\"{id}.1\"").as_str()));
    one_trip(&made);
    let put = world.call("PUT", &url, ROOT, &json!({ "name": "b", "description": "d", "enabled": false }));
    one_trip(&put);
    for (member, value) in [("name", json!("b")), ("description", json!("d")), ("enabled", json!(false))] {
        expected[member] = value;
    }
    expected["revision"] = json!(2);
    expected["updated_at"] = json!(time(START + 2000));
    assert_eq!((put.status, put.json(), put.etag()), (200, expected.clone(), format!("\"{id}.2\"").as_str()));
    // As it is: nothing changes.
    let same = world.call("PUT", &url, ROOT, &read(&world, &url));
    assert_eq!((same.status, same.json(), same.etag()), (200, expected.clone(), put.etag()));
    let patched = world.call("PATCH", &url, ROOT, &json!({ "description": null }));
    expected["description"] = Value::Null;
    expected["revision"] = json!(3);
    expected["updated_at"] = json!(time(START + 5000));
    assert_eq!((patched.status, patched.json()), (200, expected.clone()));
    assert_eq!(world.call("PATCH", &url, ROOT, &json!({})).json(), expected);
    for method in ["GET", "HEAD"] {
        let shown = world.call(method, &url, ROOT, &Value::Null);
        one_trip(&shown);
        assert_eq!((shown.status, shown.etag()), (200, patched.etag()), "{method}");
        assert!(method == "HEAD" || shown.json() == expected, "{}", shown.text);
    }
    let member = world.call("POST", CREDENTIALS, ROOT, &json!({ "name": "m", "roles": null, "principal": id })).json();
    let deleted = world.call("DELETE", &url, ROOT, &Value::Null);
    one_trip(&deleted);
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    is(&world.get(&url, ROOT), 404, "no_principal");
    // With its credentials, and they with their events.
    is(&world.get(&format!("{CREDENTIALS}/{}", text(&member, "id")), ROOT), 404, "no_credential");
    assert_eq!(world.history(&text(&member, "id")).last().unwrap()["action"], "deleted");
}

#[test]
fn the_default_principal_is_renamed_and_neither_disabled_nor_deleted() {
    let world = World::new();
    let url = format!("{PRINCIPALS}/{ACME}");
    assert_eq!(world.call("PATCH", &url, ROOT, &json!({ "name": "us", "enabled": true })).json()["name"], "us");
    let before = world.stored();
    is(&world.call("DELETE", &url, ROOT, &Value::Null), 409, "default_principal");
    is(&world.call("PATCH", &url, ROOT, &json!({ "enabled": false })), 409, "default_principal");
    let body = json!({ "name": "us", "description": null, "enabled": false });
    is(&world.call("PUT", &url, ROOT, &body), 409, "default_principal");
    assert_eq!(world.stored(), before);
}

#[test]
fn a_tenant_is_made_shown_replaced_merged_and_deleted() {
    let world = World::new();
    let body = json!({ "name": "Beta, Inc.", "require_if_match": true, "role_names": ["b", "a"] });
    let made = world.call("POST", TENANTS, ROOT, &body);
    one_trip(&made);
    let id = text(&made.json(), "id");
    let url = format!("{TENANTS}/{id}");
    let mut expected = json!({
        "id": id, "label": "beta-inc", "name": "Beta, Inc.", "enabled": true, "rbac": true, "require_if_match": true,
        "role_names": ["a", "admin", "b", "editor", "viewer"], "revision": 1, "created_at": time(START + 1000), "updated_at": time(START + 1000),
    });
    let members = [
        "id",
        "label",
        "name",
        "enabled",
        "rbac",
        "require_if_match",
        "role_names",
        "revision",
        "created_at",
        "updated_at",
    ];
    assert_eq!(
        (made.status, made.json(), made.members()),
        (201, expected.clone(), members.map(str::to_owned).to_vec())
    );
    assert_eq!(made.etag(), format!("\"{id}.1\""));
    let same = world.call("PUT", &url, ROOT, &made.json());
    assert_eq!((same.status, same.json(), same.etag()), (200, expected.clone(), made.etag()));
    one_trip(&same);
    let patched = world.call("PATCH", &url, ROOT, &json!({ "name": "Gamma", "require_if_match": false }));
    one_trip(&patched);
    expected["name"] = json!("Gamma");
    expected["require_if_match"] = json!(false);
    expected["revision"] = json!(2);
    expected["updated_at"] = json!(time(START + 3000));
    // The label stays: what names a tenant does not move with its name.
    assert_eq!(
        (patched.status, patched.json(), patched.etag()),
        (200, expected.clone(), format!("\"{id}.2\"").as_str())
    );
    let shown = world.get(&url, ROOT);
    one_trip(&shown);
    assert_eq!(shown.json(), expected);
    let lacking = world.call("PUT", &url, ROOT, &json!({ "name": "x" }));
    let missing = ["/enabled", "/rbac", "/require_if_match", "/role_names"].map(|pointer| (pointer, "missing"));
    let mut told = violations(&lacking);
    told.sort();
    assert_eq!(told, pairs(&missing));
    let deleted = world.call("DELETE", &url, ROOT, &Value::Null);
    one_trip(&deleted);
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    is(&world.get(&url, ROOT), 404, "no_tenant");
}

#[test]
fn a_tenant_that_is_not_empty_goes_only_by_force() {
    let world = World::new();
    let made = plain(&world);
    let before = world.stored();
    is(&world.call("DELETE", TENANT, ROOT, &Value::Null), 409, "not_empty");
    is(&world.call("DELETE", &format!("{TENANT}?force=false"), ROOT, &Value::Null), 409, "not_empty");
    assert_eq!(world.stored(), before);
    let forced = world.call("DELETE", &format!("{TENANT}?force=true"), ROOT, &Value::Null);
    assert_eq!(forced.status, 204);
    one_trip(&forced);
    is(&world.get(TENANT, ROOT), 404, "no_tenant");
    assert_eq!(world.history(&made.id).last().unwrap()["action"], "deleted", "events outlive their tenant");
}

/// What a request is answered with for a viewer, an editor, an admin and root.
#[test]
fn who_may_do_what() {
    let world = World::new();
    let callers = [world.caller(&["viewer"]), world.caller(&["editor"]), world.caller(&["admin"]), ROOT.to_owned()];
    let made = plain(&world);
    let principal = text(&world.call("POST", PRINCIPALS, ROOT, &json!({ "name": "p" })).json(), "id");
    let (credential, principal) = (made.url.as_str(), format!("{PRINCIPALS}/{principal}"));
    let roles = json!([{ "role_id": "viewer" }]);
    let same = |url: &str| read(&world, url);
    let renamed = |url: &str, name: &str| {
        let mut body = without(&read(&world, url), "revision");
        body["name"] = json!(name);
        without(&body, "updated_at")
    };
    #[rustfmt::skip]
    let table: Vec<(&str, &str, Value, [u16; 4])> = vec![
        ("GET",    credential, Value::Null,                                     [200, 200, 200, 200]),
        ("GET",    &principal, Value::Null,                                     [200, 200, 200, 200]),
        ("GET",    TENANT,     Value::Null,                                     [200, 200, 200, 200]),
        ("GET",    CREDENTIALS, Value::Null,                                    [200, 200, 200, 200]),
        ("GET",    PRINCIPALS, Value::Null,                                     [200, 200, 200, 200]),
        ("GET",    TENANTS,    Value::Null,                                     [200, 200, 200, 200]),
        ("PATCH",  credential, json!({}),                                       [403, 200, 200, 200]),
        ("PATCH",  credential, json!({ "name": "n", "description": "d" }),      [403, 200, 200, 200]),
        ("PUT",    credential, renamed(credential, "m"),                        [403, 200, 200, 200]),
        ("PATCH",  credential, json!({ "enabled": false }),                     [403, 403, 200, 200]),
        ("PATCH",  credential, json!({ "enabled": false, "roles": roles }),     [403, 200, 200, 200]),
        ("PATCH",  credential, json!({ "roles": null }),                        [403, 403, 200, 200]),
        ("PATCH",  credential, json!({ "expires_at": "2030-01-01T00:00:00Z" }), [403, 403, 200, 200]),
        ("PATCH",  credential, json!({ "metadata": { "a": "1" } }),             [403, 403, 200, 200]),
        ("PATCH",  &principal, json!({ "name": "n", "description": "d" }),      [403, 200, 200, 200]),
        ("PUT",    &principal, renamed(&principal, "m"),                        [403, 200, 200, 200]),
        ("PATCH",  &principal, json!({ "enabled": false }),                     [403, 403, 200, 200]),
        ("PATCH",  TENANT,     json!({ "require_if_match": false }),            [403, 403, 200, 200]),
        ("PUT",    TENANT,     same(TENANT),                                    [403, 403, 200, 200]),
        ("POST",   CREDENTIALS, json!({ "name": "x", "roles": roles }),         [403, 403, 201, 201]),
        ("POST",   PRINCIPALS, json!({ "name": "x" }),                          [403, 403, 201, 201]),
        ("POST",   TENANTS,    json!({ "name": "x" }),                          [403, 403, 403, 201]),
        ("PATCH",  TENANT,     json!({ "enabled": false }),                     [403, 403, 403, 200]),
        ("PATCH",  TENANT,     json!({ "enabled": true }),                      [401, 401, 401, 200]),
        ("DELETE", credential, Value::Null,                                     [403, 403, 204, 404]),
        ("DELETE", &principal, Value::Null,                                     [403, 403, 204, 404]),
        ("DELETE", TENANT,     Value::Null,                                     [403, 403, 403, 409]),
    ];
    let mut wrong = Vec::new();
    for (method, url, body, expected) in table {
        let got = [0, 1, 2, 3].map(|caller| world.call(method, url, &callers[caller], &body).status);
        if got != expected {
            wrong.push(format!("{method} {url} {body}: {got:?} and not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_parameter_that_is_not_known_is_refused_and_never_passed_over() {
    let world = World::new();
    let made = plain(&world);
    let before = world.stored();
    for (method, url) in [
        ("PATCH", format!("{}?dryrun=true", made.url)),
        ("DELETE", format!("{}?dry_run=true", made.url)),
        ("DELETE", format!("{TENANT}?forced")),
        ("GET", format!("{CREDENTIALS}?enabeld=false")),
        ("GET", format!("{}?limit=1", made.url)),
        ("POST", format!("{}?limit=1", made.under("revoke"))),
    ] {
        let reply = world.call(method, &url, ROOT, &json!({}));
        is(&reply, 400, "unknown_parameter");
        assert_eq!(reply.cost.trips, 0);
    }
    // One that is said twice is neither the first nor the last; and a switch is true or false.
    for (method, url) in [
        ("PATCH", format!("{}?dry_run=true&dry_run=false", made.url)),
        ("GET", format!("{CREDENTIALS}?enabled=true&enabled=true")),
        ("DELETE", format!("{TENANT}?force")),
        ("DELETE", format!("{TENANT}?force=1")),
    ] {
        is(&world.call(method, &url, ROOT, &json!({})), 400, "bad_parameters");
    }
    let told = text(&world.get(&format!("{PRINCIPALS}?x=1"), ROOT).json(), "detail");
    assert_eq!(told, "The query may have limit, cursor, sort, and nothing else.");
    assert_eq!(world.stored(), before);
}

#[test]
fn another_tenants_things_are_missing_ones() {
    let world = World::new();
    let made = plain(&world);
    let stranger = other_tenant(&world);
    let before = world.stored_but_last_use();
    let whole = whole(json!({}));
    for (method, url, body) in [
        ("GET", made.url.clone(), Value::Null),
        ("PUT", made.url.clone(), whole),
        ("PATCH", made.url.clone(), json!({ "name": "x" })),
        ("DELETE", made.url.clone(), Value::Null),
        ("POST", made.under("rotate"), json!({ "grace_seconds": 0 })),
        ("POST", made.under("rotate/finish"), Value::Null),
        ("POST", made.under("rotate/cancel"), Value::Null),
        ("POST", made.under("revoke"), Value::Null),
        ("POST", made.under("restore"), Value::Null),
        ("GET", made.under("events"), Value::Null),
        ("GET", format!("{TENANT}/events"), Value::Null),
        ("GET", CREDENTIALS.to_owned(), Value::Null),
        ("GET", TENANT.to_owned(), Value::Null),
        ("PATCH", TENANT.to_owned(), json!({ "name": "x" })),
        ("GET", format!("{PRINCIPALS}/{ACME}"), Value::Null),
    ] {
        let theirs = world.call(method, &url, &stranger, &body);
        is(&theirs, 404, "no_tenant");
        // Byte for byte what a tenant that is nowhere is answered with.
        let nowhere = url.replacen(ACME, "01arz3ndektsv4rrffq69g5fav", 1);
        assert_eq!(theirs.text, world.call(method, &nowhere, &stranger, &body).text, "{method} {url}");
    }
    assert_eq!(world.stored_but_last_use(), before);
    // In a tenant of one's own, another tenant's credential is no other than one that is nowhere.
    let url = format!("{TENANTS}/{OTHER}/credentials/{}", made.id);
    is(&world.get(&url, &stranger), 404, "no_credential");
    let tenants = world.get(TENANTS, &stranger).json();
    assert_eq!(tenants["items"].as_array().unwrap().len(), 1);
    assert_eq!(tenants["items"][0]["id"], OTHER);
}
