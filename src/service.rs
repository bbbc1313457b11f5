//! The way of a request, from the table of routes to an answer, on every face: find the route, read the body, read who
//! calls, validate, ask the database once, show. What is refused on the way is worded by the face.

mod after;
mod failed;
mod list;
mod write;

use std::cell::{Cell, RefCell};
use std::pin::Pin;

use zeroize::Zeroizing;

use crate::answer::Answer;
use crate::caller::{Caller, Rank};
use crate::credential::field::{Noun, Verb};
use crate::credential::id::Id;
use crate::credential::secret::Token;
use crate::credential::time::Micros;
use crate::face::{Face, Inquiry, Scope, Shown};
use crate::refusal::{Misconfigured, Refusal};
use crate::request::{Method, Request};
use crate::route::{self, Operation};
use crate::settings::Settings;
use crate::store::after::After;
use crate::store::delete::{DELETE_MAX, delete};
use crate::store::history;
use crate::store::question::{Act, By, On, Order, Page, Question};
use crate::store::verify::verify;
use crate::store::{Database, Store, credential, principal, tenant};
pub use failed::{Failed, RETRY_AFTER};

/// What is given to one request: the platform passes in time and randomness, and the database.
pub struct Service<'a, D, R> {
    /// The store, with an empty tally.
    pub store: Store<'a, D>,
    /// The settings, or what is wrong with them.
    pub settings: Result<&'a Settings, &'a Misconfigured>,
    /// The time of the request.
    pub now: Micros,
    /// Tells the time, once the database has answered.
    pub clock: &'a dyn Fn() -> Micros,
    /// Fills a buffer with random bytes.
    pub random: R,
}

/// What a request ends in.
pub struct Done {
    /// The answer.
    pub answer: Answer,
    /// What is left to write now that the answer is ready.
    pub after: Option<After>,
    /// What to log, where something failed that should not; it holds nothing of the request.
    pub log: Option<String>,
    /// Where an authentication failed: what to count, and what to answer if it was too often.
    pub failed: Option<Failed>,
}

/// A request on its way: what is known of it so far.
struct Way<'a> {
    request: &'a Request<'a>,
    face: &'static dyn Face,
    operation: Operation,
    settings: &'a Settings,
    segments: &'a [String],
    id: &'a str,
    /// The stamp of what it changes; its id too, where the client gave it none.
    change: Id,
    /// The caller's rank, once it is judged.
    rank: Cell<Option<Rank>>,
    /// Since when and until when the caller's secret is being replaced, once that is judged.
    retires: Cell<Option<(Micros, Micros)>>,
    /// What is left to write after the answer.
    after: RefCell<Option<After>>,
    /// The credential, or the secret, that the caller says it has; to be held against it if it has not.
    named: Cell<Option<Id>>,
}

