//! `fields.txt`, cell by cell: what each member of a body means, for every face and everything that writes.

mod common;

#[path = "fields/subject.rs"]
mod subject;
#[path = "fields/table.rs"]
mod table;

use std::collections::BTreeSet;

use common::Reply;
use common::table::{Table, tables, tell_size};
use postern::credential::field::Field;
use postern::credential::id::Id;
use postern::credential::secret::Token;
use postern::credential::time::Micros;
use postern::route::Route;
use serde_json::{Map, Value, json};
use subject::{Op, Subject, columns, face, id_of, routes};
use table::{cells, fits, needed, said, spelled_out};

const TEXT: &str = include_str!("fields.txt");

#[test]
fn coactive_takes_each_field_as_its_table_says() {
    every_cell_of("Coactive");
}

#[test]
fn litegraph_takes_each_field_as_its_table_says() {
    every_cell_of("LiteGraph");
}

#[test]
fn keycard_takes_each_field_as_its_table_says() {
    every_cell_of("Keycard");
}

/// No field that a face can say is without its table, no operation without its column, no kind of wrong without its
/// row; and no table and no column is about what is not there.
#[test]
fn every_field_has_a_row_for_every_case() {
    let tables = tables(TEXT);
    let mut used = BTreeSet::new();
    let mut faces = BTreeSet::new();
    for (face, op, route) in routes() {
        faces.insert(face);
        for field in Field::ALL {
            let Some(word) = op.word(route.face, field) else { continue };
            let name = format!("{face} {word}");
            let table = tables.iter().find(|table| table.head[0] == name).unwrap_or_else(|| panic!("no table {name}"));
            assert!(table.head[2..].iter().any(|head| head == op.column()), "{name}: no column {}", op.column());
            used.insert(name.clone());
            let cases = table.column(&name);
            for case in needed(field) {
                assert!(cases.contains(&case.as_str()), "{name}: no row for {case}");
            }
            assert_eq!(cases.iter().collect::<BTreeSet<_>>().len(), cases.len(), "{name}: one row a case");
        }
    }
    assert_eq!(faces, BTreeSet::from(["Coactive", "Keycard", "LiteGraph"]), "each has a test of its own above");
    assert_eq!(used, tables.iter().map(|table| table.head[0].clone()).collect(), "no table without its field");
    for Table { head, .. } in &tables {
        let (face, word) = head[0].split_once(' ').expect("a face and a word");
        let columns = head[2..].iter().collect::<BTreeSet<_>>();
        assert_eq!(columns.len(), head.len() - 2, "{}: one column an operation", head[0]);
        for column in columns {
            // Where the member is read-only, the column says that it is ignored.
            let (op, _) = operation(face, column);
            assert!(op.noun.has(field_of(face, word)), "{}: nothing to {column}", head[0]);
        }
    }
}

fn every_cell_of(face: &str) {
    let tables = tables(TEXT);
    let mut subject = Subject::new();
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
                    subject = Subject::new();
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

/// The field of a word, by whichever operation of the face has it.
fn field_of(face: &str, word: &str) -> Field {
    let named =
        |field: &Field| routes().iter().any(|(of, op, route)| *of == face && op.word(route.face, *field) == Some(word));
    Field::ALL.into_iter().find(named).unwrap_or_else(|| panic!("{face} has no field {word}"))
}

/// What a face has no word for it ignores, whatever that holds: what it shows besides, what other faces say, and what
/// nobody knows. The answer is the same to the letter, and so is all that is stored: a password is kept nowhere.
#[test]
fn what_a_face_cannot_say_is_ignored() {
    let words: BTreeSet<_> = routes()
        .iter()
        .flat_map(|(_, op, route)| Field::ALL.map(|field| op.word(route.face, field)))
        .flatten()
        .collect();
    let values = [
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
    ];
    let mut count = 0;
    for (_, op, route) in routes() {
        let sent = |more: &Map<String, Value>| {
            let subject = Subject::new();
            let mut body = subject.body(face(route), op);
            body.extend(more.clone());
            let reply = subject.send(route, op, &body);
            assert!(reply.status < 300, "{} {}: {}", face(route), op.column(), reply.text);
            (reply, subject.world.stored())
        };
        let (without, stored) = sent(&Map::new());
        let own: BTreeSet<_> = Field::ALL.into_iter().filter_map(|field| op.word(route.face, field)).collect();
        let shown = without.members();
        let others = shown.iter().map(String::as_str).chain(words.iter().copied()).chain(["unknown"]);
        let others: BTreeSet<_> = others.filter(|member| !own.contains(member)).collect();
        for value in &values {
            let more = others.iter().map(|member| ((*member).to_owned(), value.clone())).collect();
            let (with, then) = sent(&more);
            let of = format!("{} {}: {value} in each of {others:?}", face(route), op.column());
            assert_eq!(with.text, without.text, "{of}");
            assert_eq!(with.header("etag"), without.header("etag"), "{of}");
            assert_eq!(then, stored, "{of}");
            count += others.len();
        }
    }
    tell_size("members that are no words × values × operations", count);
}

/// One cell, about a subject that nothing has changed yet.
struct Cell<'a> {
    subject: &'a Subject,
    of: &'a str,
    face: &'a str,
    op: Op,
    route: &'a Route,
    field: Field,
    word: &'a str,
}

