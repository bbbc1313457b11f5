//! What a trust requires of a token: issuer, subject, claims, and a pin on issuers that many organizations share.

use postern::jwt::claims::Claims;
use postern::jwt::fault::Fault;
use postern::jwt::issuer::{Issuer, is_key_url};
use postern::jwt::jwk::Algorithm;
use postern::jwt::jws::Jws;
use postern::jwt::subject::Subject;
use serde_json::{Value, json};
use support::jwt::Signer;

use crate::claims;

fn pointers(faults: Vec<Fault>) -> Vec<String> {
    faults.into_iter().map(|fault| fault.pointer).collect()
}

fn required(claims: &Value) -> Claims {
    Claims::read(claims).expect("claims")
}

fn matches(required: &Claims, claims: &Value) -> bool {
    required.compare(claims).all(|compared| compared.matches())
}

/// The claims of a token, as the reader returns them.
fn read(members: &[(&str, &str)]) -> Value {
    let claims = claims().to_string();
    let members: Vec<_> = members.iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
    let payload = format!("{},{}}}", claims.strip_suffix('}').expect("an object"), members.join(","));
    let token = Signer::ed25519().token_of(Algorithm::Ed25519, r#"{"alg":"EdDSA"}"#, &payload);
    Jws::parse(&token).map_err(|rejection| rejection.problem).expect("readable").claims().clone()
}

#[test]
fn subject_is_exact_or_a_prefix() {
    for (subject, accepted, others) in [
        (
            "repo:a/b:ref:refs/heads/main",
            vec!["repo:a/b:ref:refs/heads/main"],
            vec![
                "",
                "repo:a/b:ref:refs/heads/mai",
                "repo:a/b:ref:refs/heads/main ",
                "repo:a/b:ref:refs/heads/main2",
                " repo:a/b:ref:refs/heads/main",
                "REPO:a/b:ref:refs/heads/main",
                "repo:a/b:ref:refs/heads/*",
            ],
        ),
        (
            "repo:a/b:*",
            vec!["repo:a/b:", "repo:a/b:ref:refs/heads/main", "repo:a/b:*"],
            vec!["", "repo:a/b", "repo:a/bc:ref", "xrepo:a/b:ref", "repo:A/b:ref", "*"],
        ),
        ("a*", vec!["a", "a*", "ab"], vec!["", "b", "ca", "*"]),
    ] {
        let subject = Subject::parse(subject).expect(subject);
        for sub in accepted {
            assert!(subject.matches(sub), "{subject:?} {sub}");
        }
        for sub in others {
            assert!(!subject.matches(sub), "{subject:?} {sub}");
        }
    }
    assert_eq!(Subject::parse("a*").map(|subject| subject.prefix().map(str::to_owned)), Ok(Some("a".to_owned())));
    assert_eq!(Subject::parse("a").map(|subject| subject.prefix().map(str::to_owned)), Ok(None));
}

#[test]
fn subject_that_accepts_too_much_is_refused() {
    for text in ["*", "**", "a**", "*a", "a*b", "a*b*", "", "a\n", "a\0", "\u{7f}"] {
        assert!(Subject::parse(text).is_err(), "{text:?}");
    }
    assert!(Subject::parse(&"é".repeat(512)).is_ok() && Subject::parse(&"a".repeat(513)).is_err());
}

/// Each kind of required value, with each kind of value in a token.
#[test]
fn claim_matches_only_the_same_value_of_the_same_type() {
    let values = [
        ("\"5\"", "text"),
        ("\"\"", "text"),
        ("\"x\"", "text"),
        ("\"true\"", "text"),
        ("5", "integer"),
        ("-5", "integer"),
        ("0", "integer"),
        ("9007199254740991", "integer"),
        ("true", "boolean"),
        ("false", "boolean"),
        ("5.0", "number"),
        ("5e0", "number"),
        ("-0", "number"),
        ("0.0", "number"),
        ("9007199254740992.0", "number"),
        ("null", "null"),
        ("[]", "list"),
        ("[5]", "list"),
        ("[\"5\"]", "list"),
        ("[true]", "list"),
        ("{}", "object"),
        ("{\"5\":\"5\"}", "object"),
    ];
    let names =
        [("a", vec![]), ("/a", vec![]), ("/n/b", vec!["n"]), ("/n/m/b", vec!["n", "m"]), ("/x~1y~0z/b", vec!["x/y~z"])];
    for (index, (value, _)) in values.iter().enumerate() {
        for (name, path) in &names {
            let expected: Value = serde_json::from_str(value).expect("JSON");
            let Ok(required) = Claims::read(&json!({ *name: expected })) else {
                assert!(index >= 10, "{value}");
                continue;
            };
            assert!(index < 10, "{value}");
            for (found, kind) in &values {
                let leaf = if path.is_empty() { "a" } else { "b" };
                let mut text = format!("{}:{found}", json!(leaf));
                for member in path.iter().rev() {
                    text = format!("{}:{{{text}}}", json!(member));
                }
                let (member, nested) = text.split_once(':').expect("a member");
                let claims = read(&[(serde_json::from_str::<String>(member).expect("a name").as_str(), nested)]);
                assert_eq!(matches(&required, &claims), found == value, "{name} {value} {found}");
                let compared: Vec<_> = required.compare(&claims).collect();
                assert_eq!(
                    (compared[0].name, compared[0].kind(), compared[0].matches()),
                    (*name, *kind, found == value)
                );
                assert_eq!(compared[0].found().is_none(), ["list", "object"].contains(kind), "{found}");
            }
        }
    }
}

#[test]
fn absent_claims_and_claims_elsewhere_never_match() {
    let claims = read(&[
        ("list", r#"["v",{"b":"v"}]"#),
        ("n", r#"{"b":"v","list":["v"],"m":{"b":"w"}}"#),
        ("a.b", "\"v\""),
        ("", r#"{"":"v"}"#),
        ("~1", "\"v\""),
    ]);
    for name in [
        "v",
        "N",
        "b",
        "n",
        "n.b",
        "n/b",
        "/n",
        "/b",
        "/n/a",
        "/n/m",
        "/n/m/b",
        "/n/b/0",
        "/list/0",
        "/list/1/b",
        "/list/-",
        "/n/list/0",
        "list",
        "/",
    ] {
        let required = required(&json!({ name: "v" }));
        assert!(!matches(&required, &claims), "{name}");
    }
    for (name, kind) in [("x", "absent"), ("/list/0", "absent"), ("/n/x", "absent"), ("list", "list"), ("n", "object")]
    {
        assert_eq!(
            required(&json!({ name: "v" })).compare(&claims).map(|compared| compared.kind()).collect::<Vec<_>>(),
            [kind]
        );
    }
    for name in ["/n/b", "a.b", "/a.b", "//", "~1", "/~01"] {
        assert!(matches(&required(&json!({ name: "v" })), &claims), "{name}");
    }
    assert!(matches(&required(&json!({})), &claims), "nothing is required");
    assert!(!matches(&required(&json!({"a.b": "v", "x": "v"})), &claims), "every claim is required");
    assert!(!matches(&required(&json!({"a.b": "v"})), &json!(["v"])), "not an object");
}

#[test]
fn each_fault_of_claims_is_reported_where_it_is() {
    let many = |count: usize| (0..count).map(|index| (index.to_string(), json!(1))).collect::<serde_json::Map<_, _>>();
    let long = |count: usize| "é".repeat(count);
    for (claims, expected) in [
        (json!(many(20)), vec![]),
        (json!(many(21)), vec![""]),
        (json!({long(255): long(512)}), vec![]),
        (json!({"a": 9_007_199_254_740_991_i64, "b": -9_007_199_254_740_991_i64, "c": "", "d": false}), vec![]),
        (json!({"a": long(513), "b": "\u{1}"}), vec!["/a", "/b"]),
        (json!({"": 1, "\n": 1}), vec!["/", "/\n"]),
        (json!({"a": 9_007_199_254_740_992_i64, "b": i64::MIN, "c": u64::MAX, "d": 0.5}), vec!["/a", "/b", "/c", "/d"]),
        (json!({"a": null, "b": [], "c": ["v"], "d": {}, "e": {"f": 1}, "g": 1}), vec!["/a", "/b", "/c", "/d", "/e"]),
        (json!({"a/b~c": null}), vec!["/a~1b~0c"]),
        (json!({"a~b": 1, "/a~0b~1c": 1}), vec![]),
        (json!({"/a~b": 1, "/~": 1, "/~2": 1, "/a~0~": 1}), vec!["/~1a~00~0", "/~1a~0b", "/~1~0", "/~1~02"]),
        (json!([]), vec![""]),
        (json!("a"), vec![""]),
        (json!(null), vec![""]),
    ] {
        assert_eq!(pointers(Claims::read(&claims).err().unwrap_or_default()), expected, "{claims}");
    }
    assert_eq!(pointers(Claims::read(&json!({long(256): 1})).expect_err("refused")).len(), 1);
}

#[test]
fn stored_claims_are_checked_when_they_are_read() {
    let claims = required(&json!({"a": 1, "/b/c": "v", "d": true}));
    assert_eq!(Claims::read(&Value::from(claims.clone())).expect("claims"), claims);
    for broken in [json!({"a": null}), json!({"a": ["v"]}), json!([]), json!(null)] {
        assert!(Claims::read(&broken).is_err(), "{broken}");
    }
}

#[test]
fn issuer_is_an_https_url_with_a_host_name() {
    for (text, discovery) in [
        ("https://a.example", "https://a.example"),
        ("https://a.example/", "https://a.example"),
        ("https://a.example/realms/b", "https://a.example/realms/b"),
        ("https://a.example/realms/b/", "https://a.example/realms/b"),
        ("https://oidc.eks.eu-west-1.amazonaws.com/id/0123ABC", "https://oidc.eks.eu-west-1.amazonaws.com/id/0123ABC"),
        ("https://1.a-b.example/~x/a_b/(c);d=e:f@g", "https://1.a-b.example/~x/a_b/(c);d=e:f@g"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("https://1.2.3.4.example", "https://1.2.3.4.example"),
        ("https://a.example/...", "https://a.example/..."),
    ] {
        let issuer = Issuer::parse(text, None).expect(text);
        assert_eq!(
            (issuer.as_str(), issuer.discovery_url()),
            (text, format!("{discovery}/.well-known/openid-configuration"))
        );
        assert!(is_key_url(&issuer.discovery_url(), None), "{text}");
    }
    assert_ne!(Issuer::parse("https://a.example", None), Issuer::parse("https://a.example/", None), "compared exactly");
    let long = format!("https://a.example/{}", "a".repeat(255 - 18));
    assert!(Issuer::parse(&long, None).is_ok() && Issuer::parse(&format!("{long}a"), None).is_err());
}

/// URLs that a browser's parser would read as another host, or at an address.
#[test]
fn url_with_another_scheme_port_or_address_is_refused() {
    let long = "a".repeat(64);
    let hosts = "a localhost . a. .a.example a..example a.example. A.example a.EXAMPLE ä.example a_b.example -a.example a-.example \
        a.example:443 a.example:8443 a.example: user@a.example user:password@a.example @a.example 127.0.0.1 127.1 2130706433 \
        0x7f000001 0x7f.1 0177.0.0.1 1.2.3.0x4 a.1 a.0x1 a.example.127 [::1] [::ffff:127.0.0.1] %61.example a%2eexample \
        a.example\\ a.example\\@b.example a.example\u{3002}b a\u{ad}.example a,b.example *.example a.example;b LONG.example";
    let hosts = hosts.replace("LONG", &long);
    for host in hosts.split(' ').filter(|host| !host.is_empty()).chain(["", "a.example\t", "a .example", "a.example\n"])
    {
        for rest in ["", "/", "/b"] {
            let url = format!("https://{host}{rest}");
            assert!(Issuer::parse(&url, None).is_err() && !is_key_url(&url, None), "{url:?}");
        }
    }
    for scheme in
        "http:// HTTPS:// https: https:/ https:/// // ftp:// data: javascript://".split(' ').chain(["", " https://"])
    {
        let url = format!("{scheme}a.example");
        assert!(Issuer::parse(&url, None).is_err() && !is_key_url(&url, None), "{url}");
    }
    let paths = "? ?a=b # #a /?a /a#b // /a//b /a// /. /.. /a/./b /a/../b /a/.. /%2e%2e/a /a%20b /a\\b /ä /\" /<a> /a|b /` /{a} /^";
    for path in paths.split(' ').chain(["/a b", "/a\n"]) {
        assert!(Issuer::parse(&format!("https://a.example{path}"), None).is_err(), "{path:?}");
    }
    for path in ["#", "/a#b", "/a\\b", "/a b", "/\n", "/ä", "/\u{7f}", "\\"] {
        assert!(!is_key_url(&format!("https://a.example{path}"), None), "{path:?}");
    }
    assert!(is_key_url("https://a.example/keys?p=b2c_1&x=%20", None) && is_key_url("https://a.example?p", None));
    assert!(!is_key_url(&format!("https://a.example/{}", "a".repeat(1024)), None));
}

#[test]
fn development_origin_is_accepted_only_as_it_is() {
    let origin = Some("https://localhost:9000");
    for text in ["https://localhost:9000", "https://localhost:9000/", "https://localhost:9000/a"] {
        let issuer = Issuer::parse(text, origin).expect(text);
        assert!(is_key_url(&issuer.discovery_url(), origin) && !issuer.is_shared(), "{text}");
        assert!(Issuer::parse(text, None).is_err());
    }
    assert!(Issuer::parse("https://a.example", origin).is_ok());
    for text in [
        "https://localhost:90001",
        "https://localhost:9000@b.example",
        "https://localhost:9000.b.example",
        "https://localhost",
        "http://localhost:9000",
        "https://localhost:9001",
        "https://localhost:9000/../a",
        "https://localhost:9000?a",
        "https://localhost:9000#",
    ] {
        assert!(Issuer::parse(text, origin).is_err(), "{text}");
    }
}

/// The issuers that many organizations share, with the claims of which one must be pinned.
const SHARED: [(&str, &[&str]); 5] = [
    ("https://token.actions.githubusercontent.com", &["repository_owner_id", "repository_id"]),
    ("https://gitlab.com", &["namespace_id", "project_id"]),
    ("https://agent.buildkite.com", &["organization_id", "pipeline_id"]),
    ("https://app.terraform.io", &["terraform_organization_id"]),
    ("https://app.eu.terraform.io", &["terraform_organization_id"]),
];

#[test]
fn shared_issuer_without_a_pin_is_refused_whatever_its_path() {
    for (origin, pins) in SHARED {
        for path in ["", "/", "/octo-enterprise", "/octo-enterprise/", "/a/b"] {
            let issuer = Issuer::parse(&format!("{origin}{path}"), None).expect("an issuer");
            assert!(issuer.is_shared());
            let unpinned = [
                json!({}),
                json!({"repository": "a/b", "repository_owner": "a", "namespace_path": "a", "project_path": "a/b"}),
                json!({"organization_slug": "a", "pipeline_slug": "b", "terraform_organization_name": "a", "enterprise": "a"}),
                // Ids of others than the owner of the workload.
                json!({"actor_id": "1", "user_id": "1", "runner_id": 1, "agent_id": "1", "run_id": "1", "sub": "a"}),
            ];
            for claims in unpinned {
                assert_eq!(issuer.missing_pin(&required(&claims)), Some(pins), "{origin}{path} {claims}");
            }
            for pin in pins {
                assert_eq!(
                    issuer.missing_pin(&required(&json!({ *pin: "" }))),
                    Some(pins),
                    "an empty text is not an id"
                );
                assert_eq!(issuer.missing_pin(&required(&json!({ pin.to_uppercase(): "1" }))), Some(pins));
                assert_eq!(issuer.missing_pin(&required(&json!({ format!("/x/{pin}"): "1" }))), Some(pins));
                assert_eq!(issuer.missing_pin(&required(&json!({ *pin: "1" }))), None, "{origin}{path} {pin}");
                assert_eq!(issuer.missing_pin(&required(&json!({ *pin: "1", "ref": "main" }))), None);
            }
            for (_, others) in SHARED.iter().filter(|(_, others)| *others != pins) {
                let claims = required(&json!({ others[0]: "1" }));
                assert_eq!(issuer.missing_pin(&claims), Some(pins), "a pin of another issuer");
            }
        }
    }
}

#[test]
fn issuer_of_one_organization_needs_no_pin() {
    for issuer in [
        "https://oidc.circleci.com/org/0184990a-477b-4fa8-9968-496074483cee",
        "https://token.actions.octocorp.ghe.com",
        "https://github.example/_services/token",
        "https://gitlab.example",
        "https://gitlab.com.example",
        "https://a.gitlab.com",
        "https://a.example/gitlab.com",
    ] {
        let issuer = Issuer::parse(issuer, None).expect(issuer);
        assert!(!issuer.is_shared() && issuer.missing_pin(&required(&json!({}))).is_none(), "{issuer:?}");
    }
}
