//! Who calls, and what it may do.

use data_encoding::BASE64;
use postern::credential::field::Noun;
use postern::route::{Operation, ROUTES, Route};
use serde_json::json;

use support::CLIENTS;
use support::client::{Call, Client, call, get};
use support::face::Face::{self, Coactive, Keycard, LiteGraph, Postern};
use support::face::roles;
use support::http::server;
use support::routes::{self, Place};
use support::tenant::{Tenant, read_id};

fn basic(pair: &str) -> String {
    format!("Basic {}", BASE64.encode(pair.as_bytes()))
}

#[test]
fn a_caller_is_taken_in_every_form() {
    let tenant = Tenant::new(server());
    let subject = tenant.subject();
    let (client_id, secret) = tenant.client(&json!({ "name": "admin", "roles": roles(&["admin"]) }));
    let pair = format!("{client_id}:{secret}");
    for face in Face::ALL {
        let read = || get(tenant.one(face, subject.id));
        read().root(&tenant.label).send(server()).expect(200);
        for form in [
            format!("Bearer {secret}"),
            format!("bEARER  {secret} "),
            format!("Bearer {pair}"),
            basic(&pair),
            basic(&pair).replacen("Basic", "BASIC", 1),
        ] {
            read().header("authorization", form.clone()).send(server()).expect(200);
        }
        let x_token = read().header("x-token", secret.clone()).send(server());
        x_token.expect(if face == LiteGraph { 200 } else { 401 });
        // Authorization goes before x-token, and both are not tried.
        read().header("x-token", secret.clone()).token("unknown").send(server()).expect(401);
    }
    get(tenant.one(LiteGraph, subject.id)).header("x-token", server().root_token()).send(server()).expect(200);
    get(tenant.one(LiteGraph, subject.id)).header("x-token", pair).send(server()).expect(200);
}

#[test]
fn a_wrong_caller_is_401_on_every_face() {
    let tenant = Tenant::new(server());
    let subject = tenant.subject();
    let (client_id, secret) = tenant.client(&json!({ "name": "a", "roles": roles(&["admin"]) }));
    let other_client = tenant.client(&json!({ "name": "b" })).0;
    for face in Face::ALL {
        // Each with the trips it takes to know.
        for (form, trips) in [
            ("Bearer of-nobody".to_owned(), 1),
            (format!("Bearer {other_client}:{secret}"), 1),
            (format!("Bearer {client_id}:of-nobody"), 1),
            (basic(&format!("{client_id}:of-nobody")), 1),
            (basic(&format!("{other_client}:{secret}")), 1),
            (format!("Bearer {client_id}:"), 0),
            (format!("Bearer client_of-nobody:{secret}"), 0),
            (basic(&secret), 0),
            ("Basic !".to_owned(), 0),
            (format!("Digest {secret}"), 0),
            (secret.clone(), 0),
            ("Bearer".to_owned(), 0),
            (String::new(), 0),
        ] {
            let reply =
                get(tenant.one(face, subject.id)).header("authorization", form.clone()).send(server()).expect(401);
            assert_eq!((face.error(&reply).as_str(), reply.cost.trips), (face.unauthenticated(), trips), "{form}");
        }
        // Two of them are none, also twice the same.
        get(tenant.one(face, subject.id)).token(&secret).token(&secret).send(server()).expect(401);
    }
}

/// What each rank may read and write, on each face: the routes of Coactive and LiteGraph are for admins, reads included.
#[test]
fn each_rank_may_do_what_is_its_own_and_no_more() {
    let tenant = Tenant::new(server());
    let subject = tenant.subject();
    let scoped = json!([{"role_id": "admin", "resource": "dataset"}]);
    //             roles                  elsewhere  Keycard and ours: read, write
    let ranks = [
        (scoped, false, false, false),
        (roles(&["viewer"]), false, true, false),
        (roles(&["viewer", "editor"]), false, true, true),
        (roles(&["admin"]), true, true, true),
        (roles(&[]), true, true, true),
    ];
    for (roles, elsewhere, reads, writes) in ranks {
        let caller = tenant.client(&json!({ "name": "caller", "roles": roles })).1;
        for face in Face::ALL {
            let (may_read, may_write) =
                if matches!(face, Keycard | Postern) { (reads, writes) } else { (elsewhere, elsewhere) };
            let body = tenant.naming(face, subject.name.as_str());
            let update = call(face.update(), tenant.one(face, subject.id)).token(&caller).json(&body);
            for (call, may) in [(get(tenant.one(face, subject.id)).token(&caller), may_read), (update, may_write)] {
                let reply = call.send(server()).expect(if may { 200 } else { face.forbidden().0 });
                if !may {
                    assert_eq!(face.error(&reply), face.forbidden().1);
                }
            }
        }
    }
}

#[test]
fn nobody_but_an_admin_makes_a_credential() {
    let tenant = Tenant::new(server());
    let editor = tenant.caller(&["editor"]);
    for face in Face::ALL {
        let create = call(face.create(), tenant.all(face)).token(&editor).json(&tenant.naming(face, "n"));
        let reply = create.send(server()).expect(face.forbidden().0);
        assert_eq!(face.error(&reply), face.forbidden().1);
    }
}

