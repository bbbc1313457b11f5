//! How a caller presents its secret, and what each rank may do on each face.

use data_encoding::BASE64;
use postern::credential::field::Noun;
use postern::route::{Operation, ROUTES, Route};
use serde_json::json;
use support::face::Face::{self, Coactive, Keycard, LiteGraph, Postern};
use support::face::roles;
use support::routes::{self, PathIds};
use support::scene::takes_form;
use support::tenant::{Tenant, nobody, read_id, text};
use support::{CLIENTS, Call, call, client, get};

use crate::in_process;

fn basic(pair: &str) -> String {
    format!("Basic {}", BASE64.encode(pair.as_bytes()))
}

#[test]
fn secret_is_accepted_as_bearer_and_with_its_client_id_as_bearer_or_basic() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let subject = tenant.subject();
    let (client_id, secret) = tenant.client(&json!({ "name": "admin", "roles": roles(&["admin"]) }));
    let pair = format!("{client_id}:{secret}");
    for face in Face::ALL {
        let read = || get(tenant.one(face, subject.id));
        read().root(&tenant.label).send(&*client).expect(200);
        for form in [
            format!("Bearer {secret}"),
            format!("bEARER  {secret} "),
            format!("Bearer {pair}"),
            basic(&pair),
            basic(&pair).replacen("Basic", "bAsIC", 1),
        ] {
            read().header("authorization", form).send(&*client).expect(200);
        }
        let x_token = |token: &str, more: fn(Call) -> Call| more(read().header("x-token", token)).send(&*client);
        let status = if face == LiteGraph { 200 } else { 401 };
        for token in [secret.as_str(), &pair, client.root_token()] {
            x_token(token, |call| call.header("x-postern-tenant", "acme")).expect(status);
        }
        // Authorization takes precedence: x-token is then not tried.
        x_token(&secret, |call| call.token("unknown")).expect(401);
        x_token(&secret, |call| call.token("pstn_x")).expect(401);
    }
}

#[test]
fn invalid_token_is_401_on_every_face_and_a_malformed_one_costs_no_trip() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let subject = tenant.subject();
    let (client_id, secret) = tenant.client(&json!({ "name": "a", "roles": roles(&["admin"]) }));
    let (id, other_client) = (read_id(&client_id.clone().into()), tenant.client(&json!({ "name": "b" })).0);
    let root = client.root_token();
    let mut forms = vec![
        ("Bearer of-nobody".to_owned(), 1),
        (format!("Bearer {other_client}:{secret}"), 1),
        (format!("Bearer {client_id}:of-nobody"), 1),
        (format!("Bearer {}:{secret}", id.guid()), 1),
        (basic(&format!("{client_id}:of-nobody")), 1),
        (basic(&format!("{other_client}:{secret}")), 1),
        (format!("Bearer {client_id}:"), 0),
        (format!("Bearer client_of-nobody:{secret}"), 0),
        (format!("Bearer {secret}x"), 0),
        (format!("Bearer {}", secret.to_uppercase().replacen("PSTN", "pstn", 1)), 0),
        (format!("Bearer {secret} {secret}"), 0),
        (format!("Bearer {secret}, Bearer {secret}"), 0),
        (format!("Bearer {}", "x".repeat(513)), 0),
        (basic(&secret), 0),
        (basic(&format!("{id}:{secret}")), 0),
        (basic(&format!("{client_id}:")), 0),
        (basic(&format!("{client_id}:{root}x y")), 0),
        (format!("Basic {}", BASE64.encode(b"\xff:\xff")), 0),
        ("Basic !".to_owned(), 0),
        ("Basic".to_owned(), 0),
        (format!("Digest {secret}"), 0),
        (format!("Token {secret}"), 0),
        (secret.clone(), 0),
        ("Bearer ".to_owned(), 0),
        ("Bearer".to_owned(), 0),
        (String::new(), 0),
        // Root calls by Bearer only: it has no client id.
        (format!("Bearer {}", &root[..root.len() - 1]), 1),
        (format!("Bearer {root}x"), 1),
        (format!("Bearer {}", root.to_uppercase()), 1),
        (format!("Bearer {client_id}:{root}"), 1),
        (basic(&format!("{client_id}:{root}")), 1),
        (basic(&format!("root:{root}")), 0),
    ];
    if in_process() {
        // Over HTTP: worker/bad_input.
        forms.push(("Bearer tökén".to_owned(), 0));
    }
    for face in Face::ALL {
        for (form, trips) in &forms {
            let call = get(tenant.one(face, subject.id)).header("x-postern-tenant", tenant.label.as_str());
            let reply = call.header("authorization", form.as_str()).send(&*client).expect(401);
            assert_eq!((face.error(&reply).as_str(), reply.cost.trips), (face.unauthenticated(), *trips), "{form}");
        }
        // Two Authorization headers are rejected, even if equal.
        get(tenant.one(face, subject.id)).token(&secret).token(&secret).send(&*client).expect(401);
    }
}

