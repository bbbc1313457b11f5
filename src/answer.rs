//! What goes back: a status, a JSON text, and the headers that every answer has.

use std::fmt;

use crate::store::Cost;

/// An answer, before the platform writes it. It may show a secret: Debug shows its status alone.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, their names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The JSON text, or nothing.
    pub body: String,
}

impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Answer({})", self.status)
    }
}

impl Answer {
    /// An answer with this JSON text.
    #[must_use]
    pub fn new(status: u16, body: String) -> Self {
        Self { status, headers: Vec::new(), body }
    }

    /// With one header more. None is said twice: `glue.js` has one value for each.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        debug_assert!(self.headers.iter().all(|(said, _)| *said != name), "{name} is said twice");
        self.headers.push((name, value.into()));
        self
    }

    /// With what every answer says: its type, that no cache may keep or change it, and the request's id.
    #[must_use]
    pub fn for_request(self, id: &str, content_type: &'static str) -> Self {
        // Exactly so, without a charset: LiteGraph's clients compare it. Nothing has no type.
        let typed = if self.body.is_empty() { self } else { self.with("content-type", content_type) };
        typed.with("cache-control", "no-store, no-transform").with("x-request-id", id)
    }

    /// With what it cost (`Server-Timing`, W3C): round trips to the database, rows read and rows written.
    #[must_use]
    pub fn with_cost(self, cost: Cost) -> Self {
        let Cost { trips, rows_read, rows_written } = cost;
        self.with(
            "server-timing",
            format!("d1;desc=\"trips={trips} rows_read={rows_read} rows_written={rows_written}\""),
        )
    }
}
