//! docs/ERRORS.md: every error code of our own face, from an example of each error and each rule.

use std::fmt::Write;

use postern::credential::field::{Field, Location, Rule, Violation};
use postern::face::postern::POSTERN;
use postern::refusal::{Conflict, Refusal, Unreadable};
use serde_json::Value;
use support::refusals::{refusals, rules_of_our_own_face};

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
    let mut rows: Vec<_> = refusals().iter().filter(|refusal| is_own(refusal)).map(row).collect();
    rows.sort();
    rows.dedup();
    for row in rows {
        writeln!(text, "{row}").expect("a text");
    }
    text.push_str(
        "
## Violations
Each has a `pointer` into the body (RFC 6901), or the `parameter` of the query. The first number or name of a bound is an example.

| code | how to fix it |
|---|---|
",
    );
    let mut rows: Vec<_> = rules_of_our_own_face().into_iter().map(violation).collect();
    rows.push("| `parameter` | What the parameter must be. |".to_owned());
    rows.sort();
    rows.dedup();
    for row in rows {
        writeln!(text, "{row}").expect("a text");
    }
    text
}

fn problem(refusal: &Refusal) -> Value {
    let answer = (POSTERN.render_error)(refusal);
    let problem: Value = serde_json::from_str(&answer.body).expect("JSON");
    assert_eq!(problem["status"], answer.status);
    problem
}

fn row(refusal: &Refusal) -> String {
    let problem = problem(refusal);
    let of = |member: &str| problem[member].as_str().unwrap_or_default().to_owned();
    format!("| {} | `{}` | {}. | {} |", problem["status"], of("code"), of("title"), of("detail"))
}

fn violation(rule: Rule) -> String {
    let field = if matches!(rule, Rule::Unknown(_) | Rule::ReadOnly) { Field::Other } else { Field::Name };
    let problem = problem(&Refusal::Invalid(vec![Violation { field, location: Location::Whole, rule }]));
    let one = &problem["violations"][0];
    let of = |member: &str| one[member].as_str().expect("a text");
    format!("| `{}` | {} |", of("code"), of("detail"))
}

/// Whether our own face can report the error. Its clients choose neither ids nor secrets, cannot enable a revoked
/// credential, and name the tenant in the path; forms and scopes belong to the OAuth endpoints.
fn is_own(refusal: &Refusal) -> bool {
    !matches!(
        refusal,
        Refusal::TenantNotNamed
            | Refusal::Conflict(Conflict::Id | Conflict::Secret | Conflict::Revoked)
            | Refusal::Unreadable(
                Unreadable::GrantType | Unreadable::Scope | Unreadable::Form | Unreadable::ClientRequestId
            )
    )
}
