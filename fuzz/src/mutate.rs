//! Structure-aware mutations. libFuzzer mutates bytes and explores near known inputs; these insert a member, a header
//! or a route, which random bytes rarely produce.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use arbitrary::Unstructured;
use postern::credential::field::{Field, Noun, Verb};
use postern::face::Face;
use postern::face::{coactive::COACTIVE, keycard::KEYCARD, litegraph::LITEGRAPH, postern::POSTERN};
use serde_json::{Map, Value, json};

use crate::script::{self, Step};

/// The random bits of a mutation, from libFuzzer's seed.
fn choices(seed: u32) -> Vec<u8> {
    // SplitMix64: expands the seed to as many bits as needed.
    let mut state = u64::from(seed);
    let mut word = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let word = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb)
    };
    (0..32).flat_map(|_| word().to_le_bytes()).collect()
}

/// Writes a mutated input into libFuzzer's buffer; `None` if nothing changed, or if there is no room.
pub fn write(
    data: &mut [u8],
    size: usize,
    max_size: usize,
    mutate: impl FnOnce(&[u8]) -> Option<Vec<u8>>,
) -> Option<usize> {
    let made = mutate(data.get(..size)?)?;
    data.get_mut(..max_size)?.get_mut(..made.len())?.copy_from_slice(&made);
    Some(made.len())
}

/// A JSON body with one member added, removed or changed; `None` every other time, and for a body without an object.
#[must_use]
pub fn body(bytes: &[u8], seed: u32) -> Option<Vec<u8>> {
    let choices = choices(seed);
    let mut u = Unstructured::new(&choices);
    if u.ratio(1, 2).ok()? {
        return None;
    }
    object(bytes, &mut u).ok()
}

/// A text with one of these members added to one of its objects; `None` every other time, and for a text without an object.
#[must_use]
pub fn member(bytes: &[u8], seed: u32, members: &[&str]) -> Option<Vec<u8>> {
    let choices = choices(seed);
    let mut u = Unstructured::new(&choices);
    let open: Vec<_> = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'{').map(|(at, _)| at + 1).collect();
    if u.ratio(1, 2).ok()? || open.is_empty() {
        return None;
    }
    let (before, after) = bytes.split_at(*u.choose(&open).ok()?);
    let comma = if after.starts_with(b"}") { "" } else { "," };
    Some([before, u.choose(members).ok()?.as_bytes(), comma.as_bytes(), after].concat())
}

/// Member names that some face knows, and some that none knows.
static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let faces = [&COACTIVE, &LITEGRAPH, &KEYCARD, &POSTERN];
    let fields = faces.into_iter().flat_map(words);
    fields.chain(OTHERS.split(' ')).chain(["", "a/b~c"]).collect::<BTreeSet<_>>().into_iter().collect()
});

const OTHERS: &str = "token needs all any items role_id resource resource_instance Ordering MaxResults Skip ContinuationToken id tenant revision \
    created_at updated_at revoked_at revoked_reason last_used_at secrets label grant_type nmae";

