//! Deleting: what each face answers, and when it refuses. What goes, and what the history tells of it, is in `tests/store`.

use super::*;

const OWN: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const LITEGRAPH: &str = "/v1.0/tenants/00000000-0000-0000-0000-000000000000/credentials";

/// The paths of one credential: on Coactive's, LiteGraph's and Keycard's face.
struct Target {
    world: World,
    id: Id,
    paths: [String; 3],
    /// Its own token.
    token: String,
}

impl Target {
    fn new() -> Self {
        let world = World::new();
        let (_, credentials) = world.service_account();
        let made = world.call("POST", &credentials, ROOT, &json!({"name": "name"})).json();
        let id = Id::parse(&text(&made, "id")).unwrap();
        let paths = [client_url(&id.client()), litegraph_url(&id), format!("{credentials}/{id}")];
        Self { world, id, paths, token: text(&made, "client_secret") }
    }

    fn delete(&self, url: &str) -> Reply {
        self.world.call("DELETE", url, ROOT, &Value::Null)
    }
}

#[test]
fn each_face_answers_in_its_own_way_and_its_token_dies_at_once() {
    for (face, (status, body, content_type)) in
        [(200, "null", Some("application/json")), (200, "", None), (204, "", None)].into_iter().enumerate()
    {
        let target = Target::new();
        let Target { world, paths, token, .. } = &target;
        // What it may do, a viewer may not on two of the faces.
        world.db.execute("UPDATE credentials SET roles = NULL", &[]);
        assert_eq!(world.get(&paths[0], token).status, 200);
        let access = text(
            &world.send("POST", "/api/v1/login", &[("authorization", &basic(&target))], b"").json(),
            "access_token",
        );
        assert_eq!(world.get(&paths[0], &access).status, 200);
        let reply = target.delete(&paths[face]);
        assert_eq!(
            (reply.status, &*reply.text, reply.header("content-type"), reply.cost.trips),
            (status, body, content_type, 1),
            "{}",
            paths[face]
        );
        assert_eq!(reply.header("etag"), None);
        for url in paths {
            assert_eq!(world.get(url, token).status, 401, "{url}: its secret");
            assert_eq!(world.get(url, &access).status, 401, "{url}: a token that was issued for it");
            assert_eq!(world.get(url, ROOT).status, 404, "{url}");
        }
        // Again: what is not there is missing, but on LiteGraph's face, where it is gone.
        for (url, status) in paths.iter().zip([404, 200, 404]) {
            assert_eq!(target.delete(url).status, status, "{url}");
        }
    }
}

fn basic(target: &Target) -> String {
    let pair = format!("{}:{}", target.id.client(), target.token);
    format!("Basic {}", data_encoding::BASE64.encode(pair.as_bytes()))
}

/// One that was never there, of another tenant, or whose id cannot be read; and in a tenant that is not there.
#[test]
fn what_is_missing() {
    let target = Target::new();
    let world = &target.world;
    world.tenant("00000000000000000000000001", "other");
    let (client, _) = world.client_in("other", &json!({"name": "theirs"}));
    let theirs = Id::parse_client(&client).unwrap();
    let before = world.stored();
    for id in [Id::from_bits(5), theirs] {
        assert_eq!(target.delete(&client_url(&id.client())).status, 404);
        let gone = target.delete(&litegraph_url(&id));
        assert_eq!((gone.status, &*gone.text), (200, ""), "as one that is gone");
        assert_eq!(target.delete(&target.paths[2].replace(&target.id.to_string(), &id.to_string())).status, 404);
    }
    for (url, status) in [
        (client_url("x"), 404),
        (client_url(&target.id.to_string()), 404),
        (format!("{LITEGRAPH}/x"), 200),
        (format!("{LITEGRAPH}/{}", target.id), 200),
        (litegraph_url(&target.id).replace(ZERO, OWN), 404),
        (litegraph_url(&target.id).replace(ZERO, "x"), 404),
        (LITEGRAPH.replace(ZERO, OWN), 404),
        (format!("/v1.0/tenants/{ZERO}/users/{OWN}/credentials"), 200),
        (format!("/v1.0/tenants/{ZERO}/users/x/credentials"), 200),
        (format!("{LITEGRAPH}/{OWN}/credentials"), 200),
        (format!("/v1.0/tenants/{OWN}/users/{OWN}/credentials"), 404),
        (format!("{}x", target.paths[2]), 404),
        (target.paths[2].replace("acme", "nobody"), 404),
        ("/organizations/acme/service-accounts/x".to_owned(), 404),
        (format!("/organizations/acme/service-accounts/{theirs}"), 404),
    ] {
        let reply = target.delete(&url);
        assert_eq!((reply.status, reply.cost.trips), (status, 1), "{url}: {}", reply.text);
    }
    assert_eq!(world.stored(), before, "nothing has gone");
}

