//! Templates of SQL: placeholders, and the removal of comments.

use crate::credential::means::Means;

/// Replaces each placeholder `{name}`. Comments are removed first, so that they may name placeholders.
pub(super) fn fill(text: &str, blanks: &[(&str, &str)]) -> String {
    blanks.iter().fold(compact(text), |text, (name, value)| text.replace(&format!("{{{name}}}"), &compact(value)))
}

/// Returns the subquery of a credential's valid secrets, oldest first, without their values:
///
/// ```sql
/// (SELECT json_group_array(json_object(id, hint, created_at, expires_at, last_used_at) ORDER BY …)
///   FROM secrets AS s WHERE s.tenant = {tenant} AND s.credential = {credential} AND …)
/// ```
pub(super) fn secrets_listed(tenant: &str, credential: &str) -> String {
    fill(include_str!("sql/secrets_listed.sql"), &[("tenant", tenant), ("credential", credential)])
}

/// Fills in the texts on a secret (`s`) that authentication and verification share: whether it is valid, its owner, and
/// whether its use is to be recorded.
pub(super) fn of_secret(text: &str) -> String {
    let means_of_caller = means("state", "?1 ->> '$.caller.means'");
    let means_of_client = means("state", "?1 ->> '$.means'");
    let blanks = [
        ("state", include_str!("sql/secret_state.sql")),
        ("end", "s.expires_at"),
        ("owner", include_str!("sql/secret_owner.sql")),
        (
            "columns",
            "s.id, s.tenant, s.credential, s.key, s.sealed, s.created_at, s.expires_at, s.last_used_at, s.changed_at",
        ),
        ("means_of_caller", &means_of_caller),
        ("means_of_client", &means_of_client),
        ("unnoted", "coalesce(s.last_used_at < (?1 ->> '$.now') - 60000000, 1)"),
    ];
    fill(text, &blanks)
}

/// Fills in the same texts on a key or a trust, and its credential (`c`).
pub(super) fn of_means(text: &str) -> String {
    let means = means("c.state", "claim.value ->> 'means'");
    let blanks = [
        ("state", include_str!("sql/secret_state.sql")),
        ("end", "means.value ->> '$.expires_at'"),
        ("means", &means),
        ("unnoted", "coalesce(c.last_used_at < (?1 ->> '$.now') - 60000000, 1)"),
    ];
    fill(text, &blanks)
}

/// Returns the expression of the key or trust of a document that has this id; null if there is none.
///
/// ```sql
/// coalesce({document} -> ('$.keys.' || ({id})), {document} -> ('$.trusts.' || ({id})))
/// ```
fn means(document: &str, id: &str) -> String {
    let paths = Means::ALL.map(|means| format!("{document} -> ('$.{}.' || ({id}))", means.member()));
    format!("coalesce({})", paths.join(", "))
}

/// Removes comments and collapses white space, except within quotes. Every request sends its SQL over the network.
pub(super) fn compact(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut quote = None;
    let mut characters = sql.chars().peekable();
    while let Some(character) = characters.next() {
        match quote {
            Some(open) => quote = Some(open).filter(|open| *open != character),
            None if character == '\'' || character == '"' => quote = Some(character),
            None if character == '-' && characters.peek() == Some(&'-') => {
                while characters.next_if(|next| *next != '\n').is_some() {}
                continue;
            }
            None if character.is_whitespace() => {
                let before_arrow = characters.clone().take(2).eq("->".chars());
                if !text.is_empty() && !text.ends_with([' ', '(', ',', '>']) && !before_arrow {
                    text.push(' ');
                }
                continue;
            }
            None if character == ')' => text.truncate(text.trim_end().len()),
            None => {}
        }
        text.push(character);
    }
    text.truncate(text.trim_end().len());
    text
}

#[cfg(test)]
mod tests {
    use super::{compact, fill};

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
        ] {
            assert_eq!(compact(sql), text);
        }
    }

    #[test]
    fn a_comment_may_name_a_placeholder() {
        assert_eq!(fill("-- {id} of a row\nSELECT {id} -- {id}", &[("id", "-- {id}\n1")]), "SELECT 1");
    }
}
