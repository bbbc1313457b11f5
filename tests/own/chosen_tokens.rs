//! Tokens that a client chooses (LiteGraph's `BearerToken`): guessing those of others is limited, and nothing of them is
//! revealed.

use serde_json::{Value, json};
use support::client::Reply;
use support::face::Face::LiteGraph;
use support::tenant::Own;

use crate::stage::*;

fn set(tenant: &Tenant, caller: &str, own: &Own, token: &str) -> Reply {
    let mut body = tenant.naming(LiteGraph, "own");
    body["BearerToken"] = token.into();
    body["Active"] = true.into();
    tenant.send_by(caller, "PUT", tenant.one(LiteGraph, own.id), &body)
}

/// Two tenants: the admin of the first guesses a token of the second.
fn two(service: &InProcess) -> [(Tenant<'_>, Own); 2] {
    ["Ours", "Theirs"].map(|name| {
        let tenant = Tenant::named(service, name);
        let own = tenant.own(json!({}));
        (tenant, own)
    })
}

#[test]
fn revoked_credential_returns_the_same_error_for_a_taken_and_a_free_token() {
    let service = InProcess::new();
    let [(ours, own), (theirs, other)] = two(&service);
    set(&theirs, &theirs.admin, &other, "svc-123").expect(200);
    set(&ours, &ours.admin, &own, "svc-123").expect(409);
    ours.step(&own, "revoke", &Value::Null).expect(200);
    let [taken, free] = ["svc-123", "svc-124"].map(|token| set(&ours, &ours.admin, &own, token).expect(409));
    assert_eq!(taken.text, free.text);
}

#[test]
fn tenant_with_six_hundred_changes_in_a_minute_gets_429_for_a_chosen_token_but_root_does_not() {
    let service = InProcess::new();
    let [(ours, own), (theirs, other)] = two(&service);
    set(&theirs, &theirs.admin, &other, "svc-taken").expect(200);
    let before = ours.look(ours.at("/events?limit=1"))["items"][0]["seq"].as_u64().expect("a number");
    service.world().pass(2 * MINUTE);
    let mut guesses = 0;
    let refused = loop {
        guesses += 1;
        let reply = set(&ours, &ours.admin, &own, &format!("svc-{guesses}"));
        if reply.status != 200 {
            break reply;
        }
    };
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("60")), "{}", refused.text);
    let after = ours.look(ours.at("/events?limit=1"))["items"][0]["seq"].as_u64().expect("a number");
    assert_eq!(after - before, 600, "each guess is an event, and the 601st is refused");
    let hit = set(&ours, &ours.admin, &own, "svc-taken");
    assert_eq!((hit.status, &hit.text), (429, &refused.text), "the same for a token that is taken");
    // A generated secret cannot be a guess; root provisions; a minute later there is room again.
    ours.step(&own, "rotate", &json!({ "grace_seconds": 60 })).expect(200);
    set(&ours, ROOT, &own, "by-root").expect(200);
    service.world().pass(MINUTE);
    set(&ours, &ours.admin, &own, "later").expect(200);
}

#[test]
fn chosen_token_has_no_hint_even_in_the_form_of_generated_tokens() {
    let service = InProcess::new();
    let [(ours, own), (theirs, other)] = two(&service);
    let hints = |tenant: &Tenant, own: &Own| {
        let secrets = tenant.look(&*own.path)["secrets"].clone();
        secrets.as_array().expect("a list").iter().map(|secret| secret["hint"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(hints(&theirs, &other)[0].as_str().map(str::len), Some(4), "of a generated token");
    let generated = other.secret.clone();
    theirs.send("DELETE", &*other.path, &Value::Null).expect(204);
    set(&ours, &ours.admin, &own, &generated).expect(200);
    assert_eq!(hints(&ours, &own), [json!("")]);
    assert!(ours.accepts(&generated));
}
