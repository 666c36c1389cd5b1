//! Why an engine does not make or restore a checkpoint, recognised by its words, and what is missing.
//!
//! There is no other way: almost all of it comes with the status 500.

use crate::words::{Error, Kind};

/// A reason that is known.
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

/// Gives the error its kind and says what would be right, if the reason is known; `there` are the container's checkpoints.
pub(super) fn explain(error: Error, there: &[String]) -> Error {
    let Some(refusal) = Refusal::recognise(error.status().unwrap_or_default(), error.message()) else {
        return error;
    };
    error.with_kind(refusal.kind()).with_own_hint(refusal.hint(there))
}

/// The error of a restore from a checkpoint that is not there.
pub(super) fn missing(checkpoint: &str, there: &[String]) -> Error {
    Error::new(Kind::NotFound, format!("there is no checkpoint `{checkpoint}`"))
        .with_phase("restore")
        .with_hint(there_are(there))
}

impl Refusal {
    fn recognise(status: u16, text: &str) -> Option<Self> {
        let text = text.to_lowercase();
        let has = |phrase: &str| text.contains(phrase);
        // Every failure of a runtime names its log, `criu-dump.log`, whether or not it is about CRIU.
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
                "the engine's experimental mode is missing: `\"experimental\": true` in its `daemon.json`".into()
            }
            Self::NoSuchApi => "this engine has no checkpoints; Docker has, in its experimental mode".into(),
            Self::NoCriu => "CRIU is missing on the engine's machine, which `runc` needs for it: install it there, \
                             or use gVisor's `runsc`"
                .into(),
            Self::CriuFails => "CRIU could not do it; `criu check` on the engine's machine says what its kernel \
                                lacks; gVisor's `runsc` needs no CRIU"
                .into(),
            Self::HostNetwork => "gVisor can't checkpoint what uses the host's network: use a runtime without \
                                  `--network=host` in its arguments"
                .into(),
            Self::ForeignDirectory => {
                "this engine restores only from its own directory: leave `dir` out when the checkpoint is made"
                    .into()
            }
            Self::Missing => there_are(there),
            Self::Taken => format!("remove it first, or choose another name; {}", there_are(there)),
            Self::NotRunning => "only what runs can be checkpointed: `start` it, or `restore` it, first".into(),
            Self::NotLetGo => "the runtime did not let go of a container that was checkpointed after a restore, as \
                               older versions of `runsc` don't; begin with a new container"
                .into(),
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

    /// C14.
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
