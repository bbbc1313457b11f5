//! Laws for principals and tenants.

use std::collections::BTreeSet;

use postern::credential::field::{Noun, Verb};
use postern::face::postern::POSTERN;
use postern::route::{Operation, ROUTES, Route};
use proptest::prelude::*;
use proptest::strategy::Union;
use serde_json::{Map, Value, json};

use crate::bodies::{any_body, columns, config, name, some_of, whole};
use support::routes::{method, title};
use support::scene::{PathIds, url};
use support::{ROOT, Reply, World};

/// A tenant and a principal in it. Every face but Coactive's can read both.
pub struct House {
    pub world: World,
    place: PathIds,
    pub own_principal: String,
    pub own_tenant: String,
}

/// PUT or PATCH of a principal or a tenant: its route.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Parent {
    route: &'static str,
}

const fn parent(route: &'static str) -> Parent {
    Parent { route }
}

const USER_PUT: Parent = parent("PUT /v1.0/tenants/{tenant}/users/{principal}");
const TENANT_PUT: Parent = parent("PUT /v1.0/tenants/{tenant}");
const ACCOUNT_PATCH: Parent = parent("PATCH /organizations/{tenant}/service-accounts/{principal}");
const ORGANIZATION_PATCH: Parent = parent("PATCH /organizations/{tenant}");
const OWN_PRINCIPAL_PUT: Parent = parent("PUT /v1/tenants/{tenant}/principals/{principal}");
const OWN_TENANT_PUT: Parent = parent("PUT /v1/tenants/{tenant}");
const OWN_PRINCIPAL_PATCH: Parent = parent("PATCH /v1/tenants/{tenant}/principals/{principal}");
const OWN_TENANT_PATCH: Parent = parent("PATCH /v1/tenants/{tenant}");

/// The routes of vendors' faces, which ignore unknown members.
const VENDORS: [Parent; 4] = [USER_PUT, TENANT_PUT, ACCOUNT_PATCH, ORGANIZATION_PATCH];
const PUTS: [Parent; 4] = [USER_PUT, TENANT_PUT, OWN_PRINCIPAL_PUT, OWN_TENANT_PUT];
const PATCHES: [Parent; 4] = [ACCOUNT_PATCH, ORGANIZATION_PATCH, OWN_PRINCIPAL_PATCH, OWN_TENANT_PATCH];

impl Parent {
    fn route(self) -> &'static Route {
        ROUTES.iter().find(|route| title(route) == self.route).expect("a route")
    }

    fn is_a_vendors(self) -> bool {
        VENDORS.contains(&self)
    }

    /// The noun and the verb of its bodies.
    fn writes(self) -> (Noun, Verb) {
        let Operation::Write(noun, verb) = self.route().operation else { panic!("{} writes", self.route) };
        (noun, verb)
    }

    /// The columns that a body can change: a user's name is derived from its parts.
    fn columns(self) -> Vec<&'static str> {
        let (noun, verb) = self.writes();
        let mut columns = columns(self.route().face, noun, verb);
        columns.extend((self == USER_PUT).then_some("name"));
        columns
    }
}

impl House {
    /// A tenant of this name with a user, created through LiteGraph's face. Keycard's face sets the description, and
    /// our own face the fields that only it has.
    pub fn new(name: &str, user: &Value) -> Self {
        let world = World::new();
        let (tenant, _) = world.put("/v1.0/tenants", &json!({ "Name": name }));
        let (user, _) = world.put(&format!("/v1.0/tenants/{}/users", tenant.guid()), user);
        let account = format!("/organizations/{tenant}/service-accounts/{user}");
        assert_eq!(world.call("PATCH", &account, ROOT, &json!({"description": "described"})).status, 200);
        let own_tenant = format!("/v1/tenants/{tenant}");
        let switches = json!({"rbac": false, "require_if_match": true, "role_names": ["deployer"]});
        assert_eq!(world.call("PATCH", &own_tenant, ROOT, &switches).status, 200);
        Self {
            world,
            own_principal: format!("{own_tenant}/principals/{user}"),
            own_tenant,
            place: PathIds { tenant, account: user, ..PathIds::none() },
        }
    }

    fn url(&self, parent: Parent) -> String {
        url(parent.route(), &self.place)
    }

    fn get(&self, parent: Parent) -> Value {
        self.world.get(&self.url(parent), ROOT).expect(200).json()
    }

    fn send(&self, parent: Parent, body: &Value) -> Reply {
        self.world.call(method(parent.route()), &self.url(parent), ROOT, body)
    }

    /// Creates another one.
    fn create(&self, parent: Parent, body: &Value) -> Reply {
        let url = self.url(parent);
        let (collection, _) = url.rsplit_once('/').unwrap();
        self.world.call(if method(parent.route()) == "PUT" { "PUT" } else { "POST" }, collection, ROOT, body)
    }

