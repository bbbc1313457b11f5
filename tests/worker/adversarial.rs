//! Adversarial input: each case of tests/adversarial/cases.json, sent on every face, by an admin and unauthenticated.
//! Each input is either rejected with an error in the face's shape and changes nothing, or it is returned exactly as
//! sent.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use data_encoding::HEXLOWER_PERMISSIVE;
use postern::credential::id::Id;
use serde::Deserialize;
use serde_json::{Value, json};

use support::client::{Call, OAUTH_TOKEN, Reply, TOKEN, call, get};
use support::face::Face::{self, Coactive, Keycard, LiteGraph, Postern};
use support::http::{at_once, server};
use support::tenant::{Subject, Tenant, read_id, text};

/// The corpus. Arrays with one entry per face are in the order of [`Face::ALL`].
#[derive(Deserialize)]
struct Corpus {
    /// The text between the quotes of a JSON string, used as the value of each text member.
    texts: Vec<Case>,
    /// Members added to a body that has a name.
    members: Vec<Case>,
    /// Complete bodies.
    bodies: Vec<Case>,
    numbers: Vec<Number>,
    times: Vec<Time>,
    /// Paths; `ONE` stands for the path of a credential.
    paths: Vec<EachFace>,
    headers: Vec<Header>,
    /// `Content-Type`s.
    types: Vec<EachFace>,
    queries: Vec<Query>,
    /// Complete HTTP requests. `UPDATE` stands for the face's method, `ONE` for the credential's path, `HEADERS` for
    /// the required headers, `AUTHORIZATION` for the authorization header, `BODY` for a body that renames, `LENGTH`
    /// and `SIZE` for its length in decimal and in hexadecimal.
    wire: Vec<Case>,
}

/// An input and its outcome on every face.
#[derive(Deserialize)]
struct Case {
    why: String,
    input: Pieces,
    outcome: Outcome,
}

/// A number as written and its integer value. `whole` is `None` if it is not an integer, `unreadable` marks invalid
/// JSON.
#[derive(Deserialize)]
struct Number {
    why: String,
    input: String,
    whole: Option<i128>,
    #[serde(default)]
    unreadable: bool,
}

/// A time and how it is returned; `None` if it is rejected. `as_utc`: how a face shows it that asks for no offset.
#[derive(Deserialize)]
struct Time {
    why: String,
    input: Pieces,
    shown: Option<String>,
    as_utc: Option<String>,
}

/// An input and its outcome per face.
#[derive(Deserialize)]
struct EachFace {
    why: String,
    input: Pieces,
    outcome: [Outcome; 4],
}

/// A header; `ID` in its value stands for the credential's id.
#[derive(Deserialize)]
struct Header {
    why: String,
    name: String,
    value: Pieces,
    outcome: Outcome,
}

/// A query of a list, and the status of the response per face.
#[derive(Deserialize)]
struct Query {
    why: String,
    input: Pieces,
    outcome: [u16; 4],
}

/// The expected outcome of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// Returned exactly as sent.
    Kept,
    /// No effect: the request succeeds as if the input were absent.
    Ignored,
    /// Resolves to the credential.
    Found,
    /// The change is made.
    Changed,
    /// The runtime rejects it before it reaches the Worker.
    Runtime,
    ValueError,
    StringTooLong,
    StringTooShort,
    Unreadable,
    TooLarge,
    Media,
    Missing,
    NoRoute,
    /// No route, reported by the Postern face: the path has the prefix of no other face.
    NoPosternRoute,
    Stale,
    TooManyTags,
    Unauthenticated,
}

/// Bytes, in human-readable pieces.
#[derive(Deserialize)]
#[serde(untagged)]
enum Pieces {
    One(String),
    Many(Vec<Piece>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Piece {
    Text(String),
    Repeat { repeat: String, times: usize },
    Hex { hex: String },
}

impl Pieces {
    fn bytes(&self) -> Vec<u8> {
        let bytes = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone().into_bytes(),
            Piece::Repeat { repeat, times } => repeat.repeat(*times).into_bytes(),
            Piece::Hex { hex } => HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).expect("hexadecimal digits"),
        };
        match self {
            Self::One(text) => text.clone().into_bytes(),
            Self::Many(pieces) => pieces.iter().flat_map(bytes).collect(),
        }
    }

    fn text(&self) -> String {
        String::from_utf8(self.bytes()).expect("UTF-8")
    }
}

impl Case {
    /// The text that the JSON string decodes to.
    fn value(&self) -> String {
        let quoted = [b"\"", &*self.input.bytes(), b"\""].concat();
        serde_json::from_slice(&quoted).unwrap_or_else(|error| panic!("{}: {error}", self.why))
    }
}

