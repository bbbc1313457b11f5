//! What every answer has. Most of it is checked of each answer of each test (see `server`); here is what depends on what
//! was asked.

use super::face::Face::{self, Keycard, LiteGraph};
use super::server::{call, get};
use super::tenant::{Tenant, nobody};

#[test]
fn the_etag_is_the_id_and_the_revision() {
    let tenant = Tenant::new();
    let subject = tenant.subject();
    for (face, revision) in Face::ALL.into_iter().zip(2..) {
        let put = tenant.update(face, subject.id).json(&tenant.naming(face, format!("{face:?}"))).send().expect(200);
        assert_eq!(put.etag(), format!("\"{}.{revision}\"", subject.id));
        assert_eq!(tenant.read(face, subject.id).etag(), put.etag());
    }
    for face in Face::ALL {
        let made = call(face.create(), tenant.all(face)).token(&tenant.admin).json(&tenant.naming(face, "n")).send();
        let etag = made.expect(face.created()).etag();
        assert!(etag.len() == "\"01m807kn33fzwajjtysya4684s.1\"".len() && etag.ends_with(".1\""), "{etag}");
    }
}

#[test]
fn a_sane_request_id_comes_back_and_any_other_is_replaced() {
    let tenant = Tenant::new();
    let subject = tenant.subject();
    let long = "i".repeat(128);
    for face in Face::ALL {
        let told = |id: &str| {
            let call = get(tenant.one(face, subject.id)).token(&tenant.admin).header("x-request-id", id);
            call.send().expect(200).header("x-request-id").map(str::to_owned).unwrap()
        };
        for sane in ["a", "A-1_2.z", "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e", &long] {
            assert_eq!(told(sane), sane);
        }
        for other in ["", "a b", "a\"b", "<b>", "a,b", &format!("{long}i")] {
            let new = told(other);
            assert!(new.len() == 26 && new != told(other), "{other}: {new}");
        }
        let refused = get(tenant.one(face, subject.id)).header("x-request-id", "mine").send().expect(401);
        assert_eq!(refused.header("x-request-id"), Some("mine"));
    }
}

#[test]
fn keycards_client_request_id_is_a_uuid_or_a_400() {
    let tenant = Tenant::new();
    let subject = tenant.subject();
    let send = |id: &str| {
        let call = get(tenant.one(Keycard, subject.id)).token(&tenant.admin).header("x-request-id", "other");
        call.header("x-client-request-id", id).send()
    };
    let id = "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e";
    assert_eq!(send(id).expect(200).header("x-request-id"), Some(id));
    for bad in ["", "x", "182bd5e56e1a4fe4a799aa6d9a6ab26e", "{182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e}"] {
        let reply = send(bad).expect(400);
        assert_eq!((Keycard.error(&reply).as_str(), reply.cost.trips), ("bad_request", 0), "{bad}");
    }
    // It is that face's header alone.
    get(tenant.one(LiteGraph, subject.id)).token(&tenant.admin).header("x-client-request-id", "x").send().expect(200);
}

#[test]
fn head_is_get_without_the_body() {
    let tenant = Tenant::new();
    let subject = tenant.subject();
    for face in Face::ALL {
        let (got, head) = (tenant.read(face, subject.id), call("HEAD", tenant.one(face, subject.id)));
        let headed = head.clone().token(&tenant.admin).send().expect(200);
        assert_eq!((headed.etag(), headed.cost), (got.etag(), got.cost));
        head.send().expect(401);
        call("HEAD", tenant.one(face, nobody())).token(&tenant.admin).send().expect(404);
    }
}

#[test]
fn an_unknown_path_is_refused_in_the_words_of_its_prefix() {
    for path in ["/api", "/api/", "/api/v1/auth-management/clients/", "/api/v1/auth-management/clients/a/b"] {
        assert_eq!(Face::Coactive.error(&get(path).send().expect(404)), "Not Found", "{path}");
    }
    for path in ["/v1.0", "/v1.0/tenants/a", "/v2.0/tenants/a/credentials", "/v1.0//credentials"] {
        assert_eq!(LiteGraph.error(&get(path).send().expect(400)), "BadRequest", "{path}");
    }
    for path in ["/service-account-token", "/organizations/", "/organizations/a/b", "/organizations//service-accounts"]
    {
        assert_eq!(Keycard.error(&get(path).send().expect(404)), "not_found", "{path}");
    }
    for path in ["/", "/x", "/apis", "/v1", "/v1/tenants", "/organization"] {
        get(path).send().expect(404).expect_members_in_any_order(&["code", "detail", "status", "title"]);
    }
}

#[test]
fn another_method_is_told_those_there_are() {
    let tenant = Tenant::new();
    for face in Face::ALL {
        let update = format!("GET, HEAD, {}", face.update());
        for (path, allow, wrong) in [
            (tenant.all(face), face.create(), ["GET", "HEAD", "PATCH", "DELETE", "OPTIONS"]),
            (tenant.one(face, nobody()), &*update, ["POST", "DELETE", "OPTIONS", "DELETE", "OPTIONS"]),
        ] {
            for method in wrong {
                let reply = call(method, path.as_str()).token(&tenant.admin).send().expect(405);
                assert_eq!((reply.header("allow"), reply.cost.trips), (Some(allow), 0), "{method} {path}");
            }
        }
    }
}
