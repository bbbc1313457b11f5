//! The largest request of every route, on the largest possible tenant, by the caller with the most deferred writes.

use std::collections::BTreeSet;

use postern::credential::field::Noun;
use postern::credential::id::Id;
use postern::credential::means::Means;
use postern::credential::time::Micros;
use postern::request::{BODY_MAX, TAGS_MAX};
use postern::route::{Operation, ROUTES};
use postern::store::Store;
use postern::store::delete::DELETE_MAX;
use postern::store::idempotency::forget;
use postern::store::list::{LIST_MAX, PAGE_MAX};
use serde_json::{Value, json};

use support::face::Face;
use support::jwt::Signer;
use support::routes::{authorizes, face, fits, method, title};
use support::scene::{PathIds, basic, url};
use support::sqlite::{STATEMENTS_MAX, VALUE_MAX};
use support::{ACME, CLIENTS, MASTER_KEY, ROOT, Reply, World, client_url, settings, text};

const OTHER_KEY: &str = "fefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefe";

/// A text of so many code points, of four bytes each except for a number that makes the text unique.
pub fn wide(number: usize, points: usize) -> String {
    let number = format!("{number:03}");
    "\u{1d11e}".repeat(points - number.len()) + &number
}

/// A role name of the maximum length.
pub fn role_name(number: usize) -> String {
    format!("{number:0255}")
}

/// A token chosen by a client, of the maximum length.
pub fn token(number: usize) -> String {
    format!("{number:0512}")
}

/// As many of the longest role names as the state of a tenant has room for, which is 32 KiB.
pub const CATALOGUE: usize = 29;

/// As many of the largest roles as the state of a credential has room for, with its other fields at their largest.
pub const ROLES: usize = 10;

/// The largest roles, all on one instance.
pub fn roles(instance: usize, number: usize) -> Value {
    let role =
        |index| json!({"role_id": role_name(index), "resource": "dataset", "resource_instance": wide(instance, 255)});
    (0..number).map(role).collect()
}

/// Metadata with 16 members, of 4096 bytes as stored.
pub fn metadata(number: usize) -> Value {
    let members: serde_json::Map<_, _> =
        (0..16).map(|index| (wide(index, 36), Value::from(wide(number + index, 30)))).collect();
    let bytes = Value::from(members.clone()).to_string().len();
    assert!((3900..=4096).contains(&bytes), "{bytes}");
    members.into()
}

struct Largest {
    world: World,
    admin: String,
    /// A counter for values that must be unique.
    number: usize,
    /// The lines of the table of routes that were driven.
    driven: BTreeSet<String>,
}

impl Largest {
    fn new() -> Self {
        let mut largest = Self { world: World::new(), admin: token(0), number: 1, driven: BTreeSet::new() };
        let catalogue: Vec<_> = (0..CATALOGUE).map(role_name).collect();
        largest.by_root("PATCH", &tenant(""), &json!({"name": wide(0, 255), "role_names": catalogue}));
        let admin = largest.put_token(Id::from_bits(1), &token(0));
        let patch = json!({"roles": [], "unrestricted": true, "access": "admin", "name": wide(1, 255)});
        largest.world.patch("credentials", &admin, &patch);
        largest
    }

    /// The next number.
    fn next(&mut self) -> usize {
        self.number += 1;
        self.number
    }

    /// Sets a token chosen by a client, which is sealed.
    fn put_token(&mut self, id: Id, token: &str) -> String {
        let body = json!({"GUID": id.guid(), "UserGUID": Id::ZERO.guid(), "Name": wide(id.to_string().len(), 255), "BearerToken": token});
        self.by_root("PUT", &litegraph("/credentials"), &body);
        id.to_string()
    }

    /// Creates a credential of the maximum size, which rotates.
    fn put_largest(&mut self) -> Id {
        let id = Id::from_bits(1000 + u128::try_from(self.next()).unwrap());
        let number = self.number;
        self.put_token(id, &token(number));
        let url = tenant(&format!("/credentials/{id}"));
        let end = "2099-01-01T00:00:00Z";
        let body =
            json!({"description": wide(0, 500), "metadata": metadata(1), "expires_at": end, "roles": roles(0, ROLES)});
        self.by_root("PATCH", &url, &body);
        self.by_root("POST", &format!("{url}/rotate"), &json!({"grace_seconds": 7_776_000}));
        id
    }

    fn by_root(&mut self, method: &str, url: &str, body: &Value) -> Reply {
        let authorization = format!("Bearer {ROOT}");
        self.send(method, url, &[("authorization", &authorization), ("x-postern-tenant", ACME)], body)
    }

