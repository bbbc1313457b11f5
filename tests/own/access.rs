//! Access: which one a credential gets on each face, what it permits beyond the matrix (`tests/auth`), and who may give
//! it.

use postern::credential::field::{Noun, Verb};
use postern::credential::id::Id;
use postern::route::{Operation, ROUTES};
use serde_json::{Value, json};
use support::client::call;
use support::face::Face::{self, Coactive, Keycard, LiteGraph, Postern};
use support::face::roles;
use support::routes::{PathIds, request, step_before, title};
use support::tenant::{Own, credentials, post_by_root, read_id, text};

use crate::stage::*;

/// The id of the default principal.
const ZERO_ID: &str = "00000000000000000000000000";

fn scoped(role: &str) -> Value {
    json!({ "role_id": role, "resource": "dataset" })
}

/// The access after a creation through each face.
#[test]
fn created_credential_has_the_access_that_its_face_gives() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    for (face, members, access) in [
        (Postern, json!({ "roles": null }), "none"),
        (Postern, json!({ "roles": roles(&["admin"]) }), "none"),
        (Postern, json!({ "roles": [] }), "none"),
        (Postern, json!({ "roles": [], "access": "verify" }), "verify"),
        (Postern, json!({ "roles": [], "access": "admin" }), "admin"),
        (LiteGraph, json!({}), "none"),
        (Keycard, json!({}), "none"),
        (Coactive, json!({}), "admin"),
        (Coactive, json!({ "roles": null }), "admin"),
        (Coactive, json!({ "roles": [] }), "admin"),
        (Coactive, json!({ "roles": roles(&["admin"]) }), "admin"),
        (Coactive, json!({ "roles": roles(&["viewer", "editor"]) }), "edit"),
        (Coactive, json!({ "roles": roles(&["viewer"]) }), "read"),
        (Coactive, json!({ "roles": [scoped("admin"), { "role_id": "viewer" }] }), "read"),
        (Coactive, json!({ "roles": [scoped("admin")] }), "none"),
        (Coactive, json!({ "roles": roles(&["auditor"]) }), "none"),
    ] {
        let names = json!({ "role_names": ["auditor"] });
        call("PATCH", tenant.at("")).by_root().json(&names).send(&service).expect(200);
        let mut body = if face == Postern { json!({ "name": "n" }) } else { tenant.naming(face, "n") };
        if face == Coactive {
            body.as_object_mut().unwrap().remove("roles");
        }
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let made = call(face.create(), tenant.all(face)).token(&tenant.admin).json(&body).send(&service);
        let made = made.expect(face.created()).json();
        let id = read_id(&made[face.of(["client_id", "GUID", "id", "id"])]);
        assert_eq!(tenant.look(tenant.one(Postern, id))["access"], access, "{face:?} {body}");
    }
}

/// Coactive's contract has no access but roles, so roles give it, unless it was set on our own face.
#[test]
fn coactives_update_changes_access_only_with_the_roles_that_gave_it() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    let viewer = || roles(&["viewer"]);
    for (before, access, body, after) in [
        // The access that the roles give follows the roles.
        (viewer(), "read", json!({ "roles": roles(&["editor"]) }), "edit"),
        (viewer(), "read", json!({}), "admin"),
        (viewer(), "read", json!({ "roles": [scoped("admin")] }), "none"),
        (viewer(), "read", json!({ "roles": roles(&["admin"]), "roles_context": "system" }), "admin"),
        (
            viewer(),
            "read",
            json!({ "roles": [{ "role_id": "admin", "resource": "dataset", "resource_instance": "d" }],
            "roles_context": "dataset:d" }),
            "read",
        ),
        (Value::Null, "admin", json!({ "roles": viewer() }), "read"),
        // Access that was set elsewhere is kept.
        (viewer(), "none", json!({ "roles": roles(&["admin"]) }), "none"),
        (viewer(), "verify", json!({}), "verify"),
        (viewer(), "admin", json!({ "roles": roles(&["editor"]) }), "admin"),
        (Value::Null, "none", json!({ "roles": viewer() }), "none"),
        (json!([]), "none", json!({ "roles": viewer() }), "read"),
        (json!([]), "edit", json!({ "roles": viewer() }), "edit"),
        // The same roles change nothing.
        (viewer(), "read", json!({ "roles": viewer() }), "read"),
        (viewer(), "edit", json!({ "roles": viewer() }), "edit"),
    ] {
        let own = tenant.own(json!({ "roles": before, "access": access }));
        let body = with_name(&body);
        call("PUT", tenant.one(Coactive, own.id)).token(&tenant.admin).json(&body).send(&service).expect(200);
        assert_eq!(tenant.look(&own.path)["access"], after, "{before} and {access}: {body}");
    }
}

