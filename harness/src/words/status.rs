//! The word for what a container is doing. Times, codes and the text for people are for `state.rs`.

use std::fmt;

use serde_json::Value;

/// What a container is doing, in the engine's words.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ContainerStatus {
    /// It was created and never ran.
    Created,
    /// Its first process runs.
    Running,
    /// It runs and is frozen.
    Paused,
    /// It ended, and its restart policy is about to run it again.
    Restarting,
    /// It is being removed.
    Removing,
    /// It ran and ended.
    Exited,
    /// Its removal failed half-way.
    Dead,
    /// A word that no version of Docker has, as the engine said it.
    Other(String),
}

impl ContainerStatus {
    /// Reads the `State` of an inspect, or the word that a list has in its place.
    ///
    /// Running goes first, and in it paused before restarting; of what does not run, removing before dead, and what
    /// never started was only created.
    pub(crate) fn read(state: &Value, started: bool) -> Self {
        let word = state["Status"].as_str().or(state.as_str()).unwrap_or_default();
        let word = Self::from_word(word);
        // Podman does not call running what is paused.
        if flag(state, "Paused") {
            return Self::Paused;
        }
        if flag(state, "Restarting") {
            return Self::Restarting;
        }
        if flag(state, "Running") {
            return Self::Running;
        }
        match word {
            // There is no flag for it.
            Self::Removing => word,
            _ if flag(state, "Dead") => Self::Dead,
            Self::Other(ref unknown) if unknown.is_empty() && state.is_object() => match started {
                true => Self::Exited,
                false => Self::Created,
            },
            word => word,
        }
    }

    /// Docker's words, and Podman's for the same; what neither has is kept.
    pub(crate) fn from_word(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "created" | "configured" | "initialized" => Self::Created,
            "running" | "stopping" => Self::Running,
            "paused" => Self::Paused,
            "restarting" => Self::Restarting,
            "removing" => Self::Removing,
            "exited" | "stopped" => Self::Exited,
            "dead" => Self::Dead,
            _ => Self::Other(word.to_owned()),
        }
    }

    /// Whether its last run is over.
    pub(crate) fn has_ended(&self) -> bool {
        match self {
            Self::Restarting | Self::Exited | Self::Dead => true,
            Self::Created | Self::Running | Self::Paused | Self::Removing | Self::Other(_) => false,
        }
    }
}

fn flag(state: &Value, key: &str) -> bool {
    state[key].as_bool().unwrap_or_default()
}

impl fmt::Display for ContainerStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Restarting => "restarting",
            Self::Removing => "removing",
            Self::Exited => "exited",
            Self::Dead => "dead",
            Self::Other(word) if word.is_empty() => "unknown",
            Self::Other(word) => word,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// S2: *pure*.
    #[test]
    fn the_first_flag_in_order_decides() {
        let flags = ["Running", "Paused", "Restarting", "Dead"];
        for bits in 0_u8..1 << flags.len() {
            let [running, paused, restarting, dead] = [0, 1, 2, 3].map(|bit| bits >> bit & 1 == 1);
            for (removing, started) in [(false, false), (false, true), (true, false), (true, true)] {
                let mut state = json!({});
                for (flag, value) in flags.iter().zip([running, paused, restarting, dead]) {
                    state[*flag] = value.into();
                }
                if removing {
                    state["Status"] = "removing".into();
                }
                let expected = match () {
                    () if paused => ContainerStatus::Paused,
                    () if restarting => ContainerStatus::Restarting,
                    () if running => ContainerStatus::Running,
                    () if removing => ContainerStatus::Removing,
                    () if dead => ContainerStatus::Dead,
                    () if !started => ContainerStatus::Created,
                    () => ContainerStatus::Exited,
                };
                assert_eq!(ContainerStatus::read(&state, started), expected, "{state}");
            }
        }
    }

    /// S1: *pure*.
    #[test]
    fn words_of_other_engines_are_mapped_or_kept() {
        for (word, status) in [
            ("stopped", ContainerStatus::Exited),
            ("configured", ContainerStatus::Created),
            ("initialized", ContainerStatus::Created),
            ("stopping", ContainerStatus::Running),
            ("Running", ContainerStatus::Running),
            ("Frozen", ContainerStatus::Other("Frozen".into())),
        ] {
            assert_eq!(ContainerStatus::read(&json!({ "Status": word }), false), status);
            assert_eq!(ContainerStatus::read(&json!(word), false), status, "as in a list");
        }
    }
}
