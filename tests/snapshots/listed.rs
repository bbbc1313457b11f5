//! Lists, complete and paged.

use postern::credential::field::Noun::{self, Credential, Principal, Tenant};
use serde_json::json;

use crate::stage::{OURS, Request, Scene, Stage};
use support::{ACME, CLIENTS, ROOT, ZERO, text};

pub const SCENE: Scene = Scene {
    situations: "listed, listed by GUIDs, a first page, a page in the middle, a page before a cursor, a page with \
        permissions, a last page, a page past the end, a page by name, a short page, searched, nothing listed, \
        tenants listed, tenants in the middle with permissions, tenants listed by an admin, principals listed, \
        principals in the middle with permissions, history, history of the tenant",
    request,
};

fn request(stage: &mut Stage, face: &str, situation: &str) -> Option<Request> {
    match (situation, face) {
        ("listed", _) => all(stage, face, Credential),
        ("listed by GUIDs", "litegraph") => {
            // The second GUID is a user's.
            let guids = format!("guids={},{},{ZERO}", stage.id.guid(), stage.user.guid());
            Some(all(stage, face, Credential)?.query(&guids))
        }
        ("a first page", "litegraph") => Some(enumeration(stage, "max-keys=2")),
        ("a first page", "keycard" | "postern") => Some(all(stage, face, Credential)?.query("limit=2")),
        ("a page in the middle", "litegraph") => {
            let order = "order=CreatedAscending";
            let token =
                text(&response(stage, &enumeration(stage, &format!("{order}&max-keys=1"))), "ContinuationToken");
            Some(enumeration(stage, &format!("{order}&maxKeys=2&skip=1&token={token}")))
        }
        ("a page in the middle", "keycard") => page(stage, Credential, "after", 1, "limit=2"),
        ("a page before a cursor", "keycard") => page(stage, Credential, "before", 3, "limit=1"),
        ("a page with permissions", "keycard") => {
            let page = page(stage, Credential, "after", 2, "limit=1&expand=permissions,total_count")?;
            Some(page.by(&stage.admin.1))
        }
        ("a last page", "litegraph") => {
            let order = "order=GuidDescending";
            let token =
                text(&response(stage, &enumeration(stage, &format!("{order}&max-keys=3"))), "ContinuationToken");
            Some(enumeration(stage, &format!("{order}&max-keys=2&token={token}")))
        }
        ("a last page", "postern") => further(stage, "limit=3", "limit=3"),
        ("a page by name", "postern") => further(stage, "sort=-name&limit=2", "sort=-name&limit=2"),
        ("a short page", "postern") => {
            stage.world.many_credentials(ACME, ACME, 1..400);
            Some(Request::get(&format!("{OURS}/credentials")).query("enabled=false&role=viewer"))
        }
        ("a last page", "keycard") => page(stage, Credential, "after", 3, "limit=2"),
        ("a page past the end", "keycard") => page(stage, Credential, "after", 4, "limit=2"),
        ("searched", "litegraph") => Some(
            enumeration(stage, "")
                .method("POST")
                .json(&json!({"Ordering": "NameAscending", "IncludeData": false, "IncludeSubordinates": false,
                "MaxResults": 2, "Skip": 1, "ContinuationToken": null, "Labels": [], "Tags": {}, "Expr": null})),
        ),
        ("nothing listed", _) => nothing(stage, face),
        ("tenants listed", _) => all(stage, face, Tenant),
        ("tenants in the middle with permissions", "keycard") => {
            page(stage, Tenant, "after", 1, "limit=2&expand[]=permissions")
        }
        ("tenants listed by an admin", _) => Some(all(stage, face, Tenant)?.by(&stage.admin.1)),
        ("principals listed", _) => all(stage, face, Principal),
        ("principals in the middle with permissions", "keycard") => {
            Some(page(stage, Principal, "after", 2, "limit=1&expand=permissions")?.by(&stage.own))
        }
        ("history", "postern") => {
            let scoped = json!([{"role_id": "viewer", "resource": "dataset"}, {"role_id": "viewer"}]);
            stage.change("", &json!({"roles": scoped, "metadata": {"team": "search"}, "enabled": false}));
            stage.change("/rotate", &json!({"grace_seconds": 3600}));
            stage.change("/revoke", &json!({"reason": "lost"}));
            Some(Request::get(&stage.ours("/events")))
        }
        ("history of the tenant", "postern") => {
            stage.world.call("DELETE", &stage.ours(""), &stage.admin.1, &serde_json::Value::Null);
            Some(Request::get(&format!("{OURS}/events")).query("limit=2"))
        }
        _ => None,
    }
}

/// A page of our own face, after the first one.
fn further(stage: &Stage, first: &str, rest: &str) -> Option<Request> {
    let all = all(stage, "postern", Credential)?;
    let first = response(stage, &Request::get(&all.url).query(first));
    Some(all.query(&format!("{rest}&cursor={}", text(&first, "next"))))
}

/// The complete list of a noun, after creating some up to four: of credentials, those of the user; the tenant has one
/// more.
fn all(stage: &Stage, face: &str, noun: Noun) -> Option<Request> {
    let [all, _] = stage.place(face, noun)?;
    let [url, _] = stage.place("keycard", noun)?;
    let there = if noun == Principal { 2 } else { 1 };
    // Not in the order of their names.
    for name in &["d", "b", "c"][there - 1..] {
        assert_eq!(stage.world.call("POST", &url, ROOT, &json!({ "name": name })).status, 201);
    }
    Some(Request::get(&all))
}

/// A page of Keycard's face, after or before the last of the first `length` items.
fn page(stage: &Stage, noun: Noun, side: &str, length: usize, rest: &str) -> Option<Request> {
    let all = all(stage, "keycard", noun)?;
    let first = response(stage, &Request::get(&all.url).query(&format!("limit={length}")));
    let place = text(&first["page_info"], "end_cursor");
    Some(all.query(&format!("{side}={place}&{rest}")))
}

/// An enumeration of LiteGraph's face, after creating some up to five.
fn enumeration(stage: &Stage, query: &str) -> Request {
    if stage.world.db.count("SELECT count(*) FROM credentials") < 5 {
        all(stage, "litegraph", Credential);
    }
    let request = Request::get(&format!("/v2.0/tenants/{ZERO}/credentials"));
    if query.is_empty() { request } else { request.query(query) }
}

fn response(stage: &Stage, request: &Request) -> serde_json::Value {
    stage.world.get(&request.url, ROOT).json()
}

fn nothing(stage: &Stage, face: &str) -> Option<Request> {
    stage.world.tenant("0000000000000000000000000e", "empty");
    Some(match face {
        "coactive" => Request::get(CLIENTS).with("x-postern-tenant", "empty"),
        "litegraph" => Request::get("/v2.0/tenants/00000000-0000-0000-0000-00000000000e/credentials"),
        "keycard" => Request::get("/organizations/empty/service-accounts/00000000000000000000000000/credentials"),
        "postern" => Request::get("/v1/tenants/0000000000000000000000000e/credentials"),
        _ => return None,
    })
}