    /// Sends a request as the admin, whose secret is under the previous key and was last used more than a minute ago.
    fn by_admin(&mut self, method: &str, url: &str, body: &Value) -> Reply {
        let admin = format!("Bearer {}", self.admin);
        let another = format!("\"{}\"", "of-another-state-of-it".repeat(30));
        let tags = vec![another; TAGS_MAX - 1].join(", ") + ", *";
        let headers: &[_] = if matches!(method, "PUT" | "PATCH" | "DELETE") && !url.ends_with("credentials") {
            &[("authorization", &*admin), ("if-match", &*tags)]
        } else {
            &[("authorization", &*admin)]
        };
        self.rekey();
        self.send(method, url, headers, body)
    }

    fn rekey(&mut self) {
        let of = |world: &World| world.settings.as_ref().unwrap().keys.current.id().to_owned();
        let before = of(&self.world);
        self.world.settings = settings(OTHER_KEY, Some(MASTER_KEY));
        if of(&self.world) == before {
            self.world.settings = settings(MASTER_KEY, Some(OTHER_KEY));
        }
        self.world.pass(61_000_000);
    }

    fn send(&mut self, method: &str, url: &str, headers: &[(&str, &str)], body: &Value) -> Reply {
        let body = match body {
            Value::Null => String::new(),
            Value::String(form) => form.clone(),
            body => body.to_string(),
        };
        assert!(body.len() <= BODY_MAX, "{method} {url}: {}", body.len());
        let reply = self.world.send(method, url, headers, body.as_bytes());
        let short = &reply.text[..reply.text.floor_char_boundary(300)];
        assert!(reply.status < 300, "{method} {}: {} {short}", &url[..url.len().min(200)], reply.status);
        let path = url.split('?').next().unwrap_or_default();
        for route in ROUTES.iter().filter(|route| route.method.allow().starts_with(method) && fits(route.path, path)) {
            self.driven.insert(format!("{method} {}", route.path));
        }
        reply
    }

    /// Fills the tenant up to the limit of a list and of a deletion, with two secrets per credential.
    fn fill(&mut self) {
        let own = u32::try_from(self.world.db.count("SELECT credentials FROM tenants")).unwrap();
        // Ids are never reused.
        let first = 1_000_000 * u32::try_from(self.next()).unwrap();
        self.world.many_credentials(ACME, ACME, first..first + LIST_MAX - own);
        for which in ["1", "2"] {
            self.world.db.execute(
                "INSERT INTO secrets (id, tenant, credential, digest, key, hint, created_at, change, changed_at, changed_by, changed_request)
                 SELECT ?1 || substr(id, 2), tenant, id, printf('%052d', 0), '', '', 0, 'many', 0, 'root', 'many'
                 FROM credentials WHERE tenant = ?2 AND id BETWEEN printf('%026d', ?3) AND printf('%026d', ?3 + 20000)",
                &[&which, &ACME, &first],
            );
        }
        assert_eq!(self.world.db.count("SELECT credentials FROM tenants"), i64::from(LIST_MAX));
    }
}

pub fn tenant(rest: &str) -> String {
    format!("/v1/tenants/{ACME}{rest}")
}

pub fn litegraph(rest: &str) -> String {
    format!("/v1.0/tenants/{}{rest}", Id::ZERO.guid())
}

