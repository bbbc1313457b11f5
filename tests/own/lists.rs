//! Lists: filters, sorts, and cursors that stay right while things come and go.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::stage::*;

/// Every item of a list, page by page; each page one trip.
fn all(world: &World, query: &str, mut between: impl FnMut()) -> (Vec<Value>, usize) {
    let (mut items, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let reply = world.get(&format!("{CREDENTIALS}?{query}{cursor}"), ROOT);
        assert_eq!(reply.status, 200, "{}", reply.text);
        one_trip(&reply);
        pages += 1;
        assert!(pages < 2000, "it ends");
        let page = reply.json();
        items.extend(page["items"].as_array().unwrap().clone());
        between();
        let Some(next) = page["next"].as_str() else { return (items, pages) };
        cursor = format!("&cursor={next}");
    }
}

fn names(items: &[Value]) -> Vec<String> {
    items.iter().map(|item| text(item, "name")).collect()
}

fn found(world: &World, query: &str) -> BTreeSet<String> {
    let (items, _) = all(world, query, || {});
    let names = names(&items);
    let set: BTreeSet<_> = names.iter().cloned().collect();
    assert_eq!(set.len(), names.len(), "each once: {names:?}");
    set
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Six credentials that differ in what filters ask for.
fn six(world: &World) -> (String, String) {
    let principal = text(&world.call("POST", PRINCIPALS, ROOT, &json!({ "name": "p" })).json(), "id");
    let viewer = json!([{ "role_id": "viewer" }]);
    let scoped = json!([{ "role_id": "editor", "resource": "r" }, { "role_id": "viewer" }]);
    make(world, &json!({ "name": "ci-a", "roles": viewer, "expires_at": time(START + DAY) }));
    make(world, &json!({ "name": "ci-b", "roles": scoped, "enabled": false }));
    make(world, &json!({ "name": "ci-c", "roles": null, "principal": principal }));
    let used = make(
        world,
        &json!({ "name": "dev", "roles": viewer, "principal": principal, "expires_at": time(START + 3 * DAY) }),
    );
    let rotated = make(world, &json!({ "name": "CI-upper", "roles": viewer }));
    make(world, &json!({ "name": "ci%", "roles": viewer }));
    world.pass(HOUR);
    let later = time(world.now.get());
    world.pass(SECOND);
    assert!(holds(world, &used.secret));
    assert_eq!(world.call("POST", &rotated.under("rotate"), ROOT, &json!({ "grace_seconds": 0 })).status, 200);
    (principal, later)
}

#[test]
fn each_filter_narrows_and_together_they_narrow_more() {
    let world = World::new();
    let (principal, later) = six(&world);
    let every = ["ci-a", "ci-b", "ci-c", "dev", "CI-upper", "ci%"];
    let two_days = time(START + 2 * DAY);
    #[rustfmt::skip]
    let table: Vec<(String, &[&str])> = vec![
        (String::new(), &every),
        ("enabled=true".to_owned(), &["ci-a", "ci-c", "dev", "CI-upper", "ci%"]),
        ("enabled=false".to_owned(), &["ci-b"]),
        (format!("principal={principal}"), &["ci-c", "dev"]),
        (format!("principal={ACME}"), &["ci-a", "ci-b", "CI-upper", "ci%"]),
        ("role=viewer".to_owned(), &["ci-a", "ci-b", "dev", "CI-upper", "ci%"]),
        ("role=editor".to_owned(), &["ci-b"]),
        ("role=nobody".to_owned(), &[]),
        ("name_prefix=ci".to_owned(), &["ci-a", "ci-b", "ci-c", "ci%"]),
        ("name_prefix=ci%25".to_owned(), &["ci%"]),
        ("name_prefix=dev".to_owned(), &["dev"]),
        ("name_prefix=devil".to_owned(), &[]),
        (format!("expires_before={two_days}"), &["ci-a"]),
        (format!("expires_before={}", time(START + DAY)), &[]),
        (format!("expires_before={}", time(START + 4 * DAY)), &["ci-a", "dev"]),
        (format!("unused_since={later}"), &["ci-a", "ci-b", "ci-c", "CI-upper", "ci%"]),
        (format!("unused_since={}", time(START + DAY)), &every),
        (format!("unrotated_since={later}"), &["ci-a", "ci-b", "ci-c", "dev", "ci%"]),
        (format!("unrotated_since={}", time(START + DAY)), &every),
        (format!("enabled=true&role=viewer&principal={principal}&expires_before={}", time(START + 4 * DAY)), &["dev"]),
        (format!("name_prefix=ci&role=viewer&enabled=true&unused_since={later}&unrotated_since={later}"), &["ci-a", "ci%"]),
        (format!("name_prefix=ci&principal={principal}"), &["ci-c"]),
    ];
    for (query, expected) in table {
        for limit in [1, 2, 100] {
            for sort in ["created", "-created", "name", "-name"] {
                assert_eq!(
                    found(&world, &format!("{query}&limit={limit}&sort={sort}")),
                    set(expected),
                    "{query} by {limit} {sort}"
                );
            }
        }
        assert_eq!(found(&world, &query), set(expected), "{query}");
    }
}

#[test]
fn a_list_has_an_order_and_its_reverse() {
    let world = World::new();
    six(&world);
    let order = |query: &str| names(&all(&world, &format!("limit=2&{query}"), || {}).0);
    let created = ["ci-a", "ci-b", "ci-c", "dev", "CI-upper", "ci%"].map(str::to_owned).to_vec();
    let named = ["CI-upper", "ci%", "ci-a", "ci-b", "ci-c", "dev"].map(str::to_owned).to_vec();
    let reverse = |names: &[String]| names.iter().rev().cloned().collect::<Vec<_>>();
    assert_eq!(order(""), created);
    assert_eq!(order("sort=created"), created);
    assert_eq!(order("sort=-created"), reverse(&created));
    assert_eq!(order("sort=name"), named);
    assert_eq!(order("sort=-name"), reverse(&named));
    assert_eq!(
        order("sort=-name&enabled=true"),
        reverse(&named).into_iter().filter(|name| name != "ci-b").collect::<Vec<_>>()
    );
    // An item of a list is what GET shows of it.
    let reply = world.get(&format!("{CREDENTIALS}?limit=1"), ROOT);
    assert_eq!(reply.members(), ["items", "next"]);
    let item = &reply.json()["items"][0];
    assert_eq!(*item, read(&world, &format!("{CREDENTIALS}/{}", text(item, "id"))));
}

#[test]
fn a_cursor_stays_right_while_things_come_and_go() {
    for (sort, limit) in [
        ("created", 3),
        ("-created", 3),
        ("name", 4),
        ("-name", 1),
        ("name&enabled=true", 3),
        ("created&role=viewer", 2),
    ] {
        let world = World::new();
        world.many_credentials(ACME, ACME, 1..21);
        let before = found(&world, "limit=100");
        let mut round = 0;
        let (items, _) = all(&world, &format!("sort={sort}&limit={limit}"), || {
            round += 1;
            if round == 2 {
                // In front of, within and behind what was seen; and the one that the cursor names may go as well.
                for name in ["a", "name 050000", "z"] {
                    make(&world, &json!({ "name": name, "roles": [{ "role_id": "viewer" }] }));
                }
            }
        });
        let seen = names(&items);
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), seen.len(), "{sort}: none twice");
        assert!(before.iter().all(|name| seen.contains(name)), "{sort}: none left out");
        // The credential that the cursor was made from is deleted: the page goes on behind its place.
        let first = world.get(&format!("{CREDENTIALS}?sort={sort}&limit=2"), ROOT).json();
        let next = text(&first, "next");
        let whole = names(&all(&world, &format!("sort={sort}&limit=100"), || {}).0);
        let url = format!("{CREDENTIALS}/{}", text(&first["items"][1], "id"));
        assert_eq!(world.call("DELETE", &url, ROOT, &Value::Null).status, 204);
        let rest = all(&world, &format!("sort={sort}&limit=100&cursor={next}"), || {}).0;
        assert_eq!(names(&rest), whole[2..], "{sort}");
    }
}

