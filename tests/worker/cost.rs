//! What a request costs, to the row: round trips to the database, rows read, rows written.
//!
//! Rows written, as D1 counts them: a row that is inserted or updated is one, each entry that an index gains is one more,
//! a row that is deleted is one, and the index entry that goes with it is none. An update writes the entry of each index
//! that has a column which its SET names, whether or not the value is another one: so what can change, and lists are ordered
//! by, is in tables of its own (migrations/0003).
//!
//! | what changes                       | its row | entries of indexes        | lists' tables | events | pointers to the newest event | sum |
//! |------------------------------------|---------|---------------------------|---------------|--------|------------------------------|-----|
//! | fields of a credential             | 1       |                           |               | 1      | (in the row)                 | 2   |
//! | … its name or its principal        | 1       |                           | 1             | 1      | (in the row)                 | 3   |
//! | a new BearerToken: credential      | 1       |                           |               |        |                              | 1   |
//! | … the secret that comes            | 1       | 1                         |               | 1      | 1                            | 4   |
//! | … the secret that goes             | 1 + 1   |                           |               | 1      | 1                            | 4   |
//! | … all of it                        |         |                           |               |        |                              | 9   |
//! | … and a new name                   |         |                           | 1             | 1      | (in the row)                 | 11  |
//! | a credential is made               | 1       | 1: by its time            | 2             | 1      | (in the row)                 | 5   |
//! | … its tenant counts it             | 1       |                           |               |        |                              | 6   |
//! | … with its secret                  | 1       | 1                         |               | 1      | 1                            | 10  |
//! | a credential is deleted: stamped   | 1       | 1: what is to end         |               |        |                              | 2   |
//! | … its secret                       | 1 + 1   |                           |               | 1      | 1                            | 6   |
//! | … the credential                   | 1       |                           | 2             | 1 + 1: by what was deleted | (none)   | 11  |
//! | … its tenant counts it             | 1       |                           |               |        |                              | 12  |
//! | a rotation begins: credential      | 1       |                           |               |        |                              | 1   |
//! | … the secret that comes            | 1       | 1                         |               | 1      | 1                            | 5   |
//! | … the one that is to go            | 1       |                           |               | 1      | 1                            | 8   |
//! | … finished: credential, the old one | 1 + 2  |                           |               | 1      | 1                            | 5   |
//! | … cancelled: the new one goes, too | 1       |                           |               | 1      | 1                            | 8   |
//! | what is made under a key           | 2       | 1                         |               |        |                              | 3   |
//! | a tenant is made                   | 1       | 2: its label, by its time |               |        |                              | 3   |
//! | … with its default principal       | 1       | 1: by its time            |               |        |                              | 5   |
//! | a principal is made                | 1       | 1                         |               |        |                              | 2   |
//! | a tenant or a principal is changed | 1       |                           |               |        |                              | 1   |
//! | a principal is deleted             | 1 + 1   | 1: what is to end         |               |        |                              | 3   |
//!
//! What goes is stamped (who, when, which request), then deleted: two writes of one row.

use postern::credential::field::Noun;
use postern::credential::id::Id;
use postern::route::{Operation, ROUTES, Route};
use serde_json::{Value, json};

use postern::store::Cost;
use support::client::{Reply, call, get};
use support::face::Face::{self, Coactive, Keycard, LiteGraph, Postern};
use support::face::roles;
use support::http::{at_once, server};
use support::routes::{self, Place};
use support::tenant::{Subject, Tenant, nobody, post_by_root, read_id};

const CHANGE: u64 = 2;
/// To another name, or another principal: its place in a list is another too.
const MOVE: u64 = 3;
const MADE: u64 = 10;
const DELETED: u64 = 12;

/// Fails unless it was one trip that wrote this many rows.
#[track_caller]
fn expect_written(reply: &Reply, rows: u64) {
    assert_eq!((reply.cost.trips, reply.cost.rows_written), (1, rows), "{reply:?}");
}

/// Updates a credential, and gives the answer that is expected to be a 200.
fn update(tenant: &Tenant, face: Face, id: Id, body: &Value) -> Reply {
    tenant.update(face, id).json(body).send(server()).expect(200)
}

fn with_token(tenant: &Tenant, name: &str, token: &str) -> Value {
    json!({ "UserGUID": tenant.account.guid(), "Name": name, "BearerToken": token })
}

