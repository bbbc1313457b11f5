//! What nobody sends but to see what becomes of it: tests/nasty/cases.json, case by case with its reason, on every face, by
//! the admin and by nobody. Each is refused in the face's shape and changes nothing, or what is shown is what was said.

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

/// The corpus. What a case says of each face stands in the order of [`Face::ALL`].
#[derive(Deserialize)]
struct Corpus {
    /// What stands between the quotes of a JSON text, as the value of each member that takes a text.
    texts: Vec<Case>,
    /// Members that stand beside the name.
    members: Vec<Case>,
    /// Whole bodies.
    bodies: Vec<Case>,
    numbers: Vec<Number>,
    times: Vec<Time>,
    /// Paths; in them `ONE` stands for that of a credential.
    paths: Vec<EachFace>,
    headers: Vec<Header>,
    /// `Content-Type`s.
    types: Vec<EachFace>,
    queries: Vec<Query>,
    /// A whole request: `UPDATE` stands for the face's method, `ONE` for the credential's path, `HEADERS` for those that a request
    /// needs, `AUTHORIZATION` for the one of them that says who calls, `BODY` for a body that renames, `LENGTH` and `SIZE` for its
    /// length in either notation.
    wire: Vec<Case>,
}

/// What is said, and what becomes of it.
#[derive(Deserialize)]
struct Case {
    why: String,
    said: Pieces,
    told: Told,
}

/// A number as it is written, and which whole number that is; `None` for none, and where it is no JSON `unreadable` is said.
#[derive(Deserialize)]
struct Number {
    why: String,
    said: String,
    whole: Option<i128>,
    #[serde(default)]
    unreadable: bool,
}

/// A time, and how it is shown; `None` for one that is refused. `as_utc`: how a face shows it that asks for no offset.
#[derive(Deserialize)]
struct Time {
    why: String,
    said: Pieces,
    shown: Option<String>,
    as_utc: Option<String>,
}

/// What is said, and what becomes of it on each face.
#[derive(Deserialize)]
struct EachFace {
    why: String,
    said: Pieces,
    told: [Told; 4],
}

/// A header; in its value `ID` stands for the credential's id.
#[derive(Deserialize)]
struct Header {
    why: String,
    name: String,
    value: Pieces,
    told: Told,
}

/// A query of a list, and the status of the answer.
#[derive(Deserialize)]
struct Query {
    why: String,
    said: Pieces,
    told: [u16; 4],
}

/// What becomes of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Told {
    /// It is shown as it was said.
    Kept,
    /// It says nothing: all is done as without it.
    PassedOver,
    /// It leads to the credential.
    Found,
    /// It does what the request says.
    Changed,
    /// The runtime refuses it: the Worker is not asked.
    Runtime,
    ValueError,
    StringTooLong,
    StringTooShort,
    Unreadable,
    TooLarge,
    Media,
    Missing,
    NoRoute,
    /// The same, in the words of our own face: the path is of no other.
    NoRouteOfOurs,
    Stale,
    TooManyTags,
    Unauthenticated,
}

/// Bytes, in pieces that people can read.
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
    /// What a text says, once it is read.
    fn value(&self) -> String {
        let quoted = [b"\"", &*self.said.bytes(), b"\""].concat();
        serde_json::from_slice(&quoted).unwrap_or_else(|error| panic!("{}: {error}", self.why))
    }
}

fn corpus() -> Corpus {
    serde_json::from_str(include_str!("../nasty/cases.json")).expect("the corpus")
}

/// How many requests were sent.
static SENT: AtomicUsize = AtomicUsize::new(0);

fn send(call: Call) -> Reply {
    SENT.fetch_add(1, Ordering::Relaxed);
    call.send(server())
}

/// Does this to each case, several at once. The tests are many already, so these are few.
fn each<C: Sync>(cases: &[C], what: impl Fn(&C) + Sync) {
    at_once(cases.chunks(cases.len().div_ceil(4)).collect(), |cases| cases.iter().for_each(&what));
}

