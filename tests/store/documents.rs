//! The document `state` of a tenant, principal and credential: CHECKs accept exactly what validation accepts, key by
//! key, and no document without the keys that rights depend on can be stored.

use std::collections::BTreeSet;

use postern::credential::field::{Draft, Field, Given, Meaning, Noun, Verb};
use postern::credential::id::Id;
use postern::credential::role::Role;
use postern::credential::table::{DESCRIPTION_MAX, FieldRow, METADATA_BYTES_MAX, ROLES_MAX, STATE_BYTES_MAX, Shape};
use postern::credential::time::Micros;
use postern::credential::validate::{Dialect, validate};
use serde_json::{Map, Value, json};

use crate::samples::{bounds, insert, required, rows, whole};
use support::{ACME, World};

/// A table with one row under test.
struct Subject {
    noun: Noun,
    table: &'static str,
    id: String,
    /// A document in which every key has a value.
    whole: Map<String, Value>,
    /// The keys that every document has.
    required: BTreeSet<&'static str>,
}

fn subjects(world: &World) -> [Subject; 3] {
    let (principal, _) = world.service_account();
    let (credential, _) = world.client(&json!({"name": "n", "roles": null}));
    let credential = credential["client_".len()..].to_owned();
    [
        (Noun::Tenant, "tenants", ACME.to_owned()),
        (Noun::Principal, "principals", principal),
        (Noun::Credential, "credentials", credential),
    ]
    .map(|(noun, table, id)| Subject { noun, table, id, whole: whole(noun), required: required(noun) })
}

/// The keys of the documents of a noun, or of all nouns.
pub fn keys(of: Option<Noun>) -> BTreeSet<String> {
    let nouns = Noun::ALL.into_iter().filter(|noun| of.is_none_or(|of| of == *noun));
    nouns.flat_map(|noun| whole(noun).into_iter().map(|(key, _)| key)).collect()
}

impl Subject {
    /// Whether the schema's rules accept a text as the document of an existing and of a new row, which must agree.
    fn accepts(&self, world: &World, text: &str) -> bool {
        let update = format!("UPDATE {} SET state = ?1 WHERE id = ?2", self.table);
        let is_updated = self.is_accepted(world.db.try_execute(&update, &[&text, &self.id]), text);
        world.db.execute("SAVEPOINT before", &[]);
        let is_inserted =
            self.is_accepted(world.db.try_execute(&insert(self.table), &[&text, &"00000000000000000000000007"]), text);
        world.db.execute("ROLLBACK TO before", &[]);
        world.db.execute("RELEASE before", &[]);
        assert_eq!(is_inserted, is_updated, "{}, a new row: {text}", self.table);
        is_updated
    }

    /// A missing principal is rejected by a foreign key, not by a rule on the document.
    fn is_accepted(&self, result: Result<usize, String>, text: &str) -> bool {
        let error = match result {
            Ok(rows) => {
                assert_eq!(rows, 1, "{}: {text}", self.table);
                return true;
            }
            Err(error) => error,
        };
        let table = self.table;
        let rules = [
            format!("{table}: "),
            format!("CHECK constraint failed: {table}: "),
            format!("NOT NULL constraint failed: {table}."),
        ];
        let is_rule = rules.iter().any(|rule| error.starts_with(rule))
            || error.starts_with("cannot store") && error.contains(&format!(" column {table}."))
            || error == "malformed JSON";
        assert!(is_rule || error == "FOREIGN KEY constraint failed", "{error}: {text}");
        !is_rule
    }

    /// The complete document with this value of a key; null removes the key.
    fn with(&self, key: &str, value: &Value) -> Map<String, Value> {
        let mut document = self.whole.clone();
        if value.is_null() {
            document.remove(key);
        } else {
            document.insert(key.to_owned(), value.clone());
        }
        document
    }
}

fn text_of(document: &Map<String, Value>) -> String {
    Value::Object(document.clone()).to_string()
}

