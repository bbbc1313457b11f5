//! Writes of one thing: its body, the command that is asked of it, the secret that it brings, and what came of it.

use super::context::{RequestContext, Service};
use super::decide::{all, one};
use super::decision::Decided;
use super::read::{Body, ParsedRequest};
use super::render::view;
use crate::answer::Answer;
use crate::credential::field::{Noun, Verb, Violation};
use crate::credential::id::Id;
use crate::credential::secret::Token;
use crate::credential::validate::{Change, NewSecret, validate};
use crate::face::Revealed;
use crate::refusal::Refusal;
use crate::request;
use crate::store::command::{Act, Command, Idempotency, Key, Label, NewRow, Rotation, Target, TenantRef, Times};
use crate::store::idempotency::Made;
use crate::store::verdict::Outcome;
use crate::store::{Database, credential, principal, tenant};

impl<D: Database, R: Fn(&mut [u8])> RequestContext<'_, D, R> {
    pub(super) async fn write(&self, noun: Noun, verb: Verb) -> Result<Decided<Answer>, Refusal> {
        let made = verb == Verb::Create;
        let target = if made { (all(noun), Act::Create) } else { (one(noun), Act::Change) };
        let ParsedRequest { input: Body { draft, key }, mut command } = self.read(|_| self.body(noun, verb), target)?;
        let (change, violations) = validate(&draft, noun, verb, self.face.dialect, &self.settings.token_prefix);
        command.asserted = draft.asserted;
        let token = self.ask(&mut command, verb, change, &violations);
        command.idempotency = key.map(|key| self.idempotency(&key, &command, token.as_ref()));
        let Self { service: Service { store, .. }, face, .. } = self;
        match noun {
            Noun::Tenant => {
                let outcome = if made {
                    tenant::create(store, &command, violations).await.map(made_now)?
                } else {
                    tenant::update(store, &command, violations).await?
                };
                let decided = self.judged(&command, outcome);
                let id = decided.result.as_ref().ok().map(|tenant| tenant.id);
                Ok(self.located(id, self.rendered(decided, view(face.tenants)?.one)))
            }
            Noun::Principal => {
                let outcome = if made {
                    principal::create(store, &command, violations).await.map(made_now)?
                } else {
                    principal::update(store, &command, violations).await?
                };
                let decided = self.judged(&command, outcome);
                let id = decided.result.as_ref().ok().map(|principal| principal.id);
                Ok(self.located(id, self.rendered(decided, view(face.principals)?.one)))
            }
            Noun::Credential if let Some(render) = self.route.dry_run.filter(|_| self.is_set("dry_run")) => {
                command.dry = true;
                let outcome = credential::dry_run(store, &command, violations).await?;
                let decided = self.judged(&command, outcome);
                Ok(self.rendered(decided, render))
            }
            Noun::Credential if made => {
                let outcome = credential::create(store, &command, violations).await?;
                let decided = self.judged(&command, outcome).and_then(|known, made| {
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
                let outcome = credential::update(store, &command, violations).await?;
                let decided = self.judged(&command, outcome).and_then(|known, credential| {
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
    fn sealed(&self, token: &Token, command: &Command) -> Option<String> {
        let (Some(TenantRef::Id(Key(Some(tenant)))), Some(Key(Some(credential)))) =
            (&command.tenant, command.credential)
        else {
            return None;
        };
        let sealed = self.settings.keys.current.seal(token, *tenant, credential, self.random_bytes())?;
        Some(sealed.text)
    }

    /// The key under which a request makes something once.
    fn idempotency(&self, key: &str, command: &Command, token: Option<&Token>) -> Idempotency {
        let keys = &self.settings.keys.current;
        let sealed = token.and_then(|token| self.sealed(token, command));
        let body = match &self.request.body {
            request::Body::Bytes(bytes) => bytes.as_slice(),
            request::Body::TooLarge | request::Body::Incomplete => &[],
        };
        let id = keys.digest("idempotency key", format!("{} {key}", self.request.path).as_bytes());
        Idempotency { id, body: keys.digest("idempotency body", body), sealed }
    }

    /// Puts a change into the command, and gives back the secret that it brings.
    fn ask(&self, command: &mut Command, verb: Verb, change: Change, violations: &[Violation]) -> Option<Token> {
        command.invalid = !violations.is_empty();
        command.set = change.set;
        command.set_unrestricted();
        command.times = Times { created_at: change.created_at, updated_at: change.updated_at };
        command.context = change.context;
        command.role_names = change.named_roles;
        if command.act == Act::Create {
            let key = Key(Some(change.id.unwrap_or_else(|| self.new_id())));
            match command.target {
                Target::Tenants => {
                    command.tenant = Some(TenantRef::Id(key));
                    assign_label(command);
                }
                Target::Principals => command.principal = Some(key),
                Target::Caller
                | Target::Tenant
                | Target::Principal
                | Target::Events
                | Target::Credentials
                | Target::Credential => {
                    command.credential = Some(key);
                    if let Some(principal) = command.principal {
                        // Made under the principal of the path.
                        command.set.insert("principal".to_owned(), principal.0.unwrap_or(Id::ZERO).to_string().into());
                    }
                }
            }
        }
        match (verb, change.grace_seconds) {
            (Verb::Rotate, Some(seconds)) => {
                command.rotation = Some(Rotation::Start);
                command.grace_seconds = Some(seconds);
            }
            (Verb::Revoke, _) => {
                command.set.insert("revoked_at".to_owned(), self.now.0.into());
                command.set.insert("revoked_reason".to_owned(), change.reason.into());
            }
            (Verb::Create | Verb::Replace | Verb::Merge, _) | (Verb::Rotate, None) => {}
        }
        let secret = change.secret.or_else(|| command.rotation.map(|_| NewSecret::Made))?;
        let token = match secret {
            NewSecret::Chosen(token) => token,
            NewSecret::Made => Token::make(&self.settings.token_prefix, self.new_id(), &self.random_bytes()),
        };
        let keys = &self.settings.keys;
        let (proof, proofs) = (keys.current.prove(&token), keys.prove(&token));
        let seals = self.face.reveals_secrets || command.rotation.is_some();
        let sealed = if seals { self.sealed(&token, command) } else { None };
        let (key, hint) = (keys.current.id().to_owned(), token.hint().to_owned());
        command.secret = Some(NewRow { id: proof.id, digest: proof.digest, proofs, key, sealed, hint });
        Some(token)
    }
}

/// An outcome without what is kept for an `Idempotency-Key`.
fn made_now<T>(Outcome { judged, result }: Outcome<Made<T>>) -> Outcome<T> {
    Outcome { judged, result: result.map(|made| made.made) }
}

/// Gives a new tenant its label: a slug of its name, numbered from 1 or, where it may not stand alone, from 2.
fn assign_label(command: &mut Command) {
    let slug = slug(command.set.get("name").and_then(|name| name.as_str()).unwrap_or_default());
    // A label that reads as an id would shadow that id.
    let first = if Id::parse_either(&slug).is_some() { 2 } else { 1 };
    command.label = Some(Label { slug, first });
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
