//! Which subjects (`sub`) a trust accepts.

use super::fault::Fault;
use super::is_text;

/// The longest subject, in characters.
pub const SUBJECT_MAX: usize = 512;

/// One subject, or all that start with the same text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject(String);

impl Subject {
    /// Parses a subject; a final `*` makes it a prefix.
    ///
    /// # Errors
    /// What is wrong.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        if !is_text(text, 1..=SUBJECT_MAX) {
            return Err(Fault::whole("must be 1 to 512 characters, without control characters"));
        }
        if text == "*" {
            return Err(Fault::whole("must not be * alone, which would accept every subject of the issuer"));
        }
        if text.strip_suffix('*').unwrap_or(text).contains('*') {
            return Err(Fault::whole("may have * only once, as its last character"));
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns the subject as it was read.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the text that accepted subjects start with; `None` if only one subject is accepted.
    #[must_use]
    pub fn prefix(&self) -> Option<&str> {
        self.0.strip_suffix('*')
    }

    /// Returns whether a token with this `sub` is accepted.
    #[must_use]
    pub fn matches(&self, subject: &str) -> bool {
        self.prefix().map_or(self.0 == subject, |prefix| subject.starts_with(prefix))
    }
}
