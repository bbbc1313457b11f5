//! Headers of every response. `Reply::checked` checks most of them in every test; these tests check the ones that
//! depend on the request.

use std::collections::BTreeMap;

use postern::credential::field::Verb;
use postern::route::{Operation, ROUTES};

use postern::store::Cost;
use support::client::{Reply, call, client, get};
use support::face::Face::{self, Coactive, Keycard, LiteGraph, Postern};
use support::face::oauth_error;
use support::routes::{PathIds, authorizes, done, face, method, path, reading, uses_database};
use support::tenant::Tenant;

#[test]
fn etag_is_the_id_and_the_revision() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let subject = tenant.subject();
    for (face, revision) in Face::ALL.into_iter().zip(2..) {
        let put =
            tenant.update(face, subject.id).json(&tenant.naming(face, format!("{face:?}"))).send(&*client).expect(200);
        assert_eq!(put.etag(), format!("\"{}.{revision}\"", subject.id));
        assert_eq!(tenant.read(face, subject.id).etag(), put.etag());
    }
    for face in Face::ALL {
        let made =
            call(face.create(), tenant.all(face)).token(&tenant.admin).json(&tenant.naming(face, "n")).send(&*client);
        let made = made.expect(face.created());
        let etag = made.etag();
        assert!(etag.len() == "\"01m807kn33fzwajjtysya4684s.1\"".len() && etag.ends_with(".1\""), "{etag}");
    }
}

/// `Location` of what a face creates leads to it on that face.
#[test]
fn location_of_a_created_resource_reads_it() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let place = PathIds::new(&tenant);
    let mut created = 0;
    for route in ROUTES.iter().filter(|route| matches!(route.operation, Operation::Write(_, Verb::Create))) {
        let made = done(route, &place);
        let Some(location) = made.header("location") else {
            assert_eq!(face(route), LiteGraph, "whose creations are a 200");
            continue;
        };
        let found = get(location).by_root().header("x-postern-tenant", &*tenant.label).send(&*client).expect(200);
        let id = if face(route) == Coactive { "client_id" } else { "id" };
        assert_eq!(found.json()[id], made.json()[id], "{location}");
        assert_eq!(location.matches('/').count(), route.path.matches('/').count() + 1, "{location}");
        created += 1;
    }
    assert_eq!(created, 7, "three of Keycard's, three of our own face's, one of Coactive's");
}

#[test]
fn valid_request_id_is_echoed_and_any_other_is_replaced() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let subject = tenant.subject();
    let long = "i".repeat(128);
    for face in Face::ALL {
        let echoed = |id: &str| {
            let call = get(tenant.one(face, subject.id)).token(&tenant.admin).header("x-request-id", id);
            call.send(&*client).expect(200).header("x-request-id").map(str::to_owned).unwrap()
        };
        for sane in ["a", "A-1_2.z", "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e", &long] {
            assert_eq!(echoed(sane), sane);
        }
        for other in ["", "a b", "a\"b", "<b>", "a,b", &format!("{long}i")] {
            let new = echoed(other);
            assert!(new.len() == 26 && new != echoed(other), "{other}: {new}");
        }
        let refused = get(tenant.one(face, subject.id)).header("x-request-id", "mine").send(&*client).expect(401);
        assert_eq!(refused.header("x-request-id"), Some("mine"));
    }
}

#[test]
fn keycard_client_request_id_must_be_a_uuid_and_other_faces_ignore_it() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let subject = tenant.subject();
    let send = |id: &str| {
        let call = get(tenant.one(Keycard, subject.id)).token(&tenant.admin).header("x-request-id", "other");
        call.header("x-client-request-id", id).send(&*client)
    };
    let id = "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e";
    assert_eq!(send(id).expect(200).header("x-request-id"), Some(id));
    for bad in ["", "x", "182bd5e56e1a4fe4a799aa6d9a6ab26e", "{182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e}"] {
        let reply = send(bad).expect(400);
        assert_eq!((Keycard.error(&reply).as_str(), reply.cost.trips), ("bad_request", 0), "{bad}");
    }
    // Other faces ignore this header.
    get(tenant.one(LiteGraph, subject.id))
        .token(&tenant.admin)
        .header("x-client-request-id", "x")
        .send(&*client)
        .expect(200);
}

