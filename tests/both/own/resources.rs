//! Complete resources of our own face: created, read, replaced, merged and deleted. Rights are tested in `tests/auth`.

use postern::credential::field::Noun;
use serde_json::{Value, json};

use support::fields::{default_members, shown};
use support::tenant::{Tenant, read_id, text};
use support::{Client, Reply, ZERO, call, client};

fn members(noun: Noun) -> Vec<&'static str> {
    let times = ["revision", "created_at", "updated_at"];
    match noun {
        Noun::Tenant => shown(&["id", "label"], noun, &times),
        Noun::Principal => shown(&["id", "tenant"], noun, &times),
        Noun::Credential => {
            let more = ["last_used_at", "revoked_at", "revoked_reason", "secrets", "keys", "trusts"];
            shown(&["id", "tenant"], noun, &[&times[..], &more].concat())
        }
    }
}

/// A resource, called by root. Every response is compared with the expected one, whole and in order.
struct Resource<'a> {
    client: &'a dyn Client,
    path: String,
    noun: Noun,
    expected: Value,
}

impl<'a> Resource<'a> {
    /// Creates a resource, and checks that it has these members in addition to its id and its times.
    fn made(client: &'a dyn Client, all: &str, noun: Noun, body: &Value, rest: Value) -> Self {
        let reply = call("POST", all).by_root().json(body).send(client).expect(201);
        let made = reply.json();
        let id = read_id(&made["id"]);
        assert_eq!(reply.etag(), format!("\"{id}.1\""));
        reply.expect_members(&members(noun));
        let mut expected = rest;
        expected["id"] = json!(id);
        (expected["revision"], expected["created_at"]) = (json!(1), made["created_at"].clone());
        expected["updated_at"] = made["created_at"].clone();
        assert_eq!(made, expected);
        let this = Self { client, path: format!("{all}/{id}"), noun, expected };
        this.is_shown();
        this
    }

    fn send(&self, method: &str, body: &Value) -> Reply {
        let call = call(method, &self.path).by_root();
        if body.is_null() { call } else { call.json(body) }.send(self.client)
    }

    fn tag(&self) -> String {
        format!("\"{}.{}\"", text(&self.expected["id"]), self.expected["revision"])
    }

    fn is_shown(&self) {
        let shown = self.send("GET", &Value::Null).expect(200);
        shown.expect_members(&members(self.noun));
        assert_eq!((shown.json(), shown.etag()), (self.expected.clone(), &*self.tag()));
        assert_eq!(self.send("HEAD", &Value::Null).expect(200).etag(), self.tag());
    }

    /// Sends a change, after which the resource has these members. With none, nothing may have changed.
    fn change(&mut self, method: &str, body: &Value, changes: Value) -> Reply {
        let reply = self.send(method, body).expect(200);
        let Value::Object(changes) = changes else { panic!("members") };
        if !changes.is_empty() {
            let (now, revision) = (reply.json()["updated_at"].clone(), self.expected["revision"].as_u64());
            assert!(text(&now) > text(&self.expected["updated_at"]), "{reply:?}");
            (self.expected["updated_at"], self.expected["revision"]) = (now, json!(revision.expect("a number") + 1));
        }
        self.expected.as_object_mut().expect("an object").extend(changes);
        reply.expect_members(&members(self.noun));
        assert_eq!((reply.json(), reply.etag()), (self.expected.clone(), &*self.tag()));
        self.is_shown();
        reply
    }

    fn delete(&self, missing: &str) {
        assert_eq!(self.send("DELETE", &Value::Null).expect(204).text, "");
        for method in ["GET", "DELETE"] {
            self.send(method, &Value::Null).refused(404, missing);
        }
    }
}

#[test]
fn credential_is_returned_whole_and_its_secret_only_once() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let body = json!({ "name": "ci", "roles": null });
    let all = tenant.at("/credentials");
    // The id and the hint of a secret are parts of the secret.
    let reply = call("POST", &all).by_root().json(&body).send(&*client).expect(201);
    reply.expect_members(&[&members(Noun::Credential)[..], &["secret"]].concat());
    let reply = reply.json();
    let secret = text(&reply["secret"]);
    let parts: Vec<_> = secret.split('_').collect();
    assert_eq!(
        reply["secrets"],
        json!([{
            "id": parts[1], "hint": parts[2][parts[2].len() - 4..], "created_at": reply["created_at"], "expires_at": null,
            "last_used_at": null,
        }])
    );
    let path = format!("{all}/{}", text(&reply["id"]));
    let mut expected = default_members(Noun::Credential);
    let given = json!({
        "id": reply["id"], "tenant": tenant.id, "name": "ci", "roles": null, "access": "none", "self_rotate": false, "metadata": {}, "revision": 1,
        "created_at": reply["created_at"], "updated_at": reply["created_at"], "last_used_at": null, "revoked_at": null,
        "revoked_reason": null, "secrets": reply["secrets"], "keys": [], "trusts": [],
    });
    expected.extend(given.as_object().expect("an object").clone());
    let expected = Value::from(expected);
    let mut without = reply.clone();
    without.as_object_mut().expect("an object").remove("secret");
    assert_eq!(without, expected);
    let mut this = Resource { client: &*client, path, noun: Noun::Credential, expected };
    this.is_shown();
    let body = json!({
        "principal": tenant.account, "name": "ci 2", "description": "d", "enabled": false,
        "expires_at": "2200-01-01T00:00:00Z", "metadata": { "b": "2", "a": "1" },
        "roles": [{ "role_id": "viewer" }, { "role_id": "editor", "resource": "r", "resource_instance": "i" }],
        "access": "verify", "self_rotate": true,
    });
    let mut changes = body.clone();
    changes["expires_at"] = json!("2200-01-01T00:00:00.000000Z");
    let put = this.change("PUT", &body, changes);
    assert!(put.text.contains(r#""metadata":{"a":"1","b":"2"}"#), "ordered by key: {}", put.text);
    this.change("PATCH", &json!({ "name": "ci 3" }), json!({ "name": "ci 3" }));
    this.delete("no_credential");
    assert!(!tenant.accepts(&secret));
}

#[test]
fn principal_can_be_created_read_replaced_patched_and_deleted() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let rest = json!({ "tenant": tenant.id, "name": "billing", "description": null, "enabled": true });
    let (all, body) = (tenant.at("/principals"), json!({ "name": "billing" }));
    let mut this = Resource::made(&*client, &all, Noun::Principal, &body, rest);
    let body = json!({ "name": "b", "description": "d", "enabled": false });
    this.change("PUT", &body, body.clone());
    // Sending the resource back changes nothing.
    this.change("PUT", &this.expected.clone(), json!({}));
    this.change("PATCH", &json!({ "description": null }), json!({ "description": null }));
    this.change("PATCH", &json!({}), json!({}));
    let member = tenant.own(json!({ "principal": this.expected["id"] }));
    this.delete("no_principal");
    // The principal is deleted with its credentials, and these with their events.
    tenant.send("GET", &member.path, &Value::Null).refused(404, "no_credential");
    assert_eq!(tenant.events(&member)[0]["action"], "deleted");
}