impl<D: Database, R: Fn(&mut [u8])> Service<'_, D, R> {
    /// Answers a request. Nothing that a client sends makes it fail.
    pub async fn answer(&self, request: &Request<'_>) -> Done {
        let found = route::find(request.method, request.path);
        let face = found.face;
        let change = self.new_id();
        let (id, bad_id) = match face.request_id(request) {
            Ok(id) => (id, None),
            Err(refusal) => (None, Some(refusal)),
        };
        let id = id.unwrap_or_else(|| change.to_string());
        let (mut after, mut retiring, mut named) = (None, None, None);
        let preflight = face.preflight().filter(|_| request.method == Method::Options);
        let result = match (self.settings, found.route, bad_id) {
            _ if let Some(preflight) = preflight => Ok(preflight),
            (Err(wrong), ..) => Err(Refusal::Misconfigured(wrong.clone())),
            (_, Err(refusal), _) | (_, _, Some(refusal)) => Err(refusal),
            (Ok(settings), Ok((operation, segments)), None) => {
                let (rank, noted, retires) = (Cell::new(None), RefCell::new(None), Cell::new(None));
                let way = Way {
                    request,
                    face,
                    operation,
                    settings,
                    segments: &segments,
                    id: &id,
                    change,
                    rank,
                    retires,
                    after: noted,
                    named: Cell::new(None),
                };
                let result = self.operate(&way).await;
                after = way.after.take().filter(|after| !after.is_empty());
                retiring = way.retires.get();
                named = way.named.get();
                result
            }
        };
        let log = match (&result, self.store.fault()) {
            (Err(Refusal::Broken(text)), _) => Some(format!("request {id}: {text}")),
            (_, Some(fault)) => Some(format!("request {id}: the database: {}", fault.text())),
            _ => None,
        };
        let finish = |answer: Answer| {
            let content_type = face.content_type(answer.status);
            let mut answer = face.finish(answer.for_request(&id, content_type), &id);
            if let Some((since, until)) = retiring {
                // RFC 9745 §2.1 and RFC 8594 §3: the caller's secret is being replaced.
                answer =
                    answer.with("deprecation", format!("@{}", since.0 / 1_000_000)).with("sunset", until.http_date());
            }
            let tells = self.settings.is_ok_and(|settings| settings.server_timing);
            if tells { answer.with_cost(self.store.cost()) } else { answer }
        };
        let instead = || finish(refused(face, &Refusal::TooManyFailures));
        let failed = Failed::of(&result, request.headers, named, instead);
        let answer = result.unwrap_or_else(|refusal| refused(face, &refusal));
        let answer = finish(if request.method == Method::Get { unless_known(request, answer) } else { answer });
        Done { answer, after, log, failed }
    }

    async fn operate(&self, way: &Way<'_>) -> Result<Answer, Refusal> {
        way.request.check_tags()?;
        way.face.check_query(way.request, way.operation)?;
        // Each a function of its own: all in one, the compiler makes one of hundreds of kilobytes.
        let answer: Pin<Box<dyn Future<Output = _> + '_>> = match way.operation {
            Operation::Read(_) | Operation::FindByToken => Box::pin(self.read(way)),
            Operation::Write(noun, verb) => Box::pin(self.write(noun, verb, way)),
            Operation::Delete(_) | Operation::DeleteAll => Box::pin(self.delete(way)),
            Operation::List(noun) | Operation::Page(noun) => Box::pin(self.list(noun, way)),
            Operation::FinishRotation | Operation::CancelRotation | Operation::Restore => Box::pin(self.step(way)),
            Operation::History => Box::pin(self.history(way)),
            Operation::Verify => Box::pin(self.verify(way)),
            Operation::Metadata => return Ok(self.shown(way, &Shown::Metadata)),
            Operation::Roles => Box::pin(self.roles(way)),
            Operation::LogIn => Box::pin(self.log_in(way)),
        };
        answer.await
    }

    async fn read(&self, way: &Way<'_>) -> Result<Answer, Refusal> {
        let question = self.question(way)?;
        match question.on {
            On::Tenant => {
                let found = tenant::find(&self.store, &question).await?;
                Ok(self.shown(way, &Shown::Tenant(&self.arrive(way, &question, found)?)))
            }
            On::Principal => {
                let found = principal::find(&self.store, &question).await?;
                Ok(self.shown(way, &Shown::Principal(&self.arrive(way, &question, found)?)))
            }
            _ => {
                let found = credential::find(&self.store, &question).await?;
                self.show(way, &self.arrive(way, &question, found)?, None)
            }
        }
    }

    async fn delete(&self, way: &Way<'_>) -> Result<Answer, Refusal> {
        let mut question = self.question(way)?;
        question.bound = Some(DELETE_MAX);
        question.force = way.face.forces(way.request);
        let deleted = delete(&self.store, &question).await?;
        let noun = match way.operation {
            Operation::Delete(noun) => noun,
            _ => Noun::Principal,
        };
        match self.arrive(way, &question, deleted) {
            Err(Refusal::Missing(missing)) if missing == noun && way.face.deletes_missing() => {}
            other => other?,
        }
        Ok(self.shown(way, &Shown::Deleted))
    }

    async fn history(&self, way: &Way<'_>) -> Result<Answer, Refusal> {
        let (limit, seq) = way.face.history_page(way.request)?;
        let mut question = self.question(way)?;
        let mut page = Page::first(Order { by: By::Id, descending: true }, limit);
        page.from = question.credential.take();
        question.page = Some(page);
        question.seq = seq;
        let outcome = history::page(&self.store, &question).await?;
        Ok(self.shown(way, &Shown::History(&self.arrive(way, &question, outcome)?)))
    }

    async fn verify(&self, way: &Way<'_>) -> Result<Answer, Refusal> {
        let Inquiry { token, needs, violations } = way.face.inquiry(way.request)?;
        let mut question = self.question(way)?;
        question.subject = Caller::presented(&token, way.settings, self.now);
        question.invalid = !violations.is_empty();
        let outcome = verify(&self.store, &question, violations).await?;
        let subject = self.arrive(way, &question, outcome)?;
        if let (Some(used), Some(after)) =
            (subject.as_ref().and_then(|subject| subject.used), &mut *way.after.borrow_mut())
        {
            after.used.push(used);
        }
        let allowed = needs.map(|needed| subject.as_ref().is_some_and(|subject| subject.may(&needed)));
        Ok(self.shown(way, &Shown::Verified(subject.as_ref(), allowed)))
    }

    async fn roles(&self, way: &Way<'_>) -> Result<Answer, Refusal> {
        let question = self.question(way)?;
        let outcome = credential::judged(&self.store, &question).await?;
        let names =
            outcome.judged.role_names.as_deref().and_then(|names| serde_json::from_str::<Vec<String>>(names).ok());
        self.arrive(way, &question, outcome)?;
        Ok(self.shown(way, &Shown::Roles(&names.unwrap_or_default())))
    }

    async fn log_in(&self, way: &Way<'_>) -> Result<Answer, Refusal> {
        let caller = way.face.log_in(way.request, way.settings)?;
        let question = self.question_of(way, caller, Scope::default());
        let outcome = credential::judged(&self.store, &question).await?;
        let secret = outcome.judged.caller_secret.zip(outcome.judged.secret_made);
        self.arrive(way, &question, outcome)?;
        let (secret, made) = secret.ok_or_else(|| Refusal::Broken("a caller without a secret".to_owned()))?;
        let token = way.settings.keys.current.issue_access(&way.settings.token_prefix, secret, made, self.now);
        Ok(self.shown(way, &Shown::Access(&token)))
    }

    /// The question of a request, before anything of its body is in it.
    fn question(&self, way: &Way<'_>) -> Result<Question, Refusal> {
        let caller = Caller::read(way.request.headers, way.face.token_header(), way.settings, self.now)?;
        let scope = way.face.scope(way.request, way.operation, &caller, way.segments)?;
        Ok(self.question_of(way, caller, scope))
    }

    fn question_of(&self, way: &Way<'_>, caller: Caller, scope: Scope) -> Question {
        let Scope { tenant, principal, credential, token } = scope;
        way.named.set(caller.named());
        let (on, act) = subject(way.operation);
        // What cannot be a token is one that no credential has.
        let proofs = |text: Zeroizing<String>| {
            let token = Token::read(&text, &way.settings.token_prefix).ok();
            token.map_or_else(Vec::new, |token| way.settings.keys.prove(&token))
        };
        Question {
            now: self.now,
            caller,
            tenant,
            principal,
            credential,
            bearer: token.map(proofs),
            on,
            act,
            need: way.face.need(way.operation),
            if_match: way.request.if_match(),
            // A read is answered without it, and then told 304 (`unless_known`).
            if_none_match: if matches!(act, Act::Change | Act::Delete) { way.request.if_none_match() } else { None },
            asserted: serde_json::Map::new(),
            merges: way.operation == Operation::Write(Noun::Credential, Verb::Merge),
            active: way.face.says_active(),
            rotation: None,
            grace_seconds: None,
            tells_secrets: way.face.tells_secrets(),
            idempotency: None,
            subject: None,
            seq: None,
            page: None,
            bound: None,
            force: false,
            dry: false,
            invalid: false,
            set: serde_json::Map::new(),
            context: None,
            role_names: Vec::new(),
            secret: None,
            change: way.change,
            request: way.id.to_owned(),
        }
    }

    fn new_id(&self) -> Id {
        Id::new(self.now.0, self.random_bytes())
    }

    fn random_bytes<const LENGTH: usize>(&self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        (self.random)(&mut bytes);
        bytes
    }
}

