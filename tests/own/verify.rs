//! Verification with a controlled clock: freshness of a response, expiry of tokens, recording of uses.

use serde_json::{Value, json};

use crate::stage::*;

#[test]
fn verify_response_states_when_it_was_checked() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    let own = tenant.own(json!({}));
    let verified = tenant.verify(&own.secret).json();
    // `checked_at` is the time of the check, and the response knows a change made a millisecond ago.
    assert_eq!((&verified["active"], &verified["checked_at"]), (&json!(true), &json!(now(&service))));
    tenant.send("PATCH", &own.path, &json!({ "enabled": false })).expect(200);
    assert_eq!(tenant.verify(&own.secret).json()["active"], false);
}

#[test]
fn verify_reports_tokens_as_they_expire() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    let own = tenant.own(json!({}));
    let reason = |token: &str| tenant.verify(token).json()["reason"].clone();
    // An access token is valid for one hour.
    let access = tenant.access(own.id, &own.secret);
    assert_eq!(tenant.verify(&access).json()["active"], true);
    service.world().pass(HOUR);
    assert_eq!(reason(&access), "unknown");
    // A replaced secret is reported as expired while it is stored, and as unknown afterwards.
    tenant.step(&own, "rotate", &json!({ "grace_seconds": 10 })).expect(200);
    assert_eq!(tenant.verify(&own.secret).json()["active"], true);
    service.world().pass(10 * SECOND);
    assert_eq!(reason(&own.secret), "expired");
    tenant.step(&own, "rotate", &json!({ "grace_seconds": 0 })).expect(200);
    assert_eq!(reason(&own.secret), "unknown");
}

#[test]
fn verified_use_is_recorded_at_most_once_a_minute() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    let own = tenant.own(json!({}));
    let used = || tenant.look(&own.path)["secrets"][0]["last_used_at"].clone();
    assert_eq!(used(), Value::Null);
    let verify = || drop(tenant.verify(&own.secret));
    verify();
    let first = service.world().now.get();
    assert_eq!(used(), time(first));
    service.world().now.set(first + MINUTE - 1000);
    verify();
    assert_eq!(used(), time(first), "less than a minute later");
    service.world().now.set(first + MINUTE);
    verify();
    assert_eq!(used(), time(first + MINUTE + 1000));
    assert_eq!(
        (&tenant.look(&own.path)["revision"], tenant.events(&own).len()),
        (&json!(1), 2),
        "a use is not a change"
    );
    // Rejected secrets record no use.
    service.world().pass(HOUR);
    tenant.step(&own, "revoke", &Value::Null).expect(200);
    verify();
    assert_eq!(used(), time(first + MINUTE + 1000));
}
