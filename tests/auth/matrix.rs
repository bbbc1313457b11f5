//! `matrix.txt`, cell by cell.

use std::collections::BTreeMap;

use postern::route::{Operation, Route};

use crate::common::table::{tables, tell_size};
use crate::scene::{Scene, assert_is, routes};

#[test]
fn every_caller_on_every_route() {
    let [columns, callers] = tables(include_str!("matrix.txt")).try_into().ok().expect("two tables");
    let mut words = BTreeMap::new();
    let mut cells = 0;
    for (column, route) in routes(&columns) {
        let rows = callers.column("caller").into_iter().zip(callers.column("trips")).zip(callers.column(&column));
        for ((caller, trips), cell) in rows {
            let (cell, trips) = cell.split_once('/').unwrap_or((cell, trips));
            let text = check(&format!("{caller} at {column}"), route, caller, cell, trips.parse().unwrap());
            // Those who are not known learn nothing of why.
            if matches!(cell, "401" | "unknown") {
                assert_eq!(*words.entry(column.clone()).or_insert_with(|| text.clone()), text, "{caller} at {column}");
            }
            cells += 1;
        }
    }
    tell_size("callers × routes", cells);
}

/// Sends the request of a cell to a world of its own, and gives back the body of the answer.
fn check(of: &str, route: &Route, caller: &str, cell: &str, trips: u64) -> String {
    let scene = Scene::new();
    let headers = scene.caller(caller);
    let (before, all_before) = (scene.world.stored_but_last_use(), scene.world.stored());
    let reply = scene.send(route, &scene.target, &headers, &scene.body(route));
    assert_is(&reply, cell, of);
    assert_eq!(reply.cost.trips, trips, "{of}: trips");
    let writes = reply.status < 400 && route.operation != Operation::Read;
    assert_eq!(scene.world.stored_but_last_use() != before, writes, "{of}: is anything written?");
    if matches!(cell, "unknown" | "inactive" | "401") {
        assert_eq!(scene.world.stored(), all_before, "{of}: not even a last use is noted");
    }
    reply.text
}
