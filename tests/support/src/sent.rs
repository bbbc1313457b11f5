//! Every SQL statement the service sends: each route in each of its variants, recorded at `Database::batch`. Lists
//! assemble their SQL at run time, so no file contains it completely.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use postern::credential::field::{Noun, Verb};
use postern::credential::id::Id;
use postern::credential::means::Means;
use postern::credential::time::Micros;
use postern::route::{Operation, ROUTES, Route};
use postern::store::Store;
use postern::store::idempotency::forget;
use postern::store::issuers;
use postern::store::lease::since;
use postern::store::list::Position;
use postern::store::near::beat;
use serde_json::{Value, json};

use crate::client::Reply;
use crate::cursors::{cursor, event_cursor};
use crate::jwt::Signer;
use crate::routes::{authorizes, inquiry, reads, step_before, title};
use crate::scene::{Header, PathIds, basic, bearer, body_about, forced, is_litegraph, is_ours, method, takes_key, url};
use crate::{MASTER_KEY, ROOT, START, World, settings, text};

const ADMIN: &str = "the-token-of-an-admin";
const ORDERS: [&str; 6] =
    ["CreatedAscending", "CreatedDescending", "NameAscending", "NameDescending", "GuidAscending", "GuidDescending"];

/// The end of the title of a request that has an Idempotency-Key.
pub const KEYED: &str = " Idempotency-Key";

