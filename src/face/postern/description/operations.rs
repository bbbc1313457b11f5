//! The documentation of each operation, one row each: its texts, its request body and its success response.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json as value};

use super::super::{POSTERN, means, one_off, trusts, views};
use super::body;
use crate::credential::field::Noun::{self, Credential, Principal, Tenant};
use crate::credential::field::Verb::{self, Create, Merge, Replace, Revoke, Rotate};
use crate::credential::means::Means;
use crate::face::{Access, oauth};
use crate::request::{JSON, MERGE_PATCH};
use crate::route::{Operation, Route};

/// The documentation of an operation.
pub(super) struct Described {
    /// The operation's id, tag, summary and description.
    pub words: [&'static str; 4],
    /// The request body.
    pub body: Option<Value>,
    /// The status of the success response.
    pub status: &'static str,
    /// The description of the success response.
    pub about: &'static str,
    /// The schema of the success response.
    pub schema: Option<Schema>,
}

type Schema = fn(&mut SchemaGenerator) -> Value;
type Answered = (&'static str, &'static str, Option<Schema>);

/// Returns the documentation of a route's operation; empty texts for operations of other faces. tests/description fails
/// if one of our own face has none.
#[rustfmt::skip]
pub(super) fn described(route: &Route) -> Described {
    match route.operation {
        Operation::Write(Tenant, Create) => row(["create_tenant", "tenants", "Create a tenant", "Requires the root token."], fields(Tenant, Create), created::<views::Tenant<'_>>()),
        Operation::Page(Tenant, _) => row(["list_tenants", "tenants", "List tenants", "The root token lists all tenants, any other caller only its own."], None, page::<views::Tenant<'_>>()),
        Operation::Read(Tenant) => row(["get_tenant", "tenants", "Get a tenant", "Returns the tenant and its ETag."], None, it::<views::Tenant<'_>>()),
        Operation::Write(Tenant, Replace) => row(["replace_tenant", "tenants", "Replace a tenant",
                "All fields are required. Only the root token can enable or disable a tenant."], fields(Tenant, Replace), changed::<views::Tenant<'_>>()),
        Operation::Write(Tenant, Merge) => row(["update_tenant", "tenants", "Update a tenant", MERGE], fields(Tenant, Merge), changed::<views::Tenant<'_>>()),
        Operation::Delete(Tenant) => row(["delete_tenant", "tenants", "Delete a tenant",
                "Requires the root token. `force` also deletes the tenant's principals and credentials. The history is kept."], None, ("204", "Deleted.", None)),
        Operation::Write(Principal, Create) => row(["create_principal", "principals", "Create a principal", "Requires an administrator."], fields(Principal, Create), created::<views::Principal<'_>>()),
        Operation::Page(Principal, _) => row(["list_principals", "principals", "List principals", "Returns a page of principals in the order of creation."], None, page::<views::Principal<'_>>()),
        Operation::Read(Principal) => row(["get_principal", "principals", "Get a principal", "Returns the principal and its ETag."], None, it::<views::Principal<'_>>()),
        Operation::Write(Principal, Replace) => row(["replace_principal", "principals", "Replace a principal",
                "`enabled` is required. With access `edit`, only the name and the description can be changed."], fields(Principal, Replace), changed::<views::Principal<'_>>()),
        Operation::Write(Principal, Merge) => row(["update_principal", "principals", "Update a principal", MERGE], fields(Principal, Merge), changed::<views::Principal<'_>>()),
        Operation::Delete(Principal) => row(["delete_principal", "principals", "Delete a principal", "Also deletes the principal's credentials. The default principal cannot be deleted."], None, ("204", "Deleted.", None)),
        Operation::Write(Credential, Create) => row(["create_credential", "credentials", "Create a credential",
                "Only this response contains the secret. `roles` is required. Without `principal`, the credential authenticates as the \
                default principal. Without `expires_at`, it expires when its creator does."], fields(Credential, Create), created::<views::Credential<'_>>()),
        Operation::Page(Credential, _) => row(["list_credentials", "credentials", "List credentials",
                "Returns a page of the credentials that match every filter. A page examines a bounded number of credentials, so it may \
                have fewer items than `limit`, or none, and still have a `next`."], None, page::<views::Credential<'_>>()),
        Operation::Read(Credential) if route.is_own() => row(["get_self", "self-service", "Get the caller's credential",
                "Returns the credential of the caller. Any valid credential may do this, also with an access token."], None, it::<views::OwnCredential<'_>>()),
        Operation::Write(Credential, Rotate) if route.is_own() => row(["rotate_self", "self-service", "Rotate the caller's secret",
                "Creates a new secret for the caller's credential, whose `self_rotate` must be set. Requires its newest secret, not an access \
                token; `grace_seconds` of at least 300; and an `Idempotency-Key`. For ten minutes, the secret that was replaced gets \
                the same response again under that key."], json_of(body::OWN_ROTATION, true), it::<views::OwnCredential<'_>>()),
        Operation::Write(Credential, Revoke) if route.is_own() => row(["revoke_self", "self-service", "Revoke the caller's credential, or end its retiring secret",
                "Any valid secret may do this, so that anyone who finds a leaked one can end it. The newest secret revokes the credential; a secret \
                that is being replaced ends only itself. Not with an access token."], fields(Credential, Revoke), it::<views::OwnCredential<'_>>()),
        Operation::Read(Credential) => row(["get_credential", "credentials", "Get a credential",
                "Returns the credential and its ETag, without the secret."], None, it::<views::Credential<'_>>()),
        Operation::Write(Credential, Replace) => row(["replace_credential", "credentials", "Replace a credential",
                "Fields whose absence would grant more access are required; send null explicitly: `principal`, `enabled`, `roles`, \
                `expires_at`. The secrets are kept."], fields(Credential, Replace), ("200", "The updated resource; for a dry run, what would change.", Some(credential_or_difference))),
        Operation::Write(Credential, Merge) => row(["update_credential", "credentials", "Update a credential",
                "A JSON Merge Patch (RFC 7396): absent fields are kept, null clears a field, `metadata` is merged member by member."], fields(Credential, Merge), ("200", "The updated resource; for a dry run, what would change.", Some(credential_or_difference))),
        Operation::Delete(Credential) => row(["delete_credential", "credentials", "Delete a credential", "Deletes the credential permanently. The history is kept."], None, ("204", "Deleted.", None)),
        Operation::Write(Credential, Rotate) => row(["rotate_credential", "rotation", "Begin a rotation",
                "Creates a new secret, which only this response contains; a retry under the same `Idempotency-Key` returns it again. The old one stays valid for the grace period, at most until the \
                credential expires. Meanwhile, responses to callers that use the old secret have `Deprecation` and `Sunset`."], fields(Credential, Rotate), changed::<views::Credential<'_>>()),
        Operation::FinishRotation => row(["finish_rotation", "rotation", "Finish a rotation", "Invalidates the old secret immediately."], None, changed::<views::Credential<'_>>()),
        Operation::CancelRotation => row(["cancel_rotation", "rotation", "Cancel a rotation", "Invalidates the new secret immediately and keeps the old one."], None, changed::<views::Credential<'_>>()),
        Operation::Write(Credential, Revoke) => row(["revoke_credential", "credentials", "Revoke a credential",
                "Independent of `enabled`. Only this API can restore a revoked credential."], fields(Credential, Revoke), changed::<views::Credential<'_>>()),
        Operation::Restore => row(["restore_credential", "credentials", "Restore a revoked credential",
                "Lifts the revocation. `enabled` is unchanged."], None, changed::<views::Credential<'_>>()),
        Operation::AddMeans(Means::Key, _) => row(["add_key", "keyless", "Add a key",
                "Adds a public key, by which the credential logs in with assertions that it signs (`private_key_jwt`, RFC 7523). At most 5. \
                Access tokens that it gets are invalid as soon as the key is removed or expires."], json_of("NewKey", true), created::<means::Key>()),
        Operation::ListMeans(Means::Key, _) => row(["list_keys", "keyless", "List keys", "Returns all keys of the credential, the oldest first."], None, page::<means::Key>()),
        Operation::RemoveMeans(Means::Key) => row(["remove_key", "keyless", "Remove a key", "Access tokens that it got are invalid immediately."], None, ("204", "Removed.", None)),
        Operation::AddMeans(Means::Trust, _) => row(["add_trust", "keyless", "Add a trust",
                "Adds an issuer whose tokens let the credential in, and what they must say (RFC 7523). At most 10. Access tokens that it gives are \
                invalid as soon as the trust is removed or expires. A dry run also compares a `token` with the trust, and keeps nothing of it."], json_of("NewTrust", true), created::<trusts::Trust>()),
        Operation::ListMeans(Means::Trust, _) => row(["list_trusts", "keyless", "List trusts", "Returns all trusts of the credential."], None, page::<trusts::Trust>()),
        Operation::RemoveMeans(Means::Trust) => row(["remove_trust", "keyless", "Remove a trust", "Access tokens that it gave are invalid immediately."], None, ("204", "Removed.", None)),
        Operation::History(_) => row(history(route), None, page::<one_off::Event<'_>>()),
        Operation::Verify(_) if is_oauth(route) => row(["introspect", "verification", "Introspect a token",
                "Checks whether a token is valid and returns its owner and roles (RFC 7662). A token of another tenant is reported as \
                inactive. Nothing is cached. A client may also authenticate by `client_id` and `client_secret` in the form."],
            introspection_form(), it::<oauth::Introspected<'_>>()),
        Operation::Verify(_) if route.path.ends_with("/batch") => row(["verify_batch", "verification", "Verify several tokens",
                "Checks 1 to 50 tokens together, each as `/v1/verify` does. A malformed token is an item that is not active, and not an error."],
            json_of("InquiryBatch", true), it::<one_off::VerifiedBatch<'_>>()),
        Operation::Verify(_) => row(["verify", "verification", "Verify a token",
                "Checks whether a token is valid and whether it has the needed roles, and returns its owner. A token of another tenant is \
                reported as unknown. Nothing is cached."],
            json_of("Inquiry", true), it::<one_off::Verified<'_>>()),
        Operation::Authorize(_) => row(["authorize", "verification", "Authorize a request (forward-auth)",
                "For a proxy, such as nginx, Caddy or Traefik: answers whether the request that it received may pass. `Authorization` is that of \
                the proxy's client; the proxy authenticates by `Postern-Verifier`. One of `all`, `any` and `authenticated` is required, and both \
                `all` and `any` must hold. The root token must name a `tenant`. Nothing is cached, and nothing is counted for the limits on failed \
                authentications."], None, ("200", "The request may pass.", None)),
        Operation::LogIn(_) => row(["log_in", "verification", "Log in",
                "The client credentials grant (RFC 6749 §4.4), or an assertion as the grant (RFC 7523 §2.1). Without Basic authentication, the body must have `client_id` and \
                `client_secret`, or an assertion."], log_in_form(), it::<Access<'_>>()),
        Operation::Metadata(_) => row(["server_metadata", "verification", "Describe this server", "Authorization server metadata for OAuth clients (RFC 8414)."], None, it::<oauth::Metadata>()),
        Operation::Alive(_) => row(["health", "health", "Check that the service runs",
                "Needs no authentication, no settings and no database."], None, it::<one_off::Alive>()),
        Operation::Ready(_) => row(["readiness", "health", "Check that requests can be served",
                "Checks the settings, the database, its schema and the master key, at most once a second. Needs no authentication; with the \
                root token, the response has each check, also with status 503 (`not_ready`)."], None, it::<one_off::Ready>()),
        // Operations of other faces.
        Operation::Write(..) | Operation::DeleteAll | Operation::List(..) | Operation::FindByToken | Operation::Roles(_) => row([""; 4], None, ("200", "", None)),
    }
}

const MERGE: &str = "A JSON Merge Patch (RFC 7396): absent fields are kept.";

/// Returns the words of an operation that lists events.
fn history(route: &Route) -> [&'static str; 4] {
    let (id, summary) = match route.names().last() {
        Some("credential") => ("list_credential_events", "List the events of a credential"),
        Some("principal") => ("list_principal_events", "List the events of a principal"),
        _ => ("list_events", "List the events of a tenant"),
    };
    let about = "Returns every change, newest first: the caller, the time, the request, the members before and after, and whether \
        it widened access. The history is kept after the resource is deleted.";
    [id, "history", summary, about]
}

fn row(words: [&'static str; 4], body: Option<Value>, (status, about, schema): Answered) -> Described {
    Described { words, body, status, about, schema }
}

fn schema<T: JsonSchema>(schemas: &mut SchemaGenerator) -> Value {
    schemas.subschema_for::<T>().to_value()
}

fn it<T: JsonSchema>() -> Answered {
    ("200", "Success.", Some(schema::<T>))
}

fn created<T: JsonSchema>() -> Answered {
    ("201", "Created.", Some(schema::<T>))
}

fn changed<T: JsonSchema>() -> Answered {
    ("200", "The updated resource.", Some(schema::<T>))
}

fn page<T: JsonSchema>() -> Answered {
    ("200", "A page.", Some(schema::<views::List<T>>))
}

/// Returns the response to a dry run of a creation.
pub(super) fn dry_run(schemas: &mut SchemaGenerator) -> Value {
    let schema = schema::<one_off::DryRun>(schemas);
    value!({ "description": "For a dry run, what would change.", "content": { JSON: { "schema": schema } } })
}

fn credential_or_difference(schemas: &mut SchemaGenerator) -> Value {
    let dry = schema::<one_off::DryRun>(schemas);
    value!({ "anyOf": [schema::<views::Credential<'_>>(schemas), dry] })
}

/// Returns a request body whose members are fields.
fn fields(noun: Noun, verb: Verb) -> Option<Value> {
    let mut body = json_of(&body::name(noun, verb), verb != Revoke)?;
    if verb == Merge {
        let content = body.get_mut("content")?.as_object_mut()?;
        content.insert(MERGE_PATCH.to_owned(), content.get(JSON)?.clone());
    }
    Some(body)
}

#[expect(clippy::unnecessary_wraps, reason = "a row's body")]
fn json_of(schema: &str, required: bool) -> Option<Value> {
    let schema = reference(&format!("schemas/{schema}"));
    Some(value!({ "required": required, "content": { JSON: { "schema": schema } } }))
}

fn introspection_form() -> Option<Value> {
    form(
        "token",
        &value!({
            "token": { "type": "string", "minLength": 1, "description": "The token." },
            "token_type_hint": { "type": "string", "description": "Ignored." },
            "max_staleness_seconds": body::staleness(),
        }),
    )
}

fn log_in_form() -> Option<Value> {
    form(
        "grant_type",
        &value!({
            "grant_type": { "type": "string", "enum": ["client_credentials", oauth::ASSERTION_GRANT] },
            "client_id": { "type": "string", "description": "`client_` followed by the credential's id." },
            "client_secret": { "type": "string", "description": "The credential's secret." },
            "client_assertion_type": { "type": "string", "enum": [oauth::ASSERTION_TYPE] },
            "client_assertion": {
                "type": "string",
                "description": "In place of a secret: a token that the client signed with one of its keys, or a token of an issuer that it trusts (RFC 7523 §2.2).",
            },
            "assertion": {
                "type": "string",
                "description": "As the grant: a token of an issuer that the client trusts; with no other authentication (RFC 7523 §2.1).",
            },
        }),
    )
}

#[expect(clippy::unnecessary_wraps, reason = "a row's body")]
fn form(required: &str, members: &Value) -> Option<Value> {
    let schema = value!({ "type": "object", "required": [required], "properties": members });
    Some(value!({ "required": true, "content": { "application/x-www-form-urlencoded": { "schema": schema } } }))
}

pub(super) fn reference(to: &str) -> Value {
    value!({ "$ref": format!("#/components/{to}") })
}

pub(super) fn is_ours(route: &Route) -> bool {
    std::ptr::eq(route.face, &raw const POSTERN) || is_oauth(route)
}

/// Returns whether a route is one of OAuth's at the paths of our own face.
pub(super) fn is_oauth(route: &Route) -> bool {
    ["/oauth/", "/.well-known/"].iter().any(|prefix| route.path.starts_with(prefix))
}
