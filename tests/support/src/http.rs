//! The running Worker over HTTP, at the address that `make test` provides.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::panic::resume_unwind;
use std::sync::OnceLock;
use std::time::Duration;

use ureq::http::{HeaderMap, HeaderName, HeaderValue};
use ureq::{Agent, SendBody};

use crate::client::{Call, Client, Reply, Sent, cost};

/// A running Worker and its root token.
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

/// An environment variable that `make test` sets.
pub fn given(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: `make test` starts a Worker and runs this"))
}

impl Http {
    pub fn new(url: String, root: String) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .allow_non_standard_methods(true)
            // A request without a response fails its test. D1 aborts a batch after 30 s.
            .timeout_global(Some(Duration::from_mins(1)))
            // A connection that the server closes while it is idle would fail the next request of a test.
            .max_idle_connections(0);
        Self { url, root, agent: config.build().new_agent() }
    }

    /// Sends a request to a server that may fail. The response is not checked.
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
        // Forward-auth: a proxy whose own credential is refused.
        let is_of_proxy = reply.status == 503 && reply.text.contains("\"code\":\"verifier\"");
        assert!(reply.status < 500 || is_of_proxy, "no request may make the Worker fail: {reply:?}");
        reply
    }
}

impl Http {
    pub(crate) fn cut_off(&self, call: &Call) -> std::io::Result<u16> {
        let host = self.url.strip_prefix("http://").expect("a URL of http");
        let mut request = format!("{} {} HTTP/1.1\r\nhost: {host}\r\n", call.method, call.path).into_bytes();
        for (name, value) in &call.headers {
            request.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        request.extend(match &call.body {
            Sent::Nothing => b"content-length: 9\r\n\r\n".to_vec(),
            Sent::Sized(bytes) => [format!("content-length: {}\r\n\r\n", bytes.len() + 1).as_bytes(), bytes].concat(),
            Sent::Chunked(bytes) => {
                let head = format!("transfer-encoding: chunked\r\n\r\n{:x}\r\n", bytes.len());
                [head.as_bytes(), bytes, b"\r\n"].concat()
            }
        });
        let mut stream = TcpStream::connect(host)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(&request)?;
        stream.shutdown(Shutdown::Write)?;
        let mut start = [0; 12];
        stream.read_exact(&mut start)?;
        let status = std::str::from_utf8(&start).ok().and_then(|start| start.split(' ').nth(1)?.parse().ok());
        Ok(status.expect("a status"))
    }

    /// Sends a request without a body by hand, since the HTTP library rejects non-ASCII headers.
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

/// Runs `what` for all items concurrently and returns the results in the items' order.
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
