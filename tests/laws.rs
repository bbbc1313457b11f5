//! The laws of update, as properties, on every face that has the verbs: whatever the credential, the principal or the
//! tenant, whatever the body.
//!
//! A face is a few closures here; each law is written once for credentials, and once for what they belong to.

mod common;

use common::{CLIENTS, ROOT, Reply, World, ZERO, client_url, litegraph_url, text};
use postern::credential::field::{Field, Noun, Verb};
use postern::credential::id::Id;
use postern::credential::validate::validate;
use postern::face::{Face, coactive::Coactive, keycard::Keycard, litegraph::LiteGraph, read};
use proptest::prelude::*;
use proptest::strategy::Union;
use serde_json::{Map, Value, json};

/// A credential under test: where each face finds it.
struct Subject {
    world: World,
    keycard: String,
    litegraph: String,
    coactive: String,
    id: String,
}

/// A face that has PUT or PATCH, and what its bodies can say.
#[derive(Clone, Copy, Debug)]
enum Update {
    CoactivePut,
    LiteGraphPut,
    KeycardPatch,
}

const ALL: [Update; 3] = [Update::CoactivePut, Update::LiteGraphPut, Update::KeycardPatch];

const NOUNS: [Noun; 3] = [Noun::Tenant, Noun::Principal, Noun::Credential];

impl Subject {
    /// Made through Keycard's face, so that every field has something to lose, then given roles and a token.
    fn new(name: &str, roles: &Value) -> Self {
        let world = World::new();
        let (account, url) = world.service_account();
        let made = world.call("POST", &url, ROOT, &json!({"name": name, "description": "described"})).json();
        let id = Id::parse(&text(&made, "id")).unwrap();
        let subject = Self {
            world,
            keycard: format!("{url}/{id}"),
            litegraph: litegraph_url(&id),
            coactive: client_url(&id.client()),
            id: id.to_string(),
        };
        let user = Id::parse(&account).unwrap().guid();
        let token = json!({"UserGUID": user, "Name": name, "BearerToken": "the-token"});
        assert_eq!(subject.world.call("PUT", &subject.litegraph, ROOT, &token).status, 200);
        assert_eq!(subject.world.call("PUT", &subject.coactive, ROOT, &json!({"roles": roles})).status, 200);
        subject
    }

    fn url(&self, verb: Update) -> &str {
        match verb {
            Update::CoactivePut => &self.coactive,
            Update::LiteGraphPut => &self.litegraph,
            Update::KeycardPatch => &self.keycard,
        }
    }

    fn get(&self, verb: Update) -> Reply {
        self.world.get(self.url(verb), ROOT)
    }

    fn send(&self, verb: Update, body: &Value) -> Reply {
        let method = if matches!(verb, Update::KeycardPatch) { "PATCH" } else { "PUT" };
        self.world.call(method, self.url(verb), ROOT, body)
    }

    /// All that is stored, but for the times of use.
    fn stored(&self) -> (Vec<Value>, i64, i64) {
        let row = self.world.db.query(
            "SELECT principal, name, description, enabled, roles, expires_at, revision, updated_at, event FROM credentials WHERE id = ?1",
            &[&self.id],
        );
        let count = |table: &str| self.world.db.count(&format!("SELECT count(*) FROM {table}"));
        (row, count("events"), count("secrets"))
    }
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z ]{1,8}", "\\PC{1,40}", Just("é".repeat(255)), Just(" ".to_owned())]
}

fn role() -> impl Strategy<Value = Value> {
    let id = prop_oneof![Just("admin"), Just("editor"), Just("viewer")];
    (id, proptest::option::of("[a-c]"), proptest::option::of("\\PC{1,3}")).prop_map(|(id, resource, instance)| {
        let mut role = json!({"role_id": id});
        if let Some(resource) = resource {
            role["resource"] = resource.into();
            if let Some(instance) = instance {
                role["resource_instance"] = instance.into();
            }
        }
        role
    })
}

