//! LiteGraph's tenants and users, as far as credentials need them.

use super::*;

const TENANTS: &str = "/v1.0/tenants";
const USERS: &str = "/v1.0/tenants/00000000-0000-0000-0000-000000000000/users";
const OWN: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const TENANT: [&str; 5] = ["GUID", "Name", "Active", "CreatedUtc", "LastUpdateUtc"];
const USER: [&str; 9] =
    ["GUID", "TenantGUID", "FirstName", "LastName", "Email", "Password", "Active", "CreatedUtc", "LastUpdateUtc"];

fn put(world: &World, url: &str, by: &str, body: &Value) -> Reply {
    let reply = world.call("PUT", url, by, body);
    assert_eq!(reply.cost.trips, 1, "{url}");
    reply
}

/// The status and the error code of a response.
fn error(reply: &Reply) -> String {
    format!("{} {}", reply.status, text(&reply.json(), "Error"))
}

fn admin(world: &World) -> String {
    world.caller(&["admin"])
}

fn guids(list: &Reply) -> Vec<String> {
    assert_eq!(list.status, 200, "{}", list.text);
    list.json().as_array().unwrap().iter().map(|one| text(one, "GUID")).collect()
}

mod tenants {
    use super::*;

    #[test]
    fn only_root_creates_tenants_and_chosen_values_are_kept() {
        let world = World::new();
        let made = put(&world, TENANTS, ROOT, &json!({}));
        assert_eq!((made.status, made.members()), (200, TENANT.map(str::to_owned).to_vec()));
        assert_eq!((&made.json()["Name"], &made.json()["Active"]), (&json!("unnamed"), &json!(true)));
        assert_eq!(made.json()["CreatedUtc"], made.json()["LastUpdateUtc"]);
        let own = json!({
            "GUID": OWN.to_uppercase(), "Name": "own", "Active": false, "CreatedUtc": "2024-12-27T18:12:38.653402Z",
            "LastUpdateUtc": "2025-12-27T18:12:38.653402Z", "Other": 5,
        });
        let shown = json!({
            "GUID": OWN, "Name": "own", "Active": false, "CreatedUtc": "2024-12-27T18:12:38.653402Z",
            "LastUpdateUtc": "2025-12-27T18:12:38.653402Z",
        });
        assert_eq!(put(&world, TENANTS, ROOT, &own).json(), shown);
        assert_eq!(error(&put(&world, TENANTS, ROOT, &own)), "409 Conflict", "the GUID is taken");
        assert_eq!(error(&put(&world, TENANTS, ROOT, &json!({"GUID": ZERO}))), "409 Conflict");
        let read = world.get(&format!("{TENANTS}/{OWN}"), ROOT);
        assert_eq!((read.status, read.json()), (200, shown));
        assert_eq!(error(&put(&world, TENANTS, &admin(&world), &json!({}))), "401 AuthorizationFailed");
        let wrong = put(
            &world,
            TENANTS,
            ROOT,
            &json!({"GUID": 5, "Name": "", "Active": null, "CreatedUtc": "x", "LastUpdateUtc": 5}),
        );
        assert_eq!(
            text(&wrong.json(), "Description"),
            "GUID must be a string. Name must have at least 1 character(s). Active cannot be null. CreatedUtc must be an RFC 3339 \
             time from 1970 to 2255. LastUpdateUtc must be a string."
        );
        // A new tenant has a default user, which owns credentials created without a user.
        let users = world.get(&format!("{TENANTS}/{OWN}/users"), ROOT);
        assert_eq!((guids(&users), text(&users.json()[0], "FirstName")), (vec![ZERO.to_owned()], "default".to_owned()));
    }

