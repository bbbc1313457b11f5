//! How a database fails. D1 reports the kind of an error only in its text, so its documented texts are matched here.

/// Why a batch failed. Each variant has the message of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The batch did not reach the database: nothing was written.
    Unreached(String),
    /// The database rejected the batch because of its load: nothing was written.
    Overloaded(String),
    /// The connection was lost or the database was reset during the batch: all of it was written, or nothing.
    Lost(String),
    /// The batch timed out or failed for an unknown reason: all of it was written, or nothing.
    Unavailable(String),
    /// A statement failed, which is a bug in Postern: nothing was written.
    Failed(String),
}

/// The constructor of a variant.
type Constructor = fn(String) -> Fault;

/// Texts from D1's documentation ("Error list"), with their meaning. The first one that a message contains decides.
const TEXTS: [(&str, Constructor); 14] = [
    ("Cannot resolve D1 DB", Fault::Unreached),
    ("overloaded", Fault::Overloaded),
    ("Network connection lost", Fault::Lost),
    ("storage caused object to be reset", Fault::Lost),
    ("reset because its code was updated", Fault::Lost),
    // Bugs in Postern: a violated constraint, or an invalid statement.
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
    /// Classifies a message of D1. An unknown message means that the batch may have been written.
    #[must_use]
    pub fn from_message(message: String) -> Self {
        let known = TEXTS.iter().find(|(text, _)| message.contains(text));
        let fault = known.map_or(Self::Unavailable as Constructor, |(_, fault)| *fault);
        fault(message)
    }

    /// Returns whether a batch that failed like this may be retried immediately.
    pub(super) fn may_retry(&self, writes: bool) -> bool {
        match self {
            Self::Unreached(_) => true,
            Self::Lost(_) => !writes,
            Self::Overloaded(_) | Self::Unavailable(_) | Self::Failed(_) => false,
        }
    }

    /// Returns whether the batch may have been written nevertheless.
    pub(super) fn may_have_run(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::Unavailable(_))
    }

    /// Returns the message of the database.
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

    /// Each message, whether the batch may have been written, and whether a read and a write are retried.
    #[test]
    fn every_documented_d1_error_is_classified() {
        for (message, may_have_run, retries_read, retries_write) in [
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
            assert_eq!(fault.may_retry(false), retries_read, "{message}");
            assert_eq!(fault.may_retry(true), retries_write, "{message}");
        }
    }
}
