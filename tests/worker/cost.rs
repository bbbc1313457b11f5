//! What a request costs, to the row: round trips to the database, rows read, rows written.
//!
//! Rows written, as D1 counts them: a row that is inserted or updated is one, each entry that an index gains is one more,
//! a row that is deleted is one, and the index entry that goes with it is none.
//!
//! | what changes                    | its row | entries of indexes | events | pointers to the newest event | sum |
//! |---------------------------------|---------|--------------------|--------|------------------------------|-----|
//! | fields of a credential          | 1       |                    | 1      | (in the row)                 | 2   |
//! | a new BearerToken: credential   | 1       |                    |        |                              | 1   |
//! | … the secret that comes         | 1       | 1                  | 1      | 1                            | 4   |
//! | … the secret that goes          | 1 + 1   |                    | 1      | 1                            | 4   |
//! | … all of it                     |         |                    |        |                              | 9   |
//! | … and a new name                |         |                    | 1      | (in the row)                 | 10  |
//! | a credential is made            | 1       |                    | 1      | (in the row)                 | 2   |
//! | … with its secret               | 1       | 1                  | 1      | 1                            | 4   |
//! | … both                          |         |                    |        |                              | 6   |
//! | a tenant is made                | 1       | 1 (the label)      |        |                              | 2   |
//! | … with its default principal    | 1       |                    |        |                              | 3   |
//! | a principal is made             | 1       |                    |        |                              | 1   |
//!
//! The secret that goes is stamped (who, when, which request), then deleted: two writes of one row.

use postern::credential::id::Id;
use serde_json::{Value, json};

use super::face::Face::{self, Coactive, Keycard, LiteGraph};
use super::face::roles;
use super::server::{Cost, Reply, at_once, call, get};
use super::tenant::{Subject, Tenant, post_by_root, read_id};

const CHANGE: u64 = 2;

/// Fails unless it was one trip that wrote this many rows.
#[track_caller]
fn expect_written(reply: &Reply, rows: u64) {
    assert_eq!((reply.cost.trips, reply.cost.written), (1, rows), "{reply:?}");
}

/// Updates a credential, and gives the answer that is expected to be a 200.
fn update(tenant: &Tenant, face: Face, id: Id, body: &Value) -> Reply {
    tenant.update(face, id).json(body).send().expect(200)
}

fn with_token(tenant: &Tenant, name: &str, token: &str) -> Value {
    json!({ "UserGUID": tenant.account.guid(), "Name": name, "BearerToken": token })
}

#[test]
fn a_change_that_no_index_holds_writes_two_rows() {
    let tenant = Tenant::new();
    let Subject { id, .. } = tenant.subject();
    for face in Face::ALL {
        expect_written(&update(&tenant, face, id, &tenant.naming(face, format!("by {face:?}"))), CHANGE);
    }
    let name = "by Keycard";
    let user = tenant.account.guid();
    let moved = json!({ "UserGUID": super::tenant::ZERO, "Name": name });
    for (face, body) in [
        (Keycard, json!({ "description": null })),
        (Keycard, json!({ "name": "of both", "description": "anew" })),
        (Coactive, json!({ "roles": roles(&["editor", "viewer"]) })),
        (Coactive, json!({})),
        (LiteGraph, json!({ "UserGUID": user, "Name": name, "Active": false })),
        (LiteGraph, moved),
    ] {
        expect_written(&update(&tenant, face, id, &body), CHANGE);
    }
}

