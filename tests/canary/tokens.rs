//! The canary as a secret: presented, chosen by a client, or generated.

use data_encoding::BASE64;
use postern::credential::field::{Noun, Verb};
use postern::credential::id::Id;
use postern::route::{Operation, ROUTES, Route};
use postern::store::Fault;
use serde_json::{Value, json};

use crate::{
    CANARY, Trace, contains, deletes, failures, returns_tokens, root, set, shown, stored, title, trace, trace_over,
};
use support::routes::{authorizes, uses_database};
use support::scene::{PathIds, Scene, basic, body_about, is_litegraph, is_ours, request_url};
use support::tenant::read_id;
use support::watched::Wire;
use support::{ACME, MASTER_KEY, ROOT, World, ZERO, litegraph_url, settings, text};

/// Every form of presenting a token, valid or not.
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
fn rejected_token_leaves_no_trace() {
    let scene = Scene::new();
    let verifier = scene.admin().1;
    for route in ROUTES {
        for (header, value) in presented(&scene.target.credential.client()) {
            let of = format!("{} with {header}: {value}", title(route));
            let mut headers = vec![(header, value.as_str()), ("x-postern-tenant", "acme")];
            headers.extend(authorizes(route).then_some(("postern-verifier", &*verifier)));
            let (url, body) = (request_url(route, &scene.target), scene.body(route));
            let trace = trace(&scene.world, route, &url, &headers, &body);
            assert_eq!(trace.reply.status, if uses_database(route) { 401 } else { 200 }, "{of}");
            trace.leaves_nothing(&scene.world, CANARY, &of);
            for trace in failures(&scene.world, route, &url, &headers, &body) {
                assert!([401, 500, 503].contains(&trace.reply.status) || !uses_database(route), "{of}");
                trace.assert_nowhere(&scene.world, CANARY, &of);
            }
        }
    }
}

#[test]
fn rejected_verifier_leaves_no_trace() {
    let scene = Scene::new();
    let route = ROUTES.iter().find(|route| authorizes(route)).expect("a route");
    let url = request_url(route, &scene.target);
    let client = format!("Bearer {}", scene.target.token);
    for verifier in [CANARY.to_owned(), format!("{CANARY}, {CANARY}"), format!("client_{CANARY}:{CANARY}")] {
        let headers = [("authorization", &*client), ("postern-verifier", &*verifier)];
        let trace = trace(&scene.world, route, &url, &headers, b"");
        assert_eq!(trace.reply.status, 503, "{verifier}");
        trace.leaves_nothing(&scene.world, CANARY, &verifier);
        for trace in failures(&scene.world, route, &url, &headers, b"") {
            trace.assert_nowhere(&scene.world, CANARY, &verifier);
        }
    }
}

/// An admin whose own token is the canary.
pub(crate) fn admin(world: &World) -> Id {
    let body = json!({"UserGUID": ZERO, "Name": "admin", "BearerToken": CANARY});
    let (id, _) = world.put(&format!("/v1.0/tenants/{ZERO}/credentials"), &body);
    let url = format!("/v1/tenants/{ACME}/credentials/{id}");
    assert_eq!(world.call("PATCH", &url, ROOT, &json!({"access": "admin"})).status, 200);
    id
}

#[test]
fn accepted_token_leaves_no_trace_outside_litegraphs_lists() {
    for (moved, route) in [false, true].into_iter().flat_map(|moved| ROUTES.iter().map(move |route| (moved, route))) {
        let mut scene = Scene::new();
        if moved {
            // The token was sealed and digested under a key that is the previous key when the token is presented.
            scene.world.settings = settings(&"ab".repeat(32), None);
        }
        let id = admin(&scene.world);
        if moved {
            scene.world.settings = settings(MASTER_KEY, Some(&"ab".repeat(32)));
        }
        let elsewhere = scene.elsewhere();
        // A credential can end itself once.
        let places = [&elsewhere, &scene.target];
        for place in &places[usize::from(route.is_own())..] {
            let of = format!("{} of tenant {}, moved: {moved}", title(route), place.tenant);
            let (url, body) = (request_url(route, place), scene.body(route));
            let bearer = ("authorization", format!("Bearer {CANARY}"));
            let present =
                if matches!(route.operation, Operation::LogIn(_)) { basic(&id.client(), CANARY) } else { bearer };
            let trace = trace(&scene.world, route, &url, &[(present.0, &present.1)], &body);
            // LiteGraph also reports 401 to an admin for what only root may do.
            let accepted = trace.reply.status != 401 || trace.reply.json()["Error"] == "AuthorizationFailed";
            assert!(accepted, "{of}: {}", trace.reply.text);
            // The caller is one of the tenant's own credentials.
            let lists = matches!(route.operation, Operation::List(..) | Operation::Page(..));
            let shows = lists && returns_tokens(route) && place.tenant == Id::ZERO;
            trace.is_only_shown(&scene.world, if shows { &["BearerToken"] } else { &[] }, CANARY, &of);
        }
    }
}

