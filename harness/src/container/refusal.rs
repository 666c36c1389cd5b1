//! Recognises by the text of an engine's error why a creation or start failed, and adds a hint.
//!
//! The text is the only source, since Docker and Podman use one status for many reasons.

use crate::engine::Engine;
use crate::words::{Error, Kind, Result};

/// A known reason for a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    NameTaken,
    UnknownRuntime,
    TooLittleMemory,
    PortTaken,
    UnknownNetwork,
}

/// Says that a container has ended, if it is not there any more after its start: it removed itself, or another program
/// has removed it.
pub(super) fn gone(error: Error, name: &str) -> Error {
    if !error.is_not_found() {
        return error;
    }
    let gone = Error::new(Kind::Exited, "it ended and was removed before it was ready");
    gone.with_subject(format!("container `{name}`")).with_source(error)
}

/// Adds a hint to the error if its reason is known.
pub(super) async fn explain(error: Error, engine: &Engine) -> Error {
    let one_of = |names: Result<Vec<String>>| names.map(|names| names.join("`, `")).unwrap_or_default();
    let Some(refusal) = Refusal::recognise(&error.to_string()) else { return error };
    error.with_hint(match refusal {
        Refusal::NameTaken => {
            "remove the container that has the name, or remove `name` from the request to generate one"
                .to_owned()
        }
        Refusal::UnknownRuntime => format!("the engine's runtimes are `{}`", one_of(engine.runtimes().await)),
        Refusal::TooLittleMemory => {
            "raise `memory`: it is in bytes, and the engine needs at least 6 MiB".to_owned()
        }
        Refusal::PortTaken => {
            "use `port` in place of `fixed` to let the engine choose the host's port".to_owned()
        }
        Refusal::UnknownNetwork => format!(
            "create it first, with `Network::create`; the engine's networks are `{}`",
            one_of(engine.network_names().await)
        ),
    })
}

impl Refusal {
    /// Matches phrases that contain a space, which no name does, so that a user's name is never taken for the engine's
    /// words.
    fn recognise(text: &str) -> Option<Self> {
        let text = text.to_lowercase();
        let has = |phrase: &str| text.contains(phrase);
        if has("container name ") && has(" is already in use") {
            Some(Self::NameTaken)
        } else if has("unknown runtime ")
            || has("invalid runtime name")
            || has("oci runtime \"") && has(" not found")
        {
            Some(Self::UnknownRuntime)
        } else if has("minimum memory limit") {
            Some(Self::TooLittleMemory)
        } else if has("port is already allocated") || has("address already in use") {
            Some(Self::PortTaken)
        } else if has("network ") && has(" not found") {
            Some(Self::UnknownNetwork)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_engine_s_words_are_recognised() {
        for (text, refusal) in [
            (
                r#"Conflict. The container name "/x" is already in use by container "0a". You have to remove"#,
                Refusal::NameTaken,
            ),
            (r#"the container name "x" is already in use by 0a. You have to remove"#, Refusal::NameTaken),
            ("Unknown runtime specified x", Refusal::UnknownRuntime),
            ("unknown or invalid runtime name: x", Refusal::UnknownRuntime),
            (r#"default OCI runtime "x" not found: invalid argument"#, Refusal::UnknownRuntime),
            ("Minimum memory limit allowed is 6MB", Refusal::TooLittleMemory),
            ("Bind for 127.0.0.1:1 failed: port is already allocated", Refusal::PortTaken),
            ("listen tcp4 127.0.0.1:1: bind: address already in use", Refusal::PortTaken),
            ("network x not found", Refusal::UnknownNetwork),
            ("unable to find network with name or ID x: network not found", Refusal::UnknownNetwork),
        ] {
            assert_eq!(Refusal::recognise(text), Some(refusal), "{text}");
        }
    }

    #[test]
    fn unknown_messages_are_not_recognised() {
        for text in [
            r#"OCI runtime create failed: runc create failed: exec: "x": executable file not found in $PATH: unknown"#,
            r#"crun: executable file "x" not found in $PATH: OCI runtime attempted to invoke a command that was not found"#,
            "container `unknown-runtime-network-not-found`: failed to start: no such container",
            "Minimum memoryswap limit should be larger than memory limit, see usage",
        ] {
            assert_eq!(Refusal::recognise(text), None, "{text}");
        }
    }
}
