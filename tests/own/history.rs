//! The history: what was changed, before and after, by whom, in which request; never a secret.

use serde_json::{Value, json};

use crate::stage::*;

fn items(world: &World, url: &str, by: &str) -> Vec<Value> {
    let reply = world.get(url, by);
    assert_eq!(reply.status, 200, "{}", reply.text);
    one_trip(&reply);
    reply.json()["items"].as_array().unwrap().clone()
}

#[test]
fn an_event_tells_field_by_field_who_did_what_in_which_request() {
    let world = World::new();
    let admin = make(&world, &json!({ "name": "admin", "roles": null }));
    let made = plain(&world);
    let body = json!({ "name": "b", "expires_at": "2027-01-01T00:00:00Z" });
    let reply = send(&world, "PATCH", &made.url, &admin.secret, &[("x-request-id", "my-request-7")], &body);
    assert_eq!((reply.status, reply.header("x-request-id")), (200, Some("my-request-7")));
    let at = time(world.now.get());
    let events = items(&world, &made.under("events"), ROOT);
    assert_eq!(
        events[0],
        json!({
            "seq": events[0]["seq"], "at": at, "action": "updated", "credential": made.id, "secret": null, "revision": 2,
            "by": admin.id, "request_id": "my-request-7", "widened_access": false,
            "changes": {
                "name": { "before": "plain", "after": "b" },
                "expires_at": { "before": null, "after": "2027-01-01T00:00:00.000000Z" },
            },
        })
    );
    let told: Vec<_> = events.iter().map(|event| (text(event, "action"), text(event, "by"))).collect();
    assert_eq!(
        told[1..],
        [("secret_created".to_owned(), "root".to_owned()), ("created".to_owned(), "root".to_owned())]
    );
    assert_eq!(events[1]["request_id"], events[2]["request_id"], "one request, several events");
    let reply = world.get(&format!("{}?limit=1", made.under("events")), ROOT);
    assert_eq!(reply.members(), ["items", "next"]);
    assert!(reply.text.starts_with(r#"{"items":[{"seq":"#));
}

#[test]
fn it_is_read_by_pages_newest_first_each_event_once() {
    let world = World::new();
    let [one, two] = [plain(&world), plain(&world)];
    for round in 0..9 {
        for made in [&one, &two] {
            let body = json!({ "description": format!("{round}"), "metadata": { "round": format!("{round}") } });
            assert_eq!(world.call("PATCH", &made.url, ROOT, &body).status, 200);
        }
    }
    assert_eq!(world.call("POST", &one.under("rotate"), ROOT, &json!({ "grace_seconds": 5 })).status, 200);
    assert_eq!(world.call("DELETE", &one.url, ROOT, &Value::Null).status, 204);
    let every = world.db.query("SELECT seq, credential FROM events WHERE tenant = ?1 ORDER BY seq DESC", &[&ACME]);
    let seqs = |of: Option<&str>| -> Vec<i64> {
        let of_it = every.iter().filter(|row| of.is_none_or(|of| row["credential"] == of));
        of_it.map(|row| row["seq"].as_i64().unwrap()).collect()
    };
    for (url, expected) in [
        (format!("{TENANT}/events"), seqs(None)),
        (one.under("events"), seqs(Some(&one.id))),
        (two.under("events"), seqs(Some(&two.id))),
    ] {
        for limit in [1, 7, 100] {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let reply = world.get(&format!("{url}?limit={limit}{cursor}"), ROOT);
                assert_eq!(reply.status, 200, "{}", reply.text);
                one_trip(&reply);
                let page = reply.json();
                let items = page["items"].as_array().unwrap();
                seen.extend(items.iter().map(|event| event["seq"].as_i64().unwrap()));
                let Some(next) = page["next"].as_str() else { break };
                assert_eq!(items.len(), limit, "only the last page is short");
                cursor = format!("&cursor={next}");
            }
            assert_eq!(seen, expected, "{url} by {limit}");
        }
    }
    // What happens between two pages is newer than both, and moves neither.
    let url = format!("{TENANT}/events");
    let first = world.get(&format!("{url}?limit=5"), ROOT).json();
    plain(&world);
    let second = items(&world, &format!("{url}?limit=5&cursor={}", text(&first, "next")), ROOT);
    let told: Vec<_> =
        first["items"].as_array().unwrap().iter().chain(&second).map(|event| event["seq"].clone()).collect();
    assert_eq!(told, every[..10].iter().map(|row| row["seq"].clone()).collect::<Vec<_>>());
    assert_eq!(items(&world, &one.under("events"), ROOT)[0]["action"], "deleted", "also of what is gone");
}

#[test]
fn who_may_read_it_and_what_is_no_page() {
    let world = World::new();
    let made = plain(&world);
    let viewer = world.caller(&["viewer"]);
    let stranger = other_tenant(&world);
    let foreign = make_in_other(&world);
    for url in [made.under("events"), format!("{TENANT}/events")] {
        assert_eq!(world.get(&url, &viewer).status, 200);
        is(&world.get(&url, &stranger), 404, "no_tenant");
        for query in ["limit=0", "limit=101", "limit=x", "cursor=x", "cursor=-1", "cursor=99999999999999999999"] {
            let reply = world.get(&format!("{url}?{query}"), &viewer);
            is(&reply, 400, "bad_parameters");
            assert_eq!(reply.cost.trips, 0);
        }
        assert_eq!(
            world.get(&format!("{url}?cursor=1&limit=0"), &viewer).json()["violations"].as_array().unwrap().len(),
            1
        );
    }
    for id in ["01arz3ndektsv4rrffq69g5fav", "nonsense", foreign.as_str()] {
        is(&world.get(&format!("{CREDENTIALS}/{id}/events"), &viewer), 404, "no_credential");
    }
    // A cursor of another credential's event begins at nothing of this one.
    let other = plain(&world);
    let seq = items(&world, &other.under("events"), ROOT)[0]["seq"].clone();
    assert_eq!(items(&world, &format!("{}?cursor={seq}", made.under("events")), ROOT), Vec::<Value>::new());
    let acme = world.get(&format!("{TENANT}/events?limit=100"), ROOT).text;
    assert!(!acme.contains(&foreign), "another tenant's events are not told");
}

fn make_in_other(world: &World) -> String {
    let reply =
        world.call("POST", &format!("{TENANTS}/{OTHER}/credentials"), ROOT, &json!({ "name": "f", "roles": null }));
    text(&reply.json(), "id")
}

#[test]
fn no_secret_is_ever_in_it() {
    let world = World::new();
    let made = plain(&world);
    let own = "a-token-of-its-own-0123456789";
    let put = json!({ "UserGUID": support::ZERO, "Name": "x", "BearerToken": own });
    assert_eq!(world.call("PUT", &made.litegraph(), ROOT, &put).status, 200);
    let rotated =
        text(&world.call("POST", &made.under("rotate"), ROOT, &json!({ "grace_seconds": 9 })).json(), "secret");
    assert_eq!(world.call("POST", &made.under("rotate/cancel"), ROOT, &Value::Null).status, 200);
    assert_eq!(world.call("DELETE", &made.url, ROOT, &Value::Null).status, 204);
    for url in [made.under("events"), format!("{TENANT}/events")] {
        let told = world.get(&format!("{url}?limit=100"), ROOT).text;
        for secret in [&made.secret, &rotated, own, ROOT] {
            let random = secret.split('_').nth(2).unwrap_or(secret);
            assert!(!told.contains(random), "{url}");
        }
        let digests = world.db.query("SELECT digest FROM secrets", &[]);
        assert!(digests.iter().all(|row| !told.contains(row["digest"].as_str().unwrap())));
    }
}

/// Must show 4 of the face's issue: on our own face a PUT without roles is refused by name; on Coactive's it is the contract's
/// full access, and the history says that access was widened.
#[test]
fn a_put_without_roles_is_refused_here_and_told_as_widened_there() {
    let world = World::new();
    let made = plain(&world);
    let refused = world.call("PUT", &made.url, ROOT, &without(&whole(json!({})), "roles"));
    assert_eq!(violations(&refused), pairs(&[("/roles", "missing")]));
    let put = world.call("PUT", &made.coactive(), ROOT, &json!({ "name": "plain" }));
    assert_eq!(put.status, 200, "{}", put.text);
    let event = &items(&world, &made.under("events"), ROOT)[0];
    assert_eq!(event["widened_access"], true);
    assert_eq!(event["changes"], json!({ "roles": { "before": [{ "role_id": "viewer" }], "after": null } }));
}
