//! The session id: which test run a resource belongs to.

use std::fmt;

/// Names one test run; every resource of the run carries it as a label.
///
/// 1 to 121 characters of `[A-Za-z0-9_.-]`, so that `reaper_<id>` is still a container name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionId(String);

/// Why a text is not a session id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidSessionId(String);

impl SessionId {
    /// The most characters that an id may have.
    pub const MAX_LEN: usize = 121;

    /// Checks a text and takes it as an id.
    ///
    /// # Errors
    /// If it is empty, longer than [`MAX_LEN`](Self::MAX_LEN), or holds another character.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidSessionId> {
        let text = text.into();
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        if text.is_empty() {
            return Err(InvalidSessionId("session id is empty".into()));
        }
        if let Some(bad) = text.chars().find(|c| !allowed(*c)) {
            return Err(InvalidSessionId(format!(
                "session id `{}` holds {bad:?}; allowed are letters, digits, `_`, `.` and `-`",
                text.escape_debug()
            )));
        }
        if text.len() > Self::MAX_LEN {
            return Err(InvalidSessionId(format!(
                "session id of {} characters is too long; at most {} are allowed",
                text.len(),
                Self::MAX_LEN
            )));
        }
        Ok(Self(text))
    }

    /// The id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for InvalidSessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidSessionId {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_of_the_wrong_shape_are_refused_by_name() {
        for (text, reason) in [("", "empty"), ("a b", "' '"), ("ü", "'ü'"), (&"x".repeat(122), "too long")]
        {
            let error = SessionId::new(text).expect_err(text).to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    proptest! {
        #[test]
        fn every_allowed_text_is_an_id(text in "[A-Za-z0-9_.-]{1,121}") {
            prop_assert_eq!(SessionId::new(text.clone()).expect("allowed").to_string(), text);
        }
    }
}
