//! The way of a request, from the table of routes to an answer, on every face: find the route, read the body, read who
//! calls, validate, ask the database once, show. What is refused on the way is worded by the face.

mod after;

use std::cell::{Cell, RefCell};

use crate::answer::Answer;
use crate::caller::{Caller, Rank};
use crate::credential::field::{Draft, Field, Verb, Violation};
use crate::credential::id::Id;
use crate::credential::secret::Token;
use crate::credential::time::Micros;
use crate::credential::validate::{Change, NewSecret, To, validate};
use crate::face::{self, Face, Scope};
use crate::refusal::{Misconfigured, Refusal};
use crate::request::Request;
use crate::route::{self, Operation};
use crate::settings::Settings;
use crate::store::after::After;
use crate::store::credential;
use crate::store::question::{Key, NewRow, On, Question, TenantRef};
use crate::store::{Database, Store, principal, tenant};

/// What is given to one request: the platform passes in time and randomness, and the database.
pub struct Service<'a, D, R> {
    /// The store, with an empty tally.
    pub store: Store<'a, D>,
    /// The settings, or what is wrong with them.
    pub settings: Result<&'a Settings, &'a Misconfigured>,
    /// The time of the request.
    pub now: Micros,
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
        let result = match (self.settings, found.route, bad_id) {
            (Err(wrong), ..) => Err(Refusal::Misconfigured(wrong.clone())),
            (_, Err(refusal), _) | (_, _, Some(refusal)) => Err(refusal),
            (Ok(settings), Ok((operation, segments)), None) => {
                let (rank, noted) = (Cell::new(None), RefCell::new(None));
                let way = Way { request, face, settings, segments: &segments, id: &id, rank, after: noted };
                let result = self.operate(operation, &way).await;
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

    async fn operate(&self, operation: Operation, way: &Way<'_>) -> Result<Answer, Refusal> {
        match operation {
            Operation::Read => self.read(way).await,
            Operation::Write(verb) => self.write(verb, way).await,
            Operation::CreatePrincipal => self.create_principal(way).await,
            Operation::CreateTenant => self.create_tenant(way).await,
        }
    }

    async fn read(&self, way: &Way<'_>) -> Result<Answer, Refusal> {
        let question = self.question(way, On::Credential, way.face.need(None))?;
        let outcome = credential::find(&self.store, &question).await?;
        let credential = self.arrive(way, &question, outcome)?;
        self.show(way, None, &credential, None)
    }

    async fn write(&self, verb: Verb, way: &Way<'_>) -> Result<Answer, Refusal> {
        let draft = face::read(way.face, verb, way.request.object()?);
        let on = if verb == Verb::Create { On::Credentials } else { On::Credential };
        let mut question = self.question(way, on, way.face.need(Some(verb)))?;
        let (change, violations) = validate(&draft, verb, way.face, &way.settings.token_prefix);
        let token = self.ask(&mut question, &change, &violations, way);
        let outcome = match verb {
            Verb::Create => credential::create(&self.store, &question, violations).await?,
            Verb::Replace | Verb::Merge => credential::update(&self.store, &question, violations).await?,
        };
        let credential = self.arrive(way, &question, outcome)?;
        self.show(way, Some(verb), &credential, token.as_ref().filter(|_| verb == Verb::Create))
    }

    async fn create_principal(&self, way: &Way<'_>) -> Result<Answer, Refusal> {
        // Its own fields: a face's word for another one is of credentials.
        let draft = face::read(way.face, Verb::Create, way.request.object()?).only(&[Field::Name, Field::Description]);
        let mut question = self.question(way, On::Principals, Rank::Admin)?;
        let violations = way.name_it(&mut question, &draft);
        question.set.insert("id".to_owned(), self.new_id().to_string().into());
        let outcome = principal::create(&self.store, &question, violations).await?;
        Ok(way.face.show_principal(&self.arrive(way, &question, outcome)?))
    }

    async fn create_tenant(&self, way: &Way<'_>) -> Result<Answer, Refusal> {
        let draft = face::read(way.face, Verb::Create, way.request.object()?).only(&[Field::Name]);
        let mut question = self.question(way, On::Tenants, Rank::Root)?;
        question.tenant = Some(TenantRef::Id(Key(Some(self.new_id()))));
        let violations = way.name_it(&mut question, &draft);
        let slug = slug(question.set.get("name").and_then(|name| name.as_str()).unwrap_or_default());
        // A label that reads as an id would shadow that id: it never stands alone.
        question.set.insert("first".to_owned(), if Id::parse_either(&slug).is_some() { 2 } else { 1 }.into());
        question.set.insert("slug".to_owned(), slug.into());
        let outcome = tenant::create(&self.store, &question, violations).await?;
        Ok(way.face.show_tenant(&self.arrive(way, &question, outcome)?))
    }

    /// The question of a request, before anything of its body is in it.
    fn question(&self, way: &Way<'_>, on: On, need: Rank) -> Result<Question, Refusal> {
        let caller = Caller::read(way.request.headers, way.face.token_header(), way.settings)?;
        let Scope { tenant, principal, credential } = way.face.scope(way.request, &caller, way.segments)?;
        Ok(Question {
            now: self.now,
            caller,
            tenant,
            principal,
            credential,
            on,
            writes: false,
            need,
            if_match: way.request.if_match(),
            invalid: false,
            set: serde_json::Map::new(),
            context: None,
            role_names: Vec::new(),
            secret: None,
            change: self.new_id(),
            request: way.id.to_owned(),
        })
    }

    /// Puts a change into the question, and gives back the secret that it brings.
    fn ask(&self, question: &mut Question, change: &Change, violations: &[Violation], way: &Way<'_>) -> Option<Token> {
        question.writes = true;
        question.invalid = !violations.is_empty();
        question.set = change.set();
        question.context.clone_from(&change.context);
        question.role_names.clone_from(&change.named_roles);
        if question.on == On::Credentials {
            let own = match change.id {
                To::Set(id) => id,
                To::Keep => None,
            };
            question.credential = Some(Key(Some(own.unwrap_or_else(|| self.new_id()))));
            if let Some(principal) = question.principal {
                // Made under the principal of the path.
                question.set.insert("principal".to_owned(), principal.0.unwrap_or(Id::ZERO).to_string().into());
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

impl Way<'_> {
    /// Puts the name, and the description if there is one, of a new tenant or principal into the question.
    fn name_it(&self, question: &mut Question, draft: &Draft) -> Vec<Violation> {
        let (change, violations) = validate(draft, Verb::Create, self.face, &self.settings.token_prefix);
        question.set = change.set();
        question.set.retain(|field, _| matches!(field.as_str(), "name" | "description"));
        question.invalid = !violations.is_empty();
        violations
    }
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
    if answer.status == 401 { answer.with("www-authenticate", "Bearer") } else { answer }
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
