//! Invalid bodies: all violations together, each with its location.

use std::collections::BTreeMap;

use postern::credential::field::Noun::{Principal, Tenant};
use serde_json::{Value, json};

use crate::stage::{Request, Scene, Stage};

pub const SCENE: Scene = Scene {
    situations: "violations, violations of a user, unknown user, violations of types, violations by absent members, \
        violations by null members, violations of members, violations of read-only members, violations of roles, \
        violations found in the database, violations of metadata, violations of merged metadata, violations of a \
        creation, violations of a tenant, violations of a principal, violations of a rotation, violations of a \
        rotation by a string, violations of a revocation, violations of a verification, violations of a \
        verification without needs, violations of a verification with two needs, violations of a batch, violations of an empty batch, violations of long lists, more violations than are listed",
    request,
};

fn request(stage: &mut Stage, face: &str, situation: &str) -> Option<Request> {
    let long = |count: usize| "x".repeat(count);
    match (situation, face) {
        ("violations", "coactive") => Some(stage.update(face)?.json(&json!({
            "name": long(256), "roles_context": "dataset:",
            "roles": [{}, {"role_id": 7}, "x", {"role_id": "owner"}, {"role_id": "admin", "resource_instance": "i"},
                {"role_id": "", "resource": "\u{0}"}, {"role_id": null, "resource": long(256)}],
        }))),
        ("violations of long lists", "coactive") => {
            Some(stage.update(face)?.json(&json!({"name": "n", "roles": vec![json!({}); 101]})))
        }
        ("more violations than are listed", "coactive") => {
            let role = json!({"resource_instance": "i"});
            Some(stage.update(face)?.json(&json!({"name": "n", "roles": vec![role; 100]})))
        }
        ("violations", "litegraph") => {
            Some(stage.update(face)?.json(&json!({"Name": "", "Active": "yes", "BearerToken": "a b"})))
        }
        ("violations", "keycard") => Some(stage.update(face)?.json(&json!({"name": null, "description": long(501)}))),
        ("violations of a user", "litegraph") => Some(
            stage
                .one(face, Principal)?
                .method("PUT")
                .json(&json!({"FirstName": long(256), "LastName": 7, "Email": "e\u{0}", "Active": null})),
        ),
        ("unknown user", "litegraph") => Some(
            stage.update(face)?.json(&json!({"UserGUID": "aaaaaaaa-0000-0000-0000-00000000000a", "Name": "renamed"})),
        ),
        (_, "postern") => ours(stage, situation),
        _ => None,
    }
}

