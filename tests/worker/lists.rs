//! Lists: whole ones, pages, and pages while what is listed comes and goes.

use std::collections::BTreeSet;

use postern::credential::id::Id;
use serde_json::{Value, json};

use support::CLIENTS;
use support::client::{Reply, call, get};
use support::face::Face::{self, Coactive, Keycard, LiteGraph};
use support::http::{at_once, server};
use support::tenant::{Tenant, nobody, read_id, text};

const ORDERS: [&str; 6] =
    ["CreatedAscending", "CreatedDescending", "NameAscending", "NameDescending", "GuidAscending", "GuidDescending"];

fn read(tenant: &Tenant, path: &str) -> Reply {
    get(path).token(&tenant.admin).send(server()).expect(200)
}

/// The path of the pages of LiteGraph.
fn enumeration(tenant: &Tenant) -> String {
    format!("/v2.0/tenants/{}/credentials", tenant.id.guid())
}

fn ids(items: &Value, member: &str) -> Vec<Id> {
    items.as_array().expect("a list").iter().map(|item| read_id(&item[member])).collect()
}

/// Where a credential stands in one of LiteGraph's orders; what comes last is compared last.
fn place(shown: &Value, order: &str) -> (String, String) {
    let guid = text(&shown["GUID"]);
    let by = match order.trim_end_matches("Ascending").trim_end_matches("Descending") {
        "Created" => text(&shown["CreatedUtc"]),
        "Name" => text(&shown["Name"]),
        _ => String::new(),
    };
    (by, guid)
}

/// A tenant with ten credentials of names that say nothing of when they were made.
fn tenant_of_ten() -> Tenant<'static> {
    let tenant = Tenant::new(server());
    for number in 0..9 {
        let body = json!({ "UserGUID": tenant.account.guid(), "Name": format!("name {}", number * 5 % 9) });
        call("PUT", tenant.all(LiteGraph)).token(&tenant.admin).json(&body).send(server()).expect(200);
    }
    tenant
}

#[test]
fn coactive_lists_every_client_and_no_secret() {
    let tenant = tenant_of_ten();
    let (id, _) = tenant.client(&json!({ "name": "last", "roles": [{ "role_id": "viewer", "resource": "dataset" }] }));
    let listed = read(&tenant, CLIENTS).json();
    let listed = listed.as_array().expect("a bare array");
    assert_eq!(listed.len(), 11);
    for client in listed {
        let one = read(&tenant, &format!("{CLIENTS}/{}", text(&client["client_id"])));
        assert_eq!((client, &client["client_secret"]), (&one.json(), &json!("")));
    }
    assert_eq!(listed[10]["client_id"], id, "the oldest first");
}

#[test]
fn coactive_lists_the_roles_that_there_are() {
    let tenant = Tenant::new(server());
    let roles = |query: &str| read(&tenant, &format!("/api/v1/auth-management/roles{query}")).json();
    let named = |more: &[(&str, &str)]| {
        let role = |name: &str| {
            let mut role = json!({ "role_id": name, "name": name });
            for (member, value) in more {
                role[*member] = json!(value);
            }
            role
        };
        let roles = ["admin", "editor", "viewer"].map(role);
        json!({ "roles": roles })
    };
    assert_eq!(roles(""), named(&[]));
    assert_eq!(roles("?roles_context=system"), named(&[]));
    assert_eq!(roles("?roles_context=dataset:d1"), named(&[("resource", "dataset")]));
}

#[test]
fn litegraph_reads_many_in_every_order_and_those_that_are_named() {
    let tenant = tenant_of_ten();
    let path = tenant.all(LiteGraph);
    let default = read(&tenant, &path).json();
    let mut all = default.as_array().expect("a bare array").clone();
    assert_eq!(all.len(), 10);
    for order in ORDERS {
        all.sort_by_key(|credential| place(credential, order));
        if order.ends_with("Descending") {
            all.reverse();
        }
        let listed = read(&tenant, &format!("{path}?order={order}"));
        assert_eq!((listed.json(), listed.cost.trips), (json!(all), 1), "{order}");
        assert_eq!(read(&tenant, &format!("{path}/?skip=7&order={order}")).json(), json!(all[7..]), "{order}");
        if order == "CreatedDescending" {
            assert_eq!(default, json!(all), "it is the default");
        }
    }
    let (first, last) = (text(&all[0]["GUID"]), text(&all[9]["GUID"]));
    for (guids, found) in [
        (format!("{last},{first}"), vec![&all[9], &all[0]]),
        (format!("{last}%2C{first}"), vec![&all[9], &all[0]]),
        (format!("{first},{first}"), vec![&all[0]]),
        (format!("{},{}", nobody().guid(), first.to_uppercase()), vec![&all[0]]),
        (nobody().guid(), vec![]),
    ] {
        assert_eq!(read(&tenant, &format!("{path}?guids={guids}")).json(), json!(found), "{guids}");
    }
}

