//! The recipes of `docs/KEYLESS.md`: each trust accepts a token of the form that its issuer documents, and refuses one of
//! another organization, project or branch. The tokens are in `issuers`, with the address of the documentation.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use postern::credential::id::Id;
use postern::jwt::claims::Claims;
use postern::jwt::issuer::{Issuer, SHARED};
use serde_json::{Value, json};
use support::jwt::Signer;
use support::{ACME, ROOT, Reply, World, text};

const ISSUER: &str = "https://postern.example";
const KID: &str = "the-issuer-s-key";

/// The recipes that have a trust.
const RECIPES: [&str; 6] = ["buildkite", "circleci", "github", "gitlab", "kubernetes", "terraform"];

/// Both forms of the exchange without the token, and the status of a refusal.
const FORMS: [(&str, u16); 2] = [
    (
        "grant_type=client_credentials&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer\
        &client_assertion=",
        401,
    ),
    ("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=", 400),
];

fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

fn read(file: &str) -> String {
    std::fs::read_to_string(path(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Returns the trusts of the document by the names of their recipes.
fn trusts() -> BTreeMap<String, Value> {
    let document = read("docs/KEYLESS.md");
    let mut trusts = BTreeMap::new();
    for recipe in document.split("<!-- trust: ").skip(1) {
        let (name, rest) = recipe.split_once(" -->\n```json\n").expect("a block of JSON on the next line");
        let (block, _) = rest.split_once("\n```\n").expect("the end of the block");
        let trust = serde_json::from_str(block).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(trusts.insert(name.to_owned(), trust), None, "{name} has two trusts");
    }
    trusts
}

/// Returns the documented token of an issuer: `source`, its `claims`, and changes of them that are `refused`.
fn documented(name: &str) -> Value {
    serde_json::from_str(&read(&format!("tests/own/issuers/{name}.json"))).expect("JSON")
}

/// A credential with the trust of a recipe, and a workload with tokens of the issuer.
struct Workload {
    world: World,
    signer: Signer,
    id: Id,
    /// The trust that was added.
    trust: Value,
    /// The documented claims, with the audience of Postern.
    claims: Value,
    /// Documented claims that are refused, by the reason.
    refused: Vec<(String, Value)>,
}

impl Workload {
    fn new(name: &str) -> Self {
        let mut world = World::new();
        world.settings.as_mut().expect("settings").issuer = Some(ISSUER.to_owned());
        let principals = format!("/v1/tenants/{ACME}/principals");
        let principal = world.call("POST", &principals, ROOT, &json!({ "name": "p" })).expect(201).json();
        let body = json!({ "name": "ci", "principal": principal["id"], "roles": [{ "role_id": "editor" }] });
        let made = world.call("POST", &format!("/v1/tenants/{ACME}/credentials"), ROOT, &body).expect(201).json();
        let id = Id::parse(&text(&made, "id")).expect("an id");

        let token = documented(name);
        let mut claims = token["claims"].clone();
        claims["aud"] = if claims["aud"].is_array() { json!([ISSUER]) } else { json!(ISSUER) };
        let changed = |(reason, change): (&String, &Value)| {
            let mut changed = claims.clone();
            merge(&mut changed, change);
            (reason.clone(), changed)
        };
        let refused = token["refused"].as_object().expect("an object").iter().map(changed).collect();

        let (signer, mut trust) = (Signer::rsa_2048(), trusts().remove(name).expect(name));
        let mut key = signer.jwk();
        merge(&mut key, &json!({ "kid": KID, "alg": "RS256", "use": "sig" }));
        let keys = json!([key]);
        if trust.get("jwks").is_some() {
            trust["jwks"] = json!({ "keys": keys });
        } else {
            world.issuers.serve(&text(&trust, "issuer"), &keys);
        }
        let workload = Self { world, signer, id, trust, claims, refused };
        let added = workload.add(&workload.trust).expect(201).json();
        assert_eq!(added["warnings"], json!([]), "{name}: {added}");
        workload
    }

    fn add(&self, trust: &Value) -> Reply {
        self.world.call("POST", &format!("/v1/tenants/{ACME}/credentials/{}/trusts", self.id), ROOT, trust)
    }

    /// Returns a token with these claims that is issued now. Its `jti`, if it has one, is new.
    fn token_by(&self, signer: &Signer, claims: &Value) -> String {
        let (mut claims, now) = (claims.clone(), self.world.now.get());
        let later = now / 1_000_000 - claims["iat"].as_i64().expect("a time");
        for name in ["iat", "nbf", "exp"] {
            if let Some(time) = claims[name].as_i64() {
                claims[name] = (time + later).into();
            }
        }
        if claims.get("jti").is_some() {
            claims["jti"] = now.to_string().into();
        }
        signer.token("RS256", Some(KID), &claims)
    }

    fn token(&self, claims: &Value) -> String {
        self.token_by(&self.signer, claims)
    }

    fn exchange(&self, form: &str, token: &str) -> Reply {
        let form = format!("{form}{token}&client_id={}", self.id.client());
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.world.send("POST", "/oauth/token", &headers, form.as_bytes())
    }

    /// Checks that both forms refuse a token, with the body of any other refusal.
    fn expect_refused(&self, what: &str, token: &str) {
        for (form, status) in FORMS {
            let (reply, other) = (self.exchange(form, token), self.exchange(form, "x"));
            assert_eq!((reply.status, &reply.text), (status, &other.text), "{what}: {form}");
        }
    }

    /// Checks that both forms accept the documented token.
    fn expect_accepted(&self, what: &str) {
        for (form, _) in FORMS {
            let reply = self.exchange(form, &self.token(&self.claims));
            assert_eq!(reply.status, 200, "{what}: {form}: {}", reply.text);
        }
    }
}

/// Merges a patch into a value (RFC 7396).
fn merge(value: &mut Value, patch: &Value) {
    let Value::Object(members) = patch else {
        *value = patch.clone();
        return;
    };
    for (name, member) in members {
        if member.is_null() {
            if let Some(object) = value.as_object_mut() {
                object.remove(name);
            }
        } else {
            merge(&mut value[name], member);
        }
    }
}

/// Returns the claim with this name or JSON pointer.
fn claim<'c>(claims: &'c mut Value, name: &str) -> &'c mut Value {
    let found = if name.starts_with('/') { claims.pointer_mut(name) } else { claims.get_mut(name) };
    found.unwrap_or_else(|| panic!("the documented token has no {name}"))
}

/// Returns another value of the same type.
fn another(value: &Value) -> Value {
    match value {
        Value::Bool(value) => (!value).into(),
        Value::Number(value) => (value.as_i64().expect("an integer") + 1).into(),
        Value::String(value) => format!("{value}0").into(),
        Value::Null | Value::Array(_) | Value::Object(_) => panic!("no trust requires {value}"),
    }
}

#[test]
fn each_recipe_has_a_documented_token_and_each_token_a_recipe() {
    let files = std::fs::read_dir(path("tests/own/issuers")).expect("a folder");
    let mut tokens: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    tokens.sort();
    let tokens: Vec<_> = tokens.iter().map(|file| file.file_stem().expect("a name").to_string_lossy()).collect();
    assert_eq!(tokens, RECIPES);
    assert_eq!(trusts().into_keys().collect::<Vec<_>>(), RECIPES);
    for name in RECIPES {
        assert!(text(&documented(name), "source").starts_with("https://"), "{name}");
    }
}

#[test]
fn recipe_accepts_the_documented_token_of_its_issuer() {
    for name in RECIPES {
        let workload = Workload::new(name);
        for (form, refused) in FORMS {
            let token = workload.token(&workload.claims);
            let reply = workload.exchange(form, &token);
            assert_eq!(reply.status, 200, "{name}: {form}: {}", reply.text);
            let own = workload.world.get("/v1/self", &text(&reply.json(), "access_token")).expect(200).json();
            assert_eq!(own["id"], workload.id.to_string(), "{name}");
            let again = if workload.trust["once"] == true { refused } else { 200 };
            assert_eq!(workload.exchange(form, &token).status, again, "{name}: {form}");
        }
    }
}

#[test]
fn recipe_refuses_tokens_of_other_organizations_projects_and_branches() {
    for name in RECIPES {
        let workload = Workload::new(name);
        // Before the keys of the issuer are known, and after.
        for when in ["first", "later"] {
            for (reason, claims) in &workload.refused {
                workload.expect_refused(&format!("{name}, {when}: {reason}"), &workload.token(claims));
            }
            workload.expect_accepted(name);
        }
    }
}

#[test]
fn each_part_of_a_recipe_is_required() {
    for name in RECIPES {
        let workload = Workload::new(name);
        let refuse = |what: &str, claims: &Value| {
            workload.expect_refused(&format!("{name}: {what}"), &workload.token(claims));
        };
        for (required, expected) in workload.trust["claims"].as_object().expect("an object") {
            for value in [another(expected), Value::Null, json!([expected])] {
                let mut claims = workload.claims.clone();
                *claim(&mut claims, required) = value;
                refuse(required, &claims);
            }
        }
        let subject = text(&workload.trust, "subject");
        let prefix = subject.trim_end_matches('*');
        for (part, value) in [
            ("iss", format!("{}/", text(&workload.claims, "iss"))),
            ("aud", "https://other.example".to_owned()),
            ("sub", format!("{}0", prefix.strip_suffix(|_: char| true).expect("a subject"))),
            ("sub", format!("x{}", text(&workload.claims, "sub"))),
        ] {
            let mut claims = workload.claims.clone();
            claims[part] = value.into();
            refuse(part, &claims);
        }
        workload.expect_accepted(name);
        let forged = workload.token_by(&Signer::other_rsa_2048(), &workload.claims);
        workload.expect_refused(&format!("{name}: a key of somebody else"), &forged);
        workload.expect_accepted(name);
    }
}

#[test]
fn recipe_of_a_shared_issuer_cannot_be_added_without_its_pins() {
    for name in RECIPES {
        let workload = Workload::new(name);
        let mut trust = workload.trust.clone();
        trust.as_object_mut().expect("an object").remove("claims");
        let is_shared = Issuer::parse(&text(&trust, "issuer"), None).expect("an issuer").is_shared();
        assert_eq!(is_shared, !["circleci", "kubernetes"].contains(&name), "{name}");
        let reply = workload.add(&trust);
        assert_eq!(reply.status, if is_shared { 422 } else { 201 }, "{name}: {}", reply.text);
        assert_eq!(reply.text.contains("unpinned"), is_shared, "{name}: {}", reply.text);
    }
}

#[test]
fn table_of_shared_issuers_has_the_claims_that_the_code_requires() {
    let document = read("docs/KEYLESS.md");
    let mut hosts = BTreeSet::new();
    for row in document.lines().filter(|line| line.starts_with("| `https://")) {
        let cells: Vec<Vec<_>> = row.split('|').map(|cell| cell.split('`').skip(1).step_by(2).collect()).collect();
        let issuer = Issuer::parse(cells[1][0], None).unwrap_or_else(|_| panic!("{row}"));
        assert_eq!(issuer.missing_pin(&Claims::default()), Some(&*cells[2]), "{row}");
        hosts.insert(cells[1][0].split('/').nth(2).unwrap_or_default());
        let shared = SHARED.iter().find(|shared| cells[1][0].contains(shared.host)).unwrap_or_else(|| panic!("{row}"));
        assert_eq!(row.contains("with any path"), shared.has_paths, "{row}");
    }
    assert_eq!(hosts, SHARED.iter().map(|shared| shared.host).collect());
}