    #[test]
    fn tenant_is_readable_only_by_root_and_its_own_admins() {
        let world = World::new();
        let by = admin(&world);
        assert_eq!(put(&world, TENANTS, ROOT, &json!({"GUID": OWN})).status, 200);
        let own = world.get(&format!("{TENANTS}/{ZERO}"), &by);
        assert_eq!((own.status, own.cost.trips, text(&own.json(), "Name")), (200, 1, "acme".to_owned()));
        for url in [
            format!("{TENANTS}/{OWN}"),
            format!("{TENANTS}/x"),
            format!("{TENANTS}/99999999-0000-4000-8000-000000000000"),
        ] {
            assert_eq!(error(&world.get(&url, &by)), "404 NotFound", "{url}");
        }
        assert_eq!(guids(&world.get(TENANTS, &by)), [ZERO]);
        for caller in ["viewer", "editor"] {
            let by = world.caller(&[caller]);
            assert_eq!(error(&world.get(&format!("{TENANTS}/{ZERO}"), &by)), "401 AuthorizationFailed");
            assert_eq!(error(&world.get(TENANTS, &by)), "401 AuthorizationFailed");
        }
    }

    #[test]
    fn tenants_are_listed_in_every_order() {
        let world = World::new();
        for (name, number, second) in [("b", 3, 1), ("C", 1, 2), ("a", 2, 3)] {
            let body = json!({"GUID": format!("{number}aaaaaaa-0000-4000-8000-000000000001"), "Name": name, "CreatedUtc": format!("2024-12-27T18:12:0{second}Z")});
            assert_eq!(put(&world, TENANTS, ROOT, &body).status, 200);
        }
        let list = |query: &str| {
            let reply = world.get(&format!("{TENANTS}?{query}"), ROOT);
            assert_eq!((reply.status, reply.cost.trips), (200, 1), "{query}");
            reply.json().as_array().unwrap().iter().map(|one| text(one, "Name")).collect::<Vec<_>>().join(" ")
        };
        for (order, expected) in [
            ("CreatedAscending", "acme b C a"),
            ("CreatedDescending", "a C b acme"),
            ("NameAscending", "C a acme b"),
            ("NameDescending", "b acme a C"),
            ("GuidAscending", "acme C a b"),
            ("GuidDescending", "b a C acme"),
            ("MostConnected", "a C b acme"),
        ] {
            assert_eq!(list(&format!("order={order}")), expected, "{order}");
            assert_eq!(list(&format!("order={order}&skip=3")), expected.split(' ').nth(3).unwrap());
        }
        assert_eq!(list(""), "a C b acme");
        assert_eq!(list(&format!("guids={ZERO}%2C3aaaaaaa-0000-4000-8000-000000000001")), "acme b");
        assert_eq!(world.get(&format!("{TENANTS}?guids=x"), ROOT).status, 400);
        // Another tenant is left out, also when requested by its GUID.
        let mine = world.get(&format!("{TENANTS}?guids=3aaaaaaa-0000-4000-8000-000000000001,{ZERO}"), &admin(&world));
        assert_eq!(guids(&mine), [ZERO]);
    }

    #[test]
    fn tenant_update_replaces_the_name_and_reports_every_violation() {
        let world = World::new();
        let by = admin(&world);
        let url = format!("{TENANTS}/{ZERO}");
        let before = world.get(&url, ROOT).json();
        let ignored = json!({"GUID": OWN, "Name": "renamed", "CreatedUtc": 5, "LastUpdateUtc": []});
        let renamed = put(&world, &url, &by, &ignored);
        assert_eq!((renamed.status, renamed.members()), (200, TENANT.map(str::to_owned).to_vec()));
        let body = renamed.json();
        assert_eq!((&body["GUID"], &body["Name"], &body["Active"]), (&before["GUID"], &json!("renamed"), &json!(true)));
        assert_eq!(body["CreatedUtc"], before["CreatedUtc"]);
        assert!(body["LastUpdateUtc"].as_str() > before["LastUpdateUtc"].as_str());
        assert_eq!(put(&world, &url, &by, &ignored).json(), body, "repeating the update changes nothing");
        for (wrong, description) in [
            (json!({}), "Name is required."),
            (json!({"Name": null, "Active": 1}), "Name cannot be null. Active must be true or false."),
            (json!({"Name": "n".repeat(256)}), "Name must have at most 255 characters."),
        ] {
            let reply = put(&world, &url, &by, &wrong);
            assert_eq!((reply.status, text(&reply.json(), "Description")), (400, description.to_owned()));
        }
        assert_eq!(error(&put(&world, &format!("{TENANTS}/{OWN}"), ROOT, &json!({"Name": "n"}))), "404 NotFound");
        assert_eq!(error(&put(&world, &format!("{TENANTS}/x"), ROOT, &json!({"Name": "n"}))), "404 NotFound");
        assert_eq!(world.get(&url, ROOT).json(), body, "rejected requests changed nothing");
    }