#[test]
fn a_change_writes_two_rows_and_one_more_where_a_list_has_it_elsewhere() {
    let tenant = Tenant::new(server());
    let Subject { id, .. } = tenant.subject();
    for face in Face::ALL {
        expect_written(&update(&tenant, face, id, &tenant.naming(face, format!("by {face:?}"))), MOVE);
    }
    let name = "by Postern";
    let user = tenant.account.guid();
    let moved = json!({ "UserGUID": support::ZERO, "Name": name });
    for (face, body, rows) in [
        (Keycard, json!({ "description": null }), CHANGE),
        (Keycard, json!({ "name": name, "description": "anew" }), CHANGE),
        (Keycard, json!({ "name": "of both", "description": null }), MOVE),
        (Coactive, json!({ "roles": roles(&["editor", "viewer"]) }), CHANGE),
        (Coactive, json!({ "name": "of both", "roles": null }), CHANGE),
        (LiteGraph, json!({ "UserGUID": user, "Name": name, "Active": false }), MOVE),
        (LiteGraph, json!({ "UserGUID": user, "Name": name, "Active": true }), CHANGE),
        (LiteGraph, moved, MOVE),
    ] {
        expect_written(&update(&tenant, face, id, &body), rows);
    }
}

#[test]
fn a_change_that_changes_nothing_writes_nothing_and_keeps_the_etag() {
    let tenant = Tenant::new(server());
    let Subject { id, name, .. } = tenant.subject();
    let token = format!("kept-{id}");
    let etag = update(&tenant, LiteGraph, id, &with_token(&tenant, &name, &token)).etag().to_owned();
    let mut same: Vec<_> = Face::ALL.map(|face| (face, tenant.naming(face, name.as_str()))).to_vec();
    same.extend([
        (Keycard, json!({})),
        (Keycard, json!({ "description": "described", "id": "other" })),
        (Coactive, json!({ "name": null, "roles": roles(&["viewer", "viewer"]) })),
        (LiteGraph, with_token(&tenant, &name, "")),
        (LiteGraph, with_token(&tenant, &name, &token)),
    ]);
    for (face, body) in same {
        let reply = update(&tenant, face, id, &body);
        expect_written(&reply, 0);
        assert_eq!(reply.etag(), etag, "{body}");
    }
}

#[test]
fn a_new_bearer_token_writes_nine_rows_and_eleven_with_a_new_name() {
    let tenant = Tenant::new(server());
    let Subject { id, name, secret } = tenant.subject();
    let first = update(&tenant, LiteGraph, id, &with_token(&tenant, &name, &format!("first-{id}")));
    expect_written(&first, 9);
    let second = update(&tenant, LiteGraph, id, &with_token(&tenant, "renamed", &format!("second-{id}")));
    expect_written(&second, 11);
    assert_eq!((first.revision(), second.revision()), (2, 3), "a change of secrets is one revision");
    for (token, status) in [(secret, 401), (format!("first-{id}"), 401), (format!("second-{id}"), 200)] {
        get(tenant.one(Keycard, id)).token(&token).send(server()).expect(status);
    }
}

#[test]
fn what_is_made_writes_its_rows() {
    let tenant = Tenant::new(server());
    for face in Face::ALL {
        let made =
            call(face.create(), tenant.all(face)).token(&tenant.admin).json(&tenant.naming(face, "n")).send(server());
        expect_written(&made.expect(face.created()), MADE);
    }
    let organization = post_by_root(server(), "/organizations", &json!({ "name": tenant.id.to_string() }));
    expect_written(&organization.expect(201), 5);
    let account = format!("/organizations/{}/service-accounts", tenant.label);
    expect_written(&post_by_root(server(), &account, &json!({ "name": "n" })).expect(201), 2);
}

#[test]
fn what_is_deleted_writes_its_rows() {
    let tenant = Tenant::new(server());
    let delete = |path: &str, status| call("DELETE", path).token(&tenant.admin).send(server()).expect(status);
    for face in Face::ALL {
        let one = tenant.one(face, tenant.subject().id);
        expect_written(&delete(&one, face.deleted()), DELETED);
        // Once more: there is nothing.
        expect_written(&delete(&one, if face == LiteGraph { 200 } else { 404 }), 0);
    }
    // A principal's credentials go in the same trip.
    for count in [0, 1, 5] {
        let account = format!("/organizations/{}/service-accounts", tenant.label);
        let account = post_by_root(server(), &account, &json!({ "name": "n" })).expect(201).json()["id"].clone();
        let place =
            Tenant { account: read_id(&account), label: tenant.label.clone(), admin: tenant.admin.clone(), ..tenant };
        at_once((0..count).collect(), |_: u64| place.subject());
        let path = format!("/v1.0/tenants/{}/users/{}", tenant.id.guid(), place.account.guid());
        if count == 5 {
            expect_written(&delete(&format!("{path}/credentials"), 200), count * DELETED);
            expect_written(&delete(&path, 200), 3);
        } else {
            expect_written(&delete(&path, 200), 3 + count * DELETED);
        }
    }
}

