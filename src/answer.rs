//! Responses, independent of the platform: a status, headers and a JSON text.

use std::fmt;

use crate::store::Cost;

/// A response. Its body may contain a secret, so Debug prints only the status.
pub struct Answer {
    /// The HTTP status code.
    pub status: u16,
    /// The headers, with lower-case names. No name occurs twice.
    pub headers: Vec<(&'static str, String)>,
    /// The JSON text; empty if the response has no body.
    pub body: String,
}

impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Answer({})", self.status)
    }
}

impl Answer {
    /// Creates a response without headers.
    #[must_use]
    pub fn new(status: u16, body: String) -> Self {
        Self { status, headers: Vec::new(), body }
    }

    /// Adds a header that the response does not have yet: `glue.js` keeps one value for each name.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        debug_assert!(self.headers.iter().all(|(present, _)| *present != name), "the response already has {name}");
        self.headers.push((name, value.into()));
        self
    }

    /// Adds the headers of every response: the media type of the body, `Cache-Control` and the request's id.
    #[must_use]
    pub fn for_request(self, id: &str, content_type: &'static str) -> Self {
        // Without a charset: LiteGraph's clients compare the whole value. An empty body has no media type.
        let typed = if self.body.is_empty() { self } else { self.with("content-type", content_type) };
        typed.with("cache-control", "no-store, no-transform").with("x-request-id", id)
    }

    /// Adds the cost of the request in `Server-Timing` (W3C): round trips to the database, rows read and rows written.
    #[must_use]
    pub fn with_cost(self, cost: Cost) -> Self {
        let Cost { trips, rows_read, rows_written } = cost;
        self.with(
            "server-timing",
            format!("d1;desc=\"trips={trips} rows_read={rows_read} rows_written={rows_written}\""),
        )
    }
}
