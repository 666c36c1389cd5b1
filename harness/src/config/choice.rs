//! Settings whose value is one of a few words. Applying them is up to the code that reads them.

/// The containers that are kept when they are no longer needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Keep {
    /// All containers.
    Always,
    /// Containers whose start failed, and containers whose handle is dropped by a panicking thread.
    OnFailure,
    /// No container. The default.
    #[default]
    Never,
}

impl Keep {
    pub(crate) const EXPECTED: &str = "`always`, `on-failure` or `never`";

    /// Returns `true` if something is kept when its owner releases it. `failed` states whether its test or start
    /// failed.
    pub(crate) fn applies(self, failed: bool) -> bool {
        match self {
            Self::Always => true,
            Self::OnFailure => failed,
            Self::Never => false,
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "always" => Self::Always,
            "on-failure" => Self::OnFailure,
            "never" => Self::Never,
            _ => return None,
        })
    }
}

/// The condition for pulling an image before a container is created from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PullPolicy {
    /// Pull if the engine does not have the image. The default.
    #[default]
    Missing,
    /// Pull each time, so that a moved tag is noticed.
    Always,
    /// Never pull. An image that the engine does not have is an error.
    Never,
}

impl PullPolicy {
    pub(crate) const EXPECTED: &str = "`missing`, `always` or `never`";

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "missing" => Self::Missing,
            "always" => Self::Always,
            "never" => Self::Never,
            _ => return None,
        })
    }
}

/// The kind of reaper, which cleans up after a process that could not do so itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReaperChoice {
    /// A sidecar container next to the others. The default.
    #[default]
    Sidecar,
    /// A process on this machine, for engines where a sidecar can't run.
    Process,
    /// No reaper: everything that a killed process has created stays.
    Off,
}

impl ReaperChoice {
    pub(crate) const EXPECTED: &str = "`sidecar`, `process`, `off` or `off-knowingly`";
    /// The word for no reaper without the line that tells of it.
    pub(crate) const OFF_KNOWINGLY: &str = "off-knowingly";

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "sidecar" => Self::Sidecar,
            "process" => Self::Process,
            "off" | Self::OFF_KNOWINGLY => Self::Off,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C12: a container is kept as its `Keep` mode says.
    #[test]
    fn a_thing_stays_as_its_mode_says() {
        let table = [
            (Keep::Always, false, true),
            (Keep::Always, true, true),
            (Keep::OnFailure, false, false),
            (Keep::OnFailure, true, true),
            (Keep::Never, true, false),
        ];
        for (keep, failed, expected) in table {
            assert_eq!(keep.applies(failed), expected, "{keep:?}, failed: {failed}");
        }
    }

    /// Returns the words between the backticks of a message.
    fn offered(expected: &str) -> Vec<&str> {
        expected.split('`').skip(1).step_by(2).collect()
    }

    #[test]
    fn each_word_that_a_message_offers_is_a_choice() {
        assert!(offered(Keep::EXPECTED).iter().all(|word| Keep::parse(word).is_some()));
        assert!(offered(PullPolicy::EXPECTED).iter().all(|word| PullPolicy::parse(word).is_some()));
        assert!(offered(ReaperChoice::EXPECTED).iter().all(|word| ReaperChoice::parse(word).is_some()));
        assert_eq!(offered(Keep::EXPECTED), ["always", "on-failure", "never"]);
    }

    #[test]
    fn an_unknown_word_is_no_choice() {
        for word in ["", "Always", "on_failure", "yes"] {
            assert_eq!(Keep::parse(word), None);
            assert_eq!(PullPolicy::parse(word), None);
            assert_eq!(ReaperChoice::parse(word), None);
        }
    }
}
