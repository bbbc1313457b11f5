//! Lists without pages: a thousand items are read per trip, up to 10,000 are returned whole, and above that the list
//! is rejected with a pointer to the paged one. Nothing is cut off.

use super::*;
use support::ACME;

const V1: &str = "/v1.0/tenants/00000000-0000-0000-0000-000000000000";

/// The number of items of a list, its trips, and its first and last item in the order of creation.
fn listed(world: &World, url: &str, member: &str) -> (usize, u64, String, String) {
    let reply = world.get(url, ROOT);
    assert_eq!(reply.status, 200, "{url}: {}", reply.text);
    let list = reply.json();
    let list = list.as_array().unwrap();
    let mut ids: Vec<_> = list.iter().map(|one| text(one, member)).collect();
    let ends = (ids.first().cloned().unwrap_or_default(), ids.last().cloned().unwrap_or_default());
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), list.len(), "each once");
    (list.len(), reply.cost.trips, ends.0, ends.1)
}

fn is_refused(world: &World, url: &str, trips: u64, words: &[&str]) {
    let reply = world.get(url, ROOT);
    assert_eq!((reply.status, reply.cost.trips), (400, trips), "{url}: {}", reply.text);
    for words in words {
        assert!(reply.text.contains(words), "{url}: {words} in {}", reply.text);
    }
}

#[test]
fn unpaged_credential_lists_are_complete_up_to_ten_thousand_and_rejected_above() {
    let world = World::new();
    let litegraph = format!("{V1}/credentials?order=CreatedAscending");
    let (client, guid) = (
        |number: u32| format!("client_{number:0>26}"),
        |number: u32| Id::parse(&format!("{number:0>26}")).unwrap().guid(),
    );
    let mut there = 0;
    for (count, trips) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (2000, 2), (2001, 3)] {
        world.many_credentials(ACME, ACME, there + 1..count + 1);
        there = count;
        let (many, first, last) = (count as usize, count.min(1), count);
        let ends =
            |spell: &dyn Fn(u32) -> String| if count == 0 { Default::default() } else { (spell(first), spell(last)) };
        let (of, to) = ends(&client);
        assert_eq!(listed(&world, CLIENTS, "client_id"), (many, trips, of, to));
        let (of, to) = ends(&guid);
        assert_eq!(listed(&world, &litegraph, "GUID"), (many, trips, of, to));
    }
    world.many_credentials(ACME, ACME, there + 1..10_001);
    assert_eq!(listed(&world, CLIENTS, "client_id"), (10_000, 10, client(1), client(10_000)));
    // Other orders return the same items, and `skip` follows the order.
    let by_name = world.get(&format!("{V1}/credentials?order=NameDescending&skip=1000"), ROOT);
    let names: Vec<_> = by_name.json().as_array().unwrap().iter().map(|one| text(one, "Name")).collect();
    assert_eq!((by_name.cost.trips, names.len()), (10, 9000));
    assert!(names.is_sorted_by(|left, right| left > right));

    world.many_credentials(ACME, ACME, 10_001..10_002);
    // The tenant's count rejects the list in the first trip.
    is_refused(&world, CLIENTS, 1, &["10,000", "/v1/tenants/{tenant}/credentials"]);
    is_refused(&world, &litegraph, 1, &["10,000", "/v2.0/tenants/{guid}/credentials", r#""Error":"BadRequest""#]);
    is_refused(&world, &format!("{V1}/credentials?skip=1000"), 1, &["10,000"]);
    // Paged lists and lists of named items still work.
    let page = world.get(&format!("{}/credentials?max-keys=1", V1.replace("v1", "v2")), ROOT).json();
    assert_eq!((&page["TotalRecords"], &page["RecordsRemaining"]), (&json!(10_001), &json!(1000)));
    assert_eq!(listed(&world, &format!("{V1}/credentials?guids={}", guid(5)), "GUID").0, 1);
    // One credential less, and the list is returned again.
    assert_eq!(world.call("DELETE", &client_url(&client(7)), ROOT, &Value::Null).status, 200);
    assert_eq!(world.get(CLIENTS, ROOT).status, 200);
}

#[test]
fn unpaged_user_and_tenant_lists_are_complete_up_to_ten_thousand_and_rejected_above() {
    let world = World::new();
    let more = |table: &str, columns: &str, values: &str, state: &str, numbers: [u32; 2]| {
        let [from, to] = numbers;
        world.db.execute(
            &format!(
                "INSERT INTO {table} (id, state, revision, created_at, updated_at, change, changed_at, changed_by, changed_request,
                   event, {columns})
                 WITH RECURSIVE many (n) AS (SELECT {from} UNION ALL SELECT n + 1 FROM many WHERE n < {to})
                 SELECT printf('%026d', n), '{state}', 1, n, n, 'many', 0, 'root', 'many', n, {values} FROM many"
            ),
            &[],
        );
    };
    // The default user, and the test's own tenant, are in the lists.
    let user = r#"{"name":"n","enabled":true}"#;
    let tenant = r#"{"name":"n","enabled":true,"rbac":true,"preconditions":false,"role_names":["admin"],"verify_staleness_seconds":0}"#;
    for (url, table, columns, values, state) in [
        (format!("{V1}/users"), "principals", "tenant", "'00000000000000000000000000'", user),
        ("/v1.0/tenants".to_owned(), "tenants", "label", "'label ' || n", tenant),
    ] {
        let count = || {
            let (count, trips, ..) = listed(&world, &url, "GUID");
            (count, trips)
        };
        assert_eq!(count(), (1, 1), "{url}");
        more(table, columns, values, state, [1, 999]);
        assert_eq!(count(), (1000, 1), "{url}");
        more(table, columns, values, state, [1000, 1000]);
        assert_eq!(count(), (1001, 2), "{url}");
        more(table, columns, values, state, [1001, 9999]);
        assert_eq!(count(), (10_000, 10), "{url}");
        more(table, columns, values, state, [10_000, 10_000]);
        // These have no count: the last page within the limit shows that there are more.
        is_refused(&world, &url, 10, &["10,000"]);
    }
    // Other callers than root have one tenant, however many there are.
    let (_, admin) = world.client(&json!({"name": "admin"}));
    let own = world.get("/v1.0/tenants", &admin);
    assert_eq!((own.status, own.cost.trips, own.json().as_array().map(Vec::len)), (200, 1, Some(1)));
}

