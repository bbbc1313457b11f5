//! A tenant with a service account and a credential that requests are about, callers of every kind, and requests made
//! from `ROUTES`.

use data_encoding::BASE64;
use postern::credential::field::Verb;
use postern::credential::id::Id;
use postern::credential::means::Means;
use postern::credential::secret::{ACCESS_SECONDS, Access, AccessOf, Keys, Token, access_end};
use postern::credential::time::Micros;
use postern::route::{Operation, ROUTES, Route};
use serde_json::{Value, json};

use crate::face::Face;
use crate::routes::{authorizes, body_of, face, form, means_id, requires_key, spell, step_before, title};
pub use crate::routes::{forced, method, takes_form};
use crate::table::Table;
use crate::{ACME, ROOT, Reply, World, client_url, text};

pub const OTHER: &str = "00000000000000000000000001";

/// The media type of the token endpoint's body.
pub const FORM: &str = "application/x-www-form-urlencoded";

/// An id that does not exist.
pub fn nothing() -> Id {
    Id::from_bits(9)
}

pub type Header = (&'static str, String);

/// Values for the variable segments of a path.
#[derive(Clone)]
pub struct PathIds {
    pub tenant: Id,
    pub account: Id,
    pub credential: Id,
    /// The credential's secret, a segment of one route.
    pub token: String,
}

impl PathIds {
    /// Ids that do not exist.
    pub fn none() -> Self {
        Self { tenant: nothing(), account: nothing(), credential: nothing(), token: "nobody-has-this".to_owned() }
    }
}

/// The kind of token a caller presents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// The credential's secret.
    Secret,
    /// An access token issued for the secret.
    Access,
}

/// A caller.
pub struct Known {
    /// The credential that the caller claims to be.
    pub client: Id,
    pub token: String,
    /// Whether the caller sends the client id with its token.
    names_client: bool,
}

impl Known {
    pub fn bearer(&self) -> Header {
        if self.names_client {
            bearer(&format!("{}:{}", self.client.client(), self.token))
        } else {
            bearer(&self.token)
        }
    }

    pub fn basic(&self) -> Header {
        basic(&self.client.client(), &self.token)
    }

    /// The form that logs in.
    pub fn form(&self) -> Vec<u8> {
        let form =
            format!("grant_type=client_credentials&client_id={}&client_secret={}", self.client.client(), self.token);
        form.into_bytes()
    }
}

pub struct Scene {
    pub world: World,
    /// Tenant, service account and credential that requests are about.
    pub target: PathIds,
}

impl Scene {
    pub fn new() -> Self {
        let world = World::new();
        world.tenant(OTHER, "other");
        for tenant in [ACME, OTHER] {
            world.patch("tenants", tenant, &json!({"role_names": ["admin", "auditor", "editor", "viewer"]}));
        }
        let target = create_target(&world, "acme");
        Self { world, target }
    }

    /// Creates a service account and a credential in the other tenant.
    pub fn elsewhere(&self) -> PathIds {
        create_target(&self.world, "other")
    }

    /// Creates a credential with these roles; returns its id and secret.
    pub fn client(&self, roles: &Value) -> (Id, String) {
        self.client_in("acme", roles)
    }

    fn client_in(&self, label: &str, roles: &Value) -> (Id, String) {
        let (id, secret) = self.world.client_in(label, &json!({"name": "caller", "roles": roles}));
        (Id::parse_client(&id).unwrap(), secret)
    }

    pub fn admin(&self) -> (Id, String) {
        self.client(&json!([{"role_id": "admin"}]))
    }

    pub fn other_admin(&self) -> String {
        self.client_in("other", &json!([{"role_id": "admin"}])).1
    }

    /// Logs in; returns an access token.
    pub fn access(&self, id: Id, secret: &str) -> String {
        let (name, value) = basic(&id.client(), secret);
        let reply = self.world.send("POST", "/api/v1/login", &[(name, &value)], b"").expect(200);
        text(&reply.json(), "access_token")
    }

