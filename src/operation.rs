//! Operations, which routes name, and the types of the readers and renderers that one-off operations bring.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::answer::Answer;
use crate::caller::{Caller, Rank};
use crate::credential::field::{Noun, Verb, Violation};
use crate::credential::id::Id;
use crate::credential::means::Means;
use crate::credential::role::{Needs, Role};
use crate::credential::time::Micros;
use crate::jwt::trust::Comparison;
use crate::refusal::{Checks, Refusal};
use crate::request::Request;
use crate::settings::Settings;
use crate::store::command::Page;
use crate::store::credential::Dry;
use crate::store::history::Events;
use crate::store::verify::Subject;

/// What a route does. Operations on a noun are read and rendered by the face; every other one brings its own functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Returns one resource.
    Read(Noun),
    /// Creates or changes one resource.
    Write(Noun, Verb),
    /// Deletes one resource, with everything that belongs to it.
    Delete(Noun),
    /// Deletes all credentials of a tenant, or of a principal.
    DeleteAll,
    /// Lists all resources in one response, up to a limit.
    List(Noun, Handler<ReadPage>),
    /// Lists a page of resources.
    Page(Noun, Handler<ReadPage>),
    /// Returns the credential that has a token.
    FindByToken,
    /// Lists the roles of a tenant.
    Roles(Handler<(ReadNothing, Render<Vec<String>>)>),
    /// Ends a rotation: only the new secret stays valid.
    FinishRotation,
    /// Cancels a rotation: only the old secret stays valid.
    CancelRotation,
    /// Lifts a revocation.
    Restore,
    /// Adds a key or a trust to a credential.
    AddMeans(Means, Handler<(ReadMeans, Render<MeansRow>)>),
    /// Removes a key or a trust from a credential.
    RemoveMeans(Means),
    /// Lists the keys or the trusts of a credential.
    ListMeans(Means, Handler<Render<Vec<MeansRow>>>),
    /// Lists the events of a tenant, or of one of its principals or credentials.
    History(Handler<(ReadHistory, Render<Events>)>),
    /// Reports whether tokens are valid, their owners, and whether they have roles.
    Verify(Handler<(ReadInquiry, RenderVerified)>),
    /// Tells a proxy whether a request that it received may pass.
    Authorize(Handler<(ReadAuthorization, Render<Authorized>)>),
    /// Describes this server, without authentication.
    Metadata(Handler<Render<()>>),
    /// Issues an access token for a credential's id and secret.
    LogIn(Handler<ReadLogIn>),
    /// Returns this body while the Worker runs, whatever its settings.
    Alive(&'static str),
    /// Reports whether requests can be served; to root, each check.
    Ready(Handler<Render<Ready>>),
}

/// The reader and the renderer of a one-off operation. Two handlers are always equal, so that comparing operations
/// ignores them: addresses of functions are not unique.
#[derive(Clone, Copy)]
pub struct Handler<F>(pub F);

impl<F> PartialEq for Handler<F> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<F> Eq for Handler<F> {}

impl<F> fmt::Debug for Handler<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Handler")
    }
}

