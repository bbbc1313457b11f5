//! Lists while rows are created, deleted and renamed between their pages. Each page matches a model of the rows, and a
//! row that exists throughout is returned exactly once, in each order and each direction.

use std::collections::BTreeMap;

use postern::credential::time::Micros;
use postern::store::list::Position;
use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};
use support::cursors;

use super::*;

/// A change between two pages, of one of a few ids.
#[derive(Clone, Copy, Debug)]
enum Change {
    Insert(u8, Row),
    Rename(u8, u8),
    Delete(u8),
}

/// A row: one of few times and names, so that many are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    second: u8,
    name: u8,
}

#[derive(Clone, Debug)]
struct Case {
    rows: Vec<(u8, Row)>,
    size: usize,
    forward: bool,
    changes: Vec<Vec<Change>>,
}

fn cases() -> impl Strategy<Value = Case> {
    let row = || (0..4_u8, 0..4_u8).prop_map(|(second, name)| Row { second, name });
    let change = prop_oneof![
        (any::<u8>(), row()).prop_map(|(id, row)| Change::Insert(id, row)),
        (any::<u8>(), 0..4_u8).prop_map(|(id, name)| Change::Rename(id, name)),
        any::<u8>().prop_map(Change::Delete),
    ];
    let rows = prop::collection::vec((any::<u8>(), row()), 0..12);
    (rows, 1..4_usize, any::<bool>(), prop::collection::vec(prop::collection::vec(change, 0..4), 0..8))
        .prop_map(|(rows, size, forward, changes)| Case { rows, size, forward, changes })
}

/// Runs a property on random cases, each in its own world, since ids are never reused.
fn check(count: u32, property: impl Fn(&World, &Case)) {
    let config =
        ProptestConfig { cases: count, failure_persistence: None, max_shrink_iters: 64, ..ProptestConfig::default() };
    let run = TestRunner::new(config).run(&cases(), |case| {
        property(&World::new(), &case);
        Ok(())
    });
    if let Err(TestError::Fail(reason, case)) = run {
        panic!("{reason}: {case:?}");
    }
}

fn id(number: u8) -> Id {
    // Ids are not in the order of the numbers; one is the default principal's.
    if number == DEFAULT { Id::ZERO } else { Id::from_bits(u128::from(number.reverse_bits()) << 64 | 5) }
}

const DEFAULT: u8 = 254;

fn at(second: u8) -> Micros {
    Micros(support::START + i64::from(second) * 1_000_000)
}

fn called(name: u8) -> String {
    ["b", "B", "a b", "é"][usize::from(name)].to_owned()
}

/// The rows of a noun on LiteGraph's face, where a client chooses times and ids.
struct Rows<'a> {
    world: &'a World,
    url: String,
    /// The other members of a body, and the member for the name.
    with: Value,
    name: &'static str,
    /// The existing rows by number; `ever` has the deleted ones, too.
    model: BTreeMap<u8, Row>,
    ever: BTreeMap<u8, Row>,
    renamed: Vec<u8>,
    /// A row that is neither deleted nor renamed.
    stays: Option<u8>,
}

impl<'a> Rows<'a> {
    fn new(world: &'a World, url: String, with: Value, name: &'static str, case: &Case) -> Self {
        let (model, ever, renamed) = Default::default();
        let mut rows = Self { world, url, with, name, model, ever, renamed, stays: None };
        for (id, row) in &case.rows {
            rows.change(Change::Insert(*id, *row), None);
        }
        rows
    }

    fn body(&self, name: u8) -> Value {
        let mut body = self.with.clone();
        body[self.name] = called(name).into();
        body
    }

