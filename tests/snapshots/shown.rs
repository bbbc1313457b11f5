//! A credential created, read, updated and deleted; roles; access tokens; the preflight of a browser.

use postern::credential::field::Noun;
use serde_json::{Value, json};

use crate::redacted::CHOSEN;
use crate::stage::{OURS, Request, Scene, Stage};
use support::{ROOT, ZERO, text};

const ROLES: &str = "/api/v1/auth-management/roles";

pub const SCENE: Scene = Scene {
    situations: "created, created with everything, created again, read, read with permissions, not modified, updated, \
        merged, nothing changed, dry run, dry run that changes nothing, found by token, deleted, deleted a \
        missing credential, all deleted, roles, roles of a dataset, logged in, logged in without a body, logged \
        in by the form, logged in at the other path, metadata, alive, ready, ready for root, preflight",
    request,
};

fn request(stage: &mut Stage, face: &str, situation: &str) -> Option<Request> {
    match (situation, face) {
        ("created", _) => stage.create(face),
        ("created with everything", _) => create_whole(stage, face),
        ("read", _) => stage.read(face),
        ("read with permissions", "keycard") => {
            // The first use is recorded, so that the response has a time of last use.
            stage.world.get(&format!("{}/{}", stage.credentials, stage.id), &stage.own);
            Some(stage.read(face)?.query("expand[]=permissions").by(&stage.own))
        }
        ("updated", _) => stage.update(face),
        (
            "created again"
            | "not modified"
            | "merged"
            | "nothing changed"
            | "dry run"
            | "dry run that changes nothing",
            "postern",
        ) => ours(stage, situation),
        ("found by token", "litegraph") => Some(Request::get(&format!("/v1.0/credentials/bearer/{}", stage.own))),
        ("deleted", _) => stage.delete(face, Noun::Credential),
        ("deleted a missing credential", "litegraph") => stage.delete(face, Noun::Credential).map(Request::of_another),
        ("all deleted", "litegraph") => Some(Request::delete(&format!("/v1.0/tenants/{ZERO}/credentials"))),
        ("roles", "coactive") => Some(Request::get(ROLES)),
        ("roles of a dataset", "coactive") => {
            Some(Request::get(ROLES).query("roles_context=dataset:d").by(&stage.admin.1))
        }
        ("logged in", _) => stage.log_in(face),
        ("logged in without a body", "coactive") => Some(stage.log_in(face)?.body("").without("content-type")),
        ("logged in by the form", "oauth") => {
            let (client, secret) = &stage.admin;
            let form = format!("grant_type=client_credentials&client_id={client}&client_secret={secret}");
            Some(stage.log_in(face)?.by_nobody().body(form))
        }
        ("logged in at the other path", "oauth") => Some(stage.log_in(face)?.at("/oauth/token")),
        ("metadata", "oauth") => {
            let url = "/.well-known/oauth-authorization-server";
            Some(Request::get(url).by_nobody().with("host", "postern.example"))
        }
        ("alive", "postern") => Some(Request::get("/healthz").by_nobody()),
        ("ready", "postern") => Some(Request::get("/readyz").by_nobody()),
        ("ready for root", "postern") => Some(Request::get("/readyz")),
        ("preflight", "litegraph") => {
            let preflight = stage.read(face)?.method("OPTIONS").by_nobody().without("content-type");
            Some(preflight.with("origin", "https://app.example").with("access-control-request-method", "PUT"))
        }
        _ => None,
    }
}

/// Requests of our own face that other faces do not support.
fn ours(stage: &Stage, situation: &str) -> Option<Request> {
    let merging = |body: &Value| stage.read("postern").map(|read| read.method("PATCH").body(body.to_string()));
    match situation {
        "created again" => {
            let once = create_whole(stage, "postern")?.with("idempotency-key", "the-first");
            let made = stage.send(&once).json();
            let url = format!("{OURS}/credentials/{}", text(&made, "id"));
            assert_eq!(stage.world.call("DELETE", &url, ROOT, &Value::Null).status, 204);
            Some(once)
        }
        "not modified" => Some(stage.read("postern")?.with("if-none-match", &format!("\"{}.2\"", stage.id))),
        "merged" => {
            stage.change("", &json!({"metadata": {"team": "search", "cost centre": "4711"}}));
            let body = json!({"roles": null, "metadata": {"team": null, "owner": "ada"}, "expires_at": "2026-12-31T23:59:59Z"});
            Some(merging(&body)?.with("content-type", "application/merge-patch+json"))
        }
        "nothing changed" => merging(&json!({})),
        "dry run" => Some(stage.update("postern")?.query("dry_run=true")),
        _ => {
            stage.change("", &json!({"name": "the same"}));
            Some(merging(&json!({"name": "the same"}))?.query("dry_run=true"))
        }
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
        "keycard" => json!({"name": "new \u{1f511} \"key\"", "description": "line, \u{e9}"}),
        _ => {
            let mut whole = stage.whole();
            whole["name"] = "new \u{1f511} \"key\"".into();
            whole["description"] = "line, \u{e9}".into();
            whole
        }
    };
    Some(stage.create(face)?.body(body.to_string()))
}
