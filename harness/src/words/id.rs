//! A container's id.

use std::fmt;

use super::error::{Error, Kind, Result};

/// A container's full id, as assigned by its engine.
///
/// Engines also accept the beginning of an id. Removing by one could remove another container, so nothing here accepts
/// less than the full id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContainerId(String);

impl ContainerId {
    pub(crate) fn new(text: String) -> Result<Self> {
        let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        if text.len() == 64 && text.chars().all(hex) {
            Ok(Self(text))
        } else {
            Err(Error::new(
                Kind::Protocol,
                format!("`{}` is not a full container id of 64 hex digits", text.escape_debug()),
            ))
        }
    }

    /// Returns all 64 hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the first 12 digits, for display. They are not enough to remove the container.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

impl fmt::Display for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// E3: only a full id is accepted.
    #[test]
    fn only_full_ids_are_ids() {
        let full = "0123456789abcdef".repeat(4);
        assert_eq!(ContainerId::new(full.clone()).expect("full").short(), "0123456789ab");
        for text in ["", "c3", "0123456789ab", &full.to_uppercase(), &format!("{full}0"), "../../images/x"] {
            ContainerId::new(text.to_owned()).expect_err(text);
        }
    }
}
