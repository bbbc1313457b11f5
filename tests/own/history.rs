//! A change and its event are written in one transaction. Contents of events: `tests/both/own/history.rs`.

use serde_json::json;
use support::watched::{Noted, Wire};

use crate::stage::*;

#[test]
fn event_with_before_and_after_is_written_in_the_same_transaction() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    let own = tenant.own(json!({}));
    tenant.send("PATCH", &own.path, &json!({ "name": "b", "enabled": false })).expect(200);
    let changes = json!({ "name": { "before": "own", "after": "b" }, "enabled": { "before": true, "after": false } });
    let event = tenant.events(&own).remove(0);
    assert_eq!((&event["changes"], &event["revision"]), (&changes, &json!(2)));
    // If the event cannot be written, the change is not made either.
    let world = service.world();
    world.db.execute("CREATE TRIGGER no_events BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no'); END", &[]);
    let before = world.stored();
    let authorization = format!("Bearer {ROOT}");
    let (wire, headers) = (Wire::to(&world.db), [("authorization", authorization.as_str())]);
    let done = world.watch(&wire, "PATCH", &own.path, &Noted::of(&headers), br#"{"name":"c"}"#);
    assert!(done.answer.status >= 500 && done.log.is_some());
    assert_eq!(world.stored(), before);
}
