//! A change of the master key: secrets under the previous key stay valid, move to the new key when used, and stay
//! separate.

use postern::credential::id::Id;
use serde_json::{Value, json};
use support::scene::basic;
use support::world::List;
use support::{MASTER_KEY, ROOT, Reply, World, ZERO, client_url, settings, text};

const NEW_KEY: &str = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";
const CREDENTIALS: &str = "/v1.0/tenants/00000000-0000-0000-0000-000000000000/credentials";

/// Sets a new master key, with or without the old one as the previous key.
fn change_key(world: &mut World, previous: Option<&str>) {
    world.settings = settings(NEW_KEY, previous);
}

/// The number of secrets under the tenant's first key.
fn secrets_under(world: &World, old: &str) -> i64 {
    world.db.count(&format!("SELECT count(*) FROM secrets WHERE key = '{old}'"))
}

fn old_key(world: &World) -> String {
    text(&world.db.query("SELECT key FROM secrets LIMIT 1", &[])[0], "key")
}

/// Creates a credential through LiteGraph's face; returns its URL and token.
fn litegraph(world: &World, body: &Value) -> (String, String) {
    let made = world.call("PUT", CREDENTIALS, ROOT, body).json();
    (format!("{CREDENTIALS}/{}", text(&made, "GUID")), text(&made, "BearerToken"))
}
#[test]
fn used_secret_moves_to_the_new_key_and_works_without_the_old_one() {
    let mut world = World::new();
    let (id, issued) = world.client(&json!({"name": "issued"}));
    let (url, own) = litegraph(&world, &json!({"UserGUID": ZERO, "BearerToken": "chosen-by-its-client"}));
    let unused = world.caller(&["admin"]);
    let old = old_key(&world);
    let tag = world.get(&client_url(&id), ROOT).etag().to_owned();

    change_key(&mut world, Some(MASTER_KEY));
    assert_eq!(world.get(&client_url(&id), &issued).status, 200);
    assert_eq!(world.get(&url, &own).json()["Error"], "AuthorizationFailed", "the token is valid, for a viewer");
    assert_eq!(secrets_under(&world, &old), 1, "used secrets have moved, each in the request that used it");
    let moved = world.get(&client_url(&id), &issued);
    assert_eq!((moved.status, moved.etag()), (200, tag.as_str()), "a move is not a change");

    change_key(&mut world, None);
    assert_eq!(world.get(&client_url(&id), &issued).status, 200);
    assert_eq!(world.get(&url, &own).json()["Error"], "AuthorizationFailed");
    assert_eq!(world.get(&client_url(&id), &unused).status, 401, "unmoved secrets are invalid without their key");

    let event = world.history(&id["client_".len()..]).pop().unwrap();
    assert_eq!((event["action"].as_str(), event["revision"].as_i64()), (Some("secret_updated"), Some(1)));
    assert_eq!(event["changes"].as_object().unwrap().keys().collect::<Vec<_>>(), ["key"]);
}