#[test]
fn a_refusal_is_one_trip_and_writes_nothing() {
    let tenant = Tenant::new(server());
    let Subject { id, .. } = tenant.subject();
    let (viewer, taken) = (tenant.caller(&["viewer"]), format!("taken-{id}"));
    update(&tenant, LiteGraph, id, &with_token(&tenant, "n", &taken));
    let other = tenant.subject().id;
    let conflict = tenant.update(LiteGraph, other).json(&with_token(&tenant, "n", &taken)).send(server());
    expect_written(&conflict.expect(409), 0);
    for face in Face::ALL {
        let (body, one) = (tenant.naming(face, "refused"), tenant.one(face, other));
        let put = |token: &str| call(face.update(), one.as_str()).token(token).json(&body);
        expect_written(&put("of-nobody").send(server()).expect(401), 0);
        expect_written(&put(&viewer).send(server()).expect(face.forbidden().0), 0);
        expect_written(&put(&tenant.admin).header("if-match", "\"x.1\"").send(server()).expect(412), 0);
        expect_written(&tenant.update(face, nobody()).json(&body).send(server()).expect(404), 0);
        expect_written(
            &tenant.update(face, other).json(&tenant.naming(face, 5)).send(server()).expect(face.invalid()),
            0,
        );
        let create = call(face.create(), tenant.all(face)).token(&tenant.admin).json(&tenant.naming(face, ""));
        expect_written(&create.send(server()).expect(face.invalid()), 0);
        expect_written(&get(one.as_str()).token(&viewer).send(server()), 0);
        let delete = || call("DELETE", one.as_str());
        expect_written(&delete().token("of-nobody").send(server()).expect(401), 0);
        expect_written(&delete().token(&viewer).send(server()).expect(face.forbidden().0), 0);
        expect_written(&delete().token(&tenant.admin).header("if-match", "\"x.1\"").send(server()).expect(412), 0);
    }
    assert_eq!(tenant.read(Keycard, other).revision(), 1);
}

#[test]
fn garbage_costs_no_trip() {
    let tenant = Tenant::new(server());
    let Subject { id, secret, .. } = tenant.subject();
    let last = if secret.ends_with('0') { "1" } else { "0" };
    let miscopied = format!("{}{last}", secret.get(..secret.len() - 1).unwrap());
    let access =
        call("POST", "/api/v1/login").basic(&format!("{}:{secret}", id.client())).send(server()).expect(200).json();
    let forged = access["access_token"].as_str().unwrap().replace("pstn_at_", "pstn_at_0");
    let garbage = ["pstn_garbage".to_owned(), miscopied, forged, "t".repeat(513), "two words".to_owned()];
    for face in Face::ALL {
        let one = tenant.one(face, id);
        let update = || call(face.update(), one.as_str()).json(&tenant.naming(face, "n"));
        let admin = || call(face.update(), one.as_str()).token(&tenant.admin);
        let mut calls = vec![
            (401, update()),
            (face.unreadable().0, admin().bytes("{")),
            (413, admin().bytes(" ".repeat(64 * 1024 + 1))),
            (415, admin().header("content-type", "text/plain").bytes("{}")),
            (405, call("TRACE", one.as_str()).token(&tenant.admin)),
            (if face == LiteGraph { 400 } else { 404 }, get(format!("{one}/x")).token(&tenant.admin)),
        ];
        calls.extend(garbage.iter().map(|token| (401, update().token(token))));
        for (status, call) in calls {
            let reply = call.send(server()).expect(status);
            assert_eq!(reply.cost, Cost::default(), "{reply:?}");
        }
    }
    for route in ROUTES.iter().filter(|route| routes::asks(route)) {
        let request = routes::request(route, &Place::missing(&tenant));
        assert_eq!(request.send(server()).expect(401).cost, Cost::default(), "{}", routes::title(route));
    }
    // Any other text of 512 characters may be a token.
    assert_eq!(get(tenant.one(Keycard, id)).token(&"t".repeat(512)).send(server()).expect(401).cost.trips, 1);
}