/// Puts bytes in the place of a word.
fn filled(template: &str, word: &str, bytes: &[u8]) -> Vec<u8> {
    let parts: Vec<_> = template.split(word).map(str::as_bytes).collect();
    assert!(parts.len() > 1, "{word} in {template}");
    parts.join(bytes)
}

fn as_nobody(call: Call) -> Call {
    call.token("of-nobody")
}

/// A refusal, whole: its status, the word for it, and that nothing was written.
fn refused(face: Face, reply: &Reply, (status, word): (u16, &str), why: &str) {
    assert_eq!(reply.status, status, "{face:?}, {why}: {reply:?}");
    assert_eq!((face.error(reply).as_str(), reply.cost.rows_written), (word, 0), "{face:?}, {why}: {reply:?}");
}

/// The same, in the face's words for what becomes of a case. What cannot be read costs no trip.
fn is_told(face: Face, reply: &Reply, told: Told, why: &str) {
    refused(face, reply, words(face, told), why);
    let unread = matches!(told, Told::Unreadable | Told::TooLarge | Told::Media);
    assert!(!unread || reply.cost.trips == 0, "{face:?}, {why}: {reply:?}");
}

/// What a face says of a refusal.
fn words(face: Face, told: Told) -> (u16, &'static str) {
    match told {
        Told::Unreadable => face.unreadable(),
        Told::TooLarge => (413, face.too_large()),
        Told::Media => {
            let coactive = "Unsupported Media Type: send application/json";
            (415, face.of([coactive, "BadRequest", "unsupported_media_type", "unsupported_media_type"]))
        }
        Told::Missing => (404, face.no_credential()),
        Told::NoRoute => face.of([(404, "Not Found"), (400, "BadRequest"), (404, "not_found"), (404, "no_route")]),
        Told::Stale => (412, face.stale()),
        Told::TooManyTags => face.of([
            (422, "header.if-match value_error"),
            (400, "BadRequest"),
            (400, "bad_request"),
            (400, "too_many_etags"),
        ]),
        Told::Unauthenticated => (401, face.unauthenticated()),
        other => panic!("{other:?} is no refusal of its own words"),
    }
}

/// A credential that is to stay as it is, and how it was.
struct Still<'a> {
    tenant: &'a Tenant<'a>,
    subject: Subject,
    before: String,
}

impl<'a> Still<'a> {
    fn new(tenant: &'a Tenant) -> Self {
        let subject = tenant.subject();
        let before = tenant.read(Postern, subject.id).text;
        Self { tenant, subject, before }
    }

    /// Fails where it is no more as it was.
    fn check(&self) {
        assert_eq!(self.tenant.read(Postern, self.subject.id).text, self.before);
    }
}

/// The call that makes a credential by this body, and the one that updates one.
fn writes(tenant: &Tenant, face: Face, id: Id, body: &[u8]) -> [Call; 2] {
    let typed = |call: Call| call.header("content-type", "application/json").bytes(body);
    [typed(call(face.create(), tenant.all(face))), typed(call(face.update(), tenant.one(face, id)))]
}

/// A body that says the name by a word, to be filled.
fn naming(tenant: &Tenant, face: Face, name: &str) -> String {
    tenant.naming(face, name).to_string()
}

