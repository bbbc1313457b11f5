//! A credential, a principal and a tenant in which every field has a value to lose, and the operations with a body.

use std::collections::BTreeMap;

use postern::credential::field::{Field, Noun, Verb};
use postern::credential::id::Id;
use postern::credential::secret::Token;
use postern::credential::table::{Destination, Shape};
use postern::credential::time::Micros;
use postern::face::Face;
use postern::route::{Operation, ROUTES, Route};
use serde_json::{Map, Value, json};

use support::fields::of_our_face;
use support::tenant::read_id;
use support::{ACME, ROOT, Reply, World, ZERO, client_url, routes, text};

/// An operation that reads fields from a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Op {
    pub noun: Noun,
    pub verb: Verb,
}

impl Op {
    /// Returns the operation of a route that writes fields of its body.
    pub fn of(operation: Operation) -> Option<Self> {
        // The others have no body, or no field in it: lists, grants, verification.
        if let Operation::Write(noun, verb) = operation { Some(Self { noun, verb }) } else { None }
    }

    /// The name of the column in the tables.
    pub fn column(self) -> String {
        format!("{:?} {:?}", self.verb, self.noun).to_lowercase()
    }

    pub fn updates(self) -> bool {
        self.verb != Verb::Create
    }

    /// Whether a body of this operation is the resource as a read returns it, in which read-only members are ignored.
    pub fn has_whole_resource(self) -> bool {
        matches!(self.verb, Verb::Replace | Verb::Merge)
    }

    /// The member name of a field in a body of this operation.
    pub fn word(self, face: &Face, field: Field) -> Option<&'static str> {
        face.dialect.word(self.noun, self.verb, field).filter(|_| self.noun.has(field))
    }

    fn table(self) -> &'static str {
        match self.noun {
            Noun::Credential => "credentials",
            Noun::Principal => "principals",
            Noun::Tenant => "tenants",
        }
    }
}

/// The face of a route, as the tables name it.
pub fn face(route: &Route) -> &'static str {
    routes::face(route).of(["Coactive", "LiteGraph", "Keycard", "Postern"])
}

/// The routes that the tables describe, by face and operation.
pub fn routes() -> Vec<(&'static str, Op, &'static Route)> {
    let routes = ROUTES.iter().filter(|route| !route.is_own());
    routes.filter_map(|route| Op::of(route.operation).map(|op| (face(route), op, route))).collect()
}

/// The members that our own face returns for a route that writes.
pub fn shown(route: &Route, op: Op) -> Vec<String> {
    thread_local! {
        static SUBJECT: Subject = Subject::new("Postern");
    }
    SUBJECT.with(|subject| {
        let shown = subject.read(route, op, subject.id(op.noun));
        shown.as_object().expect("an object").keys().cloned().collect()
    })
}

pub struct Subject {
    pub world: World,
    /// The credential.
    id: Id,
    /// The principal of the credential.
    account: Id,
    /// An inactive principal, created as a user.
    user: Id,
    /// An inactive tenant.
    tenant: Id,
}

impl Subject {
    /// Creates the subject for the tables of a face.
    pub fn new(face: &str) -> Self {
        let world = World::new();
        let (account, _) = world.service_account();
        let account = Id::parse(&account).unwrap();
        let made = |url: &str, body: &Value| world.put(url, body).0;
        let mut body = json!({"UserGUID": account.guid(), "Name": "stored", "BearerToken": "stored-token"});
        body.as_object_mut().unwrap().extend(stored(Noun::Credential));
        let litegraph = format!("/v1.0/tenants/{ZERO}/credentials");
        let id = made(&litegraph, &body);
        made(&litegraph, &json!({"UserGUID": ZERO, "BearerToken": "taken-token"}));
        let user = made(&format!("/v1.0/tenants/{ZERO}/users"), &Value::Object(stored(Noun::Principal)));
        let tenant = made("/v1.0/tenants", &Value::Object(stored(Noun::Tenant)));
        let roles = json!({"roles": roles()});
        assert_eq!(world.call("PUT", &client_url(&id.client()), ROOT, &roles).status, 200);
        let own = |method: &str, url: &str, body: &Value| {
            world.call(method, url, ROOT, body).expect(200);
        };
        let credential = format!("/v1/tenants/{ACME}/credentials/{id}");
        own("PATCH", &credential, &described(Noun::Credential));
        own("PATCH", &format!("/v1/tenants/{ACME}/principals/{user}"), &described(Noun::Principal));
        own("PATCH", &credential, &json!({"expires_at": END, "metadata": {"stored": "s", "team": "a"}}));
        let switches = json!({"rbac": false, "require_if_match": true, "role_names": ["deployer"], "verify_staleness_seconds": 10});
        own("PATCH", &format!("/v1/tenants/{tenant}"), &switches);
        if face == "Postern" {
            // Elsewhere the credential could not be enabled again.
            own("POST", &format!("{credential}/revoke"), &json!({"reason": "stored"}));
        }
        Self { world, id, account, user, tenant }
    }

