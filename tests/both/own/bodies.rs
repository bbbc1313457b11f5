//! Bodies of PUT and PATCH, and how their violations are reported. Single members are tested in `tests/fields`, the
//! laws of both verbs in `tests/laws`.

use serde_json::{Value, json};

use support::face::Face::Postern;
use support::face::roles;
use support::tenant::Tenant;
use support::{call, client};

#[test]
fn put_of_an_edited_get_works_and_of_an_unedited_one_changes_nothing() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let held = json!([{ "role_id": "editor", "resource": "r" }, { "role_id": "viewer" }]);
    let members = json!({ "description": "d", "roles": held, "expires_at": "2200-01-01T00:00:00+01:00", "metadata": { "a": "1" } });
    let own = tenant.own(members);
    tenant.send_by(&own.secret, "GET", &own.path, &Value::Null).expect(200); // A use, which is recorded.
    let put = |body: &Value| tenant.send("PUT", &own.path, body).expect(200);
    let shown = tenant.look(&own.path);
    // Roles are a set: another order and a duplicate make no difference.
    let mut shuffled = shown.clone();
    shuffled["roles"] = json!([held[1], held[0], held[1]]);
    for body in [&shown, &shuffled] {
        let same = put(body);
        assert_eq!((same.etag(), same.cost.rows_written), (&*own.etag(), 0), "no revision, no event");
    }
    // Edited, with the read-only members left in.
    let mut edited = shown.clone();
    edited["name"] = json!("edited");
    let edited = put(&edited).json();
    assert_eq!((&edited["name"], &edited["revision"]), (&json!("edited"), &json!(2)));
    assert_eq!(tenant.events(&own)[0]["changes"], json!({ "name": { "before": "own", "after": "edited" } }));
    // Members that the service changes itself may be out of date: the ETag does not depend on them.
    let mut moved = edited;
    (moved["last_used_at"], moved["secrets"]) = (Value::Null, json!([]));
    put(&moved);
}

/// The limit on all values of a body admits the largest valid resource: a hundred roles of three members, 16 members
/// of metadata, every other field, and what GET adds during a rotation.
#[test]
fn put_accepts_the_largest_valid_resource_as_get_returns_it() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let role = |index| json!({ "role_id": "viewer", "resource": "r", "resource_instance": format!("{index:03}") });
    let metadata: serde_json::Map<_, _> = (0..16).map(|index| (format!("m{index}"), "v".into())).collect();
    let roles: Value = (0..100).map(role).collect();
    let own = tenant
        .own(json!({ "description": "d", "roles": roles, "expires_at": "2200-01-01T00:00:00Z", "metadata": metadata }));
    tenant.step(&own, "rotate", &json!({ "grace_seconds": 3600 })).expect(200);
    let shown = tenant.look(&own.path);
    let put = tenant.send("PUT", &own.path, &shown).expect(200);
    assert_eq!((put.cost.trips, put.cost.rows_written), (1, 0));
    // Metadata may be sent with twice as many members as are kept.
    let replaced: serde_json::Map<_, _> =
        (0..16).flat_map(|index| [(format!("m{index}"), Value::Null), (format!("n{index}"), "v".into())]).collect();
    tenant.send("PATCH", &own.path, &json!({ "roles": roles, "metadata": replaced })).expect(200);
    assert_eq!(tenant.look(&own.path)["metadata"].as_object().map(serde_json::Map::len), Some(16));
}

/// `true` is not 1, although SQLite represents both alike.
#[test]
fn boolean_true_is_not_accepted_as_revision_one() {
    let client = client();
    let tenant = Tenant::new(&*client);
    tenant.send("PATCH", tenant.own(json!({})).path, &json!({ "revision": true })).refused(422, "/revision read_only");
}

#[test]
fn unknown_member_of_a_role_is_rejected() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let own = tenant.own(json!({}));
    let held =
        json!([{ "role_id": "viewer" }, { "role_id": "admin", "resourse": "r" }, { "a/b": 1, "role_id": "viewer" }]);
    for (method, path) in [("POST", &tenant.at("/credentials")), ("PUT", &own.path), ("PATCH", &own.path)] {
        let reply = tenant.send(method, path, &tenant.whole(json!({ "roles": held })));
        let reported = reply.refused(422, "/roles/1/resourse unknown_member, /roles/2/a~1b unknown_member").json();
        let detail = reported["violations"][0]["detail"].as_str();
        assert!(detail.is_some_and(|detail| detail.ends_with("Did you mean resource?")), "{reported}");
    }
}

