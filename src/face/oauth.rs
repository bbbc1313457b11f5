//! The token endpoint of OAuth 2.0, client credentials grant (RFC 6749 §4.4): for Keycard's clients, which log in at a path
//! of their own and parse the errors of §5.2.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use zeroize::Zeroizing;

use super::{Face, STALENESS, by_words, json, staleness};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::credential::field::{Field, Given, Meaning, Noun, Verb};
use crate::credential::id::Id;
use crate::credential::time::Micros;
use crate::credential::validate::Dialect;
use crate::jwt::jwk::Algorithm;
use crate::operation::{
    Assertion, AssertionAs, Handler, Inquiries, Inquiry, LogIn, LogInBy, ReadInquiry, ReadLogIn, Render, RenderContext,
    RenderVerified, Verified,
};
use crate::refusal::{Parameter, Refusal, Unreadable};
use crate::request::Request;
use crate::settings::Settings;

/// The words for fields: none.
pub struct OAuth;

impl Dialect for OAuth {
    fn word(&self, _noun: Noun, _verb: Verb, _field: Field) -> Option<&'static str> {
        None
    }

    fn exception(&self, _verb: Verb, _field: Field, _given: &Given) -> Option<Meaning> {
        None
    }

    fn read_id(&self, text: &str) -> Option<Id> {
        Id::parse_client(text)
    }

    fn spell_id(&self, id: Id) -> String {
        id.client()
    }

    fn read_time(&self, text: &str) -> Option<Micros> {
        Micros::parse(text)
    }
}

/// The face of the OAuth endpoints.
pub static OAUTH: Face = Face {
    dialect: &OAuth,
    read_body: |noun, verb, mut body| by_words(&OAuth, noun, verb, &mut body),
    render_error,
    tenants: None,
    principals: None,
    credentials: None,
    deleted: (204, ""),
    prefixes: &["/oauth", "/.well-known/oauth-authorization-server"],
    ignores_final_slash: false,
    preflight: None,
    request_id_header: None,
    token_header: None,
    is_oauth: true,
    tenant_header: None,
    takes_labels: false,
    is_strict: false,
    takes_idempotency_keys: false,
    reveals_secrets: false,
    lists_secrets: false,
    access_of_roles: None,
    says_active: false,
    delete_is_idempotent: false,
    error_type: "application/json",
    correlation_header: None,
    headers: &[],
};

/// Logs in.
pub(crate) const LOG_IN: Handler<ReadLogIn> = Handler(read_log_in);
/// Introspects a token (RFC 7662).
pub(crate) const VERIFY: Handler<(ReadInquiry, RenderVerified)> =
    Handler((read_inquiry, |context, verified| Answer::new(200, json(&Introspected::new(context, verified.first())))));
/// Describes this server (RFC 8414).
pub(crate) const METADATA: Handler<Render<()>> =
    Handler(|context, ()| Answer::new(200, json(&Metadata::new(context.issuer))));

fn read_inquiry(request: &Request<'_>) -> Result<Inquiries, Refusal> {
    let mut form = request.form()?;
    let mut wrong = Vec::new();
    let token = form.remove("token");
    if token.is_none() {
        wrong.push(Parameter { name: "token", wants: "is required" });
    }
    let staleness = form.remove(STALENESS).map(|text| staleness(&text));
    if let Some(Err(wants)) = staleness {
        wrong.push(Parameter { name: STALENESS, wants });
    }
    if !wrong.is_empty() {
        return Err(Refusal::Unreadable(Unreadable::Parameters(wrong)));
    }
    let items = token.into_iter().map(|token| Inquiry { token, needs: Vec::new() }).collect();
    Ok(Inquiries { items, staleness: staleness.and_then(Result::ok), violations: Vec::new() })
}

fn read_log_in(request: &Request<'_>, settings: &Settings) -> Result<LogIn, Refusal> {
    let mut form = request.form()?;
    match form.get("grant_type").map(|grant| grant.as_str()) {
        Some("client_credentials") => {}
        Some(ASSERTION_GRANT) => {
            let by = LogInBy::Assertion(read_grant(&mut form, request)?);
            return Ok(LogIn { by, scope: scope_of(&mut form) });
        }
        Some(_) => return Err(Refusal::Unreadable(Unreadable::GrantType)),
        None => return Err(Refusal::Unreadable(Unreadable::Form)),
    }
    let by = if let Some(text) = form.remove("client_assertion") {
        LogInBy::Assertion(read_assertion(&form, request, text)?)
    } else {
        let basic = Caller::basic(request.headers, settings);
        LogInBy::Secret(Caller::oauth(&form, request.headers, settings, basic)?)
    };
    Ok(LogIn { by, scope: scope_of(&mut form) })
}

