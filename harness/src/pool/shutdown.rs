//! The shutdown of a pool: the signal that it began, and the removals that it waits for.

use std::sync::{Mutex, MutexGuard};

use tokio::sync::watch;

use crate::words::{Error, Result};

/// The shutdown of a pool.
pub(super) struct Shutdown {
    closed: watch::Sender<bool>,
    /// The number of removals in progress.
    removals: watch::Sender<usize>,
    errors: Mutex<Vec<Error>>,
}

impl Shutdown {
    pub(super) fn new() -> Self {
        Self { closed: watch::Sender::new(false), removals: watch::Sender::new(0), errors: Mutex::default() }
    }

    /// Signals all work for the pool to stop.
    pub(super) fn signal(&self) {
        self.closed.send_replace(true);
    }

    /// Returns a future that ends when the pool is closed. It does not borrow from the shutdown.
    pub(super) fn signalled(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut closed = self.closed.subscribe();
        async move {
            // An error means that the pool itself is gone.
            closed.wait_for(|closed| *closed).await.ok();
        }
    }

    /// Counts a removal that begins.
    pub(super) fn removal_began(&self) {
        self.removals.send_modify(|count| *count += 1);
    }

    /// Counts a removal that ended, and keeps its error.
    pub(super) fn removal_ended(&self, outcome: Result<()>) {
        if let Err(error) = outcome {
            self.errors().push(error);
        }
        self.removals.send_modify(|count| *count -= 1);
    }

    /// Waits for all removals that have begun, and returns their errors since the last call.
    pub(super) async fn removals(&self) -> Vec<Error> {
        self.removals.subscribe().wait_for(|count| *count == 0).await.expect("the sender is in `self`");
        std::mem::take(&mut *self.errors())
    }

    fn errors(&self) -> MutexGuard<'_, Vec<Error>> {
        // Each critical section leaves the list whole.
        self.errors.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
