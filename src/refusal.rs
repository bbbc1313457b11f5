//! Why a request fails. Independent of HTTP and faces: each face has its own status and text for every refusal.

pub use crate::credential::field::Noun;
use crate::credential::field::Violation;
use crate::credential::time::Micros;
use crate::request::limits::{DEPTH_MAX, TAGS_MAX, VALUES_MAX};

/// Why a request is refused, in the order of checks: the first failing check is returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A setting is missing or invalid, so every request fails.
    Misconfigured(Misconfigured),
    /// No route has this path.
    NoRoute,
    /// The path has routes, but not for this method.
    MethodNotAllowed {
        /// The value of the `Allow` header.
        allow: String,
    },
    /// The body has a content coding, such as gzip.
    ContentCoding,
    /// The body has a media type that the route does not accept.
    MediaType,
    /// The body is larger than [`crate::request::limits::BODY_MAX`].
    TooLarge,
    /// The body, the query or a header is malformed.
    Unreadable(Unreadable),
    /// Authentication is missing, malformed, unknown, wrong, revoked or expired.
    Unauthenticated,
    /// The credential of a proxy (`Postern-Verifier`) is missing, malformed or repeated, or was refused. The proxy's client
    /// cannot do anything about it.
    Verifier,
    /// Too many authentications failed for this credential, or from this address.
    TooManyFailures,
    /// The token is valid, but its credential, principal or tenant is disabled.
    Inactive,
    /// The caller lacks the right that the route requires.
    Forbidden,
    /// The root token must name a tenant on this route (`X-Postern-Tenant`).
    TenantNotNamed,
    /// The resource does not exist, or belongs to another tenant.
    Missing(Noun),
    /// The credential has no such key or trust.
    MissingMeans,
    /// The Idempotency-Key was used with another body within the last day.
    KeyReused,
    /// If-Match does not match the stored revision.
    Stale,
    /// The tenant requires If-Match, and the request has none.
    PreconditionRequired,
    /// More items than one response or one deletion can have.
    TooMany,
    /// Validation failed. All violations, in the order of the fields.
    Invalid(Vec<Violation>),
    /// The caller may change the resource, but not in this way.
    ForbiddenChange,
    /// The tenant is not RBAC-enabled, and the change would add roles.
    NoRoles,
    /// The request conflicts with the stored state.
    Conflict(Conflict),
    /// A check of readiness fails, or the first one has not finished. The checks are for root only.
    NotReady(Option<Checks>),
    /// The keys of an issuer cannot be fetched, and none are known that are recent enough.
    NoIssuerKeys,
    /// The database is unavailable. Nothing was changed.
    Unavailable,
    /// The database did not report whether the change was made. Either all of it was, or nothing.
    OutcomeUnknown,
    /// A bug in Postern. The text is for the log; no response has it.
    Broken(String),
}

/// Why a request is malformed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// All invalid parameters, of the query or of a body with parameters of a list.
    Parameters(Vec<Parameter>),
    /// The query has an unknown parameter. The value is the known ones.
    UnknownParameter(&'static [&'static str]),
    /// `grant_type` is neither `client_credentials` (RFC 6749 §4.4) nor that of an assertion (RFC 7523 §2.1).
    GrantType,
    /// A log-in asks for another scope than its credential's own (RFC 6749 §3.3).
    Scope,
    /// `Idempotency-Key` is not 1 to 255 visible ASCII characters.
    IdempotencyKey,
    /// A form has a parameter twice or lacks one, or has two client authentications (RFC 6749 §2.3, §3.2).
    Form,
    /// A client assertion with another authentication, or without its type (RFC 7523 §2.2).
    Assertion,
    /// A grant without its assertion, or with an authentication of the client beside it (RFC 7523 §2.1).
    GrantAssertion,
    /// The assertion of a grant (RFC 7523 §2.1) was not accepted. Counted as a failed authentication.
    Grant,
    /// The body broke off.
    Incomplete,
    /// The body is not UTF-8.
    NotUtf8,
    /// The body is not valid JSON.
    NotJson {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// The body has more values than [`crate::request::limits::VALUES_MAX`].
    TooManyValues,
    /// The body is nested deeper than [`DEPTH_MAX`].
    TooDeep,
    /// An object in the body has a member twice.
    DuplicateMember,
    /// The body is JSON, but not an object.
    NotAnObject,
    /// `X-Client-Request-ID` is not a UUID (Keycard's contract).
    ClientRequestId,
    /// This header, `If-Match` or `If-None-Match`, lists more entity tags than [`crate::request::limits::TAGS_MAX`].
    TooManyTags(&'static str),
}

/// An invalid parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The parameter's name.
    pub name: &'static str,
    /// What is wrong, as the rest of a sentence that starts with the name.
    pub wants: &'static str,
}

