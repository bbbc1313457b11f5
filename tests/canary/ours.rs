//! The canary on our own face: secrets that are verified, created by a rotation, or returned again for an
//! Idempotency-Key.

use postern::credential::field::{Noun, Verb};
use postern::credential::id::Id;
use postern::credential::secret::Token;
use postern::route::{Operation, ROUTES, Route};
use serde_json::{Value, json};

use crate::tokens::{admin, id, random, shows_as};
use crate::{CANARY, Trace, failures, returns_tokens, root, set, stored, title, trace};
use support::routes::inquiry;
use support::scene::{
    Header, PathIds, Scene, TokenKind, bearer, body_about, is_litegraph, is_ours, own_url, request_url, signature,
    takes_form, takes_key,
};
use support::{ACME, ROOT, text};

fn sent(scene: &Scene, route: &Route, place: &PathIds, headers: &[Header], body: &[u8]) -> Trace {
    trace(&scene.world, route, &request_url(route, place), headers, body)
}

fn routes_of(is_it: impl Fn(Operation) -> bool) -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(move |route| is_it(route.operation))
}

fn verifies(operation: Operation) -> bool {
    matches!(operation, Operation::Verify(_))
}

mod asked_about {
    use super::*;

    /// Bodies with a token wherever a verification could read it.
    fn bodies(route: &Route, token: &str) -> Vec<String> {
        if takes_form(route) {
            return vec![
                format!("token={token}"),
                format!("token={token}&token_type_hint={token}"),
                format!("token_type_hint=access_token&token={}", token.replace('a', "%61")),
                format!("token={token}&token={token}"),
                format!("token_type_hint={token}"),
                json!({ "token": token }).to_string(),
            ];
        }
        let bodies = [
            json!({"token": token}),
            json!({"token": token, "needs": {"all": [{"role_id": "admin"}]}}),
            json!({"token": token, "needs": {"any": [{"role_id": "admin", "resource": "r", "resource_instance": "i"}]}}),
            // Each of them is invalid.
            json!({"token": [token]}),
            json!({"token": {"token": token}}),
            json!({"token": token, "needs": token}),
            json!({"token": token, "needs": {"all": token, "any": token}}),
            json!({"token": token, "needs": {"any": [token, {"role_id": [token], "resource_instance": token}]}}),
            json!({"tokn": token}),
            json!({"token": token, "client_secret": token}),
            json!([token]),
        ];
        bodies.iter().map(|body| inquiry(route, body).to_string()).collect()
    }

    /// By authorized and unauthorized callers, for a valid token and for an unknown one.
    #[test]
    fn verified_token_leaves_no_trace() {
        for there in [false, true] {
            let scene = Scene::new();
            if there {
                admin(&scene.world);
            }
            for caller in
                ["root", "viewer", "another tenant's admin", "only a role of another name", "unknown token", "no token"]
            {
                let headers = scene.caller(caller);
                for route in routes_of(verifies) {
                    for body in bodies(route, CANARY) {
                        let of = format!("{} of {body} by {caller}, there: {there}", title(route));
                        let trace = sent(&scene, route, &scene.target, &headers, body.as_bytes());
                        trace.leaves_nothing(&scene.world, CANARY, &of);
                        for trace in failures(&scene.world, route, route.path, &headers, body.as_bytes()) {
                            assert!(trace.reply.status >= 400, "{of}");
                            trace.leaves_nothing(&scene.world, CANARY, &of);
                        }
                    }
                }
            }
        }
    }

    /// The token is found, so the search is for the right text.
    #[test]
    fn verify_describes_a_valid_token_without_returning_it() {
        let scene = Scene::new();
        let (id, secret) = scene.admin();
        let access = scene.access(id, &secret);
        for route in routes_of(verifies) {
            for (token, needle) in [(&*secret, random(&secret)), (&*access, signature(&access))] {
                let place = PathIds { token: token.to_owned(), ..scene.target.clone() };
                let body = body_about(route, &place);
                for headers in [vec![bearer(token)], root()] {
                    let trace = sent(&scene, route, &place, &headers, &body);
                    assert!(trace.reply.text.contains("\"active\":true"), "{}", trace.reply.text);
                    trace.leaves_nothing(&scene.world, needle, &title(route));
                }
            }
        }
    }

