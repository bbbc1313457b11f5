//! The exact cost of a request: round trips to the database, rows read, rows written.
//!
//! D1 counts as rows written: one for a row that is inserted, updated or deleted, and one for each index entry that is
//! added, but none for an index entry that is removed. An update writes the entries of each index on a column that its
//! SET names, even if the value stays the same. So columns that can change and that lists are sorted by have tables of
//! their own (`migrations/0001_postern.sql`).
//!
//! docs/COSTS.md, "Rows, exactly", lists the parts of each sum.
//!
//! A deletion writes a row twice: its stamp (who, when, which request), then the DELETE.

use postern::credential::field::Noun;
use postern::credential::id::Id;
use postern::route::{Operation, ROUTES, Route};
use serde_json::{Value, json};

use postern::store::Cost;
use support::client::{Reply, call, get};
use support::face::Face::{self, Coactive, Keycard, LiteGraph, Postern};
use support::face::roles;
use support::http::{at_once, server};
use support::routes::{self, PathIds};
use support::table::tables;
use support::tenant::{Subject, Tenant, nobody, post_by_root, read_id};

const CHANGE: u64 = 2;
/// A change of the name or principal also moves the row in a list.
const MOVE: u64 = 3;
const MADE: u64 = 11;
const DELETED: u64 = 12;

/// Fails unless one trip wrote this many rows.
#[track_caller]
fn expect_written(reply: &Reply, rows: u64) {
    assert_eq!((reply.cost.trips, reply.cost.rows_written), (1, rows), "{reply:?}");
}

/// Updates a credential and returns the response, which must be a 200.
fn update(tenant: &Tenant, face: Face, id: Id, body: &Value) -> Reply {
    tenant.update(face, id).json(body).send(server()).expect(200)
}

fn with_token(tenant: &Tenant, name: &str, token: &str) -> Value {
    json!({ "UserGUID": tenant.account.guid(), "Name": name, "BearerToken": token })
}

