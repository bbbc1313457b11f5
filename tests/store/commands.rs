//! Every JSON path that a statement reads exists: in the command, in the deferred writes, or in a document.

use std::collections::BTreeSet;

use postern::caller::{Caller, Rank};
use postern::credential::field::Noun;
use postern::credential::id::Id;
use postern::credential::means::Means;
use postern::credential::role::Context;
use postern::credential::secret::{Access, AccessOf, Proof};
use postern::credential::time::Micros;
use postern::face::coactive::COACTIVE;
use postern::store::after::{After, Rekey};
use postern::store::command::{
    Act, Command, Filter, Idempotency, Key, Label, MeansChange, NewRow, Order, Page, Rotation, SortKey, Target,
    TenantRef, Times, Until,
};
use postern::store::exchange::{ClientQuery, Once};
use postern::store::issuers::Fetch;
use serde_json::{Map, Value, json};

use crate::documents::keys;

/// Read-only members that a body may contain, by their columns.
const READ_ONLY: [&str; 8] =
    ["id", "tenant", "label", "revision", "created_at", "updated_at", "revoked_at", "revoked_reason"];

fn proof() -> Proof {
    Proof { id: Id::ZERO, digest: "digest".to_owned() }
}

/// A caller of each kind.
fn callers() -> [Caller; 4] {
    [
        Caller::Root { root: true },
        Caller::Secret { proofs: vec![proof()], client: Some(Id::ZERO) },
        Caller::Access(Access { of: AccessOf::Secret { id: Id::ZERO, made: Micros(1) }, end: Micros(2) }),
        Caller::Access(Access {
            of: AccessOf::Means { credential: Id::ZERO, means: Id::ZERO, made: Micros(1) },
            end: Micros(2),
        }),
    ]
}

/// A command with a value in every member.
fn everything(caller: Caller, tenant: TenantRef) -> Command {
    let mut page = Page::first(Order { key: SortKey::Creation, descending: false }, 1);
    page.at = Some(Micros(1));
    page.name = Some("name".to_owned());
    page.id = Some(Id::ZERO);
    page.until = Some(Until { at: Micros(1), id: Id::ZERO });
    page.from = Some(Key(Some(Id::ZERO)));
    page.noun = Some(Noun::Credential);
    page.ids = Some(vec![Id::ZERO]);
    page.noun = Some(Noun::Principal);
    (page.secrets, page.lists_secrets, page.checks_previous, page.counts) = (true, true, true, true);
    page.filter = Some(Filter {
        enabled: Some(true),
        principal: Some(Id::ZERO),
        role: Some("viewer".to_owned()),
        name_from: Some("a".to_owned()),
        name_to: Some("b".to_owned()),
        expires_before: Some(Micros(1)),
        unused_since: Some(Micros(1)),
        unrotated_since: Some(Micros(1)),
    });
    let members =
        |names: &mut dyn Iterator<Item = &str>| names.map(|name| (name.to_owned(), json!(1))).collect::<Map<_, _>>();
    let key = || Some(Key(Some(Id::ZERO)));
    // Every member is listed, so a new one does not compile until it is added here.
    Command {
        now: Micros(1),
        caller: caller.clone(),
        tenant: Some(tenant),
        principal: key(),
        credential: key(),
        member: key(),
        bearer: Some(vec![proof()]),
        claims: caller.claims(1, 1),
        seq: Some(1),
        target: Target::Credential,
        act: Act::Change,
        required_right: Rank::Reader,
        if_match: Some(vec!["*".to_owned()]),
        if_none_match: Some(vec!["*".to_owned()]),
        asserted: members(&mut READ_ONLY.into_iter()),
        merges: true,
        active: true,
        access_of_roles: COACTIVE.access_of_roles,
        rotation: Some(Rotation::Start),
        means: Some(MeansChange::new(Means::Key, "id", true)),
        grace_seconds: Some(1),
        lists_secrets: true,
        idempotency: Some(Idempotency {
            id: "id".to_owned(),
            body: "body".to_owned(),
            sealed: Some("sealed".to_owned()),
        }),
        page: Some(page),
        bound: Some(1),
        force: true,
        dry: true,
        invalid: true,
        set: members(&mut keys(None).iter().map(String::as_str)),
        times: Times { created_at: Some(Micros(1)), updated_at: Some(Micros(1)) },
        label: Some(Label { slug: "slug".to_owned(), first: 1 }),
        context: Some(Context { resource: Some("r".to_owned()), resource_instance: Some("i".to_owned()) }),
        role_names: vec![(0, "viewer".to_owned())],
        secret: Some(NewRow {
            id: Id::ZERO,
            digest: "digest".to_owned(),
            proofs: vec![proof()],
            key: "key".to_owned(),
            sealed: Some("sealed".to_owned()),
            hint: "hint".to_owned(),
        }),
        change: Id::ZERO,
        request: "request".to_owned(),
    }
}

