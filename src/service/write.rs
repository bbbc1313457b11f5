//! Writes of one thing: its body, the question that is asked of it, the secret that it brings, and what came of it.

use serde_json::Value;

use super::{Service, Way};
use crate::answer::Answer;
use crate::credential::field::{Noun, Verb, Violation};
use crate::credential::id::Id;
use crate::credential::secret::Token;
use crate::credential::validate::{Change, NewSecret, To, validate};
use crate::face::Shown;
use crate::refusal::Refusal;
use crate::request::Body;
use crate::route::Operation;
use crate::store::idempotency::Made;
use crate::store::question::{Act, Idempotency, Key, NewRow, On, Question, Rotation, TenantRef};
use crate::store::{Database, credential, principal, tenant};

impl<D: Database, R: Fn(&mut [u8])> Service<'_, D, R> {
    pub(super) async fn write(&self, noun: Noun, verb: Verb, way: &Way<'_>) -> Result<Answer, Refusal> {
        // A revocation without a reason needs no body.
        let bare = verb == Verb::Revoke && !way.request.has_body();
        let body = if bare { serde_json::Map::new() } else { way.face.object(way.request, verb)? };
        let draft = way.face.read(noun, verb, body);
        let made = verb == Verb::Create;
        let key = if made { way.face.idempotency_key(way.request)? } else { None };
        let mut question = self.question(way)?;
        let (change, violations) = validate(&draft, noun, verb, way.face, &way.settings.token_prefix);
        question.asserted = draft.asserted;
        let token = self.ask(&mut question, verb, &change, &violations, way);
        if made {
            question.idempotency = key.map(|key| self.idempotency(&key, &question, token.as_ref(), way));
        }
        match noun {
            Noun::Tenant if made => {
                let outcome = tenant::create(&self.store, &question, violations).await?;
                Ok(self.shown(way, &Shown::Tenant(&self.arrive(way, &question, outcome)?.made)))
            }
            Noun::Tenant => {
                let outcome = tenant::update(&self.store, &question, violations).await?;
                Ok(self.shown(way, &Shown::Tenant(&self.arrive(way, &question, outcome)?)))
            }
            Noun::Principal if made => {
                let outcome = principal::create(&self.store, &question, violations).await?;
                Ok(self.shown(way, &Shown::Principal(&self.arrive(way, &question, outcome)?.made)))
            }
            Noun::Principal => {
                let outcome = principal::update(&self.store, &question, violations).await?;
                Ok(self.shown(way, &Shown::Principal(&self.arrive(way, &question, outcome)?)))
            }
            Noun::Credential if way.face.is_dry(way.request) => {
                question.dry = true;
                let outcome = credential::dry_run(&self.store, &question, violations).await?;
                let dry = self.arrive(way, &question, outcome)?;
                Ok(self.shown(way, &Shown::Dry(&dry)).with("etag", dry.before.etag()))
            }
            Noun::Credential if made => {
                let outcome = credential::create(&self.store, &question, violations).await?;
                let Made { made, replayed } = self.arrive(way, &question, outcome)?;
                let secret = match replayed {
                    None => token,
                    Some(sealed) => sealed.map(|sealed| self.open(way, &made, &sealed)).transpose()?,
                };
                self.show(way, &made, secret.as_ref())
            }
            Noun::Credential => {
                let outcome = credential::update(&self.store, &question, violations).await?;
                let once = token.as_ref().filter(|_| verb == Verb::Rotate);
                self.show(way, &self.arrive(way, &question, outcome)?, once)
            }
        }
    }

    /// A secret, sealed for the credential that it belongs to, where the path names its tenant by id.
    fn sealed(&self, token: &Token, question: &Question, way: &Way<'_>) -> Option<String> {
        let (Some(TenantRef::Id(Key(Some(tenant)))), Some(Key(Some(credential)))) =
            (&question.tenant, question.credential)
        else {
            return None;
        };
        let sealed = way.settings.keys.current.seal(token, *tenant, credential, self.random_bytes())?;
        Some(sealed.text)
    }

    /// A change of a credential that needs no body.
    pub(super) async fn step(&self, way: &Way<'_>) -> Result<Answer, Refusal> {
        let mut question = self.question(way)?;
        match way.operation {
            Operation::FinishRotation => question.rotation = Some(Rotation::Finish),
            Operation::CancelRotation => question.rotation = Some(Rotation::Cancel),
            _ => question.set.extend(["revoked_at", "revoked_reason"].map(|field| (field.to_owned(), Value::Null))),
        }
        let outcome = credential::update(&self.store, &question, Vec::new()).await?;
        self.show(way, &self.arrive(way, &question, outcome)?, None)
    }

    /// The key under which a request makes something once.
    fn idempotency(&self, key: &str, question: &Question, token: Option<&Token>, way: &Way<'_>) -> Idempotency {
        let keys = &way.settings.keys.current;
        let sealed = token.and_then(|token| self.sealed(token, question, way));
        let body = match &way.request.body {
            Body::Bytes(bytes) => bytes.as_slice(),
            Body::TooLarge => &[],
        };
        let id = keys.digest("idempotency key", format!("{} {key}", way.request.path).as_bytes());
        Idempotency { id, body: keys.digest("idempotency body", body), sealed }
    }

    /// Puts a change into the question, and gives back the secret that it brings.
    fn ask(
        &self,
        question: &mut Question,
        verb: Verb,
        change: &Change,
        violations: &[Violation],
        way: &Way<'_>,
    ) -> Option<Token> {
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
        match (verb, &change.grace_seconds, &change.reason) {
            (Verb::Rotate, To::Set(seconds), _) => {
                question.rotation = Some(Rotation::Start);
                question.grace_seconds = Some(*seconds);
            }
            (Verb::Revoke, _, reason) => {
                let reason = if let To::Set(Some(reason)) = reason { reason.as_str().into() } else { Value::Null };
                question.set.insert("revoked_at".to_owned(), self.now.0.into());
                question.set.insert("revoked_reason".to_owned(), reason);
            }
            _ => {}
        }
        let secret = match &change.secret {
            To::Set(secret) => secret,
            To::Keep if question.rotation.is_some() => &NewSecret::Made,
            To::Keep => return None,
        };
        let token = match secret {
            NewSecret::Chosen(token) => token.clone(),
            NewSecret::Made => Token::make(&way.settings.token_prefix, self.new_id(), &self.random_bytes()),
        };
        let keys = &way.settings.keys;
        let (proof, proofs) = (keys.current.prove(&token), keys.prove(&token));
        let seals = way.face.shows_secrets() || question.rotation.is_some();
        let sealed = if seals { self.sealed(&token, question, way) } else { None };
        let (key, hint) = (keys.current.id().to_owned(), token.hint().to_owned());
        question.secret = Some(NewRow { id: proof.id, digest: proof.digest, proofs, key, sealed, hint });
        Some(token)
    }
}

/// Gives a new tenant its label: a slug of its name, numbered from 1 or, where it may not stand alone, from 2.
fn label_it(question: &mut Question) {
    let slug = slug(question.set.get("name").and_then(|name| name.as_str()).unwrap_or_default());
    // A label that reads as an id would shadow that id.
    question.set.insert("first".to_owned(), if Id::parse_either(&slug).is_some() { 2 } else { 1 }.into());
    question.set.insert("slug".to_owned(), slug.into());
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
