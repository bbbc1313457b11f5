//! `order.txt`: of several faults the first is told, on every route, and nothing is written for any of them.

use postern::route::{Operation, Route};
use serde_json::{Value, json};

use crate::common::table::{tables, tell_size};
use crate::scene::{Header, Place, Scene, assert_is, is_litegraph, nothing, routes};

const FAULTS: [&str; 14] = [
    "not a request id",
    "wrong media type",
    "too large",
    "not JSON",
    "not an object",
    "unknown caller",
    "may never do this",
    "missing",
    "stale If-Match",
    "no If-Match",
    "breaks rules",
    "may not change this",
    "taken",
    "none",
];

#[test]
fn of_several_faults_the_first_is_told() {
    let columns = tables(include_str!("matrix.txt")).remove(0);
    let order = tables(include_str!("order.txt")).remove(0);
    assert_eq!(order.column("fault"), FAULTS);
    let mut cells = 0;
    for (column, route) in routes(&columns) {
        for (first, cell) in order.column(&column).into_iter().enumerate().filter(|(_, cell)| *cell != "-") {
            check(&format!("{} at {column}", FAULTS[first]), route, first, cell);
            cells += 1;
        }
    }
    tell_size("order of refusals", cells);
}

fn check(of: &str, route: &Route, first: usize, cell: &str) {
    let scene = Scene::new();
    let attempt = Attempt { scene: &scene, route, first };
    let (headers, body, place) = (attempt.headers(), attempt.body(), attempt.place());
    scene.world.db.execute("UPDATE tenants SET preconditions = 1", &[]);
    if route.path.contains("/clients") {
        // Not before the callers were made, who have roles.
        scene.world.db.execute("UPDATE tenants SET rbac = 0", &[]);
    }
    let before = scene.world.stored_but_last_use();
    let reply = scene.send(route, &place, &headers, &body);
    assert_is(&reply, cell, of);
    // What cannot be read costs nothing; a body that breaks rules is not judged before its sender is.
    assert_eq!(reply.cost.trips, u64::from(first >= index("unknown caller")), "{of}: trips");
    if reply.status >= 400 {
        assert_eq!(scene.world.stored_but_last_use(), before, "{of}: nothing is written");
    }
}

fn index(fault: &str) -> usize {
    FAULTS.iter().position(|known| *known == fault).unwrap_or_else(|| panic!("no fault {fault}"))
}

/// A request with every fault from the first on.
struct Attempt<'a> {
    scene: &'a Scene,
    route: &'a Route,
    first: usize,
}

impl Attempt<'_> {
    fn has(&self, fault: &str) -> bool {
        self.first <= index(fault)
    }

    fn updates(&self) -> bool {
        self.route.path.ends_with("/{}") && self.route.operation != Operation::Read
    }

    fn place(&self) -> Place {
        let Scene { target, .. } = self.scene;
        match (self.has("missing"), self.route.path.matches("{}").count()) {
            (false, _) => *target,
            // Where a path names no credential, its service account or else its tenant is missing.
            (true, 1) => Place { tenant: nothing(), credential: nothing(), ..*target },
            (true, _) => Place { account: nothing(), credential: nothing(), ..*target },
        }
    }

    fn headers(&self) -> Vec<Header> {
        let Scene { target, .. } = self.scene;
        // Only root makes tenants, and only root can name one that is not there.
        let (makes_tenants, names_tenant) =
            (self.route.path == "/organizations", self.route.path.ends_with("/clients"));
        let caller = if self.has("unknown caller") {
            "unknown token"
        } else if self.has("may never do this") {
            if makes_tenants { "admin" } else { "only a role of another name" }
        } else if makes_tenants || names_tenant {
            "root"
        } else {
            "admin"
        };
        let mut headers = self.scene.caller(caller);
        if names_tenant && self.has("missing") {
            headers.retain(|(name, _)| *name != "x-postern-tenant");
            headers.push(("x-postern-tenant", "nobody".to_owned()));
        }
        if self.has("not a request id") {
            headers.push(("x-client-request-id", "not a UUID".to_owned()));
        }
        let media_type = if self.has("wrong media type") { "text/plain" } else { "application/json" };
        headers.push(("content-type", media_type.to_owned()));
        if self.has("stale If-Match") {
            headers.push(("if-match", format!("\"{}.9\"", target.credential)));
        } else if self.updates() && !self.has("no If-Match") {
            headers.push(("if-match", format!("\"{}.1\"", target.credential)));
        }
        headers
    }

    fn body(&self) -> Vec<u8> {
        if self.has("too large") {
            return vec![b'x'; postern::request::BODY_MAX + 1];
        }
        if self.has("not JSON") {
            return b"{\"name\": ".to_vec();
        }
        if self.has("not an object") {
            return b"[]".to_vec();
        }
        if is_litegraph(self.route) { self.litegraph() } else { self.named() }.to_string().into()
    }

    fn named(&self) -> Value {
        let name = if self.has("breaks rules") { json!("") } else { json!("changed") };
        // Without RBAC, no role can be added; the one that is stored can be kept.
        let roles = if self.has("may not change this") {
            json!([{"role_id": if self.has("breaks rules") { "nonesuch" } else { "editor" }}])
        } else if self.updates() {
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
        if self.has("breaks rules") {
            body["UserGUID"] = nothing().guid().into();
            body["Name"] = json!("");
        }
        body
    }
}
