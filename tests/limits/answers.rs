//! The size of a response: a page or a history is at most 1 MiB and its cursor continues; a list without pages is complete, or
//! refused above its limit.

use serde_json::{Value, json};
use support::client::Reply;
use support::{ACME, CLIENTS, ROOT, World, ZERO};

const MIB: usize = 1024 * 1024;

/// Credentials, each with a document of about 32 KiB and an event of its size.
const LARGE: u32 = 90;

/// Credentials with a document of the usual size, created after the large ones.
const SMALL: u32 = 10;

/// A tenant with credentials of its default principal.
fn world(large: u32, small: u32) -> World {
    let world = World::new();
    world.many_credentials(ACME, ACME, 1000..1000 + large + small);
    let roles: Vec<_> =
        (0..90).map(|number| json!({"resource": format!("{number:0>250}"), "role_id": "viewer"})).collect();
    let last = format!("{:026}", 1000 + large);
    let set = "UPDATE credentials SET state = json_set(state, '$.roles', json(?1)) WHERE id < ?2";
    world.db.execute(set, &[&Value::from(roles).to_string(), &last]);
    world
}

fn get(world: &World, url: &str) -> Reply {
    let reply = world.get(url, ROOT).expect(200);
    assert!(reply.text.len() <= MIB, "{url}: {} bytes", reply.text.len());
    reply
}

/// Follows a list to its end: the ids of every page, and the number of pages. `next` is the query of the next page.
fn follow(
    world: &World,
    url: &str,
    items: &str,
    id: &str,
    next: impl Fn(&Value) -> Option<String>,
) -> (Vec<String>, usize) {
    let (mut ids, mut pages, mut query) = (Vec::new(), 0, String::new());
    loop {
        let page = get(world, &format!("{url}{query}")).json();
        let found = page[items].as_array().expect("items");
        assert!(!found.is_empty(), "{url}: an empty page");
        ids.extend(found.iter().map(|item| item[id].to_string()));
        pages += 1;
        if let Some(remaining) = page.get("RecordsRemaining") {
            let total = page["TotalRecords"].as_u64().expect("a number");
            assert_eq!(remaining.as_u64(), Some(total - ids.len() as u64), "{url}");
        }
        match next(&page) {
            Some(more) => query = more,
            None => return (ids, pages),
        }
    }
}

#[test]
fn page_of_large_items_is_cut_below_1_mib_and_the_cursor_continues() {
    let world = world(LARGE, SMALL);
    let text = |page: &Value, member: &str| page[member].as_str().map(str::to_owned);
    let own = |page: &Value| text(page, "next").map(|next| format!("&cursor={next}"));
    let litegraph = |page: &Value| text(page, "ContinuationToken").map(|token| format!("&token={token}"));
    let keycard = |page: &Value| {
        let info = &page["page_info"];
        (info["has_next_page"] == true).then(|| format!("&after={}", info["end_cursor"].as_str().expect("a cursor")))
    };
    let (tenant, events) = (format!("/v1/tenants/{ACME}"), (2 * LARGE + SMALL + 2) as usize);
    let account = format!("/organizations/acme/service-accounts/{ACME}");
    let all = (LARGE + SMALL) as usize;
    for sort in ["created", "-created", "name", "-name"] {
        let url = format!("{tenant}/credentials?limit=100&sort={sort}");
        let (ids, pages) = follow(&world, &url, "items", "id", own);
        assert!(pages > 2, "{url}: {pages} pages");
        is_complete(&url, ids, all);
    }
    let filtered = format!("{tenant}/credentials?limit=100&role=viewer");
    is_complete(&filtered, follow(&world, &filtered, "items", "id", own).0, all);
    for order in ["CreatedAscending", "CreatedDescending", "NameAscending", "GuidDescending"] {
        let url = format!("/v2.0/tenants/{ZERO}/credentials?max-keys=1000&order={order}");
        let (ids, pages) = follow(&world, &url, "Objects", "GUID", litegraph);
        assert!(pages > 2, "{url}: {pages} pages");
        is_complete(&url, ids, all);
    }
    let url = format!("{account}/credentials?limit=100");
    is_complete(&url, follow(&world, &url, "items", "id", keycard).0, all);
    for url in [format!("{tenant}/events?limit=100"), format!("{tenant}/credentials/{:026}/events?limit=100", 1000)] {
        let (seqs, pages) = follow(&world, &url, "items", "seq", own);
        let expected = if pages > 1 { events } else { 2 };
        assert_eq!(seqs.len(), expected, "{url}");
        is_complete(&url, seqs, expected);
    }
}

/// Each item once.
fn is_complete(url: &str, mut ids: Vec<String>, count: usize) {
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "{url}");
}

#[test]
fn list_without_pages_is_complete_or_refused_above_12_mib() {
    let world = world(LARGE, SMALL);
    let lists = [CLIENTS.to_owned(), format!("/v1.0/tenants/{ZERO}/credentials")];
    for url in &lists {
        let listed = world.get(url, ROOT).expect(200).json();
        assert_eq!(listed.as_array().map(Vec::len), Some((LARGE + SMALL) as usize), "{url}");
    }
    let guid = |number: u32| postern::credential::id::Id::parse(&format!("{number:026}")).expect("an id").guid();
    let guids = |count: u32| {
        let guids: Vec<_> = (1000..1000 + count).map(guid).collect();
        world.get(&format!("{}?guids={}", lists[1], guids.join(",")), ROOT)
    };
    assert_eq!(guids(20).expect(200).json().as_array().map(Vec::len), Some(20));
    assert_eq!(guids(LARGE).status, 400, "more than a response may have");
    let world = self::world(500, 0);
    for url in lists {
        assert_eq!(world.get(&url, ROOT).status, 400, "{url}");
    }
}
