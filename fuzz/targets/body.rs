//! Bodies, as every face reads them for every noun and verb that it has a route for.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use postern::credential::field::{Noun, Verb, Violation};
use postern::credential::validate::{
    Change, DESCRIPTION_MAX, GRACE_MAX, NAME_MAX, ROLES_MAX, To, VIOLATIONS_MAX, validate,
};
use postern::face::Face;
use postern::operation::Handler;
use postern::refusal::{Refusal, Unreadable};
use postern::request::{BODY_MAX, Body, DEPTH_MAX, Method, Request, VALUES_MAX, json};
use postern::route::{Operation, ROUTES, Route};
use postern_fuzz::independent::{Fault, faults};
use postern_fuzz::{One, PREFIX, mutate};
use serde_json::{Map, Value};

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate::write(data, size, max_size, |bytes| mutate::body(bytes, seed))
        .unwrap_or_else(|| libfuzzer_sys::fuzzer_mutate(data, size, max_size))
});

fuzz_target!(|data: &[u8]| {
    form(data);
    let found = faults(data, DEPTH_MAX, VALUES_MAX);
    let read = json::object(data);
    let told = match &read {
        Ok(_) => None,
        Err(Unreadable::NotUtf8) => Some(Fault::NotUtf8),
        Err(Unreadable::NotJson { .. }) => Some(Fault::Syntax),
        Err(Unreadable::TooDeep) => Some(Fault::TooDeep),
        Err(Unreadable::TooManyValues) => Some(Fault::TooMany),
        Err(Unreadable::DuplicateMember) => Some(Fault::Twice),
        Err(Unreadable::NotAnObject) => Some(Fault::NotAnObject),
        Err(other) => panic!("no fault of a body: {other:?}"),
    };
    match told {
        None => assert!(found.is_empty(), "accepted, though another reader finds {found:?}"),
        Some(fault) => assert!(found.contains(&fault), "{fault:?}, though another reader finds {found:?}"),
    }
    let Ok(body) = read else { return };
    let again = json::object(Value::from(body.clone()).to_string().as_bytes()).expect("what was read is written");
    assert!(alike(&Value::from(body.clone()), &Value::from(again.clone())), "what was written is read the same");
    // Three of the routes that take a body, which ones the body itself says: all of them would make an input ten times as slow.
    let taken: Vec<&Route> = ROUTES.iter().filter(|route| takes_json(route)).collect();
    let first = data.iter().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte)));
    for route in taken.iter().cycle().skip(first % taken.len()).take(3) {
        if let Operation::Write(noun, verb) = route.operation {
            write(route.face, noun, verb, &body, &again);
        } else {
            ask(route, data, &body);
        }
    }
});

fn takes_json(route: &Route) -> bool {
    match route.operation {
        Operation::Write(..) => true,
        Operation::Page(..) | Operation::Verify(_) => route.method == Method::Post && route.path != "/oauth/introspect",
        _ => false,
    }
}

/// A body that asks: for a part of a list, or about a token.
fn ask(route: &Route, data: &[u8], body: &Map<String, Value>) {
    let headers = One("content-type", "application/json");
    let request = posted(data, &headers);
    if let Operation::Verify(Handler((read, _))) = route.operation {
        let Ok(inquiry) = read(&request) else { panic!("an object can be asked with") };
        assert!(!inquiry.token.is_empty() || !inquiry.violations.is_empty());
        named(route.face, body, &inquiry.violations);
    } else if let Operation::Page(noun, Handler(read)) = route.operation
        && let Ok(page) = read(&request, noun)
    {
        assert!((1..=1000).contains(&page.limit) && page.skip <= 1000);
    }
}

/// One body, as a face reads it for a verb on a noun.
fn write(face: &'static Face, noun: Noun, verb: Verb, body: &Map<String, Value>, again: &Map<String, Value>) {
    let judge = |body: &Map<String, Value>| {
        let draft = (face.read_body)(noun, verb, body.clone());
        let (change, violations) = validate(&draft, noun, verb, face.dialect, PREFIX);
        (draft, change, violations)
    };
    let (draft, change, violations) = judge(body);
    let (_, change_again, violations_again) = judge(again);
    assert!(change.set() == change_again.set() && violations == violations_again, "one body, one judgement");
    for name in draft.asserted.keys() {
        assert!(body.contains_key(name), "{name} was never said");
    }
    if violations.is_empty() {
        bounded(&change);
    } else {
        named(face, body, &violations);
    }
}

/// A change that breaks no rule is within every bound that the documents tell.
fn bounded(change: &Change) {
    fn text(text: Option<&String>, min: usize, max: usize) {
        let Some(text) = text else { return };
        assert!((min..=max).contains(&text.chars().count()) && !text.chars().any(char::is_control));
    }
    fn some<T>(to: &To<Option<T>>) -> Option<&T> {
        if let To::Set(Some(value)) = to { Some(value) } else { None }
    }
    if let To::Set(name) = &change.name {
        text(Some(name), 1, NAME_MAX);
    }
    for part in [&change.first_name, &change.last_name, &change.email] {
        text(some(part), 1, NAME_MAX);
    }
    text(some(&change.description), 0, DESCRIPTION_MAX);
    text(some(&change.reason), 0, DESCRIPTION_MAX);
    if let Some(roles) = some(&change.roles) {
        assert!(roles.len() <= ROLES_MAX && (!roles.is_empty() || change.context.is_some()), "no roles is full access");
        for role in roles {
            text(Some(&role.role_id), 1, NAME_MAX);
            text(role.resource.as_ref(), 1, NAME_MAX);
            text(role.resource_instance.as_ref(), 1, NAME_MAX);
            assert!(role.resource.is_some() || role.resource_instance.is_none());
            // What is not said is the one role that every catalogue has.
            let is_asked = change.named_roles.iter().any(|(_, named)| *named == role.role_id);
            assert!(is_asked || role.role_id == "viewer" && roles.len() == 1, "the catalogue is asked");
        }
    }
    for (name, value) in some(&change.metadata).into_iter().flatten() {
        text(Some(name), 1, NAME_MAX);
        text(value.as_ref(), 0, DESCRIPTION_MAX);
    }
    if let To::Set(names) = &change.catalogue {
        assert!(names.len() <= ROLES_MAX && ["admin", "editor", "viewer"].iter().all(|name| names.contains(*name)));
    }
    if let To::Set(seconds) = change.grace_seconds {
        assert!((0..=GRACE_MAX).contains(&seconds));
    }
}

