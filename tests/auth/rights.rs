//! What each rank may change, credentials created by a caller that expires, and the record of the last use.

use postern::credential::field::Noun;
use postern::credential::id::Id;
use postern::credential::secret::{Proof, Token};
use postern::credential::table::Right;
use postern::refusal::Refusal;
use postern::store::command::{Key, NewRow, Target};
use postern::store::{Store, credential};
use serde_json::{Value, json};

use support::fields::{of_our_face, other};
use support::scene::{PathIds, Scene, own_url};
use support::{ACME, CLIENTS, ROOT, START, World, ZERO, client_url, text};

fn keycard(scene: &Scene) -> String {
    format!("/organizations/acme/service-accounts/{}/credentials", scene.target.account)
}

/// Sets the target's secret, and its name if given; returns the new revision. This calls the store directly, because
/// no face lets an editor set a secret.
fn set_secret(scene: &Scene, token: &str, secret: &Token, name: Option<&str>) -> Result<i64, Refusal> {
    let mut command = scene.world.change(token, Target::Credential)?;
    command.credential = Some(Key(Some(scene.target.credential)));
    command.set = name.into_iter().map(|name| ("name".to_owned(), name.into())).collect();
    command.secret = Some(new_row(scene, secret));
    let outcome = pollster::block_on(credential::update(&Store::new(&scene.world.db), &command, Vec::new()))?;
    outcome.result.map(|credential| credential.made.revision)
}

fn new_row(scene: &Scene, token: &Token) -> NewRow {
    let keys = &scene.world.settings.as_ref().unwrap().keys;
    let proofs = keys.prove(token);
    let Proof { id, digest } = proofs[0].clone();
    NewRow { id, digest, proofs, key: keys.current.id().to_owned(), sealed: None, hint: String::new() }
}

#[test]
fn editor_may_resend_the_stored_secret_but_not_set_another() {
    let scene = Scene::new();
    let (editor, admin) = (scene.token("editor"), scene.token("admin"));
    let secret = |text: &str| Token::read(text, "pstn_").ok().unwrap();
    let (first, second) = (secret("the-first"), secret("the-second"));
    assert_eq!(set_secret(&scene, &admin, &first, None), Ok(2));
    assert_eq!(set_secret(&scene, &editor, &second, None), Err(Refusal::ForbiddenChange));
    assert_eq!(set_secret(&scene, &editor, &first, None), Ok(2), "nothing changes");
    assert_eq!(set_secret(&scene, &editor, &first, Some("new")), Ok(3));
}

mod ours {
    use super::*;

    /// The outcome of a change.
    #[derive(Clone, Copy, PartialEq)]
    enum Ends {
        Changed,
        Unchanged,
        /// The caller may change the resource, but not in this way.
        Refused,
        /// The caller may not change the resource at all.
        Never,
    }

    use Ends::{Changed, Never, Refused, Unchanged};

    /// Checks the outcome of a PATCH with this body, of the equivalent PUT, and of both as dry runs.
    fn ends(caller: &str, what: &str, body: &Value, expected: Ends) {
        for verb in ["PATCH", "PUT", "PATCH?dry_run=true", "PUT?dry_run=true"] {
            let (method, query) = verb.split_once('?').map_or((verb, ""), |(method, query)| (method, query));
            if !query.is_empty() && what != "credentials" {
                continue;
            }
            let scene = Scene::new();
            let PathIds { account, credential, .. } = scene.target;
            let url = match what {
                "tenants" => format!("/v1/tenants/{ACME}"),
                "principals" => format!("/v1/tenants/{ACME}/principals/{account}"),
                _ => own_url(credential),
            };
            let token = scene.token(caller);
            let mut sent = if method == "PUT" { scene.world.get(&url, ROOT).json() } else { json!({}) };
            for (name, value) in body.as_object().unwrap() {
                sent[name] = value.clone();
            }
            let before = scene.world.stored_but_last_use();
            let reply = scene.world.call(method, &format!("{url}?{query}"), &token, &sent);
            let of = format!("{caller}, {what}: {verb} {body}: {}", reply.text);
            let (status, code) = match expected {
                Changed | Unchanged => (200, None),
                Refused => (403, Some("forbidden_change")),
                Never => (403, Some("forbidden")),
            };
            assert_eq!((reply.status, reply.json()["code"].as_str()), (status, code), "{of}");
            let writes = expected == Changed && query.is_empty();
            assert_eq!(scene.world.stored_but_last_use() != before, writes, "{of}");
        }
    }

