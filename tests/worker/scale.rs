//! The cost of a list for a tenant with a thousand credentials and for one with many more (tests/worker/seed.mjs).

use std::collections::BTreeSet;
use std::io::Write;

use postern::credential::id::Id;
use postern::credential::time::Micros;
use postern::store::list::Position;
use serde_json::json;

use crate::seeded::{seeded, seeds};
use support::client::{Reply, call, get};
use support::cursors::{cursor, event_cursor};
use support::face::Face::{Coactive, Keycard, LiteGraph, Postern};
use support::http::server;
use support::tenant::{Tenant, read_id};

fn sizes() -> [u64; 2] {
    [1_000, large()]
}

/// The size of the largest tenant: above the limit of lists without pages. `make torture` sets a hundred thousand.
pub fn large() -> u64 {
    std::env::var("POSTERN_LARGE").map_or(11_000, |size| size.parse().expect("a number"))
}

const PAGE: usize = 100;
/// "`RecordsRemaining` is exact up to 1,000."
const COUNTED: usize = 1_000;

/// The rows read, and by which page.
type Measured = Vec<(String, u64)>;

/// Returns the minimum and the maximum. Fails if either is more than a tenth from their mean.
#[track_caller]
fn expect_the_same(measured: &Measured) -> (u64, u64) {
    let rows = || measured.iter().map(|(_, rows)| *rows);
    let (least, most) = (rows().min().expect("some"), rows().max().expect("some"));
    let middle = (least + most).div_ceil(2);
    assert!(least * 10 >= middle * 9 && most * 10 <= middle * 11, "{least} to {most}: {measured:?}");
    (least, most)
}

fn print_line(line: &str) {
    // To stderr, since the test harness captures what a passing test prints.
    writeln!(std::io::stderr(), "\n{line}").expect("stderr");
}

/// The positions of the first, a middle and the last page of a list of this size.
fn places(size: usize) -> [usize; 3] {
    [0, size / 2, size - PAGE]
}

#[test]
fn keycard_page_reads_constant_rows_at_any_tenant_size_position_and_direction() {
    let mut measured = Measured::new();
    for size in sizes() {
        let tenant = seeded(size);
        let mut all: Vec<_> = seeds(size).into_iter().map(|(at, _, id)| (at, id)).collect();
        all.sort();
        let cursor = |at: usize| {
            let (at, id) = all[at];
            cursor(&tenant.all(Keycard), &Position { created_at: Micros(at), name: "", id })
        };
        for start in places(all.len()) {
            let end = start + PAGE;
            let mut queries = Vec::new();
            if start == 0 {
                queries.push(String::new());
            } else {
                queries.push(format!("&after={}", cursor(start - 1)));
            }
            if end < all.len() {
                queries.push(format!("&before={}", cursor(end)));
            }
            if start > 0 && end < all.len() {
                // A range with one item more, as a page without an end has.
                queries.push(format!("&after={}&before={}", cursor(start - 1), cursor(end + 1)));
            }
            for query in queries {
                let path = format!("{}?limit={PAGE}{query}", tenant.all(Keycard));
                let reply = get(path).token(&tenant.admin).send(server()).expect(200);
                let page = reply.json();
                let shown: Vec<_> =
                    page["items"].as_array().expect("a list").iter().map(|item| read_id(&item["id"])).collect();
                assert_eq!(shown, all[start..end].iter().map(|(_, id)| *id).collect::<Vec<_>>());
                let info = (&page["page_info"]["has_prev_page"], &page["page_info"]["has_next_page"]);
                assert_eq!(info, (&json!(start > 0), &json!(end < all.len())));
                assert_eq!((reply.cost.trips, reply.cost.rows_written), (1, 0));
                let direction = match (query.contains("after"), query.contains("before")) {
                    (false, false) => "first",
                    (true, false) => "after",
                    (false, true) => "before",
                    (true, true) => "between",
                };
                measured.push((format!("{direction} at {start} of {size}"), reply.cost.rows_read));
            }
        }
    }
    let (least, most) = expect_the_same(&measured);
    let cells = measured.len();
    print_line(&format!(
        "matrix rows read of Keycard's page of 100 in 1,000 and in {}, {least} to {most}: {cells} cells, none skipped",
        large()
    ));
}

