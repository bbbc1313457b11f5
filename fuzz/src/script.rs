//! Requests as text, in the form of `tests/recorded`: a request line, headers, an empty line, a body; then five
//! hyphens. Braces are replaced when sent: `{admin}` is a secret, `{cred.guid}` an id in LiteGraph's spelling.

use std::collections::BTreeMap;

/// The maximum number of requests of an input.
pub const STEPS_MAX: usize = 4;

/// A request, before names are replaced by values.
#[derive(Clone, Debug, Default)]
pub struct Step {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// The values that a request can refer to, by name.
pub type Names = BTreeMap<String, String>;

const END: &[u8] = b"-----\n";

/// Parses requests. Any bytes are valid: missing parts are empty.
#[must_use]
pub fn read(bytes: &[u8]) -> Vec<Step> {
    let mut steps = Vec::new();
    let (mut rest, mut is_more) = (bytes, !bytes.is_empty());
    while is_more && steps.len() < STEPS_MAX {
        let end = find(rest, END);
        steps.push(step(&rest[..end.unwrap_or(rest.len())]));
        rest = &rest[end.map_or(rest.len(), |end| end + END.len())..];
        is_more = !rest.is_empty();
    }
    steps
}

fn step(bytes: &[u8]) -> Step {
    let blank = find(bytes, b"\n\n");
    let head = String::from_utf8_lossy(&bytes[..blank.unwrap_or(bytes.len())]).into_owned();
    let body = bytes[blank.map_or(bytes.len(), |blank| blank + 2)..].to_vec();
    let body = body.strip_suffix(b"\n").map_or(body.clone(), <[u8]>::to_vec);
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ');
    let method = first.next().unwrap_or_default().to_owned();
    let url = first.next().unwrap_or_default();
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    Step { method, path: path.to_owned(), query: query.to_owned(), headers: lines.filter_map(header).collect(), body }
}

/// Formats requests.
#[must_use]
pub fn write(steps: &[Step]) -> Vec<u8> {
    let mut text = Vec::new();
    for Step { method, path, query, headers, body } in steps {
        let mark = if query.is_empty() { "" } else { "?" };
        text.extend(format!("{method} {path}{mark}{query}\n").bytes());
        for (name, value) in headers {
            text.extend(format!("{name}: {value}\n").bytes());
        }
        text.push(b'\n');
        text.extend(body);
        text.push(b'\n');
        text.extend(END);
    }
    text
}

impl Step {
    /// Replaces names by values; returns the request and the names it used.
    #[must_use]
    pub fn filled(&self, names: &Names) -> (Self, Vec<String>) {
        let mut used = Vec::new();
        let mut text = |text: &str| String::from_utf8_lossy(&fill(text.as_bytes(), names, &mut used)).into_owned();
        let (path, query) = (text(&self.path), text(&self.query));
        let headers = self.headers.iter().map(|(name, value)| (name.clone(), text(value))).collect();
        let body = fill(&self.body, names, &mut used);
        (Self { method: self.method.clone(), path, query, headers, body }, used)
    }
}

fn fill(text: &[u8], names: &Names, used: &mut Vec<String>) -> Vec<u8> {
    let mut filled = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.iter().position(|byte| *byte == b'{') {
        filled.extend(&rest[..open]);
        rest = &rest[open..];
        let name = rest
            .iter()
            .take(24)
            .position(|byte| *byte == b'}')
            .and_then(|close| std::str::from_utf8(&rest[1..close]).ok());
        if let Some((name, value)) = name.and_then(|name| names.get_key_value(name)) {
            filled.extend(value.bytes());
            used.push(name.clone());
            rest = &rest[name.len() + 2..];
        } else {
            filled.push(b'{');
            rest = &rest[1..];
        }
    }
    filled.extend(rest);
    filled
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
