//! `fields.txt`, cell by cell: what each member of a body means, for every face and everything that writes.

mod rows;
mod subject;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use postern::credential::field::{Field, Verb};
use postern::credential::id::Id;
use postern::credential::secret::Token;
use postern::credential::time::Micros;
use postern::route::Route;
use serde_json::{Map, Value, json};
use subject::{Op, Subject, columns, id_of, routes};
use support::Reply;
use support::table::{Table, tables, tell_size};
use table::{READS, cells, fits, needed, said, spelled_out};

const TEXT: &str = include_str!("fields.txt");

#[test]
fn coactive_accepts_each_field_as_its_table_says() {
    every_cell_of("Coactive");
}

#[test]
fn litegraph_accepts_each_field_as_its_table_says() {
    every_cell_of("LiteGraph");
}

#[test]
fn keycard_accepts_each_field_as_its_table_says() {
    every_cell_of("Keycard");
}

#[test]
fn our_own_face_accepts_each_field_as_its_table_says() {
    every_cell_of("Postern");
}

/// No field that a face can say is without its table, no operation without its column, no kind of wrong without its
/// row; and no table and no column is about what is not there.
#[test]
fn table_has_a_row_for_every_case_of_every_field() {
    let tables = tables(TEXT);
    let mut used = BTreeSet::new();
    let mut faces = BTreeSet::new();
    for (face, op, route) in routes() {
        faces.insert(face);
        for field in Field::ALL {
            let Some(word) = op.word(route.face, field) else { continue };
            let name = format!("{face} {word}");
            let table = tables.iter().find(|table| table.head[0] == name).unwrap_or_else(|| panic!("no table {name}"));
            assert!(table.head[2..].iter().any(|head| *head == op.column()), "{name}: no column {}", op.column());
            used.insert(name.clone());
            let cases = table.column(&name);
            for case in needed(face, field) {
                assert!(cases.contains(&case.as_str()), "{name}: no row for {case}");
            }
            assert_eq!(cases.iter().collect::<BTreeSet<_>>().len(), cases.len(), "{name}: one row a case");
        }
        for member in reads(face, op, route) {
            let name = format!("{face} {member}");
            let table = tables.iter().find(|table| table.head[0] == name).unwrap_or_else(|| panic!("no table {name}"));
            assert!(table.head[2..].iter().any(|head| *head == op.column()), "{name}: no column {}", op.column());
            let cases = table.column(&name);
            for case in READS {
                assert!(cases.contains(&case), "{name}: no row for {case}");
            }
            used.insert(name);
        }
    }
    assert_eq!(
        faces,
        BTreeSet::from(["Coactive", "Keycard", "LiteGraph", "Postern"]),
        "each has a test of its own above"
    );
    assert_eq!(used, tables.iter().map(|table| table.head[0].clone()).collect(), "no table without its field");
    for Table { head, .. } in &tables {
        let (face, word) = head[0].split_once(' ').expect("a face and a word");
        let columns = head[2..].iter().collect::<BTreeSet<_>>();
        assert_eq!(columns.len(), head.len() - 2, "{}: one column an operation", head[0]);
        for column in columns {
            // Where the member is read-only, the column says that it is ignored.
            let (op, route) = operation(face, column);
            let known = field_of(face, word)
                .map_or_else(|| subject::shown(route, op).contains(&word.to_owned()), |field| op.noun.has(field));
            assert!(known, "{}: nothing to {column}", head[0]);
        }
    }
}

/// The members that an answer of our own face shows and that no body of its kind can say, for an operation that makes or says
/// a thing as a read shows it.
fn reads(face: &str, op: Op, route: &Route) -> Vec<String> {
    if face != "Postern" || matches!(op.verb, Verb::Rotate | Verb::Revoke) {
        return Vec::new();
    }
    let words: Vec<_> = Field::ALL.into_iter().filter_map(|field| op.word(route.face, field)).collect();
    subject::shown(route, op).into_iter().filter(|member| !words.contains(&member.as_str())).collect()
}

