//! Errors in their order, which is the same on every face: unreadable (415, 413, then the body), 401, 403, 404, 412,
//! violations, 409. Each series starts with a request that has every fault, and each step removes one fault.

use postern::route::ROUTES;
use serde_json::json;

use support::face::Face::{self, Coactive, Keycard, LiteGraph, Postern};
use support::routes::{PathIds, body, form, permitted, request};
use support::tenant::{Tenant, nobody};
use support::{CLIENTS, Call, Client, call, client, get};

/// Sends each request and checks its error. Only the last may write.
#[track_caller]
fn climb(client: &dyn Client, face: Face, steps: Vec<(Call, u16, &str)>) {
    let last = steps.len() - 1;
    for (place, (call, status, word)) in steps.into_iter().enumerate() {
        let reply = call.send(client).expect(status);
        if status >= 300 {
            assert_eq!((place, face.error(&reply).as_str()), (place, word), "{reply:?}");
        }
        assert!(place == last || reply.cost.rows_written == 0, "{reply:?}");
    }
}

#[test]
fn update_returns_the_first_failing_check() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let viewer = tenant.caller(&["viewer"]);
    for face in Face::ALL {
        let subject = tenant.subject();
        let (missing, there) = (tenant.one(face, nobody()), tenant.one(face, subject.id));
        let update = |path: &str| call(face.update(), path).header("if-match", "\"stale.1\"");
        let (invalid, valid) = (tenant.naming(face, 5).to_string(), tenant.naming(face, "valid"));
        let (unreadable, large) = ("{\"name\":", "{".repeat(64 * 1024 + 1));
        let json = |call: Call, body: &str| call.header("content-type", "application/json").bytes(body);
        let unknown = |call: Call| call.token("of-nobody");
        let admin = |call: Call| call.token(&tenant.admin);
        climb(
            &*client,
            face,
            vec![
                (
                    unknown(update(&missing)).header("content-type", "text/plain").bytes(&*large),
                    415,
                    face.of([
                        "Unsupported Media Type: send application/json",
                        "BadRequest",
                        "unsupported_media_type",
                        "unsupported_media_type",
                    ]),
                ),
                (json(unknown(update(&missing)), &large), 413, face.too_large()),
                (json(unknown(update(&missing)), unreadable), face.unreadable().0, face.unreadable().1),
                (json(unknown(update(&missing)), &invalid), 401, face.unauthenticated()),
                (json(update(&missing).token(&viewer), &invalid), face.forbidden().0, face.forbidden().1),
                (json(admin(update(&missing)), &invalid), 404, face.no_credential()),
                (json(admin(update(&there)), &invalid), 412, face.stale()),
                (json(admin(call(face.update(), &*there)), &invalid), face.invalid(), &face.bad_name("string_type")),
                (admin(call(face.update(), &*there)).json(&valid), 200, ""),
            ],
        );
    }
}

/// For every caller, and whether or not the body has that coding: the body is not read.
#[test]
fn content_coding_is_rejected_on_every_route_that_reads_a_body() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let place = PathIds::new(&tenant);
    let mut refused = 0;
    for route in ROUTES.iter().filter(|route| body(route, &place).is_some() || form(route, "x").is_some()) {
        for codings in ["br", "Deflate", "identity, zstd", "x-gzip,identity", "aws-chunked"] {
            for call in [request(route, &place), permitted(route, &place)] {
                let reply = call.header("content-encoding", codings).send(&*client).expect(415);
                assert_eq!((reply.header("accept-encoding"), reply.cost.trips), (Some("identity"), 0), "{reply:?}");
                refused += 1;
            }
        }
        for none in ["identity", "Identity, IDENTITY"] {
            let reply = permitted(route, &place).header("content-encoding", none).send(&*client);
            assert_ne!(reply.status, 415, "{reply:?}");
        }
    }
    assert!(refused >= 250, "{refused}");
}

