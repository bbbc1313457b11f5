//! The canary in exchanges and searches: at a log-in, in an access token, and in a path with a token.

use data_encoding::BASE64;
use postern::route::{Operation, ROUTES, Route};
use serde_json::json;

use crate::tokens::admin;
use crate::{CANARY, Trace, contains, deletes, failures, returns_tokens, root, set, stored, title, trace};
use support::scene::{FORM, Header, PathIds, Scene, TokenKind, basic, bearer, request_url, signature, takes_form, url};
use support::{ROOT, ZERO, text};

const GRANT: &str = "grant_type=client_credentials";

fn log_ins() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(|route| matches!(route.operation, Operation::LogIn(_)))
}

fn sent(scene: &Scene, route: &Route, url: &str, headers: &[Header], body: &[u8]) -> Trace {
    trace(&scene.world, route, url, headers, body)
}

/// Bodies with the canary wherever a log-in could read it.
fn bodies(route: &Route, client: &str) -> Vec<String> {
    if takes_form(route) {
        let encoded = CANARY.replace("canary", "%63an%61ry");
        return vec![
            format!("{GRANT}&client_id={client}&client_secret={CANARY}"),
            format!("{GRANT}&client_id={client}&client_secret={encoded}"),
            format!("{GRANT}&client_id={CANARY}&client_secret={CANARY}"),
            format!("{GRANT}&client_id=client_{CANARY}&client_secret=x"),
            format!("{GRANT}&client_secret={CANARY}"),
            format!("{GRANT}&client_secret={CANARY}&client_secret={CANARY}"),
            format!("{GRANT}&{CANARY}={CANARY}&{CANARY}"),
            format!("{GRANT}&scope={CANARY}&{CANARY}={CANARY}"),
            format!("grant_type={CANARY}&client_id={client}&client_secret={CANARY}"),
            format!("client_id={client}&client_secret={CANARY}"),
            format!("grant_type=password&username={CANARY}&password={CANARY}"),
            json!({"client_secret": CANARY}).to_string(),
        ];
    }
    let grant = "client_credentials";
    vec![
        String::new(),
        json!({"grant_type": CANARY}).to_string(),
        json!({"grant_type": [CANARY, {CANARY: CANARY}]}).to_string(),
        json!({"grant_type": grant, "client_id": client, "client_secret": CANARY, CANARY: CANARY}).to_string(),
        json!({"grant_type": "password", "username": CANARY, "password": CANARY}).to_string(),
        format!("{GRANT}&client_id={client}&client_secret={CANARY}"),
    ]
}

#[test]
fn failed_log_in_leaves_no_trace() {
    let scene = Scene::new();
    let client = scene.target.credential.client();
    let authorizations = [
        None,
        Some(basic(&client, CANARY)),
        Some(basic(CANARY, CANARY)),
        Some(("authorization", format!("Basic {CANARY}"))),
        Some(("authorization", format!("Basic {}", BASE64.encode(CANARY.as_bytes())))),
        Some(bearer(CANARY)),
    ];
    for route in log_ins() {
        for (authorization, body) in
            authorizations.iter().flat_map(|value| bodies(route, &client).into_iter().map(move |body| (value, body)))
        {
            let of = format!("{} with {authorization:?} and {body}", title(route));
            let headers: Vec<Header> = authorization.iter().cloned().collect();
            let trace = sent(&scene, route, route.path, &headers, body.as_bytes());
            assert!([400, 401, 422].contains(&trace.reply.status), "{of}: {}", trace.reply.text);
            trace.leaves_nothing(&scene.world, CANARY, &of);
            for trace in failures(&scene.world, route, route.path, &headers, body.as_bytes()) {
                assert!(trace.reply.status >= 400, "{of}");
                trace.leaves_nothing(&scene.world, CANARY, &of);
            }
        }
    }
}

#[test]
fn secret_used_to_log_in_leaves_no_trace() {
    for route in log_ins() {
        let scene = Scene::new();
        let client = admin(&scene.world).client();
        let mut ways = vec![(vec![basic(&client, CANARY)], scene.body(route))];
        if takes_form(route) {
            let form = format!("{GRANT}&client_id={client}&client_secret={CANARY}");
            ways.push((vec![("content-type", FORM.to_owned())], form.into_bytes()));
        } else {
            ways.push((vec![basic(&client, CANARY)], Vec::new()));
        }
        for (headers, body) in ways {
            let trace = sent(&scene, route, route.path, &headers, &body);
            assert_eq!(trace.reply.status, 200, "{}: {}", title(route), trace.reply.text);
            trace.leaves_nothing(&scene.world, CANARY, &title(route));
            // Nor is the secret part of the issued access token.
            let access = text(&trace.reply.json(), "access_token");
            let signature = signature(&access);
            trace.assert_only_shown_in(&["access_token"], signature, &title(route));
            trace.assert_never_queried(signature, &title(route));
            assert_eq!(stored(&scene.world, signature), set(&[]), "{}", title(route));
        }
    }
}

