//! Keycard's lists, in both directions; organizations and service accounts.

use super::*;

const ACCOUNTS: &str = "/organizations/acme/service-accounts";

/// A page, and what is told of it.
struct Shown {
    names: String,
    next: bool,
    previous: bool,
    start: Option<String>,
    end: Option<String>,
}

fn page(world: &World, url: &str, by: &str) -> Shown {
    let reply = world.get(url, by);
    assert_eq!((reply.status, reply.cost.trips), (200, 1), "{url}: {}", reply.text);
    let body = reply.json();
    let info = &body["page_info"];
    let cursor = |name: &str| info.get(name).map(|cursor| cursor.as_str().expect("a text").to_owned());
    let names: Vec<_> = body["items"].as_array().unwrap().iter().map(|one| text(one, "name")).collect();
    let shown = Shown {
        names: names.join(" "),
        next: info["has_next_page"].as_bool().unwrap(),
        previous: info["has_prev_page"].as_bool().unwrap(),
        start: cursor("start_cursor"),
        end: cursor("end_cursor"),
    };
    assert_eq!((shown.start.is_some(), shown.end.is_some()), (!names.is_empty(), !names.is_empty()), "{url}");
    shown
}

/// Lists of five, named in the order in which they were made: of credentials, of service accounts, of organizations.
fn lists(world: &World) -> [String; 3] {
    let (_, credentials) = world.service_account();
    let (_, others) = world.service_account();
    for name in ["a", "b", "c", "d", "e"] {
        assert_eq!(world.call("POST", &credentials, ROOT, &json!({"name": name})).status, 201);
        assert_eq!(world.call("POST", &others, ROOT, &json!({"name": "of another account"})).status, 201);
        assert_eq!(world.call("POST", "/organizations", ROOT, &json!({"name": name})).status, 201);
        let url = "/organizations/a/service-accounts";
        assert_eq!(world.call("POST", url, ROOT, &json!({"name": name})).status, 201);
    }
    // The first of each: the organization of the tests, and the default account of `a`.
    world.db.execute("UPDATE tenants SET name = 'x', created_at = 9 WHERE label = 'acme'", &[]);
    world.db.execute("UPDATE principals SET name = 'x' WHERE name = 'default'", &[]);
    [credentials, "/organizations/a/service-accounts".to_owned(), "/organizations".to_owned()]
}

#[test]
fn a_page_in_each_direction_from_each_place_and_of_each_size() {
    let world = World::new();
    for url in lists(&world) {
        let all = if url.ends_with("credentials") { "a b c d e" } else { "x a b c d e" };
        let whole = page(&world, &url, ROOT);
        assert_eq!((&*whole.names, whole.next, whole.previous), (all, false, false), "{url}");
        let all: Vec<_> = all.split(' ').collect();
        // The cursor of each item: the end of the page that ends with it.
        let cursor = |at: usize| page(&world, &format!("{url}?limit={}", at + 1), ROOT).end.unwrap();
        let cursors: Vec<_> = (0..all.len()).map(cursor).collect();
        for limit in 1..=all.len() + 1 {
            let first = page(&world, &format!("{url}?limit={limit}"), ROOT);
            assert_eq!(first.names, all[..limit.min(all.len())].join(" "));
            assert_eq!((first.next, first.previous), (limit < all.len(), false), "{url} {limit}");
            assert_eq!(first.start.as_ref(), Some(&cursors[0]));
            for (at, cursor) in cursors.iter().enumerate() {
                let after = page(&world, &format!("{url}?limit={limit}&after={cursor}"), ROOT);
                let expected = &all[at + 1..(at + 1 + limit).min(all.len())];
                assert_eq!(after.names, expected.join(" "), "{url} {limit} after {at}");
                assert_eq!(
                    (after.next, after.previous),
                    (at + 1 + limit < all.len(), true),
                    "{url} {limit} after {at}"
                );
                assert_eq!(after.start.as_ref(), cursors.get(at + 1));

                let before = page(&world, &format!("{url}?limit={limit}&before={cursor}"), ROOT);
                let expected = &all[at.saturating_sub(limit)..at];
                assert_eq!(before.names, expected.join(" "), "{url} {limit} before {at}: oldest first, too");
                assert_eq!((before.next, before.previous), (true, at > limit), "{url} {limit} before {at}");
                assert_eq!(before.end.as_ref(), cursors[..at].last());
            }
        }
    }
}

