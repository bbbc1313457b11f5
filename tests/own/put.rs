//! PUT replaces the whole, and refuses to guess: what would widen access, or move the credential, has to be said.

use serde_json::{Value, json};

use crate::stage::*;

#[test]
fn get_edit_put_works_and_an_unedited_one_changes_nothing() {
    let world = World::new();
    let roles = json!([{ "role_id": "editor", "resource": "r" }, { "role_id": "viewer" }]);
    let made = make(
        &world,
        &json!({ "name": "all", "description": "d", "roles": roles, "expires_at": "2027-01-01T00:00:00+01:00",
            "metadata": { "a": "1" } }),
    );
    assert_eq!(world.get(&made.url, &made.secret).status, 200, "a use, which is noted");
    let before = world.stored_but_last_use();
    let shown = world.get(&made.url, ROOT);
    let put = world.call("PUT", &made.url, ROOT, &shown.json());
    assert_eq!((put.status, put.etag(), put.json()), (200, shown.etag(), shown.json()));
    assert_eq!(world.stored_but_last_use(), before, "no revision, no event");
    // The same set of roles in another order, one twice, is the same set.
    let mut shuffled = shown.json();
    shuffled["roles"] = json!([roles[1], roles[0], roles[1]]);
    assert_eq!(world.call("PUT", &made.url, ROOT, &shuffled).etag(), shown.etag());
    // Edited, with the read-only members left in.
    let mut edited = shown.json();
    edited["name"] = json!("edited");
    let put = world.call("PUT", &made.url, ROOT, &edited);
    assert_eq!(
        (put.status, put.json()["name"].clone(), put.json()["revision"].clone()),
        (200, json!("edited"), json!(2))
    );
    assert_eq!(
        world.history(&made.id).last().unwrap()["changes"],
        json!({ "name": { "before": "all", "after": "edited" } })
    );
    // What moves by itself may have moved since: it is no part of the state that the ETag stands for.
    let mut moved = read(&world, &made.url);
    moved["last_used_at"] = Value::Null;
    moved["secrets"] = json!([]);
    assert_eq!(world.call("PUT", &made.url, ROOT, &moved).status, 200);
}

#[test]
fn a_read_only_member_of_another_value_is_told_by_its_pointer() {
    let world = World::new();
    let made = plain(&world);
    let principal = text(&world.call("POST", PRINCIPALS, ROOT, &json!({ "name": "p" })).json(), "id");
    let principal = format!("{PRINCIPALS}/{principal}");
    let credentials = ["id", "tenant", "revision", "created_at", "updated_at", "revoked_at", "revoked_reason"];
    let tables: [(&str, &[&str]); 3] = [
        (&made.url, &credentials),
        (&principal, &["id", "tenant", "revision", "created_at", "updated_at"]),
        (TENANT, &["id", "label", "revision", "created_at", "updated_at"]),
    ];
    let before = world.stored();
    for (url, members) in tables {
        let shown = read(&world, url);
        for member in members {
            for wrong in [json!("another"), json!(7), json!("2026-11-21T00:00:00.000007Z"), json!([])] {
                let expected = pairs(&[(&format!("/{member}"), "read_only")]);
                let mut body = shown.clone();
                body[member] = wrong.clone();
                assert_eq!(violations(&world.call("PUT", url, ROOT, &body)), expected, "{member}: {wrong}");
                let patched = world.call("PATCH", url, ROOT, &json!({ *member: wrong }));
                assert_eq!(violations(&patched), expected, "{member}: {wrong}");
            }
            let same = world.call("PATCH", url, ROOT, &json!({ *member: shown[*member] }));
            assert_eq!(same.status, 200, "{member}: {}", same.text);
        }
        let every: serde_json::Map<_, _> =
            members.iter().map(|member| ((*member).to_owned(), json!("another"))).collect();
        assert_eq!(violations(&world.call("PATCH", url, ROOT, &every.into())).len(), members.len(), "all at once");
    }
    assert_eq!(world.stored(), before);
    // On create there is nothing yet that they could say again.
    let posted =
        world.call("POST", CREDENTIALS, ROOT, &json!({ "name": "x", "roles": null, "id": made.id, "revision": 1 }));
    assert_eq!(violations(&posted), pairs(&[("/id", "read_only"), ("/revision", "read_only")]));
}