    /// Nor is the root token, whether it calls or is verified.
    #[test]
    fn verifying_the_root_token_leaves_no_trace() {
        let scene = Scene::new();
        for (route, caller) in routes_of(verifies).flat_map(|route| ["root", "viewer"].map(|by| (route, by))) {
            for body in bodies(route, ROOT) {
                let of = format!("{} of {body} by {caller}", title(route));
                let trace = sent(&scene, route, &scene.target, &scene.caller(caller), body.as_bytes());
                assert!(!trace.reply.text.contains("\"active\":true"), "{of}: {}", trace.reply.text);
                trace.leaves_nothing(&scene.world, ROOT, &of);
            }
        }
    }
}

/// Rotates the credential as root, and returns the trace.
fn rotated(scene: &Scene, place: &PathIds) -> Trace {
    let route =
        routes_of(|operation| operation == Operation::Write(Noun::Credential, Verb::Rotate)).next().expect("a route");
    let trace = sent(scene, route, place, &root(), &scene.body(route));
    assert_eq!(trace.reply.status, 200, "{}", trace.reply.text);
    trace
}

/// For a credential of each face. The new secret is returned once, then only by LiteGraph, if LiteGraph returned the
/// old one.
#[test]
fn secret_from_a_rotation_is_shown_once_and_never_stored_in_clear() {
    for route in routes_of(|operation| operation == Operation::Write(Noun::Credential, Verb::Create)) {
        for later in ROUTES {
            let scene = Scene::new();
            let of = format!("made by {}, rotated, then {}", title(route), title(later));
            let made = sent(&scene, route, &scene.target, &root(), &scene.body(route)).reply.json();
            let place = PathIds { credential: id(&made), ..scene.target.clone() };
            let trace = rotated(&scene, &place);
            let old = text(&made, shows_as(route));
            let new = text(&trace.reply.json(), "secret");
            trace.assert_only_shown_in(&["secret"], random(&new), &of);
            for needle in [random(&old), random(&new)] {
                trace.assert_never_queried(needle, &of);
                assert_eq!(stored(&scene.world, needle), set(&[]), "{of}: stored");
            }
            trace.assert_only_shown_in(&[], random(&old), &of);

            let place = PathIds { token: new.clone(), ..place };
            scene.ready(later, &place);
            let body = body_about(later, &place);
            let again = sent(&scene, later, &place, &root(), &body);
            let makes = matches!(later.operation, Operation::Write(_, Verb::Create));
            let shows = is_litegraph(route) && returns_tokens(later) && !makes;
            again.assert_only_shown_in(if shows { &["BearerToken"] } else { &[] }, random(&new), &of);
            again.assert_only_shown_in(&[], random(&old), &of);
            for needle in [random(&old), random(&new)] {
                again.assert_never_queried(needle, &of);
                assert_eq!(stored(&scene.world, needle), set(&[]), "{of}: stored");
            }
        }
    }
}

/// A secret chosen by a client, retiring: LiteGraph no longer returns it, since another secret is the newest.
#[test]
fn secret_replaced_by_a_rotation_is_no_longer_shown() {
    for later in ROUTES {
        let scene = Scene::new();
        let place = PathIds { credential: admin(&scene.world), account: Id::ZERO, ..scene.target.clone() };
        let of = format!("rotated, then {}", title(later));
        let trace = rotated(&scene, &place);
        trace.assert_nowhere(&scene.world, CANARY, &of);
        scene.ready(later, &place);
        let again = sent(&scene, later, &place, &root(), &body_about(later, &place));
        again.leaves_nothing(&scene.world, CANARY, &of);
    }
    // After a cancellation, the old secret is the newest again.
    let scene = Scene::new();
    let place = PathIds { credential: admin(&scene.world), account: Id::ZERO, ..scene.target.clone() };
    let new = text(&rotated(&scene, &place).reply.json(), "secret");
    let cancel = routes_of(|operation| operation == Operation::CancelRotation).next().expect("a route");
    let trace = sent(&scene, cancel, &place, &root(), b"");
    assert_eq!(trace.reply.status, 200, "{}", trace.reply.text);
    trace.assert_nowhere(&scene.world, CANARY, "cancelled");
    let read = routes_of(|operation| operation == Operation::Read(Noun::Credential))
        .find(|route| is_litegraph(route))
        .expect("a route");
    let trace = sent(&scene, read, &place, &root(), b"");
    trace.assert_only_shown_in(&["BearerToken"], CANARY, "cancelled, then read");
    trace.assert_only_shown_in(&[], random(&new), "cancelled, then read");
}

mod idempotent {
    use super::*;

