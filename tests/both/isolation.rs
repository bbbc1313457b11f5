//! Two tenants with many credentials (a thousand on the Worker): no response to one of them contains an id, a name, a
//! token or a count of the other, and no write in one changes a response to the other.

use std::collections::HashSet;
use std::io::Write;

use postern::credential::field::Noun;
use postern::credential::id::Id;
use postern::credential::time::Micros;
use postern::route::{Operation, Route};
use postern::store::list::Position;
use serde_json::{Value, json};

use support::cursors::{cursor, event_cursor};
use support::face::Face::{self, Coactive, Keycard, LiteGraph, Postern};
use support::http::at_once;
use support::routes::{self, PathIds, method, path, reading, title};
use support::tenant::{Tenant, read_id, text};
use support::{Client, Reply, call, client, get};

use crate::in_process;

/// A tenant, and everything about it that other tenants may not see.
struct Side {
    tenant: &'static Tenant<'static>,
    /// How many credentials it has: a number that occurs nowhere else in a response.
    count: u64,
    /// Every id in each of its spellings, and every token.
    hidden: HashSet<String>,
    /// A word in the tenant's name, its label and the name of each credential.
    mark: &'static str,
    /// Some of its credentials.
    some: Vec<PathIds<'static>>,
}

impl Side {
    /// Creates a tenant with `count` credentials including its admin's, a quarter of them through each face.
    fn new(client: &'static dyn Client, mark: &'static str, count: u64) -> Self {
        const HANDS: u64 = 8;
        let tenant: &'static Tenant = Box::leak(Box::new(Tenant::named(client, &format!("Of {mark}"))));
        let some: Vec<_> = (0..3).map(|_| PathIds::new(tenant)).collect();
        let left = count - 1 - some.len() as u64;
        let made = at_once((0..HANDS).collect(), |hand| {
            let one = |number| {
                let face = Face::ALL[usize::try_from(number % 4).expect("a small number")];
                let body = tenant.naming(face, format!("{mark} {number}"));
                let made = call(face.create(), tenant.all(face)).token(&tenant.admin).json(&body).send(client);
                let made = made.expect(face.created()).json();
                text(&made[face.of(["client_secret", "BearerToken", "client_secret", "secret"])])
            };
            (0..left).filter(|number| number % HANDS == hand).map(one).collect::<Vec<_>>()
        });
        let mut hidden: HashSet<_> = made.into_iter().flatten().collect();
        hidden.insert(tenant.admin.clone());
        let mut hide = |id: Id| hidden.extend([id.to_string(), id.guid(), id.client()]);
        hide(tenant.id);
        hide(tenant.account);
        for place in &some {
            hide(place.account);
        }
        let all = get(tenant.all(Coactive)).token(&tenant.admin).send(client).expect(200).json();
        let all = all.as_array().expect("a list");
        assert_eq!(all.len() as u64, count);
        for client in all {
            hide(read_id(&client["client_id"]));
        }
        hidden.extend(some.iter().map(|place| place.token.clone()));
        Self { tenant, count, hidden, mark, some }
    }

    /// Returns what a response reveals of this tenant, if anything.
    fn found(&self, reply: &Reply) -> Option<String> {
        let shown = format!("{}\n{:?}", reply.text, reply.headers).to_lowercase();
        if shown.contains(self.mark) {
            return Some(format!("a name with {}", self.mark));
        }
        // An id starts at a word boundary; in a cursor other characters follow it.
        let mut before = b' ';
        for (start, byte) in shown.bytes().enumerate() {
            if byte.is_ascii_alphanumeric() && !before.is_ascii_alphanumeric() {
                let texts = [26, 33, 36].map(|length| shown.get(start..start + length));
                if let Some(id) = texts.into_iter().flatten().find(|text| self.hidden.contains(*text)) {
                    return Some(format!("the id {id}"));
                }
            }
            before = byte;
        }
        serde_json::from_str(&reply.text).ok().and_then(|body| self.found_inside(&body))
    }

    fn found_inside(&self, value: &Value) -> Option<String> {
        match value {
            Value::Array(items) => items.iter().find_map(|item| self.found_inside(item)),
            // `seq` counts events, so it can equal any number.
            Value::Object(members) => {
                members.iter().filter(|(name, _)| *name != "seq").find_map(|(_, value)| self.found_inside(value))
            }
            Value::String(text) => self.hidden.contains(text).then(|| format!("the id or token {text}")),
            Value::Number(number) => (number.as_u64() == Some(self.count)).then(|| format!("the count {number}")),
            Value::Null | Value::Bool(_) => None,
        }
    }
}

