//! A caller that expires gives no access that lasts longer than its own: no secret that it creates, sets or reads is
//! valid after it expires, and nothing that it enables or restores.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};
use support::client::{Reply, call};
use support::face::Face::{Coactive, Keycard, LiteGraph, Postern};
use support::face::roles;
use support::tenant::{Own, text};

use crate::stage::*;

/// When the callers expire.
const END: i64 = START + HOUR;

/// A tenant with credentials that an expiring caller could take over.
struct Scene<'a> {
    tenant: Tenant<'a>,
    /// An admin that expires; an admin without expiry whose secret is being rotated out; an access token of the latter.
    callers: Vec<String>,
    /// Plain, disabled, revoked, of a disabled principal, being rotated, expiring later, expiring sooner, with a
    /// sealed secret.
    targets: Vec<Own>,
    disabled_principal: String,
    /// All secrets created before the operations.
    secrets: Vec<String>,
}

impl<'a> Scene<'a> {
    fn new(service: &'a InProcess) -> Self {
        let tenant = Tenant::new(service);
        let path = tenant.principal();
        let principal = path.rsplit('/').next().unwrap().to_owned();
        let own = |members: Value| tenant.own(members);
        let ending = own(json!({ "roles": null, "expires_at": time(END) }));
        let retiring = own(json!({ "roles": null }));
        // Created before its caller's secret got an expiry; a replay would reveal the secret. So would that of the
        // rotation below.
        let keyed = Self::keyed(&tenant, &retiring.secret).expect(201).json();
        let mut targets = vec![
            own(json!({})),
            own(json!({ "enabled": false })),
            own(json!({})),
            own(json!({ "principal": principal })),
            own(json!({})),
            own(json!({ "expires_at": time(END + HOUR) })),
            own(json!({ "expires_at": time(END - MINUTE), "enabled": false })),
        ];
        tenant.step(&targets[2], "revoke", &Value::Null).expect(200);
        let rotated = Self::rotated(&tenant, &retiring.secret, &targets[4]).expect(200).json();
        tenant.send("PATCH", &path, &json!({ "enabled": false })).expect(200);
        let sealed = call("PUT", tenant.all(LiteGraph)).token(&tenant.admin).json(&tenant.naming(LiteGraph, "sealed"));
        let sealed = sealed.send(tenant.client).expect(200).json();
        let id = support::tenant::read_id(&sealed["GUID"]);
        targets.push(Own {
            id,
            path: tenant.one(Postern, id),
            secret: text(&sealed["BearerToken"]),
            shown: Value::Null,
        });
        let new = tenant.step(&retiring, "rotate", &json!({ "grace_seconds": 3600 })).expect(200).json();
        service.world().now.set(START + MINUTE);
        let callers =
            vec![ending.secret.clone(), retiring.secret.clone(), tenant.access(retiring.id, &retiring.secret)];
        let mut secrets = vec![text(&keyed["secret"]), text(&rotated["secret"]), text(&new["secret"])];
        secrets.extend([ending.secret, retiring.secret]);
        secrets.extend(targets.iter().map(|target| target.secret.clone()));
        Self { tenant, callers, targets, disabled_principal: path, secrets }
    }

    fn keyed(tenant: &Tenant, caller: &str) -> Reply {
        let body = json!({ "name": "keyed", "roles": roles(&["viewer"]) });
        let call = call("POST", tenant.all(Postern)).token(caller).header("idempotency-key", "k").json(&body);
        call.send(tenant.client)
    }

    fn rotated(tenant: &Tenant, caller: &str, target: &Own) -> Reply {
        let call = call("POST", target.under("rotate")).token(caller).header("idempotency-key", "k");
        call.json(&json!({ "grace_seconds": 7200 })).send(tenant.client)
    }

    /// Sends an operation; returns the reply and the token that it set.
    fn send(&self, caller: usize, operation: &str, target: usize) -> (Reply, Option<String>) {
        let (tenant, caller, target) = (&self.tenant, &*self.callers[caller], &self.targets[target]);
        let send = |method: &str, path: String, body: Value| (tenant.send_by(caller, method, path, &body), None);
        let patch = |body: Value| send("PATCH", target.path.clone(), body);
        let new = json!({ "name": "new", "roles": null });
        match operation {
            "create" => send("POST", tenant.all(Postern), new),
            "create without an end" => {
                send("POST", tenant.all(Postern), json!({ "name": "new", "roles": null, "expires_at": null }))
            }
            "create on Coactive" => send("POST", tenant.all(Coactive), json!({ "name": "new" })),
            "create on LiteGraph" => send("PUT", tenant.all(LiteGraph), tenant.naming(LiteGraph, "new")),
            "create on Keycard" => send("POST", tenant.all(Keycard), json!({ "name": "new" })),
            "replay" => (Self::keyed(tenant, caller), None),
            "replay a rotation" => (Self::rotated(tenant, caller, target), None),
            "rotate" => send("POST", target.under("rotate"), json!({ "grace_seconds": 60 })),
            "finish" => send("POST", target.under("rotate/finish"), Value::Null),
            "cancel" => send("POST", target.under("rotate/cancel"), Value::Null),
            "restore" => send("POST", target.under("restore"), Value::Null),
            "enable" => patch(json!({ "enabled": true })),
            "enable for a while" => patch(json!({ "enabled": true, "expires_at": time(END) })),
            "enable and move" => patch(json!({ "enabled": true, "principal": "0".repeat(26) })),
            "extend" => patch(json!({ "expires_at": time(END + MINUTE) })),
            "unlimit" => patch(json!({ "expires_at": null })),
            "rename" => patch(json!({ "name": "renamed" })),
            "enable the principal" => send("PATCH", self.disabled_principal.clone(), json!({ "enabled": true })),
            "set the token" => {
                let token = format!("chosen-{}-{}", target.id, caller.len());
                let url = format!("{}/{}", tenant.all(LiteGraph), target.id.guid());
                let mut body = tenant.naming(LiteGraph, "set");
                body["BearerToken"] = token.clone().into();
                let (reply, _) = send("PUT", url, body);
                let set = (reply.status == 200).then_some(token);
                (reply, set)
            }
            "read on LiteGraph" => send("GET", format!("{}/{}", tenant.all(LiteGraph), target.id.guid()), Value::Null),
            "list on LiteGraph" => send("GET", tenant.all(LiteGraph), Value::Null),
            other => panic!("{other}"),
        }
    }
}