fn corpus() -> Corpus {
    serde_json::from_str(include_str!("../adversarial/cases.json")).expect("the corpus")
}

/// The number of requests sent.
static SENT: AtomicUsize = AtomicUsize::new(0);

fn send(call: Call) -> Reply {
    SENT.fetch_add(1, Ordering::Relaxed);
    call.send(server())
}

/// Runs `what` on every case, in four threads: the tests themselves run concurrently already.
fn for_each_case<C: Sync>(cases: &[C], what: impl Fn(&C) + Sync) {
    at_once(cases.chunks(cases.len().div_ceil(4)).collect(), |cases| cases.iter().for_each(&what));
}

/// Replaces a word of the template by bytes.
fn replace_word(template: &str, word: &str, bytes: &[u8]) -> Vec<u8> {
    let parts: Vec<_> = template.split(word).map(str::as_bytes).collect();
    assert!(parts.len() > 1, "{word} in {template}");
    parts.join(bytes)
}

fn unauthenticated(call: Call) -> Call {
    call.token("of-nobody")
}

/// Asserts status and error code, and that nothing was written.
fn assert_refused(face: Face, reply: &Reply, (status, word): (u16, &str), why: &str) {
    assert_eq!(reply.status, status, "{face:?}, {why}: {reply:?}");
    assert_eq!((face.error(reply).as_str(), reply.cost.rows_written), (word, 0), "{face:?}, {why}: {reply:?}");
}

/// Asserts the face's error for an outcome. Unreadable input costs no trip.
fn assert_outcome(face: Face, reply: &Reply, outcome: Outcome, why: &str) {
    assert_refused(face, reply, error_of(face, outcome), why);
    let unread = matches!(outcome, Outcome::Unreadable | Outcome::TooLarge | Outcome::Media);
    assert!(!unread || reply.cost.trips == 0, "{face:?}, {why}: {reply:?}");
}

/// The status and error code of an outcome on a face.
fn error_of(face: Face, outcome: Outcome) -> (u16, &'static str) {
    match outcome {
        Outcome::Unreadable => face.unreadable(),
        Outcome::TooLarge => (413, face.too_large()),
        Outcome::Media => {
            let coactive = "Unsupported Media Type: send application/json";
            (415, face.of([coactive, "BadRequest", "unsupported_media_type", "unsupported_media_type"]))
        }
        Outcome::Missing => (404, face.no_credential()),
        Outcome::NoRoute => face.of([(404, "Not Found"), (400, "BadRequest"), (404, "not_found"), (404, "no_route")]),
        Outcome::Stale => (412, face.stale()),
        Outcome::TooManyTags => face.of([
            (422, "header.if-match value_error"),
            (400, "BadRequest"),
            (400, "bad_request"),
            (400, "too_many_etags"),
        ]),
        Outcome::Unauthenticated => (401, face.unauthenticated()),
        other => panic!("{other:?} has no error of its own"),
    }
}

/// A credential that must not change, and its initial state.
struct Untouched<'a> {
    tenant: &'a Tenant<'a>,
    subject: Subject,
    before: String,
}

impl<'a> Untouched<'a> {
    fn new(tenant: &'a Tenant) -> Self {
        let subject = tenant.subject();
        let before = tenant.read(Postern, subject.id).text;
        Self { tenant, subject, before }
    }

    /// Asserts that the credential has not changed.
    fn check(&self) {
        assert_eq!(self.tenant.read(Postern, self.subject.id).text, self.before);
    }
}

/// The requests that create and update a credential with this body.
fn writes(tenant: &Tenant, face: Face, id: Id, body: &[u8]) -> [Call; 2] {
    let typed = |call: Call| call.header("content-type", "application/json").bytes(body);
    [typed(call(face.create(), tenant.all(face))), typed(call(face.update(), tenant.one(face, id)))]
}

/// A body with a placeholder for the name.
fn naming(tenant: &Tenant, face: Face, name: &str) -> String {
    tenant.naming(face, name).to_string()
}

/// The id of the credential in a response.
fn shown_id(face: Face, reply: &Reply) -> Id {
    read_id(&reply.json()[face.of(["client_id", "GUID", "id", "id"])])
}

fn percent(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut all, byte| {
        write!(all, "%{byte:02x}").expect("a text");
        all
    })
}