#[test]
fn litegraph_pages_in_every_order_by_query_and_by_search() {
    let tenant = tenant_of_ten();
    let path = enumeration(&tenant);
    for order in ORDERS {
        let all = read(&tenant, &format!("{}?order={order}", tenant.all(LiteGraph))).json();
        let all = all.as_array().expect("a list");
        let (mut seen, mut token) = (Vec::new(), None);
        while seen.len() < all.len() {
            let from = token.as_ref().map_or(String::new(), |token| format!("&token={token}"));
            let page = read(&tenant, &format!("{path}?order={order}&max-keys=4{from}")).json();
            let search =
                json!({ "Ordering": order, "MaxResults": 4, "ContinuationToken": token, "Labels": [], "Tags": {} });
            let mut found = call("POST", &path).token(&tenant.admin).json(&search).send(server()).expect(200).json();
            found["Timestamp"] = page["Timestamp"].clone();
            assert_eq!(found, page, "{order}");
            seen.extend(page["Objects"].as_array().expect("a list").clone());
            let left = all.len() - seen.len();
            assert_eq!(
                (&page["TotalRecords"], &page["RecordsRemaining"], &page["EndOfResults"], &page["MaxResults"]),
                (&json!(10), &json!(left), &json!(left == 0), &json!(4)),
            );
            token = page.get("ContinuationToken").map(text);
            assert_eq!(token, (left > 0).then(|| text(&seen[seen.len() - 1]["GUID"])));
        }
        assert_eq!(&seen, all, "{order}");
        let skipped = read(&tenant, &format!("{path}?maxKeys=3&skip=2&order={order}")).json();
        assert_eq!((&skipped["Objects"], &skipped["RecordsRemaining"]), (&json!(all[2..5]), &json!(5)));
    }
    // A place that was never there, and one of another tenant.
    let other = Tenant::new(server()).subject().id;
    for guid in [nobody().guid(), other.guid()] {
        let reply = get(format!("{path}?token={guid}")).token(&tenant.admin).send(server()).expect(404);
        assert_eq!(LiteGraph.error(&reply), "NotFound");
    }
}

#[test]
fn keycard_pages_there_and_back() {
    let tenant = tenant_of_ten();
    let path = tenant.all(Keycard);
    let page = |query: &str| {
        let page = read(&tenant, &format!("{path}?limit=4{query}")).json();
        let info = page["page_info"].clone();
        (ids(&page["items"], "id"), info)
    };
    let all = ids(&read(&tenant, &format!("{path}?limit=100")).json()["items"], "id");
    assert_eq!(all.len(), 9, "the admin is another service account's");
    let (first, at) = page("");
    assert_eq!((&first[..], &at["has_prev_page"], &at["has_next_page"]), (&all[..4], &json!(false), &json!(true)));
    let (second, at) = page(&format!("&after={}", text(&at["end_cursor"])));
    assert_eq!((&second[..], &at["has_prev_page"], &at["has_next_page"]), (&all[4..8], &json!(true), &json!(true)));
    let (third, at) = page(&format!("&after={}", text(&at["end_cursor"])));
    assert_eq!((&third[..], &at["has_prev_page"], &at["has_next_page"]), (&all[8..], &json!(true), &json!(false)));
    let (back, at) = page(&format!("&before={}", text(&at["start_cursor"])));
    assert_eq!((&back, &at["has_prev_page"], &at["has_next_page"]), (&second, &json!(true), &json!(true)));
    let (back, at) = page(&format!("&before={}", text(&at["start_cursor"])));
    assert_eq!((&back, &at["has_prev_page"], &at["has_next_page"]), (&first, &json!(false), &json!(true)));
    let (none, at) = page(&format!("&before={}", text(&at["start_cursor"])));
    assert_eq!((none, at.get("start_cursor"), at.get("end_cursor")), (vec![], None, None));

    let may = json!({ "credentials": { "read": true, "update": true, "delete": true } });
    let asked = read(&tenant, &format!("{path}?expand[]=permissions&expand=total_count&limit=1"));
    asked.expect_members_in_any_order(&["items", "page_info", "permissions"]);
    assert_eq!((&asked.json()["permissions"], &asked.json()["items"][0]["permissions"]), (&may, &may));
}

/// How a list is gone through: the next page's path, and its ids with where the one after it begins.
struct Walk {
    path: String,
    from: &'static str,
    backwards: bool,
}

impl Walk {
    fn page(&self, tenant: &Tenant, cursor: Option<&str>) -> (Vec<Id>, Option<String>) {
        let from = cursor.map_or(String::new(), |cursor| format!("&{}={cursor}", self.from));
        let page = read(tenant, &format!("{}{from}", self.path)).json();
        if self.from == "token" {
            return (ids(&page["Objects"], "GUID"), page.get("ContinuationToken").map(text));
        }
        let info = &page["page_info"];
        let (more, cursor) =
            if self.backwards { ("has_prev_page", "start_cursor") } else { ("has_next_page", "end_cursor") };
        (ids(&page["items"], "id"), (info[more] == true).then(|| text(&info[cursor])))
    }
}