/// `true` is no 1, though SQLite has no other word for it.
#[test]
fn a_revision_that_is_true_is_not_the_first_one() {
    let world = World::new();
    let made = plain(&world);
    let reply = world.call("PATCH", &made.url, ROOT, &json!({ "revision": true }));
    assert_eq!(violations(&reply), pairs(&[("/revision", "read_only")]));
}

#[test]
fn what_restricts_or_moves_has_to_be_said_null_aloud_where_it_may_be() {
    let world = World::new();
    let made = make(
        &world,
        &json!({ "name": "plain", "roles": [{ "role_id": "viewer" }], "expires_at": "2027-01-01T00:00:00Z" }),
    );
    let before = world.stored();
    for (member, null) in [("principal", false), ("enabled", false), ("roles", true), ("expires_at", true)] {
        let pointer = format!("/{member}");
        let absent = world.call("PUT", &made.url, ROOT, &without(&whole(json!({})), member));
        assert_eq!(violations(&absent), pairs(&[(&pointer, "missing")]));
        assert_eq!(world.stored(), before);
        if !null {
            let refused = world.call("PUT", &made.url, ROOT, &whole(json!({ member: null })));
            assert_eq!(violations(&refused), pairs(&[(&pointer, "not_null")]));
            assert_eq!(world.stored(), before);
        }
    }
    let aloud = world.call("PUT", &made.url, ROOT, &whole(json!({ "roles": null, "expires_at": null })));
    assert_eq!((aloud.status, &aloud.json()["roles"], &aloud.json()["expires_at"]), (200, &Value::Null, &Value::Null));
    // The name has no default here either; a description and metadata that are not said are none.
    let unnamed = world.call("PUT", &made.url, ROOT, &without(&whole(json!({})), "name"));
    assert_eq!(violations(&unnamed), pairs(&[("/name", "missing")]));
    let said = json!({ "description": "d", "metadata": { "a": "1" } });
    assert_eq!(world.call("PUT", &made.url, ROOT, &whole(said)).json()["metadata"], json!({ "a": "1" }));
    let body = without(&without(&whole(json!({})), "description"), "metadata");
    let cleared = world.call("PUT", &made.url, ROOT, &body).json();
    assert_eq!((&cleared["description"], &cleared["metadata"]), (&Value::Null, &json!({})));
    // A principal's PUT does not turn it on by silence.
    let url =
        format!("{PRINCIPALS}/{}", text(&world.call("POST", PRINCIPALS, ROOT, &json!({ "name": "p" })).json(), "id"));
    assert_eq!(world.call("PATCH", &url, ROOT, &json!({ "enabled": false })).json()["enabled"], false);
    assert_eq!(violations(&world.call("PUT", &url, ROOT, &json!({ "name": "p" }))), pairs(&[("/enabled", "missing")]));
    // POST asks for roles, and has a default for all else but the name.
    assert_eq!(
        violations(&world.call("POST", CREDENTIALS, ROOT, &json!({}))),
        pairs(&[("/name", "missing"), ("/roles", "missing")])
    );
}

#[test]
fn an_empty_list_of_roles_says_nothing() {
    let world = World::new();
    let made = plain(&world);
    let empty = pairs(&[("/roles", "empty")]);
    assert_eq!(violations(&world.call("PUT", &made.url, ROOT, &whole(json!({ "roles": [] })))), empty);
    assert_eq!(violations(&world.call("PATCH", &made.url, ROOT, &json!({ "roles": [] }))), empty);
    assert_eq!(violations(&world.call("POST", CREDENTIALS, ROOT, &json!({ "name": "x", "roles": [] }))), empty);
    assert_eq!(read(&world, &made.url)["roles"], json!([{ "role_id": "viewer" }]));
}