    fn taking_keys() -> impl Iterator<Item = &'static Route> {
        ROUTES.iter().filter(|route| takes_key(route) && !route.is_own())
    }

    /// The routes that make a secret.
    fn making_secrets() -> impl Iterator<Item = &'static Route> {
        taking_keys().filter(|route| matches!(route.operation, Operation::Write(Noun::Credential, _)))
    }

    fn keyed(key: &str) -> Vec<Header> {
        let mut headers = root();
        headers.push(("idempotency-key", key.to_owned()));
        headers
    }

    /// The key and the body are chosen by the client. Only digests of both are stored.
    #[test]
    fn idempotency_key_leaves_no_trace() {
        for route in taking_keys() {
            let scene = Scene::new();
            let rotates = route.operation == Operation::Write(Noun::Credential, Verb::Rotate);
            let (member, values, done) = if rotates {
                ("grace_seconds", [json!(60), json!(61)], 200)
            } else {
                ("name", [json!("changed"), json!("another")], 201)
            };
            for (value, status) in [(&values[0], done), (&values[0], done), (&values[1], 422)] {
                let mut body: Value = serde_json::from_slice(&scene.body(route)).unwrap();
                body[member] = value.clone();
                let trace = sent(&scene, route, &scene.target, &keyed(CANARY), body.to_string().as_bytes());
                assert_eq!(trace.reply.status, status, "{}: {}", title(route), trace.reply.text);
                trace.leaves_nothing(&scene.world, CANARY, &title(route));
            }
            assert_eq!(scene.world.db.count("SELECT count(*) FROM idempotency"), 1, "{}", title(route));
        }
    }

    /// The response is repeated for the same key and body, for a day. The secret is in plain text in no row, no event
    /// and no other response.
    #[test]
    fn secret_is_replayed_only_for_its_key_and_never_stored_in_clear() {
        for route in making_secrets() {
            for later in ROUTES {
                let scene = Scene::new();
                let of = format!("{} under a key, then {}", title(route), title(later));
                let body = scene.body(route);
                let send = |headers: &[Header], body: &[u8]| sent(&scene, route, &scene.target, headers, body);
                let made = send(&keyed("key"), &body);
                let secret = text(&made.reply.json(), "secret");
                let nowhere_else = |trace: &Trace, members: &[&str], of: &str| {
                    trace.is_only_shown(&scene.world, members, random(&secret), of);
                };
                nowhere_else(&made, &["secret"], &of);
                let place =
                    PathIds { credential: id(&made.reply.json()), token: secret.clone(), ..scene.target.clone() };
                scene.ready(later, &place);
                let again = sent(&scene, later, &place, &root(), &body_about(later, &place));
                nowhere_else(&again, &[], &of);
                if later.operation == Operation::Delete(Noun::Tenant) {
                    continue;
                }

                let other = json!({"name": "another", "roles": null, "grace_seconds": 5}).to_string();
                nowhere_else(&send(&keyed("key"), other.as_bytes()), &[], &format!("{of}, then another body"));
                nowhere_else(&send(&keyed("another"), &body), &[], &format!("{of}, then another key"));
                let mut admin = vec![bearer(&scene.admin().1)];
                admin.push(("idempotency-key", "key".to_owned()));
                nowhere_else(&send(&admin, &body), &[], &format!("{of}, then another caller"));
                let replayed = send(&keyed("key"), &body);
                let id = place.credential.to_string();
                let gone = scene.world.db.query("SELECT 1 FROM credentials WHERE id = ?1", &[&id]).is_empty();
                if gone && route.names().any(|name| name == "credential") {
                    assert_eq!(replayed.reply.status, 404, "{of}: {}", replayed.reply.text);
                    continue;
                }
                assert_eq!(replayed.reply.text, made.reply.text, "{of}");
                nowhere_else(&replayed, &["secret"], &format!("{of}, then the same"));
                scene.world.pass(24 * 3600 * 1_000_000);
                nowhere_else(&send(&keyed("key"), &body), &[], &format!("{of}, then a day"));
            }
        }
    }

    /// A row's seal does not open for another credential. Without its key, the response is an error without details.
    #[test]
    fn replay_that_cannot_be_decrypted_does_not_reveal_the_secret() {
        let mut scene = Scene::new();
        let route = making_secrets().next().unwrap();
        let body = scene.body(route);
        let made = sent(&scene, route, &scene.target, &keyed("key"), &body);
        let secret = text(&made.reply.json(), "secret");
        let sealed = |scene: &Scene| text(&scene.world.db.query("SELECT sealed FROM idempotency", &[])[0], "sealed");
        let seal = sealed(&scene);
        assert!(!made.reply.text.contains(&seal));
        scene.world.db.execute("UPDATE idempotency SET made = json_set(made, '$.id', ?1)", &[&ACME]);
        let replayed = sent(&scene, route, &scene.target, &keyed("key"), &body);
        assert_eq!(replayed.reply.status, 503, "{}", replayed.reply.text);
        replayed.assert_nowhere(&scene.world, random(&secret), "another credential's");
        // The key of the seal is not configured any more.
        let made = sent(&scene, route, &scene.target, &keyed("second"), &body);
        let second = text(&made.reply.json(), "secret");
        scene.world.settings = support::settings(&"ab".repeat(32), None);
        let replayed = sent(&scene, route, &scene.target, &keyed("second"), &body);
        replayed.assert_nowhere(&scene.world, random(&second), "another master key");
    }
}

