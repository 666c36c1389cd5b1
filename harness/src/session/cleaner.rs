//! The cleaner: removes resources whose owner was dropped, and all that remain at the end of the process.
//!
//! Dropping an owner hands the resource over and returns: it neither waits for the engine nor panics, in any thread or
//! destructor. The removal runs on the background thread, ignores its caller's deadlines, and is retried until it
//! succeeds or its time is up.

use std::sync::{Condvar, Mutex, MutexGuard};

use once_cell::sync::Lazy;
use tokio::sync::oneshot;

use super::Session;
use super::estate::{Estate, Manner};
use super::exit;
use super::owned::Owned;
use super::register::{Announced, Item, Register, Removing};
use super::removal;
use super::thing::Thing;
use crate::base::background;
use crate::config::Keep;
use crate::words::{Error, Kind, Result};

static CLEANER: Lazy<Cleaner> = Lazy::new(|| {
    exit::at_exit(|| cleaner().drain(exit::DEADLINE));
    Cleaner { register: Mutex::default(), changed: Condvar::new() }
});

/// Returns the process's cleaner. The first call registers the hook for the end of the process.
pub(crate) fn cleaner() -> &'static Cleaner {
    &CLEANER
}

/// The owner of last resort of everything that this process creates.
pub(crate) struct Cleaner {
    /// Written by owners and by removals; a std lock, since it is never held across an await.
    register: Mutex<Register>,
    /// Notified when something leaves the register; the end of the process waits on it, without a runtime.
    pub(super) changed: Condvar,
}

impl Cleaner {
    /// Locks the register, briefly.
    pub(super) fn lock(&self) -> MutexGuard<'_, Register> {
        // Each critical section leaves the register consistent, so a panic in one is no reason to stop cleaning.
        self.register.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Announces a creation, and returns its key.
    ///
    /// # Errors
    /// Conflict, at the end of the process: a resource created now would be left behind.
    pub(super) fn announce(&self, label: String, session: Session) -> Result<u64> {
        let mut register = self.lock();
        if register.is_closing {
            return Err(Error::new(Kind::Conflict, "nothing is created any more: the process is ending"));
        }
        let key = register.new_key();
        register.creating.insert(key, Announced { label, session, listeners: Vec::new() });
        Ok(key)
    }

    /// Ends an announcement: the resource is owned by now, or was not created.
    pub(super) fn end_announcement(&self, key: u64) {
        let announced = self.lock().creating.remove(&key);
        self.changed.notify_all();
        for listener in announced.into_iter().flat_map(|announced| announced.listeners) {
            listener.send(()).ok();
        }
    }

    /// Takes a resource into ownership, with all that goes with it.
    ///
    /// `keep` says when it stays at the drop of its owner; the end of the process is such a drop.
    pub(crate) fn own(&self, session: Session, thing: Thing, keep: Keep, estate: impl Estate) -> Owned {
        let mut register = self.lock();
        let key = register.new_key();
        register.live.insert(key, Item { session, thing, keep, estate: Box::new(estate) });
        Owned::new(key, keep)
    }

    /// Starts the removal of a resource, and returns its result. Joins a removal that is under way; the sender is
    /// dropped if the resource is removed already, or kept.
    pub(super) fn remove(&self, key: u64, manner: Manner) -> oneshot::Receiver<Result<()>> {
        let (done, result) = oneshot::channel();
        self.begin_removal(key, manner, Some(done));
        result
    }

    /// Ends the ownership of a resource: it is kept, or its removal starts.
    pub(super) fn give_up(&self, key: u64, is_kept: bool) {
        if is_kept {
            self.keep(key);
        } else {
            self.begin_removal(key, Manner::Kill, None);
        }
    }

    /// Starts the removal of a resource, unless that is under way or over; sends its result to `done`.
    pub(super) fn begin_removal(&self, key: u64, manner: Manner, done: Option<oneshot::Sender<Result<()>>>) {
        let mut register = self.lock();
        if let Some(removing) = register.removing.get_mut(&key) {
            return removing.listeners.extend(done);
        }
        let Some(item) = register.live.remove(&key) else { return };
        let Item { session, thing, keep, .. } = &item;
        let (session, thing, keep) = (session.clone(), thing.clone(), *keep);
        let removing = Removing { session, thing, keep, listeners: done.into_iter().collect() };
        register.removing.insert(key, removing);
        drop(register);
        background()
            .carry_through(async move { cleaner().end_removal(key, removal::remove(item, manner).await) })
            .detach();
    }

    fn end_removal(&self, key: u64, result: Result<()>) {
        if let Err(error) = &result {
            tracing::error!("{error:?}");
        }
        let mut register = self.lock();
        let removing = register.removing.remove(&key);
        // With its sources, which have the engine's last answer: this may be the only place that shows them.
        register.failed.extend(result.as_ref().err().map(|error| format!("{error:?}")));
        drop(register);
        self.changed.notify_all();
        let mut listeners = removing.map(|removing| removing.listeners).unwrap_or_default();
        let last = listeners.pop();
        for listener in listeners {
            listener.send(result.as_ref().copied().map_err(Error::clone)).ok();
        }
        if let Some(last) = last {
            last.send(result).ok();
        }
    }

    /// Gives up a resource that stays, if it is owned still.
    pub(super) fn keep(&self, key: u64) {
        let mut register = self.lock();
        let Some(Item { session, thing, keep, estate }) = register.live.remove(&key) else { return };
        if thing.is_container() {
            register.kept.insert(thing.session().to_owned());
        }
        drop(register);
        // In any other mode it was labelled so that the reaper leaves it alone.
        let for_good = keep != Keep::Never || !session.has_reaper();
        estate.keep(&thing, for_good);
    }
}
