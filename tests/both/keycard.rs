//! Keycard's operations, and rules that apply to every face.

use postern::credential::id::Id;
use serde_json::{Value, json};
use support::face::Face::{self, Keycard, LiteGraph};
use support::tenant::{Tenant, nobody, post_by_root, read_id, text};
use support::{ZERO, call, client, get};

use crate::in_process;

#[test]
fn root_creates_organizations_with_unique_labels() {
    let client = client();
    let post = |name: &str| post_by_root(&*client, "/organizations", &json!({ "name": name })).expect(201);
    let name = format!("New Co {}", read_id(&post("of its own").json()["id"]));
    let made = post(&name);
    made.expect_members_in_any_order(&["created_at", "id", "label", "name", "sso_enabled", "updated_at", "zone_id"]);
    let made = made.json();
    let label = name.to_lowercase().replace(' ', "-");
    assert_eq!(
        (text(&made["label"]), &made["sso_enabled"], &made["zone_id"]),
        (label.clone(), &json!(false), &made["id"])
    );
    assert_eq!(["created_at", "updated_at"].map(|time| text(&made[time]).len()), [24; 2]);
    let labels = [name.clone(), format!("{name}!").to_uppercase()].map(|name| text(&post(&name).json()["label"]));
    assert_eq!(labels, [format!("{label}-2"), format!("{label}-3")]);
    // A label that could be read as an id gets a suffix.
    for id in [text(&made["id"]), read_id(&made["id"]).guid()] {
        assert_eq!(text(&post(&id).json()["label"]), format!("{id}-2"));
    }
    assert!(post("An Organization, Inc.").json()["label"].to_string().starts_with("\"an-organization-inc"));
    if in_process() {
        assert_eq!(post("ACME").json()["label"], "acme-2");
    }
    post_by_root(&*client, "/organizations", &json!({ "description": 5 })).expect(400);
}

#[test]
fn only_root_and_admins_create_service_accounts_and_every_tenant_starts_with_one() {
    let client = client();
    let (tenant, other) = (Tenant::new(&*client), Tenant::new(&*client));
    for organization in [tenant.id.to_string(), tenant.label.clone()] {
        let accounts = format!("/organizations/{organization}/service-accounts");
        let post = |body: &Value| post_by_root(&*client, &accounts, body);
        let described = post(&json!({ "name": "sa", "description": "d" })).expect(201);
        described.expect_members_in_any_order(&["created_at", "description", "id", "name", "updated_at"]);
        assert_eq!(described.json()["description"], "d");
        post(&json!({ "name": "bare" })).expect(201).expect_members_in_any_order(&[
            "created_at",
            "id",
            "name",
            "updated_at",
        ]);
        let wrong = post(&json!({ "name": "", "description": 5 })).expect(400).json();
        assert_eq!(wrong["message"], "name must have at least 1 character(s). description must be a string.");
        for (by, status, word) in [(&tenant.caller(&["editor"]), 403, "forbidden"), (&other.admin, 404, "not_found")] {
            let reply = call("POST", &*accounts).token(by).json(&json!({ "name": "n" })).send(&*client).expect(status);
            assert_eq!(Keycard.error(&reply), word);
        }
        call("POST", &*accounts).token(&tenant.admin).json(&json!({ "name": "n" })).send(&*client).expect(201);
    }
    let refused = call("POST", "/organizations").token(&tenant.admin).json(&json!({ "name": "n" })).send(&*client);
    assert_eq!(Keycard.error(&refused.expect(403)), "forbidden");
    post_by_root(&*client, "/organizations/nobody/service-accounts", &json!({ "name": "x" })).expect(404);
    // Clients created through Coactive belong to the default principal.
    let id = read_id(&tenant.client(&json!({ "name": "n" })).0.into());
    assert_eq!(tenant.read(LiteGraph, id).json()["UserGUID"], ZERO);
}

