//! The large tenants that `make test` creates.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use postern::credential::id::Id;
use support::http::server;
use support::tenant::Tenant;
use support::{Client, ZERO, call};

/// A tenant that tests/worker/seed.mjs writes into the database before the Worker starts. All of its credentials
/// except the admin's belong to one service account, as in [`seeds`]. Tests only read it.
pub fn seeded(size: u64) -> &'static Tenant<'static> {
    static SEEDED: Mutex<BTreeMap<u64, &'static Tenant<'static>>> = Mutex::new(BTreeMap::new());
    let mut seeded = SEEDED.lock().unwrap_or_else(PoisonError::into_inner);
    seeded.entry(size).or_insert_with(|| {
        let id = |kind: char| Id::parse(&format!("7{kind}{size:024}")).expect("an id");
        let (client, label) = (server() as &dyn Client, format!("seed-{size}"));
        let mut tenant = Tenant { client, id: id('t'), label, account: id('p'), admin: String::new() };
        // Delete what an earlier run on the same Worker left.
        let path = format!("/v1.0/tenants/{}/users/{ZERO}/credentials", tenant.id.guid());
        call("DELETE", path).by_root().send(server()).expect(200);
        tenant.admin = tenant.caller(&["admin"]);
        Box::leak(Box::new(tenant))
    })
}

/// The credentials of a [`seeded`] tenant without its admin's: the time of creation in microseconds, the name, the id.
pub fn seeds(size: u64) -> Vec<(i64, String, Id)> {
    let one = |n: u64| {
        let id = Id::parse(&format!("7c{size:06}{:018}", n * 37 % size)).expect("an id");
        (1_600_000_000_000_000 + i64::try_from(n / 3).expect("small"), format!("name {:06}", n * 49 % size), id)
    };
    (0..size - 1).map(one).collect()
}
