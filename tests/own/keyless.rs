//! A credential that logs in without its secret.

use postern::credential::id::Id;
use postern::credential::means::Means;
use serde_json::{Value, json};
use support::jwt::Signer;
use support::{ACME, ROOT, Reply, World, text};

/// The setting `POSTERN_ISSUER`.
pub const ISSUER: &str = "https://postern.example";

/// The issuer of the trust.
pub const OTHER: &str = "https://issuer.example";

/// A credential with a key or a trust.
pub struct Keyless {
    pub world: World,
    pub means: Means,
    pub signer: Signer,
    pub id: Id,
    pub secret: String,
    pub principal: String,
    /// The body that added the key or the trust.
    pub body: Value,
    pub means_id: String,
}

impl Keyless {
    /// With a key.
    pub fn new(signer: Signer) -> Self {
        Self::with(Means::Key, signer)
    }

    /// With a key, or a trust that has the key of its issuer.
    pub fn with(means: Means, signer: Signer) -> Self {
        let body = match means {
            Means::Key => json!({ "jwk": signer.jwk() }),
            Means::Trust => json!({ "issuer": OTHER, "subject": "job", "jwks": { "keys": [signer.jwk()] } }),
        };
        Self::of(means, signer, body)
    }

    /// With a key or a trust that this body adds.
    pub fn of(means: Means, signer: Signer, added: Value) -> Self {
        let mut world = World::new();
        world.settings.as_mut().expect("settings").issuer = Some(ISSUER.to_owned());
        let principals = format!("/v1/tenants/{ACME}/principals");
        let principal = world.call("POST", &principals, ROOT, &json!({ "name": "p" })).expect(201).json();
        let principal = text(&principal, "id");
        let body =
            json!({ "name": "ci", "principal": principal, "roles": [{ "role_id": "editor" }], "self_rotate": true });
        let made = world.call("POST", &format!("/v1/tenants/{ACME}/credentials"), ROOT, &body).expect(201).json();
        let id = Id::parse(&text(&made, "id")).expect("an id");
        let (secret, means_id) = (text(&made, "secret"), String::new());
        let mut keyless = Self { world, means, signer, id, secret, principal, body: added, means_id };
        keyless.means_id = keyless.add(&keyless.body);
        keyless
    }

    pub fn url(&self, rest: &str) -> String {
        format!("/v1/tenants/{ACME}/credentials/{}{rest}", self.id)
    }

    /// The URL of all keys or trusts.
    pub fn list(&self) -> String {
        self.url(&format!("/{}", self.means.member()))
    }

    /// Adds a key or a trust, and returns its id.
    pub fn add(&self, body: &Value) -> String {
        text(&self.world.call("POST", &self.list(), ROOT, body).expect(201).json(), "id")
    }

    /// Removes the first one.
    pub fn remove(&self) {
        self.world.call("DELETE", &format!("{}/{}", self.list(), self.means_id), ROOT, &Value::Null).expect(204);
    }

    pub fn seconds(&self) -> i64 {
        self.world.now.get() / 1_000_000
    }

    /// Claims that are accepted.
    pub fn claims(&self) -> Value {
        let (client, now) = (self.id.client(), self.seconds());
        let (iss, sub) = match self.means {
            Means::Key => (&*client, &*client),
            Means::Trust => (OTHER, "job"),
        };
        json!({ "iss": iss, "sub": sub, "aud": ISSUER, "iat": now, "exp": now + 300 })
    }

    pub fn assertion(&self, claims: &Value) -> String {
        let alg = match self.signer {
            Signer::Rsa(_) => "RS256",
            Signer::P256(_) => "ES256",
            Signer::Ed25519(_) => "EdDSA",
        };
        self.signer.token(alg, None, claims)
    }

    /// Exchanges an assertion of the client, with more parameters.
    pub fn exchange(&self, assertion: &str, more: &str) -> Reply {
        self.send(&self.form(assertion, more))
    }

    /// The form of that.
    pub fn form(&self, assertion: &str, more: &str) -> String {
        let client = match self.means {
            Means::Key => String::new(),
            Means::Trust => format!("&client_id={}", self.id.client()),
        };
        format!(
            "grant_type=client_credentials&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer\
            &client_assertion={assertion}{client}{more}"
        )
    }

    /// Exchanges an assertion as a grant.
    pub fn grant(&self, assertion: &str) -> Reply {
        self.send(&self.grant_form(assertion))
    }

    /// The form of that.
    pub fn grant_form(&self, assertion: &str) -> String {
        let client = self.id.client();
        format!("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion={assertion}&client_id={client}")
    }

    fn send(&self, form: &str) -> Reply {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.world.send("POST", "/oauth/token", &headers, form.as_bytes())
    }

    /// Logs in, and returns the access token.
    pub fn log_in(&self) -> String {
        text(&self.exchange(&self.assertion(&self.claims()), "").expect(200).json(), "access_token")
    }

    /// Whether an access token is valid: as its own caller, and for one who verifies it.
    pub fn is_valid(&self, token: &str) -> bool {
        let verified = self.world.call("POST", "/v1/verify", ROOT, &json!({ "token": token })).expect(200).json();
        let own = self.world.get("/v1/self", token).status;
        assert_eq!(verified["active"] == true, own == 200, "{verified} {own}");
        assert!([200, 401].contains(&own), "{own}");
        own == 200
    }
}
