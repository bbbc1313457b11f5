//! Checks recorded responses and the history against the model.
//!
//! The history gives an order of the changes, which is verified: applied in this order, the model must return the
//! recorded responses and produce the recorded events, and the order must not contradict real time. Every other
//! operation (a read, a verification, an error, an update without a change) must match some state of the model between
//! its call and its return, and no earlier state than one observed before its call. So linearizability needs no
//! search: for each such operation the earliest matching state is the best choice.

use std::collections::BTreeMap;

use serde_json::Value;

use super::model::{Answer, Credential, Event, Kind, Op, Step, step};

/// An event, as returned by the history.
#[derive(Clone, Debug)]
pub struct Entry {
    pub seq: u64,
    pub request: String,
    /// The noun and the id of the event's resource.
    pub noun: String,
    pub id: String,
    pub by: String,
    pub event: Event,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// An acknowledged change is missing.
    Lost,
    /// An invalid token was reported as valid.
    StaleYes,
    /// No state explains an answer.
    Unexplained,
    /// The history has an event that was not requested, that differs from its request, or that is out of order.
    History,
}

/// A violation and its description.
pub type Violation = (What, String);

/// Checks a whole tenant: the operations on its credentials, and its events from the first one. `by` is the id of the
/// calling credential, which was created before all others and has not changed since. Root created the tenant and its
/// principals.
pub fn check(ops: &[Op], events: &[Entry], by: &str) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut events: Vec<_> = events.iter().collect();
    events.sort_by_key(|entry| entry.seq);
    if !events.iter().map(|entry| entry.seq).eq(1..=events.len() as u64) {
        violations.push((What::History, "the events of the tenant are not numbered from 1 without gaps".to_owned()));
    }
    let by_request: BTreeMap<_, _> =
        ops.iter().enumerate().flat_map(|(at, op)| op.requests.iter().map(move |request| (request, at))).collect();
    let mut batches: BTreeMap<usize, Vec<&Entry>> = BTreeMap::new();
    let of_set_up = |entry: &&Entry| entry.id == by || entry.noun != "credential" && entry.by == "root";
    for entry in events.into_iter().filter(|entry| !of_set_up(entry)) {
        match by_request.get(&entry.request) {
            Some(at) if entry.by == by || entry.by == "root" && ops[*at].chooses_token() => {
                batches.entry(*at).or_default().push(entry);
            }
            _ => violations.push((What::History, format!("an event without a request: {entry:?}"))),
        }
    }
    let mut by_credential: BTreeMap<&str, Vec<Happened>> = BTreeMap::new();
    for (at, op) in ops.iter().enumerate() {
        let batch = batches.remove(&at).unwrap_or_default();
        let entry = batch.first().map(|entry| entry.id.as_str());
        let Some(target) = op.target.as_deref().or(entry) else { continue };
        if let Some(other) = batch.iter().find(|entry| entry.id != target) {
            violations.push((What::History, format!("an event of another credential than the request's: {other:?}")));
        }
        by_credential.entry(target).or_default().push(Happened { op, batch });
    }
    for (id, happened) in by_credential {
        violations.extend(of_one(id, happened).err());
    }
    violations
}

/// An operation and its events.
struct Happened<'a> {
    op: &'a Op,
    batch: Vec<&'a Entry>,
}

/// Returns the first violation of a credential. After it, later operations have no state to compare with.
fn of_one(id: &str, happened: Vec<Happened>) -> Result<(), Violation> {
    let (mut changes, mut others): (Vec<_>, Vec<_>) = happened.into_iter().partition(|one| !one.batch.is_empty());
    changes.sort_by_key(|one| one.batch[0].seq);
    let mut states: Vec<Option<Credential>> = vec![None];
    let mut latest = (0, "");
    for Happened { op, batch } in &changes {
        if op.returned < latest.0 {
            return Err((What::History, format!("{id}: {op:?}\n  comes after {}, which was called later", latest.1)));
        }
        latest = latest.max((op.invoked, &op.requests[0]));
        let step = apply(id, states.last().and_then(Option::as_ref), op, batch);
        check_change(id, op, batch, &step)?;
        states.push(step.state);
    }
    // Without an answer and an event, the operation had no effect.
    others.retain(|one| one.op.answer.is_some());
    others.sort_by_key(|one| one.op.returned);
    // The time of each return, with the latest state observed by then.
    let mut seen: Vec<(u64, usize)> = Vec::new();
    for Happened { op, .. } in others {
        let before = seen.partition_point(|(returned, _)| *returned < op.invoked);
        let seen_before = before.checked_sub(1).map_or(0, |last| seen[last].1);
        let done_before = changes.iter().rposition(|one| one.op.returned < op.invoked).map_or(0, |at| at + 1);
        let first = seen_before.max(done_before);
        let last = changes.iter().position(|one| one.op.invoked > op.returned).unwrap_or(changes.len());
        let fits = |at: &usize| {
            let Step { answer, events, .. } = apply(id, states[*at].as_ref(), op, &[]);
            events.is_empty() && op.answer.as_ref().is_some_and(|given| differs(given, &answer).is_none())
        };
        let Some(at) = (first..=last).find(fits) else {
            return Err(unexplained(id, op, states.get(first..=last).unwrap_or_default()));
        };
        seen.push((op.returned, at.max(seen.last().map_or(0, |last| last.1))));
    }
    Ok(())
}

