//! If-Match: compared in the write, and judged before "nothing changed".

use super::face::Face;
use super::server::call;
use super::tenant::{Tenant, nobody};

#[test]
fn a_tag_that_holds_lets_the_change_through_in_each_form() {
    let tenant = Tenant::new();
    let subject = tenant.subject();
    for face in Face::ALL {
        for form in ["{}", "W/{}", "*", "\"other.1\", {}", "{}, W/\"other.1\"", " {} "] {
            let tag = form.replace("{}", &tenant.read(face, subject.id).etag());
            let call = tenant.update(face, subject.id).header("if-match", tag.as_str());
            let body = tenant.naming(face, format!("{face:?} {form}"));
            call.json(&body).send().expect(200);
        }
    }
}

#[test]
fn a_tag_that_does_not_hold_is_412_and_changes_nothing() {
    let tenant = Tenant::new();
    let (subject, other) = (tenant.subject(), tenant.subject());
    for face in Face::ALL {
        let stale = tenant.read(face, subject.id).etag();
        let body = tenant.naming(face, format!("now {face:?}"));
        let now = tenant.update(face, subject.id).json(&body).send().expect(200);
        let unquoted = now.etag().replace('"', "");
        let tags = [
            stale.clone(),
            format!("W/{stale}"),
            format!("{stale}, \"x\""),
            tenant.read(face, other.id).etag(),
            unquoted.clone(),
            "\"*\"".to_owned(),
            format!("\"{}.999\"", subject.id),
            ",".to_owned(),
        ];
        for tag in tags {
            // Also a body that would change nothing.
            for body in [&tenant.naming(face, "other"), &body] {
                let reply =
                    tenant.update(face, subject.id).header("if-match", tag.as_str()).json(body).send().expect(412);
                face.error(&reply);
                assert_eq!((reply.cost.trips, reply.cost.written), (1, 0), "{tag}");
            }
        }
        let after = tenant.read(face, subject.id);
        assert_eq!((after.json(), after.etag()), (now.json(), now.etag()));
    }
}

#[test]
fn a_tag_that_holds_does_not_make_a_change_of_nothing() {
    let tenant = Tenant::new();
    let subject = tenant.subject();
    for face in Face::ALL {
        let etag = tenant.read(face, subject.id).etag();
        let call = tenant.update(face, subject.id).header("if-match", etag.as_str());
        let same = call.json(&tenant.naming(face, subject.name.as_str())).send().expect(200);
        assert_eq!((same.etag(), same.cost.written), (etag, 0));
    }
}

#[test]
fn a_deletion_goes_by_its_tag_too() {
    let tenant = Tenant::new();
    for face in Face::ALL {
        let subject = tenant.subject();
        let stale = tenant.read(face, subject.id).etag();
        let now = tenant.update(face, subject.id).json(&tenant.naming(face, "changed since")).send().expect(200).etag();
        let delete = |tag: &str| {
            call("DELETE", tenant.one(face, subject.id)).token(&tenant.admin).header("if-match", tag).send()
        };
        face.error(&delete(&stale).expect(412));
        assert_eq!(tenant.read(face, subject.id).etag(), now, "it is still there");
        delete(&now).expect(face.deleted());
        // What is not there has no tag: where that is a success, it needs none.
        delete("*").expect(if face == Face::LiteGraph { 200 } else { 404 });
    }
}

#[test]
fn a_star_does_not_stand_for_what_is_missing() {
    let tenant = Tenant::new();
    for face in Face::ALL {
        let update = call(face.update(), tenant.one(face, nobody())).token(&tenant.admin).header("if-match", "*");
        update.json(&tenant.naming(face, "n")).send().expect(404);
    }
}
