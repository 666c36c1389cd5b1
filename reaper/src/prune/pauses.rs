//! The pauses between tries, which grow exponentially, with jitter. Nothing else names the `backoff` crate.

use std::time::Duration;

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff as _;

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);

/// An endless series of pauses.
pub(super) struct Pauses(ExponentialBackoff);

impl Pauses {
    pub(super) fn new() -> Self {
        Self(ExponentialBackoff {
            current_interval: FIRST,
            initial_interval: FIRST,
            max_interval: LONGEST,
            multiplier: 2.0,
            randomization_factor: 0.2,
            // Without a limit, since the caller decides when to stop.
            max_elapsed_time: None,
            ..ExponentialBackoff::default()
        })
    }

    /// Returns the next pause.
    pub(super) fn next(&mut self) -> Duration {
        self.0.next_backoff().unwrap_or(LONGEST)
    }

    /// Begins anew with the first pause.
    pub(super) fn reset(&mut self) {
        self.0.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_longest_and_begin_anew() {
        let mut pauses = Pauses::new();
        let is_about =
            |pause: Duration, about: Duration| pause >= about.mul_f64(0.79) && pause <= about.mul_f64(1.21);
        for about in [FIRST, FIRST * 2, FIRST * 4] {
            let pause = pauses.next();
            assert!(is_about(pause, about), "{pause:?} is not about {about:?}");
        }
        for _ in 0..10 {
            pauses.next();
        }
        assert!(is_about(pauses.next(), LONGEST));
        pauses.reset();
        assert!(is_about(pauses.next(), FIRST));
    }
}
