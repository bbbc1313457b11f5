//! The running Worker leaves no secret behind: in the files of D1, its write-ahead log included, or in the Worker's
//! log.

use std::path::Path;

use serde_json::json;

use support::client::{Client, OAUTH_TOKEN, TOKEN, call, get};
use support::face::Face::{Keycard, LiteGraph, Postern};
use support::face::roles;
use support::http::server;
use support::tenant::{Tenant, text};

const CANARY: &str = "canary-7f3d91c2-that-must-not-be-found";

/// The number of files with one of these texts, and the total number of files.
fn found(place: &Path, texts: &[&str]) -> (Vec<String>, usize) {
    if place.is_file() {
        let bytes = std::fs::read(place).expect("a file that the Worker left");
        // Searched as text, which is fast: invalid UTF-8 does not affect the text around it.
        let all = String::from_utf8_lossy(&bytes);
        let holds = |text: &&&str| all.contains(**text);
        return (texts.iter().filter(holds).map(|text| format!("{text} in {}", place.display())).collect(), 1);
    }
    let inside =
        std::fs::read_dir(place).expect("a folder").map(|entry| found(&entry.expect("an entry").path(), texts));
    inside.fold((Vec::new(), 0), |(mut all, files), (some, more)| {
        all.extend(some);
        (all, files + more)
    })
}

#[test]
fn database_files_and_log_contain_no_secret() {
    let given = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `make test`"));
    let tenant = Tenant::new(server());
    // As a token chosen by a client, sealed and returned again; and as the secret of each form of authentication.
    let body = json!({ "UserGUID": tenant.account.guid(), "Name": "canary", "BearerToken": CANARY });
    let made = call("PUT", tenant.all(LiteGraph)).token(&tenant.admin).json(&body).send(server()).expect(200).json();
    assert_eq!(made["BearerToken"], CANARY);
    let url = format!("{}/{}", tenant.all(LiteGraph), text(&made["GUID"]));
    get(&url).token(CANARY).send(server()).expect(401);
    get(&url).header("x-token", CANARY).send(server()).expect(401);
    // In a URL, where LiteGraph's clients put one; in a header and a body that is ignored or unreadable.
    let bearer = format!("/v1.0/credentials/bearer/{CANARY}?token={CANARY}");
    assert_eq!(get(&bearer).token(&tenant.admin).send(server()).expect(200).json()["BearerToken"], CANARY);
    get(format!("{bearer}&order={CANARY}")).token("of-nobody").send(server()).expect(401);
    get(format!("{}?token={CANARY}&guids={CANARY}", tenant.all(LiteGraph)))
        .token(&tenant.admin)
        .send(server())
        .expect(400);
    get(format!("{url}{CANARY}"))
        .token(&tenant.admin)
        .header("x-request-id", format!("<{CANARY}>"))
        .send(server())
        .expect(404);
    call("PUT", &url).token(&tenant.admin).bytes(format!("{{\"BearerToken\":\"{CANARY}\"")).send(server()).expect(400);
    let name = format!("unread-{}", tenant.id);
    call("PATCH", tenant.one(Keycard, tenant.subject().id))
        .token(&tenant.admin)
        .json(&json!({ "name": name, CANARY: CANARY }))
        .send(server())
        .expect(200);
    // As a user's password, which is accepted and never stored.
    let user = json!({ "FirstName": name, "Password": CANARY });
    let users = format!("/v1.0/tenants/{}/users", tenant.id.guid());
    call("PUT", users).token(&tenant.admin).json(&user).send(server()).expect(200);

    // An access token, issued and used in each form, and the secret that it was issued for.
    let (client, secret) = tenant.client(&json!({ "name": "logs in", "roles": roles(&["admin"]) }));
    let form = format!("grant_type=client_credentials&client_id={client}&client_secret={secret}");
    let access = text(&call("POST", TOKEN).form(&form).send(server()).expect(200).json()["access_token"]);
    let login = call("POST", "/api/v1/login").basic(&format!("{client}:{secret}")).send(server()).expect(200).json();
    let login = text(&login["access_token"]);
    get(&url).token(&access).send(server()).expect(200);
    get(&url).header("x-token", login.as_str()).send(server()).expect(200);
    get(format!("/v1.0/credentials/bearer/{access}?token={login}")).token(&tenant.admin).send(server()).expect(404);
    call("DELETE", format!("{url}?by={access}")).token(&access).send(server()).expect(200);
    get(&url).token(CANARY).send(server()).expect(401);

    // On our own face: a secret that is returned twice under a random key, the secret that replaces it, and
    // verifications of both in each form.
    let under_a_key = || {
        let made = call("POST", tenant.all(Postern)).token(&tenant.admin).header("idempotency-key", CANARY);
        made.json(&json!({ "name": name, "roles": null, "access": "admin" })).send(server()).expect(201).json()
    };
    let (made, again) = (under_a_key(), under_a_key());
    assert_eq!(made, again);
    let (first, one) = (text(&made["secret"]), format!("{}/{}", tenant.all(Postern), text(&made["id"])));
    let rotate = call("POST", format!("{one}/rotate")).token(&first).json(&json!({ "grace_seconds": 60 }));
    let second = text(&rotate.send(server()).expect(200).json()["secret"]);
    let form = format!("grant_type=client_credentials&client_id=client_{}&client_secret={second}", text(&made["id"]));
    let third = text(&call("POST", OAUTH_TOKEN).form(&form).send(server()).expect(200).json()["access_token"]);
    for token in [&first, &second, &third, CANARY] {
        assert_eq!(tenant.verify(token).json()["active"], token != CANARY);
        call("POST", "/oauth/introspect")
            .token(&tenant.admin)
            .form(&format!("token={token}"))
            .send(server())
            .expect(200);
        let list = get(format!("{}?cursor={token}&name_prefix={token}", tenant.all(Postern))).token(&tenant.admin);
        list.send(server()).expect(400);
        call("POST", format!("{one}/rotate/finish")).token(token).header("if-match", token.to_owned()).send(server());
        call("PATCH", &one).token(&tenant.admin).json(&json!({ token.to_owned(): 1 })).send(server()).expect(422);
    }
    get(format!("{one}/events")).token(&tenant.admin).send(server()).expect(200);

    let (state, log) = (given("POSTERN_STATE"), given("POSTERN_LOG"));
    let root = server().root_token();
    let secrets = [CANARY, &tenant.admin, root, &secret, &access, &login, &first, &second, &third];
    let (leaks, files) = found(Path::new(&state), &secrets);
    assert!(leaks.is_empty() && files > 0, "{files} files: {leaks:?}");
    assert!(found(Path::new(&log), &secrets).0.is_empty(), "in the log");
    // The search works: the name, which is not secret, is found.
    assert!(!found(Path::new(&state), &[&name]).0.is_empty(), "the search finds nothing at all");
}
