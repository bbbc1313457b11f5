//! Every statement that is sent: each route of the table, in each of its ways, with what it sends written down at the
//! seam. What a list sends is put together as it is needed, so no file has the whole of it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use data_encoding::BASE64;
use postern::credential::field::{Noun, Verb};
use postern::credential::id::Id;
use postern::route::{Operation, ROUTES, Route};
use serde_json::{Value, json};

use crate::common::{MASTER_KEY, ROOT, World, settings, text};

const ADMIN: &str = "the-token-of-an-admin";
const TOKEN: &str = "the-token-of-the-credential";
const ORDERS: [&str; 6] =
    ["CreatedAscending", "CreatedDescending", "NameAscending", "NameDescending", "GuidAscending", "GuidDescending"];

/// What the paths name, and an admin.
struct Place {
    tenant: Id,
    user: Id,
    credential: Id,
    admin: Id,
}

impl Place {
    fn new() -> Self {
        let id = Id::from_bits;
        Self { tenant: id(7), user: id(8), credential: id(9), admin: id(10) }
    }

    /// Puts it all there anew, with nothing else.
    fn prepare(&self, world: &World) {
        let Self { tenant, user, credential, admin } = self;
        let tenant_url = format!("/v1.0/tenants/{}", tenant.guid());
        assert_eq!(world.call("DELETE", &format!("{tenant_url}?force"), ROOT, &Value::Null).status, 200);
        for (url, body) in [
            ("/v1.0/tenants".to_owned(), json!({"GUID": tenant.guid(), "Name": "tenant"})),
            (format!("{tenant_url}/users"), json!({"GUID": user.guid()})),
            (
                format!("{tenant_url}/credentials"),
                json!({"GUID": credential.guid(), "UserGUID": user.guid(), "BearerToken": TOKEN}),
            ),
            (
                format!("{tenant_url}/credentials"),
                json!({"GUID": admin.guid(), "UserGUID": Id::ZERO.guid(), "BearerToken": ADMIN}),
            ),
        ] {
            let made = world.call("PUT", &url, ROOT, &body);
            assert_eq!(made.status, 200, "{url}: {}", made.text);
        }
        world.db.execute("UPDATE credentials SET roles = NULL WHERE id = ?1", &[&admin.to_string()]);
        // What was sent for this is none of what is to be written down.
        world.db.sent.take();
    }

    /// The path of a route, with its `{}` filled.
    fn url(&self, route: &Route) -> String {
        let litegraph = route.path.starts_with("/v");
        let spell = |id: Id| if litegraph { id.guid() } else { id.to_string() };
        let mut before = "";
        let filled = route.path.split('/').map(|segment| match (segment, std::mem::replace(&mut before, segment)) {
            ("{}", "clients") => self.credential.client(),
            ("{}", "tenants" | "organizations") => spell(self.tenant),
            ("{}", "users" | "service-accounts") => spell(self.user),
            // One of its SDKs writes `credentials` for `users`.
            ("{}", "credentials") if route.operation == Operation::DeleteAll => spell(self.user),
            ("{}", "credentials") => spell(self.credential),
            ("{}", "bearer") => TOKEN.to_owned(),
            ("{}", other) => panic!("what does {{}} stand for after {other}?"),
            _ => segment.to_owned(),
        });
        filled.collect::<Vec<_>>().join("/")
    }

    /// The ways of a route: what follows its path, and its bodies.
    fn ways(&self, world: &World, route: &Route) -> Vec<(String, String)> {
        let plain = || vec![(String::new(), String::new())];
        let litegraph = route.path.starts_with("/v");
        match route.operation {
            Operation::Write(noun, verb) => {
                let bodies: &[Value] = match (litegraph, noun, verb) {
                    (true, Noun::Tenant, Verb::Create) => &[json!({"Name": "another"})],
                    (true, Noun::Tenant, _) => &[json!({"Name": "renamed"})],
                    (true, Noun::Principal, _) => &[json!({"FirstName": "renamed"})],
                    (true, Noun::Credential, _) => &[
                        json!({"UserGUID": self.user.guid(), "Name": "renamed"}),
                        json!({"UserGUID": self.user.guid(), "Name": "renamed", "BearerToken": "another"}),
                    ],
                    // Refused in the database: a body that breaks a rule of which the database alone knows.
                    _ if route.path.starts_with("/api") => &[
                        json!({"name": "renamed", "roles": null}),
                        json!({"name": "renamed", "roles": [{"role_id": "viewer"}]}),
                    ],
                    _ => &[json!({"name": "renamed"})],
                };
                bodies.iter().map(|body| (String::new(), body.to_string())).collect()
            }
            Operation::Delete(Noun::Tenant) => vec![("?force".to_owned(), String::new())],
            Operation::LogIn if route.path.ends_with("login") => plain(),
            Operation::LogIn => vec![(String::new(), "grant_type=client_credentials".to_owned())],
            Operation::List(noun) | Operation::Page(noun) if litegraph => self.litegraph_lists(route, noun),
            Operation::List(_)
            | Operation::Delete(_)
            | Operation::DeleteAll
            | Operation::Read(_)
            | Operation::FindByToken
            | Operation::Roles => plain(),
            Operation::Page(_) => {
                let first = world.call("GET", &self.url(route), ROOT, &Value::Null).json();
                let cursor = text(&first["page_info"], "start_cursor");
                ["", "?limit=1", "?after={}", "?before={}", "?limit=1&after={}", "?limit=1&before={}"]
                    .map(|query| (query.replace("{}", &cursor), String::new()))
                    .to_vec()
            }
        }
    }

