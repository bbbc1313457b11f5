//! Deletion: the response of each face, and its errors. Which rows are deleted, and the events, are in `tests/store`.

use postern::credential::id::Id;
use serde_json::json;
use support::face::Face::{self, Keycard, LiteGraph};
use support::tenant::{Tenant, nobody, text};
use support::{Call, ZERO, call, client, get};

use crate::{Organization, in_process};

const OWN: &str = "aaaaaaaa-0000-4000-8000-000000000001";

fn delete(tenant: &Tenant, path: &str) -> Call {
    call("DELETE", path).token(&tenant.admin)
}

#[test]
fn deletion_has_each_faces_response_and_invalidates_the_secret_immediately() {
    let client = client();
    let tenant = Tenant::new(&*client);
    for face in Face::ALL {
        let subject = tenant.subject();
        let paths = Face::ALL.map(|face| (face, tenant.one(face, subject.id)));
        get(tenant.one(Keycard, subject.id)).token(&subject.secret).send(&*client).expect(200);
        let reply = delete(&tenant, &tenant.one(face, subject.id)).send(&*client);
        let body = face.of(["null", "", "", ""]);
        assert_eq!((reply.status, &*reply.text, reply.cost.trips), (face.deleted(), body, 1), "{face:?}");
        assert_eq!(reply.header("etag"), None);
        for (other, path) in &paths {
            get(path).token(&subject.secret).send(&*client).expect(401);
            get(path).token(&tenant.admin).send(&*client).expect(404);
            // A second deletion is 404, except on LiteGraph.
            delete(&tenant, path).send(&*client).expect(if *other == LiteGraph { 200 } else { 404 });
        }
    }
}

/// An id that never existed, one of another tenant, an invalid one; and a tenant that does not exist.
#[test]
fn deleting_a_missing_resource_is_404_except_on_litegraph() {
    let client = client();
    let (tenant, other) = (Tenant::new(&*client), Tenant::new(&*client));
    let (subject, theirs) = (tenant.subject(), other.subject());
    for (face, id) in Face::ALL.into_iter().flat_map(|face| [(face, nobody()), (face, theirs.id)]) {
        let reply = delete(&tenant, &tenant.one(face, id)).send(&*client);
        let expected = if face == LiteGraph { 200 } else { 404 };
        assert_eq!((reply.status, reply.text.is_empty()), (expected, expected == 200));
    }
    let (guid, id) = (tenant.id.guid(), subject.id);
    let accounts = format!("/organizations/{}/service-accounts", tenant.label);
    for (path, status) in [
        (format!("{}/x", tenant.all(Face::Coactive)), 404),
        (format!("{}/{id}", tenant.all(Face::Coactive)), 404),
        (format!("{}/x", tenant.all(LiteGraph)), 200),
        (format!("{}/{id}", tenant.all(LiteGraph)), 200),
        (tenant.one(LiteGraph, id).replace(&guid, OWN), 404),
        (tenant.one(LiteGraph, id).replace(&guid, "x"), 404),
        (tenant.all(LiteGraph).replace(&guid, OWN), 404),
        (format!("/v1.0/tenants/{guid}/users/{OWN}/credentials"), 200),
        (format!("/v1.0/tenants/{guid}/users/x/credentials"), 200),
        (format!("{}/{OWN}/credentials", tenant.all(LiteGraph)), 200),
        (format!("/v1.0/tenants/{OWN}/users/{OWN}/credentials"), 404),
        (format!("{}x", tenant.one(Keycard, id)), 404),
        (tenant.one(Keycard, id).replace(&tenant.label, "nobody"), 404),
        (format!("{accounts}/x"), 404),
        (format!("{accounts}/{}", other.account), 404),
    ] {
        let reply = call("DELETE", &*path).root(&tenant.label).send(&*client);
        assert_eq!((reply.status, reply.cost.trips, reply.cost.rows_written), (status, 1, 0), "{path}");
    }
    // Nothing was deleted.
    for (tenant, subject) in [(&tenant, &subject), (&other, &theirs)] {
        get(tenant.one(Keycard, subject.id)).token(&subject.secret).send(&*client).expect(200);
    }
}