impl Parameter {
    /// Returns the error text.
    #[must_use]
    pub fn words(&self) -> String {
        format!("{} {}.", self.name, self.wants)
    }
}

impl Unreadable {
    /// Returns the error text, which has nothing of the request's values.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Parameters(parameters) => parameters.iter().map(Parameter::words).collect::<Vec<_>>().join(" "),
            Self::UnknownParameter([]) => "This route accepts no query parameters. Remove the query.".to_owned(),
            Self::UnknownParameter(known) => format!("This route accepts only these query parameters: {}.", known.join(", ")),
            Self::IdempotencyKey => {
                "The header Idempotency-Key must be 1 to 255 visible ASCII characters.".to_owned()
            }
            Self::GrantType => "grant_type must be client_credentials.".to_owned(),
            Self::Scope => "scope must be omitted, or be exactly the scope of the credential.".to_owned(),
            Self::Form => {
                "The form has a duplicate parameter, lacks grant_type, or authenticates the client a second time. Send each parameter once, and the client secret either in the form or in Authorization.".to_owned()
            }
            Self::Assertion => "client_assertion needs client_assertion_type urn:ietf:params:oauth:client-assertion-type:jwt-bearer, and no client_secret and no Authorization beside it.".to_owned(),
            Self::GrantAssertion => "The grant needs assertion, and no client_secret, no client_assertion and no Authorization beside it.".to_owned(),
            Self::Grant => "The assertion was not accepted.".to_owned(),
            Self::Incomplete => {
                "The body broke off before its end. Nothing was done: send the request again.".to_owned()
            }
            Self::NotUtf8 => "The body is not valid UTF-8. Encode it as UTF-8.".to_owned(),
            Self::NotJson { line, column } => format!("The body is not valid JSON. The error is at line {line}, column {column}."),
            Self::TooManyValues => {
                format!("The body has more than {VALUES_MAX} members and items in total. Send at most {VALUES_MAX}.")
            }
            Self::TooDeep => format!("The body is nested deeper than {DEPTH_MAX} levels. Send at most {DEPTH_MAX} levels."),
            Self::DuplicateMember => "The body has an object with a duplicate member. Send each member once.".to_owned(),
            Self::NotAnObject => "The body is not a JSON object. Send an object.".to_owned(),
            Self::TooManyTags(header) => {
                format!("The header {header} has more than {TAGS_MAX} ETags. Send at most {TAGS_MAX}.")
            }
            Self::ClientRequestId => "The header X-Client-Request-ID is not a UUID. Send a UUID, or omit the header.".to_owned(),
        }
    }
}

/// What a request conflicts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// The id was used before.
    Id,
    /// The credential has this key or trust already.
    Means,
    /// Another credential has this secret, in any tenant. The error does not reveal which.
    Secret,
    /// The credential is revoked, and this face cannot restore it.
    Revoked,
    /// A rotation is in progress. It must be finished or cancelled first.
    Rotating,
    /// No rotation is in progress.
    NotRotating,
    /// The default principal cannot be deleted or disabled.
    DefaultPrincipal,
    /// The tenant has credentials or principals, and the request does not force their deletion.
    NotEmpty,
}

/// The checks of readiness: for each, what is wrong and what to do; `None` if it passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checks {
    /// When they were made.
    pub at: Micros,
    /// Whether the database responds.
    pub database: Option<&'static str>,
    /// Whether the schema is at least the one that the statements need.
    pub schema: Option<&'static str>,
    /// Whether a configured master key is that of stored secrets, or none are stored.
    pub master_key: Option<&'static str>,
}

impl Checks {
    /// Returns whether every check passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        [self.database, self.schema, self.master_key].iter().all(Option::is_none)
    }
}

/// A missing or invalid setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misconfigured {
    /// The setting's name.
    pub setting: &'static str,
    /// What is wrong and what to do, as the rest of a sentence that starts with the name.
    pub problem: &'static str,
}

impl Misconfigured {
    /// Returns the error text.
    #[must_use]
    pub fn words(&self) -> String {
        format!("The setting {} {}.", self.setting, self.problem)
    }
}
