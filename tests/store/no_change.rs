//! An update without a change keeps the text of `state`, on every face, for every noun and caller. SQL compares these
//! texts, also to decide the rights of an editor. (With random values, as root: tests/laws.)

use postern::credential::id::Id;
use serde_json::{Value, json};

use support::{ACME, ROOT, Reply, World, ZERO, client_url, litegraph_url, text};

/// A resource on a face: its path, the method that updates it, and whether an editor may.
struct Place {
    methods: &'static [&'static str],
    url: String,
    editor: bool,
    /// A member of its body, with another value.
    member: (&'static str, Value),
}

fn place(methods: &'static [&'static str], url: String, editor: bool, member: (&'static str, Value)) -> Place {
    Place { methods, url, editor, member }
}

/// A tenant with a principal and a credential, in which every key has a value, or in which as few keys as possible
/// have one.
struct Scene {
    world: World,
    places: Vec<Place>,
    admin: String,
    editor: String,
}

impl Scene {
    fn new(full: bool, revoked: bool) -> Self {
        let world = World::new();
        let done = |method: &str, url: &str, body: &Value| world.call(method, url, ROOT, body).expect(200);
        let admin = world.caller(&["admin"]);
        let editor = world.caller(&["editor"]);
        let (user, _) = world
            .put(&format!("/v1.0/tenants/{ZERO}/users"), &json!({"FirstName": "a", "LastName": "l", "Email": "e"}));
        let account = format!("/organizations/acme/service-accounts/{user}");
        let credentials = format!("{account}/credentials");
        let made = world.call("POST", &credentials, ROOT, &json!({"name": "n"})).expect(201).json();
        let id = Id::parse(&text(&made, "id")).unwrap();
        let tenant = format!("/v1/tenants/{ACME}");
        let (own, own_user) = (format!("{tenant}/credentials/{id}"), format!("{tenant}/principals/{user}"));
        if full {
            done("PATCH", &tenant, &json!({"role_names": ["z", "a", "e"]}));
            done("PATCH", &account, &json!({"description": "d"}));
            // Neither the roles nor their members are in the order in which they are stored.
            let roles = json!([
                {"role_id": "z"}, {"role_id": "viewer", "resource": "dataset", "resource_instance": "1"}, {"role_id": "a"},
                {"resource": "é", "role_id": "e"}, {"role_id": "z"},
            ]);
            done("PATCH", &own, &json!({"metadata": {"z": "1"}}));
            let metadata = json!({"m": "", "a": "é\""});
            let body = json!({
                "description": "d", "roles": roles, "metadata": metadata, "expires_at": "2030-01-01T00:00:00.000001Z", "self_rotate": true,
            });
            done("PATCH", &own, &body);
            let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
            let trust = json!({"issuer": "https://issuer.example", "subject": "z", "audience": "a", "claims": {"z": "1", "a": 2}});
            for (list, body) in [("keys", json!({"jwk": jwk})), ("trusts", trust)] {
                world.call("POST", &format!("{own}/{list}"), ROOT, &body).expect(201);
            }
        } else {
            done("PATCH", &own, &json!({"roles": null}));
        }
        if revoked {
            done("POST", &format!("{own}/revoke"), &json!({"reason": if full { json!("why") } else { Value::Null }}));
        }
        // All members that the service changes itself have changed.
        for token in [&admin, &editor] {
            world.get(&own, token).expect(200);
        }
        let named = || ("name", json!("another"));
        let places = vec![
            place(&["PUT"], client_url(&id.client()), false, named()),
            place(&["PUT"], litegraph_url(&id), false, ("Name", json!("another"))),
            place(&["PATCH"], format!("{credentials}/{id}"), true, named()),
            place(&["PUT", "PATCH"], own, true, named()),
            place(
                &["PUT"],
                format!("/v1.0/tenants/{ZERO}/users/{}", user.guid()),
                false,
                ("LastName", json!("another")),
            ),
            place(&["PATCH"], account, true, named()),
            place(&["PUT", "PATCH"], own_user, true, named()),
            place(&["PUT"], format!("/v1.0/tenants/{ZERO}"), false, ("Name", json!("another"))),
            place(&["PATCH"], "/organizations/acme".to_owned(), false, named()),
            place(&["PUT", "PATCH"], tenant, false, named()),
        ];
        Self { world, places, admin, editor }
    }

    /// The callers that may update the resource.
    fn callers(&self, place: &Place) -> Vec<&str> {
        let all = [(ROOT, true), (self.admin.as_str(), true), (self.editor.as_str(), place.editor)];
        all.into_iter().filter(|(_, may)| *may).map(|(token, _)| token).collect()
    }