    fn litegraph_lists(&self, route: &Route, noun: Noun) -> Vec<(String, String)> {
        let guid = match noun {
            Noun::Tenant => self.tenant,
            Noun::Principal => self.user,
            Noun::Credential => self.credential,
        };
        let token = self.credential.guid();
        let mut ways = vec![(String::new(), "{}".to_owned()), (format!("?guids={}", guid.guid()), "{}".to_owned())];
        for order in ORDERS {
            for (query, body) in [
                (String::new(), json!({})),
                ("&skip=1&max-keys=1".to_owned(), json!({"Skip": 1, "MaxResults": 1})),
                (format!("&token={token}"), json!({"ContinuationToken": token})),
                (format!("&skip=1&token={token}"), json!({"Skip": 1, "ContinuationToken": token})),
            ] {
                // Only what belongs to a tenant goes on from a credential of it.
                if token_is_its(route) || !query.contains("token") {
                    let mut body = body;
                    body["Ordering"] = order.into();
                    ways.push((format!("?order={order}{query}"), body.to_string()));
                }
            }
        }
        ways
    }
}

fn token_is_its(route: &Route) -> bool {
    matches!(route.operation, Operation::Page(Noun::Credential))
}

/// Who calls: root, which names the tenant where the path has none, and the tenant's admin, who logs in with its client id.
fn callers(place: &Place, operation: Operation) -> Vec<Vec<(&'static str, String)>> {
    if operation == Operation::LogIn {
        let basic = BASE64.encode(format!("{}:{ADMIN}", place.admin.client()).as_bytes());
        return vec![vec![("authorization", format!("Basic {basic}"))]];
    }
    vec![
        vec![("authorization", format!("Bearer {ROOT}")), ("x-postern-tenant", place.tenant.to_string())],
        vec![("authorization", format!("Bearer {ADMIN}"))],
    ]
}

/// Every text that is sent, each with the requests that send it.
pub static SENT: LazyLock<BTreeMap<String, Vec<String>>> = LazyLock::new(drive);

/// Drives each route in each of its ways.
fn drive() -> BTreeMap<String, Vec<String>> {
    let mut world = World::new();
    let place = Place::new();
    let mut sent = BTreeMap::new();
    for route in ROUTES {
        let method = route.method.name().split(',').next().unwrap();
        let reads = matches!(
            route.operation,
            Operation::Read(_) | Operation::List(_) | Operation::Page(_) | Operation::FindByToken | Operation::Roles
        );
        place.prepare(&world);
        let ways = place.ways(&world, route);
        world.db.sent.take();
        let mut driven = 0;
        for (query, body) in ways {
            for headers in callers(&place, route.operation) {
                if !reads {
                    place.prepare(&world);
                }
                let url = format!("{}{query}", place.url(route));
                let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
                let reply = world.send(method, &url, &headers, body.as_bytes());
                // Tenants are root's to make and to delete.
                driven += usize::from(reply.status < 300);
                assert!(reply.status < 300 || [401, 403].contains(&reply.status), "{method} {url}: {}", reply.text);
                write_down(&world, &mut sent, &format!("{method} {} {query} {body}", route.path));
            }
        }
        assert!(driven > 0, "{method} {}: nobody may", route.path);
    }
    // What is left to write after an answer: a use, and the move to a new master key.
    place.prepare(&world);
    world.settings = settings(&"fe".repeat(32), Some(MASTER_KEY));
    let headers = [("authorization", &*format!("Bearer {ADMIN}"))];
    let tenant = format!("/v1.0/tenants/{}", place.tenant.guid());
    for _ in 0..2 {
        assert_eq!(world.send("GET", &tenant, &headers, b"").status, 200);
        world.db.execute("UPDATE secrets SET last_used_at = NULL", &[]);
    }
    let credential = format!("{tenant}/credentials/{}", place.credential.guid());
    assert_eq!(world.send("GET", &credential, &[("authorization", &*format!("Bearer {ROOT}"))], b"").status, 200);
    write_down(&world, &mut sent, "a change of the master key");
    sent
}

fn write_down(world: &World, sent: &mut BTreeMap<String, Vec<String>>, request: &str) {
    for text in world.db.sent.take() {
        let requests = sent.entry(text).or_default();
        if !requests.iter().any(|known| known == request) {
            requests.push(request.to_owned());
        }
    }
}