    #[test]
    fn only_root_disables_and_enables_tenants() {
        let world = World::new();
        let by = admin(&world);
        let url = format!("{TENANTS}/{ZERO}");
        let off = put(&world, &url, &by, &json!({"Name": "acme", "Active": false}));
        assert_eq!(error(&off), "401 AuthorizationFailed");
        assert_eq!(off.json()["Description"], "You lack permission for this change.");
        assert_eq!(
            put(&world, &url, &by, &json!({"Name": "acme", "Active": true})).status,
            200,
            "`Active` is unchanged"
        );
        let off = put(&world, &url, ROOT, &json!({"Name": "acme", "Active": false}));
        assert_eq!((off.status, &off.json()["Active"]), (200, &json!(false)));
        assert_eq!(error(&world.get(&url, &by)), "401 Inactive");
        assert_eq!(world.get(&url, ROOT).json()["Active"], false, "root sees it");
        // An absent `Active` means true.
        assert_eq!(put(&world, &url, ROOT, &json!({"Name": "acme"})).json()["Active"], true);
        assert_eq!(world.get(&url, &by).status, 200);
    }

    #[test]
    fn only_root_deletes_tenants_and_nonempty_ones_only_with_force() {
        let world = World::new();
        let delete = |url: &str, by: &str| world.call("DELETE", url, by, &Value::Null);
        let gone = |reply: &Reply| {
            assert_eq!(
                (reply.status, &*reply.text, reply.header("content-type"), reply.cost.trips),
                (200, "", None, 1)
            );
        };
        let url = format!("{TENANTS}/{OWN}");
        // A tenant with only its default user counts as empty.
        assert_eq!(put(&world, TENANTS, ROOT, &json!({"GUID": OWN})).status, 200);
        gone(&delete(&url, ROOT));
        assert_eq!(world.get(&url, ROOT).status, 404);
        gone(&delete(&url, ROOT));
        gone(&delete(&format!("{TENANTS}/x?force"), ROOT));

        for full in ["credentials", "users"] {
            // Ids are never reused, even after deletion.
            let world = World::new();
            let delete = |url: &str, by: &str| world.call("DELETE", url, by, &Value::Null);
            assert_eq!(put(&world, TENANTS, ROOT, &json!({"GUID": OWN})).status, 200);
            assert_eq!(put(&world, &format!("{url}/{full}"), ROOT, &json!({"UserGUID": ZERO})).status, 200);
            for not in [String::new(), "?force=false".to_owned(), "?force=FALSE".to_owned(), "?other=force".to_owned()]
            {
                let refused = delete(&format!("{url}{not}"), ROOT);
                assert_eq!(error(&refused), "409 Conflict", "{full} {not}");
                assert!(text(&refused.json(), "Description").contains("?force"), "{}", refused.text);
            }
            gone(&delete(&format!("{url}?force"), ROOT));
            assert_eq!(world.get(&url, ROOT).status, 404);
        }
        let mine = format!("{TENANTS}/{ZERO}?force");
        assert_eq!(error(&delete(&mine, &admin(&world))), "401 AuthorizationFailed");
        let by = admin(&world);
        gone(&delete(&format!("{mine}=true"), ROOT));
        assert_eq!(error(&world.get(TENANTS, &by)), "401 AuthenticationFailed", "so are all its credentials");
        assert_eq!(guids(&world.get(TENANTS, ROOT)), [""; 0]);
    }
}

