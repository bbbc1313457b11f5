//! Lists while credentials are created and deleted.

use std::collections::BTreeSet;

use postern::credential::id::Id;
use serde_json::{Value, json};
use support::face::Face::{self, Coactive, Keycard, LiteGraph, Postern};
use support::http::at_once;
use support::tenant::{Tenant, read_id, text};
use support::{CLIENTS, call, client, get};

fn read(tenant: &Tenant, path: &str) -> Value {
    get(path).token(&tenant.admin).send(tenant.client).expect(200).json()
}

fn ids(items: &Value, member: &str) -> Vec<Id> {
    items.as_array().expect("a list").iter().map(|item| read_id(&item[member])).collect()
}

/// The path of LiteGraph's pages.
fn enumeration(tenant: &Tenant) -> String {
    format!("/v2.0/tenants/{}/credentials", tenant.id.guid())
}

fn delete(tenant: &Tenant, face: Face, id: Id) {
    call("DELETE", tenant.one(face, id)).token(&tenant.admin).send(tenant.client).expect(face.deleted());
}

/// The ids on a page, and the cursor of the next page.
fn page(tenant: &Tenant, path: &str, from: &str, cursor: Option<&str>) -> (Vec<Id>, Option<String>) {
    let page = read(tenant, &format!("{path}{}", cursor.map_or(String::new(), |cursor| format!("&{from}={cursor}"))));
    if from == "token" {
        return (ids(&page["Objects"], "GUID"), page.get("ContinuationToken").map(text));
    }
    let (more, cursor) =
        if from == "before" { ("has_prev_page", "start_cursor") } else { ("has_next_page", "end_cursor") };
    let info = &page["page_info"];
    (ids(&page["items"], "id"), (info[more] == true).then(|| text(&info[cursor])))
}

/// A cursor is a position in one list, in one order, of what passes one filter: anywhere else it is refused, without a trip.
#[test]
fn cursor_is_rejected_by_every_other_list_order_and_filter() {
    let client = client();
    let tenant = Tenant::new(&*client);
    for _ in 0..3 {
        let subject = tenant.subject();
        tenant.update(Postern, subject.id).json(&tenant.naming(Postern, "another name")).send(&*client).expect(200);
        tenant.account();
    }
    let subject = tenant.subject().id;
    let [of_tenant, of_principal, of_credential] =
        [tenant.at(""), tenant.at(&format!("/principals/{}", tenant.account)), tenant.one(Postern, subject)]
            .map(|path| format!("{path}/events?"));
    tenant.update(Postern, subject).json(&tenant.naming(Postern, "renamed")).send(&*client).expect(200);
    let renamed = json!({ "name": "renamed" });
    let principal = of_principal.strip_suffix("/events?").expect("a path");
    call("PATCH", principal).token(&tenant.admin).json(&renamed).send(&*client).expect(200);
    let mut lists = vec![of_tenant, of_principal, of_credential];
    for path in [tenant.at("/principals"), "/v1/tenants".to_owned()] {
        lists.extend(["", "sort=-created"].map(|sort| format!("{path}?{sort}")));
    }
    for sort in ["created", "-created", "name", "-name"] {
        for filter in ["", "&enabled=true", "&name_prefix=a", "&name_prefix=an", "&unused_since=2255-01-01T00:00:00Z"] {
            lists.push(format!("{}?sort={sort}{filter}", tenant.all(Postern)));
        }
    }
    let accounts = format!("/organizations/{}/service-accounts", tenant.label);
    lists.extend([tenant.all(Keycard), accounts, "/organizations".to_owned()].map(|path| format!("{path}?")));

    let (mut cursors, mut refused) = (Vec::new(), 0);
    for list in &lists {
        let by = if list.starts_with("/v1/tenants?") { client.root_token() } else { &tenant.admin };
        let page = get(format!("{list}&limit=1")).token(by).send(&*client).expect(200).json();
        let cursor = if list.starts_with("/v1") { &page["next"] } else { &page["page_info"]["end_cursor"] };
        cursors.push(text(cursor));
    }
    for (at, cursor) in cursors.iter().enumerate() {
        for (other, list) in lists.iter().enumerate() {
            let words = if list.starts_with("/v1") { &["cursor"][..] } else { &["after", "before"] };
            for word in words {
                let reply = get(format!("{list}&{word}={cursor}")).token(&tenant.admin).send(&*client);
                if at == other {
                    reply.expect(200);
                    continue;
                }
                let face = if list.starts_with("/v1") { Postern } else { Keycard };
                let told = if face == Postern { "cursor parameter" } else { "bad_request" };
                assert_eq!((reply.status, &*face.error(&reply), reply.cost.trips), (400, told, 0), "{list} {cursor}");
                refused += 1;
            }
        }
    }
    assert!(refused > 900, "{refused}");
    // The page size may change: it is not part of the list.
    let next = get(format!("{}&limit=2&cursor={}", lists[7], cursors[7])).token(&tenant.admin).send(&*client);
    next.expect(200);
}

