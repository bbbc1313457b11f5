//! The history: the changed fields, before and after, the caller, and the request.

use postern::credential::field::{Noun, Verb};
use postern::credential::id::Id;
use postern::route::{Operation, ROUTES, Route};
use serde_json::{Value, json};

use support::client;
use support::cursors::event_cursor;
use support::face::Face::Postern;
use support::routes::{self, PathIds};
use support::tenant::{Tenant, nobody, read_id, text};
use support::{call, get};

#[test]
fn event_reports_the_changed_fields_the_caller_and_the_request() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let (admin, own) = (tenant.own(json!({ "roles": null })), tenant.own(json!({})));
    let body = json!({ "name": "b", "expires_at": "2200-01-01T00:00:00Z" });
    let patch = call("PATCH", &own.path).token(&admin.secret).header("x-request-id", "my-request-7").json(&body);
    let patched = patch.send(&*client).expect(200);
    assert_eq!(patched.header("x-request-id"), Some("my-request-7"));
    let events = tenant.events(&own);
    assert_eq!(
        events[0],
        json!({
            "seq": events[0]["seq"], "at": patched.json()["updated_at"], "action": "updated", "noun": "credential", "id": own.id,
            "secret": null, "revision": 2, "by": admin.id, "request_id": "my-request-7", "widened_access": false,
            "changes": {
                "name": { "before": "own", "after": "b" },
                "expires_at": { "before": null, "after": "2200-01-01T00:00:00.000000Z" },
            },
        })
    );
    let reported: Vec<_> = events[1..].iter().map(|event| text(&event["action"])).collect();
    assert_eq!(reported, ["secret_created", "created"]);
    assert_eq!(events[1]["request_id"], events[2]["request_id"], "one request, several events");
    assert_eq!(events[1]["by"], events[2]["by"]);
    let by_root = call("PATCH", &own.path).by_root().json(&json!({ "name": "c" })).send(&*client).expect(200);
    assert_eq!((tenant.events(&own)[0]["by"].clone(), by_root.revision()), (json!("root"), 3));
    let reply = tenant.send("GET", own.under("events?limit=1"), &Value::Null);
    assert_eq!(reply.members(), ["items", "next"]);
    assert!(reply.text.starts_with(r#"{"items":[{"seq":"#));
}

/// Walks the route table, so new routes are covered: on a credential with one secret, and while it has two, where the routes of
/// the caller's own credential are called with the older one. The events of a deleted tenant cannot be read: store/deleted.rs.
#[test]
fn events_of_every_route_state_the_caller_the_request_and_one_time() {
    let client = client();
    let is_tried = |route: &&Route| {
        !routes::reads(route) && !matches!(route.operation, Operation::LogIn(_) | Operation::Delete(Noun::Tenant))
    };
    for route in ROUTES.iter().filter(is_tried) {
        for is_rotating in [false, true] {
            if is_rotating && matches!(route.operation, Operation::Write(_, Verb::Rotate)) {
                continue;
            }
            let of = format!("{}, rotating: {is_rotating}", routes::title(route));
            let tenant = Tenant::new(&*client);
            let ids = PathIds::new(&tenant);
            routes::prepare(route, &ids);
            if is_rotating {
                // Fails if the credential is already rotating, or is revoked.
                let path = format!("{}/rotate", tenant.one(Postern, ids.credential));
                tenant.send("POST", path, &json!({ "grace_seconds": 3600 }));
            }
            // A second admin, which did not create the resources.
            let another = Tenant { admin: tenant.caller(&["admin"]), label: tenant.label.clone(), ..tenant };
            let ids = PathIds { tenant: &another, ..ids };
            let events = |tenant: Id| {
                let all = format!("/v1/tenants/{tenant}/events?limit=100");
                get(all).by_root().send(&*client).expect(200).items()
            };
            let (known, admin) = (events(tenant.id).len(), another.look("/v1/self")["id"].clone());
            let reply = routes::permitted(route, &ids).header("x-request-id", "this-one").send(&*client);
            assert_eq!(reply.status, routes::status(route), "{of}");
            let (of_tenant, known, by) = match route.operation {
                Operation::Write(Noun::Tenant, Verb::Create) => {
                    let made = reply.json();
                    (read_id(made.get("GUID").unwrap_or(&made["id"])), 0, json!("root"))
                }
                _ if route.is_own() => (tenant.id, known, json!(ids.credential)),
                _ => (tenant.id, known, admin),
            };
            let mut new = events(of_tenant);
            new.truncate(new.len() - known);
            assert!(!new.is_empty(), "{of}");
            for event in &new {
                let stated = (&event["by"], &event["request_id"], &event["at"]);
                assert_eq!(stated, (&by, &json!("this-one"), &new[0]["at"]), "{of}: {event}");
            }
        }
    }
}

#[test]
fn history_pages_return_each_event_once_newest_first() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let [one, two] = [(); 2].map(|()| tenant.own(json!({})));
    for round in 0..9 {
        for own in [&one, &two] {
            let body = json!({ "description": format!("{round}"), "metadata": { "round": format!("{round}") } });
            tenant.send("PATCH", &own.path, &body).expect(200);
        }
    }
    tenant.step(&one, "rotate", &json!({ "grace_seconds": 5 })).expect(200);
    tenant.send("DELETE", &one.path, &Value::Null).expect(204);
    let all = tenant.at("/events");
    let page = |query: &str| tenant.look(format!("{all}?{query}"))["items"].as_array().cloned().expect("items");
    let seq = |event: &Value| event["seq"].as_u64().expect("a number");
    let every = page("limit=100");
    // The numbers start at one, without gaps.
    assert_eq!(every.iter().map(seq).collect::<Vec<_>>(), (1..=seq(&every[0])).rev().collect::<Vec<_>>());
    let of = |id| every.iter().filter(|event| event["id"] == json!(id)).cloned().collect::<Vec<_>>();
    for (path, expected) in
        [(all.clone(), every.clone()), (one.under("events"), of(one.id)), (two.under("events"), of(two.id))]
    {
        for limit in [1, 7, 100] {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = tenant.look(format!("{path}?limit={limit}{cursor}"));
                let items = page["items"].as_array().expect("items");
                seen.extend(items.iter().cloned());
                let Some(next) = page["next"].as_str() else { break };
                assert_eq!(items.len(), limit, "only the last page is short");
                cursor = format!("&cursor={next}");
            }
            assert_eq!(seen, expected, "{path} by {limit}");
        }
    }
    assert_eq!(of(one.id)[0]["action"], "deleted", "also of a deleted credential");
    // Events between two pages are newer than both, and move neither.
    let first = tenant.look(format!("{all}?limit=5"));
    tenant.own(json!({}));
    let second = page(&format!("limit=5&cursor={}", text(&first["next"])));
    assert_eq!([first["items"].as_array().expect("items").clone(), second].concat(), every[..10]);
    // Even if the cursor is made up: another credential's event gives an empty page.
    let later = seq(&tenant.events(&tenant.own(json!({})))[0]);
    let events = two.under("events");
    let forged = event_cursor(&events, later);
    assert_eq!(tenant.look(format!("{events}?cursor={forged}"))["items"], json!([]));
}

