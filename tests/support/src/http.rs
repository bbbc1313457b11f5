//! The running Worker over HTTP, where the harness says that it is.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::panic::resume_unwind;
use std::sync::OnceLock;
use std::time::Duration;

use ureq::http::{HeaderMap, HeaderName, HeaderValue};
use ureq::{Agent, SendBody};

use crate::client::{Call, Client, Reply, Sent, cost};

/// Where the Worker is, and the token that may do everything: both from the harness.
pub struct Http {
    url: String,
    root: String,
    agent: Agent,
}

/// The Worker at `POSTERN_URL`.
pub fn server() -> &'static Http {
    static SERVER: OnceLock<Http> = OnceLock::new();
    SERVER.get_or_init(|| Http::new(given("POSTERN_URL"), given("POSTERN_ROOT_TOKEN")))
}

/// What the harness says by a variable.
pub fn given(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: `make test` starts a Worker and runs this"))
}

impl Http {
    pub fn new(url: String, root: String) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .allow_non_standard_methods(true)
            // A request that is never answered fails its test. D1 aborts a batch after 30 s.
            .timeout_global(Some(Duration::from_mins(1)))
            // A connection that the server closes while it is idle would fail the next request of a test.
            .max_idle_connections(0);
        Self { url, root, agent: config.build().new_agent() }
    }

    /// Sends a request to a server that may fail, and returns the response, unchecked; or why none came.
    pub(crate) fn attempt(&self, call: &Call) -> Result<Reply, ureq::Error> {
        let mut request =
            ureq::http::Request::builder().method(call.method.as_str()).uri(format!("{}{}", self.url, call.path));
        for (name, value) in &call.headers {
            request = request.header(name, value.as_slice());
        }
        let mut answered = match &call.body {
            Sent::Nothing => self.agent.run(request.body(())?)?,
            Sent::Sized(bytes) => self.agent.run(request.body(bytes.as_slice())?)?,
            Sent::Chunked(bytes) => {
                let mut reader = bytes
                    .chunks(4096)
                    .fold(Box::new(std::io::empty()) as Box<dyn Read>, |before, chunk| Box::new(before.chain(chunk)));
                self.agent.run(request.body(SendBody::from_reader(&mut reader))?)?
            }
        };
        let text = answered.body_mut().read_to_string()?;
        Ok(reply(answered.status().as_u16(), answered.headers(), text))
    }
}

impl Client for Http {
    fn root_token(&self) -> &str {
        &self.root
    }

    fn exchange(&self, call: &Call) -> Reply {
        let reply =
            self.attempt(call).unwrap_or_else(|error| panic!("no answer to {} {}: {error}", call.method, call.path));
        assert!(reply.status < 500, "nothing that is sent makes the Worker fail: {reply:?}");
        reply
    }
}

impl Http {
    /// Sends what the library refuses to send, an `Authorization` that is not ASCII; without a body.
    pub fn send_raw(&self, call: &Call) -> Reply {
        let host = self.url.strip_prefix("http://").expect("a URL of http");
        let mut request = format!("{} {} HTTP/1.1\r\nhost: {host}\r\n", call.method, call.path).into_bytes();
        for (name, value) in &call.headers {
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
        let text = String::from_utf8(text).expect("a body that is text");
        reply(status, &headers, text).checked(&call.method, &call.path, call.headers())
    }
}

fn reply(status: u16, headers: &HeaderMap, text: String) -> Reply {
    let header = |(name, value): (&HeaderName, &HeaderValue)| {
        (name.as_str().to_owned(), value.to_str().expect("ASCII").to_owned())
    };
    let timing = headers.get("server-timing").map(|timing| cost(timing.to_str().expect("ASCII")));
    Reply { status, headers: headers.iter().map(header).collect(), text, cost: timing.unwrap_or_default() }
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
