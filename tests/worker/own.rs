//! Our own face beside each vendor's: one credential, made through one, changed through each other, shown whole on ours, with
//! what no vendor can say kept.

use serde_json::{Value, json};

use support::client::{Reply, call, get};
use support::face::Face::{self, Coactive, Keycard, LiteGraph, Postern};
use support::face::roles;
use support::http::server;
use support::tenant::{Own, Tenant, read_id, text};

const MEMBERS: [&str; 16] = [
    "id",
    "tenant",
    "principal",
    "name",
    "description",
    "enabled",
    "roles",
    "expires_at",
    "metadata",
    "revision",
    "created_at",
    "updated_at",
    "last_used_at",
    "revoked_at",
    "revoked_reason",
    "secrets",
];

/// Changes a credential on our own face, by the admin.
fn patch(tenant: &Tenant, own: &Own, body: &Value) -> Reply {
    call("PATCH", &own.path).token(&tenant.admin).json(body).send(server()).expect(200)
}

/// What our own face shows of it.
fn shown(tenant: &Tenant, own: &Own) -> Value {
    let reply = tenant.read(Postern, own.id);
    reply.expect_members(&MEMBERS);
    reply.json()
}

/// The newest event of a credential.
fn newest_event(tenant: &Tenant, own: &Own) -> Value {
    get(format!("{}/events?limit=1", own.path)).token(&tenant.admin).send(server()).expect(200).items().remove(0)
}

/// The same but for its name, and what moves with each change.
fn but_for_its_state(mut shown: Value) -> Value {
    for member in ["name", "revision", "updated_at"] {
        shown.as_object_mut().and_then(|members| members.remove(member)).expect("a member");
    }
    shown
}

/// Makes one through a face, under the tenant's account.
fn made_by(tenant: &Tenant, face: Face) -> Own {
    let body = tenant.naming(face, format!("made by {face:?}"));
    let made = call(face.create(), tenant.all(face)).token(&tenant.admin).json(&body).send(server());
    let made = made.expect(face.created()).json();
    let id = read_id(&made[face.of(["client_id", "GUID", "id", "id"])]);
    let secret = text(&made[face.of(["client_secret", "BearerToken", "client_secret", "secret"])]);
    let own = Own { id, path: tenant.one(Postern, id), secret, shown: Value::Null };
    // Coactive's are the default principal's, as ours are that name none.
    patch(tenant, &own, &json!({ "principal": tenant.account }));
    own
}

#[test]
fn what_one_face_makes_each_other_changes_and_ours_shows_whole() {
    let tenant = Tenant::new(server());
    for maker in Face::ALL {
        let own = made_by(&tenant, maker);
        let metadata = json!({ "b": "", "team": "a" });
        let said = json!({ "description": "told", "expires_at": "2200-01-01T00:00:00Z", "metadata": metadata });
        let before = patch(&tenant, &own, &said).json();
        assert_eq!(
            (&before["name"], &before["roles"], &before["principal"], &before["metadata"], &before["expires_at"]),
            (
                &json!(format!("made by {maker:?}")),
                &roles(&["viewer"]),
                &json!(tenant.account),
                &metadata,
                &json!("2200-01-01T00:00:00.000000Z"),
            )
        );
        for changer in Face::ALL {
            let name = format!("by {changer:?}");
            let changed =
                tenant.update(changer, own.id).json(&tenant.naming(changer, &*name)).send(server()).expect(200);
            assert_eq!(changed.json()[changer.name()], name.as_str());
            let now = shown(&tenant, &own);
            assert_eq!(now["name"], name.as_str());
            assert_eq!(but_for_its_state(now), but_for_its_state(before.clone()), "{changer:?} keeps it");
            for face in Face::ALL {
                assert_eq!(tenant.read(face, own.id).etag(), changed.etag(), "{face:?}: one state, one ETag");
            }
            let event = newest_event(&tenant, &own);
            assert_eq!(event["changes"]["name"]["after"], name.as_str(), "its history tells it, whoever it was");
        }
        // Its secret holds throughout, whoever made it.
        get(&own.path).token(&own.secret).send(server()).expect(200);
    }
}