#[test]
fn name_is_stored_exactly_or_rejected() {
    let cases = corpus().texts;
    let tenant = Tenant::new(server());
    let untouched = Untouched::new(&tenant);
    for_each_case(&cases, |case| {
        let input = case.input.bytes();
        // Rejected input is sent to the credential that must not change.
        let subject = if case.outcome == Outcome::Kept { &tenant.subject() } else { &untouched.subject };
        for (face, other) in Face::ALL.into_iter().zip([LiteGraph, Keycard, Postern, Coactive]) {
            let body = replace_word(&naming(&tenant, face, "TEXT"), "TEXT", &input);
            for call in writes(&tenant, face, subject.id, &body) {
                let outcome =
                    if case.outcome == Outcome::Unreadable { Outcome::Unreadable } else { Outcome::Unauthenticated };
                assert_outcome(face, &send(unauthenticated(call)), outcome, &case.why);
            }
            for (call, made) in writes(&tenant, face, subject.id, &body).into_iter().zip([true, false]) {
                let reply = send(call.token(&tenant.admin));
                let rule = match case.outcome {
                    Outcome::Kept => {
                        let reply = reply.expect(if made { face.created() } else { 200 });
                        assert_eq!(reply.json()[face.name()], case.value(), "{face:?}, {}", case.why);
                        let id = shown_id(face, &reply);
                        let reader = if made { face } else { other };
                        let read = send(get(tenant.one(reader, id)).token(&tenant.admin)).expect(200);
                        assert_eq!(read.json()[reader.name()], case.value(), "{face:?} by {reader:?}, {}", case.why);
                        continue;
                    }
                    Outcome::Unreadable => {
                        assert_outcome(face, &reply, Outcome::Unreadable, &case.why);
                        continue;
                    }
                    Outcome::ValueError => "value_error",
                    Outcome::StringTooLong => "string_too_long",
                    Outcome::StringTooShort => "string_too_short",
                    other => panic!("{other:?} of a text"),
                };
                assert_refused(face, &reply, (face.invalid(), &face.bad_name(rule)), &case.why);
                assert_eq!(reply.cost.trips, 1, "{face:?}, {}", case.why);
            }
        }
    });
    untouched.check();
    report(cases.len());
}

/// The other text members: the face, the request, the JSON pointer of the member in the response, and a body in which
/// `TEXT` stands for the value.
fn other_text_members(tenant: &Tenant, subject: &Subject) -> Vec<(Face, Call, &'static str, String)> {
    let user = format!("/v1.0/tenants/{}/users/{}", tenant.id.guid(), tenant.account.guid());
    let account = format!("/organizations/{}/service-accounts/{}", tenant.label, tenant.account);
    let of = |face| tenant.one(face, subject.id);
    let roles = "{\"roles\":[{\"role_id\":\"viewer\",\"resource\":\"TEXT\",\"resource_instance\":\"TEXT\"}]}";
    let by_root = |method, path: String| call(method, path).by_root();
    let by_admin = |method, path: String| call(method, path).token(&tenant.admin);
    let body = |text: &str| text.to_owned();
    vec![
        (Keycard, by_admin("PATCH", of(Keycard)), "/description", body("{\"description\":\"TEXT\"}")),
        (Postern, by_admin("PATCH", of(Postern)), "/description", body("{\"description\":\"TEXT\"}")),
        (Postern, by_admin("PATCH", of(Postern)), "/metadata/k", body("{\"metadata\":{\"k\":\"TEXT\"}}")),
        (Coactive, by_admin("PUT", of(Coactive)), "/roles/0/resource", body(roles)),
        (Postern, by_admin("PATCH", of(Postern)), "/roles/0/resource_instance", body(roles)),
        (LiteGraph, by_admin("PUT", user.clone()), "/LastName", body("{\"LastName\":\"TEXT\"}")),
        (LiteGraph, by_admin("PUT", user), "/Email", body("{\"Email\":\"TEXT\"}")),
        (Keycard, by_admin("PATCH", account), "/name", body("{\"name\":\"TEXT\"}")),
        (Keycard, by_root("POST", body("/organizations")), "/name", body("{\"name\":\"TEXT\"}")),
        (LiteGraph, by_root("PUT", body("/v1.0/tenants")), "/Name", body("{\"Name\":\"TEXT\"}")),
        (
            Postern,
            by_admin("POST", format!("{}/revoke", of(Postern))),
            "/revoked_reason",
            body("{\"reason\":\"TEXT\"}"),
        ),
    ]
}

