//! The second step: sends one database command, and returns the decision.

use serde_json::Value;

use super::context::RequestContext;
use super::decision::Decided;
use super::read::ParsedRequest;
use super::render::view;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::credential::end::Ends;
use crate::credential::field::Noun;
use crate::credential::role::{is_same_scope, scope};
use crate::credential::secret::{ACCESS_SECONDS, Access, AccessOf, access_end};
use crate::face::render_access;
use crate::operation::{
    HistoryPage, LogIn, LogInBy, ReadHistory, ReadLogIn, ReadNothing, Ready, Render, RenderContext,
};
use crate::refusal::{Refusal, Unreadable};
use crate::store::command::{Act, Order, Page, Rotation, SortKey, Target};
use crate::store::delete::{DELETE_MAX, delete};
use crate::store::idempotency::Made;
use crate::store::verdict::Judged;
use crate::store::{Database, credential, history, principal, ready, tenant};

/// Returns the target for all resources of a noun, or a new one.
pub(super) fn all(noun: Noun) -> Target {
    match noun {
        Noun::Tenant => Target::Tenants,
        Noun::Principal => Target::Principals,
        Noun::Credential => Target::Credentials,
    }
}

/// The reader of an operation without input.
pub(super) const NO_INPUT: ReadNothing = |_| Ok(());

