//! The status of a container's health check. Waiting for one is elsewhere.

use std::fmt;

/// The status of a container's health check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Health {
    /// The container has no health check.
    #[default]
    None,
    /// The check has not decided yet.
    Starting,
    /// The check passes.
    Healthy,
    /// The check fails.
    Unhealthy,
    /// A status that Docker does not have, in the engine's spelling.
    Other(String),
}

impl Health {
    pub(crate) fn from_word(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "" | "none" => Self::None,
            "starting" => Self::Starting,
            "healthy" => Self::Healthy,
            "unhealthy" => Self::Unhealthy,
            _ => Self::Other(word.to_owned()),
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Starting => "starting",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::Other(word) if word.is_empty() => "unknown",
            Self::Other(word) => word,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_is_no_health_check() {
        for (word, health) in [
            ("", Health::None),
            ("none", Health::None),
            ("starting", Health::Starting),
            ("Healthy", Health::Healthy),
            ("unhealthy", Health::Unhealthy),
            ("Odd", Health::Other("Odd".into())),
        ] {
            assert_eq!(Health::from_word(word), health);
        }
    }
}