#[test]
fn a_change_that_changes_nothing_writes_nothing_and_keeps_the_etag() {
    let tenant = Tenant::new();
    let Subject { id, name, .. } = tenant.subject();
    let token = format!("kept-{id}");
    let etag = update(&tenant, LiteGraph, id, &with_token(&tenant, &name, &token)).etag();
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
fn a_new_bearer_token_writes_nine_rows_and_ten_with_a_new_name() {
    let tenant = Tenant::new();
    let Subject { id, name, secret } = tenant.subject();
    let first = update(&tenant, LiteGraph, id, &with_token(&tenant, &name, &format!("first-{id}")));
    expect_written(&first, 9);
    let second = update(&tenant, LiteGraph, id, &with_token(&tenant, "renamed", &format!("second-{id}")));
    expect_written(&second, 10);
    assert_eq!((first.revision(), second.revision()), (2, 3), "a change of secrets is one revision");
    for (token, status) in [(secret, 401), (format!("first-{id}"), 401), (format!("second-{id}"), 200)] {
        get(tenant.one(Keycard, id)).token(&token).send().expect(status);
    }
}

#[test]
fn what_is_made_writes_its_rows() {
    let tenant = Tenant::new();
    for face in Face::ALL {
        let made = call(face.create(), tenant.all(face)).token(&tenant.admin).json(&tenant.naming(face, "n")).send();
        expect_written(&made.expect(face.created()), 6);
    }
    let organization = post_by_root("/organizations", &json!({ "name": tenant.id.to_string() }));
    expect_written(&organization.expect(201), 3);
    let account = format!("/organizations/{}/service-accounts", tenant.label);
    expect_written(&post_by_root(&account, &json!({ "name": "n" })).expect(201), 1);
}

#[test]
fn a_refusal_is_one_trip_and_writes_nothing() {
    let tenant = Tenant::new();
    let Subject { id, .. } = tenant.subject();
    let (viewer, taken) = (tenant.caller(&["viewer"]), format!("taken-{id}"));
    update(&tenant, LiteGraph, id, &with_token(&tenant, "n", &taken));
    let other = tenant.subject().id;
    let conflict = tenant.update(LiteGraph, other).json(&with_token(&tenant, "n", &taken)).send();
    expect_written(&conflict.expect(409), 0);
    for face in Face::ALL {
        let (body, one) = (tenant.naming(face, "refused"), tenant.one(face, other));
        let put = |token: &str| call(face.update(), one.as_str()).token(token).json(&body);
        expect_written(&put("of-nobody").send().expect(401), 0);
        expect_written(&put(&viewer).send().expect(face.forbidden().0), 0);
        expect_written(&put(&tenant.admin).header("if-match", "\"x.1\"").send().expect(412), 0);
        expect_written(&tenant.update(face, super::tenant::nobody()).json(&body).send().expect(404), 0);
        expect_written(&tenant.update(face, other).json(&tenant.naming(face, 5)).send().expect(face.invalid()), 0);
        let create = call(face.create(), tenant.all(face)).token(&tenant.admin).json(&tenant.naming(face, ""));
        expect_written(&create.send().expect(face.invalid()), 0);
        expect_written(&get(one.as_str()).token(&viewer).send(), 0);
    }
    assert_eq!(tenant.read(Keycard, other).revision(), 1);
}

#[test]
fn garbage_costs_no_trip() {
    let tenant = Tenant::new();
    let Subject { id, secret, .. } = tenant.subject();
    let last = if secret.ends_with('0') { "1" } else { "0" };
    let miscopied = format!("{}{last}", secret.get(..secret.len() - 1).unwrap());
    let garbage = ["pstn_garbage".to_owned(), miscopied, "t".repeat(513), "two words".to_owned()];
    for face in Face::ALL {
        let one = tenant.one(face, id);
        let update = || call(face.update(), one.as_str()).json(&tenant.naming(face, "n"));
        let admin = || call(face.update(), one.as_str()).token(&tenant.admin);
        let mut calls = vec![
            (401, update()),
            (face.invalid(), admin().bytes("{")),
            (413, admin().bytes(" ".repeat(64 * 1024 + 1))),
            (415, admin().header("content-type", "text/plain").bytes("{}")),
            (405, call("DELETE", one.as_str()).token(&tenant.admin)),
            (if face == LiteGraph { 400 } else { 404 }, get(format!("{one}/x")).token(&tenant.admin)),
        ];
        calls.extend(garbage.iter().map(|token| (401, update().token(token))));
        for (status, call) in calls {
            let reply = call.send().expect(status);
            assert_eq!(reply.cost, Cost::default(), "{reply:?}");
        }
    }
    // Any other text of 512 characters may be a token.
    assert_eq!(get(tenant.one(Keycard, id)).token(&"t".repeat(512)).send().expect(401).cost.trips, 1);
}

/// One of each operation, on new things, by the admin: what each costs.
fn one_of_each(tenant: &Tenant) -> Vec<(String, Cost)> {
    let mut costs = Vec::new();
    let mut note = |what: String, reply: Reply| costs.push((what, reply.cost));
    for face in Face::ALL {
        let made = call(face.create(), tenant.all(face)).token(&tenant.admin).json(&tenant.naming(face, "n")).send();
        let made = made.expect(face.created());
        let id = made.json().get("GUID").or(made.json().get("client_id")).map(read_id).expect("an id");
        note(format!("{face:?} create"), made);
        note(format!("{face:?} get"), tenant.read(face, id));
        note(format!("{face:?} update"), update(tenant, face, id, &tenant.naming(face, "m")));
        note(format!("{face:?} same"), update(tenant, face, id, &tenant.naming(face, "m")));
        let invalid = tenant.update(face, id).json(&tenant.naming(face, ""));
        note(format!("{face:?} invalid"), invalid.send().expect(face.invalid()));
        let missing = tenant.update(face, super::tenant::nobody()).json(&tenant.naming(face, "m"));
        note(format!("{face:?} missing"), missing.send().expect(404));
        if face == LiteGraph {
            let token = with_token(tenant, "m", &format!("token-{id}"));
            note("LiteGraph token".to_owned(), update(tenant, face, id, &token));
            note("LiteGraph same token".to_owned(), update(tenant, face, id, &token));
        }
    }
    costs
}

/// The rows that each reads, and writes. They are what the plan of the SQL is: a change of it shows here.
const COSTS: &[(&str, u64, u64)] = &[
    ("Coactive create", 70, 6),
    ("Coactive get", 18, 0),
    ("Coactive update", 57, 2),
    ("Coactive same", 48, 0),
    ("Coactive invalid", 23, 0),
    ("Coactive missing", 40, 0),
    ("LiteGraph create", 60, 6),
    ("LiteGraph get", 18, 0),
    ("LiteGraph update", 49, 2),
    ("LiteGraph same", 40, 0),
    ("LiteGraph invalid", 19, 0),
    ("LiteGraph missing", 30, 0),
    ("LiteGraph token", 105, 9),
    ("LiteGraph same token", 84, 0),
    ("Keycard create", 65, 6),
    ("Keycard get", 20, 0),
    ("Keycard update", 51, 2),
    ("Keycard same", 42, 0),
    ("Keycard invalid", 20, 0),
    ("Keycard missing", 32, 0),
];

/// Nothing reads more where there is more: each row is found by a key.
#[test]
fn no_operation_reads_more_where_a_tenant_has_fifty_credentials_more() {
    // The rows of a tenant made later come after this one's: a range of rows is read up to the first one past its end, so
    // that there has to be one for the numbers to be the same each time.
    let (tenant, _later) = (Tenant::new(), Tenant::new());
    let few = one_of_each(&tenant);
    at_once((0..50).collect(), |_| tenant.subject());
    let many = one_of_each(&tenant);
    assert_eq!(many, few, "the tenant has more of them");
    let told: Vec<_> = few.iter().map(|(what, cost)| (what.as_str(), cost.read, cost.written)).collect();
    let lines: Vec<_> = told.iter().map(|line| format!("    {line:?},")).collect();
    assert_eq!(told, COSTS, "as they are now:\n{}\n", lines.join("\n"));
    assert!(few.iter().all(|(_, cost)| cost.trips == 1), "{few:?}");
}
