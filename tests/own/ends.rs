//! Ends: of a credential, and of what a caller with an end makes.

use serde_json::{Value, json};

use crate::stage::*;

#[test]
fn an_end_is_set_moved_and_taken_away() {
    let world = World::new();
    let made = make(&world, &json!({ "name": "a", "roles": null, "expires_at": "2026-11-21T03:00:00+02:00" }));
    assert_eq!(made.body["expires_at"], "2026-11-21T01:00:00.000000Z", "as UTC, with microseconds");
    world.now.set(START + HOUR - 1002);
    assert!(holds(&world, &made.secret));
    world.now.set(START + HOUR - 1000);
    is(&world.get(&made.url, &made.secret), 401, "unauthenticated");
    let set = |end: Value| world.call("PATCH", &made.url, ROOT, &json!({ "expires_at": end }));
    assert_eq!(set(Value::Null).json()["expires_at"], Value::Null);
    assert!(holds(&world, &made.secret));
    // An end in the past is an end.
    assert_eq!(set(json!(time(START))).status, 200);
    assert!(!holds(&world, &made.secret));
    assert_eq!(set(json!(time(START + DAY))).status, 200);
    assert!(holds(&world, &made.secret));
    let widened: Vec<_> = world.history(&made.id).iter().skip(2).map(|event| event["widened"].clone()).collect();
    assert_eq!(widened, [1, 0, 1], "no end, an earlier one, a later one");
    for wrong in ["", "tomorrow", "2026-11-21", "1969-12-31T23:59:59Z", "9999-01-01T00:00:00Z"] {
        let reply = set(json!(wrong));
        assert_eq!(violations(&reply)[0].0, "/expires_at", "{wrong}");
    }
    assert_eq!(violations(&set(json!(1_795_219_200))), pairs(&[("/expires_at", "type")]));
}

#[test]
fn a_caller_with_an_end_cannot_set_a_later_one_or_none() {
    let world = World::new();
    let end = START + DAY;
    let caller = make(&world, &json!({ "name": "a", "roles": null, "expires_at": time(end) }));
    let target = plain(&world);
    let ending = make(&world, &json!({ "name": "b", "roles": null, "expires_at": time(START + HOUR) }));
    let before = world.stored_but_last_use();
    let mut allowed = Vec::new();
    for later in [json!(time(end + 1)), json!("2099-01-01T00:00:00Z"), Value::Null] {
        for (method, url, body) in [
            ("POST", CREDENTIALS, json!({ "name": "x", "roles": null, "expires_at": later })),
            ("PATCH", &ending.url, json!({ "expires_at": later })),
            ("PUT", &ending.url, whole(json!({ "roles": null, "expires_at": later }))),
            ("PATCH", &caller.url, json!({ "expires_at": later })),
        ] {
            let reply = world.call(method, url, &caller.secret, &body);
            if reply.status != 403 || text(&reply.json(), "code") != "forbidden_change" {
                allowed.push(format!("{method} {url} {later}: {}", reply.status));
            }
        }
    }
    assert!(allowed.is_empty(), "{}", allowed.join("\n"));
    assert_eq!(world.stored_but_last_use(), before);
    // What had none before is left as it is, and may be given one.
    let patch = |url: &str, body: Value| world.call("PATCH", url, &caller.secret, &body);
    assert_eq!(patch(&target.url, json!({ "name": "renamed", "expires_at": null })).status, 200);
    assert_eq!(patch(&target.url, json!({ "expires_at": time(end) })).status, 200);
    assert_eq!(patch(&ending.url, json!({ "expires_at": time(end) })).status, 200, "later, and not later than its own");
}

/// An end is no rank: who may read, or edit, may do so until then.
#[test]
fn a_viewer_or_editor_with_an_end_may_do_what_it_may() {
    let world = World::new();
    let target = plain(&world);
    let mut refused = Vec::new();
    for role in ["viewer", "editor"] {
        let roles = json!([{ "role_id": role }]);
        let caller = make(&world, &json!({ "name": role, "roles": roles, "expires_at": time(START + DAY) }));
        let client = postern::credential::id::Id::parse(&caller.id).unwrap().client();
        let form = format!("grant_type=client_credentials&client_id={client}&client_secret={}", caller.secret);
        let typed = [("content-type", "application/x-www-form-urlencoded")];
        let token = world.send("POST", "/oauth/token", &typed, form.as_bytes());
        let mut replies = vec![("/oauth/token".to_owned(), token.status)];
        for url in [
            TENANTS,
            TENANT,
            PRINCIPALS,
            CREDENTIALS,
            &target.url,
            &target.under("events"),
            &format!("{TENANT}/events"),
            &format!("{PRINCIPALS}/{ACME}"),
            "/organizations",
            "/organizations/acme/service-accounts",
        ] {
            replies.push((url.to_owned(), world.get(url, &caller.secret).status));
        }
        replies.push((
            "verify".to_owned(),
            world.call("POST", "/v1/verify", &caller.secret, &json!({ "token": "x" })).status,
        ));
        if role == "editor" {
            let name = json!({ "name": "renamed" });
            replies.push(("PATCH".to_owned(), world.call("PATCH", &target.url, &caller.secret, &name).status));
            let url = format!("{PRINCIPALS}/{ACME}");
            replies.push(("PATCH principal".to_owned(), world.call("PATCH", &url, &caller.secret, &name).status));
        }
        refused.extend(
            replies
                .into_iter()
                .filter(|(_, status)| *status != 200)
                .map(|(url, status)| format!("{role} {url}: {status}")),
        );
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn what_it_makes_without_a_word_ends_with_it_on_every_face() {
    let world = World::new();
    let end = START + DAY;
    let caller = make(&world, &json!({ "name": "a", "roles": null, "expires_at": time(end) })).secret;
    let made = make_by(&world, &caller, &json!({ "name": "x", "roles": null }));
    assert_eq!(made.body["expires_at"], time(end));
    let sooner = make_by(&world, &caller, &json!({ "name": "x", "roles": null, "expires_at": time(START + HOUR) }));
    assert_eq!(sooner.body["expires_at"], time(START + HOUR));
    let client = world.call("POST", support::CLIENTS, &caller, &json!({ "name": "x" })).json();
    let guid = world
        .call(
            "PUT",
            &format!("/v1.0/tenants/{}/credentials", support::ZERO),
            &caller,
            &json!({ "UserGUID": support::ZERO }),
        )
        .json();
    let keycard = format!("/organizations/acme/service-accounts/{ACME}/credentials");
    let keycard = world.call("POST", &keycard, &caller, &json!({ "name": "x" })).json();
    let parse = |text: &str| {
        postern::credential::id::Id::parse_either(text)
            .or_else(|| postern::credential::id::Id::parse_client(text))
            .expect("an id")
    };
    for id in [text(&client, "client_id"), text(&guid, "GUID"), text(&keycard, "id")] {
        assert_eq!(read(&world, &format!("{CREDENTIALS}/{}", parse(&id)))["expires_at"], time(end), "{id}");
    }
}
