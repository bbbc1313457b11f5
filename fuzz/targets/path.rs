//! Paths, queries, and headers with a syntax: one per line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use postern::credential::id::Id;
use postern::operation::Handler;
use postern::refusal::{Refusal, Unreadable};
use postern::request::{Body, Headers, Method, Request};
use postern::route::{Operation, ROUTES, Route, find};
use postern::store::command::{Page, SortKey};
use postern_fuzz::One;
use postern_fuzz::independent::percent_decoded;

const METHODS: [Method; 7] =
    [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete, Method::Options, Method::Other];

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.splitn(3, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (path, text, value) = (line(), line(), line());
    route(path);
    // The second line is a cursor, which a client returns, as often as it is a query.
    let cursor: String = utf8_percent_encode(text, NON_ALPHANUMERIC).collect();
    for (title, begins) in LISTS {
        let route = ROUTES.iter().find(|route| route.path == *title && route.method == Method::Get).expect("a route");
        page(route, text);
        page(route, &format!("{begins}={cursor}"));
    }
    query(text);
    tags(value);
    ids(value);
});

/// Routes of lists, and the query parameter before a cursor.
const LISTS: &[(&str, &str)] = &[
    ("/v1/tenants/{tenant}/credentials", "sort=-name&cursor"),
    ("/v1/tenants", "cursor"),
    ("/v1/tenants/{tenant}/events", "cursor"),
    ("/organizations/{tenant}/service-accounts/{principal}/credentials", "before"),
    ("/v2.0/tenants/{tenant}/credentials", "token"),
    ("/v1.0/tenants/{tenant}/credentials", "guids"),
    ("/api/v1/auth-management/roles", "roles_context"),
];

fn request<'a>(query: &'a str, headers: &'a dyn Headers) -> Request<'a> {
    Request {
        method: Method::Get,
        origin: "https://postern.example",
        path: "/",
        query,
        headers,
        body: Body::Bytes(Vec::new()),
    }
}

/// The route of a path is the one that another reading of the table finds. Every method has a route, or none is
/// reported.
fn route(whole: &str) {
    let face = find(Method::Other, whole).face;
    let path = if face.ignores_final_slash { whole.strip_suffix('/').unwrap_or(whole) } else { whole };
    let fits = |line: &&Route| {
        line.path.split('/').count() == path.split('/').count()
            && line
                .path
                .split('/')
                .zip(path.split('/'))
                .all(|(wanted, given)| if wanted.starts_with('{') { !given.is_empty() } else { wanted == given })
    };
    let lines: Vec<_> = ROUTES.iter().filter(fits).collect();
    for method in METHODS {
        match find(method, whole).route {
            Ok(found) => {
                let line = lines.iter().find(|line| line.method == method).expect("a line of the table");
                assert!(std::ptr::eq(*line, found.route));
                let holes = line.path.split('/').zip(path.split('/')).filter(|(wanted, _)| wanted.starts_with('{'));
                let decoded: Vec<_> = holes.map(|(_, given)| percent_decoded(given)).collect();
                let segments: Vec<_> = found.segments.into_iter().map(|(_, segment)| segment).collect();
                assert_eq!(segments, decoded);
            }
            Err(Refusal::NoRoute) => assert!(lines.is_empty()),
            Err(Refusal::MethodNotAllowed { allow }) => {
                let allowed: Vec<_> = lines.iter().map(|line| line.method.allow()).collect();
                assert!(!allowed.is_empty() && lines.iter().all(|line| line.method != method));
                assert_eq!(allow, allowed.join(", "));
            }
            Err(other) => panic!("not an error of a path: {other:?}"),
        }
    }
    let answer = (face.render_error)(&Refusal::NoRoute);
    assert!(serde_json::from_str::<serde_json::Value>(&answer.body).is_ok());
}

/// A query, compared with another parser of queries.
fn query(query: &str) {
    let headers = One("", "");
    let request = request(query, &headers);
    let theirs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let names: Vec<_> = request.query_names().collect();
    assert_eq!(names, theirs.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>());
    for name in &names {
        let values: Vec<_> = theirs.iter().filter(|(other, _)| other == name).map(|(_, value)| value.clone()).collect();
        assert_eq!(request.query_values(&[name]), values);
        assert_eq!(request.query_value(&[name]).as_ref(), values.last());
    }
}

