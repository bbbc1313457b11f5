//! Refusals as problem details (RFC 9457). Each violation has a JSON pointer (RFC 6901), a stable code and how to fix
//! it. docs/ERRORS.md lists the codes; a test generates it from this file.

use schemars::JsonSchema;
use serde::Serialize;

use super::one_off::ChecksView;
use crate::answer::Answer;
use crate::credential::field::{Field, Kind, Location, Noun, Rule, Verb, Violation};
use crate::credential::validate::Dialect;
use crate::face::json;
use crate::refusal::{Conflict, Refusal, Unreadable};

/// Why a request was refused (RFC 9457).
#[derive(Serialize, JsonSchema)]
pub(super) struct Problem {
    /// `urn:postern:problem:` followed by the code.
    r#type: String,
    /// What is wrong, in a few words. Every problem with the same code has the same title.
    title: &'static str,
    /// The HTTP status code of the response.
    status: u16,
    /// A stable code, for programs. docs/ERRORS.md lists all codes.
    code: &'static str,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    detail: Option<String>,
    /// Every violation of the body or the query, in the order of the fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    violations: Vec<ViolationView>,
    /// The checks of readiness; only for the root token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ChecksView")]
    checks: Option<ChecksView>,
}

/// A member of the body that violates a rule, or an invalid query parameter.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Violation")]
struct ViolationView {
    /// A JSON pointer to the member of the body (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pointer: Option<String>,
    /// The name of the query parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    parameter: Option<&'static str>,
    /// A stable code of the rule, for programs.
    code: &'static str,
    /// How to fix it.
    detail: String,
}

