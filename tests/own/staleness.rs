//! The bound on the age of verifications: what it permits, and what is answered from memory.

use postern::service::{MEMORY_MAX, Memory};
use postern::store::{Batch, Database, Fault, Statement};
use serde_json::{Value, json};
use support::client::{Call, Reply, call};
use support::face::Face::Coactive;
use support::tenant::{Own, post_by_root, read_id, text};

use crate::stage::*;

/// Sets the bound of a tenant, in seconds.
pub fn bounded(tenant: &Tenant, seconds: i64) {
    let body = json!({ "verify_staleness_seconds": seconds });
    tenant.send("PATCH", tenant.at(""), &body).expect(200);
}

/// Verifies a token by the tenant's admin, with a bound of the request.
pub fn ask(tenant: &Tenant, token: &str, bound: Option<i64>) -> Reply {
    let body = json!({ "token": token, "max_staleness_seconds": bound });
    tenant.send("POST", "/v1/verify", &body).expect(200)
}

/// The source, the round trips, the bound in force and the age in milliseconds.
pub fn evidence(reply: &Reply) -> (String, u64, i64, i64) {
    let told = reply.json();
    let age = told["age_seconds"].as_f64().expect("an age");
    #[expect(clippy::cast_possible_truncation, reason = "a few seconds")]
    let age = (age * 1000.0).round() as i64;
    (text(&told["source"]), reply.cost.trips, told["max_staleness_seconds"].as_i64().expect("a bound"), age)
}

/// The answer without its evidence.
fn answer(reply: &Reply) -> Value {
    let mut told = reply.json();
    for member in ["checked_at", "max_staleness_seconds", "age_seconds", "source"] {
        told.as_object_mut().expect("an object").remove(member);
    }
    told
}

/// A verifier of all tenants.
pub fn gateway(tenant: &Tenant) -> String {
    let body = json!({ "name": "gateway", "roles": [], "access": "verify_all" });
    text(&post_by_root(tenant.client, &tenant.at("/credentials"), &body).expect(201).json()["secret"])
}

#[test]
fn without_a_bound_every_answer_comes_from_the_database() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    for bound in [None, Some(0), Some(300)] {
        for _ in 0..2 {
            assert_eq!(evidence(&ask(&tenant, &tenant.admin, bound)), ("primary".to_owned(), 1, 0, 0));
        }
    }
    assert_eq!(service.world().memory.bytes(), 0);
}

#[test]
fn second_answer_comes_from_memory_until_it_is_as_old_as_the_bound() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    bounded(&tenant, 10);
    let own = tenant.own(json!({ "metadata": { "a": "b" }, "expires_at": "2200-01-01T00:00:00Z" }));
    let access = tenant.access(own.id, &own.secret);
    for token in [&own.secret, &access] {
        let first = ask(&tenant, token, None);
        assert_eq!(evidence(&first), ("primary".to_owned(), 1, 10, 0));
        let began = service.world().now.get();
        let second = ask(&tenant, token, None);
        assert_eq!(evidence(&second), ("memory".to_owned(), 0, 10, 1));
        assert_eq!((answer(&second), &second.json()["checked_at"]), (answer(&first), &json!(time(began))));
        // The clock advances by a millisecond for each request.
        service.world().now.set(began + 10 * SECOND - 1000);
        assert_eq!(evidence(&ask(&tenant, token, None)), ("memory".to_owned(), 0, 10, 10_000));
        // Which extended the lease of the tenant.
        let extended = service.world().now.get();
        service.world().now.set(extended + 10 * SECOND - 1000);
        assert_eq!(evidence(&ask(&tenant, token, None)), ("memory".to_owned(), 0, 10, 10_000));
        service.world().now.set(extended + 20 * SECOND);
        assert_eq!(evidence(&ask(&tenant, token, None)), ("primary".to_owned(), 1, 10, 0));
    }
}

