//! The cleaner: removes what was owned once its owner is gone, and all that is left at the end of the process.
//!
//! Dropping an owner hands over and returns: it neither blocks on the engine nor panics, in whatever thread or
//! destructor it happens. The removal runs on the background thread, knows no caller's deadline, and is tried
//! again until it worked or its time is up.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use once_cell::sync::Lazy;
use tokio::sync::oneshot;

use super::exit;
use super::removal::{self, Thing};
use crate::archive::MountedFiles;
use crate::background::{Background, background};
use crate::engine::Engine;
use crate::error::{Error, Kind, Result};

/// How long the end of the process waits for removals that are under way.
pub(crate) const EXIT_DEADLINE: Duration = Duration::from_secs(10);

static CLEANER: Lazy<Cleaner> = Lazy::new(|| {
    exit::at_exit(|| cleaner().drain(EXIT_DEADLINE));
    Cleaner { state: Mutex::default(), changed: Condvar::new() }
});

/// The process's cleaner; the first call registers what happens at the end of the process.
pub(crate) fn cleaner() -> &'static Cleaner {
    &CLEANER
}

/// Knows everything that this process owns.
pub(crate) struct Cleaner {
    /// Written by owners and by removals, each for an instant; std's lock because no one awaits with it.
    state: Mutex<State>,
    /// Told whenever something left the state; the end of the process listens, without a runtime.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    next_key: u64,
    live: BTreeMap<u64, Item>,
    /// What is being created, and not yet owned.
    creating: usize,
    removing: BTreeMap<u64, Removing>,
    failed: Vec<String>,
    /// Set once, at the end of the process: from then on nothing is created.
    closing: bool,
}

/// One thing that is owned, and how to remove it.
pub(super) struct Item {
    pub(super) engine: Engine,
    pub(super) thing: Thing,
    /// Directories that are mounted into it: removed after it, never before.
    pub(super) mounted: Vec<MountedFiles>,
}

/// One removal that is under way, and who waits for its outcome.
struct Removing {
    thing: Thing,
    listeners: Vec<oneshot::Sender<Result<()>>>,
}

/// Ownership of one container, network or volume: dropping it removes the thing.
#[derive(Debug)]
#[must_use = "dropping this removes what it owns"]
pub(crate) struct Owned {
    key: u64,
}

/// Says that something is being created, so that the end of the process waits for it to be owned.
#[must_use = "creation is under way only while this lives"]
pub(crate) struct Creating(());

impl Cleaner {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Each critical section leaves the state whole, so a panic in one is no reason to stop cleaning.
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Announces a creation.
    ///
    /// # Errors
    /// At the end of the process: what came now would be left behind.
    pub(crate) fn creating(&self) -> Result<Creating> {
        let mut state = self.lock();
        if state.closing {
            return Err(Error::new(Kind::Conflict, "the process is ending, nothing more is created"));
        }
        state.creating += 1;
        Ok(Creating(()))
    }

    /// Takes a thing into ownership.
    pub(crate) fn own(&self, engine: Engine, thing: Thing) -> Owned {
        let mut state = self.lock();
        let key = state.next_key;
        state.next_key += 1;
        state.live.insert(key, Item { engine, thing, mounted: Vec::new() });
        Owned { key }
    }

    /// Starts the removal of a thing, unless it is under way or over; the outcome goes to the listener, who is
    /// dropped if it is over.
    fn release(&self, key: u64, listener: Option<oneshot::Sender<Result<()>>>) {
        let mut state = self.lock();
        if let Some(removing) = state.removing.get_mut(&key) {
            removing.listeners.extend(listener);
            return;
        }
        let Some(item) = state.live.remove(&key) else { return };
        let removing = Removing { thing: item.thing.clone(), listeners: listener.into_iter().collect() };
        state.removing.insert(key, removing);
        drop(state);
        background()
            .carry_through(async move {
                let outcome = removal::remove(item).await;
                cleaner().removed(key, outcome);
            })
            .detach();
    }

    fn removed(&self, key: u64, outcome: Result<()>) {
        let mut state = self.lock();
        let removing = state.removing.remove(&key);
        if let Err(error) = &outcome {
            tracing::error!("{error}");
            state.failed.push(error.to_string());
        }
        drop(state);
        self.changed.notify_all();
        let mut listeners = removing.map(|removing| removing.listeners).unwrap_or_default();
        let last = listeners.pop();
        for listener in listeners {
            listener.send(outcome.as_ref().copied().map_err(Error::duplicate)).ok();
        }
        if let Some(last) = last {
            last.send(outcome).ok();
        }
    }

    /// Removes everything that one session owns still, and waits, also for what is being removed already.
    pub(crate) async fn remove_all_of(&self, session: &str) -> Vec<Error> {
        let keys: Vec<u64> = {
            let state = self.lock();
            let live = state.live.iter().map(|(key, item)| (key, &item.thing));
            let removing = state.removing.iter().map(|(key, removing)| (key, &removing.thing));
            live.chain(removing)
                .filter(|(_, thing)| thing.session() == session)
                .map(|(key, _)| *key)
                .collect()
        };
        let waits: Vec<_> = keys
            .into_iter()
            .map(|key| {
                let (done, outcome) = oneshot::channel();
                self.release(key, Some(done));
                outcome
            })
            .collect();
        let mut errors = Vec::new();
        for wait in waits {
            // A sender is dropped if the removal was over by the time that we asked.
            if let Ok(Err(error)) = wait.await {
                errors.push(error);
            }
        }
        errors
    }

    /// Removes all that is left, whoever owns it, and waits until it is gone or the time is up.
    fn drain(&self, patience: Duration) {
        if Background::is_current() {
            return;
        }
        let deadline = Instant::now() + patience;
        let mut state = self.lock();
        state.closing = true;
        loop {
            if let Some(key) = state.live.keys().next().copied() {
                drop(state);
                self.release(key, None);
                state = self.lock();
                continue;
            }
            if state.removing.is_empty() && state.creating == 0 {
                break;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(|poisoned| poisoned.into_inner()).0;
        }
        report_leftovers(&state, patience);
    }
}

/// Says on stderr what could not be removed: this is the last chance to.
fn report_leftovers(state: &State, patience: Duration) {
    for Removing { thing, .. } in state.removing.values() {
        eprintln!(
            "seatrial: {thing} was not removed within {} s of the end of the process",
            patience.as_secs()
        );
    }
    for failure in &state.failed {
        eprintln!("seatrial: {failure}");
    }
}

impl Owned {
    /// Gives up ownership: nobody removes the thing any more.
    pub(crate) fn keep(self) {
        let item = cleaner().lock().live.remove(&self.key);
        for mounted in item.into_iter().flat_map(|item| item.mounted) {
            // A container that is kept needs its mounted files.
            mounted.keep();
        }
    }

    /// Has a directory removed after the thing that it is mounted into.
    pub(crate) fn add_mounted(&self, mounted: Vec<MountedFiles>) {
        if let Some(item) = cleaner().lock().live.get_mut(&self.key) {
            item.mounted.extend(mounted);
        }
    }

    /// Removes the thing and waits for it. Dropping the future lets the removal go on.
    pub(crate) async fn remove(self) -> Result<()> {
        let (done, outcome) = oneshot::channel();
        cleaner().release(self.key, Some(done));
        outcome.await.unwrap_or(Ok(()))
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        cleaner().release(self.key, None);
    }
}

impl Drop for Creating {
    fn drop(&mut self) {
        cleaner().lock().creating -= 1;
        cleaner().changed.notify_all();
    }
}
