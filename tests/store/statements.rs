//! Every statement that the Worker runs keeps the tenant, and finds what it reads by a key.

use std::path::Path;

use rusqlite::ToSql;

use crate::common::World;

/// What belongs to a tenant.
const OWNED: [&str; 4] = ["principals", "credentials", "secrets", "events"];

fn sql_files(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let paths = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                without_comments(&std::fs::read_to_string(&path).unwrap()),
            )
        })
        .collect();
    files.sort();
    files
}

fn without_comments(sql: &str) -> String {
    sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The places of a text that read or write a table: the table's name, and the text that says which of its rows. That
/// goes to the next such place; of an UPDATE, it is the WHERE, which comes after what it reads from.
fn clauses(sql: &str) -> Vec<(String, String)> {
    let words: Vec<&str> = sql.split_whitespace().collect();
    let begins = |at: &usize| matches!(words[*at], "FROM" | "JOIN" | "INTO" | "UPDATE") && at + 1 < words.len();
    let starts: Vec<usize> = (0..words.len()).filter(begins).collect();
    let ends = starts.iter().skip(1).copied().chain([words.len()]);
    let clause = |(start, end): (&usize, usize)| {
        let table = words[start + 1].trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
        let text = if words[*start] == "UPDATE" { condition(&words[*start..]) } else { words[*start..end].join(" ") };
        (table.to_owned(), text)
    };
    starts.iter().zip(ends).map(clause).collect()
}

/// The WHERE of a statement, of which every bracket is cut to its first word, and a SELECT to nothing.
fn condition(words: &[&str]) -> String {
    let (mut open, mut closed, mut condition) = (0, 0, None::<Vec<&str>>);
    for word in words {
        if open == closed && *word == "WHERE" {
            condition = Some(Vec::new());
        }
        if let Some(condition) = condition.as_mut().filter(|_| open == closed && !word.starts_with("(SELECT")) {
            condition.push(word);
        }
        open += word.matches('(').count();
        closed += word.matches(')').count();
        if closed > open || (open == closed && word.ends_with(';')) {
            break;
        }
    }
    condition.unwrap_or_default().join(" ")
}

/// A clause on what belongs to a tenant says which tenant. A secret may be named by its whole id instead, which is one
/// over all tenants, because it is what finds the caller.
#[test]
fn every_clause_says_the_tenant() {
    let mut checked = 0;
    for (file, sql) in [sql_files("src/store"), sql_files("migrations")].concat() {
        for (table, clause) in clauses(&sql).into_iter().filter(|(table, _)| OWNED.contains(&table.as_str())) {
            let by_id = table == "secrets" && (clause.contains(" id = ") || clause.contains(".id = "));
            assert!(clause.contains("tenant") || by_id, "{file}: {clause}");
            checked += 1;
        }
    }
    assert!(checked > 40, "{checked}: the files are read");
}

#[test]
fn a_clause_without_its_tenant_is_seen() {
    let told = |sql: &str| {
        clauses(sql)
            .iter()
            .filter(|(table, clause)| OWNED.contains(&table.as_str()) && !clause.contains("tenant"))
            .count()
    };
    assert_eq!(told("UPDATE credentials SET name = 'n' FROM verdict WHERE credentials.id = verdict.id"), 1);
    assert_eq!(
        told("SELECT 1 FROM found CROSS JOIN credentials AS c ON c.id = ?1 JOIN secrets ON secrets.tenant = c.t"),
        1
    );
    assert_eq!(
        told(
            "UPDATE credentials SET name = (SELECT name FROM tenants WHERE tenant = 1) WHERE id = ?1; DELETE FROM secrets WHERE tenant = 1"
        ),
        1
    );
    assert_eq!(
        told(
            "UPDATE secrets SET ending = 1 FROM found JOIN secrets AS new ON new.tenant = found.place WHERE secrets.tenant = found.place"
        ),
        0
    );
    assert_eq!(told("SELECT (SELECT max(seq) FROM events) FROM credentials WHERE tenant = ?1"), 1);
}

/// So that a request reads as many rows with a million credentials as with one.
#[test]
fn no_statement_reads_a_whole_table() {
    let world = World::new();
    let files = sql_files("src/store");
    let verdict = files.iter().find(|(file, _)| file == "verdict.sql").map(|(_, sql)| sql.as_str()).unwrap();
    let tables = [&OWNED[..], &["tenants"]].concat();
    let mut searched = 0;
    for (file, sql) in files.iter().filter(|(file, _)| file != "verdict.sql") {
        // One that reads the verdict is run behind it.
        let stands_alone = !clauses(sql).iter().any(|(table, _)| matches!(table.as_str(), "verdict" | "found"));
        let sql = if stands_alone { sql.clone() } else { format!("{verdict}\n{sql}") };
        let aliases: Vec<String> = aliases(&sql, &tables);
        let parameters: Vec<&dyn ToSql> =
            (1..10).filter(|place| sql.contains(&format!("?{place}"))).map(|_| &"" as _).collect();
        for step in world.db.query(&format!("EXPLAIN QUERY PLAN {sql}"), &parameters) {
            let step = step["detail"].as_str().unwrap().to_owned();
            let Some((how, rest)) = step.split_once(' ') else { continue };
            let name = rest.split(' ').next().unwrap_or_default();
            if aliases.iter().any(|alias| alias == name) {
                assert!(how == "SEARCH" && rest.contains("=?"), "{file}: {step}");
                searched += 1;
            }
        }
    }
    assert!(searched > 20, "{searched}: the plans are read");
}

/// The names by which these tables are known in a statement.
fn aliases(sql: &str, tables: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = tables.iter().map(|table| (*table).to_owned()).collect();
    for (table, clause) in clauses(sql) {
        let mut words = clause.split(' ').skip(2);
        if tables.contains(&table.as_str()) && words.next() == Some("AS") {
            names.extend(words.next().map(|alias| alias.trim_matches([',', ')']).to_owned()));
        }
    }
    names
}
