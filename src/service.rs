//! The way of a request, from the table of routes to an answer, on every face: find the route, read the body, read who
//! calls, validate, ask the database once, show. What is refused on the way is worded by the face.

mod after;
mod list;

use std::cell::{Cell, RefCell};

use zeroize::Zeroizing;

use crate::answer::Answer;
use crate::caller::{Caller, Rank};
use crate::credential::field::{Noun, Verb, Violation};
use crate::credential::id::Id;
use crate::credential::secret::Token;
use crate::credential::time::Micros;
use crate::credential::validate::{Change, NewSecret, To, validate};
use crate::face::{self, Face, Scope, Shown};
use crate::refusal::{Misconfigured, Refusal};
use crate::request::{Method, Request};
use crate::route::{self, Operation};
use crate::settings::Settings;
use crate::store::after::After;
use crate::store::delete::{DELETE_MAX, delete};
use crate::store::question::{Act, Key, NewRow, On, Question, TenantRef};
use crate::store::{Database, Store, credential, principal, tenant};

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
}

/// A request on its way: what is known of it so far.
struct Way<'a> {
    request: &'a Request<'a>,
    face: &'static dyn Face,
    operation: Operation,
    settings: &'a Settings,
    segments: &'a [String],
    id: &'a str,
    /// The caller's rank, once it is judged.
    rank: Cell<Option<Rank>>,
    /// What is left to write after the answer.
    after: RefCell<Option<After>>,
}