#[test]
fn if_match_is_judged_where_one_credential_is_deleted() {
    let target = Target::new();
    let Target { world, id, paths, .. } = &target;
    assert_eq!(world.call("PUT", &paths[0], ROOT, &json!({"name": "renamed"})).status, 200);
    let before = world.stored_but_last_use();
    for url in paths {
        for stale in [format!("\"{id}.1\""), format!("W/\"{id}.1\", \"{id}.3\""), "nonsense".to_owned(), String::new()]
        {
            let reply = world.call_if_match("DELETE", url, ROOT, &stale, &Value::Null);
            assert_eq!((reply.status, reply.cost.trips), (412, 1), "{url} {stale}");
        }
    }
    assert_eq!(world.stored_but_last_use(), before);
    for (tag, face) in [(format!("\"{id}.1\", W/\"{id}.2\""), 0), ("*".to_owned(), 1), (format!("\"{id}.2\""), 2)] {
        let target = Target::new();
        let url = &target.paths[face];
        assert_eq!(target.world.call("PUT", &target.paths[0], ROOT, &json!({"name": "renamed"})).status, 200);
        let tag = tag.replace(&id.to_string(), &target.id.to_string());
        assert!(
            [200, 204].contains(&target.world.call_if_match("DELETE", url, ROOT, &tag, &Value::Null).status),
            "{url}"
        );
        assert_eq!(target.world.get(url, ROOT).status, 404);
    }
    // Where nothing is, no tag holds.
    let target = Target::new();
    let missing = |url: String| target.world.call_if_match("DELETE", &url, ROOT, "*", &Value::Null).status;
    assert_eq!(
        (missing(client_url(&Id::from_bits(5).client())), missing(litegraph_url(&Id::from_bits(5)))),
        (404, 200)
    );
}

#[test]
fn a_tenant_may_require_if_match_for_each_and_only_for_one() {
    let target = Target::new();
    let Target { world, id, paths, .. } = &target;
    world.db.execute("UPDATE tenants SET preconditions = 1", &[]);
    let before = world.stored();
    for (url, error) in paths.iter().zip(["requires If-Match", "\"BadRequest\"", "precondition_required"]) {
        let reply = target.delete(url);
        assert_eq!((reply.status, reply.text.contains(error)), (428, true), "{url}: {}", reply.text);
    }
    assert_eq!(world.stored(), before);
    let reply = world.call_if_match("DELETE", &paths[2], ROOT, &format!("\"{id}.1\""), &Value::Null);
    assert_eq!(reply.status, 204);
    // Not where it is more than one, which has no tag.
    let made = world.call("PUT", LITEGRAPH, ROOT, &json!({"UserGUID": ZERO}));
    assert_eq!((made.status, target.delete(LITEGRAPH).status), (200, 200));
    assert_eq!(world.get(LITEGRAPH, ROOT).json(), json!([]));
}