/// The least of the bounds of the request, of the token's tenant and of the caller's tenant.
#[test]
fn least_of_the_three_bounds_is_in_force() {
    for (of_caller, of_token, of_request, least) in [
        (10, 20, None, 10),
        (20, 10, None, 10),
        (20, 10, Some(5), 5),
        (20, 10, Some(30), 10),
        (20, 10, Some(0), 0),
        (0, 10, None, 0),
        (0, 10, Some(10), 0),
        (10, 0, Some(10), 0),
        (300, 300, Some(300), 300),
    ] {
        let service = InProcess::new();
        let (home, other) = (Tenant::named(&service, "home"), Tenant::named(&service, "other"));
        bounded(&home, of_caller);
        bounded(&other, of_token);
        let gateway = gateway(&home);
        let ask = |by: &str| {
            let body = json!({ "token": other.admin, "max_staleness_seconds": of_request });
            call("POST", "/v1/verify").token(by).json(&body).send(&service).expect(200)
        };
        let case = format!("{of_caller} {of_token} {of_request:?}");
        assert_eq!(evidence(&ask(&gateway)), ("primary".to_owned(), 1, least, 0), "{case}");
        let (source, trips) = if least == 0 { ("primary", 1) } else { ("memory", 0) };
        let (is, cost, bound, _) = evidence(&ask(&gateway));
        assert_eq!((is.as_str(), cost, bound), (source, trips, least), "{case}");
        // The root token has no tenant.
        let (_, _, bound, _) = evidence(&ask(ROOT));
        assert_eq!(bound, of_request.unwrap_or(i64::MAX).min(of_token), "{case}");
    }
}

/// What the token's owner looks like to an answer that must be new, and to one that may be as old as the bound.
fn both(tenant: &Tenant, token: &str) -> (bool, bool) {
    let old = ask(tenant, token, None).json()["active"] == true;
    (old, ask(tenant, token, Some(0)).json()["active"] == true)
}

#[test]
fn change_is_reflected_at_once_with_bound_zero_and_at_the_bound_without() {
    type Change = fn(&Tenant, &Own) -> Reply;
    let changes: [(&str, Change); 6] = [
        ("revoked", |tenant, own| tenant.step(own, "revoke", &Value::Null)),
        ("disabled", |tenant, own| tenant.send("PATCH", &own.path, &json!({ "enabled": false }))),
        ("deleted", |tenant, own| tenant.send("DELETE", &own.path, &Value::Null)),
        ("expired", |tenant, own| tenant.send("PATCH", &own.path, &json!({ "expires_at": "2020-01-01T00:00:00Z" }))),
        ("rotated", |tenant, own| tenant.step(own, "rotate", &json!({ "grace_seconds": 0 }))),
        ("principal disabled", |tenant, _| {
            tenant.send("PATCH", tenant.at(&format!("/principals/{}", tenant.account)), &json!({ "enabled": false }))
        }),
    ];
    for (name, change) in changes {
        let service = InProcess::new();
        let tenant = Tenant::new(&service);
        bounded(&tenant, 10);
        let own = tenant.own(json!({ "principal": tenant.account }));
        assert!(both(&tenant, &own.secret).0, "{name}");
        let known_since = service.world().now.get();
        assert!(ask(&tenant, &own.secret, None).cost.trips == 0, "{name}");
        let status = change(&tenant, &own).status;
        assert!(status < 300, "{name}: {status}");
        assert!(ask(&tenant, &own.secret, None).json()["active"] == true, "{name}: within the bound");
        service.world().now.set(known_since + 10 * SECOND);
        assert_eq!(both(&tenant, &own.secret), (false, false), "{name}: past the bound");
    }
}

/// A caller that asked with bound 0 is not contradicted by an older answer.
#[test]
fn answer_that_a_token_is_not_valid_replaces_what_is_remembered() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    bounded(&tenant, 60);
    for change in ["revoke", "delete"] {
        let own = tenant.own(json!({}));
        assert_eq!(both(&tenant, &own.secret), (true, true));
        let reply = match change {
            "revoke" => tenant.step(&own, "revoke", &Value::Null),
            _ => tenant.send("DELETE", &own.path, &Value::Null),
        };
        assert!(reply.status < 300);
        assert_eq!(ask(&tenant, &own.secret, Some(0)).json()["active"], false, "{change}");
        assert_eq!(ask(&tenant, &own.secret, None).json()["active"], false, "{change}");
    }
}

