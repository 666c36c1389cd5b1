//! The container runtimes that commands can ask for.

use std::process::Command;

/// A container runtime that is not the engine's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Runtime {
    /// gVisor, a kernel in user space; its program is `runsc`.
    Gvisor,
}

impl Runtime {
    /// Returns the name by which the engine knows it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gvisor => "runsc",
        }
    }

    /// Sets the variable that has a child program run its containers with it.
    pub(crate) fn pass_on(self, command: &mut Command) {
        command.env("SEATRIAL_RUNTIME", self.name());
    }
}