/// The ids in the paths.
static IDS: LazyLock<PathIds> = LazyLock::new(|| {
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
        self.world.call(method, url, ROOT, body).succeeded()
    }

    /// Starts a new world with the resources of the paths and an admin.
    fn prepare(&mut self) {
        self.world = World::new();
        let PathIds { tenant, account, credential, token } = &*IDS;
        let tenant_url = format!("/v1.0/tenants/{}", tenant.guid());
        let credentials = format!("{tenant_url}/credentials");
        self.root("PUT", "/v1.0/tenants", &json!({"GUID": tenant.guid(), "Name": "tenant"}));
        self.root("PUT", &format!("{tenant_url}/users"), &json!({"GUID": account.guid()}));
        let body = json!({"GUID": credential.guid(), "UserGUID": account.guid(), "BearerToken": token});
        self.root("PUT", &credentials, &body);
        let body = json!({"GUID": admin().guid(), "UserGUID": Id::ZERO.guid(), "BearerToken": ADMIN});
        self.root("PUT", &credentials, &body);
        self.world.patch("credentials", &credential.to_string(), &json!({"self_rotate": true}));
        let full_access = json!({"roles": [], "unrestricted": true, "access": "admin"});
        self.world.patch("credentials", &admin().to_string(), &full_access);
        // Statements sent so far are not recorded.
        self.world.db.sent.take();
    }

    /// Brings the credential into the state that the route needs.
    fn lead_up(&self, route: &Route) {
        let Some((step, body)) = step_before(route) else { return };
        self.root("POST", &format!("/v1/tenants/{}/credentials/{}/{step}", IDS.tenant, IDS.credential), &body);
        self.world.db.sent.take();
    }

    /// The variants of a route: queries and bodies.
    fn variants(&self, route: &Route) -> Vec<(String, String)> {
        let usual = String::from_utf8(body_about(route, &IDS)).expect("UTF-8");
        let with_queries =
            |queries: &[&str]| queries.iter().map(|query| ((*query).to_owned(), usual.clone())).collect::<Vec<_>>();
        let with_bodies = |more: &[Value]| {
            let bodies = std::iter::once(usual.clone()).chain(more.iter().map(Value::to_string));
            bodies.map(|body| (String::new(), body)).collect::<Vec<_>>()
        };
        match route.operation {
            Operation::Write(Noun::Credential, verb @ (Verb::Replace | Verb::Merge)) if is_ours(route) => {
                let mut variants = with_queries(&["", "?dry_run=true"]);
                if verb == Verb::Merge {
                    // A read-only member, which the database rejects.
                    let read_only = json!({"roles": [{"role_id": "editor"}], "id": IDS.credential}).to_string();
                    variants.extend(["", "?dry_run=true"].map(|query| (query.to_owned(), read_only.clone())));
                }
                variants
            }
            Operation::Write(_, Verb::Rotate) if route.is_own() => with_bodies(&[json!({"grace_seconds": 600})]),
            Operation::Write(_, Verb::Rotate) => with_bodies(&[json!({"grace_seconds": 0})]),
            Operation::Write(_, Verb::Revoke) => with_bodies(&[json!({})]),
            Operation::AddMeans(Means::Trust, _) => with_queries(&["", "?dry_run=true"]),
            Operation::AddMeans(Means::Key, _) => with_bodies(&[]),
            Operation::Write(Noun::Credential, _) if is_litegraph(route) => {
                with_bodies(&[json!({"UserGUID": IDS.account.guid(), "Name": "renamed", "BearerToken": "another"})])
            }
            // A body that breaks a rule checked only in the database.
            Operation::Write(..) if route.path.starts_with("/api") => {
                with_bodies(&[json!({"name": "renamed", "roles": [{"role_id": "viewer"}]})])
            }
            Operation::Verify(_) if is_ours(route) => {
                let mut unknown = inquiry(route, &json!({"token": "nobody's"}));
                unknown["max_staleness_seconds"] = 0.into();
                with_bodies(&[unknown])
            }
            Operation::Authorize(_) => with_queries(&["?authenticated=1&tenant=tenant", "?all=viewer&tenant=tenant"]),
            Operation::History(_) => {
                let cursor = event_cursor(&url(route, &IDS), 1);
                with_queries(&["", "?limit=1", &format!("?limit=1&cursor={cursor}")])
            }
            Operation::List(noun, _) | Operation::Page(noun, _) if is_litegraph(route) => litegraph_lists(route, noun),
            Operation::Page(noun, _) if is_ours(route) => Self::postern_pages(route, noun),
            Operation::Page(..) => {
                let first = self.root("GET", &url(route, &IDS), &Value::Null).json();
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
            _ => with_queries(&[forced(route)]),
        }
    }

    /// Each order from its start and from a cursor; for credentials with each filter that changes the statement.
    fn postern_pages(route: &Route, noun: Noun) -> Vec<(String, String)> {
        let time = "2026-11-21T00:00:00Z";
        let filters = [
            String::new(),
            "&enabled=true".to_owned(),
            format!("&principal={}", IDS.account),
            "&name_prefix=u".to_owned(),
            format!("&principal={}&name_prefix=u&role=viewer&expires_before={time}", IDS.account),
            format!("&unused_since={time}&unrotated_since={time}"),
        ];
        let (sorts, filters) = match noun {
            Noun::Credential => (&["created", "-created", "name", "-name"][..], &filters[..]),
            Noun::Tenant | Noun::Principal => (&["created", "-created"][..], &filters[..1]),
        };
        let mut variants = Vec::new();
        for sort in sorts {
            for filter in filters {
                let query = format!("?sort={sort}{filter}");
                let position = Position { created_at: Micros(0), name: "n", id: IDS.credential };
                let cursor = cursor(&format!("{}{query}", url(route, &IDS)), &position);
                variants
                    .extend([query.clone(), format!("{query}&cursor={cursor}")].map(|query| (query, String::new())));
            }
        }
        variants
    }

    /// Logs in by an assertion, which may be used once.
    fn exchange(&mut self) {
        self.prepare();
        let signer = Signer::ed25519();
        let url = format!("/v1/tenants/{}/credentials/{}/keys", IDS.tenant, IDS.credential);
        self.root("POST", &url, &json!({ "jwk": signer.jwk() }));
        self.world.db.sent.take();
        self.world.settings.as_mut().expect("settings").issuer = Some("https://postern.example".to_owned());
        let (now, client) = (self.world.now.get() / 1_000_000, IDS.credential.client());
        let claims = json!({
            "iss": client, "sub": client, "aud": "https://postern.example", "iat": now, "exp": now + 60, "jti": "once",
        });
        let form = format!(
            "grant_type=client_credentials&client_assertion_type={}&client_assertion={}",
            "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer",
            signer.token("EdDSA", None, &claims)
        );
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let reply = self.world.send("POST", "/oauth/token", &headers, form.as_bytes()).expect(200);
        self.record("POST /oauth/token  client_assertion=…");
        // The use of the credential is recorded.
        let authorization = format!("Bearer {}", text(&reply.json(), "access_token"));
        self.world.now.set(self.world.now.get() + 120_000_000);
        self.world.send("GET", "/v1/self", &[("authorization", &authorization)], b"").expect(200);
        self.record("GET /v1/self  ");
    }

    /// Logs in by a token of an issuer, whose keys are fetched, and finds that another request fetches them.
    fn trust(&mut self) {
        self.prepare();
        let (signer, issuer) = (Signer::ed25519(), "https://issuer.example");
        let url = format!("/v1/tenants/{}/credentials/{}/trusts", IDS.tenant, IDS.credential);
        let trust = json!({ "issuer": issuer, "subject": "job", "audience": "https://postern.example" });
        self.root("POST", &url, &trust);
        self.world.db.sent.take();
        self.world.settings.as_mut().expect("settings").issuer = Some("https://postern.example".to_owned());
        let now = self.world.now.get();
        let claims = json!({
            "iss": issuer, "sub": "job", "aud": "https://postern.example", "iat": now / 1_000_000, "exp": now / 1_000_000 + 60,
        });
        let form = format!(
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&client_id={}&assertion={}",
            IDS.credential.client(),
            signer.token("EdDSA", None, &claims)
        );
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let send =
            |world: &World, status| drop(world.send("POST", "/oauth/token", &headers, form.as_bytes()).expect(status));
        let row =
            format!("INSERT INTO issuers (issuer, tenant, tried_at) VALUES ('{issuer}', '{}', {now})", IDS.tenant);
        self.world.db.execute(&row, &[]);
        send(&self.world, 503);
        self.world.db.execute("DELETE FROM issuers", &[]);
        self.world.issuers.serve(issuer, &json!([Value::from(signer.key(None))]));
        send(&self.world, 200);
        self.record("POST /oauth/token  assertion=…");
    }

    fn record(&mut self, request: &str) {
        for text in self.world.db.sent.take() {
            let requests = self.sent.entry(text).or_default();
            if !requests.iter().any(|known| known == request) {
                requests.push(request.to_owned());
            }
        }
    }

    /// Sends every variant of a route.
    fn drive(&mut self, route: &Route) {
        self.prepare();
        let variants = self.variants(route);
        self.world.db.sent.take();
        let mut driven = 0;
        for (query, body) in variants {
            for headers in callers(route) {
                if !reads(route) {
                    self.prepare();
                    self.lead_up(route);
                }
                let url = format!("{}{query}", url(route, &IDS));
                let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
                let reply = self.world.send(method(route), &url, &headers, body.as_bytes());
                // Only root may create and delete tenants.
                driven += usize::from(reply.status < 300);
                assert!(reply.status < 300 || [401, 403].contains(&reply.status), "{url}: {}", reply.text);
                let keyed = headers.iter().any(|(name, _)| *name == "idempotency-key");
                self.record(&format!("{} {query} {body}{}", title(route), if keyed { KEYED } else { "" }));
            }
        }
        assert!(driven > 0, "{}: nobody may", title(route));
    }
}

fn litegraph_lists(route: &Route, noun: Noun) -> Vec<(String, String)> {
    let guid = match noun {
        Noun::Tenant => IDS.tenant,
        Noun::Principal => IDS.account,
        Noun::Credential => IDS.credential,
    };
    let token = IDS.credential.guid();
    let mut variants = vec![(String::new(), "{}".to_owned()), (format!("?guids={}", guid.guid()), "{}".to_owned())];
    for order in ORDERS {
        for (query, body) in [
            (String::new(), json!({})),
            ("&skip=1&max-keys=1".to_owned(), json!({"Skip": 1, "MaxResults": 1})),
            (format!("&token={token}"), json!({"ContinuationToken": token})),
            (format!("&skip=1&token={token}"), json!({"Skip": 1, "ContinuationToken": token})),
        ] {
            // Only lists of credentials can continue after a credential.
            if matches!(route.operation, Operation::Page(Noun::Credential, _)) || !query.contains("token") {
                let mut body = body;
                body["Ordering"] = order.into();
                variants.push((format!("?order={order}{query}"), body.to_string()));
            }
        }
    }
    variants
}

/// The callers: root, which names the tenant for paths without one, and the tenant's admin.
fn callers(route: &Route) -> Vec<Vec<Header>> {
    if matches!(route.operation, Operation::LogIn(_)) {
        return vec![vec![basic(&admin().client(), ADMIN)]];
    }
    if route.is_own() {
        // Not the admin, since other requests need it.
        return vec![vec![bearer(&IDS.token), ("idempotency-key", "once".to_owned())]];
    }
    if authorizes(route) {
        return [ROOT, ADMIN].map(|by| vec![("postern-verifier", by.to_owned()), bearer(&IDS.token)]).to_vec();
    }
    let root = || vec![bearer(ROOT), ("x-postern-tenant", IDS.tenant.to_string())];
    let mut callers = vec![root(), vec![bearer(ADMIN)]];
    if takes_key(route) {
        callers.push([root(), vec![("idempotency-key", "once".to_owned())]].concat());
    }
    callers
}

/// Every statement that is sent, with the requests that send it.
pub static SENT: LazyLock<BTreeMap<String, Vec<String>>> = LazyLock::new(|| {
    let mut driver = Driver { world: World::new(), sent: BTreeMap::new() };
    for route in ROUTES {
        driver.drive(route);
    }
    driver.exchange();
    driver.trust();
    // The scheduled event.
    pollster::block_on(forget(&Store::new(&driver.world.db), Micros(START))).expect("forgotten");
    pollster::block_on(issuers::forget(&Store::new(&driver.world.db), Micros(START))).expect("forgotten");
    driver.record("the cron");
    // What extends leases.
    pollster::block_on(since(&Store::new(&driver.world.db), &[])).expect("read");
    driver.record("a verification from memory");
    // The heartbeat, and a verification by a replica.
    pollster::block_on(beat(&Store::new(&driver.world.db), Micros(START))).expect("written");
    driver.record("a verification with replicas");
    // Deferred writes: the last use, and the move to a new master key.
    driver.prepare();
    driver.world.settings = settings(&"fe".repeat(32), Some(MASTER_KEY));
    let tenant = format!("/v1.0/tenants/{}", IDS.tenant.guid());
    for _ in 0..2 {
        driver.world.get(&tenant, ADMIN).expect(200);
        driver.world.db.execute("UPDATE secrets SET last_used_at = NULL", &[]);
    }
    driver.root("GET", &format!("{tenant}/credentials/{}", IDS.credential.guid()), &Value::Null);
    driver.record("a change of the master key");
    driver.sent
});