mod users {
    use super::*;

    fn members() -> Vec<String> {
        USER.map(str::to_owned).to_vec()
    }

    #[test]
    fn user_is_created_with_defaults_and_chosen_values() {
        let world = World::new();
        let by = admin(&world);
        let made = put(&world, USERS, &by, &json!({}));
        assert_eq!((made.status, made.members()), (200, members()));
        let body = made.json();
        for (member, value) in [
            ("FirstName", json!("")),
            ("LastName", json!("")),
            ("Email", json!("")),
            ("Password", json!("")),
            ("Active", json!(true)),
            ("TenantGUID", json!(ZERO)),
        ] {
            assert_eq!(body[member], value, "{member}");
        }
        let own = json!({
            "GUID": OWN, "TenantGUID": "x", "FirstName": "Ada", "LastName": "Lovelace", "Email": "ada@example.com", "Password": "canary-word",
            "Active": false, "CreatedUtc": "2024-12-27T18:12:38.653402Z", "LastUpdateUtc": "2025-12-27T18:12:38.653402Z",
        });
        let mut shown = own.clone();
        shown["Password"] = json!("");
        shown["TenantGUID"] = json!(ZERO);
        assert_eq!(put(&world, USERS, &by, &own).json(), shown);
        let url = format!("{USERS}/{OWN}");
        let read = world.get(&url, &by);
        assert_eq!((read.status, read.cost.trips, read.json()), (200, 1, shown));
        assert!(!Value::Object(world.stored()).to_string().contains("canary-word"), "a password is never stored");
        assert_eq!(error(&put(&world, USERS, &by, &own)), "409 Conflict");
        assert_eq!(
            error(&put(&world, USERS, &by, &json!({"GUID": ZERO}))),
            "409 Conflict",
            "the GUID of the default user"
        );
        // The same GUID in another tenant is another user.
        assert_eq!(put(&world, TENANTS, ROOT, &json!({"GUID": OWN})).status, 200);
        assert_eq!(put(&world, &format!("{TENANTS}/{OWN}/users"), ROOT, &own).status, 200);
        assert_eq!(error(&put(&world, &format!("{TENANTS}/{OWN}/users"), &by, &json!({}))), "404 NotFound");
        // `Password` is ignored, whatever its type.
        assert_eq!(put(&world, USERS, &by, &json!({"Password": {"any": [1]}})).status, 200);
        let wrong =
            json!({"GUID": "x", "FirstName": 5, "LastName": "n".repeat(256), "Email": "a\u{1}", "Active": "yes"});
        assert_eq!(
            text(&put(&world, USERS, &by, &wrong).json(), "Description"),
            "GUID is not a valid id. FirstName must be a string. LastName must have at most 255 characters. Email must not contain \
             control characters. Active must be true or false."
        );
    }

    #[test]
    fn users_are_listed_and_readable_only_within_their_tenant() {
        let world = World::new();
        let by = admin(&world);
        let own = |number: u8| format!("{number}aaaaaaa-0000-4000-8000-000000000001");
        for (name, number) in [("b", 3), ("c", 1), ("a", 2)] {
            assert_eq!(put(&world, USERS, &by, &json!({"GUID": own(number), "FirstName": name})).status, 200);
        }
        assert_eq!(put(&world, TENANTS, ROOT, &json!({"GUID": OWN})).status, 200);
        assert_eq!(
            put(&world, &format!("{TENANTS}/{OWN}/users"), ROOT, &json!({"FirstName": "theirs", "GUID": OWN})).status,
            200
        );
        let list = |query: &str| {
            let reply = world.get(&format!("{USERS}?{query}"), &by);
            assert_eq!((reply.status, reply.cost.trips), (200, 1), "{query}");
            reply.json().as_array().unwrap().iter().map(|one| text(one, "FirstName")).collect::<Vec<_>>().join(" ")
        };
        for (query, expected) in [
            ("", "a c b default"),
            ("order=CreatedAscending", "default b c a"),
            ("order=NameAscending&skip=1", "b c default"),
            ("order=NameDescending", "default c b a"),
            ("order=GuidAscending", "default c a b"),
            ("order=GuidDescending&skip=3", "default"),
            ("order=LeastConnected", "a c b default"),
        ] {
            assert_eq!(list(query), expected, "{query}");
        }
        assert_eq!(list(&format!("guids={},{OWN},{}", own(2), own(3))), "a b", "another tenant's user is left out");
        assert_eq!(world.get(&format!("{USERS}?guids={}%2Cx", own(2)), &by).status, 400);
        for (url, status) in [
            (format!("{USERS}/{}", own(1)), 200),
            (format!("{USERS}/{OWN}"), 404),
            (format!("{USERS}/x"), 404),
            (format!("{TENANTS}/{OWN}/users"), 404),
            (format!("{TENANTS}/{OWN}/users/{OWN}"), 404),
        ] {
            assert_eq!(world.get(&url, &by).status, status, "{url}");
        }
    }