fn every_cell_of(face: &str) {
    let tables = tables(TEXT);
    let mut subject = Subject::new(face);
    let mut count = 0;
    for table in tables.iter().filter(|table| table.head[0].starts_with(face)) {
        let word = table.head[0].trim_start_matches(face).trim();
        for (place, head) in table.head.iter().enumerate().skip(2) {
            let (op, route) = operation(face, head);
            let field = field_of(face, word);
            for row in &table.rows {
                let of = format!("{face} {head}, {word} {}: {}", row[0], row[1]);
                let cell = Cell { subject: &subject, of: &of, face, op, route, field, word };
                if cell.check(row, cells(row)[place]) {
                    subject = Subject::new(face);
                }
                count += 1;
            }
        }
    }
    tell_size(&format!("fields of {face} × verbs × nouns × cases"), count);
}

/// The operation of a column, and its route.
fn operation(face: &str, column: &str) -> (Op, &'static Route) {
    let found = routes().into_iter().find(|(of, op, _)| *of == face && op.column() == column);
    let (_, op, route) = found.unwrap_or_else(|| panic!("{face} has nothing to {column}"));
    (op, route)
}

/// The field of a word, by whichever operation of the face has it; none for a member that only reads.
fn field_of(face: &str, word: &str) -> Option<Field> {
    let named =
        |field: &Field| routes().iter().any(|(of, op, route)| *of == face && op.word(route.face, *field) == Some(word));
    let field = Field::ALL.into_iter().find(named);
    assert!(field.is_some() || face == "Postern", "{face} has no field {word}");
    field
}

/// The words of every face, for whatever noun and verb.
fn words() -> BTreeSet<&'static str> {
    routes().iter().flat_map(|(_, op, route)| Field::ALL.map(|field| op.word(route.face, field))).flatten().collect()
}

/// A value of each kind, and what is like a value that is there.
fn values() -> [Value; 10] {
    [
        json!(null),
        json!(false),
        json!(5),
        json!(""),
        json!("another"),
        json!("aaaaaaaa-0000-0000-0000-00000000000a"),
        json!("2024-12-27T18:12:38Z"),
        json!([]),
        json!([{"role_id": "admin"}]),
        json!({"x": "x"}),
    ]
}

/// What a vendor's face has no word for it ignores, whatever that holds: what it shows besides, what other faces say, and what
/// nobody knows. The answer is the same to the letter, and so is all that is stored: a password is kept nowhere.
#[test]
fn vendor_faces_ignore_members_they_do_not_know() {
    let words = words();
    let mut count = 0;
    for (face, op, route) in routes().into_iter().filter(|(face, ..)| *face != "Postern") {
        let sent = |more: &Map<String, Value>| {
            let subject = Subject::new(face);
            let mut body = subject.body(route, op);
            body.extend(more.clone());
            let reply = subject.send(route, op, &body);
            assert!(reply.status < 300, "{face} {}: {}", op.column(), reply.text);
            (reply, subject.world.stored())
        };
        let (without, stored) = sent(&Map::new());
        let own: BTreeSet<_> = Field::ALL.into_iter().filter_map(|field| op.word(route.face, field)).collect();
        let shown = without.members();
        let others = shown.iter().map(String::as_str).chain(words.iter().copied()).chain(["unknown"]);
        let others: BTreeSet<_> = others.filter(|member| !own.contains(member)).collect();
        for value in values() {
            let more = others.iter().map(|member| ((*member).to_owned(), value.clone())).collect();
            let (with, then) = sent(&more);
            let of = format!("{face} {}: {value} in each of {others:?}", op.column());
            assert_eq!(with.text, without.text, "{of}");
            assert_eq!(with.header("etag"), without.header("etag"), "{of}");
            assert_eq!(then, stored, "{of}");
            count += others.len();
        }
    }
    tell_size("members that are no words × values × operations", count);
}

