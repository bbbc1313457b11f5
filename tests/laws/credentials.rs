//! Laws for credentials.

use postern::credential::field::{Noun, Verb};
use postern::credential::id::Id;
use postern::face::Face;
use postern::face::{coactive::COACTIVE, keycard::KEYCARD, litegraph::LITEGRAPH, postern::POSTERN};
use proptest::prelude::*;
use proptest::strategy::Union;
use serde_json::{Value, json};

use crate::bodies::{any_body, as_set, columns, config, metadata_patch, name, roles, some_of, whole};
use support::{ACME, CLIENTS, ROOT, Reply, World, ZERO, client_url, litegraph_url, text};

/// The initial state of a credential: every field has a value to lose.
#[derive(Clone, Debug)]
pub struct State {
    /// Its fields, as members of our own face.
    pub own: Value,
    /// The reason, if it is revoked.
    pub revoked: Option<String>,
}

/// A credential under test, with its path on each face.
pub struct Subject {
    pub world: World,
    pub own: String,
    keycard: String,
    litegraph: String,
    coactive: String,
    id: String,
    revoked: bool,
}

/// A PUT or PATCH of a face.
#[derive(Clone, Copy, Debug)]
pub enum Update {
    CoactivePut,
    LiteGraphPut,
    KeycardPatch,
    OwnPut,
    OwnPatch,
}

const ALL: [Update; 5] =
    [Update::CoactivePut, Update::LiteGraphPut, Update::KeycardPatch, Update::OwnPut, Update::OwnPatch];

impl Update {
    /// The face and the verb.
    fn face(self) -> (&'static Face, Verb) {
        match self {
            Self::CoactivePut => (&COACTIVE, Verb::Replace),
            Self::LiteGraphPut => (&LITEGRAPH, Verb::Replace),
            Self::KeycardPatch => (&KEYCARD, Verb::Merge),
            Self::OwnPut => (&POSTERN, Verb::Replace),
            Self::OwnPatch => (&POSTERN, Verb::Merge),
        }
    }
}

pub fn state() -> impl Strategy<Value = State> {
    (own_whole(), proptest::option::of("\\PC{0,20}")).prop_map(|(mut own, revoked)| {
        own.as_object_mut().unwrap().retain(|member, _| !["principal", "enabled"].contains(&member.as_str()));
        State { own, revoked }
    })
}

impl Subject {
    /// Created through Keycard's face, then given the fields that only other faces have.
    pub fn new(state: &State) -> Self {
        let world = World::new();
        let (account, url) = world.service_account();
        let made = world.call("POST", &url, ROOT, &json!({"name": state.own["name"]})).json();
        let id = Id::parse(&text(&made, "id")).unwrap();
        let subject = Self {
            world,
            own: format!("/v1/tenants/{ACME}/credentials/{id}"),
            keycard: format!("{url}/{id}"),
            litegraph: litegraph_url(&id),
            coactive: client_url(&id.client()),
            id: id.to_string(),
            revoked: state.revoked.is_some(),
        };
        let done = |method: &str, url: &str, body: &Value| {
            subject.world.call(method, url, ROOT, body).expect(200);
        };
        let user = Id::parse(&account).unwrap().guid();
        done(
            "PUT",
            &subject.litegraph,
            &json!({"UserGUID": user, "Name": state.own["name"], "BearerToken": "the-token"}),
        );
        done("PUT", &subject.coactive, &json!({"roles": state.own["roles"]}));
        done("PATCH", &subject.own, &state.own);
        if let Some(reason) = &state.revoked {
            done("POST", &format!("{}/revoke", subject.own), &json!({ "reason": reason }));
        }
        subject
    }

    fn url(&self, verb: Update) -> &str {
        match verb {
            Update::CoactivePut => &self.coactive,
            Update::LiteGraphPut => &self.litegraph,
            Update::KeycardPatch => &self.keycard,
            Update::OwnPut | Update::OwnPatch => &self.own,
        }
    }

    fn get(&self, verb: Update) -> Reply {
        self.world.get(self.url(verb), ROOT)
    }

