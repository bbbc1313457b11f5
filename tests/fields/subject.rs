//! A credential, a principal and a tenant in which every field has something to lose, and the operations that a body can
//! ask for.

use std::collections::BTreeMap;

use postern::credential::field::{Field, Noun, Verb};
use postern::credential::id::Id;
use postern::credential::secret::Token;
use postern::credential::time::Micros;
use postern::face::Face;
use postern::route::{Operation, ROUTES, Route};
use serde_json::{Map, Value, json};

use crate::common::{ROOT, Reply, World, ZERO, client_url, litegraph_url, text};

/// An operation that reads fields from a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Op {
    pub noun: Noun,
    pub verb: Verb,
}

impl Op {
    /// What a route's operation writes by the fields of a body, if it does.
    pub fn of(operation: Operation) -> Option<Self> {
        match operation {
            Operation::Write(noun, verb) => Some(Self { noun, verb }),
            // These read no body, or one that says no field: how to list, which grant.
            Operation::Read(_)
            | Operation::Delete(_)
            | Operation::DeleteAll
            | Operation::List(_)
            | Operation::Page(_)
            | Operation::FindByToken
            | Operation::Roles
            | Operation::LogIn => None,
        }
    }

    /// The name of its column.
    pub fn column(self) -> &'static str {
        match (self.verb, self.noun) {
            (Verb::Create, Noun::Credential) => "create credential",
            (Verb::Create, Noun::Principal) => "create principal",
            (Verb::Create, Noun::Tenant) => "create tenant",
            (Verb::Replace, Noun::Credential) => "replace credential",
            (Verb::Replace, Noun::Principal) => "replace principal",
            (Verb::Replace, Noun::Tenant) => "replace tenant",
            (Verb::Merge, Noun::Credential) => "merge credential",
            (Verb::Merge, Noun::Principal) => "merge principal",
            (Verb::Merge, Noun::Tenant) => "merge tenant",
        }
    }

    pub fn updates(self) -> bool {
        self.verb != Verb::Create
    }

    /// The member that says a field in a body for this.
    pub fn word(self, face: &dyn Face, field: Field) -> Option<&'static str> {
        face.word(self.noun, self.verb, field).filter(|_| self.noun.has(field))
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
    match route.path.split('/').nth(1) {
        Some("api") => "Coactive",
        Some("v1.0" | "v2.0") => "LiteGraph",
        Some("organizations" | "service-account-token") => "Keycard",
        _ => panic!("{}: whose is it?", route.path),
    }
}

/// The routes whose bodies the tables are about, by face and operation.
pub fn routes() -> Vec<(&'static str, Op, &'static Route)> {
    ROUTES.iter().filter_map(|route| Some((face(route), Op::of(route.operation)?, route))).collect()
}

pub struct Subject {
    pub world: World,
    /// The credential.
    id: Id,
    /// The principal that it belongs to.
    account: Id,
    /// A principal, not active, made as a user.
    user: Id,
    /// A tenant, not active.
    tenant: Id,
}

impl Subject {
    pub fn new() -> Self {
        let world = World::new();
        let (account, credentials) = world.service_account();
        let account = Id::parse(&account).unwrap();
        let made = |url: &str, body: &Value| {
            let made = world.call("PUT", url, ROOT, body);
            assert_eq!(made.status, 200, "{}", made.text);
            Id::parse_guid(&text(&made.json(), "GUID")).unwrap()
        };
        let mut body = json!({"UserGUID": account.guid(), "Name": "stored", "BearerToken": "stored-token"});
        body.as_object_mut().unwrap().extend(stored(Noun::Credential));
        let litegraph = format!("/v1.0/tenants/{ZERO}/credentials");
        let id = made(&litegraph, &body);
        made(&litegraph, &json!({"UserGUID": ZERO, "BearerToken": "taken-token"}));
        let user = made(&format!("/v1.0/tenants/{ZERO}/users"), &Value::Object(stored(Noun::Principal)));
        let tenant = made("/v1.0/tenants", &Value::Object(stored(Noun::Tenant)));
        let described = |url: &str| {
            assert_eq!(world.call("PATCH", url, ROOT, &json!({"description": "about it"})).status, 200);
        };
        described(&format!("{credentials}/{id}"));
        described(&format!("/organizations/acme/service-accounts/{user}"));
        let roles = json!({"roles": roles()});
        assert_eq!(world.call("PUT", &client_url(&id.client()), ROOT, &roles).status, 200);
        Self { world, id, account, user, tenant }
    }

    /// The one that is there.
    pub fn id(&self, noun: Noun) -> Id {
        match noun {
            Noun::Credential => self.id,
            Noun::Principal => self.user,
            Noun::Tenant => self.tenant,
        }
    }

