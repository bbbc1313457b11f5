//! What is read of a request, and its limits.

pub mod json;
pub(crate) mod limits;
pub mod origin;

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::credential::id::Id;
use crate::refusal::{Parameter, Refusal, Unreadable};
pub use limits::{BODY_MAX, DEPTH_MAX, TAGS_MAX, VALUES_MAX};

/// The methods that a route can have. HEAD is answered as GET, without the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Makes.
    Post,
    /// Says the whole.
    Put,
    /// Says the difference.
    Patch,
    /// Deletes.
    Delete,
    /// Asks what a browser may send (CORS).
    Options,
    /// Any other: no route has it.
    Other,
}

impl Method {
    /// The method of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        match name {
            "GET" | "HEAD" => Self::Get,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "PATCH" => Self::Patch,
            "DELETE" => Self::Delete,
            "OPTIONS" => Self::Options,
            _ => Self::Other,
        }
    }

    /// Its name, as `Allow` lists it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET, HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
            Self::Other => "",
        }
    }
}

/// Reads one header by its lower-case name. A read may cross to JavaScript, so nothing reads one that it does not use.
pub trait Headers {
    /// The header's value; several are joined with a comma.
    fn get(&self, name: &str) -> Option<String>;
}

/// The body, read once and no further than [`BODY_MAX`].
pub enum Body {
    /// As it came.
    Bytes(Vec<u8>),
    /// More than [`BODY_MAX`].
    TooLarge,
}

/// A request, as far as we read it.
pub struct Request<'a> {
    /// The method.
    pub method: Method,
    /// The scheme and the host that it was sent to, as in `https://api.example`.
    pub origin: &'a str,
    /// The path, still percent-encoded.
    pub path: &'a str,
    /// The query without its question mark, still encoded.
    pub query: &'a str,
    /// The headers, read one by one.
    pub headers: &'a dyn Headers,
    /// The body.
    pub body: Body,
}

