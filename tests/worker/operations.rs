//! Each operation of each face: its status, its members, and what they say.

use postern::credential::id::Id;
use serde_json::{Value, json};

use support::client::{Client, Reply, call, get};
use support::face::Face::{self, Coactive, Keycard, LiteGraph, Postern};
use support::face::roles;
use support::http::server;
use support::tenant::{Tenant, nobody, post_by_root, read_id, text};
use support::{CLIENTS, ZERO};

const LITEGRAPH_MEMBERS: [&str; 8] =
    ["GUID", "TenantGUID", "UserGUID", "Name", "BearerToken", "Active", "CreatedUtc", "LastUpdateUtc"];

/// Keycard's times: `2019-12-27T18:11:19.117Z`. LiteGraph's have six digits of the second.
fn is_time(value: &Value, digits: usize) -> bool {
    let pattern = format!("0000-00-00T00:00:00.{}Z", "0".repeat(digits));
    let text = text(value);
    let like = |(letter, wanted): (char, char)| if wanted == '0' { letter.is_ascii_digit() } else { letter == wanted };
    text.len() == pattern.len() && text.chars().zip(pattern.chars()).all(like)
}

fn created(tenant: &Tenant, face: Face, body: &Value) -> Reply {
    call(face.create(), tenant.all(face)).token(&tenant.admin).json(body).send(server()).expect(face.created())
}

#[test]
fn coactive_makes_shows_and_updates_a_client() {
    let tenant = Tenant::new(server());
    let some = json!([{"role_id": "editor"}, {"role_id": "viewer", "resource": "dataset", "resource_instance": "d1"}]);
    let made = created(&tenant, Coactive, &json!({ "name": "My OAuth Client", "roles": some }));
    made.expect_members(&["client_id", "client_secret", "name", "roles"]);
    let client = made.json();
    assert!(text(&client["client_secret"]).starts_with("pstn_"));
    let one = format!("{CLIENTS}/{}", text(&client["client_id"]));
    let shown = |name: &str, roles: &Value| {
        json!({
            "client_id": client["client_id"], "client_secret": "", "name": name, "roles": roles,
        })
    };

    let got = get(&one).token(&tenant.admin).send(server()).expect(200);
    assert_eq!((got.json(), got.etag()), (shown("My OAuth Client", &some), made.etag()));

    let put = |body: Value| call("PUT", &one).token(&tenant.admin).json(&body).send(server()).expect(200);
    let context = put(json!({
        "name": "Updated", "roles": [{"role_id": "editor", "resource": "dataset", "resource_instance": "d1"}],
        "roles_context": "dataset:d1",
    }));
    context.expect_members(&["client_id", "client_secret", "name", "roles"]);
    let merged =
        json!([{"role_id": "editor"}, {"role_id": "editor", "resource": "dataset", "resource_instance": "d1"}]);
    assert_eq!((context.json(), context.revision()), (shown("Updated", &merged), 2));
    // No roles is full access, by contract.
    let all = put(json!({}));
    assert_eq!((all.json(), all.revision()), (shown("Updated", &json!([])), 3));
}

