//! An event reports the difference of two states, which these tests compute independently: for random states of every
//! noun.

use std::collections::BTreeSet;

use postern::credential::field::Noun;
use postern::credential::table::{FieldRow, Shape};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::console::STAMP;
use crate::samples::{Document as State, changed, changes, insert, required, rows, whole};
use support::{ACME, World};

const OTHER: &str = "00000000000000000000000009";

/// A resource whose state changes: its table, the column of its tenant, and its noun.
#[derive(Clone, Copy, Debug)]
struct Subject {
    table: &'static str,
    tenant: &'static str,
    noun: &'static str,
    id: &'static str,
}

const TENANT: Subject = Subject { table: "tenants", tenant: "id", noun: "tenant", id: "00000000000000000000000001" };
const PRINCIPAL: Subject =
    Subject { table: "principals", tenant: "tenant", noun: "principal", id: "00000000000000000000000008" };
const CREDENTIAL: Subject =
    Subject { table: "credentials", tenant: "tenant", noun: "credential", id: "00000000000000000000000007" };

impl Subject {
    fn of_tenant(self) -> &'static str {
        if self.noun == "tenant" { self.id } else { ACME }
    }

    fn insert(self, world: &World, state: &State) {
        world.db.execute(&insert(self.table), &[&Value::Object(state.clone()).to_string(), &self.id]);
    }

    fn update(self, world: &World, state: &State) {
        let sql = format!("UPDATE {} SET state = ?1 WHERE {} = ?2 AND id = ?3", self.table, self.tenant);
        world.db.execute(&sql, &[&Value::Object(state.clone()).to_string(), &self.of_tenant(), &self.id]);
    }

    fn delete(self, world: &World) {
        world.db.execute(
            &format!("UPDATE {} SET {STAMP} WHERE {} = ?1 AND id = ?2", self.table, self.tenant),
            &[&self.of_tenant(), &self.id],
        );
        if self.noun == "tenant" {
            // The tenant is deleted with its default principal.
            world.db.execute(&format!("UPDATE principals SET {STAMP} WHERE tenant = ?1"), &[&self.id]);
            world.db.execute("DELETE FROM principals WHERE tenant = ?1", &[&self.id]);
        } else {
            world.db.execute(&format!("DELETE FROM {} WHERE ending AND id = ?1", self.table), &[&self.id]);
        }
    }

    /// The contents of its events: the action, the changes, and whether they widen access.
    fn events(self, world: &World) -> Vec<(String, Value, bool)> {
        let sql =
            "SELECT action, changes, widened FROM events WHERE tenant = ?1 AND noun = ?2 AND id = ?3 ORDER BY seq";
        let event = |row: &Value| {
            let changes = serde_json::from_str(row["changes"].as_str().unwrap()).unwrap();
            (row["action"].as_str().unwrap().to_owned(), changes, row["widened"] == 1)
        };
        world.db.query(sql, &[&self.of_tenant(), &self.noun, &self.id]).iter().map(event).collect()
    }
}

/// The difference of two states, by key: the items added to and removed from a set, the metadata members that differ.
pub fn difference(before: &State, after: &State) -> Value {
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differs = keys.into_iter().filter(|key| before.get(*key) != after.get(*key));
    differs
        .map(|key| {
            let (before, after) = (before.get(key), after.get(key));
            let change = match key.as_str() {
                "roles" | "role_names" => json!({"added": without(after, before), "removed": without(before, after)}),
                "metadata" | "keys" | "trusts" => {
                    json!({"before": members_but(before, after), "after": members_but(after, before)})
                }
                _ => json!({"before": before, "after": after}),
            };
            (key.clone(), change)
        })
        .collect::<State>()
        .into()
}

/// The items of a list that are not in another one, in order.
fn without(some: Option<&Value>, others: Option<&Value>) -> Vec<Value> {
    let items = |list: Option<&Value>| list.and_then(Value::as_array).cloned().unwrap_or_default();
    let others = items(others);
    items(some).into_iter().filter(|item| !others.contains(item)).collect()
}