#[test]
fn a_member_of_a_role_that_no_role_has_is_refused_since_the_role_might_be_on_everything() {
    let world = World::new();
    let made = plain(&world);
    let before = world.stored();
    let roles =
        json!([{ "role_id": "viewer" }, { "role_id": "admin", "resourse": "r" }, { "a/b": 1, "role_id": "viewer" }]);
    for (method, url) in [("POST", CREDENTIALS), ("PUT", &made.url), ("PATCH", &made.url)] {
        let reply = world.call(method, url, ROOT, &whole(json!({ "roles": roles })));
        let told = pairs(&[("/roles/1/resourse", "unknown_member"), ("/roles/2/a~1b", "unknown_member")]);
        assert_eq!(violations(&reply), told, "{method}");
        assert!(text(&reply.json()["violations"][0], "detail").ends_with("did you mean resource?"));
    }
    assert_eq!(world.stored(), before);
}

#[test]
fn an_unknown_member_is_told_by_its_pointer_and_the_nearest_name() {
    let world = World::new();
    let made = plain(&world);
    let before = world.stored();
    for (member, pointer, near) in [
        ("nmae", "/nmae", Some("name")),
        ("Enabled", "/Enabled", Some("enabled")),
        ("expire_at", "/expire_at", Some("expires_at")),
        ("role", "/role", Some("roles")),
        ("secret", "/secret", None),
        ("a/b~c", "/a~1b~0c", None),
        ("", "/", None),
    ] {
        for (method, body) in [("PUT", whole(json!({ member: 1 }))), ("PATCH", json!({ member: 1 }))] {
            let reply = world.call(method, &made.url, ROOT, &body);
            assert_eq!(violations(&reply), pairs(&[(pointer, "unknown_member")]), "{member}");
            let detail = text(&reply.json()["violations"][0], "detail");
            let meant = detail.split("did you mean ").nth(1).map(|rest| rest.trim_end_matches('?'));
            assert_eq!(meant, near, "{member}");
        }
    }
    assert_eq!(world.stored(), before);
}

#[test]
fn every_violation_is_told_at_once_in_the_order_of_the_fields() {
    let world = World::new();
    let made = plain(&world);
    let body = json!({
        "zzz": 1, "metadata": { "a": 1 }, "expires_at": "yesterday", "enabled": "yes", "description": 7, "name": "",
        "principal": "01arz3ndektsv4rrffq69g5fav", "revision": 9,
        "roles": [{ "role_id": "nobody" }, { "role_id": "viewer", "resource_instance": "i" }, { "role_id": "" }],
    });
    let expected = pairs(&[
        ("/principal", "unknown_principal"),
        ("/name", "too_short"),
        ("/description", "type"),
        ("/enabled", "type"),
        ("/roles/0/role_id", "unknown_role"),
        ("/roles/1/resource_instance", "instance_alone"),
        ("/roles/2/role_id", "too_short"),
        ("/expires_at", "not_a_time"),
        ("/metadata/a", "type"),
        ("/revision", "read_only"),
        ("/zzz", "unknown_member"),
    ]);
    let put = world.call("PUT", &made.url, ROOT, &body);
    let mut told = violations(&put);
    // What of one field breaks the face's form comes with what only the database sees; the fields keep their order.
    let field = |pointer: &str| expected.iter().position(|(known, _)| known == pointer);
    assert!(told.iter().all(|(pointer, _)| field(pointer).is_some()), "{told:?}");
    let heads: Vec<_> = told.iter().map(|(pointer, _)| pointer.split('/').nth(1).unwrap().to_owned()).collect();
    let mut expected_heads: Vec<_> =
        expected.iter().map(|(pointer, _)| pointer.split('/').nth(1).unwrap().to_owned()).collect();
    assert_eq!(heads, expected_heads, "{told:?}");
    expected_heads.dedup();
    told.sort();
    let mut sorted = expected.clone();
    sorted.sort();
    assert_eq!(told, sorted);
    // PATCH of the same says the same.
    assert_eq!(violations(&world.call("PATCH", &made.url, ROOT, &body)), violations(&put));
    // A stranger learns nothing of it.
    is(&world.call("PUT", &made.url, &"x".repeat(40), &body), 401, "unauthenticated");
}
