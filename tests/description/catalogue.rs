//! docs/ERRORS.md: every code that our own face tells, by asking it for each refusal and each rule there is.

use std::fmt::Write;

use postern::credential::field::{Field, Kind, Place, Rule, Violation};
use postern::credential::id::Id;
use postern::face::Face;
use postern::face::postern::Postern;
use postern::refusal::{Conflict, Misconfigured, Noun, Parameter, Refusal, Unreadable};
use postern::settings::Settings;
use serde_json::Value;

/// The file's text.
pub fn text() -> String {
    let mut text = "\
# Errors of our own face

Made from the code by `make openapi`; tests/description compares. A refusal is a problem document (RFC 9457,
`application/problem+json`): its `code` and those of its `violations` do not change, its words may. The other faces word the same
refusals as their clients expect (docs/COMPATIBILITY.md).

## Refusals
| status | code | what is wrong | what to do |
|---|---|---|---|
"
    .to_owned();
    let mut rows: Vec<_> = refusals().iter().map(row).collect();
    rows.sort();
    rows.dedup();
    for row in rows {
        writeln!(text, "{row}").expect("a text");
    }
    text.push_str(
        "
## Violations
Each has a `pointer` into the body (RFC 6901), or the `parameter` of the query. The first number or name of a bound is an example.

| code | how to mend it |
|---|---|
",
    );
    let mut rows: Vec<_> = rules().into_iter().map(violation).collect();
    rows.push("| `parameter` | What the parameter has to be, by its name. |".to_owned());
    rows.sort();
    rows.dedup();
    for row in rows {
        writeln!(text, "{row}").expect("a text");
    }
    text
}

fn told(refusal: &Refusal) -> Value {
    let answer = Postern.fail(refusal);
    let told: Value = serde_json::from_str(&answer.body).expect("JSON");
    assert_eq!(told["status"], answer.status);
    told
}

fn row(refusal: &Refusal) -> String {
    let told = told(refusal);
    let said = |member: &str| told[member].as_str().unwrap_or_default().to_owned();
    format!("| {} | `{}` | {}. | {} |", told["status"], said("code"), said("title"), said("detail"))
}

fn violation(rule: Rule) -> String {
    let field = if matches!(rule, Rule::Unknown(_) | Rule::ReadOnly) { Field::Other } else { Field::Name };
    let told = told(&Refusal::Invalid(vec![Violation { field, place: Place::Whole, rule }]));
    let one = &told["violations"][0];
    let said = |member: &str| one[member].as_str().expect("a text");
    format!("| `{}` | {} |", said("code"), said("detail"))
}