fn roles() -> impl Strategy<Value = Value> {
    proptest::collection::vec(role(), 0..6).prop_map(Value::from)
}

/// A value of any kind: right for some field, wrong for most.
fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => name().prop_map(Value::from),
        2 => roles(),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i32>().prop_map(Value::from),
        1 => Just(json!({})),
        1 => Just(json!("x".repeat(501))),
        1 => Just(json!("")),
        1 => Just(json!("a\u{0}b")),
        1 => Just(json!([{"role_id": "nobody"}, 7])),
        1 => Just(json!(ZERO)),
        1 => Just(json!("dataset:a")),
    ]
}

/// A body of any members that the faces know, and one that none does.
fn any_body() -> impl Strategy<Value = Value> {
    let members = [
        "name",
        "description",
        "roles",
        "roles_context",
        "UserGUID",
        "Name",
        "FirstName",
        "LastName",
        "Email",
        "Password",
        "BearerToken",
        "Active",
        "GUID",
        "TenantGUID",
        "client_id",
        "unknown",
    ];
    let member = Union::new(members.map(Just)).prop_map(str::to_owned);
    proptest::collection::btree_map(member, any_value(), 0..7)
        .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>()))
}

/// A body that a face takes, with every field it can say.
fn good_body(verb: Update) -> BoxedStrategy<Value> {
    match verb {
        Update::CoactivePut => (name(), roles()).prop_map(|(name, roles)| json!({"name": name, "roles": roles})).boxed(),
        Update::LiteGraphPut => (name(), any::<bool>(), "[!-~]{1,20}")
            .prop_map(|(name, active, token)| json!({"UserGUID": ZERO, "Name": name, "Active": active, "BearerToken": format!("t{token}")}))
            .boxed(),
        Update::KeycardPatch => (name(), proptest::option::of("\\PC{0,20}"))
            .prop_map(|(name, description)| json!({"name": name, "description": description}))
            .boxed(),
    }
}

fn verb_and_body() -> impl Strategy<Value = (Update, Value)> {
    Union::new(ALL.map(|verb| good_body(verb).prop_map(move |body| (verb, body)).boxed()))
}

