//! A body that names every field has the same effect and the same violations with PUT and with PATCH.

use postern::credential::field::{Field, Noun, Verb};
use postern::credential::validate::validate;
use postern::face::coactive::COACTIVE;
use postern::face::keycard::KEYCARD;
use postern::face::litegraph::LITEGRAPH;
use postern::face::postern::POSTERN;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::bodies::{any_value, config};
use crate::credentials::{State, Subject, own_whole, state};
use crate::parents::{House, account, organization};
use support::{ACME, ROOT, Reply, World};

/// A body with some members replaced by any value.
fn spoilt(body: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let any = proptest::collection::vec(proptest::option::weighted(0.2, any_value()), Field::ALL.len());
    (body, any).prop_map(|(mut body, any)| {
        let members = body.as_object_mut().unwrap().iter_mut();
        for ((_, value), any) in members.zip(any).filter_map(|(member, any)| Some((member, any?))) {
            *value = any;
        }
        body
    })
}

/// The body with each member of the current metadata: null unless it has another value.
fn naming(mut body: Value, there: &Value) -> Value {
    if let Some(metadata) = body["metadata"].as_object_mut() {
        for name in there.as_object().unwrap().keys() {
            metadata.entry(name).or_insert(Value::Null);
        }
    }
    body
}

/// Sends a body to one of two equal resources; returns the response and everything stored.
fn sent(world: &World, method: &str, url: &str, body: &Value) -> (Reply, Map<String, Value>) {
    (world.call(method, url, ROOT, body), world.stored())
}

/// Sends the same PUT and PATCH to two equal resources: equal responses, rows and events. POST has the same
/// violations.
fn check(
    put: (Reply, Map<String, Value>),
    patched: (Reply, Map<String, Value>),
    made: &Reply,
) -> Result<(), TestCaseError> {
    let ((put, after_put), (patched, after_patch)) = (put, patched);
    prop_assert!(matches!(put.status, 200 | 422), "{}", put.text);
    prop_assert_eq!((put.status, &put.text), (patched.status, &patched.text));
    prop_assert_eq!(put.header("etag"), patched.header("etag"));
    prop_assert_eq!(after_put, after_patch);
    prop_assert_eq!(made.status == 422, put.status == 422, "{}", made.text);
    if made.status == 422 {
        prop_assert_eq!(&made.text, &put.text);
    }
    Ok(())
}

fn check_credential(state: &State, body: Value) -> Result<(), TestCaseError> {
    let body = naming(body, &state.own["metadata"]);
    let [one, other] = [Subject::new(state), Subject::new(state)];
    let put = sent(&one.world, "PUT", &one.own, &body);
    let patched = sent(&other.world, "PATCH", &other.own, &body);
    check(put, patched, &one.world.call("POST", &format!("/v1/tenants/{ACME}/credentials"), ROOT, &body))
}

fn check_parent(house: impl Fn() -> House, of: impl Fn(&House) -> &str, body: &Value) -> Result<(), TestCaseError> {
    let [one, other] = [house(), house()];
    let (collection, _) = of(&one).rsplit_once('/').unwrap();
    let put = sent(&one.world, "PUT", of(&one), body);
    let patched = sent(&other.world, "PATCH", of(&other), body);
    check(put, patched, &one.world.call("POST", collection, ROOT, body))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn put_and_patch_of_a_complete_credential_are_equivalent(state in state(), body in own_whole()) {
        check_credential(&state, body)?;
    }

    #[test]
    fn post_put_and_patch_of_a_credential_report_the_same_violations(state in state(), body in spoilt(own_whole())) {
        check_credential(&state, body)?;
    }

    #[test]
    fn put_and_patch_of_a_complete_principal_or_tenant_are_equivalent(account in account(), organization in organization()) {
        let house = || House::new("house", &json!({"FirstName": "Ada"}));
        check_parent(house, |house| &house.own_principal, &account)?;
        check_parent(house, |house| &house.own_tenant, &organization)?;
    }

    #[test]
    fn post_put_and_patch_of_a_principal_or_tenant_report_the_same_violations(
        account in spoilt(account()), organization in spoilt(organization()),
    ) {
        let house = || House::new("house", &json!({"FirstName": "Ada"}));
        check_parent(house, |house| &house.own_principal, &account)?;
        check_parent(house, |house| &house.own_tenant, &organization)?;
    }

    /// On every face, for validation only.
    #[test]
    fn put_and_patch_validate_a_body_with_every_field_alike(values in proptest::collection::vec(any_value(), Field::ALL.len())) {
        let faces = [&COACTIVE, &LITEGRAPH, &KEYCARD, &POSTERN];
        for (face, noun) in faces.into_iter().flat_map(|face| Noun::ALL.map(|noun| (face, noun))) {
            // The members that both verbs have. For null, a face's contract may distinguish them.
            let word = |verb, field: &Field| face.dialect.word(noun, verb, *field).filter(|_| noun.has(*field));
            let shared = |field: &Field| {
                word(Verb::Merge, field).is_some() && word(Verb::Merge, field) == word(Verb::Replace, field)
            };
            let members = Field::ALL.into_iter().filter(shared).zip(values.iter().filter(|value| !value.is_null()));
            let named = |(field, value): (Field, &Value)| (word(Verb::Replace, &field).unwrap().to_owned(), value.clone());
            let body: Map<_, _> = members.map(named).collect();
            let judged = |verb| {
                let draft = (face.read_body)(noun, verb, body.clone());
                let (change, violations) = validate(&draft, noun, verb, face.dialect, "pstn_");
                (change.set, violations)
            };
            let (put, patch) = (judged(Verb::Replace), judged(Verb::Merge));
            if body.len() == Field::ALL.into_iter().filter(shared).count() {
                prop_assert_eq!(put, patch);
            }
        }
    }
}