    /// Makes a change, if possible. The row `fixed`, from which the list continues, is not renamed.
    fn change(&mut self, change: Change, fixed: Option<u8>) {
        let send = |method: &str, url: &str, body: &Value| {
            let reply = self.world.call(method, url, ROOT, body);
            assert_eq!(reply.status, 200, "{method} {url}: {}", reply.text);
        };
        match change {
            Change::Insert(number, row) if !self.ever.contains_key(&number) => {
                let mut body = self.body(row.name);
                body["GUID"] = id(number).guid().into();
                body["CreatedUtc"] = at(row.second).to_rfc3339_micros().into();
                send("PUT", &self.url, &body);
                self.model.insert(number, row);
                self.ever.insert(number, row);
            }
            // Picks among the existing rows, so that most changes have an effect.
            Change::Rename(nth, name) => {
                let Some(number) = self.nth(nth).filter(|number| Some(*number) != fixed) else { return };
                send("PUT", &format!("{}/{}", self.url, id(number).guid()), &self.body(name));
                self.model.get_mut(&number).expect("the row exists").name = name;
                self.ever.get_mut(&number).expect("the row existed").name = name;
                self.renamed.push(number);
            }
            Change::Delete(nth) => {
                let Some(number) = self.nth(nth) else { return };
                send("DELETE", &format!("{}/{}?force", self.url, id(number).guid()), &Value::Null);
                self.model.remove(&number);
            }
            Change::Insert(..) => {}
        }
    }

    fn nth(&self, nth: u8) -> Option<u8> {
        let all: Vec<u8> = self.model.keys().copied().filter(|row| Some(*row) != self.stays).collect();
        all.get(usize::from(nth) % all.len().max(1)).copied()
    }

    /// The existing rows in this order.
    fn in_order(&self, order: &str) -> Vec<u8> {
        let mut rows: Vec<u8> = self.model.keys().copied().collect();
        rows.sort_by(|left, right| self.compare(order, *left, *right));
        rows
    }

    fn compare(&self, order: &str, left: u8, right: u8) -> std::cmp::Ordering {
        let key = |number: u8| {
            let Row { second, name } = self.ever[&number];
            match order {
                "CreatedAscending" | "CreatedDescending" => (second, String::new(), id(number)),
                "NameAscending" | "NameDescending" => (0, called(name), id(number)),
                _ => (0, String::new(), id(number)),
            }
        };
        let compared = key(left).cmp(&key(right));
        if order.ends_with("Descending") { compared.reverse() } else { compared }
    }
}

/// The rows that existed from the first page to the last, and were not renamed if the order is by name.
fn throughout(rows: &Rows<'_>, first: &[u8], order: &str) -> Vec<u8> {
    let by_name = order.starts_with("Name");
    first
        .iter()
        .copied()
        .filter(|row| rows.model.contains_key(row) && !(by_name && rows.renamed.contains(row)))
        .collect()
}

fn numbers(list: &Value, member: &str, read: fn(&str) -> Option<Id>) -> Vec<u8> {
    let number = |one: &Value| {
        let found = read(&text(one, member)).unwrap();
        (0..=u8::MAX).find(|number| id(*number) == found)
    };
    // The test's own user, or the tenant's default user, is not in the model.
    list.as_array().unwrap().iter().filter_map(number).collect()
}

