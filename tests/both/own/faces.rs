//! Our own face next to each vendor's: a credential created on one face, changed on each other, and read whole on
//! ours. Fields that a vendor's face does not have are kept (docs/COMPATIBILITY.md, "What each face can say").

use serde_json::{Value, json};

use support::face::Face::{self, Coactive, Keycard, LiteGraph, Postern};
use support::face::roles;
use support::tenant::{Tenant, read_id, text};
use support::{ZERO, call, client, get};

use super::made_by;

/// The resource without these members.
fn but_for(mut shown: Value, members: &[&str]) -> Value {
    for member in members {
        shown.as_object_mut().and_then(|members| members.remove(*member)).expect("a member");
    }
    shown
}

#[test]
fn credential_from_any_face_can_be_changed_on_every_face_and_read_whole_on_ours() {
    let client = client();
    let tenant = Tenant::new(&*client);
    for maker in Face::ALL {
        let own = made_by(&tenant, maker);
        let shown = &own.shown;
        // Coactive's credentials belong to the default principal, as do ours without a principal.
        let owner = if matches!(maker, Coactive | Postern) { read_id(&json!(ZERO)) } else { tenant.account };
        assert_eq!(
            [
                &shown["name"],
                &shown["roles"],
                &shown["enabled"],
                &shown["principal"],
                &shown["metadata"],
                &shown["expires_at"]
            ],
            [
                &json!(format!("made by {maker:?}")),
                &roles(&["viewer"]),
                &json!(true),
                &json!(owner),
                &json!({}),
                &Value::Null
            ]
        );
        assert_eq!((shown["secrets"].as_array().map(Vec::len), shown.get("secret")), (Some(1), None));
        let members = json!({
            "principal": tenant.account, "description": "told", "expires_at": "2200-01-01T00:00:00Z",
            "metadata": { "b": "", "team": "a" },
        });
        let before = tenant.send("PATCH", &own.path, &members).expect(200).json();
        for changer in Face::ALL {
            let name = format!("by {changer:?}");
            let changed =
                tenant.update(changer, own.id).json(&tenant.naming(changer, &*name)).send(&*client).expect(200);
            assert_eq!(changed.json()[changer.name()], name.as_str());
            let now = tenant.look(&own.path);
            assert_eq!(now["name"], name.as_str());
            let state = ["name", "revision", "updated_at"];
            assert_eq!(but_for(now, &state), but_for(before.clone(), &state), "{changer:?} keeps the rest");
            for face in Face::ALL {
                let read = tenant.read(face, own.id);
                assert_eq!(
                    (read.etag(), &read.json()[face.name()]),
                    (changed.etag(), &json!(name)),
                    "{face:?}: one state"
                );
            }
            assert_eq!(
                tenant.events(&own)[0]["changes"]["name"]["after"],
                name.as_str(),
                "the history reports the change of every face"
            );
        }
        // LiteGraph returns only the secret that it created; its PUT kept every other face's. All are still valid.
        let token = if maker == LiteGraph { &own.secret } else { "" };
        assert_eq!(tenant.read(LiteGraph, own.id).json()["BearerToken"], token);
        assert!(tenant.accepts(&own.secret), "{maker:?}");
    }
}

#[test]
fn credential_is_visible_on_every_face_until_any_face_deletes_it() {
    let client = client();
    let tenant = Tenant::new(&*client);
    for deleter in Face::ALL {
        let own = tenant.own(json!({ "metadata": { "a": "1" }, "roles": roles(&["editor"]) }));
        assert_eq!(tenant.read(Coactive, own.id).json()["roles"], roles(&["editor"]));
        for enabled in [false, true] {
            tenant.send("PATCH", &own.path, &json!({ "enabled": enabled })).expect(200);
            assert_eq!(tenant.read(LiteGraph, own.id).json()["Active"], enabled);
        }
        call("DELETE", tenant.one(deleter, own.id)).token(&tenant.admin).send(&*client).expect(deleter.deleted());
        for face in Face::ALL {
            let gone = get(tenant.one(face, own.id)).token(&tenant.admin).send(&*client).expect(404);
            assert_eq!(face.error(&gone), face.no_credential());
        }
        get(&own.path).token(&own.secret).send(&*client).expect(401);
        // The history outlives the credential.
        let actions: Vec<_> = tenant.events(&own).iter().map(|event| text(&event["action"])).collect();
        let all = ["deleted", "secret_ended", "updated", "updated", "secret_created", "created"];
        assert_eq!(actions, all, "through {deleter:?}");
    }
}