pub fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Reads and lists, histories, verification.
fn reads(largest: &mut Largest, id: Id, principal: Id) {
    let token = token(largest.number);
    for route in ROUTES.iter().filter(|route| method(route) == "GET" && !authorizes(route)) {
        // Credentials are the default principal's.
        let account = if route.path.contains("/credentials") { Id::ZERO } else { principal };
        let place = PathIds { tenant: Id::ZERO, account, credential: id, token: token.clone() };
        let query = match (route.operation, face(route)) {
            (Operation::Read(Noun::Tenant), Face::Keycard) => "?expand[]=permissions",
            (Operation::Page(Noun::Principal, _), Face::Keycard) => "?limit=100&expand[]=permissions",
            (Operation::Page(..), Face::LiteGraph) => "?max-keys=1000",
            (Operation::Page(..) | Operation::History(_), _) => "?limit=100",
            _ => "",
        };
        largest.by_admin("GET", &format!("{}{query}", url(route, &place)), &Value::Null);
    }
    let guids: Vec<_> = (0..PAGE_MAX).map(|number| Id::from_bits(1000 + u128::from(number)).guid()).collect();
    largest.by_admin("GET", &litegraph(&format!("/credentials?guids={}", guids.join(","))), &Value::Null);
    let v2 = format!("/v2.0/tenants/{}/credentials", Id::ZERO.guid());
    for order in ["CreatedAscending", "NameDescending", "GuidAscending"] {
        let place = id.guid();
        largest.by_admin("GET", &format!("{v2}?max-keys=1000&skip=1&order={order}&token={place}"), &Value::Null);
        let body = json!({"MaxResults": PAGE_MAX, "Skip": 0, "Ordering": order});
        largest.by_admin("POST", &v2, &body);
    }
    let time = "2026-11-21T00:00:00Z";
    let filter = format!("&role={}&name_prefix={}", encoded(&wide(0, 255)), encoded(&wide(0, 254)));
    let times =
        format!("&expires_before={time}&unused_since={time}&unrotated_since={time}&enabled=true&principal={ACME}");
    for sort in ["name", "-name", "created", "-created"] {
        largest.by_admin("GET", &tenant(&format!("/credentials?limit=100&sort={sort}")), &Value::Null);
        largest.by_admin("GET", &tenant(&format!("/credentials?limit=100&sort={sort}{filter}{times}")), &Value::Null);
    }
    largest.by_admin("POST", "/v1/verify", &json!({"token": token, "needs": {"all": roles(0, 16)}}));
    let inquiry = json!({"token": token, "needs": {"any": [{"role_id": "r"}]}});
    largest.by_admin("POST", "/v1/verify/batch", &json!({"items": vec![inquiry; 50]}));
    let needed: Vec<_> =
        (0..16).map(|index| encoded(&format!("{} dataset {}", role_name(index), wide(0, 255)))).collect();
    let verifier = largest.admin.clone();
    let headers = [("authorization", &*format!("Bearer {token}")), ("postern-verifier", &*verifier)];
    largest.rekey();
    largest.send("GET", &format!("/v1/authorize?any={}", needed.join("&any=")), &headers, &Value::Null);
    largest.by_admin("POST", "/oauth/introspect", &format!("token={token}").into());
    let basic = basic(&Id::from_bits(1).client(), &largest.admin).1;
    for url in ["/api/v0/login", "/api/v1/login", "/service-account-token", "/oauth/token"] {
        largest.rekey();
        let body = if url.starts_with("/api") { Value::Null } else { "grant_type=client_credentials".into() };
        largest.send("POST", url, &[("authorization", &basic)], &body);
    }
}

/// Creations and updates. Returns the principal created on LiteGraph's face.
fn writes(largest: &mut Largest, id: Id) -> Id {
    let (guid, organization) = (id.guid(), format!("/organizations/{ACME}"));
    let name = |largest: &mut Largest| wide(largest.next(), 255);
    // Only root creates tenants.
    for (method, url, member) in
        [("POST", "/organizations", "name"), ("PUT", "/v1.0/tenants", "Name"), ("POST", "/v1/tenants", "name")]
    {
        let name = name(largest);
        largest.by_root(method, url, &json!({member: name}));
    }
    for (method, url, member) in [("PATCH", organization.clone(), "name"), ("PUT", litegraph(""), "Name")] {
        let name = name(largest);
        largest.by_admin(method, &url, &json!({member: name}));
    }
    let catalogue: Vec<_> = (0..CATALOGUE).map(role_name).collect();
    for method in ["PUT", "PATCH"] {
        let name = name(largest);
        let body =
            json!({"name": name, "enabled": true, "rbac": true, "require_if_match": false, "role_names": catalogue});
        largest.by_admin(method, &tenant(""), &body);
    }
    let person = |number| json!({"FirstName": wide(number, 255), "LastName": wide(number, 255), "Email": wide(number, 255), "Active": true});
    let number = largest.next();
    let user = text(&largest.by_admin("PUT", &litegraph("/users"), &person(number)).json(), "GUID");
    largest.by_admin("PUT", &litegraph(&format!("/users/{user}")), &person(number + 1));
    let principal = Id::parse_guid(&user).unwrap();
    let account = json!({"name": wide(number, 255), "description": wide(number, 500)});
    let made = largest.by_admin("POST", &format!("{organization}/service-accounts"), &account).json();
    let account_url = format!("{organization}/service-accounts/{}", text(&made, "id"));
    largest.by_admin("PATCH", &account_url, &json!({"name": wide(number + 1, 255), "description": wide(2, 500)}));
    largest.by_admin("DELETE", &account_url, &Value::Null);
    let body = json!({"name": wide(number, 255)});
    let made = text(&largest.by_admin("POST", &tenant("/principals"), &body).json(), "id");
    for method in ["PUT", "PATCH"] {
        let body = json!({"name": name(largest), "enabled": true});
        largest.by_admin(method, &tenant(&format!("/principals/{made}")), &body);
    }
    largest.by_admin("DELETE", &tenant(&format!("/principals/{made}")), &Value::Null);

    let number = largest.next();
    largest.by_admin("POST", CLIENTS, &json!({"name": wide(number, 255), "roles": roles(0, ROLES)}));
    largest.by_admin(
        "PUT",
        &client_url(&id.client()),
        &json!({
            "name": wide(number, 255), "roles": roles(0, ROLES), "roles_context": format!("dataset:{}", wide(0, 255)),
        }),
    );
    let body = |largest: &mut Largest| {
        json!({
            "UserGUID": Id::ZERO.guid(), "Name": wide(largest.next(), 255), "BearerToken": token(largest.number), "Active": true,
        })
    };
    let bearer = body(largest);
    largest.by_admin("PUT", &litegraph("/credentials"), &bearer);
    let bearer = body(largest);
    largest.by_admin("PUT", &litegraph(&format!("/credentials/{guid}")), &bearer);
    let described = json!({"name": wide(number + 2, 255), "description": wide(number, 500)});
    let all = format!("{organization}/service-accounts/{}/credentials", Id::ZERO);
    largest.by_admin("POST", &all, &described);
    largest.by_admin("PATCH", &format!("{all}/{id}"), &described);
    own_writes(largest, id);
    principal
}

