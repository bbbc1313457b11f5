//! Coactive's operations.

use super::*;

#[test]
fn create_shows_the_secret_once() {
    let world = World::new();
    let roles = json!([{"role_id": "admin"}, {"role_id": "editor", "resource": "dataset", "resource_instance": "d"}]);
    let made = world.call("POST", CLIENTS, ROOT, &json!({"name": "My OAuth Client", "roles": roles}));
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.members(), ["client_id", "client_secret", "name", "roles"]);
    let client = made.json();
    assert!(text(&client, "client_secret").starts_with("pstn_"));
    assert_eq!(client["roles"], roles, "absent members are left out");

    let url = client_url(&text(&client, "client_id"));
    let got = world.get(&url, ROOT);
    assert_eq!((got.status, got.json()["client_secret"].as_str()), (200, Some("")));
    assert_eq!(got.json()["roles"], roles);
    assert_eq!(got.etag(), made.etag());
}

#[test]
fn put_without_roles_is_full_access_and_the_event_says_widened() {
    for body in [json!({}), json!({"roles": null}), json!({"roles": []})] {
        let world = World::new();
        let (id, _) = world.client(&json!({"name": "a", "roles": [{"role_id": "viewer"}]}));
        let put = world.call("PUT", &client_url(&id), ROOT, &body);
        assert_eq!(
            (put.status, put.json()),
            (200, json!({"client_id": id, "client_secret": "", "name": "a", "roles": []}))
        );
        let event = world.history(&id["client_".len()..]).pop().unwrap();
        assert_eq!((event["widened"].as_i64(), event["by"].as_str()), (Some(1), Some("root")));
        assert_eq!(event["changes"], json!({"roles": {"before": [{"role_id": "viewer"}], "after": null}}));
    }
}

#[test]
fn name_absent_or_null_is_kept() {
    let world = World::new();
    let (id, _) = world.client(&json!({"name": "kept"}));
    for body in [json!({}), json!({"name": null}), json!({"client_id": "x", "client_secret": 5, "other": {}})] {
        let put = world.call("PUT", &client_url(&id), ROOT, &body);
        assert_eq!((put.status, put.json()["name"].as_str()), (200, Some("kept")));
    }
}

#[test]
fn roles_context_replaces_its_part_alone() {
    let world = World::new();
    let scoped = |dataset: &str| json!({"role_id": "editor", "resource": "dataset", "resource_instance": dataset});
    let (id, _) = world.client(&json!({"name": "a", "roles": [{"role_id": "admin"}, scoped("d1"), scoped("d2")]}));
    let put = |body: Value| world.call("PUT", &client_url(&id), ROOT, &body);

    let viewer = json!({"role_id": "viewer", "resource": "dataset", "resource_instance": "d1"});
    let replaced = put(json!({"roles": [viewer], "roles_context": "dataset:d1"}));
    assert_eq!(replaced.json()["roles"], json!([{"role_id": "admin"}, viewer, scoped("d2")]));
    let emptied = put(json!({"roles_context": "dataset:d2"}));
    assert_eq!(emptied.json()["roles"], json!([{"role_id": "admin"}, viewer]));
    let system = put(json!({"roles": [{"role_id": "editor"}], "roles_context": "system"}));
    assert_eq!(system.json()["roles"], json!([{"role_id": "editor"}, viewer]));
    assert_eq!(put(json!({"roles": null, "roles_context": "system"})).status, 200);

    let last = put(json!({"roles": [], "roles_context": "dataset:d1"}));
    assert_eq!((last.status, &last.json()["detail"][0]["loc"]), (422, &json!(["body", "roles"])));
    let outside = put(json!({"roles": [{"role_id": "admin"}, viewer], "roles_context": "dataset:d1"}));
    assert_eq!((outside.status, &outside.json()["detail"][0]["loc"]), (422, &json!(["body", "roles", 0])));
    for bad in ["", "System", "dataset:", "dataset", "project:x"] {
        let reply = put(json!({"roles_context": bad}));
        assert_eq!(
            (reply.status, &reply.json()["detail"][0]["loc"]),
            (422, &json!(["body", "roles_context"])),
            "{bad}"
        );
    }
    assert_eq!(world.get(&client_url(&id), ROOT).json()["roles"], json!([viewer]), "refusals changed nothing");
}

