//! The session's handle.

use std::fmt;
use std::sync::{Arc, Weak};

use seatrial_core::{SessionId, labels};
use tokio::sync::OnceCell;

use super::SessionBuilder;
use super::cleaner::cleaner;
use super::reaper::Guard;
use crate::config::{Config, Keep};
use crate::engine::Engine;
use crate::words::{Error, Kind, Result};

static CURRENT: OnceCell<Session> = OnceCell::const_new();

/// A test run's engine, id and configuration, and the labels of everything that the run creates. Cheap to clone.
#[derive(Clone)]
pub struct Session(pub(super) Arc<Inner>);

/// A handle that does not keep the session alive.
#[derive(Clone)]
pub(super) struct WeakSession(Weak<Inner>);

pub(super) struct Inner {
    pub(super) id: SessionId,
    pub(super) engine: Engine,
    pub(super) config: Config,
    /// The value of the label that names this process; `None` if the kernel does not tell enough.
    pub(super) owner: Option<String>,
    pub(super) guard: Guard,
}

impl Session {
    /// Returns the process's session; the first call makes it: finds the engine and decides the id.
    ///
    /// # Errors
    /// Invalid, if a variable or the properties file has a value that can't be used; engine unreachable, with every
    /// address tried and the reason, if no engine answers. An error is not remembered: the next call tries again.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the session to the next caller.
    pub async fn current() -> Result<Self> {
        CURRENT.get_or_try_init(|| Self::builder().build()).await.cloned()
    }

    /// Begins the description of a session of your own, for example with another engine.
    pub fn builder() -> SessionBuilder {
        SessionBuilder::default()
    }

    /// Returns the id, which is the value of the label `seatrial.session` on everything created.
    #[must_use]
    pub fn id(&self) -> &SessionId {
        &self.0.id
    }

    /// Returns the engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// Removes everything that this process still owns in this session, waits, and reports all failures. Waits for
    /// creations and removals in the background, too.
    ///
    /// Containers are removed first, side by side, then networks and volumes; a failure stops nothing else. A container
    /// whose request has a [`stop_timeout`](crate::ContainerRequest::stop_timeout) gets its stop signal and that time
    /// to end by itself; the others are killed.
    ///
    /// # Errors
    /// Leftover, with the name of each resource that could not be removed.
    ///
    /// # Cancel safety
    /// Dropping the future lets the removals go on.
    pub async fn close(self) -> Result<()> {
        let errors = cleaner().remove_all_of(self.0.id.as_str()).await;
        if errors.is_empty() {
            return Ok(());
        }
        let lines: Vec<_> = errors.iter().map(|error| format!("  {error}")).collect();
        let message = format!("{} resources could not be removed:\n{}", lines.len(), lines.join("\n"));
        Err(Error::new(Kind::Leftover, message).with_subject(format!("session `{}`", self.0.id)))
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    /// Returns the labels of a resource with this mode. A resource that may outlive the session lacks the label that
    /// reapers filter by.
    pub(crate) fn labels(&self, keep: Keep) -> Vec<(String, String)> {
        let mut labels = match keep {
            Keep::Never => labels::of_session(&self.0.id),
            Keep::Always | Keep::OnFailure => labels::of_kept(&self.0.id),
        };
        // A container would inherit the label of an image that was made from another one of ours.
        labels.push(self.0.guard.group(self).label());
        labels.push((labels::OWNER.to_owned(), self.0.owner.clone().unwrap_or_default()));
        labels
    }

    /// Returns once the reaper removes what is created from now on, however this process ends.
    pub(super) async fn guarded(&self) -> Result<()> {
        self.0.guard.ready(self).await
    }

    /// Returns the filter for the reaper of this process.
    pub(super) fn reaper_filter(&self) -> String {
        self.0.guard.group(self).filter(self.id())
    }

    /// Returns `true` if a reaper is linked, so that it removes what this process leaves.
    pub(super) fn is_guarded(&self) -> bool {
        self.0.guard.is_linked()
    }

    /// Returns `true` if the session is meant to have a reaper.
    pub(super) fn has_reaper(&self) -> bool {
        self.0.guard.is_wanted()
    }

    pub(super) fn downgrade(&self) -> WeakSession {
        WeakSession(Arc::downgrade(&self.0))
    }
}

impl WeakSession {
    pub(super) fn upgrade(&self) -> Option<Session> {
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