fn scope_of(form: &mut BTreeMap<String, Zeroizing<String>>) -> Option<Zeroizing<String>> {
    form.remove("scope").filter(|scope| !scope.trim().is_empty())
}

/// Reads an assertion of the client (RFC 7523 §2.2). It is the only authentication of the request.
fn read_assertion(
    form: &BTreeMap<String, Zeroizing<String>>,
    request: &Request<'_>,
    text: Zeroizing<String>,
) -> Result<Assertion, Refusal> {
    let is_jwt = form.get("client_assertion_type").is_some_and(|kind| **kind == ASSERTION_TYPE);
    if !is_jwt || form.contains_key("client_secret") || request.headers.get("authorization").is_some() {
        return Err(Refusal::Unreadable(Unreadable::Assertion));
    }
    let client = form.get("client_id").map(|id| Id::parse_client(id).ok_or(Refusal::Unauthenticated)).transpose()?;
    Ok(Assertion { sent_as: AssertionAs::Client, client, text })
}

/// Reads an assertion that is the grant (RFC 7523 §2.1). The client does not authenticate in addition.
fn read_grant(form: &mut BTreeMap<String, Zeroizing<String>>, request: &Request<'_>) -> Result<Assertion, Refusal> {
    let authenticates = form.contains_key("client_secret") || form.contains_key("client_assertion");
    let text = form.remove("assertion").filter(|_| !authenticates && request.headers.get("authorization").is_none());
    let text = text.ok_or(Refusal::Unreadable(Unreadable::GrantAssertion))?;
    let refused = Refusal::Unreadable(Unreadable::Grant);
    let client = form.get("client_id").map(|id| Id::parse_client(id).ok_or(refused)).transpose()?;
    Ok(Assertion { sent_as: AssertionAs::Grant, client, text })
}

/// The grant of an assertion (RFC 7523 §2.1).
pub(crate) const ASSERTION_GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// The type of a client assertion that is a JWT (RFC 7523 §2.2).
pub(crate) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn render_error(refusal: &Refusal) -> Answer {
    let (status, error, description) = match refusal {
        Refusal::Unreadable(Unreadable::GrantType) => {
            (400, "unsupported_grant_type", format!("grant_type must be client_credentials or {ASSERTION_GRANT}."))
        }
        Refusal::Unreadable(reason @ Unreadable::Grant) => (400, "invalid_grant", reason.words()),
        Refusal::Unreadable(reason @ Unreadable::Scope) => (400, "invalid_scope", reason.words()),
        Refusal::Unreadable(reason) => (400, "invalid_request", reason.words()),
        Refusal::ContentCoding => {
            (415, "invalid_request", "The Content-Encoding is not supported: send the body uncompressed.".to_owned())
        }
        Refusal::MediaType => {
            (415, "invalid_request", "The Content-Type must be application/x-www-form-urlencoded.".to_owned())
        }
        Refusal::TooLarge => (413, "invalid_request", "The body is larger than 64 KiB.".to_owned()),
        Refusal::MethodNotAllowed { allow } => (405, "invalid_request", format!("This route accepts {allow}.")),
        Refusal::Misconfigured(setting) => (503, "temporarily_unavailable", setting.words()),
        // These routes write nothing, so no outcome is unknown.
        Refusal::NotReady(_) | Refusal::Verifier | Refusal::Unavailable | Refusal::OutcomeUnknown => {
            (503, "temporarily_unavailable", "The database is unavailable. Try again.".to_owned())
        }
        Refusal::NoIssuerKeys => (
            503,
            "temporarily_unavailable",
            "The keys of the assertion's issuer cannot be fetched. Try again in a minute.".to_owned(),
        ),
        Refusal::Broken(_) => (500, "server_error", "Internal error.".to_owned()),
        Refusal::Unauthenticated | Refusal::Inactive => (
            401,
            "invalid_client",
            "Authentication failed: the client id and secret, or the token, were not accepted.".to_owned(),
        ),
        Refusal::TooManyFailures => {
            (429, "temporarily_unavailable", "Too many failed authentications: try again in a minute.".to_owned())
        }
        Refusal::Forbidden => (403, "insufficient_scope", "The caller lacks permission for this operation.".to_owned()),
        Refusal::NoRoute => (404, "invalid_request", "No route has this path.".to_owned()),
        // These routes check only the caller, so these cannot occur.
        Refusal::TenantNotNamed
        | Refusal::Missing(_)
        | Refusal::MissingMeans
        | Refusal::Stale
        | Refusal::PreconditionRequired
        | Refusal::KeyReused
        | Refusal::TooMany
        | Refusal::Invalid(_)
        | Refusal::ForbiddenChange
        | Refusal::NoRoles
        | Refusal::Conflict(_) => (400, "invalid_request", "The request is not valid.".to_owned()),
    };
    Answer::new(status, json(&Error { error, error_description: description }))
}