/// Checks the parameters of a request whose decision depends only on the path.
pub type ReadNothing = fn(&Request<'_>) -> Result<(), Refusal>;
/// Reads the page, the order and the filters of a list. The error names every invalid parameter.
pub type ReadPage = fn(&Request<'_>, Noun) -> Result<Page, Refusal>;
/// Reads the page of a history. The error names every invalid parameter.
pub type ReadHistory = fn(&Request<'_>) -> Result<HistoryPage, Refusal>;
/// Reads the tokens to be verified, and the roles that they must have.
pub type ReadInquiry = fn(&Request<'_>) -> Result<Inquiries, Refusal>;
/// Reads what the request that a proxy received needs.
pub type ReadAuthorization = fn(&Request<'_>) -> Result<Authorization, Refusal>;
/// Reads a new key or trust.
pub type ReadMeans = fn(&Request<'_>, &Settings) -> Result<NewMeans, Refusal>;
/// Reads the client that logs in.
pub type ReadLogIn = fn(&Request<'_>, &Settings) -> Result<LogIn, Refusal>;

/// Renders what an operation returns.
pub type Render<T> = fn(&RenderContext<'_>, &T) -> Answer;
/// Renders the results of verifications.
pub type RenderVerified = fn(&RenderContext<'_>, &[Verified]) -> Answer;
/// Renders what a change would do, and how a sample token compares with the trust that would be added.
pub type RenderDry = fn(&RenderContext<'_>, &Dry, Option<&Sample>) -> Answer;

/// A key or a trust to be added.
pub struct NewMeans {
    /// What is stored, in canonical form, without the time of creation.
    pub members: Map<String, Value>,
    /// A token to compare with a trust that is not stored.
    pub sample: Option<Zeroizing<String>>,
    /// The violations of the body.
    pub violations: Vec<Violation>,
}

/// How a token compares with a trust.
pub struct Sample {
    /// All but the signature.
    pub comparison: Comparison,
    /// Whether the keys of the trust signed it; `None` if they are fetched.
    pub is_signed: Option<bool>,
}

/// A key or a trust.
pub struct MeansRow {
    /// Its id.
    pub id: Id,
    /// What is stored: its times are in microseconds since 1970.
    pub members: Map<String, Value>,
}

/// A part of a history.
#[derive(Clone, Copy, Debug)]
pub struct HistoryPage {
    /// The maximum number of events.
    pub limit: u32,
    /// The number of the first event; the newest one without it.
    pub from: Option<i64>,
}

/// The question whether a token is valid, and whether it has roles.
pub struct Inquiry {
    /// The token.
    pub token: Zeroizing<String>,
    /// What the token needs: all of these.
    pub needs: Vec<Needs>,
}

/// The questions of a request.
pub struct Inquiries {
    /// The questions, in the order of the request.
    pub items: Vec<Inquiry>,
    /// The bound on the age of every answer in seconds, if the request has one.
    pub staleness: Option<i64>,
    /// The violations of the body.
    pub violations: Vec<Violation>,
}

/// The result of an [`Inquiry`].
pub struct Verified {
    /// The token's owner; `None` if the token is unknown or of another tenant.
    pub subject: Option<Subject>,
    /// The roles that the token needs and does not have (`Needs::failed`); `None` if the inquiry names none.
    pub failed: Option<Vec<Role>>,
    /// What the answer is based on.
    pub evidence: Evidence,
}

/// What a verification is based on.
#[derive(Clone, Copy, Debug)]
pub struct Evidence {
    /// Every change that was committed before this time is reflected.
    pub as_of: Micros,
    /// The age of the evidence when the answer was made.
    pub age: Micros,
    /// The bound in force, in seconds.
    pub bound: i64,
    /// Where the answer comes from.
    pub source: Source,
}

/// Where the answer to a verification comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The database.
    Primary,
    /// The memory of the Worker's instance.
    Memory,
    /// A copy of the database near the client.
    Replica,
}

/// Requests can be served.
pub struct Ready {
    /// The checks, for root only.
    pub checks: Option<Checks>,
}

/// The question whether a request that a proxy received may pass.
pub struct Authorization {
    /// What the token of the request needs: all of these. Empty if every valid token suffices.
    pub needs: Vec<Needs>,
    /// The id or the label of the tenant that the token must belong to.
    pub tenant: Option<String>,
    /// The bound on the age of the answer in seconds, if the request has one.
    pub staleness: Option<i64>,
}

/// The result of an [`Authorization`].
pub enum Authorized {
    /// The request may pass.
    Granted(Box<Subject>),
    /// The request has no valid token.
    Unauthenticated,
    /// The token is valid, but is of another tenant or does not meet the needs.
    Denied,
}

/// A log-in.
pub struct LogIn {
    /// How the client authenticates.
    pub by: LogInBy,
    /// The requested scope, if any.
    pub scope: Option<Zeroizing<String>>,
}

/// How a client authenticates to log in.
pub enum LogInBy {
    /// By its secret.
    Secret(Caller),
    /// By an assertion (RFC 7523 §2.2).
    Assertion(Assertion),
}

/// An assertion, not read yet.
pub struct Assertion {
    /// What it is in the request.
    pub sent_as: AssertionAs,
    /// The client id of the form, if it has one.
    pub client: Option<Id>,
    /// The signed token.
    pub text: Zeroizing<String>,
}

/// What an assertion is in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssertionAs {
    /// The authentication of the client (RFC 7523 §2.2).
    Client,
    /// The grant (RFC 7523 §2.1).
    Grant,
}

/// What a renderer needs in addition to the resource.
pub struct RenderContext<'a> {
    /// The request.
    pub request: &'a Request<'a>,
    /// The issuer of access tokens (RFC 8414): an origin, without a path.
    pub issuer: &'a str,
    /// What the request's route does.
    pub operation: Operation,
    /// Whether it does this to the caller's own credential.
    pub is_own: bool,
    /// The caller's rank, if the database has determined it.
    pub rank: Option<Rank>,
    /// The right that an operation of this face requires; `None` if the face has no route for it.
    pub required_right: &'a dyn Fn(Operation) -> Option<Rank>,
    /// When the request arrived.
    pub began: Micros,
    /// When the response is rendered.
    pub ended: Micros,
}

impl RenderContext<'_> {
    /// Returns whether the operation creates the resource.
    #[must_use]
    pub fn creates(&self) -> bool {
        matches!(self.operation, Operation::Write(_, Verb::Create))
    }
}
