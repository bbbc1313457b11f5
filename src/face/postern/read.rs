//! Reads requests of our own face: bodies, without ignoring any member, and the query parameters of lists.

use std::cell::LazyCell;

use serde_json::{Map, Value};

use crate::credential::field::{Draft, Field, Given, Location, Noun, RoleMember, Rule, Verb, Violation};
use crate::credential::id::Id;
use crate::credential::time::Micros;
use crate::credential::validate::{Dialect, ROLES_MAX, VIOLATIONS_MAX};
use crate::face::{by_words, cursor};
use crate::operation::HistoryPage;
use crate::refusal::{Parameter, Refusal, Unreadable};
use crate::request::Request;
use crate::store::command::{Filter, Order, Page, SortKey};

/// The maximum violations that are collected: one more than are reported, so that the report can state that there are
/// more. The bound is needed because a body is read before authentication, and each unknown name is compared with the
/// known ones.
pub(super) const READ_MAX: usize = VIOLATIONS_MAX + 1;

/// Returns the read-only members of a representation. PUT and PATCH accept them at their current values, so that
/// clients can send back what GET returned.
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
            "keys",
            "trusts",
        ],
    }
}

/// Reads a body. Every member must be a word of the face, or read-only.
pub(super) fn strictly(dialect: &dyn Dialect, noun: Noun, verb: Verb, mut body: Map<String, Value>) -> Draft {
    let mut draft = by_words(dialect, noun, verb, &mut body);
    let accepted = if matches!(verb, Verb::Replace | Verb::Merge) { read_only(noun) } else { &[] };
    // Ignoring a misspelled `resource` would make the role one on everything.
    if let Given::Value(Value::Array(roles)) = draft.given(Field::Roles)
        && roles.len() <= ROLES_MAX
    {
        let unknown = roles.iter().enumerate().flat_map(|(index, role)| unknown_members(index, role));
        draft.unknown = unknown.take(READ_MAX).collect();
    }
    for (name, value) in body {
        if draft.unknown.len() == READ_MAX {
            break;
        }
        if !accepted.contains(&name.as_str()) {
            let rule = if read_only(noun).contains(&name.as_str()) {
                Rule::ReadOnly
            } else {
                Rule::Unknown(nearest(dialect, noun, verb, &name))
            };
            draft.unknown.push(Violation { field: Field::Other, location: Location::Key(name), rule });
        } else if !matches!(name.as_str(), "last_used_at" | "secrets") {
            // Use and rotation change these two without changing the ETag, so their values are not compared.
            let given = if name.ends_with("_at") { stored_time(value) } else { value };
            draft.asserted.insert(name, given);
        }
    }
    draft
}

/// Returns a violation for each unknown member of a role.
pub(super) fn unknown_members(index: usize, role: &Value) -> impl Iterator<Item = Violation> {
    let words = RoleMember::ALL.map(RoleMember::name);
    let given = role.as_object().into_iter().flat_map(Map::keys);
    given.filter(move |name| !words.contains(&name.as_str())).map(move |name| Violation {
        field: Field::Roles,
        location: Location::UnknownMember(index, name.clone()),
        rule: Rule::Unknown(near(name, words)),
    })
}

/// Converts a time to its stored form. A value that is not a time stays as it is, and so differs from any stored value.
fn stored_time(value: Value) -> Value {
    match &value {
        Value::Null => value,
        Value::String(text) => Micros::parse(text).map_or(value, |time| time.0.into()),
        // A number could equal the stored one, which no response contains.
        _ => false.into(),
    }
}

/// Returns the face's word that is most similar to an unknown name, if one is similar enough.
fn nearest(dialect: &dyn Dialect, noun: Noun, verb: Verb, name: &str) -> Option<&'static str> {
    let words =
        Field::ALL.into_iter().filter(|field| noun.has(*field)).filter_map(|field| dialect.word(noun, verb, field));
    near(name, words)
}

/// Returns the word that is most similar to a name, if one is similar enough.
pub(super) fn near(name: &str, words: impl IntoIterator<Item = &'static str>) -> Option<&'static str> {
    // This runs before authentication, on names of any number and length. Only words of about the name's length are
    // compared, since no other can be within the distance.
    let may_differ = |word: &str| word.len() / 3 + 1;
    let length = name.chars().count();
    let words = words.into_iter().filter(|word| word.len().abs_diff(length) <= may_differ(word));
    let name = LazyCell::new(|| name.to_lowercase());
    let near = words.map(|word| (strsim::damerau_levenshtein(&name, word), word)).min();
    near.filter(|(distance, word)| *distance <= may_differ(word)).map(|(_, word)| word)
}

pub(super) const LIMIT: u32 = 50;
/// A page of this many credentials with their secrets reads fewer than 1000 rows.
pub(super) const LIMIT_MAX: u32 = 100;

/// Reads `limit`.
fn limit(request: &Request<'_>, wants: &mut impl FnMut(&'static str, &'static str)) -> u32 {
    let limit = request.query_value(&["limit"]).map_or(Some(LIMIT), |limit| limit.parse().ok());
    limit.filter(|limit| (1..=LIMIT_MAX).contains(limit)).unwrap_or_else(|| {
        wants("limit", "must be a whole number from 1 to 100");
        LIMIT
    })
}

/// Reads `limit`, `cursor` and `sort`, and the filters of credentials.
pub(super) fn page(request: &Request<'_>, noun: Noun) -> Result<Page, Refusal> {
    let mut wrong = Vec::new();
    let mut wants = |name, wants| wrong.push(Parameter { name, wants });
    let limit = limit(request, &mut wants);
    let filter = if noun == Noun::Credential { filter(request, &mut wants) } else { Filter::default() };
    // A prefix is a range of names: sorted by name, a page reads only that range.
    let default = if filter.name_from.is_some() { "name" } else { "created" };
    let sort = request.query_value(&["sort"]).unwrap_or_else(|| default.to_owned());
    let (descending, key) = sort.strip_prefix('-').map_or((false, sort.as_str()), |key| (true, key));
    let key = match key {
        "created" => SortKey::Creation,
        // Principals and tenants have no index on names.
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

/// Reads the filters of a list of credentials. A credential is listed if it matches all of them.
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

/// Returns the smallest text that sorts after every text with this prefix; `None` if there is none.
fn end_of_prefix(prefix: &str) -> Option<String> {
    let mut letters: Vec<char> = prefix.chars().collect();
    while let Some(last) = letters.pop() {
        // A range of chars skips the surrogates.
        if let Some(next) = (last..=char::MAX).nth(1) {
            letters.push(next);
            return Some(letters.into_iter().collect());
        }
    }
    None
}

/// Reads `limit` and `cursor` of a history.
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
