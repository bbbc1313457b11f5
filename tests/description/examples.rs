//! Examples for the description: a sequence of requests to each operation, in process. The examples are the requests
//! and responses, with secrets redacted; each is validated against the description.

use postern::face::postern::description::openapi;
use serde_json::{Map, Value, json};

use super::validator;
use support::routes::fits;
use support::{ROOT, Reply, World, text};

/// The description, and the service that the examples are requested from.
pub struct Description {
    pub document: Value,
    world: World,
}

/// Creates a resource by POST and returns its URL.
pub fn made(world: &World, url: &str, body: &Value) -> String {
    let reply = world.call("POST", url, ROOT, body).expect(201);
    format!("{url}/{}", text(&reply.json(), "id"))
}

/// The body of a request.
#[derive(Clone, Copy)]
enum Body<'a> {
    None,
    Json(&'a Value),
    Patch(&'a Value),
    Form(&'a Value),
}

impl Description {
    /// The description with all examples.
    pub fn executed() -> Self {
        let mut description = Self { document: openapi(), world: World::new() };
        description.story();
        description
    }

    #[expect(clippy::too_many_lines, reason = "one sequence of requests")]
    fn story(&mut self) {
        use Body::{Form, Json, None, Patch};
        let tenant =
            self.example("POST", "/v1/tenants", &[], Json(&json!({ "name": "Acme" })), 201, "made", "A tenant");
        let tenant_url = format!("/v1/tenants/{}", text(&tenant.json(), "id"));
        self.example("GET", "/v1/tenants", &[], None, 200, "all", "All tenants, for the root token");
        self.example("GET", &tenant_url, &[], None, 200, "one", "A tenant");
        let mut whole = self.world.get(&tenant_url, ROOT).json();
        whole["role_names"] = json!(["admin", "editor", "viewer", "deployer"]);
        self.example("PUT", &tenant_url, &[], Json(&whole), 200, "roles", "The resource as read, with one more role");
        let strict = json!({ "require_if_match": false });
        self.example("PATCH", &tenant_url, &[], Patch(&strict), 200, "patch", "A single member");

        let principals = format!("{tenant_url}/principals");
        let principal = self
            .example("POST", &principals, &[], Json(&json!({ "name": "Build farm" })), 201, "made", "A principal")
            .json();
        let principal_id = text(&principal, "id");
        let principal_url = format!("{principals}/{principal_id}");
        self.example("GET", &principals, &[], None, 200, "page", "The default principal and another one");
        self.example("GET", &principal_url, &[], None, 200, "one", "A principal");
        let body = json!({ "name": "Build farm", "description": "In the cellar", "enabled": true });
        self.example("PUT", &principal_url, &[], Json(&body), 200, "whole", "Every member");
        self.example("PATCH", &principal_url, &[], Patch(&json!({ "description": null })), 200, "patch", "null clears");
        let events = format!("{principal_url}/events?limit=2");
        self.example("GET", &events, &[], None, 200, "newest", "The two newest events");

        let credentials = format!("{tenant_url}/credentials");
        let body = json!({
            "name": "ci", "principal": principal_id, "roles": [{ "role_id": "viewer" }],
            "expires_at": "2027-06-30T00:00:00Z", "metadata": { "team": "build" },
        });
        let key = [("idempotency-key", "7d1c3a52")];
        let made = self
            .example("POST", &credentials, &key, Json(&body), 201, "made", "A credential with the viewer role")
            .json();
        let (id, first) = (text(&made, "id"), text(&made, "secret"));
        let url = format!("{credentials}/{id}");
        self.example("POST", &credentials, &[], Json(&json!({ "name": "ci" })), 422, "roles", "Roles are missing");
        self.example("GET", &format!("{credentials}?name_prefix=c&enabled=true"), &[], None, 200, "page", "A page");
        let read = self.example("GET", &url, &[], None, 200, "one", "A credential");
        let stale = read.etag().to_owned();
        let mut whole = read.json();
        whole["name"] = json!("ci-main");
        let tag = [("if-match", stale.as_str())];
        self.example("PUT", &url, &tag, Json(&whole), 200, "renamed", "The resource as read, with another name");
        let mut short = whole.clone();
        let members = short.as_object_mut().expect("an object");
        for name in ["roles", "revision", "updated_at"] {
            members.remove(name);
        }
        self.example("PUT", &url, &[], Json(&short), 422, "short", "Roles are missing");
        let patch = json!({ "metadata": { "team": null, "repository": "web" } });
        self.example("PATCH", &url, &tag, Patch(&patch), 412, "stale", "The ETag is out of date");
        self.example("PATCH", &url, &[], Patch(&patch), 200, "merged", "Metadata, member by member");
        self.example(
            "PATCH",
            &format!("{url}?dry_run=true"),
            &[],
            Patch(&json!({ "roles": null })),
            200,
            "dry",
            "The changes it would make",
        );

        let grace = json!({ "grace_seconds": 3600 });
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
        let keys = format!("{url}/keys");
        let key = self.example("POST", &keys, &[], Json(&json!({ "jwk": jwk })), 201, "added", "A public key").json();
        self.example("GET", &keys, &[], None, 200, "all", "All keys");
        self.example("DELETE", &format!("{keys}/{}", text(&key, "id")), &[], None, 204, "removed", "Removed");
        let trusts = format!("{url}/trusts");
        let trust = json!({
            "issuer": "https://token.actions.githubusercontent.com", "subject": "repo:octo-org@65/octo-repo@74:ref:refs/heads/main",
            "audience": "https://postern.example", "claims": { "repository_owner_id": "65", "repository_id": "74" },
        });
        let dry = format!("{trusts}?dry_run=true");
        self.example("POST", &dry, &[], Json(&trust), 200, "dry", "What it would change");
        let trust = self.example("POST", &trusts, &[], Json(&trust), 201, "added", "Jobs of a branch").json();
        self.example("GET", &trusts, &[], None, 200, "all", "All trusts");
        self.example("DELETE", &format!("{trusts}/{}", text(&trust, "id")), &[], None, 204, "removed", "Removed");
        let rotate = format!("{url}/rotate");
        let rotated = self
            .example("POST", &rotate, &[], Json(&grace), 200, "hour", "The old secret is valid for another hour")
            .json();
        self.example("POST", &rotate, &[], Json(&grace), 409, "twice", "The credential is already rotating");
        let question = json!({ "token": first, "needs": { "all": [{ "role_id": "viewer" }] } });
        self.example("POST", "/v1/verify", &[], Json(&question), 200, "may", "Valid, with the needed role");
        let question = json!({
            "token": text(&rotated, "secret"),
            "needs": { "any": [{ "role_id": "admin" }, { "role_id": "editor", "resource": "dataset" }] },
        });
        self.example(
            "POST",
            "/v1/verify",
            &[],
            Json(&question),
            200,
            "may-not",
            "Valid, without any of the needed roles",
        );
        let batch = json!({ "items": [{ "token": first }, { "token": "nothing" }] });
        self.example("POST", "/v1/verify/batch", &[], Json(&batch), 200, "two", "A valid token and an unknown one");
        self.example(
            "POST",
            &format!("{rotate}/cancel"),
            &[],
            None,
            200,
            "cancelled",
            "Only the old secret stays valid",
        );
        self.world.call("POST", &rotate, ROOT, &grace);
        let finished = self.example(
            "POST",
            &format!("{rotate}/finish"),
            &[],
            None,
            200,
            "finished",
            "Only the new secret stays valid",
        );
        assert_eq!(finished.json()["secrets"].as_array().map(Vec::len), Some(1));

        let form = json!({ "grant_type": "client_credentials" });
        let machine = made_by(&self.world, &credentials);
        let basic = format!("Basic {}", data_encoding::BASE64.encode(machine.as_bytes()));
        let access = self
            .example(
                "POST",
                "/oauth/token",
                &[("authorization", &basic)],
                Form(&form),
                200,
                "access",
                "An access token",
            )
            .json();
        let token = json!({ "token": text(&access, "access_token") });
        self.example("POST", "/oauth/introspect", &[], Form(&token), 200, "active", "Valid");
        self.example(
            "POST",
            "/oauth/introspect",
            &[],
            Form(&json!({ "token": "nothing" })),
            200,
            "inactive",
            "It does not",
        );
        self.example(
            "GET",
            "/.well-known/oauth-authorization-server",
            &[("host", "postern.example")],
            None,
            200,
            "metadata",
            "This server",
        );

        let reason = json!({ "reason": "Found in a log" });
        self.example("POST", &format!("{url}/revoke"), &[], Json(&reason), 200, "reason", "With a reason");
        self.example("POST", "/v1/verify", &[], Json(&json!({ "token": first })), 200, "not", "Not valid");
        self.example(
            "POST",
            &format!("{url}/restore"),
            &[],
            None,
            200,
            "restored",
            "The credential as before the revocation",
        );
        self.example("GET", &format!("{url}/events?limit=3"), &[], None, 200, "newest", "The three newest events");
        self.example("GET", &format!("{tenant_url}/events?limit=2"), &[], None, 200, "newest", "The two newest events");
        self.example("DELETE", &url, &[], None, 204, "gone", "");
        self.example("DELETE", &principal_url, &[], None, 204, "gone", "");
        self.of_itself(&credentials);
        self.example("DELETE", &tenant_url, &[], None, 409, "full", "The tenant still has a credential");
        self.example("DELETE", &format!("{tenant_url}?force=true"), &[], None, 204, "gone", "");
        self.example("GET", "/healthz", &[], None, 200, "alive", "The service runs");
        self.example("GET", "/readyz", &[], None, 200, "ready", "Every check, for the root token");
    }

    /// What a credential does with itself.
    fn of_itself(&mut self, credentials: &str) {
        use Body::{Json, None};
        let body = json!({ "name": "robot", "roles": [{ "role_id": "editor" }], "self_rotate": true });
        let secret = text(&self.world.call("POST", credentials, ROOT, &body).json(), "secret");
        let (old, key) = (format!("Bearer {secret}"), ("idempotency-key", "0b9d0f6e"));
        let by_old = ("authorization", old.as_str());
        self.example("GET", "/v1/self", &[by_old], None, 200, "self", "The caller's credential");
        let grace = json!({ "grace_seconds": 3600 });
        let rotated = self
            .example("POST", "/v1/self/rotate", &[by_old, key], Json(&grace), 200, "rotated", "A new secret")
            .json();
        let new = format!("Bearer {}", text(&rotated, "secret"));
        let reason = json!({ "reason": "found in a public repository" });
        let by_new = ("authorization", new.as_str());
        self.example("POST", "/v1/self/revoke", &[by_new], Json(&reason), 200, "revoked", "The credential is revoked");
    }

    /// Calls an operation as root, validates the response, and adds the request and the response to the description.
    #[expect(clippy::too_many_arguments, reason = "one line per example")]
    fn example(
        &mut self,
        method: &str,
        url: &str,
        more: &[(&str, &str)],
        body: Body<'_>,
        status: u16,
        name: &str,
        summary: &str,
    ) -> Reply {
        let root = format!("Bearer {ROOT}");
        let (media, sent) = match body {
            Body::None => ("", String::new()),
            Body::Json(body) => ("application/json", body.to_string()),
            Body::Patch(body) => ("application/merge-patch+json", body.to_string()),
            Body::Form(body) => {
                let pairs = body.as_object().expect("members").iter();
                let pairs: Vec<_> =
                    pairs.map(|(name, value)| format!("{name}={}", value.as_str().expect("a text"))).collect();
                ("application/x-www-form-urlencoded", pairs.join("&"))
            }
        };
        let mut headers = more.to_vec();
        if !media.is_empty() {
            headers.push(("content-type", media));
        }
        if !more.iter().any(|(name, _)| *name == "authorization") {
            headers.push(("authorization", &root));
        }
        let reply = self.world.send(method, url, &headers, sent.as_bytes());
        assert_eq!(reply.status, status, "{method} {url}: {}", reply.text);
        assert!(reply.cost.trips <= 1, "{method} {url}");
        let place = self.operation(method, url);
        let what = format!("{method} {url}: {status}");
        if let Body::Json(body) | Body::Patch(body) | Body::Form(body) = body {
            let content = format!("{place}/requestBody/content/{}", media.replace('/', "~1"));
            if status < 400 {
                self.assert_valid(&format!("{content}/schema"), body, &what);
                self.add_example(&content, name, summary, body);
                // PATCH takes either type.
                if let Body::Patch(body) = body_of(body, media) {
                    self.add_example(&format!("{place}/requestBody/content/application~1json"), name, summary, body);
                }
            }
        }
        let answer = self.inlined(&format!("{place}/responses/{status}"));
        if reply.text.is_empty() {
            return reply;
        }
        let media = reply.header("content-type").expect("a type").replace('/', "~1");
        let content = format!("{answer}/content/{media}");
        self.assert_valid(&format!("{content}/schema"), &reply.json(), &what);
        self.add_example(&content, name, summary, &reply.json());
        reply
    }

    /// The pointer to the operation of a request.
    fn operation(&self, method: &str, url: &str) -> String {
        let path = url.split('?').next().expect("a path");
        let paths = self.document["paths"].as_object().expect("paths");
        let found =
            paths.keys().find(|described| fits(described, path)).unwrap_or_else(|| panic!("{path} is not described"));
        format!("/paths/{}/{}", found.replace('/', "~1"), method.to_lowercase())
    }

    /// Replaces a response given by reference by a copy of its own, so that it can have examples.
    fn inlined(&mut self, pointer: &str) -> String {
        let response = self.document.pointer(pointer).unwrap_or_else(|| panic!("{pointer} is not described")).clone();
        if let Some(reference) = response["$ref"].as_str() {
            let whole = self.document.pointer(&reference[1..]).expect("what it names").clone();
            *self.document.pointer_mut(pointer).expect("just seen") = whole;
        }
        pointer.to_owned()
    }

    fn assert_valid(&self, schema: &str, value: &Value, what: &str) {
        assert!(self.document.pointer(schema).is_some(), "{what}: {schema} is not described");
        let validator = validator(&self.document, &format!("#{}", schema.replace('{', "%7B").replace('}', "%7D")));
        let wrong: Vec<_> = validator.iter_errors(value).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{what} is not as described: {wrong:#?}\n{value:#}");
    }

    fn add_example(&mut self, content: &str, name: &str, summary: &str, value: &Value) {
        let content = self.document.pointer_mut(content).unwrap_or_else(|| panic!("{content} is not described"));
        let members = content.as_object_mut().expect("a content").entry("examples").or_insert_with(|| json!({}));
        members[name] = json!({ "summary": summary, "value": redacted(value) });
    }
}

fn body_of<'a>(body: &'a Value, media: &str) -> Body<'a> {
    if media == "application/merge-patch+json" { Body::Patch(body) } else { Body::Json(body) }
}

/// A new client id and its secret.
fn made_by(world: &World, credentials: &str) -> String {
    let made =
        world.call("POST", credentials, ROOT, &json!({ "name": "robot", "roles": [{ "role_id": "editor" }] })).json();
    format!("client_{}:{}", text(&made, "id"), text(&made, "secret"))
}

/// The value, with every secret cut.
fn redacted(value: &Value) -> Value {
    match value {
        Value::String(text) if text.starts_with("pstn_at_") => json!("pstn_at_…"),
        Value::String(text) if text.starts_with("pstn_") => json!("pstn_…"),
        Value::Array(items) => items.iter().map(redacted).collect(),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), redacted(value))).collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}
