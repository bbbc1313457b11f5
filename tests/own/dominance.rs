//! Dominance: whatever two callers do, nobody ends with a secret, or a live credential, that exceeds them. The test judges
//! by what secrets can do before and after each operation, not by the rules of the store.

use std::collections::{BTreeMap, BTreeSet};

use postern::credential::id::Id;
use postern::credential::time::Micros;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use support::client::{Reply, call, get};
use support::face::Face::{self, Coactive, Keycard, LiteGraph, Postern};
use support::tenant::{credentials, post_by_root, read_id, text};

use crate::stage::*;

/// The id of the default principal.
const ZERO_ID: &str = "00000000000000000000000000";

/// The ends of callers and of what they ask for: all are later than any test takes.
const SOON: i64 = START + 2 * HOUR;
const LATER: i64 = START + 3 * HOUR;
const LATEST: i64 = START + 4 * HOUR;

/// What a secret can do, and until when.
#[derive(Clone, Debug)]
struct Power {
    access: String,
    end: i64,
}

impl Power {
    fn exceeds(&self, other: &Self) -> bool {
        let level = |power: &Self| match &*power.access {
            "none" => 0,
            "verify" | "verify_all" => 1,
            "read" => 2,
            "edit" => 3,
            "admin" => 4,
            other => panic!("the access {other}"),
        };
        let spans_tenants = self.access == "verify_all" && other.access != "verify_all";
        spans_tenants || level(self) > level(other) || self.end > other.end
    }
}

fn end(value: &Value) -> i64 {
    value.as_str().map_or(i64::MAX, |end| Micros::parse(end).expect("a time").0)
}

/// How a caller presents itself.
#[derive(Clone, Copy, Debug)]
enum Presents {
    Secret,
    /// A secret that a rotation is replacing.
    Retiring,
    AccessToken,
}

/// A caller: its access, its end, and how it presents itself.
type Role = (&'static str, Option<i64>, Presents);

fn role() -> impl Strategy<Value = Role> {
    let access = prop_oneof![4 => Just("admin"), 1 => Just("edit"), 1 => select(vec!["none", "verify", "read"])];
    let end = prop_oneof![1 => Just(None), 1 => select(vec![Some(SOON), Some(LATER)])];
    let presents =
        prop_oneof![4 => Just(Presents::Secret), 1 => Just(Presents::Retiring), 1 => Just(Presents::AccessToken)];
    (access, end, presents)
}

struct Caller {
    id: Id,
    /// What it sends, and the secret that this stands for.
    token: String,
    secret: String,
}

#[derive(Clone, Copy)]
struct Target {
    id: Id,
    principal: Id,
}

struct Scene<'a> {
    tenant: Tenant<'a>,
    callers: Vec<Caller>,
    targets: Vec<Target>,
    /// Principals that may be disabled.
    principals: Vec<String>,
}

impl<'a> Scene<'a> {
    /// The callers, and credentials that they could take over.
    fn new(service: &'a InProcess, roles: &[Role]) -> Self {
        let tenant = Tenant::new(service);
        let disabled = tenant.principal();
        let principals = vec![disabled.clone(), tenant.at(&format!("/principals/{}", tenant.account))];
        let mut scene = Self { tenant, callers: Vec::new(), targets: Vec::new(), principals };
        for role in roles {
            let caller = scene.caller(role);
            scene.callers.push(caller);
        }
        for members in [
            json!({ "access": "read" }),
            json!({ "access": "admin", "enabled": false }),
            json!({ "access": "admin", "principal": disabled.rsplit('/').next() }),
            json!({ "access": "none", "expires_at": time(SOON) }),
            json!({ "access": "verify_all", "principal": ZERO_ID }),
            json!({ "access": "verify_all", "principal": ZERO_ID, "enabled": false }),
        ] {
            scene.make(&members);
        }
        // Revoked, while its secret is being replaced.
        for access in ["admin", "verify_all"] {
            scene.make(&json!({ "access": access, "principal": ZERO_ID }));
            let last = scene.targets[scene.targets.len() - 1];
            scene.by_root("POST", last, "/rotate", &json!({ "grace_seconds": 3600 }));
            scene.by_root("POST", last, "/revoke", &Value::Null);
        }
        // A sealed secret, which LiteGraph's face reveals.
        let body = json!({ "UserGUID": ZERO, "Name": "n" });
        let sealed = call("PUT", scene.tenant.all(LiteGraph)).by_root().json(&body).send(scene.tenant.client);
        scene.targets.push(Target { id: read_id(&sealed.expect(200).json()["GUID"]), principal: Id::ZERO });
        call("PATCH", &*disabled).by_root().json(&json!({ "enabled": false })).send(scene.tenant.client).expect(200);
        scene
    }

