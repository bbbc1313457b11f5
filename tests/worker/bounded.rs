//! The cost of a request does not grow with the lists in its body: every route, every rank below administrator, and
//! every list a request can have, up to the largest accepted request. D1 bills rows read, and runs one batch at a
//! time.

use postern::request::{BODY_MAX, Method};
use postern::route::{ROUTES, Route};
use serde_json::{Map, Value, json};

use support::client::{Call, Reply, call};
use support::face::Face;
use support::http::{at_once, server};
use support::routes::{PathIds, face, path, request, title};
use support::tenant::Tenant;

/// A list in a request: its name, how to add it, and the maximum number of items.
struct List {
    name: &'static str,
    put: fn(Call, &Route, &PathIds<'_>, usize) -> Option<Call>,
    max: usize,
}

const LISTS: [List; 8] = [
    List { name: "roles", put: |call, route, place, items| body(call, route, place, "roles", &roles(items)), max: 100 },
    List {
        name: "role names",
        put: |call, route, place, items| body(call, route, place, "role_names", &names(items)),
        max: 100,
    },
    List {
        name: "metadata",
        put: |call, route, place, items| body(call, route, place, "metadata", &members(items)),
        max: 32,
    },
    List { name: "unknown members", put: unknown, max: 100 },
    List { name: "If-Match", put: |call, _, _, items| Some(call.header("if-match", tags(items))), max: 16 },
    List { name: "If-None-Match", put: |call, _, _, items| Some(call.header("if-none-match", tags(items))), max: 16 },
    List { name: "guids", put: guids, max: 1000 },
    List {
        name: "items",
        put: |call, route, place, items| body(call, route, place, "items", &inquiries(items)),
        max: 50,
    },
];

fn roles(items: usize) -> Value {
    (0..items).map(|index| json!({ "role_id": format!("{index:x}") })).collect()
}

fn names(items: usize) -> Value {
    (0..items).map(|index| format!("{index:x}")).collect()
}

fn inquiries(items: usize) -> Value {
    (0..items).map(|index| json!({ "token": format!("{index:x}") })).collect()
}

fn members(items: usize) -> Value {
    Value::Object((0..items).map(|index| (format!("{index:x}"), "".into())).collect())
}

/// A list of tags, of which all but the first are empty: a comma adds one.
fn tags(items: usize) -> String {
    format!("\"a.1\"{}", ",".repeat(items - 1))
}

/// The request with one more member in its body, if it has a JSON body.
fn body(call: Call, route: &Route, place: &PathIds<'_>, member: &str, value: &Value) -> Option<Call> {
    let mut members = support::routes::body(route, place)?;
    members[member] = value.clone();
    Some(call.json(&members))
}

fn unknown(call: Call, route: &Route, place: &PathIds<'_>, items: usize) -> Option<Call> {
    let mut all = support::routes::body(route, place)?.as_object()?.clone();
    all.extend((0..items).map(|index| (format!("x{index:x}"), Value::Null)));
    Some(call.json(&Value::Object(Map::from_iter(all))))
}

fn guids(_: Call, route: &Route, place: &PathIds<'_>, items: usize) -> Option<Call> {
    let lists = face(route) == Face::LiteGraph && route.method == Method::Get && !route.path.ends_with('}');
    let guids = vec![place.credential.guid(); items].join(",");
    lists.then(|| call("GET", format!("{}?guids={guids}", path(route, place))))
}

/// The numbers of items that fill a request of the largest accepted body, and of the largest header.
fn largest(list: &List) -> usize {
    match list.name {
        "If-Match" | "If-None-Match" => 7_000,
        "guids" => 1_500,
        "roles" => BODY_MAX / 22,
        _ => BODY_MAX / 12,
    }
}

#[test]
fn body_lists_cost_no_rows_before_authorization_and_few_after() {
    let tenant = Tenant::new(server());
    // A tenant and a credential with as many roles as possible to compare a list with.
    let catalogue: Vec<_> = (0..97).map(|index| format!("r{index}")).collect();
    let own = format!("/v1/tenants/{}", tenant.id);
    call("PATCH", &own).root(&tenant.label).json(&json!({ "role_names": catalogue })).send(server()).expect(200);
    let place = PathIds::new(&tenant);
    let held: Vec<_> = catalogue.iter().map(|name| json!({ "role_id": name })).collect();
    let credential = format!("{own}/credentials/{}", place.credential);
    call("PATCH", &credential).root(&tenant.label).json(&json!({ "roles": held })).send(server()).expect(200);

    let (viewer, editor) = (tenant.caller(&["viewer"]), tenant.caller(&["editor"]));
    let callers =
        [("nobody", None), ("unknown", Some("unknown")), ("viewer", Some(&*viewer)), ("editor", Some(&*editor))];
    let counted = at_once(callers.to_vec(), |(rank, token)| {
        let by = |call: Call| token.map_or_else(|| call.clone(), |token| call.clone().token(token));
        let mut counted = 0;
        for route in ROUTES {
            let smallest = by(request(route, &place)).send(server());
            for list in &LISTS {
                for items in [list.max, list.max + 1, largest(list)] {
                    let Some(call) = (list.put)(request(route, &place), route, &place, items) else { continue };
                    let reply = by(call).send(server());
                    let what = format!("{} by {rank}, {items} {}", title(route), list.name);
                    let per_item = if rank == "editor" && items <= list.max { 4 * items as u64 } else { 0 };
                    assert_bounded(&what, &smallest, &reply, per_item);
                    counted += 1;
                }
            }
        }
        counted
    });
    assert!(counted.iter().all(|counted| *counted > 500), "{counted:?}");
}

fn assert_bounded(what: &str, smallest: &Reply, reply: &Reply, per_item: u64) {
    let most = smallest.cost.rows_read + 100 + per_item;
    assert!(
        reply.cost.trips <= 1 && reply.cost.rows_read <= most,
        "{what}: {:?}, at most {most}: {reply:?}",
        reply.cost
    );
}