#[test]
fn every_violation_at_once_in_field_order() {
    let world = World::new();
    let (id, _) = world.client(&json!({"name": "a"}));
    let body = json!({
        "roles_context": 5,
        "roles": [
            {}, {"role_id": 7}, "x", {"role_id": "amdin"}, {"role_id": "admin", "resource_instance": "i"},
            {"role_id": "", "resource": "r\u{0}"},
        ],
        "name": "n".repeat(256),
    });
    let put = world.call("PUT", &client_url(&id), ROOT, &body);
    assert_eq!(put.status, 422);
    let told: Vec<_> =
        put.json()["detail"].as_array().unwrap().iter().map(|one| (one["loc"].clone(), text(one, "type"))).collect();
    assert_eq!(
        told,
        [
            (json!(["body", "name"]), "string_too_long".to_owned()),
            (json!(["body", "roles", 0, "role_id"]), "missing".to_owned()),
            (json!(["body", "roles", 1, "role_id"]), "string_type".to_owned()),
            (json!(["body", "roles", 2]), "model_attributes_type".to_owned()),
            (json!(["body", "roles", 3, "role_id"]), "value_error".to_owned()),
            (json!(["body", "roles", 4, "resource_instance"]), "value_error".to_owned()),
            (json!(["body", "roles", 5, "role_id"]), "string_too_short".to_owned()),
            (json!(["body", "roles", 5, "resource"]), "value_error".to_owned()),
            (json!(["body", "roles_context"]), "string_type".to_owned()),
        ]
    );
    assert_eq!(put.cost.trips, 1);
}

#[test]
fn roles_are_a_set() {
    let world = World::new();
    let (a, b) = (json!({"role_id": "admin"}), json!({"role_id": "viewer", "resource": "x"}));
    let (id, _) = world.client(&json!({"name": "n", "roles": [b, a, b]}));
    let before = world.get(&client_url(&id), ROOT);
    assert_eq!(before.json()["roles"], json!([a, b]));
    let put = world.call("PUT", &client_url(&id), ROOT, &json!({"roles": [b, a]}));
    assert_eq!(put.etag(), before.etag(), "another order is no change");
}

#[test]
fn at_most_a_hundred_roles_after_merging() {
    let world = World::new();
    let roles = |resource: &str, count: usize| -> Vec<Value> {
        (0..count)
            .map(|number| json!({"role_id": "viewer", "resource": resource, "resource_instance": number.to_string()}))
            .collect()
    };
    let many = world.call("POST", CLIENTS, ROOT, &json!({"name": "n", "roles": roles("r", 101)}));
    assert_eq!((many.status, &many.json()["detail"][0]["type"]), (422, &json!("too_long")));
    let (id, _) = world.client(&json!({"name": "n", "roles": roles("r", 100)}));
    let merged =
        world.call("PUT", &client_url(&id), ROOT, &json!({"roles": [{"role_id": "admin"}], "roles_context": "system"}));
    assert_eq!((merged.status, &merged.json()["detail"][0]["loc"]), (422, &json!(["body", "roles"])));
}

#[test]
fn an_organization_without_rbac_adds_no_roles() {
    let world = World::new();
    let (id, _) = world.client(&json!({"name": "a", "roles": [{"role_id": "admin"}, {"role_id": "viewer"}]}));
    world.db.execute("UPDATE tenants SET rbac = 0", &[]);
    let put = |body: Value| world.call("PUT", &client_url(&id), ROOT, &body).status;
    assert_eq!(
        put(json!({"roles": [{"role_id": "viewer"}, {"role_id": "admin"}]})),
        200,
        "the stored ones are no change"
    );
    assert_eq!(put(json!({"roles": [{"role_id": "editor"}]})), 403);
    assert_eq!(put(json!({"roles": [{"role_id": "admin"}]})), 200, "taking one away adds none");
    assert_eq!(world.call("POST", CLIENTS, ROOT, &json!({"name": "b", "roles": [{"role_id": "admin"}]})).status, 403);
    assert_eq!(world.call("POST", CLIENTS, ROOT, &json!({"name": "b"})).status, 201);
    let (_, url) = world.service_account();
    assert_eq!(world.call("POST", &url, ROOT, &json!({"name": "a viewer by default"})).status, 201);
}