    /// Creates a target as root.
    fn make(&mut self, members: &Value) -> Value {
        let mut body = json!({ "name": "target", "roles": [], "principal": self.tenant.account });
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let made = post_by_root(self.tenant.client, &self.tenant.all(Postern), &body).expect(201).json();
        self.targets.push(Target { id: read_id(&made["id"]), principal: read_id(&made["principal"]) });
        made
    }

    /// Creates a caller, which is a target too.
    fn caller(&mut self, (access, end, presents): &Role) -> Caller {
        // The default principal cannot be disabled.
        let members =
            json!({ "access": access, "expires_at": end.map(time), "self_rotate": true, "principal": ZERO_ID });
        let made = self.make(&members);
        let (target, secret) = (self.targets[self.targets.len() - 1], text(&made["secret"]));
        let token = match presents {
            Presents::AccessToken => self.tenant.access(target.id, &secret),
            Presents::Secret => secret.clone(),
            Presents::Retiring => {
                self.by_root("POST", target, "/rotate", &json!({ "grace_seconds": 3600 }));
                secret.clone()
            }
        };
        Caller { id: target.id, token, secret }
    }

    fn by_root(&self, method: &str, target: Target, step: &str, body: &Value) {
        let path = self.tenant.one(Postern, target.id) + step;
        let call = call(method, path).by_root();
        if body.is_null() { call } else { call.json(body) }.send(self.tenant.client).expect(200);
    }

    /// Every valid secret of the tenant by its id: whose it is, and what it can do.
    fn valid(&self, now: i64) -> BTreeMap<String, (String, Power)> {
        let items = |path: String| get(path).by_root().send(self.tenant.client).expect(200).items();
        let principals = items(self.tenant.at("/principals?limit=100"));
        let enabled: BTreeSet<_> = principals
            .iter()
            .filter(|principal| principal["enabled"] == true)
            .map(|found| text(&found["id"]))
            .collect();
        let mut valid = BTreeMap::new();
        for shown in items(self.tenant.at("/credentials?limit=100")) {
            let is_live = shown["enabled"] == true && shown["revoked_at"].is_null();
            for secret in shown["secrets"].as_array().expect("secrets") {
                let end = end(&shown["expires_at"]).min(end(&secret["expires_at"]));
                if is_live && enabled.contains(&text(&shown["principal"])) && end > now {
                    let power = Power { access: text(&shown["access"]), end };
                    valid.insert(text(&secret["id"]), (text(&shown["id"]), power));
                }
            }
        }
        valid
    }

    /// Whose a secret is, and what it can do, found by asking; `None` if it is not accepted.
    fn ask(&self, secret: &str) -> Option<(String, Power)> {
        let shown = get("/v1/self").token(secret).send(self.tenant.client);
        let told = post_by_root(self.tenant.client, "/v1/verify", &json!({ "token": secret })).expect(200).json();
        assert_eq!(shown.status == 200, told["active"] == true);
        let shown = (shown.status == 200).then(|| shown.json())?;
        Some((text(&shown["id"]), Power { access: text(&shown["access"]), end: end(&told["expires_at"]) }))
    }