fn with_name(body: &Value) -> Value {
    let mut body = body.clone();
    body["name"] = json!("own");
    body
}

/// On Coactive's face no roles means full access, but a credential without roles stays as it is.
#[test]
fn coactives_update_without_roles_leaves_a_credential_without_roles_as_it_is() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    for (stored, access) in [(json!([]), "none"), (json!([]), "read"), (Value::Null, "none"), (Value::Null, "admin")] {
        let own = tenant.own(json!({ "roles": stored, "access": access }));
        for body in [
            json!({}),
            json!({ "roles": null }),
            json!({ "roles": [] }),
            json!({ "roles": [], "roles_context": "system" }),
        ] {
            let put = call("PUT", tenant.one(Coactive, own.id)).token(&tenant.admin).json(&with_name(&body));
            assert_eq!(put.send(&service).expect(200).etag(), own.etag(), "{stored} {access}: {body}");
            let now = tenant.look(&own.path);
            assert_eq!((&now["roles"], &now["access"]), (&stored, &json!(access)), "{body}");
        }
    }
}

/// A credential of the default principal, by root.
fn verifier_of_all(tenant: &Tenant, members: &Value) -> Own {
    let mut body = json!({ "name": "gateway", "roles": [], "access": "verify_all" });
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    let made = post_by_root(tenant.client, &tenant.all(Postern), &body).expect(201).json();
    let id = read_id(&made["id"]);
    Own { id, path: tenant.one(Postern, id), secret: text(&made["secret"]), shown: made }
}

#[test]
fn credential_with_verify_all_verifies_tokens_of_every_tenant() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    let gateway = verifier_of_all(&tenant, &json!({}));
    let verifier = tenant.own(json!({ "roles": [], "access": "verify" }));
    for number in 0..100 {
        let other = Tenant::named(&service, &format!("tenant {number}"));
        let body = json!({ "token": other.admin });
        let by =
            |own: &Own| call("POST", "/v1/verify").token(&own.secret).json(&body).send(&service).expect(200).json();
        let told = by(&gateway);
        assert_eq!((&told["active"], &told["tenant"]), (&json!(true), &json!(other.id)));
        assert_eq!(by(&verifier)["active"], false, "a verifier of one tenant");
        let form = format!("token={}", other.admin);
        let told = call("POST", "/oauth/introspect").token(&gateway.secret).form(&form).send(&service).expect(200);
        assert_eq!(told.json()["active"], true);
    }
    for path in [tenant.at(""), tenant.at("/credentials"), gateway.path.clone(), "/v1/tenants".to_owned()] {
        tenant.send_by(&gateway.secret, "GET", path, &Value::Null).refused(403, "forbidden");
    }
}

/// For a proxy that serves several tenants: without the tenant, a token of any of them would pass.
#[test]
fn proxy_with_verify_all_must_name_the_tenant_of_the_token() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    let gateway = verifier_of_all(&tenant, &json!({}));
    let other = Tenant::named(&service, "other");
    let ask = |query: &str| {
        let call = call("GET", format!("/v1/authorize?authenticated=1{query}")).token(&other.admin);
        call.header("postern-verifier", gateway.secret.as_str()).send(&service)
    };
    ask("").refused(400, "tenant parameter");
    let passed = ask(&format!("&tenant={}", other.label)).expect(200);
    assert_eq!(passed.header("postern-tenant"), Some(&*other.id.to_string()));
    assert_eq!(ask(&format!("&tenant={}", tenant.id)).status, 403);
}

