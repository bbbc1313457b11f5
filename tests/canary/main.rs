//! A canary: a text that is nowhere but where a test puts it. It is sent as a token, in headers, in URLs and in bodies,
//! on every route of the table, and then looked for in the answer, in what is logged, in what is asked of the database,
//! in every table, and in what the types print of themselves.

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
use support::routes::title as told;
use support::scene::{Header, bearer, deletes, is_litegraph, method};
use support::watched::{Noted, Wire};
use support::{ROOT, Reply, World};

/// Lower-case letters and digits alone: good for a token, a label, a header's name and a segment of a path.
const CANARY: &str = "canary9f27c41e0b6d";

/// All that a request left behind.
struct Trace {
    reply: Reply,
    /// The headers, their names and values.
    headers: String,
    /// What is logged, and what is left to write after the answer.
    log: String,
    /// Every statement and every value that went to the database.
    asked: String,
}

fn trace<H: AsRef<str>>(world: &World, route: &Route, url: &str, headers: &[(&str, H)], body: &[u8]) -> Trace {
    trace_over(&Wire::to(&world.db), world, route, url, headers, body)
}

/// What it left behind over a database that fails, in each way.
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
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_ref())).collect();
    let done = world.watch(wire, method(route), url, &Noted::of(&headers), body);
    let log = format!("{:?} {:?}", done.log, done.after);
    let reply = Reply::from(done);
    let headers = format!("{:?}", reply.headers);
    Trace { reply, headers, log, asked: wire.asked.take() }
}

/// By root, which names the tenant.
fn root() -> Vec<Header> {
    vec![bearer(ROOT), ("x-postern-tenant", "acme".to_owned())]
}

/// Whether the route's answer shows the tokens of credentials: to LiteGraph's admins alone.
fn shows_tokens(route: &Route) -> bool {
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

/// Whether the needle is in a text, as it is or as HTTP Basic has it.
fn holds(text: &str, needle: &str) -> bool {
    let text = text.to_lowercase();
    // A text in base64 is another at each of three places.
    let encoded = ["", "x", "xx"].map(|before| BASE64.encode(format!("{before}{needle}").as_bytes()));
    text.contains(needle) || encoded.iter().any(|encoded| text.contains(&encoded[4..encoded.len() - 4].to_lowercase()))
}

/// The members of an answer that hold the needle, by the names of the outermost; a name that does is itself listed. Of a
/// list, those of its items.
fn shown(reply: &Reply, needle: &str) -> BTreeSet<String> {
    if reply.text.is_empty() {
        return BTreeSet::new();
    }
    let mut found = BTreeSet::new();
    find(&serde_json::from_str(&reply.text).expect("JSON"), needle, &mut found);
    assert_eq!(found.is_empty(), !holds(&reply.text, needle), "it is a member's, or there is none: {}", reply.text);
    found
}

fn find(value: &Value, needle: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| find(item, needle, found)),
        Value::Object(members) => {
            for (name, value) in members {
                // The two pages that faces have.
                if matches!(name.as_str(), "Objects" | "items") {
                    find(value, needle, found);
                } else if holds(name, needle) || holds(&value.to_string(), needle) {
                    found.insert(name.clone());
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The columns that hold the needle, as `table.column`.
fn stored(world: &World, needle: &str) -> BTreeSet<String> {
    let mut columns = BTreeSet::new();
    for (table, rows) in world.stored() {
        if !holds(&rows.to_string(), needle) {
            continue; // Most have nothing of it: that is told by one search.
        }
        for row in rows.as_array().expect("rows") {
            let row = row.as_object().expect("a row").iter();
            columns.extend(
                row.filter(|(_, value)| holds(&value.to_string(), needle)).map(|(name, _)| format!("{table}.{name}")),
            );
        }
    }
    columns
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

impl Trace {
    /// The needle is in none of what the request left.
    fn assert_nowhere(&self, world: &World, needle: &str, of: &str) {
        self.assert_only_shown_in(&[], needle, of);
        assert_eq!(stored(world, needle), set(&[]), "{of}: stored");
    }

    /// The needle is in none of what the request left, and never went to the database.
    fn leaves_nothing(&self, world: &World, needle: &str, of: &str) {
        self.assert_nowhere(world, needle, of);
        self.assert_never_asked(needle, of);
    }

    /// The same, but for these members of the answer.
    fn is_only_shown(&self, world: &World, members: &[&str], needle: &str, of: &str) {
        self.assert_only_shown_in(members, needle, of);
        self.assert_never_asked(needle, of);
        assert_eq!(stored(world, needle), set(&[]), "{of}: stored");
    }

    /// The needle is in no header and in nothing that is logged, and of the body in these members alone.
    fn assert_only_shown_in(&self, members: &[&str], needle: &str, of: &str) {
        assert!(!holds(&self.headers, needle), "{of}: {}", self.headers);
        assert!(!holds(&self.log, needle), "{of}: {}", self.log);
        assert_eq!(shown(&self.reply, needle), set(members), "{of}: {}", self.reply.text);
    }

    /// Nothing that went to the database holds the needle.
    fn assert_never_asked(&self, needle: &str, of: &str) {
        assert!(!holds(&self.asked, needle), "{of}: {}", self.asked);
    }
}

/// The search finds what is there: in a header, in a body, in a column, in base64.
#[test]
fn search_finds_the_canary_wherever_it_is() {
    let encoded = BASE64.encode(format!("client_x:{CANARY}").as_bytes());
    assert!(holds(&format!("a{CANARY}b"), CANARY) && holds(&encoded, CANARY) && !holds("another", CANARY));
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
