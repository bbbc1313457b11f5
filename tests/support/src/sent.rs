//! Every statement that is sent: each route of the table, in each of its ways, with what it sends written down at the
//! seam. What a list sends is put together as it is needed, so no file has the whole of it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use data_encoding::BASE64;
use postern::credential::field::{Noun, Verb};
use postern::credential::id::Id;
use postern::credential::time::Micros;
use postern::route::{Operation, ROUTES, Route};
use postern::store::Store;
use postern::store::idempotency::forget;
use serde_json::{Value, json};

use crate::routes::spell;
use crate::{MASTER_KEY, ROOT, START, World, settings, text};

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

    /// Puts the credential into the state that an operation is for.
    fn lead_up(&self, world: &World, operation: Operation) {
        let (step, body) = match operation {
            Operation::FinishRotation | Operation::CancelRotation => ("rotate", json!({"grace_seconds": 60})),
            Operation::Restore => ("revoke", Value::Null),
            _ => return,
        };
        let url = format!("/v1/tenants/{}/credentials/{}/{step}", self.tenant, self.credential);
        assert_eq!(world.call("POST", &url, ROOT, &body).status, 200, "{step}");
        world.db.sent.take();
    }

    /// The path of a route that leads here.
    fn url(&self, route: &Route) -> String {
        route.url(|name| match name {
            "tenant" => spell(route, self.tenant),
            "principal" => spell(route, self.user),
            "credential" => spell(route, self.credential),
            _ => TOKEN.to_owned(),
        })
    }

    /// The ways of a route: what follows its path, and its bodies.
    fn ways(&self, world: &World, route: &Route) -> Vec<(String, String)> {
        let plain = || vec![(String::new(), String::new())];
        let litegraph = is_litegraph(route);
        match route.operation {
            Operation::Write(noun, verb) if is_ours(route) => self.our_bodies(noun, verb),
            Operation::Page(noun) if is_ours(route) => self.our_pages(world, route, noun),
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
            Operation::Delete(Noun::Tenant) => vec![("?force=true".to_owned(), String::new())],
            Operation::Verify if is_ours(route) => vec![
                (String::new(), json!({"token": TOKEN}).to_string()),
                (String::new(), json!({"token": "nobody's", "role_id": "viewer"}).to_string()),
            ],
            Operation::Verify => vec![(String::new(), format!("token={TOKEN}"))],
            Operation::History => {
                ["", "?limit=1", "?limit=1&cursor=1"].map(|query| (query.to_owned(), String::new())).to_vec()
            }
            Operation::LogIn if route.path.ends_with("login") => plain(),
            Operation::LogIn => vec![(String::new(), "grant_type=client_credentials".to_owned())],
            Operation::List(noun) | Operation::Page(noun) if litegraph => self.litegraph_lists(route, noun),
            Operation::List(_)
            | Operation::Delete(_)
            | Operation::DeleteAll
            | Operation::Read(_)
            | Operation::FindByToken
            | Operation::FinishRotation
            | Operation::CancelRotation
            | Operation::Restore
            | Operation::Metadata
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

    /// What our own face's bodies say; and dry runs, where it has them.
    fn our_bodies(&self, noun: Noun, verb: Verb) -> Vec<(String, String)> {
        let whole = json!({
            "principal": self.user, "name": "renamed", "enabled": false, "roles": [{"role_id": "editor"}],
            "expires_at": null, "metadata": {"team": "search"},
        });
        let bodies = match (noun, verb) {
            (Noun::Credential, Verb::Rotate) => vec![json!({"grace_seconds": 0}), json!({"grace_seconds": 60})],
            (Noun::Credential, Verb::Revoke) => vec![json!({}), json!({"reason": "lost"})],
            // The second is refused in the database.
            (Noun::Credential, Verb::Merge) => vec![
                json!({"name": "renamed", "roles": null, "metadata": {"team": null}}),
                json!({"roles": [{"role_id": "editor"}], "id": self.credential}),
            ],
            (Noun::Credential, _) => vec![whole],
            (Noun::Tenant, Verb::Replace) => vec![
                json!({"name": "t", "enabled": true, "rbac": true, "require_if_match": false, "role_names": ["a"]}),
            ],
            (Noun::Tenant, Verb::Create) => vec![json!({"name": "another"})],
            (Noun::Principal, Verb::Replace) => vec![json!({"name": "renamed", "enabled": false})],
            (Noun::Tenant | Noun::Principal, _) => vec![json!({"name": "renamed"})],
        };
        let dry = noun == Noun::Credential && matches!(verb, Verb::Replace | Verb::Merge);
        let queries: &[&str] = if dry { &["", "?dry_run=true"] } else { &[""] };
        let ways = bodies.iter().map(Value::to_string);
        ways.flat_map(|body| queries.iter().map(move |query| ((*query).to_owned(), body.clone()))).collect()
    }

    /// Each order, from its beginning and from a place; of credentials with each filter that has a statement of its own.
    fn our_pages(&self, world: &World, route: &Route, noun: Noun) -> Vec<(String, String)> {
        let time = "2026-11-21T00:00:00Z";
        let filters = [
            String::new(),
            "&enabled=true".to_owned(),
            format!("&principal={}", self.user),
            "&name_prefix=u".to_owned(),
            format!("&principal={}&name_prefix=u&role=viewer&expires_before={time}", self.user),
            format!("&unused_since={time}&unrotated_since={time}"),
        ];
        let (sorts, filters) = match noun {
            Noun::Credential => (&["created", "-created", "name", "-name"][..], &filters[..]),
            Noun::Tenant | Noun::Principal => (&["created", "-created"][..], &filters[..1]),
        };
        let mut ways = Vec::new();
        for sort in sorts {
            let first = world.call("GET", &format!("{}?limit=1&sort={sort}", self.url(route)), ROOT, &Value::Null);
            let further = format!("&cursor={}", text(&first.json(), "next"));
            for (filter, cursor) in filters.iter().flat_map(|filter| [(filter, ""), (filter, &further)]) {
                ways.push((format!("?sort={sort}{filter}{cursor}"), String::new()));
            }
        }
        ways
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

fn is_litegraph(route: &Route) -> bool {
    ["/v1.0/", "/v2.0/"].iter().any(|prefix| route.path.starts_with(prefix))
}

fn is_ours(route: &Route) -> bool {
    route.path.starts_with("/v1/")
}

fn token_is_its(route: &Route) -> bool {
    matches!(route.operation, Operation::Page(Noun::Credential))
}

/// Who calls: root, which names the tenant where the path has none, and the tenant's admin, who logs in with its client id.
fn callers(place: &Place, route: &Route) -> Vec<Vec<(&'static str, String)>> {
    let operation = route.operation;
    if operation == Operation::LogIn {
        let basic = BASE64.encode(format!("{}:{ADMIN}", place.admin.client()).as_bytes());
        return vec![vec![("authorization", format!("Basic {basic}"))]];
    }
    let root = || vec![("authorization", format!("Bearer {ROOT}")), ("x-postern-tenant", place.tenant.to_string())];
    let mut callers = vec![root(), vec![("authorization", format!("Bearer {ADMIN}"))]];
    if is_ours(route) && matches!(operation, Operation::Write(_, Verb::Create)) {
        callers.push([root(), vec![("idempotency-key", "once".to_owned())]].concat());
    }
    callers
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
            Operation::Read(_)
                | Operation::List(_)
                | Operation::Page(_)
                | Operation::FindByToken
                | Operation::Roles
                | Operation::History
                | Operation::Verify
        );
        place.prepare(&world);
        let ways = place.ways(&world, route);
        world.db.sent.take();
        let mut driven = 0;
        for (query, body) in ways {
            for headers in callers(&place, route) {
                if !reads {
                    place.prepare(&world);
                    place.lead_up(&world, route.operation);
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
    // What the cron removes.
    pollster::block_on(forget(&Store::new(&world.db), Micros(START))).expect("forgotten");
    write_down(&world, &mut sent, "the cron");
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
