//! Lists of cases that are treated differently: those that are not run, fail, are flaky, or have to run alone.

use std::fmt;
use std::path::Path;

use crate::error::{Error, Result};
use crate::lines::lines;
use crate::list::CaseList;
use crate::name::{Name, escaped};
use crate::pattern::Patterns;

/// The most names that an error shows.
const SHOWN: usize = 5;

/// The kind of a list: the treatment of the cases on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListKind {
    /// The cases are not run.
    Excluded,
    /// The cases fail; a case that passes is an error.
    ExpectedFailure,
    /// The cases fail at times, and are retried more often.
    Flaky,
    /// Each of the cases runs while no other case does.
    Alone,
}

/// An entry of a list: a pattern, and the reason that is written after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The kind of its list.
    pub kind: ListKind,
    /// The origin of the entry: a file and a line, or an option of the command line.
    pub place: String,
    /// The pattern, as it is written in the list.
    pub pattern: Vec<u8>,
    /// The comment after the pattern.
    pub reason: Option<String>,
}

/// The entries of lists of all kinds.
#[derive(Clone, Debug, Default)]
pub struct Lists(Vec<Entry>);

/// The kinds of the lists that one case is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// The case is not run.
    pub is_excluded: bool,
    /// The case is expected to fail.
    pub is_expected_to_fail: bool,
    /// The case is retried more often.
    pub is_flaky: bool,
    /// The case runs while no other does.
    pub is_alone: bool,
    /// The index of the first entry that matches the case.
    pub(crate) entry: Option<u32>,
}

/// The marks of all cases of a list.
#[derive(Clone, Debug)]
pub struct Marks {
    lists: Lists,
    marks: Vec<Mark>,
    unmatched: Vec<usize>,
}

impl Lists {
    /// Creates an empty set of lists.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the entries of a text: one per line, a name or a pattern (see [`Patterns`]), and after a blank and `#` the
    /// reason. Empty lines, and lines that begin with `#`, are left out. Lines end in `\n` or `\r\n`.
    ///
    /// `from` names the text's origin in messages.
    pub fn add_text(&mut self, kind: ListKind, text: &[u8], from: &str) {
        for (number, line) in lines(text).enumerate() {
            let line = line.trim_ascii();
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            let comment = line.windows(2).position(|two| matches!(two, b" #" | b"\t#"));
            let (pattern, reason) = line.split_at(comment.unwrap_or(line.len()));
            let reason = String::from_utf8_lossy(reason.trim_ascii().strip_prefix(b"#").unwrap_or_default());
            let reason = Some(reason.trim().to_owned()).filter(|reason| !reason.is_empty());
            let place = format!("line {} of {from}", number + 1);
            self.0.push(Entry { kind, place, pattern: pattern.trim_ascii().to_vec(), reason });
        }
    }

    /// Adds the entries of a file; see [`add_text`](Self::add_text).
    ///
    /// # Errors
    /// Invalid, if it can't be read.
    pub fn add_file(&mut self, kind: ListKind, path: &Path) -> Result<()> {
        let text = std::fs::read(path).map_err(|error| {
            Error::invalid(format!("the list `{}` can't be read", path.display())).with_source(error)
        })?;
        self.add_text(kind, &text, &format!("`{}`", path.display()));
        Ok(())
    }

    /// Adds one pattern; `place` names its origin in messages.
    pub fn add(&mut self, kind: ListKind, pattern: &str, place: &str) {
        let pattern = pattern.as_bytes().to_vec();
        self.0.push(Entry { kind, place: place.to_owned(), pattern, reason: None });
    }

    /// Looks up each case in the lists.
    ///
    /// # Errors
    /// Invalid, if an entry is not a valid pattern, or if a case is on a list of expected failures and on a flaky one: an
    /// unexpected pass of such a case could not be told from an expected one.
    pub fn mark(self, cases: &CaseList) -> Result<Marks> {
        let patterns: Vec<_> = self.0.iter().map(|entry| &entry.pattern).collect();
        let patterns = Patterns::new(&patterns).map_err(|(at, error)| {
            Error::invalid(format!("{}: `{}`: {error}", self.0[at].place, escaped(&self.0[at].pattern)))
        })?;
        let mut used = vec![false; self.0.len()];
        let mut marks = vec![Mark::default(); if self.0.is_empty() { 0 } else { cases.len() }];
        for (mark, name) in marks.iter_mut().zip(cases.iter()) {
            for at in patterns.matching(name) {
                used[at] = true;
                mark.add(at, self.0[at].kind);
            }
        }
        check_that_none_is_on_both(cases, &marks)?;
        let unmatched = (0..used.len()).filter(|at| !used[*at]).collect();
        Ok(Marks { lists: self, marks, unmatched })
    }
}

impl Mark {
    fn add(&mut self, at: usize, kind: ListKind) {
        match kind {
            ListKind::Excluded => self.is_excluded = true,
            ListKind::ExpectedFailure => self.is_expected_to_fail = true,
            ListKind::Flaky => self.is_flaky = true,
            ListKind::Alone => self.is_alone = true,
        }
        self.entry = self.entry.or(u32::try_from(at).ok());
    }
}

impl Marks {
    /// Returns the mark of the case at an index of the list.
    #[must_use]
    pub fn of(&self, case: usize) -> Mark {
        self.marks.get(case).copied().unwrap_or_default()
    }

