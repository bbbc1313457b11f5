//! A dry run reports what the change then does and changes nothing, for random changes. More in
//! `tests/both/own/dry_run.rs`.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::stage::*;

fn roles() -> impl Strategy<Value = Value> {
    let role = prop_oneof![
        Just(json!({ "role_id": "admin" })),
        Just(json!({ "role_id": "viewer" })),
        Just(json!({ "role_id": "viewer", "resource": "r" })),
        Just(json!({ "role_id": "editor", "resource": "r", "resource_instance": "i" })),
    ];
    prop_oneof![1 => Just(Value::Null), 4 => proptest::collection::vec(role, 1..4).prop_map(Value::from)]
}

fn end() -> impl Strategy<Value = Value> {
    let ends = ["2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "2027-01-01T00:00:00.5Z", "2030-06-01T00:00:00+02:00"];
    prop_oneof![Just(Value::Null), proptest::sample::select(ends.to_vec()).prop_map(Value::from)]
}

/// A body with some of the fields.
fn members() -> impl Strategy<Value = Map<String, Value>> {
    let metadata = proptest::collection::btree_map("[abc]", prop_oneof![Just("1"), Just("2")], 0..3);
    let fields = (
        proptest::option::of(prop_oneof![Just("n"), Just("m"), Just("\u{e9}\"\\")]),
        proptest::option::of(proptest::option::of("[ab]{0,2}")),
        proptest::option::of(any::<bool>()),
        proptest::option::of(roles()),
        proptest::option::of(end()),
        proptest::option::of(metadata),
    );
    fields.prop_map(|(name, description, enabled, roles, expires_at, metadata)| {
        let all = [
            ("name", name.map(Value::from)),
            ("description", description.map(|text| json!(text))),
            ("enabled", enabled.map(Value::from)),
            ("roles", roles),
            ("expires_at", expires_at),
            ("metadata", metadata.map(|metadata| json!(metadata))),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// The dry run of a change reports the same as the change's event.
    #[test]
    fn dry_run_agrees_with_the_event_of_the_change(first in members(), changes in proptest::collection::vec((any::<bool>(), members()), 1..5)) {
        let service = InProcess::new();
        let tenant = Tenant::new(&service);
        let own = tenant.own(first.into());
        for (replaces, members) in changes {
            let (method, body) = if replaces { ("PUT", tenant.whole(members.into())) } else { ("PATCH", members.into()) };
            let events = tenant.events(&own).len();
            let before = service.world().stored_but_last_use();
            let dry_run = tenant.send(method, format!("{}?dry_run=true", own.path), &body).expect(200).json();
            let now = service.world().stored_but_last_use();
            prop_assert_eq!(now, before);
            let done = tenant.send(method, &own.path, &body).expect(200).json();
            let after = tenant.events(&own);
            prop_assert_eq!(after.len() - events, usize::from(dry_run["changes"] != json!({})));
            if after.len() > events {
                prop_assert_eq!(&dry_run["changes"], &after[0]["changes"], "{} {}", method, body);
                prop_assert_eq!(&dry_run["widens_access"], &after[0]["widened_access"], "{} {}", method, body);
                for (name, change) in dry_run["changes"].as_object().expect("an object") {
                    match (change["added"].as_array(), name.as_str()) {
                        // Items added to a set, or metadata members that differ.
                        (Some(added), _) => {
                            let roles = done[name].as_array().expect("a list");
                            prop_assert!(added.iter().all(|role| roles.contains(role)), "{}: {}", change, done);
                            prop_assert!(change["removed"].as_array().expect("a list").iter().all(|role| !roles.contains(role)));
                        }
                        (None, "metadata") => {
                            let after = change["after"].as_object().expect("an object");
                            prop_assert!(after.iter().all(|(member, value)| done[name][member] == *value), "{}: {}", change, done);
                        }
                        (None, _) => prop_assert_eq!(&change["after"], &done[name]),
                    }
                }
            } else {
                prop_assert_eq!(&dry_run["widens_access"], &json!(false));
            }
        }
    }
}