fn config() -> ProptestConfig {
    ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn put_of_what_get_shows_changes_nothing(name in name(), roles in roles()) {
        let subject = Subject::new(&name, &roles);
        for verb in ALL {
            let (before, got) = (subject.stored(), subject.get(verb));
            let put = subject.send(verb, &got.json());
            prop_assert_eq!(put.status, 200, "{:?}: {}", verb, put.text);
            prop_assert_eq!(put.etag(), got.etag());
            prop_assert_eq!(put.json(), got.json());
            prop_assert_eq!(subject.stored(), before, "{:?}", verb);
        }
    }

    #[test]
    fn an_empty_patch_changes_neither_revision_nor_history(name in name(), roles in roles()) {
        let subject = Subject::new(&name, &roles);
        let before = subject.stored();
        prop_assert_eq!(subject.send(Update::KeycardPatch, &json!({})).status, 200);
        prop_assert_eq!(subject.stored(), before);
    }

    #[test]
    fn the_same_again_changes_nothing(name in name(), roles in roles(), (verb, body) in verb_and_body()) {
        let subject = Subject::new(&name, &roles);
        let first = subject.send(verb, &body);
        prop_assert_eq!(first.status, 200, "{}", first.text);
        let before = subject.stored();
        let second = subject.send(verb, &body);
        prop_assert_eq!(second.etag(), first.etag());
        prop_assert_eq!(second.json(), first.json());
        prop_assert_eq!(subject.stored(), before);
    }

    #[test]
    fn what_was_put_is_what_get_shows(name in name(), roles in roles(), (verb, body) in verb_and_body()) {
        let subject = Subject::new(&name, &roles);
        let put = subject.send(verb, &body);
        prop_assert_eq!(put.status, 200, "{}", put.text);
        prop_assert_eq!(subject.get(verb).json(), put.json());
        for (member, value) in body.as_object().unwrap() {
            let shown = &put.json()[member];
            if member == "roles" {
                let mut said = value.as_array().unwrap().clone();
                let parts = ["resource", "resource_instance", "role_id"];
                said.sort_by_key(|role| parts.map(|part| role[part].as_str().map(str::to_owned)));
                said.dedup();
                prop_assert_eq!(shown, &Value::from(said));
            } else {
                prop_assert_eq!(shown, value, "{}", member);
            }
        }
    }

    #[test]
    fn any_body_is_answered_and_a_refused_one_writes_nothing(name in name(), roles in roles(), body in any_body()) {
        for verb in ALL {
            // Anew for each: LiteGraph's PUT may move the credential away from the service account of Keycard's path.
            let subject = Subject::new(&name, &roles);
            let before = subject.stored();
            let reply = subject.send(verb, &body);
            prop_assert!(matches!(reply.status, 200 | 400 | 409 | 422), "{:?}: {} {}", verb, reply.status, reply.text);
            if reply.status != 200 {
                prop_assert_eq!(subject.stored(), before, "{:?}", verb);
            }
            prop_assert_eq!(reply.cost.trips, 1);
        }
    }

    #[test]
    fn a_face_keeps_what_it_cannot_say(name in name(), roles in roles(), (verb, body) in verb_and_body()) {
        let subject = Subject::new(&name, &roles);
        let before = subject.stored().0.remove(0);
        prop_assert_eq!(subject.send(verb, &body).status, 200);
        let after = subject.stored().0.remove(0);
        let sayable: &[&str] = match verb {
            Update::CoactivePut => &["name", "roles"],
            Update::LiteGraphPut => &["principal", "name", "enabled"],
            Update::KeycardPatch => &["name", "description"],
        };
        for field in ["principal", "name", "description", "enabled", "roles", "expires_at"] {
            if !sayable.contains(&field) {
                prop_assert_eq!(&after[field], &before[field], "{:?} cannot say {}", verb, field);
            }
        }
    }

    #[test]
    fn create_and_update_report_the_same_violations(body in any_body()) {
        // Of the members that both take, and where both take null and absence alike: the names differ there by contract.
        let subject = Subject::new("n", &json!([{"role_id": "admin"}]));
        let mut coactive = body.clone();
        let members = coactive.as_object_mut().unwrap();
        members.remove("roles_context");
        if !matches!(members.get("name"), Some(value) if !value.is_null()) {
            members.insert("name".to_owned(), json!("n"));
        }
        let (made, put) = (subject.world.call("POST", CLIENTS, ROOT, &coactive), subject.send(Update::CoactivePut, &coactive));
        prop_assert_eq!(made.status == 201, put.status == 200);
        if made.status == 422 {
            prop_assert_eq!(made.json(), put.json());
        }
        let keycard = subject.keycard.rsplit_once('/').unwrap().0;
        let mut patch = body;
        patch.as_object_mut().unwrap().entry("name").or_insert(json!("n"));
        let (made, patched) = (subject.world.call("POST", keycard, ROOT, &patch), subject.send(Update::KeycardPatch, &patch));
        prop_assert_eq!(made.status == 201, patched.status == 200);
        if made.status == 400 {
            prop_assert_eq!(made.json(), patched.json());
        }
    }

    #[test]
    fn a_body_that_names_every_field_means_the_same_to_put_and_patch(values in proptest::collection::vec(any_value(), 10)) {
        let faces: [&dyn Face; 3] = [&Coactive, &LiteGraph, &Keycard];
        for (face, noun) in faces.into_iter().flat_map(|face| NOUNS.map(|noun| (face, noun))) {
            // The words that both verbs have; null is where a face's contract may tell them apart.
            let word = |verb, field: &Field| face.word(noun, verb, *field).filter(|_| noun.has(*field));
            let shared = |field: &Field| word(Verb::Merge, field).is_some() && word(Verb::Merge, field) == word(Verb::Replace, field);
            let said = Field::ALL.into_iter().filter(shared).zip(values.iter().filter(|value| !value.is_null()));
            let body: Map<_, _> = said.map(|(field, value)| (word(Verb::Replace, &field).unwrap().to_owned(), value.clone())).collect();
            let judged = |verb| {
                let (change, violations) = validate(&read(face, noun, verb, body.clone()), noun, verb, face, "pstn_");
                (change.set(), violations)
            };
            let (put, patch) = (judged(Verb::Replace), judged(Verb::Merge));
            if body.len() == Field::ALL.into_iter().filter(shared).count() {
                prop_assert_eq!(put, patch);
            }
        }
    }

    #[test]
    fn each_change_is_one_revision_and_the_history_has_no_gap(bodies in proptest::collection::vec(verb_and_body(), 1..12)) {
        let subject = Subject::new("n", &json!([]));
        for (verb, body) in &bodies {
            let before = subject.stored();
            let reply = subject.send(*verb, body);
            let after = subject.stored();
            let moved = after.0[0]["revision"].as_i64().unwrap() - before.0[0]["revision"].as_i64().unwrap();
            prop_assert_eq!(moved, i64::from(reply.status == 200 && after.1 > before.1), "{:?} {}", verb, body);
            prop_assert!(moved == 0 || after.0[0]["updated_at"].as_i64() > before.0[0]["updated_at"].as_i64());
        }
        let history = subject.world.history(&subject.id);
        let of_it = subject.world.db.count(&format!("SELECT count(*) FROM events WHERE credential = '{}'", subject.id));
        prop_assert_eq!(i64::try_from(history.len()).unwrap(), of_it, "the walk meets every event");
        let mut revisions: Vec<_> = history.iter().map(|event| event["revision"].as_i64().unwrap()).collect();
        revisions.dedup();
        prop_assert_eq!(&revisions, &(1..=i64::try_from(revisions.len()).unwrap()).collect::<Vec<_>>());
    }
}

