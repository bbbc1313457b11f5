//! The texts of the statements: put together of what stands in `store/`, once each.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// What the text of a verdict begins with: who calls, and what about.
pub(super) const WHO: &str = include_str!("verdict/who.sql");
const CHANGE: &str = include_str!("verdict/change.sql");
const NO_CHANGE: &str = include_str!("verdict/no_change.sql");
const CODE: &str = include_str!("verdict/code.sql");

/// The text of a statement of ours.
#[derive(Clone, Debug)]
pub(crate) struct Sql {
    /// Whether the verdict's text comes before it.
    judged: bool,
    text: Cow<'static, str>,
}

impl Sql {
    /// A statement that reads the verdict.
    pub(crate) const fn judged_by(text: &'static str) -> Self {
        Self { judged: true, text: Cow::Borrowed(text) }
    }

    /// The same, put together as it is needed: of parts that are ours, so that there is a bounded number of them.
    pub(crate) const fn judged(text: String) -> Self {
        Self { judged: true, text: Cow::Owned(text) }
    }

    /// A statement that needs no verdict.
    pub(crate) const fn plain(text: &'static str) -> Self {
        Self { judged: false, text: Cow::Borrowed(text) }
    }

    /// The whole text, without comments. `weighs`: whether the request asks for a change, and the verdict has to weigh it.
    ///
    /// Put together when first asked for, and kept: as constants of the binary, the verdict would be in it once a statement.
    pub(super) fn text(&self, weighs: bool) -> &'static str {
        /// By whether there is a verdict before it and whether that weighs, and by its own part.
        type Key = (Option<bool>, Cow<'static, str>);
        static TEXTS: Mutex<BTreeMap<Key, &'static str>> = Mutex::new(BTreeMap::new());
        let key = (self.judged.then_some(weighs), self.text.clone());
        let mut texts = TEXTS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        texts.entry(key).or_insert_with(|| {
            let weighed = if weighs { CHANGE } else { NO_CHANGE };
            let verdict = if self.judged { [WHO, weighed, CODE].concat() } else { String::new() };
            Box::leak(compact(&[&verdict, self.text.as_ref()].concat()).into_boxed_str())
        })
    }
}

/// SQL without its comments, and with one space for each run of white space; what is in quotes stays as it is. The text goes
/// over the network with every request.
fn compact(sql: &str) -> String {
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
    use super::{Sql, compact};

    #[test]
    fn comments_and_runs_of_white_space_go_and_what_is_in_quotes_stays() {
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

    #[test]
    fn a_text_is_made_once() {
        let text = |sql: Sql, weighs| sql.text(weighs);
        let (one, same) = (Sql::judged_by("SELECT 1"), Sql::judged("SELECT 1".to_owned()));
        assert!(std::ptr::eq(text(one.clone(), true), text(same, true)));
        assert_ne!(text(one.clone(), true), text(one, false));
        assert!(std::ptr::eq(text(Sql::plain("SELECT  1"), true), text(Sql::plain("SELECT  1"), true)));
        assert_eq!(text(Sql::plain("SELECT  1"), false), "SELECT 1");
    }
}
