//! LiteGraph's operations on credentials.

use postern::credential::id::Id;
use serde_json::{Value, json};
use support::face::Face::LiteGraph;
use support::face::roles;
use support::tenant::{Tenant, read_id, text};
use support::{CLIENTS, Reply, ZERO, call, client, get};

use crate::Organization;

const MEMBERS: [&str; 8] =
    ["GUID", "TenantGUID", "UserGUID", "Name", "BearerToken", "Active", "CreatedUtc", "LastUpdateUtc"];

/// Creates a credential; returns the response and its path.
fn create(at: &Organization, body: &Value) -> (Value, String) {
    let made = at.send("PUT", &at.litegraph(), body).expect(200);
    made.expect_members(&MEMBERS);
    let path = format!("{}/{}", at.litegraph(), text(&made.json()["GUID"]));
    let got = at.get(&path);
    assert_eq!((got.json(), got.etag()), (made.json(), made.etag()), "the token is shown on reads");
    (made.json(), path)
}

fn conflict(reply: Reply) {
    assert_eq!(LiteGraph.error(&reply.expect(409)), "Conflict");
}

#[test]
fn created_credential_gets_defaults_for_absent_members() {
    let at = Organization::new();
    let (made, path) = create(&at, &json!({ "UserGUID": ZERO }));
    assert_eq!(["TenantGUID", "UserGUID", "Name"].map(|name| text(&made[name])), [&*at.id.guid(), ZERO, "unnamed"]);
    assert_eq!(made["Active"], true);
    let token = text(&made["BearerToken"]);
    assert!(token.starts_with("pstn_"));
    for member in ["CreatedUtc", "LastUpdateUtc"] {
        assert_eq!(text(&made[member]).len(), "2024-12-27T18:12:38.653402Z".len());
    }
    // The token is valid, but a viewer may not read on this face.
    assert_eq!(LiteGraph.error(&get(path).token(&token).send(&*at.client).expect(401)), "AuthorizationFailed");
    let own = at.get(&format!("/v1/tenants/{}/credentials/{}", at.id, read_id(&made["GUID"])));
    assert_eq!(own.json()["roles"], roles(&["viewer"]));
}

#[test]
fn created_credential_keeps_the_values_its_client_chose() {
    let at = Organization::new();
    let other = at.other();
    let guid = format!("aaaaaaaa{}", &at.id.guid()[8..]);
    let own = json!({
        "GUID": guid.to_uppercase(), "UserGUID": ZERO, "Name": "n", "BearerToken": format!("chosen-{}", at.id),
        "Active": false, "CreatedUtc": "2024-12-27T18:12:38.653402Z", "LastUpdateUtc": "2025-12-27T18:12:38.653402Z",
        "TenantGUID": "",
    });
    let mut expected = own.clone();
    (expected["GUID"], expected["TenantGUID"]) = (json!(guid), json!(at.id.guid()));
    let (made, _) = create(&at, &own);
    assert_eq!(made, expected);
    conflict(at.send("PUT", &at.litegraph(), &own));
    let taken = json!({ "UserGUID": ZERO, "BearerToken": own["BearerToken"] });
    conflict(at.send("PUT", &at.litegraph(), &taken));
    // Ids and tokens are unique over all tenants.
    conflict(other.send("PUT", &other.litegraph(), &own));
    let mut another_token = own;
    another_token["BearerToken"] = Value::Null;
    conflict(other.send("PUT", &other.litegraph(), &another_token));
    // The history has the real time.
    let created = at.events(read_id(&made["GUID"])).pop().expect("an event");
    assert!(text(&created["at"]) > text(&expected["LastUpdateUtc"]), "{created}");
}

#[test]
fn update_reports_every_missing_or_invalid_member() {
    const TOKEN: &str = "BearerToken must be 1 to 512 visible ASCII characters without spaces.";
    let at = Organization::new();
    let (made, path) = create(&at, &json!({ "UserGUID": ZERO }));
    let nobody = "11111111-0000-0000-0000-000000000000";
    let named = |token: &str| json!({ "UserGUID": ZERO, "Name": "n", "BearerToken": token });
    let no_user = format!("No user with GUID '{nobody}' exists. Name must have at least 1 character(s).");
    for (body, expected) in [
        (
            json!({ "Active": "yes", "BearerToken": "a b" }),
            &*format!("UserGUID is required. Name is required. Active must be true or false. {TOKEN}"),
        ),
        (
            json!({ "UserGUID": null, "Name": null, "Active": null, "BearerToken": null }),
            "UserGUID cannot be null. Name cannot be null. Active cannot be null.",
        ),
        (json!({ "UserGUID": nobody, "Name": "" }), &no_user),
        (named("pstn_nonsense"), ""),
        (named("client_a:b"), ""),
    ] {
        let reply = at.send("PUT", &path, &body).expect(400);
        assert_eq!(LiteGraph.error(&reply), "BadRequest");
        let description = text(&reply.json()["Description"]);
        assert!(
            if expected.is_empty() { description.starts_with("BearerToken ") } else { description == expected },
            "{body}: {description}"
        );
    }
    assert_eq!(at.get(&path).json(), made);
}

