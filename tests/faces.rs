//! Each operation of each face, as its contract has it.

mod common;

use common::{CLIENTS, ROOT, World, ZERO, client_url, litegraph_url, text};
use postern::credential::id::Id;
use serde_json::{Value, json};

mod coactive {
    use super::*;

    #[test]
    fn create_shows_the_secret_once() {
        let world = World::new();
        let roles =
            json!([{"role_id": "admin"}, {"role_id": "editor", "resource": "dataset", "resource_instance": "d"}]);
        let made = world.call("POST", CLIENTS, ROOT, &json!({"name": "My OAuth Client", "roles": roles}));
        assert_eq!(made.status, 201, "{}", made.text);
        assert_eq!(made.members(), ["client_id", "client_secret", "name", "roles"]);
        let client = made.json();
        assert!(text(&client, "client_secret").starts_with("pstn_"));
        assert_eq!(client["roles"], roles, "absent members are left out");

        let url = client_url(&text(&client, "client_id"));
        let got = world.get(&url, ROOT);
        assert_eq!((got.status, got.json()["client_secret"].as_str()), (200, Some("")));
        assert_eq!(got.json()["roles"], roles);
        assert_eq!(got.etag(), made.etag());
    }

    #[test]
    fn put_without_roles_is_full_access_and_the_event_says_widened() {
        for body in [json!({}), json!({"roles": null}), json!({"roles": []})] {
            let world = World::new();
            let (id, _) = world.client(&json!({"name": "a", "roles": [{"role_id": "viewer"}]}));
            let put = world.call("PUT", &client_url(&id), ROOT, &body);
            assert_eq!(
                (put.status, put.json()),
                (200, json!({"client_id": id, "client_secret": "", "name": "a", "roles": []}))
            );
            let event = world.history(&id["client_".len()..]).pop().unwrap();
            assert_eq!((event["widened"].as_i64(), event["by"].as_str()), (Some(1), Some("root")));
            assert_eq!(event["changes"], json!({"roles": {"before": [{"role_id": "viewer"}], "after": null}}));
        }
    }

    #[test]
    fn name_absent_or_null_is_kept() {
        let world = World::new();
        let (id, _) = world.client(&json!({"name": "kept"}));
        for body in [json!({}), json!({"name": null}), json!({"client_id": "x", "client_secret": 5, "other": {}})] {
            let put = world.call("PUT", &client_url(&id), ROOT, &body);
            assert_eq!((put.status, put.json()["name"].as_str()), (200, Some("kept")));
        }
    }

    #[test]
    fn roles_context_replaces_its_part_alone() {
        let world = World::new();
        let scoped = |dataset: &str| json!({"role_id": "editor", "resource": "dataset", "resource_instance": dataset});
        let (id, _) = world.client(&json!({"name": "a", "roles": [{"role_id": "admin"}, scoped("d1"), scoped("d2")]}));
        let put = |body: Value| world.call("PUT", &client_url(&id), ROOT, &body);

        let viewer = json!({"role_id": "viewer", "resource": "dataset", "resource_instance": "d1"});
        let replaced = put(json!({"roles": [viewer], "roles_context": "dataset:d1"}));
        assert_eq!(replaced.json()["roles"], json!([{"role_id": "admin"}, viewer, scoped("d2")]));
        let emptied = put(json!({"roles_context": "dataset:d2"}));
        assert_eq!(emptied.json()["roles"], json!([{"role_id": "admin"}, viewer]));
        let system = put(json!({"roles": [{"role_id": "editor"}], "roles_context": "system"}));
        assert_eq!(system.json()["roles"], json!([{"role_id": "editor"}, viewer]));
        assert_eq!(put(json!({"roles": null, "roles_context": "system"})).status, 200);

        let last = put(json!({"roles": [], "roles_context": "dataset:d1"}));
        assert_eq!((last.status, &last.json()["detail"][0]["loc"]), (422, &json!(["body", "roles"])));
        let outside = put(json!({"roles": [{"role_id": "admin"}, viewer], "roles_context": "dataset:d1"}));
        assert_eq!((outside.status, &outside.json()["detail"][0]["loc"]), (422, &json!(["body", "roles", 0])));
        for bad in ["", "System", "dataset:", "dataset", "project:x"] {
            let reply = put(json!({"roles_context": bad}));
            assert_eq!(
                (reply.status, &reply.json()["detail"][0]["loc"]),
                (422, &json!(["body", "roles_context"])),
                "{bad}"
            );
        }
        assert_eq!(world.get(&client_url(&id), ROOT).json()["roles"], json!([viewer]), "refusals changed nothing");
    }

