//! What a route does, and the types of the functions that a route brings for what no other operation has.

use std::fmt;

use zeroize::Zeroizing;

use crate::answer::Answer;
use crate::caller::{Caller, Rank};
use crate::credential::field::{Noun, Verb, Violation};
use crate::credential::role::Role;
use crate::credential::time::Micros;
use crate::refusal::Refusal;
use crate::request::Request;
use crate::settings::Settings;
use crate::store::command::Page;
use crate::store::credential::Dry;
use crate::store::history::Events;
use crate::store::verify::Subject;

/// What a route does. Operations on a noun are read and rendered by the face; every other one brings its own functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Shows one.
    Read(Noun),
    /// Creates, replaces or merges one.
    Write(Noun, Verb),
    /// Deletes one, with all that belongs to it.
    Delete(Noun),
    /// Deletes all credentials of a tenant, or of a principal.
    DeleteAll,
    /// Shows all there are in one response, up to a limit.
    List(Noun, Handler<ReadPage>),
    /// Shows a page of them.
    Page(Noun, Handler<ReadPage>),
    /// Shows the credential that has a token.
    FindByToken,
    /// Shows the roles that a tenant knows.
    Roles(Handler<(ReadNothing, RenderRoles)>),
    /// Ends a rotation: only the new secret stays valid.
    FinishRotation,
    /// Takes a rotation back: only the old secret stays valid.
    CancelRotation,
    /// Lifts a revocation.
    Restore,
    /// Shows the history of a tenant, or of one of its principals or credentials.
    History(Handler<(ReadHistory, RenderHistory)>),
    /// Reports whether a token is valid, whose it is, and whether it may do something.
    Verify(Handler<(ReadInquiry, RenderVerified)>),
    /// Describes this server, without authentication.
    Metadata(Handler<RenderMetadata>),
    /// Issues an access token for a credential's id and secret.
    LogIn(Handler<ReadLogIn>),
}

/// The reader and the renderer of a one-off operation, as its route's line names them. Operations are compared by what they do, so two
/// handlers are always equal: addresses of functions are not unique.
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

/// Checks what a request says beside its path, where it says nothing that is used in the decision.
pub type ReadNothing = fn(&Request<'_>) -> Result<(), Refusal>;
/// Reads which part of a list a request asks for, and in which order. The error names every parameter that is wrong.
pub type ReadPage = fn(&Request<'_>, Noun) -> Result<Page, Refusal>;
/// Reads which part of a history a request asks for. The error names every parameter that is wrong.
pub type ReadHistory = fn(&Request<'_>) -> Result<HistoryPage, Refusal>;
/// Reads the question whether a token is valid.
pub type ReadInquiry = fn(&Request<'_>) -> Result<Inquiry, Refusal>;
/// Reads the client that logs in.
pub type ReadLogIn = fn(&Request<'_>, &Settings) -> Result<LogIn, Refusal>;

/// Renders the names of the roles that a tenant knows.
pub type RenderRoles = fn(&RenderContext<'_>, &Vec<String>) -> Answer;
/// Renders a page of the history.
pub type RenderHistory = fn(&RenderContext<'_>, &Events) -> Answer;
/// Renders what is known of a token.
pub type RenderVerified = fn(&RenderContext<'_>, &Verified) -> Answer;
/// Renders what this server is.
pub type RenderMetadata = fn(&RenderContext<'_>, &()) -> Answer;
/// Renders what a change would do.
pub type RenderDry = fn(&RenderContext<'_>, &Dry) -> Answer;

/// A part of a history.
#[derive(Clone, Copy, Debug)]
pub struct HistoryPage {
    /// The maximum number of events.
    pub limit: u32,
    /// The number of the first event; the newest one without it.
    pub from: Option<i64>,
}

/// The question whether a token is valid, and may do something.
pub struct Inquiry {
    /// The token.
    pub token: Zeroizing<String>,
    /// The role that it would need, and on what. Without it, only the token's owner is asked for.
    pub needs: Option<Role>,
    /// What is wrong with the question.
    pub violations: Vec<Violation>,
}

/// The answer to an [`Inquiry`].
pub struct Verified {
    /// The token's owner; `None` where the caller may not know.
    pub subject: Option<Subject>,
    /// Whether the token may do what the inquiry asks for, if it asks for something.
    pub allowed: Option<bool>,
}

/// A log-in.
pub struct LogIn {
    /// The client.
    pub caller: Caller,
    /// The scope that it asks for, if it does.
    pub scope: Option<Zeroizing<String>>,
}

/// What a rendering depends on beside the thing that it shows.
pub struct RenderContext<'a> {
    /// The request.
    pub request: &'a Request<'a>,
    /// The issuer of access tokens (RFC 8414): an origin, without a path.
    pub issuer: &'a str,
    /// What the request's route does.
    pub operation: Operation,
    /// The caller's rank, if the database has judged it.
    pub rank: Option<Rank>,
    /// The right that an operation of this face requires; `None` if the face has no route for it.
    pub required_right: &'a dyn Fn(Operation) -> Option<Rank>,
    /// When the request came.
    pub began: Micros,
    /// When it is answered.
    pub ended: Micros,
}

impl RenderContext<'_> {
    /// Whether the request created what is shown.
    #[must_use]
    pub fn creates(&self) -> bool {
        matches!(self.operation, Operation::Write(_, Verb::Create))
    }
}
