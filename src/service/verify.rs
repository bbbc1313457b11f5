//! Verification: from memory where its evidence is young enough, else from the database.

use super::context::RequestContext;
use super::decision::Decided;
use super::lease::Due;
use super::memory::{Entry, Era, Key, Kind, Remembered};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::credential::field::Violation;
use crate::credential::role::{Needs, Role};
use crate::credential::time::Micros;
use crate::operation::{Evidence, Inquiries, Inquiry, ReadInquiry, RenderVerified, Source, Verified};
use crate::refusal::Refusal;
use crate::store::Database;
use crate::store::command::{Act, Command, Target};
use crate::store::lease::TENANTS_MAX;
use crate::store::verdict::{Judged, Outcome};
use crate::store::verify::{Of, Reads, Subject, verify};

/// The tokens to verify in one request.
pub(super) struct Question {
    /// The caller, and the claims of every token.
    pub command: Command,
    pub items: Vec<Item>,
    /// The bound on the age of the answer in seconds, if the request has one.
    pub staleness: Option<i64>,
    pub violations: Vec<Violation>,
}

/// A token to verify.
pub(super) struct Item {
    /// The key of the token in memory, if it has one.
    key: Option<Key>,
    /// What the token needs: all of these.
    needs: Vec<Needs>,
}

impl Question {
    pub fn new(command: Command, staleness: Option<i64>) -> Self {
        Self { command, items: Vec::new(), staleness, violations: Vec::new() }
    }

    /// Adds a token. A malformed one and the root token have no claims: they are reported as unknown.
    pub fn add(&mut self, token: Option<Caller>, needs: Vec<Needs>, keys: usize) {
        let key = token.as_ref().and_then(|token| Key::new(Kind::Subject, token, keys));
        let item = self.items.len();
        self.command.claims.extend(token.into_iter().flat_map(|token| token.claims(item, keys)));
        self.items.push(Item { key, needs });
    }

    /// Returns the bound of the request and of the caller's tenant, in seconds. The root token has no tenant.
    fn bound(&self, judged: &Judged) -> i64 {
        let by_tenant = if self.command.caller.is_root() { i64::MAX } else { judged.staleness.unwrap_or_default() };
        self.staleness.unwrap_or(i64::MAX).min(by_tenant)
    }
}

/// The least time between two heartbeats.
const BEAT: i64 = 1_000_000;

/// What was found about a token, and on what evidence.
type Found = (Option<Subject>, Evidence);

