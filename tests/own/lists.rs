//! Lists: filters, sort orders, and cursors while items are created and deleted.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use support::face::roles;
use support::tenant::text;
use support::{call, get};

use crate::stage::*;

const SORTS: [&str; 4] = ["created", "-created", "name", "-name"];

/// A tenant without any credential: root calls as its admin.
fn empty(service: &InProcess) -> Tenant<'_> {
    let mut tenant = Tenant::new(service);
    call("DELETE", format!("/v1.0/tenants/{}/users/{ZERO}/credentials", tenant.id.guid()))
        .by_root()
        .send(service)
        .expect(200);
    ROOT.clone_into(&mut tenant.admin);
    tenant
}

/// Returns every item of a list and the number of pages; `between` runs after each page.
fn walk(tenant: &Tenant, path: &str, query: &str, mut between: impl FnMut()) -> (Vec<Value>, usize) {
    let (mut items, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = tenant.look(format!("{path}?{query}{cursor}"));
        pages += 1;
        assert!(pages < 2000, "it ends");
        items.extend(page["items"].as_array().expect("items").clone());
        between();
        let Some(next) = page["next"].as_str() else { return (items, pages) };
        cursor = format!("&cursor={next}");
    }
}

fn all(tenant: &Tenant, query: &str) -> Vec<Value> {
    walk(tenant, &tenant.at("/credentials"), query, || {}).0
}

fn names(items: &[Value]) -> Vec<String> {
    items.iter().map(|item| text(&item["name"])).collect()
}

fn found(tenant: &Tenant, query: &str) -> BTreeSet<String> {
    let names = names(&all(tenant, query));
    let set: BTreeSet<_> = names.iter().cloned().collect();
    assert_eq!(set.len(), names.len(), "duplicates in {names:?}");
    set
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Creates six credentials that differ in every filter. Returns the second principal's id, and the time after which one
/// credential was used and one rotated.
fn six(service: &InProcess, tenant: &Tenant) -> (String, String) {
    let other = text(&tenant.look(tenant.principal())["id"]);
    let scoped = json!([{ "role_id": "editor", "resource": "r" }, { "role_id": "viewer" }]);
    tenant.own(json!({ "name": "ci-a", "expires_at": time(START + DAY) }));
    tenant.own(json!({ "name": "ci-b", "roles": scoped, "enabled": false }));
    tenant.own(json!({ "name": "ci-c", "roles": null, "principal": other }));
    let used = tenant.own(json!({ "name": "dev", "principal": other, "expires_at": time(START + 3 * DAY) }));
    let rotated = tenant.own(json!({ "name": "CI-upper" }));
    tenant.own(json!({ "name": "ci%" }));
    service.world().pass(HOUR);
    let later = now(service);
    service.world().pass(SECOND);
    assert!(tenant.accepts(&used.secret));
    tenant.step(&rotated, "rotate", &json!({ "grace_seconds": 0 })).expect(200);
    (other, later)
}

#[test]
fn list_filters_combine_with_and() {
    let service = InProcess::new();
    let tenant = empty(&service);
    let (principal, later) = six(&service, &tenant);
    let every = ["ci-a", "ci-b", "ci-c", "dev", "CI-upper", "ci%"];
    let two_days = time(START + 2 * DAY);
    #[rustfmt::skip]
    let table: Vec<(String, &[&str])> = vec![
        (String::new(), &every),
        ("enabled=true".to_owned(), &["ci-a", "ci-c", "dev", "CI-upper", "ci%"]),
        ("enabled=false".to_owned(), &["ci-b"]),
        (format!("principal={principal}"), &["ci-c", "dev"]),
        (format!("principal={}", tenant.account), &["ci-a", "ci-b", "CI-upper", "ci%"]),
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
            for sort in SORTS {
                assert_eq!(
                    found(&tenant, &format!("{query}&limit={limit}&sort={sort}")),
                    set(expected),
                    "{query} by {limit} {sort}"
                );
            }
        }
        assert_eq!(found(&tenant, &query), set(expected), "{query}");
    }
}

#[test]
fn every_sort_order_has_a_reverse() {
    let service = InProcess::new();
    let tenant = empty(&service);
    six(&service, &tenant);
    let order = |query: &str| names(&all(&tenant, &format!("limit=2&{query}")));
    let created = ["ci-a", "ci-b", "ci-c", "dev", "CI-upper", "ci%"];
    let named = ["CI-upper", "ci%", "ci-a", "ci-b", "ci-c", "dev"];
    let reverse = |names: &[&'static str]| names.iter().rev().copied().collect::<Vec<_>>();
    assert_eq!(order(""), created);
    assert_eq!(order("sort=created"), created);
    assert_eq!(order("sort=-created"), reverse(&created));
    assert_eq!(order("sort=name"), named);
    assert_eq!(order("sort=-name"), reverse(&named));
    let enabled: Vec<_> = reverse(&named).into_iter().filter(|name| *name != "ci-b").collect();
    assert_eq!(order("sort=-name&enabled=true"), enabled);
    // An item of a list equals a GET of the credential.
    let reply = tenant.send("GET", tenant.at("/credentials?limit=1"), &Value::Null);
    assert_eq!(reply.members(), ["items", "next"]);
    let item = reply.items().remove(0);
    assert_eq!(item, tenant.look(tenant.at(&format!("/credentials/{}", text(&item["id"])))));
}

/// Creates so many credentials in a new tenant by SQL, with their numbers as ids.
fn many(service: &InProcess, count: u32) -> Tenant<'_> {
    let tenant = empty(service);
    let (id, principal) = (tenant.id.to_string(), tenant.account.to_string());
    service.world().many_credentials(&id, &principal, 1..count + 1);
    tenant
}

