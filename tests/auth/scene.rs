//! A tenant with a service account and, under it, the credential that requests are about; callers made to order; and
//! requests made from the table of routes.

use postern::credential::id::Id;
use postern::credential::secret::Token;
use postern::route::{Operation, ROUTES, Route};
use serde_json::{Value, json};

use crate::common::table::Table;
use crate::common::{ACME, ROOT, Reply, World, text};

pub const OTHER: &str = "00000000000000000000000001";

/// An id that nothing has.
pub fn nothing() -> Id {
    Id::from_bits(9)
}

pub type Header = (&'static str, String);

/// What the `{}` of a path stand for.
#[derive(Clone, Copy)]
pub struct Place {
    pub tenant: Id,
    pub account: Id,
    pub credential: Id,
}

pub struct Scene {
    pub world: World,
    /// The credential that requests are about, its service account, and its tenant.
    pub target: Place,
}

impl Scene {
    pub fn new() -> Self {
        let world = World::new();
        world.tenant(OTHER, "other");
        world.db.execute(r#"UPDATE tenants SET role_names = '["admin","auditor","editor","viewer"]'"#, &[]);
        let target = placed(&world, "acme");
        Self { world, target }
    }

    /// A service account of the other tenant, and a credential under it.
    pub fn elsewhere(&self) -> Place {
        placed(&self.world, "other")
    }

    /// The id and the secret of a new credential of the tenant, with these roles.
    pub fn client(&self, roles: &Value) -> (Id, String) {
        let (id, secret) = self.world.client(&json!({"name": "caller", "roles": roles}));
        (Id::parse_client(&id).unwrap(), secret)
    }

    pub fn admin(&self) -> (Id, String) {
        self.client(&json!([{"role_id": "admin"}]))
    }

    pub fn other_admin(&self) -> String {
        self.world.client_in("other", &json!({"name": "caller", "roles": [{"role_id": "admin"}]})).1
    }

    /// What a caller of this name sends of itself.
    pub fn caller(&self, name: &str) -> Vec<Header> {
        let execute = |sql: &str, id: Id| self.world.db.execute(sql, &[&id.to_string()]);
        // An admin, after a statement on it.
        let admin_but = |sql: &str| {
            let (id, secret) = self.admin();
            execute(sql, id);
            secret
        };
        let role = |role: Value| self.client(&json!([role])).1;
        let token = match name {
            "no token" => return vec![("x-postern-tenant", "acme".to_owned())],
            "root, naming no tenant" => return vec![bearer(ROOT)],
            "root" => ROOT.to_owned(),
            "garbage" => format!("{}_", self.admin().1),
            "unknown token" => "no-credential-has-this".to_owned(),
            "wrong secret" => Token::make("pstn_", secret_id(&self.admin().1), &[7; 32]).reveal().to_owned(),
            "another's client_id" => format!("{}:{}", self.admin().0.client(), self.admin().1),
            "disabled credential" => admin_but("UPDATE credentials SET enabled = 0 WHERE id = ?1"),
            "disabled principal" => {
                // Not the default one, which cannot be disabled.
                let (principal, _) = self.world.service_account();
                let (id, secret) = self.admin();
                let id = id.to_string();
                self.world.db.execute("UPDATE credentials SET principal = ?1 WHERE id = ?2", &[&principal, &id]);
                self.world.db.execute("UPDATE principals SET enabled = 0 WHERE id = ?1", &[&principal]);
                secret
            }
            "disabled tenant" => {
                admin_but("UPDATE tenants SET enabled = 0 WHERE id = (SELECT tenant FROM credentials WHERE id = ?1)")
            }
            "expired credential" => admin_but("UPDATE credentials SET expires_at = 1 WHERE id = ?1"),
            "expired secret" => admin_but("UPDATE secrets SET expires_at = 1 WHERE credential = ?1"),
            "another tenant's admin" => self.other_admin(),
            "only a role of another name" => role(json!({"role_id": "auditor"})),
            "admin on a resource only" => {
                role(json!({"role_id": "admin", "resource": "dataset", "resource_instance": "d"}))
            }
            "viewer" | "editor" | "admin" => role(json!({"role_id": name})),
            "viewer, admin on a resource" => {
                self.client(&json!([{"role_id": "viewer"}, {"role_id": "admin", "resource": "dataset"}])).1
            }
            "no roles" => self.client(&Value::Null).1,
            other => panic!("who is {other}?"),
        };
        vec![bearer(&token), ("x-postern-tenant", "acme".to_owned())]
    }

    /// The token of a caller of this name.
    pub fn token(&self, name: &str) -> String {
        self.caller(name).remove(0).1.replace("Bearer ", "")
    }

    /// Sends a request of a route.
    pub fn send(&self, route: &Route, place: &Place, headers: &[Header], body: &[u8]) -> Reply {
        let method = route.method.name().split(',').next().expect("a method");
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.world.send(method, &url(route, place), &headers, body)
    }

    /// A body that the route takes.
    pub fn body(&self, route: &Route) -> Vec<u8> {
        match route.operation {
            Operation::Read => Vec::new(),
            _ if is_litegraph(route) => {
                json!({"UserGUID": self.target.account.guid(), "Name": "changed"}).to_string().into()
            }
            _ => json!({"name": "changed"}).to_string().into(),
        }
    }
}

fn placed(world: &World, label: &str) -> Place {
    let path = format!("/organizations/{label}/service-accounts");
    let account = text(&world.call("POST", &path, ROOT, &json!({"name": "account"})).json(), "id");
    let path = format!("{path}/{account}/credentials");
    let made = world.call("POST", &path, ROOT, &json!({"name": "target", "description": "of the account"})).json();
    let tenant = if label == "acme" { ACME } else { OTHER };
    let id = |text: &str| Id::parse(text).unwrap();
    Place { tenant: id(tenant), account: id(&account), credential: id(&text(&made, "id")) }
}

/// The id of the secret that a token made here carries.
pub fn secret_id(token: &str) -> Id {
    Id::parse(token.split('_').nth(1).unwrap()).unwrap()
}

pub fn bearer(token: &str) -> Header {
    ("authorization", format!("Bearer {token}"))
}

pub fn is_litegraph(route: &Route) -> bool {
    route.path.starts_with("/v1.0/") || route.path.starts_with("/v2.0/")
}

/// The path of a route, with its `{}` filled in the face's spelling.
pub fn url(route: &Route, place: &Place) -> String {
    let spell = |id: Id| if is_litegraph(route) { id.guid() } else { id.to_string() };
    let mut before = "";
    let filled = route.path.split('/').map(|segment| {
        let stands_for = std::mem::replace(&mut before, segment);
        match (segment, stands_for) {
            ("{}", "clients") => place.credential.client(),
            ("{}", "tenants" | "organizations") => spell(place.tenant),
            ("{}", "service-accounts") => spell(place.account),
            ("{}", "credentials") => spell(place.credential),
            ("{}", other) => panic!("what does {{}} stand for after {other}?"),
            _ => segment.to_owned(),
        }
    });
    filled.collect::<Vec<_>>().join("/")
}

/// The routes by the names of their columns. A route that the table does not name is an error, and so is a name of none.
pub fn routes(columns: &Table) -> Vec<(String, &'static Route)> {
    let line = |route: &Route| format!("{} {}", route.method.name().split(',').next().unwrap(), route.path);
    let named: Vec<String> = columns.rows.iter().map(|row| format!("{} {}", row[1], row[2])).collect();
    for route in &ROUTES {
        assert!(named.contains(&line(route)), "{}: this route has no expectations yet", line(route));
    }
    assert_eq!(named.len(), ROUTES.len(), "a column a route");
    let route = |path: &String| {
        ROUTES.iter().find(|route| line(route) == *path).unwrap_or_else(|| panic!("{path}: no such route"))
    };
    columns.column("column").into_iter().map(str::to_owned).zip(named.iter().map(route)).collect()
}

/// The status that a cell of a table stands for, and LiteGraph's `Error` with it, where the status is not all.
pub fn expected(cell: &str) -> (u16, Option<&'static str>) {
    match cell {
        "unknown" => (401, Some("AuthenticationFailed")),
        "denied" => (401, Some("AuthorizationFailed")),
        "inactive" => (401, Some("Inactive")),
        status => (status.parse().unwrap_or_else(|_| panic!("what is {status}?")), None),
    }
}

/// A reply has the status and the error of a cell, and a challenge exactly when it is a 401.
pub fn assert_is(reply: &Reply, cell: &str, of: &str) {
    let (status, error) = expected(cell);
    assert_eq!(reply.status, status, "{of}: {}", reply.text);
    if let Some(error) = error {
        assert_eq!(reply.json()["Error"], error, "{of}");
    }
    assert_eq!(reply.header("www-authenticate"), (status == 401).then_some("Bearer"), "{of}");
}
