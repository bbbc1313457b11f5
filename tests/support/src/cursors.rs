//! Cursors of positions that no page led to.

use postern::face::cursor::{List, at, at_event};
use postern::operation::Handler;
use postern::request::{Body, Headers, Method, Request};
use postern::route::{Operation, find};
use postern::store::list::Position;

struct NoHeaders;

impl Headers for NoHeaders {
    fn get(&self, _name: &str) -> Option<String> {
        None
    }
}

/// The cursor of a position in the list that a GET of this URL asks for.
pub fn cursor(url: &str, position: &Position<'_>) -> String {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let request =
        Request { method: Method::Get, origin: "", path, query, headers: &NoHeaders, body: Body::Bytes(Vec::new()) };
    let Ok(found) = find(Method::Get, path).route else { panic!("{path} has no route") };
    let Operation::Page(noun, Handler(read)) = found.route.operation else { panic!("{path} is no list by pages") };
    let page = read(&request, noun).unwrap_or_else(|refusal| panic!("{url}: {refusal:?}"));
    at(&List::new(path, page.order, page.filter.as_ref()), position)
}

/// The cursor of an event, by its number, in the history at this path.
pub fn event_cursor(path: &str, seq: impl TryInto<i64>) -> String {
    let Ok(seq) = seq.try_into() else { panic!("no number of an event") };
    at_event(&List::history(path), seq)
}
