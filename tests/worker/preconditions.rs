//! If-Match: compared in the write, and judged before "nothing changed".

use serde_json::json;

use support::client::{call, get};
use support::face::Face::{self, Postern};
use support::http::server;
use support::tenant::{Tenant, nobody};

#[test]
fn a_tag_that_holds_lets_the_change_through_in_each_form() {
    let tenant = Tenant::new(server());
    let subject = tenant.subject();
    for face in Face::ALL {
        for form in ["{}", "W/{}", "*", "\"other.1\", {}", "{}, W/\"other.1\"", " {} "] {
            let tag = form.replace("{}", tenant.read(face, subject.id).etag());
            let call = tenant.update(face, subject.id).header("if-match", tag.as_str());
            let body = tenant.naming(face, format!("{face:?} {form}"));
            call.json(&body).send(server()).expect(200);
        }
    }
}

#[test]
fn a_tag_that_does_not_hold_is_412_and_changes_nothing() {
    let tenant = Tenant::new(server());
    let (subject, other) = (tenant.subject(), tenant.subject());
    for face in Face::ALL {
        let stale = tenant.read(face, subject.id).etag().to_owned();
        let body = tenant.naming(face, format!("now {face:?}"));
        let now = tenant.update(face, subject.id).json(&body).send(server()).expect(200);
        let unquoted = now.etag().to_owned().replace('"', "");
        let tags = [
            stale.clone(),
            format!("W/{stale}"),
            format!("{stale}, \"x\""),
            tenant.read(face, other.id).etag().to_owned(),
            unquoted.clone(),
            "\"*\"".to_owned(),
            format!("\"{}.999\"", subject.id),
            ",".to_owned(),
        ];
        for tag in tags {
            // Also a body that would change nothing.
            for body in [&tenant.naming(face, "other"), &body] {
                let reply = tenant
                    .update(face, subject.id)
                    .header("if-match", tag.as_str())
                    .json(body)
                    .send(server())
                    .expect(412);
                face.error(&reply);
                assert_eq!((reply.cost.trips, reply.cost.rows_written), (1, 0), "{tag}");
            }
        }
        let after = tenant.read(face, subject.id);
        assert_eq!((after.json(), after.etag().to_owned()), (now.json(), now.etag().to_owned()));
    }
}

#[test]
fn a_tag_that_holds_does_not_make_a_change_of_nothing() {
    let tenant = Tenant::new(server());
    let subject = tenant.subject();
    for face in Face::ALL {
        let etag = tenant.read(face, subject.id).etag().to_owned();
        let call = tenant.update(face, subject.id).header("if-match", etag.as_str());
        let same = call.json(&tenant.naming(face, subject.name.as_str())).send(server()).expect(200);
        assert_eq!((same.etag().to_owned(), same.cost.rows_written), (etag, 0));
    }
}

#[test]
fn a_deletion_goes_by_its_tag_too() {
    let tenant = Tenant::new(server());
    for face in Face::ALL {
        let subject = tenant.subject();
        let stale = tenant.read(face, subject.id).etag().to_owned();
        let now = tenant
            .update(face, subject.id)
            .json(&tenant.naming(face, "changed since"))
            .send(server())
            .expect(200)
            .etag()
            .to_owned();
        let delete = |tag: &str| {
            call("DELETE", tenant.one(face, subject.id)).token(&tenant.admin).header("if-match", tag).send(server())
        };
        face.error(&delete(&stale).expect(412));
        assert_eq!(tenant.read(face, subject.id).etag().to_owned(), now, "it is still there");
        delete(&now).expect(face.deleted());
        // What is not there has no tag: where that is a success, it needs none.
        delete("*").expect(if face == Face::LiteGraph { 200 } else { 404 });
    }
}

#[test]
fn a_star_does_not_stand_for_what_is_missing() {
    let tenant = Tenant::new(server());
    for face in Face::ALL {
        let update = call(face.update(), tenant.one(face, nobody())).token(&tenant.admin).header("if-match", "*");
        update.json(&tenant.naming(face, "n")).send(server()).expect(404);
    }
}

#[test]
fn a_read_of_what_is_known_is_304_and_a_write_of_it_412() {
    let tenant = Tenant::new(server());
    let subject = tenant.subject();
    for face in Face::ALL {
        let known = tenant.read(face, subject.id).etag().to_owned();
        let read = |tag: &str| {
            get(tenant.one(face, subject.id)).token(&tenant.admin).header("if-none-match", tag).send(server())
        };
        for tag in [known.clone(), format!("W/{known}"), format!("\"other.1\", {known}"), "*".to_owned()] {
            let reply = read(&tag).expect(304);
            assert_eq!((&*reply.text, reply.etag().to_owned(), reply.cost.trips), ("", known.clone(), 1), "{tag}");
            let body = tenant.naming(face, "other");
            let write =
                tenant.update(face, subject.id).header("if-none-match", tag.as_str()).json(&body).send(server());
            assert_eq!(face.error(&write.expect(412)), face.stale());
        }
        tenant.update(face, subject.id).json(&tenant.naming(face, format!("{face:?}"))).send(server()).expect(200);
        assert_eq!(read(&known).expect(200).revision(), tenant.read(face, subject.id).revision());
    }
}

/// "A tenant may require preconditions: then PUT, PATCH and DELETE on one credential without If-Match are 428 on every face."
#[test]
fn where_the_tenant_requires_if_match_a_change_without_it_is_428_on_every_face() {
    let tenant = Tenant::new(server());
    let subject = tenant.subject();
    let require = |required: bool| {
        let path = format!("/v1/tenants/{}", tenant.id);
        call("PATCH", path).by_root().json(&json!({ "require_if_match": required })).send(server()).expect(200);
    };
    require(true);
    for face in Face::ALL {
        let body = tenant.naming(face, format!("{face:?}"));
        let before = tenant.read(face, subject.id).etag().to_owned();
        for call in [
            tenant.update(face, subject.id).json(&body),
            call("DELETE", tenant.one(face, subject.id)).token(&tenant.admin),
        ] {
            let reply = call.send(server()).expect(428);
            face.error(&reply);
            assert_eq!((reply.cost.trips, reply.cost.rows_written), (1, 0));
        }
        assert_eq!(tenant.read(face, subject.id).etag().to_owned(), before);
        tenant.update(face, subject.id).header("if-match", before).json(&body).send(server()).expect(200);
    }
    let steps = [("rotate", json!({ "grace_seconds": 0 })), ("revoke", json!({})), ("restore", json!({}))];
    for (step, body) in steps {
        let path = format!("{}/{step}", tenant.one(Postern, subject.id));
        let send = || call("POST", &path).token(&tenant.admin).json(&body);
        assert_eq!(Postern.error(&send().send(server()).expect(428)), "precondition_required", "{step}");
        send().header("if-match", tenant.read(Postern, subject.id).etag().to_owned()).send(server()).expect(200);
    }
    require(false);
    call("DELETE", tenant.one(Postern, subject.id)).token(&tenant.admin).send(server()).expect(204);
}
