//! The engine's container events: a single subscription that all listeners share. It exists while there are listeners.
//!
//! Everything runs on the background thread, so a listener joins and leaves between two events.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::client::Engine;
use super::event::ContainerEvent;
use super::json_values::JsonValues;
use super::streams::Bodies;
use crate::base::{Backoff, Run, background};
use crate::words::Error;

/// The time without an event after which the connection is replaced, since a dead connection may go unnoticed.
const SILENCE: Duration = Duration::from_secs(60);

/// A message to a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Events arrive from now on. The listener has to inspect the current state, since earlier events were missed.
    Look,
    Event(ContainerEvent),
    /// The subscription failed, for this reason. It is retried.
    Silence(String),
}

/// The subscription and its listeners.
#[derive(Default)]
pub(super) struct Feed(Mutex<Shared>);

#[derive(Default)]
struct Shared {
    /// The listeners by the container's full id. Those to all containers have the key `None`.
    listeners: HashMap<Option<String>, Vec<Listener>>,
    next_key: u64,
    /// `true` while the subscription is established.
    is_on: bool,
    /// The task that reads the events. It runs while there are listeners, and dropping it aborts it.
    reader: Option<Run<()>>,
}

struct Listener {
    key: u64,
    sender: mpsc::UnboundedSender<Signal>,
}

/// The signals about one container or about all. Dropping it ends the listening.
pub(crate) struct Signals {
    engine: Engine,
    of: Option<String>,
    key: u64,
    /// Unbounded, since the receiving tasks are our own and never wait for user code.
    receiver: mpsc::UnboundedReceiver<Signal>,
}

impl Signals {
    /// Receives the next signal.
    ///
    /// # Cancel safety
    /// Dropping the future loses no signal.
    pub(crate) async fn next(&mut self) -> Signal {
        match self.receiver.recv().await {
            Some(signal) => signal,
            // Unreachable: the feed keeps the sender while this value exists.
            None => std::future::pending().await,
        }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        // Dropped after the lock is released.
        let _reader = self.engine.0.feed.leave(&self.of, self.key);
    }
}

impl Engine {
    /// Subscribes to the events of all containers of the engine. The first signal is [`Signal::Look`].
    pub(crate) fn listen_to_all(&self) -> Signals {
        self.signals(None)
    }

    pub(super) fn signals(&self, of: Option<String>) -> Signals {
        let (sender, receiver) = mpsc::unbounded_channel();
        let key = self.0.feed.join(of.clone(), sender, || background().run(follow(self.clone())));
        Signals { engine: self.clone(), of, key, receiver }
    }
}

impl Feed {
    fn join(
        &self,
        of: Option<String>,
        sender: mpsc::UnboundedSender<Signal>,
        begin: impl FnOnce() -> Run<()>,
    ) -> u64 {
        let mut shared = self.lock();
        if shared.is_on {
            sender.send(Signal::Look).ok();
        }
        shared.next_key += 1;
        let key = shared.next_key;
        shared.listeners.entry(of).or_default().push(Listener { key, sender });
        shared.reader.get_or_insert_with(begin);
        key
    }

    /// Removes a listener. Returns the reader, for the caller to drop, if no listener is left.
    fn leave(&self, of: &Option<String>, key: u64) -> Option<Run<()>> {
        let mut shared = self.lock();
        if let Some(listeners) = shared.listeners.get_mut(of) {
            listeners.retain(|listener| listener.key != key);
            if listeners.is_empty() {
                shared.listeners.remove(of);
            }
        }
        if !shared.listeners.is_empty() {
            return None;
        }
        shared.is_on = false;
        shared.reader.take()
    }

    fn turned_on(&self) {
        let mut shared = self.lock();
        shared.is_on = true;
        shared.tell_all(&Signal::Look);
    }

    fn failed(&self, error: &Error) {
        tracing::debug!("{error}");
        self.lock().tell_all(&Signal::Silence(error.to_string()));
    }

    fn turned_off(&self) {
        self.lock().is_on = false;
    }

    fn tell(&self, event: &ContainerEvent) {
        let shared = self.lock();
        let signal = if event.at.is_some() { Signal::Event(event.clone()) } else { Signal::Look };
        for of in [Some(event.id.clone()), None] {
            for listener in shared.listeners.get(&of).into_iter().flatten() {
                listener.sender.send(signal.clone()).ok();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // Every critical section leaves the data consistent, so a poisoned lock can be used.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn tell_all(&self, signal: &Signal) {
        for listener in self.listeners.values().flatten() {
            listener.sender.send(signal.clone()).ok();
        }
    }
}

/// Reads the engine's events until it is aborted. After a broken connection it resumes after the last event.
async fn follow(engine: Engine) {
    let pauses = || Backoff::for_engine();
    let (mut pause, mut last) = (pauses(), None);
    loop {
        match engine.all_events(last).await {
            Ok(events) => {
                engine.0.feed.turned_on();
                if read(&engine.0.feed, events, &mut last).await {
                    pause = pauses();
                }
                engine.0.feed.turned_off();
            }
            Err(error) => engine.0.feed.failed(&error),
        }
        crate::base::sleep(pause.next()).await;
    }
}

/// Forwards events until the stream ends or stays silent for too long. Returns `true` if there was an event.
async fn read(feed: &Feed, mut events: Bodies, last: &mut Option<SystemTime>) -> bool {
    let (mut values, mut told) = (JsonValues::default(), false);
    while let Ok(Some(piece)) = crate::base::timeout(SILENCE, events.next()).await {
        match piece {
            Ok(piece) => values.push(&piece),
            Err(error) => {
                tracing::debug!("{error}");
                break;
            }
        }
        while let Some(value) = values.next() {
            let Some(event) = ContainerEvent::read(&value) else { continue };
            *last = event.at.max(*last);
            told = true;
            feed.tell(&event);
        }
    }
    told
}