/// Cases about length are left out: other members allow longer texts.
#[test]
fn every_other_text_member_is_stored_exactly_or_rejected() {
    let cases = corpus().texts;
    let of_length = |case: &&Case| !matches!(case.outcome, Outcome::StringTooLong | Outcome::StringTooShort);
    let cases: Vec<_> = cases.iter().filter(of_length).collect();
    let tenant = Tenant::new(server());
    for_each_case(&cases, |case| {
        let subject = tenant.subject();
        let input = case.input.bytes();
        let members = other_text_members(&tenant, &subject);
        for (face, call, member, body) in members {
            let body = replace_word(&body, "TEXT", &input);
            let reply = send(call.header("content-type", "application/json").bytes(body));
            match case.outcome {
                Outcome::Kept => {
                    assert!((200..300).contains(&reply.status), "{face:?} {member}, {}: {reply:?}", case.why);
                    assert_eq!(
                        reply.json().pointer(member),
                        Some(&Value::from(case.value())),
                        "{member}, {}",
                        case.why
                    );
                    if let Some(label) = reply.json()["label"].as_str() {
                        let sane = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
                        assert!(!label.is_empty() && label.bytes().all(sane), "{label:?}, {}", case.why);
                    }
                }
                Outcome::Unreadable => assert_refused(face, &reply, face.unreadable(), &case.why),
                _ => {
                    let reply = reply.expect(face.invalid());
                    assert_eq!(reply.cost.rows_written, 0, "{member}, {}", case.why);
                    assert!(face.error(&reply).contains(face.of([
                        "value_error",
                        "BadRequest",
                        "bad_request",
                        "control"
                    ])));
                }
            }
        }
    });
    report(0);
}

#[test]
fn unknown_members_do_not_affect_the_name() {
    let cases = corpus().members;
    let tenant = Tenant::new(server());
    let untouched = Untouched::new(&tenant);
    for_each_case(&cases, |case| {
        let readable = case.outcome == Outcome::Ignored;
        let other = tenant.subject();
        for face in Face::ALL {
            let subject = if readable && face != Postern { &other } else { &untouched.subject };
            let named = naming(&tenant, face, "said");
            let named = named.strip_suffix('}').expect("an object");
            let body = [named.as_bytes(), b",", &case.input.bytes(), b"}"].concat();
            for call in writes(&tenant, face, subject.id, &body) {
                let outcome = if readable { Outcome::Unauthenticated } else { Outcome::Unreadable };
                assert_outcome(face, &send(unauthenticated(call)), outcome, &case.why);
            }
            for (call, made) in writes(&tenant, face, subject.id, &body).into_iter().zip([true, false]) {
                let reply = send(call.token(&tenant.admin));
                if !readable {
                    assert_outcome(face, &reply, Outcome::Unreadable, &case.why);
                } else if face == Postern {
                    // The Postern face rejects unknown members.
                    let reply = reply.expect(422);
                    assert_eq!(reply.cost.rows_written, 0, "{}", case.why);
                    assert!(face.error(&reply).contains(" unknown_member"), "{}: {reply:?}", case.why);
                } else {
                    let reply = reply.expect(if made { face.created() } else { 200 });
                    let read = send(get(tenant.one(Postern, shown_id(face, &reply))).token(&tenant.admin)).json();
                    let was: Value = serde_json::from_str(&untouched.before).expect("JSON");
                    assert_eq!(read["name"], "said", "{face:?}, {}", case.why);
                    for member in ["roles", "metadata", "enabled", "expires_at", "tenant"] {
                        assert_eq!(read[member], was[member], "{face:?} {member}, {}", case.why);
                    }
                }
            }
        }
    });
    untouched.check();
    report(cases.len());
}

#[test]
fn malformed_body_is_rejected_for_every_caller() {
    let cases = corpus().bodies;
    let tenant = Tenant::new(server());
    let untouched = Untouched::new(&tenant);
    for_each_case(&cases, |case| {
        let body = case.input.bytes();
        for face in Face::ALL {
            for call in writes(&tenant, face, untouched.subject.id, &body) {
                assert_outcome(face, &send(unauthenticated(call.clone())), case.outcome, &case.why);
                assert_outcome(face, &send(call.token(&tenant.admin)), case.outcome, &case.why);
            }
        }
    });
    untouched.check();
    report(cases.len());
}