#[test]
fn client_chosen_token_is_case_sensitive() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let token = format!("client_default-{}", tenant.id);
    let body = json!({ "UserGUID": tenant.account.guid(), "BearerToken": token });
    let made = call("PUT", tenant.all(LiteGraph)).token(&tenant.admin).json(&body).send(&*client).expect(200);
    let id = read_id(&made.json()["GUID"]);
    tenant.allow(id, "read");
    for face in [Keycard, Postern] {
        let read = |token: &str| get(tenant.one(face, id)).token(token).send(&*client);
        read(&token).expect(200);
        read(&token.replace("default", "Default")).expect(401);
    }
}

/// The caller of verify and introspect authenticates as on any route; the token in the body does not authenticate it. (At
/// an OAuth endpoint a client may also authenticate in the form: `both/oauth.rs`.)
#[test]
fn verify_authenticates_its_caller_by_bearer_or_basic() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let (id, secret) = tenant.client(&json!({ "name": "admin", "roles": roles(&["admin"]) }));
    let pair = format!("{id}:{secret}");
    let access = text(&call("POST", "/api/v1/login").basic(&pair).send(&*client).expect(200).json()["access_token"]);
    for route in ROUTES.iter().filter(|route| matches!(route.operation, Operation::Verify(_))) {
        let ask = || routes::request(route, &PathIds::missing(&tenant));
        for (call, status) in [
            (ask().token(&secret), 200),
            (ask().token(&access), 200),
            (ask().token(&pair), 200),
            (ask().basic(&pair), 200),
            (ask().by_root(), 200),
            (ask().basic(&format!("{id}:{access}")), 401),
            (ask().basic(&format!("{id}:{}", client.root_token())), 401),
            (ask().header("x-token", secret.as_str()), 401),
        ] {
            call.send(&*client).expect(status);
        }
        // The token in question does not authenticate the caller.
        let own = if takes_form(route) {
            call("POST", route.path).form(&format!("token={secret}&client_id={id}"))
        } else {
            call("POST", route.path).json(&routes::inquiry(route, &json!({ "token": secret })))
        };
        assert_eq!(own.send(&*client).expect(401).cost.trips, 0, "{}", route.path);
    }
}

/// Read, update and create on each face. The routes of Coactive and LiteGraph require an admin, reads included.
#[test]
fn each_rank_may_do_only_what_it_allows() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let subject = tenant.subject();
    let scoped = json!([{"role_id": "admin", "resource": "dataset"}]);
    // roles, all rights on Coactive and LiteGraph, may read and may write on Keycard's face and ours
    let ranks = [
        (scoped, false, false, false),
        (roles(&["viewer"]), false, true, false),
        (roles(&["viewer", "editor"]), false, true, true),
        (roles(&["admin"]), true, true, true),
        (roles(&[]), true, true, true),
    ];
    for (roles, admin, reads, writes) in ranks {
        let caller = tenant.client(&json!({ "name": "caller", "roles": roles })).1;
        for face in Face::ALL {
            let (may_read, may_write) =
                if matches!(face, Keycard | Postern) { (reads, writes) } else { (admin, admin) };
            let update =
                |name: &str| call(face.update(), tenant.one(face, subject.id)).json(&tenant.naming(face, name));
            let create = call(face.create(), tenant.all(face)).json(&tenant.naming(face, "n"));
            for (call, may, status) in [
                (get(tenant.one(face, subject.id)), may_read, 200),
                (update("new"), may_write, 200),
                (update("new"), may_write, 200),
                (create, admin, face.created()),
            ] {
                let reply = call.token(&caller).send(&*client).expect(if may { status } else { face.forbidden().0 });
                assert!(may || face.error(&reply) == face.forbidden().1, "{reply:?}");
            }
        }
    }
}

