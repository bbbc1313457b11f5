//! Refusals as problem details (RFC 9457), with every violation: where it is (a JSON pointer, RFC 6901), a stable code, and how
//! to mend it. docs/ERRORS.md lists the codes; a test makes it from this file.

use schemars::JsonSchema;
use serde::Serialize;

use crate::answer::Answer;
use crate::credential::field::{Field, Kind, Location, Noun, Rule, Verb, Violation};
use crate::credential::validate::Dialect;
use crate::face::json;
use crate::refusal::{Conflict, Refusal, Unreadable};

/// Why a request was refused (RFC 9457).
#[derive(Serialize, JsonSchema)]
pub(super) struct Problem {
    /// A name for the kind of problem: `urn:postern:problem:` and the code.
    r#type: String,
    /// What is wrong, in a few words: the same for each problem of its code.
    title: &'static str,
    /// The answer's status.
    status: u16,
    /// What is wrong, for programs: docs/ERRORS.md has them all. They do not change.
    code: &'static str,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    detail: Option<String>,
    /// All that is wrong with the body or the query, in the order of the fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    violations: Vec<Told>,
}

/// A rule that the body breaks, or a query parameter that is not what it has to be.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Violation")]
struct Told {
    /// Where in the body (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pointer: Option<String>,
    /// Which query parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    parameter: Option<&'static str>,
    /// Which rule, for programs.
    code: &'static str,
    /// How to mend it.
    detail: String,
}

