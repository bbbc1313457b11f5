//! LiteGraph's operations.

use super::*;

const URL: &str = "/v1.0/tenants/00000000-0000-0000-0000-000000000000/credentials";
const MEMBERS: [&str; 8] =
    ["GUID", "TenantGUID", "UserGUID", "Name", "BearerToken", "Active", "CreatedUtc", "LastUpdateUtc"];

fn create(world: &World, body: &Value) -> Value {
    let made = world.call("PUT", URL, ROOT, body);
    assert_eq!((made.status, made.members()), (200, MEMBERS.map(str::to_owned).to_vec()), "{}", made.text);
    made.json()
}

#[test]
fn create_with_its_defaults() {
    let world = World::new();
    let made = create(&world, &json!({"UserGUID": ZERO}));
    assert_eq!(
        (text(&made, "Name"), &made["Active"], text(&made, "TenantGUID")),
        ("unnamed".to_owned(), &json!(true), ZERO.to_owned())
    );
    assert!(text(&made, "BearerToken").starts_with("pstn_"));
    assert_eq!(text(&made, "CreatedUtc").len(), "2024-12-27T18:12:38.653402Z".len());
    let got = world.get(&format!("{URL}/{}", text(&made, "GUID")), ROOT);
    assert_eq!((got.status, got.json()), (200, made.clone()), "the token is shown on reads");
    assert_eq!(
        world.get(&format!("{URL}/{}", text(&made, "GUID")), &text(&made, "BearerToken")).status,
        401,
        "a viewer"
    );
    assert_eq!(world.db.query("SELECT roles FROM credentials", &[])[0]["roles"], r#"[{"role_id":"viewer"}]"#);
}

#[test]
fn create_honours_what_the_client_chose() {
    let world = World::new();
    let own = json!({
        "GUID": "AAAAAAAA-0000-0000-0000-000000000001", "UserGUID": ZERO, "Name": "n", "BearerToken": "default", "Active": false,
        "CreatedUtc": "2024-12-27T18:12:38.653402Z", "LastUpdateUtc": "2025-12-27T18:12:38.653402Z", "TenantGUID": "",
    });
    let made = create(&world, &own);
    assert_eq!(
        made,
        json!({
            "GUID": "aaaaaaaa-0000-0000-0000-000000000001", "TenantGUID": ZERO, "UserGUID": ZERO, "Name": "n", "BearerToken": "default",
            "Active": false, "CreatedUtc": "2024-12-27T18:12:38.653402Z", "LastUpdateUtc": "2025-12-27T18:12:38.653402Z",
        })
    );
    let again = world.call("PUT", URL, ROOT, &own);
    assert_eq!((again.status, again.json()["Error"].as_str()), (409, Some("Conflict")));
    let token = world.call("PUT", URL, ROOT, &json!({"UserGUID": ZERO, "BearerToken": "default"}));
    assert_eq!(token.status, 409);
    let event = &world.history(&Id::parse_guid("aaaaaaaa-0000-0000-0000-000000000001").unwrap().to_string())[0];
    assert!(event["at"].as_i64() > Some(support::START), "the history is told the real time");
}

#[test]
fn update_names_every_missing_or_wrong_member() {
    let world = World::new();
    let made = create(&world, &json!({"UserGUID": ZERO}));
    let url = format!("{URL}/{}", text(&made, "GUID"));
    let put = |body: Value| world.call("PUT", &url, ROOT, &body);
    let bad = put(json!({"Active": "yes", "BearerToken": "a b"}));
    assert_eq!(bad.status, 400);
    assert_eq!(bad.members(), ["Error", "Message", "StatusCode", "Description"]);
    assert_eq!(
        bad.json()["Description"],
        "UserGUID is required. Name is required. Active has to be true or false. \
        BearerToken has to be 1 to 512 visible ASCII characters without spaces."
    );
    let null = put(json!({"UserGUID": null, "Name": null, "Active": null, "BearerToken": null}));
    assert_eq!(null.json()["Description"], "UserGUID cannot be null. Name cannot be null. Active cannot be null.");
    let user = put(json!({"UserGUID": "11111111-0000-0000-0000-000000000000", "Name": ""}));
    assert_eq!(
        user.json()["Description"],
        "No user with GUID '11111111-0000-0000-0000-000000000000' exists. Name has to have at least 1 character(s)."
    );
    for token in ["pstn_nonsense", "client_a:b"] {
        assert_eq!(put(json!({"UserGUID": ZERO, "Name": "n", "BearerToken": token})).status, 400, "{token}");
    }
    assert_eq!(world.get(&url, ROOT).json(), made);
}

#[test]
fn update_keeps_an_absent_token_and_takes_absent_active_as_true() {
    let world = World::new();
    let made = create(&world, &json!({"UserGUID": ZERO, "Active": false, "BearerToken": "foobar"}));
    let url = format!("{URL}/{}", text(&made, "GUID"));
    for token in [None, Some(Value::Null), Some(json!(""))] {
        let mut body = json!({"UserGUID": ZERO, "Name": "Updated credential", "GUID": 5, "TenantGUID": "", "CreatedUtc": "x", "LastUpdateUtc": []});
        if let Some(token) = token {
            body["BearerToken"] = token;
        }
        let put = world.call("PUT", &url, ROOT, &body).json();
        assert_eq!(
            (put["BearerToken"].as_str(), &put["Active"], &put["CreatedUtc"]),
            (Some("foobar"), &json!(true), &made["CreatedUtc"])
        );
    }
}

#[test]
fn a_new_token_ends_every_other() {
    let world = World::new();
    let admin = world.caller(&["admin"]);
    let made = create(&world, &json!({"UserGUID": ZERO, "BearerToken": "old-token"}));
    let url = format!("{URL}/{}", text(&made, "GUID"));
    let put =
        world.call("PUT", &url, &admin, &json!({"UserGUID": ZERO, "Name": "unnamed", "BearerToken": "new-token"}));
    assert_eq!((put.status, put.json()["BearerToken"].as_str()), (200, Some("new-token")));
    assert_eq!(world.get(&url, ROOT).json(), put.json());
    let error = |token| text(&world.get(&url, token).json(), "Error");
    assert_eq!(
        (error("old-token"), error("new-token")),
        ("AuthenticationFailed".to_owned(), "AuthorizationFailed".to_owned())
    );

    let id = Id::parse_guid(&text(&made, "GUID")).unwrap().to_string();
    let actions: Vec<_> =
        world.history(&id).iter().map(|event| (text(event, "action"), event["revision"].as_i64().unwrap())).collect();
    let told = |action: &str, revision| (action.to_owned(), revision);
    assert_eq!(
        actions,
        [told("created", 1), told("secret_created", 1), told("secret_created", 2), told("secret_ended", 2)],
        "one revision, and the credential's own columns did not change"
    );
    let same =
        world.call("PUT", &url, &admin, &json!({"UserGUID": ZERO, "Name": "unnamed", "BearerToken": "new-token"}));
    assert_eq!(same.etag(), put.etag());
}

#[test]
fn a_token_of_another_credential_is_a_conflict_and_changes_nothing() {
    let world = World::new();
    world.tenant("00000000000000000000000001", "other");
    let other = world.call(
        "PUT",
        "/v1.0/tenants/00000000-0000-0000-0000-000000000001/credentials",
        ROOT,
        &json!({"UserGUID": ZERO, "BearerToken": "taken"}),
    );
    assert_eq!(other.status, 200);
    let made = create(&world, &json!({"UserGUID": ZERO}));
    let url = format!("{URL}/{}", text(&made, "GUID"));
    let put = world.call("PUT", &url, ROOT, &json!({"UserGUID": ZERO, "Name": "changed", "BearerToken": "taken"}));
    assert_eq!((put.status, put.json()["Error"].as_str()), (409, Some("Conflict")));
    assert_eq!(world.get(&url, ROOT).json(), made);
}

#[test]
fn the_caller_may_replace_its_own_token() {
    let world = World::new();
    let (id, secret) = world.client(&json!({"name": "self"}));
    let url = litegraph_url(&Id::parse_client(&id).unwrap());
    let put = world.call(
        "PUT",
        &url,
        &secret,
        &json!({"UserGUID": ZERO, "Name": "self", "BearerToken": "mine", "Active": false}),
    );
    assert_eq!(
        (put.status, put.json()["BearerToken"].as_str(), &put.json()["Active"]),
        (200, Some("mine"), &json!(false))
    );
    assert_eq!(text(&world.get(&url, &secret).json(), "Error"), "AuthenticationFailed");
    assert_eq!(text(&world.get(&url, "mine").json(), "Error"), "Inactive");
}

#[test]
fn update_moves_the_credential_to_another_user() {
    let world = World::new();
    let (account, _) = world.service_account();
    let user = Id::parse(&account).unwrap().guid();
    let made = create(&world, &json!({"UserGUID": ZERO}));
    let url = format!("{URL}/{}", text(&made, "GUID"));
    let put = world.call("PUT", &url, ROOT, &json!({"UserGUID": user, "Name": "unnamed"}));
    assert_eq!(put.json()["UserGUID"], user);
    assert!(put.json()["LastUpdateUtc"].as_str() > made["LastUpdateUtc"].as_str());
}

#[test]
fn the_same_guid_in_two_tenants_is_two_credentials() {
    let world = World::new();
    world.tenant("00000000000000000000000001", "other");
    let own = json!({"GUID": "aaaaaaaa-0000-0000-0000-000000000001", "UserGUID": ZERO, "Name": "n"});
    let other = "/v1.0/tenants/00000000-0000-0000-0000-000000000001/credentials";
    create(&world, &own);
    let theirs = world.call("PUT", other, ROOT, &own);
    assert_eq!(theirs.status, 200, "{}", theirs.text);
    let url = |tenant: &str| format!("{tenant}/aaaaaaaa-0000-0000-0000-000000000001");
    let body = json!({"UserGUID": ZERO, "Name": "changed", "BearerToken": "new"});
    assert_eq!(world.call("PUT", &url(URL), ROOT, &body).status, 200);
    assert_eq!(world.get(&url(other), ROOT).json(), theirs.json());
    assert_eq!(world.get(&url(URL), ROOT).json()["Name"], "changed");
}

#[test]
fn a_missing_credential_tenant_or_unreadable_guid_is_404() {
    let world = World::new();
    let body = json!({"UserGUID": ZERO, "Name": "n"});
    for url in [
        format!("{URL}/{ZERO}"),
        format!("{URL}/missing"),
        format!("{URL}/client_x"),
        "/v1.0/tenants/x/credentials/y".to_owned(),
    ] {
        let put = world.call("PUT", &url, ROOT, &body);
        assert_eq!((put.status, put.json()["Error"].as_str()), (404, Some("NotFound")), "{url}");
        assert_eq!(world.get(&url, ROOT).status, 404, "{url}");
    }
    assert_eq!(
        world.call("PUT", "/v1.0/tenants/aaaaaaaa-0000-0000-0000-000000000000/credentials", ROOT, &body).status,
        404
    );
}

#[test]
fn a_credential_without_a_sealed_secret_shows_none_and_keeps_it() {
    let world = World::new();
    let (id, secret) = world.client(&json!({"name": "n"}));
    let url = litegraph_url(&Id::parse_client(&id).unwrap());
    let got = world.get(&url, &secret);
    assert_eq!(got.json()["BearerToken"], "");
    assert_eq!(world.call("PUT", &url, &secret, &got.json()).etag(), got.etag());
    let own = json!({"UserGUID": ZERO, "Name": "n", "BearerToken": secret});
    let put = world.call("PUT", &url, &secret, &own);
    assert_eq!(
        (put.status, put.etag(), put.json()["BearerToken"].as_str()),
        (200, got.etag(), Some("")),
        "the same token is no change"
    );
}

/// A preflight asks nothing of the database, and whether the URL leads anywhere is not its business.
#[test]
fn a_browser_may_ask_first_and_read_the_answer() {
    let world = World::new();
    let preflight = [
        ("origin", "https://app.example"),
        ("access-control-request-method", "PUT"),
        ("access-control-request-headers", "authorization,content-type,x-token"),
    ];
    for url in [URL, "/v2.0/tenants/x/credentials", "/v1.0/tenants/", "/v1.0/nowhere", "/v1.0/credentials/bearer/x"] {
        let reply = world.send("OPTIONS", url, &preflight, b"");
        assert_eq!((reply.status, &*reply.text, reply.cost.trips), (204, "", 0), "{url}");
        assert_eq!((reply.header("content-type"), reply.header("access-control-allow-origin")), (None, Some("*")));
        for (header, parts) in [
            ("access-control-allow-methods", &["GET", "HEAD", "POST", "PUT", "DELETE"][..]),
            ("access-control-allow-headers", &["Authorization", "Content-Type", "X-Token", "X-Request-ID", "If-Match"]),
        ] {
            let told: Vec<_> = reply.header(header).unwrap().split(", ").collect();
            assert!(parts.iter().all(|part| told.contains(part)), "{header}: {told:?}");
        }
        assert!(reply.header("access-control-allow-credentials").is_none(), "there is no cookie to send");
    }
    // Every answer may be read, refusals included; and it has its id under both names.
    let authorization = format!("Bearer {ROOT}");
    for (headers, status) in [
        (&[("authorization", &*authorization), ("x-request-id", "own-1")][..], 200),
        (&[("x-request-id", "own-1")], 401),
    ] {
        let reply = world.send("GET", URL, headers, b"");
        assert_eq!((reply.status, reply.header("access-control-allow-origin")), (status, Some("*")));
        assert!(reply.header("access-control-expose-headers").is_some_and(|exposed| exposed.contains("ETag")));
        assert_eq!((reply.header("x-request-id"), reply.header("x-correlation-id")), (Some("own-1"), Some("own-1")));
    }
    // The other faces are not called from browsers.
    for url in [CLIENTS, "/organizations", "/service-account-token"] {
        let reply = world.send("OPTIONS", url, &preflight, b"");
        assert_eq!((reply.status, reply.header("access-control-allow-origin")), (405, None), "{url}");
    }
}