impl<D: Database, R: Fn(&mut [u8])> RequestContext<'_, D, R> {
    pub(super) async fn find(&self, noun: Noun) -> Result<Decided<Answer>, Refusal> {
        let ParsedRequest { command, .. } = self.read(NO_INPUT, (self.one(noun), Act::Read))?;
        Ok(match noun {
            Noun::Tenant => {
                let found = tenant::find(&self.store, &command).await?;
                self.rendered(self.judged(&command, found), view(self.face.tenants)?.one)
            }
            Noun::Principal => {
                let found = principal::find(&self.store, &command).await?;
                self.rendered(self.judged(&command, found), view(self.face.principals)?.one)
            }
            Noun::Credential => {
                let found = credential::find(&self.store, &command).await?;
                self.credential(self.judged(&command, found))?
            }
        })
    }

    /// Deletes the target. On a face with idempotent deletion, a missing resource of this noun is a success.
    pub(super) async fn delete(&self, target: Target, noun: Noun) -> Result<Decided<Answer>, Refusal> {
        let ParsedRequest { mut command, .. } = self.read(NO_INPUT, (target, Act::Delete))?;
        command.bound = Some(DELETE_MAX);
        command.force = self.is_set("force");
        let outcome = delete(&self.store, &command).await?;
        let mut decided = self.judged(&command, outcome);
        if self.face.delete_is_idempotent && decided.result == Err(Refusal::Missing(noun)) {
            decided.result = Ok(());
        }
        let (status, body) = self.face.deleted;
        Ok(self.rendered(decided, move |_, ()| Answer::new(status, body.to_owned())))
    }

    /// Changes a credential without a body: finishes or cancels its rotation, or restores it if `rotation` is `None`.
    pub(super) async fn step(&self, rotation: Option<Rotation>) -> Result<Decided<Answer>, Refusal> {
        let ParsedRequest { mut command, .. } = self.read(NO_INPUT, (Target::Credential, Act::Change))?;
        command.rotation = rotation;
        if rotation.is_none() {
            command.set.extend(["revoked_at", "revoked_reason"].map(|field| (field.to_owned(), Value::Null)));
        }
        let outcome = credential::update(&self.store, &command, Vec::new()).await?;
        self.credential(self.judged(&command, outcome).and_then(|_, Made { made, .. }| Ok(made)))
    }

    pub(super) async fn history(
        &self,
        (read, render): (ReadHistory, Render<history::Events>),
    ) -> Result<Decided<Answer>, Refusal> {
        let ParsedRequest { input: HistoryPage { limit, from }, mut command } =
            self.read(read, (Target::Events, Act::Read))?;
        let mut page = Page::first(Order { key: SortKey::Id, descending: true }, limit);
        let (credential, principal) = (command.credential.take(), command.principal.take());
        page.noun = credential.map(|_| Noun::Credential).or(principal.map(|_| Noun::Principal));
        page.from = credential.or(principal);
        command.page = Some(page);
        command.seq = from;
        let outcome = history::page(&self.store, &command).await?;
        Ok(self.rendered(self.judged(&command, outcome), render))
    }

    /// Reports whether requests can be served, by checks that are at most a second old or still running.
    pub(super) async fn ready(&self, render: Render<Ready>) -> Result<Decided<Answer>, Refusal> {
        if self.readiness.begin(self.now) {
            self.readiness.keep(ready::check(&self.store, &self.settings.keys, self.now).await);
        }
        let checks = self.readiness.last();
        let caller = Caller::read(self.request.headers, self.face.token_header, self.settings, self.now);
        let shown = checks.filter(|_| caller.is_ok_and(|caller| caller.is_root()));
        if !checks.is_some_and(|checks| checks.passed()) {
            return Err(Refusal::NotReady(shown));
        }
        Ok(self.rendered(Decided::from(Ok(Ready { checks: shown })), render))
    }

    /// Renders a value from the verdict alone.
    pub(super) async fn verdict<T: 'static>(
        &self,
        (read, render): (ReadNothing, fn(&RenderContext<'_>, &T) -> Answer),
        target: Target,
        from_judged: fn(&Judged) -> T,
    ) -> Result<Decided<Answer>, Refusal> {
        let ParsedRequest { command, .. } = self.read(read, (target, Act::Read))?;
        let outcome = credential::judged(&self.store, &command).await?;
        let value = from_judged(&outcome.judged);
        let decided = self.judged(&command, outcome).and_then(|_, ()| Ok(value));
        Ok(self.rendered(decided, render))
    }

    pub(super) async fn log_in(&self, read: ReadLogIn) -> Result<Decided<Answer>, Refusal> {
        let LogIn { by, scope: requested } = read(self.request, self.settings)?;
        let requested = requested.as_deref().map(String::as_str);
        let caller = match by {
            LogInBy::Secret(caller) => caller,
            LogInBy::Assertion(assertion) => return self.exchange(assertion, requested).await,
        };
        let command = self.command(caller, (Target::Caller, Act::Read));
        let outcome = credential::judged(&self.store, &command).await?;
        let secret = outcome.judged.caller_secret.zip(outcome.judged.secret_made);
        let ends = outcome.judged.ends(None);
        let scope = scope(outcome.judged.roles.as_deref(), outcome.judged.role_names.as_deref().unwrap_or_default());
        Ok(self.judged(&command, outcome).and_then(|_, ()| {
            let (id, made) = secret.ok_or_else(|| Refusal::Broken("a caller without a secret".to_owned()))?;
            let access = Access { of: AccessOf::Secret { id, made }, end: access_end(self.now) };
            self.issued(access, ends, scope.as_deref(), requested)
        }))
    }

    /// Returns the response to a log-in, with a new access token. `ends` are those of the token, and of what it is issued for.
    pub(super) fn issued(
        &self,
        access: Access,
        ends: Ends,
        scope: Option<&str>,
        requested: Option<&str>,
    ) -> Result<Answer, Refusal> {
        if requested.is_some_and(|requested| !is_same_scope(requested, scope.unwrap_or_default())) {
            return Err(Refusal::Unreadable(Unreadable::Scope));
        }
        let token = self.settings.keys.current.issue_access(&self.settings.token_prefix, access);
        let expires_in = ends.seconds_left(self.now, ACCESS_SECONDS);
        Ok(render_access(&token, expires_in, scope.filter(|_| self.face.is_oauth)))
    }
}

/// Returns the tenant's catalogue of role names.
pub(super) fn role_names(judged: &Judged) -> Vec<String> {
    judged.role_names.clone().unwrap_or_default()
}
