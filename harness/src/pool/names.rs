//! The names of a pool's containers.

use std::sync::atomic::{AtomicU64, Ordering};

/// The names of a pool's containers: `db-0` for the first one in slot 0, `db-0.1` for a replacement of it.
#[derive(Debug)]
pub(super) struct Names {
    /// The name of the test that made the pool; threads that run user code for the pool have it too.
    pub(super) test: String,
    /// The common beginning of the names; also the pool's name in messages.
    pub(super) base: String,
    replacements: AtomicU64,
}

impl Names {
    pub(super) fn new(test: String, base: String) -> Self {
        Self { test, base, replacements: AtomicU64::new(0) }
    }

    /// Returns the name of the first container in a slot.
    pub(super) fn first(&self, slot: usize) -> String {
        format!("{}-{slot}", self.base)
    }

    /// Returns a name for the next container in a slot; no container has had it.
    pub(super) fn next(&self, slot: usize) -> String {
        let number = self.replacements.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{}-{slot}.{number}", self.base)
    }

    /// Returns the pool's description in messages.
    pub(super) fn subject(&self) -> String {
        format!("pool `{}`", self.base)
    }
}