#[test]
fn history_is_readable_within_its_tenant_and_rejects_invalid_parameters() {
    let client = client();
    let (tenant, other) = (Tenant::new(&*client), Tenant::new(&*client));
    let (own, foreign) = (tenant.own(json!({})), other.own(json!({})));
    let viewer = tenant.caller(&["viewer"]);
    let read = |path: String| get(path).token(&viewer).send(&*client);
    for path in [own.under("events"), tenant.at("/events")] {
        read(path.clone()).expect(200);
        other.send("GET", &path, &Value::Null).refused(404, "no_tenant");
        let before = format!("cursor={}&limit=0", event_cursor(&path, 1));
        for query in ["limit=0", "limit=101", "limit=x", &before] {
            read(format!("{path}?{query}")).refused(400, "limit parameter");
        }
        for query in ["cursor=x", "cursor=-1", "cursor=1", "cursor=99999999999999999999"] {
            assert_eq!(read(format!("{path}?{query}")).refused(400, "cursor parameter").cost.trips, 0);
        }
    }
    for id in [nobody().to_string(), "nonsense".to_owned(), foreign.id.to_string()] {
        read(tenant.at(&format!("/credentials/{id}/events"))).refused(404, "no_credential");
    }
    let reported = read(tenant.at("/events?limit=100")).expect(200).text;
    assert!(!reported.contains(&foreign.id.to_string()), "another tenant's events are not listed");
}

