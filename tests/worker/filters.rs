//! Filters of lists on the Postern face: each finds exactly the matching items, and no page reads more than a thousand
//! rows, for every filter and size of tenant (tests/worker/seed.mjs).

use std::io::Write;

use postern::credential::id::Id;
use postern::credential::time::Micros;
use serde_json::{Value, json};

use crate::seeded::{seeded, seeds};
use support::client::get;
use support::face::Face::Postern;
use support::http::{at_once, server};
use support::tenant::{Tenant, read_id, text};

use crate::scale::large;

const ROWS: u64 = 1_000;
const SORTS: [&str; 4] = ["created", "-created", "name", "-name"];

// As in seed.mjs.
const AT: i64 = 1_600_000_000_000_000;
const ENDS: i64 = 1_900_000_000_000_000;
const DAY: i64 = 86_400_000_000;

/// A query, and the numbers of the matching seeds. A seed's name has its number times 49, modulo the size.
type Filter = (String, Box<dyn Fn(u64) -> bool + Send + Sync>);

fn filters(tenant: &Tenant, size: u64) -> Vec<Filter> {
    fn filter(query: impl Into<String>, passes: impl Fn(u64) -> bool + Send + Sync + 'static) -> Filter {
        (query.into(), Box::new(passes))
    }
    let before = |name: &str, micros: i64| format!("{name}={}", Micros(micros).to_rfc3339_micros());
    let name = move |n: u64| n * 49 % size;
    let never_used = before("unused_since", AT);
    vec![
        filter("", |_| true),
        filter("enabled=true", |n| n % 3 > 0),
        filter("enabled=false", |n| n % 3 == 0),
        filter("role=viewer", |_| true),
        filter("role=editor", |n| n % 7 == 0),
        filter("role=nobody", |_| false),
        filter(format!("principal={}", tenant.account), |_| true),
        filter(format!("principal={}", Id::ZERO), |_| false),
        filter("name_prefix=name%20", |_| true),
        filter("name_prefix=name%200005", move |n| name(n) / 100 == 5),
        filter("name_prefix=zz", |_| false),
        filter(before("expires_before", ENDS + 700), |n| n % 11 == 0 && n < 700),
        filter(before("expires_before", ENDS + DAY), |n| n % 11 == 0),
        filter(before("expires_before", ENDS), |_| false),
        filter(before("unused_since", AT + 700), |n| n % 5 > 0 || n < 700),
        filter(&*never_used, |n| n % 5 > 0),
        filter(before("unrotated_since", AT + DAY), |n| n % 2 > 0),
        filter(before("unrotated_since", AT - DAY), |_| false),
        filter(before("unrotated_since", ENDS), |_| true),
        filter(
            format!(
                "enabled=true&role=editor&principal={}&name_prefix=name%20&{}&{never_used}&{}",
                tenant.account,
                before("expires_before", ENDS + DAY),
                before("unrotated_since", AT + DAY),
            ),
            |n| n % 3 > 0 && n % 7 == 0 && n % 11 == 0 && n % 5 > 0 && n % 2 > 0,
        ),
    ]
}

/// The matching seeds, in order.
fn expected(size: u64, passes: &dyn Fn(u64) -> bool, sort: &str) -> Vec<Id> {
    let mut seeds: Vec<_> =
        seeds(size).into_iter().zip(0..).filter(|(_, n)| passes(*n)).map(|(seed, _)| seed).collect();
    match sort.trim_start_matches('-') {
        "name" => seeds.sort_by(|a, b| (&a.1, a.2).cmp(&(&b.1, b.2))),
        _ => seeds.sort_by_key(|(at, _, id)| (*at, *id)),
    }
    if sort.starts_with('-') {
        seeds.reverse();
    }
    seeds.into_iter().map(|(.., id)| id).collect()
}

/// The result of a walk.
#[derive(Default)]
struct Walk {
    found: Vec<Id>,
    pages: usize,
    /// The most rows that a page read.
    rows: u64,
    /// Whether the walk reached the end.
    whole: bool,
}

