//! Writes of one thing: its body, the question that is asked of it, the secret that it brings, and what came of it.

use super::context::{RequestContext, Service};
use super::decide::{all, one};
use super::decision::Decided;
use super::read::{Body, Given};
use super::render::view;
use crate::answer::Answer;
use crate::credential::field::{Noun, Verb, Violation};
use crate::credential::id::Id;
use crate::credential::secret::Token;
use crate::credential::validate::{Change, NewSecret, validate};
use crate::face::Revealed;
use crate::refusal::Refusal;
use crate::request;
use crate::store::idempotency::Made;
use crate::store::question::{Act, Idempotency, Key, Label, NewRow, On, Question, Rotation, TenantRef, Times};
use crate::store::verdict::Outcome;
use crate::store::{Database, credential, principal, tenant};

impl<D: Database, R: Fn(&mut [u8])> RequestContext<'_, D, R> {
    pub(super) async fn write(&self, noun: Noun, verb: Verb) -> Result<Decided<Answer>, Refusal> {
        let made = verb == Verb::Create;
        let target = if made { (all(noun), Act::Create) } else { (one(noun), Act::Change) };
        let Given { input: Body { draft, key }, mut question } = self.read(|_| self.body(noun, verb), target)?;
        let (change, violations) = validate(&draft, noun, verb, self.face.dialect, &self.settings.token_prefix);
        question.asserted = draft.asserted;
        let token = self.ask(&mut question, verb, change, &violations);
        question.idempotency = key.map(|key| self.idempotency(&key, &question, token.as_ref()));
        let Self { service: Service { store, .. }, face, .. } = self;
        match noun {
            Noun::Tenant => {
                let outcome = if made {
                    tenant::create(store, &question, violations).await.map(made_now)?
                } else {
                    tenant::update(store, &question, violations).await?
                };
                Ok(self.rendered(self.judged(&question, outcome), view(face.tenants)?.one))
            }
            Noun::Principal => {
                let outcome = if made {
                    principal::create(store, &question, violations).await.map(made_now)?
                } else {
                    principal::update(store, &question, violations).await?
                };
                Ok(self.rendered(self.judged(&question, outcome), view(face.principals)?.one))
            }
            Noun::Credential if let Some(render) = self.route.dry_run.filter(|_| self.is_set("dry_run")) => {
                question.dry = true;
                let outcome = credential::dry_run(store, &question, violations).await?;
                let decided = self.judged(&question, outcome);
                Ok(self.rendered(decided, render))
            }
            Noun::Credential if made => {
                let outcome = credential::create(store, &question, violations).await?;
                let decided = self.judged(&question, outcome).and_then(|known, made| {
                    let Made { made: credential, replayed } = made;
                    let secret = match replayed {
                        None => token,
                        Some(sealed) => sealed.map(|sealed| self.open(known, &credential, &sealed)).transpose()?,
                    };
                    Ok(Revealed { credential, secret })
                });
                self.revealed(decided)
            }
            Noun::Credential => {
                let outcome = credential::update(store, &question, violations).await?;
                let decided = self.judged(&question, outcome).and_then(|known, credential| {
                    // A rotation shows its new secret, once.
                    match token.filter(|_| verb == Verb::Rotate) {
                        Some(secret) => Ok(Revealed { credential, secret: Some(secret) }),
                        None => self.reveal(known, credential),
                    }
                });
                self.revealed(decided)
            }
        }
    }

    /// A secret, sealed for the credential that it belongs to, where the path names its tenant by id.
    fn sealed(&self, token: &Token, question: &Question) -> Option<String> {
        let (Some(TenantRef::Id(Key(Some(tenant)))), Some(Key(Some(credential)))) =
            (&question.tenant, question.credential)
        else {
            return None;
        };
        let sealed = self.settings.keys.current.seal(token, *tenant, credential, self.random_bytes())?;
        Some(sealed.text)
    }

    /// The key under which a request makes something once.
    fn idempotency(&self, key: &str, question: &Question, token: Option<&Token>) -> Idempotency {
        let keys = &self.settings.keys.current;
        let sealed = token.and_then(|token| self.sealed(token, question));
        let body = match &self.request.body {
            request::Body::Bytes(bytes) => bytes.as_slice(),
            request::Body::TooLarge => &[],
        };
        let id = keys.digest("idempotency key", format!("{} {key}", self.request.path).as_bytes());
        Idempotency { id, body: keys.digest("idempotency body", body), sealed }
    }

    /// Puts a change into the question, and gives back the secret that it brings.
    fn ask(&self, question: &mut Question, verb: Verb, change: Change, violations: &[Violation]) -> Option<Token> {
        question.invalid = !violations.is_empty();
        question.set = change.set;
        question.set_unrestricted();
        question.times = Times { created_at: change.created_at, updated_at: change.updated_at };
        question.context = change.context;
        question.role_names = change.named_roles;
        if question.act == Act::Create {
            let key = Key(Some(change.id.unwrap_or_else(|| self.new_id())));
            match question.on {
                On::Tenants => {
                    question.tenant = Some(TenantRef::Id(key));
                    label_it(question);
                }
                On::Principals => question.principal = Some(key),
                On::Caller | On::Tenant | On::Principal | On::Events | On::Credentials | On::Credential => {
                    question.credential = Some(key);
                    if let Some(principal) = question.principal {
                        // Made under the principal of the path.
                        question.set.insert("principal".to_owned(), principal.0.unwrap_or(Id::ZERO).to_string().into());
                    }
                }
            }
        }
        match (verb, change.grace_seconds) {
            (Verb::Rotate, Some(seconds)) => {
                question.rotation = Some(Rotation::Start);
                question.grace_seconds = Some(seconds);
            }
            (Verb::Revoke, _) => {
                question.set.insert("revoked_at".to_owned(), self.now.0.into());
                question.set.insert("revoked_reason".to_owned(), change.reason.into());
            }
            (Verb::Create | Verb::Replace | Verb::Merge, _) | (Verb::Rotate, None) => {}
        }
        let secret = change.secret.or_else(|| question.rotation.map(|_| NewSecret::Made))?;
        let token = match secret {
            NewSecret::Chosen(token) => token,
            NewSecret::Made => Token::make(&self.settings.token_prefix, self.new_id(), &self.random_bytes()),
        };
        let keys = &self.settings.keys;
        let (proof, proofs) = (keys.current.prove(&token), keys.prove(&token));
        let seals = self.face.reveals_secrets || question.rotation.is_some();
        let sealed = if seals { self.sealed(&token, question) } else { None };
        let (key, hint) = (keys.current.id().to_owned(), token.hint().to_owned());
        question.secret = Some(NewRow { id: proof.id, digest: proof.digest, proofs, key, sealed, hint });
        Some(token)
    }
}

/// An outcome without what is kept for an `Idempotency-Key`.
fn made_now<T>(Outcome { judged, result }: Outcome<Made<T>>) -> Outcome<T> {
    Outcome { judged, result: result.map(|made| made.made) }
}

/// Gives a new tenant its label: a slug of its name, numbered from 1 or, where it may not stand alone, from 2.
fn label_it(question: &mut Question) {
    let slug = slug(question.set.get("name").and_then(|name| name.as_str()).unwrap_or_default());
    // A label that reads as an id would shadow that id.
    let first = if Id::parse_either(&slug).is_some() { 2 } else { 1 };
    question.label = Some(Label { slug, first });
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