impl Request<'_> {
    /// The body as a JSON object.
    ///
    /// # Errors
    /// `MediaType` for a Content-Type that is there and not JSON (`application/json`, any `+json`; parameters are ignored),
    /// `TooLarge`, and `Unreadable` for what [`json::object`] refuses.
    pub fn object(&self) -> Result<Map<String, Value>, Refusal> {
        if self.headers.get("content-type").is_some_and(|content_type| !is_json(&content_type)) {
            return Err(Refusal::MediaType);
        }
        match &self.body {
            Body::TooLarge => Err(Refusal::TooLarge),
            Body::Bytes(bytes) => json::object(bytes).map_err(Refusal::Unreadable),
        }
    }

    /// The body as a JSON object, of one of these media types and no other.
    ///
    /// # Errors
    /// As [`Request::object`].
    pub fn object_of(&self, types: &[&str]) -> Result<Map<String, Value>, Refusal> {
        if self.essence().is_some_and(|essence| !types.contains(&essence.as_str())) {
            return Err(Refusal::MediaType);
        }
        self.object()
    }

    /// The body as the parameters of a form (`application/x-www-form-urlencoded`), decoded, each name once. A parameter without a
    /// value counts as omitted (RFC 6749 §3.2).
    ///
    /// # Errors
    /// `MediaType` for a Content-Type that is there and another, `TooLarge`, and `Unreadable` for what is not UTF-8, has more
    /// than [`VALUES_MAX`] parameters or names one twice.
    pub fn form(&self) -> Result<BTreeMap<String, Zeroizing<String>>, Refusal> {
        if self.headers.get("content-type").is_some_and(|content_type| essence(&content_type) != FORM) {
            return Err(Refusal::MediaType);
        }
        let Body::Bytes(bytes) = &self.body else { return Err(Refusal::TooLarge) };
        let text = std::str::from_utf8(bytes).map_err(|_| Refusal::Unreadable(Unreadable::NotUtf8))?;
        let mut form = BTreeMap::new();
        for (count, (name, value)) in pairs(text).enumerate() {
            if count == VALUES_MAX {
                return Err(Refusal::Unreadable(Unreadable::TooManyValues));
            }
            if value.is_empty() {
                continue;
            }
            if form.insert(name, Zeroizing::new(value)).is_some() {
                return Err(Refusal::Unreadable(Unreadable::Form));
            }
        }
        Ok(form)
    }

    /// The type and subtype of `Content-Type`, in lower case, if there is one.
    #[must_use]
    pub fn essence(&self) -> Option<String> {
        self.headers.get("content-type").map(|content_type| essence(&content_type))
    }

    /// Whether there is a body.
    #[must_use]
    pub fn has_body(&self) -> bool {
        !matches!(&self.body, Body::Bytes(bytes) if bytes.is_empty())
    }

    /// The request's id: the caller's, from `X-Request-Id`, when it is 1 to 128 letters, digits, `.`, `_` or `-`.
    #[must_use]
    pub fn own_id(&self) -> Option<String> {
        let sane = |id: &String| {
            (1..=128).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        };
        self.headers.get("x-request-id").filter(sane)
    }

    /// The request's id: from this header, which must be a UUID, or else [`Request::own_id`].
    ///
    /// # Errors
    /// `ClientRequestId` for another value of the header.
    pub fn id(&self, header: Option<&str>) -> Result<Option<String>, Refusal> {
        match header.and_then(|header| self.headers.get(header)) {
            None => Ok(self.own_id()),
            Some(id) if id.len() == 36 && Id::parse_guid(&id).is_some() => Ok(Some(id)),
            Some(_) => Err(Refusal::Unreadable(Unreadable::ClientRequestId)),
        }
    }

    /// `Idempotency-Key`, if there is one.
    ///
    /// # Errors
    /// `IdempotencyKey` unless it is 1 to 255 visible ASCII characters.
    pub fn idempotency_key(&self) -> Result<Option<String>, Refusal> {
        let key = self.headers.get("idempotency-key");
        let sane = |key: &String| (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
        if key.as_ref().is_some_and(|key| !sane(key)) {
            return Err(Refusal::Unreadable(Unreadable::IdempotencyKey));
        }
        Ok(key)
    }

    /// Checks how many entity tags `If-Match` and `If-None-Match` list, on every route, also where neither is used.
    ///
    /// # Errors
    /// `TooManyTags` above [`TAGS_MAX`].
    pub fn check_tags(&self) -> Result<(), Refusal> {
        let over = |name: &str| self.headers.get(name).is_some_and(|tags| tags.split(',').nth(TAGS_MAX).is_some());
        let headers = [("if-match", "If-Match"), ("if-none-match", "If-None-Match")];
        match headers.into_iter().find(|(name, _)| over(name)) {
            Some((_, header)) => Err(Refusal::Unreadable(Unreadable::TooManyTags(header))),
            None => Ok(()),
        }
    }

    /// The entity tags of `If-Match`, as `<id>.<revision>` or `*`, without quotes and `W/` (the edge weakens a tag when
    /// it compresses). A tag of another form stays as it is, and matches nothing. `None` without the header.
    #[must_use]
    pub fn if_match(&self) -> Option<Vec<String>> {
        self.tags("if-match")
    }

    /// The entity tags of `If-None-Match`, read as those of [`Request::if_match`].
    #[must_use]
    pub fn if_none_match(&self) -> Option<Vec<String>> {
        self.tags("if-none-match")
    }

    fn tags(&self, header: &str) -> Option<Vec<String>> {
        let tag = |tag: &str| {
            let tag = tag.trim();
            let opaque = tag.strip_prefix("W/").unwrap_or(tag);
            let opaque = opaque.strip_prefix('"').and_then(|opaque| opaque.strip_suffix('"'));
            // Only a star without quotes is the star.
            opaque.filter(|opaque| *opaque != "*").unwrap_or(if tag == "*" { "*" } else { "" }).to_owned()
        };
        self.headers.get(header).map(|header| header.split(',').map(tag).collect())
    }

    /// Refuses a query parameter that is not among these, and one that is said twice: a filter, or a dry run, is never passed over.
    ///
    /// # Errors
    /// `UnknownParameter`, or `Parameters` with each that is wrong.
    pub fn check_query(&self, known: &'static [&'static str]) -> Result<(), Refusal> {
        if !self.query_names().all(|name| known.contains(&name.as_str())) {
            return Err(Refusal::Unreadable(Unreadable::UnknownParameter(known)));
        }
        let wrong: Vec<_> = known.iter().filter_map(|name| wrong(name, &self.query_values(&[name]))).collect();
        if wrong.is_empty() { Ok(()) } else { Err(Refusal::Unreadable(Unreadable::Parameters(wrong))) }
    }

    /// The names of the query's parameters, decoded.
    pub fn query_names(&self) -> impl Iterator<Item = String> {
        pairs(self.query).map(|(name, _)| name)
    }

    /// The values of a query parameter, decoded, for each of its names.
    #[must_use]
    pub fn query_values(&self, names: &[&str]) -> Vec<String> {
        pairs(self.query).filter(|(name, _)| names.contains(&&**name)).map(|(_, value)| value).collect()
    }

    /// The last value of a query parameter.
    #[must_use]
    pub fn query_value(&self, names: &[&str]) -> Option<String> {
        self.query_values(names).pop()
    }
}

