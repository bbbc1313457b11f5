//! Verification with a controlled clock: freshness of a response, expiry of tokens, recording of uses.

use serde_json::{Value, json};

use crate::stage::*;

#[test]
fn verify_response_states_when_it_was_checked() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    let own = tenant.own(json!({}));
    let told = tenant.verify(&own.secret).json();
    // The very time at which it was judged. And it is true: what was changed a millisecond ago is known.
    assert_eq!((&told["active"], &told["checked_at"]), (&json!(true), &json!(now(&service))));
    tenant.send("PATCH", &own.path, &json!({ "enabled": false })).expect(200);
    assert_eq!(tenant.verify(&own.secret).json()["active"], false);
}

#[test]
fn verify_reports_tokens_as_they_expire() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    let own = tenant.own(json!({}));
    let reason = |token: &str| tenant.verify(token).json()["reason"].clone();
    // An access token outlives not its hour.
    let access = tenant.access(own.id, &own.secret);
    assert_eq!(tenant.verify(&access).json()["active"], true);
    service.world().pass(HOUR);
    assert_eq!(reason(&access), "unknown");
    // A secret that was replaced is told as expired while it is still there; then it is none of ours any more.
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
    assert_eq!(used(), time(first), "a minute is not over");
    service.world().now.set(first + MINUTE);
    verify();
    assert_eq!(used(), time(first + MINUTE + 1000));
    assert_eq!((&tenant.look(&own.path)["revision"], tenant.events(&own).len()), (&json!(1), 2), "a use is no change");
    // What does not hold is not used.
    service.world().pass(HOUR);
    tenant.step(&own, "revoke", &Value::Null).expect(200);
    verify();
    assert_eq!(used(), time(first + MINUTE + 1000));
}
