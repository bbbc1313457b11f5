//! Coactive's operations.

use serde_json::{Value, json};
use support::face::Face::{Coactive, Keycard, Postern};
use support::face::roles;
use support::tenant::{Tenant, text};
use support::{CLIENTS, call, client, get};

use crate::Organization;

/// Creates a client; returns its id, its secret and its path.
fn make(at: &Organization, body: &Value) -> (String, String, String) {
    let made = at.send("POST", CLIENTS, body).expect(201).json();
    let id = text(&made["client_id"]);
    (id.clone(), text(&made["client_secret"]), format!("{CLIENTS}/{id}"))
}

#[test]
fn client_can_be_created_read_and_updated_and_its_secret_is_shown_once() {
    let at = Organization::new();
    let some = json!([{"role_id": "admin"}, {"role_id": "editor", "resource": "dataset", "resource_instance": "d"}]);
    let made = at.send("POST", CLIENTS, &json!({ "name": "My OAuth Client", "roles": some })).expect(201);
    let members = ["client_id", "client_secret", "name", "roles"];
    made.expect_members(&members);
    let (id, secret) = (text(&made.json()["client_id"]), text(&made.json()["client_secret"]));
    assert!(secret.starts_with("pstn_"));
    let shown =
        |name: &str, roles: &Value| json!({ "client_id": id, "client_secret": "", "name": name, "roles": roles });
    let one = format!("{CLIENTS}/{id}");
    let got = at.get(&one).expect(200);
    assert_eq!((got.json(), got.etag()), (shown("My OAuth Client", &some), made.etag()), "absent members are left out");
    let put = |body: Value| {
        let reply = at.send("PUT", &one, &body).expect(200);
        reply.expect_members(&members);
        (reply.json(), reply.revision())
    };
    let renamed = json!({ "name": "Updated", "roles": roles(&["viewer"]) });
    assert_eq!(put(renamed), (shown("Updated", &roles(&["viewer"])), 2));
    // An absent or null name is kept. By contract, no roles means full access; the event records that access was
    // widened.
    for (number, body) in
        [json!({}), json!({ "roles": null, "name": null }), json!({ "roles": [] })].into_iter().enumerate()
    {
        assert_eq!(put(body), (shown("Updated", &json!([])), 3 + 2 * number as u64));
        let events = at.get(&format!("/v1/tenants/{}/credentials/{}/events", at.id, &id["client_".len()..])).items();
        assert_eq!((&events[0]["widened_access"], &events[0]["by"]), (&json!(true), &json!("root")));
        let change = json!({
            "access": { "before": "read", "after": "admin" }, "roles": { "before": roles(&["viewer"]), "after": null },
        });
        assert_eq!(events[0]["changes"], change);
        put(json!({ "roles": roles(&["viewer"]) }));
    }
    let ignored = json!({ "client_id": "x", "client_secret": 5, "other": {}, "roles": roles(&["viewer"]) });
    assert_eq!(put(ignored), (shown("Updated", &roles(&["viewer"])), 8), "read-only members are ignored");
}

#[test]
fn roles_context_replaces_only_the_roles_in_that_context() {
    let at = Organization::new();
    let scoped =
        |role: &str, dataset: &str| json!({"role_id": role, "resource": "dataset", "resource_instance": dataset});
    let [editor_1, editor_2, viewer] = [scoped("editor", "d1"), scoped("editor", "d2"), scoped("viewer", "d1")];
    let [admin, editor] = ["admin", "editor"].map(|role| json!({ "role_id": role }));
    let (_, _, one) = make(&at, &json!({ "name": "a", "roles": [admin, editor_1, editor_2] }));
    let put = |body: Value| at.send("PUT", &one, &body);
    for (body, expected) in [
        (json!({ "roles": [viewer], "roles_context": "dataset:d1" }), json!([admin, viewer, editor_2])),
        (json!({ "roles_context": "dataset:d2" }), json!([admin, viewer])),
        (json!({ "roles": [editor], "roles_context": "system" }), json!([editor, viewer])),
        (json!({ "roles": null, "roles_context": "system" }), json!([viewer])),
    ] {
        assert_eq!(put(body).expect(200).json()["roles"], expected);
    }
    let refused = |body: Value, expected: &str| assert_eq!(Coactive.error(&put(body).expect(422)), expected);
    // Removing the last role would grant full access.
    refused(json!({ "roles": [], "roles_context": "dataset:d1" }), "body.roles value_error");
    refused(json!({ "roles": [admin, viewer], "roles_context": "dataset:d1" }), "body.roles.0 value_error");
    refused(json!({ "roles_context": "" }), "body.roles_context string_too_short");
    for bad in ["System", "dataset:", "dataset", "project:x"] {
        refused(json!({ "roles_context": bad }), "body.roles_context value_error");
    }
    assert_eq!(at.get(&one).json()["roles"], json!([viewer]), "rejected requests changed nothing");
}