/// The members of an object that another one lacks, or has with another value.
fn members_but(some: Option<&Value>, others: Option<&Value>) -> State {
    let members = some.and_then(Value::as_object).into_iter().flatten();
    let differs = members.filter(|(name, value)| others.and_then(|others| others.get(*name)) != Some(value));
    differs.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Whether a change gives a credential, principal or tenant access that it did not have. Only the default principal
/// ACME is enabled here.
fn widens(before: &State, after: &State) -> bool {
    let flag = |state: &State, key: &str| state.get(key).and_then(Value::as_bool).unwrap_or_default();
    let end = |state: &State| state.get("expires_at").and_then(Value::as_i64).unwrap_or(i64::MAX);
    let now = i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_micros()).unwrap();
    let is_active = |state: &State| {
        let of_enabled = state.get("principal").is_none_or(|principal| principal == ACME);
        flag(state, "enabled") && !state.contains_key("revoked_at") && end(state) > now && of_enabled
    };
    let roles = |state: &State| state.get("roles").and_then(Value::as_array).cloned().unwrap_or_default();
    let covers = |wide: &Value, narrow: &Value| {
        let same = |key| wide[key].is_null() || wide[key] == narrow[key];
        wide["role_id"] == narrow["role_id"] && same("resource") && same("resource_instance")
    };
    let held = roles(before);
    let is_contained = flag(before, "unrestricted")
        || !flag(after, "unrestricted")
            && roles(after).iter().all(|narrow| held.iter().any(|wide| covers(wide, narrow)));
    let access = |state: &State| state.get("access").and_then(Value::as_str).unwrap_or_default().to_owned();
    let level =
        |state: &State| ["none", "verify", "read", "edit", "admin"].iter().position(|level| *level == access(state));
    let is_within = access(after) == access(before)
        || match (access(before).as_str(), access(after).as_str()) {
            (_, "verify_all") => false,
            ("verify_all", _) => level(after) <= Some(1),
            _ => level(after) <= level(before),
        };
    let staleness = |state: &State| state.get("verify_staleness_seconds").and_then(Value::as_i64);
    let is_within =
        is_within && flag(after, "self_rotate") <= flag(before, "self_rotate") && staleness(after) <= staleness(before);
    is_active(after) && !(is_active(before) && is_contained && is_within && end(after) <= end(before))
}

/// Texts that are easily confused with other values.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => "[a-c]",
        1 => prop::sample::select(vec!["null", "true", "0", "1.0", "{}", "[]", "\"", "'", "\\", "a b", "é\u{301}", "𝄞", "$.name"])
            .prop_map(str::to_owned),
        1 => "\\PC{1,8}",
    ]
}

fn some_of<T: std::fmt::Debug + Clone + 'static>(of: &[T]) -> impl Strategy<Value = Vec<T>> + use<T> {
    prop::sample::subsequence(of.to_vec(), 0..=of.len())
}

/// A stored value of a field.
fn value(row: &FieldRow) -> BoxedStrategy<Value> {
    match row.shape {
        Shape::Text { .. } | Shape::TextOrNull { .. } => words().prop_map(Value::from).boxed(),
        Shape::Flag => any::<bool>().prop_map(Value::from).boxed(),
        Shape::Choice(of) => prop::sample::select(of.to_vec()).prop_map(Value::from).boxed(),
        Shape::Whole { min, max } => (min..=max).prop_map(Value::from).boxed(),
        Shape::Time => prop_oneof![0..3_i64, Just(9_007_199_254_740_991)].prop_map(Value::from).boxed(),
        Shape::Id => prop::sample::select(vec![ACME, OTHER]).prop_map(Value::from).boxed(),
        Shape::Names => some_of(&["admin", "editor", "null", "1", "a,b", "a'b", "[]"]).prop_map(Value::from).boxed(),
        Shape::Roles => some_of(&[
            json!({"role_id": "admin"}),
            json!({"role_id": "viewer"}),
            json!({"resource": "dataset", "role_id": "viewer"}),
            json!({"resource": "dataset", "resource_instance": "1", "role_id": "viewer"}),
            json!({"resource": "a\"b", "role_id": "é"}),
        ])
        .prop_map(Value::from)
        .boxed(),
        Shape::Metadata => {
            let members = prop::collection::btree_map(words(), words(), 0..4);
            members.prop_map(|members| members.into_iter().collect()).boxed()
        }
        Shape::Context | Shape::Secret => unreachable!("{}: not in a document", row.key),
    }
}

