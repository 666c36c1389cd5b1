//! The container engine that the chores use: the one that is there, else a private one that we start and stop.

mod bridge;
mod daemon;
mod down;
mod processes;
mod state;
mod status;
mod storage;
mod up;

use std::process::Command;

use anyhow::{Result, anyhow};
use bollard::Docker;

use crate::locate::{self, Endpoint};

pub(crate) use down::down;
pub(crate) use status::status;
pub(crate) use up::up;

/// A container runtime that is not the engine's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Runtime {
    /// A kernel in user space, by its program `runsc`.
    Gvisor,
}

impl Runtime {
    /// The name by which a container asks the engine for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gvisor => "runsc",
        }
    }

    /// Has a child program run its containers with it.
    pub(crate) fn pass_on(self, command: &mut Command) {
        command.env("SEATRIAL_RUNTIME", self.name());
    }
}

/// An engine that answered.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) endpoint: Endpoint,
    pub(crate) docker: Docker,
}

impl Engine {
    /// Connects to an engine.
    ///
    /// # Errors
    /// If the address makes no sense or the engine does not say which version it speaks.
    pub(crate) async fn connect(endpoint: Endpoint) -> Result<Self> {
        let docker = locate::connect(&endpoint.url)
            .map_err(|reason| anyhow!("failed to connect to {}: {reason}", endpoint.source))?;
        let docker = docker.negotiate_version().await?;
        Ok(Self { endpoint, docker })
    }

    /// Lets a child program use this engine.
    pub(crate) fn pass_on(&self, command: &mut Command) {
        command.env("DOCKER_HOST", &self.endpoint.url);
    }

    /// The runtimes that containers can ask for, in order of their names.
    pub(crate) async fn runtimes(&self) -> Result<Vec<String>> {
        let mut names: Vec<String> =
            self.docker.info().await?.runtimes.unwrap_or_default().into_keys().collect();
        names.sort();
        Ok(names)
    }
}