#[test]
fn roles_are_a_set_of_at_most_a_hundred_after_merging() {
    let at = Organization::new();
    let (a, b) = (json!({"role_id": "admin"}), json!({"role_id": "viewer", "resource": "x"}));
    let (_, _, one) = make(&at, &json!({ "name": "n", "roles": [b, a, b] }));
    let before = at.get(&one);
    assert_eq!(before.json()["roles"], json!([a, b]));
    assert_eq!(
        at.send("PUT", &one, &json!({ "roles": [b, a] })).etag(),
        before.etag(),
        "another order is not a change"
    );

    let many = |count: usize| -> Value {
        let role = |n: usize| json!({"role_id": "viewer", "resource": "r", "resource_instance": n.to_string()});
        (0..count).map(role).collect()
    };
    // Within the limits of each value, but not of all together.
    let wide: Vec<_> =
        (0..90).map(|n| json!({ "role_id": "viewer", "resource": format!("{n}{}", "é".repeat(250)) })).collect();
    let reply = at.send("POST", CLIENTS, &json!({ "name": "n", "roles": wide })).expect(422);
    assert!(reply.text.contains("must have at most 32768 bytes of JSON after merging"), "{}", reply.text);
    let reply = at.send("POST", CLIENTS, &json!({ "name": "n", "roles": many(101) })).expect(422);
    assert_eq!(Coactive.error(&reply), "body.roles too_long");
    let (_, _, one) = make(&at, &json!({ "name": "n", "roles": many(100) }));
    let merged = at.send("PUT", &one, &json!({ "roles": [a], "roles_context": "system" })).expect(422);
    assert_eq!(merged.json()["detail"][0]["loc"], json!(["body", "roles"]));
}

#[test]
fn organization_without_rbac_cannot_add_roles() {
    let at = Organization::new();
    let (_, _, one) = make(&at, &json!({ "name": "a", "roles": roles(&["admin", "viewer"]) }));
    at.switch(&json!({ "rbac": false }));
    // Sending the stored roles or fewer adds none.
    for (names, status) in [(&["viewer", "admin"][..], 200), (&["editor"], 403), (&["admin"], 200)] {
        at.send("PUT", &one, &json!({ "roles": roles(names) })).expect(status);
    }
    at.send("POST", CLIENTS, &json!({ "name": "b", "roles": roles(&["admin"]) })).expect(403);
    at.send("POST", CLIENTS, &json!({ "name": "b" })).expect(201);
    let accounts = format!("/organizations/{}/service-accounts", at.label);
    let account = text(&at.send("POST", &accounts, &json!({ "name": "sa" })).expect(201).json()["id"]);
    // A viewer by default.
    at.send("POST", &format!("{accounts}/{account}/credentials"), &json!({ "name": "n" })).expect(201);
}