/// The list is read in several trips. Each trip checks the caller, and concurrent inserts and deletions lose no other
/// item.
#[test]
fn unpaged_list_authorizes_each_trip_and_has_all_that_exists_throughout() {
    use postern::credential::time::Micros;
    use postern::request::{Body, Method, Request};
    use postern::service::Service;
    use postern::store::{Batch, Database, Fault, Statement, Store};
    use support::watched::Noted;

    /// A database with a callback after each trip.
    struct Busy<'a>(&'a World, &'a dyn Fn(u64), std::cell::Cell<u64>);

    impl Database for Busy<'_> {
        async fn batch(&self, statements: &[Statement<'_>]) -> Result<Batch, Fault> {
            let answered = self.0.db.batch(statements).await;
            self.2.set(self.2.get() + 1);
            (self.1)(self.2.get());
            answered
        }
    }

    let ask = |world: &World, token: &str, happens: &dyn Fn(u64)| {
        let authorization = format!("Bearer {token}");
        let headers = [("authorization", &*authorization), ("x-postern-tenant", "acme")];
        let busy = Busy(world, happens, std::cell::Cell::default());
        let now = || Micros(world.now.get());
        let random = |buffer: &mut [u8]| buffer.fill(7);
        let service = Service {
            store: Store::new(&busy),
            near: None,
            settings: world.settings.as_ref(),
            now: now(),
            clock: &now,
            random,
            signatures: &support::jwt::Ring,
            fetch: &support::issuers::Issuers::default(),
            readiness: &world.readiness,
            memory: &world.memory,
        };
        let body = Body::Bytes(Vec::new());
        let request =
            Request { method: Method::Get, origin: "", path: CLIENTS, query: "", headers: &Noted::of(&headers), body };
        Reply::from(pollster::block_on(service.answer(&request)))
    };
    let world = World::new();
    let (_, admin) = world.client(&json!({"name": "admin"}));
    world.many_credentials(ACME, ACME, 1..3001);
    // In each thousand, one item is deleted and one created, before and after the current position of the list.
    let happens = |trip: u64| {
        let trip = u32::try_from(trip).unwrap();
        for number in [trip * 1000 - 500, trip * 1000 + 500] {
            let url = client_url(&format!("client_{number:0>26}"));
            world.call("DELETE", &url, ROOT, &Value::Null);
        }
        world.many_credentials(ACME, ACME, 5000 + trip..5001 + trip);
    };
    let reply = ask(&world, ROOT, &happens);
    assert_eq!(reply.status, 200);
    let mut seen: Vec<_> = reply.json().as_array().unwrap().iter().map(|one| text(one, "client_id")).collect();
    let shown = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), shown, "none twice");
    for number in (1..3001_u32).filter(|number| number % 500 != 0 || number % 1000 == 0) {
        assert!(seen.binary_search(&format!("client_{number:0>26}")).is_ok(), "{number}: existed throughout");
    }
    // A caller that is disabled during the list gets nothing.
    let turns_off = |trip: u64| {
        if trip == 1 {
            world.patch_where("credentials", "name = 'admin'", &json!({"enabled": false}));
        }
    };
    assert_eq!(ask(&world, &admin, &turns_off).status, 401);
}

#[test]
fn keycard_page_has_twenty_items_by_default_and_at_most_a_hundred() {
    let world = World::new();
    world.many_credentials(ACME, ACME, 1..102);
    for (query, count) in [("", 20), ("?limit=100", 100), ("?limit=99", 99)] {
        let url = format!("/organizations/acme/service-accounts/{}/credentials{query}", Id::ZERO);
        let body = world.get(&url, ROOT).json();
        assert_eq!(
            (body["items"].as_array().unwrap().len(), &body["page_info"]["has_next_page"]),
            (count, &json!(true))
        );
    }
}