#[test]
fn deletion_returns_the_first_failing_check() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let viewer = tenant.caller(&["viewer"]);
    for face in Face::ALL {
        let subject = tenant.subject();
        let (missing, there) = (tenant.one(face, nobody()), tenant.one(face, subject.id));
        let delete = |path: &str| call("DELETE", path).header("if-match", "\"stale.1\"");
        let mut steps = vec![
            (delete(&missing).token("of-nobody"), 401, face.unauthenticated()),
            (delete(&missing).token(&viewer), face.forbidden().0, face.forbidden().1),
            (delete(&missing).token(&tenant.admin), 404, face.no_credential()),
            (delete(&there).token(&tenant.admin), 412, face.stale()),
            (call("DELETE", &*there).token(&tenant.admin), face.deleted(), ""),
        ];
        if face == LiteGraph {
            // "200, also when it did not exist"; but the tenant must exist.
            steps[2] =
                (delete(&missing.replace(&tenant.id.guid(), &nobody().guid())).token(&tenant.admin), 404, "NotFound");
        }
        climb(&*client, face, steps);
    }
}

#[test]
fn list_returns_the_first_failing_check() {
    let client = client();
    let (tenant, other) = (Tenant::new(&*client), Tenant::new(&*client));
    let none = tenant.client(&json!({ "name": "n", "roles": [{ "role_id": "admin", "resource": "dataset" }] })).1;
    let enumeration = |tenant: &Tenant| format!("/v2.0/tenants/{}/credentials", tenant.id.guid());
    let from = |id: postern::credential::id::Id| format!("?token={}", id.guid());
    let history = |tenant: &Tenant| format!("/v1/tenants/{}/events", tenant.id);
    for (face, own, theirs, bad, unreadable) in [
        (LiteGraph, tenant.all(LiteGraph), other.all(LiteGraph), "?order=x", "BadRequest"),
        (LiteGraph, enumeration(&tenant), enumeration(&other), "?token=x", "BadRequest"),
        (Keycard, tenant.all(Keycard), other.all(Keycard), "?after=x", "bad_request"),
        (Postern, tenant.all(Postern), other.all(Postern), "?sort=x", "sort parameter"),
        (Postern, history(&tenant), history(&other), "?cursor=x", "cursor parameter"),
    ] {
        let missing = face.of(["", "NotFound", "not_found", "no_tenant"]);
        let mut steps = vec![
            (get(format!("{theirs}{bad}")).token("of-nobody"), 400, unreadable),
            (get(&theirs).token("of-nobody"), 401, face.unauthenticated()),
            (get(&theirs).token(&none), face.forbidden().0, face.forbidden().1),
            (get(&theirs).token(&tenant.admin), 404, missing),
        ];
        if own == enumeration(&tenant) {
            steps.push((get(format!("{own}{}", from(other.subject().id))).token(&tenant.admin), 404, missing));
            steps.push((get(format!("{own}{}", from(tenant.subject().id))).token(&tenant.admin), 200, ""));
        }
        steps.push((get(&own).token(&tenant.admin), 200, ""));
        climb(&*client, face, steps);
    }
    // Coactive's paths have no tenant.
    let (clients, roles) = (CLIENTS, "/api/v1/auth-management/roles");
    let unnamed = "The root token must name an organization in the X-Postern-Tenant header";
    for path in [clients, roles] {
        climb(
            &*client,
            Coactive,
            vec![
                (get(path).token("of-nobody"), 401, Coactive.unauthenticated()),
                (get(path).token(&none), 403, Coactive.forbidden().1),
                (get(path).by_root(), 403, unnamed),
                (get(path).root("of-nobody"), 404, "Organization not found"),
                (get(path).root(&tenant.label), 200, ""),
            ],
        );
    }
}

#[test]
fn litegraph_reports_violations_before_a_conflict() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let (subject, other) = (tenant.subject(), tenant.subject());
    let taken = format!("taken-{}", other.id);
    let body = |name: &str, user: &str, token: &str| json!({ "UserGUID": user, "Name": name, "BearerToken": token });
    let user = tenant.account.guid();
    tenant.update(LiteGraph, other.id).json(&body("n", &user, &taken)).send(&*client).expect(200);
    let put = |body| tenant.update(LiteGraph, subject.id).json(&body);
    climb(
        &*client,
        LiteGraph,
        vec![
            (put(body("", &nobody().guid(), &taken)), 400, "BadRequest"),
            // Only the database detects this violation, in the same trip.
            (put(body("n", &nobody().guid(), &taken)), 400, "BadRequest"),
            (put(body("n", &user, &taken)), 409, "Conflict"),
            (put(body("n", &user, &format!("free-{}", subject.id))), 200, ""),
        ],
    );
    let error = put(body("", &nobody().guid(), &taken)).send(&*client).expect(400).json();
    let sentence = format!("No user with GUID '{}' exists.", nobody().guid());
    assert_eq!(error["Description"], format!("{sentence} Name must have at least 1 character(s)."));
}