/// Every refusal that our own face can come to. A new one does not compile until it is said whether it is one of them.
fn refusals() -> Vec<Refusal> {
    let misconfigured = Settings::read(|_| None).err().unwrap_or_else(|| panic!("nothing is set"));
    let all = vec![
        Refusal::Misconfigured(misconfigured),
        Refusal::NoRoute,
        Refusal::MethodNotAllowed { allow: "GET, HEAD, PUT, PATCH, DELETE".to_owned() },
        Refusal::MediaType,
        Refusal::TooLarge,
        Refusal::Unreadable(Unreadable::NotUtf8),
        Refusal::Unreadable(Unreadable::NotJson { line: 1, column: 2 }),
        Refusal::Unreadable(Unreadable::TooDeep),
        Refusal::Unreadable(Unreadable::TooManyValues),
        Refusal::Unreadable(Unreadable::DuplicateMember),
        Refusal::Unreadable(Unreadable::NotAnObject),
        Refusal::Unreadable(Unreadable::UnknownParameter(&["limit", "cursor"])),
        Refusal::Unreadable(Unreadable::IdempotencyKey),
        Refusal::Unreadable(Unreadable::TooManyTags("If-Match")),
        Refusal::Unreadable(Unreadable::Parameters(vec![Parameter { name: "limit", wants: "" }])),
        Refusal::Unauthenticated,
        Refusal::TooManyFailures,
        Refusal::Inactive,
        Refusal::Forbidden,
        Refusal::Missing(Noun::Tenant),
        Refusal::Missing(Noun::Principal),
        Refusal::Missing(Noun::Credential),
        Refusal::Stale,
        Refusal::PreconditionRequired,
        Refusal::KeyReused,
        Refusal::TooMany,
        Refusal::Invalid(Vec::new()),
        Refusal::ForbiddenChange,
        Refusal::NoRoles,
        Refusal::Conflict(Conflict::Rotating),
        Refusal::Conflict(Conflict::NotRotating),
        Refusal::Conflict(Conflict::DefaultPrincipal),
        Refusal::Conflict(Conflict::NotEmpty),
        Refusal::Unavailable,
        Refusal::OutcomeUnknown,
        Refusal::Broken(String::new()),
    ];
    for refusal in &all {
        match refusal {
            Refusal::Misconfigured(Misconfigured { .. })
            | Refusal::NoRoute
            | Refusal::MethodNotAllowed { .. }
            | Refusal::MediaType
            | Refusal::TooLarge
            | Refusal::Unreadable(
                Unreadable::NotUtf8
                | Unreadable::NotJson { .. }
                | Unreadable::TooDeep
                | Unreadable::TooManyValues
                | Unreadable::DuplicateMember
                | Unreadable::NotAnObject
                | Unreadable::UnknownParameter(_)
                | Unreadable::IdempotencyKey
                | Unreadable::TooManyTags(_)
                | Unreadable::Parameters(_),
            )
            | Refusal::Unauthenticated
            | Refusal::TooManyFailures
            | Refusal::Inactive
            | Refusal::Forbidden
            | Refusal::Missing(Noun::Tenant | Noun::Principal | Noun::Credential)
            | Refusal::Stale
            | Refusal::PreconditionRequired
            | Refusal::KeyReused
            | Refusal::TooMany
            | Refusal::Invalid(_)
            | Refusal::ForbiddenChange
            | Refusal::NoRoles
            | Refusal::Conflict(
                Conflict::Rotating | Conflict::NotRotating | Conflict::DefaultPrincipal | Conflict::NotEmpty,
            )
            | Refusal::Unavailable
            | Refusal::OutcomeUnknown
            | Refusal::Broken(_) => {}
            // Of other faces alone: ids and secrets are not chosen here, what is revoked is not enabled by its name, the
            // path names the tenant, and forms are the OAuth endpoints'.
            Refusal::TenantNotNamed
            | Refusal::Conflict(Conflict::Id | Conflict::Secret | Conflict::Revoked)
            | Refusal::Unreadable(Unreadable::GrantType | Unreadable::Form | Unreadable::ClientRequestId) => {
                panic!("not of this face")
            }
        }
    }
    all
}

/// Every rule that a body of our own face can break.
fn rules() -> Vec<Rule> {
    let all = vec![
        Rule::Missing,
        Rule::NotNull,
        Rule::Type(Kind::Text),
        Rule::Type(Kind::Boolean),
        Rule::Type(Kind::List),
        Rule::Type(Kind::Object),
        Rule::Type(Kind::Number),
        Rule::TooShort { min: 1 },
        Rule::TooLong { max: 255 },
        Rule::Control,
        Rule::NotAnId,
        Rule::NotATime,
        Rule::TooMany { max: 100 },
        Rule::TooManySent { max: 100 },
        Rule::TooManyViolations { max: 100 },
        Rule::UnknownRole,
        Rule::InstanceAlone,
        Rule::UnknownPrincipal(Id::ZERO),
        Rule::Empty,
        Rule::NotInRange { min: 0, max: 7_776_000 },
        Rule::TooLarge { max: 4096 },
        Rule::ReadOnly,
        Rule::Unknown(None),
        Rule::Unknown(Some("roles")),
    ];
    for rule in &all {
        match rule {
            Rule::Missing
            | Rule::NotNull
            | Rule::Type(Kind::Text | Kind::Boolean | Kind::List | Kind::Object | Kind::Number)
            | Rule::TooShort { .. }
            | Rule::TooLong { .. }
            | Rule::Control
            | Rule::NotAnId
            | Rule::NotATime
            | Rule::TooMany { .. }
            | Rule::TooManySent { .. }
            | Rule::TooManyViolations { .. }
            | Rule::UnknownRole
            | Rule::InstanceAlone
            | Rule::UnknownPrincipal(_)
            | Rule::Empty
            | Rule::NotInRange { .. }
            | Rule::TooLarge { .. }
            | Rule::ReadOnly
            | Rule::Unknown(_) => {}
            // Of what this face does not say: contexts, and secrets of the client's own.
            Rule::OutsideContext
            | Rule::LastRole
            | Rule::NotAContext
            | Rule::NotAToken
            | Rule::Checksum
            | Rule::LooksLikeAClient => panic!("not of this face"),
        }
    }
    all
}
