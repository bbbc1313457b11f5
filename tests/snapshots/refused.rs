//! Errors, and an unavailable or misconfigured service.

use postern::credential::field::Noun::{Credential, Principal, Tenant};
use postern::request::{BODY_MAX, TAGS_MAX, VALUES_MAX};
use postern::settings::Settings;
use postern::store::Fault;
use serde_json::json;

use crate::parents::{organization, service_account};
use crate::stage::{OURS, Request, Scene, Stage};
use support::{ACME, CUT, ZERO, settings};

pub const SCENE: Scene = Scene {
    situations: "no route, unsupported method, unsupported coding, unsupported media type, unsupported patch, too large, broken off, not UTF-8, not JSON, \
        too deep, too many values, duplicate member, not an object, client request id, idempotency key, too many \
        ETags, bad query, bad query of tenants, bad history query, bad dry run, dry run not supported, unknown \
        parameter, bad search, unsupported grant, unsupported scope, bad form, no token, unknown token, too many failures, log-in \
        refused, inactive, forbidden, root only, tenant not named, no such tenant, no such principal, no such \
        credential, stale, stale by If-None-Match, stale tenant, without If-Match, key reused, too many, \
        forbidden change, no RBAC, id taken, token taken, default principal, tenant not empty, misconfigured, \
        invalid master key, sealed under another key, not ready, not ready for root, database unavailable, outcome unknown, bug in Postern",
    request,
};

fn request(stage: &mut Stage, face: &str, situation: &str) -> Option<Request> {
    // Each function knows its own situations.
    unrouted(stage, face, situation)
        .or_else(|| unreadable(stage, face, situation))
        .or_else(|| not_allowed(stage, face, situation))
        .or_else(|| not_there(stage, face, situation))
        .or_else(|| not_now(stage, face, situation))
        .or_else(|| not_so(stage, face, situation))
        .or_else(|| not_well(stage, face, situation))
}

/// A valid request of the face.
fn any(stage: &Stage, face: &str) -> Option<Request> {
    stage.read(face).or_else(|| stage.log_in(face))
}

fn unrouted(stage: &Stage, face: &str, situation: &str) -> Option<Request> {
    let credentials = |version: &str| Request::get(&format!("/{version}/tenants/{ZERO}/credentials"));
    match (situation, face) {
        ("no route", "coactive") => Some(Request::get("/api/v1/nothing")),
        ("no route", "litegraph") => Some(Request::get("/v1.0/nothing")),
        ("no route", "keycard") => Some(Request::get("/organizations/acme/nothing")),
        ("no route", "oauth") => Some(Request::get("/oauth/nothing")),
        ("no route", "postern") => Some(Request::get("/nothing")),
        ("unsupported method", _) => Some(any(stage, face)?.method("TRACE")),
        ("client request id", "keycard") => Some(stage.update(face)?.with("x-client-request-id", "not one")),
        ("bad query", "coactive") => {
            Some(Request::get("/api/v1/auth-management/roles").query("roles_context=everything"))
        }
        ("bad query", "litegraph") => {
            Some(credentials("v1.0").query("order=Random&max-keys=0&skip=some&token=nobody&guids="))
        }
        ("bad query", "keycard") => Some(Request::get(&stage.credentials).query("limit=101&after=nobody&before=a")),
        ("bad query", "postern") => {
            let wrong =
                "limit=101&sort=id&cursor=nobody&enabled=maybe&principal=ada&expires_before=soon&unused_since=1";
            Some(Request::get(&format!("{OURS}/credentials")).query(&format!("{wrong}&unrotated_since=yesterday")))
        }
        // Tenants and principals have no order by name.
        ("bad query of tenants", "postern") => Some(Request::get("/v1/tenants").query("sort=name")),
        ("bad history query", "postern") => Some(Request::get(&stage.ours("/events")).query("limit=0&cursor=newest")),
        ("bad dry run", "postern") => Some(stage.update(face)?.query("dry_run=yes")),
        ("dry run not supported", "postern") => Some(stage.create(face)?.query("dry_run=true")),
        ("unknown parameter", "postern") => Some(Request::get(&format!("{OURS}/credentials")).query("enable=false")),
        ("too many ETags", _) => {
            let request = stage.update(face).or_else(|| stage.log_in(face))?;
            Some(request.with("if-none-match", &",".repeat(TAGS_MAX)))
        }
        ("idempotency key", "postern") => Some(stage.create(face)?.with("idempotency-key", "not one")),
        ("bad search", "litegraph") => Some(
            credentials("v2.0")
                .method("POST")
                .json(&json!({"Ordering": 5, "MaxResults": 1001, "Skip": -1, "ContinuationToken": "nobody"})),
        ),
        _ => None,
    }
}

