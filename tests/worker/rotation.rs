//! Rotation on the real clock: both secrets are valid for the grace period, then only the new one. No timer ends the
//! old secret: its deadline is checked on each use.

use std::thread::sleep;
use std::time::Duration;

use postern::credential::time::Micros;
use serde_json::{Value, json};

use support::client::get;
use support::face::Face;
use support::face::roles;
use support::http::server;
use support::tenant::{Tenant, text};

const SECOND: i64 = 1_000_000;

fn micros(value: &Value) -> i64 {
    Micros::parse(&text(value)).expect("a time").0
}

/// Waits until a time on the Worker's clock has passed, which is at most so many seconds ahead.
fn wait(tenant: &Tenant, end: i64, at_most: i64) {
    let left = end - micros(&tenant.verify("of-nobody").json()["checked_at"]);
    assert!((0..=at_most * SECOND).contains(&left), "{left}");
    sleep(Duration::from_micros(u64::try_from(left).expect("ahead")) + Duration::from_millis(50));
}

#[test]
fn retiring_secret_is_valid_until_its_deadline_only() {
    let tenant = Tenant::new(server());
    let own = tenant.own(json!({ "roles": roles(&["admin"]) }));
    let mut old = own.secret.clone();
    for grace in [5, 6] {
        let old_access = tenant.access(own.id, &old);
        let begun = tenant.step(&own, "rotate", &json!({ "grace_seconds": grace })).expect(200).json();
        let new = text(&begun["secret"]);
        for token in [&old, &old_access, &new] {
            get(&own.path).token(token).send(server()).expect(200);
        }
        wait(&tenant, micros(&begun["secrets"][0]["expires_at"]), grace);
        for token in [&old, &old_access] {
            for face in Face::ALL {
                let late = get(tenant.one(face, own.id)).token(token).send(server()).expect(401);
                assert_eq!((&*face.error(&late), late.header("sunset")), (face.unauthenticated(), None));
            }
            assert_eq!(tenant.verify(token).json()["reason"], "expired");
        }
        let shown = get(&own.path).token(&new).send(server()).expect(200).json();
        assert_eq!(shown["secrets"][0]["id"], begun["secrets"][1]["id"]);
        assert_eq!(shown["secrets"].as_array().map(Vec::len), Some(1));
        // The rotation is over, so there is nothing to finish or to cancel.
        for end in ["rotate/finish", "rotate/cancel"] {
            tenant.step(&own, end, &json!({})).refused(409, "not_rotating");
        }
        old = new;
    }
}

/// The expiry of a credential is checked against the clock too, and no grace period exceeds it.
#[test]
fn retiring_secret_expires_no_later_than_its_credential() {
    let tenant = Tenant::new(server());
    let end = micros(&tenant.verify("of-nobody").json()["checked_at"]) + 6 * SECOND;
    let own = tenant.own(json!({ "expires_at": Micros(end).to_rfc3339_micros() }));
    let begun = tenant.step(&own, "rotate", &json!({ "grace_seconds": 60 })).expect(200).json();
    assert_eq!(begun["secrets"][0]["expires_at"], Micros(end).to_rfc3339_micros());
    let secrets = [own.secret.clone(), text(&begun["secret"])];
    let calls =
        |status: u16| secrets.each_ref().map(|secret| get(&own.path).token(secret).send(server()).expect(status));
    calls(200);
    wait(&tenant, end, 6);
    calls(401);
    for secret in &secrets {
        assert_eq!(tenant.verify(secret).json()["reason"], "expired");
    }
    // The credential still exists: with a later expiry, its new secret is valid again.
    tenant.send("PATCH", &own.path, &json!({ "expires_at": null })).expect(200);
    get(&own.path).token(&secrets[0]).send(server()).expect(401);
    get(&own.path).token(&secrets[1]).send(server()).expect(200);
}
