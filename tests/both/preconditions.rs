//! If-Match and If-None-Match on every face: compared in the write itself, before it is known whether anything
//! changes. Also tenants that require If-Match.

use serde_json::{Value, json};

use support::face::Face::{self, Postern};
use support::face::roles;
use support::tenant::{Tenant, nobody};
use support::{Call, call, client, get};

/// Every write of one credential on our own face: its method, the suffix of its path, and a body.
fn writes(tenant: &Tenant) -> [(&'static str, &'static str, Value); 9] {
    [
        ("PATCH", "", json!({ "name": "c" })),
        ("PATCH", "", json!({})),
        ("PUT", "", tenant.whole(json!({}))),
        ("DELETE", "", Value::Null),
        ("POST", "/rotate", json!({ "grace_seconds": 60 })),
        ("POST", "/rotate/finish", Value::Null),
        ("POST", "/rotate/cancel", Value::Null),
        ("POST", "/revoke", Value::Null),
        ("POST", "/restore", Value::Null),
    ]
}

fn with_body(call: Call, body: &Value) -> Call {
    if body.is_null() { call } else { call.json(body) }
}

#[test]
fn matching_if_match_allows_the_change_in_every_form() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let subject = tenant.subject();
    for face in Face::ALL {
        for form in ["{}", "W/{}", "*", "\"other.1\", {}", "{}, W/\"other.1\"", " {} "] {
            let tag = form.replace("{}", tenant.read(face, subject.id).etag());
            let changed = |name: &str| {
                let call = tenant.update(face, subject.id).header("if-match", &*tag);
                call.json(&tenant.naming(face, name)).send(&*client)
            };
            // An update without a change keeps the ETag and writes nothing.
            let now = tenant.read(Postern, subject.id).json()["name"].clone();
            let same = changed(now.as_str().expect("a name")).expect(200);
            assert_eq!((same.etag(), same.cost.rows_written), (tenant.read(face, subject.id).etag(), 0));
            changed(&format!("{face:?} {form}")).expect(200);
        }
    }
}

#[test]
fn mismatching_if_match_is_412_and_changes_nothing() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let (subject, other) = (tenant.subject(), tenant.subject());
    for face in Face::ALL {
        let stale = tenant.read(face, subject.id).etag().to_owned();
        let body = tenant.naming(face, format!("now {face:?}"));
        let now = tenant.update(face, subject.id).json(&body).send(&*client).expect(200);
        assert_ne!(now.etag(), stale);
        let tags = [
            stale.clone(),
            format!("W/{stale}"),
            format!("{stale}, \"x\""),
            tenant.read(face, other.id).etag().to_owned(),
            now.etag().replace('"', ""),
            "\"*\"".to_owned(),
            "\"\"".to_owned(),
            format!("\"{}.999\"", subject.id),
            ",".to_owned(),
        ];
        let path = tenant.one(face, subject.id);
        for tag in &tags {
            // Also for a body without a change.
            for call in [
                tenant.update(face, subject.id).json(&tenant.naming(face, "other")),
                tenant.update(face, subject.id).json(&body),
                call("DELETE", &path).token(&tenant.admin),
            ] {
                let reply = call.header("if-match", tag.as_str()).send(&*client).expect(412);
                assert_eq!((&*face.error(&reply), reply.cost.trips), (face.stale(), 1), "{tag}");
            }
            for (method, step, body) in writes(&tenant).into_iter().filter(|_| face == Postern) {
                let call = call(method, format!("{path}{step}")).token(&tenant.admin).header("if-match", tag.as_str());
                with_body(call, &body).send(&*client).refused(412, "stale");
            }
        }
        let after = tenant.read(face, subject.id);
        assert_eq!((after.json(), after.etag()), (now.json(), now.etag()));
    }
}

#[test]
fn deletion_accepts_a_matching_if_match() {
    let client = client();
    let tenant = Tenant::new(&*client);
    for face in Face::ALL {
        let subject = tenant.subject();
        let tag = tenant.read(face, subject.id).etag().to_owned();
        let path = tenant.one(face, subject.id);
        let delete = |tag: &str| call("DELETE", &path).token(&tenant.admin).header("if-match", tag).send(&*client);
        delete(&tag).expect(face.deleted());
        // A missing credential has no ETag, so LiteGraph, where deleting it succeeds, requires none.
        delete("*").expect(if face == Face::LiteGraph { 200 } else { 404 });
        // `*` does not match a missing credential.
        let update = tenant.update(face, nobody()).header("if-match", "*");
        update.json(&tenant.naming(face, "n")).send(&*client).expect(404);
    }
}