#[test]
fn root_names_the_tenant_where_the_path_has_none() {
    let tenant = Tenant::new(server());
    let create = |tenant: Option<&str>| {
        let call = call("POST", CLIENTS).by_root().json(&json!({ "name": "n" }));
        tenant.into_iter().fold(call, |call, tenant| call.header("x-postern-tenant", tenant)).send(server())
    };
    for name in [tenant.label.clone(), tenant.id.to_string(), tenant.id.guid()] {
        create(Some(&name)).expect(201);
    }
    assert!(Coactive.error(&create(None).expect(403)).contains("X-Postern-Tenant"));
    assert_eq!(Coactive.error(&create(Some("of-nobody")).expect(404)), "Organization not found");
    // From any other caller it is ignored: what it makes is in its own tenant.
    let other = Tenant::new(server());
    let made = call("POST", CLIENTS).token(&tenant.admin).header("x-postern-tenant", other.label.as_str());
    let id = read_id(&made.json(&json!({ "name": "n" })).send(server()).expect(201).json()["client_id"]);
    tenant.read(Coactive, id);
}

#[test]
fn another_tenants_credential_answers_exactly_as_a_missing_one() {
    let (tenant, other) = (Tenant::new(server()), Tenant::new(server()));
    let (theirs, missing) = (other.subject().id, support::tenant::nobody());
    for face in Face::ALL {
        for place in [&tenant, &other] {
            let answers = |id| {
                let update = call(face.update(), place.one(face, id)).json(&place.naming(face, "taken over"));
                let delete = call("DELETE", place.one(face, id));
                [get(place.one(face, id)), update, delete].map(|call: Call| {
                    let reply = call.token(&tenant.admin).send(server());
                    // LiteGraph deletes what is not there, where there is a tenant of the caller's.
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

/// Whatever the table of routes has, also what is added to it.
#[test]
fn no_route_is_open() {
    let tenant = Tenant::new(server());
    let place = Place::new(&tenant);
    let viewer = tenant.caller(&["viewer"]);
    for route in ROUTES.iter().filter(|route| routes::asks(route)) {
        let logs_in = route.operation == Operation::LogIn;
        for (token, trips) in [("of-nobody", 1), ("pstn_garbage", 0), ("client_of:nobody", 0)] {
            let reply = routes::request(route, &place).token(token).send(server()).expect(401);
            assert_eq!(reply.cost.trips, if logs_in { 0 } else { trips }, "{reply:?}");
            assert_eq!(reply.cost.rows_written, 0);
        }
        if !routes::reads(route) && !logs_in {
            let face = routes::face(route);
            let refused = routes::request(route, &place).token(&viewer).send(server()).expect(face.forbidden().0);
            assert_eq!((face.error(&refused).as_str(), refused.cost.rows_written), (face.forbidden().1, 0));
        }
    }
    // All of it is still there.
    for face in Face::ALL {
        let one =
            if face == Keycard { routes::path(keycards_read(), &place) } else { tenant.one(face, place.credential) };
        assert_eq!(get(one).token(&tenant.admin).send(server()).expect(200).revision(), 1);
    }
}

fn keycards_read() -> &'static Route {
    let read = |route: &&Route| route.operation == Operation::Read(Noun::Credential) && routes::face(route) == Keycard;
    ROUTES.iter().find(read).expect("a route")
}

#[test]
fn what_is_disabled_or_replaced_is_no_caller_at_once() {
    let tenant = Tenant::new(server());
    let subject = tenant.subject();
    let read = |token: &str, face| get(tenant.one(face, subject.id)).token(token).send(server());
    let put = |active: bool, token: &str| {
        let body = json!({ "UserGUID": tenant.account.guid(), "Name": "n", "Active": active, "BearerToken": token });
        tenant.update(LiteGraph, subject.id).json(&body).send(server()).expect(200);
    };
    read(&subject.secret, Keycard).expect(200);
    put(false, "");
    assert_eq!(LiteGraph.error(&read(&subject.secret, LiteGraph).expect(401)), "Inactive");
    assert_eq!(Keycard.error(&read(&subject.secret, Keycard).expect(401)), "unauthorized");
    put(true, "");
    read(&subject.secret, Keycard).expect(200);
    let token = format!("replaced-{}", subject.id);
    put(true, &token);
    assert_eq!(LiteGraph.error(&read(&subject.secret, LiteGraph).expect(401)), "AuthenticationFailed");
    read(&token, Keycard).expect(200);
    // What deletes itself.
    let (id, secret) = tenant.client(&json!({ "name": "n" }));
    call("DELETE", format!("{CLIENTS}/{id}")).token(&secret).send(server()).expect(200);
    assert_eq!(Coactive.error(&read(&secret, Coactive).expect(401)), Coactive.unauthenticated());
}