    /// The row of the principal or tenant.
    fn row(&self, parent: Parent) -> Map<String, Value> {
        let (table, id) = if parent.route.contains("{principal}") {
            ("principals", self.place.account)
        } else {
            ("tenants", self.place.tenant)
        };
        let mut rows = self.world.db.query(&format!("SELECT * FROM {table} WHERE id = ?1"), &[&id.to_string()]);
        rows.remove(0).as_object().unwrap().clone()
    }
}

/// A part of a user's name in a body.
fn part() -> impl Strategy<Value = Option<Value>> {
    proptest::option::of(prop_oneof![2 => name().prop_map(Value::from), 1 => Just(json!("")), 1 => Just(Value::Null)])
}

/// A user, as a body of LiteGraph's face.
pub fn user() -> impl Strategy<Value = Value> {
    (part(), part(), part(), proptest::option::of(any::<bool>())).prop_map(|(first, last, email, active)| {
        let members = [("FirstName", first), ("LastName", last), ("Email", email), ("Active", active.map(Value::from))];
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    })
}

/// A complete principal, as a body of our own face.
pub fn account() -> impl Strategy<Value = Value> {
    whole(&POSTERN, Noun::Principal, Verb::Replace)
}

/// A complete tenant, as a body of our own face.
pub fn organization() -> impl Strategy<Value = Value> {
    whole(&POSTERN, Noun::Tenant, Verb::Replace)
}

/// A valid body of this route.
fn parents_body(parent: Parent) -> BoxedStrategy<Value> {
    let (noun, verb) = parent.writes();
    let body = if parent == USER_PUT { user().boxed() } else { whole(parent.route().face, noun, verb) };
    if verb == Verb::Merge && !parent.is_a_vendors() { some_of(body).boxed() } else { body }
}

fn parent_and_body() -> impl Strategy<Value = (Parent, Value)> {
    Union::new(
        [PUTS, PATCHES]
            .concat()
            .into_iter()
            .map(|parent| parents_body(parent).prop_map(move |body| (parent, body)).boxed()),
    )
}

/// The columns that every change moves.
const OF_A_CHANGE: [&str; 9] = [
    "state",
    "revision",
    "updated_at",
    "event",
    "change",
    "changed_at",
    "changed_by",
    "changed_request",
    "stale_until",
];