/// A face that has every field and no rule of its own.
struct EveryField;

impl Dialect for EveryField {
    fn word(&self, _noun: Noun, _verb: Verb, _field: Field) -> Option<&'static str> {
        Some("field")
    }

    fn exception(&self, _verb: Verb, _field: Field, _said: &Given) -> Option<Meaning> {
        None
    }

    fn read_id(&self, text: &str) -> Option<Id> {
        Id::parse(text)
    }

    fn spell_id(&self, id: Id) -> String {
        id.to_string()
    }

    fn read_time(&self, text: &str) -> Option<Micros> {
        Micros::parse(text)
    }
}

/// The row of the field for a key of a noun; none for a key that depends on another one.
fn row(noun: Noun, key: &str) -> Option<&'static FieldRow> {
    if key == "revoked_reason" { Field::Reason.row() } else { rows(noun).find(|row| row.key == key) }
}

/// Whether validation accepts a value of a key. Null stands for an absent key.
fn is_valid(noun: Noun, key: &str, value: &Value) -> bool {
    let Some(row) = row(noun, key) else {
        return match key {
            // The time of the request, not a field of a body.
            "revoked_at" => value.is_null() || is_time(value),
            // The value depends on the roles; the document under test has one role.
            "unrestricted" => *value == json!(false),
            "keys" | "trusts" => {
                let is_means = |(id, one): (&String, &Value)| {
                    Id::parse(id).is_some()
                        && one["created_at"].is_i64()
                        && one.get("expires_at").is_none_or(Value::is_i64)
                };
                value.is_null() || value.as_object().is_some_and(|all| all.iter().all(is_means))
            }
            other => panic!("what field is {other}?"),
        };
    };
    let given = match (row.shape, value) {
        // Bodies give times as text.
        (Shape::Time, Value::Number(_)) => return is_time(value),
        (Shape::Time, Value::String(_)) => return false,
        _ => Given::from(Some(value.clone())),
    };
    let mut draft = Draft::default();
    draft.set(row.field, given);
    validate(&draft, noun, Verb::Merge, &EveryField, "pstn").1.is_empty()
}

/// Whether the value is a time in whole microseconds since 1970 that a body can have.
fn is_time(value: &Value) -> bool {
    value
        .as_i64()
        .is_some_and(|micros| micros >= 0 && Micros::parse(&Micros(micros).to_rfc3339_micros()) == Some(Micros(micros)))
}

/// Whether the exception applies to a value of a field of this shape.
type IsOne = fn(Shape, &Value) -> bool;

/// Invalid values that the CHECKs accept: none of them affects rights, and the Worker never writes them.
const ACCEPTED_ALTHOUGH_INVALID: [(&str, IsOne); 6] = [
    ("a text may have control characters that JSON does not escape by number", |shape, value| {
        let (least, most) = match shape {
            Shape::Text { min, max } => (min, max),
            Shape::TextOrNull { max } => (0, max),
            _ => return false,
        };
        let is_unescaped = |text: &str| {
            text.contains(char::is_control) && !text.contains(|letter: char| letter < ' ' && letter != '\n')
        };
        value.as_str().is_some_and(|text| is_unescaped(text) && (least..=most).contains(&text.chars().count()))
    }),
    ("a principal may be any text, of which the foreign key accepts those that exist", |shape, value| {
        shape == Shape::Id && value.as_str().is_some_and(|text| !text.contains('\0'))
    }),
    ("a role may have texts of any length, and an instance without its resource", |shape, value| {
        let is_one =
            |items: &Vec<Value>| !items.is_empty() && items.len() <= ROLES_MAX && items.iter().all(is_readable_role);
        shape == Shape::Roles && value.as_array().is_some_and(is_one)
    }),
    ("role names may be a hundred without the three default ones", |shape, value| {
        let is_name =
            |item: &Value| item.as_str().is_some_and(|name| name.chars().all(|letter| letter.is_ascii_digit()));
        let is_one = |items: &Vec<Value>| items.len() <= ROLES_MAX && items.iter().all(is_name);
        shape == Shape::Names && value.as_array().is_some_and(is_one)
    }),
    // A body may have 32, of which 16 may be left after merging; the verdict counts them.
    ("metadata may have any number of members", |shape, value| {
        is_short_metadata(shape, value) && value.as_object().is_some_and(|members| members.len() > 32)
    }),
    ("metadata may have texts of any length, up to 8192 code points of JSON", |shape, value| {
        is_short_metadata(shape, value)
            && value["a"].as_str().is_some_and(|text| text.chars().count() > DESCRIPTION_MAX)
    }),
];