    /// Sends an operation; returns the reply, and the token that it chose.
    fn send(&self, caller: &Caller, operation: &str, target: Target, variant: usize) -> (Reply, Option<String>) {
        let tenant = &self.tenant;
        let send = |method: &str, path: String, body: Value| (tenant.send_by(&caller.token, method, path, &body), None);
        let once = |path: String, body: Value| {
            let key = call("POST", path).token(&caller.token).header("idempotency-key", format!("key-{}", variant % 2));
            (key.json(&body).send(tenant.client), None)
        };
        let litegraph = |path: String, principal: Id, token: Option<String>| {
            let mut body = json!({ "UserGUID": principal.guid(), "Name": "by LiteGraph" });
            if let Some(token) = &token {
                body["BearerToken"] = token.clone().into();
            }
            (tenant.send_by(&caller.token, "PUT", path, &body), token)
        };
        let at = |face: Face| {
            let all = credentials(face, tenant.id, &tenant.label, target.principal);
            format!("{all}/{}", face.spell(target.id))
        };
        let own = at(Postern);
        let principal = if variant == 0 { json!(ZERO_ID) } else { json!(target.principal) };
        let ends = [Value::Null, json!(time(SOON)), json!(time(LATER)), json!(time(LATEST))][variant].clone();
        let access = ["verify_all", "admin", "read", "none"][variant];
        let chosen = Some(format!("chosen-{}-{}-{variant}", caller.id, target.id));
        match operation {
            "create" => send(
                "POST",
                tenant.all(Postern),
                json!({ "name": "n", "roles": null, "access": access, "principal": ZERO_ID }),
            ),
            "create with an end" => once(
                tenant.all(Postern),
                json!({ "name": "n", "roles": [], "access": "admin", "self_rotate": true, "expires_at": ends }),
            ),
            "create under a key" => {
                once(tenant.all(Postern), json!({ "name": "n", "roles": [], "principal": ZERO_ID }))
            }
            "create on Coactive" => send("POST", tenant.all(Coactive), json!({ "name": "n" })),
            "create on LiteGraph" => litegraph(tenant.all(LiteGraph), tenant.account, chosen),
            "create on Keycard" => send("POST", tenant.all(Keycard), json!({ "name": "n" })),
            "set the access" => send("PATCH", own, json!({ "access": access })),
            "set the end" => send("PATCH", own, json!({ "expires_at": ends })),
            "enable" => send("PATCH", own, json!({ "enabled": true })),
            "enable with an end" => send("PATCH", own, json!({ "enabled": true, "expires_at": ends })),
            "disable" => send("PATCH", own, json!({ "enabled": false })),
            "move" => send("PATCH", own, json!({ "principal": ZERO_ID })),
            "put" => {
                let members =
                    json!({ "principal": principal, "access": access, "expires_at": ends, "self_rotate": true });
                send("PUT", own, tenant.whole(members))
            }
            "rename" => send("PATCH", own, json!({ "name": "renamed" })),
            "put on Coactive" => send("PUT", at(Coactive), json!({ "name": "n", "roles": [{ "role_id": "admin" }] })),
            "put without roles on Coactive" => send("PUT", at(Coactive), json!({ "name": "n" })),
            "put on LiteGraph" => litegraph(at(LiteGraph), tenant.account, None),
            "set the token on LiteGraph" => litegraph(at(LiteGraph), target.principal, chosen),
            "read on LiteGraph" => send("GET", at(LiteGraph), Value::Null),
            "list on LiteGraph" => send("GET", tenant.all(LiteGraph), Value::Null),
            "rename on Keycard" => send("PATCH", at(Keycard), json!({ "name": "renamed" })),
            "rotate" => send("POST", own + "/rotate", json!({ "grace_seconds": 3600 })),
            "rotate under a key" => once(own + "/rotate", json!({ "grace_seconds": 3600 })),
            "finish" => send("POST", own + "/rotate/finish", Value::Null),
            "cancel" => send("POST", own + "/rotate/cancel", Value::Null),
            "revoke" => send("POST", own + "/revoke", Value::Null),
            "restore" => send("POST", own + "/restore", Value::Null),
            "delete" => send("DELETE", own, Value::Null),
            "enable the principal" => send("PATCH", self.principals[variant % 2].clone(), json!({ "enabled": true })),
            "enable the user" => {
                let id = read_id(&json!(self.principals[variant % 2].rsplit('/').next()));
                let path = format!("/v1.0/tenants/{}/users/{}", tenant.id.guid(), id.guid());
                send("PUT", path, json!({ "FirstName": "n", "Active": true }))
            }
            "disable the principal" => send("PATCH", self.principals[variant % 2].clone(), json!({ "enabled": false })),
            "rotate itself" => once("/v1/self/rotate".to_owned(), json!({ "grace_seconds": 600 })),
            "revoke itself" => send("POST", "/v1/self/revoke".to_owned(), Value::Null),
            other => panic!("{other}"),
        }
    }
}

const OPERATIONS: [&str; 33] = [
    "create",
    "create with an end",
    "create under a key",
    "create on Coactive",
    "create on LiteGraph",
    "create on Keycard",
    "set the access",
    "set the end",
    "enable",
    "enable with an end",
    "disable",
    "move",
    "put",
    "rename",
    "put on Coactive",
    "put without roles on Coactive",
    "put on LiteGraph",
    "set the token on LiteGraph",
    "read on LiteGraph",
    "list on LiteGraph",
    "rename on Keycard",
    "rotate",
    "rotate under a key",
    "finish",
    "cancel",
    "revoke",
    "restore",
    "delete",
    "enable the principal",
    "enable the user",
    "disable the principal",
    "rotate itself",
    "revoke itself",
];