    /// Creates the caller of this name and then applies what the name says. `None` for a caller without a token.
    pub fn who(&self, name: &str, by: TokenKind) -> Option<Known> {
        if let "root" | "root, naming no tenant" = name {
            return Some(Known { client: self.target.credential, token: ROOT.to_owned(), names_client: false });
        }
        let role = |role: Value| self.client(&json!([role]));
        let (id, secret) = match name {
            "no token" => return None,
            "another tenant's admin" => self.client_in("other", &json!([{"role_id": "admin"}])),
            "only a role of another name" => role(json!({"role_id": "auditor"})),
            "admin on a resource only" => {
                role(json!({"role_id": "admin", "resource": "dataset", "resource_instance": "d"}))
            }
            "viewer" | "editor" => role(json!({"role_id": name})),
            "viewer, admin on a resource" => {
                self.client(&json!([{"role_id": "viewer"}, {"role_id": "admin", "resource": "dataset"}]))
            }
            "no roles" => self.client(&Value::Null),
            "made on LiteGraph's face" => {
                let url = format!("/v1.0/tenants/{}/credentials", acme());
                let (id, made) = self.world.put(&url, &json!({"UserGUID": Id::ZERO.guid(), "Name": "caller"}));
                (id, text(&made, "BearerToken"))
            }
            "made on Keycard's face" => {
                let (_, url) = self.world.service_account();
                let made = self.world.call("POST", &url, ROOT, &json!({"name": "caller"})).expect(201).json();
                (Id::parse(&text(&made, "id")).unwrap(), text(&made, "client_secret"))
            }
            // Names with a suffix: `apply` handles the suffix.
            _ => self.admin(),
        };
        let token = match by {
            TokenKind::Secret => secret.clone(),
            TokenKind::Access => self.access(id, &secret),
        };
        let known = Known { client: id, token, names_client: false };
        Some(self.apply(name, known, &secret))
    }

    /// Applies the state that the name describes: a change of the caller's credential, or an error in its token.
    fn apply(&self, name: &str, mut known: Known, secret: &str) -> Known {
        let (world, id) = (&self.world, known.client);
        let execute = |sql: &str| world.db.execute(sql, &[&id.to_string()]);
        let signed = |keys: &Keys| {
            let sql = "SELECT created_at FROM secrets WHERE credential = ?1";
            let made = Micros(world.db.query(sql, &[&id.to_string()])[0]["created_at"].as_i64().unwrap());
            let of = AccessOf::Secret { id: secret_id(secret), made };
            keys.issue_access("pstn_", Access { of, end: access_end(Micros(world.now.get())) }).reveal().to_owned()
        };
        match name {
            "garbage" => known.token.push('_'),
            "unknown token" => "no-credential-has-this".clone_into(&mut known.token),
            "wrong secret" => {
                Token::make("pstn_", secret_id(secret), &[7; 32]).reveal().clone_into(&mut known.token);
            }
            "wrong signature" => known.token = signed(&Keys::from_master_key(&[7; 32])),
            "another's signature" => {
                let (other, other_secret) = self.admin();
                let other = self.access(other, &other_secret);
                // The caller's own claims with another credential's signature, and a correct checksum.
                let (claims, _) = known.token.rsplit_once(signature(&known.token)).unwrap();
                let body = format!("{claims}{}", signature(&other));
                known.token = format!("{body}_{}", checksum(&body));
            }
            "past its end" => world.pass(i64::from(ACCESS_SECONDS + 1) * 1_000_000),
            "another's client_id" => (known.client, known.names_client) = (self.admin().0, true),
            "expired credential" => world.patch("credentials", &id.to_string(), &json!({"expires_at": 1})),
            "expired secret" => execute("UPDATE secrets SET expires_at = 1 WHERE credential = ?1"),
            "replaced secret" => {
                let body = json!({"UserGUID": Id::ZERO.guid(), "Name": "caller", "BearerToken": "a-new-one"});
                self.done("PUT", &format!("/v1.0/tenants/{}/credentials/{}", acme(), id.guid()), &body);
            }
            "retired secret" => {
                self.rotate(id, 60);
                world.pass(60_000_000);
            }
            "admin, its secret retiring" => drop(self.rotate(id, 3600)),
            "cancelled secret" => {
                let new = self.rotate(id, 3600);
                known.token = if known.token == secret { new } else { self.access(id, &new) };
                self.done("POST", &format!("{}/rotate/cancel", own_url(id)), &Value::Null);
            }
            "revoked credential" => self.done("POST", &format!("{}/revoke", own_url(id)), &Value::Null),
            "admin, restored" => {
                for step in ["revoke", "restore"] {
                    self.done("POST", &format!("{}/{step}", own_url(id)), &Value::Null);
                }
            }
            "access verify" | "access verify_all" => {
                let access = name.trim_start_matches("access ");
                world.patch("credentials", &id.to_string(), &json!({"roles": [], "access": access}));
            }
            "deleted credential" => self.done("DELETE", &client_url(&id.client()), &Value::Null),
            "deleted principal" => {
                let account = self.moved(id);
                self.done("DELETE", &format!("/organizations/acme/service-accounts/{account}"), &Value::Null);
            }
            "deleted tenant" => self.done("DELETE", &format!("/v1.0/tenants/{}?force", acme()), &Value::Null),
            "disabled credential" => world.patch("credentials", &id.to_string(), &json!({"enabled": false})),
            "disabled principal" => {
                let account = self.moved(id);
                world.patch("principals", &account, &json!({"enabled": false}));
            }
            "disabled tenant" => {
                let tenant = world.db.query("SELECT tenant FROM credentials WHERE id = ?1", &[&id.to_string()]);
                world.patch("tenants", &text(&tenant[0], "tenant"), &json!({"enabled": false}));
            }
            "another tenant's admin"
            | "only a role of another name"
            | "admin on a resource only"
            | "viewer"
            | "viewer, admin on a resource"
            | "editor"
            | "admin"
            | "made on LiteGraph's face"
            | "made on Keycard's face"
            | "no roles" => {}
            other => panic!("who is {other}?"),
        }
        known
    }

