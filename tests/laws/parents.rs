//! What credentials belong to: principals and tenants.

use std::collections::BTreeSet;

use postern::credential::id::Id;
use proptest::prelude::*;
use proptest::strategy::Union;
use serde_json::{Map, Value, json};

use crate::said::{any_body, config, description, name, some_of};
use support::{ROOT, Reply, World, text};

/// A tenant and a principal in it under test, which each face but Coactive's has a page of.
pub struct House {
    pub world: World,
    user: String,
    tenant: String,
    account: String,
    organization: String,
    pub own_principal: String,
    pub own_tenant: String,
    ids: [String; 2],
}

/// PUT or PATCH of a principal or a tenant, and what its bodies can say.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Parent {
    UserPut,
    TenantPut,
    AccountPatch,
    OrganizationPatch,
    OwnPrincipalPut,
    OwnTenantPut,
    OwnPrincipalPatch,
    OwnTenantPatch,
}

/// Those of the vendors' faces, which ignore what they do not know.
const VENDORS: [Parent; 4] = [Parent::UserPut, Parent::TenantPut, Parent::AccountPatch, Parent::OrganizationPatch];
const PUTS: [Parent; 4] = [Parent::UserPut, Parent::TenantPut, Parent::OwnPrincipalPut, Parent::OwnTenantPut];
const PATCHES: [Parent; 4] =
    [Parent::AccountPatch, Parent::OrganizationPatch, Parent::OwnPrincipalPatch, Parent::OwnTenantPatch];

impl Parent {
    /// The table of its rows, and the columns that a body here can change.
    fn columns(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::UserPut => ("principals", &["name", "first_name", "last_name", "email", "enabled"]),
            Self::AccountPatch => ("principals", &["name", "description"]),
            Self::TenantPut => ("tenants", &["name", "enabled"]),
            Self::OrganizationPatch => ("tenants", &["name"]),
            Self::OwnPrincipalPut | Self::OwnPrincipalPatch => ("principals", &["name", "description", "enabled"]),
            Self::OwnTenantPut | Self::OwnTenantPatch => {
                ("tenants", &["name", "enabled", "rbac", "preconditions", "role_names"])
            }
        }
    }

    fn method(self) -> &'static str {
        match self {
            Self::UserPut | Self::TenantPut | Self::OwnPrincipalPut | Self::OwnTenantPut => "PUT",
            Self::AccountPatch | Self::OrganizationPatch | Self::OwnPrincipalPatch | Self::OwnTenantPatch => "PATCH",
        }
    }
}

impl House {
    /// A tenant of this name, and a user in it, made through LiteGraph's face; it is described through Keycard's, and the tenant
    /// is given what our own face alone can say.
    pub fn new(name: &str, user: &Value) -> Self {
        let world = World::new();
        let made = |url: &str, body: &Value| {
            let made = world.call("PUT", url, ROOT, body);
            assert_eq!(made.status, 200, "{}", made.text);
            Id::parse_guid(&text(&made.json(), "GUID")).unwrap()
        };
        let tenant = made("/v1.0/tenants", &json!({ "Name": name }));
        let user = made(&format!("/v1.0/tenants/{}/users", tenant.guid()), user);
        let account = format!("/organizations/{tenant}/service-accounts/{user}");
        assert_eq!(world.call("PATCH", &account, ROOT, &json!({"description": "described"})).status, 200);
        let own_tenant = format!("/v1/tenants/{tenant}");
        let switches = json!({"rbac": false, "require_if_match": true, "role_names": ["deployer"]});
        assert_eq!(world.call("PATCH", &own_tenant, ROOT, &switches).status, 200);
        Self {
            world,
            own_principal: format!("{own_tenant}/principals/{user}"),
            own_tenant,
            user: format!("/v1.0/tenants/{}/users/{}", tenant.guid(), user.guid()),
            tenant: format!("/v1.0/tenants/{}", tenant.guid()),
            account,
            organization: format!("/organizations/{tenant}"),
            ids: [user.to_string(), tenant.to_string()],
        }
    }