fn is_readable_role(item: &Value) -> bool {
    serde_json::from_value::<Role>(item.clone()).is_ok()
        && item.as_object().is_some_and(|members| members.values().all(Value::is_string))
        && item.as_object().is_some_and(|members| members.keys().all(|name| ROLE_MEMBERS.contains(&&**name)))
}

const ROLE_MEMBERS: [&str; 3] = ["resource", "resource_instance", "role_id"];

fn is_short_metadata(shape: Shape, value: &Value) -> bool {
    let is_text = |members: &Map<String, Value>| members.values().all(Value::is_string);
    shape == Shape::Metadata
        && value.as_object().is_some_and(is_text)
        && value.to_string().chars().count() <= 2 * METADATA_BYTES_MAX
}

/// Every JSON type, and values at and just outside each bound of a rule.
fn corpus() -> Vec<Value> {
    let mut corpus = vec![json!(null), json!(true), json!(false)];
    corpus.extend([-1, 0, 1, 9_007_199_254_740_991_i64, 9_007_199_254_740_992, i64::MAX, i64::MIN].map(Value::from));
    corpus.extend([1.5, -1.5, 1.0, 1e15, 1e300].map(Value::from));
    for length in [0, 1, 2, 26, 254, 255, 256, 499, 500, 501] {
        corpus.extend(["x", "é", "𝄞"].map(|letter| letter.repeat(length).into()));
    }
    corpus.extend(
        [
            "true",
            "null",
            "0",
            "5",
            "{}",
            "[]",
            "\"",
            "\\",
            "'",
            "$.name",
            "2026-11-21T00:00:00Z",
            ACME,
            "\u{e9}\u{301}",
        ]
        .map(Value::from),
    );
    corpus.extend(["\0", "a\0b", "a\n", "\u{7f}", "\u{85}"].map(Value::from));
    for length in [1, 99, 100, 101] {
        corpus.push((0..length).map(|number| number.to_string()).collect());
        corpus.push((0..length).map(|number| json!({"resource": number.to_string(), "role_id": "viewer"})).collect());
    }
    corpus.extend([
        json!([]),
        json!([1]),
        json!([[]]),
        json!([true, "x"]),
        json!([{"role_id": "a", "resource": "b", "resource_instance": "c"}]),
        json!([{"role_id": "a", "resource_instance": "c"}]),
        json!([{"role_id": ""}]),
        json!([{"role_id": "a", "resource": 1}]),
        json!([{"resource": "b"}]),
        json!([{"role_id": 5}]),
        json!({}),
        json!({"a": "b"}),
        json!({"a": 1}),
        json!({"a": {"b": "c"}}),
        json!({"a": "x".repeat(500)}),
        json!({"a": "x".repeat(501)}),
        json!({"role_id": "viewer"}),
        json!({ACME: {"created_at": 5}}),
        json!({ACME: {"created_at": 5, "expires_at": 6}, "01m7xpe601e01b91vf5ajx1bq2": {"created_at": 7}}),
        json!({ACME: {"created_at": "5"}}),
        json!({ACME: {"expires_at": 5}}),
        json!({ACME: {"created_at": 5, "expires_at": "6"}}),
        json!({ACME: {"created_at": 5, "expires_at": 6.5}}),
        json!({"000000000000000000000000000": {"created_at": 5}}),
        json!({"80000000000000000000000000": {"created_at": 5}}),
        json!({"0000000000000000000000000u": {"created_at": 5}}),
        json!({ACME: 5}),
        json!({"x": {"created_at": 5}}),
    ]);
    for members in [1, 16, 17, 32, 33] {
        corpus.push((0..members).map(|number| (number.to_string(), json!("v"))).collect::<Map<_, _>>().into());
    }
    for letter in ["x", "é"] {
        for length in [4095, 4096, 4097, 8191, 8192, 8193] {
            let frame = json!({"a": ""}).to_string().len();
            corpus.push(json!({"a": letter.repeat(length - frame)}));
        }
    }
    corpus
}

