//! The status of a container. Times, codes and the printed text are in `state.rs`.

use std::fmt;

use serde_json::Value;

/// A container's status, in the engine's terms.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ContainerStatus {
    /// Created and never started.
    Created,
    /// Its first process runs.
    Running,
    /// It runs, with its processes frozen.
    Paused,
    /// It has ended, and its restart policy is about to restart it.
    Restarting,
    /// It is being removed.
    Removing,
    /// It ran and has ended.
    Exited,
    /// Its removal failed part-way.
    Dead,
    /// A status that Docker does not have, in the engine's spelling.
    Other(String),
}

impl ContainerStatus {
    /// Reads the `State` object of an inspect, or the text that a list has in its place.
    ///
    /// The flags take precedence over the text: paused, then restarting, then running. A container without these flags
    /// is removing, then dead, and without any text exited or created, depending on whether it ever started.
    pub(crate) fn read(state: &Value, started: bool) -> Self {
        let word = state["Status"].as_str().or(state.as_str()).unwrap_or_default();
        let word = Self::from_word(word);
        // Podman does not set `Running` for a paused container.
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
            // There is no flag for this status.
            Self::Removing => word,
            _ if flag(state, "Dead") => Self::Dead,
            Self::Other(ref unknown) if unknown.is_empty() && state.is_object() => match started {
                true => Self::Exited,
                false => Self::Created,
            },
            word => word,
        }
    }

    /// Parses the words of Docker and Podman. An unknown word is kept.
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

    /// Returns `true` if its last run is over.
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

    /// S2: *pure*. The first flag that is set decides, in a fixed order.
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

    /// S1: *pure*. Status words of other engines are mapped or kept.
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
