//! Verification of tokens, on the Postern face and by RFC 7662.

use serde_json::{Value, json};

use crate::stage::{OURS, Request, Scene, Stage};
use support::ROOT;

pub const SCENE: Scene = Scene {
    situations: "verified, verified while rotating, verified unknown, verified expired, verified revoked, verified \
        inactive, allowed, not allowed, verified together, authorized, not \
        authenticated, not authorized, without a verifier, without a need, introspected, introspected inactive, introspected without a caller, \
        introspected without the right, introspected without a token",
    request,
};

fn request(stage: &mut Stage, face: &str, situation: &str) -> Option<Request> {
    match face {
        "postern" => verify(stage, situation).or_else(|| authorize(stage, situation)),
        "oauth" => introspect(stage, situation),
        _ => None,
    }
}

/// The admin verifies the credential's own token.
fn verify(stage: &Stage, situation: &str) -> Option<Request> {
    let mut body = json!({"token": stage.own});
    match situation {
        "verified" => drop(stage.change("", &stage.whole_and_enabled())),
        "verified while rotating" => drop(stage.change("/rotate", &json!({"grace_seconds": 3600}))),
        // Another tenant's token is unknown.
        "verified unknown" => {
            stage.world.tenant("0000000000000000000000000e", "other");
            body = json!({"token": stage.world.client_in("other", &json!({"name": "stranger"})).1});
        }
        "verified expired" => drop(stage.change("", &json!({"expires_at": "2026-11-20T00:00:00Z"}))),
        "verified revoked" => drop(stage.change("/revoke", &json!({"reason": "it was in a log"}))),
        "verified inactive" => {
            let url = format!("{OURS}/principals/{}", stage.user);
            assert_eq!(stage.world.call("PATCH", &url, ROOT, &json!({"enabled": false})).status, 200);
        }
        "allowed" | "not allowed" => {
            stage.change("", &json!({"roles": [{"role_id": "editor", "resource": "dataset"}]}));
            let role = if situation == "allowed" { "editor" } else { "viewer" };
            let needed = json!({"role_id": role, "resource": "dataset", "resource_instance": "d"});
            body["needs"] = json!({"all": [{"role_id": "editor", "resource": "dataset"}, needed]});
        }
        "verified together" => {
            let needs = json!({"any": [{"role_id": "editor"}, {"role_id": "viewer"}]});
            body = json!({"items": [{"token": stage.own, "needs": needs}, {"token": "two words"}]});
            return Some(Request::new("POST", "/v1/verify/batch", &body).by(&stage.admin.1));
        }
        _ => return None,
    }
    Some(Request::new("POST", "/v1/verify", &body).by(&stage.admin.1))
}

/// The admin asks as a proxy about a request with the credential's own token.
fn authorize(stage: &Stage, situation: &str) -> Option<Request> {
    let ask = |query: &str| Request::get("/v1/authorize").query(query).by(&stage.own);
    let by_admin = |query: &str| ask(query).with("postern-verifier", &stage.admin.1);
    match situation {
        "authorized" => Some(by_admin("all=viewer&any=editor&any=viewer%20dataset%20d")),
        "not authenticated" => Some(by_admin("authenticated=1").by_nobody()),
        "not authorized" => Some(by_admin("all=viewer&all=editor&tenant=acme")),
        "without a verifier" => Some(ask("authenticated=1")),
        "without a need" => Some(by_admin("tenant=&authenticated=0&any=viewer%20%20d")),
        _ => None,
    }
}

fn introspect(stage: &Stage, situation: &str) -> Option<Request> {
    let request = Request::new("POST", "/oauth/introspect", &Value::Null).body(format!("token={}", stage.own));
    let request = request.with("content-type", "application/x-www-form-urlencoded").by(&stage.admin.1);
    match situation {
        "introspected" => {
            stage.change("", &stage.whole_and_enabled());
            Some(request)
        }
        "introspected inactive" => {
            stage.change("/revoke", &json!({"reason": "it was in a log"}));
            Some(request)
        }
        "introspected without a caller" => Some(request.by_nobody()),
        "introspected without the right" => {
            let scoped = json!({"name": "scoped", "roles": [{"role_id": "admin", "resource": "dataset"}]});
            Some(request.by(&stage.world.client(&scoped).1))
        }
        "introspected without a token" => Some(request.body("token_type_hint=access_token")),
        _ => None,
    }
}