/// A lookup tells the bounds of both tenants, also where the answer is for another reason not from memory.
#[test]
fn token_whose_bound_was_found_to_be_zero_is_not_remembered_any_more() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    bounded(&tenant, 60);
    let own = tenant.own(json!({}));
    ask(&tenant, &own.secret, None);
    assert_eq!(evidence(&ask(&tenant, &own.secret, None)).1, 0);
    bounded(&tenant, 0);
    assert_eq!(evidence(&ask(&tenant, &own.secret, None)).1, 0, "nobody looked it up");
    let items = json!([{ "token": own.secret }, { "token": "of-nobody" }]);
    tenant.send("POST", "/v1/verify/batch", &json!({ "items": items })).expect(200);
    for _ in 0..2 {
        assert_eq!(evidence(&ask(&tenant, &own.secret, None)).1, 1);
    }
}

#[test]
fn bound_that_was_lowered_at_the_console_is_in_force_from_then_on() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    bounded(&tenant, 300);
    let own = tenant.own(json!({}));
    service.world().db.execute("UPDATE tenants SET state = json_set(state, '$.verify_staleness_seconds', 0)", &[]);
    let now = service.world().db.count("SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER)");
    service.world().now.set(now);
    let reply = tenant.step(&own, "revoke", &Value::Null).expect(200);
    assert!(reply.header("postern-effective-by").is_some());
}

#[test]
fn token_is_not_valid_in_memory_past_its_end() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    bounded(&tenant, 300);
    let own = tenant.own(json!({ "expires_at": time(START + HOUR + 5 * SECOND) }));
    service.world().now.set(START + HOUR - SECOND);
    let access = tenant.access(own.id, &own.secret);
    let retiring = tenant.own(json!({}));
    tenant.step(&retiring, "rotate", &json!({ "grace_seconds": 6 })).expect(200);
    let tokens = [&own.secret, &access, &retiring.secret];
    for token in tokens {
        assert_eq!(ask(&tenant, token, None).json()["active"], true);
        assert_eq!(evidence(&ask(&tenant, token, None)).1, 0);
    }
    service.world().now.set(START + HOUR + 6 * SECOND);
    for token in tokens {
        assert_eq!(ask(&tenant, token, None).json()["active"], false);
    }
}

/// Writes, log-ins and reads judge their caller in the database.
#[test]
fn only_verifications_use_what_is_remembered_of_their_caller() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    bounded(&tenant, 60);
    let verifier = tenant.own(json!({ "roles": [], "access": "verify" }));
    let verify = |token: &str| {
        call("POST", "/v1/verify").token(&verifier.secret).json(&json!({ "token": token })).send(&service)
    };
    verify(&tenant.admin).expect(200);
    assert_eq!(evidence(&verify(&tenant.admin)).1, 0);
    tenant.send("PATCH", &verifier.path, &json!({ "access": "none" })).expect(200);
    assert_eq!(evidence(&verify(&tenant.admin)).1, 0, "within the bound");
    tenant.step(&verifier, "revoke", &Value::Null).expect(200);
    assert_eq!(call("GET", "/v1/self").token(&verifier.secret).send(&service).status, 401);
    let log_in = call("POST", "/oauth/token").basic(&format!("{}:{}", verifier.id.client(), verifier.secret));
    assert_eq!(log_in.form("grant_type=client_credentials").send(&service).status, 401);
    // Nor does a token that is remembered authenticate as a caller.
    assert_eq!(verify("of-nobody").status, 401);
    assert_eq!(verify(&tenant.admin).status, 401, "forgotten");
}

#[test]
fn token_of_another_tenant_stays_unknown_although_it_is_remembered() {
    let service = InProcess::new();
    let (tenant, other) = (Tenant::named(&service, "a"), Tenant::named(&service, "b"));
    bounded(&tenant, 60);
    bounded(&other, 60);
    for _ in 0..2 {
        assert_eq!(ask(&other, &other.admin, None).json()["active"], true);
        let told = ask(&tenant, &other.admin, None);
        assert_eq!((told.json()["reason"].clone(), told.cost.trips), (json!("unknown"), 1));
    }
    assert_eq!(evidence(&ask(&other, &other.admin, None)).1, 0, "it was not forgotten");
}

type Request<'a> = Box<dyn Fn() -> Call + 'a>;