#[test]
fn update_keeps_an_absent_token_and_treats_absent_active_as_true() {
    let at = Organization::new();
    let token = format!("foobar-{}", at.id);
    let (made, path) = create(&at, &json!({ "UserGUID": ZERO, "Active": false, "BearerToken": token }));
    for kept in [None, Some(Value::Null), Some(json!(""))] {
        let mut body = json!({
            "UserGUID": ZERO, "Name": "Updated", "GUID": 5, "TenantGUID": "", "CreatedUtc": "x", "LastUpdateUtc": [],
        });
        if let Some(token) = kept {
            body["BearerToken"] = token;
        }
        let put = at.send("PUT", &path, &body).expect(200);
        put.expect_members(&MEMBERS);
        let mut expected = made.clone();
        (expected["Name"], expected["Active"]) = (json!("Updated"), json!(true));
        expected["LastUpdateUtc"] = put.json()["LastUpdateUtc"].clone();
        assert_eq!(put.json(), expected);
        assert!(text(&expected["LastUpdateUtc"]) > text(&made["LastUpdateUtc"]));
    }
}

#[test]
fn setting_a_token_ends_every_other_secret() {
    let at = Organization::new();
    let [old, new] = ["old", "new"].map(|token| format!("{token}-{}", at.id));
    let (made, path) = create(&at, &json!({ "UserGUID": ZERO, "BearerToken": old }));
    let body = json!({ "UserGUID": ZERO, "Name": "unnamed", "BearerToken": new });
    let put = at.send("PUT", &path, &body).expect(200);
    assert_eq!((&put.json()["BearerToken"], at.get(&path).json()), (&json!(new), put.json()));
    let error = |token: &str| LiteGraph.error(&get(&*path).token(token).send(&*at.client).expect(401));
    assert_eq!((&*error(&old), &*error(&new)), ("AuthenticationFailed", "AuthorizationFailed"));
    // One new revision; no event reports a change of the credential itself.
    let events = at.events(read_id(&made["GUID"]));
    let reported: Vec<_> =
        events.iter().rev().map(|event| (text(&event["action"]), event["revision"].as_u64())).collect();
    let expected = [("created", 1), ("secret_created", 1), ("secret_created", 2), ("secret_ended", 2)];
    assert_eq!(reported, expected.map(|(action, revision)| (action.to_owned(), Some(revision))));
    assert_eq!(at.send("PUT", &path, &body).etag(), put.etag());
}

#[test]
fn setting_another_credentials_token_is_409_and_changes_nothing() {
    let at = Organization::new();
    let other = at.other();
    let taken = format!("taken-{}", at.id);
    create(&other, &json!({ "UserGUID": ZERO, "BearerToken": taken }));
    let (made, path) = create(&at, &json!({ "UserGUID": ZERO }));
    conflict(at.send("PUT", &path, &json!({ "UserGUID": ZERO, "Name": "changed", "BearerToken": taken })));
    assert_eq!(at.get(&path).json(), made);
}

#[test]
fn caller_may_replace_its_own_token_and_an_unsealed_secret_is_not_shown() {
    let at = Organization::new();
    let made = at.send("POST", CLIENTS, &json!({ "name": "self" })).json();
    let (path, secret) =
        (format!("{}/{}", at.litegraph(), read_id(&made["client_id"]).guid()), text(&made["client_secret"]));
    let put = |by: &str, body: &Value| call("PUT", &*path).token(by).json(body).send(&*at.client).expect(200);
    let got = get(&*path).token(&secret).send(&*at.client).expect(200);
    assert_eq!(got.json()["BearerToken"], "");
    assert_eq!(put(&secret, &got.json()).etag(), got.etag());
    // The same token is no change.
    let body =
        |token: &str, active: bool| json!({ "UserGUID": ZERO, "Name": "self", "BearerToken": token, "Active": active });
    let same = put(&secret, &body(&secret, true));
    assert_eq!((same.etag(), &same.json()["BearerToken"]), (got.etag(), &json!("")));
    let mine = format!("mine-{}", at.id);
    let changed = put(&secret, &body(&mine, false)).json();
    assert_eq!((&changed["BearerToken"], &changed["Active"]), (&json!(mine), &json!(false)));
    let error = |token: &str| LiteGraph.error(&get(&*path).token(token).send(&*at.client).expect(401));
    assert_eq!((&*error(&secret), &*error(&mine)), ("AuthenticationFailed", "Inactive"));
}

