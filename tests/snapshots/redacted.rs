//! A request line and the complete response as text. Values that differ between runs are checked for their form, then
//! replaced by a placeholder; everything else is kept.

use std::cell::RefCell;

use data_encoding::BASE64URL_NOPAD;
use postern::credential::id::Id;
use postern::credential::secret::{Token, access_end};
use postern::credential::time::Micros;
use serde_json::Value;

use support::{MASTER_KEY, ROOT, Reply, START, settings};

/// A token chosen by a client.
pub const CHOSEN: &str = "a-token-of-the-clients-own";

pub struct Redacted {
    /// The face of the response, since members differ by face.
    face: &'static str,
    /// The latest time that a response may contain.
    now: i64,
    /// Ids are numbered in the order of their occurrence.
    ids: RefCell<Vec<Id>>,
}

impl Redacted {
    pub fn of(face: &'static str, now: i64) -> Self {
        Self { face, now, ids: RefCell::default() }
    }

    /// The complete text.
    pub fn text(&self, method: &str, url: &str, reply: &Reply) -> String {
        let mut lines = vec![format!("{method} {}", self.url(url)), String::new(), reply.status.to_string()];
        lines.extend(reply.headers.iter().map(|(name, value)| format!("{name}: {}", self.header(name, value, reply))));
        lines.extend([String::new(), self.body(&reply.text)]);
        let text = lines.join("\n");
        assert_no_secret(&text);
        text
    }

    fn url(&self, url: &str) -> String {
        let (path, query) = url.split_once('?').map_or((url, None), |(path, query)| (path, Some(query)));
        let path = path.split('/').map(|segment| self.url_part(segment)).collect::<Vec<_>>().join("/");
        let pair = |pair: &str| {
            let (name, values) = pair.split_once('=')?;
            let values: Vec<_> = values.split(',').map(|value| self.url_part(value)).collect();
            Some(format!("{name}={}", values.join(",")))
        };
        let pairs = |query: &str| {
            query.split('&').map(|given| pair(given).unwrap_or_else(|| given.to_owned())).collect::<Vec<_>>().join("&")
        };
        query.map_or_else(|| path.clone(), |query| format!("{path}?{}", pairs(query)))
    }

    /// The redacted part of a URL: an id in any spelling, a cursor, a token.
    fn url_part(&self, part: &str) -> String {
        let client = || Id::parse_client(part).map(|id| self.client(id));
        let guid = || Id::parse_guid(part).map(|id| self.guid(id));
        let ours = || part.starts_with("pstn_").then(|| token("a URL", part));
        let id = Id::parse(part).map(|id| self.id(id)).or_else(client).or_else(guid);
        id.or_else(|| self.cursor(part)).or_else(ours).unwrap_or_else(|| part.to_owned())
    }

    /// A redacted cursor: after its checksum, an id, and the time of creation in hexadecimal or the name; or the number of an event.
    fn cursor(&self, text: &str) -> Option<String> {
        let (checksum, place) = text.split_at_checked(7)?;
        let is_checksum = checksum.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if place.parse::<u32>().is_ok_and(|seq| seq.to_string() == place) && is_checksum {
            return Some(format!("<place of event {place}>"));
        }
        let (id, key) = place.split_at_checked(26).filter(|_| is_checksum)?;
        let id = Id::parse(id)?;
        if let Some(name) = key.strip_prefix('n') {
            let name = String::from_utf8(BASE64URL_NOPAD.decode(name.as_bytes()).ok()?).ok()?;
            return Some(format!("<place of {}, {name}>", self.id(id)));
        }
        let time = i64::from_str_radix(key, 16).ok()?;
        assert!((0..=self.now).contains(&time), "{text}: until now");
        Some(format!("<place of {}>", self.id(id)))
    }

    /// A redacted access token. Checks that it is signed, valid, and for the full lifetime only.
    fn access(&self, value: &str) -> String {
        let keys = settings(MASTER_KEY, None).expect("settings").keys;
        let good = |at: i64| keys.read_access(value, "pstn_", Micros(at)).is_some();
        let (now, second) = (self.now, 1_000_000);
        let end = access_end(Micros(now)).0;
        assert!(
            value.starts_with("pstn_at_") && good(now) && good(end - second) && !good(end),
            "no access token of ours"
        );
        "<access token>".to_owned()
    }