    #[test]
    fn every_violation_at_once_in_field_order() {
        let world = World::new();
        let (id, _) = world.client(&json!({"name": "a"}));
        let body = json!({
            "roles_context": 5,
            "roles": [
                {}, {"role_id": 7}, "x", {"role_id": "amdin"}, {"role_id": "admin", "resource_instance": "i"},
                {"role_id": "", "resource": "r\u{0}"},
            ],
            "name": "n".repeat(256),
        });
        let put = world.call("PUT", &client_url(&id), ROOT, &body);
        assert_eq!(put.status, 422);
        let told: Vec<_> = put.json()["detail"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["loc"].clone(), text(one, "type")))
            .collect();
        assert_eq!(
            told,
            [
                (json!(["body", "name"]), "string_too_long".to_owned()),
                (json!(["body", "roles", 0, "role_id"]), "missing".to_owned()),
                (json!(["body", "roles", 1, "role_id"]), "string_type".to_owned()),
                (json!(["body", "roles", 2]), "model_attributes_type".to_owned()),
                (json!(["body", "roles", 3, "role_id"]), "value_error".to_owned()),
                (json!(["body", "roles", 4, "resource_instance"]), "value_error".to_owned()),
                (json!(["body", "roles", 5, "role_id"]), "string_too_short".to_owned()),
                (json!(["body", "roles", 5, "resource"]), "value_error".to_owned()),
                (json!(["body", "roles_context"]), "string_type".to_owned()),
            ]
        );
        assert_eq!(put.cost.trips, 1);
    }

    #[test]
    fn roles_are_a_set() {
        let world = World::new();
        let (a, b) = (json!({"role_id": "admin"}), json!({"role_id": "viewer", "resource": "x"}));
        let (id, _) = world.client(&json!({"name": "n", "roles": [b, a, b]}));
        let before = world.get(&client_url(&id), ROOT);
        assert_eq!(before.json()["roles"], json!([a, b]));
        let put = world.call("PUT", &client_url(&id), ROOT, &json!({"roles": [b, a]}));
        assert_eq!(put.etag(), before.etag(), "another order is no change");
    }

    #[test]
    fn at_most_a_hundred_roles_after_merging() {
        let world = World::new();
        let roles = |resource: &str, count: usize| -> Vec<Value> {
            (0..count).map(|number| json!({"role_id": "viewer", "resource": resource, "resource_instance": number.to_string()})).collect()
        };
        let many = world.call("POST", CLIENTS, ROOT, &json!({"name": "n", "roles": roles("r", 101)}));
        assert_eq!((many.status, &many.json()["detail"][0]["type"]), (422, &json!("too_long")));
        let (id, _) = world.client(&json!({"name": "n", "roles": roles("r", 100)}));
        let merged = world.call(
            "PUT",
            &client_url(&id),
            ROOT,
            &json!({"roles": [{"role_id": "admin"}], "roles_context": "system"}),
        );
        assert_eq!((merged.status, &merged.json()["detail"][0]["loc"]), (422, &json!(["body", "roles"])));
    }

    #[test]
    fn an_organization_without_rbac_adds_no_roles() {
        let world = World::new();
        let (id, _) = world.client(&json!({"name": "a", "roles": [{"role_id": "admin"}, {"role_id": "viewer"}]}));
        world.db.execute("UPDATE tenants SET rbac = 0", &[]);
        let put = |body: Value| world.call("PUT", &client_url(&id), ROOT, &body).status;
        assert_eq!(
            put(json!({"roles": [{"role_id": "viewer"}, {"role_id": "admin"}]})),
            200,
            "the stored ones are no change"
        );
        assert_eq!(put(json!({"roles": [{"role_id": "editor"}]})), 403);
        assert_eq!(put(json!({"roles": [{"role_id": "admin"}]})), 200, "taking one away adds none");
        assert_eq!(
            world.call("POST", CLIENTS, ROOT, &json!({"name": "b", "roles": [{"role_id": "admin"}]})).status,
            403
        );
        assert_eq!(world.call("POST", CLIENTS, ROOT, &json!({"name": "b"})).status, 201);
        let (_, url) = world.service_account();
        assert_eq!(world.call("POST", &url, ROOT, &json!({"name": "a viewer by default"})).status, 201);
    }

    #[test]
    fn root_names_the_tenant_by_either_spelling_or_the_label() {
        let world = World::new();
        let authorization = format!("Bearer {ROOT}");
        let create = |tenant: Option<&str>| {
            let mut headers = vec![("authorization", authorization.as_str())];
            headers.extend(tenant.map(|tenant| ("X-Postern-Tenant", tenant)));
            world.send("POST", CLIENTS, &headers, br#"{"name":"n"}"#)
        };
        for tenant in ["acme", common::ACME, ZERO] {
            assert_eq!(create(Some(tenant)).status, 201, "{tenant}");
        }
        assert_eq!(create(Some("nobody")).status, 404);
        let unnamed = create(None);
        assert!(unnamed.status == 403 && unnamed.text.contains("X-Postern-Tenant"), "{}", unnamed.text);
        world.tenant("00000000000000000000000001", "other");
        let (_, admin) = world.client(&json!({"name": "a"}));
        let headers = [("authorization", &*format!("Bearer {admin}")), ("X-Postern-Tenant", "other")];
        let made = world.send("POST", CLIENTS, &headers, br#"{"name":"n"}"#);
        assert_eq!(made.status, 201);
        assert_eq!(
            world.db.count("SELECT count(*) FROM credentials WHERE tenant LIKE '%1'"),
            0,
            "ignored from any other caller"
        );
    }
}

mod litegraph {
    use super::*;

    const URL: &str = "/v1.0/tenants/00000000-0000-0000-0000-000000000000/credentials";
    const MEMBERS: [&str; 8] =
        ["GUID", "TenantGUID", "UserGUID", "Name", "BearerToken", "Active", "CreatedUtc", "LastUpdateUtc"];

    fn create(world: &World, body: &Value) -> Value {
        let made = world.call("PUT", URL, ROOT, body);
        assert_eq!((made.status, made.members()), (200, MEMBERS.map(str::to_owned).to_vec()), "{}", made.text);
        made.json()
    }

    #[test]
    fn create_with_its_defaults() {
        let world = World::new();
        let made = create(&world, &json!({"UserGUID": ZERO}));
        assert_eq!(
            (text(&made, "Name"), &made["Active"], text(&made, "TenantGUID")),
            ("unnamed".to_owned(), &json!(true), ZERO.to_owned())
        );
        assert!(text(&made, "BearerToken").starts_with("pstn_"));
        assert_eq!(text(&made, "CreatedUtc").len(), "2024-12-27T18:12:38.653402Z".len());
        let got = world.get(&format!("{URL}/{}", text(&made, "GUID")), ROOT);
        assert_eq!((got.status, got.json()), (200, made.clone()), "the token is shown on reads");
        assert_eq!(
            world.get(&format!("{URL}/{}", text(&made, "GUID")), &text(&made, "BearerToken")).status,
            401,
            "a viewer"
        );
        assert_eq!(world.db.query("SELECT roles FROM credentials", &[])[0]["roles"], r#"[{"role_id":"viewer"}]"#);
    }

    #[test]
    fn create_honours_what_the_client_chose() {
        let world = World::new();
        let own = json!({
            "GUID": "AAAAAAAA-0000-0000-0000-000000000001", "UserGUID": ZERO, "Name": "n", "BearerToken": "default", "Active": false,
            "CreatedUtc": "2024-12-27T18:12:38.653402Z", "LastUpdateUtc": "2025-12-27T18:12:38.653402Z", "TenantGUID": "",
        });
        let made = create(&world, &own);
        assert_eq!(
            made,
            json!({
                "GUID": "aaaaaaaa-0000-0000-0000-000000000001", "TenantGUID": ZERO, "UserGUID": ZERO, "Name": "n", "BearerToken": "default",
                "Active": false, "CreatedUtc": "2024-12-27T18:12:38.653402Z", "LastUpdateUtc": "2025-12-27T18:12:38.653402Z",
            })
        );
        let again = world.call("PUT", URL, ROOT, &own);
        assert_eq!((again.status, again.json()["Error"].as_str()), (409, Some("Conflict")));
        let token = world.call("PUT", URL, ROOT, &json!({"UserGUID": ZERO, "BearerToken": "default"}));
        assert_eq!(token.status, 409);
        let event = &world.history(&Id::parse_guid("aaaaaaaa-0000-0000-0000-000000000001").unwrap().to_string())[0];
        assert!(event["at"].as_i64() > Some(common::START), "the history is told the real time");
    }

    #[test]
    fn update_names_every_missing_or_wrong_member() {
        let world = World::new();
        let made = create(&world, &json!({"UserGUID": ZERO}));
        let url = format!("{URL}/{}", text(&made, "GUID"));
        let put = |body: Value| world.call("PUT", &url, ROOT, &body);
        let bad = put(json!({"Active": "yes", "BearerToken": "a b"}));
        assert_eq!(bad.status, 400);
        assert_eq!(bad.members(), ["Error", "Message", "StatusCode", "Description"]);
        assert_eq!(
            bad.json()["Description"],
            "UserGUID is required. Name is required. Active has to be true or false. \
            BearerToken has to be 1 to 512 visible ASCII characters without spaces."
        );
        let null = put(json!({"UserGUID": null, "Name": null, "Active": null, "BearerToken": null}));
        assert_eq!(null.json()["Description"], "UserGUID cannot be null. Name cannot be null. Active cannot be null.");
        let user = put(json!({"UserGUID": "11111111-0000-0000-0000-000000000000", "Name": ""}));
        assert_eq!(
            user.json()["Description"],
            "No user with GUID '11111111-0000-0000-0000-000000000000' exists. Name has to have at least 1 character(s)."
        );
        for token in ["pstn_nonsense", "client_a:b"] {
            assert_eq!(put(json!({"UserGUID": ZERO, "Name": "n", "BearerToken": token})).status, 400, "{token}");
        }
        assert_eq!(world.get(&url, ROOT).json(), made);
    }

    #[test]
    fn update_keeps_an_absent_token_and_takes_absent_active_as_true() {
        let world = World::new();
        let made = create(&world, &json!({"UserGUID": ZERO, "Active": false, "BearerToken": "foobar"}));
        let url = format!("{URL}/{}", text(&made, "GUID"));
        for token in [None, Some(Value::Null), Some(json!(""))] {
            let mut body = json!({"UserGUID": ZERO, "Name": "Updated credential", "GUID": 5, "TenantGUID": "", "CreatedUtc": "x", "LastUpdateUtc": []});
            if let Some(token) = token {
                body["BearerToken"] = token;
            }
            let put = world.call("PUT", &url, ROOT, &body).json();
            assert_eq!(
                (put["BearerToken"].as_str(), &put["Active"], &put["CreatedUtc"]),
                (Some("foobar"), &json!(true), &made["CreatedUtc"])
            );
        }
    }

    #[test]
    fn a_new_token_ends_every_other() {
        let world = World::new();
        let admin = world.caller(&["admin"]);
        let made = create(&world, &json!({"UserGUID": ZERO, "BearerToken": "old-token"}));
        let url = format!("{URL}/{}", text(&made, "GUID"));
        let put =
            world.call("PUT", &url, &admin, &json!({"UserGUID": ZERO, "Name": "unnamed", "BearerToken": "new-token"}));
        assert_eq!((put.status, put.json()["BearerToken"].as_str()), (200, Some("new-token")));
        assert_eq!(world.get(&url, ROOT).json(), put.json());
        let error = |token| text(&world.get(&url, token).json(), "Error");
        assert_eq!(
            (error("old-token"), error("new-token")),
            ("AuthenticationFailed".to_owned(), "AuthorizationFailed".to_owned())
        );

        let id = Id::parse_guid(&text(&made, "GUID")).unwrap().to_string();
        let actions: Vec<_> = world
            .history(&id)
            .iter()
            .map(|event| (text(event, "action"), event["revision"].as_i64().unwrap()))
            .collect();
        let told = |action: &str, revision| (action.to_owned(), revision);
        assert_eq!(
            actions,
            [told("created", 1), told("secret_created", 1), told("secret_created", 2), told("secret_ended", 2)],
            "one revision, and the credential's own columns did not change"
        );
        let same =
            world.call("PUT", &url, &admin, &json!({"UserGUID": ZERO, "Name": "unnamed", "BearerToken": "new-token"}));
        assert_eq!(same.etag(), put.etag());
    }

    #[test]
    fn a_token_of_another_credential_is_a_conflict_and_changes_nothing() {
        let world = World::new();
        world.tenant("00000000000000000000000001", "other");
        let other = world.call(
            "PUT",
            "/v1.0/tenants/00000000-0000-0000-0000-000000000001/credentials",
            ROOT,
            &json!({"UserGUID": ZERO, "BearerToken": "taken"}),
        );
        assert_eq!(other.status, 200);
        let made = create(&world, &json!({"UserGUID": ZERO}));
        let url = format!("{URL}/{}", text(&made, "GUID"));
        let put = world.call("PUT", &url, ROOT, &json!({"UserGUID": ZERO, "Name": "changed", "BearerToken": "taken"}));
        assert_eq!((put.status, put.json()["Error"].as_str()), (409, Some("Conflict")));
        assert_eq!(world.get(&url, ROOT).json(), made);
    }

    #[test]
    fn the_caller_may_replace_its_own_token() {
        let world = World::new();
        let (id, secret) = world.client(&json!({"name": "self"}));
        let url = litegraph_url(&Id::parse_client(&id).unwrap());
        let put = world.call(
            "PUT",
            &url,
            &secret,
            &json!({"UserGUID": ZERO, "Name": "self", "BearerToken": "mine", "Active": false}),
        );
        assert_eq!(
            (put.status, put.json()["BearerToken"].as_str(), &put.json()["Active"]),
            (200, Some("mine"), &json!(false))
        );
        assert_eq!(text(&world.get(&url, &secret).json(), "Error"), "AuthenticationFailed");
        assert_eq!(text(&world.get(&url, "mine").json(), "Error"), "Inactive");
    }

    #[test]
    fn update_moves_the_credential_to_another_user() {
        let world = World::new();
        let (account, _) = world.service_account();
        let user = Id::parse(&account).unwrap().guid();
        let made = create(&world, &json!({"UserGUID": ZERO}));
        let url = format!("{URL}/{}", text(&made, "GUID"));
        let put = world.call("PUT", &url, ROOT, &json!({"UserGUID": user, "Name": "unnamed"}));
        assert_eq!(put.json()["UserGUID"], user);
        assert!(put.json()["LastUpdateUtc"].as_str() > made["LastUpdateUtc"].as_str());
    }

    #[test]
    fn the_same_guid_in_two_tenants_is_two_credentials() {
        let world = World::new();
        world.tenant("00000000000000000000000001", "other");
        let own = json!({"GUID": "aaaaaaaa-0000-0000-0000-000000000001", "UserGUID": ZERO, "Name": "n"});
        let other = "/v1.0/tenants/00000000-0000-0000-0000-000000000001/credentials";
        create(&world, &own);
        let theirs = world.call("PUT", other, ROOT, &own);
        assert_eq!(theirs.status, 200, "{}", theirs.text);
        let url = |tenant: &str| format!("{tenant}/aaaaaaaa-0000-0000-0000-000000000001");
        let body = json!({"UserGUID": ZERO, "Name": "changed", "BearerToken": "new"});
        assert_eq!(world.call("PUT", &url(URL), ROOT, &body).status, 200);
        assert_eq!(world.get(&url(other), ROOT).json(), theirs.json());
        assert_eq!(world.get(&url(URL), ROOT).json()["Name"], "changed");
    }

    #[test]
    fn a_missing_credential_tenant_or_unreadable_guid_is_404() {
        let world = World::new();
        let body = json!({"UserGUID": ZERO, "Name": "n"});
        for url in [
            format!("{URL}/{ZERO}"),
            format!("{URL}/missing"),
            format!("{URL}/client_x"),
            "/v1.0/tenants/x/credentials/y".to_owned(),
        ] {
            let put = world.call("PUT", &url, ROOT, &body);
            assert_eq!((put.status, put.json()["Error"].as_str()), (404, Some("NotFound")), "{url}");
            assert_eq!(world.get(&url, ROOT).status, 404, "{url}");
        }
        assert_eq!(
            world.call("PUT", "/v1.0/tenants/aaaaaaaa-0000-0000-0000-000000000000/credentials", ROOT, &body).status,
            404
        );
    }

    #[test]
    fn a_credential_without_a_sealed_secret_shows_none_and_keeps_it() {
        let world = World::new();
        let (id, secret) = world.client(&json!({"name": "n"}));
        let url = litegraph_url(&Id::parse_client(&id).unwrap());
        let got = world.get(&url, &secret);
        assert_eq!(got.json()["BearerToken"], "");
        assert_eq!(world.call("PUT", &url, &secret, &got.json()).etag(), got.etag());
        let own = json!({"UserGUID": ZERO, "Name": "n", "BearerToken": secret});
        let put = world.call("PUT", &url, &secret, &own);
        assert_eq!(
            (put.status, put.etag(), put.json()["BearerToken"].as_str()),
            (200, got.etag(), Some("")),
            "the same token is no change"
        );
    }
}

mod keycard {
    use super::*;

    #[test]
    fn organizations_and_service_accounts_as_the_sdk_reads_them() {
        let world = World::new();
        let made = world.call("POST", "/organizations", ROOT, &json!({"name": "New Co"}));
        assert_eq!(made.status, 201);
        let organization = made.json();
        assert_eq!((text(&organization, "label"), &organization["sso_enabled"]), ("new-co".to_owned(), &json!(false)));
        assert_eq!(organization["zone_id"], organization["id"]);
        let label =
            |name: &str| text(&world.call("POST", "/organizations", ROOT, &json!({"name": name})).json(), "label");
        assert_eq!(
            (label("New Co"), label("new co!"), label("ACME")),
            ("new-co-2".to_owned(), "new-co-3".to_owned(), "acme-2".to_owned())
        );
        assert_eq!(
            label(common::ACME),
            format!("{}-2", common::ACME),
            "a label that reads as an id never stands alone"
        );
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
        assert_eq!(
            world.call("POST", "/organizations/nobody/service-accounts", ROOT, &json!({"name": "x"})).status,
            404
        );
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
            (
                201,
                ["id", "client_id", "client_secret", "created_at", "name", "description"].map(str::to_owned).to_vec()
            )
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
        assert_eq!(
            patch(json!({"name": "n2"})).json()["description"],
            "description",
            "an absent member keeps its value"
        );
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
            world
                .call("POST", "/organizations/acme/service-accounts/x/credentials", ROOT, &json!({"name": "n"}))
                .status,
            404
        );
    }
}

#[test]
fn the_cost_of_a_request_is_told_and_adds_up() {
    let world = World::new();
    let (id, _) = world.client(&json!({"name": "n"}));
    let cost = |body: Value| {
        let reply = world.call("PUT", &client_url(&id), ROOT, &body);
        let told = format!(
            "d1;desc=\"trips={} rows_read={} rows_written={}\"",
            reply.cost.trips, reply.cost.rows_read, reply.cost.rows_written
        );
        assert_eq!(reply.header("server-timing"), Some(told.as_str()));
        (reply.cost.trips, reply.cost.rows_read, reply.cost.rows_written)
    };
    // Read here are the rows that came back: the verdict's, and the changed one.
    assert_eq!(cost(json!({"name": "changed"})), (1, 2, 2), "the credential and its event");
    assert_eq!(cost(json!({"name": "changed"})), (1, 1, 0));
    assert_eq!(world.send("PUT", &client_url(&id), &[], b"{}").cost.trips, 0);
}

/// Made through one face, PUT through a second, read through a third: what a face cannot say is kept by it.
#[test]
fn one_credential_through_every_face() {
    let world = World::new();
    let (account, url) = world.service_account();
    let made = world.call("POST", &url, ROOT, &json!({"name": "made by Keycard", "description": "kept"})).json();
    let id = Id::parse(&text(&made, "id")).unwrap();
    let put = world.call(
        "PUT",
        &litegraph_url(&id),
        ROOT,
        &json!({"UserGUID": Id::parse(&account).unwrap().guid(), "Name": "put by LiteGraph"}),
    );
    assert_eq!(put.status, 200, "{}", put.text);
    let read = world.get(&client_url(&id.client()), ROOT);
    assert_eq!(
        read.json(),
        json!({"client_id": id.client(), "client_secret": "", "name": "put by LiteGraph", "roles": [{"role_id": "viewer"}]})
    );
    let again = world.get(&format!("{url}/{id}"), &text(&made, "client_secret"));
    assert_eq!(
        (again.json()["name"].as_str(), again.json()["description"].as_str()),
        (Some("put by LiteGraph"), Some("kept"))
    );
    let renamed = world.call(
        "PUT",
        &client_url(&id.client()),
        ROOT,
        &json!({"name": "put by Coactive", "roles": [{"role_id": "editor"}]}),
    );
    assert_eq!(renamed.status, 200);
    let last = world.get(&litegraph_url(&id), ROOT).json();
    assert_eq!(
        (last["Name"].as_str(), last["UserGUID"].as_str()),
        (Some("put by Coactive"), Some(&*Id::parse(&account).unwrap().guid()))
    );
    assert_eq!(world.get(&format!("{url}/{id}"), ROOT).json()["description"], "kept");
}
