//! A resource of another tenant gets the same response as a missing one, byte for byte, headers included. No write in
//! one tenant changes another. Lists and counts are in `tests/both/isolation.rs`.

use postern::credential::field::{Noun, Verb};
use postern::credential::id::Id;
use postern::credential::secret::Token;
use postern::route::{Operation, ROUTES, Route};
use postern::store::Cost;
use serde_json::{Value, json};

use support::cursors::event_cursor;
use support::routes::inquiry;
use support::scene::{
    Header, OTHER, PathIds, Scene, bearer, body_about, deletes, is_litegraph, is_ours, is_step, method, nothing,
    request_url, secret_id, takes_form, url,
};
use support::{ACME, ROOT, Reply, ZERO, litegraph_url, text};

/// A query, headers and a body.
type Variant = (&'static str, Vec<Header>, Vec<u8>);

/// Requests whose response would differ if the target were visible: a valid and an invalid body, with every
/// precondition, as a dry run, and with an idempotency key.
fn variants(scene: &Scene, route: &Route, token: &str, used: &str) -> Vec<Variant> {
    let unfit = json!({
        "UserGUID": nothing().guid(), "Name": "", "name": "", "FirstName": 5, "Active": null, "BearerToken": used,
    });
    let tag = format!("\"{}.1\"", scene.target.credential);
    let mut bodies = vec![scene.body(route)];
    if matches!(route.operation, Operation::Write(..)) {
        bodies.push(unfit.to_string().into_bytes());
    }
    let mut variants = Vec::new();
    for body in bodies {
        let mut conditions = vec![None];
        for tag in ["*", &*tag, "\"x.1\""] {
            conditions.extend([Some(("if-match", tag.to_owned())), Some(("if-none-match", tag.to_owned()))]);
        }
        if matches!(route.operation, Operation::Write(Noun::Credential, Verb::Create | Verb::Rotate)) {
            conditions.push(Some(("idempotency-key", "a-key".to_owned())));
        }
        let dry = matches!(route.operation, Operation::Write(Noun::Credential, Verb::Replace | Verb::Merge));
        let queries: &[&str] = if is_ours(route) && dry { &["", "?dry_run=true"] } else { &[""] };
        for (query, condition) in queries.iter().flat_map(|query| conditions.iter().map(move |one| (query, one))) {
            let mut headers = vec![bearer(token), ("x-request-id", "the-same".to_owned())];
            headers.extend(condition.clone());
            variants.push((*query, headers, body.clone()));
        }
    }
    variants
}

#[test]
fn another_tenants_resource_looks_like_a_missing_one() {
    let scene = Scene::new();
    scene.world.patch_where("tenants", "label = 'acme'", &json!({"preconditions": true}));
    let (token, own, theirs) = (scene.other_admin(), scene.elsewhere(), &scene.target);
    let missing = PathIds::none();
    // In the other tenant; in the caller's tenant under the other service account; and under the caller's own.
    let pairs = [
        (theirs.clone(), PathIds { tenant: missing.tenant, ..theirs.clone() }),
        (PathIds { tenant: own.tenant, ..theirs.clone() }, PathIds { tenant: own.tenant, ..missing.clone() }),
        (
            PathIds { account: own.account, tenant: own.tenant, ..theirs.clone() },
            PathIds { account: own.account, tenant: own.tenant, ..missing },
        ),
    ];
    let used = scene.admin().1;
    let before = scene.world.stored_but_last_use();
    let mut compared = 0;
    for route in ROUTES {
        for (theirs, missing) in &pairs {
            // Skip routes whose path contains none of the ids that differ.
            let differs = [theirs, missing].map(|place| url(route, place));
            if differs[0] == differs[1] {
                continue;
            }
            let status = match route.operation {
                // Requires root.
                Operation::Delete(Noun::Tenant) => {
                    if is_litegraph(route) {
                        401
                    } else {
                        403
                    }
                }
                // "200, empty body, also when it did not exist".
                Operation::Delete(_) | Operation::DeleteAll if is_litegraph(route) && theirs.tenant == own.tenant => {
                    200
                }
                _ => 404,
            };
            for (query, headers, body) in variants(&scene, route, &token, &used) {
                let [one, other] = [theirs, missing]
                    .map(|place| scene.send_to(route, &(request_url(route, place) + query), &headers, &body));
                assert_eq!(one.status, status, "{} {}: {}", method(route), differs[0], one.text);
                assert_eq!(
                    (one.text, one.headers, one.cost),
                    (other.text, other.headers, other.cost),
                    "{} {}",
                    method(route),
                    differs[0]
                );
                compared += 1;
            }
        }
    }
    assert!(compared >= 7 * 120, "{compared}: the pairs differ on most routes");
    assert_eq!(scene.world.stored_but_last_use(), before, "nothing is written, and nothing deleted");
}

mod litegraph {
    use super::*;

    fn create(scene: &Scene, body: &Value) -> Reply {
        let place = scene.elsewhere();
        let url = format!("/v1.0/tenants/{}/credentials", place.tenant.guid());
        scene.world.call("PUT", &url, &scene.other_admin(), body)
    }

    #[test]
    fn another_tenants_user_looks_like_a_missing_one() {
        let scene = Scene::new();
        let theirs = scene.target.account.guid();
        let [one, other] = [&theirs, &nothing().guid()].map(|user| create(&scene, &json!({"UserGUID": user})));
        assert_eq!((one.status, one.text.replace(&theirs, &nothing().guid())), (400, other.text));
    }

    /// Every row of the tenant acme.
    fn of_acme(scene: &Scene) -> Vec<Vec<Value>> {
        let rows = |table: &str, column: &str| format!("SELECT * FROM {table} WHERE {column} = '{ACME}' ORDER BY 1, 2");
        let tables = [("tenants", "id"), ("principals", "tenant"), ("credentials", "tenant"), ("secrets", "tenant")];
        let tables = tables.into_iter().chain([("events", "tenant"), ("idempotency", "tenant")]);
        tables.map(|(table, column)| scene.world.db.query(&rows(table, column), &[])).collect()
    }

    #[test]
    fn token_taken_in_another_tenant_conflicts_like_one_taken_here() {
        let scene = Scene::new();
        let [theirs, own] = [scene.admin().1, scene.other_admin()];
        let [one, other] = [theirs, own].map(|token| create(&scene, &json!({"UserGUID": ZERO, "BearerToken": token})));
        assert_eq!((one.status, one.text), (409, other.text));
    }

    /// Creates a user in the other tenant with the same GUID as acme's user, and a credential of that user. The
    /// credential has its own GUID, because those are unique over all tenants.
    fn twin(scene: &Scene) -> PathIds {
        let credential = Id::from_bits(77);
        let twin = PathIds { tenant: Id::parse(OTHER).unwrap(), credential, ..scene.target.clone() };
        let (user, credential) = (twin.account.guid(), twin.credential.guid());
        let tenant = format!("/v1.0/tenants/{}", twin.tenant.guid());
        let make = |what: &str, body: Value| {
            let made = scene.world.call("PUT", &format!("{tenant}/{what}"), ROOT, &body);
            assert_eq!(made.status, 200, "{}", made.text);
        };
        make("users", json!({"GUID": user, "FirstName": "twin"}));
        make("credentials", json!({"GUID": credential, "UserGUID": user, "Name": "twin"}));
        twin
    }

    #[test]
    fn deletion_leaves_the_same_guid_in_another_tenant_untouched() {
        for route in ROUTES.iter().filter(|route| deletes(route)) {
            alone(route);
        }
    }

    #[test]
    fn update_leaves_the_same_guid_in_another_tenant_untouched() {
        let changes = |route: &&Route| match route.operation {
            // Root has no credential of its own.
            Operation::Write(_, verb) => verb != Verb::Create && !route.is_own(),
            _ => is_step(route),
        };
        for route in ROUTES.iter().filter(changes) {
            alone(route);
        }
    }

    /// A request by root on the twin changes the twin only.
    fn alone(route: &Route) {
        let scene = Scene::new();
        let twin = twin(&scene);
        for place in [&twin, &scene.target] {
            scene.ready(route, place);
        }
        let before = (of_acme(&scene), scene.world.stored());
        let headers = [bearer(ROOT), ("x-postern-tenant", "other".to_owned())];
        let body = if deletes(route) { Vec::new() } else { body_about(route, &twin) };
        let reply = scene.send(route, &twin, &headers, &body);
        let of = format!("{} {}", method(route), route.path);
        assert!(matches!(reply.status, 200 | 204), "{of}: {}", reply.text);
        assert_eq!(of_acme(&scene), before.0, "{of}");
        assert_ne!(scene.world.stored(), before.1, "{of}: the request has an effect");
    }

    #[test]
    fn admin_does_not_find_another_tenants_credential_whose_user_has_the_same_guid() {
        let scene = Scene::new();
        let token = scene.other_admin();
        twin(&scene);
        for route in ROUTES.iter().filter(|route| route.operation == Operation::FindByToken) {
            let found = |by: &str| scene.send(route, &scene.target, &[bearer(by)], b"");
            assert_eq!(found(&token).status, 404);
            assert_eq!(found(ROOT).json()["Name"], "target", "root finds the owner");
        }
    }
}

mod ours {
    use super::*;

    fn headers(scene: &Scene) -> [Header; 2] {
        [bearer(&scene.other_admin()), ("x-request-id", "the-same".to_owned())]
    }

    /// Sends a request without advancing the clock, because a response contains the time.
    fn response(
        scene: &Scene,
        route: &Route,
        headers: &[Header],
        body: &str,
    ) -> (u16, String, Vec<(String, String)>, Cost) {
        let now = scene.world.now.get();
        let Reply { status, text, headers, cost } = scene.send_to(route, route.path, headers, body.as_bytes());
        scene.world.now.set(now);
        (status, text, headers, cost)
    }

    #[test]
    fn verify_reports_another_tenants_token_as_unknown() {
        let scene = Scene::new();
        let (id, secret) = scene.admin();
        let access = scene.access(id, &secret);
        let wrong = Token::make("pstn_", secret_id(&secret), &[7; 32]);
        let headers = headers(&scene);
        for route in ROUTES.iter().filter(|route| matches!(route.operation, Operation::Verify(_))) {
            let ask = |token: &str, more: bool| {
                let needs = if more { json!({"all": [{"role_id": "admin"}]}) } else { Value::Null };
                let body = if takes_form(route) {
                    format!("token={token}")
                } else {
                    inquiry(route, &json!({"token": token, "needs": needs})).to_string()
                };
                response(&scene, route, &headers, &body)
            };
            for more in [false, true] {
                let unknown = ask("nobody-has-this", more);
                assert_eq!((unknown.0, unknown.1.contains("\"active\":false")), (200, true), "{}", unknown.1);
                for token in [&secret, &access, wrong.reveal(), ROOT] {
                    assert_eq!(ask(token, more), unknown, "{}: {token}", route.path);
                }
                let own = ask(&scene.other_admin(), more);
                assert!(own.1.contains("\"active\":true"), "the caller's own token is active: {}", own.1);
            }
        }
    }

    #[test]
    fn another_tenants_principal_in_a_body_looks_like_a_missing_one() {
        let scene = Scene::new();
        let (own, theirs, headers) = (scene.elsewhere(), scene.target.account, headers(&scene));
        let names = |route: &&Route| {
            is_ours(route) && !route.is_own() && matches!(route.operation, Operation::Write(Noun::Credential, _))
        };
        let before = scene.world.stored_but_last_use();
        let mut count = 0;
        for route in ROUTES.iter().filter(names) {
            let ask = |principal: Id| {
                let mut body: Value = serde_json::from_slice(&body_about(route, &own)).unwrap();
                body["principal"] = principal.to_string().into();
                let reply = scene.send(route, &own, &headers, body.to_string().as_bytes());
                (reply.status, reply.text, reply.headers, reply.cost)
            };
            let unknown = ask(nothing());
            assert_eq!((unknown.0, ask(theirs)), (422, unknown), "{} {}", method(route), route.path);
            count += 1;
        }
        assert_eq!((count, scene.world.stored_but_last_use()), (5, before));
    }

    /// Also after the credential was deleted and only its events are left.
    #[test]
    fn another_tenants_history_looks_like_a_missing_one() {
        let scene = Scene::new();
        let (own, headers) = (scene.elsewhere(), headers(&scene));
        let [deleted, there] = [scene.admin().0, scene.target.credential];
        assert_eq!(scene.world.call("DELETE", &litegraph_url(&deleted), ROOT, &Value::Null).status, 200);
        let route =
            ROUTES.iter().find(|route| route.path.ends_with("/credentials/{credential}/events")).expect("a route");
        for (query, seq) in [("", 0), ("?cursor=", 1), ("?cursor=", 2), ("?limit=1&cursor=", 3)] {
            let ask = |credential: Id| {
                let path = url(route, &PathIds { credential, ..own.clone() });
                let cursor = if seq == 0 { String::new() } else { event_cursor(&path, seq) };
                let url = format!("{path}{query}{cursor}");
                let reply = scene.send_to(route, &url, &headers, b"");
                (reply.status, reply.text, reply.headers, reply.cost)
            };
            let unknown = ask(nothing());
            assert_eq!((unknown.0, ask(there), ask(deleted)), (404, unknown.clone(), unknown), "{query}");
        }
        let events = |credential: Id| {
            let url = url(route, &PathIds { credential, ..scene.target.clone() });
            scene.world.get(&url, ROOT).json()["items"].as_array().map_or(0, Vec::len)
        };
        assert!(events(deleted) > 2 && events(there) > 1, "the events are listed in their own tenant");
    }

    /// A key is scoped to its caller: another caller, in this tenant or another, creates another resource with it.
    #[test]
    fn idempotency_keys_of_different_callers_are_independent() {
        let scene = Scene::new();
        let callers = [scene.admin().1, scene.admin().1, scene.other_admin()];
        for (route, noun) in ROUTES.iter().filter(|route| is_ours(route)).filter_map(|route| match route.operation {
            Operation::Write(noun, Verb::Create) if noun != Noun::Tenant => Some((route, noun)),
            _ => None,
        }) {
            let made = callers.each_ref().map(|token| {
                let mine = if *token == callers[2] { Id::parse(OTHER).unwrap() } else { scene.target.tenant };
                let place = PathIds { tenant: mine, ..scene.target.clone() };
                let headers = [bearer(token), ("idempotency-key", "the-same".to_owned())];
                let [one, again] = [(); 2].map(|()| scene.send(route, &place, &headers, &scene.body(route)));
                assert_eq!((one.status, &one.text), (201, &again.text), "{noun:?}: {}", again.text);
                text(&one.json(), "id")
            });
            assert!(made[0] != made[1] && made[0] != made[2] && made[1] != made[2], "{noun:?}: {made:?}");
        }
    }
}

/// A conflict of labels or GUIDs reveals that a tenant exists, so only root, which creates tenants, may see it.
#[test]
fn only_root_learns_whether_a_label_is_taken() {
    let scene = Scene::new();
    let admin = scene.other_admin();
    for route in ROUTES.iter().filter(|route| route.operation == Operation::Write(Noun::Tenant, Verb::Create)) {
        let body = json!({"name": "acme", "Name": "acme", "GUID": Id::parse(ACME).unwrap().guid()});
        let [taken, free] = [body, json!({"name": "free", "Name": "free"})].map(|body| {
            let headers = [bearer(&admin), ("x-request-id", "the-same".to_owned())];
            let reply = scene.send(route, &scene.target, &headers, body.to_string().as_bytes());
            (reply.status, reply.text, reply.headers)
        });
        assert!(matches!(taken.0, 401 | 403), "{}", taken.1);
        assert_eq!(taken, free);
    }
}
