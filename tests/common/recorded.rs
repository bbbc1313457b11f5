//! Requests recorded from the vendors' own clients, and the table of what is answered to them: `tests/recorded/`.

use std::collections::BTreeMap;

/// One recorded request, with the answer that the table expects.
pub struct Recorded {
    pub line: String,
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub status: u16,
    pub shape: String,
}

/// What a client's file becomes: its name, and its requests in order.
pub struct Session {
    pub name: String,
    pub requests: Vec<Recorded>,
}

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recorded");

/// The sessions of the table, with `names` put in for what was recorded.
///
/// Every recorded request has its line, and every line its request.
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
            maps.push((from.to_owned(), to));
        } else {
            let session = sessions.last_mut().unwrap();
            assert!(!raw.is_empty(), "{line}: {} has no such request", session.name);
            session.requests.push(request(line, &raw.remove(0), &maps));
            assert!(line.starts_with(&session.requests.len().to_string()), "{line}: out of order");
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
    // Lengths and hosts are the transport's to say.
    let ours = ["host", "connection", "content-length", "accept-encoding"];
    let headers = head
        .map(|header| header.split_once(": ").unwrap())
        .filter(|(name, _)| !ours.contains(&name.to_ascii_lowercase().as_str()))
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
    Recorded {
        line: format!("{line}: {url}"),
        headers,
        body: body.trim_end_matches('\n').to_owned(),
        status: columns[2].parse().unwrap(),
        shape: columns[3].to_owned(),
        method,
        url,
    }
}

/// The members of a JSON object, in their order.
pub fn members(text: &str) -> Vec<String> {
    // Parsed by hand: serde_json's map sorts.
    let mut members = Vec::new();
    let mut depth = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((start, letter)) = chars.next() {
        match letter {
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            '"' => {
                let mut end = start + 1;
                while let Some((place, letter)) = chars.next() {
                    end = place;
                    match letter {
                        '\\' => drop(chars.next()),
                        '"' => break,
                        _ => {}
                    }
                }
                if depth == 1 && chars.peek().is_some_and(|(_, next)| *next == ':') {
                    members.push(text[start + 1..end].to_owned());
                }
            }
            _ => {}
        }
    }
    members
}

/// Checks a body against its shape: the members that are always there, those that may be, and their order.
pub fn check_shape(recorded: &Recorded, members: &[String]) {
    let (always, maybe): (&[&str], &[&str]) = match recorded.shape.as_str() {
        "none" => (&[], &[]),
        "coactive-client" => (&["client_id", "client_secret", "name", "roles"], &[]),
        "coactive-error" => (&["detail"], &[]),
        "litegraph-credential" => {
            (&["GUID", "TenantGUID", "UserGUID", "Name", "BearerToken", "Active", "CreatedUtc", "LastUpdateUtc"], &[])
        }
        "litegraph-error" => (&["Error", "Message", "StatusCode"], &["Description"]),
        "keycard-organization" => (&["id", "created_at", "label", "name", "sso_enabled", "updated_at", "zone_id"], &[]),
        "keycard-account" => (&["id", "created_at", "name", "updated_at"], &["description"]),
        "keycard-created" => (&["id", "client_id", "client_secret", "created_at", "name"], &["description"]),
        "keycard-credential" => {
            (&["id", "client_id", "created_at", "name"], &["description", "last_used_at", "permissions"])
        }
        "keycard-error" => (&["message", "code", "status"], &[]),
        other => panic!("{}: no shape {other}", recorded.line),
    };
    let mut rest = members.iter();
    for member in always {
        assert_eq!(rest.next().map(String::as_str), Some(*member), "{}: {members:?}", recorded.line);
    }
    let mut allowed = maybe.iter();
    for member in rest {
        assert!(allowed.any(|maybe| maybe == member), "{}: {member} in {members:?}", recorded.line);
    }
}