#[test]
fn what_is_there_throughout_is_seen_once_while_others_come_and_go() {
    let mut walks: Vec<_> = ORDERS
        .iter()
        .map(|order| {
            move |tenant: &Tenant| Walk {
                path: format!("{}?max-keys=4&order={order}", enumeration(tenant)),
                from: "token",
                backwards: false,
            }
        })
        .map(|walk| Box::new(walk) as Box<dyn Fn(&Tenant) -> Walk + Send + Sync>)
        .collect();
    for backwards in [false, true] {
        walks.push(Box::new(move |tenant| Walk {
            path: format!("{}?limit=4", tenant.all(Keycard)),
            from: if backwards { "before" } else { "after" },
            backwards,
        }));
    }
    at_once(walks, |walk| {
        let tenant = Tenant::new(server());
        let made: Vec<_> = (0..24).map(|_| tenant.subject().id).collect();
        let walk = walk(&tenant);
        // Backwards it begins behind the last one, which is then gone.
        let mut cursor = walk.backwards.then(|| {
            let last = read(&tenant, &format!("{}?limit=100", tenant.all(Keycard))).json();
            text(&last["page_info"]["end_cursor"])
        });
        let mut gone = BTreeSet::from([made[23]]);
        let delete =
            |id| drop(call("DELETE", tenant.one(Coactive, id)).token(&tenant.admin).send(server()).expect(200));
        delete(made[23]);
        let mut seen = Vec::new();
        for step in 0.. {
            let (page, next) = walk.page(&tenant, cursor.as_deref());
            seen.extend(page.iter().copied());
            cursor = next;
            if cursor.is_none() {
                break;
            }
            assert!(step < 30, "it does not come to an end: {seen:?}");
            // The last of the page goes, which the next one begins behind; one that may not have been seen; some come.
            for id in [page[page.len() - 1], made[step * 5 % 23]] {
                if made.contains(&id) && gone.insert(id) {
                    delete(id);
                }
            }
            tenant.subject();
        }
        let throughout: Vec<_> = made.iter().filter(|id| !gone.contains(id)).collect();
        assert!(throughout.len() >= 8 && gone.len() >= 5, "{} of {}", throughout.len(), made.len());
        for id in throughout {
            assert_eq!(seen.iter().filter(|seen| *seen == id).count(), 1, "{id} in {seen:?}");
        }
        let twice = seen.len() - seen.iter().collect::<BTreeSet<_>>().len();
        assert_eq!(twice, 0, "none is seen twice: {seen:?}");
    });
}

#[test]
fn what_is_deleted_is_in_no_list() {
    let tenant = Tenant::new(server());
    let listed = || {
        let pages = [(LiteGraph, enumeration(&tenant)), (Keycard, format!("{}?limit=100", tenant.all(Keycard)))];
        let mut listed = vec![
            ids(&read(&tenant, CLIENTS).json(), "client_id"),
            ids(&read(&tenant, &tenant.all(LiteGraph)).json(), "GUID"),
        ];
        listed.extend(pages.map(|(face, path)| {
            let page = read(&tenant, &path).json();
            if face == LiteGraph { ids(&page["Objects"], "GUID") } else { ids(&page["items"], "id") }
        }));
        listed
    };
    for face in Face::ALL {
        let (deleted, kept) = (tenant.subject().id, tenant.subject().id);
        assert!(listed().iter().all(|list| list.contains(&deleted) && list.contains(&kept)));
        call("DELETE", tenant.one(face, deleted)).token(&tenant.admin).send(server()).expect(face.deleted());
        assert!(listed().iter().all(|list| !list.contains(&deleted) && list.contains(&kept)), "{face:?}");
    }
    // Those of a user, by either path; then all, the caller's own too.
    for of_user in ["users", "credentials"] {
        let subject = tenant.subject().id;
        let path = format!("/v1.0/tenants/{}/{of_user}/{}/credentials", tenant.id.guid(), tenant.account.guid());
        call("DELETE", path).token(&tenant.admin).send(server()).expect(200);
        assert!(listed().iter().all(|list| !list.contains(&subject)));
        assert_eq!(listed()[0].len(), 1, "the admin is another user's");
    }
    tenant.subject();
    call("DELETE", tenant.all(LiteGraph)).token(&tenant.admin).send(server()).expect(200);
    get(CLIENTS).token(&tenant.admin).send(server()).expect(401);
    let left = get(CLIENTS).root(&tenant.label).send(server()).expect(200);
    assert_eq!(left.json(), json!([]));
}