/// The history reports each step of a credential's life with the ids of secrets, and nothing that authenticates.
#[test]
fn history_reports_secrets_by_id_without_revealing_them() {
    let scene = Scene::new();
    let place = PathIds { credential: admin(&scene.world), account: Id::ZERO, ..scene.target.clone() };
    let one = own_url(place.credential);
    let mut secrets = vec![CANARY.to_owned()];
    let call = |method: &str, url: &str, body: Value| {
        let reply = scene.world.call(method, url, ROOT, &body);
        assert!(reply.status < 300, "{method} {url}: {}", reply.text);
        reply
    };
    for step in ["rotate/cancel", "rotate/finish"] {
        secrets.push(text(&call("POST", &format!("{one}/rotate"), json!({"grace_seconds": 60})).json(), "secret"));
        call("POST", &format!("{one}/{step}"), Value::Null);
    }
    for (step, body) in [("revoke", json!({"reason": "it leaked"})), ("restore", Value::Null)] {
        call("POST", &format!("{one}/{step}"), body);
    }
    call("DELETE", &one, Value::Null);
    for route in routes_of(|operation| matches!(operation, Operation::History(_))) {
        let trace = sent(&scene, route, &place, &root(), b"");
        let told_secrets =
            trace.reply.json()["items"].as_array().unwrap().iter().filter(|e| e["secret"].is_string()).count();
        // A principal has no secrets.
        assert!(told_secrets >= 6 || route.names().any(|name| name == "principal"), "{}", trace.reply.text);
        for secret in &secrets {
            let needle = if secret == CANARY { CANARY } else { random(secret) };
            trace.leaves_nothing(&scene.world, needle, &title(route));
        }
        for table in ["secrets", "idempotency"] {
            for column in ["digest", "sealed", "body"] {
                let sql = format!("SELECT * FROM {table}");
                for row in scene.world.db.query(&sql, &[]) {
                    let kept = row[column].as_str().unwrap_or("nothing");
                    assert!(!trace.reply.text.contains(kept), "{table}.{column}: {}", trace.reply.text);
                }
            }
        }
    }
}

/// The hint of a generated secret is four characters; a secret chosen by a client has none.
#[test]
fn hint_is_empty_for_a_chosen_secret_and_four_characters_of_a_generated_one() {
    let scene = Scene::new();
    let chosen = own_url(admin(&scene.world));
    let hints = |url: &str| {
        let secrets = scene.world.get(url, ROOT).json()["secrets"].take();
        secrets.as_array().unwrap().iter().map(|secret| text(secret, "hint")).collect::<Vec<_>>()
    };
    assert_eq!(hints(&chosen), [""]);
    let (made, secret) = scene.admin();
    assert_eq!(hints(&own_url(made)), [&random(&secret)[48..]]);
    let token = Token::read(&secret, "pstn_").ok().unwrap();
    assert_eq!(token.hint().len(), 4);
}

/// No error of an unauthorized caller contains its token.
#[test]
fn errors_do_not_contain_the_presented_token() {
    let scene = Scene::new();
    for caller in ["disabled credential", "revoked credential", "retired secret", "cancelled secret", "viewer"] {
        for by in [TokenKind::Secret, TokenKind::Access] {
            let known = scene.who(caller, by).expect("a token");
            let needle =
                if by == TokenKind::Secret { random(&known.token) } else { signature(&known.token) }.to_owned();
            for route in ROUTES.iter().filter(|route| is_ours(route) || matches!(route.operation, Operation::Verify(_)))
            {
                let of = format!("{} by {caller}, {by:?}", title(route));
                let trace = sent(&scene, route, &PathIds::none(), &[known.bearer()], &scene.body(route));
                trace.leaves_nothing(&scene.world, &needle, &of);
            }
        }
    }
}
