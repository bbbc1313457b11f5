//! Logging in: an access token for a credential's id and secret, on Coactive's face and at the OAuth endpoint that Keycard's
//! clients know. Who is let in with one is in `tests/auth`.

use data_encoding::BASE64;

use super::*;

const LOGINS: [&str; 2] = ["/api/v0/login", "/api/v1/login"];
const TOKEN: &str = "/service-account-token";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{id}:{secret}").as_bytes()))
}

/// It is an access token, of the contract's members in their order, and its bearer is let in.
fn lets_in(world: &World, reply: &Reply) {
    assert_eq!((reply.status, reply.cost.trips), (200, 1), "{}", reply.text);
    assert_eq!(reply.members(), ["access_token", "token_type", "expires_in"]);
    let body = reply.json();
    assert_eq!((text(&body, "token_type"), &body["expires_in"]), ("Bearer".to_owned(), &json!(3600)));
    let token = text(&body, "access_token");
    assert!(token.starts_with("pstn_at_"), "{token}");
    assert_eq!(world.get(CLIENTS, &token).status, 200);
    assert_eq!(world.get("/organizations/acme", &token).status, 200);
}

#[test]
fn coactive_logs_in_with_and_without_a_body() {
    let world = World::new();
    let (id, secret) = world.client(&json!({"name": "n"}));
    let authorization = basic(&id, &secret);
    let send = |url: &str, authorization: Option<&str>, body: &[u8]| {
        let headers: Vec<_> = authorization.map(|value| ("authorization", value)).into_iter().collect();
        world.send("POST", url, &headers, body)
    };
    for url in LOGINS {
        for body in
            [&b""[..], br#"{"grant_type":"client_credentials"}"#, br#"{"scope":"x","grant_type":"client_credentials"}"#]
        {
            lets_in(&world, &send(url, Some(&authorization), body));
        }
        for body in [&br#"{"grant_type":"password"}"#[..], br#"{"grant_type":null}"#, br#"{"grant_type":5}"#, b"{}"] {
            let reply = send(url, Some(&authorization), body);
            assert_eq!(
                (reply.status, reply.cost.trips, reply.members()),
                (400, 0, vec!["detail".to_owned()]),
                "{}",
                reply.text
            );
            assert_eq!(reply.json()["detail"], "grant_type has to be client_credentials.");
        }
        for body in [&b"["[..], b"[]", b"null", br#"{"a":1,"a":1}"#] {
            let reply = send(url, Some(&authorization), body);
            assert_eq!((reply.status, &reply.json()["detail"][0]["loc"]), (422, &json!(["body"])));
        }
        let headers = [("authorization", &*authorization), ("content-type", "text/plain")];
        assert_eq!(world.send("POST", url, &headers, b"{}").status, 415);
        let (other, _) = world.client(&json!({"name": "other"}));
        for (wrong, trips) in [
            (None, 0),
            (Some(format!("Bearer {secret}")), 0),
            (Some(format!("Bearer {ROOT}")), 0),
            (Some(format!("Bearer {id}:{secret}")), 0),
            (Some(basic(&id, ROOT)), 1),
            (Some(basic(&id, "wrong")), 1),
            (Some(basic(&other, &secret)), 1),
            (Some(basic("client_x", &secret)), 0),
            (Some("Basic x".to_owned()), 0),
        ] {
            let reply = send(url, wrong.as_deref(), b"");
            assert_eq!(
                (reply.status, reply.cost.trips, reply.members()),
                (401, trips, vec!["detail".to_owned()]),
                "{wrong:?}"
            );
            assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
        }
    }
}

#[test]
fn oauth_takes_both_ways_of_client_authentication_and_answers_as_its_rfc_has_it() {
    const GRANT: &str = "grant_type=client_credentials";
    let world = World::new();
    let (id, secret) = world.client(&json!({"name": "n"}));
    let (right, wrong) = (basic(&id, &secret), basic(&id, "wrong"));
    let send = |authorization: Option<&str>, body: &str| {
        let mut headers = vec![FORM];
        headers.extend(authorization.map(|value| ("authorization", value)));
        world.send("POST", TOKEN, &headers, body.as_bytes())
    };
    lets_in(&world, &send(Some(&right), GRANT));
    lets_in(&world, &send(Some(&right), "scope=a+b&grant_type=client%5Fcredentials"));
    let in_form = format!("{GRANT}&client_id={id}&client_secret={secret}");
    lets_in(&world, &send(None, &in_form));
    // Without a Content-Type it is read as one, too.
    lets_in(&world, &world.send("POST", TOKEN, &[("authorization", &right)], GRANT.as_bytes()));
    for (authorization, body, status, error, trips) in [
        (Some(&*right), "grant_type=password", 400, "unsupported_grant_type", 0),
        (Some(&*right), "grant_type=", 400, "unsupported_grant_type", 0),
        (Some(&*right), "", 400, "invalid_request", 0),
        (Some(&*right), "grant_type=client_credentials&grant_type=client_credentials", 400, "invalid_request", 0),
        // One way of authentication, not two (RFC 6749, 2.3).
        (Some(&*right), &*in_form, 400, "invalid_request", 0),
        (None, GRANT, 401, "invalid_client", 0),
        (None, &*format!("{GRANT}&client_id={id}"), 401, "invalid_client", 0),
        (None, &*format!("{GRANT}&client_secret={secret}"), 401, "invalid_client", 0),
        (None, &*format!("{GRANT}&client_id={id}&client_secret=wrong"), 401, "invalid_client", 1),
        (Some(&*wrong), GRANT, 401, "invalid_client", 1),
        (Some("Bearer x"), GRANT, 401, "invalid_client", 0),
    ] {
        let reply = send(authorization, body);
        assert_eq!((reply.status, reply.cost.trips), (status, trips), "{body}: {}", reply.text);
        assert_eq!(
            (reply.members(), text(&reply.json(), "error")),
            (vec!["error".to_owned(), "error_description".to_owned()], error.to_owned())
        );
        let challenge = (status == 401).then_some("Bearer, Basic realm=\"postern\"");
        assert_eq!(reply.header("www-authenticate"), challenge, "{body}");
    }
    let json = [("authorization", &*right), ("content-type", "application/json")];
    let reply = world.send("POST", TOKEN, &json, br#"{"grant_type":"client_credentials"}"#);
    assert_eq!((reply.status, text(&reply.json(), "error")), (415, "invalid_request".to_owned()));
    assert_eq!(reply.header("cache-control"), Some("no-store, no-transform"), "RFC 6749, 5.1");
}

/// What ends the credential or its secret ends what was issued for it, in the same trip as any caller is judged.
#[test]
fn an_access_token_ends_with_what_it_was_issued_for() {
    for (sql, error) in [
        ("UPDATE credentials SET enabled = 0", "Inactive"),
        ("UPDATE tenants SET enabled = 0", "Inactive"),
        ("UPDATE credentials SET expires_at = 1", "AuthenticationFailed"),
        ("UPDATE secrets SET expires_at = 1", "AuthenticationFailed"),
        ("", "AuthenticationFailed"),
    ] {
        let world = World::new();
        let (id, secret) = world.client(&json!({"name": "n"}));
        let issued = world.send("POST", LOGINS[1], &[("authorization", &basic(&id, &secret))], b"");
        let token = text(&issued.json(), "access_token");
        let url = litegraph_url(&Id::parse_client(&id).unwrap());
        assert_eq!(world.get(&url, &token).status, 200);
        if sql.is_empty() {
            // A new secret of the credential ends the other, and with it what that was exchanged for.
            let body = json!({"UserGUID": ZERO, "Name": "n", "BearerToken": "another"});
            assert_eq!(world.call("PUT", &url, ROOT, &body).status, 200);
        } else {
            world.db.execute(sql, &[]);
        }
        let reply = world.get(&url, &token);
        assert_eq!((reply.status, reply.cost.trips, text(&reply.json(), "Error")), (401, 1, error.to_owned()), "{sql}");
    }
    // And it has an end of its own; and it is not to be exchanged for a younger one.
    let world = World::new();
    let (id, secret) = world.client(&json!({"name": "n"}));
    let token =
        text(&world.send("POST", LOGINS[1], &[("authorization", &basic(&id, &secret))], b"").json(), "access_token");
    assert_eq!(world.send("POST", LOGINS[1], &[("authorization", &basic(&id, &token))], b"").status, 401);
    world.pass(3_599_000_000);
    assert_eq!(world.get(CLIENTS, &token).status, 200);
    world.pass(1_000_000);
    let late = world.get(CLIENTS, &token);
    assert_eq!((late.status, late.cost.trips), (401, 0));
}
