//! Tenants and principals, made, shown, changed and gone.

use postern::credential::field::Noun::{Principal, Tenant};
use serde_json::json;

use crate::common::redacted::CHOSEN;
use crate::common::{ACME, ZERO};
use crate::stage::{Request, Scene, Stage};

pub const SCENE: Scene = Scene {
    situations: &[
        "tenant created",
        "tenant read",
        "tenant read with permissions",
        "tenant updated",
        "tenant deleted",
        "principal created",
        "principal read",
        "principal read with permissions",
        "default principal read",
        "principal updated",
        "principal deleted",
    ],
    request,
};

fn request(stage: &mut Stage, face: &str, situation: &str) -> Option<Request> {
    match (situation, face) {
        ("tenant created", "litegraph") => {
            let body = json!({"GUID": "BBBBBBBB-0000-7000-8000-000000000001", "Name": "New Co.", "Active": false,
                "CreatedUtc": "2026-11-21T00:00:00.000001", "LastUpdateUtc": "2026-11-21T00:00:00Z"});
            Some(Request::new("PUT", "/v1.0/tenants", &body))
        }
        ("tenant created", "keycard") => Some(organization()),
        ("tenant read", _) => stage.one(face, Tenant),
        ("tenant read with permissions", "keycard") => {
            Some(stage.one(face, Tenant)?.asking("expand=permissions").by(&stage.own))
        }
        ("tenant updated", "litegraph") => {
            let body = json!({"Name": "Acme", "Active": false});
            Some(Request::new("PUT", &format!("/v1.0/tenants/{ZERO}"), &body))
        }
        ("tenant updated", "keycard") => {
            Some(Request::new("PATCH", "/organizations/acme", &json!({"name": "Acme"})).by(&stage.admin.1))
        }
        ("tenant deleted", "litegraph") => Some(stage.delete(face, Tenant)?.asking("force")),
        ("principal created", "litegraph") => {
            let body = json!({"GUID": "CCCCCCCC-0000-7000-8000-000000000001", "FirstName": "Grace", "LastName": "Hopper",
                "Email": "grace@example.com", "Password": CHOSEN, "Active": false,
                "CreatedUtc": "2026-11-21T00:00:00.000001", "LastUpdateUtc": "2026-11-21T00:00:00Z"});
            Some(Request::new("PUT", &format!("/v1.0/tenants/{ZERO}/users"), &body))
        }
        ("principal created", "keycard") => Some(service_account("acme")),
        ("principal read", _) => stage.one(face, Principal),
        ("principal read with permissions", "keycard") => {
            Some(stage.one(face, Principal)?.asking("expand=total_count&expand=permissions").by(&stage.admin.1))
        }
        ("default principal read", "litegraph") => Some(Request::get(&format!("/v1.0/tenants/{ZERO}/users/{ZERO}"))),
        ("default principal read", "keycard") => {
            Some(Request::get(&format!("/organizations/acme/service-accounts/{ACME}")))
        }
        ("principal updated", "litegraph") => {
            let body = json!({"FirstName": "Augusta", "Email": "ada@example.com", "Password": CHOSEN, "Active": false});
            Some(stage.one(face, Principal)?.method("PUT").saying(body.to_string()))
        }
        ("principal updated", "keycard") => {
            let body = json!({"name": "Augusta", "description": null});
            Some(stage.one(face, Principal)?.method("PATCH").saying(body.to_string()))
        }
        ("principal deleted", _) => stage.delete(face, Principal),
        _ => None,
    }
}

pub fn organization() -> Request {
    Request::new("POST", "/organizations", &json!({"name": "New Co."}))
}

pub fn service_account(label: &str) -> Request {
    let url = format!("/organizations/{label}/service-accounts");
    Request::new("POST", &url, &json!({"name": "robots", "description": "about them"}))
}