/// Why a request was refused (RFC 6749 §5.2).
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OAuthError")]
pub(crate) struct Error {
    /// Which error, for programs.
    error: &'static str,
    /// What is wrong, and what to do about it.
    error_description: String,
}

/// The result of introspection (RFC 7662 §2.2).
#[derive(Serialize, JsonSchema)]
pub(crate) struct Introspected<'a> {
    /// Whether the token is valid.
    active: bool,
    /// The issuer, as the metadata of RFC 8414 names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    iss: Option<&'a str>,
    /// The client id of its credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    client_id: Option<String>,
    /// The subject: the same as `client_id`, since a client acts for itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    sub: Option<String>,
    /// The tenant that owns the credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Id")]
    tenant: Option<Id>,
    /// The id of the principal that the credential authenticates as.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Id")]
    principal: Option<Id>,
    /// The name of the credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    username: Option<&'a str>,
    /// `Bearer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    token_type: Option<&'static str>,
    /// When it ends, in seconds since 1970; not there if never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    exp: Option<i64>,
    /// The roles that it has on every resource, separated by spaces; with full access, every role of the tenant. Absent if there
    /// are none. What it may do on one resource, `/v1/verify` tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    scope: Option<String>,
    /// Every change that was committed before this time, in seconds since 1970, is reflected.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    checked_at: Option<i64>,
    /// The bound in force on the age of the answer, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    max_staleness_seconds: Option<i64>,
}

impl<'a> Introspected<'a> {
    fn new(context: &'a RenderContext<'_>, verified: Option<&'a Verified>) -> Self {
        // "The authorization server SHOULD NOT include any additional information about an inactive token."
        let subject = verified.and_then(|verified| verified.subject.as_ref()).filter(|subject| subject.fault.is_none());
        let evidence = verified.filter(|_| subject.is_some()).map(|verified| verified.evidence);
        let client = subject.map(|subject| subject.credential.client());
        Self {
            active: subject.is_some(),
            iss: subject.map(|_| context.issuer),
            client_id: client.clone(),
            sub: client,
            tenant: subject.map(|subject| subject.tenant),
            principal: subject.map(|subject| subject.principal),
            username: subject.map(|subject| subject.name.as_str()),
            token_type: subject.map(|_| "Bearer"),
            exp: subject.and_then(|subject| subject.ends.earliest()).map(|at| at.0 / 1_000_000),
            scope: subject.and_then(|subject| subject.scope.clone()),
            checked_at: evidence.map(|evidence| evidence.as_of.0 / 1_000_000),
            max_staleness_seconds: evidence.map(|evidence| evidence.bound),
        }
    }
}

/// Authorization server metadata (RFC 8414 §2). No member is an empty array (§3.2).
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ServerMetadata")]
pub(crate) struct Metadata {
    /// The server: the setting `POSTERN_ISSUER`, or else the scheme and the host of the request.
    issuer: String,
    /// Where to log in.
    token_endpoint: String,
    /// Where a person would log in: nothing is there. Some clients reject a document without it (RFC 8414 requires it of servers that
    /// have such a grant).
    authorization_endpoint: String,
    /// Where to ask about a token.
    introspection_endpoint: String,
    /// How to log in.
    grant_types_supported: &'static [&'static str],
    /// How a client authenticates to log in.
    token_endpoint_auth_methods_supported: &'static [&'static str],
    /// How the assertions of a client may be signed.
    token_endpoint_auth_signing_alg_values_supported: &'static [&'static str],
    /// How a client authenticates to ask about a token.
    introspection_endpoint_auth_methods_supported: &'static [&'static str],
    /// `none`: there is no authorization endpoint.
    response_types_supported: &'static [&'static str],
}

impl Metadata {
    fn new(issuer: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            token_endpoint: format!("{issuer}/oauth/token"),
            authorization_endpoint: format!("{issuer}/oauth/authorize"),
            introspection_endpoint: format!("{issuer}/oauth/introspect"),
            grant_types_supported: &["client_credentials", ASSERTION_GRANT],
            token_endpoint_auth_methods_supported: &["client_secret_basic", "client_secret_post", "private_key_jwt"],
            token_endpoint_auth_signing_alg_values_supported: &Algorithm::NAMES,
            introspection_endpoint_auth_methods_supported: &["client_secret_basic", "client_secret_post", "Bearer"],
            response_types_supported: &["none"],
        }
    }
}