#[test]
fn litegraph_makes_shows_and_updates_a_credential() {
    let tenant = Tenant::new(server());
    let made = created(&tenant, LiteGraph, &json!({ "UserGUID": ZERO }));
    made.expect_members(&LITEGRAPH_MEMBERS);
    let credential = made.json();
    assert_eq!(
        (
            text(&credential["TenantGUID"]),
            text(&credential["UserGUID"]),
            text(&credential["Name"]),
            &credential["Active"]
        ),
        (tenant.id.guid(), ZERO.to_owned(), "unnamed".to_owned(), &json!(true))
    );
    assert!(text(&credential["BearerToken"]).starts_with("pstn_"));
    assert!(is_time(&credential["CreatedUtc"], 6) && is_time(&credential["LastUpdateUtc"], 6), "{credential}");
    let one = tenant.one(LiteGraph, read_id(&credential["GUID"]));
    let got = get(&one).token(&tenant.admin).send(server()).expect(200);
    assert_eq!((got.json(), got.etag()), (credential.clone(), made.etag()), "the token is shown on reads");

    let token = format!("my-own-token-of-{}", tenant.id);
    let body = json!({
        "GUID": ZERO, "TenantGUID": "", "UserGUID": tenant.account.guid(), "Name": "Updated credential",
        "BearerToken": token, "Active": false, "CreatedUtc": 5, "LastUpdateUtc": null,
    });
    let put = call("PUT", &one).token(&tenant.admin).json(&body).send(server()).expect(200);
    put.expect_members(&LITEGRAPH_MEMBERS);
    let updated = put.json();
    assert_eq!(
        updated,
        json!({
            "GUID": credential["GUID"], "TenantGUID": tenant.id.guid(), "UserGUID": tenant.account.guid(),
            "Name": "Updated credential", "BearerToken": token, "Active": false, "CreatedUtc": credential["CreatedUtc"],
            "LastUpdateUtc": updated["LastUpdateUtc"],
        })
    );
    assert!(text(&updated["LastUpdateUtc"]) > text(&credential["LastUpdateUtc"]));
    assert_eq!(tenant.read(LiteGraph, read_id(&credential["GUID"])).json(), updated);
}

#[test]
fn litegraph_keeps_what_a_client_chose() {
    let tenant = Tenant::new(server());
    let own = json!({
        "GUID": "AAAAAAAA-0000-0000-0000-000000000001", "UserGUID": ZERO, "Name": "n", "Active": false,
        "BearerToken": format!("chosen-{}", tenant.id), "CreatedUtc": "2024-12-27T18:12:38.653402Z",
        "LastUpdateUtc": "2025-12-27T18:12:38.653402Z",
    });
    let made = created(&tenant, LiteGraph, &own).json();
    let mut expected = own.clone();
    expected["GUID"] = text(&own["GUID"]).to_lowercase().into();
    expected["TenantGUID"] = tenant.id.guid().into();
    assert_eq!(made, expected);
    let again = call("PUT", tenant.all(LiteGraph)).token(&tenant.admin).json(&own).send(server()).expect(409);
    assert_eq!(LiteGraph.error(&again), "Conflict");
    // In another tenant the GUID is free, and the token is not.
    let other = Tenant::new(server());
    let taken = call("PUT", other.all(LiteGraph)).token(&other.admin).json(&own).send(server()).expect(409);
    assert_eq!(LiteGraph.error(&taken), "Conflict");
    let mut free = own;
    free["BearerToken"] = Value::Null;
    assert_eq!(created(&other, LiteGraph, &free).json()["GUID"], expected["GUID"]);
}

#[test]
fn keycard_makes_shows_and_updates_a_credential() {
    let tenant = Tenant::new(server());
    let made = created(&tenant, Keycard, &json!({ "name": "name", "description": "described" }));
    made.expect_members(&["id", "client_id", "client_secret", "created_at", "name", "description"]);
    let credential = made.json();
    let id = read_id(&credential["id"]);
    assert_eq!((text(&credential["id"]), text(&credential["client_id"])), (id.to_string(), id.client()));
    assert!(is_time(&credential["created_at"], 3), "{credential}");
    let one = tenant.one(Keycard, id);
    let got = get(&one).token(&tenant.admin).send(server()).expect(200);
    got.expect_members(&["id", "client_id", "created_at", "name", "description"]);
    assert_eq!(got.etag(), made.etag());

    let patch = |body: Value| call("PATCH", &one).token(&tenant.admin).json(&body).send(server()).expect(200);
    let shown = |name: &str, description: &str| {
        json!({
            "id": id, "client_id": id.client(), "created_at": credential["created_at"], "name": name,
            "description": description,
        })
    };
    let renamed = patch(json!({ "name": "renamed" }));
    assert_eq!((renamed.json(), renamed.revision()), (shown("renamed", "described"), 2));
    let described = patch(json!({ "description": "again", "unknown": [1] }));
    assert_eq!((described.json(), described.revision()), (shown("renamed", "again"), 3));
    let cleared = patch(json!({ "description": null }));
    cleared.expect_members(&["id", "client_id", "created_at", "name"]);
    // By the organization's id as well as by its label.
    let by_id = one.replace(&tenant.label, &tenant.id.to_string());
    assert_eq!(get(by_id).token(&tenant.admin).send(server()).expect(200).json(), cleared.json());
}