/// What each update costs besides the route's own (see [`ROUTE_COSTS`]), by the admin, of a new credential.
fn other_outcomes(tenant: &Tenant) -> Vec<(String, Cost)> {
    let mut costs = Vec::new();
    let mut note = |what: String, reply: Reply| costs.push((what, reply.cost));
    for face in Face::ALL {
        let made =
            call(face.create(), tenant.all(face)).token(&tenant.admin).json(&tenant.naming(face, "n")).send(server());
        let made = made.expect(face.created());
        let shown = made.json();
        let id = read_id(&shown[face.of(["client_id", "GUID", "id", "id"])]);
        note(format!("{face:?} same"), update(tenant, face, id, &tenant.naming(face, "n")));
        let invalid = tenant.update(face, id).json(&tenant.naming(face, ""));
        note(format!("{face:?} invalid"), invalid.send(server()).expect(face.invalid()));
        let missing = tenant.update(face, nobody()).json(&tenant.naming(face, "m"));
        note(format!("{face:?} missing"), missing.send(server()).expect(404));
        let nothing = call("DELETE", tenant.one(face, nobody())).token(&tenant.admin).send(server());
        note(format!("{face:?} nothing to delete"), nothing.expect(if face == LiteGraph { 200 } else { 404 }));
        if face == LiteGraph {
            let token = with_token(tenant, "m", &format!("token-{id}"));
            note("LiteGraph token".to_owned(), update(tenant, face, id, &token));
            note("LiteGraph same token".to_owned(), update(tenant, face, id, &token));
        }
    }
    ours(tenant, &mut note);
    costs
}

/// What else can come of a route of our own face.
fn ours(tenant: &Tenant, note: &mut impl FnMut(String, Reply)) {
    let own = tenant.own(json!({}));
    let mut note = |what: &str, reply: Reply, status: u16| note(format!("ours, {what}"), reply.expect(status));
    let send = |method, path: &str, body: &Value| call(method, path).token(&tenant.admin).json(body).send(server());
    let once = |name: &str| {
        let key = call("POST", tenant.all(Postern)).token(&tenant.admin).header("idempotency-key", own.id.to_string());
        key.json(&json!({ "name": name, "roles": null })).send(server())
    };
    note("made under a key", once("n"), 201);
    note("answered again", once("n"), 201);
    note("another body under the key", once("m"), 422);
    note("put back as it is", send("PUT", &own.path, &own.shown), 200);
    let dry = format!("{}?dry_run=true", own.path);
    note("a dry run", send("PATCH", &dry, &json!({ "name": "m", "roles": null })), 200);
    note("a dry run of nothing", send("PATCH", &dry, &json!({})), 200);
    note("metadata", send("PATCH", &own.path, &json!({ "metadata": { "a": "1" } })), 200);
    note("nothing to finish", tenant.step(&own, "rotate/finish", &json!({})), 409);
    let rotate = |grace: u32| tenant.step(&own, "rotate", &json!({ "grace_seconds": grace }));
    note("a rotation without a grace", rotate(0), 200);
    note("a rotation with one", rotate(60), 200);
    note("a second one", rotate(60), 409);
    note("not changed", get(&own.path).token(&tenant.admin).header("if-none-match", "*").send(server()), 304);
    note("restored, not having been revoked", tenant.step(&own, "restore", &json!({})), 200);
    note("an unknown token", tenant.verify("of-nobody"), 200);
}

/// Whether what a route costs grows with what the tenant has: it shows or deletes all of it; or, where it deletes a principal,
/// the database looks through the tenant's credentials for one that still refers to it (docs/ARCHITECTURE.md, "Deletion").
fn grows(route: &Route) -> bool {
    matches!(
        route.operation,
        Operation::List(_) | Operation::DeleteAll | Operation::Delete(Noun::Tenant | Noun::Principal)
    )
}