/// The queries to try on a route: orders, page sizes, positions and filters, also with ids of the other tenant.
fn queries(route: &Route, own: &PathIds, theirs: &PathIds) -> Vec<String> {
    let from = |place: &PathIds, query: &str, word: &str, at: i64| {
        let position = Position { created_at: Micros(at), name: "", id: place.credential };
        format!("{query}&{word}={}", cursor(&format!("{}{query}", path(route, own)), &position))
    };
    let queries: Vec<String> = match (route.operation, routes::face(route)) {
        (Operation::Page(..), LiteGraph) => {
            let mut queries = vec!["?max-keys=50&skip=1".to_owned(), format!("?token={}", theirs.credential.guid())];
            for by in ["Created", "Name", "Guid"] {
                queries.extend(["Ascending", "Descending"].map(|way| format!("?order={by}{way}&max-keys=400")));
            }
            queries
        }
        (Operation::List(noun, _), LiteGraph) => {
            let guid = |place: &PathIds| match noun {
                Noun::Tenant => place.tenant.id.guid(),
                Noun::Principal => place.account.guid(),
                Noun::Credential => place.credential.guid(),
            };
            vec![
                format!("?guids={},{}", guid(theirs), guid(own)),
                "?order=NameAscending".to_owned(),
                "?order=GuidDescending&skip=1".to_owned(),
            ]
        }
        (Operation::Page(noun, _), Postern) => {
            let mut queries = vec![
                "?limit=100".to_owned(),
                "?limit=100&sort=-created".to_owned(),
                from(theirs, "?limit=100", "cursor", 0x5_af31_07a4_0000),
                from(theirs, "?limit=100&sort=-created", "cursor", 0x5_af31_07a4_0000),
            ];
            if noun == Noun::Credential {
                queries.extend([
                    "?limit=100&sort=name".to_owned(),
                    "?limit=100&sort=-name".to_owned(),
                    "?limit=100&enabled=true&role=viewer&unused_since=2100-01-01T00:00:00Z".to_owned(),
                    "?limit=100&unused_since=2100-01-01T00:00:00Z&expires_before=2250-01-01T00:00:00Z".to_owned(),
                    format!("?principal={}", theirs.account),
                    format!("?name_prefix={}", if own.tenant.label.contains("amber") { "cobalt" } else { "amber" }),
                ]);
            }
            queries
        }
        (Operation::History(_), _) => {
            let from = |seq: i64| event_cursor(&path(route, own), seq);
            vec![
                "?limit=100".to_owned(),
                format!("?limit=1&cursor={}", from(7)),
                format!("?cursor={}", from(4_000_000_000)),
            ]
        }
        // A cursor is an id and a time: one with the other tenant's id starts somewhere in the caller's own list.
        (Operation::Page(..), _) => vec![
            "?limit=100&expand=permissions,total_count".to_owned(),
            from(theirs, "?limit=100", "after", 0x5_af31_07a4_0000),
            from(theirs, "?limit=100", "before", 0x7_ffff_ffff_ffff),
        ],
        (Operation::Read(_), Keycard) => vec!["?expand[]=permissions".to_owned()],
        (Operation::Roles(_), _) => vec!["?roles_context=system".to_owned()],
        _ => Vec::new(),
    };
    [String::new()].into_iter().chain(queries).collect()
}

/// The path of the next page, if there is one.
fn next(path: &str, page: &Value) -> Option<String> {
    let (name, cursor) = match page.get("ContinuationToken") {
        Some(token) => ("token", token),
        None if page.get("next").is_some() => ("cursor", page.get("next").filter(|next| next.is_string())?),
        None if path.contains("before=") => return None,
        None => ("after", page["page_info"].get("end_cursor").filter(|_| page["page_info"]["has_next_page"] == true)?),
    };
    let first = path.split(&format!("&{name}=")).next()?.split(&format!("?{name}=")).next()?;
    let join = if first.contains('?') { '&' } else { '?' };
    Some(format!("{first}{join}{name}={}", text(cursor)))
}

