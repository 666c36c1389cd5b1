//! Recognises by the text of an engine's error why a checkpoint or restore failed, and adds a hint.
//!
//! The text is the only source, since most of these errors have status 500.

use crate::words::{Error, Kind};

/// A known reason for a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    NotExperimental,
    NoSuchApi,
    NoCriu,
    CriuFails,
    HostNetwork,
    ForeignDirectory,
    Taken,
    Missing,
    NotRunning,
    NotLetGo,
}

/// Sets the error's kind and adds a hint, if the reason is known. `there` are the container's checkpoints.
pub(super) fn explain(error: Error, there: &[String]) -> Error {
    let Some(refusal) = Refusal::recognise(error.status().unwrap_or_default(), error.message()) else {
        return error;
    };
    error.with_kind(refusal.kind()).with_own_hint(refusal.hint(there))
}

/// Creates the error for a restore from a missing checkpoint.
pub(super) fn missing(checkpoint: &str, there: &[String]) -> Error {
    Error::new(Kind::NotFound, format!("there is no checkpoint `{checkpoint}`"))
        .with_phase("restore")
        .with_hint(there_are(there))
}

impl Refusal {
    fn recognise(status: u16, text: &str) -> Option<Self> {
        let text = text.to_lowercase();
        let has = |phrase: &str| text.contains(phrase);
        // The message of any failed runtime call contains the log's name, `criu-dump.log`, even if CRIU is not
        // involved.
        let criu = text.replace("criu-dump.log", "").replace("criu-work", "").contains("criu");
        if has("experimental") {
            Some(Self::NotExperimental)
        } else if (status == 404 && !has("no such container")) || status == 405 {
            Some(Self::NoSuchApi)
        } else if has("custom checkpointdir is not supported") {
            Some(Self::ForeignDirectory)
        } else if has("checkpoint ") && has(" does not exist for container ") {
            Some(Self::Missing)
        } else if has("checkpoint with name ") && has(" already exists") {
            Some(Self::Taken)
        } else if has(" not running") {
            Some(Self::NotRunning)
        } else if has("id already in use") {
            Some(Self::NotLetGo)
        } else if has("not supported when using hostinet") {
            Some(Self::HostNetwork)
        } else if criu && has("executable file not found") {
            Some(Self::NoCriu)
        } else if criu {
            Some(Self::CriuFails)
        } else {
            None
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::NotExperimental
            | Self::NoSuchApi
            | Self::NoCriu
            | Self::CriuFails
            | Self::HostNetwork
            | Self::ForeignDirectory => Kind::Unsupported,
            Self::Taken | Self::NotRunning | Self::NotLetGo => Kind::Conflict,
            Self::Missing => Kind::NotFound,
        }
    }

    fn hint(self, there: &[String]) -> String {
        match self {
            Self::NotExperimental => {
                "enable the engine's experimental mode: `\"experimental\": true` in its `daemon.json`".into()
            }
            Self::NoSuchApi => {
                "this engine does not support checkpoints; Docker does, in its experimental mode".into()
            }
            Self::NoCriu => {
                "CRIU is missing on the engine's machine, where `runc` needs it: install it there, \
                             or use gVisor's `runsc`"
                    .into()
            }
            Self::CriuFails => "CRIU failed; `criu check` on the engine's machine shows what its kernel \
                                lacks; gVisor's `runsc` needs no CRIU"
                .into(),
            Self::HostNetwork => {
                "gVisor can't checkpoint a container in the host's network: use a runtime without \
                                  `--network=host` in its arguments"
                    .into()
            }
            Self::ForeignDirectory => {
                "this engine restores only from its own directory: create the checkpoint without `dir`".into()
            }
            Self::Missing => there_are(there),
            Self::Taken => {
                format!("remove the existing checkpoint first, or choose another name; {}", there_are(there))
            }
            Self::NotRunning => {
                "only a running container can be checkpointed; `start` or `restore` it first".into()
            }
            Self::NotLetGo => {
                "the runtime still holds the container, which was checkpointed after a restore; older \
                               versions of `runsc` do this; create a new container"
                    .into()
            }
        }
    }
}

fn there_are(there: &[String]) -> String {
    if there.is_empty() {
        return "it has no checkpoints".to_owned();
    }
    format!("its checkpoints are `{}`", there.join("`, `"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C14: the reason of a refused checkpoint is recognised by the engine's text.
    #[test]
    fn each_engine_s_words_are_recognised() {
        let log = "path= /run/x/criu-dump.log: unknown";
        for (status, text, refusal) in [
            (501, "This experimental feature is disabled by default. Start the Docker daemon in experimental mode".into(), Refusal::NotExperimental),
            (400, "checkpoint is only supported in experimental mode".into(), Refusal::NotExperimental),
            (404, "page not found".into(), Refusal::NoSuchApi),
            (405, "Method Not Allowed".into(), Refusal::NoSuchApi),
            (500, format!("Cannot checkpoint container x: runc did not terminate successfully: exit status 1: CRIU version check failed: exec: \"criu\": executable file not found in $PATH {log}"), Refusal::NoCriu),
            (500, format!("Cannot checkpoint container x: runc did not terminate successfully: exit status 1: criu failed: type NOTIFY errno 0 {log}"), Refusal::CriuFails),
            (500, format!("checkpoint failed: checkpointing container \"0a\": checkpoint not supported when using hostinet {log}"), Refusal::HostNetwork),
            (403, "custom checkpointdir is not supported".into(), Refusal::ForeignDirectory),
            (500, "checkpoint zz does not exist for container /x".into(), Refusal::Missing),
            (500, "cannot checkpoint container x: checkpoint with name a already exists for container x".into(), Refusal::Taken),
            (500, "Container x not running".into(), Refusal::NotRunning),
            (500, "id already in use".into(), Refusal::NotLetGo),
        ] {
            assert_eq!(Refusal::recognise(status, &text), Some(refusal), "{status} {text}");
        }
    }

    #[test]
    fn other_words_are_not_taken_for_them() {
        for (status, text) in [
            (404, "No such container: x"),
            (
                500,
                "runsc did not terminate successfully: exit status 2: panic: x path= /run/x/criu-dump.log: unknown",
            ),
            (0, "the engine did not answer within 60 s"),
        ] {
            assert_eq!(Refusal::recognise(status, text), None, "{status} {text}");
        }
    }

    #[test]
    fn what_is_not_there_is_told_with_what_is() {
        let refused =
            || Error::new(Kind::Engine, "checkpoint zz does not exist for container /x").with_status(500);
        let error = explain(refused(), &["a1".to_owned(), "b2".to_owned()]);
        assert!(error.is_not_found(), "{error}");
        assert!(error.to_string().ends_with("hint: its checkpoints are `a1`, `b2`"), "{error}");
        assert!(explain(refused(), &[]).to_string().ends_with("hint: it has no checkpoints"));
    }
}