/// Renders a refusal.
#[expect(clippy::too_many_lines, reason = "one arm for each refusal, and nothing else")]
pub(super) fn render(dialect: &dyn Dialect, refusal: &Refusal) -> Answer {
    let plain = |status, code, title| (status, code, title, None);
    let detailed = |status, code, title, detail: &str| (status, code, title, Some(detail.to_owned()));
    let mut violations = Vec::new();
    let (status, code, title, detail) = match refusal {
        Refusal::Misconfigured(setting) => {
            detailed(503, "misconfigured", "The service is not configured", &setting.words())
        }
        Refusal::NoRoute => detailed(404, "no_route", "No route has this path", "See /docs for the list of routes."),
        Refusal::MethodNotAllowed { allow } => {
            detailed(405, "method_not_allowed", "Method not allowed", &format!("This route accepts {allow}."))
        }
        Refusal::ContentCoding => detailed(
            415,
            "unsupported_content_encoding",
            "Unsupported Content-Encoding",
            "Send the body uncompressed, without Content-Encoding.",
        ),
        Refusal::MediaType => detailed(
            415,
            "unsupported_media_type",
            "Unsupported media type",
            "Send application/json. PATCH also accepts application/merge-patch+json (RFC 7396).",
        ),
        Refusal::TooLarge => detailed(413, "too_large", "The body is too large", "Send at most 64 KiB."),
        Refusal::Unreadable(Unreadable::Parameters(parameters)) => {
            violations.extend(parameters.iter().map(|parameter| ViolationView {
                pointer: None,
                parameter: Some(parameter.name),
                code: "parameter",
                detail: parameter.words(),
            }));
            detailed(400, "bad_parameters", "Invalid query parameters", "Fix every violation listed.")
        }
        Refusal::Unreadable(unknown @ Unreadable::UnknownParameter(_)) => {
            detailed(400, "unknown_parameter", "Unknown query parameter", &unknown.words())
        }
        Refusal::Unreadable(Unreadable::IdempotencyKey) => detailed(
            400,
            "bad_idempotency_key",
            "Missing or invalid Idempotency-Key",
            "Send 1 to 255 visible ASCII characters.",
        ),
        Refusal::Unreadable(tags @ Unreadable::TooManyTags(_)) => {
            detailed(400, "too_many_etags", "Too many ETags in a precondition", &tags.words())
        }
        Refusal::Unreadable(reason) => detailed(400, "unreadable", "The body cannot be read", &reason.words()),
        Refusal::Unauthenticated => detailed(
            401,
            "unauthenticated",
            "Authentication failed",
            "Send a valid secret or access token as Authorization: Bearer …",
        ),
        Refusal::Verifier => detailed(
            503,
            "verifier",
            "The proxy's credential was not accepted",
            "Send a valid secret or access token of a viewer in Postern-Verifier, once.",
        ),
        Refusal::TooManyFailures => detailed(
            429,
            "too_many_failures",
            "Too many failed authentications",
            "Wait for the seconds in Retry-After. Requests with a valid secret are still accepted.",
        ),
        Refusal::Inactive => detailed(
            401,
            "inactive",
            "The caller's credential, principal or tenant is disabled",
            "Ask an administrator to enable the credential or principal; only the root token enables a tenant.",
        ),
        Refusal::Forbidden | Refusal::TenantNotNamed => detailed(
            403,
            "forbidden",
            "The caller lacks permission for this operation",
            "Use a credential with the required access: `verify`, `read`, `edit` for names and descriptions, `admin` for everything else in its tenant. Only the root token creates and deletes tenants.",
        ),
        Refusal::Missing(Noun::Tenant) => detailed(404, "no_tenant", "Tenant not found", MISSING),
        Refusal::Missing(Noun::Principal) => detailed(404, "no_principal", "Principal not found", MISSING),
        Refusal::Missing(Noun::Credential) => detailed(404, "no_credential", "Credential not found", MISSING),
        Refusal::MissingMeans => detailed(
            404,
            "no_means",
            "Key or trust not found",
            "The credential has none with this id. List its keys or trusts.",
        ),
        Refusal::Stale => detailed(
            412,
            "stale",
            "Precondition failed",
            "If-Match or If-None-Match does not match the current version. Read the resource again and send its current ETag.",
        ),
        Refusal::PreconditionRequired => detailed(
            428,
            "precondition_required",
            "The tenant requires If-Match",
            "Read the credential and send its ETag in If-Match.",
        ),
        Refusal::KeyReused => detailed(
            422,
            "key_reused",
            "The Idempotency-Key was already used with another body",
            "Send a new key, or the original body.",
        ),
        Refusal::TooMany => detailed(
            400,
            "too_many",
            "More than 10,000 credentials would be deleted",
            "Delete some of the credentials first. One request deletes at most 10,000.",
        ),
        Refusal::Invalid(found) => {
            violations.extend(found.iter().map(|violation| violation_view(dialect, violation)));
            detailed(422, "invalid", "Validation failed", "Fix every violation listed.")
        }
        Refusal::ForbiddenChange => detailed(
            403,
            "forbidden_change",
            "The caller lacks permission for this change",
            "With access `edit`, a caller changes only names and descriptions. A caller that expires gives no access that lasts longer than its own. Only the root token gives access `verify_all`, changes a credential that has it, and enables and disables tenants. A credential rotates itself with its newest secret, and only if `self_rotate` is set.",
        ),
        Refusal::NoRoles => detailed(
            403,
            "no_rbac",
            "RBAC is disabled for this tenant",
            "Set the tenant's rbac to true, or leave roles unchanged.",
        ),
        Refusal::Conflict(Conflict::Id) => plain(409, "taken_id", "The id is already in use"),
        Refusal::Conflict(Conflict::Secret) => plain(409, "taken_secret", "The secret cannot be used"),
        Refusal::Conflict(Conflict::Means) => plain(409, "taken_means", "The credential has this key or trust"),
        Refusal::Conflict(Conflict::Revoked) => plain(409, "revoked", "The credential is revoked"),
        Refusal::Conflict(Conflict::Rotating) => detailed(
            409,
            "rotating",
            "A rotation is already in progress",
            "Finish or cancel the rotation, or wait until the old secret expires.",
        ),
        Refusal::Conflict(Conflict::NotRotating) => {
            detailed(409, "not_rotating", "No rotation is in progress", "Begin a rotation first.")
        }
        Refusal::Conflict(Conflict::DefaultPrincipal) => detailed(
            409,
            "default_principal",
            "The default principal cannot be deleted or disabled",
            "To delete it, delete its tenant.",
        ),
        Refusal::Conflict(Conflict::NotEmpty) => detailed(
            409,
            "not_empty",
            "The tenant is not empty",
            "Add ?force=true to delete its credentials and principals too.",
        ),
        Refusal::NotReady(_) => detailed(
            503,
            "not_ready",
            "The service is not ready",
            "A check fails, or the first one has not finished. With the root token, the response has the checks.",
        ),
        // Log-ins, the only operations that need an issuer's keys, are on another face.
        Refusal::Unavailable | Refusal::NoIssuerKeys => {
            detailed(503, "unavailable", "The database is unavailable", "Nothing was changed. Try again.")
        }
        Refusal::OutcomeUnknown => detailed(
            503,
            "outcome_unknown",
            "The outcome of this change is unknown",
            "The change was made completely or not at all; a deletion of many, perhaps in part. Send it again with the same If-Match or Idempotency-Key, or read the resource first.",
        ),
        Refusal::Broken(_) => detailed(
            500,
            "internal",
            "Internal error",
            "The error was logged. Report the X-Request-Id of this response to the operator.",
        ),
    };
    let checks = if let Refusal::NotReady(Some(checks)) = refusal { Some(ChecksView::new(checks)) } else { None };
    let r#type = format!("urn:postern:problem:{code}");
    let problem = Problem { r#type, title, status, code, detail, violations, checks };
    let answer = Answer::new(status, json(&problem));
    // RFC 5789 §2.2.
    if *refusal == Refusal::MediaType {
        answer.with("accept-patch", "application/merge-patch+json, application/json")
    } else {
        answer
    }
}

const MISSING: &str = "It does not exist or was deleted. Resources of other tenants look the same.";

fn violation_view(dialect: &dyn Dialect, violation: &Violation) -> ViolationView {
    let Violation { field, location, rule } = violation;
    let (code, detail) = words(rule);
    ViolationView { pointer: Some(pointer(dialect, *field, location)), parameter: None, code, detail }
}

/// Returns the JSON pointer to a location in the body.
fn pointer(dialect: &dyn Dialect, field: Field, location: &Location) -> String {
    let verbs = [Verb::Create, Verb::Rotate, Verb::Revoke];
    let nouns = [Noun::Credential, Noun::Principal, Noun::Tenant];
    let word = nouns
        .into_iter()
        .filter(|noun| noun.has(field))
        .find_map(|noun| verbs.into_iter().find_map(|verb| dialect.word(noun, verb, field)))
        .map(|word| format!("/{word}"))
        .unwrap_or_default();
    word + &within(location)
}

/// Returns the JSON pointer to a location, from its field.
pub(super) fn within(location: &Location) -> String {
    match location {
        Location::Whole => String::new(),
        Location::Role(index) | Location::Item(index) => format!("/{index}"),
        Location::Member(index, member) => format!("/{index}/{}", member.name()),
        Location::UnknownMember(index, name) => format!("/{index}/{}", escaped(name)),
        Location::Key(name) => format!("/{}", escaped(name)),
        Location::Pointer(pointer) => pointer.clone(),
    }
}

/// Escapes a name as a token of a JSON pointer (RFC 6901 §3).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Returns a rule's stable code, and how to fix a violation of it.
fn words(rule: &Rule) -> (&'static str, String) {
    let given = |text: &str| text.to_owned();
    match rule {
        Rule::Missing => ("missing", given("Required. Send `null` explicitly to clear it, where null is allowed.")),
        Rule::NotNull => ("not_null", given("Cannot be null. Send a value.")),
        Rule::Type(Kind::Text) => ("type", given("Must be a string.")),
        Rule::Type(Kind::Boolean) => ("type", given("Must be true or false.")),
        Rule::Type(Kind::List) => ("type", given("Must be an array.")),
        Rule::Type(Kind::Object) => ("type", given("Must be an object.")),
        Rule::Type(Kind::Number) => ("type", given("Must be a whole number.")),
        Rule::TooShort { min } => ("too_short", format!("Must have at least {min} character(s).")),
        Rule::TooLong { max } => ("too_long", format!("Must have at most {max} characters.")),
        Rule::TooMany { max } => ("too_many", format!("Must have at most {max} items after merging.")),
        Rule::TooManySent { max } => ("too_many", format!("Send at most {max} items; duplicates count.")),
        Rule::TooManyViolations { max } => (
            "too_many_violations",
            format!("The body has more than {max} violations. Fix the first {max}, listed here, and send it again."),
        ),
        Rule::TooLarge { max } => ("too_large", format!("Must have at most {max} bytes of JSON after merging.")),
        Rule::NotInRange { min, max } => ("not_in_range", format!("Must be from {min} to {max}.")),
        Rule::Control => ("control_character", given("Must not contain control characters.")),
        Rule::NotAScopeToken => (
            "invalid_role_name",
            given("Must be visible ASCII characters without spaces, quotation marks and backslashes."),
        ),
        Rule::NotAnId => ("not_an_id", given("Must be an id: 26 characters of base32.")),
        Rule::Means(wants) => ("key_or_trust", format!("{wants}.")),
        Rule::Unpinned(pins) => (
            "unpinned",
            format!(
                "Many organizations share this issuer: require the value of {}, an id that no other organization can have.",
                pins.join(" or ")
            ),
        ),
        Rule::NotATime => ("not_a_time", given("Must be an RFC 3339 time with its offset, from 1970 to 2255.")),
        Rule::NotAChoice { of } => ("not_a_choice", format!("Must be one of {}.", of.join(", "))),
        Rule::NotOfDefaultPrincipal => (
            "not_default_principal",
            given(
                "A credential with access verify_all belongs to the tenant's default principal, which cannot be disabled.",
            ),
        ),
        Rule::ItemCount { min, max } => ("item_count", format!("Must have {min} to {max} items.")),
        Rule::ExactlyOne(members) => ("exactly_one", format!("Send exactly one of {}.", members.join(" and "))),
        Rule::UnknownRole => {
            ("unknown_role", given("The tenant has no role with this name. Use one of its role_names."))
        }
        Rule::UnknownPrincipal(_) => (
            "unknown_principal",
            given("The tenant has no principal with this id. Use the id of an existing principal."),
        ),
        Rule::InstanceAlone => ("instance_alone", given("Requires resource next to it.")),
        Rule::ReadOnly => ("read_only", given("Read-only. Omit it, or in PUT and PATCH send its current value.")),
        Rule::Unknown(None) => ("unknown_member", given("Unknown member. Omit it.")),
        Rule::Unknown(Some(nearest)) => ("unknown_member", format!("Unknown member. Did you mean {nearest}?")),
        // Rules on fields that this face does not have.
        Rule::OutsideContext | Rule::LastRole | Rule::NotAContext => ("context", given("Does not fit the context.")),
        Rule::NotAToken | Rule::Checksum | Rule::LooksLikeAClient => ("not_a_token", given("Not a valid token.")),
    }
}