/// Every path of a JSON value. A list has a path, its items do not.
fn paths_of(value: &Value) -> BTreeSet<String> {
    fn add(value: &Value, path: &str, paths: &mut BTreeSet<String>) {
        for (name, value) in value.as_object().into_iter().flatten() {
            let path = format!("{path}.{name}");
            add(value, &path, paths);
            paths.insert(path);
        }
    }
    let mut paths = BTreeSet::new();
    add(value, "$", &mut paths);
    paths
}

fn paths_of_commands() -> BTreeSet<String> {
    let tenants = [TenantRef::Id(Key(Some(Id::ZERO))), TenantRef::Label("acme".to_owned())];
    let commands =
        callers().into_iter().flat_map(|caller| tenants.clone().map(|tenant| everything(caller.clone(), tenant)));
    commands.flat_map(|command| paths_of(&serde_json::to_value(command).unwrap())).collect()
}

/// The paths of the writes deferred until after the response.
fn paths_of_notes() -> BTreeSet<String> {
    let text = |text: &str| text.to_owned();
    let rekey = Rekey { from: Id::ZERO, id: Id::ZERO, digest: text("d"), key: text("k"), sealed: Some(text("s")) };
    let (now, used, change) = (Micros(1), vec![Id::ZERO], Id::ZERO);
    let owners = vec![(Id::ZERO, Id::ZERO)];
    let after = After { now, used, owners, rekeyed: vec![rekey], change, by: text("b"), request: text("r") };
    paths_of(&serde_json::to_value(after).unwrap())
}

/// The paths of exchanges.
fn paths_of_exchanges() -> BTreeSet<String> {
    let (now, id, digest) = (Micros(1), Id::ZERO, "d".to_owned());
    let once = Once { now, client: id, means: id, made: now, digest, until: now, change: id };
    let query = ClientQuery { now, client: id, issuer: Some("i") };
    let fetch = Fetch { now, issuer: "i", tenant: Some(id), keys: Some(json!([])) };
    let sent = [serde_json::to_value(once), serde_json::to_value(query), serde_json::to_value(fetch)];
    sent.into_iter().flat_map(|sent| paths_of(&sent.unwrap())).collect()
}

/// A path in a text and the value that it is read from: the operand of an arrow or the first argument of a function.
/// None if the path itself is a value, or if the first argument is an expression.
#[derive(Debug, PartialEq)]
struct Read<'a> {
    of: Option<&'a str>,
    path: &'a str,
}

fn reads(text: &str) -> Vec<Read<'_>> {
    let starts = text.match_indices("'$.").map(|(at, _)| at);
    starts
        .map(|at| {
            let path = &text[at + 1..at + 1 + text[at + 1..].find('\'').expect("a path ends")];
            Read { of: operand(&text[..at]), path }
        })
        .collect()
}

fn operand(before: &str) -> Option<&str> {
    let before = before.trim_end();
    let is_name = |letter: char| letter.is_alphanumeric() || "?_.{}".contains(letter);
    if let Some(left) = before.strip_suffix("->>").or_else(|| before.strip_suffix("->")) {
        let left = left.trim_end();
        return Some(&left[left.trim_end_matches(is_name).len()..]);
    }
    // Back to the opening bracket of the call. A Rust string that starts in between ends the search.
    let mut depth = 0;
    for (at, letter) in before.char_indices().rev() {
        match letter {
            ')' => depth += 1,
            '(' if depth > 0 => depth -= 1,
            '(' => {
                let name = &before[..at][before[..at].trim_end_matches(is_name).len()..];
                let first = before[at + 1..].split(',').next().unwrap_or_default().trim();
                return Some(first)
                    .filter(|first| name.starts_with("json") && !first.is_empty() && first.chars().all(is_name));
            }
            '"' => return None,
            _ => {}
        }
    }
    None
}

