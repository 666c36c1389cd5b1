//! The log of the pool as a whole: waits, the wait queue's length, times of exclusive use, recycles, replacements.

use std::time::Duration;

use super::accounting::{ExclusiveWindow, QueueChange};
use super::newest::Newest;
use super::wait_log::{LongestWaits, WaitLog};
use super::waits::RequestKind;
use crate::event::Nanos;

/// The log of the pool as a whole.
#[derive(Clone, Debug)]
pub(crate) struct PoolLog {
    pub(crate) shared: WaitLog,
    pub(crate) exclusive: WaitLog,
    pub(crate) longest: LongestWaits,
    /// Begun and failed.
    pub(crate) recycles: (u64, u64),
    /// Begun and failed.
    pub(crate) replacements: (u64, u64),
    queue: Newest<QueueChange>,
    /// The queue's length as last logged: shared, exclusive.
    queue_length: (usize, usize),
    windows: Newest<ExclusiveWindow>,
    open_window: Option<ExclusiveWindow>,
}

impl PoolLog {
    /// Returns an empty log that keeps at most this many changes of the queue and times of exclusive use.
    pub(crate) fn new(history: usize) -> Self {
        Self {
            shared: WaitLog::new(),
            exclusive: WaitLog::new(),
            longest: LongestWaits::default(),
            recycles: (0, 0),
            replacements: (0, 0),
            queue: Newest::with_limit(history),
            queue_length: (0, 0),
            windows: Newest::with_limit(history),
            open_window: None,
        }
    }

    /// Writes that a request was granted; one for exclusive use opens a window.
    pub(crate) fn granted(&mut self, kind: RequestKind, asked: Nanos, now: Nanos, member: Option<usize>) {
        let log = if kind == RequestKind::Shared { &mut self.shared } else { &mut self.exclusive };
        log.granted(now - asked);
        if now > asked {
            self.longest.granted(kind, asked, now, member);
        }
        if kind != RequestKind::Shared {
            let [asked, from] = [asked, now].map(Duration::from_nanos);
            self.open_window = Some(ExclusiveWindow { kind, asked, from, to: None, member });
        }
    }

    /// Writes that the exclusive use ended, if there was one.
    pub(crate) fn end_window(&mut self, now: Nanos) {
        if let Some(window) = self.open_window.take() {
            self.windows.push(ExclusiveWindow { to: Some(Duration::from_nanos(now)), ..window });
        }
    }

    /// Writes the queue's length, if it changed.
    pub(crate) fn set_queue_length(&mut self, shared: usize, exclusive: usize, now: Nanos) {
        if self.queue_length == (shared, exclusive) {
            return;
        }
        self.queue_length = (shared, exclusive);
        let change = QueueChange { at: Duration::from_nanos(now), shared, exclusive };
        match self.queue.kept.back_mut() {
            // Of several changes at one moment, the last counts.
            Some(last) if last.at == change.at => *last = change,
            _ => self.queue.push(change),
        }
    }

    /// Returns the kept changes of the queue, and the number of forgotten ones.
    pub(crate) fn queue(&self) -> (Vec<QueueChange>, u64) {
        (self.queue.kept.iter().copied().collect(), self.queue.forgotten)
    }

    /// Returns the kept times of exclusive use with the current one, and the number of forgotten ones.
    pub(crate) fn windows(&self) -> (Vec<ExclusiveWindow>, u64) {
        (self.windows.kept.iter().chain(&self.open_window).cloned().collect(), self.windows.forgotten)
    }
}