#[test]
fn document_checks_agree_with_validation_except_for_the_listed_cases() {
    let world = World::new();
    let (mut used, mut accepted, mut refused) = (BTreeSet::new(), 0, 0);
    for subject in subjects(&world) {
        for key in subject.whole.keys() {
            let row = row(subject.noun, key);
            for value in corpus().into_iter().chain(row.map(bounds).unwrap_or_default()) {
                let mut document = subject.with(key, &value);
                if key == "roles" {
                    // Full access is a key of its own that depends on the roles: in a body, null.
                    let is_full = value.is_null() || value == json!([]);
                    document.insert("unrestricted".to_owned(), is_full.into());
                    if is_full {
                        document.insert("roles".to_owned(), json!([]));
                    }
                }
                if key == "revoked_at" {
                    // Only a revoked credential has a reason.
                    assert!(
                        !subject.accepts(&world, &text_of(&subject.with(key, &Value::Null))),
                        "a reason without a revocation"
                    );
                    document.remove("revoked_reason");
                }
                // A body may not have an empty list of roles, but null is stored as one.
                let valid = is_valid(
                    subject.noun,
                    key,
                    if key == "roles" && value == json!([]) { &Value::Null } else { &value },
                );
                let accepts = subject.accepts(&world, &text_of(&document));
                let is_one = |is_one: &IsOne| !valid && row.is_some_and(|row| is_one(row.shape, &value));
                let excuses = ACCEPTED_ALTHOUGH_INVALID.iter().filter(|(_, excuse)| is_one(excuse));
                let excuses: Vec<_> = excuses.map(|(name, _)| *name).collect();
                assert_eq!(
                    accepts,
                    valid || !excuses.is_empty(),
                    "whether it can be stored: {}.{key}: {}",
                    subject.table,
                    value.to_string().chars().take(99).collect::<String>()
                );
                used.extend(excuses);
                accepted += usize::from(accepts);
                refused += usize::from(!accepts);
                // A stored null is rejected, and so is a document without a required key.
                document.insert(key.to_owned(), Value::Null);
                assert!(!subject.accepts(&world, &text_of(&document)), "{}.{key}: null", subject.table);
                document.remove(key);
                let is_optional = !subject.required.contains(&key.as_str());
                assert_eq!(subject.accepts(&world, &text_of(&document)), is_optional, "without {key}");
            }
        }
    }
    assert_eq!(used.len(), ACCEPTED_ALTHOUGH_INVALID.len(), "an exception is unused: {used:?}");
    assert!(accepted > 250 && refused > 1000, "{accepted} {refused}");
}

/// The tests above cover every key: the schema's columns are these keys, and a CHECK rejects all others.
#[test]
fn every_document_key_has_its_own_column() {
    let world = World::new();
    for subject in subjects(&world) {
        let columns = world.db.query(
            "SELECT name FROM pragma_table_xinfo(?1) WHERE hidden <> 0 AND name <> 'stray' ORDER BY name",
            &[&subject.table],
        );
        let columns: Vec<_> = columns.iter().map(|column| column["name"].as_str().unwrap()).collect();
        let mut keys: Vec<_> = subject.whole.keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(columns, keys, "{}", subject.table);
    }
}

