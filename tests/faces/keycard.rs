//! Keycard's operations.

use super::*;

#[test]
fn organizations_and_service_accounts_as_the_sdk_reads_them() {
    let world = World::new();
    let made = world.call("POST", "/organizations", ROOT, &json!({"name": "New Co"}));
    assert_eq!(made.status, 201);
    let organization = made.json();
    assert_eq!((text(&organization, "label"), &organization["sso_enabled"]), ("new-co".to_owned(), &json!(false)));
    assert_eq!(organization["zone_id"], organization["id"]);
    let label = |name: &str| text(&world.call("POST", "/organizations", ROOT, &json!({"name": name})).json(), "label");
    assert_eq!(
        (label("New Co"), label("new co!"), label("ACME")),
        ("new-co-2".to_owned(), "new-co-3".to_owned(), "acme-2".to_owned())
    );
    assert_eq!(label(support::ACME), format!("{}-2", support::ACME), "a label that reads as an id never stands alone");
    assert_eq!(label(ZERO), format!("{ZERO}-2"));

    for reference in [text(&organization, "id"), "new-co".to_owned()] {
        let url = format!("/organizations/{reference}/service-accounts");
        let account = world.call("POST", &url, ROOT, &json!({"name": "sa", "description": "d"}));
        assert_eq!((account.status, account.json()["description"].as_str()), (201, Some("d")));
        assert_eq!(
            world.call("POST", &url, ROOT, &json!({"name": "", "description": 5})).json()["message"],
            "name has to have at least 1 character(s). description has to be a string."
        );
    }
    assert_eq!(world.call("POST", "/organizations", ROOT, &json!({"description": 5})).status, 400);
    assert_eq!(
        world.call("POST", "/organizations", &world.caller(&["admin"]), &json!({"name": "x"})).status,
        403,
        "root's alone"
    );
    assert_eq!(world.call("POST", "/organizations/nobody/service-accounts", ROOT, &json!({"name": "x"})).status, 404);
    assert_eq!(
        world.db.count("SELECT count(*) FROM principals WHERE id = '00000000000000000000000000'"),
        7,
        "each was born with its default one"
    );
}

#[test]
fn create_retrieve_update() {
    let world = World::new();
    let (_, url) = world.service_account();
    let made = world.call("POST", &url, ROOT, &json!({"name": "name", "description": "description"}));
    assert_eq!(
        (made.status, made.members()),
        (201, ["id", "client_id", "client_secret", "created_at", "name", "description"].map(str::to_owned).to_vec())
    );
    let credential = made.json();
    let one = format!("{url}/{}", text(&credential, "id"));
    let secret = text(&credential, "client_secret");
    assert_eq!(text(&credential, "client_id"), format!("client_{}", text(&credential, "id")));
    assert_eq!(text(&credential, "created_at").len(), "2019-12-27T18:11:19.117Z".len());

    let got = world.get(&one, &secret);
    assert_eq!(
        (got.status, got.members()),
        (200, ["id", "client_id", "created_at", "name", "description"].map(str::to_owned).to_vec())
    );
    let patch = |body: Value| world.call("PATCH", &one, ROOT, &body);
    let nothing = patch(json!({}));
    assert_eq!((nothing.status, nothing.etag()), (200, got.etag()));
    assert_eq!(nothing.json()["last_used_at"].as_str().map(str::len), Some(24), "noted after the read");
    assert_eq!(patch(json!({"name": "n2"})).json()["description"], "description", "an absent member keeps its value");
    let cleared = patch(json!({"description": null, "unknown": [1]}));
    assert!(cleared.status == 200 && cleared.json().get("description").is_none(), "null clears");
    assert_eq!(
        patch(json!({"name": null, "description": "d".repeat(501)})).json(),
        json!({
            "code": "bad_request", "status": 400, "message": "name cannot be null. description may have at most 500 characters.",
        })
    );
}

#[test]
fn expand_in_each_of_its_spellings_shows_what_the_caller_may() {
    let world = World::new();
    let (_, url) = world.service_account();
    let made = world.call("POST", &url, ROOT, &json!({"name": "name"})).json();
    let one = format!("{url}/{}", text(&made, "id"));
    let permissions =
        |token: &str, query: &str| world.get(&format!("{one}?{query}"), token).json()["permissions"].clone();
    let may = |read, update, delete| json!({"credentials": {"read": read, "update": update, "delete": delete}});
    for query in [
        "expand[]=permissions",
        "expand%5B%5D=permissions",
        "expand=permissions&expand=total_count",
        "expand=permissions,total_count",
    ] {
        assert_eq!(permissions(&text(&made, "client_secret"), query), may(true, false, false), "{query}");
    }
    assert_eq!(permissions(&world.caller(&["editor"]), "expand=permissions"), may(true, true, false));
    assert_eq!(permissions(&world.caller(&["admin"]), "expand=permissions"), may(true, true, true));
    assert_eq!(permissions(ROOT, "expand=total_count"), Value::Null);
    assert_eq!(permissions(ROOT, "other=permissions"), Value::Null);
    let patched = world.call("PATCH", &format!("{one}?expand[]=permissions"), ROOT, &json!({}));
    assert_eq!(patched.json()["permissions"], may(true, true, true));
}

#[test]
fn the_client_request_id_is_a_uuid_or_a_400() {
    let world = World::new();
    let (_, url) = world.service_account();
    let send = |id: &str| world.send("PATCH", &format!("{url}/x"), &[("x-client-request-id", id)], b"{}");
    let good = send("182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e");
    assert_eq!((good.status, good.header("x-request-id")), (401, Some("182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e")));
    for bad in ["", "x", "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26", "182bd5e56e1a4fe4a799aa6d9a6ab26e"] {
        let reply = send(bad);
        assert_eq!(
            (reply.status, reply.cost.trips, reply.json()["code"].as_str()),
            (400, 0, Some("bad_request")),
            "{bad}"
        );
    }
}

#[test]
fn a_credential_of_another_service_account_is_missing() {
    let world = World::new();
    let ((_, one), (_, other)) = (world.service_account(), world.service_account());
    let made = world.call("POST", &one, ROOT, &json!({"name": "name"})).json();
    assert_eq!(world.get(&format!("{one}/{}", text(&made, "id")), ROOT).status, 200);
    assert_eq!(world.get(&format!("{other}/{}", text(&made, "id")), ROOT).status, 404);
    let nobody = "/organizations/acme/service-accounts/00000000000000000000000009/credentials";
    assert_eq!(world.call("POST", nobody, ROOT, &json!({"name": "n"})).status, 404);
    assert_eq!(
        world.call("POST", "/organizations/acme/service-accounts/x/credentials", ROOT, &json!({"name": "n"})).status,
        404
    );
}
