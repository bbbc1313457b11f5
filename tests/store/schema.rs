//! Mistakes that a JSON column invites: an index or an `UPDATE OF` on a generated column, columns by position, and SQL
//! duplicated in a migration and a file.

use std::collections::BTreeSet;

use support::sent::SENT;
use support::sqlite::Sqlite;
use support::text;

use crate::statements::{bare, words};

/// The names in the result of a query about a table, a view or an index, in order.
fn names(db: &Sqlite, sql: &str, of: &str) -> Vec<String> {
    db.query(sql, &[&of]).iter().map(|row| text(row, "name")).collect()
}

fn columns(db: &Sqlite, table: &str) -> Vec<String> {
    names(db, "SELECT name FROM pragma_table_info(?1) ORDER BY cid", table)
}

fn generated(db: &Sqlite, table: &str) -> Vec<String> {
    names(db, "SELECT name FROM pragma_table_xinfo(?1) WHERE hidden IN (2, 3)", table)
}

/// The invalid indexes of a schema: SQLite writes an index on a generated column at every change of the state.
fn wrong_indexes(db: &Sqlite) -> Vec<String> {
    let indexes =
        db.query("SELECT name, tbl_name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL", &[]);
    let is_wrong = |index: &&serde_json::Value| {
        let generated = generated(db, &text(index, "tbl_name"));
        // An expression has no name.
        let of = db.query("SELECT name FROM pragma_index_info(?1)", &[&text(index, "name")]);
        let of_expression = of.iter().any(|column| column["name"].is_null());
        // With the condition of a partial index.
        let sql = text(index, "sql");
        let after_table = sql.split_once('(').map_or("", |(_, rest)| rest);
        let named = words(after_table);
        of_expression || named.iter().any(|word| generated.contains(word) || word == "state" || word.contains("->"))
    };
    indexes.iter().filter(is_wrong).map(|index| text(index, "name")).collect()
}

/// The invalid triggers of a schema: `UPDATE OF` a generated column never fires.
fn wrong_triggers(db: &Sqlite) -> Vec<String> {
    let triggers = db.query("SELECT name, tbl_name, sql FROM sqlite_schema WHERE type = 'trigger'", &[]);
    let is_wrong = |trigger: &&serde_json::Value| {
        let words = words(&text(trigger, "sql"));
        let Some(at) = words.windows(2).position(|pair| pair == ["UPDATE", "OF"]) else { return false };
        let of: Vec<_> = words[at + 2..].iter().take_while(|word| *word != "ON").filter(|word| *word != ",").collect();
        let stored = columns(db, &text(trigger, "tbl_name"));
        of.is_empty() || of.iter().any(|column| !stored.contains(column))
    };
    triggers.iter().filter(is_wrong).map(|trigger| text(trigger, "name")).collect()
}

#[test]
fn no_index_or_update_trigger_names_a_generated_column() {
    let db = Sqlite::migrated();
    let with_documents = ["tenants", "principals", "credentials"];
    assert!(with_documents.iter().all(|table| generated(&db, table).len() > 5), "too few generated columns");
    assert_eq!((wrong_indexes(&db), wrong_triggers(&db)), (vec![], vec![]));
    // Every generated column is VIRTUAL, so that a migration can add one and only the state is stored.
    let stored = "SELECT count(*) FROM sqlite_schema AS s, pragma_table_xinfo(s.name) AS x WHERE s.type = 'table' AND x.hidden = 3";
    assert_eq!(db.count(stored), 0);
}