#[test]
fn what_ours_revokes_no_vendors_face_lifts() {
    let tenant = Tenant::new(server());
    for maker in Face::ALL {
        let own = made_by(&tenant, maker);
        let revoked = tenant.step(&own, "revoke", &json!({ "reason": "leaked" })).expect(200).json();
        assert_eq!((&revoked["revoked_reason"], &revoked["enabled"]), (&json!("leaked"), &json!(true)));
        for face in Face::ALL {
            let refused = get(tenant.one(face, own.id)).token(&own.secret).send(server()).expect(401);
            assert_eq!(face.error(&refused), face.unauthenticated());
        }
        assert_eq!(tenant.read(LiteGraph, own.id).json()["Active"], false);
        // LiteGraph's word would make it active, said or not: that is a conflict, and changes nothing.
        let body = |active: bool| json!({ "UserGUID": tenant.account.guid(), "Name": "renamed", "Active": active });
        for body in [body(true), tenant.naming(LiteGraph, "renamed")] {
            let reply = tenant.update(LiteGraph, own.id).json(&body).send(server()).expect(409);
            assert_eq!((LiteGraph.error(&reply).as_str(), reply.cost.rows_written), ("Conflict", 0));
        }
        assert_eq!(shown(&tenant, &own), revoked);
        tenant.update(LiteGraph, own.id).json(&body(false)).send(server()).expect(200);
        for face in [Coactive, Keycard] {
            tenant.update(face, own.id).json(&tenant.naming(face, format!("by {face:?}"))).send(server()).expect(200);
        }
        let now = shown(&tenant, &own);
        assert_eq!(
            (&now["revoked_at"], &now["revoked_reason"], &now["enabled"], &now["name"]),
            (&revoked["revoked_at"], &json!("leaked"), &json!(true), &json!("by Keycard"))
        );
        get(&own.path).token(&own.secret).send(server()).expect(401);
        tenant.step(&own, "restore", &json!({})).expect(200);
        get(&own.path).token(&own.secret).send(server()).expect(200);
        assert_eq!(tenant.read(LiteGraph, own.id).json()["Active"], true);
    }
}

#[test]
fn what_ours_makes_is_there_on_each_face_and_what_one_deletes_is_gone_on_each() {
    let tenant = Tenant::new(server());
    for deleter in Face::ALL {
        let own = tenant.own(json!({ "metadata": { "a": "1" } }));
        for face in Face::ALL {
            assert_eq!(tenant.read(face, own.id).json()[face.name()], "own");
        }
        call("DELETE", tenant.one(deleter, own.id)).token(&tenant.admin).send(server()).expect(deleter.deleted());
        for face in Face::ALL {
            let gone = get(tenant.one(face, own.id)).token(&tenant.admin).send(server()).expect(404);
            assert_eq!(face.error(&gone), face.no_credential());
        }
        get(&own.path).token(&own.secret).send(server()).expect(401);
        // Its history outlives it.
        let events = get(format!("{}/events", own.path)).token(&tenant.admin).send(server()).expect(200).items();
        let actions: Vec<_> = events.iter().map(|event| text(&event["action"])).collect();
        assert_eq!(actions, ["deleted", "secret_ended", "secret_created", "created"], "through {deleter:?}");
    }
}

#[test]
fn a_token_that_litegraph_sets_is_the_one_secret_here_and_a_rotation_here_shows_there() {
    let tenant = Tenant::new(server());
    let own = tenant.own(json!({}));
    let chosen = format!("chosen-{}", own.id);
    let body = json!({ "UserGUID": tenant.account.guid(), "Name": "own", "BearerToken": chosen });
    tenant.update(LiteGraph, own.id).json(&body).send(server()).expect(200);
    let secrets = shown(&tenant, &own)["secrets"].clone();
    assert_eq!(secrets.as_array().map(Vec::len), Some(1));
    assert_ne!(secrets, own.shown["secrets"]);
    get(&own.path).token(&own.secret).send(server()).expect(401);
    let bearer = || tenant.read(LiteGraph, own.id).json()["BearerToken"].clone();
    let begun = tenant.step(&own, "rotate", &json!({ "grace_seconds": 60 })).expect(200).json();
    assert_eq!(bearer(), begun["secret"], "sealed as the one before was");
    tenant.step(&own, "rotate/cancel", &json!({})).expect(200);
    assert_eq!(bearer(), chosen.as_str());
    // Without a word on it, LiteGraph's clients keep it.
    tenant.update(LiteGraph, own.id).json(&tenant.naming(LiteGraph, "kept")).send(server()).expect(200);
    assert_eq!(bearer(), chosen.as_str());
}

/// What widens access is said aloud on our face; on Coactive's, by its contract, it is what no word on roles means.
#[test]
fn a_put_without_roles_is_refused_here_and_widens_access_at_coactive() {
    let tenant = Tenant::new(server());
    let own = tenant.own(json!({}));
    let put = |body: &Value| call("PUT", &own.path).token(&tenant.admin).json(body).send(server());
    let mut body = own.shown.clone();
    body.as_object_mut().expect("an object").remove("roles");
    let reply = put(&body).expect(422);
    assert_eq!((&*Postern.error(&reply), reply.cost.trips, reply.cost.rows_written), ("/roles missing", 1, 0));
    let bare = put(&json!({ "name": "n" })).expect(422);
    assert_eq!(Postern.error(&bare), "/principal missing, /enabled missing, /roles missing, /expires_at missing");
    call("PUT", tenant.one(Coactive, own.id))
        .token(&tenant.admin)
        .json(&json!({ "name": "n" }))
        .send(server())
        .expect(200);
    assert_eq!(shown(&tenant, &own)["roles"], Value::Null);
    let event = newest_event(&tenant, &own);
    assert_eq!((&event["widened_access"], &event["changes"]["roles"]["after"]), (&json!(true), &Value::Null));
}

