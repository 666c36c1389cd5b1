//! What is known of a container's commands as a whole: the program that ends them, how many are not over, and whether one
//! could not be ended.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::watch;

use super::agent::Agent;
use super::case::Agents;

/// Shared by a container's handle and all of its commands.
#[derive(Debug, Default)]
pub(crate) struct Commands {
    pub(super) agent: Agent,
    /// Those that run cases.
    pub(super) cases: Agents,
    /// Why something may run in the container that should not. Written by endings that failed and by restarts, read
    /// by users; std's lock since no one awaits with it.
    poison: Mutex<Option<String>>,
    /// How many commands have begun and are neither over nor ended. Written by [`UnderWay`], awaited by pools, which
    /// give a container to nobody before.
    under_way: watch::Sender<usize>,
    /// How often all of the container's processes became new ones.
    epoch: AtomicU64,
}

/// A command that has begun, for as long as this lives.
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
    /// The container's main process is our program, in a volume.
    pub(in crate::container) fn are_by_main_process(&self) {
        self.agent.is_mounted();
        self.cases.are_by_main_process();
    }

    /// Marks the container; the first reason stays.
    pub(super) fn poison(&self, reason: String) {
        self.lock().get_or_insert(reason);
    }

    /// The reason, if the container was marked.
    pub(crate) fn poisoned(&self) -> Option<String> {
        self.lock().clone()
    }

    /// Whether all commands are over, those too that are ended in the background.
    pub(crate) fn are_over(&self) -> bool {
        *self.under_way.borrow() == 0
    }

    /// Waits until all commands are over.
    pub(crate) async fn over(&self) {
        self.under_way.subscribe().wait_for(|count| *count == 0).await.expect("the sender is in `self`");
    }

    /// Takes the mark off: the container's processes are all new.
    pub(crate) fn cure(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        *self.lock() = None;
    }

    /// How often all of the container's processes became new ones: what was known of them is of an epoch.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    fn lock(&self) -> MutexGuard<'_, Option<String>> {
        // Each critical section leaves the value whole.
        self.poison.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
