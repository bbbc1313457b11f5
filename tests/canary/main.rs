//! A canary: a text that occurs only where a test puts it. It is sent as a token, in headers, in URLs and in bodies,
//! on every route. The tests then search for it in the response, the log, the database statements, every table, and
//! the Debug output of the types.

mod bodies;
mod headers_and_urls;
mod log_ins;
mod ours;
mod printed;
mod tokens;

use std::collections::BTreeSet;

use data_encoding::BASE64;
use postern::credential::field::Noun;
use postern::route::{Operation, Route};
use postern::store::Fault;
use serde_json::Value;
use support::routes::{requires_key, title};
use support::scene::{Header, bearer, deletes, is_litegraph, method};
use support::watched::{Noted, Wire};
use support::{ROOT, Reply, World};

/// Only lower-case letters and digits: valid as a token, a label, a header name and a path segment.
const CANARY: &str = "canary9f27c41e0b6d";

/// Everything that a request produced.
struct Trace {
    reply: Reply,
    /// The headers, their names and values.
    headers: String,
    /// The log, and the work deferred until after the response.
    log: String,
    /// Every statement and every value sent to the database.
    queries: String,
}

fn trace<H: AsRef<str>>(world: &World, route: &Route, url: &str, headers: &[(&str, H)], body: &[u8]) -> Trace {
    trace_over(&Wire::to(&world.db), world, route, url, headers, body)
}

/// The traces of a request with a database that fails in each way.
fn failures<H: AsRef<str>>(world: &World, route: &Route, url: &str, headers: &[(&str, H)], body: &[u8]) -> [Trace; 2] {
    [Fault::Unavailable("away".to_owned()), Fault::Failed("a bug".to_owned())]
        .map(|fault| trace_over(&Wire::failing(fault), world, route, url, headers, body))
}

fn trace_over<H: AsRef<str>>(
    wire: &Wire<'_>,
    world: &World,
    route: &Route,
    url: &str,
    headers: &[(&str, H)],
    body: &[u8],
) -> Trace {
    let has_key = headers.iter().any(|(name, _)| *name == "idempotency-key");
    let key = (requires_key(route) && !has_key).then_some(("idempotency-key", "once"));
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_ref())).chain(key).collect();
    let done = world.watch(wire, method(route), url, &Noted::of(&headers), body);
    let log = format!("{:?} {:?}", done.log, done.later);
    let reply = Reply::from(done);
    let headers = format!("{:?}", reply.headers);
    Trace { reply, headers, log, queries: wire.queries.take() }
}

/// The headers of root, which names the tenant.
fn root() -> Vec<Header> {
    vec![bearer(ROOT), ("x-postern-tenant", "acme".to_owned())]
}

/// Whether the route's response contains credentials' tokens: only for LiteGraph's admins.
fn returns_tokens(route: &Route) -> bool {
    use Operation::{FindByToken, List, Page, Read, Write};
    let of_credentials = matches!(
        route.operation,
        Read(Noun::Credential)
            | Write(Noun::Credential, _)
            | List(Noun::Credential, _)
            | Page(Noun::Credential, _)
            | FindByToken
    );
    is_litegraph(route) && of_credentials
}

/// Whether the needle is in a text, as it is or in HTTP Basic encoding.
fn contains(text: &str, needle: &str) -> bool {
    let text = text.to_lowercase();
    // Base64 encodes a text differently at each of three offsets.
    let encoded = ["", "x", "xx"].map(|before| BASE64.encode(format!("{before}{needle}").as_bytes()));
    text.contains(needle) || encoded.iter().any(|encoded| text.contains(&encoded[4..encoded.len() - 4].to_lowercase()))
}