#[test]
fn keycard_shows_what_the_caller_may_in_each_spelling_of_expand() {
    let tenant = Tenant::new(server());
    let subject = tenant.subject();
    let one = tenant.one(Keycard, subject.id);
    let may = |read, update, delete| json!({ "credentials": { "read": read, "update": update, "delete": delete } });
    let callers = [
        (subject.secret.clone(), may(true, false, false)),
        (tenant.caller(&["editor"]), may(true, true, false)),
        (tenant.admin.clone(), may(true, true, true)),
        (server().root_token().to_owned(), may(true, true, true)),
    ];
    for (token, permissions) in &callers {
        for query in [
            "expand[]=permissions",
            "expand%5B%5D=permissions",
            "expand=total_count&expand=permissions",
            "expand=permissions,total_count",
        ] {
            let got = get(format!("{one}?{query}")).token(token).send(server()).expect(200);
            assert_eq!(&got.json()["permissions"], permissions, "{query}");
        }
        let plain = get(format!("{one}?expand=total_count")).token(token).send(server()).expect(200);
        assert_eq!(plain.json().get("permissions"), None);
    }
    let patched =
        call("PATCH", format!("{one}?expand=permissions")).token(&tenant.admin).json(&json!({})).send(server());
    assert_eq!(patched.expect(200).json()["permissions"], may(true, true, true));
}

#[test]
fn root_makes_organizations_and_service_accounts() {
    let made = post_by_root(server(), "/organizations", &json!({ "name": "An Organization, Inc." })).expect(201);
    made.expect_members_in_any_order(&["created_at", "id", "label", "name", "sso_enabled", "updated_at", "zone_id"]);
    let organization = made.json();
    assert!(text(&organization["label"]).starts_with("an-organization-inc"), "{organization}");
    assert_eq!((&organization["zone_id"], &organization["sso_enabled"]), (&organization["id"], &json!(false)));
    assert!(is_time(&organization["created_at"], 3) && is_time(&organization["updated_at"], 3), "{organization}");

    let accounts = format!("/organizations/{}/service-accounts", text(&organization["id"]));
    let bare = post_by_root(server(), &accounts, &json!({ "name": "bare" })).expect(201);
    bare.expect_members_in_any_order(&["created_at", "id", "name", "updated_at"]);
    let described = post_by_root(server(), &accounts, &json!({ "name": "sa", "description": "d" })).expect(201);
    described.expect_members_in_any_order(&["created_at", "description", "id", "name", "updated_at"]);
    assert_eq!(
        post_by_root(server(), &accounts, &json!({ "name": null, "description": 5 })).expect(400).json()["code"],
        "bad_request"
    );

    // A tenant is born with a default principal, which owns what Coactive makes.
    let label = text(&organization["label"]);
    let client = call("POST", CLIENTS).root(&label).json(&json!({ "name": "first admin", "roles": roles(&["admin"]) }));
    let id = read_id(&client.send(server()).expect(201).json()["client_id"]);
    let url = format!("/v1.0/tenants/{}/credentials/{}", read_id(&organization["id"]).guid(), id.guid());
    assert_eq!(get(url).by_root().send(server()).expect(200).json()["UserGUID"], ZERO);
}

#[test]
fn only_root_makes_organizations_and_only_an_admin_service_accounts() {
    let tenant = Tenant::new(server());
    let post = |path: &str, token: &str| call("POST", path).token(token).json(&json!({ "name": "n" })).send(server());
    assert_eq!(Keycard.error(&post("/organizations", &tenant.admin).expect(403)), "forbidden");
    let accounts = format!("/organizations/{}/service-accounts", tenant.label);
    post(&accounts, &tenant.admin).expect(201);
    assert_eq!(Keycard.error(&post(&accounts, &tenant.caller(&["editor"])).expect(403)), "forbidden");
    assert_eq!(Keycard.error(&post(&accounts, &Tenant::new(server()).admin).expect(404)), "not_found");
}