/// LiteGraph's token names only the last object. If that object is renamed in an order by name, the list continues
/// from its new name. These tests leave that case out (COMPATIBILITY describes it).
fn litegraph(order: &'static str) {
    let by_name = order.starts_with("Name");
    check(24, |world, case| {
        let tenant = Id::from_bits(1);
        let own = json!({"GUID": tenant.guid(), "Name": "tenant"});
        assert_eq!(world.call("PUT", "/v1.0/tenants", ROOT, &own).status, 200);
        let url = format!("/v1.0/tenants/{}/credentials", tenant.guid());
        let mut rows = Rows::new(world, url.clone(), json!({"UserGUID": ZERO}), "Name", case);
        let first = rows.in_order(order);
        let (mut seen, mut place) = (Vec::new(), None::<u8>);
        for page in 0.. {
            // Alternately as an enumeration and as a search.
            let list = url.replace("v1", "v2");
            let reply = if page % 2 == 0 {
                let token = place.map(|place| format!("&token={}", id(place).guid())).unwrap_or_default();
                world.get(&format!("{list}?order={order}&max-keys={}{token}", case.size), ROOT)
            } else {
                let token = place.map(|place| id(place).guid());
                world.call(
                    "POST",
                    &list,
                    ROOT,
                    &json!({"Ordering": order, "MaxResults": case.size, "ContinuationToken": token}),
                )
            };
            assert_eq!((reply.status, reply.cost.trips), (200, 1), "{}", reply.text);
            let body = reply.json();
            let shown = numbers(&body["Objects"], "GUID", Id::parse_guid);
            // The rows after the position.
            let mut rest = rows.in_order(order);
            rest.retain(|row| place.is_none_or(|place| rows.compare(order, place, *row).is_lt()));
            let (expected, left) = rest.split_at(case.size.min(rest.len()));
            assert_eq!(shown, expected, "page {page}");
            assert_eq!(body["TotalRecords"], rows.model.len());
            assert_eq!(body["RecordsRemaining"], left.len());
            assert_eq!(body["EndOfResults"], left.is_empty());
            assert_eq!(body.get("ContinuationToken").is_none(), left.is_empty());
            seen.extend(shown);
            if left.is_empty() {
                break;
            }
            place = seen.last().copied();
            for change in case.changes.get(page).into_iter().flatten() {
                rows.change(*change, place.filter(|_| by_name));
            }
        }
        for row in throughout(&rows, &first, order) {
            assert_eq!(
                seen.iter().filter(|one| **one == row).collect::<Vec<_>>(),
                [&row],
                "{row}: existed throughout, and {seen:?} were returned"
            );
        }
    });
}

#[test]
fn litegraph_credential_pages_match_a_model_in_every_order() {
    const ORDERS: [&str; 6] =
        ["CreatedAscending", "CreatedDescending", "NameAscending", "NameDescending", "GuidAscending", "GuidDescending"];
    support::http::at_once(ORDERS.to_vec(), litegraph);
}

/// Walks forward from the first item, or backward from after the last one.
fn walk(rows: &mut Rows<'_>, case: &Case, list: &str) {
    const ORDER: &str = "CreatedAscending";
    let (world, forward) = (rows.world, case.forward);
    let first = rows.in_order(ORDER);
    let mut seen: Vec<u8> = Vec::new();
    // A position is that of an item that exists or existed. To walk backward, the first cursor is after all items.
    let end_of_all = Position { created_at: Micros::MAX, name: "", id: Id::from_bits(u128::MAX) };
    let behind_all = cursors::cursor(list, &end_of_all);
    let (mut place, mut cursor) = (None::<u8>, (!forward).then_some(behind_all));
    for page in 0.. {
        let direction = if forward { "after" } else { "before" };
        let at = cursor.as_ref().map(|cursor| format!("&{direction}={cursor}")).unwrap_or_default();
        let reply = world.get(&format!("{list}?limit={}{at}", case.size), ROOT);
        assert_eq!((reply.status, reply.cost.trips), (200, 1), "{}", reply.text);
        let body = reply.json();
        let shown = numbers(&body["items"], "id", Id::parse);
        let all = rows.in_order(ORDER);
        let is_before = |row: &u8, place: u8| rows.compare(ORDER, *row, place).is_lt();
        let (expected, more) = if forward {
            let rest: Vec<_> = all
                .iter()
                .copied()
                .filter(|row| place.is_none_or(|place| !is_before(row, place) && *row != place))
                .collect();
            (rest[..case.size.min(rest.len())].to_vec(), rest.len() > case.size)
        } else {
            let rest: Vec<_> =
                all.iter().copied().filter(|row| place.is_none_or(|place| is_before(row, place))).collect();
            (rest[rest.len().saturating_sub(case.size)..].to_vec(), rest.len() > case.size)
        };
        assert_eq!(shown, expected, "page {page}, {direction}");
        // Rows on the other side of the cursor, or at its position.
        let other_side = |row: &u8| place.is_some_and(|place| is_before(row, place) == forward || *row == place);
        let left_behind = all.iter().any(other_side);
        let info = &body["page_info"];
        let reported = (info["has_next_page"].as_bool().unwrap(), info["has_prev_page"].as_bool().unwrap());
        assert_eq!(
            reported,
            if forward { (more, left_behind) } else { (left_behind, more) },
            "page {page}, {direction}"
        );
        seen.extend(&shown);
        if !more {
            break;
        }
        let end = if forward { "end_cursor" } else { "start_cursor" };
        cursor = Some(text(info, end));
        place = if forward { shown.last().copied() } else { shown.first().copied() };
        for change in case.changes.get(page).into_iter().flatten() {
            rows.change(*change, None);
        }
    }
    for row in throughout(rows, &first, ORDER) {
        assert_eq!(
            seen.iter().filter(|one| **one == row).collect::<Vec<_>>(),
            [&row],
            "{row}: existed throughout, and {seen:?} were returned"
        );
    }
}