#[test]
fn indexes_and_update_triggers_on_generated_columns_are_detected() {
    for (index, trigger, sql) in [
        (1, 0, "CREATE INDEX one ON credentials (tenant, name)"),
        (1, 0, "CREATE UNIQUE INDEX one ON tenants (name)"),
        (1, 0, "CREATE INDEX one ON credentials (state ->> '$.name')"),
        (1, 0, "CREATE INDEX one ON credentials (lower(name))"),
        (1, 0, "CREATE INDEX one ON credentials (tenant) WHERE expires_at IS NOT NULL"),
        (1, 0, "CREATE INDEX one ON credentials (tenant) WHERE state ->> '$.enabled'"),
        (0, 0, "CREATE INDEX one ON credentials (tenant, updated_at) WHERE ending"),
        (0, 0, "CREATE INDEX one ON credentials_by_name (tenant, name)"),
        (0, 1, "CREATE TRIGGER one AFTER UPDATE OF name ON credentials BEGIN SELECT 1; END"),
        (0, 1, "CREATE TRIGGER one BEFORE UPDATE OF state, roles ON credentials BEGIN SELECT 1; END"),
        (0, 0, "CREATE TRIGGER one AFTER UPDATE OF state, event ON credentials BEGIN SELECT 1; END"),
        (0, 0, "CREATE TRIGGER one AFTER UPDATE OF name ON credentials_by_name BEGIN SELECT 1; END"),
        (0, 0, "CREATE TRIGGER one AFTER UPDATE ON credentials WHEN NEW.name <> OLD.name BEGIN SELECT 1; END"),
    ] {
        let db = Sqlite::migrated();
        db.execute(sql, &[]);
        assert_eq!((wrong_indexes(&db).len(), wrong_triggers(&db).len()), (index, trigger), "{sql}");
    }
}

/// The names of a SELECT's results: those after AS, and plain columns.
fn selected(items: &[String]) -> Vec<String> {
    let (mut names, mut depth, mut last) = (Vec::new(), 0, "");
    for word in items {
        match word.as_str() {
            "(" => depth += 1,
            ")" => depth -= 1,
            "," if depth == 0 => names.push(last.to_owned()),
            // The first FROM outside of brackets belongs to the SELECT itself.
            "FROM" if depth == 0 => break,
            _ => {}
        }
        last = word;
    }
    names.push(last.to_owned());
    names
}

/// A view takes its row by position, so two swapped names would swap their values.
#[test]
fn change_statements_select_the_columns_of_the_view_in_order() {
    let db = Sqlite::migrated();
    let mut checked = BTreeSet::new();
    for (sql, requests) in SENT.iter() {
        let written = sql.split_once("INSERT INTO ").and_then(|(_, rest)| rest.split_once(" SELECT "));
        let Some((name, select)) = written.filter(|(name, _)| !name.contains(' ')) else { continue };
        let view = columns(&db, name);
        let (select, returned) = select.split_once(" RETURNING ").expect("a RETURNING clause");
        assert_eq!(selected(&words(select)), view, "{}", requests[0]);
        // What is returned comes first in a view, except for the secrets that a kept response has.
        let first = if name == "kept" { &["secrets".to_owned()] } else { &view[..returned.split(',').count()] };
        assert_eq!(returned.split(',').collect::<Vec<_>>(), first, "{}", requests[0]);
        checked.insert(name);
    }
    let views = ["change_credential", "change_principal", "change_tenant"];
    let views = views.into_iter().chain(["create_credential", "create_principal", "create_tenant"]);
    let views = views.chain(["delete_credential", "delete_credentials", "delete_principal", "delete_tenant", "kept"]);
    assert_eq!(checked, views.collect());
    let order = selected(&words("max(a, b) AS one, iif(x, (SELECT y FROM z), 2) AS two, three FROM t"));
    assert_eq!(order, ["one", "two", "three"], "names are read");
}