/// The admin of its tenant may disable, revoke and delete it, and nothing more.
#[test]
fn only_root_gives_verify_all_or_changes_a_credential_that_has_it() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    let own = tenant.own(json!({ "principal": ZERO_ID }));
    tenant.send("PATCH", &own.path, &json!({ "access": "verify_all" })).refused(403, "forbidden_change");
    let body = json!({ "name": "n", "roles": [], "access": "verify_all" });
    tenant.send("POST", tenant.all(Postern), &body).refused(403, "forbidden_change");
    // It belongs to the default principal, which nobody disables.
    let by_root = |body: &Value| call("PATCH", own.path.as_str()).by_root().json(body).send(&service);
    by_root(&json!({ "access": "verify_all", "principal": tenant.account }))
        .refused(422, "/principal not_default_principal");
    by_root(&json!({ "access": "verify_all" })).expect(200);
    by_root(&json!({ "principal": tenant.account })).refused(422, "/principal not_default_principal");

    for body in [
        json!({ "name": "n" }),
        json!({ "access": "none" }),
        json!({ "roles": null }),
        json!({ "expires_at": time(START + DAY) }),
    ] {
        tenant.send("PATCH", &own.path, &body).refused(403, "forbidden_change");
    }
    for (face, body) in [(Coactive, json!({ "name": "n" })), (LiteGraph, json!({ "UserGUID": ZERO, "Name": "n" }))] {
        let reply = tenant.update(face, own.id).json(&body).send(&service);
        assert_eq!((reply.status, reply.cost.rows_written), (if face == LiteGraph { 401 } else { 403 }, 0), "{face:?}");
    }
    tenant.step(&own, "rotate", &json!({ "grace_seconds": 60 })).refused(403, "forbidden_change");
    tenant.send("PATCH", &own.path, &json!({ "enabled": false })).expect(200);
    tenant.send("PATCH", &own.path, &json!({ "enabled": true })).refused(403, "forbidden_change");
    by_root(&json!({ "enabled": true })).expect(200);
    tenant.step(&own, "revoke", &json!({ "reason": "leaked" })).expect(200);
    tenant.step(&own, "restore", &Value::Null).refused(403, "forbidden_change");
    tenant.send("DELETE", &own.path, &Value::Null).expect(204);
}

/// LiteGraph's face reveals the secret of a credential to admins, unless it exceeds them.
#[test]
fn secret_of_a_credential_with_verify_all_is_revealed_to_root_only() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    let body = json!({ "UserGUID": ZERO, "Name": "n" });
    let made = call("PUT", tenant.all(LiteGraph)).by_root().json(&body).send(&service).expect(200).json();
    let (id, token) = (read_id(&made["GUID"]), text(&made["BearerToken"]));
    let one = tenant.one(LiteGraph, id);
    let shown = |by: &str| text(&tenant.send_by(by, "GET", &one, &Value::Null).expect(200).json()["BearerToken"]);
    assert_eq!((shown(&tenant.admin), shown(ROOT)), (token.clone(), token.clone()));
    let all = call("PATCH", tenant.one(Postern, id)).by_root().json(&json!({ "access": "verify_all" }));
    all.send(&service).expect(200);
    assert_eq!((shown(&tenant.admin), shown(ROOT)), (String::new(), token.clone()));
    let listed = tenant.send("GET", tenant.all(LiteGraph), &Value::Null).expect(200);
    assert!(!listed.text.contains(&token), "{}", listed.text);
    let found = tenant.send("GET", format!("/v1.0/credentials/bearer/{token}"), &Value::Null).expect(200).json();
    assert_eq!(found["BearerToken"], "");

    // Nor may its creator have the response to the creation again.
    let create = || {
        let call = call("POST", tenant.all(Postern)).token(&tenant.admin).header("idempotency-key", "k");
        call.json(&json!({ "name": "n", "roles": [] })).send(&service)
    };
    let made = create().expect(201);
    assert_eq!(create().expect(201).text, made.text);
    let all = call("PATCH", tenant.one(Postern, read_id(&made.json()["id"]))).by_root();
    all.json(&json!({ "access": "verify_all" })).send(&service).expect(200);
    create().refused(403, "forbidden_change");
}