#[test]
fn root_names_the_tenant_by_either_spelling_or_the_label() {
    let world = World::new();
    let authorization = format!("Bearer {ROOT}");
    let create = |tenant: Option<&str>| {
        let mut headers = vec![("authorization", authorization.as_str())];
        headers.extend(tenant.map(|tenant| ("X-Postern-Tenant", tenant)));
        world.send("POST", CLIENTS, &headers, br#"{"name":"n"}"#)
    };
    for tenant in ["acme", support::ACME, ZERO] {
        assert_eq!(create(Some(tenant)).status, 201, "{tenant}");
    }
    assert_eq!(create(Some("nobody")).status, 404);
    let unnamed = create(None);
    assert!(unnamed.status == 403 && unnamed.text.contains("X-Postern-Tenant"), "{}", unnamed.text);
    world.tenant("00000000000000000000000001", "other");
    let (_, admin) = world.client(&json!({"name": "a"}));
    let headers = [("authorization", &*format!("Bearer {admin}")), ("X-Postern-Tenant", "other")];
    let made = world.send("POST", CLIENTS, &headers, br#"{"name":"n"}"#);
    assert_eq!(made.status, 201);
    assert_eq!(
        world.db.count("SELECT count(*) FROM credentials WHERE tenant LIKE '%1'"),
        0,
        "ignored from any other caller"
    );
}

#[test]
fn list_is_a_bare_array_in_the_order_of_creation_and_shows_no_secret() {
    let world = World::new();
    world.tenant("00000000000000000000000001", "other");
    assert_eq!((world.get(CLIENTS, ROOT).status, world.get(CLIENTS, ROOT).text), (200, "[]".to_owned()));
    let roles = json!([{"role_id": "admin"}, {"role_id": "editor", "resource": "dataset", "resource_instance": "d"}]);
    let made: Vec<_> = [("b", Value::Null), ("a", roles.clone()), ("c", json!([]))]
        .into_iter()
        .map(|(name, roles)| (name, world.client(&json!({"name": name, "roles": roles})), roles))
        .collect();
    world.client_in("other", &json!({"name": "theirs"}));
    let listed = world.get(CLIENTS, &made[0].1.1);
    assert_eq!((listed.status, listed.cost.trips), (200, 1));
    let expected: Vec<_> = made
        .iter()
        .map(|(name, (id, _), roles)| {
            // No roles, however that was said, is none.
            let roles = if roles.is_null() { &json!([]) } else { roles };
            json!({"client_id": id, "client_secret": "", "name": name, "roles": roles})
        })
        .collect();
    assert_eq!(listed.json(), Value::from(expected));
    let members = r#"{"client_id":"client_"#;
    assert_eq!(listed.text.matches(members).count(), 3);
    for one in listed.json().as_array().unwrap() {
        assert_eq!(*one, world.get(&client_url(&text(one, "client_id")), ROOT).json());
    }
    // Nothing of a query is read: "no parameters, no paging".
    assert_eq!(world.get(&format!("{CLIENTS}?limit=1&skip=x&order=5&after=x"), ROOT).text, listed.text);
    // A change moves nothing, and what is deleted is not there.
    assert_eq!(world.call("PUT", &client_url(&made[0].1.0), ROOT, &json!({"name": "z"})).status, 200);
    assert_eq!(world.call("DELETE", &client_url(&made[1].1.0), ROOT, &Value::Null).status, 200);
    let names: Vec<_> =
        world.get(CLIENTS, ROOT).json().as_array().unwrap().iter().map(|one| text(one, "name")).collect();
    assert_eq!(names, ["z", "c"]);
    let headers = [("authorization", &*format!("Bearer {ROOT}")), ("x-postern-tenant", "nobody")];
    assert_eq!(world.send("GET", CLIENTS, &headers, b"").status, 404);
    assert_eq!(world.send("GET", CLIENTS, &headers[..1], b"").status, 403);
}

#[test]
fn roles_are_those_of_the_tenant_on_what_the_query_names() {
    const ROLES: &str = "/api/v1/auth-management/roles";
    let world = World::new();
    let admin = world.caller(&["admin"]);
    let shown = |query: &str| {
        let reply = world.get(&format!("{ROLES}{query}"), &admin);
        assert_eq!((reply.status, reply.cost.trips), (200, 1), "{query}: {}", reply.text);
        reply.json()
    };
    let known = |names: &[&str]| names.iter().map(|name| json!({"role_id": name, "name": name})).collect::<Vec<_>>();
    for query in ["", "?roles_context=system", "?other=x"] {
        assert_eq!(shown(query), json!({"roles": known(&["admin", "editor", "viewer"])}), "{query}");
    }
    for query in
        ["?roles_context=dataset:d", "?roles_context=dataset%3Ad", "?roles_context=system&roles_context=dataset:d"]
    {
        let of_a_dataset: Vec<_> = ["admin", "editor", "viewer"]
            .map(|name| json!({"role_id": name, "name": name, "resource": "dataset"}))
            .into();
        assert_eq!(shown(query), json!({ "roles": of_a_dataset }), "{query}");
    }
    for query in
        ["?roles_context=", "?roles_context=x", "?roles_context=dataset:", "?roles_context=System", "?roles_context"]
    {
        let reply = world.get(&format!("{ROLES}{query}"), &admin);
        assert_eq!((reply.status, reply.cost.trips), (422, 0), "{query}");
        assert_eq!(reply.json()["detail"][0]["loc"], json!(["query", "roles_context"]));
        assert_eq!(reply.json()["detail"][0]["type"], "value_error");
    }
    // Each tenant has its own.
    world.db.execute(r#"UPDATE tenants SET role_names = '["auditor"]'"#, &[]);
    assert_eq!(shown(""), json!({"roles": known(&["auditor"])}));
    world.db.execute(r#"UPDATE tenants SET role_names = '["editor"]'"#, &[]);
    assert_eq!(world.get(ROLES, &world.caller(&["editor"])).status, 403);
    let headers = [("authorization", &*format!("Bearer {ROOT}")), ("x-postern-tenant", "nobody")];
    assert_eq!(
        (world.send("GET", ROLES, &headers, b"").status, world.send("GET", ROLES, &headers[..1], b"").status),
        (404, 403)
    );
}
