//! The server under test, and one way to call it. Whatever a test asks of an answer, what every answer has is checked
//! first, so that each request of each test is a test of that too.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::panic::resume_unwind;
use std::sync::OnceLock;

use data_encoding::BASE64;
use serde_json::Value;
use ureq::http::{HeaderMap, HeaderName};
use ureq::{Agent, SendBody};

/// Where it is, and the token that may do everything: both from the harness.
struct Server {
    url: String,
    root: String,
    agent: Agent,
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let given = |name: &str| {
            std::env::var(name)
                .unwrap_or_else(|_| panic!("{name} is not set: `make test` starts a Worker and runs this"))
        };
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .allow_non_standard_methods(true)
            // A connection that the server closes while it is idle would fail the next request of a test.
            .max_idle_connections(0);
        Server { url: given("POSTERN_URL"), root: given("POSTERN_ROOT_TOKEN"), agent: config.build().new_agent() }
    })
}

pub fn root_token() -> &'static str {
    &server().root
}

/// Where Keycard's clients log in.
pub const TOKEN: &str = "/service-account-token";

/// Where any other client of OAuth does.
pub const OAUTH_TOKEN: &str = "/oauth/token";

/// A request. Nothing is added to what a test says.
#[derive(Clone)]
pub struct Call {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Sent,
}

#[derive(Clone)]
enum Sent {
    Nothing,
    Sized(Vec<u8>),
    Chunked(Vec<u8>),
}

/// A request with nothing but its method and path.
pub fn call(method: &'static str, path: impl Into<String>) -> Call {
    Call { method, path: path.into(), headers: Vec::new(), body: Sent::Nothing }
}

pub fn get(path: impl Into<String>) -> Call {
    call("GET", path)
}

impl Call {
    pub fn header(mut self, name: &'static str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn token(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// By root. It names the tenant for the face whose paths have none.
    pub fn root(self, tenant: &str) -> Self {
        self.token(root_token()).header("x-postern-tenant", tenant)
    }

    /// By a client's id and secret, `id:secret`.
    pub fn basic(self, pair: &str) -> Self {
        self.header("authorization", format!("Basic {}", BASE64.encode(pair.as_bytes())))
    }

    pub fn form(self, body: &str) -> Self {
        self.header("content-type", "application/x-www-form-urlencoded").bytes(body)
    }

    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").bytes(body.to_string())
    }

    /// A body with its length and no type.
    pub fn bytes(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Sent::Sized(body.into());
        self
    }

    /// A body without its length.
    pub fn chunked(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Sent::Chunked(body.into());
        self
    }

    pub fn send(self) -> Reply {
        let Server { url, agent, .. } = server();
        let mut request = ureq::http::Request::builder().method(self.method).uri(format!("{url}{}", self.path));
        for (name, value) in &self.headers {
            request = request.header(*name, value.as_slice());
        }
        let answered = match &self.body {
            Sent::Nothing => agent.run(request.body(()).expect("a request")),
            Sent::Sized(bytes) => agent.run(request.body(bytes.as_slice()).expect("a request")),
            Sent::Chunked(bytes) => {
                let mut reader = bytes
                    .chunks(4096)
                    .fold(Box::new(std::io::empty()) as Box<dyn Read>, |before, chunk| Box::new(before.chain(chunk)));
                agent.run(request.body(SendBody::from_reader(&mut reader)).expect("a request"))
            }
        };
        let mut answered =
            answered.unwrap_or_else(|error| panic!("no answer to {} {}: {error}", self.method, self.path));
        let text = answered.body_mut().read_to_string().expect("a body that is text");
        Reply::of(&self, answered.status().as_u16(), answered.headers().clone(), text)
    }

    /// Sends what the library refuses to send, an `Authorization` that is not ASCII; without a body.
    pub fn send_raw(self) -> Reply {
        let host = server().url.strip_prefix("http://").expect("a URL of http");
        let mut request = format!("{} {} HTTP/1.1\r\nhost: {host}\r\n", self.method, self.path).into_bytes();
        for (name, value) in &self.headers {
            request.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        request.extend(b"\r\n");
        let mut stream = TcpStream::connect(host).expect("a connection");
        stream.write_all(&request).expect("sent");

        let mut lines = BufReader::new(stream);
        let mut line = || {
            let mut line = String::new();
            lines.read_line(&mut line).expect("a line");
            line.trim_end().to_owned()
        };
        let status = line().split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let mut headers = HeaderMap::new();
        while let Some((name, value)) = line().split_once(": ") {
            let name: HeaderName = name.parse().expect("a name");
            headers.append(name, value.parse().expect("a value"));
        }
        let length = headers["content-length"].to_str().ok().and_then(|length| length.parse().ok()).expect("a length");
        let mut text = vec![0; length];
        lines.read_exact(&mut text).expect("the body");
        Reply::of(&self, status, headers, String::from_utf8(text).expect("a body that is text"))
    }
}

/// What a request cost, as its answer tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    pub trips: u64,
    pub read: u64,
    pub written: u64,
}

impl Cost {
    /// Reads `Server-Timing`; in no other than its exact form.
    fn of(header: &str) -> Self {
        let numbers: Vec<u64> = header
            .split(|letter: char| !letter.is_ascii_digit())
            .skip(2) // before the 1 of d1, and that
            .filter_map(|number| number.parse().ok())
            .collect();
        let [trips, read, written] = numbers[..] else { panic!("Server-Timing: {header}") };
        assert_eq!(header, format!("d1;desc=\"trips={trips} rows_read={read} rows_written={written}\""));
        Self { trips, read, written }
    }
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    pub cost: Cost,
}