#[test]
fn number_is_read_exactly_or_rejected() {
    let cases = corpus().numbers;
    let tenant = Tenant::new(server());
    let untouched = Untouched::new(&tenant);
    for_each_case(&cases, |case| {
        let Number { why, input: number, whole, unreadable } = case;
        // A number is never a valid name.
        for face in Face::ALL {
            let body = replace_word(&naming(&tenant, face, "NUMBER"), "\"NUMBER\"", number.as_bytes());
            for call in writes(&tenant, face, untouched.subject.id, &body) {
                let reply = send(call.token(&tenant.admin));
                if *unreadable {
                    assert_outcome(face, &reply, Outcome::Unreadable, why);
                } else {
                    assert_refused(face, &reply, (face.invalid(), &face.bad_name("string_type")), why);
                    assert_eq!(reply.cost.trips, 1, "{face:?}, {why}");
                }
            }
        }
        let within = |least, most| whole.is_some_and(|whole| (least..=most).contains(&whole));
        let own = tenant.own(json!({}));
        let body = format!("{{\"grace_seconds\":{number}}}");
        let rotate = call("POST", format!("{}/rotate", own.path)).token(&tenant.admin).bytes(body);
        let reply = send(rotate);
        if within(0, 90 * 24 * 3600) {
            let rotated = reply.expect(200).json();
            assert_eq!(
                rotated["secrets"].as_array().map(Vec::len),
                Some(if *whole == Some(0) { 1 } else { 2 }),
                "{why}"
            );
        } else {
            let reply = reply.expect(if *unreadable { 400 } else { 422 });
            assert_eq!(reply.cost.rows_written, 0, "{why}");
        }
        let pages = format!("/v2.0/tenants/{}/credentials", tenant.id.guid());
        for (member, least) in [("MaxResults", 1), ("Skip", 0)] {
            let search = call("POST", &*pages).token(&tenant.admin).bytes(format!("{{\"{member}\":{number}}}"));
            let reply = send(search).expect(if within(least, 1000) { 200 } else { 400 });
            if reply.status == 200 && member == "MaxResults" {
                assert_eq!(reply.json()["MaxResults"].as_i64().map(i128::from), *whole, "{why}");
            }
        }
    });
    untouched.check();
    report(cases.len());
}

#[test]
fn time_is_returned_as_given_or_rejected() {
    let cases = corpus().times;
    let tenant = Tenant::new(server());
    for_each_case(&cases, |case| {
        let (input, why) = (case.input.text(), &case.why);
        let shown = case.shown.as_deref();
        let body = json!({ "name": "timed", "roles": null, "expires_at": input });
        let made = send(call("POST", tenant.all(Postern)).token(&tenant.admin).json(&body));
        if let Some(shown) = shown {
            assert_eq!(made.expect(201).json()["expires_at"], shown, "{why}");
        } else {
            let word = if input.is_empty() { "/expires_at too_short" } else { "/expires_at not_a_time" };
            assert_refused(Postern, &made, (422, word), why);
        }
        for member in ["CreatedUtc", "LastUpdateUtc"] {
            let body = json!({ "UserGUID": tenant.account.guid(), "Name": "timed", member: input });
            let made = send(call("PUT", tenant.all(LiteGraph)).token(&tenant.admin).json(&body));
            match case.as_utc.as_deref().or(shown) {
                Some(shown) => assert_eq!(made.expect(200).json()[member], shown, "{member}, {why}"),
                None => assert_refused(LiteGraph, &made, (400, "BadRequest"), &format!("{member}, {why}")),
            }
        }
        for filter in ["expires_before", "unused_since", "unrotated_since"] {
            let list = get(format!("{}?{filter}={}", tenant.all(Postern), percent(input.as_bytes())));
            let reply = send(list.token(&tenant.admin));
            match shown {
                Some(_) => drop(reply.expect(200)),
                None => assert_refused(Postern, &reply, (400, &format!("{filter} parameter")), why),
            }
        }
    });
    report(cases.len());
}

#[test]
fn path_resolves_to_its_resource_or_to_none() {
    let cases = corpus().paths;
    let tenant = Tenant::new(server());
    let untouched = Untouched::new(&tenant);
    for_each_case(&cases, |case| {
        for (face, outcome) in Face::ALL.into_iter().zip(case.outcome) {
            let one = tenant.one(face, untouched.subject.id);
            let (all, id) = one.rsplit_once('/').expect("a path");
            let path = case.input.text().replace("ONE", &one);
            let path = path.replace("CAPITALS", &format!("{all}/{}", id.to_uppercase()));
            let path = path.replace("ENCODED", &format!("{all}/{}", percent(id.as_bytes())));
            let body = tenant.naming(face, "misled");
            let (house, outcome) =
                if outcome == Outcome::NoPosternRoute { (Postern, Outcome::NoRoute) } else { (face, outcome) };
            let why = &case.why;

            let read = |token: &str| {
                SENT.fetch_add(1, Ordering::Relaxed);
                server().send_raw(&get(&*path).token(token))
            };
            let (unauthenticated_reply, by_admin) = (read("of-nobody"), read(&tenant.admin));
            if outcome == Outcome::Found {
                assert_outcome(house, &unauthenticated_reply, Outcome::Unauthenticated, why);
                assert_eq!(by_admin.expect(200).json()[face.name()], "subject", "{face:?}, {why}");
                continue;
            }
            let unauthenticated_outcome = if outcome == Outcome::Missing { Outcome::Unauthenticated } else { outcome };
            assert_outcome(house, &unauthenticated_reply, unauthenticated_outcome, why);
            assert_outcome(house, &by_admin, outcome, why);
            let update = call(face.update(), &*path).json(&body);
            assert_outcome(house, &send(unauthenticated(update.clone())), unauthenticated_outcome, why);
            assert_outcome(house, &send(update.token(&tenant.admin)), outcome, why);
            assert_outcome(house, &send(unauthenticated(call("DELETE", &*path))), unauthenticated_outcome, why);
            let deleted = send(call("DELETE", &*path).token(&tenant.admin));
            if (face, outcome) == (LiteGraph, Outcome::Missing) {
                assert_eq!((deleted.status, deleted.cost.rows_written), (200, 0), "{why}");
            } else {
                assert_outcome(house, &deleted, outcome, why);
            }
        }
    });
    untouched.check();
    report(cases.len());
}