/// What our own face has no word for it refuses, whatever that holds, by its pointer: each at once, and nothing is written. What
/// only reads is told apart where it cannot be said either.
#[test]
fn our_own_face_rejects_members_it_does_not_know() {
    let words = words();
    let mut count = 0;
    for (face, op, route) in routes().into_iter().filter(|(face, ..)| *face == "Postern") {
        let of = format!("{face} {}", op.column());
        let subject = Subject::new(face);
        let own: BTreeSet<_> = Field::ALL.into_iter().filter_map(|field| op.word(route.face, field)).collect();
        let shown = subject::shown(route, op);
        let by = |verb| Field::ALL.into_iter().filter_map(move |field| Op { verb, ..op }.word(route.face, field));
        let said: BTreeSet<_> = by(Verb::Create).collect();
        let reads: Vec<_> = shown.iter().map(String::as_str).filter(|member| !said.contains(member)).collect();
        let others =
            words.iter().copied().chain(["unknown", "secret", "a/b~c", "Name ", ""]).chain(reads.iter().copied());
        let others: BTreeSet<_> =
            others.filter(|member| !(own.contains(member) || op.says_the_thing() && reads.contains(member))).collect();
        let expected: Vec<_> = others
            .iter()
            .map(|member| {
                let code = if reads.contains(member) { "read_only" } else { "unknown_member" };
                (format!("/{}", member.replace('~', "~0").replace('/', "~1")), code.to_owned())
            })
            .collect();
        let before = subject.world.stored();
        for value in values() {
            let mut body = subject.body(route, op);
            body.extend(others.iter().map(|member| ((*member).to_owned(), value.clone())));
            let reply = subject.send(route, op, &body);
            assert_eq!(reply.status, 422, "{of}: {value}: {}", reply.text);
            let body = reply.json();
            let told = body["violations"].as_array().expect("violations").iter();
            let told: Vec<_> = told.map(|one| (support::text(one, "pointer"), support::text(one, "code"))).collect();
            assert_eq!(told, expected, "{of}: {value}");
            assert_eq!(subject.world.stored(), before, "{of}: {value}");
            count += others.len();
        }
    }
    tell_size("members that our own face does not know × values × operations", count);
}

/// One cell, about a subject that nothing has changed yet.
struct Cell<'a> {
    subject: &'a Subject,
    of: &'a str,
    face: &'a str,
    op: Op,
    route: &'a Route,
    /// None where the member only reads.
    field: Option<Field>,
    word: &'a str,
}

