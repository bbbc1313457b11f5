//! One interface to call Postern over either transport. `Call::send` checks what every response must have, so each
//! request of each test also tests that.

use data_encoding::BASE64;
use postern::answer::Answer;
use postern::store::Cost;
use serde_json::Value;

use crate::http::{Http, server};
use crate::world::InProcess;

/// Something that answers requests: the service in process ([`InProcess`]), or the running Worker ([`Http`]).
pub trait Client: Sync {
    fn root_token(&self) -> &str;

    /// Sends a request unchanged. Tests use [`Call::send`], which also checks the reply.
    fn exchange(&self, call: &Call) -> Reply;
}

/// Returns the transport of this run: the Worker at `POSTERN_URL` if that is set, otherwise a new service in process
/// with only the tenant `acme`.
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

/// The token endpoint of Keycard's clients.
pub const TOKEN: &str = "/service-account-token";

/// The token endpoint of other OAuth clients.
pub const OAUTH_TOKEN: &str = "/oauth/token";

/// A request, sent exactly as built.
#[derive(Clone)]
pub struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Sent,
    by_root: bool,
    /// The token of the request that a proxy asks about.
    asked_about: Option<String>,
}

#[derive(Clone)]
pub(crate) enum Sent {
    Nothing,
    Sized(Vec<u8>),
    Chunked(Vec<u8>),
}

/// A request without headers and body.
pub fn call(method: impl Into<String>, path: impl Into<String>) -> Call {
    Call {
        method: method.into(),
        path: path.into(),
        headers: Vec::new(),
        body: Sent::Nothing,
        by_root: false,
        asked_about: None,
    }
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

    /// Authenticates with the root token of the client that sends the request.
    pub fn by_root(self) -> Self {
        Self { by_root: true, ..self }
    }

    /// Like [`Call::by_root`], and names the tenant, for the face whose paths have none.
    pub fn root(self, tenant: &str) -> Self {
        self.by_root().header("x-postern-tenant", tenant)
    }

    /// Asks about a request with this token, as a proxy does: the caller's own token is sent in `Postern-Verifier`.
    pub fn asking_about(self, token: &str) -> Self {
        Self { asked_about: Some(token.to_owned()), ..self }
    }

    /// Authenticates with a client's `id:secret`.
    pub fn basic(self, pair: &str) -> Self {
        self.header("authorization", format!("Basic {}", BASE64.encode(pair.as_bytes())))
    }

    pub fn form(self, body: &str) -> Self {
        self.header("content-type", "application/x-www-form-urlencoded").bytes(body)
    }

    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").bytes(body.to_string())
    }

    /// Sets a body with `Content-Length` and without `Content-Type`.
    pub fn bytes(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Sent::Sized(body.into());
        self
    }

    /// Sets a body without `Content-Length`.
    pub fn chunked(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Sent::Chunked(body.into());
        self
    }

    /// Sends the request and checks what every response must have.
    pub fn send(mut self, client: &dyn Client) -> Reply {
        if self.by_root {
            self = self.token(client.root_token());
        }
        if let Some(token) = self.asked_about.take() {
            for (name, value) in &mut self.headers {
                if let Some(own) = value.strip_prefix(b"Bearer ").filter(|_| name == "authorization") {
                    (*name, *value) = ("postern-verifier".to_owned(), own.to_vec());
                }
            }
            self = self.token(&token);
        }
        client.exchange(&self).checked(&self.method, &self.path, self.headers())
    }

    /// The request's headers.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.headers.iter().map(|(name, value)| (name.as_str(), &**value))
    }

    /// Sends the request to a server that may fail. Returns `None` without a response. The response is not checked.
    pub fn attempt(mut self, server: &Http) -> Option<Reply> {
        if self.by_root {
            self = self.token(server.root_token());
        }
        server.attempt(&self).ok()
    }

    /// Sends the request with a body that is cut off: after all its bytes, although more are announced, or before its last chunk.
    /// Returns the status of the response, if there is one.
    pub fn cut_off(mut self, server: &Http) -> Option<u16> {
        if self.by_root {
            self = self.token(server.root_token());
        }
        server.cut_off(&self).ok()
    }
}

