//! The lifecycle of a request, on every face: find the route; read what the client said; decide, with one database command;
//! render. What is refused on the way is rendered by the face.

mod after;
mod challenge;
mod context;
mod decide;
mod decision;
mod failed;
mod list;
mod read;
mod render;
mod write;

use std::pin::Pin;

use crate::answer::Answer;
use crate::credential::field::Noun;
use crate::face::Face;
use crate::operation::{Handler, Operation};
use crate::refusal::Refusal;
use crate::request::{Headers, JSON, Method, Request};
use crate::route::{Found, Matched, find, required_right};
use crate::store::Database;
use crate::store::after::After;
use crate::store::command::{Rotation, Target};
use challenge::challenge;
use context::RequestContext;
pub use context::Service;
use decide::{one, role_names};
use decision::Decided;
pub use failed::{Failed, RETRY_AFTER};
use list::Extent;

/// What a request ends in.
pub struct Done {
    /// The answer.
    pub answer: Answer,
    /// Writes deferred until after the response.
    pub after: Option<After>,
    /// What to log, where something failed that should not; it holds nothing of the request.
    pub log: Option<String>,
    /// Where an authentication failed: what to count, and what to answer if it was too often.
    pub failed: Option<Failed>,
}

impl<D: Database, R: Fn(&mut [u8])> Service<'_, D, R> {
    /// Answers a request. Nothing that a client sends makes it fail.
    pub async fn answer(&self, request: &Request<'_>) -> Done {
        let Found { face, route: found } = find(request.method, request.path);
        let change = self.new_id();
        let (id, bad_id) = match request.id(face.request_id_header) {
            Ok(id) => (id, None),
            Err(refusal) => (None, Some(refusal)),
        };
        let id = id.unwrap_or_else(|| change.to_string());
        let preflight = face.preflight.filter(|_| request.method == Method::Options);
        let Decided { known, result } = match (self.settings, found, bad_id) {
            _ if let Some(headers) = preflight => Decided::from(Ok(with(Answer::new(204, String::new()), headers))),
            (Err(wrong), ..) => Decided::from(Err(Refusal::Misconfigured(wrong.clone()))),
            (_, Err(refusal), _) | (_, _, Some(refusal)) => Decided::from(Err(refusal)),
            (Ok(settings), Ok(Matched { route, segments }), None) => {
                let (service, segments, id) = (self, segments.as_slice(), id.as_str());
                let required_right = &|operation| required_right(face, operation);
                let context =
                    RequestContext { service, request, route, face, settings, segments, required_right, id, change };
                context.handle().await.unwrap_or_else(|refusal| Decided::from(Err(refusal)))
            }
        };
        let log = if let Err(Refusal::Broken(text)) = &result {
            Some(format!("request {id}: {text}"))
        } else {
            self.store.fault().map(|fault| format!("request {id}: the database: {}", fault.text()))
        };
        let finish = |answer: Answer| {
            let content_type = if answer.status < 400 { JSON } else { face.error_type };
            let answer = answer.for_request(&id, content_type);
            let answer = if let Some(header) = face.correlation_header { answer.with(header, &*id) } else { answer };
            let mut answer = with(answer, face.headers);
            if let Some((since, until)) = known.retiring {
                // RFC 9745 §2.1 and RFC 8594 §3: the caller's secret is being replaced.
                answer = answer
                    .with("deprecation", format!("@{}", since.0 / 1_000_000))
                    .with("sunset", until.to_http_date());
            }
            let tells = self.settings.is_ok_and(|settings| settings.server_timing);
            if tells { answer.with_cost(self.store.cost()) } else { answer }
        };
        let refused = |refusal: &Refusal| refused(face, request.headers, refusal);
        let instead = || finish(refused(&Refusal::TooManyFailures));
        let failed = Failed::new(&result, request.headers, known.named, instead);
        let answer = result.unwrap_or_else(|refusal| refused(&refusal));
        let answer = finish(if request.method == Method::Get { unless_known(request, answer) } else { answer });
        Done { answer, after: known.deferred.filter(|after| !after.is_empty()), log, failed }
    }
}

impl<D: Database, R: Fn(&mut [u8])> RequestContext<'_, D, R> {
    /// Reads what the client said, decides, and renders. An error is a refusal that needed no verdict.
    async fn handle(&self) -> Result<Decided<Answer>, Refusal> {
        self.check()?;
        // Each a function of its own: all in one, the compiler makes one of hundreds of kilobytes.
        let done: Pin<Box<dyn Future<Output = _> + '_>> = match self.route.operation {
            Operation::Read(noun) => Box::pin(self.find(noun)),
            Operation::FindByToken => Box::pin(self.find(Noun::Credential)),
            Operation::Write(noun, verb) => Box::pin(self.write(noun, verb)),
            Operation::Delete(noun) => Box::pin(self.delete(one(noun), noun)),
            Operation::DeleteAll => Box::pin(self.delete(Target::Credentials, Noun::Principal)),
            Operation::List(noun, Handler(read)) => Box::pin(self.list(noun, read, Extent::All)),
            Operation::Page(noun, Handler(read)) => Box::pin(self.list(noun, read, Extent::Page)),
            Operation::FinishRotation => Box::pin(self.step(Some(Rotation::Finish))),
            Operation::CancelRotation => Box::pin(self.step(Some(Rotation::Cancel))),
            Operation::Restore => Box::pin(self.step(None)),
            Operation::History(Handler(functions)) => Box::pin(self.history(functions)),
            Operation::Verify(Handler(functions)) => Box::pin(self.verify(functions)),
            Operation::Roles(Handler(functions)) => Box::pin(self.verdict(functions, Target::Tenant, role_names)),
            Operation::LogIn(Handler(read)) => Box::pin(self.log_in(read)),
            Operation::Metadata(Handler(render)) => return Ok(self.rendered(Decided::from(Ok(())), render)),
        };
        done.await
    }
}

fn with(answer: Answer, headers: &[(&'static str, &'static str)]) -> Answer {
    headers.iter().fold(answer, |answer, (name, value)| answer.with(name, *value))
}

/// A refusal as the face words it, with the headers that it has on every face.
fn refused(face: &Face, headers: &dyn Headers, refusal: &Refusal) -> Answer {
    let mut answer = (face.render_error)(refusal);
    if let Refusal::MethodNotAllowed { allow } = refusal {
        answer = answer.with("allow", allow.clone());
    }
    if matches!(refusal, Refusal::Unavailable | Refusal::OutcomeUnknown) {
        answer = answer.with("retry-after", "1");
    } else if *refusal == Refusal::TooManyFailures {
        answer = answer.with("retry-after", RETRY_AFTER.to_string());
    }
    match challenge(face, headers, refusal, answer.status) {
        Some(challenge) => answer.with("www-authenticate", challenge),
        None => answer,
    }
}

/// An answer to a read, or 304 where If-None-Match names the state that it would show (RFC 9110 §13.1.2).
fn unless_known(request: &Request<'_>, answer: Answer) -> Answer {
    let Some((_, etag)) = answer.headers.iter().find(|(name, _)| *name == "etag") else { return answer };
    let known =
        request.if_none_match().is_some_and(|tags| tags.iter().any(|tag| tag == "*" || tag == etag.trim_matches('"')));
    if known { Answer::new(304, String::new()).with("etag", etag.clone()) } else { answer }
}
