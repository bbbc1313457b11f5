//! What the description says of each operation, a row each: its words, its body, and what it shows.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json as value};

use super::super::{one_off, views};
use super::body;
use crate::credential::field::Noun::{self, Credential, Principal, Tenant};
use crate::credential::field::Verb::{self, Create, Merge, Replace, Revoke, Rotate};
use crate::face::{Access, oauth};
use crate::request::{JSON, MERGE_PATCH};
use crate::route::{Operation, Route};

/// What is said of an operation.
pub(super) struct Described {
    /// Its id, its tag, and what it does, in few words and in more.
    pub words: [&'static str; 4],
    /// The body of its request.
    pub body: Option<Value>,
    /// The status of its success.
    pub status: &'static str,
    /// What it then shows, in words.
    pub about: &'static str,
    /// The schema of that.
    pub schema: Option<Schema>,
}

type Schema = fn(&mut SchemaGenerator) -> Value;
type Answered = (&'static str, &'static str, Option<Schema>);

/// What is said of a route's operation. Operations of other faces have no words: tests/description finds one of ours without.
#[rustfmt::skip]
pub(super) fn described(route: &Route) -> Described {
    match route.operation {
        Operation::Write(Tenant, Create) => row(["create_tenant", "tenants", "Make a tenant", "For the root token alone."], fields(Tenant, Create), created::<views::Tenant<'_>>()),
        Operation::Page(Tenant, _) => row(["list_tenants", "tenants", "List tenants", "The root token sees all of them, anyone else its own."], None, page::<views::Tenant<'_>>()),
        Operation::Read(Tenant) => row(["get_tenant", "tenants", "Show a tenant", "Shows it, and its ETag."], None, it::<views::Tenant<'_>>()),
        Operation::Write(Tenant, Replace) => row(["replace_tenant", "tenants", "Replace a tenant",
                "All of its switches have to be said. The root token alone turns it off or on."], fields(Tenant, Replace), changed::<views::Tenant<'_>>()),
        Operation::Write(Tenant, Merge) => row(["update_tenant", "tenants", "Update a tenant", MERGE], fields(Tenant, Merge), changed::<views::Tenant<'_>>()),
        Operation::Delete(Tenant) => row(["delete_tenant", "tenants", "Delete a tenant",
                "For the root token alone. With all that it has, if `force` says so; its history stays."], None, ("204", "It is gone.", None)),
        Operation::Write(Principal, Create) => row(["create_principal", "principals", "Make a principal", "For administrators."], fields(Principal, Create), created::<views::Principal<'_>>()),
        Operation::Page(Principal, _) => row(["list_principals", "principals", "List principals", "A page of them, in the order in which they were made."], None, page::<views::Principal<'_>>()),
        Operation::Read(Principal) => row(["get_principal", "principals", "Show a principal", "Shows it, and its ETag."], None, it::<views::Principal<'_>>()),
        Operation::Write(Principal, Replace) => row(["replace_principal", "principals", "Replace a principal",
                "`enabled` has to be said. Editors change name and description."], fields(Principal, Replace), changed::<views::Principal<'_>>()),
        Operation::Write(Principal, Merge) => row(["update_principal", "principals", "Update a principal", MERGE], fields(Principal, Merge), changed::<views::Principal<'_>>()),
        Operation::Delete(Principal) => row(["delete_principal", "principals", "Delete a principal", "With its credentials. The default one stays."], None, ("204", "It is gone.", None)),
        Operation::Write(Credential, Create) => row(["create_credential", "credentials", "Make a credential",
                "Its secret is in this answer, and in no other. `roles` has to be said; without `principal` it is the default one's. \
                Made by a caller with an end, without a word on its own, it ends with its caller."], fields(Credential, Create), created::<views::Credential<'_>>()),
        Operation::Page(Credential, _) => row(["list_credentials", "credentials", "List credentials",
                "A page of them. Filters narrow it; however few pass, a page looks at a bounded number of credentials, and so may be \
                short, or empty, and have a `next` all the same."], None, page::<views::Credential<'_>>()),
        Operation::Read(Credential) => row(["get_credential", "credentials", "Show a credential",
                "Shows it, and its ETag. The secret is never shown again."], None, it::<views::Credential<'_>>()),
        Operation::Write(Credential, Replace) => row(["replace_credential", "credentials", "Replace a credential",
                "What would widen access by being left out has to be said, null aloud: `principal`, `enabled`, `roles`, `expires_at`. \
                The secrets stay."], fields(Credential, Replace), ("200", "It, as it now is; or, of a dry run, what would change.", Some(credential_or_difference))),
        Operation::Write(Credential, Merge) => row(["update_credential", "credentials", "Update a credential",
                "A JSON Merge Patch (RFC 7396): what is not said stays, null clears, `metadata` is merged member by member."], fields(Credential, Merge), ("200", "It, as it now is; or, of a dry run, what would change.", Some(credential_or_difference))),
        Operation::Delete(Credential) => row(["delete_credential", "credentials", "Delete a credential", "For good. Its history stays."], None, ("204", "It is gone.", None)),
        Operation::Write(Credential, Rotate) => row(["rotate_credential", "rotation", "Begin a rotation",
                "Makes a new secret, shown in this answer alone. The old one holds for the grace period, and never longer than the \
                credential. Meanwhile, answers to who still calls with it have `Deprecation` and `Sunset`."], fields(Credential, Rotate), changed::<views::Credential<'_>>()),
        Operation::FinishRotation => row(["finish_rotation", "rotation", "Finish a rotation", "The old secret ends now."], None, changed::<views::Credential<'_>>()),
        Operation::CancelRotation => row(["cancel_rotation", "rotation", "Cancel a rotation", "The new secret ends now, and the old one stays."], None, changed::<views::Credential<'_>>()),
        Operation::Write(Credential, Revoke) => row(["revoke_credential", "credentials", "Revoke a credential",
                "Beside `enabled`: no face but this one can lift it."], fields(Credential, Revoke), changed::<views::Credential<'_>>()),
        Operation::Restore => row(["restore_credential", "credentials", "Restore a revoked credential",
                "Lifts the revocation; `enabled` is as it was."], None, changed::<views::Credential<'_>>()),
        Operation::History(_) => row([history(route), "history", "Show the history",
                "Every change, newest first: who, when, in which request, which members before and after, and whether it widened \
                access. It outlives what it tells of."], None, page::<one_off::Event<'_>>()),
        Operation::Verify(_) if is_oauth(route) => row(["introspect", "verification", "Verify a token",
                "Is it good, and whose is it? A token of another tenant is an unknown one. Nothing is kept anywhere. A client may also \
                authenticate by `client_id` and `client_secret` in the form."],
            introspection_form(), it::<oauth::Introspected<'_>>()),
        Operation::Verify(_) => row(["verify", "verification", "Verify a token",
                "Is it good, whose is it, and may it do this? A token of another tenant is an unknown one. Nothing is kept anywhere, \
                so the answer is as fresh as it says."],
            json_of("Inquiry", true), it::<one_off::Verified<'_>>()),
        Operation::LogIn(_) => row(["log_in", "verification", "Log in",
                "The client credentials grant (RFC 6749 §4.4). Without Basic authentication, the body says `client_id` and `client_secret`."], log_in_form(), it::<Access<'_>>()),
        Operation::Metadata(_) => row(["server_metadata", "verification", "What this server is", "For OAuth clients (RFC 8414)."], None, it::<oauth::Metadata>()),
        // Of other faces.
        Operation::Write(..) | Operation::DeleteAll | Operation::List(..) | Operation::FindByToken | Operation::Roles(_) => row([""; 4], None, ("200", "", None)),
    }
}

const MERGE: &str = "A JSON Merge Patch (RFC 7396): what is not said stays.";

/// The name of an operation that shows a history.
fn history(route: &Route) -> &'static str {
    match route.names().last() {
        Some("credential") => "list_credential_events",
        Some("principal") => "list_principal_events",
        _ => "list_events",
    }
}

fn row(words: [&'static str; 4], body: Option<Value>, (status, about, schema): Answered) -> Described {
    Described { words, body, status, about, schema }
}

fn schema<T: JsonSchema>(schemas: &mut SchemaGenerator) -> Value {
    schemas.subschema_for::<T>().to_value()
}

fn it<T: JsonSchema>() -> Answered {
    ("200", "It.", Some(schema::<T>))
}

fn created<T: JsonSchema>() -> Answered {
    ("201", "It is made.", Some(schema::<T>))
}

fn changed<T: JsonSchema>() -> Answered {
    ("200", "It, as it now is.", Some(schema::<T>))
}

fn page<T: JsonSchema>() -> Answered {
    ("200", "A page.", Some(schema::<views::List<T>>))
}

fn credential_or_difference(schemas: &mut SchemaGenerator) -> Value {
    let dry = schema::<one_off::DryRun>(schemas);
    value!({ "anyOf": [schema::<views::Credential<'_>>(schemas), dry] })
}

/// A body that is read by fields.
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
            "token_type_hint": { "type": "string", "description": "Not needed, and not looked at." },
        }),
    )
}

fn log_in_form() -> Option<Value> {
    form(
        "grant_type",
        &value!({
            "grant_type": { "type": "string", "enum": ["client_credentials"] },
            "client_id": { "type": "string", "description": "`client_` and the credential's id." },
            "client_secret": { "type": "string", "description": "The credential's secret." },
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
    ["/v1/", "/oauth/", "/.well-known/"].iter().any(|prefix| route.path.starts_with(prefix))
}

/// Whether it is one of OAuth's routes.
pub(super) fn is_oauth(route: &Route) -> bool {
    !route.path.starts_with("/v1/")
}
