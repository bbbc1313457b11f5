//! Failed authentications: which responses count, and by which address and credential. The platform limits them
//! (`tests/worker_faults`).

use serde_json::{Value, json};

use crate::stage::Fails::Before;
use crate::stage::{Ended, OPERATIONS, Stage};
use support::{ROOT, ZERO, text};

const HERE: (&str, &str) = ("cf-connecting-ip", "192.0.2.7");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const GRANT: &str = "grant_type=client_credentials";

/// A request of each face.
const ANY: [(&str, &str); 5] = [
    ("coactive", "GET /api/v1/auth-management/clients"),
    ("litegraph", "GET /v1.0/tenants"),
    ("keycard", "GET /organizations/acme"),
    ("oauth", "POST /oauth/introspect"),
    ("postern", "GET /v1/tenants"),
];

/// Checks that the failure is counted by this address and this id, that the status is 401 (or that of a taken token),
/// and that no secret is in it.
#[track_caller]
fn is_counted(stage: &Stage, ended: &Ended, by_address: &[&str], named: Option<&str>) {
    let reply = &ended.reply;
    assert!([401, 409].contains(&reply.status), "{}", reply.text);
    let failed = ended.failed.as_ref().unwrap_or_else(|| panic!("not counted: {}", reply.text));
    assert_eq!(failed.by_address, by_address, "{}", reply.text);
    assert_eq!(failed.by_credential.as_deref(), named, "{}", reply.text);
    for text in failed.by_address.iter().chain(&failed.by_credential) {
        stage.holds_no_secret(text);
    }
    // The 429 that may replace the response belongs to the same request.
    let (instead, header) = (&failed.instead, |name: &str| {
        failed.instead.headers.iter().find(|(header, _)| *header == name).map(|(_, value)| value.as_str())
    });
    assert_eq!((instead.status, header("retry-after")), (429, Some("60")));
    assert_eq!(header("x-request-id"), reply.header("x-request-id"));
    assert_eq!(header("x-should-retry"), None, "a client may wait and retry");
    assert_eq!(header("www-authenticate"), None);
    stage.holds_no_secret(&instead.body);
}

#[track_caller]
fn is_not_counted(ended: &Ended, status: u16) {
    assert_eq!((ended.reply.status, ended.failed.is_some()), (status, false), "{}", ended.reply.text);
}

fn basic(client: &str, secret: &str) -> String {
    support::scene::basic(client, secret).1
}

/// A well-formed token that does not exist, and the id of the secret in it.
fn unknown_token(stage: &Stage) -> (String, String) {
    let (client, token) = stage.world.client(&json!({ "name": "gone" }));
    let sql = "SELECT s.id FROM secrets s JOIN credentials c ON c.id = s.credential WHERE c.name = 'gone'";
    let id = text(&stage.world.db.query(sql, &[])[0], "id");
    let url = support::client_url(&client);
    let deleted =
        stage.send(&[], &format!("DELETE {url}"), &[("authorization", &format!("Bearer {}", stage.admin.1))], "");
    assert_eq!(deleted.reply.status, 200, "{}", deleted.reply.text);
    (token, id)
}

#[test]
fn failed_authentication_is_counted_by_address_and_named_credential_on_every_face() {
    let stage = Stage::new();
    let (token, secret) = unknown_token(&stage);
    let (client, _) = &stage.admin;
    let credential = stage.world.db.query("SELECT id FROM credentials WHERE name = 'admin'", &[]);
    let credential = text(&credential[0], "id");
    for (face, request) in ANY {
        let by = |authorization: &str| {
            let (body, more) = if face == "oauth" { ("token=x", Some(FORM)) } else { ("", None) };
            let mut headers = vec![HERE, ("x-postern-tenant", "acme")];
            headers.extend((!authorization.is_empty()).then_some(("authorization", authorization)));
            headers.extend(more);
            stage.send(&[], request, &headers, body)
        };
        // And for the tenant in the path, if it has one.
        let here = if face == "keycard" { &[HERE.1, "acme"][..] } else { &[HERE.1] };
        // Malformed tokens identify no credential: only the address is counted.
        for garbage in ["", "Bearer pstn_x", "Digest x", "Basic !", "Bearer client_x:y", &basic("x", "y")] {
            is_counted(&stage, &by(garbage), here, None);
        }
        // An unknown secret is counted by its id; with a client id, by the client id.
        is_counted(&stage, &by(&format!("Bearer {token}")), here, Some(&secret));
        is_counted(&stage, &by(&format!("Bearer {client}:{token}")), here, Some(&credential));
        is_counted(&stage, &by(&basic(client, &token)), here, Some(&credential));
        is_counted(&stage, &by(&basic(client, &stage.token)), here, Some(&credential));
    }
}