    fn url(&self, parent: Parent) -> &str {
        match parent {
            Parent::UserPut => &self.user,
            Parent::TenantPut => &self.tenant,
            Parent::AccountPatch => &self.account,
            Parent::OrganizationPatch => &self.organization,
            Parent::OwnPrincipalPut | Parent::OwnPrincipalPatch => &self.own_principal,
            Parent::OwnTenantPut | Parent::OwnTenantPatch => &self.own_tenant,
        }
    }

    fn get(&self, parent: Parent) -> Value {
        let got = self.world.get(self.url(parent), ROOT);
        assert_eq!(got.status, 200, "{parent:?}: {}", got.text);
        got.json()
    }

    fn send(&self, parent: Parent, body: &Value) -> Reply {
        self.world.call(parent.method(), self.url(parent), ROOT, body)
    }

    /// Where others like it are made, and how.
    fn create(&self, parent: Parent, body: &Value) -> Reply {
        let (collection, _) = self.url(parent).rsplit_once('/').unwrap();
        self.world.call(if parent.method() == "PUT" { "PUT" } else { "POST" }, collection, ROOT, body)
    }

    /// Its row.
    fn row(&self, parent: Parent) -> Map<String, Value> {
        let table = parent.columns().0;
        let id = &self.ids[usize::from(table == "tenants")];
        let mut rows = self.world.db.query(&format!("SELECT * FROM {table} WHERE id = ?1"), &[id]);
        rows.remove(0).as_object().unwrap().clone()
    }
}

/// A part of a user's name: what a body may say of it.
fn part() -> impl Strategy<Value = Option<Value>> {
    proptest::option::of(prop_oneof![2 => name().prop_map(Value::from), 1 => Just(json!("")), 1 => Just(Value::Null)])
}

/// A user, as LiteGraph's clients say one.
pub fn user() -> impl Strategy<Value = Value> {
    (part(), part(), part(), proptest::option::of(any::<bool>())).prop_map(|(first, last, email, active)| {
        let members = [("FirstName", first), ("LastName", last), ("Email", email), ("Active", active.map(Value::from))];
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    })
}

/// A principal, as our own face says one, whole.
pub fn account() -> impl Strategy<Value = Value> {
    (name(), description(), any::<bool>())
        .prop_map(|(name, description, enabled)| json!({"name": name, "description": description, "enabled": enabled}))
}

/// A tenant, as our own face says one, whole.
pub fn organization() -> impl Strategy<Value = Value> {
    let role_names = proptest::collection::vec(prop_oneof!["[a-c]", "\\PC{1,3}", Just("admin".to_owned())], 0..4);
    (name(), any::<[bool; 3]>(), role_names).prop_map(|(name, [enabled, rbac, require_if_match], role_names)| {
        json!({
            "name": name, "enabled": enabled, "rbac": rbac, "require_if_match": require_if_match, "role_names": role_names,
        })
    })
}

/// A body that this takes.
fn parents_body(parent: Parent) -> BoxedStrategy<Value> {
    match parent {
        Parent::UserPut => user().boxed(),
        Parent::TenantPut => {
            (name(), any::<bool>()).prop_map(|(name, active)| json!({"Name": name, "Active": active})).boxed()
        }
        Parent::AccountPatch => (name(), description())
            .prop_map(|(name, description)| json!({"name": name, "description": description}))
            .boxed(),
        Parent::OrganizationPatch => name().prop_map(|name| json!({ "name": name })).boxed(),
        Parent::OwnPrincipalPut => account().boxed(),
        Parent::OwnTenantPut => organization().boxed(),
        Parent::OwnPrincipalPatch => some_of(account()).boxed(),
        Parent::OwnTenantPatch => some_of(organization()).boxed(),
    }
}

