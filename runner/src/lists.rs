//! What is known of cases beforehand: who is left out, who fails, who is flaky, who must be alone.

use std::fmt;
use std::path::Path;

use crate::error::{Error, Result};
use crate::list::CaseList;
use crate::name::{Name, escaped};
use crate::pattern::Patterns;

/// How many of one kind an error shows.
const SHOWN: usize = 5;

/// What a list says of the cases on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListKind {
    /// They are not run.
    Excluded,
    /// They fail; one that passes is an error.
    ExpectedFailure,
    /// They fail at times, and are tried more often.
    Flaky,
    /// They are run while nothing else is.
    Exclusive,
}

/// An entry of a list: a pattern, and the reason behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Of which kind of list it is.
    pub kind: ListKind,
    /// Where it stands: a file and a line, or an option of the command.
    pub place: String,
    /// The pattern, as it is written.
    pub pattern: Vec<u8>,
    /// What stands behind ` #`.
    pub reason: Option<String>,
}

/// Lists of all kinds.
#[derive(Clone, Debug, Default)]
pub struct Lists(Vec<Entry>);

/// What the lists say of one case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// It is not run.
    pub is_excluded: bool,
    /// It is expected to fail.
    pub is_expected_to_fail: bool,
    /// It is tried more often.
    pub is_flaky: bool,
    /// It is run alone.
    pub is_exclusive: bool,
    /// The entry that says the first of these things.
    pub(crate) entry: Option<u32>,
}

/// What the lists say of all cases.
#[derive(Clone, Debug)]
pub struct Marks {
    lists: Lists,
    marks: Vec<Mark>,
    unmatched: Vec<usize>,
}

impl Lists {
    /// No lists.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the entries of a text: one per line, a name or a pattern (see [`Patterns`]), and behind a blank and `#` the
    /// reason. Lines that are empty or begin with `#` say nothing.
    pub fn add_text(&mut self, kind: ListKind, text: &[u8], from: &str) {
        for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
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

    /// Adds one pattern; `place` says in messages where it came from.
    pub fn add(&mut self, kind: ListKind, pattern: &str, place: &str) {
        let pattern = pattern.as_bytes().to_vec();
        self.0.push(Entry { kind, place: place.to_owned(), pattern, reason: None });
    }

    /// Looks each case up.
    ///
    /// # Errors
    /// Invalid, if an entry is no pattern, or if a case is expected to fail and flaky at once: an unexpected pass of
    /// such a case could not be told.
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
        check_that_none_is_both(cases, &marks)?;
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
            ListKind::Exclusive => self.is_exclusive = true,
        }
        self.entry = self.entry.or(u32::try_from(at).ok());
    }
}

impl Marks {
    /// What they say of the case at this place of the list.
    #[must_use]
    pub fn of(&self, case: usize) -> Mark {
        self.marks.get(case).copied().unwrap_or_default()
    }

    /// Why it is on a list, if the list says so.
    #[must_use]
    pub fn reason(&self, case: usize) -> Option<&str> {
        let entry = self.of(case).entry?;
        self.lists.0[entry as usize].reason.as_deref()
    }

    /// The entries that mean no case.
    pub fn unmatched(&self) -> impl Iterator<Item = &Entry> {
        self.unmatched.iter().map(|at| &self.lists.0[*at])
    }
}

fn check_that_none_is_both(cases: &CaseList, marks: &[Mark]) -> Result<()> {
    let is_both = |mark: &Mark| mark.is_expected_to_fail && mark.is_flaky && !mark.is_excluded;
    let both: Vec<_> = (0..marks.len()).filter(|at| is_both(&marks[*at])).collect();
    if both.is_empty() {
        return Ok(());
    }
    let names: Vec<Name<'_>> = both.iter().take(SHOWN).map(|at| cases.name(*at)).collect();
    let count = both.len();
    Err(Error::invalid(format!(
        "{count} cases are expected to fail and flaky at once, so that nobody could tell an unexpected pass: \
         {names:?}; leave them on one of the lists"
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
            Self::Exclusive => "exclusive",
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

    /// R6: *pure*.
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

    /// R6: *pure*.
    #[test]
    fn entries_that_mean_nothing_are_told_with_their_place() {
        let marks = marks(ListKind::Exclusive, "test_a\ntest_z\nnone* # gone\n");
        let unmatched: Vec<_> = marks.unmatched().map(ToString::to_string).collect();
        assert_eq!(unmatched, ["`test_z` (exclusive, line 2 of `f`)", "`none*` (exclusive, line 3 of `f`)"]);
    }

    /// R1: *pure*.
    #[test]
    fn what_is_no_pattern_is_told_with_its_place() {
        let mut lists = Lists::new();
        lists.add_text(ListKind::Flaky, b"a\nregex:(\n", "`f`");
        let error = lists.mark(&cases()).expect_err("no pattern").to_string();
        assert!(error.starts_with("line 2 of `f`: `regex:(`: "), "{error}");
    }

    /// R6: *pure*.
    #[test]
    fn a_case_on_lists_that_contradict_each_other_is_named() {
        let mut lists = Lists::new();
        lists.add(ListKind::Flaky, "test_*", "`--flaky`");
        lists.add(ListKind::ExpectedFailure, "test_b", "a file");
        let error = lists.clone().mark(&cases()).expect_err("both").to_string();
        assert!(error.contains("`test_b`") && !error.contains("test_a"), "{error}");
        lists.add(ListKind::Excluded, "test_b", "`--exclude`");
        assert!(lists.mark(&cases()).is_ok(), "what is not run can't contradict");
    }

    #[test]
    fn without_lists_nothing_is_said_of_anybody() {
        let marks = Lists::new().mark(&cases()).expect("marks");
        assert_eq!(marks.of(2), Mark::default());
        assert_eq!(marks.reason(2), None);
    }
}
