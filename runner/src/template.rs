//! The command of a case: words in which `{case}` stands for the case's name.

use crate::error::{Error, Result};
use crate::list::LONGEST_NAME;
use crate::name::Name;

/// The placeholder of the case's name in a command.
pub const PLACEHOLDER: &str = "{case}";

/// The length of the longest argument that Linux accepts, in bytes, without the NUL at its end.
const LONGEST_WORD: usize = LONGEST_NAME + "SEATRIAL_CASE=".len();

/// A command that has `{case}` in one of its words at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<String>);

impl Template {
    /// Creates a template from the words of a command, which is run without a shell.
    ///
    /// # Errors
    /// Invalid, if there is no word, or if no word has `{case}`.
    pub fn new<T: Into<String>>(words: impl IntoIterator<Item = T>) -> Result<Self> {
        let words: Vec<_> = words.into_iter().map(Into::into).collect();
        if words.is_empty() || words[0].is_empty() {
            return Err(Error::invalid("the command is empty; write it behind `--`: `-- run-test {case}`"));
        }
        if !words.iter().any(|word| word.contains(PLACEHOLDER)) {
            return Err(Error::invalid(format!(
                "the command `{}` is the same for every case: write `{PLACEHOLDER}` where the name of the case \
                 belongs; a script may use `$SEATRIAL_CASE` too: `sh -c 'run \"$SEATRIAL_CASE\"' {PLACEHOLDER}`",
                words.join(" ")
            )));
        }
        Ok(Self(words))
    }

    /// Checks that the command of a case can be run.
    ///
    /// # Errors
    /// Invalid, if a word would be longer than Linux accepts.
    pub(crate) fn check(&self, case: Name<'_>) -> Result<()> {
        let longest = self.0.iter().map(|word| {
            let times = word.matches(PLACEHOLDER).count();
            word.len() - times * PLACEHOLDER.len() + times * case.0.len()
        });
        match longest.max() {
            Some(length) if length > LONGEST_WORD => Err(Error::invalid(format!(
                "the name `{case}` makes a word of {length} bytes, and {LONGEST_WORD} is the most that Linux accepts"
            ))),
            _ => Ok(()),
        }
    }

    /// Returns the command of one case, as bytes: a name need not be text.
    #[must_use]
    pub fn words(&self, case: Name<'_>) -> Vec<Vec<u8>> {
        self.0.iter().map(|word| fill(word, case)).collect()
    }
}

fn fill(word: &str, case: Name<'_>) -> Vec<u8> {
    let mut parts = word.split(PLACEHOLDER);
    let mut filled = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        filled.extend_from_slice(case.0);
        filled.extend_from_slice(part.as_bytes());
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R2: *pure*. The name takes the place of each `{case}`.
    #[test]
    fn the_name_stands_wherever_the_placeholder_is() {
        let template = Template::new(["run", "--id={case}:{case}", "{}", "{case}"]).expect("a template");
        let words = template.words(Name(b"a \xff'{case}"));
        let expected: [&[u8]; 4] = [b"run", b"--id=a \xff'{case}:a \xff'{case}", b"{}", b"a \xff'{case}"];
        assert_eq!(words, expected);
    }

    /// R1: *pure*. A command that is the same for all cases is refused.
    #[test]
    fn a_command_without_the_placeholder_is_refused() {
        let error = Template::new(["run", "all"]).expect_err("the same for all").to_string();
        assert!(error.contains("`run all`") && error.contains("`{case}`"), "{error}");
        assert!(Template::new([""; 0]).is_err());
        assert!(Template::new(["", "{case}"]).is_err());
    }

    /// R2: *pure*. A word that Linux would not accept is refused.
    #[test]
    fn a_word_that_gets_too_long_is_refused() {
        let template = Template::new(["run", "{case}{case}"]).expect("a template");
        let error = template.check(Name(&b"x".repeat(70_000))).expect_err("too long").to_string();
        assert!(error.contains("140000 bytes"), "{error}");
        assert!(template.check(Name(&b"x".repeat(60_000))).is_ok());
    }
}
