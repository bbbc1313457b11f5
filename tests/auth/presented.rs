//! How a caller presents what it has, and until when that counts.

use data_encoding::BASE64;
use postern::credential::field::Verb;
use postern::credential::id::Id;
use postern::credential::secret::ACCESS_SECONDS;
use postern::credential::time::Micros;
use postern::route::{Operation, ROUTES, Route};
use serde_json::{Value, json};

use support::scene::{
    FORM, OTHER, Place, Scene, basic, bearer, body_about, checksum, deletes, is_litegraph, is_ours, method, own_url,
    secret_id, takes_form,
};
use support::{ACME, MASTER_KEY, ROOT, Reply, START, World, ZERO, client_url, litegraph_url, settings, text};

/// The same credential, read through each face.
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
    let access = scene.access(id, &secret);
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
        // An access token is a Bearer, and no client's secret.
        format!("Bearer {access}x"),
        format!("Bearer {}:{access}", id.client()),
        basic(&access),
        basic(&format!("{}:{access}", id.client())),
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
    let [coactive, litegraph, keycard, ours] = urls(&scene);
    let send = |url: &str, headers: &[(&str, &str)]| scene.world.send("GET", url, headers, b"").status;
    assert_eq!(send(&litegraph, &[("x-token", &secret)]), 200);
    assert_eq!(send(&litegraph, &[("X-Token", ROOT)]), 200);
    assert_eq!(send(&litegraph, &[("x-token", &secret), ("authorization", "Bearer pstn_x")]), 401);
    for url in [coactive, keycard, ours] {
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
    // A viewer, so it reads on Keycard's face and ours.
    let [_, _, keycard, ours] = urls(&scene);
    for url in [keycard, ours] {
        assert_eq!(scene.world.get(&url, "client_default").status, 200);
        assert_eq!(scene.world.get(&url, "client_Default").status, 401);
    }
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

const LOG_INS: [&str; 2] = ["/api/v0/login", "/api/v1/login"];
const TOKEN: &str = "/service-account-token";
/// The paths of the token endpoint: a vendor's, and ours.
const TOKENS: [&str; 2] = [TOKEN, "/oauth/token"];
const GRANT: &str = "grant_type=client_credentials";

/// A reply is an access token, for one trip.
fn assert_issued(reply: &Reply, of: &str) -> String {
    assert_eq!((reply.status, reply.cost.trips), (200, 1), "{of}: {}", reply.text);
    assert_eq!(reply.members(), ["access_token", "token_type", "expires_in"], "{of}");
    let body = reply.json();
    assert_eq!((body["token_type"].as_str(), body["expires_in"].as_u64()), (Some("Bearer"), Some(3600)), "{of}");
    assert_eq!(reply.header("cache-control"), Some("no-store, no-transform"), "{of}");
    text(&body, "access_token")
}

mod log_in {
    use super::*;

    /// A path, headers and a body that log in.
    type Way<'a> = (&'a str, Vec<(&'a str, &'a str)>, &'a str);

    #[test]
    fn gives_a_token_that_calls_on_every_face() {
        let scene = Scene::new();
        let (id, secret) = scene.admin();
        let (name, basic) = basic(&id.client(), &secret);
        let grant = json!({"grant_type": "client_credentials"}).to_string();
        let own = format!("{GRANT}&client_id={}&client_secret={secret}", id.client());
        let json = ("content-type", "application/json");
        let form = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        let authorization = (name, basic.as_str());
        let mut ways: Vec<Way<'_>> = Vec::new();
        for url in TOKENS {
            ways.push((url, vec![authorization, form], GRANT));
            ways.push((url, vec![authorization], GRANT));
            ways.push((url, vec![form], &own));
        }
        for url in LOG_INS {
            ways.push((url, vec![authorization], ""));
            ways.push((url, vec![authorization, json], ""));
            ways.push((url, vec![authorization, json], &grant));
            ways.push((url, vec![authorization], &grant));
        }
        for (url, headers, body) in ways {
            let of = format!("{url} of {headers:?} {body}");
            let access = assert_issued(&scene.world.send("POST", url, &headers, body.as_bytes()), &of);
            assert!(access.starts_with("pstn_at_"), "{of}: {access}");
            for url in urls(&scene) {
                let reply = scene.world.get(&url, &access);
                assert_eq!((reply.status, reply.cost.trips), (200, 1), "{of}, then {url}: {}", reply.text);
            }
            let [_, litegraph, ..] = urls(&scene);
            assert_eq!(scene.world.send("GET", &litegraph, &[("x-token", &access)], b"").status, 200, "{of}");
        }
    }

    /// What a face cannot say of a client's own token, a form can: it is decoded.
    #[test]
    fn reads_a_form_as_a_browser_writes_it() {
        let scene = Scene::new();
        let url = format!("/v1.0/tenants/{ZERO}/credentials");
        let body = json!({"UserGUID": ZERO, "Name": "n", "BearerToken": "a+b/c%20d=&e"});
        let made = scene.world.call("PUT", &url, ROOT, &body).json();
        let client = Id::parse_guid(&text(&made, "GUID")).unwrap().client();
        let send = |form: &str| scene.world.send("POST", TOKEN, &[("content-type", FORM)], form.as_bytes());
        let form = format!("client_secret=a%2Bb%2Fc%2520d%3D%26e&scope=a+b&{GRANT}&client%5Fid={client}");
        assert_issued(&send(&form), &form);
        let form = format!("client_secret=a+b%2Fc%2520d%3D%26e&{GRANT}&client_id={client}");
        assert_eq!(send(&form).status, 401, "a plus is a space");
    }

    #[test]
    fn refuses_another_grant_on_coactive_with_a_400() {
        let scene = Scene::new();
        let (id, secret) = scene.admin();
        let (name, basic) = basic(&id.client(), &secret);
        for url in LOG_INS {
            for grant in
                [json!("password"), json!(""), json!("CLIENT_CREDENTIALS"), json!(null), json!(["client_credentials"])]
            {
                let body = json!({"grant_type": grant}).to_string();
                let reply = scene.world.send("POST", url, &[(name, &basic)], body.as_bytes());
                let detail = json!({"detail": "grant_type has to be client_credentials."});
                assert_eq!((reply.status, reply.json(), reply.cost.trips), (400, detail, 0), "{url}: {body}");
            }
        }
    }

    #[test]
    fn refuses_a_wrong_secret_in_the_shape_of_its_face() {
        let scene = Scene::new();
        let (id, _) = scene.admin();
        let (name, basic) = basic(&id.client(), &scene.admin().1);
        for url in LOG_INS {
            let reply = scene.world.send("POST", url, &[(name, &basic)], b"");
            assert_eq!((reply.status, reply.cost.trips), (401, 1), "{url}");
            assert_eq!(reply.header("www-authenticate"), Some("Bearer"), "{url}");
            assert_eq!(reply.json(), json!({"detail": "Invalid authentication credentials"}), "{url}");
        }
    }

    /// What is sent, and the status, the error and the trips of the answer (RFC 6749 §5.2). The client is good but where it
    /// says otherwise.
    #[test]
    fn refuses_at_the_token_endpoint_as_oauth_has_it() {
        let scene = Scene::new();
        let (id, secret) = scene.admin();
        let (client, wrong) = (id.client(), scene.admin().1);
        let good = Some(basic(&client, &secret).1);
        let credentials = format!("client_id={client}&client_secret={secret}");
        let form = |rest: &str| format!("{GRANT}&{rest}");
        let (request, grant, who) = ("invalid_request", "unsupported_grant_type", "invalid_client");
        for (authorization, body, status, error, trips) in [
            // Both ways at once, and also where both are wrong, or the header is of another scheme.
            (good.clone(), form(&credentials), 400, request, 0),
            (good.clone(), form(&format!("client_secret={secret}")), 400, request, 0),
            (good.clone(), form(&format!("client_id={client}")), 400, request, 0),
            (Some(basic(&client, &wrong).1), form(&credentials), 400, request, 0),
            (Some(format!("Bearer {secret}")), form(&credentials), 400, request, 0),
            // The grant.
            (good.clone(), "grant_type=password".to_owned(), 400, grant, 0),
            (good.clone(), "grant_type=".to_owned(), 400, grant, 0),
            (good.clone(), "grant_type=refresh_token&refresh_token=x".to_owned(), 400, grant, 0),
            (None, format!("grant_type=password&{credentials}"), 400, grant, 0),
            (good.clone(), String::new(), 400, request, 0),
            (good.clone(), "scope=x".to_owned(), 400, request, 0),
            (good.clone(), "Grant_Type=client_credentials".to_owned(), 400, request, 0),
            (None, credentials.clone(), 400, request, 0),
            // A parameter twice, the same or not, known or not.
            (good.clone(), form(GRANT), 400, request, 0),
            (good.clone(), form("scope=a&scope=b"), 400, request, 0),
            (None, form(&format!("{credentials}&client_secret={secret}")), 400, request, 0),
            (None, form(&format!("{credentials}&client_id={client}")), 400, request, 0),
            // Who it is.
            (Some(basic(&client, &wrong).1), GRANT.to_owned(), 401, who, 1),
            (Some(basic(&id.to_string(), &secret).1), GRANT.to_owned(), 401, who, 0),
            (Some(basic(&client, "").1), GRANT.to_owned(), 401, who, 0),
            (Some(format!("Bearer {secret}")), GRANT.to_owned(), 401, who, 0),
            (Some(format!("Bearer {client}:{secret}")), GRANT.to_owned(), 401, who, 0),
            (Some(format!("Bearer {ROOT}")), GRANT.to_owned(), 401, who, 0),
            (None, GRANT.to_owned(), 401, who, 0),
            (None, form(&format!("client_id={client}&client_secret={wrong}")), 401, who, 1),
            (None, form(&format!("client_id={client}")), 401, who, 0),
            (None, form(&format!("client_secret={secret}")), 401, who, 0),
            (None, form(&format!("client_id=&client_secret={secret}")), 401, who, 0),
            (None, form(&format!("client_id={}&client_secret={secret}", id.guid())), 401, who, 0),
        ] {
            let mut headers = vec![("content-type", FORM)];
            headers.extend(authorization.as_deref().map(|value| ("authorization", value)));
            for url in TOKENS {
                let reply = scene.world.send("POST", url, &headers, body.as_bytes());
                let of = format!("{url} {authorization:?} {body}: {}", reply.text);
                assert_eq!((reply.status, reply.cost.trips), (status, trips), "{of}");
                assert_eq!((reply.members(), reply.json()["error"].as_str()), (members(), Some(error)), "{of}");
                let challenge = (status == 401).then_some("Bearer, Basic realm=\"postern\"");
                assert_eq!(reply.header("www-authenticate"), challenge, "{of}");
            }
        }
    }

    fn members() -> Vec<String> {
        ["error", "error_description"].map(str::to_owned).to_vec()
    }

    #[test]
    fn is_a_use_of_the_secret_and_so_is_each_call_with_its_token() {
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
}

/// Who asks about a token presents itself as everywhere: that is no log-in.
#[test]
fn who_asks_about_a_token_calls_by_bearer_or_basic() {
    let scene = Scene::new();
    let (id, secret) = scene.admin();
    let access = scene.access(id, &secret);
    let client = id.client();
    let ways = [
        (bearer(&secret), 200),
        (bearer(&access), 200),
        (bearer(&format!("{client}:{secret}")), 200),
        (basic(&client, &secret), 200),
        (bearer(ROOT), 200),
        (basic(&client, &access), 401),
        (basic(&client, ROOT), 401),
        (("x-token", secret.clone()), 401),
    ];
    for route in ROUTES.iter().filter(|route| route.operation == Operation::Verify) {
        let body = scene.body(route);
        for (header, status) in &ways {
            let reply = scene.send(route, &scene.target, std::slice::from_ref(header), &body);
            assert_eq!(reply.status, *status, "{} {header:?}: {}", route.path, reply.text);
        }
        // Nor by what it asks about, or by a form.
        let own = if takes_form(route) {
            format!("token={secret}&client_id={client}&client_secret={secret}").into_bytes()
        } else {
            json!({"token": secret}).to_string().into_bytes()
        };
        let reply = scene.send(route, &scene.target, &[], &own);
        assert_eq!((reply.status, reply.cost.trips), (401, 0), "{}: {}", route.path, reply.text);
    }
}

/// A caller on a secret that is being replaced is told so, whatever it is answered on whatever face; on the new one it is not.
#[test]
fn a_retiring_secret_is_told_that_it_is_one() {
    for route in ROUTES.iter().filter(|route| route.operation != Operation::Metadata) {
        let of = format!("{} {}", method(route), route.path);
        let logs_in = route.operation == Operation::LogIn;
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
            let told = ["deprecation", "sunset"].map(|name| reply.header(name).map(str::to_owned));
            let expected = [format!("@{}", since.0 / 1_000_000), until.http_date()].map(|told| retires.then_some(told));
            assert_eq!(told, expected, "{of} by its {which}: {}", reply.text);
        }
    }
}

mod access_token {
    use super::*;

    #[test]
    fn is_exchanged_for_no_other() {
        let scene = Scene::new();
        let (id, secret) = scene.admin();
        let access = scene.access(id, &secret);
        let client = id.client();
        let refused = |url: &str, authorization: Option<String>, body: &str| {
            let headers: Vec<_> = authorization.iter().map(|value| ("authorization", value.as_str())).collect();
            let reply = scene.world.send("POST", url, &headers, body.as_bytes());
            assert_eq!((reply.status, reply.cost.trips), (401, 0), "{url} {authorization:?} {body}: {}", reply.text);
        };
        for url in LOG_INS.into_iter().chain(TOKENS) {
            let body = if TOKENS.contains(&url) { GRANT } else { "" };
            for authorization in [
                basic(&client, &access).1,
                format!("Bearer {access}"),
                format!("Bearer {client}:{access}"),
                format!("Basic {}", BASE64.encode(access.as_bytes())),
            ] {
                refused(url, Some(authorization), body);
            }
        }
        for url in TOKENS {
            refused(url, None, &format!("{GRANT}&client_id={client}&client_secret={access}"));
        }
    }

    #[test]
    fn is_nobodys_bearer_token() {
        let scene = Scene::new();
        let (id, secret) = scene.admin();
        let access = scene.access(id, &secret);
        let body = json!({"UserGUID": ZERO, "Name": "n", "BearerToken": access});
        let before = scene.world.stored_but_last_use();
        let many = format!("/v1.0/tenants/{ZERO}/credentials");
        for url in [&many, &litegraph_url(&scene.target.credential), &litegraph_url(&id)] {
            let reply = scene.world.call("PUT", url, &access, &body);
            assert_eq!(reply.status, 400, "{url}: {}", reply.text);
            assert!(text(&reply.json(), "Description").starts_with("BearerToken "), "{url}: {}", reply.text);
        }
        assert_eq!(scene.world.get(&format!("/v1.0/credentials/bearer/{access}"), ROOT).status, 404, "nothing has it");
        assert_eq!(scene.world.stored_but_last_use(), before);
    }

    #[test]
    fn of_which_one_character_is_another_is_refused_without_a_trip() {
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
        // With the checksum that it would have: the signature is what holds.
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
        assert_eq!(put(named, made, end, signature), access, "so it is put together");
        assert_eq!(scene.world.get(&client_url(&id.client()), &access).status, 200);
    }

    #[test]
    fn ends_when_it_says_to_the_microsecond() {
        let scene = Scene::new();
        let (id, secret) = scene.admin();
        // It is issued within a second, and lives an hour from that second's begin: never longer than it says.
        scene.world.now.set(START + 5_900_000);
        let access = scene.access(id, &secret);
        let end = START + 5_000_000 + i64::from(ACCESS_SECONDS) * 1_000_000;
        let at = |time: i64| {
            scene.world.now.set(time - 1000); // A request comes a millisecond later.
            let reply = scene.world.get(&client_url(&id.client()), &access);
            (reply.status, reply.cost.trips)
        };
        assert_eq!([at(end - 1), at(end), at(end + 1)], [(200, 1), (401, 0), (401, 0)]);
        assert_eq!(scene.world.get(&client_url(&id.client()), &secret).status, 200, "its secret goes on");
    }

    #[test]
    fn holds_while_the_key_that_signed_it_is_the_previous_one() {
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
    fn is_of_its_credentials_end_as_its_secret_is() {
        let scene = Scene::new();
        let (id, secret) = scene.admin();
        let end = START + 600_000_000;
        scene.world.db.execute("UPDATE credentials SET expires_at = ?1 WHERE id = ?2", &[&end, &id.to_string()]);
        let access = scene.access(id, &secret);
        let made = scene.world.call("POST", support::CLIENTS, &access, &json!({"name": "made"}));
        assert_eq!(made.status, 201);
        let sql = format!("SELECT count(*) FROM credentials WHERE name = 'made' AND expires_at = {end}");
        assert_eq!(scene.world.db.count(&sql), 1, "what it makes ends with its credential");
        scene.world.now.set(end);
        assert_eq!(scene.world.get(&client_url(&id.client()), &access).status, 401);
    }
}

mod death {
    use super::*;

    /// An admin under a service account of its own, and the access token that it got.
    fn caller(scene: &Scene) -> (Place, String) {
        let (credential, secret) = scene.admin();
        let access = scene.access(credential, &secret);
        let account = Id::parse(&scene.moved(credential)).unwrap();
        (Place { tenant: Id::ZERO, account, credential, token: secret }, access)
    }

    /// The statuses of a call on each face, and LiteGraph's and our own word for it; each is one trip.
    fn calls(scene: &Scene, access: &str) -> ([u16; 4], [Option<String>; 2]) {
        let replies = urls(scene).map(|url| scene.world.get(&url, access));
        assert_eq!(replies.each_ref().map(|reply| reply.cost.trips), [1; 4]);
        let told = |face: usize, member: &str| replies[face].json()[member].as_str().map(str::to_owned);
        let words = [told(1, "Error"), told(3, "code")];
        (replies.map(|reply| reply.status), words)
    }

    const UNKNOWN: [&str; 2] = ["AuthenticationFailed", "unauthenticated"];
    const INACTIVE: [&str; 2] = ["Inactive", "inactive"];

    fn dies(of: &str, words: [&str; 2], deed: impl FnOnce(&Scene, &Place)) {
        let scene = Scene::new();
        let (place, access) = caller(&scene);
        assert_eq!(calls(&scene, &access), ([200; 4], [None, None]), "{of}: it lives");
        deed(&scene, &place);
        assert_eq!(calls(&scene, &access), ([401; 4], words.map(|word| Some(word.to_owned()))), "{of}");
    }

    #[test]
    fn by_every_deletion_that_takes_its_credential() {
        for route in ROUTES.iter().filter(|route| deletes(route)) {
            let of = format!("{} {}", method(route), route.path);
            dies(&of, UNKNOWN, |scene, place| {
                let headers = [bearer(ROOT), ("x-postern-tenant", "acme".to_owned())];
                let reply = scene.send(route, place, &headers, b"");
                assert!(matches!(reply.status, 200 | 204), "{of}: {}", reply.text);
            });
        }
    }

    #[test]
    fn by_its_own_hand() {
        let scene = Scene::new();
        let (place, access) = caller(&scene);
        assert_eq!(scene.world.call("DELETE", &litegraph_url(&place.credential), &access, &Value::Null).status, 200);
        assert_eq!(calls(&scene, &access).0, [401; 4]);
    }

    #[test]
    fn by_what_disables_its_credential_its_principal_or_its_tenant() {
        let disables = |route: &&Route| match route.operation {
            Operation::Write(_, Verb::Replace) => is_litegraph(route) || is_ours(route),
            Operation::Write(_, Verb::Merge) => is_ours(route),
            _ => false,
        };
        for route in ROUTES.iter().filter(disables) {
            dies(route.path, INACTIVE, |scene, place| {
                let mut body: Value = serde_json::from_slice(&body_about(route, place)).unwrap();
                body[if is_ours(route) { "enabled" } else { "Active" }] = false.into();
                let reply = scene.send(route, place, &[bearer(ROOT)], body.to_string().as_bytes());
                assert_eq!(reply.status, 200, "{}: {}", route.path, reply.text);
            });
        }
    }

    fn step(scene: &Scene, place: &Place, step: &str, body: &Value) {
        let reply = scene.world.call("POST", &format!("{}/{step}", own_url(place.credential)), ROOT, body);
        assert_eq!(reply.status, 200, "{step}: {}", reply.text);
    }

    #[test]
    fn by_a_revocation_and_not_for_ever() {
        dies("revoked", UNKNOWN, |scene, place| step(scene, place, "revoke", &Value::Null));
        let scene = Scene::new();
        let (place, access) = caller(&scene);
        for name in ["revoke", "restore"] {
            step(&scene, &place, name, &Value::Null);
        }
        assert_eq!(calls(&scene, &access).0, [200; 4], "it is as it was");
    }

    #[test]
    fn by_what_ends_its_secret_in_a_rotation() {
        dies("without grace", UNKNOWN, |scene, place| drop(scene.rotate(place.credential, 0)));
        dies("past its grace", UNKNOWN, |scene, place| {
            scene.rotate(place.credential, 60);
            scene.world.pass(60_000_000);
        });
        dies("finished", UNKNOWN, |scene, place| {
            scene.rotate(place.credential, 3600);
            step(scene, place, "rotate/finish", &Value::Null);
        });
        // While it lives on, and where the new one goes in its place, its tokens do too.
        let scene = Scene::new();
        let (place, access) = caller(&scene);
        let new = scene.rotate(place.credential, 3600);
        let newer = scene.access(place.credential, &new);
        assert_eq!([&access, &newer].map(|access| calls(&scene, access).0), [[200; 4]; 2], "two secrets, two tokens");
        step(&scene, &place, "rotate/cancel", &Value::Null);
        assert_eq!([&access, &newer].map(|access| calls(&scene, access).0), [[200; 4], [401; 4]], "cancelled");
    }

    #[test]
    fn by_an_end() {
        for sql in [
            "UPDATE credentials SET expires_at = ?1 WHERE id = ?2",
            "UPDATE secrets SET expires_at = ?1 WHERE credential = ?2",
        ] {
            dies(sql, UNKNOWN, |scene, place| {
                scene.world.db.execute(sql, &[&(scene.world.now.get() + 1000), &place.credential.to_string()]);
            });
        }
    }

    fn replace(scene: &Scene, place: &Place, token: &str) {
        let body = json!({"UserGUID": place.account.guid(), "Name": "n", "BearerToken": token});
        let reply = scene.world.call("PUT", &litegraph_url(&place.credential), ROOT, &body);
        assert_eq!(reply.status, 200, "{}", reply.text);
    }

    #[test]
    fn by_a_new_secret() {
        dies("replaced", UNKNOWN, |scene, place| {
            replace(scene, place, "the-next");
            let next = scene.access(place.credential, "the-next");
            assert_eq!(calls(scene, &next).0, [200; 4], "a token of the new secret lives");
        });
    }

    /// What it is called, and how it happens.
    type Death = (&'static str, fn(&Scene, &Place));

    /// A token that a client chose has its id from its value. Whoever has that value later is somebody else.
    #[test]
    fn and_not_raised_by_another_credential_with_the_same_secret() {
        const OWN: &str = "a-token-of-its-own";
        let deaths: [Death; 2] = [
            ("replaced", |scene, place| replace(scene, place, "the-next")),
            ("deleted", |scene, place| {
                let reply = scene.world.call("DELETE", &litegraph_url(&place.credential), ROOT, &Value::Null);
                assert_eq!(reply.status, 200);
            }),
        ];
        for (tenant, (of, deed)) in [ACME, OTHER].into_iter().flat_map(|tenant| deaths.map(|death| (tenant, death))) {
            let scene = Scene::new();
            let (place, _) = caller(&scene);
            replace(&scene, &place, OWN);
            let access = scene.access(place.credential, OWN);
            let status = || scene.world.get("/organizations", &access).status;
            assert_eq!(status(), 200);
            deed(&scene, &place);
            assert_eq!(status(), 401, "{of}");
            scene.world.pass(60_000_000);
            let url = format!("/v1.0/tenants/{}/credentials", Id::parse(tenant).unwrap().guid());
            let made = scene.world.call("PUT", &url, ROOT, &json!({"UserGUID": ZERO, "Name": "n", "BearerToken": OWN}));
            assert_eq!(made.status, 200, "{}", made.text);
            assert_eq!(status(), 401, "{of}, and now another credential of tenant {tenant} has that secret");
        }
    }
}
