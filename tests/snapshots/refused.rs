//! Refusals, and what is not well with the service.

use postern::credential::field::Noun::{Credential, Principal, Tenant};
use postern::request::BODY_MAX;
use postern::settings::Settings;
use postern::store::Fault;
use serde_json::json;

use crate::common::{ACME, ZERO, settings};
use crate::parents::{organization, service_account};
use crate::stage::{Request, Scene, Stage};

pub const SCENE: Scene = Scene {
    situations: &[
        "no route",
        "another method",
        "another media type",
        "too large",
        "not UTF-8",
        "not JSON",
        "too deep",
        "member twice",
        "no object",
        "client request id",
        "bad query",
        "bad search",
        "another grant",
        "bad form",
        "no token",
        "unknown token",
        "log-in refused",
        "inactive",
        "forbidden",
        "root alone",
        "tenant not named",
        "no such tenant",
        "no such principal",
        "no such credential",
        "stale",
        "without If-Match",
        "too many",
        "violations",
        "violations of a user",
        "unknown user",
        "forbidden change",
        "no RBAC",
        "id taken",
        "token taken",
        "default principal",
        "tenant not empty",
        "misconfigured",
        "a key that is none",
        "sealed under another key",
        "database away",
        "bug of ours",
    ],
    request,
};

fn request(stage: &mut Stage, face: &str, situation: &str) -> Option<Request> {
    match situation {
        "no route" | "another method" | "client request id" | "bad query" | "bad search" => {
            unrouted(stage, face, situation)
        }
        "another media type" | "too large" | "not UTF-8" | "not JSON" | "too deep" | "member twice" | "no object"
        | "another grant" | "bad form" => unreadable(stage, face, situation),
        "no token" | "unknown token" | "log-in refused" | "inactive" | "forbidden" | "root alone"
        | "tenant not named" => not_allowed(stage, face, situation),
        "no such tenant" | "no such principal" | "no such credential" | "stale" | "without If-Match" | "too many" => {
            not_there(stage, face, situation)
        }
        "misconfigured" | "a key that is none" | "sealed under another key" | "database away" | "bug of ours" => {
            not_well(stage, face, situation)
        }
        _ => not_so(stage, face, situation),
    }
}

/// A request that the face answers, if all is well.
fn any(stage: &Stage, face: &str) -> Option<Request> {
    stage.read(face).or_else(|| stage.log_in(face))
}

fn unrouted(stage: &Stage, face: &str, situation: &str) -> Option<Request> {
    let credentials = |version: &str| Request::get(&format!("/{version}/tenants/{ZERO}/credentials"));
    match (situation, face) {
        ("no route", "coactive") => Some(Request::get("/api/v1/nothing")),
        ("no route", "litegraph") => Some(Request::get("/v1.0/nothing")),
        ("no route", "keycard") => Some(Request::get("/organizations/acme/nothing")),
        ("no route", "postern") => Some(Request::get("/nothing")),
        ("another method", _) => Some(any(stage, face)?.method("TRACE")),
        ("client request id", "keycard") => Some(stage.update(face)?.with("x-client-request-id", "not one")),
        ("bad query", "coactive") => {
            Some(Request::get("/api/v1/auth-management/roles").asking("roles_context=everything"))
        }
        ("bad query", "litegraph") => {
            Some(credentials("v1.0").asking("order=Random&max-keys=0&skip=some&token=nobody&guids="))
        }
        ("bad query", "keycard") => Some(Request::get(&stage.credentials).asking("limit=101&after=nobody&before=a")),
        ("bad search", "litegraph") => {
            let body = json!({"Ordering": 5, "MaxResults": 1001, "Skip": -1, "ContinuationToken": "nobody"});
            Some(credentials("v2.0").method("POST").saying(body.to_string()))
        }
        _ => None,
    }
}