    /// What the tables call by name, in a table about this.
    pub fn names(&self, noun: Noun) -> BTreeMap<&'static str, String> {
        let ours = Token::make("pstn_", Id::from_bits(7), &[7; 32]).reveal().to_owned();
        let bad = if ours.ends_with('0') { "1" } else { "0" };
        let bad = format!("{}{bad}", &ours[..ours.len() - 1]);
        BTreeMap::from([
            ("the GUID", self.id(noun).guid()),
            ("the user", self.account.guid()),
            ("token of ours", ours),
            ("bad checksum", bad),
        ])
    }

    /// A body that says what is stored, if anything is; it breaks no rule.
    pub fn body(&self, face: &str, op: Op) -> Map<String, Value> {
        let body = match (face, op.verb, op.noun) {
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
            ("Keycard", Verb::Merge, _) => json!({}),
            _ => json!({"name": "new"}),
        };
        body.as_object().expect("an object").clone()
    }

    /// Where the one of this id is, on the face of a route that writes such.
    fn page(&self, face: &str, noun: Noun, id: Id) -> String {
        match (face, noun) {
            ("Coactive", _) => client_url(&id.client()),
            ("LiteGraph", Noun::Credential) => litegraph_url(&id),
            ("LiteGraph", Noun::Principal) => format!("/v1.0/tenants/{ZERO}/users/{}", id.guid()),
            ("LiteGraph", Noun::Tenant) => format!("/v1.0/tenants/{}", id.guid()),
            (_, Noun::Credential) => {
                format!("/organizations/acme/service-accounts/{}/credentials/{id}", self.account)
            }
            (_, Noun::Principal) => format!("/organizations/acme/service-accounts/{id}"),
            (_, Noun::Tenant) => format!("/organizations/{id}"),
        }
    }

    /// Where a route's requests go.
    fn url(&self, route: &Route, op: Op) -> String {
        if op.updates() {
            return self.page(face(route), op.noun, self.id(op.noun));
        }
        let tenant = if face(route) == "LiteGraph" { ZERO } else { "acme" };
        route.path.replacen("{}", tenant, 1).replacen("{}", &self.account.to_string(), 1)
    }

    pub fn send(&self, route: &Route, op: Op, body: &Map<String, Value>) -> Reply {
        let method = route.method.name().split(',').next().expect("a method");
        self.world.call(method, &self.url(route, op), ROOT, &Value::Object(body.clone()))
    }

    /// What the own page of what a route wrote shows, on its face.
    pub fn read(&self, route: &Route, op: Op, id: Id) -> Value {
        let got = self.world.get(&self.page(face(route), op.noun, id), ROOT);
        assert_eq!(got.status, 200, "{}", got.text);
        got.json()
    }

    pub fn row(&self, op: Op, id: Id) -> Map<String, Value> {
        let rows = self.world.db.query(&format!("SELECT * FROM {} WHERE id = ?1", op.table()), &[&id.to_string()]);
        let [row] = <[Value; 1]>::try_from(rows).expect("one row");
        row.as_object().expect("a row").clone()
    }
}

/// What is stored of one, as LiteGraph says it.
fn stored(noun: Noun) -> Map<String, Value> {
    let own = match noun {
        Noun::Credential | Noun::Tenant => json!({"Name": "stored"}),
        Noun::Principal => json!({"FirstName": "stored", "LastName": "user", "Email": "stored@host"}),
    };
    let mut body = json!({"Active": false, "CreatedUtc": "2024-05-06T07:08:09.101112Z", "LastUpdateUtc": "2025-05-06T07:08:09.101112Z"});
    body.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    body.as_object().unwrap().clone()
}

fn roles() -> Value {
    let of = |id: &str, dataset: &str| json!({"role_id": id, "resource": "dataset", "resource_instance": dataset});
    json!([{"role_id": "admin"}, of("editor", "d1"), of("viewer", "d2")])
}

/// The id that an answer has, in its face's spelling.
pub fn id_of(body: &Value) -> Id {
    let member = |name: &str| body[name].as_str();
    let id = member("GUID").and_then(Id::parse_guid).or_else(|| member("id").and_then(Id::parse));
    id.or_else(|| member("client_id").and_then(Id::parse_client)).unwrap_or_else(|| panic!("no id in {body}"))
}

/// The columns that hold a field, and what is in them for what a face shows in its answer. A secret has none: see the test.
pub fn columns(field: Field, shown: Option<&Value>, answer: &Value) -> Vec<(&'static str, Value)> {
    let text = || shown.and_then(Value::as_str).unwrap_or_default();
    let id = || json!(Id::parse_guid(text()).expect("a GUID").to_string());
    let time = || json!(Micros::parse(text()).expect("a time").0);
    let part = |column| vec![(column, json!(shown)), ("name", json!(full_name(answer)))];
    vec![match field {
        Field::Id => ("id", id()),
        Field::Principal => ("principal", id()),
        Field::Name => ("name", json!(shown)),
        Field::FirstName => return part("first_name"),
        Field::LastName => return part("last_name"),
        Field::Email => return part("email"),
        Field::Description => ("description", json!(shown)),
        Field::Enabled => ("enabled", json!(u8::from(shown == Some(&json!(true))))),
        // Full access is shown as no roles, and stored as NULL.
        Field::Roles | Field::RolesContext => ("roles", json!(shown.filter(|roles| **roles != json!([])))),
        Field::Secret => return Vec::new(),
        Field::CreatedAt => ("created_at", time()),
        Field::UpdatedAt => ("updated_at", time()),
    }]
}

/// The name that other faces have for a user: first and last name, else the address, and never none or too long.
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
