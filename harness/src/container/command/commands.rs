//! A container's commands as a whole: the agent that ends them, the number under way, and the mark of poison.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::watch;

use super::agent::Agent;
use super::case::Agents;

/// The commands of a container, shared by its handle and all of them.
#[derive(Debug, Default)]
pub(crate) struct Commands {
    pub(super) agent: Agent,
    /// The agents that run cases.
    pub(super) cases: Agents,
    /// The reason for which something may run in the container that should not. Written by endings that failed and by
    /// restarts, read by users; std's lock, since nothing is awaited with it.
    poison: Mutex<Option<String>>,
    /// The number of commands that have begun and are neither over nor ended. Written by [`UnderWay`], awaited by pools,
    /// which lease no container before.
    under_way: watch::Sender<usize>,
    /// The number of restarts of the container by its handle.
    epoch: AtomicU64,
}

/// A guard that counts a command as under way.
#[derive(Debug)]
pub(super) struct UnderWay(Arc<Commands>);

impl UnderWay {
    pub(super) fn new(commands: &Arc<Commands>) -> Self {
        commands.under_way.send_modify(|count| *count += 1);
        Self(commands.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.send_modify(|count| *count -= 1);
    }
}

impl Commands {
    /// Notes that the container's main process is the agent, from a mounted volume.
    pub(in crate::container) fn mark_agent_as_main_process(&self) {
        self.agent.mark_mounted();
        self.cases.mark_main_process();
    }

    /// Marks the container as poisoned; the first reason stays.
    pub(super) fn poison(&self, reason: String) {
        self.lock().get_or_insert(reason);
    }

    /// Returns the reason, if the container is poisoned.
    pub(crate) fn poisoned(&self) -> Option<String> {
        self.lock().clone()
    }

    /// Returns `true` if no command is under way, nor being ended in the background.
    pub(crate) fn are_over(&self) -> bool {
        *self.under_way.borrow() == 0
    }

    /// Waits until no command is under way.
    pub(crate) async fn over(&self) {
        self.under_way.subscribe().wait_for(|count| *count == 0).await.expect("the sender is in `self`");
    }

    /// Takes the mark off after a restart, which has ended all processes.
    pub(crate) fn cure(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        *self.lock() = None;
    }

    /// Returns the number of restarts: knowledge of processes holds for one epoch.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    fn lock(&self) -> MutexGuard<'_, Option<String>> {
        // Each critical section leaves the value whole.
        self.poison.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
