//! A dry run reports the effect of a change, with the change's own response format, and does nothing. Random changes
//! are in `tests/own/dry_run.rs`.

use serde_json::{Value, json};

use support::face::roles;
use support::tenant::{Own, Tenant, nobody};
use support::{Reply, call, client};

fn dry(tenant: &Tenant, by: &str, method: &str, path: &str, body: &Value) -> Reply {
    let reply = tenant.send_by(by, method, format!("{path}?dry_run=true"), body);
    assert_eq!(reply.cost.rows_written, 0, "{reply:?}");
    reply
}

/// The dry run of a change reports the same as the change's event and its response.
#[test]
fn dry_run_reports_exactly_the_changes_the_request_then_makes() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let own = tenant.own(json!({ "name": "n", "expires_at": "2200-01-01T00:00:00Z" }));
    let mut whole = own.shown.clone();
    (whole["name"], whole["roles"], whole["revision"]) = (json!("m"), Value::Null, json!(2));
    let time = "2200-01-01T00:00:00.000000Z";
    for (method, body, changes, widens) in [
        (
            "PATCH",
            json!({ "name": "m", "expires_at": null, "metadata": { "a": "1" } }),
            json!({
                "name": { "before": "n", "after": "m" },
                "expires_at": { "before": time, "after": null },
                "metadata": { "before": {}, "after": { "a": "1" } },
            }),
            true,
        ),
        (
            "PUT",
            whole,
            json!({
                "roles": { "before": roles(&["viewer"]), "after": null },
                "expires_at": { "before": null, "after": time },
                "metadata": { "before": { "a": "1" }, "after": {} },
            }),
            true,
        ),
        ("PATCH", json!({ "description": "d" }), json!({ "description": { "before": null, "after": "d" } }), false),
        ("PATCH", json!({}), json!({}), false),
    ] {
        let before = tenant.look(&own.path);
        let mut body = body;
        if method == "PUT" {
            // Read-only members are sent with their current values.
            (body["updated_at"], body["metadata"]) = (before["updated_at"].clone(), json!({}));
        }
        let reported = dry(&tenant, &tenant.admin, method, &own.path, &body).expect(200);
        reported.expect_members(&["changes", "widens_access"]);
        assert_eq!(reported.json(), json!({ "changes": changes, "widens_access": widens }));
        assert_eq!(reported.revision(), before["revision"], "the current ETag");
        let events = tenant.events(&own);
        assert_eq!(tenant.look(&own.path), before);
        let done = tenant.send(method, format!("{}?dry_run=false", own.path), &body).expect(200).json();
        for (member, change) in changes.as_object().expect("an object") {
            assert_eq!(done[member], change["after"]);
        }
        let after = tenant.events(&own);
        assert_eq!(after.len(), events.len() + usize::from(changes != json!({})));
        if after.len() > events.len() {
            assert_eq!((&after[0]["changes"], &after[0]["widened_access"]), (&changes, &json!(widens)));
        }
    }
}

#[test]
fn dry_run_reports_whether_access_is_widened() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let own = tenant.own(json!({ "expires_at": "2200-01-02T00:00:00Z" }));
    let disabled = tenant.own(json!({ "enabled": false }));
    let dry_run = |own: &Own, body: &Value| dry(&tenant, &tenant.admin, "PATCH", &own.path, body).expect(200).json();
    for (body, widens) in [(json!({ "roles": null }), false), (json!({ "enabled": true }), true)] {
        assert_eq!(dry_run(&disabled, &body)["widens_access"], widens, "disabled: {body}");
    }
    for (body, widens) in [
        (json!({ "roles": null }), true),
        (json!({ "roles": roles(&["viewer", "editor"]) }), true),
        (json!({ "roles": roles(&["editor"]) }), true),
        (json!({ "roles": [{ "role_id": "viewer", "resource": "r" }] }), false),
        (json!({ "roles": [{ "role_id": "editor", "resource": "r" }] }), true),
        (json!({ "enabled": false, "roles": null }), false),
        (json!({ "expires_at": null }), true),
        (json!({ "expires_at": "2200-01-03T00:00:00Z" }), true),
        (json!({ "expires_at": "2200-01-01T00:00:00Z" }), false),
        (json!({ "name": "m", "description": "d", "metadata": { "a": "b" } }), false),
        (json!({}), false),
    ] {
        assert_eq!(dry_run(&own, &body)["widens_access"], widens, "{body}");
    }
}

