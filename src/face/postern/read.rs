//! What this face reads: bodies strictly, and which page of a list.

use std::cell::LazyCell;

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::credential::field::{Draft, Field, Given, Kind, Location, Noun, RoleMember, Rule, Verb, Violation};
use crate::credential::id::Id;
use crate::credential::role::Role;
use crate::credential::time::Micros;
use crate::credential::validate::{Dialect, ROLES_MAX, VIOLATIONS_MAX, reported};
use crate::face::{by_words, cursor};
use crate::operation::{HistoryPage, Inquiry};
use crate::refusal::{Parameter, Refusal, Unreadable};
use crate::request::Request;
use crate::store::command::{Filter, Order, Page, SortKey};

/// How many violations are read: one more than are reported, which tells that there are more. A body is read before the caller
/// is known, and the nearest name is looked for for each unknown one.
const READ_MAX: usize = VIOLATIONS_MAX + 1;

/// Members of answers that only read. GET, edit, PUT works with them left in, at the values they have.
pub(super) fn read_only(noun: Noun) -> &'static [&'static str] {
    match noun {
        Noun::Tenant => &["id", "label", "revision", "created_at", "updated_at"],
        Noun::Principal => &["id", "tenant", "revision", "created_at", "updated_at"],
        Noun::Credential => &[
            "id",
            "tenant",
            "revision",
            "created_at",
            "updated_at",
            "revoked_at",
            "revoked_reason",
            "last_used_at",
            "secrets",
        ],
    }
}

/// Reads a body whose every member has to be a word of the face, or one that only reads.
pub(super) fn strictly(dialect: &dyn Dialect, noun: Noun, verb: Verb, mut body: Map<String, Value>) -> Draft {
    let mut draft = by_words(dialect, noun, verb, &mut body);
    let reads = if matches!(verb, Verb::Replace | Verb::Merge) { read_only(noun) } else { &[] };
    // A role that is told wrong might be one on everything.
    if let Given::Value(Value::Array(roles)) = draft.given(Field::Roles)
        && roles.len() <= ROLES_MAX
    {
        let strangers = roles.iter().enumerate().flat_map(|(index, role)| strangers(index, role));
        draft.unknown = strangers.take(READ_MAX).collect();
    }
    for (name, value) in body {
        if draft.unknown.len() == READ_MAX {
            break;
        }
        if !reads.contains(&name.as_str()) {
            let rule = if read_only(noun).contains(&name.as_str()) {
                Rule::ReadOnly
            } else {
                Rule::Unknown(nearest(dialect, noun, verb, &name))
            };
            draft.unknown.push(Violation { field: Field::Other, location: Location::Key(name), rule });
        } else if !matches!(name.as_str(), "last_used_at" | "secrets") {
            // Those two move by themselves, and are no part of what an ETag stands for.
            let given = if name.ends_with("_at") { stored_time(value) } else { value };
            draft.asserted.insert(name, given);
        }
    }
    draft
}

/// The members of a role that no role has.
fn strangers(index: usize, role: &Value) -> impl Iterator<Item = Violation> {
    let words = RoleMember::ALL.map(RoleMember::name);
    let given = role.as_object().into_iter().flat_map(Map::keys);
    given.filter(move |name| !words.contains(&name.as_str())).map(move |name| Violation {
        field: Field::Roles,
        location: Location::UnknownMember(index, name.clone()),
        rule: Rule::Unknown(near(name, words)),
    })
}

/// A time as it is stored; what is none stays as it is, and so is not what is stored.
fn stored_time(value: Value) -> Value {
    match &value {
        Value::Null => value,
        Value::String(text) => Micros::parse(text).map_or(value, |time| time.0.into()),
        // Not the number that is stored: nobody is shown that.
        _ => false.into(),
    }
}

/// The word that is nearest to a name, if one is near.
fn nearest(dialect: &dyn Dialect, noun: Noun, verb: Verb, name: &str) -> Option<&'static str> {
    let words =
        Field::ALL.into_iter().filter(|field| noun.has(*field)).filter_map(|field| dialect.word(noun, verb, field));
    near(name, words)
}