fn unreadable(stage: &Stage, face: &str, situation: &str) -> Option<Request> {
    let updating = |body: &[u8]| stage.update(face).map(|update| update.body(body));
    let sending = || stage.update(face).or_else(|| stage.log_in(face));
    match (situation, face) {
        ("unsupported coding", _) => Some(sending()?.with("content-encoding", "gzip")),
        ("unsupported media type", _) => Some(sending()?.with("content-type", "text/plain")),
        ("unsupported patch", "postern") => {
            let patch = json!([{"op": "replace", "path": "/name", "value": "renamed"}]);
            let patch = stage.update(face)?.method("PATCH").body(patch.to_string());
            Some(patch.with("content-type", "application/json-patch+json"))
        }
        ("too large", _) => Some(sending()?.body(vec![b' '; BODY_MAX + 1])),
        ("broken off", _) => Some(sending()?.body(CUT)),
        ("not UTF-8", _) => Some(sending()?.body(b"{\"name\":\"\xff\"}")),
        ("not JSON", _) => updating(b"{\n  \"name\": }"),
        ("too deep", _) => updating("[".repeat(33).as_bytes()),
        ("too many values", "oauth") => {
            let parameter = |number| format!("p{number}=");
            Some(stage.log_in(face)?.body((0..=VALUES_MAX).map(parameter).collect::<Vec<_>>().join("&")))
        }
        ("too many values", _) => updating(format!("{{\"a\":[{}0]}}", "0,".repeat(VALUES_MAX)).as_bytes()),
        ("duplicate member", _) => updating(br#"{"name":"a","name":"b"}"#),
        ("not an object", _) => updating(b"[]"),
        ("unsupported grant", "coactive") => Some(stage.log_in(face)?.json(&json!({"grant_type": "password"}))),
        ("unsupported grant", "oauth") => Some(stage.log_in(face)?.body("grant_type=password&username=u&password=p")),
        ("unsupported scope", "oauth") => {
            Some(stage.log_in(face)?.body("grant_type=client_credentials&scope=superuser"))
        }
        ("bad form", "oauth") => Some(stage.log_in(face)?.body("grant_type=client_credentials&scope=a&scope=b")),
        _ => None,
    }
}

fn not_allowed(stage: &mut Stage, face: &str, situation: &str) -> Option<Request> {
    match (situation, face) {
        ("no token", _) => any(stage, face).map(Request::by_nobody),
        ("unknown token", "oauth") => Some(stage.log_in(face)?.by_basic(&stage.admin.0, "nobody-has-this")),
        // With another credential's secret.
        ("log-in refused", "coactive") => Some(stage.log_in(face)?.by_basic(&stage.admin.0, &stage.own)),
        ("too many failures", _) => {
            stage.over = true;
            any(stage, face).map(Request::by_nobody)
        }
        ("unknown token", _) => Some(stage.read(face)?.by("nobody-has-this")),
        ("inactive", _) => {
            stage.world.patch_where("credentials", "true", &json!({"enabled": false}));
            stage.read(face).map(|read| read.by(&stage.admin.1)).or_else(|| stage.log_in(face))
        }
        ("forbidden", _) => Some(stage.update(face)?.by(&stage.own)),
        ("root only", "keycard") => Some(organization().by(&stage.admin.1)),
        ("root only", "postern") => Some(organization().at("/v1/tenants").by(&stage.admin.1)),
        ("tenant not named", "coactive") => Some(stage.read(face)?.without("x-postern-tenant")),
        _ => None,
    }
}

fn not_there(stage: &Stage, face: &str, situation: &str) -> Option<Request> {
    match (situation, face) {
        ("no such tenant", "coactive") => Some(stage.read(face)?.with("x-postern-tenant", "nobody")),
        ("no such tenant", "keycard") => Some(service_account("nobody")),
        ("no such tenant", _) => {
            let create = stage.create(face)?;
            let url = create.url.replacen("0000", "aaaa", 1);
            Some(create.at(&url))
        }
        ("no such principal", "litegraph" | "postern") => stage.one(face, Principal).map(Request::of_another),
        ("no such principal", "keycard") => {
            let url = stage.credentials.replace(&stage.user.to_string(), "0000000000000000000000000a");
            Some(stage.create(face)?.at(&url))
        }
        ("no such credential", _) => stage.read(face).map(Request::of_another),
        ("too many", "keycard" | "postern") => {
            // The count is of the service account's own credentials.
            ten_thousand_more(stage);
            stage.delete(face, Principal)
        }
        ("too many", _) => {
            stage.world.db.execute("UPDATE tenants SET credentials = 10001", &[]);
            stage.place(face, Credential).map(|[all, _]| Request::get(&all))
        }
        _ => None,
    }
}

/// Conflicts with a change or a use since the caller's last read.
fn not_now(stage: &Stage, face: &str, situation: &str) -> Option<Request> {
    let now = || format!("\"{}.2\"", stage.id);
    match (situation, face) {
        ("stale", _) => Some(stage.update(face)?.with("if-match", &format!("\"{}.9\"", stage.id))),
        ("stale by If-None-Match", "postern") => Some(stage.update(face)?.with("if-none-match", &now())),
        ("stale tenant", "postern") => Some(stage.delete(face, Tenant)?.with("if-match", &format!("\"{ACME}.9\""))),
        ("without If-Match", _) => {
            stage.world.patch_where("tenants", "true", &json!({"preconditions": true}));
            stage.update(face)
        }
        ("key reused", "postern") => {
            let once = || Some(stage.create(face)?.with("idempotency-key", "the-first"));
            assert_eq!(stage.send(&once()?).status, 201);
            Some(once()?.json(&json!({"name": "another", "roles": null})))
        }
        _ => None,
    }
}

fn ten_thousand_more(stage: &Stage) {
    stage.world.db.execute(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT 10000)
         INSERT INTO credentials (tenant, id, state, revision, created_at, updated_at, change, changed_at, changed_by,
           changed_request, event)
         SELECT c.tenant, printf('%026d', n), c.state, 1, c.created_at, c.updated_at, 'c', 0, 'root', 'r', n + 100
         FROM n CROSS JOIN credentials AS c ON c.id = ?1",
        &[&stage.id.to_string()],
    );
}