#[test]
fn dry_run_returns_the_same_error_as_the_change() {
    let client = client();
    let (tenant, other) = (Tenant::new(&*client), Tenant::new(&*client));
    let own = tenant.own(json!({}));
    let [viewer, editor] = ["viewer", "editor"].map(|role| tenant.caller(&[role]));
    let ending = tenant.own(json!({ "roles": null, "expires_at": "2200-01-01T00:00:00Z" })).secret;
    let nowhere = tenant.at(&format!("/credentials/{}", nobody()));
    for (path, token, body) in [
        (&own.path, &viewer, json!({})),
        (&own.path, &editor, json!({ "enabled": false })),
        (&own.path, &editor, json!({ "metadata": { "a": "1" } })),
        (&own.path, &ending, json!({ "expires_at": "2200-01-02T00:00:00Z" })),
        (&own.path, &tenant.admin, json!({ "name": "", "roles": [], "nmae": 1, "revision": 7 })),
        (&own.path, &tenant.admin, json!({ "roles": roles(&["nobody"]) })),
        (&own.path, &other.admin, json!({})),
        (&nowhere, &tenant.admin, json!({})),
        (&own.path, &"pstn_garbage".to_owned(), json!({})),
    ] {
        let reported = dry(&tenant, token, "PATCH", path, &body);
        let does = tenant.send_by(token, "PATCH", path, &body);
        assert!(does.status >= 400, "{body}");
        assert_eq!((reported.status, reported.text), (does.status, does.text), "{body}");
    }
    let with_tag = |tag: &str| {
        let call = call("PATCH", format!("{}?dry_run=true", own.path)).token(&tenant.admin).header("if-match", tag);
        call.json(&json!({})).send(&*client)
    };
    with_tag("\"stale\"").refused(412, "stale");
    with_tag(&own.etag()).expect(200);
    let missing = "/principal missing, /enabled missing, /roles missing, /access missing, /expires_at missing";
    dry(&tenant, &tenant.admin, "PUT", &own.path, &json!({ "name": "x" })).refused(422, missing);
}

/// An operation without dry run rejects the parameter and does nothing, so no change is made by accident.
#[test]
fn operation_without_dry_run_rejects_the_parameter_and_does_nothing() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let [own, revoked, rotating] = [(); 3].map(|()| tenant.own(json!({})));
    tenant.step(&revoked, "revoke", &Value::Null).expect(200);
    tenant.step(&rotating, "rotate", &json!({ "grace_seconds": 60 })).expect(200);
    let (principal, name) = (tenant.principal(), json!({ "name": "x" }));
    let under = |own: &Own, step: &str| own.under(step);
    for (method, path, body) in [
        ("POST", tenant.at("/credentials"), json!({ "name": "x", "roles": null })),
        ("POST", tenant.at("/principals"), name.clone()),
        ("POST", "/v1/tenants".to_owned(), name.clone()),
        ("PATCH", tenant.at(""), name.clone()),
        ("PATCH", principal.clone(), name),
        ("PUT", principal.clone(), json!({ "name": "x", "enabled": true })),
        ("POST", under(&own, "rotate"), json!({ "grace_seconds": 60 })),
        ("POST", under(&own, "revoke"), Value::Null),
        ("POST", under(&rotating, "rotate/finish"), Value::Null),
        ("POST", under(&rotating, "rotate/cancel"), Value::Null),
        ("POST", under(&revoked, "restore"), Value::Null),
        ("DELETE", own.path.clone(), Value::Null),
        ("DELETE", principal, Value::Null),
        ("DELETE", tenant.at(""), Value::Null),
    ] {
        dry(&tenant, client.root_token(), method, &path, &body).refused(400, "unknown_parameter");
    }
    for value in ["", "yes", "1", "TRUE"] {
        let path = format!("{}?dry_run={value}", own.path);
        let reported = tenant.send("PATCH", path, &json!({ "name": "x" })).expect(400).json();
        assert_eq!(
            (&reported["code"], &reported["violations"][0]["parameter"]),
            (&json!("bad_parameters"), &json!("dry_run"))
        );
    }
}