const OPERATIONS: [&str; 21] = [
    "create",
    "create without an end",
    "create on Coactive",
    "create on LiteGraph",
    "create on Keycard",
    "replay",
    "replay a rotation",
    "rotate",
    "finish",
    "cancel",
    "restore",
    "enable",
    "enable for a while",
    "enable and move",
    "extend",
    "unlimit",
    "rename",
    "enable the principal",
    "set the token",
    "read on LiteGraph",
    "list on LiteGraph",
];

/// Runs the operations, then lets the callers expire: no secret that they got is valid, and none that was invalid
/// before.
fn check(operations: &[(usize, usize, usize)]) {
    let service = InProcess::new();
    let scene = Scene::new(&service);
    let invalid: Vec<_> = scene.secrets.iter().filter(|secret| !scene.tenant.accepts(secret)).collect();
    let mut got = BTreeSet::new();
    for (caller, operation, target) in operations {
        let (reply, set) = scene.send(*caller, OPERATIONS[*operation], *target);
        assert!(reply.status < 500, "{operation}: {}", reply.status);
        got.extend(set);
        if reply.status < 400 && !reply.text.is_empty() {
            secrets(&reply.json(), &mut got);
        }
    }
    service.world().now.set(END + SECOND);
    for secret in got.iter().chain(&scene.callers).chain(invalid) {
        let held = scene.tenant.accepts(secret);
        assert!(!held, "{secret} is valid after the expiry of the caller that got it: {operations:?}");
    }
}

#[test]
fn no_single_operation_of_an_expiring_caller_gives_access_beyond_its_expiry() {
    for operation in 0..OPERATIONS.len() {
        for caller in 0..3 {
            for target in 0..8 {
                check(&[(caller, operation, target)]);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_operations_of_expiring_callers_gives_access_beyond_their_expiry(
        operations in prop::collection::vec((0..3_usize, 0..OPERATIONS.len(), 0..8_usize), 2..14)
    ) {
        check(&operations);
    }
}

#[test]
fn expiring_caller_is_rejected_only_for_access_that_outlasts_it() {
    let service = InProcess::new();
    let scene = Scene::new(&service);
    for (operation, target, expected) in [
        ("create without an end", 0, 403),
        ("create", 0, 201),
        ("create on Coactive", 0, 201),
        ("rename", 0, 200),
        ("rotate", 0, 403),
        ("set the token", 0, 403),
        ("enable", 1, 403),
        ("enable for a while", 1, 200),
        ("restore", 2, 403),
        ("enable and move", 3, 403),
        ("enable the principal", 3, 403),
        ("cancel", 4, 403),
        ("finish", 4, 200),
        ("enable", 6, 200),
        ("rotate", 6, 200),
        ("set the token", 6, 200),
    ] {
        let status = scene.send(0, operation, target).0.status;
        let expected = if operation == "set the token" && expected == 403 { 401 } else { expected };
        assert_eq!(status, expected, "{operation} {target}");
    }
    scene.send(1, "replay", 0).0.refused(403, "forbidden_change");
    scene.send(1, "replay a rotation", 4).0.refused(403, "forbidden_change");
    let read = scene.send(0, "read on LiteGraph", 7).0.expect(200).json();
    assert_eq!(read["BearerToken"], "", "the secret of a credential that outlives the caller is not revealed");
    let read = scene.tenant.send(
        "GET",
        format!("{}/{}", scene.tenant.all(LiteGraph), scene.targets[7].id.guid()),
        &Value::Null,
    );
    assert_eq!(read.json()["BearerToken"], scene.targets[7].secret);
}

/// Otherwise the last admin of a tenant that loses the answer would be locked out when its grace period ends.
#[test]
fn secret_that_rotated_its_own_credential_gets_the_successor_again_for_ten_minutes() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    let own = tenant.own(json!({ "access": "admin" }));
    let rotate = || {
        let rotate = call("POST", format!("{}/rotate", own.path)).token(&own.secret).header("idempotency-key", "once");
        rotate.json(&json!({ "grace_seconds": 3600 })).send(&service)
    };
    let first = rotate().expect(200);
    let now = service.world().now.get();
    assert_eq!(rotate().expect(200).text, first.text);
    service.world().now.set(now + 10 * MINUTE);
    rotate().refused(403, "forbidden_change");
}