    #[test]
    fn user_update_replaces_the_whole_user() {
        let world = World::new();
        let by = admin(&world);
        let made = json!({"GUID": OWN, "FirstName": "Ada", "LastName": "Lovelace", "Email": "ada@example.com"});
        let before = put(&world, USERS, &by, &made).json();
        let url = format!("{USERS}/{OWN}");
        let ignored = json!({"GUID": "x", "TenantGUID": 5, "CreatedUtc": 5, "LastUpdateUtc": 5, "FirstName": "Ada", "LastName": "King", "Email": "ada@example.com", "Password": 5});
        let renamed = put(&world, &url, &by, &ignored);
        assert_eq!((renamed.status, renamed.members()), (200, members()));
        let body = renamed.json();
        assert_eq!(
            (&body["GUID"], &body["LastName"], &body["Email"]),
            (&before["GUID"], &json!("King"), &before["Email"])
        );
        assert!(body["LastUpdateUtc"].as_str() > before["LastUpdateUtc"].as_str());
        assert_eq!(body["CreatedUtc"], before["CreatedUtc"]);
        assert_eq!(put(&world, &url, &by, &ignored).json(), body, "repeating the update changes nothing");
        // Absent and null names are cleared.
        let emptied = put(&world, &url, &by, &json!({"FirstName": "Ada", "Email": null})).json();
        assert_eq!((&emptied["LastName"], &emptied["Email"]), (&json!(""), &json!("")));
        assert_eq!(
            put(&world, &url, &by, &json!({"FirstName": 5, "Active": null})).json()["Description"],
            "FirstName must be a string. Active cannot be null."
        );
        assert_eq!(
            error(&put(&world, &format!("{USERS}/99999999-0000-4000-8000-000000000000"), &by, &ignored)),
            "404 NotFound"
        );
        // Another face has a single name, which replaces the parts.
        let account = format!("/organizations/acme/service-accounts/{}", Id::parse_guid(OWN).unwrap());
        assert_eq!(world.get(&account, &by).json()["name"], "Ada");
        assert_eq!(
            world.call("PATCH", &account, &by, &json!({"name": "the countess", "description": "kept"})).status,
            200
        );
        assert_eq!(world.get(&url, &by).json()["FirstName"], "the countess");
        assert_eq!(put(&world, &url, &by, &json!({"FirstName": "Ada", "LastName": "King"})).status, 200);
        let account = world.get(&account, &by).json();
        assert_eq!(
            (&account["name"], &account["description"]),
            (&json!("Ada King"), &json!("kept")),
            "fields that this face does not have are kept"
        );
    }

