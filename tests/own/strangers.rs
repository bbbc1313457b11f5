//! What one tenant stores for keyless log-ins changes no answer to another one.

use postern::credential::means::Means;
use proptest::prelude::*;
use serde_json::{Value, json};
use support::jwt::Signer;
use support::{ROOT, text};

use crate::keyless::{ISSUER, Keyless, OTHER};

/// An issuer that publishes a key. [`OTHER`] does not: its trusts have its keys.
const PUBLISHING: &str = "https://publishing.example";
const ISSUERS: [&str; 2] = [OTHER, PUBLISHING];
const SUBJECTS: [&str; 2] = ["job", "other"];
const KID: &str = "the-kid-of-all";

/// The same three keys in every world: of the first tenant's inline trust, of the issuer, of the first tenant's own key.
fn signers() -> [Signer; 3] {
    [1, 2, 3].map(|seed| Signer::ed25519_of(&[seed; 32]))
}

fn jwk(signer: &Signer) -> Value {
    let mut jwk = signer.jwk();
    jwk["kid"] = KID.into();
    jwk
}

/// What the second tenant does.
#[derive(Clone, Debug)]
enum Step {
    AddKey { signer: usize },
    AddTrust { issuer: usize, subject: usize, inline: Option<usize>, once: bool },
    RemoveAll,
    Exchange { issuer: usize, subject: usize, signer: usize, jti: bool },
    SignIn { signer: usize },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..3_usize).prop_map(|signer| Step::AddKey { signer }),
        (0..2_usize, 0..2_usize, proptest::option::of(0..3_usize), any::<bool>())
            .prop_map(|(issuer, subject, inline, once)| Step::AddTrust { issuer, subject, inline, once }),
        Just(Step::RemoveAll),
        (0..2_usize, 0..2_usize, 0..3_usize, any::<bool>()).prop_map(|(issuer, subject, signer, jti)| Step::Exchange {
            issuer,
            subject,
            signer,
            jti
        }),
        (0..3_usize).prop_map(|signer| Step::SignIn { signer }),
    ]
}

/// The first tenant's credential, with a key and a trust of each kind.
fn first() -> Keyless {
    let [inline, published, own] = signers();
    let trust = json!({ "issuer": OTHER, "subject": SUBJECTS[0], "jwks": { "keys": [jwk(&inline)] } });
    let keyless = Keyless::of(Means::Trust, inline, trust);
    keyless.world.issuers.serve(PUBLISHING, &json!([jwk(&published)]));
    keyless.add(&json!({ "issuer": PUBLISHING, "subject": SUBJECTS[0], "once": true }));
    keyless.world.call("POST", &keyless.url("/keys"), ROOT, &json!({ "jwk": jwk(&own) })).expect(201);
    keyless
}

fn token(keyless: &Keyless, iss: &str, sub: &str, signer: &Signer, jti: Option<&str>) -> String {
    let now = keyless.seconds();
    let mut claims = json!({ "iss": iss, "sub": sub, "aud": ISSUER, "iat": now, "exp": now + 300 });
    if let Some(jti) = jti {
        claims["jti"] = jti.into();
    }
    signer.token("EdDSA", Some(KID), &claims)
}

/// Exchanges an assertion for a client; returns the status.
fn exchange(keyless: &Keyless, client: &str, assertion: &str) -> u16 {
    let form = format!(
        "grant_type=client_credentials&client_id={client}&client_assertion={assertion}\
        &client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    );
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    keyless.world.send("POST", "/oauth/token", &headers, form.as_bytes()).status
}

/// The answers to every token that the keys can sign, for the first tenant's credential.
fn answers(keyless: &Keyless) -> Vec<u16> {
    let client = keyless.id.client();
    let mut answers = Vec::new();
    for signer in &signers() {
        for (iss, sub) in ISSUERS.iter().flat_map(|iss| SUBJECTS.map(|sub| (*iss, sub))).chain([(&*client, &*client)]) {
            for jti in [None, Some("one"), Some("one")] {
                answers.push(exchange(keyless, &client, &token(keyless, iss, sub, signer, jti)));
            }
        }
    }
    answers
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn keys_and_trusts_of_another_tenant_change_no_answer(steps in proptest::collection::vec(step(), 1..12)) {
        let expected = answers(&first());
        prop_assert!([200, 401].iter().all(|status| expected.contains(status)), "{:?}", expected);
        let keyless = first();
        let made = keyless.world.call("POST", "/v1/tenants", ROOT, &json!({ "name": "Second" })).expect(201).json();
        let credentials = format!("/v1/tenants/{}/credentials", text(&made, "id"));
        let made = keyless.world.call("POST", &credentials, ROOT, &json!({ "name": "n", "roles": [] })).expect(201).json();
        let (url, client) = (format!("{credentials}/{}", text(&made, "id")), format!("client_{}", text(&made, "id")));
        let post = |path: &str, body: &Value| keyless.world.call("POST", &format!("{url}{path}"), ROOT, body).status;
        for step in steps {
            match step {
                Step::AddKey { signer } => drop(post("/keys", &json!({ "jwk": jwk(&signers()[signer]) }))),
                Step::AddTrust { issuer, subject, inline, once } => {
                    let mut trust = json!({ "issuer": ISSUERS[issuer], "subject": SUBJECTS[subject], "once": once });
                    if let Some(signer) = inline {
                        trust["jwks"] = json!({ "keys": [jwk(&signers()[signer])] });
                    }
                    post("/trusts", &trust);
                }
                Step::RemoveAll => {
                    for list in ["keys", "trusts"] {
                        let listed = keyless.world.get(&format!("{url}/{list}"), ROOT).expect(200).json();
                        for one in listed["items"].as_array().expect("a list") {
                            let one = format!("{url}/{list}/{}", text(one, "id"));
                            keyless.world.call("DELETE", &one, ROOT, &Value::Null).expect(204);
                        }
                    }
                }
                Step::Exchange { issuer, subject, signer, jti } => {
                    let jti = jti.then_some("one");
                    let token = token(&keyless, ISSUERS[issuer], SUBJECTS[subject], &signers()[signer], jti);
                    exchange(&keyless, &client, &token);
                }
                Step::SignIn { signer } => {
                    exchange(&keyless, &client, &token(&keyless, &client, &client, &signers()[signer], Some("one")));
                }
            }
        }
        prop_assert_eq!(answers(&keyless), expected);
    }
}
