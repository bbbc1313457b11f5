//! Templates of SQL: placeholders, and the removal of comments and white space.

use crate::credential::means::Means;

/// The text of `sql/<name>.sql`, compacted.
macro_rules! sql {
    ($name:literal) => {
        super::text::compacted!(include_str!(concat!("sql/", $name, ".sql")))
    };
}
pub(super) use sql;

/// A constant text without comments and superfluous white space: every request sends its SQL over the network.
macro_rules! compacted {
    ($text:expr) => {{
        const WHOLE: &[u8] = $text.as_bytes();
        const BYTES: [u8; super::text::compact(WHOLE, &mut [])] = {
            let mut bytes = [0; super::text::compact(WHOLE, &mut [])];
            super::text::compact(WHOLE, &mut bytes);
            bytes
        };
        const TEXT: &str = match std::str::from_utf8(&BYTES) {
            Ok(text) => text,
            Err(_) => panic!("SQL is UTF-8"),
        };
        TEXT
    }};
}
pub(super) use compacted;

/// Copies SQL without its comments, and with one space or none in place of white space outside quotes, as far as there is room.
/// Returns the length of all of it.
#[expect(clippy::indexing_slicing, reason = "runs at compile time, which has no iterators")]
pub(super) const fn compact(sql: &[u8], into: &mut [u8]) -> usize {
    let (mut from, mut to) = (0, 0);
    let (mut quote, mut spaced, mut last) = (None, false, b'(');
    while from < sql.len() {
        let byte = sql[from];
        let next = if from + 1 < sql.len() { sql[from + 1] } else { 0 };
        if quote.is_none() && byte == b'-' && next == b'-' {
            while from < sql.len() && sql[from] != b'\n' {
                from += 1;
            }
            continue;
        }
        from += 1;
        if quote.is_none() && byte.is_ascii_whitespace() {
            spaced = true;
            continue;
        }
        let needs_none = matches!(last, b'(' | b',' | b'>') || byte == b')' || byte == b'-' && next == b'>';
        if spaced && !needs_none {
            if to < into.len() {
                into[to] = b' ';
            }
            to += 1;
        }
        if to < into.len() {
            into[to] = byte;
        }
        to += 1;
        (spaced, last) = (false, byte);
        quote = match quote {
            None if byte == b'\'' || byte == b'"' => Some(byte),
            Some(open) if open == byte => None,
            same => same,
        };
    }
    to
}

/// Replaces each placeholder `{name}`.
pub(super) fn fill(text: &str, blanks: &[(&str, &str)]) -> String {
    blanks.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// Returns the subquery of a credential's valid secrets, oldest first, without their values:
///
/// ```sql
/// (SELECT json_group_array(json_object(id, hint, created_at, expires_at, last_used_at) ORDER BY …)
///   FROM secrets AS s WHERE s.tenant = {tenant} AND s.credential = {credential} AND …)
/// ```
pub(super) fn secrets_listed(tenant: &str, credential: &str) -> String {
    fill(sql!("secrets_listed"), &[("tenant", tenant), ("credential", credential)])
}

/// Fills in the texts on a secret (`s`) that authentication and verification share: whether it is valid, its owner, and
/// whether its use is to be recorded.
pub(super) fn of_secret(text: &str) -> String {
    let means_of_caller = means("state", compacted!("?1 ->> '$.caller.means'"));
    let means_of_client = means("state", compacted!("?1 ->> '$.means'"));
    let blanks = [
        ("state", sql!("secret_state")),
        ("end", "s.expires_at"),
        ("owner", sql!("secret_owner")),
        (
            "columns",
            compacted!(
                "s.id, s.tenant, s.credential, s.key, s.sealed, s.created_at, s.expires_at, s.last_used_at, s.changed_at"
            ),
        ),
        ("means_of_caller", &means_of_caller),
        ("means_of_client", &means_of_client),
        ("unnoted", compacted!("coalesce(s.last_used_at < (?1 ->> '$.now') - 60000000, 1)")),
    ];
    fill(text, &blanks)
}

/// Fills in the same texts on a key or a trust, and its credential (`c`).
pub(super) fn of_means(text: &str) -> String {
    let means = means("c.state", compacted!("claim.value ->> 'means'"));
    let blanks = [
        ("state", sql!("secret_state")),
        ("end", "means.value ->> '$.expires_at'"),
        ("means", &means),
        ("unnoted", compacted!("coalesce(c.last_used_at < (?1 ->> '$.now') - 60000000, 1)")),
    ];
    fill(text, &blanks)
}

/// Returns the expression of the key or trust of a document that has this id; null if there is none.
///
/// ```sql
/// coalesce({document}->('$.keys.' || ({id})),{document}->('$.trusts.' || ({id})))
/// ```
fn means(document: &str, id: &str) -> String {
    let paths = Means::ALL.map(|means| format!("{document}->('$.{}.' || ({id}))", means.member()));
    format!("coalesce({})", paths.join(","))
}

#[cfg(test)]
mod tests {
    use super::compact;

    #[test]
    fn comments_and_extra_white_space_are_removed_outside_quotes() {
        for (sql, text) in [
            ("-- why\nSELECT 1,\n    2 -- two\n", "SELECT 1,2"),
            (
                "SELECT '  -- ''it  s''  ' AS \"a  --b\" -- 'c'\nFROM t",
                "SELECT '  -- ''it  s''  ' AS \"a  --b\" FROM t",
            ),
            ("SELECT 1 - -1", "SELECT 1 - -1"),
            ("SELECT (\n  SELECT ' ( ' -- a\n)", "SELECT (SELECT ' ( ')"),
            ("SELECT state -> '$.name' ->> c", "SELECT state->'$.name'->>c"),
            ("SELECT 1 -", "SELECT 1 -"),
        ] {
            let mut compacted = vec![0; compact(sql.as_bytes(), &mut [])];
            compact(sql.as_bytes(), &mut compacted);
            assert_eq!(std::str::from_utf8(&compacted), Ok(text));
        }
    }
}
