//! Tenants and principals: created, read, updated and deleted.

use postern::credential::field::Noun::{Principal, Tenant};
use serde_json::json;

use crate::redacted::CHOSEN;
use crate::stage::{OURS, Request, Scene, Stage};
use support::{ACME, ROOT, ZERO, text};

pub const SCENE: Scene = Scene {
    situations: "tenant created, tenant created with everything, tenant read, tenant read with permissions, tenant \
        updated, tenant merged, tenant deleted, principal created, principal created again, principal read, \
        principal read with permissions, default principal read, principal updated, principal merged, principal \
        deleted",
    request,
};

fn request(stage: &mut Stage, face: &str, situation: &str) -> Option<Request> {
    match (situation, face) {
        ("tenant created", "litegraph") => Some(Request::new(
            "PUT",
            "/v1.0/tenants",
            &json!({"GUID": "BBBBBBBB-0000-7000-8000-000000000001", "Name": "New Co.", "Active": false,
                "CreatedUtc": "2026-11-21T00:00:00.000001", "LastUpdateUtc": "2026-11-21T00:00:00Z"}),
        )),
        ("tenant created", "keycard") => Some(organization()),
        ("tenant created", "postern") => Some(organization().at("/v1/tenants")),
        ("tenant created with everything", "postern") => Some(Request::new(
            "POST",
            "/v1/tenants",
            &json!({"name": "New Co.", "enabled": false, "rbac": false, "require_if_match": true,
                "role_names": ["annotator", "viewer"]}),
        )),
        ("tenant read", _) => stage.one(face, Tenant),
        ("tenant read with permissions", "keycard") => {
            Some(stage.one(face, Tenant)?.query("expand=permissions").by(&stage.own))
        }
        ("tenant updated", "litegraph") => {
            Some(Request::new("PUT", &format!("/v1.0/tenants/{ZERO}"), &json!({"Name": "Acme", "Active": false})))
        }
        ("tenant updated", "keycard") => {
            Some(Request::new("PATCH", "/organizations/acme", &json!({"name": "Acme"})).by(&stage.admin.1))
        }
        ("tenant updated", "postern") => Some(Request::new(
            "PUT",
            OURS,
            &json!({"name": "Acme", "enabled": true, "rbac": true, "require_if_match": true,
                "role_names": ["annotator"]}),
        )),
        ("tenant merged", "postern") => Some(Request::new("PATCH", OURS, &json!({"require_if_match": true}))),
        ("tenant deleted", "postern") => Some(stage.delete(face, Tenant)?.query("force=true")),
        ("tenant deleted", "litegraph") => Some(stage.delete(face, Tenant)?.query("force")),
        ("principal created", "litegraph") => Some(Request::new(
            "PUT",
            &format!("/v1.0/tenants/{ZERO}/users"),
            &json!({"GUID": "CCCCCCCC-0000-7000-8000-000000000001", "FirstName": "Grace", "LastName": "Hopper",
                "Email": "grace@example.com", "Password": CHOSEN, "Active": false,
                "CreatedUtc": "2026-11-21T00:00:00.000001", "LastUpdateUtc": "2026-11-21T00:00:00Z"}),
        )),
        ("principal created", "keycard") => Some(service_account("acme")),
        ("principal created", "postern") => Some(principal()),
        // The response to the first request, although the principal has another name by now.
        ("principal created again", "postern") => {
            let once = principal().with("idempotency-key", "the-first-robots");
            let made = stage.send(&once).json();
            let url = format!("{OURS}/principals/{}", text(&made, "id"));
            assert_eq!(stage.world.call("PATCH", &url, ROOT, &json!({"name": "renamed"})).status, 200);
            Some(once)
        }
        ("principal read", _) => stage.one(face, Principal),
        ("principal read with permissions", "keycard") => {
            Some(stage.one(face, Principal)?.query("expand=total_count&expand=permissions").by(&stage.admin.1))
        }
        ("default principal read", "litegraph") => Some(Request::get(&format!("/v1.0/tenants/{ZERO}/users/{ZERO}"))),
        ("default principal read", "keycard") => {
            Some(Request::get(&format!("/organizations/acme/service-accounts/{ACME}")))
        }
        ("principal updated", "litegraph") => {
            Some(stage.one(face, Principal)?.method("PUT").json(
                &json!({"FirstName": "Augusta", "Email": "ada@example.com", "Password": CHOSEN, "Active": false}),
            ))
        }
        ("principal updated", "keycard") => {
            Some(stage.one(face, Principal)?.method("PATCH").json(&json!({"name": "Augusta", "description": null})))
        }
        ("principal updated", "postern") => Some(
            stage
                .one(face, Principal)?
                .method("PUT")
                .json(&json!({"name": "Augusta", "description": "about her", "enabled": false})),
        ),
        ("principal merged", "postern") => {
            let body = json!({"description": null}).to_string();
            let merge = stage.one(face, Principal)?.method("PATCH").body(body);
            Some(merge.with("content-type", "application/merge-patch+json"))
        }
        ("principal deleted", _) => stage.delete(face, Principal),
        _ => None,
    }
}

pub fn organization() -> Request {
    Request::new("POST", "/organizations", &json!({"name": "New Co."}))
}

fn principal() -> Request {
    service_account("acme").at(&format!("{OURS}/principals"))
}

pub fn service_account(label: &str) -> Request {
    let url = format!("/organizations/{label}/service-accounts");
    Request::new("POST", &url, &json!({"name": "robots", "description": "about them"}))
}