#[test]
fn adversarial_header_has_only_its_documented_effect() {
    let cases = corpus().headers;
    let tenant = Tenant::new(server());
    for_each_case(&cases, |case| {
        let name: &'static str = Box::leak(case.name.clone().into_boxed_str());
        for face in Face::ALL {
            let untouched = Untouched::new(&tenant);
            let id = untouched.subject.id;
            let value = String::from_utf8_lossy(&case.value.bytes()).replace("ID", &id.to_string());
            let (one, why) = (tenant.one(face, id), &case.why);
            let with = |call: Call| {
                let call = if name == "authorization" { call } else { call.token(&tenant.admin) };
                call.header(name, value.clone())
            };
            SENT.fetch_add(1, Ordering::Relaxed);
            let read = server().send_raw(&with(get(&*one)));
            let update = send(with(call(face.update(), &*one)).json(&tenant.naming(face, "headed")));
            for reply in [&read, &update] {
                for (name, sent) in reply.headers.iter().filter(|(name, _)| *name != "www-authenticate") {
                    assert!(value.len() < 4 || !sent.contains(&value), "{face:?} {name}: {sent}, {why}");
                }
                assert!(reply.header("set-cookie").is_none(), "{face:?}, {why}");
            }
            match case.outcome {
                Outcome::Ignored => {
                    assert_eq!(read.expect(200).json()[face.name()], "subject", "{face:?}, {why}");
                    assert_eq!(update.expect(200).json()[face.name()], "headed", "{face:?}, {why}");
                }
                outcome => {
                    assert_outcome(face, &read, outcome, why);
                    assert_outcome(face, &update, outcome, why);
                    untouched.check();
                }
            }
        }
    });
    report(cases.len());
}

#[test]
fn content_type_alone_decides_how_a_body_is_read() {
    let cases = corpus().types;
    let tenant = Tenant::new(server());
    let untouched = Untouched::new(&tenant);
    for_each_case(&cases, |case| {
        for (face, outcome) in Face::ALL.into_iter().zip(case.outcome) {
            let id = if outcome == Outcome::Ignored { tenant.subject().id } else { untouched.subject.id };
            let body = tenant.naming(face, "typed").to_string();
            let (one, all) = (tenant.one(face, id), tenant.all(face));
            for (call, status) in [(call(face.create(), all), face.created()), (call(face.update(), one), 200)] {
                let call = call.header("content-type", case.input.bytes()).bytes(&*body);
                let unauthenticated_reply = send(unauthenticated(call.clone()));
                let by_admin = send(call.token(&tenant.admin));
                if outcome == Outcome::Ignored {
                    assert_outcome(face, &unauthenticated_reply, Outcome::Unauthenticated, &case.why);
                    assert_eq!(by_admin.expect(status).json()[face.name()], "typed", "{}", case.why);
                } else {
                    assert_outcome(face, &unauthenticated_reply, outcome, &case.why);
                    assert_outcome(face, &by_admin, outcome, &case.why);
                }
            }
        }
    });
    untouched.check();
    report(cases.len());
}

#[test]
fn query_is_checked_before_authentication() {
    let cases = corpus().queries;
    let tenant = Tenant::new(server());
    for_each_case(&cases, |case| {
        for (face, status) in Face::ALL.into_iter().zip(case.outcome) {
            let path = format!("{}?{}", tenant.all(face), case.input.text());
            let read = |token: &str| {
                SENT.fetch_add(1, Ordering::Relaxed);
                server().send_raw(&get(&*path).token(token))
            };
            let (unauthenticated_reply, by_admin) = (read("of-nobody"), read(&tenant.admin));
            assert_eq!(by_admin.status, status, "{face:?}, {}: {by_admin:?}", case.why);
            assert_eq!(
                unauthenticated_reply.status,
                if status == 200 { 401 } else { status },
                "{face:?}, {}",
                case.why
            );
            let word = face.error(&unauthenticated_reply);
            if status != 200 {
                assert_eq!(
                    (word, unauthenticated_reply.cost.trips),
                    (face.error(&by_admin), 0),
                    "{face:?}, {}",
                    case.why
                );
            }
        }
    });
    report(cases.len());
}

