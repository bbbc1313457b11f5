//! Generates the tables of docs/API.md (routes, errors, limits) and of README.md (the last benchmark).

use std::collections::BTreeSet;
use std::fmt::Write;

use postern::caller::Rank;
use postern::credential::role::NEEDS_MAX;
use postern::credential::secret::{ACCESS_SECONDS, Token};
use postern::credential::table::{
    DESCRIPTION_MAX, FIELDS, METADATA_BYTES_MAX, METADATA_MAX, METADATA_SENT_MAX, NAME_MAX, ROLES_MAX, STATE_BYTES_MAX,
    Shape,
};
use postern::credential::validate::VIOLATIONS_MAX;
use postern::face::Face;
use postern::face::coactive::COACTIVE;
use postern::face::keycard::{self, KEYCARD};
use postern::face::litegraph::LITEGRAPH;
use postern::face::oauth::OAUTH;
use postern::face::postern::POSTERN;
use postern::face::postern::description::openapi;
use postern::refusal::Refusal;
use postern::request::{BODY_MAX, DEPTH_MAX, TAGS_MAX, VALUES_MAX};
use postern::route::{ROUTES, Route};
use postern::store::delete::DELETE_MAX;
use postern::store::list::{LIST_BYTES_MAX, LIST_MAX, PAGE_BYTES_MAX, PAGE_MAX};
use serde_json::Value;
use support::refusals::refusals;
use support::routes::{fits, method, title, uses_database};

use super::{VENDORS, read};

/// Each face with its title and the prefix of its snapshots' names.
static FACES: [(&str, &str, &Face); 5] = [
    ("Postern", "postern", &POSTERN),
    ("Coactive", "coactive", &COACTIVE),
    ("LiteGraph", "litegraph", &LITEGRAPH),
    ("Keycard", "keycard", &KEYCARD),
    ("OAuth", "oauth", &OAUTH),
];

/// Returns the tables of routes, one for each face.
pub fn routes() -> String {
    let mut text = String::new();
    let vendors = VENDORS.map(|name| read(&format!("docs/openapi/{name}.json")));
    let documents = [openapi()].into_iter().chain(vendors.iter().map(|text| serde_json::from_str(text).expect("JSON")));
    let documents: Vec<Value> = documents.collect();
    for (title, _, face) in &FACES {
        writeln!(text, "\n### {title}\n| method | path | operation | right |\n|---|---|---|---|").expect("written");
        for route in ROUTES.iter().filter(|route| std::ptr::eq(route.face, *face)) {
            let (method, path) = (route.method.allow(), route.path);
            writeln!(text, "| {method} | `{path}` | {} | {} |", summary(&documents, route), right(route))
                .expect("written");
        }
        if face.preflight.is_some() {
            let below = face.prefixes.join("` and `");
            writeln!(text, "| OPTIONS | every path below `{below}` | CORS preflight | none |").expect("written");
        }
    }
    text + "\n"
}

/// The summary of a route in the OpenAPI document of its face.
fn summary<'a>(documents: &'a [Value], route: &Route) -> &'a str {
    let method = method(route).to_lowercase();
    let items = documents.iter().flat_map(|document| document["paths"].as_object().expect("paths"));
    // The same but for the names of the variable segments.
    let mut described = items.filter(|(path, _)| fits(path, route.path) && fits(route.path, path));
    let found = described.find_map(|(_, item)| item[&method]["summary"].as_str());
    found.unwrap_or_else(|| panic!("no document in docs/openapi has {}", title(route)))
}

fn right(route: &Route) -> &'static str {
    match route.right {
        Rank::Root => "root",
        Rank::Admin => "`admin`",
        Rank::Editor => "`edit`",
        Rank::Reader => "`read`",
        Rank::Verifier => "`verify`",
        Rank::Anyone if !uses_database(route) => "none",
        Rank::Anyone => "any credential",
    }
}

/// A check: its description, the initials of the faces on which it can fail, and the refusals that report it.
type Check = (&'static str, &'static str, &'static [&'static str]);

