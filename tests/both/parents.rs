//! Tenants and principals, as clients create them: tenants and users on LiteGraph's face, organizations and service
//! accounts on Keycard's. Both faces have the same ones.

use serde_json::{Value, json};

use support::client::{Client, Reply, call, client, get};
use support::face::Face::{self, Keycard, LiteGraph};
use support::tenant::{Tenant, nobody, post_by_root, read_id, text};
use support::{CLIENTS, ZERO};

const TENANT: [&str; 5] = ["GUID", "Name", "Active", "CreatedUtc", "LastUpdateUtc"];
const USER: [&str; 9] =
    ["GUID", "TenantGUID", "FirstName", "LastName", "Email", "Password", "Active", "CreatedUtc", "LastUpdateUtc"];

fn by_root(client: &dyn Client, method: &str, path: &str) -> Reply {
    call(method, path).by_root().send(client)
}

#[test]
fn litegraph_can_create_update_disable_and_delete_a_tenant() {
    let client = client();
    let put = |path: &str, body: Value| call("PUT", path).by_root().json(&body).send(&*client);
    let made = put("/v1.0/tenants", json!({ "Name": "A tenant" })).expect(200);
    made.expect_members(&TENANT);
    let guid = text(&made.json()["GUID"]);
    let one = format!("/v1.0/tenants/{guid}");
    assert_eq!(by_root(&*client, "GET", &one).expect(200).json(), made.json());
    by_root(&*client, "HEAD", &one).expect(200);
    let all = by_root(&*client, "GET", "/v1.0/tenants").expect(200).json();
    assert!(all.as_array().is_some_and(|all| all.contains(&made.json())), "root sees it among all");

    let renamed = put(&one, json!({ "Name": "Renamed", "GUID": ZERO })).expect(200);
    renamed.expect_members(&TENANT);
    assert_eq!((&renamed.json()["Name"], &renamed.json()["GUID"]), (&json!("Renamed"), &json!(guid)));
    assert!(text(&renamed.json()["LastUpdateUtc"]) > text(&made.json()["LastUpdateUtc"]));
    // Keycard's organization of the same id; the label is unchanged.
    let organization =
        by_root(&*client, "GET", &format!("/organizations/{}", read_id(&json!(guid)))).expect(200).json();
    assert_eq!(
        (&organization["name"], organization["zone_id"].clone()),
        (&json!("Renamed"), organization["id"].clone())
    );

    // Its admin sees only this organization, and may rename it, but neither disable nor delete it.
    let admin = call("POST", CLIENTS).root(&guid).json(&json!({ "name": "n", "roles": [{ "role_id": "admin" }] }));
    let admin = text(&admin.send(&*client).expect(201).json()["client_secret"]);
    assert_eq!(get("/v1.0/tenants").token(&admin).send(&*client).expect(200).json(), json!([renamed.json()]));
    let by_admin = |body: Value| call("PUT", &one).token(&admin).json(&body).send(&*client);
    by_admin(json!({ "Name": "By its admin" })).expect(200);
    assert_eq!(LiteGraph.error(&by_admin(json!({ "Name": "n", "Active": false })).expect(401)), "AuthorizationFailed");
    assert_eq!(LiteGraph.error(&call("DELETE", &one).token(&admin).send(&*client).expect(401)), "AuthorizationFailed");

    // Credentials of a disabled tenant do not authenticate.
    put(&one, json!({ "Name": "n", "Active": false })).expect(200);
    assert_eq!(LiteGraph.error(&get(&one).token(&admin).send(&*client).expect(401)), "Inactive");
    put(&one, json!({ "Name": "n" })).expect(200);
    get(&one).token(&admin).send(&*client).expect(200);

    // A tenant that is not empty is deleted only with `force`.
    assert_eq!(LiteGraph.error(&by_root(&*client, "DELETE", &one).expect(409)), "Conflict");
    by_root(&*client, "DELETE", &format!("{one}?force")).expect(200);
    assert_eq!(LiteGraph.error(&by_root(&*client, "GET", &one).expect(404)), "NotFound");
    get(&one).token(&admin).send(&*client).expect(401);
    // "Also when it did not exist."
    by_root(&*client, "DELETE", &one).expect(200);
}

