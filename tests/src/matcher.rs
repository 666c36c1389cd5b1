//! Which requests a rule is for: method, path, a header, and which of those that match.

use std::ops::RangeInclusive;

use regex::Regex;

use crate::Request;

/// Picks requests; of those that it picks, all by default, or the n-th only.
#[derive(Clone, Debug)]
pub struct Matcher {
    method: Option<String>,
    path: Path,
    unless_header: Option<(String, String)>,
    which: RangeInclusive<usize>,
}

#[derive(Clone, Debug)]
enum Path {
    Any,
    Contains(String),
    Matches(Regex),
}

impl Matcher {
    /// Matches every request.
    #[must_use]
    pub fn any() -> Self {
        Self { method: None, path: Path::Any, unless_header: None, which: 1..=usize::MAX }
    }

    /// Requests with this method whose path contains this text. The API version in front is not part of the path.
    #[must_use]
    pub fn new(method: &str, path_contains: &str) -> Self {
        Self {
            method: Some(method.to_owned()),
            path: Path::Contains(path_contains.to_owned()),
            ..Self::any()
        }
    }

    /// Requests with this method whose path this expression matches somewhere.
    ///
    /// # Panics
    /// If the expression is not one.
    #[must_use]
    pub fn regex(method: &str, path: &str) -> Self {
        let path = Path::Matches(Regex::new(path).expect("a regular expression"));
        Self { method: Some(method.to_owned()), path, ..Self::any() }
    }

    /// Matches any method. Default: the one given.
    #[must_use]
    pub fn any_method(mut self) -> Self {
        self.method = None;
        self
    }

    /// Leaves out the requests that carry this header with exactly this value. Default: none is left out.
    #[must_use]
    pub fn unless_header(mut self, name: &str, value: &str) -> Self {
        self.unless_header = Some((name.to_ascii_lowercase(), value.to_owned()));
        self
    }

    /// Matches only the n-th request, counted from 1 and from when the rule was made. Default: all.
    #[must_use]
    pub fn nth(mut self, n: usize) -> Self {
        self.which = n..=n;
        self
    }

    /// Matches only the first n requests. Default: all.
    #[must_use]
    pub fn first(mut self, n: usize) -> Self {
        self.which = 1..=n;
        self
    }

    /// Matches only the requests from the n-th on. Default: all.
    #[must_use]
    pub fn from_nth(mut self, n: usize) -> Self {
        self.which = n..=usize::MAX;
        self
    }

    /// Returns `true` if method, path and headers match, without regard to the count.
    pub(crate) fn fits(&self, request: &Request) -> bool {
        let path_fits = match &self.path {
            Path::Any => true,
            Path::Contains(text) => request.path.contains(text),
            Path::Matches(regex) => regex.is_match(&request.path),
        };
        let exempt = self
            .unless_header
            .as_ref()
            .is_some_and(|(name, value)| request.header(name) == Some(value.as_str()));
        self.method.as_ref().is_none_or(|method| *method == request.method) && path_fits && !exempt
    }

    /// Returns `true` if the rule means the n-th request that matches.
    pub(crate) fn means(&self, n: usize) -> bool {
        self.which.contains(&n)
    }
}
