//! A credential made, shown, changed and gone; roles; access tokens; what a browser asks first.

use postern::credential::field::Noun;
use serde_json::json;

use crate::common::ZERO;
use crate::common::redacted::CHOSEN;
use crate::stage::{Request, Scene, Stage};

const ROLES: &str = "/api/v1/auth-management/roles";

pub const SCENE: Scene = Scene {
    situations: &[
        "created",
        "created with everything",
        "read",
        "read with permissions",
        "updated",
        "found by token",
        "deleted",
        "deleted what is not there",
        "all deleted",
        "roles",
        "roles of a dataset",
        "logged in",
        "logged in without a body",
        "logged in by the form",
        "preflight",
    ],
    request,
};

fn request(stage: &mut Stage, face: &str, situation: &str) -> Option<Request> {
    match (situation, face) {
        ("created", _) => stage.create(face),
        ("created with everything", _) => create_whole(stage, face),
        ("read", _) => stage.read(face),
        ("read with permissions", "keycard") => {
            // The first use is noted, so that there is a last one to show.
            stage.world.get(&format!("{}/{}", stage.credentials, stage.id), &stage.own);
            Some(stage.read(face)?.asking("expand[]=permissions").by(&stage.own))
        }
        ("updated", _) => stage.update(face),
        ("found by token", "litegraph") => Some(Request::get(&format!("/v1.0/credentials/bearer/{}", stage.own))),
        ("deleted", _) => stage.delete(face, Noun::Credential),
        ("deleted what is not there", "litegraph") => stage.delete(face, Noun::Credential).map(Request::of_another),
        ("all deleted", "litegraph") => Some(Request::delete(&format!("/v1.0/tenants/{ZERO}/credentials"))),
        ("roles", "coactive") => Some(Request::get(ROLES)),
        ("roles of a dataset", "coactive") => {
            Some(Request::get(ROLES).asking("roles_context=dataset:d").by(&stage.admin.1))
        }
        ("logged in", _) => stage.log_in(face),
        ("logged in without a body", "coactive") => Some(stage.log_in(face)?.saying("").without("content-type")),
        ("logged in by the form", "oauth") => {
            let (client, secret) = &stage.admin;
            let form = format!("grant_type=client_credentials&client_id={client}&client_secret={secret}");
            Some(stage.log_in(face)?.by_nobody().saying(form))
        }
        ("preflight", "litegraph") => {
            let asked = stage.read(face)?.method("OPTIONS").by_nobody().without("content-type");
            Some(asked.with("origin", "https://app.example").with("access-control-request-method", "PUT"))
        }
        _ => None,
    }
}

fn create_whole(stage: &Stage, face: &str) -> Option<Request> {
    let body = match face {
        "coactive" => json!({"name": "new \u{1f511} \"key\"", "roles": [
            {"role_id": "viewer", "resource": "dataset"},
            {"role_id": "editor", "resource": "dataset", "resource_instance": "d"},
            {"role_id": "admin", "resource": null},
        ]}),
        "litegraph" => {
            json!({"GUID": "AAAAAAAA-0000-7000-8000-000000000001", "UserGUID": stage.user.guid(),
            "Name": "new \u{1f511} \"key\"", "BearerToken": CHOSEN, "Active": false,
            "CreatedUtc": "2026-11-21T00:00:00.000001", "LastUpdateUtc": "2026-11-21T00:00:00Z"})
        }
        _ => json!({"name": "new \u{1f511} \"key\"", "description": "line, \u{e9}"}),
    };
    Some(stage.create(face)?.saying(body.to_string()))
}
