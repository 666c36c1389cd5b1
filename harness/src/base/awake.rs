//! Time limits that do not count the time for which this process was stopped, by Ctrl-Z or a debugger for example.

use std::time::{Duration, Instant};

/// The length of one sleep; a stopped process is noticed by a sleep that took longer.
const STEP: Duration = Duration::from_secs(1);
/// The time by which a sleep may be late on a busy machine.
const LATE: Duration = Duration::from_secs(2);

/// Completes at a point in time, or later by the time for which the process was stopped meanwhile.
pub(crate) async fn deadline(mut limit: Instant) {
    loop {
        let began = Instant::now();
        let left = limit.saturating_duration_since(began);
        if left.is_zero() {
            return;
        }
        let step = left.min(STEP);
        crate::base::sleep(step).await;
        limit += stopped(step, began.elapsed());
    }
}

/// Returns the time for which the process was stopped while it slept.
pub(crate) fn stopped(planned: Duration, slept: Duration) -> Duration {
    let late = slept.saturating_sub(planned);
    if late > LATE { late } else { Duration::ZERO }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_that_took_far_too_long_means_that_the_process_was_stopped() {
        let second = Duration::from_secs(1);
        for (planned, slept, expected) in [
            (second, second, Duration::ZERO),
            (second, 3 * second, Duration::ZERO),
            (second, 60 * second, 59 * second),
            (second / 2, second / 4, Duration::ZERO),
        ] {
            assert_eq!(stopped(planned, slept), expected, "{planned:?} {slept:?}");
        }
    }
}