    /// The id of the resource of a noun.
    pub fn id(&self, noun: Noun) -> Id {
        match noun {
            Noun::Credential => self.id,
            Noun::Principal => self.user,
            Noun::Tenant => self.tenant,
        }
    }

    /// The values of the names in the tables, for a noun.
    pub fn names(&self, noun: Noun) -> BTreeMap<&'static str, String> {
        let ours = Token::make("pstn_", Id::from_bits(7), &[7; 32]).reveal().to_owned();
        let bad = if ours.ends_with('0') { "1" } else { "0" };
        let bad = format!("{}{bad}", &ours[..ours.len() - 1]);
        BTreeMap::from([
            ("the GUID", self.id(noun).guid()),
            ("the user", self.account.guid()),
            ("the principal", self.account.to_string()),
            ("another principal", self.user.to_string()),
            ("token of ours", ours),
            ("bad checksum", bad),
            ("NUL", "\0".to_owned()),
            ("U+0001", "\u{1}".to_owned()),
            ("U+007F", "\u{7f}".to_owned()),
            ("U+0085", "\u{85}".to_owned()),
            ("newline", "\n".to_owned()),
        ])
    }

    /// A valid body with the stored values, if anything is stored.
    pub fn body(&self, route: &Route, op: Op) -> Map<String, Value> {
        let body = match (face(route), op.verb, op.noun) {
            ("Coactive", Verb::Replace, _) => json!({"roles": roles()}),
            ("LiteGraph", Verb::Create, Noun::Credential) => json!({"UserGUID": self.account.guid()}),
            ("LiteGraph", Verb::Create, Noun::Principal) => {
                json!({"FirstName": "New", "LastName": "User", "Email": "new@host"})
            }
            ("LiteGraph", Verb::Create, Noun::Tenant) => json!({"Name": "new"}),
            ("LiteGraph", _, noun) => {
                let mut body = stored(noun);
                body.retain(|member, _| !member.ends_with("Utc"));
                if noun == Noun::Credential {
                    body.insert("UserGUID".to_owned(), self.account.guid().into());
                }
                Value::Object(body)
            }
            ("Postern", Verb::Create, Noun::Credential) => json!({"name": "new", "roles": [{"role_id": "viewer"}]}),
            ("Postern", Verb::Replace, noun) => {
                let mut body = self.read(route, op, self.id(noun));
                let words: Vec<_> = Field::ALL.into_iter().filter_map(|field| op.word(route.face, field)).collect();
                body.as_object_mut().expect("an object").retain(|member, _| words.contains(&member.as_str()));
                body
            }
            ("Postern", Verb::Rotate, _) => json!({"grace_seconds": 60}),
            (_, Verb::Merge | Verb::Revoke, _) => json!({}),
            _ => json!({"name": "new"}),
        };
        body.as_object().expect("an object").clone()
    }

    /// The path of a route, for a resource of this id.
    fn url(&self, route: &Route, noun: Noun, id: Id) -> String {
        let of = |segment: Noun, other: Id| routes::spell(route, if segment == noun { id } else { other });
        route.url(|name| match name {
            "tenant" => of(Noun::Tenant, Id::ZERO),
            "principal" => of(Noun::Principal, self.account),
            _ => of(Noun::Credential, self.id),
        })
    }

    pub fn send(&self, route: &Route, op: Op, body: &Map<String, Value>) -> Reply {
        let url = self.url(route, op.noun, self.id(op.noun));
        self.world.call(routes::method(route), &url, ROOT, &Value::Object(body.clone()))
    }

    /// A read of the resource that a route wrote, on the same face.
    pub fn read(&self, route: &Route, op: Op, id: Id) -> Value {
        let is_page = |of: &&Route| face(of) == face(route) && of.operation == Operation::Read(op.noun);
        let page = ROUTES.iter().find(is_page).expect("a page");
        self.world.get(&self.url(page, op.noun, id), ROOT).expect(200).json()
    }

    pub fn row(&self, op: Op, id: Id) -> Map<String, Value> {
        let rows = self.world.db.query(&format!("SELECT * FROM {} WHERE id = ?1", op.table()), &[&id.to_string()]);
        let [row] = <[Value; 1]>::try_from(rows).expect("one row");
        row.as_object().expect("a row").clone()
    }
}

