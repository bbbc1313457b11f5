//! Reads which part of a list a request asks for, from the query or from the body of a search.

use serde_json::Value;

use crate::credential::field::Noun;
use crate::credential::id::Id;
use crate::refusal::{Parameter, Refusal, Unreadable};
use crate::request::{Method, Request};
use crate::store::command::{Key, Order, Page, SortKey};
use crate::store::list::PAGE_MAX;

/// The contract's default order.
const DEFAULT: Order = Order { key: SortKey::Creation, descending: true };

/// Reads a "read many" request: all items, or those with the given GUIDs. Parameters that only enumerate has are
/// ignored.
pub(super) fn read_many(request: &Request<'_>, noun: Noun) -> Result<Page, Refusal> {
    let mut reader = Reader::new();
    reader.order("order", &text(request, &["order"]));
    reader.skip("skip", &number(request, &["skip"]));
    // Parameters without a value are ignored, except `guids`: an empty list of GUIDs must not list everything.
    reader.guids(request.query_value(&["guids"]));
    reader.page(noun)
}

/// Reads an "enumerate" request: a page, by the query or by the body of a search. Filters on what credentials do not
/// have (labels, tags, expressions on data) are ignored, as the vendor's server does.
pub(super) fn enumerate(request: &Request<'_>, noun: Noun) -> Result<Page, Refusal> {
    let mut reader = Reader::new();
    if request.method == Method::Post {
        let mut body = request.object()?;
        let mut given = |name: &str| body.remove(name).unwrap_or_default();
        reader.order("Ordering", &given("Ordering"));
        reader.limit("MaxResults", &given("MaxResults"));
        reader.skip("Skip", &given("Skip"));
        reader.from("ContinuationToken", &given("ContinuationToken"));
    } else {
        reader.order("order", &text(request, &["order"]));
        reader.skip("skip", &number(request, &["skip"]));
        reader.limit("max-keys", &number(request, &["max-keys", "maxKeys"]));
        reader.from("token", &text(request, &["token"]));
    }
    reader.page(noun)
}

/// Returns a query parameter; null if it is absent or empty.
fn text(request: &Request<'_>, names: &[&str]) -> Value {
    request.query_value(names).filter(|value| !value.is_empty()).map_or(Value::Null, Value::from)
}

/// Returns a query parameter as a number, or as a string if it is not a number.
fn number(request: &Request<'_>, names: &[&str]) -> Value {
    let given = text(request, names);
    given.as_str().and_then(|text| text.parse::<u64>().ok()).map_or(given.clone(), Value::from)
}

/// Reads parameters one by one. Null means absent: clients send it so.
struct Reader {
    page: Page,
    wrong: Vec<Parameter>,
}

impl Reader {
    fn new() -> Self {
        Self { page: Page::first(DEFAULT, PAGE_MAX), wrong: Vec::new() }
    }

    /// Returns the page, or every invalid parameter.
    fn page(self, noun: Noun) -> Result<Page, Refusal> {
        let Self { mut page, wrong } = self;
        if !wrong.is_empty() {
            return Err(Refusal::Unreadable(Unreadable::Parameters(wrong)));
        }
        page.secrets = noun == Noun::Credential;
        page.counts = true;
        Ok(page)
    }

    fn order(&mut self, name: &'static str, given: &Value) {
        let (ascending, descending) = (|key| Order { key, descending: false }, |key| Order { key, descending: true });
        self.page.order = match given.as_str() {
            Some("CreatedAscending") => ascending(SortKey::Creation),
            Some("NameAscending") => ascending(SortKey::Name),
            Some("NameDescending") => descending(SortKey::Name),
            Some("GuidAscending") => ascending(SortKey::Id),
            Some("GuidDescending") => descending(SortKey::Id),
            // The remaining orderings are for graphs: "accepted and fall back to the default".
            Some("CreatedDescending" | "CostAscending" | "CostDescending" | "MostConnected" | "LeastConnected") => {
                DEFAULT
            }
            None if given.is_null() => DEFAULT,
            _ => {
                self.wrong
                    .push(Parameter { name, wants: "must be an ordering, such as CreatedDescending or NameAscending" });
                DEFAULT
            }
        };
    }

    fn limit(&mut self, name: &'static str, given: &Value) {
        let number = self.number(name, given, 1, "must be a whole number from 1 to 1000");
        self.page.limit = number.unwrap_or(self.page.limit);
    }

    fn skip(&mut self, name: &'static str, given: &Value) {
        let number = self.number(name, given, 0, "must be a whole number from 0 to 1000");
        self.page.skip = number.unwrap_or(self.page.skip);
    }

    fn number(&mut self, name: &'static str, given: &Value, min: u32, wants: &'static str) -> Option<u32> {
        let number = given.as_u64().and_then(|number| u32::try_from(number).ok());
        let number = number.filter(|number| (min..=PAGE_MAX).contains(number));
        if number.is_none() && !given.is_null() {
            self.wrong.push(Parameter { name, wants });
        }
        number
    }

    fn from(&mut self, name: &'static str, given: &Value) {
        self.page.from = given.as_str().and_then(Id::parse_guid).map(|id| Key(Some(id)));
        if self.page.from.is_none() && !given.is_null() {
            self.wrong.push(Parameter { name, wants: "must be the ContinuationToken of a page" });
        }
    }

    fn guids(&mut self, given: Option<String>) {
        let Some(given) = given else { return };
        // Reading one more than the maximum is enough to detect too many.
        let guids = given.split(',').take(PAGE_MAX as usize + 1);
        match guids.map(|guid| Id::parse_guid(guid.trim())).collect::<Option<Vec<Id>>>() {
            Some(ids) if ids.len() <= PAGE_MAX as usize => self.page.ids = Some(ids),
            _ => self.wrong.push(Parameter { name: "guids", wants: "must be 1 to 1000 GUIDs, separated by commas" }),
        }
    }
}
