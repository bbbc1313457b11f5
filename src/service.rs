//! The lifecycle of a request, on every face: find the route; read what the client sent; decide, with one database
//! command; render. The face renders every error.

mod after;
mod authorize;
mod challenge;
mod context;
mod decide;
mod decision;
mod exchange;
mod failed;
mod issuers;
mod later;
mod lease;
mod list;
mod means;
mod memory;
mod read;
mod ready;
mod render;
mod verify;
mod write;

use std::pin::Pin;

use crate::answer::Answer;
use crate::caller::Rank;
use crate::credential::field::Noun;
use crate::credential::time::Micros;
use crate::face::Face;
use crate::operation::{Handler, Operation};
use crate::refusal::Refusal;
use crate::request::{Headers, JSON, Method, Request};
use crate::route::{Found, Matched, find, required_right};
use crate::settings::ServerTiming;
use crate::store::Database;
use crate::store::command::{Rotation, Target};
use crate::store::near::Near;
use challenge::challenge;
use context::RequestContext;
pub use context::Service;
use decide::role_names;
use decision::Decided;
pub use failed::{Failed, RETRY_AFTER};
pub use later::Later;
use list::Extent;
pub use memory::{MEMORY_MAX, Memory};
use read::check;
pub use ready::Readiness;

/// The result of a request.
pub struct Done {
    /// The response to send.
    pub answer: Answer,
    /// Work deferred until after the response.
    pub later: Option<Later>,
    /// What to log after an unexpected failure. It has the request's id, and nothing else that a client sent.
    pub log: Option<String>,
    /// A failed authentication to count, with the response for too many of them.
    pub failed: Option<Failed>,
}

impl<D: Database, R: Fn(&mut [u8])> Service<'_, D, R> {
    /// Handles a request. Every failure becomes a response.
    pub async fn answer(&self, request: &Request<'_>) -> Done {
        let Found { face, route: found } = find(request.method, request.path);
        let tenant = found.as_ref().ok().and_then(|matched| tenant_of(face, matched));
        let change = self.new_id();
        let (id, bad_id) = match request.id(face.request_id_header) {
            Ok(id) => (id, None),
            Err(refusal) => (None, Some(refusal)),
        };
        let id = id.unwrap_or_else(|| change.to_string());
        let preflight = face.preflight.filter(|_| request.method == Method::Options);
        let Decided { known, result } = match (self.settings, found, bad_id) {
            _ if let Some(headers) = preflight => {
                Decided::from(Ok(with_headers(Answer::new(204, String::new()), headers)))
            }
            (_, Ok(Matched { route, .. }), None) if let Operation::Alive(body) = route.operation => {
                Decided::from(check(request, route).map(|()| Answer::new(200, body.to_owned())))
            }
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
        } else if known.unreadable > 0 {
            Some(format!("request {id}: {} rows of a list cannot be read", known.unreadable))
        } else {
            let of_replica = || self.near.as_ref().and_then(Near::fault);
            self.store.fault().or_else(of_replica).map(|fault| format!("request {id}: the database: {}", fault.text()))
        };
        let finish = |answer: Answer| {
            let content_type = if answer.status < 400 { JSON } else { face.error_type };
            let answer = answer.for_request(&id, content_type);
            let answer = if let Some(header) = face.correlation_header { answer.with(header, &*id) } else { answer };
            let mut answer = with_headers(answer, face.headers);
            if let Some((since, until)) = known.retiring {
                // RFC 9745 §2.1 and RFC 8594 §3: the caller's secret is being replaced.
                answer = answer
                    .with("deprecation", format!("@{}", since.0 / 1_000_000))
                    .with("sunset", until.to_http_date());
            }
            if let Some(by) = known.effective_by.filter(|_| answer.status < 300) {
                // To the next whole second.
                answer = answer.with("postern-effective-by", Micros(by.0.saturating_add(999_999)).to_http_date());
            }
            if known.unreadable > 0 {
                answer = answer.with("x-unreadable-items", known.unreadable.to_string());
            }
            let reports_cost = self.settings.is_ok_and(|settings| match settings.server_timing {
                ServerTiming::Off => false,
                ServerTiming::Root => known.rank == Some(Rank::Root),
                ServerTiming::All => true,
            });
            if reports_cost { answer.with_cost(self.cost()) } else { answer }
        };
        let render_refusal = |refusal: &Refusal| render_refusal(face, request.headers, refusal);
        let too_many_failures = || finish(render_refusal(&Refusal::TooManyFailures));
        let failed = Failed::new(&result, request.headers, tenant, known.named, too_many_failures);
        let answer = result.unwrap_or_else(|refusal| render_refusal(&refusal));
        let answer = finish(if request.method == Method::Get { or_not_modified(request, answer) } else { answer });
        let writes = known.deferred.filter(|writes| !writes.is_empty());
        let is_later = writes.is_some() || !known.due.is_empty() || known.beats;
        let later = is_later.then_some(Later { request: id, writes, due: known.due, beats: known.beats });
        Done { answer, later, log, failed }
    }
}

