//! A request's first line and its whole answer as a text to keep: what is another each time is hidden, once it was
//! checked to be what its name says, and nothing else is.

use std::cell::RefCell;

use postern::credential::id::Id;
use postern::credential::secret::Token;
use postern::credential::time::Micros;
use serde_json::Value;

use super::{MASTER_KEY, ROOT, Reply, START};

/// A token that a test's client chooses for itself.
pub const CHOSEN: &str = "a-token-of-the-clients-own";

pub struct Redacted {
    /// The time until which things can have happened.
    pub now: i64,
    /// Each gets a number, in the order in which they come.
    ids: RefCell<Vec<Id>>,
}

impl Redacted {
    pub fn at(now: i64) -> Self {
        Self { now, ids: RefCell::default() }
    }

    /// The text.
    pub fn text(&self, method: &str, url: &str, reply: &Reply) -> String {
        let mut lines = vec![format!("{method} {}", self.url(url)), String::new(), reply.status.to_string()];
        lines.extend(reply.headers.iter().map(|(name, value)| format!("{name}: {}", self.header(name, value, reply))));
        lines.extend([String::new(), self.body(&reply.text)]);
        let text = lines.join("\n");
        assert_no_secret(&text);
        text
    }

    fn url(&self, url: &str) -> String {
        let segment = |segment: &str| {
            let client = || Id::parse_client(segment).map(|id| self.client(id));
            let guid = || Id::parse_guid(segment).map(|id| self.guid(id));
            Id::parse(segment).map(|id| self.id(id)).or_else(client).or_else(guid).unwrap_or_else(|| segment.to_owned())
        };
        let (path, query) = url.split_once('?').map_or((url, None), |(path, query)| (path, Some(query)));
        let path = path.split('/').map(segment).collect::<Vec<_>>().join("/");
        query.map_or_else(|| path.clone(), |query| format!("{path}?{query}"))
    }

    fn header(&self, name: &str, value: &str, reply: &Reply) -> String {
        match name {
            "etag" => {
                let tag = value.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).expect("in quotes");
                let (id, revision) = tag.split_once('.').expect("an id and a revision");
                assert!(revision.parse::<u32>().is_ok_and(|revision| revision > 0), "{value}");
                format!("\"{}.{revision}\"", self.id(Id::parse(id).expect("an id")))
            }
            "x-request-id" | "x-correlation-id" => {
                assert_eq!(reply.header("x-request-id"), Some(value), "one id for one request");
                if Id::parse(value).is_some() { "<request id>".to_owned() } else { value.to_owned() }
            }
            "server-timing" => {
                let counts = value.strip_prefix("d1;desc=\"").and_then(|rest| rest.strip_suffix('"')).expect(value);
                let [trips, read, written] = <[&str; 3]>::try_from(counts.split(' ').collect::<Vec<_>>()).expect(value);
                let number = |part: &str, name: &str| {
                    part.strip_prefix(name).and_then(|number| number.parse::<u64>().ok()).expect(value)
                };
                number(read, "rows_read=");
                number(written, "rows_written=");
                format!("d1;desc=\"trips={} rows_read=<n> rows_written=<n>\"", number(trips, "trips="))
            }
            _ => value.to_owned(),
        }
    }

    fn body(&self, text: &str) -> String {
        let mut redacted = text.to_owned();
        self.members(&serde_json::from_str(text).expect("JSON"), &mut redacted);
        redacted
    }

    fn members(&self, value: &Value, text: &mut String) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.members(item, text)),
            Value::Object(members) => {
                for (name, value) in members {
                    self.members(value, text);
                    let Some(said) = value.as_str() else { continue };
                    // The text keeps its order and spelling: only the value goes.
                    let (from, to) = (Value::from(said).to_string(), Value::from(self.member(name, said)).to_string());
                    *text = text.replace(&format!("\"{name}\":{from}"), &format!("\"{name}\":{to}"));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// What is shown instead of a member's value; the value itself where nothing of it is another each time.
    fn member(&self, name: &str, value: &str) -> String {
        match name {
            "client_secret" | "BearerToken" if value.is_empty() => String::new(),
            "client_secret" | "BearerToken" if value == CHOSEN => "<the client's own token>".to_owned(),
            "client_secret" | "BearerToken" => {
                assert!(
                    value.starts_with("pstn_") && Token::read(value, "pstn_").is_ok(),
                    "{name} is no token of ours"
                );
                "<token of ours>".to_owned()
            }
            "id" | "zone_id" => self.id(Id::parse(value).expect(name)),
            "client_id" => self.client(Id::parse_client(value).expect(name)),
            "GUID" | "TenantGUID" | "UserGUID" => {
                let id = Id::parse_guid(value).expect(name);
                assert_eq!(value, id.guid(), "{name}: lower case and hyphens");
                self.guid(id)
            }
            "created_at" | "updated_at" | "last_used_at" => {
                assert_eq!(value, self.time(value).milliseconds(), "{name}: three digits");
                "<time to the millisecond>".to_owned()
            }
            "CreatedUtc" | "LastUpdateUtc" => {
                assert_eq!(value, self.time(value).microseconds(), "{name}: six digits");
                "<time to the microsecond>".to_owned()
            }
            _ => value.to_owned(),
        }
    }

    fn time(&self, value: &str) -> Micros {
        let time = Micros::parse(value).expect("a time");
        // Cut to milliseconds, it may be one earlier than it was.
        assert!((START..=self.now).contains(&time.0), "{value}: within the test");
        time
    }

    /// Nothing hides an id that is always the same.
    fn number(&self, id: Id) -> Option<usize> {
        if id == Id::ZERO {
            return None;
        }
        let mut ids = self.ids.borrow_mut();
        let place = ids.iter().position(|known| *known == id).unwrap_or_else(|| {
            ids.push(id);
            ids.len() - 1
        });
        Some(place + 1)
    }

    fn id(&self, id: Id) -> String {
        self.number(id).map_or_else(|| id.to_string(), |number| format!("<id {number}>"))
    }

    fn guid(&self, id: Id) -> String {
        self.number(id).map_or_else(|| id.guid(), |number| format!("<guid {number}>"))
    }

    fn client(&self, id: Id) -> String {
        format!("client_{}", self.id(id))
    }
}

/// Nothing that anyone could present is in a text that is kept.
pub fn assert_no_secret(text: &str) {
    for secret in ["pstn_", ROOT, MASTER_KEY, CHOSEN] {
        assert!(!text.contains(secret), "a secret in what is kept:\n{text}");
    }
}
