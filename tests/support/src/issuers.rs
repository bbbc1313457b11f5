//! Issuers of tokens, as the network would answer.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::ready;
use std::pin::Pin;

use postern::jwt::fetch::Fetch;
use serde_json::{Value, json};

/// What issuers publish. Any other address has nothing.
#[derive(Default)]
pub struct Issuers {
    documents: RefCell<BTreeMap<String, String>>,
    asked: RefCell<Vec<String>>,
    pauses: Cell<usize>,
}

impl Issuers {
    /// Makes an issuer publish these keys, a list, and nothing else.
    pub fn serve(&self, issuer: &str, keys: &Value) {
        let base = issuer.trim_end_matches('/');
        let discovery = json!({ "issuer": issuer, "jwks_uri": format!("{base}/jwks") });
        self.set(&format!("{base}/.well-known/openid-configuration"), &discovery.to_string());
        self.set(&format!("{base}/jwks"), &json!({ "keys": keys }).to_string());
    }

    /// Sets the document at an address.
    pub fn set(&self, url: &str, document: &str) {
        self.documents.borrow_mut().insert(url.to_owned(), document.to_owned());
    }

    /// Takes everything off the network.
    pub fn stop(&self) {
        self.documents.borrow_mut().clear();
    }

    /// The addresses that were asked for since the last call.
    pub fn asked(&self) -> Vec<String> {
        self.asked.take()
    }

    /// How often a request waited for another one's fetch.
    pub fn pauses(&self) -> usize {
        self.pauses.get()
    }
}

impl Fetch for Issuers {
    fn get<'a>(&'a self, url: &'a str) -> Pin<Box<dyn Future<Output = Option<Vec<u8>>> + 'a>> {
        self.asked.borrow_mut().push(url.to_owned());
        Box::pin(ready(self.documents.borrow().get(url).map(|document| document.clone().into_bytes())))
    }

    fn pause<'a>(&'a self) -> Pin<Box<dyn Future<Output = ()> + 'a>> {
        self.pauses.set(self.pauses.get() + 1);
        Box::pin(ready(()))
    }
}