#[test]
fn list_pages_are_stable_under_concurrent_inserts_and_deletes() {
    for (sort, limit) in [
        ("created", 3),
        ("-created", 3),
        ("name", 4),
        ("-name", 1),
        ("name&enabled=true", 3),
        ("created&role=viewer", 2),
    ] {
        let service = InProcess::new();
        let tenant = many(&service, 20);
        let path = tenant.at("/credentials");
        let before = found(&tenant, "limit=100");
        let mut round = 0;
        let (items, _) = walk(&tenant, &path, &format!("sort={sort}&limit={limit}"), || {
            round += 1;
            if round == 2 {
                // Names before, among and after those already returned; the credential of the cursor may be deleted,
                // too.
                for name in ["a", "name 050000", "z"] {
                    tenant.own(json!({ "name": name }));
                }
            }
        });
        let seen = names(&items);
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), seen.len(), "{sort}: no item twice");
        assert!(before.iter().all(|name| seen.contains(name)), "{sort}: no item missing");
        // The credential of the cursor is deleted: the next page starts after its position.
        let first = tenant.look(format!("{path}?sort={sort}&limit=2"));
        let whole = names(&all(&tenant, &format!("sort={sort}&limit=100")));
        let deleted = format!("{path}/{}", text(&first["items"][1]["id"]));
        tenant.send("DELETE", deleted, &Value::Null).expect(204);
        let rest = all(&tenant, &format!("sort={sort}&limit=100&cursor={}", text(&first["next"])));
        assert_eq!(names(&rest), whole[2..], "{sort}");
    }
}

#[test]
fn filtered_page_reads_bounded_rows_and_may_be_short() {
    let service = InProcess::new();
    let tenant = many(&service, 1000);
    let path = tenant.at("/credentials");
    let few = [7, 512, 999].map(|number| format!("{number:026}"));
    for id in &few {
        tenant.send("PATCH", format!("{path}/{id}"), &json!({ "enabled": false })).expect(200);
    }
    let ids = |query: &str| {
        let (items, pages) = walk(&tenant, &path, query, || {});
        let ids: BTreeSet<_> = items.iter().map(|item| text(&item["id"])).collect();
        assert_eq!(ids.len(), items.len(), "each once");
        (ids, pages)
    };
    for sort in SORTS {
        let (found, pages) = ids(&format!("enabled=false&sort={sort}"));
        assert_eq!(found, few.clone().into(), "{sort}");
        assert!(pages > 1, "short pages with a cursor");
        let (found, pages) = ids(&format!("enabled=true&limit=100&sort={sort}"));
        assert!(found.len() == 997 && pages <= 12, "{} in {pages}", found.len());
    }
    assert_eq!(ids("role=nobody").0.len(), 0);
    let (found, pages) = ids("limit=100");
    assert_eq!((found.len(), pages), (1000, 10));
    // A prefix is a range of the index: other names are not read.
    for sort in ["name", "-name"] {
        let (items, pages) = walk(&tenant, &path, &format!("name_prefix=name%20054408&sort={sort}"), || {});
        assert_eq!((names(&items), pages), (vec!["name 054408".to_owned()], 1), "{sort}");
    }
}

#[test]
fn every_invalid_list_parameter_is_reported_together_without_a_trip() {
    let service = InProcess::new();
    let tenant = empty(&service);
    let path = tenant.at("/credentials");
    let refused = |query: &str| {
        let reply = get(format!("{path}?{query}")).token(&tenant.admin).send(&service).expect(400);
        assert_eq!(reply.cost.trips, 0);
        let body = reply.json();
        assert_eq!(body["code"], "bad_parameters");
        body["violations"]
            .as_array()
            .expect("violations")
            .iter()
            .map(|one| text(&one["parameter"]))
            .collect::<BTreeSet<_>>()
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
    for name in ["a", "b"] {
        tenant.own(json!({ "name": name, "roles": roles(&["viewer"]) }));
    }
    let by_name = text(&tenant.look(format!("{path}?limit=1&sort=name"))["next"]);
    assert_eq!(refused(&format!("cursor={by_name}")), set(&["cursor"]), "a cursor of another order");
    assert_eq!(refused(&format!("sort=name&cursor={by_name}x")), set(&["cursor"]));
}

#[test]
fn principals_and_tenants_are_paged() {
    let service = InProcess::new();
    let tenant = empty(&service);
    for n in 0..4 {
        tenant.principal();
        tenant.send("POST", "/v1/tenants", &json!({ "name": format!("t{n}") })).expect(201);
    }
    // The default principal and two others; the tenants `acme` and the test's own.
    for path in [tenant.at("/principals"), "/v1/tenants".to_owned()] {
        for sort in ["created", "-created"] {
            let (items, _) = walk(&tenant, &path, &format!("limit=2&sort={sort}"), || {});
            let distinct: BTreeSet<_> = items.iter().map(|item| text(&item["id"])).collect();
            assert_eq!((items.len(), distinct.len()), (6, 6), "{path} {sort}");
        }
        tenant.send("GET", format!("{path}?sort=name"), &Value::Null).refused(400, "sort parameter");
    }
}
