//! Rotation on the real clock: for a grace of seconds both secrets hold, then the new one alone. No timer ends the old one: its
//! deadline is judged as it is read.

use std::thread::sleep;
use std::time::Duration;

use postern::credential::time::Micros;
use serde_json::json;

use support::client::{OAUTH_TOKEN, call, get};
use support::face::Face::{self, Postern};
use support::face::roles;
use support::http::server;
use support::tenant::{Own, Tenant, text};

const SECOND: i64 = 1_000_000;

fn micros(value: &serde_json::Value) -> i64 {
    Micros::parse(&text(value)).expect("a time").0
}

fn access(own: &Own, secret: &str) -> String {
    let form = format!("grant_type=client_credentials&client_id={}&client_secret={secret}", own.id.client());
    text(&call("POST", OAUTH_TOKEN).form(&form).send(server()).expect(200).json()["access_token"])
}

#[test]
fn the_old_secret_holds_until_its_deadline_and_not_after_it() {
    let tenant = Tenant::new(server());
    let own = tenant.own(json!({ "roles": roles(&["admin"]) }));
    for grace in [5, 6] {
        let old = if grace == 5 { own.secret.clone() } else { text(&renewed(&tenant, &own)["secret"]) };
        let old_access = access(&own, &old);
        let begun = tenant.step(&own, "rotate", &json!({ "grace_seconds": grace })).expect(200).json();
        let new = text(&begun["secret"]);
        assert_eq!(begun["secrets"].as_array().map(Vec::len), Some(2));
        let (since, deadline) = (micros(&begun["updated_at"]), micros(&begun["secrets"][0]["expires_at"]));
        assert_eq!((deadline - since, &begun["secrets"][1]["expires_at"]), (grace * SECOND, &json!(null)));
        // Both hold. Who calls by the one that goes is told since when and until when, on every face; the other is not.
        let told = Some((format!("@{}", since / SECOND), Micros(deadline).http_date()));
        for face in Face::ALL {
            let read = |token: &str| {
                let reply = get(tenant.one(face, own.id)).token(token).send(server()).expect(200);
                reply.header("deprecation").map(str::to_owned).zip(reply.header("sunset").map(str::to_owned))
            };
            assert_eq!([read(&old), read(&old_access), read(&new)], [told.clone(), told.clone(), None], "{face:?}");
        }
        let seen = tenant.verify(&old).json();
        assert_eq!((&seen["active"], micros(&seen["expires_at"])), (&json!(true), deadline));
        let left = deadline - micros(&seen["checked_at"]);
        assert!((0..=grace * SECOND).contains(&left), "{left}");

        sleep(Duration::from_micros(u64::try_from(left).expect("ahead")) + Duration::from_millis(50));
        for token in [&old, &old_access] {
            for face in Face::ALL {
                let late = get(tenant.one(face, own.id)).token(token).send(server()).expect(401);
                assert_eq!(face.error(&late), face.unauthenticated());
                assert_eq!(late.header("sunset"), None);
            }
            let seen = tenant.verify(token).json();
            assert_eq!((&seen["active"], &seen["reason"]), (&json!(false), &json!("expired")));
        }
        let shown = get(&own.path).token(&new).send(server()).expect(200).json();
        assert_eq!(
            (&shown["secrets"][0]["id"], shown["secrets"].as_array().map(Vec::len)),
            (&begun["secrets"][1]["id"], Some(1))
        );
        // It is over, so that there is nothing to finish or to take back.
        for end in ["rotate/finish", "rotate/cancel"] {
            assert_eq!(Postern.error(&tenant.step(&own, end, &json!({})).expect(409)), "not_rotating");
        }
    }
}

/// A rotation without a grace: the new secret alone holds, at once.
fn renewed(tenant: &Tenant, own: &Own) -> serde_json::Value {
    tenant.step(own, "rotate", &json!({ "grace_seconds": 0 })).expect(200).json()
}

#[test]
fn without_a_grace_the_old_secret_goes_at_once() {
    let tenant = Tenant::new(server());
    let own = tenant.own(json!({}));
    let begun = renewed(&tenant, &own);
    assert_eq!(begun["secrets"].as_array().map(Vec::len), Some(1));
    get(&own.path).token(&own.secret).send(server()).expect(401);
    get(&own.path).token(&text(&begun["secret"])).send(server()).expect(200);
}

#[test]
fn a_rotation_is_finished_or_taken_back_before_its_deadline() {
    let tenant = Tenant::new(server());
    let own = tenant.own(json!({}));
    let rotate = || text(&tenant.step(&own, "rotate", &json!({ "grace_seconds": 60 })).expect(200).json()["secret"]);
    let holds = |secret: &str| get(&own.path).token(secret).send(server()).status == 200;
    let taken_back = rotate();
    assert_eq!(Postern.error(&tenant.step(&own, "rotate", &json!({ "grace_seconds": 1 })).expect(409)), "rotating");
    let cancelled = tenant.step(&own, "rotate/cancel", &json!({})).expect(200);
    assert_eq!((holds(&own.secret), holds(&taken_back), cancelled.revision()), (true, false, 3));
    // The old one is as it was: without an end, and nobody is told of one.
    assert_eq!(cancelled.json()["secrets"], own.shown["secrets"]);
    let reply = get(&own.path).token(&own.secret).send(server()).expect(200);
    assert_eq!(reply.header("sunset"), None);
    let new = rotate();
    let finished = tenant.step(&own, "rotate/finish", &json!({})).expect(200);
    assert_eq!((holds(&own.secret), holds(&new), finished.revision()), (false, true, 5));
    assert_eq!(finished.json().get("secret"), None, "it was shown once");
}

/// A credential's own end is judged by the clock too, and no grace reaches beyond it.
#[test]
fn a_credential_ends_by_the_clock_and_its_retiring_secret_no_later() {
    let tenant = Tenant::new(server());
    let now = micros(&tenant.verify("of-nobody").json()["checked_at"]);
    let end = Micros(now + 6 * SECOND);
    let own = tenant.own(json!({ "expires_at": end.microseconds() }));
    let begun = tenant.step(&own, "rotate", &json!({ "grace_seconds": 60 })).expect(200).json();
    assert_eq!(begun["secrets"][0]["expires_at"], end.microseconds());
    let secrets = [own.secret.clone(), text(&begun["secret"])];
    for secret in &secrets {
        get(&own.path).token(secret).send(server()).expect(200);
    }
    let left = u64::try_from(end.0 - micros(&tenant.verify("of-nobody").json()["checked_at"])).expect("ahead");
    sleep(Duration::from_micros(left) + Duration::from_millis(50));
    for secret in &secrets {
        get(&own.path).token(secret).send(server()).expect(401);
        assert_eq!(tenant.verify(secret).json()["reason"], "expired");
    }
    // It is there, and holds again with a later end: its new secret.
    call("PATCH", &own.path).token(&tenant.admin).json(&json!({ "expires_at": null })).send(server()).expect(200);
    get(&own.path).token(&secrets[0]).send(server()).expect(401);
    get(&own.path).token(&secrets[1]).send(server()).expect(200);
}