    fn header(&self, name: &str, value: &str, reply: &Reply) -> String {
        match name {
            "etag" => {
                let tag = value.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).expect("in quotes");
                let (id, revision) = tag.split_once('.').expect("an id and a revision");
                assert!(revision.parse::<u32>().is_ok_and(|revision| revision > 0), "{value}");
                format!("\"{}.{revision}\"", self.id(Id::parse(id).expect("an id")))
            }
            "location" => self.url(value),
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
        if text.is_empty() {
            return String::new();
        }
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
                    let Some(given) = value.as_str() else { continue };
                    // The text keeps its order and spelling; only the value is replaced.
                    let (from, to) =
                        (Value::from(given).to_string(), Value::from(self.member(name, given)).to_string());
                    *text = text.replace(&format!("\"{name}\":{from}"), &format!("\"{name}\":{to}"));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// The redacted value of a member, or the value itself if it is the same in each run.
    fn member(&self, name: &str, value: &str) -> String {
        match name {
            "client_secret" | "BearerToken" if value.is_empty() => String::new(),
            "client_secret" | "BearerToken" if value == CHOSEN => "<the client's own token>".to_owned(),
            "client_secret" | "BearerToken" => token(name, value),
            "access_token" => self.access(value),
            "tenant" | "principal" if self.face == "oauth" => self.id(Id::parse(value).expect(name)),
            "client_id" | "sub" => self.client(Id::parse_client(value).expect(name)),
            _ if self.face == "postern" => self.ours(name, value),
            "id" | "zone_id" => self.id(Id::parse(value).expect(name)),
            "end_cursor" | "start_cursor" => self.cursor(value).expect(name),
            "GUID" | "TenantGUID" | "UserGUID" | "ContinuationToken" => {
                let id = Id::parse_guid(value).expect(name);
                assert_eq!(value, id.guid(), "{name}: lower case and hyphens");
                self.guid(id)
            }
            "created_at" | "updated_at" | "last_used_at" => {
                assert_eq!(value, self.time(value).to_rfc3339_millis(), "{name}: three digits");
                "<time to the millisecond>".to_owned()
            }
            "CreatedUtc" | "LastUpdateUtc" | "Start" | "End" => {
                assert_eq!(value, self.time(value).to_rfc3339_micros(), "{name}: six digits");
                "<time to the microsecond>".to_owned()
            }
            _ => value.to_owned(),
        }
    }

    /// The same on our own face, whose times have six digits.
    fn ours(&self, name: &str, value: &str) -> String {
        let id = || Id::parse(value).map(|id| self.id(id));
        let time = || {
            let time = Micros::parse(value).filter(|time| value == time.to_rfc3339_micros());
            time.map(|time| self.moment(time).unwrap_or_else(|| value.to_owned()))
        };
        match name {
            "secret" if value.starts_with("pstn_") => token(name, value),
            "id" | "tenant" | "principal" | "credential" | "secret" => id().expect(name),
            "hint" => {
                assert!(value.len() == 4 && value.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{name}: {value}");
                "<hint>".to_owned()
            }
            "next" => self.cursor(value).expect(name),
            "request_id" if id().is_some() => "<request id>".to_owned(),
            "by" => id().unwrap_or_else(|| value.to_owned()),
            "created_at" | "updated_at" | "last_used_at" | "revoked_at" | "at" | "checked_at" => {
                assert_eq!(value, self.time(value).to_rfc3339_micros(), "{name}: six digits");
                "<time to the microsecond>".to_owned()
            }
            "expires_at" => time().expect(name),
            // The members of a change, whichever field it is of.
            "before" | "after" => id().or_else(time).unwrap_or_else(|| value.to_owned()),
            _ => value.to_owned(),
        }
    }

    /// The redacted form of a time that the test did not choose. Times chosen by a test are whole seconds.
    fn moment(&self, time: Micros) -> Option<String> {
        let later = if time.0 > self.now { " to come" } else { "" };
        (time.0 % 1_000_000 != 0).then(|| format!("<time{later} to the microsecond>"))
    }

    fn time(&self, value: &str) -> Micros {
        let time = Micros::parse(value).expect("a time");
        // Cut to milliseconds, the time may be earlier than it was.
        assert!((START..=self.now).contains(&time.0), "{value}: within the test");
        time
    }

    /// The number of an id; constant ids are not redacted.
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

/// The redacted value of a secret.
fn token(name: &str, value: &str) -> String {
    assert!(value.starts_with("pstn_") && Token::read(value, "pstn_").is_ok(), "{name} is not a generated token");
    "<token of ours>".to_owned()
}

/// A stored text contains nothing that authenticates.
pub fn assert_no_secret(text: &str) {
    for secret in ["pstn_", ROOT, MASTER_KEY, CHOSEN] {
        assert!(!text.contains(secret), "a secret in a snapshot:\n{text}");
    }
}