/// Reads a list page by page, up to `pages`. Each credential has `secrets` secrets.
fn walk(tenant: &Tenant, query: &str, pages: usize, secrets: usize) -> Walk {
    let mut walk = Walk::default();
    let mut cursor = String::new();
    while walk.pages < pages && !walk.whole {
        let reply =
            get(format!("{}?{query}{cursor}", tenant.all(Postern))).token(&tenant.admin).send(server()).expect(200);
        reply.expect_members(&["items", "next"]);
        assert_eq!((reply.cost.trips, reply.cost.rows_written), (1, 0), "{query}");
        walk.rows = walk.rows.max(reply.cost.rows_read);
        walk.pages += 1;
        let page = reply.json();
        let items = page["items"].as_array().expect("a list");
        assert!(items.len() <= 100, "{query}: {} items", items.len());
        for item in items.iter().filter(|item| item["name"] != "caller") {
            assert_eq!(item["secrets"].as_array().map(Vec::len), Some(secrets), "{item}");
            walk.found.push(read_id(&item["id"]));
        }
        match &page["next"] {
            Value::Null => walk.whole = true,
            next => cursor = format!("&cursor={}", text(next)),
        }
    }
    walk
}

/// Runs every query with every sort; all pages that read too much are reported together.
fn go_through(size: u64, pages: usize) {
    let tenant = seeded(size);
    let filters = filters(tenant, size);
    let cells: Vec<_> = filters.iter().flat_map(|filter| SORTS.map(|sort| (filter, sort))).collect();
    let count = cells.len();
    let hands = at_once((0..4).collect(), |hand: usize| {
        let mut pages_read = Vec::new();
        for ((query, passes), sort) in cells.iter().skip(hand).step_by(4) {
            let walk = walk(tenant, &format!("limit=100&sort={sort}&{query}"), pages, 2);
            let expected = expected(size, passes, sort);
            if walk.whole {
                assert!(walk.found == expected, "{query} {sort}: {} of {}", walk.found.len(), expected.len());
            } else {
                assert!(expected.starts_with(&walk.found), "{query} {sort}: the first matches, in order");
            }
            pages_read.push((walk.rows, format!("{query} {sort}: {} pages", walk.pages)));
        }
        pages_read
    });
    let mut pages_read: Vec<_> = hands.into_iter().flatten().collect();
    pages_read.sort();
    let (least, most) = (pages_read[0].0, pages_read[pages_read.len() - 1].0);
    writeln!(
        std::io::stderr(),
        "\nmatrix filters × sorts in {size}, rows read of a page, {least} to {most}: {count} cells, none skipped"
    )
    .expect("stderr");
    pages_read.retain(|(rows, _)| *rows > ROWS);
    assert!(pages_read.is_empty(), "pages that read more than {ROWS} rows:\n{pages_read:#?}");
}

#[test]
fn every_filter_is_exact_and_reads_at_most_a_thousand_rows_a_page() {
    go_through(2_500, usize::MAX);
}

#[test]
fn filtered_page_of_a_large_tenant_reads_at_most_a_thousand_rows() {
    go_through(large(), 3);
}

/// If almost nothing matches, most pages are empty, and each has the cursor of the next.
#[test]
fn rare_matches_in_a_large_tenant_are_found_page_by_page() {
    let size = large();
    let tenant = seeded(size);
    let few = |n: u64| n.is_multiple_of(11) && n < 700;
    let ends = format!("expires_before={}", Micros(ENDS + 700).to_rfc3339_micros());
    let none: fn(u64) -> bool = |_| false;
    at_once(
        vec![("name", &*ends, few as fn(u64) -> bool), ("-created", "role=nobody", none)],
        |(sort, query, passes)| {
            let walk = walk(tenant, &format!("limit=100&sort={sort}&{query}"), usize::MAX, 2);
            assert!(walk.whole && walk.pages as u64 > size / 1_000, "{} pages", walk.pages);
            assert_eq!(walk.found, expected(size, &passes, sort), "{query}");
            assert!(walk.rows <= ROWS, "{query} {sort}: {}", walk.rows);
        },
    );
}

/// A credential may have a hundred roles: a page filtered by role reads no row for each of them.
#[test]
fn role_filter_reads_no_row_per_role() {
    let tenant = Tenant::new(server());
    let many: Vec<_> =
        (0..100).map(|number| json!({ "role_id": "viewer", "resource": format!("r{number:03}") })).collect();
    at_once((0..8).collect(), |_: u32| (0..20).for_each(|_| drop(tenant.own(json!({ "roles": many })))));
    for (role, found) in [("viewer", 160), ("editor", 0), ("view", 0), ("viewer%22", 0), ("r001", 0)] {
        for sort in SORTS {
            let walk = walk(&tenant, &format!("limit=100&sort={sort}&role={role}"), usize::MAX, 1);
            assert_eq!((walk.found.len(), walk.whole), (found, true), "{role} {sort}");
            assert!(walk.rows <= ROWS, "{role} {sort}: {} rows", walk.rows);
        }
    }
}