/// Reads everything with the tenant's own ids, with the other tenant's, and with a mixture. Returns the bodies without
/// their timestamps.
fn walk(client: &dyn Client, own: &Side, other: &Side) -> Vec<String> {
    let mut seen = Vec::new();
    let mut see = |what: &str, reply: Reply| {
        assert_eq!(other.found(&reply), None, "of {}, in the response to {what} by {}", other.mark, own.mark);
        let mut body = reply.json();
        if let Some(body) = body.as_object_mut() {
            body.retain(|member, _| !["Timestamp", "checked_at"].contains(&member.as_str()));
            let items = body.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten();
            items.filter_map(Value::as_object_mut).for_each(|item| drop(item.remove("checked_at")));
        }
        seen.push(body.to_string());
        reply
    };
    for route in reading().filter(|route| routes::uses_database(route)) {
        let (mine, theirs) = (&own.some[0], &other.some[0]);
        if matches!(route.operation, Operation::Verify(_)) {
            // A token of the other tenant is reported as unknown.
            let verified = |place| routes::request(route, place).token(&own.tenant.admin).send(client).expect(200);
            let (known, unknown) = (see("about its own", verified(mine)), see("about a token", verified(theirs)));
            let active = |reply: &Reply| reply.text.contains("\"active\":true");
            assert!(active(&known) && !active(&unknown) && unknown.text.contains("\"active\":false"));
            assert_eq!(own.found(&unknown), None);
            continue;
        }
        if routes::authorizes(route) {
            let asked = |place| routes::request(route, place).token(&own.tenant.admin).send(client);
            asked(mine).expect(200);
            assert_eq!(own.found(&asked(theirs).expect(401)), None);
            continue;
        }
        let request = |path: &str| call(method(route), path).token(&own.tenant.admin);
        let searches = method(route) == "POST";
        let send = |path: &str| if searches { request(path).json(&json!({})) } else { request(path) }.send(client);
        if searches {
            for (search, status) in [
                (json!({ "ContinuationToken": theirs.credential.guid() }), 404),
                (json!({ "ContinuationToken": mine.credential.guid() }), 200),
                (json!({ "MaxResults": 1, "Ordering": "NameAscending" }), 200),
                (json!({ "Skip": 1 }), 200),
            ] {
                see("a search", request(&path(route, mine)).json(&search).send(client).expect(status));
            }
        }
        // The tenant's own resources, all pages.
        let queries = queries(route, mine, theirs);
        for query in if searches { &queries[..1] } else { &queries } {
            let mut path = Some(format!("{}{query}", path(route, mine)));
            while let Some(current) = path {
                let reply = see(&current, send(&current));
                let starts_there = current.contains(&theirs.credential.guid()) && current.contains("?token=");
                let reply = reply.expect(if starts_there { 404 } else { 200 });
                // The search would find a leak: it does find the tenant's own data.
                let default_principal = format!("\"id\":\"{}\"", Id::ZERO);
                let shows = own.found(&reply).is_some()
                    || reply.text.contains(&default_principal)
                    || matches!(route.operation, Operation::Roles(_));
                let nothing = reply.text.contains("\"items\":[]") || current.contains("skip=1") && reply.text == "[]";
                assert!(shows || starts_there || nothing, "{current}: {reply:?}");
                path = next(&current, &reply.json()).filter(|_| reply.status == 200 && !searches);
            }
        }
        // Paths with ids of the other tenant are 404, unless all ids that the route uses are the tenant's own.
        let mixed = [
            theirs.clone(),
            PathIds { tenant: other.tenant, ..mine.clone() },
            PathIds { tenant: own.tenant, ..theirs.clone() },
            PathIds { account: mine.account, tenant: own.tenant, ..theirs.clone() },
        ];
        for place in mixed {
            let current = path(route, &place);
            let reply = see(&current, send(&current));
            let whole = current == path(route, mine);
            assert_eq!(reply.status, if whole { 200 } else { 404 }, "{} {current}: {reply:?}", title(route));
        }
    }
    seen
}

/// Creates and deletes principals and credentials in a tenant and in a new one.
fn live(client: &dyn Client, tenant: &Tenant) {
    for tenant in [tenant, &Tenant::named(client, "theirs")] {
        for _ in 0..5 {
            let place = PathIds::new(tenant);
            call("DELETE", tenant.one(Postern, tenant.subject().id)).token(&tenant.admin).send(client).expect(204);
            call("DELETE", tenant.one(LiteGraph, place.credential)).token(&tenant.admin).send(client).expect(200);
            tenant.subject();
        }
    }
}

#[test]
fn no_id_name_token_or_count_of_a_tenant_is_returned_to_another() {
    let client: &'static dyn Client = Box::leak(client());
    let counts = if in_process() { [103, 107] } else { [1_003, 1_007] };
    let sides =
        at_once(vec![("amber", counts[0]), ("cobalt", counts[1])], |(mark, count)| Side::new(client, mark, count));
    let mut seen = walk(client, &sides[1], &sides[0]);
    seen.extend(walk(client, &sides[0], &sides[1]));
    if in_process() {
        // By now the first uses are recorded, so the responses no longer change by themselves.
        let before = walk(client, &sides[0], &sides[1]);
        live(client, sides[1].tenant);
        for (before, after) in before.iter().zip(walk(client, &sides[0], &sides[1])) {
            assert_eq!(*before, after, "another tenant's resources change nothing");
        }
        // Root sees all tenants.
        for path in ["/v1.0/tenants", "/organizations?limit=100", "/v1/tenants"] {
            assert!(get(path).by_root().send(client).expect(200).text.contains("theirs"), "{path}");
        }
    }
    let (answers, bytes) = (seen.len(), seen.iter().map(String::len).sum::<usize>());
    assert!(answers > 200 && bytes as u64 > 2_000 * counts[0], "{answers} answers, {bytes} bytes");
    let line = format!("\nmatrix two tenants apart, {bytes} bytes searched: {answers} cells, none skipped");
    writeln!(std::io::stderr(), "{line}").expect("stderr");
}