#[test]
fn all_of_a_tenant_or_of_a_user() {
    for (url, left) in [
        (LITEGRAPH.to_owned(), &[][..]),
        (format!("/v1.0/tenants/{ZERO}/users/{OWN}/credentials"), &["of the default"][..]),
        (format!("{LITEGRAPH}/{OWN}/credentials"), &["of the default"]),
        (format!("/v1.0/tenants/{ZERO}/users/{ZERO}/credentials"), &["of the user"]),
        // A slash at the end is none.
        (format!("{LITEGRAPH}/{ZERO}/credentials/"), &["of the user"]),
    ] {
        let world = World::new();
        assert_eq!(world.call("PUT", &format!("/v1.0/tenants/{ZERO}/users"), ROOT, &json!({"GUID": OWN})).status, 200);
        for (name, user) in [("of the default", ZERO), ("of the user", OWN)] {
            assert_eq!(world.call("PUT", LITEGRAPH, ROOT, &json!({"UserGUID": user, "Name": name})).status, 200);
        }
        for _ in 0..2 {
            let reply = world.call("DELETE", &url, ROOT, &Value::Null);
            assert_eq!((reply.status, &*reply.text, reply.cost.trips), (200, "", 1), "{url}");
            let names: Vec<_> =
                world.get(LITEGRAPH, ROOT).json().as_array().unwrap().iter().map(|one| text(one, "Name")).collect();
            assert_eq!(names, left, "{url}");
            assert_eq!(world.get(&LITEGRAPH.replace("v1", "v2"), ROOT).json()["TotalRecords"], left.len());
        }
        // The users stay.
        assert_eq!(world.get(&format!("/v1.0/tenants/{ZERO}/users/{OWN}"), ROOT).status, 200);
    }
}

#[test]
fn the_default_service_account_stays() {
    let world = World::new();
    let (account, _) = world.service_account();
    let url = "/organizations/acme/service-accounts";
    let before = world.stored();
    let refused = world.call("DELETE", &format!("{url}/{}", Id::ZERO), ROOT, &Value::Null);
    assert_eq!(
        (refused.status, refused.header("x-should-retry"), refused.json()["code"].as_str()),
        (409, Some("false"), Some("conflict"))
    );
    let user = world.call("DELETE", &format!("/v1.0/tenants/{ZERO}/users/{ZERO}"), ROOT, &Value::Null);
    assert_eq!(
        (user.status, text(&user.json(), "Description")),
        (409, "The default user is neither deleted nor disabled.".to_owned())
    );
    assert_eq!(world.stored(), before);
    let gone = world.call("DELETE", &format!("{url}/{account}"), ROOT, &Value::Null);
    assert_eq!((gone.status, &*gone.text, gone.header("content-type"), gone.cost.trips), (204, "", None, 1));
    assert_eq!(world.get(&format!("{url}/{account}"), ROOT).status, 404);
    assert_eq!(world.call("DELETE", &format!("{url}/{account}"), ROOT, &Value::Null).status, 404);
}

/// Admins delete; who may not learns so before what is there.
#[test]
fn editors_and_viewers_delete_nothing() {
    let target = Target::new();
    let world = &target.world;
    let callers = [world.caller(&["editor"]), world.caller(&["viewer"]), target.token.clone()];
    let before = world.stored_but_last_use();
    for token in &callers {
        for (url, status) in target.paths.iter().zip([403, 401, 403]) {
            assert_eq!(world.call("DELETE", url, token, &Value::Null).status, status, "{url}");
        }
        assert_eq!(world.call("DELETE", LITEGRAPH, token, &Value::Null).status, 401);
    }
    assert_eq!(world.stored_but_last_use(), before);
}

/// Its clients send a Content-Type and no body with it, or whatever they like: none is read.
#[test]
fn a_body_is_not_read() {
    for body in [&b""[..], b"null", b"{", b"\xff"] {
        let target = Target::new();
        let headers = [
            ("authorization", &*format!("Bearer {ROOT}")),
            ("content-type", "application/json"),
            ("x-postern-tenant", "acme"),
        ];
        for (url, status) in target.paths.iter().rev().zip([204, 200, 404]) {
            assert_eq!(target.world.send("DELETE", url, &headers, body).status, status, "{url}");
        }
    }
}