    #[test]
    fn credentials_of_a_disabled_user_are_rejected() {
        let world = World::new();
        let by = admin(&world);
        assert_eq!(put(&world, USERS, &by, &json!({"GUID": OWN})).status, 200);
        let credentials = format!("{TENANTS}/{ZERO}/credentials");
        assert_eq!(put(&world, &credentials, &by, &json!({"UserGUID": OWN, "BearerToken": "of-the-user"})).status, 200);
        let error_code = || text(&world.get(&credentials, "of-the-user").json(), "Error");
        assert_eq!(error_code(), "AuthorizationFailed");
        assert_eq!(put(&world, &format!("{USERS}/{OWN}"), &by, &json!({"Active": false})).status, 200);
        assert_eq!(error_code(), "Inactive");
        assert_eq!(put(&world, &format!("{USERS}/{OWN}"), &by, &json!({})).status, 200);
        assert_eq!(error_code(), "AuthorizationFailed");
        // Except the default user, which cannot be deleted.
        let before = world.stored_but_last_use();
        let off = put(&world, &format!("{USERS}/{ZERO}"), &by, &json!({"FirstName": "x", "Active": false}));
        assert_eq!(error(&off), "409 Conflict");
        assert_eq!(world.stored_but_last_use(), before);
        assert_eq!(
            put(&world, &format!("{USERS}/{ZERO}"), &by, &json!({"FirstName": "renamed"})).json()["FirstName"],
            "renamed"
        );
    }

    /// The update changes the caller itself; the response is still sent.
    #[test]
    fn admin_that_disables_its_own_user_gets_the_result_of_the_write() {
        let world = World::new();
        let users = format!("/v1.0/tenants/{ZERO}/users");
        let user = text(&put(&world, &users, ROOT, &json!({"FirstName": "own"})).json(), "GUID");
        let (id, secret) = world.client(&json!({"name": "admin"}));
        let id = Id::parse_client(&id).unwrap();
        let moved = put(&world, &litegraph_url(&id), ROOT, &json!({"UserGUID": user, "Name": "admin"}));
        assert_eq!(moved.status, 200);
        let off = put(&world, &format!("{users}/{user}"), &secret, &json!({"FirstName": "own", "Active": false}));
        assert_eq!((off.status, &off.json()["Active"]), (200, &json!(false)), "{}", off.text);
        assert_eq!(put(&world, &format!("{users}/{user}"), &secret, &json!({})).status, 401);
    }

    #[test]
    fn deleting_a_user_deletes_its_credentials() {
        let world = World::new();
        let by = admin(&world);
        let delete = |url: &str| {
            let reply = world.call("DELETE", url, &by, &Value::Null);
            assert_eq!(
                (reply.status, &*reply.text, reply.header("content-type"), reply.cost.trips),
                (200, "", None, 1),
                "{url}"
            );
        };
        let credentials = format!("{TENANTS}/{ZERO}/credentials");
        assert_eq!(put(&world, USERS, &by, &json!({"GUID": OWN})).status, 200);
        for user in [OWN, OWN, ZERO] {
            assert_eq!(
                put(&world, &credentials, &by, &json!({"UserGUID": user, "Name": format!("of {user}")})).status,
                200
            );
        }
        delete(&format!("{USERS}/{OWN}"));
        assert_eq!(world.get(&format!("{USERS}/{OWN}"), &by).status, 404);
        assert_eq!(guids(&world.get(USERS, &by)), [ZERO]);
        let left = world.get(&credentials, &by).json();
        assert_eq!(
            left.as_array().unwrap().iter().map(|one| text(one, "Name")).collect::<Vec<_>>(),
            [format!("of {ZERO}"), "caller".to_owned()]
        );
        // Deleting a missing user succeeds.
        delete(&format!("{USERS}/{OWN}"));
        delete(&format!("{USERS}/x"));
        let missing = world.call("DELETE", &format!("{TENANTS}/{OWN}/users/{OWN}"), &by, &Value::Null);
        assert_eq!(error(&missing), "404 NotFound", "but in a missing tenant it fails");
        let default = world.call("DELETE", &format!("{USERS}/{ZERO}"), &by, &Value::Null);
        assert_eq!(error(&default), "409 Conflict");
        assert_eq!(world.get(&credentials, &by).json(), left);
    }
}
