//! Texts of SQL: blanks, and what goes over the network.

/// Fills blanks.
pub(super) fn fill(text: &str, blanks: &[(&str, &str)]) -> String {
    blanks.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// The valid secrets of a credential, as a JSON text.
pub(super) fn secrets_listed(tenant: &str, credential: &str) -> String {
    fill(include_str!("sql/secrets_listed.sql"), &[("tenant", tenant), ("credential", credential)])
}

/// SQL without its comments, and with one space for each run of white space; what is in quotes stays as it is. The text goes
/// over the network with every request.
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
                if !text.is_empty() && !text.ends_with(' ') {
                    text.push(' ');
                }
                continue;
            }
            None => {}
        }
        text.push(character);
    }
    text.truncate(text.trim_end().len());
    text
}

#[cfg(test)]
mod tests {
    use super::compact;

    #[test]
    fn comments_and_extra_white_space_are_removed_outside_quotes() {
        for (sql, text) in [
            ("-- why\nSELECT 1,\n    2 -- two\n", "SELECT 1, 2"),
            (
                "SELECT '  -- ''it  s''  ' AS \"a  --b\" -- 'c'\nFROM t",
                "SELECT '  -- ''it  s''  ' AS \"a  --b\" FROM t",
            ),
            ("SELECT 1 - -1", "SELECT 1 - -1"),
        ] {
            assert_eq!(compact(sql), text);
        }
    }
}