#[test]
fn matching_if_none_match_is_304_on_reads_and_412_on_writes() {
    let client = client();
    let (tenant, other) = (Tenant::new(&*client), Tenant::new(&*client));
    let subject = tenant.subject();
    for face in Face::ALL {
        let known = tenant.read(face, subject.id).etag().to_owned();
        let path = tenant.one(face, subject.id);
        let read = |method: &str, token: &str, tag: &str| {
            call(method, &path).token(token).header("if-none-match", tag).send(&*client)
        };
        for tag in [known.clone(), format!("W/{known}"), format!("\"other.1\", W/{known}"), "*".to_owned()] {
            for method in ["GET", "HEAD"] {
                let reply = read(method, &tenant.admin, &tag).expect(304);
                assert_eq!((&*reply.text, reply.etag(), reply.cost.trips), ("", &*known, 1), "{tag}");
            }
            for write in [
                tenant.update(face, subject.id).json(&tenant.naming(face, "other")),
                call("DELETE", &path).token(&tenant.admin),
            ] {
                let reply = write.header("if-none-match", tag.as_str()).send(&*client).expect(412);
                assert_eq!(face.error(&reply), face.stale());
            }
        }
        // A caller that may not read the credential learns nothing about its state.
        assert_ne!(read("GET", &other.admin, &known).status, 304);
        tenant.update(face, subject.id).json(&tenant.naming(face, format!("{face:?}"))).send(&*client).expect(200);
        let now = read("GET", &tenant.admin, &known).expect(200);
        assert_eq!(
            (now.json(), now.revision()),
            (tenant.read(face, subject.id).json(), tenant.read(face, subject.id).revision())
        );
    }
}

/// Our own face returns the ETags of tenants and principals, and each vendor's face that has these resources checks
/// them.
#[test]
fn preconditions_apply_to_tenants_and_principals() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let principal = tenant.principal();
    let id = support::tenant::read_id(&tenant.look(&principal)["id"]);
    let account = format!("/organizations/{}/service-accounts/{id}", tenant.label);
    let (litegraph, organization) =
        (format!("/v1.0/tenants/{}", tenant.id.guid()), format!("/organizations/{}", tenant.label));
    let user = format!("{litegraph}/users/{}", id.guid());
    let name = |name: &str| json!({ "name": name });
    for (ours, method, path, body, deletes) in [
        (tenant.at(""), "PATCH", tenant.at(""), name("q"), true),
        (tenant.at(""), "PATCH", organization, name("n"), false),
        (tenant.at(""), "PUT", litegraph, json!({ "Name": "m" }), true),
        (principal.clone(), "PATCH", principal.clone(), name("q"), true),
        (principal.clone(), "PATCH", account, name("r"), true),
        (principal.clone(), "PUT", user, json!({ "FirstName": "s" }), true),
    ] {
        let tag = || get(&ours).token(&tenant.admin).send(&*client).expect(200).etag().to_owned();
        let send = |method: &str, header: &str, tag: &str| {
            let call = call(method, &path).by_root().header(header, tag);
            with_body(call, if method == "DELETE" { &Value::Null } else { &body }).send(&*client)
        };
        let stale = tag();
        send(method, "if-match", &stale).expect(200);
        let now = tag();
        assert_ne!(now, stale);
        for method in [method, "DELETE"].into_iter().filter(|method| deletes || *method != "DELETE") {
            send(method, "if-match", &stale).expect(412);
            send(method, "if-none-match", &now).expect(412);
        }
        let same = send(method, "if-match", &now).expect(200);
        assert_eq!((same.cost.rows_written, tag()), (0, now.clone()));
        let known = get(&ours).token(&tenant.admin).header("if-none-match", now).send(&*client).expect(304);
        assert_eq!(known.text, "");
    }
}