#[test]
fn one_credential_goes_through_every_face_and_keeps_what_a_face_cannot_say() {
    let tenant = Tenant::new(server());
    let subject = tenant.subject();
    let body = json!({ "UserGUID": tenant.account.guid(), "Name": "put by LiteGraph" });
    let put = tenant.update(LiteGraph, subject.id).json(&body).send(server()).expect(200);
    let read = tenant.read(Coactive, subject.id);
    assert_eq!(
        read.json(),
        json!({
            "client_id": subject.id.client(), "client_secret": "", "name": "put by LiteGraph",
            "roles": roles(&["viewer"]),
        })
    );
    assert_eq!(read.etag(), put.etag(), "the ETag is the same on every face");
    assert_eq!(tenant.read(Keycard, subject.id).json()["description"], "described");

    let body = json!({ "name": "put by Coactive", "roles": roles(&["editor"]) });
    tenant.update(Coactive, subject.id).json(&body).send(server()).expect(200);
    let patched = tenant.update(Keycard, subject.id).json(&json!({})).send(server()).expect(200);
    assert_eq!(
        (patched.json()["name"].as_str(), &patched.json()["description"]),
        (Some("put by Coactive"), &json!("described"))
    );
    let shown = tenant.read(LiteGraph, subject.id).json();
    assert_eq!((text(&shown["UserGUID"]), text(&shown["Name"])), (tenant.account.guid(), "put by Coactive".to_owned()));
    // Its secret was never sealed, so that LiteGraph shows none, and putting none keeps it.
    assert_eq!(shown["BearerToken"], "");
    get(tenant.one(Keycard, subject.id)).token(&subject.secret).send(server()).expect(200);
}

#[test]
fn what_a_face_shows_may_be_put_back_and_changes_nothing() {
    let tenant = Tenant::new(server());
    let subject = tenant.subject();
    for face in Face::ALL {
        let got = tenant.read(face, subject.id);
        let back = tenant.update(face, subject.id).json(&got.json()).send(server()).expect(200);
        assert_eq!((back.json(), back.etag()), (got.json(), got.etag()), "{face:?}");
    }
}

#[test]
fn a_use_is_noted_after_the_answer_and_moves_neither_revision_nor_etag() {
    let tenant = Tenant::new(server());
    let subject = tenant.subject();
    let before = tenant.read(Keycard, subject.id);
    assert_eq!(before.json().get("last_used_at"), None, "it was not used yet");
    get(tenant.one(Keycard, subject.id)).token(&subject.secret).send(server()).expect(200);
    // The note is made when the answer is out already. Each look is a request by someone else.
    let noted = (0..500).map(|_| tenant.read(Keycard, subject.id)).find(|got| got.json().get("last_used_at").is_some());
    let noted = noted.expect("a use that is noted");
    assert!(is_time(&noted.json()["last_used_at"], 3));
    assert_eq!((noted.etag(), noted.revision()), (before.etag(), 1));
    let mut same = noted.json();
    same.as_object_mut().map(|members| members.remove("last_used_at"));
    assert_eq!(same, before.json());
}

#[test]
fn an_id_is_read_in_the_spelling_of_its_face_alone() {
    let tenant = Tenant::new(server());
    let subject = tenant.subject();
    let read = |path: String, status| drop(get(path).token(&tenant.admin).send(server()).expect(status));
    let spelled = |face, id: &str| format!("{}/{id}", tenant.all(face));
    let simple = subject.id.guid().replace('-', "");
    for guid in [subject.id.guid().to_uppercase(), simple, format!("%7B{}%7D", subject.id.guid())] {
        read(spelled(LiteGraph, &guid), 200);
    }
    read(tenant.one(LiteGraph, subject.id) + "/", 200);
    for face in Face::ALL {
        // Keycard's spelling is ours.
        let spelling = |face| if face == Postern { Keycard } else { face };
        for other in Face::ALL.into_iter().filter(|other| spelling(*other) != spelling(face)) {
            read(spelled(face, tenant.one(other, subject.id).rsplit('/').next().unwrap()), 404);
        }
        let long = "a".repeat(2000);
        for unreadable in ["x", "%00", "%ff", "%zz", "%2F", "null", &long, &nobody().to_string(), &Id::ZERO.client()] {
            read(spelled(face, unreadable), 404);
        }
    }
}