/// Its holder may call only the tenant's own API: then no other request to Postern has the secret.
#[test]
fn verified_secret_moves_to_the_new_key_and_works_without_the_old_one() {
    /// Verifies these tokens.
    type Verify = fn(&World, &[String]);
    fn verify(world: &World, token: &str) -> Reply {
        world.call("POST", "/v1/verify", ROOT, &json!({ "token": token }))
    }
    let ways: [(&str, Verify); 4] = [
        ("verify", |world, tokens| {
            for token in tokens {
                verify(world, token).expect(200);
            }
        }),
        ("batch", |world, tokens| {
            let items: Vec<_> = tokens.iter().chain(tokens).map(|token| json!({ "token": token })).collect();
            world.call("POST", "/v1/verify/batch", ROOT, &json!({ "items": items })).expect(200);
        }),
        ("introspect", |world, tokens| {
            for token in tokens {
                let headers: &[_] = &[("authorization", &*format!("Bearer {ROOT}"))];
                world.send("POST", "/oauth/introspect", headers, format!("token={token}").as_bytes()).expect(200);
            }
        }),
        ("authorize", |world, tokens| {
            for token in tokens {
                let headers: &[_] = &[("postern-verifier", ROOT), ("authorization", &*format!("Bearer {token}"))];
                world.send("GET", "/v1/authorize?authenticated=1", headers, b"");
            }
        }),
    ];
    for (name, way) in ways {
        let mut world = World::new();
        let (id, issued) = world.client(&json!({"name": "issued"}));
        let (_, disabled) = world.client(&json!({"name": "disabled"}));
        let (url, sealed) = litegraph(&world, &json!({"UserGUID": ZERO, "BearerToken": "chosen-by-its-client"}));
        world.patch_where("credentials", "name = 'disabled'", &json!({"enabled": false}));
        let old = old_key(&world);
        let tag = world.get(&client_url(&id), ROOT).etag().to_owned();
        let tokens = [issued.clone(), sealed.clone(), disabled, "unknown-token".to_owned()];

        change_key(&mut world, Some(MASTER_KEY));
        way(&world, &tokens);
        assert_eq!(secrets_under(&world, &old), 1, "{name}: a credential that is disabled does not use its secret");
        way(&world, &tokens);
        let again = json!({ "token": issued }).to_string();
        let root = format!("Bearer {ROOT}");
        let headers = [("authorization", &*root)];
        let (done, _) = world.answer(&world.db, "POST", "/v1/verify", &List(&headers), again.as_bytes());
        assert!(done.later.is_none(), "{name}: nothing is left to do for a secret under the current key");
        assert_eq!(world.get(&client_url(&id), ROOT).etag(), tag, "{name}: a move is not a change");
        let events = world.history(&id["client_".len()..]);
        let moves = events.iter().filter(|event| event["action"] == "secret_updated").count();
        assert_eq!(moves, 1, "{name}: a secret moves once");

        change_key(&mut world, None);
        for token in [&issued, &sealed] {
            assert_eq!(verify(&world, token).json()["active"], true, "{name}");
        }
        assert_eq!(text(&world.get(&url, ROOT).json(), "BearerToken"), sealed, "{name}: the sealed value moves, too");
    }
}

/// A client that form-encodes its Basic presents two texts: the one that is its secret moves.
#[test]
fn form_encoded_secret_moves_to_the_new_key() {
    for (secret, presented) in [("chosen+one", "chosen%2Bone"), ("chosen%2Bone", "chosen%2Bone"), ("%25", "%2525")] {
        let mut world = World::new();
        let (url, _) = litegraph(&world, &json!({"UserGUID": ZERO, "BearerToken": secret}));
        let id = Id::parse_guid(url.rsplit('/').next().unwrap()).unwrap().client();
        let old = old_key(&world);
        let log_in = |world: &World, secret: &str| {
            let (name, value) = basic(&id, secret);
            world.send("POST", "/oauth/token", &[(name, &value)], b"grant_type=client_credentials").status
        };
        change_key(&mut world, Some(MASTER_KEY));
        assert_eq!((log_in(&world, presented), secrets_under(&world, &old)), (200, 0), "{secret}");
        change_key(&mut world, None);
        assert_eq!([secret, presented].map(|secret| log_in(&world, secret)), [200, 200], "{secret}");
    }
}

#[test]
fn sealed_token_moves_to_the_new_key_when_it_is_shown() {
    let mut world = World::new();
    let (url, token) = litegraph(&world, &json!({"UserGUID": ZERO}));
    let (own_url, own) = litegraph(&world, &json!({"UserGUID": ZERO, "BearerToken": "own"}));
    let old = old_key(&world);
    change_key(&mut world, Some(MASTER_KEY));
    for (url, token) in [(&url, &token), (&own_url, &own)] {
        assert_eq!(text(&world.get(url, ROOT).json(), "BearerToken"), *token);
    }
    assert_eq!(secrets_under(&world, &old), 0);
    change_key(&mut world, None);
    for (url, token) in [(&url, &token), (&own_url, &own)] {
        assert_eq!(text(&world.get(url, ROOT).json(), "BearerToken"), *token);
        assert_eq!(world.get(url, token).json()["Error"], "AuthorizationFailed");
    }
}

