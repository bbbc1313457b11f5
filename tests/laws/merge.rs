//! PATCH on the Postern face follows RFC 7396: compared with a model of it.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::bodies::{as_set, config, key, metadata_patch, name, some_of};
use crate::credentials::{State, Subject, Update, patch, state};
use crate::parents::{House, account, organization, user};

/// The algorithm of RFC 7396 §2.
fn merge_patch(target: Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else { return patch.clone() };
    let mut target = if let Value::Object(members) = target { members } else { Map::new() };
    for (name, value) in patch {
        if value.is_null() {
            target.remove(name);
        } else {
            let there = target.remove(name).unwrap_or_default();
            target.insert(name.clone(), merge_patch(there, value));
        }
    }
    Value::Object(target)
}

/// All of RFC 7396 appendix A.
#[test]
fn model_follows_the_examples_of_rfc_7396() {
    for (original, patch, result) in [
        (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
        (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
        (json!({"a": "b"}), json!({"a": null}), json!({})),
        (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
        (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
        (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
        (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
        (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
        (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
        (json!({"a": "b"}), json!(["c"]), json!(["c"])),
        (json!({"a": "foo"}), json!(null), json!(null)),
        (json!({"a": "foo"}), json!("bar"), json!("bar")),
        (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
        (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
        (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
    ] {
        assert_eq!(merge_patch(original.clone(), &patch), result, "{original} and {patch}");
    }
}

/// The model's result as a face returns it: every member, null if absent, metadata empty; roles are a set, and the
/// names of roles include the three default ones. Members that every change moves are left out.
fn shown(mut result: Value, members: &Value) -> Value {
    for member in members.as_object().unwrap().keys() {
        let none = if member == "metadata" { json!({}) } else { Value::Null };
        result.as_object_mut().unwrap().entry(member).or_insert(none);
    }
    if result["roles"].is_array() {
        result["roles"] = as_set(&result["roles"]);
    }
    if let Some(names) = result.get_mut("role_names").and_then(Value::as_array_mut) {
        names.extend(["admin", "editor", "viewer"].map(Value::from));
        names.sort_by_key(|name| name.as_str().map(str::to_owned));
        names.dedup();
    }
    still(result)
}

fn still(mut body: Value) -> Value {
    for member in ["revision", "updated_at"] {
        body.as_object_mut().unwrap().remove(member);
    }
    body
}

/// Sends the patches one after another to `url`, and compares each response with the model.
fn check(world: &support::World, url: &str, patches: &[Value]) -> Result<(), TestCaseError> {
    for patch in patches {
        let before = world.get(url, support::ROOT).json();
        let reply = world.call("PATCH", url, support::ROOT, patch);
        prop_assert_eq!(reply.status, 200, "{}: {}", patch, reply.text);
        let expected = shown(merge_patch(before.clone(), patch), &before);
        let after = reply.json();
        prop_assert_eq!(still(after.clone()), expected.clone(), "{} and {}", before, patch);
        // One new revision if anything differs, none otherwise.
        let moved = after["revision"].as_i64().unwrap() - before["revision"].as_i64().unwrap();
        prop_assert_eq!(moved, i64::from(still(before) != expected));
    }
    Ok(())
}

/// Changes of metadata that may have too many members, or be too large.
fn large() -> impl Strategy<Value = Value> {
    // Rarely a long value: otherwise size would always be exceeded before the number of members.
    let value = prop_oneof![
        12 => "\\PC{0,4}".prop_map(Value::from),
        1 => "[a\"é]{0,500}".prop_map(Value::from),
        1 => Just(json!("x".repeat(500))),
        2 => Just(Value::Null),
    ];
    let key = prop_oneof![12 => "[a-t]", 1 => key()];
    proptest::collection::btree_map(key, value, 0..13).prop_map(|members| json!(members))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn credential_patch_follows_rfc_7396(state in state(), patches in proptest::collection::vec(patch(), 1..5)) {
        let subject = Subject::new(&state);
        check(&subject.world, &subject.own, &patches)?;
    }

    #[test]
    fn principal_and_tenant_patch_follows_rfc_7396(
        name in name(), user in user(), accounts in proptest::collection::vec(some_of(account()), 1..4),
        organizations in proptest::collection::vec(some_of(organization()), 1..4),
    ) {
        let house = House::new(&name, &user);
        check(&house.world, &house.own_principal, &accounts)?;
        check(&house.world, &house.own_tenant, &organizations)?;
    }

    /// The limits apply to the merged metadata; above them nothing changes.
    #[test]
    fn metadata_patch_follows_rfc_7396(
        patches in proptest::collection::vec(prop_oneof![3 => large(), 1 => metadata_patch()], 1..9),
    ) {
        let own = json!({"name": "n", "roles": [{"role_id": "viewer"}]});
        let state = State { own, revoked: None };
        let subject = Subject::new(&state);
        let mut model = json!({});
        for patch in patches {
            let before = subject.stored();
            let reply = subject.send(Update::OwnPatch, &json!({ "metadata": patch }));
            let mut merged = merge_patch(model.clone(), &patch);
            if merged.is_null() {
                merged = json!({});
            }
            let broken: Vec<_> = [
                (merged.to_string().len() > 4096, "too_large"),
                (merged.as_object().unwrap().len() > 16, "too_many"),
            ]
            .into_iter()
            .filter_map(|(broken, code)| broken.then_some(json!(code)))
            .collect();
            if broken.is_empty() {
                prop_assert_eq!((reply.status, &reply.json()["metadata"]), (200, &merged), "{}", patch);
                prop_assert_eq!(subject.stored() == before, merged == model);
                model = merged;
            } else {
                let body = reply.json();
                let codes: Vec<_> = body["violations"].as_array().unwrap().iter().map(|one| one["code"].clone()).collect();
                prop_assert_eq!((reply.status, codes), (422, broken), "{}", merged);
                prop_assert_eq!(subject.stored(), before);
            }
        }
    }
}
