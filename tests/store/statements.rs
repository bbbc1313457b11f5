//! Every statement and trigger is limited to one tenant and finds its rows by a key.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use support::sent::{KEYED, SENT};
use support::sqlite::Sqlite;
use support::text;

/// The tables whose rows belong to a tenant.
const OWNED: [&str; 7] = [
    "principals",
    "credentials",
    "secrets",
    "events",
    "idempotency",
    "credentials_by_name",
    "credentials_of_principal",
];

/// Statements over all tenants. A credential's id is unique over all tenants, also after deletion, and only its
/// existence is revealed. The cron deletes by age. Readiness reads the master keys of a few secrets.
const OF_ALL: [&str; 6] = [
    "SELECT 1 FROM credentials AS c WHERE c.id = ?1->>'$.credential'",
    "SELECT 1 FROM events AS e INDEXED BY events_of_deleted \
     WHERE e.id = ?1->>'$.credential' AND e.action = 'deleted' AND e.noun = 'credential'",
    "SELECT 1 FROM credentials WHERE id = NEW.id",
    "SELECT 1 FROM events INDEXED BY events_of_deleted WHERE id = NEW.id AND action = 'deleted' AND noun = 'credential'",
    "SELECT tenant , caller , id FROM idempotency WHERE created_at <= ?1 - 86400000000 ORDER BY created_at LIMIT 1000",
    "SELECT key FROM secrets ORDER BY id DESC LIMIT 20",
];

pub fn sql_files(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let paths = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(&path).unwrap()))
        .collect();
    files.sort();
    files
}

