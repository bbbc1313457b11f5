//! Revoked is a state of its own: faces that only have enabled or active cannot lift it.

use serde_json::{Value, json};

use support::face::Face::{self, Coactive, Keycard, LiteGraph};
use support::tenant::{Own, Tenant};
use support::{client, get};

use super::made_by;

fn revoke(tenant: &Tenant, own: &Own, body: &Value) -> Value {
    tenant.step(own, "revoke", body).expect(200).json()
}

fn restore(tenant: &Tenant, own: &Own) -> Value {
    tenant.step(own, "restore", &Value::Null).expect(200).json()
}

#[test]
fn revoked_credential_is_rejected_on_every_face_until_restored() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let own = tenant.own(json!({ "roles": null }));
    let access = tenant.access(own.id, &own.secret);
    assert!(tenant.accepts(&own.secret) && tenant.accepts(&access));
    let revoked = revoke(&tenant, &own, &json!({ "reason": "leaked" }));
    assert_eq!((&revoked["revoked_at"], &revoked["revoked_reason"]), (&revoked["updated_at"], &json!("leaked")));
    assert_eq!((&revoked["enabled"], &revoked["revision"]), (&json!(true), &json!(2)));
    for secret in [&own.secret, &access] {
        for face in Face::ALL {
            let refused = get(tenant.one(face, own.id)).token(secret).send(&*client).expect(401);
            assert_eq!(face.error(&refused), face.unauthenticated());
        }
    }
    tenant.send_by(&own.secret, "POST", own.under("restore"), &Value::Null).refused(401, "unauthenticated");
    // Revoking again changes only the reason.
    for _ in 0..2 {
        let again = revoke(&tenant, &own, &json!({ "reason": "sold" }));
        assert_eq!(
            (&again["revoked_at"], &again["revoked_reason"], &again["revision"]),
            (&revoked["revoked_at"], &json!("sold"), &json!(3))
        );
    }
    // Neither our PUT nor our PATCH lifts the revocation.
    let mut body = tenant.look(&own.path);
    body["revoked_at"] = Value::Null;
    tenant.send("PUT", &own.path, &body).refused(422, "/revoked_at read_only");
    let patched = tenant.send("PATCH", &own.path, &json!({ "enabled": true, "name": "b" })).expect(200).json();
    assert_eq!((&patched["revoked_at"], tenant.accepts(&own.secret)), (&revoked["revoked_at"], false));
    // A revoked credential may be rotated, and stays revoked.
    let new = tenant.step(&own, "rotate", &json!({ "grace_seconds": 0 })).expect(200).json()["secret"].clone();
    let new = new.as_str().expect("a secret");
    assert!(!tenant.accepts(new) && !tenant.accepts(&own.secret));
    let restored = restore(&tenant, &own);
    assert_eq!((&restored["revoked_at"], &restored["revoked_reason"]), (&Value::Null, &Value::Null));
    assert!(tenant.accepts(new) && tenant.accepts(&tenant.access(own.id, new)) && !tenant.accepts(&own.secret));
    let events = tenant.events(&own);
    assert_eq!(restore(&tenant, &own)["revision"], restored["revision"]);
    assert_eq!(tenant.events(&own), events);
    let reasons = events.iter().filter(|event| event["changes"].get("revoked_reason").is_some());
    let reported: Vec<_> =
        reasons.map(|event| (&event["changes"]["revoked_reason"], &event["widened_access"])).collect();
    let change = |before: Option<&str>, after: Option<&str>| json!({ "before": before, "after": after });
    assert_eq!(
        reported,
        [
            (&change(Some("sold"), None), &json!(true)),
            (&change(Some("leaked"), Some("sold")), &json!(false)),
            (&change(None, Some("leaked")), &json!(false)),
        ]
    );
}