/// The rows that each route reads, and writes, in a new tenant with two credentials, its admin and another. They are what the
/// plan of the SQL is: a change of it shows here.
const ROUTE_COSTS: &[(&str, u64, u64)] = &[
    ("POST /api/v1/auth-management/clients", 57, 10),
    ("GET /api/v1/auth-management/clients", 26, 0),
    ("GET /api/v1/auth-management/clients/{credential}", 13, 0),
    ("PUT /api/v1/auth-management/clients/{credential}", 26, 3),
    ("DELETE /api/v1/auth-management/clients/{credential}", 50, 12),
    ("GET /api/v1/auth-management/roles", 10, 0),
    ("POST /api/v0/login", 10, 0),
    ("POST /api/v1/login", 10, 0),
    ("PUT /v1.0/tenants", 17, 5),
    ("GET /v1.0/tenants", 23, 0),
    ("GET /v1.0/tenants/{tenant}", 21, 0),
    ("PUT /v1.0/tenants/{tenant}", 41, 1),
    ("DELETE /v1.0/tenants/{tenant}", 85, 35),
    ("PUT /v1.0/tenants/{tenant}/users", 26, 2),
    ("GET /v1.0/tenants/{tenant}/users", 27, 0),
    ("GET /v1.0/tenants/{tenant}/users/{principal}", 23, 0),
    ("PUT /v1.0/tenants/{tenant}/users/{principal}", 44, 1),
    ("DELETE /v1.0/tenants/{tenant}/users/{principal}", 68, 15),
    ("PUT /v1.0/tenants/{tenant}/credentials", 57, 10),
    ("GET /v1.0/tenants/{tenant}/credentials", 30, 0),
    ("DELETE /v1.0/tenants/{tenant}/credentials", 69, 24),
    ("GET /v1.0/tenants/{tenant}/credentials/{credential}", 13, 0),
    ("PUT /v1.0/tenants/{tenant}/credentials/{credential}", 28, 3),
    ("DELETE /v1.0/tenants/{tenant}/credentials/{credential}", 50, 12),
    ("DELETE /v1.0/tenants/{tenant}/users/{principal}/credentials", 51, 12),
    ("DELETE /v1.0/tenants/{tenant}/credentials/{principal}/credentials", 51, 12),
    ("GET /v1.0/credentials/bearer/{token}", 14, 0),
    ("GET /v2.0/tenants/{tenant}/credentials", 29, 0),
    ("POST /v2.0/tenants/{tenant}/credentials", 29, 0),
    ("POST /organizations", 17, 5),
    ("GET /organizations", 23, 0),
    ("GET /organizations/{tenant}", 23, 0),
    ("PATCH /organizations/{tenant}", 44, 1),
    ("POST /organizations/{tenant}/service-accounts", 28, 2),
    ("GET /organizations/{tenant}/service-accounts", 27, 0),
    ("GET /organizations/{tenant}/service-accounts/{principal}", 25, 0),
    ("PATCH /organizations/{tenant}/service-accounts/{principal}", 47, 1),
    ("DELETE /organizations/{tenant}/service-accounts/{principal}", 71, 15),
    ("POST /organizations/{tenant}/service-accounts/{principal}/credentials", 63, 10),
    ("GET /organizations/{tenant}/service-accounts/{principal}/credentials", 30, 0),
    ("GET /organizations/{tenant}/service-accounts/{principal}/credentials/{credential}", 15, 0),
    ("PATCH /organizations/{tenant}/service-accounts/{principal}/credentials/{credential}", 29, 3),
    ("DELETE /organizations/{tenant}/service-accounts/{principal}/credentials/{credential}", 54, 12),
    ("POST /service-account-token", 10, 0),
    ("POST /oauth/token", 10, 0),
    ("POST /oauth/introspect", 29, 0),
    ("POST /v1/tenants", 17, 5),
    ("GET /v1/tenants", 23, 0),
    ("GET /v1/tenants/{tenant}", 21, 0),
    ("PUT /v1/tenants/{tenant}", 41, 1),
    ("PATCH /v1/tenants/{tenant}", 41, 1),
    ("DELETE /v1/tenants/{tenant}", 85, 35),
    ("POST /v1/tenants/{tenant}/principals", 26, 2),
    ("GET /v1/tenants/{tenant}/principals", 25, 0),
    ("GET /v1/tenants/{tenant}/principals/{principal}", 23, 0),
    ("PUT /v1/tenants/{tenant}/principals/{principal}", 44, 1),
    ("PATCH /v1/tenants/{tenant}/principals/{principal}", 44, 1),
    ("DELETE /v1/tenants/{tenant}/principals/{principal}", 68, 15),
    ("POST /v1/tenants/{tenant}/credentials", 85, 10),
    ("GET /v1/tenants/{tenant}/credentials", 29, 0),
    ("GET /v1/tenants/{tenant}/credentials/{credential}", 29, 0),
    ("PUT /v1/tenants/{tenant}/credentials/{credential}", 51, 3),
    ("PATCH /v1/tenants/{tenant}/credentials/{credential}", 43, 3),
    ("DELETE /v1/tenants/{tenant}/credentials/{credential}", 50, 12),
    ("POST /v1/tenants/{tenant}/credentials/{credential}/rotate", 101, 8),
    ("POST /v1/tenants/{tenant}/credentials/{credential}/rotate/finish", 77, 5),
    ("POST /v1/tenants/{tenant}/credentials/{credential}/rotate/cancel", 85, 8),
    ("POST /v1/tenants/{tenant}/credentials/{credential}/revoke", 42, 2),
    ("POST /v1/tenants/{tenant}/credentials/{credential}/restore", 42, 2),
    ("GET /v1/tenants/{tenant}/credentials/{credential}/events", 27, 0),
    ("GET /v1/tenants/{tenant}/events", 26, 0),
    ("POST /v1/verify", 29, 0),
];