#[test]
fn litegraph_can_create_update_disable_and_delete_a_user() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let users = format!("/v1.0/tenants/{}/users", tenant.id.guid());
    let put = |path: &str, body: Value| call("PUT", path).token(&tenant.admin).json(&body).send(&*client);
    let delete = |path: &str| call("DELETE", path).token(&tenant.admin).send(&*client);
    let body = json!({ "FirstName": "Ada", "LastName": "Lovelace", "Email": "ada@example.com", "Password": "secret" });
    let made = put(&users, body).expect(200);
    made.expect_members(&USER);
    let user = made.json();
    assert_eq!(
        (&user["FirstName"], &user["LastName"], &user["Email"], &user["Password"], &user["TenantGUID"]),
        (&json!("Ada"), &json!("Lovelace"), &json!("ada@example.com"), &json!(""), &json!(tenant.id.guid()))
    );
    let one = format!("{users}/{}", text(&user["GUID"]));
    assert_eq!(get(&one).token(&tenant.admin).send(&*client).expect(200).json(), user);
    // With the default user, and the service account created on Keycard's face.
    let listed = get(&users).token(&tenant.admin).send(&*client).expect(200).json();
    let listed: Vec<_> = listed.as_array().expect("a list").iter().map(|user| text(&user["GUID"])).collect();
    assert_eq!(listed.len(), 3, "{listed:?}");
    for guid in [ZERO.to_owned(), tenant.account.guid(), text(&user["GUID"])] {
        assert!(listed.contains(&guid), "{guid} in {listed:?}");
    }
    let account = format!("/organizations/{}/service-accounts/{}", tenant.label, read_id(&user["GUID"]));
    let shown = get(&account).token(&tenant.admin).send(&*client).expect(200).json();
    assert_eq!(shown["name"], "Ada Lovelace");

    // Credentials of a disabled user do not authenticate; with the user they are deleted.
    let credential = json!({ "UserGUID": user["GUID"], "Name": "of the user" });
    let credential = put(&tenant.all(LiteGraph), credential).expect(200).json();
    let token = text(&credential["BearerToken"]);
    tenant.allow(read_id(&credential["GUID"]), "read");
    let calls = || get(format!("/organizations/{}", tenant.label)).token(&token).send(&*client);
    calls().expect(200);
    put(&one, json!({ "FirstName": "Ada", "Active": false })).expect(200).expect_members(&USER);
    calls().expect(401);
    put(&one, json!({ "FirstName": "Ada" })).expect(200);
    calls().expect(200);
    delete(&one).expect(200);
    calls().expect(401);
    for path in [&one, &tenant.one(LiteGraph, read_id(&credential["GUID"]))] {
        assert_eq!(LiteGraph.error(&get(path).token(&tenant.admin).send(&*client).expect(404)), "NotFound");
    }
    delete(&one).expect(200);
    // The default user can neither be deleted nor disabled.
    let default = format!("{users}/{ZERO}");
    assert_eq!(LiteGraph.error(&delete(&default).expect(409)), "Conflict");
    let disable = json!({ "FirstName": "default", "Active": false });
    assert_eq!(LiteGraph.error(&put(&default, disable).expect(409)), "Conflict");
    put(&default, json!({ "FirstName": "Renamed" })).expect(200);
}

#[test]
fn keycard_can_update_organizations_and_manage_service_accounts() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let send = |method, path: &str, body: &Value| call(method, path).token(&tenant.admin).json(body).send(&*client);
    let read = |path: &str| get(path).token(&tenant.admin).send(&*client);
    let organization = format!("/organizations/{}", tenant.label);
    let shown = read(&organization).expect(200);
    shown.expect_members(&["id", "created_at", "label", "name", "sso_enabled", "updated_at", "zone_id"]);
    let patched = send("PATCH", &organization, &json!({ "name": "Renamed" })).expect(200).json();
    assert_eq!((&patched["name"], &patched["label"]), (&json!("Renamed"), &json!(tenant.label)));
    let own = read("/organizations").expect(200);
    own.expect_members(&["items", "page_info"]);
    assert_eq!(own.json()["items"], json!([patched]), "an admin sees only its own");

    let accounts = format!("{organization}/service-accounts");
    let made = send("POST", &accounts, &json!({ "name": "sa", "description": "d" })).expect(201);
    made.expect_members(&["id", "created_at", "name", "updated_at", "description"]);
    let one = format!("{accounts}/{}", text(&made.json()["id"]));
    assert_eq!(read(&one).expect(200).json(), made.json());
    let patched = send("PATCH", &one, &json!({ "description": null })).expect(200);
    patched.expect_members(&["id", "created_at", "name", "updated_at"]);
    let listed = read(&format!("{accounts}?limit=100")).expect(200).json();
    assert_eq!(listed["items"][2], patched.json(), "the default, the tenant's and this one: {listed}");
    call("DELETE", &one).token(&tenant.admin).header("content-type", "application/json").send(&*client).expect(204);
    assert_eq!(Keycard.error(&read(&one).expect(404)), "not_found");
    assert_eq!(Keycard.error(&call("DELETE", &one).token(&tenant.admin).send(&*client).expect(404)), "not_found");
    // A permanent conflict: the response asks the clients not to retry (see `Reply::checked`).
    let default = format!("{accounts}/{}", read_id(&json!(ZERO)));
    assert_eq!(Keycard.error(&call("DELETE", default).token(&tenant.admin).send(&*client).expect(409)), "conflict");
    assert_eq!(Keycard.error(&read(&format!("{accounts}/{}", nobody())).expect(404)), "not_found");
}

#[test]
fn deleting_a_service_account_deletes_its_credentials() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let (subject, kept) = (tenant.subject(), tenant.caller(&["viewer"]));
    let account = format!("/organizations/{}/service-accounts/{}", tenant.label, tenant.account);
    call("DELETE", account).token(&tenant.admin).send(&*client).expect(204);
    for face in Face::ALL {
        get(tenant.one(face, subject.id)).token(&tenant.admin).send(&*client).expect(404);
    }
    let organization = format!("/organizations/{}", tenant.label);
    get(&organization).token(&subject.secret).send(&*client).expect(401);
    get(&organization).token(&kept).send(&*client).expect(200);
    // A new service account of the same name does not get the deleted one's credentials.
    let again =
        post_by_root(&*client, &format!("{organization}/service-accounts"), &json!({ "name": "account" })).expect(201);
    assert_ne!(read_id(&again.json()["id"]), tenant.account);
}