/// Every check in its order. `checks_follow_the_order_of_rules` compares it with `RULES`,
/// `errors_of_each_face_match_its_snapshots` with the snapshots.
#[rustfmt::skip]
const CHECKS: &[Check] = &[
    ("a required setting is missing, or a setting is invalid", "PCLKO", &["Misconfigured"]),
    ("no route has this path", "PCLKO", &["NoRoute"]),
    ("the path has no such method", "PCLKO", &["MethodNotAllowed"]),
    ("`X-Client-Request-ID` is not a UUID", "K", &["ClientRequestId"]),
    ("`If-Match` or `If-None-Match` has too many ETags", "PCLKO", &["TooManyTags"]),
    ("a query parameter is unknown, repeated, or an invalid `dry_run`", "P", &["UnknownParameter", "Parameters"]),
    ("the body broke off before its end", "PCLKO", &["Incomplete"]),
    ("the body has a `Content-Encoding` other than `identity`; the response has `Accept-Encoding`", "PCLKO", &["ContentCoding"]),
    ("the `Content-Type` is present, and the route does not accept it", "PCLKO", &["MediaType"]),
    ("the body is too large", "PCLKO", &["TooLarge"]),
    ("the body is not UTF-8, not strict JSON, or not an object; on OAuth, not a form", "PCLKO", &["NotUtf8", "NotJson", "TooDeep", "TooManyValues", "DuplicateMember", "NotAnObject", "Form"]),
    ("`grant_type` is not one of the face's", "CO", &["GrantType"]),
    ("an assertion is not alone, or lacks its type; or a grant lacks it", "O", &["Assertion", "GrantAssertion"]),
    ("a parameter of the operation is missing or invalid; every one is listed", "PCLKO", &["Parameters"]),
    ("`Idempotency-Key` is invalid", "P", &["IdempotencyKey"]),
    ("root does not name a tenant", "C", &["TenantNotNamed"]),
    ("at `/v1/authorize`: `Postern-Verifier` is missing, malformed or repeated, or is refused by one of the next checks", "P", &["Verifier"]),
    ("the caller is unknown: no token, an invalid, expired or revoked one", "PCLKO", &["Unauthenticated"]),
    ("too many failed authentications in a minute: from this address (and its network), for this credential or for this tenant; replaces the 401. Also 600 changes of a tenant in a minute, if its caller then chooses a token; replaces the 200 and the 409", "PCLKO", &["TooManyFailures"]),
    ("the caller is disabled", "PCLKO", &["Inactive"]),
    ("the assertion of a grant is not accepted", "O", &["Grant"]),
    ("the keys of the assertion's issuer cannot be fetched", "O", &["NoIssuerKeys"]),
    ("a log-in requests a `scope` other than the credential's", "O", &["Scope"]),
    ("the caller lacks the right for the route", "PCLKO", &["Forbidden"]),
    ("the tenant, principal or credential does not exist, or is another tenant's", "PCLK", &["Missing(Tenant)", "Missing(Principal)", "Missing(Credential)"]),
    ("the credential has no such key or trust", "P", &["MissingMeans"]),
    ("the `Idempotency-Key` was used with another body", "P", &["KeyReused"]),
    ("the precondition does not match", "PCLK", &["Stale"]),
    ("the tenant requires `If-Match`", "PCLK", &["PreconditionRequired"]),
    ("a list or a deletion is above its limit", "PCLK", &["TooMany"]),
    ("validation failed; every violation is listed", "PCLK", &["Invalid"]),
    ("the caller lacks the right for this change", "PL", &["ForbiddenChange"]),
    ("the tenant is not RBAC-enabled, and the change adds roles", "PC", &["NoRoles"]),
    ("the id exists or was used before", "L", &["Conflict(Id)"]),
    ("the credential has this key or trust", "P", &["Conflict(Means)"]),
    ("the credential is revoked, and the request would enable it", "L", &["Conflict(Revoked)"]),
    ("the token is in use", "L", &["Conflict(Secret)"]),
    ("the credential is already rotating; it is not rotating", "P", &["Conflict(Rotating)", "Conflict(NotRotating)"]),
    ("the default principal cannot be deleted or disabled", "PLK", &["Conflict(DefaultPrincipal)"]),
    ("the tenant is not empty, and the request does not have `?force`", "PL", &["Conflict(NotEmpty)"]),
    ("the service is not ready: a check of `/readyz` fails", "P", &["NotReady"]),
    ("the database does not respond; nothing was done", "PCLKO", &["Unavailable"]),
    ("the database did not report whether the change was made", "PCLK", &["OutcomeUnknown"]),
    ("a bug in Postern", "PCLKO", &["Broken"]),
];

/// Returns the name of a refusal's variant; for `Missing` and `Conflict` with its argument.
fn name(refusal: &Refusal) -> String {
    let text = format!("{refusal:?}").replace("Unreadable(", "");
    let is_part = |letter: char| letter.is_alphanumeric() || "()".contains(letter);
    let variant = text.split(|letter| !is_part(letter)).next().unwrap_or_default();
    match refusal {
        Refusal::Missing(_) | Refusal::Conflict(_) => variant.to_owned(),
        _ => variant.split(['(', ')']).next().unwrap_or_default().to_owned(),
    }
}

/// Returns the statuses and codes by which a face reports the named refusals.
fn reported(face: &Face, names: &[&str]) -> BTreeSet<(u16, String)> {
    let refusals = refusals().into_iter().filter(|refusal| names.contains(&name(refusal).as_str()));
    let answers = refusals.map(|refusal| (face.render_error)(&refusal));
    answers.map(|answer| (answer.status, code(&answer.body))).collect()
}

