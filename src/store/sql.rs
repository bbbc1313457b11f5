//! The texts of the statements: put together of what stands in `store/`, once each.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Mutex;

use super::question::Act;

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

/// A statement's own part, as its whole text is found by: where a constant of ours is, which says the same as its kilobytes.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Constant(usize, usize),
    Made(String),
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

    /// The whole text, without comments. What asks for a change is weighed by the verdict; what no read is refused for is left out
    /// for a read.
    ///
    /// Put together when first asked for, and kept: as constants of the binary, the verdict would be in it once a statement.
    pub(super) fn text(&self, act: Act) -> &'static str {
        /// By what the verdict before it is on, if there is one, and by its own part.
        type Key = (Option<Act>, Part);
        static TEXTS: Mutex<BTreeMap<Key, &'static str>> = Mutex::new(BTreeMap::new());
        let part = match &self.text {
            Cow::Borrowed(text) => Part::Constant(text.as_ptr().addr(), text.len()),
            Cow::Owned(text) => Part::Made(text.clone()),
        };
        let act = self.judged.then_some(act);
        let mut texts = TEXTS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        texts.entry((act, part)).or_insert_with(|| {
            let own = self.text.as_ref();
            let text = match act {
                None => own.to_owned(),
                Some(Act::Read) => for_read(&[WHO, NO_CHANGE, CODE, own].concat()),
                Some(Act::Delete) => [WHO, NO_CHANGE, CODE, own].concat(),
                Some(Act::Create | Act::Change) => [WHO, CHANGE, CODE, own].concat(),
            };
            Box::leak(compact(&text).into_boxed_str())
        })
    }
}

/// SQL without the lines between these two comments.
fn for_read(sql: &str) -> String {
    let mut kept = true;
    let lines = sql.lines().filter(|line| {
        match line.trim() {
            "-- Not for a read: from here" => kept = false,
            "-- Not for a read: to here" => kept = true,
            _ => {}
        }
        kept
    });
    lines.flat_map(|line| [line, "\n"]).collect()
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
    use super::{Act, Sql, compact, for_read};

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
    fn what_is_not_for_a_read_goes() {
        let sql = "SELECT 1\n  -- Not for a read: from here\n  , 2\n  -- Not for a read: to here\n, 3";
        assert_eq!(compact(&for_read(sql)), "SELECT 1 , 3");
    }

    #[test]
    fn a_text_is_made_once_for_each_act() {
        const JUDGED: Sql = Sql::judged_by("SELECT 1");
        const PLAIN: Sql = Sql::plain("SELECT  1");
        let made = || Sql::judged("SELECT 2".to_owned());
        assert!(std::ptr::eq(JUDGED.text(Act::Change), JUDGED.text(Act::Change)));
        assert!(std::ptr::eq(made().text(Act::Change), made().text(Act::Change)));
        let texts = [Act::Change, Act::Delete, Act::Read].map(|act| JUDGED.text(act).len());
        assert!(texts.is_sorted_by(|longer, shorter| longer > shorter), "{texts:?}");
        assert_eq!(PLAIN.text(Act::Change), "SELECT 1");
        assert!(std::ptr::eq(PLAIN.text(Act::Change), PLAIN.text(Act::Read)));
    }
}
