//! A log that keeps its newest entries.

use std::collections::VecDeque;

/// The newest entries of a log, and the number of older ones that were dropped.
#[derive(Clone, Debug)]
pub(super) struct Newest<T> {
    limit: usize,
    pub(super) kept: VecDeque<T>,
    pub(super) forgotten: u64,
}

impl<T> Newest<T> {
    /// Returns an empty log that keeps at most this many entries.
    pub(super) fn with_limit(limit: usize) -> Self {
        Self { limit, kept: VecDeque::new(), forgotten: 0 }
    }

    /// Appends an entry; the oldest one is dropped if the log is full.
    pub(super) fn push(&mut self, entry: T) {
        if self.kept.len() >= self.limit {
            self.forgotten += 1;
            if self.kept.pop_front().is_none() {
                return;
            }
        }
        self.kept.push_back(entry);
    }
}