/// Returns the code in the body of an error, or an empty text: Coactive's errors have none.
fn code(body: &str) -> String {
    let body: Value = serde_json::from_str(body).expect("JSON");
    ["code", "Error", "error"].iter().find_map(|member| body[*member].as_str()).unwrap_or_default().to_owned()
}

fn applies(check: &Check, title: &str) -> bool {
    title.starts_with(|initial: char| check.1.contains(initial))
}

/// Returns the table of errors.
pub fn errors() -> String {
    let titles = FACES.map(|(title, ..)| title).join(" | ");
    let mut text = format!("| failing check | {titles} |\n|---|---|---|---|---|---|\n");
    for check in CHECKS {
        let cell = |(title, _, face): &(&str, &str, &Face)| {
            let answers = reported(face, check.2);
            let (status, _) = answers.first().filter(|_| applies(check, title))?;
            assert!(answers.iter().all(|(other, _)| other == status), "{}: one status", check.0);
            let codes = answers.iter().map(|(_, code)| format!("`{code}`")).collect::<Vec<_>>().join(", ");
            Some(format!("{status} {codes}").replace(" ``", ""))
        };
        let cells = FACES.iter().map(|face| cell(face).unwrap_or_default()).collect::<Vec<_>>().join(" | ");
        writeln!(text, "| {} | {cells} |", check.0).expect("written");
    }
    text
}

#[test]
fn checks_follow_the_order_of_rules() {
    let listed: Vec<_> = CHECKS.iter().flat_map(|check| check.2).map(|name| (*name).to_owned()).collect();
    let all: BTreeSet<_> = refusals().iter().map(name).collect();
    assert_eq!(all, listed.iter().cloned().collect());
    let mut rules = Vec::new();
    for line in read("src/store/rules.rs").lines() {
        let Some((refusal, _)) = line.split_once("Some(Refusal::").and_then(|(_, rest)| rest.split_once("),")) else {
            continue;
        };
        let name = refusal.replace("(Vec::new())", "").replace("Noun::", "").replace("Conflict::", "");
        // The table has the 429 once, where the platform's limit applies.
        if !rules.contains(&name) && name != "TooManyFailures" {
            rules.push(name);
        }
    }
    assert_eq!(listed.into_iter().filter(|name| rules.contains(name)).collect::<Vec<_>>(), rules);
}

#[test]
fn errors_of_each_face_match_its_snapshots() {
    let expected = |(title, prefix, face): &(&str, &str, &Face)| {
        let checks = CHECKS.iter().filter(|check| applies(check, title));
        let answers = checks.flat_map(|check| reported(face, check.2));
        answers.map(|(status, code)| format!("{prefix} {status} {code}")).collect::<Vec<_>>()
    };
    let listed: BTreeSet<_> = FACES.iter().flat_map(expected).collect();
    let mut in_snapshots = BTreeSet::new();
    for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots")).expect("a folder") {
        let file = file.expect("a file").file_name().into_string().expect("a name");
        let mut parts = file.split('-');
        let (Some(prefix), Some(status)) = (parts.next(), parts.next()) else { continue };
        if status >= "400" {
            let text = read(&format!("tests/snapshots/{file}"));
            // `/v1/authorize` refuses a request with an empty body.
            if let Some(body) = text.lines().last().filter(|line| line.starts_with('{')) {
                in_snapshots.insert(format!("{prefix} {status} {}", code(body)));
            }
        }
    }
    assert_eq!(listed, in_snapshots);
}

