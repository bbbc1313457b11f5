//! Leases: one reading of a tenant's history extends the evidence of all its remembered tokens, but of those that changed.

use postern::store::Store;
use postern::store::lease::{Known, since};
use serde_json::{Value, json};
use support::client::{Reply, call};
use support::tenant::{Own, text};

use crate::stage::*;
use crate::staleness::{ask, bounded, evidence, gateway};

/// The bound of the tenant, in seconds.
const BOUND: i64 = 10;

struct Case<'a> {
    service: &'a InProcess,
    tenant: Tenant<'a>,
    owns: Vec<Own>,
}

impl<'a> Case<'a> {
    /// A tenant with three credentials, whose tokens are remembered at the same time.
    fn new(service: &'a InProcess) -> Self {
        let tenant = Tenant::new(service);
        bounded(&tenant, BOUND);
        let owns = (0..3).map(|_| tenant.own(json!({ "principal": tenant.account }))).collect();
        let case = Self { service, tenant, owns };
        case.sources();
        case
    }

    /// Asks about all tokens, one after the other. Returns the trips.
    fn sources(&self) -> Vec<u64> {
        self.owns.iter().map(|own| evidence(&ask(&self.tenant, &own.secret, None)).1).collect()
    }

    fn after(&self, micros: i64) {
        let now = &self.service.world().now;
        now.set(now.get() + micros);
    }

    /// Extends the lease by a request for the first token, which is older than a third of the bound. Returns the batches that the
    /// request and the work after it took.
    fn extend(&self) -> u64 {
        self.after(BOUND * SECOND / 2);
        let batches = self.service.world().db.batches.get();
        assert_eq!(evidence(&ask(&self.tenant, &self.owns[0].secret, None)).1, 0);
        self.service.world().db.batches.get() - batches
    }
}

#[test]
fn one_batch_after_a_response_extends_every_token_of_the_tenant() {
    let service = InProcess::new();
    let case = Case::new(&service);
    for _ in 0..5 {
        assert_eq!(case.extend(), 1);
    }
    // They were read 25 seconds ago.
    assert_eq!(case.sources(), [0, 0, 0]);
}

#[test]
fn token_that_is_younger_than_a_third_of_the_bound_extends_nothing() {
    let service = InProcess::new();
    let case = Case::new(&service);
    case.after(BOUND * SECOND / 3 - SECOND / 10);
    let batches = service.world().db.batches.get();
    assert_eq!(case.sources(), [0, 0, 0]);
    assert_eq!(service.world().db.batches.get(), batches);
}

#[test]
fn change_of_a_credential_drops_its_entries_and_any_other_change_the_lease() {
    type Change = fn(&Case<'_>) -> Reply;
    let changes: [(&str, Change, [u64; 3]); 7] = [
        ("a name", |case| case.tenant.send("PATCH", &case.owns[1].path, &json!({ "name": "other" })), [0, 1, 0]),
        ("a rotation", |case| case.tenant.step(&case.owns[1], "rotate", &json!({ "grace_seconds": 600 })), [0, 1, 0]),
        ("a revocation", |case| case.tenant.step(&case.owns[1], "revoke", &Value::Null), [0, 1, 0]),
        ("a deletion", |case| case.tenant.send("DELETE", &case.owns[1].path, &Value::Null), [0, 1, 0]),
        (
            "a creation",
            |case| case.tenant.send("POST", case.tenant.at("/credentials"), &json!({ "name": "new", "roles": [] })),
            [0, 0, 0],
        ),
        (
            "a principal",
            |case| {
                let path = case.tenant.at(&format!("/principals/{}", case.tenant.account));
                case.tenant.send("PATCH", path, &json!({ "name": "other" }))
            },
            [1, 1, 1],
        ),
        ("the tenant", |case| case.tenant.send("PATCH", case.tenant.at(""), &json!({ "name": "other" })), [1, 1, 1]),
    ];
    for (name, change, read) in changes {
        let service = InProcess::new();
        let case = Case::new(&service);
        let status = change(&case).status;
        assert!(status < 300, "{name}: {status}");
        case.extend();
        case.after(BOUND * SECOND / 2 + SECOND);
        // The caller is remembered by the first token that is read, so the others are not read for its sake.
        assert_eq!(case.sources(), read, "{name}");
    }
}

#[test]
fn more_changes_than_are_read_drop_the_lease() {
    for (changes, read) in [(256, [0, 0, 0]), (257, [1, 1, 1])] {
        let service = InProcess::new();
        let case = Case::new(&service);
        let other = case.tenant.own(json!({}));
        ask(&case.tenant, &case.owns[0].secret, Some(0));
        // Known is the position before the creation, which is one more.
        for number in 2..changes {
            let body = json!({ "name": format!("{number}") });
            call("PATCH", &other.path).by_root().json(&body).send(&service).expect(200);
        }
        case.extend();
        case.after(BOUND * SECOND / 2 + SECOND);
        assert_eq!(case.sources(), read, "{changes}");
    }
}

/// Whatever the history says.
#[test]
fn token_is_read_again_a_minute_and_the_bound_after_it_was_read() {
    let service = InProcess::new();
    let case = Case::new(&service);
    for _ in 0..12 {
        assert_eq!(case.extend(), 1);
    }
    assert_eq!(case.extend(), 0, "nothing would be extended");
    case.after(BOUND * SECOND / 2);
    assert_eq!(case.sources(), [1, 1, 1]);
}

/// A restored database gives numbers out again.
#[test]
fn history_is_another_if_its_event_has_another_time() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    tenant.own(json!({}));
    let world = service.world();
    let store = Store::new(&world.db);
    let read = |seq, at| {
        let known = Known { tenant: tenant.id, seq, newest: seq, at };
        let mut found = pollster::block_on(since(&store, &[known])).expect("read");
        let found = found.remove(0);
        (found.position, found.changed)
    };
    let (position, _) = read(0, postern::credential::time::Micros(0));
    assert_eq!(read(position.0, position.1), (position, Some(Vec::new())));
    assert_eq!(read(position.0, postern::credential::time::Micros(position.1.0 - 1)), (position, None));
    // The database was restored to before it.
    assert_eq!(read(position.0 + 1, position.1), (position, None));
}

/// The caller's tenant is not that of the tokens, so no position of it is read with them.
#[test]
fn verifier_of_all_tenants_is_read_once_in_each_bound() {
    let service = InProcess::new();
    let case = Case::new(&service);
    let other = Tenant::named(&service, "other");
    bounded(&other, BOUND);
    let gateway = gateway(&other);
    let trips = || {
        let body = json!({ "token": case.owns[0].secret });
        let reply = call("POST", "/v1/verify").token(&gateway).json(&body).send(&service).expect(200);
        (reply.cost.trips, text(&reply.json()["source"]))
    };
    assert_eq!(trips().0, 1);
    case.after(BOUND * SECOND - 2000);
    assert_eq!(trips(), (0, "memory".to_owned()));
    case.after(2000);
    assert_eq!(trips(), (1, "primary".to_owned()));
}
