//! The word for what a container's health check says. Waiting for it is elsewhere.

use std::fmt;

/// What a container's health check says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Health {
    /// There is no health check.
    #[default]
    None,
    /// It has not decided yet.
    Starting,
    /// It passes.
    Healthy,
    /// It fails.
    Unhealthy,
    /// A word that no version of Docker has, as the engine said it.
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
