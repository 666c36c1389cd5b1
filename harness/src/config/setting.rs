//! A configuration value together with its source. It reads nothing itself.

use std::fmt;

use crate::words::{Error, Result};

/// A value and its source, as messages name it: `` `DOCKER_HOST` ``.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) source: String,
}

impl<T> Setting<T> {
    pub(crate) fn new(value: T, source: impl Into<String>) -> Self {
        Self { value, source: source.into() }
    }

    /// Creates a setting that was not configured.
    pub(crate) fn by_default(value: T) -> Self {
        Self::new(value, "the default")
    }

    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Setting<U> {
        Setting { value: change(self.value), source: self.source }
    }
}

impl Setting<String> {
    /// Parses the text.
    ///
    /// # Errors
    /// Invalid, with the source, the text and `expected`, which describes valid values.
    pub(crate) fn read<T>(self, expected: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<Setting<T>> {
        match parse(self.value.trim()) {
            Some(value) => Ok(Setting { value, source: self.source }),
            None => Err(Error::invalid(format!(
                "{} is `{}`, but should be {expected}",
                self.source,
                self.value.escape_debug()
            ))),
        }
    }
}

/// A secret text that appears in no log and no error.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Hidden(String);

impl Hidden {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the secret. The caller must not print it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_does_not_fit_is_refused_with_source_and_what_would_be_right() {
        let error = Setting::new("x\n".to_owned(), "`A_B`").read("a number", |text| text.parse::<u8>().ok());
        assert_eq!(error.expect_err("no number").to_string(), r"`A_B` is `x\n`, but should be a number");
    }

    #[test]
    fn white_space_around_a_value_does_not_matter() {
        let setting = Setting::new(" 7 ".to_owned(), "`A`").read("a number", |text| text.parse::<u8>().ok());
        assert_eq!(setting.expect("a number"), Setting::new(7, "`A`"));
    }

    #[test]
    fn a_hidden_text_is_not_printed() {
        assert_eq!(format!("{:?}", Setting::new(Hidden::new("x"), "a").value), "[hidden]");
    }
}