/// The names and values of a query or a form, decoded (WHATWG URL, "application/x-www-form-urlencoded parsing"). A name alone
/// has an empty value.
fn pairs(text: &str) -> impl Iterator<Item = (String, String)> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (form_decoded(name), form_decoded(value)))
}

/// Decodes a name or a value of a form. A malformed percent-encoding stays as it is; what is not UTF-8 becomes U+FFFD.
#[must_use]
pub fn form_decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// What is wrong with the values of a parameter.
fn wrong(name: &'static str, said: &[String]) -> Option<Parameter> {
    let is_switch = ["dry_run", "force"].contains(&name);
    match said {
        [_, _, ..] => Some(Parameter { name, wants: "is said more than once" }),
        [said] if is_switch && said != "true" && said != "false" => {
            Some(Parameter { name, wants: "has to be true or false" })
        }
        _ => None,
    }
}

/// The media type of JSON.
pub const JSON: &str = "application/json";
/// The media type of a JSON merge patch (RFC 7396).
pub const MERGE_PATCH: &str = "application/merge-patch+json";
const FORM: &str = "application/x-www-form-urlencoded";

fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn is_json(content_type: &str) -> bool {
    let essence = essence(content_type);
    essence == JSON || essence.split_once('/').is_some_and(|(_, subtype)| subtype.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    use super::{Body, Headers, Method, Request, is_json};

    struct One(&'static str, &'static str);

    impl Headers for One {
        fn get(&self, name: &str) -> Option<String> {
            (name == self.0).then(|| self.1.to_owned())
        }
    }

    fn with(headers: &One) -> Request<'_> {
        Request {
            method: Method::Get,
            origin: "https://postern.example",
            path: "/",
            query: "",
            headers,
            body: Body::Bytes(Vec::new()),
        }
    }

    #[test]
    fn json_media_types_with_any_parameters() {
        for json in
            ["application/json", "Application/JSON ; charset=utf-8", "application/merge-patch+json", "text/x+json"]
        {
            assert!(is_json(json), "{json}");
        }
        for other in ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "json"] {
            assert!(!is_json(other), "{other}");
        }
    }

    #[test]
    fn if_match_takes_lists_stars_and_weak_tags() {
        let tags = |value| with(&One("if-match", value)).if_match();
        assert_eq!(tags("\"a.1\""), Some(vec!["a.1".to_owned()]));
        assert_eq!(tags("W/\"a.1\", \"b.2\""), Some(vec!["a.1".to_owned(), "b.2".to_owned()]));
        assert_eq!(tags("*"), Some(vec!["*".to_owned()]));
        for nothing in ["", "a.1", "\"*\"", "W/*", "\"a.1"] {
            assert_eq!(tags(nothing), Some(vec![String::new()]), "{nothing}");
        }
        assert_eq!(with(&One("x", "")).if_match(), None);
    }

    #[test]
    fn only_a_sane_request_id_is_taken_over() {
        let id = |value| with(&One("x-request-id", value)).own_id();
        assert_eq!(id("a-1_2.Z").as_deref(), Some("a-1_2.Z"));
        for bad in ["", "a b", "a\"b", "é", "<script>"] {
            assert_eq!(id(bad), None, "{bad}");
        }
    }
}