#[test]
fn root_must_name_the_tenant_where_the_path_has_none() {
    let client = client();
    let (tenant, other) = (Tenant::new(&*client), Tenant::new(&*client));
    let create = |tenant: Option<&str>| {
        let call = call("POST", CLIENTS).by_root().json(&json!({ "name": "n" }));
        tenant.into_iter().fold(call, |call, tenant| call.header("x-postern-tenant", tenant)).send(&*client)
    };
    for name in [tenant.label.clone(), tenant.id.to_string(), tenant.id.guid()] {
        create(Some(&name)).expect(201);
    }
    assert!(Coactive.error(&create(None).expect(403)).contains("X-Postern-Tenant"));
    assert_eq!(Coactive.error(&create(Some("of-nobody")).expect(404)), "Organization not found");
    // The header is ignored for other callers: they create in their own tenant.
    let made = call("POST", CLIENTS).token(&tenant.admin).header("x-postern-tenant", other.label.as_str());
    let id = read_id(&made.json(&json!({ "name": "n" })).send(&*client).expect(201).json()["client_id"]);
    tenant.read(Coactive, id);
}

#[test]
fn another_tenants_credential_gets_the_same_response_as_a_missing_one() {
    let client = client();
    let (tenant, other) = (Tenant::new(&*client), Tenant::new(&*client));
    let (theirs, missing) = (other.subject().id, nobody());
    for face in Face::ALL {
        for place in [&tenant, &other] {
            let answers = |id| {
                let update = call(face.update(), place.one(face, id)).json(&place.naming(face, "taken over"));
                let delete = call("DELETE", place.one(face, id));
                [get(place.one(face, id)), update, delete].map(|call: Call| {
                    let reply = call.token(&tenant.admin).send(&*client);
                    // LiteGraph answers 200 to deletion of a missing credential in the caller's own tenant.
                    if reply.text.is_empty() {
                        assert!(face == LiteGraph && place.id == tenant.id, "{reply:?}");
                        let reply = reply.expect(200);
                        return (String::new(), reply.text, reply.cost);
                    }
                    let reply = reply.expect(404);
                    (face.error(&reply), reply.text, reply.cost)
                })
            };
            assert_eq!(answers(theirs), answers(missing), "{face:?}");
        }
    }
    assert_eq!(other.read(Keycard, theirs).revision(), 1);
}

/// Walks the route table, so new routes are covered.
#[test]
fn every_route_rejects_unknown_tokens_and_writes_by_viewers() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let place = PathIds::new(&tenant);
    let viewer = tenant.caller(&["viewer"]);
    for route in ROUTES.iter().filter(|route| routes::uses_database(route)) {
        let logs_in = matches!(route.operation, Operation::LogIn(_));
        for (token, trips) in [("of-nobody", 1), ("pstn_garbage", 0), ("client_of:nobody", 0)] {
            let status = if routes::authorizes(route) { 503 } else { 401 };
            let reply = routes::request(route, &place).token(token).send(&*client).expect(status);
            assert_eq!(reply.cost.trips, if logs_in { 0 } else { trips }, "{reply:?}");
            assert_eq!(reply.cost.rows_written, 0);
        }
        // A credential may change itself whatever its access: tests/own/itself.rs.
        if !routes::reads(route) && !logs_in && !route.is_own() {
            let face = routes::face(route);
            let refused = routes::request(route, &place).token(&viewer).send(&*client).expect(face.forbidden().0);
            assert_eq!((face.error(&refused).as_str(), refused.cost.rows_written), (face.forbidden().1, 0));
        }
    }
    // Nothing was changed or deleted.
    let keycard =
        |route: &&Route| route.operation == Operation::Read(Noun::Credential) && routes::face(route) == Keycard;
    for face in Face::ALL {
        let one = if face == Keycard {
            routes::path(ROUTES.iter().find(keycard).expect("a route"), &place)
        } else {
            tenant.one(face, place.credential)
        };
        assert_eq!(get(one).token(&tenant.admin).send(&*client).expect(200).revision(), 1);
    }
}