fn not_so(stage: &Stage, face: &str, situation: &str) -> Option<Request> {
    match (situation, face) {
        ("forbidden change", "litegraph") => {
            let off = json!({"Name": "acme", "Active": false});
            Some(stage.one(face, Tenant)?.method("PUT").body(off.to_string()).by(&stage.admin.1))
        }
        ("forbidden change", "postern") => {
            let editor = stage.world.caller(&["editor"]);
            Some(stage.update(face)?.by(&editor))
        }
        ("no RBAC", "coactive" | "postern") => {
            stage.world.patch_where("tenants", "true", &json!({"rbac": false}));
            stage.update(face)
        }
        ("id taken", "litegraph") => {
            Some(stage.create(face)?.json(&json!({"GUID": stage.id.guid(), "UserGUID": ZERO})))
        }
        ("token taken", "litegraph") => {
            Some(stage.create(face)?.json(&json!({"UserGUID": ZERO, "BearerToken": stage.own})))
        }
        ("default principal", "litegraph") => Some(Request::delete(&format!("/v1.0/tenants/{ZERO}/users/{ZERO}"))),
        ("default principal", "keycard") => {
            Some(Request::delete(&format!("/organizations/acme/service-accounts/{ACME}")))
        }
        ("default principal", "postern") => Some(Request::delete(&format!("{OURS}/principals/{ACME}"))),
        ("tenant not empty", "litegraph" | "postern") => stage.delete(face, Tenant),
        _ => None,
    }
}

fn not_well(stage: &mut Stage, face: &str, situation: &str) -> Option<Request> {
    match (situation, face) {
        ("misconfigured", _) => {
            stage.world.settings = Settings::read(|_| None);
            any(stage, face)
        }
        ("invalid master key", "postern") => {
            stage.world.settings = settings("abcd", None);
            Some(Request::get("/v1/tenants"))
        }
        ("sealed under another key", "litegraph") => {
            stage.world.settings = settings(&"ab".repeat(32), None);
            stage.read(face)
        }
        ("not ready" | "not ready for root", "postern") => {
            stage.world.settings = settings(&"ab".repeat(32), None);
            let ready = Request::get("/readyz");
            Some(if situation == "not ready" { ready.by_nobody() } else { ready })
        }
        ("database unavailable", _) => {
            stage.fault = Some(Fault::Unavailable("the network, at 10.0.0.1".to_owned()));
            any(stage, face)
        }
        ("outcome unknown", _) => {
            let request = stage.update(face)?;
            stage.fault = Some(Fault::Lost("Network connection lost.".to_owned()));
            Some(request)
        }
        ("bug in Postern", _) => {
            stage.fault = Some(Fault::Failed("near \"SELEC\": syntax error".to_owned()));
            any(stage, face)
        }
        _ => None,
    }
}