fn unreadable(stage: &Stage, face: &str, situation: &str) -> Option<Request> {
    let updating = |body: &[u8]| stage.update(face).map(|update| update.saying(body));
    let sending = || stage.update(face).or_else(|| stage.log_in(face));
    match (situation, face) {
        ("another media type", _) => Some(sending()?.with("content-type", "text/plain")),
        ("too large", _) => Some(sending()?.saying(vec![b' '; BODY_MAX + 1])),
        ("not UTF-8", _) => Some(sending()?.saying(b"{\"name\":\"\xff\"}")),
        ("not JSON", _) => updating(b"{\n  \"name\": }"),
        ("too deep", _) => updating("[".repeat(33).as_bytes()),
        ("member twice", _) => updating(br#"{"name":"a","name":"b"}"#),
        ("no object", _) => updating(b"[]"),
        ("another grant", "coactive") => {
            Some(stage.log_in(face)?.saying(json!({"grant_type": "password"}).to_string()))
        }
        ("another grant", "oauth") => Some(stage.log_in(face)?.saying("grant_type=password&username=u&password=p")),
        ("bad form", "oauth") => Some(stage.log_in(face)?.saying("grant_type=client_credentials&scope=a&scope=b")),
        _ => None,
    }
}

fn not_allowed(stage: &Stage, face: &str, situation: &str) -> Option<Request> {
    match (situation, face) {
        ("no token", _) => any(stage, face).map(Request::by_nobody),
        ("unknown token", "oauth") => Some(stage.log_in(face)?.by_basic(&stage.admin.0, "nobody-has-this")),
        // By another credential's secret.
        ("log-in refused", "coactive") => Some(stage.log_in(face)?.by_basic(&stage.admin.0, &stage.own)),
        ("unknown token", _) => Some(stage.read(face)?.by("nobody-has-this")),
        ("inactive", _) => {
            stage.world.db.execute("UPDATE credentials SET enabled = 0", &[]);
            stage.read(face).map(|read| read.by(&stage.admin.1)).or_else(|| stage.log_in(face))
        }
        ("forbidden", _) => Some(stage.update(face)?.by(&stage.own)),
        ("root alone", "keycard") => Some(organization().by(&stage.admin.1)),
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
        ("no such principal", "litegraph") => stage.one(face, Principal).map(Request::of_another),
        ("no such principal", "keycard") => {
            let url = stage.credentials.replace(&stage.user.to_string(), "0000000000000000000000000a");
            Some(stage.create(face)?.at(&url))
        }
        ("no such credential", _) => stage.read(face).map(Request::of_another),
        ("stale", _) => Some(stage.update(face)?.with("if-match", &format!("\"{}.9\"", stage.id))),
        ("without If-Match", _) => {
            stage.world.db.execute("UPDATE tenants SET preconditions = 1", &[]);
            stage.update(face)
        }
        ("too many", "keycard") => {
            // Counted are the service account's own.
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

fn ten_thousand_more(stage: &Stage) {
    stage.world.db.execute(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT 10000)
         INSERT INTO credentials (tenant, id, principal, name, enabled, revision, created_at, updated_at, change, changed_at,
           changed_by, changed_request, event)
         SELECT c.tenant, printf('%026d', n), c.principal, c.name, 1, 1, c.created_at, c.updated_at, 'c', 0, 'root', 'r', n + 100
         FROM n CROSS JOIN credentials AS c ON c.id = ?1",
        &[&stage.id.to_string()],
    );
}

fn not_so(stage: &Stage, face: &str, situation: &str) -> Option<Request> {
    match (situation, face) {
        ("violations", _) => violations(stage, face),
        ("violations of a user", "litegraph") => {
            let user = json!({"FirstName": "f".repeat(256), "LastName": 7, "Email": "e\u{0}", "Active": null});
            Some(stage.one(face, Principal)?.method("PUT").saying(user.to_string()))
        }
        ("unknown user", "litegraph") => {
            let body = json!({"UserGUID": "aaaaaaaa-0000-0000-0000-00000000000a", "Name": "renamed"});
            Some(stage.update(face)?.saying(body.to_string()))
        }
        ("forbidden change", "litegraph") => {
            let off = json!({"Name": "acme", "Active": false});
            Some(stage.one(face, Tenant)?.method("PUT").saying(off.to_string()).by(&stage.admin.1))
        }
        ("no RBAC", "coactive") => {
            stage.world.db.execute("UPDATE tenants SET rbac = 0", &[]);
            stage.update(face)
        }
        ("id taken", "litegraph") => {
            let body = json!({"GUID": stage.id.guid(), "UserGUID": ZERO});
            Some(stage.create(face)?.saying(body.to_string()))
        }
        ("token taken", "litegraph") => {
            let body = json!({"UserGUID": ZERO, "BearerToken": stage.own});
            Some(stage.create(face)?.saying(body.to_string()))
        }
        ("default principal", "litegraph") => Some(Request::delete(&format!("/v1.0/tenants/{ZERO}/users/{ZERO}"))),
        ("default principal", "keycard") => {
            Some(Request::delete(&format!("/organizations/acme/service-accounts/{ACME}")))
        }
        ("tenant not empty", "litegraph") => stage.delete(face, Tenant),
        _ => None,
    }
}

fn not_well(stage: &mut Stage, face: &str, situation: &str) -> Option<Request> {
    match (situation, face) {
        ("misconfigured", _) => {
            stage.world.settings = Settings::read(|_| None);
            any(stage, face).or_else(|| Some(Request::get("/v1/tenants")))
        }
        ("a key that is none", "postern") => {
            stage.world.settings = settings("abcd", None);
            Some(Request::get("/v1/tenants"))
        }
        ("sealed under another key", "litegraph") => {
            stage.world.settings = settings(&"ab".repeat(32), None);
            stage.read(face)
        }
        ("database away", _) => {
            stage.fault = Some(Fault::Unavailable("the network, at 10.0.0.1".to_owned()));
            any(stage, face)
        }
        ("bug of ours", _) => {
            stage.fault = Some(Fault::Failed("near \"SELEC\": syntax error".to_owned()));
            any(stage, face)
        }
        _ => None,
    }
}

fn violations(stage: &Stage, face: &str) -> Option<Request> {
    let body = match face {
        "coactive" => json!({
            "name": "n".repeat(256), "roles_context": "dataset:",
            "roles": [{}, {"role_id": 7}, "x", {"role_id": "owner"}, {"role_id": "admin", "resource_instance": "i"},
                {"role_id": "", "resource": "\u{0}"}, {"role_id": null, "resource": "r".repeat(256)}],
        }),
        "litegraph" => json!({"Name": "", "Active": "yes", "BearerToken": "a b"}),
        _ => json!({"name": null, "description": "d".repeat(501)}),
    };
    Some(stage.update(face)?.saying(body.to_string()))
}