proptest! {
    #![proptest_config(config())]

    #[test]
    fn putting_back_a_user_or_tenant_changes_nothing(name in name(), user in user()) {
        let house = House::new(&name, &user);
        for parent in PUTS {
            let (before, got) = (house.world.stored(), house.get(parent));
            let put = house.send(parent, &got);
            prop_assert_eq!(put.status, 200, "{:?}: {}", parent, put.text);
            prop_assert_eq!(put.json(), got, "{:?}: LastUpdateUtc among it", parent);
            prop_assert_eq!(put.cost.rows_written, 0, "{:?}", parent);
            prop_assert_eq!(house.world.stored(), before, "{:?}", parent);
        }
    }

    /// A principal from another face has no parts. The first PUT sets the parts of the same name, and nothing else.
    #[test]
    fn putting_a_service_account_as_a_user_keeps_its_name(name in name(), user in user(), renamed in name()) {
        let house = House::new(&name, &user);
        prop_assert_eq!(house.send(ACCOUNT_PATCH, &json!({ "name": renamed })).status, 200);
        let (shown, account) = (house.get(USER_PUT), house.get(ACCOUNT_PATCH));
        let put = house.send(USER_PUT, &shown);
        prop_assert_eq!(put.status, 200, "{}", put.text);
        let but_time = |mut shown: Value| {
            for time in ["LastUpdateUtc", "updated_at"] {
                shown.as_object_mut().unwrap().remove(time);
            }
            shown
        };
        prop_assert_eq!(but_time(put.json()), but_time(shown));
        prop_assert_eq!(but_time(house.get(ACCOUNT_PATCH)), but_time(account));
        let before = house.world.stored();
        prop_assert_eq!(house.send(USER_PUT, &put.json()).status, 200);
        prop_assert_eq!(house.world.stored(), before);
    }

    #[test]
    fn empty_patch_of_a_principal_or_tenant_changes_nothing(name in name(), user in user()) {
        let house = House::new(&name, &user);
        for parent in PATCHES {
            let (before, got) = (house.world.stored(), house.get(parent));
            let patched = house.send(parent, &json!({}));
            prop_assert_eq!(patched.status, 200, "{:?}: {}", parent, patched.text);
            prop_assert_eq!(patched.json(), got, "{:?}", parent);
            prop_assert_eq!(house.world.stored(), before, "{:?}", parent);
        }
    }

    #[test]
    fn repeated_update_of_a_principal_or_tenant_changes_nothing(
        name in name(), user in user(), (parent, body) in parent_and_body(),
    ) {
        let house = House::new(&name, &user);
        let first = house.send(parent, &body);
        prop_assert_eq!(first.status, 200, "{}", first.text);
        let before = house.world.stored();
        let second = house.send(parent, &body);
        prop_assert_eq!(second.json(), first.json());
        prop_assert_eq!(second.cost.rows_written, 0);
        prop_assert_eq!(house.world.stored(), before);
    }

    #[test]
    fn get_returns_what_an_update_of_a_principal_or_tenant_set(
        name in name(), user in user(), (parent, body) in parent_and_body(),
    ) {
        let house = House::new(&name, &user);
        let put = house.send(parent, &body);
        prop_assert_eq!(put.status, 200, "{}", put.text);
        prop_assert_eq!(house.get(parent), put.json());
        for (member, value) in body.as_object().unwrap() {
            // LiteGraph returns no null for a user, and other faces return none for a principal.
            let nothing = if parent.route == USER_PUT.route { json!("") } else { Value::Null };
            let sent = if value.is_null() { &nothing } else { value };
            let shown = &put.json()[member];
            if member == "role_names" {
                // A set that includes the three default names.
                let names = |value: &Value| value.as_array().unwrap().iter().map(Value::to_string).collect::<BTreeSet<_>>();
                let usual = names(&json!(["admin", "editor", "viewer"]));
                prop_assert_eq!(names(shown), &names(sent) | &usual);
                prop_assert_eq!(names(shown).len(), shown.as_array().unwrap().len(), "none twice");
            } else {
                prop_assert_eq!(shown, sent, "{:?}: {}", parent, member);
            }
        }
    }

    #[test]
    fn updated_at_moves_only_on_a_change(
        name in name(), user in user(), bodies in proptest::collection::vec(parent_and_body(), 1..12),
    ) {
        let house = House::new(&name, &user);
        for (parent, body) in &bodies {
            let before = house.row(*parent);
            let reply = house.send(*parent, body);
            prop_assert_eq!(reply.status, 200, "{:?} {}: {}", parent, body, reply.text);
            let after = house.row(*parent);
            let changed: Vec<_> = after.keys().filter(|column| after[*column] != before[*column]).map(String::as_str).collect();
            let moved = after["updated_at"].as_i64() > before["updated_at"].as_i64();
            prop_assert_eq!(changed.contains(&"updated_at"), moved, "only forward");
            let revisions = [&before, &after].map(|row| row["revision"].as_i64().unwrap());
            prop_assert_eq!(revisions[1] - revisions[0], i64::from(moved), "one revision per change");
            let sayable = parent.columns();
            prop_assert_eq!(changed.iter().any(|column| sayable.contains(column)), moved, "{:?} {}: {:?}", parent, body, changed);
            // A face keeps the fields that it does not have.
            let mut kept = changed.iter().filter(|column| !OF_A_CHANGE.contains(column));
            prop_assert!(kept.all(|column| sayable.contains(column)), "{:?}: {:?}", parent, changed);
        }
    }

    #[test]
    fn every_parent_body_gets_a_response_and_a_rejected_one_writes_nothing(
        name in name(), user in user(), body in any_body(),
    ) {
        let house = House::new(&name, &user);
        for parent in [PUTS, PATCHES].concat() {
            let before = house.world.stored();
            let reply = house.send(parent, &body);
            let refused = if parent.is_a_vendors() { 400 } else { 422 };
            prop_assert!(reply.status == 200 || reply.status == refused, "{:?}: {} {}", parent, reply.status, reply.text);
            if reply.status != 200 {
                prop_assert_eq!(house.world.stored(), before, "{:?}", parent);
            }
            prop_assert_eq!(reply.cost.trips, 1);
        }
    }

    #[test]
    fn create_and_update_of_parents_report_the_same_violations(
        name in name(), user in user(), mut body in any_body(),
    ) {
        let house = House::new(&name, &user);
        let members = body.as_object_mut().unwrap();
        // GUID is read-only after creation, and a name is required in PUT only.
        members.remove("GUID");
        for name in ["name", "Name"] {
            members.entry(name).or_insert(json!("n"));
        }
        // Our own face is tested in put_and_patch.rs.
        for parent in VENDORS {
            let (made, put) = (house.create(parent, &body), house.send(parent, &body));
            prop_assert_eq!(made.status < 300, put.status < 300, "{:?}: {} {}", parent, made.text, put.text);
            if put.status >= 300 {
                prop_assert_eq!(made.status, put.status);
                prop_assert_eq!(made.json(), put.json());
            }
        }
    }
}