impl Cell<'_> {
    /// Sends the row's request and compares. Whether the subject is another now.
    fn check(&self, row: &[String], expected: &str) -> bool {
        let Self { subject, of, field, .. } = *self;
        let names = self.names();
        let said = said(&row[1], &names);
        let kind = field.unwrap_or(Field::Other);
        assert!(fits(&row[0], said.value.as_ref(), kind), "{of}: the value is not what the case says");
        let mut body = subject.body(self.route, self.op);
        body.remove(self.word);
        body.extend(said.value.clone().map(|value| (self.word.to_owned(), value)));
        body.extend(said.beside);

        let before = subject.world.stored();
        let id = subject.id(self.op.noun);
        let shown_before = self.op.updates().then(|| subject.read(self.route, self.op, id));
        let row_before = self.op.updates().then(|| subject.row(self.op, id));
        let reply = subject.send(self.route, self.op, &body);
        let (status, outcome) = expected.split_once(' ').unwrap_or((expected, ""));
        assert_eq!(reply.status.to_string(), status, "{of}: {}", reply.text);
        let writes = reply.status < 400 && outcome != "kept";
        assert_eq!(subject.world.stored() != before, writes, "{of}: is anything written?");
        if reply.status >= 400 {
            assert_eq!(self.words(&reply), spelled_out(outcome, &names), "{of}");
            return false;
        }
        let shown = self.shown(&reply.json());
        match outcome {
            "the value" => assert_eq!(shown, said.value, "{of}"),
            "kept" => assert_eq!(shown, shown_before.and_then(|shown| self.shown(&shown)), "{of}"),
            "none" => assert_eq!(shown, None, "{of}"),
            "now" => assert_eq!(shown, Some(json!(Micros(subject.world.now.get()).to_rfc3339_micros())), "{of}"),
            "made" => self.assert_made(shown.as_ref()),
            literal => assert_eq!(shown, Some(table::json(literal, &names)), "{of}"),
        }
        self.assert_stored(&reply.json(), shown.as_ref(), row_before);
        // A token was tried, too.
        writes || field == Some(Field::Secret)
    }

    /// What the table calls by name; and the member as a read shows it, of what is there.
    fn names(&self) -> BTreeMap<&'static str, String> {
        let Self { subject, op, .. } = *self;
        let mut names = subject.names(op.noun);
        if self.face == "Postern" {
            let there = subject.read(self.route, op, subject.id(op.noun));
            names.extend(there.get(self.word).map(|shown| ("shown", shown.to_string())));
        }
        names
    }

    /// What became of the field, as a body shows it.
    fn shown(&self, body: &Value) -> Option<Value> {
        match self.field {
            Some(Field::RolesContext) => body.get("roles").cloned(),
            Some(Field::Reason) => body.get("revoked_reason").cloned(),
            // The new secret came when the old one began to retire; one that is over is not shown.
            Some(Field::GraceSeconds) => {
                let time = |secret: &Value, member: &str| secret[member].as_str().and_then(Micros::parse);
                let [old, new] = body["secrets"].as_array()?.as_slice() else { return Some(json!(0)) };
                let grace = time(old, "expires_at")?.0 - time(new, "created_at")?.0;
                Some(json!(grace / 1_000_000))
            }
            _ => body.get(self.word).cloned(),
        }
    }

    /// One that is there for the first time.
    fn assert_made(&self, shown: Option<&Value>) {
        if self.word == "secrets" {
            let secrets = shown.and_then(Value::as_array).expect("a list");
            let ends: Vec<_> = secrets.iter().map(|secret| &secret["expires_at"]).collect();
            assert_eq!(ends, [&Value::Null], "{}: one, without an end", self.of);
            return;
        }
        let shown = shown.and_then(Value::as_str).unwrap_or_default();
        let new = match self.field {
            None if self.word == "id" => Id::parse(shown).is_some_and(|id| id != self.subject.id(self.op.noun)),
            Some(Field::Id) => Id::parse_guid(shown).is_some_and(|id| id != self.subject.id(self.op.noun)),
            Some(Field::Secret) => shown.starts_with("pstn_") && Token::read(shown, "pstn_").is_ok(),
            _ => false,
        };
        assert!(new, "{}: not a new one: {shown}", self.of);
    }

    /// What the answer showed is what a read shows and what the row holds; nothing else of the row is another.
    fn assert_stored(&self, answer: &Value, shown: Option<&Value>, before: Option<Map<String, Value>>) {
        let Self { subject, of, field, .. } = *self;
        let id = id_of(answer);
        let read = subject.read(self.route, self.op, id);
        assert_eq!(self.shown(&read).as_ref(), shown, "{of}: on reads");
        let mut row = subject.row(self.op, id);
        let changes =
            ["state", "revision", "updated_at", "change", "changed_at", "changed_by", "changed_request", "event"];
        let own = field.map_or_else(Vec::new, |field| columns(field, shown, answer));
        for (name, value) in &own {
            let held = match row[*name].as_str() {
                Some(text) if ["roles", "metadata", "role_names"].contains(name) => {
                    serde_json::from_str(text).expect("JSON")
                }
                // Shown alike, and so is what was never said.
                None if *value == "" => json!(""),
                None if *name == "metadata" => json!({}),
                _ => row[*name].clone(),
            };
            assert_eq!(held, *value, "{of}: {name} in the row");
        }
        match field {
            Some(Field::Secret) => self.assert_only_secret(shown.and_then(Value::as_str).expect("a token"), id),
            Some(Field::GraceSeconds) => self.assert_retiring(shown, id),
            _ => {}
        }
        if let Some(mut before) = before {
            for name in changes.into_iter().chain(own.into_iter().map(|(name, _)| name)) {
                row.remove(name);
                before.remove(name);
            }
            assert_eq!(row, before, "{of}: the rest of the row");
        }
    }

    /// The token is the credential's only secret, and is taken from who presents it.
    fn assert_only_secret(&self, token: &str, id: Id) {
        let Self { subject, of, .. } = *self;
        let secrets = subject.world.db.query("SELECT id FROM secrets WHERE credential = ?1", &[&id.to_string()]);
        assert_eq!(secrets.len(), 1, "{of}: secrets");
        let full_access = json!({"enabled": true, "roles": [], "unrestricted": true});
        subject.world.patch("credentials", &id.to_string(), &full_access);
        let got = subject.world.get(&support::litegraph_url(&id), token);
        assert_eq!((got.status, got.json()["BearerToken"].as_str()), (200, Some(token)), "{of}: presented");
    }

    /// There are two secrets, of which the newer one has no end of its own, and the older one lives so many seconds more.
    fn assert_retiring(&self, grace: Option<&Value>, id: Id) {
        let rows = self.subject.world.db.query(
            "SELECT (expires_at - (SELECT max(created_at) FROM secrets WHERE credential = ?1)) / 1000000 AS lives FROM secrets
             WHERE credential = ?1 ORDER BY created_at",
            &[&id.to_string()],
        );
        assert_eq!(rows, [json!({ "lives": grace }), json!({ "lives": null })], "{}: secrets", self.of);
    }

    /// A refusal, as the tables word it. What is the same for every refusal of the face is checked here.
    fn words(&self, reply: &Reply) -> String {
        let (body, of) = (reply.json(), self.of);
        match self.face {
            "Coactive" => {
                let detail = body["detail"].as_array().unwrap_or_else(|| panic!("{of}: {body}"));
                detail.iter().map(coactive).collect::<Vec<_>>().join(" & ")
            }
            "LiteGraph" => {
                let error = if reply.status == 409 { "Conflict" } else { "BadRequest" };
                assert_eq!((&body["Error"], &body["StatusCode"]), (&json!(error), &json!(reply.status)), "{of}");
                support::text(&body, "Description")
            }
            "Keycard" => {
                assert_eq!((&body["code"], &body["status"]), (&json!("bad_request"), &json!(reply.status)), "{of}");
                support::text(&body, "message")
            }
            "Postern" => {
                assert_eq!((&body["code"], &body["status"]), (&json!("invalid"), &json!(reply.status)), "{of}");
                assert_eq!(body["type"], "urn:postern:problem:invalid", "{of}");
                assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{of}");
                let violations = body["violations"].as_array().unwrap_or_else(|| panic!("{of}: {body}"));
                violations.iter().map(own).collect::<Vec<_>>().join(" & ")
            }
            other => panic!("how does {other} refuse?"),
        }
    }
}