#[test]
fn chosen_token_is_shown_only_to_litegraph_admins_and_never_stored_in_clear() {
    for route in ROUTES {
        for who in ["root", "viewer"] {
            let scene = Scene::new();
            let id = admin(&scene.world);
            let account = Id::ZERO;
            let place = PathIds { credential: id, account, token: CANARY.to_owned(), ..scene.target.clone() };
            let of = format!("{} by {who}", title(route));
            let headers = scene.caller(who);
            let trace = trace(&scene.world, route, &request_url(route, &place), &headers, &kept(&scene, route));
            let shows = returns_tokens(route) && who == "root" && !makes(route);
            trace.is_only_shown(&scene.world, if shows { &["BearerToken"] } else { &[] }, CANARY, &of);
        }
    }
    let scene = Scene::new();
    let world = &scene.world;
    let one = litegraph_url(&admin(world));
    let put = |url: &str, token: &str| {
        let put = world.call("PUT", url, ROOT, &json!({"UserGUID": ZERO, "Name": "n", "BearerToken": token}));
        assert_eq!(stored(world, CANARY), set(&[]), "stored");
        put
    };
    assert_eq!(shown(&put(&one, CANARY), CANARY), set(&["BearerToken"]), "the same token again");
    let taken = put(&litegraph_url(&scene.target.credential), CANARY);
    assert_eq!((taken.status, shown(&taken, CANARY)), (409, set(&[])), "by another");
    assert_eq!(shown(&put(&one, "another"), CANARY), set(&[]), "after it is replaced");
    assert_eq!(shown(&put(&one, &format!("{CANARY} {CANARY}")), CANARY), set(&[]), "no token");
}

fn makes(route: &Route) -> bool {
    matches!(route.operation, Operation::Write(_, Verb::Create))
}

/// A body that keeps a credential under the default principal.
fn kept(scene: &Scene, route: &Route) -> Vec<u8> {
    let mut body: Value = serde_json::from_slice(&scene.body(route)).unwrap_or_default();
    for (member, default) in [("UserGUID", ZERO), ("principal", ACME)] {
        if body.get(member).is_some() {
            body[member] = default.into();
        }
    }
    if body.is_null() { scene.body(route) } else { body.to_string().into() }
}

/// A generated secret, and its random part.
#[test]
fn generated_secret_is_shown_once_and_never_stored_in_clear() {
    let headers = root();
    let create = Operation::Write(Noun::Credential, Verb::Create);
    for route in ROUTES.iter().filter(|route| route.operation == create) {
        for later in ROUTES {
            let scene = Scene::new();
            let of = title(route);
            let made = trace(&scene.world, route, &request_url(route, &scene.target), &headers, &scene.body(route));
            let member = shows_as(route);
            let body = made.reply.json();
            let secret = text(&body, member);
            let random = random(&secret);
            made.is_only_shown(&scene.world, &[member], random, &of);

            let place = PathIds { credential: id(&body), token: secret.clone(), ..scene.target.clone() };
            scene.ready(later, &place);
            let body = body_about(later, &place);
            let again = trace(&scene.world, later, &request_url(later, &place), &headers, &body);
            let shows = is_litegraph(route) && returns_tokens(later) && !makes(later);
            let of = format!("{of}, then {}", title(later));
            again.is_only_shown(&scene.world, if shows { &["BearerToken"] } else { &[] }, random, &of);
        }
    }
}

/// The member in which a face returns a secret.
pub(crate) fn shows_as(route: &Route) -> &'static str {
    match (is_litegraph(route), is_ours(route)) {
        (true, _) => "BearerToken",
        (_, true) => "secret",
        _ => "client_secret",
    }
}

/// The random part of a generated secret: everything after its id.
pub(crate) fn random(secret: &str) -> &str {
    let random = secret.split('_').nth(2).unwrap();
    assert_eq!(random.len(), 52, "256 bits in {secret}");
    random
}

/// The id in a response, on any face.
pub(crate) fn id(body: &Value) -> Id {
    read_id(["GUID", "id", "client_id"].iter().find_map(|name| body.get(name)).expect("an id"))
}

/// The keys of the service appear nowhere in a trace, whatever fails.
#[test]
fn root_token_and_master_key_leave_no_trace() {
    let mut scene = Scene::new();
    let headers = root();
    let check = |scene: &Scene, trace: &Trace, of: &str| {
        for secret in [ROOT, MASTER_KEY] {
            trace.leaves_nothing(&scene.world, secret, of);
        }
    };
    for route in ROUTES {
        let of = title(route);
        let (url, body) = (request_url(route, &scene.target), scene.body(route));
        let wire = Wire::failing(Fault::Failed("a bug".to_owned()));
        check(&scene, &trace_over(&wire, &scene.world, route, &url, &headers, &body), &of);
        check(&scene, &trace(&scene.world, route, &url, &headers, &body), &of);
        if deletes(route) {
            scene = Scene::new();
        }
    }
    // An error about an invalid setting has its name and not its value.
    scene.world.settings = settings(CANARY, None);
    for route in ROUTES.iter().filter(|route| !matches!(route.operation, Operation::Alive(_))) {
        let trace = trace(&scene.world, route, &request_url(route, &scene.target), &headers, b"");
        assert!(trace.reply.status == 503 && trace.reply.text.contains("POSTERN_MASTER_KEY"), "{}", trace.reply.text);
        assert!(!contains(&trace.reply.text, CANARY), "{}", trace.reply.text);
        check(&scene, &trace, route.path);
    }
}
