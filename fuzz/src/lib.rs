//! Helpers of the fuzz targets: settings, headers, an independent JSON reader, the service on SQLite, requests as
//! text, and structure-aware mutations.

pub mod independent;
pub mod mutate;
pub mod scene;
pub mod script;

pub use support::shape::check as check_shape;

use postern::request::Headers;
use postern::settings::{Settings, name};

/// The root token of all targets.
pub const ROOT: &str = "root_0123456789abcdef0123456789abcdef";
/// What tokens that are made here begin with.
pub const PREFIX: &str = "pstn_";

/// The settings of all targets. They never change, so an input always has the same effect.
///
/// # Panics
/// Never: the settings are complete.
#[must_use]
pub fn settings() -> Settings {
    let settings = Settings::read(|setting| match setting {
        name::ROOT_TOKEN => Some(ROOT.to_owned()),
        name::MASTER_KEY => Some("0123456789abcdef".repeat(4)),
        _ => None,
    });
    settings.unwrap_or_else(|wrong| panic!("{}", wrong.words()))
}

/// Headers as the platform passes them: names in any case, repeated headers joined.
pub struct List<'a>(pub &'a [(String, String)]);

impl Headers for List<'_> {
    fn get(&self, name: &str) -> Option<String> {
        let values: Vec<_> =
            self.0.iter().filter(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| &**value).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }
}

/// One header.
pub struct One<'a>(pub &'static str, pub &'a str);

impl Headers for One<'_> {
    fn get(&self, name: &str) -> Option<String> {
        (name == self.0).then(|| self.1.to_owned())
    }
}