/// What an operation is on, and what it does to it.
fn subject(operation: Operation) -> (On, Act) {
    let one = |noun| match noun {
        Noun::Tenant => On::Tenant,
        Noun::Principal => On::Principal,
        Noun::Credential => On::Credential,
    };
    let all = |noun| match noun {
        Noun::Tenant => On::Tenants,
        Noun::Principal => On::Principals,
        Noun::Credential => On::Credentials,
    };
    match operation {
        Operation::FinishRotation | Operation::CancelRotation | Operation::Restore => (On::Credential, Act::Change),
        Operation::Read(noun) => (one(noun), Act::Read),
        Operation::Write(noun, Verb::Create) => (all(noun), Act::Create),
        Operation::Write(noun, _) => (one(noun), Act::Change),
        Operation::Delete(noun) => (one(noun), Act::Delete),
        Operation::DeleteAll => (On::Credentials, Act::Delete),
        Operation::List(noun) | Operation::Page(noun) => (all(noun), Act::Read),
        Operation::FindByToken => (On::Credential, Act::Read),
        Operation::Roles => (On::Tenant, Act::Read),
        Operation::History => (On::Events, Act::Read),
        Operation::Verify | Operation::Metadata | Operation::LogIn => (On::Caller, Act::Read),
    }
}

/// A refusal as the face words it, with the headers that it has on every face.
fn refused(face: &dyn Face, refusal: &Refusal) -> Answer {
    let mut answer = face.fail(refusal);
    if let Refusal::MethodNotAllowed { allow } = refusal {
        answer = answer.with("allow", allow.clone());
    }
    match refusal {
        Refusal::Unavailable | Refusal::OutcomeUnknown => answer = answer.with("retry-after", "1"),
        Refusal::TooManyFailures => answer = answer.with("retry-after", RETRY_AFTER.to_string()),
        _ => {}
    }
    if answer.status == 401 { answer.with("www-authenticate", face.challenge()) } else { answer }
}

/// An answer to a read, or 304 where If-None-Match names the state that it would show (RFC 9110 §13.1.2).
fn unless_known(request: &Request<'_>, answer: Answer) -> Answer {
    let Some((_, etag)) = answer.headers.iter().find(|(name, _)| *name == "etag") else { return answer };
    let known =
        request.if_none_match().is_some_and(|tags| tags.iter().any(|tag| tag == "*" || tag == etag.trim_matches('"')));
    if known { Answer::new(304, String::new()).with("etag", etag.clone()) } else { answer }
}
