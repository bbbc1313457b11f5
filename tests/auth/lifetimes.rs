//! A reported lifetime, wherever it is reported, is the earliest of all ends; and the token is valid until then, and no longer.

use postern::credential::time::Micros;
use serde_json::{Value, json};
use support::client::{OAUTH_TOKEN, TOKEN};
use support::scene::{Scene, basic, bearer, own_url, secret_id};
use support::{ROOT, Reply, START};

const SECOND: i64 = 1_000_000;
const GRANT: &[u8] = b"grant_type=client_credentials";

/// The time of the last request.
fn now(scene: &Scene) -> i64 {
    scene.world.now.get()
}

/// The end that an access token carries.
fn carried(access: &str) -> i64 {
    access.split('_').nth(4).expect("an end").parse::<i64>().expect("seconds") * SECOND
}

fn send(scene: &Scene, path: &str, header: &(&'static str, String), body: &[u8]) -> Reply {
    scene.world.send("POST", path, &[(header.0, &header.1)], body).expect(200)
}

#[test]
fn every_reported_lifetime_is_the_earliest_end() {
    // After the start: the ends of a credential, and the graces of a rotation.
    let ends = [None, Some(42 * SECOND + 500_001), Some(3599 * SECOND + 999_999), Some(5 * 3600 * SECOND)];
    let graces = [None, Some(30), Some(3600), Some(7200)];
    for end in ends.map(|end| end.map(|end| START + end)) {
        for grace in graces {
            // The end of the credential is set before the rotation, or moved forward after it.
            for is_late in [false, true] {
                let of = format!("end {end:?}, grace {grace:?}, late {is_late}");
                let scene = Scene::new();
                scene.world.now.set(START + 5_300_000);
                let (id, secret) = scene.admin();
                let set_end = || scene.world.patch("credentials", &id.to_string(), &json!({ "expires_at": end }));
                if !is_late {
                    set_end();
                }
                if let Some(grace) = grace {
                    scene.rotate(id, grace);
                }
                if is_late {
                    set_end();
                }
                let sql = "SELECT expires_at FROM secrets WHERE id = ?1";
                let deadline = scene.world.db.query(sql, &[&secret_id(&secret).to_string()])[0]["expires_at"].as_i64();
                let earliest = |access: Option<i64>| [end, deadline, access].into_iter().flatten().min();

                let mut access = String::new();
                for path in ["/api/v0/login", "/api/v1/login", TOKEN, OAUTH_TOKEN] {
                    let body = if path.starts_with("/api") { b"" } else { GRANT };
                    let told = send(&scene, path, &basic(&id.client(), &secret), body).json();
                    access = told["access_token"].as_str().expect("a token").to_owned();
                    let left = earliest(Some(carried(&access))).expect("an end") - now(&scene);
                    assert_eq!(told["expires_in"], (left / SECOND).min(3600), "{of}: {path}");
                }
                for (kind, token, own) in [("secret", &secret, None), ("access", &access, Some(carried(&access)))] {
                    let of = format!("{of}, by its {kind}");
                    let first = earliest(own);
                    let text = |end: Option<i64>| end.map_or(Value::Null, |end| Micros(end).to_rfc3339_micros().into());
                    let verified = scene.world.call("POST", "/v1/verify", ROOT, &json!({ "token": token })).json();
                    assert_eq!((&verified["active"], &verified["expires_at"]), (&json!(true), &text(first)), "{of}");
                    let form = format!("token={token}");
                    let told = send(&scene, "/oauth/introspect", &bearer(ROOT), form.as_bytes()).json();
                    let seconds = first.map(|end| end / SECOND);
                    assert_eq!(told.get("exp").and_then(Value::as_i64), seconds, "{of}");
                    let read = scene.world.get(&own_url(id), token).expect(200);
                    let date = grace.and(first).map(|end| Micros(end).to_http_date());
                    assert_eq!(read.header("sunset").map(str::to_owned), date, "{of}");
                    let shown = &read.json()["secrets"][0]["expires_at"];
                    assert_eq!(*shown, text(deadline.and(earliest(None))), "{of}");
                    // The reported end is the real one.
                    let Some(first) = first else { continue };
                    let before = now(&scene);
                    let at = |time: i64| {
                        scene.world.now.set(time - 1000); // A request comes a millisecond later.
                        scene.world.get(&own_url(id), token).status
                    };
                    assert_eq!([at(first - 1), at(first)], [200, 401], "{of}");
                    scene.world.now.set(before);
                }
            }
        }
    }
}
