//! A dry run of a trust with a sample token.

use postern::credential::means::Means;
use serde_json::{Value, json};
use support::ROOT;
use support::jwt::Signer;

use super::{claims, fetched};
use crate::keyless::{ISSUER, Keyless, OTHER};

/// A dry run says why a token would be refused, and keeps neither the trust nor the token.
#[test]
fn dry_run_compares_a_token_with_a_trust_that_is_not_stored() {
    let keyless = fetched();
    let tries = format!("{}?dry_run=true", keyless.list());
    let before = keyless.world.get(&keyless.url(""), ROOT).etag().to_owned();
    let trust = json!({ "issuer": OTHER, "subject": "job:*", "claims": { "ref": "main", "/a/b": 7 } });
    let ask = |trust: &Value, token: &str| {
        let mut body = trust.clone();
        body["token"] = token.into();
        let reply = keyless.world.call("POST", &tries, ROOT, &body).expect(200);
        assert_eq!((reply.cost.trips, reply.etag()), (1, &*before));
        assert!(!reply.text.contains(token), "the token is not returned");
        reply.json()["token"].clone()
    };
    let token = |members: Value| keyless.assertion(&claims(&keyless, &members));
    let good = token(json!({ "sub": "job:1", "ref": "main", "a": { "b": 7 } }));
    let told = ask(&trust, &good);
    assert_eq!(
        (&told["accepted"], &told["problem"], &told["signature"]),
        (&json!(true), &Value::Null, &json!("not_checked"))
    );
    let told = ask(&trust, &token(json!({ "sub": "other", "ref": ["main"], "aud": "x" })));
    assert_eq!(told["accepted"], false);
    let found: Vec<_> = told["members"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (&one["name"], &one["found"], &one["matches"]))
        .collect();
    let (yes, no) = (json!(true), json!(false));
    assert_eq!(
        found,
        [
            (&json!("iss"), &json!(OTHER), &yes),
            (&json!("sub"), &json!("other"), &no),
            (&json!("aud"), &json!("x"), &no),
            (&json!("/a/b"), &json!("absent"), &no),
            (&json!("ref"), &json!("list"), &no),
        ]
    );
    let mut inline = trust.clone();
    for (keys, signature) in [(&keyless.signer, "valid"), (&Signer::ed25519(), "invalid")] {
        inline["jwks"] = json!({ "keys": [keys.jwk()] });
        let told = ask(&inline, &good);
        assert_eq!((&told["signature"], &told["accepted"]), (&json!(signature), &json!(signature == "valid")));
    }
    for (token, problem) in [
        ("a.b.c".to_owned(), "The token has a part that is not base64url without padding."),
        (token(json!({ "exp": keyless.seconds() - 1 })), "The token has expired (exp)."),
    ] {
        let told = ask(&trust, &token);
        assert_eq!((&told["accepted"], &told["problem"]), (&json!(false), &json!(problem)));
    }
    // Without a token, what would change; without a dry run, no token.
    let dry = keyless.world.call("POST", &tries, ROOT, &trust).expect(200).json();
    assert_eq!((&dry["widens_access"], dry.get("token")), (&json!(true), None));
    let mut body = trust.clone();
    body["token"] = good.into();
    keyless.world.call("POST", &keyless.list(), ROOT, &body).expect(422);
    assert_eq!(keyless.world.get(&keyless.list(), ROOT).json()["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(keyless.world.issuers.asked().len(), 0, "nothing is fetched");
}

/// For trusts of each kind, and tokens that are right or wrong in one way each.
#[test]
fn dry_run_accepts_exactly_the_tokens_that_an_exchange_accepts() {
    let (signer, other) = (Signer::ed25519(), Signer::ed25519());
    let endpoint = format!("{ISSUER}/oauth/token");
    let trusts = [
        json!({}),
        json!({ "jwks": null }),
        json!({ "jwks": { "keys": [other.jwk()] } }),
        json!({ "once": true }),
        json!({ "once": true, "jwks": null }),
        json!({ "subject": "jo*" }),
        json!({ "subject": "other" }),
        json!({ "audience": endpoint }),
        json!({ "audience": "https://other.example" }),
        json!({ "claims": { "ref": "main", "/a/b": 7 } }),
        json!({ "token_seconds": 60 }),
        json!({ "expires_at": "2026-11-21T00:10:00Z" }),
        json!({ "expires_at": "2026-11-20T00:00:00Z" }),
    ];
    let tokens = [
        json!({}),
        json!({ "sub": "job2" }),
        json!({ "sub": "other" }),
        json!({ "iss": "https://other.example" }),
        json!({ "iss": format!("{OTHER}/") }),
        json!({ "aud": endpoint }),
        json!({ "aud": [endpoint] }),
        json!({ "aud": format!("{endpoint}/") }),
        json!({ "aud": format!("{ISSUER}/") }),
        json!({ "aud": [ISSUER, endpoint] }),
        json!({ "aud": "https://other.example" }),
        json!({ "ref": "main", "a": { "b": 7 } }),
        json!({ "ref": "main", "a": { "b": "7" } }),
        json!({ "jti": "" }),
        json!({ "jti": 7 }),
        json!({ "cnf": { "jkt": "x" } }),
        json!({ "nbf": 9_999_999_999_i64 }),
        json!({ "iat": 9_999_999_999_i64, "exp": 10_000_000_000_i64 }),
        json!({ "exp": 1_795_219_100 }),
        json!({ "exp": 9_999_999_999_i64 }),
        json!({ "exp": "1795219500" }),
    ];
    let headers = [
        json!({}),
        json!({ "typ": "client-authentication+jwt" }),
        json!({ "kid": "unknown" }),
        json!({ "zip": "DEF" }),
    ];
    let mut verdicts = [0, 0];
    for trust in trusts {
        let mut body = json!({ "issuer": OTHER, "subject": "job", "jwks": { "keys": [signer.jwk()] } });
        body.as_object_mut().expect("an object").extend(trust.as_object().expect("an object").clone());
        let keyless = Keyless::of(Means::Trust, Signer::ed25519(), json!({ "issuer": OTHER, "subject": "none" }));
        let tries = format!("{}?dry_run=true", keyless.list());
        keyless.world.issuers.serve(OTHER, &json!([Value::from(signer.key(None))]));
        let mut number = 0;
        let mut token = |members: &Value, header: &Value, by: &Signer, has_id: bool| {
            number += 1;
            let mut payload = claims(&keyless, members);
            if has_id && payload.get("jti").is_none() {
                payload["jti"] = number.to_string().into();
            }
            let mut first = json!({ "alg": "EdDSA" });
            first.as_object_mut().expect("an object").extend(header.as_object().expect("an object").clone());
            by.token_of(postern::jwt::jwk::Algorithm::Ed25519, &first.to_string(), &payload.to_string())
        };
        let changed = tokens.iter().map(|members| (members, &headers[0], &signer));
        let headed = headers.iter().map(|header| (&tokens[0], header, &signer));
        let all: Vec<_> = changed.chain(headed).chain([(&tokens[0], &headers[0], &other)]).collect();
        let dry: Vec<_> = all
            .iter()
            .flat_map(|(members, header, by)| [true, false].map(|has_id| (*members, *header, *by, has_id)))
            .map(|(members, header, by, has_id)| {
                let mut asked = body.clone();
                asked["token"] = token(members, header, by, has_id).into();
                let told = keyless.world.call("POST", &tries, ROOT, &asked).expect(200).json()["token"].take();
                // The only thing that a dry run does not know.
                let is_signed = told["signature"] != "not_checked"
                    || std::ptr::eq(by, &raw const signer) && header.get("kid").is_none();
                ((members, header, by, has_id), told["accepted"] == true && is_signed, told)
            })
            .collect();
        keyless.add(&body);
        for ((members, header, by, has_id), is_accepted, told) in dry {
            verdicts[usize::from(is_accepted)] += 1;
            let grant = keyless.grant(&token(members, header, by, has_id));
            assert_eq!(
                grant.status,
                if is_accepted { 200 } else { 400 },
                "{trust} {members} {header}: {told} {}",
                grant.text
            );
            let client = keyless.exchange(&token(members, header, by, has_id), "").status;
            // As a grant, a token may also be for the token endpoint.
            let is_both =
                is_accepted && (trust["audience"] == endpoint || !members["aud"].to_string().contains(&endpoint));
            assert_eq!(client, if is_both { 200 } else { 401 }, "{trust} {members} {header}: {told}");
        }
    }
    assert!(verdicts.iter().all(|count| *count > 50), "{verdicts:?}");
}
