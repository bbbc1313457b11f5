//! How a caller presents what it has, and until when that counts.

use data_encoding::BASE64;
use serde_json::json;

use crate::common::{ROOT, START, World, client_url, litegraph_url};
use crate::scene::Scene;

/// The same credential, read through each face.
fn urls(scene: &Scene) -> [String; 3] {
    let target = scene.target;
    [
        client_url(&target.credential.client()),
        litegraph_url(&target.credential),
        format!("/organizations/acme/service-accounts/{}/credentials/{}", target.account, target.credential),
    ]
}

#[test]
fn a_secret_is_taken_as_bearer_and_with_its_client_id_as_bearer_or_basic() {
    let scene = Scene::new();
    let (id, secret) = scene.admin();
    let pair = format!("{}:{secret}", id.client());
    let basic = BASE64.encode(pair.as_bytes());
    let presented = [
        format!("Bearer {secret}"),
        format!("bearer {secret}"),
        format!("BEARER  {secret} "),
        format!("Bearer {pair}"),
        format!("Basic {basic}"),
        format!("bAsIc {basic}"),
    ];
    for url in urls(&scene) {
        for authorization in &presented {
            assert_eq!(
                scene.world.send("GET", &url, &[("authorization", authorization)], b"").status,
                200,
                "{url}: {authorization}"
            );
        }
    }
}

#[test]
fn anything_else_is_refused_without_a_trip() {
    let scene = Scene::new();
    let (id, secret) = scene.admin();
    let basic = |pair: &str| format!("Basic {}", BASE64.encode(pair.as_bytes()));
    let presented = [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        secret.clone(),
        format!("Token {secret}"),
        format!("Bearer {secret}x"),
        format!("Bearer {}", secret.to_uppercase().replacen("PSTN", "pstn", 1)),
        format!("Bearer {secret} {secret}"),
        format!("Bearer {secret}, Bearer {secret}"),
        format!("Bearer {}", "x".repeat(513)),
        "Bearer tökén".to_owned(),
        format!("Bearer {}:", id.client()),
        format!("Bearer client_x:{secret}"),
        format!("Bearer {}:{secret}", id.guid()),
        "Basic".to_owned(),
        "Basic !".to_owned(),
        format!("Basic {}", BASE64.encode(b"\xff:\xff")),
        basic(&secret),
        basic(&format!("{id}:{secret}")),
        basic(&format!("{}:", id.client())),
        // The root token has no client id.
        basic(&format!("{}:{ROOT}x y", id.client())),
    ];
    for url in urls(&scene) {
        for authorization in &presented {
            let reply = scene.world.send("GET", &url, &[("authorization", authorization)], b"");
            assert_eq!(
                (reply.status, reply.header("www-authenticate")),
                (401, Some("Bearer")),
                "{url}: {authorization}"
            );
            let own_token = authorization.contains(&id.guid());
            assert_eq!(reply.cost.trips, u64::from(own_token), "{url}: {authorization}");
        }
    }
}

#[test]
fn root_calls_by_bearer_alone() {
    let scene = Scene::new();
    let client = scene.target.credential.client();
    for (authorization, status) in [
        (format!("Bearer {ROOT}"), 200),
        (format!("Bearer {}", &ROOT[..ROOT.len() - 1]), 401),
        (format!("Bearer {ROOT}x"), 401),
        (format!("Bearer {}", ROOT.to_uppercase()), 401),
        (format!("Bearer {client}:{ROOT}"), 401),
        (format!("Basic {}", BASE64.encode(format!("{client}:{ROOT}").as_bytes())), 401),
        (format!("Basic {}", BASE64.encode(format!("root:{ROOT}").as_bytes())), 401),
    ] {
        for url in urls(&scene) {
            let headers = [("authorization", &*authorization), ("x-postern-tenant", "acme")];
            assert_eq!(scene.world.send("GET", &url, &headers, b"").status, status, "{url}: {authorization}");
        }
    }
}

#[test]
fn x_token_is_litegraphs_and_stands_behind_authorization() {
    let scene = Scene::new();
    let (_, secret) = scene.admin();
    let [coactive, litegraph, keycard] = urls(&scene);
    let send = |url: &str, headers: &[(&str, &str)]| scene.world.send("GET", url, headers, b"").status;
    assert_eq!(send(&litegraph, &[("x-token", &secret)]), 200);
    assert_eq!(send(&litegraph, &[("X-Token", ROOT)]), 200);
    assert_eq!(send(&litegraph, &[("x-token", &secret), ("authorization", "Bearer pstn_x")]), 401);
    for url in [coactive, keycard] {
        assert_eq!(send(&url, &[("x-token", &secret)]), 401, "{url}");
    }
}

#[test]
fn a_client_of_litegraph_calls_with_a_token_of_its_own() {
    let scene = Scene::new();
    let url = format!("/v1.0/tenants/{}/credentials", scene.target.tenant.guid());
    let made = scene.world.call(
        "PUT",
        &url,
        ROOT,
        &json!({"UserGUID": scene.target.account.guid(), "BearerToken": "client_default"}),
    );
    assert_eq!(made.status, 200, "{}", made.text);
    // A viewer, so it reads on Keycard's face.
    let [_, _, keycard] = urls(&scene);
    assert_eq!(scene.world.get(&keycard, "client_default").status, 200);
    assert_eq!(scene.world.get(&keycard, "client_Default").status, 401);
}

#[test]
fn an_end_is_judged_to_the_microsecond() {
    for sql in [
        "UPDATE credentials SET expires_at = ?1 WHERE id = ?2",
        "UPDATE secrets SET expires_at = ?1 WHERE credential = ?2",
    ] {
        let scene = Scene::new();
        let (id, secret) = scene.admin();
        let end = START + 1_000_000;
        scene.world.db.execute(sql, &[&end, &id.to_string()]);
        let at = |world: &World, time: i64| {
            world.now.set(time - 1000); // A request comes a millisecond later.
            world.get(&client_url(&id.client()), &secret).status
        };
        assert_eq!(
            [at(&scene.world, end - 1), at(&scene.world, end), at(&scene.world, end + 1)],
            [200, 401, 401],
            "{sql}"
        );
    }
}
