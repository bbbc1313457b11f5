//! All that can go wrong. It knows neither HTTP nor a face: each face words it, and gives it its status, in its own file.

pub use crate::credential::field::Noun;
use crate::credential::field::Violation;
use crate::request::limits::{DEPTH_MAX, TAGS_MAX, VALUES_MAX};

/// Why a request is refused. In the order of refusals: of several that hold, the first is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A setting is missing or unusable, so nothing is served.
    Misconfigured(Misconfigured),
    /// No route has this path.
    NoRoute,
    /// The path has routes, for other methods.
    MethodNotAllowed {
        /// The methods that it has, as the `Allow` header lists them.
        allow: String,
    },
    /// The body is of a media type that is not JSON.
    MediaType,
    /// The body is larger than [`crate::request::limits::BODY_MAX`].
    TooLarge,
    /// The body, or a header with a form of its own, cannot be read.
    Unreadable(Unreadable),
    /// Who calls is not known: nothing, garbage, unknown, wrong, expired.
    Unauthenticated,
    /// The caller, or one at its address, failed to say who it is more often than the limit allows.
    TooManyFailures,
    /// The token is right; its credential, principal or tenant is disabled.
    Inactive,
    /// The caller may never do this.
    Forbidden,
    /// The root token has to name a tenant here (`X-Postern-Tenant`).
    TenantNotNamed,
    /// There is no such thing, or it is another tenant's.
    Missing(Noun),
    /// If-Match names another state than the stored one.
    Stale,
    /// The tenant requires If-Match.
    PreconditionRequired,
    /// The Idempotency-Key was used for another body within the last day.
    KeyReused,
    /// There are more credentials than one answer or one deletion holds.
    TooMany,
    /// The body breaks rules: all of them, in the order of the fields.
    Invalid(Vec<Violation>),
    /// The caller may change this, but not so.
    ForbiddenChange,
    /// The tenant is not RBAC-enabled, and the change would add roles.
    NoRoles,
    /// It would create a second of what is one.
    Conflict(Conflict),
    /// The database does not answer now; nothing was done.
    Unavailable,
    /// The database did not say whether the change was made: all of it was, or nothing.
    OutcomeUnknown,
    /// A bug of ours. The text is for our log; no face shows it.
    Broken(String),
}

/// What cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// Parameters of a query, or of a body that says how to list, that are not what they have to be: all of them.
    Parameters(Vec<Parameter>),
    /// The query has a parameter that the route does not know; those that it does.
    UnknownParameter(&'static [&'static str]),
    /// `grant_type` is another one than `client_credentials` (RFC 6749 §4.4).
    GrantType,
    /// A log-in asks for another scope than its credential's own (RFC 6749 §3.3).
    Scope,
    /// `Idempotency-Key` is not 1 to 255 visible ASCII characters.
    IdempotencyKey,
    /// A form names a parameter twice, or both ways of client authentication are used (RFC 6749 §2.3, §3.2).
    Form,
    /// Not UTF-8.
    NotUtf8,
    /// Not JSON, at this place.
    NotJson {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// It has more values than [`crate::request::limits::VALUES_MAX`].
    TooManyValues,
    /// Nested deeper than [`DEPTH_MAX`].
    TooDeep,
    /// An object names a member twice.
    DuplicateMember,
    /// JSON, but no object.
    NotAnObject,
    /// `X-Client-Request-ID` is no UUID (contract of the Keycard face).
    ClientRequestId,
    /// This header, `If-Match` or `If-None-Match`, lists more entity tags than [`crate::request::limits::TAGS_MAX`].
    TooManyTags(&'static str),
}

/// A parameter, and what it has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it has to be, as the end of a sentence.
    pub wants: &'static str,
}

impl Parameter {
    /// Words for it.
    #[must_use]
    pub fn words(&self) -> String {
        format!("{} {}.", self.name, self.wants)
    }
}

impl Unreadable {
    /// Words for it. They hold nothing of what was sent.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Parameters(parameters) => parameters.iter().map(Parameter::words).collect::<Vec<_>>().join(" "),
            Self::UnknownParameter([]) => "This route takes no query.".to_owned(),
            Self::UnknownParameter(known) => format!("The query may have {}, and nothing else.", known.join(", ")),
            Self::IdempotencyKey => {
                "The header Idempotency-Key has to be 1 to 255 visible ASCII characters.".to_owned()
            }
            Self::GrantType => "grant_type has to be client_credentials.".to_owned(),
            Self::Scope => "scope has to be left out, or to be exactly the scope of the credential.".to_owned(),
            Self::Form => {
                "The form names a parameter twice, lacks one, or the client is authenticated in two ways.".to_owned()
            }
            Self::NotUtf8 => "The body is not UTF-8.".to_owned(),
            Self::NotJson { line, column } => format!("The body is not valid JSON: line {line}, column {column}."),
            Self::TooManyValues => {
                format!("The body has more than {VALUES_MAX} members and items, at all levels. Send fewer.")
            }
            Self::TooDeep => format!("The body is nested deeper than {DEPTH_MAX} levels."),
            Self::DuplicateMember => "The body names a member of an object twice.".to_owned(),
            Self::NotAnObject => "The body is not a JSON object.".to_owned(),
            Self::TooManyTags(header) => {
                format!("The header {header} has more than {TAGS_MAX} ETags: send at most {TAGS_MAX}.")
            }
            Self::ClientRequestId => "The header X-Client-Request-ID is not a UUID.".to_owned(),
        }
    }
}

/// What is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// A credential of this id, in this tenant.
    Id,
    /// A secret of this value, somewhere: it says nothing of where.
    Secret,
    /// The credential is revoked, and this face cannot lift that.
    Revoked,
    /// The credential has two secrets already: its rotation is to be finished or cancelled first.
    Rotating,
    /// The credential has one secret alone: there is no rotation to finish or cancel.
    NotRotating,
    /// The default principal is neither deleted nor disabled.
    DefaultPrincipal,
    /// The tenant has credentials or principals, and it is not said that they go with it.
    NotEmpty,
}

/// A setting that keeps the service from serving.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misconfigured {
    /// Its name.
    pub setting: &'static str,
    /// What is wrong with it, and what to do.
    pub problem: &'static str,
}

impl Misconfigured {
    /// Words for it.
    #[must_use]
    pub fn words(&self) -> String {
        format!("The setting {} {}.", self.setting, self.problem)
    }
}
