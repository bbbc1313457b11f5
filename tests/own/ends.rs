//! Expiry: of a credential, and of credentials created by a caller that expires.

use serde_json::{Value, json};
use support::face::{Face::Postern, roles};

use crate::stage::*;

#[test]
fn expiry_can_be_set_moved_and_cleared() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    let own = tenant.own(json!({ "roles": null, "expires_at": "2026-11-21T03:00:00+02:00" }));
    assert_eq!(own.shown["expires_at"], "2026-11-21T01:00:00.000000Z", "as UTC, with microseconds");
    service.world().now.set(START + HOUR - 1001);
    assert!(tenant.accepts(&own.secret), "a microsecond before its expiry");
    service.world().now.set(START + HOUR - 1000);
    tenant.send_by(&own.secret, "GET", &own.path, &Value::Null).refused(401, "unauthenticated");
    let set = |end: Value| tenant.send("PATCH", &own.path, &json!({ "expires_at": end }));
    // No expiry, one in the past, and a later one.
    for (end, holds) in [(Value::Null, true), (json!(time(START)), false), (json!(time(START + DAY)), true)] {
        assert_eq!(
            (set(end.clone()).expect(200).json()["expires_at"].clone(), tenant.accepts(&own.secret)),
            (end, holds)
        );
        assert_eq!(tenant.events(&own)[0]["widened_access"], holds);
    }
    for wrong in ["", "tomorrow", "2026-11-21", "1969-12-31T23:59:59Z", "9999-01-01T00:00:00Z"] {
        assert!(Postern.error(&set(json!(wrong)).expect(422)).starts_with("/expires_at "), "{wrong}");
    }
    set(json!(1_795_219_200)).refused(422, "/expires_at type");
}

#[test]
fn expiring_caller_cannot_grant_a_later_expiry() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    let end = START + DAY;
    let [caller, ending] = [end, START + HOUR].map(|end| tenant.own(json!({ "roles": null, "expires_at": time(end) })));
    let target = tenant.own(json!({}));
    let send = |method: &str, path: &str, body: &Value| tenant.send_by(&caller.secret, method, path, body);
    let all = tenant.at("/credentials");
    for later in [json!(time(end + 1)), json!("2099-01-01T00:00:00Z"), Value::Null] {
        for (method, path, body) in [
            ("POST", &all, json!({ "name": "x", "roles": null, "expires_at": later })),
            ("PATCH", &ending.path, json!({ "expires_at": later })),
            ("PUT", &ending.path, tenant.whole(json!({ "roles": null, "expires_at": later }))),
            ("PATCH", &caller.path, json!({ "expires_at": later })),
        ] {
            send(method, path, &body).refused(403, "forbidden_change");
        }
    }
    // A body may set the caller's expiry or an earlier one; by default the caller's is set.
    for (sent, given) in [(Some(START + HOUR), START + HOUR), (Some(end), end), (None, end)] {
        let mut body = json!({ "name": "x", "roles": null });
        if let Some(sent) = sent {
            body["expires_at"] = json!(time(sent));
        }
        assert_eq!(send("POST", &all, &body).expect(201).json()["expires_at"], time(given));
    }
    // An update may keep a credential without expiry as it is, or set an expiry.
    send("PATCH", &target.path, &json!({ "name": "renamed", "expires_at": null })).expect(200);
    send("PATCH", &target.path, &json!({ "expires_at": time(end) })).expect(200);
    send("PATCH", &ending.path, &json!({ "expires_at": time(end) })).expect(200);
}

/// An expiring viewer or editor may read or edit until its expiry.
#[test]
fn expiry_does_not_reduce_the_rights_of_viewers_and_editors() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    let target = tenant.own(json!({}));
    let organization = format!("/organizations/{}", tenant.label);
    let principal = tenant.at(&format!("/principals/{}", tenant.account));
    for role in ["viewer", "editor"] {
        let caller = tenant.own(json!({ "roles": roles(&[role]), "expires_at": time(START + DAY) }));
        let send = |method: &str, path: &str, body: &Value| {
            tenant.send_by(&caller.secret, method, path, body).expect(200);
        };
        tenant.access(caller.id, &caller.secret);
        for path in ["", "/principals", "/credentials", "/events"].map(|rest| tenant.at(rest)).iter().chain(&[
            "/v1/tenants".to_owned(),
            "/organizations".to_owned(),
            format!("{organization}/service-accounts"),
            target.path.clone(),
            target.under("events"),
            principal.clone(),
        ]) {
            send("GET", path, &Value::Null);
        }
        send("POST", "/v1/verify", &json!({ "token": "x" }));
        for path in [&target.path, &principal].into_iter().filter(|_| role == "editor") {
            send("PATCH", path, &json!({ "name": "renamed" }));
        }
    }
}
