//! The state that the connections and the main loop share.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use crate::desk::Desk;
use crate::lifecycle::{Answer, ConnectionId, Event, Lifecycle, Step};

/// The most bytes of unfinished lines, over all connections.
const MAX_UNFINISHED: usize = 4 << 20;
/// The most filters that are logged, each with a line of its own.
const MAX_LOGGED_FILTERS: usize = 10_000;

/// The life cycle, and the limits on what connections can use up.
#[derive(Debug)]
pub(crate) struct Hub {
    /// Changed by every task; never held across an await.
    lifecycle: Mutex<Lifecycle>,
    /// Notified when the next step may be due earlier than before.
    changed: Notify,
    max_connections: usize,
    /// Changed by the acceptor and by each connection; never held across an await.
    connections: Mutex<Connections>,
    /// The shared pools.
    pub(crate) desk: Desk,
    /// The number of bytes of unfinished lines. A mere counter, so no order with other data is needed.
    unfinished: AtomicUsize,
    /// The number of filters that were to be logged. A mere counter, as above.
    logged_filters: AtomicUsize,
}

#[derive(Debug, Default)]
struct Connections {
    open: usize,
    /// The connections that have sent no filter yet, and what tells each to close.
    silent: BTreeMap<ConnectionId, Arc<Notify>>,
}

/// The place of a filter in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FilterLog {
    /// A line of its own.
    Line,
    /// A line that says that further filters get none.
    LastLine,
    /// No line.
    Nothing,
}

impl Hub {
    pub(crate) fn new(lifecycle: Lifecycle, max_connections: usize) -> Self {
        Self {
            lifecycle: Mutex::new(lifecycle),
            changed: Notify::new(),
            max_connections,
            connections: Mutex::default(),
            desk: Desk::new(),
            unfinished: AtomicUsize::new(0),
            logged_filters: AtomicUsize::new(0),
        }
    }

    pub(crate) fn lifecycle(&self) -> MutexGuard<'_, Lifecycle> {
        self.lifecycle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a transition of the life cycle, and wakes the main loop if a step may be due earlier than before.
    ///
    /// A port scan wakes nobody: neither a new connection nor the end of one without filters makes anything due.
    pub(crate) fn apply(&self, event: Event) -> Answer {
        let is_arrival = matches!(event, Event::Connected(_) | Event::Filter(..));
        let answer = self.lifecycle().apply(event, Instant::now());
        if !is_arrival && answer != Answer::Unchanged {
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

    /// Makes room for a new connection, and returns what tells it to close. If there are too many connections, the
    /// oldest one without a filter is told to close. `None` if all connections are clients.
    pub(crate) fn open(&self, id: ConnectionId) -> Option<Arc<Notify>> {
        if self.connections().open >= self.max_connections && !self.evict() {
            return None;
        }
        let eviction = Arc::new(Notify::new());
        let mut connections = self.connections();
        connections.open += 1;
        connections.silent.insert(id, Arc::clone(&eviction));
        Some(eviction)
    }

    /// Tells the oldest connection without a filter to close. Returns `false` if there is none.
    pub(crate) fn evict(&self) -> bool {
        let oldest = self.connections().silent.pop_first();
        oldest.is_some_and(|(_, eviction)| {
            eviction.notify_one();
            true
        })
    }

    /// Marks a connection as a client's, which is never told to close.
    pub(crate) fn mark_client(&self, id: ConnectionId) {
        self.connections().silent.remove(&id);
    }

    /// Forgets a connection that has ended.
    pub(crate) fn close(&self, id: ConnectionId) {
        let mut connections = self.connections();
        connections.open -= 1;
        connections.silent.remove(&id);
    }

    /// Accounts for the size of a connection's unfinished line. Returns `false` if all unfinished lines together are
    /// too long.
    pub(crate) fn account_unfinished(&self, before: usize, now: usize) -> bool {
        let held = self.unfinished.fetch_add(now, Ordering::Relaxed) + now;
        let held = held - before;
        self.unfinished.fetch_sub(before, Ordering::Relaxed);
        now <= before || held <= MAX_UNFINISHED
    }

    /// Counts a filter that is to be logged, and returns if it gets a line: a flood of filters must not flood the log.
    pub(crate) fn count_filter(&self) -> FilterLog {
        match self.logged_filters.fetch_add(1, Ordering::Relaxed) {
            count if count < MAX_LOGGED_FILTERS => FilterLog::Line,
            MAX_LOGGED_FILTERS => FilterLog::LastLine,
            _ => FilterLog::Nothing,
        }
    }

    fn connections(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::lifecycle::Times;

    const MAX: usize = 3;

    fn hub() -> Hub {
        let second = Duration::from_secs(1);
        let times = Times { connection: second, reconnection: second, changes: second, shutdown: second };
        Hub::new(Lifecycle::new(times, Instant::now()), MAX)
    }

    #[test]
    fn the_oldest_connection_without_a_filter_makes_room_for_a_new_one() {
        let hub = hub();
        let count = MAX as ConnectionId;
        let evictions: Vec<_> = (0..count).map(|id| hub.open(id).expect("room")).collect();
        hub.mark_client(0);
        assert!(hub.open(count).is_some());
        // A notification is stored until it is waited for, so it can be looked at once.
        let is_told = |id: usize| {
            let mut told = std::pin::pin!(evictions[id].notified());
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            told.as_mut().poll(&mut context).is_ready()
        };
        assert_eq!([is_told(0), is_told(1), is_told(2)], [false, true, false]);
    }

    #[test]
    fn a_connection_is_refused_only_when_all_are_clients() {
        let hub = hub();
        let count = MAX as ConnectionId;
        for id in 0..count {
            assert!(hub.open(id).is_some());
            hub.mark_client(id);
        }
        assert!(hub.open(count).is_none());
        hub.close(1);
        assert!(hub.open(count).is_some());
    }

    #[test]
    fn a_flood_of_filters_gets_one_last_line() {
        let hub = hub();
        assert!((0..MAX_LOGGED_FILTERS).all(|_| hub.count_filter() == FilterLog::Line));
        assert_eq!([hub.count_filter(), hub.count_filter()], [FilterLog::LastLine, FilterLog::Nothing]);
    }
}
