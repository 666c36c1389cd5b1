//! The cleaner: removes what was owned once its owner is gone, and all that is left at the end of the process.
//!
//! Dropping an owner hands over and returns: it neither blocks on the engine nor panics, in whatever thread or
//! destructor it happens. The removal runs on the background thread, knows no caller's deadline, and is tried
//! again until it worked or its time is up.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use once_cell::sync::Lazy;
use tokio::sync::oneshot;

use super::Session;
use super::exit;
use super::removal::{self, Thing};
use crate::archive::MountedFiles;
use crate::base::{Background, background};
use crate::config::Keep;
use crate::container::{ProgramVolume, kept_notice};
use crate::life::Course;
use crate::words::{Error, Kind, Result};

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
    /// What is being created and not yet owned.
    creating: BTreeMap<u64, Announced>,
    removing: BTreeMap<u64, Removing>,
    failed: Vec<String>,
    /// The sessions of which containers were kept.
    kept: BTreeSet<String>,
    /// Set once, at the end of the process: from then on nothing is created.
    closing: bool,
}

/// One thing that is owned, and how to remove it.
pub(super) struct Item {
    /// Held until it is gone: the reaper must not think that we are.
    pub(super) session: Session,
    pub(super) thing: Thing,
    /// Directories that are mounted into it: removed after it, never before.
    pub(super) mounted: Vec<MountedFiles>,
    /// The volume of our program that a container has: removed after it, once no other has it.
    pub(super) program: Option<Arc<ProgramVolume>>,
    /// What is meant to become of a container.
    pub(super) course: Option<Arc<Course>>,
    /// How long a container may take to stop by itself, if its request says so and the session is closed.
    pub(super) grace: Option<Duration>,
    /// Whether it is to stop by itself before it is removed.
    pub(super) stops_first: bool,
    /// Whether it stays when its owner is gone.
    pub(super) keep: Keep,
}

/// One creation that is under way, and who waits for its end.
struct Announced {
    /// What is created, in words.
    what: String,
    session: String,
    listeners: Vec<oneshot::Sender<()>>,
}

/// One removal that is under way, and who waits for its outcome.
struct Removing {
    thing: Thing,
    listeners: Vec<oneshot::Sender<Result<()>>>,
}

/// Ownership of one container, network or volume: dropping it removes the thing, unless it is to be kept.
#[derive(Debug)]
#[must_use = "dropping this removes what it owns"]
pub(crate) struct Owned {
    key: u64,
    keep: Keep,
}

/// The right to remove what somebody else owns: for those who lend it out.
#[derive(Clone, Debug)]
pub(crate) struct Remover {
    key: u64,
}

impl Cleaner {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Each critical section leaves the state whole, so a panic in one is no reason to stop cleaning.
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Announces a creation, and returns its key.
    ///
    /// # Errors
    /// At the end of the process: what came now would be left behind.
    pub(super) fn announce(&self, what: String, session: String) -> Result<u64> {
        let mut state = self.lock();
        if state.closing {
            return Err(Error::new(Kind::Conflict, "the process is ending, nothing more is created"));
        }
        let key = state.new_key();
        state.creating.insert(key, Announced { what, session, listeners: Vec::new() });
        Ok(key)
    }

    /// Ends an announcement: what it was about is owned, or was not created.
    pub(super) fn announced_came(&self, key: u64) {
        let announced = self.lock().creating.remove(&key);
        self.changed.notify_all();
        for listener in announced.into_iter().flat_map(|announced| announced.listeners) {
            listener.send(()).ok();
        }
    }

    /// Takes a thing into ownership.
    pub(crate) fn own(&self, session: Session, thing: Thing) -> Owned {
        let mut state = self.lock();
        let key = state.new_key();
        let keep = Keep::Never;
        let item = Item {
            session,
            thing,
            mounted: Vec::new(),
            program: None,
            course: None,
            grace: None,
            stops_first: false,
            keep,
        };
        state.live.insert(key, item);
        Owned { key, keep }
    }