#[test]
fn a_page_looks_at_a_bounded_number_of_rows_and_may_be_short() {
    let world = World::new();
    world.many_credentials(ACME, ACME, 1..1001);
    let few = ["00000000000000000000000007", "00000000000000000000000512", "00000000000000000000000999"];
    for id in few {
        assert_eq!(world.call("PATCH", &format!("{CREDENTIALS}/{id}"), ROOT, &json!({ "enabled": false })).status, 200);
    }
    for sort in ["created", "-created", "name", "-name"] {
        let (items, pages) = all(&world, &format!("enabled=false&sort={sort}"), || {});
        let ids: BTreeSet<_> = items.iter().map(|item| text(item, "id")).collect();
        assert_eq!((items.len(), ids), (3, few.map(str::to_owned).into()), "{sort}");
        assert!(pages > 1, "short pages with a cursor");
        let (items, pages) = all(&world, &format!("enabled=true&limit=100&sort={sort}"), || {});
        let ids: BTreeSet<_> = items.iter().map(|item| text(item, "id")).collect();
        assert_eq!((items.len(), ids.len()), (997, 997));
        assert!(pages <= 12, "{pages}");
    }
    let (items, _) = all(&world, "role=nobody", || {});
    assert_eq!(items.len(), 0);
    let (items, pages) = all(&world, "limit=100", || {});
    assert_eq!((items.len(), pages), (1000, 10));
}

