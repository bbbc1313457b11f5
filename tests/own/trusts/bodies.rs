//! The bodies of trusts: what is refused, what is stored and shown.

use postern::credential::means::Means;
use serde_json::{Value, json};
use support::jwt::Signer;
use support::{ROOT, text};

use super::{fetched, log_in};
use crate::keyless::{ISSUER, Keyless, OTHER};

/// A trust in an issuer that many organizations share requires an id of one of them, and nobody else gives the issuer's keys.
#[test]
fn shared_issuer_without_a_pin_is_refused() {
    let keyless = Keyless::with(Means::Trust, Signer::ed25519());
    let add = |body: &Value| keyless.world.call("POST", &keyless.list(), ROOT, body);
    for (issuer, pins) in [
        ("https://token.actions.githubusercontent.com", &["repository_owner_id", "repository_id"][..]),
        ("https://token.actions.githubusercontent.com/octo", &["repository_owner_id", "repository_id"]),
        ("https://gitlab.com", &["namespace_id", "project_id"]),
        ("https://agent.buildkite.com", &["organization_id", "pipeline_id"]),
        ("https://app.terraform.io", &["terraform_organization_id"]),
        ("https://app.eu.terraform.io", &["terraform_organization_id"]),
        (
            "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc",
            &["workspaceUuid", "repositoryUuid"],
        ),
        ("https://oidc.vercel.com/acme", &["owner_id", "project_id"]),
        ("https://oidc.fly.io/acme", &["org_id", "app_id"]),
        ("https://oidc.circleci.com", &["oidc.circleci.com/org-id", "oidc.circleci.com/project-id"]),
        ("https://oidc.circleci.com/", &["oidc.circleci.com/org-id", "oidc.circleci.com/project-id"]),
        ("https://accounts.google.com", &["sub"]),
    ] {
        for claims in [Value::Null, json!({}), json!({ "ref": "main" }), json!({ pins[0]: "" })] {
            let refused = add(&json!({ "issuer": issuer, "subject": "job", "claims": claims })).expect(422);
            assert!(refused.text.contains("\"unpinned\""), "{issuer} {claims}: {}", refused.text);
            for pin in pins {
                assert!(refused.text.contains(pin), "{issuer}: {}", refused.text);
            }
        }
        for pin in pins {
            let made = add(&json!({ "issuer": issuer, "subject": "job", "claims": { *pin: "74" } })).expect(201).json();
            let url = format!("{}/{}", keyless.list(), text(&made, "id"));
            keyless.world.call("DELETE", &url, ROOT, &Value::Null).expect(204);
        }
        let jwks = json!({ "keys": [keyless.signer.jwk()] });
        let body = json!({ "issuer": issuer, "subject": "job", "claims": { pins[0]: "74" }, "jwks": jwks });
        assert!(add(&body).expect(422).text.contains("/jwks"), "{issuer}");
    }
}

#[test]
fn body_of_a_trust_is_refused_with_every_violation() {
    let keyless = Keyless::with(Means::Trust, Signer::ed25519());
    let add = |body: &Value| keyless.world.call("POST", &keyless.list(), ROOT, body);
    let private =
        json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "d": "secret" });
    let refused = add(&json!({
        "issuer": "http://issuer.example", "subject": "*", "audience": "", "claims": { "a": null, "b": [1] },
        "jwks": { "keys": [private] }, "once": "yes", "token_seconds": 59, "expires_at": 7, "name": "n",
    }));
    let body = refused.expect(422).json();
    let pointers: Vec<_> =
        body["violations"].as_array().expect("a list").iter().map(|one| text(one, "pointer")).collect();
    let expected = [
        "/issuer",
        "/subject",
        "/audience",
        "/claims/a",
        "/claims/b",
        "/jwks/keys/0/d",
        "/jwks/keys",
        "/once",
        "/token_seconds",
        "/expires_at",
        "/name",
    ];
    assert_eq!(
        pointers.iter().collect::<std::collections::BTreeSet<_>>(),
        expected.map(str::to_owned).iter().collect(),
        "{body}"
    );
    assert!(!body.to_string().contains("secret"));
    let pointers = |body: &Value| add(body).expect(422).text;
    assert!(pointers(&json!({})).contains("/issuer") && pointers(&json!({})).contains("/subject"));
    assert!(pointers(&json!({ "issuer": 7, "subject": 7 })).contains("type"));
    add(&json!([])).expect(400);
    let again = add(&keyless.body).expect(409);
    assert!(again.text.contains("taken_means"), "{}", again.text);
}

#[test]
fn trust_is_listed_as_it_was_added_with_warnings() {
    let keyless = fetched();
    let add = |body: &Value| keyless.world.call("POST", &keyless.list(), ROOT, body).expect(201).json();
    let first = keyless.world.get(&keyless.list(), ROOT).expect(200).json()["items"][0].clone();
    assert_eq!(
        (
            &first["audience"],
            &first["claims"],
            &first["jwks"],
            &first["once"],
            &first["token_seconds"],
            &first["warnings"]
        ),
        (&json!(ISSUER), &json!({}), &Value::Null, &json!(false), &Value::Null, &json!([]))
    );
    for (audience, subject, warnings) in [
        ("https://postern.example/x", "a:*", json!([])),
        ("https://postern.example.evil", "a:*", json!(["shared_audience"])),
        ("sts.example", "repo:org*", json!(["shared_audience", "open_prefix"])),
    ] {
        let made = add(
            &json!({ "issuer": OTHER, "subject": subject, "audience": audience, "once": true, "claims": { "a": 1 } }),
        );
        assert_eq!((&made["warnings"], &made["audience"]), (&warnings, &json!(audience)));
        let listed = keyless.world.get(&keyless.list(), ROOT).expect(200).json();
        assert!(listed["items"].as_array().expect("a list").contains(&made), "{listed}");
    }
}

#[test]
fn adding_a_trust_widens_access_and_a_credential_has_at_most_ten() {
    let keyless = fetched();
    let newest = || keyless.world.get(&keyless.url("/events?limit=1"), ROOT).json()["items"][0].clone();
    let event = newest();
    assert_eq!(
        (&event["widened_access"], &event["changes"]["trusts"]["after"][&keyless.means_id]["issuer"]),
        (&json!(true), &json!(OTHER))
    );
    let body = |number: usize| json!({ "issuer": OTHER, "subject": format!("job{number}") });
    for number in 1..10 {
        keyless.add(&body(number));
    }
    let refused = keyless.world.call("POST", &keyless.list(), ROOT, &body(10)).expect(422);
    assert!(refused.text.contains("too_many"), "{}", refused.text);
    keyless.remove();
    assert_eq!(newest()["widened_access"], false);
    keyless.add(&body(10));
}

#[test]
fn trust_without_an_audience_needs_the_issuer_setting() {
    let mut keyless = fetched();
    keyless.world.settings.as_mut().expect("settings").issuer = None;
    let body = json!({ "issuer": OTHER, "subject": "another" });
    let refused = keyless.world.call("POST", &keyless.list(), ROOT, &body).expect(422);
    assert!(refused.text.contains("POSTERN_ISSUER") && refused.text.contains("/audience"), "{}", refused.text);
    let body = json!({ "issuer": OTHER, "subject": "another", "audience": "x" });
    keyless.world.call("POST", &keyless.list(), ROOT, &body).expect(201);
    assert!(log_in(&keyless).expect(503).text.contains("POSTERN_ISSUER"));
}
