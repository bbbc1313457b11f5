//! How a database fails. D1 tells by the text of its error alone, so the texts that it documents are read here.

/// Why a batch gave nothing back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It did not reach the database: nothing was written.
    Unreached(String),
    /// The database has more to do than it can, and did not take it: nothing was written.
    Overloaded(String),
    /// The connection was lost, or the database reset, while it ran: all of it was written, or nothing.
    Lost(String),
    /// It took too long, or failed in a way that we do not know: all of it was written, or nothing.
    Unavailable(String),
    /// A statement failed, which is a bug of ours: nothing was written.
    Failed(String),
}

/// A variant, as what makes it.
type Kind = fn(String) -> Fault;

/// Texts of D1 (its documentation, "Error list"), and what each means. The first that a message contains counts.
const TEXTS: [(&str, Kind); 14] = [
    ("Cannot resolve D1 DB", Fault::Unreached),
    ("overloaded", Fault::Overloaded),
    ("Network connection lost", Fault::Lost),
    ("storage caused object to be reset", Fault::Lost),
    ("reset because its code was updated", Fault::Lost),
    // What follows is ours: a constraint, or a statement that cannot be run.
    ("SQLITE_ERROR", Fault::Failed),
    ("SQLITE_CONSTRAINT", Fault::Failed),
    ("SQLITE_MISMATCH", Fault::Failed),
    ("SQLITE_TOOBIG", Fault::Failed),
    ("constraint failed", Fault::Failed),
    ("syntax error", Fault::Failed),
    ("no such", Fault::Failed),
    ("parameter", Fault::Failed),
    ("D1_TYPE_ERROR", Fault::Failed),
];

impl Fault {
    /// What a message of D1 means. One that is not known is taken for the worst: it may have been written.
    #[must_use]
    pub fn from_message(message: String) -> Self {
        let known = TEXTS.iter().find(|(text, _)| message.contains(text));
        let fault = known.map_or(Self::Unavailable as Kind, |(_, fault)| *fault);
        fault(message)
    }

    /// Whether a batch that does this may be run again at once.
    pub(super) fn may_be_asked_again(&self, writes: bool) -> bool {
        match self {
            Self::Unreached(_) => true,
            Self::Lost(_) => !writes,
            Self::Overloaded(_) | Self::Unavailable(_) | Self::Failed(_) => false,
        }
    }

    /// Whether the batch may have been written all the same.
    pub(super) fn may_have_run(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::Unavailable(_))
    }

    /// What the database said.
    #[must_use]
    pub fn text(&self) -> &str {
        let (Self::Unreached(text)
        | Self::Overloaded(text)
        | Self::Lost(text)
        | Self::Unavailable(text)
        | Self::Failed(text)) = self;
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Fault;

    /// What D1 documents, as it says it; whether it may have been written, and what is asked again.
    #[test]
    fn each_documented_message_means_what_may_have_been_written_and_what_may_be_asked_again() {
        for (message, may_have_run, reads_again, writes_again) in [
            ("Cannot resolve D1 DB due to transient issue on remote node.", false, true, true),
            ("D1 DB is overloaded. Requests queued for too long.", false, false, false),
            ("D1 DB is overloaded. Too many requests queued.", false, false, false),
            ("Network connection lost.", true, true, false),
            ("Internal error in D1 DB storage caused object to be reset.", true, true, false),
            ("Internal error while starting up D1 DB storage caused object to be reset.", true, true, false),
            ("D1 DB reset because its code was updated.", true, true, false),
            ("D1 DB storage operation exceeded timeout which caused object to be reset.", true, false, false),
            ("D1 DB's isolate exceeded its memory limit and was reset.", true, false, false),
            ("D1 DB exceeded its CPU time limit and was reset.", true, false, false),
            ("Can't read from request stream because client disconnected.", true, false, false),
            ("Exceeded maximum DB size.", true, false, false),
            ("no answer of the database in time", true, false, false),
            ("a text that nobody has seen", true, false, false),
            ("UNIQUE constraint failed: secrets.id: SQLITE_CONSTRAINT", false, false, false),
            ("near \"SELEC\": syntax error at offset 0: SQLITE_ERROR", false, false, false),
            ("no such table: credentials: SQLITE_ERROR", false, false, false),
            ("Wrong number of parameter bindings for SQL query.", false, false, false),
            ("D1_TYPE_ERROR: Type 'undefined' not supported for value 'undefined'", false, false, false),
        ] {
            let fault = Fault::from_message(format!("D1_ERROR: {message}"));
            assert_eq!(fault.may_have_run(), may_have_run, "{message}");
            assert_eq!(fault.may_be_asked_again(false), reads_again, "{message}");
            assert_eq!(fault.may_be_asked_again(true), writes_again, "{message}");
        }
    }
}
