//! The session id, by which a resource belongs to a test run.

use std::fmt;

/// The id of a test run, which is a label on each of its resources.
///
/// It has 1 to 121 characters of `[A-Za-z0-9_.-]`, so that `reaper_<id>` is a valid container name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionId(String);

/// The reason why a text is not a session id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidSessionId(String);

impl SessionId {
    /// The length limit of an id, in characters.
    pub const MAX_LEN: usize = 121;

    /// Creates an id from a text.
    ///
    /// # Errors
    /// Fails if the text is empty, is longer than [`MAX_LEN`](Self::MAX_LEN), or holds another character.
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

    /// Returns the id as text.
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
    fn invalid_ids_are_refused_with_the_reason() {
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
