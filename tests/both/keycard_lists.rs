//! Keycard's lists in both directions, organizations, and service accounts.

use postern::credential::id::Id;
use serde_json::{Value, json};
use support::face::Face::Keycard;
use support::tenant::{Tenant, post_by_root, text};
use support::{Client, Reply, ZERO, call, client, get};

use crate::in_process;

/// The names on a page, and its `page_info`.
struct Shown {
    names: String,
    next: bool,
    previous: bool,
    start: Option<String>,
    end: Option<String>,
}

fn page(client: &dyn Client, url: &str, by: &str) -> Shown {
    let reply = get(url).token(by).send(client);
    assert_eq!((reply.status, reply.cost.trips), (200, 1), "{url}: {reply:?}");
    let info = reply.json()["page_info"].take();
    let cursor = |name: &str| info.get(name).map(text);
    let names: Vec<_> = reply.items().iter().map(|one| text(&one["name"])).collect();
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

/// Creates items and returns the paths of three lists. In order of creation they contain: credentials a to e; service
/// accounts x, then a to e; organizations x, then a to e (over HTTP also those of other tests).
fn lists(client: &dyn Client) -> [String; 3] {
    let make =
        |path: &str, name: &str| text(&post_by_root(client, path, &json!({ "name": name })).expect(201).json()["id"]);
    let rename =
        |path: &str| drop(call("PATCH", path).by_root().json(&json!({ "name": "x" })).send(client).expect(200));
    if in_process() {
        rename("/organizations/acme");
    }
    let [a, b, ..] = ["a", "b", "c", "d", "e"].map(|name| make("/organizations", name));
    let accounts = format!("/organizations/{a}/service-accounts");
    rename(&format!("{accounts}/{}", Id::ZERO));
    let of_b = format!("/organizations/{b}/service-accounts");
    let [credentials, others] = [(); 2].map(|()| format!("{of_b}/{}/credentials", make(&of_b, "account")));
    for name in ["a", "b", "c", "d", "e"] {
        make(&accounts, name);
        make(&credentials, name);
        make(&others, "of another account");
    }
    [credentials, accounts, "/organizations".to_owned()]
}

#[test]
fn pages_of_every_size_from_every_position_are_correct_in_both_directions() {
    let client = client();
    let page = |url: &str| page(&*client, url, client.root_token());
    let lists = lists(&*client);
    for url in if in_process() { &lists[..] } else { &lists[..2] } {
        let all = if url.ends_with("credentials") { "a b c d e" } else { "x a b c d e" };
        let whole = page(url);
        assert_eq!((&*whole.names, whole.next, whole.previous), (all, false, false), "{url}");
        let all: Vec<_> = all.split(' ').collect();
        // The cursor of each item: the end of the page that ends with it.
        let cursors: Vec<_> = (1..=all.len()).map(|size| page(&format!("{url}?limit={size}")).end.unwrap()).collect();
        for limit in 1..=all.len() + 1 {
            let first = page(&format!("{url}?limit={limit}"));
            assert_eq!(first.names, all[..limit.min(all.len())].join(" "));
            assert_eq!((first.next, first.previous), (limit < all.len(), false), "{url} {limit}");
            assert_eq!(first.start.as_ref(), Some(&cursors[0]));
            for (at, cursor) in cursors.iter().enumerate() {
                let of = format!("{url} {limit} at {at}");
                let after = page(&format!("{url}?limit={limit}&after={cursor}"));
                assert_eq!(after.names, all[at + 1..(at + 1 + limit).min(all.len())].join(" "), "{of}");
                assert_eq!((after.next, after.previous), (at + 1 + limit < all.len(), true), "{of}");
                assert_eq!(after.start.as_ref(), cursors.get(at + 1));

                // Backward pages are oldest first, too.
                let before = page(&format!("{url}?limit={limit}&before={cursor}"));
                assert_eq!(before.names, all[at.saturating_sub(limit)..at].join(" "), "{of}");
                assert_eq!((before.next, before.previous), (true, at > limit), "{of}");
                assert_eq!(before.end.as_ref(), cursors[..at].last());

                // Between two of them; the items after the second cursor are not a next page.
                for (end, until) in cursors.iter().enumerate() {
                    let of = format!("{of} before {end}");
                    let range = page(&format!("{url}?limit={limit}&after={cursor}&before={until}"));
                    let all = if at + 1 < end { &all[at + 1..end] } else { &[] };
                    assert_eq!(range.names, all[..limit.min(all.len())].join(" "), "{of}");
                    assert_eq!((range.next, range.previous), (limit < all.len(), true), "{of}");
                }
            }
        }
    }
}

/// The item at a cursor's position may be deleted: the items before and after it are what they were.
#[test]
fn cursor_stays_valid_after_its_item_is_deleted() {
    let client = client();
    let page = |url: &str| page(&*client, url, client.root_token());
    let [url, ..] = lists(&*client);
    let cursor = page(&format!("{url}?limit=3")).end.unwrap();
    let all = get(&url).by_root().send(&*client).items();
    for (deleted, expected) in [
        ("", ("a b", true, true, "d e")),
        ("c", ("a b", true, true, "d e")),
        // No items before the cursor.
        ("ab", ("", true, false, "d e")),
        // No items after it either.
        ("de", ("", false, false, "")),
    ] {
        for one in all.iter().filter(|one| deleted.contains(&text(&one["name"]))) {
            call("DELETE", format!("{url}/{}", text(&one["id"]))).by_root().send(&*client).expect(204);
        }
        let [after, before] = ["after", "before"].map(|side| page(&format!("{url}?{side}={cursor}")));
        assert!(!after.next && !before.previous);
        assert_eq!((&*before.names, before.next, after.previous, &*after.names), expected);
    }
    let empty = get(&url).by_root().send(&*client);
    assert_eq!(empty.text, r#"{"items":[],"page_info":{"has_next_page":false,"has_prev_page":false}}"#);
}

#[test]
fn invalid_parameters_are_all_reported_without_a_trip() {
    const LIMIT: &str = "limit must be a whole number from 1 to 100.";
    let client = client();
    let lists = lists(&*client);
    let cursor = page(&*client, &lists[0], client.root_token()).start.unwrap();
    let nonsense = |name: &str| format!("{name} is not a cursor of this list.");
    let mut cases: Vec<_> =
        ["0", "101", "", "1.0", "-1", "ten"].map(|limit| (format!("limit={limit}"), LIMIT.to_owned())).into();
    let id = &cursor[..33];
    for after in [
        "",
        "x",
        id,
        &cursor.to_uppercase(),
        &format!("{cursor}g"),
        &format!("{id}-1"),
        &format!("{id}%2B1"),
        &format!("{id}01"),
        &format!("{id}{}", "f".repeat(40)),
        &format!("{id}{}", "f".repeat(300)),
        &"%C3%A9".repeat(20),
        &"a".repeat(300),
        ZERO,
    ] {
        cases.extend(["after", "before"].map(|side| (format!("{side}={after}"), nonsense(side))));
    }
    let all = format!("{LIMIT} {} {}", nonsense("after"), nonsense("before"));
    cases.push(("limit=0&after=x&before=y".to_owned(), all));
    for url in &lists {
        for (query, expected) in &cases {
            // Without a token: an unreadable request is rejected before authentication.
            let reply = get(format!("{url}?{query}")).send(&*client);
            assert_eq!((reply.status, reply.cost.trips), (400, 0), "{url} {query}");
            assert_eq!(reply.json(), json!({ "message": expected, "code": "bad_request", "status": 400 }), "{query}");
        }
        for fine in ["limit=1", "limit=100", "limit=1&limit=2", "unknown=x"] {
            get(format!("{url}?{fine}")).by_root().send(&*client).expect(200);
        }
    }
}

/// The item with this id in a list.
fn listed(list: &Reply, id: &Value) -> Value {
    list.items().into_iter().find(|one| one["id"] == *id).expect("it is listed")
}

#[test]
fn list_items_equal_the_retrieved_resource_without_its_secret() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let by_root = |url: &str| get(url).by_root().send(&*client).expect(200);
    let (url, subject) = (tenant.all(Keycard), tenant.subject());
    let secret = &subject.secret;
    // This read is a use of the secret.
    get(&url).token(secret).send(&*client).expect(200);
    let mut list = by_root(&url);
    // Over HTTP a use is recorded after the response.
    for _ in 0..500 {
        if list.text.contains("last_used_at") {
            break;
        }
        list = by_root(&url);
    }
    assert_eq!(listed(&list, &json!(subject.id)), by_root(&tenant.one(Keycard, subject.id)).json());
    assert!(!list.text.contains("client_secret") && list.text.contains("last_used_at"), "{list:?}");
    assert!(list.text.starts_with(r#"{"items":[{"id":""#), "{list:?}");
    let organization = format!("/organizations/{}", tenant.id);
    let accounts = format!("{organization}/service-accounts");
    let account = by_root(&format!("{accounts}/{}", tenant.account)).json();
    assert_eq!(listed(&by_root(&accounts), &json!(tenant.account)), account);
    let organizations = get("/organizations").token(secret).send(&*client).expect(200);
    assert_eq!(listed(&organizations, &json!(tenant.id)), by_root(&organization).json());
}

#[test]
fn expand_permissions_returns_what_the_caller_may_do() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let subject = tenant.subject();
    let (organization, root) = (format!("/organizations/{}", tenant.label), client.root_token());
    let accounts = format!("{organization}/service-accounts");
    let [viewer, editor, admin] = ["viewer", "editor", "admin"].map(|role| tenant.caller(&[role]));
    for (by, may) in [
        (&*subject.secret, [true, false, false]),
        (&*viewer, [true, false, false]),
        (&*editor, [true, true, false]),
        (&*admin, [true, true, true]),
        (root, [true, true, true]),
    ] {
        let get = |url: String| get(url).token(by).send(&*client).expect(200);
        for (url, what) in [
            (tenant.all(Keycard), "credentials"),
            (tenant.one(Keycard, subject.id), "credentials"),
            (accounts.clone(), "service_accounts"),
            (format!("{accounts}/{}", tenant.account), "service_accounts"),
            ("/organizations".to_owned(), "organizations"),
            (organization.clone(), "organizations"),
        ] {
            // Organizations are updated by admins, and cannot be deleted on this face.
            let [read, update, delete] = if what == "organizations" { [true, may[2], false] } else { may };
            let expected = json!({ what: { "read": read, "update": update, "delete": delete } });
            for query in [
                "expand=permissions",
                "expand[]=permissions",
                "expand%5B%5D=total_count&expand=permissions",
                "expand=total_count,permissions",
            ] {
                let body = get(format!("{url}?{query}")).json();
                assert_eq!(body["permissions"], expected, "{url} {query}");
                assert!(body.get("total_count").is_none());
                if let Some(items) = body["items"].as_array() {
                    assert!(!items.is_empty() && items.iter().all(|one| one["permissions"] == expected), "{url}");
                }
            }
            for query in ["expand=total_count", "other=permissions"] {
                assert!(!get(format!("{url}?{query}")).text.contains("permissions"), "{url}");
            }
        }
    }
    let patch = call("PATCH", tenant.one(Keycard, subject.id) + "?expand[]=permissions").token(&admin);
    let may = json!({ "credentials": { "read": true, "update": true, "delete": true } });
    assert_eq!(patch.json(&json!({})).send(&*client).expect(200).json()["permissions"], may);
}

const MEMBERS: [&str; 7] = ["id", "created_at", "label", "name", "sso_enabled", "updated_at", "zone_id"];

#[test]
fn organization_is_readable_by_id_and_by_label() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let read = |name: &str| get(format!("/organizations/{name}")).by_root().send(&*client);
    let by_label = read(&tenant.label);
    assert_eq!((by_label.status, by_label.cost.trips), (200, 1));
    by_label.expect_members(&MEMBERS);
    let body = by_label.json();
    assert_eq!([&body["id"], &body["zone_id"]], [&json!(tenant.id); 2]);
    assert_eq!((&body["label"], &body["sso_enabled"]), (&json!(tenant.label), &json!(false)));
    assert_eq!(text(&body["created_at"]).len(), "1970-01-01T00:00:00.000Z".len());
    assert_eq!(read(&tenant.id.to_string()).json(), body);
    let nothing = Id::from_bits(9).to_string();
    for missing in ["nobody", &nothing, &tenant.label.to_uppercase(), &"x".repeat(255), &tenant.id.guid()] {
        let expected = json!({ "message": "Organization not found.", "code": "not_found", "status": 404 });
        assert_eq!(read(missing).json(), expected, "{missing}");
    }
}

#[test]
fn callers_other_than_root_see_only_their_own_organization() {
    let client = client();
    let (tenant, other) = (Tenant::new(&*client), Tenant::named(&*client, "Other"));
    let viewer = tenant.caller(&["viewer"]);
    let page = |query: &str| page(&*client, &format!("/organizations{query}"), &viewer);
    get(format!("/organizations/{}", tenant.label)).token(&viewer).send(&*client).expect(200);
    let shown = page("");
    assert_eq!((&*shown.names, shown.next, shown.previous), ("Test", false, false));
    let shown = page("?limit=1");
    assert!(!shown.next, "nor that there is another organization");
    let shown = page(&format!("?after={}", shown.end.unwrap()));
    assert_eq!((&*shown.names, shown.next), ("", false));
    for name in [other.label.clone(), other.id.to_string()] {
        for method in ["GET", "PATCH"] {
            let call = call(method, format!("/organizations/{name}")).token(&tenant.admin);
            call.json(&json!({})).send(&*client).expect(404);
        }
        get(format!("/organizations/{name}/service-accounts")).token(&viewer).send(&*client).expect(404);
    }
    // With the cursor of another organization, the caller sees its own and nothing of the other.
    let theirs = self::page(&*client, "/organizations", &other.admin).end.unwrap();
    let shown = page(&format!("?before={theirs}"));
    assert_eq!((&*shown.names, shown.next), ("Test", false));
    if in_process() {
        assert_eq!(self::page(&*client, "/organizations", client.root_token()).names, "acme Test Other");
    }
}

#[test]
fn only_admins_rename_an_organization_and_its_label_is_kept() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let url = format!("/organizations/{}", tenant.label);
    let patch = |body: Value, by: &str| call("PATCH", &*url).token(by).json(&body).send(&*client);
    let read = || get(&*url).by_root().send(&*client).expect(200).json();
    let before = read();
    assert_eq!([(); 2].map(|()| patch(json!({}), &tenant.admin).expect(200).json()), [(); 2].map(|()| before.clone()));
    let renamed = patch(json!({ "name": "Acme, Inc.", "description": "ignored", "label": "other" }), &tenant.admin);
    assert_eq!((renamed.status, renamed.cost.trips), (200, 1));
    renamed.expect_members(&MEMBERS);
    let body = renamed.json();
    assert_eq!((&body["name"], &body["label"]), (&json!("Acme, Inc."), &before["label"]));
    assert!(text(&body["updated_at"]) > text(&before["updated_at"]) && body["created_at"] == before["created_at"]);
    for (wrong, expected) in [
        (json!(null), "name cannot be null."),
        (json!(""), "name must have at least 1 character(s)."),
        (json!(5), "name must be a string."),
    ] {
        assert_eq!(patch(json!({ "name": wrong }), &tenant.admin).expect(400).json()["message"], expected);
    }
    for role in ["editor", "viewer"] {
        patch(json!({}), &tenant.caller(&[role])).expect(403);
    }
    assert_eq!(read(), body);
}