    pub fn send(&self, verb: Update, body: &Value) -> Reply {
        let method = if matches!(verb, Update::KeycardPatch | Update::OwnPatch) { "PATCH" } else { "PUT" };
        self.world.call(method, self.url(verb), ROOT, body)
    }

    /// Whether a valid body is rejected all the same: LiteGraph cannot enable a revoked credential.
    fn refuses(&self, verb: Update, body: &Value) -> bool {
        self.revoked && matches!(verb, Update::LiteGraphPut) && body["Active"] != false
    }

    /// Everything stored, without the times of use.
    pub fn stored(&self) -> (Vec<Value>, i64, i64) {
        let columns = columns(&POSTERN, Noun::Credential, Verb::Replace).join(", ");
        let sql = format!(
            "SELECT {columns}, revoked_at, revoked_reason, revision, updated_at, event FROM credentials WHERE id = ?1"
        );
        let row = self.world.db.query(&sql, &[&self.id]);
        let count = |table: &str| self.world.db.count(&format!("SELECT count(*) FROM {table}"));
        (row, count("events"), count("secrets"))
    }
}

/// A body of our own face with every field.
pub fn own_whole() -> impl Strategy<Value = Value> {
    whole(&POSTERN, Noun::Credential, Verb::Replace)
}

/// A change on our own face, of any of the fields.
pub fn patch() -> impl Strategy<Value = Value> {
    let whole = (own_whole(), metadata_patch()).prop_map(|(mut whole, metadata)| {
        whole["metadata"] = metadata;
        whole
    });
    some_of(whole)
}

/// A valid body; of PUT, with every field of the face.
fn good_body(verb: Update) -> BoxedStrategy<Value> {
    match verb {
        Update::CoactivePut => (name(), roles()).prop_map(|(name, roles)| json!({"name": name, "roles": roles})).boxed(),
        Update::LiteGraphPut => (name(), any::<bool>(), "[!-~]{1,20}")
            .prop_map(|(name, active, token)| {
                json!({"UserGUID": ZERO, "Name": name, "Active": active, "BearerToken": format!("t{token}")})
            })
            .boxed(),
        Update::KeycardPatch => whole(&KEYCARD, Noun::Credential, Verb::Merge),
        Update::OwnPut => own_whole().boxed(),
        Update::OwnPatch => patch().boxed(),
    }
}