/// The words of SQL: a bracket, a comma and a semicolon are words, and so is a text in quotes. Comments are left out.
pub fn words(sql: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut letters = sql.chars().peekable();
    while let Some(letter) = letters.next() {
        let word = words.last_mut().expect("there is always one");
        match letter {
            '\'' => {
                word.push(letter);
                word.extend(letters.by_ref().take_while(|letter| *letter != '\''));
                word.push(letter);
            }
            '-' if letters.peek() == Some(&'-') => drop(letters.by_ref().find(|letter| *letter == '\n')),
            '(' | ')' | ',' | ';' => words.extend([letter.to_string(), String::new()]),
            letter if letter.is_whitespace() => words.push(String::new()),
            letter => word.push(letter),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The statements of a text. Each SELECT in brackets is a statement of its own and is removed from the surrounding
/// one; so are the sides of a UNION.
fn statements(sql: &str) -> Vec<Vec<String>> {
    let mut done = Vec::new();
    // For each open bracket, whether it starts a statement of its own, and that statement.
    let mut open = vec![(true, Vec::new())];
    let mut words = words(sql).into_iter().peekable();
    while let Some(word) = words.next() {
        match word.as_str() {
            "(" => {
                let own = words.peek().is_some_and(|word| ["SELECT", "WITH", "VALUES"].contains(&word.as_str()));
                open.last_mut().expect("one is open").1.push("(".to_owned());
                open.push((own, Vec::new()));
            }
            ")" => {
                let (own, inner) = open.pop().expect("one is open");
                let around = &mut open.last_mut().expect("brackets are balanced").1;
                if own {
                    done.push(inner);
                } else {
                    around.extend(inner);
                }
                around.push(")".to_owned());
            }
            ";" | "UNION" | "EXCEPT" => done.push(std::mem::take(&mut open.last_mut().expect("one is open").1)),
            _ => open.last_mut().expect("one is open").1.push(word),
        }
    }
    assert_eq!(open.len(), 1, "unbalanced brackets");
    done.extend(open.into_iter().map(|(_, words)| words));
    done.retain(|words| !words.is_empty());
    done
}

/// One use of a table in a statement.
struct Use {
    table: String,
    /// Its alias, or the table's name.
    name: String,
    /// The words that select its rows, or the columns that an INSERT fills.
    which: Vec<String>,
    /// Whether it is the statement's only table, so that its columns need no prefix.
    alone: bool,
}

fn uses(statement: &[String]) -> Vec<Use> {
    let word = |at: usize| statement.get(at).map_or("", String::as_str);
    let begins = |at: &usize| match word(*at) {
        "FROM" | "JOIN" | "INTO" => true,
        // Not in the head of a trigger.
        "UPDATE" => !["OF", "ON"].contains(&word(at + 1)),
        _ => false,
    };
    let starts: Vec<usize> = (0..statement.len()).filter(begins).collect();
    let named = |at: usize| {
        let mut next = at + 2;
        while word(next) == "INDEXED" {
            next += 3;
        }
        match word(next) {
            "AS" => word(next + 1),
            // An alias without AS.
            other if other.len() == 1 && other.chars().all(|letter| letter.is_ascii_lowercase()) => other,
            _ => word(at + 1),
        }
    };
    let one = |at: &usize| {
        let rest = &statement[at + 1..];
        let which = match word(*at) {
            "UPDATE" => rest.iter().position(|word| word == "WHERE").map_or(&[][..], |place| &rest[place..]),
            "INTO" => &rest[..rest.iter().position(|word| word == ")").unwrap_or_default()],
            _ => rest,
        };
        Use {
            table: word(at + 1).to_owned(),
            name: named(*at).to_owned(),
            which: which.to_vec(),
            alone: starts.len() == 1 || word(*at) == "INTO" || (starts.len() == 2 && word(starts[0]) == "INTO"),
        }
    };
    starts.iter().map(one).filter(|found| OWNED.contains(&found.table.as_str())).collect()
}

impl Use {
    /// Whether this column restricts the rows: it is compared with something, or is in a row of values.
    fn is_limited_by(&self, column: &str) -> bool {
        let full = format!("{}.{column}", self.name);
        self.which.windows(2).any(|pair| {
            (pair[0] == full || self.alone && pair[0] == column) && ["=", ",", "IS", "IN"].contains(&pair[1].as_str())
        })
    }

    /// Whether the rows are limited to a tenant. A secret may be found by its full id instead, which is unique over
    /// all tenants, because the id is how a caller is found. So may the credential of an assertion or of an access token that a key got, by
    /// its full id. So may a credential by its id, or by its secrets, with the stamp of this batch: the stamp is unique, and earlier
    /// statements put it on rows of one tenant only.
    fn is_limited(&self) -> bool {
        let condition = self.which.join(" ").replace(" ->> ", "->>");
        let is_stamped = self.is_limited_by("change") && condition.contains("change = ?1->>'$.change'");
        let by_its_id = self.is_limited_by("id")
            && (condition.contains("id = ?1->>'$.credential'") || condition.contains("id IN ( )"));
        let is_client = ["?1->>'$.client'", "?1->>'$.caller.credential'", "claim.value->>'credential'"]
            .iter()
            .any(|client| condition.contains(&format!("id = {client}")));
        self.is_limited_by("tenant")
            || self.table == "credentials" && self.is_limited_by("id") && is_client
            || self.table == "secrets" && self.is_limited_by("id")
            || self.table == "credentials" && is_stamped && by_its_id
    }
}

#[test]
fn every_clause_is_limited_to_a_tenant() {
    let (mut checked, mut of_all) = (0, BTreeSet::new());
    let triggers = sql_files("migrations");
    let texts = SENT.iter().map(|(sql, of)| (&of[0], sql)).chain(triggers.iter().map(|(file, sql)| (file, sql)));
    for (of, sql) in texts {
        for statement in statements(sql) {
            let text = statement.join(" ");
            if let Some(one) = OF_ALL.iter().find(|one| **one == text) {
                of_all.insert(*one);
                continue;
            }
            for found in uses(&statement) {
                assert!(found.is_limited(), "{of}: {} in {}", found.name, statement.join(" "));
                checked += 1;
            }
        }
    }
    assert!(checked > 700, "only {checked} uses were checked");
    assert_eq!(of_all.len(), OF_ALL.len(), "an exception is unused: {of_all:?}");
}

/// A statement without a verdict follows a write in its batch, and writes only if that did: it finds its rows by the stamp. The others
/// follow the response, and only note a use or move a secret to another key.
#[test]
fn every_statement_after_a_write_depends_on_its_stamp() {
    let mut checked = 0;
    for (sql, requests) in SENT.iter().filter(|(sql, _)| !sql.contains("verdict AS (")) {
        let writes = |table: &str| {
            ["UPDATE", "DELETE FROM", "INSERT INTO"].iter().any(|verb| sql.starts_with(&format!("{verb} {table} ")))
        };
        let is_deferred = ["'$.used'", "'$.owners'", "'$.rekeyed'"].iter().any(|list| sql.contains(list));
        if ["tenants", "principals", "credentials", "secrets", "kept"].iter().any(|table| writes(table)) && !is_deferred
        {
            assert!(sql.contains("change = ?1->>'$.change'"), "{}: {sql}", requests[0]);
            checked += 1;
        }
    }
    assert!(checked >= 11, "only {checked} statements");
}

#[test]
fn every_sql_file_is_used() {
    for (file, sql) in sql_files("src/store/sql") {
        // The text between the placeholders.
        let sql = bare(&sql);
        let parts: Vec<_> = sql.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest)).collect();
        let is_sent = |text: &String| parts.iter().all(|part| bare(text).contains(part));
        assert!(SENT.keys().any(is_sent), "{file} is not sent by any route");
    }
}

/// SQL without comments and white space. The statements that are sent have less of both than the files.
pub fn bare(sql: &str) -> String {
    let lines = sql.lines().map(|line| line.split_once("--").map_or(line, |(line, _)| line));
    lines.flat_map(str::chars).filter(|letter| !letter.is_whitespace()).collect()
}

#[test]
fn clauses_without_a_tenant_are_detected() {
    let unlimited = |sql: &str| {
        statements(sql).iter().flat_map(|statement| uses(statement)).filter(|found| !found.is_limited()).count()
    };
    for (without, sql) in [
        (1, "UPDATE credentials SET name = 'n' FROM verdict WHERE credentials.id = verdict.id"),
        (0, "UPDATE credentials SET name = 'n' FROM verdict WHERE credentials.tenant = verdict.tenant"),
        (1, "SELECT 1 FROM found CROSS JOIN credentials AS c ON c.id = ?1 JOIN secrets ON secrets.tenant = c.t"),
        (
            1,
            "UPDATE credentials SET name = (SELECT name FROM tenants WHERE tenant = 1) WHERE id = ?1; \
             DELETE FROM secrets WHERE tenant = 1",
        ),
        (1, "UPDATE credentials SET tenant = 1 WHERE id = ?1"),
        (
            1,
            "UPDATE secrets SET ending = 1 FROM found JOIN secrets AS new ON new.tenant = found.tenant WHERE secrets.hint = 1",
        ),
        (1, "SELECT (SELECT max(seq) FROM events) FROM credentials WHERE tenant = ?1"),
        (1, "SELECT r.* FROM credentials AS r LEFT JOIN secrets AS s ON s.tenant = r.tenant WHERE r.name > 'a'"),
        (1, "SELECT 1 FROM (SELECT * FROM principals WHERE tenant = 1 UNION ALL SELECT * FROM principals)"),
        (0, "DELETE FROM secrets WHERE (tenant, credential) IN (SELECT tenant, id FROM credentials WHERE tenant = ?1)"),
        (1, "DELETE FROM secrets WHERE (tenant, credential) IN (SELECT tenant, id FROM credentials)"),
        (1, "DELETE FROM credentials WHERE ending AND change = ?1 ->> '$.change' -- tenant = 1"),
        (1, "INSERT INTO principals (id) SELECT id FROM verdict; SELECT 'tenant = 1' FROM secrets WHERE id = 1"),
        (0, "UPDATE secrets SET last_used_at = 1 WHERE id IN (SELECT value FROM json_each(?1, '$.used'))"),
        (1, "UPDATE credentials SET last_used_at = 1 WHERE id IN (SELECT value FROM json_each(?1, '$.used'))"),
        (1, "UPDATE idempotency SET made = 'm' WHERE created_at = 1 AND change = ?1 ->> '$.change'"),
        (0, "SELECT roles FROM credentials AS c WHERE c.id = ?1 ->> '$.credential' AND c.change = ?1 ->> '$.change'"),
        (0, "SELECT roles FROM credentials WHERE id = ?1 ->> '$.credential' AND change = ?1 ->> '$.change'"),
        (1, "SELECT roles FROM credentials AS c WHERE c.id = ?1 ->> '$.credential'"),
        (1, "SELECT roles FROM credentials AS c WHERE c.change = ?1 ->> '$.change'"),
        (1, "SELECT roles FROM credentials AS c WHERE c.id = ?1 ->> '$.page.id' AND c.change = ?1 ->> '$.change'"),
        (1, "SELECT roles FROM credentials AS c WHERE c.id = ?1 ->> '$.credential' AND c.change = ?1 ->> '$.request'"),
        (1, "SELECT name FROM principals AS p WHERE p.id = ?1 ->> '$.credential' AND p.change = ?1 ->> '$.change'"),
        (1, "UPDATE idempotency SET made = 'm' WHERE created_at = 1"),
        (
            1,
            "SELECT i.made FROM verdict CROSS JOIN idempotency AS i ON i.caller = verdict.caller AND i.id = ?1 ->> '$.id'",
        ),
    ] {
        assert_eq!(unlimited(sql), without, "{sql}");
    }
}

/// The steps of a statement's plan.
fn plan(db: &Sqlite, sql: &str) -> Vec<String> {
    let steps = db.query(&format!("EXPLAIN QUERY PLAN {sql}"), &[&""]);
    steps.iter().map(|step| text(step, "detail")).collect()
}

/// A request reads the same number of rows with a million credentials as with one.
#[test]
fn no_statement_reads_a_whole_table() {
    // Root's lists of all tenants.
    const TENANTS: [&str; 3] = ["GET /organizations", "GET /v1.0/tenants", "GET /v1/tenants"];
    const ALL_OF_IT: [&str; 3] =
        ["DELETE /v1.0/tenants/{tenant}", "DELETE /v1.0/tenants/{tenant}/credentials", "DELETE /v1/tenants/{tenant}"];
    // CTEs and subqueries of one row each, with these exceptions: `tried` has one per label that was taken, and `walk`
    // ends with its page of the history.
    const OURS: [&str; 13] = [
        "caller",
        "found",
        "patched",
        "merged",
        "weighed",
        "verdict",
        "verdict_of",
        "start",
        "s",
        "tried",
        "subject",
        "walk",
        "roles_before",
    ];
    let db = Sqlite::migrated();
    let (mut searched, mut ordered, mut wrong) = (0, 0, Vec::new());
    for (sql, requests) in SENT.iter() {
        let request = &requests[0];
        // Whether only requests of these routes send the statement.
        let is_of = |routes: &[&str]| {
            requests.iter().all(|request| routes.iter().any(|route| request.starts_with(&format!("{route} "))))
        };
        let steps = plan(&db, sql);
        // The number of scans of `e`, compared with the number of CTEs and subqueries of this name.
        let scanned = steps.iter().filter(|step| *step == "SCAN e").count();
        let is_of_query = scanned <= sql.matches("FROM walk AS e").count() + sql.matches(") AS e").count();
        for step in steps {
            let (how, rest) = step.split_once(' ').unwrap_or((&step, ""));
            let name = rest.split(' ').next().unwrap_or_default();
            let key = rest.split_once(" (").map_or("", |(_, key)| key);
            // The complete condition in brackets.
            let whole = |column: &str| key.starts_with(&format!("{column}=?)"));
            let is_allowed = match how {
                "SCAN" => {
                    OURS.contains(&name)
                        || name.starts_with('(')
                        || rest.contains("VIRTUAL TABLE")
                        || rest == "CONSTANT ROW"
                        || rest == "e" && is_of_query
                        // A view of one row, and the last 20 secrets.
                        || requests == &["GET /readyz  "]
                        // Rows that a filter examines, up to its limit.
                        || rest == "r" && examined_rows(sql).is_some_and(|most| most < 1000)
                }
                "SEARCH" if rest.contains("VIRTUAL TABLE") || OURS.contains(&name) => true,
                "SEARCH" if requests == &["GET /readyz  "] => rest == "(subquery-1)",
                // Root lists all tenants, in the order of this index.
                "SEARCH" if rest.contains("tenants_by_creation") => is_of(&TENANTS) && key.contains("(?,?)"),
                // Responses older than a day, and issuers that nobody asked for within a day.
                "SEARCH" if rest.contains("idempotency_by_age") => requests == &["the cron"],
                // One issuer; and, for a new one, those of the tenant and of the last minute, up to a limit.
                "SEARCH" if name == "issuers" => {
                    whole("issuer")
                        || requests == &["the cron"]
                        || sql.starts_with("INSERT INTO issuers") && (whole("tenant") || sql.contains("LIMIT 60"))
                }
                // By the id only: a credential written by this batch, or a check whether the id exists. With a tenant,
                // the key is used.
                "SEARCH" if rest.contains("credentials_by_id") => whole("id"),
                // Rows stamped for deletion, by the stamp, in the index that has no other rows.
                "SEARCH" if rest.contains("_ending (") => sql.contains("INDEXED BY") && key.contains("=?"),
                // Whether a credential still refers to the deleted principal: without statistics, SQLite searches the
                // tenant's credentials (docs/COSTS.md, "Deletion").
                "SEARCH" if whole("tenant") && sql.starts_with("DELETE FROM principals") => name == "credentials",
                // All rows of a tenant: for its deletion; for its newest event, the last in the key; and in a step of
                // an INSERT that is skipped unless rows were waiting for the new one (OP_FkIfZero).
                "SEARCH" if whole("tenant") => {
                    is_of(&ALL_OF_IT)
                        || name == "events"
                        || may_be_referred_from(sql, name)
                        || is_first_event(sql, name)
                }
                // A page starts at a position, or selects ids.
                "SEARCH" if ["r", "k"].contains(&name) => {
                    ["(?,?)", "id>?", "id<?", "id=?"].iter().any(|place| key.contains(place))
                        && (key.starts_with("tenant=?") || whole("id"))
                }
                "SEARCH" => key.contains("tenant=?") || whole("id") || whole("label"),
                _ => continue,
            };
            if !is_allowed {
                wrong.push(format!("{step}: {:?}", requests.iter().take(9).collect::<Vec<_>>()));
            }
            searched += usize::from(how == "SEARCH");
        }
        // A list is read in the order of an index. Nothing is sorted except the secrets within a row, and the rows
        // that a filter examined, up to its limit.
        if sql.contains("start AS MATERIALIZED") {
            let judge =
                format!("{} SELECT code FROM verdict", sql.split(",start AS MATERIALIZED").next().unwrap_or_default());
            let sorts = |sql: &str| {
                let sorts = |step: &&String| step.starts_with("USE TEMP B-TREE") && !step.contains("json_group_array");
                plan(&db, sql).iter().filter(sorts).count()
            };
            let again = usize::from(examined_rows(sql).is_some());
            if !(sorts(&judge)..=sorts(&judge) + again).contains(&sorts(sql)) {
                wrong.push(format!("{request}: sorts {}, the verdict alone {}", sorts(sql), sorts(&judge)));
            }
            ordered += 1;
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(searched > 500 && ordered > 20, "too few plans: {searched} {ordered}");
}

/// The maximum number of credentials that a page with a filter examines.
fn examined_rows(sql: &str) -> Option<u32> {
    let (looked_at, _) = sql.split_once(") AS r ")?;
    looked_at.rsplit_once(" LIMIT ")?.1.parse().ok()
}

/// Whether the statement only checks that a tenant has any event, for which SQLite reads one.
fn is_first_event(sql: &str, name: &str) -> bool {
    name == "e" && sql.contains("EXISTS (SELECT 1 FROM events AS e WHERE e.tenant = ?1->>'$.tenant.id')")
}

/// Whether rows of this table may refer to the row that the statement inserts.
fn may_be_referred_from(sql: &str, by: &str) -> bool {
    let makes = |table: &str| sql.contains(&format!("INSERT INTO {table} ("));
    by == "principals" && makes("tenants") || by == "credentials" && makes("principals")
}

/// Planning every statement under D1's limits shows that it respects them; tests/limits/refused.rs shows that they are
/// in force. The SQL is sent with every request, and D1 may prepare it again for each.
#[test]
fn sql_text_of_a_request_is_bounded() {
    let mut sent: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (sql, requests) in SENT.iter() {
        for request in requests {
            // A request sends one list; root and other callers send different ones.
            let (list, others) = sent.entry(request).or_default();
            if sql.contains("start AS MATERIALIZED") {
                *list = sql.len().max(*list);
            } else {
                *others += sql.len();
            }
        }
    }
    for (request, (list, others)) in sent {
        let (bytes, is_list) = (list + others, list > 0);
        let most = match request.split(' ').next() {
            _ if is_list || request.contains("/authorize ") || request.contains("/introspect ") => 9_000,
            _ if request.contains("/verify") => 9_000,
            Some("GET") => 6_000,
            // A dry run has the differences, too.
            _ if request.contains("?dry_run=true") || request.ends_with(KEYED) => 15_600,
            _ => 15_000,
        };
        assert!(bytes <= most, "{request}: {bytes} bytes, at most {most}");
    }
}

/// Its rows are in tests/worker/costs.txt: "ours, verified with bound 0" and "to be remembered".
#[test]
fn verification_that_may_be_remembered_sends_at_most_300_bytes_more() {
    let lengths: BTreeSet<_> =
        SENT.keys().filter(|sql| sql.contains("subject AS MATERIALIZED")).map(String::len).collect();
    let lengths: Vec<_> = lengths.into_iter().collect();
    assert!(matches!(lengths[..], [without, with] if with <= without + 300), "{lengths:?}");
}

#[test]
fn every_statement_binds_one_value_within_the_limits_of_d1() {
    let db = Sqlite::migrated();
    for (sql, requests) in SENT.iter() {
        let request = &requests[0];
        assert!(!sql.contains("?2"), "{request}: one value, the command");
        plan(&db, sql);
    }
}

/// Every list that a statement expands from the request document, and the bound on its length. D1 bills each item as a
/// row read. Fields of the body are read from `given`, which is empty for a caller without the required right
/// (`found`, src/store/sql.rs).
const EXPANDED: [(&str, &str); 10] = [
    ("", "the tenants of remembered tokens, at most TENANTS_MAX; after the response"),
    ("$.used", "the caller's secret and the verified ones, recorded after the response"),
    ("$.owners", "the owners of the keys that were used, recorded after the response"),
    ("$.rekeyed", "the same secrets, if they are under the previous master key; after the response"),
    ("$.caller.proofs", "the digests of one token, one for each configured key"),
    ("$.bearer", "the same"),
    ("$.secret.proofs", "the same"),
    ("$.if_match", "at most TAGS_MAX; checked after the caller's right"),
    ("$.if_none_match", "at most TAGS_MAX; checked after the caller's right"),
    ("$.page.ids", "at most PAGE_MAX; read only where the verdict is `go`"),
];

#[test]
fn no_statement_expands_a_body_list_before_authorization() {
    let mut found = BTreeSet::new();
    for (sql, requests) in SENT.iter() {
        for (_, list) in sql.match_indices("json_each(").map(|(at, call)| sql.split_at(at + call.len())) {
            let argument = list.split([',', ')']).next().unwrap_or_default().trim();
            let path = list.split('\'').nth(1).unwrap_or_default();
            match argument {
                "?1" => drop(found.insert(path.to_owned())),
                // Stored lists, or the result of the change, once `given` was read.
                "given"
                // At most 50 items; read only where the verdict is `go`.
                | "asked"
                | "document"
                | "document->a.key"
                | "patched"
                | "to_document"
                | "c.roles"
                | "c.trusts"
                | "role_names"
                | "json_patch(iif(?1->>'$.merges'"
                | "json_patch(document"
                | "json_patch('{}'"
                // The key or trust of one claim.
                | "json_array(coalesce(c.state->('$.keys.' || (claim.value->>'means'" => {}
                other => panic!("{}: unknown list json_each({other}, …)", requests[0]),
            }
        }
    }
    assert_eq!(found, EXPANDED.iter().map(|(path, _)| (*path).to_owned()).collect::<BTreeSet<_>>());
}

/// Members of the command that a body sets. They may be read only after the check of the caller's right, or through
/// `given`.
const OF_THE_BODY: [&str; 7] = ["set", "asserted", "context", "role_names", "times", "label", "claims"];

/// Every read of such a member from the whole command before that check, with the text that follows.
fn read_before_right(sql: &str) -> Vec<&str> {
    let judged = sql.find("THEN 'forbidden'").unwrap_or(sql.len());
    let is_of_body = |at: &usize| {
        let read = sql[at + "?1".len()..].trim_start_matches([' ', ',', '-', '>', '\'']);
        let member = read.strip_prefix("$.").unwrap_or_default();
        OF_THE_BODY.iter().any(|name| {
            member
                .strip_prefix(name)
                .is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_'))
        })
    };
    let places = sql.match_indices("?1").map(|(at, _)| at).filter(|at| *at < judged);
    places.filter(is_of_body).map(|at| &sql[at..judged.min(at + 40)]).collect()
}

#[test]
fn no_statement_reads_body_fields_before_authorization() {
    let mut checked = 0;
    for (sql, requests) in SENT.iter().filter(|(sql, _)| sql.starts_with("WITH caller AS")) {
        assert_eq!(read_before_right(sql), Vec::<&str>::new(), "{}", requests[0]);
        if sql.contains(" AS asked") {
            assert!(sql.contains("iif(code = 'go',?1,'{}') AS asked FROM verdict"), "{}", requests[0]);
            assert_eq!(sql.matches("$.claims").count(), sql.matches("json_each(asked,'$.claims')").count());
            checked += 1;
        }
        if sql.contains(" AS given") {
            // `given` uses the same right as the check.
            assert!(
                sql.contains("iif(caller.state = 'go' AND caller.rank >= ?1->>'$.required_right',?1,'{}') AS given")
            );
            assert!(sql.contains("WHEN rank < ?1->>'$.required_right' THEN 'forbidden'"), "{}", requests[0]);
            checked += 1;
        }
    }
    assert!(checked > 8, "{checked}");
}

#[test]
fn reads_of_the_body_before_authorization_are_detected() {
    for (early, sql) in [
        (1, "SELECT json_type(?1, '$.set.roles') AS x, CASE WHEN rank < 1 THEN 'forbidden' END"),
        (1, "SELECT ?1 ->> '$.role_names' AS x, CASE WHEN rank < 1 THEN 'forbidden' END"),
        (1, "SELECT ?1 -> '$.set' AS x"),
        (2, "SELECT value FROM json_each(?1, '$.asserted') WHERE ?1 ->> '$.context.resource' = 1"),
        (0, "SELECT json_type(given, '$.set.roles') AS x, CASE WHEN rank < 1 THEN 'forbidden' END"),
        (0, "SELECT CASE WHEN rank < 1 THEN 'forbidden' WHEN ?1 ->> '$.set.enabled' = 0 THEN 'x' END"),
        (0, "SELECT ?1 ->> '$.settled', ?1 ->> '$.required_right' AS x"),
    ] {
        assert_eq!(read_before_right(sql).len(), early, "{sql}");
    }
}
