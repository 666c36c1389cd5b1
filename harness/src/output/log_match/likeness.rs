//! The comparison of a line with a pattern, regardless of case and spaces. It finds out why a log wait was not met.

use regex::bytes::{Regex, RegexBuilder};

use super::Pattern;
use super::pattern::Kind;

/// A pattern that also recognizes lines that it nearly matches.
#[derive(Clone, Debug)]
pub(crate) struct LoosePattern {
    pattern: Pattern,
    loose: Loose,
}

#[derive(Clone, Debug)]
enum Loose {
    /// The text in lower case, without spaces.
    Text(String),
    /// The regex without regard to case. `None` if its compiled form exceeds the size limit.
    Regex(Option<Regex>),
}

/// The result of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Likeness {
    /// The line matches.
    Same,
    /// The line matches only if case and spaces do not count.
    Near,
    /// The line does not match.
    Different,
}

impl LoosePattern {
    pub(crate) fn new(pattern: &Pattern) -> Self {
        let loose = match pattern.kind() {
            Kind::Text(finder) => Loose::Text(squeezed(&String::from_utf8_lossy(finder.needle()))),
            Kind::Regex(regex) => {
                let any_case = RegexBuilder::new(regex.line.as_str()).case_insensitive(true).build();
                Loose::Regex(any_case.ok())
            }
        };
        Self { pattern: pattern.clone(), loose }
    }

    /// Compares a line with the pattern.
    pub(crate) fn compare(&self, line: &str) -> Likeness {
        let is_same = match self.pattern.kind() {
            Kind::Text(finder) => finder.find(line.as_bytes()).is_some(),
            Kind::Regex(regex) => regex.line.is_match(line.as_bytes()),
        };
        let is_near = || match &self.loose {
            Loose::Text(text) => !text.is_empty() && squeezed(line).contains(text),
            Loose::Regex(regex) => regex.as_ref().is_some_and(|regex| regex.is_match(line.as_bytes())),
        };
        match is_same {
            true => Likeness::Same,
            false if is_near() => Likeness::Near,
            false => Likeness::Different,
        }
    }
}

/// Returns a text in lower case, without spaces.
fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C25: a line that differs from the pattern in case or spaces only is recognized.
    #[test]
    fn a_line_that_differs_in_case_or_spaces_is_near() {
        let text = LoosePattern::new(&Pattern::text("ready to  accept").unwrap());
        let regex = LoosePattern::new(&Pattern::regex(r"^listening on \d+$").unwrap());
        for (pattern, line, likeness) in [
            (&text, "now ready to  accept", Likeness::Same),
            (&text, "Ready to accept connections", Likeness::Near),
            (&text, "not ready", Likeness::Different),
            (&regex, "listening on 80", Likeness::Same),
            (&regex, "Listening on 80", Likeness::Near),
            (&regex, "Listening on port 80", Likeness::Different),
        ] {
            assert_eq!(pattern.compare(line), likeness, "{line}");
        }
    }
}