impl<D: Database, R: Fn(&mut [u8])> RequestContext<'_, D, R> {
    pub(super) async fn verify(
        &self,
        (read, render): (ReadInquiry, RenderVerified),
    ) -> Result<Decided<Answer>, Refusal> {
        let parsed = self.read(read, (Target::Caller, Act::Read))?;
        let Inquiries { items, staleness, violations } = parsed.input;
        let mut question = Question::new(parsed.command, staleness);
        question.command.invalid = !violations.is_empty();
        question.violations = violations;
        for Inquiry { token, needs } in items {
            let token = Caller::bearer(&token, self.settings, self.now).ok();
            question.add(token, needs, self.settings.keys.len());
        }
        let decided = self.verified(question).await?;
        Ok(self.rendered(decided, |context, verified| render(context, verified)))
    }

    /// Verifies the tokens of a question.
    pub(super) async fn verified(&self, mut question: Question) -> Result<Decided<Vec<Verified>>, Refusal> {
        let era = self.memory.era(self.now);
        let (mut due, mut beats) = (Vec::new(), false);
        let outcome = if let Some((outcome, old)) = self.remembered(&question) {
            due = old;
            outcome
        } else if let Some(outcome) = self.near(&question, era).await {
            outcome
        } else {
            let outcome = self.looked_up(&mut question, era).await?;
            // So that replicas show how far they have come, for those who accept an older answer.
            let is_over = outcome.judged.heartbeat.is_none_or(|at| at.0.saturating_add(BEAT) < self.now.0);
            let has_bound = outcome.result.iter().flatten().any(|(_, evidence)| evidence.bound > 0);
            beats = self.settings.near.is_some() && is_over && has_bound;
            outcome
        };
        let Question { command, items, .. } = question;
        Ok(self.judged(&command, outcome).and_then(|known, found| {
            known.due = due;
            known.beats = beats;
            let used = found.iter().filter_map(|(subject, _)| subject.as_ref());
            if let Some(deferred) = &mut known.deferred {
                for subject in used.clone().filter(|subject| subject.is_unnoted) {
                    match subject.secret {
                        Some(secret) => deferred.used.push(secret),
                        None => deferred.owners.push((subject.tenant, subject.credential)),
                    }
                }
                deferred.rekeyed.extend(used.filter_map(|subject| self.rekey_subject(subject)));
            }
            let verified = |((subject, evidence), Item { needs, .. }): (Found, Item)| {
                let has = |role: &Role| subject.as_ref().is_some_and(|subject| subject.has(role));
                let failed = || needs.iter().flat_map(|needs| needs.failed(has)).cloned().collect();
                Verified { failed: (!needs.is_empty()).then(failed), subject, evidence }
            };
            Ok(found.into_iter().zip(items).map(verified).collect())
        }))
    }

    /// Answers a question from memory: all of it, or nothing. Returns the leases to extend, too.
    fn remembered(&self, question: &Question) -> Option<(Outcome<Vec<Found>>, Vec<Due>)> {
        let has_key = question.items.iter().any(|item| item.key.is_some());
        if question.staleness == Some(0) || question.command.invalid || !has_key {
            return None;
        }
        let now = self.now;
        let recall = |key: &Key| self.memory.get(key).filter(|entry| entry.as_of <= now);
        let (judged, caller_as_of) = if question.command.caller.is_root() {
            (Judged::root(), now)
        } else {
            let Entry { as_of, value: Remembered::Caller(judged) } = recall(&self.caller_key(question)?)? else {
                return None;
            };
            (*judged, as_of)
        };
        let is_permitted = judged.rank.is_some_and(|rank| rank >= self.route.right);
        if !is_permitted || judged.ends(question.command.caller.access_end()).is_over(now) {
            return None;
        }
        let caller_bound = question.bound(&judged);
        let find = |(index, item): (usize, &Item)| {
            let Some(claim) = question.command.claims.iter().find(|claim| claim.item == index) else {
                // Nothing that the database has could match.
                let evidence = Evidence { as_of: now, age: Micros(0), bound: 0, source: Source::Memory };
                return is_fresh(now, caller_as_of, caller_bound).then_some((None, evidence));
            };
            let Entry { as_of, value: Remembered::Subject(mut subject) } = recall(item.key.as_ref()?)? else {
                return None;
            };
            subject.ends.access = claim.access_end();
            let as_of = as_of.min(caller_as_of);
            let bound = caller_bound.min(subject.staleness);
            let age = Micros(now.0.saturating_sub(as_of.0));
            let is_known = is_fresh(now, as_of, bound) && !subject.ends.is_over(now) && judged.may_see(subject.tenant);
            is_known.then_some((Some(*subject), Evidence { as_of, age, bound, source: Source::Memory }))
        };
        let found = question.items.iter().enumerate().map(find).collect::<Option<Vec<_>>>()?;
        let due = self.due(question, &found);
        Some((Outcome { judged, result: Ok(found) }, due))
    }

    /// Returns the leases of what is older than a third of its bound.
    fn due(&self, question: &Question, found: &[Found]) -> Vec<Due> {
        let caller = self.caller_key(question);
        let mut due = Vec::new();
        for (item, (_, evidence)) in question.items.iter().zip(found) {
            let from = Micros(self.now.0.saturating_sub(evidence.bound.saturating_mul(1_000_000) / 3));
            if evidence.as_of < from {
                for key in caller.iter().chain(&item.key) {
                    due.extend(self.memory.due(key, from, self.now));
                }
            }
        }
        due.truncate(TENANTS_MAX);
        due
    }

    /// Answers a question from a replica: if every token is valid there, and what is known of it young enough. What is unknown or not
    /// valid there may be so no more in the primary.
    async fn near(&self, question: &Question, era: Era) -> Option<Outcome<Vec<Found>>> {
        let near = self.near.as_ref()?;
        // Where the bound is 0 by the tenants, the default, a replica would only add a round trip. A caller with another one is remembered.
        let is_known = || self.caller_key(question).is_some_and(|key| self.memory.get(&key).is_some());
        let accepts_older = question.staleness.map_or_else(is_known, |staleness| staleness > 0);
        if !accepts_older || question.command.invalid || question.command.claims.is_empty() {
            return None;
        }
        let items = question.items.len();
        let found = verify(Of::Near(near), &question.command, items, Reads::Heartbeat, Vec::new()).await;
        let Outcome { judged, result: Ok(subjects) } = found.ok()? else { return None };
        // Every change from before the heartbeat is there. Its clock and this one differ by less than the margin.
        let as_of = Micros(judged.heartbeat?.0.saturating_sub(self.settings.margin()));
        let caller_bound = question.bound(&judged);
        let evidence = |subject: Option<Subject>, index| {
            let bound = subject.as_ref().map_or(caller_bound, |subject| caller_bound.min(subject.staleness));
            let is_valid = subject.as_ref().is_some_and(|subject| subject.fault.is_none());
            let is_asked = question.command.claims.iter().any(|claim| claim.item == index);
            let age = Micros(self.now.0.saturating_sub(as_of.0));
            let is_known = is_fresh(self.now, as_of, bound) && is_valid == is_asked;
            is_known.then_some((subject, Evidence { as_of, age, bound, source: Source::Replica }))
        };
        let found: Vec<_> =
            subjects.into_iter().zip(0..).map(|(subject, index)| evidence(subject, index)).collect::<Option<_>>()?;
        self.remember(question, (era, as_of), &judged, Some(&found));
        Some(Outcome { judged, result: Ok(found) })
    }

    /// Answers a question from the database, and remembers what is valid.
    async fn looked_up(&self, question: &mut Question, era: Era) -> Result<Outcome<Vec<Found>>, Refusal> {
        // From before the batch: what is committed before is in its answer.
        let as_of = self.now;
        let violations = std::mem::take(&mut question.violations);
        let items = question.items.len();
        let Outcome { judged, result } =
            verify(Of::Primary(&self.store), &question.command, items, self.reads(question), violations).await?;
        let caller_bound = question.bound(&judged);
        let result = result.map(|subjects| {
            let found = |subject: Option<Subject>| {
                let bound = subject.as_ref().map_or(0, |subject| caller_bound.min(subject.staleness));
                (subject, Evidence { as_of, age: Micros(0), bound, source: Source::Primary })
            };
            subjects.into_iter().map(found).collect::<Vec<_>>()
        });
        self.remember(question, (era, as_of), &judged, result.as_deref().ok());
        Ok(Outcome { judged, result })
    }

    /// Returns what the database also reads for a question.
    fn reads(&self, question: &Question) -> Reads {
        match (question.staleness, self.settings.near) {
            (Some(0), _) => Reads::Nothing,
            (_, None) => Reads::Bounds,
            (_, Some(_)) => Reads::Heartbeat,
        }
    }

    /// Remembers what is valid as of a time, and forgets what is not, or has a bound of 0. `found` is `None` if the caller was refused.
    fn remember(&self, question: &Question, (era, as_of): (Era, Micros), judged: &Judged, found: Option<&[Found]>) {
        let reads_bounds = self.reads(question) != Reads::Nothing;
        let subjects = || found.into_iter().flatten().filter_map(|(subject, _)| subject.as_ref());
        if let Some(key) = self.caller_key(question) {
            if found.is_some() && judged.staleness.is_some_and(|staleness| staleness > 0) {
                let value = Remembered::Caller(Box::new(judged.remembered()));
                let of_tenant = subjects().find(|subject| Some(subject.tenant) == judged.caller_tenant);
                self.memory.keep(era, key, Entry { as_of, value }, of_tenant.and_then(|subject| subject.position));
            } else if !judged.is_authenticated() || (reads_bounds && judged.staleness == Some(0)) {
                self.memory.forget(&key, as_of, judged);
            }
        }
        for ((subject, _), item) in found.into_iter().flatten().zip(&question.items) {
            let Some(key) = &item.key else { continue };
            match subject {
                Some(subject) if subject.fault.is_none() && subject.staleness > 0 => {
                    let value = Remembered::Subject(Box::new(subject.remembered()));
                    self.memory.keep(era, key.clone(), Entry { as_of, value }, subject.position);
                }
                Some(subject) if subject.fault.is_none() && !reads_bounds => {}
                Some(_) | None => self.memory.forget(key, as_of, judged),
            }
        }
    }

    fn caller_key(&self, question: &Question) -> Option<Key> {
        Key::new(Kind::Caller, &question.command.caller, self.settings.keys.len())
    }
}

/// Returns whether evidence is at most as old as a bound in seconds. With 0, none is, nor is any from the future.
fn is_fresh(now: Micros, as_of: Micros, bound: i64) -> bool {
    bound > 0 && (0..=bound.saturating_mul(1_000_000)).contains(&now.0.saturating_sub(as_of.0))
}