#[test]
fn default_principal_can_be_renamed_but_not_disabled_or_deleted() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let path = tenant.at(&format!("/principals/{}", read_id(&json!(ZERO))));
    let renamed = tenant.send("PATCH", &path, &json!({ "name": "us", "enabled": true })).expect(200);
    assert_eq!(renamed.json()["name"], "us");
    for (method, body) in [
        ("DELETE", Value::Null),
        ("PATCH", json!({ "enabled": false })),
        ("PUT", json!({ "name": "us", "description": null, "enabled": false })),
    ] {
        tenant.send(method, &path, &body).refused(409, "default_principal");
    }
}

#[test]
fn tenant_can_be_created_read_replaced_patched_and_deleted() {
    let client = client();
    // A label that no other run has: a slug of the name.
    let slug = Tenant::new(&*client).id.to_string();
    let body = json!({ "name": format!("Beta, {slug}."), "require_if_match": true, "role_names": ["b", "a"] });
    let rest = json!({
        "label": format!("beta-{slug}"), "name": body["name"], "enabled": true, "rbac": true, "require_if_match": true, "verify_staleness_seconds": 0,
        "role_names": ["a", "admin", "b", "editor", "viewer"],
    });
    let mut this = Resource::made(&*client, "/v1/tenants", Noun::Tenant, &body, rest);
    this.change("PUT", &this.expected.clone(), json!({}));
    // The label is kept: a new name does not change it.
    let body = json!({ "name": "Gamma", "require_if_match": false });
    this.change("PATCH", &body, body.clone());
    let missing = ["enabled", "rbac", "require_if_match", "role_names"].map(|member| format!("/{member} missing"));
    this.send("PUT", &json!({ "name": "x" })).refused(422, &missing.join(", "));
    this.delete("no_tenant");
}

#[test]
fn nonempty_tenant_is_deleted_only_with_force() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let own = tenant.own(json!({}));
    let delete = |query: &str| call("DELETE", tenant.at(query)).by_root().send(&*client);
    delete("").refused(409, "not_empty");
    delete("?force=false").refused(409, "not_empty");
    tenant.read(support::face::Face::Postern, own.id);
    delete("?force=true").expect(204);
    call("GET", tenant.at("")).by_root().send(&*client).refused(404, "no_tenant");
    call("GET", &own.path).by_root().send(&*client).refused(404, "no_tenant");
}

#[test]
fn unknown_query_parameter_is_rejected() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let own = tenant.own(json!({}));
    let (all, this) = (tenant.at("/credentials"), tenant.at(""));
    let unknown = "unknown_parameter";
    for (method, path, code) in [
        ("PATCH", format!("{}?dryrun=true", own.path), unknown),
        ("DELETE", format!("{}?dry_run=true", own.path), unknown),
        ("DELETE", format!("{this}?forced"), unknown),
        ("GET", format!("{all}?enabeld=false"), unknown),
        ("GET", format!("{}?limit=1", own.path), unknown),
        ("POST", format!("{}?limit=1", own.under("revoke")), unknown),
        // A repeated parameter is rejected rather than the first or last used; a boolean is true or false.
        ("PATCH", format!("{}?dry_run=true&dry_run=false", own.path), "bad_parameters"),
        ("GET", format!("{all}?enabled=true&enabled=true"), "bad_parameters"),
        ("DELETE", format!("{this}?force"), "bad_parameters"),
        ("DELETE", format!("{this}?force=1"), "bad_parameters"),
    ] {
        let body = if method == "GET" { Value::Null } else { json!({}) };
        let reply = tenant.send_by(client.root_token(), method, &path, &body).expect(400);
        assert_eq!((reply.json()["code"].as_str(), reply.cost.trips), (Some(code), 0), "{path}");
    }
    let problem = tenant.send("GET", tenant.at("/principals?x=1"), &Value::Null).expect(400).json();
    assert_eq!(problem["detail"], "This route accepts only these query parameters: limit, cursor, sort.");
}