impl<D: Database, R: Fn(&mut [u8])> Service<'_, D, R> {
    /// Answers a request. Nothing that a client sends makes it fail.
    pub async fn answer(&self, request: &Request<'_>) -> Done {
        let found = route::find(request.method, request.path);
        let face = found.face;
        let new_id = self.new_id().to_string();
        let (id, bad_id) = match face.request_id(request) {
            Ok(id) => (id.unwrap_or(new_id), None),
            Err(refusal) => (new_id, Some(refusal)),
        };
        let mut after = None;
        let preflight = face.preflight().filter(|_| request.method == Method::Options);
        let result = match (self.settings, found.route, bad_id) {
            _ if let Some(preflight) = preflight => Ok(preflight),
            (Err(wrong), ..) => Err(Refusal::Misconfigured(wrong.clone())),
            (_, Err(refusal), _) | (_, _, Some(refusal)) => Err(refusal),
            (Ok(settings), Ok((operation, segments)), None) => {
                let (rank, noted) = (Cell::new(None), RefCell::new(None));
                let way = Way { request, face, operation, settings, segments: &segments, id: &id, rank, after: noted };
                let result = self.operate(&way).await;
                after = way.after.take().filter(|after| !after.is_empty());
                result
            }
        };
        let mut log = None;
        if let Err(Refusal::Broken(text)) = &result {
            log = Some(format!("request {id}: {text}"));
        }
        let answer = result.unwrap_or_else(|refusal| refused(face, &refusal));
        let content_type = face.content_type(answer.status);
        let mut answer = face.finish(answer.for_request(&id, content_type), &id);
        if self.settings.is_ok_and(|settings| settings.server_timing) {
            answer = answer.with_cost(self.store.cost());
        }
        Done { answer, after, log }
    }

    async fn operate(&self, way: &Way<'_>) -> Result<Answer, Refusal> {
        match way.operation {
            Operation::Read(_) | Operation::FindByToken => self.read(way).await,
            Operation::Write(noun, verb) => self.write(noun, verb, way).await,
            Operation::Delete(_) | Operation::DeleteAll => self.delete(way).await,
            Operation::List(noun) | Operation::Page(noun) => self.list(noun, way).await,
            Operation::Roles => self.roles(way).await,
            Operation::LogIn => self.log_in(way).await,
        }
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

    async fn write(&self, noun: Noun, verb: Verb, way: &Way<'_>) -> Result<Answer, Refusal> {
        let draft = face::read(way.face, noun, verb, way.request.object()?);
        let mut question = self.question(way)?;
        let (change, violations) = validate(&draft, noun, verb, way.face, &way.settings.token_prefix);
        let token = self.ask(&mut question, &change, &violations, way);
        let made = verb == Verb::Create;
        match noun {
            Noun::Tenant => {
                let write = if made {
                    tenant::create(&self.store, &question, violations).await?
                } else {
                    tenant::update(&self.store, &question, violations).await?
                };
                Ok(self.shown(way, &Shown::Tenant(&self.arrive(way, &question, write)?)))
            }
            Noun::Principal => {
                let write = if made {
                    principal::create(&self.store, &question, violations).await?
                } else {
                    principal::update(&self.store, &question, violations).await?
                };
                Ok(self.shown(way, &Shown::Principal(&self.arrive(way, &question, write)?)))
            }
            Noun::Credential => {
                let write = if made {
                    credential::create(&self.store, &question, violations).await?
                } else {
                    credential::update(&self.store, &question, violations).await?
                };
                self.show(way, &self.arrive(way, &question, write)?, token.as_ref().filter(|_| made))
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

    async fn roles(&self, way: &Way<'_>) -> Result<Answer, Refusal> {
        way.face.check_query(way.request, way.operation)?;
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
            page: None,
            bound: None,
            force: false,
            invalid: false,
            set: serde_json::Map::new(),
            context: None,
            role_names: Vec::new(),
            secret: None,
            change: self.new_id(),
            request: way.id.to_owned(),
        }
    }

    /// Puts a change into the question, and gives back the secret that it brings.
    fn ask(&self, question: &mut Question, change: &Change, violations: &[Violation], way: &Way<'_>) -> Option<Token> {
        question.invalid = !violations.is_empty();
        question.set = change.set();
        question.context.clone_from(&change.context);
        question.role_names.clone_from(&change.named_roles);
        if question.act == Act::Create {
            let own = match change.id {
                To::Set(id) => id,
                To::Keep => None,
            };
            let key = Key(Some(own.unwrap_or_else(|| self.new_id())));
            match question.on {
                On::Tenants => {
                    question.tenant = Some(TenantRef::Id(key));
                    label_it(question);
                }
                On::Principals => question.principal = Some(key),
                _ => {
                    question.credential = Some(key);
                    if let Some(principal) = question.principal {
                        // Made under the principal of the path.
                        question.set.insert("principal".to_owned(), principal.0.unwrap_or(Id::ZERO).to_string().into());
                    }
                }
            }
        }
        let To::Set(secret) = &change.secret else { return None };
        let token = match secret {
            NewSecret::Chosen(token) => token.clone(),
            NewSecret::Made => Token::make(&way.settings.token_prefix, self.new_id(), &self.random_bytes()),
        };
        let keys = &way.settings.keys;
        let (proof, proofs) = (keys.current.prove(&token), keys.prove(&token));
        // Sealed for the credential it belongs to: a face that shows secrets has the tenant's id in its path.
        let owner = match (&question.tenant, question.credential) {
            (Some(TenantRef::Id(Key(Some(tenant)))), Some(Key(Some(credential)))) => Some((*tenant, credential)),
            _ => None,
        };
        let sealed = owner.filter(|_| way.face.shows_secrets()).and_then(|(tenant, credential)| {
            keys.current.seal(&token, tenant, credential, self.random_bytes()).map(|sealed| sealed.text)
        });
        let (key, hint) = (keys.current.id().to_owned(), token.hint().to_owned());
        question.secret = Some(NewRow { id: proof.id, digest: proof.digest, proofs, key, sealed, hint });
        Some(token)
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
        Operation::Read(noun) => (one(noun), Act::Read),
        Operation::Write(noun, Verb::Create) => (all(noun), Act::Create),
        Operation::Write(noun, Verb::Replace | Verb::Merge) => (one(noun), Act::Change),
        Operation::Delete(noun) => (one(noun), Act::Delete),
        Operation::DeleteAll => (On::Credentials, Act::Delete),
        Operation::List(noun) | Operation::Page(noun) => (all(noun), Act::Read),
        Operation::FindByToken => (On::Credential, Act::Read),
        Operation::Roles => (On::Tenant, Act::Read),
        Operation::LogIn => (On::Caller, Act::Read),
    }
}

/// Gives a new tenant its label: a slug of its name, numbered from 1 or, where it may not stand alone, from 2.
fn label_it(question: &mut Question) {
    let slug = slug(question.set.get("name").and_then(|name| name.as_str()).unwrap_or_default());
    // A label that reads as an id would shadow that id.
    question.set.insert("first".to_owned(), if Id::parse_either(&slug).is_some() { 2 } else { 1 }.into());
    question.set.insert("slug".to_owned(), slug.into());
}

/// A refusal as the face words it, with the headers that it has on every face.
fn refused(face: &dyn Face, refusal: &Refusal) -> Answer {
    let mut answer = face.fail(refusal);
    if let Refusal::MethodNotAllowed { allow } = refusal {
        answer = answer.with("allow", allow.clone());
    }
    if *refusal == Refusal::Unavailable {
        answer = answer.with("retry-after", "1");
    }
    if answer.status == 401 { answer.with("www-authenticate", face.challenge()) } else { answer }
}

/// The label of a name: lower-case letters and digits, what is between them a hyphen, at most 200 characters.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.chars().map(|letter| letter.to_ascii_lowercase()) {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(200);
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "organization".to_owned() } else { slug.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn a_label_is_a_slug_of_the_name() {
        for (name, label) in
            [("Acme", "acme"), ("  Acme, Inc.  (EU) ", "acme-inc-eu"), ("Ünï", "n"), ("日本", "organization")]
        {
            assert_eq!(slug(name), label);
        }
        assert_eq!(slug(&"ab ".repeat(100)).len(), 200);
    }
}