#[test]
fn deletion_of_one_credential_checks_if_match_and_may_require_it() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let renamed = || {
        let id = tenant.subject().id;
        tenant.update(Keycard, id).json(&json!({ "name": "renamed" })).send(&*client).expect(200);
        id
    };
    let kept = renamed();
    let mut stale = vec![format!("\"{kept}.1\""), format!("W/\"{kept}.1\", \"{kept}.3\""), "nonsense".to_owned()];
    if in_process() {
        // Over HTTP an empty header is treated as absent.
        stale.push(String::new());
    }
    for face in Face::ALL {
        let one = tenant.one(face, kept);
        for stale in &stale {
            let reply = delete(&tenant, &one).header("if-match", &**stale).send(&*client).expect(412);
            assert_eq!(
                (&*face.error(&reply), reply.cost.trips, reply.cost.rows_written),
                (face.stale(), 1, 0),
                "{stale}"
            );
        }
        let id = renamed();
        let tag = face.of([format!("\"{id}.1\", W/\"{id}.2\""), "*".to_owned(), format!("\"{id}.2\""), "*".to_owned()]);
        delete(&tenant, &tenant.one(face, id)).header("if-match", tag).send(&*client).expect(face.deleted());
        get(tenant.one(face, id)).token(&tenant.admin).send(&*client).expect(404);
        // `*` does not match a missing credential.
        let missing = delete(&tenant, &tenant.one(face, nobody())).header("if-match", "*").send(&*client);
        missing.expect(if face == LiteGraph { 200 } else { 404 });
    }
    assert_eq!(tenant.read(Keycard, kept).revision(), 2);

    let required = json!({ "require_if_match": true });
    call("PATCH", format!("/v1/tenants/{}", tenant.id)).by_root().json(&required).send(&*client).expect(200);
    for face in Face::ALL {
        let reply = delete(&tenant, &tenant.one(face, kept)).send(&*client).expect(428);
        let word = face.of(["requires If-Match", "BadRequest", "precondition_required", "precondition_required"]);
        assert!(face.error(&reply).contains(word) && reply.cost.rows_written == 0, "{reply:?}");
    }
    let tagged = delete(&tenant, &tenant.one(Keycard, kept)).header("if-match", format!("\"{kept}.2\""));
    tagged.send(&*client).expect(204);
    // Not for a deletion of several credentials, which have no common ETag.
    delete(&tenant, &tenant.all(LiteGraph)).send(&*client).expect(200);
    assert_eq!(get(tenant.all(LiteGraph)).by_root().send(&*client).expect(200).text, "[]");
}

#[test]
fn deleting_all_credentials_of_a_tenant_or_user_keeps_the_users() {
    let at = Organization::new();
    let (all, tenant) = (at.litegraph(), format!("/v1.0/tenants/{}", at.id.guid()));
    at.send("PUT", &format!("{tenant}/users"), &json!({ "GUID": OWN })).expect(200);
    for (path, left) in [
        (all.clone(), &[][..]),
        (format!("{tenant}/users/{OWN}/credentials"), &["of the default"][..]),
        (format!("{all}/{OWN}/credentials"), &["of the default"]),
        (format!("{tenant}/users/{ZERO}/credentials"), &["of the user"]),
        // A trailing slash is ignored.
        (format!("{all}/{ZERO}/credentials/"), &["of the user"]),
    ] {
        call("DELETE", &*all).by_root().send(&*at.client).expect(200);
        for (name, user) in [("of the default", ZERO), ("of the user", OWN)] {
            at.send("PUT", &all, &json!({ "UserGUID": user, "Name": name })).expect(200);
        }
        for _ in 0..2 {
            let reply = call("DELETE", &*path).by_root().send(&*at.client);
            assert_eq!((reply.status, &*reply.text, reply.cost.trips), (200, "", 1), "{path}");
            let listed = at.get(&all).json();
            assert_eq!(
                listed.as_array().unwrap().iter().map(|one| text(&one["Name"])).collect::<Vec<_>>(),
                left,
                "{path}"
            );
            assert_eq!(at.get(&all.replace("v1", "v2")).json()["TotalRecords"], left.len());
        }
        at.get(&format!("{tenant}/users/{OWN}")).expect(200);
    }
}

#[test]
fn default_service_account_cannot_be_deleted() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let accounts = format!("/organizations/{}/service-accounts", tenant.label);
    let reply = delete(&tenant, &format!("{accounts}/{}", Id::ZERO)).send(&*client).expect(409);
    assert_eq!((&*Keycard.error(&reply), reply.cost.rows_written), ("conflict", 0));
    let user = format!("/v1.0/tenants/{}/users/{ZERO}", tenant.id.guid());
    let reply = delete(&tenant, &user).send(&*client).expect(409);
    let expected = json!("The default user cannot be deleted or disabled.");
    assert_eq!((&reply.json()["Description"], reply.cost.rows_written), (&expected, 0));
    let own = format!("{accounts}/{}", tenant.account);
    let gone = delete(&tenant, &own).send(&*client);
    assert_eq!((gone.status, &*gone.text, gone.cost.trips), (204, "", 1));
    get(&*own).by_root().send(&*client).expect(404);
    delete(&tenant, &own).send(&*client).expect(404);
}

/// Clients may send a Content-Type without a body, or any body.
#[test]
fn body_of_a_deletion_is_ignored() {
    let client = client();
    let tenant = Tenant::new(&*client);
    for (face, body) in
        Face::ALL.into_iter().flat_map(|face| [&b""[..], b"null", b"{", b"\xff"].map(|body| (face, body)))
    {
        let call = delete(&tenant, &tenant.one(face, tenant.subject().id));
        call.header("content-type", "application/json").bytes(body).send(&*client).expect(face.deleted());
    }
}
