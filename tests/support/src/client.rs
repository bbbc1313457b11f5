//! One way to call Postern, over either transport. Whatever a test asks of an answer, what every answer has is checked
//! first, so that each request of each test is a test of that too.

use data_encoding::BASE64;
use postern::answer::Answer;
use postern::store::Cost;
use serde_json::Value;

use crate::http::{Http, server};
use crate::world::InProcess;

/// Something that answers requests: the service in process ([`InProcess`]), or the running Worker ([`Http`]).
pub trait Client: Sync {
    /// The token that may do everything.
    fn root_token(&self) -> &str;

    /// Sends a request as it stands. Tests use [`Call::send`], which checks the reply.
    fn exchange(&self, call: &Call) -> Reply;
}

/// The client for a suite that runs on both transports: the Worker at `POSTERN_URL` if that is set, and otherwise a
/// service of its own in process, with nothing but the tenant `acme`.
pub fn client() -> Box<dyn Client> {
    if std::env::var_os("POSTERN_URL").is_some() { Box::new(server()) } else { Box::new(InProcess::new()) }
}

impl Client for &Http {
    fn root_token(&self) -> &str {
        (**self).root_token()
    }

    fn exchange(&self, call: &Call) -> Reply {
        (**self).exchange(call)
    }
}

/// Where Keycard's clients log in.
pub const TOKEN: &str = "/service-account-token";

/// Where any other client of OAuth does.
pub const OAUTH_TOKEN: &str = "/oauth/token";

/// A request. Nothing is added to what a test says.
#[derive(Clone)]
pub struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Sent,
    by_root: bool,
}

#[derive(Clone)]
pub(crate) enum Sent {
    Nothing,
    Sized(Vec<u8>),
    Chunked(Vec<u8>),
}

/// A request with nothing but its method and path.
pub fn call(method: impl Into<String>, path: impl Into<String>) -> Call {
    Call { method: method.into(), path: path.into(), headers: Vec::new(), body: Sent::Nothing, by_root: false }
}

pub fn get(path: impl Into<String>) -> Call {
    call("GET", path)
}

impl Call {
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn token(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// By the root token of whichever client sends it.
    pub fn by_root(self) -> Self {
        Self { by_root: true, ..self }
    }

    /// By root. It names the tenant for the face whose paths have none.
    pub fn root(self, tenant: &str) -> Self {
        self.by_root().header("x-postern-tenant", tenant)
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

    /// Sends it, and returns a reply that has what every reply has.
    pub fn send(mut self, client: &dyn Client) -> Reply {
        if self.by_root {
            self = self.token(client.root_token());
        }
        client.exchange(&self).checked(&self.method, &self.path, self.headers())
    }

    /// The headers that it says.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.headers.iter().map(|(name, value)| (name.as_str(), &**value))
    }

    /// Sends it to a server that may fail. `None` if no response came back. The response is not checked.
    pub fn attempt(mut self, server: &Http) -> Option<Reply> {
        if self.by_root {
            self = self.token(server.root_token());
        }
        server.attempt(&self).ok()
    }
}

/// Reads `Server-Timing`; in no other than its exact form.
pub(crate) fn cost(header: &str) -> Cost {
    let numbers: Vec<u64> = header
        .split(|letter: char| !letter.is_ascii_digit())
        .skip(2) // before the 1 of d1, and that
        .filter_map(|number| number.parse().ok())
        .collect();
    let [trips, rows_read, rows_written] = numbers[..] else { panic!("Server-Timing: {header}") };
    assert_eq!(header, format!("d1;desc=\"trips={trips} rows_read={rows_read} rows_written={rows_written}\""));
    Cost { trips, rows_read, rows_written }
}

/// Whether a request with these headers presents a Bearer token, or LiteGraph's.
fn presents_token<'a>(headers: impl Iterator<Item = (&'a str, &'a [u8])>, litegraph: bool) -> bool {
    let headers: Vec<_> = headers.collect();
    let of = |name: &str| headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
    match of("authorization") {
        Some((_, value)) => {
            let value = value.trim_ascii();
            value.len() > 7 && value[..7].eq_ignore_ascii_case(b"bearer ") && !value[7..].trim_ascii().is_empty()
        }
        None => litegraph && of("x-token").is_some_and(|(_, token)| !token.trim_ascii().is_empty()),
    }
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// The headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    pub text: String,
    /// Round trips, and rows read and written, as `Server-Timing` has them.
    pub cost: Cost,
}

impl Reply {
    /// What the service answered in process.
    pub fn of(answer: Answer, cost: Cost) -> Self {
        let headers = answer.headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { status: answer.status, headers, text: answer.body, cost }
    }