#[test]
fn credential_can_be_created_read_and_updated() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let body = json!({ "name": "name", "description": "described" });
    let made = call("POST", tenant.all(Keycard)).token(&tenant.admin).json(&body).send(&*client).expect(201);
    made.expect_members(&["id", "client_id", "client_secret", "created_at", "name", "description"]);
    let credential = made.json();
    let id = read_id(&credential["id"]);
    assert_eq!((text(&credential["id"]), text(&credential["client_id"])), (id.to_string(), id.client()));
    assert_eq!(text(&credential["created_at"]).len(), "2019-12-27T18:11:19.117Z".len());
    let got = tenant.read(Keycard, id);
    got.expect_members(&["id", "client_id", "created_at", "name", "description"]);
    assert_eq!(got.etag(), made.etag());

    let patch = |body: Value| tenant.update(Keycard, id).json(&body).send(&*client);
    let mut shown = got.json();
    for (body, revision) in [
        (json!({}), 1),
        (json!({ "name": "renamed" }), 2),
        (json!({ "description": "again", "unknown": [1] }), 3),
        (json!({ "description": null }), 4),
    ] {
        for (member, value) in body.as_object().unwrap().iter().filter(|(member, _)| *member != "unknown") {
            shown[member] = value.clone();
        }
        if shown["description"].is_null() {
            shown.as_object_mut().unwrap().remove("description");
        }
        let reply = patch(body).expect(200);
        assert_eq!((reply.json(), reply.revision()), (shown.clone(), revision), "an absent member keeps its value");
    }
    let wrong = patch(json!({ "name": null, "description": "d".repeat(501) })).expect(400).json();
    let message = "name cannot be null. description must have at most 500 characters.";
    assert_eq!(wrong, json!({ "code": "bad_request", "status": 400, "message": message }));
    // By the organization's id as well as by its label.
    let by_id = tenant.one(Keycard, id).replace(&tenant.label, &tenant.id.to_string());
    assert_eq!(get(by_id).token(&tenant.admin).send(&*client).expect(200).json(), shown);
}

#[test]
fn malformed_client_request_id_is_rejected_before_authentication() {
    let client = client();
    let send = |id: &str| {
        let call = call("PATCH", "/organizations/acme/service-accounts/x/credentials/x").bytes("{}");
        call.header("x-client-request-id", id).send(&*client)
    };
    let good = "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e";
    assert_eq!(send(good).expect(401).header("x-request-id"), Some(good));
    for bad in ["", "x", "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26", "182bd5e56e1a4fe4a799aa6d9a6ab26e"] {
        let reply = send(bad).expect(400);
        assert_eq!((&*Keycard.error(&reply), reply.cost.trips), ("bad_request", 0), "{bad}");
    }
}

#[test]
fn credential_of_another_service_account_is_404() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let (one, account) = (tenant.one(Keycard, tenant.subject().id), tenant.account.to_string());
    get(&*one).by_root().send(&*client).expect(200);
    get(one.replace(&account, &tenant.account().to_string())).by_root().send(&*client).expect(404);
    for missing in [Id::from_bits(9).to_string(), "x".to_owned()] {
        let path = tenant.all(Keycard).replace(&account, &missing);
        post_by_root(&*client, &path, &json!({ "name": "n" })).expect(404);
    }
}

#[test]
fn sending_back_what_was_read_changes_nothing() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let subject = tenant.subject();
    for face in Face::ALL {
        let got = tenant.read(face, subject.id);
        let back = tenant.update(face, subject.id).json(&got.json()).send(&*client).expect(200);
        assert_eq!((back.json(), back.etag()), (got.json(), got.etag()), "{face:?}");
    }
}

#[test]
fn last_use_is_recorded_after_the_response_and_keeps_revision_and_etag() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let subject = tenant.subject();
    let before = tenant.read(Keycard, subject.id);
    assert_eq!(before.json().get("last_used_at"), None, "it was not used yet");
    get(tenant.one(Keycard, subject.id)).token(&subject.secret).send(&*client).expect(200);
    // Over HTTP the use is recorded after the response, so poll. Each read is by another caller.
    let noted = (0..500).map(|_| tenant.read(Keycard, subject.id)).find(|got| got.json().get("last_used_at").is_some());
    let noted = noted.expect("a recorded use");
    assert_eq!(text(&noted.json()["last_used_at"]).len(), "2019-12-27T18:11:19.117Z".len());
    assert_eq!((noted.etag(), noted.revision()), (before.etag(), 1));
    let mut same = noted.json();
    same.as_object_mut().map(|members| members.remove("last_used_at"));
    assert_eq!(same, before.json());
}

#[test]
fn ids_are_accepted_only_in_the_spelling_of_the_face() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let id = tenant.subject().id;
    let read = |face, id: &str, status| {
        let path = format!("{}/{id}", tenant.all(face));
        drop(get(path).token(&tenant.admin).send(&*client).expect(status));
    };
    for guid in [id.guid() + "/", id.guid().to_uppercase(), id.guid().replace('-', ""), format!("%7B{}%7D", id.guid())]
    {
        read(LiteGraph, &guid, 200);
    }
    for face in Face::ALL {
        // Keycard's face and our own spell ids alike.
        let spellings = [id.client(), id.guid(), id.to_string()];
        let own = face.of([0, 1, 2, 2]);
        for (number, spelling) in spellings.iter().enumerate() {
            read(face, spelling, if number == own { 200 } else { 404 });
        }
        let long = "a".repeat(2000);
        for unreadable in ["x", "%00", "%ff", "%zz", "%2F", "null", &long, &nobody().to_string(), &Id::ZERO.client()] {
            read(face, unreadable, 404);
        }
    }
}