fn apply(id: &str, state: Option<&Credential>, op: &Op, batch: &[&Entry]) -> Step {
    let op = &Op { target: Some(id.to_owned()), ..op.clone() };
    let made = batch.iter().find(|entry| entry.event.action == "secret_created");
    step(state, op, made.and_then(|entry| entry.event.secret.as_deref()))
}

/// Compares a change with the model's step.
fn check_change(id: &str, op: &Op, batch: &[&Entry], step: &Step) -> Result<(), Violation> {
    let wrong = |words: String| Err((What::History, format!("{id}: {words}\n  of {op:?}")));
    if batch.iter().any(|entry| entry.request != batch[0].request) {
        return wrong("two requests with one Idempotency-Key both had an effect".to_owned());
    }
    if !batch.windows(2).all(|two| two[0].seq + 1 == two[1].seq) {
        return wrong(format!("events of one change that are not consecutive: {batch:?}"));
    }
    let sorted = |events: Vec<&Event>| {
        let mut events: Vec<_> = events.into_iter().cloned().collect();
        events.sort_by(|a, b| (a.action, &a.secret).cmp(&(b.action, &b.secret)));
        events
    };
    let (entry, due) = (sorted(batch.iter().map(|entry| &entry.event).collect()), sorted(step.events.iter().collect()));
    if entry != due {
        return wrong(format!("the history has {entry:?}\n  instead of {due:?}"));
    }
    // A generated secret contains its id.
    let made =
        batch.iter().find_map(|entry| entry.event.secret.as_ref().filter(|_| entry.event.action == "secret_created"));
    let token = op.answer.as_ref().and_then(|answer| answer.body["secret"].as_str());
    if let (Some(made), Some(token)) = (made, token)
        && !token.contains(made.as_str())
    {
        return wrong(format!("the returned secret is not {made}"));
    }
    match op.answer.as_ref().and_then(|given| differs(given, &step.answer)) {
        Some(words) => Err((What::Unexplained, format!("{id}: {words}\n  of {op:?}"))),
        None => Ok(()),
    }
}

/// The difference between an answer and the expected one, if any.
fn differs(given: &Answer, due: &Answer) -> Option<String> {
    if (given.status, &given.etag) != (due.status, &due.etag) {
        return Some(format!("{} {:?} instead of {} {:?}", given.status, given.etag, due.status, due.etag));
    }
    let due = due.body.as_object().into_iter().flatten();
    let another = due.filter(|(member, value)| given.body.get(member).unwrap_or(&Value::Null) != *value);
    let words: Vec<_> = another.map(|(member, value)| format!("{member} is not {value}")).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

fn unexplained(id: &str, op: &Op, states: &[Option<Credential>]) -> Violation {
    let answer = op.answer.as_ref();
    let done = answer.is_some_and(|answer| answer.status < 300);
    let what = match op.kind {
        Kind::Verify(_) if answer.is_some_and(|answer| answer.body["active"] == true) => What::StaleYes,
        Kind::ReadBy(_) if done => What::StaleYes,
        Kind::Verify(_) | Kind::Read(_) | Kind::ReadBy(_) => What::Unexplained,
        _ if done => What::Lost,
        _ => What::Unexplained,
    };
    let due: Vec<_> = states
        .iter()
        .map(|state| {
            let Step { answer, events, .. } = apply(id, state.as_ref(), op, &[]);
            let changes = if events.is_empty() { "" } else { ", which is a change" };
            format!("\n  due: {} {:?} {}{changes}", answer.status, answer.etag, answer.body)
        })
        .collect();
    (what, format!("{id}: no state fits {op:?}{}", due.concat()))
}
