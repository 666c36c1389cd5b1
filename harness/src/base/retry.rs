//! Pauses between retries, which grow exponentially, with jitter. Nothing else names the `backoff` crate.

use std::time::Duration;

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff as _;

/// An endless series of pauses that grow from the first to the longest.
pub(crate) struct Backoff(ExponentialBackoff);

impl Backoff {
    pub(crate) fn new(first: Duration, longest: Duration) -> Self {
        Self(ExponentialBackoff {
            current_interval: first,
            initial_interval: first,
            max_interval: longest,
            multiplier: 1.6,
            randomization_factor: 0.2,
            // Without a limit, since the caller decides when to stop.
            max_elapsed_time: None,
            ..ExponentialBackoff::default()
        })
    }

    /// Creates the pauses before a request to an engine is retried that failed to answer or broke the connection off.
    pub(crate) fn for_engine() -> Self {
        Self::new(Duration::from_millis(50), Duration::from_secs(2))
    }

    /// Returns the next pause.
    pub(crate) fn next(&mut self) -> Duration {
        self.0.next_backoff().expect("without a limit there is always one more")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_longest_and_stay_there() {
        let mut backoff = Backoff::new(Duration::from_millis(10), Duration::from_millis(80));
        let pauses: Vec<_> = (0..20).map(|_| backoff.next()).collect();
        assert!(pauses[0] <= Duration::from_millis(12) && pauses[0] >= Duration::from_millis(8));
        assert!(
            pauses[10..].iter().all(|p| *p >= Duration::from_millis(64) && *p <= Duration::from_millis(96))
        );
    }
}
