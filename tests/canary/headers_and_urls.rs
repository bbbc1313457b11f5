//! The canary in a header or in the URL: whatever it is there for, no answer has it and nothing stores it.

use std::collections::BTreeSet;

use postern::route::{Operation, ROUTES};

use crate::common::ROOT;
use crate::common::watched::{Noted, Wire};
use crate::scene::{Scene, url};
use crate::{CANARY, holds, method, set, stored, trace};

/// The headers that any route reads, found by listening.
fn headers_read() -> BTreeSet<String> {
    let scene = Scene::new();
    let bearer = format!("Bearer {ROOT}");
    let mut names = BTreeSet::new();
    for route in &ROUTES {
        for headers in [vec![("authorization", bearer.as_str()), ("x-postern-tenant", "acme")], Vec::new()] {
            let noted = Noted::of(&headers);
            let wire = Wire::to(&scene.world.db);
            scene.world.watch(&wire, method(route), &url(route, &scene.target), &noted, &scene.body(route));
            names.extend(noted.read.take());
        }
    }
    names
}

#[test]
fn a_header_is_in_nothing_that_is_left_but_a_request_id() {
    let names = headers_read();
    let known = [
        "authorization",
        "content-type",
        "if-match",
        "x-client-request-id",
        "x-postern-tenant",
        "x-request-id",
        "x-token",
    ];
    assert!(known.iter().all(|name| names.contains(*name)), "{names:?}");
    let bearer = format!("Bearer {ROOT}");
    let others = [CANARY, "user-agent", "cookie", "origin", "x-forwarded-for", "idempotency-key"];
    for name in names.iter().map(String::as_str).filter(|name| *name != "authorization").chain(others) {
        for value in [CANARY.to_owned(), format!("{CANARY} <{CANARY}>"), format!("\"{CANARY}.1\"")] {
            let scene = Scene::new();
            for route in &ROUTES {
                let of = format!("{} {} with {name}: {value}", method(route), route.path);
                let mut headers = vec![("authorization", bearer.as_str()), (name, value.as_str())];
                if name != "x-postern-tenant" {
                    headers.push(("x-postern-tenant", "acme"));
                }
                let trace = trace(&scene.world, route, &url(route, &scene.target), &headers, &scene.body(route));
                if name == "x-request-id" && value == CANARY {
                    // "A request id (the caller's when it is a sane one)": told back, kept with the change.
                    assert_eq!(trace.reply.header("x-request-id"), Some(CANARY), "{of}");
                    assert!(!holds(&trace.reply.text, CANARY), "{of}: {}", trace.reply.text);
                    let kept = ["credentials.changed_request", "events.request", "secrets.changed_request"];
                    assert!(stored(&scene.world, CANARY).is_subset(&set(&kept)), "{of}");
                    continue;
                }
                trace.assert_nowhere(&scene.world, CANARY, &of);
            }
        }
    }
}

#[test]
fn a_part_of_a_url_is_in_nothing_that_is_left() {
    let scene = Scene::new();
    let bearer = format!("Bearer {ROOT}");
    let headers = [("authorization", bearer.as_str()), ("x-postern-tenant", "acme")];
    for route in &ROUTES {
        let whole = url(route, &scene.target);
        let mut urls = vec![format!("{whole}/{CANARY}"), format!("{whole}.{CANARY}"), format!("/{CANARY}{whole}")];
        let (given, wanted): (Vec<_>, Vec<_>) = (whole.split('/').collect(), route.path.split('/').collect());
        for (place, _) in wanted.iter().enumerate().filter(|(_, segment)| **segment == "{}") {
            for segment in
                [CANARY.to_owned(), format!("client_{CANARY}"), format!("%22{CANARY}%00"), format!("{CANARY}%2F..")]
            {
                let mut segments: Vec<&str> = given.clone();
                segments[place] = &segment;
                urls.push(segments.join("/"));
            }
        }
        for url in &urls {
            let trace = trace(&scene.world, route, url, &headers, &scene.body(route));
            assert!([400, 404, 405].contains(&trace.reply.status), "{url}: {}", trace.reply.text);
            trace.assert_nowhere(&scene.world, CANARY, url);
        }
        for query in [
            CANARY.to_owned(),
            format!("{CANARY}={CANARY}"),
            format!("expand={CANARY}&expand[]={CANARY}&token={CANARY}"),
        ] {
            let url = format!("{whole}?{query}");
            let trace = trace(&scene.world, route, &url, &headers, &scene.body(route));
            assert!(trace.reply.status < 300, "{url}: {}", trace.reply.text);
            trace.assert_nowhere(&scene.world, CANARY, &url);
            assert!(route.operation == Operation::Read || !holds(&trace.asked, CANARY), "{url}: {}", trace.asked);
        }
    }
}