#[test]
fn change_writes_two_rows_and_one_more_if_a_list_key_changes() {
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
fn update_without_a_change_writes_nothing_and_keeps_the_etag() {
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
fn new_bearer_token_writes_nine_rows_and_eleven_with_a_new_name() {
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
fn creation_writes_the_expected_rows() {
    let tenant = Tenant::new(server());
    for face in Face::ALL {
        let made =
            call(face.create(), tenant.all(face)).token(&tenant.admin).json(&tenant.naming(face, "n")).send(server());
        expect_written(&made.expect(face.created()), MADE);
    }
    let organization = post_by_root(server(), "/organizations", &json!({ "name": tenant.id.to_string() }));
    expect_written(&organization.expect(201), 7);
    let account = format!("/organizations/{}/service-accounts", tenant.label);
    expect_written(&post_by_root(server(), &account, &json!({ "name": "n" })).expect(201), 3);
}

#[test]
fn deletion_writes_the_expected_rows() {
    let tenant = Tenant::new(server());
    let delete = |path: &str, status| call("DELETE", path).token(&tenant.admin).send(server()).expect(status);
    for face in Face::ALL {
        let one = tenant.one(face, tenant.subject().id);
        expect_written(&delete(&one, face.deleted()), DELETED);
        // A repeated deletion finds nothing.
        expect_written(&delete(&one, if face == LiteGraph { 200 } else { 404 }), 0);
    }
    // A principal's credentials are deleted in the same trip.
    for count in [0, 1, 5] {
        let account = format!("/organizations/{}/service-accounts", tenant.label);
        let account = post_by_root(server(), &account, &json!({ "name": "n" })).expect(201).json()["id"].clone();
        let place =
            Tenant { account: read_id(&account), label: tenant.label.clone(), admin: tenant.admin.clone(), ..tenant };
        at_once((0..count).collect(), |_: u64| place.subject());
        let path = format!("/v1.0/tenants/{}/users/{}", tenant.id.guid(), place.account.guid());
        if count == 5 {
            expect_written(&delete(&format!("{path}/credentials"), 200), count * DELETED);
            expect_written(&delete(&path, 200), 5);
        } else {
            expect_written(&delete(&path, 200), 5 + count * DELETED);
        }
    }
}

#[test]
fn rejected_request_costs_one_trip_and_writes_nothing() {
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
fn malformed_token_costs_no_trip() {
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
    for route in ROUTES.iter().filter(|route| routes::uses_database(route)) {
        let request = routes::request(route, &PathIds::missing(&tenant));
        let status = if routes::authorizes(route) { 503 } else { 401 };
        assert_eq!(request.send(server()).expect(status).cost, Cost::default(), "{}", routes::title(route));
    }
    // Any other text of 512 characters may be a token.
    assert_eq!(get(tenant.one(Keycard, id)).token(&"t".repeat(512)).send(server()).expect(401).cost.trips, 1);
}

/// The costs of other outcomes of each face's update (see `costs.txt`), by the admin, on a new credential.
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

/// The costs of other outcomes on our own face.
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
    let keyed = tenant.own(json!({}));
    let rotate = || {
        let call = call("POST", keyed.under("rotate")).token(&tenant.admin).header("idempotency-key", "r");
        call.json(&json!({ "grace_seconds": 60 })).send(server())
    };
    note("rotated under a key", rotate(), 200);
    note("rotation answered again", rotate(), 200);
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
    // The bound on the age of an answer: not asked for, not permitted by the tenant, and in force.
    let unknown_yet = tenant.own(json!({}));
    let verify = |bound: u32| {
        let body = json!({ "token": unknown_yet.secret, "max_staleness_seconds": bound });
        call("POST", "/v1/verify").token(&tenant.admin).json(&body).send(server())
    };
    note("verified with bound 0", verify(0), 200);
    note("verified with another bound", verify(300), 200);
    note("the tenant's bound", send("PATCH", &tenant.at(""), &json!({ "verify_staleness_seconds": 300 })), 200);
    note("verified, to be remembered", verify(300), 200);
    send("PATCH", &tenant.at(""), &json!({ "verify_staleness_seconds": 0 })).expect(200);
}

/// Whether the cost of a route grows with the tenant: it lists or deletes everything, or it deletes a principal, for
/// which the database searches the tenant's credentials for references (docs/COSTS.md, "Deletion").
fn grows(route: &Route) -> bool {
    matches!(
        route.operation,
        Operation::List(..) | Operation::DeleteAll | Operation::Delete(Noun::Tenant | Noun::Principal)
    )
}

/// The rows read and written in the table of this number in `costs.txt`.
fn costs(table: usize) -> Vec<(String, [u64; 2])> {
    let rows = tables(include_str!("costs.txt")).remove(table).rows.into_iter();
    rows.map(|row| (row[0].clone(), [&row[1], &row[2]].map(|rows| rows.parse().expect("a number")))).collect()
}

fn rows(cost: Cost) -> [u64; 2] {
    [cost.rows_read, cost.rows_written]
}

#[track_caller]
fn expect_costs(measured: &[(String, Cost)], table: usize) {
    assert!(measured.iter().all(|(_, cost)| cost.trips == 1), "{measured:?}");
    let measured: Vec<_> = measured.iter().map(|(what, cost)| (what.clone(), rows(*cost))).collect();
    let lines: Vec<_> = measured.iter().map(|(what, [read, written])| format!("{what}  {read}  {written}")).collect();
    assert_eq!(measured, costs(table), "current values:\n{}\n", lines.join("\n"));
}

/// Creates so many tenants, and one more. SQLite reads a range of rows up to the first row after it, so a later tenant
/// must exist for the numbers to be reproducible.
fn tenants(count: usize) -> Vec<Tenant<'static>> {
    (0..=count).map(|_| Tenant::new(server())).collect()
}

/// The bound that is documented in docs/COSTS.md.
#[test]
fn batch_of_verifications_reads_at_most_20_rows_and_15_more_for_each_token() {
    let tenant = Tenant::new(server());
    let tokens = at_once((0..50).collect(), |_| tenant.caller(&["viewer"]));
    let unknown: Vec<_> = tokens.iter().map(|token| format!("unknown-{token}")).collect();
    for tokens in [&tokens, &unknown] {
        for many in [1, 2, 10, 50] {
            let items: Vec<_> = tokens[..many].iter().map(|token| json!({ "token": token })).collect();
            let reply = tenant.send("POST", "/v1/verify/batch", &json!({ "items": items })).expect(200);
            expect_written(&reply, 0);
            assert!(reply.cost.rows_read <= 20 + 15 * many as u64, "{many}: {:?}", reply.cost);
        }
    }
}

#[test]
fn every_route_takes_one_trip_at_its_recorded_cost() {
    let tenants = tenants(ROUTES.len());
    let costs = ROUTES.iter().filter(|route| routes::uses_database(route)).zip(&tenants).map(|(route, tenant)| {
        let place = PathIds::new(tenant);
        (routes::title(route), routes::done(route, &place).cost)
    });
    expect_costs(&costs.collect::<Vec<_>>(), 0);
}

/// The secrets that are read are those of every tenant, so the rows depend on the other tests.
#[test]
fn readiness_reads_at_most_the_secrets_of_its_limit_and_takes_fewer_trips_than_requests() {
    get("/readyz").send(server()).expect(200);
    let replies = at_once(vec![(); 50], |()| get("/readyz").send(server()).expect(200));
    assert!(replies.iter().all(|reply| reply.cost.rows_read <= 25 && reply.cost.rows_written == 0), "{replies:?}");
    assert!(replies.iter().map(|reply| reply.cost.trips).sum::<u64>() < 50, "{replies:?}");
}

#[test]
fn rows_read_do_not_grow_with_fifty_more_credentials() {
    let tenants = tenants(1);
    let tenant = &tenants[0];
    let few = other_outcomes(tenant);
    expect_costs(&few, 1);
    at_once((0..50).collect(), |_| tenant.subject());
    assert_eq!(other_outcomes(tenant), few, "after the tenant has grown");
    let (known, mut more) = (costs(0), Vec::new());
    for route in ROUTES.iter().filter(|route| routes::uses_database(route) && !grows(route)) {
        let cost = routes::done(route, &PathIds::new(tenant)).cost;
        let title = routes::title(route);
        if !known.contains(&(title.clone(), rows(cost))) {
            more.push(format!("{title}: {cost:?}"));
        }
    }
    assert!(more.is_empty(), "different after the tenant has grown:\n{}", more.join("\n"));
}
