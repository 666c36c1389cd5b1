//! Pauses between retries, which grow exponentially, with jitter.

use std::time::Duration;

use rand::RngExt;

/// The factor by which a pause is longer than the one before it.
const GROWTH: f64 = 1.6;
/// The most by which jitter shortens or lengthens a pause, as a part of it. So many clients of an engine that comes back
/// do not ask it at the same moment.
const JITTER: f64 = 0.2;

/// An endless series of pauses that grow from the first to the longest.
pub(crate) struct Backoff {
    /// The next pause, without jitter.
    next: Duration,
    longest: Duration,
}

impl Backoff {
    pub(crate) fn new(first: Duration, longest: Duration) -> Self {
        Self { next: first.min(longest), longest }
    }

    /// Creates the pauses before a request to an engine is retried that failed to answer or broke the connection off.
    pub(crate) fn for_engine() -> Self {
        Self::new(Duration::from_millis(50), Duration::from_secs(2))
    }

    /// Returns the next pause.
    pub(crate) fn next(&mut self) -> Duration {
        let pause = self.next;
        self.next = pause.mul_f64(GROWTH).min(self.longest);
        pause.mul_f64(rand::rng().random_range(1.0 - JITTER..=1.0 + JITTER))
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

    #[test]
    fn two_series_differ() {
        let pauses = || {
            let mut backoff = Backoff::for_engine();
            (0..5).map(|_| backoff.next()).collect::<Vec<_>>()
        };
        assert_ne!(pauses(), pauses());
    }
}
