//! The session's builder.

use std::sync::Arc;
use std::time::Duration;

use seatrial_core::SessionId;

use super::handle::{Inner, Session};
use super::notice;
use super::owner::Owner;
use super::reaper::Guard;
use crate::config::{Config, ReaperChoice, Setting, parent_process, session_id, unknown_variables};
use crate::engine::connect;
use crate::words::{Error, Result};

/// A description of a session; the environment supplies what is not set.
#[derive(Clone, Debug, Default)]
#[must_use = "a session is made by `build`"]
pub struct SessionBuilder {
    host: Option<String>,
    id: Option<String>,
    request_timeout: Option<Duration>,
    reaper: Option<ReaperChoice>,
}

impl SessionBuilder {
    /// Sets the engine's address: `unix:///run/docker.sock`, `tcp://host:2375`. Default: found by the environment.
    pub fn docker_host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// Sets the id. Default: taken from the environment, else derived from the test run.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets the limit for the engine's answer to one request. Default: `SEATRIAL_REQUEST_TIMEOUT`, else 30 s.
    ///
    /// The creation and the start of a container have at least 120 s each, or the session's startup timeout if that is
    /// longer, unless this is less than 30 s.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = Some(timeout);
        self
    }

    /// Sets what cleans up if this process is killed. Default: `SEATRIAL_REAPER`, else a sidecar.
    pub fn reaper(mut self, choice: ReaperChoice) -> Self {
        self.reaper = Some(choice);
        self
    }

    /// Finds the engine and makes the session.
    ///
    /// # Errors
    /// As [`Session::current`].
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing.
    pub async fn build(self) -> Result<Session> {
        let mut config = Config::from_env()?;
        if let Some(host) = &self.host {
            config.name_engine(host, "the session's builder")?;
        }
        if let Some(timeout) = self.request_timeout {
            config.request_timeout.value = timeout;
        }
        let id = match self.id {
            Some(id) => SessionId::new(id).map_err(|error| Error::invalid(error.to_string()))?,
            None => session_id(&config, parent_process).value,
        };
        let engine = connect(&config).await?;
        let choice = match self.reaper {
            Some(choice) => Setting::new(choice, "the session's builder"),
            None => config.reaper.choice.clone(),
        };
        let guard = Guard::new(choice, self.reaper.is_none() && !config.reaper.is_off_knowingly);
        tracing::debug!(session = %id, "a session begins");
        let owner = Owner::current().map(|owner| owner.to_string());
        let session = Session(Arc::new(Inner { id, engine, config, owner, guard }));
        for warning in unknown_variables() {
            notice::once(&session, &warning);
        }
        Ok(session)
    }
}