/// A filter has no wildcards.
#[test]
fn name_prefix_filter_matches_literally() {
    let texts = corpus().texts;
    let kept = texts.iter().filter(|case| case.outcome == Outcome::Kept);
    let names: Vec<String> = kept.map(Case::value).collect();
    let tenant = Tenant::new(server());
    for_each_case(&names, |name| drop(tenant.own(json!({ "name": name }))));
    for_each_case(&names, |name| {
        let listed = |query: &str| {
            let path = format!("{}?limit=100&{query}={}", tenant.all(Postern), percent(name.as_bytes()));
            send(get(path).token(&tenant.admin)).expect(200).items()
        };
        let mut found: Vec<_> = listed("name_prefix").iter().map(|item| text(&item["name"])).collect();
        found.sort();
        let mut expected: Vec<_> = names.iter().filter(|other| other.starts_with(name)).cloned().collect();
        expected.sort();
        assert_eq!(found, expected, "{name:?}");
        assert_eq!(listed("role"), Vec::<Value>::new(), "{name:?}");
    });
    report(0);
}

/// Everywhere a caller authenticates or a token is looked up.
#[test]
fn adversarial_text_authenticates_only_its_own_credential() {
    let texts = corpus().texts;
    let kept: Vec<_> = texts.iter().filter(|case| case.outcome == Outcome::Kept).collect();
    let tenant = Tenant::new(server());
    for_each_case(&kept, |case| {
        let why = &case.why;
        let input = case.value();
        let encoded = percent(input.as_bytes());
        let none = send(call("POST", "/v1/verify").token(&tenant.admin).json(&json!({ "token": input }))).expect(200);
        assert_eq!(none.json()["active"], false, "{why}");
        let none = send(call("POST", "/oauth/introspect").token(&tenant.admin).form(&format!("token={encoded}")));
        assert_eq!(none.expect(200).text, "{\"active\":false}", "{why}");
        let of = format!("/v1.0/credentials/bearer/{encoded}");
        assert_refused(LiteGraph, &send(get(&*of).token(&tenant.admin)), (404, "NotFound"), why);
        for pair in [format!("{input}:{input}"), format!("client_{}:{input}", tenant.account)] {
            assert_outcome(Coactive, &send(call("POST", "/api/v1/login").basic(&pair)), Outcome::Unauthenticated, why);
        }
        for path in [TOKEN, OAUTH_TOKEN] {
            let form = format!("grant_type=client_credentials&client_id={encoded}&client_secret={encoded}");
            let reply = send(call("POST", path).form(&form)).expect(401);
            assert_eq!((reply.json()["error"].as_str(), reply.cost.rows_written), (Some("invalid_client"), 0), "{why}");
        }
        // A token is up to 512 visible ASCII characters. Tokens are unique, so this one contains the tenant's id.
        let token = format!("{input}{}", tenant.id);
        let body = json!({ "UserGUID": tenant.account.guid(), "Name": "named", "BearerToken": token });
        let made = send(call("PUT", tenant.all(LiteGraph)).token(&tenant.admin).json(&body));
        let found = format!("/v1.0/credentials/bearer/{}", percent(token.as_bytes()));
        if token.bytes().all(|byte| byte.is_ascii_graphic()) {
            assert_eq!(made.expect(200).json()["BearerToken"], token, "{why}");
            let found = send(get(found).token(&tenant.admin)).expect(200).json();
            assert_eq!(found["BearerToken"], token, "{why}");
            // The credential is a viewer, and LiteGraph has no route for viewers.
            assert_refused(
                LiteGraph,
                &send(get(tenant.all(LiteGraph)).token(&token)),
                (401, "AuthorizationFailed"),
                why,
            );
        } else {
            assert_refused(LiteGraph, &made, (400, "BadRequest"), why);
            assert_refused(LiteGraph, &send(get(found).token(&tenant.admin)), (404, "NotFound"), why);
        }
    });
    report(0);
}