/// The credential that an answer shows.
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
fn a_text_is_kept_to_the_letter_or_refused() {
    let cases = corpus().texts;
    let tenant = Tenant::new(server());
    let still = Still::new(&tenant);
    each(&cases, |case| {
        let said = case.said.bytes();
        // What is refused is sent to one that stays as it is.
        let subject = if case.told == Told::Kept { &tenant.subject() } else { &still.subject };
        for (face, other) in Face::ALL.into_iter().zip([LiteGraph, Keycard, Postern, Coactive]) {
            let body = filled(&naming(&tenant, face, "TEXT"), "TEXT", &said);
            for call in writes(&tenant, face, subject.id, &body) {
                let told = if case.told == Told::Unreadable { Told::Unreadable } else { Told::Unauthenticated };
                is_told(face, &send(as_nobody(call)), told, &case.why);
            }
            for (call, made) in writes(&tenant, face, subject.id, &body).into_iter().zip([true, false]) {
                let reply = send(call.token(&tenant.admin));
                let rule = match case.told {
                    Told::Kept => {
                        let reply = reply.expect(if made { face.created() } else { 200 });
                        assert_eq!(reply.json()[face.name()], case.value(), "{face:?}, {}", case.why);
                        let id = shown_id(face, &reply);
                        let reader = if made { face } else { other };
                        let read = send(get(tenant.one(reader, id)).token(&tenant.admin)).expect(200);
                        assert_eq!(read.json()[reader.name()], case.value(), "{face:?} by {reader:?}, {}", case.why);
                        continue;
                    }
                    Told::Unreadable => {
                        is_told(face, &reply, Told::Unreadable, &case.why);
                        continue;
                    }
                    Told::ValueError => "value_error",
                    Told::StringTooLong => "string_too_long",
                    Told::StringTooShort => "string_too_short",
                    other => panic!("{other:?} of a text"),
                };
                refused(face, &reply, (face.invalid(), &face.bad_name(rule)), &case.why);
                assert_eq!(reply.cost.trips, 1, "{face:?}, {}", case.why);
            }
        }
    });
    still.check();
    tell(cases.len());
}