#[test]
fn sealed_token_with_a_missing_key_is_a_clear_503_and_is_kept() {
    let mut world = World::new();
    let (url, token) = litegraph(&world, &json!({"UserGUID": ZERO}));
    change_key(&mut world, None);
    let reply = world.get(&url, ROOT);
    assert!(reply.status == 503 && reply.text.contains("POSTERN_MASTER_KEY"), "{}", reply.text);
    change_key(&mut world, Some(MASTER_KEY));
    assert_eq!(text(&world.get(&url, ROOT).json(), "BearerToken"), token);
}

#[test]
fn token_under_the_old_key_conflicts_and_is_no_change_to_its_own_credential() {
    let mut world = World::new();
    let (url, _) = litegraph(&world, &json!({"UserGUID": ZERO, "Name": "n", "BearerToken": "once"}));
    let (other, _) = litegraph(&world, &json!({"UserGUID": ZERO, "Name": "n"}));
    change_key(&mut world, Some(MASTER_KEY));
    let body = json!({"UserGUID": ZERO, "Name": "n", "BearerToken": "once"});
    assert_eq!(world.call("PUT", &other, ROOT, &body).status, 409);
    assert_eq!(world.call("PUT", CREDENTIALS, ROOT, &body).status, 409);
    let before = world.get(&url, ROOT);
    let put = world.call("PUT", &url, ROOT, &body);
    assert_eq!((put.status, put.etag()), (200, before.etag()));
    let renamed = world.call("PUT", &url, ROOT, &json!({"UserGUID": ZERO, "Name": "m", "BearerToken": "once"}));
    assert_eq!((renamed.status, renamed.json()["BearerToken"].as_str()), (200, Some("once")));
    assert_eq!(world.db.count("SELECT count(*) FROM secrets"), 2);
}

#[test]
fn caller_that_ends_its_own_secret_leaves_nothing_to_move() {
    let mut world = World::new();
    let (id, secret) = world.client(&json!({"name": "self"}));
    change_key(&mut world, Some(MASTER_KEY));
    let url = format!("{CREDENTIALS}/{}", Id::parse_client(&id).unwrap().guid());

    world.call("PUT", &url, &secret, &json!({"UserGUID": ZERO, "Name": "self", "BearerToken": "new"})).expect(200);
    assert_eq!(world.get(&url, &secret).status, 401);
    assert_eq!(world.get(&url, "new").status, 200);
}

#[test]
fn list_shows_tokens_under_either_key_before_and_after_they_move() {
    let mut world = World::new();
    let made: Vec<_> = (0..3).map(|_| litegraph(&world, &json!({"UserGUID": ZERO})).1).collect();
    let old = old_key(&world);
    change_key(&mut world, Some(MASTER_KEY));
    litegraph(&world, &json!({"UserGUID": ZERO, "BearerToken": "under-the-new-one"}));
    let list = |world: &World, url: &str, member: &str| {
        let reply = world.get(url, ROOT).expect(200);
        let list = if member.is_empty() { reply.json() } else { reply.json()[member].clone() };
        list.as_array().unwrap().iter().map(|one| text(one, "BearerToken")).collect::<Vec<_>>()
    };
    let expected: Vec<_> = ["under-the-new-one"].into_iter().chain(made.iter().rev().map(String::as_str)).collect();
    let pages = CREDENTIALS.replace("v1", "v2");
    for left in [2, 1, 0, 0] {
        // One secret moves per request, the others later.
        let (url, member) = if left % 2 == 0 { (CREDENTIALS, "") } else { (&*pages, "Objects") };
        assert_eq!(list(&world, url, member), expected);
        assert_eq!(secrets_under(&world, &old), left);
    }
    change_key(&mut world, None);
    assert_eq!(list(&world, &pages, "Objects"), expected);
}

#[test]
fn list_with_a_token_of_a_missing_key_is_a_clear_503() {
    let mut world = World::new();
    litegraph(&world, &json!({"UserGUID": ZERO}));
    change_key(&mut world, None);
    litegraph(&world, &json!({"UserGUID": ZERO}));
    for url in [CREDENTIALS, &CREDENTIALS.replace("v1", "v2")] {
        let reply = world.get(url, ROOT);
        assert!(reply.status == 503 && reply.text.contains("POSTERN_MASTER_KEY"), "{url}: {}", reply.text);
    }
    // It shows no token on the other faces, and there it is listed; and it may be deleted.
    let clients = world.get(support::CLIENTS, ROOT);
    assert_eq!((clients.status, clients.json().as_array().map(Vec::len)), (200, Some(2)));
    assert_eq!(world.call("DELETE", CREDENTIALS, ROOT, &Value::Null).status, 200);
    assert_eq!(world.get(CREDENTIALS, ROOT).text, "[]");
}