    /// Returns the reason that a list gives for a case, if it gives one.
    #[must_use]
    pub fn reason(&self, case: usize) -> Option<&str> {
        let entry = self.of(case).entry?;
        self.lists.0[entry as usize].reason.as_deref()
    }

    /// Iterates over the entries that match no case.
    pub fn unmatched(&self) -> impl Iterator<Item = &Entry> {
        self.unmatched.iter().map(|at| &self.lists.0[*at])
    }
}

fn check_that_none_is_on_both(cases: &CaseList, marks: &[Mark]) -> Result<()> {
    let is_both = |mark: &Mark| mark.is_expected_to_fail && mark.is_flaky && !mark.is_excluded;
    let both: Vec<_> = (0..marks.len()).filter(|at| is_both(&marks[*at])).collect();
    if both.is_empty() {
        return Ok(());
    }
    let names: Vec<Name<'_>> = both.iter().take(SHOWN).map(|at| cases.name(*at)).collect();
    let count = both.len();
    Err(Error::invalid(format!(
        "{count} cases are on a list of expected failures and on a flaky list: {names:?}; take them off one of the \
         lists, since a pass of such a case would mean nothing"
    )))
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({}, {})", escaped(&self.pattern), self.kind, self.place)
    }
}

impl fmt::Display for ListKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Excluded => "excluded",
            Self::ExpectedFailure => "expected failures",
            Self::Flaky => "flaky",
            Self::Alone => "alone",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases() -> CaseList {
        CaseList::new(["test_a", "test_b", "test[1]", "x #y", "\u{e4}"], "a test").expect("a list")
    }

    fn marks(kind: ListKind, text: &str) -> Marks {
        let mut lists = Lists::new();
        lists.add_text(kind, text.as_bytes(), "`f`");
        lists.mark(&cases()).expect("marks")
    }

    /// R6: *pure*. An entry is a name or a pattern, and may have a reason.
    #[test]
    fn entries_are_names_or_globs_with_reasons() {
        let text = "# why\n\ntest_a  # needs a network\n  test[[]1] \ntest_[bc]\t#  \n";
        let marks = marks(ListKind::ExpectedFailure, text);
        let marked: Vec<_> = (0..5).map(|at| marks.of(at).is_expected_to_fail).collect();
        assert_eq!(marked, [true, true, true, false, false]);
        assert_eq!(marks.reason(0), Some("needs a network"));
        assert_eq!(marks.reason(1), None);
        assert_eq!(marks.unmatched().count(), 0);
    }

    #[test]
    fn a_name_with_a_comment_sign_in_it_can_be_written() {
        assert!(marks(ListKind::Flaky, "x [#]y # odd").of(3).is_flaky);
    }

    /// R6: *pure*. A list written on Windows has the same entries.
    #[test]
    fn carriage_returns_and_a_byte_order_mark_are_no_part_of_an_entry() {
        for text in
            ["\u{feff}test_a\r\ntest_b\r\n", "test_a # why\r\ntest_b\n", "\u{feff}# comment\r\ntest_[ab]\r\n"]
        {
            let marks = marks(ListKind::Flaky, text);
            let marked: Vec<_> = (0..5).map(|at| marks.of(at).is_flaky).collect();
            assert_eq!(marked, [true, true, false, false, false], "{text:?}");
            assert_eq!(marks.unmatched().count(), 0, "{text:?}");
        }
    }

    /// R6: *pure*. An entry that matches no case is named, with its file and line.
    #[test]
    fn entries_that_match_nothing_are_told_with_their_place() {
        let marks = marks(ListKind::Alone, "test_a\ntest_z\nnone* # gone\n");
        let unmatched: Vec<_> = marks.unmatched().map(ToString::to_string).collect();
        assert_eq!(unmatched, ["`test_z` (alone, line 2 of `f`)", "`none*` (alone, line 3 of `f`)"]);
    }

    /// R1: *pure*. An entry that is not a valid pattern is named, with its file and line.
    #[test]
    fn a_bad_pattern_is_told_with_its_place() {
        let mut lists = Lists::new();
        lists.add_text(ListKind::Flaky, b"a\nregex:(\n", "`f`");
        let error = lists.mark(&cases()).expect_err("a bad pattern").to_string();
        assert!(error.starts_with("line 2 of `f`: `regex:(`: "), "{error}");
    }

    /// R6: *pure*. A case can't be on a list of expected failures and on a flaky one.
    #[test]
    fn a_case_on_lists_that_contradict_each_other_is_named() {
        let mut lists = Lists::new();
        lists.add(ListKind::Flaky, "test_*", "`--flaky-list`");
        lists.add(ListKind::ExpectedFailure, "test_b", "a file");
        let error = lists.clone().mark(&cases()).expect_err("both").to_string();
        assert!(error.contains("`test_b`") && !error.contains("test_a"), "{error}");
        lists.add(ListKind::Excluded, "test_b", "`--exclude`");
        assert!(lists.mark(&cases()).is_ok(), "a case that is not run can't contradict");
    }

    #[test]
    fn without_lists_no_case_has_a_mark() {
        let marks = Lists::new().mark(&cases()).expect("marks");
        assert_eq!(marks.of(2), Mark::default());
        assert_eq!(marks.reason(2), None);
    }
}