fn ours(stage: &Stage, situation: &str) -> Option<Request> {
    let putting = |body: &Value| Some(stage.update("postern")?.body(body.to_string()));
    // The complete resource, with these members replaced.
    let with = |members: Value| {
        let mut whole = stage.whole();
        whole.as_object_mut()?.extend(members.as_object()?.clone());
        putting(&whole)
    };
    let step = |step: &str, body: &Value| Some(Request::new("POST", &stage.ours(step), body));
    let many = |range: std::ops::Range<u32>, value: &str| -> BTreeMap<String, String> {
        range.map(|number| (format!("member {number:02}"), value.to_owned())).collect()
    };
    match situation {
        "violations" => putting(&json!({
            "principal": "ada", "name": "n".repeat(256), "description": "d".repeat(501), "enabled": null, "roles": {},
            "access": "owner", "expires_at": "tomorrow", "metadata": {"team": 7, "a/b~c": "line\nline"}, "descripton": "", "id": "another",
        })),
        "violations of types" => putting(&json!({
            "principal": 1, "name": {}, "description": [], "enabled": "yes", "roles": "viewer", "expires_at": 1_767_225_600,
            "metadata": [],
        })),
        "violations by absent members" => putting(&json!({})),
        "violations by null members" => {
            with(json!({"principal": null, "name": null, "enabled": null, "roles": [{"role_id": null}]}))
        }
        "violations of members" => with(json!({
            "expire_at": null, "Roles": null, "metdata": {}, "secret": "a", "grace_seconds": 0, "colour": "red",
        })),
        // As read, except for one digit each.
        "violations of read-only members" => with(json!({
            "id": "0000000000000000000000000a", "tenant": "0000000000000000000000000a", "revision": 9,
            "created_at": "2026-11-21T00:00:00Z", "updated_at": null, "revoked_at": "2026-11-21T00:00:00Z",
            "revoked_reason": "none",
        })),
        "violations of roles" => with(json!({"roles": [
            {}, {"role_id": 7}, "viewer", {"role_id": "admin", "resource_instance": "i"},
            {"role_id": "", "resource": "\u{0}"}, {"role_id": "viewer", "resource": "r".repeat(256)},
            {"role_id": "viewer", "resorce": "dataset"},
        ]})),
        "violations found in the database" => with(json!({
            "principal": "0000000000000000000000000a", "access": "verify_all",
            "roles": [{"role_id": "owner"}, {"role_id": "viewer"}, {"role_id": "Admin", "resource": "dataset"}],
        })),
        "violations of metadata" => with(json!({"metadata": many(0..17, &"\u{e9}".repeat(200))})),
        "violations of merged metadata" => {
            stage.change("", &json!({"metadata": many(0..9, "")}));
            let body = json!({"metadata": many(8..17, "")});
            Some(stage.update("postern")?.method("PATCH").body(body.to_string()))
        }
        "violations of a creation" => {
            Some(stage.create("postern")?.json(&json!({"name": "", "id": stage.id, "secret": "a-token-of-my-own"})))
        }
        "violations of a tenant" => {
            let names: Vec<_> = (0..97).map(|number| Value::from(format!("role-{number}"))).collect();
            let names = [names, vec!["".into(), 7.into(), "a b".into()]].concat();
            let body =
                json!({"name": 7, "enabled": true, "require_if_match": "yes", "role_names": names, "label": "other"});
            Some(stage.one("postern", Tenant)?.method("PUT").body(body.to_string()))
        }
        "violations of a principal" => Some(
            stage
                .one("postern", Principal)?
                .method("PUT")
                .json(&json!({"name": "a\u{7f}", "roles": null, "tenant": "0000000000000000000000000a"})),
        ),
        "violations of a rotation" => step("/rotate", &json!({"grace_seconds": -1, "grace": 1})),
        "violations of a rotation by a string" => step("/rotate", &json!({"grace_seconds": "an hour"})),
        "violations of a revocation" => step("/revoke", &json!({"reason": "r".repeat(501), "why": ""})),
        "violations of long lists" => {
            with(json!({"roles": vec![json!({"role": 7}); 101], "metadata": many(0..33, "\n")}))
        }
        "more violations than are listed" => {
            let unknown: BTreeMap<_, _> = (0..101).map(|number| (format!("name{number:03}"), "")).collect();
            putting(&json!(unknown))
        }
        "violations of a batch" => Some(Request::new(
            "POST",
            "/v1/verify/batch",
            &json!({"items": [{"token": "a", "needs": {"all": []}}, {"token": "b"}, 7, {"needs": {"any": [{}]}}], "item": []}),
        )),
        "violations of an empty batch" => Some(Request::new("POST", "/v1/verify/batch", &json!({"items": []}))),
        "violations of a verification without needs" => {
            Some(Request::new("POST", "/v1/verify", &json!({"token": "", "needs": {"any": []}})))
        }
        "violations of a verification with two needs" => {
            Some(Request::new("POST", "/v1/verify", &json!({"needs": {"any": [], "all": []}})))
        }
        "violations of a verification" => Some(Request::new(
            "POST",
            "/v1/verify",
            &json!({"token": 7, "needs": {"all": [
                {"role_id": 7, "resource_instance": "i"}, "x", {"role_id": "", "resourse": "r"}, {"role_id": "a", "resource": "b"},
            ], "some": []}, "role_id": "a"}),
        )),
        _ => None,
    }
}