#[test]
fn token_under_the_old_key_is_found_by_its_text() {
    let mut world = World::new();
    let (url, issued) = litegraph(&world, &json!({"UserGUID": ZERO}));
    let (own_url, own) = litegraph(&world, &json!({"UserGUID": ZERO, "BearerToken": "chosen-by-its-client"}));
    let find = |world: &World, token: &str| world.get(&format!("/v1.0/credentials/bearer/{token}"), ROOT);
    change_key(&mut world, Some(MASTER_KEY));
    for (url, token) in [(&url, &issued), (&own_url, &own)] {
        // As it is moved, and once it has moved.
        for _ in 0..2 {
            let found = find(&world, token);
            assert_eq!((found.status, found.json()), (200, world.get(url, ROOT).json()));
        }
    }
    change_key(&mut world, None);
    assert_eq!((find(&world, &issued).status, find(&world, &own).status), (200, 200));
}

#[test]
fn access_token_is_valid_under_the_previous_key_and_no_older_one() {
    let mut world = World::new();
    let (id, secret) = world.client(&json!({"name": "n"}));
    let pair = data_encoding::BASE64.encode(format!("{id}:{secret}").as_bytes());
    let log_in = |world: &World| {
        let reply =
            world.send("POST", "/api/v1/login", &[("authorization", &format!("Basic {pair}"))], b"").expect(200);
        text(&reply.json(), "access_token")
    };
    let before = log_in(&world);
    let old = old_key(&world);
    change_key(&mut world, Some(MASTER_KEY));
    assert_eq!(world.get(&client_url(&id), &before).status, 200);
    assert_eq!(secrets_under(&world, &old), 1, "the secret itself was not presented, so it cannot move");
    let after = log_in(&world);
    assert_eq!(secrets_under(&world, &old), 0);
    assert_eq!((world.get(&client_url(&id), &before).status, world.get(&client_url(&id), &after).status), (200, 200));
    change_key(&mut world, None);
    assert_eq!((world.get(&client_url(&id), &before).status, world.get(&client_url(&id), &after).status), (401, 200));
}

/// Its digest changes, so the request is a new one, which finds the rotation in progress.
#[test]
fn idempotency_key_is_new_after_a_change_of_the_master_key() {
    let mut world = World::new();
    let (id, _) = world.client(&json!({"name": "rotated"}));
    let url = format!("/v1/tenants/{}/credentials/{}/rotate", Id::ZERO, &id["client_".len()..]);
    let authorization = format!("Bearer {ROOT}");
    let headers =
        [("authorization", &*authorization), ("content-type", "application/json"), ("idempotency-key", "once")];
    let rotate = |world: &World| world.send("POST", &url, &headers, br#"{"grace_seconds": 60}"#);
    let first = rotate(&world).expect(200);
    assert_eq!(rotate(&world).expect(200).text, first.text);
    change_key(&mut world, Some(MASTER_KEY));
    let again = rotate(&world).expect(409);
    assert_eq!((again.json()["code"].as_str(), again.text.contains("pstn_")), (Some("rotating"), false));
}

#[test]
fn credentials_under_the_old_key_can_be_deleted() {
    let mut world = World::new();
    let (url, token) = litegraph(&world, &json!({"UserGUID": ZERO, "BearerToken": "once"}));
    let caller = world.caller(&["admin"]);
    change_key(&mut world, Some(MASTER_KEY));
    assert_eq!(world.call("DELETE", &url, &caller, &Value::Null).status, 200);
    assert_eq!(world.get(&url, &token).status, 401);
    // The caller that deletes itself leaves nothing that could move.
    assert_eq!(world.call("DELETE", CREDENTIALS, &caller, &Value::Null).status, 200);
    assert_eq!(world.db.count("SELECT count(*) FROM secrets"), 0);
    assert_eq!(world.call("PUT", CREDENTIALS, ROOT, &json!({"UserGUID": ZERO, "BearerToken": "once"})).status, 200);
}