/// One item of Coactive's detail: its place below the body and its type, with the words where they tell more than that.
fn coactive(detail: &Value) -> String {
    let (body, loc) = detail["loc"].as_array().and_then(|loc| loc.split_first()).expect("a place");
    assert_eq!(body, "body");
    let steps = loc.iter().map(|step| step.as_str().map_or_else(|| format!("[{step}]"), |name| format!(".{name}")));
    let place = steps.collect::<String>();
    let place = place.trim_start_matches('.');
    let (kind, words) = (support::text(detail, "type"), support::text(detail, "msg"));
    match kind.as_str() {
        "missing" | "string_type" | "list_type" | "model_attributes_type" => format!("{place} {kind}"),
        _ => format!("{place} {kind}: {}", words.trim_start_matches("Value error, ")),
    }
}

/// One violation of our own face: its pointer and its code, with the words where they tell a kind or a limit.
fn own(violation: &Value) -> String {
    let [pointer, code, detail] = ["pointer", "code", "detail"].map(|member| support::text(violation, member));
    assert!(!detail.is_empty(), "{violation}: how to mend it");
    match code.as_str() {
        "type" | "too_short" | "too_long" | "too_many" | "too_large" | "not_in_range" => {
            format!("{pointer} {code}: {detail}")
        }
        _ => format!("{pointer} {code}"),
    }
}

/// A table that a person wrote has no cell by mistake.
#[test]
fn every_cell_of_the_table_begins_with_a_status() {
    for Table { head, rows } in tables(TEXT) {
        for row in rows {
            for cell in &cells(&row)[2..] {
                let status = cell.split(' ').next().unwrap_or_default();
                assert!(["200", "201", "400", "409", "422"].contains(&status), "{}: {row:?}", head[0]);
            }
        }
    }
}