fn parent_and_body() -> impl Strategy<Value = (Parent, Value)> {
    Union::new(
        [PUTS, PATCHES]
            .concat()
            .into_iter()
            .map(|parent| parents_body(parent).prop_map(move |body| (parent, body)).boxed()),
    )
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn put_of_what_get_shows_changes_nothing_of_a_user_and_a_tenant(name in name(), user in user()) {
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

    /// What another face made or renamed has no parts: the first PUT makes it a user's, of the same name, and that is all.
    #[test]
    fn put_of_a_service_account_as_a_user_keeps_its_name(name in name(), user in user(), renamed in name()) {
        let house = House::new(&name, &user);
        prop_assert_eq!(house.send(Parent::AccountPatch, &json!({ "name": renamed })).status, 200);
        let (shown, account) = (house.get(Parent::UserPut), house.get(Parent::AccountPatch));
        let put = house.send(Parent::UserPut, &shown);
        prop_assert_eq!(put.status, 200, "{}", put.text);
        let but_time = |mut shown: Value| {
            for time in ["LastUpdateUtc", "updated_at"] {
                shown.as_object_mut().unwrap().remove(time);
            }
            shown
        };
        prop_assert_eq!(but_time(put.json()), but_time(shown));
        prop_assert_eq!(but_time(house.get(Parent::AccountPatch)), but_time(account));
        let before = house.world.stored();
        prop_assert_eq!(house.send(Parent::UserPut, &put.json()).status, 200);
        prop_assert_eq!(house.world.stored(), before);
    }

    #[test]
    fn an_empty_patch_changes_nothing_of_a_principal_and_a_tenant(name in name(), user in user()) {
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
    fn the_same_again_changes_nothing_of_a_principal_and_a_tenant(
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
    fn what_was_put_is_what_get_shows_of_a_principal_and_a_tenant(
        name in name(), user in user(), (parent, body) in parent_and_body(),
    ) {
        let house = House::new(&name, &user);
        let put = house.send(parent, &body);
        prop_assert_eq!(put.status, 200, "{}", put.text);
        prop_assert_eq!(house.get(parent), put.json());
        for (member, value) in body.as_object().unwrap() {
            // Of a user nothing is null, and of a service account nothing.
            let nothing = if matches!(parent, Parent::UserPut) { json!("") } else { Value::Null };
            let said = if value.is_null() { &nothing } else { value };
            let shown = &put.json()[member];
            if member == "role_names" {
                // A set, the usual three always among them.
                let names = |value: &Value| value.as_array().unwrap().iter().map(Value::to_string).collect::<BTreeSet<_>>();
                let usual = names(&json!(["admin", "editor", "viewer"]));
                prop_assert_eq!(names(shown), &names(said) | &usual);
                prop_assert_eq!(names(shown).len(), shown.as_array().unwrap().len(), "none twice");
            } else {
                prop_assert_eq!(shown, said, "{:?}: {}", parent, member);
            }
        }
    }

    #[test]
    fn the_time_moves_when_something_changed_and_only_then(
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
            prop_assert_eq!(revisions[1] - revisions[0], i64::from(moved), "one revision a change");
            let sayable = parent.columns().1;
            prop_assert_eq!(changed.iter().any(|column| sayable.contains(column)), moved, "{:?} {}: {:?}", parent, body, changed);
            // A face keeps what it cannot say.
            let mut kept = changed.iter().filter(|column| !["revision", "updated_at"].contains(column));
            prop_assert!(kept.all(|column| sayable.contains(column)), "{:?}: {:?}", parent, changed);
        }
    }

    #[test]
    fn any_body_is_answered_and_a_refused_one_writes_nothing_of_a_principal_and_a_tenant(
        name in name(), user in user(), body in any_body(),
    ) {
        let house = House::new(&name, &user);
        for parent in [PUTS, PATCHES].concat() {
            let before = house.world.stored();
            let reply = house.send(parent, &body);
            let refused = if VENDORS.contains(&parent) { 400 } else { 422 };
            prop_assert!(reply.status == 200 || reply.status == refused, "{:?}: {} {}", parent, reply.status, reply.text);
            if reply.status != 200 {
                prop_assert_eq!(house.world.stored(), before, "{:?}", parent);
            }
            prop_assert_eq!(reply.cost.trips, 1);
        }
    }

    #[test]
    fn create_and_update_report_the_same_violations_of_a_principal_and_a_tenant(
        name in name(), user in user(), mut body in any_body(),
    ) {
        let house = House::new(&name, &user);
        let members = body.as_object_mut().unwrap();
        // Read-only ever after; and a name has to be said by PUT alone.
        members.remove("GUID");
        for name in ["name", "Name"] {
            members.entry(name).or_insert(json!("n"));
        }
        // Those of our own face: put_and_patch.rs.
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