/// Every route about a credential, by the admin of its tenant.
#[test]
fn admin_may_revoke_and_delete_a_credential_with_verify_all_and_no_other_route_changes_or_reveals_it() {
    let service = InProcess::new();
    for route in ROUTES {
        let tenant = Tenant::named(&service, &title(route));
        let body = json!({ "UserGUID": ZERO, "Name": "gateway" });
        let made = call("PUT", tenant.all(LiteGraph)).by_root().json(&body).send(&service).expect(200).json();
        let (id, token) = (read_id(&made["GUID"]), text(&made["BearerToken"]));
        let path = tenant.one(Postern, id);
        let by_root = |method: &str, path: &str, body: Value| call(method, path).by_root().json(&body).send(&service);
        by_root("PATCH", &path, json!({ "access": "verify_all", "self_rotate": true })).expect(200);
        if let Some((step, body)) = step_before(route) {
            by_root("POST", &format!("{path}/{step}"), body).succeeded();
        }
        let look = || call("GET", path.as_str()).by_root().send(&service);
        let before = look().expect(200);
        let ids = PathIds { tenant: &tenant, account: Id::ZERO, credential: id, token: token.clone() };
        let reply = request(route, &ids).token(&tenant.admin).send(&service);
        assert!(!reply.text.contains(&token), "{}: {}", title(route), reply.text);
        let after = look();
        if matches!(route.operation, Operation::Delete(Noun::Credential) | Operation::DeleteAll) {
            assert_eq!((after.status, reply.status < 300), (404, true), "{}: {reply:?}", title(route));
        } else if route.operation == Operation::Write(Noun::Credential, Verb::Revoke) && !route.is_own() {
            let (before, mut after) = (before.json(), after.expect(200).json());
            assert!(after["revoked_at"].is_string());
            for member in ["revoked_at", "revoked_reason", "revision", "updated_at"] {
                after[member] = before[member].clone();
            }
            assert_eq!(after, before);
        } else {
            assert_eq!(after.expect(200).etag(), before.etag(), "{}: {reply:?}", title(route));
        }
    }
}

/// Also by the admin of its tenant, who does not see its secret on LiteGraph's face.
#[test]
fn putting_back_what_a_face_shows_of_a_credential_with_verify_all_changes_nothing() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    let body = json!({ "UserGUID": ZERO, "Name": "gateway" });
    let made = call("PUT", tenant.all(LiteGraph)).by_root().json(&body).send(&service).expect(200).json();
    let id = read_id(&made["GUID"]);
    let all = call("PATCH", tenant.one(Postern, id)).by_root().json(&json!({ "access": "verify_all" }));
    all.send(&service).expect(200);
    for by in [&*tenant.admin, ROOT] {
        for (face, method) in Face::ALL.into_iter().map(|face| (face, face.update())).chain([(Postern, "PUT")]) {
            let at = credentials(face, tenant.id, &tenant.label, Id::ZERO) + "/" + &face.spell(id);
            let send = |method: &str| call(method, at.as_str()).token(by).header("x-postern-tenant", &*tenant.label);
            let shown = send("GET").send(&service).expect(200);
            let put = send(method).json(&shown.json()).send(&service).expect(200);
            assert_eq!((put.etag(), put.json(), put.cost.rows_written), (shown.etag(), shown.json(), 0), "{face:?}");
        }
    }
}