/// Every member name of a face.
pub fn words(face: &'static Face) -> impl Iterator<Item = &'static str> {
    let ways = Noun::ALL.into_iter().flat_map(|noun| Verb::ALL.map(|verb| (noun, verb)));
    ways.flat_map(move |(noun, verb)| {
        Field::ALL.into_iter().filter_map(move |field| face.dialect.word(noun, verb, field))
    })
}

fn value(u: &mut Unstructured<'_>) -> arbitrary::Result<Value> {
    Ok(match u.int_in_range(0..=17)? {
        0 => Value::Null,
        1 => u.arbitrary::<bool>()?.into(),
        2 => (*u.choose(&[0_i64, 1, -1, 60, 7_776_000, 7_776_001, i64::MAX, i64::MIN])?).into(),
        3 => json!(*u.choose(&[0.5, 1.0, -0.0, 1e300, 9_007_199_254_740_993.0])?),
        4 => "x".repeat(*u.choose(&[0, 1, 255, 256, 500, 501, 513, 4096])?).into(),
        // Characters of one to four bytes, at any offset.
        5 => ["x".repeat(u.int_in_range(0..=8)?), "日é💩".repeat(*u.choose(&[1, 4, 82, 85])?)].concat().into(),
        6 => (*u.choose(&["\u{0}", "a\nb", "\u{7f}", "\u{85}", "\u{fffd}", "\u{10ffff}", "a\"b\\c", "'; --", "%s"])?)
            .into(),
        7 => (*u.choose(&[
            "admin",
            "editor",
            "viewer",
            "auditor",
            "system",
            "dataset:d",
            "dataset:",
            "client_credentials",
        ])?)
        .into(),
        8 => (*u.choose(&[
            "{acme}",
            "{other}",
            "{account}",
            "{cred}",
            "{made}",
            "{zero}",
            "{acme.guid}",
            "{account.guid}",
            "{cred.guid}",
        ])?)
        .into(),
        9 => (*u.choose(&[
            "2027-01-01T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "2255-06-05T23:47:34.740991Z",
            "2026-11-21T00:00:00",
            "2026-11-21T00:00:00.0000009+23:59",
            "+10000-01-01T00:00:00Z",
        ])?)
        .into(),
        10 => {
            (*u.choose(&["default", "{admin}", "{viewer}", "{made.secret}", "pstn_x", "client_a:b", "{root}"])?).into()
        }
        11 => json!([role(u)?]),
        12 => {
            let roles = (0..u.int_in_range(0..=3)?).map(|_| role(u)).collect::<arbitrary::Result<Vec<_>>>()?;
            roles.into()
        }
        13 => {
            let many = *u.choose(&[0_usize, 1, 16, 17, 100, 101])?;
            (0..many)
                .map(|number| json!({ "role_id": "viewer", "resource": format!("r{number}") }))
                .collect::<Vec<_>>()
                .into()
        }
        14 => {
            let many = *u.choose(&[0_usize, 1, 16, 17])?;
            (0..many).map(|number| (format!("k{number}"), json!("v"))).collect::<Map<_, _>>().into()
        }
        15 => json!({ "a": null, "b": "x".repeat(*u.choose(&[1, 500, 501])?), "": "" }),
        16 => (0..*u.choose(&[30_usize, 31, 32])?).fold(Value::Null, |inner, _| json!([inner])),
        _ => json!([*u.choose(&["admin", "auditor", "", "viewer"])?, 1]),
    })
}

fn role(u: &mut Unstructured<'_>) -> arbitrary::Result<Value> {
    let mut role = Map::new();
    for (name, values) in [
        ("role_id", &["admin", "editor", "viewer", "auditor", "nobody", ""][..]),
        ("resource", &["dataset", "", "é"][..]),
        ("resource_instance", &["d", ""][..]),
    ] {
        if u.ratio(if name == "role_id" { 9 } else { 3 }, 10)? {
            role.insert(name.to_owned(), (*u.choose(values)?).into());
        }
    }
    if u.ratio(1, 20)? {
        role.insert((*u.choose(&WORDS)?).to_owned(), value(&mut Unstructured::new(&[]))?);
    }
    Ok(role.into())
}

fn object(bytes: &[u8], u: &mut Unstructured<'_>) -> arbitrary::Result<Vec<u8>> {
    let mut members = match serde_json::from_slice(bytes) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    };
    for _ in 0..u.int_in_range(1..=3)? {
        let names: Vec<String> = members.keys().cloned().collect();
        match u.int_in_range(0..=3)? {
            0 if !names.is_empty() => drop(members.remove(u.choose(&names)?)),
            1 if !names.is_empty() => drop(members.insert(u.choose(&names)?.clone(), value(u)?)),
            _ => drop(members.insert((*u.choose(&WORDS)?).to_owned(), value(u)?)),
        }
    }
    let mut text = Value::from(members).to_string();
    if u.ratio(1, 30)? {
        // A duplicate member, which an object of serde_json cannot have.
        text = text.replacen('{', &format!("{{\"{}\":1,", u.choose(&WORDS)?), 1);
    }
    Ok(text.into())
}

/// Requests with a part of one changed, or one request added or removed; `None` a third of the time.
#[must_use]
pub fn requests(bytes: &[u8], seed: u32) -> Option<Vec<u8>> {
    let choices = choices(seed);
    let mut u = Unstructured::new(&choices);
    if u.ratio(1, 3).ok()? {
        return None;
    }
    let mut steps: Vec<Step> = script::read(bytes);
    for _ in 0..u.int_in_range(1..=2).ok()? {
        change(&mut steps, &mut u).ok()?;
    }
    steps.truncate(script::STEPS_MAX);
    Some(script::write(&steps))
}

const CALLERS: &[&str] = &[
    "root",
    "admin",
    "admin",
    "editor",
    "viewer",
    "nothing",
    "retiring",
    "retired",
    "revoked",
    "disabled",
    "other",
    "full",
    "made.secret",
];

const HEADERS: &[(&str, &[&str])] = &[
    ("if-match", &["*", "\"{cred}.1\"", "{etag}", "W/{etag}", "\"{cred}.2\", {etag}", "\"*\"", ""]),
    ("if-none-match", &["*", "\"{cred}.1\"", "{etag}"]),
    ("idempotency-key", &["k", "k2", "", "a b"]),
    (
        "content-type",
        &["application/json", "application/merge-patch+json", "application/x-www-form-urlencoded", "text/plain", ""],
    ),
    ("x-postern-tenant", &["acme", "{acme}", "{other.guid}", "nobody", ""]),
    ("x-token", &["{admin}", "{root}", "x"]),
    ("x-request-id", &["a-1", "a b", "\"", "é"]),
    ("x-client-request-id", &["182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e", "1"]),
    ("host", &["example.com", "\"", "é/"]),
    ("later", &["1", "60", "3600", "7776000"]),
];