/// A batch is answered from memory as a whole, or from the database as a whole.
#[test]
fn every_route_that_verifies_answers_from_memory() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    bounded(&tenant, 60);
    let own = tenant.own(json!({ "roles": [{ "role_id": "viewer" }] }));
    let form = format!("token={}", own.secret);
    let requests: [(&str, Request<'_>); 3] = [
        ("introspection", Box::new(|| call("POST", "/oauth/introspect").token(&tenant.admin).form(&form))),
        (
            "forward-auth",
            Box::new(|| {
                let call = call("GET", "/v1/authorize?all=viewer").token(&own.secret);
                call.header("postern-verifier", tenant.admin.as_str())
            }),
        ),
        (
            "batch",
            Box::new(|| {
                let items = json!([{ "token": own.secret }, { "token": tenant.admin }, { "token": "pstn_malformed" }]);
                call("POST", "/v1/verify/batch").token(&tenant.admin).json(&json!({ "items": items }))
            }),
        ),
    ];
    for (name, request) in &requests {
        service.world().memory = Memory::new(MEMORY_MAX);
        let replies = [(); 2].map(|()| request().send(&service).expect(200));
        assert_eq!(replies.each_ref().map(|reply| reply.cost.trips), [1, 0], "{name}");
        let items = |reply: &Reply| -> Vec<Value> {
            let told = if reply.text.is_empty() { Value::Null } else { reply.json() };
            let items = told["items"].as_array().cloned().unwrap_or_else(|| vec![told]);
            items
                .into_iter()
                .map(|item| json!([item["active"], item["reason"], item["credential"], item["scope"]]))
                .collect()
        };
        assert_eq!(items(&replies[0]), items(&replies[1]), "{name}");
    }
    let (_, batch) = &requests[2];
    let told = batch().send(&service).expect(200).json();
    let sources: Vec<_> = told["items"].as_array().expect("items").iter().map(|item| text(&item["source"])).collect();
    assert_eq!(sources, ["memory", "memory", "memory"]);
    // One token that is not remembered: the database answers for all.
    let another = tenant.own(json!({}));
    let items = json!([{ "token": own.secret }, { "token": another.secret }]);
    let body = json!({ "items": items, "max_staleness_seconds": 60 });
    let reply = tenant.send("POST", "/v1/verify/batch", &body).expect(200);
    assert_eq!((reply.cost.trips, &reply.json()["items"][0]["source"]), (1, &json!("primary")));
}

/// Only what exists takes memory, and never more than the limit.
#[test]
fn memory_is_bounded_and_has_no_tokens_that_do_not_exist() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    bounded(&tenant, 300);
    ask(&tenant, &tenant.admin, None);
    let bytes = service.world().memory.bytes();
    for number in 0..1000 {
        ask(&tenant, &format!("chosen-by-nobody-{number:08}"), None);
    }
    assert_eq!(service.world().memory.bytes(), bytes);

    let limit = 10_000;
    service.world().memory = Memory::new(limit);
    let all: Vec<_> = (0..40).map(|_| tenant.own(json!({ "roles": [{ "role_id": "viewer" }] }))).collect();
    for own in &all {
        assert_eq!(ask(&tenant, &own.secret, None).json()["active"], true);
        assert!(service.world().memory.bytes() <= limit);
    }
    // The least recently used are gone.
    assert_eq!(evidence(&ask(&tenant, &all[39].secret, None)).1, 0);
    assert_eq!(evidence(&ask(&tenant, &all[0].secret, None)).1, 1);
}

struct Away;

impl Database for Away {
    async fn batch(&self, _: &[Statement<'_>]) -> Result<Batch, Fault> {
        Err(Fault::Unavailable("away".to_owned()))
    }
}

#[test]
fn database_that_is_away_is_ridden_out_for_as_long_as_the_bound() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    bounded(&tenant, 10);
    ask(&tenant, &tenant.admin, None);
    let known_since = service.world().now.get();
    let away = |after: i64| {
        let world = service.world();
        world.now.set(known_since + after - 1000);
        let authorization = format!("Bearer {}", tenant.admin);
        let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
        let body = json!({ "token": tenant.admin }).to_string();
        let headers = support::world::List(&headers);
        world.answer(&Away, "POST", "/v1/verify", &headers, body.as_bytes()).0.answer.status
    };
    assert_eq!([1, 10 * SECOND, 10 * SECOND + 1000, 20 * SECOND].map(away), [200, 200, 503, 503]);
}