/// A prefix is a range: what does not begin with it is not looked at.
#[test]
fn a_name_prefix_reads_its_own_range_alone() {
    let world = World::new();
    world.many_credentials(ACME, ACME, 1..1001);
    for sort in ["name", "-name"] {
        let (items, pages) = all(&world, &format!("name_prefix=name%20054408&sort={sort}"), || {});
        assert_eq!((names(&items), pages), (vec!["name 054408".to_owned()], 1), "{sort}");
    }
}

#[test]
fn what_is_no_page_is_told_all_at_once_and_costs_no_trip() {
    let world = World::new();
    let refused = |query: &str| {
        let reply = world.get(&format!("{CREDENTIALS}?{query}"), ROOT);
        is(&reply, 400, "bad_parameters");
        assert_eq!(reply.cost.trips, 0);
        let told = reply.json();
        told["violations"].as_array().unwrap().iter().map(|one| text(one, "parameter")).collect::<BTreeSet<_>>()
    };
    for query in ["limit=0", "limit=101", "limit=ten", "limit=-1"] {
        assert_eq!(refused(query), set(&["limit"]));
    }
    for query in ["sort=id", "sort=", "sort=--name", "sort=Name"] {
        assert_eq!(refused(query), set(&["sort"]));
    }
    let wrong =
        "limit=x&sort=y&enabled=maybe&principal=p&expires_before=soon&unused_since=1&unrotated_since=x&cursor=x";
    let every =
        ["limit", "sort", "enabled", "principal", "expires_before", "unused_since", "unrotated_since", "cursor"];
    assert_eq!(refused(wrong), set(&every));
    make(&world, &json!({ "name": "a", "roles": null }));
    make(&world, &json!({ "name": "b", "roles": null }));
    let by_name = text(&world.get(&format!("{CREDENTIALS}?limit=1&sort=name"), ROOT).json(), "next");
    assert_eq!(refused(&format!("cursor={by_name}")), set(&["cursor"]), "of another order");
    assert_eq!(refused(&format!("sort=name&cursor={by_name}x")), set(&["cursor"]));
}

#[test]
fn principals_and_tenants_are_listed_by_pages_too() {
    let world = World::new();
    for n in 0..5 {
        assert_eq!(world.call("POST", PRINCIPALS, ROOT, &json!({ "name": format!("p{n}") })).status, 201);
        assert_eq!(world.call("POST", TENANTS, ROOT, &json!({ "name": format!("t{n}") })).status, 201);
    }
    for (url, count) in [(PRINCIPALS, 6), (TENANTS, 6)] {
        for sort in ["created", "-created"] {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = world.get(&format!("{url}?limit=2&sort={sort}{cursor}"), ROOT).json();
                seen.extend(page["items"].as_array().unwrap().iter().map(|item| text(item, "id")));
                let Some(next) = page["next"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            let distinct: BTreeSet<_> = seen.iter().collect();
            assert_eq!((seen.len(), distinct.len()), (count, count), "{url} {sort}");
        }
        is(&world.get(&format!("{url}?sort=name"), ROOT), 400, "bad_parameters");
    }
}
