//! The second step: asks the database once, and returns what it decided.

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::context::{RequestContext, Service};
use super::decision::{Decided, Decision, view};
use super::read::{Given, Scope};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::credential::field::{Noun, Verb};
use crate::credential::secret::Token;
use crate::face::render_access;
use crate::operation::{
    HistoryPage, Inquiry, Operation, ReadHistory, ReadInquiry, ReadLogIn, ReadNothing, RenderHistory, RenderRoles,
    RenderVerified, Verified,
};
use crate::refusal::Refusal;
use crate::store::delete::{DELETE_MAX, delete};
use crate::store::question::{Act, By, On, Order, Page, Question, Rotation};
use crate::store::verify::verify;
use crate::store::{Database, credential, history, principal, tenant};

/// One thing of a noun, as the target of an operation.
pub(super) fn one(noun: Noun) -> On {
    match noun {
        Noun::Tenant => On::Tenant,
        Noun::Principal => On::Principal,
        Noun::Credential => On::Credential,
    }
}

/// All things of a noun, or a new one, as the target of an operation.
pub(super) fn all(noun: Noun) -> On {
    match noun {
        Noun::Tenant => On::Tenants,
        Noun::Principal => On::Principals,
        Noun::Credential => On::Credentials,
    }
}

/// Reads nothing beside the caller and the scope.
pub(super) const NOTHING: ReadNothing = |_| Ok(());