/// All statements: the SQL files, and the Rust source.
fn texts() -> Vec<(String, String)> {
    let root = env!("CARGO_MANIFEST_DIR");
    let mut texts = Vec::new();
    for (folder, extension) in [("src/store/sql", "sql"), ("src/store", "rs")] {
        for file in std::fs::read_dir(format!("{root}/{folder}")).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|other| other == extension) {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                texts.push((name, std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    texts
}

/// The invalid paths of a text.
fn wrong(file: &str, text: &str, [commands, notes, exchanges]: &[BTreeSet<String>; 3]) -> Vec<String> {
    let keys = keys(file.starts_with("credential_").then_some(Noun::Credential));
    let is_key = |path: &str| keys.contains(path.trim_start_matches("$."));
    let is_note =
        ["secret_note_use.sql", "credential_note_use.sql", "owner_note_use.sql", "secret_rekey.sql"].contains(&file);
    let mut wrong = Vec::new();
    for read in reads(text) {
        let is_right = match read.of {
            Some("?1" | "given" | "asked") if is_note => notes.contains(read.path),
            Some("?1") if file.starts_with("exchange") || file.starts_with("issuer") => exchanges.contains(read.path),
            Some("?1" | "given" | "asked") => commands.contains(read.path),
            Some("document" | "{document}" | "patched" | "to_document" | "state" | "{before}" | "{after}") => {
                is_key(read.path)
            }
            // An event has keys; a deletion's event also has the time of creation.
            Some("e.changes") => {
                let key = read.path.strip_suffix(".before").or_else(|| read.path.strip_suffix(".after"));
                key.is_some_and(|key| is_key(key) || key == "$.created_at")
            }
            Some("means" | "means.value") => ["$.created_at", "$.expires_at"].contains(&read.path),
            // A kept response has the row.
            Some("i.made") => read.path == "$.id",
            // A key of JSON that the statements build from documents; or no document at all.
            // The keys that an editor may change come from the table of fields. A key or a trust follows its kind.
            None => is_key(read.path.trim_end_matches('.')) || ["$.-", "$.{}", "$.{}."].contains(&read.path),
            Some(_) => false,
        };
        if !is_right {
            wrong.push(format!("{file}: {read:?}"));
        }
    }
    wrong
}

#[test]
fn every_json_path_in_sql_is_sent_or_is_a_document_key() {
    let sent = [paths_of_commands(), paths_of_notes(), paths_of_exchanges()];
    let texts = texts();
    let all: Vec<_> = texts.iter().flat_map(|(file, text)| wrong(file, text, &sent)).collect();
    assert!(all.is_empty(), "{all:#?}");
    assert!(texts.iter().map(|(_, text)| reads(text).len()).sum::<usize>() > 200, "too few paths");
}

/// Every path that is sent is read.
#[test]
fn every_member_of_a_command_is_read_by_a_statement() {
    let texts = texts();
    let read: BTreeSet<&str> = texts.iter().flat_map(|(_, text)| reads(text)).map(|read| read.path).collect();
    let is_read = |path: &String| read.iter().any(|read| *read == path || read.starts_with(&format!("{path}.")));
    // The members of `set` are merged together, those of `asserted` compared together.
    let in_vain: Vec<_> = [paths_of_commands(), paths_of_notes()]
        .into_iter()
        .flatten()
        .filter(|path| !path.starts_with("$.set.") && !path.starts_with("$.asserted.") && !is_read(path))
        .collect();
    assert_eq!(in_vain, Vec::<String>::new());
}

#[test]
fn unknown_json_paths_are_detected() {
    let sent = [paths_of_commands(), paths_of_notes(), paths_of_exchanges()];
    for (count, file, text) in [
        (
            0,
            "a.sql",
            "SELECT ?1 ->> '$.now', json_type(given, '$.set.roles'), document -> '$.roles', json_each(?1, '$.caller.proofs')",
        ),
        (1, "a.sql", "SELECT ?1 ->> '$.nov'"),
        (1, "a.sql", "SELECT ?1 -> '$.set.role'"),
        (1, "a.sql", "SELECT * FROM json_each(given, '$.set.Roles')"),
        (1, "a.sql", "SELECT * FROM json_each(?1, '$.caller.proof')"),
        (1, "a.sql", "SELECT (document ->> '$.role'), iif(x, '$.roles', '$.-')"),
        (1, "a.sql", "SELECT json_remove(to_document, '$.namen')"),
        (1, "a.sql", "SELECT json_replace(coalesce(document, '{}'), '$.meta', 1)"),
        (1, "a.sql", "SELECT json_set(json(f(x, y)), '$.name', iif(1, '$.x', 2))"),
        (1, "a.sql", "SELECT other ->> '$.name'"),
        (1, "credential_a.sql", "SELECT document ->> '$.role_names'"),
        (0, "a.sql", "SELECT document ->> '$.role_names', {before} -> '$.email'"),
        (1, "a.sql", "SELECT e.changes ->> '$.name'"),
        (0, "a.sql", "SELECT e.changes ->> '$.name.before', e.changes ->> '$.created_at.before'"),
        (1, "secret_rekey.sql", "SELECT json_each(?1, '$.rekeyed'), ?1 ->> '$.caller'"),
        (1, "a.rs", "let free = f(\"'$.name', '$.descriptions'\");"),
    ] {
        assert_eq!(wrong(file, text, &sent).len(), count, "{text}");
    }
}