/// Each violation is told of something that the body has, or lacks.
fn named(face: &Face, body: &Map<String, Value>, violations: &[Violation]) {
    if violations.is_empty() {
        return;
    }
    let answer = (face.render_error)(&Refusal::Invalid(violations.to_vec()));
    let told: Value = serde_json::from_str(&answer.body).expect("JSON");
    let whole = Value::from(body.clone());
    assert!(violations.len() <= VIOLATIONS_MAX + 1);
    if let Some(details) = told["detail"].as_array() {
        assert_eq!(details.len(), violations.len());
        for detail in details.iter().take(VIOLATIONS_MAX) {
            let place: Vec<_> = detail["loc"].as_array().into_iter().flatten().skip(1).collect();
            let steps = place.iter().map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned));
            there(&whole, &steps.collect::<Vec<_>>(), detail["type"] == "missing");
        }
    } else if let Some(told) = told["violations"].as_array() {
        assert_eq!(told.len(), violations.len());
        // The one after the last that is listed says that there are more.
        assert!(told.get(VIOLATIONS_MAX).is_none_or(|more| more["code"] == "too_many_violations"));
        for violation in told.iter().take(VIOLATIONS_MAX) {
            let pointer = violation["pointer"].as_str().expect("a pointer");
            let steps = pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~"));
            there(&whole, &steps.collect::<Vec<_>>(), violation["code"] == "missing");
        }
    } else {
        let text = told["message"].as_str().filter(|_| told.get("Error").is_none()).or(told["Description"].as_str());
        let words = words(face);
        let text = text.expect("a sentence");
        assert!(words.iter().any(|word| text.starts_with(word)), "{text}");
    }
}

/// A place is in the body, or is one step outside of it where something is missing.
fn there(body: &Value, steps: &[String], may_lack: bool) {
    assert!(!steps.is_empty() && !steps[0].is_empty() || body.get("").is_some(), "a violation of nothing");
    let mut at = body;
    for (number, step) in steps.iter().enumerate() {
        let next = match at {
            Value::Array(items) => step.parse::<usize>().ok().and_then(|index| items.get(index)),
            other => other.get(step),
        };
        let Some(next) = next else {
            assert!(may_lack && number + 1 == steps.len(), "{steps:?} is not in the body");
            return;
        };
        at = next;
    }
}

/// Every word that a face has for a field.
fn words(face: &Face) -> Vec<&'static str> {
    use postern::credential::field::Field;
    let nouns = [Noun::Credential, Noun::Principal, Noun::Tenant];
    let verbs = [Verb::Create, Verb::Replace, Verb::Merge, Verb::Rotate, Verb::Revoke];
    let word = |field| {
        nouns
            .into_iter()
            .flat_map(move |noun| verbs.into_iter().filter_map(move |verb| face.dialect.word(noun, verb, field)))
    };
    Field::ALL.into_iter().flat_map(word).collect()
}

/// A form, against another reader of forms.
fn form(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let headers = One("content-type", "application/x-www-form-urlencoded");
    let request = posted(data, &headers);
    let Body::Bytes(bytes) = &request.body else { return };
    let theirs: Vec<(String, String)> = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
    let once: BTreeMap<_, _> = theirs.iter().cloned().collect();
    match request.form() {
        Ok(ours) => {
            assert_eq!(once.len(), theirs.len(), "a name twice");
            let ours: BTreeMap<String, String> =
                ours.iter().map(|(name, value)| (name.clone(), value.to_string())).collect();
            assert_eq!(ours, once);
        }
        Err(refusal) => {
            assert_eq!(refusal, Refusal::Unreadable(Unreadable::Form));
            assert!(once.len() < theirs.len() && bytes.len() == data.len());
        }
    }
}

/// A request with this body and this header.
fn posted<'a>(data: &[u8], headers: &'a One<'a>) -> Request<'a> {
    let body = if data.len() > BODY_MAX { Body::TooLarge } else { Body::Bytes(data.to_vec()) };
    Request { method: Method::Post, path: "/", query: "", headers, body }
}

/// Whether two values are the same, but for the last bit of a number with a fraction, which serde_json does not hold.
fn alike(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| alike(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, left)| right.get(name).is_some_and(|right| alike(left, right)))
        }
        (Value::Number(left), Value::Number(right)) if left.is_f64() => {
            let (left, right) = (left.as_f64().unwrap_or(0.0), right.as_f64().unwrap_or(1.0));
            (left - right).abs() <= left.abs() * f64::EPSILON
        }
        (left, right) => left == right,
    }
}