#[test]
fn a_dry_run_tells_what_the_write_then_does_and_writes_nothing() {
    let tenant = Tenant::new(server());
    let own = tenant.own(json!({ "expires_at": "2200-01-01T00:00:00Z" }));
    let mut whole = own.shown.clone();
    whole["roles"] = Value::Null;
    for (method, body, widens) in [
        ("PATCH", json!({ "name": "renamed", "metadata": { "a": "1" } }), false),
        ("PATCH", json!({ "expires_at": null }), true),
        ("PUT", whole, true),
        ("PATCH", json!({}), false),
    ] {
        let ask = |query: &str, body: &Value| {
            call(method, format!("{}{query}", own.path)).token(&tenant.admin).json(body).send(server()).expect(200)
        };
        let before = shown(&tenant, &own);
        // What only reads is left in at the values that it has.
        let mut body = body;
        for member in ["revision", "updated_at"].into_iter().filter(|_| method == "PUT") {
            body[member] = before[member].clone();
        }
        let dry = ask("?dry_run=true", &body);
        dry.expect_members(&["changes", "widens_access"]);
        assert_eq!((dry.cost.trips, dry.cost.rows_written), (1, 0));
        assert_eq!(shown(&tenant, &own), before);
        let told = dry.json();
        assert_eq!(told["widens_access"], widens, "{told}");
        let done = ask("", &body).json();
        let mut differs = json!({});
        for member in MEMBERS.into_iter().filter(|member| !["revision", "updated_at"].contains(member)) {
            if before[member] != done[member] {
                differs[member] = json!({ "before": before[member], "after": done[member] });
            }
        }
        assert_eq!(told["changes"], differs);
    }
}

#[test]
fn tenants_and_principals_are_the_same_ones_everywhere() {
    let by_root = |method, path: &str, body: &Value| call(method, path).by_root().json(body).send(server());
    let read = |path: &str| get(path).by_root().send(server());
    let made = by_root("POST", "/v1/tenants", &json!({ "name": "Own" })).expect(201).json();
    let (id, label) = (read_id(&made["id"]), text(&made["label"]));
    let path = format!("/v1/tenants/{id}");
    let organization = read(&format!("/organizations/{label}")).expect(200).json();
    assert_eq!((read_id(&organization["id"]), &organization["name"]), (id, &json!("Own")));
    by_root("PUT", &format!("/v1.0/tenants/{}", id.guid()), &json!({ "Name": "by LiteGraph" })).expect(200);
    let now = read(&path).expect(200);
    assert_eq!((&now.json()["name"], now.revision()), (&json!("by LiteGraph"), 2));

    let principal = by_root("POST", &format!("{path}/principals"), &json!({ "name": "Ada", "description": "d" }));
    let principal = principal.expect(201);
    let ada = read_id(&principal.json()["id"]);
    let account = format!("/organizations/{label}/service-accounts/{ada}");
    assert_eq!(read(&account).expect(200).json()["name"], "Ada");
    by_root("PATCH", &account, &json!({ "name": "Eve" })).expect(200);
    let one = format!("{path}/principals/{ada}");
    let now = read(&one).expect(200);
    assert_eq!((&now.json()["name"], &now.json()["description"], now.revision()), (&json!("Eve"), &json!("d"), 2));
    // Neither is changed nor deleted by a stale tag; by the one that holds it goes, on every face.
    let with = |method: &str, tag: &str| call(method, &one).by_root().header("if-match", tag);
    let stale = with("PUT", principal.etag()).json(&json!({ "name": "n", "enabled": true })).send(server()).expect(412);
    assert_eq!(Postern.error(&stale), "stale");
    with("DELETE", principal.etag()).send(server()).expect(412);
    with("DELETE", now.etag()).send(server()).expect(204);
    read(&format!("/v1.0/tenants/{}/users/{}", id.guid(), ada.guid())).expect(404);

    by_root("POST", &format!("{path}/credentials"), &json!({ "name": "n", "roles": null })).expect(201);
    let kept = call("DELETE", &path).by_root().send(server()).expect(409);
    assert_eq!(Postern.error(&kept), "not_empty");
    call("DELETE", format!("{path}?force=true")).by_root().send(server()).expect(204);
    read(&format!("/organizations/{label}")).expect(404);
}
