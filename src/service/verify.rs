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
use crate::store::verify::{Position, Subject, verify};

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
        self.command.claims.extend(token.into_iter().flat_map(|token| token.claims(item)));
        self.items.push(Item { key, needs });
    }

    /// Returns the bound of the request and of the caller's tenant, in seconds. The root token has no tenant.
    fn bound(&self, judged: Option<&Judged>) -> i64 {
        let by_tenant = judged.map_or(i64::MAX, |judged| judged.staleness.unwrap_or_default());
        self.staleness.unwrap_or(i64::MAX).min(by_tenant)
    }
}

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
        let (outcome, due) = match self.remembered(&question) {
            Some(remembered) => remembered,
            None => (self.looked_up(&mut question, era).await?, Vec::new()),
        };
        let Question { command, items, .. } = question;
        Ok(self.judged(&command, outcome).and_then(|known, found| {
            known.due = due;
            let used = found.iter().filter_map(|(subject, _)| subject.as_ref());
            let used = used.filter(|subject| subject.is_unnoted).map(|subject| subject.secret);
            if let Some(deferred) = &mut known.deferred {
                deferred.used.extend(used);
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
        let caller_bound = question.bound(Some(&judged).filter(|_| !question.command.caller.is_root()));
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
            subject.is_unnoted = false;
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

    /// Answers a question from the database, and remembers what is valid.
    async fn looked_up(&self, question: &mut Question, era: Era) -> Result<Outcome<Vec<Found>>, Refusal> {
        let reads_bounds = question.staleness != Some(0);
        // From before the batch: what is committed before is in its answer.
        let as_of = self.now;
        let violations = std::mem::take(&mut question.violations);
        let items = question.items.len();
        let Outcome { judged, result } =
            verify(&self.store, &question.command, items, reads_bounds, violations).await?;
        let is_root = question.command.caller.is_root();
        let bound = question.bound(Some(&judged).filter(|_| !is_root));
        if let Some(key) = self.caller_key(question) {
            // Without a bound, nothing would be answered from memory.
            if result.is_ok() && judged.staleness.is_some_and(|staleness| staleness > 0) {
                let value = Remembered::Caller(Box::new(judged.remembered()));
                self.memory.keep(era, key, Entry { as_of, value }, position_of(&judged, &result));
            } else if !judged.is_authenticated() || (reads_bounds && judged.staleness == Some(0)) {
                self.memory.forget(&key, as_of, &judged);
            }
        }
        let result = result.map(|subjects| {
            let found = |(subject, item): (Option<Subject>, &Item)| {
                let bound = subject.as_ref().map_or(0, |subject| bound.min(subject.staleness));
                if let Some(key) = &item.key {
                    match &subject {
                        Some(subject) if subject.fault.is_none() => {
                            if subject.staleness > 0 {
                                let value = Remembered::Subject(Box::new(subject.clone()));
                                self.memory.keep(era, key.clone(), Entry { as_of, value }, subject.position);
                            } else if reads_bounds {
                                self.memory.forget(key, as_of, &judged);
                            }
                        }
                        Some(_) | None => self.memory.forget(key, as_of, &judged),
                    }
                }
                (subject, Evidence { as_of, age: Micros(0), bound, source: Source::Primary })
            };
            subjects.into_iter().zip(&question.items).map(found).collect()
        });
        Ok(Outcome { judged, result })
    }

    fn caller_key(&self, question: &Question) -> Option<Key> {
        Key::new(Kind::Caller, &question.command.caller, self.settings.keys.len())
    }
}

/// Returns the position in the history of the caller's tenant, as far as the tokens that were found tell it.
fn position_of(judged: &Judged, found: &Result<Vec<Option<Subject>>, Refusal>) -> Option<Position> {
    let mut subjects = found.iter().flatten().flatten();
    subjects.find(|subject| Some(subject.tenant) == judged.caller_tenant)?.position
}

/// Returns whether evidence is at most as old as a bound in seconds. With 0, none is.
fn is_fresh(now: Micros, as_of: Micros, bound: i64) -> bool {
    bound > 0 && now.0.saturating_sub(as_of.0) <= bound.saturating_mul(1_000_000)
}
