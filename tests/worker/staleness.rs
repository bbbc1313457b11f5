//! Verifications from memory, in workerd.

use serde_json::{Value, json};
use support::client::{Reply, call};
use support::http::{at_once, server};
use support::tenant::Tenant;

fn verify(tenant: &Tenant, token: &str) -> Reply {
    let body = json!({ "token": token, "max_staleness_seconds": 300 });
    call("POST", "/v1/verify").token(&tenant.admin).json(&body).send(server()).expect(200)
}

/// A tenant whose answers may be five minutes old, which the tests' duration is not.
fn tenant() -> Tenant<'static> {
    let tenant = Tenant::new(server());
    tenant.send("PATCH", tenant.at(""), &json!({ "verify_staleness_seconds": 300 })).expect(200);
    tenant
}

#[test]
fn warm_verification_takes_no_trip_and_equals_the_first() {
    let tenant = tenant();
    let own = tenant.own(json!({ "roles": [{ "role_id": "editor", "resource": "dataset" }] }));
    let first = verify(&tenant, &own.secret);
    assert_eq!((first.cost.trips, &first.json()["source"]), (1, &json!("primary")));
    let answer = |reply: &Reply| {
        let mut told = reply.json();
        let _ = ["age_seconds", "source"].map(|member| told.as_object_mut().expect("an object").remove(member));
        told
    };
    for reply in at_once((0..50).collect(), |_| verify(&tenant, &own.secret)) {
        assert_eq!((reply.cost.trips, reply.cost.rows_read), (0, 0));
        assert_eq!(answer(&reply), answer(&first));
    }
    // A request that must see the present does.
    tenant.step(&own, "revoke", &Value::Null).expect(200);
    let now = json!({ "token": own.secret, "max_staleness_seconds": 0 });
    let reply = call("POST", "/v1/verify").token(&tenant.admin).json(&now).send(server()).expect(200);
    assert_eq!((reply.cost.trips, &reply.json()["active"]), (1, &json!(false)));
}