#[test]
fn head_is_get_without_the_body() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let (there, missing) = (PathIds::new(&tenant), PathIds::missing(&tenant));
    for route in reading().filter(|route| method(route) == "GET" && !authorizes(route)) {
        for place in [&there, &missing] {
            let path = path(route, place);
            let [got, headed] = ["GET", "HEAD"].map(|method| call(method, &path).token(&tenant.admin).send(&*client));
            // Of two requests for readiness in one second, the second takes no trip.
            let cost = |reply: &Reply| if uses_database(route) { reply.cost } else { Cost::default() };
            let summary = |reply: &Reply| (reply.status, cost(reply), reply.header("etag").map(str::to_owned));
            assert_eq!(summary(&headed), summary(&got), "{path}");
            call("HEAD", path).send(&*client).expect(if uses_database(route) { 401 } else { 200 });
        }
        call("HEAD", path(route, &there)).token(&tenant.admin).send(&*client).expect(200);
    }
}

#[test]
fn unknown_path_gets_the_error_format_of_its_prefix() {
    let client = client();
    for path in
        ["/api", "/api/", "/api/v1/auth-management/clients/", "/api/v1/auth-management/clients/a/b", "/api/v2/login"]
    {
        assert_eq!(Coactive.error(&get(path).send(&*client).expect(404)), "Not Found", "{path}");
    }
    for path in
        ["/v1.0", "/v1.0/tenants/a/graphs", "/v2.0/tenants", "/v2.0/tenants/a/credentials/b", "/v1.0//credentials"]
    {
        assert_eq!(LiteGraph.error(&get(path).send(&*client).expect(400)), "BadRequest", "{path}");
    }
    let unknown =
        ["/service-account-token/", "/organizations/", "/organizations/a/b", "/organizations//service-accounts"];
    for path in unknown {
        assert_eq!(Keycard.error(&get(path).send(&*client).expect(404)), "not_found", "{path}");
    }
    for path in ["/oauth", "/oauth/", "/oauth/revoke", "/.well-known/oauth-authorization-server/x"] {
        assert_eq!(oauth_error(&get(path).send(&*client).expect(404)), "invalid_request", "{path}");
    }
    for path in [
        "/",
        "/x",
        "/apis",
        "/v1",
        "/v1/",
        "/v1/tenant",
        "/v1/tenants/",
        "/v1/verify/x",
        "/organization",
        "/.well-known",
    ] {
        assert_eq!(Postern.error(&get(path).send(&*client).expect(404)), "no_route", "{path}");
    }
}

#[test]
fn unsupported_method_is_405_with_the_allowed_methods() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let place = PathIds::missing(&tenant);
    let mut allowed: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for route in ROUTES {
        allowed.entry(path(route, &place)).or_default().push(route.method.allow());
    }
    assert!(allowed.len() > 20, "{allowed:?}");
    for (path, allowed) in allowed {
        let allow = allowed.join(", ");
        let has = |method: &str| allow.split(", ").any(|allowed| allowed == method);
        let preflight =
            |method: &str| method == "OPTIONS" && ["/v1.0", "/v2.0"].iter().any(|face| path.starts_with(face));
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"] {
            if has(method) || preflight(method) {
                continue;
            }
            let reply = call(method, path.as_str()).token(&tenant.admin).send(&*client).expect(405);
            assert_eq!((reply.header("allow"), reply.cost), (Some(&*allow), Cost::default()), "{method} {path}");
        }
    }
}

/// "CORS preflight as its browser clients need". A browser sends the preflight without a token.
#[test]
fn litegraph_answers_a_cors_preflight_on_every_path() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let place = PathIds::missing(&tenant);
    let paths = ROUTES.iter().filter(|route| face(route) == LiteGraph).map(|route| path(route, &place));
    for path in paths.chain(["/v1.0/of/nobody".to_owned(), "/v2.0".to_owned()]) {
        let preflight = call("OPTIONS", &path).header("origin", "https://app.example");
        let preflight = preflight.header("access-control-request-method", "PUT");
        let reply =
            preflight.header("access-control-request-headers", "authorization,content-type").send(&*client).expect(204);
        assert_eq!((reply.cost, &*reply.text), (Cost::default(), ""), "{path}");
        let values = |name: &str| reply.header(name).unwrap_or_default().to_lowercase();
        for method in ["get", "head", "post", "put", "delete"] {
            assert!(
                values("access-control-allow-methods").split(", ").any(|value| value == method),
                "{method}: {reply:?}"
            );
        }
        // For browsers `*` does not include Authorization.
        for header in ["*", "authorization"] {
            assert!(
                values("access-control-allow-headers").split(", ").any(|value| value == header),
                "{header}: {reply:?}"
            );
        }
    }
    // The other faces have no browser clients: OPTIONS is an unsupported method.
    for path in ["/api/v1/login", "/organizations", "/service-account-token", "/oauth/token", "/v1/tenants"] {
        call("OPTIONS", path).send(&*client).expect(405);
    }
}