#[test]
fn update_can_move_a_credential_to_another_user() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let body = json!({ "UserGUID": ZERO });
    let made = call("PUT", tenant.all(LiteGraph)).by_root().json(&body).send(&*client).expect(200).json();
    let body = json!({ "UserGUID": tenant.account.guid(), "Name": "unnamed" });
    let put = tenant.update(LiteGraph, read_id(&made["GUID"])).json(&body).send(&*client).expect(200).json();
    assert_eq!(put["UserGUID"], tenant.account.guid());
    assert!(text(&put["LastUpdateUtc"]) > text(&made["LastUpdateUtc"]));
}

#[test]
fn guids_are_never_reused_even_after_deletion() {
    let client = client();
    let (at, other) = (Tenant::new(&*client), Tenant::new(&*client));
    let [tenant, user, credential] =
        ["aaaaaaaa", "bbbbbbbb", "cccccccc"].map(|begin| format!("{begin}{}", &at.id.guid()[8..]));
    let put = |path: &str, body: &Value| call("PUT", path).by_root().json(body).send(&*client);
    let delete = |path: &str| call("DELETE", path).by_root().send(&*client).expect(200);
    // A credential's GUID is unique over all tenants, a user's within its tenant.
    let (body, users) = (json!({ "GUID": credential, "UserGUID": ZERO }), json!({ "GUID": user }));
    let [own_users, other_users] = [&at, &other].map(|tenant| format!("/v1.0/tenants/{}/users", tenant.id.guid()));
    let used_again = |one: &str, again: &[(&str, &Value)]| {
        for deleted in [false, true] {
            if deleted {
                delete(one);
            }
            for (path, body) in again {
                conflict(put(path, body));
            }
        }
    };
    let credentials = at.all(LiteGraph);
    put(&credentials, &body).expect(200);
    used_again(&format!("{credentials}/{credential}"), &[(&credentials, &body), (&other.all(LiteGraph), &body)]);
    put(&own_users, &users).expect(200);
    put(&other_users, &users).expect(200);
    used_again(&format!("{own_users}/{user}"), &[(&own_users, &users)]);
    let (tenants, body) = ("/v1.0/tenants", json!({ "GUID": tenant, "Name": "used once" }));
    put(tenants, &body).expect(200);
    used_again(&format!("{tenants}/{tenant}"), &[(tenants, &body)]);
}

#[test]
fn missing_credential_missing_tenant_or_invalid_guid_is_404() {
    let at = Organization::new();
    let (body, all) = (json!({ "UserGUID": ZERO, "Name": "n" }), at.litegraph());
    let there = create(&at, &body).0;
    let spelled = read_id(&there["GUID"]);
    for path in [
        format!("{all}/{ZERO}"),
        format!("{all}/missing"),
        format!("{all}/client_x"),
        format!("{all}/{spelled}"),
        format!("{all}/{}", spelled.client()),
        format!("{all}/{}", "a".repeat(2000)),
        "/v1.0/tenants/x/credentials/y".to_owned(),
    ] {
        assert_eq!(LiteGraph.error(&at.send("PUT", &path, &body).expect(404)), "NotFound", "{path}");
        at.get(&path).expect(404);
    }
    at.send("PUT", &format!("/v1.0/tenants/{}/credentials", Id::from_bits(9).guid()), &body).expect(404);
}

/// A preflight takes no trip and succeeds on unknown paths too.
#[test]
fn cors_preflight_succeeds_and_browsers_can_read_every_response() {
    let at = Organization::new();
    let all = at.litegraph();
    let preflight = |url: &str| {
        let call = call("OPTIONS", url).header("origin", "https://app.example");
        let call = call.header("access-control-request-method", "PUT");
        call.header("access-control-request-headers", "authorization,content-type,x-token").send(&*at.client)
    };
    for url in [&all, "/v2.0/tenants/x/credentials", "/v1.0/tenants/", "/v1.0/nowhere", "/v1.0/credentials/bearer/x"] {
        let reply = preflight(url);
        assert_eq!((reply.status, &*reply.text, reply.cost.trips), (204, "", 0), "{url}");
        for (header, parts) in [
            ("access-control-allow-methods", &["GET", "HEAD", "POST", "PUT", "DELETE"][..]),
            ("access-control-allow-headers", &["Authorization", "Content-Type", "X-Token", "X-Request-ID", "If-Match"]),
        ] {
            let listed: Vec<_> = reply.header(header).unwrap().split(", ").collect();
            assert!(parts.iter().all(|part| listed.contains(part)), "{header}: {listed:?}");
        }
        assert!(reply.header("access-control-allow-credentials").is_none(), "there is no cookie to send");
    }
    // Every response is readable, errors included (`Reply::checked`), and has its request id under both names.
    for (call, status) in [(get(&*all).by_root(), 200), (get(&*all), 401)] {
        let reply = call.header("x-request-id", "own-1").send(&*at.client).expect(status);
        assert_eq!(["x-request-id", "x-correlation-id"].map(|name| reply.header(name)), [Some("own-1"); 2]);
    }
    // The other faces are not called from browsers.
    for url in [CLIENTS, "/organizations", "/service-account-token"] {
        preflight(url).expect(405);
    }
}
