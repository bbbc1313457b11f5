//! A credential that is rotated, revoked and restored, also as seen on faces that have no such fields.

use serde_json::{Value, json};

use crate::stage::{Request, Scene, Stage};
use support::client_url;

pub const SCENE: Scene = Scene {
    situations: "rotated, rotation finished, rotation cancelled, read while rotating, read by the retiring secret, \
        revoked, revoked without a reason, restored, read while revoked, listed with a revoked one, updated \
        while revoked, read by a revoked caller, enabled while revoked, revoked already, rotating, not rotating",
    request,
};

fn request(stage: &mut Stage, face: &str, situation: &str) -> Option<Request> {
    let step = |step: &str, body: &Value| Some(Request::new("POST", &stage.ours(step), body));
    let rotate = || stage.change("/rotate", &json!({"grace_seconds": 3600}));
    let revoke = || stage.change("/revoke", &json!({"reason": "it was in a log"}));
    match (situation, face) {
        ("rotated", "postern") => step("/rotate", &json!({"grace_seconds": 3600})),
        ("rotation finished", "postern") => {
            rotate();
            step("/rotate/finish", &Value::Null)
        }
        ("rotation cancelled", "postern") => {
            rotate();
            step("/rotate/cancel", &Value::Null)
        }
        ("read while rotating", "litegraph" | "keycard" | "postern") => {
            rotate();
            stage.read(face)
        }
        ("read by the retiring secret", "keycard" | "postern") => {
            rotate();
            Some(stage.read(face)?.by(&stage.own))
        }
        ("revoked", "postern") => step("/revoke", &json!({"reason": "it was in a log"})),
        ("revoked without a reason", "postern") => step("/revoke", &Value::Null),
        ("restored", "postern") => {
            revoke();
            step("/restore", &Value::Null)
        }
        // Revoking again changes only the reason.
        ("revoked already", "postern") => {
            revoke();
            step("/revoke", &json!({"reason": "and in a mail"}))
        }
        ("read while revoked", _) => {
            let read = stage.read(face)?;
            revoke();
            Some(read)
        }
        ("listed with a revoked one", "litegraph") => {
            revoke();
            Some(Request::get(&format!("/v1.0/tenants/{}/credentials", support::ZERO)))
        }
        // No update through these faces enables a revoked credential.
        ("updated while revoked", "coactive") => {
            revoke();
            Some(Request::new("PUT", &client_url(&stage.id.client()), &json!({"name": "renamed", "roles": null})))
        }
        ("updated while revoked", _) => {
            let update = stage.update(face)?;
            revoke();
            Some(update)
        }
        ("read by a revoked caller", _) => {
            let read = stage.read(face)?;
            revoke();
            Some(read.by(&stage.own))
        }
        ("enabled while revoked", "litegraph") => {
            revoke();
            let body = json!({"UserGUID": stage.user.guid(), "Name": "renamed", "Active": true});
            Some(stage.update(face)?.body(body.to_string()))
        }
        ("rotating", "postern") => {
            rotate();
            step("/rotate", &json!({"grace_seconds": 0}))
        }
        ("not rotating", "postern") => step("/rotate/finish", &Value::Null),
        _ => None,
    }
}
