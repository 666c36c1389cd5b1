//! Patterns for names: exact names, globs and regular expressions, many of them matched at once.

use std::collections::HashMap;

use globset::GlobBuilder;
use regex::bytes::{RegexSet, RegexSetBuilder};

use crate::error::{Error, Result};
use crate::name::Name;

/// The prefix of a pattern that is a regular expression.
const REGEX: &str = "regex:";

/// The most memory that all compiled patterns may take together, in bytes.
const COMPILED: usize = 64 << 20;

/// Compiled patterns. Each is a name, a glob (`*`, `?`, `[ab]`, `{a,b}`), or `regex:` and a regular expression.
///
/// A glob also matches the name that is spelled like it: `test[1]` matches `test[1]` and `test1`.
#[derive(Clone, Debug, Default)]
pub struct Patterns {
    exact: HashMap<Box<[u8]>, Vec<usize>>,
    set: RegexSet,
    /// The index of the pattern that each of the set's expressions was made from.
    of_set: Vec<usize>,
}

impl Patterns {
    /// Compiles patterns.
    ///
    /// # Errors
    /// The index of the first pattern that is not valid, and the reason.
    pub fn new<T: AsRef<[u8]>>(patterns: &[T]) -> Result<Self, (usize, String)> {
        let mut exact: HashMap<Box<[u8]>, Vec<usize>> = HashMap::new();
        let (mut expressions, mut of_set) = (Vec::new(), Vec::new());
        for (at, pattern) in patterns.iter().enumerate() {
            let pattern = pattern.as_ref();
            if let Some(expression) = expression(pattern).map_err(|error| (at, error))? {
                expressions.push(expression);
                of_set.push(at);
            }
            if !pattern.starts_with(REGEX.as_bytes()) {
                exact.entry(pattern.into()).or_default().push(at);
            }
        }
        let set = RegexSetBuilder::new(&expressions).size_limit(COMPILED).build();
        // Each was compiled alone before, so there are too many of them.
        let set = set.map_err(|error| (of_set.first().copied().unwrap_or_default(), error.to_string()))?;
        Ok(Self { exact, set, of_set })
    }

    /// Compiles one pattern of the command line.
    ///
    /// # Errors
    /// Invalid, with the pattern and the reason.
    pub fn one(pattern: &str) -> Result<Self> {
        Self::new(&[pattern])
            .map_err(|(_, error)| Error::invalid(format!("the pattern `{pattern}`: {error}")))
    }

    /// Returns the indices of the patterns that match a name, in ascending order.
    #[must_use]
    pub fn matching(&self, name: Name<'_>) -> Vec<usize> {
        let mut places = self.exact.get(name.0).cloned().unwrap_or_default();
        if !self.of_set.is_empty() {
            places.extend(self.set.matches(name.0).iter().map(|at| self.of_set[at]));
        }
        places.sort_unstable();
        places.dedup();
        places
    }

    /// Returns `true` if a pattern matches the name.
    #[must_use]
    pub fn is_match(&self, name: Name<'_>) -> bool {
        self.exact.contains_key(name.0) || self.set.is_match(name.0)
    }
}

/// Returns a pattern as a regular expression for whole names; `None` if it can only be an exact name.
fn expression(pattern: &[u8]) -> Result<Option<String>, String> {
    let Ok(text) = std::str::from_utf8(pattern) else { return Ok(None) };
    if let Some(regex) = text.strip_prefix(REGEX) {
        regex::bytes::Regex::new(regex).map_err(|error| error.to_string())?;
        return Ok(Some(regex.to_owned()));
    }
    if !text.contains(['*', '?', '[', '{', '\\']) {
        return Ok(None);
    }
    match GlobBuilder::new(text).backslash_escape(true).build() {
        Ok(glob) => Ok(Some(glob.regex().to_owned())),
        // It may be an exact name all the same, unless it has a wildcard.
        Err(_) if !text.contains(['*', '?']) => Ok(None),
        Err(error) => Err(error.kind().to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matching(patterns: &[&str], name: &[u8]) -> Vec<usize> {
        Patterns::new(patterns).expect("patterns").matching(Name(name))
    }

    /// R6: *pure*. A pattern is a name, a glob or a regular expression.
    #[test]
    fn names_globs_and_expressions_are_told_apart() {
        let patterns = ["test_a", "test_*", "regex:_[ab]$", "?est_a", "{test_a,b}", "TEST_A", "regex:x"];
        assert_eq!(matching(&patterns, b"test_a"), [0, 1, 2, 3, 4]);
        assert_eq!(matching(&["dir/*"], b"dir/sub/file"), [0], "a `*` is for `/` as well");
        assert_eq!(matching(&["*"], b"\xff \x80"), [0], "any bytes");
        assert!(matching(&["test"], b"test_a").is_empty(), "all of a name");
    }

    #[test]
    fn a_glob_matches_the_name_that_is_spelled_like_it() {
        assert_eq!(matching(&["test[1]"], b"test[1]"), [0]);
        assert_eq!(matching(&["test[1]"], b"test1"), [0]);
        assert_eq!(matching(&["test[1"], b"test[1"), [0], "no glob at all");
        assert_eq!(matching(&["a\\*"], b"a*"), [0]);
        assert!(matching(&["a\\*"], b"ab").is_empty());
    }

    #[test]
    fn a_pattern_that_is_not_valid_is_named_by_its_index() {
        let (at, error) = Patterns::new(&["a", "regex:("]).expect_err("a bad expression");
        assert_eq!(at, 1);
        assert!(error.contains("unclosed group"), "{error}");
        assert_eq!(Patterns::new(&["[*"]).expect_err("a bad glob").0, 0);
        let error = Patterns::one("regex:(").expect_err("a bad pattern").to_string();
        assert!(error.starts_with("the pattern `regex:(`"), "{error}");
    }

    #[test]
    fn names_that_are_not_text_match_themselves() {
        let patterns = Patterns::new(&[&b"a\xff"[..], b"*"]).expect("patterns");
        assert_eq!(patterns.matching(Name(b"a\xff")), [0, 1]);
    }
}
