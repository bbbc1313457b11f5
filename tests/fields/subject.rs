//! A credential in which every field has something to lose, and the operations that a body can ask for.

use std::collections::BTreeMap;

use postern::credential::field::{Field, Verb};
use postern::credential::id::Id;
use postern::credential::secret::Token;
use postern::credential::time::Micros;
use postern::route::{Operation, ROUTES, Route};
use serde_json::{Map, Value, json};

use crate::common::{ROOT, Reply, World, ZERO, client_url, litegraph_url, text};

/// An operation that reads a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Write(Verb),
    Account,
    Tenant,
}

impl Op {
    /// What a route's operation reads, if it reads a body.
    pub fn of(operation: Operation) -> Option<Self> {
        match operation {
            Operation::Read => None,
            Operation::Write(verb) => Some(Self::Write(verb)),
            Operation::CreatePrincipal => Some(Self::Account),
            Operation::CreateTenant => Some(Self::Tenant),
        }
    }

    /// The name of its column.
    pub fn column(self) -> &'static str {
        match self {
            Self::Write(Verb::Create) => "create",
            Self::Write(Verb::Replace) => "replace",
            Self::Write(Verb::Merge) => "merge",
            Self::Account => "account",
            Self::Tenant => "tenant",
        }
    }

    pub fn updates(self) -> bool {
        matches!(self, Self::Write(Verb::Replace | Verb::Merge))
    }

    /// The member that says a field in the body of a route for this.
    pub fn word(self, route: &Route, field: Field) -> Option<&'static str> {
        match self {
            Self::Write(verb) => route.face.word(verb, field),
            Self::Account => {
                let own = matches!(field, Field::Name | Field::Description);
                route.face.word(Verb::Create, field).filter(|_| own)
            }
            // Of an organization, a name alone.
            Self::Tenant => route.face.word(Verb::Create, field).filter(|_| field == Field::Name),
        }
    }

    fn table(self) -> &'static str {
        match self {
            Self::Write(_) => "credentials",
            Self::Account => "principals",
            Self::Tenant => "tenants",
        }
    }
}

/// The face of a route, as the tables name it.
pub fn face(route: &Route) -> &'static str {
    match route.path.split('/').nth(1) {
        Some("api") => "Coactive",
        Some("v1.0" | "v2.0") => "LiteGraph",
        Some("organizations") => "Keycard",
        _ => panic!("{}: whose is it?", route.path),
    }
}

/// The routes whose bodies the tables are about, by face and operation.
pub fn routes() -> Vec<(&'static str, Op, &'static Route)> {
    ROUTES.iter().filter_map(|route| Some((face(route), Op::of(route.operation)?, route))).collect()
}

pub struct Subject {
    pub world: World,
    pub id: Id,
    account: Id,
    credentials: String,
}

impl Subject {
    pub fn new() -> Self {
        let world = World::new();
        let (account, credentials) = world.service_account();
        let account = Id::parse(&account).unwrap();
        let body = json!({"UserGUID": account.guid(), "Name": "stored", "BearerToken": "stored-token", "Active": false,
            "CreatedUtc": "2024-05-06T07:08:09.101112Z", "LastUpdateUtc": "2025-05-06T07:08:09.101112Z"});
        let litegraph = format!("/v1.0/tenants/{ZERO}/credentials");
        let made = world.call("PUT", &litegraph, ROOT, &body);
        let id = Id::parse_guid(&text(&made.json(), "GUID")).unwrap();
        let subject = Self { world, id, account, credentials };
        let described = json!({"description": "about it"});
        let url = format!("{}/{id}", subject.credentials);
        assert_eq!(subject.world.call("PATCH", &url, ROOT, &described).status, 200);
        let roles = json!({"roles": roles()});
        assert_eq!(subject.world.call("PUT", &client_url(&id.client()), ROOT, &roles).status, 200);
        let other = json!({"UserGUID": ZERO, "BearerToken": "taken-token"});
        assert_eq!(subject.world.call("PUT", &litegraph, ROOT, &other).status, 200);
        subject
    }