/// A later page counts the remaining items, exactly up to a thousand by its contract. For that it reads the index
/// entries of its own items once more.
#[test]
fn litegraph_page_reads_constant_rows_at_any_tenant_size_order_and_position() {
    let (mut first, mut further) = (Measured::new(), Measured::new());
    for size in sizes() {
        let tenant = seeded(size);
        let path = format!("/v2.0/tenants/{}/credentials", tenant.id.guid());
        let mut all = seeds(size);
        all.push(last_made(tenant));
        for by in ["Created", "Name", "Guid"] {
            match by {
                "Created" => all.sort_by_key(|(at, _, id)| (*at, *id)),
                "Name" => all.sort_by_key(|(_, name, id)| (name.clone(), *id)),
                _ => all.sort_by_key(|(.., id)| *id),
            }
            for way in ["Ascending", "Descending"] {
                if way == "Descending" {
                    all.reverse();
                }
                for start in places(all.len()) {
                    let from = if start == 0 { String::new() } else { format!("&token={}", all[start - 1].2.guid()) };
                    let reply = get(format!("{path}?order={by}{way}&max-keys={PAGE}{from}"))
                        .token(&tenant.admin)
                        .send(server());
                    let reply = reply.expect(200);
                    let page = reply.json();
                    let shown: Vec<_> =
                        page["Objects"].as_array().expect("a list").iter().map(|item| read_id(&item["GUID"])).collect();
                    assert_eq!(shown, all[start..start + PAGE].iter().map(|(.., id)| *id).collect::<Vec<_>>());
                    let remaining = (all.len() - start - PAGE).min(COUNTED);
                    assert_eq!(
                        (&page["TotalRecords"], &page["RecordsRemaining"]),
                        (&json!(all.len()), &json!(remaining)),
                    );
                    assert_eq!((reply.cost.trips, reply.cost.rows_written), (1, 0));
                    let place = format!("{by}{way} at {start} of {size}");
                    if start == 0 {
                        first.push((place, reply.cost.rows_read));
                    } else {
                        let own =
                            reply.cost.rows_read.checked_sub(remaining as u64).expect("every counted item is read");
                        further.push((place, own));
                    }
                }
            }
        }
    }
    // The names are a table of their own, so their rows are read in addition to the credentials'.
    for by_name in [false, true] {
        let of = |measured: &Measured| -> Measured {
            measured.iter().filter(|(place, _)| place.starts_with("Name") == by_name).cloned().collect()
        };
        let (least, _) = expect_the_same(&of(&first));
        let (_, most) = expect_the_same(&of(&further));
        assert!(most * 10 <= (least + PAGE as u64) * 11, "{further:?}");
    }
    let range = |measured: &Measured| {
        let rows = || measured.iter().map(|(_, rows)| *rows);
        (rows().min().expect("some"), rows().max().expect("some"))
    };
    let ((least, most), (least_further, most_further)) = (range(&first), range(&further));
    let cells = first.len() + further.len();
    print_line(&format!(
        "matrix rows read of LiteGraph's page of 100 in 1,000 and in {}, six orders, the first {least} to {most}, \
        further on {least_further} to {most_further} and what is counted: {cells} cells, none skipped",
        large()
    ));
}

#[test]
fn postern_page_reads_constant_rows_at_any_tenant_size_order_and_position() {
    let (mut by_creation, mut by_name) = (Measured::new(), Measured::new());
    for size in sizes() {
        let tenant = seeded(size);
        let mut all = seeds(size);
        for sort in ["created", "-created", "name", "-name"] {
            let named = sort.ends_with("name");
            if named {
                all.sort_by_key(|(_, name, id)| (name.clone(), *id));
            } else {
                all.sort_by_key(|(at, _, id)| (*at, *id));
            }
            if sort.starts_with('-') {
                all.reverse();
            }
            for start in places(all.len()) {
                // In the two orders that are skipped, the first page starts with the admin's credential, which is not a seed.
                let from = match start.checked_sub(1).map(|before| &all[before]) {
                    None if sort == "-created" || sort == "name" => continue,
                    None => String::new(),
                    Some((at, name, id)) => {
                        let position = Position { created_at: Micros(*at), name, id: *id };
                        format!("&cursor={}", cursor(&format!("{}?sort={sort}", tenant.all(Postern)), &position))
                    }
                };
                let path = format!("{}?limit={PAGE}&sort={sort}{from}", tenant.all(Postern));
                let reply = get(path).token(&tenant.admin).send(server()).expect(200);
                let shown: Vec<_> = reply.items().iter().map(|item| read_id(&item["id"])).collect();
                assert_eq!(shown, all[start..start + PAGE].iter().map(|(.., id)| *id).collect::<Vec<_>>(), "{sort}");
                assert_eq!((reply.cost.trips, reply.cost.rows_written), (1, 0));
                let measured = if named { &mut by_name } else { &mut by_creation };
                measured.push((format!("{sort} at {start} of {size}"), reply.cost.rows_read));
            }
        }
    }
    let cells = by_creation.len() + by_name.len();
    let (least, _) = expect_the_same(&by_creation);
    let (_, most) = expect_the_same(&by_name);
    assert!(most < 1_000, "{by_name:?}");
    print_line(&format!(
        "matrix rows read of our page of 100 in 1,000 and in {}, four orders, {least} to {most}: {cells} cells, none skipped",
        large()
    ));
}