impl<D: Database, R: Fn(&mut [u8])> Service<'_, D, R> {
    pub(super) async fn find(&self, context: &RequestContext<'_>, noun: Noun) -> Result<Decision, Refusal> {
        let Given { scope, .. } = self.read(context, NOTHING)?;
        let question = self.question(context, scope, one(noun), Act::Read);
        Ok(match noun {
            Noun::Tenant => {
                let found = tenant::find(&self.store, &question).await?;
                self.judged(context, &question, found).rendered(view(context.face)?.one)
            }
            Noun::Principal => {
                let found = principal::find(&self.store, &question).await?;
                self.judged(context, &question, found).rendered(view(context.face)?.one)
            }
            Noun::Credential => {
                let found = credential::find(&self.store, &question).await?;
                self.credential(context, self.judged(context, &question, found))?
            }
        })
    }

    /// Deletes what the question is on. `noun` is what may be missing.
    pub(super) async fn delete(&self, context: &RequestContext<'_>, on: On, noun: Noun) -> Result<Decision, Refusal> {
        let Given { scope, .. } = self.read(context, NOTHING)?;
        let mut question = self.question(context, scope, on, Act::Delete);
        question.bound = Some(DELETE_MAX);
        question.force = context.is_set("force");
        let outcome = delete(&self.store, &question).await?;
        let Decided { known, mut result } = self.judged(context, &question, outcome);
        if context.face.delete_is_idempotent && result == Err(Refusal::Missing(noun)) {
            result = Ok(());
        }
        let decided = Decided { known, result }.and_then(|_, ()| Ok(context.face.deleted));
        Ok(decided.rendered(|_, (status, body)| Answer::new(*status, (*body).to_owned())))
    }

    /// Changes a credential without a body: a step of its rotation, or else its restoration.
    pub(super) async fn step(
        &self,
        context: &RequestContext<'_>,
        rotation: Option<Rotation>,
    ) -> Result<Decision, Refusal> {
        let Given { scope, .. } = self.read(context, NOTHING)?;
        let mut question = self.question(context, scope, On::Credential, Act::Change);
        question.rotation = rotation;
        if rotation.is_none() {
            question.set.extend(["revoked_at", "revoked_reason"].map(|field| (field.to_owned(), Value::Null)));
        }
        let outcome = credential::update(&self.store, &question, Vec::new()).await?;
        self.credential(context, self.judged(context, &question, outcome))
    }

    pub(super) async fn history(
        &self,
        context: &RequestContext<'_>,
        (read, render): (ReadHistory, RenderHistory),
    ) -> Result<Decision, Refusal> {
        let Given { input: HistoryPage { limit, from }, scope } = self.read(context, read)?;
        let mut question = self.question(context, scope, On::Events, Act::Read);
        let mut page = Page::first(Order { by: By::Id, descending: true }, limit);
        page.from = question.credential.take();
        question.page = Some(page);
        question.seq = from;
        let outcome = history::page(&self.store, &question).await?;
        Ok(self.judged(context, &question, outcome).rendered(render))
    }

    pub(super) async fn verify(
        &self,
        context: &RequestContext<'_>,
        (read, render): (ReadInquiry, RenderVerified),
    ) -> Result<Decision, Refusal> {
        let Given { input: Inquiry { token, needs, violations }, scope } = self.read(context, read)?;
        let mut question = self.question(context, scope, On::Caller, Act::Read);
        question.subject = Caller::presented(&token, context.settings, self.now);
        question.invalid = !violations.is_empty();
        let outcome = verify(&self.store, &question, violations).await?;
        let decided = self.judged(context, &question, outcome).and_then(|known, subject| {
            if let (Some(used), Some(deferred)) =
                (subject.as_ref().and_then(|subject| subject.used), &mut known.deferred)
            {
                deferred.used.push(used);
            }
            let allowed = needs.map(|needed| subject.as_ref().is_some_and(|subject| subject.may(&needed)));
            Ok(Verified { subject, allowed })
        });
        Ok(decided.rendered(render))
    }

    pub(super) async fn roles(
        &self,
        context: &RequestContext<'_>,
        (read, render): (ReadNothing, RenderRoles),
    ) -> Result<Decision, Refusal> {
        let Given { scope, .. } = self.read(context, read)?;
        let question = self.question(context, scope, On::Tenant, Act::Read);
        let outcome = credential::judged(&self.store, &question).await?;
        let names = outcome.judged.role_names.as_deref().and_then(|names| serde_json::from_str(names).ok());
        let decided = self.judged(context, &question, outcome);
        Ok(decided.and_then(|_, ()| Ok(names.unwrap_or_default())).rendered(render))
    }

    pub(super) async fn log_in(&self, context: &RequestContext<'_>, read: ReadLogIn) -> Result<Decision, Refusal> {
        let scope = Scope::of_caller(read(context.request, context.settings)?);
        let question = self.question(context, scope, On::Caller, Act::Read);
        let outcome = credential::judged(&self.store, &question).await?;
        let secret = outcome.judged.caller_secret.zip(outcome.judged.secret_made);
        let decided = self.judged(context, &question, outcome).and_then(|_, ()| {
            let (secret, made) = secret.ok_or_else(|| Refusal::Broken("a caller without a secret".to_owned()))?;
            let settings = context.settings;
            Ok(settings.keys.current.issue_access(&settings.token_prefix, secret, made, self.now))
        });
        Ok(decided.rendered(|_, token| render_access(token)))
    }

    /// The question of a request, before anything of its input is in it.
    pub(super) fn question(&self, context: &RequestContext<'_>, scope: Scope, on: On, act: Act) -> Question {
        let Scope { caller, tenant, principal, credential, token } = scope;
        // What cannot be a token is one that no credential has.
        let proofs = |text: Zeroizing<String>| {
            let token = Token::read(&text, &context.settings.token_prefix).ok();
            token.map_or_else(Vec::new, |token| context.settings.keys.prove(&token))
        };
        let RequestContext { request, route, face, .. } = context;
        Question {
            now: self.now,
            caller,
            tenant,
            principal,
            credential,
            bearer: token.map(proofs),
            on,
            act,
            need: route.right,
            if_match: request.if_match(),
            // A read is answered without it, and then told 304.
            if_none_match: if matches!(act, Act::Change | Act::Delete) { request.if_none_match() } else { None },
            asserted: Map::new(),
            merges: route.operation == Operation::Write(Noun::Credential, Verb::Merge),
            active: face.says_active,
            rotation: None,
            grace_seconds: None,
            tells_secrets: face.lists_secrets,
            idempotency: None,
            subject: None,
            seq: None,
            page: None,
            bound: None,
            force: false,
            dry: false,
            invalid: false,
            set: Map::new(),
            context: None,
            role_names: Vec::new(),
            secret: None,
            change: context.change,
            request: context.id.to_owned(),
        }
    }
}