/// The answer to a refusal.
#[expect(clippy::too_many_lines, reason = "one arm a refusal, and nothing else")]
pub(super) fn render(dialect: &dyn Dialect, refusal: &Refusal) -> Answer {
    let plain = |status, code, title| (status, code, title, None);
    let detailed = |status, code, title, detail: &str| (status, code, title, Some(detail.to_owned()));
    let mut violations = Vec::new();
    let (status, code, title, detail) = match refusal {
        Refusal::Misconfigured(setting) => {
            detailed(503, "misconfigured", "The service is not configured", &setting.words())
        }
        Refusal::NoRoute => detailed(404, "no_route", "There is no such route", "/docs lists the routes there are."),
        Refusal::MethodNotAllowed { allow } => {
            detailed(405, "method_not_allowed", "This route has no such method", &format!("It takes {allow}."))
        }
        Refusal::MediaType => detailed(
            415,
            "unsupported_media_type",
            "The body is of another media type",
            "Send application/json; to PATCH, application/merge-patch+json (RFC 7396) too.",
        ),
        Refusal::TooLarge => detailed(413, "too_large", "The body is too large", "It may have at most 64 KiB."),
        Refusal::Unreadable(Unreadable::Parameters(parameters)) => {
            violations.extend(parameters.iter().map(|parameter| Told {
                pointer: None,
                parameter: Some(parameter.name),
                code: "parameter",
                detail: parameter.words(),
            }));
            detailed(400, "bad_parameters", "The query cannot be read", "Mend each of the violations.")
        }
        Refusal::Unreadable(unknown @ Unreadable::UnknownParameter(_)) => {
            detailed(400, "unknown_parameter", "The query has a parameter that is not known", &unknown.words())
        }
        Refusal::Unreadable(Unreadable::IdempotencyKey) => detailed(
            400,
            "bad_idempotency_key",
            "The Idempotency-Key cannot be used",
            "It has to be 1 to 255 visible ASCII characters.",
        ),
        Refusal::Unreadable(tags @ Unreadable::TooManyTags(_)) => {
            detailed(400, "too_many_etags", "The precondition has too many ETags", &tags.words())
        }
        Refusal::Unreadable(reason) => detailed(400, "unreadable", "The body cannot be read", &reason.words()),
        Refusal::Unauthenticated => detailed(
            401,
            "unauthenticated",
            "Who calls is not known",
            "Send a secret or an access token: Authorization: Bearer …",
        ),
        Refusal::TooManyFailures => detailed(
            429,
            "too_many_failures",
            "Too many failed authentications",
            "Wait as long as Retry-After says. A call with a secret that holds is answered all the while.",
        ),
        Refusal::Inactive => detailed(
            401,
            "inactive",
            "The caller is disabled",
            "An administrator can enable it again, or its principal; root its tenant.",
        ),
        Refusal::Forbidden | Refusal::TenantNotNamed => detailed(
            403,
            "forbidden",
            "The caller may not do this",
            "Viewers read, editors change names and descriptions, administrators do all within their tenant; root alone makes and deletes tenants.",
        ),
        Refusal::Missing(Noun::Tenant) => detailed(404, "no_tenant", "There is no such tenant", MISSING),
        Refusal::Missing(Noun::Principal) => detailed(404, "no_principal", "There is no such principal", MISSING),
        Refusal::Missing(Noun::Credential) => detailed(404, "no_credential", "There is no such credential", MISSING),
        Refusal::Stale => detailed(
            412,
            "stale",
            "It is not at the version that was asked for",
            "If-Match, or If-None-Match, does not hold: read it again, and send the ETag that it has now.",
        ),
        Refusal::PreconditionRequired => detailed(
            428,
            "precondition_required",
            "The tenant requires If-Match",
            "Read it, and send its ETag as If-Match.",
        ),
        Refusal::KeyReused => detailed(
            422,
            "key_reused",
            "The Idempotency-Key was used for another request",
            "Send a new key, or the same body as before.",
        ),
        Refusal::TooMany => detailed(
            400,
            "too_many",
            "There are more than 10,000 credentials",
            "That is more than one deletion takes: delete some of them first.",
        ),
        Refusal::Invalid(broken) => {
            violations.extend(broken.iter().map(|violation| told(dialect, violation)));
            detailed(422, "invalid", "The body breaks rules", "Mend each of the violations.")
        }
        Refusal::ForbiddenChange => detailed(
            403,
            "forbidden_change",
            "The caller may not make this change",
            "Editors change names and descriptions; nobody sets an end later than its own; root alone switches tenants on and off.",
        ),
        Refusal::NoRoles => detailed(
            403,
            "no_rbac",
            "The tenant's credentials have no roles",
            "Its rbac is false: set it to true, or leave roles as they are.",
        ),
        Refusal::Conflict(Conflict::Id) => plain(409, "taken_id", "The id is taken"),
        Refusal::Conflict(Conflict::Secret) => plain(409, "taken_secret", "The secret cannot be used"),
        Refusal::Conflict(Conflict::Revoked) => plain(409, "revoked", "The credential is revoked"),
        Refusal::Conflict(Conflict::Rotating) => detailed(
            409,
            "rotating",
            "The credential has two secrets already",
            "Finish or cancel its rotation, or wait for its deadline.",
        ),
        Refusal::Conflict(Conflict::NotRotating) => detailed(
            409,
            "not_rotating",
            "The credential has one secret alone",
            "There is no rotation: begin one, or leave it.",
        ),
        Refusal::Conflict(Conflict::DefaultPrincipal) => detailed(
            409,
            "default_principal",
            "The default principal is neither deleted nor disabled",
            "It goes with its tenant.",
        ),
        Refusal::Conflict(Conflict::NotEmpty) => detailed(
            409,
            "not_empty",
            "The tenant has credentials or principals",
            "To delete them with it, add ?force=true.",
        ),
        Refusal::Unavailable => {
            detailed(503, "unavailable", "The database does not answer", "Nothing was done: try again.")
        }
        Refusal::OutcomeUnknown => detailed(
            503,
            "outcome_unknown",
            "The database did not say whether this was done",
            "All of it was, or nothing. Send it again with the same If-Match or Idempotency-Key, or read it first.",
        ),
        Refusal::Broken(_) => detailed(500, "internal", "Something failed on our side", "It has been logged."),
    };
    let problem = Problem { r#type: format!("urn:postern:problem:{code}"), title, status, code, detail, violations };
    let answer = Answer::new(status, json(&problem));
    // RFC 5789 §2.2.
    if status == 415 { answer.with("accept-patch", "application/merge-patch+json, application/json") } else { answer }
}

const MISSING: &str = "It is gone, or never was; what is another tenant's is told the same way.";

fn told(dialect: &dyn Dialect, violation: &Violation) -> Told {
    let Violation { field, location, rule } = violation;
    let (code, detail) = words(rule);
    Told { pointer: Some(pointer(dialect, *field, location)), parameter: None, code, detail }
}

/// Where in the body it is.
fn pointer(dialect: &dyn Dialect, field: Field, location: &Location) -> String {
    let verbs = [Verb::Create, Verb::Rotate, Verb::Revoke];
    let nouns = [Noun::Credential, Noun::Principal, Noun::Tenant];
    let word = nouns
        .into_iter()
        .filter(|noun| noun.has(field))
        .find_map(|noun| verbs.into_iter().find_map(|verb| dialect.word(noun, verb, field)))
        .map(|word| format!("/{word}"))
        .unwrap_or_default();
    match location {
        Location::Whole => word,
        Location::Role(index) | Location::Item(index) => format!("{word}/{index}"),
        Location::Member(index, member) => format!("{word}/{index}/{}", member.name()),
        Location::UnknownMember(index, name) => format!("{word}/{index}/{}", escaped(name)),
        Location::Key(name) => format!("{word}/{}", escaped(name)),
    }
}

/// A name as a part of a pointer (RFC 6901 §3).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// A rule's stable code, and how to mend what breaks it.
fn words(rule: &Rule) -> (&'static str, String) {
    let given = |text: &str| text.to_owned();
    match rule {
        Rule::Missing => ("missing", given("It has to be said, null aloud where it may be null.")),
        Rule::NotNull => ("not_null", given("It cannot be null: say a value.")),
        Rule::Type(Kind::Text) => ("type", given("It has to be a string.")),
        Rule::Type(Kind::Boolean) => ("type", given("It has to be true or false.")),
        Rule::Type(Kind::List) => ("type", given("It has to be an array.")),
        Rule::Type(Kind::Object) => ("type", given("It has to be an object.")),
        Rule::Type(Kind::Number) => ("type", given("It has to be a whole number.")),
        Rule::TooShort { min } => ("too_short", format!("It has to have at least {min} character(s).")),
        Rule::TooLong { max } => ("too_long", format!("It may have at most {max} characters.")),
        Rule::TooMany { max } => ("too_many", format!("It may have at most {max} items, after merging.")),
        Rule::TooManySent { max } => ("too_many", format!("Send at most {max} items, duplicates counted.")),
        Rule::TooManyViolations { max } => (
            "too_many_violations",
            format!(
                "The body has more than {max} violations. The first {max} are listed: fix them, then send it again."
            ),
        ),
        Rule::TooLarge { max } => ("too_large", format!("It may have at most {max} bytes, after merging.")),
        Rule::NotInRange { min, max } => ("not_in_range", format!("It has to be from {min} to {max}.")),
        Rule::Control => ("control_character", given("It may not hold control characters.")),
        Rule::NotAnId => ("not_an_id", given("It has to be an id: 26 characters of base32.")),
        Rule::NotATime => ("not_a_time", given("It has to be an RFC 3339 time from 1970 to 2255.")),
        Rule::Empty => ("empty", given("An empty list says nothing: say roles, or null for full access.")),
        Rule::UnknownRole => ("unknown_role", given("The tenant has no role of this name: its role_names list them.")),
        Rule::UnknownPrincipal(_) => ("unknown_principal", given("The tenant has no principal of this id.")),
        Rule::InstanceAlone => ("instance_alone", given("It needs its resource.")),
        Rule::ReadOnly => {
            ("read_only", given("It only reads: leave it out, or, to PUT or PATCH, say the value that it has."))
        }
        Rule::Unknown(None) => ("unknown_member", given("There is no such member: leave it out.")),
        Rule::Unknown(Some(nearest)) => ("unknown_member", format!("There is no such member; did you mean {nearest}?")),
        // Of fields that this face does not have.
        Rule::OutsideContext | Rule::LastRole | Rule::NotAContext => ("context", given("It does not fit the context.")),
        Rule::NotAToken | Rule::Checksum | Rule::LooksLikeAClient => ("not_a_token", given("It is no token.")),
    }
}
