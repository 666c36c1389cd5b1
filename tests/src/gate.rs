//! A gate that holds requests until the test lets them through: the means for deterministic interleavings.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

/// The longest time that a test waits for a request to reach a gate.
const REACHED_WITHIN: Duration = Duration::from_secs(60);

/// Holds what arrives at it until it is released; clones are the same gate.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// The number of requests that arrived. The relay writes, tests read; a channel, because either may be in any
    /// runtime.
    arrived: watch::Sender<usize>,
    /// `true` if the gate is open. Tests write, the relay reads.
    open: watch::Sender<bool>,
}

impl Gate {
    /// Makes a closed gate.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Inner { arrived: watch::Sender::new(0), open: watch::Sender::new(false) }))
    }

    /// Waits until a request is held here, or has been.
    ///
    /// # Panics
    /// If none arrives within a minute.
    pub async fn reached(&self) {
        self.reached_by(1).await;
    }

    /// Waits until so many requests have arrived.
    ///
    /// # Panics
    /// If they don't within a minute.
    pub async fn reached_by(&self, count: usize) {
        let mut arrived = self.0.arrived.subscribe();
        let waiting = tokio::time::timeout(REACHED_WITHIN, arrived.wait_for(|seen| *seen >= count));
        let seen = *self.0.arrived.borrow();
        assert!(waiting.await.is_ok(), "{count} requests should have reached the gate; at first {seen} had");
    }

    /// Waits as [`reached`](Self::reached) does, in a thread without a runtime.
    ///
    /// # Panics
    /// If none arrives within a minute, or inside a runtime.
    pub fn wait_reached(&self) {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime for the wait")
            .block_on(self.reached());
    }

    /// Returns how many requests have arrived, including those that were let through.
    #[must_use]
    pub fn arrived(&self) -> usize {
        *self.0.arrived.borrow()
    }

    /// Opens the gate for what is held and for what comes later.
    pub fn release(&self) {
        self.0.open.send_replace(true);
    }

    /// Arrives, for the relay, and goes on once the gate is open.
    pub(crate) async fn pass(&self) {
        self.0.arrived.send_modify(|count| *count += 1);
        let mut open = self.0.open.subscribe();
        // The sender lives as long as `self`, so that this can't fail.
        let _ = open.wait_for(|open| *open).await;
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_arrives_is_held_until_the_release() {
        let gate = Gate::new();
        let held = tokio::spawn({
            let gate = gate.clone();
            async move { gate.pass().await }
        });
        gate.reached().await;
        assert!(!held.is_finished());
        gate.release();
        held.await.expect("the gate opens");
        gate.pass().await;
        assert_eq!(gate.arrived(), 2);
    }
}