#[test]
fn token_set_on_litegraph_replaces_all_secrets_and_litegraph_shows_rotated_ones() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let own = tenant.own(json!({}));
    let [first, second] = ["first", "second"].map(|name| format!("{name}-{}", own.id));
    let put = |token: Option<&str>| {
        let body = json!({ "UserGUID": tenant.account.guid(), "Name": "own", "BearerToken": token });
        tenant.update(LiteGraph, own.id).json(&body).send(&*client).status
    };
    let secrets = || tenant.look(&own.path)["secrets"].clone();
    let bearer = || tenant.read(LiteGraph, own.id).json()["BearerToken"].clone();
    assert_eq!(put(Some(&first)), 200);
    assert_eq!(
        (secrets().as_array().map(Vec::len), tenant.accepts(&own.secret)),
        (Some(1), false),
        "the token ends every other secret"
    );
    assert_ne!(secrets(), own.shown["secrets"]);
    let new = text(&tenant.step(&own, "rotate", &json!({ "grace_seconds": 600 })).expect(200).json()["secret"]);
    for token in [&first, &new] {
        let found = tenant.look(format!("/v1.0/credentials/bearer/{token}"));
        assert_eq!(found["BearerToken"], new.as_str(), "found on both faces, and sealed like the one before");
    }
    // LiteGraph's PUT without a token, or with the newest one, keeps both secrets; with the retiring one it is a
    // conflict.
    let before = secrets();
    assert_eq!([put(None), put(Some(&new)), put(Some(&first))], [200, 200, 409]);
    assert_eq!((secrets(), bearer()), (before, json!(new)), "the rotation continues");
    tenant.step(&own, "rotate/cancel", &json!({})).expect(200);
    assert_eq!((put(None), bearer()), (200, json!(first)));
    tenant.step(&own, "rotate", &json!({ "grace_seconds": 600 })).expect(200);
    assert_eq!(put(Some(&second)), 200);
    assert_eq!((secrets().as_array().map(Vec::len), bearer()), (Some(1), json!(second)), "another token ends both");
}

/// On our face, members whose absence would widen access are required. On Coactive's, absent roles mean full access by
/// its contract, and the event records the widening.
#[test]
fn put_without_roles_is_rejected_on_our_face_and_recorded_as_widening_on_coactive() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let own = tenant.own(json!({}));
    let put = |body: &Value| tenant.send("PUT", &own.path, body);
    put(&but_for(own.shown.clone(), &["roles"])).refused(422, "/roles missing");
    put(&json!({ "name": "n" }))
        .refused(422, "/principal missing, /enabled missing, /roles missing, /access missing, /expires_at missing");
    tenant.send("PUT", tenant.one(Coactive, own.id), &json!({ "name": "own" })).expect(200);
    assert_eq!(tenant.look(&own.path)["roles"], Value::Null);
    let event = &tenant.events(&own)[0];
    let changes = json!({
        "access": { "before": "read", "after": "admin" }, "roles": { "before": roles(&["viewer"]), "after": null },
    });
    assert_eq!((&event["widened_access"], &event["changes"]), (&json!(true), &changes));
}