/// The answer from memory equals that of the database, whatever the token's owner.
#[test]
fn memory_and_database_agree_on_every_member() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    bounded(&tenant, 300);
    let roles =
        json!([{ "role_id": "viewer" }, { "role_id": "editor", "resource": "dataset", "resource_instance": "d 1" }]);
    for members in [
        json!({ "roles": null }),
        json!({ "roles": [], "access": "verify" }),
        json!({ "roles": roles, "access": "admin", "expires_at": "2200-01-01T00:00:00Z" }),
        json!({ "roles": roles, "name": "\u{1F600} \"'\\", "principal": tenant.account }),
    ] {
        let own = tenant.own(members);
        tenant.step(&own, "rotate", &json!({ "grace_seconds": 7200 })).expect(200);
        let access = tenant.access(own.id, &own.secret);
        service.world().pass(10 * SECOND);
        // Of the same secret, with a later end.
        let later = tenant.access(own.id, &own.secret);
        for token in [&own.secret, &access, &later, &format!("{}:{}", own.id.client(), own.secret)] {
            for needs in [json!(null), json!({ "all": roles }), json!({ "any": [{ "role_id": "auditor" }] })] {
                let body = |bound: Value| json!({ "token": token, "needs": needs, "max_staleness_seconds": bound });
                let by = |bound| tenant.send("POST", "/v1/verify", &body(bound)).expect(200);
                by(Value::Null);
                let (memory, database) = (by(Value::Null), by(json!(0)));
                assert_eq!((memory.cost.trips, database.cost.trips), (0, 1));
                assert_eq!(answer(&memory), answer(&database));
            }
        }
    }
}

/// The same proof under another name of the client is another question.
#[test]
fn remembered_token_is_valid_only_with_its_own_client_id() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    bounded(&tenant, 60);
    let (own, other) = (tenant.own(json!({})), tenant.own(json!({})));
    let ask_as =
        |client: &Own| ask(&tenant, &format!("{}:{}", client.id.client(), own.secret), None).json()["active"].clone();
    assert_eq!(ask(&tenant, &own.secret, None).json()["active"], true);
    for _ in 0..2 {
        assert_eq!((ask_as(&own), ask_as(&other)), (json!(true), json!(false)));
    }
}

#[test]
fn bound_that_is_not_a_number_of_seconds_up_to_300_is_refused() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    for (bound, code) in
        [(json!(-1), "not_in_range"), (json!(301), "not_in_range"), (json!(1.5), "type"), (json!("10"), "type")]
    {
        let body = json!({ "token": "t", "max_staleness_seconds": bound });
        let error = format!("/max_staleness_seconds {code}");
        tenant.send("POST", "/v1/verify", &body).refused(422, &error);
        let body = json!({ "items": [{ "token": "t" }], "max_staleness_seconds": bound });
        tenant.send("POST", "/v1/verify/batch", &body).refused(422, &error);
    }
    let body = json!({ "items": [{ "token": "t", "max_staleness_seconds": 1 }] });
    tenant.send("POST", "/v1/verify/batch", &body).refused(422, "/items/0/max_staleness_seconds unknown_member");
    for bound in ["-1", "301", "1.5", "010", "x"] {
        let form = format!("token=t&max_staleness_seconds={bound}");
        let reply = call("POST", "/oauth/introspect").token(&tenant.admin).form(&form).send(&service).expect(400);
        assert!(reply.text.contains("max_staleness_seconds must be a whole number of seconds"), "{}", reply.text);
    }
}

/// Changes of the caller's own tenant through every face leave its bound.
#[test]
fn vendors_updates_keep_the_bound_of_the_tenant() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    bounded(&tenant, 10);
    let own = tenant.own(json!({}));
    let body = json!({ "name": "own", "roles": [] });
    call("PUT", tenant.one(Coactive, read_id(&own.shown["id"])))
        .token(&tenant.admin)
        .json(&body)
        .send(&service)
        .expect(200);
    call("PUT", format!("/v1.0/tenants/{}", tenant.id.guid()))
        .by_root()
        .json(&json!({ "Name": "n", "Active": true }))
        .send(&service)
        .expect(200);
    assert_eq!(tenant.look(tenant.at(""))["verify_staleness_seconds"], 10);
}

