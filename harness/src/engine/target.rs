//! A container on its engine: the target of most calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::client::{Engine, What};
use super::feed::Signals;
use crate::words::ContainerId;

/// A container's identity on its engine. It is cheap to clone. The calls for one container are its methods.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) engine: Engine,
    /// The full id.
    pub(crate) id: ContainerId,
    /// The name, without the engine's leading slash.
    pub(crate) name: String,
    /// `true` if the container has a terminal, so that its output is one unframed stream.
    pub(crate) tty: bool,
    /// Set once the handle has started the container again. Readers that look for the beginning of a run need it, and
    /// the engine does not report it.
    ran_before: Arc<AtomicBool>,
}

impl Target {
    /// Creates the identity of a container without a terminal.
    pub(crate) fn new(engine: Engine, id: ContainerId, name: impl Into<String>) -> Self {
        Self { engine, id, name: name.into(), tty: false, ran_before: Arc::default() }
    }

    /// Sets whether the container has a terminal. Default: none.
    pub(crate) fn with_tty(self, tty: bool) -> Self {
        Self { tty, ..self }
    }

    /// Returns `true` if the handle has started the container again.
    pub(crate) fn ran_before(&self) -> bool {
        self.ran_before.load(Ordering::Relaxed)
    }

    /// Records that the handle has started the container again.
    pub(crate) fn mark_ran_before(&self) {
        self.ran_before.store(true, Ordering::Relaxed);
    }

    /// Subscribes to the container's events. The first signal is [`Signal::Look`](super::Signal::Look).
    pub(crate) fn listen(&self) -> Signals {
        self.engine.signals(Some(self.id.to_string()))
    }

    /// Creates the description of a call for the container, with the default time limit.
    pub(super) fn what(&self, phase: &'static str) -> What {
        self.engine.what(phase, format!("container `{}`", self.name))
    }

    /// Creates the description of a call for a path in the container, with the default time limit.
    pub(super) fn what_of(&self, phase: &'static str, path: &str) -> What {
        self.engine.what(phase, format!("`{path}` in container `{}`", self.name))
    }
}