#[test]
fn keycard_credential_pages_match_a_model_in_both_directions() {
    check(40, |world, case| {
        let (account, list) = world.service_account();
        let tenant = Id::from_bits(1);
        assert_eq!(world.call("PUT", "/v1.0/tenants", ROOT, &json!({"GUID": tenant.guid()})).status, 200);
        let list = list.replace("acme", &tenant.to_string());
        let user = Id::parse(&account).unwrap().guid();
        let users = format!("/v1.0/tenants/{}/users", tenant.guid());
        assert_eq!(world.call("PUT", &users, ROOT, &json!({"GUID": user})).status, 200);
        // A credential of another principal, which is never listed.
        let credentials = format!("/v1.0/tenants/{}/credentials", tenant.guid());
        assert_eq!(
            world.call("PUT", &credentials, ROOT, &json!({"UserGUID": ZERO, "GUID": id(255).guid()})).status,
            200
        );
        let case = without(255, case);
        let mut rows = Rows::new(world, credentials, json!({"UserGUID": user}), "Name", &case);
        walk(&mut rows, &case, &list);
    });
}

/// The case without creations of the row of this number.
fn without(number: u8, case: &Case) -> Case {
    let mut case = case.clone();
    let fine = |change: &Change| !matches!(change, Change::Insert(made, _) if *made == number);
    case.rows.retain(|(made, _)| *made != number);
    case.changes.iter_mut().for_each(|changes| changes.retain(fine));
    case
}

#[test]
fn keycard_service_account_pages_match_a_model_in_both_directions() {
    check(24, |world, case| {
        let tenant = Id::from_bits(1);
        assert_eq!(world.call("PUT", "/v1.0/tenants", ROOT, &json!({"GUID": tenant.guid()})).status, 200);
        let users = format!("/v1.0/tenants/{}/users", tenant.guid());
        // The default principal is one of the rows.
        let case = without(DEFAULT, case);
        let mut rows = Rows::new(world, users, json!({}), "FirstName", &case);
        let sql = "UPDATE principals SET created_at = ?1 WHERE tenant = ?2 AND name = 'default'";
        world.db.execute(sql, &[&at(2).0, &tenant.to_string()]);
        rows.model.insert(DEFAULT, Row { second: 2, name: 0 });
        rows.ever.insert(DEFAULT, Row { second: 2, name: 0 });
        rows.stays = Some(DEFAULT);
        walk(&mut rows, &case, &format!("/organizations/{tenant}/service-accounts"));
    });
}

#[test]
fn keycard_organization_pages_match_a_model_in_both_directions() {
    check(24, |world, case| {
        // Root sees all tenants, so the world's own is deleted first.
        for tenant in world.get("/v1.0/tenants", ROOT).json().as_array().unwrap() {
            let url = format!("/v1.0/tenants/{}?force", text(tenant, "GUID"));
            assert_eq!(world.call("DELETE", &url, ROOT, &Value::Null).status, 200);
        }
        let case = without(DEFAULT, case);
        let mut rows = Rows::new(world, "/v1.0/tenants".to_owned(), json!({}), "Name", &case);
        walk(&mut rows, &case, "/organizations");
    });
}