    /// Moves a credential to a new service account, since the default one cannot be deleted or disabled.
    pub fn moved(&self, id: Id) -> String {
        let (account, _) = self.world.service_account();
        self.world.patch("credentials", &id.to_string(), &json!({ "principal": account }));
        account
    }

    /// Begins a rotation on the Postern face; returns the new secret.
    pub fn rotate(&self, id: Id, grace_seconds: u32) -> String {
        let url = format!("{}/rotate", own_url(id));
        let reply = self.world.call("POST", &url, ROOT, &json!({ "grace_seconds": grace_seconds })).expect(200);
        text(&reply.json(), "secret")
    }

    /// Rotates or revokes the credential if the route needs that.
    pub fn ready(&self, route: &Route, ids: &PathIds) {
        if requires_key(route) {
            self.world.patch("credentials", &ids.credential.to_string(), &json!({ "self_rotate": true }));
        }
        let Some((step, body)) = step_before(route) else { return };
        let url = format!("/v1/tenants/{}/credentials/{}/{step}", ids.tenant, ids.credential);
        let reply = self.world.call_if_match("POST", &url, ROOT, "*", &body);
        // The step may already be done, or the tenant deleted.
        assert!([200, 201, 404, 409].contains(&reply.status), "{url}: {}", reply.text);
    }

    /// Sends a request as root and asserts success.
    fn done(&self, method: &str, url: &str, body: &Value) {
        let reply = self.world.call(method, url, ROOT, body);
        assert!(reply.status < 300, "{method} {url}: {}", reply.text);
    }

    /// The headers of a caller of this name.
    pub fn caller(&self, name: &str) -> Vec<Header> {
        let token = self.who(name, TokenKind::Secret).map(|known| known.bearer());
        token.into_iter().chain(names_tenant(name)).collect()
    }

    /// The token of a caller of this name.
    pub fn token(&self, name: &str) -> String {
        self.who(name, TokenKind::Secret).expect("a token").token
    }

    /// Sends a request of a route.
    pub fn send(&self, route: &Route, ids: &PathIds, headers: &[Header], body: &[u8]) -> Reply {
        self.send_to(route, &request_url(route, ids), headers, body)
    }

    /// Sends a request with a route's method.
    pub fn send_to(&self, route: &Route, url: &str, headers: &[Header], body: &[u8]) -> Reply {
        let has_key = headers.iter().any(|(name, _)| *name == "idempotency-key");
        let key = (requires_key(route) && !has_key).then_some(("idempotency-key", "once"));
        let mut headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).chain(key).collect();
        let client = bearer(&self.target.token);
        if authorizes(route) {
            for header in &mut headers {
                if let Some(token) = header.1.strip_prefix("Bearer ") {
                    *header = ("postern-verifier", token);
                }
            }
            headers.push((client.0, &client.1));
        }
        self.world.send(method(route), url, &headers, body)
    }

    /// A valid body for the route; empty if it takes none.
    pub fn body(&self, route: &Route) -> Vec<u8> {
        body_about(route, &self.target)
    }
}

/// A valid body for the route and these ids; empty if it takes none.
pub fn body_about(route: &Route, ids: &PathIds) -> Vec<u8> {
    match body_of(route, "changed", ids.account, &ids.token) {
        // An empty search returns everything.
        Some(_) if matches!(route.operation, Operation::Page(..)) => b"{}".to_vec(),
        Some(body) => body.to_string().into(),
        None => form(route, &ids.token).unwrap_or_default().into(),
    }
}

fn create_target(world: &World, label: &str) -> PathIds {
    let path = format!("/organizations/{label}/service-accounts");
    let account = text(&world.call("POST", &path, ROOT, &json!({"name": "account"})).json(), "id");
    let path = format!("{path}/{account}/credentials");
    let made = world.call("POST", &path, ROOT, &json!({"name": "target", "description": "of the account"})).json();
    world.patch("credentials", &text(&made, "id"), &json!({"access": "read"}));
    let tenant = if label == "acme" { ACME } else { OTHER };
    let id = |text: &str| Id::parse(text).unwrap();
    PathIds {
        tenant: id(tenant),
        account: id(&account),
        credential: id(&text(&made, "id")),
        token: text(&made, "client_secret"),
    }
}