#[test]
fn tenants_and_principals_have_a_history_and_a_principals_outlives_it() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let principal = tenant.send("POST", tenant.at("/principals"), &json!({ "name": "p" })).expect(201).json();
    let (id, path) = (text(&principal["id"]), tenant.at(&format!("/principals/{}", text(&principal["id"]))));
    tenant.send("PATCH", &path, &json!({ "description": "d", "enabled": false })).expect(200);
    // An update without a change leaves no event.
    tenant.send("PATCH", &path, &json!({ "description": "d" })).expect(200);
    tenant.send("PATCH", &path, &json!({ "enabled": true })).expect(200);
    tenant.send("DELETE", &path, &Value::Null).expect(204);
    let own = tenant.look(format!("{path}/events"))["items"].as_array().cloned().expect("items");
    let reported: Vec<_> = own.iter().map(|event| (event["action"].clone(), event["changes"].clone())).collect();
    let member = |before: Value, after: Value| json!({ "before": before, "after": after });
    let mut deleted = reported[0].1.clone();
    assert!(deleted["created_at"]["before"].is_string(), "{deleted}");
    deleted.as_object_mut().expect("an object").remove("created_at");
    assert_eq!(
        (reported[0].0.clone(), deleted),
        (
            json!("deleted"),
            json!({ "name": member(json!("p"), json!(null)), "enabled": member(json!(true), json!(null)),
                    "description": member(json!("d"), json!(null)) })
        )
    );
    assert_eq!(reported[1], (json!("updated"), json!({ "enabled": member(json!(false), json!(true)) })));
    let changed =
        json!({ "description": member(json!(null), json!("d")), "enabled": member(json!(true), json!(false)) });
    assert_eq!(reported[2], (json!("updated"), changed));
    let created = json!({ "name": member(json!(null), json!("p")), "enabled": member(json!(null), json!(true)) });
    assert_eq!(reported[3], (json!("created"), created));
    assert!(own.iter().all(|event| event["noun"] == "principal" && event["id"] == id.as_str()));
    assert_eq!(own.iter().map(|event| &event["widened_access"]).collect::<Vec<_>>(), [false, true, false, false]);
    // Also page by page, each event once.
    let first = tenant.look(format!("{path}/events?limit=3"));
    let rest = tenant.look(format!("{path}/events?limit=3&cursor={}", text(&first["next"])));
    assert_eq!([&first, &rest].map(|page| page["items"].as_array().expect("items").clone()).concat(), own);

    tenant.send("PATCH", tenant.at(""), &json!({ "role_names": ["auditor"], "require_if_match": true })).expect(200);
    let of_tenant = tenant.look(tenant.at("/events?limit=1"))["items"][0].clone();
    assert_eq!((&of_tenant["noun"], &of_tenant["id"]), (&json!("tenant"), &json!(tenant.id)));
    assert_eq!(of_tenant["changes"]["require_if_match"], member(json!(false), json!(true)));
    assert_eq!(of_tenant["changes"]["role_names"]["added"], json!(["auditor"]));
    // A principal that never existed has no history here, nor does another tenant's.
    let other = Tenant::new(&*client);
    for missing in [tenant.at(&format!("/principals/{}/events", other.account)), format!("{path}x/events")] {
        tenant.send("GET", missing, &Value::Null).refused(404, "no_principal");
    }
}