/// Creations and updates on our own face, with an Idempotency-Key, and dry runs.
fn own_writes(largest: &mut Largest, id: Id) {
    let url = tenant(&format!("/credentials/{id}"));
    let whole = |largest: &mut Largest| {
        let number = largest.next();
        json!({
            "name": wide(number, 255), "principal": ACME, "enabled": true, "roles": roles(number, ROLES), "access": "read",
            "expires_at": "2099-01-01T00:00:00Z",
            "metadata": metadata(number), "description": wide(number, 500),
        })
    };
    let admin = format!("Bearer {}", largest.admin);
    let key = "k".repeat(255);
    let body = whole(largest);
    // Created, then repeated.
    for _ in 0..2 {
        largest.rekey();
        let headers = [("authorization", &*admin), ("idempotency-key", &key)];
        largest.send("POST", &tenant("/credentials"), &headers, &body);
    }
    for (method, query) in [("PUT", "?dry_run=true"), ("PUT", ""), ("PATCH", "?dry_run=true"), ("PATCH", "")] {
        let body = whole(largest);
        largest.by_admin(method, &format!("{url}{query}"), &body);
    }
    // A replaced secret that has expired is deleted by the next rotation.
    largest.world.pass(8_000_000_000_000);
    largest.rekey();
    // Under one master key, so that the second request gets the first response.
    for _ in 0..2 {
        let headers = [("authorization", &*admin), ("idempotency-key", &key)];
        largest.send("POST", &format!("{url}/rotate"), &headers, &json!({"grace_seconds": 7_776_000}));
    }
    keys(largest, &url);
    trusts(largest, &url);
    itself(largest);
    for (step, body) in [
        ("rotate/cancel", Value::Null),
        ("rotate", json!({"grace_seconds": 7_776_000})),
        ("rotate/finish", Value::Null),
        ("revoke", json!({"reason": wide(0, 500)})),
        ("restore", Value::Null),
    ] {
        largest.by_admin("POST", &format!("{url}/{step}"), &body);
    }
}

/// As many keys of the maximum length as a credential may have.
fn keys(largest: &mut Largest, url: &str) {
    let keys: Vec<_> = (0..Means::Key.max())
        .map(|number| {
            let mut jwk = Signer::rsa_4096().jwk();
            jwk["kid"] = wide(number, 255).into();
            let body = json!({ "jwk": jwk, "expires_at": "2200-01-01T00:00:00.123456Z" });
            text(&largest.by_admin("POST", &format!("{url}/keys"), &body).json(), "id")
        })
        .collect();
    for key in keys {
        largest.by_admin("DELETE", &format!("{url}/keys/{key}"), &Value::Null);
    }
}

