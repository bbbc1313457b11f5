//! Checks `order.txt`: of several faults in a request the first is returned, on every route, and nothing is written.

use postern::credential::field::{Noun, Verb};
use postern::credential::id::Id;
use postern::route::{Operation, ROUTES, Route};
use serde_json::{Value, json};

use support::routes::{inquiry, means_body, uses_database};
use support::scene::{
    FORM, Header, PathIds, Scene, TokenKind, assert_is, bearer, forced, is_litegraph, is_ours, method, nothing, routes,
    takes_form, url,
};
use support::table::{report_size, tables};
use support::{ACME, CUT, ROOT};

const FAULTS: [&str; 22] = [
    "id",
    "dry",
    "cut",
    "coding",
    "type",
    "large",
    "json",
    "object",
    "parameter",
    "key",
    "who",
    "never",
    "tenant",
    "missing",
    "reused",
    "stale",
    "untagged",
    "many",
    "rules",
    "change",
    "taken",
    "none",
];

#[test]
fn first_failing_check_is_returned_on_every_route() {
    let columns = tables(include_str!("matrix.txt")).remove(1);
    let order = tables(include_str!("order.txt")).remove(0);
    assert_eq!(order.head[1..], FAULTS);
    let routes = routes(&columns);
    assert_eq!(order.column("route"), routes.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>());
    let mut cells = 0;
    for ((name, route), row) in routes.iter().zip(&order.rows) {
        let row = &row[1..];
        let mut scene = Scene::new();
        // From the right: each request has one fault more than the previous one, which wrote nothing.
        for (first, cell) in row.iter().enumerate().rev().filter(|(_, cell)| *cell != "-") {
            let attempt = Attempt { scene: &scene, route, first, row };
            check(&format!("{} at {name}", FAULTS[first]), &attempt, cell);
            if FAULTS[first] == "none" {
                scene = Scene::new();
            }
            cells += 1;
        }
    }
    report_size("order of refusals", cells);
}

fn check(of: &str, attempt: &Attempt<'_>, cell: &str) {
    let (world, route) = (&attempt.scene.world, attempt.route);
    world.patch_where("tenants", "true", &json!({"preconditions": false, "rbac": true}));
    attempt.lead();
    let (headers, body, url) = (attempt.headers(), attempt.body(), attempt.url());
    attempt.prepare(&headers);
    let reply = attempt.scene.send_to(route, &url, &headers, &body);
    assert_is(&reply, cell, route, of);
    // An unreadable request takes no trip; an invalid body is reported only after the caller was checked.
    let takes_a_trip =
        attempt.first >= index("who") && (uses_database(route) || matches!(route.operation, Operation::Ready(_)));
    assert_eq!(reply.cost.trips, u64::from(takes_a_trip), "{of}: trips");
    if attempt.first < index("who") {
        // It is returned to anybody: a missing token is checked later.
        let nobody: Vec<_> = headers.into_iter().filter(|(name, _)| *name != "authorization").collect();
        let reply = attempt.scene.send_to(route, &url, &nobody, &body);
        assert_is(&reply, cell, route, &format!("{of}, without a token"));
        assert_eq!(reply.cost.trips, 0, "{of}, without a token: trips");
    }
    if reply.status >= 400 || cell == "gone" {
        assert_eq!(reply.cost.rows_written, 0, "{of}: nothing is written");
    }
}

/// A route that requires a rotation in progress.
fn finishing() -> &'static Route {
    let is = |route: &&Route| route.operation == Operation::FinishRotation;
    ROUTES.iter().find(is).expect("there is one")
}

fn index(fault: &str) -> usize {
    FAULTS.iter().position(|known| *known == fault).unwrap_or_else(|| panic!("no fault {fault}"))
}

/// A request with every fault that its route knows, starting at `first`.
struct Attempt<'a> {
    scene: &'a Scene,
    route: &'a Route,
    first: usize,
    row: &'a [String],
}

