//! Writes of one resource: reads the body, builds the command and the secret, and renders the result.

use super::context::{RequestContext, Service};
use super::decide::all;
use super::decision::Decided;
use super::read::{Body, ParsedRequest};
use super::render::view;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::credential::field::{Field, Location, Noun, Rule, Verb, Violation};
use crate::credential::id::Id;
use crate::credential::secret::Token;
use crate::credential::table::{GRACE_MAX, OWN_GRACE_MIN};
use crate::credential::validate::{Change, NewSecret, validate};
use crate::face::Revealed;
use crate::refusal::Refusal;
use crate::request;
use crate::store::command::{Act, Command, Idempotency, Key, Label, NewRow, Rotation, Target, TenantRef, Times};
use crate::store::idempotency::{Made, Replayed};
use crate::store::verdict::Outcome;
use crate::store::{Database, credential, principal, tenant};

impl<D: Database, R: Fn(&mut [u8])> RequestContext<'_, D, R> {
    pub(super) async fn write(&self, noun: Noun, verb: Verb) -> Result<Decided<Answer>, Refusal> {
        let creates = verb == Verb::Create;
        let target = if creates { (all(noun), Act::Create) } else { (self.one(noun), Act::Change) };
        let ParsedRequest { input: Body { draft, key }, mut command } = self.read(|_| self.body(noun, verb), target)?;
        let (change, mut violations) = validate(&draft, noun, verb, self.face.dialect, &self.settings.token_prefix);
        if self.route.is_own() && change.grace_seconds.is_some_and(|seconds| seconds < OWN_GRACE_MIN) {
            let rule = Rule::NotInRange { min: OWN_GRACE_MIN, max: GRACE_MAX };
            violations.push(Violation { field: Field::GraceSeconds, location: Location::Whole, rule });
        }
        command.asserted = draft.asserted;
        let token = self.apply_change(&mut command, verb, change, &violations);
        command.idempotency = key.map(|key| self.idempotency(&key, &command, token.as_ref()));
        let Self { service: Service { store, .. }, face, .. } = self;
        match noun {
            Noun::Tenant => {
                let outcome = if creates {
                    tenant::create(store, &command, violations).await.map(without_replay)?
                } else {
                    tenant::update(store, &command, violations).await?
                };
                let decided = self.judged(&command, outcome);
                let id = decided.result.as_ref().ok().map(|tenant| tenant.id);
                Ok(self.located(id, self.rendered(decided, view(face.tenants)?.one)))
            }
            Noun::Principal => {
                let outcome = if creates {
                    principal::create(store, &command, violations).await.map(without_replay)?
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
                Ok(self.rendered(decided, |context, dry| render(context, dry, None)))
            }
            Noun::Credential => {
                let outcome = if creates {
                    credential::create(store, &command, violations).await?
                } else {
                    credential::update(store, &command, violations).await?
                };
                let decided = self.judged(&command, outcome).and_then(|known, made| {
                    let Made { made: credential, replayed } = made;
                    let is_own = command.target == Target::Own;
                    let now = replayed.as_ref().filter(|replayed| !replayed.is_own).and_then(|replayed| replayed.now);
                    if now.is_some_and(|(access, end)| known.is_exceeded_by(access, end)) {
                        return Err(Refusal::ForbiddenChange);
                    }
                    let secret = match replayed {
                        Some(Replayed { sealed, .. }) => {
                            let owner =
                                sealed_for(&command).filter(|_| is_own).unwrap_or((credential.tenant, credential.id));
                            sealed.map(|sealed| self.open(known, owner, &sealed)).transpose()?
                        }
                        // A creation and a rotation reveal the new secret on every face.
                        None if matches!(verb, Verb::Create | Verb::Rotate) => token,
                        None => return self.reveal(known, credential),
                    };
                    Ok(Revealed { credential, secret })
                });
                self.revealed(decided)
            }
        }
    }

    /// Encrypts a secret for its owner (`sealed_for`), if the request names the owner.
    fn sealed(&self, token: &Token, command: &Command) -> Option<String> {
        let (tenant, credential) = sealed_for(command)?;
        let sealed = self.settings.keys.current.seal(token, tenant, credential, self.random_bytes())?;
        Some(sealed.text)
    }

    /// Returns the digests of the key and of the body, and the sealed secret for a repeated request.
    fn idempotency(&self, key: &str, command: &Command, token: Option<&Token>) -> Idempotency {
        let keys = &self.settings.keys.current;
        let sealed = token.and_then(|token| self.sealed(token, command));
        let body = match &self.request.body {
            request::Body::Bytes(bytes) => bytes.as_slice(),
            request::Body::TooLarge | request::Body::Incomplete => &[],
        };
        let path = self.request.path;
        let text = match sealed_for(command).filter(|_| command.target == Target::Own) {
            // Only the secret that replaced itself may have the response again.
            Some((_, secret)) => format!("{path} {key} {secret}"),
            None => format!("{path} {key}"),
        };
        let id = keys.digest("idempotency key", text.as_bytes());
        Idempotency { id, body: keys.digest("idempotency body", body), sealed }
    }

    /// Puts a change into the command, and returns the new secret if it has one.
    fn apply_change(
        &self,
        command: &mut Command,
        verb: Verb,
        change: Change,
        violations: &[Violation],
    ) -> Option<Token> {
        command.invalid = !violations.is_empty();
        command.set = change.set;
        command.context = change.context;
        command.set_unrestricted();
        command.times = Times { created_at: change.created_at, updated_at: change.updated_at };
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
                | Target::Credential
                | Target::Own => {
                    command.credential = Some(key);
                    if let Some(principal) = command.principal {
                        // Created under the principal of the path.
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
        let secret = change.secret.filter(|_| change.makes_secret != Some(false));
        let secret = secret.or_else(|| command.rotation.map(|_| NewSecret::Made))?;
        let (token, hint) = match secret {
            NewSecret::Chosen(token) => (token, String::new()),
            NewSecret::Made => {
                let token = Token::make(&self.settings.token_prefix, self.new_id(), &self.random_bytes());
                let hint = token.hint().to_owned();
                (token, hint)
            }
        };
        let keys = &self.settings.keys;
        let (proof, proofs) = (keys.current.prove(&token), keys.prove(&token));
        // LiteGraph's face does not reveal a secret that replaced itself: it is sealed for its credential, which is not known yet.
        let seals = (self.face.reveals_secrets || command.rotation.is_some()) && command.target != Target::Own;
        let sealed = if seals { self.sealed(&token, command) } else { None };
        let key = keys.current.id().to_owned();
        command.secret = Some(NewRow { id: proof.id, digest: proof.digest, proofs, key, sealed, hint });
        Some(token)
    }
}

/// Returns the tenant and the credential that a new secret is encrypted for. `None` unless the path names the tenant by
/// id. The database finds the caller's own credential: there, the caller's secret stands for both.
fn sealed_for(command: &Command) -> Option<(Id, Id)> {
    if command.target == Target::Own {
        let Caller::Secret { proofs, .. } = &command.caller else { return None };
        return proofs.first().map(|proof| (proof.id, proof.id));
    }
    let (Some(TenantRef::Id(Key(tenant))), Some(Key(credential))) = (&command.tenant, command.credential) else {
        return None;
    };
    tenant.zip(credential)
}

/// Drops the sealed secret of a replay, which only credentials have.
fn without_replay<T>(Outcome { judged, result }: Outcome<Made<T>>) -> Outcome<T> {
    Outcome { judged, result: result.map(|made| made.made) }
}

/// Sets the label of a new tenant: a slug of its name, with a number from 2 if needed.
fn assign_label(command: &mut Command) {
    let slug = slug(command.set.get("name").and_then(|name| name.as_str()).unwrap_or_default());
    // A label that can be parsed as an id would shadow that id, so it always gets a number.
    let first = if Id::parse_either(&slug).is_some() { 2 } else { 1 };
    command.label = Some(Label { slug, first });
}

/// Returns the lower-case letters and digits of a name, separated by hyphens: at most 200 characters.
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
    fn label_is_a_slug_of_the_name() {
        for (name, label) in
            [("Acme", "acme"), ("  Acme, Inc.  (EU) ", "acme-inc-eu"), ("Ünï", "n"), ("日本", "organization")]
        {
            assert_eq!(slug(name), label);
        }
        assert_eq!(slug(&"ab ".repeat(100)).len(), 200);
    }
}