/// Returns the table of limits.
pub fn limits() -> String {
    let described = openapi();
    let parameters = described["paths"]["/v1/tenants"]["get"]["parameters"].as_array().expect("parameters");
    let own = &parameters.iter().find(|parameter| parameter["name"] == "limit").expect("limit")["schema"];
    let batch = &described["components"]["schemas"]["InquiryBatch"]["properties"]["items"];
    let (page, list) = (grouped(&PAGE_MAX), grouped(&LIST_MAX));
    let is_token = |length: usize| Token::read(&"x".repeat(length), "pstn_").is_ok();
    assert!(is_token(512) && !is_token(513));

    let mut rows = vec![
        ("body", format!("{} KiB; strict JSON in UTF-8: no duplicate members", BODY_MAX / 1024)),
        ("nesting of a body", format!("{DEPTH_MAX} levels")),
        ("members and items of a body, at all levels", grouped(&VALUES_MAX)),
        ("violations that are listed", format!("{VIOLATIONS_MAX}; the response says if there are more")),
        ("ETags in `If-Match`, and in `If-None-Match`", TAGS_MAX.to_string()),
        ("`Idempotency-Key`", "1 to 255 visible ASCII characters; kept for 24 hours".to_owned()),
        ("tokens in a batch of verifications", format!("{} to {}", batch["minItems"], batch["maxItems"])),
        ("roles in the `needs` of a verification", format!("1 to {NEEDS_MAX}")),
        ("page, Postern", format!("{} to {}, default {}", own["minimum"], own["maximum"], own["default"])),
        ("page, Keycard", format!("1 to {}, default {}", keycard::LIMIT_MAX, keycard::LIMIT)),
        ("page, LiteGraph", format!("1 to {page}, default {page}; `skip` up to {page}; `guids` up to {page}")),
        ("page, all", format!("ends at {} KiB of stored rows; a response is at most 1 MiB", PAGE_BYTES_MAX / 1024)),
        (
            "list without pages",
            format!("{list} items and {} MiB; above that limit the API returns 400", LIST_BYTES_MAX / 1024 / 1024),
        ),
        ("deletion", format!("{} credentials; above that limit the API returns 400", grouped(&DELETE_MAX))),
        ("access token", format!("{} seconds", grouped(&ACCESS_SECONDS))),
    ];
    let configuration = read("wrangler.toml");
    for (what, binding) in [
        ("failed authentications per address, and per tenant in the path", "FAILURES_BY_ADDRESS"),
        ("failed authentications per credential", "FAILURES_BY_CREDENTIAL"),
    ] {
        let (_, rest) = configuration.split_once(binding).expect("a binding");
        let (_, rest) = rest.split_once("limit = ").expect("a limit");
        let (limit, _) = rest.split_once(", period = 60").expect("a minute");
        rows.push((what, format!("{limit} a minute; above that limit the API returns 429")));
    }
    let part = format!("1 to {NAME_MAX} code points");
    for field in &FIELDS {
        let value = match field.shape {
            Shape::Text { min: 0, max } | Shape::TextOrNull { max } => format!("up to {max} code points"),
            Shape::Text { min, max } => format!("{min} to {max} code points"),
            Shape::Whole { min, max } => format!("{min} to {}", grouped(&max)),
            Shape::Choice(of) => of.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", "),
            Shape::Time => "1970 to 2255 (RFC 3339), in whole microseconds".to_owned(),
            Shape::Names => format!("up to {ROLES_MAX}, {part} each"),
            Shape::Roles => format!("up to {ROLES_MAX}; `role_id`, `resource` and `resource_instance` {part} each"),
            Shape::Metadata => format!(
                "up to {METADATA_MAX} members and {} bytes of JSON, {METADATA_SENT_MAX} members as sent; names {part}, values up to {DESCRIPTION_MAX} code points",
                grouped(&METADATA_BYTES_MAX)
            ),
            Shape::Secret => "1 to 512 visible ASCII characters".to_owned(),
            Shape::Flag | Shape::Id | Shape::Context => continue,
        };
        rows.push((field.key, value));
    }
    rows.push(("all fields of a tenant, principal or credential", format!("{} KiB as JSON", STATE_BYTES_MAX / 1024)));
    let mut text = "| | limit |\n|---|---|\n".to_owned();
    for (what, limit) in rows {
        let is_field = FIELDS.iter().any(|field| field.key == what);
        let what = if is_field { format!("`{what}`") } else { what.to_owned() };
        writeln!(text, "| {what} | {limit} |").expect("written");
    }
    text
}

/// Formats a number with a comma between thousands.
fn grouped(number: &impl ToString) -> String {
    let digits = number.to_string();
    let parts: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    parts.join(",")
}

/// Returns the table of ratios, trips and rows from the last `make bench`.
pub fn performance() -> String {
    let report: Value = serde_json::from_str(&read("bench/results/latest.json")).expect("JSON");
    let operations = ["put", "patch", "get"];
    let mut text = "| | PUT | PATCH | GET |\n|---|---:|---:|---:|\n".to_owned();
    let mut row = |what: &str, cell: &dyn Fn(&str) -> String| {
        writeln!(text, "| {what} | {} |", operations.map(cell).join(" | ")).expect("written");
    };
    let number = |value: &Value| value.as_f64().expect("a number");
    for (what, side) in [
        ("Hono, zod and Drizzle", "peer"),
        ("the same, with batched queries", "peer_batched"),
        ("plain JavaScript that only sends Postern's SQL", "floor"),
    ] {
        row(what, &|operation| format!("{:.1}×", number(&report["ratios"][operation][side])));
    }
    let sides = ["ours", "peer", "peer_batched"];
    for (what, member) in
        [("round trips to D1: Postern, Hono, batched", "trips"), ("rows read: Postern, Hono, batched", "rows_read")]
    {
        let count = |operation: &str, side| format!("{:.0}", number(&report["counts"][operation][side][member]));
        row(what, &|operation| sides.map(|side| count(operation, side)).join(", "));
    }
    text
}