/// The same of what else can come of it.
const OTHER_COSTS: &[(&str, u64, u64)] = &[
    ("Coactive same", 24, 0),
    ("Coactive invalid", 22, 0),
    ("Coactive missing", 20, 0),
    ("Coactive nothing to delete", 25, 0),
    ("LiteGraph same", 18, 0),
    ("LiteGraph invalid", 16, 0),
    ("LiteGraph missing", 15, 0),
    ("LiteGraph nothing to delete", 25, 0),
    ("LiteGraph token", 91, 11),
    ("LiteGraph same token", 62, 0),
    ("Keycard same", 19, 0),
    ("Keycard invalid", 17, 0),
    ("Keycard missing", 16, 0),
    ("Keycard nothing to delete", 29, 0),
    ("Postern same", 40, 0),
    ("Postern invalid", 38, 0),
    ("Postern missing", 29, 0),
    ("Postern nothing to delete", 25, 0),
    ("ours, made under a key", 111, 13),
    ("ours, answered again", 88, 0),
    ("ours, another body under the key", 87, 0),
    ("ours, put back as it is", 42, 0),
    ("ours, a dry run", 32, 0),
    ("ours, a dry run of nothing", 33, 0),
    ("ours, metadata", 45, 2),
    ("ours, nothing to finish", 66, 0),
    ("ours, a rotation without a grace", 101, 8),
    ("ours, a rotation with one", 114, 12),
    ("ours, a second one", 90, 0),
    ("ours, not changed", 31, 0),
    ("ours, restored, not having been revoked", 36, 0),
    ("ours, an unknown token", 22, 0),
];

#[track_caller]
fn expect_costs(told: &[(String, Cost)], costs: &[(&str, u64, u64)]) {
    assert!(told.iter().all(|(_, cost)| cost.trips == 1), "{told:?}");
    let told: Vec<_> = told.iter().map(|(what, cost)| (what.as_str(), cost.rows_read, cost.rows_written)).collect();
    let lines: Vec<_> = told.iter().map(|line| format!("    {line:?},")).collect();
    assert_eq!(told, costs, "as they are now:\n{}\n", lines.join("\n"));
}

/// A tenant for each of them, and one that is made last. The rows of a tenant made later come after those of one made before:
/// a range of rows is read up to the first one past its end, so there has to be one for the numbers to be the same each time.
fn tenants(count: usize) -> Vec<Tenant<'static>> {
    (0..=count).map(|_| Tenant::new(server())).collect()
}

#[test]
fn every_route_is_one_trip_and_costs_what_it_costs() {
    let tenants = tenants(ROUTES.len());
    let costs = ROUTES.iter().filter(|route| routes::asks(route)).zip(&tenants).map(|(route, tenant)| {
        let place = Place::new(tenant);
        (routes::title(route), routes::done(route, &place).cost)
    });
    expect_costs(&costs.collect::<Vec<_>>(), ROUTE_COSTS);
}

#[test]
fn nothing_reads_more_where_a_tenant_has_fifty_credentials_more() {
    let tenants = tenants(1);
    let tenant = &tenants[0];
    let few = other_outcomes(tenant);
    expect_costs(&few, OTHER_COSTS);
    at_once((0..50).collect(), |_| tenant.subject());
    assert_eq!(other_outcomes(tenant), few, "the tenant has more of them");
    let mut more = Vec::new();
    for route in ROUTES.iter().filter(|route| routes::asks(route) && !grows(route)) {
        let cost = routes::done(route, &Place::new(tenant)).cost;
        let title = routes::title(route);
        if !ROUTE_COSTS.contains(&(&title, cost.rows_read, cost.rows_written)) {
            more.push(format!("{title}: {cost:?}"));
        }
    }
    assert!(more.is_empty(), "other than above where the tenant has more of them:\n{}", more.join("\n"));
}