/// The parameters of a list: accepted values are within their bounds, and a position has only one spelling.
fn page(route: &Route, query: &str) {
    let headers = One("", "");
    let request = request(query, &headers);
    if route.face.is_strict
        && let Err(refusal) = request.check_query(route.query)
    {
        assert!(matches!(refusal, Refusal::Unreadable(Unreadable::Parameters(_) | Unreadable::UnknownParameter(_))));
        return;
    }
    let read = match route.operation {
        Operation::History(Handler((read, _))) => {
            if let Ok(page) = read(&request) {
                assert!((1..=100).contains(&page.limit) && page.from.is_none_or(|seq| seq >= 0));
            }
            return;
        }
        Operation::Roles(Handler((check, _))) => check(&request).map(|()| None),
        Operation::List(noun, Handler(read)) | Operation::Page(noun, Handler(read)) => read(&request, noun).map(Some),
        other => panic!("not a list: {other:?}"),
    };
    match read {
        Ok(None) => {}
        Ok(Some(page)) => {
            assert!((1..=1000).contains(&page.limit) && page.skip <= 1000);
            assert!(page.ids.as_ref().is_none_or(|ids| ids.len() <= 1000));
            if let Some(cursor) = request.query_value(&["cursor", "after", "before"]).filter(|_| page.id.is_some()) {
                place(&page, &cursor);
                // No other spelling of the same position is accepted.
                let (id, key) = cursor.split_at(7 + 26);
                for other in [format!("{id}0{key}"), format!("{id}+{key}"), format!("{id}{}", key.to_uppercase())] {
                    let query: String = utf8_percent_encode(&other, NON_ALPHANUMERIC).collect();
                    let query = format!("sort={}created&cursor={query}", if page.order.descending { "-" } else { "" });
                    let is_read = ours(&self::request(&query, &headers)).is_ok();
                    assert!(!is_read || other == cursor || page.order.key != SortKey::Creation, "{other} is {cursor}");
                }
            }
        }
        Err(Refusal::Unreadable(Unreadable::Parameters(wrong))) => {
            assert!(!wrong.is_empty());
            let answer = (route.face.render_error)(&Refusal::Unreadable(Unreadable::Parameters(wrong)));
            assert!(serde_json::from_str::<serde_json::Value>(&answer.body).is_ok());
        }
        Err(other) => panic!("not an error of a query: {other:?}"),
    }
}

/// A page of credentials, as our own face parses it.
fn ours(request: &Request<'_>) -> Result<Page, Refusal> {
    let is_it = |route: &&Route| route.path == "/v1/tenants/{tenant}/credentials" && route.method == Method::Get;
    match ROUTES.iter().find(is_it).map(|route| route.operation) {
        Some(Operation::Page(noun, Handler(read))) => read(request, noun),
        other => panic!("not a page: {other:?}"),
    }
}

/// A cursor is its checksum, the id and the sort key.
fn place(page: &Page, cursor: &str) {
    let id = page.id.map(|id| id.to_string()).unwrap_or_default();
    let key = cursor.get(7..).and_then(|said| said.strip_prefix(&id)).expect("its id follows the checksum");
    match page.order.key {
        SortKey::Creation => assert_eq!(page.at.map(|at| format!("{:x}", at.0)).as_deref(), Some(key)),
        SortKey::Name => {
            let name = page.name.as_deref().map(|name| data_encoding::BASE64URL_NOPAD.encode(name.as_bytes()));
            assert_eq!(name.map(|name| format!("n{name}")).as_deref(), Some(key));
        }
        SortKey::Id => assert_eq!(key, ""),
    }
}

/// Entity tags between commas: each is a star, empty, or a text in quotes.
fn tags(value: &str) {
    let headers = One("if-match", value);
    let tags = request("", &headers).if_match().unwrap_or_default();
    assert_eq!(tags.len(), value.split(',').count());
    for (tag, part) in tags.iter().zip(value.split(',')) {
        let part = part.trim();
        match tag.as_str() {
            "*" => assert_eq!(part, "*"),
            "" => {}
            tag => assert!(part == format!("\"{tag}\"") || part == format!("W/\"{tag}\"")),
        }
    }
    let headers = One("if-none-match", value);
    assert_eq!(request("", &headers).if_none_match().unwrap_or_default(), tags);
}

/// Request ids and idempotency keys.
fn ids(value: &str) {
    let visible = |text: &str| text.bytes().all(|byte| (33..=126).contains(&byte));
    let headers = One("idempotency-key", value);
    match request("", &headers).idempotency_key() {
        Ok(key) => assert!(key.is_some_and(|key| key == value && visible(&key) && (1..=255).contains(&key.len()))),
        Err(_) => assert!(!visible(value) || value.is_empty() || value.len() > 255),
    }
    let headers = One("x-request-id", value);
    if let Some(id) = request("", &headers).own_id() {
        assert!(id == value && (1..=128).contains(&id.len()) && visible(&id) && !id.contains(['"', '<', '\\', ',']));
    }
    let headers = One("x-client-request-id", value);
    if let Ok(Some(id)) = request("", &headers).id(Some("x-client-request-id")) {
        assert!(id == value && Id::parse_guid(&id).is_some() && visible(&id) && id.len() == 36);
    }
}
