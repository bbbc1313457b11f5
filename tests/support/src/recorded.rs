//! Requests recorded from the vendors' clients, and the table of expected responses: `tests/recorded/`.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::shape;

/// A recorded request and its expected response.
pub struct Recorded {
    pub line: String,
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub status: u16,
    /// The name of the body's shape.
    pub shape: String,
    /// The number of items, if the table states it.
    pub items: Option<usize>,
}

/// The recorded requests of one client, in order.
pub struct Session {
    pub name: String,
    pub requests: Vec<Recorded>,
}

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../recorded");

/// Reads the table and the recordings, with recorded ids and tokens replaced by `names`.
///
/// Panics unless every recorded request has a line and every line a request.
pub fn sessions(names: &BTreeMap<&str, String>) -> Vec<Session> {
    let table = std::fs::read_to_string(format!("{FOLDER}/expected.txt")).unwrap();
    let lines =
        table.lines().map(|line| line.split('#').next().unwrap_or_default().trim()).filter(|line| !line.is_empty());
    let (mut sessions, mut maps) = (Vec::<Session>::new(), Vec::new());
    let mut raw: Vec<String> = Vec::new();
    for line in lines {
        if let Some(name) = line.strip_prefix("file ") {
            assert!(raw.is_empty(), "{} requests without a line before {name}", raw.len());
            let log = std::fs::read_to_string(format!("{FOLDER}/{name}.log")).unwrap();
            raw = log.split("-----\n").filter(|request| !request.trim().is_empty()).map(str::to_owned).collect();
            maps.clear();
            sessions.push(Session { name: name.to_owned(), requests: Vec::new() });
        } else if let Some(map) = line.strip_prefix("map ") {
            let (from, to) = map.split_once(" = ").unwrap();
            let to = names.iter().fold(to.to_owned(), |to, (name, value)| to.replace(&format!("{{{name}}}"), value));
            let log = std::fs::read_to_string(format!("{FOLDER}/{}.log", sessions.last().unwrap().name)).unwrap();
            assert!(from == "none" || log.contains(from), "{line}: nothing recorded has it");
            maps.push((from.to_owned(), to));
        } else {
            let session = sessions.last_mut().unwrap();
            assert!(!raw.is_empty(), "{line}: {} has no such request", session.name);
            session.requests.push(request(line, &raw.remove(0), &maps));
            let number = session.requests.len().to_string();
            assert_eq!(line.split_whitespace().next(), Some(&*number), "{line}: out of order");
        }
    }
    assert!(raw.is_empty(), "{} requests without a line at the end", raw.len());
    let logs = std::fs::read_dir(FOLDER)
        .unwrap()
        .filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|end| end == "log"));
    assert_eq!(sessions.len(), logs.count(), "every file is in the table");
    sessions
}

fn request(line: &str, raw: &str, maps: &[(String, String)]) -> Recorded {
    let named = || maps.iter().filter(|(from, _)| from != "none");
    let mapped = |text: &str| named().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    let (head, body) = raw.split_once("\n\n").unwrap_or((raw, ""));
    let mut head = head.lines();
    let mut first = head.next().unwrap().split(' ');
    let (method, url) = (first.next().unwrap().to_owned(), mapped(first.next().unwrap()));
    // The transport sets these headers.
    let by_transport = ["host", "connection", "content-length", "accept-encoding"];
    let headers = head
        .map(|header| header.split_once(": ").unwrap())
        .filter(|(name, _)| !by_transport.contains(&name.to_ascii_lowercase().as_str()))
        .map(|(name, value)| {
            let value = if name.eq_ignore_ascii_case("authorization") { mapped(value) } else { value.to_owned() };
            (name.to_owned(), value)
        });
    let mut headers: Vec<_> = headers.collect();
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization")) {
        let added = maps.iter().filter(|(from, _)| from == "none");
        headers.extend(added.map(|(_, to)| ("authorization".to_owned(), to.clone())));
    }
    let columns: Vec<_> = line.split_whitespace().collect();
    assert_eq!(columns[1], method, "{line}");
    let (shape, items) = columns[3].split_once('*').map_or((columns[3], None), |(shape, items)| (shape, Some(items)));
    Recorded {
        line: format!("{line}: {url}"),
        headers,
        body: body.trim_end_matches('\n').to_owned(),
        status: columns[2].parse().unwrap(),
        shape: shape.to_owned(),
        items: items.map(|items| items.parse().unwrap()),
        method,
        url,
    }
}

/// Asserts that a body has the expected shape.
pub fn check_shape(recorded: &Recorded, text: &str) {
    let Recorded { line, shape, .. } = recorded;
    if shape == "empty" {
        assert_eq!(text, "", "{line}");
        return;
    }
    shape::check(shape, text).unwrap_or_else(|wrong| panic!("{line}: {wrong}: {text}"));
    let body = serde_json::from_str(text).expect("it was read before");
    agrees(recorded, &body).unwrap_or_else(|wrong| panic!("{line}: {wrong}: {text}"));
}

/// Checks that the members of a body agree with each other and with the status.
fn agrees(recorded: &Recorded, body: &Value) -> Result<(), &'static str> {
    let check = |is_true: bool, what| if is_true { Ok(()) } else { Err(what) };
    let listed = body.as_array().or(body["items"].as_array()).or(body["Objects"].as_array());
    let items = listed.map(Vec::as_slice).unwrap_or_default();
    check(recorded.items.is_none_or(|wanted| wanted == items.len()), "another number of items")?;
    match recorded.shape.as_str() {
        "coactive-token" | "oauth-token" => {
            check(body["token_type"] == "Bearer" && body["expires_in"] == 3600, "not a token's type and time")
        }
        "litegraph-error" => check(body["StatusCode"] == recorded.status, "StatusCode is not the status"),
        "keycard-error" => check(body["status"] == recorded.status, "status is not the status"),
        "litegraph-enumeration" => {
            let end = body["EndOfResults"] == true;
            // "ContinuationToken is the GUID of the last object and is left out at the end."
            let token = items.last().filter(|_| !end).map(|last| &last["GUID"]);
            check(body.get("ContinuationToken") == token, "ContinuationToken is not the last object's GUID")?;
            check((body["RecordsRemaining"] == 0) == end, "RecordsRemaining is 0 exactly at the end")?;
            check(items.len() as u64 <= body["MaxResults"].as_u64().unwrap_or(0), "more than MaxResults")
        }
        "keycard-list" => {
            let (some, info) = (!items.is_empty(), &body["page_info"]);
            let cursors = ["end_cursor", "start_cursor"].map(|name| info.get(name).is_some());
            check(cursors == [some, some], "cursors without items, or items without")
        }
        _ => Ok(()),
    }
}
