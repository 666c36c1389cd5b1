//! One container on one engine: the subject of most calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::client::{Engine, What};
use super::feed::Signals;
use crate::words::ContainerId;

/// A container's identity on its engine; cheap to clone. The calls about one container are its methods.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) engine: Engine,
    /// The full id.
    pub(crate) id: ContainerId,
    /// The name, without a slash: for messages.
    pub(crate) name: String,
    /// `true` if the container has a terminal, so that its output is one stream without frames.
    pub(crate) tty: bool,
    /// `true` once the handle has started the container again. Written by the handle's restarts, read by readers that
    /// look for the beginning of a run; a flag of its own since the engine does not tell.
    ran_before: Arc<AtomicBool>,
}

impl Target {
    /// Makes the identity of a container without a terminal.
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

    /// Listens to the container's events. The first signal is [`Signal::Look`](super::Signal::Look).
    pub(crate) fn listen(&self) -> Signals {
        self.engine.signals(Some(self.id.to_string()))
    }

    /// Describes a call about the container, with the usual deadline.
    pub(super) fn what(&self, phase: &'static str) -> What {
        self.engine.what(phase, format!("container `{}`", self.name))
    }

    /// Describes a call about a path in the container, with the usual deadline.
    pub(super) fn what_of(&self, phase: &'static str, path: &str) -> What {
        self.engine.what(phase, format!("`{path}` in container `{}`", self.name))
    }
}
