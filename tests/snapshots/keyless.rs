//! Keys of a credential, and log-ins by them.

use serde_json::{Value, json};

use crate::stage::{Request, Scene, Stage};

pub const SCENE: Scene = Scene {
    situations: "key added, key taken, keys listed, key removed, no such key, bad key, bad assertion, history of a key",
    request,
};

fn request(stage: &mut Stage, face: &str, situation: &str) -> Option<Request> {
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
    let body = json!({ "jwk": jwk, "expires_at": "2030-01-01T00:00:00Z" });
    let add = || Request::new("POST", &stage.ours("/keys"), &body);
    let added = || stage.change("/keys", &body);
    match (situation, face) {
        ("key added", "postern") => Some(add()),
        ("key taken", "postern") => {
            added();
            Some(add())
        }
        ("keys listed", "postern") => {
            added();
            Some(Request::get(&stage.ours("/keys")))
        }
        ("key removed", "postern") => {
            let id = added()["id"].as_str().expect("an id").to_owned();
            Some(Request::new("DELETE", &stage.ours(&format!("/keys/{id}")), &Value::Null))
        }
        ("no such key", "postern") => {
            Some(Request::new("DELETE", &stage.ours("/keys/01m7xpe601e01b91vf5ajx1bq2"), &Value::Null))
        }
        ("bad key", "postern") => {
            let private = json!({ "kty": "EC", "crv": "P-384", "x": "AA", "d": "AA" });
            Some(Request::new("POST", &stage.ours("/keys"), &json!({ "jwk": private, "expires_at": 5, "kind": "key" })))
        }
        ("bad assertion", "oauth") => {
            Some(stage.log_in(face)?.body("grant_type=client_credentials&client_assertion=a.b.c"))
        }
        ("history of a key", "postern") => {
            added();
            Some(Request::get(&stage.ours("/events?limit=1")))
        }
        _ => None,
    }
}