/// The members of a response that contain the needle: the names of outermost members, and names that contain it
/// themselves. For a list, the members of its items.
fn shown(reply: &Reply, needle: &str) -> BTreeSet<String> {
    if reply.text.is_empty() {
        return BTreeSet::new();
    }
    let mut found = BTreeSet::new();
    find(&serde_json::from_str(&reply.text).expect("JSON"), needle, &mut found);
    assert_eq!(found.is_empty(), !contains(&reply.text, needle), "found in the text, but in no member: {}", reply.text);
    found
}

fn find(value: &Value, needle: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| find(item, needle, found)),
        Value::Object(members) => {
            for (name, value) in members {
                // The two formats of pages.
                if matches!(name.as_str(), "Objects" | "items") {
                    find(value, needle, found);
                } else if contains(name, needle) || contains(&value.to_string(), needle) {
                    found.insert(name.clone());
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The columns that contain the needle, as `table.column`.
fn stored(world: &World, needle: &str) -> BTreeSet<String> {
    let mut columns = BTreeSet::new();
    for (table, rows) in world.stored() {
        if !contains(&rows.to_string(), needle) {
            continue; // One search rules out most tables.
        }
        for row in rows.as_array().expect("rows") {
            let row = row.as_object().expect("a row").iter();
            columns.extend(
                row.filter(|(_, value)| contains(&value.to_string(), needle))
                    .map(|(name, _)| format!("{table}.{name}")),
            );
        }
    }
    columns
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

impl Trace {
    /// The needle is nowhere in the trace.
    fn assert_nowhere(&self, world: &World, needle: &str, of: &str) {
        self.assert_only_shown_in(&[], needle, of);
        assert_eq!(stored(world, needle), set(&[]), "{of}: stored");
    }

    /// The needle is nowhere in the trace, and was never sent to the database.
    fn leaves_nothing(&self, world: &World, needle: &str, of: &str) {
        self.assert_nowhere(world, needle, of);
        self.assert_never_queried(needle, of);
    }

    /// The same, except for these members of the response.
    fn is_only_shown(&self, world: &World, members: &[&str], needle: &str, of: &str) {
        self.assert_only_shown_in(members, needle, of);
        self.assert_never_queried(needle, of);
        assert_eq!(stored(world, needle), set(&[]), "{of}: stored");
    }

    /// The needle is in no header and in no log line, and in the body only in these members.
    fn assert_only_shown_in(&self, members: &[&str], needle: &str, of: &str) {
        assert!(!contains(&self.headers, needle), "{of}: {}", self.headers);
        assert!(!contains(&self.log, needle), "{of}: {}", self.log);
        assert_eq!(shown(&self.reply, needle), set(members), "{of}: {}", self.reply.text);
    }

    /// Nothing sent to the database contains the needle.
    fn assert_never_queried(&self, needle: &str, of: &str) {
        assert!(!contains(&self.queries, needle), "{of}: {}", self.queries);
    }
}

/// The search works: it finds the needle in a header, in a body, in a column, in base64.
#[test]
fn search_finds_the_canary_wherever_it_is() {
    let encoded = BASE64.encode(format!("client_x:{CANARY}").as_bytes());
    assert!(contains(&format!("a{CANARY}b"), CANARY) && contains(&encoded, CANARY) && !contains("another", CANARY));
    let world = World::new();
    let url = support::CLIENTS;
    let made = world.call("POST", url, ROOT, &serde_json::json!({"name": CANARY, "roles": null}));
    assert_eq!(shown(&made, CANARY), set(&["name"]));
    for list in [
        support::CLIENTS,
        "/v2.0/tenants/00000000-0000-0000-0000-000000000000/credentials",
        "/v1/tenants/00000000000000000000000000/credentials",
    ] {
        let listed = shown(&world.get(list, ROOT), CANARY);
        assert!(listed.len() == 1 && listed.iter().all(|name| name.eq_ignore_ascii_case("name")), "{list}: {listed:?}");
    }
    assert_eq!(
        stored(&world, CANARY),
        set(&["credentials.name", "credentials.state", "credentials_by_name.name", "events.changes"])
    );
}
