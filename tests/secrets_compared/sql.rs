//! SQL compares a digest only with a digest of the command, and never compares sealed secrets.

use crate::source;

/// The columns with a digest or a sealed secret.
const COLUMNS: [&str; 4] = ["digest", "newest_digest", "sealed", "caller_sealed"];

/// The existing comparisons. A proof is the HMAC of a presented token.
const COMPARED: [&str; 4] = [
    "s.digest = proof.value ->> 'digest'",
    "s.digest = claim.value ->> 'digest'",
    "proof.value ->> 'digest' = newest_digest",
    "newest.sealed IS NOT NULL",
];

/// Assignments, which look like comparisons.
const SET: [&str; 3] =
    ["digest = moved.value ->> 'digest'", "sealed = moved.value ->> 'sealed'", "sealed = excluded.sealed"];

/// Operators next to a compared value. `BY` orders, and so compares.
const OPERATORS: [&str; 16] =
    ["=", "==", "<>", "!=", "<", ">", "<=", ">=", "IS", "IN", "NOT", "LIKE", "GLOB", "BETWEEN", "BY", "DISTINCT"];

/// All other comparisons of these columns in a text of SQL.
fn others(sql: &str) -> Vec<String> {
    let lines: Vec<&str> = sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
    let words: Vec<&str> = lines.iter().flat_map(|line| line.split_whitespace()).collect();
    let rest = COMPARED.iter().chain(&SET).fold(words.join(" "), |rest, known| rest.replace(known, "·"));
    let rest = ['(', ')', ',', ';', '"'].iter().fold(rest, |rest, mark| rest.replace(*mark, &format!(" {mark} ")));
    let words: Vec<&str> = rest.split_whitespace().collect();
    let is_column = |word: &str| COLUMNS.contains(&word.rsplit('.').next().unwrap_or_default());
    let operates = |at: Option<usize>| at.and_then(|at| words.get(at)).is_some_and(|word| OPERATORS.contains(word));
    // Also a member of the document with such a name: `?1 ->> '$.secret.digest'`.
    let is_member = |word: &str| word.starts_with('\'') && is_column(word.trim_matches('\''));
    words
        .iter()
        .enumerate()
        .filter(|(at, word)| {
            let (column, member) = (is_column(word), is_member(word));
            (column || member) && (operates(at.checked_add(1)) || column && operates(at.checked_sub(1)))
                || member && operates(at.checked_sub(3))
        })
        .map(|(at, _)| words[at.saturating_sub(5)..(at + 6).min(words.len())].join(" "))
        .collect()
}

#[test]
fn sql_compares_only_digests_and_never_sealed_secrets() {
    let rust = source::files("rs").into_iter().filter(|(file, _)| file.starts_with("store/"));
    // Of Rust, only the string literals.
    let rust = rust.map(|(file, text)| (file, text.split('"').skip(1).step_by(2).collect::<Vec<_>>().join(" ; ")));
    let mut compared = 0;
    for (file, text) in source::files("sql").into_iter().chain(rust) {
        assert_eq!(others(&text), [""; 0], "src/{file} compares a digest or a sealed value with something else");
        compared += COMPARED[..3].iter().map(|known| text.matches(known).count()).sum::<usize>();
    }
    assert_eq!(
        compared, 5,
        "lookups of the caller, of the tokens to be verified, the tenant and the credential of a token, and the check for a changed token"
    );
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