/// The header that names the tenant, except for the caller "root, naming no tenant".
pub fn names_tenant(caller: &str) -> Option<Header> {
    (caller != "root, naming no tenant").then(|| ("x-postern-tenant", "acme".to_owned()))
}

/// The path of a credential of the tenant acme on the Postern face.
pub fn own_url(id: Id) -> String {
    format!("/v1/tenants/{ACME}/credentials/{id}")
}

fn acme() -> String {
    Id::parse(ACME).unwrap().guid()
}

/// The id of the secret in a token.
pub fn secret_id(token: &str) -> Id {
    Id::parse(token.split('_').nth(1).unwrap()).unwrap()
}

/// The signature of an access token.
pub fn signature(access: &str) -> &str {
    let signature = access.rsplit('_').nth(1).unwrap();
    assert_eq!(signature.len(), 52, "256 bits in {access}");
    signature
}

/// The checksum at the end of a token, so that a forged token fails for another reason.
pub fn checksum(body: &str) -> String {
    // Seven letters of five bits for 32 bits: the last three bits are zero.
    let bits = u64::from(crc32fast::hash(body.as_bytes())) << 3;
    let letter =
        |position: u32| char::from(b"0123456789abcdefghjkmnpqrstvwxyz"[(bits >> (5 * position) & 31) as usize]);
    (0..7).rev().map(letter).collect()
}

pub fn bearer(token: &str) -> Header {
    ("authorization", format!("Bearer {token}"))
}

pub fn basic(client: &str, secret: &str) -> Header {
    ("authorization", format!("Basic {}", BASE64.encode(format!("{client}:{secret}").as_bytes())))
}

pub fn is_litegraph(route: &Route) -> bool {
    face(route) == Face::LiteGraph
}

pub fn is_ours(route: &Route) -> bool {
    face(route) == Face::Postern
}

/// Whether the route takes an Idempotency-Key.
pub fn takes_key(route: &Route) -> bool {
    is_ours(route) && matches!(route.operation, Operation::Write(_, Verb::Create | Verb::Rotate))
}

/// Whether another step must precede this route: see [`Scene::ready`].
pub fn is_step(route: &Route) -> bool {
    step_before(route).is_some()
}

pub fn deletes(route: &Route) -> bool {
    matches!(route.operation, Operation::Delete(_) | Operation::DeleteAll)
}

/// The path of a route for these ids.
pub fn url(route: &Route, ids: &PathIds) -> String {
    route.url(|name| match name {
        "tenant" => spell(route, ids.tenant),
        "principal" => spell(route, ids.account),
        "credential" => spell(route, ids.credential),
        "key" => means_id(Means::Key),
        "trust" => means_id(Means::Trust),
        _ => ids.token.clone(),
    })
}

/// [`url`] with the query that the route requires.
pub fn request_url(route: &Route, ids: &PathIds) -> String {
    let tenant = if authorizes(route) { "&tenant=acme" } else { "" };
    url(route, ids) + forced(route) + tenant
}

/// The routes of a table with their names, in its order. Panics unless the table has exactly the routes of `ROUTES`.
pub fn routes(table: &Table) -> Vec<(String, &'static Route)> {
    let named: Vec<String> = table.rows.iter().map(|row| format!("{} {}", row[1], row[2])).collect();
    for route in ROUTES {
        assert!(named.contains(&title(route)), "{}: this route has no expectations yet", title(route));
    }
    assert_eq!(named.len(), ROUTES.len(), "a line a route");
    let route = |path: &String| {
        ROUTES.iter().find(|route| title(route) == *path).unwrap_or_else(|| panic!("{path}: no such route"))
    };
    table.column("route").into_iter().map(str::to_owned).zip(named.iter().map(route)).collect()
}

/// The status of a table's cell; with LiteGraph's `Error` and Postern's `code` where the status is not enough.
pub fn expected(cell: &str) -> (u16, Option<[&'static str; 2]>) {
    match cell {
        "unknown" => (401, Some(["AuthenticationFailed", "unauthenticated"])),
        "denied" => (401, Some(["AuthorizationFailed", "forbidden"])),
        "inactive" => (401, Some(["Inactive", "inactive"])),
        "gone" => (200, None),
        status => (status.parse().unwrap_or_else(|_| panic!("what is {status}?")), None),
    }
}

/// Asserts the status and the error of a cell, and a challenge exactly for a 401.
pub fn assert_is(reply: &Reply, cell: &str, route: &Route, of: &str) {
    let (status, error) = expected(cell);
    assert_eq!(reply.status, status, "{of}: {}", reply.text);
    if let Some([error, code]) = error {
        let (member, expected) = if is_ours(route) { ("code", code) } else { ("Error", error) };
        assert_eq!(reply.json()[member], expected, "{of}");
    }
}