/// The views that triggers report to take their rows by position, too.
#[test]
fn trigger_reports_match_the_columns_of_the_history() {
    let db = Sqlite::migrated();
    let mut reports = BTreeSet::new();
    let triggers = db.query("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'", &[]);
    for (view, trigger) in ["history", "creations"].iter().flat_map(|view| triggers.iter().map(move |one| (view, one)))
    {
        let columns = columns(&db, view);
        for values in bare(&text(trigger, "sql")).split(&format!("INSERTINTO{view}VALUES(")).skip(1) {
            let values: Vec<_> = values.split(");").next().unwrap().split(',').map(str::to_owned).collect();
            let at = |name: &str| columns.iter().position(|column| column == name).unwrap();
            assert!(values[at("tenant")].starts_with("NEW.") || values[at("tenant")].starts_with("OLD."));
            for name in ["id", "revision", "changed_at", "changed_by", "changed_request"] {
                assert!(
                    values[at(name)].ends_with(&format!(".{name}")),
                    "{}: {name} is {}",
                    text(trigger, "name"),
                    values[at(name)]
                );
            }
            reports.insert(text(trigger, "name"));
        }
    }
    let of_each = |what: &str| ["credentials", "principals", "tenants"].map(|table| format!("{table}_{what}"));
    let all = [of_each("created"), of_each("updated"), of_each("deleted")].concat();
    assert_eq!(reports, all.into_iter().collect());
}

/// And so does the view that keeps a response: each value has the name of its column, except the owner's.
#[test]
fn kept_responses_insert_the_columns_of_the_view_in_order() {
    let db = Sqlite::migrated();
    let view = columns(&db, "kept");
    let mut kept = 0;
    for trigger in db.query("SELECT sql FROM sqlite_schema WHERE type = 'trigger'", &[]) {
        for values in text(&trigger, "sql").split("INSERT INTO kept VALUES (").skip(1) {
            let values = bare(values.split(");").next().unwrap());
            let values: Vec<_> = values.split(',').map(|value| value.trim_start_matches("NEW.")).collect();
            assert!(["''", "tenant"].contains(&values[0]), "{values:?}");
            assert_eq!(values[1..], view[1..]);
            kept += 1;
        }
    }
    assert_eq!(kept, 3);
}

#[test]
fn schema_version_is_the_number_of_the_newest_migration() {
    let version = Sqlite::migrated().count("SELECT version FROM schema_version");
    let newest = crate::statements::sql_files("migrations").pop().expect("a migration").0;
    assert_eq!(version, i64::from(postern::store::ready::SCHEMA_VERSION));
    assert_eq!(newest.split('_').next().unwrap().parse(), Ok(version), "{newest}");
}

/// Events and dry runs compute differences with the same SQL text.
#[test]
fn dry_run_and_history_compute_differences_with_the_same_sql() {
    let db = Sqlite::migrated();
    let file = |name: &str| {
        let path = format!("{}/src/store/sql/{name}.sql", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap()
    };
    let filled = |name: &str, before: &str, after: &str, tenant: &str, now: &str| {
        let blanks = [("{before}", before), ("{after}", after), ("{tenant}", tenant), ("{now}", now)];
        bare(&blanks.iter().fold(file(name), |text, (blank, value)| text.replace(blank, value)))
    };
    let trigger = &db.query("SELECT sql FROM sqlite_schema WHERE name = 'history_recorded'", &[])[0];
    let trigger = bare(&text(trigger, "sql"));
    let diff = filled("diff", "coalesce(NEW.before, '{}')", "coalesce(NEW.after, '{}')", "", "");
    let now = "iif(NEW.stamped, NEW.changed_at, CAST(unixepoch('subsec') * 1000000 AS INTEGER))";
    let widened = filled("widened", "NEW.before", "NEW.after", "NEW.tenant", now);
    let widened = format!("iif(NEW.action='updated'AND({widened}),1,0)");
    assert!(trigger.contains(&format!(",{diff},{widened});END")), "the trigger has other texts: {diff},{widened}");
    let dry_run = SENT.iter().find(|(_, requests)| requests[0].contains("?dry_run=true")).expect("a dry run");
    let dry_run = bare(dry_run.0);
    for (name, alias) in [("diff", "changes"), ("widened", "widened")] {
        let text = filled(name, "document", "to_document", "verdict.tenant", "?1 ->> '$.now'");
        assert!(dry_run.contains(&format!("{text}AS{alias}")), "the dry run has another text: {text}");
    }
}