#[test]
fn service_account_can_be_created_read_renamed_and_deleted() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let accounts = format!("/organizations/{}/service-accounts", tenant.label);
    let send = |method: &str, url: &str, by: &str, body: Value| call(method, url).token(by).json(&body).send(&*client);
    let admin = &*tenant.admin;
    let made = send("POST", &accounts, admin, json!({ "name": "sa", "description": "d" }));
    let all = ["id", "created_at", "name", "updated_at", "description"];
    assert_eq!((made.status, made.cost.trips), (201, 1));
    made.expect_members(&all);
    let url = format!("{accounts}/{}", text(&made.json()["id"]));
    for url in [url.clone(), url.replace(&tenant.label, &tenant.id.to_string())] {
        let read = get(url).token(admin).send(&*client);
        assert_eq!((read.status, read.cost.trips, read.json()), (200, 1, made.json()));
    }
    let patch = |body: Value| send("PATCH", &url, admin, body);
    assert_eq!(patch(json!({})).json(), made.json(), "an empty patch changes nothing");
    let renamed = patch(json!({ "name": "renamed" })).expect(200);
    renamed.expect_members(&all);
    assert_eq!(renamed.json()["description"], "d");
    assert!(text(&renamed.json()["updated_at"]) > text(&made.json()["updated_at"]));
    let cleared = patch(json!({ "description": null, "unknown": 5 }));
    cleared.expect_members(&all[..4]);
    let wrong = patch(json!({ "name": null, "description": 5 })).expect(400);
    assert_eq!(wrong.json()["message"], "name cannot be null. description must be a string.");
    assert_eq!(get(&*url).token(admin).send(&*client).json(), cleared.json());
    // Editors may rename and viewers may read; neither may create or delete.
    let (editor, viewer) = (tenant.caller(&["editor"]), tenant.caller(&["viewer"]));
    send("PATCH", &url, &editor, json!({ "name": "by an editor" })).expect(200);
    for url in [&url, &accounts] {
        get(url).token(&viewer).send(&*client).expect(200);
    }
    send("PATCH", &url, &viewer, json!({})).expect(403);
    for by in [&editor, &viewer] {
        send("POST", &accounts, by, json!({ "name": "n" })).expect(403);
        send("DELETE", &url, by, json!({})).expect(403);
    }
    send("DELETE", &url, admin, json!({})).expect(204);
    for method in ["GET", "PATCH", "DELETE"] {
        let reply = send(method, &url, admin, json!({})).expect(404);
        assert_eq!(reply.json()["message"], "Service account not found.");
    }
}

#[test]
fn default_service_account_is_listed_and_can_be_renamed() {
    let client = client();
    let made = post_by_root(&*client, "/organizations", &json!({ "name": "bare" })).expect(201).json();
    let accounts = format!("/organizations/{}/service-accounts", text(&made["id"]));
    let url = format!("{accounts}/{}", Id::ZERO);
    assert_eq!(get(&*url).by_root().send(&*client).json()["name"], "default");
    let renamed = call("PATCH", &*url).by_root().json(&json!({ "name": "ours" })).send(&*client);
    assert_eq!(renamed.json()["name"], "ours");
    assert_eq!(page(&*client, &accounts, client.root_token()).names, "ours");
}