/// The time from which no verification reports what was valid before; `None` if that is so immediately.
fn effective_by(reply: &Reply) -> Option<&str> {
    reply.header("postern-effective-by")
}

fn http_date(micros: i64) -> String {
    postern::credential::time::Micros(micros + 999_999).to_http_date()
}

/// The name of a change, its status, and how it is made.
type Change<'a> = (&'a str, u16, Box<dyn Fn(&Tenant, &Own) -> Reply + 'a>);

#[test]
fn changes_report_when_every_verification_reflects_them() {
    let changes: [Change<'_>; 8] = [
        ("revoked", 200, Box::new(|tenant, own| tenant.step(own, "revoke", &Value::Null))),
        ("rotated", 200, Box::new(|tenant, own| tenant.step(own, "rotate", &json!({ "grace_seconds": 0 })))),
        ("patched", 200, Box::new(|tenant, own| tenant.send("PATCH", &own.path, &json!({ "enabled": false })))),
        ("deleted", 204, Box::new(|tenant, own| tenant.send("DELETE", &own.path, &Value::Null))),
        (
            "revoked by itself",
            200,
            Box::new(|tenant, own| tenant.send_by(&own.secret, "POST", "/v1/self/revoke", &json!({}))),
        ),
        (
            "on Coactive's face",
            200,
            Box::new(|tenant, own| {
                tenant.update(Coactive, own.id).json(&json!({ "name": "n", "roles": [] })).send(tenant.client)
            }),
        ),
        (
            "principal",
            200,
            Box::new(|tenant, _| {
                tenant.send(
                    "PATCH",
                    tenant.at(&format!("/principals/{}", tenant.account)),
                    &json!({ "enabled": false }),
                )
            }),
        ),
        ("tenant", 200, Box::new(|tenant, _| tenant.send("PATCH", tenant.at(""), &json!({ "name": "n" })))),
    ];
    for (name, status, change) in &changes {
        for bound in [0, 10] {
            let service = InProcess::new();
            let tenant = Tenant::new(&service);
            bounded(&tenant, bound);
            let own = tenant.own(json!({}));
            let reply = change(&tenant, &own).expect(*status);
            let by = (bound > 0).then(|| http_date(service.world().now.get() + bound * SECOND));
            assert_eq!(effective_by(&reply), by.as_deref(), "{name}");
        }
    }
    // Reads, creations, dry runs and refusals change nothing that was verified.
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    bounded(&tenant, 10);
    let own = tenant.own(json!({}));
    for reply in [
        tenant.send("GET", &own.path, &Value::Null).expect(200),
        tenant.send("POST", tenant.at("/credentials"), &json!({ "name": "n", "roles": [] })).expect(201),
        tenant.send("PATCH", format!("{}?dry_run=true", own.path), &json!({ "name": "n" })).expect(200),
        tenant.send("PATCH", &own.path, &json!({ "name": "" })).expect(422),
        tenant.verify(&own.secret).expect(200),
    ] {
        assert_eq!(effective_by(&reply), None, "{}", reply.text);
    }
}

/// An instance of the Worker may still have the old bound, so a change right after it takes as long.
#[test]
fn lowered_bound_is_reported_for_as_long_as_it_may_be_in_force() {
    let service = InProcess::new();
    let tenant = Tenant::new(&service);
    bounded(&tenant, 100);
    let own = tenant.own(json!({}));
    bounded(&tenant, 10);
    let lowered = service.world().now.get();
    let disable = |enabled: bool| tenant.send("PATCH", &own.path, &json!({ "enabled": enabled })).expect(200);
    assert_eq!(effective_by(&disable(false)), Some(http_date(lowered + 160 * SECOND).as_str()));
    // A second lowering shortens nothing.
    bounded(&tenant, 0);
    assert_eq!(effective_by(&disable(true)), Some(http_date(lowered + 160 * SECOND).as_str()));
    service.world().now.set(lowered + 160 * SECOND);
    assert_eq!(effective_by(&disable(false)), None);
}