/// A document of a noun: each key that it may lack is sometimes absent.
fn document(noun: Noun) -> BoxedStrategy<State> {
    let required = required(noun);
    let member = |row: &'static FieldRow| {
        let value = value(row);
        let value =
            if required.contains(row.key) { value.prop_map(Some).boxed() } else { prop::option::of(value).boxed() };
        value.prop_map(move |value| Some((row.key.to_owned(), value?)))
    };
    let members: Vec<_> = rows(noun).map(member).collect();
    let document = members.prop_map(|members| members.into_iter().flatten().collect::<State>());
    if noun != Noun::Credential {
        return document.boxed();
    }
    // The keys that depend on the roles and on a revocation.
    let revoked = prop::option::of((0..3_i64, prop::option::of(words())));
    let whole = (document, revoked, any::<bool>()).prop_map(|(mut document, revoked, is_full)| {
        document.insert("unrestricted".to_owned(), (is_full && document["roles"] == json!([])).into());
        if document["access"] == "verify_all" {
            document.insert("principal".to_owned(), ACME.into());
        }
        let (revoked_at, reason) = revoked.unzip();
        document.extend(revoked_at.map(|at| ("revoked_at".to_owned(), at.into())));
        document.extend(reason.flatten().map(|reason| ("revoked_reason".to_owned(), reason.into())));
        document
    });
    whole.boxed()
}

/// Applies the states and checks that the events report exactly the differences.
fn check(subject: Subject, states: &[State]) {
    let world = World::new();
    let sql = "INSERT INTO principals (tenant, id, state, revision, created_at, updated_at, change, changed_at, changed_by, \
        changed_request, event) VALUES (?1, ?2, '{\"name\":\"n\",\"enabled\":false}', 1, 0, 0, 'c', 0, 'b', 'r', 0)";
    world.db.execute(sql, &[&ACME, &OTHER]);
    let (none, mut expected) = (State::new(), Vec::new());
    let mut before = &none;
    for state in states {
        if expected.is_empty() {
            subject.insert(&world, state);
            expected.push(("created".to_owned(), difference(&none, state), false));
        } else {
            subject.update(&world, state);
            if before != state {
                expected.push(("updated".to_owned(), difference(before, state), widens(before, state)));
            }
        }
        before = state;
    }
    subject.delete(&world);
    let mut last = before.clone();
    last.insert("created_at".to_owned(), json!(5));
    expected.push(("deleted".to_owned(), difference(&last, &none), false));
    let events = subject.events(&world);
    assert_eq!(events, expected, "{subject:?}");
}

/// A few states, some of them repeated.
fn life(state: impl Strategy<Value = State> + 'static) -> impl Strategy<Value = Vec<State>> {
    let again = |states: Vec<State>| states.iter().chain(states.first()).chain(states.first()).cloned().collect();
    prop::collection::vec(state, 1..6).prop_map(again)
}

/// A key that the trigger does not know would lose the event of a change of this key only.
#[test]
fn events_report_every_key_on_create_change_and_delete() {
    for (subject, noun) in [(TENANT, Noun::Tenant), (PRINCIPAL, Noun::Principal), (CREDENTIAL, Noun::Credential)] {
        let whole = whole(noun);
        let there_and_back =
            changes(noun, OTHER).into_iter().flat_map(|change| [changed(&whole, &change), whole.clone()]);
        let states: Vec<_> = [whole.clone()].into_iter().chain(there_and_back).collect();
        assert!(states.windows(2).all(|pair| pair[0] != pair[1]), "every step is a change");
        check(subject, &states);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tenant_events_report_exactly_the_difference(states in life(document(Noun::Tenant))) {
        check(TENANT, &states);
    }

    #[test]
    fn principal_events_report_exactly_the_difference(states in life(document(Noun::Principal))) {
        check(PRINCIPAL, &states);
    }

    #[test]
    fn credential_events_report_exactly_the_difference(states in life(document(Noun::Credential))) {
        check(CREDENTIAL, &states);
    }
}
