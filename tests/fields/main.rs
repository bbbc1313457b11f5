//! `fields.txt`, cell by cell: the effect of each member of a body, on every face and for every operation that writes.

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
use support::table::{Table, report_size, tables};
use table::{READS, cells, fits, needed, read_value, spelled_out};

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

/// Every field of a face has a table, every operation a column, and every kind of invalid value a row. No table and no
/// column is left over.
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
        for member in read_only_members(face, op, route) {
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
    assert_eq!(faces, BTreeSet::from(["Coactive", "Keycard", "LiteGraph", "Postern"]), "each face has a test above");
    assert_eq!(used, tables.iter().map(|table| table.head[0].clone()).collect(), "every table has a field");
    for Table { head, .. } in &tables {
        let (face, word) = head[0].split_once(' ').expect("a face and a word");
        let columns = head[2..].iter().collect::<BTreeSet<_>>();
        assert_eq!(columns.len(), head.len() - 2, "{}: one column an operation", head[0]);
        for column in columns {
            // Where the member is read-only, the column says that it is ignored.
            let (op, route) = operation(face, column);
            let known = field_of(face, word)
                .map_or_else(|| subject::shown(route, op).contains(&word.to_owned()), |field| op.noun.has(field));
            assert!(known, "{}: no operation {column}", head[0]);
        }
    }
}

/// The read-only members of Postern's own face: a read returns them, and no body can set them. Empty for operations
/// whose body is not the resource.
fn read_only_members(face: &str, op: Op, route: &Route) -> Vec<String> {
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
    report_size(&format!("fields of {face} × verbs × nouns × cases"), count);
}

/// The operation of a column, and its route.
fn operation(face: &str, column: &str) -> (Op, &'static Route) {
    let found = routes().into_iter().find(|(of, op, _)| *of == face && op.column() == column);
    let (_, op, route) = found.unwrap_or_else(|| panic!("{face} has no operation {column}"));
    (op, route)
}

/// The field of a member, by any operation of the face that has it; none for a read-only member.
fn field_of(face: &str, word: &str) -> Option<Field> {
    let named =
        |field: &Field| routes().iter().any(|(of, op, route)| *of == face && op.word(route.face, *field) == Some(word));
    let field = Field::ALL.into_iter().find(named);
    assert!(field.is_some() || face == "Postern", "{face} has no field {word}");
    field
}

/// The member names of every face, noun and verb.
fn words() -> BTreeSet<&'static str> {
    routes().iter().flat_map(|(_, op, route)| Field::ALL.map(|field| op.word(route.face, field))).flatten().collect()
}

/// A value of each JSON type, and values that look like stored ones.
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

/// Vendors' faces ignore members they do not know, whatever their value: other members of a response, members of other
/// faces, and unknown ones. Neither the response nor anything stored changes; a password is stored nowhere.
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
    report_size("unknown members × values × operations", count);
}

/// Postern's own face rejects every member it does not know, whatever its value. All are reported together by pointer,
/// and nothing is written. Read-only members have a code of their own where the body cannot have them.
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
        let on_create: BTreeSet<_> = by(Verb::Create).collect();
        let read_only: Vec<_> = shown.iter().map(String::as_str).filter(|member| !on_create.contains(member)).collect();
        let others =
            words.iter().copied().chain(["unknown", "secret", "a/b~c", "Name ", ""]).chain(read_only.iter().copied());
        let others: BTreeSet<_> = others
            .filter(|member| !(own.contains(member) || op.has_whole_resource() && read_only.contains(member)))
            .collect();
        let expected: Vec<_> = others
            .iter()
            .map(|member| {
                let code = if read_only.contains(member) { "read_only" } else { "unknown_member" };
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
            let reported = body["violations"].as_array().expect("violations").iter();
            let reported: Vec<_> =
                reported.map(|one| (support::text(one, "pointer"), support::text(one, "code"))).collect();
            assert_eq!(reported, expected, "{of}: {value}");
            assert_eq!(subject.world.stored(), before, "{of}: {value}");
            count += others.len();
        }
    }
    report_size("unknown members of our own face × values × operations", count);
}

/// One cell, about a subject that no other cell has changed.
struct Cell<'a> {
    subject: &'a Subject,
    of: &'a str,
    face: &'a str,
    op: Op,
    route: &'a Route,
    /// None for a read-only member.
    field: Option<Field>,
    word: &'a str,
}

