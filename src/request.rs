//! A request, the readers of its parts, and its limits.

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

/// The methods of routes. HEAD is GET without the response body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET and HEAD.
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
    /// OPTIONS, which browsers send before a request to another origin (CORS).
    Options,
    /// Any other method. No route has it.
    Other,
}

impl Method {
    /// Returns the method of this name.
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

    /// Returns the method as the `Allow` header lists it.
    #[must_use]
    pub fn allow(self) -> &'static str {
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

/// The headers of a request. A read may cross to JavaScript, so read only what is used.
pub trait Headers {
    /// Returns a header by its lower-case name. Repeated headers are joined with a comma.
    fn get(&self, name: &str) -> Option<String>;
}

/// A body, read up to [`BODY_MAX`].
pub enum Body {
    /// The whole body.
    Bytes(Vec<u8>),
    /// The body has more than [`BODY_MAX`] bytes.
    TooLarge,
    /// It broke off: the connection ended before the body did, or its chunks were malformed.
    Incomplete,
}

/// The parts of a request that Postern reads.
pub struct Request<'a> {
    /// Selects the route, with the path.
    pub method: Method,
    /// The scheme and host of the request's URL, as in `https://api.example`.
    pub origin: &'a str,
    /// Percent-encoded.
    pub path: &'a str,
    /// Encoded, without the question mark.
    pub query: &'a str,
    /// Looked up by name.
    pub headers: &'a dyn Headers,
    /// Empty unless the method takes a body.
    pub body: Body,
}

impl Request<'_> {
    /// Reads the body as a JSON object.
    ///
    /// # Errors
    /// `ContentCoding` for a `Content-Encoding` other than `identity`, `MediaType` for a `Content-Type` other than JSON
    /// (`application/json`, any `+json`; parameters are ignored), `TooLarge`, and `Unreadable` for a body that broke off, or
    /// for the errors of [`json::object`]. The Content-Type is optional.
    pub fn object(&self) -> Result<Map<String, Value>, Refusal> {
        json::object(self.bytes(&is_json)?).map_err(Refusal::Unreadable)
    }

    /// Returns the bytes of the body, after checking its coding and its media type.
    ///
    /// # Errors
    /// Those of [`Request::object`], except for the errors of the JSON itself.
    fn bytes(&self, is_taken: &dyn Fn(&str) -> bool) -> Result<&[u8], Refusal> {
        if self.headers.get("content-encoding").is_some_and(|codings| is_coded(&codings)) {
            return Err(Refusal::ContentCoding);
        }
        if self.headers.get("content-type").is_some_and(|content_type| !is_taken(&essence(&content_type))) {
            return Err(Refusal::MediaType);
        }
        match &self.body {
            Body::TooLarge => Err(Refusal::TooLarge),
            Body::Incomplete => Err(Refusal::Unreadable(Unreadable::Incomplete)),
            Body::Bytes(bytes) => Ok(bytes),
        }
    }

    /// Reads the body as a JSON object of one of these media types.
    ///
    /// # Errors
    /// As [`Request::object`].
    pub fn object_of(&self, types: &[&str]) -> Result<Map<String, Value>, Refusal> {
        let bytes = self.bytes(&|essence| types.contains(&essence))?;
        json::object(bytes).map_err(Refusal::Unreadable)
    }

    /// Reads the body as the decoded parameters of a form (`application/x-www-form-urlencoded`), each name once. A
    /// parameter without a value counts as omitted (RFC 6749 §3.2).
    ///
    /// # Errors
    /// As [`Request::object`], and `Unreadable` for a form that is not UTF-8, has more than [`VALUES_MAX`] parameters, or
    /// has a parameter twice.
    pub fn form(&self) -> Result<BTreeMap<String, Zeroizing<String>>, Refusal> {
        let bytes = self.bytes(&|essence| essence == FORM)?;
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

    /// Checks that the body came whole, on every route, also where none is read.
    ///
    /// # Errors
    /// `Incomplete` for a body that broke off: what the client meant to send is not known.
    pub fn check_whole(&self) -> Result<(), Refusal> {
        match self.body {
            Body::Incomplete => Err(Refusal::Unreadable(Unreadable::Incomplete)),
            Body::Bytes(_) | Body::TooLarge => Ok(()),
        }
    }

    /// Returns whether the body has at least one byte.
    #[must_use]
    pub fn has_body(&self) -> bool {
        !matches!(&self.body, Body::Bytes(bytes) if bytes.is_empty())
    }

    /// Returns the request id that the client chose: `X-Request-Id`, if it is 1 to 128 letters, digits, `.`, `_` or
    /// `-`.
    #[must_use]
    pub fn own_id(&self) -> Option<String> {
        let sane = |id: &String| {
            (1..=128).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        };
        self.headers.get("x-request-id").filter(sane)
    }

    /// Returns the request id from a face's own header, which must be a UUID; without it, [`Request::own_id`].
    ///
    /// # Errors
    /// `ClientRequestId` if the header is not a UUID.
    pub fn id(&self, header: Option<&str>) -> Result<Option<String>, Refusal> {
        match header.and_then(|header| self.headers.get(header)) {
            None => Ok(self.own_id()),
            Some(id) if id.len() == 36 && Id::parse_guid(&id).is_some() => Ok(Some(id)),
            Some(_) => Err(Refusal::Unreadable(Unreadable::ClientRequestId)),
        }
    }

    /// Returns `Idempotency-Key`.
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

    /// Checks the number of entity tags in `If-Match` and `If-None-Match`, also on routes that use neither.
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

    /// Returns the entity tags of `If-Match`, as `<id>.<revision>` or `*`, without quotes and `W/` (the edge weakens a
    /// tag when it compresses). An invalid tag becomes an empty string, which matches nothing. `None` without the
    /// header.
    #[must_use]
    pub fn if_match(&self) -> Option<Vec<String>> {
        self.tags("if-match")
    }

    /// Returns the entity tags of `If-None-Match`, in the form of [`Request::if_match`].
    #[must_use]
    pub fn if_none_match(&self) -> Option<Vec<String>> {
        self.tags("if-none-match")
    }

    fn tags(&self, header: &str) -> Option<Vec<String>> {
        let tag = |tag: &str| {
            let tag = tag.trim();
            let opaque = tag.strip_prefix("W/").unwrap_or(tag);
            let opaque = opaque.strip_prefix('"').and_then(|opaque| opaque.strip_suffix('"'));
            // `"*"` in quotes is not `*`.
            opaque.filter(|opaque| *opaque != "*").unwrap_or(if tag == "*" { "*" } else { "" }).to_owned()
        };
        self.headers.get(header).map(|header| header.split(',').map(tag).collect())
    }

    /// Rejects query parameters that are unknown, repeated or have an invalid value, so that no filter or dry run is
    /// ignored.
    ///
    /// # Errors
    /// `UnknownParameter`, or `Parameters` with every invalid one.
    pub fn check_query(&self, known: &'static [&'static str]) -> Result<(), Refusal> {
        if !self.query_names().all(|name| known.contains(&name.as_str())) {
            return Err(Refusal::Unreadable(Unreadable::UnknownParameter(known)));
        }
        let wrong: Vec<_> = known.iter().filter_map(|name| fault(name, &self.query_values(&[name]))).collect();
        if wrong.is_empty() { Ok(()) } else { Err(Refusal::Unreadable(Unreadable::Parameters(wrong))) }
    }

    /// Returns the names of the query parameters, decoded.
    pub fn query_names(&self) -> impl Iterator<Item = String> {
        pairs(self.query).map(|(name, _)| name)
    }

    /// Returns the values of a query parameter, decoded. `names` are its name and aliases.
    #[must_use]
    pub fn query_values(&self, names: &[&str]) -> Vec<String> {
        pairs(self.query).filter(|(name, _)| names.contains(&&**name)).map(|(_, value)| value).collect()
    }

    /// Returns whether a query parameter is set to anything but `false`.
    #[must_use]
    pub fn is_set(&self, parameter: &str) -> bool {
        self.query_value(&[parameter]).is_some_and(|value| !value.eq_ignore_ascii_case("false"))
    }

    /// Returns the last value of a query parameter.
    #[must_use]
    pub fn query_value(&self, names: &[&str]) -> Option<String> {
        self.query_values(names).pop()
    }
}