/// As many large trusts as a credential may have, and one with as many keys as possible.
fn trusts(largest: &mut Largest, url: &str) {
    let trust = |number: usize, more: Value| {
        let claims: serde_json::Map<_, _> = (0..1).map(|claim| (wide(claim, 40), wide(claim, 40).into())).collect();
        let mut trust = json!({
            "issuer": format!("https://{}.example/{number}", "a".repeat(63)), "subject": wide(number, 50), "audience": wide(number, 50),
            "claims": claims, "once": true, "token_seconds": 3600, "expires_at": "2200-01-01T00:00:00.123456Z",
        });
        trust.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        trust
    };
    let keys: Vec<_> = (0..50).map(|_| Signer::ed25519().jwk()).collect();
    let many: Vec<_> = (0..Means::Trust.max()).map(|number| trust(number, json!({}))).collect();
    for group in [many, vec![trust(99, json!({ "jwks": { "keys": keys } }))]] {
        let add = |trust: &Value| text(&largest.by_admin("POST", &format!("{url}/trusts"), trust).json(), "id");
        let ids: Vec<_> = group.iter().map(add).collect();
        largest.by_admin("GET", &format!("{url}/trusts"), &Value::Null);
        for id in ids {
            largest.by_admin("DELETE", &format!("{url}/trusts/{id}"), &Value::Null);
        }
    }
}

/// What a credential does with itself, by a token of the maximum length.
fn itself(largest: &mut Largest) {
    let number = largest.next();
    let id = largest.put_token(Id::from_bits(1000 + u128::try_from(number).unwrap()), &token(number));
    largest.world.patch("credentials", &id, &json!({"self_rotate": true, "roles": roles(number, ROLES)}));
    let (bearer, key) = (format!("Bearer {}", token(number)), "k".repeat(255));
    let headers = [("authorization", &*bearer), ("idempotency-key", &*key)];
    largest.send("GET", "/v1/self", &headers, &Value::Null);
    for _ in 0..2 {
        largest.send("POST", "/v1/self/rotate", &headers, &json!({"grace_seconds": 7_776_000}));
    }
    largest.send("POST", "/v1/self/revoke", &headers, &json!({"reason": wide(0, 500)}));
}

/// Deletions of one credential, and of as many as one request may delete.
fn deletions(largest: &mut Largest, principal: Id) {
    for route in ROUTES.iter().filter(|route| route.operation == Operation::Delete(Noun::Credential)) {
        let credential = largest.put_largest();
        let place = PathIds { tenant: Id::ZERO, account: Id::ZERO, credential, token: String::new() };
        largest.by_admin("DELETE", &url(route, &place), &Value::Null);
    }
    let user = principal.guid();
    for rest in
        [format!("/users/{user}/credentials"), format!("/credentials/{user}/credentials"), format!("/users/{user}")]
    {
        largest.by_admin("DELETE", &litegraph(&rest), &Value::Null);
    }
    largest.fill();
    assert_eq!(LIST_MAX, DELETE_MAX);
    largest.by_admin("GET", CLIENTS, &Value::Null);
    largest.by_admin("GET", &litegraph("/credentials"), &Value::Null);
    largest.by_root("DELETE", &litegraph("/credentials"), &Value::Null);
    largest.fill();
    largest.by_root("DELETE", &litegraph("?force"), &Value::Null);
    // Ids are never reused, so use the tenant of another world.
    let most = largest.world.db.most.get();
    largest.world = World::new();
    largest.world.db.most.set(most);
    largest.fill();
    largest.by_root("DELETE", &tenant("?force=true"), &Value::Null);
}

#[test]
fn largest_request_of_every_route_is_within_the_limits() {
    let mut largest = Largest::new();
    let id = largest.put_largest();
    let before = largest.number;
    let principal = writes(&mut largest, id);
    let id = largest.put_largest();
    assert!(largest.number > before);
    reads(&mut largest, id, principal);
    deletions(&mut largest, principal);
    pollster::block_on(forget(&Store::new(&largest.world.db), Micros(largest.world.now.get()))).expect("forgotten");

    let missing: Vec<_> = ROUTES.iter().map(title).filter(|route| !largest.driven.contains(route)).collect();
    assert!(missing.is_empty(), "routes that are not driven: {missing:#?}");
    let most = largest.world.db.most.get();
    crate::print_lines(&[
        format!("statements of a request {} of {STATEMENTS_MAX}", most.statements),
        format!("values of a statement {} of 100", most.parameters),
        format!("bytes of a value that is bound {} of {VALUE_MAX}", most.value),
        format!("bytes of a row that comes back {} of {VALUE_MAX}", most.row),
        format!("bytes of a batch {}", most.sent_bytes),
        format!("bytes that a batch gives back {}", most.answered),
    ]);
}