impl Reply {
    /// An answer that has what every answer has.
    fn of(call: &Call, status: u16, headers: HeaderMap, text: String) -> Self {
        let mut reply = Self { status, headers, text, cost: Cost::default() };
        reply.check(call);
        reply
    }

    /// A header that is there at most once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().map(|value| value.to_str().expect("ASCII"));
        assert_eq!(values.next(), None, "{name} twice");
        value
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub fn etag(&self) -> String {
        self.header("etag").unwrap_or_else(|| panic!("no ETag: {self:?}")).to_owned()
    }

    /// What the members of a list are, whatever face it is of.
    pub fn items(&self) -> Vec<Value> {
        self.json()["items"].as_array().unwrap_or_else(|| panic!("no items: {self:?}")).clone()
    }

    /// The revision that `ETag` tells.
    pub fn revision(&self) -> u64 {
        let etag = self.etag();
        let revision = etag.trim_end_matches('"').rsplit('.').next().and_then(|revision| revision.parse().ok());
        revision.unwrap_or_else(|| panic!("no revision: {etag}"))
    }

    /// Fails with the whole answer unless it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// Fails unless the body has exactly these members, in this order.
    #[track_caller]
    pub fn expect_members(&self, members: &[&str]) {
        self.expect_members_in_any_order(members);
        let place = |member: &&str| self.text.find(&format!("\"{member}\":"));
        assert!(members.iter().map(place).is_sorted(), "not in the order {members:?}: {}", self.text);
    }

    /// Fails unless the body has exactly these members.
    #[track_caller]
    pub fn expect_members_in_any_order(&self, members: &[&str]) {
        let body = self.json();
        let has: std::collections::BTreeSet<_> =
            body.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(has, members.iter().copied().collect(), "{}", self.text);
    }

    /// What every answer has, to whatever it is the answer.
    fn check(&mut self, call: &Call) {
        let what = format!("to {} {}: {self:?}", call.method, call.path);
        let first = call.path.split(['/', '?']).nth(1).unwrap_or_default();
        let litegraph = matches!(first, "v1.0" | "v2.0");
        let keycard = first == "organizations";
        let metadata = call.path.starts_with("/.well-known/oauth-authorization-server");
        let oauth = metadata || matches!(first, "service-account-token" | "oauth");
        let ours = !litegraph && !keycard && !oauth && first != "api";

        assert!((200..500).contains(&self.status), "{what}");
        // Nothing has no type. LiteGraph's clients compare the whole of it: no charset.
        let problem = ours && self.status >= 400;
        let content_type = if problem { "application/problem+json" } else { "application/json" };
        let nothing = self.text.is_empty() && (call.method != "HEAD" || self.status == 304);
        assert_eq!(self.header("content-type"), (!nothing).then_some(content_type), "{what}");
        assert_eq!(self.header("cache-control"), Some("no-store, no-transform"), "{what}");
        self.cost = Cost::of(self.header("server-timing").expect("Server-Timing"));
        let id = self.header("x-request-id").expect("x-request-id");
        assert!(
            !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)),
            "{what}"
        );
        // What a browser wants before it shows an answer to a page, on the face that browsers call.
        assert_eq!(self.header("x-correlation-id"), litegraph.then_some(id), "{what}");
        assert_eq!(self.header("access-control-allow-origin"), litegraph.then_some("*"), "{what}");
        let exposed = "ETag, Retry-After, X-Request-ID, X-Correlation-ID, Server-Timing";
        assert_eq!(self.header("access-control-expose-headers"), litegraph.then_some(exposed), "{what}");
        let challenge = if oauth { "Bearer, Basic realm=\"postern\"" } else { "Bearer" };
        assert_eq!(self.header("www-authenticate"), (self.status == 401).then_some(challenge), "{what}");
        assert_eq!(self.header("allow").is_some(), self.status == 405, "{what}");
        // "A conflict that will not go away by itself": Keycard's clients would try it three times.
        assert_eq!(self.header("x-should-retry"), (keycard && self.status == 409).then_some("false"), "{what}");
        assert!(self.status < 300 || self.status == 304 || self.header("etag").is_none(), "{what}");
        // "The Accept-Patch header field … with a 415" (RFC 5789 §2.2).
        let patches = ["application/merge-patch+json, application/json"];
        let told = self.header("accept-patch").into_iter().collect::<Vec<_>>();
        assert_eq!(told, if ours && self.status == 415 { &patches[..] } else { &[] }, "{what}");
        // Either both or none: a caller whose secret is being replaced is told since when, and until when.
        assert_eq!(self.header("deprecation").is_some(), self.header("sunset").is_some(), "{what}");
        if nothing {
            let told = matches!((call.method, self.status, litegraph), ("DELETE", 200, true) | ("DELETE", 204, false));
            assert!(told || self.status == 304 || (call.method, self.status) == ("OPTIONS", 204), "{what}");
        } else if call.method == "HEAD" {
            assert_eq!(self.text, "", "{what}");
        } else {
            // A list is bare on two faces; Coactive answers a deletion with null.
            let body = self.json();
            let bare = self.status == 200 && (body.is_array() || body.is_null() && call.method == "DELETE");
            assert!(body.is_object() || bare, "{what}");
        }
    }
}

/// Does this as many times as there are items, all of it at once, and gives what came of each, in the items' order.
pub fn at_once<I: Send, T: Send>(items: Vec<I>, what: impl Fn(I) -> T + Sync) -> Vec<T> {
    let (start, what) = (std::sync::Barrier::new(items.len()), &what);
    std::thread::scope(|scope| {
        let one = |item| {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                what(item)
            })
        };
        let threads: Vec<_> = items.into_iter().map(one).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}