/// What stands at a cursor's place may be gone: the places before and behind it are what they were.
#[test]
fn a_cursor_outlives_what_it_was_of() {
    let world = World::new();
    let [url, ..] = lists(&world);
    let cursor = page(&world, &format!("{url}?limit=3"), ROOT).end.unwrap();
    let delete = |name: &str| {
        let all = world.get(&url, ROOT).json();
        let one = all["items"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap();
        assert_eq!(world.call("DELETE", &format!("{url}/{}", text(one, "id")), ROOT, &Value::Null).status, 204);
    };
    let around = || {
        let (after, before) = (
            page(&world, &format!("{url}?after={cursor}"), ROOT),
            page(&world, &format!("{url}?before={cursor}"), ROOT),
        );
        assert!(!after.next && !before.previous);
        (before.names, before.next, after.previous, after.names)
    };
    let told = |before: &str, next, previous, after: &str| (before.to_owned(), next, previous, after.to_owned());
    assert_eq!(around(), told("a b", true, true, "d e"));
    delete("c");
    assert_eq!(around(), told("a b", true, true, "d e"));
    delete("a");
    delete("b");
    assert_eq!(around(), told("", true, false, "d e"), "before it there is nothing more");
    delete("d");
    delete("e");
    assert_eq!(around(), told("", false, false, ""), "nor behind it");
    let empty = world.get(&url, ROOT);
    assert_eq!(empty.text, r#"{"items":[],"page_info":{"has_next_page":false,"has_prev_page":false}}"#);
}

#[test]
fn parameters_that_are_wrong_are_told_all_at_once_and_cost_no_trip() {
    const LIMIT: &str = "limit has to be a number from 1 to 100.";
    const BOTH: &str = "before cannot stand beside after.";
    let world = World::new();
    let lists = lists(&world);
    let cursor = page(&world, &lists[0], ROOT).start.unwrap();
    let nonsense = |name: &str| format!("{name} is no cursor of this API.");
    for url in &lists {
        for (query, told) in [
            ("limit=0".to_owned(), LIMIT.to_owned()),
            ("limit=101".to_owned(), LIMIT.to_owned()),
            ("limit=".to_owned(), LIMIT.to_owned()),
            ("limit=1.0".to_owned(), LIMIT.to_owned()),
            ("limit=-1".to_owned(), LIMIT.to_owned()),
            ("limit=ten".to_owned(), LIMIT.to_owned()),
            ("after=".to_owned(), nonsense("after")),
            ("after=x".to_owned(), nonsense("after")),
            (format!("before={}", &cursor[..26]), nonsense("before")),
            (format!("before={cursor}g"), nonsense("before")),
            (format!("after={}", cursor.to_uppercase()), nonsense("after")),
            (format!("after={}-1", &cursor[..26]), nonsense("after")),
            (format!("after={}%2B1", &cursor[..26]), nonsense("after")),
            (format!("after={}01", &cursor[..26]), nonsense("after")),
            (format!("after={}{}", &cursor[..26], "f".repeat(40)), nonsense("after")),
            (format!("after={}", "é".repeat(20)), nonsense("after")),
            (format!("after={}", "a".repeat(300)), nonsense("after")),
            (format!("after={ZERO}"), nonsense("after")),
            (format!("after={cursor}&before={cursor}"), BOTH.to_owned()),
            (
                "limit=0&after=x&before=y".to_owned(),
                format!("{LIMIT} {BOTH} {} {}", nonsense("after"), nonsense("before")),
            ),
        ] {
            let reply = world.get(&format!("{url}?{query}"), ROOT);
            assert_eq!((reply.status, reply.cost.trips), (400, 0), "{url} {query}");
            assert_eq!(reply.json(), json!({"message": told, "code": "bad_request", "status": 400}), "{query}");
        }
        for fine in ["limit=1", "limit=100", "limit=1&limit=2", "unknown=x"] {
            assert_eq!(world.get(&format!("{url}?{fine}"), ROOT).status, 200, "{fine}");
        }
    }
}

#[test]
fn twenty_items_where_nothing_is_said_and_a_hundred_at_most() {
    let world = World::new();
    world.many_credentials(support::ACME, support::ACME, 1..102);
    let url = format!("{ACCOUNTS}/{}/credentials", Id::ZERO);
    for (query, count, next) in [("", 20, true), ("?limit=100", 100, true), ("?limit=99", 99, true)] {
        let shown = page(&world, &format!("{url}{query}"), ROOT);
        assert_eq!((shown.names.split(" name ").count(), shown.next), (count, next), "{query}");
    }
}

#[test]
fn an_item_is_as_it_is_retrieved_and_without_its_secret() {
    let world = World::new();
    let (account, url) = world.service_account();
    let made = world.call("POST", &url, ROOT, &json!({"name": "n", "description": "d"})).json();
    let (id, secret) = (text(&made, "id"), text(&made, "client_secret"));
    assert_eq!(world.get(&url, &secret).status, 200, "a viewer may, and that is a use");
    let listed = world.get(&url, ROOT);
    let item = &listed.json()["items"][0];
    assert_eq!(*item, world.get(&format!("{url}/{id}"), ROOT).json());
    assert!(!listed.text.contains("client_secret") && listed.text.contains("last_used_at"), "{}", listed.text);
    assert!(listed.text.starts_with(r#"{"items":[{"id":""#), "{}", listed.text);
    let accounts = world.get(ACCOUNTS, ROOT).json();
    let found = accounts["items"].as_array().unwrap().iter().find(|one| one["id"] == account.as_str()).unwrap();
    assert_eq!(*found, world.get(&format!("{ACCOUNTS}/{account}"), ROOT).json());
    let organizations = world.get("/organizations", ROOT).json();
    assert_eq!(organizations["items"][0], world.get("/organizations/acme", ROOT).json());
}

#[test]
fn expand_tells_of_each_kind_what_the_caller_may() {
    let world = World::new();
    let (account, credentials) = world.service_account();
    let made = world.call("POST", &credentials, ROOT, &json!({"name": "n"})).json();
    let credential = format!("{credentials}/{}", text(&made, "id"));
    let [viewer, editor, admin] = ["viewer", "editor", "admin"].map(|role| world.caller(&[role]));
    for (by, may) in [
        (&*viewer, [true, false, false]),
        (&*editor, [true, true, false]),
        (&*admin, [true, true, true]),
        (ROOT, [true, true, true]),
    ] {
        for (url, what) in [
            (credentials.clone(), "credentials"),
            (credential.clone(), "credentials"),
            (ACCOUNTS.to_owned(), "service_accounts"),
            (format!("{ACCOUNTS}/{account}"), "service_accounts"),
            ("/organizations".to_owned(), "organizations"),
            ("/organizations/acme".to_owned(), "organizations"),
        ] {
            // Organizations: admins change them, and nobody deletes one here.
            let [read, update, delete] = if what == "organizations" { [true, may[2], false] } else { may };
            let told = json!({ what: {"read": read, "update": update, "delete": delete} });
            for query in [
                "expand=permissions",
                "expand[]=permissions",
                "expand%5B%5D=total_count&expand=permissions",
                "expand=total_count,permissions",
            ] {
                let body = world.get(&format!("{url}?{query}"), by).json();
                assert_eq!(body["permissions"], told, "{url} {query}");
                assert!(body.get("total_count").is_none());
                if let Some(items) = body["items"].as_array() {
                    assert!(!items.is_empty() && items.iter().all(|one| one["permissions"] == told), "{url}");
                }
            }
            let unasked = world.get(&format!("{url}?expand=total_count"), by);
            assert!(unasked.status == 200 && !unasked.text.contains("permissions"), "{url}");
        }
    }
}

mod organizations {
    use super::*;

    const MEMBERS: [&str; 7] = ["id", "created_at", "label", "name", "sso_enabled", "updated_at", "zone_id"];

    #[test]
    fn are_read_by_id_and_by_label() {
        let world = World::new();
        let by_label = world.get("/organizations/acme", ROOT);
        assert_eq!(
            (by_label.status, by_label.cost.trips, by_label.members()),
            (200, 1, MEMBERS.map(str::to_owned).to_vec())
        );
        let body = by_label.json();
        assert_eq!((text(&body, "id"), text(&body, "zone_id")), (support::ACME.to_owned(), support::ACME.to_owned()));
        assert_eq!((text(&body, "label"), &body["sso_enabled"]), ("acme".to_owned(), &json!(false)));
        assert_eq!(text(&body, "created_at"), "1970-01-01T00:00:00.000Z");
        assert_eq!(world.get(&format!("/organizations/{}", support::ACME), ROOT).json(), body);
        for missing in ["nobody", "00000000000000000000000009", "ACME", &"x".repeat(255), ZERO] {
            let reply = world.get(&format!("/organizations/{missing}"), ROOT);
            assert_eq!(
                reply.json(),
                json!({"message": "There is no such organization.", "code": "not_found", "status": 404}),
                "{missing}"
            );
        }
    }

    #[test]
    fn are_ones_own_alone_for_all_but_root() {
        let world = World::new();
        let made = world.call("POST", "/organizations", ROOT, &json!({"name": "other"})).json();
        let viewer = world.caller(&["viewer"]);
        assert_eq!(world.get("/organizations/acme", &viewer).status, 200);
        let shown = page(&world, "/organizations", &viewer);
        assert_eq!((&*shown.names, shown.next, shown.previous), ("acme", false, false));
        let shown = page(&world, "/organizations?limit=1", &viewer);
        assert!(!shown.next, "and not that there is another");
        let shown = page(&world, &format!("/organizations?after={}", shown.end.unwrap()), &viewer);
        assert_eq!((&*shown.names, shown.next), ("", false));
        for other in ["other".to_owned(), text(&made, "id")] {
            for method in ["GET", "PATCH"] {
                let reply =
                    world.call(method, &format!("/organizations/{other}"), &world.caller(&["admin"]), &json!({}));
                assert_eq!(reply.status, 404, "{method} {other}");
            }
            assert_eq!(world.get(&format!("/organizations/{other}/service-accounts"), &viewer).status, 404);
        }
        // From another's place on: the caller's own is told by where it stands, and nothing of the other.
        let all = page(&world, "/organizations", ROOT);
        assert_eq!(all.names, "acme other");
        let shown = page(&world, &format!("/organizations?before={}", all.end.unwrap()), &viewer);
        assert_eq!((&*shown.names, shown.next), ("acme", false));
    }

    #[test]
    fn are_renamed_by_admins_and_keep_their_label() {
        let world = World::new();
        let admin = world.caller(&["admin"]);
        let patch = |body: Value, by: &str| world.call("PATCH", "/organizations/acme", by, &body);
        let before = world.get("/organizations/acme", ROOT).json();
        assert_eq!((patch(json!({}), &admin).status, patch(json!({}), &admin).json()), (200, before.clone()));
        let renamed = patch(json!({"name": "Acme, Inc.", "description": "ignored", "label": "other"}), &admin);
        assert_eq!(
            (renamed.status, renamed.cost.trips, renamed.members()),
            (200, 1, MEMBERS.map(str::to_owned).to_vec())
        );
        let body = renamed.json();
        assert_eq!((text(&body, "name"), text(&body, "label")), ("Acme, Inc.".to_owned(), "acme".to_owned()));
        assert!(
            body["updated_at"].as_str() > before["updated_at"].as_str() && body["created_at"] == before["created_at"]
        );
        for (wrong, told) in [
            (json!({"name": null}), "name cannot be null."),
            (json!({"name": ""}), "name has to have at least 1 character(s)."),
            (json!({"name": 5}), "name has to be a string."),
        ] {
            let reply = patch(wrong, &admin);
            assert_eq!((reply.status, text(&reply.json(), "message")), (400, told.to_owned()));
        }
        for role in ["editor", "viewer"] {
            assert_eq!(patch(json!({}), &world.caller(&[role])).status, 403);
        }
        assert_eq!(world.get("/organizations/acme", ROOT).json(), body);
    }
}

mod service_accounts {
    use super::*;

    #[test]
    fn are_made_read_renamed_and_deleted() {
        let world = World::new();
        let admin = world.caller(&["admin"]);
        let made = world.call("POST", ACCOUNTS, &admin, &json!({"name": "sa", "description": "d"}));
        let members = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let all = members(&["id", "created_at", "name", "updated_at", "description"]);
        assert_eq!((made.status, made.cost.trips, made.members()), (201, 1, all.clone()));
        let url = format!("{ACCOUNTS}/{}", text(&made.json(), "id"));
        for organization in ["acme", support::ACME] {
            let read = world.get(&url.replace("acme", organization), &admin);
            assert_eq!((read.status, read.cost.trips, read.json()), (200, 1, made.json()));
        }
        let patch = |body: Value| world.call("PATCH", &url, &admin, &body);
        assert_eq!(patch(json!({})).json(), made.json(), "nothing said, nothing changed");
        let renamed = patch(json!({"name": "renamed"}));
        assert_eq!((renamed.status, renamed.members(), renamed.json()["description"].as_str()), (200, all, Some("d")));
        assert!(renamed.json()["updated_at"].as_str() > made.json()["updated_at"].as_str());
        let cleared = patch(json!({"description": null, "unknown": 5}));
        assert_eq!(cleared.members(), members(&["id", "created_at", "name", "updated_at"]));
        assert_eq!(
            patch(json!({"name": null, "description": 5})).json()["message"],
            "name cannot be null. description has to be a string."
        );
        assert_eq!(world.get(&url, &admin).json(), cleared.json());
        // Editors rename; viewers read; neither makes or deletes.
        let (editor, viewer) = (world.caller(&["editor"]), world.caller(&["viewer"]));
        let status = |method: &str, url: &str, by: &str, body: Value| world.call(method, url, by, &body).status;
        assert_eq!(status("PATCH", &url, &editor, json!({"name": "by an editor"})), 200);
        assert_eq!(
            (status("GET", &url, &viewer, Value::Null), status("GET", ACCOUNTS, &viewer, Value::Null)),
            (200, 200)
        );
        assert_eq!(status("PATCH", &url, &viewer, json!({})), 403);
        for by in [&editor, &viewer] {
            assert_eq!(status("POST", ACCOUNTS, by, json!({"name": "n"})), 403);
            assert_eq!(status("DELETE", &url, by, Value::Null), 403);
        }
        assert_eq!(status("DELETE", &url, &admin, Value::Null), 204);
        for method in ["GET", "PATCH", "DELETE"] {
            let reply = world.call(method, &url, &admin, &json!({}));
            assert_eq!(
                (reply.status, text(&reply.json(), "message")),
                (404, "There is no such service account.".to_owned())
            );
        }
    }

    /// It may be renamed, and is shown like any other.
    #[test]
    fn the_default_one_is_one_of_them() {
        let world = World::new();
        let url = format!("{ACCOUNTS}/{}", Id::ZERO);
        assert_eq!(world.get(&url, ROOT).json()["name"], "default");
        assert_eq!(world.call("PATCH", &url, ROOT, &json!({"name": "ours"})).json()["name"], "ours");
        assert_eq!(page(&world, ACCOUNTS, ROOT).names, "ours");
    }
}