/// What credentials belong to, under test: a tenant and a principal in it, which each face has a page of.
struct House {
    world: World,
    user: String,
    tenant: String,
    account: String,
    organization: String,
    ids: [String; 2],
}

/// PUT or PATCH of a principal or a tenant, and what its bodies can say.
#[derive(Clone, Copy, Debug)]
enum Parent {
    UserPut,
    TenantPut,
    AccountPatch,
    OrganizationPatch,
}

const PARENTS: [Parent; 4] = [Parent::UserPut, Parent::TenantPut, Parent::AccountPatch, Parent::OrganizationPatch];
const PUTS: [Parent; 2] = [Parent::UserPut, Parent::TenantPut];
const PATCHES: [Parent; 2] = [Parent::AccountPatch, Parent::OrganizationPatch];

impl Parent {
    /// The table of its rows, and the columns that a body here can change.
    fn columns(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::UserPut => ("principals", &["name", "first_name", "last_name", "email", "enabled"]),
            Self::AccountPatch => ("principals", &["name", "description"]),
            Self::TenantPut => ("tenants", &["name", "enabled"]),
            Self::OrganizationPatch => ("tenants", &["name"]),
        }
    }

    fn method(self) -> &'static str {
        if matches!(self, Self::UserPut | Self::TenantPut) { "PUT" } else { "PATCH" }
    }
}

