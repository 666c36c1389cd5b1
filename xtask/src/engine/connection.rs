//! A connection to the engine that the commands use.

use std::process::Command;

use anyhow::{Result, anyhow};
use bollard::Docker;

use crate::locate::{self, Endpoint};

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
    /// Fails if the address is invalid or the engine does not answer.
    pub(crate) async fn connect(endpoint: Endpoint) -> Result<Self> {
        let docker = locate::connect(&endpoint.url)
            .map_err(|reason| anyhow!("failed to connect to {}: {reason}", endpoint.source))?;
        let docker = docker.negotiate_version().await?;
        Ok(Self { endpoint, docker })
    }

    /// Sets the variable that has a child program use this engine.
    pub(crate) fn pass_on(&self, command: &mut Command) {
        command.env("DOCKER_HOST", &self.endpoint.url);
    }

    /// Returns the names of the engine's runtimes, sorted.
    ///
    /// # Errors
    /// Fails if the engine does not answer.
    pub(crate) async fn runtimes(&self) -> Result<Vec<String>> {
        let mut names: Vec<String> =
            self.docker.info().await?.runtimes.unwrap_or_default().into_keys().collect();
        names.sort();
        Ok(names)
    }
}
