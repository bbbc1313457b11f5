//! Every statement that the Worker sends keeps the tenant, and finds what it reads by a key; so does every trigger.

use std::collections::BTreeSet;
use std::path::Path;

use support::sent::SENT;
use support::sqlite::Sqlite;
use support::text;

/// What belongs to a tenant.
const OWNED: [&str; 7] = [
    "principals",
    "credentials",
    "secrets",
    "events",
    "idempotency",
    "credentials_by_name",
    "credentials_of_principal",
];

/// What a migration does once, to all that is there; and what the cron removes of all tenants, by its age.
const OF_ALL: [&str; 4] = [
    "DELETE FROM idempotency WHERE created_at <= ",
    "INSERT INTO credentials_by_name SELECT ",
    "INSERT INTO credentials_of_principal SELECT ",
    "UPDATE tenants SET credentials = ( ) ",
];

fn sql_files(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let paths = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(&path).unwrap()))
        .collect();
    files.sort();
    files
}

/// SQL in words: a bracket, a comma and a semicolon are each one of their own, and so is a text in quotes. Comments are left out.
fn words(sql: &str) -> Vec<String> {
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

/// The statements of a text, one by one, each without each SELECT in its brackets: those are statements of their own, and so
/// are the sides of a UNION.
fn statements(sql: &str) -> Vec<Vec<String>> {
    let mut done = Vec::new();
    // For each bracket that is open, the statement that it belongs to: one of its own, or that around it.
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
                let around = &mut open.last_mut().expect("as many are opened as closed").1;
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
    assert_eq!(open.len(), 1, "as many brackets are opened as closed");
    done.extend(open.into_iter().map(|(_, words)| words));
    done.retain(|words| !words.is_empty());
    done
}

/// One use of a table in a statement.
struct Use {
    table: String,
    /// The name that it has there.
    name: String,
    /// The words that say which of its rows, or which columns an INSERT fills.
    which: Vec<String>,
    /// Whether it is the only table there, so that its columns need no name before them.
    alone: bool,
}

fn uses(statement: &[String]) -> Vec<Use> {
    let word = |at: usize| statement.get(at).map_or("", String::as_str);
    let begins = |at: &usize| match word(*at) {
        "FROM" | "JOIN" | "INTO" => true,
        // Not that of a trigger's head.
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
            // An alias stands there without AS, too.
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
    /// Whether the rows are said by this column: it is compared with something, or stands in a row of values.
    fn says(&self, column: &str) -> bool {
        let full = format!("{}.{column}", self.name);
        self.which.windows(2).any(|pair| {
            (pair[0] == full || self.alone && pair[0] == column) && ["=", ",", "IS", "IN"].contains(&pair[1].as_str())
        })
    }

    /// Whether it says whose rows. A secret may be named by its whole id instead, which is one over all tenants, because it
    /// is what finds the caller. And what a deletion has stamped is found by its stamp, through the index that holds nothing
    /// else: the stamp is this request's own and unique, and was put on rows of one tenant by the statements before. So is that
    /// of a key under which something was made.
    fn says_whose(&self) -> bool {
        let stamped = |column: &str| {
            self.says(column) && self.which.join(" ").contains(&format!("INDEXED BY {}_ending", self.table))
        };
        let keyed = || self.table == "idempotency" && self.says("change");
        self.says("tenant")
            || self.table == "secrets" && self.says("id")
            || stamped("change")
            || stamped("ending")
            || keyed()
    }
}

#[test]
fn every_clause_says_the_tenant() {
    let mut checked = 0;
    let triggers = sql_files("migrations");
    let texts = SENT.iter().map(|(sql, of)| (&of[0], sql)).chain(triggers.iter().map(|(file, sql)| (file, sql)));
    for (of, sql) in texts {
        for statement in statements(sql) {
            let said = format!("{} ", statement.join(" "));
            if OF_ALL.iter().any(|begins| said.starts_with(begins)) {
                continue;
            }
            for found in uses(&statement) {
                assert!(found.says_whose(), "{of}: {} in {}", found.name, statement.join(" "));
                checked += 1;
            }
        }
    }
    assert!(checked > 1000, "{checked}: the statements are read");
    // Every file is sent, in some way.
    for (file, sql) in ["src/store", "src/store/verdict"].into_iter().flat_map(sql_files) {
        // One has a place into which the text of who calls is put.
        let is_sent = |text: &String| bare(&sql).split("{subject}").all(|part| bare(text).contains(part));
        assert!(SENT.keys().any(is_sent), "{file} is not sent by any route");
    }
}

/// SQL without its comments and white space, of which a text that is sent has less than its file.
fn bare(sql: &str) -> String {
    let lines = sql.lines().map(|line| line.split_once("--").map_or(line, |(line, _)| line));
    lines.flat_map(str::chars).filter(|letter| !letter.is_whitespace()).collect()
}

#[test]
fn a_clause_without_its_tenant_is_seen() {
    let told = |sql: &str| {
        statements(sql).iter().flat_map(|statement| uses(statement)).filter(|found| !found.says_whose()).count()
    };
    for (without, sql) in [
        (1, "UPDATE credentials SET name = 'n' FROM verdict WHERE credentials.id = verdict.id"),
        (0, "UPDATE credentials SET name = 'n' FROM verdict WHERE credentials.tenant = verdict.place"),
        (1, "SELECT 1 FROM found CROSS JOIN credentials AS c ON c.id = ?1 JOIN secrets ON secrets.tenant = c.t"),
        (
            1,
            "UPDATE credentials SET name = (SELECT name FROM tenants WHERE tenant = 1) WHERE id = ?1; \
             DELETE FROM secrets WHERE tenant = 1",
        ),
        (1, "UPDATE credentials SET tenant = 1 WHERE id = ?1"),
        (
            1,
            "UPDATE secrets SET ending = 1 FROM found JOIN secrets AS new ON new.tenant = found.place WHERE secrets.hint = 1",
        ),
        (1, "SELECT (SELECT max(seq) FROM events) FROM credentials WHERE tenant = ?1"),
        (1, "SELECT r.* FROM credentials AS r LEFT JOIN secrets AS s ON s.tenant = r.tenant WHERE r.name > 'a'"),
        (1, "SELECT 1 FROM (SELECT * FROM principals WHERE tenant = 1 UNION ALL SELECT * FROM principals)"),
        (0, "DELETE FROM secrets WHERE (tenant, credential) IN (SELECT tenant, id FROM credentials WHERE tenant = ?1)"),
        (1, "DELETE FROM secrets WHERE (tenant, credential) IN (SELECT tenant, id FROM credentials)"),
        (0, "DELETE FROM credentials INDEXED BY credentials_ending WHERE ending AND change = ?1 ->> '$.change'"),
        (1, "DELETE FROM credentials INDEXED BY credentials_ending WHERE ending"),
        (1, "DELETE FROM credentials WHERE ending AND change = ?1 ->> '$.change' -- tenant = 1"),
        (1, "INSERT INTO principals (id) SELECT id FROM verdict; SELECT 'tenant = 1' FROM secrets WHERE id = 1"),
        (0, "UPDATE secrets SET last_used_at = 1 WHERE id IN (SELECT value FROM json_each(?1, '$.used'))"),
        (1, "UPDATE credentials SET last_used_at = 1 WHERE id IN (SELECT value FROM json_each(?1, '$.used'))"),
        (0, "UPDATE idempotency SET made = 'm' WHERE created_at = 1 AND change = ?1 ->> '$.change'"),
        (1, "UPDATE idempotency SET made = 'm' WHERE created_at = 1"),
        (
            1,
            "SELECT i.made FROM verdict CROSS JOIN idempotency AS i ON i.caller = verdict.caller AND i.id = ?1 ->> '$.id'",
        ),
    ] {
        assert_eq!(told(sql), without, "{sql}");
    }
}

/// The steps of a statement's plan.
fn plan(db: &Sqlite, sql: &str) -> Vec<String> {
    let steps = db.query(&format!("EXPLAIN QUERY PLAN {sql}"), &[&""]);
    steps.iter().map(|step| text(step, "detail")).collect()
}

/// So that a request reads as many rows with a million credentials as with one.
#[test]
fn no_statement_reads_a_whole_table() {
    // Of one row each, but for `tried`, which has one a label that was taken.
    const TENANTS: [&str; 3] = ["GET /organizations", "GET /v1.0/tenants", "GET /v1/tenants"];
    const ALL_OF_IT: [&str; 3] =
        ["DELETE /v1.0/tenants/{tenant}", "DELETE /v1.0/tenants/{tenant}/credentials", "DELETE /v1/tenants/{tenant}"];
    // The last two: whose a token is, and a walk through a history, which ends with its page.
    const OURS: [&str; 10] =
        ["caller", "found", "merged", "weighed", "verdict", "start", "changed", "tried", "subject", "walk"];
    let db = Sqlite::migrated();
    let (mut searched, mut ordered, mut wrong) = (0, 0, Vec::new());
    for (sql, requests) in SENT.iter() {
        let request = &requests[0];
        // Whether nothing else than requests of these routes sends it.
        let is_of = |routes: &[&str]| {
            requests.iter().all(|request| routes.iter().any(|route| request.starts_with(&format!("{route} "))))
        };
        for step in plan(&db, sql) {
            let (how, rest) = step.split_once(' ').unwrap_or((&step, ""));
            let name = rest.split(' ').next().unwrap_or_default();
            let key = rest.split_once(" (").map_or("", |(_, key)| key);
            // The whole of what is in brackets: that alone says which rows.
            let whole = |column: &str| key.starts_with(&format!("{column}=?)"));
            let is_fine = match how {
                "SCAN" => {
                    OURS.contains(&name)
                        || name.starts_with('(')
                        || rest.contains("VIRTUAL TABLE")
                        || rest == "CONSTANT ROW"
                        // VALUES: read-only members, which the request and the row are compared by.
                        || rest == "8 CONSTANT ROWS" || rest == "0-ROW VALUES CLAUSE"
                        // What a filter looks at, so many rows at most.
                        || rest == "r" && looks_at(sql).is_some_and(|most| most < 1000)
                }
                "SEARCH" if rest.contains("VIRTUAL TABLE") || OURS.contains(&name) => true,
                // Root sees the tenants of all, in the order of that index.
                "SEARCH" if rest.contains("tenants_by_creation") => is_of(&TENANTS) && key.contains("(?,?)"),
                // What was made in this very microsecond, of which the stamp then tells one; and what is a day old.
                "SEARCH" if rest.contains("idempotency_by_age") => whole("created_at") || requests == &["the cron"],
                // What a deletion has stamped, by the stamp, in the index that holds nothing else.
                "SEARCH" if rest.contains("_ending (") => sql.contains("INDEXED BY") && key.contains("=?"),
                // Whether a credential still refers to what goes: SQLite looks through the tenant's for it, as long as it has no
                // statistics (docs/ARCHITECTURE.md, "Deletion").
                "SEARCH" if whole("tenant") && sql.starts_with("DELETE FROM principals") => name == "credentials",
                // All of a tenant: what a deletion takes with it; its newest event, which is the last in the key; and a step of
                // an INSERT that is passed over, unless there were rows waiting for the new one (OP_FkIfZero).
                "SEARCH" if whole("tenant") => is_of(&ALL_OF_IT) || name == "events" || is_waited_for(sql, name),
                // A page begins at a place, or is of ids.
                "SEARCH" if ["r", "k"].contains(&name) => {
                    ["(?,?)", "id>?", "id<?", "id=?"].iter().any(|place| key.contains(place))
                        && (key.starts_with("tenant=?") || whole("id"))
                }
                "SEARCH" => key.contains("tenant=?") || whole("id") || whole("label"),
                _ => continue,
            };
            if !is_fine {
                wrong.push(format!("{step}: {:?}", requests.iter().take(9).collect::<Vec<_>>()));
            }
            searched += usize::from(how == "SEARCH");
        }
        // A list is read in the order of an index: nothing of it is sorted, but within a row the secrets that it tells of, and
        // what a filter has looked at, so many rows at most.
        if sql.contains("start AS MATERIALIZED") {
            let reads = |sql: &&String| {
                sql.contains(" 0 AS differs,") && sql.ends_with(" newest, sealing_key, sealed FROM verdict")
            };
            let judge = SENT.keys().find(reads).expect("sent");
            let sorts = |sql: &str| {
                let sorts = |step: &&String| step.starts_with("USE TEMP B-TREE") && !step.contains("json_group_array");
                plan(&db, sql).iter().filter(sorts).count()
            };
            let again = usize::from(looks_at(sql).is_some());
            if !(sorts(judge)..=sorts(judge) + again).contains(&sorts(sql)) {
                wrong.push(format!("{request}: sorts {}, and the verdict {}", sorts(sql), sorts(judge)));
            }
            ordered += 1;
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(searched > 500 && ordered > 20, "{searched} {ordered}: the plans are read");
}

/// How many credentials a page with a filter looks at, at most.
fn looks_at(sql: &str) -> Option<u32> {
    let (looked_at, _) = sql.split_once(") AS r ")?;
    looked_at.rsplit_once(" LIMIT ")?.1.parse().ok()
}

/// Whether this is the table of the rows that point to what the statement makes.
fn is_waited_for(sql: &str, by: &str) -> bool {
    let makes = |table: &str| sql.contains(&format!("INSERT INTO {table} ("));
    by == "principals" && makes("tenants") || by == "credentials" && makes("principals")
}

/// That each of them is planned under D1's limits shows that it keeps them; tests/limits/refused.rs, that they are in force.
#[test]
fn every_statement_is_short_binds_one_value_and_keeps_the_limits_of_d1() {
    let db = Sqlite::migrated();
    for (sql, requests) in SENT.iter() {
        let request = &requests[0];
        assert!(sql.len() < 50_000, "{request}: {} bytes", sql.len());
        assert!(!sql.contains("?2"), "{request}: one value, the question");
        plan(&db, sql);
    }
}

/// Every list that a statement expands from the request document, and why its length is bounded. D1 bills each item as a row read.
/// What the body sets is read from `given`, which is empty for a caller without the required right (verdict/who.sql).
const EXPANDED: [(&str, &str); 8] = [
    ("$.used", "the caller's secret and the verified one, noted after the answer"),
    ("$.caller.proofs", "the digests of one token, one for each configured key"),
    ("$.bearer", "the same"),
    ("$.subject.proofs", "the same"),
    ("$.secret.proofs", "the same"),
    ("$.if_match", "at most TAGS_MAX; checked after the caller's right"),
    ("$.if_none_match", "at most TAGS_MAX; checked after the caller's right"),
    ("$.page.ids", "at most PAGE_MAX; read only where the verdict is `go`"),
];

#[test]
fn no_statement_expands_a_list_of_the_body_before_the_callers_rights_are_known() {
    let mut found = BTreeSet::new();
    for (sql, requests) in SENT.iter() {
        for (_, list) in sql.match_indices("json_each(").map(|(at, call)| sql.split_at(at + call.len())) {
            let argument = list.split([',', ')']).next().unwrap_or_default().trim();
            let path = list.split('\'').nth(1).unwrap_or_default();
            match argument {
                "?1" => drop(found.insert(path.to_owned())),
                // Columns: what is stored, or what the change makes of it once `given` was read.
                "given"
                | "found.roles"
                | "verdict.roles"
                | "c.roles"
                | "roles"
                | "to_roles"
                | "role_names"
                | "metadata"
                | "to_metadata"
                | "json_patch(iif(?1 ->> '$.merges'" => {}
                other => panic!("{}: what is json_each({other}, …)?", requests[0]),
            }
        }
    }
    assert_eq!(found, EXPANDED.iter().map(|(path, _)| (*path).to_owned()).collect::<BTreeSet<_>>());
}