fn verb_and_body() -> impl Strategy<Value = (Update, Value)> {
    Union::new(ALL.map(|verb| good_body(verb).prop_map(move |body| (verb, body)).boxed()))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn putting_back_a_get_response_changes_nothing(state in state()) {
        let subject = Subject::new(&state);
        for verb in ALL {
            let (before, got) = (subject.stored(), subject.get(verb));
            // On our own face with every read-only member left in.
            let put = subject.send(verb, &got.json());
            prop_assert_eq!(put.status, 200, "{:?}: {}", verb, put.text);
            prop_assert_eq!(put.etag(), got.etag());
            prop_assert_eq!(put.json(), got.json());
            prop_assert_eq!(subject.stored(), before, "{:?}", verb);
        }
    }

    #[test]
    fn empty_patch_changes_neither_revision_nor_history(state in state()) {
        let subject = Subject::new(&state);
        let before = subject.stored();
        for verb in [Update::KeycardPatch, Update::OwnPatch] {
            let got = subject.get(verb);
            let patched = subject.send(verb, &json!({}));
            prop_assert_eq!(patched.status, 200);
            prop_assert_eq!((patched.etag(), patched.json()), (got.etag(), got.json()));
            prop_assert_eq!(subject.stored(), before.clone());
        }
    }

    #[test]
    fn repeated_update_changes_nothing(state in state(), (verb, body) in verb_and_body()) {
        let subject = Subject::new(&state);
        let first = subject.send(verb, &body);
        prop_assert_eq!(first.status, if subject.refuses(verb, &body) { 409 } else { 200 }, "{}", first.text);
        let before = subject.stored();
        let second = subject.send(verb, &body);
        prop_assert_eq!(second.header("etag"), first.header("etag"));
        prop_assert_eq!(second.json(), first.json());
        prop_assert_eq!(subject.stored(), before);
    }

    #[test]
    fn get_returns_what_an_update_set(state in state(), (verb, body) in verb_and_body()) {
        let subject = Subject::new(&state);
        prop_assume!(!subject.refuses(verb, &body));
        let put = subject.send(verb, &body);
        prop_assert_eq!(put.status, 200, "{}", put.text);
        prop_assert_eq!(subject.get(verb).json(), put.json());
        for (member, value) in body.as_object().unwrap() {
            let shown = &put.json()[member];
            match (verb, member.as_str()) {
                (_, "roles") if !value.is_null() => prop_assert_eq!(shown, &as_set(value)),
                // Its result is tested in merge.rs.
                (Update::OwnPatch, "metadata") => {}
                _ => prop_assert_eq!(shown, value, "{}", member),
            }
        }
    }

    #[test]
    fn every_body_gets_a_response_and_a_rejected_one_writes_nothing(state in state(), body in any_body()) {
        for verb in ALL {
            // A new credential each time: LiteGraph's PUT may move it away from the service account in Keycard's path.
            let subject = Subject::new(&state);
            let before = subject.stored();
            let reply = subject.send(verb, &body);
            prop_assert!(matches!(reply.status, 200 | 400 | 409 | 422), "{:?}: {} {}", verb, reply.status, reply.text);
            if reply.status != 200 {
                prop_assert_eq!(subject.stored(), before, "{:?}", verb);
            }
            prop_assert_eq!(reply.cost.trips, 1);
        }
    }

    /// Vendors' faces keep the metadata, the expiry and the revocation, whatever a body has.
    #[test]
    fn each_face_keeps_the_fields_it_cannot_express(state in state(), (verb, body) in verb_and_body()) {
        let subject = Subject::new(&state);
        let before = subject.stored().0.remove(0);
        let reply = subject.send(verb, &body);
        prop_assert_eq!(reply.status, if subject.refuses(verb, &body) { 409 } else { 200 }, "{}", reply.text);
        let after = subject.stored().0.remove(0);
        let (face, body_verb) = verb.face();
        let mut settable = columns(face, Noun::Credential, body_verb);
        // A revoked credential is inactive on LiteGraph's face, so an inactive body does not set `enabled`.
        // On Coactive's face, roles give the access: tests/own/access.rs.
        let roles_changed = ["roles", "unrestricted"].iter().any(|column| before[*column] != after[*column]);
        if matches!(verb, Update::CoactivePut) && roles_changed {
            settable.push("access");
        }
        settable.retain(|column| !(subject.revoked && matches!(verb, Update::LiteGraphPut) && *column == "enabled"));
        let fields = columns(&POSTERN, Noun::Credential, Verb::Replace).into_iter().chain(["revoked_at", "revoked_reason"]);
        for field in fields {
            if !settable.contains(&field) {
                prop_assert_eq!(&after[field], &before[field], "{:?} has no field {}", verb, field);
            }
        }
    }

    #[test]
    fn create_and_update_report_the_same_violations(state in state(), body in any_body()) {
        // Members that both faces have and whose null and absence mean the same: for names they differ by contract.
        let subject = Subject::new(&state);
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
    fn each_change_is_one_revision_and_history_has_no_gap(
        state in state(), bodies in proptest::collection::vec(verb_and_body(), 1..12),
    ) {
        let subject = Subject::new(&state);
        for (verb, body) in &bodies {
            let before = subject.stored();
            let reply = subject.send(*verb, body);
            let after = subject.stored();
            let moved = after.0[0]["revision"].as_i64().unwrap() - before.0[0]["revision"].as_i64().unwrap();
            prop_assert_eq!(moved, i64::from(reply.status == 200 && after.1 > before.1), "{:?} {}", verb, body);
            prop_assert!(moved == 0 || after.0[0]["updated_at"].as_i64() > before.0[0]["updated_at"].as_i64());
        }
        let history = subject.world.history(&subject.id);
        let of_it = subject.world.db.count(&format!("SELECT count(*) FROM events WHERE id = '{}'", subject.id));
        prop_assert_eq!(i64::try_from(history.len()).unwrap(), of_it, "the walk finds every event");
        let mut revisions: Vec<_> = history.iter().map(|event| event["revision"].as_i64().unwrap()).collect();
        revisions.dedup();
        prop_assert_eq!(&revisions, &(1..=i64::try_from(revisions.len()).unwrap()).collect::<Vec<_>>());
    }
}

/// A short or a long update, and one that removes everything that a long one set.
fn costly_update() -> impl Strategy<Value = (Update, Value)> {
    let many = |count: usize, letter: char| {
        let role = |number: usize| json!({"resource": format!("{number}{}", String::from(letter).repeat(240)), "role_id": "viewer"});
        json!({ "roles": (0..count).map(role).collect::<Vec<_>>() })
    };
    let metadata = |letter: char| {
        let values = (0..16).map(|number| (number.to_string(), json!(String::from(letter).repeat(200))));
        json!({ "metadata": values.collect::<serde_json::Map<_, _>>() })
    };
    prop_oneof![
        (1_usize..=55, prop_oneof![Just('a'), Just('"'), Just('é')])
            .prop_map(move |(count, letter)| (Update::OwnPatch, many(count, letter))),
        prop_oneof![Just('a'), Just('b')].prop_map(move |letter| (Update::OwnPatch, metadata(letter))),
        Just((Update::OwnPatch, json!({"roles": null, "metadata": null}))),
        Just((Update::OwnPatch, json!({"roles": [{"role_id": "viewer"}]}))),
        Just((Update::CoactivePut, json!({}))),
        Just((Update::LiteGraphPut, json!({"UserGUID": ZERO, "Name": "n"}))),
        name().prop_map(|name| (Update::OwnPatch, json!({ "name": name }))),
    ]
}

proptest! {
    #![proptest_config(config())]

    /// A short request cannot fill the database: an event reports what was added and removed, and each was in a body once.
    #[test]
    fn events_have_at_most_four_times_the_bytes_of_the_bodies_and_a_kilobyte_each(
        updates in proptest::collection::vec(costly_update(), 1..24),
    ) {
        let subject = Subject::new(&State { own: json!({"name": "n"}), revoked: None });
        let bytes = || {
            let sql = format!("SELECT sum(length(CAST(changes AS BLOB))) FROM events WHERE id = '{}'", subject.id);
            subject.world.db.count(&sql)
        };
        let (before, mut sent) = (bytes(), 0);
        for (update, body) in &updates {
            sent += i64::try_from(body.to_string().len()).unwrap() + 1024;
            prop_assert_eq!(subject.send(*update, body).status, 200, "{:?}", update);
            prop_assert!(bytes() - before <= 4 * sent, "{} bytes of events after {} bytes", bytes() - before, sent);
        }
    }
}

/// Even after the tenant stops allowing them: a credential keeps what it has.
#[test]
fn putting_back_keeps_roles_the_tenant_no_longer_allows() {
    let own = json!({"name": "n", "roles": [{"role_id": "admin"}], "metadata": {"a": "1"}});
    let subject = Subject::new(&State { own, revoked: None });
    let tenant = |body: Value| {
        subject.world.call("PATCH", &format!("/v1/tenants/{ACME}"), ROOT, &body).expect(200);
    };
    tenant(json!({"role_names": ["deployer"]}));
    let roles = json!([{"role_id": "deployer"}]);
    assert_eq!(subject.send(Update::OwnPatch, &json!({ "roles": roles })).status, 200);
    for narrower in [json!({"rbac": false}), json!({"role_names": []})] {
        tenant(narrower.clone());
        for verb in ALL {
            let (before, got) = (subject.stored(), subject.get(verb));
            let put = subject.send(verb, &got.json());
            assert_eq!((put.status, put.json()), (200, got.json()), "{verb:?} after {narrower}");
            assert_eq!(subject.stored(), before, "{verb:?} after {narrower}");
        }
    }
}