    /// A header that is there at most once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(header, _)| header == name).map(|(_, value)| value.as_str());
        let value = values.next();
        assert_eq!(values.next(), None, "{name} twice");
        value
    }

    /// The members of the body in their order.
    pub fn members(&self) -> Vec<String> {
        crate::shape::members(&self.text)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub fn etag(&self) -> &str {
        self.header("etag").unwrap_or_else(|| panic!("no ETag: {self:?}"))
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

    /// Fails unless this is a refusal by our own face with this status and word (see [`Face::error`](crate::face::Face::error)).
    #[track_caller]
    pub fn refused(self, status: u16, word: &str) -> Self {
        let reply = self.expect(status);
        assert_eq!(crate::face::Face::Postern.error(&reply), word, "{reply:?}");
        reply
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

    /// The challenge that this has to have (RFC 6750 §3); without the body of an answer to HEAD it may be one of several.
    fn challenges(&self, oauth: bool, presents_token: bool) -> Vec<Option<String>> {
        let other = if oauth { ", Basic realm=\"postern\"" } else { "" };
        let with = |error: &str| Some(format!("Bearer realm=\"postern\"{error}{other}"));
        let (refused, lacks) = (", error=\"invalid_token\"", ", error=\"insufficient_scope\"");
        // Of these no other token would be better.
        let is_no_right = ["RBAC", "no_rbac", "has to name"].iter().any(|word| self.text.contains(word));
        match self.status {
            401 if self.text.is_empty() => ["", refused, lacks].map(with).into(),
            401 if self.text.contains("AuthorizationFailed") => vec![with(if is_no_right { "" } else { lacks })],
            401 => vec![with(if presents_token { refused } else { "" })],
            403 => vec![if is_no_right { None } else { with(lacks) }],
            _ => vec![None],
        }
    }

    /// Fails unless this has what every answer has to whatever it answers.
    pub(crate) fn checked<'a>(
        self,
        method: &str,
        path: &str,
        headers: impl Iterator<Item = (&'a str, &'a [u8])>,
    ) -> Self {
        let what = format!("to {method} {path}: {self:?}");
        let first = path.split(['/', '?']).nth(1).unwrap_or_default();
        let litegraph = matches!(first, "v1.0" | "v2.0");
        let keycard = first == "organizations";
        let metadata = path.starts_with("/.well-known/oauth-authorization-server");
        let oauth = metadata || matches!(first, "service-account-token" | "oauth");
        let ours = !litegraph && !keycard && !oauth && first != "api";

        assert!(self.status >= 200 && self.status != 500, "{what}");
        // Nothing has no type. LiteGraph's clients compare the whole of it: no charset.
        let problem = ours && self.status >= 400;
        let content_type = if problem { "application/problem+json" } else { "application/json" };
        let nothing = self.text.is_empty() && (method != "HEAD" || self.status == 304);
        assert_eq!(self.header("content-type"), (!nothing).then_some(content_type), "{what}");
        assert_eq!(self.header("cache-control"), Some("no-store, no-transform"), "{what}");
        assert_eq!(self.cost, cost(self.header("server-timing").expect("Server-Timing")), "{what}");
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
        let expected = self.challenges(oauth, presents_token(headers, litegraph));
        assert!(expected.iter().any(|challenge| self.header("www-authenticate") == challenge.as_deref()), "{what}");
        assert_eq!(self.header("allow").is_some(), self.status == 405, "{what}");
        // "A conflict that will not go away by itself": Keycard's clients would try it three times.
        assert_eq!(self.header("x-should-retry"), (keycard && self.status == 409).then_some("false"), "{what}");
        assert!(self.status < 300 || self.status == 304 || self.header("etag").is_none(), "{what}");
        // "The Accept-Patch header field … with a 415" (RFC 5789 §2.2).
        let patches = ["application/merge-patch+json, application/json"];
        let told = self.header("accept-patch").into_iter().collect::<Vec<_>>();
        assert_eq!(told, if ours && self.status == 415 { &patches[..] } else { &[] }, "{what}");
        // A refusal writes nothing, and our own face takes one round trip: none where the caller cannot be known from it.
        let refused = (400..500).contains(&self.status);
        assert!(!refused || self.cost.rows_written == 0, "{what}");
        if first == "v1" {
            let always = matches!(self.status, 200..400 | 403 | 409 | 412 | 422 | 428);
            assert!(self.cost.trips == 1 || self.cost.trips == 0 && !always, "{what}");
        }
        // Either both or none: a caller whose secret is being replaced is told since when, and until when.
        assert_eq!(self.header("deprecation").is_some(), self.header("sunset").is_some(), "{what}");
        if nothing {
            let told = matches!((method, self.status, litegraph), ("DELETE", 200, true) | ("DELETE", 204, false));
            assert!(told || self.status == 304 || (method, self.status) == ("OPTIONS", 204), "{what}");
        } else if method == "HEAD" {
            assert_eq!(self.text, "", "{what}");
        } else {
            // A list is bare on two faces; Coactive answers a deletion with null.
            let body = self.json();
            let bare = self.status == 200 && (body.is_array() || body.is_null() && method == "DELETE");
            assert!(body.is_object() || bare, "{what}");
        }
        self
    }
}