/// Returns the names and values of a query or form, decoded (WHATWG URL, "application/x-www-form-urlencoded parsing").
/// A name without `=` has an empty value.
fn pairs(text: &str) -> impl Iterator<Item = (String, String)> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (form_decoded(name), form_decoded(value)))
}

/// Decodes a name or a value of a form. A malformed percent-encoding stays as it is; what is not UTF-8 becomes U+FFFD.
#[must_use]
pub fn form_decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// Returns what is wrong with the values of a parameter.
fn fault(name: &'static str, values: &[String]) -> Option<Parameter> {
    let is_switch = ["dry_run", "force"].contains(&name);
    let is_list = ["all", "any"].contains(&name);
    match values {
        [_, _, ..] if !is_list => Some(Parameter { name, wants: "appears more than once: send it once" }),
        [value] if is_switch && value != "true" && value != "false" => {
            Some(Parameter { name, wants: "must be true or false" })
        }
        _ => None,
    }
}

/// JSON (RFC 8259).
pub const JSON: &str = "application/json";
/// JSON merge patch (RFC 7396).
pub const MERGE_PATCH: &str = "application/merge-patch+json";
const FORM: &str = "application/x-www-form-urlencoded";

/// The type and subtype of a `Content-Type`, in lower case.
fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether a `Content-Encoding` lists a coding, other than that of a body that is sent as it is.
fn is_coded(codings: &str) -> bool {
    codings.split(',').map(str::trim).any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"))
}

/// Whether the essence of a `Content-Type` is JSON.
fn is_json(essence: &str) -> bool {
    essence == JSON || essence.split_once('/').is_some_and(|(_, subtype)| subtype.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    use super::{Body, Headers, Method, Request, essence, is_json};

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
    fn json_media_types_are_recognized_with_any_parameters() {
        for json in
            ["application/json", "Application/JSON ; charset=utf-8", "application/merge-patch+json", "text/x+json"]
        {
            assert!(is_json(&essence(json)), "{json}");
        }
        for other in ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "json"] {
            assert!(!is_json(&essence(other)), "{other}");
        }
    }

    #[test]
    fn if_match_accepts_lists_stars_and_weak_tags() {
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
    fn only_well_formed_request_ids_are_kept() {
        let id = |value| with(&One("x-request-id", value)).own_id();
        assert_eq!(id("a-1_2.Z").as_deref(), Some("a-1_2.Z"));
        for bad in ["", "a b", "a\"b", "é", "<script>"] {
            assert_eq!(id(bad), None, "{bad}");
        }
    }
}
