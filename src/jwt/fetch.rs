//! The keys of an issuer, from where it publishes them (`OpenID` Connect Discovery 1.0 §4).

use std::pin::Pin;

use serde_json::Value;

use super::issuer::{Issuer, is_key_url};
use super::jwk::Jwk;
use super::set::Set;
use crate::request::json;

/// The largest document of an issuer, in bytes, without its content coding.
pub const DOCUMENT_MAX: usize = 64 * 1024;

/// Gets documents over the network. It is a seam like [`super::signature::Signatures`]; natively, tests answer.
pub trait Fetch {
    /// Returns the body of a 200 response of at most [`DOCUMENT_MAX`] bytes that arrives within 3 seconds; `None` for anything
    /// else, a redirect included.
    fn get<'a>(&'a self, url: &'a str) -> Pin<Box<dyn Future<Output = Option<Vec<u8>>> + 'a>>;

    /// Waits while another request fetches the same document: most of a second.
    fn pause<'a>(&'a self) -> Pin<Box<dyn Future<Output = ()> + 'a>>;
}

/// Where an issuer's keys may come from.
#[derive(Clone, Copy)]
pub struct Allowed<'a> {
    /// The one origin that need not be a host name at port 443, for development.
    pub development: Option<&'a str>,
    /// The origins of this service, which are never asked: it would wait for itself.
    pub own: [&'a str; 2],
}

impl Allowed<'_> {
    fn has(self, url: &str) -> bool {
        let is_own = |origin: &&str| {
            url.strip_prefix(*origin).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
        };
        is_key_url(url, self.development) && !self.own.iter().any(is_own)
    }
}

/// Fetches the usable keys of an issuer. `None` if any step fails, which says nothing about the keys.
pub async fn keys(issuer: &Issuer, allowed: Allowed<'_>, fetch: &dyn Fetch) -> Option<Vec<Jwk>> {
    let get = async |url: &str| {
        let bytes = if allowed.has(url) { fetch.get(url).await? } else { return None };
        json::object(&bytes).ok()
    };
    let document = get(&issuer.discovery_url()).await?;
    if document.get("issuer").and_then(Value::as_str) != Some(issuer.as_str()) {
        return None;
    }
    let set = get(document.get("jwks_uri")?.as_str()?).await?;
    Some(Set::read(&set.into()).ok()?.keys)
}
