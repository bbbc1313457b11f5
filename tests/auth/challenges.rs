//! `WWW-Authenticate` on every route (RFC 6750 §3): it tells a caller that presented nothing from one whose token was refused,
//! and from one whose token is good and lacks a right.

use postern::caller::Rank;
use postern::route::{Operation, ROUTES, Route};
use support::routes::{title, uses_database};
use support::scene::{Header, Scene, basic, bearer, is_litegraph, takes_form};

#[test]
fn challenge_has_an_error_only_if_a_token_was_presented() {
    let authorization = |text: &str| vec![("authorization", text.to_owned())];
    let challenges = |route: &&Route| uses_database(route) && !matches!(route.operation, Operation::Authorize(_));
    for route in ROUTES.iter().filter(challenges) {
        let scene = Scene::new();
        let client = scene.target.credential.client();
        let (refused, lacks) = (", error=\"invalid_token\"", ", error=\"insufficient_scope\"");
        let x_token: fn(&str) -> Vec<Header> = |token| vec![("x-token", token.to_owned())];
        let forbidden = || [bearer(&scene.token("only a role of another name"))].into();
        let mut cases: Vec<(Vec<Header>, u16, &str)> = vec![
            (Vec::new(), 401, ""),
            (authorization(""), 401, ""),
            (authorization("Bearer"), 401, ""),
            (authorization("Bearer  "), 401, ""),
            (authorization("of-nobody"), 401, ""),
            (authorization("Digest x"), 401, ""),
            (vec![basic(&client, "of-nobody")], 401, ""),
            (vec![basic("nobody", "of-nobody")], 401, ""),
            (vec![bearer("of-nobody")], 401, refused),
            (vec![bearer("pstn_x")], 401, refused),
            (authorization("bEARER of-nobody"), 401, refused),
            (vec![bearer(&scene.token("expired credential"))], 401, refused),
            (vec![bearer(&scene.token("disabled credential"))], 401, refused),
            (vec![bearer(&format!("{client}:of-nobody"))], 401, refused),
            (x_token("of-nobody"), 401, if is_litegraph(route) { refused } else { "" }),
        ];
        if route.right > Rank::Anyone {
            cases.push((forbidden(), if is_litegraph(route) { 401 } else { 403 }, lacks));
        }
        let other = if takes_form(route) { ", Basic realm=\"postern\"" } else { "" };
        for (headers, status, error) in cases {
            let reply = scene.send(route, &scene.target, &headers, &scene.body(route));
            let expected = format!("Bearer realm=\"postern\"{error}{other}");
            let told = (reply.status, reply.header("www-authenticate"));
            assert_eq!(told, (status, Some(&*expected)), "{} with {headers:?}: {}", title(route), reply.text);
        }
    }
}