/// One operation: the caller, the operation, the number of its target (below 0 from the newest), and a variant of the body.
type Step = (usize, &'static str, isize, usize);

fn step() -> impl Strategy<Value = Step> {
    (0..2_usize, select(&OPERATIONS[..]), -4..11_isize, 0..4_usize)
}

/// Runs the operations. After each: no secret was made valid, made valid for longer or given more access, and no secret was
/// shown to the caller or chosen by it, if it can do more than the caller before the operation.
fn check(roles: &[Role], steps: &[Step]) {
    let service = InProcess::new();
    let mut scene = Scene::new(&service, roles);
    let now = || service.world().now.get();
    let mut before = scene.valid(now());
    for step in steps {
        let (by, operation, target, variant) = *step;
        // In the place of a caller that is not accepted any more, another one with the same rights.
        let mut power = scene.ask(&scene.callers[by].secret);
        if power.is_none() {
            scene.callers[by] = scene.caller(&roles[by]);
            before = scene.valid(now());
            power = scene.ask(&scene.callers[by].secret);
        }
        let (_, power) = power.expect("a new caller is accepted");
        let target = scene.targets[usize::try_from(target.rem_euclid(scene.targets.len().cast_signed())).unwrap()];
        let caller = &scene.callers[by];
        let (reply, chosen) = scene.send(caller, operation, target, variant);
        assert!(reply.status < 500, "{step:?}: {reply:?}");
        let after = scene.valid(now());
        // The one exception: a secret may replace itself, and outlives its own end by that.
        let replaces_itself = ["rotate itself", "rotate under a key"].contains(&operation);
        let is_own = |owner: &str| replaces_itself && owner == caller.id.to_string();
        for (secret, (owner, given)) in &after {
            let is_more = before.get(secret).is_none_or(|(_, had)| given.exceeds(had));
            assert!(
                !is_more || is_own(owner) || !given.exceeds(&power),
                "{step:?} by {power:?} gave {owner} {given:?}: {reply:?}"
            );
        }
        before = after;
        if reply.status >= 300 {
            continue;
        }
        let shown = if reply.text.is_empty() { Value::Null } else { reply.json() };
        let mut seen: BTreeSet<_> = chosen.into_iter().collect();
        secrets(&shown, &mut seen);
        for secret in &seen {
            if let Some((owner, given)) = scene.ask(secret) {
                let is_too_much = !is_own(&owner) && given.exceeds(&power);
                assert!(!is_too_much, "{step:?} by {power:?} gave a secret of {owner}, {given:?}: {reply:?}");
            }
        }
        if operation == "rotate itself" {
            // The client keeps its old secret for some of its instances.
            if variant > 0 {
                let new = text(&shown["secret"]);
                let caller = &mut scene.callers[by];
                (caller.token, caller.secret) = (new.clone(), new);
            }
        } else if operation.starts_with("create") {
            let id = ["client_id", "GUID", "id"].iter().find(|member| shown[*member].is_string()).expect("an id");
            let principal = if operation.contains("LiteGraph") || operation.contains("Keycard") {
                scene.tenant.account
            } else {
                Id::ZERO
            };
            scene.targets.push(Target { id: read_id(&shown[*id]), principal });
        }
    }
}

/// Sequences that random ones rarely find.
#[test]
fn known_ways_to_more_than_the_caller_has_are_closed() {
    let lasting = ("admin", None, Presents::Secret);
    for presents in [Presents::Secret, Presents::Retiring, Presents::AccessToken] {
        for ends in [("admin", Some(SOON), presents), ("admin", None, Presents::Retiring)] {
            for steps in [
                // A credential whose secret the caller may know.
                &[(0, "set the access", 2, 1)][..],
                &[(0, "put without roles on Coactive", 2, 0)],
                // What the caller created is valid for longer since.
                &[(0, "create with an end", 0, 1), (1, "set the end", -1, 0), (0, "create with an end", 0, 1)],
                &[(0, "create on LiteGraph", 0, 0), (1, "set the end", -1, 0), (0, "read on LiteGraph", -1, 0)],
                &[
                    (0, "create with an end", 0, 1),
                    (0, "rotate under a key", -1, 0),
                    (1, "set the end", -1, 0),
                    (0, "rotate under a key", -1, 0),
                ],
                // A replaced secret that sees its successor again would never end.
                &[(0, "rotate itself", 0, 0), (0, "rotate under a key", 0, 1), (0, "read on LiteGraph", 0, 0)],
            ] {
                check(&[ends, lasting], steps);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_ends_with_a_secret_or_a_live_credential_that_exceeds_them(
        roles in [role(), role()], steps in prop::collection::vec(step(), 60),
    ) {
        check(&roles, &steps);
    }
}