#[test]
fn unknown_member_is_reported_with_its_pointer_and_a_suggestion() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let own = tenant.own(json!({}));
    for (member, pointer, near) in [
        ("nmae", "/nmae", Some("name")),
        ("Enabled", "/Enabled", Some("enabled")),
        ("expire_at", "/expire_at", Some("expires_at")),
        ("role", "/role", Some("roles")),
        ("secret", "/secret", None),
        ("a/b~c", "/a~1b~0c", None),
        ("", "/", None),
    ] {
        for (method, body) in [("PUT", tenant.whole(json!({ member: 1 }))), ("PATCH", json!({ member: 1 }))] {
            let reported =
                tenant.send(method, &own.path, &body).refused(422, &format!("{pointer} unknown_member")).json();
            let meant =
                reported["violations"][0]["detail"].as_str().and_then(|detail| detail.split("Did you mean ").nth(1));
            assert_eq!(meant.map(|rest| rest.trim_end_matches('?')), near, "{member}");
        }
    }
}

#[test]
fn all_violations_are_reported_together_in_field_order() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let own = tenant.own(json!({}));
    let body = json!({
        "zzz": 1, "metadata": { "a": 1 }, "expires_at": "yesterday", "enabled": "yes", "description": 7, "name": "",
        "principal": "01arz3ndektsv4rrffq69g5fav", "revision": 9, "access": "owner",
        "roles": [{ "role_id": "nobody" }, { "role_id": "viewer", "resource_instance": "i" }, { "role_id": "" }],
    });
    let mut expected = vec![
        "/principal unknown_principal",
        "/name too_short",
        "/description type",
        "/enabled type",
        "/roles/0/role_id unknown_role",
        "/roles/1/resource_instance instance_alone",
        "/roles/2/role_id too_short",
        "/access not_a_choice",
        "/expires_at not_a_time",
        "/metadata/a type",
        "/revision read_only",
        "/zzz unknown_member",
    ];
    let heads = |reported: &[&str]| -> Vec<String> {
        reported.iter().map(|one| one.split(['/', ' ']).nth(1).expect("a member").to_owned()).collect()
    };
    let fields = heads(&expected);
    expected.sort_unstable();
    for method in ["PUT", "PATCH"] {
        let reported = Postern.error(&tenant.send(method, &own.path, &body).expect(422));
        let mut reported: Vec<_> = reported.split(", ").collect();
        // Violations of the form and violations that only the database detects are reported together, in the order of
        // the fields.
        assert_eq!(heads(&reported), fields, "{reported:?}");
        reported.sort_unstable();
        assert_eq!(reported, expected, "{method}");
    }
    // An unauthenticated caller learns nothing about them.
    tenant.send_by(&"x".repeat(40), "PUT", &own.path, &body).refused(401, "unauthenticated");
}

#[test]
fn patch_accepts_only_merge_patches() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let own = tenant.own(json!({}));
    let as_type = |method: &str, path: &str, essence: &str, body: &str| {
        let call = call(method, path).token(&tenant.admin).header("content-type", essence);
        call.bytes(body).send(&*client)
    };
    for essence in ["application/merge-patch+json", "application/json", "Application/Merge-Patch+JSON; charset=utf-8"] {
        let patched = as_type("PATCH", &own.path, essence, &json!({ "name": essence }).to_string());
        assert_eq!(patched.expect(200).json()["name"], essence);
    }
    let unsupported = |method: &str, path: &str, essence: &str, body: &Value| {
        let refused = as_type(method, path, essence, &body.to_string()).refused(415, "unsupported_media_type");
        assert_eq!(refused.header("accept-patch"), Some("application/merge-patch+json, application/json"));
        assert_eq!(refused.cost.trips, 0);
    };
    for essence in ["application/json-patch+json", "text/plain", "application/x-www-form-urlencoded"] {
        for path in [&own.path, &tenant.at("")] {
            unsupported("PATCH", path, essence, &json!({ "name": "no" }));
        }
    }
    // A merge patch is not a whole resource: PUT and POST reject it.
    let (merge, made) = ("application/merge-patch+json", json!({ "name": "n", "roles": roles(&["viewer"]) }));
    unsupported("PUT", &own.path, merge, &tenant.whole(json!({})));
    unsupported("POST", &tenant.at("/credentials"), merge, &made);
    for body in ["[]", "7", "null", "{", ""] {
        let call = call("PATCH", &own.path).token(&tenant.admin).bytes(body);
        assert_eq!(call.send(&*client).refused(400, "unreadable").cost.trips, 0);
    }
}