/// Presented in every form, to every route, by valid and invalid callers, also while the database fails.
#[test]
fn presented_access_token_leaves_no_trace() {
    for caller in ["admin", "viewer", "disabled credential", "deleted credential", "past its end"] {
        let mut scene = Scene::new();
        let mut known = scene.who(caller, TokenKind::Access).unwrap();
        for route in ROUTES {
            let access = known.token.clone();
            let signature = signature(&access);
            let client = known.client.client();
            // The accepted form comes last, since the request may delete the caller.
            for present in [
                ("x-token", access.clone()),
                basic(&client, &access),
                bearer(&format!("{client}:{access}")),
                bearer(&format!("{access}x")),
                bearer(&access),
            ] {
                let of = format!("{} by {caller} with {}", title(route), present.0);
                let headers = [present];
                let (url, body) = (request_url(route, &scene.target), scene.body(route));
                for trace in failures(&scene.world, route, &url, &headers, &body) {
                    trace.leaves_nothing(&scene.world, signature, &of);
                }
                let trace = trace(&scene.world, route, &url, &headers, &body);
                trace.leaves_nothing(&scene.world, signature, &of);
            }
            if deletes(route) {
                scene = Scene::new();
                known = scene.who(caller, TokenKind::Access).unwrap();
            }
        }
    }
}

/// A form, and a body of LiteGraph's face, with an access token as the secret.
#[test]
fn access_token_sent_as_a_secret_leaves_no_trace() {
    let scene = Scene::new();
    let known = scene.who("admin", TokenKind::Access).unwrap();
    let signature = signature(&known.token);
    for route in log_ins().filter(|route| takes_form(route)) {
        let trace = sent(&scene, route, route.path, &[], &known.form());
        assert_eq!(trace.reply.status, 401, "{}", trace.reply.text);
        trace.leaves_nothing(&scene.world, signature, &title(route));
    }
    let body = json!({"UserGUID": ZERO, "Name": "n", "BearerToken": known.token}).to_string();
    for route in ROUTES.iter().filter(|route| returns_tokens(route) && matches!(route.operation, Operation::Write(..)))
    {
        let trace = sent(&scene, route, &url(route, &scene.target), &[known.bearer()], body.as_bytes());
        assert_eq!(trace.reply.status, 400, "{}", trace.reply.text);
        trace.leaves_nothing(&scene.world, signature, &title(route));
    }
}

mod in_a_path {
    use super::*;

    fn find_by_token() -> impl Iterator<Item = &'static Route> {
        ROUTES.iter().filter(|route| route.operation == Operation::FindByToken)
    }

    /// The path with the canary, as it is and escaped.
    fn urls(scene: &Scene, route: &Route) -> [String; 3] {
        let whole = url(route, &PathIds { token: CANARY.to_owned(), ..scene.target.clone() });
        let escaped = whole.replace("canary", "%63an%61ry");
        [format!("{whole}/"), escaped, whole]
    }

    #[test]
    fn token_in_a_path_is_returned_only_to_admins_of_its_tenant() {
        for there in [false, true] {
            let scene = Scene::new();
            if there {
                admin(&scene.world);
            }
            for caller in ["root", "admin", "viewer", "another tenant's admin", "unknown token", "no token"] {
                let headers = scene.caller(caller);
                for (route, url) in find_by_token().flat_map(|route| urls(&scene, route).map(|url| (route, url))) {
                    let of = format!("{url} by {caller}, there: {there}");
                    let trace = sent(&scene, route, &url, &headers, b"");
                    let finds = there && matches!(caller, "root" | "admin");
                    assert_eq!(trace.reply.status == 200, finds, "{of}: {}", trace.reply.text);
                    trace.is_only_shown(&scene.world, if finds { &["BearerToken"] } else { &[] }, CANARY, &of);
                }
            }
        }
    }

    #[test]
    fn token_in_a_path_leaves_no_trace_of_a_failure() {
        let scene = Scene::new();
        admin(&scene.world);
        let headers = [bearer(ROOT)];
        for (route, url) in find_by_token().flat_map(|route| urls(&scene, route).map(|url| (route, url))) {
            for trace in failures(&scene.world, route, &url, &headers, b"") {
                assert!([500, 503].contains(&trace.reply.status), "{}", trace.reply.text);
                trace.leaves_nothing(&scene.world, CANARY, &url);
            }
            for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
                let reply = scene.world.send(method, &url, &[("authorization", &headers[0].1)], CANARY.as_bytes());
                assert!([204, 405].contains(&reply.status), "{method} {url}: {}", reply.text);
                assert!(!contains(&format!("{reply:?}"), CANARY), "{method} {url}: {reply:?}");
            }
        }
    }

    /// After its credential is deleted, the history does not contain the token.
    #[test]
    fn token_is_in_no_event_of_its_deletion() {
        for route in ROUTES.iter().filter(|route| deletes(route)) {
            let scene = Scene::new();
            let id = admin(&scene.world);
            let account = scene.moved(id);
            let account = postern::credential::id::Id::parse(&account).unwrap();
            let place = PathIds { credential: id, account, token: CANARY.to_owned(), ..scene.target.clone() };
            let headers = root();
            let trace = sent(&scene, route, &request_url(route, &place), &headers, b"");
            assert!(trace.reply.status < 300, "{}: {}", title(route), trace.reply.text);
            let left = format!("SELECT count(*) FROM credentials WHERE id = '{id}'");
            assert_eq!(scene.world.db.count(&left), 0, "{}", title(route));
            trace.leaves_nothing(&scene.world, CANARY, &title(route));
        }
    }
}