    /// What the tables call by name.
    pub fn names(&self) -> BTreeMap<&'static str, String> {
        let ours = Token::make("pstn_", Id::from_bits(7), &[7; 32]).reveal().to_owned();
        let bad = if ours.ends_with('0') { "1" } else { "0" };
        let bad = format!("{}{bad}", &ours[..ours.len() - 1]);
        BTreeMap::from([
            ("the GUID", self.id.guid()),
            ("the user", self.account.guid()),
            ("token of ours", ours),
            ("bad checksum", bad),
        ])
    }

    /// The body of a route that says what is stored, if anything is.
    pub fn body(&self, face: &str, op: Op) -> Map<String, Value> {
        let body = match (face, op) {
            ("Coactive", Op::Write(Verb::Replace)) => json!({"roles": roles()}),
            ("LiteGraph", Op::Write(Verb::Create)) => json!({"UserGUID": self.account.guid()}),
            ("LiteGraph", Op::Write(Verb::Replace)) => {
                json!({"UserGUID": self.account.guid(), "Name": "stored", "Active": false})
            }
            ("Keycard", Op::Write(Verb::Merge)) => json!({}),
            _ => json!({"name": "new"}),
        };
        body.as_object().expect("an object").clone()
    }

    /// Where a route's requests go.
    fn url(&self, route: &Route) -> String {
        match (face(route), route.path.ends_with("/credentials/{}") || route.path.ends_with("/clients/{}")) {
            ("Coactive", true) => client_url(&self.id.client()),
            ("LiteGraph", true) => litegraph_url(&self.id),
            ("Keycard", true) => format!("{}/{}", self.credentials, self.id),
            _ => {
                let tenant = if route.path.starts_with("/v1.0") { ZERO } else { "acme" };
                route.path.replacen("{}", tenant, 1).replacen("{}", &self.account.to_string(), 1)
            }
        }
    }

    pub fn send(&self, route: &Route, body: &Map<String, Value>) -> Reply {
        let method = route.method.name().split(',').next().expect("a method");
        self.world.call(method, &self.url(route), ROOT, &Value::Object(body.clone()))
    }

    /// What a credential's own page shows after it was written through this route; other nouns have no page yet.
    pub fn read(&self, route: &Route, op: Op, id: Id) -> Option<Value> {
        let url = match (face(route), op) {
            (_, Op::Account | Op::Tenant) => return None,
            ("Coactive", _) => client_url(&id.client()),
            ("LiteGraph", _) => litegraph_url(&id),
            _ => format!("{}/{id}", self.credentials),
        };
        let got = self.world.get(&url, ROOT);
        assert_eq!(got.status, 200, "{}", got.text);
        Some(got.json())
    }

    pub fn row(&self, op: Op, id: Id) -> Map<String, Value> {
        let rows = self.world.db.query(&format!("SELECT * FROM {} WHERE id = ?1", op.table()), &[&id.to_string()]);
        let [row] = <[Value; 1]>::try_from(rows).expect("one row");
        row.as_object().expect("a row").clone()
    }
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

/// The column that holds a field, and what is in it for what a face shows. A secret has none: see the test.
pub fn column(field: Field, shown: Option<&Value>) -> Option<(&'static str, Value)> {
    let text = || shown.and_then(Value::as_str).unwrap_or_default();
    let id = || json!(Id::parse_guid(text()).expect("a GUID").to_string());
    let time = || json!(Micros::parse(text()).expect("a time").0);
    Some(match field {
        Field::Id => ("id", id()),
        Field::Principal => ("principal", id()),
        Field::Name => ("name", json!(shown)),
        Field::Description => ("description", json!(shown)),
        Field::Enabled => ("enabled", json!(u8::from(shown == Some(&json!(true))))),
        // Full access is shown as no roles, and stored as NULL.
        Field::Roles | Field::RolesContext => ("roles", json!(shown.filter(|roles| **roles != json!([])))),
        Field::Secret => return None,
        Field::CreatedAt => ("created_at", time()),
        Field::UpdatedAt => ("updated_at", time()),
    })
}
