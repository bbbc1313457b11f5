//! The canary in a header or in the URL: no response has it and nothing stores it, whatever the header or parameter is
//! for.

use std::collections::BTreeSet;

use postern::route::{Operation, ROUTES};

use crate::{CANARY, deletes, root, set, shown, stored, title, trace};
use support::ROOT;
use support::scene::{Scene, is_litegraph, method, request_url, takes_form, url};
use support::watched::{Noted, Wire};

/// The headers that any route reads, found by recording.
fn headers_read() -> BTreeSet<String> {
    let scene = Scene::new();
    let bearer = format!("Bearer {ROOT}");
    let mut names = BTreeSet::new();
    for route in ROUTES {
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
fn headers_leave_no_trace_except_the_request_id() {
    let names = headers_read();
    let known = "authorization content-type host idempotency-key if-match if-none-match \
        x-client-request-id x-postern-tenant x-request-id x-token";
    assert!(known.split(' ').all(|name| names.contains(name)), "{names:?}");
    let bearer = format!("Bearer {ROOT}");
    let others = [CANARY, "user-agent", "cookie", "origin", "x-forwarded-for", "referer"];
    for name in names.iter().map(String::as_str).filter(|name| *name != "authorization").chain(others) {
        for value in [CANARY.to_owned(), format!("{CANARY} <{CANARY}>"), format!("\"{CANARY}.1\"")] {
            let mut scene = Scene::new();
            for route in ROUTES {
                let of = format!("{} with {name}: {value}", title(route));
                let mut headers = vec![("authorization", bearer.as_str()), (name, value.as_str())];
                if name != "x-postern-tenant" {
                    headers.push(("x-postern-tenant", "acme"));
                }
                let trace =
                    trace(&scene.world, route, &request_url(route, &scene.target), &headers, &scene.body(route));
                if name == "x-request-id" && value == CANARY {
                    // "A request id (the caller's when it is a sane one)": echoed, and stored with the change.
                    assert_eq!(trace.reply.header("x-request-id"), Some(CANARY), "{of}");
                    // The history reports it, too.
                    let history = matches!(route.operation, Operation::History(_));
                    assert!(
                        shown(&trace.reply, CANARY).is_subset(&set(if history { &["request_id"] } else { &[] })),
                        "{of}"
                    );
                    let tables = ["tenants", "principals", "credentials", "secrets"];
                    let kept = tables.map(|table| format!("{table}.changed_request"));
                    let kept: Vec<_> = kept.iter().map(String::as_str).chain(["events.request"]).collect();
                    assert!(stored(&scene.world, CANARY).is_subset(&set(&kept)), "{of}");
                } else if name == "host" && matches!(route.operation, Operation::Metadata(_)) {
                    // The metadata has the host of the request (RFC 8414 §2); a text that cannot be a host is no part of it.
                    let members = ["authorization_endpoint", "introspection_endpoint", "issuer", "token_endpoint"];
                    trace.assert_only_shown_in(if value == CANARY { &members } else { &[] }, CANARY, &of);
                } else if name == "host" && matches!(route.operation, Operation::Verify(_)) && takes_form(route) {
                    trace.assert_only_shown_in(if value == CANARY { &["iss"] } else { &[] }, CANARY, &of);
                } else {
                    trace.assert_nowhere(&scene.world, CANARY, &of);
                }
                if name == "idempotency-key" {
                    trace.assert_never_queried(CANARY, &of);
                }
                // Every deletion has something to delete, but only once.
                if deletes(route) && trace.reply.status < 300 && value == CANARY {
                    scene = Scene::new();
                }
            }
        }
    }
}

#[test]
fn parts_of_a_url_leave_no_trace() {
    let headers = root();
    for route in ROUTES {
        let mut scene = Scene::new();
        let whole = url(route, &scene.target);
        let mut urls = vec![format!("{whole}/{CANARY}"), format!("{whole}.{CANARY}"), format!("/{CANARY}{whole}")];
        let (given, wanted): (Vec<_>, Vec<_>) = (whole.split('/').collect(), route.path.split('/').collect());
        for (place, _) in wanted.iter().enumerate().filter(|(_, segment)| segment.starts_with('{')) {
            for segment in
                [CANARY.to_owned(), format!("client_{CANARY}"), format!("%22{CANARY}%00"), format!("{CANARY}%2F..")]
            {
                let mut segments: Vec<&str> = given.clone();
                segments[place] = &segment;
                urls.push(segments.join("/"));
            }
        }
        for url in &urls {
            let of = format!("{} {url}", method(route));
            let trace = trace(&scene.world, route, url, &headers, &scene.body(route));
            // LiteGraph reports 200 if there is nothing to delete.
            let gone = deletes(route) && is_litegraph(route) && trace.reply.status == 200;
            assert!(gone || [400, 404, 405].contains(&trace.reply.status), "{of}: {}", trace.reply.text);
            trace.assert_nowhere(&scene.world, CANARY, &of);
        }
        for query in [
            CANARY.to_owned(),
            format!("{CANARY}={CANARY}"),
            format!("expand={CANARY}&expand[]={CANARY}&force={CANARY}"),
            format!("token={CANARY}&max-keys={CANARY}&maxKeys={CANARY}&skip={CANARY}&order={CANARY}&guids={CANARY}"),
            format!("after={CANARY}&before={CANARY}&limit={CANARY}"),
            format!("roles_context={CANARY}"),
            format!("dry_run={CANARY}"),
            format!("cursor={CANARY}&sort={CANARY}&enabled={CANARY}&principal={CANARY}&expires_before={CANARY}"),
            format!("cursor=0{CANARY}&unused_since={CANARY}&unrotated_since={CANARY}&limit=1"),
            format!("client_id={CANARY}&client_secret={CANARY}&access_token={CANARY}"),
        ] {
            let of = format!("{} {whole}?{query}", method(route));
            let trace = trace(&scene.world, route, &format!("{whole}?{query}"), &headers, &scene.body(route));
            let status = trace.reply.status;
            assert!(status < 300 || [400, 409, 422].contains(&status) || logs_in(route), "{of}: {}", trace.reply.text);
            trace.leaves_nothing(&scene.world, CANARY, &of);
            if deletes(route) {
                scene = Scene::new();
            }
        }
        // A filter only selects.
        let narrowed = format!("{whole}?role={CANARY}&name_prefix={CANARY}");
        let trace = trace(&scene.world, route, &narrowed, &headers, &scene.body(route));
        trace.assert_nowhere(&scene.world, CANARY, &narrowed);
    }
}

/// Root has no client id, so it does not log in.
fn logs_in(route: &postern::route::Route) -> bool {
    matches!(route.operation, Operation::LogIn(_))
}
