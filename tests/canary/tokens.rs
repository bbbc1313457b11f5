//! The canary as a secret: presented, chosen by a client, or made here.

use data_encoding::BASE64;
use postern::credential::id::Id;
use postern::route::{Operation, ROUTES};
use postern::store::Fault;
use serde_json::json;

use crate::common::watched::Wire;
use crate::common::{MASTER_KEY, ROOT, World, ZERO, client_url, litegraph_url, settings, text};
use crate::scene::{Scene, is_litegraph, url};
use crate::{CANARY, Trace, holds, method, set, shown, stored, trace, trace_over};

/// Every way in which a token can come, good or bad.
fn presented(client: &str) -> Vec<(&'static str, String)> {
    let pair = format!("{client}:{CANARY}");
    vec![
        ("authorization", format!("Bearer {CANARY}")),
        ("authorization", format!("bearer  {pair}")),
        ("authorization", format!("Bearer {CANARY}:{CANARY}")),
        ("authorization", format!("Bearer {CANARY} {CANARY}")),
        ("authorization", format!("Bearer pstn_{CANARY}")),
        ("authorization", format!("Bearer {ROOT}{CANARY}")),
        ("authorization", format!("Basic {}", BASE64.encode(pair.as_bytes()))),
        ("authorization", format!("Basic {}", BASE64.encode(format!("{CANARY}:{CANARY}").as_bytes()))),
        ("authorization", format!("Basic {CANARY}")),
        ("authorization", format!("{CANARY} {CANARY}")),
        ("authorization", CANARY.to_owned()),
        ("x-token", CANARY.to_owned()),
    ]
}

#[test]
fn a_token_that_is_presented_is_in_nothing_that_is_left() {
    let scene = Scene::new();
    for route in &ROUTES {
        for (header, value) in presented(&scene.target.credential.client()) {
            let of = format!("{} {} with {header}: {value}", method(route), route.path);
            let headers = [(header, value.as_str()), ("x-postern-tenant", "acme")];
            let (url, body) = (url(route, &scene.target), scene.body(route));
            let trace = trace(&scene.world, route, &url, &headers, &body);
            assert_eq!(trace.reply.status, 401, "{of}");
            trace.assert_nowhere(&scene.world, CANARY, &of);
            trace.assert_never_asked(CANARY, &of);
            for fault in [Fault::Unavailable("away".to_owned()), Fault::Failed("a bug".to_owned())] {
                let wire = Wire::failing(fault);
                let trace = trace_over(&wire, &scene.world, route, &url, &headers, &body);
                assert!([401, 500, 503].contains(&trace.reply.status), "{of}");
                trace.assert_nowhere(&scene.world, CANARY, &of);
            }
        }
    }
}

/// An admin whose own token is the canary.
fn admin(world: &World) -> Id {
    let body = json!({"UserGUID": ZERO, "Name": "admin", "BearerToken": CANARY});
    let made = world.call("PUT", &format!("/v1.0/tenants/{ZERO}/credentials"), ROOT, &body);
    let id = Id::parse_guid(&text(&made.json(), "GUID")).unwrap();
    let roles = json!({"roles": [{"role_id": "admin"}]});
    assert_eq!(world.call("PUT", &client_url(&id.client()), ROOT, &roles).status, 200);
    id
}

#[test]
fn a_token_that_lets_one_in_is_in_nothing_that_is_left() {
    for moved in [false, true] {
        let mut scene = Scene::new();
        if moved {
            // Sealed and digested under a key that is the previous one when it is presented.
            scene.world.settings = settings(&"ab".repeat(32), None);
        }
        admin(&scene.world);
        if moved {
            scene.world.settings = settings(MASTER_KEY, Some(&"ab".repeat(32)));
        }
        let (bearer, elsewhere) = (format!("Bearer {CANARY}"), scene.elsewhere());
        for (route, place) in ROUTES.iter().flat_map(|route| [(route, scene.target), (route, elsewhere)]) {
            let of = format!("{} {}", method(route), route.path);
            let (url, body) = (url(route, &place), scene.body(route));
            let trace = trace(&scene.world, route, &url, &[("authorization", &bearer)], &body);
            assert_ne!(trace.reply.status, 401, "{of}: it is let in");
            trace.assert_nowhere(&scene.world, CANARY, &of);
            trace.assert_never_asked(CANARY, &of);
        }
    }
}