    /// The right depends on what would change, not on which members the body contains.
    #[test]
    fn editor_may_change_only_names_and_descriptions() {
        let viewer = json!([{"role_id": "viewer"}]);
        for (what, body, to_editor) in [
            ("credentials", json!({}), Unchanged),
            ("credentials", json!({"name": "new"}), Changed),
            ("credentials", json!({"description": "new"}), Changed),
            ("credentials", json!({"description": null}), Changed),
            ("credentials", json!({"name": "new", "description": null}), Changed),
            // With members as they are stored.
            ("credentials", json!({"name": "target", "enabled": true, "roles": viewer, "metadata": {}}), Unchanged),
            ("credentials", json!({"name": "new", "enabled": true, "roles": viewer, "expires_at": null}), Changed),
            ("credentials", json!({"enabled": false}), Refused),
            ("credentials", json!({"principal": ACME}), Refused),
            ("credentials", json!({"roles": null}), Refused),
            ("credentials", json!({"roles": []}), Refused),
            ("credentials", json!({"access": "none"}), Refused),
            ("credentials", json!({"access": "edit"}), Refused),
            ("credentials", json!({"name": "new", "access": "read"}), Changed),
            ("credentials", json!({"roles": [{"role_id": "editor"}]}), Refused),
            ("credentials", json!({"roles": [{"role_id": "editor"}, {"role_id": "viewer"}]}), Refused),
            ("credentials", json!({"roles": [{"role_id": "viewer", "resource": "dataset"}]}), Refused),
            ("credentials", json!({"expires_at": "2250-01-01T00:00:00Z"}), Refused),
            ("credentials", json!({"metadata": {"a": "b"}}), Refused),
            ("credentials", json!({"name": "new", "enabled": false}), Refused),
            ("principals", json!({}), Unchanged),
            ("principals", json!({"name": "new"}), Changed),
            ("principals", json!({"name": "new", "description": "new", "enabled": true}), Changed),
            ("principals", json!({"enabled": false}), Refused),
            ("principals", json!({"name": "new", "enabled": false}), Refused),
        ] {
            let to_admin = if to_editor == Unchanged { Unchanged } else { Changed };
            for (caller, expected) in [
                ("viewer", Never),
                ("admin on a resource only", Never),
                ("only a role of another name", Never),
                ("editor", to_editor),
                ("admin", to_admin),
                ("no roles", to_admin),
                ("root", to_admin),
            ] {
                ends(caller, what, &body, expected);
            }
        }
    }

    /// The rank is in the field's row of `FIELDS`.
    #[test]
    fn each_field_may_be_changed_only_by_the_rank_in_its_row() {
        for (noun, what) in
            [(Noun::Credential, "credentials"), (Noun::Principal, "principals"), (Noun::Tenant, "tenants")]
        {
            for (row, member) in of_our_face(noun) {
                let body = json!({ member: other(row, ACME) });
                // Routes of tenants require an admin.
                let unless_admin = if noun == Noun::Tenant { Never } else { Refused };
                let (editor, admin) = match row.right(noun).expect("a right") {
                    Right::Nobody => panic!("{member} is given on create only"),
                    Right::Editor => (Changed, Changed),
                    Right::Admin => (unless_admin, Changed),
                    Right::Root => (unless_admin, Refused),
                };
                for (caller, expected) in [("viewer", Never), ("editor", editor), ("admin", admin), ("root", Changed)] {
                    ends(caller, what, &body, expected);
                }
            }
        }
    }

    #[test]
    fn admin_may_change_its_tenant_but_only_root_may_disable_it() {
        for (body, to_admin) in [
            (json!({}), Unchanged),
            (json!({"enabled": true}), Unchanged),
            (json!({"name": "new"}), Changed),
            (json!({"rbac": false}), Changed),
            (json!({"require_if_match": true}), Changed),
            (json!({"role_names": ["another"]}), Changed),
            (json!({"enabled": false}), Refused),
            (json!({"name": "new", "enabled": false}), Refused),
        ] {
            let to_root = if to_admin == Unchanged { Unchanged } else { Changed };
            for (caller, expected) in [("viewer", Never), ("editor", Never), ("admin", to_admin), ("root", to_root)] {
                ends(caller, "tenants", &body, expected);
            }
        }
    }

    /// If a mistyped `resource` were ignored, the role would apply to everything.
    #[test]
    fn role_with_an_unknown_member_is_rejected_and_grants_nothing() {
        let scene = Scene::new();
        let roles = json!([{"role_id": "viewer"}, {"role_id": "admin", "resorce": "dataset"}]);
        let before = scene.world.stored();
        for (method, url, body) in [
            ("POST", format!("/v1/tenants/{ACME}/credentials"), json!({"name": "new", "roles": roles})),
            ("PATCH", own_url(scene.target.credential), json!({"roles": roles})),
        ] {
            let reply = scene.world.call(method, &url, ROOT, &body);
            assert_eq!(reply.status, 422, "{method} {url}: {}", reply.text);
            let violation = &reply.json()["violations"][0];
            assert_eq!(
                (&violation["pointer"], &violation["code"]),
                (&json!("/roles/1/resorce"), &json!("unknown_member"))
            );
        }
        assert_eq!(scene.world.stored(), before);
    }
}