#[test]
fn creation_returns_the_first_failing_check() {
    let client = client();
    let (tenant, other) = (Tenant::new(&*client), Tenant::new(&*client));
    let viewer = tenant.caller(&["viewer"]);
    for face in [LiteGraph, Keycard, Postern] {
        let create = |place: &Tenant| call(face.create(), place.all(face));
        let invalid = tenant.naming(face, "").to_string();
        climb(
            &*client,
            face,
            vec![
                (create(&other).bytes("["), 400, face.unreadable().1),
                (create(&other).bytes(&*invalid), 401, face.unauthenticated()),
                (create(&other).token(&viewer).bytes(&*invalid), face.forbidden().0, face.forbidden().1),
                (
                    create(&other).token(&tenant.admin).bytes(&*invalid),
                    404,
                    face.of(["", "NotFound", "not_found", "no_tenant"]),
                ),
                (
                    create(&tenant).token(&tenant.admin).bytes(&*invalid),
                    face.invalid(),
                    &face.bad_name("string_too_short"),
                ),
                (create(&tenant).token(&tenant.admin).json(&tenant.naming(face, "n")), face.created(), ""),
            ],
        );
    }
    // Coactive's path has no tenant, so root must name one.
    let create = || call("POST", CLIENTS);
    let invalid = "{\"roles\":5}";
    climb(
        &*client,
        Coactive,
        vec![
            (create().by_root().bytes("["), 422, Coactive.unreadable().1),
            (create().bytes(invalid), 401, Coactive.unauthenticated()),
            (create().token(&viewer).bytes(invalid), 403, Coactive.forbidden().1),
            (
                create().by_root().bytes(invalid),
                403,
                "The root token must name an organization in the X-Postern-Tenant header",
            ),
            (create().root("of-nobody").bytes(invalid), 404, "Organization not found"),
            (create().root(&tenant.label).bytes(invalid), 422, "body.name missing, body.roles list_type"),
            (create().root(&tenant.label).bytes("{\"name\":\"n\"}"), 201, ""),
        ],
    );
}

#[test]
fn keycard_404_names_the_first_missing_of_organization_account_and_credential() {
    let client = client();
    let (tenant, other) = (Tenant::new(&*client), Tenant::new(&*client));
    let subject = tenant.subject();
    let message = |organization: &str, account: &str| {
        let path = format!("/organizations/{organization}/service-accounts/{account}/credentials/{}", nobody());
        let reply = call("PATCH", path).by_root().json(&json!({ "name": null })).send(&*client).expect(404);
        assert_eq!(Keycard.error(&reply), "not_found");
        reply.json()["message"].clone()
    };
    let account = tenant.account.to_string();
    assert_eq!(message("of-nobody", &account), "Organization not found.");
    assert_eq!(message(&other.label, &account), "Service account not found.");
    assert_eq!(message(&tenant.label, &account), "Credential not found.");
    // Under another service account of the tenant the credential is missing, too.
    let path = tenant.one(Keycard, subject.id).replace(&account, &postern::credential::id::Id::ZERO.to_string());
    call("PATCH", path).token(&tenant.admin).json(&json!({})).send(&*client).expect(404);
}

#[test]
fn coactive_reports_every_violation_in_field_order() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let subject = tenant.subject();
    let body = json!({
        "roles_context": 5,
        "roles": [
            {}, {"role_id": 7}, "x", {"role_id": "amdin"}, {"role_id": "admin", "resource_instance": "i"},
            {"role_id": "", "resource": "r\u{0}"},
        ],
        "name": "n".repeat(256),
    });
    let reply = tenant.update(Coactive, subject.id).json(&body).send(&*client).expect(422);
    assert_eq!(
        Coactive.error(&reply),
        "body.name string_too_long, body.roles.0.role_id missing, body.roles.1.role_id string_type, \
        body.roles.2 model_attributes_type, body.roles.3.role_id value_error, \
        body.roles.4.resource_instance value_error, body.roles.5.role_id string_too_short, \
        body.roles.5.resource value_error, body.roles_context string_type"
    );
    assert_eq!(reply.cost.trips, 1);
    assert_eq!(tenant.read(Coactive, subject.id).revision(), 1);
}
