//! The steps of a rotation, and the headers for a caller with a retiring secret. Deadlines are tested in
//! `tests/own/rotation.rs` and `tests/worker/rotation.rs`.

use postern::credential::time::Micros;
use serde_json::{Value, json};

use support::face::Face;
use support::face::Face::Postern;
use support::tenant::{Tenant, nobody, text};
use support::{client, get};

#[test]
fn caller_with_a_retiring_secret_gets_deprecation_and_sunset_on_every_face() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let own = tenant.own(json!({ "roles": null }));
    let old_access = tenant.access(own.id, &own.secret);
    let begun = tenant.step(&own, "rotate", &json!({ "grace_seconds": 3600 })).expect(200).json();
    let new = text(&begun["secret"]);
    let micros = |value: &Value| Micros::parse(&text(value)).expect("a time").0;
    let (since, deadline) = (micros(&begun["updated_at"]), micros(&begun["secrets"][0]["expires_at"]));
    assert_eq!((deadline - since, &begun["secrets"][1]["expires_at"]), (3_600_000_000, &Value::Null));
    let seen = tenant.verify(&own.secret).json();
    assert_eq!((&seen["active"], micros(&seen["expires_at"])), (&json!(true), deadline));
    let expected = Some((format!("@{}", since / 1_000_000), Micros(deadline).to_http_date()));
    // On every face and every route, errors included.
    let paths = Face::ALL.map(|face| (tenant.one(face, own.id), 200));
    for (path, status) in
        paths.into_iter().chain([(tenant.one(Postern, nobody()), 404), ("/v1/tenants".to_owned(), 200)])
    {
        let headers_for = |token: &str| {
            let reply = get(&path).token(token).send(&*client).expect(status);
            reply.header("deprecation").map(str::to_owned).zip(reply.header("sunset").map(str::to_owned))
        };
        let others = [&new, &tenant.admin].map(|token| headers_for(token));
        assert_eq!(others, [None, None], "{path}");
        assert_eq!(
            [headers_for(&own.secret), headers_for(&old_access)],
            [expected.clone(), expected.clone()],
            "{path}"
        );
    }
}

#[test]
fn rotation_without_grace_invalidates_the_old_secret_immediately() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let own = tenant.own(json!({}));
    let begun = tenant.step(&own, "rotate", &json!({ "grace_seconds": 0 })).expect(200).json();
    assert_eq!(begun["secrets"].as_array().map(Vec::len), Some(1));
    assert!(!tenant.accepts(&own.secret) && tenant.accepts(&text(&begun["secret"])));
}

#[test]
fn rotation_can_be_finished_or_cancelled_before_its_deadline() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let own = tenant.own(json!({}));
    let rotate = || text(&tenant.step(&own, "rotate", &json!({ "grace_seconds": 60 })).expect(200).json()["secret"]);
    let end = |step: &str| tenant.step(&own, &format!("rotate/{step}"), &Value::Null);
    let none = || ["finish", "cancel"].map(|step| end(step).refused(409, "not_rotating"));
    none();
    let taken_back = rotate();
    assert!(tenant.accepts(&own.secret) && tenant.accepts(&taken_back));
    tenant.step(&own, "rotate", &json!({ "grace_seconds": 1 })).refused(409, "rotating");
    let cancelled = end("cancel").expect(200);
    assert_eq!((tenant.accepts(&own.secret), tenant.accepts(&taken_back), cancelled.revision()), (true, false, 3));
    none();
    // The old secret is as before: it has no deadline, and no response reports one.
    let secret = &cancelled.json()["secrets"][0];
    assert_eq!((&secret["id"], &secret["expires_at"]), (&own.shown["secrets"][0]["id"], &Value::Null));
    let reply = get(&own.path).token(&own.secret).send(&*client).expect(200);
    assert_eq!(reply.header("sunset"), None);
    let new = rotate();
    let finished = end("finish").expect(200);
    assert_eq!((tenant.accepts(&own.secret), tenant.accepts(&new), finished.revision()), (false, true, 5));
    assert_eq!(
        (finished.json().get("secret"), &finished.json()["id"]),
        (None, &json!(own.id)),
        "the secret was returned once"
    );
    none();
}

#[test]
fn rotation_requires_a_valid_grace_period_and_an_admin() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let own = tenant.own(json!({}));
    let most = 90 * 24 * 3600;
    for (body, expected) in [
        (json!({}), "/grace_seconds missing"),
        (json!({ "grace_seconds": null }), "/grace_seconds not_null"),
        (json!({ "grace_seconds": "60" }), "/grace_seconds type"),
        (json!({ "grace_seconds": 1.5 }), "/grace_seconds type"),
        (json!({ "grace_seconds": -1 }), "/grace_seconds not_in_range"),
        (json!({ "grace_seconds": most + 1 }), "/grace_seconds not_in_range"),
        (json!({ "grace_seconds": 1, "reason": "x" }), "/reason unknown_member"),
    ] {
        tenant.step(&own, "rotate", &body).refused(422, expected);
    }
    for role in ["viewer", "editor"] {
        let rotate = json!({ "grace_seconds": 1 });
        tenant.send_by(&tenant.caller(&[role]), "POST", own.under("rotate"), &rotate).refused(403, "forbidden");
    }
    assert_eq!(tenant.step(&own, "rotate", &json!({ "grace_seconds": most })).expect(200).revision(), 2);
}