/// The rule that nobody sets a later expiry than their own must not apply to reads.
#[test]
fn viewer_with_an_expiry_can_read() {
    let scene = Scene::new();
    let (id, token) = scene.client(&json!([{"role_id": "viewer"}]));
    let end = START + 3_600_000_000;
    scene.world.patch("credentials", &id.to_string(), &json!({ "expires_at": end }));
    let account = format!("/organizations/acme/service-accounts/{}", scene.target.account);
    let [own, events] = ["", "/events"].map(|of| own_url(scene.target.credential) + of);
    for url in ["/organizations", "/organizations/acme", &account, &keycard(&scene), "/v1/tenants", &own, &events] {
        assert_eq!(scene.world.get(url, &token).status, 200, "{url}");
    }
}

#[test]
fn credentials_created_by_an_expiring_caller_expire_with_it() {
    for end in [Some(START + 3_600_000_000), None] {
        let scene = Scene::new();
        let (id, token) = scene.admin();
        scene.world.patch("credentials", &id.to_string(), &json!({ "expires_at": end }));
        let litegraph = format!("/v1.0/tenants/{ZERO}/credentials");
        for (method, url, body) in [
            ("POST", CLIENTS, json!({"name": "made", "roles": null})),
            ("PUT", &*litegraph, json!({"UserGUID": ZERO, "Name": "made"})),
            ("POST", &*keycard(&scene), json!({"name": "made"})),
            ("POST", &format!("/v1/tenants/{ACME}/credentials"), json!({"name": "made", "roles": null})),
        ] {
            assert!(scene.world.call(method, url, &token, &body).status <= 201, "{url}");
        }
        let made = scene.world.db.query("SELECT expires_at FROM credentials WHERE name = 'made'", &[]);
        assert_eq!(made.iter().map(|row| row["expires_at"].as_i64()).collect::<Vec<_>>(), [end; 4]);
        let same_roles = json!({"roles": [{"role_id": "viewer"}]});
        assert_eq!(
            scene.world.call("PUT", &client_url(&scene.target.credential.client()), &token, &same_roles).status,
            200
        );
        let sql =
            format!("SELECT count(*) FROM credentials WHERE id = '{}' AND expires_at IS NULL", scene.target.credential);
        assert_eq!(scene.world.db.count(&sql), 1, "an existing credential keeps having no expiry");
    }
}

mod last_use {
    use super::*;

    const MINUTE: i64 = 60_000_000;

    fn noted(world: &World, id: Id) -> [Option<i64>; 2] {
        let id = id.to_string();
        ["SELECT last_used_at FROM credentials WHERE id = ?1", "SELECT last_used_at FROM secrets WHERE credential = ?1"]
            .map(|sql| world.db.query(sql, &[&id])[0]["last_used_at"].as_i64())
    }

    #[test]
    fn last_use_is_recorded_at_most_once_a_minute_and_is_not_a_change() {
        let scene = Scene::new();
        let (world, (id, token)) = (&scene.world, scene.admin());
        assert_eq!(noted(world, id), [None, None]);
        let url = client_url(&id.client());
        let etag = world.get(&url, ROOT).etag().to_owned();
        let before = world.stored_but_last_use();
        let mut last = None;
        for (passes, notes) in
            [(0, true), (0, false), (MINUTE - 5000, false), (5000, true), (MINUTE / 2, false), (MINUTE, true)]
        {
            world.pass(passes);
            let batches = world.db.batches.get();
            let reply = world.get(&url, &token);
            assert_eq!((reply.status, reply.etag(), reply.cost.trips), (200, &*etag, 1));
            assert_eq!(world.db.batches.get() - batches, 1 + u64::from(notes), "a trip of its own, after {passes}");
            if notes {
                last = Some(world.now.get());
            }
            assert_eq!(noted(world, id), [last, last], "after {passes}");
        }
        assert_eq!(world.stored_but_last_use(), before, "neither revision nor event");
    }

    #[test]
    fn last_use_is_returned_and_recorded_per_secret() {
        let scene = Scene::new();
        let (world, (id, token)) = (&scene.world, scene.admin());
        let made = world.call("POST", &keycard(&scene), &token, &json!({"name": "other"})).json();
        world.patch("credentials", &text(&made, "id"), &json!({"access": "read"}));
        let url = format!("{}/{}", keycard(&scene), text(&made, "id"));
        assert_eq!(world.get(&url, &token).json().get("last_used_at"), None, "it was created, not used");
        assert_eq!(world.get(&url, &text(&made, "client_secret")).status, 200);
        let shown = text(&world.get(&url, &token).json(), "last_used_at");
        assert_eq!(shown.len(), "2019-12-27T18:11:19.117Z".len());
        assert_ne!(noted(world, id), noted(world, Id::parse(&text(&made, "id")).unwrap()));
    }

    #[test]
    fn rejected_authentication_records_no_use() {
        for caller in
            ["another's client_id", "wrong secret", "disabled credential", "expired credential", "expired secret"]
        {
            let scene = Scene::new();
            let headers = scene.caller(caller);
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let reply = scene.world.send("GET", &client_url(&scene.target.credential.client()), &headers, b"");
            assert_eq!(reply.status, 401, "{caller}");
            assert_eq!(scene.world.db.count("SELECT count(last_used_at) FROM secrets"), 0, "{caller}");
        }
    }
}