/// Full access needs two keys that agree, and every document has both, so losing one grants nothing.
#[test]
fn document_requires_roles_and_unrestricted_that_agree() {
    let world = World::new();
    let [.., subject] = subjects(&world);
    let some = json!([{"role_id": "viewer"}]);
    let mut accepted = Vec::new();
    let values = |key: &str| {
        let mut values = vec![None];
        values.extend([json!(true), json!(false), json!(1), json!(0), json!("true"), json!("[]"), json!({})].map(Some));
        values.extend((key == "roles").then(|| [Some(json!([])), Some(some.clone())]).into_iter().flatten());
        values
    };
    for roles in values("roles") {
        for unrestricted in values("unrestricted") {
            let mut document = subject.whole.clone();
            for (key, value) in [("roles", &roles), ("unrestricted", &unrestricted)] {
                match value {
                    Some(value) => drop(document.insert(key.to_owned(), value.clone())),
                    None => drop(document.remove(key)),
                }
            }
            let text = text_of(&document);
            let accepts = subject.accepts(&world, &text);
            if accepts {
                accepted.push((roles.clone(), unrestricted.clone()));
            }
        }
    }
    let none = Some(json!([]));
    let agree = [(none.clone(), Some(json!(true))), (none, Some(json!(false))), (Some(some), Some(json!(false)))];
    assert_eq!(accepted, agree);
    // Neither key can be removed from a stored document.
    for key in ["roles", "unrestricted"] {
        for state in [format!("json_remove(state, '$.{key}')"), format!("json_patch(state, '{{\"{key}\":null}}')")] {
            let error = world.db.try_execute(&format!("UPDATE credentials SET state = {state}"), &[]).unwrap_err();
            assert!(error.contains("constraint failed"), "{error}: {state}");
        }
    }
}

