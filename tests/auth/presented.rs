//! Expiry and last use of secrets and access tokens, with a controlled clock.

use postern::credential::id::Id;
use postern::credential::secret::ACCESS_SECONDS;
use postern::credential::time::Micros;
use postern::route::{Operation, ROUTES};
use serde_json::json;

use support::routes::uses_database;
use support::scene::{Scene, basic, bearer, checksum, method, own_url, secret_id};
use support::{MASTER_KEY, ROOT, START, World, ZERO, client_url, litegraph_url, settings};

/// The path of the target credential on each face.
fn urls(scene: &Scene) -> [String; 4] {
    let target = &scene.target;
    [
        client_url(&target.credential.client()),
        litegraph_url(&target.credential),
        format!("/organizations/acme/service-accounts/{}/credentials/{}", target.account, target.credential),
        own_url(target.credential),
    ]
}

#[test]
fn credentials_and_secrets_expire_to_the_microsecond() {
    for sql in [
        "UPDATE credentials SET state = json_set(state, '$.expires_at', ?1) WHERE id = ?2",
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

#[test]
fn log_ins_and_calls_with_an_access_token_record_a_use_of_the_secret() {
    let scene = Scene::new();
    let (id, secret) = scene.admin();
    let used = || {
        let sql = "SELECT max(last_used_at) AS at FROM secrets WHERE credential = ?1";
        scene.world.db.query(sql, &[&id.to_string()])[0]["at"].as_i64()
    };
    assert_eq!(used(), None);
    let access = scene.access(id, &secret);
    assert_eq!(used(), Some(scene.world.now.get()));
    scene.world.pass(60_000_000);
    scene.world.get(&client_url(&id.client()), &access);
    assert_eq!(used(), Some(scene.world.now.get()));
}

#[test]
fn find_by_token_ignores_expired_secrets() {
    let scene = Scene::new();
    let body = json!({ "UserGUID": scene.target.account.guid(), "Name": "n", "BearerToken": "chosen" });
    let made = scene.world.call("PUT", &format!("/v1.0/tenants/{ZERO}/credentials"), ROOT, &body);
    let found = |by: &str| scene.world.get("/v1.0/credentials/bearer/chosen", by).status;
    let admin = scene.admin().1;
    assert_eq!((made.status, found(&admin), found(ROOT)), (200, 200, 200));
    let end = "UPDATE secrets SET expires_at = ?1 WHERE credential = (SELECT id FROM credentials WHERE name = 'n')";
    scene.world.db.execute(end, &[&scene.world.now.get()]);
    assert_eq!((found(&admin), found(ROOT)), (404, 404));
}

/// On every route, whatever the status. Responses to the new secret do not have these headers.
#[test]
fn every_response_to_a_retiring_secret_has_deprecation_and_sunset() {
    for route in ROUTES.iter().filter(|route| uses_database(route)) {
        let of = format!("{} {}", method(route), route.path);
        let logs_in = matches!(route.operation, Operation::LogIn(_));
        for (which, retires) in [("secret", true), ("access token", true), ("new secret", false)] {
            if logs_in && which == "access token" {
                continue;
            }
            let scene = Scene::new();
            let (id, secret) = scene.admin();
            let access = scene.access(id, &secret);
            let new = scene.rotate(id, 3600);
            let [since, until] = [0, 3600].map(|seconds| Micros(scene.world.now.get() + seconds * 1_000_000));
            let token = match which {
                "secret" => secret,
                "access token" => access,
                _ => new,
            };
            let present = if logs_in { basic(&id.client(), &token) } else { bearer(&token) };
            let reply = scene.send(route, &scene.target, &[present], &scene.body(route));
            let headers = ["deprecation", "sunset"].map(|name| reply.header(name).map(str::to_owned));
            let expected =
                [format!("@{}", since.0 / 1_000_000), until.to_http_date()].map(|value| retires.then_some(value));
            assert_eq!(headers, expected, "{of} by its {which}: {}", reply.text);
        }
    }
}

/// If both readings of a Basic header are secrets of the client, the raw one wins; a reading that is another client's secret
/// is skipped.
#[test]
fn raw_basic_wins_over_the_decoded_one_if_both_are_valid() {
    for (raw_is_its_own, wins) in [(true, "chosen%2Bone"), (false, "chosen+one")] {
        let scene = Scene::new();
        let url = format!("/v1.0/tenants/{ZERO}/credentials");
        let made = ["chosen%2Bone", "chosen+one"].map(|token| {
            let body = json!({ "UserGUID": ZERO, "Name": "n", "BearerToken": token });
            let id = scene.world.put(&url, &body).0;
            let sql = "SELECT id FROM secrets WHERE credential = ?1";
            (token, id, scene.world.db.query(sql, &[&id.to_string()])[0]["id"].as_str().unwrap().to_owned())
        });
        let [(_, raw, _), (_, decoded, _)] = &made;
        if raw_is_its_own {
            // No request gives a credential two secrets of its own choice.
            let db = &scene.world.db;
            db.execute("DROP TRIGGER secrets_fixed", &[]);
            let sql = "UPDATE secrets SET credential = ?1 WHERE credential = ?2";
            db.execute(sql, &[&decoded.to_string(), &raw.to_string()]);
        }
        let (name, value) = basic(&decoded.client(), "chosen%2Bone");
        let told = scene.world.send("POST", "/api/v1/login", &[(name, &value)], b"").expect(200);
        assert_eq!((told.cost.trips, told.cost.rows_written), (1, 0));
        let (_, _, secret) = made.iter().find(|(token, ..)| *token == wins).unwrap();
        assert!(told.json()["access_token"].as_str().unwrap().contains(secret), "{wins} wins");
    }
}

mod access_token {
    use super::*;

    #[test]
    fn altered_access_token_is_rejected_without_a_trip() {
        let scene = Scene::new();
        let (id, secret) = scene.admin();
        let access = scene.access(id, &secret);
        let refused = |token: &str| {
            let reply = scene.world.get(&client_url(&id.client()), token);
            assert_eq!((reply.status, reply.cost.trips), (401, 0), "{token}");
        };
        for place in "pstn_".len()..access.len() {
            let mut bytes = access.clone().into_bytes();
            bytes[place] = if bytes[place] == b'0' { b'1' } else { b'0' };
            refused(&String::from_utf8(bytes).unwrap());
        }
        // With a correct checksum: the signature decides.
        let parts: Vec<&str> = access.split('_').collect();
        let [_, _, named, made, end, signature, _] = parts[..] else { panic!("{access}") };
        let other = secret_id(&scene.admin().1).to_string();
        let [other_made, other_end] =
            [made, end].map(|time| time.parse::<i64>().unwrap()).map(|time| [time - 1, time + 1]);
        let put = |named: &str, made: &str, end: &str, signature: &str| {
            let body = format!("pstn_at_{named}_{made}_{end}_{signature}");
            format!("{body}_{}", checksum(&body))
        };
        refused(&put(&other, made, end, signature));
        refused(&put(named, made, end, ""));
        refused(&put(named, made, &format!("0{end}"), signature));
        for (made_then, end_then) in other_made.into_iter().zip(other_end) {
            refused(&put(named, &made_then.to_string(), end, signature));
            refused(&put(named, made, &end_then.to_string(), signature));
        }
        assert_eq!(put(named, made, end, signature), access, "the format of an access token");
        assert_eq!(scene.world.get(&client_url(&id.client()), &access).status, 200);
    }

    #[test]
    fn access_token_expires_to_the_microsecond() {
        let scene = Scene::new();
        let (id, secret) = scene.admin();
        // It has whole seconds, and is valid for no less than an hour.
        scene.world.now.set(START + 5_900_000);
        let access = scene.access(id, &secret);
        let end = START + 6_000_000 + i64::from(ACCESS_SECONDS) * 1_000_000;
        let at = |time: i64| {
            scene.world.now.set(time - 1000); // A request comes a millisecond later.
            let reply = scene.world.get(&client_url(&id.client()), &access);
            (reply.status, reply.cost.trips)
        };
        assert_eq!([at(end - 1), at(end), at(end + 1)], [(200, 1), (401, 0), (401, 0)]);
        assert_eq!(scene.world.get(&client_url(&id.client()), &secret).status, 200, "its secret is still valid");
    }

    #[test]
    fn access_token_is_valid_while_its_key_is_the_previous_key() {
        let mut scene = Scene::new();
        let (id, secret) = scene.admin();
        let access = scene.access(id, &secret);
        let new = "ab".repeat(32);
        for (settings, status) in [(settings(&new, Some(MASTER_KEY)), 200), (settings(&new, None), 401)] {
            scene.world.settings = settings;
            assert_eq!(scene.world.get(&client_url(&id.client()), &access).status, status);
        }
    }

    #[test]
    fn token_that_two_tenants_chose_under_two_keys_has_one_owner() {
        let mut scene = Scene::new();
        scene.world.tenant("0000000000000000000000000b", "another");
        let new = "ab".repeat(32);
        // The other tenant chooses the token while the first one's key is missing.
        for (key, tenant) in [(MASTER_KEY, ZERO), (&new, "00000000-0000-0000-0000-00000000000b")] {
            scene.world.settings = settings(key, None);
            let body = json!({"UserGUID": ZERO, "Name": "n", "BearerToken": "default"});
            let made = scene.world.call("PUT", &format!("/v1.0/tenants/{tenant}/credentials"), ROOT, &body);
            made.expect(200);
        }
        scene.world.patch_where("credentials", "true", &json!({"access": "read"}));
        scene.world.settings = settings(&new, Some(MASTER_KEY));
        let verified = scene.world.call("POST", "/v1/verify", ROOT, &json!({"token": "default"})).expect(200).json();
        assert_eq!(verified["tenant"], "0000000000000000000000000b", "the owner under the current key");
        let listed = scene.world.get("/v1/tenants", "default").expect(200).items();
        let ids: Vec<_> = listed.iter().map(|tenant| tenant["id"].as_str()).collect();
        assert_eq!(ids, [Some("0000000000000000000000000b")], "one caller");
    }

    #[test]
    fn access_token_and_what_it_creates_expire_with_its_credential() {
        let scene = Scene::new();
        let (id, secret) = scene.admin();
        let end = START + 600_000_000;
        scene.world.patch("credentials", &id.to_string(), &json!({ "expires_at": end }));
        let access = scene.access(id, &secret);
        let made = scene.world.call("POST", support::CLIENTS, &access, &json!({"name": "made"}));
        assert_eq!(made.status, 201);
        let sql = format!("SELECT count(*) FROM credentials WHERE name = 'made' AND expires_at = {end}");
        assert_eq!(scene.world.db.count(&sql), 1, "what it creates expires with its credential");
        scene.world.now.set(end);
        assert_eq!(scene.world.get(&client_url(&id.client()), &access).status, 401);
    }
}

fn ends(scene: &Scene, sql: &str, id: Id) {
    scene.world.db.execute(sql, &[&(scene.world.now.get() + 1000), &id.to_string()]);
}

#[test]
fn access_token_expires_with_its_credential_its_secret_or_its_grace_period() {
    type Deed = fn(&Scene, Id);
    let deeds: [Deed; 3] = [
        |scene, id| ends(scene, "UPDATE credentials SET state = json_set(state, '$.expires_at', ?1) WHERE id = ?2", id),
        |scene, id| ends(scene, "UPDATE secrets SET expires_at = ?1 WHERE credential = ?2", id),
        |scene, id| {
            scene.rotate(id, 60);
            scene.world.pass(60_000_000);
        },
    ];
    for deed in deeds {
        let scene = Scene::new();
        let (id, secret) = scene.admin();
        let access = scene.access(id, &secret);
        let calls =
            || urls(&scene).map(|url| scene.world.get(&url, &access)).map(|reply| (reply.status, reply.cost.trips));
        assert_eq!(calls(), [(200, 1); 4]);
        deed(&scene, id);
        assert_eq!(calls(), [(401, 1); 4]);
    }
}