#[test]
fn items_that_exist_throughout_are_returned_once_despite_inserts_and_deletes() {
    let client = client();
    let orders = ["Created", "Name", "Guid"].into_iter();
    let orders = orders.flat_map(|by| ["Ascending", "Descending"].map(|way| format!("?max-keys=4&order={by}{way}")));
    let mut walks: Vec<_> = orders.map(|query| ("token", query)).collect();
    walks.extend(["after", "before"].map(|from| (from, "?limit=4".to_owned())));
    at_once(walks, |(from, query)| {
        let tenant = Tenant::new(&*client);
        let made: Vec<_> = (0..24).map(|_| tenant.subject().id).collect();
        let path = if from == "token" { enumeration(&tenant) } else { tenant.all(Keycard) } + &query;
        // Backward, start before the last credential, which is then deleted.
        let last = || text(&read(&tenant, &format!("{}?limit=100", tenant.all(Keycard)))["page_info"]["end_cursor"]);
        let mut cursor = (from == "before").then(last);
        let mut gone = BTreeSet::from([made[23]]);
        delete(&tenant, Coactive, made[23]);
        let mut seen = Vec::new();
        for step in 0.. {
            let (page, next) = page(&tenant, &path, from, cursor.as_deref());
            seen.extend(page.iter().copied());
            cursor = next;
            if cursor.is_none() {
                break;
            }
            assert!(step < 30, "the list does not end: {seen:?}");
            // Delete the last one on the page, whose position is the cursor, and one that may not have been seen; add
            // one.
            for id in [page[page.len() - 1], made[step * 5 % 23]] {
                if made.contains(&id) && gone.insert(id) {
                    delete(&tenant, Coactive, id);
                }
            }
            tenant.subject();
        }
        let throughout: Vec<_> = made.iter().filter(|id| !gone.contains(id)).collect();
        assert!(throughout.len() >= 8 && gone.len() >= 5, "{} of {}", throughout.len(), made.len());
        for id in throughout {
            assert_eq!(seen.iter().filter(|seen| *seen == id).count(), 1, "{id} in {seen:?}");
        }
        assert_eq!(seen.len(), seen.iter().collect::<BTreeSet<_>>().len(), "no item twice: {seen:?}");
    });
}

#[test]
fn deleted_credential_is_in_no_list() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let listed = || {
        [
            ids(&read(&tenant, CLIENTS), "client_id"),
            ids(&read(&tenant, &tenant.all(LiteGraph)), "GUID"),
            ids(&read(&tenant, &enumeration(&tenant))["Objects"], "GUID"),
            ids(&read(&tenant, &format!("{}?limit=100", tenant.all(Keycard)))["items"], "id"),
            ids(&read(&tenant, &format!("{}?limit=100", tenant.all(Postern)))["items"], "id"),
        ]
    };
    for face in Face::ALL {
        let (deleted, kept) = (tenant.subject().id, tenant.subject().id);
        assert!(listed().iter().all(|list| list.contains(&deleted) && list.contains(&kept)));
        delete(&tenant, face, deleted);
        assert!(listed().iter().all(|list| !list.contains(&deleted) && list.contains(&kept)), "{face:?}");
    }
    // All of a user, by either path; then all of the tenant, the caller's own included.
    for of_user in ["users", "credentials"] {
        let subject = tenant.subject().id;
        let path = format!("/v1.0/tenants/{}/{of_user}/{}/credentials", tenant.id.guid(), tenant.account.guid());
        call("DELETE", path).token(&tenant.admin).send(&*client).expect(200);
        assert!(listed().iter().all(|list| !list.contains(&subject)));
        assert_eq!(listed()[0].len(), 1, "the admin is another user's");
    }
    tenant.subject();
    call("DELETE", tenant.all(LiteGraph)).token(&tenant.admin).send(&*client).expect(200);
    get(CLIENTS).token(&tenant.admin).send(&*client).expect(401);
    assert_eq!(get(CLIENTS).root(&tenant.label).send(&*client).expect(200).text, "[]");
}