    /// Sends an update without a change: the response is that of a GET, and every stored text is kept.
    fn changes_nothing(&self, method: &str, place: &Place, token: &str, body: &Value) {
        let before = self.world.stored_but_last_use();
        let got = self.world.get(&place.url, token).expect(200);
        let reply: Reply = self.world.call(method, &place.url, token, body);
        let request = format!("{method} {} {body}", place.url);
        assert_eq!(reply.status, 200, "{request}: {}", reply.text);
        assert_eq!(reply.cost.rows_written, 0, "{request}");
        assert_eq!(reply.json(), got.json(), "{request}");
        assert_eq!(reply.header("etag"), got.header("etag"), "{request}");
        // The states, the revisions, and the number of events.
        assert_eq!(self.world.stored_but_last_use(), before, "{request}");
    }
}

fn in_each_scene(check: impl Fn(&Scene)) {
    for (full, revoked) in [(true, false), (true, true), (false, false), (false, true)] {
        check(&Scene::new(full, revoked));
    }
}

#[test]
fn putting_back_keeps_the_stored_text_on_every_face_for_every_caller() {
    in_each_scene(|scene| {
        for place in &scene.places {
            for token in scene.callers(place) {
                for method in place.methods {
                    let shown = scene.world.get(&place.url, token).expect(200).json();
                    scene.changes_nothing(method, place, token, &shown);
                    // Also after another face has sent the same.
                    scene.changes_nothing(method, place, token, &shown);
                }
            }
        }
    });
}

#[test]
fn empty_patch_keeps_the_stored_text_on_every_face_for_every_caller() {
    in_each_scene(|scene| {
        for place in scene.places.iter().filter(|place| place.methods.contains(&"PATCH")) {
            for token in scene.callers(place) {
                scene.changes_nothing("PATCH", place, token, &json!({}));
            }
        }
    });
}

#[test]
fn repeated_change_keeps_the_stored_text_on_every_face_for_every_caller() {
    for place in 0..Scene::new(true, false).places.len() {
        for caller in 0..3 {
            let scene = Scene::new(true, false);
            let place = &scene.places[place];
            let Some(token) = scene.callers(place).get(caller).copied() else { continue };
            for method in place.methods {
                let mut body = scene.world.get(&place.url, token).expect(200).json();
                for member in ["revision", "updated_at", "LastUpdateUtc"] {
                    body.as_object_mut().unwrap().remove(member);
                }
                let (member, value) = &place.member;
                body[member] = json!(format!("{} {method}", value.as_str().unwrap()));
                let (before, rows) =
                    (scene.world.stored_but_last_use(), scene.world.call(method, &place.url, token, &body));
                assert!(
                    rows.status == 200 && rows.cost.rows_written > 0,
                    "{method} {} {body}: {}",
                    place.url,
                    rows.text
                );
                assert_ne!(scene.world.stored_but_last_use(), before);
                scene.changes_nothing(method, place, token, &body);
            }
        }
    }
}

/// Equal values in another order, with duplicates or with explicit nulls are not a change. An editor may resend
/// members that it may not change.
#[test]
fn equivalent_values_keep_the_stored_text() {
    let scene = Scene::new(true, false);
    let [own, coactive] = [3, 0].map(|at| &scene.places[at]);
    let shown = scene.world.get(&own.url, ROOT).expect(200).json();
    let mut roles = shown["roles"].as_array().unwrap().clone();
    roles.reverse();
    roles.push(roles[0].clone());
    let nulls = |role: &Value| json!({"role_id": role["role_id"], "resource": role["resource"], "resource_instance": role["resource_instance"]});
    let with_nulls: Vec<_> = roles.iter().map(nulls).collect();
    for token in [ROOT, &scene.admin, &scene.editor] {
        for body in [
            json!({ "roles": roles }),
            json!({ "roles": with_nulls }),
            json!({ "metadata": {"m": "", "a": "é\""} }),
            json!({ "metadata": {"not there": null} }),
            json!({ "expires_at": "2030-01-01T01:00:00.000001+01:00" }),
            json!({ "enabled": true, "description": "d", "principal": shown["principal"] }),
        ] {
            scene.changes_nothing("PATCH", own, token, &body);
        }
        if scene.callers(coactive).contains(&token) {
            for body in [
                json!({ "roles": roles }),
                // The part of the roles in one context, which the database merges.
                json!({"roles": [{"role_id": "z"}, {"role_id": "a"}], "roles_context": "system"}),
                json!({
                    "roles": [{"role_id": "viewer", "resource": "dataset", "resource_instance": "1"}], "roles_context": "dataset:1",
                }),
            ] {
                scene.changes_nothing("PUT", coactive, token, &body);
            }
        }
    }
}
