//! A session: what one test run created and will clean up.

mod cleaner;
mod creating;
mod exit;
mod pull;
mod reaper;
mod removal;
mod sweep;

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use seatrial_core::{SessionId, labels};
use tokio::sync::OnceCell;

pub(crate) use cleaner::{Owned, Remover, cleaner, tell};
pub(crate) use creating::Creating;
pub use pull::Pull;
pub(crate) use removal::Thing;
pub use sweep::{Leftover, Sweep};

use crate::config::{Config, Keep, ReaperChoice, Setting, owner, parent_process, session_id};
use crate::engine::{Engine, connect};
use crate::words::{Error, Kind, Result};
use reaper::Guard;

static CURRENT: OnceCell<Session> = OnceCell::const_new();

/// What a test run shares: its engine, its id, and the labels that everything it creates carries. Cheap to clone.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    id: SessionId,
    engine: Engine,
    config: Config,
    owner: String,
    guard: Guard,
}

/// A session's handle that does not keep it.
#[derive(Clone)]
struct WeakSession(Weak<Inner>);

impl Session {
    /// The process's session, made at the first call: finds the engine and decides the id.
    ///
    /// # Errors
    /// Invalid, if a variable or the properties file holds something that can't be used; engine unreachable, with
    /// every candidate and its reason, if no engine answers. An error is not remembered: the next call tries again.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the session to the next caller.
    pub async fn current() -> Result<Self> {
        CURRENT.get_or_try_init(|| Self::builder().build()).await.cloned()
    }

    /// A session of its own, for example with another engine.
    pub fn builder() -> SessionBuilder {
        SessionBuilder::default()
    }

    /// The id, which the label `seatrial.session` of everything created holds.
    #[must_use]
    pub fn id(&self) -> &SessionId {
        &self.0.id
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// Removes everything that this process still owns in this session, waits, and reports all failures. What was
    /// dropped before and is being created or removed in the background is waited for, too.
    ///
    /// The containers go first, side by side, each with its own limits, then networks and volumes; what fails stops
    /// nothing else. A container whose request has a [`stop_timeout`](crate::ContainerRequest::stop_timeout) gets its
    /// stop signal and that time to end by itself; the others are killed.
    ///
    /// # Errors
    /// What could not be removed, each by name.
    ///
    /// # Cancel safety
    /// Dropping the future lets the removals go on.
    pub async fn close(self) -> Result<()> {
        let errors = cleaner().remove_all_of(self.0.id.as_str()).await;
        if errors.is_empty() {
            return Ok(());
        }
        let lines: Vec<_> = errors.iter().map(|error| format!("  {error}")).collect();
        Err(Error::new(
            Kind::Leftover,
            format!("{} of its things are left:\n{}", lines.len(), lines.join("\n")),
        )
        .with_subject(format!("session `{}`", self.0.id)))
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    /// The labels of what stays in this mode: what may outlive the session is none of the reaper's business.
    pub(crate) fn labels(&self, keep: Keep) -> Vec<(String, String)> {
        let mut labels = match keep {
            Keep::Never => labels::of_session(&self.0.id),
            Keep::Always | Keep::OnFailure => labels::of_kept(&self.0.id),
        };
        labels.push((labels::OWNER.to_owned(), self.0.owner.clone()));
        labels
    }

    /// Returns once what is created from now on goes with the session, however this process ends.
    async fn guarded(&self) -> Result<()> {
        self.0.guard.ready(self).await
    }

    /// Whether a reaper is meant to remove what stays.
    fn has_reaper(&self) -> bool {
        self.0.guard.is_wanted()
    }

    fn downgrade(&self) -> WeakSession {
        WeakSession(Arc::downgrade(&self.0))
    }
}

impl WeakSession {
    fn upgrade(&self) -> Option<Session> {
        self.0.upgrade().map(Session)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("id", &self.0.id)
            .field("engine", &self.0.engine)
            .finish_non_exhaustive()
    }
}

/// Describes a session; what is not set comes from the environment.
#[derive(Clone, Debug, Default)]
#[must_use = "a session is made by `build`"]
pub struct SessionBuilder {
    host: Option<String>,
    id: Option<String>,
    request_timeout: Option<Duration>,
    reaper: Option<ReaperChoice>,
}

impl SessionBuilder {
    /// Where the engine is: `unix:///run/docker.sock`, `tcp://host:2375`. Default: found by the environment.
    pub fn docker_host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// The id. Default: of the environment, else of the test run.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// How long the engine may take to answer one request. Default: `SEATRIAL_REQUEST_TIMEOUT`, else 30 s.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = Some(timeout);
        self
    }

    /// What cleans up if this process is killed. Default: `SEATRIAL_REAPER`, else a sidecar.
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
        let guard = Guard::new(choice, self.reaper.is_none());
        tracing::debug!(session = %id, "a session begins");
        let owner = owner();
        Ok(Session(Arc::new(Inner { id, engine, config, owner, guard })))
    }
}
