//! SQL compares a digest only with a digest of the command, and never compares sealed secrets.

use crate::source;

/// The columns.
const COLUMNS: [&str; 4] = ["digest", "newest_digest", "sealed", "caller_sealed"];

/// The comparisons that there are. A proof is made of what was presented, by HMAC.
const COMPARED: [&str; 3] =
    ["s.digest = proof.value ->> 'digest'", "proof.value ->> 'digest' = newest_digest", "newest.sealed IS NOT NULL"];

/// What a column is set to is written as if it were compared.
const SET: [&str; 3] =
    ["digest = ?1 ->> '$.rekey.digest'", "sealed = ?1 ->> '$.rekey.sealed'", "sealed = excluded.sealed"];

/// What stands beside a value that is compared. `BY` orders, and so compares.
const OPERATORS: [&str; 16] =
    ["=", "==", "<>", "!=", "<", ">", "<=", ">=", "IS", "IN", "NOT", "LIKE", "GLOB", "BETWEEN", "BY", "DISTINCT"];

/// What else of a text of SQL compares one of the columns.
fn others(sql: &str) -> Vec<String> {
    let lines: Vec<&str> = sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
    let words: Vec<&str> = lines.iter().flat_map(|line| line.split_whitespace()).collect();
    let rest = COMPARED.iter().chain(&SET).fold(words.join(" "), |rest, known| rest.replace(known, "·"));
    let rest = ['(', ')', ',', ';', '"'].iter().fold(rest, |rest, mark| rest.replace(*mark, &format!(" {mark} ")));
    let words: Vec<&str> = rest.split_whitespace().collect();
    let is_column = |word: &str| COLUMNS.contains(&word.rsplit('.').next().unwrap_or_default());
    let operates = |at: Option<usize>| at.and_then(|at| words.get(at)).is_some_and(|word| OPERATORS.contains(word));
    // Also a text of the document that is named so: `?1 ->> '$.secret.digest'`.
    let says = |word: &str| word.starts_with('\'') && is_column(word.trim_matches('\''));
    words
        .iter()
        .enumerate()
        .filter(|(at, word)| {
            let (column, said) = (is_column(word), says(word));
            (column || said) && (operates(at.checked_add(1)) || column && operates(at.checked_sub(1)))
                || said && operates(at.checked_sub(3))
        })
        .map(|(at, _)| words[at.saturating_sub(5)..(at + 6).min(words.len())].join(" "))
        .collect()
}

#[test]
fn sql_compares_only_digests_and_never_sealed_secrets() {
    let rust = source::files("rs").into_iter().filter(|(file, _)| file.starts_with("store/"));
    // Of Rust the texts alone: what is in quotes.
    let rust = rust.map(|(file, text)| (file, text.split('"').skip(1).step_by(2).collect::<Vec<_>>().join(" ; ")));
    let mut compared = 0;
    for (file, text) in source::files("sql").into_iter().chain(rust) {
        assert_eq!(others(&text), [""; 0], "src/{file} compares a digest, or something sealed, with another thing");
        compared += COMPARED[..2].iter().map(|known| text.matches(known).count()).sum::<usize>();
    }
    assert_eq!(compared, 4, "the caller, the tenant and the credential of a token, and whether a token is another one");
}

#[test]
fn every_sql_comparison_of_a_secret_is_detected() {
    for sql in [
        "WHERE s.digest = ?1 ->> '$.token'",
        "WHERE ?1 ->> '$.secret.digest' = s.digest",
        "WHERE sealed = ?1 ->> '$.sealed'",
        "WHERE s.digest LIKE ?1",
        "ORDER BY s.digest",
        "WHERE caller_sealed IN (SELECT sealed FROM secrets)",
        "WHERE proof.value = ?1 ->> '$.secret.digest'",
    ] {
        assert_ne!(others(sql), [""; 0], "{sql}");
    }
}