    /// Starts the removal of a thing, unless it is under way or over; its outcome goes to `done`.
    fn release(&self, key: u64, done: Option<oneshot::Sender<Result<()>>>) {
        let mut state = self.lock();
        if let Some(removing) = state.removing.get_mut(&key) {
            return removing.listeners.extend(done);
        }
        let Some(item) = state.live.remove(&key) else { return };
        let removing = Removing { thing: item.thing.clone(), listeners: done.into_iter().collect() };
        state.removing.insert(key, removing);
        drop(state);
        background()
            .carry_through(async move { cleaner().removed(key, removal::remove(item).await) })
            .detach();
    }

    fn removed(&self, key: u64, outcome: Result<()>) {
        if let Err(error) = &outcome {
            tracing::error!("{error:?}");
        }
        let mut state = self.lock();
        let mut listeners =
            state.removing.remove(&key).map(|removing| removing.listeners).unwrap_or_default();
        // With its sources, which say what the engine's last word was: nobody else may get to see them.
        state.failed.extend(outcome.as_ref().err().map(|error| format!("{error:?}")));
        drop(state);
        self.changed.notify_all();
        let last = listeners.pop();
        for listener in listeners {
            listener.send(outcome.as_ref().copied().map_err(Error::clone)).ok();
        }
        if let Some(last) = last {
            last.send(outcome).ok();
        }
    }

    /// Removes everything that one session owns still, and waits for that and for what is being removed already: the
    /// containers side by side, each stopped first if its request says how long that may take; then what they used.
    pub(crate) async fn remove_all_of(&self, session: &str) -> Vec<Error> {
        for creation in self.creations_of(session) {
            // A sender that was dropped is as good: the creation is over.
            creation.await.ok();
        }
        let is_container = |thing: &Thing| matches!(thing, Thing::Container { .. });
        let mut errors = self.remove_each(self.keys_of(session, is_container)).await;
        errors.extend(self.remove_each(self.keys_of(session, |_| true)).await);
        errors
    }

    /// Removes things side by side; returns what went wrong.
    async fn remove_each(&self, keys: Vec<u64>) -> Vec<Error> {
        let gently = |key: u64| {
            if let Some(item) = self.lock().live.get_mut(&key) {
                item.stops_first = true;
            }
            self.release_and_wait(key)
        };
        let waits: Vec<_> = keys.into_iter().map(gently).collect();
        let mut errors = Vec::new();
        for wait in waits {
            // A sender that was dropped was that of a removal which was over before we asked.
            if let Ok(Err(error)) = wait.await {
                errors.push(error);
            }
        }
        errors
    }

    /// Tells, for each creation of a session that is under way, when it is over.
    fn creations_of(&self, session: &str) -> Vec<oneshot::Receiver<()>> {
        let mut state = self.lock();
        let announced = state.creating.values_mut().filter(|announced| announced.session == session);
        let wait = |announced: &mut Announced| {
            let (over, is_over) = oneshot::channel();
            announced.listeners.push(over);
            is_over
        };
        announced.map(wait).collect()
    }

    fn keys_of(&self, session: &str, is_one: impl Fn(&Thing) -> bool) -> Vec<u64> {
        let state = self.lock();
        let live = state.live.iter().map(|(key, item)| (key, &item.thing));
        let removing = state.removing.iter().map(|(key, removing)| (key, &removing.thing));
        let of_session = |thing: &Thing| thing.session() == session && is_one(thing);
        live.chain(removing).filter(|(_, thing)| of_session(thing)).map(|(key, _)| *key).collect()
    }

    fn release_and_wait(&self, key: u64) -> oneshot::Receiver<Result<()>> {
        let (done, outcome) = oneshot::channel();
        self.release(key, Some(done));
        outcome
    }