impl Cell<'_> {
    /// Sends the row's request and compares. Whether the subject is another now.
    fn check(&self, row: &[String], expected: &str) -> bool {
        let Self { subject, of, field, .. } = *self;
        let names = subject.names(self.op.noun);
        let said = said(&row[1], &names);
        assert!(fits(&row[0], said.value.as_ref(), field), "{of}: the value is not what the case says");
        let mut body = subject.body(self.face, self.op);
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
        let member = self.member();
        let shown = reply.json().get(member).cloned();
        match outcome {
            "the value" => assert_eq!(shown, said.value, "{of}"),
            "kept" => assert_eq!(shown, shown_before.and_then(|shown| shown.get(member).cloned()), "{of}"),
            "none" => assert_eq!(shown, None, "{of}"),
            "now" => assert_eq!(shown, Some(json!(Micros(subject.world.now.get()).microseconds())), "{of}"),
            "made" => self.assert_made(shown.as_ref()),
            literal => assert_eq!(shown, Some(table::json(literal, &names)), "{of}"),
        }
        self.assert_stored(&reply.json(), shown.as_ref(), row_before);
        // A token was tried, too.
        writes || field == Field::Secret
    }

    /// The member that shows what became of the field.
    fn member(&self) -> &str {
        if self.field == Field::RolesContext { "roles" } else { self.word }
    }

    /// One that is there for the first time.
    fn assert_made(&self, shown: Option<&Value>) {
        let shown = shown.and_then(Value::as_str).unwrap_or_default();
        let new = match self.field {
            Field::Id => Id::parse_guid(shown).is_some_and(|id| id != self.subject.id(self.op.noun)),
            Field::Secret => shown.starts_with("pstn_") && Token::read(shown, "pstn_").is_ok(),
            _ => false,
        };
        assert!(new, "{}: not a new one: {shown}", self.of);
    }

    /// What the answer showed is what a read shows and what the row holds; nothing else of the row is another.
    fn assert_stored(&self, answer: &Value, shown: Option<&Value>, before: Option<Map<String, Value>>) {
        let Self { subject, of, field, .. } = *self;
        let id = id_of(answer);
        let read = subject.read(self.route, self.op, id);
        assert_eq!(read.get(self.member()), shown, "{of}: on reads");
        let mut row = subject.row(self.op, id);
        let changes = ["revision", "updated_at", "change", "changed_at", "changed_by", "changed_request", "event"];
        let own = columns(field, shown, answer);
        for (name, value) in &own {
            let held = match row[*name].as_str() {
                Some(roles) if *name == "roles" => serde_json::from_str(roles).expect("JSON"),
                // Shown alike, and so is what was never said.
                None if *value == "" => json!(""),
                _ => row[*name].clone(),
            };
            assert_eq!(held, *value, "{of}: {name} in the row");
        }
        if own.is_empty() {
            self.assert_only_secret(shown.and_then(Value::as_str).expect("a token"), id);
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
        subject.world.db.execute("UPDATE credentials SET enabled = 1, roles = NULL WHERE id = ?1", &[&id.to_string()]);
        let got = subject.world.get(&common::litegraph_url(&id), token);
        assert_eq!((got.status, got.json()["BearerToken"].as_str()), (200, Some(token)), "{of}: presented");
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
                common::text(&body, "Description")
            }
            "Keycard" => {
                assert_eq!((&body["code"], &body["status"]), (&json!("bad_request"), &json!(reply.status)), "{of}");
                common::text(&body, "message")
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
    let (kind, words) = (common::text(detail, "type"), common::text(detail, "msg"));
    match kind.as_str() {
        "missing" | "string_type" | "list_type" | "model_attributes_type" => format!("{place} {kind}"),
        _ => format!("{place} {kind}: {}", words.trim_start_matches("Value error, ")),
    }
}

/// A table that a person wrote has no cell by mistake.
#[test]
fn every_cell_begins_with_a_status() {
    for Table { head, rows } in tables(TEXT) {
        for row in rows {
            for cell in &cells(&row)[2..] {
                let status = cell.split(' ').next().unwrap_or_default();
                assert!(["200", "201", "400", "409", "422"].contains(&status), "{}: {row:?}", head[0]);
            }
        }
    }
}
