//! Verification with a controlled clock: freshness of a response, expiry of tokens, recording of uses.

use serde_json::{Value, json};
use support::{call, get};

use crate::stage::*;

/// RFC 8414 §2, §3.2, and RFC 7662 §2.2: one issuer, wherever it is said.
#[test]
fn issuer_is_the_setting_or_the_origin_of_the_request() {
    let metadata = "/.well-known/oauth-authorization-server";
    for (setting, host, issuer) in [
        (None, "postern.example", "https://postern.example"),
        (None, "Postern.EXAMPLE:443", "https://postern.example"),
        (None, "postern.example:80", "https://postern.example:80"),
        (None, "[::1]:8787", "https://[::1]:8787"),
        (Some("https://id.example"), "postern.example", "https://id.example"),
        (Some("https://id.example:8443"), "", "https://id.example:8443"),
    ] {
        let service = InProcess::new();
        let tenant = Tenant::new(&service);
        service.world().settings.as_mut().expect("settings").issuer = setting.map(str::to_owned);
        let told = get(metadata).header("host", host).send(&service).expect(200).json();
        for (member, value) in told.as_object().expect("an object") {
            assert!(value.as_array().is_none_or(|array| !array.is_empty()), "{member} is empty");
            let is_url = member == "issuer" || member.ends_with("_endpoint");
            assert!(!is_url || value.as_str().is_some_and(|url| url.starts_with(issuer)), "{member}: {value}");
        }
        assert_eq!(told["issuer"], issuer);
        let asked = call("POST", "/oauth/introspect").header("host", host).token(&tenant.admin);
        let told = asked.form(&format!("token={}", tenant.admin)).send(&service).expect(200).json();
        assert_eq!((&told["active"], &told["iss"]), (&json!(true), &json!(issuer)));
    }
}

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
    // An access token is valid for an hour and the rest of the second it was issued in.
    let access = tenant.access(own.id, &own.secret);
    assert_eq!(tenant.verify(&access).json()["active"], true);
    service.world().pass(HOUR + SECOND);
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