/// Parses `Server-Timing`. Panics unless it has exactly the documented form.
pub(crate) fn cost(header: &str) -> Cost {
    let numbers: Vec<u64> = header
        .split(|letter: char| !letter.is_ascii_digit())
        .skip(2) // the text before the 1 of "d1", and the 1
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

/// A response.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// Names are in lower case.
    pub headers: Vec<(String, String)>,
    pub text: String,
    /// Round trips, rows read and rows written, from `Server-Timing`.
    pub cost: Cost,
}

impl Reply {
    /// A response of the service in process.
    pub fn of(answer: Answer, cost: Cost) -> Self {
        let headers = answer.headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { status: answer.status, headers, text: answer.body, cost }
    }

    /// The value of a header. Panics if the header occurs twice.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(header, _)| header == name).map(|(_, value)| value.as_str());
        let value = values.next();
        assert_eq!(values.next(), None, "{name} twice");
        value
    }

    /// The names of the body's members, in order.
    pub fn members(&self) -> Vec<String> {
        crate::shape::members(&self.text)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub fn etag(&self) -> &str {
        self.header("etag").unwrap_or_else(|| panic!("no ETag: {self:?}"))
    }

    /// The `items` of a list response.
    pub fn items(&self) -> Vec<Value> {
        self.json()["items"].as_array().unwrap_or_else(|| panic!("no items: {self:?}")).clone()
    }

    /// The revision in `ETag`.
    pub fn revision(&self) -> u64 {
        let etag = self.etag();
        let revision = etag.trim_end_matches('"').rsplit('.').next().and_then(|revision| revision.parse().ok());
        revision.unwrap_or_else(|| panic!("no revision: {etag}"))
    }

    /// Asserts the status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// Asserts success.
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert!((200..300).contains(&self.status), "{self:?}");
        self
    }

    /// Asserts an error of the Postern face with this status and code (see [`Face::error`](crate::face::Face::error)).
    #[track_caller]
    pub fn refused(self, status: u16, word: &str) -> Self {
        let reply = self.expect(status);
        assert_eq!(crate::face::Face::Postern.error(&reply), word, "{reply:?}");
        reply
    }

    /// Asserts that the body has exactly these members, in this order.
    #[track_caller]
    pub fn expect_members(&self, members: &[&str]) {
        self.expect_members_in_any_order(members);
        let position = |member: &&str| self.text.find(&format!("\"{member}\":"));
        assert!(members.iter().map(position).is_sorted(), "not in the order {members:?}: {}", self.text);
    }

    /// Asserts that the body has exactly these members.
    #[track_caller]
    pub fn expect_members_in_any_order(&self, members: &[&str]) {
        let body = self.json();
        let has: std::collections::BTreeSet<_> =
            body.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(has, members.iter().copied().collect(), "{}", self.text);
    }

    /// Returns the challenge that the response must have (RFC 6750 §3). Without the body of a HEAD, several are possible.
    fn challenges(&self, oauth: bool, presents_token: bool) -> Vec<Option<String>> {
        let other = if oauth { ", Basic realm=\"postern\"" } else { "" };
        let with = |error: &str| Some(format!("Bearer realm=\"postern\"{error}{other}"));
        let (refused, lacks) = (", error=\"invalid_token\"", ", error=\"insufficient_scope\"");
        // No other token would help here.
        let is_no_right = ["RBAC", "no_rbac", "must name"].iter().any(|word| self.text.contains(word));
        match self.status {
            401 if self.text.is_empty() => ["", refused, lacks].map(with).into(),
            401 if self.text.contains("AuthorizationFailed") => vec![with(if is_no_right { "" } else { lacks })],
            401 => vec![with(if presents_token { refused } else { "" })],
            403 => vec![if is_no_right { None } else { with(lacks) }],
            _ => vec![None],
        }
    }

    /// Asserts what every response must have.
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
        let postern = !litegraph && !keycard && !oauth && first != "api";

        assert!(self.status >= 200 && self.status != 500, "{what}");
        // An empty body has no type. LiteGraph's clients compare the complete value, so it has no charset.
        let problem = postern && self.status >= 400;
        let content_type = if problem { "application/problem+json" } else { "application/json" };
        // Forward-auth: a proxy reads the status and the headers.
        let asked = path.starts_with("/v1/authorize?") && matches!(self.status, 200 | 401 | 403);
        let empty = self.text.is_empty() && (method != "HEAD" || self.status == 304 || asked);
        assert_eq!(self.header("content-type"), (!empty).then_some(content_type), "{what}");
        assert_eq!(self.header("cache-control"), Some("no-store, no-transform"), "{what}");
        assert_eq!(self.cost, cost(self.header("server-timing").expect("Server-Timing")), "{what}");
        let id = self.header("x-request-id").expect("x-request-id");
        assert!(
            !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)),
            "{what}"
        );
        // CORS headers, on the face that browsers call.
        assert_eq!(self.header("x-correlation-id"), litegraph.then_some(id), "{what}");
        assert_eq!(self.header("access-control-allow-origin"), litegraph.then_some("*"), "{what}");
        let exposed = "ETag, Retry-After, X-Request-ID, X-Correlation-ID, Server-Timing";
        assert_eq!(self.header("access-control-expose-headers"), litegraph.then_some(exposed), "{what}");
        let expected = self.challenges(oauth, presents_token(headers, litegraph));
        assert!(expected.iter().any(|challenge| self.header("www-authenticate") == challenge.as_deref()), "{what}");
        assert_eq!(self.header("allow").is_some(), self.status == 405, "{what}");
        // Keycard's clients would retry a conflict three times.
        assert_eq!(self.header("x-should-retry"), (keycard && self.status == 409).then_some("false"), "{what}");
        assert!(self.status < 300 || self.status == 304 || self.header("etag").is_none(), "{what}");
        // RFC 5789 §2.2: Accept-Patch belongs to a 415 of PATCH.
        let coded = self.header("accept-encoding");
        assert!(coded.is_none() || (self.status, coded) == (415, Some("identity")), "{what}");
        let patches = ["application/merge-patch+json, application/json"];
        let sent = self.header("accept-patch").into_iter().collect::<Vec<_>>();
        assert_eq!(sent, if postern && self.status == 415 && coded.is_none() { &patches[..] } else { &[] }, "{what}");
        // An error writes nothing. The Postern face takes one round trip, and none for a request it can reject without
        // one. A deletion of many takes a round trip for each thousand, and each may be refused.
        let refused = (400..500).contains(&self.status);
        let Cost { trips, rows_written, .. } = self.cost;
        let large = method == "DELETE" && trips > 1 && rows_written >= 1000 * (trips - 1);
        // A log-in that is refused may have fetched the keys of an issuer first.
        let fetched = path == "/oauth/token" && trips > 1;
        assert!(!refused || rows_written == 0 || large || fetched, "{what}");
        if first == "v1" {
            // Root is no credential, so it is refused what a credential does with itself.
            // A verification may be answered from memory.
            let needs_none = ["/v1/self", "/v1/verify", "/v1/authorize"].iter().any(|start| path.starts_with(start));
            let needs_trip = matches!(self.status, 200..400 | 403 | 409 | 412 | 422 | 428) && !needs_none;
            assert!(trips == 1 || trips == 0 && !needs_trip || large, "{what}");
        }
        // Every created resource is located (RFC 9110 §15.3.2).
        assert_eq!(self.header("location").is_some(), self.status == 201, "{what}");
        // A caller whose secret is retiring gets both headers, any other caller none.
        assert_eq!(self.header("deprecation").is_some(), self.header("sunset").is_some(), "{what}");
        if empty {
            let deleted = matches!((method, self.status, litegraph), ("DELETE", 200, true) | ("DELETE", 204, false));
            assert!(asked || deleted || self.status == 304 || (method, self.status) == ("OPTIONS", 204), "{what}");
        } else if method == "HEAD" {
            assert_eq!(self.text, "", "{what}");
        } else {
            // Two faces return lists as bare arrays; Coactive answers a deletion with null.
            let body = self.json();
            let bare = self.status == 200 && (body.is_array() || body.is_null() && method == "DELETE");
            assert!(body.is_object() || bare, "{what}");
        }
        self
    }
}