/// Sends raw bytes. Returns the status, whether the Worker answered (not the runtime), and the body.
fn exchange(request: &[u8]) -> (u16, bool, Vec<u8>) {
    SENT.fetch_add(1, Ordering::Relaxed);
    let mut stream = TcpStream::connect(host()).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
    // The server may answer and close the connection before it has read everything.
    drop(stream.write_all(request));
    let mut answer = Vec::new();
    let (mut head, mut length) = (0, usize::MAX);
    let mut buffer = [0; 4096];
    while length == usize::MAX || answer.len() < head + length {
        let Ok(read @ 1..) = stream.read(&mut buffer) else { break };
        answer.extend(&buffer[..read]);
        let end = |answer: &[u8]| answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        // "Continue", which is not the response yet.
        if answer.starts_with(b"HTTP/1.1 100 ")
            && let Some(end) = end(&answer)
        {
            answer.drain(..end + 4);
        }
        if let Some(end) = end(&answer) {
            let named = |line: &str| line.strip_prefix("content-length: ").and_then(|length| length.parse().ok());
            head = end + 4;
            length = String::from_utf8_lossy(&answer[..end]).to_lowercase().lines().find_map(named).unwrap_or(0);
        }
    }
    let head_text = String::from_utf8_lossy(&answer[..head]).to_lowercase();
    let status = head_text.split(' ').nth(1).and_then(|status| status.parse().ok());
    (
        status.unwrap_or_else(|| panic!("no response: {head_text}")),
        head_text.contains("x-request-id: "),
        answer.split_off(head),
    )
}

fn host() -> String {
    let url = std::env::var("POSTERN_URL").expect("POSTERN_URL is not set: run `make test`");
    url.strip_prefix("http://").expect("a URL of http").to_owned()
}

#[test]
fn malformed_http_is_rejected_and_smuggles_no_request() {
    let cases = corpus().wire;
    let tenant = Tenant::new(server());
    let untouched = Untouched::new(&tenant);
    for_each_case(&cases, |case| {
        for face in Face::ALL {
            let id = if case.outcome == Outcome::Changed { tenant.subject().id } else { untouched.subject.id };
            let one = tenant.one(face, id);
            let body = tenant.naming(face, "wired").to_string();
            let mut request = String::from_utf8(case.input.bytes()).expect("ASCII");
            let authorization = format!("authorization: Bearer {}\r\n", tenant.admin);
            for (word, input) in [
                ("UPDATE", face.update().to_owned()),
                ("ONE", one),
                ("HEADERS", format!("host: {}\r\n{authorization}", host())),
                ("AUTHORIZATION", authorization),
                ("LENGTH", body.len().to_string()),
                ("SIZE", format!("{:x}", body.len())),
                ("BODY", body),
            ] {
                request = request.replace(word, &input);
            }
            let (status, by_worker, answer) = exchange(request.as_bytes());
            let why = format!("{face:?}, {}: {status} {}", case.why, String::from_utf8_lossy(&answer));
            assert_eq!(by_worker, case.outcome != Outcome::Runtime, "{why}");
            let shown = || serde_json::from_slice::<Value>(&answer).expect("JSON");
            match case.outcome {
                // A tunnel is opened with an empty 200, and closed: the Worker has no handler for it.
                Outcome::Runtime => assert!(status >= 400 || answer.is_empty(), "{why}"),
                Outcome::NoPosternRoute => assert_eq!(status, error_of(Postern, Outcome::NoRoute).0, "{why}"),
                Outcome::Found => assert_eq!((status, &shown()[face.name()]), (200, &"subject".into()), "{why}"),
                Outcome::Changed => {
                    assert_eq!((status, &shown()[face.name()]), (200, &"wired".into()), "{why}");
                }
                outcome => assert_eq!(status, error_of(face, outcome).0, "{why}"),
            }
        }
    });
    untouched.check();
    report(cases.len());
}

/// Checks the log at the end of each test; the last test prints the summary line.
fn report(cases: usize) {
    static ENDED: AtomicUsize = AtomicUsize::new(0);
    static CASES: AtomicUsize = AtomicUsize::new(0);
    let cases = CASES.fetch_add(cases, Ordering::Relaxed) + cases;
    let log = std::fs::read_to_string(std::env::var("POSTERN_LOG").expect("POSTERN_LOG is not set: run `make test`"));
    let log = log.expect("the Worker's log");
    assert!(!log.contains("panicked"), "the Worker panicked: see its log");
    let tests = include_str!("adversarial.rs").matches("#[test]\n").count();
    if ENDED.fetch_add(1, Ordering::Relaxed) + 1 == tests {
        let sent = SENT.load(Ordering::Relaxed);
        // `println!` would be captured by the test harness.
        let line = format!("matrix of adversarial inputs: {cases} cells, in {sent} requests\n");
        std::io::stdout().write_all(line.as_bytes()).expect("standard output");
    }
}
