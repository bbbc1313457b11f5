//! Every statement that is sent: each route of the table, in each of its ways, with what it sends written down at the
//! seam. What a list sends is put together as it is needed, so no file has the whole of it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use postern::credential::field::{Noun, Verb};
use postern::credential::id::Id;
use postern::credential::time::Micros;
use postern::route::{Operation, ROUTES, Route};
use postern::store::Store;
use postern::store::idempotency::forget;
use postern::store::list::Position;
use serde_json::{Value, json};

use crate::client::Reply;
use crate::cursors::{cursor, event_cursor};
use crate::routes::{reads, step_before, title};
use crate::scene::{Header, PathIds, basic, bearer, body_about, forced, is_litegraph, is_ours, method, url};
use crate::{MASTER_KEY, ROOT, START, World, settings, text};

const ADMIN: &str = "the-token-of-an-admin";
const ORDERS: [&str; 6] =
    ["CreatedAscending", "CreatedDescending", "NameAscending", "NameDescending", "GuidAscending", "GuidDescending"];

/// What the paths name.
static PLACE: LazyLock<PathIds> = LazyLock::new(|| {
    let [tenant, account, credential] = [7, 8, 9].map(Id::from_bits);
    PathIds { tenant, account, credential, token: "the-token-of-the-credential".to_owned() }
});

fn admin() -> Id {
    Id::from_bits(10)
}

struct Driver {
    world: World,
    sent: BTreeMap<String, Vec<String>>,
}

impl Driver {
    fn root(&self, method: &str, url: &str, body: &Value) -> Reply {
        self.world.call(method, url, ROOT, body).expect(200)
    }

    /// Begins with a new world that has all that the paths name, an admin, and nothing else.
    fn prepare(&mut self) {
        self.world = World::new();
        let PathIds { tenant, account, credential, token } = &*PLACE;
        let tenant_url = format!("/v1.0/tenants/{}", tenant.guid());
        let credentials = format!("{tenant_url}/credentials");
        self.root("PUT", "/v1.0/tenants", &json!({"GUID": tenant.guid(), "Name": "tenant"}));
        self.root("PUT", &format!("{tenant_url}/users"), &json!({"GUID": account.guid()}));
        let body = json!({"GUID": credential.guid(), "UserGUID": account.guid(), "BearerToken": token});
        self.root("PUT", &credentials, &body);
        let body = json!({"GUID": admin().guid(), "UserGUID": Id::ZERO.guid(), "BearerToken": ADMIN});
        self.root("PUT", &credentials, &body);
        let full_access = json!({"roles": [], "unrestricted": true});
        self.world.patch("credentials", &admin().to_string(), &full_access);
        // What was sent for this is none of what is to be written down.
        self.world.db.sent.take();
    }

    /// Puts the credential into the state that an operation is for.
    fn lead_up(&self, route: &Route) {
        let Some((step, body)) = step_before(route) else { return };
        self.root("POST", &format!("/v1/tenants/{}/credentials/{}/{step}", PLACE.tenant, PLACE.credential), &body);
        self.world.db.sent.take();
    }

    /// The ways of a route: what follows its path, and its bodies.
    fn ways(&self, route: &Route) -> Vec<(String, String)> {
        let usual = String::from_utf8(body_about(route, &PLACE)).expect("UTF-8");
        let asking =
            |queries: &[&str]| queries.iter().map(|query| ((*query).to_owned(), usual.clone())).collect::<Vec<_>>();
        let saying = |more: &[Value]| {
            let bodies = std::iter::once(usual.clone()).chain(more.iter().map(Value::to_string));
            bodies.map(|body| (String::new(), body)).collect::<Vec<_>>()
        };
        match route.operation {
            Operation::Write(Noun::Credential, verb @ (Verb::Replace | Verb::Merge)) if is_ours(route) => {
                let mut ways = asking(&["", "?dry_run=true"]);
                if verb == Verb::Merge {
                    // Refused in the database: a member that only reads.
                    let read_only = json!({"roles": [{"role_id": "editor"}], "id": PLACE.credential}).to_string();
                    ways.extend(["", "?dry_run=true"].map(|query| (query.to_owned(), read_only.clone())));
                }
                ways
            }
            Operation::Write(_, Verb::Rotate) => saying(&[json!({"grace_seconds": 0})]),
            Operation::Write(_, Verb::Revoke) => saying(&[json!({})]),
            Operation::Write(Noun::Credential, _) if is_litegraph(route) => {
                saying(&[json!({"UserGUID": PLACE.account.guid(), "Name": "renamed", "BearerToken": "another"})])
            }
            // Refused in the database: a body that breaks a rule of which the database alone knows.
            Operation::Write(..) if route.path.starts_with("/api") => {
                saying(&[json!({"name": "renamed", "roles": [{"role_id": "viewer"}]})])
            }
            Operation::Verify(_) if is_ours(route) => saying(&[json!({"token": "nobody's", "role_id": "viewer"})]),
            Operation::History(_) => {
                let cursor = event_cursor(&url(route, &PLACE), 1);
                asking(&["", "?limit=1", &format!("?limit=1&cursor={cursor}")])
            }
            Operation::List(noun, _) | Operation::Page(noun, _) if is_litegraph(route) => litegraph_lists(route, noun),
            Operation::Page(noun, _) if is_ours(route) => Self::our_pages(route, noun),
            Operation::Page(..) => {
                let first = self.root("GET", &url(route, &PLACE), &Value::Null).json();
                let cursor = text(&first["page_info"], "start_cursor");
                [
                    "",
                    "?limit=1",
                    "?after={}",
                    "?before={}",
                    "?limit=1&after={}",
                    "?limit=1&before={}",
                    "?after={}&before={}",
                ]
                .map(|query| (query.replace("{}", &cursor), String::new()))
                .to_vec()
            }
            _ => asking(&[forced(route)]),
        }
    }