#[test]
fn failed_log_in_is_counted_by_the_client_it_names() {
    let stage = Stage::new();
    let (client, secret) = &stage.admin;
    let credential = stage.world.db.query("SELECT id FROM credentials WHERE name = 'admin'", &[]);
    let credential = text(&credential[0], "id");
    let wrong = &stage.token;
    let json = ("content-type", "application/json");
    let in_form = |secret: &str| format!("{GRANT}&client_id={client}&client_secret={secret}");
    for (request, content_type, body) in [
        ("POST /api/v1/login", json, r#"{"grant_type":"client_credentials"}"#),
        ("POST /oauth/token", FORM, GRANT),
        ("POST /service-account-token", FORM, GRANT),
    ] {
        let by = |authorization: &str| {
            stage.send(&[], request, &[HERE, content_type, ("authorization", authorization)], body)
        };
        is_counted(&stage, &by(&basic(client, wrong)), &[HERE.1], Some(&credential));
        is_counted(&stage, &by(&basic(client, "pstn_garbage")), &[HERE.1], None);
        is_not_counted(&by(&basic(client, secret)), 200);
        if content_type == FORM {
            let by_form = |secret: &str| stage.send(&[], request, &[HERE, FORM], &in_form(secret));
            is_counted(&stage, &by_form(wrong), &[HERE.1], Some(&credential));
            is_not_counted(&by_form(secret), 200);
        }
    }
}

#[test]
fn expired_and_revoked_secrets_count_as_failures_but_disabled_ones_do_not() {
    let stage = Stage::new();
    let secret = stage.world.db.query("SELECT id FROM secrets WHERE sealed IS NOT NULL", &[]);
    let secret = text(&secret[0], "id");
    let read =
        |token: &str| stage.send(&[], "GET /v1/tenants", &[HERE, ("authorization", &format!("Bearer {token}"))], "");
    let change = |step: &str, body: Value| {
        let method = if step.is_empty() { "PATCH" } else { "POST" };
        stage.world.call(method, &stage.ours(step), ROOT, &body).expect(200);
    };
    let pair = format!("{GRANT}&client_id={}&client_secret={}", stage.id.client(), stage.token);
    let access = stage.send(&[], "POST /oauth/token", &[HERE, FORM], &pair);
    let access = text(&access.reply.json(), "access_token");

    is_not_counted(&read(&stage.token), 200);
    is_not_counted(&read(&access), 200);
    // The secret was correct, so nothing is being guessed.
    change("", json!({ "enabled": false }));
    is_not_counted(&read(&stage.token), 401);
    is_not_counted(&read(&access), 401);
    change("", json!({ "enabled": true }));
    change("/revoke", Value::Null);
    is_counted(&stage, &read(&stage.token), &[HERE.1], Some(&secret));
    is_counted(&stage, &read(&access), &[HERE.1], Some(&secret));
    change("/restore", Value::Null);
    change("", json!({ "expires_at": "2026-11-20T00:00:00Z" }));
    is_counted(&stage, &read(&stage.token), &[HERE.1], Some(&secret));
    change("", json!({ "expires_at": null }));
    change("/rotate", json!({ "grace_seconds": 0 }));
    is_counted(&stage, &read(&stage.token), &[HERE.1], Some(&secret));
    is_counted(&stage, &read(&access), &[HERE.1], Some(&secret));
    let (kept, last) = access.split_at(access.len() - 1);
    let forged = format!("{kept}{}", if last == "0" { "1" } else { "0" });
    is_counted(&stage, &read(&forged), &[HERE.1], None);
}

/// A conflict on a token reveals that somebody uses the token. So these conflicts are counted, although the caller is
/// authorized.
#[test]
fn token_conflict_counts_as_a_failure_of_the_caller() {
    let stage = Stage::new();
    let body = json!({ "UserGUID": ZERO, "BearerToken": stage.token }).to_string();
    let request = format!("PUT /v1.0/tenants/{ZERO}/credentials");
    let by = |token: &str| stage.send(&[], &request, &[HERE, ("authorization", &format!("Bearer {token}"))], &body);
    let secret = stage
        .world
        .db
        .query("SELECT s.id FROM secrets s JOIN credentials c ON c.id = s.credential WHERE c.name = 'admin'", &[]);
    let acme = "0".repeat(26);
    is_counted(&stage, &by(&stage.admin.1), &[HERE.1, &acme], Some(&text(&secret[0], "id")));
    is_counted(&stage, &by(ROOT), &[HERE.1, &acme], None);
    // A conflict on an id reveals no secret.
    let taken = json!({ "UserGUID": ZERO, "GUID": stage.id.guid() }).to_string();
    let bearer = format!("Bearer {}", stage.admin.1);
    is_not_counted(&stage.send(&[], &request, &[HERE, ("authorization", &bearer)], &taken), 409);
}

#[test]
fn failures_are_counted_by_the_address_from_the_platform() {
    let stage = Stage::new();
    for (header, counted) in [
        (Some("192.0.2.7"), &["192.0.2.7"][..]),
        (Some("2001:db8:1:2:3:4:5:6"), &["2001:db8:1:2::/64", "2001:db8:1::/48"]),
        (Some("2001:db8:1:2::9"), &["2001:db8:1:2::/64", "2001:db8:1::/48"]),
        (Some("::ffff:192.0.2.7"), &["192.0.2.7"]),
        (Some("192.0.2.7, 192.0.2.8"), &[]),
        (Some("nowhere"), &[]),
        (Some(""), &[]),
        (None, &[]),
    ] {
        // Headers that a client can set are ignored.
        let mut headers = vec![("x-forwarded-for", "198.51.100.1"), ("x-real-ip", "198.51.100.1")];
        headers.extend(header.map(|address| ("cf-connecting-ip", address)));
        is_counted(&stage, &stage.send(&[], "GET /v1/tenants", &headers, ""), counted, None);
    }
}

#[test]
fn successes_and_other_errors_are_not_counted() {
    // Every operation that succeeds, and callers that are rejected for another reason.
    for operation in &*OPERATIONS {
        let stage = Stage::set_for(operation);
        let ended = stage.run_with(operation, &[], &[HERE]);
        assert!(ended.reply.status < 300 && ended.failed.is_none(), "{}: {}", operation.name(), ended.reply.text);
    }
    let stage = Stage::new();
    let viewer = format!("Bearer {}", stage.world.caller(&["viewer"]));
    let admin = format!("Bearer {}", stage.admin.1);
    let credential = format!("PATCH {}", stage.ours(""));
    let send = |by: &str, request: &str, more: &[(&str, &str)], body: &str| {
        let headers = [&[HERE, ("authorization", by), ("x-postern-tenant", "acme")], more].concat();
        stage.send(&[], request, &headers, body)
    };
    is_not_counted(&send(&viewer, &credential, &[], r#"{"name":"x"}"#), 403);
    // LiteGraph reports a forbidden request as 401.
    is_not_counted(&send(&viewer, &format!("GET /v1.0/tenants/{ZERO}/credentials"), &[], ""), 401);
    is_not_counted(&send(&admin, "GET /v1/tenants/zz", &[], ""), 404);
    is_not_counted(&send(&admin, "GET /v1/nothing", &[], ""), 404);
    is_not_counted(&send("", "GET /v1/nothing", &[], ""), 404);
    is_not_counted(&send("", "DELETE /v1/verify", &[], ""), 405);
    is_not_counted(&send("", "POST /v1/verify", &[], "{"), 400);
    is_not_counted(&send(&admin, &credential, &[("if-match", "\"x.9\"")], r#"{"name":"x"}"#), 412);
    is_not_counted(&send(&admin, &credential, &[], r#"{"name":""}"#), 422);
    // Verification and lookup by token are allowed to the caller, so unknown tokens in them are not counted.
    is_not_counted(&send(&admin, "POST /v1/verify", &[], r#"{"token":"pstn_x"}"#), 200);
    is_not_counted(&send(&admin, "POST /oauth/introspect", &[FORM], "token=x"), 200);
    is_not_counted(&send(&admin, "GET /v1.0/credentials/bearer/nobodys", &[], ""), 404);
    // A proxy's question is not counted either, also if its own credential is refused (decision 0013).
    for (verifier, client, status) in [
        (&*stage.admin.1, "Bearer nobodys", 401),
        (&*stage.admin.1, "", 401),
        ("nobodys", &*admin, 503),
        ("", &*admin, 503),
    ] {
        let asked = send(client, "GET /v1/authorize?authenticated=1", &[("postern-verifier", verifier)], "");
        is_not_counted(&asked, status);
    }
    // A database failure says nothing about the caller.
    let failing = [Some(Before("no answer of the database in time"))];
    is_not_counted(&stage.send(&failing, "GET /v1/tenants", &[HERE, ("authorization", &viewer)], ""), 503);
}