#[test]
fn tenants_and_principals_are_shared_by_all_faces() {
    let client = client();
    let by_root = |method, path: &str, body: &Value| call(method, path).by_root().json(body).send(&*client);
    let read = |path: &str| get(path).by_root().send(&*client);
    let made = by_root("POST", "/v1/tenants", &json!({ "name": "Own" })).expect(201).json();
    let (id, label) = (read_id(&made["id"]), text(&made["label"]));
    let path = format!("/v1/tenants/{id}");
    let organization = read(&format!("/organizations/{label}")).expect(200).json();
    assert_eq!((read_id(&organization["id"]), &organization["name"]), (id, &json!("Own")));
    by_root("PUT", &format!("/v1.0/tenants/{}", id.guid()), &json!({ "Name": "by LiteGraph" })).expect(200);
    let now = read(&path).expect(200);
    assert_eq!((&now.json()["name"], now.revision()), (&json!("by LiteGraph"), 2));

    for deleter in [LiteGraph, Keycard] {
        let principal = json!({ "name": "Ada", "description": "d" });
        let ada = read_id(&by_root("POST", &format!("{path}/principals"), &principal).expect(201).json()["id"]);
        let account = format!("/organizations/{label}/service-accounts/{ada}");
        let user = format!("/v1.0/tenants/{}/users/{}", id.guid(), ada.guid());
        assert_eq!(read(&account).expect(200).json()["name"], "Ada");
        read(&user).expect(200);
        by_root("PATCH", &account, &json!({ "name": "Eve" })).expect(200);
        let one = format!("{path}/principals/{ada}");
        let now = read(&one).expect(200);
        assert_eq!((&now.json()["name"], &now.json()["description"], now.revision()), (&json!("Eve"), &json!("d"), 2));
        let deleted = if deleter == LiteGraph { &user } else { &account };
        call("DELETE", deleted).by_root().send(&*client).expect(deleter.deleted());
        read(&one).refused(404, "no_principal");
    }
    call("DELETE", &path).by_root().send(&*client).expect(204);
    read(&format!("/organizations/{label}")).expect(404);
}

#[test]
fn vendor_faces_ignore_dry_run_and_idempotency_key() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let own = tenant.own(json!({}));
    for face in [Coactive, LiteGraph, Keycard] {
        let name = format!("by {face:?}");
        let path = format!("{}?dry_run=true", tenant.one(face, own.id));
        tenant.send(face.update(), path, &tenant.naming(face, &*name)).expect(200);
        assert_eq!(tenant.look(&own.path)["name"], name, "the change is made");
        let made = || {
            let made = call(face.create(), tenant.all(face)).token(&tenant.admin).header("idempotency-key", "k");
            let made = made.json(&tenant.naming(face, "n")).send(&*client).expect(face.created()).json();
            read_id(&made[face.of(["client_id", "GUID", "id", "id"])])
        };
        assert_ne!(made(), made(), "{face:?}: made again");
    }
}

#[test]
fn litegraph_put_without_active_enables_and_active_ignores_expiry() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let own = tenant.own(json!({ "enabled": false, "expires_at": "2020-01-01T00:00:00.000000Z" }));
    assert_eq!(tenant.read(LiteGraph, own.id).json()["Active"], false);
    let put = tenant.update(LiteGraph, own.id).json(&tenant.naming(LiteGraph, "a")).send(&*client).expect(200);
    assert_eq!(put.json()["Active"], true, "although it has expired");
    let now = tenant.look(&own.path);
    assert_eq!((&now["enabled"], &now["expires_at"]), (&json!(true), &own.shown["expires_at"]));
    assert_eq!((&tenant.events(&own)[0]["widened_access"], tenant.accepts(&own.secret)), (&json!(false), false));
}

#[test]
fn role_removed_from_the_tenant_is_kept_by_its_holders_and_cannot_be_granted() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let patch = |path: &str, body: &Value| tenant.send("PATCH", path, body);
    patch(&tenant.at(""), &json!({ "role_names": ["deploy"] })).expect(200);
    let own = tenant.own(json!({ "roles": roles(&["deploy"]) }));
    patch(&tenant.at(""), &json!({ "role_names": [] })).expect(200);
    let put = tenant.send("PUT", &own.path, &own.shown).expect(200);
    assert_eq!(
        (put.json(), &put.json()["roles"]),
        (own.shown.clone(), &roles(&["deploy"])),
        "a role that the credential has may be sent again"
    );
    let scoped = json!({ "role_id": "deploy", "resource": "r" });
    for more in [json!([scoped]), json!([{ "role_id": "deploy" }, scoped])] {
        let error = Postern.error(&patch(&own.path, &json!({ "roles": more })).expect(422));
        assert!(error.contains("/roles/0/role_id unknown_role"), "on another resource: {error}");
    }
    patch(&tenant.own(json!({})).path, &json!({ "roles": roles(&["deploy"]) }))
        .refused(422, "/roles/0/role_id unknown_role");
    assert_eq!(patch(&own.path, &json!({ "name": "b" })).expect(200).json()["roles"], roles(&["deploy"]));
}