/// The expiry of the credential.
const END: &str = "2030-01-01T00:00:00.000000Z";

/// The stored values of a resource, as members of LiteGraph's face.
fn stored(noun: Noun) -> Map<String, Value> {
    let own = match noun {
        Noun::Credential | Noun::Tenant => json!({"Name": "stored"}),
        Noun::Principal => json!({"FirstName": "stored", "LastName": "user", "Email": "stored@host"}),
    };
    let times = ["2024-05-06T07:08:09.101112Z", "2025-05-06T07:08:09.101112Z"];
    let mut body = json!({"Active": false, "CreatedUtc": times[0], "LastUpdateUtc": times[1]});
    body.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    body.as_object().unwrap().clone()
}

/// Every text of a resource but its name, as members of our own face.
fn described(noun: Noun) -> Value {
    let texts =
        of_our_face(noun).filter(|(row, _)| matches!(row.shape, Shape::Text { .. }) && row.field != Field::Name);
    texts.map(|(_, member)| (member.to_owned(), json!("about it"))).collect::<Map<_, _>>().into()
}

fn roles() -> Value {
    let of = |id: &str, dataset: &str| json!({"role_id": id, "resource": "dataset", "resource_instance": dataset});
    json!([{"role_id": "admin"}, of("editor", "d1"), of("viewer", "d2")])
}

/// The id in a response, in the spelling of the face.
pub fn id_of(body: &Value) -> Id {
    read_id(["GUID", "id", "client_id"].iter().find_map(|name| body.get(name)).expect("an id"))
}

/// The columns that store a field, and their values for the value in a response. Fields of secrets have none: the test
/// checks them on its own.
pub fn columns(field: Field, shown: Option<&Value>, answer: &Value) -> Vec<(&'static str, Value)> {
    let row = field.row().expect("a field");
    let text = || shown.and_then(Value::as_str).unwrap_or_default();
    let column = match row.destination {
        Destination::Document => row.key,
        Destination::Id => "id",
        Destination::CreatedAt => "created_at",
        Destination::UpdatedAt => "updated_at",
        Destination::Context => "roles",
        Destination::Reason => "revoked_reason",
        Destination::Secret | Destination::MakesSecret | Destination::GraceSeconds => return Vec::new(),
    };
    let value = match row.shape {
        Shape::Id => json!(Id::parse_either(text()).expect("an id").to_string()),
        Shape::Time if shown == Some(&Value::Null) => Value::Null,
        Shape::Time => json!(Micros::parse(text()).expect("a time").0),
        Shape::Flag => json!(u8::from(shown == Some(&json!(true)))),
        // Full access is returned as null on our own face, as no roles on Coactive's, and has a key of its own.
        Shape::Roles | Shape::Context => {
            let roles = shown.and_then(Value::as_array).cloned().unwrap_or_default();
            let ours = answer.get("access").is_some();
            let is_full = if ours { shown == Some(&Value::Null) } else { roles.is_empty() };
            return vec![("unrestricted", json!(u8::from(is_full))), ("roles", json!(roles))];
        }
        Shape::TextOrNull { .. } => return vec![(column, json!(shown)), ("name", json!(full_name(answer)))],
        Shape::Text { .. }
        | Shape::Choice(_)
        | Shape::Whole { .. }
        | Shape::Names
        | Shape::Metadata
        | Shape::Secret => json!(shown),
    };
    vec![(column, value)]
}

/// The name that other faces have for a user: first and last name, otherwise the address; never empty or too long.
fn full_name(user: &Value) -> String {
    let [first, last, email] = ["FirstName", "LastName", "Email"].map(|part| text(user, part));
    let name = match (first.as_str(), last.as_str(), email.as_str()) {
        ("", "", "") => "unnamed".to_owned(),
        ("", "", _) => email,
        ("", _, _) => last,
        (_, "", _) => first,
        _ => format!("{first} {last}"),
    };
    name.chars().take(255).collect()
}