impl House {
    /// A tenant of this name, and a user in it, made through LiteGraph's face; it is described through Keycard's.
    fn new(name: &str, user: &Value) -> Self {
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
        Self {
            world,
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
fn user() -> impl Strategy<Value = Value> {
    (part(), part(), part(), proptest::option::of(any::<bool>())).prop_map(|(first, last, email, active)| {
        let members = [("FirstName", first), ("LastName", last), ("Email", email), ("Active", active.map(Value::from))];
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    })
}

/// A body that this takes.
fn parents_body(parent: Parent) -> BoxedStrategy<Value> {
    match parent {
        Parent::UserPut => user().boxed(),
        Parent::TenantPut => {
            (name(), any::<bool>()).prop_map(|(name, active)| json!({"Name": name, "Active": active})).boxed()
        }
        Parent::AccountPatch => (name(), proptest::option::of("\\PC{0,20}"))
            .prop_map(|(name, description)| json!({"name": name, "description": description}))
            .boxed(),
        Parent::OrganizationPatch => name().prop_map(|name| json!({ "name": name })).boxed(),
    }
}

fn parent_and_body() -> impl Strategy<Value = (Parent, Value)> {
    Union::new(PARENTS.map(|parent| parents_body(parent).prop_map(move |body| (parent, body)).boxed()))
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
    fn the_same_again_changes_nothing_of_a_principal_and_a_tenant(name in name(), user in user(), (parent, body) in parent_and_body()) {
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
    fn what_was_put_is_what_get_shows_of_a_principal_and_a_tenant(name in name(), user in user(), (parent, body) in parent_and_body()) {
        let house = House::new(&name, &user);
        let put = house.send(parent, &body);
        prop_assert_eq!(put.status, 200, "{}", put.text);
        prop_assert_eq!(house.get(parent), put.json());
        for (member, value) in body.as_object().unwrap() {
            // Of a user nothing is null, and of a service account nothing.
            let nothing = if matches!(parent, Parent::UserPut) { json!("") } else { Value::Null };
            let said = if value.is_null() { &nothing } else { value };
            prop_assert_eq!(&put.json()[member], said, "{:?}: {}", parent, member);
        }
    }

    #[test]
    fn the_time_moves_when_something_changed_and_only_then(name in name(), user in user(), bodies in proptest::collection::vec(parent_and_body(), 1..12)) {
        let house = House::new(&name, &user);
        for (parent, body) in &bodies {
            let before = house.row(*parent);
            let reply = house.send(*parent, body);
            prop_assert_eq!(reply.status, 200, "{:?} {}: {}", parent, body, reply.text);
            let after = house.row(*parent);
            let changed: Vec<_> = after.keys().filter(|column| after[*column] != before[*column]).map(String::as_str).collect();
            let moved = after["updated_at"].as_i64() > before["updated_at"].as_i64();
            prop_assert_eq!(changed.contains(&"updated_at"), moved, "only forward");
            let sayable = parent.columns().1;
            prop_assert_eq!(changed.iter().any(|column| sayable.contains(column)), moved, "{:?} {}: {:?}", parent, body, changed);
            // A face keeps what it cannot say.
            prop_assert!(changed.iter().all(|column| sayable.contains(column) || *column == "updated_at"), "{:?}: {:?}", parent, changed);
        }
    }

    #[test]
    fn any_body_is_answered_and_a_refused_one_writes_nothing_of_a_principal_and_a_tenant(name in name(), user in user(), body in any_body()) {
        let house = House::new(&name, &user);
        for parent in PARENTS {
            let before = house.world.stored();
            let reply = house.send(parent, &body);
            prop_assert!(matches!(reply.status, 200 | 400), "{:?}: {} {}", parent, reply.status, reply.text);
            if reply.status != 200 {
                prop_assert_eq!(house.world.stored(), before, "{:?}", parent);
            }
            prop_assert_eq!(reply.cost.trips, 1);
        }
    }

    #[test]
    fn create_and_update_report_the_same_violations_of_a_principal_and_a_tenant(name in name(), user in user(), mut body in any_body()) {
        let house = House::new(&name, &user);
        let members = body.as_object_mut().unwrap();
        // Read-only ever after; and a name has to be said by PUT alone.
        members.remove("GUID");
        for name in ["name", "Name"] {
            members.entry(name).or_insert(json!("n"));
        }
        for parent in PARENTS {
            let (made, put) = (house.create(parent, &body), house.send(parent, &body));
            prop_assert_eq!(made.status < 300, put.status < 300, "{:?}: {} {}", parent, made.text, put.text);
            if put.status >= 300 {
                prop_assert_eq!(made.status, put.status);
                prop_assert_eq!(made.json(), put.json());
            }
        }
    }
}