impl Attempt<'_> {
    fn has(&self, fault: &str) -> bool {
        let fault = index(fault);
        self.first <= fault && self.row[fault] != "-"
    }

    /// Whether the route requires If-Match in a tenant that requires it.
    fn is_tagged(&self) -> bool {
        self.row[index("untagged")] != "-"
    }

    fn is_coactive(&self) -> bool {
        self.route.path.starts_with("/api/")
    }

    /// Whether the fault `change` of this route is that the tenant has no RBAC.
    fn lacks_rbac(&self) -> bool {
        let creates = self.route.operation == Operation::Write(Noun::Credential, Verb::Create);
        self.is_coactive() || is_ours(self.route) && creates && self.has("change")
    }

    /// Starts a rotation or revokes the credential, where the route requires that or where it is the fault.
    fn lead(&self) {
        let begins = self.route.operation == Operation::Write(Noun::Credential, Verb::Rotate);
        if begins == self.has("taken") {
            self.scene.ready(if begins { finishing() } else { self.route }, &self.scene.target);
        }
    }

    /// Prepares the database.
    fn prepare(&self, headers: &[Header]) {
        let db = &self.scene.world.db;
        if self.route.is_own() {
            self.scene.world.patch_where("credentials", "true", &json!({"self_rotate": true}));
        }
        if self.has("reused") && self.first > index("missing") {
            if self.route.operation == Operation::Write(Noun::Credential, Verb::Rotate) && !self.route.is_own() {
                // The rotation in progress has to be the one under the key.
                let cancel = format!("{}/cancel", url(self.route, &self.place()));
                self.scene.world.call_if_match("POST", &cancel, ROOT, "*", &Value::Null).expect(200);
            }
            let (url, body) = (url(self.route, &self.place()), self.scene.body(self.route));
            let headers: Vec<_> = headers.iter().filter(|(name, _)| *name != "if-match").cloned().collect();
            let earlier = self.scene.send_to(self.route, &url, &headers, &body);
            assert!(earlier.status < 300, "{}: {}", self.route.path, earlier.text);
        }
        if self.route.is_own() && self.has("change") {
            self.scene.world.patch_where("credentials", "true", &json!({"self_rotate": false}));
        }
        self.scene.world.patch_where("tenants", "true", &json!({"preconditions": true}));
        if self.lacks_rbac() {
            // Only now: the callers, created before, have roles.
            self.scene.world.patch_where("tenants", "true", &json!({"rbac": false}));
        }
        if self.has("many") {
            // The tenant has a stored count. A principal's credentials are counted, so they have to exist.
            db.execute("UPDATE tenants SET credentials = 20000", &[]);
            db.execute("DROP TRIGGER IF EXISTS credentials_created", &[]); // which would write an event for each
            let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10001)
              INSERT INTO credentials (tenant, id, state, revision, created_at, updated_at, change, changed_at, changed_by,
                changed_request, event)
              SELECT ?1, printf('%026d', i + 1000), json_object('principal', ?2, 'name', 'n', 'enabled', json('true'), 'roles',
                json('[]'), 'unrestricted', json('true'), 'access', 'admin', 'self_rotate', json('false')), 1, 0, 0, '', 0, '', '', 0 FROM n
              WHERE NOT EXISTS (SELECT 1 FROM credentials WHERE tenant = ?1 AND change = '')";
            if self.route.names().count() == 2 {
                db.execute(sql, &[&ACME, &self.account().to_string()]);
            }
        }
    }

    /// The principal of the request: the default one if that is the fault.
    fn account(&self) -> Id {
        let is_default = self.has("taken") && self.route.operation != Operation::Write(Noun::Principal, Verb::Create);
        if is_default { Id::ZERO } else { self.scene.target.account }
    }

    fn place(&self) -> PathIds {
        let mut place = PathIds { account: self.account(), ..self.scene.target.clone() };
        if self.has("missing") {
            place = PathIds { tenant: place.tenant, ..PathIds::none() };
        }
        if self.has("tenant") {
            place.tenant = nothing();
        }
        place
    }

    fn url(&self) -> String {
        let (method, wrong, place) = (method(self.route), self.has("parameter"), self.place());
        let query = match self.route.operation {
            Operation::Roles(_) if wrong => "?roles_context=x".to_owned(),
            Operation::List(..) if wrong => "?order=x".to_owned(),
            Operation::Authorize(_) if wrong => "?all=viewer%20".to_owned(),
            Operation::Page(..) | Operation::History(_) if wrong => "?limit=0&max-keys=0".to_owned(),
            // The credential after which a page starts.
            Operation::Page(..) if is_litegraph(self.route) && method == "GET" && self.has("missing") => {
                format!("?token={}", nothing().guid())
            }
            _ if self.has("taken") => String::new(),
            _ => forced(self.route).to_owned(),
        };
        let dry = match (self.has("dry"), query.is_empty()) {
            (false, _) => "",
            (true, true) => "?dry_run=x",
            (true, false) => "&dry_run=x",
        };
        url(self.route, &place) + &query + dry
    }

    fn headers(&self) -> Vec<Header> {
        let (scene, operation) = (self.scene, self.route.operation);
        let root_alone =
            [Operation::Write(Noun::Tenant, Verb::Create), Operation::Delete(Noun::Tenant)].contains(&operation);
        let edits =
            matches!(operation, Operation::Write(Noun::Principal | Noun::Credential, Verb::Replace | Verb::Merge));
        let known = |name: &str| scene.who(name, TokenKind::Secret).expect("a token");
        let mut headers = Vec::new();
        if matches!(operation, Operation::LogIn(_)) {
            headers.push(if self.has("who") { known("unknown token") } else { known("viewer") }.basic());
        } else if self.has("who") {
            headers.push(known("unknown token").bearer());
        } else if self.route.is_own() {
            headers.push(bearer(&scene.target.token));
        } else if self.has("never") {
            headers.push(known(if root_alone { "admin" } else { "only a role of another name" }).bearer());
        } else if root_alone || self.is_coactive() {
            // Only root creates tenants, and on Coactive only root can name a missing one.
            headers.push(bearer(ROOT));
        } else if is_ours(self.route) && edits && self.has("change") {
            headers.push(known("editor").bearer());
        } else {
            headers.push(known("admin").bearer());
        }
        let tenant = if self.is_coactive() && self.has("tenant") { "nobody" } else { "acme" };
        headers.push(("x-postern-tenant", tenant.to_owned()));
        if self.has("id") {
            headers.push(("x-client-request-id", "not a UUID".to_owned()));
        }
        let right = if takes_form(self.route) { FORM } else { "application/json" };
        let media_type = if self.has("type") { "text/plain" } else { right };
        headers.push(("content-type", media_type.to_owned()));
        let coding = if self.has("coding") { "identity, GZip" } else { "identity" };
        headers.push(("content-encoding", coding.to_owned()));
        if self.has("key") {
            headers.push(("idempotency-key", "two words".to_owned()));
        } else if self.has("reused") {
            headers.push(("idempotency-key", "used".to_owned()));
        }
        let id = scene.target.credential;
        if self.has("stale") {
            headers.push(("if-match", format!("\"{id}.0\"")));
        } else if self.is_tagged() && !self.has("untagged") {
            let sql = "SELECT revision FROM credentials WHERE id = ?1";
            let revision = &scene.world.db.query(sql, &[&id.to_string()])[0]["revision"];
            headers.push(("if-match", format!("\"{id}.{revision}\"")));
        }
        headers
    }

    fn body(&self) -> Vec<u8> {
        if self.has("cut") {
            return CUT.to_vec();
        }
        if self.has("large") {
            return vec![b'x'; postern::request::BODY_MAX + 1];
        }
        if takes_form(self.route) {
            return self.form();
        }
        if self.has("json") {
            return b"{\"name\": ".to_vec();
        }
        if self.has("object") {
            return b"[]".to_vec();
        }
        let body = match self.route.operation {
            Operation::Write(Noun::Credential, _) if is_litegraph(self.route) => self.litegraph(),
            Operation::Write(Noun::Principal, verb) if is_litegraph(self.route) => self.user(verb),
            Operation::Write(Noun::Tenant, verb) if is_litegraph(self.route) => self.tenant(verb),
            Operation::Write(noun, verb) if is_ours(self.route) => self.ours(noun, verb),
            Operation::Write(..) => self.named(),
            Operation::AddMeans(..) if self.has("rules") => json!({ "jwk": 5, "issuer": 5 }),
            Operation::AddMeans(means, _) => means_body(means, "changed"),
            Operation::Verify(_) => {
                inquiry(self.route, &json!({"token": if self.has("rules") { json!(5) } else { json!("x") }}))
            }
            Operation::LogIn(_) if self.has("parameter") => json!({"grant_type": "password"}),
            Operation::LogIn(_) => json!({"grant_type": "client_credentials"}),
            Operation::Page(..) if method(self.route) == "POST" => self.search(),
            _ => return Vec::new(),
        };
        body.to_string().into()
    }

    fn form(&self) -> Vec<u8> {
        let verifies = matches!(self.route.operation, Operation::Verify(_));
        let form: &[u8] = if self.has("json") {
            b"grant_type=\xff"
        } else if self.has("object") {
            b"grant_type=password&grant_type=password"
        } else if self.has("parameter") {
            // For introspection: the form has no token.
            b"grant_type=password"
        } else if verifies {
            b"token=x"
        } else {
            b"grant_type=client_credentials"
        };
        form.to_vec()
    }

    fn ours(&self, noun: Noun, verb: Verb) -> Value {
        let mut body: Value = serde_json::from_slice(&self.scene.body(self.route)).expect("JSON");
        let made = verb == Verb::Create;
        if !made && !self.route.is_own() && (self.has("change") || noun == Noun::Principal && self.has("taken")) {
            body["enabled"] = false.into();
        }
        if self.has("rules") {
            let (member, wrong) = match verb {
                Verb::Rotate => ("grace_seconds", json!("60")),
                Verb::Revoke => ("reason", json!(5)),
                Verb::Create | Verb::Replace | Verb::Merge => ("name", json!("")),
            };
            body[member] = wrong;
        }
        body
    }

    fn search(&self) -> Value {
        let from = self.has("missing").then(|| nothing().guid());
        json!({"MaxResults": u8::from(!self.has("parameter")), "ContinuationToken": from})
    }

    fn named(&self) -> Value {
        let name = if self.has("rules") { json!("") } else { json!("changed") };
        // Without RBAC, no role can be added; the one that is stored can be kept.
        let roles = if self.has("change") {
            json!([{"role_id": if self.has("rules") { "nonesuch" } else { "editor" }}])
        } else if self.is_tagged() {
            json!([{"role_id": "viewer"}])
        } else {
            Value::Null
        };
        json!({"name": name, "roles": roles})
    }

    fn litegraph(&self) -> Value {
        let mut body = json!({"UserGUID": self.scene.target.account.guid(), "Name": "changed"});
        if self.has("taken") {
            body["BearerToken"] = self.scene.admin().1.into();
        }
        if self.has("rules") {
            body["UserGUID"] = nothing().guid().into();
            body["Name"] = json!("");
        }
        body
    }

    fn user(&self, verb: Verb) -> Value {
        let mut body = json!({"FirstName": if self.has("rules") { json!(5) } else { json!("changed") }});
        if self.has("taken") && verb == Verb::Create {
            body["GUID"] = self.scene.target.account.guid().into();
        } else if self.has("taken") {
            body["Active"] = false.into();
        }
        body
    }

    fn tenant(&self, verb: Verb) -> Value {
        let mut body = json!({"Name": if self.has("rules") { "" } else { "changed" }, "Active": !self.has("change")});
        if self.has("taken") && verb == Verb::Create {
            body["GUID"] = self.scene.target.tenant.guid().into();
        }
        body
    }
}