/// The other members that take a text: each by the call that says it, the member of the answer that shows it, and a body in which
/// `TEXT` stands for it.
fn elsewhere(tenant: &Tenant, subject: &Subject) -> Vec<(Face, Call, &'static str, String)> {
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

/// Not those about length: what is too long for a name fits elsewhere.
#[test]
fn a_text_in_every_other_member_is_kept_to_the_letter_or_refused() {
    let cases = corpus().texts;
    let of_length = |case: &&Case| !matches!(case.told, Told::StringTooLong | Told::StringTooShort);
    let cases: Vec<_> = cases.iter().filter(of_length).collect();
    let tenant = Tenant::new(server());
    each(&cases, |case| {
        let subject = tenant.subject();
        let said = case.said.bytes();
        let places = elsewhere(&tenant, &subject);
        for (face, call, member, body) in places {
            let body = filled(&body, "TEXT", &said);
            let reply = send(call.header("content-type", "application/json").bytes(body));
            match case.told {
                Told::Kept => {
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
                Told::Unreadable => refused(face, &reply, face.unreadable(), &case.why),
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
    tell(0);
}

#[test]
fn members_beside_the_name_do_not_touch_it() {
    let cases = corpus().members;
    let tenant = Tenant::new(server());
    let still = Still::new(&tenant);
    each(&cases, |case| {
        let readable = case.told == Told::PassedOver;
        let other = tenant.subject();
        for face in Face::ALL {
            let subject = if readable && face != Postern { &other } else { &still.subject };
            let named = naming(&tenant, face, "said");
            let named = named.strip_suffix('}').expect("an object");
            let body = [named.as_bytes(), b",", &case.said.bytes(), b"}"].concat();
            for call in writes(&tenant, face, subject.id, &body) {
                let told = if readable { Told::Unauthenticated } else { Told::Unreadable };
                is_told(face, &send(as_nobody(call)), told, &case.why);
            }
            for (call, made) in writes(&tenant, face, subject.id, &body).into_iter().zip([true, false]) {
                let reply = send(call.token(&tenant.admin));
                if !readable {
                    is_told(face, &reply, Told::Unreadable, &case.why);
                } else if face == Postern {
                    // It knows no such members, and says so.
                    let reply = reply.expect(422);
                    assert_eq!(reply.cost.rows_written, 0, "{}", case.why);
                    assert!(face.error(&reply).contains(" unknown_member"), "{}: {reply:?}", case.why);
                } else {
                    let reply = reply.expect(if made { face.created() } else { 200 });
                    let read = send(get(tenant.one(Postern, shown_id(face, &reply))).token(&tenant.admin)).json();
                    let was: Value = serde_json::from_str(&still.before).expect("JSON");
                    assert_eq!(read["name"], "said", "{face:?}, {}", case.why);
                    for member in ["roles", "metadata", "enabled", "expires_at", "tenant"] {
                        assert_eq!(read[member], was[member], "{face:?} {member}, {}", case.why);
                    }
                }
            }
        }
    });
    still.check();
    tell(cases.len());
}

#[test]
fn a_body_that_is_none_is_refused_whoever_sends_it() {
    let cases = corpus().bodies;
    let tenant = Tenant::new(server());
    let still = Still::new(&tenant);
    each(&cases, |case| {
        let body = case.said.bytes();
        for face in Face::ALL {
            for call in writes(&tenant, face, still.subject.id, &body) {
                is_told(face, &send(as_nobody(call.clone())), case.told, &case.why);
                is_told(face, &send(call.token(&tenant.admin)), case.told, &case.why);
            }
        }
    });
    still.check();
    tell(cases.len());
}

#[test]
fn a_number_is_read_as_it_is_written_or_refused() {
    let cases = corpus().numbers;
    let tenant = Tenant::new(server());
    let still = Still::new(&tenant);
    each(&cases, |case| {
        let Number { why, said: number, whole, unreadable } = case;
        // No number is a name, or true.
        for face in Face::ALL {
            let body = filled(&naming(&tenant, face, "NUMBER"), "\"NUMBER\"", number.as_bytes());
            for call in writes(&tenant, face, still.subject.id, &body) {
                let reply = send(call.token(&tenant.admin));
                if *unreadable {
                    is_told(face, &reply, Told::Unreadable, why);
                } else {
                    refused(face, &reply, (face.invalid(), &face.bad_name("string_type")), why);
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
            let told = reply.expect(200).json();
            assert_eq!(told["secrets"].as_array().map(Vec::len), Some(if *whole == Some(0) { 1 } else { 2 }), "{why}");
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
    still.check();
    tell(cases.len());
}

#[test]
fn a_time_is_shown_as_it_was_said_or_refused() {
    let cases = corpus().times;
    let tenant = Tenant::new(server());
    each(&cases, |case| {
        let (said, why) = (case.said.text(), &case.why);
        let shown = case.shown.as_deref();
        let body = json!({ "name": "timed", "roles": null, "expires_at": said });
        let made = send(call("POST", tenant.all(Postern)).token(&tenant.admin).json(&body));
        if let Some(shown) = shown {
            assert_eq!(made.expect(201).json()["expires_at"], shown, "{why}");
        } else {
            let word = if said.is_empty() { "/expires_at too_short" } else { "/expires_at not_a_time" };
            refused(Postern, &made, (422, word), why);
        }
        for member in ["CreatedUtc", "LastUpdateUtc"] {
            let body = json!({ "UserGUID": tenant.account.guid(), "Name": "timed", member: said });
            let made = send(call("PUT", tenant.all(LiteGraph)).token(&tenant.admin).json(&body));
            match case.as_utc.as_deref().or(shown) {
                Some(shown) => assert_eq!(made.expect(200).json()[member], shown, "{member}, {why}"),
                None => refused(LiteGraph, &made, (400, "BadRequest"), &format!("{member}, {why}")),
            }
        }
        for filter in ["expires_before", "unused_since", "unrotated_since"] {
            let list = get(format!("{}?{filter}={}", tenant.all(Postern), percent(said.as_bytes())));
            let reply = send(list.token(&tenant.admin));
            match shown {
                Some(_) => drop(reply.expect(200)),
                None => refused(Postern, &reply, (400, &format!("{filter} parameter")), why),
            }
        }
    });
    tell(cases.len());
}

#[test]
fn a_path_leads_where_it_says_or_nowhere() {
    let cases = corpus().paths;
    let tenant = Tenant::new(server());
    let still = Still::new(&tenant);
    each(&cases, |case| {
        for (face, told) in Face::ALL.into_iter().zip(case.told) {
            let one = tenant.one(face, still.subject.id);
            let (all, id) = one.rsplit_once('/').expect("a path");
            let path = case.said.text().replace("ONE", &one);
            let path = path.replace("CAPITALS", &format!("{all}/{}", id.to_uppercase()));
            let path = path.replace("ENCODED", &format!("{all}/{}", percent(id.as_bytes())));
            let body = tenant.naming(face, "misled");
            let (house, told) = if told == Told::NoRouteOfOurs { (Postern, Told::NoRoute) } else { (face, told) };
            let why = &case.why;

            let read = |token: &str| {
                SENT.fetch_add(1, Ordering::Relaxed);
                server().send_raw(&get(&*path).token(token))
            };
            let (by_nobody, by_admin) = (read("of-nobody"), read(&tenant.admin));
            if told == Told::Found {
                is_told(house, &by_nobody, Told::Unauthenticated, why);
                assert_eq!(by_admin.expect(200).json()[face.name()], "subject", "{face:?}, {why}");
                continue;
            }
            let nobody_is_told = if told == Told::Missing { Told::Unauthenticated } else { told };
            is_told(house, &by_nobody, nobody_is_told, why);
            is_told(house, &by_admin, told, why);
            let update = call(face.update(), &*path).json(&body);
            is_told(house, &send(as_nobody(update.clone())), nobody_is_told, why);
            is_told(house, &send(update.token(&tenant.admin)), told, why);
            is_told(house, &send(as_nobody(call("DELETE", &*path))), nobody_is_told, why);
            let deleted = send(call("DELETE", &*path).token(&tenant.admin));
            if (face, told) == (LiteGraph, Told::Missing) {
                assert_eq!((deleted.status, deleted.cost.rows_written), (200, 0), "{why}");
            } else {
                is_told(house, &deleted, told, why);
            }
        }
    });
    still.check();
    tell(cases.len());
}

#[test]
fn a_header_says_what_is_read_of_it_and_no_more() {
    let cases = corpus().headers;
    let tenant = Tenant::new(server());
    each(&cases, |case| {
        let name: &'static str = Box::leak(case.name.clone().into_boxed_str());
        for face in Face::ALL {
            let still = Still::new(&tenant);
            let id = still.subject.id;
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
                for (told, shown) in reply.headers.iter().filter(|(told, _)| *told != "www-authenticate") {
                    assert!(value.len() < 4 || !shown.contains(&value), "{face:?} {told}: {shown}, {why}");
                }
                assert!(reply.header("set-cookie").is_none(), "{face:?}, {why}");
            }
            match case.told {
                Told::PassedOver => {
                    assert_eq!(read.expect(200).json()[face.name()], "subject", "{face:?}, {why}");
                    assert_eq!(update.expect(200).json()[face.name()], "headed", "{face:?}, {why}");
                }
                told => {
                    is_told(face, &read, told, why);
                    is_told(face, &update, told, why);
                    still.check();
                }
            }
        }
    });
    tell(cases.len());
}

#[test]
fn a_body_is_read_by_its_type_alone() {
    let cases = corpus().types;
    let tenant = Tenant::new(server());
    let still = Still::new(&tenant);
    each(&cases, |case| {
        for (face, told) in Face::ALL.into_iter().zip(case.told) {
            let id = if told == Told::PassedOver { tenant.subject().id } else { still.subject.id };
            let body = tenant.naming(face, "typed").to_string();
            let (one, all) = (tenant.one(face, id), tenant.all(face));
            for (call, status) in [(call(face.create(), all), face.created()), (call(face.update(), one), 200)] {
                let call = call.header("content-type", case.said.bytes()).bytes(&*body);
                let by_nobody = send(as_nobody(call.clone()));
                let by_admin = send(call.token(&tenant.admin));
                if told == Told::PassedOver {
                    is_told(face, &by_nobody, Told::Unauthenticated, &case.why);
                    assert_eq!(by_admin.expect(status).json()[face.name()], "typed", "{}", case.why);
                } else {
                    is_told(face, &by_nobody, told, &case.why);
                    is_told(face, &by_admin, told, &case.why);
                }
            }
        }
    });
    still.check();
    tell(cases.len());
}

#[test]
fn a_query_is_read_or_refused_before_who_calls() {
    let cases = corpus().queries;
    let tenant = Tenant::new(server());
    each(&cases, |case| {
        for (face, status) in Face::ALL.into_iter().zip(case.told) {
            let path = format!("{}?{}", tenant.all(face), case.said.text());
            let read = |token: &str| {
                SENT.fetch_add(1, Ordering::Relaxed);
                server().send_raw(&get(&*path).token(token))
            };
            let (by_nobody, by_admin) = (read("of-nobody"), read(&tenant.admin));
            assert_eq!(by_admin.status, status, "{face:?}, {}: {by_admin:?}", case.why);
            assert_eq!(by_nobody.status, if status == 200 { 401 } else { status }, "{face:?}, {}", case.why);
            let word = face.error(&by_nobody);
            if status != 200 {
                assert_eq!((word, by_nobody.cost.trips), (face.error(&by_admin), 0), "{face:?}, {}", case.why);
            }
        }
    });
    tell(cases.len());
}

/// A filter is compared letter by letter: nothing in it stands for another.
#[test]
fn a_filter_finds_what_begins_so_and_nothing_else() {
    let texts = corpus().texts;
    let kept = texts.iter().filter(|case| case.told == Told::Kept);
    let names: Vec<String> = kept.map(Case::value).collect();
    let tenant = Tenant::new(server());
    each(&names, |name| drop(tenant.own(json!({ "name": name }))));
    each(&names, |name| {
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
    tell(0);
}

/// Wherever somebody says who it is, and wherever a token is looked up.
#[test]
fn a_text_is_nobodys_token_but_the_one_that_it_was_given_to() {
    let texts = corpus().texts;
    let kept: Vec<_> = texts.iter().filter(|case| case.told == Told::Kept).collect();
    let tenant = Tenant::new(server());
    each(&kept, |case| {
        let why = &case.why;
        let said = case.value();
        let encoded = percent(said.as_bytes());
        let none = send(call("POST", "/v1/verify").token(&tenant.admin).json(&json!({ "token": said }))).expect(200);
        assert_eq!(none.json()["active"], false, "{why}");
        let none = send(call("POST", "/oauth/introspect").token(&tenant.admin).form(&format!("token={encoded}")));
        assert_eq!(none.expect(200).text, "{\"active\":false}", "{why}");
        let of = format!("/v1.0/credentials/bearer/{encoded}");
        refused(LiteGraph, &send(get(&*of).token(&tenant.admin)), (404, "NotFound"), why);
        for pair in [format!("{said}:{said}"), format!("client_{}:{said}", tenant.account)] {
            is_told(Coactive, &send(call("POST", "/api/v1/login").basic(&pair)), Told::Unauthenticated, why);
        }
        for path in [TOKEN, OAUTH_TOKEN] {
            let form = format!("grant_type=client_credentials&client_id={encoded}&client_secret={encoded}");
            let reply = send(call("POST", path).form(&form)).expect(401);
            assert_eq!((reply.json()["error"].as_str(), reply.cost.rows_written), (Some("invalid_client"), 0), "{why}");
        }
        // What the contract takes for a token: up to 512 visible ASCII characters. It is unique, so the tenant's id is in it.
        let token = format!("{said}{}", tenant.id);
        let body = json!({ "UserGUID": tenant.account.guid(), "Name": "named", "BearerToken": token });
        let made = send(call("PUT", tenant.all(LiteGraph)).token(&tenant.admin).json(&body));
        let found = format!("/v1.0/credentials/bearer/{}", percent(token.as_bytes()));
        if token.bytes().all(|byte| byte.is_ascii_graphic()) {
            assert_eq!(made.expect(200).json()["BearerToken"], token, "{why}");
            let found = send(get(found).token(&tenant.admin)).expect(200).json();
            assert_eq!(found["BearerToken"], token, "{why}");
            // It calls as what it is: a viewer, which this face has no route for.
            refused(LiteGraph, &send(get(tenant.all(LiteGraph)).token(&token)), (401, "AuthorizationFailed"), why);
        } else {
            refused(LiteGraph, &made, (400, "BadRequest"), why);
            refused(LiteGraph, &send(get(found).token(&tenant.admin)), (404, "NotFound"), why);
        }
    });
    tell(0);
}

/// Sends bytes as they are, and gives the status of the answer, whether the Worker gave it, and its body.
fn exchange(request: &[u8]) -> (u16, bool, Vec<u8>) {
    SENT.fetch_add(1, Ordering::Relaxed);
    let mut stream = TcpStream::connect(host()).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
    // It may be answered, and closed, before all of it was sent.
    drop(stream.write_all(request));
    let mut answer = Vec::new();
    let (mut head, mut length) = (0, usize::MAX);
    let mut buffer = [0; 4096];
    while length == usize::MAX || answer.len() < head + length {
        let Ok(read @ 1..) = stream.read(&mut buffer) else { break };
        answer.extend(&buffer[..read]);
        if let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let named = |line: &str| line.strip_prefix("content-length: ").and_then(|length| length.parse().ok());
            head = end + 4;
            length = String::from_utf8_lossy(&answer[..end]).to_lowercase().lines().find_map(named).unwrap_or(0);
        }
    }
    let told = String::from_utf8_lossy(&answer[..head]).to_lowercase();
    let status = told.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_else(|| panic!("no answer: {told}")), told.contains("x-request-id: "), answer.split_off(head))
}

fn host() -> String {
    let url = std::env::var("POSTERN_URL").expect("POSTERN_URL is not set: run `make test`");
    url.strip_prefix("http://").expect("a URL of http").to_owned()
}

#[test]
fn what_is_no_request_is_none_and_no_other_hides_in_it() {
    let cases = corpus().wire;
    let tenant = Tenant::new(server());
    let still = Still::new(&tenant);
    each(&cases, |case| {
        for face in Face::ALL {
            let id = if case.told == Told::Changed { tenant.subject().id } else { still.subject.id };
            let one = tenant.one(face, id);
            let body = tenant.naming(face, "wired").to_string();
            let mut request = String::from_utf8(case.said.bytes()).expect("ASCII");
            let authorization = format!("authorization: Bearer {}\r\n", tenant.admin);
            for (word, said) in [
                ("UPDATE", face.update().to_owned()),
                ("ONE", one),
                ("HEADERS", format!("host: {}\r\n{authorization}", host())),
                ("AUTHORIZATION", authorization),
                ("LENGTH", body.len().to_string()),
                ("SIZE", format!("{:x}", body.len())),
                ("BODY", body),
            ] {
                request = request.replace(word, &said);
            }
            let (status, ours, answer) = exchange(request.as_bytes());
            let why = format!("{face:?}, {}: {status} {}", case.why, String::from_utf8_lossy(&answer));
            assert_eq!(ours, case.told != Told::Runtime, "{why}");
            let shown = || serde_json::from_slice::<Value>(&answer).expect("JSON");
            match case.told {
                Told::Runtime => assert!(status >= 400, "{why}"),
                Told::Found => assert_eq!((status, &shown()[face.name()]), (200, &"subject".into()), "{why}"),
                Told::Changed => {
                    assert_eq!((status, &shown()[face.name()]), (200, &"wired".into()), "{why}");
                }
                told => assert_eq!(status, words(face, told).0, "{why}"),
            }
        }
    });
    still.check();
    tell(cases.len());
}

/// Each test ends with this; the last of them tells how much it was.
fn tell(cases: usize) {
    static ENDED: AtomicUsize = AtomicUsize::new(0);
    static CASES: AtomicUsize = AtomicUsize::new(0);
    let cases = CASES.fetch_add(cases, Ordering::Relaxed) + cases;
    let log = std::fs::read_to_string(std::env::var("POSTERN_LOG").expect("POSTERN_LOG is not set: run `make test`"));
    let log = log.expect("the Worker's log");
    assert!(!log.contains("panicked"), "the Worker panicked: see its log");
    let tests = include_str!("nasty.rs").matches("#[test]\n").count();
    if ENDED.fetch_add(1, Ordering::Relaxed) + 1 == tests {
        let sent = SENT.load(Ordering::Relaxed);
        // Not by `println!`, whose output is kept where no test fails.
        let line = format!("matrix of the nasty: {cases} cells, in {sent} requests\n");
        std::io::stdout().write_all(line.as_bytes()).expect("told");
    }
}