/// The response of a write has the result, even if the write removes the caller's own right.
#[test]
fn caller_that_removes_its_own_right_gets_the_result_of_the_write() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let admin = |principal: &str| tenant.own(json!({ "roles": null, "principal": principal.rsplit('/').next() }));
    let principal = tenant.principal();
    let own = || admin(&principal);
    for body in [
        json!({ "enabled": false }),
        json!({ "roles": roles(&["viewer"]) }),
        json!({ "expires_at": "2020-01-01T00:00:00Z" }),
    ] {
        let own = own();
        assert_eq!(tenant.send_by(&own.secret, "PATCH", &own.path, &body).expect(200).revision(), 2, "{body}");
    }
    let this = own();
    let revoked = tenant.send_by(&this.secret, "POST", this.under("revoke"), &Value::Null).expect(200).json();
    assert!(revoked["revoked_at"].is_string());
    let this = own();
    let rotated = tenant.send_by(&this.secret, "POST", this.under("rotate"), &json!({ "grace_seconds": 0 }));
    let rotated = rotated.expect(200).json();
    assert_eq!(rotated["secrets"].as_array().map(Vec::len), Some(1));
    assert!(tenant.accepts(rotated["secret"].as_str().expect("a secret")) && !tenant.accepts(&this.secret));
    let this = own();
    tenant.send_by(&this.secret, "DELETE", &this.path, &Value::Null).expect(204);
    let this = own();
    let off = tenant.send_by(&this.secret, "PATCH", &principal, &json!({ "enabled": false })).expect(200);
    assert_eq!(off.json()["enabled"], false);
    tenant.send_by(&this.secret, "GET", &principal, &Value::Null).refused(401, "inactive");
}

/// "A tenant may require preconditions: then PUT, PATCH and DELETE on one credential without If-Match are 428 on every
/// face."
#[test]
fn tenant_can_require_if_match_on_every_face() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let subject = tenant.subject();
    let require = |required: bool| {
        tenant.send("PATCH", tenant.at(""), &json!({ "require_if_match": required })).expect(200);
    };
    require(true);
    for face in Face::ALL {
        let body = tenant.naming(face, format!("{face:?}"));
        let before = tenant.read(face, subject.id).etag().to_owned();
        for call in [
            tenant.update(face, subject.id).json(&body),
            call("DELETE", tenant.one(face, subject.id)).token(&tenant.admin),
        ] {
            let reply = call.send(&*client).expect(428);
            face.error(&reply);
            assert_eq!(reply.cost.trips, 1);
        }
        assert_eq!(tenant.read(face, subject.id).etag(), before, "the ETag is the same on every face");
        tenant.update(face, subject.id).header("if-match", before).json(&body).send(&*client).expect(200);
    }
    let path = tenant.one(Postern, subject.id);
    for (method, step, body) in writes(&tenant) {
        tenant.send(method, format!("{path}{step}"), &body).refused(428, "precondition_required");
    }
    // 428 comes before validation. A dry run requires the same as the change; creations require nothing.
    tenant.send("PATCH", &path, &json!({ "name": 7 })).refused(428, "precondition_required");
    tenant.send("PATCH", format!("{path}?dry_run=true"), &json!({})).refused(428, "precondition_required");
    assert_eq!(tenant.own(json!({})).shown["revision"], 1);
    for (step, body) in [("rotate", json!({ "grace_seconds": 0 })), ("revoke", json!({})), ("restore", json!({}))] {
        let tag = tenant.read(Postern, subject.id).etag().to_owned();
        call("POST", format!("{path}/{step}"))
            .token(&tenant.admin)
            .header("if-match", tag)
            .json(&body)
            .send(&*client)
            .expect(200);
    }
    require(false);
    tenant.send("DELETE", &path, &Value::Null).expect(204);
}

#[test]
fn of_two_writers_with_the_same_etag_only_the_first_succeeds() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let own = tenant.own(json!({}));
    let put = |name: &str, status: u16| {
        let call = call("PUT", &own.path).token(&tenant.admin).header("if-match", own.etag());
        call.json(&tenant.whole(json!({ "name": name }))).send(&*client).expect(status)
    };
    assert_eq!(put("first", 200).etag(), format!("\"{}.2\"", own.id));
    put("second", 412).refused(412, "stale");
    // 412 comes before validation.
    call("PATCH", &own.path)
        .token(&tenant.admin)
        .header("if-match", own.etag())
        .json(&json!({ "name": 7 }))
        .send(&*client)
        .refused(412, "stale");
    assert_eq!(tenant.look(&own.path)["name"], "first");
}