const QUERIES: &[&str] = &[
    "dry_run=true",
    "dry_run=false",
    "force=true",
    "force",
    "limit=1",
    "limit=100",
    "limit=0",
    "sort=name",
    "sort=-name",
    "sort=-created",
    "cursor={cursor}",
    "after={cursor}",
    "before={cursor}",
    "enabled=true",
    "enabled=false",
    "principal={account}",
    "role=viewer",
    "name_prefix=a",
    "expires_before=2027-01-01T00:00:00Z",
    "unused_since=2026-01-01T00:00:00Z",
    "unrotated_since=2027-01-01T00:00:00Z",
    "expand=permissions",
    "order=NameAscending",
    "order=GuidDescending",
    "skip=1",
    "max-keys=1",
    "token={cred.guid}",
    "guids={cred.guid},{admin.guid}",
    "guids=",
    "roles_context=system",
    "roles_context=dataset:d",
    "roles_context=x",
    "a=b",
];

const SEGMENTS: &[&str] = &[
    "{acme}",
    "{acme}",
    "{acme}",
    "{acme.guid}",
    "acme",
    "{other}",
    "other",
    "{zero}",
    "{account}",
    "{account.guid}",
    "{cred}",
    "{cred}",
    "{cred.guid}",
    "{cred.client}",
    "{admin.id}",
    "{admin.client}",
    "{retiring.id}",
    "{revoked.id}",
    "{made}",
    "{made.guid}",
    "{made.client}",
    "{nothing}",
    "%00",
    "..",
    "%F0%9F%92%A9",
    "a%2Fb",
    "default",
];

fn change(steps: &mut Vec<Step>, u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let what = u.int_in_range(0..=9)?;
    if steps.is_empty() || what == 0 {
        let at = u.int_in_range(0..=steps.len())?;
        steps.insert(at, made(u)?);
        return Ok(());
    }
    let at = u.choose_index(steps.len())?;
    if what == 1 && steps.len() > 1 {
        steps.remove(at);
        return Ok(());
    }
    if what == 2 {
        let step = steps[at].clone();
        steps.push(step);
        return Ok(());
    }
    let step = &mut steps[at];
    match what {
        3 => {
            step.method =
                (*u.choose(&["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])?).to_owned();
        }
        4 => {
            let mut segments: Vec<&str> = step.path.split('/').collect();
            let at = u.choose_index(segments.len())?;
            segments[at] = u.choose(SEGMENTS)?;
            step.path = segments.join("/");
        }
        5 => {
            let query = u.choose(QUERIES)?;
            step.query = if step.query.is_empty() || u.ratio(1, 2)? {
                (*query).to_owned()
            } else {
                format!("{}&{query}", step.query)
            };
        }
        6 => present(step, u)?,
        7 => {
            let (name, values) = u.choose(HEADERS)?;
            let value = (*u.choose(values)?).to_owned();
            step.headers.retain(|(other, _)| other != name);
            step.headers.push(((*name).to_owned(), value));
        }
        _ => step.body = object(&step.body, u)?,
    }
    Ok(())
}

/// Adds a caller.
fn present(step: &mut Step, u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let who = u.choose(CALLERS)?;
    let value = match u.int_in_range(0..=9)? {
        0 => format!("Basic {{{who}.basic}}"),
        1 => format!("Bearer {{{who}.access}}"),
        2 => format!("Bearer {{{who}.client}}:{{{who}}}"),
        _ => format!("Bearer {{{who}}}"),
    };
    step.headers.retain(|(name, _)| name != "authorization");
    step.headers.push(("authorization".to_owned(), value));
    Ok(())
}

/// A request of a route, mostly with ids that exist.
fn made(u: &mut Unstructured<'_>) -> arbitrary::Result<Step> {
    let route = &postern::route::ROUTES[u.choose_index(postern::route::ROUTES.len())?];
    let spelling = if route.path.starts_with("/v1.0") || route.path.starts_with("/v2.0") { ".guid" } else { "" };
    let mut path = Vec::new();
    let mut before = "";
    for segment in route.path.split('/') {
        path.push(match (segment, before) {
            (segment, _) if segment.starts_with('{') && u.ratio(1, 10)? => (*u.choose(SEGMENTS)?).to_owned(),
            ("{tenant}", _) => format!("{{acme{spelling}}}"),
            ("{principal}", _) => format!("{{account{spelling}}}"),
            ("{token}", _) => "{cred.secret}".to_owned(),
            ("{credential}", "clients") => "{cred.client}".to_owned(),
            ("{credential}", _) => {
                let one = u.choose(&["cred", "cred", "cred", "retiring.id", "revoked.id", "made"])?;
                if spelling.is_empty() || one.contains('.') {
                    format!("{{{one}}}")
                } else {
                    format!("{{{one}{spelling}}}")
                }
            }
            (segment, _) => segment.to_owned(),
        });
        before = segment;
    }
    let method = route.method.allow().split(',').next().unwrap_or_default().to_owned();
    let body = if ["GET", "DELETE"].contains(&&*method) { Vec::new() } else { object(b"{\"name\":\"n\"}", u)? };
    let mut step = Step { method, path: path.join("/"), query: String::new(), headers: Vec::new(), body };
    present(&mut step, u)?;
    if u.ratio(1, 2)? {
        step.headers.push(("x-postern-tenant".to_owned(), "acme".to_owned()));
    }
    Ok(step)
}