    /// Each order, from its beginning and from a place; of credentials with each filter that has a statement of its own.
    fn our_pages(route: &Route, noun: Noun) -> Vec<(String, String)> {
        let time = "2026-11-21T00:00:00Z";
        let filters = [
            String::new(),
            "&enabled=true".to_owned(),
            format!("&principal={}", PLACE.account),
            "&name_prefix=u".to_owned(),
            format!("&principal={}&name_prefix=u&role=viewer&expires_before={time}", PLACE.account),
            format!("&unused_since={time}&unrotated_since={time}"),
        ];
        let (sorts, filters) = match noun {
            Noun::Credential => (&["created", "-created", "name", "-name"][..], &filters[..]),
            Noun::Tenant | Noun::Principal => (&["created", "-created"][..], &filters[..1]),
        };
        let mut ways = Vec::new();
        for sort in sorts {
            for filter in filters {
                let query = format!("?sort={sort}{filter}");
                let position = Position { created_at: Micros(0), name: "n", id: PLACE.credential };
                let cursor = cursor(&format!("{}{query}", url(route, &PLACE)), &position);
                ways.extend([query.clone(), format!("{query}&cursor={cursor}")].map(|query| (query, String::new())));
            }
        }
        ways
    }

    fn write_down(&mut self, request: &str) {
        for text in self.world.db.sent.take() {
            let requests = self.sent.entry(text).or_default();
            if !requests.iter().any(|known| known == request) {
                requests.push(request.to_owned());
            }
        }
    }

    /// Drives a route in each of its ways.
    fn drive(&mut self, route: &Route) {
        self.prepare();
        let ways = self.ways(route);
        self.world.db.sent.take();
        let mut driven = 0;
        for (query, body) in ways {
            for headers in callers(route) {
                if !reads(route) {
                    self.prepare();
                    self.lead_up(route);
                }
                let url = format!("{}{query}", url(route, &PLACE));
                let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
                let reply = self.world.send(method(route), &url, &headers, body.as_bytes());
                // Tenants are root's to make and to delete.
                driven += usize::from(reply.status < 300);
                assert!(reply.status < 300 || [401, 403].contains(&reply.status), "{url}: {}", reply.text);
                self.write_down(&format!("{} {query} {body}", title(route)));
            }
        }
        assert!(driven > 0, "{}: nobody may", title(route));
    }
}

fn litegraph_lists(route: &Route, noun: Noun) -> Vec<(String, String)> {
    let guid = match noun {
        Noun::Tenant => PLACE.tenant,
        Noun::Principal => PLACE.account,
        Noun::Credential => PLACE.credential,
    };
    let token = PLACE.credential.guid();
    let mut ways = vec![(String::new(), "{}".to_owned()), (format!("?guids={}", guid.guid()), "{}".to_owned())];
    for order in ORDERS {
        for (query, body) in [
            (String::new(), json!({})),
            ("&skip=1&max-keys=1".to_owned(), json!({"Skip": 1, "MaxResults": 1})),
            (format!("&token={token}"), json!({"ContinuationToken": token})),
            (format!("&skip=1&token={token}"), json!({"Skip": 1, "ContinuationToken": token})),
        ] {
            // Only what belongs to a tenant goes on from a credential of it.
            if matches!(route.operation, Operation::Page(Noun::Credential, _)) || !query.contains("token") {
                let mut body = body;
                body["Ordering"] = order.into();
                ways.push((format!("?order={order}{query}"), body.to_string()));
            }
        }
    }
    ways
}

/// Who calls: root, which names the tenant where the path has none, and the tenant's admin, who logs in with its client id.
fn callers(route: &Route) -> Vec<Vec<Header>> {
    if matches!(route.operation, Operation::LogIn(_)) {
        return vec![vec![basic(&admin().client(), ADMIN)]];
    }
    let root = || vec![bearer(ROOT), ("x-postern-tenant", PLACE.tenant.to_string())];
    let mut callers = vec![root(), vec![bearer(ADMIN)]];
    if is_ours(route) && matches!(route.operation, Operation::Write(_, Verb::Create)) {
        callers.push([root(), vec![("idempotency-key", "once".to_owned())]].concat());
    }
    callers
}

/// Every text that is sent, each with the requests that send it.
pub static SENT: LazyLock<BTreeMap<String, Vec<String>>> = LazyLock::new(|| {
    let mut driver = Driver { world: World::new(), sent: BTreeMap::new() };
    for route in ROUTES {
        driver.drive(route);
    }
    // What the cron removes.
    pollster::block_on(forget(&Store::new(&driver.world.db), Micros(START))).expect("forgotten");
    driver.write_down("the cron");
    // What is left to write after an answer: a use, and the move to a new master key.
    driver.prepare();
    driver.world.settings = settings(&"fe".repeat(32), Some(MASTER_KEY));
    let tenant = format!("/v1.0/tenants/{}", PLACE.tenant.guid());
    for _ in 0..2 {
        driver.world.get(&tenant, ADMIN).expect(200);
        driver.world.db.execute("UPDATE secrets SET last_used_at = NULL", &[]);
    }
    driver.root("GET", &format!("{tenant}/credentials/{}", PLACE.credential.guid()), &Value::Null);
    driver.write_down("a change of the master key");
    driver.sent
});
