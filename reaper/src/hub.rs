//! What connections and the main loop share.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use crate::lifecycle::{Answer, Event, Lifecycle, Step};

/// The most connections at once.
const MAX_CONNECTIONS: usize = 4_096;
/// The most bytes of unfinished lines, over all connections.
const MAX_UNFINISHED: usize = 4 << 20;

/// The life cycle, and the limits on what strangers can take.
#[derive(Debug)]
pub(crate) struct Hub {
    /// Every task changes it; never held across an await.
    lifecycle: Mutex<Lifecycle>,
    /// Rung when the next step may have changed.
    changed: Notify,
    /// Connections that are open. Only counted, so no order with anything else is needed.
    connections: AtomicUsize,
    /// Bytes of unfinished lines that are held. Only counted, as above.
    unfinished: AtomicUsize,
}

impl Hub {
    pub(crate) fn new(lifecycle: Lifecycle) -> Self {
        Self {
            lifecycle: Mutex::new(lifecycle),
            changed: Notify::new(),
            connections: AtomicUsize::new(0),
            unfinished: AtomicUsize::new(0),
        }
    }

    pub(crate) fn lifecycle(&self) -> MutexGuard<'_, Lifecycle> {
        self.lifecycle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a transition. A filter alone never makes anything happen earlier, so the main loop may sleep on.
    pub(crate) fn apply(&self, event: Event) -> Answer {
        let rings = !matches!(event, Event::Filter(..));
        let answer = self.lifecycle().apply(event, Instant::now());
        if rings {
            self.changed.notify_one();
        }
        answer
    }

    pub(crate) fn step(&self) -> Step {
        self.lifecycle().step(Instant::now())
    }

    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Makes room for a connection, if there is any.
    pub(crate) fn open(&self) -> bool {
        let opened = self.connections.fetch_add(1, Ordering::Relaxed) < MAX_CONNECTIONS;
        if !opened {
            self.close();
        }
        opened
    }

    pub(crate) fn close(&self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }

    /// Accounts for a connection's unfinished line; false if all of them are too much.
    pub(crate) fn hold(&self, before: usize, now: usize) -> bool {
        let held = self.unfinished.fetch_add(now, Ordering::Relaxed) + now;
        let held = held - before;
        self.unfinished.fetch_sub(before, Ordering::Relaxed);
        now <= before || held <= MAX_UNFINISHED
    }
}