impl<D: Database, R: Fn(&mut [u8])> RequestContext<'_, D, R> {
    /// Reads what the client sent, decides, and renders. An error is a refusal without a verdict.
    async fn handle(&self) -> Result<Decided<Answer>, Refusal> {
        check(self.request, self.route)?;
        // Boxed separately: as one future, the compiled function has hundreds of kilobytes.
        let done: Pin<Box<dyn Future<Output = _> + '_>> = match self.route.operation {
            Operation::Read(noun) => Box::pin(self.find(noun)),
            Operation::FindByToken => Box::pin(self.find(Noun::Credential)),
            Operation::Write(noun, verb) => Box::pin(self.write(noun, verb)),
            Operation::Delete(noun) => Box::pin(self.delete(self.one(noun), noun)),
            Operation::DeleteAll => Box::pin(self.delete(Target::Credentials, Noun::Principal)),
            Operation::List(noun, Handler(read)) => Box::pin(self.list(noun, read, Extent::All)),
            Operation::Page(noun, Handler(read)) => Box::pin(self.list(noun, read, Extent::Page)),
            Operation::FinishRotation => Box::pin(self.step(Some(Rotation::Finish))),
            Operation::CancelRotation => Box::pin(self.step(Some(Rotation::Cancel))),
            Operation::Restore => Box::pin(self.step(None)),
            Operation::AddMeans(means, Handler(functions)) => Box::pin(self.add_means(means, functions)),
            Operation::RemoveMeans(means) => Box::pin(self.remove_means(means)),
            Operation::ListMeans(means, Handler(render)) => Box::pin(self.list_means(means, render)),
            Operation::History(Handler(functions)) => Box::pin(self.history(functions)),
            Operation::Verify(Handler(functions)) => Box::pin(self.verify(functions)),
            Operation::Authorize(Handler(functions)) => Box::pin(self.authorize(functions)),
            Operation::Roles(Handler(functions)) => Box::pin(self.verdict(functions, Target::Tenant, role_names)),
            Operation::LogIn(Handler(read)) => Box::pin(self.log_in(read)),
            Operation::Ready(Handler(render)) => Box::pin(self.ready(render)),
            Operation::Metadata(Handler(render)) => return Ok(self.rendered(Decided::from(Ok(())), render)),
            // Answered before the settings are used.
            Operation::Alive(body) => return Ok(Decided::from(Ok(Answer::new(200, body.to_owned())))),
        };
        done.await
    }
}

/// The tenant that a path names, in one spelling whatever the face's is; a label stays as it is.
fn tenant_of(face: &Face, matched: &Matched) -> Option<String> {
    let (_, text) = matched.segments.iter().find(|(name, _)| *name == "tenant")?;
    Some(face.dialect.read_id(text).map_or_else(|| text.clone(), |id| id.to_string()))
}

fn with_headers(answer: Answer, headers: &[(&'static str, &'static str)]) -> Answer {
    headers.iter().fold(answer, |answer, (name, value)| answer.with(name, *value))
}

/// Renders a refusal in the face's format, with the headers that every face sends.
fn render_refusal(face: &Face, headers: &dyn Headers, refusal: &Refusal) -> Answer {
    let mut answer = (face.render_error)(refusal);
    if let Refusal::MethodNotAllowed { allow } = refusal {
        answer = answer.with("allow", allow.clone());
    }
    if *refusal == Refusal::ContentCoding {
        // RFC 9110 §12.5.3: it tells this 415 from that of a media type.
        answer = answer.with("accept-encoding", "identity");
    }
    if matches!(refusal, Refusal::NotReady(_) | Refusal::Unavailable | Refusal::OutcomeUnknown) {
        answer = answer.with("retry-after", "1");
    } else if *refusal == Refusal::NoIssuerKeys {
        // From one fetch of an issuer's keys to the next.
        answer = answer.with("retry-after", "60");
    } else if *refusal == Refusal::TooManyFailures {
        answer = answer.with("retry-after", RETRY_AFTER.to_string());
    }
    match challenge(face, headers, refusal, answer.status) {
        Some(challenge) => answer.with("www-authenticate", challenge),
        None => answer,
    }
}

/// Replaces the response to a read by 304 if If-None-Match has its entity tag (RFC 9110 §13.1.2).
fn or_not_modified(request: &Request<'_>, answer: Answer) -> Answer {
    let Some((_, etag)) = answer.headers.iter().find(|(name, _)| *name == "etag") else { return answer };
    let matches =
        request.if_none_match().is_some_and(|tags| tags.iter().any(|tag| tag == "*" || tag == etag.trim_matches('"')));
    if matches { Answer::new(304, String::new()).with("etag", etag.clone()) } else { answer }
}