#[test]
fn a_token_that_a_client_chose_is_shown_by_litegraph_to_admins_alone_and_stored_nowhere_in_clear() {
    let scene = Scene::new();
    let world = &scene.world;
    let id = admin(world);
    let place = crate::scene::Place { credential: id, account: Id::ZERO, ..scene.target };
    let viewer = format!("Bearer {}", scene.token("viewer"));
    let root = format!("Bearer {ROOT}");
    for route in ROUTES.iter().filter(|route| route.path.ends_with('}')) {
        for (who, bearer) in [("root", &root), ("a viewer", &viewer)] {
            let of = format!("{} {} by {who}", method(route), route.path);
            let headers = [("authorization", bearer.as_str()), ("x-postern-tenant", "acme")];
            let body = match route.operation {
                Operation::Read => Vec::new(),
                _ if is_litegraph(route) => json!({"UserGUID": ZERO, "Name": "admin"}).to_string().into(),
                _ => json!({"roles": [{"role_id": "admin"}]}).to_string().into(),
            };
            let trace = trace(world, route, &url(route, &place), &headers, &body);
            let shows = is_litegraph(route) && who == "root";
            trace.assert_only_shown_in(if shows { &["BearerToken"] } else { &[] }, CANARY, &of);
            assert_eq!(stored(world, CANARY), set(&[]), "{of}: stored");
            trace.assert_never_asked(CANARY, &of);
        }
    }
    let one = litegraph_url(&id);
    let put = |url: &str, token: &str| {
        let put = world.call("PUT", url, ROOT, &json!({"UserGUID": ZERO, "Name": "n", "BearerToken": token}));
        assert_eq!(stored(world, CANARY), set(&[]), "stored");
        put
    };
    assert_eq!(shown(&put(&one, CANARY), CANARY), set(&["BearerToken"]), "the same again");
    let taken = put(&litegraph_url(&scene.target.credential), CANARY);
    assert_eq!((taken.status, shown(&taken, CANARY)), (409, set(&[])), "by another");
    assert_eq!(shown(&put(&one, "another"), CANARY), set(&[]), "once it is replaced");
    assert_eq!(shown(&put(&one, &format!("{CANARY} {CANARY}")), CANARY), set(&[]), "no token");
}

/// A secret made here, and all of it that is not its id: the random part.
#[test]
fn a_secret_that_is_made_is_shown_once_and_stored_nowhere_in_clear() {
    let scene = Scene::new();
    let root = format!("Bearer {ROOT}");
    let headers = [("authorization", root.as_str()), ("x-postern-tenant", "acme")];
    let creates = ROUTES.iter().filter(|route| matches!(route.operation, Operation::Write(_)));
    for route in creates.filter(|route| !route.path.ends_with('}')) {
        let of = format!("{} {}", method(route), route.path);
        let made = trace(&scene.world, route, &url(route, &scene.target), &headers, &scene.body(route));
        let member = if is_litegraph(route) { "BearerToken" } else { "client_secret" };
        let body = made.reply.json();
        let secret = text(&body, member);
        let random = secret.split('_').nth(2).unwrap();
        assert_eq!(random.len(), 52, "{of}");
        made.assert_only_shown_in(&[member], random, &of);
        made.assert_never_asked(random, &of);
        assert_eq!(stored(&scene.world, random), set(&[]), "{of}: stored");

        let id = body["GUID"].as_str().and_then(Id::parse_guid);
        let id = id.or_else(|| body["id"].as_str().and_then(Id::parse));
        let id = id.or_else(|| body["client_id"].as_str().and_then(Id::parse_client)).unwrap();
        let place = crate::scene::Place { credential: id, ..scene.target };
        for later in ROUTES.iter().filter(|route| route.path.ends_with('}')) {
            let again = trace(&scene.world, later, &url(later, &place), &headers, &scene.body(later));
            let shows = is_litegraph(route) && is_litegraph(later);
            let of = format!("{of}, then {} {}", method(later), later.path);
            again.assert_only_shown_in(if shows { &["BearerToken"] } else { &[] }, random, &of);
        }
        assert_eq!(stored(&scene.world, random), set(&[]), "{of}: stored");
    }
}

/// The keys of the service are in nothing that is left, whatever fails.
#[test]
fn the_root_token_and_the_master_key_are_in_nothing_that_is_left() {
    let mut scene = Scene::new();
    let root = format!("Bearer {ROOT}");
    let headers = [("authorization", root.as_str()), ("x-postern-tenant", "acme")];
    let check = |scene: &Scene, trace: &Trace, of: &str| {
        for secret in [ROOT, MASTER_KEY] {
            trace.assert_nowhere(&scene.world, secret, of);
            trace.assert_never_asked(secret, of);
        }
    };
    for route in &ROUTES {
        let of = format!("{} {}", method(route), route.path);
        let (url, body) = (url(route, &scene.target), scene.body(route));
        check(&scene, &trace(&scene.world, route, &url, &headers, &body), &of);
        let wire = Wire::failing(Fault::Failed("a bug".to_owned()));
        check(&scene, &trace_over(&wire, &scene.world, route, &url, &headers, &body), &of);
    }
    // Of a setting that cannot be used, an answer has the name and not the value.
    scene.world.settings = settings(CANARY, None);
    for route in &ROUTES {
        let trace = trace(&scene.world, route, &url(route, &scene.target), &headers, b"");
        assert!(trace.reply.status == 503 && trace.reply.text.contains("POSTERN_MASTER_KEY"), "{}", trace.reply.text);
        assert!(!holds(&trace.reply.text, CANARY), "{}", trace.reply.text);
        check(&scene, &trace, route.path);
    }
}
