//! Keys and trusts of a credential, and log-ins by them.

use serde_json::{Value, json};
use support::jwt::Signer;

use crate::stage::{Request, Scene, Stage};

pub const SCENE: Scene = Scene {
    situations: "key added, key taken, keys listed, key removed, no such key, bad key, bad assertion, history of a key, \
        trust added, trust tried, trusts listed, trust removed, unpinned trust, grant without an assertion, grant refused, issuer without keys",
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
        _ => trusting(stage, face, situation),
    }
}

const ISSUER: &str = "https://issuer.example";

fn trusting(stage: &mut Stage, face: &str, situation: &str) -> Option<Request> {
    let grant = "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer";
    let client = stage.id.client();
    let body = json!({
        "issuer": ISSUER, "subject": "job:*", "audience": "https://postern.example", "claims": { "ref": "main", "id": 7 },
        "once": true, "token_seconds": 600, "expires_at": "2030-01-01T00:00:00Z",
    });
    match (situation, face) {
        ("trust added", "postern") => Some(Request::new("POST", &stage.ours("/trusts"), &body)),
        ("trust tried", "postern") => {
            let now = stage.world.now.get() / 1_000_000;
            let claims =
                json!({ "iss": ISSUER, "sub": "job:1", "aud": "x", "iat": now, "exp": now + 60, "ref": "main" });
            let mut body = body;
            body["token"] = Signer::ed25519().token("EdDSA", None, &claims).into();
            Some(Request::new("POST", &stage.ours("/trusts"), &body).query("dry_run=true"))
        }
        ("trusts listed", "postern") => {
            stage.change("/trusts", &body);
            Some(Request::get(&stage.ours("/trusts")))
        }
        ("trust removed", "postern") => {
            let id = stage.change("/trusts", &body)["id"].as_str().expect("an id").to_owned();
            Some(Request::delete(&stage.ours(&format!("/trusts/{id}"))))
        }
        ("unpinned trust", "postern") => {
            let body = json!({ "issuer": "https://gitlab.com", "subject": "*", "audience": "x", "token_seconds": 5 });
            Some(Request::new("POST", &stage.ours("/trusts"), &body))
        }
        ("grant without an assertion", "oauth") => Some(stage.log_in(face)?.by_nobody().body(grant)),
        ("grant refused" | "issuer without keys", "oauth") => {
            stage.world.settings.as_mut().expect("settings").issuer = Some("https://postern.example".to_owned());
            let mut assertion = "a.b.c".to_owned();
            if situation == "issuer without keys" {
                stage.change("/trusts", &json!({ "issuer": ISSUER, "subject": "job" }));
                let now = stage.world.now.get() / 1_000_000;
                let claims = json!({
                    "iss": ISSUER, "sub": "job", "aud": "https://postern.example", "iat": now, "exp": now + 60,
                });
                assertion = Signer::ed25519().token("EdDSA", None, &claims);
            }
            let form = format!("{grant}&client_id={client}&assertion={assertion}");
            Some(stage.log_in(face)?.by_nobody().body(form))
        }
        _ => None,
    }
}