/// Half of a surrogate pair is no character. A document with one could not be read.
#[test]
fn document_rejects_escapes_by_number() {
    let world = World::new();
    for subject in subjects(&world) {
        for (text, fits) in [
            (r"\\ud800", true),
            (r"a\\", true),
            (r"\\\\ud800", true),
            (r#"\""#, true),
            (r#"\\\""#, true),
            (r"\ud800", false),
            (r"\uD834", false),
            (r"\ud834\udd1e", false),
            (r"\\\udc00", false),
            (r"\u0041", false),
            (r"\u0000", false),
        ] {
            let document = text_of(&subject.with("name", &json!("NAME"))).replace("NAME", text);
            assert_eq!(subject.accepts(&world, &document), fits, "{}: {text}", subject.table);
        }
    }
    let console = format!(
        "UPDATE credentials SET state = json_set(state, '$.roles', json('[{{\"role_id\":\"\\ud800\"}}]'), '$.unrestricted', \
         json('false')) WHERE tenant = '{ACME}'"
    );
    assert!(world.db.try_execute(&console, &[]).unwrap_err().contains("escapes"));
}

/// Documents with equal meaning are equal texts.
#[test]
fn document_rejects_unknown_keys_nulls_white_space_and_duplicate_keys() {
    let world = World::new();
    for subject in subjects(&world) {
        let text = text_of(&subject.whole);
        assert!(subject.accepts(&world, &text), "{text}");
        let refused = |text: &str| assert!(!subject.accepts(&world, text), "{}: {text}", subject.table);
        let with = |members: &str| format!("{{{members},{}", &text[1..]);
        for unknown in [
            "x", "Name", "name ", "", "a.b", "$.name", "\\u006e", "secret", "digest", "tenant", "id", "revision",
            "state",
        ] {
            for value in ["1", "\"\"", "{}", "[]", "false"] {
                refused(&with(&format!(r#""{unknown}":{value}"#)));
            }
        }
        for (key, value) in &subject.whole {
            // A repeated key, before and after the other keys, with the same value and another one, plain and escaped.
            let escaped = format!("\\u{:04x}{}", u32::from(key.chars().next().unwrap()), &key[1..]);
            for key in [key, &escaped] {
                for value in [&value.to_string(), "null", "\"other\""] {
                    refused(&with(&format!(r#""{key}":{value}"#)));
                    refused(&format!(r#"{},"{key}":{value}}}"#, &text[..text.len() - 1]));
                }
            }
            let member = format!(r#""{key}":"#);
            assert!(text.contains(&member));
            for spaced in [
                format!(" {member}"),
                format!("{member} "),
                format!("\n{member}"),
                format!("{member}\t"),
                member.replace(':', " :"),
            ] {
                refused(&text.replacen(&member, &spaced, 1));
            }
            // JSON5.
            refused(&text.replacen(&member, &format!("{key}:"), 1));
            refused(&text.replacen(&member, &format!("'{key}':"), 1));
            refused(&text.replacen(&member, &format!("/**/{member}"), 1));
        }
        for other in [
            format!(" {text}"),
            format!("{text} "),
            format!("{text}\n"),
            format!("{},}}", &text[..text.len() - 1]),
            format!("[{text}]"),
            Value::from(text.clone()).to_string(),
            "{}".to_owned(),
            "null".to_owned(),
            "[]".to_owned(),
            String::new(),
            text[..text.len() - 1].to_owned(),
        ] {
            refused(&other);
        }
    }
    // The same within metadata, the only key that is an object.
    let [.., subject] = subjects(&world);
    let (text, member) = (text_of(&subject.whole), r#""metadata":{"a":"b"}"#);
    for metadata in [
        r#"{"a":null}"#,
        r#"{"a":"b","c":null}"#,
        r#"{"a":"b","a":"b"}"#,
        r#"{"a":"b","a":"c"}"#,
        r#"{"a":"b","\u0061":"c"}"#,
        r#"{ "a":"b"}"#,
        r#"{"a": "b"}"#,
        r#"{"a":"b" }"#,
        r#"{"a":"b",}"#,
        r#"{a:"b"}"#,
        r#"{"a":'b'}"#,
        r#"{"a":0x10}"#,
    ] {
        let text = text.replacen(member, &format!(r#""metadata":{metadata}"#), 1);
        assert!(!subject.accepts(&world, &text), "{text}");
    }
    // In lists: white space.
    for roles in [
        r#"[ {"role_id":"viewer"}]"#,
        r#"[{"role_id": "viewer"}]"#,
        r#"[{"role_id":"viewer"},]"#,
        r#"[{role_id:"viewer"}]"#,
    ] {
        let text = text.replacen(r#"[{"role_id":"viewer"}]"#, roles, 1);
        assert!(!subject.accepts(&world, &text), "{text}");
    }
}

/// The size in bytes, which is what D1 stores.
#[test]
fn document_above_32_kib_is_rejected() {
    let world = World::new();
    let [.., credential] = subjects(&world);
    for letter in ["x", "é"] {
        let of_bytes = |bytes: usize| {
            let document = |lengths: &[usize]| {
                let items = lengths.iter().map(|length| {
                    let name = letter.repeat(length / letter.len()) + &"y".repeat(length % letter.len());
                    json!({ "role_id": name })
                });
                text_of(&credential.with("roles", &items.collect()))
            };
            let mut lengths = [250; 100];
            let more = bytes - document(&lengths).len();
            for (at, length) in lengths.iter_mut().enumerate() {
                *length += more / 100 + usize::from(at < more % 100);
            }
            document(&lengths)
        };
        for (bytes, fits) in [(STATE_BYTES_MAX - 1, true), (STATE_BYTES_MAX, true), (STATE_BYTES_MAX + 1, false)] {
            let text = of_bytes(bytes);
            assert_eq!(text.len(), bytes);
            assert_eq!(credential.accepts(&world, &text), fits, "{bytes} bytes of {letter}");
        }
    }
    assert_eq!(STATE_BYTES_MAX, 32 * 1024);
}
