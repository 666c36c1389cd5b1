//! The pattern of a log wait: a validated text or regular expression.

use std::fmt;

use memchr::memmem::Finder;
use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::Hir;

use super::block::within_lines;
use crate::words::{Error, Result};

/// A text or a regex to search for in a container's output.
#[derive(Clone, Debug)]
pub(crate) struct Pattern(Kind);

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Text(Box<Finder<'static>>),
    Regex(LineRegex),
}

/// A regex that is matched against single lines.
#[derive(Clone, Debug)]
pub(crate) struct LineRegex {
    /// The regex as given, for one line without its end.
    pub(crate) line: Regex,
    /// A regex for blocks of many lines, which matches on each line that `line` matches, and perhaps on more.
    ///
    /// `None` if its compiled form exceeds the size limit.
    pub(crate) block: Option<Regex>,
}

impl Pattern {
    /// Creates a pattern that matches a text literally.
    ///
    /// # Errors
    /// Invalid, if the text is empty.
    pub(crate) fn text(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        if text.is_empty() {
            return Err(Error::invalid("the text to wait for is empty, which would match at once"));
        }
        Ok(Self(Kind::Text(Box::new(Finder::new(text.as_bytes()).into_owned()))))
    }

    /// Creates a pattern from a regex in the syntax of the `regex` crate, for one line at a time.
    ///
    /// # Errors
    /// Invalid, if the regex is empty or malformed. The message has the position and the reason.
    pub(crate) fn regex(regex: &str) -> Result<Self> {
        if regex.is_empty() {
            return Err(Error::invalid("the regex to wait for is empty, which would match at once"));
        }
        // Bytes that are not UTF-8 are allowed, since a container may print them.
        let parsed =
            ParserBuilder::new().utf8(false).build().parse(regex).map_err(|error| bad(regex, error))?;
        let line = Regex::new(regex).map_err(|error| {
            Error::invalid(format!("`{regex}` can't be used as a regex: {}", one_line(&error.to_string())))
        })?;
        Ok(Self(Kind::Regex(LineRegex { line, block: block_regex(&parsed) })))
    }

    pub(crate) fn kind(&self) -> &Kind {
        &self.0
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Text(finder) => write!(f, "`{}`", String::from_utf8_lossy(finder.needle())),
            Kind::Regex(regex) => write!(f, "regex `{}`", regex.line.as_str()),
        }
    }
}

fn block_regex(parsed: &Hir) -> Option<Regex> {
    RegexBuilder::new(&within_lines(parsed).to_string()).build().ok()
}

/// Creates a one-line error. The parser's own message points to the position over several lines.
fn bad(regex: &str, error: regex_syntax::Error) -> Error {
    let (why, at) = match &error {
        regex_syntax::Error::Parse(error) => (error.kind().to_string(), Some(error.span().start.column)),
        regex_syntax::Error::Translate(error) => (error.kind().to_string(), Some(error.span().start.column)),
        other => (one_line(&other.to_string()), None),
    };
    let place = at.map(|column| format!(" at character {column}")).unwrap_or_default();
    Error::invalid(format!("`{regex}` is not a regex{place}: {why}"))
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(regex: &str) -> String {
        let error = Pattern::regex(regex).unwrap_err();
        assert!(error.is_invalid());
        error.to_string()
    }

    #[test]
    fn patterns_print_as_they_were_given() {
        assert_eq!(Pattern::text("a b").unwrap().to_string(), "`a b`");
        assert_eq!(Pattern::regex("a+").unwrap().to_string(), "regex `a+`");
    }

    #[test]
    fn an_empty_pattern_is_refused() {
        assert!(Pattern::text("").unwrap_err().is_invalid());
        assert!(Pattern::regex("").unwrap_err().is_invalid());
    }

    #[test]
    fn a_bad_regex_is_named_with_place_and_reason() {
        assert_eq!(message("port (\\d+"), "`port (\\d+` is not a regex at character 6: unclosed group");
        assert_eq!(
            message("é[z-a]"),
            "`é[z-a]` is not a regex at character 3: invalid character class range, \
             the start must be <= the end"
        );
        assert!(message(r"(?:\w{1000}){1000}").contains("size limit"));
    }

    #[test]
    fn a_regex_may_ask_for_bytes() {
        assert!(Pattern::regex(r"(?-u)\xff").is_ok());
    }
}