#[test]
fn revocation_reason_is_optional_and_bounded() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let own = tenant.own(json!({}));
    for (body, expected) in [
        (json!({ "reason": 7 }), "/reason type"),
        (json!({ "reason": "r".repeat(501) }), "/reason too_long"),
        (json!({ "reason": "\u{0}" }), "/reason control_character"),
        (json!({ "resaon": "x" }), "/resaon unknown_member"),
    ] {
        tenant.step(&own, "revoke", &body).refused(422, expected);
    }
    for role in ["viewer", "editor"] {
        let caller = tenant.caller(&[role]);
        for step in ["revoke", "restore"] {
            tenant.send_by(&caller, "POST", own.under(step), &Value::Null).refused(403, "forbidden");
        }
    }
    for body in [Value::Null, json!({}), json!({ "reason": null }), json!({ "reason": "r".repeat(500) })] {
        let own = tenant.own(json!({}));
        assert_eq!(revoke(&tenant, &own, &body)["revoked_reason"], body["reason"]);
        assert!(!tenant.accepts(&own.secret));
    }
}

#[test]
fn litegraph_shows_a_revoked_credential_as_inactive_and_cannot_restore_it() {
    let client = client();
    let tenant = Tenant::new(&*client);
    for maker in Face::ALL {
        let own = made_by(&tenant, maker);
        tenant.send("PATCH", &own.path, &json!({ "principal": tenant.account })).expect(200);
        let revoked = revoke(&tenant, &own, &json!({ "reason": "leaked" }));
        assert_eq!(tenant.read(LiteGraph, own.id).json()["Active"], false);
        let put = |name: &str, more: &Value| {
            let mut body = tenant.naming(LiteGraph, name);
            body.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("members"));
            tenant.update(LiteGraph, own.id).json(&body).send(&*client)
        };
        // LiteGraph's PUT that would enable the credential, explicitly or by default, is a conflict and changes
        // nothing; so is a new token.
        let token = format!("a-token-of-its-own-{}", own.id);
        for more in [json!({}), json!({ "Active": true }), json!({ "Active": true, "BearerToken": token })] {
            assert_eq!(LiteGraph.error(&put("renamed", &more).expect(409)), "Conflict");
        }
        assert_eq!(tenant.look(&own.path), revoked);
        // Its other members are changed; `enabled` is kept, whatever it is.
        for enabled in [true, false] {
            tenant.send("PATCH", &own.path, &json!({ "enabled": enabled })).expect(200);
            let name = format!("renamed {enabled}");
            assert_eq!(put(&name, &json!({ "Active": false })).expect(200).json()["Active"], false);
            let now = tenant.look(&own.path);
            assert_eq!(
                (&now["enabled"], &now["name"], &now["revoked_at"]),
                (&json!(enabled), &json!(name), &revoked["revoked_at"])
            );
        }
        // A restored credential has its previous `enabled`.
        assert_eq!(restore(&tenant, &own)["enabled"], false);
        assert_eq!(put("on", &json!({ "Active": true })).expect(200).json()["Active"], true);
        assert!(tenant.accepts(&own.secret));
    }
}

#[test]
fn coactive_and_keycard_cannot_restore_a_revoked_credential() {
    let client = client();
    let tenant = Tenant::new(&*client);
    for maker in Face::ALL {
        let own = made_by(&tenant, maker);
        tenant.send("PATCH", &own.path, &json!({ "principal": tenant.account })).expect(200);
        let revoked = revoke(&tenant, &own, &json!({ "reason": "leaked" }));
        for face in [Coactive, Keycard] {
            let body = tenant.naming(face, format!("by {face:?}"));
            tenant.update(face, own.id).json(&body).send(&*client).expect(200);
            let now = tenant.look(&own.path);
            assert_eq!(
                (&now["revoked_at"], &now["revoked_reason"], &now["enabled"], &now["name"]),
                (&revoked["revoked_at"], &json!("leaked"), &json!(true), &body["name"])
            );
            assert!(!tenant.accepts(&own.secret));
        }
        restore(&tenant, &own);
        assert!(tenant.accepts(&own.secret));
    }
}
