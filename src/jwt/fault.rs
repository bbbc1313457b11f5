//! What is wrong with a value that a client sent.

/// A member that is not allowed, missing or invalid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// A JSON pointer (RFC 6901) from the value that was read; empty for that value itself.
    pub pointer: String,
    /// What is wrong, as the rest of a sentence that starts with the member's name. It has no part of the value.
    pub wants: &'static str,
}

impl Fault {
    /// Returns a fault of the value itself.
    #[must_use]
    pub fn whole(wants: &'static str) -> Self {
        Self { pointer: String::new(), wants }
    }

    /// Returns a fault of a member whose name needs no escape.
    #[must_use]
    pub fn member(name: &str, wants: &'static str) -> Self {
        Self { pointer: ["/", name].concat(), wants }
    }

    /// Returns the fault as one of a value that has this one at a pointer.
    #[must_use]
    pub fn under(self, pointer: &str) -> Self {
        Self { pointer: [pointer, &self.pointer].concat(), ..self }
    }
}
