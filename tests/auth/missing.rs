//! Another tenant's thing answers exactly as a missing one: byte for byte, with all its headers.

use postern::credential::id::Id;
use postern::route::{ROUTES, Route};
use serde_json::json;

use crate::common::{ACME, Reply, ZERO, litegraph_url};
use crate::scene::{Header, OTHER, Place, Scene, bearer, nothing, url};

/// Requests that would each be answered otherwise if the target were seen: fit, unfit, and with any If-Match.
fn variants(scene: &Scene, route: &Route, token: &str, used: &str) -> Vec<(Vec<Header>, Vec<u8>)> {
    let unfit =
        json!({"UserGUID": nothing().guid(), "Name": "", "name": "", "BearerToken": used}).to_string().into_bytes();
    let tag = format!("\"{}.1\"", scene.target.credential);
    let mut variants = Vec::new();
    for body in [scene.body(route), unfit] {
        for if_match in [None, Some("*"), Some(&*tag), Some("\"x.1\"")] {
            let mut headers = vec![bearer(token), ("x-request-id", "the-same".to_owned())];
            headers.extend(if_match.map(|tag| ("if-match", tag.to_owned())));
            variants.push((headers, body.clone()));
        }
    }
    variants
}

#[test]
fn another_tenants_thing_is_as_a_missing_one() {
    let scene = Scene::new();
    scene.world.db.execute("UPDATE tenants SET preconditions = 1 WHERE label = 'acme'", &[]);
    let (token, own, theirs) = (scene.other_admin(), scene.elsewhere(), scene.target);
    let missing = nothing();
    // In their tenant; in one's own, under their service account; in one's own, under one's own.
    let pairs = [
        (theirs, Place { tenant: missing, ..theirs }),
        (Place { tenant: own.tenant, ..theirs }, Place { tenant: own.tenant, account: missing, credential: missing }),
        (Place { credential: theirs.credential, ..own }, Place { credential: missing, ..own }),
    ];
    let used = scene.admin().1;
    let before = scene.world.stored_but_last_use();
    let mut compared = 0;
    for route in &ROUTES {
        for (theirs, missing) in pairs {
            // Where the path names nothing that makes the difference, there is nothing to compare.
            let differs = [&theirs, &missing].map(|place| url(route, place));
            if differs[0] == differs[1] {
                continue;
            }
            for (headers, body) in variants(&scene, route, &token, &used) {
                let [one, other] = [theirs, missing].map(|place| scene.send(route, &place, &headers, &body));
                assert_eq!(one.status, 404, "{}: {}", differs[0], one.text);
                assert_eq!(
                    (one.text, one.headers, one.cost),
                    (other.text, other.headers, other.cost),
                    "{}",
                    differs[0]
                );
                compared += 1;
            }
        }
    }
    assert!(compared >= 8 * 15, "{compared}: the pairs differ on most routes");
    assert_eq!(scene.world.stored_but_last_use(), before);
}

mod litegraph {
    use super::*;

    fn create(scene: &Scene, body: &serde_json::Value) -> Reply {
        let place = scene.elsewhere();
        let url = format!("/v1.0/tenants/{}/credentials", place.tenant.guid());
        scene.world.call("PUT", &url, &scene.other_admin(), body)
    }

    #[test]
    fn another_tenants_user_is_as_a_missing_one() {
        let scene = Scene::new();
        let theirs = scene.target.account.guid();
        let [one, other] = [&theirs, &nothing().guid()].map(|user| create(&scene, &json!({"UserGUID": user})));
        assert_eq!((one.status, one.text.replace(&theirs, &nothing().guid())), (400, other.text));
    }

    #[test]
    fn another_tenants_guid_is_free_in_this_one() {
        let scene = Scene::new();
        let theirs = scene.target.credential.guid();
        assert_eq!(create(&scene, &json!({"UserGUID": ZERO, "GUID": theirs})).status, 200);
        assert_eq!(create(&scene, &json!({"UserGUID": ZERO, "GUID": theirs})).status, 409, "in this tenant, once");
        let admin = scene.admin().1;
        let seen = scene.world.get(&litegraph_url(&scene.target.credential), &admin);
        assert_eq!(seen.json()["Name"], "target", "each tenant sees its own");

        // And each changes its own.
        let of_acme = || {
            let rows = |table: &str| format!("SELECT * FROM {table} WHERE tenant = '{ACME}'");
            ["credentials", "secrets", "events"].map(|table| scene.world.db.query(&rows(table), &[]))
        };
        let before = of_acme();
        let url = format!("/v1.0/tenants/{}/credentials/{theirs}", Id::parse(OTHER).unwrap().guid());
        let body = json!({"UserGUID": ZERO, "Name": "changed", "BearerToken": "changed"});
        assert_eq!(scene.world.call("PUT", &url, &scene.other_admin(), &body).json()["Name"], "changed");
        assert_eq!(of_acme(), before);
    }

    #[test]
    fn another_tenants_token_is_as_one_taken_in_this_one() {
        let scene = Scene::new();
        let [theirs, own] = [scene.admin().1, scene.other_admin()];
        let [one, other] = [theirs, own].map(|token| create(&scene, &json!({"UserGUID": ZERO, "BearerToken": token})));
        assert_eq!((one.status, one.text), (409, other.text));
    }
}
