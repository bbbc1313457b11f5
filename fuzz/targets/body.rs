//! Bodies, read by every face for every noun and verb of its routes.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use postern::credential::field::{Noun, Verb, Violation};
use postern::credential::id::Id;
use postern::credential::table::{DESCRIPTION_MAX, Destination, FIELDS, GRACE_MAX, NAME_MAX, Null, ROLES_MAX, Shape};
use postern::credential::time::Micros;
use postern::credential::validate::{Change, VIOLATIONS_MAX, validate};
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
    let fault = match &read {
        Ok(_) => None,
        Err(Unreadable::NotUtf8) => Some(Fault::NotUtf8),
        Err(Unreadable::NotJson { .. }) => Some(Fault::Syntax),
        Err(Unreadable::TooDeep) => Some(Fault::TooDeep),
        Err(Unreadable::TooManyValues) => Some(Fault::TooMany),
        Err(Unreadable::DuplicateMember) => Some(Fault::Twice),
        Err(Unreadable::NotAnObject) => Some(Fault::NotAnObject),
        Err(other) => panic!("not a fault of a body: {other:?}"),
    };
    match fault {
        None => assert!(found.is_empty(), "accepted, though another reader finds {found:?}"),
        Some(fault) => assert!(found.contains(&fault), "{fault:?}, though another reader finds {found:?}"),
    }
    let Ok(body) = read else { return };
    let reparsed =
        json::object(Value::from(body.clone()).to_string().as_bytes()).expect("a parsed body can be written");
    assert!(alike(&Value::from(body.clone()), &Value::from(reparsed.clone())), "writing and reading changed the body");
    // Three of the routes with a body, chosen by the body itself: all routes would make an input ten times as slow.
    let taken: Vec<&Route> = ROUTES.iter().filter(|route| takes_json(route)).collect();
    let first = data.iter().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte)));
    for route in taken.iter().cycle().skip(first % taken.len()).take(3) {
        if let Operation::Write(noun, verb) = route.operation {
            write(route.face, noun, verb, &body, &reparsed);
        } else {
            read_inquiry_body(route, data, &body);
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

/// A body of a search or a verification.
fn read_inquiry_body(route: &Route, data: &[u8], body: &Map<String, Value>) {
    let headers = One("content-type", "application/json");
    let request = posted(data, &headers);
    if let Operation::Verify(Handler((read, _))) = route.operation {
        let Ok(read) = read(&request) else { panic!("an object is a valid body") };
        assert!(!read.violations.is_empty() || read.items.iter().all(|inquiry| !inquiry.token.is_empty()));
        check_violations(route.face, body, &read.violations);
    } else if let Operation::Page(noun, Handler(read)) = route.operation
        && let Ok(page) = read(&request, noun)
    {
        assert!((1..=1000).contains(&page.limit) && page.skip <= 1000);
    }
}

/// A body, as a face reads it for a verb on a noun.
fn write(face: &'static Face, noun: Noun, verb: Verb, body: &Map<String, Value>, again: &Map<String, Value>) {
    let judge = |body: &Map<String, Value>| {
        let draft = (face.read_body)(noun, verb, body.clone());
        let (change, violations) = validate(&draft, noun, verb, face.dialect, PREFIX);
        (draft, change, violations)
    };
    let (draft, change, violations) = judge(body);
    let (_, change_again, violations_again) = judge(again);
    assert!(change.set == change_again.set && violations == violations_again, "the same body gave different results");
    for name in draft.asserted.keys() {
        assert!(body.contains_key(name), "{name} is not in the body");
    }
    if violations.is_empty() {
        bounded(&change);
    } else {
        check_violations(face, body, &violations);
    }
}

/// A change without violations is within every bound in the table of fields.
fn bounded(change: &Change) {
    for row in FIELDS.iter().filter(|row| row.destination == Destination::Document) {
        let Some(value) = change.set.get(row.key) else { continue };
        if value.is_null() {
            assert!(row.null == Null::Clears, "{} cannot be null", row.key);
        } else {
            fits(row.shape, value, change);
        }
    }
    assert!(
        change
            .set
            .keys()
            .all(|key| FIELDS.iter().any(|row| row.destination == Destination::Document && row.key == key))
    );
    assert!(change.reason.as_ref().is_none_or(|reason| is_text(&reason.as_str().into(), 0, DESCRIPTION_MAX)));
    assert!(change.grace_seconds.is_none_or(|seconds| (0..=GRACE_MAX).contains(&seconds)));
}

fn is_text(value: &Value, min: usize, max: usize) -> bool {
    value
        .as_str()
        .is_some_and(|text| (min..=max).contains(&text.chars().count()) && !text.chars().any(char::is_control))
}

fn fits(shape: Shape, value: &Value, change: &Change) {
    let fits = match shape {
        Shape::Text { min, max } => is_text(value, min, max),
        Shape::TextOrNull { max } => is_text(value, 1, max),
        Shape::Flag => value.is_boolean(),
        Shape::Choice(of) => of.iter().any(|one| value == one),
        Shape::Whole { min, max } => value.as_i64().is_some_and(|number| (min..=max).contains(&number)),
        Shape::Time => value.as_i64().is_some_and(|time| (0..=Micros::MAX.0).contains(&time)),
        Shape::Id => value.as_str().and_then(Id::parse).is_some(),
        Shape::Names => value.as_array().is_some_and(|names| {
            let is_usual = |usual: &str| names.iter().any(|name| name == usual);
            names.len() <= ROLES_MAX
                && names.iter().all(|name| is_text(name, 1, NAME_MAX))
                && names.is_sorted_by(|left, right| left.as_str() < right.as_str())
                && ["admin", "editor", "viewer"].into_iter().all(is_usual)
        }),
        Shape::Roles => {
            let roles = value.as_array().expect("a list");
            assert!(
                roles.len() <= ROLES_MAX && (!roles.is_empty() || change.context.is_some()),
                "no roles is full access"
            );
            roles.iter().all(|role| {
                let limit = |part: &str| role.get(part).is_none_or(|part| is_text(part, 1, NAME_MAX));
                // A role outside the body must be the one that every tenant has.
                let is_named = change.named_roles.iter().any(|(_, named)| role["role_id"] == named.as_str());
                is_text(&role["role_id"], 1, NAME_MAX)
                    && limit("resource")
                    && limit("resource_instance")
                    && (role.get("resource").is_some() || role.get("resource_instance").is_none())
                    && (is_named || role["role_id"] == "viewer" && roles.len() == 1)
            })
        }
        Shape::Metadata => value.as_object().is_some_and(|members| {
            members.iter().all(|(name, value)| {
                is_text(&name.as_str().into(), 1, NAME_MAX) && (value.is_null() || is_text(value, 0, DESCRIPTION_MAX))
            })
        }),
        Shape::Context | Shape::Secret => false,
    };
    assert!(fits, "{shape:?}: {value}");
}

/// Each violation refers to a member of the body, or to one that is missing.
fn check_violations(face: &'static Face, body: &Map<String, Value>, violations: &[Violation]) {
    if violations.is_empty() {
        return;
    }
    let answer = (face.render_error)(&Refusal::Invalid(violations.to_vec()));
    let error: Value = serde_json::from_str(&answer.body).expect("JSON");
    let whole = Value::from(body.clone());
    assert!(violations.len() <= VIOLATIONS_MAX + 1);
    if let Some(details) = error["detail"].as_array() {
        assert_eq!(details.len(), violations.len());
        for detail in details.iter().take(VIOLATIONS_MAX) {
            let place: Vec<_> = detail["loc"].as_array().into_iter().flatten().skip(1).collect();
            let steps = place.iter().map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned));
            check_location(&whole, &steps.collect::<Vec<_>>(), detail["type"] == "missing");
        }
    } else if let Some(listed) = error["violations"].as_array() {
        assert_eq!(listed.len(), violations.len());
        // One after the last listed violation says that there are more.
        assert!(listed.get(VIOLATIONS_MAX).is_none_or(|more| more["code"] == "too_many_violations"));
        for violation in listed.iter().take(VIOLATIONS_MAX) {
            let pointer = violation["pointer"].as_str().expect("a pointer");
            let steps = pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~"));
            check_location(&whole, &steps.collect::<Vec<_>>(), violation["code"] == "missing");
        }
    } else {
        let text = error["message"].as_str().filter(|_| error.get("Error").is_none()).or(error["Description"].as_str());
        let text = text.expect("a sentence");
        assert!(mutate::words(face).any(|word| text.starts_with(word)), "{text}");
    }
}

/// A location exists in the body, or is one step outside of it if something may be missing.
fn check_location(body: &Value, steps: &[String], may_lack: bool) {
    assert!(!steps.is_empty() && !steps[0].is_empty() || body.get("").is_some(), "a violation without a location");
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

/// A form, compared with another parser of forms.
fn form(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let headers = One("content-type", "application/x-www-form-urlencoded");
    let request = posted(data, &headers);
    let Body::Bytes(bytes) = &request.body else { return };
    // A parameter without a value counts as omitted.
    let parsed = form_urlencoded::parse(text.as_bytes()).into_owned();
    let theirs: Vec<_> = parsed.filter(|(_, value)| !value.is_empty()).collect();
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
    Request { method: Method::Post, origin: "https://postern.example", path: "/", query: "", headers, body }
}

/// Whether two values are equal, except for the last bit of fractions, which serde_json does not preserve.
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