#[test]
fn client_list_is_an_array_in_creation_order_without_secrets() {
    let at = Organization::new();
    let other = at.other();
    assert_eq!((at.get(CLIENTS).status, at.get(CLIENTS).text), (200, "[]".to_owned()));
    let some = json!([{"role_id": "admin"}, {"role_id": "editor", "resource": "dataset", "resource_instance": "d"}]);
    let made: Vec<_> = [("b", Value::Null), ("a", some.clone()), ("c", json!([]))]
        .map(|(name, roles)| (name, make(&at, &json!({ "name": name, "roles": roles })), roles))
        .into();
    make(&other, &json!({ "name": "theirs" }));
    let listed = get(CLIENTS).token(&made[0].1.1).send(&*at.client).expect(200);
    assert_eq!(listed.cost.trips, 1);
    let expected: Value = made
        .iter()
        .map(|(name, (id, ..), roles)| {
            // Null and an empty list are both returned as an empty list.
            let roles = if roles.is_null() { &json!([]) } else { roles };
            json!({ "client_id": id, "client_secret": "", "name": name, "roles": roles })
        })
        .collect();
    assert_eq!(listed.json(), expected);
    assert_eq!(listed.text.matches(r#"{"client_id":"client_"#).count(), 3);
    for one in expected.as_array().unwrap() {
        assert_eq!(*one, at.get(&format!("{CLIENTS}/{}", text(&one["client_id"]))).json());
    }
    // The query is ignored: "no parameters, no paging".
    assert_eq!(at.get(&format!("{CLIENTS}?limit=1&skip=x&order=5&after=x")).text, listed.text);
    // An update does not change the order; a deleted client is not listed.
    at.send("PUT", &made[0].1.2, &json!({ "name": "z" })).expect(200);
    call("DELETE", &*made[1].1.2).root(&at.label).send(&*at.client).expect(200);
    let left = at.get(CLIENTS).json();
    assert_eq!(left.as_array().unwrap().iter().map(|one| text(&one["name"])).collect::<Vec<_>>(), ["z", "c"]);
    get(CLIENTS).root("of-nobody").send(&*at.client).expect(404);
    get(CLIENTS).by_root().send(&*at.client).expect(403);
}

#[test]
fn role_list_has_the_tenants_roles_for_the_given_context() {
    const ROLES: &str = "/api/v1/auth-management/roles";
    let at = Organization::new();
    let (_, admin, _) = make(&at, &json!({ "name": "admin", "roles": roles(&["admin"]) }));
    let (_, editor, _) = make(&at, &json!({ "name": "editor", "roles": roles(&["editor"]) }));
    let send = |query: &str| get(format!("{ROLES}{query}")).token(&admin).send(&*at.client);
    let shown = |query: &str| {
        let reply = send(query).expect(200);
        assert_eq!(reply.cost.trips, 1, "{query}");
        reply.json()
    };
    let known = |names: &[&str], resource: Option<&str>| {
        let role = |name: &&str| match resource {
            None => json!({ "role_id": name, "name": name }),
            Some(resource) => json!({ "role_id": name, "name": name, "resource": resource }),
        };
        json!({ "roles": names.iter().map(role).collect::<Vec<_>>() })
    };
    let all = ["admin", "editor", "viewer"];
    for query in ["", "?roles_context=system", "?other=x"] {
        assert_eq!(shown(query), known(&all, None), "{query}");
    }
    for query in ["dataset:d", "dataset%3Ad", "system&roles_context=dataset:d"] {
        assert_eq!(shown(&format!("?roles_context={query}")), known(&all, Some("dataset")), "{query}");
    }
    for query in ["=", "=x", "=dataset:", "=project:p", "=System", "=%00", ""] {
        for call in
            [get(format!("{ROLES}?roles_context{query}")), get(format!("{ROLES}?roles_context{query}")).token(&admin)]
        {
            let reply = call.send(&*at.client).expect(422);
            assert_eq!((&*Coactive.error(&reply), reply.cost.trips), ("query.roles_context value_error", 0), "{query}");
        }
    }
    // Each tenant has its own roles.
    at.switch(&json!({ "role_names": ["auditor"] }));
    assert_eq!(shown(""), known(&["admin", "auditor", "editor", "viewer"], None));
    get(ROLES).token(&editor).send(&*at.client).expect(403);
    get(ROLES).root("of-nobody").send(&*at.client).expect(404);
    get(ROLES).by_root().send(&*at.client).expect(403);
}

/// Updated through one face, read through another.
#[test]
fn update_through_one_face_keeps_fields_that_face_cannot_express() {
    use support::face::Face::LiteGraph;
    let client = client();
    let tenant = Tenant::new(&*client);
    let subject = tenant.subject();
    let send = |face, body: Value| tenant.update(face, subject.id).json(&body).send(&*client).expect(200);
    let put = send(LiteGraph, json!({ "UserGUID": tenant.account.guid(), "Name": "put by LiteGraph" }));
    let read = tenant.read(Coactive, subject.id);
    assert_eq!(read.etag(), put.etag(), "the ETag is the same on every face");
    let shown = json!({
        "client_id": subject.id.client(), "client_secret": "", "name": "put by LiteGraph", "roles": roles(&["viewer"]),
    });
    assert_eq!(read.json(), shown);
    // With the credential's own secret too.
    let own = get(tenant.one(Keycard, subject.id)).token(&subject.secret).send(&*client).expect(200).json();
    assert_eq!((&own["name"], &own["description"]), (&json!("put by LiteGraph"), &json!("described")));
    send(Coactive, json!({ "name": "put by Coactive", "roles": roles(&["editor"]) }));
    let patched = send(Keycard, json!({})).json();
    assert_eq!((&patched["name"], &patched["description"]), (&json!("put by Coactive"), &json!("described")));
    let shown = tenant.read(LiteGraph, subject.id).json();
    let reported = [&shown["Name"], &shown["UserGUID"], &shown["BearerToken"]];
    // The secret was never sealed, so LiteGraph shows none, and a PUT without one keeps it.
    assert_eq!(reported, [&json!("put by Coactive"), &json!(tenant.account.guid()), &json!("")]);
    assert_eq!(tenant.read(Postern, subject.id).json()["description"], "described");
    get(tenant.one(Keycard, subject.id)).token(&subject.secret).send(&*client).expect(200);
}