impl Cell<'_> {
    /// Sends the row's request and compares the response. Returns whether the subject must be replaced.
    fn check(&self, row: &[String], expected: &str) -> bool {
        let Self { subject, of, field, .. } = *self;
        let names = self.names();
        let given = read_value(&row[1], &names);
        let kind = field.unwrap_or(Field::Other);
        assert!(fits(&row[0], given.value.as_ref(), kind), "{of}: the value does not fit the name of the case");
        let mut body = subject.body(self.route, self.op);
        body.remove(self.word);
        body.extend(given.value.clone().map(|value| (self.word.to_owned(), value)));
        body.extend(given.others);

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
            assert_eq!(self.notation(&reply), spelled_out(outcome, &names), "{of}");
            return false;
        }
        let shown = self.shown(&reply.json());
        match outcome {
            "the value" => assert_eq!(shown, given.value, "{of}"),
            "kept" => assert_eq!(shown, shown_before.and_then(|shown| self.shown(&shown)), "{of}"),
            "none" => assert_eq!(shown, None, "{of}"),
            "now" => assert_eq!(shown, Some(json!(Micros(subject.world.now.get()).to_rfc3339_micros())), "{of}"),
            "made" => self.assert_made(shown.as_ref()),
            literal => assert_eq!(shown, Some(table::json(literal, &names)), "{of}"),
        }
        self.assert_stored(&reply.json(), shown.as_ref(), row_before);
        // Authentication with a token changes the subject, too.
        writes || field == Some(Field::Secret)
    }

    /// The values of the names in the table; `shown` is the member as a read returns it.
    fn names(&self) -> BTreeMap<&'static str, String> {
        let Self { subject, op, .. } = *self;
        let mut names = subject.names(op.noun);
        if self.face == "Postern" {
            let there = subject.read(self.route, op, subject.id(op.noun));
            names.extend(there.get(self.word).map(|shown| ("shown", shown.to_string())));
        }
        names
    }

    /// The new value of the field, as a body has it.
    fn shown(&self, body: &Value) -> Option<Value> {
        match self.field {
            Some(Field::RolesContext) => body.get("roles").cloned(),
            Some(Field::Reason) => body.get("revoked_reason").cloned(),
            // The new secret was created when the old one began to retire; an expired secret is not listed.
            Some(Field::GraceSeconds) => {
                let time = |secret: &Value, member: &str| secret[member].as_str().and_then(Micros::parse);
                let [old, new] = body["secrets"].as_array()?.as_slice() else { return Some(json!(0)) };
                let grace = time(old, "expires_at")?.0 - time(new, "created_at")?.0;
                Some(json!(grace / 1_000_000))
            }
            Some(Field::MakesSecret) => Some(json!(!body["secrets"].as_array()?.is_empty())),
            _ => body.get(self.word).cloned(),
        }
    }

    /// Checks a value that the service generated.
    fn assert_made(&self, shown: Option<&Value>) {
        if self.word == "secrets" {
            let secrets = shown.and_then(Value::as_array).expect("a list");
            let ends: Vec<_> = secrets.iter().map(|secret| &secret["expires_at"]).collect();
            assert_eq!(ends, [&Value::Null], "{}: one secret, without expiry", self.of);
            return;
        }
        let shown = shown.and_then(Value::as_str).unwrap_or_default();
        let new = match self.field {
            None if self.word == "id" => Id::parse(shown).is_some_and(|id| id != self.subject.id(self.op.noun)),
            Some(Field::Id) => Id::parse_guid(shown).is_some_and(|id| id != self.subject.id(self.op.noun)),
            Some(Field::Secret) => shown.starts_with("pstn_") && Token::read(shown, "pstn_").is_ok(),
            _ => false,
        };
        assert!(new, "{}: not a new value: {shown}", self.of);
    }

    /// The response, a later read and the row agree; the rest of the row is unchanged.
    fn assert_stored(&self, answer: &Value, shown: Option<&Value>, before: Option<Map<String, Value>>) {
        let Self { subject, of, field, .. } = *self;
        let id = id_of(answer);
        let read = subject.read(self.route, self.op, id);
        assert_eq!(self.shown(&read).as_ref(), shown, "{of}: on reads");
        let mut row = subject.row(self.op, id);
        let changes = [
            "state",
            "revision",
            "updated_at",
            "change",
            "changed_at",
            "changed_by",
            "changed_request",
            "event",
            "stale_until",
        ];
        let own = field.map_or_else(Vec::new, |field| columns(field, shown, answer));
        for (name, value) in &own {
            let held = match row[*name].as_str() {
                Some(text) if ["roles", "metadata", "role_names"].contains(name) => {
                    serde_json::from_str(text).expect("JSON")
                }
                // Empty and never set look the same in a response.
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

    /// The token is the credential's only secret, and authenticates the credential.
    fn assert_only_secret(&self, token: &str, id: Id) {
        let Self { subject, of, .. } = *self;
        let secrets = subject.world.db.query("SELECT id FROM secrets WHERE credential = ?1", &[&id.to_string()]);
        assert_eq!(secrets.len(), 1, "{of}: secrets");
        let full_access = json!({"enabled": true, "roles": [], "unrestricted": true, "access": "admin"});
        subject.world.patch("credentials", &id.to_string(), &full_access);
        let got = subject.world.get(&support::litegraph_url(&id), token);
        assert_eq!((got.status, got.json()["BearerToken"].as_str()), (200, Some(token)), "{of}: presented");
    }

    /// There are two secrets. The newer one has no expiry of its own, and the older one is valid for so many seconds
    /// more.
    fn assert_retiring(&self, grace: Option<&Value>, id: Id) {
        let rows = self.subject.world.db.query(
            "SELECT (expires_at - (SELECT max(created_at) FROM secrets WHERE credential = ?1)) / 1000000 AS lives FROM secrets
             WHERE credential = ?1 ORDER BY created_at",
            &[&id.to_string()],
        );
        assert_eq!(rows, [json!({ "lives": grace }), json!({ "lives": null })], "{}: secrets", self.of);
    }

    /// An error, in the notation of the tables. Also checks what all errors of the face have in common.
    fn notation(&self, reply: &Reply) -> String {
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
            other => panic!("no error format for {other}"),
        }
    }
}

/// One item of Coactive's detail: its location below the body and its type, with the message if the type has several.
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

/// One violation of our own face: its pointer and its code, with the detail if it names a kind or a limit.
fn own(violation: &Value) -> String {
    let [pointer, code, detail] = ["pointer", "code", "detail"].map(|member| support::text(violation, member));
    assert!(!detail.is_empty(), "{violation}: the violation has no detail");
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
