//! Lists while credentials are created and deleted.

use std::collections::BTreeSet;

use postern::credential::id::Id;
use serde_json::Value;
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