    /// Whether containers of a session were kept and no other ones of it are known: what is in use is in their use.
    pub(super) fn has_only_kept(&self, session: &str) -> bool {
        let state = self.lock();
        let things = state.live.values().map(|item| &item.thing);
        let mut things = things.chain(state.removing.values().map(|removing| &removing.thing));
        let is_other = |thing: &Thing| matches!(thing, Thing::Container { session: of, .. } if of == session);
        state.kept.contains(session) && !things.any(is_other)
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
                let keep = state.live[&key].keep;
                drop(state);
                // A drop, as it would have been.
                drop(Owned { key, keep });
                state = self.lock();
                continue;
            }
            if state.removing.is_empty() && state.creating.is_empty() {
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
    let end = format!("within {} s of the end of the process", patience.as_secs());
    for Announced { what, .. } in state.creating.values() {
        eprintln!("seatrial: {what} may be there: the engine did not answer its creation {end}");
    }
    for Removing { thing, .. } in state.removing.values() {
        eprintln!("seatrial: {thing} was not removed {end}");
    }
    for failure in &state.failed {
        eprintln!("seatrial: {failure}");
    }
}

/// Says something on stderr, whatever else is to be seen of a test: what `eprint` says is captured by a test runner,
/// which shows it of failed tests alone, and `eprint` panics where stderr is closed.
pub(crate) fn tell(text: &str) {
    io::stderr().write_all(text.as_bytes()).ok();
}

/// Forgets a thing that is to stay, if it is owned still.
fn keep(key: u64) {
    let mut state = cleaner().lock();
    let Some(item) = state.live.remove(&key) else { return };
    if let Thing::Container { session, .. } = &item.thing {
        state.kept.insert(session.clone());
    }
    drop(state);
    if let Thing::Container { id, name, .. } = &item.thing {
        // In any other mode it was labelled so that the reaper leaves it alone.
        let for_good = item.keep != Keep::Never || !item.session.has_reaper();
        tell(&kept_notice(name, id, for_good));
    }
    for mounted in item.mounted {
        // A container that is kept needs its mounted files.
        mounted.keep();
    }
}

impl State {
    fn new_key(&mut self) -> u64 {
        self.next_key += 1;
        self.next_key
    }
}

impl Owned {
    /// Gives up ownership: nobody removes the thing any more. Says on stderr where a container is.
    pub(crate) fn keep(self) {
        keep(self.key);
    }

    /// Says when the thing is to stay, at the end of the process, too. Default: never.
    pub(crate) fn keep_as(mut self, keep: Keep) -> Self {
        self.keep = keep;
        if let Some(item) = cleaner().lock().live.get_mut(&self.key) {
            item.keep = keep;
        }
        self
    }

    /// For somebody who must be able to remove the thing without having it.
    pub(crate) fn remover(&self) -> Remover {
        Remover { key: self.key }
    }

    /// When the thing is to stay.
    pub(crate) fn keeps(&self) -> Keep {
        self.keep
    }

    /// Gives up a thing that failed: it stays if failures are to be looked into.
    pub(crate) fn give_up_failed(self) {
        if self.keep.applies(true) {
            self.keep();
        }
    }

    /// Has a directory removed after the thing that it is mounted into.
    pub(crate) fn add_mounted(&self, mounted: Vec<MountedFiles>) {
        if let Some(item) = cleaner().lock().live.get_mut(&self.key) {
            item.mounted.extend(mounted);
        }
    }

    /// Has the volume of our program stay for as long as a container that has it.
    pub(crate) fn has_program(&self, program: Option<Arc<ProgramVolume>>) {
        if let Some(item) = cleaner().lock().live.get_mut(&self.key) {
            item.program = program;
        }
    }

    /// Whether the thing is owned still, and not being removed.
    pub(crate) fn is_live(&self) -> bool {
        cleaner().lock().live.contains_key(&self.key)
    }

    /// Says what goes with a container's end, and how long it may take when the session is closed.
    pub(crate) fn ends_with(&self, course: Arc<Course>, grace: Option<Duration>) {
        if let Some(item) = cleaner().lock().live.get_mut(&self.key) {
            (item.course, item.grace) = (Some(course), grace);
        }
    }

    /// Removes the thing and waits for it. Dropping the future lets the removal go on.
    pub(crate) async fn remove(self) -> Result<()> {
        cleaner().release_and_wait(self.key).await.unwrap_or(Ok(()))
    }
}

impl Remover {
    /// Removes the thing and waits for it; one that is gone, or was given up, is a success.
    pub(crate) async fn remove(self) -> Result<()> {
        cleaner().release_and_wait(self.key).await.unwrap_or(Ok(()))
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        if self.keep.applies(std::thread::panicking()) {
            keep(self.key);
        } else {
            cleaner().release(self.key, None);
        }
    }
}