fn near(name: &str, words: impl IntoIterator<Item = &'static str>) -> Option<&'static str> {
    // A body of unknown members, or one with a name as long as a body, is read before it is known who calls: only words of about
    // the name's length are compared with it, since no other can be near.
    let may_differ = |word: &str| word.len() / 3 + 1;
    let length = name.chars().count();
    let words = words.into_iter().filter(|word| word.len().abs_diff(length) <= may_differ(word));
    let name = LazyCell::new(|| name.to_lowercase());
    let near = words.map(|word| (strsim::damerau_levenshtein(&name, word), word)).min();
    near.filter(|(distance, word)| *distance <= may_differ(word)).map(|(_, word)| word)
}

pub(super) const LIMIT: u32 = 50;
/// With what is told of each, a page of so many reads less than a thousand rows.
pub(super) const LIMIT_MAX: u32 = 100;

/// How many items at most.
fn limit(request: &Request<'_>, wants: &mut impl FnMut(&'static str, &'static str)) -> u32 {
    let limit = request.query_value(&["limit"]).map_or(Some(LIMIT), |limit| limit.parse().ok());
    limit.filter(|limit| (1..=LIMIT_MAX).contains(limit)).unwrap_or_else(|| {
        wants("limit", "must be a whole number from 1 to 100");
        LIMIT
    })
}

/// Which page: `limit`, `cursor`, `sort`; and of credentials, which of them.
pub(super) fn page(request: &Request<'_>, noun: Noun) -> Result<Page, Refusal> {
    let mut wrong = Vec::new();
    let mut wants = |name, wants| wrong.push(Parameter { name, wants });
    let limit = limit(request, &mut wants);
    let filter = if noun == Noun::Credential { filter(request, &mut wants) } else { Filter::default() };
    // A prefix is a range of names: in their order it is looked at alone.
    let usual = if filter.name_from.is_some() { "name" } else { "created" };
    let sort = request.query_value(&["sort"]).unwrap_or_else(|| usual.to_owned());
    let (descending, key) = sort.strip_prefix('-').map_or((false, sort.as_str()), |key| (true, key));
    let key = match key {
        "created" => SortKey::Creation,
        // Principals and tenants are few, and have no index of names.
        "name" if noun == Noun::Credential => SortKey::Name,
        _ => {
            let of_credentials = noun == Noun::Credential;
            wants(
                "sort",
                if of_credentials { "must be created, -created, name or -name" } else { "must be created or -created" },
            );
            SortKey::Creation
        }
    };
    let mut page = Page::first(Order { key, descending }, limit);
    page.lists_secrets = true;
    page.filter = Some(filter).filter(|filter| *filter != Filter::default());
    if let Some(cursor) = request.query_value(&["cursor"]) {
        match cursor::follow(&cursor::List::new(request.path, page.order, page.filter.as_ref()), &cursor) {
            Some(edge) => page.begin(edge),
            None => wants("cursor", "must be the value of next on a page of this list, with the same sort and filters"),
        }
    }
    if wrong.is_empty() { Ok(page) } else { Err(Refusal::Unreadable(Unreadable::Parameters(wrong))) }
}

/// Which credentials: each parameter narrows.
fn filter(request: &Request<'_>, wants: &mut impl FnMut(&'static str, &'static str)) -> Filter {
    let mut filter = Filter::default();
    let given = |name: &'static str| request.query_value(&[name]);
    match given("enabled").as_deref() {
        None => {}
        Some("true") => filter.enabled = Some(true),
        Some("false") => filter.enabled = Some(false),
        Some(_) => wants("enabled", "must be true or false"),
    }
    if let Some(principal) = given("principal") {
        filter.principal = Id::parse(&principal);
        if filter.principal.is_none() {
            wants("principal", "must be the id of a principal");
        }
    }
    filter.role = given("role");
    if let Some(prefix) = given("name_prefix").filter(|prefix| !prefix.is_empty()) {
        filter.name_to = end_of_prefix(&prefix);
        filter.name_from = Some(prefix);
    }
    for (name, time) in [
        ("expires_before", &mut filter.expires_before),
        ("unused_since", &mut filter.unused_since),
        ("unrotated_since", &mut filter.unrotated_since),
    ] {
        let Some(given) = given(name) else { continue };
        *time = Micros::parse(&given);
        if time.is_none() {
            wants(name, "must be an RFC 3339 time with its offset, from 1970 to 2255");
        }
    }
    filter
}

/// The first text behind all that begin so; none where nothing is.
fn end_of_prefix(prefix: &str) -> Option<String> {
    let mut letters: Vec<char> = prefix.chars().collect();
    while let Some(last) = letters.pop() {
        // A range of code points leaves the surrogates out.
        if let Some(next) = (last..=char::MAX).nth(1) {
            letters.push(next);
            return Some(letters.into_iter().collect());
        }
    }
    None
}

/// `limit` and `cursor` of a history.
pub(super) fn history_page(request: &Request<'_>) -> Result<HistoryPage, Refusal> {
    let mut wrong = Vec::new();
    let mut wants = |name, wants| wrong.push(Parameter { name, wants });
    let limit = limit(request, &mut wants);
    let cursor = request.query_value(&["cursor"]);
    let from = cursor.as_ref().and_then(|cursor| cursor::follow_event(&cursor::List::history(request.path), cursor));
    if cursor.is_some() && from.is_none() {
        wants("cursor", "must be the value of next on a page of this history");
    }
    if !wrong.is_empty() {
        return Err(Refusal::Unreadable(Unreadable::Parameters(wrong)));
    }
    Ok(HistoryPage { limit, from })
}

/// The members of a question about a token.
pub(super) const INQUIRY: [&str; 4] = ["token", "role_id", "resource", "resource_instance"];

/// Reads `{token, role_id?, resource?, resource_instance?}`.
pub(super) fn inquiry(mut body: Map<String, Value>) -> Inquiry {
    let mut violations = Vec::new();
    let mut wrong = |name: &str, rule| {
        violations.push(Violation { field: Field::Other, location: Location::Key(name.to_owned()), rule });
    };
    let [token, role_id, resource, resource_instance] = INQUIRY.map(|name| match body.remove(name) {
        None | Some(Value::Null) if name == "token" => Err(Rule::Missing),
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
        Some(Value::String(_)) => Err(Rule::TooShort { min: 1 }),
        Some(_) => Err(Rule::Type(Kind::Text)),
    });
    let mut given = |name, given: Result<Option<String>, Rule>| given.map_err(|rule| wrong(name, rule)).ok().flatten();
    let (token, role_id) = (given("token", token), given("role_id", role_id));
    let (resource, resource_instance) = (given("resource", resource), given("resource_instance", resource_instance));
    if resource_instance.is_some() && resource.is_none() {
        wrong("resource_instance", Rule::InstanceAlone);
    }
    if resource.is_some() && role_id.is_none() {
        wrong("role_id", Rule::Missing);
    }
    for name in body.keys().take(READ_MAX) {
        wrong(name, Rule::Unknown(near(name, INQUIRY)));
    }
    let needs = role_id.map(|role_id| Role { resource, resource_instance, role_id });
    Inquiry { token: Zeroizing::new(token.unwrap_or_default()), needs, violations: reported(violations) }
}