#[test]
fn history_page_reads_only_its_own_events() {
    let mut measured = Measured::new();
    for size in sizes() {
        let tenant = seeded(size);
        let last =
            get(format!("/v1/tenants/{}/events?limit=1", tenant.id)).token(&tenant.admin).send(server()).expect(200);
        let last = last.items()[0]["seq"].as_u64().expect("a number");
        assert!(last > 3 * (size - 1), "a credential and its two secrets are three events");
        let one = tenant.one(Postern, seeds(size)[7].2);
        let from = |seq: u64| format!("&cursor={}", event_cursor(&format!("/v1/tenants/{}/events", tenant.id), seq));
        for (what, query, count) in
            [("newest", String::new(), 100), ("middle", from(last / 2), 100), ("oldest", from(100), 100)]
        {
            let path = format!("/v1/tenants/{}/events?limit=100{query}", tenant.id);
            let reply = get(path).token(&tenant.admin).send(server()).expect(200);
            assert_eq!((reply.items().len(), reply.cost.trips, reply.cost.rows_written), (count, 1, 0), "{what}");
            measured.push((format!("{what} of {size}"), reply.cost.rows_read));
        }
        let reply = get(format!("{one}/events")).token(&tenant.admin).send(server()).expect(200);
        assert_eq!((reply.items().len(), reply.cost.trips), (3, 1));
        assert!(reply.cost.rows_read < 50, "{reply:?}");
    }
    let (least, most) = expect_the_same(&measured);
    let cells = measured.len();
    print_line(&format!("matrix rows read of a page of 100 events, {least} to {most}: {cells} cells, none skipped"));
}

/// The credential of a seeded tenant that the tests created: its admin's.
fn last_made(tenant: &Tenant) -> (i64, String, Id) {
    let path = format!("/v2.0/tenants/{}/credentials?max-keys=1&order=CreatedDescending", tenant.id.guid());
    let last = get(path).token(&tenant.admin).send(server()).expect(200).json()["Objects"][0].clone();
    assert_eq!(last["Name"], "caller");
    (i64::MAX, "caller".to_owned(), read_id(&last["GUID"]))
}

#[test]
fn unpaged_list_takes_one_trip_per_thousand_items() {
    for (size, trips) in [(1_000, 1), (2_500, 3)] {
        let tenant = seeded(size);
        let ids: BTreeSet<_> = seeds(size).into_iter().map(|(.., id)| id).collect();
        for (face, member) in [(Coactive, "client_id"), (LiteGraph, "GUID")] {
            let reply = get(tenant.all(face)).token(&tenant.admin).send(server()).expect(200);
            let listed = reply.json();
            let listed: Vec<_> = listed.as_array().expect("a list").iter().map(|item| read_id(&item[member])).collect();
            assert_eq!(listed.len() as u64, size);
            let listed: BTreeSet<_> = listed.into_iter().collect();
            assert!(listed.len() as u64 == size && listed.is_superset(&ids), "each once");
            assert_eq!((reply.cost.trips, reply.cost.rows_written), (trips, 0), "{face:?} of {size}");
        }
    }
}

/// "Up to 10,000; above that 400", detected without reading the items.
#[test]
fn requests_above_ten_thousand_items_are_rejected_in_one_trip() {
    let tenant = seeded(large());
    let refused = |reply: &Reply| {
        assert!((reply.cost.trips, reply.cost.rows_written) == (1, 0) && reply.cost.rows_read < 60, "{reply:?}");
    };
    let list = get(tenant.all(Coactive)).token(&tenant.admin).send(server()).expect(400);
    assert!(Coactive.error(&list).contains("10,000"), "{list:?}");
    refused(&list);
    let user = format!("/v1.0/tenants/{}/users/{}", tenant.id.guid(), tenant.account.guid());
    for (method, path) in [("GET", tenant.all(LiteGraph)), ("DELETE", tenant.all(LiteGraph))] {
        let reply = call(method, path).token(&tenant.admin).send(server()).expect(400);
        assert_eq!(LiteGraph.error(&reply), "BadRequest");
        assert!(reply.json()["Description"].to_string().contains("10,000"), "{reply:?}");
        refused(&reply);
    }
    // A user's credentials have to be counted, up to the limit.
    for (path, face) in [
        (user.clone(), LiteGraph),
        (format!("{user}/credentials"), LiteGraph),
        (format!("/organizations/{}/service-accounts/{}", tenant.label, tenant.account), Keycard),
    ] {
        let reply = call("DELETE", path).token(&tenant.admin).send(server()).expect(400);
        assert_eq!(face.error(&reply), face.unreadable().1);
        assert!((reply.cost.trips, reply.cost.rows_written) == (1, 0), "{reply:?}");
    }
    let left =
        get(format!("/v2.0/tenants/{}/credentials?max-keys=1", tenant.id.guid())).token(&tenant.admin).send(server());
    assert_eq!(left.expect(200).json()["TotalRecords"], large());
}
